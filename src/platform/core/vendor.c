/* Paths of the vendor's API that this platform does not need: each answers what to use
 * instead, or what is always so here.  Programs written for the vendor get a sentence
 * that helps rather than a path that is not there. */
#include <string.h>

#include "platform/core/api.h"
#include "platform/core/assets.h"

/* What the pattern has in it -> what to do.  The first that fits counts. */
static const char *const instead[][2] = {
    {"/balances",
     "nothing here talks to a blockchain, so balances are not known: ask a node or an "
     "explorer of the chain for the address of the wallet"},
    {"/estimate-fee",
     "nothing here talks to a blockchain, so fees are not known: ask a node of the "
     "chain, and put the fee into the transaction"},
    {"/sequence", "nothing here talks to a blockchain, so nonces and sequence numbers "
                  "are not known: "
                  "ask a node of the chain for the address of the wallet"},
    {"/transactions/transfer",
     "transactions are not put together here: build the payload with the chain's own "
     "library and send it to POST .../transactions/raw with signOnly true"},
    {"/transactions/xrp",
     "transactions are not put together here: build the XRP Ledger transaction with "
     "its "
     "own library and send it to POST .../transactions/raw with signOnly true"},
    {"/firehose",
     "the audit log is not pushed anywhere: fetch it with GET /v2/audit/export?from=N, "
     "and check it with 'cloudsign-platform audit verify'"},
    {"/trust-organization",
     "this platform has one organisation, so devices are not lent to another one"},
    {"/self-service-sso-ticket",
     "people sign in with password and one-time code: there is no single sign-on"},
    {"/auth-methods",
     "people sign in with password and one-time code, which cannot be changed: see GET "
     "/v2/organizations/auth-methods"},
    {"/sweep", "addresses are not swept: send what is on them with POST "
               ".../transactions/raw"},
    {"/connections",
     "WalletConnect is not served: let the program that builds transactions send them "
     "to POST .../transactions/raw"},
    {"/notabene", "no compliance service is connected: check the counterparty before "
                  "the request, and keep it in the address book"},
    {"/rates", "nothing here knows prices: ask a price service"},
    {"currenc", "nothing here knows prices, so there are no currencies"},
    {"/sync", "the list of blockchains and assets is part of the program: nothing is "
              "synchronised"},
    {"/blockchains", "the list of blockchains is part of the program and cannot be "
                     "changed: see GET /v2/blockchains"},
    {"/assets", "the list of native assets is part of the program and cannot be "
                "changed: see GET /v2/assets; tokens are read from the transaction"},
};

json_t *cs_api_instead(struct cs_api *a)
{
    for (size_t i = 0; i < CS_COUNTOF(instead); i++) {
        if (strstr(a->route->pattern, instead[i][0]) != NULL) {
            return cs_api_fail(a, CS_API_UNIMPLEMENTED, "", "%s", instead[i][1]);
        }
    }
    return cs_api_fail(a, CS_API_UNIMPLEMENTED, "", "is not served here");
}

/* ---- how people sign in: one way ---------------------------------------- */

static json_t *method_view(struct cs_api *a)
{
    json_t *o = cs_js_obj(), *idp = cs_js_obj();

    cs_js_str(o, "id", a->core->org_id); /* one of each organisation */
    cs_js_str(o, "name", "Password and one-time code");
    cs_js_str(o, "strategy", "PASSWORD_TOTP");
    cs_js_bool(o, "default", true);
    cs_js_bool(idp, "enabled", false);
    cs_js_set(o, "idpSettings", idp);
    return o;
}

json_t *cs_api_auth_method_list(struct cs_api *a)
{
    json_t *list = cs_js_arr();

    cs_js_push(list, method_view(a));
    return list;
}

json_t *cs_api_auth_method_get(struct cs_api *a)
{
    json_t *o = method_view(a);
    uint8_t id[CS_PC_ID];

    if (!cs_js_id(o, "id", id) || memcmp(id, a->param[0], sizeof id) != 0) {
        json_decref(o);
        return cs_api_fail(a, CS_API_NOT_FOUND, "", "there is no such method");
    }
    return o;
}

/* ---- the description of this API ----------------------------------------- */

/* src/platform/console/openapi.json, as test_platform_core_openapi holds it against the
 * route table. */
json_t *cs_api_openapi(struct cs_api *a)
{
    a->file = cs_asset_find("openapi.json");
    return a->file != NULL ? cs_js_obj()
                           : cs_api_fail(a, CS_API_NOT_FOUND, "", "is not built in");
}
