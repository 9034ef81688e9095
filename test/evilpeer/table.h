/* The table of the evil peer: every field of every message of key generation, OT setup,
 * OT extension, RVOLE and ECDSA signing, and what links carry besides; what a liar puts
 * there; and what an honest node must make of it (PROTOCOLS 2.8, 4.7, 15.4 D5).
 *
 * A field's kind says what is put there, its two columns what must come of it:
 *   wrong  a value that could stand there, but is not the right one
 *   bad    a value that no honest sender can produce
 * So each field meets each mutation of its kind; INT fields have rows of their own.
 * main.c checks that the fields of a message fill it to the last byte, by the lengths
 * that the code has, and that no field is without its row. */
#ifndef CS_TEST_EVILPEER_TABLE_H
#define CS_TEST_EVILPEER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Which node lies (0..), which one has to notice, and what they do. */
enum scene {
    SIGN_BY_LIAR,   /* party 2 lies and has begun; party 1 answers */
    SIGN_BY_HONEST, /* party 1 has begun, party 2 lies and answers */
    CALLED_OFF,     /* the same; party 2 ends it with an ABORT */
    SETUP,          /* a new link between them: OT setup in both directions */
    HEARSAY,        /* the same; party 2 runs version "1" and refuses party 3 */
    KEYGEN,         /* party 2 lies */
    KEYGEN_BY_LIAR, /* party 1 lies and has begun */
    /* Told once; a second time the truth. */
    WANT,  /* party 2 lacks a certificate and lies when it asks */
    HAVE,  /* party 1 lacks it and asks, party 2 lies when it answers */
    NEVER, /* party 1 alone signed, party 2 lies when it says that it did not */
};

/* What an honest node does about it. */
enum reaction {
    MISSING = 0, /* no row */
    FINE,        /* nothing is wrong with it: the session succeeds */
    DROP,        /* not taken: the session waits on, nobody is blamed */
    UNSEEN,      /* not to be seen here: the liar has the damage */
    NOBODY,      /* the session ends with the code, nobody is blamed */
    BLAME,       /* .. the liar is blamed, once; three in 24 h are quarantine */
    COUNT,       /* .. the failed self-test is counted (15.4 D3) */
    BURN,        /* .. OT setup destroyed, liar in quarantine */
    PROVEN,      /* .. two signatures for one slot: quarantine */
};

struct outcome {
    enum reaction does;
    enum cs_err code; /* CS_OK: none is said */
};

enum kind {
    BYTES,  /* hash, nonce, bit string: one bit flipped */
    SCALAR, /* flipped; 0, q, q+1, 2^256-1 */
    POINT,  /* another point; hybrid, not on the curve, x >= p, zeros */
    RIST,   /* another element; not an encoding, the identity */
    INT,    /* rows of `ints` */
};

enum part { BROADCAST, PRIVATE };

struct field {
    const char *name;
    enum part part;
    enum kind kind;
    size_t len, count; /* of one element, and how many there are */
    struct outcome wrong, bad;
};

struct message {
    const char *name;
    enum scene scene;
    uint8_t proto, type;
    size_t broadcast_len, private_len; /* as the code has them */
    const struct field *fields;
    size_t n_fields;
    struct outcome length; /* a byte more, a byte less, of each part */
    struct outcome sid, round, key_id, epoch; /* header, inside the AEAD's data */
};

struct int_row {
    const char *message, *field;
    enum scene scene;
    uint32_t value;
    struct outcome is;
};

extern const struct message messages[];
extern const size_t n_messages;
extern const struct int_row ints[];
extern const size_t n_ints;

#endif
