/* Every byte of DKLs23 signing with fixed randomness against another implementation's
 * (test/vectors/own-dkls, PROTOCOLS 11), for two signers and for three. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/mem.h"
#include "mpc/dkls_impl.h"
#include "support/groups.h"
#include "support/vectors.h"

enum { INDICES = 5 };

static const enum cs_curve secp = CS_CURVE_SECP256K1;
static struct cs_vec *v;
static const json_t *kat;
static const char *name;
static struct dkls_state *s[INDICES]; /* by index */
static struct cs_dkls_msg out[INDICES][INDICES],
    next[INDICES][INDICES]; /* [from][to] */

/* ---- inputs ---------------------------------------------------------------------- */

/* expand(name/what, n): README.md of the vectors. */
static void expand(uint8_t *to, size_t n, const char *what)
{
    char label[64];
    size_t len = (size_t)snprintf(label, sizeof label, "%s/%s", name, what);
    uint8_t block[32];

    assert_true(len + 4 <= sizeof label);
    for (uint32_t c = 0; n > 0; c++) {
        size_t take = n < 32 ? n : 32;

        for (int i = 0; i < 4; i++) {
            label[len + (size_t)i] = (char)(c >> (24 - 8 * i));
        }
        (void)crypto_hash_sha256(block, (const uint8_t *)label, len + 4);
        memcpy(to, block, take);
        to += take;
        n -= take;
    }
}

static void expand2(uint8_t *to, size_t n, const char *what, unsigned a, unsigned b)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%s/%u/%u", what, a, b);
    expand(to, n, text);
}

static struct cs_ot_keys *keys_of(uint8_t alice, uint8_t bob)
{
    struct cs_ot_keys *k = cs_guard_new(sizeof *k);

    assert_non_null(k);
    k->refs = 1;
    k->ids.alice = alice;
    k->ids.bob = bob;
    expand2(k->ids.osid, 32, "osid", alice, bob);
    expand2(k->alice.delta, sizeof k->alice.delta, "delta", alice, bob);
    expand2(k->bob.k[0][0], sizeof k->bob.k, "key", alice, bob);
    for (size_t i = 0; i < CS_OT_ROWS; i++) {
        unsigned bit = (unsigned)(k->alice.delta[i >> 3] >> (i & 7)) & 1;

        memcpy(k->alice.k[i], k->bob.k[bit][i], CS_OT_KEY_LEN);
    }
    cs_rvole_gadget_make(&k->gadget, k->ids.osid);
    return k;
}

static void open_peer(struct dkls_peer *p, uint8_t self, uint8_t peer)
{
    p->index = peer;
    expand2(p->secret.zero_key, 32, "zero", self < peer ? self : peer,
            self < peer ? peer : self);
    p->keys_alice = keys_of(self, peer);
    p->keys_bob = keys_of(peer, self);
}

static void open_common(struct dkls_state *st, size_t n)
{
    uint8_t wide[64] = {0};
    struct cs_scalar h;
    char text[32];

    st->initiator = (uint8_t)cs_vec_int(kat, "initiator");
    st->n_signers = (uint8_t)n;
    for (size_t i = 0; i < n; i++) {
        st->signers[i] = (uint8_t)json_integer_value(
            json_array_get(cs_vec_get(kat, "signers"), i));
    }
    memcpy(st->presid, cs_vec_hex_n(v, kat, "presid", 32), 32);
    memcpy(st->digest, cs_vec_hex_n(v, kat, "digest", 32), 32);
    memcpy(st->epsilon.b, cs_vec_hex_n(v, kat, "epsilon", 32), 32);
    assert_int_equal(cs_point_decode(secp, &st->X, cs_vec_hex(v, kat, "X")), CS_OK);
    memcpy(wide + 32, st->digest, 32);
    cs_scalar_reduce64(secp, &h, wide);
    (void)cs_n_load(&st->h, h.b);
    (void)snprintf(text, sizeof text, "local/%u", st->self);
    expand(st->secret.local, 32, text);
}

static void open_signer(size_t at, size_t n)
{
    const json_t *signers = cs_vec_get(kat, "signers");
    uint8_t self = (uint8_t)json_integer_value(json_array_get(signers, at));
    struct dkls_state *st = dkls_state_new(n - 1);
    const char *share = json_string_value(
        json_array_get(cs_vec_get(kat, "shares"), at));
    size_t k = 0;

    assert_non_null(st);
    assert_true(self < INDICES);
    s[self] = st;
    st->self = self;
    open_common(st, n);
    assert_int_equal(cs_unhex(st->secret.x.s.b, 32, share), CS_OK);
    for (size_t i = 0; i < n; i++) {
        if (st->signers[i] != self) {
            open_peer(&st->peers[k++], self, st->signers[i]);
        }
    }
}

/* ---- the run --------------------------------------------------------------------- */

