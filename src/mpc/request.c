#include "mpc/request.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"

enum { REQUEST_VERSION = 1 };
#define CLOCK_SKEW_MS 120000 /* PROTOCOLS 15.7 G2 */

static const struct {
    enum cs_scheme scheme;
    enum cs_curve curve;
    const char *name;
} schemes[] = {
    {CS_SCHEME_FROST_ED25519, CS_CURVE_ED25519, "FROST_ED25519"},
    {CS_SCHEME_ECDSA, CS_CURVE_SECP256K1, "ECDSA"},
    {CS_SCHEME_BIP340, CS_CURVE_SECP256K1, "BIP340"},
};

bool cs_scheme_ok(unsigned scheme)
{
    return scheme >= CS_SCHEME_FROST_ED25519 && scheme <= CS_SCHEME_BIP340;
}

enum cs_curve cs_scheme_curve(enum cs_scheme scheme)
{
    CS_ASSERT(cs_scheme_ok(scheme));
    return schemes[scheme - 1].curve;
}

const char *cs_scheme_name(enum cs_scheme scheme)
{
    return cs_scheme_ok(scheme) ? schemes[scheme - 1].name : "UNKNOWN";
}

bool cs_scheme_parse(enum cs_scheme *out, const char *word)
{
    size_t i;

    for (i = 0; i < CS_COUNTOF(schemes); i++) {
        if (strcmp(schemes[i].name, word) == 0) {
            *out = schemes[i].scheme;
            return true;
        }
    }
    return false;
}

