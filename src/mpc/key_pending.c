/* How a node that was left PENDING learns the outcome (PROTOCOLS 3.5, 15.3 C3).
 *
 * A certificate needs sigma of all n.  So either all n signed, and their sigmas, which
 * were broadcast anyway, can be collected from whoever has them; or one never signed,
 * says ABORTED(C), and then no certificate can come into being.
 *
 * ABORTED_i(C) promises that i never activates C: it is signed without a record, when
 * the key id is refused for ever, or in state ABORTED, which has no way to ACTIVE; both
 * are durable before it is sent.  ACTIVE signs none.  So when all n statements exist,
 * no honest node has or will ever have the key, and erasing loses nothing.
 *
 * The promise is given late: a member may say ABORTED although it signed sigma (a liar,
 * or a node restored to before the generation), and if then one node is ACTIVE, the
 * others must still follow it (0.3.4).  Hence everybody else is asked first. */
#include <string.h>

#include "mpc/key.h"

static void reply_have(const struct cs_key *k, struct cs_key_reply *out)
{
    out->type = CS_TYPE_CERT_HAVE;
    cs_cert_have_encode(&out->body, k->C, &k->sigs);
}

static void reply_aborted(const struct cs_key *k, struct cs_key_reply *out)
{
    out->type = CS_TYPE_CERT_ABORTED;
    cs_cert_aborted_encode(&out->body, k->C, &k->aborted);
}

void cs_key_on_want_unknown(const uint8_t ik_seed[32], uint8_t self,
                            const uint8_t C[32], struct cs_key_reply *out)
{
    struct cs_sig_set s = {0};
    uint8_t sig[CS_SIG_LEN];

    cs_aborted_sign(sig, ik_seed, C, self);
    cs_sig_set_put(&s, self, sig);
    out->type = CS_TYPE_CERT_ABORTED;
    cs_cert_aborted_encode(&out->body, C, &s);
}

void cs_key_ask(struct cs_key *k, struct cs_wr *w)
{
    k->without = 0;
    cs_cert_want_encode(w, k->C);
}

enum cs_err cs_key_on_want(const struct cs_key *k, const uint8_t ik_seed[32],
                           const uint8_t C[32], struct cs_key_reply *out)
{
    if (memcmp(k->C, C, 32) != 0) { /* somebody showed the asker another session */
        cs_key_on_want_unknown(ik_seed, k->self, C, out);
        return out->body.err;
    }
    switch (k->state) {
    case CS_KEY_PENDING:
    case CS_KEY_ACTIVE:
        reply_have(k, out);
        break;
    case CS_KEY_ABORTED:
        reply_aborted(k, out);
        break;
    }
    return out->body.err;
}

/* Only what is missing here; every one offered must be valid. */
static enum cs_err merge(struct cs_sig_set *into, const struct cs_sig_set *offered,
                         const struct cs_roster *r, const uint8_t C[32],
                         enum cs_err (*verify)(const struct cs_roster *, uint8_t,
                                               const uint8_t *, const uint8_t *),
                         bool *changed)
{
    struct cs_sig_set merged = *into;
    uint8_t i;

    for (i = 1; i <= CS_PARTIES_MAX; i++) {
        if (!cs_sig_set_has(offered, i)) {
            continue;
        }
        if (verify(r, i, C, offered->sig[i]) != CS_OK) {
            return CS_ERR_CERT_INVALID;
        }
        if (!cs_sig_set_has(&merged, i)) {
            cs_sig_set_put(&merged, i, offered->sig[i]);
        }
    }
    *changed = merged.mask != into->mask;
    *into = merged;
    return CS_OK;
}

static void sign_aborted(struct cs_key *k, const uint8_t ik_seed[32])
{
    uint8_t sig[CS_SIG_LEN];

    cs_aborted_sign(sig, ik_seed, k->C, k->self);
    cs_sig_set_put(&k->aborted, k->self, sig);
    k->state = CS_KEY_ABORTED;
}

