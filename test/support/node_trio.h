/* Three real nodes in one quorum, on node_bed.h: joining, key generation, signing. */
#ifndef CS_TEST_NODE_TRIO_H
#define CS_TEST_NODE_TRIO_H

#include <sodium.h>

#include "chain/chain.h"
#include "mpc/cert_record.h"
#include "mpc/device_set.h"
#include "support/node_bed.h"

static const uint8_t trio_quorum_id[16] = "quorum-trio-0001";
static const uint8_t trio_key_id[16] = "key-trio-0000001";

BED void trio_ds(const struct bed *b, struct cs_device_set *ds)
{
    memset(ds, 0, sizeof *ds);
    memset(ds->ds_id, 0xd5, sizeof ds->ds_id);
    memset(ds->nonce, 0x55, sizeof ds->nonce);
    ds->t = 2;
    ds->n = BED_NODES;
    for (size_t i = 0; i < BED_NODES; i++) {
        struct cs_ds_member *m = &ds->members[i];

        m->index = (uint8_t)(i + 1);
        memcpy(m->device_id, b->node[i].device, 16);
        memcpy(m->id.ik, b->node[i].hello.ik, 32);
        memcpy(m->id.sk, b->node[i].hello.sk, 32);
    }
}

/* ---- joining
 * ------------------------------------------------------------------------- */

BED void trio_send_join(struct bed *b, int i, struct cs_span descriptor)
{
    struct cs_ctl_frame f = {.kind = CS_CMD_QUORUM_JOIN};
    struct cs_ctl_quorum_join *j = &f.u.quorum_join;
    uint8_t copy[CS_DS_ENC_MAX];

    assert_true(descriptor.n <= sizeof copy);
    memcpy(copy, descriptor.p, descriptor.n);
    memcpy(j->quorum_id, trio_quorum_id, 16);
    (void)snprintf(j->name, sizeof j->name, "trio");
    j->descriptor = (struct cs_blob){copy, descriptor.n};
    j->expires_at = BED_WALL + b->now + 3600000;
    bed_cmd(b, i, &f);
}

BED void trio_join(struct bed *b, int i, const struct cs_device_set *ds)
{
    struct cs_wr w = {0};

    assert_int_equal(cs_ds_encode(&w, ds), CS_OK);
    trio_send_join(b, i, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* What the members said, as the platform hands it on. */
BED void trio_commits(const struct bed *b, struct cs_ctl_frame *f)
{
    memset(f, 0, sizeof *f);
    f->kind = CS_CMD_QUORUM_COMMITS;
    memcpy(f->u.quorum_commits.quorum_id, trio_quorum_id, 16);
    f->u.quorum_commits.n_accepts = BED_NODES;
    for (int i = 0; i < BED_NODES; i++) {
        struct cs_ctl_accept *a = &f->u.quorum_commits.accepts[i];
        const struct cs_ctl_frame *e = bed_last(b, i, CS_EVT_QUORUM_ACCEPTED);

        assert_non_null(e);
        a->index = e->u.quorum_accepted.index;
        memcpy(a->commit, e->u.quorum_accepted.commit, 32);
        memcpy(a->sig, e->u.quorum_accepted.sig, 64);
    }
}

BED void trio_openings(const struct bed *b, struct cs_ctl_frame *f)
{
    memset(f, 0, sizeof *f);
    f->kind = CS_CMD_QUORUM_FINISH;
    memcpy(f->u.quorum_finish.quorum_id, trio_quorum_id, 16);
    f->u.quorum_finish.n_nonces = BED_NODES;
    for (int i = 0; i < BED_NODES; i++) {
        struct cs_ctl_opening *o = &f->u.quorum_finish.nonces[i];
        const struct cs_ctl_frame *e = bed_last(b, i, CS_EVT_QUORUM_REVEALED);

        o->index = (uint32_t)i + 1;
        if (e != NULL) { /* a member that the test plays itself reveals nothing */
            memcpy(o->nonce, e->u.quorum_revealed.nonce, 32);
        }
    }
}

BED void trio_to_all(struct bed *b, const struct cs_ctl_frame *f)
{
    for (int i = 0; i < BED_NODES; i++) {
        struct cs_ctl_frame copy = *f;

        bed_cmd(b, i, &copy);
    }
}

BED void trio_join_all(struct bed *b)
{
    struct cs_device_set ds;

    trio_ds(b, &ds);
    for (int i = 0; i < BED_NODES; i++) {
        trio_join(b, i, &ds);
    }
}

/* Three nodes: paired, approved, in one quorum, links live. */
BED void trio_up(struct bed *b)
{
    struct cs_ctl_frame f;

    bed_init(b, BED_NODES);
    for (int i = 0; i < BED_NODES; i++) {
        bed_start(b, i);
    }
    trio_join_all(b);
    trio_commits(b, &f);
    trio_to_all(b, &f);
    trio_openings(b, &f);
    trio_to_all(b, &f);
    bed_advance(b, 5000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(b, i, CS_EVT_QUORUM_CONFIRMED), 1);
    }
}

/* ---- keys
 * ---------------------------------------------------------------------------------- */

BED void trio_key_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n)
{
    struct cs_ctl_key_create *k = &f->u.key_create;

    memset(f, 0, sizeof *f);
    f->kind = CS_CMD_KEY_CREATE;
    memcpy(k->request_id, "keygen-req-00000", 16);
    k->request_id[15] = n;
    memcpy(k->key_id, trio_key_id, 16);
    k->key_id[15] = n;
    memcpy(k->quorum_id, trio_quorum_id, 16);
    (void)snprintf(k->curve, sizeof k->curve, "ED25519");
    (void)snprintf(k->scheme, sizeof k->scheme, "FROST_ED25519");
    (void)snprintf(k->blockchain, sizeof k->blockchain, "SOLANA");
    (void)snprintf(k->name, sizeof k->name, "key %u", n);
    k->attempt = 1;
    k->expires_at = BED_WALL + 7200000; /* one value: part of the request's hash */
    (void)b;
}

