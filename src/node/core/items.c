/* What a request consists of (one signature, or one per own input of a PSBT), and how
 * an attempt comes to its end: the intent covers all items, and nothing is released
 * before all of them are signed. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "wire/jsonx.h"

enum { ANSWERED_KEEP_MS = 8000 }; /* repeats of a message come 1, 2 and 4 s later */

/* ---- items ----------------------------------------------------------------------- */

static enum cs_err copy_messages(struct work *w, const struct cs_span *messages,
                                 size_t count, size_t total)
{
    uint8_t *bytes = cs_alloc(total);

    if (bytes == NULL) {
        return CS_ERR_NOMEM;
    }
    w->bytes = bytes;
    w->n_bytes = total;
    for (size_t i = 0; i < count; i++) {
        w->messages[i] = CS_SPAN(bytes, messages[i].n);
        if (messages[i].n != 0) {
            memcpy(bytes, messages[i].p, messages[i].n);
            bytes += messages[i].n;
        }
    }
    return CS_OK;
}

enum cs_err cs_nd_work_items(struct cs_node_core *n, struct work *w,
                             const struct cs_span *messages, size_t count)
{
    size_t total = 0;

    cs_nd_items_free(n, w); /* they count no longer */
    if (count < 1 || count > CS_CHAIN_ITEMS_MAX || count > MAX_ITEMS - n->n_items) {
        return CS_ERR_LIMIT;
    }
    for (size_t i = 0; i < count; i++) { /* each below CS_CTL_MAX: no overflow */
        total += messages[i].n;
    }
    if (total > MAX_ITEM_BYTES - n->item_bytes) {
        return CS_ERR_LIMIT;
    }
    w->items = cs_alloc_array(count, sizeof *w->items);
    w->messages = cs_alloc_array(count, sizeof *w->messages);
    if (w->items == NULL || w->messages == NULL ||
        copy_messages(w, messages, count, total) != CS_OK) {
        cs_nd_items_free(n, w);
        return CS_ERR_NOMEM;
    }
    w->n_items = count;
    n->n_items += count;
    n->item_bytes += total;
    cs_nd_items_reset(n, w);
    return CS_OK;
}

void cs_nd_items_reset(struct cs_node_core *n, struct work *w)
{
    cs_nd_ecdsa_drop(n, w);
    for (size_t i = 0; i < w->n_items; i++) {
        cs_frost_run_free(w->items[i].run);
        w->items[i] = (struct item){.again = UINT64_MAX};
    }
    w->n_signed = 0;
}

void cs_nd_items_free(struct cs_node_core *n, struct work *w)
{
    cs_nd_items_reset(n, w);
    n->n_items -= w->n_items;
    n->item_bytes -= w->n_items == 0 ? 0 : w->n_bytes;
    cs_free(w->items);
    cs_free(w->messages);
    cs_free(w->bytes);
    w->items = NULL;
    w->messages = NULL;
    w->bytes = NULL;
    w->n_items = 0;
    w->n_bytes = 0;
}

static bool is_under_way(const struct item *it)
{
    return !it->is_signed && (it->is_busy || it->run != NULL || it->ecdsa != NULL);
}

size_t cs_nd_items_under_way(const struct work *w)
{
    size_t k = 0;

    for (size_t i = 0; i < w->n_items; i++) {
        k += is_under_way(&w->items[i]) ? 1 : 0;
    }
    return k;
}

bool cs_nd_item_is_open(const struct item *it)
{
    return !it->is_signed && !it->answered && !is_under_way(it);
}

enum cs_err cs_nd_child_key(struct cs_bip32 *out, const struct cs_key *key,
                            const struct cs_request *req)
{
    return cs_bip32_derive(out, &key->body.X, key->body.chain_code, req->path,
                           req->path_len);
}

/* ---- the intent ------------------------------------------------------------------ */

bool cs_nd_work_intent(struct cs_node_core *n, struct work *w, uint8_t peer,
                       const uint8_t use_id[32])
{
    enum cs_err err;

    if (w->intent) {
        return true;
    }
    memcpy(w->use_id, use_id, 32);
    err = cs_nd_journal_intent(n, w, peer);
    w->intent = err == CS_OK;
    if (err == CS_OK) {
        cs_nd_policy_count(n, w);
        return true;
    }
    if (w->initiator == w->q->roster.self) {
        cs_nd_work_failed(n, w, err, "journal", 0);
    } else {
        cs_nd_work_end(n, w); /* the initiator tells the platform */
    }
    return false;
}

enum cs_err cs_nd_still_allowed(const struct cs_node_core *n, const struct work *w,
                                uint8_t peer)
{
    if (cs_nd_quarantined(n, w->q, peer)) {
        return CS_ERR_QUARANTINED;
    }
    if (w->kind == WORK_SIGN && !cs_nd_is_enabled(n)) {
        return CS_ERR_POLICY_REFUSED;
    }
    return cs_nd_approval(n, w);
}

/* ---- responder ------------------------------------------------------------------- */

