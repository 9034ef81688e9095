/* Chains that this program knows (chain.h) and their native assets, under the vendor's
 * paths: GET /v2/blockchains and /v2/assets, POST ...:list of both, one of each by its
 * id, and GET /v2/info/supported-assets.  All of it is constant. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "chain/chain.h"
#include "platform/core/api.h"

enum { PAGE_MAX = 1000, TERM_MAX = 2 * CS_API_NAME, PARAM_MAX = 64 };

/* What a list has to have; "" is anything. */
struct want {
    char term[TERM_MAX + 1]; /* in the chain's word, name or symbol */
    char name[TERM_MAX + 1]; /* in the name */
    char chain[32];
    size_t size;
    uint64_t after;
};

/* ---- what is asked for ----------------------------------------------------- */

/* A member that is passed over would give a wrong list. */
static bool has_only(struct cs_api *a, const json_t *o, const char *field,
                     const char *words, const char *first, const char *second)
{
    const char *name;
    json_t *v;

    if (o != NULL && !json_is_object(o)) {
        (void)cs_api_fail(a, CS_API_INVALID, field, "must be an object");
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)o, name, v)
    {
        if (strcmp(name, first) != 0 && strcmp(name, second) != 0) {
            (void)cs_api_fail(a, CS_API_INVALID, field,
                              "has only %s here: leave the rest out", words);
            return false;
        }
    }
    return true;
}

static bool copy_text(struct cs_api *a, const json_t *o, const char *member,
                      const char *field, char out[TERM_MAX + 1])
{
    const json_t *v = json_object_get(o, member);

    out[0] = '\0';
    if (v != NULL && !json_is_null(v) &&
        (!json_is_string(v) || json_string_length(v) > TERM_MAX)) {
        (void)cs_api_fail(a, CS_API_INVALID, field,
                          "must be a text of at most %d bytes", TERM_MAX);
        return false;
    }
    if (json_is_string(v)) {
        memcpy(out, json_string_value(v), json_string_length(v) + 1);
    }
    return true;
}

/* A number in a body, text in a query. */
static bool read_size(struct cs_api *a, const json_t *v, size_t *size)
{
    uint64_t n = PAGE_MAX;
    bool ok = true;

    if (json_is_string(v)) {
        ok = cs_u64_parse(&n, json_string_value(v)) == CS_OK;
    } else if (json_is_integer(v)) {
        ok = json_integer_value(v) > 0;
        n = ok ? (uint64_t)json_integer_value(v) : 0;
    } else {
        ok = v == NULL || json_is_null(v);
    }
    if (!ok || n == 0 || n > PAGE_MAX) {
        (void)cs_api_fail(a, CS_API_INVALID, "pagination.pageSize",
                          "must be a number from 1 to %d", PAGE_MAX);
        return false;
    }
    *size = (size_t)n;
    return true;
}

static bool read_pages(struct cs_api *a, const json_t *o, struct want *w)
{
    char token[TERM_MAX + 1];

    if (!has_only(a, o, "pagination", "'pageSize' and 'pageToken'", "pageSize",
                  "pageToken") ||
        !read_size(a, json_object_get(o, "pageSize"), &w->size) ||
        !copy_text(a, o, "pageToken", "pagination.pageToken", token)) {
        return false;
    }
    if (token[0] != '\0' && !cs_api_page_token(token, &w->after)) {
        (void)cs_api_fail(a, CS_API_INVALID, "pagination.pageToken",
                          "is not a token that a list returned");
        return false;
    }
    return true;
}

/* {search: {term}, filter: {name: {contains}}, pagination: {pageSize, pageToken}} */
static bool read_body(struct cs_api *a, const json_t *body, struct want *w)
{
    const json_t *search = json_object_get(body, "search"),
                 *filter = json_object_get(body, "filter"),
                 *name = json_object_get(filter, "name");

    return has_only(a, search, "search", "'term'", "term", "term") &&
           has_only(a, filter, "filter", "'name'", "name", "name") &&
           has_only(a, name, "filter.name", "'contains'", "contains", "contains") &&
           copy_text(a, search, "term", "search.term", w->term) &&
           copy_text(a, name, "contains", "filter.name.contains", w->name) &&
           read_pages(a, json_object_get(body, "pagination"), w);
}

/* "filter.name.contains" and a value -> {filter: {name: {contains: value}}}.  false: no
 * such name, or given twice. */
static bool put_path(json_t *o, const char *name, size_t n, const char *value)
{
    char part[PARAM_MAX];
    json_t *inside;

    for (;;) {
        const char *dot = memchr(name, '.', n);
        size_t k = dot == NULL ? n : (size_t)(dot - name);

        if (k == 0) {
            return false;
        }
        memcpy(part, name, k);
        part[k] = '\0';
        inside = json_object_get(o, part);
        if (dot == NULL) {
            if (inside == NULL) {
                cs_js_str(o, part, value);
            }
            return inside == NULL;
        }
        if (inside == NULL) {
            cs_js_set(o, part, cs_js_obj());
            inside = json_object_get(o, part);
        }
        if (!json_is_object(inside)) {
            return false;
        }
        o = inside;
        name += k + 1;
        n -= k + 1;
    }
}

