/* The request of a probe as bytes: for probe_server.c and its fuzzing.  Pure. */
#ifndef CS_NET_PROBE_REQUEST_H
#define CS_NET_PROBE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum { CS_PROBE_URL_MAX = 128 };

/* One whole head (it ends with an empty line), of n bytes.  Returns the status to
 * answer with when it is refused, else 200 and the path.  Host must be localhost,
 * 127.0.0.1 or
 * [::1], with or without a port; with any_host (a Unix socket) it is not looked at. */
int cs_probe_request(char path[CS_PROBE_URL_MAX], const char *head, size_t n,
                     bool any_host);
/* Length of the head with its empty line; 0: not whole yet. */
size_t cs_probe_head_len(const char *p, size_t n);

#endif
