/* Header, AEAD, counter window, plaintext, signed broadcasts (PROTOCOLS 2.3, 15.1). */
#include "support/link_pair.h"

#include "crypto/aead.h"
#include "crypto/hash.h"

static struct cs_frame_header a_header(void)
{
    struct cs_frame_header h = {.ver = 1,
                                .proto = 3,
                                .type = 2,
                                .round = 4,
                                .from = 5,
                                .to = 6,
                                .key_epoch = 0x01020304,
                                .ctr = 0x1112131415161718,
                                .len = 0x21222324};

    memset(h.ds_hash, 0xd5, sizeof h.ds_hash);
    memset(h.link_id, 0x11, sizeof h.link_id);
    memset(h.key_id, 0x4b, sizeof h.key_id);
    memset(h.sid, 0x51, sizeof h.sid);
    return h;
}

static void the_header_has_118_bytes_in_the_documented_order(void **state)
{
    struct cs_frame_header h = a_header(), back;
    uint8_t b[CS_FRAME_HEADER], again[CS_FRAME_HEADER];
    const uint8_t head[6] = {1, 3, 2, 4, 5, 6};
    const uint8_t epoch[4] = {1, 2, 3, 4};
    const uint8_t tail[12] = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
                              0x17, 0x18, 0x21, 0x22, 0x23, 0x24};

    (void)state;
    cs_frame_header_encode(b, &h);
    assert_memory_equal(b, head, 6);
    assert_int_equal(b[6], 0xd5);
    assert_int_equal(b[38], 0x11);
    assert_int_equal(b[54], 0x4b);
    assert_memory_equal(b + 70, epoch, 4);
    assert_int_equal(b[74], 0x51);
    assert_memory_equal(b + 106, tail, 12);
    assert_int_equal(cs_frame_header_decode(&back, CS_SPAN_OF(b)), CS_OK);
    cs_frame_header_encode(again, &back);
    assert_memory_equal(again, b, sizeof b);
    for (size_t n = 0; n < sizeof b; n++) {
        assert_int_equal(cs_frame_header_decode(&back, CS_SPAN(b, n)),
                         CS_ERR_TRUNCATED);
    }
}

static void frames_above_the_limit_are_refused(void **state)
{
    static uint8_t big[CS_FRAME_MAX + 1];
    struct cs_frame_header h = a_header();
    struct cs_wr w = {0};
    uint8_t key[32] = {1};

    (void)state;
    assert_int_equal(cs_frame_header_decode(&h, CS_SPAN(big, sizeof big)),
                     CS_ERR_TOO_LONG);
    assert_int_equal(cs_frame_header_decode(&h, CS_SPAN(big, sizeof big - 1)), CS_OK);
    assert_int_equal(cs_frame_seal(&w, &h, key, CS_SPAN(big, CS_FRAME_PLAIN_MAX + 1)),
                     CS_ERR_USAGE);
    assert_int_equal(w.n, 0);
    assert_int_equal(cs_frame_seal(&w, &h, key, CS_SPAN(big, CS_FRAME_PLAIN_MAX)),
                     CS_OK);
    assert_int_equal(w.n, CS_FRAME_MAX);
    cs_wr_free(&w);
}

static void the_nonce_is_four_zero_bytes_and_the_counter(void **state)
{
    struct cs_frame_header h = a_header();
    const uint8_t nonce[12] = {0,    0,    0,    0,    0x11, 0x12,
                               0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
    uint8_t key[32] = {7}, want[4 + 16];
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_frame_seal(&w, &h, key, CS_SPAN_LIT("data")), CS_OK);
    cs_chacha_seal(want, key, nonce, CS_SPAN(w.p, CS_FRAME_HEADER),
                   CS_SPAN_LIT("data"));
    assert_int_equal(w.n, CS_FRAME_HEADER + sizeof want);
    assert_memory_equal(w.p + CS_FRAME_HEADER, want, sizeof want);
    assert_int_equal(w.p[117], 4); /* len is the plaintext's */
    cs_wr_free(&w);
}

