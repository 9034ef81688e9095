/* An HTTP request as data, and the answer to it: this layer says what to ask, another
 * one (net) asks.  Any thread. */
#ifndef CS_KMS_HTTP_H
#define CS_KMS_HTTP_H

#include "base/why.h"
#include "base/wr.h"

enum {
    CS_AWS_HOST_MAX = 254,
    CS_AWS_PATH_MAX = 1025,
    CS_AWS_HEADERS_MAX = 12,
    CS_AWS_BODY_MAX = 65536, /* of an answer; a longer one is refused unread */
    CS_AWS_REQUEST_ID_MAX = 65,
};

struct cs_aws_url {
    bool is_tls, is_ipv6;
    char host[CS_AWS_HOST_MAX]; /* without the brackets of an IPv6 address */
    char path[CS_AWS_PATH_MAX]; /* starts with '/', with query */
    int port;                   /* 443 or 80 when none is given */
};

/* "https://host[:port][/path]" or http.  CONFIG for anything else: user info, a
 * fragment, bytes that an URL cannot have, an IPv6 address under https.  `name` is the
 * variable it came from. */
enum cs_err cs_aws_url_parse(struct cs_aws_url *out, const char *text, const char *name,
                             struct cs_why *why) CS_MUST_USE;
/* 127.0.0.0/8, ::1, localhost: no one else hears it. */
bool cs_aws_url_is_loopback(const struct cs_aws_url *u);

/* Zero it before the first use; may hold secrets: free wipes. */
struct cs_aws_http {
    struct cs_aws_url url;
    const char *method;
    struct {
        const char *name; /* constant */
        size_t at, n;     /* in values */
    } headers[CS_AWS_HEADERS_MAX];
    size_t n_headers;
    struct cs_wr values, body;
};

/* Host comes first: a request has it before anything is signed. */
void cs_aws_http_start(struct cs_aws_http *h, const char *method,
                       const struct cs_aws_url *url);
void cs_aws_http_header(struct cs_aws_http *h, const char *name, struct cs_span value);
/* Header i, borrowed until the next change. */
struct cs_span cs_aws_http_value(const struct cs_aws_http *h, size_t i);
/* The first error of building it. */
enum cs_err cs_aws_http_err(const struct cs_aws_http *h) CS_MUST_USE;
void cs_aws_http_free(struct cs_aws_http *h);

/* What came back.  status 0: no answer (no connection, a timeout, too long a body);
 * `failure` says which then.  All borrowed. */
struct cs_aws_reply {
    int status;
    struct cs_span body;
    const char *request_id; /* x-amzn-RequestId, "" or NULL when there was none */
    const char *failure;    /* sentence, NULL allowed */
};

/* The request id for people: "none" unless it is made of letters, digits and '-'. */
const char *cs_aws_request_id(const struct cs_aws_reply *r);

#endif
