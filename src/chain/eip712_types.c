/* EIP-712: the type system of one text; see eip712.h. */
#include <string.h>

#include "base/text.h"
#include "chain/eip712.h"
#include "chain/impl.h"
#include "chain/json.h"
#include "crypto/keccak.h"

static const char *const domain_name = "EIP712Domain";

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE, text);
}

/* ---- names ------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A Solidity identifier. */
static bool is_name(const char *text)
{
    size_t n = strlen(text);

    if (n > CS_TD_NAME_MAX || !is_letter(text[0])) { /* "" has no letter */
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        if (!is_letter(text[i]) && !is_digit(text[i])) {
            return false;
        }
    }
    return true;
}

/* ---- one type ---------------------------------------------------------------- */

/* 1 to 5 digits, no leading zero; 0 when it is none. */
static uint32_t small_number(const char *p, size_t n)
{
    uint32_t v = 0;

    if (n == 0 || n > 5 || p[0] == '0') {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(p[i])) {
            return 0;
        }
        v = 10 * v + (uint32_t)(p[i] - '0');
    }
    return v;
}

/* "[]" and "[3]", one behind the other. */
static bool read_dims(struct cs_td_type *t, const char *p)
{
    while (*p == '[') {
        const char *end = strchr(p, ']');
        size_t n = end == NULL ? 0 : (size_t)(end - p - 1);

        if (end == NULL || t->n_dims == CS_TD_DIMS_MAX) {
            return false;
        }
        t->dims[t->n_dims] = small_number(p + 1, n);
        if (n > 0 &&
            (t->dims[t->n_dims] == 0 || t->dims[t->n_dims] > CS_TD_ARRAY_MAX)) {
            return false;
        }
        t->n_dims++;
        p = end + 1;
    }
    return *p == '\0';
}

/* "uint8", "bytes32": a word and its size. */
static bool read_sized(struct cs_td_type *t, const char *p, size_t n)
{
    if (n > 4 && memcmp(p, "uint", 4) == 0) {
        t->base = CS_TD_UINT;
        t->size = small_number(p + 4, n - 4);
        return t->size % 8 == 0 && t->size >= 8 && t->size <= 256;
    }
    if (n > 3 && memcmp(p, "int", 3) == 0) {
        t->base = CS_TD_INT;
        t->size = small_number(p + 3, n - 3);
        return t->size % 8 == 0 && t->size >= 8 && t->size <= 256;
    }
    if (n > 5 && memcmp(p, "bytes", 5) == 0) {
        t->base = CS_TD_BYTES_N;
        t->size = small_number(p + 5, n - 5);
        return t->size >= 1 && t->size <= 32;
    }
    return false;
}

static bool read_elementary(struct cs_td_type *t, const char *p, size_t n)
{
    static const struct word {
        const char *text;
        enum cs_td_base base;
    } words[] = {{"address", CS_TD_ADDRESS},
                 {"bool", CS_TD_BOOL},
                 {"string", CS_TD_STRING},
                 {"bytes", CS_TD_BYTES}};

    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (strlen(words[i].text) == n && memcmp(words[i].text, p, n) == 0) {
            t->base = words[i].base;
            return true;
        }
    }
    return read_sized(t, p, n);
}

static bool find_struct(size_t *at, const struct cs_td *td, const char *p, size_t n)
{
    for (size_t i = 0; td != NULL && i < td->n_structs; i++) {
        if (strlen(td->structs[i].name) == n &&
            memcmp(td->structs[i].name, p, n) == 0) {
            *at = i;
            return true;
        }
    }
    return false;
}

enum cs_err cs_td_type(struct cs_td_type *out, const struct cs_td *td, const char *text,
                       const char **why)
{
    size_t n = strcspn(text, "[");

    memset(out, 0, sizeof *out);
    if (!read_dims(out, text + n)) {
        return bad(why, "EIP-712 array type is malformed: [] or [1..16384], at most "
                        "four of them");
    }
    if (read_elementary(out, text, n)) {
        return CS_OK;
    }
    out->base = CS_TD_STRUCT;
    if (!find_struct(&out->at, td, text, n)) {
        return bad(why, "EIP-712 type is neither elementary (uint256, not uint) nor "
                        "among the given types");
    }
    return out->at != td->domain_at
               ? CS_OK
               : bad(why, "EIP-712 domain type is used as a member");
}

/* ---- struct types ------------------------------------------------------------ */

static const char *member_text(const json_t *members, size_t i, const char *field)
{
    return json_string_value(json_object_get(json_array_get(members, i), field));
}

