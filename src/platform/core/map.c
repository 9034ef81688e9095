#include "platform/core/map.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static void key_fill(uint8_t out[CS_PC_KEY], const void *key, size_t n)
{
    CS_ASSERT(n <= CS_PC_KEY);
    memset(out, 0, CS_PC_KEY);
    memcpy(out, key, n);
}

/* FNV-1a: the keys are our random ids, digests or the glue's numbers, so nobody outside
 * can choose collisions. */
static size_t slot_of(const struct cs_pc_map *m, const uint8_t key[CS_PC_KEY])
{
    uint64_t h = 14695981039346656037ULL;

    for (size_t i = 0; i < CS_PC_KEY; i++) {
        h = (h ^ key[i]) * 1099511628211ULL;
    }
    return (size_t)(h ^ (h >> 32)) & (m->n_slots - 1);
}

static void grow(struct cs_pc_map *m)
{
    struct cs_pc_map old = *m;

    m->n_slots = old.n_slots == 0 ? 64 : old.n_slots * 2;
    m->slots = cs_alloc_array(m->n_slots, sizeof(struct cs_pc_node *));
    CS_ASSERT(m->slots != NULL);
    for (size_t i = 0; i < old.n_slots; i++) {
        struct cs_pc_node *node = old.slots[i];

        while (node != NULL) {
            struct cs_pc_node *next = node->next;
            size_t at = slot_of(m, node->key);

            node->next = m->slots[at];
            m->slots[at] = node;
            node = next;
        }
    }
    cs_free(old.slots);
}

void cs_pc_map_put(struct cs_pc_map *m, struct cs_pc_node *node, const void *key,
                   size_t n)
{
    size_t at;

    if (m->n >= m->n_slots) {
        grow(m);
    }
    key_fill(node->key, key, n);
    at = slot_of(m, node->key);
    node->next = m->slots[at];
    m->slots[at] = node;
    m->n++;
}

struct cs_pc_node *cs_pc_map_get(const struct cs_pc_map *m, const void *key, size_t n)
{
    uint8_t full[CS_PC_KEY];

    if (m->n_slots == 0) {
        return NULL;
    }
    key_fill(full, key, n);
    for (struct cs_pc_node *node = m->slots[slot_of(m, full)]; node != NULL;
         node = node->next) {
        if (memcmp(node->key, full, CS_PC_KEY) == 0) {
            return node;
        }
    }
    return NULL;
}

void cs_pc_map_del(struct cs_pc_map *m, struct cs_pc_node *node)
{
    struct cs_pc_node **at = &m->slots[slot_of(m, node->key)];

    while (*at != node) {
        CS_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = node->next;
    node->next = NULL;
    m->n--;
}

void cs_pc_map_each(struct cs_pc_map *m, void (*fn)(void *ctx, struct cs_pc_node *node),
                    void *ctx)
{
    for (size_t i = 0; i < m->n_slots; i++) {
        struct cs_pc_node *node = m->slots[i];

        while (node != NULL) {
            struct cs_pc_node *next = node->next;

            fn(ctx, node);
            node = next;
        }
    }
}

void cs_pc_map_free(struct cs_pc_map *m)
{
    cs_free(m->slots);
    *m = (struct cs_pc_map){0};
}
