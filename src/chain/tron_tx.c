/* TRON's raw_data: parsing; see tron.h. */
#include "chain/tron.h"

#include <string.h>

#include "chain/impl.h"
#include "chain/pb.h"

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

/* Instructions whose first field is the owner's address.  Others are refused: nobody
 * could say whose they are. */
static const struct known {
    unsigned type;
    const char *name;
} known[] = {
    {1, "TransferContract"},
    {2, "TransferAssetContract"},
    {4, "VoteWitnessContract"},
    {11, "FreezeBalanceContract"},
    {12, "UnfreezeBalanceContract"},
    {13, "WithdrawBalanceContract"},
    {30, "CreateSmartContract"},
    {31, "TriggerSmartContract"},
    {46, "AccountPermissionUpdateContract"},
    {54, "FreezeBalanceV2Contract"},
    {55, "UnfreezeBalanceV2Contract"},
    {56, "WithdrawExpireUnfreezeContract"},
    {57, "DelegateResourceContract"},
    {58, "UnDelegateResourceContract"},
    {59, "CancelAllUnfreezeV2Contract"},
};

static const char *name_of(uint64_t type)
{
    for (size_t i = 0; i < CS_COUNTOF(known); i++) {
        if (known[i].type == type) {
            return known[i].name;
        }
    }
    return NULL;
}

static bool is_address(struct cs_span s)
{
    return s.n == CS_TRON_ADDRESS_LEN && s.p[0] == CS_TRON_PREFIX;
}

static bool is_amount(uint64_t v)
{
    return v <= INT64_MAX;
}

/* ---- instructions ------------------------------------------------------------- */

static enum cs_err check_owner(struct cs_tron_tx *t, struct cs_span owner,
                               const char **why)
{
    if (!is_address(owner)) {
        return bad(why, "TRON contract's owner is not an address");
    }
    t->owner = owner.p;
    return CS_OK;
}

static enum cs_err check_transfer(struct cs_tron_tx *t, const char **why)
{
    if (!is_address(t->to)) {
        return bad(why, "TRON transfer's recipient is not an address");
    }
    if (!is_amount(t->amount) || t->amount == 0) {
        return bad(why, "TRON transfer's amount is not positive");
    }
    return CS_OK;
}

static enum cs_err read_transfer(struct cs_tron_tx *t, struct cs_span v,
                                 const char **why)
{
    static const struct cs_pb_want wants[] = {
        {1, CS_PB_BYTES, false}, {2, CS_PB_BYTES, false}, {3, CS_PB_VARINT, false}};
    struct cs_pb_got g[CS_COUNTOF(wants)];

    if (!cs_pb_read(v, wants, CS_COUNTOF(wants), g)) {
        return bad(why, "TRON transfer is malformed");
    }
    t->to = g[1].bytes;
    t->amount = g[2].varint;
    CS_CHECK(check_owner(t, g[0].bytes, why));
    return check_transfer(t, why);
}

static enum cs_err read_asset(struct cs_tron_tx *t, struct cs_span v, const char **why)
{
    static const struct cs_pb_want wants[] = {{1, CS_PB_BYTES, false},
                                              {2, CS_PB_BYTES, false},
                                              {3, CS_PB_BYTES, false},
                                              {4, CS_PB_VARINT, false}};
    struct cs_pb_got g[CS_COUNTOF(wants)];

    if (!cs_pb_read(v, wants, CS_COUNTOF(wants), g) || g[0].bytes.n == 0 ||
        g[0].bytes.n > 32) {
        return bad(why, "TRON asset transfer is malformed");
    }
    t->asset = g[0].bytes;
    t->to = g[2].bytes;
    t->amount = g[3].varint;
    CS_CHECK(check_owner(t, g[1].bytes, why));
    return check_transfer(t, why);
}

/* owner, contract, call value, data, token value, token id */
static enum cs_err read_trigger(struct cs_tron_tx *t, struct cs_span v,
                                const char **why)
{
    static const struct cs_pb_want wants[] = {
        {1, CS_PB_BYTES, false}, {2, CS_PB_BYTES, false},  {3, CS_PB_VARINT, false},
        {4, CS_PB_BYTES, false}, {5, CS_PB_VARINT, false}, {6, CS_PB_VARINT, false}};
    struct cs_pb_got g[CS_COUNTOF(wants)];

    if (!cs_pb_read(v, wants, CS_COUNTOF(wants), g)) {
        return bad(why, "TRON contract call is malformed");
    }
    t->to = g[1].bytes;
    t->amount = g[2].varint;
    t->data = g[3].bytes;
    t->token_amount = g[4].varint;
    if (!is_address(t->to)) {
        return bad(why, "TRON contract call names no contract");
    }
    if (!is_amount(t->amount) || !is_amount(t->token_amount)) {
        return bad(why, "TRON contract call sends a negative amount");
    }
    return check_owner(t, g[0].bytes, why);
}

static enum cs_err read_other(struct cs_tron_tx *t, struct cs_span v, const char **why)
{
    struct cs_rd r = CS_RD(v);
    struct cs_pb_field f;

    if (!cs_pb_ok(v) || !cs_pb_next(&r, &f) || f.number != 1 || f.wire != CS_PB_BYTES) {
        return bad(why, "TRON contract is malformed, or names no owner");
    }
    while (r.left > 0) { /* a second owner would win in other software */
        struct cs_pb_field again;

        if (!cs_pb_next(&r, &again) || again.number == 1) {
            return bad(why, "TRON contract names its owner twice");
        }
    }
    return check_owner(t, f.bytes, why);
}

