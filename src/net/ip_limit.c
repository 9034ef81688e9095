#include "net/ip_limit.h"

#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Open addressing.  A slot whose count falls to zero stays `used`, so that probe chains
 * stay whole, until the chain behind it ends; a new address may take it over. */
struct cs_ip_slot {
    struct cs_ip ip;
    size_t count;
    bool used;
};

bool cs_ip_limit_init(struct cs_ip_limit *l, size_t max_total, size_t max_each)
{
    size_t n = 64;

    while (n <= 2 * max_total) {
        n *= 2;
    }
    *l = (struct cs_ip_limit){
        .n_slots = n, .max_total = max_total, .max_each = max_each};
    l->slots = cs_alloc_array(n, sizeof *l->slots);
    return l->slots != NULL;
}

void cs_ip_limit_wipe(struct cs_ip_limit *l)
{
    cs_free(l->slots);
    *l = (struct cs_ip_limit){0};
}

bool cs_ip_of(struct cs_ip *out, const struct sockaddr_storage *a)
{
    *out = (struct cs_ip){0};
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;

        out->b[10] = out->b[11] = 0xff;
        memcpy(out->b + 12, &v4->sin_addr, 4);
        return true;
    }
    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

        /* One site has a /64; a mapped IPv4 address keeps all of it. */
        memcpy(out->b, &v6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8);
        return true;
    }
    return false;
}

static size_t hash(const struct cs_ip *ip)
{
    uint64_t h = 1469598103934665603ULL; /* FNV-1a */

    for (size_t i = 0; i < sizeof ip->b; i++) {
        h = (h ^ ip->b[i]) * 1099511628211ULL;
    }
    return (size_t)(h ^ h >> 32);
}

static bool same(const struct cs_ip *a, const struct cs_ip *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The slot of ip, else the first one it may take: NULL when the table is full. */
static struct cs_ip_slot *find(const struct cs_ip_limit *l, const struct cs_ip *ip)
{
    struct cs_ip_slot *vacant = NULL;
    size_t at = hash(ip);

    for (size_t i = 0; i < l->n_slots; i++, at++) {
        struct cs_ip_slot *s = &l->slots[at & (l->n_slots - 1)];

        if (s->used && s->count != 0 && same(&s->ip, ip)) {
            return s;
        }
        if (s->count == 0 && vacant == NULL) {
            vacant = s;
        }
        if (!s->used) {
            break;
        }
    }
    return vacant;
}

bool cs_ip_limit_allows(const struct cs_ip_limit *l, const struct cs_ip *ip)
{
    const struct cs_ip_slot *s = find(l, ip);

    return l->total < l->max_total && s != NULL && s->count < l->max_each;
}

size_t cs_ip_limit_count(const struct cs_ip_limit *l, const struct cs_ip *ip)
{
    const struct cs_ip_slot *s = find(l, ip);

    return s == NULL ? 0 : s->count;
}

void cs_ip_limit_add(struct cs_ip_limit *l, const struct cs_ip *ip)
{
    struct cs_ip_slot *s = find(l, ip);

    CS_ASSERT(s != NULL);
    s->ip = *ip;
    s->used = true;
    s->count++;
    l->total++;
}

/* Unmarks dead slots that no probe chain needs any more, backwards from s. */
static void bury(struct cs_ip_limit *l, struct cs_ip_slot *s)
{
    size_t mask = l->n_slots - 1, at = (size_t)(s - l->slots);

    while (l->slots[at].used && l->slots[at].count == 0 &&
           !l->slots[(at + 1) & mask].used) {
        l->slots[at].used = false;
        at = (at - 1) & mask;
    }
}

void cs_ip_limit_remove(struct cs_ip_limit *l, const struct cs_ip *ip)
{
    struct cs_ip_slot *s = find(l, ip);

    CS_ASSERT(s != NULL && s->count != 0 && l->total != 0);
    s->count--;
    l->total--;
    if (s->count == 0) {
        bury(l, s);
    }
}
