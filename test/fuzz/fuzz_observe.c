/* What strangers and operators write: the request of a probe, LOG_LEVEL, a line that is
 * masked.  Masking keeps the length, and leaves no registered secret. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/redact.h"
#include "net/probe_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "0123456789abcdeffedcba9876543210";

static void probe(const char *p, size_t n)
{
    char path[CS_PROBE_URL_MAX] = "";
    size_t head = cs_probe_head_len(p, n);
    int status = cs_probe_request(path, p, head != 0 ? head : n, (n & 1) != 0);

    if (head > n || status < 200 || status > 505 || (status == 200 && path[0] != '/')) {
        abort();
    }
}

static void mask(const char *p, size_t n)
{
    static const uint8_t key[16] = {1};
    char text[4096];
    size_t before;

    n = n < sizeof text - 1 ? n : sizeof text - 1;
    memcpy(text, p, n);
    text[n] = '\0';
    before = strlen(text);
    cs_redact_clear();
    cs_redact_init(key);
    if (!cs_redact_add(CS_SPAN(secret, sizeof secret - 1))) {
        abort();
    }
    (void)cs_redact_refusal(text);
    if (strlen(text) != before || strstr(text, secret) != NULL) {
        abort();
    }
}

static void levels(const char *p, size_t n)
{
    struct cs_log_levels l;
    struct cs_why why;
    char text[256];

    n = n < sizeof text - 1 ? n : sizeof text - 1;
    memcpy(text, p, n);
    text[n] = '\0';
    if (cs_log_levels_parse(&l, text, &why) == CS_OK &&
        (l.least[CS_LOG_M_net] < CS_LOG_TRACE ||
         l.least[CS_LOG_M_net] > CS_LOG_ERROR)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = size != 0 ? (const char *)data : "";

    probe(p, size);
    mask(p, size);
    levels(p, size);
    return 0;
}
