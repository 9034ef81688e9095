/* Backup kits: the frame that anybody can hand in, the content that whoever knows a
 * recovery key's public half can seal, and the text of a recovery key.  First byte
 * chooses.  Must hold: no crash, what is accepted as a frame is made of the very bytes,
 * and no content is accepted (nobody here can sign a certificate). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/hash.h"
#include "mpc/kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BOX_AT = 14 + 1 + 53 + 1 };

static void fuzz_frame(struct cs_span in)
{
    struct cs_kit_file f;
    size_t n = BOX_AT + CS_SIG_LEN;

    if (cs_kit_read(&f, in) != CS_OK) {
        return;
    }
    for (uint8_t i = 0; i < f.n; i++) {
        if (f.boxes[i].box.p < in.p ||
            f.boxes[i].box.p + f.boxes[i].box.n > in.p + in.n) {
            abort();
        }
        n += 1 + CS_RECOVERY_ID_LEN + 4 + f.boxes[i].box.n;
    }
    if (n != in.n || f.is_signed.n + CS_SIG_LEN != in.n) {
        abort();
    }
}

static void write_head(struct cs_wr *w, const struct cs_kit_head *h, const uint8_t *id,
                       size_t n)
{
    cs_wr_bytes(w, "cloudsign kit", 14);
    cs_wr_u8(w, CS_KIT_VERSION);
    cs_wr_span(w, CS_SPAN_OF(h->ds_hash));
    cs_wr_span(w, CS_SPAN_OF(h->key_id));
    cs_wr_u32(w, h->epoch);
    cs_wr_u8(w, h->index);
    cs_wr_u8(w, 1);
    cs_wr_u8(w, CS_RECOVERY_X25519);
    cs_wr_bytes(w, id, CS_RECOVERY_ID_LEN);
    cs_wr_u32(w, (uint32_t)(n + CS_RECOVERY_X25519_EXTRA));
}

/* The AAD of a head of zeros, epoch 0, index 1. */
static void write_ad(struct cs_wr *ad, const struct cs_kit_head *h)
{
    static const uint8_t epoch[4], version = CS_KIT_VERSION;
    const struct cs_span x[] = {CS_SPAN_OF(h->ds_hash), CS_SPAN_OF(h->key_id),
                                CS_SPAN_OF(epoch), CS_SPAN(&h->index, 1),
                                CS_SPAN(&version, 1)};

    cs_enc(ad, x, CS_COUNTOF(x));
}

static void fuzz_content(struct cs_span in, const struct cs_recovery_key *key)
{
    const struct cs_kit_head h = {.index = 1};
    static const uint8_t rnd[CS_RECOVERY_RANDOM] = {1}, sig[CS_SIG_LEN];
    struct cs_wr w = {0}, ad = {0};
    uint8_t id[CS_RECOVERY_ID_LEN];
    struct cs_cert_body body;

    if (in.n > CS_KIT_CONTENT_MAX) {
        return;
    }
    cs_recovery_id(id, key);
    write_head(&w, &h, id, in.n);
    write_ad(&ad, &h);
    if (cs_recovery_seal(&w, key, rnd, cs_wr_get(&ad), in) != CS_OK) {
        abort();
    }
    cs_wr_bytes(&w, sig, sizeof sig);
    if (cs_kit_verify(&body, cs_wr_get(&w), key, NULL) != CS_ERR_KEY_CORRUPT) {
        abort(); /* it opens, and is refused */
    }
    cs_wr_free(&w);
    cs_wr_free(&ad);
}

static void fuzz_text(struct cs_span in)
{
    struct cs_recovery_key *k = NULL;

    if (cs_recovery_key_parse(&k, in) == CS_OK) {
        cs_recovery_key_free(k);
    } else if (k != NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cs_recovery_key *key;
    static const uint8_t rnd[32] = {7};

    if (size < 1 || cs_crypto_init() != CS_OK ||
        (key == NULL && cs_recovery_key_new(&key, rnd) != CS_OK)) {
        return 0;
    }
    struct cs_span in = CS_SPAN(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        fuzz_frame(in);
        break;
    case 1:
        fuzz_content(in, key);
        break;
    default:
        fuzz_text(in);
        break;
    }
    return 0;
}
