/* Devices that play their part against a fake_platform: sign in, join, hand in
 * certificates and signatures.  The group's secret is whole here: what counts is what
 * the platform accepts. */
#ifndef CS_TEST_FAKE_DEVICE_H
#define CS_TEST_FAKE_DEVICE_H

#include "crypto/frost_hash.h"
#include "mpc/cert_record.h"
#include "mpc/device_set.h"
#include "support/chains_sign.h"
#include "support/fake_platform.h"

struct fake_device {
    struct fake_platform *w;
    uint8_t id[16], exporter[32], boot[32], seed[32];
    char text[37];
    bool has_pairing;
    uint32_t approval_ms; /* it has an approver */
    bool is_witness;      /* it countersigns the audit log */
    uint64_t vouched;     /* the record that it says it has countersigned last */
    struct cs_identity_secret *key;
    uint64_t conn, relay, evt;
    size_t seen; /* frames of w->sent that were read */
    bool closed;
    enum cs_err close_err;
    struct cs_ctl_frame last;
};

FAKE void fake_last_free(struct fake_device *d)
{
    cs_ctl_free(&d->last);
    memset(&d->last, 0, sizeof d->last);
}

/* Next frame to the device's control connection into d->last; false: none. */
FAKE bool fake_next(struct fake_device *d)
{
    struct fake_platform *w = d->w;
    char why[128];

    fake_last_free(d);
    for (; d->seen < w->n_sent; d->seen++) {
        const struct fake_sent *s = &w->sent[d->seen];

        if (s->conn != d->conn) {
            continue;
        }
        d->seen++;
        if (s->close) {
            d->closed = true;
            d->close_err = s->err;
            return false;
        }
        assert_int_equal(
            cs_ctl_decode(&d->last, CS_SPAN(s->p, s->n), CS_CTL_MAX, why, sizeof why),
            CS_OK);
        return true;
    }
    return false;
}

FAKE void fake_message(struct fake_platform *w, uint64_t conn, struct cs_span data)
{
    fake_event(w, (struct cs_event){.type = CS_EV_MESSAGE, .conn = conn, .data = data});
}

FAKE void fake_send(struct fake_device *d, const struct cs_ctl_frame *f)
{
    struct cs_wr wr = {0};

    cs_ctl_encode(&wr, f);
    fake_message(d->w, d->conn, cs_wr_get(&wr));
    cs_wr_free(&wr);
}

FAKE void fake_ack(struct fake_device *d, const char *id)
{
    struct cs_ctl_frame f = {.type = CS_CTL_ACK};

    (void)snprintf(f.id, sizeof f.id, "%s", id);
    fake_send(d, &f);
}

/* The next command of this kind into d->last, acknowledged; false when none came. */
FAKE bool fake_cmd(struct fake_device *d, enum cs_ctl_kind kind)
{
    while (fake_next(d)) {
        if (d->last.type == CS_CTL_CMD) {
            fake_ack(d, d->last.id);
        }
        if (d->last.type == CS_CTL_CMD && d->last.kind == kind) {
            return true;
        }
    }
    return false;
}

FAKE void fake_evt(struct fake_device *d, struct cs_ctl_frame *f)
{
    f->type = CS_CTL_EVT;
    (void)snprintf(f->id, sizeof f->id, "%llu", (unsigned long long)++d->evt);
    fake_send(d, f);
}

FAKE void fake_status(struct fake_device *d, const char *state)
{
    struct cs_ctl_frame f = {.type = CS_CTL_STATUS};

    (void)snprintf(f.u.status.version, 16, "0.1.0");
    (void)snprintf(f.u.status.state, 16, "%s", state);
    (void)snprintf(f.u.status.words, 16, "some-words");
    fake_send(d, &f);
}

/* ---- pairing and sign-in ----------------------------------------------- */

FAKE void fake_identity(struct fake_device *d)
{
    uint8_t rnd[96];

    fake_random(d->w, rnd, sizeof rnd);
    if (d->key == NULL) {
        d->key = calloc(1, sizeof *d->key);
        assert_non_null(d->key);
    }
    cs_identity_from_random(d->key, rnd);
    fake_random(d->w, d->boot, sizeof d->boot);
    memset(d->exporter, 0x5e, sizeof d->exporter);
}

