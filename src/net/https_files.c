/* The PEM files of the HTTPS client, looked at before libwebsockets is given them: it
 * would say nothing useful, and OpenSSL would ask a terminal for a key's passphrase. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/https_internal.h"

static int no_passphrase(char *buf, int size, int rw, void *u)
{
    (void)buf;
    (void)size;
    (void)rw;
    (void)u;
    return 0;
}

static enum cs_err open_pem(FILE **f, const char *path, struct cs_why *why)
{
    *f = fopen(path, "re");
    return *f != NULL ? CS_OK
                      : cs_why(why, CS_ERR_CONFIG, "cannot read %s: %s", path,
                               strerror(errno));
}

static enum cs_err read_cert(X509 **cert, const char *path, struct cs_why *why)
{
    FILE *f = NULL;

    CS_CHECK(open_pem(&f, path, why));
    *cert = PEM_read_X509(f, NULL, no_passphrase, NULL);
    (void)fclose(f);
    return *cert != NULL
               ? CS_OK
               : cs_why(why, CS_ERR_CONFIG, "%s holds no certificate (PEM)", path);
}

static enum cs_err read_key(EVP_PKEY **key, const char *path, struct cs_why *why)
{
    FILE *f = NULL;

    CS_CHECK(open_pem(&f, path, why));
    *key = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
    (void)fclose(f);
    return *key != NULL
               ? CS_OK
               : cs_why(why, CS_ERR_CONFIG,
                        "%s holds no private key (PEM, without passphrase)", path);
}

static enum cs_err check_pair(const struct cs_https *h, struct cs_why *why)
{
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    enum cs_err err = read_cert(&cert, h->cert_file, why);

    if (err == CS_OK) {
        err = read_key(&key, h->key_file, why);
    }
    if (err == CS_OK && X509_check_private_key(cert, key) != 1) {
        err = cs_why(why, CS_ERR_CONFIG, "%s is not the key of %s", h->key_file,
                     h->cert_file);
    }
    EVP_PKEY_free(key);
    X509_free(cert);
    return err;
}

enum cs_err https_check_files(const struct cs_https *h, struct cs_why *why)
{
    X509 *ca = NULL;
    enum cs_err err = CS_OK;

    if ((h->cert_file[0] != '\0') != (h->key_file[0] != '\0')) {
        return cs_why(why, CS_ERR_CONFIG,
                      "a client certificate needs both, its file and its key's file");
    }
    if (h->ca_file[0] != '\0') {
        err = read_cert(&ca, h->ca_file, why);
        X509_free(ca);
    }
    if (err == CS_OK && h->cert_file[0] != '\0') {
        err = check_pair(h, why);
    }
    ERR_clear_error();
    return err;
}

const char *https_system_bundle(void)
{
    static const char *const known[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt"};

    if (access(X509_get_default_cert_file(), R_OK) == 0 ||
        access(X509_get_default_cert_dir(), R_OK) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < CS_COUNTOF(known); i++) {
        if (access(known[i], R_OK) == 0) {
            return known[i];
        }
    }
    return NULL;
}
