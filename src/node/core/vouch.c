/* Countersignatures of the platform's audit log (RELIABILITY T37).
 *
 * The platform shows its newest record, number and hash, once a minute when it moved,
 * and after signatures that this node took part in.  The node holds that against the
 * last one that it has countersigned:
 *   a lower number                               AUDIT_ROLLBACK
 *   the same number with another hash, another
 *   organisation, or another hash of the record
 *   that it has countersigned (knownHash)        AUDIT_FORK
 *   no word of the record that it has
 *   countersigned last (knownSeq)                AUDIT_UNPROVEN
 * and signs TH("audit-head"; organisation, seq, hash, time) by IK otherwise.
 *
 * The platform learns what was countersigned last from hello and from answers.  Frames
 * that it made before an answer reached it name the one before: those count for TOLD_MS
 * (they leave after a commit, and a disk may stand still for minutes), whatever was
 * told on another connection does not.
 *
 * knownHash is the platform's word.  It finds a log that was changed behind the
 * platform's back, and makes a lie out of silence; a platform that lies can repeat what
 * the node has signed.  The hash of a record is over its whole text, with the hash of
 * the one before inside: that the records between two heads are a chain is seen only
 * with the records, which are not for nodes.  Who has the export sees it
 * (audit_chain.h of the platform).
 *
 * Durable first, then sent: what it remembers is in the commit that the
 * countersignature waits for.  That is the next one, whatever it is for (the ack of a
 * signature's result deletes an event, so a signature costs none); after 15 s without
 * any it is one of its own.  The record is one, overwritten; the journal has nothing of
 * it: it is about what this node does, and this is about what somebody else says.
 *
 * After a refusal the node countersigns nothing more until an operator says that the
 * log is the right one now (a platform that was restored from a backup): `cloudsign
 * audit accept`.  It goes on signing transactions: the log gives no right to sign, so a
 * changed one takes none, and who can change it could stop all nodes otherwise. */
#include "node/core/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rd.h"

enum { VOUCH_VERSION = 1, OWN_COMMIT_MS = 15000, TOLD_MS = 900000 };

#define KEY_VOUCHED CS_SPAN_LIT("audit-head")

/* As stored: by number. */
static const enum cs_err alarms[] = {CS_OK, CS_ERR_AUDIT_FORK, CS_ERR_AUDIT_ROLLBACK,
                                     CS_ERR_AUDIT_UNPROVEN};

static uint8_t alarm_number(enum cs_err alarm)
{
    uint8_t i = CS_COUNTOF(alarms) - 1;

    while (i > 0 && alarms[i] != alarm) {
        i--;
    }
    return i;
}

/* ---- the record ------------------------------------------------------------------ */

static void save(struct cs_node_core *n)
{
    const struct vouched *v = &n->vouched;
    struct cs_wr w = {0};

    cs_wr_u8(&w, VOUCH_VERSION);
    cs_wr_bytes(&w, v->head.organization, sizeof v->head.organization);
    cs_wr_u64(&w, v->head.seq);
    cs_wr_bytes(&w, v->head.hash, sizeof v->head.hash);
    cs_wr_u64(&w, v->head.time);
    cs_wr_bytes(&w, v->sig, sizeof v->sig);
    cs_wr_u8(&w, alarm_number(v->alarm));
    cs_wr_u64(&w, (uint64_t)v->alarm_ms);
    cs_wr_u64(&w, v->shown_seq);
    cs_wr_bytes(&w, v->shown_hash, sizeof v->shown_hash);
    cs_nd_put(n, TABLE_SELF, KEY_VOUCHED, cs_wr_get(&w));
    cs_wr_free(&w);
}

static enum cs_err parse(struct vouched *v, struct cs_span text)
{
    struct cs_rd r = CS_RD(text);
    uint8_t version = cs_rd_u8(&r), alarm;

    cs_rd_copy(&r, v->head.organization, sizeof v->head.organization);
    v->head.seq = cs_rd_u64(&r);
    cs_rd_copy(&r, v->head.hash, sizeof v->head.hash);
    v->head.time = cs_rd_u64(&r);
    cs_rd_copy(&r, v->sig, sizeof v->sig);
    alarm = cs_rd_u8(&r);
    v->alarm_ms = (int64_t)cs_rd_u64(&r);
    v->shown_seq = cs_rd_u64(&r);
    cs_rd_copy(&r, v->shown_hash, sizeof v->shown_hash);
    if (cs_rd_end(&r) != CS_OK || version != VOUCH_VERSION ||
        alarm >= CS_COUNTOF(alarms)) {
        return CS_ERR_STORE_CORRUPT;
    }
    v->alarm = alarms[alarm];
    return CS_OK;
}

