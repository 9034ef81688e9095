/* The XRP Ledger's binary format.  Internal to the chain layer.
 * Source: xrpl.org "Serialization Format" and the official definitions of fields and
 * transaction types (the tables in xrp_fields.c). */
#ifndef CS_CHAIN_XRP_H
#define CS_CHAIN_XRP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "chain/chain.h"
#include "chain/text.h"

enum { CS_XRP_ACCOUNT_LEN = 20, CS_XRP_PUB_LEN = 33 };

enum cs_xrp_type {
    CS_XRP_UINT16 = 1,
    CS_XRP_UINT32 = 2,
    CS_XRP_UINT64 = 3,
    CS_XRP_HASH128 = 4,
    CS_XRP_HASH256 = 5,
    CS_XRP_AMOUNT = 6,
    CS_XRP_BLOB = 7,
    CS_XRP_ACCOUNT = 8,
    CS_XRP_NUMBER = 9,
    CS_XRP_INT32 = 10,
    CS_XRP_OBJECT = 14,
    CS_XRP_ARRAY = 15,
    CS_XRP_UINT8 = 16,
    CS_XRP_HASH160 = 17,
    CS_XRP_PATHSET = 18,
    CS_XRP_VECTOR256 = 19,
    CS_XRP_HASH192 = 21,
    CS_XRP_ISSUE = 24,
    CS_XRP_BRIDGE = 25,
    CS_XRP_CURRENCY = 26,
};

/* A field's id as one number that sorts canonically: type code, then field code. */
#define CS_XRP_ID(type, nth) ((uint32_t)(type) << 8 | (uint32_t)(nth))

enum cs_xrp_field_id {
    CS_XRP_TRANSACTION_TYPE = CS_XRP_ID(CS_XRP_UINT16, 2),
    CS_XRP_NETWORK_ID = CS_XRP_ID(CS_XRP_UINT32, 1),
    CS_XRP_FLAGS = CS_XRP_ID(CS_XRP_UINT32, 2),
    CS_XRP_SOURCE_TAG = CS_XRP_ID(CS_XRP_UINT32, 3),
    CS_XRP_SEQUENCE = CS_XRP_ID(CS_XRP_UINT32, 4),
    CS_XRP_DESTINATION_TAG = CS_XRP_ID(CS_XRP_UINT32, 14),
    CS_XRP_LAST_LEDGER = CS_XRP_ID(CS_XRP_UINT32, 27),
    CS_XRP_TICKET = CS_XRP_ID(CS_XRP_UINT32, 41),
    CS_XRP_ACCOUNT_TXN_ID = CS_XRP_ID(CS_XRP_HASH256, 9),
    CS_XRP_INVOICE_ID = CS_XRP_ID(CS_XRP_HASH256, 17),
    CS_XRP_F_AMOUNT = CS_XRP_ID(CS_XRP_AMOUNT, 1),
    CS_XRP_LIMIT_AMOUNT = CS_XRP_ID(CS_XRP_AMOUNT, 3),
    CS_XRP_TAKER_PAYS = CS_XRP_ID(CS_XRP_AMOUNT, 4),
    CS_XRP_TAKER_GETS = CS_XRP_ID(CS_XRP_AMOUNT, 5),
    CS_XRP_FEE = CS_XRP_ID(CS_XRP_AMOUNT, 8),
    CS_XRP_SEND_MAX = CS_XRP_ID(CS_XRP_AMOUNT, 9),
    CS_XRP_DELIVER_MIN = CS_XRP_ID(CS_XRP_AMOUNT, 10),
    CS_XRP_FEE_DELTA = CS_XRP_ID(CS_XRP_AMOUNT, 34), /* the one that may be negative */
    CS_XRP_SIGNING_PUB_KEY = CS_XRP_ID(CS_XRP_BLOB, 3),
    CS_XRP_TXN_SIGNATURE = CS_XRP_ID(CS_XRP_BLOB, 4),
    CS_XRP_SIGNATURE = CS_XRP_ID(CS_XRP_BLOB, 6),
    CS_XRP_MEMO_DATA = CS_XRP_ID(CS_XRP_BLOB, 13),
    CS_XRP_MASTER_SIGNATURE = CS_XRP_ID(CS_XRP_BLOB, 18),
    CS_XRP_F_ACCOUNT = CS_XRP_ID(CS_XRP_ACCOUNT, 1),
    CS_XRP_DESTINATION = CS_XRP_ID(CS_XRP_ACCOUNT, 3),
    CS_XRP_DELEGATE = CS_XRP_ID(CS_XRP_ACCOUNT, 12),
    CS_XRP_OBJECT_END = CS_XRP_ID(CS_XRP_OBJECT, 1),
    CS_XRP_MEMO = CS_XRP_ID(CS_XRP_OBJECT, 10),
    CS_XRP_COUNTERPARTY_SIGNATURE = CS_XRP_ID(CS_XRP_OBJECT, 37),
    CS_XRP_SPONSOR_SIGNATURE = CS_XRP_ID(CS_XRP_OBJECT, 38),
    CS_XRP_ARRAY_END = CS_XRP_ID(CS_XRP_ARRAY, 1),
    CS_XRP_SIGNERS = CS_XRP_ID(CS_XRP_ARRAY, 3),
    CS_XRP_MEMOS = CS_XRP_ID(CS_XRP_ARRAY, 9),
    CS_XRP_BATCH_SIGNERS = CS_XRP_ID(CS_XRP_ARRAY, 31),
};

