#include "platform/core/audit_chain.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "platform/core/audit_witness.h"
#include "wire/jsonx.h"

static int dump_chunk(const char *p, size_t n, void *ctx)
{
    struct cs_wr *w = ctx;

    cs_wr_bytes(w, p, n);
    return w->err == CS_OK ? 0 : -1;
}

void cs_audit_canonical(struct cs_wr *w, const json_t *record)
{
    if (json_dump_callback(record, dump_chunk, w, JSON_COMPACT | JSON_SORT_KEYS) != 0 &&
        w->err == CS_OK) {
        w->err = CS_ERR_NOMEM;
    }
}

void cs_audit_hash(uint8_t out[CS_AUDIT_HASH], struct cs_span canonical)
{
    const struct cs_span items[] = {CS_SPAN_LIT("cloudsign/platform"),
                                    CS_SPAN_LIT("audit"), canonical};
    struct cs_wr w = {0};

    cs_enc(&w, items, CS_COUNTOF(items));
    CS_ASSERT(w.err == CS_OK);
    cs_sha256(out, cs_wr_get(&w));
    cs_wr_free(&w);
}

void cs_audit_line(struct cs_wr *w, struct cs_span canonical,
                   const uint8_t hash[CS_AUDIT_HASH])
{
    char hex[2 * CS_AUDIT_HASH + 1];

    cs_wr_printf(w, "{\"hash\":\"%s\",\"record\":", cs_hex(hex, hash, CS_AUDIT_HASH));
    cs_wr_span(w, canonical);
    cs_wr_str(w, "}\n");
}

/* ---- checking ---------------------------------------------------------- */

const char *cs_audit_fault_word(enum cs_audit_fault fault)
{
    static const char *const words[] = {
        "fine",     "unreadable",   "changed", "missing", "swapped",
        "inserted", "another head", "forked",  "cut off", "forged"};

    return (size_t)fault < CS_COUNTOF(words) ? words[fault] : "";
}

typedef unsigned long long ull;

static void set(struct cs_audit_check *c, enum cs_audit_fault fault, uint64_t seq)
{
    c->fault = fault;
    c->seq = seq;
    c->until = seq;
    c->line = c->lines;
    c->row = c->rows;
}

struct row {
    uint64_t seq;
    uint8_t prev[CS_AUDIT_HASH], hash[CS_AUDIT_HASH], real[CS_AUDIT_HASH];
};

static bool read_hash(uint8_t out[CS_AUDIT_HASH], const json_t *o, const char *name)
{
    const char *hex = json_string_value(json_object_get(o, name));

    return hex != NULL && cs_unhex(out, CS_AUDIT_HASH, hex) == CS_OK;
}

