/* Control frames: every kind survives a round trip, every bad one names its field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "wire/control.h"
#include "wire/relay.h"

static enum cs_err decode(struct cs_ctl_frame *f, const char *text, char *why)
{
    return cs_ctl_decode(f, CS_SPAN(text, strlen(text)), CS_CTL_MAX, why, 128);
}

/* Fills a frame of any kind with recognisable content through its own JSON. */
static void make_frame(struct cs_ctl_frame *f, enum cs_ctl_kind kind, uint8_t *payload)
{
    memset(f, 0, sizeof *f);
    f->type = cs_ctl_kind_is_cmd(kind) ? CS_CTL_CMD : CS_CTL_EVT;
    f->kind = kind;
    (void)snprintf(f->id, sizeof f->id, "17");
    memset(payload, 0xab, 40);
    switch (kind) {
    case CS_CMD_QUORUM_JOIN:
        f->u.quorum_join.descriptor = (struct cs_blob){payload, 40};
        f->u.quorum_join.expires_at = UINT64_MAX;
        (void)snprintf(f->u.quorum_join.name, 16, "Treasury");
        break;
    case CS_CMD_QUORUM_COMMITS:
        f->u.quorum_commits.n_accepts = 3;
        f->u.quorum_commits.accepts[2].index = 3;
        f->u.quorum_commits.accepts[2].sig[63] = 9;
        break;
    case CS_CMD_SIGN:
        (void)snprintf(f->u.sign.blockchain, 16, "SOLANA");
        (void)snprintf(f->u.sign.kind, 16, "RAW");
        f->u.sign.payload = (struct cs_blob){payload, 40};
        f->u.sign.signers[0] = 1;
        f->u.sign.signers[1] = 3;
        f->u.sign.initiator = 3;
        f->u.sign.approval_ms = 30000;
        break;
    case CS_EVT_SIGN_DONE:
        f->u.sign_done.signatures = (struct cs_blob){payload, 40};
        f->u.sign_done.signers[0] = 2;
        f->u.sign_done.signers[1] = 3;
        f->u.sign_done.trace.n = CS_CTL_TRACE;
        for (size_t i = 0; i < CS_CTL_TRACE; i++) {
            f->u.sign_done.trace.steps[i] = (struct cs_ctl_trace_step){(uint32_t)i, 2,
                                                                       "ROUND_1"};
        }
        break;
    case CS_EVT_KEY_ACTIVE:
        f->u.key_active.certificate = (struct cs_blob){payload, 40};
        break;
    default:
        break;
    }
}

static void commands_and_events_survive_a_round_trip(void **state)
{
    static const enum cs_ctl_kind some[] = {CS_CMD_QUORUM_JOIN, CS_CMD_QUORUM_COMMITS,
                                            CS_CMD_SIGN, CS_EVT_SIGN_DONE,
                                            CS_EVT_KEY_ACTIVE};
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(some); i++) {
        struct cs_ctl_frame a, b;
        struct cs_wr first = {0}, second = {0};
        uint8_t payload[40];
        char why[128] = "";

        make_frame(&a, some[i], payload);
        cs_ctl_encode(&first, &a);
        assert_int_equal(
            cs_ctl_decode(&b, cs_wr_get(&first), CS_CTL_MAX, why, sizeof why), CS_OK);
        assert_int_equal(b.kind, some[i]);
        cs_ctl_encode(&second, &b);
        assert_int_equal(first.n, second.n);
        assert_memory_equal(first.p, second.p, first.n);
        cs_ctl_free(&b);
        cs_wr_free(&first);
        cs_wr_free(&second);
    }
}

/* Names have up to 50 characters of up to 4 bytes; a field may cut one in the middle.
 */
