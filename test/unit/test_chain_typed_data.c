/* EIP-712: the digests of the specification, the vectors and ethers; every check of the
 * reader; approvals in clear. */
#include "chain/evm.h"
#include "chain/impl.h"
#include "support/chains_rows.h"
#include "support/chains_sign.h"

static const uint8_t one[32] = {[31] = 1}; /* the secret key of the permits' owner */

static struct cs_chain_key own_key(enum cs_chain chain)
{
    uint8_t pub[33];

    chains_k1_public(pub, one);
    return chains_key(chain, CS_CURVE_SECP256K1, CS_SPAN_OF(pub));
}

/* ---- digests ----------------------------------------------------------------- */

static void check_digest(struct cs_vec *v, const struct cs_chain_key *key,
                         const char *text, struct cs_span digest, const char *id)
{
    struct cs_chain_tx tx;
    const char *why = NULL;

    (void)v;
    if (cs_chain_typed_data(&tx, key, CS_SPAN(text, strlen(text)), &why) != CS_OK) {
        fail_msg("%s: %s", id, why);
    }
    assert_null(why);
    assert_int_equal(tx.n_items, 1);
    assert_true(tx.is_message);
    assert_int_equal(tx.items[0].hash, CS_CHAIN_HASH_KECCAK256);
    assert_int_equal(tx.items[0].data.n, 66);
    assert_memory_equal(tx.items[0].data.p, "\x19\x01", 2);
    if (memcmp(tx.items[0].message.p, digest.p, 32) != 0) {
        fail_msg("%s: another digest", id);
    }
    cs_chain_tx_free(&tx);
}

static void ethers_makes_the_same_digests(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/typed-data.json");
    size_t i;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "rows"), i, row)
    {
        struct cs_chain_key key = own_key(chains_id(cs_vec_str(row, "chain")));

        check_digest(v, &key, cs_vec_str(row, "typedData"),
                     cs_vec_hex(v, row, "digest"), cs_vec_str(row, "id"));
    }
    assert_int_equal(i, 18);
    cs_vec_close(v);
}

/* The rows of the chains' vectors, signature and final form included. */
static void check_row(struct cs_vec *v, const json_t *row)
{
    json_t *typed = cs_vec_get(cs_vec_get(row, "tx"), "typedData");
    struct cs_chain_key key = chains_row_key(v, row);
    char *text = json_dumps(typed, JSON_COMPACT);
    json_t *sign = chains_sign_of(row);
    struct cs_span want = cs_vec_hex(v, sign, "final"),
                   json = CS_SPAN(text, strlen(text));
    struct cs_chain_sig sig = {0};
    struct cs_chain_signed out;

    check_digest(v, &key, text, cs_vec_hex(v, sign, "digest"), cs_vec_str(row, "id"));
    memcpy(sig.rs, cs_vec_hex_n(v, sign, "signature", 64), 64);
    assert_int_equal(
        cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_TYPED_DATA, json, &sig, 1, NULL),
        CS_OK);
    assert_int_equal(out.bytes.n, 65);
    assert_memory_equal(out.bytes.p, want.p, want.n);
    assert_true(out.has_rsv);
    assert_int_equal(out.rsv[64] + 27, out.bytes.p[64]);
    cs_chain_signed_free(&out);
    sig.rs[40] ^= 1;
    assert_int_equal(
        cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_TYPED_DATA, json, &sig, 1, NULL),
        CS_ERR_SIG_INVALID);
    assert_true(cs_ct_is_zero(&out, sizeof out));
    free(text);
}

static void rows_of_the_vectors_come_out(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "transactions"), i, row)
    {
        if (strcmp(cs_vec_str(row, "kind"), "eip712") == 0) {
            check_row(v, row);
            n++;
        }
    }
    assert_int_equal(n, 3);
    cs_vec_close(v);
}

#define PERSON                                                                         \
    "\"Person\":[{\"name\":\"name\",\"type\":\"string\"},"                             \
    "{\"name\":\"wallet\",\"type\":\"address\"}]"
#define MAIL_TYPES                                                                     \
    "{" PERSON ",\"Mail\":[{\"name\":\"from\",\"type\":\"Person\"},"                   \
    "{\"name\":\"to\",\"type\":\"Person\"},"                                           \
    "{\"name\":\"contents\",\"type\":\"string\"}]}"
#define MAIL_DOMAIN                                                                    \
    "{\"name\":\"Ether Mail\",\"version\":\"1\",\"chainId\":1,"                        \
    "\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"}"
