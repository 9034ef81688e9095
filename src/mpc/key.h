/* Key record of a node (PROTOCOLS 3.7) and the life of a key that got stuck (3.5, 15.3
 * C3).
 *
 * Lives in guarded memory (cs_key_new): it holds the share.  A record has two
 * encodings, so that the share can be sealed apart from the rest.  Pure; any thread,
 * one at a time. */
#ifndef CS_MPC_KEY_H
#define CS_MPC_KEY_H

#include "mpc/certificate.h"

enum cs_key_state {
    CS_KEY_PENDING = 1, /* share stored, own sigma may be out, no certificate */
    CS_KEY_ACTIVE = 2,
    CS_KEY_ABORTED = 3, /* own ABORTED(C) is signed: never activates */
};

struct cs_key {
    enum cs_key_state state;
    uint8_t self;
    uint8_t request_id[CS_ID_LEN];
    struct cs_cert_body body;
    uint8_t C[32];
    uint8_t cert_hash[32];     /* TH("cert"; C) */
    struct cs_sig_set sigs;    /* valid sigma known here */
    struct cs_sig_set acks;    /* valid ACKs known here */
    struct cs_sig_set aborted; /* valid ABORTED(C) known here */
    struct cs_secret x;        /* own share */
    /* Not in the record: bit index-1 of each peer that answered the question asked
     * last, while an ABORTED(C) was known here, without having the certificate. */
    uint8_t without;
};

struct cs_key *cs_key_new(void); /* guarded, zeroed; NULL: no memory */
void cs_key_free(struct cs_key *k);
struct cs_key *cs_key_dup(const struct cs_key *k);

/* At most CS_KEY_RECORD_MAX bytes. */
enum { CS_KEY_RECORD_MAX = 3072 };
void cs_key_encode_public(struct cs_wr *w, const struct cs_key *k);
void cs_key_encode_secret(struct cs_wr *w, const struct cs_key *k); /* 32 bytes */
/* Both parts; KEY_CORRUPT when malformed.  Run cs_key_check next. */
enum cs_err cs_key_decode(struct cs_key *out, struct cs_span pub, struct cs_span secret)
    CS_MUST_USE;

/* Load checks of 3.7: C and cert_hash fit the body, x_i G = X_i, every t-subset of
 * X_1..X_n interpolates to X, own index and ds_hash are those of the roster, all known
 * signatures are valid, and all n are there when ACTIVE.  KEY_CORRUPT otherwise; *why
 * (may be NULL) names the check. */
enum cs_err cs_key_check(const struct cs_key *k, const struct cs_roster *r,
                         const char **why) CS_MUST_USE;

/* Public key as the chain layer takes it: cs_point_len bytes. */
size_t cs_key_public(const struct cs_key *k, uint8_t out[CS_POINT_MAX]);
bool cs_key_acked(const struct cs_key *k); /* all n ACKs are here */

/* ---- a PENDING key asks around (PROTOCOLS 3.5, 15.3 C3)
 * ------------------------------ */

/* What to store and what to send; store first. */
struct cs_key_reply {
    bool changed;      /* *k changed: store it before anything is sent */
    bool erase;        /* every member aborted C: delete the record for good */
    uint8_t type;      /* 0 or CS_TYPE_CERT_HAVE, CS_TYPE_CERT_ABORTED */
    struct cs_wr body; /* owned by the caller after the call */
};

/* CERT_WANT for all peers.  Forgets what they answered before. */
void cs_key_ask(struct cs_key *k, struct cs_wr *w);
/* A peer sent CERT_WANT for a key this node has: answers with the signatures known here
 * (ACTIVE: all), or with the ABORTED statements.  Another C than the key's was never
 * signed here, and as one key id is generated once it never will be: ABORTED(C). */
enum cs_err cs_key_on_want(const struct cs_key *k, const uint8_t ik_seed[32],
                           const uint8_t C[32], struct cs_key_reply *out) CS_MUST_USE;
/* The same when this node has no record for the key id and never signed anything for
 * it: signs ABORTED(C).  The owner stores (key id, C) for ever BEFORE it sends the
 * answer, and refuses the key id from then on. */
void cs_key_on_want_unknown(const uint8_t ik_seed[32], uint8_t self,
                            const uint8_t C[32], struct cs_key_reply *out);
/* Peer `from` sent CERT_HAVE: takes the valid signatures.  Complete with the own sigma
 * in it: ACTIVE, with the own ACK in k->acks (send it to platform and peers).
 * CERT_INVALID when a signature does not verify (nothing is taken). */
enum cs_err cs_key_on_have(struct cs_key *k, const struct cs_roster *r,
                           const uint8_t ik_seed[32], uint8_t from, struct cs_span body,
                           struct cs_key_reply *out) CS_MUST_USE;
/* A peer sent CERT_ABORTED: takes the valid statements.  One of them may be a lie, or
 * of a node that lost its records, so a PENDING node asks all (cs_key_ask) and signs
 * its own only when each other member has said ABORTED or answered without having the
 * certificate; with all n statements the record may go. */
enum cs_err cs_key_on_aborted(struct cs_key *k, const struct cs_roster *r,
                              const uint8_t ik_seed[32], struct cs_span body,
                              struct cs_key_reply *out) CS_MUST_USE;
/* The operator gives a PENDING key up: signs ABORTED(C).  STATE when it is ACTIVE. */
enum cs_err cs_key_give_up(struct cs_key *k, const uint8_t ik_seed[32]) CS_MUST_USE;
/* A peer's ACK (3.4 payload after the session, or from the platform): DKG_ACK_SIG. */
enum cs_err cs_key_on_ack(struct cs_key *k, const struct cs_roster *r, uint8_t from,
                          const uint8_t sig[CS_SIG_LEN], bool *changed) CS_MUST_USE;

#endif