static void a_text_cut_inside_a_character_is_sent_up_to_it(void **state)
{
    static const struct {
        const char *made, *sent;
    } cases[] = {
        {"Kasse \xe2\x82", "Kasse "},
        {"\xf0\x9f\x94\x91\xf0\x9f\x94", "\xf0\x9f\x94\x91"},
        {"a\xff"
         "b",
         "a"},
        {"\xe2\x82", "?"},
    };
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_ctl_frame a, b;
        struct cs_wr w = {0};
        uint8_t payload[40];
        char why[128] = "";

        make_frame(&a, CS_CMD_QUORUM_JOIN, payload);
        (void)snprintf(a.u.quorum_join.name, sizeof a.u.quorum_join.name, "%s",
                       cases[i].made);
        cs_ctl_encode(&w, &a);
        assert_int_equal(cs_ctl_decode(&b, cs_wr_get(&w), CS_CTL_MAX, why, sizeof why),
                         CS_OK);
        assert_string_equal(b.u.quorum_join.name, cases[i].sent);
        cs_ctl_free(&b);
        cs_wr_free(&w);
    }
}

static void a_trace_may_be_absent_and_is_bounded(void **state)
{
    struct cs_ctl_frame a, b;
    struct cs_wr w = {0};
    uint8_t payload[40];
    char why[128] = "", text[4096];
    char *at;

    (void)state;
    make_frame(&a, CS_EVT_SIGN_DONE, payload);
    a.u.sign_done.trace.n = 1;
    cs_ctl_encode(&w, &a);
    assert_true(w.n < sizeof text);
    (void)snprintf(text, sizeof text, "%.*s", (int)w.n, (const char *)w.p);
    at = strstr(text, "\"ROUND_1\"");
    assert_non_null(at);
    memcpy(at, "\"ROUND 1\"", 9); /* no word: people read it beside our own */
    assert_int_equal(decode(&b, text, why), CS_ERR_BAD_FORMAT);
    assert_non_null(strstr(why, "step"));
    cs_wr_reset(&w);
    a.u.sign_done.trace.n = 0;
    cs_ctl_encode(&w, &a);
    (void)snprintf(text, sizeof text, "%.*s", (int)w.n, (const char *)w.p);
    assert_null(strstr(text, "trace"));
    assert_int_equal(decode(&b, text, why), CS_OK);
    assert_int_equal(b.u.sign_done.trace.n, 0);
    cs_ctl_free(&b);
    cs_wr_free(&w);
}

static void a_trace_that_is_too_long_is_refused(void **state)
{
    static const char step[] = "{\"beforeMs\":1,\"index\":1,\"step\":\"X\"}";
    struct cs_ctl_frame b;
    struct cs_wr w = {0};
    char why[128] = "";

    (void)state;
    cs_wr_str(&w, "{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"sign.failed\",\"body\":{"
                  "\"requestId\":\"00000000-0000-0000-0000-000000000001\",\"keyId\":"
                  "\"00000000-0000-0000-0000-000000000000\",\"attempt\":1,\"index\":1,"
                  "\"reason\":\"X\",\"phase\":\"\",\"blame\":0,\"retryable\":true,"
                  "\"trace\":[");
    for (int i = 0; i <= CS_CTL_TRACE; i++) {
        cs_wr_printf(&w, "%s%s", i == 0 ? "" : ",", step);
    }
    cs_wr_str(&w, "]}}");
    assert_int_equal(cs_ctl_decode(&b, cs_wr_get(&w), CS_CTL_MAX, why, sizeof why),
                     CS_ERR_BAD_FORMAT);
    assert_non_null(strstr(why, "trace"));
    cs_wr_free(&w);
}

static void after_an_error_the_frame_is_empty(void **state)
{
    static const struct cs_ctl_frame empty;
    struct cs_ctl_frame f;
    char why[128];

    (void)state;
    memset(&f, 0xaa, sizeof f);
    assert_int_not_equal(
        decode(&f, "{\"t\":\"device\",\"approvalStatus\":\"APPROVED\"}", why), CS_OK);
    assert_memory_equal(&f, &empty, sizeof f);
}

static void a_frame_cut_at_any_byte_is_refused(void **state)
{
    struct cs_ctl_frame a, b;
    struct cs_wr w = {0};
    uint8_t payload[40];
    char why[128];

    (void)state;
    make_frame(&a, CS_CMD_SIGN, payload);
    cs_ctl_encode(&w, &a);
    for (size_t n = 0; n < w.n; n++) {
        assert_int_not_equal(cs_ctl_decode(&b, CS_SPAN(w.p, n), CS_CTL_MAX, why, 128),
                             CS_OK);
        cs_ctl_free(&b);
    }
    cs_wr_free(&w);
}

