/* Test vectors in JSON: files, hex fields, loud skips.  For cmocka tests: whatever is
 * missing or malformed fails the running case with a message.
 *
 *   struct cs_vec *v = CS_VEC_SHARED("wycheproof/aes_gcm_test.json");
 *   if (v == NULL) { skip(); }             // has said SKIPPED on stderr
 *   json_array_foreach(cs_vec_get(v->root, "testGroups"), i, group) { .. }
 *   cs_vec_close(v);
 *
 * CS_VEC_OWN reads our own files (test/vectors), which must be there.  CS_VEC_SHARED
 * reads published files from outside the tree (DECISIONS 7). */
#ifndef CS_TEST_SUPPORT_VECTORS_H
#define CS_TEST_SUPPORT_VECTORS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/span.h"

struct cs_vec {
    json_t *root;
    struct cs_vec_chunk *chunks; /* decoded bytes, freed with the rest */
};

/* NULL only when may_skip and the folder dir is not there. */
struct cs_vec *cs_vec_open(const char *dir, const char *path, bool may_skip);
void cs_vec_close(struct cs_vec *v); /* NULL allowed */

#define CS_VEC_OWN(path)    cs_vec_open(CS_TEST_VECTORS, (path), false)
#define CS_VEC_SHARED(path) cs_vec_open(CS_SHARED_VECTORS, (path), true)

/* Says so on stderr, returns false, when the folder of published vectors is missing;
 * for tests that read other formats than JSON from there. */
bool cs_vec_folder(const char *dir, const char *path);

json_t *cs_vec_get(const json_t *obj, const char *field);
const char *cs_vec_str(const json_t *obj, const char *field);
json_int_t cs_vec_int(const json_t *obj, const char *field);
/* Decoded hex; the bytes belong to v. */
struct cs_span cs_vec_hex(struct cs_vec *v, const json_t *obj, const char *field);
struct cs_span cs_vec_unhex(struct cs_vec *v, const char *hex);
/* Exactly n bytes. */
const uint8_t *cs_vec_hex_n(struct cs_vec *v, const json_t *obj, const char *field,
                            size_t n);

#endif
