/* Matchers of a limit: which requests and payees it is about. */
#include <stdio.h>
#include <string.h>

#include "platform/core/flows.h"
#include "platform/core/wallet_limits.h"
#include "policy/impl.h"

enum { VALUE_MAX = 128 };

/* What a value of this type names: a record, a word, an address. */
static const struct type {
    const char *name;
    uint8_t table; /* 0: no id */
    const char *what;
} types[] = {
    {"USER", CS_PC_USER, "user"},
    {"API_CREDENTIAL", CS_PC_CREDENTIAL, "API credential"},
    {"COUNTERPARTY", CS_PC_PARTY, "counterparty"},
    {"COUNTERPARTY_ID", CS_PC_PARTY, "counterparty"},
    {"ADDRESS_ID", CS_PC_ADDRESS, "address of the address book"},
    {"WALLET_ID", CS_PC_WALLET, "wallet"},
    {"TRANSACTION_TYPE", 0, NULL},
    {"SIGN_FOR", 0, NULL},
};

/* The vendor's words and the API's own for one kind of request. */
static const char *const kinds[][2] = {
    {"RAW", "RAW"},
    {"PALISADE_RAW", "RAW"},
    {"PLAINTEXT", "PLAINTEXT"},
    {"PALISADE_SIGN_PLAINTEXT", "PLAINTEXT"},
};

static const struct type *type_of(const char *name)
{
    for (size_t i = 0; i < CS_COUNTOF(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

static const char *kind_of(const char *value)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i][0], value) == 0) {
            return kinds[i][1];
        }
    }
    return NULL;
}

/* ---- reading -------------------------------------------------------------- */

static bool bad(struct cs_api *a, size_t i, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool bad(struct cs_api *a, size_t i, const char *fmt, ...)
{
    char field[32], text[256];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)snprintf(field, sizeof field, "matchers[%zu]", i);
    (void)cs_api_fail(a, CS_API_INVALID, field, "%s", text);
    return false;
}

static bool record_ok(struct cs_api *a, size_t i, const struct type *t,
                      const char *value)
{
    uint8_t id[CS_PC_ID];
    char text[CS_UUID_LEN];
    json_t *rec = NULL;
    bool ok;

    /* One spelling: fits compares text. */
    if (cs_uuid_parse(id, value) == CS_OK &&
        strcmp(cs_uuid_text(text, id), value) == 0) {
        rec = cs_pc_get(a->core, t->table, id);
    }
    ok = rec != NULL && !cs_js_true(rec, "_deleted") && !cs_js_true(rec, "deleted");
    json_decref(rec);
    return ok || bad(a, i, "there is no %s with this id", t->what);
}

static bool value_ok(struct cs_api *a, size_t i, const struct type *t,
                     const json_t *wallet, const char *value)
{
    const struct cs_chain_info *info = cs_chain_by_name(
        cs_js_text(wallet, "blockchain"));

    if (strlen(value) == 0 || strlen(value) >= VALUE_MAX) {
        return bad(a, i, "a value is empty or too long");
    }
    if (t->table != 0) {
        return record_ok(a, i, t, value);
    }
    if (strcmp(t->name, "TRANSACTION_TYPE") == 0) {
        return kind_of(value) != NULL ||
               bad(a, i,
                   "must be RAW (PALISADE_RAW) or PLAINTEXT "
                   "(PALISADE_SIGN_PLAINTEXT): a wallet with limits signs "
                   "nothing else");
    }
    if (info == NULL || cs_chain_address_check(info->chain, value, NULL) != CS_OK) {
        return bad(a, i,
                   "SIGN_FOR takes the address that signs, of this wallet or "
                   "derived from it");
    }
    return true;
}

static bool has_text(const json_t *values, const char *text)
{
    for (size_t i = 0; text[0] != '\0' && i < json_array_size(values); i++) {
        if (strcmp(json_string_value(json_array_get(values, i)), text) == 0) {
            return true;
        }
    }
    return false;
}

/* One of "values", behind `one` ("value", or NULL) and those before it.  false: it is
 * no text, or named twice. */
static bool add_value(json_t *values, const char *one, const char *v)
{
    if (v != NULL && one != NULL && strcmp(one, v) == 0) {
        return true; /* said both ways */
    }
    if (v == NULL || has_text(values, v)) {
        return false;
    }
    cs_js_push_text(values, v);
    return true;
}

