#include "wire/control.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "wire/jsonx.h"

/* ---- the table ------------------------------------------------------------------- */

enum field_type {
    F_TEXT,    /* char[size], not empty */
    F_TEXT0,   /* char[size], may be empty */
    F_WORD,    /* char[size]: capital letters, digits, _ */
    F_WORD0,   /* the same, may be empty */
    F_HEX,     /* uint8_t[size] */
    F_UUID,    /* uint8_t[16] */
    F_U64,     /* decimal string */
    F_U64_OPT, /* absent: 0, and 0 is not written */
    F_U32,
    F_U32_OPT, /* absent: 0, and 0 is not written */
    F_BOOL,
    F_PAIR,     /* uint8_t[2], two rising indices */
    F_BLOB,     /* struct cs_blob, at most size bytes */
    F_LIST,     /* array of structs: sub, size = element size, max, count at count_at */
    F_LIST_OPT, /* absent: none, and none is not written */
};

struct field {
    const char *name;
    enum field_type type;
    size_t at, size;
    const struct field *sub;
    size_t max, count_at;
};

#define FIELD(type, st, member, json)                                                  \
    {                                                                                  \
        json, type, offsetof(struct st, member), sizeof(((struct st *)0)->member),     \
            NULL, 0, 0                                                                 \
    }
#define BLOB(st, member, json, max)                                                    \
    {                                                                                  \
        json, F_BLOB, offsetof(struct st, member), max, NULL, 0, 0                     \
    }
#define LIST(st, member, count, json, elem, fields)                                    \
    {                                                                                  \
        json, F_LIST, offsetof(struct st, member), sizeof(struct elem), fields,        \
            sizeof(((struct st *)0)->member) / sizeof(struct elem),                    \
            offsetof(struct st, count)                                                 \
    }
#define LIST_OPT(st, member, count, json, elem, fields)                                \
    {                                                                                  \
        json, F_LIST_OPT, offsetof(struct st, member), sizeof(struct elem), fields,    \
            sizeof(((struct st *)0)->member) / sizeof(struct elem),                    \
            offsetof(struct st, count)                                                 \
    }
#define END                                                                            \
    {                                                                                  \
        NULL, F_TEXT, 0, 0, NULL, 0, 0                                                 \
    }

/* clang-format off */
static const struct field f_challenge[] = {
    FIELD(F_HEX, cs_ctl_challenge, nonce, "nonce"), END};
static const struct field f_hello[] = {
    FIELD(F_UUID, cs_ctl_hello, device_id, "deviceId"),
    FIELD(F_HEX, cs_ctl_hello, ik, "ik"),
    FIELD(F_HEX, cs_ctl_hello, sk, "sk"),
    FIELD(F_HEX, cs_ctl_hello, boot, "boot"),
    FIELD(F_TEXT, cs_ctl_hello, version, "version"),
    FIELD(F_HEX, cs_ctl_hello, sig, "sig"),
    FIELD(F_U32_OPT, cs_ctl_hello, approval_ms, "approvalMs"),
    FIELD(F_U32_OPT, cs_ctl_hello, audit, "audit"),
    FIELD(F_U64_OPT, cs_ctl_hello, audit_seq, "auditSeq"), END};
static const struct field f_pairing[] = {
    FIELD(F_HEX, cs_ctl_hello, pairing_public, "public"),
    FIELD(F_HEX, cs_ctl_hello, pairing_sig, "sig"), END};
static const struct field f_welcome[] = {
    FIELD(F_TEXT, cs_ctl_welcome, approval_status, "approvalStatus"),
    FIELD(F_TEXT, cs_ctl_welcome, enabled_status, "enabledStatus"),
    FIELD(F_U64, cs_ctl_welcome, time, "time"), END};
static const struct field f_device[] = {
    FIELD(F_TEXT, cs_ctl_welcome, approval_status, "approvalStatus"),
    FIELD(F_TEXT, cs_ctl_welcome, enabled_status, "enabledStatus"), END};
static const struct field f_refused[] = {
    FIELD(F_TEXT, cs_ctl_refused, reason, "reason"),
    FIELD(F_TEXT0, cs_ctl_refused, text, "text"), END};