static void keep(uint8_t from, struct cs_dkls_msg *made)
{
    for (size_t k = 0; k < s[from]->n_peers; k++) {
        next[from][s[from]->peers[k].index] = made[k];
    }
}

static void step(dkls_step *run, unsigned round, uint8_t self)
{
    struct dkls_in in[INDICES] = {{{0}, {0}}};
    struct cs_dkls_msg made[INDICES] = {{0}};
    uint8_t rand[DKLS_RAND];

    for (size_t k = 0; k < s[self]->n_peers; k++) {
        const struct cs_dkls_msg *m = &out[s[self]->peers[k].index][self];

        in[k] = (struct dkls_in){cs_wr_get(&m->bcast), cs_wr_get(&m->body)};
    }
    expand2(rand, sizeof rand, "rand", self, round);
    assert_int_equal(run(s[self], in, rand, made), CS_OK);
    keep(self, made);
}

static void forget_messages(void)
{
    for (size_t i = 0; i < INDICES; i++) {
        for (size_t k = 0; k < INDICES; k++) {
            cs_wr_free(&out[i][k].bcast);
            cs_wr_free(&out[i][k].body);
        }
    }
    memset(out, 0, sizeof out);
}

static void round_of_all(dkls_step *run, unsigned round)
{
    memset(next, 0, sizeof next);
    for (uint8_t i = 0; i < INDICES; i++) {
        if (s[i] != NULL) {
            step(run, round, i);
        }
    }
    forget_messages();
    memcpy(out, next, sizeof out);
}

static void part_is(const json_t *want, const char *what, const struct cs_wr *w)
{
    char field[32];
    uint8_t hash[32];

    (void)snprintf(field, sizeof field, "%s_len", what);
    assert_int_equal(w->n, cs_vec_int(want, field));
    (void)snprintf(field, sizeof field, "%s_sha256", what);
    (void)crypto_hash_sha256(hash, w->n > 0 ? w->p : hash, w->n);
    if (memcmp(hash, cs_vec_hex_n(v, want, field, 32), 32) != 0) {
        fail_msg("case %s: %s of %d.%d -> %d", name, what,
                 (int)cs_vec_int(want, "from"), (int)cs_vec_int(want, "type"),
                 (int)cs_vec_int(want, "to"));
    }
}

static void messages_are(unsigned type)
{
    const json_t *want;
    size_t i, count = 0, made = 0;

    json_array_foreach(cs_vec_get(kat, "messages"), i, want)
    {
        if (cs_vec_int(want, "type") == (json_int_t)type) {
            const struct cs_dkls_msg *m =
                &out[cs_vec_int(want, "from")][cs_vec_int(want, "to")];

            part_is(want, "broadcast", &m->bcast);
            part_is(want, "private", &m->body);
            count++;
        }
    }
    for (i = 0; i < INDICES; i++) {
        for (size_t k = 0; k < INDICES; k++) {
            made += out[i][k].body.n > 0 ? 1 : 0;
        }
    }
    assert_int_equal(made, count);
    assert_true(count > 0);
}

static void run_case(void)
{
    size_t n = json_array_size(cs_vec_get(kat, "signers"));
    struct dkls_state *first;
    uint8_t R[CS_POINT_MAX];

    name = cs_vec_str(kat, "name");
    for (size_t i = 0; i < n; i++) {
        open_signer(i, n);
    }
    round_of_all(dkls_round1, 1);
    messages_are(1);
    round_of_all(dkls_round2, 2);
    messages_are(2);
    first = s[cs_vec_int(kat, "initiator")];
    assert_memory_equal(first->sid, cs_vec_hex_n(v, kat, "sid", 32), 32);
    if (n > 2) {
        assert_memory_equal(first->tr1, cs_vec_hex_n(v, kat, "tr_1", 32), 32);
    }
    round_of_all(dkls_round3, 3);
    messages_are(3);
    step(dkls_finish, 4, first->self);
    (void)cs_point_encode(&first->R, R);
    assert_memory_equal(R, cs_vec_hex_n(v, kat, "R", 33), 33);
    assert_memory_equal(first->sig.rs, cs_vec_hex_n(v, kat, "signature", 64), 64);
    assert_int_equal(first->sig.recid, cs_vec_int(kat, "recid"));
    forget_messages();
    for (size_t i = 0; i < INDICES; i++) {
        dkls_state_free(s[i]);
        s[i] = NULL;
    }
}

static void every_message_is_the_other_implementations(void **state)
{
    size_t i;

    (void)state;
    v = CS_VEC_OWN("own-dkls/transcripts.json");
    assert_int_equal(json_array_size(cs_vec_get(v->root, "cases")), 2);
    json_array_foreach(cs_vec_get(v->root, "cases"), i, kat)
    {
        run_case();
    }
    cs_vec_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_the_other_implementations),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
