/* The audit log's chain offline: whole files, and every way to tamper with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "platform/core/audit_chain.h"

enum { N = 10, ROOM = 16 };

struct file {
    char *line[ROOM]; /* without its end */
    size_t n;
    uint8_t head[CS_AUDIT_HASH];
};

/* One line with this number, text and predecessor; *hash becomes its own. */
static char *line_of(int seq, const char *text, uint8_t hash[CS_AUDIT_HASH])
{
    json_t *rec = json_pack("{s:i,s:s,s:{s:s,s:n}}", "seq", seq, "text", text, "b", "x",
                            "y", "a");
    char hex[2 * CS_AUDIT_HASH + 1], *out;
    struct cs_wr canonical = {0}, line = {0};

    assert_non_null(rec);
    assert_int_equal(
        json_object_set_new(rec, "prev", json_string(cs_hex(hex, hash, CS_AUDIT_HASH))),
        0);
    cs_audit_canonical(&canonical, rec);
    cs_audit_hash(hash, cs_wr_get(&canonical));
    cs_audit_line(&line, cs_wr_get(&canonical), hash);
    assert_int_equal(line.err, CS_OK);
    out = calloc(1, line.n);
    assert_non_null(out);
    memcpy(out, line.p, line.n - 1);
    cs_wr_free(&canonical);
    cs_wr_free(&line);
    json_decref(rec);
    return out;
}

static struct file whole(void)
{
    struct file f = {.n = N};
    char text[32];

    for (int i = 0; i < N; i++) {
        (void)snprintf(text, sizeof text, "what %d did", i + 1);
        f.line[i] = line_of(i + 1, text, f.head);
    }
    return f;
}

static void done(struct file *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->line[i]);
    }
    f->n = 0;
}

static struct cs_audit_check check(const struct file *f, const uint8_t *head)
{
    struct cs_audit_check c = {0};

    for (size_t i = 0; i < f->n; i++) {
        cs_audit_check_line(&c, CS_SPAN(f->line[i], strlen(f->line[i])));
    }
    cs_audit_check_end(&c, head);
    return c;
}

static void fault(struct file *f, enum cs_audit_fault want, uint64_t seq)
{
    struct cs_audit_check c = check(f, f->head);

    if (c.fault != want || c.seq != seq) {
        fail_msg("want %s %d, got %s %d: %s", cs_audit_fault_word(want), (int)seq,
                 cs_audit_fault_word(c.fault), (int)c.seq, c.why);
    }
    assert_true(want == CS_AUDIT_FINE || c.why[0] != '\0');
    done(f);
}

/* Line i (from 0) goes. */
static void drop(struct file *f, size_t i)
{
    free(f->line[i]);
    memmove(&f->line[i], &f->line[i + 1], (f->n - i - 1) * sizeof f->line[0]);
    f->n--;
}

static void put(struct file *f, size_t i, char *line)
{
    assert_true(f->n < ROOM);
    memmove(&f->line[i + 1], &f->line[i], (f->n - i) * sizeof f->line[0]);
    f->line[i] = line;
    f->n++;
}

static void hash_at(const struct file *f, size_t i, uint8_t hash[CS_AUDIT_HASH])
{
    char hex[2 * CS_AUDIT_HASH + 1] = {0};

    memcpy(hex, f->line[i] + strlen("{\"hash\":\""), 2 * CS_AUDIT_HASH);
    assert_int_equal(cs_unhex(hash, CS_AUDIT_HASH, hex), CS_OK);
}

/* ---- whole ------------------------------------------------------------- */

static void a_whole_file_is_fine_and_has_the_head(void **state)
{
    struct file f = whole();
    struct cs_audit_check c = check(&f, f.head);

    (void)state;
    assert_int_equal(c.fault, CS_AUDIT_FINE);
    assert_int_equal(c.first, 1);
    assert_int_equal(c.next, N + 1);
    assert_memory_equal(c.head, f.head, sizeof f.head);
    fault(&f, CS_AUDIT_FINE, 0);
}

static void a_later_part_is_fine_and_says_where_it_begins(void **state)
{
    struct file f = whole();
    struct cs_audit_check c;

    (void)state;
    drop(&f, 0);
    drop(&f, 0);
    c = check(&f, f.head);
    assert_int_equal(c.fault, CS_AUDIT_FINE);
    assert_int_equal(c.first, 3);
    done(&f);
}

