/* Key creation.  A wallet becomes PROVISIONED only with one certificate, byte-equal
 * from all n members and signed by all, n valid receipts, and a check signature of
 * every pair (PROTOCOLS 3.5, DECISIONS 21; RELIABILITY P3, I1).  Nothing less is shown
 * as a key.
 *
 * A retry is a new request for a new key (src/wire/README.md 2.1): nodes may hold a
 * PENDING share of the failed one, so its id is never used again.  As soon as one
 * member has shown a certificate there is no retry any more: PENDING members finish by
 * asking their peers.
 *
 * wallet._key: {keyId, requestId, attempt, phase RUN|WAIT, expires, cert, acks: {"1":
 * hex}, checks: {"1-2": hex}} */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

enum { ATTEMPTS_MAX = 20, PAUSE_FIRST_MS = 1000, PAUSE_MAX_MS = 15000 };

struct job { /* a wallet whose key is being made */
    struct cs_platform_core *core;
    json_t *wallet, *key; /* key borrowed */
    const struct cs_pc_qset *q;
    uint8_t id[CS_PC_ID]; /* of the wallet */
};

static bool job_open(struct job *j, struct cs_platform_core *core,
                     const uint8_t id[CS_PC_ID])
{
    uint8_t quorum[CS_PC_ID];

    *j = (struct job){.core = core, .wallet = cs_pc_get(core, CS_PC_WALLET, id)};
    memcpy(j->id, id, CS_PC_ID);
    j->key = json_object_get(j->wallet, "_key");
    j->q = j->key != NULL && cs_js_id(j->wallet, "quorumId", quorum)
               ? cs_pc_qset(core, quorum)
               : NULL;
    if (j->q == NULL || !cs_js_is(j->wallet, "status", "PROVISIONING")) {
        json_decref(j->wallet);
        return false;
    }
    return true;
}

static void job_save(struct job *j)
{
    cs_pc_save(j->core, CS_PC_WALLET, j->wallet);
}

static int64_t expires(const struct job *j)
{
    return cs_js_num(j->key, "expires");
}

static void arm(struct job *j, int64_t in_ms)
{
    int64_t at = j->core->wall_ms + in_ms;

    cs_pc_timer(j->core, j->wallet, CS_TIMER_KEY, at < expires(j) ? at : expires(j));
}

/* ---- attempts ---------------------------------------------------------- */

static void send_all(struct job *j, struct cs_ctl_frame *f, int64_t until)
{
    for (uint8_t i = 1; i <= j->q->ds.n; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, i);

        if (l != NULL) {
            cs_pc_outbox_put(j->core, l, f, until);
        }
    }
}

/* Ids of the next attempt.  The first key has the wallet's id. */
static void new_ids(struct job *j, struct cs_ctl_key_create *k)
{
    char text[CS_UUID_LEN];

    memcpy(k->key_id, j->id, CS_PC_ID);
    if (k->attempt > 1) {
        cs_pc_new_id(j->core, k->key_id);
    }
    cs_pc_new_id(j->core, k->request_id);
    cs_js_uuid(j->key, "keyId", k->key_id);
    cs_js_uuid(j->key, "requestId", k->request_id);
    cs_pc_unique_put(j->core, CS_UNIQUE_KEY, cs_uuid_text(text, k->key_id), j->id);
    cs_pc_set_make(j->core, k->request_id, "SESSION_SET_TYPE_KEY_CREATION", j->q->id,
                   j->id, cs_js_text(j->wallet, "createdBy"), expires(j));
}

static void cancel(struct job *j, const char *reason)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_REQUEST_CANCEL};

    if (cs_js_id(j->key, "requestId", f.u.request_cancel.request_id)) {
        (void)snprintf(f.u.request_cancel.reason, sizeof f.u.request_cancel.reason,
                       "%s", reason);
        send_all(j, &f, 0);
    }
}

