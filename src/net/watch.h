/* What node and platform have in common when they are watched: a timer that sees how
 * late the loop is, and the door of base/prom.h's texts (probe_server.h).  Part of the
 * owner's memory, which stays until it says that it is gone.  Thread: loop. */
#ifndef CS_NET_WATCH_H
#define CS_NET_WATCH_H

#include "base/os/process.h"
#include "base/prom.h"
#include "net/probe_server.h"

/* Zero-initialise. */
struct cs_watch {
    struct cs_probe_server *server; /* NULL: nobody asks */
    uv_timer_t tick;
    uint64_t due_ms;
    struct cs_hist lag;
    unsigned open_parts;
    void (*gone)(struct cs_watch *w);
};

/* addr: METRICS_ADDR, "" for none.  After an error cs_watch_end as well; *why starts
 * with the setting's name. */
enum cs_err cs_watch_start(struct cs_watch *w, uv_loop_t *loop, const char *addr,
                           void (*get)(void *ctx, const char *path,
                                       struct cs_probe_reply *r),
                           void *ctx, struct cs_why *why) CS_MUST_USE;
/* gone is called when nothing of it is open, at once if nothing was; *w may be freed
 * then. */
void cs_watch_end(struct cs_watch *w, void (*gone)(struct cs_watch *w));
int cs_watch_port(const struct cs_watch *w); /* 0: none, or a socket */

/* Appends the lag under the name of the owner. */
void cs_watch_write_lag(struct cs_wr *out, const struct cs_watch *w, const char *name);
/* Appends process_*; NULL writes nothing. */
void cs_watch_write_process(struct cs_wr *out, struct cs_os_process *process);

#endif
