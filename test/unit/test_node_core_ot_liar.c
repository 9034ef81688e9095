/* Every message of an OT setup, altered by its authentic sender: what the receiver
 * calls it, whom it blames, how it counts, and that all is well afterwards
 * (PROTOCOLS 4.2, 4.7, 15.4 D2, D3, D5; RELIABILITY T14).
 *
 * Node 1 lies to node 0, once, in the first message of a type. */
#include "support/node_ot.h"

static struct bed b;

enum {
    AT = 64, /* of 2.4 */
    ETA = AT + CS_RVOLE_AT_LEN,
    MU = ETA + 32,
    OPENED = MU + 32,
    U = 32, /* of 2.3 */
    X = U + CS_OT_ROWS * CS_OT_ROW_LEN,
    T = X + 16,
};

/* What happens to `len` bytes at `at`; -1 for len: to the end. */
enum how {
    FLIP,
    ZERO,
    ONES,
    SWAP,
    SHORT,
    LONG,
    OSID,
    ROUND,
    EPOCH,
    KEY_ID,
    BCAST,
    TYPE
};

static const struct lie_row {
    const char *name;
    uint8_t type;
    enum how how;
    size_t at, len;
    enum cs_err err; /* how node 0 calls it; CS_OK: dropped, nobody is blamed */
} rows[] = {
    {"2.1 first element zero", CS_TYPE_OT_R, ZERO, 0, 32, CS_ERR_BAD_POINT},
    {"2.1 last element zero", CS_TYPE_OT_R, ZERO, 8192 - 32, 32, CS_ERR_BAD_POINT},
    {"2.1 element not canonical", CS_TYPE_OT_R, ONES, 64, 32, CS_ERR_BAD_POINT},
    {"2.1 short", CS_TYPE_OT_R, SHORT, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.1 long", CS_TYPE_OT_R, LONG, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.2 first element zero", CS_TYPE_OT_S, ZERO, 0, 32, CS_ERR_BAD_POINT},
    {"2.2 last element zero", CS_TYPE_OT_S, ZERO, 8192 - 32, 32, CS_ERR_BAD_POINT},
    {"2.2 element not canonical", CS_TYPE_OT_S, ONES, 4096, 32, CS_ERR_BAD_POINT},
    {"2.2 elements of two rows swapped", CS_TYPE_OT_S, SWAP, 0, 64, CS_ERR_SETUP_TEST},
    {"2.2 short", CS_TYPE_OT_S, SHORT, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.2 long", CS_TYPE_OT_S, LONG, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.3 nonce", CS_TYPE_OT_EXT, FLIP, 0, 1, CS_ERR_SETUP_TEST},
    {"2.3 U in all rows", CS_TYPE_OT_EXT, FLIP, U, CS_OT_ROWS *CS_OT_ROW_LEN,
     CS_ERR_SETUP_TEST},
    {"2.3 x", CS_TYPE_OT_EXT, FLIP, X, 1, CS_ERR_SETUP_TEST},
    {"2.3 t of one row", CS_TYPE_OT_EXT, FLIP, T + 16 * 77, 1, CS_ERR_SETUP_TEST},
    {"2.3 short", CS_TYPE_OT_EXT, SHORT, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.3 long", CS_TYPE_OT_EXT, LONG, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.4 sid", CS_TYPE_OT_MUL, FLIP, 0, 1, CS_ERR_SID_MISMATCH},
    {"2.4 nonce", CS_TYPE_OT_MUL, FLIP, 32, 1, CS_ERR_SID_MISMATCH},
    {"2.4 first entry of a-tilde out of range", CS_TYPE_OT_MUL, ONES, AT, 32,
     CS_ERR_ZERO_OR_RANGE},
    {"2.4 entry of a-tilde zero", CS_TYPE_OT_MUL, ZERO, AT + 32 * 600, 32,
     CS_ERR_ZERO_OR_RANGE},
    {"2.4 all of a-tilde changed", CS_TYPE_OT_MUL, SWAP, AT, CS_RVOLE_AT_LEN,
     CS_ERR_SETUP_TEST},
    {"2.4 eta out of range", CS_TYPE_OT_MUL, ONES, ETA, 32, CS_ERR_ZERO_OR_RANGE},
    {"2.4 eta", CS_TYPE_OT_MUL, FLIP, ETA + 31, 1, CS_ERR_SETUP_TEST},
    {"2.4 mu", CS_TYPE_OT_MUL, FLIP, MU, 1, CS_ERR_SETUP_TEST},
    {"2.4 a_0", CS_TYPE_OT_MUL, FLIP, OPENED + 31, 1, CS_ERR_SETUP_TEST},
    {"2.4 c_1", CS_TYPE_OT_MUL, FLIP, OPENED + 127, 1, CS_ERR_SETUP_TEST},
    {"2.4 a_1 zero", CS_TYPE_OT_MUL, ZERO, OPENED + 32, 32, CS_ERR_ZERO_OR_RANGE},
    {"2.4 c_0 out of range", CS_TYPE_OT_MUL, ONES, OPENED + 64, 32,
     CS_ERR_ZERO_OR_RANGE},
    {"2.4 short", CS_TYPE_OT_MUL, SHORT, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.4 long", CS_TYPE_OT_MUL, LONG, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.5 sid", CS_TYPE_OT_OPEN, FLIP, 31, 1, CS_ERR_SID_MISMATCH},
    {"2.5 chi", CS_TYPE_OT_OPEN, FLIP, 63, 1, CS_ERR_SETUP_TEST},
    {"2.5 d_0", CS_TYPE_OT_OPEN, FLIP, 95, 1, CS_ERR_SETUP_TEST},
    {"2.5 d_1", CS_TYPE_OT_OPEN, FLIP, 127, 1, CS_ERR_SETUP_TEST},
    {"2.5 chi zero", CS_TYPE_OT_OPEN, ZERO, 32, 32, CS_ERR_ZERO_OR_RANGE},
    {"2.5 d_1 out of range", CS_TYPE_OT_OPEN, ONES, 96, 32, CS_ERR_ZERO_OR_RANGE},
    {"2.5 short", CS_TYPE_OT_OPEN, SHORT, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.5 long", CS_TYPE_OT_OPEN, LONG, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.6 sid", CS_TYPE_OT_DONE, FLIP, 0, 1, CS_ERR_SID_MISMATCH},
    {"2.6 short", CS_TYPE_OT_DONE, SHORT, 0, 0, CS_ERR_BAD_FORMAT},
    {"2.6 long", CS_TYPE_OT_DONE, LONG, 0, 0, CS_ERR_BAD_FORMAT},
    {"round", CS_TYPE_OT_S, ROUND, 0, 0, CS_ERR_BAD_FORMAT},
    {"key epoch", CS_TYPE_OT_R, EPOCH, 0, 0, CS_ERR_BAD_FORMAT},
    {"key id", CS_TYPE_OT_MUL, KEY_ID, 0, 0, CS_ERR_BAD_FORMAT},
    {"a broadcast part", CS_TYPE_OT_OPEN, BCAST, 0, 0, CS_ERR_BAD_FORMAT},
    {"an unknown type", CS_TYPE_OT_MUL, TYPE, 0, 0, CS_OK},
    {"2.2 of another setup", CS_TYPE_OT_S, OSID, 0, 0, CS_OK},
    {"2.1 of another setup", CS_TYPE_OT_R, OSID, 0, 0, CS_ERR_SETUP_MISSING},
};

