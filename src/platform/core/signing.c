/* Signing requests: offered to one pair after another until a signature verifies or the
 * life ends (DECISIONS 20).  The platform derives what is signed from the payload
 * itself and believes no signature, message or receipt that it has not verified.
 *
 * tx._sign: {attempt, phase OFFERED|WAIT|DONE, signers, expires, refused, badPairs,
 * lastPair, receipts: [{playerId, attempt, receipt, requestHash}]} */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "mpc/request.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"
#include "platform/core/signers.h"

enum {
    ACTIVE_MAX = 10000,   /* requests of one quorum that wait */
    KICK_MAX = 256,       /* looked at when a device comes or goes */
    LOOK_AGAIN_MS = 5000, /* while there are no two signers */
    PAUSE_FIRST_MS = 250,
    PAUSE_MAX_MS = 4000,
    POLICY_VERSION = 1,
};

struct job {
    struct cs_platform_core *core;
    json_t *tx, *sign; /* sign borrowed */
    const struct cs_pc_qset *q;
    uint8_t id[CS_PC_ID];
};

static bool job_open(struct job *j, struct cs_platform_core *core,
                     const uint8_t id[CS_PC_ID])
{
    uint8_t quorum[CS_PC_ID];

    *j = (struct job){.core = core, .tx = cs_pc_get(core, CS_PC_TX, id)};
    memcpy(j->id, id, CS_PC_ID);
    j->sign = json_object_get(j->tx, "_sign");
    j->q = j->sign != NULL && cs_js_id(j->tx, "_quorumId", quorum)
               ? cs_pc_qset(core, quorum)
               : NULL;
    if (j->q == NULL) {
        json_decref(j->tx);
        return false;
    }
    return true;
}

static void job_save(struct job *j)
{
    cs_pc_save(j->core, CS_PC_TX, j->tx);
}

static bool is_pending(const struct job *j)
{
    return cs_js_is(j->tx, "status", "SIGNATURE_PENDING");
}

static void arm(struct job *j, int64_t in_ms)
{
    int64_t at = j->core->wall_ms + in_ms, end = cs_js_num(j->sign, "expires");

    cs_pc_timer(j->core, j->tx, CS_TIMER_TX, at < end ? at : end);
}

static void set_reason(struct job *j, const char *reason, const char *text)
{
    json_t *reasons = cs_js_arr();
    char line[448];

    (void)snprintf(line, sizeof line, "%s: %s", reason, text);
    cs_js_push_text(reasons, line);
    cs_js_set(j->tx, "reasons", reasons);
}

static struct cs_pc_scope active_scope(const struct job *j)
{
    return cs_pc_scope(cs_js_text(j->tx, "_quorumId"), "");
}

/* ---- offering
 * ------------------------------------------------------------------------ */

static struct cs_pc_taught taught(const struct job *j)
{
    return (struct cs_pc_taught){.refused = (uint8_t)cs_js_num(j->sign, "refused"),
                                 .bad_pairs = (uint32_t)cs_js_num(j->sign, "badPairs"),
                                 .last_pair = (uint32_t)cs_js_num(j->sign, "lastPair")};
}

static void pair_of(const struct job *j, uint8_t pair[2])
{
    const json_t *a = json_object_get(j->sign, "signers");

    pair[0] = (uint8_t)json_integer_value(json_array_get(a, 0));
    pair[1] = (uint8_t)json_integer_value(json_array_get(a, 1));
}

static bool is_signer(const struct job *j, uint32_t index)
{
    uint8_t pair[2];

    pair_of(j, pair);
    return index != 0 && (index == pair[0] || index == pair[1]);
}

/* Payload as bytes: the transaction, or the text of a message. */
static void payload_of(const struct job *j, struct cs_wr *w)
{
    const char *hex = cs_js_text(
        j->tx, cs_js_is(j->tx, "_kind", "RAW") ? "encodedTransaction" : "_payload");

    CS_ASSERT(cs_unhex_wr(w, hex, strlen(hex)) == CS_OK); /* checked at the API */
}

