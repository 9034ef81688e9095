/* A CA certificate as pairing keys carry it (DER), as PEM.  Any thread. */
#ifndef CS_NET_TLS_PEM_H
#define CS_NET_TLS_PEM_H

#include "base/span.h"
#include "base/why.h"
#include "base/wr.h"

/* Appends the PEM text.  CONFIG when der is not exactly one certificate of a CA. */
enum cs_err cs_tls_ca_pem(struct cs_wr *out, struct cs_span der, struct cs_why *why)
    CS_MUST_USE;

#endif