static const struct field f_link[] = {
    FIELD(F_UUID, cs_ctl_link_status, quorum_id, "quorumId"),
    FIELD(F_U32, cs_ctl_link_status, index, "index"),
    FIELD(F_TEXT, cs_ctl_link_status, state, "state"), END};
static const struct field f_status[] = {
    FIELD(F_TEXT, cs_ctl_status, version, "version"),
    FIELD(F_TEXT, cs_ctl_status, state, "state"),
    FIELD(F_TEXT, cs_ctl_status, words, "words"),
    FIELD(F_HEX, cs_ctl_status, fingerprint, "fingerprint"),
    FIELD(F_U64, cs_ctl_status, boot_counter, "bootCounter"),
    FIELD(F_U64, cs_ctl_status, journal_seq, "journalSeq"),
    FIELD(F_U64, cs_ctl_status, uptime_ms, "uptime"),
    FIELD(F_HEX, cs_ctl_status, journal_head, "journalHead"),
    FIELD(F_U32, cs_ctl_status, sessions, "sessions"),
    FIELD(F_U32, cs_ctl_status, keys, "keys"),
    LIST(cs_ctl_status, links, n_links, "links", cs_ctl_link_status, f_link), END};
static const struct field f_key_id[] = {
    FIELD(F_UUID, cs_ctl_key_id, id, "keyId"), END};
static const struct field f_recipient[] = {
    FIELD(F_HEX, cs_ctl_recipient, id, "id"), END};
static const struct field f_backup[] = {
    FIELD(F_U64, cs_ctl_backup, time, "time"),
    FIELD(F_U64, cs_ctl_backup, copy_time, "copyTime"),
    FIELD(F_U32, cs_ctl_backup, keys, "keys"),
    FIELD(F_U32, cs_ctl_backup, without, "without"),
    FIELD(F_BOOL, cs_ctl_backup, complete, "complete"),
    LIST(cs_ctl_backup, to, n_to, "to", cs_ctl_recipient, f_recipient),
    LIST(cs_ctl_backup, missing, n_missing, "missing", cs_ctl_key_id, f_key_id), END};
static const struct field f_audit[] = {
    FIELD(F_UUID, cs_ctl_audit, organization_id, "organizationId"),
    FIELD(F_U64, cs_ctl_audit, seq, "seq"),
    FIELD(F_HEX, cs_ctl_audit, hash, "hash"),
    FIELD(F_U64, cs_ctl_audit, known_seq, "knownSeq"),
    FIELD(F_HEX, cs_ctl_audit, known_hash, "knownHash"), END};
static const struct field f_audited[] = {
    FIELD(F_U64, cs_ctl_audited, seq, "seq"),
    FIELD(F_HEX, cs_ctl_audited, hash, "hash"),
    FIELD(F_U64, cs_ctl_audited, time, "time"),
    FIELD(F_HEX, cs_ctl_audited, sig, "sig"),
    FIELD(F_WORD0, cs_ctl_audited, reason, "reason"), END};
static const struct field f_quorum_join[] = {
    FIELD(F_UUID, cs_ctl_quorum_join, quorum_id, "quorumId"),
    FIELD(F_TEXT, cs_ctl_quorum_join, name, "name"),
    BLOB(cs_ctl_quorum_join, descriptor, "descriptor", 4096),
    FIELD(F_U64, cs_ctl_quorum_join, expires_at, "expiresAt"), END};
static const struct field f_accept[] = {
    FIELD(F_U32, cs_ctl_accept, index, "index"),
    FIELD(F_HEX, cs_ctl_accept, commit, "commit"),
    FIELD(F_HEX, cs_ctl_accept, sig, "sig"), END};
static const struct field f_quorum_commits[] = {
    FIELD(F_UUID, cs_ctl_quorum_commits, quorum_id, "quorumId"),
    LIST(cs_ctl_quorum_commits, accepts, n_accepts, "accepts", cs_ctl_accept, f_accept), END};
static const struct field f_opening[] = {
    FIELD(F_U32, cs_ctl_opening, index, "index"),
    FIELD(F_HEX, cs_ctl_opening, nonce, "nonce"), END};
static const struct field f_quorum_finish[] = {
    FIELD(F_UUID, cs_ctl_quorum_finish, quorum_id, "quorumId"),
    LIST(cs_ctl_quorum_finish, nonces, n_nonces, "nonces", cs_ctl_opening, f_opening), END};
