/* Helpers of the store's tests: spans of text, a random source, a safe on a memory
 * store, temporary directories.  Static functions: each test program has its own. */
#ifndef CS_TEST_STORE_BED_H
#define CS_TEST_STORE_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "crypto/group.h"
#include "store/kv_mem.h"
#include "store/safe.h"

#define BED_UNUSED __attribute__((unused))
#define S(text)    CS_SPAN_LIT(text)
#define assert_err(expr, want)                                                         \
    do {                                                                               \
        enum cs_err bed_err = (expr);                                                  \
        if (bed_err != (want)) {                                                       \
            fail_msg("%s: %s instead of %s", #expr, cs_err_name(bed_err),              \
                     cs_err_name(want));                                               \
        }                                                                              \
    } while (0)
#define assert_ok(expr) assert_err(expr, CS_OK)
#define assert_says(why, word)                                                         \
    do {                                                                               \
        if (strstr((why).text, word) == NULL) {                                        \
            fail_msg("\"%s\" does not say \"%s\"", (why).text, word);                  \
        }                                                                              \
    } while (0)

/* Deterministic, but never the same twice in one process. */
static BED_UNUSED void bed_random(void *ctx, uint8_t *out, size_t n)
{
    static uint64_t x = 0x123456789abcdef1u;

    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = (uint8_t)(x >> 32);
    }
}

static const struct cs_kek bed_kek = {.key = {7, 1, 9, 3, 5, 8, 2, 6, 4, 77, 12, 200}};

static BED_UNUSED struct cs_safe_params bed_params(void)
{
    return (struct cs_safe_params){
        .device_id = "device-a", .kek = &bed_kek, .random = bed_random};
}

struct bed {
    struct cs_kv *kv;
    struct cs_db *db;
    struct cs_safe *safe;
    uint64_t seq;
};

static BED_UNUSED struct bed bed_on(struct cs_kv *kv)
{
    struct cs_safe_params p = bed_params();
    struct bed b = {.kv = kv};
    struct cs_why why = {{0}};
    bool is_empty = false;

    assert_ok(cs_crypto_init());
    assert_non_null(kv);
    b.db = cs_db_new(kv);
    assert_non_null(b.db);
    assert_ok(cs_kv_is_empty(kv, &is_empty));
    if (is_empty) {
        assert_ok(cs_safe_create(&b.safe, b.db, &p, &why));
    } else {
        assert_ok(cs_safe_open(&b.safe, b.db, &p, &why));
    }
    return b;
}

static BED_UNUSED struct bed bed_new(void)
{
    return bed_on(cs_kv_mem_new());
}

/* Forgets the process' state and keeps the disk: a crash. */
static BED_UNUSED struct cs_kv *bed_crash(struct bed *b)
{
    cs_safe_free(b->safe);
    cs_db_free(b->db);
    return b->kv;
}

static BED_UNUSED void bed_free(struct bed *b)
{
    cs_kv_close(bed_crash(b));
}

/* Ends the step and makes it durable. */
static BED_UNUSED void bed_commit(struct bed *b)
{
    struct cs_kv_batch *batch;

    assert_ok(cs_safe_take_batch(b->safe, &batch));
    if (batch != NULL) {
        assert_ok(b->kv->ops->commit(b->kv, batch));
        cs_kv_batch_free(batch);
        cs_db_durable(b->db, ++b->seq);
    }
}

static BED_UNUSED bool span_is(struct cs_span s, struct cs_span want)
{
    return s.n == want.n && (s.n == 0 || memcmp(s.p, want.p, s.n) == 0);
}

static BED_UNUSED void assert_holds(struct cs_safe *s, uint8_t table,
                                    struct cs_span key, struct cs_span want)
{
    struct cs_wr w = {0};

    assert_ok(cs_safe_get(s, table, key, &w));
    assert_true(span_is(cs_wr_get(&w), want));
    cs_wr_free(&w);
}

/* A fresh directory below $TMPDIR or /tmp; remove with bed_rmdir. */
static BED_UNUSED char *bed_mkdir(char buf[128])
{
    const char *base = getenv("TMPDIR");

    assert_true(snprintf(buf, 128, "%.80s/cs-store-XXXXXX", base ? base : "/tmp") <
                128);
    assert_non_null(mkdtemp(buf));
    return buf;
}

static BED_UNUSED void bed_path(char out[256], const char *dir, const char *name)
{
    assert_true(snprintf(out, 256, "%s/%s", dir, name) < 256);
}

static BED_UNUSED void bed_rmdir(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", "file"};
    char path[256];

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        bed_path(path, dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
}

#endif
