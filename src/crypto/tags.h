/* Every hash tag of the protocol, once (PROTOCOLS 1.4).  A tag serves one purpose.
 * That no two rows carry the same text is checked by test_crypto_hash and, once more,
 * at every start (selftest.c). */
#ifndef CS_CRYPTO_TAGS_H
#define CS_CRYPTO_TAGS_H

#define CS_PROTOCOL_PREFIX "cloudsign/1"

/* clang-format off */
#define CS_TAG_MAP(X)                    \
    X(IDENTITY,     "identity")          \
    X(DS,           "ds")                \
    X(HS_CONFIRM,   "hs/confirm")        \
    X(HS_LIFE,      "hs/life")           \
    X(BC,           "bc")                \
    X(BC_PAYLOAD,   "bc/payload")        \
    X(REQ,          "req")               \
    X(REQ_ITEM,     "req/item")          \
    X(PRESID,       "presid")            \
    X(SID,          "sid")               \
    X(SUB,          "sub")               \
    X(TR,           "tr")                \
    X(DKG_SHARE,    "dkg/share")         \
    X(DKG_COM,      "dkg/com")           \
    X(DKG_POK,      "dkg/pok")           \
    X(DKG_CC,       "dkg/cc")            \
    X(DKG_CERT,     "dkg/cert")          \
    X(DKG_ABORTED,  "dkg/aborted")       \
    X(CERT,         "cert")              \
    X(ACK,          "dkg/ack")           \
    X(CHECK,        "check")             \
    X(FR_ONLINE,    "fr/on")             \
    X(HEDGE_COEF,   "hedge/dkg-coef")    \
    X(HEDGE_POK,    "hedge/dkg-pok")     \
    X(HEDGE_FROST,  "hedge/frost")       \
    X(OT_SETUP,     "ot/setup")          \
    X(OT_H,         "ot/h")              \
    X(OT_KEY,       "ot/key")            \
    X(OT_EXT,       "ot/ext")            \
    X(OT_PRG,       "ot/prg")            \
    X(OT_CHI,       "ot/chi")            \
    X(OT_RO,        "ot/ro")             \
    X(OT_M1,        "ot/m1")             \
    X(OT_COL,       "ot/col")            \
    X(OT_COL2,      "ot/col2")           \
    X(GADGET,       "gadget")            \
    X(RVOLE_AT,     "rvole/at")          \
    X(RVOLE_THETA,  "rvole/theta")       \
    X(RVOLE_MU,     "rvole/mu")          \
    X(SIG_COM,      "sig/com")           \
    X(SIG_M1,       "sig/m1")            \
    X(ZERO,         "zero")              \
    X(HEDGE_OT_DELTA, "hedge/ot-delta")  \
    X(HEDGE_OT_T,   "hedge/ot-t")        \
    X(HEDGE_OT_RHO, "hedge/ot-rho")      \
    X(HEDGE_OT_TAU, "hedge/ot-tau")      \
    X(HEDGE_OT_B,   "hedge/ot-b")        \
    X(HEDGE_A_HAT,  "hedge/rvole-a-hat") \
    X(HEDGE_SELFTEST, "hedge/ot-selftest") \
    X(HEDGE_SIG_R,  "hedge/sig-r")       \
    X(HEDGE_SIG_PHI, "hedge/sig-phi")    \
    X(QUORUM_JOIN,  "quorum/join")       \
    X(QUORUM_COMMIT,"quorum/commit")     \
    X(QUORUM_CODE,  "quorum/code")       \
    X(AUTH,         "auth")              \
    X(PAIR,         "pair")              \
    X(JOURNAL,      "journal")           \
    X(JOURNAL_HEAD, "journal/head")      \
    X(RECEIPT,      "receipt")           \
    X(AUDIT_HEAD,   "audit-head")        \
    X(POLICY,       "policy")            \
    X(QUARANTINE,   "quarantine")        \
    X(KIT,          "kit")               \
    X(KIT_X25519,   "kit/x25519")        \
    X(TEST,         "test")
/* clang-format on */

enum cs_tag {
#define CS_TAG_ENUM(name, text) CS_TAG_##name,
    CS_TAG_MAP(CS_TAG_ENUM)
#undef CS_TAG_ENUM
        CS_TAG_COUNT
};

const char *cs_tag_text(enum cs_tag tag);

#endif
