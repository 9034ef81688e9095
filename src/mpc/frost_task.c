/* What a signature is about, as every signer checks it (PROTOCOLS 2.4, 7.2, row 48). */
#include <string.h>

#include "mpc/frost_impl.h"

static bool signers_ok(const struct cs_frost_task *t)
{
    const struct cs_key *k = t->key;
    bool has_self = false;
    size_t i;

    if (t->n_signers != k->body.t) { /* exactly t (decision D10) */
        return false;
    }
    for (i = 0; i < t->n_signers; i++) {
        uint8_t j = t->signers[i];

        if (j < 1 || j > k->body.n || (i > 0 && j <= t->signers[i - 1])) {
            return false;
        }
        has_self = has_self || j == k->self;
    }
    return has_self;
}

static bool items_ok(const struct cs_frost_task *t)
{
    return t->n_messages <= CS_FROST_ITEMS_MAX && t->item < t->n_messages;
}

/* A CHECK never expires and nobody approves it: it is for the one message that means
 * nothing on any chain (PROTOCOLS 3.5), between the two that sign. */
static bool check_ok(const struct cs_frost_task *t)
{
    struct cs_request own;
    uint8_t a[32], b[32];

    if (t->request->kind != CS_REQUEST_CHECK) {
        return true;
    }
    cs_check_request(&own, &t->key->body, t->signers[0], t->signers[1]);
    cs_request_hash(a, &own);
    cs_request_hash(b, t->request);
    return t->n_signers == 2 && memcmp(a, b, 32) == 0;
}

/* BIP340 signs what chains make of a transaction: 32 bytes, never anything else. */
static bool digests_ok(const struct cs_frost_task *t)
{
    size_t i;

    for (i = 0; i < t->n_messages; i++) {
        if (t->key->body.scheme == CS_SCHEME_BIP340 && t->messages[i].n != 32) {
            return false;
        }
    }
    return true;
}

/* A KEYGEN has no messages_hash, so it is not one for any messages. */
static bool request_ok(const struct cs_frost_task *t)
{
    const struct cs_request *q = t->request;
    const struct cs_cert_body *b = &t->key->body;
    uint8_t messages[32];

    cs_request_messages_hash(messages, t->messages, t->n_messages);
    return cs_request_check(q) == CS_OK && memcmp(q->ds_hash, b->ds_hash, 32) == 0 &&
           memcmp(q->key_id, b->key_id, CS_ID_LEN) == 0 && q->key_epoch == b->epoch &&
           cs_frost_commit_len(b->scheme) != 0 && q->scheme == b->scheme &&
           q->curve == b->curve && digests_ok(t) &&
           memcmp(q->messages_hash, messages, 32) == 0 && check_ok(t);
}

enum cs_err cs_frost_task_check(const struct cs_frost_task *t)
{
    if (t->key->state != CS_KEY_ACTIVE) {
        return CS_ERR_STATE;
    }
    if (!signers_ok(t) || !items_ok(t)) {
        return CS_ERR_USAGE;
    }
    return request_ok(t) ? CS_OK : CS_ERR_POLICY_REFUSED;
}

void cs_frost_use_of(struct cs_frost_use *u, const struct cs_frost_task *t,
                     uint8_t peer)
{
    *u = (struct cs_frost_use){
        .epoch = t->key->body.epoch, .scheme = t->key->body.scheme, .peer = peer};
    memcpy(u->key_id, t->key->body.key_id, CS_ID_LEN);
    memcpy(u->ds_hash, t->key->body.ds_hash, 32);
    memcpy(u->link_id, t->link_id[peer], 16);
}
