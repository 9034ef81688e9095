/* Little-endian numbers and Bitcoin's compact sizes on top of base/rd and base/wr.  Any
 * thread. */
#ifndef CS_CHAIN_LE_H
#define CS_CHAIN_LE_H

#include "base/rd.h"
#include "base/wr.h"

uint32_t cs_rd_le32(struct cs_rd *r);
uint64_t cs_rd_le64(struct cs_rd *r);
/* In its shortest form only: else BAD_FORMAT. */
uint64_t cs_rd_compact(struct cs_rd *r);
/* A compact size and that many bytes. */
struct cs_span cs_rd_compact_span(struct cs_rd *r);

void cs_wr_le32(struct cs_wr *w, uint32_t v);
void cs_wr_le64(struct cs_wr *w, uint64_t v);
void cs_wr_compact(struct cs_wr *w, uint64_t v);
void cs_wr_compact_span(struct cs_wr *w, struct cs_span s);

#endif
