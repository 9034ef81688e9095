#include "net/outbox.h"

#include <libwebsockets.h>
#include <string.h>

#include "base/mem.h"

struct message {
    struct cs_link link;
    size_t n;
    unsigned char *buf; /* LWS_PRE + n bytes */
};

static struct message *message_of(struct cs_link *link)
{
    return CS_CONTAINER_OF(link, struct message, link);
}

enum cs_err cs_outbox_add(struct cs_outbox *o, struct cs_span data)
{
    struct message *m;

    if (o->q.n >= o->max_count || data.n > o->max_bytes ||
        o->bytes > o->max_bytes - data.n) {
        return CS_ERR_FULL;
    }
    m = cs_alloc(sizeof *m);
    if (m == NULL) {
        return CS_ERR_NOMEM;
    }
    m->buf = cs_alloc(LWS_PRE + data.n);
    if (m->buf == NULL) {
        cs_free(m);
        return CS_ERR_NOMEM;
    }
    m->n = data.n;
    if (data.n != 0) {
        memcpy(m->buf + LWS_PRE, data.p, data.n);
    }
    cs_queue_push(&o->q, &m->link);
    o->bytes += data.n;
    return CS_OK;
}

unsigned char *cs_outbox_first(struct cs_outbox *o, size_t *n)
{
    struct message *m;

    if (o->q.first == NULL) {
        return NULL;
    }
    m = message_of(o->q.first);
    *n = m->n;
    return m->buf + LWS_PRE;
}

void cs_outbox_drop_first(struct cs_outbox *o)
{
    struct message *m = message_of(cs_queue_pop(&o->q));

    o->bytes -= m->n;
    cs_free_wiped(m->buf, LWS_PRE + m->n);
    cs_free(m);
}

void cs_outbox_free(struct cs_outbox *o)
{
    while (o->q.first != NULL) {
        cs_outbox_drop_first(o);
    }
}