static const struct field f_quorum_cancel[] = {
    FIELD(F_UUID, cs_ctl_quorum_cancel, quorum_id, "quorumId"),
    FIELD(F_TEXT, cs_ctl_quorum_cancel, reason, "reason"), END};
static const struct field f_key_create[] = {
    FIELD(F_UUID, cs_ctl_key_create, request_id, "requestId"),
    FIELD(F_UUID, cs_ctl_key_create, quorum_id, "quorumId"),
    FIELD(F_UUID, cs_ctl_key_create, key_id, "keyId"),
    FIELD(F_TEXT, cs_ctl_key_create, curve, "curve"),
    FIELD(F_TEXT, cs_ctl_key_create, scheme, "scheme"),
    FIELD(F_TEXT, cs_ctl_key_create, blockchain, "blockchain"),
    FIELD(F_TEXT, cs_ctl_key_create, name, "name"),
    FIELD(F_U32, cs_ctl_key_create, attempt, "attempt"),
    FIELD(F_U64, cs_ctl_key_create, expires_at, "expiresAt"), END};
static const struct field f_sign[] = {
    FIELD(F_UUID, cs_ctl_sign, request_id, "requestId"),
    FIELD(F_UUID, cs_ctl_sign, quorum_id, "quorumId"),
    FIELD(F_UUID, cs_ctl_sign, key_id, "keyId"),
    FIELD(F_TEXT, cs_ctl_sign, blockchain, "blockchain"),
    FIELD(F_TEXT, cs_ctl_sign, kind, "kind"),
    BLOB(cs_ctl_sign, payload, "payload", CS_CTL_PAYLOAD_MAX),
    FIELD(F_TEXT0, cs_ctl_sign, path, "path"),
    FIELD(F_U32, cs_ctl_sign, policy_version, "policyVersion"),
    FIELD(F_U64, cs_ctl_sign, expires_at, "expiresAt"),
    FIELD(F_U32, cs_ctl_sign, attempt, "attempt"),
    FIELD(F_PAIR, cs_ctl_sign, signers, "signers"),
    FIELD(F_U32, cs_ctl_sign, initiator, "initiator"),
    FIELD(F_U32_OPT, cs_ctl_sign, approval_ms, "approvalMs"), END};
static const struct field f_request_cancel[] = {
    FIELD(F_UUID, cs_ctl_request_cancel, request_id, "requestId"),
    FIELD(F_TEXT, cs_ctl_request_cancel, reason, "reason"), END};
static const struct field f_quorum_accepted[] = {
    FIELD(F_UUID, cs_ctl_quorum_accepted, quorum_id, "quorumId"),
    FIELD(F_HEX, cs_ctl_quorum_accepted, ds_hash, "dsHash"),
    FIELD(F_U32, cs_ctl_quorum_accepted, index, "index"),
    FIELD(F_HEX, cs_ctl_quorum_accepted, commit, "commit"),
    FIELD(F_HEX, cs_ctl_quorum_accepted, sig, "sig"), END};
static const struct field f_quorum_revealed[] = {
    FIELD(F_UUID, cs_ctl_quorum_revealed, quorum_id, "quorumId"),
    FIELD(F_U32, cs_ctl_quorum_revealed, index, "index"),
    FIELD(F_HEX, cs_ctl_quorum_revealed, nonce, "nonce"), END};
static const struct field f_quorum_confirmed[] = {
    FIELD(F_UUID, cs_ctl_quorum_confirmed, quorum_id, "quorumId"),
    FIELD(F_HEX, cs_ctl_quorum_confirmed, ds_hash, "dsHash"),
    FIELD(F_U32, cs_ctl_quorum_confirmed, index, "index"),
    FIELD(F_TEXT, cs_ctl_quorum_confirmed, words, "words"), END};
static const struct field f_quorum_rejected[] = {
    FIELD(F_UUID, cs_ctl_quorum_rejected, quorum_id, "quorumId"),
    FIELD(F_U32, cs_ctl_quorum_rejected, index, "index"),
    FIELD(F_WORD, cs_ctl_quorum_rejected, reason, "reason"),
    FIELD(F_TEXT0, cs_ctl_quorum_rejected, text, "text"), END};