FAKE void fake_pairing_take(struct fake_device *d)
{
    struct fake_platform *w = d->w;
    struct cs_wr text = {0}, seed = {0};
    char path[128];
    json_error_t e;
    json_t *o;
    const char *key, *b64;

    (void)snprintf(path, sizeof path, "/v2/devices/%s/pairing-credentials", d->text);
    fake_ok(w, "GET", path, NULL);
    key = fake_text(w, "pairingKey");
    assert_int_equal(cs_unb64(&text, key, strlen(key)), CS_OK);
    assert_memory_equal(text.p, "{\"deviceId\":\"", 13);
    o = json_loadb((const char *)text.p, text.n, 0, &e);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "deviceId")), d->text);
    b64 = json_string_value(json_object_get(o, "seed"));
    assert_int_equal(cs_unb64(&seed, b64, strlen(b64)), CS_OK);
    assert_int_equal(seed.n, 32);
    memcpy(d->seed, seed.p, 32);
    d->has_pairing = true;
    json_decref(o);
    cs_wr_free(&text);
    cs_wr_free(&seed);
}

FAKE void fake_device_new(struct fake_platform *w, struct fake_device *d)
{
    *d = (struct fake_device){.w = w};
    fake_ok(w, "POST", "/v2/devices",
            "{\"displayName\":\"node\",\"deviceType\":\"CLOUD\"}");
    (void)snprintf(d->text, sizeof d->text, "%s", fake_text(w, "id"));
    assert_int_equal(cs_uuid_parse(d->id, d->text), CS_OK);
    fake_identity(d);
    fake_pairing_take(d);
}

FAKE void fake_device_free(struct fake_device *d)
{
    fake_last_free(d);
    free(d->key);
    d->key = NULL;
}

FAKE void fake_auth_sig(const struct fake_device *d, uint8_t sig[64],
                        const uint8_t nonce[32], const char *channel)
{
    const struct cs_span items[] = {
        CS_SPAN(nonce, 32),         CS_SPAN(channel, strlen(channel)),
        CS_SPAN_OF(d->id),          CS_SPAN_OF(d->exporter),
        CS_SPAN_OF(d->key->pub.ik), CS_SPAN_OF(d->key->pub.sk)};
    uint8_t th[32];

    cs_th(th, CS_TAG_AUTH, items, CS_COUNTOF(items));
    cs_sign(sig, d->key->ik_seed, CS_SPAN_OF(th));
}

FAKE void fake_pair_sig(const struct fake_device *d, uint8_t sig[64],
                        const uint8_t nonce[32])
{
    const struct cs_span items[] = {CS_SPAN(nonce, 32), CS_SPAN_OF(d->id),
                                    CS_SPAN_OF(d->key->pub.ik),
                                    CS_SPAN_OF(d->key->pub.sk)};
    uint8_t th[32];

    cs_th(th, CS_TAG_PAIR, items, CS_COUNTOF(items));
    cs_sign(sig, d->seed, CS_SPAN_OF(th));
}

/* Opens the control connection and returns the challenge's nonce. */
FAKE void fake_open(struct fake_device *d, uint8_t nonce[32])
{
    d->conn = d->w->next_conn++;
    d->closed = false;
    d->seen = d->w->n_sent;
    fake_event(d->w, (struct cs_event){.type = CS_EV_CONN_UP,
                                       .conn = d->conn,
                                       .channel = CS_CHANNEL_CONTROL,
                                       .remote = d->w->remote,
                                       .exporter = CS_SPAN_OF(d->exporter)});
    assert_true(fake_next(d));
    assert_int_equal(d->last.type, CS_CTL_CHALLENGE);
    memcpy(nonce, d->last.u.challenge.nonce, 32);
}

FAKE void fake_hello_make(const struct fake_device *d, struct cs_ctl_frame *f,
                          const uint8_t nonce[32])
{
    struct cs_ctl_hello *h = &f->u.hello;

    memset(f, 0, sizeof *f);
    f->type = CS_CTL_HELLO;
    memcpy(h->device_id, d->id, 16);
    memcpy(h->ik, d->key->pub.ik, 32);
    memcpy(h->sk, d->key->pub.sk, 32);
    memcpy(h->boot, d->boot, 32);
    (void)snprintf(h->version, sizeof h->version, "0.1.0");
    (void)snprintf(h->protocol, sizeof h->protocol, "cloudsign/1");
    fake_auth_sig(d, h->sig, nonce, "control");
    h->approval_ms = d->approval_ms;
    h->audit = d->is_witness ? 1 : 0;
    h->audit_seq = d->vouched;
    h->has_pairing = d->has_pairing;
    if (d->has_pairing) {
        cs_sign_public(h->pairing_public, d->seed);
        fake_pair_sig(d, h->pairing_sig, nonce);
    }
}

