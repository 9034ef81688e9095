/* What the node counts, shows and says of its peers (metrics.h, report.c, version.c).
 */
#include "support/node_liar.h"
#include "support/node_trio.h"
#include "support/prom_check.h"

#include "node/core/core.h"

static struct bed b;

static int up(void **state)
{
    (void)state;
    trio_up(&b);
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

/* Node i's metrics, checked, as text. */
static const char *scrape(int i)
{
    static struct cs_wr w;
    struct prom p;

    cs_wr_reset(&w);
    cs_node_core_metrics(b.node[i].core, &w);
    assert_int_equal(w.err, CS_OK);
    prom_check(&p, w.p, w.n);
    prom_free(&p);
    cs_wr_u8(&w, 0);
    return (const char *)w.p;
}

static double value(int i, const char *series)
{
    return prom_value(scrape(i), series);
}

static json_t *status(int i)
{
    json_t *o = json_loads(bed_ask(&b, i, "{\"cmd\":\"status\"}"), 0, NULL);

    assert_non_null(o);
    return o;
}

/* The object of node i about peer k (0-based). */
static json_t *peer(json_t *o, int i, int k)
{
    json_t *q = json_array_get(json_object_get(o, "quorums"), 0);

    return json_array_get(json_object_get(q, "peers"), (size_t)(k < i ? k : k - 1));
}

/* ---- counting
 * ---------------------------------------------------------------------------- */

static void sessions_are_counted_by_kind_scheme_and_outcome(void **state)
{
    (void)state;
    trio_key(&b);
    assert_true(value(0, "cloudsign_sessions_total{kind=\"keygen\",scheme=\"ed25519\","
                         "outcome=\"OK\"}") == 1);
    assert_true(value(0, "cloudsign_rounds_total") >= 3);
    trio_sign(&b, 1, 1, 2, 1);
    bed_advance(&b, 3000);
    assert_true(value(0, "cloudsign_sessions_total{kind=\"sign\",scheme=\"ed25519\","
                         "outcome=\"OK\"}") == 1);
    assert_true(value(0, "cloudsign_session_seconds_count{kind=\"sign\",scheme="
                         "\"ed25519\"}") == 1);
    assert_true(value(0, "cloudsign_keys") == 1);
    b.relay_down = true;
    trio_sign(&b, 2, 1, 2, 1);
    bed_advance(&b, 60000);
    assert_true(
        strstr(scrape(0), "kind=\"sign\",scheme=\"ed25519\",outcome=\"PEER_") != NULL ||
        strstr(scrape(0), "kind=\"sign\",scheme=\"ed25519\",outcome=\"LINK_") != NULL);
    assert_true(value(0, "cloudsign_session_seconds_count{kind=\"sign\",scheme="
                         "\"ed25519\"}") == 1); /* failed ones have no duration */
}

static void errors_of_one_public_word_are_one_series(void **state)
{
    struct cs_metrics *m = b.node[0].core->metrics;

    (void)state;
    m->peer_faults[CS_ERR_DKG_OPEN] = 2;
    m->peer_faults[CS_ERR_DKG_POK] = 3;
    assert_true(value(0, "cloudsign_peer_faults_total{reason=\"CHEAT\"}") == 5);
    for (size_t i = 0; i < CS_ERR_COUNT; i++) { /* every row can be shown */
        m->peer_faults[i] = m->conn_lost[0][i] = m->sessions[1][1][i] = 1;
    }
    (void)scrape(0);
}

static void channels_are_counted_and_have_a_time(void **state)
{
    json_t *o = status(0);
    int64_t since = json_integer_value(json_object_get(o, "controlSince"));

    (void)state;
    assert_true(since >= BED_WALL);
    json_decref(o);
    assert_true(value(0, "cloudsign_control_up") == 1);
    assert_true(value(0, "cloudsign_connects_total{channel=\"relay\"}") == 1);
    bed_advance(&b, 5000);
    bed_cut(&b, 0, CS_CHANNEL_RELAY);
    assert_true(value(0, "cloudsign_relay_up") == 0);
    bed_advance(&b, 40000);
    assert_true(value(0, "cloudsign_relay_up") == 1);
    assert_true(value(0, "cloudsign_connects_total{channel=\"relay\"}") == 2);
    assert_non_null(strstr(scrape(0), "connection_failures_total{channel=\"relay\","));
    o = status(0);
    assert_int_equal(json_integer_value(json_object_get(o, "controlSince")), since);
    assert_true(json_integer_value(json_object_get(o, "relaySince")) >= since + 5000);
    json_decref(o);
}

static void a_fault_and_a_quarantine_are_counted(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_step out = {0};
    json_t *o;

    (void)state;
    n->out = &out;
    for (int i = 0; i < 3; i++) {
        cs_nd_blame(n, n->quorums[0], 2, CS_ERR_BAD_FORMAT);
    }
    n->out = NULL;
    cs_step_clear(&out);
    assert_true(value(0, "cloudsign_peer_faults_total{reason=\"BAD_FORMAT\"}") == 3);
    assert_true(value(0, "cloudsign_quarantines_total") == 1);
    assert_true(value(0, "cloudsign_peers{link=\"QUARANTINED\"}") == 1);
    assert_true(value(0, "cloudsign_peers{link=\"LIVE\"}") == 1);
    assert_true(value(0, "cloudsign_peers{link=\"NONE\"}") == 0); /* not itself */
    o = status(0);
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(peer(o, 0, 1), "quarantine"), "reason")),
                        "BAD_FORMAT");
    assert_null(json_object_get(peer(o, 0, 2), "quarantine"));
    json_decref(o);
    (void)bed_ask(&b, 0,
                  "{\"cmd\":\"peer.release\",\"quorumId\":"
                  "\"71756f72-756d-2d74-7269-6f2d30303031\",\"index\":2}");
    assert_true(value(0, "cloudsign_quarantine_releases_total") == 1);
}

