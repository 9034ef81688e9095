/* Inside of cs_node: the files of this folder, nobody else.
 *
 *   node.c      life: new, start, stop, free; the lives of its core
 *   settings.c  the configuration, parsed
 *   unseal.c    KMS opens the store's key (sealer.c asks, aws_env.c has who asks)
 *   rekey.c     another key for the store
 *   mailbox.c   calls to the embedder, outside of any step
 *   tell.c      events, and the node's own log
 *   asks.c      cs_node_ask
 *   hook.c      the approval hook, cs_node_verdict
 *   approval.c  the approval callback; approval_msg.c its messages
 *   rules.c     POLICY_FILE, read and read again
 *   copy.c      the store, copied for a backup
 *   observe.c   METRICS_ADDR: /healthz, /readyz, /metrics
 *   report.c    the status object with process and store
 *   library.c   what concerns the process
 *
 * Thread: loop, but for tell.c's log sink. */
#ifndef CS_NODE_NODE_IMPL_H
#define CS_NODE_NODE_IMPL_H

#include <cloudsign/cs_node.h>
#include <pthread.h>

#include "base/log.h"
#include "net/keeper.h"
#include "node/approval.h"
#include "node/copy.h"
#include "node/core/metrics.h"
#include "node/hook.h"
#include "node/mailbox.h"
#include "node/rules.h"
#include "node/settings.h"
#include "node/unseal.h"

enum { CS_NODE_ASKS_MAX = 16, CS_NODE_LINE_CAP = 1024 };

enum cs_node_letter { /* what the mailbox delivers besides events */
                      CS_NODE_LETTER_ANSWER, /* id of an ask */
                      CS_NODE_LETTER_HOOK,   /* id of a question to the hook */
                      CS_NODE_LETTER_CALL,   /* .. to the callback; the core's id */
};

struct cs_node_ask {
    cs_node_answer_cb *answer;
    void *ctx;
    uint64_t id;   /* 0: free */
    bool answered; /* its letter is in the mailbox */
};

struct cs_node {
    uv_loop_t *loop;
    struct cs_keeper keeper;
    struct cs_node_settings *settings;
    struct cs_kv *kv;
    struct cs_node_copy *copy;
    struct cs_node_core *core; /* NULL between two lives */
    const char *waits_for;     /* then: the state's word, "WAITING_FOR_SPACE" */
    struct cs_metrics metrics; /* of all lives */
    struct cs_os_process *process;
    struct cs_node_observe *observe; /* NULL: nothing is served */
    struct cs_mailbox *mailbox;      /* while it runs */
    struct cs_node_ask asks[CS_NODE_ASKS_MAX];
    uint64_t last_ask;
    struct cs_node_hook hook;
    struct cs_approval *approval; /* NULL: no callback */
    struct cs_rules rules;
    struct cs_log_target target;
    pthread_t thread;         /* the loop's */
    struct cs_unseal *unseal; /* while KMS has not opened the store's key */
    bool started, running, ending;
    bool stopping; /* asked to end while it waited for KMS */
    enum cs_err ended;
    struct cs_why ended_why; /* "": the error's own text */
    cs_node_event_cb *event;
    cs_node_stopped_cb *stopped;
    void *ctx;
    cs_node_approve_cb *approve; /* NULL: none */
    void *approve_ctx;
    cloudsign_log_cb *log;
    enum cloudsign_log_level log_least;
};

struct cs_node_observe; /* observe.h */
struct cs_os_process;   /* base/os/process.h */

/* ---- tell.c */

extern const struct cs_mailbox_ops cs_node_mail;
void cs_node_tell_init(struct cs_node *n); /* the callbacks of n are set */
/* Lines of this thread are the node's until the next call, with what this returned. */
const struct cs_log_target *cs_node_enter(const struct cs_node *n);
void cs_node_leave(const struct cs_log_target *before);
/* Host's notify: an event for the embedder. */
void cs_node_tell(struct cs_node *n, const char *word, struct cs_span json);

/* ---- library.c */

/* A line of base/log.h as the embedder gets it: its fields as " name=value". */
void cs_node_log_text(char out[CS_NODE_LINE_CAP], const char *line);

/* ---- asks.c */

/* Host's answer; id as it was asked. */
void cs_node_asks_answer(struct cs_node *n, uint64_t id, struct cs_span json);
/* The mailbox delivers it. */
void cs_node_asks_deliver(struct cs_node *n, uint64_t id, struct cs_span json);
/* The host that had them is gone: those without an answer get a refusal. */
void cs_node_asks_end(struct cs_node *n);

#endif
