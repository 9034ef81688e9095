/* Recovery keys: what backup kits are encrypted to (PROTOCOLS 8.7).  The public half
 * goes to the nodes, the secret half stays offline with its custodian.  Pure but for
 * the padding of RSA, whose randomness libcrypto takes from the kernel.  Any thread.
 *
 * Two kinds:
 *   X25519  a line of text: "cloudsign-recovery-public-1 HEX", or "-secret-1 HEX"
 *   RSA     4096 bits, e = 65537: PEM, SubjectPublicKeyInfo or an unencrypted private
 *           key; for hardware and procedures that know nothing else
 *
 * A box is sealed once, with fresh randomness, to one key:
 *   X25519  epk 32 | XChaCha20-Poly1305 of the content under
 *           TH("kit/x25519"; X25519(esk, pk), epk, pk), nonce 0: a key seals once
 *   RSA     RSAES-OAEP (SHA-256, MGF1 the same, no label) of a key | nonce 12 |
 *           AES-256-GCM of the content under that key
 * Everything wrong with a box is AEAD, whatever it is. */
#ifndef CS_CRYPTO_RECOVERY_KEY_H
#define CS_CRYPTO_RECOVERY_KEY_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum cs_recovery_kind {
    CS_RECOVERY_X25519 = 1, /* values are in kits */
    CS_RECOVERY_RSA = 2,
};

enum {
    CS_RECOVERY_ID_LEN = 32, /* pk itself; RSA: SHA-256 of SubjectPublicKeyInfo */
    CS_RECOVERY_RANDOM = 44, /* esk; or key and nonce */
    CS_RECOVERY_TEXT_MAX = 8192,
    CS_RECOVERY_X25519_EXTRA = 32 + 16, /* a box is so much longer than its content */
    CS_RECOVERY_RSA_EXTRA = 512 + 12 + 16,
};

struct cs_recovery_key; /* in guarded memory; may have only its public half */

void cs_recovery_key_free(struct cs_recovery_key *k);
/* Either text of either kind.  BAD_FORMAT: neither; USAGE: RSA of another size or
 * exponent, or an encrypted private key; BAD_POINT: an X25519 key of low order. */
enum cs_err cs_recovery_key_parse(struct cs_recovery_key **out, struct cs_span text)
    CS_MUST_USE;
/* A new X25519 pair from 32 random bytes. */
enum cs_err cs_recovery_key_new(struct cs_recovery_key **out, const uint8_t rnd[32])
    CS_MUST_USE;
/* The lines of an X25519 key (USAGE for RSA, or without the secret). */
enum cs_err cs_recovery_public_text(struct cs_wr *w, const struct cs_recovery_key *k)
    CS_MUST_USE;
enum cs_err cs_recovery_secret_text(struct cs_wr *w, const struct cs_recovery_key *k)
    CS_MUST_USE;

enum cs_recovery_kind cs_recovery_kind(const struct cs_recovery_key *k);
bool cs_recovery_has_secret(const struct cs_recovery_key *k);
void cs_recovery_id(uint8_t id[CS_RECOVERY_ID_LEN], const struct cs_recovery_key *k);
/* Bytes that a box of this kind adds; 0 for no kind. */
size_t cs_recovery_extra(unsigned kind);

/* Appends the box.  NOMEM, INTERNAL; HS_FAILED for a bad X25519 key. */
enum cs_err cs_recovery_seal(struct cs_wr *w, const struct cs_recovery_key *k,
                             const uint8_t rnd[CS_RECOVERY_RANDOM], struct cs_span ad,
                             struct cs_span content) CS_MUST_USE;
/* out holds box.n - extra bytes; zeroed on failure.  USAGE without the secret. */
enum cs_err cs_recovery_open(uint8_t *out, const struct cs_recovery_key *k,
                             struct cs_span ad, struct cs_span box) CS_MUST_USE;

/* ---- something of the operator's own, under a passphrase ------------------------- */

/* salt 16 | nonce 24 | XChaCha20-Poly1305 under Argon2id (256 MiB, 3 passes). */
enum { CS_PASS_RANDOM = 16 + 24, CS_PASS_EXTRA = 16 + 24 + 16 };
/* Appends.  NOMEM when there are no 256 MiB. */
enum cs_err cs_pass_seal(struct cs_wr *w, struct cs_span passphrase,
                         const uint8_t rnd[CS_PASS_RANDOM], struct cs_span ad,
                         struct cs_span content) CS_MUST_USE;
/* out holds box.n - extra bytes; zeroed on failure.  AEAD: wrong passphrase, or bytes
 * that were altered. */
enum cs_err cs_pass_open(uint8_t *out, struct cs_span passphrase, struct cs_span ad,
                         struct cs_span box) CS_MUST_USE;

#endif
