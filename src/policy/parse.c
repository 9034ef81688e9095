/* From the text of a policy file to its rules; strict: what is not understood is
 * refused (a rule with a word that is skipped would allow more than its author meant).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain/text.h"
#include "crypto/hash.h"
#include "policy/impl.h"
#include "wire/jsonx.h"

/* ---- entries of lists --------------------------------------------------------- */

static bool same(char out[CS_CHAIN_ADDRESS_MAX], const char *text)
{
    return (size_t)snprintf(out, CS_CHAIN_ADDRESS_MAX, "%s", text) <
           CS_CHAIN_ADDRESS_MAX;
}

static bool is_uuid(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                    const char *text)
{
    uint8_t id[16];

    (void)rule;
    if (cs_uuid_parse(id, text) != CS_OK) {
        return false;
    }
    (void)cs_uuid_text(out, id);
    return true;
}

static bool is_path(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                    const char *text)
{
    const char *p = text;

    (void)rule;
    while (*p != '\0') { /* as nodes spell it, or it would fit nothing */
        size_t n = strspn(p, "0123456789");

        if (n == 0 || n > 10 || (n > 1 && *p == '0')) {
            return false;
        }
        p += n;
        if (*p == '/' && p[1] != '\0') {
            p++;
        } else if (*p != '\0') {
            return false;
        }
    }
    return same(out, text);
}

static bool is_chain(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                     const char *text)
{
    (void)rule;
    return cs_chain_by_name(text) != NULL && same(out, text);
}

static bool is_kind(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                    const char *text)
{
    enum cs_chain_kind kind;

    (void)rule;
    return cs_chain_kind_parse(&kind, text) && same(out, text);
}

/* A summary cuts long types (of Cosmos): a deny rule then means all that begin so, and
 * an allow rule cannot have one. */
static bool is_type(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                    const char *text)
{
    enum { TYPE_MAX = sizeof((struct cs_chain_tx *)NULL)->kind - 1 };

    return text[0] != '\0' && (!rule->allow || strlen(text) < TYPE_MAX) &&
           (cs_text_copy(out, TYPE_MAX + 1, text) || !rule->allow);
}

static bool is_number(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                      const char *text)
{
    uint64_t v;

    (void)rule;
    if (cs_u64_parse(&v, text) != CS_OK) {
        return false;
    }
    (void)snprintf(out, CS_CHAIN_ADDRESS_MAX, "%llu", (unsigned long long)v);
    return true;
}

static bool is_address(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                       const char *text)
{
    return cs_policy_address(out, &rule->blockchains, text);
}

static bool is_selector(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                        const char *text)
{
    uint8_t four[4];

    (void)rule;
    if (cs_unhex(four, sizeof four, strncmp(text, "0x", 2) == 0 ? text + 2 : text) !=
        CS_OK) {
        return false;
    }
    (void)cs_hex(out, four, sizeof four);
    return true;
}

/* ---- one rule ----------------------------------------------------------------- */

static const char *const rule_words[] = {
    "name",        "action",    "keys",      "quorums", "paths",
    "blockchains", "chainIds",  "kinds",     "types",   "destinations",
    "contracts",   "selectors", "atMost",    "above",   "windows",
    "rates",       "feeAtMost", "approvals", "hours",   "comment"};

static void read_lists(struct reader *r, const json_t *o, struct rule *u)
{
    cs_policy_list(r, &u->keys, o, "keys", u, is_uuid, "the id of a key, a UUID");
    cs_policy_list(r, &u->quorums, o, "quorums", u, is_uuid,
                   "the id of a quorum, a UUID");
    cs_policy_list(r, &u->paths, o, "paths", u, is_path, "a path like \"\" or \"0/5\"");
    cs_policy_list(r, &u->blockchains, o, "blockchains", u, is_chain,
                   "a blockchain as the API names it, like \"ETHEREUM\"");
    cs_policy_list(r, &u->chain_ids, o, "chainIds", u, is_number,
                   "a chain id as digits in quotes");
    cs_policy_list(r, &u->kinds, o, "kinds", u, is_kind,
                   "RAW, PLAINTEXT, TYPED_DATA or DIGEST");
    cs_policy_list(r, &u->types, o, "types", u, is_type,
                   "a type as the summary has it, like \"transfer\" (in an allow rule "
                   "of at most 46 bytes: longer ones are cut)");
    cs_policy_list(r, &u->destinations, o, "destinations", u, is_address,
                   "an address of the rule's \"blockchains\" (XRP_LEDGER: a classic "
                   "one, \"#tag\" behind it)");
    cs_policy_list(r, &u->contracts, o, "contracts", u, is_address,
                   "a contract's address on the rule's \"blockchains\"");
    cs_policy_list(r, &u->selectors, o, "selectors", u, is_selector,
                   "the 8 hex digits of a function");
}