static const struct field f_key_active[] = {
    FIELD(F_UUID, cs_ctl_key_active, request_id, "requestId"),
    FIELD(F_UUID, cs_ctl_key_active, key_id, "keyId"),
    FIELD(F_U32, cs_ctl_key_active, attempt, "attempt"),
    FIELD(F_U32, cs_ctl_key_active, index, "index"),
    BLOB(cs_ctl_key_active, certificate, "certificate", CS_CTL_CERT_MAX),
    FIELD(F_HEX, cs_ctl_key_active, ack, "ack"), END};
static const struct field f_key_checked[] = {
    FIELD(F_UUID, cs_ctl_key_checked, request_id, "requestId"),
    FIELD(F_UUID, cs_ctl_key_checked, key_id, "keyId"),
    FIELD(F_PAIR, cs_ctl_key_checked, pair, "pair"),
    FIELD(F_HEX, cs_ctl_key_checked, signature, "signature"), END};
static const struct field f_trace_step[] = {
    FIELD(F_U32, cs_ctl_trace_step, before_ms, "beforeMs"),
    FIELD(F_U32, cs_ctl_trace_step, index, "index"),
    FIELD(F_WORD, cs_ctl_trace_step, step, "step"), END};
static const struct field f_failed[] = {
    FIELD(F_UUID, cs_ctl_failed, request_id, "requestId"),
    FIELD(F_UUID, cs_ctl_failed, key_id, "keyId"),
    FIELD(F_U32, cs_ctl_failed, attempt, "attempt"),
    FIELD(F_U32, cs_ctl_failed, index, "index"),
    FIELD(F_WORD, cs_ctl_failed, reason, "reason"),
    FIELD(F_TEXT0, cs_ctl_failed, phase, "phase"),
    FIELD(F_U32, cs_ctl_failed, blame, "blame"),
    FIELD(F_BOOL, cs_ctl_failed, retryable, "retryable"),
    LIST_OPT(cs_ctl_failed, trace.steps, trace.n, "trace", cs_ctl_trace_step, f_trace_step), END};
static const struct field f_sign_done[] = {
    FIELD(F_UUID, cs_ctl_sign_done, request_id, "requestId"),
    FIELD(F_U32, cs_ctl_sign_done, attempt, "attempt"),
    FIELD(F_U32, cs_ctl_sign_done, index, "index"),
    FIELD(F_PAIR, cs_ctl_sign_done, signers, "signers"),
    BLOB(cs_ctl_sign_done, signatures, "signatures", CS_CTL_ITEMS_MAX * 64),
    FIELD(F_HEX, cs_ctl_sign_done, receipt, "receipt"),
    FIELD(F_HEX, cs_ctl_sign_done, reqh, "reqh"),
    LIST_OPT(cs_ctl_sign_done, trace.steps, trace.n, "trace", cs_ctl_trace_step, f_trace_step), END};
static const struct field f_request_step[] = {
    FIELD(F_UUID, cs_ctl_request_step, request_id, "requestId"),
    FIELD(F_U32, cs_ctl_request_step, index, "index"),
    FIELD(F_TEXT, cs_ctl_request_step, step, "step"),
    FIELD(F_TEXT0, cs_ctl_request_step, text, "text"), END};
static const struct field f_peer[] = {
    FIELD(F_UUID, cs_ctl_peer, quorum_id, "quorumId"),
    FIELD(F_U32, cs_ctl_peer, index, "index"),
    FIELD(F_U32, cs_ctl_peer, peer, "peer"),
    FIELD(F_WORD, cs_ctl_peer, reason, "reason"),
    FIELD(F_U64, cs_ctl_peer, time, "time"), END};

static const struct { const char *name; const struct field *fields; } types[CS_CTL_TYPES] = {
    [CS_CTL_CHALLENGE] = {"challenge", f_challenge}, [CS_CTL_HELLO] = {"hello", f_hello},
    [CS_CTL_WELCOME] = {"welcome", f_welcome},       [CS_CTL_REFUSED] = {"refused", f_refused},
    [CS_CTL_CMD] = {"cmd", NULL},                    [CS_CTL_EVT] = {"evt", NULL},
    [CS_CTL_ACK] = {"ack", NULL},                    [CS_CTL_DEVICE] = {"device", f_device},
    [CS_CTL_STATUS] = {"status", f_status},          [CS_CTL_PONG] = {"pong", NULL},
    [CS_CTL_AUDIT] = {"audit", f_audit},             [CS_CTL_AUDITED] = {"audited", f_audited},
};

