#include "platform/core/perm.h"

#include <string.h>

#include "platform/core/rec.h"

static const struct {
    const char *word, *category, *text;
} perms[CS_PERM_COUNT] = {
#define PERM_ROW(name, word, category, text) {word, #category, text},
    CS_PC_PERM_MAP(PERM_ROW)
#undef PERM_ROW
};

const char *cs_pc_perm_word(enum cs_pc_perm p)
{
    return p < CS_PERM_COUNT ? perms[p].word : "";
}

bool cs_pc_perm_known(const char *word)
{
    for (size_t i = 0; i < CS_PERM_COUNT; i++) {
        if (strcmp(perms[i].word, word) == 0) {
            return true;
        }
    }
    return strcmp(word, "*") == 0;
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

bool cs_pc_perm_covers(const json_t *held, const json_t *asked, const char **missing)
{
    for (size_t i = 0; i < json_array_size(asked); i++) {
        *missing = json_string_value(json_array_get(asked, i));
        if (*missing != NULL && !has_word(held, *missing)) {
            return false;
        }
    }
    return true;
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

json_t *cs_pc_perm_variants(void)
{
    json_t *o = cs_js_obj();

    cs_js_set(o, "wallets", variants_of("WALLETS"));
    cs_js_set(o, "transactions", variants_of("TRANSACTIONS"));
    cs_js_set(o, "controls", variants_of("CONTROLS"));
    cs_js_set(o, "audit", variants_of("AUDIT"));
    return o;
}