/* "type.googleapis.com/protocol." and the name that fits the type */
static bool is_url(struct cs_span url, const char *name)
{
    static const char head[] = "type.googleapis.com/protocol.";
    size_t n = sizeof head - 1;

    return url.n == n + strlen(name) && memcmp(url.p, head, n) == 0 &&
           memcmp(url.p + n, name, strlen(name)) == 0;
}

/* type, parameter (any: url, value), permission */
static enum cs_err read_contract(struct cs_tron_tx *t, struct cs_span in,
                                 const char **why)
{
    static const struct cs_pb_want outer[] = {
        {1, CS_PB_VARINT, false}, {2, CS_PB_BYTES, false}, {5, CS_PB_VARINT, false}};
    static const struct cs_pb_want any[] = {{1, CS_PB_BYTES, false},
                                            {2, CS_PB_BYTES, false}};
    struct cs_pb_got o[CS_COUNTOF(outer)], a[CS_COUNTOF(any)];

    if (!cs_pb_read(in, outer, CS_COUNTOF(outer), o) ||
        !cs_pb_read(o[1].bytes, any, CS_COUNTOF(any), a)) {
        return bad(why, "TRON contract is malformed");
    }
    if (o[2].varint != 0) {
        return bad(why, "TRON transaction uses another permission than the owner's: "
                        "not supported");
    }
    t->name = name_of(o[0].varint);
    if (t->name == NULL) {
        return bad(why, "TRON contract type is not supported");
    }
    t->type = (unsigned)o[0].varint;
    if (!is_url(a[0].bytes, t->name)) {
        return bad(why, "TRON contract's type and its name differ");
    }
    switch (t->type) {
    case CS_TRON_TRANSFER:
        return read_transfer(t, a[1].bytes, why);
    case CS_TRON_TRANSFER_ASSET:
        return read_asset(t, a[1].bytes, why);
    case CS_TRON_TRIGGER:
        return read_trigger(t, a[1].bytes, why);
    default:
        return read_other(t, a[1].bytes, why);
    }
}

/* ---- raw_data ------------------------------------------------------------------- */

enum raw {
    BLOCK_BYTES,
    BLOCK_NUM,
    BLOCK_HASH,
    EXPIRATION,
    DATA,
    CONTRACT,
    TIMESTAMP,
    FEE_LIMIT,
    RAW_FIELDS
};

static const struct cs_pb_want raw_wants[RAW_FIELDS] = {
    [BLOCK_BYTES] = {1, CS_PB_BYTES, false},
    [BLOCK_NUM] = {3, CS_PB_VARINT, false},
    [BLOCK_HASH] = {4, CS_PB_BYTES, false},
    [EXPIRATION] = {8, CS_PB_VARINT, false},
    [DATA] = {10, CS_PB_BYTES, false},
    [CONTRACT] = {11, CS_PB_BYTES, false}, /* repeated, but one is all that is valid */
    [TIMESTAMP] = {14, CS_PB_VARINT, false},
    [FEE_LIMIT] = {18, CS_PB_VARINT, false},
};

enum cs_err cs_tron_parse(struct cs_tron_tx *out, struct cs_span payload,
                          const char **why)
{
    struct cs_pb_got g[RAW_FIELDS];

    memset(out, 0, sizeof *out);
    if (!cs_pb_read(payload, raw_wants, RAW_FIELDS, g)) {
        return bad(why, "not a TRON raw_data: malformed, out of order, or with a field "
                        "that is not understood");
    }
    if (g[CONTRACT].count == 0) {
        return bad(why, "TRON transaction has no contract");
    }
    if (g[BLOCK_BYTES].bytes.n != 2 || g[BLOCK_HASH].bytes.n != 8) {
        return bad(why, "TRON transaction does not refer to a block");
    }
    if (g[EXPIRATION].varint == 0 || !is_amount(g[EXPIRATION].varint)) {
        return bad(why, "TRON transaction has no expiration");
    }
    if (!is_amount(g[FEE_LIMIT].varint) || !is_amount(g[TIMESTAMP].varint)) {
        return bad(why, "TRON transaction's fee limit or time is negative");
    }
    if (g[TIMESTAMP].varint == 0) {
        return bad(why, "TRON transaction has no timestamp");
    }
    out->block = g[BLOCK_BYTES].bytes;
    out->expiration = g[EXPIRATION].varint;
    out->memo = g[DATA].bytes;
    out->fee_limit = g[FEE_LIMIT].varint;
    CS_CHECK(read_contract(out, g[CONTRACT].bytes, why));
    if (out->type == CS_TRON_TRIGGER && out->fee_limit == 0) {
        return bad(why, "TRON contract call has no fee limit");
    }
    return CS_OK;
}

/* raw_data, or a transaction with raw_data in field 1, signed or not. */
bool cs_tron_looks(struct cs_span bytes)
{
    struct cs_pb_got g[RAW_FIELDS];
    struct cs_rd r = CS_RD(bytes);
    struct cs_pb_field f;

    if (bytes.n > 0 && cs_pb_ok(bytes) && cs_pb_next(&r, &f) && f.number == 1 &&
        f.wire == CS_PB_BYTES && f.bytes.n > 2) {
        bytes = f.bytes;
    }
    return cs_pb_read(bytes, raw_wants, RAW_FIELDS, g) && g[CONTRACT].count > 0;
}
