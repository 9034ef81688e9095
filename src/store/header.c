#include "store/header.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define LABEL "cloudsign/1/store/"

static const uint8_t magic[8] = {'C', 'S', 'S', 'T', 'O', 'R', 'E', '\n'};

enum { CHECK = 16, SCHEMA = 1 };

bool cs_header_device_ok(const char *device_id)
{
    size_t n = strlen(device_id);

    for (size_t i = 0; i < n; i++) {
        if (device_id[i] <= ' ' || device_id[i] >= 0x7f) {
            return false;
        }
    }
    return n >= 1 && n <= CS_HEADER_DEVICE_MAX;
}

/* Two keys of the operator's one: `check` says whether it is the right one at all,
 * `wrap` opens the data key. */
static void kek_derive(uint8_t check[32], uint8_t wrap[32], const struct cs_kek *kek,
                       const uint8_t store_id[16])
{
    cs_hkdf(check, 32, CS_SPAN(store_id, 16), CS_SPAN_OF(kek->key),
            CS_SPAN_LIT(LABEL "kek-check"));
    cs_hkdf(wrap, 32, CS_SPAN(store_id, 16), CS_SPAN_OF(kek->key),
            CS_SPAN_LIT(LABEL "kek-wrap"));
}

static uint8_t kind_of(const struct cs_kek *kek)
{
    return kek->seal.n > 0 ? CS_KEK_KMS : CS_KEK_HEX;
}

static void write_bound(struct cs_wr *out, const char *device_id,
                        const uint8_t store_id[16], uint8_t kind)
{
    cs_wr_bytes(out, magic, sizeof magic);
    cs_wr_u16(out, CS_HEADER_VERSION);
    cs_wr_u16(out, SCHEMA);
    cs_wr_u8(out, (uint8_t)strlen(device_id));
    cs_wr_str(out, device_id);
    cs_wr_bytes(out, store_id, 16);
    cs_wr_u8(out, kind);
}

static void write_seal(struct cs_wr *out, const struct cs_kek *kek)
{
    if (kek->seal.n > 0) {
        cs_wr_u16(out, (uint16_t)kek->seal.n);
        cs_wr_span(out, kek->seal);
    }
}

enum cs_err cs_header_encode(struct cs_wr *out, const char *device_id,
                             const uint8_t store_id[16], const uint8_t dek[32],
                             const struct cs_kek *kek, const uint8_t nonce[12])
{
    uint8_t check[32], wrap[32], box[32 + CS_AEAD_TAG];
    struct cs_wr bound = {0}, aad = {0};
    enum cs_err err = CS_ERR_USAGE;

    kek_derive(check, wrap, kek, store_id);
    if (kek->seal.n > CS_HEADER_SEAL_MAX) {
        goto out;
    }
    write_bound(&bound, device_id, store_id, kind_of(kek));
    cs_wr_span(&aad, cs_wr_get(&bound));
    write_seal(&aad, kek);
    CS_TRY(bound.err);
    CS_TRY(aad.err);
    CS_TRY(cs_gcm_seal(box, wrap, nonce, cs_wr_get(&aad), CS_SPAN(dek, 32)));
    cs_wr_span(out, cs_wr_get(&bound));
    cs_wr_u32(out, (uint32_t)(aad.n - bound.n) + CS_HEADER_WRAP_HEX);
    write_seal(out, kek);
    cs_wr_bytes(out, check, CHECK);
    cs_wr_bytes(out, nonce, CS_AEAD_NONCE);
    cs_wr_bytes(out, box, sizeof box);
    err = out->err;
out:
    cs_wr_free(&bound);
    cs_wr_free(&aad);
    cs_wipe(check, sizeof check);
    cs_wipe(wrap, sizeof wrap);
    return err;
}

static enum cs_err corrupt(struct cs_why *why)
{
    return cs_why(
        why, CS_ERR_STORE_CORRUPT,
        "the store's header record is damaged; restore the volume from a backup "
        "of this device");
}

static void read_fields(struct cs_header *h, struct cs_rd *r, struct cs_span in)
{
    struct cs_span device = cs_rd_span(r, cs_rd_u8(r));

    if (device.n <= CS_HEADER_DEVICE_MAX && device.n != 0) {
        memcpy(h->device_id, device.p, device.n);
    }
    cs_rd_copy(r, h->store_id, sizeof h->store_id);
    h->kek_kind = cs_rd_u8(r);
    h->bound = CS_SPAN(in.p, in.n - r->left);
    h->wrap = cs_rd_lp(r, CS_HEADER_WRAP_MAX);
}

