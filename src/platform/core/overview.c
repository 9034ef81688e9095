#include "platform/core/overview.h"

#include <stdio.h>
#include <string.h>

#include "base/rd.h"
#include "platform/core/migrate.h"

enum { VERSION = 2, DAY_MS = 86400000, TEXT_MAX = 200 };

/* ---- rows -------------------------------------------------------------- */

static void parse_numbers(const struct cs_wr *w, uint64_t *out, size_t n)
{
    struct cs_rd r = CS_RD(cs_wr_get(w));

    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < n && r.left > 0; i++) {
        out[i] = cs_rd_u64(&r);
    }
}

static void read_numbers(struct cs_platform_core *core, struct cs_span key,
                         uint64_t *out, size_t n)
{
    struct cs_wr w = {0};

    (void)cs_pc_raw_get(core, CS_PC_STAT, key, &w); /* none: zeros */
    parse_numbers(&w, out, n);
    cs_wr_free(&w);
}

static void write_numbers(struct cs_platform_core *core, struct cs_span key,
                          const uint64_t *v, size_t n)
{
    struct cs_wr w = {0};

    for (size_t i = 0; i < n; i++) {
        cs_wr_u64(&w, v[i]);
    }
    cs_pc_raw_put(core, CS_PC_STAT, key, cs_wr_get(&w));
    cs_wr_free(&w);
}

void cs_overview_totals(struct cs_platform_core *core, uint64_t out[CS_OV_COUNT])
{
    read_numbers(core, CS_SPAN_LIT("t"), out, CS_OV_COUNT);
}

uint64_t cs_overview_paired(const struct cs_platform_core *core)
{
    uint64_t t[CS_OV_COUNT] = {0};
    struct cs_wr w = {0};

    if (cs_db_get(core->db, CS_PC_STAT, CS_SPAN_LIT("t"), &w) == CS_OK) {
        parse_numbers(&w, t, CS_OV_COUNT);
    }
    cs_wr_free(&w);
    return t[CS_OV_PAIRED];
}

/* A bit a counter. */
static void totals_move(struct cs_platform_core *core, uint32_t gone, uint32_t come)
{
    uint64_t t[CS_OV_COUNT];

    if (gone == come) {
        return;
    }
    cs_overview_totals(core, t);
    for (unsigned i = 0; i < CS_OV_COUNT; i++) {
        t[i] += come >> i & 1U;
        t[i] -= (gone >> i & 1U) != 0 && t[i] > 0 ? 1 : 0;
    }
    write_numbers(core, CS_SPAN_LIT("t"), t, CS_OV_COUNT);
}

static struct cs_span day_key(uint8_t key[5], uint32_t day)
{
    key[0] = 'd';
    for (int i = 0; i < 4; i++) {
        key[1 + i] = (uint8_t)(day >> (24 - 8 * i));
    }
    return CS_SPAN(key, 5);
}

static void day_add(struct cs_platform_core *core, uint32_t day, bool is_signed)
{
    uint8_t key[5], old[5];
    uint64_t v[2];

    read_numbers(core, day_key(key, day), v, 2);
    if (v[0] + v[1] == 0 && day > CS_OV_DAYS_KEPT) {
        cs_pc_raw_del(core, CS_PC_STAT, day_key(old, day - CS_OV_DAYS_KEPT));
    }
    v[is_signed ? 0 : 1]++;
    write_numbers(core, day_key(key, day), v, 2);
}

/* ---- what a record counts as ------------------------------------------- */

#define BIT(name) (1U << CS_OV_##name)
/* Beside the counters: it stands in the index of what is named. */
enum { NAMED_DEVICE = 1 << 24, NAMED_QUORUM = 1 << 25, NAMED_CHEAT = 1 << 26 };
_Static_assert(CS_OV_COUNT <= 24, "a bit a counter");

