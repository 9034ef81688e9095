/* Hashing with one injective encoding and one tag per purpose (PROTOCOLS 1.4, 1.5,
 * 15.7).  Any thread.
 *
 *   enc(x_1..x_m)    u32be m, then u32be length and bytes of each
 *   TH(tag; x..)     SHA256(T | T | enc(x..)),  T = SHA256(PREFIX "/" tag)
 *   h2s / h2e        hash to a non-zero scalar of the curve
 *
 * Items are spans; build the list in place:
 *   const struct cs_span x[] = {CS_SPAN_OF(presid), CS_SPAN(&i, 1)};
 *   cs_th(out, CS_TAG_DKG_COM, x, CS_COUNTOF(x)); */
#ifndef CS_CRYPTO_HASH_H
#define CS_CRYPTO_HASH_H

#include "base/span.h"
#include "base/wr.h"
#include "crypto/group.h"
#include "crypto/tags.h"

enum { CS_HASH_LEN = 32 };

void cs_sha256(uint8_t out[32], struct cs_span in);
void cs_sha512(uint8_t out[64], struct cs_span in);

/* Appends enc(items) to w: one item that is itself a list. */
void cs_enc(struct cs_wr *w, const struct cs_span *items, size_t n);

void cs_th(uint8_t out[CS_HASH_LEN], enum cs_tag tag, const struct cs_span *items,
           size_t n);
/* Public hash to scalar: h2s on secp256k1, h2e on edwards25519 (15.7 G2). */
void cs_h2s(enum cs_curve c, struct cs_scalar *out, enum cs_tag tag,
            const struct cs_span *items, size_t n);
/* hr(tag; s, ctx..) of 1.5: h2s(tag; rand32, local32, ctx..), for secret nonces and
 * coefficients.  tag is one of the HEDGE_ ones.  At most 8 context items. */
void cs_hedged_scalar(enum cs_curve c, struct cs_secret *out, enum cs_tag tag,
                      const uint8_t rand32[32], const uint8_t local32[32],
                      const struct cs_span *ctx, size_t n_ctx);

void cs_hmac_sha256(uint8_t out[32], struct cs_span key, struct cs_span in);
/* HKDF-SHA256 (RFC 5869), out_len <= 255*32. */
void cs_hkdf(uint8_t *out, size_t out_len, struct cs_span salt, struct cs_span ikm,
             struct cs_span info);

/* Fresh bytes from getrandom(2), for programs; pure cores get theirs as input. */
void cs_random(uint8_t *out, size_t n);

#endif
