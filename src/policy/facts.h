/* What is known of a request, worked out once for all rules. */
#ifndef CS_POLICY_FACTS_H
#define CS_POLICY_FACTS_H

#include "policy/impl.h"

struct facts {
    const struct cs_policy_ask *ask;
    char key[40], quorum[40], chain_id[24], selector[12];
    const char *chain, *kind;
    /* The summary tells everything that the payload does with assets; else what it does
     * is a guess that only a deny rule may use. */
    bool is_sure;
    bool moves_nothing; /* a text: nothing of it is about assets */
    bool has_units, has_fee;
    struct cs_num units, fee;
    char asset[2 * CS_CHAIN_ADDRESS_MAX]; /* "" unknown */
    char contract[CS_CHAIN_ADDRESS_MAX];  /* token, issuer or called contract */
    char to[CS_CHAIN_ADDRESS_MAX];        /* "" none, or several */
    struct cs_policy_spend spend;
};

void cs_policy_facts(struct facts *f, const struct cs_policy_ask *ask);
/* The i-th address that gets something, in normal form; false: there is none. */
bool cs_policy_payee(char out[CS_CHAIN_ADDRESS_MAX], const struct facts *f, size_t i);

#endif
