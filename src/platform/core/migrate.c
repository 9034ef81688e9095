#include "platform/core/migrate.h"

#include <string.h>

#include "base/log.h"
#include "base/rd.h"
#include "platform/core/overview.h"
#include "platform/core/tx_make.h"

/* What one version's work is: fn sees every record of the tables, in the order of
 * tables and ids. */
struct migration {
    unsigned from; /* the version before it */
    const char *what;
    const uint8_t *tables; /* rising, 0 behind the last */
    void (*fn)(struct cs_platform_core *core, uint8_t table, const uint8_t id[CS_PC_ID],
               const json_t *rec);
};

static const uint8_t counted[] = {CS_PC_DEVICE, CS_PC_QUORUM, CS_PC_VAULT,
                                  CS_PC_WALLET, CS_PC_TX,     0};

/* The overview's counters, and the list of the requests of all wallets. */
static void count_and_list(struct cs_platform_core *core, uint8_t table,
                           const uint8_t id[CS_PC_ID], const json_t *rec)
{
    cs_overview_count(core, table, id, rec);
    if (table == CS_PC_TX) {
        cs_tx_index_all(core, rec, id);
    }
}

/* Numbers are on disk: append only. */
static const struct migration migrations[] = {
    {1, "counting and listing what there is", counted, count_and_list},
};

_Static_assert(CS_COUNTOF(migrations) == CS_PC_SCHEMA - 1, "a row for each version");

static const struct migration *row_of(unsigned from)
{
    for (size_t i = 0; i < CS_COUNTOF(migrations); i++) {
        if (migrations[i].from == from) {
            return &migrations[i];
        }
    }
    return NULL;
}

static const char *what_of(unsigned from)
{
    const struct migration *row = row_of(from);

    return row == NULL ? "" : row->what;
}

/* ---- position ---------------------------------------------------------- */

static void position_save(struct cs_platform_core *core)
{
    const struct cs_pc_migration *m = &core->migration;
    struct cs_wr w = {0};

    cs_wr_u8(&w, m->from);
    cs_wr_u8(&w, m->table);
    cs_wr_bytes(&w, m->id, sizeof m->id);
    cs_pc_raw_put(core, CS_PC_META, CS_SPAN_LIT("migration"), cs_wr_get(&w));
    cs_wr_free(&w);
}

enum cs_err cs_migrate_load(struct cs_platform_core *core, int64_t schema)
{
    struct cs_pc_migration *m = &core->migration;
    struct cs_wr w = {0};
    enum cs_err err = cs_db_get(core->db, CS_PC_META, CS_SPAN_LIT("migration"), &w);
    struct cs_rd r = CS_RD(cs_wr_get(&w));

    m->schema = (uint8_t)(schema < 1 ? 1 : schema);
    if (err == CS_OK) {
        m->from = cs_rd_u8(&r);
        m->table = cs_rd_u8(&r);
        cs_rd_copy(&r, m->id, sizeof m->id);
        m->is_on = true;
        err = cs_rd_end(&r) == CS_OK && row_of(m->from) != NULL ? CS_OK
                                                                : CS_ERR_STORE_CORRUPT;
    } else if (err == CS_ERR_NOT_FOUND) {
        err = CS_OK;
        m->is_on = core->is_set_up && m->schema < CS_PC_SCHEMA;
        m->from = m->schema;
    }
    cs_wr_free(&w);
    return err;
}

static void head_raise(struct cs_platform_core *core)
{
    struct cs_wr w = {0}, out = {0};
    json_error_t e;
    json_t *head = NULL;

    if (cs_pc_raw_get(core, CS_PC_META, CS_SPAN_LIT("head"), &w)) {
        head = json_loadb((const char *)w.p, w.n, 0, &e);
    }
    if (head != NULL) {
        cs_js_int(head, "schema", CS_PC_SCHEMA);
        cs_json_write(&out, head);
        CS_ASSERT(out.err == CS_OK);
        cs_pc_raw_put(core, CS_PC_META, CS_SPAN_LIT("head"), cs_wr_get(&out));
    }
    json_decref(head);
    cs_wr_free(&w);
    cs_wr_free(&out);
}

