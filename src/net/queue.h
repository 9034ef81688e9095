/* A first-in first-out list of links embedded in what is queued. */
#ifndef CS_NET_QUEUE_H
#define CS_NET_QUEUE_H

#include <stddef.h>

struct cs_link {
    struct cs_link *next;
};

struct cs_queue {
    struct cs_link *first, *last;
    size_t n;
};

static inline void cs_queue_push(struct cs_queue *q, struct cs_link *l)
{
    l->next = NULL;
    if (q->last == NULL) {
        q->first = l;
    } else {
        q->last->next = l;
    }
    q->last = l;
    q->n++;
}

/* NULL when empty. */
static inline struct cs_link *cs_queue_pop(struct cs_queue *q)
{
    struct cs_link *l = q->first;

    if (l != NULL) {
        q->first = l->next;
        q->n--;
        if (q->first == NULL) {
            q->last = NULL;
        }
    }
    return l;
}

#endif
