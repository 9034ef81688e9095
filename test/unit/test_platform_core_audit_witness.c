/* Countersignatures in an export, checked offline (RELIABILITY T37): edit, drop,
 * reorder, truncate and fork, each named with the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/audit_head.h"
#include "crypto/group.h"
#include "crypto/identity.h"
#include "platform/core/audit_witness.h"

enum { N = 10, ROOM = 64, NODES = 3 };

struct file {
    char *line[ROOM];
    size_t n, at[N + 2]; /* line of record i */
    uint8_t hash[N + 2][CS_AUDIT_HASH];
};

static uint8_t seeds[NODES][32], iks[NODES][32];
static uint8_t org = 0xaa; /* the last byte of whose log it is */

static char *text_of(struct cs_wr *w)
{
    char *out;

    cs_wr_u8(w, 0);
    out = strdup((char *)w->p);
    assert_non_null(out);
    cs_wr_free(w);
    return out;
}

static void put(struct file *f, char *line)
{
    assert_true(f->n < ROOM);
    f->line[f->n++] = line;
}

static void put_record(struct file *f, int seq, const char *text)
{
    json_t *rec = json_pack("{s:i,s:s}", "seq", seq, "text", text);
    char hex[65];
    struct cs_wr canonical = {0}, line = {0};

    assert_int_equal(json_object_set_new(
                         rec, "prev", json_string(cs_hex(hex, f->hash[seq - 1], 32))),
                     0);
    cs_audit_canonical(&canonical, rec);
    cs_audit_hash(f->hash[seq], cs_wr_get(&canonical));
    cs_audit_line(&line, cs_wr_get(&canonical), f->hash[seq]);
    line.n--;
    f->at[seq] = f->n;
    put(f, text_of(&line));
    cs_wr_free(&canonical);
    json_decref(rec);
}

/* {deviceId, .. } of node i about a record. */
static json_t *said(const struct file *f, int i, int seq)
{
    struct cs_audit_head h = {.seq = (uint64_t)seq, .time = 1790000000000};
    uint8_t th[32], sig[64];
    char hash[65], ik[65], hex[129], id[48], org_id[48];
    json_t *o;

    memset(h.organization, 0, 16);
    h.organization[6] = 0x40;
    h.organization[8] = 0x80;
    h.organization[15] = org;
    memcpy(h.hash, f->hash[seq], 32);
    cs_audit_head_hash(th, &h);
    cs_sign(sig, seeds[i], CS_SPAN_OF(th));
    (void)snprintf(id, sizeof id, "00000000-0000-4000-8000-00000000000%d", i + 1);
    (void)snprintf(org_id, sizeof org_id, "00000000-0000-4000-8000-0000000000%02x",
                   org);
    o = json_pack("{s:s,s:s,s:s,s:s,s:i,s:s,s:s}", "deviceId", id, "hash",
                  cs_hex(hash, h.hash, 32), "ik", cs_hex(ik, iks[i], 32),
                  "organizationId", org_id, "seq", seq, "signature",
                  cs_hex(hex, sig, 64), "time", "1790000000000");
    assert_non_null(o);
    return o;
}

/* Takes o. */
static void put_said(struct file *f, json_t *o)
{
    struct cs_wr w = {0};

    cs_wr_str(&w, "{\"countersignature\":");
    cs_audit_canonical(&w, o);
    cs_wr_str(&w, "}");
    put(f, text_of(&w));
    json_decref(o);
}

/* Records 1 to 10; all nodes vouch for 4, two for 7, one for 9. */
static void fill(struct file *f, int from, const char *how)
{
    for (int i = from; i <= N; i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "%s %d", how, i);
        put_record(f, i, text);
        for (int k = 0; k < (i == 4 ? 3 : i == 7 ? 2 : i == 9 ? 1 : 0); k++) {
            put_said(f, said(f, k, i));
        }
    }
}

static struct file whole(void)
{
    struct file f = {.n = 0};

    fill(&f, 1, "what");
    return f;
}

static void done(struct file *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->line[i]);
    }
    f->n = 0;
}