static bool read_row(struct row *r, const json_t *o)
{
    const json_t *record = json_object_get(o, "record");
    const json_t *seq = json_object_get(record, "seq");
    struct cs_wr w = {0};
    bool ok;

    ok = json_object_size(o) == 2 && json_is_object(record) && json_is_integer(seq) &&
         json_integer_value(seq) > 0 && read_hash(r->hash, o, "hash") &&
         read_hash(r->prev, record, "prev");
    if (ok) {
        r->seq = (uint64_t)json_integer_value(seq);
        cs_audit_canonical(&w, record);
        ok = w.err == CS_OK;
        cs_audit_hash(r->real, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return ok;
}

static void changed(struct cs_audit_check *c, const struct row *r)
{
    set(c, CS_AUDIT_CHANGED, r->seq);
    (void)snprintf(c->why, sizeof c->why,
                   "record %llu (line %llu) was changed: its text does not have the "
                   "hash that stands with it",
                   (ull)r->seq, (ull)c->lines);
}

/* The first record has to begin the chain, when it says so. */
static void first(struct cs_audit_check *c, const struct row *r)
{
    static const uint8_t zeros[CS_AUDIT_HASH];

    if (r->seq == 1 && memcmp(r->prev, zeros, sizeof zeros) != 0) {
        set(c, CS_AUDIT_CHANGED, 1);
        (void)snprintf(c->why, sizeof c->why,
                       "record 1 was changed: it names a record before it");
        return;
    }
    c->first = r->seq;
    c->next = r->seq + 1;
    memcpy(c->head, r->hash, sizeof c->head);
}

static void gap(struct cs_audit_check *c, const struct row *r)
{
    set(c, CS_AUDIT_MISSING, c->next);
    c->until = r->seq - 1;
    c->is_open = true;
    (void)snprintf(c->why, sizeof c->why,
                   "record %llu is missing%s: record %llu (line %llu) comes after "
                   "record %llu",
                   (ull)c->next, c->until > c->next ? ", and more after it" : "",
                   (ull)r->seq, (ull)c->lines, (ull)(c->next - 1));
}

/* Its number is right, its predecessor is not. */
static void unlinked(struct cs_audit_check *c, const struct row *r)
{
    set(c, CS_AUDIT_CHANGED, r->seq - 1);
    c->is_open = true;
    (void)snprintf(c->why, sizeof c->why,
                   "record %llu was changed and given a new hash, or record %llu (line "
                   "%llu) was put in: it names another record before it",
                   (ull)(r->seq - 1), (ull)r->seq, (ull)c->lines);
}

static void inserted(struct cs_audit_check *c, uint64_t seq, uint64_t line)
{
    set(c, CS_AUDIT_INSERTED, seq);
    c->line = line;
    c->is_open = false;
    (void)snprintf(c->why, sizeof c->why,
                   "record %llu in line %llu was inserted: it does not belong there",
                   (ull)seq, (ull)line);
}

static void twice(struct cs_audit_check *c, const struct row *r)
{
    set(c, CS_AUDIT_INSERTED, r->seq);
    (void)snprintf(c->why, sizeof c->why,
                   "record %llu is there a second time in line %llu: one of the two "
                   "was inserted",
                   (ull)r->seq, (ull)c->lines);
}

static void swapped(struct cs_audit_check *c)
{
    uint64_t low = c->next, high = c->until + 1;

    set(c, CS_AUDIT_SWAPPED, low);
    c->until = high;
    c->line = c->found_line;
    c->is_open = false;
    (void)snprintf(c->why, sizeof c->why,
                   "records %llu and %llu were swapped: %llu stands in line %llu",
                   (ull)low, (ull)high, (ull)low, (ull)c->found_line);
}

/* The record that a gap misses has come later.  In a swap both stand in each other's
 * place; a record that was put in shifts the others. */
static void decide(struct cs_audit_check *c, uint64_t next_seq)
{
    uint64_t jumped = c->until + 1;

    if (next_seq == c->next + 1 || c->found_row - c->row != jumped - c->next) {
        inserted(c, jumped, c->line);
    } else {
        swapped(c);
    }
}

/* Behind an open fault: what was it? */
static void look_on(struct cs_audit_check *c, const struct row *r)
{
    if (c->is_found) {
        decide(c, r->seq);
    } else if (c->fault == CS_AUDIT_MISSING && r->seq == c->next) {
        c->is_found = true;
        c->found_line = c->lines;
        c->found_row = c->rows;
    } else if (c->fault == CS_AUDIT_CHANGED && r->seq == c->next &&
               memcmp(r->prev, c->head, sizeof c->head) == 0) {
        inserted(c, r->seq, c->line); /* the right one is here */
    }
}

static void check(struct cs_audit_check *c, const struct row *r)
{
    if (memcmp(r->hash, r->real, sizeof r->hash) != 0) {
        changed(c, r);
    } else if (c->next == 0) {
        first(c, r);
    } else if (r->seq > c->next) {
        gap(c, r);
    } else if (r->seq < c->next) {
        twice(c, r);
    } else if (memcmp(r->prev, c->head, sizeof c->head) != 0) {
        unlinked(c, r);
    } else {
        c->next++;
        memcpy(c->head, r->hash, sizeof c->head);
    }
}

static void check_row(struct cs_audit_check *c, const json_t *o)
{
    struct row r;

    c->rows++;
    if (read_row(&r, o)) {
        if (c->is_open) {
            look_on(c, &r);
            return;
        }
        check(c, &r);
        if (c->fault == CS_AUDIT_FINE) {
            cs_audit_witness_record(c);
        }
    } else if (!c->is_open) {
        set(c, CS_AUDIT_UNREADABLE, c->next);
        (void)snprintf(c->why, sizeof c->why,
                       "line %llu is no record of an audit export: it was damaged, or "
                       "this is another file",
                       (ull)c->lines);
    }
}

void cs_audit_check_line(struct cs_audit_check *c, struct cs_span line)
{
    const char *why = "";
    const json_t *said;
    json_t *o = NULL;

    c->lines++;
    if (line.n == 0 || (c->fault != CS_AUDIT_FINE && !c->is_open)) {
        return;
    }
    if (cs_json_parse(&o, line, CS_AUDIT_LINE_MAX, &why) != CS_OK) {
        o = NULL; /* neither */
    }
    /* Exactly that: beside it, or beside hash and record, nothing would be checked. */
    said = json_object_size(o) == 1 ? json_object_get(o, "countersignature") : NULL;
    if (said == NULL) {
        check_row(c, o);
    } else if (!c->is_open) {
        cs_audit_witness_line(c, said);
    }
    json_decref(o);
}

void cs_audit_check_end(struct cs_audit_check *c, const uint8_t *head)
{
    if (c->is_open && c->is_found) {
        decide(c, 0);
    }
    c->is_open = false;
    cs_audit_witness_end(c);
    if (c->fault == CS_AUDIT_FINE && head != NULL &&
        (c->next == 0 || memcmp(head, c->head, CS_AUDIT_HASH) != 0)) {
        set(c, CS_AUDIT_OTHER_HEAD, c->next == 0 ? 0 : c->next - 1);
        (void)snprintf(c->why, sizeof c->why,
                       "the chain ends at record %llu with another hash than the head "
                       "that you gave: records were cut off, or made anew",
                       (ull)c->seq);
    }
}
