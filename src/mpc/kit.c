#include "mpc/kit.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "mpc/cert_record.h"

#define MAGIC "cloudsign kit" /* with its NUL */

enum { CONTENT_VERSION = 1, HEAD_LEN = 32 + CS_ID_LEN + 4 + 1 };

struct cs_kit *cs_kit_new(void)
{
    return cs_guard_new(sizeof(struct cs_kit));
}

void cs_kit_free(struct cs_kit *k)
{
    cs_guard_free(k);
}

/* ---- what is authenticated ------------------------------------------------------- */

static void head_write(struct cs_wr *w, const struct cs_kit_head *h)
{
    cs_wr_span(w, CS_SPAN_OF(h->ds_hash));
    cs_wr_span(w, CS_SPAN_OF(h->key_id));
    cs_wr_u32(w, h->epoch);
    cs_wr_u8(w, h->index);
}

/* AAD = enc(ds_hash, key_id, epoch, index, kit version) (8.7). */
static void make_ad(struct cs_wr *w, const struct cs_kit_head *h)
{
    const uint8_t epoch[4] = {(uint8_t)(h->epoch >> 24), (uint8_t)(h->epoch >> 16),
                              (uint8_t)(h->epoch >> 8), (uint8_t)h->epoch};
    const uint8_t version = CS_KIT_VERSION;
    const struct cs_span x[] = {CS_SPAN_OF(h->ds_hash), CS_SPAN_OF(h->key_id),
                                CS_SPAN_OF(epoch), CS_SPAN(&h->index, 1),
                                CS_SPAN(&version, 1)};

    cs_enc(w, x, CS_COUNTOF(x));
}

static void kit_hash(uint8_t out[32], struct cs_span bytes)
{
    cs_th(out, CS_TAG_KIT, &bytes, 1);
}

/* ---- sealing --------------------------------------------------------------------- */

static void nest(struct cs_wr *w, struct cs_wr *part)
{
    if (part->err != CS_OK && w->err == CS_OK) {
        w->err = part->err;
    }
    cs_wr_lp(w, cs_wr_get(part));
    cs_wr_free(part);
}

static enum cs_err content_write(struct cs_wr *w, const struct cs_key *k,
                                 const struct cs_device_set *ds)
{
    struct cs_wr part = {0};
    uint8_t point[CS_POINT_MAX];

    cs_wr_u8(w, CONTENT_VERSION);
    CS_CHECK(cs_ds_encode(&part, ds));
    nest(w, &part);
    cs_key_encode_public(&part, k);
    nest(w, &part);
    cs_wr_bytes(w, point, cs_point_encode(&k->body.Xi[k->self], point));
    cs_key_encode_secret(w, k);
    return w->err;
}

static enum cs_err check_recipients(const struct cs_recovery_key *const *to, size_t n)
{
    uint8_t a[CS_RECOVERY_ID_LEN], b[CS_RECOVERY_ID_LEN];

    if (n < 1 || n > CS_KIT_BOXES_MAX) {
        return CS_ERR_USAGE;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            cs_recovery_id(a, to[i]);
            cs_recovery_id(b, to[j]);
            if (memcmp(a, b, sizeof a) == 0) {
                return CS_ERR_USAGE;
            }
        }
    }
    return CS_OK;
}

static enum cs_err check_key(const struct cs_key *k, const struct cs_device_set *ds)
{
    struct cs_roster r;

    if (k->state != CS_KEY_ACTIVE) {
        return CS_ERR_STATE;
    }
    CS_CHECK(cs_ds_check(ds));
    CS_CHECK(cs_roster_from_ds(&r, ds, k->self));
    if (memcmp(r.ds_hash, k->body.ds_hash, 32) != 0) {
        return CS_ERR_USAGE;
    }
    return cs_key_check(k, &r, NULL);
}

static enum cs_err add_box(struct cs_wr *w, const struct cs_recovery_key *to,
                           const uint8_t *rnd, struct cs_span ad,
                           struct cs_span content)
{
    enum cs_recovery_kind kind = cs_recovery_kind(to);
    uint8_t id[CS_RECOVERY_ID_LEN];

    cs_recovery_id(id, to);
    cs_wr_u8(w, (uint8_t)kind);
    cs_wr_span(w, CS_SPAN_OF(id));
    cs_wr_u32(w, (uint32_t)(content.n + cs_recovery_extra(kind)));
    return cs_recovery_seal(w, to, rnd, ad, content);
}

