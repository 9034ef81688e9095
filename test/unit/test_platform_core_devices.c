/* Devices: pairing races, sign-in, states, deletion. */
#include "platform/core/core.h"
#include "support/fake_device.h"

static char path[256];

static const char *dev(const struct fake_device *d, const char *rest)
{
    (void)snprintf(path, sizeof path, "/v2/devices/%s%s", d->text, rest);
    return path;
}

static struct fake_platform *begin(struct fake_device *d)
{
    struct fake_platform *w = fake_platform_new();
    char id[40], secret[80];

    fake_setup(w, id, secret);
    fake_device_new(w, d);
    return w;
}

static void end(struct fake_platform *w, struct fake_device *d)
{
    fake_device_free(d);
    fake_platform_free(w);
}

static void a_device_walks_from_unpaired_to_paired(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    uint8_t print[32];
    char hex[65];

    (void)state;
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "statusText"), "Unpaired");
    assert_string_equal(fake_text(w, "connectionStatus"), "UNKNOWN");
    assert_string_equal(fake_text(w, "pairedAt"), "1970-01-01T00:00:00.000Z");
    fake_connect_ok(&d);
    assert_string_equal(d.last.u.welcome.approval_status, "PENDING");
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "statusText"), "Waiting for approval");
    assert_string_equal(fake_text(w, "connectionStatus"), "ONLINE");
    assert_string_equal(fake_text(w, "version"), "0.1.0");
    assert_string_equal(fake_text(w, "pairedFrom"), "192.0.2.1");
    cs_identity_fingerprint(print, &d.key->pub);
    assert_string_equal(fake_text(w, "fingerprint"), cs_hex(hex, print, 32));
    fake_approve(&d);
    assert_string_equal(fake_text(w, "statusText"), "Paired");
    assert_string_equal(fake_text(w, "enabledStatus"), "ENABLED");
    assert_true(fake_next(&d));
    assert_int_equal(d.last.type, CS_CTL_DEVICE);
    assert_string_equal(d.last.u.welcome.approval_status, "APPROVED");
    fake_disconnect(&d);
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "connectionStatus"), "OFFLINE");
    assert_string_not_equal(fake_text(w, "lastHeartbeatAt"), "");
    end(w, &d);
}

static void the_pairing_key_has_device_id_first_and_all_parts(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    const char *key;
    struct cs_wr text = {0};

    (void)state;
    fake_ok(w, "GET", dev(&d, "/pairing-credentials"), NULL);
    assert_string_not_equal(fake_text(w, "id"), "");
    assert_string_not_equal(fake_text(w, "clientId"), "");
    assert_string_not_equal(fake_text(w, "clientSecret"), "");
    key = fake_text(w, "pairingKey");
    assert_int_equal(strncmp(key, "eyJkZXZpY2VJZCI6I", 17), 0); /* as in the seed */
    assert_int_equal(cs_unb64(&text, key, strlen(key)), CS_OK);
    cs_wr_u8(&text, 0);
    assert_non_null(
        strstr((char *)text.p, "\"platformUrl\":\"wss://127.0.0.1:8443/control\""));
    assert_non_null(
        strstr((char *)text.p, "\"relayUrl\":\"wss://127.0.0.1:8443/relay\""));
    assert_non_null(strstr((char *)text.p, "\"ca\":\"MAMCAQE=\""));
    assert_non_null(strstr((char *)text.p, "\"v\":1}"));
    cs_wr_free(&text);
    end(w, &d);
}

static void a_newer_pairing_key_revokes_the_unused_one(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_ok(w, "GET", dev(&d, "/pairing-credentials"), NULL);
    fake_connect(&d); /* with the first one */
    fake_refusal(&d, "PAIRING_KEY_USED");
    fake_pairing_take(&d);
    fake_connect_ok(&d);
    assert_int_equal(fake_api(w, "GET", dev(&d, "/pairing-credentials"), NULL), 409);
    fake_refused(w, 409, "id");
    end(w, &d);
}

static void a_pairing_key_expires(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_wait(w, 86400001);
    fake_connect(&d);
    fake_refusal(&d, "PAIRING_KEY_USED");
    end(w, &d);
}

