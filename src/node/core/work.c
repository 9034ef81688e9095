/* Requests this node works on: table, records, failures, clocks. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "wire/jsonx.h"

enum { WORK_VERSION = 2, WORK_VERSION_MSG = 1 };

/* ---- table
 * ----------------------------------------------------------------------------- */

struct work *cs_nd_work_new(struct cs_node_core *n, enum work_kind kind)
{
    struct work *w = n->n_works < MAX_WORKS ? cs_alloc(sizeof *w) : NULL;
    struct work **at = &n->works;

    if (w != NULL) {
        w->kind = kind;
        w->phase = WORK_WAITING;
        w->serial = ++n->next_serial;
        w->begun = n->now;
        w->again = UINT64_MAX;
        while (*at != NULL) { /* in order of serial */
            at = &(*at)->next;
        }
        *at = w;
        n->n_works++;
    }
    return w;
}

/* A job that has a run finds no work, or another use id, later and is freed. */
void cs_nd_work_reset(struct cs_node_core *n, struct work *w)
{
    cs_session_free(w->session);
    w->session = NULL;
    cs_nd_items_reset(n, w);
    w->phase = WORK_WAITING;
    w->begun = n->now;
    w->again = UINT64_MAX;
    w->n_again = 0;
    w->trace.n = 0;
}

static void free_work(struct cs_node_core *n, struct work *w)
{
    cs_nd_work_reset(n, w);
    cs_nd_items_free(n, w);
    cs_free_wiped(w, sizeof *w);
}

void cs_nd_work_end(struct cs_node_core *n, struct work *w)
{
    struct work **at = &n->works;

    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    n->n_works--;
    if (w->kind != WORK_CHECK) {
        cs_nd_del(n, TABLE_WORK, CS_SPAN_OF(w->req.request_id));
    }
    free_work(n, w);
}

void cs_nd_works_free(struct cs_node_core *n)
{
    while (n->works != NULL) {
        struct work *w = n->works;

        n->works = w->next;
        free_work(n, w);
    }
}

struct work *cs_nd_work_find(const struct cs_node_core *n, const uint8_t request_id[16])
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        if (memcmp(w->req.request_id, request_id, 16) == 0) {
            return w;
        }
    }
    return NULL;
}

struct work *cs_nd_work_by_serial(const struct cs_node_core *n, uint64_t serial)
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        if (w->serial == serial) {
            return w;
        }
    }
    return NULL;
}

/* ---- records: CHECK works are made anew from their key
 * --------------------------------- */

void cs_nd_work_save(struct cs_node_core *n, const struct work *w)
{
    struct cs_wr out = {0}, req = {0};

    cs_request_encode(&req, &w->req);
    cs_wr_u8(&out, WORK_VERSION);
    cs_wr_u8(&out, (uint8_t)w->kind);
    cs_wr_bytes(&out, w->q->id, 16);
    cs_nd_nest(&out, &req);
    cs_wr_lp(&out, CS_SPAN(w->name, strlen(w->name)));
    cs_wr_u32(&out, w->attempt);
    cs_wr_u8(&out, w->initiator);
    cs_wr_u8(&out, w->proven);
    cs_wr_lp(&out, CS_SPAN(w->signers, w->n_signers));
    cs_nd_put(n, TABLE_WORK, CS_SPAN_OF(w->req.request_id), cs_wr_get(&out));
    cs_wr_free(&out);
    cs_wr_free(&req);
}

static void read_lists(struct work *w, struct cs_span name, struct cs_span signers)
{
    (void)snprintf(w->name, sizeof w->name, "%.*s", (int)name.n,
                   name.p == NULL ? "" : (const char *)name.p);
    memcpy(w->signers, signers.p, signers.n);
    w->n_signers = (uint8_t)signers.n;
}

/* Items are not in the record: an attempt at a signature does not survive a restart,
 * and the platform's command for the next one brings the payload again. */
static enum cs_err decode(struct cs_node_core *n, struct work *w, struct cs_span value)
{
    struct cs_rd r = CS_RD(value);
    struct cs_span req, name, signers, q;
    uint8_t version = cs_rd_u8(&r);

