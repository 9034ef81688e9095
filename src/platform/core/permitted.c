/* GET .../policy-rules/permitted-destinations: whom a wallet may pay to.
 *
 * When every limit names destinations, theirs; else, with the allow list, all that it
 * allows; else anybody, which `restricted` (ours) says. */
#include <stdio.h>
#include <string.h>

#include "platform/core/wallet_limits.h"

enum { LOOK_MAX = 1000 };

static const char *const destination_types[] = {"ADDRESS_ID", "COUNTERPARTY_ID",
                                                "COUNTERPARTY", "WALLET_ID"};

static json_t *answer(json_t *items, uint64_t total, uint64_t next, bool restricted)
{
    json_t *o = cs_js_obj(), *filter = cs_js_obj();
    char token[17];

    if (next != 0) {
        (void)snprintf(token, sizeof token, "%016llx", (unsigned long long)next);
        cs_js_str(filter, "nextPageToken", token);
    }
    cs_js_int(filter, "total", (int64_t)total);
    cs_js_set(o, "filter", filter);
    cs_js_set(o, "destinations", items);
    cs_js_bool(o, "restricted", restricted);
    return o;
}

static void push(json_t *items, const char *id, const char *type)
{
    json_t *o = cs_js_obj();

    cs_js_str(o, "id", id);
    cs_js_str(o, "matcherType", type);
    cs_js_push(items, o);
}

/* ---- what limits name ---------------------------------------------------------- */

static bool is_there(const json_t *items, const char *id, const char *type)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *o = json_array_get(items, i);

        if (cs_js_is(o, "id", id) && cs_js_is(o, "matcherType", type)) {
            return true;
        }
    }
    return false;
}

/* false: it names none, so it does not restrict. */
static bool add_limit(json_t *items, const json_t *limit)
{
    bool any = false;

    for (size_t t = 0; t < CS_COUNTOF(destination_types); t++) {
        const json_t *values = cs_matcher_values(limit, destination_types[t]);

        any = any || values != NULL;
        for (size_t i = 0; i < json_array_size(values); i++) {
            const char *id = json_string_value(json_array_get(values, i));

            if (!is_there(items, id, destination_types[t])) {
                push(items, id, destination_types[t]);
            }
        }
    }
    return any;
}

/* All of them, owned; NULL: limits do not restrict. */
static json_t *of_limits(struct cs_api *a, const json_t *wallet)
{
    json_t *limits[CS_LIMITS_WALLET_MAX], *items = cs_js_arr();
    size_t n = cs_limits_of(a->core, cs_js_text(wallet, "id"), limits);
    bool all = n > 0;

    for (size_t i = 0; i < n; i++) {
        all = add_limit(items, limits[i]) && all;
        json_decref(limits[i]);
    }
    if (!all) {
        json_decref(items);
        return NULL;
    }
    return items;
}

static json_t *cut(json_t *all, size_t size, uint64_t after)
{
    size_t total = json_array_size(all);
    json_t *items = cs_js_arr();
    uint64_t i = after;

    for (; i < total && json_array_size(items) < size; i++) {
        cs_js_push(items, json_incref(json_array_get(all, (size_t)i)));
    }
    json_decref(all);
    return answer(items, total, i < total ? i : 0, true);
}

/* ---- what the allow list allows -------------------------------------------------- */

/* Entries of the book and own wallets, both in the one order of creation. */
struct merge {
    struct cs_pc_walk book, wallets;
    bool has_book, has_wallet;
};

static void step(struct cs_platform_core *core, struct merge *m, bool book)
{
    if (book) {
        m->has_book = cs_pc_walk_next(core, &m->book);
    } else {
        m->has_wallet = cs_pc_walk_next(core, &m->wallets);
    }
}

static bool is_provisioned(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *rec = cs_pc_get(core, CS_PC_WALLET, id);
    bool ok = cs_js_is(rec, "status", "PROVISIONED");

    json_decref(rec);
    return ok;
}

static json_t *of_list(struct cs_api *a, const char *chain, size_t size, uint64_t after)
{
    const struct cs_pc_scope scope = cs_pc_scope(chain, "");
    struct merge m = {
        .book = {.kind = CS_IX_ADDRESSES_CHAIN, .scope = scope, .after = after},
        .wallets = {.kind = CS_IX_WALLETS_CHAIN, .scope = scope, .after = after}};
    json_t *items = cs_js_arr();
    size_t looked = 0;

    step(a->core, &m, true);
    step(a->core, &m, false);
    while ((m.has_book || m.has_wallet) && json_array_size(items) < size &&
           looked++ < LOOK_MAX) {
        bool book = m.has_book && (!m.has_wallet || m.book.after < m.wallets.after);
        const struct cs_pc_walk *w = book ? &m.book : &m.wallets;
        char id[CS_UUID_LEN];

        after = w->after;
        if (book || is_provisioned(a->core, w->id)) {
            push(items, cs_uuid_text(id, w->id), book ? "ADDRESS_ID" : "WALLET_ID");
        }
        step(a->core, &m, book);
    }
    return answer(items,
                  cs_pc_index_count(a->core, CS_IX_ADDRESSES_CHAIN, scope) +
                      cs_pc_index_count(a->core, CS_IX_WALLETS_CHAIN, scope),
                  m.has_book || m.has_wallet ? after : 0, true);
}

json_t *cs_api_permitted(struct cs_api *a)
{
    json_t *wallet = cs_api_wallet_record(a), *named, *o;
    uint64_t after;
    size_t size;

    if (wallet == NULL || !cs_api_page_args(a, &size, &after)) {
        json_decref(wallet);
        return NULL;
    }
    named = of_limits(a, wallet);
    if (named != NULL) {
        o = cut(named, size, after);
    } else if (cs_js_true(json_object_get(wallet, "settings"), "allowListEnabled")) {
        o = of_list(a, cs_js_text(wallet, "blockchain"), size, after);
    } else {
        o = answer(cs_js_arr(), 0, 0, false);
    }
    json_decref(wallet);
    return o;
}
