/* POST .../transactions/batch: up to a hundred requests of one wallet in one.
 *
 * Each item is put through the handler of its own kind, with all its checks (permission
 * of that kind, wallet's switches, payload, policy, approvals, room, work), and ends by
 * itself: handlers check before they write, so a refused one leaves nothing behind.
 * The whole is one step: what is answered is durable.  Repeats: Idempotency-Key for
 * the whole, externalId for each. */
#include <string.h>

#include "platform/core/api.h"
#include "platform/core/audit.h"

enum { BATCH_MAX = 100 };

static const struct kind {
    const char *type;
    enum cs_pc_perm perm;
    cs_api_handler *run;
} kinds[] = {
    {"RAW", CS_PERM_TX_RAW, cs_api_tx_raw},
    {"PLAINTEXT", CS_PERM_TX_PLAINTEXT, cs_api_tx_plaintext},
    {"TYPED_DATA", CS_PERM_TX_TYPED_DATA, cs_api_tx_typed_data},
    {"DIGEST", CS_PERM_TX_DIGEST, cs_api_tx_digest},
};

static const struct kind *kind_of(const char *type)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (strcmp(kinds[i].type, type) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* What one item's handler left behind is not the next one's. */
static void forget_outcome(struct cs_api *a)
{
    a->code = CS_API_OK;
    a->status = 200;
    a->message[0] = a->field[0] = a->reason[0] = '\0';
    a->wait_table = 0;
}

static json_t *run_item(struct cs_api *a, const json_t *item)
{
    const struct kind *k = kind_of(cs_js_text(item, "type"));

    if (!json_is_object(item)) {
        return cs_api_fail(a, CS_API_INVALID, "requests", "must hold objects");
    }
    if (k == NULL) {
        return cs_api_fail(a, CS_API_INVALID, "type",
                           "must be RAW, PLAINTEXT, TYPED_DATA or DIGEST");
    }
    if (!cs_api_may(a, k->perm)) {
        return cs_api_fail(a, CS_API_DENIED, "permissions",
                           "this needs the permission '%s'", cs_pc_perm_word(k->perm));
    }
    a->in = CS_JR(item);
    return k->run(a);
}

/* {transaction} or {error}, in the audit log, too; then the refusal is over. */
static json_t *result_of(struct cs_api *a, json_t *view)
{
    json_t *o = cs_js_obj();

    if (view == NULL && a->code == CS_API_OK) {
        (void)cs_api_fail(a, CS_API_INTERNAL, "", "the request failed inside");
    }
    if (view != NULL) {
        cs_js_set(o, "transaction", view);
    } else {
        cs_js_set(o, "error", cs_api_error_view(a));
    }
    cs_audit_item(a);
    forget_outcome(a);
    return o;
}

static bool may_any(const struct cs_api *a)
{
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (cs_api_may(a, kinds[i].perm)) {
            return true;
        }
    }
    return false;
}

/* What would be wrong with all of them is said once. */
static bool batch_ok(struct cs_api *a)
{
    char wait[8];
    json_t *wallet;

    if (!may_any(a)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "requesting signatures needs a permission: "
                          "'transactions.raw' and its like");
        return false;
    }
    if (!cs_api_query(a, "wait", wait, sizeof wait)) {
        return false;
    }
    if (wait[0] != '\0') {
        (void)cs_api_fail(a, CS_API_INVALID, "wait",
                          "is for one request: ask for each with GET ...?wait=");
        return false;
    }
    wallet = cs_api_wallet_record(a);
    json_decref(wallet);
    return wallet != NULL;
}

json_t *cs_api_tx_batch(struct cs_api *a)
{
    const json_t *items = cs_jr_array(&a->in, "requests", 0, SIZE_MAX);
    struct cs_jr in;
    json_t *o, *results;

    if (items != NULL &&
        (json_array_size(items) == 0 || json_array_size(items) > BATCH_MAX)) {
        cs_jr_fail(&a->in, "requests", "must hold 1 to 100 requests");
    }
    in = a->in;
    if (cs_api_bad_body(a) || !batch_ok(a)) {
        return NULL;
    }
    results = cs_js_arr();
    for (size_t i = 0; i < json_array_size(items); i++) {
        cs_js_push(results, result_of(a, run_item(a, json_array_get(items, i))));
    }
    a->in = in;
    o = cs_js_obj();
    cs_js_set(o, "results", results);
    return o;
}