static void the_hash_is_of_the_content_and_not_of_its_layout(void **state)
{
    struct file f = whole();
    json_error_t e;

    (void)state;
    for (size_t i = 0; i < f.n; i++) { /* as another tool would write it */
        json_t *o = json_loads(f.line[i], 0, &e), *turned = json_object();
        json_t *rec = json_object_get(o, "record");
        const char *key;
        json_t *v;

        json_object_set(turned, "text", json_object_get(rec, "text"));
        json_object_foreach(rec, key, v)
        {
            json_object_set(turned, key, v);
        }
        json_object_set_new(o, "record", turned);
        free(f.line[i]);
        f.line[i] = json_dumps(o, JSON_INDENT(1) | JSON_ENSURE_ASCII);
        json_decref(o);
    }
    fault(&f, CS_AUDIT_FINE, 0);
}

/* SHA-256 of u32 3, then the three items with their lengths: fixed for ever. */
static void the_hash_is_the_documented_one(void **state)
{
    static const uint8_t enc[] = "\0\0\0\3\0\0\0\x12"
                                 "cloudsign/platform\0\0\0\5"
                                 "audit\0\0\0\7{\"a\":1}";
    uint8_t want[32], got[32];

    (void)state;
    cs_sha256(want, CS_SPAN(enc, sizeof enc - 1));
    cs_audit_hash(got, CS_SPAN_LIT("{\"a\":1}"));
    assert_memory_equal(got, want, sizeof want);
}

/* ---- tampered ---------------------------------------------------------- */

static void each_changed_record_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct file f = whole();
        char *at = strstr(f.line[i], "did");

        assert_non_null(at);
        at[0] = 'h';
        fault(&f, CS_AUDIT_CHANGED, i + 1);
    }
}

static void each_changed_record_with_a_new_hash_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct file f = whole();
        uint8_t hash[CS_AUDIT_HASH] = {0};

        if (i > 0) {
            hash_at(&f, i - 1, hash);
        }
        free(f.line[i]);
        f.line[i] = line_of((int)i + 1, "nothing happened", hash);
        /* The last one has no follower that tells: the head does. */
        fault(&f, i + 1 < N ? CS_AUDIT_CHANGED : CS_AUDIT_OTHER_HEAD, i + 1);
    }
}

static void each_missing_record_is_named(void **state)
{
    (void)state;
    for (size_t i = 1; i + 1 < N; i++) {
        struct file f = whole();

        drop(&f, i);
        fault(&f, CS_AUDIT_MISSING, i + 1);
    }
}

static void a_missing_range_is_named_with_both_ends(void **state)
{
    struct file f = whole();
    struct cs_audit_check c;

    (void)state;
    drop(&f, 4);
    drop(&f, 4);
    drop(&f, 4);
    c = check(&f, f.head);
    assert_int_equal(c.fault, CS_AUDIT_MISSING);
    assert_int_equal(c.seq, 5);
    assert_int_equal(c.until, 7);
    done(&f);
}

static void each_swapped_pair_is_named(void **state)
{
    (void)state;
    for (size_t i = 1; i < N; i++) { /* the first one says where a file begins */
        for (size_t k = i + 1; k < N; k++) {
            struct file f = whole();
            struct cs_audit_check c;
            char *line = f.line[i];

            f.line[i] = f.line[k];
            f.line[k] = line;
            c = check(&f, f.head);
            assert_int_equal(c.until, k + 1);
            fault(&f, CS_AUDIT_SWAPPED, i + 1);
        }
    }
}

static void swapping_the_first_record_is_found(void **state)
{
    (void)state;
    for (size_t k = 1; k < N; k++) {
        struct file f = whole();
        char *line = f.line[0];
        struct cs_audit_check c;

        f.line[0] = f.line[k];
        f.line[k] = line;
        c = check(&f, f.head);
        assert_int_not_equal(c.fault, CS_AUDIT_FINE);
        done(&f);
    }
}

static void each_inserted_record_is_named(void **state)
{
    (void)state;
    for (size_t i = 1; i <= N; i++) {
        struct file f = whole();
        uint8_t hash[CS_AUDIT_HASH] = {0};

        /* It follows from the one before, and takes the number of the next. */
        hash_at(&f, i - 1, hash);
        put(&f, i, line_of((int)i + 1, "made up", hash));
        fault(&f, i < N ? CS_AUDIT_INSERTED : CS_AUDIT_OTHER_HEAD, i + 1);
    }
}

