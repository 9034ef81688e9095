/* Backup strategies (V2BackupStrategy): to whom the kits of a quorum's nodes are
 * encrypted.
 *
 * The platform keeps the public keys and hands them out; it never sees a kit, and nodes
 * upload nothing.  Whoever runs a node puts the fingerprints into its RECOVERY_KEYS and
 * gives the keys to `cloudsign backup --to`.  So only keys that this command takes are
 * accepted: they are read by the code that it uses. */
#include "platform/core/backup_strategies.h"

#include <string.h>

#include "base/text.h"
#include "crypto/recovery_key.h"

enum {
    STRATEGIES_MAX = 1000,
    KEYS_MAX = 8, /* of one strategy: as many as RECOVERY_KEYS of a node */
    NAME_MIN = 2,
    NAME_MAX = 64,
    S3_MAX = 256,
};

static json_t *strategy_view(struct cs_api *a, const json_t *rec)
{
    json_t *o = cs_js_public(rec);

    (void)a;
    cs_js_str(o, "orgId", cs_js_text(rec, "organizationId"));
    return o;
}

/* ---- keys ------------------------------------------------------------------------ */

/* The vendor's form is the DER of a SubjectPublicKeyInfo in hex: as PEM. */
static bool pem_of_hex(struct cs_wr *w, const char *text)
{
    enum { LINE = 64 };
    struct cs_wr der = {0}, b64 = {0};
    bool ok = cs_unhex_wr(&der, text, strlen(text)) == CS_OK && der.n > 0;

    if (ok) {
        cs_wr_b64(&b64, cs_wr_get(&der));
        cs_wr_bytes(w, "-----BEGIN PUBLIC KEY-----\n", 27);
        for (size_t i = 0; i < b64.n; i += LINE) {
            cs_wr_bytes(w, b64.p + i, b64.n - i < LINE ? b64.n - i : LINE);
            cs_wr_u8(w, '\n');
        }
        cs_wr_bytes(w, "-----END PUBLIC KEY-----\n", 25);
        ok = w->err == CS_OK && b64.err == CS_OK;
    }
    cs_wr_free(&der);
    cs_wr_free(&b64);
    return ok;
}

static enum cs_err parse_key(struct cs_recovery_key **out, const char *text)
{
    struct cs_wr pem = {0};
    enum cs_err err;

    if (pem_of_hex(&pem, text)) {
        err = cs_recovery_key_parse(out, cs_wr_get(&pem));
    } else {
        err = cs_recovery_key_parse(out, CS_SPAN(text, strlen(text)));
    }
    cs_wr_free(&pem);
    return err;
}

static const char *key_problem(enum cs_err err, const struct cs_recovery_key *k)
{
    if (err == CS_ERR_USAGE) {
        return "is RSA of another size or exponent: `cloudsign backup` encrypts to "
               "4096 "
               "bits with e = 65537, or to X25519 (`cloudsign recover keygen`)";
    }
    if (err != CS_OK) {
        return "is no recovery key: the hex of a DER SubjectPublicKeyInfo of RSA-4096, "
               "the same as PEM, or the line that `cloudsign recover keygen` prints";
    }
    if (cs_recovery_has_secret(k)) {
        return "is the SECRET half: whoever saw this request can read the backups. "
               "Make a new key, and give its public half here";
    }
    return NULL;
}

static bool is_known(const json_t *keys, const char *fingerprint)
{
    for (size_t i = 0; i < json_array_size(keys); i++) {
        if (cs_js_is(json_array_get(keys, i), "fingerprint", fingerprint)) {
            return true;
        }
    }
    return false;
}

static bool fail_key(struct cs_api *a, size_t i, const char *what)
{
    char field[48];

    (void)snprintf(field, sizeof field, "recoveryPublicKeys[%zu]", i);
    (void)cs_api_fail(a, CS_API_INVALID, field, "%s", what);
    return false;
}

/* Comments before a PEM block are shown again, so they must not play tricks. */
static bool is_plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((*p < 0x20 || *p > 0x7e) && *p != '\n' && *p != '\r') {
            return false;
        }
    }
    return true;
}

static bool add_key(struct cs_api *a, size_t i, const char *name, const char *text,
                    json_t *keys)
{
    struct cs_recovery_key *k = NULL;
    enum cs_err err = parse_key(&k, text);
    const char *problem = key_problem(err, k);
    uint8_t id[CS_RECOVERY_ID_LEN];
    char hex[2 * CS_RECOVERY_ID_LEN + 1];
    json_t *o;

    problem = problem == NULL && !is_plain(text)
                  ? "holds something else than the printable lines of a key"
                  : problem;
    if (problem != NULL) {
        cs_recovery_key_free(k);
        return fail_key(a, i, problem);
    }
    cs_recovery_id(id, k);
    (void)cs_hex(hex, id, sizeof id);
    o = cs_js_obj();
    cs_js_str(o, "name", name);
    cs_js_str(o, "publicKey", text);
    cs_js_str(o, "createdBy", a->actor);
    cs_js_str(o, "kind", cs_recovery_kind(k) == CS_RECOVERY_RSA ? "RSA" : "X25519");
    cs_js_str(o, "fingerprint", hex);
    cs_recovery_key_free(k);
    if (is_known(keys, hex)) {
        json_decref(o);
        return fail_key(a, i, "is named twice: a custodian counts once");
    }
    cs_js_push(keys, o);
    return true;
}

