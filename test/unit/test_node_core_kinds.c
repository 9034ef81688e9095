/* Which key signs what: paths (PROTOCOLS 9.1, 9.2), kinds of requests, blind signing,
 * one scheme per key (7.7, rows 48-50). */
#include "crypto/ecdsa.h"
#include "node/core/ecdsa.h"
#include "support/node_ecdsa.h"
#include "support/node_liar.h"
#include "support/node_taproot.h"

static struct bed b;

static int up_taproot(void **state)
{
    (void)state;
    trio_up(&b);
    tap_key(&b);
    liar = NULL;
    b.carry = lie_carry;
    return 0;
}

static int up_blind(void **state)
{
    (void)up_taproot(state);
    for (int i = 0; i < BED_NODES; i++) {
        b.node[i].allow_blind = true;
        bed_restart(&b, i);
    }
    bed_advance(&b, 8000);
    return 0;
}

static int up_solana(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    return 0;
}

static int up_without_key(void **state)
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

static uint8_t text[] = "Pay the plumber, not the baker.";
static uint8_t digest[33] = {1, 2, 3};

static void payload(struct cs_ctl_frame *f, const char *kind, uint8_t *p, size_t n)
{
    (void)snprintf(f->u.sign.kind, sizeof f->u.sign.kind, "%s", kind);
    f->u.sign.payload = (struct cs_blob){p, n};
}

/* A text under the key at that path, by parties 1 and 2. */
static void text_frame(struct cs_ctl_frame *f, uint8_t n, const char *path)
{
    struct cs_wr none = {0};

    tap_sign_frame(&b, f, n, 1, 2, 1, path, &none);
    payload(f, "PLAINTEXT", text, sizeof text - 1);
}

/* Node 0 refuses f at once, and nothing of it is signed or written. */
static void refused(const struct cs_ctl_frame *f, const char *reason)
{
    size_t n = bed_count(&b, 0, CS_EVT_SIGN_FAILED);
    uint64_t seq = cs_journal_head(b.node[0].core->journal).seq;
    struct cs_ctl_frame copy = *f;

    bed_cmd(&b, 0, &copy);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_FAILED), n + 1);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, reason);
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase, "accept");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(b.node[0].core->n_works, 0);
    assert_int_equal(cs_journal_head(b.node[0].core->journal).seq, seq);
}

static unsigned blames(int node, int peer)
{
    return b.node[node].core->quorums[0]->peers[peer + 1].rec.blames;
}

/* ---- paths ----------------------------------------------------------------------- */

static void each_path_has_a_key_of_its_own(void **state)
{
    static const char *const paths[] = {"", "0", "0/5", "2147483647",
                                        "1/2/3/4/5/6/7/8/9/10"};
    uint8_t x[CS_COUNTOF(paths)][32];

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(paths); i++) {
        struct cs_ctl_frame f;

        text_frame(&f, (uint8_t)(i + 1), paths[i]);
        trio_sign_send(&b, &f);
        bed_advance(&b, 3000);
        assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), i + 1);
        tap_check_done(&b, 0, i + 1, &f);
        tap_output(&b, paths[i], x[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(x[k], x[i], 32);
        }
    }
}

static void inputs_of_a_derived_address_are_signed_with_its_key(void **state)
{
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    tap_psbt(&b, &w, "0/5", 3);
    tap_sign_frame(&b, &f, 1, 2, 3, 3, "0/5", &w);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    tap_check_done(&b, 2, 1, &f);
    cs_wr_free(&w);
}

static void inputs_of_another_path_are_refused(void **state)
{
    static const char *const of[] = {"", "0/6", "0", "5/0"};
    struct cs_ctl_frame f;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(of); i++) { /* the root's, too */
        struct cs_wr w;

        tap_psbt(&b, &w, of[i], 1);
        tap_sign_frame(&b, &f, (uint8_t)(i + 1), 1, 2, 1, "0/5", &w);
        refused(&f, "CHAIN_SIGNER");
        cs_wr_free(&w);
    }
}

