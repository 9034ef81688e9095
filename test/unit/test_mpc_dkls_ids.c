/* Names of DKLs23 and the message that opens a session (PROTOCOLS 2.4, 15.1 A1, A3, A4;
 * 10, rows 26, 34, 48). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hash.h"
#include "mpc/dkls_ids.h"
#include "mpc/rvole.h"
#include "support/groups.h"

/* No two of n names are the same. */
static void all_differ(uint8_t (*id)[32], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (memcmp(id[i], id[k], 32) == 0) {
                fail_msg("names %zu and %zu are the same", k, i);
            }
        }
    }
}

/* ---- presid ---------------------------------------------------------------------- */

/* Rows 26, 48; A4: every fact about the session is in its name. */
static void every_input_of_presid_changes_it(void **state)
{
    struct cs_dkls_request q = {.n = 2, .signers = {1, 2}, .n_items = 1};
    uint8_t *const field[] = {q.reqh,    q.ds_hash, q.key_id,   q.cert_hash, q.boot[1],
                              q.boot[2], q.nonce,   q.osids[0], q.osids[1]};
    uint8_t id[20][32];
    size_t n = 0;

    (void)state;
    cs_dkls_presid(id[n++], &q);
    for (size_t i = 0; i < CS_COUNTOF(field); i++) {
        field[i][5] ^= 1;
        cs_dkls_presid(id[n++], &q);
        field[i][5] ^= 1;
    }
    q.key_epoch = 1;
    cs_dkls_presid(id[n++], &q);
    q.key_epoch = 0;
    q.signers[1] = 3;
    cs_dkls_presid(id[n++], &q);
    q.n = 3;
    q.signers[1] = 2;
    q.signers[2] = 3;
    for (size_t i = 0; i < 7; i++) { /* none, and each osid of three signers */
        cs_dkls_presid(id[n++], &q);
        q.osids[i % 6][31] ^= 1;
    }
    all_differ(id, n);
}

static void boots_of_others_and_unused_osids_are_not_in_presid(void **state)
{
    struct cs_dkls_request q = {.n = 2, .signers = {1, 3}, .n_items = 1};
    uint8_t id[2][32];

    (void)state;
    cs_dkls_presid(id[0], &q);
    q.boot[2][0] = 1;
    q.osids[2][0] = 1;
    q.signers[2] = 5;
    cs_dkls_presid(id[1], &q);
    assert_memory_equal(id[0], id[1], 32);
}

/* The item's own hash only where there are several: one item is reqh itself. */
static void items_of_one_request_have_names_of_their_own(void **state)
{
    struct cs_dkls_request q = {.n = 2, .signers = {1, 2}, .n_items = 1};
    static const struct {
        uint16_t item, n;
    } of[] = {{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {256, 257}, {1, 257}};
    uint8_t id[CS_COUNTOF(of) + 1][32], hash[32];
    const uint8_t item[2] = {1, 0}, n[2] = {1, 1};
    const struct cs_span x[] = {CS_SPAN_OF(q.reqh), CS_SPAN_OF(item), CS_SPAN_OF(n)};

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(of); i++) {
        q.item = of[i].item;
        q.n_items = of[i].n;
        cs_dkls_presid(id[i], &q);
    }
    all_differ(id, CS_COUNTOF(of));
    cs_th(hash, CS_TAG_REQ_ITEM, x, CS_COUNTOF(x)); /* of {256, 257} */
    memcpy(q.reqh, hash, 32);
    q.item = 0;
    q.n_items = 1;
    cs_dkls_presid(id[CS_COUNTOF(of)], &q);
    assert_memory_equal(id[CS_COUNTOF(of)], id[5], 32);
}

/* ---- sid, tr, rsid, commitments -------------------------------------------------- */

/* A3. */
static void every_input_of_sid_and_tr_changes_it(void **state)
{
    uint8_t a[32] = {0}, b[32] = {1}, id[12][32];
    const struct cs_dkls_first x = {a, CS_SPAN_OF(a)}, y = {b, CS_SPAN_OF(b)},
                               z = {a, CS_SPAN_OF(b)};
    const struct cs_dkls_first sets[][3] = {
        {x, y, x}, {y, x, x}, {z, y, x}, {x, x, x}, {x, y, y}};
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(sets); i++) {
        cs_dkls_sid(id[n++], a, sets[i], 3);
    }
    cs_dkls_sid(id[n++], b, sets[0], 3);
    cs_dkls_sid(id[n++], a, sets[0], 2);
    all_differ(id, n);
    n = 0;
    for (size_t i = 0; i < CS_COUNTOF(sets); i++) {
        if (i != 2) { /* tr is of payloads only */
            cs_dkls_tr1(id[n++], a, sets[i], 3);
        }
    }
    cs_dkls_tr1(id[n++], b, sets[0], 3);
    cs_dkls_tr1(id[n++], a, sets[0], 2);
    all_differ(id, n);
}

