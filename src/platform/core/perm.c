#include "platform/core/perm.h"

#include <string.h>

#include "platform/core/rec.h"

/* The sets of roles that the table uses. */
enum {
    O = 1 << CS_ROLE_OWNER,
    OA = O | 1 << CS_ROLE_ADMINISTRATOR,
    OAP = OA | 1 << CS_ROLE_PROPOSER,
    OAPV = OAP | 1 << CS_ROLE_APPROVER,
    OAV = OA | 1 << CS_ROLE_APPROVER,
    OAU = OA | 1 << CS_ROLE_AUDITOR,
    OAPVU = OAPV | 1 << CS_ROLE_AUDITOR,
    ALL = OAPVU | 1 << CS_ROLE_VIEWER,
    STEP = 1 << 16, /* not a role */
};

static const struct {
    const char *word, *category, *text;
    unsigned roles;
} perms[CS_PERM_COUNT] = {
#define PERM_ROW(name, word, category, roles, text) {word, #category, text, roles},
    CS_PC_PERM_MAP(PERM_ROW)
#undef PERM_ROW
};

static const char *const role_words[CS_ROLE_COUNT] = {
    "OWNER", "ADMINISTRATOR", "PROPOSER", "APPROVER", "AUDITOR", "VIEWER"};

const char *cs_role_word(enum cs_role role)
{
    return role < CS_ROLE_COUNT ? role_words[role] : "";
}

bool cs_role_parse(enum cs_role *role, const char *word)
{
    for (unsigned i = 0; i < CS_ROLE_COUNT; i++) {
        if (strcmp(role_words[i], word) == 0) {
            *role = (enum cs_role)i;
            return true;
        }
    }
    return false;
}

bool cs_role_has(enum cs_role role, enum cs_pc_perm p)
{
    if (role >= CS_ROLE_COUNT) {
        return false;
    }
    return p == CS_PERM_ANY || p == CS_PERM_USER ||
           (p < CS_PERM_COUNT && (perms[p].roles >> role & 1U) != 0);
}

bool cs_roles_have(const json_t *roles, enum cs_pc_perm p)
{
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const char *word = json_string_value(json_array_get(roles, i));
        enum cs_role role;

        if (word != NULL && cs_role_parse(&role, word) && cs_role_has(role, p)) {
            return true;
        }
    }
    return false;
}

bool cs_perm_wants_step_up(enum cs_pc_perm p)
{
    return p < CS_PERM_COUNT && (perms[p].roles & STEP) != 0;
}

const char *cs_pc_perm_word(enum cs_pc_perm p)
{
    return p < CS_PERM_COUNT ? perms[p].word : "";
}

bool cs_pc_perm_parse(enum cs_pc_perm *p, const char *word)
{
    for (unsigned i = 0; i < CS_PERM_COUNT; i++) {
        if (strcmp(perms[i].word, word) == 0) {
            *p = (enum cs_pc_perm)i;
            return true;
        }
    }
    return false;
}

bool cs_pc_perm_known(const char *word)
{
    enum cs_pc_perm p;

    return cs_pc_perm_parse(&p, word) || strcmp(word, "*") == 0;
}

static bool has_word(const json_t *words, const char *word)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *w = json_string_value(json_array_get(words, i));

        if (w != NULL && (strcmp(w, "*") == 0 || strcmp(w, word) == 0)) {
            return true;
        }
    }
    return false;
}

bool cs_pc_perm_in(const json_t *words, enum cs_pc_perm p)
{
    return p == CS_PERM_ANY || (p < CS_PERM_COUNT && has_word(words, perms[p].word));
}

bool cs_pc_perm_all(const json_t *words)
{
    return has_word(words, "*");
}

static json_t *variants_of(const char *category)
{
    json_t *o = cs_js_obj();

    for (size_t i = 0; i < CS_PERM_COUNT; i++) {
        if (strcmp(perms[i].category, category) == 0) {
            cs_js_str(o, perms[i].word, perms[i].text);
        }
    }
    return o;
}

static json_t *words_of(enum cs_role role)
{
    json_t *list = cs_js_arr();

    for (unsigned p = 0; p < CS_PERM_COUNT; p++) {
        if (cs_role_has(role, (enum cs_pc_perm)p)) {
            cs_js_push_text(list, perms[p].word);
        }
    }
    return list;
}

json_t *cs_pc_perm_variants(void)
{
    json_t *o = cs_js_obj(), *roles = cs_js_obj();

    cs_js_set(o, "wallets", variants_of("WALLETS"));
    cs_js_set(o, "transactions", variants_of("TRANSACTIONS"));
    cs_js_set(o, "controls", variants_of("CONTROLS"));
    cs_js_set(o, "audit", variants_of("AUDIT"));
    for (unsigned r = 0; r < CS_ROLE_COUNT; r++) {
        cs_js_set(roles, role_words[r], words_of((enum cs_role)r));
    }
    cs_js_set(o, "roles", roles);
    return o;
}