BED void trio_key_create(struct bed *b, uint8_t n)
{
    struct cs_ctl_frame f;

    trio_key_frame(b, &f, n);
    trio_to_all(b, &f);
}

/* Key number 1, active everywhere, every pair checked. */
BED void trio_key(struct bed *b)
{
    trio_key_create(b, 1);
    bed_advance(b, 10000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(b, i, CS_EVT_KEY_ACTIVE), 1);
    }
    assert_int_equal(bed_count(b, 0, CS_EVT_KEY_CHECKED), 2);
    assert_int_equal(bed_count(b, 1, CS_EVT_KEY_CHECKED), 1);
    assert_int_equal(bed_count(b, 2, CS_EVT_KEY_CHECKED), 0);
    bed_advance(b, 30000);
}

BED void trio_certificate(const struct bed *b, int i, struct cs_certificate *c)
{
    const struct cs_ctl_frame *f = bed_last(b, i, CS_EVT_KEY_ACTIVE);

    assert_non_null(f);
    assert_int_equal(cs_certificate_decode(c, CS_SPAN(f->u.key_active.certificate.p,
                                                      f->u.key_active.certificate.n)),
                     CS_OK);
}

BED void trio_public(const struct bed *b, uint8_t pub[32])
{
    struct cs_certificate c;
    uint8_t enc[CS_POINT_MAX];

    trio_certificate(b, 0, &c);
    (void)cs_point_encode(&c.body.X, enc);
    memcpy(pub, enc, 32);
}

/* ---- signing
 * -------------------------------------------------------------------------------- */

static uint8_t trio_text[] = "Pay the plumber, not the baker.";

