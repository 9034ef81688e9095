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
    if (!cs_nd_is_enabled(n) || !has_both(q, b)) {
        return CS_ERR_POLICY_REFUSED;
    }
    return find_key(n, b, q, key);
}

/* ---- the key that the path leads to ---------------------------------------------- */

enum cs_chain_scheme cs_nd_chain_scheme(enum cs_scheme scheme)
{
    switch (scheme) {
    case CS_SCHEME_ECDSA:
        return CS_CHAIN_SCHEME_ECDSA;
    case CS_SCHEME_BIP340:
        return CS_CHAIN_SCHEME_BIP340;
    case CS_SCHEME_FROST_ED25519:
        break;
    }
    return CS_CHAIN_SCHEME_ED25519;
}

static enum cs_err read_path(struct cs_request *req, const struct cs_ctl_sign *b,
                             const char **why)
{
    enum cs_err err = cs_path_parse(req->path, &req->path_len, b->path);

    err = err == CS_ERR_BAD_FORMAT ? CS_ERR_PATH_FORMAT : err; /* no peer's fault */
    if (err != CS_OK) {
        *why = cs_err_text(err);
        return err;
    }
    if (req->path_len != 0 && req->curve == CS_CURVE_ED25519) { /* PROTOCOLS 9.2 */
        *why = "an Ed25519 key has no derived keys: the path must be empty";
        return CS_ERR_POLICY_REFUSED;
    }
    return CS_OK;
}

/* The chain layer's idea of the own key: of the child, or a payload of another wallet
 * of the same root would pass. */
static enum cs_err chain_key(struct cs_chain_key *own, struct cs_bip32 *child,
                             const struct cs_request *req, const struct cs_key *key,
                             const char **why)
{
    const struct cs_chain_info *info = cs_chain_by_name(req->blockchain);
    uint8_t pub[CS_POINT_MAX];
    size_t len = cs_key_public(key, pub);
    enum cs_err err;

    *why = "the blockchain is not known";
    if (info == NULL) {
        return CS_ERR_CHAIN_UNKNOWN;
    }
    if (req->curve == CS_CURVE_SECP256K1) {
        err = cs_nd_child_key(child, key, req);
        if (err != CS_OK) {
            *why = cs_err_text(err);
            return err;
        }
        cs_point_encode(&child->X, pub);
    }
    CS_CHECK(cs_chain_key_init(own, info->chain, req->curve, CS_SPAN(pub, len), why));
    return cs_chain_key_set_scheme(own, cs_nd_chain_scheme(req->scheme), why);
}

/* ---- what is to be signed -------------------------------------------------------- */

static const struct {
    enum cs_chain_kind chain;
    enum cs_request_kind request;
} kinds[] = {
    {CS_CHAIN_KIND_RAW, CS_REQUEST_SIGN_RAW},
    {CS_CHAIN_KIND_PLAINTEXT, CS_REQUEST_SIGN_PLAINTEXT},
    {CS_CHAIN_KIND_TYPED_DATA, CS_REQUEST_SIGN_TYPED_DATA},
    {CS_CHAIN_KIND_DIGEST, CS_REQUEST_SIGN_DIGEST},
};

static enum cs_err read_kind(const struct cs_node_core *n, const struct cs_ctl_sign *b,
                             enum cs_chain_kind *chain, enum cs_request_kind *kind,
                             const char **why)
{
    *why = "the kind of request is not known";
    if (!cs_chain_kind_parse(chain, b->kind)) {
        return CS_ERR_POLICY_REFUSED;
    }
    for (size_t i = 0; i < CS_COUNTOF(kinds); i++) {
        if (kinds[i].chain == *chain) {
            *kind = kinds[i].request;
        }
    }
    *why = "this node signs no digests blindly; its operator allows that with "
           "ALLOW_BLIND_SIGNING=true";
    return *chain == CS_CHAIN_KIND_DIGEST && !n->allow_blind ? CS_ERR_POLICY_REFUSED
                                                             : CS_OK;
}

/* One key, one scheme (PROTOCOLS 7.7).  A Taproot payload must be for the key of the
 * own path with the tweak of an empty script tree: what the chain layer says of the
 * output key has to be what signing will make of it (rows 49, 50). */