/* Signs in; d->last is the answer. */
FAKE void fake_connect(struct fake_device *d)
{
    struct cs_ctl_frame f;
    uint8_t nonce[32];

    fake_open(d, nonce);
    fake_hello_make(d, &f, nonce);
    fake_send(d, &f);
    (void)fake_next(d);
}

FAKE void fake_connect_ok(struct fake_device *d)
{
    fake_connect(d);
    assert_int_equal(d->last.type, CS_CTL_WELCOME);
}

FAKE void fake_refusal(struct fake_device *d, const char *reason)
{
    assert_int_equal(d->last.type, CS_CTL_REFUSED);
    assert_string_equal(d->last.u.refused.reason, reason);
    assert_false(fake_next(d));
    assert_true(d->closed);
}

FAKE void fake_disconnect(struct fake_device *d)
{
    fake_event(d->w, (struct cs_event){
                         .type = CS_EV_CONN_DOWN, .conn = d->conn, .err = CS_ERR_CONN});
}

FAKE void fake_approve(struct fake_device *d)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/v2/devices/%s/approval-status", d->text);
    fake_ok(d->w, "PUT", path, "{\"approvalStatus\":\"APPROVED\"}");
}

/* ---- three of them ----------------------------------------------------- */

struct fake_trio {
    struct fake_platform *w;
    struct fake_device d[3];
    char quorum[37], vault[37], wallet[37], request[37];
    uint8_t quorum_id[16], wallet_id[16], key_id[16];
    struct cs_device_set ds;
    uint8_t ds_hash[32], nonces[3][32], commits[3][32];
    char words[CS_WORDS_LEN];
    enum cs_scheme scheme; /* of the last key.create */
    struct cs_scalar x;
    struct cs_cert_body body;
    struct cs_sig_set sigs;
    struct cs_wr cert;
    uint8_t cert_hash[32];
};

FAKE struct fake_trio *fake_trio_new(void)
{
    struct fake_trio *t = calloc(1, sizeof *t);
    char id[40], secret[80];

    assert_non_null(t);
    t->w = fake_platform_new();
    t->scheme = CS_SCHEME_FROST_ED25519;
    fake_setup(t->w, id, secret);
    for (int i = 0; i < 3; i++) {
        fake_device_new(t->w, &t->d[i]);
        fake_connect_ok(&t->d[i]);
        fake_approve(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
    return t;
}

FAKE void fake_trio_free(struct fake_trio *t)
{
    for (int i = 0; i < 3; i++) {
        fake_device_free(&t->d[i]);
    }
    cs_wr_free(&t->cert);
    fake_platform_free(t->w);
    free(t);
}

FAKE int fake_quorum_post(struct fake_trio *t, const char *name)
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"%s\",\"deviceIds\":[\"%s\",\"%s\",\"%s\"],"
                   "\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\"}",
                   name, t->d[0].text, t->d[1].text, t->d[2].text);
    return fake_api(t->w, "POST", "/v2/mpc/quorums", body);
}

FAKE void fake_quorum_new(struct fake_trio *t)
{
    assert_int_equal(fake_quorum_post(t, "Treasury"), 200);
    (void)snprintf(t->quorum, sizeof t->quorum, "%s", fake_text(t->w, "id"));
    assert_int_equal(cs_uuid_parse(t->quorum_id, t->quorum), CS_OK);
    for (int i = 0; i < 3; i++) {
        const struct cs_blob *b;

        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_JOIN));
        b = &t->d[i].last.u.quorum_join.descriptor;
        assert_int_equal(cs_ds_decode(&t->ds, CS_SPAN(b->p, b->n)), CS_OK);
    }
    cs_ds_hash(t->ds_hash, &t->ds);
}

FAKE void fake_accept(struct fake_trio *t, int i)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_ACCEPTED};
    struct cs_ctl_quorum_accepted *a = &f.u.quorum_accepted;

    fake_random(t->w, t->nonces[i], 32);
    cs_quorum_commit(t->commits[i], t->ds_hash, (uint8_t)(i + 1), t->nonces[i]);
    memcpy(a->quorum_id, t->quorum_id, 16);
    memcpy(a->ds_hash, t->ds_hash, 32);
    a->index = (uint32_t)i + 1;
    memcpy(a->commit, t->commits[i], 32);
    cs_quorum_join_sign(a->sig, t->d[i].key, t->ds_hash, (uint8_t)(i + 1),
                        t->commits[i]);
    fake_evt(&t->d[i], &f);
}