/* The vendor's clients write the body of :list into the query of GET. */
static bool read_dotted(struct cs_api *a, json_t *body)
{
    char value[TERM_MAX + 1], name[PARAM_MAX];

    for (const char *p = a->http->query; *p != '\0';) {
        size_t n = strcspn(p, "&"), k = strcspn(p, "=&");

        if (k < n && memchr(p, '.', k) != NULL) {
            if (k >= sizeof name ||
                !cs_api_percent(value, sizeof value, p + k + 1, n - k - 1) ||
                !put_path(body, p, k, value)) {
                (void)snprintf(name, sizeof name, "%.*s",
                               (int)(k < sizeof name ? k : sizeof name - 1), p);
                (void)cs_api_fail(a, CS_API_INVALID, name,
                                  "is malformed, too long or given twice");
                return false;
            }
        }
        p += n + (p[n] == '&' ? 1 : 0);
    }
    return true;
}

static bool read_want(struct cs_api *a, struct want *w)
{
    char q[TERM_MAX + 1];
    json_t *body;
    bool ok;

    memset(w, 0, sizeof *w);
    if (strcmp(a->http->method, "POST") == 0) {
        return read_body(a, a->body, w);
    }
    body = cs_js_obj();
    ok = cs_api_query(a, "q", q, sizeof q) &&
         cs_api_query_chain(a, w->chain, sizeof w->chain) && read_dotted(a, body) &&
         read_body(a, body, w);
    json_decref(body);
    if (ok && q[0] != '\0') {
        memcpy(w->term, q, sizeof q);
    }
    return ok;
}

/* ---- what there is ----------------------------------------------------------- */

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

/* What people call the chain: mostly as its asset, but Ether is that of three. */
static const char *title_of(const struct cs_chain_info *c)
{
    static const char *const titles[][2] = {{"ETHEREUM", "Ethereum"},
                                            {"BASE", "Base"},
                                            {"ARBITRUM", "Arbitrum"},
                                            {"XRP_LEDGER", "XRP Ledger"},
                                            {"BNBCHAIN", "BNB Chain"}};

    for (size_t i = 0; i < CS_COUNTOF(titles); i++) {
        if (strcmp(c->name, titles[i][0]) == 0) {
            return titles[i][1];
        }
    }
    return c->asset_name;
}

/* V2BlockchainInfo.  Nothing is routed anywhere: we do not talk to chains. */
static json_t *chain_view(const struct cs_chain_info *c)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "id", c->name);
    cs_js_str(o, "name", title_of(c));
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

typedef json_t *view_fn(const struct cs_chain_info *c);

static bool is_wanted(const struct cs_chain_info *c, const struct want *w,
                      view_fn *view)
{
    const char *name = view == chain_view ? title_of(c) : c->asset_name;

    return c->is_built && (w->chain[0] == '\0' || strcmp(w->chain, c->name) == 0) &&
           (w->name[0] == '\0' || cs_text_has(name, w->name)) &&
           (w->term[0] == '\0' || cs_text_has(c->name, w->term) ||
            cs_text_has(name, w->term) || cs_text_has(c->symbol, w->term));
}

static json_t *all(const struct want *w, view_fn *view)
{
    json_t *items = cs_js_arr();

    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        if (is_wanted(cs_chain_at(i), w, view)) {
            cs_js_push(items, view(cs_chain_at(i)));
        }
    }
    return items;
}

static json_t *list(struct cs_api *a, const char *name, view_fn *view)
{
    json_t *o, *items, *pages;
    struct want w;

    if (!read_want(a, &w)) {
        return NULL;
    }
    items = all(&w, view);
    pages = cs_js_obj();
    o = cs_js_obj();
    cs_js_set(o, name, cs_api_slice(items, w.size, w.after, pages));
    cs_js_set(o, "pagination", pages);
    json_decref(items);
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

/* ---- one of them -------------------------------------------------------------- */

json_t *cs_api_blockchain_get(struct cs_api *a)
{
    const char *word = strrchr(a->http->path, '/');
    const struct cs_chain_info *c = word == NULL ? NULL : cs_chain_by_name(word + 1);

    if (c == NULL || !c->is_built) {
        return cs_api_fail(a, CS_API_NOT_FOUND, "blockchain",
                           "there is no such blockchain: see GET /v2/blockchains");
    }
    return chain_view(c);
}

json_t *cs_api_asset_get(struct cs_api *a)
{
    uint8_t id[CS_PC_ID];

    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        json_t *o = cs_chain_at(i)->is_built ? asset_view(cs_chain_at(i)) : NULL;

        if (cs_js_id(o, "id", id) && memcmp(id, a->param[0], sizeof id) == 0) {
            return o;
        }
        json_decref(o);
    }
    return cs_api_fail(a, CS_API_NOT_FOUND, "id",
                       "there is no such native asset: see GET /v2/assets; tokens are "
                       "read from the transaction");
}

/* Array<Commonv2Asset> */
json_t *cs_api_asset_array(struct cs_api *a)
{
    struct want w = {.size = PAGE_MAX};

    return cs_api_query_chain(a, w.chain, sizeof w.chain) ? all(&w, asset_view) : NULL;
}