static void an_owners_counters_go_on_in_the_next_life(void **state)
{
    struct cs_metrics mine = {.quarantines = 7};

    (void)state;
    b.node[0].core->metrics = &mine;
    assert_true(value(0, "cloudsign_quarantines_total") == 7);
    b.node[0].core->metrics = &b.node[0].core->own_metrics;
}

/* ---- ready
 * ------------------------------------------------------------------------------- */

static bool ready(int i, const char *says)
{
    struct cs_wr w = {0};
    bool ok = cs_node_core_ready(b.node[i].core, &w);
    json_t *o;

    cs_wr_u8(&w, 0);
    o = json_loads((const char *)w.p, 0, NULL);
    assert_non_null(o);
    assert_int_equal(json_is_true(json_object_get(o, "ready")), ok);
    if (strstr((const char *)w.p, says) == NULL) {
        fail_msg("%s", (const char *)w.p);
    }
    json_decref(o);
    cs_wr_free(&w);
    return ok;
}

static void ready_is_said_with_reasons(void **state)
{
    (void)state;
    assert_true(ready(0, "\"reasons\":[]"));
    bed_cut(&b, 0, CS_CHANNEL_RELAY);
    assert_false(ready(0, "RELAY_DOWN"));
    bed_advance(&b, 40000);
    assert_true(ready(0, "READY"));
    bed_cut(&b, 0, CS_CHANNEL_CONTROL);
    assert_false(ready(0, "CONTROL_DOWN"));
    bed_advance(&b, 40000);
    b.node[0].core->latched = CS_ERR_STORE_IO;
    assert_false(ready(0, "[\"LATCHED\",\"STORAGE_IO\"]"));
    assert_true(value(0, "cloudsign_store_latched") == 1);
    b.node[0].core->latched = CS_OK;
    bed_device(&b, 0, "WAITING_FOR_APPROVAL", "ENABLED");
    assert_false(ready(0, "WAITING_APPROVAL"));
}

