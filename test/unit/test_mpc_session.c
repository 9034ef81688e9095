/* The driver: opening, slots, parking, repeats, time, ABORT and EVIDENCE, store before
 * send (PROTOCOLS 2.4 to 2.8, 15.1; section 10 rows 24 to 26, 28, 30, 31, 53). */
#include "mpc/session.h"

#include "support/held_session.h"

/* ---- opening
 * ------------------------------------------------------------------------------ */

struct opened {
    struct net *w;
    struct cs_session_out out; /* of the initiator: SES_OPEN to 2 and 3 */
    struct cs_session_params p2;
    struct net_msg *open; /* to 2 */
};

static struct net_msg *take_msg(struct net *w, const struct cs_session_msg *m)
{
    struct net_msg *c = cs_alloc(sizeof *c);

    assert_non_null(c);
    c->to = m->to;
    c->m = m->msg;
    cs_wr_span(&c->bcast, cs_wr_get(&m->bcast));
    cs_wr_span(&c->priv, cs_wr_get(&m->priv));
    net_sign(w, c);
    return c;
}

static void opened_init(struct opened *o, uint64_t seed)
{
    struct cs_session_params p;
    uint8_t nonce[32] = {9};

    *o = (struct opened){.w = net_new(3, 2, CS_CURVE_ED25519, seed)};
    net_params(o->w, 1, &p);
    assert_int_equal(cs_session_start(&o->w->s[1], &p, net_state(o->w, 1), nonce,
                                      o->w->now, &o->out),
                     CS_OK);
    assert_int_equal(o->out.n_msgs, 2);
    o->open = take_msg(o->w, &o->out.msgs[0]);
    net_params(o->w, 2, &o->p2);
}

static void opened_free(struct opened *o)
{
    net_msg_free(o->open);
    cs_session_out_clear(&o->out);
    net_free(o->w);
}

static void assert_join(struct opened *o, enum cs_err want)
{
    struct cs_session_out out = {0};
    struct cs_session *s = NULL;
    struct cs_dkg *d = net_state(o->w, 2);

    assert_int_equal(cs_session_join(&s, &o->p2, d, &o->open->m, o->w->now, &out),
                     want);
    if (want == CS_OK) {
        assert_int_equal(out.n_msgs, 1); /* SES_READY, to the initiator only */
        assert_int_equal(out.msgs[0].to, 1);
        assert_int_equal(out.msgs[0].msg.type, CS_TYPE_READY);
        cs_session_free(s);
    } else {
        assert_null(s);
        assert_int_equal(out.n_msgs, 0);
        cs_dkg_free(d);
    }
    cs_session_out_clear(&out);
}

static void only_a_request_of_the_own_is_joined(void **state)
{
    struct opened o;

    (void)state;
    opened_init(&o, 501);
    assert_join(&o, CS_OK);
#define REFUSED(change, code)                                                          \
    do {                                                                               \
        struct cs_session_params save = o.p2;                                          \
        change;                                                                        \
        assert_join(&o, code);                                                         \
        o.p2 = save;                                                                   \
    } while (0)
    REFUSED(o.p2.request.policy_version = 2, CS_ERR_POLICY_REFUSED); /* another reqh */
    REFUSED(o.p2.request.key_id[0] ^= 1, CS_ERR_POLICY_REFUSED);     /* row 26 */
    REFUSED(o.p2.request.request_id[0] ^= 1, CS_ERR_POLICY_REFUSED);
    REFUSED(o.p2.attempt = 2, CS_ERR_POLICY_REFUSED);
    REFUSED(o.p2.initiator = 3, CS_ERR_POLICY_REFUSED);
    REFUSED(o.p2.boot[1][0] ^= 1, CS_ERR_SID_MISMATCH);
    REFUSED(o.p2.boot[3][0] ^= 1, CS_ERR_SID_MISMATCH);
    REFUSED(o.p2.n_parts = 2, CS_ERR_USAGE);
    REFUSED(o.p2.initiator = 2, CS_ERR_USAGE);
#undef REFUSED
    opened_free(&o);
}