static void a_malformed_or_hardened_path_is_refused(void **state)
{
    static const char *const bad[] = {
        "m",    "m/0",        "/0",         "0/",  "0//1", "00",
        "01/2", "0'",         "0h",         "-1",  "+1",   " 0",
        "0 ",   "2147483648", "4294967296", "0x1", "a",    "0/1/2/3/4/5/6/7/8/9/10"};
    struct cs_ctl_frame f;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        text_frame(&f, (uint8_t)(i + 1), bad[i]);
        refused(&f, "PATH");
        assert_false(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.retryable);
    }
}

static void a_path_on_an_ed25519_key_is_refused(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    (void)snprintf(f.u.sign.path, sizeof f.u.sign.path, "0");
    refused(&f, "POLICY_REFUSED");
}

static void one_request_has_one_path(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    text_frame(&f, 1, "0/5");
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    tap_check_done(&b, 0, 1, &f);
    text_frame(&f, 1, "0/6");
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "E_REQUEST_CONFLICT");
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "E_REQUEST_CONFLICT");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

/* The platform shows two nodes two paths: nothing is signed, nobody is blamed. */
static void two_nodes_with_two_paths_sign_nothing_and_ban_nobody(void **state)
{
    struct cs_ctl_frame f;
    uint64_t seq = cs_journal_head(b.node[1].core->journal).seq;

    (void)state;
    text_frame(&f, 1, "0/6");
    bed_cmd(&b, 1, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    text_frame(&f, 1, "0/5");
    bed_cmd(&b, 0, &(struct cs_ctl_frame){.kind = f.kind, .u = f.u});
    bed_advance(&b, 20000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_ABORTED");
    assert_string_equal(bed_last(&b, 0, CS_EVT_SIGN_FAILED)->u.failed.phase,
                        "POLICY_REFUSED");
    assert_int_equal(blames(0, 1) + blames(1, 0), 0);
    assert_int_equal(cs_journal_head(b.node[1].core->journal).seq, seq); /* no intent */
}

/* ---- kinds ----------------------------------------------------------------------- */

static void a_kind_that_nobody_knows_is_refused(void **state)
{
    static const char *const bad[] = {"raw", "BLIND", "CHECK", "KEYGEN", "TWEAK"};
    struct cs_ctl_frame f;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(bad); i++) {
        text_frame(&f, (uint8_t)(i + 1), "");
        payload(&f, bad[i], text, sizeof text - 1);
        refused(&f, "POLICY_REFUSED");
    }
}

static void typed_data_is_refused_for_a_key_of_another_chain(void **state)
{
    static uint8_t json[] = "{\"types\":{}}";
    struct cs_ctl_frame f;

    (void)state;
    text_frame(&f, 1, "");
    payload(&f, "TYPED_DATA", json, sizeof json - 1);
    refused(&f, "CHAIN_UNKNOWN");
}

static char typed[] =
    "{\"types\":{\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},"
    "{\"name\":\"version\",\"type\":\"string\"},"
    "{\"name\":\"chainId\",\"type\":\"uint256\"},"
    "{\"name\":\"verifyingContract\",\"type\":\"address\"}],"
    "\"Person\":[{\"name\":\"name\",\"type\":\"string\"},"
    "{\"name\":\"wallet\",\"type\":\"address\"}],"
    "\"Mail\":[{\"name\":\"from\",\"type\":\"Person\"},"
    "{\"name\":\"to\",\"type\":\"Person\"},"
    "{\"name\":\"contents\",\"type\":\"string\"}]},"
    "\"primaryType\":\"Mail\",\"domain\":{\"name\":\"Ether Mail\",\"version\":\"1\","
    "\"chainId\":1,\"verifyingContract\":"
    "\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"},"
    "\"message\":{\"from\":{\"name\":\"Cow\",\"wallet\":"
    "\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"},\"to\":{\"name\":\"Bob\","
    "\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"},"
    "\"contents\":\"Hello, Bob!\"}}";

