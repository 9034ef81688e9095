/* Distributed key generation for both curves (PROTOCOLS 3 with 15.3).
 *
 * Commit, reveal with proofs on all coefficients, private shares, certificate signed by
 * all, signed acknowledgement: four rounds of session.h.  The bytes are in PROTOCOL.md.
 * Complaints are never published: a failed check ends the session with blame. */
#ifndef CS_MPC_DKG_H
#define CS_MPC_DKG_H

#include "mpc/key.h"
#include "mpc/session.h"

/* The table for cs_session_params.protocol: 60 s. */
extern const struct cs_protocol cs_dkg_protocol;

struct cs_dkg_params {
    struct cs_roster roster;
    struct cs_request request; /* KEYGEN */
    const uint8_t *ik_seed;    /* copied: sigma and ACK are signed in the rounds */
    const uint8_t *local; /* 32-byte local secret that hedges (PROTOCOLS 1.5); copied */
};

/* State of one run, in guarded memory, for cs_session_start/join.  NULL: no memory. */
struct cs_dkg;
struct cs_dkg *cs_dkg_new(const struct cs_dkg_params *p);
/* For a state that no session took. */
void cs_dkg_free(struct cs_dkg *d);

/* The key record made so far, NULL before round 3.  Out->persist of the session says
 * when to store it: round 3  PENDING, before the own sigma leaves round 4  ACTIVE with
 * certificate, before the ACK leaves DONE     ACTIVE with all n ACKs Borrowed: belongs
 * to the state. */
const struct cs_key *cs_dkg_key(const struct cs_dkg *d);

/* Initiator of a DKG: the lowest index (15.1 A1). */
uint8_t cs_dkg_initiator(const struct cs_roster *r);

#endif