/* Request n of key 1 by parties lo and hi (1..3). */
BED void trio_sign_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n,
                         uint8_t lo, uint8_t hi, uint8_t initiator)
{
    struct cs_ctl_sign *s = &f->u.sign;

    memset(f, 0, sizeof *f);
    f->kind = CS_CMD_SIGN;
    memcpy(s->request_id, "signing-req-0000", 16);
    s->request_id[15] = n;
    memcpy(s->quorum_id, trio_quorum_id, 16);
    memcpy(s->key_id, trio_key_id, 16);
    s->key_id[15] = 1;
    (void)snprintf(s->blockchain, sizeof s->blockchain, "SOLANA");
    (void)snprintf(s->kind, sizeof s->kind, "PLAINTEXT");
    s->payload = (struct cs_blob){trio_text, sizeof trio_text - 1};
    s->policy_version = 1;
    s->expires_at = BED_WALL + 7200000; /* one value: part of the request's hash */
    s->attempt = 1;
    s->signers[0] = lo;
    s->signers[1] = hi;
    s->initiator = initiator;
    (void)b;
}

/* What the last trio_sign_send asked to sign. */
static struct {
    bool is_raw;
    uint8_t payload[4096];
    size_t n;
} trio_sent;

BED void trio_sign_send(struct bed *b, const struct cs_ctl_frame *f)
{
    trio_sent.is_raw = strcmp(f->u.sign.kind, "RAW") == 0;
    trio_sent.n = f->u.sign.payload.n;
    if (trio_sent.n <= sizeof trio_sent.payload) {
        memcpy(trio_sent.payload, f->u.sign.payload.p, trio_sent.n);
    }
    for (size_t k = 0; k < 2; k++) {
        struct cs_ctl_frame copy = *f;

        bed_cmd(b, f->u.sign.signers[k] - 1, &copy);
    }
}

BED void trio_sign(struct bed *b, uint8_t n, uint8_t lo, uint8_t hi, uint8_t initiator)
{
    struct cs_ctl_frame f;

    trio_sign_frame(b, &f, n, lo, hi, initiator);
    trio_sign_send(b, &f);
}

/* Verifies under a SOLANA key over what the last trio_sign_send asked for. */
BED bool trio_verifies(const uint8_t sig[64], const uint8_t pub[32])
{
    struct cs_span payload = CS_SPAN(trio_sent.payload, trio_sent.n);
    struct cs_chain_key key;
    struct cs_chain_tx tx;
    const char *why = "";
    bool ok;

    assert_int_equal(cs_chain_key_init(&key, CS_CHAIN_SOLANA, CS_CURVE_ED25519,
                                       CS_SPAN(pub, 32), &why),
                     CS_OK);
    assert_int_equal(trio_sent.is_raw ? cs_chain_decode(&tx, &key, payload, &why)
                                      : cs_chain_plaintext(&tx, &key, payload, &why),
                     CS_OK);
    ok = crypto_sign_verify_detached(sig, tx.items[0].message.p, tx.items[0].message.n,
                                     pub) == 0;
    cs_chain_tx_free(&tx);
    return ok;
}

/* The nth signature of node i verifies under key 1; receipt and hash are its own. */
/* "1:ACCEPTED 1:ROUND_1 2:ROUND_1" */
BED const char *trio_trace(const struct cs_ctl_trace *t)
{
    static char text[512];
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < t->n; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%u:%.23s",
                              i == 0 ? "" : " ", t->steps[i].index, t->steps[i].step);
        assert_true(n < sizeof text);
        assert_true(i == 0 || t->steps[i].before_ms <= t->steps[i - 1].before_ms);
    }
    return text;
}

BED void trio_check_done(const struct bed *b, int i, size_t nth)
{
    const struct cs_ctl_frame *f = bed_evt(b, i, CS_EVT_SIGN_DONE, nth);
    const struct cs_ctl_sign_done *d = &f->u.sign_done;
    uint8_t pub[32], h[32], key_id[16];
    const struct cs_span items[] = {CS_SPAN_OF(d->request_id), CS_SPAN_OF(d->reqh),
                                    CS_SPAN_OF(key_id),
                                    CS_SPAN(d->signatures.p, d->signatures.n)};

    assert_non_null(f);
    memcpy(key_id, trio_key_id, 16);
    key_id[15] = 1;
    trio_public(b, pub);
    assert_int_equal(d->signatures.n, 64);
    assert_true(trio_verifies(d->signatures.p, pub));
    cs_th(h, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    assert_true(cs_sign_verify(d->receipt, b->node[i].hello.ik, CS_SPAN_OF(h)));
}

#endif
