/* The switch of a wallet's allow list (`settings.allowListEnabled`, ours).  On, it
 * protects, so nothing waits; off waits for approvers where changes of policies do. */
#include "platform/core/approval_sources.h"
#include "platform/core/session.h"
#include "platform/core/wallet_limits.h"

static bool is_on(const json_t *wallet)
{
    return cs_js_true(json_object_get(wallet, "settings"), "allowListEnabled");
}

static bool ask_approval(struct cs_api *a, const json_t *wallet)
{
    json_t *lines = cs_js_arr(), *set;
    bool ok;

    cs_approval_line(lines, "Wallet", cs_js_text(wallet, "name"));
    cs_approval_line(lines, "Wallet id", cs_js_text(wallet, "id"));
    cs_approval_line(lines, "Address", cs_js_text(wallet, "address"));
    cs_approval_line(lines, "Blockchain", cs_js_text(wallet, "blockchain"));
    set = cs_approval_open_with(a, CS_SOURCE_POLICY, wallet, CS_ACTION_DISABLE, NULL,
                                "The allow list of a wallet is switched off", lines);
    ok = set != NULL;
    json_decref(set);
    return ok;
}

bool cs_allow_list_may(struct cs_api *a, const json_t *wallet, bool *on)
{
    if (*on == is_on(wallet)) {
        return true;
    }
    if (!cs_api_may(a, CS_PERM_POLICIES_MANAGE)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "changing allowListEnabled needs policies.manage");
        return false;
    }
    /* The route needs another word: the step-up of this one is asked for here. */
    if (a->who.kind == CS_ACTOR_USER && !cs_session_stepped_up(a)) {
        return false;
    }
    if (!*on && cs_approval_wanted(a->core, CS_SOURCE_POLICY, NULL)) {
        *on = true;
        return !cs_approval_blocks(a, CS_SOURCE_POLICY, cs_js_text(wallet, "id")) &&
               ask_approval(a, wallet);
    }
    return true;
}

void cs_allow_list_set(json_t *wallet, bool on)
{
    cs_js_bool(json_object_get(wallet, "settings"), "allowListEnabled", on);
}

bool cs_allow_list_on_met(struct cs_platform_core *core, const json_t *set,
                          char why[CS_APPROVAL_WHY])
{
    json_t *wallet = cs_approval_record(core, CS_PC_WALLET, set);
    bool ok = wallet != NULL && is_on(wallet);

    if (ok) {
        cs_allow_list_set(wallet, false);
        cs_pc_save(core, CS_PC_WALLET, wallet);
    } else {
        (void)cs_approval_no(why, "the allow list is off already");
    }
    json_decref(wallet);
    return ok;
}
