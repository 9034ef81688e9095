/* Messages of one connection that wait to be written: bounded in number and bytes.
 * Each keeps LWS_PRE bytes in front, where libwebsockets puts its header.  Wiped when
 * freed.  Thread: loop. */
#ifndef CS_NET_OUTBOX_H
#define CS_NET_OUTBOX_H

#include "base/err.h"
#include "base/span.h"
#include "net/queue.h"

struct cs_outbox {
    struct cs_queue q;
    size_t bytes;
    size_t max_count, max_bytes; /* set by the owner */
};

/* Copies.  FULL (nothing added), NOMEM. */
enum cs_err cs_outbox_add(struct cs_outbox *o, struct cs_span data) CS_MUST_USE;
/* The oldest message: NULL when empty.  LWS_PRE writable bytes are before *p. */
unsigned char *cs_outbox_first(struct cs_outbox *o, size_t *n);
void cs_outbox_drop_first(struct cs_outbox *o);
void cs_outbox_free(struct cs_outbox *o);

#endif
