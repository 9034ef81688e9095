/* The platform's TLS files in DIR/tls: its own CA and a server certificate signed by
 * it, made at the first start with OpenSSL's libcrypto (DECISIONS 16); or files that
 * the operator gives.  Blocking file work: call before the loop runs.
 *
 *   ca.pem ca.key  P-256, 10 years; server.pem server.key  P-256, 1 year
 *
 * Keys are mode 0600.  The server certificate is made anew when it has less than 30
 * days left, names other hosts, or was signed by another CA. */
#ifndef CS_NET_TLS_FILES_H
#define CS_NET_TLS_FILES_H

#include "base/why.h"
#include "base/wr.h"

enum { CS_TLS_NAMES_MAX = 8, CS_TLS_PATH_MAX = 512 };

struct cs_tls_files {
    char ca_file[CS_TLS_PATH_MAX], cert_file[CS_TLS_PATH_MAX],
        key_file[CS_TLS_PATH_MAX];
    struct cs_wr ca_der; /* what goes into pairing keys */
};

/* names: host names and IP addresses the server certificate must be valid for, beside
 * localhost and 127.0.0.1.  CONFIG (a file that exists is no key or certificate), OS
 * (a file cannot be read or written). */
enum cs_err cs_tls_files_own(struct cs_tls_files *out, const char *dir,
                             const char *const *names, size_t n_names,
                             struct cs_why *why) CS_MUST_USE;
/* Given files: the certificate must be signed by the CA (directly or through the chain
 * in cert_file), be valid now and fit the key.  CONFIG says what does not. */
enum cs_err cs_tls_files_given(struct cs_tls_files *out, const char *ca_file,
                               const char *cert_file, const char *key_file,
                               struct cs_why *why) CS_MUST_USE;
void cs_tls_files_wipe(struct cs_tls_files *f);

#endif