static void offer(struct job *j)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_KEY_CREATE};
    struct cs_ctl_key_create *k = &f.u.key_create;

    cancel(j, "REQUEST_EXPIRED"); /* of the attempt before, if there was one */
    k->attempt = (uint32_t)cs_js_num(j->key, "attempt") + 1;
    new_ids(j, k);
    cs_js_int(j->key, "attempt", k->attempt);
    cs_js_str(j->key, "phase", "RUN");
    memcpy(k->quorum_id, j->q->id, CS_PC_ID);
    (void)snprintf(k->curve, sizeof k->curve, "%s",
                   cs_js_text(j->wallet, "keyAlgorithm"));
    (void)snprintf(k->scheme, sizeof k->scheme, "%s",
                   cs_scheme_name(cs_pc_wallet_scheme(j->wallet)));
    (void)snprintf(k->blockchain, sizeof k->blockchain, "%s",
                   cs_js_text(j->wallet, "blockchain"));
    (void)snprintf(k->name, sizeof k->name, "%s", cs_js_text(j->wallet, "name"));
    k->expires_at = (uint64_t)expires(j);
    send_all(j, &f, expires(j));
    arm(j, (int64_t)j->core->cfg.limits.key_attempt_s * 1000);
}

void cs_pc_key_start(struct cs_platform_core *core, json_t *wallet,
                     struct cs_pc_quorum *q)
{
    struct job j = {.core = core, .wallet = wallet, .key = cs_js_obj(), .q = q->set};

    CS_ASSERT(cs_js_id(wallet, "id", j.id));
    cs_js_int(j.key, "expires", core->wall_ms + (int64_t)core->cfg.limits.key_s * 1000);
    cs_js_set(j.key, "acks", cs_js_obj());
    cs_js_set(j.key, "checks", cs_js_obj());
    cs_js_set(wallet, "_key", j.key);
    cs_js_str(wallet, "status", "PROVISIONING");
    offer(&j);
    job_save(&j);
}

static void set_reason(json_t *wallet, const char *reason, const char *text)
{
    json_t *reasons = cs_js_arr();
    char line[448];

    (void)snprintf(line, sizeof line, "%s: %s", reason, text);
    cs_js_push_text(reasons, line);
    cs_js_set(wallet, "reasons", reasons);
}

static void fail(struct job *j, const char *reason, const char *text)
{
    set_reason(j->wallet, reason, text);
    cs_js_str(j->wallet, "status", "PROVISIONING_FAILED");
    cs_pc_timer(j->core, j->wallet, CS_TIMER_KEY, 0);
    cancel(j, reason);
    job_save(j);
    cs_log(CS_LOG_WARN, "platform", "wallet %s: key creation failed: %s: %s",
           cs_js_text(j->wallet, "id"), reason, text);
}

/* A member gave what no honest one gives. */
static void fail_member(struct job *j, uint32_t index, enum cs_err why)
{
    char text[256];

    (void)snprintf(text, sizeof text, "member %u: %s", (unsigned)index,
                   cs_err_text(why));
    fail(j, cs_err_reason(why), text);
}

static void pause_then_retry(struct job *j)
{
    unsigned n = (unsigned)cs_js_num(j->key, "attempt");
    int64_t pause = n > 4 ? PAUSE_MAX_MS : PAUSE_FIRST_MS << (n - 1);

    cs_js_str(j->key, "phase", "WAIT");
    arm(j, pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS);
    job_save(j);
}

/* A member that is away collects commands: no more of them than it may have. */
static bool has_room(const struct job *j)
{
    for (uint8_t i = 1; i <= j->q->ds.n; i++) {
        struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, i);

        if (l != NULL && !cs_pc_outbox_has_room(j->core, l)) {
            return false;
        }
    }
    return true;
}

void cs_pc_key_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    struct job j;

    if (!job_open(&j, core, id)) {
        return;
    }
    if (core->wall_ms >= expires(&j) || cs_js_num(j.key, "attempt") > ATTEMPTS_MAX) {
        fail(&j, "REQUEST_EXPIRED",
             "the key was not made in time: check that all nodes of the quorum run and "
             "are linked, then create a new wallet");
    } else if (json_object_get(j.key, "cert") == NULL && !has_room(&j)) {
        arm(&j, PAUSE_MAX_MS);
        job_save(&j);
    } else if (json_object_get(j.key, "cert") == NULL) {
        offer(&j);
        job_save(&j);
    } else {
        arm(&j, expires(&j) - core->wall_ms);
        job_save(&j);
    }
    json_decref(j.wallet);
}

/* ---- what members report ----------------------------------------------- */

