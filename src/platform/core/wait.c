#include "platform/core/wait.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/api.h"
#include "platform/core/session.h"

/* Views in one step of those whose time is over: each may cost milliseconds, and the
 * rest is at once due again. */
enum { RUN_MAX = 4 };

static bool is_final(uint8_t table, const json_t *rec)
{
    if (table == CS_PC_TX) { /* not: approvals, freezing, signing */
        return cs_js_is(rec, "status", "SIGNED") || cs_js_is(rec, "status", "FAILED") ||
               cs_js_is(rec, "status", "REJECTED");
    }
    return !cs_js_is(rec, "status", "PROVISIONING") &&
           !cs_js_is(rec, "status", "CREATED");
}

/* ---- the requests' side -------------------------------------------------- */

bool cs_api_wait_read(struct cs_api *a)
{
    char text[16];
    uint64_t s = 0;

    if (!cs_api_query(a, "wait", text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0' && (cs_u64_parse(&s, text) != CS_OK || s > CS_API_WAIT_MAX)) {
        (void)cs_api_fail(a, CS_API_INVALID, "wait",
                          "must be a number of seconds from 0 to %d", CS_API_WAIT_MAX);
        return false;
    }
    a->wait_s = (uint32_t)s;
    return true;
}

void cs_api_wait_for(struct cs_api *a, uint8_t table, const json_t *rec)
{
    if (a->wait_s > 0 && !is_final(table, rec)) {
        CS_ASSERT(cs_js_id(rec, "id", a->wait_id));
        a->wait_table = table;
    }
}

/* ---- the table ------------------------------------------------------------- */

static size_t count_of(const struct cs_platform_core *core, const char *actor)
{
    size_t n = 0;

    for (size_t i = 0; i < core->n_waits; i++) {
        n += strcmp(core->waits[i].actor, actor) == 0 ? 1 : 0;
    }
    return n;
}

bool cs_pc_wait_add(struct cs_platform_core *core, const struct cs_pc_wait *w)
{
    if (core->n_waits >= CS_PC_WAITS_MAX ||
        count_of(core, w->actor) >= CS_PC_WAITS_ONE) {
        return false;
    }
    if (core->waits == NULL) {
        core->waits = cs_alloc_array(CS_PC_WAITS_MAX, sizeof core->waits[0]);
        CS_ASSERT(core->waits != NULL);
    }
    core->waits[core->n_waits++] = *w;
    return true;
}

static void drop(struct cs_platform_core *core, size_t i)
{
    core->waits[i] = core->waits[--core->n_waits];
}

/* The answer's text: made once, however many wait for it (a view of 512 signatures
 * costs as many verifications). */
static void write_view(struct cs_wr *text, uint8_t table, const json_t *rec)
{
    json_t *view = table == CS_PC_TX ? cs_tx_view(rec, false) : cs_wallet_view(rec);

    cs_json_write(text, view);
    CS_ASSERT(text->err == CS_OK);
    json_decref(view);
}

/* ---- is he still there? ------------------------------------------------------ */

static bool find(struct cs_api *a, const struct cs_pc_wait *w)
{
    if (w->is_user) {
        a->who.kind = CS_ACTOR_USER;
        return cs_session_again(a, w->session);
    }
    a->who.kind = CS_ACTOR_CREDENTIAL;
    a->who.rec = cs_token_again(a->core, w->token);
    return a->who.rec != NULL;
}

/* false: the refusal is set. */
static bool may_have_it(struct cs_api *a, const struct cs_pc_wait *w)
{
    if (!find(a, w)) {
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED,
                          w->is_user ? "Cookie" : "Authorization",
                          w->is_user ? "this session ended while the answer was waited "
                                       "for: sign in again"
                                     : "this access token ended while the answer was "
                                       "waited for: get another one");
    } else if (!cs_api_may(a, w->perm)) {
        (void)cs_api_fail(a, CS_API_DENIED, "permissions",
                          "the permission '%s' was taken while the answer was waited "
                          "for",
                          cs_pc_perm_word(w->perm));
    }
    return a->code == CS_API_OK;
}

