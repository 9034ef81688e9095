/* Noise_KK_25519_ChaChaPoly_SHA256 (noiseprotocol.org, revision 34, section 7.5), the
 * handshake of a link (PROTOCOLS 2.2).
 *
 *   KK:  -> s   <- s   ...   -> e, es, ss   <- e, ee, se
 *
 * Pure: the ephemeral key arrives as 32 random bytes.  struct cs_noise and struct
 * cs_noise_keys hold secrets: keep them in guarded memory or wipe them.  After a failed
 * read or write the state is wiped and good for nothing.  Any thread. */
#ifndef CS_MPC_LINK_NOISE_H
#define CS_MPC_LINK_NOISE_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/identity.h"

enum {
    CS_NOISE_OVERHEAD = 32 + 16, /* ephemeral key and tag of either message */
    CS_NOISE_PAYLOAD_MAX = 256,
};

struct cs_noise {
    uint8_t ck[32], h[32], k[32];
    uint8_t s_priv[32], e_priv[32];
    uint8_t rs[32], re[32];
    uint8_t initiator; /* 0 or 1 */
    uint8_t step;      /* messages done: 0, 1, 2; 255: failed or spent */
};

struct cs_noise_keys {
    uint8_t hh[32];     /* handshake hash, public */
    uint8_t ck[32];     /* final chaining key, for further HKDF */
    uint8_t i_to_r[32]; /* Split(): initiator's sending key */
    uint8_t r_to_i[32];
};

/* own: only sk_priv and pub.sk are used.  peer_sk: X25519 static of the other side. */
void cs_noise_init(struct cs_noise *hs, bool initiator, struct cs_span prologue,
                   const struct cs_identity_secret *own, const uint8_t peer_sk[32]);
/* The next message of this side; out holds payload.n + CS_NOISE_OVERHEAD bytes.
 * STATE when it is not this side's turn, USAGE when the payload is too long, HS_FAILED
 * when the peer's keys are degenerate. */
enum cs_err cs_noise_write(struct cs_noise *hs, uint8_t *out, struct cs_span payload,
                           const uint8_t e_priv[32]) CS_MUST_USE;
/* payload holds msg.n - CS_NOISE_OVERHEAD bytes, zeroed on failure: HS_FAILED, STATE.
 */
enum cs_err cs_noise_read(struct cs_noise *hs, uint8_t *payload, struct cs_span msg)
    CS_MUST_USE;
/* After both messages; wipes hs.  STATE before. */
enum cs_err cs_noise_finish(struct cs_noise *hs, struct cs_noise_keys *out) CS_MUST_USE;
void cs_noise_wipe(struct cs_noise *hs);

#endif
