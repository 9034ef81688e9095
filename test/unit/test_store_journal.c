#include "store/journal.h"

#include "crypto/hash.h"
#include "store/journal_codec.h"
#include "support/store_bed.h"

struct jbed {
    struct bed b;
    struct cs_journal *j;
};

static struct jbed jbed_on(struct cs_kv *kv)
{
    struct jbed t = {.b = bed_on(kv)};

    assert_ok(cs_journal_open(&t.j, t.b.safe));
    return t;
}

static struct jbed jbed_restart(struct jbed *t)
{
    cs_journal_free(t->j);
    return jbed_on(bed_crash(&t->b));
}

static void jbed_free(struct jbed *t)
{
    cs_journal_free(t->j);
    bed_free(&t->b);
}

static struct cs_journal_entry request(uint8_t id)
{
    struct cs_journal_entry e = {.op = CS_JOURNAL_SIGN,
                                 .wall_ms = 1700000000000,
                                 .request_id = {id, 2, 3},
                                 .attempt = 1,
                                 .reqh = {id, 7},
                                 .digest = {id, 8},
                                 .key_id = {9},
                                 .epoch = 3,
                                 .path = {44, 0x80000000, 1},
                                 .n_path = 3,
                                 .scheme = 2,
                                 .signers = {1, 3},
                                 .n_signers = 2,
                                 .use_id = {5},
                                 .peer = 3};

    return e;
}

static struct cs_journal_entry answer(uint8_t id, const char *outcome)
{
    struct cs_journal_entry e = request(id);

    (void)snprintf(e.outcome, sizeof e.outcome, "%s", outcome);
    (void)snprintf(e.decision, sizeof e.decision, "policy-1/rule-%u", id);
    memset(e.signature, id, 64);
    e.signature_len = 64;
    return e;
}

static void sign(struct jbed *t, uint8_t id)
{
    struct cs_journal_entry e = request(id), r = answer(id, "OK");

    assert_ok(cs_journal_intent(t->j, &e));
    bed_commit(&t->b);
    assert_ok(cs_journal_result(t->j, &r));
    bed_commit(&t->b);
}

static void an_answered_request_is_found_again_after_a_restart(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_request r;
    struct cs_journal_entry e, q = request(1);
    struct cs_journal_head head;

    (void)state;
    sign(&t, 1);
    sign(&t, 2);
    head = cs_journal_head(t.j);
    t = jbed_restart(&t);
    assert_int_equal(cs_journal_head(t.j).seq, 4);
    assert_memory_equal(cs_journal_head(t.j).hash, head.hash, 32);
    assert_ok(cs_journal_find(t.j, q.request_id, &r));
    assert_int_equal(r.first_seq, 1);
    assert_int_equal(r.intent_seq, 1);
    assert_int_equal(r.ok_seq, 2);
    assert_int_equal(r.last_seq, 2);
    assert_int_equal(r.n_intents, 1);
    assert_int_equal(r.n_results, 1);
    assert_ok(cs_journal_stored(t.j, q.request_id, &e));
    assert_int_equal(e.kind, CS_JOURNAL_RESULT);
    assert_string_equal(e.outcome, "OK");
    assert_string_equal(e.decision, "policy-1/rule-1");
    assert_int_equal(e.signature_len, 64);
    assert_int_equal(e.signature[63], 1);
    assert_memory_equal(e.path, q.path, sizeof q.path);
    assert_memory_equal(e.signers, q.signers, sizeof q.signers);
    assert_int_equal(e.wall_ms, q.wall_ms);
    jbed_free(&t);
}

static void a_request_id_stands_for_one_digest_for_ever(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_entry e = request(1), other = request(1);

    (void)state;
    assert_ok(cs_journal_check(t.j, e.request_id, e.reqh, e.digest));
    assert_ok(cs_journal_intent(t.j, &e));
    bed_commit(&t.b);
    t = jbed_restart(&t);
    assert_ok(cs_journal_check(t.j, e.request_id, e.reqh, e.digest));
    other.digest[31] ^= 1;
    assert_err(cs_journal_intent(t.j, &other), CS_ERR_REQUEST_CONFLICT);
    assert_err(cs_journal_check(t.j, e.request_id, other.reqh, other.digest),
               CS_ERR_REQUEST_CONFLICT);
    other = answer(1, "OK");
    other.reqh[31] ^= 1;
    assert_err(cs_journal_result(t.j, &other), CS_ERR_REQUEST_CONFLICT);
    assert_int_equal(cs_journal_head(t.j).seq, 1); /* refusals write nothing */
    jbed_free(&t);
}

