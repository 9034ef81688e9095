/* Making a libwebsockets context without marks on the process that hosts it.
 *
 * Libwebsockets ignores SIGPIPE whenever it makes a context: a handler that the process
 * has is put back.  Where there was none it stays ignored, since a peer that leaves
 * must not end the process.  Thread: loop. */
#ifndef CS_NET_LWS_MAKE_H
#define CS_NET_LWS_MAKE_H

struct cs_lws_end;
struct lws_context;
struct lws_context_creation_info;

/* http_proxy_address of a client vhost: connects directly, whatever http_proxy says. */
#define CS_LWS_NO_PROXY ":0"

/* lws_create_context on a loop of the caller's; end (zeroed) is for cs_lws_end_begin
 * and learns which descriptor the context wakes itself with.  Before the first one of a
 * process, libwebsockets' log, of which there is one a process, is led to base/log and
 * nowhere else, and its heap, of which there is one, too, is wiped when it is given
 * back (cs_realloc_wiping). */
struct lws_context *cs_lws_create(const struct lws_context_creation_info *info,
                                  struct cs_lws_end *end);

#endif