static const struct lie_row *row;
static size_t lied;

static void swap_halves(uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t x = p[i];

        p[i] = p[i + len / 2];
        p[i + len / 2] = x;
    }
}

static void alter_bytes(struct cs_wr *w)
{
    uint8_t *p = w->p + row->at;

    switch (row->how) {
    case FLIP:
        for (size_t i = 0; i < row->len; i++) {
            p[i] ^= 1;
        }
        break;
    case ZERO:
        memset(p, 0, row->len);
        break;
    case ONES:
        memset(p, 0xff, row->len);
        break;
    case SWAP:
        swap_halves(p, row->len);
        break;
    case SHORT:
        w->n--;
        break;
    case LONG:
        cs_wr_u8(w, 0);
        break;
    default:
        break;
    }
}

static bool alter(struct lie *l)
{
    if (l->from != 1 || l->to != 0 || !lie_is(l, CS_PROTO_OT, row->type) || lied > 0) {
        return true;
    }
    lied++;
    alter_bytes(&l->priv);
    l->m.round = row->how == ROUND ? 9 : l->m.round;
    l->m.key_epoch = row->how == EPOCH ? 1 : 0;
    l->m.key_id[3] = row->how == KEY_ID ? 1 : 0;
    l->m.sid[5] ^= row->how == OSID ? 1 : 0;
    if (row->how == TYPE) {
        l->m.type = l->m.round = 7;
    }
    if (row->how == BCAST) {
        cs_wr_u8(&l->broadcast, 1);
    }
    return true;
}

static void check_counts(void)
{
    const struct peer *p = ot_peer(&b, 0, 1);
    bool test = row->err == CS_ERR_SETUP_TEST;
    bool blame = !test && cs_err_reaction(row->err) == CS_REACT_BLAME;

    assert_int_equal(p->device->setup_tests, test ? 1 : 0);
    assert_int_equal(p->rec.blames, blame ? 1 : 0);
    assert_string_equal(p->rec.reason, blame ? cs_err_reason(row->err) : "");
    assert_false(p->device->quarantined);
    assert_int_equal(ot_peer(&b, 1, 0)->rec.blames, 0); /* the honest one by nobody */
    assert_int_equal(ot_peer(&b, 1, 0)->device->setup_tests, 0);
    assert_int_equal(ot_peer(&b, 0, 2)->rec.blames, 0);
}

static void one_row(void)
{
    size_t from;

    trio_up(&b);
    b.carry = lie_carry;
    liar = alter;
    lied = 0;
    from = b.said.n;
    ot_key(&b, 1);
    bed_advance(&b, 4000); /* before anybody tries again */
    assert_int_equal(lied, 1);
    check_counts();
    if (row->err != CS_OK && row->err != CS_ERR_SETUP_MISSING) {
        assert_true(ot_said(&b, from, cs_err_text(row->err)) > 0);
    }
    bed_advance(&b, 120000);
    ot_all_are(&b, CS_OT_TESTED);
    check_counts(); /* trying again costs nobody anything */
    bed_free(&b);
}

static void each_altered_message_is_found_named_and_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(rows); i++) {
        row = &rows[i];
        if (getenv("BED_LOG") != NULL) {
            (void)fprintf(stderr, "---- %s\n", row->name);
        }
        one_row();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_altered_message_is_found_named_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
