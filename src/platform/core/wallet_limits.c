/* Limits of wallets: PUT, GET, DELETE .../policy-rules/limits (api/palisade-v2.md). */
#include "platform/core/wallet_limits.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"
#include "platform/core/duration.h"
#include "platform/core/limit_spent.h"
#include "policy/impl.h"

enum {
    QTY_MAX = 96,
    DECIMALS_MAX = 38,
    DURATION_MAX_S = 366 * 86400,
};

static struct cs_pc_scope all_scope(void)
{
    return cs_pc_scope("", "");
}

static bool is_rolling(const char *type)
{
    return strcmp(type, "ROLLING_DURATION") == 0;
}

size_t cs_limits_of(struct cs_platform_core *core, const char *wallet_id,
                    json_t *out[CS_LIMITS_WALLET_MAX])
{
    struct cs_pc_walk w = {.kind = CS_IX_LIMITS_WALLET,
                           .scope = cs_pc_scope(wallet_id, "")};
    size_t n = 0;

    while (cs_pc_walk_next(core, &w)) {
        json_t *rec = cs_pc_get(core, CS_PC_LIMIT, w.id);

        if (rec != NULL && cs_js_true(rec, "active")) {
            CS_ASSERT(n < CS_LIMITS_WALLET_MAX); /* counted when it was made */
            out[n++] = rec;
        } else {
            json_decref(rec);
        }
    }
    return n;
}

/* ---- views ------------------------------------------------------------------ */

static json_t *plain_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    cs_approval_mark(a->core, CS_SOURCE_POLICY, o);
    return o;
}

/* Digits in the limit's own unit as whole units, without needless zeros. */
static void add_used(json_t *o, const struct cs_num *used, size_t scale)
{
    static const char zeros[] = "00000000000000000000000000000000000000";
    char digits[CS_NUM_TEXT], text[2 * CS_NUM_TEXT];
    size_t n = strlen(cs_num_text(digits, used)), whole = n > scale ? n - scale : 0;

    CS_ASSERT(scale < sizeof zeros);
    (void)snprintf(text, sizeof text, "%.*s.%.*s%s", whole == 0 ? 1 : (int)whole,
                   whole == 0 ? "0" : digits, whole == 0 ? (int)(scale - n) : 0, zeros,
                   digits + whole);
    n = strlen(text);
    while (text[n - 1] == '0') {
        n--;
    }
    text[text[n - 1] == '.' ? n - 1 : n] = '\0';
    cs_js_str(o, "usedQty", text);
}

static json_t *full_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = plain_view(a, rec);
    struct cs_num used;

    if (!cs_js_is(rec, "limitType", "PER_TX")) {
        used = cs_spent_sum(a->core, rec, NULL);
        add_used(o, &used, (size_t)cs_js_num(rec, "_scale"));
    }
    return o;
}

/* ---- what is wished for ------------------------------------------------------- */

static bool read_type(struct cs_api *a, json_t *o)
{
    const char *type = cs_jr_str(&a->in, "limitType", 32, false);
    const char *text = cs_jr_str_opt(&a->in, "duration", 64);
    bool has = text != NULL && text[0] != '\0';
    uint64_t s = 0;
    char shown[32];

    if (a->in.err == CS_OK && strcmp(type, "PER_TX") != 0 &&
        strcmp(type, "CONSTANT") != 0 && !is_rolling(type)) {
        cs_jr_fail(&a->in, "limitType", "must be PER_TX, CONSTANT or ROLLING_DURATION");
    }
    if (a->in.err == CS_OK && has != is_rolling(type)) {
        cs_jr_fail(&a->in, "duration",
                   "is the window of ROLLING_DURATION, and of no other type: seconds "
                   "(\"86400s\") or ISO 8601 (\"P1D\", \"PT12H\")");
    }
    if (a->in.err == CS_OK && has &&
        (!cs_duration_parse(&s, text) || s < 1 || s > DURATION_MAX_S)) {
        cs_jr_fail(&a->in, "duration",
                   "must be 1 second to 366 days: \"86400s\", \"P1D\", \"PT12H30M\"");
    }
    if (cs_api_bad_body(a)) {
        return false;
    }
    cs_js_str(o, "limitType", type);
    cs_js_int(o, "_ms", (int64_t)s * 1000);
    if (has) {
        (void)snprintf(shown, sizeof shown, "%llus", (unsigned long long)s);
        cs_js_str(o, "duration", shown);
    }
    return true;
}

