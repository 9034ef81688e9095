/* Crafted data.mdb files (RELIABILITY T18): LMDB sees only what the check let pass,
 * and what passes is refused by the seal or is the old content. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "store/lmdb/check.h"
#include "store/lmdb/kv_lmdb.h"
#include "support/store_bed.h"

enum { T = 0x40, PAGE = 4096, N_RECORDS = 400 };

struct image {
    uint8_t *p;
    size_t n, n_pages;
};

static char base_dir[128]; /* in memory where possible: thousands of files */

static void make_dir(void)
{
    (void)snprintf(base_dir, sizeof base_dir, "/dev/shm/cs-store-XXXXXX");
    if (mkdtemp(base_dir) == NULL) {
        bed_mkdir(base_dir);
    }
}

static enum cs_err try_open(struct cs_kv **kv, struct cs_why *why)
{
    struct cs_kv_lmdb_params p = {
        .dir = base_dir, .map_size = 4 << 20, .allow_any_fs = true};

    return cs_kv_lmdb_open(kv, &p, why);
}

static size_t value_len(uint32_t i)
{
    return i % 20 == 0 ? 9000 : 60 + i % 90;
}

static struct cs_span value_of(uint32_t i)
{
    static uint8_t v[9000];

    memset(v, (int)(i & 0xff), sizeof v);
    return CS_SPAN(v, value_len(i));
}

static struct image read_image(void)
{
    struct image im = {0};
    char path[256];
    struct stat st;
    int fd;

    bed_path(path, base_dir, "data.mdb");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    im.n = (size_t)st.st_size;
    im.p = cs_alloc(im.n);
    assert_int_equal(read(fd, im.p, im.n), st.st_size);
    assert_int_equal(close(fd), 0);
    for (size_t i = 0; i < im.n; i++) { /* without the reserved, empty end */
        im.n_pages = im.p[i] != 0 ? i / PAGE + 1 : im.n_pages;
    }
    return im;
}

static void write_image(const struct image *im, size_t n)
{
    char path[256];
    int fd;

    bed_path(path, base_dir, "data.mdb");
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, im->p, n), n);
    assert_int_equal(close(fd), 0);
}

/* A store with branches, long values and free pages. */
static struct image make_image(void)
{
    struct cs_kv *kv;
    struct image im;
    struct bed b;

    make_dir();
    assert_ok(try_open(&kv, NULL));
    b = bed_on(kv);
    for (uint32_t i = 0; i < N_RECORDS + 100; i++) {
        assert_ok(cs_safe_put(b.safe, T, CS_SPAN(&i, sizeof i), value_of(i)));
        if (i % 10 == 9) {
            bed_commit(&b);
        }
    }
    for (uint32_t i = N_RECORDS; i < N_RECORDS + 100; i++) {
        assert_ok(cs_safe_del(b.safe, T, CS_SPAN(&i, sizeof i)));
        if (i % 30 == 0) {
            bed_commit(&b);
        }
    }
    bed_commit(&b);
    bed_free(&b);
    im = read_image();
    return im;
}

