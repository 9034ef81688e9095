/* Requests of every kind, chain and scheme against a fake_platform: the device works
 * out what is signed from its command, as a node does, and signs with the whole key. */
#ifndef CS_TEST_FAKE_MANY_H
#define CS_TEST_FAKE_MANY_H

#include "chain/chain.h"
#include "support/fake_sign.h"

struct fake_req {
    struct fake_tx tx; /* id, raw_id */
    unsigned mask;     /* devices with its command */
    struct cs_chain_key key;
    struct cs_chain_tx chain;
    struct cs_scalar x; /* of the path */
    uint8_t sigs[64 * CS_CTL_ITEMS_MAX];
    size_t n_sigs;
};

FAKE int fake_all_settings(struct fake_trio *t, bool raw, bool blind)
{
    char path[160], body[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", t->vault,
                   t->wallet);
    (void)snprintf(body, sizeof body,
                   "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":%s,"
                   "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":false,"
                   "\"blindSigningEnabled\":%s}}",
                   raw ? "true" : "false", blind ? "true" : "false");
    return fake_api(t->w, "PUT", path, body);
}

/* A trio with an enabled wallet: more is "\"blockchain\":\"ETHEREUM\"". */
FAKE struct fake_trio *fake_signers_of(const char *more)
{
    struct fake_trio *t = fake_trio_new();
    char body[256];

    fake_quorum_joined(t);
    (void)snprintf(body, sizeof body, "\"keystore\":\"MPC\",%s", more);
    fake_wallet_as(t, body);
    fake_provision(t);
    assert_int_equal(fake_all_settings(t, true, false), 200);
    return t;
}

/* The same trio's next wallet. */
FAKE void fake_next_wallet(struct fake_trio *t, const char *more)
{
    char body[256];

    (void)snprintf(body, sizeof body, "\"keystore\":\"MPC\",%s", more);
    fake_wallet_as(t, body);
    fake_provision(t);
    assert_int_equal(fake_all_settings(t, true, false), 200);
}

FAKE const char *fake_payload_body(const char *route, struct cs_span payload,
                                   const char *more)
{
    static char body[CS_CHAIN_PAYLOAD_MAX * 2 + 512];
    struct cs_wr hex = {0};

    cs_wr_hex(&hex, payload);
    (void)snprintf(body, sizeof body, "{\"%s\":\"%.*s\",\"signOnly\":true%s}",
                   strcmp(route, "/raw") == 0 ? "encodedTransaction" : "digest",
                   (int)hex.n, hex.p == NULL ? "" : (const char *)hex.p, more);
    cs_wr_free(&hex);
    return body;
}

/* POST to /raw, /sign-digest ("payload" in hex) of the wallet's transactions. */
FAKE int fake_many_post(struct fake_trio *t, const char *route, struct cs_span payload,
                        const char *more)
{
    return fake_api(t->w, "POST", fake_tx_path(t, route),
                    fake_payload_body(route, payload, more));
}

/* Secret and chain key at a path, from the group's secret and the certificate. */
FAKE void fake_child(struct fake_trio *t, const char *path, struct cs_scalar *x,
                     struct cs_point *X)
{
    uint32_t steps[CS_PATH_MAX];
    struct cs_bip32 child;
    uint8_t n = 0;

    *x = t->x;
    *X = t->body.X;
    if (path[0] != '\0') {
        assert_int_equal(cs_path_parse(steps, &n, path), CS_OK);
        assert_int_equal(
            cs_bip32_derive(&child, &t->body.X, t->body.chain_code, steps, n), CS_OK);
        cs_scalar_add(CS_CURVE_SECP256K1, x, x, &child.epsilon);
        *X = child.X;
    }
}

FAKE void fake_chain_key(struct fake_trio *t, const char *chain, const char *path,
                         struct cs_chain_key *key, struct cs_scalar *x)
{
    uint8_t pub[CS_POINT_MAX];
    struct cs_point X;
    const char *why;