static void every_altered_byte_of_a_frame_fails_to_open(void **state)
{
    struct cs_frame_header h = a_header(), got;
    uint8_t key[32] = {7};
    struct cs_wr w = {0}, plain = {0};

    (void)state;
    assert_int_equal(cs_frame_seal(&w, &h, key, CS_SPAN_LIT("some data")), CS_OK);
    for (size_t k = 0; k < w.n; k++) {
        w.p[k] ^= 0x40;
        assert_int_equal(cs_frame_header_decode(&got, cs_wr_get(&w)), CS_OK);
        assert_int_equal(cs_frame_open(&plain, &got, key, cs_wr_get(&w)), CS_ERR_AEAD);
        assert_true(plain.n == 0 || cs_ct_is_zero(plain.p, plain.n));
        cs_wr_reset(&plain);
        w.p[k] ^= 0x40;
    }
    for (size_t n = CS_FRAME_HEADER; n < w.n; n++) {
        assert_int_equal(cs_frame_open(&plain, &h, key, CS_SPAN(w.p, n)), CS_ERR_AEAD);
    }
    assert_int_equal(cs_frame_open(&plain, &h, key, cs_wr_get(&w)), CS_OK);
    assert_memory_equal(plain.p, "some data", 9);
    cs_wr_free(&w);
    cs_wr_free(&plain);
}

/* ---- window ---------------------------------------------------------------------- */

static bool take(struct cs_window *w, uint64_t ctr)
{
    if (!cs_window_fresh(w, ctr)) {
        return false;
    }
    cs_window_mark(w, ctr);
    return true;
}

static void each_counter_is_accepted_once(void **state)
{
    struct cs_window w = {0};

    (void)state;
    assert_true(take(&w, 0));
    assert_false(take(&w, 0));
    assert_true(take(&w, 5));
    assert_true(take(&w, 3));
    assert_false(take(&w, 3));
    assert_false(take(&w, 5));
    assert_true(take(&w, 1));
}

static void the_window_is_1024_wide(void **state)
{
    struct cs_window w = {0};

    (void)state;
    assert_true(take(&w, 5000));
    assert_true(cs_window_fresh(&w, 5000 - 1023));
    assert_false(cs_window_fresh(&w, 5000 - 1024));
    assert_true(take(&w, 5000 - 1023));
    assert_true(take(&w, 5001));
    assert_false(cs_window_fresh(&w, 5001 - 1024));
    assert_true(take(&w, 6024)); /* 5001 is 1023 behind */
    assert_false(take(&w, 5001));
    assert_true(take(&w, 5002)); /* shares its bit with nobody seen */
    assert_true(take(&w, 6024 + 1024));
    assert_false(take(&w, 6024));
    assert_true(take(&w, 6025));
}

static void the_last_counter_does_not_wrap(void **state)
{
    struct cs_window w = {0};

    (void)state;
    assert_true(take(&w, 10));
    assert_true(take(&w, UINT64_MAX));
    assert_false(take(&w, UINT64_MAX));
    assert_false(take(&w, 0));
    assert_false(take(&w, 11));
    assert_true(take(&w, UINT64_MAX - 1023));
    assert_false(take(&w, UINT64_MAX - 1024));
}

/* Against the definition, kept as a list of what was accepted. */
static void the_window_matches_its_definition(void **state)
{
    static uint8_t seen[20000];
    struct pair_rng rng = {.s = 3};
    struct cs_window w = {0};
    uint64_t top = 0;

    (void)state;
    memset(seen, 0, sizeof seen);
    for (int k = 0; k < 60000; k++) {
        uint64_t near = top + 600 > 19999 ? 19999 : top + 600;
        uint64_t low = near > 2200 ? near - 2200 : 0;
        uint64_t c = low + pair_next(&rng) % (near - low + 1);
        bool want = seen[c] == 0 && (k == 0 || c > top || top - c < 1024);

        if (k % 3 != 0 && c > top) {
            c = top - (c - top) % (top + 1); /* more repeats than progress */
            want = seen[c] == 0 && (k == 0 || top - c < 1024);
        }
        assert_int_equal(take(&w, c), want);
        seen[c] = want ? 1 : seen[c];
        top = want && c > top ? c : top;
    }
    assert_true(top > 10000);
}

