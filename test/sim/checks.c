/* What must hold at every moment (issue 2, point 9; RELIABILITY 2.2). */
#include "sim/world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "chain/chain.h"
#include "mpc/key.h"
#include "node/core/core.h"
#include "node/core/tables.h"
#include "platform/core/audit.h"
#include "store/safe.h"
#include "wire/jsonx.h"

/* ---- the nonce oracle: one commitment, one message, for ever
 * ------------------------------ */

struct nonce_use {
    char commit[140];
    char digest[65];
    char request[40]; /* of one node's part in an item of an attempt .. */
    int node;
    int64_t attempt, item;
};

/* .. there is one nonce for ever: an item of an attempt has one session. */
static bool is_same_part(const struct nonce_use *a, const struct nonce_use *b)
{
    return a->node == b->node && a->attempt == b->attempt && a->item == b->item &&
           strcmp(a->request, b->request) == 0 &&
           strlen(a->commit) == strlen(b->commit); /* of one kind */
}

static void saw_nonce(struct world *w, const struct nonce_use *u)
{
    for (size_t i = 0; i < w->n_nonces; i++) {
        const struct nonce_use *old = &w->nonces[i];
        bool same = strcmp(old->commit, u->commit) == 0;

        if (same && strcmp(old->digest, u->digest) != 0) {
            violate(w, "nonce %s was used for two messages", u->commit);
            return;
        }
        if (!same && u->attempt != 0 && is_same_part(old, u)) {
            violate(w, "node %d: request %s, attempt %lld: item %lld has two sessions",
                    u->node, u->request, (long long)u->attempt, (long long)u->item);
            return;
        }
    }
    if (w->n_nonces == w->cap_nonces) {
        w->cap_nonces = w->cap_nonces == 0 ? 64 : 2 * w->cap_nonces;
        w->nonces = realloc(w->nonces, w->cap_nonces * sizeof *w->nonces);
        CS_ASSERT(w->nonces != NULL);
    }
    w->nonces[w->n_nonces++] = *u;
}

/* ---- nothing that depends on a share leaves before its INTENT is in the journal
 * (PROTOCOLS 6.3) ------------------------------------------------------------------ */

static void check_intent(struct world *w, const struct actor *a,
                         const struct nonce_use *u)
{
    struct cs_journal_request seen;
    struct cs_journal_entry e;
    uint8_t id[16];

    CS_ASSERT(cs_uuid_parse(id, u->request) == CS_OK);
    if (cs_journal_find(a->node->journal, id, &seen) != CS_OK || seen.n_intents == 0 ||
        cs_journal_read(a->node->journal, seen.intent_seq, &e) != CS_OK ||
        (int64_t)e.attempt < u->attempt) {
        violate(w, "node %d: request %s, attempt %lld: a share left before its intent",
                u->node, u->request, (long long)u->attempt);
        return;
    }
    if (e.op != CS_JOURNAL_CHECK) { /* the nodes' own: nobody is asked */
        check_approved(w, a, u->request);
    }
}

static void text_of(char *out, size_t size, const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    CS_ASSERT(s != NULL && strlen(s) < size);
    (void)snprintf(out, size, "%s", s);
}

void check_notify(struct world *w, struct actor *a, const char *word, const char *json)
{
    struct nonce_use u = {.node = a->index};
    json_t *o;

    if (strcmp(word, "audit") == 0) {
        violate(w, "node %d refuses the log of an honest platform: %s", a->index, json);
    }
    if (strcmp(word, "nonce") != 0) {
        return;
    }
    o = json_loads(json, 0, NULL);
    CS_ASSERT(o != NULL);
    text_of(u.commit, sizeof u.commit, o, "commit");
    text_of(u.digest, sizeof u.digest, o, "digest");
    text_of(u.request, sizeof u.request, o, "requestId");
    u.attempt = json_integer_value(json_object_get(o, "attempt"));
    u.item = json_integer_value(json_object_get(o, "item"));
    json_decref(o);
    saw_nonce(w, &u);
    check_intent(w, a, &u);
}

/* ---- a key that is shown has three durable shares
 * ------------------------------------------- */

static void no_random(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    memset(out, 0, n); /* nothing is sealed here */
}

static bool read_key(struct world *w, int node, const uint8_t key_id[16],
                     struct cs_key *key)
{
    struct cs_kv *kv = cs_kv_mem_clone(
        w->actors[node].kv); /* what a crash would leave */
    struct cs_db *db = cs_db_new(kv);
    struct cs_kek kek = {.seal = {NULL, 0}};
    char device[CS_SAFE_DEVICE_MAX + 1];
    struct cs_safe_params p = {.device_id = device, .kek = &kek, .random = no_random};
    struct cs_safe *safe = NULL;
    struct cs_wr value = {0}, share = {0};
    struct cs_why why;
    struct cs_rd r;
    bool ok;

