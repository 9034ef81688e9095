#include "node/core/metrics.h"

#include <stdio.h>
#include <string.h>

#include "node/core/core.h"
#include "wire/jsonx.h"

enum { LABELS_MAX = 160 };

static const char *const kinds[CS_MX_KINDS] = {"keygen", "sign", "check"};
static const char *const schemes[CS_MX_SCHEMES] = {"ed25519", "ecdsa", "bip340"};
static const char *const channels[CS_MX_CHANNELS] = {"control", "relay"};

/* ---- counting
 * ------------------------------------------------------------------------------ */

static enum cs_mx_scheme scheme_of(enum cs_scheme scheme)
{
    switch (scheme) {
    case CS_SCHEME_ECDSA:
        return CS_MX_ECDSA;
    case CS_SCHEME_BIP340:
        return CS_MX_BIP340;
    case CS_SCHEME_FROST_ED25519:
        break;
    }
    return CS_MX_ED25519;
}

void cs_mx_session(struct cs_metrics *m, enum cs_mx_kind kind, enum cs_scheme scheme,
                   enum cs_err outcome, uint64_t ms)
{
    enum cs_mx_scheme s = scheme_of(scheme);

    m->sessions[kind][s][outcome]++;
    if (outcome == CS_OK) {
        cs_hist_add(&m->duration[kind][s], ms);
    }
}

void cs_mx_lost(struct cs_metrics *m, enum cs_mx_channel channel, enum cs_err why)
{
    m->conn_lost[channel][why]++;
}

void cs_nd_mx_session(struct cs_node_core *n, const struct work *w, enum cs_err outcome)
{
    static const enum cs_mx_kind kind_of[] = {[WORK_KEYGEN] = CS_MX_KEYGEN,
                                              [WORK_SIGN] = CS_MX_SIGN,
                                              [WORK_CHECK] = CS_MX_CHECK};

    cs_mx_session(n->metrics, kind_of[w->kind], w->req.scheme, outcome,
                  n->now - w->begun);
}

/* ---- counters as text
 * ---------------------------------------------------------------------- */

/* Errors with one public word are one series: what leaves is the word (4.6). */
static uint64_t sum_of_word(const uint64_t *by_err, size_t first)
{
    const char *word = cs_err_reason((enum cs_err)first);
    uint64_t sum = 0;

    for (size_t i = 0; i < first; i++) {
        if (strcmp(cs_err_reason((enum cs_err)i), word) == 0) {
            return 0; /* told with the first of them */
        }
    }
    for (size_t i = first; i < CS_ERR_COUNT; i++) {
        sum += strcmp(cs_err_reason((enum cs_err)i), word) == 0 ? by_err[i] : 0;
    }
    return sum;
}

/* One series for each word that occurred.  prefix: "" or labels that end with ','. */
static void by_word(struct cs_wr *w, const char *name, const char *prefix,
                    const char *label, const uint64_t *by_err)
{
    char labels[LABELS_MAX];

    for (size_t i = 0; i < CS_ERR_COUNT; i++) {
        uint64_t sum = sum_of_word(by_err, i);

        if (sum != 0) {
            (void)snprintf(labels, sizeof labels, "%s%s=\"%s\"", prefix, label,
                           cs_err_reason((enum cs_err)i));
            cs_prom_u64(w, name, labels, sum);
        }
    }
}

static void write_sessions(struct cs_wr *w, const struct cs_metrics *m)
{
    char labels[LABELS_MAX];

    cs_prom_family(w, "cloudsign_sessions_total", CS_PROM_COUNTER,
                   "Key generations, and requests and check signatures that this "
                   "node led or refused, by outcome.");
    for (size_t k = 0; k < CS_MX_KINDS; k++) {
        for (size_t s = 0; s < CS_MX_SCHEMES; s++) {
            (void)snprintf(labels, sizeof labels, "kind=\"%s\",scheme=\"%s\",",
                           kinds[k], schemes[s]);
            by_word(w, "cloudsign_sessions_total", labels, "outcome",
                    m->sessions[k][s]);
        }
    }
    cs_prom_family(
        w, "cloudsign_session_seconds", CS_PROM_HISTOGRAM,
        "How long those that went well took, from the begin of the attempt.");
    for (size_t k = 0; k < CS_MX_KINDS; k++) {
        for (size_t s = 0; s < CS_MX_SCHEMES; s++) {
            (void)snprintf(labels, sizeof labels, "kind=\"%s\",scheme=\"%s\"", kinds[k],
                           schemes[s]);
            cs_prom_hist(w, "cloudsign_session_seconds", labels, &m->duration[k][s]);
        }
    }
}

static void counter(struct cs_wr *w, const char *name, const char *help, uint64_t v)
{
    cs_prom_family(w, name, CS_PROM_COUNTER, help);
    cs_prom_u64(w, name, NULL, v);
}