static void the_extension_is_in_the_pads_of_three(void **state)
{
    static uint8_t ext[CS_OTX_LEN];
    const struct cs_ot_ids ids = {.alice = 1, .bob = 2};
    struct cs_ot_ids other = ids;
    uint8_t sid[32] = {0}, id[8][32];
    size_t n = 0;

    (void)state;
    cs_rvole_rsid(id[n++], &ids, sid);
    cs_dkls_rsid_m1(id[n++], &ids, sid, ext);
    ext[CS_OTX_LEN - 1] = 1;
    cs_dkls_rsid_m1(id[n++], &ids, sid, ext);
    sid[0] = 1;
    cs_dkls_rsid_m1(id[n++], &ids, sid, ext);
    other.alice = 3;
    cs_dkls_rsid_m1(id[n++], &other, sid, ext);
    other = ids;
    other.bob = 3;
    cs_dkls_rsid_m1(id[n++], &other, sid, ext);
    other = ids;
    other.osid[0] = 1;
    cs_dkls_rsid_m1(id[n++], &other, sid, ext);
    all_differ(id, n);
}

/* Row 16. */
static void commitments_hang_on_session_and_direction(void **state)
{
    uint8_t R[33] = {2}, salt[32] = {1}, id[32] = {0}, com[12][32];
    size_t n = 0;

    (void)state;
    cs_dkls_com(com[n++], id, 1, 2, R, salt);
    cs_dkls_com(com[n++], id, 2, 1, R, salt);
    cs_dkls_com(com[n++], id, 1, 3, R, salt);
    cs_dkls_com_all(com[n++], id, 1, R, salt);
    cs_dkls_com_all(com[n++], id, 2, R, salt);
    id[0] = 1;
    cs_dkls_com(com[n++], id, 1, 2, R, salt);
    cs_dkls_com_all(com[n++], id, 1, R, salt);
    R[0] = 3;
    cs_dkls_com(com[n++], id, 1, 2, R, salt);
    cs_dkls_com_all(com[n++], id, 1, R, salt);
    salt[0] = 2;
    cs_dkls_com(com[n++], id, 1, 2, R, salt);
    cs_dkls_com_all(com[n++], id, 1, R, salt);
    all_differ(com, n);
}

/* ---- SES_OPEN -------------------------------------------------------------------- */

static struct cs_dkls_open some_open(uint8_t n)
{
    static const uint8_t signers[] = {1, 2, 3, 4, 5, 6, 7};
    struct cs_dkls_open o;

    memset(&o, 0, sizeof o);
    stream_bytes(&rnd, o.nonce, sizeof o.nonce);
    stream_bytes(&rnd, o.request_id, sizeof o.request_id);
    stream_bytes(&rnd, o.reqh, sizeof o.reqh);
    o.kind = CS_REQUEST_SIGN_DIGEST;
    o.attempt = 0x01020304;
    o.item = CS_DKLS_ITEMS_MAX - 1;
    o.n = n;
    memcpy(o.signers, signers + (n < 7 ? 1 : 0), n);
    stream_bytes(&rnd, o.osids[0], (size_t)32 * n * (n - 1u));
    return o;
}

static void an_open_message_comes_back_as_it_was(void **state)
{
    (void)state;
    for (uint8_t n = 2; n <= CS_PARTIES_MAX; n++) {
        struct cs_dkls_open o = some_open(n), back;
        struct cs_wr w = {0};

        cs_dkls_open_encode(&w, &o);
        assert_int_equal(w.n, 32 + 16 + 32 + 1 + 4 + 2 + 1 + n + 32 * n * (n - 1));
        assert_int_equal(cs_dkls_open_decode(&back, cs_wr_get(&w)), CS_OK);
        assert_memory_equal(&back, &o, sizeof o);
        cs_wr_free(&w);
    }
}

