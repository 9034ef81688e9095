/* XRP Ledger binary format: fields, lengths, nesting; see xrp.h.  The walk is recursive
 * with a small bound, reads each byte a constant number of times and keeps nothing. */
#include <string.h>

#include "chain/impl.h"
#include "chain/xrp.h"

enum {
    DEPTH_MAX = 10, /* the server's own limit of nested objects */
    HOP_ACCOUNT = 0x01,
    HOP_CURRENCY = 0x10,
    HOP_ISSUER = 0x20,
    PATH_NEXT = 0xff,
    PATH_END = 0x00,
};

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

static enum cs_err cut(const char **why)
{
    return bad(why, "XRP Ledger transaction ends in the middle of a field");
}

/* Header: type and field code, 4 bits each where they fit, else a byte each. */
static enum cs_err read_id(struct cs_rd *r, uint32_t *out, const char **why)
{
    uint8_t b = cs_rd_u8(r);
    uint8_t type = b >> 4;
    uint8_t nth = b & 15;
    bool is_long = false; /* a byte was spent on a code below 16 */

    if (type == 0) {
        type = cs_rd_u8(r);
        is_long = type < 16;
    }
    if (nth == 0) {
        nth = cs_rd_u8(r);
        is_long = is_long || nth < 16;
    }
    if (r->err != CS_OK) {
        return cut(why);
    }
    if (is_long) {
        return bad(why, "XRP Ledger field header is not in its shortest form");
    }
    *out = CS_XRP_ID(type, nth);
    return CS_OK;
}

/* Length prefix: 0..192 in one byte, up to 12480 in two, up to 918744 in three. */
static enum cs_err read_length(struct cs_rd *r, size_t *out, const char **why)
{
    size_t b = cs_rd_u8(r);

    if (b > 254) {
        return bad(why, "XRP Ledger field has a malformed length");
    }
    if (b > 240) {
        b = 12481 + (b - 241) * 65536;
        b += (size_t)cs_rd_u8(r) << 8;
        b += cs_rd_u8(r);
    } else if (b > 192) {
        b = 193 + (b - 193) * 256;
        b += cs_rd_u8(r);
    }
    if (r->err != CS_OK || b > r->left) {
        return cut(why);
    }
    *out = b;
    return CS_OK;
}

static size_t fixed_size(uint32_t type)
{
    switch (type) {
    case CS_XRP_UINT8:
        return 1;
    case CS_XRP_UINT16:
        return 2;
    case CS_XRP_UINT32:
    case CS_XRP_INT32:
        return 4;
    case CS_XRP_UINT64:
        return 8;
    case CS_XRP_NUMBER:
        return 12;
    case CS_XRP_HASH128:
        return 16;
    case CS_XRP_HASH160:
    case CS_XRP_CURRENCY:
        return 20;
    case CS_XRP_HASH192:
        return 24;
    case CS_XRP_HASH256:
        return 32;
    default: /* a number from the payload, not one of our enums */
        return 0;
    }
}

/* Paths of hops; each hop says which of account, currency and issuer follow. */
static enum cs_err read_paths(struct cs_rd *r, const char **why)
{
    bool is_empty_path = true;

    for (;;) {
        uint8_t hop = cs_rd_u8(r);
        size_t n = 0;

        if (r->err != CS_OK) {
            return cut(why);
        }
        if (hop == PATH_END || hop == PATH_NEXT) {
            if (is_empty_path) {
                return bad(why, "XRP Ledger payment path is empty");
            }
            if (hop == PATH_END) {
                return CS_OK;
            }
            is_empty_path = true;
            continue;
        }
        if ((hop & ~(HOP_ACCOUNT | HOP_CURRENCY | HOP_ISSUER)) != 0) {
            return bad(why, "XRP Ledger payment path has a step of unknown kind");
        }
        n += (hop & HOP_ACCOUNT) != 0 ? 20U : 0U;
        n += (hop & HOP_CURRENCY) != 0 ? 20U : 0U;
        n += (hop & HOP_ISSUER) != 0 ? 20U : 0U;
        (void)cs_rd_span(r, n);
        is_empty_path = false;
    }
}

/* XRP: 20 zero bytes.  Issued: currency and issuer.  MPT: issuer, the account 1, and
 * a sequence number. */
static enum cs_err read_issue(struct cs_rd *r, const char **why)
{
    static const uint8_t zero[20];
    static const uint8_t one[20] = {[19] = 1};
    struct cs_span first = cs_rd_span(r, 20);

    if (r->err == CS_OK && memcmp(first.p, zero, sizeof zero) != 0) {
        struct cs_span second = cs_rd_span(r, 20);

        if (r->err == CS_OK && memcmp(second.p, one, sizeof one) == 0) {
            (void)cs_rd_span(r, 4);
        }
    }
    return r->err == CS_OK ? CS_OK : cut(why);
}

static enum cs_err read_account(struct cs_rd *r, const char **why)
{
    size_t n = 0;

    CS_CHECK(read_length(r, &n, why));
    if (n != CS_XRP_ACCOUNT_LEN) {
        return bad(why, "XRP Ledger account is not 20 bytes long");
    }
    (void)cs_rd_span(r, n);
    return CS_OK;
}