static void write_peers(struct cs_wr *w, const struct cs_metrics *m)
{
    cs_prom_family(w, "cloudsign_peer_faults_total", CS_PROM_COUNTER,
                   "Messages of peers that no honest node sends, by public reason.");
    by_word(w, "cloudsign_peer_faults_total", "", "reason", m->peer_faults);
    counter(w, "cloudsign_quarantines_total",
            "Devices that this node stopped working with.", m->quarantines);
    counter(w, "cloudsign_quarantine_releases_total",
            "Quarantines that an operator ended.", m->releases);
    counter(w, "cloudsign_links_live_total", "Links to peers that became live.",
            m->links_live);
    counter(w, "cloudsign_links_lost_total", "Live links that ended or were replaced.",
            m->links_lost);
    counter(w, "cloudsign_links_refused_total",
            "Links refused: an old state, a clone, or no common version.",
            m->links_refused);
    cs_prom_family(w, "cloudsign_ot_setups_total", CS_PROM_COUNTER,
                   "OT setups with peers, for ECDSA.");
    cs_prom_u64(w, "cloudsign_ot_setups_total", "outcome=\"ok\"",
                m->ot_setups[CS_MX_OT_OK]);
    cs_prom_u64(w, "cloudsign_ot_setups_total", "outcome=\"failed\"",
                m->ot_setups[CS_MX_OT_FAILED]);
    counter(w, "cloudsign_rounds_total", "Rounds of key generations computed.",
            m->rounds);
}

static void write_channels(struct cs_wr *w, const struct cs_metrics *m)
{
    char labels[LABELS_MAX];

    cs_prom_family(w, "cloudsign_connects_total", CS_PROM_COUNTER,
                   "Sign-ins to the platform that succeeded.");
    for (size_t i = 0; i < CS_MX_CHANNELS; i++) {
        (void)snprintf(labels, sizeof labels, "channel=\"%s\"", channels[i]);
        cs_prom_u64(w, "cloudsign_connects_total", labels, m->connects[i]);
    }
    cs_prom_family(w, "cloudsign_connection_failures_total", CS_PROM_COUNTER,
                   "Channels that were lost, and attempts that failed, by reason.");
    for (size_t i = 0; i < CS_MX_CHANNELS; i++) {
        (void)snprintf(labels, sizeof labels, "channel=\"%s\",", channels[i]);
        by_word(w, "cloudsign_connection_failures_total", labels, "reason",
                m->conn_lost[i]);
    }
}

static void write_approvals(struct cs_wr *w, const struct cs_metrics *m)
{
    static const char *const labels[CS_MX_ANSWERS] = {
        "answer=\"allowed\"", "answer=\"refused\"", "answer=\"none\""};

    cs_prom_family(w, "cloudsign_approvals_total", CS_PROM_COUNTER,
                   "Questions to this node's approver, by answer.");
    for (size_t i = 0; i < CS_MX_ANSWERS; i++) {
        cs_prom_u64(w, "cloudsign_approvals_total", labels[i], m->approvals[i]);
    }
    counter(w, "cloudsign_policy_refusals_total",
            "Requests that this node's policy file refused.", m->policy_refused);
}

void cs_metrics_write(struct cs_wr *w, const struct cs_metrics *m)
{
    write_sessions(w, m);
    write_peers(w, m);
    write_channels(w, m);
    write_approvals(w, m);
}

/* ---- gauges
 * -------------------------------------------------------------------------------- */

static void gauge(struct cs_wr *w, const char *name, const char *help, uint64_t v)
{
    cs_prom_family(w, name, CS_PROM_GAUGE, help);
    cs_prom_u64(w, name, NULL, v);
}

/* Every state a link can have: one series each, so that none appears or goes. */
static void write_links(struct cs_wr *w, const struct cs_node_core *n)
{
    static const char *const states[] = {"NONE", "DOWN",   "HANDSHAKE",  "CONFIRMING",
                                         "LIVE", "FENCED", "QUARANTINED"};
    uint64_t counts[CS_COUNTOF(states)] = {0};
    char labels[LABELS_MAX];

    for (size_t i = 0; i < n->n_quorums; i++) {
        const struct quorum *q = n->quorums[i];

        for (uint8_t k = 1; k <= q->ds.n; k++) {
            const char *state = cs_nd_link_state(n, q, k);

            for (size_t s = 0; k != q->roster.self && s < CS_COUNTOF(states); s++) {
                counts[s] += strcmp(state, states[s]) == 0;
            }
        }
    }
    cs_prom_family(w, "cloudsign_peers", CS_PROM_GAUGE,
                   "Members of this node's quorums, by the state of the link to them.");
    for (size_t s = 0; s < CS_COUNTOF(states); s++) {
        (void)snprintf(labels, sizeof labels, "link=\"%s\"", states[s]);
        cs_prom_u64(w, "cloudsign_peers", labels, counts[s]);
    }
}

