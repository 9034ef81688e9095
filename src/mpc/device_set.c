#include "mpc/device_set.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/group.h"
#include "crypto/hash.h"

/* A writer over a fixed buffer: never grows, because max equals cap. */
#define WR_FIXED(buf)                                                                  \
    ((struct cs_wr){.p = (buf), .cap = sizeof(buf), .max = sizeof(buf)})

/* ---- checks ---------------------------------------------------------------------- */

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool ik_ok(const uint8_t ik[CS_IK_LEN])
{
    struct cs_point p;

    return cs_point_decode(CS_CURVE_ED25519, &p, CS_SPAN(ik, CS_IK_LEN)) == CS_OK;
}

/* Below p = 2^255 - 19, little endian: one key has one encoding, so that "distinct
 * keys" means what it says. */
static bool x25519_canonical(const uint8_t u[CS_SK_LEN])
{
    if (u[31] > 0x7f) {
        return false;
    }
    if (u[31] < 0x7f || u[0] < 0xed) {
        return true;
    }
    for (size_t i = 1; i < 31; i++) {
        if (u[i] != 0xff) {
            return true;
        }
    }
    return false;
}

/* Any clamped scalar sends a point of low order to zero. */
static bool sk_ok(const uint8_t sk[CS_SK_LEN])
{
    static const uint8_t some_scalar[32] = {8, [31] = 64};
    uint8_t out[32];

    return x25519_canonical(sk) && cs_dh(out, some_scalar, sk) == CS_OK;
}

static enum cs_err check_ids(const struct cs_device_set *ds)
{
    for (uint8_t k = 0; k < ds->n; k++) {
        if (ds->members[k].index != k + 1) {
            return CS_ERR_DS_INDEX;
        }
    }
    if (is_zero(ds->ds_id, sizeof ds->ds_id)) {
        return CS_ERR_DS_ID;
    }
    for (uint8_t k = 0; k < ds->n; k++) {
        if (is_zero(ds->members[k].device_id, CS_DS_ID_LEN)) {
            return CS_ERR_DS_ID;
        }
    }
    return is_zero(ds->nonce, sizeof ds->nonce) ? CS_ERR_DS_NONCE : CS_OK;
}

static enum cs_err check_keys(const struct cs_device_set *ds)
{
    for (uint8_t k = 0; k < ds->n; k++) {
        if (!ik_ok(ds->members[k].id.ik)) {
            return CS_ERR_DS_IK;
        }
    }
    for (uint8_t k = 0; k < ds->n; k++) {
        if (!sk_ok(ds->members[k].id.sk)) {
            return CS_ERR_DS_SK;
        }
    }
    return CS_OK;
}

static enum cs_err check_pair(const struct cs_ds_member *a,
                              const struct cs_ds_member *b)
{
    if (memcmp(a->id.ik, b->id.ik, CS_IK_LEN) == 0) {
        return CS_ERR_DS_IK_SAME;
    }
    if (memcmp(a->id.sk, b->id.sk, CS_SK_LEN) == 0) {
        return CS_ERR_DS_SK_SAME;
    }
    if (memcmp(a->device_id, b->device_id, CS_DS_ID_LEN) == 0) {
        return CS_ERR_DS_DEVICE_SAME;
    }
    return CS_OK;
}

static enum cs_err check_distinct(const struct cs_device_set *ds)
{
    for (uint8_t a = 0; a < ds->n; a++) {
        for (uint8_t b = (uint8_t)(a + 1); b < ds->n; b++) {
            CS_CHECK(check_pair(&ds->members[a], &ds->members[b]));
        }
    }
    return CS_OK;
}

static enum cs_err check_approvers(const struct cs_device_set *ds)
{
    if (ds->n_approvers > CS_DS_APPROVERS_MAX) {
        return CS_ERR_DS_APPROVER;
    }
    for (uint8_t k = 0; k < ds->n_approvers; k++) {
        if (!ik_ok(ds->approvers[k])) {
            return CS_ERR_DS_APPROVER;
        }
        if (k > 0 && memcmp(ds->approvers[k - 1], ds->approvers[k], CS_IK_LEN) >= 0) {
            return CS_ERR_DS_APPROVER;
        }
    }
    return CS_OK;
}

enum cs_err cs_ds_check(const struct cs_device_set *ds)
{
    if (ds->t < 2 || ds->t > ds->n || ds->n > CS_DS_MEMBERS_MAX) {
        return CS_ERR_DS_THRESHOLD;
    }
    CS_CHECK(check_ids(ds));
    CS_CHECK(check_keys(ds));
    CS_CHECK(check_distinct(ds));
    return check_approvers(ds);
}