static enum cs_err check_item(const struct cs_chain_item *item,
                              const struct cs_request *req, const struct cs_key *key,
                              const struct cs_bip32 *child)
{
    struct cs_tweak t;
    uint8_t want[32], have[32];

    if (item->scheme != cs_nd_chain_scheme(req->scheme) ||
        item->has_tweak != (req->scheme == CS_SCHEME_BIP340)) {
        return CS_ERR_POLICY_REFUSED;
    }
    if (!item->has_tweak) {
        return CS_OK;
    }
    CS_CHECK(cs_frost_output_key(want, &key->body, req->path, req->path_len));
    CS_CHECK(cs_tweak_init(&t, &child->X));
    CS_CHECK(cs_tweak_apply(&t, item->tweak, true));
    cs_tweak_x(have, &t);
    return memcmp(want, have, sizeof want) == 0 ? CS_OK : CS_ERR_POLICY_REFUSED;
}

static bool has_same_tweak(const struct cs_chain_item *a, const struct cs_chain_item *b)
{
    return a->scheme == b->scheme && a->has_tweak == b->has_tweak &&
           memcmp(a->tweak, b->tweak, sizeof a->tweak) == 0;
}

enum cs_err cs_nd_check_items(const struct cs_chain_tx *tx,
                              const struct cs_request *req, const struct cs_key *key,
                              const struct cs_bip32 *child, const char **why)
{
    *why = "the payload asks for signatures that this key does not make";
    if (tx->n_items < 1 || tx->n_items > CS_CHAIN_ITEMS_MAX) {
        return CS_ERR_POLICY_REFUSED;
    }
    for (size_t i = 1; i < tx->n_items; i++) { /* like the first, which is checked */
        if (!has_same_tweak(&tx->items[0], &tx->items[i])) {
            return CS_ERR_POLICY_REFUSED;
        }
    }
    return check_item(&tx->items[0], req, key, child);
}

/* Payload -> what is to be signed.  tx must be freed whatever is returned. */
static enum cs_err parse_payload(const struct cs_node_core *n,
                                 const struct cs_ctl_sign *b, const struct cs_key *key,
                                 struct cs_request *req, struct cs_chain_tx *tx,
                                 const char **why)
{
    struct cs_span payload = CS_SPAN(b->payload.p, b->payload.n);
    struct cs_bip32 child = {0};
    struct cs_chain_key own;
    enum cs_chain_kind kind;

    CS_CHECK(read_kind(n, b, &kind, &req->kind, why));
    CS_CHECK(read_path(req, b, why));
    CS_CHECK(chain_key(&own, &child, req, key, why));
    CS_CHECK(cs_chain_prepare(tx, &own, kind, payload, why));
    return cs_nd_check_items(tx, req, key, &child, why);
}

static void fill_request(struct cs_request *req, const struct cs_ctl_sign *b,
                         const struct cs_key *key)
{
    memset(req, 0, sizeof *req);
    memcpy(req->request_id, b->request_id, 16);
    memcpy(req->ds_hash, key->body.ds_hash, 32);
    memcpy(req->key_id, key->body.key_id, 16);
    req->key_epoch = key->body.epoch;
    req->curve = key->body.curve;
    req->scheme = key->body.scheme;
    (void)snprintf(req->blockchain, sizeof req->blockchain, "%s", b->blockchain);
    cs_sha256(req->payload_hash, CS_SPAN(b->payload.p, b->payload.n));
    req->policy_version = b->policy_version;
    req->expires_ms = (int64_t)b->expires_at;
}

static struct cs_span *messages_of(const struct cs_chain_tx *tx)
{
    struct cs_span *m = cs_alloc_array(tx->n_items, sizeof *m);

    for (size_t i = 0; m != NULL && i < tx->n_items; i++) {
        m[i] = tx->items[i].message;
    }
    return m;
}

/* Makes *req and the messages (to be freed) from the command alone. */
static enum cs_err understand(struct cs_node_core *n, const struct cs_ctl_sign *b,
                              const struct quorum *q, struct cs_request *req,
                              struct cs_chain_tx *tx, struct cs_span **messages)
{
    struct cached_key *c = NULL;
    const char *why = "";
    enum cs_err err = check_command(n, b, q, &c);

    CS_CHECK(err);
    CS_ASSERT(c != NULL); /* found, or there was an error */
    fill_request(req, b, c->key);
    err = parse_payload(n, b, c->key, req, tx, &why);
    if (err != CS_OK) {
        cs_log(CS_LOG_WARN, "session", "a payload is refused: %s", why);
        return err;
    }
    *messages = messages_of(tx);
    if (*messages == NULL) {
        return CS_ERR_NOMEM;
    }
    cs_request_messages_hash(req->messages_hash, *messages, tx->n_items);
    CS_CHECK(cs_request_check(req));
    return cs_request_fresh(req, n->wall);
}