static uint32_t rnd(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

/* ---- each refusal ------------------------------------------------------------- */

static uint16_t page_flags(const struct image *im, size_t pg)
{
    return (uint16_t)(im->p[pg * PAGE + 10] | im->p[pg * PAGE + 11] << 8);
}

/* A node of a tree's root page: the free list's root is a leaf whose data starts with
 * the count, the main tree's is a branch. */
static size_t place_in_root(const struct image *im, uint32_t *x)
{
    enum {
        FREE_ROOT = 16 + 24 + 40,
        MAIN_ROOT = FREE_ROOT + 48,
        TXNID = MAIN_ROOT + 16
    };
    size_t meta = im->p[TXNID] > im->p[PAGE + TXNID] ? 0 : PAGE; /* low byte will do */
    size_t root = meta + (rnd(x) % 2 ? FREE_ROOT : MAIN_ROOT);
    size_t at = im->p[root] * (size_t)PAGE, i = rnd(x) % 3;
    size_t node = at + (size_t)(im->p[at + 16 + 2 * i] | im->p[at + 17 + 2 * i] << 8);

    return node + 6 + rnd(x) % 20;
}

/* A byte that matters, in a page that is likely used. */
static size_t place(const struct image *im, uint32_t *x)
{
    size_t pg = rnd(x) % 10 == 0 ? rnd(x) % 2 : rnd(x) % im->n_pages;
    size_t at = pg * PAGE, lower;

    switch (rnd(x) % 5) {
    case 4:
        return place_in_root(im, x);
    case 0:
        return at + rnd(x) % 16; /* header */
    case 1:
        if (pg < 2) {
            return at + 16 + rnd(x) % 136; /* meta */
        }
        lower = (size_t)(im->p[at + 12] | im->p[at + 13] << 8);
        return at + (lower < PAGE && lower > 16 ? 16 + rnd(x) % (lower - 16) : 16);
    case 2:
        if (page_flags(im, pg) == 2 || page_flags(im, pg) == 1) { /* head of a node */
            size_t node = (size_t)(im->p[at + 16] | im->p[at + 17] << 8);

            return at + (node + rnd(x) % 10) % PAGE;
        }
        return at + 16 + rnd(x) % 32;
    default:
        return at + rnd(x) % PAGE;
    }
}

static uint8_t change(uint8_t old, uint32_t *x)
{
    switch (rnd(x) % 4) {
    case 0:
        return (uint8_t)(old ^ (1U << (rnd(x) % 8)));
    case 1:
        return (uint8_t)(old + 1);
    case 2:
        return (uint8_t)(old - 2);
    default:
        return (uint8_t)rnd(x);
    }
}

static const char *const reasons[] = {
    "a meta page is not one",
    "another LMDB version",
    "impossible page size",
    "impossible fields",
    "a page number is out of range",
    "a page is used twice",
    "a node lies outside its page",
    "a node runs out of its page or over another",
    "a page has gaps",
    "a page is not what its place asks for",
    "a page has impossible bounds",
    "keys are out of order",
    "a long value is damaged",
    "a list of free pages is longer than its record",
    "a list of free pages is out of order",
    "of a kind that is never written here",
    "branch keys are out of order",
    "a leaf's keys do not fit its branch",
    "counters are wrong",
};

static void note(bool seen[CS_COUNTOF(reasons)], const char *text)
{
    for (size_t i = 0; i < CS_COUNTOF(reasons); i++) {
        seen[i] = seen[i] || strstr(text, reasons[i]) != NULL;
    }
}

static int memory_file(const struct image *im)
{
    int fd = memfd_create("image", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, im->p, im->n), im->n);
    return fd;
}

static void poke(int fd, size_t at, const uint8_t *bytes, size_t n)
{
    assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
}