static void exactly_one_of_two_nodes_wins_a_pairing_key(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 60; turn++) {
        struct fake_device a, b;
        struct fake_platform *w = begin(&a);
        struct cs_ctl_frame fa, fb;
        uint8_t na[32], nb[32];
        struct fake_device *first = turn % 2 == 0 ? &a : &b, *last;

        b = a;
        b.key = NULL;
        fake_identity(&b);
        last = first == &a ? &b : &a;
        /* Both are between challenge and hello at the same time. */
        fake_open(&a, na);
        fake_open(&b, nb);
        fake_hello_make(&a, &fa, na);
        fake_hello_make(&b, &fb, nb);
        fake_send(first, first == &a ? &fa : &fb);
        fake_send(last, last == &a ? &fa : &fb);
        assert_true(fake_next(first));
        assert_int_equal(first->last.type, CS_CTL_WELCOME);
        assert_true(fake_next(last));
        fake_refusal(last, "PAIRING_KEY_USED");
        assert_int_equal(w->alerts, 1);
        fake_device_free(&b);
        end(w, &a);
    }
}

/* A device is both of its keys: one of them is not enough. */
static void half_an_identity_does_not_sign_in(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char id[40], secret[80];
    struct fake_device d;
    struct cs_identity_secret own;

    (void)state;
    fake_setup(w, id, secret);
    fake_device_new(w, &d);
    fake_connect_ok(&d);
    d.has_pairing = false;
    own = *d.key;
    fake_identity(&d);
    memcpy(d.key->pub.sk, own.pub.sk, sizeof own.pub.sk); /* its SK, another IK */
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    fake_random(w, own.pub.sk, sizeof own.pub.sk); /* its IK, another SK */
    *d.key = own;
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    fake_device_free(&d);
    fake_platform_free(w);
}

/* Only who holds the device's pairing key hears why, and raises the alarm. */
static void strangers_raise_no_alarm_and_learn_nothing(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char id[40], secret[80];
    struct fake_device d;
    uint8_t seed[32];

    (void)state;
    fake_setup(w, id, secret);
    fake_device_new(w, &d);
    memcpy(seed, d.seed, sizeof seed);
    fake_connect_ok(&d);
    fake_identity(&d); /* somebody else who knows the device's id */
    d.has_pairing = false;
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    d.has_pairing = true;
    fake_random(w, d.seed, sizeof d.seed); /* with a key of its own */
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    assert_int_equal(w->alerts, 0);
    memcpy(d.seed, seed, sizeof seed); /* with the device's */
    fake_connect(&d);
    fake_refusal(&d, "PAIRING_KEY_USED");
    assert_int_equal(w->alerts, 1);
    for (int i = 0; i < 20; i++) { /* told, but not each time */
        fake_connect(&d);
        fake_refusal(&d, "PAIRING_KEY_USED");
    }
    assert_int_equal(w->alerts, 5);
    d.id[0] ^= 1; /* no device at all */
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    fake_device_free(&d);
    fake_platform_free(w);
}

/* The proof of a pairing key is a signature, not the public key. */
static void a_copied_proof_of_the_pairing_key_is_worth_nothing(void **state)
{
    struct fake_platform *w = fake_platform_new();
    struct cs_ctl_frame f;
    char id[40], secret[80];
    struct fake_device d;
    uint8_t nonce[32];

    (void)state;
    fake_setup(w, id, secret);
    fake_device_new(w, &d);
    fake_connect_ok(&d);
    fake_identity(&d);
    fake_open(&d, nonce);
    fake_hello_make(&d, &f, nonce);
    f.u.hello.pairing_sig[3] ^= 1;
    fake_send(&d, &f);
    (void)fake_next(&d);
    fake_refusal(&d, "E_AUTH");
    assert_int_equal(w->alerts, 0);
    fake_device_free(&d);
    fake_platform_free(w);
}

static void the_same_node_may_repeat_its_pairing_key(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_connect_ok(&d);
    fake_disconnect(&d);
    fake_connect_ok(&d);
    fake_restart(w);
    fake_connect_ok(&d);
    end(w, &d);
}

static void an_empty_volume_of_an_approved_device_is_named(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_connect_ok(&d);
    fake_approve(&d);
    fake_disconnect(&d);
    fake_identity(&d); /* the volume was lost */
    fake_connect(&d);
    fake_refusal(&d, "E_VOLUME_LOST");
    d.has_pairing = false;
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    end(w, &d);
}