#define MAIL_MESSAGE                                                                   \
    "{\"from\":{\"name\":\"Cow\","                                                     \
    "\"wallet\":\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"},"                      \
    "\"to\":{\"name\":\"Bob\","                                                        \
    "\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"},"                      \
    "\"contents\":\"Hello, Bob!\"}"
#define TEXT(types, primary, domain, message)                                          \
    "{\"types\":" types ",\"primaryType\":\"" primary "\",\"domain\":" domain          \
    ",\"message\":" message "}"

/* The example of the EIP with the key of its test, keccak256("cow"), and its
 * signature's digest. */
static void the_example_of_eip712_comes_out(void **state)
{
    static const char text[] = TEXT(MAIL_TYPES, "Mail", MAIL_DOMAIN, MAIL_MESSAGE);
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "published"), i, row)
    {
        struct cs_chain_sig sig = {0};
        struct cs_chain_signed out;
        struct cs_chain_key key;

        if (strcmp(cs_vec_str(row, "source"), "EIP-712 example") != 0) {
            continue;
        }
        key = chains_key(CS_CHAIN_ETHEREUM, CS_CURVE_SECP256K1,
                         cs_vec_hex(v, row, "publicKeyHex"));
        memcpy(sig.rs, cs_vec_hex_n(v, row, "signatureHex", 64), 64);
        assert_int_equal(cs_chain_finish_any(&out, &key, CS_CHAIN_KIND_TYPED_DATA,
                                             CS_SPAN(text, strlen(text)), &sig, 1,
                                             NULL),
                         CS_OK);
        cs_chain_signed_free(&out);
        n++;
    }
    assert_int_equal(n, 1);
    cs_vec_close(v);
}

/* ---- checks ------------------------------------------------------------------ */

static void refused_as(const struct cs_chain_key *key, const char *text, size_t n,
                       enum cs_err code, const char *part)
{
    uint8_t *copy = chains_copy(CS_SPAN(text, n), n);
    struct cs_chain_tx tx;
    const char *why = NULL;
    enum cs_err err = cs_chain_typed_data(&tx, key, CS_SPAN(copy, n), &why);

    if (err != code || why == NULL || strstr(why, part) == NULL) {
        fail_msg("%d, \"%s\" instead of \"%s\" for %s", (int)err,
                 why == NULL ? "" : why, part, text);
    }
    assert_true(cs_ct_is_zero(&tx, sizeof tx));
    free(copy);
}

static void refused(const char *text, const char *part)
{
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);

    refused_as(&key, text, strlen(text), CS_ERR_CHAIN_MESSAGE, part);
}

static void taken(const char *text)
{
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
    struct cs_chain_tx tx;
    const char *why = NULL;

    if (cs_chain_typed_data(&tx, &key, CS_SPAN(text, strlen(text)), &why) != CS_OK) {
        fail_msg("%s: %s", text, why);
    }
    cs_chain_tx_free(&tx);
}

/* One member "a" of a type with one value. */
static const char *one_value(const char *type, const char *value)
{
    static char text[512];

    (void)snprintf(text, sizeof text,
                   "{\"types\":{\"T\":[{\"name\":\"a\",\"type\":\"%s\"}]},"
                   "\"primaryType\":\"T\",\"domain\":{\"chainId\":1},"
                   "\"message\":{\"a\":%s}}",
                   type, value);
    return text;
}

