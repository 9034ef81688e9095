#include "node/core/kits.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "mpc/kit.h"

enum { PAGE = 512, KITS_AT_ONCE = 8 };

/* ---- which keys there are -------------------------------------------------------- */

static enum cs_err add_id(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)value;
    if (key.n != CS_ID_LEN) {
        return CS_ERR_STORE_CORRUPT;
    }
    return json_array_append_new(ctx, cs_json_uuid(key.p)) == 0 ? CS_OK : CS_ERR_NOMEM;
}

static void read_place(struct cs_jr *r, struct cs_safe_place *at)
{
    if (cs_jr_str(r, "after", 2 * sizeof at->name, true)[0] != '\0') {
        cs_jr_hex(r, "after", at->name, sizeof at->name);
        at->begun = true;
    }
}

json_t *cs_nd_backup_keys(struct cs_node_core *n, struct cs_jr *r)
{
    struct cs_safe_place at = {.begun = false};
    enum cs_err err;
    json_t *ids, *o;

    read_place(r, &at);
    if (r->err != CS_OK) {
        return NULL;
    }
    ids = json_array();
    err = cs_safe_some(n->safe, TABLE_KEY, &at, PAGE, add_id, ids);
    if (err != CS_OK && err != CS_ERR_NOT_FOUND) {
        json_decref(ids);
        return cs_nd_refusal(err, cs_err_text(err));
    }
    o = json_pack("{s:b,s:o,s:i}", "ok", 1, "keys", ids, "total", (int)n->n_keys);
    if (o != NULL && err == CS_OK) {
        (void)json_object_set_new(o, "next", cs_json_hex(at.name, sizeof at.name));
    }
    return o;
}

/* ---- for whom -------------------------------------------------------------------- */

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

/* ---- a kit ----------------------------------------------------------------------- */

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

static json_t *made(const struct cs_key *k, const struct cs_wr *kit)
{
    struct cs_wr hex = {0};
    json_t *o = NULL;
    char id[33];

    cs_wr_hex(&hex, cs_wr_get(kit));
    if (hex.err == CS_OK) {
        o = json_pack("{s:o,s:i,s:i,s:s,s:s%}", "keyId", cs_json_uuid(k->body.key_id),
                      "epoch", (int)k->body.epoch, "index", (int)k->self, "scheme",
                      cs_scheme_name(k->body.scheme), "kit", (const char *)hex.p,
                      hex.n);
        cs_log(CS_LOG_INFO, "backup", "a kit of key %s was made for an operator",
               cs_hex(id, k->body.key_id, CS_ID_LEN));
    }
    cs_wr_free(&hex);
    return o;
}

static json_t *not_made(const uint8_t key_id[16], enum cs_err err, const char *text)
{
    return json_pack("{s:o,s:s,s:s}", "keyId", cs_json_uuid(key_id), "reason",
                     cs_err_reason(err), "text", text);
}

/* cs_kit_seal makes the checks that loading would: once is enough, and the cache stays
 * with the keys that sign. */
static json_t *make(struct cs_node_core *n, const uint8_t key_id[16],
                    const struct recipients *to)
{
    struct cs_wr kit = {0};
    const struct quorum *q;
    struct cs_key *key;
    struct keyinfo info;
    enum cs_err err = cs_nd_key_read(n, key_id, &key, &info);
    json_t *o;

    if (err == CS_OK) {
        q = cs_nd_quorum_find(n, info.quorum_id);
        err = q == NULL ? CS_ERR_KEY_CORRUPT : seal(n, &kit, key, q, to);
    }
    o = err == CS_OK ? made(key, &kit)
                     : not_made(key_id, err,
                                err == CS_ERR_USAGE ? "a recovery key is named twice"
                                                    : cs_err_text(err));
    cs_wr_free(&kit);
    cs_key_free(key);
    return o;
}

static json_t *make_all(struct cs_node_core *n, struct cs_jr *r, const json_t *ids,
                        const struct recipients *to)
{
    json_t *kits = json_array();

    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *text = json_string_value(json_array_get(ids, i));
        uint8_t id[16];

        if (text == NULL || cs_uuid_parse(id, text) != CS_OK) {
            cs_jr_fail(r, "keyIds", "must be ids of keys");
            json_decref(kits);
            return NULL;
        }
        if (json_array_append_new(kits, make(n, id, to)) != 0) {
            json_decref(kits);
            return cs_nd_refusal(CS_ERR_NOMEM, cs_err_text(CS_ERR_NOMEM));
        }
    }
    return json_pack("{s:b,s:o}", "ok", 1, "kits", kits);
}

json_t *cs_nd_backup_kit(struct cs_node_core *n, struct cs_jr *r)
{
    struct recipients to = {0};
    const json_t *texts, *ids;
    const char *why;
    json_t *o;

    ids = cs_jr_array(r, "keyIds", 1, KITS_AT_ONCE);
    texts = cs_jr_array(r, "to", 1, CS_KIT_BOXES_MAX);
    if (r->err != CS_OK) {
        return NULL;
    }
    why = read_recipients(n, &to, texts);
    o = why == NULL ? make_all(n, r, ids, &to)
                    : cs_nd_refusal(CS_ERR_POLICY_REFUSED, why);
    drop(&to);
    return o;
}
