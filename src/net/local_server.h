/* Questions to a running node: a Unix socket in the data directory.
 *
 * One connection asks one question, a line of JSON, and gets one line back.  Only the
 * socket's owner and root may connect (mode 0600, and the kernel's word on the peer).
 * At most 8 clients, 256 KiB each way (a status of 64 quorums), 5 s.  Thread: loop. */
#ifndef CS_NET_LOCAL_SERVER_H
#define CS_NET_LOCAL_SERVER_H

#include <uv.h>

#include "base/span.h"
#include "base/why.h"

enum {
    CS_LOCAL_CLIENTS_MAX = 8,
    CS_LOCAL_LINE_MAX = 256 << 10,
    CS_LOCAL_TIMEOUT_MS = 5000
};

struct cs_local_server;

/* The socket itself.  It may outlive the servers that answer on it, for a program that
 * has locked itself in (base/os/sandbox.h) can make no other; who asks while there is
 * no server waits for the next one. */
struct cs_local_socket {
    int fd, dir_fd; /* dir_fd -1: not open */
    char path[64];  /* by the open folder: names of any length */
};

struct cs_local_config {
    uv_loop_t *loop;
    const struct cs_local_socket *socket; /* borrowed for the call; or NULL: */
    const char *dir;                      /* its own, dir/name; borrowed for the call */
    const char *name;                     /* "node.sock" */
    void (*question)(void *ctx, uint64_t id, struct cs_span line);
    void *ctx;
};

/* Listens on dir/name.  OS.  An old socket file is replaced: the store's lock says
 * nobody else runs. */
enum cs_err cs_local_socket_open(struct cs_local_socket *s, const char *dir,
                                 const char *name, struct cs_why *why) CS_MUST_USE;
void cs_local_socket_close(struct cs_local_socket *s); /* removes it; again: nothing */

/* OS, NOMEM. */
enum cs_err cs_local_server_new(struct cs_local_server **out,
                                const struct cs_local_config *cfg, struct cs_why *why)
    CS_MUST_USE;
/* Dropped when the client has gone. */
void cs_local_server_answer(struct cs_local_server *s, uint64_t id,
                            struct cs_span json);
/* closed(ctx) follows on the loop; s is gone then. */
void cs_local_server_close(struct cs_local_server *s, void (*closed)(void *ctx),
                           void *ctx);

#endif