    w->kind = (enum work_kind)cs_rd_u8(&r);
    q = cs_rd_span(&r, 16);
    req = cs_rd_lp(&r, CS_REQUEST_MAX);
    name = cs_rd_lp(&r, sizeof w->name - 1);
    w->attempt = cs_rd_u32(&r);
    w->initiator = cs_rd_u8(&r);
    w->proven = cs_rd_u8(&r);
    signers = cs_rd_lp(&r, sizeof w->signers);
    if (version == WORK_VERSION_MSG) {
        (void)cs_rd_lp(&r, CS_CTL_PAYLOAD_MAX + 4096); /* the message of the one item */
    }
    if (cs_rd_end(&r) != CS_OK ||
        (version != WORK_VERSION && version != WORK_VERSION_MSG) || signers.n == 0 ||
        (w->kind != WORK_KEYGEN && w->kind != WORK_SIGN) ||
        cs_request_decode(&w->req, req) != CS_OK) {
        return CS_ERR_STORE_CORRUPT;
    }
    w->q = cs_nd_quorum_find(n, q.p);
    cs_request_hash(w->reqh, &w->req);
    read_lists(w, name, signers);
    return w->q == NULL ? CS_ERR_STORE_CORRUPT : CS_OK;
}

static enum cs_err load_one(void *ctx, struct cs_span key, struct cs_span value)
{
    struct cs_node_core *n = ctx;
    struct work *w = cs_nd_work_new(n, WORK_SIGN);

    (void)key;
    return w == NULL ? CS_ERR_NOMEM : decode(n, w, value);
}

enum cs_err cs_nd_works_load(struct cs_node_core *n)
{
    return cs_safe_each(n->safe, TABLE_WORK, load_one, n);
}

/* ---- failing
 * ---------------------------------------------------------------------------- */

/* May another attempt, perhaps with another pair, succeed? */
bool cs_nd_is_retryable(enum cs_err err)
{
    switch (cs_err_class(err)) {
    case CS_CLASS_PEER:
        return err != CS_ERR_POLICY_REFUSED;
    case CS_CLASS_RESOURCE:
    case CS_CLASS_IO:
        return true;
    default:
        return false;
    }
}

static void fill_failed(struct cs_ctl_frame *f, const uint8_t request_id[16],
                        const uint8_t key_id[16], uint32_t attempt, uint8_t index,
                        enum cs_err err, const char *phase, uint8_t blame,
                        const struct cs_ctl_trace *trace)
{
    struct cs_ctl_failed *b = &f->u.failed;

    memcpy(b->request_id, request_id, 16);
    memcpy(b->key_id, key_id, 16);
    b->attempt = attempt;
    b->index = index;
    b->blame = blame;
    b->retryable = cs_nd_is_retryable(err);
    if (trace != NULL) {
        b->trace = *trace;
    }
    (void)snprintf(b->reason, sizeof b->reason, "%s", cs_err_reason(err));
    (void)snprintf(b->phase, sizeof b->phase, "%s", phase);
}

void cs_nd_report_failed(struct cs_node_core *n, enum cs_ctl_kind kind,
                         const uint8_t request_id[16], const uint8_t key_id[16],
                         uint32_t attempt, uint8_t index, enum cs_err err,
                         const char *phase, uint8_t blame,
                         const struct cs_ctl_trace *trace)
{
    struct cs_ctl_frame f = {.kind = kind};
    char id[CS_UUID_LEN];

    fill_failed(&f, request_id, key_id, attempt, index, err, phase, blame, trace);
    cs_log(CS_LOG_WARN, "session",
           "request %s failed in %s: %s (%s), blame %u" CS_F("request", "%s")
               CS_F("attempt", "%u") CS_F("outcome", "%s"),
           cs_uuid_text(id, request_id), phase,
           strcmp(phase, "restart") == 0 ? "this node was stopped before it was done"
                                         : cs_err_text(err),
           cs_err_reason(err), blame, id, (unsigned)attempt, cs_err_reason(err));
    cs_nd_notify(n, "session", "{\"requestId\":\"%s\",\"outcome\":\"%s\"}", id,
                 cs_err_reason(err));
    cs_nd_outbox_put(n, &f);
}

void cs_nd_work_failed(struct cs_node_core *n, struct work *w, enum cs_err err,
                       const char *phase, uint8_t blame)
{
    struct cs_ctl_trace trace;

    n->counters.sessions_failed++;
    cs_nd_mx_session(n, w, err);
    cs_nd_journal_result(n, w, err);
    if (w->kind == WORK_CHECK) { /* its KEYGEN work starts it again */
        cs_log(CS_LOG_INFO, "session", "check signature failed in %s: %s", phase,
               cs_err_text(err));
        cs_nd_work_end(n, w);
        return;
    }
    cs_nd_trace_take(n, w, &trace);
    cs_nd_report_failed(n,
                        w->kind == WORK_KEYGEN ? CS_EVT_KEY_FAILED : CS_EVT_SIGN_FAILED,
                        w->req.request_id, w->req.key_id, w->attempt, w->q->roster.self,
                        err, phase, blame, &trace);
    cs_nd_work_end(n, w);
}

