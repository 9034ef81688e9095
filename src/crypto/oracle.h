/* What the OT layer needs besides hash.h (PROTOCOLS 4.2-4.4, 15.4 D6, D7): a 64-byte
 * tagged hash, many tagged hashes at once, and streams.  Any thread. */
#ifndef CS_CRYPTO_ORACLE_H
#define CS_CRYPTO_ORACLE_H

#include "crypto/hash.h"

/* SHA512(T | T | enc(items)): for hashing to ristretto255 (4.2). */
void cs_th64(uint8_t out[64], enum cs_tag tag, const struct cs_span *items, size_t n);

/* out[i] = SHA256(T | T | in_i) for `count` inputs of n bytes that stand behind each
 * other: cs_th of items that the caller has encoded.  Only the columns of 4.3 (tag
 * OT_COL) are not encoded: always CS_COL_IN bytes, one block, "the one hash input
 * without enc, for speed; this tag serves nothing else". */
enum { CS_COL_IN = 50 };
void cs_th_each(uint8_t (*out)[32], enum cs_tag tag, const uint8_t *in, size_t n,
                size_t count);

/* First n bytes of ChaCha20-IETF under key, nonce 0, counter 0: one stream a key. */
void cs_stream(uint8_t *out, size_t n, const uint8_t key[32]);

/* The first 96 bytes of eight such streams at once. */
enum { CS_STREAMS = 8, CS_STREAMS_LEN = 96 };
void cs_streams(uint8_t out[CS_STREAMS][CS_STREAMS_LEN],
                const uint8_t key[CS_STREAMS][32]);

/* D6: the stream under TH(tag; rand32, local32, id, role).  tag: a HEDGE_ one. */
void cs_hedged_stream(uint8_t *out, size_t n, enum cs_tag tag, const uint8_t rand32[32],
                      const uint8_t local32[32], const uint8_t id[32], uint8_t role);

#endif
