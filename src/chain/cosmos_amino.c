/* Amino JSON sign documents; see cosmos.h.  The document is read, written again in its
 * one canonical form, and compared: so key order, spaces, escapes, unknown and missing
 * fields need no checks of their own. */
#include "chain/cosmos.h"

#include <string.h>

#include "chain/impl.h"
#include "chain/json.h"
#include "chain/pb.h"

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

bool cs_cosmos_is_amino(struct cs_span payload)
{
    return payload.n > 0 && payload.p[0] == '{';
}

/* ---- canonical JSON ------------------------------------------------------------ */

/* A field's text; "" stands for everything else, and the comparison finds it. */
static const char *text_of(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));

    return text == NULL ? "" : text;
}

/* Go escapes these for HTML's sake; U+2028 and U+2029 are e2 80 a8 and a9. */
static bool put_escaped(struct cs_wr *w, const char *p, size_t *taken)
{
    *taken = 1;
    if (*p == '<' || *p == '>' || *p == '&') {
        cs_wr_printf(w, "\\u%04x", (unsigned)(unsigned char)*p);
        return true;
    }
    if (strncmp(p, "\xe2\x80\xa8", 3) == 0 || strncmp(p, "\xe2\x80\xa9", 3) == 0) {
        cs_wr_printf(w, "\\u202%c", p[2] == '\xa8' ? '8' : '9');
        *taken = 3;
        return true;
    }
    return false;
}

static void put_char(struct cs_wr *w, const char *p, size_t *taken)
{
    if (put_escaped(w, p, taken)) {
        return;
    }
    switch (*p) {
    case '"':
    case '\\':
        cs_wr_printf(w, "\\%c", *p);
        return;
    case '\n':
        cs_wr_str(w, "\\n");
        return;
    case '\r':
        cs_wr_str(w, "\\r");
        return;
    case '\t':
        cs_wr_str(w, "\\t");
        return;
    default:
        cs_wr_u8(w, (uint8_t)*p);
    }
}

/* "name":"text" */
static void put_field(struct cs_wr *w, const char *name, const char *text)
{
    size_t taken;

    cs_wr_printf(w, "\"%s\":\"", name);
    for (const char *p = text; *p != '\0'; p += taken) {
        put_char(w, p, &taken);
    }
    cs_wr_str(w, "\"");
}

static void put_coins(struct cs_wr *w, const json_t *coins)
{
    cs_wr_str(w, "\"amount\":[");
    for (size_t i = 0; i < json_array_size(coins); i++) {
        const json_t *coin = json_array_get(coins, i);

        cs_wr_str(w, i == 0 ? "{" : ",{");
        put_field(w, "amount", text_of(coin, "amount"));
        cs_wr_str(w, ",");
        put_field(w, "denom", text_of(coin, "denom"));
        cs_wr_str(w, "}");
    }
    cs_wr_str(w, "]");
}

static void put_message(struct cs_wr *w, const json_t *message)
{
    const json_t *value = json_object_get(message, "value");

    cs_wr_str(w, "{\"type\":\"cosmos-sdk/MsgSend\",\"value\":{");
    put_coins(w, json_object_get(value, "amount"));
    cs_wr_str(w, ",");
    put_field(w, "from_address", text_of(value, "from_address"));
    cs_wr_str(w, ",");
    put_field(w, "to_address", text_of(value, "to_address"));
    cs_wr_str(w, "}}");
}

static void put_document(struct cs_wr *w, const json_t *d)
{
    const json_t *fee = json_object_get(d, "fee"), *msgs = json_object_get(d, "msgs");

    cs_wr_str(w, "{");
    put_field(w, "account_number", text_of(d, "account_number"));
    cs_wr_str(w, ",");
    put_field(w, "chain_id", text_of(d, "chain_id"));
    cs_wr_str(w, ",\"fee\":{");
    put_coins(w, json_object_get(fee, "amount"));
    cs_wr_str(w, ",");
    put_field(w, "gas", text_of(fee, "gas"));
    cs_wr_str(w, "},");
    put_field(w, "memo", text_of(d, "memo"));
    cs_wr_str(w, ",\"msgs\":[");
    for (size_t i = 0; i < json_array_size(msgs); i++) {
        cs_wr_str(w, i == 0 ? "" : ",");
        put_message(w, json_array_get(msgs, i));
    }
    cs_wr_str(w, "],");
    put_field(w, "sequence", text_of(d, "sequence"));
    if (json_object_get(d, "timeout_height") != NULL) {
        cs_wr_str(w, ",");
        put_field(w, "timeout_height", text_of(d, "timeout_height"));
    }
    cs_wr_str(w, "}");
}

/* Only what has one escape: Go writes the other control characters in two ways. */
static bool has_control(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static enum cs_err check_canonical(const json_t *d, struct cs_span json,
                                   const char **why)
{
    struct cs_wr w = {.max = 8 * CS_CHAIN_PAYLOAD_MAX};
    enum cs_err err;

    put_document(&w, d);
    err = w.err;
    if (err == CS_OK && (w.n != json.n || memcmp(w.p, json.p, w.n) != 0 ||
                         has_control(cs_wr_get(&w)))) {
        err = bad(why, "Cosmos amino JSON is not in its canonical form, or holds "
                       "something else than bank sends (cosmos-sdk/MsgSend)");
    }
    cs_wr_free(&w);
    return err;
}

/* ---- the same as protocol buffers ---------------------------------------------- */

/* A 64-bit number without leading zeros. */
static bool read_u64(uint64_t *out, const char *text)
{
    uint64_t v = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0')) {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (digit > 9 || v > (UINT64_MAX - digit) / 10) {
            return false;
        }
        v = 10 * v + digit;
    }
    *out = v;
    return true;
}

