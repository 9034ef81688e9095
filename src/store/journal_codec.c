#include "store/journal_codec.h"

#include <string.h>

#include "base/rd.h"

enum { VERSION = 1 };

/* ---- entry -------------------------------------------------------------------- */

static bool word_ok(const char *word)
{
    size_t n = strnlen(word, CS_JOURNAL_WORD_MAX + 1);

    for (size_t i = 0; i < n; i++) {
        if (word[i] < ' ' || word[i] >= 0x7f) {
            return false;
        }
    }
    return n <= CS_JOURNAL_WORD_MAX;
}

bool cs_journal_entry_ok(const struct cs_journal_entry *e)
{
    bool is_intent = e->kind == CS_JOURNAL_INTENT;

    if (!is_intent && e->kind != CS_JOURNAL_RESULT) {
        return false;
    }
    if (e->op < CS_JOURNAL_SIGN || e->op > CS_JOURNAL_CHECK || e->seq == 0 ||
        e->n_path > CS_JOURNAL_PATH_MAX || e->n_signers > CS_JOURNAL_SIGNERS_MAX ||
        e->signature_len > CS_JOURNAL_SIG_MAX) {
        return false;
    }
    if (!word_ok(e->outcome) || !word_ok(e->decision)) {
        return false;
    }
    /* An intent has no outcome, a result has one. */
    return is_intent == (e->outcome[0] == '\0') &&
           !(is_intent && e->signature_len != 0);
}

static void wr_word(struct cs_wr *w, const char *word)
{
    cs_wr_u8(w, (uint8_t)strlen(word));
    cs_wr_str(w, word);
}

void cs_journal_encode(struct cs_wr *w, const struct cs_journal_entry *e)
{
    cs_wr_u8(w, VERSION);
    cs_wr_u8(w, (uint8_t)e->kind);
    cs_wr_u8(w, (uint8_t)e->op);
    cs_wr_u64(w, e->seq);
    cs_wr_bytes(w, e->prev, sizeof e->prev);
    cs_wr_u64(w, (uint64_t)e->wall_ms);
    cs_wr_bytes(w, e->request_id, sizeof e->request_id);
    cs_wr_u32(w, e->attempt);
    cs_wr_bytes(w, e->reqh, sizeof e->reqh);
    cs_wr_bytes(w, e->digest, sizeof e->digest);
    cs_wr_bytes(w, e->key_id, sizeof e->key_id);
    cs_wr_u32(w, e->epoch);
    cs_wr_u8(w, e->n_path);
    for (size_t i = 0; i < e->n_path; i++) {
        cs_wr_u32(w, e->path[i]);
    }
    cs_wr_u8(w, e->scheme);
    cs_wr_u8(w, e->n_signers);
    cs_wr_bytes(w, e->signers, e->n_signers);
    cs_wr_bytes(w, e->use_id, sizeof e->use_id);
    cs_wr_u8(w, e->peer);
    wr_word(w, e->outcome);
    wr_word(w, e->decision);
    cs_wr_u8(w, e->signature_len);
    cs_wr_bytes(w, e->signature, e->signature_len);
}

/* A count, then that many bytes into a field of max. */
static uint8_t rd_counted(struct cs_rd *r, uint8_t *out, size_t max)
{
    uint8_t n = cs_rd_u8(r);

    if (n > max) {
        cs_rd_fail(r, CS_ERR_TOO_LONG);
        return 0;
    }
    cs_rd_copy(r, out, n);
    return n;
}

static void rd_word(struct cs_rd *r, char out[CS_JOURNAL_WORD_MAX + 1])
{
    uint8_t bytes[CS_JOURNAL_WORD_MAX] = {0};
    uint8_t n = rd_counted(r, bytes, sizeof bytes);

    if (memchr(bytes, '\0', n) != NULL) {
        cs_rd_fail(r, CS_ERR_BAD_FORMAT);
        return;
    }
    memcpy(out, bytes, n);
    out[n] = '\0';
}

