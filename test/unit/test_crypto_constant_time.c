/* PROTOCOLS 10, row 51: no branch and no index depends on a secret.
 *
 * The program runs itself under valgrind's memcheck, with secrets marked undefined:
 * memcheck then reports every jump and address that they decide.  Calls whose single
 * "was it zero" bit is answered by a branch (README, rule 1) are left out; for them the
 * arithmetic inside is tested here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "crypto/frost_hash.h"
#include "crypto/hash.h"
#include "crypto/identity.h"
#include "crypto/secp_scalar.h"
#include "support/groups.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAVE_MEMCHECK 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static const char *self;

#if !defined(HAVE_MEMCHECK) || defined(SANITIZED)

static int run_inside(void)
{
    return 1;
}

static bool run_outside(int *status)
{
    (void)status;
    return false;
}

#else

enum { CHILD_FAILED = 9 };

/* ---- inside valgrind --------------------------------------------------------------
 */

struct secrets {
    uint8_t wide[64], key[32], text[70];
    struct cs_scalar a, b;
};

static struct secrets s;

static void scalar_ops(enum cs_curve c)
{
    struct cs_scalar out;

    cs_scalar_reduce64(c, &s.a, s.wide);
    cs_scalar_reduce64(c, &s.b, s.wide);
    cs_scalar_add(c, &out, &s.a, &s.b);
    cs_scalar_sub(c, &out, &s.a, &s.b);
    cs_scalar_mul(c, &out, &s.a, &s.b);
    cs_scalar_negate(c, &out, &out);
    cs_scalar_muladd(c, &out, &s.a, &s.b, &out);
}

static void secp_scalars(void)
{
    scalar_ops(CS_CURVE_SECP256K1);
}

static void ed_scalars(void)
{
    scalar_ops(CS_CURVE_ED25519);
}

static void secp_inverse(void)
{
    struct cs_scalar out;

    cs_secp_invert(&out, &s.a);
}

static void hashing(void)
{
    const struct cs_span x[] = {CS_SPAN_OF(s.key), CS_SPAN_OF(s.text)};
    struct cs_scalar out;
    uint8_t bytes[64];

    cs_th(bytes, CS_TAG_TEST, x, 2);
    cs_frost_h3(&out, CS_SPAN_OF(s.text));
    cs_hmac_sha256(bytes, x[0], x[1]);
    cs_hkdf(bytes, sizeof bytes, x[0], x[1], CS_SPAN_LIT("info"));
}

static void aeads(void)
{
    static const uint8_t nonce[12];
    uint8_t out[sizeof s.text + 16];

    cs_chacha_seal(out, s.key, nonce, CS_SPAN_LIT("ad"), CS_SPAN_OF(s.text));
    (void)!cs_gcm_seal(out, s.key, nonce, CS_SPAN_LIT("ad"), CS_SPAN_OF(s.text));
}

static void identities(void)
{
    uint8_t out[64];

    cs_sign(out, s.key, CS_SPAN_OF(s.text));
    cs_sign_public(out, s.key);
    cs_dh_public(out, s.key);
}

/* The control: a branch on a secret must be seen, or nothing here means anything. */
static void leak(void)
{
    static volatile int count;

    if ((s.key[0] & 1) != 0) {
        count = count + 1;
    }
}

static bool clean(const char *what, void (*op)(void))
{
    unsigned before = VALGRIND_COUNT_ERRORS, found;

    (void)VALGRIND_MAKE_MEM_UNDEFINED(&s, sizeof s);
    op();
    found = VALGRIND_COUNT_ERRORS - before;
    if (found != 0 && op != leak) {
        (void)fprintf(stderr, "%s: %u uses of a secret in a branch or address\n", what,
                      found);
    }
    return found == 0;
}

static int run_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    if (write(STDOUT_FILENO, "S", 1) != 1 || !RUNNING_ON_VALGRIND) {
        return CHILD_FAILED;
    }
    ok = clean("secp256k1 scalars", secp_scalars) && ok;
    ok = clean("secp256k1 inverse", secp_inverse) && ok;
    ok = clean("ed25519 scalars", ed_scalars) && ok;
    ok = clean("hashing", hashing) && ok;
    ok = clean("AEADs", aeads) && ok;
    ok = clean("identities", identities) && ok;
    ok = !clean("control", leak) && ok;
    return ok ? 0 : CHILD_FAILED;
}

/* ---- outside ------------------------------------------------------------------------
 */

static void child(int out)
{
    if (dup2(out, STDOUT_FILENO) >= 0) {
        (void)execlp("valgrind", "valgrind", "--quiet", "--error-limit=no",
                     "--log-file=/dev/null", self, "--inside", (char *)NULL);
    }
    _exit(127);
}

/* False when valgrind is not there or cannot read this program. */
static bool run_outside(int *status)
{
    char started = 0;
    ssize_t n;
    int fd[2];
    pid_t pid;

    assert_int_equal(pipe(fd), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        child(fd[1]);
    }
    (void)close(fd[1]);
    n = read(fd[0], &started, 1);
    assert_int_equal(waitpid(pid, status, 0), pid);
    (void)close(fd[0]);
    return n == 1 && started == 'S';
}

#endif

static void no_branch_or_address_depends_on_a_secret(void **state)
{
    int status = 0;

    (void)state;
    if (!run_outside(&status)) {
        (void)fprintf(stderr,
                      "SKIPPED: constant time: valgrind cannot run this build\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_branch_or_address_depends_on_a_secret),
    };

    self = argv[0];
    if (argc == 2 && strcmp(argv[1], "--inside") == 0) {
        return run_inside();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
