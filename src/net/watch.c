#include "net/watch.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/os/clock.h"

enum { TICK_MS = 1000 };

/* ---- the loop ----------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
    struct cs_watch *w = CS_CONTAINER_OF(timer, struct cs_watch, tick);
    uint64_t now = cs_os_now_ms();

    cs_hist_add(&w->lag, now > w->due_ms ? now - w->due_ms : 0);
    w->due_ms = now + TICK_MS;
    CS_ASSERT(uv_timer_start(&w->tick, on_tick, TICK_MS, 0) == 0);
}

static void tick_on(struct cs_watch *w, uv_loop_t *loop)
{
    CS_ASSERT(uv_timer_init(loop, &w->tick) == 0);
    w->open_parts++;
    w->due_ms = cs_os_now_ms() + TICK_MS;
    CS_ASSERT(uv_timer_start(&w->tick, on_tick, TICK_MS, 0) == 0);
}

/* ---- life --------------------------------------------------------------- */

enum cs_err cs_watch_start(struct cs_watch *w, uv_loop_t *loop, const char *addr,
                           void (*get)(void *ctx, const char *path,
                                       struct cs_probe_reply *r),
                           void *ctx, struct cs_why *why)
{
    struct cs_probe_addr at;
    struct cs_probe_config cfg = {.loop = loop, .addr = &at, .get = get, .ctx = ctx};

    if (addr[0] != '\0') {
        CS_CHECK(cs_probe_addr_parse(&at, addr, "METRICS_ADDR", why));
    }
    tick_on(w, loop);
    if (addr[0] == '\0') {
        return CS_OK;
    }
    CS_CHECK(cs_probe_server_new(&w->server, &cfg, why));
    w->open_parts++;
    cs_log(CS_LOG_INFO, "observe",
           "/healthz, /readyz and /metrics are served on %s" CS_F("port", "%d"), addr,
           cs_probe_server_port(w->server));
    return CS_OK;
}

int cs_watch_port(const struct cs_watch *w)
{
    return w->server == NULL ? 0 : cs_probe_server_port(w->server);
}

static void part_gone(struct cs_watch *w)
{
    if (--w->open_parts == 0) {
        w->gone(w);
    }
}

static void tick_closed(uv_handle_t *handle)
{
    part_gone(CS_CONTAINER_OF(handle, struct cs_watch, tick));
}

static void server_closed(void *ctx)
{
    part_gone(ctx);
}

void cs_watch_end(struct cs_watch *w, void (*gone)(struct cs_watch *w))
{
    w->gone = gone;
    if (w->open_parts == 0) {
        gone(w);
        return;
    }
    uv_close((uv_handle_t *)&w->tick, tick_closed);
    if (w->server != NULL) {
        cs_probe_server_close(w->server, server_closed, w);
    }
}

/* ---- metrics ------------------------------------------------------------ */

void cs_watch_write_lag(struct cs_wr *out, const struct cs_watch *w, const char *name)
{
    cs_prom_family(out, name, CS_PROM_HISTOGRAM,
                   "How late the event loop comes to a timer.");
    cs_prom_hist(out, name, NULL, &w->lag);
}

static void gauge(struct cs_wr *out, const char *name, const char *help, uint64_t v)
{
    cs_prom_family(out, name, CS_PROM_GAUGE, help);
    cs_prom_u64(out, name, NULL, v);
}

void cs_watch_write_process(struct cs_wr *out, struct cs_os_process *process)
{
    struct cs_os_process_figures f;

    if (process == NULL) {
        return;
    }
    cs_os_process_read(process, &f);
    gauge(out, "process_resident_memory_bytes", "Resident memory.", f.rss_bytes);
    gauge(out, "process_open_fds", "Open files.", f.open_files);
    gauge(out, "process_max_fds", "Files that may be open.", f.max_files);
    cs_prom_family(out, "process_cpu_seconds_total", CS_PROM_COUNTER,
                   "Time of all threads on a processor.");
    cs_prom_milli(out, "process_cpu_seconds_total", NULL, f.cpu_ms);
}