static void send_offer(struct job *j, const uint8_t pair[2], uint32_t attempt)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_SIGN};
    struct cs_ctl_sign *s = &f.u.sign;
    int64_t until = j->core->wall_ms +
                    (int64_t)j->core->cfg.limits.sign_attempt_s * 1000;
    struct cs_wr w = {0};

    payload_of(j, &w);
    memcpy(s->request_id, j->id, CS_PC_ID);
    memcpy(s->quorum_id, j->q->id, CS_PC_ID);
    CS_ASSERT(cs_js_id(j->tx, "_keyId", s->key_id));
    (void)snprintf(s->blockchain, sizeof s->blockchain, "%s",
                   cs_js_text(j->tx, "blockchain"));
    (void)snprintf(s->kind, sizeof s->kind, "%s", cs_js_text(j->tx, "_kind"));
    s->payload = (struct cs_blob){w.p, w.n};
    s->policy_version = POLICY_VERSION;
    s->expires_at = (uint64_t)cs_js_num(j->sign, "expires");
    s->attempt = attempt;
    memcpy(s->signers, pair, 2);
    s->initiator = pair[attempt % 2];
    for (int i = 0; i < 2; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, pair[i]);

        CS_ASSERT(l != NULL); /* picked because it is online */
        cs_pc_outbox_put(j->core, l, &f, until);
    }
    cs_wr_free(&w);
}

static void finish_failed(struct job *j, const char *reason, const char *text);

static void wait_for_signers(struct job *j)
{
    if (!cs_js_is(j->sign, "phase", "WAIT") ||
        json_object_get(j->tx, "reasons") == NULL) {
        cs_pc_timeline(j->core, j->id, 0, "NOT_ENOUGH_SIGNERS",
                       "waits for two nodes of the quorum");
    }
    cs_js_str(j->sign, "phase", "WAIT");
    set_reason(j, "NOT_ENOUGH_SIGNERS",
               "fewer than two nodes of the quorum are online and able to sign: start "
               "them, the request goes on by itself");
    arm(j, LOOK_AGAIN_MS);
}

/* Somebody may have switched the wallet off while the request waited. */
static bool wallet_allows(const struct job *j)
{
    uint8_t id[CS_PC_ID];
    json_t *wallet = cs_js_id(j->tx, "walletId", id)
                         ? cs_pc_get(j->core, CS_PC_WALLET, id)
                         : NULL;
    const json_t *s = json_object_get(wallet, "settings");
    bool ok = cs_js_true(s, "enabled") &&
              (!cs_js_is(j->tx, "_kind", "RAW") || cs_js_true(s, "rawSigningEnabled"));

    json_decref(wallet);
    return ok;
}

/* Puts the request to the best pair there is; the caller saves. */
static void offer(struct job *j)
{
    struct cs_pc_taught t = taught(j);
    uint32_t attempt = (uint32_t)cs_js_num(j->sign, "attempt") + 1;
    uint8_t pair[2];
    char text[64];

    if (!wallet_allows(j)) {
        finish_failed(j, "POLICY_REFUSED", "the wallet was switched off meanwhile");
        return;
    }
    if (!cs_pc_pair_possible(j->q, &t)) {
        finish_failed(
            j, "NOT_ENOUGH_SIGNERS",
            "every pair of nodes refused or failed for good: see the timeline");
        return;
    }
    if (!cs_pc_pair_pick(j->core, j->q, &t, pair)) {
        wait_for_signers(j);
        return;
    }
    cs_js_int(j->sign, "attempt", attempt);
    cs_js_set(j->sign, "signers", json_pack("[i,i]", pair[0], pair[1]));
    cs_js_str(j->sign, "phase", "OFFERED");
    cs_js_del(j->tx, "reasons");
    send_offer(j, pair, attempt);
    (void)snprintf(text, sizeof text, "attempt %u: players %u and %u",
                   (unsigned)attempt, pair[0], pair[1]);
    cs_pc_timeline(j->core, j->id, 0, "SIGNATURE_PENDING", text);
    arm(j, (int64_t)j->core->cfg.limits.sign_attempt_s * 1000);
}