static void numbers_stay_in_their_ranges(void **state)
{
    static const char *const good[][2] = {
        {"uint8", "255"},
        {"uint8", "\"0xff\""},
        {"uint8", "\"0x00ff\""},
        {"int8", "-128"},
        {"int8", "\"127\""},
        {"uint64", "9007199254740991"},
        {"int64", "-9007199254740991"},
        {"int256", "\"-5789604461865809771178549250434395392663499233282028201972879200"
                   "3956564819968\""},
        {"uint256", "\"1157920892373161954235709850086879078532699846656405640394575840"
                    "07913129639935\""},
    };
    static const char *const range[][2] = {
        {"uint8", "256"},
        {"uint8", "\"0x100\""},
        {"uint8", "-1"},
        {"int8", "128"},
        {"int8", "-129"},
        {"int8", "\"-0\""},
        {"uint256", "\"-1\""},
        {"int256", "\"5789604461865809771178549250434395392663499233282028201972879200"
                   "3956564819968\""},
        {"int256", "\"-5789604461865809771178549250434395392663499233282028201972879200"
                   "3956564819969\""},
    };
    static const char *const malformed[][2] = {
        {"uint256", "\"1157920892373161954235709850086879078532699846656405640394575840"
                    "07913129639936\""},
        {"uint8", "\"01\""},
        {"uint8", "\"\""},
        {"uint8", "\"0x\""},
        {"uint8", "\"+1\""},
        {"uint8", "\" 1\""},
        {"uint8", "\"1 \""},
        {"uint8", "\"1e1\""},
        {"uint8", "\"-\""},
        {"int8", "\"-0x1\""},
        {"uint8", "1.5"},
        {"uint8", "1.0"},
        {"uint8", "true"},
        {"uint8", "null"},
        {"uint8", "[1]"},
        {"uint64", "9007199254740992"},
        {"int64", "-9007199254740992"},
        {"uint8", "\"ff\""},
        {"uint8", "\"0xfg\""},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(good); i++) {
        taken(one_value(good[i][0], good[i][1]));
    }
    for (size_t i = 0; i < CS_COUNTOF(range); i++) {
        refused(one_value(range[i][0], range[i][1]), "out of its type's range");
    }
    for (size_t i = 0; i < CS_COUNTOF(malformed); i++) {
        refused(one_value(malformed[i][0], malformed[i][1]), "not a whole number");
    }
    refused(one_value("uint256", "99999999999999999999"), "as a string");
}

