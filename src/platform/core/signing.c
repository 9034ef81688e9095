/* Signing requests: offered to one pair after another until a signature verifies or the
 * life ends (DECISIONS 20).  The platform derives what is signed from the payload
 * itself and believes no signature, message or receipt that it has not verified.
 *
 * tx._sign: {attempt, phase OFFERED|WAIT|DONE, signers, expires, items, approvalMs
 * (more time in this attempt), refused, refusals: [{playerId, reason}], liars,
 * badPairs, lastPair, receipts: [{playerId, attempt, receipt, requestHash}]} */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"
#include "platform/core/sign_job.h"
#include "platform/core/signers.h"
#include "platform/core/tx_path.h"
#include "platform/core/wallet_policy.h"

enum {
    ACTIVE_MAX = 10000,   /* requests of one quorum that wait */
    KICK_MAX = 256,       /* looked at when a device comes or goes */
    LOOK_AGAIN_MS = 5000, /* while there are no two signers */
    PAUSE_FIRST_MS = 250,
    PAUSE_MAX_MS = 4000,
    ITEM_MS = 250, /* for each item after the first */
};

bool cs_pc_sj_open(struct cs_pc_sign_job *j, struct cs_platform_core *core,
                   const uint8_t id[CS_PC_ID])
{
    uint8_t quorum[CS_PC_ID];

    *j = (struct cs_pc_sign_job){.core = core, .tx = cs_pc_get(core, CS_PC_TX, id)};
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

void cs_pc_sj_save(struct cs_pc_sign_job *j)
{
    cs_pc_save(j->core, CS_PC_TX, j->tx);
}

bool cs_pc_sj_pending(const struct cs_pc_sign_job *j)
{
    return cs_js_is(j->tx, "status", "SIGNATURE_PENDING");
}

static void arm(struct cs_pc_sign_job *j, int64_t in_ms)
{
    int64_t at = j->core->wall_ms + in_ms, end = cs_js_num(j->sign, "expires");

    cs_pc_timer(j->core, j->tx, CS_TIMER_TX, at < end ? at : end);
}

/* What members refused for good: without it, nobody knows why there are too few. */
static void push_refusals(const struct cs_pc_sign_job *j, json_t *reasons)
{
    const json_t *all = json_object_get(j->sign, "refusals");
    char line[128];

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *r = json_array_get(all, i);

        (void)snprintf(line, sizeof line, "%s: player %u refuses it",
                       cs_js_text(r, "reason"), (unsigned)cs_js_num(r, "playerId"));
        cs_js_push_text(reasons, line);
    }
}

void cs_pc_sj_reason(struct cs_pc_sign_job *j, const char *reason, const char *text)
{
    json_t *reasons = cs_js_arr();
    char line[448];

    (void)snprintf(line, sizeof line, "%s: %s", reason, text);
    cs_js_push_text(reasons, line);
    push_refusals(j, reasons);
    cs_js_set(j->tx, "reasons", reasons);
}

void cs_pc_sj_refused(struct cs_pc_sign_job *j, uint32_t index, const char *reason)
{
    int64_t refused = cs_js_num(j->sign, "refused"), bit = (int64_t)1 << (index - 1);
    json_t *all = json_object_get(j->sign, "refusals"), *r;

    if ((refused & bit) != 0) {
        return; /* once for each member */
    }
    cs_js_int(j->sign, "refused", refused | bit);
    if (all == NULL) {
        all = cs_js_arr();
        cs_js_set(j->sign, "refusals", all);
    }
    r = cs_js_obj();
    cs_js_int(r, "playerId", index);
    cs_js_str(r, "reason", reason[0] == '\0' ? "REFUSED" : reason);
    cs_js_push(all, r);
}

static struct cs_pc_scope active_scope(const struct cs_pc_sign_job *j)
{
    return cs_pc_scope(cs_js_text(j->tx, "_quorumId"), "");
}

