/* A request as a node understood it, and its hash reqh (PROTOCOLS 2.4).
 *
 * Every node builds this from its own parsed copy of what the platform sent; nothing of
 * it is taken from a peer.  Two nodes work together only when their reqh agree.
 * Value type without secrets.  Any thread. */
#ifndef CS_MPC_REQUEST_H
#define CS_MPC_REQUEST_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "crypto/group.h"

/* One key, one scheme (PROTOCOLS 7.7).  Values are in records and on the wire. */
enum cs_scheme {
    CS_SCHEME_FROST_ED25519 = 1,
    CS_SCHEME_ECDSA = 2,
    CS_SCHEME_BIP340 = 3,
};

enum cs_request_kind {
    CS_REQUEST_KEYGEN = 1,
    CS_REQUEST_SIGN_RAW = 2,        /* a transaction */
    CS_REQUEST_SIGN_PLAINTEXT = 3,  /* a message with a domain prefix */
    CS_REQUEST_SIGN_DIGEST = 4,     /* blind: 32 bytes */
    CS_REQUEST_CHECK = 5,           /* made by the nodes themselves (PROTOCOLS 3.5) */
    CS_REQUEST_SIGN_TYPED_DATA = 6, /* EIP-712 */
};
/* A request of one of the six. */
bool cs_request_kind_ok(unsigned kind);

enum {
    CS_ID_LEN = 16, /* request id, key id */
    CS_PATH_MAX = 10,
    CS_BLOCKCHAIN_MAX = 24, /* characters of the chain's word */
    CS_REQUEST_MAX = 256,   /* bytes of the canonical encoding */
};

struct cs_request {
    enum cs_request_kind kind;
    uint8_t request_id[CS_ID_LEN];
    uint8_t ds_hash[32];
    uint8_t key_id[CS_ID_LEN];
    uint32_t key_epoch;
    enum cs_curve curve;
    enum cs_scheme scheme;
    uint8_t path_len;
    uint32_t path[CS_PATH_MAX];             /* empty for Ed25519 and for KEYGEN */
    char blockchain[CS_BLOCKCHAIN_MAX + 1]; /* "" for KEYGEN without a chain, CHECK */
    uint8_t payload_hash[32];  /* SHA-256 of the payload as approved; zero for KEYGEN */
    uint8_t messages_hash[32]; /* cs_request_messages_hash of what is signed; or zero */
    uint32_t policy_version;   /* the request's, not the node's (15.7 G2) */
    int64_t expires_ms;        /* wall clock; 0 for CHECK */
};

/* The curve a scheme lives on, and the words of the control channel. */
bool cs_scheme_ok(unsigned scheme);
enum cs_curve cs_scheme_curve(enum cs_scheme scheme);
const char *cs_scheme_name(enum cs_scheme scheme); /* "FROST_ED25519", "ECDSA" .. */
bool cs_scheme_parse(enum cs_scheme *out, const char *word);

/* SHA-256 of enc(messages): the exact bytes (FROST) or digests that get signed. */
void cs_request_messages_hash(uint8_t out[32], const struct cs_span *messages,
                              size_t n);

/* Fields are in range and fit each other: known kind, scheme on its curve, no path on
 * Ed25519 (PROTOCOLS 9.2), payload for signing only.  USAGE otherwise. */
enum cs_err cs_request_check(const struct cs_request *req) CS_MUST_USE;
/* Not later than `expires_ms` plus 120 s of clock difference: REQUEST_EXPIRED. */
enum cs_err cs_request_fresh(const struct cs_request *req, int64_t wall_ms) CS_MUST_USE;

/* TH("req"; kind, ds_hash, key_id, key_epoch, curve, scheme, enc(path), blockchain,
 * payload_hash, messages_hash, policy_version, expires, request_id). */
void cs_request_hash(uint8_t reqh[32], const struct cs_request *req);

/* One canonical encoding, for records and the journal. */
void cs_request_encode(struct cs_wr *w, const struct cs_request *req);
/* BAD_FORMAT, TRUNCATED, TRAILING or what cs_request_check says; *out untouched. */
enum cs_err cs_request_decode(struct cs_request *out, struct cs_span in) CS_MUST_USE;

#endif
