/* Derived addresses of a wallet (PROTOCOLS 9.1): BIP32, non-hardened steps only. */
#include <stdio.h>
#include <string.h>

#include "mpc/bip32.h"
#include "platform/core/api.h"
#include "platform/core/flows.h"

enum cs_err cs_api_path_parse(char out[CS_API_PATH], const char *text)
{
    uint32_t steps[CS_PATH_MAX];
    uint8_t n = 0;

    out[0] = '\0';
    if (text[0] == 'm' && (text[1] == '\0' || text[1] == '/')) {
        text += text[1] == '\0' ? 1 : 2;
        if (text[0] == '\0' && text[-1] == '/') {
            return CS_ERR_BAD_FORMAT; /* "m/" */
        }
    }
    CS_CHECK(cs_path_parse(steps, &n, text));
    if (strlen(text) >= CS_API_PATH) {
        return CS_ERR_PATH_DEPTH;
    }
    memcpy(out, text, strlen(text) + 1);
    return CS_OK;
}

static const char *path_help(enum cs_err err)
{
    return err == CS_ERR_BAD_FORMAT
               ? "must be indices below 2^31 joined by '/', as in m/0/5"
               : cs_err_text(err);
}

void cs_api_path(struct cs_api *a, char out[CS_API_PATH])
{
    const char *text = cs_jr_str_opt(&a->in, "derivationPath", CS_API_PATH - 1);
    enum cs_err err = CS_OK;

    out[0] = '\0';
    if (text != NULL) {
        err = cs_api_path_parse(out, text);
    }
    if (err != CS_OK) {
        cs_jr_fail(&a->in, "derivationPath", path_help(err));
    }
}

static json_t *address_view(struct cs_api *a, const json_t *wallet, const char *path)
{
    char address[CS_CHAIN_ADDRESS_MAX], shown[CS_API_PATH + 2];
    struct cs_chain_key key;
    const char *why = "";
    enum cs_err err = cs_pc_wallet_key(&key, wallet, path, &why);
    json_t *o;

    if (err == CS_OK) {
        err = cs_chain_address(address, &key, &why);
    }
    if (err != CS_OK) {
        return cs_api_fail(a, CS_API_INVALID, "path", "%s: %s", cs_err_reason(err),
                           why);
    }
    (void)snprintf(shown, sizeof shown, "m%s%s", path[0] == '\0' ? "" : "/", path);
    o = cs_js_obj();
    cs_js_str(o, "walletId", cs_js_text(wallet, "id"));
    cs_js_str(o, "blockchain", cs_js_text(wallet, "blockchain"));
    cs_js_str(o, "derivationPath", shown);
    cs_js_str(o, "address", address);
    cs_js_hex(o, "publicKey", key.pub, key.pub_len);
    return o;
}

json_t *cs_api_wallet_address(struct cs_api *a)
{
    char text[CS_API_PATH], path[CS_API_PATH];
    json_t *wallet, *view = NULL;
    enum cs_err err;

    if (!cs_api_query(a, "path", text, sizeof text)) {
        return NULL;
    }
    err = cs_api_path_parse(path, text);
    if (err != CS_OK) {
        return cs_api_fail(a, CS_API_INVALID, "path", "%s", path_help(err));
    }
    wallet = cs_api_wallet_record(a);
    if (wallet != NULL && !cs_js_is(wallet, "status", "PROVISIONED")) {
        (void)cs_api_fail(a, CS_API_STATE, "walletId", "the key is not provisioned");
    } else if (wallet != NULL) {
        view = address_view(a, wallet, path);
    }
    json_decref(wallet);
    return view;
}
