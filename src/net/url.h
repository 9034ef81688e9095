/* The URL a node dials, and the address a platform listens on.  Any thread. */
#ifndef CS_NET_URL_H
#define CS_NET_URL_H

#include "base/why.h"

enum { CS_URL_HOST_MAX = 128, CS_URL_PATH_MAX = 256 };

struct cs_url {
    char host[CS_URL_HOST_MAX]; /* name or IPv4 address, never empty: it is what the
                                   certificate is checked for */
    char path[CS_URL_PATH_MAX]; /* starts with '/', with query */
    int port;                   /* 443 when none is given */
};

/* "wss://host[:port][/path]".  CONFIG for anything else: ws:// (no TLS), user info, a
 * fragment, an IPv6 literal (libwebsockets could not check the certificate for it). */
enum cs_err cs_url_parse(struct cs_url *out, const char *text, struct cs_why *why)
    CS_MUST_USE;

/* "HOST:PORT": HOST is an IPv4 or bracketed IPv6 address, or "localhost"; port 0 lets
 * the system choose.  host becomes the bare address. */
enum cs_err cs_listen_parse(char host[CS_URL_HOST_MAX], int *port, const char *text,
                            struct cs_why *why) CS_MUST_USE;

#endif