static void errors_name_the_field(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"{\"t\":\"nope\"}", "t is not a known frame type"},
        {"{\"t\":\"challenge\"}", "nonce is required"},
        {"{\"t\":\"challenge\",\"nonce\":\"00\"}",
         "nonce must be hex of the right length"},
        {"{\"t\":\"challenge\",\"nonce\":7}", "nonce must be a string"},
        {"{\"t\":\"ack\"}", "id is required"},
        {"{\"t\":\"cmd\",\"id\":\"1\",\"kind\":\"key.active\",\"body\":{}}",
         "kind is not a known kind for this direction"},
        {"{\"t\":\"cmd\",\"id\":\"1\",\"kind\":\"sign\",\"body\":[]}",
         "body must be an object"},
        {"{\"t\":\"cmd\",\"id\":\"1\",\"kind\":\"sign\",\"body\":{\"requestId\":\"x\"}"
         "}",
         "requestId must be a UUID"},
        {"{\"t\":\"pong\",\"time\":\"-1\"}",
         "time must be a decimal number in a string"},
        {"{\"t\":\"pong\",\"time\":\"18446744073709551616\"}",
         "time must be a decimal number in a string"},
        {"{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"quorum.revealed\",\"body\":{"
         "\"quorumId\":\"00000000-0000-4000-8000-000000000000\",\"index\":-1,\"nonce\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}}",
         "index is out of range"},
        {"{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"quorum.revealed\",\"body\":{"
         "\"quorumId\":\"00000000-0000-4000-8000-000000000000\",\"index\":4294967296,"
         "\"nonce\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}}",
         "index is out of range"},
        {"{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"quorum.revealed\",\"body\":{"
         "\"quorumId\":\"00000000-0000-4000-8000-000000000000\",\"index\":1.0,"
         "\"nonce\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}}",
         "index must be an integer"},
        {"{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"quorum.revealed\",\"body\":{"
         "\"quorumId\":\"000000000-000-4000-8000-000000000000\",\"index\":1,\"nonce\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}}",
         "quorumId must be a UUID"},
        {"{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"quorum.revealed\",\"body\":{"
         "\"quorumId\":\"000000000000004000080000000000000000\",\"index\":1,\"nonce\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\"}}",
         "quorumId must be a UUID"},
        {"{\"t\":\"refused\",\"reason\":\"\",\"text\":\"\"}",
         "reason must not be empty"},
        {"{\"t\":\"refused\",\"reason\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\"text\":"
         "\"\"}",
         "reason is too long"},
        {"{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"peer.quarantined\",\"body\":{"
         "\"quorumId\":\"00000000-0000-4000-8000-000000000000\",\"index\":1,"
         "\"peer\":2,\"reason\":\"CHEAT\\nplayer 3 is fine\",\"time\":\"1\"}}",
         "reason must be a word of capital letters, digits and _"},
        {"{\"t\":\"audited\",\"seq\":\"1\",\"hash\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\","
         "\"time\":\"1\",\"sig\":\"00\",\"reason\":\"\"}",
         "sig must be hex of the right length"},
        {"{\"t\":\"audit\",\"organizationId\":"
         "\"00000000-0000-4000-8000-000000000000\",\"seq\":1}",
         "seq must be a string"},
        {"{\"t\":\"pong\",\"time\":\"007\"}",
         "time must be a decimal number in a string"},
        {"{\"t\":\"pong\",\"time\":\"1x\"}",
         "time must be a decimal number in a string"},
        {"{\"t\":\"cmd\",\"id\":\"1\",\"kind\":\"quorum.finish\",\"body\":{"
         "\"quorumId\":\"00000000-0000-4000-8000-000000000000\",\"nonces\":[7]}}",
         "nonces must be an array of objects"},
        {"{\"t\":\"cmd\",\"id\":\"1\",\"kind\":\"quorum.finish\",\"body\":{"
         "\"quorumId\":\"00000000-0000-4000-8000-000000000000\",\"nonces\":[{},{},{},{}"
         ",{},{},{},{}]}}",
         "nonces has too many items"},
        {"{\"t\":\"pong\",\"time\":\"1\\u0000\"}",
         "the text is not valid JSON (or a key repeats)"},
        {"[]", "a JSON object is expected"},
        {"{\"t\":\"pong\",\"t\":\"pong\"}",
         "the text is not valid JSON (or a key repeats)"},
    };
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_ctl_frame f;
        char why[128] = "";

        assert_int_not_equal(decode(&f, cases[i].text, why), CS_OK);
        assert_string_equal(why, cases[i].why);
        cs_ctl_free(&f);
    }
}