bool cs_pc_sign_has_room(struct cs_platform_core *core, const uint8_t quorum[CS_PC_ID])
{
    char text[CS_UUID_LEN];

    return cs_pc_index_count(core, CS_IX_ACTIVE,
                             cs_pc_scope(cs_uuid_text(text, quorum), "")) < ACTIVE_MAX;
}

void cs_pc_sign_start(struct cs_platform_core *core, json_t *tx)
{
    struct job j = {.core = core, .tx = tx, .sign = cs_js_obj()};
    int64_t expires = core->wall_ms + (int64_t)core->cfg.limits.sign_s * 1000;
    uint8_t quorum[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", j.id) && cs_js_id(tx, "_quorumId", quorum));
    j.q = cs_pc_qset(core, quorum);
    cs_js_set(tx, "_sign", j.sign);
    if (j.q == NULL) {
        return; /* the store is broken: the step has no effect */
    }
    cs_js_int(j.sign, "expires", expires);
    cs_js_time(tx, "expiresAt", expires);
    cs_js_set(j.sign, "receipts", cs_js_arr());
    cs_js_str(tx, "status", "SIGNATURE_PENDING");
    cs_pc_set_make(core, j.id, "SESSION_SET_TYPE_TX_SIGN_REQUEST", quorum, j.id,
                   cs_js_text(tx, "createdBy"), expires);
    cs_pc_index_add(core, CS_IX_ACTIVE, active_scope(&j),
                    (uint64_t)cs_js_num(tx, "_seq"), j.id);
    cs_pc_timeline(core, j.id, 0, "REQUESTED",
                   "checked: signer, wallet settings, payload (POLICY_CHECK_PASSED)");
    offer(&j);
    job_save(&j);
}

/* ---- ending
 * ----------------------------------------------------------------------------- */

static void finish(struct job *j, const char *status)
{
    cs_js_str(j->tx, "status", status);
    cs_js_str(j->sign, "phase", "DONE");
    cs_pc_timer(j->core, j->tx, CS_TIMER_TX, 0);
    cs_pc_index_del(j->core, CS_IX_ACTIVE, active_scope(j),
                    (uint64_t)cs_js_num(j->tx, "_seq"));
}

static void finish_failed(struct job *j, const char *reason, const char *text)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};
    uint8_t pair[2];

    set_reason(j, reason, text);
    finish(j, "FAILED");
    cs_pc_timeline(j->core, j->id, 0, "FAILED", text);
    memcpy(f.u.request_cancel.request_id, j->id, CS_PC_ID);
    (void)snprintf(f.u.request_cancel.reason, sizeof f.u.request_cancel.reason, "%s",
                   reason);
    pair_of(j, pair);
    for (int i = 0; i < 2; i++) {
        struct cs_pc_live *l = pair[i] == 0 ? NULL
                                            : cs_pc_qset_live(j->core, j->q, pair[i]);

        if (l != NULL) {
            cs_pc_outbox_put(j->core, l, &f, 0);
        }
    }
}

/* The attempt is over without a signature: another pair at once, then slower. */
static void try_again(struct job *j)
{
    int64_t n = cs_js_num(j->sign, "attempt");
    int64_t pause = n > 6 ? PAUSE_MAX_MS : PAUSE_FIRST_MS << (n < 2 ? 0 : n - 2);
    uint8_t pair[2];

    pair_of(j, pair);
    cs_js_int(j->sign, "lastPair", cs_pc_pair_bit(pair[0], pair[1]));
    if (n < 2) {
        offer(j);
    } else {
        cs_js_str(j->sign, "phase", "WAIT");
        arm(j, pause);
    }
    job_save(j);
}