static enum cs_err frame(struct cs_wr *w, const struct cs_key *k,
                         const struct cs_recovery_key *const *to, size_t n,
                         const uint8_t *rnd, struct cs_span content)
{
    struct cs_kit_head head = {.epoch = k->body.epoch, .index = k->self};
    struct cs_wr ad = {0};
    enum cs_err err = CS_OK;

    memcpy(head.ds_hash, k->body.ds_hash, 32);
    memcpy(head.key_id, k->body.key_id, CS_ID_LEN);
    make_ad(&ad, &head);
    cs_wr_bytes(w, MAGIC, sizeof MAGIC);
    cs_wr_u8(w, CS_KIT_VERSION);
    head_write(w, &head);
    cs_wr_u8(w, (uint8_t)n);
    for (size_t i = 0; i < n && err == CS_OK; i++) {
        err = ad.err != CS_OK ? ad.err
                              : add_box(w, to[i], rnd + i * CS_RECOVERY_RANDOM,
                                        cs_wr_get(&ad), content);
    }
    cs_wr_free(&ad);
    return err != CS_OK ? err : w->err;
}

enum cs_err cs_kit_seal(struct cs_wr *out, const struct cs_key *k,
                        const struct cs_device_set *ds,
                        const struct cs_recovery_key *const *to, size_t n,
                        const uint8_t ik_seed[32], const uint8_t *rnd)
{
    struct cs_wr content = {0}, w = {.max = CS_KIT_MAX};
    uint8_t h[32], sig[CS_SIG_LEN];
    enum cs_err err;

    CS_CHECK(check_recipients(to, n));
    CS_CHECK(check_key(k, ds));
    err = content_write(&content, k, ds);
    if (err == CS_OK) {
        err = frame(&w, k, to, n, rnd, cs_wr_get(&content));
    }
    if (err == CS_OK) {
        kit_hash(h, cs_wr_get(&w));
        cs_sign(sig, ik_seed, CS_SPAN_OF(h));
        cs_wr_span(out, cs_wr_get(&w));
        cs_wr_span(out, CS_SPAN_OF(sig));
        err = out->err;
    }
    cs_wr_free(&content);
    cs_wr_free(&w);
    return err;
}

/* ---- reading --------------------------------------------------------------------- */

static void read_box(struct cs_rd *r, struct cs_kit_box *b)
{
    size_t extra;

    b->kind = cs_rd_u8(r);
    cs_rd_copy(r, b->id, sizeof b->id);
    b->box = cs_rd_lp(r, CS_KIT_BOX_MAX);
    extra = cs_recovery_extra(b->kind);
    if (r->err == CS_OK && (extra == 0 || b->box.n < extra)) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
}

static void read_head(struct cs_rd *r, struct cs_kit_head *h)
{
    struct cs_span magic = cs_rd_span(r, sizeof MAGIC);

    if (r->err == CS_OK && memcmp(magic.p, MAGIC, sizeof MAGIC) != 0) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
    if (cs_rd_u8(r) != CS_KIT_VERSION) {
        cs_rd_fail(r, CS_ERR_VERSION);
    }
    cs_rd_copy(r, h->ds_hash, sizeof h->ds_hash);
    cs_rd_copy(r, h->key_id, sizeof h->key_id);
    h->epoch = cs_rd_u32(r);
    h->index = cs_rd_u8(r);
    if (r->err == CS_OK && (h->index < 1 || h->index > CS_PARTIES_MAX)) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    }
}

enum cs_err cs_kit_read(struct cs_kit_file *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_kit_file f = {0};

    if (in.n > CS_KIT_MAX) {
        return CS_ERR_TOO_LONG;
    }
    read_head(&r, &f.head);
    f.n = cs_rd_u8(&r);
    if (r.err == CS_OK && (f.n < 1 || f.n > CS_KIT_BOXES_MAX)) {
        cs_rd_fail(&r, CS_ERR_BAD_FORMAT);
    }
    for (uint8_t i = 0; i < f.n && r.err == CS_OK; i++) {
        read_box(&r, &f.boxes[i]);
    }
    cs_rd_copy(&r, f.sig, sizeof f.sig);
    CS_CHECK(cs_rd_end(&r));
    f.is_signed = CS_SPAN(in.p, in.n - CS_SIG_LEN);
    *out = f;
    return CS_OK;
}

/* ---- opening --------------------------------------------------------------------- */

/* X_i and x_i are the last bytes of the content. */
static const char *read_content(struct cs_kit *k, struct cs_span content)
{
    struct cs_rd r = CS_RD(content);
    uint8_t version = cs_rd_u8(&r), expect[CS_POINT_MAX];
    struct cs_span ds = cs_rd_lp(&r, CS_DS_ENC_MAX);
    struct cs_span pub = cs_rd_lp(&r, CS_KEY_RECORD_MAX);
    struct cs_span point = cs_rd_span(&r, r.left - (r.left < 32 ? r.left : 32));
    struct cs_span secret = cs_rd_span(&r, 32);

    if (cs_rd_end(&r) != CS_OK || version != CONTENT_VERSION) {
        return "the content is malformed";
    }
    if (cs_ds_decode(&k->ds, ds) != CS_OK) {
        return "the device set is malformed";
    }
    if (cs_key_decode(&k->key, pub, secret) != CS_OK) {
        return "the key record is malformed";
    }
    if (k->key.self < 1 || k->key.self > k->key.body.n) {
        return "the index is not one of the key's";
    }
    if (point.n != cs_point_encode(&k->key.body.Xi[k->key.self], expect) ||
        memcmp(point.p, expect, point.n) != 0) {
        return "X_i is not the certificate's";
    }
    return NULL;
}

