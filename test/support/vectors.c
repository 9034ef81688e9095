#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"

struct cs_vec_chunk {
    struct cs_vec_chunk *next;
    uint8_t bytes[];
};

bool cs_vec_folder(const char *dir, const char *path)
{
    struct stat st;

    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode)) {
        return true;
    }
    (void)fprintf(
        stderr, "SKIPPED: %s: no published vectors in \"%s\"; set CS_SHARED_VECTORS\n",
        path, dir);
    return false;
}

struct cs_vec *cs_vec_open(const char *dir, const char *path, bool may_skip)
{
    char file[4096];
    json_error_t why;
    struct cs_vec *v;

    if (may_skip && !cs_vec_folder(dir, path)) {
        return NULL;
    }
    (void)snprintf(file, sizeof file, "%s/%s", dir, path);
    v = cs_alloc(sizeof *v);
    assert_non_null(v);
    v->root = json_load_file(file, JSON_REJECT_DUPLICATES, &why);
    if (v->root == NULL) {
        fail_msg("%s: line %d: %s", file, why.line, why.text);
    }
    return v;
}

void cs_vec_close(struct cs_vec *v)
{
    if (v == NULL) {
        return;
    }
    while (v->chunks != NULL) {
        struct cs_vec_chunk *next = v->chunks->next;

        cs_free(v->chunks);
        v->chunks = next;
    }
    json_decref(v->root);
    cs_free(v);
}

json_t *cs_vec_get(const json_t *obj, const char *field)
{
    json_t *value = json_object_get(obj, field);

    if (value == NULL) {
        fail_msg("vector has no field \"%s\"", field);
    }
    return value;
}

const char *cs_vec_str(const json_t *obj, const char *field)
{
    const char *s = json_string_value(cs_vec_get(obj, field));

    if (s == NULL) {
        fail_msg("vector field \"%s\" is not a string", field);
    }
    return s;
}

json_int_t cs_vec_int(const json_t *obj, const char *field)
{
    json_t *value = cs_vec_get(obj, field);

    if (!json_is_integer(value)) {
        fail_msg("vector field \"%s\" is not a number", field);
    }
    return json_integer_value(value);
}

struct cs_span cs_vec_unhex(struct cs_vec *v, const char *hex)
{
    size_t n = strlen(hex) / 2;
    struct cs_vec_chunk *chunk = cs_alloc(sizeof *chunk + n);

    assert_non_null(chunk);
    chunk->next = v->chunks;
    v->chunks = chunk;
    if (cs_unhex(chunk->bytes, n, hex) != CS_OK) {
        fail_msg("vector holds bad hex \"%.80s\"", hex);
    }
    return (struct cs_span){chunk->bytes, n};
}

struct cs_span cs_vec_hex(struct cs_vec *v, const json_t *obj, const char *field)
{
    return cs_vec_unhex(v, cs_vec_str(obj, field));
}

const uint8_t *cs_vec_hex_n(struct cs_vec *v, const json_t *obj, const char *field,
                            size_t n)
{
    struct cs_span s = cs_vec_hex(v, obj, field);

    if (s.n != n) {
        fail_msg("vector field \"%s\" has %zu bytes, not %zu", field, s.n, n);
    }
    return s.p;
}
