/* SOLANA: every check of the parser by its own sentence, and what the summary says. */
#include "chain/solana.h"
#include "support/solana_made.h"

/* ---- parser: one case per check -------------------------------------------- */

static void the_made_transfer_decodes(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    simple(&w);
    decoded(&tx, &w);
    assert_string_equal(tx.amount, "1");
    assert_string_equal(tx.units, "1000000000");
    assert_string_equal(tx.fee, "0.000005");
    assert_string_equal(tx.fee_units, "5000");
    assert_string_equal(tx.from, tx.signer);
    assert_true(tx.is_clear);
    assert_false(tx.is_multisig);
    assert_int_equal(tx.n_instructions, 1);
    assert_non_null(strstr(tx.text, "transfer 1 SOL from "));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void headers_are_checked(void **state)
{
    struct cs_wr w;

    (void)state;
    refused_with(AT_SIGNERS, 0, CS_ERR_CHAIN_TX, "no writable signer");
    refused_with(AT_RO_SIGNED, 1, CS_ERR_CHAIN_TX, "no writable signer");
    refused_with(AT_RO_UNSIGNED, 4, CS_ERR_CHAIN_TX, "more signers and read-only");
    refused_with(AT_SIGNERS, 0x81, CS_ERR_CHAIN_TX, "version is not known");
    refused_with(AT_N_KEYS, 200, CS_ERR_CHAIN_TX, "malformed");
    begin(&w, true, 1, 1, &system_program, 1);
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    w.p[0] = 0x81;
    refused(&w, CS_ERR_CHAIN_TX, "version is not known");
    simple(&w);
    w.n = 2;
    refused(&w, CS_ERR_CHAIN_TX, "ends in its header");
    w = (struct cs_wr){0};
    cs_wr_span(&w, BYTES(1, 0, 0, 0x81, 0x02)); /* 257 accounts */
    refused(&w, CS_ERR_CHAIN_TX, "more than 256 accounts");
    w = (struct cs_wr){0};
    cs_wr_span(&w, BYTES(1, 0, 0, 0x84, 0x00)); /* 4, padded */
    refused(&w, CS_ERR_CHAIN_TX, "length is malformed");
    w = (struct cs_wr){0};
    cs_wr_span(&w, BYTES(1, 0, 0, 0xff, 0xff, 0x04)); /* above 65535 */
    refused(&w, CS_ERR_CHAIN_TX, "length is malformed");
    w = (struct cs_wr){0};
    cs_wr_span(&w, BYTES(1, 0, 0, 0xff, 0xff, 0xff, 0x01)); /* four bytes */
    refused(&w, CS_ERR_CHAIN_TX, "length is malformed");
}

static void accounts_and_instructions_are_checked(void **state)
{
    struct cs_wr w;

    (void)state;
    simple(&w);
    memcpy(w.p + AT_KEYS + 64, w.p + AT_KEYS, 32);
    refused(&w, CS_ERR_CHAIN_TX, "account twice");
    simple(&w);
    w.n = AT_HASH + 31;
    refused(&w, CS_ERR_CHAIN_TX, "account list or blockhash");
    refused_with(AT_N_INSTR, 0, CS_ERR_CHAIN_TX, "no instructions");
    refused_with(AT_N_INSTR, 2, CS_ERR_CHAIN_TX, "ends in its instructions");
    refused_with(AT_PROGRAM, 0, CS_ERR_CHAIN_TX, "names a program");
    refused_with(AT_PROGRAM, 4, CS_ERR_CHAIN_TX, "names a program");
    refused_with(AT_ACCOUNTS, 4, CS_ERR_CHAIN_TX, "names an account");
    refused_with(AT_N_DATA, 13, CS_ERR_CHAIN_TX, "ends in its instructions");
    refused_with(AT_N_DATA, 11, CS_ERR_CHAIN_TX, "left after the end");
    simple(&w);
    cs_wr_u8(&w, 0);
    refused(&w, CS_ERR_CHAIN_TX, "left after the end");
}

static void lookups_are_checked(void **state)
{
    static const uint8_t table[32] = {9};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        begin(&w, true, 1, 1, &system_program, 1);
        instr(&w, 3, kind == 1 ? BYTES(0, 6) : BYTES(0, 4), TRANSFER);
        cs_wr_u8(&w, kind == 3 ? 2 : 1); /* tables */
        cs_wr_bytes(&w, table, 32);
        if (kind == 2) {
            cs_wr_span(&w, BYTES(0, 0));
            refused(&w, CS_ERR_CHAIN_TX, "loads no account");
            continue;
        }
        cs_wr_span(&w, BYTES(1, 5, 1, 6)); /* one writable, one read-only */
        if (kind == 0) {
            decoded(&tx, &w);
            assert_string_equal(tx.to, "");
            assert_string_equal(tx.units, "1000000000");
            assert_false(tx.is_clear);
            assert_non_null(strstr(tx.text, "to an account from a lookup table"));
            cs_chain_tx_free(&tx);
            cs_wr_free(&w);
        } else if (kind == 1) {
            refused(&w, CS_ERR_CHAIN_TX, "names an account");
        } else if (kind == 3) {
            refused(&w, CS_ERR_CHAIN_TX, "address table lookups");
        } else {
            w.p[w.n - 38 - 3] = 4; /* unused */
            cs_wr_u8(&w, 0);
            refused(&w, CS_ERR_CHAIN_TX, "left after the end");
        }
    }
}