static enum cs_err check_member(const json_t *members, size_t i, const char **why)
{
    static const char *const fields[] = {"name", "type"};
    const json_t *m = json_array_get(members, i);
    const char *name = member_text(members, i, "name");

    if (!cs_chain_json_has_only(m, fields, 2) || name == NULL ||
        !json_is_string(json_object_get(m, "type"))) {
        return bad(why, "EIP-712 struct member is not an object of name and type");
    }
    if (!is_name(name)) {
        return bad(why, "EIP-712 member's name is not an identifier");
    }
    for (size_t k = 0; k < i; k++) {
        if (strcmp(member_text(members, k, "name"), name) == 0) {
            return bad(why, "EIP-712 struct has two members of one name");
        }
    }
    return CS_OK;
}

static enum cs_err add_struct(struct cs_td *td, const char *name, const json_t *members,
                              const char **why)
{
    struct cs_td_type t = {0};

    if (td->n_structs == CS_TD_STRUCTS_MAX) {
        return bad(why, "EIP-712 text has more than 64 types");
    }
    if (!is_name(name) || read_elementary(&t, name, strlen(name)) ||
        strcmp(name, "uint") == 0 || strcmp(name, "int") == 0) {
        return bad(why, "EIP-712 struct's name is not an identifier of its own");
    }
    if (!json_is_array(members) || json_array_size(members) > CS_TD_MEMBERS_MAX) {
        return bad(why, "EIP-712 struct is not a list of at most 64 members");
    }
    for (size_t i = 0; i < json_array_size(members); i++) {
        CS_CHECK(check_member(members, i, why));
    }
    td->structs[td->n_structs].name = name;
    td->structs[td->n_structs].members = members;
    td->n_structs++;
    return CS_OK;
}

/* Which structs each struct holds: directly, then (Warshall) at any depth. */
static enum cs_err close_over(struct cs_td *td, const char **why)
{
    struct cs_td_type t;

    for (size_t i = 0; i < td->n_structs; i++) {
        const json_t *members = td->structs[i].members;

        for (size_t m = 0; m < json_array_size(members); m++) {
            CS_CHECK(cs_td_type(&t, td, member_text(members, m, "type"), why));
            if (t.base == CS_TD_STRUCT) {
                CS_ASSERT(t.at < CS_TD_STRUCTS_MAX);
                td->structs[i].reaches |= UINT64_C(1) << t.at;
            }
        }
    }
    for (size_t k = 0; k < td->n_structs; k++) {
        for (size_t i = 0; i < td->n_structs; i++) {
            if (td->structs[i].reaches >> k & 1) {
                td->structs[i].reaches |= td->structs[k].reaches;
            }
        }
    }
    for (size_t i = 0; i < td->n_structs; i++) {
        if (td->structs[i].reaches >> i & 1) {
            return bad(why, "EIP-712 struct type holds itself");
        }
    }
    return CS_OK;
}

/* ---- encodeType -------------------------------------------------------------- */

static void put_struct(struct cs_wr *w, const struct cs_td_struct *s)
{
    cs_wr_str(w, s->name);
    cs_wr_str(w, "(");
    for (size_t i = 0; i < json_array_size(s->members); i++) {
        cs_wr_str(w, i == 0 ? "" : ",");
        cs_wr_str(w, member_text(s->members, i, "type"));
        cs_wr_str(w, " ");
        cs_wr_str(w, member_text(s->members, i, "name"));
    }
    cs_wr_str(w, ")");
}

/* The first by name of the structs in a set that is not empty. */
static size_t first_of(const struct cs_td *td, uint64_t set)
{
    size_t first = td->n_structs;

    for (size_t i = 0; i < td->n_structs; i++) {
        if ((set >> i & 1) != 0 &&
            (first == td->n_structs ||
             strcmp(td->structs[i].name, td->structs[first].name) < 0)) {
            first = i;
        }
    }
    CS_ASSERT(first < td->n_structs && first < CS_TD_STRUCTS_MAX);
    return first;
}

/* The struct, then those it holds, sorted by name. */
static void put_type(struct cs_wr *w, const struct cs_td *td, size_t at)
{
    uint64_t left = td->structs[at].reaches;

    put_struct(w, &td->structs[at]);
    while (left != 0) {
        size_t next = first_of(td, left);

        put_struct(w, &td->structs[next]);
        left &= ~(UINT64_C(1) << next);
    }
}

static enum cs_err hash_types(struct cs_td *td, const char **why)
{
    struct cs_wr w = {.max = CS_TD_TYPES_MAX};
    enum cs_err err = CS_OK;
    size_t start = 0;

