#include "store/omap.h"

#include <string.h>

#include "base/mem.h"

struct cs_omap_key cs_omap_key(uint8_t table, struct cs_span key)
{
    struct cs_omap_key k;

    CS_ASSERT(key.n <= CS_KV_KEY_MAX);
    k.bytes[0] = table;
    if (key.n != 0) {
        memcpy(k.bytes + 1, key.p, key.n);
    }
    k.n = key.n + 1;
    return k;
}

struct cs_span cs_omap_key_span(const struct cs_omap_entry *e)
{
    return CS_SPAN(e->bytes + 1, e->key_len - 1);
}

struct cs_span cs_omap_value_span(const struct cs_omap_entry *e)
{
    return CS_SPAN(e->bytes + e->key_len, e->value_len);
}

struct cs_omap_entry *cs_omap_entry_new(uint8_t table, struct cs_span key,
                                        struct cs_span value)
{
    struct cs_omap_entry *e = cs_alloc(sizeof *e + 1 + key.n + value.n);

    if (e == NULL) {
        return NULL;
    }
    e->key_len = 1 + key.n;
    e->value_len = value.n;
    e->bytes[0] = table;
    if (key.n != 0) {
        memcpy(e->bytes + 1, key.p, key.n);
    }
    if (value.n != 0) {
        memcpy(e->bytes + e->key_len, value.p, value.n);
    }
    return e;
}

void cs_omap_entry_free(struct cs_omap_entry *e)
{
    if (e != NULL) {
        cs_free_wiped(e, sizeof *e + e->key_len + e->value_len);
    }
}

static int compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

    if (c == 0) {
        c = a_len < b_len ? -1 : (a_len > b_len ? 1 : 0);
    }
    return c;
}

static int compare_key(const struct cs_omap_key *k, const struct cs_omap_entry *e)
{
    return compare(k->bytes, k->n, e->bytes, e->key_len);
}

/* xorshift64*: shape of the tree only, nothing secret hangs on it. */
static uint64_t next_priority(struct cs_omap *m)
{
    uint64_t x = m->rng == 0 ? 0x9e3779b97f4a7c15u : m->rng;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    m->rng = x;
    return x * 0x2545f4914f6cdd1du;
}

struct cs_omap_entry *cs_omap_find(const struct cs_omap *m, const struct cs_omap_key *k)
{
    struct cs_omap_entry *e = m->root;

    while (e != NULL) {
        int c = compare_key(k, e);

        if (c == 0) {
            return e;
        }
        e = c < 0 ? e->left : e->right;
    }
    return NULL;
}

/* The tree t, which does not hold k, as two trees: keys below and above k. */
static void split(struct cs_omap_entry *t, const struct cs_omap_key *k,
                  struct cs_omap_entry **below, struct cs_omap_entry **above)
{
    while (t != NULL) {
        if (compare_key(k, t) < 0) {
            *above = t;
            above = &t->left;
            t = t->left;
        } else {
            *below = t;
            below = &t->right;
            t = t->right;
        }
    }
    *below = NULL;
    *above = NULL;
}

/* Puts the tree of (a < b) at *at. */
static void merge(struct cs_omap_entry **at, struct cs_omap_entry *a,
                  struct cs_omap_entry *b)
{
    while (a != NULL && b != NULL) {
        if (a->priority > b->priority) {
            *at = a;
            at = &a->right;
            a = a->right;
        } else {
            *at = b;
            at = &b->left;
            b = b->left;
        }
    }
    *at = a != NULL ? a : b;
}

struct cs_omap_entry *cs_omap_remove(struct cs_omap *m, const struct cs_omap_key *k)
{
    struct cs_omap_entry **at = &m->root;

    while (*at != NULL) {
        struct cs_omap_entry *e = *at;
        int c = compare_key(k, e);

        if (c == 0) {
            merge(at, e->left, e->right);
            m->n--;
            return e;
        }
        at = c < 0 ? &e->left : &e->right;
    }
    return NULL;
}

struct cs_omap_entry *cs_omap_put(struct cs_omap *m, struct cs_omap_entry *e)
{
    struct cs_omap_key k = cs_omap_key(e->bytes[0], cs_omap_key_span(e));
    struct cs_omap_entry *old = cs_omap_remove(m, &k);
    struct cs_omap_entry **at = &m->root;

    e->priority = next_priority(m);
    while (*at != NULL && (*at)->priority >= e->priority) {
        at = compare_key(&k, *at) < 0 ? &(*at)->left : &(*at)->right;
    }
    split(*at, &k, &e->left, &e->right);
    *at = e;
    m->n++;
    return old;
}

struct cs_omap_entry *cs_omap_next(const struct cs_omap *m, const struct cs_omap_key *k,
                                   bool after)
{
    struct cs_omap_entry *e = m->root, *best = NULL;

    while (e != NULL) {
        int c = compare_key(k, e);

        if (c < 0 || (c == 0 && !after)) {
            best = e;
            e = e->left;
        } else {
            e = e->right;
        }
    }
    return best;
}

struct cs_omap_entry *cs_omap_prev(const struct cs_omap *m, const struct cs_omap_key *k)
{
    struct cs_omap_entry *e = m->root, *best = NULL;

    while (e != NULL) {
        if (compare_key(k, e) > 0) {
            best = e;
            e = e->right;
        } else {
            e = e->left;
        }
    }
    return best;
}

struct cs_omap_entry *cs_omap_last(const struct cs_omap *m, uint8_t table)
{
    struct cs_omap_entry *e = m->root, *best = NULL;

    while (e != NULL) {
        if (e->bytes[0] <= table) {
            best = e;
            e = e->right;
        } else {
            e = e->left;
        }
    }
    return best != NULL && best->bytes[0] == table ? best : NULL;
}

void cs_omap_clear(struct cs_omap *m)
{
    /* Rotating left children up makes the walk need neither stack nor recursion. */
    struct cs_omap_entry *e = m->root;

    while (e != NULL) {
        struct cs_omap_entry *next = e->left;

        if (next != NULL) {
            e->left = next->right;
            next->right = e;
        } else {
            next = e->right;
            cs_omap_entry_free(e);
        }
        e = next;
    }
    m->root = NULL;
    m->n = 0;
}