static uint32_t device_bits(const json_t *rec)
{
    bool is_bound = cs_js_text(rec, "_ik")[0] != '\0';

    if (cs_js_is(rec, "approvalStatus", "PENDING")) {
        return BIT(DEVICES) | (is_bound ? BIT(WAITING) | NAMED_DEVICE : 0);
    }
    if (cs_js_is(rec, "approvalStatus", "REJECTED")) {
        return BIT(DEVICES);
    }
    return BIT(DEVICES) |
           (cs_js_is(rec, "enabledStatus", "ENABLED") ? BIT(PAIRED) : BIT(DISABLED));
}

static uint32_t quorum_bits(const json_t *rec)
{
    uint32_t cheat = json_array_size(json_object_get(rec, "_quarantine")) > 0
                         ? (uint32_t)NAMED_CHEAT
                         : 0;

    if (cs_js_is(rec, "state", "QUORUM_STATE_CONFIRMED")) {
        return BIT(QUORUMS) | BIT(CONFIRMED) | cheat;
    }
    if (cs_js_is(rec, "state", "QUORUM_STATE_CREATED") ||
        cs_js_is(rec, "state", "QUORUM_STATE_PENDING")) {
        return BIT(QUORUMS) | BIT(PENDING) | NAMED_QUORUM;
    }
    return BIT(QUORUMS);
}

static uint32_t wallet_bits(const json_t *rec)
{
    return BIT(WALLETS) |
           (cs_js_is(rec, "status", "PROVISIONED")           ? BIT(PROVISIONED)
            : cs_js_is(rec, "status", "PROVISIONING_FAILED") ? BIT(FAILED)
                                                             : 0);
}

static uint32_t bits_of(uint8_t table, const json_t *rec)
{
    if (rec == NULL || cs_js_true(rec, "deleted") || cs_js_true(rec, "_deleted")) {
        return 0;
    }
    switch (table) {
    case CS_PC_DEVICE:
        return device_bits(rec);
    case CS_PC_QUORUM:
        return quorum_bits(rec);
    case CS_PC_WALLET:
        return wallet_bits(rec);
    default:
        return BIT(VAULTS);
    }
}

static void named_move(struct cs_platform_core *core, const json_t *rec,
                       const uint8_t id[CS_PC_ID], uint32_t gone, uint32_t come)
{
    const struct cs_pc_scope all = cs_pc_scope("", "");
    const struct {
        uint32_t bit;
        enum cs_pc_index kind;
    } kinds[] = {{NAMED_DEVICE, CS_IX_OV_DEVICES},
                 {NAMED_QUORUM, CS_IX_OV_QUORUMS},
                 {NAMED_CHEAT, CS_IX_OV_CHEATS}};
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");

    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if ((~gone & come & kinds[i].bit) != 0) {
            cs_pc_index_add(core, kinds[i].kind, all, seq, id);
        } else if ((gone & ~come & kinds[i].bit) != 0) {
            cs_pc_index_del(core, kinds[i].kind, all, seq);
        }
    }
}

/* Quarantined pairs and approvals are rare and lists short, so before is read. */
static void small_move(struct cs_platform_core *core, uint8_t table,
                       const uint8_t id[CS_PC_ID], const json_t *before,
                       const json_t *after)
{
    const uint32_t counters = (1U << CS_OV_COUNT) - 1;
    uint32_t gone = bits_of(table, before), come = bits_of(table, after);

    totals_move(core, gone & counters, come & counters);
    named_move(core, after, id, gone, come);
}

/* ---- transactions: many, long and saved often, so before is not read --- */

static bool tx_is_over(const json_t *tx)
{
    static const char *const words[] = {"SIGNED",    "FAILED",   "REJECTED",
                                        "PUBLISHED", "CANCELED", "CONFIRMED"};

    for (size_t i = 0; i < CS_COUNTOF(words); i++) {
        if (cs_js_is(tx, "status", words[i])) {
            return true;
        }
    }
    return false;
}

static bool tx_is_good(const json_t *tx)
{
    return tx_is_over(tx) && !cs_js_is(tx, "status", "FAILED") &&
           !cs_js_is(tx, "status", "REJECTED") && !cs_js_is(tx, "status", "CANCELED");
}