/* The asset as cs_policy_asset spells that of a payload. */
static bool asset_key(struct cs_api *a, const struct cs_chain_info *info,
                      const char *symbol, const char *contract,
                      char out[2 * CS_CHAIN_ADDRESS_MAX])
{
    char name[2 * CS_CHAIN_ADDRESS_MAX], *item = (char *)(uintptr_t)info->name;
    const struct list chain = {&item, 1};
    bool issued = info->chain == CS_CHAIN_XRP_LEDGER || info->chain == CS_CHAIN_STELLAR;

    if (contract[0] == '\0') {
        (void)snprintf(out, 2 * CS_CHAIN_ADDRESS_MAX, "native");
        return strcmp(symbol, info->symbol) == 0 ||
               cs_api_fail(a, CS_API_INVALID, "symbol",
                           "must be %s, the native asset, or contract has to say which "
                           "token it is",
                           info->symbol) != NULL;
    }
    (void)snprintf(name, sizeof name, "%s%s%s", issued ? symbol : "", issued ? "." : "",
                   contract);
    return cs_policy_asset_name(out, &chain, name) ||
           cs_api_fail(
               a, CS_API_INVALID, "contract",
               "is no asset of %s: the token's contract or mint; with an issuer "
               "there, symbol is its currency code",
               info->name) != NULL;
}

/* In how many decimals the limit counts.  A payload does not say those of most tokens,
 * so without `decimals` the limit of one is in its smallest unit, as `qty` is. */
static bool read_scale(struct cs_api *a, const struct cs_chain_info *info,
                       const char *symbol, const char *contract, json_t *o)
{
    bool has = cs_jr_has(&a->in, "decimals");
    int64_t given = has ? cs_jr_int(&a->in, "decimals", 0, DECIMALS_MAX) : 0,
            fixed = -1;

    if (contract[0] == '\0') {
        fixed = info->decimals;
    } else if (info->chain == CS_CHAIN_STELLAR) {
        fixed = 7;
    } else if (info->chain == CS_CHAIN_XRP_LEDGER && strcmp(symbol, "MPT") != 0) {
        fixed = CS_LIMIT_ISSUED_SCALE;
        has = false; /* no payload has any to hold it against */
    }
    if (a->in.err == CS_OK && has && fixed >= 0 && given != fixed) {
        cs_jr_fail(&a->in, "decimals", "are fixed for this asset: leave them out");
    }
    if (cs_api_bad_body(a)) {
        return false;
    }
    if (has && fixed < 0) {
        cs_js_int(o, "decimals", given);
    }
    cs_js_int(o, "_scale", fixed >= 0 ? fixed : given);
    return true;
}

static bool read_asset(struct cs_api *a, const json_t *wallet, json_t *o)
{
    const char *symbol = cs_api_name(a, "symbol", 64);
    const char *contract = cs_api_name_opt(a, "contract", CS_CHAIN_ADDRESS_MAX - 1);
    const char *chain = cs_js_text(wallet, "blockchain");
    const struct cs_chain_info *info = cs_chain_by_name(chain);
    char key[2 * CS_CHAIN_ADDRESS_MAX];
    json_t *asset;

    contract = contract == NULL ? "" : contract;
    if (cs_api_bad_body(a) || info == NULL ||
        !asset_key(a, info, symbol, contract, key) ||
        !read_scale(a, info, symbol, contract, o)) {
        return false;
    }
    asset = cs_tx_asset(chain, symbol, contract);
    if (contract[0] != '\0' && cs_js_num(o, "_scale") != CS_LIMIT_ISSUED_SCALE) {
        cs_js_int(asset, "decimals", cs_js_num(o, "_scale"));
    }
    cs_js_set(o, "asset", asset);
    cs_js_str(o, "_asset", key);
    return true;
}

static bool read_qty(struct cs_api *a, json_t *o, const char *member, const char *as,
                     unsigned scale)
{
    const char *text = cs_jr_str(&a->in, member, QTY_MAX, false);
    char digits[CS_NUM_TEXT];
    struct cs_num n;

    if (cs_api_bad_body(a)) {
        return false;
    }
    if (cs_num_parse_whole(&n, text, scale) != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, member,
                          "must be a decimal number without sign and exponent, with at "
                          "most %u digits behind the point",
                          scale);
        return false;
    }
    cs_js_str(o, member, text);
    cs_js_str(o, as, cs_num_text(digits, &n));
    return true;
}

/* All members of the record that the body decides; owned. */
static json_t *read_wishes(struct cs_api *a, const json_t *wallet)
{
    const struct cs_chain_info *info = cs_chain_by_name(
        cs_js_text(wallet, "blockchain"));
    json_t *o = cs_js_obj(), *matchers;

    if (!read_type(a, o) || !read_asset(a, wallet, o) ||
        !read_qty(a, o, "limitQty", "_qty", (unsigned)cs_js_num(o, "_scale")) ||
        (cs_jr_has(&a->in, "feeQtyLimit") &&
         !read_qty(a, o, "feeQtyLimit", "_fee", info->decimals)) ||
        (matchers = cs_matchers_read(a, wallet)) == NULL) {
        json_decref(o);
        return NULL;
    }
    cs_js_set(o, "matchers", matchers);
    cs_js_str(o, "walletId", cs_js_text(wallet, "id"));
    cs_js_str(o, "vaultId", cs_js_text(wallet, "vaultId"));
    return o;
}