static void again(const struct cs_ctl_frame *a, struct cs_ctl_frame *b)
{
    struct cs_wr first = {0}, second = {0};
    char why[128] = "";

    cs_ctl_encode(&first, a);
    if (cs_ctl_decode(b, cs_wr_get(&first), CS_CTL_MAX, why, sizeof why) != CS_OK) {
        fail_msg("%s", why);
    }
    cs_ctl_encode(&second, b);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    cs_wr_free(&first);
    cs_wr_free(&second);
}

static void frames_of_the_audit_log_survive_a_round_trip(void **state)
{
    struct cs_ctl_frame a = {.type = CS_CTL_AUDIT}, b;

    (void)state;
    a.u.audit.seq = UINT64_MAX;
    a.u.audit.known_seq = 7;
    a.u.audit.known_hash[31] = 9;
    again(&a, &b);
    assert_true(b.u.audit.seq == UINT64_MAX && b.u.audit.known_seq == 7);
    assert_int_equal(b.u.audit.known_hash[31], 9);
    a = (struct cs_ctl_frame){.type = CS_CTL_AUDITED};
    a.u.audited.sig[63] = 1;
    again(&a, &b); /* no reason: it is countersigned */
    assert_string_equal(b.u.audited.reason, "");
    (void)snprintf(a.u.audited.reason, 16, "AUDIT_FORK");
    again(&a, &b);
    assert_string_equal(b.u.audited.reason, "AUDIT_FORK");
}

/* A side that does not know the members neither sends them nor stumbles over them. */
static void what_an_older_side_does_not_say_is_none(void **state)
{
    struct cs_ctl_frame a = {.type = CS_CTL_HELLO}, b;
    struct cs_wr w = {0};

    (void)state;
    (void)snprintf(a.u.hello.version, 8, "1");
    (void)snprintf(a.u.hello.protocol, 16, "cloudsign/1");
    cs_ctl_encode(&w, &a);
    cs_wr_u8(&w, 0);
    assert_null(strstr((char *)w.p, "audit"));
    again(&a, &b);
    assert_true(b.u.hello.audit == 0 && b.u.hello.audit_seq == 0);
    a.u.hello.audit = 1;
    a.u.hello.audit_seq = 12;
    again(&a, &b);
    assert_true(b.u.hello.audit == 1 && b.u.hello.audit_seq == 12);
    cs_wr_free(&w);
}

static void the_status_may_tell_of_backups(void **state)
{
    struct cs_ctl_frame a = {.type = CS_CTL_STATUS}, b;

    (void)state;
    (void)snprintf(a.u.status.version, 8, "1");
    (void)snprintf(a.u.status.state, 8, "READY");
    (void)snprintf(a.u.status.words, 8, "w");
    again(&a, &b);
    assert_false(b.u.status.has_backup);
    a.u.status.has_backup = true;
    a.u.status.backup.time = 5;
    a.u.status.backup.complete = true;
    a.u.status.backup.n_to = CS_CTL_RECIPIENTS;
    a.u.status.backup.n_missing = CS_CTL_MISSING;
    a.u.status.backup.missing[31].id[15] = 3;
    again(&a, &b);
    assert_true(b.u.status.has_backup && b.u.status.backup.complete);
    assert_int_equal(b.u.status.backup.n_to, CS_CTL_RECIPIENTS);
    assert_int_equal(b.u.status.backup.missing[31].id[15], 3);
}