static void read_approvals(struct reader *r, const json_t *o, struct rule *u)
{
    static const char *const words[] = {"include", "exclude", "only"};
    const json_t *v = json_object_get(o, "approvals");
    const char *s = json_string_value(v);

    for (size_t i = 0; v != NULL && s != NULL && i < CS_COUNTOF(words); i++) {
        if (strcmp(s, words[i]) == 0) {
            u->approvals = (enum approvals)(APPROVALS_INCLUDE + i);
        }
    }
    if (v != NULL && u->approvals == APPROVALS_DEFAULT) {
        cs_policy_bad(r, "\"approvals\" must be \"include\", \"exclude\" or \"only\"");
    }
}

/* Limits make sense in the rule that allows, "above" in the one that denies. */
static void check_sides(struct reader *r, const json_t *o, const struct rule *u)
{
    static const char *const allows[] = {"atMost", "windows", "rates", "feeAtMost"};

    for (size_t i = 0; !u->allow && i < CS_COUNTOF(allows); i++) {
        if (json_object_get(o, allows[i]) != NULL) {
            cs_policy_bad(r,
                          "\"%s\" belongs into an allow rule; a deny rule has "
                          "\"above\"",
                          allows[i]);
        }
    }
    if (u->allow && json_object_get(o, "above") != NULL) {
        cs_policy_bad(r, "\"above\" belongs into a deny rule; an allow rule has "
                         "\"atMost\"");
    }
}

static void read_head(struct reader *r, const json_t *o, struct rule *u)
{
    const char *name = json_string_value(json_object_get(o, "name"));
    const char *action = json_string_value(json_object_get(o, "action"));
    const json_t *comment = json_object_get(o, "comment");

    if (name == NULL || name[0] == '\0' || strlen(name) > 64) {
        cs_policy_bad(r, "\"name\" is required: 1 to 64 characters");
        return;
    }
    u->name = cs_policy_copy(r, name);
    if (comment != NULL && !json_is_string(comment)) {
        cs_policy_bad(r, "\"comment\" must be a text");
    }
    if (action == NULL ||
        (strcmp(action, "allow") != 0 && strcmp(action, "deny") != 0)) {
        cs_policy_bad(r, "\"action\" must be \"allow\" or \"deny\"");
        return;
    }
    u->allow = strcmp(action, "allow") == 0;
}

static void read_rule(struct reader *r, const json_t *o, struct rule *u)
{
    if (!json_is_object(o)) {
        cs_policy_bad(r, "must be an object");
        return;
    }
    cs_policy_members(r, o, rule_words, CS_COUNTOF(rule_words));
    read_head(r, o, u);
    read_lists(r, o, u);
    read_approvals(r, o, u);
    check_sides(r, o, u);
    cs_policy_limits(r, o, u->allow ? "atMost" : "above", u, u->amounts, &u->n_amounts,
                     false);
    cs_policy_limits(r, o, "windows", u, u->windows, &u->n_windows, true);
    cs_policy_fee(r, o, u);
    cs_policy_rates(r, o, u);
    cs_policy_hours(r, o, u);
}

/* ---- remarks ------------------------------------------------------------------ */

enum { REMARKS_MAX = 64 };

static void remark(struct cs_policy *p, const struct rule *u, const char *text)
{
    if (p->n_remarks < REMARKS_MAX) {
        (void)snprintf(p->remarks[p->n_remarks++], sizeof p->remarks[0],
                       "rule \"%.64s\" %s", u->name, text);
    }
}

/* What reads like more than it does. */
static void look_at_reach(struct cs_policy *p, const struct rule *u, bool limited)
{
    if (u->allow && p->default_allow &&
        (limited || u->has_fee || u->n_rates != 0 || u->hours.set)) {
        remark(p, u,
               "limits nothing: what does not fit it is allowed by the default; say "
               "\"default\": \"deny\"");
    }
    if (u->allow && !limited && cs_policy_has(&u->kinds, "TYPED_DATA") &&
        u->approvals != APPROVALS_EXCLUDE) {
        remark(p, u,
               "allows typed data that lets others take tokens (permits): "
               "\"approvals\": \"exclude\" does not");
    }
    if (!u->allow && u->destinations.n != 0 &&
        cs_policy_has(&u->blockchains, "SOLANA")) {
        remark(p, u,
               "denies addresses of SOLANA: a token transfer names the payee's token "
               "account, so list that, too");
    }
}

static void look_at(struct cs_policy *p, const struct rule *u)
{
    bool limited = u->n_amounts != 0 || u->n_windows != 0 || u->destinations.n != 0;

    look_at_reach(p, u, limited);
    if (u->allow && limited && !u->has_fee) {
        remark(p, u, "does not limit the fee: a fee can be all the money there is");
    }
    if (u->allow && !limited && (u->kinds.n == 0 || cs_policy_has(&u->kinds, "RAW"))) {
        remark(p, u, "allows transactions of any amount to anybody");
    }
    if (u->allow && cs_policy_has(&u->kinds, "DIGEST")) {
        remark(p, u, "allows blind signatures: they can move everything");
    }
    for (size_t i = 0; i < u->n_windows; i++) {
        p->longest = u->windows[i].minutes > p->longest ? u->windows[i].minutes
                                                        : p->longest;
    }
    for (size_t i = 0; i < u->n_rates; i++) {
        p->longest = u->rates[i].minutes > p->longest ? u->rates[i].minutes
                                                      : p->longest;
    }
}