static void drop(struct file *f, size_t i)
{
    free(f->line[i]);
    memmove(&f->line[i], &f->line[i + 1], (f->n - i - 1) * sizeof f->line[0]);
    f->n--;
}

static struct cs_audit_check run(const struct file *f, struct cs_audit_witnesses *w)
{
    struct cs_audit_check c = {.witnesses = w};

    for (size_t i = 0; i < f->n; i++) {
        cs_audit_check_line(&c, CS_SPAN(f->line[i], strlen(f->line[i])));
    }
    cs_audit_check_end(&c, NULL);
    return c;
}

/* list NULL: none. */
static void fault(struct file *f, const char *list, enum cs_audit_fault want,
                  uint64_t seq)
{
    struct cs_audit_witnesses w = {.n = 0};
    struct cs_audit_check c;
    char why[128];

    if (list != NULL &&
        !cs_audit_witnesses_load(&w, CS_SPAN(list, strlen(list)), why, sizeof why)) {
        fail_msg("%s", why);
    }
    c = run(f, &w);
    if (c.fault != want || c.seq != seq) {
        fail_msg("want %s %d, got %s %d: %s", cs_audit_fault_word(want), (int)seq,
                 cs_audit_fault_word(c.fault), (int)c.seq, c.why);
    }
    assert_true(want == CS_AUDIT_FINE || c.why[0] != '\0');
    cs_audit_witnesses_free(&w);
    done(f);
}

/* What node i says of record seq of this file, as its status has it. */
static char *status_of(const struct file *f, int i, int seq)
{
    json_t *o = said(f, i, seq), *all;
    char *text;

    all = json_pack("{s:s,s:O}", "deviceId",
                    json_string_value(json_object_get(o, "deviceId")), "audit", o);
    assert_int_equal(json_object_del(o, "deviceId"), 0);
    text = json_dumps(all, 0);
    assert_non_null(text);
    json_decref(o);
    json_decref(all);
    return text;
}

static int up(void **state)
{
    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    for (int i = 0; i < NODES; i++) {
        memset(seeds[i], i + 1, 32);
        cs_sign_public(iks[i], seeds[i]);
    }
    return 0;
}

/* ---- whole ------------------------------------------------------------- */

static void a_whole_export_says_how_many_nodes_vouch_up_to_where(void **state)
{
    struct cs_audit_witnesses w = {.n = 0};
    struct file f = whole();
    struct cs_audit_check c = run(&f, &w);

    (void)state;
    assert_string_equal(c.why, "");
    assert_int_equal(c.fault, CS_AUDIT_FINE);
    assert_int_equal(cs_audit_witnesses_at(&w, 3), 4);
    assert_int_equal(cs_audit_witnesses_at(&w, 2), 7);
    assert_int_equal(cs_audit_witnesses_at(&w, 1), 9);
    assert_int_equal(cs_audit_witnesses_at(&w, 4), 0);
    assert_int_equal(cs_audit_witnesses_at(&w, 0), 0);
    cs_audit_witnesses_free(&w);
    done(&f);
}

static void without_witnesses_the_chain_alone_is_checked(void **state)
{
    struct file f = whole();
    struct cs_audit_check c = run(&f, NULL);

    (void)state;
    assert_int_equal(c.fault, CS_AUDIT_FINE);
    assert_int_equal(c.next, N + 1);
    done(&f);
}

static void a_later_part_counts_what_is_in_it(void **state)
{
    struct cs_audit_witnesses w = {.n = 0};
    struct file f = whole();
    struct cs_audit_check c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        drop(&f, 0); /* 1, 2, 3, 4, and two that vouch for 4: one is left over */
    }
    c = run(&f, &w);
    assert_int_equal(c.fault, CS_AUDIT_FINE);
    assert_int_equal(cs_audit_witnesses_at(&w, 2), 7);
    cs_audit_witnesses_free(&w);
    done(&f);
}

