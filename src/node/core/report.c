/* The status object: what an operator, doctor and an embedder want to know. */
#include <string.h>

#include "base/text.h"
#include "node/core/kits.h"

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

/* Of a live link: when it was heard last, and how long an answer took (peers.ping). */
static void add_line(const struct cs_link *l, uint64_t now, json_t *o)
{
    if (l == NULL || !cs_link_is_live(l)) {
        return;
    }
    (void)json_object_set_new(o, "heardMsAgo", cs_json_u64(now - cs_link_heard_ms(l)));
    (void)json_object_set_new(o, "pingOpen", json_boolean(cs_link_ping_is_open(l)));
    if (cs_link_rtt_ms(l) != UINT64_MAX) {
        (void)json_object_set_new(o, "rttMs", cs_json_u64(cs_link_rtt_ms(l)));
    }
}

static json_t *peer_json(const struct cs_node_core *n, const struct quorum *q,
                         uint8_t peer)
{
    const struct device *d = q->peers[peer].device;
    char id[CS_UUID_LEN];
    json_t *o = json_pack("{s:i,s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "index", peer,
                          "deviceId",
                          cs_uuid_text(id, q->ds.members[peer - 1].device_id), "link",
                          cs_nd_link_state(n, q, peer), "ot", ot_state(n, q, peer),
                          "otSetups", (json_int_t)(d == NULL ? 0 : d->n_setups),
                          "otFailed", (json_int_t)(d == NULL ? 0 : d->n_failed),
                          "otSelfTests", (json_int_t)(d == NULL ? 0 : d->setup_tests),
                          "blames", (json_int_t)q->peers[peer].rec.blames);

    add_line(q->peers[peer].link, n->now, o);
    if (q->peers[peer].version[0] != '\0') {
        (void)json_object_set_new(o, "version", json_string(q->peers[peer].version));
    }
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

static void add_channels(const struct cs_node_core *n, json_t *o)
{
    const struct conn *c = &n->control, *r = &n->relay;

    (void)json_object_set_new(o, "relayUrl", json_string(n->use_relay_url));
    (void)json_object_set_new(o, "controlSince", json_integer(c->since_ms));
    (void)json_object_set_new(o, "relaySince", json_integer(r->since_ms));
    (void)json_object_set_new(
        o, "relayError",
        json_string(r->last_err == CS_OK ? "" : cs_err_text(r->last_err)));
    if (n->clock_seen_ms != 0) {
        (void)json_object_set_new(o, "clockSkewMs", json_integer(n->clock_skew_ms));
        (void)json_object_set_new(o, "clockSeen", json_integer(n->clock_seen_ms));
    }
    (void)json_object_set_new(o, "approval", json_string(n->approval));
    (void)json_object_set_new(o, "enabled", json_string(n->enabled));
    (void)json_object_set_new(o, "blindSigning", json_boolean(n->allow_blind));
    (void)json_object_set_new(o, "approver", json_boolean(n->ask));
    if (n->policy != NULL) {
        (void)json_object_set_new(o, "policyHash",
                                  cs_json_hex(cs_policy_hash(n->policy), 32));
        (void)json_object_set_new(o, "policyRules",
                                  json_integer((json_int_t)cs_policy_rules(n->policy)));
    }
}

/* seq 0: nothing was countersigned.  The signature is the auditor's: it shows what this
 * node has seen, whatever the platform shows later. */
static json_t *audit_json(const struct cs_node_core *n)
{
    const struct vouched *v = &n->vouched;
    json_t *o = json_pack("{s:I,s:s}", "seq", (json_int_t)v->head.seq, "refused",
                          v->alarm == CS_OK ? "" : cs_err_reason(v->alarm));

    (void)json_object_set_new(o, "ik", cs_json_hex(n->id->pub.ik, 32));
    if (v->head.seq != 0) {
        (void)json_object_set_new(o, "organizationId",
                                  cs_json_uuid(v->head.organization));
        (void)json_object_set_new(o, "hash", cs_json_hex(v->head.hash, 32));
        (void)json_object_set_new(o, "time", cs_json_u64(v->head.time));
        (void)json_object_set_new(o, "signature", cs_json_hex(v->sig, 64));
    }
    if (v->alarm != CS_OK) {
        (void)json_object_set_new(o, "since", json_integer(v->alarm_ms));
        (void)json_object_set_new(o, "shownSeq",
                                  json_integer((json_int_t)v->shown_seq));
        (void)json_object_set_new(o, "shownHash", cs_json_hex(v->shown_hash, 32));
    }
    return o;
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
    add_channels(n, o);
    (void)json_object_set_new(o, "bootCounter", cs_json_u64(n->boot_counter));
    (void)json_object_set_new(o, "journalSeq", cs_json_u64(head.seq));
    (void)json_object_set_new(o, "journalHead", cs_json_hex(head.hash, 32));
    (void)json_object_set_new(o, "uptimeMs", cs_json_u64(n->now - n->started_at));
    (void)json_object_set_new(o, "sessions", json_integer((json_int_t)n->n_works));
    (void)json_object_set_new(o, "signatures", json_integer((json_int_t)n->n_items));
    (void)json_object_set_new(o, "keys", json_integer(n->n_keys));
    (void)json_object_set_new(o, "backup", cs_nd_backup_json(n));
    (void)json_object_set_new(o, "audit", audit_json(n));
    (void)json_object_set_new(o, "unacknowledgedEvents",
                              json_integer((json_int_t)n->n_events));
    (void)json_object_set_new(o, "counters", counters_json(n));
    (void)json_object_set_new(o, "quorums", quorums);
    cs_json_write(w, o);
    json_decref(o);
}
