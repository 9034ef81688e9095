/* What a peer has shown of its own age: boot counter, boot, journal head; and whether
 * it ever showed less (DECISIONS 12, RELIABILITY T8, T9, PROTOCOLS 15.1 A8).
 *
 * One record per (ds_hash, peer), kept in the store.  Not per device: two links of one
 * device may deliver their CONFIRMs in either order.  Pure; any thread. */
#ifndef CS_MPC_LINK_PEER_SEEN_H
#define CS_MPC_LINK_PEER_SEEN_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum { CS_SEEN_OLD_BOOTS = 8, CS_SEEN_ENC_LEN = 2 + 80 + 1 + 8 * 32 };

/* A boot counter's low bits count starts; what is above says which restore from a
 * backup they came after, rising, 0 before the first.  So a restored store is never
 * taken for the one that it was copied from, nor, once an operator accepted it, that
 * one for it. */
enum { CS_LIFE_START_BITS = 28 };

/* What one CONFIRM says. */
struct cs_life {
    uint64_t boot_counter; /* durable, +1 at each process start; from 1 */
    uint8_t boot[32];      /* random per process start */
    uint64_t journal_seq;
    uint8_t journal_hash[32];
};

/* Zero-initialise for a peer never seen. */
struct cs_peer_seen {
    struct cs_life last; /* boot_counter 0: nothing seen yet */
    uint8_t n_old;
    uint8_t old_boots[CS_SEEN_OLD_BOOTS][32]; /* earlier lives, newest first */
    enum cs_err
        fenced; /* CS_OK, ROLLBACK or CLONE: nothing until an operator accepts */
};

/* Judges a life and, when it is fine, takes it over.  A bad one sets seen->fenced:
 *   CLONE     an earlier boot returns; same counter, other boot; same boot, other
 *             counter; same journal sequence, other hash; restored since
 *   ROLLBACK  lower boot counter; lower journal sequence
 * A fenced record answers its own error.  HS_CONFIRM for boot counter 0. */
enum cs_err cs_peer_seen_update(struct cs_peer_seen *seen, const struct cs_life *life)
    CS_MUST_USE;
/* An operator accepted: lifts the fence, the next life becomes the new baseline.  Boots
 * before the last one stay refused; the last one too, once another has been shown. */
void cs_peer_seen_accept(struct cs_peer_seen *seen);

void cs_peer_seen_encode(struct cs_wr *out, const struct cs_peer_seen *seen);
enum cs_err cs_peer_seen_decode(struct cs_peer_seen *out, struct cs_span in)
    CS_MUST_USE;

#endif