static void only_devices_of_the_list_count(void **state)
{
    struct cs_audit_witnesses w = {.n = 0};
    struct file f = whole();
    char *list = status_of(&f, 1, 4), why[128];
    struct cs_audit_check c;

    (void)state;
    assert_true(cs_audit_witnesses_load(&w, CS_SPAN(list, strlen(list)), why, 128));
    c = run(&f, &w);
    assert_int_equal(c.fault, CS_AUDIT_FINE);
    assert_int_equal(cs_audit_witnesses_at(&w, 1), 7);
    assert_int_equal(cs_audit_witnesses_at(&w, 2), 0);
    assert_int_equal(w.strangers, 4); /* nodes 1 and 3 */
    cs_audit_witnesses_free(&w);
    free(list);
    done(&f);
}

/* ---- tampering --------------------------------------------------------- */

static void an_edited_record_is_named(void **state)
{
    struct file f = whole();
    char *at = strstr(f.line[f.at[6]], "what 6");

    (void)state;
    memcpy(at, "WHAT", 4);
    fault(&f, NULL, CS_AUDIT_CHANGED, 6);
}

static void a_dropped_record_is_named(void **state)
{
    struct file f = whole();

    (void)state;
    drop(&f, f.at[6]);
    fault(&f, NULL, CS_AUDIT_MISSING, 6);
    f = whole();
    drop(&f, f.at[4]); /* who vouches for it is still there */
    fault(&f, NULL, CS_AUDIT_MISSING, 4);
}

static void reordered_records_are_named(void **state)
{
    struct file f = whole();
    char *keep = f.line[f.at[3]];

    (void)state;
    f.line[f.at[3]] = f.line[f.at[5]]; /* countersignatures of 4 between them */
    f.line[f.at[5]] = keep;
    fault(&f, NULL, CS_AUDIT_SWAPPED, 3);
}

static void a_cut_end_is_found_by_what_nodes_say(void **state)
{
    struct file f = whole(), other = whole();
    char *list = status_of(&other, 0, 9);

    (void)state;
    while (f.n > f.at[8]) { /* and with it the lines of nodes */
        drop(&f, f.n - 1);
    }
    fault(&f, list, CS_AUDIT_TRUNCATED, 8);
    f = whole();
    drop(&f, f.at[10]);
    drop(&f, f.at[9]); /* the line of the node stays */
    fault(&f, NULL, CS_AUDIT_TRUNCATED, 9);
    f = whole();
    drop(&f, f.at[10]); /* nobody vouches for it */
    fault(&f, list, CS_AUDIT_FINE, 0);
    free(list);
    done(&other);
}

static void a_fork_is_named_at_the_record_that_nodes_have_seen(void **state)
{
    struct file real = whole(), f = {.n = 0};
    char *list = status_of(&real, 0, 9);
    uint64_t at = 0;

    (void)state;
    /* Made anew from record 6 on, with all hashes: the chain itself is whole. */
    for (int i = 1; i <= N; i++) {
        char text[32];

        (void)snprintf(text, sizeof text, "%s %d", i < 6 ? "what" : "nothing", i);
        put_record(&f, i, text);
        if (i == 7) {
            put_said(&f, said(&real, 1, 7)); /* what was said of the real one */
            at = 7;
        }
    }
    assert_int_equal(at, 7);
    fault(&f, NULL, CS_AUDIT_FORKED, 7);
    fill(&f, 1, "another past"); /* vouched for, too: the node remembers the first */
    fault(&f, list, CS_AUDIT_FORKED, 9);
    free(list);
    done(&real);
}

static void a_fork_without_the_nodes_lines_is_found_by_the_list(void **state)
{
    struct file real = whole(), f = {.n = 0};
    char *list = status_of(&real, 0, 9);

    (void)state;
    for (int i = 1; i <= N; i++) {
        put_record(&f, i, i == 8 ? "nothing" : "what");
    }
    fault(&f, list, CS_AUDIT_FORKED, 9);
    free(list);
    done(&real);
}

/* ---- countersignatures that are none ------------------------------------ */

static void a_forged_countersignature_is_named(void **state)
{
    static const struct {
        const char *member, *value;
    } bad[] = {
        {"signature", "0000000000000000000000000000000000000000000000000000000000000000"
                      "0000000000000000"
                      "000000000000000000000000000000000000000000000000"},
        {"time", "1790000000001"},
        {"organizationId", "00000000-0000-4000-8000-0000000000ab"},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct file f = whole();
        json_t *o = said(&f, 0, N);

        assert_int_equal(
            json_object_set_new(o, bad[i].member, json_string(bad[i].value)), 0);
        put_said(&f, o);
        fault(&f, NULL, CS_AUDIT_FORGED, N);
    }
}

