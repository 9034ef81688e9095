/* The journal of requests as the node writes it: an INTENT before a share leaves, a
 * RESULT before a signature is released (PROTOCOLS 6.3, DESIGN 5). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/hash.h"

static enum cs_journal_op op_of(enum cs_request_kind kind)
{
    switch (kind) {
    case CS_REQUEST_KEYGEN:
        return CS_JOURNAL_KEYGEN;
    case CS_REQUEST_CHECK:
        return CS_JOURNAL_CHECK;
    case CS_REQUEST_SIGN_RAW:
    case CS_REQUEST_SIGN_PLAINTEXT:
    case CS_REQUEST_SIGN_DIGEST:
    case CS_REQUEST_SIGN_TYPED_DATA:
        break;
    }
    return CS_JOURNAL_SIGN;
}

static void fill(const struct cs_node_core *n, struct cs_journal_entry *e,
                 const struct work *w)
{
    const struct cs_request *req = &w->req;

    memset(e, 0, sizeof *e);
    e->op = op_of(req->kind);
    e->wall_ms = n->wall;
    memcpy(e->request_id, req->request_id, 16);
    e->attempt = w->attempt;
    memcpy(e->reqh, w->reqh, 32);
    memcpy(e->digest, req->messages_hash, 32);
    memcpy(e->key_id, req->key_id, 16);
    e->epoch = req->key_epoch;
    memcpy(e->path, req->path, sizeof e->path);
    e->n_path = req->path_len;
    e->scheme = (uint8_t)req->scheme;
    memcpy(e->signers, w->signers, w->n_signers);
    e->n_signers = w->n_signers;
    memcpy(e->use_id, w->use_id, 32);
}

enum cs_err cs_nd_journal_intent(struct cs_node_core *n, const struct work *w,
                                 uint8_t peer)
{
    struct cs_journal_entry e;
    enum cs_err err;

    fill(n, &e, w);
    e.peer = peer;
    err = cs_journal_intent(n->journal, &e);
    if (err == CS_OK) {
        cs_nd_links_journal(n);
    } else {
        cs_log(CS_LOG_WARN, "journal", "request refused: %s", cs_err_text(err));
    }
    return err;
}

/* One signature stands in the entry; of more the entry has the hash. */
static void put_signatures(struct cs_node_core *n, const struct work *w,
                           struct cs_journal_entry *e)
{
    struct cs_wr all = {0};

    if (w->n_items == 1) {
        memcpy(e->signature, w->items[0].sig, 64);
        e->signature_len = 64;
        return;
    }
    for (size_t i = 0; i < w->n_items; i++) {
        cs_wr_bytes(&all, w->items[i].sig, 64);
    }
    if (all.err != CS_OK) {
        cs_nd_fail(n, all.err, "a result");
    } else if (w->n_items > 1) {
        cs_sha256(e->signature, cs_wr_get(&all));
        e->signature_len = 32;
        cs_nd_result_put(n, w->req.request_id, cs_wr_get(&all));
    }
    cs_wr_free(&all);
}

void cs_nd_journal_result(struct cs_node_core *n, struct work *w, enum cs_err outcome)
{
    struct cs_journal_entry e;
    enum cs_err err;

    if (!w->intent) {
        return; /* nothing left this node: nothing to account for */
    }
    w->intent = false;
    if (w->kind != WORK_KEYGEN && w->initiator != w->q->roster.self) {
        return; /* how it ended is the initiator's to know */
    }
    fill(n, &e, w);
    (void)snprintf(e.outcome, sizeof e.outcome, "%s", cs_err_reason(outcome));
    if (outcome == CS_OK) {
        put_signatures(n, w, &e);
    }
    err = cs_journal_result(n->journal, &e);
    if (err != CS_OK && err != CS_ERR_EXISTS) {
        cs_nd_fail(n, err, "the journal does not take a result");
    }
    cs_nd_links_journal(n);
}

bool cs_nd_journal_tried(struct cs_node_core *n, const struct work *w)
{
    struct cs_journal_request seen;
    struct cs_journal_entry e;
    enum cs_err err = cs_journal_find(n->journal, w->req.request_id, &seen);

    if (err == CS_ERR_NOT_FOUND || (err == CS_OK && seen.intent_seq == 0)) {
        return false;
    }
    if (err == CS_OK) {
        err = cs_journal_read(n->journal, seen.intent_seq, &e);
    }
    if (err != CS_OK) {
        cs_nd_fail(n, err, "the last attempt in the journal");
        return true;
    }
    return e.attempt >= w->attempt;
}

/* What TABLE_SIGS has must be what the journal has the hash of. */
static enum cs_err stored_many(struct cs_node_core *n, const struct work *w,
                               const struct cs_journal_entry *e,
                               struct cs_wr *signatures)
{
    uint8_t h[32];

    CS_CHECK(cs_nd_result_get(n, w->req.request_id, signatures));
    cs_sha256(h, cs_wr_get(signatures));
    return e->signature_len == sizeof h && memcmp(h, e->signature, sizeof h) == 0 &&
                   signatures->n == w->n_items * 64
               ? CS_OK
               : CS_ERR_STORE_CORRUPT;
}

enum cs_err cs_nd_journal_stored(struct cs_node_core *n, const struct work *w,
                                 struct cs_wr *signatures, uint8_t signers[2])
{
    struct cs_journal_entry e;

    CS_CHECK(cs_journal_stored(n->journal, w->req.request_id, &e));
    if (memcmp(e.reqh, w->reqh, 32) != 0 || e.n_signers != 2) {
        return CS_ERR_STORE_CORRUPT;
    }
    memcpy(signers, e.signers, 2);
    if (w->n_items > 1) {
        return stored_many(n, w, &e, signatures);
    }
    if (e.signature_len != 64) {
        return CS_ERR_STORE_CORRUPT;
    }
    cs_wr_bytes(signatures, e.signature, 64);
    return signatures->err;
}
