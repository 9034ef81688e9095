/* /v2/webhooks: webhooks, their subscriptions, what was delivered. */
#include <string.h>

#include "base/mem.h"
#include "platform/core/approvals.h"
#include "platform/core/callee.h"
#include "platform/core/feed.h"
#include "platform/core/webhooks.h"

enum { TEST_BURST = 10, TEST_PER_S = 1, SUBSCRIPTIONS_MAX = CS_HOOK_DOMAINS };

static json_t *webhook_view(struct cs_api *a, const json_t *rec)
{
    (void)a;
    return cs_js_public(rec);
}

static json_t *hook_record(struct cs_api *a)
{
    return cs_api_record(a, CS_PC_WEBHOOK, 0, "webhook");
}

/* Takes rec. */
static json_t *save_and_view(struct cs_api *a, json_t *rec)
{
    json_t *view;

    cs_js_str(rec, "updatedBy", a->actor);
    cs_pc_save(a->core, CS_PC_WEBHOOK, rec);
    cs_hooks_refresh(a->core, rec);
    view = webhook_view(a, rec);
    json_decref(rec);
    return view;
}

/* ---- webhooks ---------------------------------------------------------- */

/* NULL: absent (if it may be) or refused. */
static const char *read_endpoint(struct cs_api *a, bool optional)
{
    const struct cs_platform_config *cfg = &a->core->cfg;
    const char *url = optional && !cs_jr_has(&a->in, "endpoint")
                          ? NULL
                          : cs_jr_str(&a->in, "endpoint", CS_CALLEE_URL_MAX, false);
    const char *why = "";

    if (url != NULL && a->in.err == CS_OK &&
        !cs_callee_url_ok(cfg->hook_allow, cfg->n_hook_allow, url, &why)) {
        cs_jr_fail(&a->in, "endpoint", why);
    }
    return url;
}

json_t *cs_api_webhook_create(struct cs_api *a)
{
    const char *name = cs_api_name(a, "name", CS_API_NAME);
    const char *text = cs_api_name_opt(a, "description", CS_API_TEXT);
    const char *endpoint = read_endpoint(a, false);
    uint8_t id[CS_PC_ID];
    json_t *rec;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    if (a->core->hooks->n >= CS_HOOKS_MAX) {
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are %d webhooks: delete one first", CS_HOOKS_MAX);
    }
    if (a->core->cfg.seal_key.n == 0) {
        return cs_api_fail(a, CS_API_UNIMPLEMENTED, "",
                           "this platform has no key to seal a webhook's with");
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    cs_js_str(rec, "name", name);
    cs_js_str(rec, "description", text == NULL ? "" : text);
    cs_js_str(rec, "endpoint", endpoint);
    cs_js_set(rec, "subscriptions", cs_js_arr());
    cs_js_int(rec, "subscriptionCount", 0);
    cs_js_int(rec, "successCount", 0);
    cs_js_int(rec, "failureCount", 0);
    CS_ASSERT(cs_hook_key_make(a->core, rec));
    cs_pc_index_add(a->core, CS_IX_WEBHOOKS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    return save_and_view(a, rec);
}

json_t *cs_api_webhook_list(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_WEBHOOK,
                                  .kind = CS_IX_WEBHOOKS,
                                  .scope = cs_pc_scope("", ""),
                                  .name = "webhooks",
                                  .view = webhook_view};

    return cs_api_page(a, &p);
}

json_t *cs_api_webhook_get(struct cs_api *a)
{
    json_t *rec = hook_record(a);
    json_t *view = rec == NULL ? NULL : webhook_view(a, rec);

    json_decref(rec);
    return view;
}

static bool may_hear_by(struct cs_api *a, enum cs_hook_domain d, enum cs_pc_perm p)
{
    if (!cs_api_may(a, p)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "events of the domain %s need the permission '%s'",
                          cs_hook_domain_word(d), cs_pc_perm_word(p));
    }
    return a->code == CS_API_OK;
}

/* Events say what the objects are: who has them sent somewhere reads them.  Those of
 * approvals are about whatever may wait for one. */
static bool may_hear(struct cs_api *a, const char *word)
{
    enum cs_hook_domain d;
    bool ok;

    if (!cs_hook_domain_parse(&d, word)) {
        return true; /* no domain: others say so */
    }
    ok = may_hear_by(a, d, cs_hook_domain_perm(d));
    for (unsigned i = 0; ok && d == CS_HOOK_APPROVAL && i < CS_SOURCE_COUNT; i++) {
        ok = may_hear_by(a, d, cs_approval_ops((enum cs_approval_source)i)->read);
    }
    return ok;
}

static bool may_hear_all(struct cs_api *a, const json_t *subs)
{
    for (size_t i = 0; i < json_array_size(subs); i++) {
        const json_t *config = json_object_get(json_array_get(subs, i), "config");

        if (!may_hear(a, cs_js_text(config, "domain"))) {
            return false;
        }
    }
    return true;
}