static void more_than_256_loaded_accounts_are_refused(void **state)
{
    static const uint8_t table[32] = {9};
    static const uint8_t indexes[253] = {0};
    struct cs_wr w;

    (void)state;
    begin(&w, true, 1, 1, &system_program, 1);
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    cs_wr_u8(&w, 1);
    cs_wr_bytes(&w, table, 32);
    cs_wr_span(&w, BYTES(0xfd, 0x01)); /* 253 writable and 4 static make 257 */
    cs_wr_bytes(&w, indexes, sizeof indexes);
    cs_wr_u8(&w, 0);
    refused(&w, CS_ERR_CHAIN_TX, "loads more than 256");
}

static void a_looked_up_program_is_refused(void **state)
{
    static const uint8_t table[32] = {9};
    struct cs_wr w;

    (void)state;
    begin(&w, true, 1, 1, &system_program, 1);
    instr(&w, 4, BYTES(0, 2), TRANSFER);
    cs_wr_u8(&w, 1);
    cs_wr_bytes(&w, table, 32);
    cs_wr_span(&w, BYTES(1, 5, 0));
    refused(&w, CS_ERR_CHAIN_TX, "names a program");
}

/* The largest message is what fits 1232 bytes with its signature. */
static void a_transaction_larger_than_a_packet_is_refused(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;
    size_t room;

    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        begin(&w, false, 1, 1, &memo_program, 1);
        cs_wr_span(&w, BYTES(3, 0));
        room = CS_SOL_PACKET_MAX - 65 - w.n - 2 + extra;
        cs_wr_u8(&w, (uint8_t)(0x80 | (room & 0x7f)));
        cs_wr_u8(&w, (uint8_t)(room >> 7));
        memset(cs_wr_room(&w, room), 'm', room);
        if (extra == 0) {
            decoded(&tx, &w);
            assert_true(tx.is_memo_cut);
            cs_chain_tx_free(&tx);
            cs_wr_free(&w);
        } else {
            refused(&w, CS_ERR_CHAIN_TX, "1232 bytes");
        }
    }
}

/* ---- summaries ------------------------------------------------------------- */

static void token_transfers_name_mint_owner_and_amount(void **state)
{
    const char *const programs[] = {token_program, token_2022};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, false, 1, 1, &programs[i], 1);
        /* source 1, mint 3 (any key), destination 2, owner 0 */
        instr(&w, 3, BYTES(1, 3, 2, 0), BYTES(12, 0x15, 0xcd, 0x5b, 7, 0, 0, 0, 0, 6));
        decoded(&tx, &w);
        assert_string_equal(tx.kind, "token transfer");
        assert_string_equal(tx.amount, "123.456789");
        assert_string_equal(tx.units, "123456789");
        assert_string_equal(tx.contract, programs[i]);
        assert_non_null(strstr(tx.text, " 123.456789 of token Token"));
        assert_string_equal(tx.from, tx.signer);
        assert_true(tx.is_clear);
        cs_chain_tx_free(&tx);
        cs_wr_free(&w);
    }
}

