/* Protocol buffers, strict: shortest varints, fields in ascending order, each at most
 * once unless repeated, no field that was not asked for.  So one message has one
 * reading, whatever other software does with duplicates.  Any thread.
 * Source: protobuf.dev, "Encoding". */
#ifndef CS_CHAIN_PB_H
#define CS_CHAIN_PB_H

#include <stdbool.h>

#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"

enum cs_pb_wire { CS_PB_VARINT = 0, CS_PB_BYTES = 2 };

/* One field as it stands. */
struct cs_pb_field {
    uint32_t number;
    enum cs_pb_wire wire;
    uint64_t varint;
    struct cs_span bytes;
};

/* Takes the next field off r.  False: cut or malformed, or another wire type. */
bool cs_pb_next(struct cs_rd *r, struct cs_pb_field *out);

struct cs_pb_want {
    uint8_t number;
    enum cs_pb_wire wire;
    bool is_repeated;
};

struct cs_pb_got {
    size_t count;
    uint64_t varint;      /* 0 when it is not there */
    struct cs_span bytes; /* of a repeated field: all of them with their headers */
};

/* Reads a whole message; got has n entries like wants, which are in ascending order. */
bool cs_pb_read(struct cs_span in, const struct cs_pb_want *wants, size_t n,
                struct cs_pb_got *got);
/* Is it a well-formed message, whatever its fields? */
bool cs_pb_ok(struct cs_span in);
/* Could a reader that skips all it does not know (fields of any wire type, groups, long
 * varints) take these bytes for a message that has this field with bytes in it? */
bool cs_pb_may_hold(struct cs_span in, uint32_t number);

/* 0 is not written (proto3). */
void cs_pb_put_varint(struct cs_wr *w, uint32_t number, uint64_t v);
void cs_pb_put_bytes(struct cs_wr *w, uint32_t number, struct cs_span s);
/* The bytes that stand before a field of n bytes. */
void cs_pb_put_head(struct cs_wr *w, uint32_t number, size_t n);

#endif