static void approving_names_the_fingerprint(void **state)
{
    struct fake_device d, thief;
    struct fake_platform *w = begin(&d);
    uint8_t print[32];
    char hex[65], words[CS_WORDS_LEN], body[256];

    (void)state;
    thief = d;
    thief.key = NULL;
    fake_identity(&thief);
    fake_connect_ok(&thief); /* the thief pairs first: RELIABILITY T3 */
    cs_identity_fingerprint(print, &d.key->pub);
    (void)snprintf(body, sizeof body,
                   "{\"approvalStatus\":\"APPROVED\",\"fingerprint\":\"%s\"}",
                   cs_hex(hex, print, 32));
    assert_int_equal(fake_api(w, "PUT", dev(&d, "/approval-status"), body), 409);
    fake_refused(w, 409, "fingerprint");
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "approvalStatus"), "PENDING");
    cs_identity_fingerprint(print, &thief.key->pub);
    (void)snprintf(body, sizeof body,
                   "{\"approvalStatus\":\"APPROVED\",\"fingerprint\":\"%s\"}",
                   cs_words(words, print));
    fake_ok(w, "PUT", dev(&d, "/approval-status"), body);
    fake_device_free(&thief);
    end(w, &d);
}

static void an_organisation_can_require_the_fingerprint(void **state)
{
    struct fake_platform *w = fake_platform_new();
    char client[40], secret[80];
    struct fake_device d;

    (void)state;
    w->require_fingerprint = true;
    fake_restart(w);
    fake_setup(w, client, secret);
    fake_device_new(w, &d);
    fake_connect_ok(&d);
    (void)fake_api(w, "PUT", dev(&d, "/approval-status"),
                   "{\"approvalStatus\":\"APPROVED\"}");
    fake_refused(w, 400, "fingerprint");
    end(w, &d);
}

static void a_rejected_device_is_told_and_stays_out(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_connect_ok(&d);
    fake_ok(w, "PUT", dev(&d, "/approval-status"), "{\"approvalStatus\":\"REJECTED\"}");
    assert_string_equal(fake_text(w, "statusText"), "Rejected");
    while (fake_next(&d)) {
        assert_int_equal(d.last.type, CS_CTL_DEVICE);
    }
    assert_true(d.closed);
    assert_int_equal(d.close_err, CS_ERR_DEVICE_REJECTED);
    fake_connect(&d);
    fake_refusal(&d, "DEVICE_REJECTED");
    assert_int_equal(fake_api(w, "PUT", dev(&d, "/approval-status"),
                              "{\"approvalStatus\":\"APPROVED\"}"),
                     409);
    fake_refused(w, 409, "approvalStatus");
    end(w, &d);
}

static void a_hello_cannot_be_replayed(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    struct cs_ctl_frame f;
    uint8_t nonce[32], other[32];

    (void)state;
    fake_open(&d, nonce);
    fake_hello_make(&d, &f, nonce);
    fake_send(&d, &f);
    assert_true(fake_next(&d));
    assert_int_equal(d.last.type, CS_CTL_WELCOME);
    fake_open(&d, other); /* another connection, the old bytes */
    assert_memory_not_equal(nonce, other, 32);
    fake_send(&d, &f);
    assert_true(fake_next(&d));
    fake_refusal(&d, "E_AUTH");
    end(w, &d);
}

/* Every field that the signatures cover, altered once. */
static void a_hello_with_any_field_altered_is_refused(void **state)
{
    (void)state;
    for (int field = 0; field < 6; field++) {
        struct fake_device d;
        struct fake_platform *w = begin(&d);
        struct cs_ctl_frame f;
        uint8_t nonce[32];

        fake_open(&d, nonce);
        fake_hello_make(&d, &f, nonce);
        switch (field) {
        case 0:
            f.u.hello.ik[0] ^= 1;
            break;
        case 1:
            f.u.hello.sk[0] ^= 1;
            break;
        case 2:
            f.u.hello.sig[63] ^= 1;
            break;
        case 3:
            f.u.hello.pairing_sig[3] ^= 1;
            break;
        case 4:
            f.u.hello.pairing_public[3] ^= 1;
            break;
        default:
            f.u.hello.has_pairing = false;
            break;
        }
        fake_send(&d, &f);
        assert_true(fake_next(&d));
        fake_refusal(&d, "E_AUTH");
        fake_ok(w, "GET", dev(&d, ""), NULL);
        assert_string_equal(fake_text(w, "statusText"), "Unpaired");
        end(w, &d);
    }
}

