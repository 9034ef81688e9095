/* The way of a signing request before it is offered (tx_path.h). */
#include "platform/core/tx_path.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "platform/core/approval_sources.h"
#include "platform/core/wallet_policy.h"

enum {
    AMOUNT_DECIMALS = 36
}; /* no asset has more; 60 digits are left before the point */

/* ---- does it need approval? ---------------------------------------------- */

bool cs_tx_path_amount(struct cs_num *out, const char *text)
{
    while (text[0] == '0' && text[1] >= '0' && text[1] <= '9') {
        text++; /* "09.50" */
    }
    return cs_num_parse_whole(out, text, AMOUNT_DECIMALS) == CS_OK;
}

/* Also when one is no amount: it waits for approvers then. */
static bool is_above(const char *a, const char *b)
{
    struct cs_num x, y;

    return !cs_tx_path_amount(&x, a) || !cs_tx_path_amount(&y, b) ||
           cs_num_cmp(&x, &y) > 0;
}

/* Addresses of EVM contracts are the same in any case. */
static bool same_contract(const char *a, const char *b)
{
    return strncmp(a, "0x", 2) == 0 ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

/* A fee is money that leaves, too.  feeQty says how much may; without it, the fee of
 * what pays the native asset may be as large as what is paid.  A token's amount says
 * nothing about it: a group without feeQty (of an earlier version: groups.c demands it)
 * lets no transfer of a token pass. */
static bool fee_is_below(const json_t *threshold, const char *fee)
{
    const char *most = cs_js_text(threshold, "feeQty");

    if (most[0] == '\0' && cs_js_text(threshold, "contract")[0] == '\0') {
        most = cs_js_text(threshold, "qty");
    }
    return most[0] != '\0' && !is_above(fee, most);
}

/* Below the threshold only when the payload says for sure that it is: one amount of
 * this very asset to one address, and nothing else but a fee that is bounded. */
static bool is_below(const json_t *threshold, const struct cs_pc_tx *t)
{
    const struct cs_chain_tx *c = &t->chain;

    if (t->kind != CS_CHAIN_KIND_RAW || !c->is_clear || c->is_approval ||
        c->amount[0] == '\0' || c->to[0] == '\0' || c->n_pays > 1) {
        return false;
    }
    if (!cs_js_is(threshold, "symbol", c->asset) ||
        !same_contract(cs_js_text(threshold, "contract"), c->contract)) {
        return false;
    }
    return !is_above(c->amount, cs_js_text(threshold, "qty")) &&
           fee_is_below(threshold, c->fee);
}

bool cs_tx_path_needs_approval(struct cs_platform_core *core, const json_t *tx,
                               const struct cs_pc_tx *t)
{
    const char *wallet = cs_js_text(tx, "walletId");
    const json_t *threshold;
    json_t *group;
    bool needs;

    if (!cs_approval_wanted(core, CS_SOURCE_TRANSACTION, wallet)) {
        return false;
    }
    group = cs_approval_group(core, CS_SOURCE_TRANSACTION, wallet);
    threshold = json_object_get(group, "threshold");
    needs = threshold == NULL || !is_below(threshold, t);
    json_decref(group);
    return needs;
}

bool cs_tx_path_ok(struct cs_api *a, const json_t *wallet, const json_t *tx,
                   const struct cs_pc_tx *t)
{
    uint8_t quorum[CS_PC_ID];

    if (!cs_js_id(tx, "_quorumId", quorum) || !cs_pc_sign_has_room(a->core, quorum)) {
        (void)cs_api_fail(a, CS_API_LIMIT, "", "too many requests of this quorum wait");
        return false;
    }
    return !cs_tx_path_needs_approval(a->core, tx, t) ||
           cs_approval_can_open(a, CS_SOURCE_TRANSACTION, cs_js_text(wallet, "id"));
}

/* ---- what approvers see ---------------------------------------------------- */

static void payload_hash(const struct cs_pc_tx *t, char out[65])
{
    uint8_t d[32];

    cs_sha256(d, cs_wr_get(&t->payload));
    (void)cs_hex(out, d, sizeof d);
}

/* What the nodes will sign, as they read it, and its hash: the same that their own
 * approvers are shown. */
static json_t *lines_of(const json_t *wallet, const json_t *tx,
                        const struct cs_pc_tx *t)
{
    const struct cs_chain_tx *c = &t->chain;
    json_t *lines = cs_js_arr();
    char text[CS_CHAIN_AMOUNT_MAX + 64], hash[65];

    cs_approval_line(lines, "Wallet", cs_js_text(wallet, "name"));
    cs_approval_line(lines, "Blockchain", cs_js_text(tx, "blockchain"));
    cs_approval_line(lines, "From", cs_js_text(tx, "originAddress"));
    cs_approval_line(lines, "Kind", cs_js_text(tx, "_kind"));
    cs_approval_line(lines, "What it does", c->text);
    cs_approval_line(lines, "Is that all",
                     c->is_clear ? "yes" : "no: it may do more than is shown");
    if (c->amount[0] != '\0') {
        (void)snprintf(text, sizeof text, "%s %s", c->amount, c->asset);
        cs_approval_line(lines, "Amount", text);
    }
    cs_approval_line(lines, "Contract", c->contract);
    cs_approval_line(lines, "To", c->to);
    cs_approval_line(lines, "Fee", c->fee);
    cs_approval_line(lines, "Memo", c->memo);
    payload_hash(t, hash);
    cs_approval_line(lines, "SHA-256 of the payload", hash);
    for (size_t i = 0; i < c->n_items && i < 4; i++) {
        if (c->items[i].message.n == 32) {
            (void)cs_hex(hash, c->items[i].message.p, 32);
            cs_approval_line(lines, "Signing hash", hash);
        }
    }
    (void)snprintf(text, sizeof text, "%zu", c->n_items);
    cs_approval_line(lines, "Signatures", text);
    return lines;
}

static json_t *open_set(struct cs_api *a, const json_t *wallet, const json_t *tx,
                        const struct cs_pc_tx *t)
{
    json_t *proposed = cs_js_obj(), *set;
    char hash[65], title[320];

    payload_hash(t, hash);
    cs_js_str(proposed, "payloadSha256", hash);
    (void)snprintf(title, sizeof title, "Sign %s of %s",
                   t->kind == CS_CHAIN_KIND_RAW      ? "a transaction"
                   : t->kind == CS_CHAIN_KIND_DIGEST ? "a digest, blindly,"
                                                     : "a message",
                   cs_js_text(wallet, "name"));
    set = cs_approval_open_with(a, CS_SOURCE_TRANSACTION, tx, CS_ACTION_CREATE,
                                proposed, title, lines_of(wallet, tx, t));
    json_decref(proposed);
    return set;
}

/* ---- ending ---------------------------------------------------------------- */

static void set_reason(json_t *tx, const char *reason, const char *text)
{
    json_t *reasons = cs_js_arr();
    char line[512];

    (void)snprintf(line, sizeof line, "%s%s%s", reason, reason[0] == '\0' ? "" : ": ",
                   text);
    cs_js_push_text(reasons, line);
    cs_js_set(tx, "reasons", reasons);
}

void cs_tx_path_end(struct cs_platform_core *core, json_t *tx, const char *status,
                    const char *reason, const char *text)
{
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", id));
    set_reason(tx, reason, text);
    cs_js_str(tx, "status", status);
    cs_pc_timer(core, tx, CS_TIMER_HELD, 0);
    cs_wallet_policy_end(core, tx);
    cs_pc_timeline(core, id, 0, status, text);
    cs_pc_save(core, CS_PC_TX, tx);
}

/* ---- going on -------------------------------------------------------------- */

bool cs_tx_path_waits(const json_t *tx)
{
    return cs_js_is(tx, "status", "POLICY_CHECK_PASSED") ||
           cs_js_is(tx, "status", "APPROVAL_CHECK_PENDING") ||
           cs_js_is(tx, "status", "APPROVAL_CHECK_PASSED");
}

static bool is_held(const json_t *tx)
{
    return cs_freeze_is(tx) && (cs_js_is(tx, "status", "POLICY_CHECK_PASSED") ||
                                cs_js_is(tx, "status", "APPROVAL_CHECK_PASSED"));
}

static void hold(struct cs_platform_core *core, json_t *tx)
{
    int64_t until = core->wall_ms + CS_FREEZE_MAX_S * INT64_C(1000);
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", id));
    cs_js_time(tx, "expiresAt", until);
    cs_pc_timer(core, tx, CS_TIMER_HELD, until);
    cs_pc_timeline(core, id, 0, "FROZEN",
                   "waits: somebody other than who asked has to unfreeze it");
    cs_pc_save(core, CS_PC_TX, tx);
}

static void sign(struct cs_platform_core *core, json_t *tx)
{
    int64_t items = cs_js_num(json_object_get(tx, "_sign"), "items");

    cs_pc_timer(core, tx, CS_TIMER_HELD, 0);
    cs_js_del(tx, "reasons");
    cs_pc_sign_start(core, tx, (size_t)items); /* saves it */
}

static json_t *wallet_of(struct cs_platform_core *core, const json_t *tx)
{
    uint8_t id[CS_PC_ID];

    return cs_js_id(tx, "walletId", id) ? cs_pc_get(core, CS_PC_WALLET, id) : NULL;
}

/* The permission to ask for it, whatever route or batch it came by. */
static enum cs_pc_perm perm_of(const json_t *tx)
{
    static const struct {
        const char *kind;
        enum cs_pc_perm perm;
    } rows[] = {{"PLAINTEXT", CS_PERM_TX_PLAINTEXT},
                {"TYPED_DATA", CS_PERM_TX_TYPED_DATA},
                {"DIGEST", CS_PERM_TX_DIGEST}};

    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        if (cs_js_is(tx, "_kind", rows[i].kind)) {
            return rows[i].perm;
        }
    }
    return CS_PERM_TX_RAW;
}

