/* AWS Signature Version 4, by headers (AWS General Reference, "Create a signed AWS API
 * request"): canonical request, string to sign, key, Authorization header.
 *
 * Any thread.  Nothing here reads a clock: the time is an argument. */
#ifndef CS_KMS_SIGV4_H
#define CS_KMS_SIGV4_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

enum {
    CS_SIGV4_HEADERS_MAX = 24,
    CS_SIGV4_PARAMS_MAX = 32, /* pairs of the query */
    CS_SIGV4_TIME_LEN = 17,   /* "20150830T123600Z" and NUL */
};

struct cs_sigv4_header {
    const char *name; /* any case */
    struct cs_span value;
};

/* As it is sent; everything borrowed for the call. */
struct cs_sigv4_request {
    const char *method;
    struct cs_span path;  /* starts with '/', without "." and ".." and empty segments */
    struct cs_span query; /* without '?' */
    const struct cs_sigv4_header *headers; /* all of them are signed */
    size_t n_headers;
    struct cs_span body;
};

struct cs_sigv4_scope {
    char time[CS_SIGV4_TIME_LEN];
    const char *region, *service;
};

/* Who signs: id goes into the header, secret is used and wiped. */
struct cs_sigv4_keys {
    const char *id, *secret;
};

/* The time as the x-amz-date header says it; seconds since 1970, years to 9999. */
enum cs_err cs_sigv4_time(char out[CS_SIGV4_TIME_LEN], uint64_t unix_s) CS_MUST_USE;

/* Appends the canonical request to out and the signed headers' names to names.
 * USAGE: a path that is none or not normal, a header name or value with other bytes
 * than HTTP has there, no host header, too many headers or pairs. */
enum cs_err cs_sigv4_canonical(struct cs_wr *out, struct cs_wr *names,
                               const struct cs_sigv4_request *req) CS_MUST_USE;
/* Appends the string to sign of a canonical request. */
void cs_sigv4_string_to_sign(struct cs_wr *out, const struct cs_sigv4_scope *scope,
                             struct cs_span canonical);
/* The key of (secret, day, region, service).  Secret: wipe it. */
enum cs_err cs_sigv4_key(uint8_t out[32], const char *secret,
                         const struct cs_sigv4_scope *scope) CS_MUST_USE;
/* Appends the value of the Authorization header.  On error out is as before or in
 * its own sticky error. */
enum cs_err cs_sigv4_authorize(struct cs_wr *out, const struct cs_sigv4_request *req,
                               const struct cs_sigv4_scope *scope,
                               const struct cs_sigv4_keys *keys) CS_MUST_USE;

#endif