enum cs_err cs_ds_check_self(const struct cs_device_set *ds,
                             const uint8_t device_id[CS_DS_ID_LEN],
                             const struct cs_identity *own, uint8_t *index)
{
    for (uint8_t k = 0; k < ds->n && k < CS_DS_MEMBERS_MAX; k++) {
        const struct cs_ds_member *m = &ds->members[k];

        if (memcmp(m->device_id, device_id, CS_DS_ID_LEN) != 0) {
            continue;
        }
        if (memcmp(m->id.ik, own->ik, CS_IK_LEN) != 0 ||
            memcmp(m->id.sk, own->sk, CS_SK_LEN) != 0) {
            return CS_ERR_DS_SELF;
        }
        *index = m->index;
        return CS_OK;
    }
    return CS_ERR_DS_SELF;
}

const struct cs_ds_member *cs_ds_member(const struct cs_device_set *ds, uint8_t index)
{
    if (index < 1 || index > ds->n || index > CS_DS_MEMBERS_MAX) {
        return NULL;
    }
    return &ds->members[index - 1];
}

/* ---- encoding -------------------------------------------------------------------- */

static void wr_member(struct cs_wr *w, const struct cs_ds_member *m)
{
    cs_wr_u8(w, m->index);
    cs_wr_bytes(w, m->device_id, sizeof m->device_id);
    cs_wr_bytes(w, m->id.ik, sizeof m->id.ik);
    cs_wr_bytes(w, m->id.sk, sizeof m->id.sk);
}

static void rd_member(struct cs_rd *r, struct cs_ds_member *m)
{
    m->index = cs_rd_u8(r);
    cs_rd_copy(r, m->device_id, sizeof m->device_id);
    cs_rd_copy(r, m->id.ik, sizeof m->id.ik);
    cs_rd_copy(r, m->id.sk, sizeof m->id.sk);
}

enum cs_err cs_ds_encode(struct cs_wr *out, const struct cs_device_set *ds)
{
    CS_CHECK(cs_ds_check(ds));
    cs_wr_u8(out, CS_DS_VERSION);
    cs_wr_bytes(out, ds->ds_id, sizeof ds->ds_id);
    cs_wr_u8(out, ds->t);
    cs_wr_u8(out, ds->n);
    for (uint8_t k = 0; k < ds->n; k++) {
        wr_member(out, &ds->members[k]);
    }
    cs_wr_bytes(out, ds->nonce, sizeof ds->nonce);
    cs_wr_u8(out, ds->n_approvers);
    for (uint8_t k = 0; k < ds->n_approvers; k++) {
        cs_wr_bytes(out, ds->approvers[k], CS_IK_LEN);
    }
    cs_wr_bytes(out, ds->policy_hash, sizeof ds->policy_hash);
    return out->err;
}

enum cs_err cs_ds_decode(struct cs_device_set *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_device_set ds = {0};

    if (cs_rd_u8(&r) != CS_DS_VERSION) {
        cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    }
    cs_rd_copy(&r, ds.ds_id, sizeof ds.ds_id);
    ds.t = cs_rd_u8(&r);
    ds.n = cs_rd_u8(&r);
    if (ds.n > CS_DS_MEMBERS_MAX) {
        cs_rd_fail(&r, CS_ERR_DS_THRESHOLD);
    }
    for (uint8_t k = 0; r.err == CS_OK && k < ds.n; k++) {
        rd_member(&r, &ds.members[k]);
    }
    cs_rd_copy(&r, ds.nonce, sizeof ds.nonce);
    ds.n_approvers = cs_rd_u8(&r);
    if (ds.n_approvers > CS_DS_APPROVERS_MAX) {
        cs_rd_fail(&r, CS_ERR_DS_APPROVER);
    }
    for (uint8_t k = 0; r.err == CS_OK && k < ds.n_approvers; k++) {
        cs_rd_copy(&r, ds.approvers[k], CS_IK_LEN);
    }
    cs_rd_copy(&r, ds.policy_hash, sizeof ds.policy_hash);
    CS_CHECK(cs_rd_end(&r));
    CS_CHECK(cs_ds_check(&ds));
    *out = ds;
    return CS_OK;
}

/* ---- hash ------------------------------------------------------------------------ */

enum { MEMBER_ENC = 4 + 4 * 4 + 1 + CS_DS_ID_LEN + CS_IK_LEN + CS_SK_LEN };

/* enc(index, device_id, IK, SK) */
static struct cs_span member_enc(uint8_t buf[MEMBER_ENC], const struct cs_ds_member *m)
{
    const struct cs_span x[] = {CS_SPAN(&m->index, 1), CS_SPAN_OF(m->device_id),
                                CS_SPAN_OF(m->id.ik), CS_SPAN_OF(m->id.sk)};
    struct cs_wr w = {.p = buf, .cap = MEMBER_ENC, .max = MEMBER_ENC};

    cs_enc(&w, x, CS_COUNTOF(x));
    CS_ASSERT(w.err == CS_OK);
    return cs_wr_get(&w);
}

