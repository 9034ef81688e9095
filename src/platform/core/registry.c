/* GET /v2/blockchains, /v2/assets and the vendor's POST ...:list of both: the chains
 * that this program knows (chain.h) and their native assets.  Constant, so lists are
 * whole: they have no further page. */
#include <string.h>

#include "base/text.h"
#include "chain/chain.h"
#include "platform/core/api.h"

/* What a list has to have in its name or id; "" is anything. */
struct want {
    char text[2 * CS_API_NAME + 1];
    char chain[32];
};

/* {search: {term}}, {filter: {..}}: of filters only name.contains and name.eq, since
 * one that is passed over would give a wrong list. */
static bool read_search(struct cs_api *a, struct want *w)
{
    json_t *search = json_object_get(a->body, "search"),
           *filter = json_object_get(a->body, "filter"), *name;
    const char *term = cs_js_text(search, "term");

    name = json_object_get(filter, "name");
    if (json_object_size(filter) > (name != NULL ? 1 : 0)) {
        (void)cs_api_fail(a, CS_API_INVALID, "filter",
                          "has only 'name' here, with 'contains': leave the rest out");
        return false;
    }
    term = name != NULL ? cs_js_text(name, "contains") : term;
    if (name != NULL && (json_object_size(name) != 1 || term[0] == '\0')) {
        (void)cs_api_fail(a, CS_API_INVALID, "filter.name", "has only 'contains' here");
        return false;
    }
    if (strlen(term) >= sizeof w->text) {
        (void)cs_api_fail(a, CS_API_INVALID, "search", "is too long");
        return false;
    }
    memcpy(w->text, term, strlen(term) + 1);
    return true;
}

static bool read_want(struct cs_api *a, struct want *w)
{
    memset(w, 0, sizeof *w);
    if (strcmp(a->http->method, "POST") == 0) {
        return read_search(a, w);
    }
    return cs_api_query(a, "q", w->text, sizeof w->text) &&
           cs_api_query(a, "blockchain", w->chain, sizeof w->chain);
}

static json_t *words(const char *first, bool has_first, const char *second,
                     bool has_second)
{
    json_t *list = cs_js_arr();

    if (has_first) {
        cs_js_push_text(list, first);
    }
    if (has_second) {
        cs_js_push_text(list, second);
    }
    return list;
}

/* V2BlockchainInfo.  Nothing is routed anywhere: we do not talk to chains. */
static json_t *chain_view(const struct cs_chain_info *c)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "id", c->name);
    cs_js_str(o, "name", c->asset_name);
    cs_js_str(o, "namespace", "");
    cs_js_str(o, "chainId", "");
    cs_js_set(o, "keystoreTypes", words("MPC", true, "", false));
    cs_js_set(o, "keyAlgorithms",
              words("SECP256K1", c->has_secp256k1, "ED25519", c->has_ed25519));
    cs_js_str(o, "routing", "");
    cs_js_str(o, "status", "RPC_ENDPOINT_TYPE_DISABLED");
    cs_js_bool(o, "supportsWalletConnect", false);
    cs_js_str(o, "symbol", c->symbol);
    cs_js_int(o, "decimals", c->decimals);
    cs_js_bool(o, "canSign", c->can_sign);
    return o;
}

static json_t *asset_view(const struct cs_chain_info *c)
{
    json_t *o = cs_tx_asset(c->name, "", "");

    cs_js_str(o, "name", c->asset_name);
    cs_js_bool(o, "enabled", c->can_sign);
    return o;
}

static bool is_wanted(const struct cs_chain_info *c, const struct want *w)
{
    return c->is_built && (w->chain[0] == '\0' || strcmp(w->chain, c->name) == 0) &&
           (w->text[0] == '\0' || cs_text_has(c->name, w->text) ||
            cs_text_has(c->asset_name, w->text) || cs_text_has(c->symbol, w->text));
}

static json_t *list(struct cs_api *a, const char *name,
                    json_t *(*view)(const struct cs_chain_info *))
{
    json_t *o, *items, *pages;
    struct want w;

    if (!read_want(a, &w)) {
        return NULL;
    }
    items = cs_js_arr();
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        if (is_wanted(cs_chain_at(i), &w)) {
            cs_js_push(items, view(cs_chain_at(i)));
        }
    }
    pages = cs_js_obj();
    cs_js_int(pages, "total", (int64_t)json_array_size(items));
    o = cs_js_obj();
    cs_js_set(o, name, items);
    cs_js_set(o, "pagination", pages);
    return o;
}

json_t *cs_api_blockchain_list(struct cs_api *a)
{
    return list(a, "blockchains", chain_view);
}

json_t *cs_api_asset_list(struct cs_api *a)
{
    return list(a, "assets", asset_view);
}
