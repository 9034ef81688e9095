/* cloudsign policy check FILE: is it valid, and what would it say to a transaction?
 * cloudsign policy reload: the running node reads its file again. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/text.h"
#include "chain/chain.h"
#include "cli/node/ask.h"
#include "cli/node/cli.h"
#include "node/rules.h"
#include "policy/policy.h"
#include "wire/jsonx.h"

enum { REQUEST_MAX = 1 << 20 };

/* What is put to the policy; texts are borrowed from argv or from the request. */
struct options {
    const char *file, *request_file;
    const char *tx, *chain, *kind, *public_key, *scheme, *path, *key, *quorum;
    const char *at, *spent, *requests;
    json_t *request; /* owned */
};

static int complain(enum cs_err err, const char *text)
{
    (void)fprintf(stderr, "cloudsign: %s\n", text);
    return cs_err_exit(err);
}

/* ---- arguments ---------------------------------------------------------------- */

static const char usage_text[] =
    "use: cloudsign policy check FILE [--request REQUEST.json | --tx HEX --chain WORD "
    "--public-key HEX [--kind RAW] [--scheme ECDSA] [--path 0/5]] [--key UUID] "
    "[--quorum "
    "UUID] [--at UNIX_MS] [--spent UNITS] [--requests N]; or: cloudsign policy reload";

static bool take(struct options *o, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **at;
    } known[] = {
        {"--request", &o->request_file},
        {"--tx", &o->tx},
        {"--chain", &o->chain},
        {"--kind", &o->kind},
        {"--public-key", &o->public_key},
        {"--scheme", &o->scheme},
        {"--path", &o->path},
        {"--key", &o->key},
        {"--quorum", &o->quorum},
        {"--at", &o->at},
        {"--spent", &o->spent},
        {"--requests", &o->requests},
    };

    for (size_t i = 0; i < CS_COUNTOF(known); i++) {
        if (strcmp(name, known[i].name) == 0) {
            *known[i].at = value;
            return true;
        }
    }
    return false;
}

static bool read_args(struct options *o, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[0], "check") != 0) {
        return false;
    }
    o->file = argv[1];
    for (int i = 2; i < argc; i += 2) {
        if (strcmp(argv[i], "--explain") == 0) { /* it always does */
            i--;
        } else if (i + 1 == argc || !take(o, argv[i], argv[i + 1])) {
            return false;
        }
    }
    return o->request_file == NULL || o->tx == NULL;
}

/* ---- a request ---------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

/* As an approver gets it: {"request":{..}} or the inner object. */
static enum cs_err read_request(struct options *o, struct cs_why *why)
{
    json_error_t e;
    json_t *j = json_load_file(o->request_file, JSON_REJECT_DUPLICATES, &e), *r;

    if (j == NULL) {
        return cs_why(why, CS_ERR_USAGE, "%s, line %d: %s", o->request_file, e.line,
                      e.text);
    }
    o->request = j;
    r = json_object_get(j, "request") != NULL ? json_object_get(j, "request") : j;
    o->tx = text_of(r, "payload");
    o->chain = text_of(r, "blockchain");
    o->kind = text_of(r, "kind");
    o->public_key = text_of(r, "publicKey");
    o->scheme = text_of(r, "scheme");
    o->path = text_of(r, "path");
    o->key = o->key == NULL ? text_of(r, "keyId") : o->key;
    o->quorum = o->quorum == NULL ? text_of(r, "quorumId") : o->quorum;
    return o->tx != NULL ? CS_OK
                         : cs_why(why, CS_ERR_USAGE,
                                  "%s has no \"payload\": it is not a request as an "
                                  "approver gets it",
                                  o->request_file);
}