static void typed_data_and_digests_are_signed_by_an_evm_key(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    for (int i = 0; i < BED_NODES; i++) {
        b.node[i].allow_blind = true;
        bed_restart(&b, i);
    }
    bed_advance(&b, 20000);
    ec_key(&b, "ETHEREUM");
    ec_sign_frame(&b, &f, 1, 1, 2, 1);
    payload(&f, "TYPED_DATA", (uint8_t *)typed, sizeof typed - 1);
    trio_sign_send(&b, &f);
    bed_advance(&b, 5000);
    ec_check_done(&b, 0, 1, &f);
    ec_sign_frame(&b, &f, 2, 2, 3, 3);
    (void)snprintf(f.u.sign.path, sizeof f.u.sign.path, "0/5");
    payload(&f, "DIGEST", digest, 32);
    trio_sign_send(&b, &f);
    bed_advance(&b, 5000);
    ec_check_done(&b, 2, 1, &f);
}

static void a_payload_is_signed_as_the_kind_it_was_approved_as(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    text_frame(&f, 1, "");
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    tap_check_done(&b, 0, 1, &f);
    payload(&f, "DIGEST", digest, 32);
    f.u.sign.attempt = 2;
    trio_sign_send(&b, &f); /* the kind is in the request's hash (row 48) */
    bed_advance(&b, 3000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "E_REQUEST_CONFLICT");
}

static void a_digest_is_refused_unless_the_operator_allows_it(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    text_frame(&f, 1, "");
    payload(&f, "DIGEST", digest, 32);
    refused(&f, "POLICY_REFUSED");
}

static void a_digest_is_signed_where_both_operators_allow_it(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    text_frame(&f, 1, "0/5");
    payload(&f, "DIGEST", digest, 32);
    trio_sign_send(&b, &f);
    bed_advance(&b, 3000);
    tap_check_done(&b, 0, 1, &f);
}

static void one_operator_who_allows_it_is_not_enough(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.node[1].allow_blind = false;
    bed_restart(&b, 1);
    bed_advance(&b, 8000);
    text_frame(&f, 1, "");
    payload(&f, "DIGEST", digest, 32);
    trio_sign_send(&b, &f);
    bed_advance(&b, 30000);
    BED_FAILED(&b, 1, CS_EVT_SIGN_FAILED, "POLICY_REFUSED");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(blames(0, 1) + blames(1, 0), 0);
}

static void a_digest_of_another_length_is_refused(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    text_frame(&f, 1, "");
    payload(&f, "DIGEST", digest, 31);
    refused(&f, "CHAIN_MESSAGE");
    text_frame(&f, 2, "");
    payload(&f, "DIGEST", digest, 33);
    refused(&f, "CHAIN_MESSAGE");
}

static void an_ed25519_key_signs_no_digest(void **state)
{
    struct cs_ctl_frame f;

    (void)state;
    b.node[0].allow_blind = true;
    bed_restart(&b, 0);
    bed_advance(&b, 8000);
    trio_sign_frame(&b, &f, 1, 1, 2, 1);
    payload(&f, "DIGEST", digest, 32);
    refused(&f, "CHAIN_UNKNOWN");
}

/* ---- one key, one scheme --------------------------------------------------------- */

/* The same point, but the address of an ECDSA wallet. */
static void inputs_of_a_segwit_address_are_refused_by_a_taproot_key(void **state)
{
    struct cs_chain_key own;
    struct cs_ctl_frame f;
    struct cs_wr w;

    (void)state;
    tap_own(&b, "", &own);
    own.format = CS_CHAIN_FORMAT_P2WPKH;
    made_psbt(&w, &own, (struct made){.n_ins = 1, MADE_PAY});
    tap_sign_frame(&b, &f, 1, 1, 2, 1, "", &w);
    refused(&f, "CHAIN_SIGNER");
    cs_wr_free(&w);
}

/* OP_1 and the internal key itself: an output that no tweak commits (row 50). */
static void inputs_of_an_output_key_without_the_tweak_are_refused(void **state)
{
    struct cs_chain_key own;
    struct cs_ctl_frame f;
    char script[2 * 34 + 1] = "5120";
    struct cs_wr w;

    (void)state;
    tap_own(&b, "", &own);
    cs_hex(script + 4, own.pub + 1, 32);
    made_psbt(&w, &own, (struct made){.n_ins = 1, .in_spent = script, MADE_PAY});
    tap_sign_frame(&b, &f, 1, 1, 2, 1, "", &w);
    refused(&f, "CHAIN_SIGNER");
    cs_wr_free(&w);
}

