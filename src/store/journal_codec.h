/* Bytes of the journal's three record kinds (src/store/README.md); the public two of
 * them are in journal.h.  Used by journal.c.  Any thread. */
#ifndef CS_STORE_JOURNAL_CODEC_H
#define CS_STORE_JOURNAL_CODEC_H

#include "store/journal.h"

/* Every field in its range, so that encode then decode gives the same. */
bool cs_journal_entry_ok(const struct cs_journal_entry *e);

void cs_journal_request_encode(struct cs_wr *w, const struct cs_journal_request *r);
enum cs_err cs_journal_request_decode(struct cs_journal_request *out, struct cs_span in)
    CS_MUST_USE;
void cs_journal_head_encode(struct cs_wr *w, const struct cs_journal_head *h);
enum cs_err cs_journal_head_decode(struct cs_journal_head *out, struct cs_span in)
    CS_MUST_USE;

#endif
