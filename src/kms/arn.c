#include "kms/arn.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define FORM                                                                           \
    "it must be the full ARN, as arn:aws:kms:eu-west-1:111122223333:key/"              \
    "1234abcd-12ab-34cd-56ef-1234567890ab"

/* Region names begin with one of `regions`; the empty one takes what no other does. */
static const struct partition {
    const char *name, *domain, *regions;
} partitions[] = {
    {"aws-cn", "amazonaws.com.cn", "cn-"},
    {"aws-us-gov", "amazonaws.com", "us-gov-"},
    {"aws-iso-b", "sc2s.sgov.gov", "us-isob-"},
    {"aws-iso-e", "cloud.adc-e.uk", "eu-isoe-"},
    {"aws-iso-f", "csp.hci.ic.gov", "us-isof-"},
    {"aws-iso", "c2s.ic.gov", "us-iso-"},
    {"aws-eusc", "amazonaws.eu", "eusc-"},
    {"aws", "amazonaws.com", ""},
};

static const struct partition *find_partition(const char *name)
{
    for (size_t i = 0; i < CS_COUNTOF(partitions); i++) {
        if (strcmp(partitions[i].name, name) == 0) {
            return &partitions[i];
        }
    }
    return NULL;
}

const char *cs_aws_domain(const char *partition)
{
    const struct partition *p = find_partition(partition);

    return p == NULL ? NULL : p->domain;
}

/* The first row whose prefix fits: the row of "aws" comes last and fits all. */
static bool region_is_of(const struct partition *p, const char *region)
{
    for (size_t i = 0; i < CS_COUNTOF(partitions); i++) {
        if (strncmp(region, partitions[i].regions, strlen(partitions[i].regions)) ==
            0) {
            return &partitions[i] == p;
        }
    }
    return false;
}

/* Small letters and digits, parts joined by '-', a digit last: it becomes a host. */
static bool region_ok(const char *region)
{
    size_t n = strlen(region);

    for (size_t i = 0; i < n; i++) {
        bool is_dash = region[i] == '-';

        if (!islower((unsigned char)region[i]) && !isdigit((unsigned char)region[i]) &&
            !(is_dash && i > 0 && region[i - 1] != '-')) {
            return false;
        }
    }
    return n >= 4 && isdigit((unsigned char)region[n - 1]) &&
           strchr(region, '-') != NULL;
}

static bool account_ok(const char *account)
{
    return strlen(account) == 12 && strspn(account, "0123456789") == 12;
}

/* A UUID, or "mrk-" and 32 hex digits. */
static bool key_id_ok(const char *id)
{
    size_t n = strlen(id);

    if (strncmp(id, "mrk-", 4) == 0) {
        return n == 36 && strspn(id + 4, "0123456789abcdef") == 32;
    }
    for (size_t i = 0; i < n; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (is_dash ? id[i] != '-' : !isxdigit((unsigned char)id[i])) {
            return false;
        }
    }
    return n == 36;
}

static bool alias_ok(const char *alias)
{
    size_t n = strlen(alias);

    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)alias[i]) && strchr("/_-", alias[i]) == NULL) {
            return false;
        }
    }
    return n >= 1 && n <= 250;
}

/* The field up to ':' into out; *p moves behind it.  False: no ':', or too long. */
static bool take(char *out, size_t cap, const char **p)
{
    size_t n = strcspn(*p, ":");

    if ((*p)[n] != ':' || n >= cap) {
        return false;
    }
    memcpy(out, *p, n);
    out[n] = '\0';
    *p += n + 1;
    return true;
}

static enum cs_err refuse(struct cs_why *why, const char *name, const char *what)
{
    return cs_why(why, CS_ERR_CONFIG, "%s: %s; " FORM, name, what);
}

static const char *check_fields(const struct cs_kms_arn *a, const char *service)
{
    const struct partition *p = find_partition(a->partition);

    if (strcmp(service, "kms") != 0) {
        return "is the ARN of another service than kms";
    }
    if (p == NULL) {
        return "names an unknown partition";
    }
    if (!region_ok(a->region) || !region_is_of(p, a->region)) {
        return "names no region of its partition";
    }
    if (!account_ok(a->account)) {
        return "names an account that is not 12 digits";
    }
    return NULL;
}

static const char *check_resource(struct cs_kms_arn *a, const char *resource)
{
    if (strncmp(resource, "alias/", 6) == 0) {
        a->is_alias = true;
        return alias_ok(resource + 6) ? NULL : "has a malformed alias name";
    }
    if (strncmp(resource, "key/", 4) != 0) {
        return "names neither a key nor an alias";
    }
    return key_id_ok(resource + 4) ? NULL
                                   : "has a key id that is neither a UUID nor mrk-...";
}

enum cs_err cs_kms_arn_parse(struct cs_kms_arn *out, const char *text, const char *name,
                             struct cs_why *why)
{
    struct cs_kms_arn a = {.is_alias = false};
    char head[8], service[16];
    const char *p = text, *bad;

    if (text[0] == '\0') {
        return refuse(why, name, "is empty");
    }
    if (strlen(text) >= sizeof a.text) {
        return refuse(why, name, "is too long for an ARN");
    }
    if (strncmp(text, "arn:", 4) != 0) {
        return refuse(why, name, "is no ARN, which begins with arn:");
    }
    if (!take(head, sizeof head, &p) || !take(a.partition, sizeof a.partition, &p) ||
        !take(service, sizeof service, &p) || !take(a.region, sizeof a.region, &p) ||
        !take(a.account, sizeof a.account, &p)) {
        return refuse(why, name, "has too few fields, or one that is too long");
    }
    bad = check_fields(&a, service);
    bad = bad != NULL ? bad : check_resource(&a, p);
    if (bad != NULL) {
        return refuse(why, name, bad);
    }
    memcpy(a.text, text, strlen(text) + 1);
    *out = a;
    return CS_OK;
}

bool cs_kms_arn_same_place(const struct cs_kms_arn *a, const struct cs_kms_arn *b)
{
    return strcmp(a->partition, b->partition) == 0 &&
           strcmp(a->region, b->region) == 0 && strcmp(a->account, b->account) == 0;
}

static enum cs_err own_endpoint(struct cs_aws_url *out, const char *text,
                                const char *name, struct cs_why *why)
{
    CS_CHECK(cs_aws_url_parse(out, text, name, why));
    if (!out->is_tls && !cs_aws_url_is_loopback(out)) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: is http://, and the KMS answers with the store's key; use "
                      "https:// (http only on this machine's own loopback)",
                      name);
    }
    if (strcmp(out->path, "/") != 0) {
        return cs_why(why, CS_ERR_CONFIG,
                      "%s: has a path; a KMS endpoint is https://host[:port]", name);
    }
    return CS_OK;
}

enum cs_err cs_kms_endpoint(struct cs_aws_url *out, const struct cs_kms_arn *arn,
                            const char *url_kms, const char *url_all,
                            struct cs_why *why)
{
    struct cs_aws_url u = {.is_tls = true, .port = 443, .path = "/"};

    if (url_kms != NULL && url_kms[0] != '\0') {
        return own_endpoint(out, url_kms, "AWS_ENDPOINT_URL_KMS", why);
    }
    if (url_all != NULL && url_all[0] != '\0') {
        return own_endpoint(out, url_all, "AWS_ENDPOINT_URL", why);
    }
    (void)snprintf(u.host, sizeof u.host, "kms.%s.%s", arn->region,
                   cs_aws_domain(arn->partition));
    *out = u;
    return CS_OK;
}