    memcpy(kek.key, w->kek[node], 32);
    ok = cs_safe_peek_device(kv, device) == CS_OK &&
         cs_safe_open(&safe, db, &p, &why) == CS_OK &&
         cs_safe_get(safe, TABLE_KEY, CS_SPAN(key_id, 16), &value) == CS_OK &&
         cs_safe_get(safe, TABLE_SHARE, CS_SPAN(key_id, 16), &share) == CS_OK;
    r = CS_RD(cs_wr_get(&value));
    (void)cs_rd_span(&r, 1 + 16);
    (void)cs_rd_lp(&r, CS_BLOCKCHAIN_MAX);
    (void)cs_rd_lp(&r, 128);
    ok = ok && cs_key_decode(key, cs_rd_lp(&r, CS_KEY_RECORD_MAX), cs_wr_get(&share)) ==
                   CS_OK;
    cs_wr_free(&value);
    cs_wr_free(&share);
    cs_safe_free(safe);
    cs_db_free(db);
    kv->ops->close(kv);
    return ok;
}

void check_shares(struct world *w, const char *key_id_text)
{
    struct cs_key *first = cs_key_new();
    struct cs_key *key = cs_key_new();
    uint8_t key_id[16];

    CS_ASSERT(first != NULL && key != NULL);
    CS_ASSERT(cs_uuid_parse(key_id, key_id_text) == CS_OK);
    for (int i = 0; i < SIM_NODES && w->violation[0] == '\0'; i++) {
        if (!read_key(w, i, key_id, key)) {
            violate(w, "key %s is shown, but node %d has no durable share", key_id_text,
                    i);
        } else if (key->state != CS_KEY_ACTIVE ||
                   !cs_sig_set_full(&key->sigs, key->body.n)) {
            violate(w, "key %s is shown, but node %d has no certificate", key_id_text,
                    i);
        } else if (i > 0 && memcmp(first->cert_hash, key->cert_hash, 32) != 0) {
            violate(w, "key %s: nodes 0 and %d hold different certificates",
                    key_id_text, i);
        }
        if (i == 0) {
            *first = *key;
        }
    }
    cs_key_free(first);
    cs_key_free(key);
}

/* ---- honest nodes never blame each other (PROTOCOLS 2.4, 15.1 A6)
 * ------------------------------------------ */

static void check_peer(struct world *w, int node, const struct quorum *q, uint8_t peer)
{
    const struct peer *p = &q->peers[peer];
    int who = -1;

    for (int i = 0; i < SIM_NODES; i++) { /* devices are known by their node's id */
        struct cs_node_core *n = w->actors[i].node;

        if (n != NULL && memcmp(n->device_raw, q->ds.members[peer - 1].device_id,
                                sizeof n->device_raw) == 0) {
            who = i;
        }
    }
    if (who >= 0 && who != w->faults.evil_node && node != w->faults.evil_node &&
        (p->rec.blames != 0 || (p->device != NULL && (p->device->quarantined ||
                                                      p->device->setup_tests != 0)))) {
        violate(w, "node %d holds %u blames (%s) against node %d, which is honest",
                node, p->rec.blames, p->rec.reason, who);
    }
}

/* ---- what a node has countersigned is in the platform's log for ever (T37) ------- */

static void check_vouched(struct world *w, int node)
{
    const struct vouched *v = &w->actors[node].node->vouched;
    struct cs_wr text = {0};
    uint8_t hash[CS_AUDIT_HASH];

    if (v->head.seq == 0) {
        return;
    }
    w->n_countersigned++;
    if (!cs_audit_get(w->actors[SIM_PLATFORM].platform, v->head.seq, &text, hash) ||
        memcmp(hash, v->head.hash, sizeof hash) != 0) {
        violate(w, "node %d has countersigned record %llu, which the platform lost",
                node, (unsigned long long)v->head.seq);
    }
    cs_wr_free(&text);
}

void check_audit(struct world *w)
{
    for (int i = 0; i < SIM_NODES && w->actors[SIM_PLATFORM].platform != NULL; i++) {
        if (w->actors[i].node != NULL) {
            check_vouched(w, i);
        }
    }
}

void check_blames(struct world *w)
{
    for (int i = 0; i < SIM_NODES; i++) {
        const struct cs_node_core *n = w->actors[i].node;

        for (size_t k = 0; n != NULL && k < n->n_quorums; k++) {
            for (uint8_t j = 1; j <= n->quorums[k]->ds.n; j++) {
                if (j != n->quorums[k]->roster.self) {
                    check_peer(w, i, n->quorums[k], j);
                }
            }
        }
    }
}
