#include "evilpeer/table.h"

#include "mpc/dkls.h"

enum { P = 33, N = 3, T = 2 }; /* secp256k1, two of three */

#define IS(reaction, code)                                                             \
    {                                                                                  \
        reaction, CS_ERR_##code                                                        \
    }
#define IS_FINE                                                                        \
    {                                                                                  \
        FINE, CS_OK                                                                    \
    }
#define IS_DROPPED                                                                     \
    {                                                                                  \
        DROP, CS_OK                                                                    \
    }
#define IS_UNSEEN                                                                      \
    {                                                                                  \
        UNSEEN, CS_OK                                                                  \
    }
#define NONE                                                                           \
    {                                                                                  \
        MISSING, CS_OK                                                                 \
    }

/* clang-format off */

/* ---- signing ------------------------------------------------------------------------ */

#define SIG_SID     {"sid", PRIVATE, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE}

static const struct field open_fields[] = {
    {"nonce",      PRIVATE, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE},
    {"request id", PRIVATE, BYTES, 16, 1, IS_DROPPED, NONE}, /* parked: unknown */
    {"reqh",       PRIVATE, BYTES, 32, 1, IS(NOBODY, POLICY_REFUSED), NONE},
    {"kind",       PRIVATE, INT,   1,  1, NONE, NONE},
    {"attempt",    PRIVATE, INT,   4,  1, NONE, NONE},
    {"item",       PRIVATE, INT,   2,  1, NONE, NONE},
    {"n",          PRIVATE, INT,   1,  1, NONE, NONE},
    {"index lo",   PRIVATE, INT,   1,  1, NONE, NONE},
    {"index hi",   PRIVATE, INT,   1,  1, NONE, NONE},
    {"osids",      PRIVATE, BYTES, 32, 2, IS(NOBODY, SETUP_MISSING), NONE},
};

static const struct field r1_fields[] = {
    {"nonce", PRIVATE, BYTES, 32, 1, IS(BURN, OT_CHECK), NONE}, /* esid hashes it */
    {"com",   PRIVATE, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE}, /* of R2 */
    {"U",     PRIVATE, BYTES, CS_OT_ROW_LEN, CS_OT_ROWS, IS(BURN, OT_CHECK), NONE},
    {"x",     PRIVATE, BYTES, 16, 1, IS(BURN, OT_CHECK), NONE},
    {"t",     PRIVATE, BYTES, 16, CS_OT_ROWS, IS(BURN, OT_CHECK), NONE},
};

#define RVOLE_FIELDS(broken)                                                            \
    {"at",  PRIVATE, SCALAR, 32, CS_OT_USED * CS_RVOLE_W, broken, IS(BLAME, ZERO_OR_RANGE)}, \
    {"eta", PRIVATE, SCALAR, 32, 1, broken, IS(BLAME, ZERO_OR_RANGE)},                  \
    {"mu",  PRIVATE, BYTES,  32, 1, broken, NONE}

#define R2_FIELDS(psi)                                                                  \
    SIG_SID,                                                                            \
    RVOLE_FIELDS(IS(BURN, RVOLE_CHECK)),                                                \
    {"R",    PRIVATE, POINT,  33, 1, IS(BLAME, COMMIT_OPEN), IS(BLAME, COMMIT_OPEN)},   \
    {"salt", PRIVATE, BYTES,  32, 1, IS(BLAME, COMMIT_OPEN), NONE},                     \
    {"pk",   PRIVATE, POINT,  33, 1, IS(BURN, GAMMA_CHECK), IS(BLAME, BAD_POINT)},      \
    {"Gu",   PRIVATE, POINT,  33, 1, IS(BURN, GAMMA_CHECK), IS(BLAME, BAD_POINT)},      \
    {"Gv",   PRIVATE, POINT,  33, 1, IS(BURN, GAMMA_CHECK), IS(BLAME, BAD_POINT)},      \
    {"psi",  PRIVATE, SCALAR, 32, 1, psi, IS(BLAME, ZERO_OR_RANGE)}

/* A wrong psi spoils the sum.  The initiator finds that; a responder answers, and only
 * the initiator itself has the damage. */