/* Who asked could still ask for it: waiting outlives nobody's rights. */
static bool maker_may(struct cs_platform_core *core, const json_t *tx,
                      char why[CS_APPROVAL_WHY])
{
    enum cs_pc_perm perm = perm_of(tx);
    struct cs_actor who;
    bool ok = cs_approval_actor(core, cs_js_text(tx, "createdBy"), &who);

    if (!ok) {
        (void)cs_approval_no(why,
                             "POLICY_REFUSED: who asked for it is not active any more");
    } else if (!cs_actor_may(&who, perm)) {
        ok = false;
        (void)snprintf(why, CS_APPROVAL_WHY,
                       "POLICY_REFUSED: who asked for it has lost the permission '%s'",
                       cs_pc_perm_word(perm));
    }
    json_decref(who.rec);
    return ok;
}

/* What has to hold when signing starts, after a wait. */
static bool still_ok(struct cs_platform_core *core, json_t *tx,
                     char why[CS_APPROVAL_WHY])
{
    json_t *wallet = wallet_of(core, tx);
    const json_t *s = json_object_get(wallet, "settings");
    const char *flag = cs_pc_tx_switch(cs_js_text(tx, "_kind"));
    uint8_t quorum[CS_PC_ID];
    bool ok = false;

    if (!cs_js_true(s, "enabled") || (flag != NULL && !cs_js_true(s, flag))) {
        (void)cs_approval_no(why,
                             "POLICY_REFUSED: the wallet was switched off meanwhile");
    } else if (!cs_js_id(tx, "_quorumId", quorum) ||
               !cs_pc_sign_has_room(core, quorum)) {
        (void)cs_approval_no(
            why, "LIMIT: too many requests of this quorum wait for signers");
    } else if (maker_may(core, tx, why)) {
        ok = cs_wallet_policy_check(core, wallet, tx, why) == CS_WALLET_POLICY_PASS;
    }
    json_decref(wallet);
    return ok;
}