/* ---- offering ---------------------------------------------------------- */

static struct cs_pc_taught taught(const struct cs_pc_sign_job *j)
{
    return (struct cs_pc_taught){.refused = (uint8_t)cs_js_num(j->sign, "refused"),
                                 .bad_pairs = (uint32_t)cs_js_num(j->sign, "badPairs"),
                                 .last_pair = (uint32_t)cs_js_num(j->sign, "lastPair")};
}

void cs_pc_sj_pair(const struct cs_pc_sign_job *j, uint8_t pair[2])
{
    const json_t *a = json_object_get(j->sign, "signers");

    pair[0] = (uint8_t)json_integer_value(json_array_get(a, 0));
    pair[1] = (uint8_t)json_integer_value(json_array_get(a, 1));
}

/* Payload as bytes: the transaction, or the text of a message. */
static void payload_of(const struct cs_pc_sign_job *j, struct cs_wr *w)
{
    const char *hex = cs_pc_tx_payload(j->tx);

    CS_ASSERT(cs_unhex_wr(w, hex, strlen(hex)) == CS_OK); /* checked at the API */
}

/* One pair's try: nodes give a request of many items more time (src/wire/README.md). */
static int64_t attempt_ms(const struct cs_pc_sign_job *j)
{
    int64_t n = cs_js_num(j->sign, "items");

    return (int64_t)j->core->cfg.limits.sign_attempt_s * 1000 +
           (n > 1 ? (n - 1) * ITEM_MS : 0) + cs_js_num(j->sign, "approvalMs");
}

/* Both ask at the same time, so the attempt is as long as the slower one may be. */
static int64_t approval_ms(const struct cs_pc_sign_job *j, const uint8_t pair[2])
{
    int64_t most = 0;

    for (int i = 0; i < 2; i++) {
        const struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, pair[i]);

        most = l != NULL && l->approval_ms > most ? l->approval_ms : most;
    }
    return most;
}

static void send_offer(struct cs_pc_sign_job *j, const uint8_t pair[2],
                       uint32_t attempt)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_SIGN};
    struct cs_ctl_sign *s = &f.u.sign;
    int64_t until = j->core->wall_ms + attempt_ms(j);
    struct cs_wr w = {0};

    payload_of(j, &w);
    memcpy(s->request_id, j->id, CS_PC_ID);
    memcpy(s->quorum_id, j->q->id, CS_PC_ID);
    CS_ASSERT(cs_js_id(j->tx, "_keyId", s->key_id));
    (void)snprintf(s->blockchain, sizeof s->blockchain, "%s",
                   cs_js_text(j->tx, "blockchain"));
    (void)snprintf(s->kind, sizeof s->kind, "%s", cs_js_text(j->tx, "_kind"));
    (void)snprintf(s->path, sizeof s->path, "%s", cs_pc_tx_path(j->tx));
    s->payload = (struct cs_blob){w.p, w.n};
    s->policy_version = CS_PC_POLICY_VERSION;
    s->expires_at = (uint64_t)cs_js_num(j->sign, "expires");
    s->attempt = attempt;
    memcpy(s->signers, pair, 2);
    s->initiator = pair[attempt % 2];
    s->approval_ms = (uint32_t)cs_js_num(j->sign, "approvalMs");
    for (int i = 0; i < 2; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, pair[i]);

        CS_ASSERT(l != NULL); /* picked because it is online */
        cs_pc_outbox_put(j->core, l, &f, until);
    }
    cs_wr_free(&w);
}

static void finish_failed(struct cs_pc_sign_job *j, const char *reason,
                          const char *text);