/* ---- creating ------------------------------------------------------------------- */

static bool is_same(const json_t *rec, const json_t *wishes)
{
    static const char *const names[] = {"limitType", "_ms",      "_asset",   "_scale",
                                        "_qty",      "matchers", "decimals", "_fee"};

    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        const json_t *x = json_object_get(rec, names[i]),
                     *y = json_object_get(wishes, names[i]);

        if (x != y && !json_equal(x, y)) {
            return false;
        }
    }
    return true;
}

/* PUT is the vendor's word for creating: the same limit is not made twice. */
static json_t *find_same(struct cs_api *a, const json_t *wallet, const json_t *wishes)
{
    struct cs_pc_walk w = {.kind = CS_IX_LIMITS_WALLET,
                           .scope = cs_pc_scope(cs_js_text(wallet, "id"), "")};

    while (cs_pc_walk_next(a->core, &w)) {
        json_t *rec = cs_pc_get(a->core, CS_PC_LIMIT, w.id);

        if (rec != NULL && is_same(rec, wishes) &&
            !cs_js_is(rec, "status", "LIMIT_REJECTED")) {
            return rec;
        }
        json_decref(rec);
    }
    return NULL;
}

static bool has_room(struct cs_api *a, const json_t *wallet)
{
    if (cs_pc_index_count(a->core, CS_IX_LIMITS_WALLET,
                          cs_pc_scope(cs_js_text(wallet, "id"), "")) >=
            CS_LIMITS_WALLET_MAX ||
        cs_pc_index_count(a->core, CS_IX_LIMITS, all_scope()) >= CS_LIMITS_MAX) {
        (void)cs_api_fail(a, CS_API_LIMIT, "",
                          "a wallet has at most %d limits, all wallets together %d: "
                          "delete one first",
                          CS_LIMITS_WALLET_MAX, CS_LIMITS_MAX);
    }
    return a->code == CS_API_OK;
}

static void index_limit(struct cs_platform_core *core, const json_t *rec, bool add)
{
    const struct cs_pc_scope wallet = cs_pc_scope(cs_js_text(rec, "walletId"), "");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(rec, "id", id));
    if (add) {
        cs_pc_index_add(core, CS_IX_LIMITS, all_scope(), seq, id);
        cs_pc_index_add(core, CS_IX_LIMITS_WALLET, wallet, seq, id);
    } else {
        cs_pc_index_del(core, CS_IX_LIMITS, all_scope(), seq);
        cs_pc_index_del(core, CS_IX_LIMITS_WALLET, wallet, seq);
    }
}

static void set_status(json_t *rec, const char *status, bool active)
{
    cs_js_str(rec, "status", status);
    cs_js_bool(rec, "active", active);
}

static json_t *create(struct cs_api *a, const json_t *wallet, json_t *wishes)
{
    bool waits = cs_approval_wanted(a->core, CS_SOURCE_POLICY, NULL);
    uint8_t id[CS_PC_ID];
    json_t *rec, *view = NULL;

    if (!has_room(a, wallet) ||
        (waits && !cs_approval_can_open(a, CS_SOURCE_POLICY, NULL))) {
        return NULL;
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    CS_ASSERT(json_object_update(rec, wishes) == 0);
    set_status(rec, waits ? "LIMIT_CREATION_APPROVAL_PENDING" : "LIMIT_ENABLED",
               !waits);
    if (!waits || cs_limit_approval_open(a, rec, CS_ACTION_CREATE,
                                         "A limit of a wallet is created")) {
        cs_pc_save(a->core, CS_PC_LIMIT, rec);
        index_limit(a->core, rec, true);
        view = full_view(a, rec);
    }
    json_decref(rec);
    return view;
}

json_t *cs_api_limit_put(struct cs_api *a)
{
    json_t *wallet = cs_api_wallet_record(a), *wishes = NULL, *rec, *view = NULL;

    if (wallet != NULL) {
        wishes = read_wishes(a, wallet);
    }
    if (wishes != NULL) {
        rec = find_same(a, wallet, wishes);
        view = rec != NULL ? full_view(a, rec) : create(a, wallet, wishes);
        json_decref(rec);
    }
    json_decref(wishes);
    json_decref(wallet);
    return view;
}

/* ---- reading --------------------------------------------------------------------- */

static json_t *limit_record(struct cs_api *a)
{
    json_t *wallet = cs_api_wallet_record(a), *rec = NULL;

    if (wallet != NULL) {
        rec = cs_api_record(a, CS_PC_LIMIT, 2, "limit");
    }
    if (rec != NULL && !cs_js_is(rec, "walletId", cs_js_text(wallet, "id"))) {
        json_decref(rec);
        rec = NULL;
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "",
                          "there is no such limit of this wallet");
    }
    json_decref(wallet);
    return rec;
}