static void an_answered_request_is_not_worked_on_again(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_entry e = request(1), r = answer(1, "OK");

    (void)state;
    sign(&t, 1);
    assert_err(cs_journal_check(t.j, e.request_id, e.reqh, e.digest), CS_ERR_EXISTS);
    assert_err(cs_journal_intent(t.j, &e), CS_ERR_EXISTS);
    r.signature[0] ^= 1; /* a second valid signature: the first stored one stands */
    assert_err(cs_journal_result(t.j, &r), CS_ERR_EXISTS);
    assert_int_equal(cs_journal_head(t.j).seq, 2);
    jbed_free(&t);
}

static void a_lost_attempt_may_be_tried_again(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_entry e = request(1), lost = answer(1, "PEER_TIMEOUT"), stored;
    struct cs_journal_request r;

    (void)state;
    lost.signature_len = 0;
    assert_ok(cs_journal_intent(t.j, &e));
    assert_ok(cs_journal_result(t.j, &lost));
    assert_err(cs_journal_stored(t.j, e.request_id, &stored), CS_ERR_NOT_FOUND);
    e.attempt = 2;
    assert_ok(cs_journal_intent(t.j, &e));
    e = answer(1, "OK");
    assert_ok(cs_journal_result(t.j, &e));
    assert_ok(cs_journal_find(t.j, e.request_id, &r));
    assert_int_equal(r.n_intents, 2);
    assert_int_equal(r.n_results, 2);
    assert_int_equal(r.intent_seq, 3);
    assert_int_equal(r.ok_seq, 4);
    jbed_free(&t);
}

static void a_good_result_needs_its_intent_a_refusal_does_not(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_entry ok = answer(1, "OK"), no = answer(2, "POLICY_REFUSED");
    struct cs_journal_request r;

    (void)state;
    no.signature_len = 0;
    assert_err(cs_journal_result(t.j, &ok), CS_ERR_STATE);
    assert_ok(cs_journal_result(t.j, &no));
    assert_ok(cs_journal_find(t.j, no.request_id, &r));
    assert_int_equal(r.ok_seq, 0);
    no.digest[0] ^= 1; /* bound by the refusal already */
    assert_err(cs_journal_check(t.j, no.request_id, no.reqh, no.digest),
               CS_ERR_REQUEST_CONFLICT);
    jbed_free(&t);
}

static void fields_out_of_range_are_refused(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_entry bad[9];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        bad[i] = request(1);
    }
    bad[0].op = (enum cs_journal_op)0;
    bad[1].op = (enum cs_journal_op)4;
    bad[2].n_path = CS_JOURNAL_PATH_MAX + 1;
    bad[3].n_signers = CS_JOURNAL_SIGNERS_MAX + 1;
    bad[4].signature_len = CS_JOURNAL_SIG_MAX + 1;
    bad[5].signature_len = 64; /* an intent has none */
    memcpy(bad[6].outcome, "OK", 3);
    memset(bad[7].decision, 'x', sizeof bad[7].decision); /* no end */
    memcpy(bad[8].decision, "a\nb", 4);
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        assert_err(cs_journal_intent(t.j, &bad[i]), CS_ERR_USAGE);
    }
    bad[0] = request(1); /* a result without outcome */
    assert_err(cs_journal_result(t.j, &bad[0]), CS_ERR_USAGE);
    assert_int_equal(cs_journal_head(t.j).seq, 0);
    jbed_free(&t);
}

