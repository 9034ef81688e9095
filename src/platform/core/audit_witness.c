#include "platform/core/audit_witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "crypto/audit_head.h"
#include "crypto/group.h"
#include "wire/jsonx.h"

typedef unsigned long long ull;

/* One as it is written. */
struct said {
    uint8_t device[16], ik[32], sig[64];
    struct cs_audit_head head;
};

enum cs_err cs_audit_witnesses_begin(void)
{
    return cs_crypto_init();
}

void cs_audit_witnesses_free(struct cs_audit_witnesses *w)
{
    cs_free(w->all);
    cs_free(w->expected);
    *w = (struct cs_audit_witnesses){.n = 0};
}

/* ---- reading ----------------------------------------------------------- */

static bool read_id(uint8_t id[16], const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL && cs_uuid_parse(id, text) == CS_OK;
}

static bool read_hex(uint8_t *out, size_t n, const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL && cs_unhex(out, n, text) == CS_OK;
}

enum { SAID_MEMBERS = 7 }; /* all that read_said reads */

static bool read_said(struct said *s, const json_t *o)
{
    const json_t *seq = json_object_get(o, "seq");
    const char *time = json_string_value(json_object_get(o, "time"));

    s->head.seq = json_is_integer(seq) && json_integer_value(seq) > 0
                      ? (uint64_t)json_integer_value(seq)
                      : 0;
    return s->head.seq != 0 && time != NULL &&
           cs_u64_parse(&s->head.time, time) == CS_OK &&
           read_id(s->device, o, "deviceId") &&
           read_id(s->head.organization, o, "organizationId") &&
           read_hex(s->head.hash, 32, o, "hash") && read_hex(s->ik, 32, o, "ik") &&
           read_hex(s->sig, 64, o, "signature");
}

/* ---- who --------------------------------------------------------------- */

static struct cs_audit_witness *find(const struct cs_audit_witnesses *w,
                                     const uint8_t device[16])
{
    for (size_t i = 0; i < w->n; i++) {
        if (memcmp(w->all[i].device, device, 16) == 0) {
            return &w->all[i];
        }
    }
    return NULL;
}

/* Room for one more of n; NULL: as many as allowed. */
static void *grow(void *p, size_t n, size_t *cap, size_t size, size_t most)
{
    size_t more = *cap == 0 ? 64 : 2 * *cap;
    void *q;

    if (n < *cap) {
        return p;
    }
    q = n < most ? cs_alloc(more * size) : NULL;
    if (q != NULL) {
        if (n > 0) {
            memcpy(q, p, n * size);
        }
        cs_free(p);
        *cap = more;
    }
    return q;
}

static struct cs_audit_witness *add(struct cs_audit_witnesses *w,
                                    const uint8_t device[16], const uint8_t ik[32])
{
    void *p = grow(w->all, w->n, &w->cap, sizeof *w->all, CS_AUDIT_WITNESSES);
    struct cs_audit_witness *one;

    if (p == NULL) {
        return NULL;
    }
    w->all = p;
    one = &w->all[w->n++];
    memcpy(one->device, device, sizeof one->device);
    memcpy(one->ik, ik, sizeof one->ik);
    return one;
}

static bool expect(struct cs_audit_witnesses *w, const struct cs_audit_witness *by,
                   uint64_t seq, const uint8_t hash[32])
{
    void *p = grow(w->expected, w->n_expected, &w->cap_expected, sizeof *w->expected,
                   CS_AUDIT_EXPECTED);
    struct cs_audit_expected *e;

    if (p == NULL) {
        return false;
    }
    w->expected = p;
    e = &w->expected[w->n_expected++];
    *e = (struct cs_audit_expected){.seq = seq, .who = (size_t)(by - w->all)};
    memcpy(e->hash, hash, sizeof e->hash);
    if (w->next_expected == 0 || seq < w->next_expected) {
        w->next_expected = seq;
    }
    return true;
}

/* All are of one organisation. */
static bool same_organization(struct cs_audit_witnesses *w, const uint8_t id[16])
{
    if (!w->has_organization) {
        w->has_organization = true;
        memcpy(w->organization, id, sizeof w->organization);
    }
    return memcmp(w->organization, id, sizeof w->organization) == 0;
}

/* ---- the list of devices ----------------------------------------------- */

