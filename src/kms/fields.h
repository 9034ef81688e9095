/* Strings of one JSON object, read straight into the caller's buffers.
 *
 * The answers read here hold secrets (keys, tokens, the store's key), which must not
 * pass through a JSON tree on the heap (STYLE 4); so this reads in one pass, without
 * memory of its own.  Any thread. */
#ifndef CS_KMS_FIELDS_H
#define CS_KMS_FIELDS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

struct cs_field {
    const char *name;
    char *out; /* the decoded text and a NUL */
    size_t cap;
    bool is_found; /* false too for null */
};

/* One object and nothing behind it: wanted members are strings or null and come once;
 * others are skipped, nested ones up to 16 deep (by their brackets and strings).
 * BAD_TEXT: no such text (not UTF-8, a NUL, a wanted member twice or of another type);
 * TOO_LONG: a value longer than its buffer; LIMIT: too deep.  On error all outs are
 * wiped and none is found. */
enum cs_err cs_fields_read(struct cs_field *fields, size_t n, struct cs_span text)
    CS_MUST_USE;

#endif