void cs_migrate_start(struct cs_platform_core *core)
{
    struct cs_pc_migration *m = &core->migration;

    if (!m->is_on) {
        return;
    }
    if (m->schema < CS_PC_SCHEMA) {
        head_raise(core);
        position_save(core);
        m->schema = CS_PC_SCHEMA;
    }
    m->at_ms = core->now_ms;
    cs_log(CS_LOG_INFO, "platform", "a store of an earlier version: %s",
           what_of(m->from));
}

/* ---- work -------------------------------------------------------------- */

static bool is_over_table(const uint8_t *tables, uint8_t table)
{
    for (; *tables != 0; tables++) {
        if (*tables == table) {
            return false;
        }
    }
    return true;
}

static uint8_t table_after(const uint8_t *tables, uint8_t table)
{
    while (*tables != 0 && *tables <= table) {
        tables++;
    }
    return *tables;
}

/* The next record; false: the table is done. */
static bool visit(struct cs_platform_core *core, const struct migration *row)
{
    struct cs_pc_migration *m = &core->migration;
    struct cs_wr key = {0};
    json_t *rec = NULL;
    bool ok = cs_pc_raw_next(core, m->table, CS_SPAN(NULL, 0), CS_SPAN_OF(m->id), true,
                             &key, NULL) &&
              key.n == CS_PC_ID;

    if (ok) {
        memcpy(m->id, key.p, CS_PC_ID);
        rec = cs_pc_get(core, m->table, m->id);
        ok = rec != NULL; /* else the store is broken */
    }
    if (ok) {
        row->fn(core, m->table, m->id, rec);
    }
    json_decref(rec);
    cs_wr_free(&key);
    return ok;
}

/* This version's records are done: the next one's, or the end. */
static void next_version(struct cs_platform_core *core)
{
    struct cs_pc_migration *m = &core->migration;

    m->from++;
    m->table = 0;
    memset(m->id, 0, sizeof m->id);
    if (m->from < CS_PC_SCHEMA) {
        position_save(core);
        cs_log(CS_LOG_INFO, "platform", "next: %s", what_of(m->from));
        return;
    }
    m->is_on = false;
    cs_pc_raw_del(core, CS_PC_META, CS_SPAN_LIT("migration"));
    cs_log(CS_LOG_INFO, "platform", "the store has this version's form now");
}

void cs_migrate_run(struct cs_platform_core *core)
{
    struct cs_pc_migration *m = &core->migration;
    const struct migration *row = row_of(m->from);

    /* Not before EV_START has stored that it is on. */
    if (!m->is_on || m->schema < CS_PC_SCHEMA || core->now_ms < m->at_ms) {
        return;
    }
    CS_ASSERT(row != NULL);
    for (int i = 0; i < CS_MIGRATE_ROWS && core->broken == CS_OK; i++) {
        if (!is_over_table(row->tables, m->table) && visit(core, row)) {
            continue;
        }
        m->table = table_after(row->tables, m->table);
        memset(m->id, 0, sizeof m->id);
        if (m->table == 0) {
            next_version(core);
            return;
        }
    }
    position_save(core);
    m->at_ms = core->now_ms + CS_MIGRATE_MS;
}

uint64_t cs_migrate_deadline(const struct cs_platform_core *core)
{
    return core->migration.is_on ? core->migration.at_ms : UINT64_MAX;
}

bool cs_migrate_passed(const struct cs_platform_core *core, unsigned version,
                       uint8_t table, const uint8_t id[CS_PC_ID])
{
    const struct cs_pc_migration *m = &core->migration;

    if (!m->is_on || m->from >= version) {
        return true;
    }
    if (m->from + 1U < version) {
        return false;
    }
    return table < m->table || (table == m->table && memcmp(id, m->id, CS_PC_ID) <= 0);
}