/* Who is not there any more is told so, in place of the answer.  true: told. */
static bool refuse(struct cs_platform_core *core, const struct cs_pc_wait *w)
{
    struct cs_api a = {
        .core = core, .status = 200, .actor = "", .who = {.id = "", .name = ""}};
    bool ok = may_have_it(&a, w);
    struct cs_wr text = {0};

    if (!ok) {
        json_t *o = cs_api_error_view(&a);

        cs_json_write(&text, o);
        CS_ASSERT(text.err == CS_OK);
        cs_emit_reply(core->out, w->http_id, a.status, "application/json",
                      cs_wr_get(&text));
        json_decref(o);
    }
    cs_wr_free(&text);
    json_decref(a.who.rec);
    json_decref(a.who.session);
    return !ok;
}

/* ---- answering ----------------------------------------------------------------- */

/* All who wait for this record and have waited until then. */
static void answer(struct cs_platform_core *core, uint8_t table,
                   const uint8_t id[CS_PC_ID], const json_t *rec, uint64_t until)
{
    struct cs_wr text = {0};

    for (size_t i = core->n_waits; i > 0; i--) {
        const struct cs_pc_wait *w = &core->waits[i - 1];

        if (w->table != table || memcmp(w->id, id, CS_PC_ID) != 0 ||
            w->until_ms > until) {
            continue;
        }
        if (refuse(core, w)) {
            drop(core, i - 1);
            continue;
        }
        if (text.n == 0) {
            write_view(&text, table, rec);
        }
        cs_emit_reply(core->out, w->http_id, 200, "application/json", cs_wr_get(&text));
        drop(core, i - 1);
    }
    cs_wr_free(&text);
}

void cs_pc_wait_saved(struct cs_platform_core *core, uint8_t table, const json_t *rec)
{
    uint8_t id[CS_PC_ID];

    if (core->n_waits > 0 && (table == CS_PC_TX || table == CS_PC_WALLET) &&
        is_final(table, rec) && cs_js_id(rec, "id", id)) {
        answer(core, table, id, rec, UINT64_MAX);
    }
}

/* With the state as it is now: row i, and who else waits for the same until then. */
static void give_up(struct cs_platform_core *core, size_t i, uint64_t until)
{
    const struct cs_pc_wait w = core->waits[i];
    json_t *rec = cs_pc_get(core, w.table, w.id);

    if (rec == NULL) { /* the store is broken, and the program ends */
        drop(core, i);
        return;
    }
    answer(core, w.table, w.id, rec, until);
    json_decref(rec);
}

static bool find_overdue(const struct cs_platform_core *core, size_t *i)
{
    for (*i = 0; *i < core->n_waits; ++*i) {
        if (core->waits[*i].until_ms <= core->now_ms) {
            return true;
        }
    }
    return false;
}

void cs_pc_wait_run(struct cs_platform_core *core)
{
    size_t i;

    for (int n = 0; n < RUN_MAX && find_overdue(core, &i); n++) {
        give_up(core, i, core->now_ms);
    }
}

void cs_pc_wait_end(struct cs_platform_core *core)
{
    while (core->n_waits > 0) {
        give_up(core, core->n_waits - 1, UINT64_MAX);
    }
}

uint64_t cs_pc_wait_deadline(const struct cs_platform_core *core)
{
    uint64_t at = UINT64_MAX;

    for (size_t i = 0; i < core->n_waits; i++) {
        at = core->waits[i].until_ms < at ? core->waits[i].until_ms : at;
    }
    return at;
}

void cs_pc_wait_free(struct cs_platform_core *core)
{
    cs_free(core->waits);
    core->waits = NULL;
    core->n_waits = 0;
}