static void another_key_than_the_devices_is_forged(void **state)
{
    struct file f = whole(), g = whole();
    char *list = status_of(&f, 0, 4), hex[65];
    json_t *o = said(&f, 1, N);

    (void)state;
    /* Node 2 signs as node 1. */
    assert_int_equal(json_object_set_new(o, "deviceId",
                                         json_string("00000000-0000-4000-8000-"
                                                     "000000000001")),
                     0);
    put_said(&f, json_incref(o));
    fault(&f, list, CS_AUDIT_FORGED, N);
    assert_int_equal(json_object_set_new(o, "ik", json_string(cs_hex(hex, iks[0], 32))),
                     0);
    put_said(&g, o); /* with node 1's key beside it */
    fault(&g, list, CS_AUDIT_FORGED, N);
    free(list);
}

static void what_is_no_countersignature_is_unreadable(void **state)
{
    static const char *const drop_one[] = {
        "deviceId", "hash", "ik", "organizationId", "seq", "signature", "time"};
    struct file f;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(drop_one); i++) {
        json_t *o;

        f = whole();
        o = said(&f, 0, N);
        assert_int_equal(json_object_del(o, drop_one[i]), 0);
        put_said(&f, o);
        fault(&f, NULL, CS_AUDIT_UNREADABLE, N);
    }
    f = whole();
    put_said(&f, said(&f, 0, 4)); /* true, and in another place */
    fault(&f, NULL, CS_AUDIT_UNREADABLE, N);
}

/* What stands beside the checked members would be read by whoever looks for records. */
static void a_record_beside_a_countersignature_is_found(void **state)
{
    static const char *const beside[] = {
        ",\"hash\":\"00\",\"record\":{\"seq\":11,\"action\":\"DELETE /v2/x\"}}",
        ",\"record\":{\"seq\":11}}", ",\"note\":\"all is well\"}"};
    struct file f;

    (void)state;
    for (size_t i = 0; i < 2 * CS_COUNTOF(beside); i++) {
        struct cs_wr w = {0};
        size_t at;
        char *line;

        f = whole();
        if (i < CS_COUNTOF(beside)) {
            put_said(&f, said(&f, 0, N));
        } else {
            put_record(&f, N + 1, "a true one");
        }
        at = f.n - 1;
        line = f.line[at];
        cs_wr_bytes(&w, line, strlen(line) - 1);
        cs_wr_str(&w, beside[i % CS_COUNTOF(beside)]);
        f.line[at] = text_of(&w);
        free(line);
        fault(&f, NULL, CS_AUDIT_UNREADABLE, N + 1);
    }
}

/* Nor are there more members in a countersignature than its node has signed. */
static void a_countersignature_says_nothing_more(void **state)
{
    struct file f = whole();
    json_t *o = said(&f, 0, N);

    (void)state;
    assert_int_equal(json_object_set_new(o, "record", json_true()), 0);
    put_said(&f, o);
    fault(&f, NULL, CS_AUDIT_UNREADABLE, N);
}

static void lists_that_make_no_sense_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "   \n",
        "[]",
        "{",
        "7",
        "{\"deviceId\":\"x\"}",
        "{\"deviceId\":\"00000000-0000-4000-8000-000000000001\"}",
        "{\"deviceId\":\"00000000-0000-4000-8000-000000000001\",\"ik\":\"00\"}",
        "{\"audit\":{}}",
        "{\"audit\":7,\"deviceId\":\"00000000-0000-4000-8000-000000000001\"}",
        "{\"deviceId\":\"00000000-0000-4000-8000-000000000001\",\"ik\":"
        "\"0101010101010101010101010101010101010101010101010101010101010101\"}"
        "{\"deviceId\":\"00000000-0000-4000-8000-000000000001\",\"ik\":"
        "\"0201010101010101010101010101010101010101010101010101010101010101\"}",
        "{\"deviceId\":\"00000000-0000-4000-8000-000000000001\",\"ik\":"
        "\"0101010101010101010101010101010101010101010101010101010101010101\","
        "\"signature\":\"00\"}",
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        struct cs_audit_witnesses w = {.n = 0};
        char why[128] = "";

        assert_false(
            cs_audit_witnesses_load(&w, CS_SPAN(bad[i], strlen(bad[i])), why, 128));
        assert_true(why[0] != '\0');
        cs_audit_witnesses_free(&w);
    }
}