static void an_inserted_record_that_follows_from_nothing_is_named(void **state)
{
    (void)state;
    for (size_t i = 1; i < N; i++) {
        struct file f = whole();
        uint8_t hash[CS_AUDIT_HASH] = {7};
        struct cs_audit_check c;

        put(&f, i, line_of((int)i + 1, "made up", hash));
        c = check(&f, f.head);
        assert_int_equal(c.line, i + 1);
        fault(&f, CS_AUDIT_INSERTED, i + 1);
    }
}

static void an_inserted_record_with_a_far_number_is_named(void **state)
{
    (void)state;
    for (size_t i = 1; i < N; i++) {
        struct file f = whole();
        uint8_t hash[CS_AUDIT_HASH] = {7};

        put(&f, i, line_of(500, "made up", hash));
        fault(&f, CS_AUDIT_INSERTED, 500);
    }
}

static void a_record_twice_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct file f = whole();
        char *copy = calloc(1, strlen(f.line[i]) + 1);

        assert_non_null(copy);
        memcpy(copy, f.line[i], strlen(f.line[i]));
        put(&f, i + 1, copy);
        fault(&f, CS_AUDIT_INSERTED, i + 1);
    }
}

static void a_cut_end_and_a_new_history_are_found_by_the_head(void **state)
{
    struct file f = whole(), other = {.n = N};

    (void)state;
    drop(&f, N - 1);
    assert_int_equal(check(&f, NULL).fault, CS_AUDIT_FINE); /* nobody can know */
    fault(&f, CS_AUDIT_OTHER_HEAD, N - 1);
    for (int i = 0; i < N; i++) { /* all made anew */
        other.line[i] = line_of(i + 1, "harmless", other.head);
    }
    f = whole();
    memcpy(other.head, f.head, sizeof f.head);
    done(&f);
    fault(&other, CS_AUDIT_OTHER_HEAD, N);
    f = (struct file){0};
    f.head[0] = 1;
    fault(&f, CS_AUDIT_OTHER_HEAD, 0); /* an empty file */
}

static void a_beginning_that_is_none_is_found(void **state)
{
    struct file f = {.n = 1};

    (void)state;
    f.head[3] = 9;
    f.line[0] = line_of(1, "first", f.head);
    fault(&f, CS_AUDIT_CHANGED, 1);
}

static void what_is_no_record_is_named_by_its_line(void **state)
{
    static const char *const bad[] = {
        "x",    "{}",
        "[]",   "{\"hash\":\"00\",\"record\":{\"seq\":4}}",
        "null", "{\"hash\":1,\"record\":{\"seq\":4,\"prev\":1}}"};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct file f = whole();
        struct cs_audit_check c;

        free(f.line[3]);
        f.line[3] = calloc(1, strlen(bad[i]) + 1);
        assert_non_null(f.line[3]);
        memcpy(f.line[3], bad[i], strlen(bad[i]));
        c = check(&f, f.head);
        assert_int_equal(c.fault, CS_AUDIT_UNREADABLE);
        assert_int_equal(c.line, 4);
        done(&f);
    }
}

static void empty_lines_are_passed_over(void **state)
{
    struct file f = whole();

    (void)state;
    put(&f, 4, calloc(1, 1));
    put(&f, f.n, calloc(1, 1));
    fault(&f, CS_AUDIT_FINE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_fine_and_has_the_head),
        cmocka_unit_test(a_later_part_is_fine_and_says_where_it_begins),
        cmocka_unit_test(the_hash_is_of_the_content_and_not_of_its_layout),
        cmocka_unit_test(the_hash_is_the_documented_one),
        cmocka_unit_test(each_changed_record_is_named),
        cmocka_unit_test(each_changed_record_with_a_new_hash_is_named),
        cmocka_unit_test(each_missing_record_is_named),
        cmocka_unit_test(a_missing_range_is_named_with_both_ends),
        cmocka_unit_test(each_swapped_pair_is_named),
        cmocka_unit_test(swapping_the_first_record_is_found),
        cmocka_unit_test(each_inserted_record_is_named),
        cmocka_unit_test(an_inserted_record_that_follows_from_nothing_is_named),
        cmocka_unit_test(an_inserted_record_with_a_far_number_is_named),
        cmocka_unit_test(a_record_twice_is_named),
        cmocka_unit_test(a_cut_end_and_a_new_history_are_found_by_the_head),
        cmocka_unit_test(a_beginning_that_is_none_is_found),
        cmocka_unit_test(what_is_no_record_is_named_by_its_line),
        cmocka_unit_test(empty_lines_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
