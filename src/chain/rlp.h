/* RLP, Ethereum's encoding of byte strings and lists: strict reader and writer.  One
 * value has one encoding; everything else is refused.  Any thread.
 * Source: Ethereum Yellow Paper, appendix B; execution specs, "RLP". */
#ifndef CS_CHAIN_RLP_H
#define CS_CHAIN_RLP_H

#include <stdbool.h>

#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"

struct cs_rlp {
    bool is_list;
    struct cs_span body;  /* of a list: its items */
    struct cs_span whole; /* with its header */
};

/* Takes one item off r; the items inside a list are not looked at.  False: malformed,
 * cut, or not in its shortest form; r is then at its end. */
bool cs_rlp_next(struct cs_rd *r, struct cs_rlp *out);
/* All of `in` is one list of this many items (at most max): fills items.  False when it
 * is something else; *n then tells nothing. */
bool cs_rlp_list(struct cs_span in, struct cs_rlp *items, size_t max, size_t *n);

/* An integer: a string without leading zeros, at most 8 bytes. */
bool cs_rlp_u64(const struct cs_rlp *item, uint64_t *out);
/* An integer of at most max bytes, as it stands. */
bool cs_rlp_number(const struct cs_rlp *item, size_t max, struct cs_span *out);

void cs_rlp_put_string(struct cs_wr *w, struct cs_span s);
/* Without its leading zeros. */
void cs_rlp_put_number(struct cs_wr *w, struct cs_span be);
void cs_rlp_put_u64(struct cs_wr *w, uint64_t v);
/* The header of a list whose items take n bytes. */
void cs_rlp_put_list(struct cs_wr *w, size_t n);

#endif