FAKE void fake_reveal(struct fake_trio *t, int i)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_QUORUM_REVEALED};

    memcpy(f.u.quorum_revealed.quorum_id, t->quorum_id, 16);
    f.u.quorum_revealed.index = (uint32_t)i + 1;
    memcpy(f.u.quorum_revealed.nonce, t->nonces[i], 32);
    fake_evt(&t->d[i], &f);
}

FAKE void fake_confirm(struct fake_trio *t, int i, enum cs_ctl_kind kind)
{
    struct cs_ctl_frame f = {.kind = kind};
    struct cs_ctl_quorum_confirmed *c = &f.u.quorum_confirmed;

    cs_quorum_code(t->words, &t->ds, (const uint8_t(*)[32])t->nonces);
    memcpy(c->quorum_id, t->quorum_id, 16);
    memcpy(c->ds_hash, t->ds_hash, 32);
    c->index = (uint32_t)i + 1;
    (void)snprintf(c->words, sizeof c->words, "%s", t->words);
    fake_evt(&t->d[i], &f);
}

FAKE void fake_quorum_get(struct fake_trio *t)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s", t->quorum);
    fake_ok(t->w, "GET", path, NULL);
}

FAKE void fake_quorum_state(struct fake_trio *t, const char *state)
{
    fake_quorum_get(t);
    if (strcmp(fake_text(t->w, "state"), state) != 0) {
        fail_msg("quorum: want %s, got %s", state, t->w->reply_text);
    }
}

FAKE void fake_quorum_joined(struct fake_trio *t)
{
    fake_quorum_new(t);
    for (int i = 0; i < 3; i++) {
        fake_accept(t, i);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_COMMITS));
        fake_reveal(t, i);
    }
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_QUORUM_FINISH));
        fake_confirm(t, i, CS_EVT_QUORUM_CONFIRMED);
    }
    fake_quorum_state(t, "QUORUM_STATE_CONFIRMED");
}

/* ---- keys -------------------------------------------------------------- */

FAKE void fake_some_scalar_on(struct fake_platform *w, enum cs_curve c,
                              struct cs_scalar *out)
{
    uint8_t wide[64];

    fake_random(w, wide, sizeof wide);
    cs_scalar_reduce64(c, out, wide);
}

FAKE void fake_some_scalar(struct fake_platform *w, struct cs_scalar *out)
{
    fake_some_scalar_on(w, CS_CURVE_ED25519, out);
}

/* A group key with a certificate that all three have signed. */
FAKE void fake_make_cert(struct fake_trio *t)
{
    enum cs_curve c = cs_scheme_curve(t->scheme);
    struct cs_scalar slope, share = {0};
    uint8_t C[32];

    memset(&t->body, 0, sizeof t->body);
    memset(&t->sigs, 0, sizeof t->sigs);
    fake_some_scalar_on(t->w, c, &t->x);
    fake_some_scalar_on(t->w, c, &slope);
    memcpy(t->body.ds_hash, t->ds_hash, 32);
    memcpy(t->body.key_id, t->key_id, 16);
    fake_random(t->w, t->body.chain_code, sizeof t->body.chain_code);
    t->body.curve = c;
    t->body.scheme = t->scheme;
    t->body.n = 3;
    t->body.t = 2;
    cs_point_base_mul(c, &t->body.X, &t->x);
    share = t->x;
    for (int i = 1; i <= 3; i++) {
        cs_scalar_add(c, &share, &share, &slope);
        cs_point_base_mul(c, &t->body.Xi[i], &share);
    }
    cs_cert_content(C, &t->body);
    cs_cert_hash(t->cert_hash, C);
    for (uint8_t i = 1; i <= 3; i++) {
        uint8_t sig[64];

        cs_cert_sign(sig, t->d[i - 1].key->ik_seed, C);
        cs_sig_set_put(&t->sigs, i, sig);
    }
    cs_wr_free(&t->cert);
    cs_certificate_encode(&t->cert, &t->body, &t->sigs);
    assert_int_equal(t->cert.err, CS_OK);
}