static const char *load_said(struct cs_audit_witnesses *w, struct cs_audit_witness *by,
                             const struct said *s)
{
    if (!cs_audit_head_verify(&s->head, by->ik, s->sig)) {
        return "a countersignature in the list does not verify under its key";
    }
    if (!same_organization(w, s->head.organization)) {
        return "the list has countersignatures for two organisations";
    }
    return expect(w, by, s->head.seq, s->head.hash) ? NULL : "the list is too long";
}

static const char *load_device(struct cs_audit_witnesses *w, const json_t *o)
{
    struct said s = {.head = {.seq = 0}};
    struct cs_audit_witness *one;

    if (!read_id(s.device, o, "deviceId") || !read_hex(s.ik, 32, o, "ik")) {
        return "the list needs a deviceId (UUID) and an ik (64 hex digits) of each "
               "device";
    }
    one = find(w, s.device);
    if (one != NULL && memcmp(one->ik, s.ik, sizeof s.ik) != 0) {
        return "the list gives one device two keys";
    }
    one = one == NULL ? add(w, s.device, s.ik) : one;
    if (one == NULL) {
        return "the list is too long";
    }
    if (json_object_get(o, "signature") == NULL) {
        return NULL;
    }
    return read_said(&s, o) ? load_said(w, one, &s)
                            : "a countersignature in the list is not complete";
}

/* The status of a node has it in a member. */
static const char *load_value(struct cs_audit_witnesses *w, const json_t *v)
{
    const json_t *audit = json_object_get(v, "audit");
    const char *why = NULL;
    json_t *o;

    for (size_t i = 0; json_is_array(v) && why == NULL && i < json_array_size(v); i++) {
        why = load_device(w, json_array_get(v, i));
    }
    if (json_is_array(v)) {
        return why;
    }
    if (audit == NULL) {
        return load_device(w, v);
    }
    o = json_copy((json_t *)(uintptr_t)audit);
    if (o == NULL ||
        json_object_set(o, "deviceId", json_object_get(v, "deviceId")) != 0) {
        json_decref(o);
        return "the status of a node needs its deviceId";
    }
    why = load_device(w, o);
    json_decref(o);
    return why;
}

bool cs_audit_witnesses_load(struct cs_audit_witnesses *w, struct cs_span text,
                             char *why, size_t why_len)
{
    const char *p = (const char *)text.p, *end = p + text.n, *problem = NULL;

    w->is_closed = true;
    while (problem == NULL) {
        json_error_t e;
        json_t *v;

        while (p < end && strchr(" \t\r\n", *p) != NULL && *p != '\0') {
            p++;
        }
        if (p == end) {
            break;
        }
        v = json_loadb(p, (size_t)(end - p),
                       JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &e);
        problem = v == NULL ? "the list is no JSON" : load_value(w, v);
        json_decref(v);
        p += e.position > 0 && v != NULL ? e.position : 0;
    }
    if (problem == NULL && w->n == 0) {
        problem = "the list is empty";
    }
    (void)snprintf(why, why_len, "%s", problem == NULL ? "" : problem);
    return problem == NULL;
}

/* ---- the export -------------------------------------------------------- */

static void fault(struct cs_audit_check *c, enum cs_audit_fault what, uint64_t seq)
{
    c->fault = what;
    c->seq = seq;
    c->until = seq;
    c->line = c->lines;
}

static void forged(struct cs_audit_check *c, const struct said *s, const char *how)
{
    char id[CS_UUID_LEN];

    fault(c, CS_AUDIT_FORGED, s->head.seq);
    (void)snprintf(c->why, sizeof c->why,
                   "the countersignature of record %llu in line %llu %s (device %s)",
                   (ull)s->head.seq, (ull)c->lines, how, cs_uuid_text(id, s->device));
}

static void forked(struct cs_audit_check *c, const struct cs_audit_witness *by,
                   uint64_t seq)
{
    char id[CS_UUID_LEN];

    fault(c, CS_AUDIT_FORKED, seq);
    (void)snprintf(
        c->why, sizeof c->why,
        "record %llu is not the one that device %s has countersigned: it, or "
        "one before it, was changed and all after that were made anew",
        (ull)seq, cs_uuid_text(id, by->device));
}

static void fits(struct cs_audit_check *c, struct cs_audit_witness *by, uint64_t seq,
                 const uint8_t hash[32])
{
    if (memcmp(hash, c->head, CS_AUDIT_HASH) != 0) {
        forked(c, by, seq);
    } else if (seq > by->seq) {
        by->seq = seq;
    }
}

