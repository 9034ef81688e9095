/* The control channel as the node speaks it (src/wire/README.md). */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "crypto/hash.h"

bool cs_nd_is_approved(const struct cs_node_core *n)
{
    return strcmp(n->approval, "APPROVED") == 0;
}

bool cs_nd_is_enabled(const struct cs_node_core *n)
{
    return cs_nd_is_approved(n) && strcmp(n->enabled, "ENABLED") == 0;
}

void cs_nd_control_send(struct cs_node_core *n, const struct cs_ctl_frame *f)
{
    struct cs_wr w = {.max = CS_CTL_MAX};

    cs_ctl_encode(&w, f);
    if (w.err != CS_OK) {
        cs_nd_fail(n, w.err, "a control frame cannot be made");
    } else {
        cs_emit_send(n->out, n->control.conn, cs_wr_get(&w));
    }
    cs_wr_free(&w);
}

/* ---- sign-in
 * ---------------------------------------------------------------------------- */

static void add_pairing(struct cs_node_core *n, struct cs_ctl_hello *h,
                        const uint8_t nonce[32])
{
    const struct cs_span items[] = {CS_SPAN(nonce, 32), CS_SPAN_OF(n->device_raw),
                                    CS_SPAN_OF(n->id->pub.ik),
                                    CS_SPAN_OF(n->id->pub.sk)};
    uint8_t th[32];

    cs_th(th, CS_TAG_PAIR, items, CS_COUNTOF(items));
    cs_sign_public(h->pairing_public, n->pairing_seed);
    cs_sign(h->pairing_sig, n->pairing_seed, CS_SPAN_OF(th));
    h->has_pairing = true;
}

static void say_hello(struct cs_node_core *n, const uint8_t nonce[32])
{
    struct cs_ctl_frame f = {.type = CS_CTL_HELLO};
    struct cs_ctl_hello *h = &f.u.hello;

    memcpy(h->device_id, n->device_raw, sizeof h->device_id);
    memcpy(h->ik, n->id->pub.ik, sizeof h->ik);
    memcpy(h->sk, n->id->pub.sk, sizeof h->sk);
    memcpy(h->boot, n->boot, sizeof h->boot);
    (void)snprintf(h->version, sizeof h->version, "%s", n->version);
    (void)snprintf(h->protocol, sizeof h->protocol, "%s", CS_PROTOCOL_PREFIX);
    h->approval_ms = n->ask ? CS_CTL_APPROVAL_MS : 0;
    h->audit = 1;
    h->audit_seq = cs_nd_vouch_hello(n);
    cs_nd_auth_sign(n, h->sig, &n->control, nonce);
    if (!n->paired && n->pairing_seed != NULL) {
        add_pairing(n, h, nonce);
    }
    cs_nd_control_send(n, &f);
    n->control.said_hello = true;
}

static void take_status(struct cs_node_core *n, const struct cs_ctl_welcome *w)
{
    bool was = cs_nd_is_approved(n);

    (void)snprintf(n->approval, sizeof n->approval, "%s", w->approval_status);
    (void)snprintf(n->enabled, sizeof n->enabled, "%s", w->enabled_status);
    if (cs_nd_is_approved(n)) {
        cs_nd_conn_want(n, &n->relay);
    } else if (n->relay.state != CONN_IDLE) {
        cs_nd_conn_drop(n, &n->relay, CS_OK);
    }
    if (!was && cs_nd_is_approved(n)) {
        cs_log(CS_LOG_INFO, "node",
               "Paired: an administrator has approved this device");
    } else if (!cs_nd_is_approved(n)) {
        cs_log(
            CS_LOG_INFO, "node",
            "Waiting for approval: compare the fingerprint and approve the device in "
            "the console");
    }
    cs_nd_state_changed(n);
}

/* A platform may say any time: differences of more than ten years are ten years. */
static int64_t skew(uint64_t theirs, int64_t own)
{
    static const int64_t most = 10LL * 365 * 86400 * 1000;
    int64_t d = (theirs < INT64_MAX / 2 ? (int64_t)theirs : INT64_MAX / 2) - own;

    return d > most ? most : d < -most ? -most : d;
}

static void welcome(struct cs_node_core *n, const struct cs_ctl_welcome *w)
{
    if (!n->paired) { /* the platform has bound the device to this identity */
        n->paired = true;
        cs_nd_save_identity(n);
        cs_nd_forget_pairing(n);
    }
    n->clock_skew_ms = skew(w->time, n->wall);
    n->clock_seen_ms = n->wall;
    cs_nd_conn_welcome(n, &n->control);
    take_status(n, w);
    cs_nd_outbox_reconnected(n);
    n->status_at = n->now;
}

/* What a person can do about a refusal; "" where trying again is the remedy. */
static const char *remedy(enum cs_err err)
{
    switch (err) {
    case CS_ERR_VOLUME_LOST:
        return "; mount the volume that this device was paired with, never pair over "
               "it";
    case CS_ERR_PAIRING_KEY_USED:
        return "; get new pairing credentials for the device in the console";
    case CS_ERR_DEVICE_REJECTED:
        return "; ask the administrator, or make a new device";
    default:
        return "";
    }
}

