/* Signing requests against a fake_platform: payloads, and what signers report. */
#ifndef CS_TEST_FAKE_SIGN_H
#define CS_TEST_FAKE_SIGN_H

#include "mpc/bip32.h"
#include "support/fake_device.h"

struct fake_tx {
    char id[37];
    uint8_t raw_id[16];
    char hex[1024];
    struct cs_wr message;
};

/* A SOLANA transfer from `from`: legacy message, one System transfer. */
FAKE void fake_solana(struct cs_wr *w, const uint8_t from[32], uint64_t lamports)
{
    static const uint8_t head[] = {1, 0, 1, 3};
    uint8_t to[32], zero[32] = {0}, hash[32];

    memset(to, 0x42, sizeof to);
    memset(hash, 0x77, sizeof hash);
    cs_wr_bytes(w, head, sizeof head);
    cs_wr_bytes(w, from, 32);
    cs_wr_bytes(w, to, 32);
    cs_wr_bytes(w, zero, 32);
    cs_wr_bytes(w, hash, 32);
    cs_wr_bytes(w, "\x01\x02\x02\x00\x01\x0c\x02\x00\x00\x00", 10);
    for (int i = 0; i < 8; i++) {
        cs_wr_u8(w, (uint8_t)(lamports >> (8 * i)));
    }
}

FAKE void fake_own_key(const struct fake_trio *t, uint8_t pub[32])
{
    uint8_t enc[CS_POINT_MAX];

    assert_int_equal(cs_point_encode(&t->body.X, enc), 32);
    memcpy(pub, enc, 32);
}

FAKE const char *fake_tx_path(const struct fake_trio *t, const char *rest)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/transactions%s",
                   t->vault, t->wallet, rest);
    return path;
}

FAKE int fake_raw_post(struct fake_trio *t, const char *hex, const char *more)
{
    char body[1400];

    (void)snprintf(body, sizeof body, "{\"encodedTransaction\":\"%s\",%s}", hex, more);
    return fake_api(t->w, "POST", fake_tx_path(t, "/raw"), body);
}

FAKE void fake_tx_id(struct fake_trio *t, struct fake_tx *x)
{
    (void)snprintf(x->id, sizeof x->id, "%s", fake_text(t->w, "id"));
    assert_int_equal(cs_uuid_parse(x->raw_id, x->id), CS_OK);
}

FAKE void fake_tx_payload(struct fake_trio *t, struct fake_tx *x, uint64_t lamports)
{
    uint8_t pub[32];

    memset(x, 0, sizeof *x);
    fake_own_key(t, pub);
    fake_solana(&x->message, pub, lamports);
    (void)cs_hex(x->hex, x->message.p, x->message.n);
}

FAKE void fake_tx_new(struct fake_trio *t, struct fake_tx *x, uint64_t lamports)
{
    fake_tx_payload(t, x, lamports);
    if (fake_raw_post(t, x->hex, "\"signOnly\":true") != 200) {
        fail_msg("raw: %s", t->w->reply_text);
    }
    fake_tx_id(t, x);
}

FAKE void fake_tx_get(struct fake_trio *t, const struct fake_tx *x)
{
    char rest[64];

    (void)snprintf(rest, sizeof rest, "/%.*s", (int)sizeof x->id - 1, x->id);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
}

FAKE void fake_tx_status(struct fake_trio *t, const struct fake_tx *x,
                         const char *status)
{
    fake_tx_get(t, x);
    if (strcmp(fake_text(t->w, "status"), status) != 0) {
        fail_msg("transaction: want %s, got %s", status, t->w->reply_text);
    }
}

/* Index (1..) of the devices that hold a sign command for x, as a bit mask; their last
 * frame is that command.  Commands for other requests are passed over. */
FAKE unsigned fake_sign_commands(struct fake_trio *t, const struct fake_tx *x)
{
    unsigned mask = 0;

    for (int i = 0; i < 3; i++) {
        struct cs_ctl_frame keep = {0};

        while (fake_cmd(&t->d[i], CS_CMD_SIGN)) {
            if (memcmp(t->d[i].last.u.sign.request_id, x->raw_id, 16) == 0) {
                cs_ctl_free(&keep);
                keep = t->d[i].last;
                memset(&t->d[i].last, 0, sizeof t->d[i].last);
                mask |= 1U << i;
            }
        }
        fake_last_free(&t->d[i]);
        t->d[i].last = keep;
    }
    return mask;
}

FAKE int fake_first(unsigned mask)
{
    return (mask & 1U) != 0 ? 0 : (mask & 2U) != 0 ? 1 : 2;
}

FAKE int fake_second(unsigned mask)
{
    return (mask & 4U) != 0 ? 2 : 1;
}

