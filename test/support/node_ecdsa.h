/* ECDSA keys and signatures of the three nodes of node_trio.h, judged by libsecp256k1
 * and by mbedTLS.  Include after cmocka.h. */
#ifndef CS_TEST_NODE_ECDSA_H
#define CS_TEST_NODE_ECDSA_H

#include <mbedtls/ecdsa.h>
#include <secp256k1.h>

#include "chain/chain.h"
#include "mpc/bip32.h"
#include "support/node_trio.h"

/* ---- keys
 * ---------------------------------------------------------------------------- */

BED void ec_key_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n,
                      const char *chain)
{
    struct cs_ctl_key_create *k = &f->u.key_create;

    trio_key_frame(b, f, n);
    (void)snprintf(k->curve, sizeof k->curve, "SECP256K1");
    (void)snprintf(k->scheme, sizeof k->scheme, "ECDSA");
    (void)snprintf(k->blockchain, sizeof k->blockchain, "%s", chain);
}

/* ECDSA key number 1 on that chain: active everywhere, every pair set up and checked.
 */
BED void ec_key(struct bed *b, const char *chain)
{
    struct cs_ctl_frame f;

    ec_key_frame(b, &f, 1, chain);
    trio_to_all(b, &f);
    bed_advance(b, 60000);
    for (int i = 0; i < BED_NODES; i++) {
        assert_int_equal(bed_count(b, i, CS_EVT_KEY_ACTIVE), 1);
        assert_int_equal(bed_count(b, i, CS_EVT_KEY_CHECKED), 2 - i);
    }
}

BED void ec_up(struct bed *b, const char *chain)
{
    trio_up(b);
    ec_key(b, chain);
}

/* ---- requests
 * ------------------------------------------------------------------------ */

static uint8_t ec_text[] = "Pay the plumber, not the baker.";

/* Request n: a text under the key of `path`, by parties lo and hi. */
BED void ec_sign_frame(const struct bed *b, struct cs_ctl_frame *f, uint8_t n,
                       uint8_t lo, uint8_t hi, uint8_t initiator)
{
    struct cs_ctl_sign *s = &f->u.sign;

    trio_sign_frame(b, f, n, lo, hi, initiator);
    (void)snprintf(s->blockchain, sizeof s->blockchain, "ETHEREUM");
    s->payload = (struct cs_blob){ec_text, sizeof ec_text - 1};
}

BED void ec_sign(struct bed *b, uint8_t n, uint8_t lo, uint8_t hi, uint8_t initiator)
{
    struct cs_ctl_frame f;

    ec_sign_frame(b, &f, n, lo, hi, initiator);
    trio_sign_send(b, &f);
}

/* Only to the initiator, or only to the other one. */
BED void ec_send_to(struct bed *b, int node, const struct cs_ctl_frame *f)
{
    struct cs_ctl_frame copy = *f;

    bed_cmd(b, node, &copy);
}

/* ---- two judges
 * ---------------------------------------------------------------------- */

BED bool ec_secp_says(const uint8_t pub[33], const uint8_t digest[32],
                      const uint8_t rs[64])
{
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature sig;
    bool ok = secp256k1_ec_pubkey_parse(ctx, &key, pub, 33) == 1 &&
              secp256k1_ecdsa_signature_parse_compact(ctx, &sig, rs) == 1 &&
              secp256k1_ecdsa_verify(ctx, &sig, digest, &key) == 1; /* low s only */

    secp256k1_context_destroy(ctx);
    return ok;
}

BED bool ec_mbed_says(const uint8_t pub65[65], const uint8_t digest[32],
                      const uint8_t rs[64])
{
    mbedtls_ecp_group grp;
    mbedtls_ecp_point Q;
    mbedtls_mpi r, s;
    bool ok;

    mbedtls_ecp_group_init(&grp);
    mbedtls_ecp_point_init(&Q);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    ok = mbedtls_ecp_group_load(&grp, MBEDTLS_ECP_DP_SECP256K1) == 0 &&
         mbedtls_ecp_point_read_binary(&grp, &Q, pub65, 65) == 0 &&
         mbedtls_mpi_read_binary(&r, rs, 32) == 0 &&
         mbedtls_mpi_read_binary(&s, rs + 32, 32) == 0 &&
         mbedtls_ecdsa_verify(&grp, digest, 32, &Q, &r, &s) == 0;
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    mbedtls_ecp_point_free(&Q);
    mbedtls_ecp_group_free(&grp);
    return ok;
}

BED void ec_verify(const uint8_t pub[33], const uint8_t digest[32],
                   const uint8_t rs[64])
{
    uint8_t pub65[65], bad[64];

    assert_int_equal(cs_ecdsa_uncompress(pub65, pub), CS_OK);
    assert_true(ec_secp_says(pub, digest, rs));
    assert_true(ec_mbed_says(pub65, digest, rs));
    memcpy(bad, rs, 64); /* a judge that always says yes is none */
    bad[40] ^= 1;
    assert_false(ec_secp_says(pub, digest, bad));
    assert_false(ec_mbed_says(pub65, digest, bad));
}