static const struct field r2_of_responder[] = {R2_FIELDS(IS(BLAME, SIG_INVALID))};
static const struct field r2_of_initiator[] = {R2_FIELDS(IS_UNSEEN)};

static const struct field r3_fields[] = {
    SIG_SID,
    {"u", PRIVATE, SCALAR, 32, 1, IS(BLAME, SIG_INVALID), IS(BLAME, SIG_INVALID)},
    {"w", PRIVATE, SCALAR, 32, 1, IS(BLAME, SIG_INVALID), IS(BLAME, SIG_INVALID)},
};

static const struct field abort_fields[] = {
    {"sid",  PRIVATE, BYTES, 32, 1, IS_DROPPED, NONE},
    {"code", PRIVATE, INT,   2,  1, NONE, NONE},
};

/* ---- of a link --------------------------------------------------------------------------- */

/* Of one character there: the next byte is what no version has in it. */
static const struct field version_fields[] = {
    {"text", PRIVATE, INT, 1, 1, NONE, NONE},
};
static const struct field notice_fields[] = {
    {"index", PRIVATE, INT, 1, 1, NONE, NONE},
    {"code",  PRIVATE, INT, 2, 1, NONE, NONE},
};

/* ---- OT setup and extension ------------------------------------------------------------ */

/* Keys that do not fit are found by the extension's check: by Alice. */
static const struct field ot_r_fields[] = {
    {"r", PRIVATE, RIST, 32, 2 * CS_OT_ROWS, IS_UNSEEN, IS(BLAME, BAD_POINT)},
};
static const struct field ot_s_fields[] = {
    {"m", PRIVATE, RIST, 32, 2 * CS_OT_ROWS, IS(COUNT, SETUP_TEST), IS(BLAME, BAD_POINT)},
};
static const struct field ot_ext_fields[] = {
    {"nonce", PRIVATE, BYTES, 32, 1, IS(COUNT, SETUP_TEST), NONE},
    {"U",     PRIVATE, BYTES, CS_OT_ROW_LEN, CS_OT_ROWS, IS(COUNT, SETUP_TEST), NONE},
    {"x",     PRIVATE, BYTES, 16, 1, IS(COUNT, SETUP_TEST), NONE},
    {"t",     PRIVATE, BYTES, 16, CS_OT_ROWS, IS(COUNT, SETUP_TEST), NONE},
};
static const struct field ot_mul_fields[] = {
    SIG_SID,
    {"nonce", PRIVATE, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE},
    RVOLE_FIELDS(IS(COUNT, SETUP_TEST)),
    {"a", PRIVATE, SCALAR, 32, 2, IS(COUNT, SETUP_TEST), IS(BLAME, ZERO_OR_RANGE)},
    {"c", PRIVATE, SCALAR, 32, 2, IS(COUNT, SETUP_TEST), IS(BLAME, ZERO_OR_RANGE)},
};
static const struct field ot_open_fields[] = {
    SIG_SID,
    {"chi", PRIVATE, SCALAR, 32, 1, IS(COUNT, SETUP_TEST), IS(BLAME, ZERO_OR_RANGE)},
    {"d",   PRIVATE, SCALAR, 32, 2, IS(COUNT, SETUP_TEST), IS(BLAME, ZERO_OR_RANGE)},
};
static const struct field ot_done_fields[] = {SIG_SID};

/* ---- key generation -------------------------------------------------------------------- */

#define DKG_SID     {"sid", BROADCAST, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE}
#define DKG_TR      {"tr",  BROADCAST, BYTES, 32, 1, IS(NOBODY, EQUIVOCATION), NONE}