json_t *cs_api_limit_get(struct cs_api *a)
{
    json_t *rec = limit_record(a);
    json_t *view = rec == NULL ? NULL : full_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_limit_list(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_LIMIT,
                            .kind = CS_IX_LIMITS_WALLET,
                            .name = "walletLimits",
                            .view = full_view};
    json_t *wallet = cs_api_wallet_record(a);

    if (wallet == NULL) {
        return NULL;
    }
    p.scope = cs_pc_scope(cs_js_text(wallet, "id"), "");
    json_decref(wallet);
    return cs_api_page(a, &p);
}

json_t *cs_api_limit_list_all(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_LIMIT,
                                  .kind = CS_IX_LIMITS,
                                  .scope = all_scope(),
                                  .name = "walletLimits",
                                  .view = plain_view};

    return cs_api_page(a, &p);
}

/* ---- deleting -------------------------------------------------------------------- */

static void drop(struct cs_platform_core *core, json_t *rec, const char *status)
{
    set_status(rec, status, false);
    cs_js_bool(rec, "_deleted", true);
    index_limit(core, rec, false);
    cs_spent_drop(core, rec);
    cs_pc_save(core, CS_PC_LIMIT, rec);
}

static void delete_now(struct cs_api *a, json_t *rec)
{
    if (cs_js_true(rec, "active") &&
        cs_approval_wanted(a->core, CS_SOURCE_POLICY, NULL)) {
        if (cs_limit_approval_open(a, rec, CS_ACTION_DELETE,
                                   "A limit of a wallet is deleted")) {
            set_status(rec, "LIMIT_DELETION_APPROVAL_PENDING", true); /* holds on */
            cs_pc_save(a->core, CS_PC_LIMIT, rec);
        }
        return;
    }
    cs_approval_withdraw(a->core, CS_SOURCE_POLICY, cs_js_text(rec, "id"),
                         "the limit was deleted");
    drop(a->core, rec, "LIMIT_DELETED");
}

json_t *cs_api_limit_delete(struct cs_api *a)
{
    json_t *rec = limit_record(a);
    bool waits = rec != NULL && cs_js_true(rec, "active") &&
                 cs_approval_blocks(a, CS_SOURCE_POLICY, cs_js_text(rec, "id"));

    if (rec != NULL && !waits) {
        delete_now(a, rec);
    }
    json_decref(rec);
    return a->code == CS_API_OK ? cs_js_obj() : NULL;
}

/* ---- what approvers decided ------------------------------------------------------ */

bool cs_limit_on_met(struct cs_platform_core *core, const json_t *set,
                     char why[CS_APPROVAL_WHY])
{
    json_t *rec;
    bool ok = true;

    if (cs_js_is(set, "action", "DISABLE")) {
        return cs_allow_list_on_met(core, set, why);
    }
    rec = cs_approval_record(core, CS_PC_LIMIT, set);
    if (rec != NULL && !cs_limit_approval_bound(set, rec, why)) {
        ok = false;
    } else if (rec != NULL &&
               cs_js_is(rec, "status", "LIMIT_CREATION_APPROVAL_PENDING")) {
        set_status(rec, "LIMIT_ENABLED", true);
        cs_pc_save(core, CS_PC_LIMIT, rec);
    } else if (rec != NULL &&
               cs_js_is(rec, "status", "LIMIT_DELETION_APPROVAL_PENDING")) {
        drop(core, rec, "LIMIT_DELETED");
    } else {
        ok = cs_approval_no(why, "the limit is gone or was decided already");
    }
    json_decref(rec);
    return ok;
}

void cs_limit_on_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *rec = cs_approval_record(core, CS_PC_LIMIT, set);

    if (rec != NULL && cs_js_is(rec, "status", "LIMIT_CREATION_APPROVAL_PENDING")) {
        set_status(rec, "LIMIT_REJECTED", false);
        cs_pc_save(core, CS_PC_LIMIT, rec);
    } else if (rec != NULL &&
               cs_js_is(rec, "status", "LIMIT_DELETION_APPROVAL_PENDING")) {
        set_status(rec, "LIMIT_ENABLED", true);
        cs_pc_save(core, CS_PC_LIMIT, rec);
    }
    json_decref(rec);
}