/* What the node itself sees to, whatever the chain layer made of the payload. */
static void items_that_the_key_does_not_sign_are_refused(void **state)
{
    struct cs_chain_item items[2] = {{.scheme = CS_CHAIN_SCHEME_BIP340}};
    struct cs_chain_tx tx = {.items = items, .n_items = 2};
    struct cs_request req = {.scheme = CS_SCHEME_BIP340, .path_len = 1, .path = {5}};
    struct cached_key *c;
    struct cs_bip32 child;
    uint8_t pub[CS_POINT_MAX], x[32];
    const char *why;
    enum cs_err err;

    (void)state;
    c = cs_nd_key_load(b.node[0].core,
                       bed_last(&b, 0, CS_EVT_KEY_ACTIVE)->u.key_active.key_id, &err);
    assert_int_equal(cs_nd_child_key(&child, c->key, &req), CS_OK);
    (void)cs_point_encode(&child.X, pub);
    items[0].has_tweak = true;
    assert_int_equal(cs_taproot_output(x, items[0].tweak, pub), CS_OK);
    items[1] = items[0];
#define CHECKED() cs_nd_check_items(&tx, &req, c->key, &child, &why)
    assert_int_equal(CHECKED(), CS_OK);
    items[0].tweak[31] ^= 1; /* another script tree than none */
    items[1] = items[0];
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    items[0].tweak[31] ^= 1; /* .. in one input only */
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    items[1] = items[0];
    items[1].has_tweak = false;
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    items[0].has_tweak = false; /* the internal key itself */
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    items[0].has_tweak = items[1].has_tweak = true;
    items[1].scheme = CS_CHAIN_SCHEME_ECDSA;
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    items[0].scheme = CS_CHAIN_SCHEME_ECDSA; /* another scheme than the key's */
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    items[0].scheme = items[1].scheme = CS_CHAIN_SCHEME_BIP340;
    req.path_len = 0; /* the tweak is another path's */
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    req.path_len = 1;
    tx.n_items = 0;
    assert_int_equal(CHECKED(), CS_ERR_POLICY_REFUSED);
    tx.n_items = 2;
    assert_int_equal(CHECKED(), CS_OK);
#undef CHECKED
}

static void key_refused(uint8_t n, const char *chain, const char *scheme,
                        const char *curve, const char *reason)
{
    struct cs_ctl_frame f;
    struct cs_ctl_key_create *k = &f.u.key_create;

    trio_key_frame(&b, &f, n);
    (void)snprintf(k->curve, sizeof k->curve, "%s", curve);
    (void)snprintf(k->scheme, sizeof k->scheme, "%s", scheme);
    (void)snprintf(k->blockchain, sizeof k->blockchain, "%s", chain);
    bed_cmd(&b, 0, &f);
    BED_FAILED(&b, 0, CS_EVT_KEY_FAILED, reason);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_FAILED), n);
    assert_int_equal(b.node[0].core->n_works, 0);
}

static void keys_that_no_payload_could_be_signed_with_are_not_made(void **state)
{
    (void)state;
    key_refused(1, "SOLANA", "BIP340", "SECP256K1", "CHAIN_UNKNOWN");
    key_refused(2, "ETHEREUM", "BIP340", "SECP256K1", "CHAIN_UNKNOWN");
    key_refused(3, "BITCOIN", "FROST_ED25519", "ED25519", "CHAIN_UNKNOWN");
    key_refused(4, "SOLANA", "ECDSA", "SECP256K1", "CHAIN_UNKNOWN");
    key_refused(5, "NO_SUCH_CHAIN", "ECDSA", "SECP256K1", "CHAIN_UNKNOWN");
    key_refused(6, "ETHEREUM", "ECDSA", "ED25519", "USAGE");
    key_refused(7, "ETHEREUM", "SCHNORR", "SECP256K1", "USAGE");
}

