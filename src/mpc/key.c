#include "mpc/key.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "mpc/cert_record.h"

enum { KEY_VERSION = 1 };

struct cs_key *cs_key_new(void)
{
    return cs_guard_new(sizeof(struct cs_key));
}

void cs_key_free(struct cs_key *k)
{
    cs_guard_free(k);
}

struct cs_key *cs_key_dup(const struct cs_key *k)
{
    struct cs_key *d = cs_key_new();

    if (d != NULL) {
        *d = *k;
    }
    return d;
}

/* ---- record
 * -------------------------------------------------------------------------- */

void cs_key_encode_public(struct cs_wr *w, const struct cs_key *k)
{
    cs_wr_u8(w, KEY_VERSION);
    cs_wr_u8(w, (uint8_t)k->state);
    cs_wr_u8(w, k->self);
    cs_wr_span(w, CS_SPAN_OF(k->request_id));
    cs_cert_body_write(w, &k->body);
    cs_sig_set_encode(w, &k->sigs);
    cs_sig_set_encode(w, &k->acks);
    cs_sig_set_encode(w, &k->aborted);
}

void cs_key_encode_secret(struct cs_wr *w, const struct cs_key *k)
{
    cs_wr_bytes(w, k->x.s.b, CS_SCALAR_LEN);
}

enum cs_err cs_key_decode(struct cs_key *out, struct cs_span pub, struct cs_span secret)
{
    struct cs_rd r = CS_RD(pub);
    struct cs_key k = {0};
    enum cs_err err = CS_ERR_KEY_CORRUPT;
    uint8_t state;

    if (cs_rd_u8(&r) != KEY_VERSION) {
        cs_rd_fail(&r, CS_ERR_KEY_CORRUPT);
    }
    state = cs_rd_u8(&r);
    k.self = cs_rd_u8(&r);
    cs_rd_copy(&r, k.request_id, sizeof k.request_id);
    cs_cert_body_read(&r, &k.body, CS_ERR_KEY_CORRUPT);
    cs_sig_set_read(&r, &k.sigs);
    cs_sig_set_read(&r, &k.acks);
    cs_sig_set_read(&r, &k.aborted);
    if (cs_rd_end(&r) != CS_OK || state < CS_KEY_PENDING || state > CS_KEY_ABORTED ||
        secret.n != CS_SCALAR_LEN ||
        cs_scalar_decode(k.body.curve, &k.x.s, secret.p) != CS_OK) {
        goto out;
    }
    k.state = (enum cs_key_state)state;
    cs_cert_content(k.C, &k.body);
    cs_cert_hash(k.cert_hash, k.C);
    *out = k;
    err = CS_OK;
out:
    cs_wipe(&k, sizeof k);
    return err;
}

/* ---- load checks (PROTOCOLS 3.7)
 * --------------------------------------------------------- */

static bool owner_ok(const struct cs_key *k, const struct cs_roster *r)
{
    return k->self == r->self && k->body.n == r->n && k->body.t == r->t &&
           cs_roster_has(r, k->self) && memcmp(k->body.ds_hash, r->ds_hash, 32) == 0;
}

static bool content_ok(const struct cs_key *k)
{
    uint8_t C[32], hash[32];

    cs_cert_content(C, &k->body);
    cs_cert_hash(hash, C);
    return memcmp(C, k->C, 32) == 0 && memcmp(hash, k->cert_hash, 32) == 0 &&
           k->body.curve == cs_scheme_curve(k->body.scheme);
}

static bool share_ok(const struct cs_key *k)
{
    struct cs_point p;

    cs_point_base_mul(k->body.curve, &p, &k->x.s);
    return cs_point_equal(&p, &k->body.Xi[k->self]);
}

/* Sum over the set of lambda_i X_i = X. */
static bool subset_ok(const struct cs_cert_body *b, const uint8_t *set, size_t n)
{
    struct cs_point sum, term;
    struct cs_scalar lambda;
    size_t i;

    cs_point_identity(b->curve, &sum);
    for (i = 0; i < n; i++) {
        if (cs_lagrange(b->curve, &lambda, set[i], set, n, 0) != CS_OK) {
            return false;
        }
        cs_point_mul_public(&term, &b->Xi[set[i]], &lambda);
        cs_point_add(&sum, &sum, &term);
    }
    return cs_point_equal(&sum, &b->X);
}

/* Every t-subset (15.7 G3): at most 35 of them. */
static bool polynomial_ok(const struct cs_cert_body *b)
{
    unsigned mask;

    for (mask = 1; mask < 1u << b->n; mask++) {
        uint8_t set[CS_PARTIES_MAX];
        size_t n = 0;
        uint8_t i;

        for (i = 1; i <= b->n; i++) {
            if ((mask >> (i - 1) & 1) != 0) {
                set[n++] = i;
            }
        }
        if (n == b->t && !subset_ok(b, set, n)) {
            return false;
        }
    }
    return true;
}

static bool signatures_ok(const struct cs_key *k, const struct cs_roster *r)
{
    uint8_t i;

    if ((k->sigs.mask | k->acks.mask | k->aborted.mask) >> r->n != 0) {
        return false;
    }
    for (i = 1; i <= r->n; i++) {
        if ((cs_sig_set_has(&k->sigs, i) &&
             cs_cert_verify(r, i, k->C, k->sigs.sig[i]) != CS_OK) ||
            (cs_sig_set_has(&k->acks, i) &&
             cs_ack_verify(r, i, k->cert_hash, k->acks.sig[i]) != CS_OK) ||
            (cs_sig_set_has(&k->aborted, i) &&
             cs_aborted_verify(r, i, k->C, k->aborted.sig[i]) != CS_OK)) {
            return false;
        }
    }
    return true;
}

static bool state_ok(const struct cs_key *k, const struct cs_roster *r)
{
    switch (k->state) {
    case CS_KEY_PENDING:
        return cs_sig_set_has(&k->sigs, k->self) &&
               !cs_sig_set_has(&k->aborted, k->self);
    case CS_KEY_ACTIVE:
        return cs_sig_set_full(&k->sigs, r->n) && !cs_sig_set_has(&k->aborted, k->self);
    case CS_KEY_ABORTED:
        return cs_sig_set_has(&k->aborted, k->self);
    }
    return false;
}

enum cs_err cs_key_check(const struct cs_key *k, const struct cs_roster *r,
                         const char **why)
{
    const char *what = NULL;

    if (!owner_ok(k, r)) {
        what = "not a key of this member of this device set";
    } else if (!content_ok(k)) {
        what = "certificate hash does not fit the content";
    } else if (!share_ok(k)) {
        what = "x_i G is not X_i";
    } else if (!polynomial_ok(&k->body)) {
        what = "public shares do not interpolate to the key";
    } else if (!signatures_ok(k, r)) {
        what = "a signature does not verify";
    } else if (!state_ok(k, r)) {
        what = "signatures do not fit the state";
    }
    if (why != NULL) {
        *why = what;
    }
    return what == NULL ? CS_OK : CS_ERR_KEY_CORRUPT;
}

size_t cs_key_public(const struct cs_key *k, uint8_t out[CS_POINT_MAX])
{
    return cs_point_encode(&k->body.X, out);
}

bool cs_key_acked(const struct cs_key *k)
{
    return cs_sig_set_full(&k->acks, k->body.n);
}