static void every_refusal_happens(void **state)
{
    struct image im = make_image();
    bool seen[CS_COUNTOF(reasons)] = {false};
    int fd = memory_file(&im);
    uint32_t x = 11;

    (void)state;
    for (int i = 0; i < 6000; i++) {
        size_t at = place(&im, &x);
        uint8_t bad = change(im.p[at], &x);
        struct cs_why why = {{0}};
        enum cs_err err;

        poke(fd, at, &bad, 1);
        err = cs_lmdb_check_fd(fd, &why);
        assert_true(err == CS_OK || err == CS_ERR_STORE_CORRUPT ||
                    err == CS_ERR_STORE_VERSION);
        assert_true(err == CS_OK || bad != im.p[at]);
        note(seen, why.text);
        poke(fd, at, &im.p[at], 1);
    }
    assert_ok(cs_lmdb_check_fd(fd, NULL));
    for (size_t i = 0; i < CS_COUNTOF(reasons); i++) {
        if (!seen[i]) {
            fail_msg("no change led to: %s", reasons[i]);
        }
    }
    assert_int_equal(close(fd), 0);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

static void a_cut_file_is_refused(void **state)
{
    struct image im = make_image();
    struct cs_why why = {{0}};
    struct cs_kv *kv;
    unsigned n = 0;

    (void)state;
    for (size_t pg = im.n_pages - 1; pg > 0; pg -= pg > 7 ? 7 : 1) {
        write_image(&im, pg * PAGE);
        if (try_open(&kv, &why) == CS_OK) { /* only free pages were cut off */
            struct bed b = bed_on(kv);

            assert_int_equal(cs_safe_count(b.safe), N_RECORDS);
            bed_free(&b);
        } else {
            assert_says(why, "behind the end of the file");
            n++;
        }
    }
    assert_true(n > 3);
    write_image(&im, 100);
    assert_err(try_open(&kv, &why), CS_ERR_STORE_CORRUPT);
    write_image(&im, im.n);
    assert_ok(try_open(&kv, &why));
    cs_kv_close(kv);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

static bool refused_as(int fd, const char *reason)
{
    struct cs_why why = {{0}};

    return cs_lmdb_check_fd(fd, &why) == CS_ERR_STORE_CORRUPT &&
           strstr(why.text, reason) != NULL;
}

static void
an_empty_page_a_keyless_record_and_a_too_long_value_are_refused(void **state)
{
    struct image im = make_image();
    uint8_t none[4] = {16, 0, 0, 16}; /* lower 16, upper 4096 */
    int fd = memory_file(&im);
    unsigned empty = 0, too_long = 0, keyless = 0;

    (void)state;
    for (size_t pg = 2; pg < im.n_pages; pg++) {
        size_t at = pg * PAGE;
        size_t node = at + (size_t)(im.p[at + 16] | im.p[at + 17] << 8);

        if (page_flags(&im, pg) != 2 && page_flags(&im, pg) != 1) {
            continue;
        }
        poke(fd, at + 12, none, 4);
        empty += refused_as(fd, "a page is empty") ? 1 : 0;
        poke(fd, at + 12, im.p + at + 12, 4);
        if (page_flags(&im, pg) == 2 && im.p[node + 4] == 0) { /* key becomes data */
            uint8_t data = (uint8_t)(im.p[node] + im.p[node + 6]), zero = 0;

            poke(fd, node, &data, 1);
            poke(fd, node + 6, &zero, 1);
            keyless += refused_as(fd, "a key has an impossible length") ? 1 : 0;
            poke(fd, node, im.p + node, 8);
        }
        if (node + 8 < at + PAGE &&
            im.p[node + 4] == 1) { /* a long value: 1 MiB more */
            uint8_t high = 16;

            poke(fd, node + 2, &high, 1);
            too_long += refused_as(fd, "a value is too long") ? 1 : 0;
            poke(fd, node + 2, im.p + node + 2, 1);
        }
    }
    assert_true(empty > 0);
    assert_true(too_long > 0);
    assert_true(keyless > 0);
    assert_int_equal(close(fd), 0);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

static void meta_pages_that_do_not_agree_are_refused(void **state)
{
    enum { TXNID = 16 + 24 + 96 + 8, PAGE_SIZE_HIGH = 16 + 24 + 1 };
    struct image im = make_image();
    int fd = memory_file(&im);
    uint8_t eight_k = 0x20, newest = 0, bad;

    (void)state;
    poke(fd, PAGE + PAGE_SIZE_HIGH, &eight_k, 1);
    assert_true(refused_as(fd, "the meta pages do not agree"));
    poke(fd, PAGE + PAGE_SIZE_HIGH, im.p + PAGE + PAGE_SIZE_HIGH, 1);
    for (size_t pg = 0; pg < 2; pg++) { /* the newest one's number has its parity */
        bad = (uint8_t)(im.p[pg * PAGE + TXNID] ^ 1);
        poke(fd, pg * PAGE + TXNID, &bad, 1);
        newest = (uint8_t)(newest + refused_as(fd, "the meta pages do not agree"));
        poke(fd, pg * PAGE + TXNID, &im.p[pg * PAGE + TXNID], 1);
    }
    assert_in_range(newest, 1, 2);
    assert_int_equal(close(fd), 0);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

enum { META_MAIN = 16 + 24 + 48, META_TXNID = 16 + 24 + 96 + 8 };

static size_t newest_meta(const struct image *im)
{
    return im->p[META_TXNID] > im->p[PAGE + META_TXNID] ? 0
                                                        : PAGE; /* low byte will do */
}

/* The separator between the root's first two children, moved up and down. */
static void leaves_beyond_either_side_of_their_branch_are_refused(void **state)
{
    struct image im = make_image();
    int fd = memory_file(&im);
    size_t root = im.p[newest_meta(&im) + META_MAIN + 40] * (size_t)PAGE;
    size_t node = root + (size_t)(im.p[root + 18] | im.p[root + 19] << 8);
    size_t last = node + 8 + im.p[node + 6] - 1U;
    uint8_t up = (uint8_t)(im.p[last] + 1), zeros[2] = {0};

    (void)state;
    assert_int_equal(page_flags(&im, root / PAGE), 1);
    assert_int_not_equal(up, 0);
    poke(fd, last, &up, 1); /* above the first key to its right */
    assert_true(refused_as(fd, "a leaf's keys do not fit its branch"));
    poke(fd, last, im.p + last, 1);
    poke(fd, node + 8 + 1, zeros, 2); /* below the last key to its left */
    assert_true(refused_as(fd, "a leaf's keys do not fit its branch"));
    poke(fd, node + 8 + 1, im.p + node + 8 + 1, 2);
    assert_ok(cs_lmdb_check_fd(fd, NULL));
    assert_int_equal(close(fd), 0);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

/* A long value that says it has fewer pages than its bytes need, with the counter made
 * to fit: the rest would lie in pages of others. */
static void a_long_value_with_too_few_pages_is_refused(void **state)
{
    struct image im = make_image();
    int fd = memory_file(&im);
    size_t counter = newest_meta(&im) + META_MAIN + 24;
    uint8_t fewer = (uint8_t)(im.p[counter] - 1), two = 2;
    unsigned n = 0;

    (void)state;
    poke(fd, counter, &fewer, 1);
    for (size_t pg = 2; pg < im.n_pages; pg++) {
        if (page_flags(&im, pg) == 4 && im.p[pg * PAGE + 12] == 3) {
            poke(fd, pg * PAGE + 12, &two, 1);
            n += refused_as(fd, "a long value is damaged") ? 1 : 0;
            poke(fd, pg * PAGE + 12, im.p + pg * PAGE + 12, 1);
        }
    }
    assert_true(n > 0);
    assert_int_equal(close(fd), 0);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

static void every_counter_of_both_trees_is_held_against_the_pages(void **state)
{
    enum { META_FREE = META_MAIN - 48 };
    static const size_t trees[] = {META_FREE, META_MAIN};
    struct image im = make_image();
    int fd = memory_file(&im);

    (void)state;
    for (size_t i = 0; i < 2 * 4; i++) { /* branch, leaf, overflow, entries */
        size_t at = newest_meta(&im) + trees[i % 2] + 8 + i / 2 * 8;
        uint8_t more = (uint8_t)(im.p[at] + 1);

        poke(fd, at, &more, 1);
        assert_true(refused_as(fd, "a tree's counters are wrong"));
        poke(fd, at, im.p + at, 1);
    }
    assert_int_equal(close(fd), 0);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

/* The file ends inside a long value: LMDB would read behind its end, a SIGBUS. */
static void a_file_cut_inside_a_long_value_is_refused(void **state)
{
    static const uint8_t zeros[30000];
    struct cs_kv_batch *b = cs_kv_batch_new();
    struct image im;
    struct cs_kv *kv;
    unsigned n = 0;

    (void)state;
    make_dir();
    assert_ok(try_open(&kv, NULL));
    assert_ok(cs_kv_batch_put(b, T, S("k"), CS_SPAN_OF(zeros)));
    assert_ok(kv->ops->commit(kv, b));
    cs_kv_batch_free(b);
    cs_kv_close(kv);
    im = read_image();
    for (size_t pg = 2; pg < im.n_pages + 8; pg++) {
        int fd = memory_file(&im);

        assert_int_equal(ftruncate(fd, (off_t)(pg * PAGE)), 0);
        n += refused_as(fd, "a long value is damaged") ? 1 : 0;
        assert_int_equal(close(fd), 0);
    }
    assert_true(n >= 3);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

static void a_file_that_was_never_finished_is_new_unless_it_holds_a_byte(void **state)
{
    static uint8_t zeros[2 * PAGE];
    struct image im = {zeros, sizeof zeros, 2};
    struct cs_why why = {{0}};
    struct cs_kv *kv;

    (void)state;
    make_dir();
    zeros[5000] = 1;
    write_image(&im, im.n);
    assert_err(try_open(&kv, &why), CS_ERR_STORE_CORRUPT);
    zeros[5000] = 0;
    write_image(&im, im.n);
    assert_ok(try_open(&kv, &why));
    cs_kv_close(kv);
    bed_rmdir(base_dir);
}

static void something_that_is_no_regular_file_is_refused(void **state)
{
    struct cs_why why = {{0}};
    char path[256];
    struct cs_kv *kv;

    (void)state;
    make_dir();
    bed_path(path, base_dir, "data.mdb");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_err(try_open(&kv, &why), CS_ERR_STORE_CORRUPT);
    assert_says(why, "not a regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_err(try_open(&kv, &why), CS_ERR_STORE_IO);
    bed_rmdir(base_dir);
}

/* ---- what passes -------------------------------------------------------------- */

/* Opens, reads and writes; true when it opened.  A wrong value fails the test. */
static bool live_with(struct cs_kv *kv)
{
    struct cs_safe_params p = bed_params();
    struct cs_db *db = cs_db_new(kv);
    struct cs_kv_batch *batch = NULL;
    struct cs_safe *s;
    bool opened = cs_safe_open(&s, db, &p, NULL) == CS_OK;

    for (uint32_t i = 0; opened && i < N_RECORDS; i += 7) {
        struct cs_wr w = {0};
        enum cs_err err = cs_safe_get(s, T, CS_SPAN(&i, sizeof i), &w);

        assert_true(err == CS_ERR_STORE_CORRUPT ||
                    (err == CS_OK && span_is(cs_wr_get(&w), value_of(i))));
        cs_wr_free(&w);
    }
    for (uint32_t i = 0; opened && i < 60; i++) {
        uint32_t j = i * 5;

        (void)!cs_safe_put(s, T, CS_SPAN(&i, sizeof i), value_of(i + 1));
        (void)!cs_safe_del(s, T, CS_SPAN(&j, sizeof j));
    }
    if (opened && cs_safe_take_batch(s, &batch) == CS_OK) {
        (void)!kv->ops->commit(kv, batch);
    }
    cs_kv_batch_free(batch);
    cs_safe_free(s);
    cs_db_free(db);
    return opened;
}

struct outcome {
    unsigned refused, sealed, harmless;
};

/* The child that looks first must not die of it, either: STORE_UNCHECKED. */
static void open_changed(struct outcome *o)
{
    struct cs_kv *kv;
    enum cs_err err = try_open(&kv, NULL);
    bool opened;

    if (err != CS_OK) {
        assert_true(err == CS_ERR_STORE_CORRUPT || err == CS_ERR_STORE_VERSION);
        o->refused++;
        return;
    }
    opened = live_with(kv);
    o->harmless += opened ? 1 : 0;
    o->sealed += opened ? 0 : 1;
    cs_kv_close(kv);
}

/* CS_TEST_IMAGES: how many (test/night.sh: 10000). */
static unsigned long images(void)
{
    const char *wanted = getenv("CS_TEST_IMAGES");

    return wanted != NULL ? strtoul(wanted, NULL, 10) : 1000;
}

static void no_changed_file_hurts_or_gives_altered_data(void **state)
{
    struct image im = make_image();
    unsigned long total = images();
    struct outcome o = {0};
    uint32_t x = 5;

    (void)state;
    for (unsigned long i = 0; i < total; i++) {
        size_t at[4], n = 1 + rnd(&x) % CS_COUNTOF(at);
        uint8_t old[CS_COUNTOF(at)];

        for (size_t j = 0; j < n; j++) {
            at[j] = place(&im, &x);
            old[j] = im.p[at[j]];
            im.p[at[j]] = change(im.p[at[j]], &x);
        }
        write_image(&im, im.n);
        open_changed(&o);
        for (size_t j = n; j-- > 0;) {
            im.p[at[j]] = old[j];
        }
    }
    print_message("%lu changed files: %u refused by the check, %u by the seal, %u "
                  "changed in unused bytes or found at use\n",
                  total, o.refused, o.sealed, o.harmless);
    assert_true(o.refused > total / 5);
    cs_free(im.p);
    bed_rmdir(base_dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_happens),
        cmocka_unit_test(a_cut_file_is_refused),
        cmocka_unit_test(
            an_empty_page_a_keyless_record_and_a_too_long_value_are_refused),
        cmocka_unit_test(meta_pages_that_do_not_agree_are_refused),
        cmocka_unit_test(leaves_beyond_either_side_of_their_branch_are_refused),
        cmocka_unit_test(a_long_value_with_too_few_pages_is_refused),
        cmocka_unit_test(every_counter_of_both_trees_is_held_against_the_pages),
        cmocka_unit_test(a_file_cut_inside_a_long_value_is_refused),
        cmocka_unit_test(a_file_that_was_never_finished_is_new_unless_it_holds_a_byte),
        cmocka_unit_test(something_that_is_no_regular_file_is_refused),
        cmocka_unit_test(no_changed_file_hurts_or_gives_altered_data),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
