#include "net/dns_pick.h"

#include <sys/socket.h>

#include "base/span.h"

bool cs_dns_pick(char ip[CS_DNS_IP_LEN], const struct addrinfo *list)
{
    static const int families[] = {AF_INET, AF_INET6};

    for (size_t f = 0; f < CS_COUNTOF(families); f++) {
        for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
            if (a->ai_family == families[f] &&
                getnameinfo(a->ai_addr, a->ai_addrlen, ip, CS_DNS_IP_LEN, NULL, 0,
                            NI_NUMERICHOST) == 0) {
                return true;
            }
        }
    }
    return false;
}