static void unknown_ids_and_numbers_are_not_found(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_request r;
    struct cs_journal_entry e;
    uint64_t bad;

    (void)state;
    assert_ok(cs_journal_verify(t.j, 1, &bad)); /* empty */
    sign(&t, 1);
    assert_err(cs_journal_find(t.j, request(2).request_id, &r), CS_ERR_NOT_FOUND);
    assert_err(cs_journal_stored(t.j, request(2).request_id, &e), CS_ERR_NOT_FOUND);
    assert_err(cs_journal_read(t.j, 0, &e), CS_ERR_NOT_FOUND);
    assert_err(cs_journal_read(t.j, 3, &e), CS_ERR_NOT_FOUND);
    assert_ok(cs_journal_read(t.j, 2, &e));
    jbed_free(&t);
}

/* ---- chain -------------------------------------------------------------------- */

static struct cs_span seq_span(uint8_t buf[8], uint64_t seq)
{
    for (size_t i = 0; i < 8; i++) {
        buf[i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    return CS_SPAN(buf, 8);
}

/* Writes e over entry seq, as somebody with the keys of the store would. */
static void overwrite(struct jbed *t, uint64_t seq, const struct cs_journal_entry *e)
{
    struct cs_wr w = {0};
    uint8_t k[8];

    cs_journal_encode(&w, e);
    assert_ok(
        cs_safe_put(t->b.safe, CS_TABLE_JOURNAL, seq_span(k, seq), cs_wr_get(&w)));
    bed_commit(&t->b);
    cs_wr_free(&w);
}

static void the_chain_holds_and_shows_where_it_breaks(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_entry e, kept;
    uint64_t bad;
    uint8_t k[8];

    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        sign(&t, i);
    }
    assert_ok(cs_journal_verify(t.j, 1, &bad));
    assert_int_equal(bad, 0);
    assert_ok(cs_journal_verify(t.j, 15, &bad));
    assert_ok(cs_journal_verify(t.j, 21, &bad)); /* behind the head: nothing to see */
    assert_ok(cs_journal_read(t.j, 7, &kept));
    e = kept;
    e.wall_ms++; /* any change of 7 shows at 8 */
    overwrite(&t, 7, &e);
    assert_err(cs_journal_verify(t.j, 1, &bad), CS_ERR_STORE_CORRUPT);
    assert_int_equal(bad, 8);
    assert_ok(cs_journal_verify(t.j, 9, &bad));
    overwrite(&t, 7, &kept);
    assert_ok(cs_journal_read(t.j, 5, &e));
    overwrite(&t, 7, &e); /* another entry in its place */
    assert_err(cs_journal_verify(t.j, 1, &bad), CS_ERR_STORE_CORRUPT);
    assert_int_equal(bad, 7);
    assert_err(cs_journal_verify(t.j, 8, &bad), CS_ERR_STORE_CORRUPT);
    assert_int_equal(bad, 7);
    assert_ok(cs_safe_del(t.b.safe, CS_TABLE_JOURNAL, seq_span(k, 7)));
    assert_err(cs_journal_verify(t.j, 1, &bad), CS_ERR_STORE_CORRUPT);
    assert_int_equal(bad, 7);
    bed_commit(&t.b);
    overwrite(&t, 7, &kept);
    assert_ok(cs_journal_verify(t.j, 1, &bad));
    jbed_free(&t);
}

static void a_head_that_is_not_the_last_entry_is_refused_at_open(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal *j;
    struct cs_journal_entry e, last;
    struct cs_wr head = {0};
    uint8_t k[8];
    uint64_t bad;

    (void)state;
    sign(&t, 1);
    assert_ok(cs_journal_read(t.j, 2, &last));
    e = last;
    e.seq = 3;
    overwrite(&t, 3, &e); /* one too many */
    assert_err(cs_journal_open(&j, t.b.safe), CS_ERR_STORE_CORRUPT);
    assert_null(j);
    assert_ok(cs_safe_del(t.b.safe, CS_TABLE_JOURNAL, seq_span(k, 3)));
    assert_ok(cs_journal_open(&j, t.b.safe));
    cs_journal_free(j);
    e = last;
    e.epoch++; /* the last one altered: no later entry could tell */
    overwrite(&t, 2, &e);
    assert_err(cs_journal_open(&j, t.b.safe), CS_ERR_STORE_CORRUPT);
    assert_err(cs_journal_verify(t.j, 1, &bad), CS_ERR_STORE_CORRUPT);
    assert_int_equal(bad, 2);
    assert_ok(cs_safe_del(t.b.safe, CS_TABLE_JOURNAL, seq_span(k, 2)));
    assert_err(cs_journal_open(&j, t.b.safe), CS_ERR_STORE_CORRUPT);
    overwrite(&t, 2, &last);
    assert_ok(cs_safe_get(t.b.safe, CS_TABLE_JOURNAL_HEAD, S("head"), &head));
    assert_ok(cs_safe_del(t.b.safe, CS_TABLE_JOURNAL_HEAD, S("head")));
    assert_err(cs_journal_open(&j, t.b.safe),
               CS_ERR_STORE_CORRUPT); /* entries, no head */
    head.p[0]++;                      /* version */
    assert_ok(
        cs_safe_put(t.b.safe, CS_TABLE_JOURNAL_HEAD, S("head"), cs_wr_get(&head)));
    assert_err(cs_journal_open(&j, t.b.safe), CS_ERR_STORE_CORRUPT);
    cs_wr_free(&head);
    jbed_free(&t);
}

static void
the_first_entry_starts_from_zero_and_each_holds_the_hash_before(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new());
    struct cs_journal_head one, two;
    struct cs_journal_entry e = request(1), f = request(2);
    struct cs_wr w = {0};
    struct cs_span bytes;
    uint8_t hash[32];

