/* What signers report.  The platform derives what is signed from the payload itself and
 * believes no signature, message or receipt that it has not verified. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "mpc/bip32.h"
#include "platform/core/sign_job.h"
#include "platform/core/signers.h"

static bool is_signer(const struct cs_pc_sign_job *j, uint32_t index)
{
    uint8_t pair[2];

    cs_pc_sj_pair(j, pair);
    return index != 0 && (index == pair[0] || index == pair[1]);
}

static enum cs_request_kind request_kind(enum cs_chain_kind kind)
{
    switch (kind) {
    case CS_CHAIN_KIND_RAW:
        return CS_REQUEST_SIGN_RAW;
    case CS_CHAIN_KIND_PLAINTEXT:
        return CS_REQUEST_SIGN_PLAINTEXT;
    case CS_CHAIN_KIND_TYPED_DATA:
        return CS_REQUEST_SIGN_TYPED_DATA;
    case CS_CHAIN_KIND_DIGEST:
        return CS_REQUEST_SIGN_DIGEST;
    }
    CS_ASSERT(false);
    return CS_REQUEST_SIGN_DIGEST;
}

static void hash_items(uint8_t out[32], const struct cs_chain_tx *tx)
{
    struct cs_span items[CS_CTL_ITEMS_MAX];

    CS_ASSERT(tx->n_items <= CS_COUNTOF(items)); /* cs_pc_tx_open */
    for (size_t i = 0; i < tx->n_items; i++) {
        items[i] = tx->items[i].message;
    }
    cs_request_messages_hash(out, items, tx->n_items);
}

/* The request as nodes have to understand it (PROTOCOLS 2.4): made from what we stored,
 * as they make it from what we sent. */
static void request_of(const struct cs_pc_sign_job *j, const struct cs_pc_tx *t,
                       struct cs_request *r)
{
    memset(r, 0, sizeof *r);
    r->kind = request_kind(t->kind);
    memcpy(r->request_id, j->id, sizeof r->request_id);
    memcpy(r->ds_hash, j->q->ds_hash, sizeof r->ds_hash);
    CS_ASSERT(cs_js_id(j->tx, "_keyId", r->key_id));
    r->curve = cs_scheme_curve(t->scheme);
    r->scheme = t->scheme;
    CS_ASSERT(cs_path_parse(r->path, &r->path_len, cs_pc_tx_path(j->tx)) == CS_OK);
    (void)snprintf(r->blockchain, sizeof r->blockchain, "%s",
                   cs_js_text(j->tx, "blockchain"));
    cs_sha256(r->payload_hash, cs_wr_get(&t->payload));
    hash_items(r->messages_hash, &t->chain);
    r->policy_version = CS_PC_POLICY_VERSION;
    r->expires_ms = cs_js_num(j->sign, "expires");
}

/* The receipt binds the signature to exactly this request. */
static bool receipt_ok(const struct cs_pc_sign_job *j, const struct cs_pc_tx *t,
                       const struct cs_ctl_sign_done *d)
{
    const struct cs_ds_member *m = cs_ds_member(&j->q->ds, (uint8_t)d->index);
    struct cs_request r;
    const struct cs_span items[] = {CS_SPAN_OF(d->request_id), CS_SPAN_OF(d->reqh),
                                    CS_SPAN_OF(r.key_id),
                                    CS_SPAN(d->signatures.p, d->signatures.n)};
    uint8_t reqh[32], th[32];

    request_of(j, t, &r);
    cs_request_hash(reqh, &r);
    if (m == NULL || memcmp(reqh, d->reqh, sizeof reqh) != 0) {
        return false;
    }
    cs_th(th, CS_TAG_RECEIPT, items, CS_COUNTOF(items));
    return cs_sign_verify(d->receipt, m->id.ik, CS_SPAN_OF(th));
}

