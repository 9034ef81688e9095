/* How many connections each client address has: a bounded table.  Debian's
 * libwebsockets is built without peer limits (RELIABILITY T29), so we count. */
#ifndef CS_NET_IP_LIMIT_H
#define CS_NET_IP_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct cs_ip {
    uint8_t b[16]; /* IPv4 as ::ffff:a.b.c.d; IPv6 by its /64 */
};

struct cs_ip_slot;
struct cs_ip_limit {
    struct cs_ip_slot *slots;
    size_t n_slots; /* a power of two, > 2 * max_total */
    size_t total, max_total, max_each;
};

bool cs_ip_limit_init(struct cs_ip_limit *l, size_t max_total, size_t max_each);
void cs_ip_limit_wipe(struct cs_ip_limit *l);
/* False for other address families. */
bool cs_ip_of(struct cs_ip *out, const struct sockaddr_storage *a);
bool cs_ip_limit_allows(const struct cs_ip_limit *l, const struct cs_ip *ip);
/* Connections of this address. */
size_t cs_ip_limit_count(const struct cs_ip_limit *l, const struct cs_ip *ip);
/* After allows() said yes, in the same turn of the loop. */
void cs_ip_limit_add(struct cs_ip_limit *l, const struct cs_ip *ip);
void cs_ip_limit_remove(struct cs_ip_limit *l, const struct cs_ip *ip);

#endif