static void a_malformed_opening_is_bad_format(void **state)
{
    struct opened o;
    struct cs_session_open dec;

    (void)state;
    opened_init(&o, 502);
    for (size_t n = 0; n < o.open->bcast.n; n++) {
        assert_int_equal(cs_session_open_decode(&dec, CS_SPAN(o.open->bcast.p, n)),
                         CS_ERR_BAD_FORMAT);
    }
    assert_int_equal(cs_session_open_decode(&dec, cs_wr_get(&o.open->bcast)), CS_OK);
    assert_int_equal(dec.n_parts, 3);
#define BAD(at, v)                                                                     \
    do {                                                                               \
        uint8_t save = o.open->bcast.p[at];                                            \
        o.open->bcast.p[at] = (v);                                                     \
        net_sign(o.w, o.open);                                                         \
        assert_join(&o, CS_ERR_BAD_FORMAT);                                            \
        o.open->bcast.p[at] = save;                                                    \
    } while (0)
    BAD(80, 0); /* kind */
    BAD(80, CS_REQUEST_SIGN_TYPED_DATA + 1);
    BAD(85, 1); /* count */
    BAD(85, 8);
    BAD(86, 0); /* index */
    BAD(87, 1); /* not rising */
    BAD(88, 8);
#undef BAD
    net_sign(o.w, o.open);
    o.open->m.round = 1;
    assert_join(&o, CS_ERR_BAD_FORMAT);
    o.open->m.round = 0;
    o.open->m.type = CS_TYPE_DKG_COM;
    assert_join(&o, CS_ERR_BAD_FORMAT);
    o.open->m.type = CS_TYPE_OPEN;
    o.open->m.bsig = NULL;
    assert_join(&o, CS_ERR_BAD_FORMAT);
    opened_free(&o);
}

static void parameters_are_checked(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 503);
    struct cs_session_params good, p;
    struct cs_session_out out = {0};
    struct cs_dkg *d = net_state(w, 1);
    struct cs_session *s = NULL;
    uint8_t nonce[32] = {0};

    (void)state;
    net_params(w, 1, &good);
#define REFUSED(change)                                                                \
    do {                                                                               \
        p = good;                                                                      \
        change;                                                                        \
        assert_int_equal(cs_session_start(&s, &p, d, nonce, 0, &out), CS_ERR_USAGE);   \
        assert_null(s);                                                                \
    } while (0)
    REFUSED(p.n_parts = 1);
    REFUSED(p.n_parts = 2); /* all members take part in a DKG */
    REFUSED(p.parts[1] = 1);
    REFUSED(p.parts[2] = 4);
    REFUSED(p.parts[0] = 0);
    REFUSED(p.initiator = 2);
    REFUSED(p.roster.self = 4);
    REFUSED(p.request.ds_hash[0] ^= 1);
    REFUSED(p.request.expires_ms = 0);
#undef REFUSED
    cs_dkg_free(d);
    net_free(w);
}

/* A peer that answers READY for something else, or garbage. */
static void ready_names_the_request(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct net *w = net_new(3, 2, CS_CURVE_ED25519, 504);
        struct cs_session_out out = {0};
        struct cs_message m = {.proto = CS_PROTO_DKG, .type = CS_TYPE_READY, .from = 2};
        uint8_t body[33] = {0};

        net_start(w);
        memcpy(m.sid, w->s[1]->presid, 32);
        memcpy(m.key_id, w->request.key_id, CS_ID_LEN);
        m.priv = CS_SPAN(body, k == 0 ? 31 : k == 1 ? 33 : 32);
        assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out),
                         k == 2 ? CS_ERR_POLICY_REFUSED : CS_ERR_BAD_FORMAT);
        assert_int_equal(cs_session_blame(w->s[1]).party, 2);
        cs_session_out_clear(&out);
        net_free(w);
    }
}

/* ---- messages -------------------------------------------------------------------- */

/* A6: late, early, strange: dropped and counted, nobody blamed, the session goes on. */
static void what_does_not_belong_here_is_dropped(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_COM, 510);
    uint8_t body[400] = {0}, sig[64] = {0};
    struct cs_session_out out = {0};
    struct cs_message m;

    (void)state;