static enum cs_err read_bridge(struct cs_rd *r, const char **why)
{
    for (int i = 0; i < 2; i++) { /* the locking and the issuing chain */
        CS_CHECK(read_account(r, why));
        CS_CHECK(read_issue(r, why));
    }
    return CS_OK;
}

static enum cs_err read_field(struct cs_rd *r, uint32_t *last, struct cs_xrp_field *out,
                              unsigned depth, const char **why);

/* The fields of an object or array up to its end marker.  Arrays hold objects, in any
 * order; objects hold fields, in canonical order. */
static enum cs_err read_nested(struct cs_rd *r, bool is_array, unsigned depth,
                               struct cs_span *inside, const char **why)
{
    const uint8_t marker = is_array ? 0xf1 : 0xe1;
    const uint8_t *start = r->p;
    uint32_t last = 0;
    struct cs_xrp_field f = {0};

    if (depth >= DEPTH_MAX) {
        return bad(why, "XRP Ledger objects are nested too deeply");
    }
    while (r->left > 0 && r->p[0] != marker) {
        if (is_array) {
            last = 0;
        }
        CS_CHECK(read_field(r, &last, &f, depth + 1, why));
        if (is_array && f.id >> 8 != CS_XRP_OBJECT) {
            return bad(why, "XRP Ledger array holds something that is not an object");
        }
    }
    *inside = CS_SPAN(start, (size_t)(r->p - start));
    (void)cs_rd_u8(r); /* the marker */
    return r->err == CS_OK ? CS_OK : cut(why);
}

/* Blob, account and list of hashes: a length stands before the value. */
static enum cs_err read_with_length(struct cs_rd *r, uint32_t type, struct cs_span *out,
                                    const char **why)
{
    size_t n = 0;

    CS_CHECK(read_length(r, &n, why));
    if (type == CS_XRP_ACCOUNT && n != CS_XRP_ACCOUNT_LEN) {
        return bad(why, "XRP Ledger account is not 20 bytes long");
    }
    if (type == CS_XRP_VECTOR256 && n % 32 != 0) {
        return bad(why, "XRP Ledger list of hashes is not a multiple of 32 bytes");
    }
    *out = cs_rd_span(r, n);
    return CS_OK;
}

static enum cs_err read_amount(struct cs_rd *r, uint32_t id, const char **why)
{
    struct cs_xrp_amount a;

    CS_CHECK(cs_xrp_rd_amount(r, &a, why));
    if (a.kind == CS_XRP_DROPS && a.is_negative && id != CS_XRP_FEE_DELTA) {
        return bad(why, "XRP Ledger amount of XRP is negative");
    }
    return CS_OK;
}

static enum cs_err read_value(struct cs_rd *r, struct cs_xrp_field *f, unsigned depth,
                              const char **why)
{
    uint32_t type = f->id >> 8;
    const uint8_t *start = r->p;
    enum cs_err err = CS_OK;

    if (type == CS_XRP_OBJECT || type == CS_XRP_ARRAY) {
        return read_nested(r, type == CS_XRP_ARRAY, depth, &f->value, why);
    }
    if (type == CS_XRP_BLOB || type == CS_XRP_ACCOUNT || type == CS_XRP_VECTOR256) {
        return read_with_length(r, type, &f->value, why);
    }
    if (type == CS_XRP_AMOUNT) {
        err = read_amount(r, f->id, why);
    } else if (type == CS_XRP_PATHSET) {
        err = read_paths(r, why);
    } else if (type == CS_XRP_ISSUE) {
        err = read_issue(r, why);
    } else if (type == CS_XRP_BRIDGE) {
        err = read_bridge(r, why);
    } else {
        CS_ASSERT(fixed_size(type) != 0); /* every known field has a type from here */
        (void)cs_rd_span(r, fixed_size(type));
        err = r->err == CS_OK ? CS_OK : cut(why);
    }
    f->value = CS_SPAN(start, (size_t)(r->p - start));
    return err;
}

static enum cs_err read_field(struct cs_rd *r, uint32_t *last, struct cs_xrp_field *out,
                              unsigned depth, const char **why)
{
    struct cs_xrp_field f = {0};

    CS_CHECK(read_id(r, &f.id, why));
    if (!cs_xrp_field_known(f.id)) {
        return bad(why, "XRP Ledger transaction holds a field that is not defined");
    }
    if (f.id == *last) {
        return bad(why, "XRP Ledger transaction holds a field twice");
    }
    if (f.id < *last) {
        return bad(why, "XRP Ledger fields are not in canonical order");
    }
    CS_CHECK(read_value(r, &f, depth, why));
    f.end = r->p;
    *last = f.id;
    *out = f;
    return CS_OK;
}

enum cs_err cs_xrp_read(struct cs_rd *r, uint32_t *last, struct cs_xrp_field *out,
                        const char **why)
{
    return read_field(r, last, out, 0, why);
}

bool cs_xrp_find(struct cs_span object, uint32_t id, struct cs_xrp_field *out)
{
    struct cs_rd r = CS_RD(object);
    uint32_t last = 0;

    /* in canonical order: behind a greater id it cannot stand any more */
    while (r.left > 0 && last < id && read_field(&r, &last, out, 0, NULL) == CS_OK) {
        if (out->id == id) {
            return true;
        }
    }
    return false;
}