/* "value", "values" or both, each of them once: approvers read a line for each. */
static json_t *read_values(struct cs_api *a, size_t i, const struct type *t,
                           const json_t *wallet, const json_t *m)
{
    const json_t *many = json_object_get(m, "values");
    const char *one = json_string_value(json_object_get(m, "value"));
    json_t *values = cs_js_arr();
    bool ok = many == NULL || json_is_null(many) ||
              (json_is_array(many) && json_array_size(many) <= CS_MATCHER_VALUES_MAX);

    if (one != NULL && one[0] == '\0') {
        one = NULL;
    }
    if (one != NULL) {
        cs_js_push_text(values, one);
    }
    for (size_t k = 0; ok && k < json_array_size(many); k++) {
        ok = add_value(values, one, json_string_value(json_array_get(many, k)));
    }
    if (!ok || json_array_size(values) == 0) {
        (void)bad(a, i, "needs value, or values: 1 to %d texts, none of them twice",
                  CS_MATCHER_VALUES_MAX);
    }
    for (size_t k = 0; a->code == CS_API_OK && k < json_array_size(values); k++) {
        (void)value_ok(a, i, t, wallet, json_string_value(json_array_get(values, k)));
    }
    return values;
}

static bool read_one(struct cs_api *a, size_t i, const json_t *m, const json_t *wallet,
                     json_t *out)
{
    const struct type *t = type_of(cs_js_text(m, "type"));
    json_t *o;

    if (t == NULL) {
        return bad(a, i,
                   "type must be USER, API_CREDENTIAL, COUNTERPARTY, "
                   "COUNTERPARTY_ID, TRANSACTION_TYPE, SIGN_FOR, ADDRESS_ID or "
                   "WALLET_ID");
    }
    for (size_t k = 0; k < json_array_size(out); k++) {
        if (cs_js_is(json_array_get(out, k), "type", t->name)) {
            return bad(a, i, "this type is named twice: put all its values into one");
        }
    }
    o = cs_js_obj();
    cs_js_str(o, "type", t->name);
    cs_js_set(o, "values", read_values(a, i, t, wallet, m));
    cs_js_push(out, o);
    return a->code == CS_API_OK;
}

json_t *cs_matchers_read(struct cs_api *a, const json_t *wallet)
{
    const json_t *list = cs_jr_has(&a->in, "matchers")
                             ? cs_jr_array(&a->in, "matchers", 0, CS_MATCHERS_MAX)
                             : NULL;
    json_t *out;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    out = cs_js_arr();
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_one(a, i, json_array_get(list, i), wallet, out)) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* ---- fitting --------------------------------------------------------------- */

static bool has_kind(const json_t *values, const char *kind)
{
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *k = kind_of(json_string_value(json_array_get(values, i)));

        if (k != NULL && strcmp(k, kind) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_address(const json_t *values, const json_t *tx)
{
    const struct cs_chain_info *info = cs_chain_by_name(cs_js_text(tx, "blockchain"));
    char own[CS_CHAIN_ADDRESS_MAX], other[CS_CHAIN_ADDRESS_MAX];

    if (info == NULL || cs_js_text(tx, "originAddress")[0] == '\0') {
        return false;
    }
    cs_policy_normal(own, info->chain, cs_js_text(tx, "originAddress"));
    for (size_t i = 0; i < json_array_size(values); i++) {
        cs_policy_normal(other, info->chain,
                         json_string_value(json_array_get(values, i)));
        if (strcmp(own, other) == 0) {
            return true;
        }
    }
    return false;
}

static bool one_fits(const json_t *m, const json_t *tx, const struct cs_payee *to)
{
    static const struct cs_payee nobody;
    const json_t *values = json_object_get(m, "values");
    const char *type = cs_js_text(m, "type");

    to = to == NULL ? &nobody : to;
    if (strcmp(type, "USER") == 0 || strcmp(type, "API_CREDENTIAL") == 0) {
        return has_text(values, cs_js_text(tx, "createdBy"));
    }
    if (strcmp(type, "COUNTERPARTY") == 0 || strcmp(type, "COUNTERPARTY_ID") == 0) {
        return has_text(values, to->party);
    }
    if (strcmp(type, "ADDRESS_ID") == 0) {
        return has_text(values, to->book);
    }
    if (strcmp(type, "WALLET_ID") == 0) {
        return has_text(values, to->wallet);
    }
    if (strcmp(type, "TRANSACTION_TYPE") == 0) {
        return has_kind(values, cs_js_text(tx, "_kind"));
    }
    return strcmp(type, "SIGN_FOR") == 0 && has_address(values, tx);
}

bool cs_matchers_fit(const json_t *limit, const json_t *tx, const struct cs_payee *to)
{
    const json_t *all = json_object_get(limit, "matchers");

    for (size_t i = 0; i < json_array_size(all); i++) {
        if (!one_fits(json_array_get(all, i), tx, to)) {
            return false;
        }
    }
    return true;
}

const json_t *cs_matcher_values(const json_t *limit, const char *type)
{
    const json_t *all = json_object_get(limit, "matchers");

    for (size_t i = 0; i < json_array_size(all); i++) {
        if (cs_js_is(json_array_get(all, i), "type", type)) {
            return json_object_get(json_array_get(all, i), "values");
        }
    }
    return NULL;
}

bool cs_matchers_name_texts(const json_t *limit)
{
    const json_t *values = cs_matcher_values(limit, "TRANSACTION_TYPE");

    return values != NULL && has_kind(values, "PLAINTEXT");
}