static bool parse_scheme(enum cs_chain_scheme *out, const char *word,
                         enum cs_curve curve)
{
    *out = curve == CS_CURVE_ED25519 ? CS_CHAIN_SCHEME_ED25519 : CS_CHAIN_SCHEME_ECDSA;
    if (word != NULL && strcmp(word, "BIP340") == 0) {
        *out = CS_CHAIN_SCHEME_BIP340;
        return true;
    }
    return word == NULL || strcmp(word, "ECDSA") == 0 || strcmp(word, "ED25519") == 0 ||
           strcmp(word, "FROST_ED25519") == 0;
}

static enum cs_err own_key(struct cs_chain_key *key, const struct options *o,
                           struct cs_why *why)
{
    const struct cs_chain_info *info = o->chain == NULL ? NULL
                                                        : cs_chain_by_name(o->chain);
    size_t n = o->public_key == NULL ? 0 : strlen(o->public_key) / 2;
    enum cs_curve curve = n == 32 ? CS_CURVE_ED25519 : CS_CURVE_SECP256K1;
    enum cs_chain_scheme scheme;
    const char *problem = NULL;
    uint8_t pub[33];
    enum cs_err err;

    if (info == NULL) {
        return cs_why(why, CS_ERR_USAGE, "--chain must be a blockchain like ETHEREUM");
    }
    if ((n != 32 && n != 33) || cs_unhex(pub, n, o->public_key) != CS_OK ||
        !parse_scheme(&scheme, o->scheme, curve)) {
        return cs_why(why, CS_ERR_USAGE,
                      "--public-key must be the 64 or 66 hex digits of the key that "
                      "signs, --scheme ECDSA, BIP340 or ED25519");
    }
    err = cs_chain_key_init(key, info->chain, curve, CS_SPAN(pub, n), &problem);
    if (err == CS_OK) {
        err = cs_chain_key_set_scheme(key, scheme, &problem);
    }
    return err == CS_OK ? CS_OK : cs_why(why, err, "%s", problem);
}

static enum cs_err prepare(struct cs_chain_tx *tx, struct cs_policy_ask *ask,
                           const struct options *o, struct cs_why *why)
{
    struct cs_wr payload = {0};
    struct cs_chain_key key;
    const char *problem = NULL;
    enum cs_err err;

    CS_CHECK(own_key(&key, o, why));
    if (!cs_chain_kind_parse(&ask->kind, o->kind == NULL ? "RAW" : o->kind)) {
        return cs_why(why, CS_ERR_USAGE,
                      "--kind must be RAW, PLAINTEXT, TYPED_DATA or DIGEST");
    }
    err = cs_unhex_wr(&payload, o->tx, strlen(o->tx));
    if (err == CS_OK) {
        err = cs_chain_prepare(tx, &key, ask->kind, cs_wr_get(&payload), &problem);
    }
    cs_wr_free(&payload);
    return err == CS_OK ? CS_OK
                        : cs_why(why, err, "the payload: %s",
                                 problem == NULL ? cs_err_text(err) : problem);
}

/* ---- judging ------------------------------------------------------------------ */

struct assumed { /* of every window and rate */
    struct cs_num spent;
    uint64_t requests;
};

static void sum(void *ctx, const struct cs_policy_ask *ask, enum cs_policy_per per,
                const uint8_t *asset, uint32_t minutes, struct cs_num *units,
                uint64_t *requests)
{
    const struct assumed *a = ctx;

    (void)ask;
    (void)per;
    (void)minutes;
    *units = asset == NULL ? *units : a->spent;
    *requests = a->requests;
}

static void told(void *ctx, int rule, const char *name, bool allow, bool fits,
                 const char *why)
{
    (void)ctx;
    (void)printf("  rule %d \"%s\" (%s): %s%s\n", rule + 1, name,
                 allow ? "allow" : "deny",
                 fits ? "fits" : "does not fit: ", fits ? "" : why);
}

