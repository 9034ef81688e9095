/* The journal of requests as the node writes it: an INTENT before a share leaves, a
 * RESULT before a signature is released (PROTOCOLS 6.3, DESIGN 5). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

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
                 const struct cs_request *req, const uint8_t reqh[32], uint32_t attempt)
{
    memset(e, 0, sizeof *e);
    e->op = op_of(req->kind);
    e->wall_ms = n->wall;
    memcpy(e->request_id, req->request_id, 16);
    e->attempt = attempt;
    memcpy(e->reqh, reqh, 32);
    memcpy(e->digest, req->messages_hash, 32);
    memcpy(e->key_id, req->key_id, 16);
    e->epoch = req->key_epoch;
    memcpy(e->path, req->path, sizeof e->path);
    e->n_path = req->path_len;
    e->scheme = (uint8_t)req->scheme;
}

static void grew(struct cs_node_core *n)
{
    cs_nd_links_journal(n);
}

bool cs_nd_journal_intent(struct cs_node_core *n, const struct cs_request *req,
                          const uint8_t reqh[32], uint32_t attempt,
                          const uint8_t *signers, uint8_t n_signers, uint8_t peer,
                          const uint8_t use_id[32], enum cs_err *err)
{
    struct cs_journal_entry e;

    fill(n, &e, req, reqh, attempt);
    memcpy(e.signers, signers, n_signers);
    e.n_signers = n_signers;
    e.peer = peer;
    memcpy(e.use_id, use_id, 32);
    *err = cs_journal_intent(n->journal, &e);
    if (*err == CS_OK) {
        grew(n);
    } else {
        cs_log(CS_LOG_WARN, "journal", "request refused: %s", cs_err_text(*err));
    }
    return *err == CS_OK;
}

void cs_nd_journal_result(struct cs_node_core *n, struct work *w, enum cs_err outcome,
                          const uint8_t *sig)
{
    struct cs_journal_entry e;
    enum cs_err err;

    if (!w->intent) {
        return; /* nothing left this node: nothing to account for */
    }
    w->intent = false;
    fill(n, &e, &w->req, w->reqh, w->attempt);
    memcpy(e.signers, w->signers, w->n_signers);
    e.n_signers = w->n_signers;
    memcpy(e.use_id, w->use_id, 32);
    (void)snprintf(e.outcome, sizeof e.outcome, "%s", cs_err_reason(outcome));
    if (sig != NULL) {
        memcpy(e.signature, sig, 64);
        e.signature_len = 64;
    }
    err = cs_journal_result(n->journal, &e);
    if (err != CS_OK && err != CS_ERR_EXISTS) {
        cs_nd_fail(n, err, "the journal does not take a result");
    }
    grew(n);
}
