/* JSON text as this program writes it, read and written without detours: what a list
 * costs is mostly that (test/bench/README.md).  Results are jansson's, to the byte;
 * what is rare is left to jansson.  Any thread (a json_t belongs to one at a time). */
#ifndef CS_WIRE_JSON_TEXT_H
#define CS_WIRE_JSON_TEXT_H

#include <jansson.h>

#include "base/span.h"
#include "base/wr.h"

/* One JSON object or array; NULL: the text is none, or a key repeats.  For text of our
 * own stores, which we wrote: it is as large as it is (cs_json_parse for others'). */
json_t *cs_json_load(struct cs_span text);
/* Compact text of v, members in the order in which they were set, appended to w. */
void cs_json_write(struct cs_wr *w, const json_t *v);

#endif