/* Ours: what waits goes to the new endpoint. */
json_t *cs_api_webhook_update(struct cs_api *a)
{
    const char *name = cs_jr_has(&a->in, "name") ? cs_api_name(a, "name", CS_API_NAME)
                                                 : NULL;
    const char *text = cs_jr_has(&a->in, "description")
                           ? cs_api_name_opt(a, "description", CS_API_TEXT)
                           : NULL;
    const char *endpoint = read_endpoint(a, true);
    json_t *rec;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    rec = hook_record(a);
    if (rec == NULL ||
        (endpoint != NULL && !may_hear_all(a, json_object_get(rec, "subscriptions")))) {
        json_decref(rec);
        return NULL;
    }
    if (name != NULL) {
        cs_js_str(rec, "name", name);
    }
    if (text != NULL) {
        cs_js_str(rec, "description", text);
    }
    if (endpoint != NULL) {
        cs_js_str(rec, "endpoint", endpoint);
    }
    return save_and_view(a, rec);
}

json_t *cs_api_webhook_delete(struct cs_api *a)
{
    json_t *rec = hook_record(a);
    uint8_t id[CS_PC_ID];

    if (rec == NULL) {
        return NULL;
    }
    CS_ASSERT(cs_js_id(rec, "id", id));
    cs_js_bool(rec, "_deleted", true);
    cs_js_del(rec, "_key"); /* nobody signs with it any more */
    cs_js_str(rec, "updatedBy", a->actor);
    cs_pc_save(a->core, CS_PC_WEBHOOK, rec);
    cs_pc_index_del(a->core, CS_IX_WEBHOOKS, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"));
    cs_hooks_forget(a->core, id);
    json_decref(rec);
    return cs_js_obj();
}

/* ---- subscriptions ----------------------------------------------------- */

/* By the id of parameter 1; SIZE_MAX with the refusal set. */
static size_t find_subscription(struct cs_api *a, const json_t *subs)
{
    uint8_t id[CS_PC_ID];

    for (size_t i = 0; i < json_array_size(subs); i++) {
        if (cs_js_id(json_array_get(subs, i), "id", id) &&
            memcmp(id, a->param[1], CS_PC_ID) == 0) {
            return i;
        }
    }
    (void)cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such subscription");
    return SIZE_MAX;
}

static bool has_domain(const json_t *subs, const char *word)
{
    for (size_t i = 0; i < json_array_size(subs); i++) {
        if (cs_js_is(json_object_get(json_array_get(subs, i), "config"), "domain",
                     word)) {
            return true;
        }
    }
    return false;
}

/* One V2SubscriptionConfig; NULL: refused. */
static json_t *read_config(struct cs_api *a, const json_t *o, const json_t *subs)
{
    const char *word = cs_js_text(o, "domain"), *scope = cs_js_text(o, "scope");
    enum cs_hook_domain d;
    json_t *config;

    if (!json_is_object(o) || !cs_hook_domain_parse(&d, word)) {
        return cs_api_fail(a, CS_API_INVALID, "domain",
                           "must be TRANSACTION, WALLET, APPROVAL, DEVICE, QUORUM or "
                           "SESSION");
    }
    if (!may_hear(a, word)) {
        return NULL;
    }
    if (scope[0] != '\0' && strcmp(scope, "ORG") != 0) {
        return cs_api_fail(a, CS_API_INVALID, "scope", "must be ORG");
    }
    if (has_domain(subs, word)) {
        return cs_api_fail(a, CS_API_EXISTS, "domain",
                           "this webhook has a subscription of %s already",
                           cs_hook_domain_word(d));
    }
    config = cs_js_obj();
    cs_js_str(config, "domain", cs_hook_domain_word(d));
    cs_js_str(config, "scope", "ORG");
    return config;
}

/* Takes config. */
static json_t *make_subscription(struct cs_api *a, json_t *config)
{
    json_t *s = cs_js_obj();
    uint8_t id[CS_PC_ID];

    cs_pc_new_id(a->core, id);
    cs_js_uuid(s, "id", id);
    cs_js_uuid(s, "webhookId", a->param[0]);
    cs_js_str(s, "organizationId", a->core->org_id);
    cs_js_str(s, "createdBy", a->actor);
    cs_js_time(s, "createdAt", a->core->wall_ms);
    cs_js_str(s, "updatedBy", a->actor);
    cs_js_time(s, "updatedAt", a->core->wall_ms);
    cs_js_set(s, "config", config);
    return s;
}

static void set_subscriptions(json_t *rec, json_t *subs)
{
    cs_js_int(rec, "subscriptionCount", (int64_t)json_array_size(subs));
    cs_js_set(rec, "subscriptions", subs);
}

/* The body is an array (api.c: "items"); the answer is one, too. */
json_t *cs_api_subscription_create(struct cs_api *a)
{
    const json_t *items = cs_jr_array(&a->in, "items", 1, SUBSCRIPTIONS_MAX);
    json_t *rec, *subs, *made, *config;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    rec = hook_record(a);
    if (rec == NULL) {
        return NULL;
    }
    subs = json_deep_copy(json_object_get(rec, "subscriptions"));
    made = cs_js_arr();
    CS_ASSERT(subs != NULL);
    for (size_t i = 0; i < json_array_size(items); i++) {
        config = read_config(a, json_array_get(items, i), subs);
        if (config == NULL) {
            json_decref(rec);
            json_decref(subs);
            json_decref(made);
            return NULL;
        }
        cs_js_push(subs, make_subscription(a, config));
        cs_js_push(made,
                   json_deep_copy(json_array_get(subs, json_array_size(subs) - 1)));
    }
    set_subscriptions(rec, subs);
    json_decref(save_and_view(a, rec));
    return made;
}

json_t *cs_api_subscription_list(struct cs_api *a)
{
    json_t *rec = hook_record(a), *o = NULL, *f;
    uint64_t after;
    size_t size;

    if (rec != NULL && cs_api_page_args(a, &size, &after)) {
        o = cs_js_obj();
        f = cs_js_obj();
        cs_js_set(o, "subscriptions",
                  cs_api_slice(json_object_get(rec, "subscriptions"), size, after, f));
        cs_js_set(o, "filter", f);
    }
    json_decref(rec);
    return o;
}

json_t *cs_api_subscription_get(struct cs_api *a)
{
    json_t *rec = hook_record(a), *o = NULL;
    const json_t *subs = json_object_get(rec, "subscriptions");
    size_t i = rec == NULL ? SIZE_MAX : find_subscription(a, subs);

    if (i != SIZE_MAX) {
        o = json_deep_copy(json_array_get(subs, i));
    }
    json_decref(rec);
    return o;
}

json_t *cs_api_subscription_delete(struct cs_api *a)
{
    json_t *rec = hook_record(a), *subs;
    size_t i = rec == NULL
                   ? SIZE_MAX
                   : find_subscription(a, json_object_get(rec, "subscriptions"));

    if (i == SIZE_MAX) {
        json_decref(rec);
        return NULL;
    }
    subs = json_deep_copy(json_object_get(rec, "subscriptions"));
    CS_ASSERT(subs != NULL && json_array_remove(subs, i) == 0);
    set_subscriptions(rec, subs);
    json_decref(save_and_view(a, rec));
    return cs_js_obj();
}

/* ---- deliveries -------------------------------------------------------- */

static json_t *delivery_view(struct cs_api *a, const json_t *rec)
{
    (void)a;
    return cs_hook_delivery_view(rec);
}

/* The newest first, unless asked otherwise. */
json_t *cs_api_delivery_list(struct cs_api *a)
{
    json_t *rec = hook_record(a);
    struct cs_api_page p = {.table = CS_PC_DELIVERY,
                            .kind = CS_IX_DELIVERIES,
                            .name = "deliveries",
                            .view = delivery_view};

    if (rec == NULL) {
        return NULL;
    }
    p.scope = cs_pc_scope(cs_js_text(rec, "id"), "");
    a->want_desc = true;
    json_decref(rec);
    return cs_api_page(a, &p);
}

json_t *cs_api_delivery_replay(struct cs_api *a)
{
    json_t *hook = hook_record(a), *d, *view = NULL;
    const char *id = cs_js_text(hook, "id");

    if (hook == NULL) {
        return NULL;
    }
    d = cs_pc_get(a->core, CS_PC_DELIVERY, a->param[1]);
    if (d == NULL || !cs_js_is(d, "webhookId", id)) {
        (void)cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such delivery");
    } else if (!cs_hook_replay(a->core, d)) {
        (void)cs_api_fail(a, CS_API_STATE, "deliveryId",
                          "waits for an earlier delivery of the same object, or is "
                          "being made just now");
    } else {
        view = cs_hook_delivery_view(d);
    }
    json_decref(hook);
    json_decref(d);
    return view;
}

json_t *cs_api_webhook_test(struct cs_api *a)
{
    json_t *rec = hook_record(a), *d, *view;
    struct cs_hook_event ev = {.table = CS_PC_WEBHOOK, .type = "webhook.test"};
    char *body;

    if (rec == NULL) {
        return NULL;
    }
    if (!cs_api_take(a->core, "hook-test", cs_js_text(rec, "id"), TEST_BURST,
                     TEST_PER_S)) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_LIMIT, "", "too many tests: wait a moment");
    }
    view = webhook_view(a, rec);
    body = cs_hook_body(a->core, CS_HOOK_TEST, view);
    json_decref(view);
    memcpy(ev.object, a->param[0], sizeof ev.object);
    ev.id = cs_pc_next_seq(a->core);
    d = cs_hook_enqueue(a->core, a->param[0], &ev, body);
    view = cs_hook_delivery_view(d);
    cs_free(body);
    json_decref(d);
    json_decref(rec);
    return view;
}