static const struct { const char *name; const struct field *fields; } kinds[CS_CTL_KINDS] = {
    [CS_KIND_NONE] = {"", NULL},
    [CS_CMD_QUORUM_JOIN] = {"quorum.join", f_quorum_join},
    [CS_CMD_QUORUM_COMMITS] = {"quorum.commits", f_quorum_commits},
    [CS_CMD_QUORUM_FINISH] = {"quorum.finish", f_quorum_finish},
    [CS_CMD_QUORUM_CANCEL] = {"quorum.cancel", f_quorum_cancel},
    [CS_CMD_KEY_CREATE] = {"key.create", f_key_create},
    [CS_CMD_SIGN] = {"sign", f_sign},
    [CS_CMD_REQUEST_CANCEL] = {"request.cancel", f_request_cancel},
    [CS_EVT_QUORUM_ACCEPTED] = {"quorum.accepted", f_quorum_accepted},
    [CS_EVT_QUORUM_REVEALED] = {"quorum.revealed", f_quorum_revealed},
    [CS_EVT_QUORUM_CONFIRMED] = {"quorum.confirmed", f_quorum_confirmed},
    [CS_EVT_QUORUM_VERIFIED] = {"quorum.verified", f_quorum_confirmed},
    [CS_EVT_QUORUM_REJECTED] = {"quorum.rejected", f_quorum_rejected},
    [CS_EVT_KEY_ACTIVE] = {"key.active", f_key_active},
    [CS_EVT_KEY_CHECKED] = {"key.checked", f_key_checked},
    [CS_EVT_KEY_FAILED] = {"key.failed", f_failed},
    [CS_EVT_SIGN_DONE] = {"sign.done", f_sign_done},
    [CS_EVT_SIGN_FAILED] = {"sign.failed", f_failed},
    [CS_EVT_REQUEST_STEP] = {"request.step", f_request_step},
    [CS_EVT_PEER_QUARANTINED] = {"peer.quarantined", f_peer},
    [CS_EVT_PEER_RELEASED] = {"peer.released", f_peer},
};
/* clang-format on */

const char *cs_ctl_kind_name(enum cs_ctl_kind kind)
{
    return kinds[kind].name;
}

bool cs_ctl_kind_is_cmd(enum cs_ctl_kind kind)
{
    return kind >= CS_CMD_QUORUM_JOIN && kind <= CS_CMD_REQUEST_CANCEL;
}

/* ---- decoding
 * ------------------------------------------------------------------------ */

/* Reasons are shown to people beside our own words, so they are words, too. */
#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static void read_text(struct cs_jr *r, const struct field *f, char *at)
{
    const char *s = cs_jr_str(r, f->name, f->size - 1,
                              f->type == F_TEXT0 || f->type == F_WORD0);

    if ((f->type == F_WORD || f->type == F_WORD0) &&
        s[strspn(s, WORD_CHARACTERS)] != '\0') {
        cs_jr_fail(r, f->name, "must be a word of capital letters, digits and _");
        return;
    }
    (void)snprintf(at, f->size, "%s", s);
}

static void read_pair(struct cs_jr *r, const struct field *f, uint8_t *at)
{
    const json_t *a = cs_jr_array(r, f->name, 2, 2);
    json_int_t lo = json_integer_value(json_array_get(a, 0));
    json_int_t hi = json_integer_value(json_array_get(a, 1));

    if (a != NULL && (lo < 1 || hi <= lo || hi > 7)) {
        cs_jr_fail(r, f->name, "must be two rising indices from 1 to 7");
        return;
    }
    at[0] = (uint8_t)lo;
    at[1] = (uint8_t)hi;
}

static void read_blob(struct cs_jr *r, const struct field *f, struct cs_blob *b)
{
    struct cs_wr w = {0};

    cs_jr_blob(r, f->name, &w, f->size);
    b->p = cs_wr_take(&w, &b->n);
}

static void read_fields(struct cs_jr *r, const struct field *f, void *base);