static struct cs_span active_key(uint8_t key[1 + CS_PC_ID], const uint8_t id[CS_PC_ID])
{
    key[0] = 'a';
    memcpy(key + 1, id, CS_PC_ID);
    return CS_SPAN(key, 1 + CS_PC_ID);
}

/* A request that was not counted yet. */
static void tx_come(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                    const json_t *tx, uint32_t day)
{
    uint8_t key[1 + CS_PC_ID];

    if (!tx_is_over(tx)) {
        cs_pc_raw_put(core, CS_PC_STAT, active_key(key, id), CS_SPAN(NULL, 0));
        totals_move(core, 0, BIT(TXS) | BIT(ACTIVE));
    } else {
        totals_move(core, 0, BIT(TXS));
        day_add(core, day, tx_is_good(tx));
    }
}

static void tx_note(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                    const json_t *tx)
{
    uint32_t day = (uint32_t)(core->wall_ms / DAY_MS);
    uint8_t key[1 + CS_PC_ID];
    bool was_active = cs_pc_raw_get(core, CS_PC_STAT, active_key(key, id), NULL);

    if (was_active && tx_is_over(tx)) {
        cs_pc_raw_del(core, CS_PC_STAT, active_key(key, id));
        totals_move(core, BIT(ACTIVE), 0);
        day_add(core, day, tx_is_good(tx));
    } else if (!was_active &&
               !cs_pc_raw_get(core, CS_PC_TX, CS_SPAN(id, CS_PC_ID), NULL)) {
        tx_come(core, id, tx, day);
    } /* else nothing has changed: a late signature comes after the end */
}

/* ---- entries ----------------------------------------------------------- */

static bool is_small(uint8_t table)
{
    return table == CS_PC_DEVICE || table == CS_PC_QUORUM || table == CS_PC_VAULT ||
           table == CS_PC_WALLET;
}

void cs_overview_note(struct cs_platform_core *core, uint8_t table,
                      const uint8_t id[CS_PC_ID], const json_t *rec)
{
    json_t *before;

    if ((!is_small(table) && table != CS_PC_TX) ||
        !cs_migrate_passed(core, VERSION, table, id)) {
        return; /* the migration counts it when it gets there */
    }
    if (table == CS_PC_TX) {
        tx_note(core, id, rec);
        return;
    }
    before = cs_pc_get(core, table, id);
    small_move(core, table, id, before, rec);
    json_decref(before);
}

static int number(const char *p, int digits)
{
    int v = 0;

    for (; digits > 0 && *p >= '0' && *p <= '9'; digits--, p++) {
        v = 10 * v + (*p - '0');
    }
    return v;
}

/* Days since 1970 of "2026-11-26T..", by the civil calendar; 0 when it is none. */
static uint32_t day_of(const char *text)
{
    int y, m, d, era, days;

    if (strlen(text) < 10) {
        return 0;
    }
    y = number(text, 4);
    m = number(text + 5, 2);
    d = number(text + 8, 2);
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > 31) {
        return 0;
    }
    y -= m <= 2 ? 1 : 0; /* years begin in March: February's end is theirs */
    era = y / 400;
    days = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    days += (y - 400 * era) * 365 + (y - 400 * era) / 4 - (y - 400 * era) / 100;
    days += 146097 * era - 719468;
    return days > 0 ? (uint32_t)days : 0;
}

void cs_overview_count(struct cs_platform_core *core, uint8_t table,
                       const uint8_t id[CS_PC_ID], const json_t *rec)
{
    if (is_small(table)) {
        small_move(core, table, id, NULL, rec);
    } else if (table == CS_PC_TX) {
        tx_come(core, id, rec, day_of(cs_js_text(rec, "updatedAt")));
    }
}

/* ---- GET /v2/overview -------------------------------------------------- */

static json_t *counts(const uint64_t t[CS_OV_COUNT], const char *const *names,
                      const enum cs_ov *of, size_t n)
{
    json_t *o = cs_js_obj();

    for (size_t i = 0; i < n; i++) {
        cs_js_int(o, names[i], (int64_t)t[of[i]]);
    }
    return o;
}