static void the_tls_exporter_binds_the_sign_in(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    struct cs_ctl_frame f;
    uint8_t nonce[32];

    (void)state;
    fake_open(&d, nonce);
    d.exporter[0] ^= 1; /* signed over another TLS connection */
    fake_hello_make(&d, &f, nonce);
    fake_send(&d, &f);
    assert_true(fake_next(&d));
    fake_refusal(&d, "E_AUTH");
    /* No exporter at all: refused unless development sockets are allowed. */
    fake_event(w, (struct cs_event){.type = CS_EV_CONN_UP,
                                    .conn = 77,
                                    .channel = CS_CHANNEL_CONTROL,
                                    .remote = ""});
    assert_true(w->sent[w->n_sent - 1].close);
    assert_int_equal(w->sent[w->n_sent - 1].err, CS_ERR_AUTH);
    end(w, &d);
}

static void another_protocol_version_is_refused(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    struct cs_ctl_frame f;
    uint8_t nonce[32];

    (void)state;
    fake_open(&d, nonce);
    fake_hello_make(&d, &f, nonce);
    (void)snprintf(f.u.hello.protocol, sizeof f.u.hello.protocol, "cloudsign/9");
    fake_send(&d, &f);
    assert_true(fake_next(&d));
    fake_refusal(&d, "VERSION");
    end(w, &d);
}

static void the_newest_connection_of_a_device_replaces_the_older_one(void **state)
{
    struct fake_device d, old;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_connect_ok(&d);
    old = d;
    memset(&old.last, 0, sizeof old.last);
    fake_connect_ok(&d);
    assert_false(fake_next(&old));
    assert_true(old.closed);
    fake_disconnect(&old); /* its end is not the device's */
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "connectionStatus"), "ONLINE");
    end(w, &d);
}

static void connections_that_do_not_sign_in_are_closed(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    uint8_t nonce[32];

    (void)state;
    fake_open(&d, nonce);
    fake_wait(w, 9000);
    assert_false(fake_next(&d));
    assert_false(d.closed);
    fake_wait(w, 3000);
    assert_false(fake_next(&d));
    assert_true(d.closed);
    assert_int_equal(d.close_err, CS_ERR_TIMEOUT);
    end(w, &d);
}

/* Sockets that are only held open do not keep a node out. */
static void strangers_that_hold_connections_make_room(void **state)
{
    struct fake_platform *w = fake_platform_new();
    struct cs_platform_stats stats;
    char id[40], secret[80];
    struct fake_device d, other;

    (void)state;
    fake_setup(w, id, secret);
    fake_device_new(w, &d);
    fake_device_new(w, &other);
    fake_connect_ok(&other);
    for (int i = 0; i < CS_PC_UNAUTH_MAX + 10; i++) {
        fake_event(w, (struct cs_event){.type = CS_EV_CONN_UP,
                                        .conn = 100000 + (uint64_t)i,
                                        .channel = CS_CHANNEL_RELAY,
                                        .remote = w->remote,
                                        .exporter = CS_SPAN_OF(d.exporter)});
    }
    cs_platform_core_stats(w->core, &stats);
    assert_int_equal(stats.connections, CS_PC_UNAUTH_MAX + 1);
    assert_int_equal(stats.control_online, 1); /* who has signed in stays */
    fake_connect_ok(&d);
    cs_platform_core_stats(w->core, &stats);
    assert_int_equal(stats.control_online, 2);
    fake_device_free(&d);
    fake_device_free(&other);
    fake_platform_free(w);
}

static void a_silent_device_goes_offline(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_connect_ok(&d);
    fake_wait(w, 40000);
    fake_status(&d, "READY");
    fake_wait(w, 40000);
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "connectionStatus"), "ONLINE");
    assert_string_equal(fake_text(w, "heartbeatMetadata.state"), "READY");
    fake_wait(w, 10000);
    fake_ok(w, "GET", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "connectionStatus"), "OFFLINE");
    end(w, &d);
}