static void an_unchecked_token_transfer_is_not_clear(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 1, &token_program, 1);
    instr(&w, 3, BYTES(1, 2, 0), BYTES(3, 0x15, 0xcd, 0x5b, 7, 0, 0, 0, 0));
    decoded(&tx, &w);
    assert_string_equal(tx.units, "123456789");
    assert_string_equal(tx.amount, "");
    assert_string_equal(tx.contract, "");
    assert_false(tx.is_clear);
    assert_non_null(strstr(tx.text, "123456789 units of token (not named)"));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void a_token_whose_mint_is_looked_up_is_not_clear(void **state)
{
    const uint8_t table[32] = {9};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, true, 1, 1, &token_program, 1);
    /* account 4 comes from the table */
    instr(&w, 3, BYTES(1, 4, 2, 0), BYTES(12, 1, 0, 0, 0, 0, 0, 0, 0, 6));
    cs_wr_u8(&w, 1);
    cs_wr_bytes(&w, table, sizeof table);
    cs_wr_span(&w, BYTES(0, 1, 0)); /* none writable, one read-only: entry 0 */
    decoded(&tx, &w);
    assert_string_equal(tx.amount, "0.000001");
    assert_string_equal(tx.contract, "");
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void amounts_with_absurd_decimals_are_not_clear(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 1, &token_program, 1);
    instr(&w, 3, BYTES(1, 3, 2, 0), BYTES(12, 1, 0, 0, 0, 0, 0, 0, 0, 255));
    decoded(&tx, &w);
    assert_string_equal(tx.amount, "");
    assert_string_equal(tx.units, "1");
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void an_unknown_program_is_named_and_not_clear(void **state)
{
    const char *const programs[] = {system_program, swap_program};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 2, programs, 2);
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    instr(&w, 4, BYTES(0), BYTES(1, 2, 3));
    decoded(&tx, &w);
    assert_string_equal(tx.units, "1000000000");
    assert_false(tx.is_clear);
    assert_non_null(
        strstr(tx.text, "calls program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5"));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
    begin(&w, false, 1, 1, &swap_program, 1);
    instr(&w, 3, BYTES(0), BYTES(1));
    decoded(&tx, &w);
    assert_string_equal(tx.kind, "program call");
    assert_string_equal(tx.amount, "");
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

/* What a program could read differently is not called a transfer. */
static void near_misses_of_known_instructions_are_not_clear(void **state)
{
    static const struct {
        const char *const *program;
        uint8_t n, data[16];
    } cases[] = {
        {&system_program, 13, {2, 0, 0, 0, 1}}, /* a byte more */
        {&system_program, 11, {2, 0, 0, 0, 1}}, /* a byte less */
        {&system_program, 3, {2, 0, 0}},        /* no tag */
        {&system_program, 12, {2, 0, 1, 0, 1}}, /* other tag */
        {&system_program, 5, {4}},              /* nonce, a byte more */
        {&token_program, 10, {3, 1}},           /* plain with decimals */
        {&token_program, 9, {12, 1}},           /* checked without */
        {&token_program, 1, {9}},               /* close account */
        {&token_program, 0, {0}},
        {&budget_program, 5, {9}},
        {&budget_program, 4, {2}},
    };
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        begin(&w, false, 1, 1, cases[i].program, 1);
        instr(&w, 3, BYTES(0, 2, 1, 0), CS_SPAN(cases[i].data, cases[i].n));
        decoded(&tx, &w);
        assert_string_equal(tx.kind, "program call");
        assert_string_equal(tx.amount, "");
        assert_false(tx.is_clear);
        cs_chain_tx_free(&tx);
        cs_wr_free(&w);
    }
}