/* ---- what was signed
 * ----------------------------------------------------------------- */

/* Public key of key 1 at a path. */
BED void ec_child(const struct bed *b, const char *path, uint8_t pub[33])
{
    struct cs_certificate c;
    struct cs_bip32 child;
    uint32_t steps[CS_PATH_MAX];
    uint8_t n;

    trio_certificate(b, 0, &c);
    assert_int_equal(cs_path_parse(steps, &n, path), CS_OK);
    assert_int_equal(cs_bip32_derive(&child, &c.body.X, c.body.chain_code, steps, n),
                     CS_OK);
    assert_int_equal(cs_point_encode(&child.X, pub), 33);
}

/* What the request of f asks to sign, worked out by the chain layer once more. */
BED void ec_prepare(const struct bed *b, const struct cs_ctl_sign *s,
                    struct cs_chain_tx *tx, uint8_t pub[33])
{
    struct cs_chain_key own;
    enum cs_chain_kind kind;
    const char *why = "";

    ec_child(b, s->path, pub);
    assert_true(cs_chain_kind_parse(&kind, s->kind));
    assert_int_equal(cs_chain_key_init(&own, cs_chain_by_name(s->blockchain)->chain,
                                       CS_CURVE_SECP256K1, CS_SPAN(pub, 33), &why),
                     CS_OK);
    assert_int_equal(cs_chain_key_set_scheme(&own, CS_CHAIN_SCHEME_ECDSA, &why), CS_OK);
    assert_int_equal(
        cs_chain_prepare(tx, &own, kind, CS_SPAN(s->payload.p, s->payload.n), &why),
        CS_OK);
}

BED void ec_check_receipt(const struct bed *b, int i, const struct cs_ctl_sign_done *d,
                          const uint8_t key_id[16])
{
    const struct cs_span items[] = {CS_SPAN_OF(d->request_id), CS_SPAN_OF(d->reqh),
                                    CS_SPAN(key_id, 16),
                                    CS_SPAN(d->signatures.p, d->signatures.n)};
    uint8_t h[32];

    cs_th(h, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    assert_true(cs_sign_verify(d->receipt, b->node[i].hello.ik, CS_SPAN_OF(h)));
}

/* The nth sign.done of node i answers f: every item verifies under the key of its path,
 * and the receipt is the node's. */
BED void ec_check_done(const struct bed *b, int i, size_t nth,
                       const struct cs_ctl_frame *f)
{
    const struct cs_ctl_frame *e = bed_evt(b, i, CS_EVT_SIGN_DONE, nth);
    const struct cs_ctl_sign_done *d;
    struct cs_chain_tx tx = {0};
    uint8_t pub[33];

    assert_non_null(e);
    d = &e->u.sign_done;
    assert_memory_equal(d->request_id, f->u.sign.request_id, 16);
    ec_prepare(b, &f->u.sign, &tx, pub);
    assert_int_equal(d->signatures.n, 64 * tx.n_items);
    for (size_t k = 0; k < tx.n_items; k++) {
        assert_int_equal(tx.items[k].message.n, 32);
        ec_verify(pub, tx.items[k].message.p, d->signatures.p + 64 * k);
    }
    ec_check_receipt(b, i, d, f->u.sign.key_id);
    cs_chain_tx_free(&tx);
}

/* ---- the oracle: what the nodes said of their nonces
 * ----------------------------------- */

struct ec_nonce {
    char commit[140], digest[65];
};

BED void ec_word(char *out, size_t size, const char *at)
{
    (void)snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* No commitment belongs to two sessions, and no r to two digests; returns how many were
 * seen. */
BED size_t ec_nonces(struct bed *b)
{
    static const char commit[] = "{\"commit\":\"", digest[] = "\"digest\":\"";
    struct ec_nonce *all = NULL;
    const char *at;
    size_t n = 0;

    cs_wr_u8(&b->said, 0);
    for (at = (const char *)b->said.p; (at = strstr(at, commit)) != NULL; n++) {
        all = realloc(all, (n + 1) * sizeof *all);
        assert_non_null(all);
        ec_word(all[n].commit, sizeof all[n].commit, at + sizeof commit - 1);
        at = strstr(at, digest);
        assert_non_null(at);
        ec_word(all[n].digest, sizeof all[n].digest, at + sizeof digest - 1);
        for (size_t k = 0; k < n; k++) {
            assert_true(strcmp(all[k].commit, all[n].commit) != 0 ||
                        strcmp(all[k].digest, all[n].digest) == 0);
        }
    }
    free(all);
    b->said.n--;
    return n;
}

#endif