/* RFC 8032 with the whole scalar. */
FAKE void fake_group_sign(struct fake_trio *t, uint8_t sig[64], struct cs_span msg)
{
    struct cs_scalar k, c;
    struct cs_point R;
    struct cs_wr in = {0};
    uint8_t pub[CS_POINT_MAX], r[CS_POINT_MAX];

    fake_some_scalar(t->w, &k);
    cs_point_base_mul(CS_CURVE_ED25519, &R, &k);
    assert_int_equal(cs_point_encode(&R, r), 32);
    assert_int_equal(cs_point_encode(&t->body.X, pub), 32);
    cs_wr_bytes(&in, r, 32);
    cs_wr_bytes(&in, pub, 32);
    cs_wr_span(&in, msg);
    cs_frost_h2(&c, cs_wr_get(&in));
    cs_wr_free(&in);
    memcpy(sig, r, 32);
    cs_scalar_muladd(CS_CURVE_ED25519, &k, &c, &t->x, &k);
    memcpy(sig + 32, k.b, 32);
}

/* x or -x, so that its point has an even y; x-only point. */
FAKE void fake_even(struct cs_scalar *x, uint8_t px[32])
{
    uint8_t enc[CS_POINT_MAX];
    struct cs_point p;

    cs_point_base_mul(CS_CURVE_SECP256K1, &p, x);
    assert_int_equal(cs_point_encode(&p, enc), 33);
    if (enc[0] == 3) {
        cs_scalar_negate(CS_CURVE_SECP256K1, x, x);
    }
    memcpy(px, enc + 1, 32);
}

/* BIP 340 with the whole secret, with the tweak of a key-path-only output or without.
 */
FAKE void fake_bip340(struct fake_trio *t, uint8_t sig[64], const struct cs_scalar *x,
                      bool tweaked, const uint8_t message[32])
{
    struct cs_scalar d = *x, k, e, tau;
    uint8_t px[32], rx[32], in[96], h[32];

    fake_even(&d, px);
    if (tweaked) {
        cs_tagged_hash(h, "TapTweak", CS_SPAN_OF(px));
        chains_k1_scalar(&tau, h);
        cs_scalar_add(CS_CURVE_SECP256K1, &d, &d, &tau);
        fake_even(&d, px);
    }
    fake_some_scalar_on(t->w, CS_CURVE_SECP256K1, &k);
    fake_even(&k, rx);
    memcpy(in, rx, 32);
    memcpy(in + 32, px, 32);
    memcpy(in + 64, message, 32);
    cs_tagged_hash(h, "BIP0340/challenge", CS_SPAN_OF(in));
    chains_k1_scalar(&e, h);
    cs_scalar_muladd(CS_CURVE_SECP256K1, &k, &e, &d, &k);
    memcpy(sig, rx, 32);
    memcpy(sig + 32, k.b, 32);
}

/* With the scheme of the group's key. */
FAKE void fake_key_sign(struct fake_trio *t, uint8_t sig[64], const struct cs_scalar *x,
                        bool tweaked, struct cs_span msg)
{
    if (t->scheme == CS_SCHEME_FROST_ED25519) {
        fake_group_sign(t, sig, msg);
        return;
    }
    assert_int_equal(msg.n, 32);
    if (t->scheme == CS_SCHEME_ECDSA) {
        chains_k1_sign(sig, x->b, msg.p);
    } else {
        fake_bip340(t, sig, x, tweaked, msg.p);
    }
}

FAKE void fake_vault_new(struct fake_trio *t)
{
    fake_ok(t->w, "POST", "/v2/vaults", "{\"name\":\"Main\"}");
    (void)snprintf(t->vault, sizeof t->vault, "%s", fake_text(t->w, "id"));
}

FAKE int fake_wallet_post(struct fake_trio *t, const char *more)
{
    char path[128], body[512];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets", t->vault);
    (void)snprintf(body, sizeof body, "{\"name\":\"Key\",\"quorumId\":\"%s\",%s}",
                   t->quorum, more);
    return fake_api(t->w, "POST", path, body);
}

FAKE void fake_wallet_as(struct fake_trio *t, const char *more)
{
    fake_vault_new(t);
    if (fake_wallet_post(t, more) != 200) {
        fail_msg("wallet: %s", t->w->reply_text);
    }
    (void)snprintf(t->wallet, sizeof t->wallet, "%s", fake_text(t->w, "id"));
    assert_int_equal(cs_uuid_parse(t->wallet_id, t->wallet), CS_OK);
}