static const struct field dkg_open_fields[] = {
    {"nonce",      BROADCAST, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE},
    {"request id", BROADCAST, BYTES, 16, 1, IS_DROPPED, NONE}, /* parked: unknown */
    {"reqh",       BROADCAST, BYTES, 32, 1, IS(NOBODY, POLICY_REFUSED), NONE},
    {"kind",       BROADCAST, INT,   1,  1, NONE, NONE},
    {"attempt",    BROADCAST, INT,   4,  1, NONE, NONE},
    {"n",          BROADCAST, INT,   1,  1, NONE, NONE},
    {"index 1",    BROADCAST, INT,   1,  1, NONE, NONE},
    {"index 2",    BROADCAST, INT,   1,  1, NONE, NONE},
    {"index 3",    BROADCAST, INT,   1,  1, NONE, NONE},
};
static const struct field dkg_ready_fields[] = {
    {"reqh", PRIVATE, BYTES, 32, 1, IS(NOBODY, POLICY_REFUSED), NONE},
};
static const struct field dkg_com_fields[] = {
    {"nonce", BROADCAST, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE}, /* of round 2 */
    {"com",   BROADCAST, BYTES, 32, 1, IS(NOBODY, SID_MISMATCH), NONE},
};
static const struct field dkg_reveal_fields[] = {
    DKG_SID,
    DKG_TR,
    {"F",     BROADCAST, POINT,  P,  T, IS(BLAME, DKG_OPEN), IS(BLAME, DKG_POINT)},
    {"A",     BROADCAST, POINT,  P,  T, IS(BLAME, DKG_OPEN), IS(BLAME, DKG_POINT)},
    {"z",     BROADCAST, SCALAR, 32, T, IS(BLAME, DKG_POK), IS(BLAME, ZERO_OR_RANGE)},
    {"cc",    BROADCAST, BYTES,  32, 1, IS(BLAME, DKG_OPEN), NONE},
    {"hs",    BROADCAST, BYTES,  32, N, IS(BLAME, DKG_OPEN), NONE},
    {"blind", BROADCAST, BYTES,  32, 1, IS(BLAME, DKG_OPEN), NONE},
    {"s",     PRIVATE,   BYTES,  32, 1, IS(NOBODY, DKG_SHARE_OPEN), NONE}, /* a dispute */
    {"rnd",   PRIVATE,   BYTES,  32, 1, IS(NOBODY, DKG_SHARE_OPEN), NONE},
};
static const struct field dkg_cert_fields[] = {
    DKG_SID,
    DKG_TR,
    {"sigma", BROADCAST, BYTES, 64, 1, IS(BLAME, DKG_CERT_SIG), NONE},
};
static const struct field dkg_ack_fields[] = {
    /* The key is there already: a dispute about the sid ends in nothing. */
    {"sid",         BROADCAST, BYTES, 32, 1, {NOBODY, CS_OK}, NONE},
    {"certificate", BROADCAST, BYTES, 32, 1, IS(BLAME, DKG_ACK_SIG), NONE},
    {"signature",   BROADCAST, BYTES, 64, 1, IS(BLAME, DKG_ACK_SIG), NONE},
};

/* Of another C nothing is known: neither side blames who has seen another session. */
static const struct field cert_want_fields[] = {
    {"C", PRIVATE, BYTES, 32, 1, {NOBODY, CS_OK}, NONE},
};
#define CERT_FIELDS(n)                                                                  \
    {"C",    PRIVATE, BYTES, 32, 1, IS_FINE, NONE},                                     \
    {"mask", PRIVATE, INT,   1,  1, NONE, NONE},                                        \
    {"sigs", PRIVATE, BYTES, 64, n, IS_FINE, NONE}
static const struct field cert_have_fields[] = {CERT_FIELDS(N)};
static const struct field cert_aborted_fields[] = {CERT_FIELDS(1)};

/* ---- messages --------------------------------------------------------------------------- */

#define FIELDS(f) f, sizeof f / sizeof f[0]
enum { OPEN_LEN = 32 + 16 + 32 + 1 + 4 + 2 + 1 + 2 + 2 * 32 };

#define FORMAT IS(BLAME, BAD_FORMAT)
/* Header of a message of a session: an unknown sid waits for its opening, other things
 * in the header are nothing that this session could take. */
#define SIGN_HEAD   IS_DROPPED, IS_DROPPED, IS_DROPPED, IS_DROPPED
#define DKG_HEAD    IS_DROPPED, FORMAT, IS_DROPPED, IS_DROPPED
#define OT_HEAD     IS_DROPPED, FORMAT, FORMAT, FORMAT
/* The key id says which key: of another one nothing is known. */
#define CERT_HEAD   IS_FINE, IS_FINE, IS_FINE, IS_FINE
/* Of no session: nothing but the text counts. */
#define NO_SESSION  IS_FINE, IS_FINE, IS_FINE, IS_FINE

