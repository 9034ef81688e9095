/* Strict JSON over jansson: bounded before it is parsed, typed when it is read.
 * Any thread (a json_t belongs to one at a time). */
#ifndef CS_WIRE_JSONX_H
#define CS_WIRE_JSONX_H

#include <jansson.h>

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum {
    CS_JSON_DEPTH = 16,
    CS_JSON_KEYS = 64,
    CS_JSON_CONTAINERS = 2048, /* objects and arrays of one text */
    CS_JSON_VALUES = 16384,    /* values of one text, roughly */
};

/* One object: at most max bytes, 16 deep, 64 keys an object, 2048 objects and arrays,
 * 16384 values, no duplicate keys, no NUL, UTF-8.  All that is counted before jansson
 * sees the text, since it recurses up to 2048 and an empty object of two bytes costs it
 * some 200.  BAD_TEXT, TOO_LONG or LIMIT; *why is a constant sentence. */
enum cs_err cs_json_parse(json_t **out, struct cs_span text, size_t max,
                          const char **why) CS_MUST_USE;
/* Compact text of v appended to w. */
void cs_json_write(struct cs_wr *w, const json_t *v);

/* ---- typed reading, errors sticky ----------------------------------------------- */

/* After the first error, reads give empty values; `field` and `why` say what was
 * wrong ("field": "signers[1]", "why": "must be an integer from 1 to 7"). */
struct cs_jr {
    const json_t *obj;
    enum cs_err err;
    char field[64];
    const char *why;
};

#define CS_JR(json_object) ((struct cs_jr){.obj = (json_object)})

void cs_jr_fail(struct cs_jr *r, const char *field, const char *why);
bool cs_jr_has(const struct cs_jr *r, const char *name); /* there and not null */
/* 1..max bytes (0 too when empty_ok); borrowed from the object, "" after an error. */
const char *cs_jr_str(struct cs_jr *r, const char *name, size_t max, bool empty_ok);
const char *cs_jr_str_opt(struct cs_jr *r, const char *name, size_t max); /* or NULL */
bool cs_jr_bool(struct cs_jr *r, const char *name);
int64_t cs_jr_int(struct cs_jr *r, const char *name, int64_t min, int64_t max);
uint64_t cs_jr_u64(struct cs_jr *r, const char *name); /* decimal string */
void cs_jr_hex(struct cs_jr *r, const char *name, uint8_t *out, size_t n);
/* Hex of 0..max bytes appended to w. */
void cs_jr_blob(struct cs_jr *r, const char *name, struct cs_wr *w, size_t max);
void cs_jr_uuid(struct cs_jr *r, const char *name, uint8_t out[16]);
const json_t *cs_jr_array(struct cs_jr *r, const char *name, size_t min, size_t max);
const json_t *cs_jr_object(struct cs_jr *r, const char *name);

/* ---- small converters ------------------------------------------------------------ */

enum { CS_UUID_LEN = 37 }; /* with NUL */
char *cs_uuid_text(char out[CS_UUID_LEN], const uint8_t id[16]);
enum cs_err cs_uuid_parse(uint8_t out[16], const char *text) CS_MUST_USE; /* BAD_TEXT */
/* Version 4, variant 1 bits set over 16 random bytes. */
void cs_uuid_from_random(uint8_t id[16]);
enum cs_err cs_u64_parse(uint64_t *out, const char *text) CS_MUST_USE;
json_t *cs_json_u64(uint64_t v);              /* decimal string */
json_t *cs_json_hex(const void *p, size_t n); /* hex string */
json_t *cs_json_uuid(const uint8_t id[16]);

#endif