/* Some refusals can only be mended by a person: then running on would hide them. */
static void refused(struct cs_node_core *n, const struct cs_ctl_refused *r)
{
    enum cs_err err = cs_err_from_reason(r->reason);

    cs_log(CS_LOG_ERROR, "node", "the platform refused this device: %s %s%s", r->reason,
           r->text, remedy(err));
    switch (err) {
    case CS_ERR_VOLUME_LOST:
    case CS_ERR_PAIRING_KEY_USED:
    case CS_ERR_DEVICE_REJECTED:
        cs_nd_conn_drop(n, &n->control, CS_OK);
        cs_nd_conn_drop(n, &n->relay, CS_OK);
        n->exited = true;
        cs_emit_exit(n->out, err);
        return;
    default:
        cs_nd_conn_drop(n, &n->control, CS_ERR_AUTH);
    }
}

/* ---- commands
 * ------------------------------------------------------------------------------ */

static void run_command(struct cs_node_core *n, const struct cs_ctl_frame *f)
{
    switch (f->kind) {
    case CS_CMD_QUORUM_JOIN:
        cs_nd_quorum_join(n, &f->u.quorum_join);
        break;
    case CS_CMD_QUORUM_COMMITS:
        cs_nd_quorum_commits(n, &f->u.quorum_commits);
        break;
    case CS_CMD_QUORUM_FINISH:
        cs_nd_quorum_finish(n, &f->u.quorum_finish);
        break;
    case CS_CMD_QUORUM_CANCEL:
        cs_nd_quorum_cancel(n, &f->u.quorum_cancel);
        break;
    case CS_CMD_KEY_CREATE:
        cs_nd_keygen_command(n, &f->u.key_create);
        break;
    case CS_CMD_SIGN:
        cs_nd_sign_command(n, &f->u.sign);
        break;
    case CS_CMD_REQUEST_CANCEL:
        cs_nd_work_cancel(n, f->u.request_cancel.request_id, CS_ERR_ABORTED);
        break;
    default:
        break; /* the decoder lets only commands in */
    }
}

/* Everything a command changes is in this step's batch, and the ack is an action of
 * this step: so it leaves when the command is durable.  A command that the platform
 * repeats finds its work done.  A full outbox means that nobody takes this node's
 * events: the connection is made anew, and the platform sends the command again there.
 */
static void command(struct cs_node_core *n, const struct cs_ctl_frame *f)
{
    struct cs_ctl_frame ack = {.type = CS_CTL_ACK};

    if (cs_nd_outbox_full(n)) {
        cs_log(CS_LOG_WARN, "control", "too many unacknowledged events: command waits");
        cs_nd_conn_drop(n, &n->control, CS_ERR_FULL);
        return;
    }
    cs_log(CS_LOG_DEBUG, "control", "command %s", cs_ctl_kind_name(f->kind));
    run_command(n, f);
    (void)snprintf(ack.id, sizeof ack.id, "%s", f->id);
    cs_nd_control_send(n, &ack);
}

static bool allowed_now(const struct cs_node_core *n, enum cs_ctl_type t)
{
    switch (t) {
    case CS_CTL_CHALLENGE:
    case CS_CTL_WELCOME:
        return n->control.state == CONN_SIGN_IN &&
               (t == CS_CTL_CHALLENGE || n->control.said_hello);
    case CS_CTL_REFUSED:
        return true;
    case CS_CTL_CMD:
    case CS_CTL_ACK:
    case CS_CTL_DEVICE:
    case CS_CTL_PONG:
    case CS_CTL_AUDIT:
        return n->control.state == CONN_UP;
    default:
        return false; /* frames that only a node sends */
    }
}

static void dispatch(struct cs_node_core *n, struct cs_ctl_frame *f)
{
    switch (f->type) {
    case CS_CTL_CHALLENGE:
        say_hello(n, f->u.challenge.nonce);
        break;
    case CS_CTL_WELCOME:
        welcome(n, &f->u.welcome);
        break;
    case CS_CTL_REFUSED:
        refused(n, &f->u.refused);
        break;
    case CS_CTL_CMD:
        command(n, f);
        break;
    case CS_CTL_ACK:
        cs_nd_outbox_ack(n, f->id);
        break;
    case CS_CTL_DEVICE:
        take_status(n, &f->u.welcome);
        break;
    case CS_CTL_AUDIT:
        cs_nd_vouch(n, &f->u.audit);
        break;
    default:
        break;
    }
}

void cs_nd_control_message(struct cs_node_core *n, struct cs_span text)
{
    struct cs_ctl_frame *f = cs_alloc(sizeof *f); /* some KiB: not on the stack */
    char why[128];
    enum cs_err err;

    if (f == NULL) {
        cs_nd_fail(n, CS_ERR_NOMEM, "a control frame");
        return;
    }
    err = cs_ctl_decode(f, text,
                        n->control.state == CONN_UP ? CS_CTL_MAX : CS_CTL_MAX_HELLO,
                        why, sizeof why);
    if (err != CS_OK || !allowed_now(n, f->type)) {
        cs_log(CS_LOG_WARN, "control", "the platform broke the protocol: %s",
               err != CS_OK ? why : "frame not expected now");
        cs_nd_conn_drop(n, &n->control, CS_ERR_PROTOCOL);
    } else {
        dispatch(n, f);
    }
    cs_ctl_free(f);
    cs_free(f);
}
