/* Inside of a policy: its rules as they stand in memory.  parse.c makes them, judge.c
 * reads them. */
#ifndef CS_POLICY_IMPL_H
#define CS_POLICY_IMPL_H

#include <jansson.h>

#include "policy/policy.h"

/* Texts in their normal form, sorted: a payload may have thousands of payees, and a
 * list a thousand addresses.  NULL items: not a condition. */
struct list {
    char **items;
    size_t n;
};
/* Where text stands, or has to stand. */
size_t cs_policy_place(const struct list *l, const char *text);
bool cs_policy_has(const struct list *l, const char *text);

/* An amount of one asset.  asset "native", "0xcontract", "USD.rIssuer"; text: as the
 * file has it.  is_whole: in whole units of the native asset, whose decimals depend on
 * the chain. */
struct limit {
    char *asset;
    char *text;
    bool is_whole;
    struct cs_num units; /* !is_whole */
    uint32_t minutes;    /* windows */
    enum cs_policy_per per;
};

struct rate {
    uint32_t max, minutes;
    enum cs_policy_per per;
};

struct hours {
    bool set;
    uint8_t days;      /* bit 0: Monday */
    uint16_t from, to; /* minutes of the day; from > to: over midnight */
    int16_t offset;    /* minutes east of UTC */
};

enum approvals {
    APPROVALS_DEFAULT,
    APPROVALS_INCLUDE,
    APPROVALS_EXCLUDE,
    APPROVALS_ONLY
};

struct rule {
    char *name;
    bool allow;
    struct list keys, quorums, paths, blockchains, chain_ids, kinds, types;
    struct list destinations, contracts, selectors;
    struct limit amounts[CS_POLICY_LIMITS_MAX]; /* allow: at most; deny: above */
    size_t n_amounts;
    struct limit windows[CS_POLICY_LIMITS_MAX];
    size_t n_windows;
    struct rate rates[CS_POLICY_LIMITS_MAX];
    size_t n_rates;
    struct limit fee; /* at most; native */
    bool has_fee;
    enum approvals approvals; /* payloads that let others take assets later */
    struct hours hours;
};

struct cs_policy {
    uint8_t hash[32];
    bool default_allow;
    struct rule *rules;
    size_t n_rules;
    uint32_t longest;
    char (*remarks)[192];
    size_t n_remarks;
};

/* parse_fields.c: readers of members of one rule; after the first error the rest does
 * nothing.  where: "rules[3]". */
struct reader {
    struct cs_why *why;
    enum cs_err err;
    char where[64];
};
void cs_policy_bad(struct reader *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *cs_policy_copy(struct reader *r, const char *text);
/* Every member must be one of the words. */
void cs_policy_members(struct reader *r, const json_t *o, const char *const *words,
                       size_t n);
/* How an entry is checked and spelt. */
typedef bool cs_policy_entry(char out[CS_CHAIN_ADDRESS_MAX], const struct rule *rule,
                             const char *text);
void cs_policy_list(struct reader *r, struct list *out, const json_t *o,
                    const char *name, const struct rule *rule, cs_policy_entry *entry,
                    const char *expects);
void cs_policy_limits(struct reader *r, const json_t *o, const char *name,
                      const struct rule *rule, struct limit *out, size_t *n,
                      bool is_window);
void cs_policy_fee(struct reader *r, const json_t *o, struct rule *rule);
void cs_policy_rates(struct reader *r, const json_t *o, struct rule *rule);
void cs_policy_hours(struct reader *r, const json_t *o, struct rule *rule);
void cs_policy_rule_free(struct rule *rule);

/* What the limit is on this chain; false: not to be said there. */
bool cs_policy_limit_on(const struct limit *l, enum cs_chain chain, struct cs_num *out);

/* normal.c: one spelling for each address (EVM and bech32 in lower case, CashAddr
 * without its prefix). */
void cs_policy_normal(char out[CS_CHAIN_ADDRESS_MAX], enum cs_chain chain,
                      const char *address);
/* Is it an address of one of the chains, on any of their networks?  XRP_LEDGER: classic
 * with "#tag" if wanted.  out: its normal form with the tag. */
bool cs_policy_address(char out[CS_CHAIN_ADDRESS_MAX], const struct list *blockchains,
                       const char *text);
/* Is it how an asset of one of the chains is named?  out: as cs_policy_asset spells it.
 * A name that no payload can have would make a rule that never looks at anything. */
bool cs_policy_asset_name(char out[2 * CS_CHAIN_ADDRESS_MAX],
                          const struct list *blockchains, const char *text);
/* The asset as a file names it: "native", a contract, "CODE.issuer". */
void cs_policy_asset(char out[2 * CS_CHAIN_ADDRESS_MAX], const struct cs_chain_tx *tx);

#endif