static void wait_for_signers(struct cs_pc_sign_job *j)
{
    if (!cs_js_is(j->sign, "phase", "WAIT") ||
        json_object_get(j->tx, "reasons") == NULL) {
        cs_pc_timeline(j->core, j->id, 0, "NOT_ENOUGH_SIGNERS",
                       "waits for two nodes of the quorum");
    }
    cs_js_str(j->sign, "phase", "WAIT");
    cs_pc_sj_reason(
        j, "NOT_ENOUGH_SIGNERS",
        j->q->quarantined == 0
            ? "fewer than two nodes of the quorum are online and able to sign: start "
              "them, the request goes on by itself"
            : "no two nodes of the quorum are online, able to sign and not quarantined "
              "(memberWarnings of the quorum): the request goes on once there are");
    arm(j, LOOK_AGAIN_MS);
}

/* Somebody may have switched the wallet off while the request waited. */
static bool wallet_allows(const struct cs_pc_sign_job *j)
{
    uint8_t id[CS_PC_ID];
    json_t *wallet = cs_js_id(j->tx, "walletId", id)
                         ? cs_pc_get(j->core, CS_PC_WALLET, id)
                         : NULL;
    const json_t *s = json_object_get(wallet, "settings");
    const char *kind = cs_pc_tx_switch(cs_js_text(j->tx, "_kind"));
    bool ok = cs_js_true(s, "enabled") && (kind == NULL || cs_js_true(s, kind));

    json_decref(wallet);
    return ok;
}

/* Somebody froze it while it waited for signers: it ends with its life, or goes on. */
static void wait_frozen(struct cs_pc_sign_job *j)
{
    cs_js_str(j->sign, "phase", "WAIT");
    cs_pc_sj_reason(j, "FROZEN",
                    "it is frozen: it goes on when it is unfrozen in time");
    arm(j, LOOK_AGAIN_MS);
}

/* What it takes of a window counts from when it may leave, however long it waited. */
static bool limits_allow(struct cs_pc_sign_job *j, char why[CS_WALLET_POLICY_WHY])
{
    uint8_t id[CS_PC_ID];
    json_t *wallet = cs_js_id(j->tx, "walletId", id)
                         ? cs_pc_get(j->core, CS_PC_WALLET, id)
                         : NULL;
    bool ok = wallet != NULL && cs_wallet_policy_check(j->core, wallet, j->tx, why) ==
                                    CS_WALLET_POLICY_PASS;

    json_decref(wallet);
    return ok;
}

/* Puts the request to the best pair there is; the caller saves. */
static void offer(struct cs_pc_sign_job *j)
{
    struct cs_pc_taught t = taught(j);
    uint32_t attempt = (uint32_t)cs_js_num(j->sign, "attempt") + 1;
    uint8_t pair[2];
    char text[64], why[CS_WALLET_POLICY_WHY];

    if (cs_freeze_is(j->tx)) {
        wait_frozen(j);
        return;
    }
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
    if (!limits_allow(j, why)) {
        finish_failed(j, "POLICY_REFUSED", why);
        return;
    }
    cs_js_int(j->sign, "attempt", attempt);
    cs_js_set(j->sign, "signers", json_pack("[i,i]", pair[0], pair[1]));
    cs_js_int(j->sign, "approvalMs", approval_ms(j, pair));
    cs_js_str(j->sign, "phase", "OFFERED");
    cs_js_del(j->tx, "reasons");
    send_offer(j, pair, attempt);
    (void)snprintf(text, sizeof text, "attempt %u: players %u and %u",
                   (unsigned)attempt, pair[0], pair[1]);
    cs_pc_timeline(j->core, j->id, 0, "SIGNATURE_PENDING", text);
    arm(j, attempt_ms(j));
}

bool cs_pc_sign_has_room(struct cs_platform_core *core, const uint8_t quorum[CS_PC_ID])
{
    char text[CS_UUID_LEN];

    return cs_pc_index_count(core, CS_IX_ACTIVE,
                             cs_pc_scope(cs_uuid_text(text, quorum), "")) < ACTIVE_MAX;
}