/* ---- plaintext ------------------------------------------------------------------- */

static const uint8_t some_sig[64] = {0x51, 0x67};

static void a_plaintext_is_len_broadcast_private_signature(void **state)
{
    struct cs_message m = pair_message("ABC", "pq"), back = {0};
    const uint8_t head[9] = {0, 0, 0, 3, 'A', 'B', 'C', 'p', 'q'};
    struct cs_wr w = {0};

    (void)state;
    m.bsig = some_sig;
    assert_int_equal(cs_plain_encode(&w, &m), CS_OK);
    assert_int_equal(w.n, 9 + 64);
    assert_memory_equal(w.p, head, 9);
    assert_memory_equal(w.p + 9, some_sig, 64);
    assert_int_equal(cs_plain_decode(&back, cs_wr_get(&w)), CS_OK);
    assert_int_equal(back.broadcast.n, 3);
    assert_int_equal(back.priv.n, 2);
    assert_memory_equal(back.priv.p, "pq", 2);
    assert_memory_equal(back.bsig, some_sig, 64);
    cs_wr_free(&w);
}

static void a_private_message_has_no_signature(void **state)
{
    struct cs_message m = pair_message("", "pq"), back = {.bsig = some_sig};
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_plain_encode(&w, &m), CS_OK);
    assert_int_equal(w.n, 6);
    assert_int_equal(cs_plain_decode(&back, cs_wr_get(&w)), CS_OK);
    assert_null(back.bsig);
    assert_int_equal(back.broadcast.n, 0);
    assert_int_equal(back.priv.n, 2);
    cs_wr_free(&w);
}

static void malformed_plaintexts_are_refused(void **state)
{
    static const uint8_t empty[4], one_short[3], cut_sig[4 + 1 + 63] = {0, 0, 0, 1};
    static const uint8_t over[8] = {0, 0, 0, 5}, huge[80] = {0xff, 0xff, 0xff, 0xff};
    struct cs_message m = {0};

    (void)state;
    assert_int_equal(cs_plain_decode(&m, CS_SPAN(NULL, 0)), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_plain_decode(&m, CS_SPAN_OF(empty)), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_plain_decode(&m, CS_SPAN_OF(one_short)), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_plain_decode(&m, CS_SPAN_OF(cut_sig)), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_plain_decode(&m, CS_SPAN_OF(over)), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_plain_decode(&m, CS_SPAN_OF(huge)), CS_ERR_BAD_FORMAT);
}

static void unsendable_parts_are_refused(void **state)
{
    static uint8_t big[CS_MSG_BODY_MAX + 1];
    struct cs_message m = pair_message("", "");
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_plain_encode(&w, &m), CS_ERR_USAGE); /* nothing to say */
    m = pair_message("A", "");
    assert_int_equal(cs_plain_encode(&w, &m), CS_ERR_USAGE); /* no signature */
    m.bsig = some_sig;
    m.priv = CS_SPAN(big, CS_MSG_BODY_MAX);
    assert_int_equal(cs_plain_encode(&w, &m), CS_ERR_USAGE);
    m.broadcast = CS_SPAN(big, CS_MSG_BODY_MAX + 1);
    m.priv = CS_SPAN(NULL, 0);
    assert_int_equal(cs_plain_encode(&w, &m), CS_ERR_USAGE);
    assert_int_equal(w.n, 0);
    m.broadcast = CS_SPAN(big, CS_MSG_BODY_MAX);
    assert_int_equal(cs_plain_encode(&w, &m), CS_OK);
    assert_int_equal(w.n, CS_FRAME_PLAIN_MAX);
    cs_wr_free(&w);
}

