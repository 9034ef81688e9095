#include "platform/core/wallet_policy.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/address_book.h"
#include "platform/core/flows.h"
#include "platform/core/limit_spent.h"
#include "platform/core/wallet_limits.h"
#include "policy/facts.h"

/* One look at one request. */
struct look {
    struct cs_platform_core *core;
    const json_t *wallet, *tx, *held; /* held: what the request has reserved already */
    struct cs_pc_tx open;
    struct cs_policy_ask ask;
    struct facts f;
    json_t *limits[CS_LIMITS_WALLET_MAX];
    struct cs_num sums[CS_LIMITS_WALLET_MAX]; /* of the transfers that fall under it */
    bool counts[CS_LIMITS_WALLET_MAX];
    size_t n_limits;
    bool has_list; /* allowListEnabled */
    char *why;
};

static bool refuse(struct look *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(struct look *l, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(l->why, CS_WALLET_POLICY_WHY, fmt, args);
    va_end(args);
    return false;
}

/* ---- what the payload does ---------------------------------------------- */

static bool is_text(const struct look *l)
{
    return l->open.kind == CS_CHAIN_KIND_PLAINTEXT;
}

/* Off-chain orders and sign-ins move assets, too: a text needs a limit that names it.
 */
static bool text_ok(struct look *l)
{
    for (size_t i = 0; i < l->n_limits; i++) {
        if (cs_matchers_name_texts(l->limits[i]) &&
            cs_matchers_fit(l->limits[i], l->tx, NULL)) {
            return true;
        }
    }
    return refuse(l, "PAL006.005: no limit of this wallet is for texts: add one with "
                     "the matcher TRANSACTION_TYPE PLAINTEXT, or sign it with a wallet "
                     "without limits and allow list");
}

static bool is_clear(struct look *l)
{
    const struct cs_chain_tx *tx = &l->open.chain;

    if (l->open.kind == CS_CHAIN_KIND_DIGEST) {
        return refuse(l, "PAL006.005: nobody can say what a digest does, so a wallet "
                         "with limits or an allow list signs none");
    }
    if (tx->is_approval) {
        return refuse(l,
                      "PAL006.005: it lets somebody else take assets later, where no "
                      "limit would see it: a wallet with limits or an allow list "
                      "does not sign that");
    }
    if (l->open.kind == CS_CHAIN_KIND_TYPED_DATA || !l->f.is_sure) {
        return refuse(l, "PAL006.005: what it does with assets cannot be told for sure "
                         "(summaryIsComplete is false), so no limit or allow list can "
                         "hold it");
    }
    return true;
}

static bool open_tx(struct look *l)
{
    const char *reason = "";

    if (cs_pc_tx_open(&l->open, l->tx, &reason) != CS_OK) {
        return refuse(l, "PAL006.005: the payload does not read: %s", reason);
    }
    l->ask = (struct cs_policy_ask){
        .path = cs_pc_tx_path(l->tx), .kind = l->open.kind, .tx = &l->open.chain};
    cs_policy_facts(&l->f, &l->ask);
    return true;
}

/* ---- payees -------------------------------------------------------------- */

/* As the chain layer writes it; NULL: no more. */
static const char *payee_text(const struct look *l, size_t i)
{
    const struct cs_chain_tx *tx = &l->open.chain;

    if (tx->has_pays) {
        return i < tx->n_pays ? tx->pays[i].to : NULL;
    }
    return i == 0 ? tx->to : NULL;
}

static void find_payee(const struct look *l, const char *address, struct cs_payee *p)
{
    const struct cs_chain_tx *tx = &l->open.chain;

    cs_book_payee(l->core, tx->chain, address, tx->has_tag ? &tx->tag : NULL, p);
}

static bool listed(struct look *l, const char *address, const struct cs_payee *p)
{
    if (!l->has_list || p->book[0] != '\0' || p->wallet[0] != '\0') {
        return true;
    }
    if (address[0] == '\0') {
        return refuse(l, "POLICY_DESTINATION: it names no destination, and the wallet "
                         "pays only to its allow list");
    }
    return refuse(
        l,
        "POLICY_DESTINATION: %s is neither an enabled address of the address "
        "book on %s nor an own wallet: add it, or switch allowListEnabled off",
        address, cs_chain_name(l->open.chain.chain));
}

/* ---- amounts ------------------------------------------------------------- */

/* Cuts what stands behind `decimals` digits off; true: something was lost. */
static bool cut_digits(char text[CS_CHAIN_AMOUNT_MAX], unsigned decimals)
{
    char *point = strchr(text, '.');
    bool lost = false;

    if (point == NULL || strlen(point + 1) <= decimals) {
        return false;
    }
    for (char *p = point + 1 + decimals; *p != '\0'; p++) {
        lost = lost || *p != '0';
    }
    point[decimals == 0 ? 0 : 1 + decimals] = '\0';
    return lost;
}

/* Whole units at this scale, rounded up; what does not fit is the largest number. */
static struct cs_num whole_up(const char *amount, unsigned decimals)
{
    char text[CS_CHAIN_AMOUNT_MAX];
    struct cs_num n, one = {{1}};
    bool lost;

    (void)snprintf(text, sizeof text, "%s", amount);
    lost = cut_digits(text, decimals);
    if (cs_num_parse_whole(&n, text, decimals) != CS_OK) {
        return cs_num_max();
    }
    return lost ? cs_num_add(n, one) : n;
}

/* The i-th payment in the limit's own unit. */
static bool amount_of(struct look *l, const json_t *limit, size_t i, struct cs_num *out)
{
    const struct cs_chain_tx *tx = &l->open.chain;
    unsigned scale = (unsigned)cs_js_num(limit, "_scale");
    struct cs_num whole;

    if (tx->has_pays) {
        return cs_num_parse(out, tx->pays[i].units) == CS_OK;
    }
    if (!l->f.has_units) {
        *out = whole_up(tx->amount, scale);
        return tx->amount[0] != '\0';
    }
    *out = l->f.units;
    return json_object_get(limit, "decimals") == NULL || tx->amount[0] == '\0' ||
           (cs_num_parse_whole(&whole, tx->amount, scale) == CS_OK &&
            cs_num_cmp(&whole, out) == 0);
}

static bool add_payment(struct look *l, const char *address, const struct cs_payee *p,
                        size_t i)
{
    bool covered = false;

    for (size_t k = 0; k < l->n_limits; k++) {
        const json_t *limit = l->limits[k];
        struct cs_num n;

        if (!cs_js_is(limit, "_asset", l->f.asset) ||
            !cs_matchers_fit(limit, l->tx, p)) {
            continue;
        }
        if (!amount_of(l, limit, i, &n)) {
            return refuse(l,
                          "PAL006.005: its amount cannot be told in the unit of "
                          "limit %s (decimals)",
                          cs_js_text(limit, "id"));
        }
        l->sums[k] = cs_num_add(l->sums[k], n);
        l->counts[k] = covered = true;
    }
    if (!covered && l->n_limits > 0) {
        return refuse(l,
                      "PAL006.005: no limit of this wallet allows %s to be paid to %s "
                      "by this request: add one, or change its matchers",
                      l->open.chain.asset[0] == '\0' ? "this asset"
                                                     : l->open.chain.asset,
                      address[0] == '\0' ? "nobody in particular" : address);
    }
    return true;
}

/* Every payment on its own; several of one payload add up. */
static bool add_payments(struct look *l)
{
    const char *address;

    if (!l->open.chain.has_pays && l->f.asset[0] == '\0' && l->n_limits > 0) {
        return refuse(l, "PAL006.005: which asset it moves cannot be told, and the "
                         "wallet has limits");
    }
    for (size_t i = 0; (address = payee_text(l, i)) != NULL; i++) {
        struct cs_payee p;

        find_payee(l, address, &p);
        if (!listed(l, address, &p) || !add_payment(l, address, &p, i)) {
            return false;
        }
    }
    return true;
}

/* ---- limits --------------------------------------------------------------- */

static bool is_per_tx(const json_t *limit)
{
    return cs_js_is(limit, "limitType", "PER_TX");
}

static bool fee_ok(struct look *l, const json_t *limit)
{
    struct cs_num most;

    if (cs_js_text(limit, "_fee")[0] == '\0') {
        return true;
    }
    if (cs_num_parse(&most, cs_js_text(limit, "_fee")) == CS_OK && l->f.has_fee &&
        cs_num_cmp(&l->f.fee, &most) <= 0) {
        return true;
    }
    return refuse(l, "POLICY_LIMIT: the fee is %s, and limit %s allows at most %s",
                  l->f.has_fee ? l->open.chain.fee : "not known",
                  cs_js_text(limit, "id"), cs_js_text(limit, "feeQtyLimit"));
}

static bool over(struct look *l, const json_t *limit)
{
    const char *qty = cs_js_text(limit, "limitQty"),
               *symbol = cs_js_text(json_object_get(limit, "asset"), "symbol");

    if (is_per_tx(limit)) {
        return refuse(l,
                      "POLICY_LIMIT: it moves more than the %s %s that one transaction "
                      "may move (limit %s)",
                      qty, symbol, cs_js_text(limit, "id"));
    }
    if (cs_js_num(limit, "_ms") == 0) {
        return refuse(l,
                      "POLICY_LIMIT: with it more than %s %s would have left in all "
                      "(limit %s)",
                      qty, symbol, cs_js_text(limit, "id"));
    }
    return refuse(l,
                  "POLICY_LIMIT: with it more than %s %s would leave within %s (limit "
                  "%s): wait, or ask for less",
                  qty, symbol, cs_js_text(limit, "duration"), cs_js_text(limit, "id"));
}

static bool limit_ok(struct look *l, size_t k)
{
    const json_t *limit = l->limits[k];
    struct cs_num qty, sum = l->sums[k], spent;

    if (!l->counts[k]) { /* a fee is lost whatever is paid to whom */
        return fee_ok(l, limit);
    }
    if (cs_num_parse(&qty, cs_js_text(limit, "_qty")) != CS_OK) {
        return refuse(l, "POLICY_LIMIT: limit %s does not read",
                      cs_js_text(limit, "id"));
    }
    if (!is_per_tx(limit)) {
        spent = cs_spent_sum(l->core, limit, l->held);
        sum = cs_num_add(sum, spent);
    }
    return cs_num_cmp(&sum, &qty) <= 0 ? fee_ok(l, limit) : over(l, limit);
}

static bool limits_ok(struct look *l)
{
    for (size_t k = 0; k < l->n_limits; k++) {
        if (!limit_ok(l, k)) {
            return false;
        }
    }
    return true;
}

/* ---- entry ---------------------------------------------------------------- */

static void begin(struct look *l, struct cs_platform_core *core, const json_t *wallet,
                  const json_t *tx, char *why)
{
    memset(l, 0, sizeof *l);
    l->core = core;
    l->wallet = wallet;
    l->tx = tx;
    l->held = json_object_get(json_object_get(tx, "_policy"), "held");
    l->why = why;
    why[0] = '\0';
    l->has_list = cs_js_true(json_object_get(wallet, "settings"), "allowListEnabled");
    l->n_limits = cs_limits_of(core, cs_js_text(wallet, "id"), l->limits);
}

static void end(struct look *l)
{
    for (size_t k = 0; k < l->n_limits; k++) {
        json_decref(l->limits[k]);
    }
    cs_pc_tx_free(&l->open);
}

static bool judge(struct look *l)
{
    if (l->n_limits == 0 && !l->has_list) {
        return true;
    }
    if (!open_tx(l)) {
        return false;
    }
    if (is_text(l)) {
        return text_ok(l);
    }
    return is_clear(l) && add_payments(l) && limits_ok(l);
}

/* What the request takes, at the time it may leave: a request that was approved for
 * long counts from when it is signed. */
static void reserve(struct look *l, json_t *tx)
{
    json_t *policy = cs_js_obj(), *held = cs_js_arr();

    cs_spent_back(l->core, l->held);
    for (size_t k = 0; k < l->n_limits; k++) {
        if (l->counts[k] && !is_per_tx(l->limits[k])) {
            cs_spent_add(l->core, l->limits[k], &l->sums[k], held);
        }
    }
    if (json_array_size(held) == 0) {
        json_decref(held);
        json_decref(policy);
        cs_js_del(tx, "_policy");
        return;
    }
    cs_js_set(policy, "held", held);
    cs_js_set(tx, "_policy", policy);
}

enum cs_wallet_policy cs_wallet_policy_check(struct cs_platform_core *core,
                                             const json_t *wallet, json_t *tx,
                                             char why[CS_WALLET_POLICY_WHY])
{
    struct look l;
    bool ok;

    begin(&l, core, wallet, tx, why);
    ok = judge(&l);
    if (ok) {
        reserve(&l, tx);
    }
    end(&l);
    return ok ? CS_WALLET_POLICY_PASS : CS_WALLET_POLICY_REFUSE;
}

enum cs_wallet_policy cs_wallet_policy_look(struct cs_platform_core *core,
                                            const json_t *wallet, const json_t *tx,
                                            char why[CS_WALLET_POLICY_WHY])
{
    struct look l;
    bool ok;

    begin(&l, core, wallet, tx, why);
    ok = judge(&l);
    end(&l);
    return ok ? CS_WALLET_POLICY_PASS : CS_WALLET_POLICY_REFUSE;
}

void cs_wallet_policy_end(struct cs_platform_core *core, json_t *tx)
{
    const json_t *policy = json_object_get(tx, "_policy");

    if (policy == NULL || cs_js_num(json_object_get(tx, "_sign"), "attempt") > 0) {
        return; /* a signature may exist, whatever became of the request */
    }
    cs_spent_back(core, json_object_get(policy, "held"));
    cs_js_del(tx, "_policy");
}
