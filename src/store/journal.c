#include "store/journal.h"

#include <string.h>

#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "store/journal_codec.h"

static const struct cs_span head_key = {(const uint8_t *)"head", 4};

struct cs_journal {
    struct cs_safe *safe;
    struct cs_journal_head head;
};

struct seq_key {
    uint8_t b[8];
};

static struct seq_key seq_key(uint64_t seq)
{
    struct seq_key k;

    for (size_t i = 0; i < 8; i++) {
        k.b[i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    return k;
}

void cs_journal_head_hash(uint8_t out[32], const char *device_id,
                          const struct cs_journal_head *head)
{
    struct seq_key seq = seq_key(head->seq);
    const struct cs_span x[] = {CS_SPAN(device_id, strlen(device_id)),
                                CS_SPAN_OF(seq.b), CS_SPAN_OF(head->hash)};

    cs_th(out, CS_TAG_JOURNAL_HEAD, x, CS_COUNTOF(x));
}

static void entry_hash(uint8_t out[32], struct cs_span bytes)
{
    cs_th(out, CS_TAG_JOURNAL, &bytes, 1);
}

/* ---- opening and reading ------------------------------------------------------ */

/* The entry's bytes, and its fields when out is not NULL. */
static enum cs_err load(struct cs_journal *j, uint64_t seq, uint8_t hash[32],
                        struct cs_journal_entry *out)
{
    struct seq_key k = seq_key(seq);
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(j->safe, CS_TABLE_JOURNAL, CS_SPAN_OF(k.b), &w);

    if (err == CS_OK) {
        entry_hash(hash, cs_wr_get(&w));
        err = cs_journal_decode(out, cs_wr_get(&w)) == CS_OK ? CS_OK
                                                             : CS_ERR_STORE_CORRUPT;
    }
    cs_wr_free(&w);
    if (err == CS_OK && out->seq != seq) {
        err = CS_ERR_STORE_CORRUPT;
    }
    return err;
}

static enum cs_err head_load(struct cs_journal *j)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(j->safe, CS_TABLE_JOURNAL_HEAD, head_key, &w);

    if (err == CS_OK) {
        err = cs_journal_head_decode(&j->head, cs_wr_get(&w));
    } else if (err == CS_ERR_NOT_FOUND) {
        err = CS_OK; /* nothing was written yet */
    }
    cs_wr_free(&w);
    return err;
}

/* The head must be the last entry: neither one missing nor one too many. */
static enum cs_err head_check(struct cs_journal *j)
{
    struct seq_key after = seq_key(j->head.seq + 1);
    struct cs_journal_entry e;
    uint8_t hash[32];
    enum cs_err err;

    if (cs_safe_has(j->safe, CS_TABLE_JOURNAL, CS_SPAN_OF(after.b))) {
        return CS_ERR_STORE_CORRUPT;
    }
    if (j->head.seq == 0) {
        return CS_OK;
    }
    err = load(j, j->head.seq, hash, &e);
    if (err == CS_ERR_NOT_FOUND) {
        return CS_ERR_STORE_CORRUPT;
    }
    CS_CHECK(err);
    return memcmp(hash, j->head.hash, sizeof hash) == 0 ? CS_OK : CS_ERR_STORE_CORRUPT;
}

enum cs_err cs_journal_open(struct cs_journal **out, struct cs_safe *s)
{
    struct cs_journal *j = cs_alloc(sizeof *j);
    enum cs_err err = j == NULL ? CS_ERR_NOMEM : CS_OK;

    *out = NULL;
    CS_TRY(err);
    j->safe = s;
    CS_TRY(head_load(j));
    CS_TRY(head_check(j));
    *out = j;
    j = NULL;
out:
    cs_journal_free(j);
    return err;
}

void cs_journal_free(struct cs_journal *j)
{
    cs_free(j);
}

struct cs_journal_head cs_journal_head(const struct cs_journal *j)
{
    return j->head;
}

enum cs_err cs_journal_find(struct cs_journal *j, const uint8_t request_id[16],
                            struct cs_journal_request *out)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(j->safe, CS_TABLE_JOURNAL_INDEX,
                                  CS_SPAN(request_id, 16), &w);