void cs_ds_hash(uint8_t out[CS_DS_HASH_LEN], const struct cs_device_set *ds)
{
    uint8_t each[CS_DS_MEMBERS_MAX][MEMBER_ENC];
    uint8_t members_buf[4 + CS_DS_MEMBERS_MAX * (4 + MEMBER_ENC)];
    uint8_t approvers_buf[4 + CS_DS_APPROVERS_MAX * (4 + CS_IK_LEN)];
    struct cs_wr members = WR_FIXED(members_buf), approvers = WR_FIXED(approvers_buf);
    struct cs_span item[CS_DS_APPROVERS_MAX];

    CS_ASSERT(ds->n <= CS_DS_MEMBERS_MAX && ds->n_approvers <= CS_DS_APPROVERS_MAX);
    for (uint8_t k = 0; k < ds->n; k++) {
        item[k] = member_enc(each[k], &ds->members[k]);
    }
    cs_enc(&members, item, ds->n);
    for (uint8_t k = 0; k < ds->n_approvers; k++) {
        item[k] = CS_SPAN_OF(ds->approvers[k]);
    }
    cs_enc(&approvers, item, ds->n_approvers);
    CS_ASSERT(members.err == CS_OK && approvers.err == CS_OK);

    const struct cs_span x[] = {
        CS_SPAN_OF(ds->ds_id),       CS_SPAN(&ds->t, 1),    CS_SPAN(&ds->n, 1),
        cs_wr_get(&members),         CS_SPAN_OF(ds->nonce), cs_wr_get(&approvers),
        CS_SPAN_OF(ds->policy_hash),
    };
    cs_th(out, CS_TAG_DS, x, CS_COUNTOF(x));
}

/* ---- joining --------------------------------------------------------------------- */

void cs_quorum_commit(uint8_t out[32], const uint8_t ds_hash[CS_DS_HASH_LEN],
                      uint8_t index, const uint8_t nonce[32])
{
    const struct cs_span x[] = {CS_SPAN(ds_hash, CS_DS_HASH_LEN), CS_SPAN(&index, 1),
                                CS_SPAN(nonce, 32)};

    cs_th(out, CS_TAG_QUORUM_COMMIT, x, CS_COUNTOF(x));
}

enum cs_err cs_quorum_open(const uint8_t commit[32],
                           const uint8_t ds_hash[CS_DS_HASH_LEN], uint8_t index,
                           const uint8_t nonce[32])
{
    uint8_t want[32];

    cs_quorum_commit(want, ds_hash, index, nonce);
    return cs_ct_equal(want, commit, sizeof want) ? CS_OK : CS_ERR_QUORUM_OPEN;
}

static void join_hash(uint8_t out[32], const uint8_t ds_hash[CS_DS_HASH_LEN],
                      uint8_t index, const uint8_t commit[32])
{
    const struct cs_span x[] = {CS_SPAN(ds_hash, CS_DS_HASH_LEN), CS_SPAN(&index, 1),
                                CS_SPAN(commit, 32)};

    cs_th(out, CS_TAG_QUORUM_JOIN, x, CS_COUNTOF(x));
}

void cs_quorum_join_sign(uint8_t sig[CS_SIG_LEN], const struct cs_identity_secret *id,
                         const uint8_t ds_hash[CS_DS_HASH_LEN], uint8_t index,
                         const uint8_t commit[32])
{
    uint8_t h[32];

    join_hash(h, ds_hash, index, commit);
    cs_sign(sig, id->ik_seed, CS_SPAN_OF(h));
}

enum cs_err cs_quorum_join_verify(const uint8_t sig[CS_SIG_LEN],
                                  const struct cs_device_set *ds, uint8_t index,
                                  const uint8_t commit[32])
{
    const struct cs_ds_member *m = cs_ds_member(ds, index);
    uint8_t ds_hash[CS_DS_HASH_LEN], h[32];

    if (m == NULL) {
        return CS_ERR_USAGE;
    }
    cs_ds_hash(ds_hash, ds);
    join_hash(h, ds_hash, index, commit);
    return cs_sign_verify(sig, m->id.ik, CS_SPAN_OF(h)) ? CS_OK : CS_ERR_QUORUM_SIG;
}

void cs_quorum_code(char words[CS_WORDS_LEN], const struct cs_device_set *ds,
                    const uint8_t (*nonces)[32])
{
    uint8_t ds_hash[CS_DS_HASH_LEN], code[32];
    uint8_t list_buf[4 + CS_DS_MEMBERS_MAX * (4 + 32)];
    struct cs_wr list = WR_FIXED(list_buf);
    struct cs_span item[CS_DS_MEMBERS_MAX];

    CS_ASSERT(ds->n <= CS_DS_MEMBERS_MAX);
    for (uint8_t k = 0; k < ds->n; k++) {
        item[k] = CS_SPAN(nonces[k], 32);
    }
    cs_enc(&list, item, ds->n);
    CS_ASSERT(list.err == CS_OK);
    cs_ds_hash(ds_hash, ds);

    const struct cs_span x[] = {CS_SPAN_OF(ds_hash), cs_wr_get(&list)};
    cs_th(code, CS_TAG_QUORUM_CODE, x, CS_COUNTOF(x));
    (void)cs_words(words, code);
}
