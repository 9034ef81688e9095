/* What the node says of itself: state changes, heartbeat.  For people: report.c. */
#include "node/core/kits.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

void cs_nd_notify(struct cs_node_core *n, const char *word, const char *fmt, ...)
{
    char json[512];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(json, sizeof json, fmt, ap);
    va_end(ap);
    if (len > 0 && (size_t)len < sizeof json) {
        cs_emit_notify(n->out, word, CS_SPAN(json, (size_t)len));
    }
}

const char *cs_nd_state(const struct cs_node_core *n)
{
    if (n->latched != CS_OK) {
        return "LATCHED";
    }
    if (n->draining) {
        return "DRAINING";
    }
    if (n->approval[0] != '\0' && !cs_nd_is_approved(n)) {
        return "WAITING_APPROVAL";
    }
    return cs_nd_is_approved(n) && n->control.state == CONN_UP &&
                   n->relay.state == CONN_UP
               ? "READY"
               : "STARTING";
}

void cs_nd_state_changed(struct cs_node_core *n)
{
    const char *state = cs_nd_state(n);

    if (strcmp(state, n->last_state) != 0) {
        (void)snprintf(n->last_state, sizeof n->last_state, "%s", state);
        cs_log(CS_LOG_INFO, "node", "state %s" CS_F("state", "%s"), state, state);
        cs_nd_notify(n, "state", "{\"state\":\"%s\"}", state);
        n->status_at = n->now;
    }
}

const char *cs_nd_link_state(const struct cs_node_core *n, const struct quorum *q,
                             uint8_t peer)
{
    static const char *const names[] = {"DOWN", "HANDSHAKE", "CONFIRMING", "LIVE"};
    const struct peer *p = &q->peers[peer];

    if (cs_nd_quarantined(n, q, peer)) {
        return "QUARANTINED";
    }
    if (p->link == NULL) {
        return "NONE";
    }
    if (cs_link_seen(p->link)->fenced != CS_OK) {
        return "FENCED";
    }
    return names[cs_link_state(p->link)];
}

static void add_links(const struct cs_node_core *n, struct cs_ctl_status *s)
{
    for (size_t i = 0; i < n->n_quorums; i++) {
        const struct quorum *q = n->quorums[i];

        for (uint8_t k = 1; k <= q->ds.n && s->n_links < CS_CTL_LINKS; k++) {
            if (k != q->roster.self && q->state == QUORUM_CONFIRMED) {
                struct cs_ctl_link_status *l = &s->links[s->n_links++];

                memcpy(l->quorum_id, q->id, 16);
                l->index = k;
                (void)snprintf(l->state, sizeof l->state, "%s",
                               cs_nd_link_state(n, q, k));
            }
        }
    }
}

static void fill(const struct cs_node_core *n, struct cs_ctl_status *s)
{
    struct cs_journal_head head = cs_journal_head(n->journal);

    (void)snprintf(s->version, sizeof s->version, "%s", n->version);
    (void)snprintf(s->state, sizeof s->state, "%s", cs_nd_state(n));
    (void)snprintf(s->words, sizeof s->words, "%s", n->words);
    memcpy(s->fingerprint, n->fingerprint, 32);
    s->boot_counter = n->boot_counter;
    s->journal_seq = head.seq;
    memcpy(s->journal_head, head.hash, 32);
    s->uptime_ms = n->now - n->started_at;
    s->sessions = (uint32_t)n->n_works;
    s->keys = n->n_keys;
    s->has_backup = true;
    cs_nd_backup_tell(n, &s->backup);
    add_links(n, s);
}

void cs_nd_status_time(struct cs_node_core *n)
{
    struct cs_ctl_frame f = {.type = CS_CTL_STATUS};

    if (n->now < n->status_at) {
        return;
    }
    n->status_at = n->now + STATUS_MS;
    if (n->control.state == CONN_UP) {
        fill(n, &f.u.status);
        cs_nd_control_send(n, &f);
    }
}