static void values_fit_their_types(void **state)
{
    static const char *const bad[][3] = {
        {"bool", "1", "neither true nor false"},
        {"bool", "\"true\"", "neither true nor false"},
        {"string", "1", "not a JSON string"},
        {"string", "null", "not a JSON string"},
        {"bytes", "\"00\"", "not 0x and an even"},
        {"bytes", "\"0x0\"", "not 0x and an even"},
        {"bytes", "\"0xgg\"", "not 0x and an even"},
        {"bytes", "7", "not 0x and an even"},
        {"bytes4", "\"0x010203\"", "exactly their digits"},
        {"bytes4", "\"0x0102030405\"", "exactly their digits"},
        {"bytes4", "\"01020304\"", "exactly their digits"},
        {"bytes4", "16909060", "exactly their digits"},
        {"bytes4", "\"zz01020304\"", "exactly their digits"},
        {"bytes", "\"zz00\"", "not 0x and an even"},
        {"address", "\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD82\"", "40 hex digits"},
        {"address", "\"CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"", "40 hex digits"},
        {"address", "\"0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"", "checksum"},
        {"address", "0", "40 hex digits"},
        {"uint8[]", "1", "array of its type's length"},
        {"uint8[]", "{}", "array of its type's length"},
        {"uint8[2]", "[1]", "array of its type's length"},
        {"uint8[2]", "[1,2,3]", "array of its type's length"},
        {"uint8[][2]", "[[1]]", "array of its type's length"},
        {"uint8[2][]", "[[1]]", "array of its type's length"},
        {"uint8[]", "[256]", "out of its type's range"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        refused(one_value(bad[i][0], bad[i][1]), bad[i][2]);
    }
    taken(one_value("address", "\"0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826\""));
}

static void type_names_are_the_specifications(void **state)
{
    static const char *const bad[][2] = {
        {"uint", "neither elementary"},
        {"int", "neither elementary"},
        {"uint7", "neither elementary"},
        {"uint0", "neither elementary"},
        {"uint264", "neither elementary"},
        {"uint08", "neither elementary"},
        {"int12", "neither elementary"},
        {"bytes0", "neither elementary"},
        {"bytes33", "neither elementary"},
        {"byte", "neither elementary"},
        {"bytes032", "neither elementary"},
        {"Person", "neither elementary"},
        {"", "neither elementary"},
        {"uint8 ", "neither elementary"},
        {"fixed128x18", "neither elementary"},
        {"function", "neither elementary"},
        {"uint8[0]", "array type"},
        {"uint8[01]", "array type"},
        {"uint8[-1]", "array type"},
        {"uint8[", "array type"},
        {"uint8]", "neither elementary"},
        {"uint8[1]x", "array type"},
        {"uint8[16385]", "array type"},
        {"uint8[999999]", "array type"},
        {"uint8[][][][][]", "array type"},
        {"uint8[ ]", "array type"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        refused(one_value(bad[i][0], "[]"), bad[i][1]);
    }
    taken(one_value("uint8[][][][]", "[]"));
}

#define T1(members) "{\"T\":[" members "]}"
#define A8          "{\"name\":\"a\",\"type\":\"uint8\"}"
#define D1          "{\"chainId\":1}"

static void struct_types_are_checked(void **state)
{
    (void)state;
    taken(TEXT(T1(A8), "T", D1, "{\"a\":1}"));
    refused(TEXT(T1(A8 "," A8), "T", D1, "{\"a\":1}"), "two members of one name");
    refused(TEXT(T1("{\"name\":\"a\"}"), "T", D1, "{\"a\":1}"), "name and type");
    refused(TEXT(T1("{\"name\":1,\"type\":\"uint8\"}"), "T", D1, "{}"),
            "name and type");
    refused(TEXT(T1("{\"name\":\"a\",\"type\":8}"), "T", D1, "{}"), "name and type");
    refused(TEXT(T1("{\"name\":\"a\",\"type\":\"uint8\",\"x\":1}"), "T", D1, "{}"),
            "name and type");
    refused(TEXT(T1("7"), "T", D1, "{}"), "name and type");
    refused(TEXT(T1("{\"name\":\"a b\",\"type\":\"uint8\"}"), "T", D1, "{}"),
            "not an identifier");
    refused(TEXT(T1("{\"name\":\"\",\"type\":\"uint8\"}"), "T", D1, "{}"),
            "not an identifier");
    refused(TEXT(T1("{\"name\":\"1a\",\"type\":\"uint8\"}"), "T", D1, "{}"),
            "not an identifier");
    refused(TEXT("{\"T\":{}}", "T", D1, "{}"), "list of at most 64 members");
    refused(TEXT("{\"uint8\":[]}", "uint8", D1, "{}"), "identifier of its own");
    refused(TEXT("{\"string\":[]}", "string", D1, "{}"), "identifier of its own");
    refused(TEXT("{\"uint\":[]}", "uint", D1, "{}"), "identifier of its own");
    refused(TEXT("{\"int\":[]}", "int", D1, "{}"), "identifier of its own");
    refused(TEXT("[]", "T", D1, "{}"), "must have types");
    refused("{\"types\":{\"T\":[]},\"primaryType\":7,\"domain\":" D1 ",\"message\":{}}",
            "must have types");
    refused(TEXT("{\"T(uint8 a)U\":[]}", "T", D1, "{}"), "identifier of its own");
    refused(TEXT(T1(A8), "U", D1, "{\"a\":1}"), "primaryType is not among");
    refused(TEXT("{\"EIP712Domain\":[{\"name\":\"chainId\",\"type\":\"uint256\"}]}",
                 "EIP712Domain", D1, D1),
            "there is no message");
    refused(TEXT("{\"T\":[{\"name\":\"a\",\"type\":\"EIP712Domain\"}]}", "T", D1,
                 "{\"a\":{}}"),
            "domain type is used");
}

static void struct_types_that_hold_themselves_are_refused(void **state)
{
    (void)state;
    refused(TEXT("{\"T\":[{\"name\":\"a\",\"type\":\"T\"}]}", "T", D1, "{\"a\":{}}"),
            "holds itself");
    refused(TEXT("{\"T\":[{\"name\":\"a\",\"type\":\"T[]\"}]}", "T", D1, "{\"a\":[]}"),
            "holds itself");
    refused(TEXT("{\"T\":[{\"name\":\"a\",\"type\":\"U\"}],"
                 "\"U\":[{\"name\":\"a\",\"type\":\"V\"}],"
                 "\"V\":[{\"name\":\"a\",\"type\":\"T[]\"}]}",
                 "T", D1, "{\"a\":{\"a\":{\"a\":[]}}}"),
            "holds itself");
}

static void messages_have_exactly_their_members(void **state)
{
    (void)state;
    refused(TEXT(T1(A8), "T", D1, "{}"), "exactly its type's members");
    refused(TEXT(T1(A8), "T", D1, "{\"a\":1,\"b\":2}"), "exactly its type's members");
    refused(TEXT(T1(A8), "T", D1, "{\"b\":1}"), "lacks a member");
    refused(TEXT(T1(A8), "T", D1, "[1]"), "must have types");
    refused(TEXT("{\"E\":[],\"T\":[{\"name\":\"a\",\"type\":\"E\"}]}", "T", D1,
                 "{\"a\":7}"),
            "exactly its type's members");
    refused(TEXT("{" PERSON ",\"T\":[{\"name\":\"a\",\"type\":\"Person\"}]}", "T", D1,
                 "{\"a\":null}"),
            "exactly its type's members");
}

static void domains_are_checked(void **state)
{
    static const char *const bad[][2] = {
        {"{}", "domain is empty"},
        {"{\"chainId\":1,\"other\":2}", "exactly its type's members"},
        {"{\"chainId\":0}", "chain id is zero"},
        {"{\"chainId\":\"18446744073709551616\"}", "chain id is too large"},
        {"{\"chainId\":-1}", "out of its type's range"},
        {"{\"chainId\":1,\"name\":7}", "not a JSON string"},
        {"{\"chainId\":1,\"verifyingContract\":\"0x\"}", "40 hex digits"},
        {"{\"chainId\":1,\"salt\":\"0x00\"}", "exactly their digits"},
        {"[]", "must have types"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        (void)snprintf(text, sizeof text,
                       "{\"types\":" T1(A8) ",\"primaryType\":\"T\",\"domain\":%s,"
                                            "\"message\":{\"a\":1}}",
                       bad[i][0]);
        refused(text, bad[i][1]);
    }
    taken(TEXT(T1(A8), "T", "{\"chainId\":\"0x1\"}", "{\"a\":1}"));
    taken(TEXT(T1(A8), "T", "{\"chainId\":11155111}", "{\"a\":1}"));
}

#define DOMAIN_TYPE(members) "{\"T\":[" A8 "],\"EIP712Domain\":[" members "]}"
#define D_NAME               "{\"name\":\"name\",\"type\":\"string\"}"
#define D_ID                 "{\"name\":\"chainId\",\"type\":\"uint256\"}"

static void domain_types_are_the_specifications(void **state)
{
    static const char both[] = TEXT(DOMAIN_TYPE(D_NAME "," D_ID), "T",
                                    "{\"name\":\"n\",\"chainId\":1}", "{\"a\":1}");

    (void)state;
    taken(both);
    refused(TEXT(DOMAIN_TYPE(D_ID "," D_NAME), "T", "{\"name\":\"n\",\"chainId\":1}",
                 "{\"a\":1}"),
            "in this order");
    refused(TEXT(DOMAIN_TYPE(D_ID ",{\"name\":\"zone\",\"type\":\"string\"}"), "T",
                 "{\"zone\":\"n\",\"chainId\":1}", "{\"a\":1}"),
            "in this order");
    refused(TEXT(DOMAIN_TYPE("{\"name\":\"chainId\",\"type\":\"uint64\"}"), "T", D1,
                 "{\"a\":1}"),
            "with their types");
    refused(TEXT(DOMAIN_TYPE(""), "T", "{}", "{\"a\":1}"), "domain is empty");
    refused(TEXT(DOMAIN_TYPE(D_NAME "," D_ID), "T", D1, "{\"a\":1}"),
            "exactly its type's members");
    refused(TEXT(DOMAIN_TYPE(D_ID), "T", "{\"name\":\"n\",\"chainId\":1}", "{\"a\":1}"),
            "exactly its type's members");
}

static void json_is_strict(void **state)
{
    static const char good[] = TEXT(T1(A8), "T", D1, "{\"a\":1}");
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
    static char deep[600];

    (void)state;
    refused("", "is empty");
    refused("[]", "JSON object is expected");
    refused("7", "not valid JSON");
    refused("{", "not valid JSON");
    refused(TEXT(T1(A8), "T", D1, "{\"a\":1,\"a\":1}"), "a key repeats");
    refused(TEXT(T1(A8), "T", D1, "{\"a\":1}") " x", "not valid JSON");
    refused(TEXT(T1(A8), "T", D1, "{\"a\":\"\xff\"}"), "not valid JSON");
    refused(TEXT(T1(A8), "T", D1, "{\"a\":\"\\u0000\"}"), "not valid JSON");
    refused(TEXT(T1(A8), "T", D1, "{\"a\":1},\"more\":1"), "and nothing else");
    refused("{\"types\":{},\"primaryType\":\"T\",\"domain\":{}}", "must have types");
    refused_as(&key, good, sizeof good, CS_ERR_CHAIN_MESSAGE, "NUL byte");
    memset(deep, '[', sizeof deep);
    refused_as(&key, deep, sizeof deep, CS_ERR_CHAIN_MESSAGE, "nested deeper");
    for (size_t n = 0; n < strlen(good); n++) {
        refused_as(&key, good, n, CS_ERR_CHAIN_MESSAGE, "");
    }
}

/* size bytes of filling between braces. */
static void refused_long(const char *fill, size_t size, const char *part)
{
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
    size_t n = strlen(fill);
    char *text = malloc(size + 1);

    assert_non_null(text);
    for (size_t i = 0; i < size; i++) {
        text[i] = i == 0 ? '[' : fill[(i - 1) % n];
    }
    text[size] = '\0';
    refused_as(&key, text, size, CS_ERR_CHAIN_MESSAGE, part);
    free(text);
}

static void sizes_are_bounded(void **state)
{
    static char types[8192];
    size_t n = 0;

    (void)state;
    refused_long(" ", 64 * 1024 + 1, "longer than 64 KiB");
    refused_long("1,", 64 * 1024, "more than 16384 values");
    refused_long("[],", 64 * 1024, "more than 4096 objects");
    for (unsigned i = 0; i < 64; i++) { /* and the domain's is the 65th */
        n += (size_t)snprintf(types + n, sizeof types - n, "%s\"T%u\":[]",
                              i == 0 ? "{\"types\":{" : ",", i);
    }
    (void)snprintf(types + n, sizeof types - n,
                   "},\"primaryType\":\"T0\",\"domain\":" D1 ",\"message\":{}}");
    refused(types, "more than 64 types");
    n = (size_t)snprintf(types, sizeof types, "{\"types\":{\"T\":[");
    for (unsigned i = 0; i < 65; i++) {
        n += (size_t)snprintf(types + n, sizeof types - n,
                              "%s{\"name\":\"m%u\",\"type\":\"bool\"}",
                              i == 0 ? "" : ",", i);
    }
    (void)snprintf(types + n, sizeof types - n,
                   "]},\"primaryType\":\"T\",\"domain\":" D1 ",\"message\":{}}");
    refused(types, "at most 64 members");
    memset(types, 0, sizeof types);
    (void)snprintf(types, sizeof types,
                   "{\"types\":{\"T%070d\":[]},\"primaryType\":"
                   "\"T\",\"domain\":" D1 ",\"message\":{}}",
                   1);
    refused(types, "identifier of its own");
}

static void only_evm_chains_sign_typed_data(void **state)
{
    static const char text[] = TEXT(T1(A8), "T", D1, "{\"a\":1}");
    struct cs_chain_key key = own_key(CS_CHAIN_TRON);

    (void)state;
    refused_as(&key, text, strlen(text), CS_ERR_CHAIN_UNKNOWN, "EVM chains only");
    key = own_key(CS_CHAIN_BITCOIN);
    refused_as(&key, text, strlen(text), CS_ERR_CHAIN_UNKNOWN, "EVM chains only");
}

static void no_lack_of_memory_goes_unnoticed(void **state)
{
    static const char text[] = TEXT(MAIL_TYPES, "Mail", MAIL_DOMAIN, MAIL_MESSAGE);
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
    enum cs_err err = CS_ERR_NOMEM;
    struct cs_chain_tx tx;

    (void)state;
    for (unsigned long n = 1; err != CS_OK; n++) {
        assert_true(n < 60);
        cs_mem_fail_at(n);
        err = cs_chain_typed_data(&tx, &key, CS_SPAN(text, strlen(text)), NULL);
        assert_true(err == CS_OK || err == CS_ERR_NOMEM);
        assert_true(err == CS_OK || cs_ct_is_zero(&tx, sizeof tx));
    }
    cs_mem_fail_at(0);
    cs_chain_tx_free(&tx);
}

/* ---- summaries --------------------------------------------------------------- */

#define SPENDER "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"
#define USDC    "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
#define MAX256                                                                         \
    "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static const struct summary {
    const char *id;
    bool is_clear, is_approval;
    const char *kind, *to, *units, *contract, *until, *sequence, *text;
} summaries[] = {
    {"mail", false, false, "typed data Mail", "", "",
     "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC", "", "",
     "for \"Ether Mail\" version \"1\", contract "
     "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC, chain id 1"},
    {"permit", true, true, "typed data Permit", SPENDER, "2500000", USDC, "1893456000",
     "3",
     "lets " SPENDER " move up to 2500000 units of " USDC
     "; this signature can be used until 1893456000"},
    {"permit-dai", true, true, "typed data Permit", SPENDER, MAX256,
     "0x6B175474E89094C44Da98b954EedeAC495271d0F", "never ends", "5",
     "used until never ends"},
    {"permit2-single", true, true, "typed data PermitSingle", SPENDER,
     "1461501637330902918203684832716283019655932542975", USDC, "1893456000", "7",
     "until 1893456001; this signature can be used until 1893456000"},
    {"permit2-batch", false, true, "typed data PermitBatch", SPENDER, "", "",
     "never ends", "",
     "move up to 22 units of 0x6B175474E89094C44Da98b954EedeAC495271d0F until 2"},
    {"permit2-transfer", true, true, "typed data PermitTransferFrom", SPENDER, "77",
     USDC, "1893456000", "123456789012345678901234567890",
     "move once up to 77 units of " USDC},
    {"permit2-transfers", false, true, "typed data PermitBatchTransferFrom", SPENDER,
     "", "", "1893456000", "1", "move once up to 77 units of " USDC},
    {"permit2-witness", false, true, "typed data PermitWitnessTransferFrom", "", "",
     "0x000000000022D473030F116dDEE9F6B43aC78BA3", "", "", "\"Permit2\""},
    {"zeroes", false, false, "typed data Z", "", "", "", "", "", "NO CHAIN ID"},
    {"sorted-dependencies", false, false, "typed data Top", "", "", "", "", "",
     "chain id 10143, which is not known as one of ETHEREUM"},
};

static void check_summary(struct cs_vec *v, const struct summary *s)
{
    struct cs_chain_tx tx;
    size_t i;
    json_t *row;

    json_array_foreach(cs_vec_get(v->root, "rows"), i, row)
    {
        struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
        const char *text = cs_vec_str(row, "typedData");

        if (strcmp(cs_vec_str(row, "id"), s->id) != 0) {
            continue;
        }
        assert_int_equal(cs_chain_prepare(&tx, &key, CS_CHAIN_KIND_TYPED_DATA,
                                          CS_SPAN(text, strlen(text)), NULL),
                         CS_OK);
        assert_int_equal(tx.is_clear, s->is_clear);
        assert_int_equal(tx.is_approval, s->is_approval);
        assert_string_equal(tx.kind, s->kind);
        assert_string_equal(tx.from, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
        assert_string_equal(tx.to, s->to);
        assert_string_equal(tx.units, s->units);
        assert_string_equal(tx.contract, s->contract);
        assert_string_equal(tx.valid_until, s->until);
        assert_string_equal(tx.sequence, s->sequence);
        assert_string_equal(tx.amount, "");
        if (strstr(tx.text, s->text) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", tx.text, s->text);
        }
        assert_memory_equal(tx.memo, "{\"", 2);
        cs_chain_tx_free(&tx);
        return;
    }
    fail_msg("no row %s", s->id);
}

static void summaries_show_approvals(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/typed-data.json");

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(summaries); i++) {
        check_summary(v, &summaries[i]);
    }
    cs_vec_close(v);
}

#define PERMIT_TYPES                                                                   \
    "{\"Permit\":[{\"name\":\"owner\",\"type\":\"address\"},"                          \
    "{\"name\":\"spender\",\"type\":\"address\"},"                                     \
    "{\"name\":\"value\",\"type\":\"uint256\"},{\"name\":\"nonce\","                   \
    "\"type\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\"}]}"
#define PERMIT_OF(owner)                                                               \
    "{\"owner\":\"" owner "\",\"spender\":\"" SPENDER                                  \
    "\",\"value\":1,\"nonce\":2,\"deadline\":3}"
#define OWNER "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

static void permits_of_others_are_refused(void **state)
{
    static const char text[] = TEXT(
        PERMIT_TYPES, "Permit", "{\"chainId\":1,\"verifyingContract\":\"" USDC "\"}",
        PERMIT_OF(SPENDER));
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);

    (void)state;
    refused_as(&key, text, strlen(text), CS_ERR_CHAIN_SIGNER,
               "owner is not the wallet");
}

static bool is_clear(const char *text, bool *is_approval)
{
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
    struct cs_chain_tx tx;
    bool clear;

    assert_int_equal(cs_chain_typed_data(&tx, &key, CS_SPAN(text, strlen(text)), NULL),
                     CS_OK);
    clear = tx.is_clear;
    *is_approval = tx.is_approval;
    cs_chain_tx_free(&tx);
    return clear;
}

/* Without chain or contract nobody knows what is given away. */
static void permits_without_chain_or_contract_are_not_clear(void **state)
{
    bool is_approval;

    (void)state;
    assert_true(is_clear(TEXT(PERMIT_TYPES, "Permit",
                              "{\"chainId\":1,\"verifyingContract\":\"" USDC "\"}",
                              PERMIT_OF(OWNER)),
                         &is_approval));
    assert_true(is_approval);
    assert_false(
        is_clear(TEXT(PERMIT_TYPES, "Permit", "{\"chainId\":1}", PERMIT_OF(OWNER)),
                 &is_approval));
    assert_true(is_approval);
    assert_false(
        is_clear(TEXT(PERMIT_TYPES, "Permit", "{\"verifyingContract\":\"" USDC "\"}",
                      PERMIT_OF(OWNER)),
                 &is_approval));
    assert_true(is_approval);
    assert_false(is_clear(TEXT(PERMIT_TYPES, "Permit",
                               "{\"chainId\":77,\"verifyingContract\":\"" USDC "\"}",
                               PERMIT_OF(OWNER)),
                          &is_approval));
    assert_true(is_approval);
    assert_false(is_clear(TEXT(PERMIT_TYPES, "Permit",
                               "{\"chainId\":137,\"verifyingContract\":\"" USDC "\"}",
                               PERMIT_OF(OWNER)),
                          &is_approval));
    assert_true(is_approval);
}

/* Good on the other chain, by the same key: said aloud. */
static void a_text_for_another_blockchain_says_so(void **state)
{
    static const char text[] = TEXT(T1(A8), "T", "{\"chainId\":\"0x89\"}", "{\"a\":1}");
    struct cs_chain_key key = own_key(CS_CHAIN_ETHEREUM);
    struct cs_chain_tx tx;

    (void)state;
    assert_int_equal(
        cs_chain_typed_data(&tx, &key, CS_SPAN(text, sizeof text - 1), NULL), CS_OK);
    assert_false(tx.is_clear);
    assert_non_null(strstr(tx.text, "ANOTHER BLOCKCHAIN than ETHEREUM"));
    cs_chain_tx_free(&tx);
}

#define PERMIT2_TYPES                                                                  \
    "{\"PermitTransferFrom\":[{\"name\":\"permitted\",\"type\":\"TokenPermissions\"}," \
    "{\"name\":\"spender\",\"type\":\"address\"},{\"name\":\"nonce\","                 \
    "\"type\":\"uint256\"},{\"name\":\"deadline\",\"type\":\"uint256\"}],"             \
    "\"TokenPermissions\":[{\"name\":\"token\",\"type\":\"address\"},"                 \
    "{\"name\":\"amount\",\"type\":\"uint256\"}]}"

static void permit2_is_clear_at_its_own_address_only(void **state)
{
    bool is_approval;

    (void)state;
    assert_false(is_clear(TEXT(PERMIT2_TYPES, "PermitTransferFrom",
                               "{\"chainId\":1,\"verifyingContract\":\"" USDC "\"}",
                               "{\"permitted\":{\"token\":\"" USDC
                               "\",\"amount\":1},\"spender\":\"" SPENDER
                               "\",\"nonce\":1,\"deadline\":1}"),
                          &is_approval));
    assert_true(is_approval);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethers_makes_the_same_digests),
        cmocka_unit_test(rows_of_the_vectors_come_out),
        cmocka_unit_test(the_example_of_eip712_comes_out),
        cmocka_unit_test(numbers_stay_in_their_ranges),
        cmocka_unit_test(values_fit_their_types),
        cmocka_unit_test(type_names_are_the_specifications),
        cmocka_unit_test(struct_types_are_checked),
        cmocka_unit_test(struct_types_that_hold_themselves_are_refused),
        cmocka_unit_test(messages_have_exactly_their_members),
        cmocka_unit_test(domains_are_checked),
        cmocka_unit_test(domain_types_are_the_specifications),
        cmocka_unit_test(json_is_strict),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(only_evm_chains_sign_typed_data),
        cmocka_unit_test(no_lack_of_memory_goes_unnoticed),
        cmocka_unit_test(summaries_show_approvals),
        cmocka_unit_test(permits_of_others_are_refused),
        cmocka_unit_test(permits_without_chain_or_contract_are_not_clear),
        cmocka_unit_test(a_text_for_another_blockchain_says_so),
        cmocka_unit_test(permit2_is_clear_at_its_own_address_only),
    };

    return cmocka_run_group_tests_name("chain/typed_data", tests, NULL, NULL);
}