enum cs_err cs_nd_vouch_load(struct cs_node_core *n)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_SELF, KEY_VOUCHED, &w);

    if (err == CS_OK) {
        err = parse(&n->vouched, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

/* ---- what the platform was told -------------------------------------------------- */

static struct told *told_at(struct cs_node_core *n, size_t back)
{
    return &n->told[(n->n_told - 1 - back) % MAX_TOLD];
}

static void tell(struct cs_node_core *n)
{
    const struct cs_audit_head *h = &n->vouched.head;
    struct told *t;

    n->n_told++;
    t = told_at(n, 0);
    *t = (struct told){.seq = h->seq, .at = n->now, .any = h->seq == 0};
    memcpy(t->hash, h->hash, sizeof t->hash);
}

uint64_t cs_nd_vouch_hello(struct cs_node_core *n)
{
    n->n_told = 0;
    tell(n);
    return n->vouched.head.seq;
}

/* Does it go on from what this node has vouched for, by the platform's own words? */
static enum cs_err goes_on(struct cs_node_core *n, const struct cs_ctl_audit *a)
{
    for (size_t i = 0; i < n->n_told && i < MAX_TOLD; i++) {
        const struct told *t = told_at(n, i);

        if (i > 0 && n->now - told_at(n, i - 1)->at >= TOLD_MS) {
            break; /* by then it knew better */
        }
        if (t->seq == a->known_seq) {
            return t->any || memcmp(t->hash, a->known_hash, sizeof t->hash) == 0
                       ? CS_OK
                       : CS_ERR_AUDIT_FORK;
        }
    }
    return CS_ERR_AUDIT_UNPROVEN;
}

/* ---- answers --------------------------------------------------------------------- */

/* What was countersigned last; with a reason: this, and nothing else. */
static void answer(struct cs_node_core *n)
{
    const struct vouched *v = &n->vouched;
    struct cs_ctl_frame f = {.type = CS_CTL_AUDITED};
    struct cs_ctl_audited *a = &f.u.audited;

    a->seq = v->head.seq;
    memcpy(a->hash, v->head.hash, sizeof a->hash);
    a->time = v->head.time;
    memcpy(a->sig, v->sig, sizeof a->sig);
    if (v->alarm != CS_OK) {
        (void)snprintf(a->reason, sizeof a->reason, "%s", cs_err_reason(v->alarm));
    }
    cs_nd_control_send(n, &f);
}

static enum cs_err judge(struct cs_node_core *n, const struct cs_ctl_audit *a)
{
    const struct vouched *v = &n->vouched;
    const struct cs_audit_head *newest = v->next.seq != 0 ? &v->next : &v->head;

    if (newest->seq == 0) {
        return CS_OK; /* the first that it sees */
    }
    if (memcmp(newest->organization, a->organization_id, 16) != 0) {
        return CS_ERR_AUDIT_FORK;
    }
    if (a->seq < newest->seq) {
        return CS_ERR_AUDIT_ROLLBACK;
    }
    if (a->seq == newest->seq && memcmp(newest->hash, a->hash, 32) != 0) {
        return CS_ERR_AUDIT_FORK;
    }
    return goes_on(n, a);
}

/* For the log: what an operator does. */
static const char *remedy(enum cs_err why)
{
    return why == CS_ERR_AUDIT_UNPROVEN
               ? "If the platform's version is older than this node's: update it, then "
                 "cloudsign audit accept"
               : "If the platform was restored from a backup: cloudsign audit accept";
}

static void refuse(struct cs_node_core *n, const struct cs_ctl_audit *a,
                   enum cs_err why)
{
    struct vouched *v = &n->vouched;

    v->alarm = why;
    v->alarm_ms = n->wall;
    v->shown_seq = a->seq;
    memcpy(v->shown_hash, a->hash, sizeof v->shown_hash);
    v->next.seq = 0;
    save(n);
    cs_log(CS_LOG_ERROR, "audit",
           "%s: this node has vouched for record %" PRIu64
           " and is shown record %" PRIu64
           ", which is said to go on from record %" PRIu64 ". It countersigns nothing "
           "more. %s; else somebody has changed what the log says" CS_F("reason", "%s"),
           cs_err_text(why), v->head.seq, a->seq, a->known_seq, remedy(why),
           cs_err_reason(why));
    cs_nd_notify(n, "audit",
                 "{\"reason\":\"%s\",\"seq\":%" PRIu64 ",\"shown\":%" PRIu64 "}",
                 cs_err_reason(why), v->head.seq, a->seq);
}

void cs_nd_vouch(struct cs_node_core *n, const struct cs_ctl_audit *a)
{
    struct vouched *v = &n->vouched;
    enum cs_err err = v->alarm;

    if (a->seq == 0) {
        return; /* there is no record 0 */
    }
    if (err == CS_OK) {
        err = judge(n, a);
        if (err != CS_OK) {
            refuse(n, a, err);
        }
    }
    if (err != CS_OK || a->seq == v->head.seq) {
        answer(n);
        return;
    }
    v->commit_at = v->next.seq != 0 ? v->commit_at : n->now + OWN_COMMIT_MS;
    memcpy(v->next.organization, a->organization_id, sizeof v->next.organization);
    v->next.seq = a->seq;
    memcpy(v->next.hash, a->hash, sizeof v->next.hash);
}

/* ---- the commit ------------------------------------------------------------------ */

void cs_nd_vouch_time(struct cs_node_core *n)
{
    struct vouched *v = &n->vouched;
    uint8_t th[32];

    if (n->control.state != CONN_UP) {
        v->next.seq = 0; /* nobody waits for it; the platform shows it again */
    }
    if (v->next.seq == 0 || (!n->wrote && n->now < v->commit_at)) {
        return;
    }
    v->head = v->next;
    v->head.time = n->wall > 0 ? (uint64_t)n->wall : 0;
    v->next.seq = 0;
    cs_audit_head_hash(th, &v->head);
    cs_sign(v->sig, n->id->ik_seed, CS_SPAN_OF(th));
    save(n);
    tell(n);
    answer(n);
}

uint64_t cs_nd_vouch_deadline(const struct cs_node_core *n)
{
    return n->vouched.next.seq != 0 ? n->vouched.commit_at : UINT64_MAX;
}

bool cs_nd_vouch_accept(struct cs_node_core *n)
{
    struct vouched *v = &n->vouched;

    if (v->alarm == CS_OK) {
        return false;
    }
    cs_log(CS_LOG_WARN, "audit",
           "an operator accepts the platform's audit log as it is now: this node had "
           "vouched for record %" PRIu64,
           v->head.seq);
    memset(v, 0, sizeof *v);
    for (size_t i = 0; i < MAX_TOLD; i++) {
        n->told[i].any =
            true; /* the platform was told, and need not have it any more */
    }
    save(n);
    return true;
}