    for (size_t i = 0; i < td->n_structs && w.err == CS_OK; i++) {
        put_type(&w, td, i);
        if (w.err == CS_OK) {
            cs_keccak256(td->structs[i].hash, CS_SPAN(w.p + start, w.n - start));
            start = w.n;
        }
    }
    err = w.err;
    cs_wr_free(&w);
    return err == CS_ERR_TOO_LONG
               ? bad(why, "EIP-712 types hold each other too often: 64 KiB in all when "
                          "each is written out with what it holds")
               : err;
}

/* ---- the domain -------------------------------------------------------------- */

static const struct field {
    const char *name, *type;
} domain_fields[] = {
    {"name", "string"},     {"version", "string"},
    {"chainId", "uint256"}, {"verifyingContract", "address"},
    {"salt", "bytes32"},
};

/* Libraries differ about other orders, so there is one. */
static enum cs_err check_domain_type(const json_t *members, const char **why)
{
    size_t next = 0;

    for (size_t i = 0; i < json_array_size(members); i++) {
        const char *name = member_text(members, i, "name");

        while (next < CS_COUNTOF(domain_fields) &&
               strcmp(domain_fields[next].name, name) != 0) {
            next++;
        }
        if (next == CS_COUNTOF(domain_fields) ||
            strcmp(member_text(members, i, "type"), domain_fields[next].type) != 0) {
            return bad(why, "EIP-712 domain may hold name, version, chainId, "
                            "verifyingContract and salt only, with their types and in "
                            "this order");
        }
        next++;
    }
    return next > 0 ? CS_OK : bad(why, "EIP-712 domain is empty");
}

/* Without a type the domain's is that of the fields that are there.  The new members
 * belong to types. */
static enum cs_err make_domain_type(json_t *types, const json_t *domain)
{
    json_t *members = json_array();
    int bad_sum = json_object_set_new(types, domain_name, members);

    for (size_t i = 0; i < CS_COUNTOF(domain_fields) && bad_sum == 0; i++) {
        if (json_object_get(domain, domain_fields[i].name) != NULL) {
            bad_sum = json_array_append_new(
                members, json_pack("{s:s, s:s}", "name", domain_fields[i].name, "type",
                                   domain_fields[i].type));
        }
    }
    return bad_sum == 0 ? CS_OK : CS_ERR_NOMEM;
}

/* ---- the whole text ------------------------------------------------------------ */

static enum cs_err read_types(struct cs_td *td, json_t *types, const char **why)
{
    const char *name;
    json_t *members;

    td->domain_at = CS_TD_STRUCTS_MAX;
    if (json_object_get(types, domain_name) == NULL) {
        CS_CHECK(make_domain_type(types, td->domain));
    }
    json_object_foreach(types, name, members)
    {
        if (strcmp(name, domain_name) == 0) {
            td->domain_at = td->n_structs;
        }
        CS_CHECK(add_struct(td, name, members, why));
    }
    CS_CHECK(check_domain_type(td->structs[td->domain_at].members, why));
    CS_CHECK(close_over(td, why));
    return hash_types(td, why);
}

static enum cs_err read_root(struct cs_td *td, const char **why)
{
    static const char *const fields[] = {"types", "primaryType", "domain", "message"};
    json_t *types = json_object_get(td->root, "types");
    const char *primary = json_string_value(json_object_get(td->root, "primaryType"));

    td->domain = json_object_get(td->root, "domain");
    td->message = json_object_get(td->root, "message");
    if (!cs_chain_json_has_only(td->root, fields, CS_COUNTOF(fields)) ||
        !json_is_object(types) || primary == NULL || !json_is_object(td->domain) ||
        !json_is_object(td->message)) {
        return bad(why,
                   "EIP-712 text must have types, primaryType, domain and message, "
                   "and nothing else");
    }
    CS_CHECK(read_types(td, types, why));
    if (!find_struct(&td->primary, td, primary, strlen(primary))) {
        return bad(why, "EIP-712 primaryType is not among the types");
    }
    return td->primary != td->domain_at
               ? CS_OK
               : bad(why, "EIP-712 primaryType is the domain: there is no message");
}

enum cs_err cs_td_open(struct cs_td *out, struct cs_span json, const char **why)
{
    memset(out, 0, sizeof *out);
    if (json.n == 0 || json.n > CS_TD_JSON_MAX) {
        return bad(why, json.n == 0 ? "the typed data is empty"
                                    : "the typed data is longer than 64 KiB");
    }
    CS_CHECK(cs_chain_json(&out->root, json, why));
    return read_root(out, why);
}

void cs_td_close(struct cs_td *td)
{
    json_decref(td->root);
    td->root = NULL;
}