static bool read_key(struct cs_api *a, size_t i, const json_t *from, json_t *keys)
{
    struct cs_jr keep = a->in;
    const char *name, *text;
    bool ok;

    if (!json_is_object(from)) {
        return fail_key(a, i, "must be an object: {name, publicKey}");
    }
    a->in = CS_JR(from);
    name = cs_api_name_opt(a, "name", NAME_MAX);
    text = cs_jr_str(&a->in, "publicKey", CS_RECOVERY_TEXT_MAX, false);
    ok = !cs_api_bad_body(a) && add_key(a, i, name == NULL ? "" : name, text, keys);
    a->in = keep;
    return ok;
}

/* ---- the rest of the body -------------------------------------------------------- */

/* Kept for the vendor's clients; nothing here writes to it. */
static bool read_s3(struct cs_api *a, json_t *o)
{
    static const char *const names[] = {"bucket", "region", "assumeRoleArn",
                                        "externalId", "kmsKeyArn"};
    struct cs_jr keep = a->in;
    json_t *s3;
    bool ok;

    if (!cs_jr_has(&a->in, "s3Config")) {
        return true;
    }
    s3 = cs_js_obj();
    cs_js_set(o, "s3Config", s3);
    a->in = CS_JR(cs_jr_object(&keep, "s3Config"));
    if (keep.err != CS_OK) {
        a->in = keep;
        return !cs_api_bad_body(a);
    }
    for (size_t i = 0; i < CS_COUNTOF(names); i++) {
        const char *text = cs_api_name_opt(a, names[i], S3_MAX);

        if (text != NULL) {
            cs_js_str(s3, names[i], text);
        }
    }
    ok = !cs_api_bad_body(a);
    a->in = keep;
    return ok;
}

static size_t characters(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++) {
        n += ((uint8_t)*s & 0xc0U) != 0x80U ? 1 : 0;
    }
    return n;
}

/* Owned; NULL: refusal set. */
static json_t *read_wishes(struct cs_api *a)
{
    const char *name = cs_api_name(a, "name", NAME_MAX);
    const json_t *list = cs_jr_array(&a->in, "recoveryPublicKeys", 1, KEYS_MAX);
    json_t *o, *keys;

    if (a->in.err == CS_OK && characters(name) < NAME_MIN) {
        cs_jr_fail(&a->in, "name", "must have 2 to 64 characters");
    }
    if (cs_api_bad_body(a)) {
        return NULL;
    }
    o = cs_js_obj();
    keys = cs_js_arr();
    cs_js_str(o, "name", name);
    cs_js_set(o, "recoveryPublicKeys", keys);
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_key(a, i, json_array_get(list, i), keys)) {
            json_decref(o);
            return NULL;
        }
    }
    if (!read_s3(a, o)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* ---- handlers -------------------------------------------------------------------- */

json_t *cs_api_strategy_create(struct cs_api *a)
{
    json_t *wishes = read_wishes(a), *rec, *view;
    uint8_t id[CS_PC_ID];

    if (wishes == NULL) {
        return NULL;
    }
    if (cs_pc_index_count(a->core, CS_IX_STRATEGIES, cs_pc_scope("", "")) >=
        STRATEGIES_MAX) {
        json_decref(wishes);
        return cs_api_fail(a, CS_API_LIMIT, "",
                           "there are %d backup strategies, the most there can be",
                           STRATEGIES_MAX);
    }
    cs_pc_new_id(a->core, id);
    rec = cs_pc_make(a->core, id, a->actor);
    CS_ASSERT(json_object_update(rec, wishes) == 0);
    json_decref(wishes);
    cs_pc_save(a->core, CS_PC_STRATEGY, rec);
    cs_pc_index_add(a->core, CS_IX_STRATEGIES, cs_pc_scope("", ""),
                    (uint64_t)cs_js_num(rec, "_seq"), id);
    view = strategy_view(a, rec);
    json_decref(rec);
    return view;
}

json_t *cs_api_strategy_get(struct cs_api *a)
{
    json_t *rec = cs_api_record(a, CS_PC_STRATEGY, 0, "backup strategy");
    json_t *view = rec == NULL ? NULL : strategy_view(a, rec);

    json_decref(rec);
    return view;
}

json_t *cs_api_strategy_list(struct cs_api *a)
{
    const struct cs_api_page p = {.table = CS_PC_STRATEGY,
                                  .kind = CS_IX_STRATEGIES,
                                  .scope = cs_pc_scope("", ""),
                                  .view = strategy_view};
    json_t *o = cs_js_obj();

    cs_js_set(o, "strategies", cs_api_list(a, &p, STRATEGIES_MAX));
    return o;
}

bool cs_strategy_exists(struct cs_platform_core *core, const char *id_text)
{
    uint8_t id[CS_PC_ID];
    json_t *rec = cs_uuid_parse(id, id_text) == CS_OK
                      ? cs_pc_get(core, CS_PC_STRATEGY, id)
                      : NULL;
    bool ok = rec != NULL;

    json_decref(rec);
    return ok;
}
