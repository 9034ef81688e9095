/* JSON that a client sent, read strictly: bounded before jansson sees it, no duplicate
 * keys, no NUL, UTF-8.  (wire/jsonx.h does the same for the control channel; that layer
 * stands above this one.)  Any thread. */
#ifndef CS_CHAIN_JSON_H
#define CS_CHAIN_JSON_H

#include <jansson.h>

#include "base/err.h"
#include "base/span.h"

enum {
    CS_CHAIN_JSON_DEPTH = 24,
    CS_CHAIN_JSON_CONTAINERS = 4096, /* objects and arrays of one text */
    CS_CHAIN_JSON_VALUES = 16384,    /* values of one text, roughly */
    /* What any JSON reader holds exactly: larger numbers are written as strings. */
    CS_CHAIN_JSON_INT_BITS = 53,
};

/* One object.  CHAIN_MESSAGE with *why; free with json_decref. */
enum cs_err cs_chain_json(json_t **out, struct cs_span text, const char **why)
    CS_MUST_USE;

/* An object with exactly these members, all of them there. */
bool cs_chain_json_has_only(const json_t *object, const char *const *names, size_t n);

#endif
