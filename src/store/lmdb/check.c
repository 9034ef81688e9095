/* Source: LMDB 0.9 mdb.c, "Page format" and the structures MDB_meta, MDB_db, MDB_page
 * and MDB_node, for 64-bit machines (numbers are in the machine's byte order):
 *
 *   page   u64 pgno | u16 pad | u16 flags | u16 lower, u16 upper  (or u32 pages) | ptrs
 *   node   u16 lo | u16 hi | u16 flags | u16 ksize | key | data
 *   db     u32 pad | u16 flags | u16 depth | u64 branch, leaf, overflow, entries, root
 *   meta   (page header) u32 magic | u32 version | u64 address | u64 mapsize |
 *          db free | db main | u64 last_pg | u64 txnid */
#include "store/lmdb/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os/child.h"
#include "store/kv.h"

enum {
    PAGE_HEAD = 16,
    NODE_HEAD = 8,
    META_LEN = 24 + 2 * 48 + 16,
    PAGE_MIN = 512,
    PAGE_MAX = 32768,
    TILES = PAGE_MAX / 16, /* a bit per two bytes */
    DEPTH_MAX = 32,
    KEY_MAX_MAIN = 1 + CS_KV_KEY_MAX,
    DATA_VERSION = 1,
    P_BRANCH = 0x01,
    P_LEAF = 0x02,
    P_OVERFLOW = 0x04,
    P_META = 0x08,
    F_BIGDATA = 0x01,
    DB_INTEGERKEY = 0x08,
    PATH_CAP = 4096,
    TIME_MIN_MS = 30000,
    TIME_MORE_MS = 3600 * 1000,
    MEMORY_MIN = 16 << 20,
};
static const uint32_t MAGIC = 0xBEEFC0DE;
static const uint64_t NO_ROOT = UINT64_MAX;
/* Free pages at the end may never have been written. */
static const uint64_t UNWRITTEN_MAX = UINT64_C(1) << 20;

struct db {
    uint16_t flags, depth;
    uint64_t branch, leaf, overflow, entries, root;
};

struct meta {
    uint32_t page_size;
    struct db free, main;
    uint64_t last_pg, txnid;
};

/* One tree being walked. */
struct tree {
    const struct db *want;
    struct db seen; /* counters */
    bool is_free;
    uint8_t last_key[KEY_MAX_MAIN];
    size_t last_len;
    bool has_last;
};

struct check {
    int fd;
    uint64_t file_size;
    struct meta m;
    uint8_t *used;   /* a bit per page */
    uint8_t *pages;  /* one page per level */
    uint8_t *tiles;  /* a bit per two bytes of one page */
    const char *bad; /* what was found */
};

