/* Key records: public part and share sealed apart, checked when first used, a small
 * cache of checked ones in guarded memory (PROTOCOLS 3.7, DECISIONS 29). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "base/text.h"

enum { KEY_VERSION = 1 };

#define KEY_COUNT  CS_SPAN_LIT("keys")
#define GONE_COUNT CS_SPAN_LIT("gone")

/* ---- counting: not by reading a hundred thousand records at start
 * -------------------- */

static enum cs_err read_count(struct cs_node_core *n, struct cs_span name,
                              uint32_t *value)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, name, &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    if (err == CS_OK) {
        *value = cs_rd_u32(&r);
        err = cs_rd_end(&r);
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

enum cs_err cs_nd_keys_count(struct cs_node_core *n)
{
    CS_CHECK(read_count(n, KEY_COUNT, &n->n_keys));
    return read_count(n, GONE_COUNT, &n->n_gone);
}

static void write_count(struct cs_node_core *n, struct cs_span name, uint32_t value)
{
    struct cs_wr w = {0};

    cs_wr_u32(&w, value);
    cs_nd_put(n, TABLE_SELF, name, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- cache
 * ----------------------------------------------------------------------------- */

static void drop_slot(struct cached_key *c)
{
    cs_key_free(c->key);
    *c = (struct cached_key){0};
}

static struct cached_key *cached(struct cs_node_core *n, const uint8_t key_id[16])
{
    for (size_t i = 0; i < MAX_KEY_CACHE; i++) {
        struct cached_key *c = &n->keys[i];

        if (c->key != NULL && memcmp(c->key->body.key_id, key_id, 16) == 0) {
            c->used = ++n->key_clock;
            return c;
        }
    }
    return NULL;
}

static struct cached_key *free_slot(struct cs_node_core *n)
{
    struct cached_key *oldest = &n->keys[0];

    for (size_t i = 0; i < MAX_KEY_CACHE; i++) {
        if (n->keys[i].key == NULL) {
            return &n->keys[i];
        }
        if (n->keys[i].used < oldest->used) {
            oldest = &n->keys[i];
        }
    }
    drop_slot(oldest);
    return oldest;
}

void cs_nd_key_forget(struct cs_node_core *n, const uint8_t key_id[16])
{
    struct cached_key *c = cached(n, key_id);

    if (c != NULL) {
        drop_slot(c);
    }
}

void cs_nd_keys_free(struct cs_node_core *n)
{
    for (size_t i = 0; i < MAX_KEY_CACHE; i++) {
        drop_slot(&n->keys[i]);
    }
}

/* ---- records
 * ----------------------------------------------------------------------------- */

void cs_nd_key_store(struct cs_node_core *n, const struct cs_key *k,
                     const struct keyinfo *info)
{
    struct cs_wr w = {0}, part = {0};
    bool is_new = !cs_nd_key_exists(n, k->body.key_id);

    cs_key_encode_public(&part, k);
    cs_wr_u8(&w, KEY_VERSION);
    cs_wr_bytes(&w, info->quorum_id, 16);
    cs_wr_lp(&w, CS_SPAN(info->blockchain, strlen(info->blockchain)));
    cs_wr_lp(&w, CS_SPAN(info->name, strlen(info->name)));
    cs_nd_nest(&w, &part);
    cs_nd_put(n, TABLE_KEY, CS_SPAN_OF(k->body.key_id), cs_wr_get(&w));
    cs_wr_reset(&part);
    cs_key_encode_secret(&part, k);
    cs_nd_put(n, TABLE_SHARE, CS_SPAN_OF(k->body.key_id), cs_wr_get(&part));
    cs_wr_free(&part);
    cs_wr_free(&w);
    cs_nd_key_forget(n, k->body.key_id);
    if (is_new) {
        write_count(n, KEY_COUNT, ++n->n_keys);
        cs_nd_kit_missing(n, k->body.key_id);
    }
}

static void copy_text(char *out, size_t size, struct cs_span s)
{
    (void)snprintf(out, size, "%.*s", (int)s.n, s.p == NULL ? "" : (const char *)s.p);
}

static enum cs_err decode(struct cs_key *key, struct keyinfo *info,
                          struct cs_span value, struct cs_span share)
{
    struct cs_rd r = CS_RD(value);
    struct cs_span pub;
    uint8_t version = cs_rd_u8(&r);

    cs_rd_copy(&r, info->quorum_id, 16);
    copy_text(info->blockchain, sizeof info->blockchain,
              cs_rd_lp(&r, CS_BLOCKCHAIN_MAX));
    copy_text(info->name, sizeof info->name, cs_rd_lp(&r, sizeof info->name - 1));
    pub = cs_rd_lp(&r, CS_KEY_RECORD_MAX);
    if (cs_rd_end(&r) != CS_OK || version != KEY_VERSION) {
        return CS_ERR_KEY_CORRUPT;
    }
    return cs_key_decode(key, pub, share);
}

static enum cs_err read_records(struct cs_node_core *n, const uint8_t key_id[16],
                                struct cs_key *key, struct keyinfo *info)
{
    struct cs_wr value = {0}, share = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_KEY, CS_SPAN(key_id, 16), &value);

    if (err == CS_OK) {
        err = cs_safe_get(n->safe, TABLE_SHARE, CS_SPAN(key_id, 16), &share);
    }
    if (err == CS_OK) {
        err = decode(key, info, cs_wr_get(&value), cs_wr_get(&share));
    }
    cs_wr_free(&value);
    cs_wr_free(&share);
    return err == CS_ERR_NOT_FOUND ? CS_ERR_UNKNOWN_KEY : err;
}

static enum cs_err load(struct cs_node_core *n, const uint8_t key_id[16],
                        struct cs_key *key, struct keyinfo *info)
{
    const struct quorum *q;
    const char *why = "its quorum is not here";
    enum cs_err err = read_records(n, key_id, key, info);
    char hex[33];

    if (err != CS_OK) {
        return err;
    }
    q = cs_nd_quorum_find(n, info->quorum_id);
    err = q == NULL ? CS_ERR_KEY_CORRUPT : cs_key_check(key, &q->roster, &why);
    if (err != CS_OK) {
        cs_log(CS_LOG_ERROR, "key", "key %s is not used: %s", cs_hex(hex, key_id, 16),
               why);
    }
    return err;
}

struct cached_key *cs_nd_key_load(struct cs_node_core *n, const uint8_t key_id[16],
                                  enum cs_err *err)
{
    struct cached_key *c = cached(n, key_id);

    *err = CS_OK;
    if (c != NULL) {
        return c;
    }
    c = free_slot(n);
    c->key = cs_key_new();
    *err = c->key == NULL ? CS_ERR_NOMEM : load(n, key_id, c->key, &c->info);
    if (*err != CS_OK) {
        drop_slot(c);
        return NULL;
    }
    c->used = ++n->key_clock;
    return c;
}

/* Reading one is some signatures to verify. */
struct cached_key *cs_nd_key_load_for(struct cs_node_core *n, struct peer *peer,
                                      const uint8_t key_id[16], enum cs_err *err)
{
    uint64_t at = peer->load_at > n->now ? peer->load_at : n->now;

    if (cached(n, key_id) == NULL) {
        if (at >= n->now + (uint64_t)MAX_KEY_LOADS * KEY_LOAD_MS) {
            *err = CS_ERR_LIMIT;
            return NULL;
        }
        peer->load_at = at + KEY_LOAD_MS;
    }
    return cs_nd_key_load(n, key_id, err);
}

enum cs_err cs_nd_key_read(struct cs_node_core *n, const uint8_t key_id[16],
                           struct cs_key **key, struct keyinfo *info)
{
    enum cs_err err;

    *key = cs_key_new();
    err = *key == NULL ? CS_ERR_NOMEM : read_records(n, key_id, *key, info);
    if (err != CS_OK) {
        cs_key_free(*key);
        *key = NULL;
    }
    return err;
}

bool cs_nd_key_exists(const struct cs_node_core *n, const uint8_t key_id[16])
{
    return cs_safe_has(n->safe, TABLE_KEY, CS_SPAN(key_id, 16));
}

bool cs_nd_key_gone(const struct cs_node_core *n, const uint8_t key_id[16])
{
    return cs_safe_has(n->safe, TABLE_GONE, CS_SPAN(key_id, 16));
}

void cs_nd_key_set_gone(struct cs_node_core *n, const uint8_t key_id[16],
                        const uint8_t C[32])
{
    if (!cs_nd_key_gone(n, key_id)) {
        write_count(n, GONE_COUNT, ++n->n_gone);
    }
    cs_nd_put(n, TABLE_GONE, CS_SPAN(key_id, 16), CS_SPAN(C, 32));
}

void cs_nd_key_erase(struct cs_node_core *n, const uint8_t key_id[16])
{
    cs_nd_key_forget(n, key_id);
    cs_frost_pool_drop_key(n->pool, key_id);
    cs_nd_del(n, TABLE_SHARE, CS_SPAN(key_id, 16));
    cs_nd_del(n, TABLE_KEY, CS_SPAN(key_id, 16));
    write_count(n, KEY_COUNT, --n->n_keys);
    cs_nd_kit_exists(n, key_id); /* none is needed any more */
}
