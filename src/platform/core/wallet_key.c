/* What key a wallet has, and what it is called in each layer.
 *
 * One key, one scheme (PROTOCOLS 7.7): it follows from keyAlgorithm and addressType,
 * which never change, is written into the certificate that all nodes signed, and every
 * request goes by it.  So a key that signs ECDSA never signs BIP340. */
#include <string.h>

#include "base/text.h"
#include "mpc/bip32.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"

enum cs_scheme cs_pc_wallet_scheme(const json_t *wallet)
{
    if (cs_js_is(wallet, "keyAlgorithm", cs_curve_name(CS_CURVE_ED25519))) {
        return CS_SCHEME_FROST_ED25519;
    }
    return cs_js_is(wallet, "addressType", "P2TR") ? CS_SCHEME_BIP340 : CS_SCHEME_ECDSA;
}

enum cs_chain_scheme cs_pc_chain_scheme(enum cs_scheme scheme)
{
    switch (scheme) {
    case CS_SCHEME_FROST_ED25519:
        return CS_CHAIN_SCHEME_ED25519;
    case CS_SCHEME_ECDSA:
        return CS_CHAIN_SCHEME_ECDSA;
    case CS_SCHEME_BIP340:
        return CS_CHAIN_SCHEME_BIP340;
    }
    CS_ASSERT(false);
    return CS_CHAIN_SCHEME_ECDSA;
}

enum cs_err cs_pc_chain_key(struct cs_chain_key *out, const char *blockchain,
                            enum cs_scheme scheme, struct cs_span pub, const char **why)
{
    const struct cs_chain_info *chain = cs_chain_by_name(blockchain);

    if (chain == NULL) {
        *why = "the blockchain is not known";
        return CS_ERR_CHAIN_UNKNOWN;
    }
    CS_CHECK(cs_chain_key_init(out, chain->chain, cs_scheme_curve(scheme), pub, why));
    return cs_chain_key_set_scheme(out, cs_pc_chain_scheme(scheme), why);
}

/* ---- derivation ------------------------------------------------------------------ */

static enum cs_err load_cert(const json_t *wallet, struct cs_certificate *out)
{
    const char *hex = cs_js_text(json_object_get(wallet, "_key"), "cert");
    struct cs_wr w = {0};
    enum cs_err err = cs_unhex_wr(&w, hex, strlen(hex));

    if (err == CS_OK) {
        err = cs_certificate_decode(out, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err;
}

/* Public key of the child, from the certificate of the root (PROTOCOLS 9.1). */
static enum cs_err child(struct cs_wr *pub, const json_t *wallet, const char *path,
                         const char **why)
{
    struct cs_certificate cert;
    struct cs_bip32 node;
    uint32_t steps[CS_PATH_MAX];
    uint8_t n_steps = 0, enc[CS_POINT_MAX];
    enum cs_err err;

    *why = "the wallet's certificate cannot be read";
    CS_CHECK(load_cert(wallet, &cert));
    err = cs_path_parse(steps, &n_steps, path);
    if (err == CS_OK) {
        err = cs_bip32_derive(&node, &cert.body.X, cert.body.chain_code, steps,
                              n_steps);
    }
    if (err != CS_OK) {
        *why = cs_err_text(err);
        return err;
    }
    cs_wr_bytes(pub, enc, cs_point_encode(&node.X, enc));
    return pub->err;
}

enum cs_err cs_pc_wallet_key(struct cs_chain_key *out, const json_t *wallet,
                             const char *path, const char **why)
{
    enum cs_scheme scheme = cs_pc_wallet_scheme(wallet);
    const char *own = cs_js_text(wallet, "publicKey");
    struct cs_wr pub = {0};
    enum cs_err err;

    if (path[0] != '\0' && scheme == CS_SCHEME_FROST_ED25519) {
        *why = "only secp256k1 keys have derived keys: there is no standard for "
               "Ed25519 keys without a seed, so create another wallet instead";
        return CS_ERR_PATH_HARDENED; /* each step would have to be (PROTOCOLS 9.2) */
    }
    *why = "the wallet has no key yet";
    err = path[0] != '\0' ? child(&pub, wallet, path, why)
                          : cs_unhex_wr(&pub, own, strlen(own));
    if (err == CS_OK) {
        err = cs_pc_chain_key(out, cs_js_text(wallet, "blockchain"), scheme,
                              cs_wr_get(&pub), why);
    }
    cs_wr_free(&pub);
    return err;
}
