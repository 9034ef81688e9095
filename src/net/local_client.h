/* The other end of local_server.h, for command-line programs: blocking. */
#ifndef CS_NET_LOCAL_CLIENT_H
#define CS_NET_LOCAL_CLIENT_H

#include "base/span.h"
#include "base/why.h"
#include "base/wr.h"

/* Asks dir/name one question (one line of JSON, without line break) and appends the
 * answer, without line break, to out.  CONN when nobody listens, TIMEOUT, PROTOCOL. */
enum cs_err cs_local_ask(struct cs_wr *out, const char *dir, const char *name,
                         struct cs_span question, struct cs_why *why) CS_MUST_USE;

#endif
