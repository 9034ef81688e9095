/* What we rely on in libraries and in starting the layer: the self-tests, BIP 340 of
 * libsecp256k1, contexts per thread. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "crypto/secp_ctx.h"
#include "crypto/selftest.h"
#include "support/groups.h"
#include "support/vectors.h"

static void the_self_tests_pass_and_can_be_repeated(void **state)
{
    const char *what = NULL;

    (void)state;
    assert_int_equal(cs_selftest(&what), CS_OK);
    assert_string_equal(what, "");
    assert_int_equal(cs_selftest(&what), CS_OK);
}

static void starting_twice_is_harmless(void **state)
{
    (void)state;
    assert_int_equal(cs_crypto_init(), CS_OK);
    assert_int_equal(cs_crypto_init(), CS_OK);
}

static void *use_group(void *arg)
{
    const secp256k1_context **ctx = arg;
    struct cs_scalar k = small(CS_CURVE_SECP256K1, 5);
    struct cs_point p;

    cs_point_base_mul(CS_CURVE_SECP256K1, &p, &k);
    *ctx = cs_secp_ctx();
    cs_crypto_thread_end();
    cs_crypto_thread_end(); /* twice is fine */
    return NULL;
}

static void every_thread_has_a_context_of_its_own(void **state)
{
    const secp256k1_context *mine = cs_secp_ctx(), *other[4];
    pthread_t thread[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, use_group, &other[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_ptr_not_equal(other[i], mine);
    }
    assert_ptr_equal(cs_secp_ctx(), mine);
}

static void a_thread_may_start_again_after_its_end(void **state)
{
    struct cs_point a, b;
    struct cs_scalar k = small(CS_CURVE_SECP256K1, 7);

    (void)state;
    cs_point_base_mul(CS_CURVE_SECP256K1, &a, &k);
    cs_crypto_thread_end();
    cs_point_base_mul(CS_CURVE_SECP256K1, &b, &k);
    same_point(&a, &b);
}

/* ---- BIP 340, test-vectors.csv
 * --------------------------------------------------------- */

struct csv_row {
    char
        *field[8]; /* index, secret, public, aux, message, signature, result, comment */
};

static void split(struct csv_row *row, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (size_t i = 0; i < CS_COUNTOF(row->field); i++) {
        row->field[i] = strsep(&line, ",");
        assert_non_null(row->field[i]);
    }
}

static bool bip340_verifies(const struct csv_row *row, const uint8_t *msg, size_t n)
{
    secp256k1_xonly_pubkey pk;
    uint8_t key[32], sig[64];

    assert_int_equal(cs_unhex(key, sizeof key, row->field[2]), CS_OK);
    assert_int_equal(cs_unhex(sig, sizeof sig, row->field[5]), CS_OK);
    return secp256k1_xonly_pubkey_parse(cs_secp_ctx(), &pk, key) == 1 &&
           secp256k1_schnorrsig_verify(cs_secp_ctx(), sig, msg, n, &pk) == 1;
}

static void bip340_signs(const struct csv_row *row, const uint8_t *msg)
{
    secp256k1_keypair pair;
    uint8_t secret[32], aux[32], want[64], sig[64];

    assert_int_equal(cs_unhex(secret, sizeof secret, row->field[1]), CS_OK);
    assert_int_equal(cs_unhex(aux, sizeof aux, row->field[3]), CS_OK);
    assert_int_equal(cs_unhex(want, sizeof want, row->field[5]), CS_OK);
    assert_int_equal(secp256k1_keypair_create(cs_secp_ctx(), &pair, secret), 1);
    assert_int_equal(secp256k1_schnorrsig_sign32(cs_secp_ctx(), sig, msg, &pair, aux),
                     1);
    assert_memory_equal(sig, want, sizeof sig);
}

static void bip340_row(char *line)
{
    struct csv_row row;
    uint8_t msg[128];
    size_t n;

    split(&row, line);
    n = strlen(row.field[4]) / 2;
    assert_true(n <= sizeof msg);
    assert_int_equal(cs_unhex(msg, n, row.field[4]), CS_OK);
    if (bip340_verifies(&row, msg, n) != (strcmp(row.field[6], "TRUE") == 0)) {
        fail_msg("BIP 340 vector %s (%s) should be %s", row.field[0], row.field[7],
                 row.field[6]);
    }
    if (row.field[1][0] != '\0' && n == 32) {
        bip340_signs(&row, msg);
    }
}

static void the_librarys_schnorr_agrees_with_bip340(void **state)
{
    static const char path[] = CS_SHARED_VECTORS "/bip340/test-vectors.csv";
    char line[1024];
    size_t n = 0;
    FILE *f;

    (void)state;
    if (!cs_vec_folder(CS_SHARED_VECTORS, "bip340/test-vectors.csv")) {
        skip();
    }
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f)); /* the headings */
    while (fgets(line, sizeof line, f) != NULL) {
        bip340_row(line);
        n++;
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(n, 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_self_tests_pass_and_can_be_repeated),
        cmocka_unit_test(starting_twice_is_harmless),
        cmocka_unit_test(every_thread_has_a_context_of_its_own),
        cmocka_unit_test(a_thread_may_start_again_after_its_end),
        cmocka_unit_test(the_librarys_schnorr_agrees_with_bip340),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
