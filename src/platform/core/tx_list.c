/* GET /v2/transactions: the requests of all wallets, the newest first.
 *
 * One index holds them all, one those of a correlation id; what else is asked for is
 * looked up in the records, at most as many for a page as page.c allows, so a page may
 * be short or empty and still have a token: go on with it. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "platform/core/tx_make.h"

enum {
    TIME_TEXT = 24,
    SEEK_WORK = 16, /* halving reads some forty records */
};

/* What the records have to be; "" is anything. */
struct cs_tx_want {
    char status[32], chain[32], wallet[40], vault[40], by[40], kind[16];
    char since[TIME_TEXT + 1], until[TIME_TEXT + 1];
};

static bool is_listed(struct cs_platform_core *core, uint64_t seq)
{
    struct cs_pc_walk w = {
        .kind = CS_IX_TXS_ALL, .scope = cs_pc_scope("", ""), .after = seq - 1};

    return cs_pc_walk_next(core, &w) && w.after == seq;
}

void cs_tx_index_all(struct cs_platform_core *core, const json_t *rec,
                     const uint8_t id[CS_PC_ID])
{
    const char *corr = cs_js_text(rec, "correlationId");
    uint64_t seq = (uint64_t)cs_js_num(rec, "_seq");

    if (seq == 0 || is_listed(core, seq)) {
        return;
    }
    cs_pc_index_add(core, CS_IX_TXS_ALL, cs_pc_scope("", ""), seq, id);
    if (corr[0] != '\0') {
        cs_pc_index_add(core, CS_IX_TXS_ALL_CORR, cs_pc_scope(corr, ""), seq, id);
    }
}

/* ---- what is asked for --------------------------------------------------- */

static bool is_uuid_or_none(struct cs_api *a, const char *name, char text[40])
{
    uint8_t id[CS_PC_ID];

    if (text[0] != '\0' && cs_uuid_parse(id, text) != CS_OK) {
        (void)cs_api_fail(a, CS_API_INVALID, name, "must be a UUID");
        return false;
    }
    if (text[0] != '\0') {
        (void)cs_uuid_text(text, id); /* one way to write it */
    }
    return true;
}

/* "2026-01-31" up to "2026-01-31T12:34:56.789Z".  Times of this form have the order of
 * their text, once the Z is off: a shorter one is the beginning of its span. */
static bool time_ok(struct cs_api *a, const char *name, char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.ddd";
    size_t n = strlen(text);

    if (n > 0 && text[n - 1] == 'Z') {
        text[--n] = '\0';
    }
    for (size_t i = 0; i < n; i++) {
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i]) {
            n = 1; /* no such time */
        }
    }
    if (n != 0 && n < 4) {
        (void)cs_api_fail(a, CS_API_INVALID, name,
                          "must be a time like 2026-01-31 or 2026-01-31T12:34:56Z");
        return false;
    }
    return true;
}

/* Transactionsv2TransactionStatus: nothing is ever published here. */
#define STATUS_WORDS                                                                   \
    "REQUESTED, POLICY_CHECK_PENDING, POLICY_CHECK_PASSED, APPROVAL_CHECK_PENDING, "   \
    "APPROVAL_CHECK_PASSED, COMPILATION_PENDING, COMPILED, SIGNATURE_PENDING, "        \
    "SIGNED, "                                                                         \
    "PUBLISH_PENDING, PUBLISHED, CONFIRMATION_PENDING, CONFIRMED, REJECTED, FAILED"

static bool read_want(struct cs_api *a, struct cs_tx_want *w)
{
    return cs_api_query_word(a, "status", w->status, sizeof w->status, STATUS_WORDS) &&
           cs_api_query_chain(a, w->chain, sizeof w->chain) &&
           cs_api_query_word(a, "kind", w->kind, sizeof w->kind,
                             "RAW, PLAINTEXT, TYPED_DATA, DIGEST") &&
           cs_api_query(a, "walletId", w->wallet, sizeof w->wallet) &&
           cs_api_query(a, "vaultId", w->vault, sizeof w->vault) &&
           cs_api_query(a, "createdBy", w->by, sizeof w->by) &&
           cs_api_query(a, "since", w->since, sizeof w->since) &&
           cs_api_query(a, "until", w->until, sizeof w->until) &&
           cs_api_query(a, "correlationId", a->want_corr, sizeof a->want_corr) &&
           is_uuid_or_none(a, "walletId", w->wallet) &&
           is_uuid_or_none(a, "vaultId", w->vault) &&
           is_uuid_or_none(a, "createdBy", w->by) && time_ok(a, "since", w->since) &&
           time_ok(a, "until", w->until);
}

static bool fits(const json_t *rec, const char *member, const char *want)
{
    return want[0] == '\0' || cs_js_is(rec, member, want);
}

static bool keep(struct cs_api *a, const json_t *rec)
{
    const struct cs_tx_want *w = a->want_tx;

    return fits(rec, "status", w->status) && fits(rec, "blockchain", w->chain) &&
           fits(rec, "_kind", w->kind) && fits(rec, "walletId", w->wallet) &&
           fits(rec, "vaultId", w->vault) && fits(rec, "createdBy", w->by) &&
           fits(rec, "correlationId", a->want_corr);
}

/* The same, of the text: a filter that fits little reads a thousand of them. */
static bool may_keep(struct cs_api *a, struct cs_span stored)
{
    const struct cs_tx_want *w = a->want_tx;

    return cs_api_stored_may_have(stored, "status", w->status) &&
           cs_api_stored_may_have(stored, "blockchain", w->chain) &&
           cs_api_stored_may_have(stored, "_kind", w->kind) &&
           cs_api_stored_may_have(stored, "walletId", w->wallet) &&
           cs_api_stored_may_have(stored, "vaultId", w->vault) &&
           cs_api_stored_may_have(stored, "createdBy", w->by);
}

static size_t list_cost(const json_t *rec)
{
    return cs_tx_cost(rec, true);
}

static json_t *view(struct cs_api *a, const json_t *rec)
{
    (void)a;
    return cs_tx_view(rec, true);
}

json_t *cs_api_tx_list_all(struct cs_api *a)
{
    struct cs_api_page p = {.table = CS_PC_TX,
                            .kind = CS_IX_TXS_ALL,
                            .scope = cs_pc_scope("", ""),
                            .name = "transactions",
                            .view = view,
                            .cost = list_cost,
                            .keep = keep,
                            .may_keep = may_keep};
    struct cs_tx_want want;
    json_t *answer;

    memset(&want, 0, sizeof want);
    if (!read_want(a, &want)) {
        return NULL;
    }
    if (a->want_corr[0] != '\0') { /* the narrowest index that fits */
        p.kind = CS_IX_TXS_ALL_CORR;
        p.scope = cs_pc_scope(a->want_corr, "");
    } else if (want.wallet[0] != '\0') {
        p.kind = CS_IX_TXS;
        p.scope = cs_pc_scope(want.wallet, "");
    }
    if ((want.since[0] != '\0' || want.until[0] != '\0') &&
        !cs_api_work_or_fail(a, SEEK_WORK)) {
        return NULL;
    }
    p.min_seq = want.since[0] == '\0' ? 0 : cs_api_seek(a, &p, want.since);
    p.end_seq = want.until[0] == '\0' ? 0 : cs_api_seek(a, &p, want.until);
    a->want_tx = &want;
    a->want_desc = true; /* unless ?order=asc */
    answer = cs_api_page(a, &p);
    a->want_tx = NULL;
    return answer;
}
