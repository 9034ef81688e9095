/* The PSBT parser: each check with its own case, and that what stands beside the
 * refused thing decodes; compact sizes; transactions as bytes. */
#include "support/utxo_made.h"

static struct cs_chain_key wpkh, tr, pkh, sh, doge, bch;

static int setup(void **state)
{
    (void)state;
    if (cs_crypto_init() != CS_OK) {
        return -1;
    }
    wpkh = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_DEFAULT);
    tr = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2TR);
    pkh = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2PKH);
    sh = utxo_key(CS_CHAIN_BITCOIN, CS_CHAIN_FORMAT_P2SH_P2WPKH);
    doge = utxo_key(CS_CHAIN_DOGECOIN, CS_CHAIN_FORMAT_DEFAULT);
    bch = utxo_key(CS_CHAIN_BITCOIN_CASH, CS_CHAIN_FORMAT_DEFAULT);
    return 0;
}

static void refused(const struct cs_chain_key *key, struct made m, enum cs_err code,
                    const char *part)
{
    struct cs_wr w;

    made_psbt(&w, key, m);
    chains_refused(key, cs_wr_get(&w), code, part);
    cs_wr_free(&w);
}

static void taken(const struct cs_chain_key *key, struct made m)
{
    const char *why = NULL;
    struct cs_wr w;

    made_psbt(&w, key, m);
    if (chains_decode(key, cs_wr_get(&w), &why) != CS_OK) {
        fail_msg("%s", why);
    }
    cs_wr_free(&w);
}