/* Signs ABORTED(C) when one member has and nobody else has the certificate (15.3 C3).
 */
static void follow_aborted(struct cs_key *k, const struct cs_roster *r,
                           const uint8_t ik_seed[32], struct cs_key_reply *out)
{
    unsigned self = 1u << (k->self - 1), all = (1u << r->n) - 1;

    if (k->aborted.mask != 0 && (k->aborted.mask | k->without | self) == all) {
        sign_aborted(k, ik_seed);
        out->changed = true;
        reply_aborted(k, out);
    }
}

enum cs_err cs_key_on_have(struct cs_key *k, const struct cs_roster *r,
                           const uint8_t ik_seed[32], uint8_t from, struct cs_span body,
                           struct cs_key_reply *out)
{
    struct cs_sig_set offered;
    uint8_t C[32], ack[CS_SIG_LEN];

    CS_ASSERT(cs_roster_has(r, from));
    CS_CHECK(cs_cert_have_decode(C, &offered, body));
    if (memcmp(C, k->C, 32) != 0) {
        return CS_ERR_UNKNOWN_KEY;
    }
    if (k->state == CS_KEY_ACTIVE) {
        return CS_OK;
    }
    if (k->state == CS_KEY_ABORTED) { /* said so, and holds to it */
        reply_aborted(k, out);
        return out->body.err;
    }
    CS_CHECK(merge(&k->sigs, &offered, r, C, cs_cert_verify, &out->changed));
    /* The own sigma is in k->sigs since the record exists, so a full set holds it. */
    if (cs_sig_set_full(&k->sigs, r->n)) {
        CS_CHECK(cs_cert_verify_all(r, k->C, &k->sigs));
        cs_ack_sign(ack, ik_seed, k->cert_hash, k->self);
        cs_sig_set_put(&k->acks, k->self, ack);
        k->state = CS_KEY_ACTIVE;
        out->changed = true;
    } else if (k->aborted.mask != 0) { /* an earlier answer may be out of date */
        k->without = (uint8_t)(k->without | 1u << (from - 1));
        follow_aborted(k, r, ik_seed, out);
    }
    return out->body.err;
}

enum cs_err cs_key_on_aborted(struct cs_key *k, const struct cs_roster *r,
                              const uint8_t ik_seed[32], struct cs_span body,
                              struct cs_key_reply *out)
{
    struct cs_sig_set offered;
    uint8_t C[32];

    CS_CHECK(cs_cert_aborted_decode(C, &offered, body));
    if (memcmp(C, k->C, 32) != 0) {
        return CS_ERR_UNKNOWN_KEY;
    }
    if (k->state == CS_KEY_ACTIVE) { /* its signer lied: it had signed sigma before */
        reply_have(k, out);
        return out->body.err;
    }
    CS_CHECK(merge(&k->aborted, &offered, r, C, cs_aborted_verify, &out->changed));
    if (k->state == CS_KEY_PENDING) {
        follow_aborted(k, r, ik_seed, out);
    } else if (out->changed) {
        reply_aborted(k, out);
    }
    out->erase = cs_sig_set_full(&k->aborted, r->n);
    return out->body.err;
}

enum cs_err cs_key_give_up(struct cs_key *k, const uint8_t ik_seed[32])
{
    if (k->state == CS_KEY_ACTIVE) {
        return CS_ERR_STATE;
    }
    if (k->state == CS_KEY_PENDING) {
        sign_aborted(k, ik_seed);
    }
    return CS_OK;
}

enum cs_err cs_key_on_ack(struct cs_key *k, const struct cs_roster *r, uint8_t from,
                          const uint8_t sig[CS_SIG_LEN], bool *changed)
{
    CS_CHECK(cs_ack_verify(r, from, k->cert_hash, sig));
    *changed = !cs_sig_set_has(&k->acks, from);
    if (*changed) {
        cs_sig_set_put(&k->acks, from, sig);
    }
    return CS_OK;
}