    (void)state;
    assert_int_equal(cs_journal_head(t.j).seq, 0);
    assert_true(cs_ct_is_zero(cs_journal_head(t.j).hash, 32));
    assert_ok(cs_journal_intent(t.j, &e));
    one = cs_journal_head(t.j);
    assert_ok(cs_journal_intent(t.j, &f));
    two = cs_journal_head(t.j);
    assert_true(cs_ct_is_zero(e.prev, 32));
    assert_memory_equal(f.prev, one.hash, 32);
    assert_int_equal(e.seq, 1);
    assert_int_equal(f.seq, 2);
    cs_journal_encode(&w, &f);
    bytes = cs_wr_get(&w);
    cs_th(hash, CS_TAG_JOURNAL, &bytes, 1);
    assert_memory_equal(hash, two.hash, 32);
    cs_wr_free(&w);
    jbed_free(&t);
}

static void the_head_hash_binds_device_number_and_hash(void **state)
{
    struct cs_journal_head h = {.seq = 5, .hash = {1}}, g = h;
    uint8_t a[32], b[32];

    (void)state;
    cs_journal_head_hash(a, "device-a", &h);
    cs_journal_head_hash(b, "device-a", &g);
    assert_memory_equal(a, b, 32);
    cs_journal_head_hash(b, "device-b", &h);
    assert_memory_not_equal(a, b, 32);
    g.seq++;
    cs_journal_head_hash(b, "device-a", &g);
    assert_memory_not_equal(a, b, 32);
    g = h;
    g.hash[31] = 1;
    cs_journal_head_hash(b, "device-a", &g);
    assert_memory_not_equal(a, b, 32);
}

static void a_restored_volume_shows_an_older_head(void **state)
{
    struct jbed t = jbed_on(cs_kv_mem_new()), old;
    struct cs_kv *snapshot;

    (void)state;
    sign(&t, 1);
    snapshot = cs_kv_mem_clone(t.b.kv);
    sign(&t, 2);
    old = jbed_on(snapshot); /* consistent in itself */
    assert_true(cs_journal_head(old.j).seq < cs_journal_head(t.j).seq);
    sign(&old, 3); /* and goes another way: same number, other hash */
    assert_int_equal(cs_journal_head(old.j).seq, cs_journal_head(t.j).seq);
    assert_memory_not_equal(cs_journal_head(old.j).hash, cs_journal_head(t.j).hash, 32);
    jbed_free(&old);
    jbed_free(&t);
}

/* ---- bytes -------------------------------------------------------------------- */