static void read_list(struct cs_jr *r, const struct field *f, uint8_t *base)
{
    const json_t *a = cs_jr_array(r, f->name, 0, f->max);
    size_t n = json_array_size(a);

    for (size_t i = 0; i < n && r->err == CS_OK; i++) {
        struct cs_jr sub = CS_JR(json_array_get(a, i));

        if (!json_is_object(sub.obj)) {
            cs_jr_fail(r, f->name, "must be an array of objects");
            return;
        }
        read_fields(&sub, f->sub, base + f->at + i * f->size);
        if (sub.err != CS_OK) {
            cs_jr_fail(r, sub.field, sub.why);
        }
    }
    memcpy(base + f->count_at, &n, sizeof n);
}

static void read_u64(struct cs_jr *r, const struct field *f, uint8_t *at)
{
    uint64_t v = cs_jr_u64(r, f->name);

    memcpy(at, &v, sizeof v);
}

static void read_u32(struct cs_jr *r, const struct field *f, uint8_t *at)
{
    uint32_t v = (uint32_t)cs_jr_int(r, f->name, 0, UINT32_MAX);

    memcpy(at, &v, sizeof v);
}

static void read_one(struct cs_jr *r, const struct field *f, uint8_t *base)
{
    uint8_t *at = base + f->at;

    switch (f->type) {
    case F_TEXT:
    case F_TEXT0:
    case F_WORD:
    case F_WORD0:
        read_text(r, f, (char *)at);
        break;
    case F_HEX:
        cs_jr_hex(r, f->name, at, f->size);
        break;
    case F_UUID:
        cs_jr_uuid(r, f->name, at);
        break;
    case F_U64:
        read_u64(r, f, at);
        break;
    case F_U64_OPT:
        if (cs_jr_has(r, f->name)) {
            read_u64(r, f, at);
        }
        break;
    case F_U32:
        read_u32(r, f, at);
        break;
    case F_U32_OPT:
        if (cs_jr_has(r, f->name)) {
            read_u32(r, f, at);
        }
        break;
    case F_BOOL:
        *(bool *)(void *)at = cs_jr_bool(r, f->name);
        break;
    case F_PAIR:
        read_pair(r, f, at);
        break;
    case F_BLOB:
        read_blob(r, f, (struct cs_blob *)(void *)at);
        break;
    case F_LIST:
        read_list(r, f, base);
        break;
    case F_LIST_OPT:
        if (cs_jr_has(r, f->name)) {
            read_list(r, f, base);
        }
        break;
    }
}

static void read_fields(struct cs_jr *r, const struct field *f, void *base)
{
    for (; f != NULL && f->name != NULL && r->err == CS_OK; f++) {
        read_one(r, f, base);
    }
}

static void read_type(struct cs_jr *r, struct cs_ctl_frame *f)
{
    const char *t = cs_jr_str(r, "t", 16, false);

    for (int i = 0; i < CS_CTL_TYPES; i++) {
        if (strcmp(types[i].name, t) == 0) {
            f->type = (enum cs_ctl_type)i;
            return;
        }
    }
    cs_jr_fail(r, "t", "is not a known frame type");
}

static void read_kind(struct cs_jr *r, struct cs_ctl_frame *f)
{
    const char *k = cs_jr_str(r, "kind", 32, false);

    for (int i = CS_KIND_NONE + 1; i < CS_CTL_KINDS; i++) {
        if (strcmp(kinds[i].name, k) == 0 &&
            cs_ctl_kind_is_cmd((enum cs_ctl_kind)i) == (f->type == CS_CTL_CMD)) {
            f->kind = (enum cs_ctl_kind)i;
            return;
        }
    }
    cs_jr_fail(r, "kind", "is not a known kind for this direction");
}

/* The version list: the codec keeps the first, newest entry. */
static void read_protocols(struct cs_jr *r, struct cs_ctl_hello *h)
{
    const json_t *a = cs_jr_array(r, "protocols", 1, 8);
    const char *first = json_string_value(json_array_get(a, 0));

    if (r->err == CS_OK && (first == NULL || strlen(first) >= sizeof h->protocol)) {
        cs_jr_fail(r, "protocols", "must be an array of protocol names");
        return;
    }
    (void)snprintf(h->protocol, sizeof h->protocol, "%s", first == NULL ? "" : first);
}