void cs_pc_sign_start(struct cs_platform_core *core, json_t *tx, size_t n_items)
{
    struct cs_pc_sign_job j = {.core = core, .tx = tx, .sign = cs_js_obj()};
    int64_t expires = core->wall_ms + (int64_t)core->cfg.limits.sign_s * 1000;
    uint8_t quorum[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", j.id) && cs_js_id(tx, "_quorumId", quorum));
    j.q = cs_pc_qset(core, quorum);
    cs_js_set(tx, "_sign", j.sign);
    if (j.q == NULL) {
        return; /* the store is broken: the step has no effect */
    }
    cs_js_int(j.sign, "expires", expires);
    cs_js_int(j.sign, "items", (int64_t)n_items);
    cs_js_time(tx, "expiresAt", expires);
    cs_js_set(j.sign, "receipts", cs_js_arr());
    cs_js_str(tx, "status", "SIGNATURE_PENDING");
    cs_pc_set_make(core, j.id, "SESSION_SET_TYPE_TX_SIGN_REQUEST", quorum, j.id,
                   cs_js_text(tx, "createdBy"), expires);
    cs_pc_index_add(core, CS_IX_ACTIVE, active_scope(&j),
                    (uint64_t)cs_js_num(tx, "_seq"), j.id);
    offer(&j);
    cs_pc_sj_save(&j);
}

/* ---- ending ------------------------------------------------------------ */

void cs_pc_sj_finish(struct cs_pc_sign_job *j, const char *status)
{
    cs_js_str(j->tx, "status", status);
    if (strcmp(status, "SIGNED") != 0) {
        cs_wallet_policy_end(j->core, j->tx);
    }
    cs_js_str(j->sign, "phase", "DONE");
    cs_pc_timer(j->core, j->tx, CS_TIMER_TX, 0);
    cs_pc_index_del(j->core, CS_IX_ACTIVE, active_scope(j),
                    (uint64_t)cs_js_num(j->tx, "_seq"));
}

/* Those who were asked last are told to leave it. */
static void call_off(struct cs_pc_sign_job *j, const char *reason)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};
    uint8_t pair[2];

    memcpy(f.u.request_cancel.request_id, j->id, CS_PC_ID);
    (void)snprintf(f.u.request_cancel.reason, sizeof f.u.request_cancel.reason, "%s",
                   reason);
    cs_pc_sj_pair(j, pair);
    for (int i = 0; i < 2; i++) {
        struct cs_pc_live *l = pair[i] == 0 ? NULL
                                            : cs_pc_qset_live(j->core, j->q, pair[i]);

        if (l != NULL) {
            cs_pc_outbox_put(j->core, l, &f, 0);
        }
    }
}

void cs_pc_sign_call_off(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                         const char *reason)
{
    struct cs_pc_sign_job j;

    if (cs_pc_sj_open(&j, core, id)) {
        call_off(&j, reason);
        json_decref(j.tx);
    }
}

static void finish_failed(struct cs_pc_sign_job *j, const char *reason,
                          const char *text)
{
    cs_pc_sj_reason(j, reason, text);
    cs_pc_sj_finish(j, "FAILED");
    cs_pc_timeline(j->core, j->id, 0, "FAILED", text);
    call_off(j, reason);
}

/* The attempt is over without a signature: another pair at once, then slower. */
static void try_again(struct cs_pc_sign_job *j)
{
    int64_t n = cs_js_num(j->sign, "attempt");
    int64_t pause = n > 6 ? PAUSE_MAX_MS : PAUSE_FIRST_MS << (n < 2 ? 0 : n - 2);
    uint8_t pair[2];

    cs_pc_sj_pair(j, pair);
    cs_js_int(j->sign, "lastPair", cs_pc_pair_bit(pair[0], pair[1]));
    if (n < 2) {
        offer(j);
    } else {
        cs_js_str(j->sign, "phase", "WAIT");
        arm(j, pause);
    }
    cs_pc_sj_save(j);
}