static void every_cut_length_of_an_entry_is_refused(void **state)
{
    struct cs_journal_entry e = answer(1, "OK"), out;
    struct cs_wr w = {0};

    (void)state;
    e.kind = CS_JOURNAL_RESULT;
    e.seq = 9;
    cs_journal_encode(&w, &e);
    assert_ok(cs_journal_decode(&out, cs_wr_get(&w)));
    for (size_t n = 0; n < w.n; n++) {
        assert_true(cs_journal_decode(&out, CS_SPAN(w.p, n)) != CS_OK);
    }
    cs_wr_u8(&w, 0);
    assert_err(cs_journal_decode(&out, cs_wr_get(&w)), CS_ERR_TRAILING);
    w.n--;
    w.p[0] = 2; /* version */
    assert_err(cs_journal_decode(&out, cs_wr_get(&w)), CS_ERR_BAD_FORMAT);
    cs_wr_free(&w);
}

static void every_flipped_bit_of_an_entry_is_refused_or_changes_its_hash(void **state)
{
    struct cs_journal_entry e = answer(1, "OK"), out;
    struct cs_wr w = {0}, again = {0};

    (void)state;
    e.kind = CS_JOURNAL_RESULT;
    e.seq = 9;
    cs_journal_encode(&w, &e);
    for (size_t i = 0; i < w.n * 8; i++) {
        w.p[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (cs_journal_decode(&out, cs_wr_get(&w)) == CS_OK) { /* one encoding each */
            cs_wr_reset(&again);
            cs_journal_encode(&again, &out);
            assert_true(span_is(cs_wr_get(&again), cs_wr_get(&w)));
        }
        w.p[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    cs_wr_free(&w);
    cs_wr_free(&again);
}

static void a_failed_append_never_leaves_half_of_it(void **state)
{
    enum cs_err err = CS_ERR_NOMEM;
    unsigned long nth = 1;

    (void)state;
    for (; err == CS_ERR_NOMEM; nth++) {
        struct jbed t = jbed_on(cs_kv_mem_new());
        struct cs_journal_entry e = request(2);
        struct cs_kv_batch *batch;
        uint64_t bad;

        sign(&t, 1);
        cs_mem_fail_at(nth);
        err = cs_journal_intent(t.j, &e);
        cs_mem_fail_at(0);
        if (cs_safe_take_batch(t.b.safe, &batch) == CS_OK && batch != NULL) {
            assert_ok(t.b.kv->ops->commit(t.b.kv, batch));
            cs_kv_batch_free(batch);
        }
        t = jbed_restart(&t);
        assert_int_equal(cs_journal_head(t.j).seq, err == CS_OK ? 3 : 2);
        assert_ok(cs_journal_verify(t.j, 1, &bad));
        jbed_free(&t);
    }
    assert_ok(err);
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answered_request_is_found_again_after_a_restart),
        cmocka_unit_test(a_request_id_stands_for_one_digest_for_ever),
        cmocka_unit_test(an_answered_request_is_not_worked_on_again),
        cmocka_unit_test(a_lost_attempt_may_be_tried_again),
        cmocka_unit_test(a_good_result_needs_its_intent_a_refusal_does_not),
        cmocka_unit_test(fields_out_of_range_are_refused),
        cmocka_unit_test(unknown_ids_and_numbers_are_not_found),
        cmocka_unit_test(the_chain_holds_and_shows_where_it_breaks),
        cmocka_unit_test(a_head_that_is_not_the_last_entry_is_refused_at_open),
        cmocka_unit_test(
            the_first_entry_starts_from_zero_and_each_holds_the_hash_before),
        cmocka_unit_test(the_head_hash_binds_device_number_and_hash),
        cmocka_unit_test(a_restored_volume_shows_an_older_head),
        cmocka_unit_test(every_cut_length_of_an_entry_is_refused),
        cmocka_unit_test(every_flipped_bit_of_an_entry_is_refused_or_changes_its_hash),
        cmocka_unit_test(a_failed_append_never_leaves_half_of_it),
    };

    if (cs_crypto_init() != CS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
