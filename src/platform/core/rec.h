/* Records: JSON values under ids, ordered indexes with counts, unique names, timers.
 * Errors of the store are sticky in core->broken; reads then find nothing. */
#ifndef CS_PLATFORM_CORE_REC_H
#define CS_PLATFORM_CORE_REC_H

#include "platform/core/core.h"
#include "wire/jsonx.h"

/* ---- JSON that cannot fail: out of memory ends the program (env.h) ----- */

void cs_js_set(json_t *o, const char *name, json_t *value); /* takes value, not NULL */
void cs_js_str(json_t *o, const char *name, const char *text);
void cs_js_int(json_t *o, const char *name, int64_t v);
void cs_js_bool(json_t *o, const char *name, bool v);
void cs_js_hex(json_t *o, const char *name, const void *p, size_t n);
void cs_js_uuid(json_t *o, const char *name, const uint8_t id[CS_PC_ID]);
void cs_js_push(json_t *array, json_t *value); /* takes value */
void cs_js_push_text(json_t *array, const char *text);
void cs_js_del(json_t *o, const char *name);
json_t *cs_js_obj(void);
json_t *cs_js_arr(void);
/* Reading our own records: "" or 0 when absent. */
const char *cs_js_text(const json_t *o, const char *name);
int64_t cs_js_num(const json_t *o, const char *name);
bool cs_js_is(const json_t *o, const char *name, const char *text);
bool cs_js_true(const json_t *o, const char *name);
/* false when the member is not hex of n bytes. */
bool cs_js_bytes(const json_t *o, const char *name, uint8_t *out, size_t n);
bool cs_js_id(const json_t *o, const char *name, uint8_t out[CS_PC_ID]);
/* A new object without the members that start with '_'. */
json_t *cs_js_public(const json_t *o);

enum { CS_PC_TIME_LEN = 25 };
/* "2026-01-31T12:34:56.789Z" */
char *cs_pc_time(char out[CS_PC_TIME_LEN], int64_t wall_ms);
void cs_js_time(json_t *o, const char *name, int64_t wall_ms);

/* ---- ids and digests --------------------------------------------------- */

void cs_pc_random(struct cs_platform_core *core, uint8_t *out, size_t n);
void cs_pc_new_id(struct cs_platform_core *core, uint8_t id[CS_PC_ID]);
uint64_t cs_pc_next_seq(struct cs_platform_core *core); /* rises, also over restarts */
/* SHA-256 of enc(label, a, b): for names and high-entropy secrets. */
void cs_pc_digest(uint8_t out[32], const char *label, struct cs_span a,
                  struct cs_span b);

/* ---- records ----------------------------------------------------------- */

/* Owned by the caller; NULL when absent or the store is broken. */
json_t *cs_pc_get(struct cs_platform_core *core, uint8_t table,
                  const uint8_t id[CS_PC_ID]) CS_MUST_USE;
void cs_pc_put(struct cs_platform_core *core, uint8_t table, const uint8_t id[CS_PC_ID],
               const json_t *rec);
/* By its "id"; sets "updatedAt" to now.  Answers who waits for it (wait.h). */
void cs_pc_save(struct cs_platform_core *core, uint8_t table, json_t *rec);
/* A record with id, organizationId, createdBy, createdAt, updatedAt, and _seq. */
json_t *cs_pc_make(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                   const char *created_by);

/* Plain bytes; sticky errors like the rest. */
bool cs_pc_raw_get(struct cs_platform_core *core, uint8_t table, struct cs_span key,
                   struct cs_wr *out);
void cs_pc_raw_put(struct cs_platform_core *core, uint8_t table, struct cs_span key,
                   struct cs_span value);
void cs_pc_raw_del(struct cs_platform_core *core, uint8_t table, struct cs_span key);
/* First entry with key >= from (> from when after) that starts with prefix. */
bool cs_pc_raw_next(struct cs_platform_core *core, uint8_t table, struct cs_span prefix,
                    struct cs_span from, bool after, struct cs_wr *key,
                    struct cs_wr *value);
/* Last entry with key < before that starts with prefix. */
bool cs_pc_raw_before(struct cs_platform_core *core, uint8_t table,
                      struct cs_span prefix, struct cs_span before, struct cs_wr *key,
                      struct cs_wr *value);
bool cs_pc_raw_last(struct cs_platform_core *core, uint8_t table, struct cs_span prefix,
                    struct cs_wr *key, struct cs_wr *value);

/* ---- indexes ----------------------------------------------------------- */

/* The scope of an index: digest of up to two values ("" for none). */
struct cs_pc_scope {
    uint8_t b[CS_PC_ID];
};
struct cs_pc_scope cs_pc_scope(const char *a, const char *b);

void cs_pc_index_add(struct cs_platform_core *core, enum cs_pc_index kind,
                     struct cs_pc_scope scope, uint64_t seq,
                     const uint8_t id[CS_PC_ID]);
void cs_pc_index_del(struct cs_platform_core *core, enum cs_pc_index kind,
                     struct cs_pc_scope scope, uint64_t seq);
uint64_t cs_pc_index_count(struct cs_platform_core *core, enum cs_pc_index kind,
                           struct cs_pc_scope scope);

/* Walks one index in order of creation.  Start with {.after = token or 0}. */
struct cs_pc_walk {
    enum cs_pc_index kind;
    struct cs_pc_scope scope;
    uint64_t after; /* entries with a higher number */
    uint8_t id[CS_PC_ID];
};
bool cs_pc_walk_next(struct cs_platform_core *core, struct cs_pc_walk *w);
/* The other way: entries with a number below w->after (0: from the end). */
bool cs_pc_walk_prev(struct cs_platform_core *core, struct cs_pc_walk *w);

/* One id per (kind, text): false when there is none. */
bool cs_pc_unique_get(struct cs_platform_core *core, enum cs_pc_unique kind,
                      const char *text, uint8_t id[CS_PC_ID]);
void cs_pc_unique_put(struct cs_platform_core *core, enum cs_pc_unique kind,
                      const char *text, const uint8_t id[CS_PC_ID]);
void cs_pc_unique_del(struct cs_platform_core *core, enum cs_pc_unique kind,
                      const char *text);

/* ---- timers ------------------------------------------------------------ */

/* Moves the record's one timer ("_timer") to `at` (wall ms); 0 switches it off.  The
 * caller saves the record. */
void cs_pc_timer(struct cs_platform_core *core, json_t *rec, enum cs_pc_timer kind,
                 int64_t at);
void cs_pc_timer_raw(struct cs_platform_core *core, enum cs_pc_timer kind,
                     const uint8_t id[CS_PC_ID], int64_t old_at, int64_t at);

#endif