static bool is_complete(const struct job *j)
{
    size_t n = j->q->ds.n;

    return json_object_get(j->key, "cert") != NULL &&
           json_object_size(json_object_get(j->key, "acks")) == n &&
           json_object_size(json_object_get(j->key, "checks")) == n * (n - 1) / 2;
}

static bool cert_load(const struct job *j, struct cs_certificate *out)
{
    const char *hex = cs_js_text(j->key, "cert");
    struct cs_wr w = {0};
    bool ok = cs_unhex_wr(&w, hex, strlen(hex)) == CS_OK &&
              cs_certificate_decode(out, cs_wr_get(&w)) == CS_OK;

    cs_wr_free(&w);
    return ok;
}

static void provision(struct job *j, const struct cs_certificate *cert)
{
    uint8_t pub[CS_POINT_MAX];
    size_t n = cs_point_encode(&cert->body.X, pub);
    char address[CS_CHAIN_ADDRESS_MAX];
    const char *why = "";
    struct cs_chain_key key;
    enum cs_err err = cs_pc_chain_key(&key, cs_js_text(j->wallet, "blockchain"),
                                      cert->body.scheme, CS_SPAN(pub, n), &why);

    if (err == CS_OK) {
        err = cs_chain_address(address, &key, &why);
    }
    if (err != CS_OK) {
        fail(j, cs_err_reason(err), why);
        return;
    }
    cs_js_str(j->key, "phase", "DONE");
    cs_js_hex(j->wallet, "publicKey", pub, n);
    cs_js_str(j->wallet, "address", address);
    cs_js_str(j->wallet, "status", "PROVISIONED");
    cs_js_del(j->wallet, "reasons");
    cs_pc_timer(j->core, j->wallet, CS_TIMER_KEY, 0);
    cs_pc_index_add(j->core, CS_IX_WALLETS_ADDR, cs_pc_scope(address, ""),
                    (uint64_t)cs_js_num(j->wallet, "_seq"), j->id);
    cs_log(CS_LOG_INFO, "platform", "wallet %s provisioned: %s",
           cs_js_text(j->wallet, "id"), address);
    job_save(j);
}

static void evaluate(struct job *j)
{
    struct cs_certificate cert;

    if (!is_complete(j)) {
        job_save(j);
        return;
    }
    CS_ASSERT(cert_load(j, &cert)); /* checked when it came */
    provision(j, &cert);
}

static enum cs_err cert_check(const struct job *j, const struct cs_ctl_key_active *a,
                              struct cs_certificate *cert)
{
    struct cs_roster roster;
    uint8_t key_id[CS_PC_ID];

    cs_pc_qset_roster(j->q, &roster);
    CS_CHECK(cs_certificate_decode(cert, CS_SPAN(a->certificate.p, a->certificate.n)));
    CS_CHECK(cs_certificate_verify(cert, &roster));
    if (!cs_js_id(j->key, "keyId", key_id) ||
        memcmp(cert->body.key_id, key_id, CS_ID_LEN) != 0 || cert->body.epoch != 0 ||
        cert->body.scheme != cs_pc_wallet_scheme(j->wallet) ||
        strcmp(cs_curve_name(cert->body.curve),
               cs_js_text(j->wallet, "keyAlgorithm")) != 0) {
        return CS_ERR_CERT_INVALID;
    }
    return cs_ack_verify(&roster, (uint8_t)a->index, cert->cert_hash, a->ack);
}

/* Byte-equal to what the other members hold?  The first one is kept. */
static bool cert_same(struct job *j, const struct cs_ctl_key_active *a)
{
    json_t *hex = cs_json_hex(a->certificate.p, a->certificate.n);
    const json_t *held = json_object_get(j->key, "cert");
    bool same = held == NULL || json_equal(held, hex);

    if (held == NULL) {
        cs_js_set(j->key, "cert", json_incref(hex));
        arm(j, expires(j) - j->core->wall_ms); /* no retry from here on */
    }
    json_decref(hex);
    return same;
}

static void active(struct job *j, const struct cs_ctl_key_active *a)
{
    struct cs_certificate cert;
    enum cs_err err = cert_check(j, a, &cert);
    char index[8];

    if (err != CS_OK) {
        fail_member(j, a->index, err);
        return;
    }
    if (!cert_same(j, a)) {
        fail(j, "CERT_INVALID", "members hold different certificates for this key");
        return;
    }
    (void)snprintf(index, sizeof index, "%u", (unsigned)a->index);
    cs_js_hex(json_object_get(j->key, "acks"), index, a->ack, sizeof a->ack);
    cs_js_str(j->key, "phase", "RUN"); /* also when a retry was about to start */
    evaluate(j);
}

