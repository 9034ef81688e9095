/* Asking the running node over its local socket, and printing what it says. */
#ifndef CS_CLI_NODE_ASK_H
#define CS_CLI_NODE_ASK_H

#include <jansson.h>

#include "base/wr.h"

enum { ASK_ANSWER_MAX = 256 << 10, ASK_TEXT_MAX = 1024 };

/* The answer as JSON; or NULL, told on stderr, and the exit code.  text: the answer
 * itself (set max to 2 * ASK_ANSWER_MAX). */
json_t *ask_node(struct cs_span question, struct cs_wr *text, int *exit_code);
/* A string member; "" when there is none. */
const char *ask_str(const json_t *o, const char *name);
/* "label          text", as cs_text_plain leaves it, for it comes from elsewhere; cut
 * to ASK_TEXT_MAX - 1. */
void ask_print(const char *label, const char *text);

#endif