/* ---- signed broadcasts ----------------------------------------------------------- */

static struct cs_identity_secret an_identity(uint8_t seed)
{
    struct cs_identity_secret id;
    uint8_t rnd[96] = {seed};

    cs_identity_from_random(&id, rnd);
    return id;
}

static struct cs_signed_bc a_broadcast(const struct cs_identity_secret *id,
                                       const char *payload)
{
    struct cs_message m = pair_message(payload, "");
    struct cs_signed_bc bc = {.payload = m.broadcast};
    uint8_t ds_hash[32] = {0xd5};

    cs_bc_slot_from(&bc.slot, 1, ds_hash, 2, &m);
    cs_bc_sign(bc.sig, id->ik_seed, &bc.slot, bc.payload);
    return bc;
}

static void the_signature_covers_core_and_payload_as_documented(void **state)
{
    struct cs_identity_secret id = an_identity(1);
    struct cs_signed_bc bc = a_broadcast(&id, "payload");
    struct cs_wr core = {0};
    uint8_t h[32];

    (void)state;
    cs_wr_u8(&core, 1); /* ver */
    cs_wr_u8(&core, CS_PROTO_DKG);
    cs_wr_u8(&core, 1); /* type */
    cs_wr_u8(&core, 1); /* round */
    cs_wr_u8(&core, 2); /* from */
    cs_wr_bytes(&core, bc.slot.ds_hash, 32);
    cs_wr_bytes(&core, bc.slot.key_id, 16);
    cs_wr_u32(&core, 9);
    cs_wr_bytes(&core, bc.slot.sid, 32);
    assert_int_equal(core.n, CS_BC_CORE_LEN);
    const struct cs_span x[] = {cs_wr_get(&core), CS_SPAN_LIT("payload")};
    cs_th(h, CS_TAG_BC, x, 2);
    assert_true(cs_sign_verify(bc.sig, id.pub.ik, CS_SPAN_OF(h)));
    cs_wr_free(&core);
}

static void no_field_of_a_broadcast_can_be_changed(void **state)
{
    struct cs_identity_secret id = an_identity(1), other = an_identity(2);
    struct cs_signed_bc bc = a_broadcast(&id, "payload"), changed;
    const size_t at[] = {
        offsetof(struct cs_bc_slot, ver),    offsetof(struct cs_bc_slot, proto),
        offsetof(struct cs_bc_slot, type),   offsetof(struct cs_bc_slot, round),
        offsetof(struct cs_bc_slot, from),   offsetof(struct cs_bc_slot, ds_hash),
        offsetof(struct cs_bc_slot, key_id), offsetof(struct cs_bc_slot, key_epoch),
        offsetof(struct cs_bc_slot, sid),
    };

    (void)state;
    assert_true(cs_bc_verify(bc.sig, id.pub.ik, &bc.slot, bc.payload));
    assert_false(cs_bc_verify(bc.sig, other.pub.ik, &bc.slot, bc.payload));
    assert_false(cs_bc_verify(bc.sig, id.pub.ik, &bc.slot, CS_SPAN_LIT("payloae")));
    for (size_t k = 0; k < CS_COUNTOF(at); k++) {
        changed = bc;
        ((uint8_t *)&changed.slot)[at[k]] ^= 1;
        assert_false(cs_bc_verify(bc.sig, id.pub.ik, &changed.slot, bc.payload));
    }
}