const struct message messages[] = {
    {"SES_OPEN", SIGN_BY_LIAR, CS_PROTO_ECDSA, CS_TYPE_OPEN, 0, OPEN_LEN, FIELDS(open_fields), FORMAT,
     IS(NOBODY, SID_MISMATCH), IS_DROPPED, IS(NOBODY, POLICY_REFUSED), IS(NOBODY, POLICY_REFUSED)},
    {"SIG_R1", SIGN_BY_LIAR, CS_PROTO_ECDSA, CS_TYPE_SIG_R1, 0, CS_SIG_R1_LEN, FIELDS(r1_fields), FORMAT, SIGN_HEAD},
    {"SIG_R1", SIGN_BY_HONEST, CS_PROTO_ECDSA, CS_TYPE_SIG_R1, 0, CS_SIG_R1_LEN, FIELDS(r1_fields), FORMAT, SIGN_HEAD},
    {"SIG_R2", SIGN_BY_LIAR, CS_PROTO_ECDSA, CS_TYPE_SIG_R2, 0, CS_SIG_R2_LEN, FIELDS(r2_of_initiator), FORMAT, SIGN_HEAD},
    {"SIG_R2", SIGN_BY_HONEST, CS_PROTO_ECDSA, CS_TYPE_SIG_R2, 0, CS_SIG_R2_LEN, FIELDS(r2_of_responder), FORMAT, SIGN_HEAD},
    {"SIG_R3", SIGN_BY_HONEST, CS_PROTO_ECDSA, CS_TYPE_SIG_R3, 0, CS_SIG_R3_LEN, FIELDS(r3_fields), FORMAT, SIGN_HEAD},
    {"ABORT", CALLED_OFF, CS_PROTO_CONTROL, CS_TYPE_ABORT, 0, 34, FIELDS(abort_fields), IS_DROPPED,
     IS_DROPPED, IS(NOBODY, ABORTED), IS(NOBODY, ABORTED), IS(NOBODY, ABORTED)},

    {"OT_R", SETUP, CS_PROTO_OT, CS_TYPE_OT_R, 0, CS_OT_R_LEN, FIELDS(ot_r_fields), FORMAT, OT_HEAD},
    {"OT_S", SETUP, CS_PROTO_OT, CS_TYPE_OT_S, 0, CS_OT_S_LEN, FIELDS(ot_s_fields), FORMAT, OT_HEAD},
    {"OT_EXT", SETUP, CS_PROTO_OT, CS_TYPE_OT_EXT, 0, CS_OT_EXT_LEN, FIELDS(ot_ext_fields), FORMAT, OT_HEAD},
    {"OT_MUL", SETUP, CS_PROTO_OT, CS_TYPE_OT_MUL, 0, CS_OT_MUL_LEN, FIELDS(ot_mul_fields), FORMAT, OT_HEAD},
    {"OT_OPEN", SETUP, CS_PROTO_OT, CS_TYPE_OT_OPEN, 0, CS_OT_OPEN_LEN, FIELDS(ot_open_fields), FORMAT, OT_HEAD},
    {"OT_DONE", SETUP, CS_PROTO_OT, CS_TYPE_OT_DONE, 0, CS_OT_DONE_LEN, FIELDS(ot_done_fields), FORMAT, OT_HEAD},

    {"VERSION", HEARSAY, CS_PROTO_CONTROL, CS_TYPE_VERSION, 0, 1, FIELDS(version_fields), FORMAT, NO_SESSION},
    {"NOTICE", HEARSAY, CS_PROTO_CONTROL, CS_TYPE_NOTICE, 0, 3, FIELDS(notice_fields), FORMAT, NO_SESSION},

    {"DKG_OPEN", KEYGEN_BY_LIAR, CS_PROTO_DKG, CS_TYPE_OPEN, 32 + 16 + 32 + 1 + 4 + 1 + N, 0, FIELDS(dkg_open_fields),
     FORMAT, IS(NOBODY, SID_MISMATCH), FORMAT, IS_FINE, IS_FINE},
    {"DKG_READY", KEYGEN, CS_PROTO_DKG, CS_TYPE_READY, 0, 32, FIELDS(dkg_ready_fields), FORMAT, DKG_HEAD},
    {"DKG_COM", KEYGEN, CS_PROTO_DKG, CS_TYPE_DKG_COM, 64, 0, FIELDS(dkg_com_fields), FORMAT, DKG_HEAD},
    {"DKG_REVEAL", KEYGEN, CS_PROTO_DKG, CS_TYPE_DKG_REVEAL, 64 + 2 * T * P + 32 * T + 32 + 32 * N + 32, 64,
     FIELDS(dkg_reveal_fields), IS(BLAME, DKG_COUNT), DKG_HEAD},
    {"DKG_CERT", KEYGEN, CS_PROTO_DKG, CS_TYPE_DKG_CERT, 64 + 64, 0, FIELDS(dkg_cert_fields), FORMAT, DKG_HEAD},
    {"DKG_ACK", KEYGEN, CS_PROTO_DKG, CS_TYPE_DKG_ACK, 32 + 32 + 64, 0, FIELDS(dkg_ack_fields), FORMAT, DKG_HEAD},

    {"CERT_WANT", WANT, CS_PROTO_DKG, CS_TYPE_CERT_WANT, 0, 32, FIELDS(cert_want_fields), FORMAT, CERT_HEAD},
    {"CERT_HAVE", HAVE, CS_PROTO_DKG, CS_TYPE_CERT_HAVE, 0, 32 + 1 + N * 64, FIELDS(cert_have_fields), FORMAT, CERT_HEAD},
    {"CERT_ABORTED", NEVER, CS_PROTO_DKG, CS_TYPE_CERT_ABORTED, 0, 32 + 1 + 64, FIELDS(cert_aborted_fields), FORMAT, CERT_HEAD},
};
const size_t n_messages = sizeof messages / sizeof messages[0];