static size_t lists;

static bool count_lists(struct lie *l)
{
    lists += lie_is(l, CS_PROTO_FROST, CS_TYPE_FR_NONCES) ? 1 : 0;
    return true;
}

static void a_key_without_frost_gives_out_no_nonces(void **state)
{
    struct cs_message m = {
        .proto = CS_PROTO_FROST, .type = CS_TYPE_FR_WANT, .round = 1};
    uint64_t dropped;
    struct cs_ctl_frame f;
    struct cs_wr body = {0};

    (void)state;
    tap_key_frame(&b, &f, 1);
    (void)snprintf(f.u.key_create.scheme, sizeof f.u.key_create.scheme, "ECDSA");
    trio_to_all(&b, &f);
    bed_advance(&b, 60000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_ACTIVE), 1);
    lists = 0;
    liar = count_lists;
    b.carry = lie_carry;
    memcpy(m.key_id, f.u.key_create.key_id, 16);
    cs_frost_want_encode(&body, 0);
    m.priv = cs_wr_get(&body);
    dropped = b.node[0].core->counters.messages_dropped;
    lie_say(&b, 1, 0, &m);
    assert_int_equal(b.node[0].core->counters.messages_dropped, dropped + 1);
    assert_int_equal(lists, 0);
    cs_wr_free(&body);
}

/* ---- check signatures ------------------------------------------------------------ */

static void check_signatures_of_a_taproot_key_are_under_the_key_itself(void **state)
{
    struct cs_certificate c;
    size_t seen = 0;

    (void)state;
    trio_certificate(&b, 0, &c);
    for (int i = 0; i < BED_NODES; i++) {
        for (size_t k = 1; bed_evt(&b, i, CS_EVT_KEY_CHECKED, k) != NULL; k++) {
            const struct cs_ctl_key_checked *e =
                &bed_evt(&b, i, CS_EVT_KEY_CHECKED, k)->u.key_checked;
            uint8_t msg[32], enc[CS_POINT_MAX];

            cs_check_message(msg, c.cert_hash, e->pair[0], e->pair[1]);
            (void)cs_point_encode(&c.body.X, enc);
            assert_true(tap_verifies(enc + 1, msg, e->signature)); /* untweaked */
            assert_int_equal(cs_check_verify(&c.body, e->pair, e->signature), CS_OK);
            seen++;
        }
    }
    assert_int_equal(seen, 3);
}

static bool lose_answers(struct bed *bed, int from, int to, struct cs_wr *w)
{
    (void)bed;
    (void)from;
    (void)to;
    return !(w->p[1] == CS_PROTO_FROST && w->p[2] == CS_TYPE_FR_RSP);
}

static struct work *first_check(struct cs_node_core *n)
{
    struct work *w = n->works;

    while (w != NULL && w->kind != WORK_CHECK) {
        w = w->next;
    }
    return w;
}

/* What the protocol below gives out as a signature is looked at once more. */
static void a_check_signature_that_does_not_verify_is_not_said(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_ctl_frame f;
    struct cs_step out = {0};
    uint8_t sig[64] = {1};

    (void)state;
    b.carry = lose_answers;
    tap_key_frame(&b, &f, 1);
    trio_to_all(&b, &f);
    bed_advance(&b, 2000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_ACTIVE), 1);
    assert_non_null(first_check(n));
    n->out = &out;
    while (first_check(n) != NULL) {
        cs_nd_item_signed(n, first_check(n), 0, sig);
    }
    n->out = NULL;
    cs_step_clear(&out);
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_CHECKED), 0);
    b.carry = NULL;
    bed_advance(&b, 30000); /* tried again, and right this time */
    assert_int_equal(bed_count(&b, 0, CS_EVT_KEY_CHECKED), 2);
}

