/* From the platform's `sign` command to a request this node stands for: it parses the
 * payload itself, derives the bytes to sign, and refuses what does not fit its key
 * (DECISIONS 18, 27, 28; RELIABILITY T11, T15). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/hash.h"

static bool has_both(const struct quorum *q, const struct cs_ctl_sign *b)
{
    uint8_t self = q->roster.self;

    return cs_roster_has(&q->roster, b->signers[0]) &&
           cs_roster_has(&q->roster, b->signers[1]) &&
           (b->signers[0] == self || b->signers[1] == self) &&
           (b->initiator == b->signers[0] || b->initiator == b->signers[1]);
}

/* The key must be usable, of this quorum, and made for this chain. */
static enum cs_err find_key(struct cs_node_core *n, const struct cs_ctl_sign *b,
                            const struct quorum *q, struct cached_key **out)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, b->key_id, &err);

    if (c == NULL) {
        return err;
    }
    if (c->key->state != CS_KEY_ACTIVE || memcmp(c->info.quorum_id, q->id, 16) != 0) {
        return CS_ERR_UNKNOWN_KEY;
    }
    *out = c;
    return strcmp(c->info.blockchain, b->blockchain) == 0 ? CS_OK
                                                          : CS_ERR_POLICY_REFUSED;
}

static enum cs_err check_command(struct cs_node_core *n, const struct cs_ctl_sign *b,
                                 const struct quorum *q, struct cached_key **key)
{
    if (q == NULL || q->state != QUORUM_CONFIRMED) {
        return CS_ERR_UNKNOWN_KEY;
    }
    if (!cs_nd_is_enabled(n) || b->path[0] != '\0' || !has_both(q, b)) {
        return CS_ERR_POLICY_REFUSED; /* Ed25519 keys have no derivation: PROTOCOLS 9.2
                                       */
    }
    return find_key(n, b, q, key);
}

/* Payload -> the one thing to sign.  tx must be freed whatever is returned. */
static enum cs_err parse_payload(const struct cs_ctl_sign *b, const struct cs_key *key,
                                 enum cs_request_kind *kind, struct cs_chain_tx *tx,
                                 const char **why)
{
    const struct cs_chain_info *info = cs_chain_by_name(b->blockchain);
    struct cs_span payload = CS_SPAN(b->payload.p, b->payload.n);
    struct cs_chain_key own;
    uint8_t pub[CS_POINT_MAX];
    size_t pub_len = cs_key_public(key, pub);

    *why = "the blockchain is not known";
    if (info == NULL) {
        return CS_ERR_CHAIN_UNKNOWN;
    }
    CS_CHECK(cs_chain_key_init(&own, info->chain, key->body.curve,
                               CS_SPAN(pub, pub_len), why));
    if (strcmp(b->kind, "RAW") == 0) {
        *kind = CS_REQUEST_SIGN_RAW;
        return cs_chain_decode(tx, &own, payload, why);
    }
    *why = "the kind of request is not known";
    if (strcmp(b->kind, "PLAINTEXT") == 0) {
        *kind = CS_REQUEST_SIGN_PLAINTEXT;
        return cs_chain_plaintext(tx, &own, payload, why);
    }
    return CS_ERR_POLICY_REFUSED;
}

static void fill_request(struct cs_request *req, const struct cs_ctl_sign *b,
                         const struct cs_key *key, enum cs_request_kind kind,
                         struct cs_span message)
{
    memset(req, 0, sizeof *req);
    req->kind = kind;
    memcpy(req->request_id, b->request_id, 16);
    memcpy(req->ds_hash, key->body.ds_hash, 32);
    memcpy(req->key_id, key->body.key_id, 16);
    req->key_epoch = key->body.epoch;
    req->curve = key->body.curve;
    req->scheme = key->body.scheme;
    (void)snprintf(req->blockchain, sizeof req->blockchain, "%s", b->blockchain);
    cs_sha256(req->payload_hash, CS_SPAN(b->payload.p, b->payload.n));
    cs_request_messages_hash(req->messages_hash, &message, 1);
    req->policy_version = b->policy_version;
    req->expires_ms = (int64_t)b->expires_at;
}