    if (err == CS_OK) {
        err = cs_journal_request_decode(out, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err;
}

enum cs_err cs_journal_read(struct cs_journal *j, uint64_t seq,
                            struct cs_journal_entry *out)
{
    uint8_t hash[32];

    if (seq == 0 || seq > j->head.seq) {
        return CS_ERR_NOT_FOUND;
    }
    return load(j, seq, hash, out);
}

enum cs_err cs_journal_stored(struct cs_journal *j, const uint8_t request_id[16],
                              struct cs_journal_entry *out)
{
    struct cs_journal_request r;

    CS_CHECK(cs_journal_find(j, request_id, &r));
    if (r.ok_seq == 0) {
        return CS_ERR_NOT_FOUND;
    }
    return cs_journal_read(j, r.ok_seq, out);
}

/* ---- writing --------------------------------------------------------------------- */

/* r is zero when the id is new (first_seq 0). */
static enum cs_err check(struct cs_journal *j, struct cs_journal_request *r,
                         const uint8_t request_id[16], const uint8_t reqh[32],
                         const uint8_t digest[32])
{
    enum cs_err err = cs_journal_find(j, request_id, r);

    if (err == CS_ERR_NOT_FOUND) {
        memset(r, 0, sizeof *r);
        memcpy(r->reqh, reqh, sizeof r->reqh);
        memcpy(r->digest, digest, sizeof r->digest);
        return CS_OK;
    }
    CS_CHECK(err);
    if (memcmp(r->reqh, reqh, sizeof r->reqh) != 0 ||
        memcmp(r->digest, digest, sizeof r->digest) != 0) {
        return CS_ERR_REQUEST_CONFLICT; /* RELIABILITY T11: one digest for ever */
    }
    return r->ok_seq != 0 ? CS_ERR_EXISTS : CS_OK;
}

enum cs_err cs_journal_check(struct cs_journal *j, const uint8_t request_id[16],
                             const uint8_t reqh[32], const uint8_t digest[32])
{
    struct cs_journal_request r;

    return check(j, &r, request_id, reqh, digest);
}

static void request_note(struct cs_journal_request *r, const struct cs_journal_entry *e)
{
    r->first_seq = r->first_seq == 0 ? e->seq : r->first_seq;
    r->last_seq = e->seq;
    if (e->kind == CS_JOURNAL_INTENT) {
        r->intent_seq = e->seq;
        r->n_intents++;
        return;
    }
    r->n_results++;
    if (strcmp(e->outcome, "OK") == 0) {
        r->ok_seq = e->seq;
    }
}

static enum cs_err write_entry(struct cs_journal *j, const struct cs_journal_entry *e,
                               const struct cs_journal_request *r)
{
    struct cs_journal_head head = {.seq = e->seq};
    struct seq_key k = seq_key(e->seq);
    struct cs_wr entry = {0}, index = {0}, top = {0};
    enum cs_err err;

    cs_journal_encode(&entry, e);
    cs_journal_request_encode(&index, r);
    CS_TRY(entry.err);
    entry_hash(head.hash, cs_wr_get(&entry));
    cs_journal_head_encode(&top, &head);
    CS_TRY(index.err);
    CS_TRY(top.err);
    CS_TRY(cs_safe_put(j->safe, CS_TABLE_JOURNAL, CS_SPAN_OF(k.b), cs_wr_get(&entry)));
    CS_TRY(cs_safe_put(j->safe, CS_TABLE_JOURNAL_INDEX, CS_SPAN_OF(e->request_id),
                       cs_wr_get(&index)));
    CS_TRY(cs_safe_put(j->safe, CS_TABLE_JOURNAL_HEAD, head_key, cs_wr_get(&top)));
    j->head = head;
out:
    cs_wr_free(&entry);
    cs_wr_free(&index);
    cs_wr_free(&top);
    return err;
}

static enum cs_err append(struct cs_journal *j, struct cs_journal_entry *e)
{
    struct cs_journal_request r;

    e->seq = j->head.seq + 1;
    memcpy(e->prev, j->head.hash, sizeof e->prev);
    CS_CHECK(cs_journal_entry_ok(e) ? CS_OK : CS_ERR_USAGE);
    CS_CHECK(check(j, &r, e->request_id, e->reqh, e->digest));
    if (strcmp(e->outcome, "OK") == 0 && r.n_intents == 0) {
        return CS_ERR_STATE; /* a share left without its intent: never */
    }
    request_note(&r, e);
    return write_entry(j, e, &r);
}

enum cs_err cs_journal_intent(struct cs_journal *j, struct cs_journal_entry *e)
{
    e->kind = CS_JOURNAL_INTENT;
    return append(j, e);
}

enum cs_err cs_journal_result(struct cs_journal *j, struct cs_journal_entry *e)
{
    e->kind = CS_JOURNAL_RESULT;
    return append(j, e);
}

/* ---- checking ----------------------------------------------------------------- */

/* The hash that entry `from` must carry as prev. */
static enum cs_err chain_start(struct cs_journal *j, uint64_t from, uint8_t hash[32])
{
    struct cs_journal_entry e;

    memset(hash, 0, 32);
    return from <= 1 ? CS_OK : load(j, from - 1, hash, &e);
}

enum cs_err cs_journal_verify(struct cs_journal *j, uint64_t from, uint64_t *bad)
{
    struct cs_journal_entry e;
    uint8_t want[32], hash[32];
    enum cs_err err;

    from = from == 0 ? 1 : from;
    *bad = from - 1;
    err = chain_start(j, from, want);
    for (uint64_t seq = from; err == CS_OK && seq <= j->head.seq; seq++) {
        *bad = seq;
        err = load(j, seq, hash, &e);
        if (err == CS_OK && memcmp(e.prev, want, sizeof want) != 0) {
            err = CS_ERR_STORE_CORRUPT;
        }
        memcpy(want, hash, sizeof want);
    }
    if (err == CS_OK && from <= j->head.seq + 1) {
        *bad = j->head.seq;
        err = memcmp(want, j->head.hash, sizeof want) == 0 ? CS_OK
                                                           : CS_ERR_STORE_CORRUPT;
    }
    if (err == CS_OK) {
        *bad = 0;
    }
    return err == CS_ERR_NOT_FOUND ? CS_ERR_STORE_CORRUPT : err;
}