void cs_tx_path_go_on(struct cs_platform_core *core, json_t *tx)
{
    char why[CS_APPROVAL_WHY] = "";

    if (cs_freeze_is(tx)) {
        hold(core, tx);
    } else if (still_ok(core, tx, why)) {
        sign(core, tx);
    } else {
        cs_tx_path_end(core, tx, "REJECTED", "", why);
    }
}

/* ---- beginning ------------------------------------------------------------- */

static void prepare(struct cs_platform_core *core, const json_t *wallet, json_t *tx,
                    const struct cs_pc_tx *t)
{
    json_t *sign = cs_js_obj();

    cs_js_int(sign, "items", (int64_t)t->chain.n_items);
    cs_js_set(sign, "receipts", cs_js_arr());
    cs_js_set(tx, "_sign", sign);
    cs_js_str(tx, "status", "POLICY_CHECK_PENDING");
    cs_freeze_new(tx);
    if (cs_js_true(json_object_get(wallet, "settings"), "defaultFreezeEnabled")) {
        cs_freeze_set(core, tx, true, "FREEZE_TYPE_AUTO_WALLET_SETTING", "",
                      "the wallet's setting defaultFreezeEnabled");
    }
}

static void wait_for_approval(struct cs_api *a, const json_t *wallet, json_t *tx,
                              const struct cs_pc_tx *t, const uint8_t id[CS_PC_ID])
{
    json_t *set = open_set(a, wallet, tx, t);

    CS_ASSERT(set != NULL); /* cs_tx_path_ok, in this step */
    cs_js_str(tx, "status", "APPROVAL_CHECK_PENDING");
    cs_js_str(tx, "approvalId", cs_js_text(set, "id"));
    cs_js_str(tx, "expiresAt", cs_js_text(set, "expiresAt"));
    cs_pc_timeline(a->core, id, 0, "APPROVAL_CHECK_PENDING", "waits for approvers");
    cs_pc_save(a->core, CS_PC_TX, tx);
    json_decref(set);
}