static void read_hello_rest(struct cs_jr *r, struct cs_ctl_hello *h)
{
    read_protocols(r, h);
    h->has_pairing = cs_jr_has(r, "pairing");
    if (h->has_pairing) {
        struct cs_jr sub = CS_JR(cs_jr_object(r, "pairing"));

        if (r->err == CS_OK) {
            read_fields(&sub, f_pairing, h);
        }
        if (sub.err != CS_OK) {
            cs_jr_fail(r, sub.field, sub.why);
        }
    }
}

static void read_backup(struct cs_jr *r, struct cs_ctl_status *s)
{
    struct cs_jr sub;

    s->has_backup = cs_jr_has(r, "backup");
    if (!s->has_backup) {
        return;
    }
    sub = CS_JR(cs_jr_object(r, "backup"));
    if (r->err == CS_OK) {
        read_fields(&sub, f_backup, &s->backup);
    }
    if (sub.err != CS_OK) {
        cs_jr_fail(r, sub.field, sub.why);
    }
}

static void read_message(struct cs_jr *r, struct cs_ctl_frame *f)
{
    struct cs_jr sub;

    read_kind(r, f);
    sub = CS_JR(cs_jr_object(r, "body"));
    if (r->err != CS_OK) {
        return;
    }
    read_fields(&sub, kinds[f->kind].fields, &f->u);
    if (sub.err != CS_OK) {
        cs_jr_fail(r, sub.field, sub.why);
    }
}

static void read_frame(struct cs_jr *r, struct cs_ctl_frame *f)
{
    read_type(r, f);
    if (f->type == CS_CTL_CMD || f->type == CS_CTL_EVT || f->type == CS_CTL_ACK) {
        (void)snprintf(f->id, sizeof f->id, "%s", cs_jr_str(r, "id", 36, false));
    }
    if (r->err == CS_OK) {
        read_fields(r, types[f->type].fields, &f->u);
    }
    if (f->type == CS_CTL_HELLO) {
        read_hello_rest(r, &f->u.hello);
    }
    if (f->type == CS_CTL_STATUS) {
        read_backup(r, &f->u.status);
    }
    if (f->type == CS_CTL_CMD || f->type == CS_CTL_EVT) {
        read_message(r, f);
    }
    if (f->type == CS_CTL_PONG) {
        f->time = cs_jr_u64(r, "time");
    }
}

enum cs_err cs_ctl_decode(struct cs_ctl_frame *out, struct cs_span text, size_t max,
                          char *why, size_t why_len)
{
    const char *reason = "";
    json_t *j = NULL;
    enum cs_err err = cs_json_parse(&j, text, max, &reason);
    struct cs_jr r = CS_JR(j);

    memset(out, 0, sizeof *out);
    if (err != CS_OK) {
        (void)snprintf(why, why_len, "%s", reason);
        return err;
    }
    read_frame(&r, out);
    json_decref(j);
    if (r.err != CS_OK) {
        cs_ctl_free(out);
        memset(out, 0, sizeof *out); /* not half of a frame that somebody may use */
        (void)snprintf(why, why_len, "%s %s", r.field, r.why);
    }
    return r.err;
}

/* ---- freeing
 * -------------------------------------------------------------------------- */

static const struct field *body_fields(const struct cs_ctl_frame *f)
{
    return f->kind == CS_KIND_NONE ? types[f->type].fields : kinds[f->kind].fields;
}

void cs_ctl_free(struct cs_ctl_frame *f)
{
    for (const struct field *d = body_fields(f); d != NULL && d->name != NULL; d++) {
        if (d->type == F_BLOB) {
            struct cs_blob *b = (struct cs_blob *)(void *)((uint8_t *)&f->u + d->at);

            cs_free_wiped(b->p, b->n);
            *b = (struct cs_blob){NULL, 0};
        }
    }
}

/* ---- encoding
 * -------------------------------------------------------------------------- */

static json_t *write_fields(const struct field *f, const void *base);

static json_t *write_list(const struct field *f, const uint8_t *base)
{
    json_t *a = json_array();
    size_t n;

    memcpy(&n, base + f->count_at, sizeof n);
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(a,
                                    write_fields(f->sub, base + f->at + i * f->size));
    }
    return a;
}

