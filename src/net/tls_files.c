#include "net/tls_files.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/file.h"
#include "net/tls_make.h"

enum { RENEW_DAYS = 30 };

/* One certificate with its key, in memory. */
struct pair {
    X509 *cert;
    EVP_PKEY *key;
};

static void pair_free(struct pair *p)
{
    X509_free(p->cert);
    EVP_PKEY_free(p->key);
    *p = (struct pair){0};
}

/* No passphrase: asking on the terminal would hang a daemon. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static enum cs_err read_cert(X509 **out, const char *path, struct cs_why *why)
{
    BIO *bio = BIO_new_file(path, "r");

    *out = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    if (*out == NULL) {
        enum cs_err err = bio == NULL ? CS_ERR_OS : CS_ERR_CONFIG;

        BIO_free(bio);
        return cs_why(why, err, "cannot read a PEM certificate from %s", path);
    }
    BIO_free(bio);
    return CS_OK;
}

static enum cs_err read_key(EVP_PKEY **out, const char *path, struct cs_why *why)
{
    BIO *bio = BIO_new_file(path, "r");

    *out = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    if (*out == NULL) {
        enum cs_err err = bio == NULL ? CS_ERR_OS : CS_ERR_CONFIG;

        BIO_free(bio);
        return cs_why(why, err, "cannot read a private key without passphrase from %s",
                      path);
    }
    BIO_free(bio);
    return CS_OK;
}

static enum cs_err read_pair(struct pair *out, const char *cert_file,
                             const char *key_file, struct cs_why *why)
{
    struct pair p = {0};
    enum cs_err err;

    CS_TRY(read_cert(&p.cert, cert_file, why));
    CS_TRY(read_key(&p.key, key_file, why));
    if (X509_check_private_key(p.cert, p.key) != 1) {
        err = cs_why(why, CS_ERR_CONFIG, "the key in %s does not belong to %s",
                     key_file, cert_file);
    }
out:
    if (err == CS_OK) {
        *out = p;
    } else {
        pair_free(&p);
    }
    return err;
}

static enum cs_err write_bio(const char *path, BIO *bio, mode_t mode,
                             struct cs_why *why)
{
    const char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);

    return cs_file_write(path, CS_SPAN(p, n > 0 ? (size_t)n : 0), mode, why);
}

/* The key first: a certificate without its key would stop the next start. */
static enum cs_err write_pair(const struct pair *p, const char *cert_file,
                              const char *key_file, struct cs_why *why)
{
    BIO *cert = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_secmem());
    enum cs_err err = CS_ERR_NOMEM;

    if (cert != NULL && key != NULL && PEM_write_bio_X509(cert, p->cert) == 1 &&
        PEM_write_bio_PrivateKey(key, p->key, NULL, NULL, 0, NULL, NULL) == 1) {
        CS_TRY(write_bio(key_file, key, 0600, why));
        CS_TRY(write_bio(cert_file, cert, 0644, why));
    }
out:
    BIO_free(cert);
    BIO_free(key); /* secmem: wiped */
    return err;
}

static enum cs_err failed(struct cs_why *why)
{
    return cs_why(why, CS_ERR_OS, "OpenSSL could not make a key or certificate");
}

/* What cannot be looked at is there: it must not be written over. */
static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || errno != ENOENT;
}

/* Nodes pin this CA for life, so its key is never replaced: without its certificate
 * (a crash between the two files, a file lost) a new one is made for the same key. */
static enum cs_err own_ca(struct pair *ca, const char *ca_file, const char *key_file,
                          struct cs_why *why)
{
    if (exists(ca_file)) {
        return read_pair(ca, ca_file, key_file, why);
    }
    if (exists(key_file)) {
        CS_CHECK(read_key(&ca->key, key_file, why));
    } else {
        ca->key = cs_tls_make_key();
    }
    ca->cert = ca->key != NULL ? cs_tls_make_ca(ca->key) : NULL;
    return ca->cert != NULL ? write_pair(ca, ca_file, key_file, why) : failed(why);
}

static bool still_good(const struct cs_tls_files *f, X509 *ca, const char *const *names,
                       size_t n)
{
    struct pair p = {0};
    struct cs_why unused;
    bool good = read_pair(&p, f->cert_file, f->key_file, &unused) == CS_OK &&
                cs_tls_days_left(p.cert, RENEW_DAYS) && cs_tls_signed_by(p.cert, ca) &&
                cs_tls_names_match(p.cert, names, n);

    pair_free(&p);
    return good;
}

static enum cs_err own_server(const struct cs_tls_files *f, const struct pair *ca,
                              const char *const *names, size_t n, struct cs_why *why)
{
    struct pair p = {0};
    enum cs_err err;

    if (still_good(f, ca->cert, names, n)) {
        return CS_OK;
    }
    p.key = cs_tls_make_key();
    p.cert = p.key != NULL ? cs_tls_make_server(p.key, ca->cert, ca->key, names, n)
                           : NULL;
    err = p.cert != NULL ? write_pair(&p, f->cert_file, f->key_file, why) : failed(why);
    pair_free(&p);
    return err;
}

