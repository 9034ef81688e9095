/* Amounts of the XRP Ledger: drops of XRP, issued currencies, multi-purpose tokens.
 * Source: xrpl.org "Serialization Format", Amount Fields; "Currency Formats". */
#include <string.h>

#include "chain/base58.h"
#include "chain/impl.h"
#include "chain/xrp.h"

static const uint64_t drops_max = 100000000000000000U; /* all XRP there is */
static const uint64_t mantissa_min = 1000000000000000U;
static const uint64_t mantissa_max = 9999999999999999U;

enum {
    NOT_XRP = 0x80, /* first byte */
    POSITIVE = 0x40,
    IS_MPT = 0x20,
    EXPONENT_BIAS = 97,
    XRP_DECIMALS = 6,
};

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Standard codes: three characters at 12..14, all other bytes zero. */
static bool is_standard(const uint8_t currency[20])
{
    return is_zero(currency, 12) && is_zero(currency + 15, 5);
}

static enum cs_err check_currency(const uint8_t currency[20], const char **why)
{
    if (is_zero(currency, 20)) {
        return bad(why, "XRP Ledger issued amount names no currency");
    }
    if (is_standard(currency) && memcmp(currency + 12, "XRP", 3) == 0) {
        return bad(why, "XRP Ledger issued amount calls its currency XRP");
    }
    return CS_OK;
}

/* Bits: not XRP, sign, 8 of exponent, 54 of mantissa; zero has one form only. */
static enum cs_err rd_iou(struct cs_rd *r, struct cs_xrp_amount *a, const char **why)
{
    uint64_t v = cs_rd_u64(r);

    a->kind = CS_XRP_IOU;
    a->currency = cs_rd_span(r, 20).p;
    a->issuer = cs_rd_span(r, CS_XRP_ACCOUNT_LEN).p;
    if (r->err != CS_OK) {
        return bad(why, "XRP Ledger transaction ends in the middle of an amount");
    }
    a->mantissa = v & 0x003fffffffffffffU;
    a->exponent = (int)(v >> 54 & 0xff) - EXPONENT_BIAS;
    a->is_negative = (v >> 62 & 1) == 0 && a->mantissa != 0;
    if (a->mantissa == 0) {
        a->exponent = 0;
        if (v != (uint64_t)NOT_XRP << 56) {
            return bad(why, "XRP Ledger issued amount writes zero in another form");
        }
    } else if (a->mantissa < mantissa_min || a->mantissa > mantissa_max ||
               a->exponent < -96 || a->exponent > 80) {
        return bad(why, "XRP Ledger issued amount is not in canonical form");
    }
    return check_currency(a->currency, why);
}

static enum cs_err rd_mpt(struct cs_rd *r, struct cs_xrp_amount *a, const char **why)
{
    uint8_t head = cs_rd_u8(r);

    a->kind = CS_XRP_MPT;
    a->mantissa = cs_rd_u64(r);
    a->issuer = cs_rd_span(r, 24).p;
    if (r->err != CS_OK) {
        return bad(why, "XRP Ledger transaction ends in the middle of an amount");
    }
    if (head != (POSITIVE | IS_MPT) || a->mantissa > INT64_MAX) {
        return bad(why, "XRP Ledger token amount is negative or out of range");
    }
    return CS_OK;
}

static enum cs_err rd_drops(struct cs_rd *r, struct cs_xrp_amount *a, const char **why)
{
    uint64_t v = cs_rd_u64(r);

    if (r->err != CS_OK) {
        return bad(why, "XRP Ledger transaction ends in the middle of an amount");
    }
    a->kind = CS_XRP_DROPS;
    a->is_negative = (v >> 62 & 1) == 0;
    a->mantissa = v & 0x3fffffffffffffffU;
    if (a->mantissa > drops_max) {
        return bad(why, "XRP Ledger amount is more XRP than there is");
    }
    return CS_OK;
}

enum cs_err cs_xrp_rd_amount(struct cs_rd *r, struct cs_xrp_amount *out,
                             const char **why)
{
    memset(out, 0, sizeof *out);
    if (r->left == 0) {
        return bad(why, "XRP Ledger transaction ends in the middle of an amount");
    }
    if ((r->p[0] & NOT_XRP) != 0) {
        return rd_iou(r, out, why);
    }
    return (r->p[0] & IS_MPT) != 0 ? rd_mpt(r, out, why) : rd_drops(r, out, why);
}

void cs_xrp_amount_value(char *out, size_t cap, const struct cs_xrp_amount *a)
{
    char text[CS_CHAIN_AMOUNT_MAX]; /* an IOU takes at most 98 characters */
    struct cs_text t = cs_text_begin(out, cap);
    int exponent = a->kind == CS_XRP_DROPS ? -XRP_DECIMALS : a->exponent;

    (void)cs_text_scaled(text, sizeof text, a->mantissa, exponent);
    cs_text_add(&t, a->is_negative ? "-" : "");
    cs_text_add(&t, text);
}

static bool is_printable(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] <= 0x20 || p[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

void cs_xrp_amount_asset(char *out, size_t cap, const struct cs_xrp_amount *a)
{
    struct cs_text t = cs_text_begin(out, cap);

    if (a->kind != CS_XRP_IOU) {
        cs_text_add(&t, a->kind == CS_XRP_MPT ? "MPT" : "XRP");
    } else if (is_standard(a->currency) && is_printable(a->currency + 12, 3)) {
        cs_text_add_span(&t, CS_SPAN(a->currency + 12, 3));
    } else {
        cs_text_add_hex(&t, CS_SPAN(a->currency, 20));
    }
}

void cs_xrp_amount_issuer(char *out, size_t cap, const struct cs_xrp_amount *a)
{
    struct cs_text t = cs_text_begin(out, cap);
    char address[CS_CHAIN_ADDRESS_MAX];

    if (a->kind == CS_XRP_IOU) {
        cs_xrp_address(address, a->issuer);
        cs_text_add(&t, address);
    } else if (a->kind == CS_XRP_MPT) {
        cs_text_add_hex(&t, CS_SPAN(a->issuer, 24));
    }
}

void cs_xrp_amount_add(struct cs_text *t, const struct cs_xrp_amount *a)
{
    char text[CS_CHAIN_ADDRESS_MAX];

    cs_xrp_amount_value(text, sizeof text, a);
    cs_text_add(t, text);
    cs_text_add(t, " ");
    cs_xrp_amount_asset(text, sizeof text, a);
    cs_text_add(t, text);
    if (a->kind != CS_XRP_DROPS) {
        cs_xrp_amount_issuer(text, sizeof text, a);
        cs_text_add(t, a->kind == CS_XRP_MPT ? " of issuance " : " issued by ");
        cs_text_add(t, text);
    }
}