/* ---- integers --------------------------------------------------------------------------- */

#define OPENS(field, value, outcome) {"SES_OPEN", field, SIGN_BY_LIAR, value, outcome}
#define DKG_OPENS(field, value, outcome) {"DKG_OPEN", field, KEYGEN_BY_LIAR, value, outcome}
#define VERSIONS(value, outcome) {"VERSION", "text", HEARSAY, value, outcome}
#define NOTICES(field, value, outcome) {"NOTICE", field, HEARSAY, value, outcome}
#define HAVES(value, outcome) {"CERT_HAVE", "mask", HAVE, value, outcome}
#define NEVERS(value, outcome) {"CERT_ABORTED", "mask", NEVER, value, outcome}
#define ABORTS(value, outcome) {"ABORT", "code", CALLED_OFF, value, outcome}
#define ARE(...) __VA_ARGS__

const struct int_row ints[] = {
    OPENS("kind", 0, ARE(FORMAT)),
    OPENS("kind", CS_REQUEST_KEYGEN, ARE(FORMAT)),
    OPENS("kind", CS_REQUEST_SIGN_RAW, ARE(IS(NOBODY, POLICY_REFUSED))),
    OPENS("kind", CS_REQUEST_CHECK, ARE(IS_DROPPED)), /* not that pair's check: parked */
    OPENS("kind", 255, ARE(IS(NOBODY, POLICY_REFUSED))), /* a later version's, perhaps */
    OPENS("attempt", 0, ARE(IS_DROPPED)),             /* late */
    OPENS("attempt", 2, ARE(IS_DROPPED)),             /* early: parked */
    OPENS("attempt", UINT32_MAX, ARE(IS_DROPPED)),
    OPENS("item", 1, ARE(IS(NOBODY, POLICY_REFUSED))),
    OPENS("item", 511, ARE(IS(NOBODY, POLICY_REFUSED))),
    OPENS("item", 512, ARE(FORMAT)),
    OPENS("item", 65535, ARE(FORMAT)),
    OPENS("n", 0, ARE(FORMAT)),
    OPENS("n", 1, ARE(FORMAT)),
    OPENS("n", 3, ARE(FORMAT)),
    OPENS("n", 255, ARE(FORMAT)),
    OPENS("index lo", 0, ARE(FORMAT)),
    OPENS("index lo", 2, ARE(FORMAT)), /* not rising */
    OPENS("index lo", 3, ARE(FORMAT)),
    OPENS("index lo", 255, ARE(FORMAT)),
    OPENS("index hi", 1, ARE(FORMAT)),
    OPENS("index hi", 3, ARE(IS(NOBODY, POLICY_REFUSED))),
    OPENS("index hi", 8, ARE(FORMAT)),

    ABORTS(0, ARE(IS_DROPPED)),
    ABORTS(11, ARE(IS(NOBODY, ABORTED))), /* what it says of anybody is not believed */
    ABORTS(20, ARE(IS(NOBODY, ABORTED))),
    ABORTS(21, ARE(IS(NOBODY, SETUP_MISSING))),
    ABORTS(1000, ARE(IS_DROPPED)),
    ABORTS(65535, ARE(IS_DROPPED)),

    VERSIONS(0, ARE(FORMAT)),
    VERSIONS('\n', ARE(FORMAT)),
    VERSIONS(0x1b, ARE(FORMAT)), /* begins a terminal's escape */
    VERSIONS(' ', ARE(FORMAT)),
    VERSIONS('!', ARE(IS_FINE)),
    VERSIONS('"', ARE(FORMAT)),
    VERSIONS('\\', ARE(FORMAT)),
    VERSIONS('~', ARE(IS_FINE)),
    VERSIONS(0x7f, ARE(FORMAT)),
    VERSIONS(0x9b, ARE(FORMAT)),
    VERSIONS(0xff, ARE(FORMAT)),

    NOTICES("index", 0, ARE(FORMAT)),
    NOTICES("index", 1, ARE(IS_FINE)), /* of the listener: it is shown what others think */
    NOTICES("index", 2, ARE(FORMAT)),  /* of the speaker */
    NOTICES("index", 4, ARE(FORMAT)),
    NOTICES("index", 255, ARE(FORMAT)),
    NOTICES("code", 0, ARE(IS_FINE)), /* released */
    NOTICES("code", 11, ARE(IS_FINE)),
    NOTICES("code", 1000, ARE(IS_FINE)), /* a later version's, perhaps */
    NOTICES("code", 65535, ARE(IS_FINE)),

    HAVES(0, ARE(FORMAT)),
    HAVES(3, ARE(FORMAT)),
    HAVES(0x0b, ARE(IS_FINE)), /* three, but of whom? */
    HAVES(255, ARE(FORMAT)),
    NEVERS(0, ARE(FORMAT)),
    NEVERS(1, ARE(IS_FINE)), /* in the name of others */
    NEVERS(4, ARE(IS_FINE)),
    NEVERS(8, ARE(IS_FINE)),
    NEVERS(255, ARE(FORMAT)),

    DKG_OPENS("kind", 0, ARE(FORMAT)),
    DKG_OPENS("kind", CS_REQUEST_SIGN_RAW, ARE(IS(NOBODY, POLICY_REFUSED))),
    DKG_OPENS("kind", 255, ARE(FORMAT)),
    DKG_OPENS("attempt", 0, ARE(IS(NOBODY, POLICY_REFUSED))),
    DKG_OPENS("attempt", 2, ARE(IS(NOBODY, POLICY_REFUSED))),
    DKG_OPENS("n", 0, ARE(FORMAT)),
    DKG_OPENS("n", 2, ARE(FORMAT)),
    DKG_OPENS("n", 4, ARE(FORMAT)),
    DKG_OPENS("n", 255, ARE(FORMAT)),
    DKG_OPENS("index 1", 0, ARE(FORMAT)),
    DKG_OPENS("index 1", 2, ARE(FORMAT)),
    DKG_OPENS("index 2", 1, ARE(FORMAT)),
    DKG_OPENS("index 2", 3, ARE(FORMAT)),
    DKG_OPENS("index 3", 2, ARE(FORMAT)),
    DKG_OPENS("index 3", 4, ARE(IS(NOBODY, POLICY_REFUSED))),
    DKG_OPENS("index 3", 255, ARE(FORMAT)),
};
const size_t n_ints = sizeof ints / sizeof ints[0];