static void refuse(struct cs_node_core *n, const struct cs_ctl_sign *b,
                   const struct quorum *q, enum cs_err err, const char *phase)
{
    cs_nd_report_failed(n, CS_EVT_SIGN_FAILED, b->request_id, b->key_id, b->attempt,
                        q == NULL ? 0 : q->roster.self, err, phase, 0, NULL);
}

/* ---- policy and approver --------------------------------------------------------- */

static enum cs_err ask(struct cs_node_core *n, const struct cs_ctl_sign *b,
                       struct work *w, const struct cs_chain_tx *tx)
{
    struct cs_wr question = {0};
    struct cached_key *c;
    enum cs_err err;

    if (!cs_nd_approval_known(n, w)) {
        c = cs_nd_key_load(n, w->req.key_id, &err);
        if (c == NULL) {
            return err;
        }
        cs_nd_question(&question, w, c, b, tx);
    }
    err = question.err;
    if (err == CS_OK) {
        err = cs_nd_approval_ask(n, w, cs_wr_get(&question));
    }
    cs_wr_free(&question);
    return err;
}

/* The operator's word on a request that the node itself takes.  One that was answered,
 * or begun in this attempt, is cs_nd_sign_begin's: nothing new is signed there. */
static enum cs_err gate(struct cs_node_core *n, const struct cs_ctl_sign *b,
                        struct work *w, const struct cs_chain_tx *tx,
                        const char **phase)
{
    enum cs_err err;

    if (cs_journal_check(n->journal, w->req.request_id, w->reqh,
                         w->req.messages_hash) != CS_OK ||
        cs_nd_journal_tried(n, w)) {
        return CS_OK;
    }
    *phase = "policy";
    err = cs_nd_policy_judge(n, w, b, tx);
    if (err == CS_ERR_POLICY_REFUSED) {
        cs_nd_say_step(n, w->req.request_id, w->q, cs_err_reason(err),
                       "the policy of this node's operator does not allow it: its log "
                       "says why");
    }
    if (err != CS_OK) {
        return err;
    }
    *phase = "approval";
    return ask(n, b, w, tx);
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
        cs_nd_journal_result(n, w, CS_ERR_ABORTED);
        cs_nd_work_reset(n, w);
    }
    if (w == NULL) {
        return CS_ERR_LIMIT;
    }
    w->req = *req;
    memcpy(w->reqh, reqh, 32);
    *out = w;
    return CS_OK;
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Who signs, and how long the attempt may take: the other one may be asked, too. */
static void set_attempt(const struct cs_node_core *n, struct work *w,
                        const struct cs_ctl_sign *b)
{
    w->attempt = b->attempt;
    w->n_signers = 2;
    memcpy(w->signers, b->signers, 2);
    w->initiator = (uint8_t)b->initiator;
    w->approval_ms = min_u32(b->approval_ms, CS_CTL_APPROVAL_MAX_MS);
    if (n->ask && w->approval_ms < CS_CTL_APPROVAL_MS) {
        w->approval_ms = CS_CTL_APPROVAL_MS;
    }
}

static enum cs_err take(struct cs_node_core *n, const struct cs_ctl_sign *b,
                        struct quorum *q, struct work **out, const char **phase)
{
    struct cs_chain_tx tx = {0};
    struct cs_span *messages = NULL;
    struct cs_request req;
    enum cs_err err = understand(n, b, q, &req, &tx, &messages);

    if (err == CS_OK) {
        err = find_or_make(n, b, &req, out);
    }
    if (err == CS_OK) {
        (*out)->q = q;
        set_attempt(n, *out, b);
        err = cs_nd_work_items(n, *out, messages, tx.n_items);
        if (err == CS_OK) {
            err = gate(n, b, *out, &tx, phase);
        }
        if (err != CS_OK) {
            cs_nd_work_end(n, *out);
        }
    }
    cs_free(messages);
    cs_chain_tx_free(&tx);
    return err;
}

void cs_nd_sign_command(struct cs_node_core *n, const struct cs_ctl_sign *b)
{
    struct quorum *q = cs_nd_quorum_find(n, b->quorum_id);
    struct work *w = cs_nd_work_find(n, b->request_id);
    const char *phase = "accept";
    enum cs_err err;

    if (w != NULL && w->kind == WORK_SIGN && b->attempt <= w->attempt) {
        return; /* a repeat, or an older attempt */
    }
    err = n->draining ? CS_ERR_LIMIT : take(n, b, q, &w, &phase);
    if (err != CS_OK) {
        refuse(n, b, q, err, phase);
        if (q != NULL) {
            cs_nd_unpark(n, q); /* the peer's message may wait for this */
        }
        return;
    }
    cs_nd_sign_begin(n, w);
}
