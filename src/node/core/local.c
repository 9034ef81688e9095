/* Questions on the local socket (node_core.h). */
#include "node/core/kits.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "wire/jsonx.h"

enum { LOCAL_MAX = 64 << 10 }; /* eight RSA keys in PEM, escaped */

static void answer_json(struct cs_node_core *n, uint64_t request, json_t *o)
{
    struct cs_wr w = {0};

    cs_json_write(&w, o);
    cs_emit_answer(n->out, request, cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
}

json_t *cs_nd_refusal(enum cs_err err, const char *text)
{
    return json_pack("{s:b,s:s,s:s}", "ok", 0, "reason", cs_err_reason(err), "text",
                     text);
}

/* "index must be an integer from 1 to 7" */
static json_t *malformed(const struct cs_jr *r)
{
    char text[192];

    (void)snprintf(text, sizeof text, "%s %s", r->field, r->why);
    return cs_nd_refusal(CS_ERR_BAD_FORMAT, text);
}

static json_t *quorum_confirm(struct cs_node_core *n, struct cs_jr *r)
{
    const char *words = cs_jr_str(r, "words", 128, false);

    if (r->err != CS_OK) {
        return NULL;
    }
    for (size_t i = 0; i < n->n_quorums; i++) {
        struct quorum *q = n->quorums[i];

        if (q->state == QUORUM_CONFIRMED && cs_words_equal(words, q->words)) {
            cs_nd_quorum_verified(n, q);
            cs_log(CS_LOG_INFO, "quorum", "an operator confirmed the words of \"%s\"",
                   q->name);
            return json_pack("{s:b,s:o,s:s}", "ok", 1, "quorumId", cs_json_uuid(q->id),
                             "name", q->name);
        }
    }
    return cs_nd_refusal(
        CS_ERR_NOT_FOUND,
        "no quorum of this node has these words: the platform may have shown "
        "different members to different nodes; do not use it");
}

static json_t *peer_command(struct cs_node_core *n, struct cs_jr *r, bool release)
{
    uint8_t id[16];
    uint8_t peer;
    struct quorum *q;

    cs_jr_uuid(r, "quorumId", id);
    peer = (uint8_t)cs_jr_int(r, "index", 1, CS_PARTIES_MAX);
    q = r->err == CS_OK ? cs_nd_quorum_find(n, id) : NULL;
    if (r->err != CS_OK) {
        return NULL;
    }
    if (q == NULL || q->peers[peer].link == NULL) {
        return cs_nd_refusal(CS_ERR_NOT_FOUND, "no such quorum or peer on this node");
    }
    if (!release && cs_link_seen(q->peers[peer].link)->fenced == CS_OK) {
        return cs_nd_refusal(CS_ERR_STATE,
                             "this node does not refuse that party (E_ROLLBACK, "
                             "E_CLONE), so nothing was accepted; it may not have met "
                             "the restored node yet: start that one, see `cloudsign "
                             "status`, and say it again");
    }
    cs_log(CS_LOG_WARN, "peer", "an operator %s party %u of \"%s\"",
           release ? "released" : "accepted the state of", peer, q->name);
    if (release) {
        cs_nd_peer_release(n, q, peer);
    } else {
        cs_nd_peer_accept(n, q, peer);
    }
    return json_pack("{s:b}", "ok", 1);
}

static json_t *audit_accept(struct cs_node_core *n)
{
    return cs_nd_vouch_accept(n)
               ? json_pack("{s:b}", "ok", 1)
               : cs_nd_refusal(CS_ERR_STATE, "this node does not refuse the platform's "
                                             "audit log: there is nothing to accept");
}

static json_t *key_giveup(struct cs_node_core *n, struct cs_jr *r)
{
    uint8_t id[16];
    enum cs_err err;

    cs_jr_uuid(r, "keyId", id);
    if (r->err != CS_OK) {
        return NULL;
    }
    err = cs_nd_keygen_giveup(n, id);
    return err == CS_OK ? json_pack("{s:b}", "ok", 1)
                        : cs_nd_refusal(err, cs_err_text(err));
}

void cs_node_core_offer(struct cs_node_core *n, const struct cs_kek *kek)
{
    n->offered = kek;
    n->took_offer = false;
}

bool cs_node_core_took_offer(const struct cs_node_core *n)
{
    return n->took_offer;
}

/* The answer leaves when the new wrap is durable, as every answer does. */
static json_t *rekey(struct cs_node_core *n)
{
    const struct cs_kek *kek = n->offered;
    enum cs_err err;

    n->offered = NULL;
    if (kek == NULL) {
        return cs_nd_refusal(CS_ERR_STATE, "no new key was given");
    }
    err = cs_safe_rekey_step(n->safe, kek);
    if (err != CS_OK) {
        return cs_nd_refusal(err, cs_err_text(err));
    }
    n->took_offer = true;
    cs_log(CS_LOG_WARN, "store", "an operator gave the store another key (%s)",
           kek->seal.n != 0 ? "of a KMS" : "hex");
    return json_pack("{s:b}", "ok", 1);
}

static json_t *run(struct cs_node_core *n, struct cs_jr *r)
{
    const char *cmd = cs_jr_str(r, "cmd", 32, false);

    if (r->err != CS_OK) {
        return NULL;
    }
    if (strcmp(cmd, "quorum.confirm") == 0) {
        return quorum_confirm(n, r);
    }
    if (strcmp(cmd, "peer.accept") == 0 || strcmp(cmd, "peer.release") == 0) {
        return peer_command(n, r, strcmp(cmd, "peer.release") == 0);
    }
    if (strcmp(cmd, "audit.accept") == 0) {
        return audit_accept(n);
    }
    if (strcmp(cmd, "peers.ping") == 0) {
        cs_nd_links_ping(n);
        return json_pack("{s:b}", "ok", 1);
    }
    if (strcmp(cmd, "rekey") == 0) {
        return rekey(n);
    }
    if (strcmp(cmd, "key.giveup") == 0) {
        return key_giveup(n, r);
    }
    if (strcmp(cmd, "backup.keys") == 0) {
        return cs_nd_backup_keys(n, r);
    }
    if (strcmp(cmd, "backup.kit") == 0) {
        return cs_nd_backup_kit(n, r);
    }
    if (strcmp(cmd, "backup.saved") == 0) {
        return cs_nd_backup_saved(n, r);
    }
    if (strcmp(cmd, "backup.done") == 0) {
        return cs_nd_backup_done(n, r);
    }
    if (strcmp(cmd, "store.restored") == 0) {
        return cs_nd_store_restored(n);
    }
    if (strcmp(cmd, "store.check") == 0) {
        return cs_nd_store_check(n, r);
    }
    cs_jr_fail(r, "cmd", "is not known");
    return NULL;
}

static void answer_status(struct cs_node_core *n, uint64_t request)
{
    struct cs_wr w = {0};

    cs_node_core_status(n, &w);
    cs_emit_answer(n->out, request, cs_wr_get(&w));
    cs_wr_free(&w);
}

void cs_nd_local(struct cs_node_core *n, uint64_t request, struct cs_span text)
{
    const char *why = "";
    json_t *j = NULL, *o = NULL;
    struct cs_jr r;

    if (cs_json_parse(&j, text, LOCAL_MAX, &why) != CS_OK) {
        answer_json(n, request, cs_nd_refusal(CS_ERR_BAD_FORMAT, why));
        return;
    }
    r = CS_JR(j);
    if (strcmp(cs_jr_str(&r, "cmd", 32, true), "status") == 0) {
        answer_status(n, request);
    } else {
        o = run(n, &r);
        answer_json(n, request, o != NULL ? o : malformed(&r));
    }
    json_decref(j);
}