static uint16_t get16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t get64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* The check runs where there must be no heap (base/os/child.h).  Zeroed; NULL: none. */
static void *pages_new(size_t n)
{
    void *p = mmap(NULL, n == 0 ? 1 : n, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

static void pages_free(void *p, size_t n)
{
    if (p != NULL) {
        (void)munmap(p, n == 0 ? 1 : n);
    }
}

static enum cs_err corrupt(struct check *c, const char *what)
{
    c->bad = what;
    return CS_ERR_STORE_CORRUPT;
}

static enum cs_err read_at(struct check *c, uint8_t *out, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t got = pread(c->fd, out, n, (off_t)at);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return CS_ERR_STORE_IO;
        }
        if (got == 0) {
            return corrupt(c, "a page lies behind the end of the file");
        }
        out += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return CS_OK;
}

/* ---- meta pages ------------------------------------------------------------------ */

static struct db db_of(const uint8_t *p)
{
    return (struct db){
        .flags = get16(p + 4),
        .depth = get16(p + 6),
        .branch = get64(p + 8),
        .leaf = get64(p + 16),
        .overflow = get64(p + 24),
        .entries = get64(p + 32),
        .root = get64(p + 40),
    };
}

static enum cs_err meta_read(struct check *c, uint64_t index, uint64_t at,
                             struct meta *out)
{
    uint8_t b[PAGE_HEAD + META_LEN];
    const uint8_t *m = b + PAGE_HEAD;

    CS_CHECK(read_at(c, b, sizeof b, at));
    if (get16(b + 10) != P_META || get64(b) != index || get32(m) != MAGIC) {
        return corrupt(c, "a meta page is not one");
    }
    if (get32(m + 4) != DATA_VERSION) {
        c->bad = "the file format is of another LMDB version";
        return CS_ERR_STORE_VERSION;
    }
    out->page_size = get32(m + 24); /* the free db's pad field */
    out->free = db_of(m + 24);
    out->main = db_of(m + 24 + 48);
    out->last_pg = get64(m + 24 + 96);
    out->txnid = get64(m + 24 + 104);
    if (out->page_size < PAGE_MIN || out->page_size > PAGE_MAX ||
        (out->page_size & (out->page_size - 1)) != 0) {
        return corrupt(c, "a meta page has an impossible page size");
    }
    return CS_OK;
}

static bool db_ok(const struct db *d, uint16_t flags)
{
    return d->flags == flags && d->depth <= DEPTH_MAX &&
           (d->root == NO_ROOT) == (d->depth == 0);
}

/* LMDB uses the newer one, and finds it by the parity of its number. */
static enum cs_err meta_pick(struct check *c)
{
    struct meta a, b;
    uint64_t pages;

    CS_CHECK(meta_read(c, 0, 0, &a));
    CS_CHECK(meta_read(c, 1, a.page_size, &b));
    c->m = a.txnid < b.txnid ? b : a;
    if (a.page_size != b.page_size ||
        (c->m.txnid & 1) != (a.txnid < b.txnid ? 1U : 0U)) {
        return corrupt(c, "the meta pages do not agree");
    }
    pages = c->file_size / c->m.page_size;
    if (!db_ok(&c->m.free, DB_INTEGERKEY) || !db_ok(&c->m.main, 0) ||
        c->m.last_pg < 1 || c->m.last_pg >= pages + UNWRITTEN_MAX) {
        return corrupt(c, "the newest meta page has impossible fields");
    }
    return CS_OK;
}

/* ---- pages ----------------------------------------------------------------------- */

/* Each page belongs to one place. */
static enum cs_err claim(struct check *c, uint64_t pgno)
{
    uint8_t bit = (uint8_t)(1U << (pgno & 7));

    if (pgno < 2 || pgno > c->m.last_pg) {
        return corrupt(c, "a page number is out of range");
    }
    if ((c->used[pgno / 8] & bit) != 0) {
        return corrupt(c, "a page is used twice");
    }
    c->used[pgno / 8] |= bit;
    return CS_OK;
}

struct page {
    const uint8_t *p;
    size_t size, n_nodes;
    bool is_branch;
};

struct node {
    struct cs_span key;
    uint16_t flags;
    uint64_t child;    /* of a branch */
    uint32_t data_len; /* of a leaf */
    const uint8_t *data;
};

/* Marks the node's bytes in the page; false when it runs out of the page or over
 * another node. */
static bool tile(struct check *c, const struct page *pg, size_t at, size_t len)
{
    if (at % 2 != 0 || at + len > pg->size) {
        return false;
    }
    for (size_t i = at / 2; i < (at + len + 1) / 2; i++) {
        uint8_t bit = (uint8_t)(1U << (i & 7));

        if ((c->tiles[i / 8] & bit) != 0) {
            return false;
        }
        c->tiles[i / 8] |= bit;
    }
    return true;
}

static size_t node_len(const struct page *pg, const uint8_t *n)
{
    size_t len = NODE_HEAD + (size_t)get16(n + 6);

    if (pg->is_branch) {
        return len;
    }
    if ((get16(n + 4) & F_BIGDATA) != 0) {
        return len + sizeof(uint64_t);
    }
    return len + (get16(n) | (size_t)get16(n + 2) << 16);
}

/* Every node inside the page, none over another, and no gap: lower and upper say how
 * much there must be. */
static enum cs_err page_tiles(struct check *c, const struct page *pg, size_t upper)
{
    size_t sum = 0;

    memset(c->tiles, 0, TILES);
    for (size_t i = 0; i < pg->n_nodes; i++) {
        size_t at = get16(pg->p + PAGE_HEAD + 2 * i), len;

        if (at < upper || at + NODE_HEAD > pg->size) {
            return corrupt(c, "a node lies outside its page");
        }
        len = node_len(pg, pg->p + at);
        if (!tile(c, pg, at, len)) {
            return corrupt(c, "a node runs out of its page or over another");
        }
        sum += (len + 1) & ~(size_t)1;
    }
    return sum == pg->size - upper ? CS_OK : corrupt(c, "a page has gaps");
}

static enum cs_err page_load(struct check *c, struct page *pg, uint64_t pgno,
                             unsigned level, bool is_branch)
{
    uint8_t *p = c->pages + (size_t)level * c->m.page_size;
    size_t lower, upper;

    CS_CHECK(claim(c, pgno));
    CS_CHECK(read_at(c, p, c->m.page_size, pgno * c->m.page_size));
    lower = get16(p + 12);
    upper = get16(p + 14);
    if (get64(p) != pgno || get16(p + 10) != (is_branch ? P_BRANCH : P_LEAF)) {
        return corrupt(c, "a page is not what its place asks for");
    }
    if (lower < PAGE_HEAD || lower % 2 != 0 || lower > upper ||
        upper > c->m.page_size) {
        return corrupt(c, "a page has impossible bounds");
    }
    *pg = (struct page){.p = p,
                        .size = c->m.page_size,
                        .n_nodes = (lower - PAGE_HEAD) / 2,
                        .is_branch = is_branch};
    if (pg->n_nodes < (is_branch ? 2U : 1U)) {
        return corrupt(c, "a page is empty");
    }
    return page_tiles(c, pg, upper);
}

static struct node node_of(const struct page *pg, size_t i)
{
    const uint8_t *n = pg->p + get16(pg->p + PAGE_HEAD + 2 * i);
    struct node out = {.flags = get16(n + 4),
                       .key = CS_SPAN(n + NODE_HEAD, get16(n + 6))};
    uint64_t low = get16(n) | (uint64_t)get16(n + 2) << 16;

    if (pg->is_branch) {
        out.child = low | (uint64_t)out.flags << 32;
    } else {
        out.data_len = (uint32_t)low;
        out.data = out.key.p + out.key.n;
    }
    return out;
}

/* ---- keys and values ---------------------------------------------------------- */

static int key_compare(const struct tree *t, struct cs_span a, struct cs_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c;

    if (t->is_free) {
        uint64_t x = get64(a.p), y = get64(b.p);

        return x < y ? -1 : (x > y ? 1 : 0);
    }
    c = memcmp(a.p, b.p, n);
    return c != 0 ? c : (a.n < b.n ? -1 : (a.n > b.n ? 1 : 0));
}

static bool key_len_ok(const struct tree *t, size_t n)
{
    return t->is_free ? n == sizeof(uint64_t) : n >= 1 && n <= KEY_MAX_MAIN;
}

/* Leaf keys rise over the whole tree. */
static enum cs_err key_rises(struct check *c, struct tree *t, struct cs_span key)
{
    if (!key_len_ok(t, key.n)) {
        return corrupt(c, "a key has an impossible length");
    }
    if (t->has_last && key_compare(t, CS_SPAN(t->last_key, t->last_len), key) >= 0) {
        return corrupt(c, "keys are out of order");
    }
    memcpy(t->last_key, key.p, key.n);
    t->last_len = key.n;
    t->has_last = true;
    return CS_OK;
}

/* The value's own pages; *at is where its bytes start in the file. */
static enum cs_err overflow(struct check *c, struct tree *t, const struct node *n,
                            uint64_t *at)
{
    uint64_t pgno = get64(n->data);
    uint64_t need = (PAGE_HEAD - 1 + (uint64_t)n->data_len) / c->m.page_size + 1;
    uint8_t head[PAGE_HEAD];
    uint32_t pages;

    CS_CHECK(claim(c, pgno));
    CS_CHECK(read_at(c, head, sizeof head, pgno * c->m.page_size));
    pages = get32(head + 12);
    if (get64(head) != pgno || get16(head + 10) != P_OVERFLOW || pages < need ||
        (pgno + need) * c->m.page_size > c->file_size) {
        return corrupt(c, "a long value is damaged");
    }
    for (uint64_t i = 1; i < pages; i++) {
        CS_CHECK(claim(c, pgno + i));
    }
    t->seen.overflow += pages;
    *at = pgno * c->m.page_size + PAGE_HEAD;
    return CS_OK;
}

/* A list of free pages: count, then page numbers falling. */
static enum cs_err free_list(struct check *c, const uint8_t *list, size_t len)
{
    uint64_t n = len < 8 ? UINT64_MAX : get64(list);

    if (n > len / 8 - 1) {
        return corrupt(c, "a list of free pages is longer than its record");
    }
    for (uint64_t i = 1; i <= n; i++) {
        if (i > 1 && get64(list + 8 * i) >= get64(list + 8 * (i - 1))) {
            return corrupt(c, "a list of free pages is out of order");
        }
        CS_CHECK(claim(c, get64(list + 8 * i)));
    }
    return CS_OK;
}

static enum cs_err free_value(struct check *c, const struct node *n, uint64_t at)
{
    uint8_t *list;
    enum cs_err err;

    if (get64(n->key.p) > c->m.txnid) {
        return corrupt(c, "free pages come from the future");
    }
    if (at == 0) {
        return free_list(c, n->data, n->data_len);
    }
    list = pages_new(n->data_len); /* overflow() held it against the file's size */
    if (list == NULL) {
        return CS_ERR_NOMEM;
    }
    err = read_at(c, list, n->data_len, at);
    if (err == CS_OK) {
        err = free_list(c, list, n->data_len);
    }
    pages_free(list, n->data_len);
    return err;
}

static enum cs_err leaf(struct check *c, struct tree *t, const struct page *pg)
{
    for (size_t i = 0; i < pg->n_nodes; i++) {
        struct node n = node_of(pg, i);
        uint64_t at = 0;

        CS_CHECK(key_rises(c, t, n.key));
        if ((n.flags & ~F_BIGDATA) != 0) {
            return corrupt(c, "a record is of a kind that is never written here");
        }
        if (!t->is_free && n.data_len > CS_KV_VALUE_MAX) {
            return corrupt(c, "a value is too long");
        }
        if (n.flags == F_BIGDATA) {
            CS_CHECK(overflow(c, t, &n, &at));
        }
        if (t->is_free) {
            CS_CHECK(free_value(c, &n, at));
        }
    }
    t->seen.leaf++;
    t->seen.entries += pg->n_nodes;
    return CS_OK;
}

/* ---- trees -------------------------------------------------------------------- */

/* Bounds of a subtree: low <= every key < high; an empty span is no bound. */
struct bounds {
    struct cs_span low, high;
};

static enum cs_err separators(struct check *c, const struct tree *t,
                              const struct page *pg, struct bounds b)
{
    struct cs_span before = b.low;

    for (size_t i = 1; i < pg->n_nodes; i++) { /* the first one's key is not used */
        struct cs_span key = node_of(pg, i).key;

        if (!key_len_ok(t, key.n) ||
            (before.n != 0 && key_compare(t, before, key) >= 0) ||
            (b.high.n != 0 && key_compare(t, key, b.high) >= 0)) {
            return corrupt(c, "branch keys are out of order");
        }
        before = key;
    }
    return CS_OK;
}

static enum cs_err leaf_in_bounds(struct check *c, const struct tree *t,
                                  const struct page *pg, struct bounds b)
{
    struct cs_span first = node_of(pg, 0).key, last = node_of(pg, pg->n_nodes - 1).key;

    if ((b.low.n != 0 && key_compare(t, first, b.low) < 0) ||
        (b.high.n != 0 && key_compare(t, last, b.high) >= 0)) {
        return corrupt(c, "a leaf's keys do not fit its branch");
    }
    return CS_OK;
}

/* Recursion is bounded by the depth that meta_pick checked. */
static enum cs_err walk(struct check *c, struct tree *t, uint64_t pgno, unsigned level,
                        struct bounds b)
{
    bool is_branch = level + 1 < t->want->depth;
    struct page pg;

    CS_CHECK(page_load(c, &pg, pgno, level, is_branch));
    if (!is_branch) {
        CS_CHECK(leaf(c, t, &pg)); /* checks key lengths before bounds compare them */
        return leaf_in_bounds(c, t, &pg, b);
    }
    CS_CHECK(separators(c, t, &pg, b));
    t->seen.branch++;
    for (size_t i = 0; i < pg.n_nodes; i++) {
        struct bounds sub = b;

        if (i > 0) {
            sub.low = node_of(&pg, i).key;
        }
        if (i + 1 < pg.n_nodes) {
            sub.high = node_of(&pg, i + 1).key;
        }
        CS_CHECK(walk(c, t, node_of(&pg, i).child, level + 1, sub));
    }
    return CS_OK;
}

static enum cs_err tree_check(struct check *c, const struct db *want, bool is_free)
{
    struct tree t = {.want = want, .is_free = is_free};
    struct bounds none = {{NULL, 0}, {NULL, 0}};

    if (want->root != NO_ROOT) {
        CS_CHECK(walk(c, &t, want->root, 0, none));
    }
    if (t.seen.branch != want->branch || t.seen.leaf != want->leaf ||
        t.seen.overflow != want->overflow || t.seen.entries != want->entries) {
        return corrupt(c, "a tree's counters are wrong");
    }
    return CS_OK;
}

static enum cs_err check_all(struct check *c)
{
    size_t used, pages;
    enum cs_err err;

    CS_CHECK(meta_pick(c));
    used = (size_t)(c->m.last_pg / 8) + 1;
    pages = (size_t)DEPTH_MAX * c->m.page_size;
    c->used = pages_new(used);
    c->pages = pages_new(pages);
    c->tiles = pages_new(TILES);
    if (c->used == NULL || c->pages == NULL || c->tiles == NULL) {
        err = CS_ERR_NOMEM;
    } else {
        err = tree_check(c, &c->m.main, false);
    }
    if (err == CS_OK) {
        err = tree_check(c, &c->m.free, true);
    }
    pages_free(c->used, used);
    pages_free(c->pages, pages);
    pages_free(c->tiles, TILES);
    return err;
}

enum cs_err cs_lmdb_check_fd(int fd, struct cs_why *why)
{
    struct check c = {.fd = fd, .bad = "reading failed"};
    struct stat st;
    enum cs_err err;

    if (fstat(fd, &st) != 0) {
        return cs_why(why, CS_ERR_STORE_IO, "fstat of data.mdb: %s", strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return cs_why(why, CS_ERR_STORE_CORRUPT, "data.mdb is not a regular file");
    }
    if (st.st_size == 0) {
        return CS_OK; /* LMDB makes a new one */
    }
    c.file_size = (uint64_t)st.st_size;
    err = check_all(&c);
    if (err == CS_ERR_STORE_CORRUPT || err == CS_ERR_STORE_VERSION) {
        return cs_why(why, err,
                      "data.mdb: %s; restore the volume from a backup of this device",
                      c.bad);
    }
    return err == CS_OK ? err : cs_why(why, err, "data.mdb: %s", cs_err_text(err));
}

/* Time for a disk that reads 16 MiB a second, at least.  Memory: a bit a page, a page a
 * level, and one list of free pages, which lies in the file. */
static enum cs_err check_apart(int fd, struct cs_why *why)
{
    struct cs_os_child_limits limits = {.ms = TIME_MIN_MS, .memory = MEMORY_MIN};
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_size > 0) {
        uint64_t size = (uint64_t)st.st_size, ms = size >> 14;

        limits.ms += ms > TIME_MORE_MS ? TIME_MORE_MS : (uint32_t)ms;
        limits.memory += size;
    }
    return cs_os_child_run(fd, cs_lmdb_check_fd, &limits, why);
}

enum cs_err cs_lmdb_check(const char *dir, struct cs_why *why)
{
    char path[PATH_CAP];
    enum cs_err err;
    int fd;

    if (snprintf(path, sizeof path, "%s/data.mdb", dir) >= (int)sizeof path) {
        return cs_why(why, CS_ERR_CONFIG, "the path of the data directory is too long");
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return CS_OK;
    }
    if (fd < 0) {
        return cs_why(why, CS_ERR_STORE_IO, "cannot open %s: %s", path,
                      strerror(errno));
    }
    err = check_apart(fd, why);
    (void)close(fd);
    return err;
}
