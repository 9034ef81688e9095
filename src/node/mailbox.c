#include "node/mailbox.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { LETTER_EVENT = -1 };

struct letter {
    struct letter *next;
    int kind;
    uint64_t id;
    char *word, *json; /* behind the struct, each with a NUL; wiped */
    size_t json_len, size;
};

struct cs_mailbox {
    uv_idle_t idle; /* active while letters wait: the loop does not sleep */
    const struct cs_mailbox_ops *ops;
    void *ctx;
    struct letter *first, **last;
    size_t n_events;
    unsigned long n_lost;
    bool closing, dropped;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static struct letter *make(int kind, uint64_t id, const char *word, struct cs_span json)
{
    size_t word_len = strlen(word),
           size = sizeof(struct letter) + word_len + json.n + 2;
    struct letter *l = cs_alloc(size);

    if (l == NULL) {
        return NULL;
    }
    *l = (struct letter){.kind = kind, .id = id, .json_len = json.n, .size = size};
    l->word = (char *)(l + 1);
    l->json = l->word + word_len + 1;
    memcpy(l->word, word, word_len);
    if (json.n != 0) {
        memcpy(l->json, json.p, json.n);
    }
    return l;
}

static void deliver_one(struct cs_mailbox *m)
{
    struct letter *l = m->first;
    struct cs_span json = CS_SPAN(l->json, l->json_len);

    m->first = l->next;
    if (m->first == NULL) {
        m->last = &m->first;
    }
    if (l->kind == LETTER_EVENT) {
        m->n_events--;
        m->ops->event(m->ctx, l->word, json);
    } else {
        m->ops->letter(m->ctx, l->kind, l->id, json);
    }
    cs_free_wiped(l, l->size);
}

static void tell_lost(struct cs_mailbox *m)
{
    char json[64];
    int n = snprintf(json, sizeof json, "{\"count\":%lu}", m->n_lost);

    m->n_lost = 0;
    m->ops->event(m->ctx, "lost", CS_SPAN(json, (size_t)n));
}

/* A turn delivers what waited at its beginning; a callback that always adds one more
 * must not keep the loop from its other work. */
static void on_idle(uv_idle_t *idle)
{
    struct cs_mailbox *m = CS_CONTAINER_OF(idle, struct cs_mailbox, idle);
    size_t n = 0;

    for (const struct letter *l = m->first; l != NULL; l = l->next) {
        n++;
    }
    while (n-- != 0) {
        deliver_one(m);
    }
    if (m->first == NULL && m->n_lost != 0) {
        tell_lost(m);
    }
    if (m->first == NULL) {
        (void)uv_idle_stop(&m->idle);
    }
}

static void add(struct cs_mailbox *m, struct letter *l)
{
    *m->last = l;
    m->last = &l->next;
    CS_ASSERT(uv_idle_start(&m->idle, on_idle) == 0);
}

struct cs_mailbox *cs_mailbox_new(uv_loop_t *loop, const struct cs_mailbox_ops *ops,
                                  void *ctx)
{
    struct cs_mailbox *m = cs_alloc(sizeof *m);

    if (m != NULL) {
        CS_ASSERT(uv_idle_init(loop, &m->idle) == 0);
        m->ops = ops;
        m->ctx = ctx;
        m->last = &m->first;
    }
    return m;
}

void cs_mailbox_event(struct cs_mailbox *m, const char *word, struct cs_span json)
{
    struct letter *l = NULL;

    if (m->closing) {
        return;
    }
    if (m->n_events < CS_MAILBOX_EVENTS_MAX && m->n_lost == 0) {
        l = make(LETTER_EVENT, 0, word, json);
    }
    if (l == NULL) {
        m->n_lost++; /* and all that come until this is told: no gap in the middle */
        CS_ASSERT(uv_idle_start(&m->idle, on_idle) == 0);
        return;
    }
    m->n_events++;
    add(m, l);
}

void cs_mailbox_post(struct cs_mailbox *m, int kind, uint64_t id, struct cs_span json)
{
    if (!m->closing) {
        struct letter *l = make(kind, id, "", json);

        CS_ASSERT(l != NULL);
        add(m, l);
    }
}

/* Here, not in cs_mailbox_close: that may be inside a function of cs_node.h. */
static void empty(struct cs_mailbox *m)
{
    while (m->first != NULL && !m->dropped) {
        deliver_one(m); /* nothing is added any more: this ends */
    }
    if (m->n_lost != 0 && !m->dropped) {
        tell_lost(m);
    }
    while (m->first != NULL) {
        struct letter *l = m->first;

        m->first = l->next;
        cs_free_wiped(l, l->size);
    }
}

static void idle_closed(uv_handle_t *handle)
{
    struct cs_mailbox *m = CS_CONTAINER_OF(handle, struct cs_mailbox, idle);
    void (*closed)(void *ctx) = m->closed;
    void *ctx = m->closed_ctx;

    empty(m);
    cs_free(m);
    if (closed != NULL) {
        closed(ctx);
    }
}

void cs_mailbox_close(struct cs_mailbox *m, void (*closed)(void *ctx), void *ctx)
{
    m->closing = true;
    m->closed = closed;
    m->closed_ctx = ctx;
    uv_close((uv_handle_t *)&m->idle, idle_closed);
}

void cs_mailbox_drop(struct cs_mailbox *m)
{
    m->dropped = true;
    cs_mailbox_close(m, NULL, NULL);
}