/* What node 1 (party 2) says to a check signature that `from` asks for. */
static enum cs_err join(uint8_t from, uint8_t lo, uint8_t hi, uint8_t use,
                        struct work **w)
{
    struct cs_node_core *n = b.node[1].core;
    const uint8_t *key_id = bed_last(&b, 0, CS_EVT_KEY_ACTIVE)->u.key_active.key_id;
    uint8_t use_id[32] = {use};
    struct cs_request req;
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, key_id, &err);

    *w = NULL;
    cs_check_request(&req, &c->key->body, lo, hi);
    return cs_nd_check_join(n, n->quorums[0], from, key_id, req.request_id, use_id, w);
}

static void only_the_pair_s_lower_index_starts_its_check(void **state)
{
    struct cached_key *c;
    struct work *w;
    enum cs_err err;

    (void)state;
    assert_int_equal(join(3, 1, 2, 1, &w), CS_ERR_NOT_FOUND);
    assert_int_equal(join(3, 2, 3, 1, &w), CS_ERR_NOT_FOUND); /* the higher one */
    assert_int_equal(join(1, 1, 3, 1, &w), CS_ERR_NOT_FOUND);
    c = cs_nd_key_load(b.node[1].core,
                       bed_last(&b, 0, CS_EVT_KEY_ACTIVE)->u.key_active.key_id, &err);
    c->info.quorum_id[0] ^= 1; /* a key of another quorum */
    assert_int_equal(join(1, 1, 2, 1, &w), CS_ERR_NOT_FOUND);
    c->info.quorum_id[0] ^= 1;
    c->key->state = CS_KEY_PENDING;
    assert_int_equal(join(1, 1, 2, 1, &w), CS_ERR_STATE);
    c->key->state = CS_KEY_ACTIVE;
    assert_int_equal(join(1, 1, 2, 1, &w), CS_OK);
    assert_non_null(w);
}

static void a_new_try_of_a_check_replaces_the_one_before(void **state)
{
    struct work *w, *again;

    (void)state;
    assert_int_equal(join(1, 1, 2, 1, &w), CS_OK);
    w->items[0].use_id[0] = 1;
    w->items[0].answered = w->intent = true;
    assert_int_equal(join(1, 1, 2, 1, &again), CS_OK); /* a repeat: as it was */
    assert_ptr_equal(again, w);
    assert_true(w->items[0].answered && w->intent);
    assert_int_equal(join(1, 1, 2, 2, &again), CS_OK);
    assert_ptr_equal(again, w);
    assert_false(w->items[0].answered || w->intent);
}

/* Each answer of a check is an entry of the journal: not for ever. */
static void a_pair_is_not_checked_for_ever(void **state)
{
    struct cs_journal_entry e = {.op = CS_JOURNAL_CHECK};
    struct cs_node_core *n = b.node[1].core;
    const uint8_t *key_id;
    struct cached_key *c;
    struct cs_request req;
    struct work *w = NULL;
    enum cs_err err;

    (void)state;
    key_id = bed_last(&b, 0, CS_EVT_KEY_ACTIVE)->u.key_active.key_id;
    c = cs_nd_key_load(n, key_id, &err);
    cs_check_request(&req, &c->key->body, 1, 2);
    memcpy(e.request_id, req.request_id, 16);
    cs_request_hash(e.reqh, &req);
    memcpy(e.digest, req.messages_hash, 32);
    for (int i = 0; i < 1022; i++) { /* and one that the key was proven with */
        assert_int_equal(cs_journal_intent(n->journal, &e), CS_OK);
    }
    assert_int_equal(join(1, 1, 2, 1, &w), CS_OK);
    assert_int_equal(cs_journal_intent(n->journal, &e), CS_OK);
    assert_int_equal(join(1, 1, 2, 1, &w), CS_ERR_POLICY_REFUSED);
}

