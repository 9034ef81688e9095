/* Messaging layer: opaque frames from device to device.  No queue, no state but who is
 * connected; the sender's id is stamped here (src/wire/README.md 3). */
#include "wire/relay.h"

#include <string.h>

#include "base/log.h"
#include "platform/core/api.h"

static void send_frame(struct cs_platform_core *core, const struct cs_pc_conn *to,
                       enum cs_relay_type type, const uint8_t *id, struct cs_span body)
{
    struct cs_relay_frame f = {.type = type, .body = body};
    struct cs_wr w = {0};

    if (id != NULL) {
        memcpy(f.id, id, sizeof f.id);
    }
    cs_relay_encode(&w, &f);
    CS_ASSERT(w.err == CS_OK);
    cs_emit_send(core->out, to->id, cs_wr_get(&w));
    cs_wr_free(&w);
}

static void hello(struct cs_platform_core *core, struct cs_pc_conn *c,
                  const struct cs_relay_frame *f)
{
    struct cs_pc_live *l = cs_pc_live_get(core, f->id);

    if (!cs_api_take_from(core, "hello", c->remote, CS_PC_HELLO_BURST,
                          CS_PC_HELLO_PER_S)) {
        cs_pc_conn_close(core, c, CS_ERR_LIMIT);
        return;
    }
    if (l == NULL || !l->bound || l->rejected || f->body.n != 64 ||
        !cs_pc_auth_verify(c, f->id, l->ik, l->sk, f->body.p)) {
        cs_log(CS_LOG_WARN, "platform", "relay sign-in refused from %s", c->remote);
        cs_pc_conn_close(core, c, CS_ERR_AUTH);
        return;
    }
    cs_pc_conn_ready(core, c, l);
    send_frame(core, c, CS_RELAY_WELCOME, NULL, CS_SPAN(NULL, 0));
}

/* A device may send so many frames a second; what is above is dropped and counted, and
 * the sessions send again. */
static bool rate_ok(struct cs_platform_core *core, struct cs_pc_conn *c)
{
    uint64_t per_s = core->cfg.limits.relay_rate;
    uint64_t gained = (core->now_ms - c->bucket_ms) * per_s;

    c->bucket = gained > per_s * 1000 - c->bucket ? per_s * 1000 : c->bucket + gained;
    c->bucket_ms = core->now_ms;
    if (c->bucket < 1000) {
        return false;
    }
    c->bucket -= 1000;
    return true;
}

/* All devices of the platform are of one organisation: approved and enabled is enough.
 */
static void data(struct cs_platform_core *core, struct cs_pc_conn *c,
                 const struct cs_relay_frame *f)
{
    struct cs_pc_live *to;

    if (!rate_ok(core, c)) {
        core->stats.relay_dropped++;
        return;
    }
    to = cs_pc_live_usable(c->live) ? cs_pc_live_get(core, f->id) : NULL;
    if (to == NULL || to == c->live || !cs_pc_live_usable(to) || to->relay == NULL) {
        core->stats.relay_dropped++;
        send_frame(core, c, CS_RELAY_GONE, f->id, CS_SPAN(NULL, 0));
        return;
    }
    core->stats.relay_frames++;
    send_frame(core, to->relay, CS_RELAY_DATA, c->live->id, f->body);
}

void cs_pc_relay_message(struct cs_platform_core *core, struct cs_pc_conn *c,
                         struct cs_span in)
{
    bool ready = c->state == CS_CONN_READY;
    size_t max = ready ? CS_RELAY_MAX : CS_RELAY_MAX_HELLO;
    struct cs_relay_frame f;
    enum cs_err err = in.n > max ? CS_ERR_TOO_LONG : cs_relay_decode(&f, in);

    if (err == CS_OK && !ready && f.type == CS_RELAY_HELLO) {
        hello(core, c, &f);
    } else if (err == CS_OK && ready && f.type == CS_RELAY_DATA) {
        c->heard_ms = core->now_ms;
        data(core, c, &f);
    } else {
        cs_log(CS_LOG_WARN, "platform", "bad relay frame from %s", c->remote);
        cs_pc_conn_close(core, c, CS_ERR_PROTOCOL);
    }
}
