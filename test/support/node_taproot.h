/* A Taproot wallet of the three nodes of node_trio.h: key 1 is a BIP340 key of BITCOIN.
 * What the nodes sign is judged by libsecp256k1 itself, under the output key that the
 * test derives from the certificate. */
#ifndef CS_TEST_NODE_TAPROOT_H
#define CS_TEST_NODE_TAPROOT_H

#include "support/node_trio.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "mpc/tweak.h"
#include "support/utxo_made.h"

/* ---- the key --------------------------------------------------------------------- */

BED void tap_key_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n)
{
    struct cs_ctl_key_create *k = &f->u.key_create;

    trio_key_frame(b, f, n);
    (void)snprintf(k->curve, sizeof k->curve, "SECP256K1");
    (void)snprintf(k->scheme, sizeof k->scheme, "BIP340");
    (void)snprintf(k->blockchain, sizeof k->blockchain, "BITCOIN");
}

BED void tap_key(struct bed *b)
{
    struct cs_ctl_frame f;

    tap_key_frame(b, &f, 1);
    trio_to_all(b, &f);
    bed_advance(b, 10000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(b, i, CS_EVT_KEY_ACTIVE), 1);
        assert_int_equal(bed_count(b, i, CS_EVT_KEY_CHECKED), BED_NODES - 1 - i);
    }
    bed_advance(b, 30000);
}

BED size_t tap_path(uint32_t path[CS_PATH_MAX], const char *text)
{
    uint8_t n = 0;

    assert_int_equal(cs_path_parse(path, &n, text), CS_OK);
    return n;
}

/* The key at that path as the chain layer takes it. */
BED void tap_own(const struct bed *b, const char *path, struct cs_chain_key *own)
{
    struct cs_certificate c;
    struct cs_bip32 child;
    uint32_t steps[CS_PATH_MAX];
    size_t n = tap_path(steps, path);
    uint8_t pub[CS_POINT_MAX];
    const char *why = "";

    trio_certificate(b, 0, &c);
    assert_int_equal(cs_bip32_derive(&child, &c.body.X, c.body.chain_code, steps, n),
                     CS_OK);
    assert_int_equal(cs_point_encode(&child.X, pub), 33);
    assert_int_equal(cs_chain_key_init(own, CS_CHAIN_BITCOIN, CS_CURVE_SECP256K1,
                                       CS_SPAN(pub, 33), &why),
                     CS_OK);
    assert_int_equal(cs_chain_key_set_scheme(own, CS_CHAIN_SCHEME_BIP340, &why), CS_OK);
}

/* x of the output key that its address shows. */
BED void tap_output(const struct bed *b, const char *path, uint8_t x[32])
{
    struct cs_certificate c;
    struct cs_tweak t;
    uint32_t steps[CS_PATH_MAX];
    size_t n = tap_path(steps, path);

    trio_certificate(b, 0, &c);
    assert_int_equal(cs_tweak_wallet(&t, &c.body.X, c.body.chain_code, steps, n),
                     CS_OK);
    cs_tweak_x(x, &t);
}

/* ---- requests -------------------------------------------------------------------- */

/* A PSBT that spends n_ins outputs of the address at that path. */
BED void tap_psbt(const struct bed *b, struct cs_wr *w, const char *path, size_t n_ins)
{
    struct cs_chain_key own;

    tap_own(b, path, &own);
    made_psbt(w, &own,
              (struct made){.n_ins = n_ins,
                            .outs = {{n_ins * 100000 - 10000, PAY}},
                            .n_outs = 1});
    assert_int_equal(w->err, CS_OK);
}

/* Request n for key 1 at that path; payload: the bytes of w, as they are when sent. */
BED void tap_sign_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n,
                        uint8_t lo, uint8_t hi, uint8_t initiator, const char *path,
                        const struct cs_wr *w)
{
    struct cs_ctl_sign *s = &f->u.sign;

    trio_sign_frame(b, f, n, lo, hi, initiator);
    (void)snprintf(s->blockchain, sizeof s->blockchain, "BITCOIN");
    (void)snprintf(s->kind, sizeof s->kind, "RAW");
    (void)snprintf(s->path, sizeof s->path, "%s", path);
    s->payload = (struct cs_blob){w->p, w->n};
}

/* Parties lo and hi sign a transaction with n_ins inputs. */
BED void tap_sign(struct bed *b, uint8_t n, uint8_t lo, uint8_t hi, uint8_t initiator,
                  const char *path, size_t n_ins)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    tap_psbt(b, &w, path, n_ins);
    tap_sign_frame(b, &f, n, lo, hi, initiator, path, &w);
    trio_sign_send(b, &f);
    cs_wr_free(&w);
}

/* ---- the judge ------------------------------------------------------------------- */

BED bool tap_verifies(const uint8_t x[32], const uint8_t msg[32], const uint8_t sig[64])
{
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
    secp256k1_xonly_pubkey key;
    bool ok = secp256k1_xonly_pubkey_parse(ctx, &key, x) == 1 &&
              secp256k1_schnorrsig_verify(ctx, sig, msg, 32, &key) == 1;

    secp256k1_context_destroy(ctx);
    return ok;
}

BED void tap_check_receipt(const struct bed *b, int i, const struct cs_ctl_sign_done *d)
{
    uint8_t h[32], key_id[16];
    const struct cs_span items[] = {CS_SPAN_OF(d->request_id), CS_SPAN_OF(d->reqh),
                                    CS_SPAN_OF(key_id),
                                    CS_SPAN(d->signatures.p, d->signatures.n)};

    memcpy(key_id, trio_key_id, 16);
    key_id[15] = 1;
    cs_th(h, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    assert_true(cs_sign_verify(d->receipt, b->node[i].hello.ik, CS_SPAN_OF(h)));
}

/* The nth sign.done of node i has a signature for each item of what f asks. */
BED void tap_check_done(const struct bed *b, int i, size_t nth,
                        const struct cs_ctl_frame *f)
{
    const struct cs_ctl_frame *e = bed_evt(b, i, CS_EVT_SIGN_DONE, nth);
    const struct cs_ctl_sign *s = &f->u.sign;
    struct cs_chain_key own;
    struct cs_chain_tx tx;
    enum cs_chain_kind kind;
    const char *why = "";
    uint8_t x[32], bad[64];

    assert_non_null(e);
    assert_memory_equal(e->u.sign_done.request_id, s->request_id, 16);
    tap_own(b, s->path, &own);
    tap_output(b, s->path, x);
    assert_true(cs_chain_kind_parse(&kind, s->kind));
    assert_int_equal(
        cs_chain_prepare(&tx, &own, kind, CS_SPAN(s->payload.p, s->payload.n), &why),
        CS_OK);
    assert_int_equal(e->u.sign_done.signatures.n, 64 * tx.n_items);
    for (size_t k = 0; k < tx.n_items; k++) {
        const uint8_t *sig = e->u.sign_done.signatures.p + 64 * k;

        assert_int_equal(tx.items[k].message.n, 32);
        assert_true(tap_verifies(x, tx.items[k].message.p, sig));
        memcpy(bad, sig, 64); /* a judge that always says yes is none */
        bad[63] ^= 1;
        assert_false(tap_verifies(x, tx.items[k].message.p, bad));
    }
    cs_chain_tx_free(&tx);
    tap_check_receipt(b, i, &e->u.sign_done);
}

#endif
