/* Token buckets in a fixed table.  Two names may share a bucket: then both are limited
 * together, which is safe, and the secret salt keeps anyone from choosing whom.  What
 * strangers send has one part of the table, ids of ours have another; guesses at
 * passwords have two more, since theirs refill slowly. */
#include <stdio.h>
#include <string.h>

#include "platform/core/api.h"

enum { PARTS = 4, PART = CS_PC_BUCKETS / PARTS, GROUPS = 8 };

enum part { IDS, STRANGERS, TRIES_KNOWN, TRIES };

/* Hex groups of an IPv6 address from p to end; at most GROUPS. */
static size_t read_groups(const char *p, const char *end, uint16_t out[GROUPS])
{
    size_t n = 0;
    bool is_open = false;

    for (; p < end && n < GROUPS; p++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *d = *p == '\0' ? NULL : strchr(digits, *p);

        if (d != NULL) {
            out[n] = (uint16_t)((is_open ? out[n] << 4 : 0) | (d - digits) % 16);
            is_open = true;
        } else {
            n += is_open ? 1 : 0;
            is_open = false;
        }
    }
    return n + (is_open && n < GROUPS ? 1 : 0);
}

/* Who is limited together: an IPv4 address, or the /64 of an IPv6 one. */
static void site_of(char *out, size_t size, const char *remote)
{
    const char *colon = strrchr(remote, ':'), *gap = strstr(remote, "::");
    const char *end = remote + strlen(remote);
    uint16_t head[GROUPS] = {0}, tail[GROUPS] = {0};
    size_t h, t;

    if (colon == NULL || strchr(remote, '.') != NULL) { /* also ::ffff:192.0.2.1 */
        (void)snprintf(out, size, "%s", colon == NULL ? remote : colon + 1);
        return;
    }
    h = read_groups(remote, gap == NULL ? end : gap, head);
    t = gap == NULL ? 0 : read_groups(gap + 2, end, tail);
    t = h + t > GROUPS ? GROUPS - h : t;
    memcpy(head + GROUPS - t, tail, t * sizeof tail[0]);
    (void)snprintf(out, size, "%x:%x:%x:%x", head[0], head[1], head[2], head[3]);
}

bool cs_api_same_site(const char *a, const char *b)
{
    char site_a[64], site_b[64];

    site_of(site_a, sizeof site_a, a);
    site_of(site_b, sizeof site_b, b);
    return strcmp(site_a, site_b) == 0;
}

static struct cs_pc_bucket *find(struct cs_platform_core *core, const char *kind,
                                 const char *text, enum part part)
{
    uint8_t d[32];
    size_t at;
    char label[32];

    (void)snprintf(label, sizeof label, "rate/%s", kind);
    cs_pc_digest(d, label, CS_SPAN_OF(core->bucket_salt), CS_SPAN(text, strlen(text)));
    at = ((size_t)d[0] << 16 | (size_t)d[1] << 8 | d[2]) % PART + part * PART;
    return &core->buckets[at];
}

static struct cs_pc_bucket *bucket(struct cs_platform_core *core, const char *kind,
                                   const char *text, uint32_t burst, uint32_t per_s,
                                   enum part part)
{
    struct cs_pc_bucket *b = find(core, kind, text, part);
    uint64_t full = (uint64_t)burst * 1000, gained;

    gained = b->at_ms == 0 ? full : (core->now_ms - b->at_ms) * per_s;
    b->level = gained >= full || b->level + gained > full ? full : b->level + gained;
    b->at_ms = core->now_ms == 0 ? 1 : core->now_ms;
    return b;
}

static bool take(struct cs_pc_bucket *b, uint32_t n)
{
    if (b->level < UINT64_C(1000) * n) {
        return false;
    }
    b->level -= UINT64_C(1000) * n;
    return true;
}

bool cs_api_take(struct cs_platform_core *core, const char *kind, const char *text,
                 uint32_t burst, uint32_t per_s)
{
    return take(bucket(core, kind, text, burst, per_s, IDS), 1);
}

bool cs_api_take_from(struct cs_platform_core *core, const char *kind,
                      const char *remote, uint32_t burst, uint32_t per_s)
{
    char site[64];

    site_of(site, sizeof site, remote);
    return take(bucket(core, kind, site, burst, per_s, STRANGERS), 1);
}

/* ---- guesses ----------------------------------------------------------- */

/* Refills slowly, so fractions count: time that gave none is not forgotten. */
static struct cs_pc_bucket *slow_bucket(struct cs_platform_core *core, const char *kind,
                                        const char *text, uint32_t burst,
                                        enum part part)
{
    uint64_t full = (uint64_t)burst * 1000, per = CS_TRIES_S, gained;
    struct cs_pc_bucket *b = find(core, kind, text, part);

    if (b->at_ms == 0) {
        b->level = full;
        b->at_ms = core->now_ms == 0 ? 1 : core->now_ms;
    }
    gained = (core->now_ms - b->at_ms) * burst / per; /* thousandths */
    if (b->level + gained >= full) {
        b->level = full;
        b->at_ms = core->now_ms == 0 ? 1 : core->now_ms;
    } else {
        b->level += gained;
        b->at_ms += gained * per / burst;
    }
    return b;
}

struct tries {
    struct cs_pc_bucket *site, *name;
};

static struct tries tries_of(struct cs_platform_core *core, const char *remote,
                             const char *name, bool known)
{
    char site[64];

    site_of(site, sizeof site, remote);
    return (struct tries){
        .site = slow_bucket(core, "try-site", site, CS_TRIES_SITE, TRIES),
        .name = slow_bucket(core, known ? "try-known" : "try-name", name, CS_TRIES,
                            known ? TRIES_KNOWN : TRIES)};
}

bool cs_api_try(struct cs_platform_core *core, const char *remote, const char *name,
                bool known)
{
    struct tries t = tries_of(core, remote, name, known);

    return take(t.site, 1) && take(t.name, 1);
}

void cs_api_try_back(struct cs_platform_core *core, const char *remote,
                     const char *name, bool known)
{
    struct tries t = tries_of(core, remote, name, known);

    t.site->level += 1000; /* at most full at the next look */
    t.name->level += 1000;
}

bool cs_api_work(struct cs_api *a, size_t n)
{
    uint32_t per_s = a->core->cfg.limits.work_rate, burst = 2 * per_s;

    return take(bucket(a->core, "work", a->actor, burst, per_s, IDS),
                n < burst ? (uint32_t)n : burst);
}
