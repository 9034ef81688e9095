/* Every way in which something can fail, in one table.
 *
 * A row is  X(NAME, CLASS, REACTION, EXIT, REASON, TEXT):
 *   NAME      CS_ERR_<NAME>
 *   CLASS     how the caller reacts (enum cs_err_class)
 *   REACTION  what it does to the peer or the process (PROTOCOLS 2.8, 15.4 D5)
 *   EXIT      exit code of a program that ends because of it
 *   REASON    the public word: closed list, seen by platform, console and peers
 *   TEXT      a sentence for people
 *
 * "E_" words are RELIABILITY's.  A check that fails against a peer has a row of
 * its own, so that removing one check turns exactly one test red.
 */
#ifndef CS_BASE_ERR_H
#define CS_BASE_ERR_H

#include <stdbool.h>

#define CS_MUST_USE __attribute__((warn_unused_result))

/* clang-format off */
#define CS_ERR_MAP(X)                                                                                        \
    /* caller's bug: refuse */                                                                               \
    X(USAGE,            USAGE,    REFUSE,     64, "USAGE",             "called the wrong way")               \
    X(STATE,            USAGE,    REFUSE,     70, "STATE",             "not possible in this state")         \
    X(NONCE_USED,       USAGE,    REFUSE,     70, "NONCE_USED",        "this nonce was already spent")       \
    X(INTERNAL,         INTERNAL, STOP,       70, "INTERNAL",          "an invariant does not hold")         \
    X(SELFTEST,         INTERNAL, STOP,       70, "SELFTEST",          "a start-up self-test failed")        \
    /* resources: back off */                                                                                \
    X(NOMEM,            RESOURCE, RETRY,      71, "OUT_OF_MEMORY",     "out of memory")                      \
    X(FULL,             RESOURCE, RETRY,      75, "QUEUE_FULL",        "a queue or table is full")           \
    X(LIMIT,            RESOURCE, RETRY,      75, "LIMIT",             "a limit is reached")                 \
    X(OS,               IO,       STOP,       71, "OS",                "the operating system refused a call")\
    /* configuration: the operator must act */                                                               \
    X(CONFIG,           CONFIG,   STOP,       78, "CONFIG",            "a setting is wrong")                 \
    X(PAIRING_KEY,      CONFIG,   STOP,       78, "PAIRING_KEY",       "the pairing key is malformed")       \
    X(PAIRING_KEY_USED, CONFIG,   STOP,       85, "PAIRING_KEY_USED",  "the pairing key was used or revoked")\
    X(DEVICE_REJECTED,  CONFIG,   STOP,       77, "DEVICE_REJECTED",   "an administrator rejected this device")\
    /* store */                                                                                              \
    X(STORE_KEY,        STORE,    STOP,       79, "E_STORE_KEY",       "the encryption key does not open this store")\
    X(STORE_DEVICE,     STORE,    STOP,       80, "E_STORE_DEVICE",    "the store belongs to another device")\
    X(STORE_LOCKED,     STORE,    STOP,       81, "E_STORE_LOCKED",    "another process uses this store")    \
    X(VOLUME_LOST,      STORE,    STOP,       82, "E_VOLUME_LOST",     "the volume is empty but the device is paired")\
    X(STORE_CORRUPT,    STORE,    STOP,       83, "E_STORE_CORRUPT",   "the store was altered or damaged")   \
    X(STORE_FS,         STORE,    STOP,       84, "E_STORE_FS",        "the volume's file system is not safe for a store")\
    X(STORE_VERSION,    STORE,    STOP,       86, "E_STORE_VERSION",   "the store was written by a newer version")\
    X(STORE_IO,         STORE,    LATCH,      74, "STORAGE_IO",        "a write or sync of the store failed")\
    X(STORE_FULL,       STORE,    RETRY,      75, "STORAGE_FULL",      "no space left for the store")        \
    X(NOT_FOUND,        STORE,    NONE,       66, "NOT_FOUND",         "no such record")                     \
    X(EXISTS,           STORE,    REFUSE,     73, "EXISTS",            "it exists already")                  \
    /* the store's key in a KMS, RELIABILITY T21 */                                                          \
    X(KMS_WAIT,         IO,       RETRY,      69, "E_KMS_WAIT",        "the KMS, or what gives the credentials for it, does not answer")\
    X(KMS_DENIED,       CONFIG,   STOP,       87, "E_KMS_DENIED",      "the KMS does not allow this node to use the key")\
    X(KMS_KEY,          CONFIG,   STOP,       88, "E_KMS_KEY",         "the KMS key is disabled, deleted, unknown or another one")\
    X(KMS_WRAP,         STORE,    STOP,       89, "E_KMS_WRAP",        "the wrapped key is another device's, or was altered")\
    X(SANDBOX,          CONFIG,   STOP,       90, "E_SANDBOX",         "this kernel or container cannot confine the program")\
    X(STORE_UNCHECKED,  STORE,    STOP,       91, "E_STORE_UNCHECKED", "the store's file could not be examined before opening it")\
    /* bytes in */                                                                                           \
    X(TRUNCATED,        PEER,     BLAME,      65, "BAD_FORMAT",        "input ends too early")               \
    X(TRAILING,         PEER,     BLAME,      65, "BAD_FORMAT",        "bytes are left after the end")       \
    X(TOO_LONG,         PEER,     BLAME,      65, "BAD_FORMAT",        "input is longer than allowed")       \
    X(BAD_FORMAT,       PEER,     BLAME,      65, "BAD_FORMAT",        "input is malformed")                 \
    X(BAD_POINT,        PEER,     BLAME,      65, "BAD_POINT",         "not a valid group element")          \
    X(ZERO_OR_RANGE,    PEER,     BLAME,      65, "ZERO_OR_RANGE",     "scalar is zero or out of range")     \
    X(BAD_TEXT,         USAGE,    REFUSE,     65, "BAD_TEXT",          "text is not valid hex, base64 or JSON")\
    /* links */                                                                                              \
    X(AEAD,             PEER,     DROP,       76, "AEAD",              "authentication tag does not verify") \
    X(REPLAY,           PEER,     DROP,       76, "REPLAY",            "frame was seen before")              \
    X(NO_LINK,          PEER,     DROP,       76, "LINK_LOST",         "no live link to this peer")          \
    X(HS_FAILED,        PEER,     DROP,       76, "HS_FAILED",         "link handshake does not verify")     \
    X(HS_CONFIRM,       PEER,     DROP,       76, "HS_CONFIRM",        "link confirmation does not verify")  \
    X(HS_RATE,          RESOURCE, DROP,       75, "HS_RATE",           "too many handshakes")                \
    X(VERSION,          PEER,     DROP,       76, "VERSION",           "no common protocol version")         \
    X(ROLLBACK,         PEER,     LATCH,      76, "E_ROLLBACK",        "peer shows an older state than before")\
    X(CLONE,            PEER,     LATCH,      76, "E_CLONE",           "peer seems to run twice")            \
    X(PEER_KEY_CHANGED, PEER,     REFUSE,     76, "E_PEER_KEY_CHANGED","a peer's identity key changed")      \
    /* sessions */                                                                                           \
    X(TIMEOUT,          PEER,     RETRY,      75, "PEER_TIMEOUT",      "no answer in time")                  \
    X(DEADLINE,         PEER,     RETRY,      75, "DEADLINE",          "the session's time is over")         \
    X(LINK_LOST,        PEER,     RETRY,      75, "LINK_LOST",         "the link went away")                 \
    X(SID_MISMATCH,     PEER,     DROP,       76, "SID_MISMATCH",      "session ids differ")                 \
    X(POLICY_REFUSED,   PEER,     DROP,       77, "POLICY_REFUSED",    "the request is not allowed here")    \
    X(APPROVAL_REFUSED, USAGE,    REFUSE,     77, "APPROVAL_REFUSED",  "this node's approver refused the request")\
    X(APPROVAL_TIMEOUT, USAGE,    REFUSE,     77, "APPROVAL_TIMEOUT",  "this node's approver did not answer in time")\
    X(APPROVAL_FAILED,  USAGE,    REFUSE,     77, "APPROVAL_FAILED",   "this node's approver cannot be asked, or its answer is not valid")\
    X(REQUEST_CONFLICT, USAGE,    REFUSE,     76, "E_REQUEST_CONFLICT","request id was used for something else")\
    X(REQUEST_EXPIRED,  USAGE,    REFUSE,     75, "REQUEST_EXPIRED",   "the request's life is over")         \
    X(NOT_ENOUGH,       RESOURCE, RETRY,      75, "NOT_ENOUGH_SIGNERS","not enough signers are online")      \
    X(ABORTED,          PEER,     RETRY,      75, "PEER_ABORTED",      "a peer ended the session")           \
    X(EQUIVOCATION,     PEER,     QUARANTINE, 76, "EQUIVOCATION",      "party said two different things")    \
    X(QUARANTINED,      PEER,     DROP,       77, "PEER_QUARANTINED",  "a peer is quarantined on this node") \
    X(AUDIT_FORK,       PEER,     REFUSE,     76, "AUDIT_FORK",        "the platform shows another audit log than before")\
    X(AUDIT_ROLLBACK,   PEER,     REFUSE,     76, "AUDIT_ROLLBACK",    "the platform's audit log ends before a record that this node has vouched for")\
    X(AUDIT_UNPROVEN,   PEER,     REFUSE,     76, "AUDIT_UNPROVEN",    "the platform does not say that its audit log goes on from the record that this node has vouched for last")\
    X(KEY_CORRUPT,      STORE,    LATCH,      83, "KEY_CORRUPT",       "a key record fails its load check")  \
    X(UNKNOWN_KEY,      USAGE,    REFUSE,     66, "UNKNOWN_KEY",       "this node has no such key")          \
    X(DESCRIPTOR,       PEER,     REFUSE,     76, "DESCRIPTOR",        "device set descriptor is not acceptable")\
    X(ID_MISMATCH,      PEER,     REFUSE,     76, "ID_MISMATCH",       "members do not hold the same descriptor")\
    X(DS_THRESHOLD,     PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: not 2 <= t <= n <= 7")\
    X(DS_INDEX,         PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: member indices are not 1 to n in order")\
    X(DS_ID,            PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: set id or a device id is zero")\
    X(DS_NONCE,         PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: creation nonce is zero")\
    X(DS_IK,            PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: a member's Ed25519 key is not a valid point")\
    X(DS_SK,            PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: a member's X25519 key is zero, of low order or not canonical")\
    X(DS_IK_SAME,       PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: two members have one Ed25519 key")\
    X(DS_SK_SAME,       PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: two members have one X25519 key")\
    X(DS_DEVICE_SAME,   PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: two members are one device")\
    X(DS_APPROVER,      PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: approver keys are too many, invalid or not rising")\
    X(DS_SELF,          PEER,     REFUSE,     76, "DESCRIPTOR",        "2.1: own device or own keys are not in the set")\
    X(QUORUM_OPEN,      PEER,     REFUSE,     76, "DESCRIPTOR",        "a member's nonce is not the one it committed to")\
    X(QUORUM_SIG,       PEER,     REFUSE,     76, "DESCRIPTOR",        "a member's acceptance of the set does not verify")\
    /* DKG, PROTOCOLS 3.3: one row a check */                                                                \
    X(DKG_COM_DUP,      PEER,     BLAME,      76, "CHEAT",             "3.1: two parties sent one commitment")\
    X(DKG_COUNT,        PEER,     BLAME,      76, "CHEAT",             "3.3.1: wrong number of commitments, proofs or hashes")\
    X(DKG_POINT,        PEER,     BLAME,      76, "CHEAT",             "3.3.2: invalid point or identity")   \
    X(DKG_OPEN,         PEER,     BLAME,      76, "CHEAT",             "3.3.3: commitment does not open")    \
    X(DKG_POK,          PEER,     BLAME,      76, "CHEAT",             "3.3.4: proof of knowledge does not verify")\
    X(DKG_SAME,         PEER,     BLAME,      76, "CHEAT",             "3.3.5: commitments repeat")          \
    X(DKG_SHARE_OPEN,   PEER,     DISPUTE,    76, "CHEAT",             "3.3.6: share does not match its hash")\
    X(DKG_SHARE,        PEER,     BLAME,      76, "CHEAT",             "3.3.7: share does not lie on the polynomial")\
    X(DKG_RESULT,       PEER,     DROP,       76, "CHEAT",             "3.3.8: resulting key is degenerate") \
    X(DKG_CERT_SIG,     PEER,     BLAME,      76, "CHEAT",             "3.4: certificate signature does not verify")\
    X(DKG_ACK_SIG,      PEER,     BLAME,      76, "CHEAT",             "3.5: acknowledgement does not verify")\
    X(KEY_EXISTS,       USAGE,    REFUSE,     73, "KEY_EXISTS",        "a key with this id exists")          \
    X(CERT_INVALID,     PEER,     REFUSE,     76, "CERT_INVALID",      "key certificate does not verify")    \
    /* FROST, PROTOCOLS 7.1-7.2 */                                                                           \
    X(FROST_COMMIT,     PEER,     BLAME,      76, "CHEAT",             "7.1: nonce commitment is not a valid point")\
    X(FROST_NONCE_ID,   PEER,     DROP,       76, "NONCE_UNKNOWN",     "7.2: nonce id unknown, spent or not for this use")\
    X(FROST_BINDING,    PEER,     BLAME,      76, "CHEAT",             "7.2: commitments are not the ones published")\
    X(FROST_IDENTITY,   PEER,     DROP,       76, "CHEAT",             "7.1: group commitment is the identity")\
    X(FROST_SHARE,      PEER,     BLAME,      76, "CHEAT",             "7.2: partial signature does not verify")\
    X(SIG_INVALID,      PEER,     BLAME,      76, "SIG_INVALID",       "the signature does not verify")      \
    X(RECEIPT,          PEER,     BLAME,      76, "SIG_INVALID",       "a node's receipt is not for this request, or does not verify")\
    X(FROST_SELF,       INTERNAL, STOP,       70, "INTERNAL",          "7.6: own partial signature does not verify")\
    /* paths and tweaks, PROTOCOLS 9.1, 7.4 */                                                               \
    X(PATH_DEPTH,       USAGE,    REFUSE,     65, "PATH",              "9.1: a path has more than 10 steps")\
    X(PATH_HARDENED,    USAGE,    REFUSE,     65, "PATH",              "9.1: hardened steps need the whole private key, which nobody has")\
    X(PATH_CHILD,       USAGE,    REFUSE,     65, "PATH",              "9.1: this path leads to no valid key, choose another index")\
    X(PATH_FORMAT,      USAGE,    REFUSE,     65, "PATH",              "9.1: a path is indices without leading zeros, joined by '/': 0/5")\
    X(TWEAK_RANGE,      USAGE,    REFUSE,     65, "TWEAK",             "7.4: tweak is not below the group order")\
    X(TWEAK_IDENTITY,   USAGE,    REFUSE,     65, "TWEAK",             "7.4: tweaked key is the identity")\
    /* DKLs23, PROTOCOLS 4.7, 15.4 D5: one row a check; to the peer the burning ones are only "ended" (4.6) */ \
    X(OT_CHECK,         PEER,     BURN,       76, "PEER_ABORTED",      "4.3: OT extension does not hold for one choice in all rows")\
    X(RVOLE_CHECK,      PEER,     BURN,       76, "PEER_ABORTED",      "4.4: multiplication inputs are not one pair in all transfers")\
    X(GAMMA_CHECK,      PEER,     BURN,       76, "PEER_ABORTED",      "4.5: multiplied values are not those of R and pk")\
    X(COMMIT_OPEN,      PEER,     BLAME,      76, "CHEAT",             "4.5: commitment to R does not open")\
    X(PK_SUM,           PEER,     BLAME,      76, "CHEAT",             "4.5: key shares do not add up to the key")\
    X(SIG_TWICE,        PEER,     BLAME,      76, "EQUIVOCATION",      "2.6: peer sent two different unsigned messages of one round")\
    X(SETUP_TEST,       PEER,     BLAME,      76, "PEER_ABORTED",      "4.2: OT setup fails its self-test")\
    X(SETUP_MISSING,    PEER,     RETRY,      75, "SETUP_MISSING",     "no tested OT setup with this peer, or not this one")\
    X(OT_BURNED,        PEER,     DROP,       77, "PEER_QUARANTINED",  "the OT setup with this peer was destroyed; an operator must release it")\
    /* chain layer */                                                                                        \
    X(CHAIN_UNKNOWN,    USAGE,    REFUSE,     65, "CHAIN_UNKNOWN",     "blockchain is not supported")        \
    X(CHAIN_KEY,        USAGE,    REFUSE,     65, "CHAIN_KEY",         "public key is not valid on this chain")\
    X(CHAIN_ADDRESS,    USAGE,    REFUSE,     65, "CHAIN_ADDRESS",     "not an address of this chain")       \
    X(CHAIN_TX,         USAGE,    REFUSE,     65, "CHAIN_TX",          "not a transaction that this chain takes")\
    X(CHAIN_SIGNER,     USAGE,    REFUSE,     77, "CHAIN_SIGNER",      "the transaction names another signer")\
    X(CHAIN_MESSAGE,    USAGE,    REFUSE,     65, "CHAIN_MESSAGE",     "the message could be a transaction") \
    /* net */                                                                                                \
    X(TLS_TRUST,        IO,       RETRY,      69, "E_TLS_TRUST",       "certificate is not from the pinned CA")\
    X(TLS_NAME,         IO,       RETRY,      69, "E_TLS_NAME",        "certificate is for another name")    \
    X(TLS_TIME,         IO,       RETRY,      69, "E_TLS_TIME",        "certificate is not valid at this time")\
    X(TLS,              IO,       RETRY,      69, "E_TLS",             "TLS handshake failed")               \
    X(DNS,              IO,       RETRY,      68, "E_DNS",             "host name does not resolve")         \
    X(CONN,             IO,       RETRY,      69, "E_CONN",            "connection failed or was lost")      \
    X(AUTH,             IO,       RETRY,      77, "E_AUTH",            "the other side did not accept the proof of identity")\
    X(PROTOCOL,         IO,       RETRY,      76, "E_PROTOCOL",        "the other side broke the protocol")  \
    X(LISTEN,           IO,       STOP,       69, "E_LISTEN",          "cannot listen on the address")
/* clang-format on */

enum cs_err {
    CS_OK = 0,
#define CS_ERR_ENUM(name, class, reaction, exit, reason, text) CS_ERR_##name,
    CS_ERR_MAP(CS_ERR_ENUM)
#undef CS_ERR_ENUM
        CS_ERR_COUNT
};

enum cs_err_class {
    CS_CLASS_NONE,
    CS_CLASS_USAGE,    /* caller's or user's mistake: refuse */
    CS_CLASS_CONFIG,   /* operator must change a setting */
    CS_CLASS_PEER,     /* a party, or the network, did it: end the session */
    CS_CLASS_RESOURCE, /* back off, try later */
    CS_CLASS_IO,       /* reconnect */
    CS_CLASS_STORE,    /* stop using the key or the store */
    CS_CLASS_INTERNAL, /* stop the process */
};

enum cs_reaction {
    CS_REACT_NONE,
    CS_REACT_REFUSE,     /* answer with the reason, keep going */
    CS_REACT_DROP,       /* drop and count, blame nobody */
    CS_REACT_RETRY,      /* drop; a later attempt with fresh material may work */
    CS_REACT_BLAME,      /* drop, blame the sender; 3 in 24 h: quarantine */
    CS_REACT_DISPUTE,    /* drop; sender or complainer, not decidable by others */
    CS_REACT_BURN,       /* destroy the pair's OT setup, quarantine */
    CS_REACT_QUARANTINE, /* nothing more with this peer until an operator lifts it */
    CS_REACT_LATCH,      /* stop signing until restart or operator */
    CS_REACT_STOP,       /* end the process */
};

/* All: any thread; constant strings, never NULL. */
const char *cs_err_name(enum cs_err err);   /* "DKG_POK" */
const char *cs_err_reason(enum cs_err err); /* "CHEAT", "OK" for CS_OK */
const char *cs_err_text(enum cs_err err);   /* "3.3.4: proof of ..." */
enum cs_err_class cs_err_class(enum cs_err err);
enum cs_reaction cs_err_reaction(enum cs_err err);
int cs_err_exit(enum cs_err err); /* 0 for CS_OK */
/* The row of this name if it has this public reason too, else the first row with the
 * reason, CS_ERR_INTERNAL when there is none. */
enum cs_err cs_err_from_reason(const char *reason);

/* In a function with `enum cs_err err` and a label `out`. */
#define CS_TRY(expr)                                                                   \
    do {                                                                               \
        err = (expr);                                                                  \
        if (err != CS_OK) {                                                            \
            goto out;                                                                  \
        }                                                                              \
    } while (0)

/* The same where nothing needs cleaning up. */
#define CS_CHECK(expr)                                                                 \
    do {                                                                               \
        enum cs_err cs_check_err = (expr);                                             \
        if (cs_check_err != CS_OK) {                                                   \
            return cs_check_err;                                                       \
        }                                                                              \
    } while (0)

/* A broken invariant of ours, never bad input.  Stays on in release. */
#define CS_ASSERT(cond)                                                                \
    do {                                                                               \
        if (!(cond)) {                                                                 \
            cs_fatal(__FILE__, __LINE__, #cond);                                       \
        }                                                                              \
    } while (0)

typedef void cs_fatal_fn(const char *file, int line, const char *what);
/* Replaceable; aborts when NULL (the default) or when the hook returns. */
extern cs_fatal_fn *cs_fatal_hook;
_Noreturn void cs_fatal(const char *file, int line, const char *what);

#endif