void cs_nd_item_answered(struct cs_node_core *n, struct work *w, size_t item)
{
    bool all = true;

    w->items[item].answered = true;
    for (size_t i = 0; i < w->n_items; i++) {
        all = all && w->items[i].answered;
    }
    w->phase = all ? WORK_WAITING : WORK_RUNNING;
    if (all) {
        w->deadline = n->now + ANSWERED_KEEP_MS;
    }
}

/* ---- initiator: release ---------------------------------------------------------- */

static void say_done(struct cs_node_core *n, const struct work *w,
                     const uint8_t signers[2], struct cs_wr *signatures)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_SIGN_DONE};
    struct cs_ctl_sign_done *b = &f.u.sign_done;
    const struct cs_span items[] = {CS_SPAN_OF(w->req.request_id), CS_SPAN_OF(w->reqh),
                                    CS_SPAN_OF(w->req.key_id), cs_wr_get(signatures)};
    uint8_t h[32];

    memcpy(b->request_id, w->req.request_id, 16);
    b->attempt = w->attempt;
    b->index = w->q->roster.self;
    memcpy(b->signers, signers, 2);
    b->signatures = (struct cs_blob){signatures->p, signatures->n};
    memcpy(b->reqh, w->reqh, 32);
    cs_nd_trace_take(n, w, &b->trace);
    cs_th(h, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    cs_sign(b->receipt, n->id->ik_seed, CS_SPAN_OF(h));
    cs_nd_outbox_put(n, &f);
}

static void say_checked(struct cs_node_core *n, const struct work *w)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_KEY_CHECKED};
    struct cs_ctl_key_checked *b = &f.u.key_checked;
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);

    if (c == NULL) {
        cs_nd_fail(n, err, "the key that just signed");
        return;
    }
    memcpy(b->request_id, c->key->request_id, 16); /* of the key generation */
    memcpy(b->key_id, w->req.key_id, 16);
    memcpy(b->pair, w->signers, 2);
    memcpy(b->signature, w->items[0].sig, 64);
    cs_nd_outbox_put(n, &f);
}

static void say_signed(struct cs_node_core *n, const struct work *w)
{
    struct cs_wr signatures = {0};
    char id[CS_UUID_LEN];

    for (size_t i = 0; i < w->n_items; i++) {
        cs_wr_bytes(&signatures, w->items[i].sig, sizeof w->items[i].sig);
    }
    if (signatures.err != CS_OK) {
        cs_nd_fail(n, signatures.err, "a result");
    } else {
        say_done(n, w, w->signers, &signatures);
    }
    cs_wr_free(&signatures);
    cs_log(CS_LOG_INFO, "session",
           "request %s signed with party %u (%zu signatures)" CS_F("request", "%s")
               CS_F("attempt", "%u") CS_F("ms", "%llu"),
           cs_uuid_text(id, w->req.request_id), cs_nd_other_signer(w), w->n_items, id,
           (unsigned)w->attempt, (unsigned long long)(n->now - w->begun));
    cs_nd_notify(n, "session", "{\"requestId\":\"%s\",\"outcome\":\"OK\"}", id);
}

/* The platform counts a pair as proven by this signature: not by one that is wrong. */
static enum cs_err verify_check(struct cs_node_core *n, const struct work *w)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);

    return c == NULL ? err
                     : cs_check_verify(&c->key->body, w->signers, w->items[0].sig);
}

/* Result, then release: one step (PROTOCOLS 6.3). */
static void release(struct cs_node_core *n, struct work *w)
{
    enum cs_err err = w->kind == WORK_CHECK ? verify_check(n, w) : CS_OK;

    if (err != CS_OK) {
        cs_nd_work_failed(n, w, err, "release", 0);
        return;
    }
    n->counters.sessions_ok++;
    cs_nd_mx_session(n, w, CS_OK);
    cs_nd_journal_result(n, w, CS_OK);
    if (w->kind == WORK_CHECK) {
        say_checked(n, w);
        cs_nd_keygen_proven(n, w);
    } else {
        say_signed(n, w);
    }
    cs_nd_work_end(n, w);
}

void cs_nd_item_signed(struct cs_node_core *n, struct work *w, size_t item,
                       const uint8_t sig[64])
{
    struct item *it = &w->items[item];

    if (!it->is_signed) {
        memcpy(it->sig, sig, sizeof it->sig);
        it->is_signed = true;
        w->n_signed++;
    }
    if (w->n_signed == w->n_items) {
        release(n, w);
    } else {
        cs_nd_sign_try(n, w);
    }
}

/* T11: a repeat gets the stored result, not another signature. */
void cs_nd_answer_stored(struct cs_node_core *n, struct work *w)
{
    struct cs_wr signatures = {0};
    uint8_t signers[2];
    enum cs_err err = cs_nd_journal_stored(n, w, &signatures, signers);

    if (err == CS_OK) {
        say_done(n, w, signers, &signatures);
        cs_nd_work_end(n, w);
    } else if (err == CS_ERR_NOT_FOUND) { /* signed once, and not kept: never again */
        cs_nd_work_failed(n, w, CS_ERR_EXISTS, "stored", 0);
    } else {
        cs_nd_fail(n, err, "a stored result");
    }
    cs_wr_free(&signatures);
}
