#include "node/core/pairing_key.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "wire/jsonx.h"

bool cs_pairing_url_ok(const char *url)
{
    static const char bad[] = " \t\r\n#@\\\"<>";
    const char *host;

    if (strncmp(url, "wss://", 6) == 0) {
        host = url + 6;
    } else if (strncmp(url, "ws://", 5) == 0) {
        host = url + 5;
    } else {
        return false;
    }
    return *host != '\0' && *host != '/' && *host != ':' && strpbrk(url, bad) == NULL;
}

static void read_url(struct cs_jr *r, const char *name, char *out)
{
    const char *s = cs_jr_str(r, name, CS_PAIRING_URL_MAX - 1, false);

    if (r->err == CS_OK && !cs_pairing_url_ok(s)) {
        cs_jr_fail(r, name, "is not a wss:// URL");
        return;
    }
    (void)snprintf(out, CS_PAIRING_URL_MAX, "%s", s);
}

/* Base64 member of 1..max bytes (exactly max when `exact`). */
static size_t read_b64(struct cs_jr *r, const char *name, uint8_t *out, size_t max,
                       bool exact)
{
    const char *s = cs_jr_str(r, name, 2 * max + 8, false);
    struct cs_wr w = {0};
    size_t n = 0;

    if (r->err == CS_OK) {
        if (cs_unb64(&w, s, strlen(s)) != CS_OK || w.n == 0 || w.n > max ||
            (exact && w.n != max)) {
            cs_jr_fail(r, name, "is not base64 of the right length");
        } else {
            n = w.n;
            memcpy(out, w.p, n);
        }
    }
    cs_wr_free(&w);
    return n;
}

static void read_key(struct cs_jr *r, struct cs_pairing_key *k)
{
    cs_jr_uuid(r, "deviceId", k->device_raw);
    (void)cs_jr_int(r, "v", 1, 1);
    read_url(r, "platformUrl", k->platform_url);
    read_url(r, "relayUrl", k->relay_url);
    k->ca_len = read_b64(r, "ca", k->ca, sizeof k->ca, false);
    (void)read_b64(r, "seed", k->seed, sizeof k->seed, true);
    (void)cs_uuid_text(k->device_id, k->device_raw);
}

static const char remedy[] =
    "copy the whole key from the device's page in the console, "
    "or issue a new one there";

enum cs_err cs_pairing_key_parse(struct cs_pairing_key *out, const char *text,
                                 struct cs_why *why)
{
    struct cs_wr json = {.max = 2 * CS_PAIRING_TEXT_MAX};
    const char *sentence = "";
    size_t n = strlen(text);
    json_t *j = NULL;
    struct cs_jr r;
    enum cs_err err;

    memset(out, 0, sizeof *out);
    if (n == 0 || n > CS_PAIRING_TEXT_MAX || cs_unb64(&json, text, n) != CS_OK) {
        err = cs_why(why, CS_ERR_PAIRING_KEY, "PAIRING_KEY is not base64 text: %s",
                     remedy);
        goto out;
    }
    if (cs_json_parse(&j, cs_wr_get(&json), CS_PAIRING_TEXT_MAX, &sentence) != CS_OK) {
        err = cs_why(why, CS_ERR_PAIRING_KEY, "PAIRING_KEY: %s; %s", sentence, remedy);
        goto out;
    }
    r = CS_JR(j);
    read_key(&r, out);
    err = r.err == CS_OK ? CS_OK
                         : cs_why(why, CS_ERR_PAIRING_KEY, "PAIRING_KEY: %s %s; %s",
                                  r.field, r.why, remedy);
out:
    json_decref(j);
    cs_wr_free(&json);
    if (err != CS_OK) {
        cs_pairing_key_wipe(out);
    }
    return err;
}

void cs_pairing_key_wipe(struct cs_pairing_key *k)
{
    cs_wipe(k, sizeof *k);
}