static void attempt_failed(struct job *j, uint32_t index, const char *reason,
                           const char *phase)
{
    char text[96];

    (void)snprintf(text, sizeof text, "attempt %u%s%s",
                   (unsigned)cs_js_num(j->sign, "attempt"),
                   phase[0] == '\0' ? "" : " in ", phase);
    cs_pc_timeline(j->core, j->id, index, reason, text);
    set_reason(j, reason, text);
    try_again(j);
}

static void punish_pair(struct job *j)
{
    uint8_t pair[2];

    pair_of(j, pair);
    for (int i = 0; i < 2; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, pair[i]);

        if (l != NULL) {
            cs_pc_live_punish(j->core, l);
        }
    }
}

void cs_pc_sign_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct job j;

    if (!job_open(&j, core, id)) {
        return;
    }
    if (!is_pending(&j)) {
        json_decref(j.tx);
        return;
    }
    if (core->wall_ms >= cs_js_num(j.sign, "expires")) {
        finish_failed(
            &j, "REQUEST_EXPIRED",
            "no two nodes signed in time: check that they run, then request anew");
        job_save(&j);
    } else if (cs_js_is(j.sign, "phase", "OFFERED")) {
        punish_pair(&j);
        attempt_failed(&j, 0, "PEER_TIMEOUT", "");
    } else {
        offer(&j);
        job_save(&j);
    }
    json_decref(j.tx);
}

/* ---- devices coming and going
 * --------------------------------------------------------------- */

static bool signer_gone(const struct job *j)
{
    uint8_t pair[2];

    pair_of(j, pair);
    return !cs_pc_live_online(cs_pc_qset_live(j->core, j->q, pair[0])) ||
           !cs_pc_live_online(cs_pc_qset_live(j->core, j->q, pair[1]));
}

static void kick_one(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                     enum cs_pc_kick why)
{
    struct job j;
    struct cs_pc_taught t;
    uint8_t pair[2];

    if (!job_open(&j, core, id)) {
        return;
    }
    t = taught(&j);
    if (why == CS_KICK_GONE && is_pending(&j) && cs_js_is(j.sign, "phase", "OFFERED") &&
        signer_gone(&j)) {
        attempt_failed(&j, 0, "LINK_LOST", "");
    } else if (is_pending(&j) && cs_js_is(j.sign, "phase", "WAIT") &&
               cs_pc_pair_pick(core, j.q, &t, pair)) {
        offer(&j);
        job_save(&j);
    }
    json_decref(j.tx);
}

static void kick_quorum(struct cs_platform_core *core, const uint8_t quorum[CS_PC_ID],
                        enum cs_pc_kick why)
{
    char text[CS_UUID_LEN];
    struct cs_pc_walk w = {.kind = CS_IX_ACTIVE,
                           .scope = cs_pc_scope(cs_uuid_text(text, quorum), "")};

    /* The rest has its own timers. */
    for (int i = 0; i < KICK_MAX && cs_pc_walk_next(core, &w); i++) {
        kick_one(core, w.id, why);
    }
}

void cs_pc_sign_kick(struct cs_platform_core *core, const uint8_t device[CS_PC_ID],
                     enum cs_pc_kick why)
{
    char text[CS_UUID_LEN];
    struct cs_pc_walk w = {.kind = CS_IX_DEVICE_QUORUMS,
                           .scope = cs_pc_scope(cs_uuid_text(text, device), "")};

    for (int i = 0; i < KICK_MAX && cs_pc_walk_next(core, &w); i++) {
        kick_quorum(core, w.id, why);
    }
}

/* ---- what signers report
 * ---------------------------------------------------------------------- */

/* The request as nodes have to understand it (PROTOCOLS 2.4): made from what we stored,
 * as they make it from what we sent. */
static void request_of(const struct job *j, const struct cs_pc_tx *t,
                       struct cs_request *r)
{
    const struct cs_span msg = t->chain.items[0].message;