void cs_tx_path_begin(struct cs_api *a, const json_t *wallet, json_t *tx,
                      const struct cs_pc_tx *t)
{
    char why[CS_WALLET_POLICY_WHY] = "";
    uint8_t id[CS_PC_ID];

    CS_ASSERT(cs_js_id(tx, "id", id));
    prepare(a->core, wallet, tx, t);
    if (cs_wallet_policy_check(a->core, wallet, tx, why) != CS_WALLET_POLICY_PASS) {
        cs_pc_timeline(a->core, id, 0, "REQUESTED",
                       "checked: signer, wallet settings, payload");
        cs_tx_path_end(a->core, tx, "REJECTED", "", why);
        return;
    }
    cs_pc_timeline(a->core, id, 0, "REQUESTED",
                   "checked: signer, wallet settings, payload (POLICY_CHECK_PASSED)");
    cs_js_str(tx, "status", "POLICY_CHECK_PASSED");
    if (cs_tx_path_needs_approval(a->core, tx, t)) {
        wait_for_approval(a, wallet, tx, t, id);
    } else if (cs_freeze_is(tx)) {
        hold(a->core, tx);
    } else {
        sign(a->core, tx);
    }
}

/* ---- approved, or not ------------------------------------------------------- */

/* Nobody may sign what approvers have not seen. */
static bool same_payload(const json_t *set, const json_t *tx)
{
    const char *why = NULL;
    struct cs_pc_tx t;
    char hash[65] = "";
    bool ok = cs_pc_tx_open(&t, tx, &why) == CS_OK;

    if (ok) {
        payload_hash(&t, hash);
        ok = cs_js_is(json_object_get(set, "proposed"), "payloadSha256", hash);
    }
    cs_pc_tx_free(&t);
    return ok;
}

bool cs_tx_path_met(struct cs_platform_core *core, const json_t *set,
                    char why[CS_APPROVAL_WHY])
{
    json_t *tx = cs_approval_record(core, CS_PC_TX, set);
    uint8_t id[CS_PC_ID];
    bool ok = false;

    if (tx == NULL || !cs_js_id(tx, "id", id) ||
        !cs_js_is(tx, "status", "APPROVAL_CHECK_PENDING") ||
        !cs_js_is(tx, "approvalId", cs_js_text(set, "id"))) {
        (void)cs_approval_no(why, "the request does not wait for this approval");
    } else if (!same_payload(set, tx)) {
        (void)cs_approval_no(why, "the payload is not the one that was approved");
    } else if (still_ok(core, tx, why)) {
        ok = true;
        cs_js_str(tx, "status", "APPROVAL_CHECK_PASSED");
        cs_pc_timeline(core, id, 0, "APPROVAL_CHECK_PASSED", "enough have approved");
        if (cs_freeze_is(tx)) {
            hold(core, tx);
        } else {
            sign(core, tx);
        }
    }
    json_decref(tx);
    return ok;
}

void cs_tx_path_not_met(struct cs_platform_core *core, const json_t *set)
{
    json_t *tx = cs_approval_record(core, CS_PC_TX, set);
    char reason[40];

    if (tx != NULL && cs_js_is(tx, "status", "APPROVAL_CHECK_PENDING") &&
        cs_js_is(tx, "approvalId", cs_js_text(set, "id"))) {
        (void)snprintf(reason, sizeof reason, "APPROVAL_%s", cs_js_text(set, "status"));
        cs_tx_path_end(core, tx, "REJECTED", reason, cs_approval_reason(set));
    }
    json_decref(tx);
}

void cs_tx_path_timer(struct cs_platform_core *core, const uint8_t id[CS_PC_ID])
{
    json_t *tx = cs_pc_get(core, CS_PC_TX, id);

    if (tx != NULL && is_held(tx)) {
        cs_tx_path_end(core, tx, "FAILED", "REQUEST_EXPIRED",
                       "it was frozen for too long: request anew");
    }
    json_decref(tx);
}
