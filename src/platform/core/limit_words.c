/* What approvers read of a limit that is made or deleted: all that it says. */
#include <stdio.h>
#include <string.h>

#include "platform/core/approval_sources.h"
#include "platform/core/wallet_limits.h"

enum { NAME_SIZE = 4 * CS_API_NAME + CS_CHAIN_ADDRESS_MAX };

static const char *const names[] = {"walletId", "limitType",   "limitQty", "duration",
                                    "asset",    "feeQtyLimit", "decimals", "matchers"};

bool cs_limit_approval_bound(const json_t *set, const json_t *rec,
                             char why[CS_APPROVAL_WHY])
{
    return cs_approval_bound(set, rec, names, CS_COUNTOF(names), why);
}

/* An id says nothing to people: "Ada Admin (id)".  name stays empty for other texts. */
static void name_of(struct cs_platform_core *core, const char *value,
                    char name[NAME_SIZE])
{
    static const uint8_t tables[] = {CS_PC_PARTY, CS_PC_ADDRESS, CS_PC_WALLET};
    uint8_t id[CS_PC_ID];

    name[0] = '\0';
    if (cs_uuid_parse(id, value) != CS_OK) {
        return;
    }
    cs_approval_name(core, value, name, NAME_SIZE);
    for (size_t i = 0; name[0] == '\0' && i < CS_COUNTOF(tables); i++) {
        json_t *rec = cs_pc_get(core, tables[i], id);
        const json_t *external = json_object_get(json_object_get(rec, "details"),
                                                 "externalAddress");

        (void)snprintf(name, NAME_SIZE, "%s",
                       external != NULL ? cs_js_text(external, "address")
                                        : cs_js_text(rec, "name"));
        json_decref(rec);
    }
}

static void add_value(struct cs_platform_core *core, struct cs_wr *w, const char *value)
{
    char name[NAME_SIZE];

    name_of(core, value, name);
    if (name[0] != '\0') {
        cs_wr_str(w, name);
        cs_wr_str(w, " (");
    }
    cs_wr_str(w, value);
    cs_wr_str(w, name[0] != '\0' ? ")" : "");
}

/* All of them: what approvers do not read they have not approved. */
static void add_matchers(struct cs_platform_core *core, json_t *lines,
                         const json_t *matchers)
{
    if (json_array_size(matchers) == 0) {
        cs_approval_line(lines, "About", "all payments of this asset");
    }
    for (size_t i = 0; i < json_array_size(matchers); i++) {
        const json_t *m = json_array_get(matchers, i),
                     *values = json_object_get(m, "values");
        struct cs_wr w = {0};

        for (size_t k = 0; k < json_array_size(values); k++) {
            cs_wr_str(&w, k == 0 ? "" : ", ");
            add_value(core, &w, json_string_value(json_array_get(values, k)));
        }
        cs_wr_u8(&w, 0);
        CS_ASSERT(w.err == CS_OK);
        cs_approval_line(lines, cs_js_text(m, "type"), (const char *)w.p);
        cs_wr_free(&w);
    }
}

/* Ten of what?  A token's limit may be in its smallest unit. */
static void line_of_scale(json_t *lines, const json_t *rec)
{
    int64_t n = cs_js_num(rec, "_scale");
    char text[64];

    if (cs_js_text(json_object_get(rec, "asset"), "contract")[0] != '\0' &&
        n != CS_LIMIT_ISSUED_SCALE) {
        (void)snprintf(text, sizeof text, "%d%s", (int)n,
                       n == 0 ? ": smallest units of the token" : "");
        cs_approval_line(lines, "Decimals", text);
    }
}

static void line_of_wallet(struct cs_platform_core *core, json_t *lines,
                           const json_t *rec)
{
    uint8_t id[CS_PC_ID];
    json_t *wallet = cs_js_id(rec, "walletId", id) ? cs_pc_get(core, CS_PC_WALLET, id)
                                                   : NULL;

    cs_approval_line(lines, "Wallet", cs_js_text(wallet, "name"));
    cs_approval_line(lines, "Wallet id", cs_js_text(rec, "walletId"));
    json_decref(wallet);
}

static json_t *lines_of(struct cs_platform_core *core, const json_t *rec)
{
    static const char *const words[][2] = {{"limitType", "Type"},
                                           {"limitQty", "Quantity"},
                                           {"duration", "Window"},
                                           {"feeQtyLimit", "Fee at most"}};
    const json_t *asset = json_object_get(rec, "asset");
    json_t *lines = cs_js_arr();

    line_of_wallet(core, lines, rec);
    cs_approval_line(lines, "Asset", cs_js_text(asset, "symbol"));
    cs_approval_line(lines, "Contract", cs_js_text(asset, "contract"));
    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        cs_approval_line(lines, words[i][1], cs_js_text(rec, words[i][0]));
    }
    line_of_scale(lines, rec);
    add_matchers(core, lines, json_object_get(rec, "matchers"));
    return lines;
}

bool cs_limit_approval_open(struct cs_api *a, const json_t *rec,
                            enum cs_approval_action action, const char *title)
{
    json_t *proposed = cs_js_obj(), *set;
    bool ok;

    cs_approval_bind(proposed, rec, names, CS_COUNTOF(names));
    set = cs_approval_open_with(a, CS_SOURCE_POLICY, rec, action, proposed, title,
                                lines_of(a->core, rec));
    ok = set != NULL;
    json_decref(proposed);
    json_decref(set);
    return ok;
}