struct numbers {
    uint64_t account, sequence, gas, timeout;
};

static enum cs_err read_numbers(struct numbers *n, const json_t *d, const char **why)
{
    const json_t *fee = json_object_get(d, "fee");
    bool has_timeout = json_object_get(d, "timeout_height") != NULL;

    n->timeout = 0;
    if (!read_u64(&n->account, text_of(d, "account_number")) ||
        !read_u64(&n->sequence, text_of(d, "sequence")) ||
        !read_u64(&n->gas, text_of(fee, "gas")) ||
        (has_timeout &&
         (!read_u64(&n->timeout, text_of(d, "timeout_height")) || n->timeout == 0))) {
        return bad(why, "Cosmos amino JSON holds a number that is not one of 64 bits");
    }
    return CS_OK;
}

/* Puts a finished part in as a field, and empties it. */
static void put_part(struct cs_wr *w, uint32_t number, struct cs_wr *part)
{
    if (part->err != CS_OK && w->err == CS_OK) {
        w->err = part->err;
    }
    cs_pb_put_bytes(w, number, cs_wr_get(part));
    cs_wr_free(part);
    *part = (struct cs_wr){0};
}

/* Empty strings are not written (proto3). */
static void put_text(struct cs_wr *w, uint32_t number, const char *text)
{
    if (text[0] != '\0') {
        cs_pb_put_bytes(w, number, CS_SPAN(text, strlen(text)));
    }
}

static void put_coins_as(struct cs_wr *w, uint32_t number, const json_t *coins)
{
    struct cs_wr coin = {0};

    for (size_t i = 0; i < json_array_size(coins); i++) {
        put_text(&coin, 1, text_of(json_array_get(coins, i), "denom"));
        put_text(&coin, 2, text_of(json_array_get(coins, i), "amount"));
        put_part(w, number, &coin);
    }
}

static void put_body(struct cs_wr *w, const json_t *d, const struct numbers *n)
{
    const json_t *msgs = json_object_get(d, "msgs");
    struct cs_wr any = {0}, send = {0};

    for (size_t i = 0; i < json_array_size(msgs); i++) {
        const json_t *value = json_object_get(json_array_get(msgs, i), "value");

        put_text(&send, 1, text_of(value, "from_address"));
        put_text(&send, 2, text_of(value, "to_address"));
        put_coins_as(&send, 3, json_object_get(value, "amount"));
        put_text(&any, 1, "/cosmos.bank.v1beta1.MsgSend");
        put_part(&any, 2, &send);
        put_part(w, 1, &any);
    }
    put_text(w, 2, text_of(d, "memo"));
    cs_pb_put_varint(w, 3, n->timeout);
}

/* signer info (key, mode, sequence), fee */
static void put_auth(struct cs_wr *w, const json_t *fee, const struct numbers *n,
                     const uint8_t pub[CS_COSMOS_PUB_LEN])
{
    struct cs_wr info = {0}, part = {0}, inner = {0};

    cs_pb_put_bytes(&inner, 1, CS_SPAN(pub, CS_COSMOS_PUB_LEN));
    put_text(&part, 1, "/cosmos.crypto.secp256k1.PubKey");
    put_part(&part, 2, &inner);
    put_part(&info, 1, &part);
    cs_pb_put_varint(&inner, 1, CS_COSMOS_MODE_AMINO);
    put_part(&part, 1, &inner);
    put_part(&info, 2, &part);
    cs_pb_put_varint(&info, 3, n->sequence);
    put_part(w, 1, &info);
    put_coins_as(&part, 1, json_object_get(fee, "amount"));
    cs_pb_put_varint(&part, 2, n->gas);
    put_part(w, 2, &part);
}

static enum cs_err translate(struct cs_wr *doc, const json_t *d,
                             const uint8_t pub[CS_COSMOS_PUB_LEN], const char **why)
{
    struct cs_wr part = {0};
    struct numbers n;

    CS_CHECK(read_numbers(&n, d, why));
    put_body(&part, d, &n);
    put_part(doc, 1, &part);
    put_auth(&part, json_object_get(d, "fee"), &n, pub);
    put_part(doc, 2, &part);
    put_text(doc, 3, text_of(d, "chain_id"));
    cs_pb_put_varint(doc, 4, n.account);
    return doc->err;
}

enum cs_err cs_cosmos_amino(struct cs_wr *doc, const uint8_t pub[CS_COSMOS_PUB_LEN],
                            struct cs_span json, const char **why)
{
    json_t *d;
    enum cs_err err = cs_chain_json(&d, json, why);

    if (err != CS_OK) {
        return err == CS_ERR_CHAIN_MESSAGE ? CS_ERR_CHAIN_TX : err;
    }
    err = check_canonical(d, json, why);
    if (err == CS_OK) {
        err = translate(doc, d, pub, why);
    }
    json_decref(d);
    return err;
}