void cs_pc_sj_failed(struct cs_pc_sign_job *j, uint32_t index, const char *reason,
                     const char *phase)
{
    char text[96];

    (void)snprintf(text, sizeof text, "attempt %u%s%s",
                   (unsigned)cs_js_num(j->sign, "attempt"),
                   phase[0] == '\0' ? "" : " in ", phase);
    cs_pc_timeline(j->core, j->id, index, reason, text);
    cs_pc_sj_reason(j, reason, text);
    try_again(j);
}

static void punish_pair(struct cs_pc_sign_job *j)
{
    uint8_t pair[2];

    cs_pc_sj_pair(j, pair);
    for (int i = 0; i < 2; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, pair[i]);

        if (l != NULL) {
            cs_pc_live_punish(j->core, l);
        }
    }
}

void cs_pc_sign_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct cs_pc_sign_job j;

    if (!cs_pc_sj_open(&j, core, id)) {
        return;
    }
    if (!cs_pc_sj_pending(&j)) {
        json_decref(j.tx);
        return;
    }
    if (core->wall_ms >= cs_js_num(j.sign, "expires")) {
        finish_failed(
            &j, "REQUEST_EXPIRED",
            "no two nodes signed in time: check that they run, then request anew");
        cs_pc_sj_save(&j);
    } else if (cs_js_is(j.sign, "phase", "OFFERED")) {
        punish_pair(&j);
        cs_pc_sj_failed(&j, 0, "PEER_TIMEOUT", "");
    } else {
        offer(&j);
        cs_pc_sj_save(&j);
    }
    json_decref(j.tx);
}

/* ---- devices coming and going ------------------------------------------ */

static bool signer_gone(const struct cs_pc_sign_job *j)
{
    uint8_t pair[2];

    cs_pc_sj_pair(j, pair);
    return !cs_pc_live_online(cs_pc_qset_live(j->core, j->q, pair[0])) ||
           !cs_pc_live_online(cs_pc_qset_live(j->core, j->q, pair[1]));
}

static void kick_one(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                     enum cs_pc_kick why)
{
    struct cs_pc_sign_job j;
    struct cs_pc_taught t;
    uint8_t pair[2];

    if (!cs_pc_sj_open(&j, core, id)) {
        return;
    }
    t = taught(&j);
    if (why == CS_KICK_GONE && cs_pc_sj_pending(&j) &&
        cs_js_is(j.sign, "phase", "OFFERED") && signer_gone(&j)) {
        cs_pc_sj_failed(&j, 0, "LINK_LOST", "");
    } else if (cs_pc_sj_pending(&j) && cs_js_is(j.sign, "phase", "WAIT") &&
               cs_pc_pair_pick(core, j.q, &t, pair)) {
        offer(&j);
        cs_pc_sj_save(&j);
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

/* ---- members that fell out --------------------------------------------- */

static void note_one(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                     uint32_t index, uint32_t peer, const char *step, const char *text)
{
    struct cs_pc_sign_job j;
    uint8_t pair[2];

    if (!cs_pc_sj_open(&j, core, id)) {
        return;
    }
    cs_pc_sj_pair(&j, pair);
    if (cs_js_is(j.sign, "phase", "OFFERED") &&
        ((pair[0] == index && pair[1] == peer) ||
         (pair[0] == peer && pair[1] == index))) {
        cs_pc_timeline_node(core, j.id, index, step, text); /* its word, its room */
    }
    json_decref(j.tx);
}

void cs_pc_sign_note(struct cs_platform_core *core, const uint8_t quorum[CS_PC_ID],
                     uint32_t index, uint32_t peer, const char *step, const char *text)
{
    char id[CS_UUID_LEN];
    struct cs_pc_walk w = {.kind = CS_IX_ACTIVE,
                           .scope = cs_pc_scope(cs_uuid_text(id, quorum), "")};

    for (int i = 0; i < KICK_MAX && cs_pc_walk_next(core, &w); i++) {
        note_one(core, w.id, index, peer, step, text);
    }
}
