#include "platform/core/seen.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "platform/core/feed.h"
#include "platform/core/overview.h"
#include "platform/core/webhooks.h"

/* Of one request; the slot is its number modulo CS_SEEN_MAX, for numbers rise. */
struct cs_seen {
    uint64_t http_id;
    const struct cs_route *route; /* NULL: no such path */
    enum cs_actor_kind kind;
    char actor[37];
    bool waits;
};

void cs_seen_note(const struct cs_api *a)
{
    struct cs_platform_core *core = a->core;
    struct cs_seen *s;

    if (core->seen == NULL) {
        core->seen = cs_alloc_array(CS_SEEN_MAX, sizeof core->seen[0]);
        CS_ASSERT(core->seen != NULL);
    }
    s = &core->seen[a->http->id % CS_SEEN_MAX];
    s->http_id = a->http->id;
    s->route = a->route;
    s->kind = a->who.kind;
    (void)snprintf(s->actor, sizeof s->actor, "%s", a->actor);
    s->waits = a->wait_table != 0;
}

void cs_seen_free(struct cs_platform_core *core)
{
    cs_free(core->seen);
    core->seen = NULL;
}

/* ---- for the glue ------------------------------------------------------ */

bool cs_platform_core_request(const struct cs_platform_core *core, uint64_t http_id,
                              struct cs_platform_request *out)
{
    static const char *const kinds[] = {"none", "credential", "user"};
    const struct cs_seen *s = core->seen == NULL ? NULL
                                                 : &core->seen[http_id % CS_SEEN_MAX];

    memset(out, 0, sizeof *out);
    out->method = out->pattern = "";
    out->kind = kinds[0];
    if (s == NULL || s->http_id != http_id) {
        return false;
    }
    if (s->route != NULL) {
        out->method = s->route->method;
        out->pattern = s->route->pattern;
    }
    out->kind = kinds[s->kind];
    out->waits = s->waits;
    memcpy(out->actor, s->actor, sizeof out->actor);
    return true;
}

/* "/v2/vaults/{id}/.." -> "vaults"; what is below it has its own name where requests of
 * another weight are.  The table's words, so there are only so many. */
void cs_platform_route_class(char *out, size_t size, const char *pattern)
{
    static const char *const deep[] = {"/transactions", "/wallets"};
    const char *from = strncmp(pattern, "/v2/", 4) == 0 ? pattern + 4 : "other";

    for (size_t i = 0; i < CS_COUNTOF(deep); i++) {
        if (strstr(pattern, deep[i]) != NULL) {
            from = deep[i] + 1;
            break;
        }
    }
    (void)snprintf(out, size, "%.*s", (int)strcspn(from, "/"), from);
}

static void count_live(void *ctx, struct cs_pc_node *node)
{
    struct cs_platform_stats *s = ctx;
    const struct cs_pc_live *l = (const struct cs_pc_live *)(const void *)node;

    s->control_online += l->control != NULL ? 1 : 0;
    s->relay_online += l->relay != NULL ? 1 : 0;
    s->outbox += l->outbox_counted ? l->outbox : 0;
}

void cs_platform_core_stats(const struct cs_platform_core *core,
                            struct cs_platform_stats *out)
{
    struct cs_pc_map live = core->live;

    *out = core->stats;
    out->connections = core->conns.n;
    out->tokens = core->tokens.n;
    out->waits = core->n_waits;
    out->passwords = core->n_later;
    out->is_migrating = core->migration.is_on;
    out->viewers = core->feed == NULL ? 0 : core->feed->n_conns;
    out->paired = cs_overview_paired(core);
    cs_hooks_stats(core, out);
    cs_pc_map_each(&live, count_live, out);
}
