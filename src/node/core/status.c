/* What the node says of itself: heartbeat, local status, state changes. */
#include "node/core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "wire/jsonx.h"

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
        cs_log(CS_LOG_INFO, "node", "state %s", state);
        cs_nd_notify(n, "state", "{\"state\":\"%s\"}", state);
        n->status_at = n->now;
    }
}

static const char *link_state(const struct cs_node_core *n, const struct quorum *q,
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
                (void)snprintf(l->state, sizeof l->state, "%s", link_state(n, q, k));
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

/* ---- for people and the local socket
 * ---------------------------------------------------- */

static const char *conn_name(const struct conn *c)
{
    static const char *const names[] = {"IDLE", "WAITING", "CONNECTING", "SIGNING_IN",
                                        "UP"};

    return names[c->state];
}

static const char *pairing_word(const struct cs_node_core *n)
{
    if (!n->paired) {
        return "Unpaired";
    }
    return cs_nd_is_approved(n) ? "Paired" : "Waiting for approval";
}

static const char *ot_state(const struct cs_node_core *n, const struct quorum *q,
                            uint8_t peer)
{
    static const char *const names[] = {"NONE", "RUNNING", "TESTED", "BURNED"};
    const struct peer *p = &q->peers[peer];

    if (cs_nd_quarantined(n, q, peer)) {
        return names[CS_OT_BURNED];
    }
    return names[p->ot == NULL ? CS_OT_NONE : cs_ot_pair_state(p->ot)];
}

/* When nothing more is done with the device: why, since when, what was seen. */
static void add_quarantine(const struct cs_node_core *n, const struct quorum *q,
                           uint8_t peer, json_t *o)
{
    const struct device *d = q->peers[peer].device;
    const struct peer_record *rec = &q->peers[peer].rec;
    bool known = d != NULL &&
                 d->quarantined; /* else: of a version without the record */

    if (!cs_nd_quarantined(n, q, peer)) {
        return;
    }
    (void)json_object_set_new(
        o, "quarantine",
        json_pack("{s:s,s:I,s:o}", "reason", known ? d->reason : rec->reason, "since",
                  (json_int_t)(known ? d->quarantined_ms : 0), "evidence",
                  known ? cs_json_hex(d->evidence, sizeof d->evidence)
                        : json_string("")));
}

static json_t *peer_json(const struct cs_node_core *n, const struct quorum *q,
                         uint8_t peer)
{
    const struct device *d = q->peers[peer].device;
    char id[CS_UUID_LEN];
    json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "index", peer,
                          "deviceId",
                          cs_uuid_text(id, q->ds.members[peer - 1].device_id), "link",
                          link_state(n, q, peer), "ot", ot_state(n, q, peer),
                          "otSetups", (json_int_t)(d == NULL ? 0 : d->n_setups),
                          "otFailed", (json_int_t)(d == NULL ? 0 : d->n_failed),
                          "otSelfTests", (json_int_t)(d == NULL ? 0 : d->setup_tests),
                          "blames", (json_int_t)q->peers[peer].rec.blames);

    add_quarantine(n, q, peer, o);
    return o;
}

/* What other members said of others (notice.c). */
static json_t *notices_json(const struct quorum *q)
{
    json_t *all = json_array();

    for (uint8_t by = 1; by <= q->ds.n; by++) {
        for (uint8_t about = 1; about <= q->ds.n; about++) {
            const struct notice *e = &q->notices[by][about];

            if (e->set) {
                (void)json_array_append_new(
                    all,
                    json_pack("{s:i,s:i,s:s,s:I}", "index", by, "peer", about, "reason",
                              cs_err_reason(e->why), "since", (json_int_t)e->wall_ms));
            }
        }
    }
    return all;
}

static json_t *quorum_json(const struct cs_node_core *n, const struct quorum *q)
{
    json_t *peers = json_array();

    for (uint8_t k = 1; k <= q->ds.n; k++) {
        if (k != q->roster.self) {
            (void)json_array_append_new(peers, peer_json(n, q, k));
        }
    }
    return json_pack(
        "{s:o,s:s,s:s,s:s,s:b,s:i,s:i,s:i,s:o,s:o}", "quorumId", cs_json_uuid(q->id),
        "name", q->name, "state", cs_nd_quorum_state_name(q), "words", q->words,
        "operatorVerified", q->verified, "index", q->roster.self, "members", q->ds.n,
        "requiredSigners", q->ds.t, "peers", peers, "notices", notices_json(q));
}

static json_t *counters_json(const struct cs_node_core *n)
{
    const struct counters *c = &n->counters;

    return json_pack("{s:I,s:I,s:I,s:I,s:I}", "framesIn", (json_int_t)c->frames_in,
                     "framesDropped", (json_int_t)c->frames_dropped, "messagesDropped",
                     (json_int_t)c->messages_dropped, "sessionsOk",
                     (json_int_t)c->sessions_ok, "sessionsFailed",
                     (json_int_t)c->sessions_failed);
}

void cs_node_core_status(const struct cs_node_core *n, struct cs_wr *w)
{
    struct cs_journal_head head = cs_journal_head(n->journal);
    json_t *quorums = json_array();
    json_t *o;

    for (size_t i = 0; i < n->n_quorums; i++) {
        (void)json_array_append_new(quorums, quorum_json(n, n->quorums[i]));
    }
    o = json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:s}", "version", n->version,
                  "deviceId", n->device_id, "state", cs_nd_state(n), "pairing",
                  pairing_word(n), "fingerprint", cs_json_hex(n->fingerprint, 32),
                  "words", n->words, "control", conn_name(&n->control), "relay",
                  conn_name(&n->relay), "platformUrl", n->use_platform_url, "lastError",
                  n->control.last_err == CS_OK ? "" : cs_err_text(n->control.last_err));
    (void)json_object_set_new(o, "bootCounter", cs_json_u64(n->boot_counter));
    (void)json_object_set_new(o, "journalSeq", cs_json_u64(head.seq));
    (void)json_object_set_new(o, "journalHead", cs_json_hex(head.hash, 32));
    (void)json_object_set_new(o, "uptimeMs", cs_json_u64(n->now - n->started_at));
    (void)json_object_set_new(o, "sessions", json_integer((json_int_t)n->n_works));
    (void)json_object_set_new(o, "keys", json_integer(n->n_keys));
    (void)json_object_set_new(o, "unacknowledgedEvents",
                              json_integer((json_int_t)n->n_events));
    (void)json_object_set_new(o, "counters", counters_json(n));
    (void)json_object_set_new(o, "quorums", quorums);
    cs_json_write(w, o);
    json_decref(o);
}