static void write_queues(struct cs_wr *w, const struct cs_node_core *n)
{
    gauge(w, "cloudsign_requests_open", "Requests under way on this node.", n->n_works);
    gauge(w, "cloudsign_signatures_open", "Signatures of all of them.", n->n_items);
    gauge(w, "cloudsign_events_unacknowledged",
          "Events that the platform has not acknowledged.", n->n_events);
    gauge(w, "cloudsign_ot_jobs", "OT setups that workers compute now.", n->n_ot_jobs);
    counter(w, "cloudsign_frames_received_total", "Frames from the relay.",
            n->counters.frames_in);
    counter(w, "cloudsign_frames_dropped_total",
            "Frames that no link took: unknown, repeated, not authentic.",
            n->counters.frames_dropped);
    counter(w, "cloudsign_messages_dropped_total",
            "Authentic messages that came too late or were not understood.",
            n->counters.messages_dropped);
}

/* Seconds of the platform's clock minus this node's; signed. */
static void write_skew(struct cs_wr *w, const struct cs_node_core *n)
{
    int64_t ms = n->clock_skew_ms;
    uint64_t size = ms < 0 ? (uint64_t)-ms : (uint64_t)ms;

    cs_prom_family(w, "cloudsign_clock_skew_seconds", CS_PROM_GAUGE,
                   "Platform's clock minus this node's, at the last sign-in.");
    if (n->clock_seen_ms != 0) {
        cs_wr_printf(w, "cloudsign_clock_skew_seconds %s%llu.%03u\n", ms < 0 ? "-" : "",
                     (unsigned long long)(size / 1000), (unsigned)(size % 1000));
    }
}

static void write_backup(struct cs_wr *w, const struct cs_node_core *n)
{
    gauge(w, "cloudsign_keys_without_kit", "Keys that are in no backup kit of theirs.",
          n->backup.n_without);
    cs_prom_family(w, "cloudsign_backup_time_seconds", CS_PROM_GAUGE,
                   "Unix time of the last backup kits; 0: there were none.");
    cs_prom_milli(w, "cloudsign_backup_time_seconds", NULL,
                  n->backup.wall_ms > 0 ? (uint64_t)n->backup.wall_ms : 0);
}

static void write_audit(struct cs_wr *w, const struct cs_node_core *n)
{
    gauge(w, "cloudsign_audit_sequence",
          "Newest record of the platform's audit log that this node countersigned.",
          n->vouched.head.seq);
    gauge(w, "cloudsign_audit_refused",
          "1: the platform's audit log is another, or shorter, than it was.",
          n->vouched.alarm != CS_OK);
}

void cs_node_core_metrics(const struct cs_node_core *n, struct cs_wr *w)
{
    uint64_t confirmed = 0;

    for (size_t i = 0; i < n->n_quorums; i++) {
        confirmed += n->quorums[i]->state == QUORUM_CONFIRMED;
    }
    gauge(w, "cloudsign_control_up", "1: signed in to the platform.",
          n->control.state == CONN_UP);
    gauge(w, "cloudsign_relay_up", "1: signed in to the messaging layer.",
          n->relay.state == CONN_UP);
    gauge(w, "cloudsign_paired", "1: the platform has bound the device to this node.",
          n->paired);
    gauge(w, "cloudsign_store_latched",
          "1: a write failed, nothing is signed any more.", n->latched != CS_OK);
    gauge(w, "cloudsign_quorums", "Confirmed quorums.", confirmed);
    gauge(w, "cloudsign_keys", "Keys of which this node holds a share.", n->n_keys);
    gauge(w, "cloudsign_boot_counter", "Starts of this store.", n->boot_counter);
    gauge(w, "cloudsign_journal_sequence", "Entries of the journal.",
          cs_journal_head(n->journal).seq);
    write_backup(w, n);
    write_audit(w, n);
    write_links(w, n);
    write_queues(w, n);
    write_skew(w, n);
    cs_metrics_write(w, n->metrics);
}

/* ---- readiness
 * ----------------------------------------------------------------------------- */

bool cs_node_core_ready(const struct cs_node_core *n, struct cs_wr *w)
{
    const char *state = cs_nd_state(n);
    json_t *reasons = json_array();
    bool ready = strcmp(state, "READY") == 0;
    json_t *o;

    if (!ready) {
        (void)json_array_append_new(reasons, json_string(state));
    }
    if (n->latched != CS_OK) {
        ready = false;
        (void)json_array_append_new(reasons, json_string(cs_err_reason(n->latched)));
    }
    if (n->control.state != CONN_UP) {
        ready = false;
        (void)json_array_append_new(reasons, json_string("CONTROL_DOWN"));
    }
    if (n->relay.state != CONN_UP) {
        ready = false;
        (void)json_array_append_new(reasons, json_string("RELAY_DOWN"));
    }
    o = json_pack("{s:b,s:s,s:o}", "ready", ready, "state", state, "reasons", reasons);
    cs_json_write(w, o);
    json_decref(o);
    return ready;
}
