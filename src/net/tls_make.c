#include "net/tls_make.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

enum { CA_DAYS = 3650, SERVER_DAYS = 365, DAY_S = 86400, SKEW_S = 3600 };

EVP_PKEY *cs_tls_make_key(void)
{
    return EVP_EC_gen("P-256");
}

static bool set_serial(X509 *x)
{
    unsigned char b[16];
    BIGNUM *n;
    bool ok;

    if (RAND_bytes(b, sizeof b) != 1) {
        return false;
    }
    b[0] = (unsigned char)((b[0] & 0x7f) | 0x40); /* positive, full length */
    n = BN_bin2bn(b, sizeof b, NULL);
    ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static bool set_name(X509_NAME *name, const char *cn)
{
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
                                      (const unsigned char *)"CloudSign", -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)cn, -1, -1, 0) == 1;
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    bool ok;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

/* Version 3, serial, key, validity, subject; NULL on failure. */
static X509 *start(EVP_PKEY *key, const char *cn, int days)
{
    X509 *x = X509_new();

    if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
        X509_gmtime_adj(X509_getm_notBefore(x), -SKEW_S) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(x), (long)days * DAY_S) != NULL &&
        X509_set_pubkey(x, key) == 1 && set_name(X509_get_subject_name(x), cn)) {
        return x;
    }
    X509_free(x);
    return NULL;
}

X509 *cs_tls_make_ca(EVP_PKEY *key)
{
    X509 *x = start(key, "CloudSign platform CA", CA_DAYS);

    if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
        add_ext(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add_ext(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add_ext(x, x, NID_subject_key_identifier, "hash") &&
        X509_sign(x, key, EVP_sha256()) > 0) {
        return x;
    }
    X509_free(x);
    return NULL;
}

static bool is_ip(const char *name)
{
    unsigned char any[16];

    return inet_pton(AF_INET, name, any) == 1 || inet_pton(AF_INET6, name, any) == 1;
}

/* A comma or colon of a name must not become syntax of the extension. */
static bool is_name(const char *s)
{
    return s[0] != '\0' && (is_ip(s) || s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
                                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                    "0123456789.-_")] == '\0');
}

static bool add_alt_names(X509 *x, const char *const *names, size_t n)
{
    struct cs_wr w = {.max = 4096};
    bool ok;

    for (size_t i = 0; i < n; i++) {
        if (!is_name(names[i])) {
            w.err = CS_ERR_CONFIG;
        }
        cs_wr_printf(&w, "%s%s:%s", i != 0 ? "," : "", is_ip(names[i]) ? "IP" : "DNS",
                     names[i]);
    }
    cs_wr_u8(&w, 0);
    ok = w.err == CS_OK && add_ext(x, x, NID_subject_alt_name, (const char *)w.p);
    cs_wr_free(&w);
    return ok;
}

X509 *cs_tls_make_server(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key,
                         const char *const *names, size_t n_names)
{
    X509 *x = start(key, "CloudSign platform", SERVER_DAYS);

    if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1 &&
        add_ext(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
        add_ext(x, ca, NID_key_usage, "critical,digitalSignature") &&
        add_ext(x, ca, NID_ext_key_usage, "serverAuth") &&
        add_ext(x, ca, NID_subject_key_identifier, "hash") &&
        add_ext(x, ca, NID_authority_key_identifier, "keyid:always") &&
        add_alt_names(x, names, n_names) && X509_sign(x, ca_key, EVP_sha256()) > 0) {
        return x;
    }
    X509_free(x);
    return NULL;
}

bool cs_tls_names_match(X509 *cert, const char *const *names, size_t n_names)
{
    for (size_t i = 0; i < n_names; i++) {
        int found = is_ip(names[i]) ? X509_check_ip_asc(cert, names[i], 0)
                                    : X509_check_host(cert, names[i], 0, 0, NULL);

        if (found != 1) {
            return false;
        }
    }
    return true;
}

bool cs_tls_days_left(const X509 *cert, int days)
{
    time_t then = time(NULL) + (time_t)days * DAY_S, now = time(NULL);

    return X509_cmp_time(X509_get0_notAfter(cert), &then) > 0 &&
           X509_cmp_time(X509_get0_notBefore(cert), &now) < 0;
}

bool cs_tls_signed_by(X509 *cert, X509 *ca)
{
    return X509_check_issued(ca, cert) == X509_V_OK &&
           X509_verify(cert, X509_get0_pubkey(ca)) == 1;
}
