/* Outer frames of the messaging layer: src/wire/README.md, 1 and 3.  Any thread. */
#ifndef CS_WIRE_RELAY_H
#define CS_WIRE_RELAY_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum cs_relay_type {
    CS_RELAY_CHALLENGE = 0x01, /* id unused, body: nonce 32 */
    CS_RELAY_HELLO = 0x02,     /* id: device, body: sig 64 */
    CS_RELAY_WELCOME = 0x03,
    CS_RELAY_DATA = 0x10, /* id: the other device, body: envelope */
    CS_RELAY_GONE = 0x11, /* id: the absent device */
};

enum { CS_RELAY_MAX = 65536, CS_RELAY_MAX_HELLO = 512 };

struct cs_relay_frame {
    enum cs_relay_type type;
    uint8_t id[16];
    struct cs_span body; /* borrowed from the input */
};

enum cs_err cs_relay_decode(struct cs_relay_frame *out, struct cs_span in) CS_MUST_USE;
void cs_relay_encode(struct cs_wr *w, const struct cs_relay_frame *f);

#endif