static void frames_out_of_turn_or_malformed_end_the_connection(void **state)
{
    static const char *const bad[] = {
        "{",
        "[]",
        "{\"t\":\"nonsense\"}",
        "{\"t\":\"ack\",\"id\":\"1\"}",
        "{\"t\":\"refused\",\"reason\":\"A\",\"text\":\"B\"}",
        "{\"t\":\"evt\",\"id\":\"x\",\"kind\":\"request.step\",\"body\":{}}",
        "{\"t\":\"challenge\",\"nonce\":\"00\"}"};
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    uint8_t nonce[32];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        fake_open(&d, nonce);
        fake_message(w, d.conn, CS_SPAN(bad[i], strlen(bad[i])));
        assert_false(fake_next(&d));
        assert_true(d.closed);
        assert_int_equal(d.close_err, CS_ERR_PROTOCOL);
    }
    end(w, &d);
}

static void before_welcome_frames_are_small(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);
    char *big = malloc(10000);
    uint8_t nonce[32];

    (void)state;
    assert_non_null(big);
    memset(big, ' ', 10000);
    fake_open(&d, nonce);
    fake_message(w, d.conn, CS_SPAN(big, 10000));
    assert_false(fake_next(&d));
    assert_true(d.closed);
    free(big);
    end(w, &d);
}

static void bad_device_requests_name_their_field(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    (void)fake_api(w, "POST", "/v2/devices", "{\"deviceType\":\"CLOUD\"}");
    fake_refused(w, 400, "displayName");
    (void)fake_api(w, "POST", "/v2/devices",
                   "{\"displayName\":7,\"deviceType\":\"CLOUD\"}");
    fake_refused(w, 400, "displayName");
    (void)fake_api(
        w, "POST", "/v2/devices",
        "{\"displayName\":\"012345678901234567890123456789012345678901234567890\","
        "\"deviceType\":\"CLOUD\"}");
    fake_refused(w, 400, "displayName");
    (void)fake_api(w, "POST", "/v2/devices",
                   "{\"displayName\":\"a\\u0007\",\"deviceType\":\"CLOUD\"}");
    fake_refused(w, 400, "displayName");
    (void)fake_api(w, "POST", "/v2/devices",
                   "{\"displayName\":\"a\",\"deviceType\":\"MOBILE\"}");
    fake_refused(w, 400, "deviceType");
    (void)fake_api(w, "PUT", dev(&d, "/approval-status"),
                   "{\"approvalStatus\":\"NO\"}");
    fake_refused(w, 400, "approvalStatus");
    (void)fake_api(w, "PUT", dev(&d, "/approval-status"),
                   "{\"approvalStatus\":\"APPROVED\"}");
    fake_refused(w, 409, "approvalStatus"); /* Unpaired */
    (void)fake_api(w, "PUT", dev(&d, "/enabled-status"),
                   "{\"enabledStatus\":\"ENABLED\"}");
    fake_refused(w, 409, "enabledStatus"); /* not approved */
    (void)fake_api(w, "PUT", dev(&d, "/enabled-status"), "{\"enabledStatus\":\"yes\"}");
    fake_refused(w, 400, "enabledStatus");
    (void)fake_api(w, "PUT", dev(&d, "/display-name"), "{}");
    fake_refused(w, 400, "displayName");
    assert_int_equal(fake_api(w, "GET", "/v2/devices/no-uuid", NULL), 400);
    fake_refused(w, 400, "id");
    assert_int_equal(
        fake_api(w, "GET", "/v2/devices/00000000-0000-4000-8000-000000000000", NULL),
        404);
    end(w, &d);
}

static void devices_are_renamed_disabled_listed_and_deleted(void **state)
{
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    fake_connect_ok(&d);
    fake_approve(&d);
    fake_ok(w, "PUT", dev(&d, "/display-name"), "{\"displayName\":\"Zürich\"}");
    assert_string_equal(fake_text(w, "displayName"), "Zürich");
    fake_ok(w, "GET", "/v2/mpc/eligible?deviceType=CLOUD", NULL);
    assert_string_equal(fake_text(w, "0.deviceId"), d.text);
    fake_ok(w, "PUT", dev(&d, "/enabled-status"), "{\"enabledStatus\":\"DISABLED\"}");
    assert_string_equal(fake_text(w, "statusText"), "Disabled");
    fake_ok(w, "GET", "/v2/mpc/eligible", NULL);
    assert_int_equal(json_array_size(w->reply), 0);
    fake_ok(w, "GET", "/v2/devices?deviceType=CLOUD&deviceOwner=THIS_ORGANIZATION",
            NULL);
    assert_int_equal(json_array_size(w->reply), 1);
    fake_ok(w, "GET", "/v2/devices?deviceType=MOBILE", NULL);
    assert_int_equal(json_array_size(w->reply), 0);
    fake_ok(w, "DELETE", dev(&d, ""), NULL);
    assert_string_equal(fake_text(w, "statusText"), "Deleted");
    assert_true(json_is_true(json_object_get(w->reply, "deleted")));
    assert_int_equal(fake_api(w, "GET", dev(&d, ""), NULL), 404);
    fake_ok(w, "GET", "/v2/devices", NULL);
    assert_int_equal(json_array_size(w->reply), 0);
    fake_connect(&d);
    fake_refusal(&d, "E_AUTH");
    end(w, &d);
}