    memset(r, 0, sizeof *r);
    r->kind = t->chain.is_message ? CS_REQUEST_SIGN_PLAINTEXT : CS_REQUEST_SIGN_RAW;
    memcpy(r->request_id, j->id, sizeof r->request_id);
    memcpy(r->ds_hash, j->q->ds_hash, sizeof r->ds_hash);
    CS_ASSERT(cs_js_id(j->tx, "_keyId", r->key_id));
    r->curve = CS_CURVE_ED25519;
    r->scheme = CS_SCHEME_FROST_ED25519;
    (void)snprintf(r->blockchain, sizeof r->blockchain, "%s",
                   cs_js_text(j->tx, "blockchain"));
    cs_sha256(r->payload_hash, cs_wr_get(&t->payload));
    cs_request_messages_hash(r->messages_hash, &msg, 1);
    r->policy_version = POLICY_VERSION;
    r->expires_ms = cs_js_num(j->sign, "expires");
}

/* The receipt binds the signature to exactly this request. */
static bool receipt_ok(const struct job *j, const struct cs_pc_tx *t,
                       const struct cs_ctl_sign_done *d)
{
    const struct cs_ds_member *m = cs_ds_member(&j->q->ds, (uint8_t)d->index);
    struct cs_request r;
    const struct cs_span items[] = {CS_SPAN_OF(d->request_id), CS_SPAN_OF(d->reqh),
                                    CS_SPAN_OF(r.key_id), CS_SPAN_OF(d->signature)};
    uint8_t reqh[32], th[32];

    request_of(j, t, &r);
    cs_request_hash(reqh, &r);
    if (m == NULL || memcmp(reqh, d->reqh, sizeof reqh) != 0) {
        return false;
    }
    cs_th(th, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    return cs_sign_verify(d->receipt, m->id.ik, CS_SPAN_OF(th));
}

/* Message, signature and receipt against what we derive ourselves. */
static enum cs_err done_check(const struct job *j, const struct cs_ctl_sign_done *d)
{
    struct cs_pc_tx t;
    const char *why = "";
    enum cs_err err = cs_pc_tx_open(&t, j->tx, &why);
    struct cs_span msg = {NULL, 0};

    if (err == CS_OK) {
        msg = t.chain.items[0].message;
        if (d->message.n != msg.n || memcmp(d->message.p, msg.p, msg.n) != 0) {
            err = CS_ERR_REQUEST_CONFLICT;
        } else if (!cs_sign_verify(d->signature, t.key.pub, msg)) {
            err = CS_ERR_SIG_INVALID;
        } else if (!receipt_ok(j, &t, d)) {
            err = CS_ERR_RECEIPT;
        }
    }
    cs_pc_tx_free(&t);
    return err;
}

static bool has_receipt(const json_t *receipts, uint32_t index)
{
    for (size_t i = 0; i < json_array_size(receipts); i++) {
        if (cs_js_num(json_array_get(receipts, i), "playerId") == (int64_t)index) {
            return true;
        }
    }
    return false;
}

static void add_receipt(struct job *j, const struct cs_ctl_sign_done *d)
{
    json_t *receipts = json_object_get(j->sign, "receipts");
    json_t *r;

    if (has_receipt(receipts, d->index)) {
        return;
    }
    r = cs_js_obj();
    cs_js_int(r, "playerId", d->index);
    cs_js_int(r, "attempt", d->attempt);
    cs_js_hex(r, "requestHash", d->reqh, sizeof d->reqh);
    cs_js_hex(r, "receipt", d->receipt, sizeof d->receipt);
    cs_js_push(receipts, r);
}

/* A valid signature of a request that we gave up: it exists, so it is shown. */
static void late(struct job *j, const struct cs_ctl_sign_done *d)
{
    if (json_object_get(j->tx, "signature") != NULL) {
        return;
    }
    set_reason(
        j, "LATE_SIGNATURE",
        "a valid signature came after the request had failed: treat it as signed");
    cs_js_hex(j->tx, "signature", d->signature, sizeof d->signature);
    add_receipt(j, d);
    cs_pc_timeline(j->core, j->id, d->index, "LATE_SIGNATURE", "after the end");
    job_save(j);
}

static void signed_now(struct job *j, const struct cs_ctl_sign_done *d)
{
    cs_js_hex(j->tx, "signature", d->signature, sizeof d->signature);
    cs_js_del(j->tx, "reasons");
    add_receipt(j, d);
    finish(j, "SIGNED");
    cs_pc_timeline(j->core, j->id, d->index, "SIGNED",
                   "signature and receipt verified");
    job_save(j);
}

/* What does not verify is never shown; the member is left out from here on. */
static void done_refused(struct job *j, const struct cs_ctl_sign_done *d,
                         enum cs_err err)
{
    struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, (uint8_t)d->index);

    cs_log(CS_LOG_ERROR, "platform",
           "request %s: member %u sent a result that is wrong: %s",
           cs_js_text(j->tx, "id"), (unsigned)d->index, cs_err_text(err));
    if (l != NULL) {
        cs_pc_live_punish(j->core, l);
    }
    if (is_pending(j)) {
        cs_js_int(j->sign, "refused",
                  cs_js_num(j->sign, "refused") | (int64_t)1 << (d->index - 1));
        attempt_failed(j, d->index, cs_err_reason(err), "result");
    }
}