/* ---- the file ----------------------------------------------------------------- */

static void read_rules(struct reader *r, const json_t *o, struct cs_policy *p)
{
    const json_t *a = json_object_get(o, "rules");
    size_t n = json_array_size(a);

    if (!json_is_array(a) || n > CS_POLICY_RULES_MAX) {
        cs_policy_bad(r, "\"rules\" must be a list of at most %d rules",
                      CS_POLICY_RULES_MAX);
    }
    if (r->err != CS_OK || n == 0) {
        return;
    }
    p->rules = cs_alloc_array(n, sizeof *p->rules);
    p->remarks = cs_alloc_array(REMARKS_MAX, sizeof *p->remarks);
    if (p->rules == NULL || p->remarks == NULL) {
        r->err = cs_why(r->why, CS_ERR_NOMEM, "out of memory");
        return;
    }
    for (size_t i = 0; i < n && r->err == CS_OK; i++) {
        p->n_rules = i + 1;
        (void)snprintf(r->where, sizeof r->where, "rules[%zu]", i);
        read_rule(r, json_array_get(a, i), &p->rules[i]);
        if (r->err == CS_OK) {
            look_at(p, &p->rules[i]);
        }
    }
    r->where[0] = '\0';
}

static void check_names(struct reader *r, const struct cs_policy *p)
{
    for (size_t i = 0; r->err == CS_OK && i < p->n_rules; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(p->rules[i].name, p->rules[j].name) == 0) {
                cs_policy_bad(r, "rules[%zu]: the name \"%s\" is used twice", i,
                              p->rules[i].name);
            }
        }
    }
}

static void read_file(struct reader *r, const json_t *o, struct cs_policy *p)
{
    static const char *const words[] = {"version", "default", "rules", "comment"};
    const json_t *version = json_object_get(o, "version");
    const char *other = json_string_value(json_object_get(o, "default"));

    cs_policy_members(r, o, words, CS_COUNTOF(words));
    if (!json_is_integer(version) || json_integer_value(version) != 1) {
        cs_policy_bad(r, "\"version\" must be 1");
    }
    if (other == NULL || (strcmp(other, "allow") != 0 && strcmp(other, "deny") != 0)) {
        cs_policy_bad(r, "\"default\" is required: \"deny\" or \"allow\"");
        return;
    }
    p->default_allow = strcmp(other, "allow") == 0;
    read_rules(r, o, p);
    check_names(r, p);
}

/* Where the text is no JSON; jsonx says only that it is none. */
static enum cs_err say_line(struct cs_span text, enum cs_err err, const char *why,
                            struct cs_why *out)
{
    json_error_t e = {.line = -1};
    json_t *j = err == CS_ERR_BAD_TEXT ? json_loadb((const char *)text.p, text.n,
                                                    JSON_REJECT_DUPLICATES, &e)
                                       : NULL;

    if (err == CS_ERR_BAD_TEXT && j == NULL && e.line > 0) {
        return cs_why(out, err, "line %d, column %d: %.160s", e.line, e.column, e.text);
    }
    json_decref(j);
    return cs_why(out, err, "%s", why);
}

enum cs_err cs_policy_load(struct cs_policy **out, struct cs_span text,
                           struct cs_why *why)
{
    struct reader r = {.why = why};
    struct cs_policy *p;
    const char *sentence = "";
    json_t *j = NULL;
    enum cs_err err = cs_json_parse(&j, text, CS_POLICY_FILE_MAX, &sentence);

    *out = NULL;
    if (err != CS_OK) {
        return say_line(text, err, sentence, why);
    }
    p = cs_alloc(sizeof *p);
    if (p == NULL) {
        json_decref(j);
        return cs_why(why, CS_ERR_NOMEM, "out of memory");
    }
    cs_sha256(p->hash, text);
    read_file(&r, j, p);
    json_decref(j);
    if (r.err != CS_OK) {
        cs_policy_free(p);
        return r.err;
    }
    *out = p;
    return CS_OK;
}

void cs_policy_free(struct cs_policy *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->n_rules; i++) {
        cs_policy_rule_free(&p->rules[i]);
    }
    cs_free(p->rules);
    cs_free(p->remarks);
    cs_free(p);
}

const uint8_t *cs_policy_hash(const struct cs_policy *p)
{
    return p->hash;
}

size_t cs_policy_rules(const struct cs_policy *p)
{
    return p->n_rules;
}

uint32_t cs_policy_longest(const struct cs_policy *p)
{
    return p->longest;
}

const char *cs_policy_remark(const struct cs_policy *p, size_t i)
{
    return i < p->n_remarks ? p->remarks[i] : NULL;
}
