#include "node/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "kms/arn.h"
#include "node/observe.h"
#include "wire/jsonx.h"

enum { RECORDS_AT_ONCE = 4096 };

void cs_node_doctor_facts(const cs_node *n, struct cs_wr *w)
{
    cs_node_facts(n, w);
}

enum cs_err cs_node_doctor_pairing(struct cs_wr *w, const char *pairing_key,
                                   struct cs_why *why)
{
    struct cs_pairing_key k;
    enum cs_err err = cs_pairing_key_parse(&k, pairing_key, why);
    json_t *o;

    if (err == CS_OK) {
        o = json_pack("{s:b,s:s,s:s,s:o}", "ok", 1, "platformUrl", k.platform_url,
                      "relayUrl", k.relay_url, "ca", cs_json_hex(k.ca, k.ca_len));
        cs_json_write(w, o);
        json_decref(o);
        err = w->err;
    }
    cs_pairing_key_wipe(&k);
    return err;
}

static const char *value_of(const char *const *env, const char *name)
{
    size_t n = strlen(name);

    for (; env != NULL && *env != NULL; env++) {
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') {
            return *env + n + 1;
        }
    }
    return NULL;
}

enum cs_err cs_node_doctor_kms_url(char *out, size_t cap, const char *ref,
                                   const char *const *aws_env, struct cs_why *why)
{
    struct cs_kms_arn arn;
    struct cs_aws_url url;
    int n;

    CS_CHECK(cs_kms_arn_parse(&arn, ref, "DB_ENCRYPTION_KEY_REF", why));
    CS_CHECK(cs_kms_endpoint(&url, &arn, value_of(aws_env, "AWS_ENDPOINT_URL_KMS"),
                             value_of(aws_env, "AWS_ENDPOINT_URL"), why));
    n = snprintf(out, cap, "%s://%s%s%s:%d%s", url.is_tls ? "https" : "http",
                 url.is_ipv6 ? "[" : "", url.host, url.is_ipv6 ? "]" : "", url.port,
                 url.path);
    return n > 0 && (size_t)n < cap ? CS_OK : CS_ERR_CONFIG;
}

enum cs_err cs_node_doctor_store(cs_node *n, uint64_t *records, struct cs_why *why)
{
    bool done = false;
    enum cs_err err = CS_OK;

    if (n->core == NULL) {
        return CS_ERR_STATE;
    }
    for (bool begin = true; err == CS_OK && !done; begin = false) {
        err = cs_node_core_store_check(n->core, begin, RECORDS_AT_ONCE, records, &done,
                                       why);
    }
    return err;
}