static void done(struct job *j, const struct cs_ctl_sign_done *d)
{
    enum cs_err err = done_check(j, d);
    char hex[2 * CS_SIG_LEN + 1];

    if (err != CS_OK) {
        done_refused(j, d, err);
    } else if (is_pending(j)) {
        signed_now(j, d);
    } else if (cs_js_is(j->tx, "status", "FAILED")) {
        late(j, d);
    } else if (cs_js_is(j->tx, "signature", cs_hex(hex, d->signature, CS_SIG_LEN))) {
        add_receipt(j, d);
        job_save(j);
    }
}

static void failed(struct job *j, const struct cs_ctl_failed *f)
{
    struct cs_pc_live *blamed = f->blame == 0 || f->blame > j->q->ds.n
                                    ? NULL
                                    : cs_pc_qset_live(j->core, j->q, (uint8_t)f->blame);
    uint8_t pair[2];

    if (!is_pending(j) || !cs_js_is(j->sign, "phase", "OFFERED") ||
        (int64_t)f->attempt != cs_js_num(j->sign, "attempt") ||
        !is_signer(j, f->index)) {
        return; /* an older attempt, or not its request */
    }
    pair_of(j, pair);
    if (blamed != NULL) {
        /* Either may be the liar: these two are not paired again for this request. */
        cs_pc_live_punish(j->core, blamed);
        cs_js_int(j->sign, "badPairs",
                  cs_js_num(j->sign, "badPairs") | cs_pc_pair_bit(pair[0], pair[1]));
    } else if (!f->retryable) {
        cs_js_int(j->sign, "refused",
                  cs_js_num(j->sign, "refused") | (int64_t)1 << (f->index - 1));
    }
    attempt_failed(j, f->index, f->reason, f->phase);
}

void cs_pc_sign_event(struct cs_platform_core *core, struct cs_pc_live *from,
                      const struct cs_ctl_frame *f)
{
    bool is_done = f->kind == CS_EVT_SIGN_DONE;
    const uint8_t *id = is_done ? f->u.sign_done.request_id : f->u.failed.request_id;
    uint32_t index = is_done ? f->u.sign_done.index : f->u.failed.index;
    struct job j;

    if (!job_open(&j, core, id)) {
        return;
    }
    if (!cs_pc_qset_speaks(j.q, from, index)) {
        cs_log(CS_LOG_WARN, "platform",
               "signing event that is not the sender's: dropped");
    } else if (is_done) {
        done(&j, &f->u.sign_done);
    } else {
        failed(&j, &f->u.failed);
    }
    json_decref(j.tx);
}
