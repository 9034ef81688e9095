/* The approver of this node: asked once for each request, after the node's own checks
 * and its policy, and before anything of the request leaves that depends on a share or
 * nonce (cs_nd_sign_try, answer.c and ecdsa_answer.c ask cs_nd_approval).
 *
 *   command -> checks -> policy -> ASK .. VERDICT -> intent durable -> share
 *
 * The verdict is remembered in memory until the request's life is over, so that another
 * attempt does not ask again; a restart forgets it, and asks again.  The platform says
 * when that life ends, so what was allowed counts for KEEP_MS at most: a yes of today
 * is none for next year.  A refusal is final on this node.  No answer in APPROVAL_MS is
 * one. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "wire/jsonx.h"

enum {
    LATE_MS = 120000,  /* as cs_request_fresh: clocks differ */
    KEEP_MS = 3600000, /* many times the life of an honest platform's request */
};

static struct approval *find(const struct cs_node_core *n, const uint8_t id[16])
{
    for (struct approval *a = n->approvals; a != NULL; a = a->next) {
        if (memcmp(a->request_id, id, 16) == 0) {
            return a;
        }
    }
    return NULL;
}

/* ---- the table ---------------------------------------------------------------- */

static void drop(struct cs_node_core *n, struct approval **at)
{
    struct approval *a = *at;

    *at = a->next;
    n->n_approvals--;
    cs_free(a);
}

static void drop_expired(struct cs_node_core *n)
{
    struct approval **at = &n->approvals;

    while (*at != NULL) {
        if ((*at)->state != APPROVAL_ASKED && (*at)->expires_ms < n->wall - LATE_MS) {
            drop(n, at);
        } else {
            at = &(*at)->next;
        }
    }
}

/* The oldest that was decided so and has no work: at worst it is asked again. */
static bool drop_oldest(struct cs_node_core *n, enum approval_state state)
{
    struct approval **at = &n->approvals;

    while (*at != NULL) {
        if ((*at)->state == state && cs_nd_work_find(n, (*at)->request_id) == NULL) {
            drop(n, at);
            return true;
        }
        at = &(*at)->next;
    }
    return false;
}

static bool make_room(struct cs_node_core *n)
{
    if (n->n_approvals < MAX_APPROVALS) {
        return true;
    }
    drop_expired(n);
    return n->n_approvals < MAX_APPROVALS || drop_oldest(n, APPROVAL_ALLOWED) ||
           drop_oldest(n, APPROVAL_REFUSED);
}

static struct approval *add(struct cs_node_core *n, const struct work *w)
{
    struct approval *a = make_room(n) ? cs_alloc(sizeof *a) : NULL;
    struct approval **at = &n->approvals;

    if (a == NULL) {
        return NULL;
    }
    memcpy(a->request_id, w->req.request_id, 16);
    memcpy(a->reqh, w->reqh, 32);
    a->id = ++n->next_ask;
    a->state = APPROVAL_ASKED;
    a->deadline = n->now + CS_CTL_APPROVAL_MS;
    a->expires_ms = w->req.expires_ms;
    while (*at != NULL) { /* oldest first */
        at = &(*at)->next;
    }
    *at = a;
    n->n_approvals++;
    return a;
}

void cs_nd_approvals_free(struct cs_node_core *n)
{
    while (n->approvals != NULL) {
        drop(n, &n->approvals);
    }
}

/* ---- asking ------------------------------------------------------------------- */

/* What the platform and its people hear besides the reason; no word of the approver's
 * or the policy's: it may be hacked (RELIABILITY T15). */
void cs_nd_say_step(struct cs_node_core *n, const uint8_t request_id[16],
                    const struct quorum *q, const char *step, const char *text)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_REQUEST_STEP};
    struct cs_ctl_request_step *b = &f.u.request_step;

    memcpy(b->request_id, request_id, 16);
    b->index = q->roster.self;
    (void)snprintf(b->step, sizeof b->step, "%s", step);
    (void)snprintf(b->text, sizeof b->text, "%s", text);
    cs_nd_outbox_put(n, &f);
}

static bool is_stale(const struct cs_node_core *n, const struct approval *a)
{
    return a->state == APPROVAL_ALLOWED && n->now >= a->deadline + KEEP_MS;
}

bool cs_nd_approval_known(const struct cs_node_core *n, const struct work *w)
{
    const struct approval *a = find(n, w->req.request_id);

    return !n->ask || (a != NULL && !is_stale(n, a));
}

static void drop_stale(struct cs_node_core *n, const struct approval *stale)
{
    struct approval **at = &n->approvals;

    while (*at != stale) {
        at = &(*at)->next;
    }
    drop(n, at);
}

enum cs_err cs_nd_approval_ask(struct cs_node_core *n, struct work *w,
                               struct cs_span question)
{
    struct approval *a = find(n, w->req.request_id);
    char id[CS_UUID_LEN];

    if (!n->ask) {
        return CS_OK;
    }
    if (a != NULL && memcmp(a->reqh, w->reqh, 32) != 0) {
        return CS_ERR_REQUEST_CONFLICT; /* that id was asked for something else */
    }
    if (a != NULL && is_stale(n, a)) {
        drop_stale(n, a);
    } else if (a != NULL) {
        return a->state == APPROVAL_REFUSED ? a->why : CS_OK;
    }
    a = question.n == 0 ? NULL : add(n, w);
    if (a == NULL) {
        return CS_ERR_LIMIT;
    }
    cs_log(CS_LOG_INFO, "approval", "request %s: the approver is asked",
           cs_uuid_text(id, w->req.request_id));
    cs_emit_ask(n->out, a->id, question);
    cs_nd_say_step(n, w->req.request_id, w->q, "APPROVAL_PENDING",
                   "this node asks its approver");
    return CS_OK;
}