/* Its part has left this node, perhaps long ago, and the other one may have signed with
 * it: nothing failed here.  The platform hears that no more comes from this node. */
static void part_given(struct cs_node_core *n, struct work *w)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_SIGN_FAILED};
    char id[CS_UUID_LEN];

    cs_log(CS_LOG_INFO, "session",
           "request %s: this node was stopped after it had begun its part for party "
           "%u, which says how it ended" CS_F("request", "%s") CS_F("attempt", "%u"),
           cs_uuid_text(id, w->req.request_id), w->initiator, id, (unsigned)w->attempt);
    fill_failed(&f, w->req.request_id, w->req.key_id, w->attempt, w->q->roster.self,
                CS_ERR_ABORTED, "restart", 0, NULL);
    cs_nd_outbox_put(n, &f);
    cs_nd_work_end(n, w);
}

void cs_nd_work_restarted(struct cs_node_core *n, struct work *w)
{
    if (w->initiator != w->q->roster.self && cs_nd_journal_tried(n, w)) {
        part_given(n, w);
    } else {
        cs_nd_work_failed(n, w, CS_ERR_ABORTED, "restart", 0);
    }
}

void cs_nd_work_cancel(struct cs_node_core *n, const uint8_t request_id[16],
                       enum cs_err why)
{
    struct work *w = cs_nd_work_find(n, request_id);

    if (w == NULL || w->kind == WORK_CHECK || w->phase == WORK_PROVING) {
        return; /* what is done cannot be called off */
    }
    if (w->kind == WORK_KEYGEN) {
        cs_nd_keygen_fail(n, w, why);
    } else {
        cs_nd_work_failed(n, w, why, "cancelled", 0);
    }
}

/* ---- clocks and links
 * --------------------------------------------------------------------- */

static bool is_part(const struct work *w, const struct quorum *q, uint8_t peer)
{
    for (uint8_t i = 0; w->q == q && i < w->n_signers; i++) {
        if (w->signers[i] == peer) {
            return true;
        }
    }
    return false;
}

/* Handlers may end any work: walk by serial, not by pointer. */
static struct work *next_after(const struct cs_node_core *n, uint64_t serial)
{
    struct work *w = n->works;

    while (w != NULL && w->serial <= serial) {
        w = w->next;
    }
    return w;
}

void cs_nd_works_link(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    for (struct work *w = next_after(n, 0); w != NULL;) {
        uint64_t serial = w->serial;

        if (is_part(w, q, peer)) {
            if (w->kind == WORK_KEYGEN) {
                cs_nd_keygen_link(n, w, peer);
            } else {
                cs_nd_sign_try(n, w);
            }
        }
        w = next_after(n, serial);
    }
}

static void link_lost(struct cs_node_core *n, struct work *w)
{
    if (w->phase != WORK_RUNNING) {
        return;
    }
    if (w->kind == WORK_KEYGEN) {
        cs_nd_keygen_fail(n, w, CS_ERR_LINK_LOST);
    } else if (w->initiator != w->q->roster.self) {
        cs_nd_work_end(n, w); /* the initiator tells the platform */
    } else {
        cs_nd_work_failed(n, w, CS_ERR_LINK_LOST, "signing", 0);
    }
}

void cs_nd_works_link_lost(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    for (struct work *w = next_after(n, 0); w != NULL;) {
        uint64_t serial = w->serial;

        if (is_part(w, q, peer)) {
            link_lost(n, w);
        }
        w = next_after(n, serial);
    }
}

static uint64_t deadline_of(const struct work *w)
{
    uint64_t d = w->deadline < w->again ? w->deadline : w->again;
    uint64_t s = w->session == NULL ? UINT64_MAX : cs_session_deadline(w->session);

    return s < d ? s : d;
}

void cs_nd_works_time(struct cs_node_core *n)
{
    if (cs_nd_works_deadline(n) > n->now) {
        return;
    }
    for (struct work *w = next_after(n, 0); w != NULL;) {
        uint64_t serial = w->serial;

        if (deadline_of(w) <= n->now) {
            if (w->kind == WORK_KEYGEN) {
                cs_nd_keygen_time(n, w);
            } else {
                cs_nd_sign_time(n, w);
            }
        }
        w = next_after(n, serial);
    }
}

uint64_t cs_nd_works_deadline(const struct cs_node_core *n)
{
    uint64_t d = UINT64_MAX;

    for (const struct work *w = n->works; w != NULL; w = w->next) {
        uint64_t at = deadline_of(w);

        d = at < d ? at : d;
    }
    return d;
}