static enum cs_err set_der(struct cs_tls_files *f, X509 *ca)
{
    unsigned char *der = NULL;
    int n = i2d_X509(ca, &der);

    if (n <= 0) {
        return CS_ERR_NOMEM;
    }
    cs_wr_bytes(&f->ca_der, der, (size_t)n);
    OPENSSL_free(der);
    return f->ca_der.err;
}

/* localhost, 127.0.0.1, then the given ones. */
static size_t all_names(const char *out[CS_TLS_NAMES_MAX + 2], const char *const *names,
                        size_t n)
{
    size_t k = 0;

    out[k++] = "localhost";
    out[k++] = "127.0.0.1";
    for (size_t i = 0; i < n && i < CS_TLS_NAMES_MAX; i++) {
        if (strcmp(names[i], "localhost") != 0 && strcmp(names[i], "127.0.0.1") != 0) {
            out[k++] = names[i];
        }
    }
    return k;
}

static enum cs_err own_paths(struct cs_tls_files *f, char ca_key[CS_TLS_PATH_MAX],
                             const char *dir, struct cs_why *why)
{
    char tls[CS_TLS_PATH_MAX];

    CS_CHECK(cs_file_path(tls, sizeof tls, dir, "tls", why));
    if (mkdir(tls, 0700) != 0 && errno != EEXIST) {
        return cs_why(why, CS_ERR_OS, "cannot make %s: %s", tls, strerror(errno));
    }
    CS_CHECK(cs_file_path(f->ca_file, sizeof f->ca_file, tls, "ca.pem", why));
    CS_CHECK(cs_file_path(f->cert_file, sizeof f->cert_file, tls, "server.pem", why));
    CS_CHECK(cs_file_path(f->key_file, sizeof f->key_file, tls, "server.key", why));
    return cs_file_path(ca_key, CS_TLS_PATH_MAX, tls, "ca.key", why);
}

enum cs_err cs_tls_files_own(struct cs_tls_files *out, const char *dir,
                             const char *const *names, size_t n_names,
                             struct cs_why *why)
{
    const char *all[CS_TLS_NAMES_MAX + 2];
    size_t n = all_names(all, names, n_names);
    char ca_key[CS_TLS_PATH_MAX];
    struct pair ca = {0};
    enum cs_err err;

    *out = (struct cs_tls_files){0};
    CS_TRY(own_paths(out, ca_key, dir, why));
    CS_TRY(own_ca(&ca, out->ca_file, ca_key, why));
    CS_TRY(own_server(out, &ca, all, n, why));
    CS_TRY(set_der(out, ca.cert));
out:
    pair_free(&ca);
    if (err != CS_OK) {
        cs_tls_files_wipe(out);
    }
    return err;
}

/* What a node will do with it: build a chain from the certificate to the CA. */
static enum cs_err verify_chain(X509 *ca, const char *cert_file, struct cs_why *why)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = NULL;
    enum cs_err err = CS_ERR_NOMEM;

    if (ctx != NULL && store != NULL && check != NULL &&
        SSL_CTX_use_certificate_chain_file(ctx, cert_file) == 1 &&
        X509_STORE_add_cert(store, ca) == 1 &&
        SSL_CTX_get0_chain_certs(ctx, &chain) == 1 &&
        X509_STORE_CTX_init(check, store, SSL_CTX_get0_certificate(ctx), chain) == 1 &&
        X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER) == 1) {
        err = X509_verify_cert(check) == 1
                  ? CS_OK
                  : cs_why(
                        why, CS_ERR_CONFIG, "%s does not lead to the given CA: %s",
                        cert_file,
                        X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
    }
    X509_STORE_CTX_free(check);
    X509_STORE_free(store);
    SSL_CTX_free(ctx);
    return err;
}

static enum cs_err copy_path(char *out, const char *path, struct cs_why *why)
{
    size_t n = strlen(path);

    if (n >= CS_TLS_PATH_MAX) {
        return cs_why(why, CS_ERR_CONFIG, "the path %s is too long", path);
    }
    memcpy(out, path, n + 1);
    return CS_OK;
}

enum cs_err cs_tls_files_given(struct cs_tls_files *out, const char *ca_file,
                               const char *cert_file, const char *key_file,
                               struct cs_why *why)
{
    struct pair server = {0};
    X509 *ca = NULL;
    enum cs_err err;

    *out = (struct cs_tls_files){0};
    CS_TRY(copy_path(out->ca_file, ca_file, why));
    CS_TRY(copy_path(out->cert_file, cert_file, why));
    CS_TRY(copy_path(out->key_file, key_file, why));
    CS_TRY(read_cert(&ca, ca_file, why));
    CS_TRY(read_pair(&server, cert_file, key_file, why));
    CS_TRY(verify_chain(ca, cert_file, why));
    CS_TRY(set_der(out, ca));
out:
    pair_free(&server);
    X509_free(ca);
    if (err != CS_OK) {
        cs_tls_files_wipe(out);
    }
    return err;
}

void cs_tls_files_wipe(struct cs_tls_files *f)
{
    cs_wr_free(&f->ca_der);
}
