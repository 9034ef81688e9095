/* Every path of the API: one table (RELIABILITY T35, F21).  Fixed paths stand before
 * those with an id in the same place. */
#include <string.h>

#include <string.h>

#include "platform/core/api.h"

/* clang-format off */
static const struct cs_route routes[] = {
    {"POST",   "/v2/setup",                                CS_PERM_SIGN_IN,            cs_api_setup},
    {"GET",    "/v2/organizations",                        CS_PERM_ORGANIZATION_READ,  cs_api_organization},
    {"GET",    "/v2/organizations/auth-methods",           CS_PERM_ORGANIZATION_READ,  cs_api_auth_method_list},
    {"GET",    "/v2/organizations/auth-methods/{id}",      CS_PERM_ORGANIZATION_READ,  cs_api_auth_method_get},
    {"GET",    "/v2/overview",                             CS_PERM_ANY,                cs_api_overview},

    {"POST",   "/v2/session",                              CS_PERM_SIGN_IN,            cs_api_sign_in},
    {"GET",    "/v2/session",                              CS_PERM_USER,               cs_api_session_get},
    {"DELETE", "/v2/session",                              CS_PERM_USER,               cs_api_session_end},
    {"POST",   "/v2/session/password",                     CS_PERM_USER,               cs_api_session_password},
    {"POST",   "/v2/session/step-up",                      CS_PERM_USER,               cs_api_session_step_up},
    {"POST",   "/v2/session/enrol",                        CS_PERM_SIGN_IN,            cs_api_enrol},
    {"POST",   "/v2/session/enrol/confirm",                CS_PERM_SIGN_IN,            cs_api_enrol_confirm},
    {"GET",    "/v2/sessions",                             CS_PERM_USER,               cs_api_session_list},
    {"DELETE", "/v2/sessions/{id}",                        CS_PERM_USER,               cs_api_session_revoke},

    {"POST",   "/v2/users",                                CS_PERM_USERS_MANAGE,       cs_api_user_create},
    {"GET",    "/v2/users",                                CS_PERM_USERS_READ,         cs_api_user_list},
    {"GET",    "/v2/users/info",                           CS_PERM_ANY,                cs_api_user_info_list},
    {"GET",    "/v2/users/{id}",                           CS_PERM_USERS_READ,         cs_api_user_get},
    {"PUT",    "/v2/users/{id}",                           CS_PERM_USERS_MANAGE,       cs_api_user_update},
    {"DELETE", "/v2/users/{id}",                           CS_PERM_USERS_MANAGE,       cs_api_user_delete},
    {"GET",    "/v2/users/{id}/info",                      CS_PERM_ANY,                cs_api_user_info},
    {"GET",    "/v2/users/{id}/mfa",                       CS_PERM_USERS_READ,         cs_api_user_mfa},
    {"DELETE", "/v2/users/{id}/mfa",                       CS_PERM_USERS_MANAGE,       cs_api_user_mfa_reset},
    {"POST",   "/v2/users/{id}/password",                  CS_PERM_USERS_MANAGE,       cs_api_user_password_reset},
    {"PUT",    "/v2/users/{id}/role",                      CS_PERM_USERS_MANAGE,       cs_api_user_role},
    {"PUT",    "/v2/users/{id}/status",                    CS_PERM_USERS_MANAGE,       cs_api_user_status},

    {"POST",   "/v2/credentials/oauth/token",              CS_PERM_OPEN,               cs_api_token},
    {"POST",   "/v2/credentials",                          CS_PERM_CREDENTIALS_MANAGE, cs_api_credential_create},
    {"GET",    "/v2/credentials",                          CS_PERM_CREDENTIALS_READ,   cs_api_credential_list},
    {"GET",    "/v2/credentials/info",                     CS_PERM_ANY,                cs_api_credential_info_list},
    {"GET",    "/v2/credentials/permissions",              CS_PERM_ANY,                cs_api_credential_permissions},
    {"GET",    "/v2/credentials/{id}",                     CS_PERM_CREDENTIALS_READ,   cs_api_credential_get},
    {"DELETE", "/v2/credentials/{id}",                     CS_PERM_CREDENTIALS_MANAGE, cs_api_credential_delete},
    {"GET",    "/v2/credentials/{id}/info",                CS_PERM_ANY,                cs_api_credential_info},
    {"PUT",    "/v2/credentials/{id}/active",              CS_PERM_CREDENTIALS_MANAGE, cs_api_credential_set_active},
    {"PUT",    "/v2/credentials/{id}/permissions",         CS_PERM_CREDENTIALS_MANAGE, cs_api_credential_set_permissions},

    {"POST",   "/v2/devices/metadata",                     CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/devices/credentials",                  CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/devices/push-token",                   CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/devices/self",                         CS_PERM_ANY,                cs_api_device_side},
    {"POST",   "/v2/devices/pair-with-credential",         CS_PERM_ANY,                cs_api_device_side},
    {"POST",   "/v2/devices/version",                      CS_PERM_ANY,                cs_api_device_side},
    {"POST",   "/v2/devices",                              CS_PERM_DEVICES_CREATE,     cs_api_device_create},
    {"GET",    "/v2/devices",                              CS_PERM_DEVICES_READ,       cs_api_device_list},
    {"GET",    "/v2/devices/{id}",                         CS_PERM_DEVICES_READ,       cs_api_device_get},
    {"DELETE", "/v2/devices/{id}",                         CS_PERM_DEVICES_DELETE,     cs_api_device_delete},
    {"GET",    "/v2/devices/{id}/pairing-credentials",     CS_PERM_DEVICES_CREATE,     cs_api_device_pairing},
    {"PUT",    "/v2/devices/{id}/approval-status",         CS_PERM_DEVICES_APPROVE,    cs_api_device_approval},
    {"PUT",    "/v2/devices/{id}/enabled-status",          CS_PERM_DEVICES_UPDATE,     cs_api_device_enabled},
    {"PUT",    "/v2/devices/{id}/display-name",            CS_PERM_DEVICES_UPDATE,     cs_api_device_name},

    {"GET",    "/v2/backups",                              CS_PERM_DEVICES_READ,       cs_api_backups},

    {"GET",    "/v2/audit",                                CS_PERM_AUDIT_READ,         cs_api_audit_list},
    {"GET",    "/v2/audit/head",                           CS_PERM_AUDIT_READ,         cs_api_audit_head},
    {"GET",    "/v2/audit/export",                         CS_PERM_AUDIT_READ,         cs_api_audit_export},

    {"GET",    "/v2/mpc/eligible",                         CS_PERM_QUORUMS_READ,       cs_api_eligible},
    {"GET",    "/v2/mpc/device/memberships",               CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/mpc/device/sessions",                  CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/mpc/device/sessions/{sessionId}",      CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/mpc/device/sessions/{sessionId}/data", CS_PERM_ANY,                cs_api_device_side},
    {"PATCH",  "/v2/mpc/device/{sessionId}",               CS_PERM_ANY,                cs_api_device_side},
    {"GET",    "/v2/mpc/quorums/self",                     CS_PERM_ANY,                cs_api_device_side},
    {"POST",   "/v2/mpc/quorums",                          CS_PERM_QUORUMS_CREATE,     cs_api_quorum_create},
    {"GET",    "/v2/mpc/quorums",                          CS_PERM_QUORUMS_READ,       cs_api_quorum_list},
    {"GET",    "/v2/mpc/quorums/{quorumId}",               CS_PERM_QUORUMS_READ,       cs_api_quorum_get},
    {"DELETE", "/v2/mpc/quorums/{quorumId}",               CS_PERM_QUORUMS_DELETE,     cs_api_quorum_delete},
    {"PATCH",  "/v2/mpc/quorums/{quorumId}",               CS_PERM_QUORUMS_CREATE,     cs_api_quorum_modify},
    {"GET",    "/v2/mpc/quorums/{quorumId}/status",        CS_PERM_QUORUMS_READ,       cs_api_quorum_status},
    {"POST",   "/v2/mpc/quorums/{quorumId}/confirm",       CS_PERM_QUORUMS_CONFIRM,    cs_api_quorum_confirm},
    {"GET",    "/v2/mpc/memberships/{quorumId}",           CS_PERM_QUORUMS_READ,       cs_api_memberships},
    {"GET",    "/v2/mpc/sessions/{quorumId}",              CS_PERM_QUORUMS_READ,       cs_api_session_sets},
    {"GET",    "/v2/mpc/sessions/{sessionSetId}/status",   CS_PERM_QUORUMS_READ,       cs_api_session_set_status},

    {"POST",   "/v2/vaults",                               CS_PERM_VAULTS_WRITE,       cs_api_vault_create},
    {"GET",    "/v2/vaults",                               CS_PERM_VAULTS_READ,        cs_api_vault_list},
    {"GET",    "/v2/vaults/{id}",                          CS_PERM_VAULTS_READ,        cs_api_vault_get},
    {"PUT",    "/v2/vaults/{id}",                          CS_PERM_VAULTS_WRITE,       cs_api_vault_update},

    {"GET",    "/v2/wallets",                              CS_PERM_WALLETS_READ,       cs_api_wallet_list_global},
    {"GET",    "/v2/wallets/{id}",                         CS_PERM_WALLETS_READ,       cs_api_wallet_get_global},
    {"POST",   "/v2/vaults/{vaultId}/wallets",             CS_PERM_WALLETS_CREATE,     cs_api_wallet_create},
    {"GET",    "/v2/vaults/{vaultId}/wallets",             CS_PERM_WALLETS_READ,       cs_api_wallet_list},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}",  CS_PERM_WALLETS_READ,       cs_api_wallet_get},
    {"PUT",    "/v2/vaults/{vaultId}/wallets/{walletId}",  CS_PERM_WALLETS_UPDATE,     cs_api_wallet_update},
    {"DELETE", "/v2/vaults/{vaultId}/wallets/{walletId}",  CS_PERM_WALLETS_UPDATE,     cs_api_wallet_delete},
    {"PUT",    "/v2/vaults/{vaultId}/wallets/{walletId}/settings",
                                                           CS_PERM_WALLETS_SETTINGS,   cs_api_wallet_settings},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/addresses",
                                                           CS_PERM_WALLETS_READ,       cs_api_wallet_address},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/receipts",
                                                           CS_PERM_AUDIT_READ,         cs_api_wallet_receipts},

    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/raw",
                                                           CS_PERM_TX_RAW,             cs_api_tx_raw},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/sign-plaintext",
                                                           CS_PERM_TX_PLAINTEXT,       cs_api_tx_plaintext},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/sign-typed-data",
                                                           CS_PERM_TX_TYPED_DATA,      cs_api_tx_typed_data},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/sign-digest",
                                                           CS_PERM_TX_DIGEST,          cs_api_tx_digest},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/transactions",
                                                           CS_PERM_TX_READ,            cs_api_tx_list},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/{transactionId}",
                                                           CS_PERM_TX_READ,            cs_api_tx_get},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/{transactionId}/timeline",
                                                           CS_PERM_AUDIT_READ,         cs_api_tx_timeline},

    /* lists of all wallets, batches, previews */
    {"GET",    "/v2/transactions",                         CS_PERM_TX_READ,            cs_api_tx_list_all},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/preview",
                                                           CS_PERM_TX_READ,            cs_api_tx_preview},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/batch",
                                                           CS_PERM_TX_READ,            cs_api_tx_batch},

    /* what this program knows of chains */
    {"GET",    "/v2/blockchains",                          CS_PERM_ANY,                cs_api_blockchain_list},
    {"POST",   "/v2/blockchains:list",                     CS_PERM_ANY,                cs_api_blockchain_list},
    {"GET",    "/v2/assets",                               CS_PERM_ANY,                cs_api_asset_list},
    {"POST",   "/v2/assets:list",                          CS_PERM_ANY,                cs_api_asset_list},

    {"GET",    "/v2/openapi.json",                         CS_PERM_OPEN,               cs_api_openapi},

    /* vendor.c: 501 with what to use instead */
    {"GET",    "/v2/audit/firehose/configuration",         CS_PERM_ANY,                cs_api_instead},
    {"PUT",    "/v2/audit/firehose/configuration",         CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/balances",                             CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/vaults/{vaultId}/balances",            CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/balances",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/sequence",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/devices/{id}/trust-organization",      CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/organizations/self-service-sso-ticket",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"DELETE", "/v2/organizations/auth-methods/{id}",      CS_PERM_ANY,                cs_api_instead},
    {"PUT",    "/v2/organizations/auth-methods/{id}/default",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"PUT",    "/v2/organizations/auth-methods/{id}/idp",  CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/transactions/transfer/estimate-fee",   CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/transfer",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/account-set",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/amm-create",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/amm-deposit",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/amm-withdraw",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/clawback",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/offer-cancel",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/offer-create",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/signer-list-set",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/transactions/xrp/trust-set",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/transactions/sweep/{sweepId}",         CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/workflows/sweep",                      CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/workflows/sweep",                      CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/workflows/sweep/instances/{id}",       CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/workflows/sweep/{id}",                 CS_PERM_ANY,                cs_api_instead},
    {"DELETE", "/v2/workflows/sweep/{id}",                 CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/workflows/sweep/{id}/instances",       CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/workflows/sweep/{id}/disable",         CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/workflows/sweep/{id}/enable",          CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/workflows/sweep/{id}/trigger",         CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/connections",                          CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/connections",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/vaults/{vaultId}/wallets/{walletId}/connections",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/vaults/{vaultId}/wallets/{walletId}/connections/{id}",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"PUT",    "/v2/vaults/{vaultId}/wallets/{walletId}/connections/{id}/accept",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"PUT",    "/v2/vaults/{vaultId}/wallets/{walletId}/connections/{id}/disconnect",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"PUT",    "/v2/vaults/{vaultId}/wallets/{walletId}/connections/{id}/reject",
                                                           CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/currencies",                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/currencies",                           CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/currencies:list",                      CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/info/supported-currencies",            CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/rates",                                CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/notabene/search",                      CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/notabene/token",                       CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/blockchains",                          CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/assets",                               CS_PERM_ANY,                cs_api_instead},
    {"POST",   "/v2/sync:trigger",                         CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/sync/status",                          CS_PERM_ANY,                cs_api_instead},
    {"GET",    "/v2/sync/imports",                         CS_PERM_ANY,                cs_api_instead},

    {"GET",    "/v2/events",                               CS_PERM_ANY,                cs_api_events},

    {"POST",   "/v2/webhooks",                             CS_PERM_WEBHOOKS_MANAGE,    cs_api_webhook_create},
    {"GET",    "/v2/webhooks",                             CS_PERM_WEBHOOKS_READ,      cs_api_webhook_list},
    {"GET",    "/v2/webhooks/{id}",                        CS_PERM_WEBHOOKS_READ,      cs_api_webhook_get},
    {"PUT",    "/v2/webhooks/{id}",                        CS_PERM_WEBHOOKS_MANAGE,    cs_api_webhook_update},
    {"DELETE", "/v2/webhooks/{id}",                        CS_PERM_WEBHOOKS_MANAGE,    cs_api_webhook_delete},
    {"POST",   "/v2/webhooks/{id}/test",                   CS_PERM_WEBHOOKS_MANAGE,    cs_api_webhook_test},
    {"POST",   "/v2/webhooks/{webhookId}/subscriptions",   CS_PERM_WEBHOOKS_MANAGE,    cs_api_subscription_create},
    {"GET",    "/v2/webhooks/{webhookId}/subscriptions",   CS_PERM_WEBHOOKS_READ,      cs_api_subscription_list},
    {"GET",    "/v2/webhooks/{webhookId}/subscriptions/{subscriptionId}",
                                                           CS_PERM_WEBHOOKS_READ,      cs_api_subscription_get},
    {"DELETE", "/v2/webhooks/{webhookId}/subscriptions/{subscriptionId}",
                                                           CS_PERM_WEBHOOKS_MANAGE,    cs_api_subscription_delete},
    {"GET",    "/v2/webhooks/{webhookId}/deliveries",      CS_PERM_WEBHOOKS_READ,      cs_api_delivery_list},
    {"POST",   "/v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay",
                                                           CS_PERM_WEBHOOKS_MANAGE,    cs_api_delivery_replay},
};
/* clang-format on */

bool cs_route_reads(const struct cs_route *r)
{
    static cs_api_handler *const readers[] = {cs_api_tx_preview, cs_api_blockchain_list,
                                              cs_api_asset_list};

    for (size_t i = 0; i < CS_COUNTOF(readers); i++) {
        if (r->run == readers[i]) {
            return true;
        }
    }
    return strcmp(r->method, "GET") == 0;
}

const struct cs_route *cs_route_at(size_t i)
{
    return i < CS_COUNTOF(routes) ? &routes[i] : NULL;
}

bool cs_route_wants_step_up(const struct cs_route *r)
{
    if (strcmp(r->method, "GET") == 0) {
        return r->run == cs_api_audit_export; /* all of the log leaves the house */
    }
    return cs_perm_wants_step_up(r->perm);
}