static void too_few_accounts_make_no_transfer(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 1, &system_program, 1);
    instr(&w, 3, BYTES(0), TRANSFER);
    decoded(&tx, &w);
    assert_string_equal(tx.kind, "program call");
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void several_transfers_are_listed_and_not_clear(void **state)
{
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 2, &system_program, 1);
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    instr(&w, 3, BYTES(0, 1), BYTES(2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
    decoded(&tx, &w);
    assert_string_equal(tx.kind, "several transfers");
    assert_string_equal(tx.to, "");
    assert_string_equal(tx.amount, "");
    assert_false(tx.is_clear);
    assert_int_equal(tx.n_instructions, 2);
    assert_non_null(strstr(tx.text, "transfer 1 SOL"));
    assert_non_null(strstr(tx.text, "transfer 0.000000001 SOL"));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void the_compute_budget_is_part_of_the_fee(void **state)
{
    const char *const programs[] = {system_program, budget_program};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 3, programs, 2);
    instr(&w, 4, BYTES(0), BYTES(2, 0x40, 0x0d, 3, 0)); /* 200000 units */
    instr(&w, 4, BYTES(0), BYTES(3, 0x40, 0x42, 0x0f, 0, 0, 0, 0, 0)); /* 1 lamport */
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    decoded(&tx, &w);
    assert_string_equal(tx.fee_units, "205000");
    assert_true(tx.is_clear);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
    begin(&w, false, 1, 2, programs, 2); /* no limit: 200000 for the one instruction */
    instr(&w, 4, CS_SPAN_LIT(""), BYTES(3, 1, 0, 0, 0, 0, 0, 0, 0)); /* rounded up */
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    decoded(&tx, &w);
    assert_string_equal(tx.fee_units, "5001");
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
    begin(&w, false, 1, 3, programs, 2); /* saturates; the limit is capped */
    instr(&w, 4, CS_SPAN_LIT(""), BYTES(3, 255, 255, 255, 255, 255, 255, 255, 255));
    instr(&w, 4, CS_SPAN_LIT(""), BYTES(2, 255, 255, 255, 255));
    instr(&w, 3, BYTES(0, 2), TRANSFER);
    decoded(&tx, &w);
    assert_string_equal(tx.fee_units, "18446744073709551615");
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void memos_and_nonces_move_nothing(void **state)
{
    const char *const programs[] = {system_program, memo_old};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    begin(&w, false, 1, 2, programs, 2);
    instr(&w, 3, BYTES(2, 1, 0), BYTES(4, 0, 0, 0)); /* advance nonce */
    instr(&w, 4, CS_SPAN_LIT(""), CS_SPAN_LIT("invoice\n7"));
    decoded(&tx, &w);
    assert_string_equal(tx.kind, "no transfer");
    assert_string_equal(tx.memo, "invoice?7");
    assert_true(tx.is_clear);
    assert_non_null(strstr(tx.text, "moves nothing"));
    assert_non_null(strstr(tx.text, "memo: invoice?7"));
    assert_non_null(strstr(tx.text, "; does not expire, nonce "));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
    begin(&w, false, 1, 2, programs, 2); /* not the first: an ordinary blockhash */
    instr(&w, 4, CS_SPAN_LIT(""), CS_SPAN_LIT("invoice"));
    instr(&w, 3, BYTES(2, 1, 0), BYTES(4, 0, 0, 0));
    decoded(&tx, &w);
    assert_non_null(strstr(tx.text, "; recent blockhash "));
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

static void new_accounts_and_nonce_withdrawals_show_their_lamports(void **state)
{
    uint8_t create[52] = {0, 0, 0, 0, ONE_SOL};
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    memset(create + 20, 2, 32); /* the program that will own it */
    begin(&w, false, 2, 1, &system_program, 1);
    instr(&w, 3, BYTES(0, 1), CS_SPAN_OF(create));
    decoded(&tx, &w);
    assert_string_equal(tx.kind, "create account");
    assert_string_equal(tx.amount, "1");
    assert_false(tx.is_clear); /* the owner disposes of the account from then on */
    assert_non_null(strstr(
        tx.text, " that program 8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR will own"));
    assert_true(tx.is_multisig);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
    begin(&w, false, 1, 1, &system_program, 1);
    instr(&w, 3, BYTES(1, 2, 0, 0, 0), BYTES(5, 0, 0, 0, ONE_SOL));
    decoded(&tx, &w);
    assert_string_equal(tx.kind, "withdraw nonce account");
    assert_string_equal(tx.amount, "1");
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_made_transfer_decodes),
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(accounts_and_instructions_are_checked),
        cmocka_unit_test(lookups_are_checked),
        cmocka_unit_test(more_than_256_loaded_accounts_are_refused),
        cmocka_unit_test(a_looked_up_program_is_refused),
        cmocka_unit_test(a_transaction_larger_than_a_packet_is_refused),
        cmocka_unit_test(token_transfers_name_mint_owner_and_amount),
        cmocka_unit_test(an_unchecked_token_transfer_is_not_clear),
        cmocka_unit_test(a_token_whose_mint_is_looked_up_is_not_clear),
        cmocka_unit_test(amounts_with_absurd_decimals_are_not_clear),
        cmocka_unit_test(an_unknown_program_is_named_and_not_clear),
        cmocka_unit_test(near_misses_of_known_instructions_are_not_clear),
        cmocka_unit_test(too_few_accounts_make_no_transfer),
        cmocka_unit_test(several_transfers_are_listed_and_not_clear),
        cmocka_unit_test(the_compute_budget_is_part_of_the_fee),
        cmocka_unit_test(memos_and_nonces_move_nothing),
        cmocka_unit_test(new_accounts_and_nonce_withdrawals_show_their_lamports),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
