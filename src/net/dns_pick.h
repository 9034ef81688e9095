/* Which of a name's addresses is dialled: the first IPv4 one, else the first IPv6 one:
 * a name with both must not fail half of the time on hosts without IPv6.  Any thread.
 */
#ifndef CS_NET_DNS_PICK_H
#define CS_NET_DNS_PICK_H

#include <netdb.h>
#include <stdbool.h>

enum { CS_DNS_IP_LEN = 64 };

/* As text; false: the list (NULL allowed) has neither. */
bool cs_dns_pick(char ip[CS_DNS_IP_LEN], const struct addrinfo *list);

#endif