static void count_online(void *ctx, struct cs_pc_node *node)
{
    size_t *n = ctx;

    *n += cs_pc_live_online((const struct cs_pc_live *)(const void *)node) ? 1 : 0;
}

static size_t online(struct cs_platform_core *core)
{
    size_t n = 0;

    cs_pc_map_each(&core->live, count_online, &n);
    return n;
}

static json_t *devices_view(const uint64_t t[CS_OV_COUNT], size_t n_online)
{
    static const char *const names[] = {"total", "paired", "waiting", "disabled"};
    static const enum cs_ov of[] = {CS_OV_DEVICES, CS_OV_PAIRED, CS_OV_WAITING,
                                    CS_OV_DISABLED};
    json_t *o = counts(t, names, of, CS_COUNTOF(of));

    cs_js_int(o, "online", (int64_t)n_online);
    return o;
}

static json_t *quorums_view(const uint64_t t[CS_OV_COUNT])
{
    static const char *const names[] = {"total", "confirmed", "pending"};
    static const enum cs_ov of[] = {CS_OV_QUORUMS, CS_OV_CONFIRMED, CS_OV_PENDING};

    return counts(t, names, of, CS_COUNTOF(of));
}

static json_t *wallets_view(const uint64_t t[CS_OV_COUNT])
{
    static const char *const names[] = {"total", "provisioned", "failed"};
    static const enum cs_ov of[] = {CS_OV_WALLETS, CS_OV_PROVISIONED, CS_OV_FAILED};

    return counts(t, names, of, CS_COUNTOF(of));
}

/* The last 30 days, the oldest first; days without a request are there, too. */
static json_t *days_view(struct cs_platform_core *core)
{
    int64_t today = core->wall_ms / DAY_MS;
    json_t *list = cs_js_arr();

    for (int64_t day = today - CS_OV_DAYS + 1; day <= today; day++) {
        char text[CS_PC_TIME_LEN];
        json_t *o = cs_js_obj();
        uint8_t key[5];
        uint64_t v[2];

        read_numbers(core, day_key(key, (uint32_t)day), v, 2);
        (void)cs_pc_time(text, day * DAY_MS);
        text[10] = '\0';
        cs_js_str(o, "day", text);
        cs_js_int(o, "signed", (int64_t)v[0]);
        cs_js_int(o, "failed", (int64_t)v[1]);
        cs_js_push(list, o);
    }
    return list;
}

static json_t *txs_view(struct cs_platform_core *core, const uint64_t t[CS_OV_COUNT])
{
    static const char *const names[] = {"total", "active"};
    static const enum cs_ov of[] = {CS_OV_TXS, CS_OV_ACTIVE};
    json_t *o = counts(t, names, of, CS_COUNTOF(of));

    cs_js_set(o, "byDay", days_view(core));
    return o;
}

/* ---- what needs somebody ----------------------------------------------- */

static void attend(json_t *list, const char *severity, const char *type, const char *id,
                   const char *action, const char *text)
{
    json_t *o;

    if (json_array_size(list) >= CS_OV_ATTENTION) {
        return;
    }
    o = cs_js_obj();
    cs_js_str(o, "severity", severity);
    cs_js_str(o, "text", text);
    cs_js_str(o, "objectType", type);
    cs_js_str(o, "objectId", id);
    cs_js_str(o, "action", action);
    cs_js_push(list, o);
}

struct named {
    enum cs_pc_index kind;
    uint8_t table;
    const char *severity, *type, *member; /* member: its name */
    const char *action, *what, *more;     /* "'x' <what>", "<n> more <more>" */
};

