/* cloudsign doctor: its findings.  Each file looks at one side:
 *
 *   doctor.c        what is asked of whom, in which order; output, exit code
 *   doctor_host.c   this machine: disk, limits, entropy, clock
 *   doctor_net.c    names, TCP, TLS of platform, relay and KMS
 *   doctor_node.c   what the running node says, and the way to its peers and back
 *   doctor_store.c  the store, with --deep */
#ifndef CS_CLI_NODE_DOCTOR_H
#define CS_CLI_NODE_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "cli/node/environment.h"

enum doc_level { DOC_OK, DOC_WARN, DOC_FAIL };

struct doctor {
    bool json, deep;
    json_t *findings;
    unsigned n_warn, n_fail;
    const char *dir;
    json_t *status; /* of the running node; NULL: none answers */
    json_t *facts;  /* platformUrl, relayUrl, ca; NULL: not known */
    struct cli_env env;
    struct cs_node_config cfg;
};

/* One finding: check is a word of a closed list (README, "Watching a node"); remedy ""
 * where there is nothing to do.  What it says passes base/redact.h. */
void doc_say(struct doctor *d, enum doc_level level, const char *check,
             const char *remedy, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

void doc_host(struct doctor *d);
void doc_clock_of_kernel(struct doctor *d);
void doc_net(struct doctor *d);
void doc_node(struct doctor *d);
void doc_store_stopped(struct doctor *d); /* also finds the facts */
void doc_store_running(struct doctor *d);

/* A question to the running node; NULL: no answer, nothing told. */
json_t *doc_ask(const struct doctor *d, const char *question);

/* Seconds of the clock's difference: told, when they are known. */
void doc_skew(struct doctor *d, const char *of, int64_t skew_ms, int64_t precision_ms);

#endif