void cs_request_messages_hash(uint8_t out[32], const struct cs_span *messages, size_t n)
{
    struct cs_wr w = {0};

    cs_enc(&w, messages, n);
    CS_ASSERT(w.err == CS_OK);
    cs_sha256(out, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- checks -------------------------------------------------------------------- */

bool cs_request_kind_ok(unsigned kind)
{
    return kind >= CS_REQUEST_KEYGEN && kind <= CS_REQUEST_SIGN_TYPED_DATA;
}

/* Upper-case words as in "SOLANA", "XRP_LEDGER", "ONE_MONEY". */
static bool blockchain_ok(const char *word)
{
    size_t i;

    for (i = 0; word[i] != 0; i++) {
        char ch = word[i];
        bool ok = (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';

        if (!ok || i >= CS_BLOCKCHAIN_MAX) {
            return false;
        }
    }
    return true;
}

static bool content_ok(const struct cs_request *q)
{
    bool has_payload = !cs_ct_is_zero(q->payload_hash, sizeof q->payload_hash);
    bool has_messages = !cs_ct_is_zero(q->messages_hash, sizeof q->messages_hash);

    if (q->kind == CS_REQUEST_KEYGEN) {
        return !has_payload && !has_messages && q->path_len == 0 && q->key_epoch == 0;
    }
    return has_payload && has_messages;
}

enum cs_err cs_request_check(const struct cs_request *q)
{
    if (!cs_request_kind_ok(q->kind) || !cs_scheme_ok(q->scheme) ||
        q->curve != cs_scheme_curve(q->scheme)) {
        return CS_ERR_USAGE;
    }
    /* No derivation on edwards25519 in v1 (PROTOCOLS 13, O5). */
    if (q->path_len > CS_PATH_MAX ||
        (q->curve == CS_CURVE_ED25519 && q->path_len != 0)) {
        return CS_ERR_USAGE;
    }
    if (!blockchain_ok(q->blockchain) || !content_ok(q) || q->expires_ms < 0) {
        return CS_ERR_USAGE;
    }
    /* Only the nodes' own check signatures never expire. */
    if ((q->expires_ms == 0) != (q->kind == CS_REQUEST_CHECK)) {
        return CS_ERR_USAGE;
    }
    return CS_OK;
}

enum cs_err cs_request_fresh(const struct cs_request *q, int64_t wall_ms)
{
    if (q->kind == CS_REQUEST_CHECK) {
        return CS_OK;
    }
    return wall_ms - CLOCK_SKEW_MS > q->expires_ms ? CS_ERR_REQUEST_EXPIRED : CS_OK;
}

/* ---- hash and encoding ----------------------------------------------------------- */

static void path_enc(struct cs_wr *w, const struct cs_request *q)
{
    uint8_t be[CS_PATH_MAX][4];
    struct cs_span items[CS_PATH_MAX];
    size_t i;

    CS_ASSERT(q->path_len <= CS_PATH_MAX);
    for (i = 0; i < q->path_len; i++) {
        be[i][0] = (uint8_t)(q->path[i] >> 24);
        be[i][1] = (uint8_t)(q->path[i] >> 16);
        be[i][2] = (uint8_t)(q->path[i] >> 8);
        be[i][3] = (uint8_t)q->path[i];
        items[i] = CS_SPAN(be[i], 4);
    }
    cs_enc(w, items, q->path_len);
}

void cs_request_hash(uint8_t reqh[32], const struct cs_request *q)
{
    struct cs_wr path = {0}, num = {0};
    const uint8_t *n;

    path_enc(&path, q);
    cs_wr_u8(&num, (uint8_t)q->kind);         /* 0 */
    cs_wr_u32(&num, q->key_epoch);            /* 1 */
    cs_wr_u8(&num, (uint8_t)q->curve);        /* 5 */
    cs_wr_u8(&num, (uint8_t)q->scheme);       /* 6 */
    cs_wr_u32(&num, q->policy_version);       /* 7 */
    cs_wr_u64(&num, (uint64_t)q->expires_ms); /* 11 */
    CS_ASSERT(path.err == CS_OK && num.err == CS_OK);
    n = num.p;
    const struct cs_span x[] = {
        CS_SPAN(n, 1),
        CS_SPAN_OF(q->ds_hash),
        CS_SPAN_OF(q->key_id),
        CS_SPAN(n + 1, 4),
        CS_SPAN(n + 5, 1),
        CS_SPAN(n + 6, 1),
        cs_wr_get(&path),
        CS_SPAN(q->blockchain, strlen(q->blockchain)),
        CS_SPAN_OF(q->payload_hash),
        CS_SPAN_OF(q->messages_hash),
        CS_SPAN(n + 7, 4),
        CS_SPAN(n + 11, 8),
        CS_SPAN_OF(q->request_id),
    };
    cs_th(reqh, CS_TAG_REQ, x, CS_COUNTOF(x));
    cs_wr_free(&path);
    cs_wr_free(&num);
}

void cs_request_encode(struct cs_wr *w, const struct cs_request *q)
{
    size_t i;

    cs_wr_u8(w, REQUEST_VERSION);
    cs_wr_u8(w, (uint8_t)q->kind);
    cs_wr_span(w, CS_SPAN_OF(q->request_id));
    cs_wr_span(w, CS_SPAN_OF(q->ds_hash));
    cs_wr_span(w, CS_SPAN_OF(q->key_id));
    cs_wr_u32(w, q->key_epoch);
    cs_wr_u8(w, (uint8_t)q->curve);
    cs_wr_u8(w, (uint8_t)q->scheme);
    cs_wr_u8(w, q->path_len);
    for (i = 0; i < q->path_len; i++) {
        cs_wr_u32(w, q->path[i]);
    }
    cs_wr_lp(w, CS_SPAN(q->blockchain, strlen(q->blockchain)));
    cs_wr_span(w, CS_SPAN_OF(q->payload_hash));
    cs_wr_span(w, CS_SPAN_OF(q->messages_hash));
    cs_wr_u32(w, q->policy_version);
    cs_wr_u64(w, (uint64_t)q->expires_ms);
}

static void path_read(struct cs_rd *r, struct cs_request *q)
{
    uint8_t n = cs_rd_u8(r);
    size_t i;

    if (n > CS_PATH_MAX) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
        return;
    }
    q->path_len = n;
    for (i = 0; i < n; i++) {
        q->path[i] = cs_rd_u32(r);
    }
}

static void blockchain_read(struct cs_rd *r, struct cs_request *q)
{
    struct cs_span s = cs_rd_lp(r, CS_BLOCKCHAIN_MAX);

    if (s.n > 0) {
        memcpy(q->blockchain, s.p, s.n);
    }
    if (strlen(q->blockchain) != s.n) { /* a NUL inside */
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
}

enum cs_err cs_request_decode(struct cs_request *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_request q = {0};
    uint8_t kind, curve, scheme;
    uint64_t expires;

    if (cs_rd_u8(&r) != REQUEST_VERSION) {
        cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    }
    kind = cs_rd_u8(&r);
    cs_rd_copy(&r, q.request_id, sizeof q.request_id);
    cs_rd_copy(&r, q.ds_hash, sizeof q.ds_hash);
    cs_rd_copy(&r, q.key_id, sizeof q.key_id);
    q.key_epoch = cs_rd_u32(&r);
    curve = cs_rd_u8(&r);
    scheme = cs_rd_u8(&r);
    path_read(&r, &q);
    blockchain_read(&r, &q);
    cs_rd_copy(&r, q.payload_hash, sizeof q.payload_hash);
    cs_rd_copy(&r, q.messages_hash, sizeof q.messages_hash);
    q.policy_version = cs_rd_u32(&r);
    expires = cs_rd_u64(&r);
    CS_CHECK(cs_rd_end(&r));
    if (!cs_request_kind_ok(kind) || !cs_curve_ok(curve) || !cs_scheme_ok(scheme) ||
        expires > INT64_MAX) {
        return CS_ERR_BAD_FORMAT;
    }
    q.kind = (enum cs_request_kind)kind;
    q.curve = (enum cs_curve)curve;
    q.scheme = (enum cs_scheme)scheme;
    q.expires_ms = (int64_t)expires;
    CS_CHECK(cs_request_check(&q));
    *out = q;
    return CS_OK;
}
