/* Control channel, the platform's side: sign-in, pairing, frames (src/wire/README.md).
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/rd.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "platform/core/api.h"
#include "platform/core/backups.h"
#include "platform/core/countersign.h"
#include "platform/core/flows.h"

enum { ALERT_BURST = 5, KICK_PAUSE_MS = 500 };

void cs_pc_control_send(struct cs_platform_core *core, const struct cs_pc_conn *c,
                        const struct cs_ctl_frame *f)
{
    struct cs_wr w = {0};

    cs_ctl_encode(&w, f);
    CS_ASSERT(w.err == CS_OK);
    cs_emit_send(core->out, c->id, cs_wr_get(&w));
    cs_wr_free(&w);
}

static void refuse(struct cs_platform_core *core, struct cs_pc_conn *c, enum cs_err why,
                   const char *text)
{
    struct cs_ctl_frame f = {.type = CS_CTL_REFUSED};

    (void)snprintf(f.u.refused.reason, sizeof f.u.refused.reason, "%s",
                   cs_err_reason(why));
    (void)snprintf(f.u.refused.text, sizeof f.u.refused.text, "%s", text);
    cs_pc_control_send(core, c, &f);
    cs_log(CS_LOG_WARN, "platform", "device refused from %s: %s: %s", c->remote,
           cs_err_reason(why), text);
    cs_pc_conn_close(core, c, why);
}

/* ---- pairing ----------------------------------------------------------- */

static bool pair_sig_ok(const struct cs_pc_conn *c, const struct cs_ctl_hello *h)
{
    const struct cs_span items[] = {CS_SPAN_OF(c->nonce), CS_SPAN_OF(h->device_id),
                                    CS_SPAN_OF(h->ik), CS_SPAN_OF(h->sk)};
    uint8_t th[32];

    cs_th(th, CS_TAG_PAIR, items, CS_COUNTOF(items));
    return cs_sign_verify(h->pairing_sig, h->pairing_public, CS_SPAN_OF(th));
}

/* Is the proof made with the pairing key that the device has now? */
static bool pairing_current(const json_t *device, const struct cs_ctl_hello *h)
{
    uint8_t public[32];

    return cs_js_bytes(json_object_get(device, "_pairing"), "public", public,
                       sizeof public) &&
           memcmp(public, h->pairing_public, sizeof public) == 0;
}

/* Somebody holds a pairing key of this device and is not the device: RELIABILITY T2,
 * T3. */
static void alert(struct cs_platform_core *core, const struct cs_pc_conn *c,
                  const struct cs_ctl_hello *h, enum cs_err why)
{
    char id[CS_UUID_LEN];
    struct cs_wr w = {0};
    json_t *o;

    (void)cs_uuid_text(id, h->device_id);
    if (!cs_api_take(core, "alert", id, ALERT_BURST, 1)) {
        return;
    }
    o = cs_js_obj();
    cs_js_str(o, "deviceId", id);
    cs_js_str(o, "remote", c->remote);
    cs_js_str(o, "reason", cs_err_reason(why));
    cs_json_write(&w, o);
    cs_emit_notify(core->out, "pairing-alert", cs_wr_get(&w));
    cs_wr_free(&w);
    json_decref(o);
}

/* Binds the device to the identity and uses the pairing key up, in one write. */
static void bind(struct cs_platform_core *core, json_t *device,
                 const struct cs_pc_conn *c, const struct cs_ctl_hello *h)
{
    struct cs_identity id;
    json_t *pairing = json_object_get(device, "_pairing");
    uint8_t print[32];

    memcpy(id.ik, h->ik, sizeof id.ik);
    memcpy(id.sk, h->sk, sizeof id.sk);
    cs_identity_fingerprint(print, &id);
    cs_js_hex(device, "_ik", h->ik, sizeof h->ik);
    cs_js_hex(device, "_sk", h->sk, sizeof h->sk);
    cs_js_hex(device, "publicKeyHash", print, sizeof print);
    cs_js_time(device, "pairedAt", core->wall_ms);
    cs_js_str(device, "pairedFrom", c->remote);
    cs_js_str(device, "version", h->version);
    cs_js_int(pairing, "usedAt", core->wall_ms);
    cs_pc_save(core, CS_PC_DEVICE, device);
    cs_pc_live_refresh(core, device);
    cs_log(CS_LOG_INFO, "platform", "device %s paired from %s",
           cs_js_text(device, "id"), c->remote);
}