static void a_device_of_a_quorum_is_not_deleted(void **state)
{
    struct fake_trio *t = fake_trio_new();

    (void)state;
    fake_quorum_new(t);
    assert_int_equal(fake_api(t->w, "DELETE", dev(&t->d[0], ""), NULL), 409);
    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s", t->quorum);
    fake_ok(t->w, "DELETE", path, NULL); /* not confirmed yet */
    assert_true(fake_cmd(&t->d[0], CS_CMD_QUORUM_CANCEL));
    assert_int_equal(fake_api(t->w, "GET", path, NULL), 404);
    fake_ok(t->w, "DELETE", dev(&t->d[0], ""), NULL);
    fake_trio_free(t);
}

static void calls_of_the_vendors_app_name_the_control_channel(void **state)
{
    static const char *const calls[][2] = {
        {"GET", "/v2/devices/self"},
        {"GET", "/v2/devices/credentials"},
        {"GET", "/v2/devices/push-token"},
        {"POST", "/v2/devices/metadata"},
        {"POST", "/v2/devices/pair-with-credential"},
        {"POST", "/v2/devices/version"},
        {"GET", "/v2/mpc/device/memberships"},
        {"GET", "/v2/mpc/device/sessions"},
        {"GET", "/v2/mpc/quorums/self"},
        {"PATCH", "/v2/mpc/device/00000000-0000-4000-8000-000000000000"}};
    struct fake_device d;
    struct fake_platform *w = begin(&d);

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(calls); i++) {
        assert_int_equal(fake_api(w, calls[i][0], calls[i][1], NULL), 501);
        assert_non_null(strstr(fake_text(w, "message"), "control channel"));
    }
    end(w, &d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_walks_from_unpaired_to_paired),
        cmocka_unit_test(the_pairing_key_has_device_id_first_and_all_parts),
        cmocka_unit_test(a_newer_pairing_key_revokes_the_unused_one),
        cmocka_unit_test(a_pairing_key_expires),
        cmocka_unit_test(exactly_one_of_two_nodes_wins_a_pairing_key),
        cmocka_unit_test(half_an_identity_does_not_sign_in),
        cmocka_unit_test(strangers_raise_no_alarm_and_learn_nothing),
        cmocka_unit_test(a_copied_proof_of_the_pairing_key_is_worth_nothing),
        cmocka_unit_test(the_same_node_may_repeat_its_pairing_key),
        cmocka_unit_test(an_empty_volume_of_an_approved_device_is_named),
        cmocka_unit_test(approving_names_the_fingerprint),
        cmocka_unit_test(an_organisation_can_require_the_fingerprint),
        cmocka_unit_test(a_rejected_device_is_told_and_stays_out),
        cmocka_unit_test(a_hello_cannot_be_replayed),
        cmocka_unit_test(a_hello_with_any_field_altered_is_refused),
        cmocka_unit_test(the_tls_exporter_binds_the_sign_in),
        cmocka_unit_test(another_protocol_version_is_refused),
        cmocka_unit_test(the_newest_connection_of_a_device_replaces_the_older_one),
        cmocka_unit_test(connections_that_do_not_sign_in_are_closed),
        cmocka_unit_test(strangers_that_hold_connections_make_room),
        cmocka_unit_test(a_silent_device_goes_offline),
        cmocka_unit_test(frames_out_of_turn_or_malformed_end_the_connection),
        cmocka_unit_test(before_welcome_frames_are_small),
        cmocka_unit_test(bad_device_requests_name_their_field),
        cmocka_unit_test(devices_are_renamed_disabled_listed_and_deleted),
        cmocka_unit_test(a_device_of_a_quorum_is_not_deleted),
        cmocka_unit_test(calls_of_the_vendors_app_name_the_control_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