static void protocols_are_a_list_of_names(void **state)
{
    static const char *const bad[] = {
        "[]", "[7]", "[\"12345678901234567890123456789012\"]", "{}", "\"cloudsign/1\""};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_ctl_frame a = {.type = CS_CTL_HELLO}, f;
        struct cs_wr w = {0}, changed = {0};
        char why[128] = "", *at;

        (void)snprintf(a.u.hello.version, sizeof a.u.hello.version, "1");
        (void)snprintf(a.u.hello.protocol, sizeof a.u.hello.protocol, "cloudsign/1");
        cs_ctl_encode(&w, &a);
        assert_int_equal(cs_ctl_decode(&f, cs_wr_get(&w), CS_CTL_MAX, why, 128), CS_OK);
        cs_wr_u8(&w, 0);
        at = strstr((char *)w.p, "[\"cloudsign/1\"]");
        assert_non_null(at);
        *at = '\0';
        cs_wr_printf(&changed, "%s%s%s", (char *)w.p, bad[i],
                     at + strlen("[\"cloudsign/1\"]"));
        assert_int_equal(cs_ctl_decode(&f, cs_wr_get(&changed), CS_CTL_MAX, why, 128),
                         CS_ERR_BAD_FORMAT);
        assert_non_null(strstr(why, "protocols "));
        cs_wr_free(&w);
        cs_wr_free(&changed);
    }
}

static void json_of_exactly_the_allowed_depth_is_taken(void **state)
{
    struct cs_ctl_frame f;
    char why[128];

    (void)state;
    assert_int_equal(decode(&f,
                            "{\"t\":\"pong\",\"time\":\"1\",\"x\":[[[[[[[[[[[[[[["
                            "]]]]]]]]]]]]]]]}",
                            why),
                     CS_OK);
    assert_int_equal(decode(&f,
                            "{\"t\":\"pong\",\"time\":\"1\",\"x\":[[[[[[[[[[[[[[[["
                            "]]]]]]]]]]]]]]]]}",
                            why),
                     CS_ERR_LIMIT);
}

static void deep_wide_and_large_json_is_refused_before_parsing(void **state)
{
    struct cs_wr w = {0};
    struct cs_ctl_frame f;
    char why[128];

    (void)state;
    for (int i = 0; i < 17; i++) {
        cs_wr_str(&w, "{\"a\":");
    }
    assert_int_equal(cs_ctl_decode(&f, cs_wr_get(&w), CS_CTL_MAX, why, 128),
                     CS_ERR_LIMIT);
    cs_wr_reset(&w);
    cs_wr_str(&w, "{\"t\":\"pong\"");
    for (int i = 0; i < 64; i++) {
        cs_wr_printf(&w, ",\"k%d\":1", i);
    }
    cs_wr_str(&w, "}");
    assert_int_equal(cs_ctl_decode(&f, cs_wr_get(&w), CS_CTL_MAX, why, 128),
                     CS_ERR_LIMIT);
    assert_int_equal(cs_ctl_decode(&f, cs_wr_get(&w), 16, why, 128), CS_ERR_TOO_LONG);
    cs_wr_reset(&w);
    cs_wr_bytes(&w, "{\"t\":\"po\0ng\"}", 13);
    assert_int_equal(cs_ctl_decode(&f, cs_wr_get(&w), CS_CTL_MAX, why, 128),
                     CS_ERR_LIMIT);
    cs_wr_free(&w);
}

/* A small text must not become a large tree: "[{},{},.." is two bytes an object. */
static void json_of_very_many_parts_is_refused_before_parsing(void **state)
{
    static const struct {
        const char *part, *word;
        size_t most; /* parts that may be there */
    } bombs[] = {
        {"{}", "objects", 2046}, {"[]", "objects", 2046}, {"1", "values", 16382}};
    struct cs_ctl_frame f;
    char why[128];

    (void)state;
    for (size_t b = 0; b < CS_COUNTOF(bombs); b++) {
        for (size_t more = 0; more < 2; more++) {
            struct cs_wr w = {0};
            enum cs_err err;

            cs_wr_str(&w, "{\"t\":\"pong\",\"time\":\"1\",\"x\":[");
            for (size_t i = 0; i < bombs[b].most + more; i++) {
                cs_wr_printf(&w, "%s%s", i == 0 ? "" : ",", bombs[b].part);
            }
            cs_wr_str(&w, "]}");
            err = cs_ctl_decode(&f, cs_wr_get(&w), CS_CTL_MAX, why, sizeof why);
            assert_int_equal(err, more == 0 ? CS_OK : CS_ERR_LIMIT);
            assert_true(more == 0 || strstr(why, bombs[b].word) != NULL);
            cs_ctl_free(&f);
            cs_wr_free(&w);
        }
    }
}