#define DROPPED(change)                                                                \
    do {                                                                               \
        m = head(w, CS_TYPE_DKG_COM, 1, 3);                                            \
        m.broadcast = CS_SPAN(body, 64);                                               \
        m.bsig = sig;                                                                  \
        change;                                                                        \
        assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_ERR_REPLAY);   \
        assert_int_equal(out.n_msgs, 0);                                               \
        assert_int_equal(cs_session_phase(w->s[1]), CS_SESSION_RUNNING);               \
    } while (0)
    DROPPED(m.sid[0] ^= 1);
    DROPPED(m.key_id[0] ^= 1);
    DROPPED(m.key_epoch = 1);
    DROPPED(m.from = 0);
    DROPPED(m.from = 1); /* the own index */
    DROPPED(m.from = 4);
    DROPPED(m.from = 255);
    DROPPED(m.proto = CS_PROTO_FROST);
    DROPPED(m.type = 99);
    DROPPED(m.type = CS_TYPE_OPEN);     /* not from the initiator */
    DROPPED(m.type = CS_TYPE_DKG_CERT); /* two rounds ahead */
    DROPPED(m.type = CS_TYPE_DKG_ACK);
    DROPPED({
        m.proto = CS_PROTO_CONTROL;
        m.type = 77;
    });
#undef DROPPED
    net_free(w);
}

/* One round ahead is parked, and used when its time comes. */
static struct net_msg *late_com;

static bool delay_com(struct net *w, struct net_msg *m)
{
    if (m->m.proto == CS_PROTO_DKG && m->m.type == CS_TYPE_DKG_COM && m->m.from == 3 &&
        m->to == 1 && late_com == NULL) {
        late_com = net_msg_copy(w, m);
        return false;
    }
    return true;
}

static void an_early_round_is_parked(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 511);

    (void)state;
    late_com = NULL;
    w->hook = delay_com;
    net_start(w);
    net_drain(w);
    assert_int_equal(cs_session_round(w->s[1]), 1);
    assert_true(w->s[1]->slot[2][2].present); /* 2 and 3 went on */
    assert_true(w->s[1]->slot[2][3].present);
    net_queue(w, late_com);
    net_run(w);
    net_assert_key(w);
    net_free(w);
}

/* The broadcast part decides what a repeat is (15.1 A5). */
static void a_repeat_with_another_private_part_is_a_repeat(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 512);
    const struct ses_slot *slot = &w->s[1]->slot[2][2];
    struct cs_message m = head(w, CS_TYPE_DKG_REVEAL, 2, 2);
    struct cs_session_out out = {0};
    uint8_t priv[64] = {0};

    (void)state;
    assert_true(slot->present);
    m.broadcast = cs_wr_get(&slot->bcast);
    m.priv = CS_SPAN_OF(priv);
    m.bsig = slot->bsig;
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_OK);
    assert_int_equal(cs_session_phase(w->s[1]), CS_SESSION_RUNNING);
    assert_memory_not_equal(slot->priv.p, priv, 64);
    net_free(w);
}

/* A second message whose signature the driver cannot confirm proves nothing about two
 * messages, but no honest sender makes it. */
static void unproven_differences_are_not_called_equivocation(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 513);
    const struct ses_slot *slot = &w->s[1]->slot[2][2];
    struct cs_message m = head(w, CS_TYPE_DKG_REVEAL, 2, 2);
    struct cs_session_out out = {0};
    struct cs_wr other = {0};

    (void)state;
    cs_wr_span(&other, cs_wr_get(&slot->bcast));
    other.p[100] ^= 1;
    m.broadcast = cs_wr_get(&other);
    m.bsig = slot->bsig; /* does not fit */
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_session_blame(w->s[1]).party, 2);
    net_assert_wiped(w, 1);
    cs_session_out_clear(&out);
    cs_wr_free(&other);
    net_free(w);
}

static void the_round_field_must_fit_the_type(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_COM, 514);
    struct cs_message m = head(w, CS_TYPE_DKG_COM, 2, 3);
    uint8_t body[64] = {0}, sig[64] = {0};
    struct cs_session_out out = {0};

    (void)state;
    m.broadcast = CS_SPAN_OF(body);
    m.bsig = sig;
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_ERR_BAD_FORMAT);
    assert_int_equal(cs_session_blame(w->s[1]).party, 3);
    cs_session_out_clear(&out);
    net_free(w);
}