static void list_fails(const char *list, const char *want)
{
    struct cs_audit_witnesses w = {.n = 0};
    char why[128] = "";

    assert_false(
        cs_audit_witnesses_load(&w, CS_SPAN(list, strlen(list)), why, sizeof why));
    if (strstr(why, want) == NULL) {
        fail_msg("want %s, got %s", want, why);
    }
    cs_audit_witnesses_free(&w);
}

static void what_a_list_says_has_to_verify(void **state)
{
    struct file f = whole();
    char *list = status_of(&f, 0, 9), *at = strstr(list, "1790000000000");

    (void)state;
    at[12] = '1';
    list_fails(list, "does not verify");
    free(list);
    done(&f);
}

/* Truly signed, of the same nodes: another log is no witness of this one. */
static void what_is_said_of_another_organisation_does_not_count(void **state)
{
    struct file f = whole();
    struct cs_wr both = {0};
    char *ours = status_of(&f, 0, 4), *other;

    (void)state;
    org = 0xbb;
    other = status_of(&f, 1, 4);
    put_said(&f, said(&f, 0, N));
    org = 0xaa;
    cs_wr_printf(&both, "%s\n%s", ours, other);
    cs_wr_u8(&both, 0);
    list_fails((const char *)both.p, "two organisations");
    fault(&f, ours, CS_AUDIT_FORGED, N);
    cs_wr_free(&both);
    free(ours);
    free(other);
}

static void a_list_may_be_an_array_or_one_after_the_other(void **state)
{
    struct file f = whole();
    char *a = status_of(&f, 0, 4), *b = status_of(&f, 1, 7);
    struct cs_audit_witnesses w = {.n = 0};
    struct cs_wr text = {0};
    char why[128];

    (void)state;
    cs_wr_printf(&text,
                 "%s\n%s\n[{\"deviceId\":\"00000000-0000-4000-8000-000000000003\","
                 "\"ik\":\"%064d\"}]\n",
                 a, b, 7);
    assert_true(cs_audit_witnesses_load(&w, cs_wr_get(&text), why, sizeof why));
    assert_int_equal(w.n, 3);
    assert_int_equal(w.n_expected, 2);
    cs_audit_witnesses_free(&w);
    cs_wr_free(&text);
    free(a);
    free(b);
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_export_says_how_many_nodes_vouch_up_to_where),
        cmocka_unit_test(without_witnesses_the_chain_alone_is_checked),
        cmocka_unit_test(a_later_part_counts_what_is_in_it),
        cmocka_unit_test(only_devices_of_the_list_count),
        cmocka_unit_test(an_edited_record_is_named),
        cmocka_unit_test(a_dropped_record_is_named),
        cmocka_unit_test(reordered_records_are_named),
        cmocka_unit_test(a_cut_end_is_found_by_what_nodes_say),
        cmocka_unit_test(a_fork_is_named_at_the_record_that_nodes_have_seen),
        cmocka_unit_test(a_fork_without_the_nodes_lines_is_found_by_the_list),
        cmocka_unit_test(a_forged_countersignature_is_named),
        cmocka_unit_test(another_key_than_the_devices_is_forged),
        cmocka_unit_test(what_is_no_countersignature_is_unreadable),
        cmocka_unit_test(a_record_beside_a_countersignature_is_found),
        cmocka_unit_test(a_countersignature_says_nothing_more),
        cmocka_unit_test(lists_that_make_no_sense_are_refused),
        cmocka_unit_test(what_a_list_says_has_to_verify),
        cmocka_unit_test(what_is_said_of_another_organisation_does_not_count),
        cmocka_unit_test(a_list_may_be_an_array_or_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, up, NULL);
}
