/* Hash table for what lives in memory only: connections, devices, tokens.
 * Nodes are embedded as first member and owned by the user. */
#ifndef CS_PLATFORM_CORE_MAP_H
#define CS_PLATFORM_CORE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CS_PC_KEY = 32 };

struct cs_pc_node {
    struct cs_pc_node *next;
    uint8_t key[CS_PC_KEY]; /* zero padded; spread already: ids, digests, numbers */
};

struct cs_pc_map {
    struct cs_pc_node **slots;
    size_t n_slots, n;
};

/* Asserts that there is memory (env.h: a step must not be half done). */
void cs_pc_map_put(struct cs_pc_map *m, struct cs_pc_node *node, const void *key,
                   size_t n);
struct cs_pc_node *cs_pc_map_get(const struct cs_pc_map *m, const void *key, size_t n);
/* Unlinks; the node stays the caller's. */
void cs_pc_map_del(struct cs_pc_map *m, struct cs_pc_node *node);
/* All nodes in no order; fn may delete the node it got. */
void cs_pc_map_each(struct cs_pc_map *m, void (*fn)(void *ctx, struct cs_pc_node *node),
                    void *ctx);
void cs_pc_map_free(struct cs_pc_map *m); /* the slots, not the nodes */

#endif
