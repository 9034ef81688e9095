/* Faults of the machine (PROTOCOLS 7.6): a node whose share is no longer the one of its
 * record ends its process, in either role and either kind of FROST, and nothing that
 * the share could be told from has left.  The record is intact: the next life signs. */
#include "node/core/core.h"
#include "support/node_taproot.h"

static struct bed b;

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

static void damage_share(int node)
{
    uint8_t id[16];
    enum cs_err err;
    struct cached_key *c;

    memcpy(id, trio_key_id, sizeof id);
    id[15] = 1; /* the trio's first key */
    c = cs_nd_key_load(b.node[node].core, id, &err);
    assert_non_null(c);
    c->key->x.s.b[13] ^= 8;
}

/* Node 0 asks node 1; the share of `node` is damaged. */
static void fault(int node, enum cs_err want, void (*sign)(uint8_t n))
{
    size_t done = bed_count(&b, 0, CS_EVT_SIGN_DONE);

    damage_share(node);
    sign(1);
    bed_advance(&b, 3000);
    assert_int_equal(b.node[node].exit_err, want);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), done);
    assert_int_equal(b.node[1 - node].exit_err, CS_OK);
    bed_restart(&b, node);
    bed_advance(&b, 30000);
    sign(2);
    bed_advance(&b, 5000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), done + 1);
}

static void sign_text(uint8_t n)
{
    trio_sign(&b, n, 1, 2, 1);
}

static void sign_psbt(uint8_t n)
{
    tap_sign(&b, n, 1, 2, 1, "0/5", 2);
}

static void a_damaged_share_of_an_ed25519_key_ends_the_node(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    fault(0, CS_ERR_FROST_SELF, sign_text);
}

static void a_damaged_share_of_the_responder_ends_it(void **state)
{
    (void)state;
    trio_up(&b);
    trio_key(&b);
    fault(1, CS_ERR_FROST_SELF, sign_text);
}

static void a_damaged_share_of_a_taproot_key_ends_the_node(void **state)
{
    (void)state;
    trio_up(&b);
    tap_key(&b);
    fault(0, CS_ERR_FROST_SELF, sign_psbt);
}

static void a_damaged_taproot_share_of_the_responder_ends_it(void **state)
{
    (void)state;
    trio_up(&b);
    tap_key(&b);
    fault(1, CS_ERR_KEY_CORRUPT, sign_psbt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_damaged_share_of_an_ed25519_key_ends_the_node,
                                  down),
        cmocka_unit_test_teardown(a_damaged_share_of_the_responder_ends_it, down),
        cmocka_unit_test_teardown(a_damaged_share_of_a_taproot_key_ends_the_node, down),
        cmocka_unit_test_teardown(a_damaged_taproot_share_of_the_responder_ends_it,
                                  down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