/* One field.  value: without header and length; of an object or array without its end
 * marker.  end: first byte after the field. */
struct cs_xrp_field {
    uint32_t id;
    struct cs_span value;
    const uint8_t *end;
};

/* Reads the next field of an object and checks it whole: known field, shortest header,
 * canonical order after *last (0 at the start), lengths, nested fields.  r must not be
 * at its end.  CHAIN_TX. */
enum cs_err cs_xrp_read(struct cs_rd *r, uint32_t *last, struct cs_xrp_field *out,
                        const char **why) CS_MUST_USE;
/* First field with this id in an object that cs_xrp_read has checked; false: none. */
bool cs_xrp_find(struct cs_span object, uint32_t id, struct cs_xrp_field *out);

/* Is it a field of the official definitions? */
bool cs_xrp_field_known(uint32_t id);
/* Is the field left out of what is signed? */
bool cs_xrp_field_unsigned(uint32_t id);
/* Name of a transaction type that people submit; NULL for others. */
const char *cs_xrp_type_name(unsigned transaction_type);

/* An amount of any of the three kinds.  Borrowed. */
struct cs_xrp_amount {
    enum { CS_XRP_DROPS, CS_XRP_IOU, CS_XRP_MPT } kind;
    bool is_negative;
    uint64_t mantissa;       /* drops, IOU mantissa, or MPT units */
    int exponent;            /* IOU */
    const uint8_t *currency; /* IOU: 20 bytes */
    const uint8_t *issuer;   /* IOU: account; MPT: 24-byte issuance id */
};

/* Takes one amount off r and checks that it is canonical.  CHAIN_TX. */
enum cs_err cs_xrp_rd_amount(struct cs_rd *r, struct cs_xrp_amount *out,
                             const char **why) CS_MUST_USE;
/* Decimal value in whole units (MPT: units); with a sign. */
void cs_xrp_amount_value(char *out, size_t cap, const struct cs_xrp_amount *a);
/* "XRP", "USD", 40 hex digits, or "MPT". */
void cs_xrp_amount_asset(char *out, size_t cap, const struct cs_xrp_amount *a);
/* Issuer's address, MPT issuance id in hex, or "". */
void cs_xrp_amount_issuer(char *out, size_t cap, const struct cs_xrp_amount *a);
/* "5 XRP", "5 USD issued by r..". */
void cs_xrp_amount_add(struct cs_text *t, const struct cs_xrp_amount *a);

/* Classic address of an account id. */
void cs_xrp_address(char out[CS_CHAIN_ADDRESS_MAX],
                    const uint8_t id[CS_XRP_ACCOUNT_LEN]);

/* Fills the summary of tx from a checked transaction. */
void cs_xrp_summary(struct cs_chain_tx *tx, struct cs_span object);

#endif