static void two_openings_of_one_session_are_equivocation(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_COM, 515);
    struct net_msg second = {.to = 2};
    struct cs_session_out out = {0};

    (void)state;
    second.m = head(w, CS_TYPE_OPEN, 0, 1);
    cs_wr_span(&second.bcast, cs_wr_get(&w->s[2]->slot[0][1].bcast));
    net_sign(w, &second);
    assert_int_equal(cs_session_feed(w->s[2], &second.m, w->now, &out), CS_OK);
    second.bcast.p[84] ^= 1; /* attempt: not in presid */
    net_sign(w, &second);
    assert_int_equal(cs_session_feed(w->s[2], &second.m, w->now, &out),
                     CS_ERR_EQUIVOCATION);
    assert_int_equal(cs_session_blame(w->s[2]).party, 1);
    cs_session_out_clear(&out);
    cs_wr_free(&second.bcast);
    net_free(w);
}

/* ---- ids ------------------------------------------------------------------------- */

/* Row 26: everything that must be in presid is in it. */
static void presid_binds_everything(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 520);
    struct cs_session_params good, p;
    uint8_t reqh[32] = {1}, nonce[32] = {2}, base[32], h[32];
    struct cs_protocol other = cs_dkg_protocol;

    (void)state;
    net_params(w, 1, &good);
    ses_presid(base, &good, reqh, nonce);
#define DIFFERS(change)                                                                \
    do {                                                                               \
        p = good;                                                                      \
        change;                                                                        \
        ses_presid(h, &p, reqh, nonce);                                                \
        assert_memory_not_equal(h, base, 32);                                          \
    } while (0)
    other.proto = CS_PROTO_RESHARE;
    DIFFERS(p.protocol = &other);
    DIFFERS(p.roster.ds_hash[0] ^= 1);
    DIFFERS(p.request.key_id[0] ^= 1);
    DIFFERS(p.request.key_epoch = 1);
    DIFFERS(p.has_cert = true);
    DIFFERS(p.n_parts = 2);
    DIFFERS(p.boot[2][31] ^= 1);
#undef DIFFERS
    nonce[0] ^= 1;
    ses_presid(h, &good, reqh, nonce);
    assert_memory_not_equal(h, base, 32);
    nonce[0] ^= 1;
    reqh[0] ^= 1;
    ses_presid(h, &good, reqh, nonce);
    assert_memory_not_equal(h, base, 32);
    net_free(w);
}

/* ---- time ------------------------------------------------------------------------ */

/* Counts what 1 sends to 3, which is silent: at 0, 1, 2, 4, 8, 16, 32 s. */
static void messages_are_repeated_until_receipt_shows(void **state)
{
    static const uint64_t want[] = {1000, 2000, 4000, 8000, 16000, 32000};
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 530);
    uint64_t start = w->now;
    struct cs_wr first = {0};

    (void)state;
    cs_wr_span(&first, cs_wr_get(&w->s[1]->sent[2].bcast));
    for (size_t i = 0; i < CS_COUNTOF(want); i++) {
        struct cs_session_out out = {0};
        size_t to2 = 0, to3 = 0;

        assert_true(cs_session_deadline(w->s[1]) == start + want[i]);
        cs_session_time(w->s[1], start + want[i] - 1, &out);
        assert_int_equal(out.n_msgs, 0);
        cs_session_time(w->s[1], start + want[i], &out);
        for (size_t k = 0; k < out.n_msgs; k++) {
            to2 += out.msgs[k].to == 2 && out.msgs[k].msg.type == CS_TYPE_DKG_REVEAL;
            to3 += out.msgs[k].to == 3 && out.msgs[k].msg.type == CS_TYPE_DKG_REVEAL;
            if (out.msgs[k].msg.type == CS_TYPE_DKG_REVEAL) { /* the same bytes */
                assert_int_equal(out.msgs[k].bcast.n, first.n);
                assert_memory_equal(out.msgs[k].bcast.p, first.p, first.n);
            }
        }
        assert_int_equal(to2, 1); /* no CERT of 2 yet: it waits for 3 as well */
        assert_int_equal(to3, 1);
        cs_session_out_clear(&out);
    }
    cs_wr_free(&first);
    net_free(w);
}

