#include "net/tls_pem.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static enum cs_err write_pem(struct cs_wr *out, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *p = NULL;
    long n;

    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1) {
        BIO_free(bio);
        return CS_ERR_NOMEM;
    }
    n = BIO_get_mem_data(bio, &p);
    cs_wr_bytes(out, p, n > 0 ? (size_t)n : 0);
    BIO_free(bio);
    return out->err;
}

enum cs_err cs_tls_ca_pem(struct cs_wr *out, struct cs_span der, struct cs_why *why)
{
    const unsigned char *p = der.p;
    X509 *cert = der.n <= 65536 ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    enum cs_err err;

    if (cert == NULL || p != der.p + der.n) {
        X509_free(cert);
        return cs_why(why, CS_ERR_CONFIG,
                      "the platform's CA in the pairing key is not a certificate: copy "
                      "the whole pairing key again from the console");
    }
    if (X509_check_ca(cert) != 1) {
        X509_free(cert);
        return cs_why(why, CS_ERR_CONFIG,
                      "the certificate in the pairing key is not a CA's: give the "
                      "platform a --tls-ca that signed its --tls-cert");
    }
    err = write_pem(out, cert);
    X509_free(cert);
    return err;
}