static enum cs_err take_message(struct work *w, struct cs_span message)
{
    uint8_t *copy = cs_alloc(message.n);

    if (copy == NULL) {
        return CS_ERR_NOMEM;
    }
    memcpy(copy, message.p, message.n);
    cs_free(w->msg);
    w->msg = copy;
    w->msg_len = message.n;
    return CS_OK;
}

/* Makes *req and *message from the command alone. */
static enum cs_err understand(struct cs_node_core *n, const struct cs_ctl_sign *b,
                              const struct quorum *q, struct cs_request *req,
                              struct cs_chain_tx *tx)
{
    enum cs_request_kind kind = CS_REQUEST_SIGN_RAW;
    struct cached_key *c = NULL;
    const char *why = "";
    enum cs_err err = check_command(n, b, q, &c);

    CS_CHECK(err);
    CS_ASSERT(c != NULL); /* found, or there was an error */
    err = parse_payload(b, c->key, &kind, tx, &why);
    if (err != CS_OK) {
        cs_log(CS_LOG_WARN, "session", "a payload is refused: %s", why);
        return err;
    }
    if (tx->n_items != 1) {
        return CS_ERR_POLICY_REFUSED;
    }
    fill_request(req, b, c->key, kind, tx->items[0].message);
    CS_CHECK(cs_request_check(req));
    return cs_request_fresh(req, n->wall);
}

static void refuse(struct cs_node_core *n, const struct cs_ctl_sign *b,
                   const struct quorum *q, enum cs_err err)
{
    cs_nd_report_failed(n, CS_EVT_SIGN_FAILED, b->request_id, b->key_id, b->attempt,
                        q == NULL ? 0 : q->roster.self, err, "accept", 0);
}

/* A known request id: only a later attempt of the very same request replaces it. */
static enum cs_err find_or_make(struct cs_node_core *n, const struct cs_ctl_sign *b,
                                const struct cs_request *req, struct work **out)
{
    struct work *w = cs_nd_work_find(n, b->request_id);
    uint8_t reqh[32];

    cs_request_hash(reqh, req);
    if (w != NULL && (w->kind != WORK_SIGN || memcmp(w->reqh, reqh, 32) != 0)) {
        return CS_ERR_REQUEST_CONFLICT;
    }
    if (w == NULL) {
        w = cs_nd_work_new(n, WORK_SIGN);
    } else {
        cs_nd_journal_result(n, w, CS_ERR_ABORTED, NULL);
        cs_nd_work_reset(w);
    }
    if (w == NULL) {
        return CS_ERR_LIMIT;
    }
    w->req = *req;
    memcpy(w->reqh, reqh, 32);
    *out = w;
    return CS_OK;
}

static enum cs_err take(struct cs_node_core *n, const struct cs_ctl_sign *b,
                        struct quorum *q, struct work **out)
{
    struct cs_chain_tx tx = {0};
    struct cs_request req;
    enum cs_err err = understand(n, b, q, &req, &tx);

    if (err == CS_OK) {
        err = find_or_make(n, b, &req, out);
    }
    if (err == CS_OK) {
        (*out)->q = q;
        err = take_message(*out, tx.items[0].message);
        if (err != CS_OK) {
            cs_nd_work_end(n, *out);
        }
    }
    cs_chain_tx_free(&tx);
    return err;
}

void cs_nd_sign_command(struct cs_node_core *n, const struct cs_ctl_sign *b)
{
    struct quorum *q = cs_nd_quorum_find(n, b->quorum_id);
    struct work *w = cs_nd_work_find(n, b->request_id);
    enum cs_err err;

    if (w != NULL && w->kind == WORK_SIGN && b->attempt <= w->attempt) {
        return; /* a repeat, or an older attempt */
    }
    err = n->draining ? CS_ERR_LIMIT : take(n, b, q, &w);
    if (err != CS_OK) {
        refuse(n, b, q, err);
        return;
    }
    w->attempt = b->attempt;
    w->n_signers = 2;
    memcpy(w->signers, b->signers, 2);
    w->initiator = (uint8_t)b->initiator;
    cs_nd_sign_begin(n, w);
}