static void rd_path(struct cs_rd *r, struct cs_journal_entry *e)
{
    e->n_path = cs_rd_u8(r);
    if (e->n_path > CS_JOURNAL_PATH_MAX) {
        cs_rd_fail(r, CS_ERR_TOO_LONG);
        return;
    }
    for (size_t i = 0; i < e->n_path; i++) {
        e->path[i] = cs_rd_u32(r);
    }
}

enum cs_err cs_journal_decode(struct cs_journal_entry *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_journal_entry e = {0};
    uint8_t version = cs_rd_u8(&r);

    e.kind = (enum cs_journal_kind)cs_rd_u8(&r);
    e.op = (enum cs_journal_op)cs_rd_u8(&r);
    e.seq = cs_rd_u64(&r);
    cs_rd_copy(&r, e.prev, sizeof e.prev);
    e.wall_ms = (int64_t)cs_rd_u64(&r);
    cs_rd_copy(&r, e.request_id, sizeof e.request_id);
    e.attempt = cs_rd_u32(&r);
    cs_rd_copy(&r, e.reqh, sizeof e.reqh);
    cs_rd_copy(&r, e.digest, sizeof e.digest);
    cs_rd_copy(&r, e.key_id, sizeof e.key_id);
    e.epoch = cs_rd_u32(&r);
    rd_path(&r, &e);
    e.scheme = cs_rd_u8(&r);
    e.n_signers = rd_counted(&r, e.signers, sizeof e.signers);
    cs_rd_copy(&r, e.use_id, sizeof e.use_id);
    e.peer = cs_rd_u8(&r);
    rd_word(&r, e.outcome);
    rd_word(&r, e.decision);
    e.signature_len = rd_counted(&r, e.signature, sizeof e.signature);
    CS_CHECK(cs_rd_end(&r));
    if (version != VERSION || !cs_journal_entry_ok(&e)) {
        return CS_ERR_BAD_FORMAT;
    }
    *out = e;
    return CS_OK;
}

/* ---- index and head ----------------------------------------------------------- */

void cs_journal_request_encode(struct cs_wr *w, const struct cs_journal_request *r)
{
    cs_wr_u8(w, VERSION);
    cs_wr_bytes(w, r->reqh, sizeof r->reqh);
    cs_wr_bytes(w, r->digest, sizeof r->digest);
    cs_wr_u64(w, r->first_seq);
    cs_wr_u64(w, r->last_seq);
    cs_wr_u64(w, r->intent_seq);
    cs_wr_u64(w, r->ok_seq);
    cs_wr_u32(w, r->n_intents);
    cs_wr_u32(w, r->n_results);
}

enum cs_err cs_journal_request_decode(struct cs_journal_request *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_journal_request q = {0};
    uint8_t version = cs_rd_u8(&r);

    cs_rd_copy(&r, q.reqh, sizeof q.reqh);
    cs_rd_copy(&r, q.digest, sizeof q.digest);
    q.first_seq = cs_rd_u64(&r);
    q.last_seq = cs_rd_u64(&r);
    q.intent_seq = cs_rd_u64(&r);
    q.ok_seq = cs_rd_u64(&r);
    q.n_intents = cs_rd_u32(&r);
    q.n_results = cs_rd_u32(&r);
    if (cs_rd_end(&r) != CS_OK || version != VERSION) {
        return CS_ERR_STORE_CORRUPT;
    }
    *out = q;
    return CS_OK;
}

void cs_journal_head_encode(struct cs_wr *w, const struct cs_journal_head *h)
{
    cs_wr_u8(w, VERSION);
    cs_wr_u64(w, h->seq);
    cs_wr_bytes(w, h->hash, sizeof h->hash);
}

enum cs_err cs_journal_head_decode(struct cs_journal_head *out, struct cs_span in)
{
    struct cs_rd r = CS_RD(in);
    struct cs_journal_head h = {0};
    uint8_t version = cs_rd_u8(&r);

    h.seq = cs_rd_u64(&r);
    cs_rd_copy(&r, h.hash, sizeof h.hash);
    if (cs_rd_end(&r) != CS_OK || version != VERSION || h.seq == 0) {
        return CS_ERR_STORE_CORRUPT;
    }
    *out = h;
    return CS_OK;
}