    fake_child(t, path, x, &X);
    assert_int_equal(cs_chain_key_init(key, cs_chain_by_name(chain)->chain,
                                       cs_scheme_curve(t->scheme),
                                       CS_SPAN(pub, cs_point_encode(&X, pub)), &why),
                     CS_OK);
    assert_int_equal(
        cs_chain_key_set_scheme(key, (enum cs_chain_scheme)t->scheme, &why), CS_OK);
}

/* After a POST that was accepted: the commands, and what they mean to a node. */
FAKE void fake_req_take(struct fake_trio *t, struct fake_req *r)
{
    const struct cs_ctl_sign *s;
    enum cs_chain_kind kind;
    const char *why = "";

    memset(r, 0, sizeof *r);
    fake_tx_id(t, &r->tx);
    r->mask = fake_sign_commands(t, &r->tx);
    assert_int_not_equal(r->mask, 0);
    s = &t->d[fake_first(r->mask)].last.u.sign;
    fake_chain_key(t, s->blockchain, s->path, &r->key, &r->x);
    assert_true(cs_chain_kind_parse(&kind, s->kind));
    if (cs_chain_prepare(&r->chain, &r->key, kind, CS_SPAN(s->payload.p, s->payload.n),
                         &why) != CS_OK) {
        fail_msg("a command is not understood: %s", why);
    }
}

FAKE void fake_req_sign(struct fake_trio *t, struct fake_req *r)
{
    for (size_t i = 0; i < r->chain.n_items; i++) {
        const struct cs_chain_item *item = &r->chain.items[i];

        fake_key_sign(t, r->sigs + 64 * i, &r->x, item->has_tweak, item->message);
    }
    r->n_sigs = r->chain.n_items;
}

FAKE void fake_req_frame(struct fake_trio *t, struct fake_req *r, int i,
                         struct cs_ctl_frame *f)
{
    struct cs_span items[CS_CTL_ITEMS_MAX];
    const struct cs_ctl_sign *s = &t->d[i].last.u.sign;
    struct cs_ctl_sign_done *d = &f->u.sign_done;

    memset(f, 0, sizeof *f);
    f->kind = CS_EVT_SIGN_DONE;
    memcpy(d->request_id, r->tx.raw_id, 16);
    d->attempt = s->attempt;
    d->index = (uint32_t)i + 1;
    memcpy(d->signers, s->signers, 2);
    d->signatures = (struct cs_blob){r->sigs, 64 * r->n_sigs};
    for (size_t k = 0; k < r->chain.n_items; k++) {
        items[k] = r->chain.items[k].message;
    }
    fake_reqh_of(t, items, r->chain.n_items, s, d->reqh);
    fake_receipt(t, i, d);
}

FAKE void fake_req_done(struct fake_trio *t, struct fake_req *r, int i)
{
    struct cs_ctl_frame f;

    fake_req_frame(t, r, i, &f);
    fake_evt(&t->d[i], &f);
}

FAKE void fake_req_free(struct fake_req *r)
{
    cs_chain_tx_free(&r->chain);
}

/* Both sign and report; the transaction is SIGNED and in the last reply. */
FAKE void fake_req_signed(struct fake_trio *t, struct fake_req *r)
{
    fake_req_take(t, r);
    fake_req_sign(t, r);
    fake_req_done(t, r, fake_first(r->mask));
    fake_req_done(t, r, fake_second(r->mask));
    fake_tx_status(t, &r->tx, "SIGNED");
}

/* EIP-1559: 1 wei to an address of 42s, nonce n (below 128). */
FAKE struct cs_span fake_evm(uint8_t nonce)
{
    static uint8_t tx[33];

    memcpy(tx, "\x02\xdf\x01\x80\x01\x02\x82\x52\x08\x94", 10);
    memset(tx + 10, 0x42, 20);
    memcpy(tx + 30, "\x01\x80\xc0", 3);
    if (nonce != 0) {
        tx[3] = nonce;
    }
    return CS_SPAN_OF(tx);
}

#endif