/* Signatures and receipt against what we derive ourselves. */
static enum cs_err done_check(const struct cs_pc_sign_job *j,
                              const struct cs_ctl_sign_done *d, bool is_known)
{
    struct cs_pc_tx t;
    const char *why = "";
    enum cs_err err = cs_pc_tx_open(&t, j->tx, &why);

    if (err == CS_OK && !is_known) {
        err = cs_pc_tx_finish(NULL, &t, CS_SPAN(d->signatures.p, d->signatures.n),
                              &why);
    }
    if (err == CS_OK && !receipt_ok(j, &t, d)) {
        why = cs_err_text(CS_ERR_RECEIPT);
        err = CS_ERR_RECEIPT;
    }
    if (err != CS_OK) {
        cs_log(CS_LOG_WARN, "platform", "request %s: a result is refused: %s",
               cs_js_text(j->tx, "id"), why == NULL ? cs_err_text(err) : why);
    }
    cs_pc_tx_free(&t);
    return err;
}

/* Is it what another signer has already brought and we have verified? */
static bool is_known(const struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d)
{
    const char *hex = cs_pc_tx_signatures(j->tx);
    json_t *own = cs_json_hex(d->signatures.p, d->signatures.n);
    bool same = hex[0] != '\0' && strcmp(hex, json_string_value(own)) == 0;

    json_decref(own);
    return same;
}

static bool has_receipt(const json_t *receipts, uint32_t index)
{
    for (size_t i = 0; i < json_array_size(receipts); i++) {
        if (cs_js_num(json_array_get(receipts, i), "playerId") == (int64_t)index) {
            return true;
        }
    }
    return false;
}

static void add_receipt(struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d)
{
    json_t *receipts = json_object_get(j->sign, "receipts");
    json_t *r;

    if (has_receipt(receipts, d->index)) {
        return;
    }
    r = cs_js_obj();
    cs_js_int(r, "playerId", d->index);
    cs_js_int(r, "attempt", d->attempt);
    cs_js_hex(r, "requestHash", d->reqh, sizeof d->reqh);
    cs_js_hex(r, "receipt", d->receipt, sizeof d->receipt);
    cs_js_push(receipts, r);
}

/* A valid signature of a request that we gave up: it exists, so it is shown. */
static void late(struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d)
{
    if (cs_pc_tx_signatures(j->tx)[0] != '\0') {
        return;
    }
    cs_pc_sj_reason(
        j, "LATE_SIGNATURE",
        "a valid signature came after the request had failed: treat it as signed");
    cs_js_hex(j->tx, "_signatures", d->signatures.p, d->signatures.n);
    add_receipt(j, d);
    cs_pc_timeline(j->core, j->id, d->index, "LATE_SIGNATURE", "after the end");
    cs_pc_sj_save(j);
}

static void signed_now(struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d)
{
    cs_js_hex(j->tx, "_signatures", d->signatures.p, d->signatures.n);
    cs_js_del(j->tx, "reasons");
    add_receipt(j, d);
    cs_pc_sj_finish(j, "SIGNED");
    cs_pc_timeline_trace(j->core, j->id, d->signers, d->index, &d->trace);
    cs_pc_timeline(j->core, j->id, d->index, "SIGNED",
                   "signatures and receipt verified");
    cs_pc_sj_save(j);
}

static int64_t bit_of(uint32_t index)
{
    return (int64_t)1 << (index - 1);
}

/* What does not verify is never shown; the member is left out from here on, and no
 * other result of it is looked at: it ends an attempt only once and only its own, and
 * cannot have us verify its lies over and over. */
static void done_refused(struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d,
                         enum cs_err err)
{
    struct cs_pc_live *l = cs_pc_qset_live(j->core, j->q, (uint8_t)d->index);
    int64_t bit = bit_of(d->index);