static enum cs_err numbers(struct assumed *a, struct cs_policy_ask *ask,
                           const struct options *o, struct cs_why *why)
{
    uint64_t at = (uint64_t)cs_os_wall_ms();

    if ((o->at != NULL && cs_u64_parse(&at, o->at) != CS_OK) || at > INT64_MAX ||
        (o->spent != NULL && cs_num_parse(&a->spent, o->spent) != CS_OK) ||
        (o->requests != NULL && cs_u64_parse(&a->requests, o->requests) != CS_OK)) {
        return cs_why(why, CS_ERR_USAGE,
                      "--at, --spent and --requests must be decimal digits");
    }
    ask->wall_ms = (int64_t)at;
    if ((o->key != NULL && cs_uuid_parse(ask->key_id, o->key) != CS_OK) ||
        (o->quorum != NULL && cs_uuid_parse(ask->quorum_id, o->quorum) != CS_OK)) {
        return cs_why(why, CS_ERR_USAGE, "--key and --quorum must be UUIDs");
    }
    ask->path = o->path == NULL ? "" : o->path;
    return CS_OK;
}

static int judge(const struct cs_policy *p, const struct options *o)
{
    struct cs_policy_ask ask = {.path = ""};
    struct cs_policy_verdict v;
    struct assumed assumed = {{{0}}, 0};
    struct cs_policy_past past = {&assumed, sum};
    struct cs_chain_tx tx = {0};
    struct cs_why why = {""};
    enum cs_err err = numbers(&assumed, &ask, o, &why);
    char units[CS_NUM_TEXT];

    if (err == CS_OK) {
        err = prepare(&tx, &ask, o, &why);
    }
    if (err != CS_OK) {
        cs_chain_tx_free(&tx);
        return complain(err, why.text);
    }
    ask.tx = &tx;
    (void)printf("request: %s\n", tx.text);
    (void)printf(
        "  assumed of every window: %s units and %llu requests before (--spent, "
        "--requests)\n",
        cs_num_text(units, &assumed.spent), (unsigned long long)assumed.requests);
    cs_policy_judge(p, &ask, &past, &v, told, NULL);
    (void)printf("%s: %s\n", v.allowed ? "ALLOWED" : "REFUSED", v.why);
    cs_chain_tx_free(&tx);
    return v.allowed ? 0 : cs_err_exit(CS_ERR_POLICY_REFUSED);
}

static int check(struct options *o)
{
    struct cs_policy *p;
    struct cs_why why = {""};
    char hex[65];
    enum cs_err err = cs_rules_read(&p, o->file, &why);
    int code = 0;

    if (err != CS_OK) {
        return complain(err, why.text);
    }
    (void)printf("%s: valid, %zu rules, SHA-256 %s\n", o->file, cs_policy_rules(p),
                 cs_hex(hex, cs_policy_hash(p), 32));
    for (size_t i = 0; cs_policy_remark(p, i) != NULL; i++) {
        (void)printf("warning: %s\n", cs_policy_remark(p, i));
    }
    err = o->request_file != NULL ? read_request(o, &why) : CS_OK;
    if (err != CS_OK) {
        code = complain(err, why.text);
    } else if (o->tx != NULL) {
        code = judge(p, o);
    }
    cs_policy_free(p);
    json_decref(o->request);
    return code;
}

static int reload(void)
{
    struct cs_wr text = {.max = 2 * ASK_ANSWER_MAX};
    int code = 0;
    json_t *o = ask_node(CS_SPAN_LIT("{\"cmd\":\"policy.reload\"}"), &text, &code);

    if (o != NULL && json_is_true(json_object_get(o, "ok"))) {
        ask_print("policy", ask_str(o, "policyHash"));
        ask_print("before", ask_str(o, "before"));
    } else if (o != NULL) {
        code = complain(cs_err_from_reason(ask_str(o, "reason")), ask_str(o, "text"));
    }
    json_decref(o);
    cs_wr_free(&text);
    return code;
}

int cli_policy(int argc, char **argv)
{
    struct options o = {.file = NULL};

    if (argc == 1 && strcmp(argv[0], "reload") == 0) {
        return reload();
    }
    return read_args(&o, argc, argv) ? check(&o) : complain(CS_ERR_USAGE, usage_text);
}