static void the_deadline_ends_it_and_tells_the_peers(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 531);
    struct cs_session_out out = {0};
    size_t aborts = 0;

    (void)state;
    cs_session_time(w->s[1], 1000 + 60000, &out);
    assert_true(out.ended);
    assert_int_equal(cs_session_blame(w->s[1]).err, CS_ERR_TIMEOUT);
    assert_int_equal(cs_session_blame(w->s[1]).party, 3);
    for (size_t k = 0; k < out.n_msgs; k++) {
        aborts += out.msgs[k].msg.proto == CS_PROTO_CONTROL &&
                  out.msgs[k].msg.type == CS_TYPE_ABORT;
    }
    assert_int_equal(aborts, 2);
    net_assert_wiped(w, 1);
    assert_true(cs_session_deadline(w->s[1]) == UINT64_MAX);
    cs_session_out_clear(&out);
    net_free(w);
}

/* DONE answers repeats of the last message, few and for 20 s, then has nothing more to
 * do. */
static void a_finished_session_answers_for_a_while(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 533);
    struct cs_session_out out = {0};
    struct net_msg m = {.to = 1};
    size_t answers = 0;

    (void)state;
    net_start(w);
    net_run(w);
    net_assert_key(w);
    m.m = head(w, CS_TYPE_DKG_ACK, 4, 2);
    cs_wr_span(&m.bcast, cs_wr_get(&w->s[1]->slot[4][2].bcast));
    net_sign(w, &m);
    for (int i = 0; i < 40; i++) {
        enum cs_err err = cs_session_feed(w->s[1], &m.m, w->now + 250u * (unsigned)i,
                                          &out);

        answers += err == CS_OK;
        assert_true(err == CS_OK || err == CS_ERR_REPLAY);
        assert_int_equal(out.n_msgs, err == CS_OK);
        cs_session_out_clear(&out);
    }
    assert_int_equal(answers, SES_REPLIES_MAX);
    m.m.from = 3; /* fresh, but not the same bytes */
    assert_int_equal(cs_session_feed(w->s[1], &m.m, w->now, &out), CS_ERR_REPLAY);
    assert_non_null(cs_session_state(w->s[1]));
    assert_true(cs_session_deadline(w->s[1]) == w->now + CS_SESSION_LINGER_MS);
    cs_session_time(w->s[1], w->now + CS_SESSION_LINGER_MS, &out);
    assert_true(cs_session_deadline(w->s[1]) == UINT64_MAX);
    assert_int_equal(cs_session_feed(w->s[1], &m.m, w->now, &out), CS_ERR_REPLAY);
    cs_wr_free(&m.bcast);
    net_free(w);
}

static void an_aborted_session_has_no_way_out(void **state)
{
    struct net *w = wait_in(CS_TYPE_DKG_REVEAL, 532);
    struct cs_session_out out = {0};
    struct cs_message m = head(w, CS_TYPE_DKG_REVEAL, 2, 3);

    (void)state;
    cs_session_abort(w->s[1], CS_ERR_LINK_LOST, &out);
    assert_int_equal(cs_session_blame(w->s[1]).err, CS_ERR_LINK_LOST);
    net_assert_wiped(w, 1);
    cs_session_out_clear(&out);
    assert_int_equal(cs_session_feed(w->s[1], &m, w->now, &out), CS_ERR_REPLAY);
    assert_null(cs_session_take_job(w->s[1], net_random, &w->rng));
    cs_session_time(w->s[1], w->now + 100000, &out);
    cs_session_abort(w->s[1], CS_ERR_TIMEOUT, &out);
    assert_int_equal(out.n_msgs, 0);
    assert_false(out.ended);
    assert_int_equal(cs_session_blame(w->s[1]).err, CS_ERR_LINK_LOST);
    net_free(w);
}

/* ---- jobs ------------------------------------------------------------------------ */