FAKE void fake_receipt(struct fake_trio *t, int i, struct cs_ctl_sign_done *d)
{
    const struct cs_span items[] = {CS_SPAN_OF(d->request_id), CS_SPAN_OF(d->reqh),
                                    CS_SPAN_OF(t->key_id),
                                    CS_SPAN(d->signatures.p, d->signatures.n)};
    uint8_t th[32];

    cs_th(th, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    cs_sign(d->receipt, t->d[i].key->ik_seed, CS_SPAN_OF(th));
}

FAKE enum cs_request_kind fake_request_kind(const char *word)
{
    return strcmp(word, "RAW") == 0          ? CS_REQUEST_SIGN_RAW
           : strcmp(word, "PLAINTEXT") == 0  ? CS_REQUEST_SIGN_PLAINTEXT
           : strcmp(word, "TYPED_DATA") == 0 ? CS_REQUEST_SIGN_TYPED_DATA
                                             : CS_REQUEST_SIGN_DIGEST;
}

/* reqh as the node works it out from its command. */
FAKE void fake_reqh_of(struct fake_trio *t, const struct cs_span *items, size_t n,
                       const struct cs_ctl_sign *s, uint8_t reqh[32])
{
    struct cs_request r = {.kind = fake_request_kind(s->kind),
                           .curve = cs_scheme_curve(t->scheme),
                           .scheme = t->scheme};

    memcpy(r.request_id, s->request_id, 16);
    memcpy(r.ds_hash, t->ds_hash, 32);
    memcpy(r.key_id, s->key_id, 16);
    assert_int_equal(cs_path_parse(r.path, &r.path_len, s->path), CS_OK);
    (void)snprintf(r.blockchain, sizeof r.blockchain, "%s", s->blockchain);
    cs_sha256(r.payload_hash, CS_SPAN(s->payload.p, s->payload.n));
    cs_request_messages_hash(r.messages_hash, items, n);
    r.policy_version = s->policy_version;
    r.expires_ms = (int64_t)s->expires_at;
    cs_request_hash(reqh, &r);
}

FAKE void fake_reqh(struct fake_trio *t, const struct fake_tx *x,
                    const struct cs_ctl_sign *s, uint8_t reqh[32])
{
    const struct cs_span msg = cs_wr_get(&x->message);

    fake_reqh_of(t, &msg, 1, s, reqh);
}

/* sign.done of device i for its last command, with this signature; the frame borrows
 * it until the next call. */
FAKE void fake_done_make(struct fake_trio *t, const struct fake_tx *x, int i,
                         const uint8_t sig[64], struct cs_ctl_frame *f)
{
    static uint8_t made[64];
    struct cs_ctl_sign_done *d = &f->u.sign_done;
    const struct cs_ctl_sign *s = &t->d[i].last.u.sign;

    memset(f, 0, sizeof *f);
    f->kind = CS_EVT_SIGN_DONE;
    memcpy(d->request_id, x->raw_id, 16);
    d->attempt = s->attempt;
    d->index = (uint32_t)i + 1;
    memcpy(d->signers, s->signers, 2);
    memcpy(made, sig, sizeof made);
    d->signatures = (struct cs_blob){made, sizeof made};
    fake_reqh(t, x, s, d->reqh);
    fake_receipt(t, i, d);
}

FAKE void fake_failed_send(struct fake_trio *t, const struct fake_tx *x, int i,
                           const char *reason, uint32_t blame, bool retryable)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_SIGN_FAILED};
    struct cs_ctl_failed *d = &f.u.failed;

    memcpy(d->request_id, x->raw_id, 16);
    memcpy(d->key_id, t->key_id, 16);
    d->attempt = t->d[i].last.u.sign.attempt;
    d->index = (uint32_t)i + 1;
    (void)snprintf(d->reason, sizeof d->reason, "%s", reason);
    (void)snprintf(d->phase, sizeof d->phase, "round 1");
    d->blame = blame;
    d->retryable = retryable;
    fake_evt(&t->d[i], &f);
}

/* A trio with an enabled wallet. */
FAKE struct fake_trio *fake_signers(void)
{
    struct fake_trio *t = fake_trio_new();

    fake_provisioned(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    return t;
}

FAKE void fake_both_done(struct fake_trio *t, struct fake_tx *x, unsigned mask)
{
    struct cs_ctl_frame f;
    uint8_t sig[64];

    fake_group_sign(t, sig, cs_wr_get(&x->message));
    fake_done_make(t, x, fake_first(mask), sig, &f);
    fake_evt(&t->d[fake_first(mask)], &f);
    fake_done_make(t, x, fake_second(mask), sig, &f);
    fake_evt(&t->d[fake_second(mask)], &f);
}

FAKE void fake_tx_end(struct fake_trio *t, struct fake_tx *x)
{
    cs_wr_free(&x->message);
    fake_trio_free(t);
}

FAKE size_t fake_lines(struct fake_trio *t, const struct fake_tx *x)
{
    char rest[96];

    (void)snprintf(rest, sizeof rest, "/%s/timeline", x->id);
    fake_ok(t->w, "GET", fake_tx_path(t, rest), NULL);
    return json_array_size(json_object_get(t->w->reply, "entries"));
}

#endif