static void an_open_message_of_any_other_length_is_refused(void **state)
{
    struct cs_dkls_open o = some_open(3), back;
    struct cs_wr w = {0};

    (void)state;
    memset(&back, 0xa5, sizeof back);
    cs_dkls_open_encode(&w, &o);
    for (size_t n = 0; n < w.n; n++) {
        assert_int_equal(cs_dkls_open_decode(&back, CS_SPAN(w.p, n)),
                         CS_ERR_BAD_FORMAT);
    }
    cs_wr_u8(&w, 0);
    assert_int_equal(cs_dkls_open_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    for (size_t i = 0; i < sizeof back; i++) {
        assert_int_equal(((const uint8_t *)&back)[i], 0xa5); /* untouched */
    }
    cs_wr_free(&w);
}

enum { AT_KIND = 80, AT_ITEM = 85, AT_N = 87, AT_SIGNERS = 88 };

/* Rows 21, 29: indices 0 and above 7, repeated, falling; counts that are none. */
static void fields_that_no_honest_initiator_sends_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum cs_err err;
    } rows[] = {
        {AT_KIND, 0, CS_ERR_BAD_FORMAT},
        {AT_KIND, CS_REQUEST_KEYGEN, CS_ERR_BAD_FORMAT},
        {AT_KIND, CS_REQUEST_SIGN_RAW, CS_OK},
        {AT_ITEM, 2, CS_ERR_BAD_FORMAT}, /* 2 * 256 + 255 */
        {AT_N, 0, CS_ERR_BAD_FORMAT},
        {AT_N, 1, CS_ERR_BAD_FORMAT},
        {AT_N, 2, CS_ERR_BAD_FORMAT},
        {AT_N, 8, CS_ERR_BAD_FORMAT},
        {AT_N, 255, CS_ERR_BAD_FORMAT},
        {AT_SIGNERS, 0, CS_ERR_BAD_FORMAT},
        {AT_SIGNERS, 1, CS_OK},
        {AT_SIGNERS, 3, CS_ERR_BAD_FORMAT},
        {AT_SIGNERS + 1, 2, CS_ERR_BAD_FORMAT},
        {AT_SIGNERS + 2, 7, CS_OK},
        {AT_SIGNERS + 2, 8, CS_ERR_BAD_FORMAT},
        {AT_SIGNERS + 2, 255, CS_ERR_BAD_FORMAT},
    };
    struct cs_dkls_open o = some_open(3), back; /* {2, 3, 4} */
    struct cs_wr w = {0};

    (void)state;
    cs_dkls_open_encode(&w, &o);
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        uint8_t was = w.p[rows[i].at];

        w.p[rows[i].at] = rows[i].value;
        if (cs_dkls_open_decode(&back, cs_wr_get(&w)) != rows[i].err) {
            fail_msg("row %zu: byte %zu", i, rows[i].at);
        }
        w.p[rows[i].at] = was;
    }
    cs_wr_free(&w);
}

/* Row 29: one signer, or none, in a message that is right in all else. */
static void fewer_than_two_signers_are_refused(void **state)
{
    struct cs_dkls_open o = some_open(2), back;
    struct cs_wr w = {0};

    (void)state;
    cs_dkls_open_encode(&w, &o);
    for (uint8_t n = 0; n < 2; n++) {
        w.p[AT_N] = n;
        assert_int_equal(
            cs_dkls_open_decode(&back, CS_SPAN(w.p, (size_t)AT_SIGNERS + n)),
            CS_ERR_BAD_FORMAT);
    }
    cs_wr_free(&w);
}

static void osids_stand_sorted_by_alice_and_bob(void **state)
{
    const uint8_t signers[] = {2, 3, 7};
    size_t slot = 0;

    (void)state;
    for (size_t a = 0; a < 3; a++) {
        for (size_t b = 0; b < 3; b++) {
            if (a != b) {
                assert_int_equal(cs_dkls_osid_slot(signers, 3, signers[a], signers[b]),
                                 slot);
                slot++;
            }
        }
    }
    assert_int_equal(cs_dkls_osid_slot(signers, 2, 2, 3), 0);
    assert_int_equal(cs_dkls_osid_slot(signers, 2, 3, 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_of_presid_changes_it),
        cmocka_unit_test(boots_of_others_and_unused_osids_are_not_in_presid),
        cmocka_unit_test(items_of_one_request_have_names_of_their_own),
        cmocka_unit_test(every_input_of_sid_and_tr_changes_it),
        cmocka_unit_test(the_extension_is_in_the_pads_of_three),
        cmocka_unit_test(commitments_hang_on_session_and_direction),
        cmocka_unit_test(an_open_message_comes_back_as_it_was),
        cmocka_unit_test(an_open_message_of_any_other_length_is_refused),
        cmocka_unit_test(fields_that_no_honest_initiator_sends_are_refused),
        cmocka_unit_test(fewer_than_two_signers_are_refused),
        cmocka_unit_test(osids_stand_sorted_by_alice_and_bob),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