static const char *check_ids(const struct cs_kit *k, const struct cs_kit_head *h)
{
    const struct cs_cert_body *b = &k->key.body;

    if (memcmp(b->ds_hash, h->ds_hash, 32) != 0) {
        return "the head names another device set";
    }
    if (memcmp(b->key_id, h->key_id, CS_ID_LEN) != 0) {
        return "the head names another key";
    }
    if (b->epoch != h->epoch) {
        return "the head names another epoch";
    }
    return k->key.self == h->index ? NULL : "the head names another index";
}

/* x_i G = X_i among the rest (cs_key_check). */
static const char *check_record(const struct cs_kit *k)
{
    struct cs_roster r;
    const char *why = NULL;

    if (cs_roster_from_ds(&r, &k->ds, k->key.self) != CS_OK) {
        return "the device set has no such member";
    }
    if (cs_key_check(&k->key, &r, &why) != CS_OK) {
        return why;
    }
    return k->key.state == CS_KEY_ACTIVE ? NULL : "the key is not active";
}

static const char *check_signature(const struct cs_kit *k, const struct cs_kit_file *f)
{
    const struct cs_ds_member *m = cs_ds_member(&k->ds, k->key.self);
    uint8_t h[32];

    kit_hash(h, f->is_signed);
    return m != NULL && cs_sign_verify(f->sig, m->id.ik, CS_SPAN_OF(h))
               ? NULL
               : "the kit's signature does not verify";
}

static enum cs_err check_content(struct cs_kit *k, const struct cs_kit_file *f,
                                 struct cs_span content, const char **why)
{
    const char *what = read_content(k, content);

    if (what == NULL) {
        what = check_ids(k, &f->head);
    }
    if (what == NULL) {
        what = check_record(k);
    }
    if (what == NULL) {
        what = check_signature(k, f);
    }
    if (why != NULL) {
        *why = what;
    }
    return what == NULL ? CS_OK : CS_ERR_KEY_CORRUPT;
}

static const struct cs_kit_box *find_box(const struct cs_kit_file *f,
                                         const struct cs_recovery_key *key)
{
    uint8_t id[CS_RECOVERY_ID_LEN];

    cs_recovery_id(id, key);
    for (uint8_t i = 0; i < f->n; i++) {
        if (f->boxes[i].kind == cs_recovery_kind(key) &&
            memcmp(f->boxes[i].id, id, sizeof id) == 0) {
            return &f->boxes[i];
        }
    }
    return NULL;
}

static enum cs_err open_box(struct cs_kit *out, const struct cs_kit_file *f,
                            const struct cs_kit_box *box,
                            const struct cs_recovery_key *key, const char **why)
{
    size_t n = box->box.n - cs_recovery_extra(box->kind);
    uint8_t *content = cs_guard_new(n + 1);
    struct cs_wr ad = {0};
    enum cs_err err;

    if (content == NULL) {
        return CS_ERR_NOMEM;
    }
    make_ad(&ad, &f->head);
    err = ad.err;
    if (err == CS_OK) {
        err = cs_recovery_open(content, key, cs_wr_get(&ad), box->box);
    }
    if (err == CS_OK) {
        err = check_content(out, f, CS_SPAN(content, n), why);
    }
    cs_wr_free(&ad);
    cs_guard_free(content);
    return err;
}

enum cs_err cs_kit_open(struct cs_kit *out, const struct cs_kit_file *f,
                        const struct cs_recovery_key *key, const char **why)
{
    const struct cs_kit_box *box = find_box(f, key);
    enum cs_err err;

    if (why != NULL) {
        *why = NULL;
    }
    if (box == NULL) {
        return CS_ERR_NOT_FOUND;
    }
    err = open_box(out, f, box, key, why);
    if (err != CS_OK) {
        cs_wipe(out, sizeof *out);
    }
    return err;
}

enum cs_err cs_kit_verify(struct cs_cert_body *body, struct cs_span in,
                          const struct cs_recovery_key *key, const char **why)
{
    struct cs_kit *k = cs_kit_new();
    struct cs_kit_file f;
    enum cs_err err;

    if (why != NULL) {
        *why = NULL;
    }
    if (k == NULL) {
        return CS_ERR_NOMEM;
    }
    err = cs_kit_read(&f, in);
    if (err == CS_OK) {
        err = cs_kit_open(k, &f, key, why);
    }
    if (err == CS_OK) {
        *body = k->key.body;
    }
    cs_kit_free(k);
    return err;
}