enum cs_err cs_nd_approval(const struct cs_node_core *n, const struct work *w)
{
    const struct approval *a;

    if (!n->ask || w->kind != WORK_SIGN) {
        return CS_OK;
    }
    a = find(n, w->req.request_id);
    if (a == NULL || memcmp(a->reqh, w->reqh, 32) != 0) {
        return CS_ERR_APPROVAL_REFUSED; /* never asked: nothing may leave */
    }
    switch (a->state) {
    case APPROVAL_ASKED:
        return CS_ERR_STATE;
    case APPROVAL_REFUSED:
        return a->why;
    case APPROVAL_ALLOWED:
        break;
    }
    return CS_OK;
}

uint64_t cs_nd_approval_until(const struct cs_node_core *n, const struct work *w)
{
    const struct approval *a = find(n, w->req.request_id);

    return a == NULL ? n->now : a->deadline;
}

enum cs_err cs_nd_approval_refused(const struct cs_node_core *n,
                                   const uint8_t request_id[16])
{
    const struct approval *a = find(n, request_id);

    return a != NULL && a->state == APPROVAL_REFUSED ? a->why : CS_OK;
}

/* ---- the verdict -------------------------------------------------------------- */

static struct work *work_of(const struct cs_node_core *n, const struct approval *a)
{
    struct work *w = cs_nd_work_find(n, a->request_id);

    return w != NULL && w->kind == WORK_SIGN && memcmp(w->reqh, a->reqh, 32) == 0
               ? w
               : NULL;
}

static void refuse(struct cs_node_core *n, struct approval *a, enum cs_err err,
                   const char *reason)
{
    struct work *w = work_of(n, a);
    struct quorum *q = w == NULL ? NULL : w->q;
    char id[CS_UUID_LEN];

    a->state = APPROVAL_REFUSED;
    a->why = err;
    cs_log(CS_LOG_WARN, "approval", "request %s is refused: %s",
           cs_uuid_text(id, a->request_id), reason);
    if (w != NULL) {
        cs_nd_say_step(n, a->request_id, q, cs_err_reason(err), cs_err_text(err));
        cs_nd_work_failed(n, w, err, "approval", 0);
        cs_nd_unpark(n, q); /* the peer's message gets its refusal */
    }
}

static void allow(struct cs_node_core *n, struct approval *a)
{
    struct work *w = work_of(n, a);
    char id[CS_UUID_LEN];
    struct quorum *q;
    enum cs_err err;

    a->state = APPROVAL_ALLOWED;
    cs_log(CS_LOG_INFO, "approval", "request %s: the approver allows it",
           cs_uuid_text(id, a->request_id));
    if (w == NULL) {
        return; /* called off, or between two attempts: the next one need not ask */
    }
    q = w->q;
    cs_nd_say_step(n, a->request_id, q, "APPROVED", "this node's approver allows it");
    err = cs_request_fresh(&w->req, n->wall);
    if (err != CS_OK) {
        cs_nd_work_failed(n, w, err, "approval", 0);
        return;
    }
    cs_nd_sign_try(n, w); /* may end it */
    cs_nd_unpark(n, q);
}

/* Only refusals of this list leave as they are. */
static enum cs_err refusal_of(enum cs_err err)
{
    switch (err) {
    case CS_ERR_APPROVAL_REFUSED:
    case CS_ERR_APPROVAL_TIMEOUT:
    case CS_ERR_POLICY_REFUSED:
        return err;
    default:
        return CS_ERR_APPROVAL_FAILED;
    }
}

void cs_nd_verdict(struct cs_node_core *n, uint64_t id, enum cs_err err,
                   struct cs_span reason)
{
    struct approval *a = n->approvals;
    char text[256];

    while (a != NULL && (a->id != id || a->state != APPROVAL_ASKED)) {
        a = a->next;
    }
    if (a == NULL) {
        cs_log(CS_LOG_INFO, "approval", "a verdict came that nobody waits for");
        return;
    }
    if (n->now >= a->deadline) { /* the clock's turn, in this step */
        return;
    }
    n->metrics->approvals[err == CS_OK ? CS_MX_ALLOWED : CS_MX_REFUSED]++;
    if (err == CS_OK) {
        allow(n, a);
        return;
    }
    (void)snprintf(text, sizeof text, "%.*s",
                   (int)(reason.n < sizeof text ? reason.n : sizeof text - 1),
                   reason.p == NULL ? "" : (const char *)reason.p);
    refuse(n, a, refusal_of(err), text);
}

void cs_nd_approvals_time(struct cs_node_core *n)
{
    struct approval *a = n->approvals;

    while (a != NULL) {
        if (a->state == APPROVAL_ASKED && a->deadline <= n->now) {
            n->metrics->approvals[CS_MX_NO_ANSWER]++;
            refuse(n, a, CS_ERR_APPROVAL_TIMEOUT, cs_err_text(CS_ERR_APPROVAL_TIMEOUT));
            a = n->approvals; /* what follows a refusal may change the list */
        } else {
            a = a->next;
        }
    }
}

uint64_t cs_nd_approvals_deadline(const struct cs_node_core *n)
{
    uint64_t d = UINT64_MAX;

    for (const struct approval *a = n->approvals; a != NULL; a = a->next) {
        d = a->state == APPROVAL_ASKED && a->deadline < d ? a->deadline : d;
    }
    return d;
}