/* The oldest few of an index by name, the rest as a number. */
static void attend_named(struct cs_platform_core *core, json_t *list,
                         const struct named *n)
{
    struct cs_pc_walk w = {.kind = n->kind, .scope = cs_pc_scope("", "")};
    uint64_t all = cs_pc_index_count(core, n->kind, w.scope), shown = 0;
    char text[TEXT_MAX];

    while (shown < CS_OV_NAMED && cs_pc_walk_next(core, &w)) {
        json_t *rec = cs_pc_get(core, n->table, w.id);

        (void)snprintf(text, sizeof text, "'%s' %s", cs_js_text(rec, n->member),
                       n->what);
        attend(list, n->severity, n->type, cs_js_text(rec, "id"), n->action, text);
        json_decref(rec);
        shown++;
    }
    if (all > shown) {
        (void)snprintf(text, sizeof text, "%llu more %s",
                       (unsigned long long)(all - shown), n->more);
        attend(list, n->severity, n->type, "", n->action, text);
    }
}

static void attend_offline(json_t *list, const uint64_t t[CS_OV_COUNT], size_t n_online)
{
    uint64_t away = t[CS_OV_PAIRED] > n_online ? t[CS_OV_PAIRED] - n_online : 0;
    char text[TEXT_MAX];

    if (away > 0) {
        (void)snprintf(text, sizeof text,
                       "%llu of %llu paired devices %s offline: their quorums have "
                       "fewer signers",
                       (unsigned long long)away, (unsigned long long)t[CS_OV_PAIRED],
                       away == 1 ? "is" : "are");
        attend(list, 2 * away > t[CS_OV_PAIRED] ? "critical" : "warning", "DEVICE", "",
               "look", text);
    }
}

static json_t *attention(struct cs_api *a, const uint64_t t[CS_OV_COUNT],
                         size_t n_online)
{
    static const struct named cheats = {
        CS_IX_OV_CHEATS,
        CS_PC_QUORUM,
        "critical",
        "QUORUM",
        "name",
        "look",
        "has members that caught each other cheating",
        "quorums have members that caught each other cheating"};
    static const struct named devices = {CS_IX_OV_DEVICES,
                                         CS_PC_DEVICE,
                                         "warning",
                                         "DEVICE",
                                         "displayName",
                                         "approve",
                                         "waits for approval",
                                         "devices wait for approval"};
    static const struct named quorums = {CS_IX_OV_QUORUMS,
                                         CS_PC_QUORUM,
                                         "info",
                                         "QUORUM",
                                         "name",
                                         "look",
                                         "waits for its members to join",
                                         "quorums wait for their members"};
    json_t *list = cs_js_arr();

    if (cs_api_may(a, CS_PERM_QUORUMS_READ)) {
        attend_named(a->core, list, &cheats);
    }
    if (cs_api_may(a, CS_PERM_DEVICES_READ)) {
        attend_offline(list, t, n_online);
        attend_named(a->core, list, &devices);
    }
    if (cs_api_may(a, CS_PERM_QUORUMS_READ)) {
        attend_named(a->core, list, &quorums);
    }
    return list;
}

json_t *cs_api_overview(struct cs_api *a)
{
    struct cs_platform_core *core = a->core;
    size_t n_online = online(core);
    uint64_t t[CS_OV_COUNT];
    json_t *o = cs_js_obj();

    cs_overview_totals(core, t);
    if (cs_api_may(a, CS_PERM_DEVICES_READ)) {
        cs_js_set(o, "devices", devices_view(t, n_online));
    }
    if (cs_api_may(a, CS_PERM_QUORUMS_READ)) {
        cs_js_set(o, "quorums", quorums_view(t));
    }
    if (cs_api_may(a, CS_PERM_VAULTS_READ)) {
        cs_js_int(o, "vaults", (int64_t)t[CS_OV_VAULTS]);
    }
    if (cs_api_may(a, CS_PERM_WALLETS_READ)) {
        cs_js_set(o, "wallets", wallets_view(t));
    }
    if (cs_api_may(a, CS_PERM_TX_READ)) {
        cs_js_set(o, "transactions", txs_view(core, t));
    }
    cs_js_bool(o, "isCounting", core->migration.is_on);
    cs_js_set(o, "attention", attention(a, t, n_online));
    return o;
}