#define R(key, code, part, ...)                                                        \
    refused(&(key), (struct made){__VA_ARGS__}, CS_ERR_CHAIN_##code, part)
#define T(key, ...) taken(&(key), (struct made){__VA_ARGS__})

static void fields_of_the_whole(void **state)
{
    (void)state;
    T(wpkh, MADE_PAY);
    R(wpkh, TX, "twice", MADE_PAY, .global_extra = "010000");
    R(wpkh, TX, "version is not 0", MADE_PAY, .global_extra = "01fb0402000000");
    R(wpkh, TX, "version is not 0", MADE_PAY, .global_extra = "01fb0100");
    R(wpkh, TX, "version is not 0", MADE_PAY, .global_extra = "01fb050000000000");
    R(wpkh, TX, "version is not 0", MADE_PAY, .global_extra = "02fb000400000000");
    T(wpkh, MADE_PAY, .global_extra = "01fb0400000000");
    R(wpkh, TX, "not understood", MADE_PAY, .global_extra = "01020402000000"); /* v2 */
    R(wpkh, TX, "not understood", MADE_PAY, .global_extra = "02000100");
    T(wpkh, MADE_PAY, .global_extra = "02fc0100");                  /* proprietary */
    T(wpkh, MADE_PAY, .global_extra = "0201aa0100");                /* an xpub */
    R(wpkh, TX, "malformed", MADE_PAY, .global_extra = "fd0100fb"); /* long length */
    R(wpkh, TX, "malformed", MADE_PAY, .global_extra = "03fd01000100"); /* long type */
}

static void the_unsigned_transaction(void **state)
{
    (void)state;
    R(wpkh, TX, "script or signature", MADE_PAY, .script_sig = "0151");
    R(wpkh, TX, "version that is not", MADE_PAY, .version = 4);
    R(wpkh, TX, "version that is not", MADE_PAY, .version = 0x00050003);
    R(wpkh, TX, "version that is not", MADE_PAY, .is_version_0 = true);
    R(wpkh, TX, "unsigned transaction is malformed", MADE_PAY, .with_witness = true);
    T(wpkh, MADE_PAY, .version = 1);
    R(wpkh, TX, "spends one output twice", .n_ins = 2, .same_outpoint = true, MADE_PAY);
    R(wpkh, TX, "malformed", .n_outs = 0);
    R(wpkh, TX, "more coins", .outs = {{2100000000000001, PAY}}, .n_outs = 1);
    R(wpkh, TX, "more coins", .outs = {{2000000000000000, PAY}, {200000000000000, PAY}},
      .n_outs = 2);
    R(wpkh, TX, "more coins", .outs = {{UINT64_MAX, PAY}, {90002, PAY}}, .n_outs = 2);
}

static void fields_of_an_input(void **state)
{
    (void)state;
    R(wpkh, TX, "which output", MADE_PAY, .no_witness_utxo = true);
    R(wpkh, TX, "signed already", MADE_PAY, .in_extra = "0202aa0100");
    R(wpkh, TX, "signed already", MADE_PAY, .in_extra = "01070100");
    R(wpkh, TX, "signed already", MADE_PAY, .in_extra = "01080100");
    R(tr, TX, "signed already", MADE_PAY, .in_extra = "01130100");
    R(tr, TX, "signed already", MADE_PAY, .in_extra = "0214aa0100");
    R(tr, TX, "script tree", MADE_PAY, .in_extra = "01180100");
    R(tr, TX, "not understood", MADE_PAY, .in_extra = "0215aa0100"); /* leaf script */
    R(wpkh, TX, "not understood", MADE_PAY,
      .in_extra = "01050100"); /* witness script */
    R(wpkh, TX, "not understood", MADE_PAY, .in_extra = "010e0100"); /* version 2 */
    R(wpkh, TX, "not understood", MADE_PAY, .in_extra = "0203aa0401000000");
    R(wpkh, TX, "twice", MADE_PAY, .in_extra = "0206aa01000206aa0101");
    T(wpkh, MADE_PAY, .in_extra = "0206aa01000206ab0100");
    T(tr, MADE_PAY, .in_extra = "0216aa0100");
    T(wpkh, MADE_PAY, .in_extra = "02fcaa0100");
    R(wpkh, TX, "redeem script", MADE_PAY, .in_extra = "01040100");
    R(sh, TX, "redeem script", MADE_PAY, .in_extra = "01040100");
    R(tr, TX, "internal key", MADE_PAY, .in_extra = "01170100");
    R(wpkh, TX, "internal key", MADE_PAY,
      .in_extra = "0117205cbdf0646e5db4eaa398f365f2ea7a0e3d419b7e0330e39ce92bddedcac4"
                  "f9bc");
}

#define MADE_JOINT .n_ins = 2, .is_joint = true, .outs = {{180000, PAY}}, .n_outs = 1

/* The last of two inputs is somebody else's: it may be signed, have scripts and fields
 * that nobody here understands, but must tell its amount. */
static void inputs_of_others(void **state)
{
    (void)state;
    T(wpkh, MADE_JOINT);
    T(tr, MADE_JOINT);
    T(wpkh, MADE_JOINT, .joint_extra = "0202aa0100");
    T(wpkh, MADE_JOINT, .joint_extra = "01080100");
    T(wpkh, MADE_JOINT, .joint_extra = "01180100");
    T(wpkh, MADE_JOINT, .joint_extra = "01040151");
    T(wpkh, MADE_JOINT, .joint_extra = "01030483000000");
    R(wpkh, TX, "which output", MADE_JOINT, .no_joint_utxo = true);
    R(wpkh, TX, "twice", MADE_JOINT, .joint_extra = "0202aa01000202aa0100");
    R(wpkh, TX, "signed already", MADE_JOINT, .in_extra = "0202aa0100");
    R(wpkh, SIGNER, "not the wallet's address", MADE_PAY, .is_joint = true);
}

static void sighash_types(void **state)
{
    static const char *const others[] = {"00", "02", "03", "81", "82", "83", "41"};
    char field[16];

    (void)state;
    T(wpkh, MADE_PAY, .in_extra = "01030401000000");
    T(tr, MADE_PAY, .in_extra = "01030401000000");
    T(tr, MADE_PAY, .in_extra = "01030400000000");
    T(bch, MADE_PAY, .in_extra = "01030441000000");
    R(bch, TX, "sighash type is not ALL", MADE_PAY, .in_extra = "01030401000000");
    R(wpkh, TX, "sighash type is malformed", MADE_PAY, .in_extra = "01030101");
    R(wpkh, TX, "sighash type is not ALL", MADE_PAY, .in_extra = "01030401010000");
    for (size_t i = 0; i < CS_COUNTOF(others); i++) {
        (void)snprintf(field, sizeof field, "010304%s000000", others[i]);
        R(wpkh, TX, "sighash type is not ALL", MADE_PAY, .in_extra = field);
        if (i > 0) {
            R(tr, TX, "sighash type is not ALL", MADE_PAY, .in_extra = field);
        }
    }
}

static void spent_outputs(void **state)
{
    (void)state;
    R(wpkh, SIGNER, "not the wallet's address", MADE_PAY, .in_spent = PAY);
    R(tr, SIGNER, "not the wallet's address", MADE_PAY, .in_spent = PAY);
    R(wpkh, SIGNER, "not the wallet's address", MADE_PAY, .in_spent = "");
    R(pkh, TX, "needs the previous transaction", MADE_PAY);
    R(doge, TX, "needs the previous transaction", MADE_PAY);
    T(pkh, MADE_PAY, .with_previous = true, .no_witness_utxo = true);
    T(doge, MADE_PAY, .with_previous = true);
    T(bch, MADE_PAY);
    T(wpkh, MADE_PAY, .with_previous = true, .no_witness_utxo = true);
    T(sh, MADE_PAY);
    R(wpkh, TX, "more coins", MADE_PAY, .value = 2100000000000001);
    R(wpkh, TX, "more coins", .n_ins = 2, .value = 1100000000000000, MADE_PAY);
}

/* The output key itself, without the tap tweak, is not the wallet's address: it could
 * hide a script (PROTOCOLS, row 50). */
static void taproot_outputs_without_the_tweak_are_refused(void **state)
{
    char script[2 * 34 + 1];
    uint8_t raw[34] = {0x51, 0x20};

    (void)state;
    memcpy(raw + 2, tr.pub + 1, 32);
    (void)cs_hex(script, raw, sizeof raw);
    R(tr, SIGNER, "not the wallet's address", MADE_PAY, .in_spent = script);
}

static void previous_transactions_must_fit(void **state)
{
    struct cs_wr w;

    (void)state;
    made_psbt(&w, &pkh,
              (struct made){MADE_PAY, .with_previous = true, .no_witness_utxo = true});
    for (size_t i = 0; i < w.n; i++) {
        uint8_t *p = chains_copy(cs_wr_get(&w), w.n);
        const char *why = NULL;

        p[i] ^= 1; /* in the previous transaction: another id */
        if (chains_decode(&pkh, CS_SPAN(p, w.n), &why) == CS_OK) {
            struct cs_chain_tx tx;

            assert_int_equal(cs_chain_decode(&tx, &pkh, CS_SPAN(p, w.n), NULL), CS_OK);
            assert_true(strcmp(tx.fee_units, "10000") == 0 ||
                        strcmp(tx.units, "90000") != 0);
            cs_chain_tx_free(&tx);
        }
        free(p);
    }
    cs_wr_free(&w);
    R(pkh, TX, "malformed", MADE_PAY, .no_witness_utxo = true, .in_extra = "01000100");
    R(pkh, TX, "not the one that it spends", MADE_PAY, .no_witness_utxo = true,
      .in_extra = "01003d"
                  "0100000001"
                  "00000000000000000000000000000000"
                  "00000000000000000000000000000000"
                  "00000000"
                  "00"
                  "ffffffff"
                  "01"
                  "0000000000000000"
                  "01"
                  "51"
                  "00000000");
    R(wpkh, TX, "differs from its previous", MADE_PAY, .with_previous = true,
      .no_witness_utxo = true,
      .in_extra = "010109"
                  "a186010000000000"
                  "00");
    R(wpkh, TX, "spent output is malformed", MADE_PAY, .no_witness_utxo = true,
      .in_extra = "010109"
                  "a186010000000000"
                  "01");
}

static void fees(void **state)
{
    (void)state;
    R(wpkh, TX, "more than its inputs", .outs = {{100001, PAY}}, .n_outs = 1);
    T(wpkh, .outs = {{100000, PAY}}, .n_outs = 1);
    T(wpkh, .outs = {{75000, PAY}}, .n_outs = 1);
    R(wpkh, TX, "more than a quarter", .outs = {{74999, PAY}}, .n_outs = 1);
    R(wpkh, TX, "more than a quarter", .outs = {{0, "6a0161"}}, .n_outs = 1);
    T(wpkh, .value = 12000, .outs = {{2000, PAY}}, .n_outs = 1); /* tiny: 10000 */
    R(wpkh, TX, "more than a quarter", .value = 12001, .outs = {{2000, PAY}},
      .n_outs = 1);
}

static void outputs_and_the_end(void **state)
{
    struct cs_wr w;

    (void)state;
    T(wpkh, MADE_PAY, .out_extra = "0202aa0100");
    R(wpkh, TX, "output holds a field", MADE_PAY, .out_extra = "01030100"); /* v2 */
    R(wpkh, TX, "twice", MADE_PAY, .out_extra = "0202aa01000202aa0100");
    made_psbt(&w, &wpkh, (struct made){MADE_PAY});
    cs_wr_u8(&w, 0);
    chains_refused(&wpkh, cs_wr_get(&w), CS_ERR_CHAIN_TX, "behind its last output");
    w.p[4] = 0xfe;
    chains_refused(&wpkh, cs_wr_get(&w), CS_ERR_CHAIN_TX, "not a PSBT");
    cs_wr_free(&w);
    chains_refused(&wpkh, CS_SPAN("psbt\xff\0", 6), CS_ERR_CHAIN_TX, "no unsigned");
}

/* 64 fields in a map are taken, 65 are not. */
static void maps_are_bounded(void **state)
{
    char fields[65 * 10 + 1];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        n += (size_t)snprintf(fields + n, sizeof fields - n, "0206%02x0100", i);
        if (i == 62) {
            T(wpkh, MADE_PAY, .in_extra = fields);
        }
    }
    R(wpkh, TX, "more than 64", MADE_PAY, .in_extra = fields);
}