/* Takes the KMS record off the front of the wrap; it comes with its length. */
static bool split_seal(struct cs_header *h)
{
    struct cs_rd r = CS_RD(h->wrap);
    size_t n = cs_rd_u16(&r);

    (void)cs_rd_span(&r, n);
    if (r.err != CS_OK || n == 0 || n > CS_HEADER_SEAL_MAX) {
        return false;
    }
    h->seal = CS_SPAN(h->wrap.p, 2 + n);
    h->wrap = CS_SPAN(h->wrap.p + 2 + n, h->wrap.n - 2 - n);
    return true;
}

struct cs_span cs_header_seal(const struct cs_header *h)
{
    return h->seal.n < 2 ? CS_SPAN(NULL, 0) : CS_SPAN(h->seal.p + 2, h->seal.n - 2);
}

enum cs_err cs_header_decode(struct cs_header *out, struct cs_span in,
                             struct cs_why *why)
{
    struct cs_rd r = CS_RD(in);
    struct cs_header h = {0};
    struct cs_span m = cs_rd_span(&r, sizeof magic);

    h.version = cs_rd_u16(&r);
    h.schema = cs_rd_u16(&r);
    if (r.err != CS_OK || memcmp(m.p, magic, sizeof magic) != 0) {
        return corrupt(why);
    }
    if (h.version != CS_HEADER_VERSION || h.schema != SCHEMA) {
        return cs_why(why, CS_ERR_STORE_VERSION,
                      "the store has version %u.%u, this program knows %u.%u; run the "
                      "version that wrote it, or a newer one",
                      h.version, h.schema, CS_HEADER_VERSION, SCHEMA);
    }
    read_fields(&h, &r, in);
    if (cs_rd_end(&r) != CS_OK || !cs_header_device_ok(h.device_id)) {
        return corrupt(why);
    }
    if (h.kek_kind == CS_KEK_KMS && !split_seal(&h)) {
        return corrupt(why);
    }
    if (h.kek_kind != CS_KEK_HEX && h.kek_kind != CS_KEK_KMS) {
        return cs_why(
            why, CS_ERR_STORE_VERSION,
            "the store's key is wrapped in a way (%u) that this program does not "
            "know; run the version that wrote it, or a newer one",
            h.kek_kind);
    }
    *out = h;
    return CS_OK;
}

static enum cs_err other_kind(const struct cs_header *h, struct cs_why *why)
{
    return cs_why(why, CS_ERR_STORE_KEY,
                  h->kek_kind == CS_KEK_KMS
                      ? "the store of device %s is sealed by a KMS; set "
                        "DB_ENCRYPTION_KEY_REF instead of a hex key (nothing was "
                        "changed)"
                      : "the store of device %s has a hex key; set "
                        "DB_ENCRYPTION_KEY_HEX instead of a KMS key (nothing was "
                        "changed)",
                  h->device_id);
}

static enum cs_err open_box(uint8_t dek[32], const struct cs_header *h,
                            const uint8_t wrap[32], struct cs_span nonce,
                            struct cs_span box)
{
    struct cs_wr aad = {0};
    enum cs_err err;

    cs_wr_span(&aad, h->bound);
    cs_wr_span(&aad, h->seal);
    err = aad.err != CS_OK ? aad.err
                           : cs_gcm_open(dek, wrap, nonce.p, cs_wr_get(&aad), box);
    cs_wr_free(&aad);
    return err;
}

enum cs_err cs_header_unwrap(uint8_t dek[32], const struct cs_header *h,
                             const struct cs_kek *kek, struct cs_why *why)
{
    uint8_t check[32], wrap[32];
    struct cs_rd r = CS_RD(h->wrap);
    struct cs_span stored = cs_rd_span(&r, CHECK);
    struct cs_span nonce = cs_rd_span(&r, CS_AEAD_NONCE);
    struct cs_span box = cs_rd_span(&r, 32 + CS_AEAD_TAG);
    bool is_right;
    enum cs_err err;

    if (cs_rd_end(&r) != CS_OK) {
        return corrupt(why);
    }
    if (h->kek_kind != kind_of(kek)) {
        return other_kind(h, why);
    }
    kek_derive(check, wrap, kek, h->store_id);
    is_right = cs_ct_equal(check, stored.p, CHECK);
    err = open_box(dek, h, wrap, nonce, box);
    cs_wipe(check, sizeof check);
    cs_wipe(wrap, sizeof wrap);
    if (err == CS_ERR_AEAD && !is_right) {
        return cs_why(
            why, CS_ERR_STORE_KEY,
            "the encryption key does not open the store of device %s; give the "
            "key this volume was first started with, or the new one of its last "
            "`cloudsign rekey` (nothing was changed)",
            h->device_id);
    }
    if (err == CS_ERR_AEAD || (err == CS_OK && !is_right)) {
        cs_wipe(dek, 32);
        return corrupt(why); /* one half fits the key, the other does not */
    }
    return err;
}