/* The session ends while a worker has the round: the late result is harmless. */
static void a_result_that_comes_too_late_is_thrown_away(void **state)
{
    struct opened o;
    struct cs_session_out out = {0};
    struct cs_round_job *job;

    (void)state;
    opened_init(&o, 540);
    o.w->s[1]->ready[2] = o.w->s[1]->ready[3] = true;
    job = cs_session_take_job(o.w->s[1], net_random, &o.w->rng);
    assert_non_null(job);
    assert_null(
        cs_session_take_job(o.w->s[1], net_random, &o.w->rng)); /* one at a time */
    assert_null(cs_session_state(o.w->s[1]));
    cs_session_abort(o.w->s[1], CS_ERR_DEADLINE, &out);
    cs_session_out_clear(&out);
    cs_round_job_run(job);
    assert_int_equal(cs_session_job_done(o.w->s[1], job, o.w->now, &out), CS_OK);
    assert_int_equal(out.n_msgs, 0);
    net_assert_wiped(o.w, 1);
    opened_free(&o);
}

static void a_job_that_never_ran_fails_the_session(void **state)
{
    struct opened o;
    struct cs_session_out out = {0};
    struct cs_round_job *job;

    (void)state;
    opened_init(&o, 541);
    o.w->s[1]->ready[2] = o.w->s[1]->ready[3] = true;
    job = cs_session_take_job(o.w->s[1], net_random, &o.w->rng);
    assert_int_equal(cs_session_job_done(o.w->s[1], job, o.w->now, &out), CS_ERR_STATE);
    net_assert_wiped(o.w, 1);
    cs_session_out_clear(&out);
    opened_free(&o);
}

/* Store before you send, also when the very same step goes on to fail: the certificate
 * signature waits for the share to be stored, the share is wiped, so it must not leave.
 */
static struct net_msg *early_cert;

static bool bad_cert_first(struct net *w, struct net_msg *m)
{
    (void)w;
    if (m->m.proto == CS_PROTO_DKG && m->m.from == 3 && m->to == 1 &&
        m->m.type == CS_TYPE_DKG_CERT) {
        m->bcast.p[70] ^= 1;
    }
    if (m->m.proto == CS_PROTO_DKG && m->m.from == 2 && m->to == 1 &&
        m->m.type == CS_TYPE_DKG_REVEAL && early_cert == NULL) {
        early_cert = net_msg_copy(w, m);
        return false;
    }
    return true;
}

static void a_message_does_not_leave_without_what_it_waited_for(void **state)
{
    struct net *w = net_new(3, 2, CS_CURVE_ED25519, 542);
    struct cs_session_out out = {0};

    (void)state;
    early_cert = NULL;
    w->hook = bad_cert_first;
    net_start(w);
    net_drain(w); /* 1 lacks the REVEAL of 2; CERTs of 2 and 3 are parked */
    assert_true(w->s[1]->slot[3][2].present && w->s[1]->slot[3][3].present);
    assert_int_equal(cs_session_feed(w->s[1], &early_cert->m, w->now, &out), CS_OK);
    assert_int_equal(cs_session_pump(w->s[1], net_random, &w->rng, w->now, &out),
                     CS_ERR_DKG_CERT_SIG);
    assert_false(out.persist);
    assert_null(cs_session_state(w->s[1]));
    for (size_t k = 0; k < out.n_msgs; k++) {
        assert_int_equal(out.msgs[k].msg.proto,
                         CS_PROTO_CONTROL); /* only ABORT leaves */
    }
    cs_session_out_clear(&out);
    net_msg_free(early_cert);
    net_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_request_of_the_own_is_joined),
        cmocka_unit_test(a_malformed_opening_is_bad_format),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(ready_names_the_request),
        cmocka_unit_test(what_does_not_belong_here_is_dropped),
        cmocka_unit_test(an_early_round_is_parked),
        cmocka_unit_test(a_repeat_with_another_private_part_is_a_repeat),
        cmocka_unit_test(unproven_differences_are_not_called_equivocation),
        cmocka_unit_test(the_round_field_must_fit_the_type),
        cmocka_unit_test(two_openings_of_one_session_are_equivocation),
        cmocka_unit_test(presid_binds_everything),
        cmocka_unit_test(messages_are_repeated_until_receipt_shows),
        cmocka_unit_test(the_deadline_ends_it_and_tells_the_peers),
        cmocka_unit_test(a_finished_session_answers_for_a_while),
        cmocka_unit_test(an_aborted_session_has_no_way_out),
        cmocka_unit_test(a_result_that_comes_too_late_is_thrown_away),
        cmocka_unit_test(a_job_that_never_ran_fails_the_session),
        cmocka_unit_test(a_message_does_not_leave_without_what_it_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