/* SES_OPEN of node 1, a liar, for the request of f as node 0 has it. */
static void open_ecdsa(const struct cs_ctl_frame *f)
{
    static const uint8_t nonce[32] = {1};
    struct work *w = cs_nd_work_find(b.node[0].core, f->u.sign.request_id);
    struct cs_message m = {.proto = CS_PROTO_ECDSA};
    struct work own;
    struct ecdsa_about a = {.w = &own, .peer = 1};
    struct cs_dkls_open o;
    struct cs_wr body = {0};
    enum cs_err err;

    assert_non_null(w);
    own = *w;
    own.q = b.node[1].core->quorums[0];
    a.key = cs_nd_key_load(b.node[1].core, f->u.sign.key_id, &err)->key;
    assert_int_equal(cs_nd_ecdsa_open(&o, &a, nonce), CS_OK);
    cs_nd_ecdsa_presid(m.sid, &a, &o);
    memcpy(m.key_id, f->u.sign.key_id, 16);
    cs_dkls_open_encode(&body, &o);
    m.priv = cs_wr_get(&body);
    lie_say(&b, 1, 0, &m);
    cs_wr_free(&body);
}

/* Row 48: everything fits the request, but it is not how this key signs. */
static void an_ecdsa_session_does_not_use_a_taproot_key(void **state)
{
    struct cs_node_core *n = b.node[0].core;
    struct cs_journal_request seen;
    struct cs_ctl_frame f;
    struct cs_wr psbt;

    (void)state;
    cs_nd_ot_need(n, n->quorums[0]); /* the quorum has ECDSA keys, too */
    bed_advance(&b, 60000);
    assert_true(cs_nd_ot_ready(n->quorums[0], 2));
    tap_psbt(&b, &psbt, "0/5", 1);
    tap_sign_frame(&b, &f, 1, 1, 2, 2, "0/5", &psbt);
    bed_cmd(&b, 0, &f);
    open_ecdsa(&f);
    cs_wr_free(&psbt);
    assert_null(n->ecdsa);
    assert_int_equal(cs_journal_find(n->journal, f.u.sign.request_id, &seen),
                     CS_ERR_NOT_FOUND);
    assert_int_equal(n->quorums[0]->peers[2].rec.blames, 0);
}

#define WITH(up, name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(up_taproot, each_path_has_a_key_of_its_own),
        WITH(up_taproot, inputs_of_a_derived_address_are_signed_with_its_key),
        WITH(up_taproot, inputs_of_another_path_are_refused),
        WITH(up_taproot, a_malformed_or_hardened_path_is_refused),
        WITH(up_solana, a_path_on_an_ed25519_key_is_refused),
        WITH(up_taproot, one_request_has_one_path),
        WITH(up_taproot, two_nodes_with_two_paths_sign_nothing_and_ban_nobody),
        WITH(up_taproot, a_kind_that_nobody_knows_is_refused),
        WITH(up_taproot, typed_data_is_refused_for_a_key_of_another_chain),
        WITH(up_without_key, typed_data_and_digests_are_signed_by_an_evm_key),
        WITH(up_blind, a_payload_is_signed_as_the_kind_it_was_approved_as),
        WITH(up_taproot, a_digest_is_refused_unless_the_operator_allows_it),
        WITH(up_blind, a_digest_is_signed_where_both_operators_allow_it),
        WITH(up_blind, one_operator_who_allows_it_is_not_enough),
        WITH(up_blind, a_digest_of_another_length_is_refused),
        WITH(up_solana, an_ed25519_key_signs_no_digest),
        WITH(up_taproot, inputs_of_a_segwit_address_are_refused_by_a_taproot_key),
        WITH(up_taproot, inputs_of_an_output_key_without_the_tweak_are_refused),
        WITH(up_taproot, items_that_the_key_does_not_sign_are_refused),
        WITH(up_without_key, keys_that_no_payload_could_be_signed_with_are_not_made),
        WITH(up_taproot, check_signatures_of_a_taproot_key_are_under_the_key_itself),
        WITH(up_taproot, only_the_pair_s_lower_index_starts_its_check),
        WITH(up_taproot, a_new_try_of_a_check_replaces_the_one_before),
        WITH(up_taproot, a_pair_is_not_checked_for_ever),
        WITH(up_taproot, an_ecdsa_session_does_not_use_a_taproot_key),
        WITH(up_without_key, a_key_without_frost_gives_out_no_nonces),
        WITH(up_without_key, a_check_signature_that_does_not_verify_is_not_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
