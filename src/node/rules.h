/* POLICY_FILE of a node: read at the start, and again for {"cmd":"policy.reload"} on
 * the local socket (the program asks that for SIGHUP).  A file that is wrong is refused
 * with line or field, and the old one stays.  Thread: loop. */
#ifndef CS_NODE_RULES_H
#define CS_NODE_RULES_H

#include "base/span.h"
#include "base/why.h"
#include "base/wr.h"

struct cs_node;
struct cs_policy;

struct cs_rules {
    struct cs_policy *policy; /* NULL: no file is set */
    char file[512];
};

/* file "": none.  CONFIG. */
enum cs_err cs_rules_open(struct cs_rules *r, const char *file, struct cs_why *why)
    CS_MUST_USE;
void cs_rules_close(struct cs_rules *r);
/* A policy from a file; for the program's `policy check`, too.  CONFIG: it cannot be
 * read, or is none; *why starts with the file's name. */
enum cs_err cs_rules_read(struct cs_policy **out, const char *file, struct cs_why *why)
    CS_MUST_USE;
/* Answers policy.reload with {"ok":true,"policyHash","before","rules"} or a refusal;
 * false: another question.  The first also while no core is there. */
bool cs_rules_answer(struct cs_node *n, struct cs_wr *w, struct cs_span line);
bool cs_rules_question(struct cs_node *n, uint64_t id, struct cs_span line);

#endif