FAKE void fake_wallet_new(struct fake_trio *t)
{
    fake_wallet_as(t, "\"blockchain\":\"SOLANA\",\"keystore\":\"MPC\"");
}

FAKE void fake_wallet_get(struct fake_trio *t)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/v2/wallets/%s", t->wallet);
    fake_ok(t->w, "GET", path, NULL);
}

FAKE void fake_wallet_status(struct fake_trio *t, const char *status)
{
    fake_wallet_get(t);
    if (strcmp(fake_text(t->w, "status"), status) != 0) {
        fail_msg("wallet: want %s, got %s", status, t->w->reply_text);
    }
    if (strcmp(status, "PROVISIONED") != 0) { /* P3: never shown half made */
        assert_string_equal(fake_text(t->w, "address"), "");
        assert_string_equal(fake_text(t->w, "publicKey"), "");
    }
}

/* key.active of device i, from its last key.create. */
FAKE void fake_active_make(struct fake_trio *t, int i, struct cs_ctl_frame *f)
{
    struct cs_ctl_key_active *a = &f->u.key_active;

    memset(f, 0, sizeof *f);
    f->kind = CS_EVT_KEY_ACTIVE;
    memcpy(a->request_id, t->d[i].last.u.key_create.request_id, 16);
    memcpy(a->key_id, t->key_id, 16);
    a->attempt = t->d[i].last.u.key_create.attempt;
    a->index = (uint32_t)i + 1;
    a->certificate = (struct cs_blob){t->cert.p, t->cert.n};
    cs_ack_sign(a->ack, t->d[i].key->ik_seed, t->cert_hash, (uint8_t)(i + 1));
}

FAKE void fake_checked_make(struct fake_trio *t, uint8_t lo, uint8_t hi,
                            struct cs_ctl_frame *f)
{
    struct cs_ctl_key_checked *c = &f->u.key_checked;
    uint8_t msg[32];

    memset(f, 0, sizeof *f);
    f->kind = CS_EVT_KEY_CHECKED;
    memcpy(c->request_id, t->d[lo - 1].last.u.key_create.request_id, 16);
    memcpy(c->key_id, t->key_id, 16);
    c->pair[0] = lo;
    c->pair[1] = hi;
    cs_check_message(msg, t->cert_hash, lo, hi);
    fake_key_sign(t, c->signature, &t->x, false, CS_SPAN_OF(msg));
}

FAKE void fake_key_commands(struct fake_trio *t)
{
    for (int i = 0; i < 3; i++) {
        assert_true(fake_cmd(&t->d[i], CS_CMD_KEY_CREATE));
        memcpy(t->key_id, t->d[i].last.u.key_create.key_id, 16);
        assert_true(cs_scheme_parse(&t->scheme, t->d[i].last.u.key_create.scheme));
        assert_string_equal(t->d[i].last.u.key_create.curve,
                            cs_curve_name(cs_scheme_curve(t->scheme)));
    }
}

/* The nodes' part of making the key that was asked for. */
FAKE void fake_provision(struct fake_trio *t)
{
    static const uint8_t pairs[3][2] = {{1, 2}, {1, 3}, {2, 3}};
    struct cs_ctl_frame f;

    fake_key_commands(t);
    fake_make_cert(t);
    for (int i = 0; i < 3; i++) {
        fake_active_make(t, i, &f);
        fake_evt(&t->d[i], &f);
    }
    for (int i = 0; i < 3; i++) {
        fake_wallet_status(t, "PROVISIONING");
        fake_checked_make(t, pairs[i][0], pairs[i][1], &f);
        fake_evt(&t->d[pairs[i][0] - 1], &f);
    }
    fake_wallet_status(t, "PROVISIONED");
}

FAKE void fake_provisioned(struct fake_trio *t)
{
    fake_quorum_joined(t);
    fake_wallet_new(t);
    fake_provision(t);
}

FAKE int fake_settings(struct fake_trio *t, bool enabled, bool raw)
{
    char path[160], body[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", t->vault,
                   t->wallet);
    (void)snprintf(body, sizeof body,
                   "{\"settings\":{\"enabled\":%s,\"rawSigningEnabled\":%s,"
                   "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":false}}",
                   enabled ? "true" : "false", raw ? "true" : "false");
    return fake_api(t->w, "PUT", path, body);
}

#endif
