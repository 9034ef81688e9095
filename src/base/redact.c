#include "base/redact.h"

#include <sodium.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum {
    LOOKS_MIN = 40, /* base64 of JSON: shorter is no key */
    HEX_MIN = 32,
};

struct form {
    size_t len;
    bool any_case; /* hex: the hash is of lower case */
    uint8_t hash[crypto_shorthash_BYTES];
};

static struct form the_forms[CS_REDACT_MAX];
static size_t the_n;
static size_t the_shortest = SIZE_MAX;
static uint8_t the_key[crypto_shorthash_KEYBYTES];

void cs_redact_init(const uint8_t key[16])
{
    memcpy(the_key, key, sizeof the_key);
}

void cs_redact_clear(void)
{
    cs_wipe(the_forms, sizeof the_forms);
    the_n = 0;
    the_shortest = SIZE_MAX;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* ---- registering
 * --------------------------------------------------------------------------- */

static bool known(const struct form *f)
{
    for (size_t i = 0; i < the_n; i++) {
        if (the_forms[i].len == f->len && the_forms[i].any_case == f->any_case &&
            memcmp(the_forms[i].hash, f->hash, sizeof f->hash) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_form(struct cs_span text, bool any_case)
{
    struct form f = {.len = text.n, .any_case = any_case};

    if (text.n < CS_REDACT_MIN) {
        return true; /* a short form of a long secret: nothing to look for */
    }
    (void)crypto_shorthash(f.hash, text.p, text.n, the_key);
    if (known(&f)) {
        return true;
    }
    if (the_n == CS_REDACT_MAX) {
        return false;
    }
    the_forms[the_n++] = f;
    the_shortest = text.n < the_shortest ? text.n : the_shortest;
    return true;
}

static bool is_text(struct cs_span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

static void to_url_alphabet(struct cs_wr *w)
{
    for (size_t i = 0; i < w->n; i++) {
        w->p[i] = w->p[i] == '+'   ? (uint8_t)'-'
                  : w->p[i] == '/' ? (uint8_t)'_'
                                   : w->p[i];
    }
}

/* Base64 of something that has the secret behind skip bytes (modulo 3): the characters
 * that depend on the secret alone. */
static bool add_b64(struct cs_span s, size_t skip)
{
    static const uint8_t zeros[2];
    struct cs_wr in = {0}, out = {0};
    size_t from = skip == 0 ? 0 : skip + 1, to = (skip + s.n) * 8 / 6;
    bool ok;

    cs_wr_bytes(&in, zeros, skip);
    cs_wr_span(&in, s);
    cs_wr_b64(&out, cs_wr_get(&in));
    ok = out.err == CS_OK && to > from && to <= out.n &&
         add_form(CS_SPAN(out.p + from, to - from), false);
    if (ok) {
        to_url_alphabet(&out);
        ok = add_form(CS_SPAN(out.p + from, to - from), false);
    }
    cs_wr_free(&in);
    cs_wr_free(&out);
    return ok;
}

static bool add_percent(struct cs_span s)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    struct cs_wr w = {0};
    bool ok;

    for (size_t i = 0; i < s.n; i++) {
        if (strchr(plain, s.p[i]) != NULL) {
            cs_wr_u8(&w, s.p[i]);
        } else {
            cs_wr_printf(&w, "%%%02X", s.p[i]);
        }
    }
    ok = w.err == CS_OK && add_form(cs_wr_get(&w), false);
    cs_wr_free(&w);
    return ok;
}

static bool add_hex(struct cs_span s)
{
    struct cs_wr w = {0};
    bool ok;

    cs_wr_hex(&w, s);
    ok = w.err == CS_OK && add_form(cs_wr_get(&w), true);
    cs_wr_free(&w);
    return ok;
}

/* What no secret of one word has in it. */
static bool ends_run(char c)
{
    return (unsigned char)c <= 0x20 || c == '"' || c == '\'' || c == '\\';
}

/* Of "Bearer TOKEN" each word, as lines are looked at by words. */
static bool add_words(struct cs_span s)
{
    bool ok = true;

    for (size_t at = 0; at < s.n;) {
        size_t n = 0;

        while (at + n < s.n && !ends_run((char)s.p[at + n])) {
            n++;
        }
        ok = add_form(CS_SPAN(s.p + at, n), false) && ok;
        at += n + 1;
    }
    return ok;
}

/* All forms of these bytes. */
static bool add_bytes(struct cs_span s)
{
    bool ok = add_hex(s);

    for (size_t skip = 0; skip < 3; skip++) {
        ok = add_b64(s, skip) && ok;
    }
    if (is_text(s)) {
        ok = add_words(s) && ok;
        ok = add_percent(s) && ok;
    }
    return ok;
}

bool cs_redact_add(struct cs_span secret)
{
    struct cs_wr raw = {0};
    bool ok;

    if (secret.n < CS_REDACT_MIN || secret.n > CS_REDACT_TEXT) {
        return false;
    }
    ok = add_bytes(secret);
    if (cs_unhex_wr(&raw, (const char *)secret.p, secret.n) == CS_OK &&
        raw.n >= CS_REDACT_MIN) { /* hex text: also the bytes that it stands for */
        ok = add_bytes(cs_wr_get(&raw)) && ok;
    }
    cs_wr_free(&raw);
    return ok;
}

/* ---- masking
 * ------------------------------------------------------------------------------- */

/* len <= the run's; lower_run is the run in lower case. */
static size_t match(const struct form *f, const char *run, const char *lower_run,
                    size_t n)
{
    const char *text = f->any_case ? lower_run : run;
    uint8_t hash[crypto_shorthash_BYTES];

    for (size_t at = 0; at + f->len <= n; at++) {
        (void)crypto_shorthash(hash, (const uint8_t *)text + at, f->len, the_key);
        if (memcmp(hash, f->hash, sizeof hash) == 0) {
            return at;
        }
    }
    return n;
}

/* Every occurrence of every form in one run of characters; runs longer than the buffer
 * are looked at in overlapping pieces by the caller. */
static bool mask_known(char *run, size_t n)
{
    char low[1024];
    bool hit = false;

    for (size_t i = 0; i < n; i++) {
        low[i] = lower(run[i]);
    }
    for (size_t i = 0; i < the_n; i++) {
        size_t at = n;

        while (the_forms[i].len <= n && (at = match(&the_forms[i], run, low, n)) < n) {
            memset(run + at, '*', the_forms[i].len);
            memset(low + at, '*', the_forms[i].len);
            hit = true;
        }
    }
    return hit;
}

static bool is_b64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("+/-_=.", c) != NULL);
}

/* eyJ is base64 of {" : a pairing key, a signed token. */
static bool mask_json64(char *text)
{
    bool hit = false;

    for (char *p = strstr(text, "eyJ"); p != NULL; p = strstr(p, "eyJ")) {
        size_t n = 0;

        while (is_b64(p[n])) {
            n++;
        }
        if (n >= LOOKS_MIN) {
            memset(p + 3, '*', n - 3);
            hit = true;
        }
        p += n;
    }
    return hit;
}

static bool mask_pem(char *text)
{
    char *begin = strstr(text, "-----BEGIN ");

    if (begin == NULL || strstr(begin, "PRIVATE KEY") == NULL) {
        return false;
    }
    memset(begin, '*', strlen(begin));
    return true;
}

/* Pieces of a long run overlap by the longest form that fits in one. */
static bool mask_run(char *run, size_t n)
{
    enum { PIECE = 1024, STEP = 512 };
    bool hit = false;

    for (size_t at = 0; at < n; at += STEP) {
        size_t piece = n - at < PIECE ? n - at : PIECE;

        hit = mask_known(run + at, piece) || hit;
        if (piece < PIECE) {
            break;
        }
    }
    return hit;
}

bool cs_redact(char *text)
{
    bool hit = mask_pem(text);

    hit = mask_json64(text) || hit;
    for (char *p = text; *p != '\0' && the_n != 0;) {
        size_t n = 0;

        while (p[n] != '\0' && !ends_run(p[n])) {
            n++;
        }
        if (n >= the_shortest) {
            hit = mask_run(p, n) || hit;
        }
        p += n + (p[n] != '\0');
    }
    return hit;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'f');
}

bool cs_redact_refusal(char *text)
{
    bool hit = cs_redact(text);

    for (char *p = text; *p != '\0';) {
        size_t n = 0;

        while (is_hex(p[n])) {
            n++;
        }
        if (n >= HEX_MIN) {
            memset(p, '*', n);
            hit = true;
        }
        p += n != 0 ? n : 1;
    }
    return hit;
}