static enum cs_err pair_first(struct cs_platform_core *core, json_t *device,
                              struct cs_pc_conn *c, const struct cs_ctl_hello *h,
                              const char **text)
{
    if (!h->has_pairing) {
        *text = "this device is not paired: start the node with its pairing key";
        return CS_ERR_AUTH;
    }
    if (!pair_sig_ok(c, h)) {
        *text = "the proof of the pairing key does not verify";
        return CS_ERR_AUTH;
    }
    if (!pairing_current(device, h)) {
        *text = "this pairing key was revoked by a newer one: take the newest";
        return CS_ERR_PAIRING_KEY_USED;
    }
    if (cs_js_num(json_object_get(device, "_pairing"), "expires") <= core->wall_ms) {
        *text = "this pairing key has expired: make a new one in the console";
        return CS_ERR_PAIRING_KEY_USED;
    }
    bind(core, device, c, h);
    return CS_OK;
}

/* The device has an identity already, and this is another one. */
static enum cs_err other_identity(struct cs_platform_core *core, const json_t *device,
                                  struct cs_pc_conn *c, const struct cs_ctl_hello *h,
                                  const char **text)
{
    enum cs_err err = cs_js_is(device, "approvalStatus", "PENDING")
                          ? CS_ERR_PAIRING_KEY_USED
                          : CS_ERR_VOLUME_LOST;

    if (!h->has_pairing || !pair_sig_ok(c, h) || !pairing_current(device, h)) {
        *text = "this device is bound to another identity";
        return CS_ERR_AUTH;
    }
    *text = err == CS_ERR_VOLUME_LOST
                ? "the device is paired with another identity: mount its volume, or "
                  "create a new device"
                : "another node used this pairing key first: compare fingerprints";
    alert(core, c, h, err);
    return err;
}

/* ---- hello ------------------------------------------------------------- */

static enum cs_err hello_check(struct cs_platform_core *core, json_t *device,
                               struct cs_pc_conn *c, const struct cs_ctl_hello *h,
                               const char **text)
{
    uint8_t ik[32], sk[32];

    if (strcmp(h->protocol, CS_PROTOCOL_PREFIX) != 0) {
        *text = "no common protocol version: update the older side";
        return CS_ERR_VERSION;
    }
    if (device == NULL || cs_js_true(device, "deleted")) {
        *text = "there is no such device on this platform";
        return CS_ERR_AUTH;
    }
    if (!cs_pc_auth_verify(c, h->device_id, h->ik, h->sk, h->sig)) {
        *text = "the signature of the identity key does not verify";
        return CS_ERR_AUTH;
    }
    if (!cs_js_bytes(device, "_ik", ik, sizeof ik) ||
        !cs_js_bytes(device, "_sk", sk, sizeof sk)) {
        return pair_first(core, device, c, h, text);
    }
    if (memcmp(ik, h->ik, sizeof ik) != 0 || memcmp(sk, h->sk, sizeof sk) != 0) {
        return other_identity(core, device, c, h, text);
    }
    if (cs_js_is(device, "approvalStatus", "REJECTED")) {
        *text = "an administrator rejected this device";
        return CS_ERR_DEVICE_REJECTED;
    }
    return CS_OK;
}

/* Events of an earlier life of the process are numbered anew, so the last number counts
 * for one boot only; handlers stand repeats. */