static void pairs_must_rise_and_stay_in_range(void **state)
{
    static const char *const bad[] = {"[1,1]", "[2,1]",   "[0,1]",         "[1,8]",
                                      "[1]",   "[1,2,3]", "[\"1\",\"2\"]", "1"};
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_ctl_frame f;
        char text[512], why[128] = "";

        (void)snprintf(
            text, sizeof text,
            "{\"t\":\"evt\",\"id\":\"1\",\"kind\":\"key.checked\",\"body\":{"
            "\"requestId\":\"00000000-0000-4000-8000-000000000000\","
            "\"keyId\":\"00000000-0000-4000-8000-000000000000\",\"pair\":%s}}",
            bad[i]);
        assert_int_equal(decode(&f, text, why), CS_ERR_BAD_FORMAT);
        assert_non_null(strstr(why, "pair"));
        cs_ctl_free(&f);
    }
}

static void relay_frames_have_exact_shapes(void **state)
{
    static const uint8_t types[] = {0x01, 0x02, 0x03, 0x10, 0x11};
    uint8_t buf[100] = {0};

    (void)state;
    for (size_t t = 0; t < CS_COUNTOF(types); t++) {
        static const size_t good[] = {33, 81, 1, 18, 17};

        buf[0] = types[t];
        for (size_t n = 0; n < sizeof buf; n++) {
            struct cs_relay_frame f;
            bool ok = cs_relay_decode(&f, CS_SPAN(buf, n)) == CS_OK;
            bool want = types[t] == 0x10 ? n >= good[t] : n == good[t];
            struct cs_wr w = {0};

            assert_int_equal(ok, want);
            if (ok) {
                cs_relay_encode(&w, &f);
                assert_int_equal(w.n, n);
                assert_memory_equal(w.p, buf, n);
            }
            cs_wr_free(&w);
        }
    }
    struct cs_wr big = {0};

    *cs_wr_room(&big, CS_RELAY_MAX + 1) = CS_RELAY_DATA;
    assert_int_equal(cs_relay_decode(&(struct cs_relay_frame){0}, cs_wr_get(&big)),
                     CS_ERR_TOO_LONG);
    big.n--;
    assert_int_equal(cs_relay_decode(&(struct cs_relay_frame){0}, cs_wr_get(&big)),
                     CS_OK);
    cs_wr_free(&big);
    buf[0] = 0x7f;
    assert_int_not_equal(
        cs_relay_decode(&(struct cs_relay_frame){0}, CS_SPAN(buf, sizeof buf)), CS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_and_events_survive_a_round_trip),
        cmocka_unit_test(a_text_cut_inside_a_character_is_sent_up_to_it),
        cmocka_unit_test(a_trace_may_be_absent_and_is_bounded),
        cmocka_unit_test(a_trace_that_is_too_long_is_refused),
        cmocka_unit_test(after_an_error_the_frame_is_empty),
        cmocka_unit_test(a_frame_cut_at_any_byte_is_refused),
        cmocka_unit_test(errors_name_the_field),
        cmocka_unit_test(frames_of_the_audit_log_survive_a_round_trip),
        cmocka_unit_test(what_an_older_side_does_not_say_is_none),
        cmocka_unit_test(the_status_may_tell_of_backups),
        cmocka_unit_test(protocols_are_a_list_of_names),
        cmocka_unit_test(json_of_exactly_the_allowed_depth_is_taken),
        cmocka_unit_test(deep_wide_and_large_json_is_refused_before_parsing),
        cmocka_unit_test(json_of_very_many_parts_is_refused_before_parsing),
        cmocka_unit_test(pairs_must_rise_and_stay_in_range),
        cmocka_unit_test(relay_frames_have_exact_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