static void evidence_survives_encoding(void **state)
{
    struct cs_identity_secret id = an_identity(1);
    struct cs_signed_bc bc = a_broadcast(&id, "payload"), back;
    struct cs_wr w = {0};

    (void)state;
    assert_int_equal(cs_signed_bc_encode(&w, &bc), CS_OK);
    assert_int_equal(w.n, CS_BC_CORE_LEN + 4 + 7 + 64);
    assert_int_equal(cs_signed_bc_decode(&back, cs_wr_get(&w)), CS_OK);
    assert_true(cs_bc_verify(back.sig, id.pub.ik, &back.slot, back.payload));
    for (size_t n = 0; n < w.n; n++) {
        assert_int_not_equal(cs_signed_bc_decode(&back, CS_SPAN(w.p, n)), CS_OK);
    }
    cs_wr_u8(&w, 0);
    assert_int_equal(cs_signed_bc_decode(&back, cs_wr_get(&w)), CS_ERR_TRAILING);
    w.n--;
    w.p[CS_BC_CORE_LEN] = 1; /* payload length */
    assert_int_equal(cs_signed_bc_decode(&back, cs_wr_get(&w)), CS_ERR_TOO_LONG);
    memset(w.p + CS_BC_CORE_LEN, 0, 4);
    assert_int_equal(cs_signed_bc_decode(&back, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    bc.payload.n = 0;
    assert_int_equal(cs_signed_bc_encode(&w, &bc), CS_ERR_USAGE);
    cs_wr_free(&w);
}

static void two_payloads_in_one_slot_are_proof_and_nothing_else_is(void **state)
{
    struct cs_identity_secret id = an_identity(1), other = an_identity(2);
    struct cs_signed_bc a = a_broadcast(&id, "one"), b = a_broadcast(&id, "two"), c;

    (void)state;
    assert_true(cs_equivocation_proven(&a, &b, id.pub.ik));
    assert_false(cs_equivocation_proven(&a, &a, id.pub.ik)); /* a repeat */
    assert_false(cs_equivocation_proven(&a, &b, other.pub.ik));
    c = a_broadcast(&other, "two"); /* framed by someone else's signature */
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    assert_false(cs_equivocation_proven(&c, &a, id.pub.ik));
    c = b; /* another session, honestly signed */
    c.slot.sid[0] ^= 1;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    c = b; /* another type */
    c.slot.type ^= 1;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    c = b; /* another protocol */
    c.slot.proto ^= 1;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    c = b; /* said as another member */
    c.slot.from ^= 1;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    c = b; /* another device set */
    c.slot.ds_hash[0] ^= 1;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    c = a; /* the same broadcast over a link of another version is no contradiction */
    c.slot.ver++;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_false(cs_equivocation_proven(&a, &c, id.pub.ik));
    assert_true(cs_equivocation_proven(&b, &c, id.pub.ik));
    c = a; /* same payload for another key in one session: contradiction */
    c.slot.key_id[0] ^= 1;
    cs_bc_sign(c.sig, id.ik_seed, &c.slot, c.payload);
    assert_true(cs_equivocation_proven(&a, &c, id.pub.ik));
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_has_118_bytes_in_the_documented_order),
        cmocka_unit_test(frames_above_the_limit_are_refused),
        cmocka_unit_test(the_nonce_is_four_zero_bytes_and_the_counter),
        cmocka_unit_test(every_altered_byte_of_a_frame_fails_to_open),
        cmocka_unit_test(each_counter_is_accepted_once),
        cmocka_unit_test(the_window_is_1024_wide),
        cmocka_unit_test(the_last_counter_does_not_wrap),
        cmocka_unit_test(the_window_matches_its_definition),
        cmocka_unit_test(a_plaintext_is_len_broadcast_private_signature),
        cmocka_unit_test(a_private_message_has_no_signature),
        cmocka_unit_test(malformed_plaintexts_are_refused),
        cmocka_unit_test(unsendable_parts_are_refused),
        cmocka_unit_test(the_signature_covers_core_and_payload_as_documented),
        cmocka_unit_test(no_field_of_a_broadcast_can_be_changed),
        cmocka_unit_test(evidence_survives_encoding),
        cmocka_unit_test(two_payloads_in_one_slot_are_proof_and_nothing_else_is),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
