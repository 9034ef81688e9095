#include "node/core/kits.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "mpc/kit.h"

enum { PAGE = 4096 };

/* ---- which keys there are ---------------------------------------------------------
 */

struct page {
    json_t *ids;
    int64_t from, at;
};

static enum cs_err add_id(void *ctx, struct cs_span key, struct cs_span value)
{
    struct page *p = ctx;

    (void)value;
    if (p->at++ < p->from || key.n != CS_ID_LEN) {
        return CS_OK;
    }
    if (json_array_append_new(p->ids, cs_json_uuid(key.p)) != 0) {
        return CS_ERR_NOMEM;
    }
    return json_array_size(p->ids) == PAGE ? CS_ERR_LIMIT : CS_OK;
}

json_t *cs_nd_backup_keys(struct cs_node_core *n, struct cs_jr *r)
{
    struct page p = {.from = cs_jr_int(r, "from", 0, INT32_MAX)};
    enum cs_err err;
    json_t *o;

    if (r->err != CS_OK) {
        return NULL;
    }
    p.ids = json_array();
    err = cs_safe_each(n->safe, TABLE_KEY, add_id, &p);
    if (err != CS_OK && err != CS_ERR_LIMIT) {
        json_decref(p.ids);
        return cs_nd_refusal(err, cs_err_text(err));
    }
    o = json_pack("{s:b,s:o,s:i}", "ok", 1, "keys", p.ids, "total", (int)n->n_keys);
    if (o != NULL && err == CS_ERR_LIMIT) {
        (void)json_object_set_new(o, "next", json_integer(p.at));
    }
    return o;
}

/* ---- for whom ---------------------------------------------------------------------
 */

struct recipients {
    struct cs_recovery_key *k[CS_KIT_BOXES_MAX];
    size_t n;
};

static void drop(struct recipients *to)
{
    for (size_t i = 0; i < to->n; i++) {
        cs_recovery_key_free(to->k[i]);
    }
    to->n = 0;
}

static bool is_configured(const struct cs_node_core *n, const struct cs_recovery_key *k)
{
    uint8_t id[CS_RECOVERY_ID_LEN];

    cs_recovery_id(id, k);
    for (size_t i = 0; i < n->n_recovery_keys; i++) {
        if (memcmp(n->recovery_keys[i], id, sizeof id) == 0) {
            return true;
        }
    }
    return false;
}

/* NULL, or why this text is not taken. */
static const char *add_recipient(const struct cs_node_core *n, struct recipients *to,
                                 const char *text)
{
    struct cs_recovery_key *k = NULL;

    if (text == NULL ||
        cs_recovery_key_parse(&k, CS_SPAN(text, strlen(text))) != CS_OK) {
        return "one of the recovery keys is neither X25519 nor RSA of 4096 bits";
    }
    to->k[to->n++] = k;
    if (cs_recovery_has_secret(k)) {
        return "this is the secret half of a recovery key: it does not belong on this "
               "machine; make another one, and give the node its public half";
    }
    return is_configured(n, k)
               ? NULL
               : "this node makes kits only for the recovery keys of its RECOVERY_KEYS "
                 "(their ids, 64 hex digits each), and this is none of them";
}

static const char *read_recipients(const struct cs_node_core *n, struct recipients *to,
                                   const json_t *texts)
{
    const char *why = NULL;

    for (size_t i = 0; i < json_array_size(texts) && why == NULL; i++) {
        why = add_recipient(n, to, json_string_value(json_array_get(texts, i)));
    }
    return why;
}

/* ---- a kit ------------------------------------------------------------------------
 */

static enum cs_err seal(struct cs_node_core *n, struct cs_wr *w, const struct cs_key *k,
                        const struct quorum *q, const struct recipients *to)
{
    uint8_t rnd[CS_KIT_BOXES_MAX * CS_RECOVERY_RANDOM];
    const struct cs_recovery_key *keys[CS_KIT_BOXES_MAX];
    enum cs_err err;

    for (size_t i = 0; i < to->n; i++) {
        keys[i] = to->k[i];
    }
    n->random(n->random_ctx, rnd, sizeof rnd);
    err = cs_kit_seal(w, k, &q->ds, keys, to->n, n->id->ik_seed, rnd);
    cs_wipe(rnd, sizeof rnd);
    return err;
}

static json_t *answer(const struct cs_key *k, const struct cs_wr *kit)
{
    struct cs_wr hex = {0};
    json_t *o = NULL;
    char id[33];

    cs_wr_hex(&hex, cs_wr_get(kit));
    if (hex.err == CS_OK) {
        o = json_pack("{s:b,s:i,s:i,s:s,s:s%}", "ok", 1, "epoch", (int)k->body.epoch,
                      "index", (int)k->self, "scheme", cs_scheme_name(k->body.scheme),
                      "kit", (const char *)hex.p, hex.n);
        cs_log(CS_LOG_WARN, "backup", "a kit of key %s was made for an operator",
               cs_hex(id, k->body.key_id, CS_ID_LEN));
    }
    cs_wr_free(&hex);
    return o != NULL ? o : cs_nd_refusal(CS_ERR_NOMEM, cs_err_text(CS_ERR_NOMEM));
}

static json_t *make(struct cs_node_core *n, const uint8_t key_id[16],
                    const struct recipients *to)
{
    struct cs_wr kit = {0};
    const struct quorum *q;
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, key_id, &err);
    json_t *o;

    if (c == NULL) {
        return cs_nd_refusal(err, cs_err_text(err));
    }
    q = cs_nd_quorum_find(n, c->info.quorum_id);
    err = q == NULL ? CS_ERR_KEY_CORRUPT : seal(n, &kit, c->key, q, to);
    o = err == CS_OK
            ? answer(c->key, &kit)
            : cs_nd_refusal(err, err == CS_ERR_USAGE ? "a recovery key is named twice"
                                                     : cs_err_text(err));
    cs_wr_free(&kit);
    return o;
}

json_t *cs_nd_backup_kit(struct cs_node_core *n, struct cs_jr *r)
{
    struct recipients to = {0};
    const json_t *texts;
    const char *why;
    uint8_t id[16];
    json_t *o;

    cs_jr_uuid(r, "keyId", id);
    texts = cs_jr_array(r, "to", 1, CS_KIT_BOXES_MAX);
    if (r->err != CS_OK) {
        return NULL;
    }
    why = read_recipients(n, &to, texts);
    o = why == NULL ? make(n, id, &to) : cs_nd_refusal(CS_ERR_POLICY_REFUSED, why);
    drop(&to);
    return o;
}