    cs_log(CS_LOG_ERROR, "platform",
           "request %s: member %u sent a result that is wrong: %s",
           cs_js_text(j->tx, "id"), (unsigned)d->index, cs_err_text(err));
    if (l != NULL) {
        cs_pc_live_punish(j->core, l);
    }
    cs_js_int(j->sign, "liars", cs_js_num(j->sign, "liars") | bit);
    if (!cs_pc_sj_pending(j)) {
        cs_pc_sj_save(j);
        return;
    }
    cs_pc_sj_refused(j, d->index, cs_err_reason(err));
    if (cs_js_is(j->sign, "phase", "OFFERED") && is_signer(j, d->index)) {
        cs_pc_sj_failed(j, d->index, cs_err_reason(err), "result");
    } else {
        cs_pc_timeline(j->core, j->id, d->index, cs_err_reason(err), "result");
        cs_pc_sj_save(j);
    }
}

/* Verifying 512 signatures keeps everybody waiting, so it is not done for what could
 * change nothing: a repeat, another set than the verified one, a member that lied. */
static bool is_news(const struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d,
                    bool known)
{
    if ((cs_js_num(j->sign, "liars") & bit_of(d->index)) != 0) {
        return false;
    }
    return known ? !has_receipt(json_object_get(j->sign, "receipts"), d->index)
                 : cs_pc_tx_signatures(j->tx)[0] == '\0';
}

static void done(struct cs_pc_sign_job *j, const struct cs_ctl_sign_done *d)
{
    bool known = is_known(j, d);
    enum cs_err err;

    if (!is_news(j, d, known)) {
        return;
    }
    err = done_check(j, d, known);
    if (err != CS_OK) {
        done_refused(j, d, err);
    } else if (cs_pc_sj_pending(j)) {
        signed_now(j, d);
    } else if (cs_js_is(j->tx, "status", "FAILED")) {
        late(j, d);
    } else if (known) {
        add_receipt(j, d);
        cs_pc_sj_save(j);
    }
}

static void failed(struct cs_pc_sign_job *j, const struct cs_ctl_failed *f)
{
    struct cs_pc_live *blamed = f->blame == 0 || f->blame > j->q->ds.n
                                    ? NULL
                                    : cs_pc_qset_live(j->core, j->q, (uint8_t)f->blame);
    uint8_t pair[2];

    if (!cs_pc_sj_pending(j) || !cs_js_is(j->sign, "phase", "OFFERED") ||
        (int64_t)f->attempt != cs_js_num(j->sign, "attempt") ||
        !is_signer(j, f->index)) {
        return; /* an older attempt, or not its request */
    }
    cs_pc_sj_pair(j, pair);
    if (blamed != NULL) {
        /* Either may be the liar: these two are not paired again for this request. */
        cs_pc_live_punish(j->core, blamed);
        cs_js_int(j->sign, "badPairs",
                  cs_js_num(j->sign, "badPairs") | cs_pc_pair_bit(pair[0], pair[1]));
    } else if (!f->retryable) {
        cs_pc_sj_refused(j, f->index, f->reason);
    }
    cs_pc_timeline_trace(j->core, j->id, pair, f->index, &f->trace);
    cs_pc_sj_failed(j, f->index, f->reason, f->phase);
}

void cs_pc_sign_event(struct cs_platform_core *core, struct cs_pc_live *from,
                      const struct cs_ctl_frame *f)
{
    bool is_done = f->kind == CS_EVT_SIGN_DONE;
    const uint8_t *id = is_done ? f->u.sign_done.request_id : f->u.failed.request_id;
    uint32_t index = is_done ? f->u.sign_done.index : f->u.failed.index;
    struct cs_pc_sign_job j;

    if (!cs_pc_sj_open(&j, core, id)) {
        return;
    }
    if (!cs_pc_qset_speaks(j.q, from, index)) {
        cs_log(CS_LOG_WARN, "platform",
               "signing event that is not the sender's: dropped");
    } else if (is_done) {
        done(&j, &f->u.sign_done);
    } else {
        failed(&j, &f->u.failed);
    }
    json_decref(j.tx);
}