static uint64_t inbox_load(struct cs_platform_core *core, const struct cs_pc_conn *c)
{
    struct cs_wr w = {0};
    struct cs_rd r;
    uint8_t boot[32];
    uint64_t last = 0;

    if (cs_pc_raw_get(core, CS_PC_INBOX, CS_SPAN(c->live->id, CS_PC_ID), &w)) {
        r = CS_RD(cs_wr_get(&w));
        cs_rd_copy(&r, boot, sizeof boot);
        last = cs_rd_u64(&r);
        last = memcmp(boot, c->boot, sizeof boot) == 0 ? last : 0;
    }
    cs_wr_free(&w);
    return last;
}

static void inbox_save(struct cs_platform_core *core, struct cs_pc_conn *c, uint64_t id)
{
    struct cs_wr w = {0};

    c->last_event = id;
    cs_wr_bytes(&w, c->boot, sizeof c->boot);
    cs_wr_u64(&w, id);
    cs_pc_raw_put(core, CS_PC_INBOX, CS_SPAN(c->live->id, CS_PC_ID), cs_wr_get(&w));
    cs_wr_free(&w);
}

static void version_save(struct cs_platform_core *core, const uint8_t id[CS_PC_ID],
                         const char *version)
{
    json_t *device = cs_pc_get(core, CS_PC_DEVICE, id);

    if (device != NULL && !cs_js_is(device, "version", version)) {
        cs_js_str(device, "version", version);
        cs_pc_save(core, CS_PC_DEVICE, device);
    }
    json_decref(device);
}

static void welcome(struct cs_platform_core *core, struct cs_pc_conn *c,
                    const json_t *device, const struct cs_ctl_hello *h)
{
    struct cs_pc_live *l = cs_pc_live_get(core, h->device_id);
    struct cs_ctl_frame f = {.type = CS_CTL_WELCOME};

    CS_ASSERT(l != NULL);
    memcpy(c->boot, h->boot, sizeof c->boot);
    cs_pc_conn_ready(core, c, l);
    c->last_event = inbox_load(core, c);
    l->heartbeat_ms = core->wall_ms;
    l->has_status = false;
    l->approval_ms = h->approval_ms < CS_CTL_APPROVAL_MAX_MS ? h->approval_ms
                                                             : CS_CTL_APPROVAL_MAX_MS;
    (void)snprintf(f.u.welcome.approval_status, sizeof f.u.welcome.approval_status,
                   "%s", cs_js_text(device, "approvalStatus"));
    (void)snprintf(f.u.welcome.enabled_status, sizeof f.u.welcome.enabled_status, "%s",
                   cs_js_text(device, "enabledStatus"));
    f.u.welcome.time = (uint64_t)core->wall_ms;
    cs_pc_control_send(core, c, &f);
    version_save(core, l->id, h->version);
    cs_countersign_hello(core, l, h);
    cs_pc_outbox_pump(core, c);
    cs_pc_sign_kick(core, l->id, CS_KICK_CAME);
}

static void hello(struct cs_platform_core *core, struct cs_pc_conn *c,
                  const struct cs_ctl_hello *h)
{
    json_t *device;
    const char *text = "";
    enum cs_err err;

    if (!cs_api_take_from(core, "hello", c->remote, CS_PC_HELLO_BURST,
                          CS_PC_HELLO_PER_S)) {
        cs_pc_conn_close(core, c, CS_ERR_LIMIT);
        return;
    }
    device = cs_pc_get(core, CS_PC_DEVICE, h->device_id);
    err = hello_check(core, device, c, h, &text);
    if (err == CS_OK) {
        welcome(core, c, device, h);
    } else {
        refuse(core, c, err, text);
    }
    json_decref(device);
}

/* ---- after welcome ----------------------------------------------------- */

