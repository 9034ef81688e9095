/* EIP-712, typed structured data: JSON to hashes.  Internal to the chain layer.
 * What is accepted and why stands in README.md (typed data). */
#ifndef CS_CHAIN_EIP712_H
#define CS_CHAIN_EIP712_H

#include <jansson.h>

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum {
    CS_TD_JSON_MAX = 64 * 1024,  /* bytes of one text */
    CS_TD_STRUCTS_MAX = 64,      /* struct types: one bit each in a uint64_t */
    CS_TD_MEMBERS_MAX = 64,      /* of one struct */
    CS_TD_NAME_MAX = 64,         /* bytes of a type's or member's name */
    CS_TD_DIMS_MAX = 4,          /* "uint8[2][][3]" has three */
    CS_TD_ARRAY_MAX = 16384,     /* length of a fixed array */
    CS_TD_TYPES_MAX = 64 * 1024, /* bytes of all encoded types: each names all that it
                                    holds, so that their sum grows with the square */
};

enum cs_td_base {
    CS_TD_UINT,
    CS_TD_INT,
    CS_TD_BYTES_N,
    CS_TD_ADDRESS,
    CS_TD_BOOL,
    CS_TD_STRING,
    CS_TD_BYTES,
    CS_TD_STRUCT,
};

struct cs_td_type {
    enum cs_td_base base;
    unsigned size;                 /* bits of a number, bytes of bytesN */
    size_t at;                     /* STRUCT: which */
    size_t n_dims;                 /* arrays of arrays; the last is the outermost */
    uint32_t dims[CS_TD_DIMS_MAX]; /* 0: any length */
};

struct cs_td_struct {
    const char *name;
    const json_t *members; /* array of {name, type}, checked */
    uint64_t reaches;      /* structs inside it, at any depth */
    uint8_t hash[32];      /* typeHash */
};

/* A checked text: types fit together, no struct holds itself; values are not yet
 * checked, cs_td_hash_struct does. */
struct cs_td {
    json_t *root; /* owned */
    const json_t *domain, *message;
    struct cs_td_struct structs[CS_TD_STRUCTS_MAX];
    size_t n_structs;
    size_t primary, domain_at;
};

/* CHAIN_MESSAGE, NOMEM.  Close it in any case. */
enum cs_err cs_td_open(struct cs_td *out, struct cs_span json, const char **why)
    CS_MUST_USE;
void cs_td_close(struct cs_td *td);

/* "uint8[2][]" and the like; names of structs are looked up in td (NULL: none are
 * known).  CHAIN_MESSAGE. */
enum cs_err cs_td_type(struct cs_td_type *out, const struct cs_td *td, const char *text,
                       const char **why) CS_MUST_USE;

/* hashStruct.  The value has exactly the struct's members, each of its type.
 * CHAIN_MESSAGE, NOMEM. */
enum cs_err cs_td_hash_struct(uint8_t out[32], const struct cs_td *td, size_t at,
                              const json_t *value, const char **why) CS_MUST_USE;

/* encodeData of one value of an elementary type of fixed size: its word. */
enum cs_err cs_td_word(uint8_t out[32], const char *type, const json_t *value,
                       const char **why) CS_MUST_USE;

#endif
