/* What an approver is told of a request: this node's own reading of the payload that it
 * would sign (cs_node_approve_cb in cloudsign/cs_node.h is the manual of the object;
 * "request" of the approval callback is the same). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "wire/jsonx.h"

enum { PAYMENTS_MAX = 256, PAYLOAD_MAX = 64 << 10 };

static void put(json_t *o, const char *name, json_t *v)
{
    CS_ASSERT(json_object_set_new(o, name, v) == 0); /* out of memory */
}

static void put_text(json_t *o, const char *name, const char *text)
{
    put(o, name, json_string(text));
}

static json_t *payments(const struct cs_chain_tx *tx)
{
    json_t *a = json_array();
    size_t n = tx->n_pays < PAYMENTS_MAX ? tx->n_pays : PAYMENTS_MAX;

    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(a, json_pack("{s:s,s:s}", "to", tx->pays[i].to,
                                                 "units", tx->pays[i].units));
    }
    return a;
}

static void put_call(json_t *o, const struct cs_chain_tx *tx)
{
    char text[24];

    if (tx->chain_id != 0) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)tx->chain_id);
        put_text(o, "chainId", text);
    }
    if (tx->has_selector) {
        put(o, "selector", cs_json_hex(tx->selector, sizeof tx->selector));
    }
    if (tx->has_tag) {
        (void)snprintf(text, sizeof text, "%lu", (unsigned long)tx->tag);
        put_text(o, "tag", text);
    }
    if (tx->has_pays) {
        put(o, "payments", payments(tx));
        put(o, "paymentCount", json_integer((json_int_t)tx->n_pays));
    }
}

static json_t *summary(const struct cs_chain_tx *tx)
{
    json_t *o = json_object();

    put_text(o, "type", tx->kind);
    put_text(o, "from", tx->from);
    put_text(o, "to", tx->to);
    put_text(o, "amount", tx->amount);
    put_text(o, "units", tx->units);
    put_text(o, "fee", tx->fee);
    put_text(o, "feeUnits", tx->fee_units);
    put_text(o, "asset", tx->asset);
    put_text(o, "contract", tx->contract);
    put_text(o, "memo", tx->memo);
    put_text(o, "text", tx->text);
    put(o, "clear", json_boolean(tx->is_clear));
    put(o, "blind", json_boolean(tx->is_blind));
    put(o, "approval", json_boolean(tx->is_approval));
    put_call(o, tx);
    return o;
}

static const char *kind_word(enum cs_request_kind kind)
{
    switch (kind) {
    case CS_REQUEST_SIGN_RAW:
        return "RAW";
    case CS_REQUEST_SIGN_PLAINTEXT:
        return "PLAINTEXT";
    case CS_REQUEST_SIGN_TYPED_DATA:
        return "TYPED_DATA";
    case CS_REQUEST_SIGN_DIGEST:
        return "DIGEST";
    case CS_REQUEST_KEYGEN:
    case CS_REQUEST_CHECK:
        break;
    }
    return "UNKNOWN";
}

/* Of the address that signs. */
static void put_key(json_t *o, const struct work *w, const struct cs_key *key)
{
    struct cs_bip32 child;
    uint8_t pub[CS_POINT_MAX];
    size_t len = cs_key_public(key, pub);

    if (w->req.curve == CS_CURVE_SECP256K1) {
        CS_ASSERT(cs_nd_child_key(&child, key, &w->req) == CS_OK); /* request.c did */
        cs_point_encode(&child.X, pub);
    }
    put(o, "publicKey", cs_json_hex(pub, len));
    put_text(o, "scheme", cs_scheme_name(w->req.scheme));
}

static void put_ids(json_t *o, const struct work *w, const char *key_name)
{
    put(o, "requestId", cs_json_uuid(w->req.request_id));
    put(o, "requestHash", cs_json_hex(w->reqh, 32));
    put(o, "quorumId", cs_json_uuid(w->q->id));
    put_text(o, "quorum", w->q->name);
    put(o, "keyId", cs_json_uuid(w->req.key_id));
    put_text(o, "key", key_name);
    put(o, "playerId", json_integer(w->q->roster.self));
    put(o, "signers", json_pack("[i,i]", w->signers[0], w->signers[1]));
}

void cs_nd_question(struct cs_wr *out, const struct work *w, const struct cached_key *c,
                    const struct cs_ctl_sign *b, const struct cs_chain_tx *tx)
{
    json_t *o = json_object();

    put_ids(o, w, c->info.name);
    put_key(o, w, c->key);
    put_text(o, "blockchain", w->req.blockchain);
    put_text(o, "kind", kind_word(w->req.kind));
    put_text(o, "path", b->path);
    put_text(o, "address", tx->signer);
    put(o, "payloadHash", cs_json_hex(w->req.payload_hash, 32));
    if (b->payload.n <= PAYLOAD_MAX) {
        put(o, "payload", cs_json_hex(b->payload.p, b->payload.n));
    }
    put(o, "expiresAt", json_integer((json_int_t)w->req.expires_ms));
    put(o, "items", json_integer((json_int_t)w->n_items));
    put(o, "summary", summary(tx));
    cs_json_write(out, o);
    json_decref(o);
}