static void event(struct cs_platform_core *core, struct cs_pc_conn *c,
                  const struct cs_ctl_frame *f)
{
    struct cs_ctl_frame ack = {.type = CS_CTL_ACK};
    uint64_t id;

    if (cs_u64_parse(&id, f->id) != CS_OK || id == 0) {
        cs_pc_conn_close(core, c, CS_ERR_PROTOCOL);
        return;
    }
    if (id > c->last_event) {
        core->stats.events++;
        inbox_save(core, c, id);
        cs_pc_event(core, c->live, f);
        if (f->kind == CS_EVT_SIGN_DONE) {
            cs_countersign_result(core, c->live); /* before the ack (node/vouch.c) */
        }
    }
    memcpy(ack.id, f->id, sizeof ack.id);
    cs_pc_control_send(core, c, &ack);
}

static void status(struct cs_platform_core *core, struct cs_pc_conn *c,
                   const struct cs_ctl_frame *f)
{
    struct cs_ctl_frame pong = {.type = CS_CTL_PONG, .time = (uint64_t)core->wall_ms};
    struct cs_pc_live *l = c->live;
    bool turned_ready = strcmp(f->u.status.state, "READY") == 0 &&
                        (!l->has_status || strcmp(l->status.state, "READY") != 0);

    l->status = f->u.status;
    l->has_status = true;
    l->heartbeat_ms = core->wall_ms;
    if (f->u.status.has_backup) {
        cs_backup_told(core, l, &f->u.status.backup);
    }
    cs_pc_control_send(core, c, &pong);
    /* Looking at all that waits is work: a node cannot ask for it at each frame, and
     * what waits looks again by itself. */
    if (turned_ready && core->now_ms - l->kicked_ms >= KICK_PAUSE_MS) {
        l->kicked_ms = core->now_ms;
        cs_pc_sign_kick(core, l->id, CS_KICK_CAME);
    }
}

static void audited(struct cs_platform_core *core, struct cs_pc_conn *c,
                    const struct cs_ctl_audited *a)
{
    char id[CS_UUID_LEN];

    if (!cs_countersign_answer(core, c->live, a)) {
        cs_log(CS_LOG_ERROR, "platform",
               "device %s sent a countersignature of the audit log that is not true",
               cs_uuid_text(id, c->live->id));
        cs_pc_conn_close(core, c, CS_ERR_PROTOCOL);
    }
}

static void frame(struct cs_platform_core *core, struct cs_pc_conn *c,
                  const struct cs_ctl_frame *f)
{
    bool ready = c->state == CS_CONN_READY;

    if (!ready && f->type == CS_CTL_HELLO) {
        hello(core, c, &f->u.hello);
    } else if (ready && f->type == CS_CTL_EVT) {
        event(core, c, f);
    } else if (ready && f->type == CS_CTL_ACK) {
        cs_pc_outbox_ack(core, c, f->id);
    } else if (ready && f->type == CS_CTL_STATUS) {
        status(core, c, f);
    } else if (ready && f->type == CS_CTL_AUDITED) {
        audited(core, c, &f->u.audited);
    } else {
        cs_log(CS_LOG_WARN, "platform", "control frame out of turn from %s", c->remote);
        cs_pc_conn_close(core, c, CS_ERR_PROTOCOL);
    }
}

void cs_pc_control_message(struct cs_platform_core *core, struct cs_pc_conn *c,
                           struct cs_span data)
{
    size_t max = c->state == CS_CONN_READY ? CS_CTL_MAX : CS_CTL_MAX_HELLO;
    struct cs_ctl_frame f;
    char why[128] = "";
    enum cs_err err = cs_ctl_decode(&f, data, max, why, sizeof why);

    c->heard_ms = c->state == CS_CONN_READY ? core->now_ms : c->heard_ms;
    if (err != CS_OK) {
        cs_log(CS_LOG_WARN, "platform", "bad control frame from %s: %s", c->remote,
               why);
        cs_pc_conn_close(core, c, CS_ERR_PROTOCOL);
        return;
    }
    frame(core, c, &f);
    cs_ctl_free(&f);
}