static void inputs_are_bounded(void **state)
{
    struct made m = {
        .n_ins = CS_CHAIN_ITEMS_MAX, .outs = {{51200000 - 5000, PAY}}, .n_outs = 1};

    (void)state;
    taken(&wpkh, m);
    m.n_ins++;
    refused(&wpkh, m, CS_ERR_CHAIN_TX, "more than 512");
    m.n_ins--; /* P2PKH signs the whole transaction once per input */
    m.with_previous = true;
    refused(&pkh, m, CS_ERR_CHAIN_TX, "too many inputs for this kind");
}

/* ---- compact sizes and raw transactions ------------------------------------------ */

static void compact_sizes_have_one_form(void **state)
{
    static const struct {
        const char *hex;
        uint64_t v;
        bool ok;
    } cases[] = {
        {"00", 0, true},
        {"fc", 0xfc, true},
        {"fdfd00", 0xfd, true},
        {"fdfc00", 0, false},
        {"fdffff", 0xffff, true},
        {"fe00000100", 0x10000, true},
        {"feffff0000", 0, false},
        {"ff0000000001000000", 0x100000000, true},
        {"ffffffffff00000000", 0, false},
        {"fdfd", 0, false},
        {"fe000001", 0, false},
        {"ff00000000010000", 0, false},
        {"", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_wr in = {0}, out = {0};
        struct cs_rd r;

        assert_int_equal(cs_unhex_wr(&in, cases[i].hex, strlen(cases[i].hex)), CS_OK);
        r = CS_RD(cs_wr_get(&in));
        assert_true(cs_rd_compact(&r) == cases[i].v);
        assert_int_equal(r.err == CS_OK, cases[i].ok);
        if (cases[i].ok) {
            cs_wr_compact(&out, cases[i].v);
            assert_int_equal(out.n, in.n);
            assert_memory_equal(out.p, in.p, in.n);
        }
        cs_wr_free(&in);
        cs_wr_free(&out);
    }
}

static void invalid_transactions_of_the_vectors_are_refused(void **state)
{
    struct cs_vec *v = CS_VEC_OWN("chains/transactions.json");
    struct cs_utxo_raw raw;
    size_t i, n = 0;
    json_t *row;

    (void)state;
    json_array_foreach(cs_vec_get(v->root, "invalidTransactions"), i, row)
    {
        if (chains_is(row, "BITCOIN")) {
            struct cs_span bytes = cs_vec_hex(v, row, "hex");

            assert_false(cs_utxo_raw(&raw, bytes));
            assert_int_equal(chains_decode(&wpkh, bytes, NULL), CS_ERR_CHAIN_TX);
            n++;
        }
    }
    assert_int_equal(n, 3);
    cs_vec_close(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_the_whole),
        cmocka_unit_test(the_unsigned_transaction),
        cmocka_unit_test(fields_of_an_input),
        cmocka_unit_test(inputs_of_others),
        cmocka_unit_test(sighash_types),
        cmocka_unit_test(spent_outputs),
        cmocka_unit_test(taproot_outputs_without_the_tweak_are_refused),
        cmocka_unit_test(previous_transactions_must_fit),
        cmocka_unit_test(fees),
        cmocka_unit_test(outputs_and_the_end),
        cmocka_unit_test(maps_are_bounded),
        cmocka_unit_test(inputs_are_bounded),
        cmocka_unit_test(compact_sizes_have_one_form),
        cmocka_unit_test(invalid_transactions_of_the_vectors_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