static void no_time_that_a_platform_says_is_too_much(void **state)
{
    static const int64_t ten_years = 10LL * 365 * 86400 * 1000;
    static const uint64_t times[] = {0, INT64_MAX, 1ULL << 63, UINT64_MAX};
    const struct cs_node_core *n;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(times); i++) {
        b.node[0].clock = times[i];
        bed_restart(&b, 0);
        bed_advance(&b, 2000);
        n = b.node[0].core;
        assert_true(n->clock_seen_ms != 0);
        assert_int_equal(n->clock_skew_ms, times[i] == 0 ? -ten_years : ten_years);
        json_decref(status(0));
        assert_non_null(strstr(
            scrape(0), times[i] == 0 ? "cloudsign_clock_skew_seconds -315360000"
                                     : "cloudsign_clock_skew_seconds 315360000"));
    }
}

/* ---- peers
 * ------------------------------------------------------------------------------- */

static void the_peers_versions_are_shown(void **state)
{
    json_t *o = status(0);

    (void)state;
    for (int k = 1; k < 3; k++) {
        assert_string_equal(
            json_string_value(json_object_get(peer(o, 0, k), "version")),
            b.node[k].core->version);
    }
    json_decref(o);
}

static void a_ping_shows_how_long_an_answer_takes(void **state)
{
    json_t *o = status(0);

    (void)state;
    assert_null(json_object_get(peer(o, 0, 1), "rttMs"));
    assert_true(json_is_false(json_object_get(peer(o, 0, 1), "pingOpen")));
    json_decref(o);
    b.relay_down = true;
    assert_non_null(strstr(bed_ask(&b, 0, "{\"cmd\":\"peers.ping\"}"), "\"ok\":true"));
    bed_advance(&b, 100);
    o = status(0);
    assert_true(json_is_true(json_object_get(peer(o, 0, 1), "pingOpen")));
    json_decref(o);
    b.relay_down = false;
    (void)bed_ask(&b, 0, "{\"cmd\":\"peers.ping\"}");
    bed_advance(&b, 100);
    o = status(0);
    assert_true(json_is_false(json_object_get(peer(o, 0, 1), "pingOpen")));
    assert_non_null(json_object_get(peer(o, 0, 1), "rttMs"));
    assert_non_null(json_object_get(peer(o, 0, 2), "heardMsAgo"));
    json_decref(o);
}

static void a_version_that_is_none_is_blamed(void **state)
{
    static const char *const bad[] = {
        "0.1 beta", "0.1\n", "0.\"1", "01234567890123456789012345678901", "\xc3\xa9",
    };
    struct peer *p = &b.node[2].core->quorums[0]->peers[1];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        const struct cs_message m = {.proto = CS_PROTO_CONTROL,
                                     .type = CS_TYPE_VERSION,
                                     .priv = CS_SPAN(bad[i], strlen(bad[i]))};

        p->rec = (struct peer_record){0};
        lie_say(&b, 0, 2, &m);
        assert_int_equal(p->rec.blames, 1);
        assert_string_equal(p->rec.reason, "BAD_FORMAT");
        assert_string_equal(p->version, b.node[0].core->version); /* as before */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sessions_are_counted_by_kind_scheme_and_outcome,
                                        up, down),
        cmocka_unit_test_setup_teardown(errors_of_one_public_word_are_one_series, up,
                                        down),
        cmocka_unit_test_setup_teardown(channels_are_counted_and_have_a_time, up, down),
        cmocka_unit_test_setup_teardown(a_fault_and_a_quarantine_are_counted, up, down),
        cmocka_unit_test_setup_teardown(an_owners_counters_go_on_in_the_next_life, up,
                                        down),
        cmocka_unit_test_setup_teardown(ready_is_said_with_reasons, up, down),
        cmocka_unit_test_setup_teardown(no_time_that_a_platform_says_is_too_much, up,
                                        down),
        cmocka_unit_test_setup_teardown(the_peers_versions_are_shown, up, down),
        cmocka_unit_test_setup_teardown(a_ping_shows_how_long_an_answer_takes, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_version_that_is_none_is_blamed, up, down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