/* Whose is it?  NULL: it does not count, or the fault is set. */
static struct cs_audit_witness *who(struct cs_audit_check *c, const struct said *s)
{
    struct cs_audit_witnesses *w = c->witnesses;
    struct cs_audit_witness *by = find(w, s->device);

    if (by == NULL && !w->is_closed) {
        by = add(w, s->device, s->ik);
    }
    if (by == NULL) {
        w->strangers++;
        return NULL;
    }
    if (memcmp(by->ik, s->ik, sizeof s->ik) != 0) {
        forged(c, s, "names another key than the device has");
        return NULL;
    }
    if (!cs_audit_head_verify(&s->head, by->ik, s->sig)) {
        forged(c, s, "does not verify");
        return NULL;
    }
    if (!same_organization(w, s->head.organization)) {
        forged(c, s, "is of another organisation");
        return NULL;
    }
    return by;
}

void cs_audit_witness_line(struct cs_audit_check *c, const json_t *o)
{
    uint64_t last = c->next == 0 ? 0 : c->next - 1;
    struct said s = {.head = {.seq = 0}};
    struct cs_audit_witness *by;

    if (json_object_size(o) != SAID_MEMBERS || !read_said(&s, o) ||
        (s.head.seq < last && s.head.seq >= c->first)) {
        fault(c, CS_AUDIT_UNREADABLE, last);
        (void)snprintf(c->why, sizeof c->why,
                       "line %llu is no countersignature of the record before it",
                       (ull)c->lines);
        return;
    }
    if (c->witnesses == NULL) {
        return;
    }
    by = who(c, &s);
    if (by == NULL || s.head.seq < c->first) {
        return; /* about what is not in this file */
    }
    if (s.head.seq == last) {
        fits(c, by, s.head.seq, s.head.hash);
    } else if (!expect(c->witnesses, by, s.head.seq, s.head.hash)) {
        c->witnesses->strangers++;
    }
}

void cs_audit_witness_record(struct cs_audit_check *c)
{
    struct cs_audit_witnesses *w = c->witnesses;
    uint64_t seq = c->next - 1, next = 0;
    size_t left = 0;

    if (w == NULL || w->n_expected == 0 || seq < w->next_expected) {
        return;
    }
    for (size_t i = 0; i < w->n_expected; i++) {
        struct cs_audit_expected e = w->expected[i];

        if (e.seq == seq && c->fault == CS_AUDIT_FINE) {
            fits(c, &w->all[e.who], seq, e.hash);
        } else if (e.seq > seq) {
            next = next == 0 || e.seq < next ? e.seq : next;
            w->expected[left++] = e;
        }
    }
    w->n_expected = left;
    w->next_expected = next;
}

void cs_audit_witness_end(struct cs_audit_check *c)
{
    const struct cs_audit_witnesses *w = c->witnesses;
    const struct cs_audit_expected *most = NULL;
    char id[CS_UUID_LEN];

    for (size_t i = 0; w != NULL && i < w->n_expected; i++) {
        if (w->expected[i].seq >= c->next &&
            (most == NULL || w->expected[i].seq > most->seq)) {
            most = &w->expected[i];
        }
    }
    if (c->fault != CS_AUDIT_FINE || most == NULL || c->next == 0) {
        return;
    }
    fault(c, CS_AUDIT_TRUNCATED, c->next);
    c->until = most->seq;
    (void)snprintf(c->why, sizeof c->why,
                   "the end was cut off: device %s has countersigned record %llu, and "
                   "this file ends with record %llu",
                   cs_uuid_text(id, w->all[most->who].device), (ull)most->seq,
                   (ull)(c->next - 1));
}

/* ---- what it comes to --------------------------------------------------- */

static int falling(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

uint64_t cs_audit_witnesses_at(const struct cs_audit_witnesses *w, size_t k)
{
    uint64_t *seqs = k >= 1 && k <= w->n ? cs_alloc(w->n * sizeof *seqs) : NULL;
    uint64_t at = 0;

    if (seqs != NULL) {
        for (size_t i = 0; i < w->n; i++) {
            seqs[i] = w->all[i].seq;
        }
        qsort(seqs, w->n, sizeof *seqs, falling);
        at = seqs[k - 1];
        cs_free(seqs);
    }
    return at;
}