/* True when the pair's signature belongs to the certificate. */
static bool check_ok(const struct job *j, const struct cs_ctl_key_checked *c)
{
    struct cs_certificate cert;

    return cert_load(j, &cert) &&
           cs_check_verify(&cert.body, c->pair, c->signature) == CS_OK;
}

static void checked(struct job *j, uint8_t from, const struct cs_ctl_key_checked *c)
{
    char pair[8];

    if ((from != c->pair[0] && from != c->pair[1]) || c->pair[1] > j->q->ds.n ||
        json_object_get(j->key, "cert") == NULL) {
        return; /* speaks for others, or before its own key.active */
    }
    if (!check_ok(j, c)) {
        fail_member(j, from, CS_ERR_SIG_INVALID);
        return;
    }
    (void)snprintf(pair, sizeof pair, "%u-%u", c->pair[0], c->pair[1]);
    cs_js_hex(json_object_get(j->key, "checks"), pair, c->signature,
              sizeof c->signature);
    evaluate(j);
}

static void failed(struct job *j, const struct cs_ctl_failed *f)
{
    char text[192];

    if ((int64_t)f->attempt != cs_js_num(j->key, "attempt") ||
        !cs_js_is(j->key, "phase", "RUN")) {
        return; /* an older attempt */
    }
    (void)snprintf(text, sizeof text, "member %u in %s%s%u", (unsigned)f->index,
                   f->phase[0] == '\0' ? "start" : f->phase,
                   f->blame == 0 ? ", nobody blamed: " : ", blames member ",
                   (unsigned)f->blame);
    if (!f->retryable) {
        fail(j, f->reason, text);
        return;
    }
    set_reason(j->wallet, f->reason, text);
    if (json_object_get(j->key, "cert") == NULL) {
        pause_then_retry(j);
    } else {
        job_save(j); /* it is PENDING there, and comes by itself */
    }
}

enum { NO_INDEX = 255 }; /* the event names a pair instead */

/* Key, request and member that an event speaks of. */
static const uint8_t *named(const struct cs_ctl_frame *f, const uint8_t **request,
                            uint32_t *index)
{
    if (f->kind == CS_EVT_KEY_ACTIVE) {
        *request = f->u.key_active.request_id;
        *index = f->u.key_active.index;
        return f->u.key_active.key_id;
    }
    if (f->kind == CS_EVT_KEY_CHECKED) {
        *request = f->u.key_checked.request_id;
        *index = NO_INDEX;
        return f->u.key_checked.key_id;
    }
    *request = f->u.failed.request_id;
    *index = f->u.failed.index;
    return f->u.failed.key_id;
}

void cs_pc_key_event(struct cs_platform_core *core, struct cs_pc_live *from,
                     const struct cs_ctl_frame *f)
{
    const uint8_t *request;
    uint8_t own_request[CS_PC_ID], self;
    uint32_t index;
    const uint8_t *key_id = named(f, &request, &index);
    char text[CS_UUID_LEN];
    uint8_t wallet[CS_PC_ID];
    struct job j;

    if (!cs_pc_unique_get(core, CS_UNIQUE_KEY, cs_uuid_text(text, key_id), wallet) ||
        !job_open(&j, core, wallet)) {
        return;
    }
    self = cs_pc_qset_index(j.q, from->id);
    if (self == 0 || (index == NO_INDEX) != (f->kind == CS_EVT_KEY_CHECKED) ||
        (index != NO_INDEX && index != self) ||
        !cs_js_id(j.key, "requestId", own_request) ||
        memcmp(own_request, request, CS_PC_ID) != 0) {
        cs_log(CS_LOG_WARN, "platform", "key event that is not the sender's: dropped");
    } else if (f->kind == CS_EVT_KEY_ACTIVE) {
        active(&j, &f->u.key_active);
    } else if (f->kind == CS_EVT_KEY_CHECKED) {
        checked(&j, self, &f->u.key_checked);
    } else {
        failed(&j, &f->u.failed);
    }
    json_decref(j.wallet);
}