static json_t *write_u64(const uint8_t *at)
{
    uint64_t v;

    memcpy(&v, at, sizeof v);
    return cs_json_u64(v);
}

static json_t *write_u32(const uint8_t *at)
{
    uint32_t v;

    memcpy(&v, at, sizeof v);
    return json_integer(v);
}

/* A text that its maker cut to the field's size may end inside a character: JSON takes
 * whole ones only, so the part before it is sent. */
static json_t *write_text(const char *text, size_t size)
{
    size_t n = strnlen(text, size);
    bool is_empty = n == 0;

    while (!cs_utf8_ok(CS_SPAN(text, n))) {
        n--; /* ends: no text at all is fine */
    }
    return n == 0 && !is_empty ? json_string("?") : json_stringn(text, n);
}

static json_t *write_blob(const uint8_t *at)
{
    struct cs_blob b;

    memcpy(&b, at, sizeof b);
    return cs_json_hex(b.p, b.n);
}

static json_t *write_one(const struct field *f, const uint8_t *base)
{
    const uint8_t *at = base + f->at;

    switch (f->type) {
    case F_TEXT:
    case F_TEXT0:
    case F_WORD:
    case F_WORD0:
        return write_text((const char *)at, f->size);
    case F_HEX:
        return cs_json_hex(at, f->size);
    case F_UUID:
        return cs_json_uuid(at);
    case F_U64:
    case F_U64_OPT:
        return write_u64(at);
    case F_U32:
    case F_U32_OPT:
        return write_u32(at);
    case F_BOOL:
        return json_boolean(*(const bool *)(const void *)at);
    case F_PAIR:
        return json_pack("[i,i]", at[0], at[1]);
    case F_BLOB:
        return write_blob(at);
    case F_LIST:
    case F_LIST_OPT:
        return write_list(f, base);
    }
    return NULL;
}

/* Optional and absent. */
static bool is_left_out(const struct field *f, const uint8_t *base)
{
    static const uint8_t zero[8];

    return (f->type == F_U32_OPT && memcmp(base + f->at, zero, 4) == 0) ||
           (f->type == F_U64_OPT && memcmp(base + f->at, zero, 8) == 0) ||
           (f->type == F_LIST_OPT &&
            memcmp(base + f->count_at, zero, sizeof(size_t)) == 0);
}

static json_t *write_fields(const struct field *f, const void *base)
{
    json_t *o = json_object();

    for (; f != NULL && f->name != NULL; f++) {
        if (is_left_out(f, base)) {
            continue;
        }
        /* A NULL value makes this fail: out of memory. */
        CS_ASSERT(json_object_set_new(o, f->name, write_one(f, base)) == 0);
    }
    return o;
}

static void add_hello_rest(json_t *o, const struct cs_ctl_hello *h)
{
    (void)json_object_set_new(o, "protocols", json_pack("[s]", h->protocol));
    if (h->has_pairing) {
        (void)json_object_set_new(o, "pairing", write_fields(f_pairing, h));
    }
}

void cs_ctl_encode(struct cs_wr *w, const struct cs_ctl_frame *f)
{
    json_t *o = write_fields(types[f->type].fields, &f->u);

    (void)json_object_set_new(o, "t", json_string(types[f->type].name));
    if (f->type == CS_CTL_CMD || f->type == CS_CTL_EVT || f->type == CS_CTL_ACK) {
        (void)json_object_set_new(o, "id", json_string(f->id));
    }
    if (f->type == CS_CTL_HELLO) {
        add_hello_rest(o, &f->u.hello);
    }
    if (f->type == CS_CTL_STATUS && f->u.status.has_backup) {
        (void)json_object_set_new(o, "backup",
                                  write_fields(f_backup, &f->u.status.backup));
    }
    if (f->type == CS_CTL_CMD || f->type == CS_CTL_EVT) {
        (void)json_object_set_new(o, "kind", json_string(kinds[f->kind].name));
        (void)json_object_set_new(o, "body",
                                  write_fields(kinds[f->kind].fields, &f->u));
    }
    if (f->type == CS_CTL_PONG) {
        (void)json_object_set_new(o, "time", cs_json_u64(f->time));
    }
    cs_json_write(w, o);
    json_decref(o);
}
