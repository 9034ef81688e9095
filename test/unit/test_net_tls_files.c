/* The platform's own CA and certificate, and given ones. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <time.h>

#include "net/file.h"
#include "net/tls_make.h"
#include "net/tls_pem.h"
#include "support/net_rig.h"

static struct {
    char dir[64];
    struct cs_why why;
} t;

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(t.dir, sizeof t.dir, "/tmp/cs-tls-XXXXXX");
    return mkdtemp(t.dir) != NULL ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    return nftw(t.dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static void own(struct cs_tls_files *f, const char *name)
{
    if (cs_tls_files_own(f, t.dir, &name, 1, &t.why) != CS_OK) {
        fail_msg("%s", t.why.text);
    }
}

static X509 *cert_of(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    X509 *x;

    assert_non_null(bio);
    x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(x);
    return x;
}

static EVP_PKEY *key_of(const char *path)
{
    BIO *bio = BIO_new_file(path, "r");
    EVP_PKEY *k;

    assert_non_null(bio);
    k = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(k);
    return k;
}

static char *in_tls(char out[128], const char *name)
{
    (void)snprintf(out, 128, "%s/tls/%s", t.dir, name);
    return out;
}

static unsigned mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777U;
}

static void the_first_start_makes_a_ca_and_a_server_certificate(void **state)
{
    struct cs_tls_files f;
    char path[128];
    X509 *ca, *server;

    (void)state;
    own(&f, "platform.example");
    ca = cert_of(f.ca_file);
    server = cert_of(f.cert_file);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_check_ca(server), 0);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_true(cs_tls_signed_by(server, ca));
    assert_int_equal(X509_check_host(server, "platform.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_host(server, "other.example", 0, 0, NULL), 0);
    assert_int_equal(X509_get_extended_key_usage(server), XKU_SSL_SERVER);
    assert_true(cs_tls_days_left(ca, 3600));
    assert_true(cs_tls_days_left(server, 300));
    assert_false(cs_tls_days_left(server, 400));
    assert_int_equal(mode_of(in_tls(path, "ca.key")), 0600);
    assert_int_equal(mode_of(f.key_file), 0600);
    X509_free(ca);
    X509_free(server);
    cs_tls_files_wipe(&f);
}

static void assert_same(const char *path, struct cs_wr *before, bool same)
{
    struct cs_wr now = {0};
    X509 *x = cert_of(path);
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);

    cs_wr_bytes(&now, der, (size_t)n);
    OPENSSL_free(der);
    X509_free(x);
    if (before->n != 0) {
        assert_int_equal(same,
                         now.n == before->n && memcmp(now.p, before->p, now.n) == 0);
    }
    cs_wr_free(before);
    *before = now;
}

static void
a_second_start_keeps_both_and_a_new_name_renews_the_certificate(void **state)
{
    struct cs_wr server = {0};
    struct cs_tls_files f, again;

    (void)state;
    own(&f, "one.example");
    assert_same(f.cert_file, &server, true);
    own(&again, "one.example");
    assert_same(f.cert_file, &server, true);
    assert_int_equal(f.ca_der.n, again.ca_der.n);
    assert_memory_equal(f.ca_der.p, again.ca_der.p, f.ca_der.n);
    cs_tls_files_wipe(&again);
    own(&again, "two.example");
    assert_same(f.cert_file, &server, false);
    assert_memory_equal(f.ca_der.p, again.ca_der.p, f.ca_der.n);
    cs_tls_files_wipe(&again);
    cs_tls_files_wipe(&f);
    cs_wr_free(&server);
}

/* Signs the server's certificate anew with so many days left. */
static void set_days(const struct cs_tls_files *f, long days)
{
    char path[128];
    X509 *x = cert_of(f->cert_file);
    EVP_PKEY *ca_key = key_of(in_tls(path, "ca.key"));
    BIO *bio = BIO_new_file(f->cert_file, "w");

    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), days * 86400));
    assert_true(X509_sign(x, ca_key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    BIO_free(bio);
    EVP_PKEY_free(ca_key);
    X509_free(x);
}

static void a_certificate_with_less_than_30_days_is_renewed(void **state)
{
    struct cs_wr server = {0};
    struct cs_tls_files f, again;

    (void)state;
    own(&f, "one.example");
    set_days(&f, 31);
    assert_same(f.cert_file, &server, true);
    own(&again, "one.example");
    assert_same(f.cert_file, &server, true);
    cs_tls_files_wipe(&again);
    set_days(&f, 29);
    assert_same(f.cert_file, &server, false);
    own(&again, "one.example");
    assert_same(f.cert_file, &server, false);
    cs_tls_files_wipe(&again);
    cs_tls_files_wipe(&f);
    cs_wr_free(&server);
}

static void a_lost_server_key_is_replaced_but_a_broken_ca_is_an_error(void **state)
{
    struct cs_wr server = {0};
    struct cs_tls_files f, again;
    const char *name = "one.example";
    char path[128];

    (void)state;
    own(&f, name);
    assert_same(f.cert_file, &server, true);
    assert_int_equal(unlink(f.key_file), 0);
    own(&again, name);
    assert_same(f.cert_file, &server, false);
    cs_tls_files_wipe(&again);
    /* Pairing keys name this CA: making another would cut off every node. */
    assert_int_equal(unlink(in_tls(path, "ca.key")), 0);
    assert_int_equal(cs_tls_files_own(&again, t.dir, &name, 1, &t.why), CS_ERR_OS);
    assert_non_null(strstr(t.why.text, "ca.key"));
    assert_int_equal(
        cs_file_write(f.ca_file, CS_SPAN_LIT("no certificate"), 0644, &t.why), CS_OK);
    assert_int_equal(cs_tls_files_own(&again, t.dir, &name, 1, &t.why), CS_ERR_CONFIG);
    cs_tls_files_wipe(&f);
    cs_wr_free(&server);
}

static void a_name_that_is_extension_syntax_is_refused(void **state)
{
    const char *name = "a,DNS:evil.example";
    struct cs_tls_files f;

    (void)state;
    assert_int_equal(cs_tls_files_own(&f, t.dir, &name, 1, &t.why), CS_ERR_OS);
}

static void given_files_must_fit_together(void **state)
{
    struct cs_tls_files mine, given;
    char other_key[128], ca[128];
    EVP_PKEY *key = cs_tls_make_key();
    BIO *bio;

    (void)state;
    own(&mine, "one.example");
    (void)in_tls(ca, "ca.pem");
    assert_int_equal(
        cs_tls_files_given(&given, ca, mine.cert_file, mine.key_file, &t.why), CS_OK);
    assert_memory_equal(given.ca_der.p, mine.ca_der.p, mine.ca_der.n);
    cs_tls_files_wipe(&given);

    bio = BIO_new_file(in_tls(other_key, "other.key"), "w");
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    BIO_free(bio);
    EVP_PKEY_free(key);
    assert_int_equal(cs_tls_files_given(&given, ca, mine.cert_file, other_key, &t.why),
                     CS_ERR_CONFIG);
    assert_non_null(strstr(t.why.text, "does not belong"));
    /* Signed by itself, not by the CA. */
    assert_int_equal(cs_tls_files_given(&given, mine.cert_file, ca,
                                        in_tls(other_key, "ca.key"), &t.why),
                     CS_ERR_CONFIG);
    set_days(&mine, -1);
    assert_int_equal(
        cs_tls_files_given(&given, ca, mine.cert_file, mine.key_file, &t.why),
        CS_ERR_CONFIG);
    assert_non_null(strstr(t.why.text, "expired"));
    assert_int_equal(
        cs_tls_files_given(&given, "/no/file", mine.cert_file, mine.key_file, &t.why),
        CS_ERR_OS);
    cs_tls_files_wipe(&mine);
}

static void only_a_ca_may_be_pinned(void **state)
{
    struct cs_tls_files f;
    struct cs_wr pem = {0};
    unsigned char *der = NULL;
    X509 *server;
    int n;

    (void)state;
    own(&f, "one.example");
    assert_int_equal(cs_tls_ca_pem(&pem, cs_wr_get(&f.ca_der), &t.why), CS_OK);
    assert_int_equal(cs_tls_ca_pem(&pem, CS_SPAN(f.ca_der.p, f.ca_der.n - 1), &t.why),
                     CS_ERR_CONFIG);
    cs_wr_u8(&f.ca_der, 0);
    assert_int_equal(cs_tls_ca_pem(&pem, cs_wr_get(&f.ca_der), &t.why), CS_ERR_CONFIG);
    assert_int_equal(cs_tls_ca_pem(&pem, CS_SPAN_LIT(""), &t.why), CS_ERR_CONFIG);
    server = cert_of(f.cert_file);
    n = i2d_X509(server, &der);
    assert_int_equal(cs_tls_ca_pem(&pem, CS_SPAN(der, (size_t)n), &t.why),
                     CS_ERR_CONFIG);
    OPENSSL_free(der);
    X509_free(server);
    cs_wr_free(&pem);
    cs_tls_files_wipe(&f);
}

/* Nodes have pinned the first certificate and must go on trusting the server. */
static void a_lost_ca_certificate_is_made_again_for_the_same_key(void **state)
{
    const unsigned char *der;
    struct cs_tls_files first, second;
    char path[128];
    X509 *pinned, *server;

    (void)state;
    own(&first, "one.example");
    assert_int_equal(unlink(in_tls(path, "ca.pem")), 0);
    assert_int_equal(unlink(in_tls(path, "server.pem")), 0);
    own(&second, "one.example");
    der = first.ca_der.p;
    pinned = d2i_X509(NULL, &der, (long)first.ca_der.n);
    server = cert_of(second.cert_file);
    assert_true(cs_tls_signed_by(server, pinned));
    X509_free(server);
    X509_free(pinned);
    cs_tls_files_wipe(&first);
    cs_tls_files_wipe(&second);
}

static void a_ca_key_that_cannot_be_read_is_not_written_over(void **state)
{
    const char *name = "one.example";
    struct cs_tls_files f;
    char path[128];
    struct stat st;

    (void)state;
    own(&f, name);
    cs_tls_files_wipe(&f);
    assert_int_equal(unlink(in_tls(path, "ca.pem")), 0);
    assert_int_equal(
        cs_file_write(in_tls(path, "ca.key"), CS_SPAN_LIT("damaged"), 0600, &t.why),
        CS_OK);
    assert_int_not_equal(cs_tls_files_own(&f, t.dir, &name, 1, &t.why), CS_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 7);
    /* A link that leads nowhere is not an empty place either. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/nowhere/ca.key", path), 0);
    assert_int_not_equal(cs_tls_files_own(&f, t.dir, &name, 1, &t.why), CS_OK);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_start_makes_a_ca_and_a_server_certificate),
        CASE(a_second_start_keeps_both_and_a_new_name_renews_the_certificate),
        CASE(a_certificate_with_less_than_30_days_is_renewed),
        CASE(a_lost_server_key_is_replaced_but_a_broken_ca_is_an_error),
        CASE(a_lost_ca_certificate_is_made_again_for_the_same_key),
        CASE(a_ca_key_that_cannot_be_read_is_not_written_over),
        CASE(a_name_that_is_extension_syntax_is_refused),
        CASE(given_files_must_fit_together),
        CASE(only_a_ca_may_be_pinned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
