/* Ordered map of byte strings: pending writes of a db, content of the memory back end.
 *
 * A treap with intrusive entries: no operation but entry_new allocates, so a change
 * that was prepared cannot fail.  Keys are the table byte followed by the key.  The
 * caller owns entries; put and remove hand old ones back. */
#ifndef CS_STORE_OMAP_H
#define CS_STORE_OMAP_H

#include "base/err.h"
#include "base/span.h"
#include "store/kv.h"

enum { CS_OMAP_KEY_MAX = 1 + CS_KV_KEY_MAX };

struct cs_omap_entry {
    struct cs_omap_entry *left, *right;
    uint64_t priority;
    struct cs_omap_entry *older, *newer; /* list of the caller */
    uint64_t seq;
    bool del;
    size_t key_len, value_len;
    uint8_t bytes[]; /* key, then value */
};

struct cs_omap {
    struct cs_omap_entry *root;
    size_t n;
    uint64_t rng;
};

/* Table and key in one buffer. */
struct cs_omap_key {
    uint8_t bytes[CS_OMAP_KEY_MAX];
    size_t n;
};
struct cs_omap_key cs_omap_key(uint8_t table, struct cs_span key); /* key checked */
struct cs_span cs_omap_key_span(const struct cs_omap_entry *e); /* without the table */
struct cs_span cs_omap_value_span(const struct cs_omap_entry *e);

struct cs_omap_entry *cs_omap_entry_new(uint8_t table, struct cs_span key,
                                        struct cs_span value) CS_MUST_USE;
void cs_omap_entry_free(struct cs_omap_entry *e); /* wipes; NULL allowed */

struct cs_omap_entry *cs_omap_find(const struct cs_omap *m,
                                   const struct cs_omap_key *k);
/* Takes e; returns the entry with the same key that it replaces, or NULL. */
struct cs_omap_entry *cs_omap_put(struct cs_omap *m, struct cs_omap_entry *e);
/* Unlinks and returns the entry, NULL when absent. */
struct cs_omap_entry *cs_omap_remove(struct cs_omap *m, const struct cs_omap_key *k);
/* Over all tables: first entry >= k (> k when after), last entry < k. */
struct cs_omap_entry *cs_omap_next(const struct cs_omap *m, const struct cs_omap_key *k,
                                   bool after);
struct cs_omap_entry *cs_omap_prev(const struct cs_omap *m,
                                   const struct cs_omap_key *k);
/* Last entry of a table, NULL when it has none. */
struct cs_omap_entry *cs_omap_last(const struct cs_omap *m, uint8_t table);
void cs_omap_clear(struct cs_omap *m); /* frees every entry */

#endif
