#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "chain/base32.h"
#include "crypto/aead.h"
#include "platform/core/users.h"

enum {
    RECOVERY_RAW = 10, /* 80 bits each: a plain digest is enough */
    RECOVERY_TEXT = 16 + 3 + 1,
    BOX = CS_TOTP_SECRET + CS_AEAD_TAG,
    CODE_DIGITS = 6,
};

/* ---- passwords ------------------------------------------------------------------- */

static size_t characters(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++) {
        n += ((uint8_t)*s & 0xc0U) != 0x80U ? 1 : 0;
    }
    return n;
}

const char *cs_user_new_password(struct cs_api *a, const char *member,
                                 const char *email)
{
    const char *password = cs_jr_str(&a->in, member, CS_PASSWORD_MAX, false);

    if (a->in.err == CS_OK && characters(password) < CS_USER_PASSWORD_MIN) {
        cs_jr_fail(&a->in, member, "must have at least 12 characters");
    }
    if (a->in.err == CS_OK &&
        strcasecmp(password, email) == 0) { /* public: the e-mail */
        cs_jr_fail(&a->in, member, "must not be the e-mail address");
    }
    return password;
}

void cs_pw_params_new(struct cs_platform_core *core, struct cs_pw_params *out)
{
    cs_pc_random(core, out->salt, sizeof out->salt);
    out->ops = core->pw_ops;
    out->kib = core->pw_kib;
}

void cs_pw_params_of(struct cs_platform_core *core, const json_t *user,
                     const char *email, struct cs_pw_params *out)
{
    const json_t *p = json_object_get(user, "_password");
    uint8_t d[32];

    if (p != NULL && cs_js_bytes(p, "salt", out->salt, sizeof out->salt)) {
        out->ops = (uint32_t)cs_js_num(p, "ops");
        out->kib = (uint32_t)cs_js_num(p, "kib");
        return;
    }
    cs_pc_digest(d, "no-password", CS_SPAN_OF(core->bucket_salt),
                 CS_SPAN(email, strlen(email)));
    memcpy(out->salt, d, sizeof out->salt);
    out->ops = core->pw_ops;
    out->kib = core->pw_kib;
}

bool cs_pw_matches(const json_t *user, const struct cs_later *l)
{
    const json_t *p = json_object_get(user, "_password");
    uint8_t salt[CS_PASSWORD_SALT] = {0}, want[32] = {0};
    bool has = p != NULL && cs_js_bytes(p, "salt", salt, sizeof salt) &&
               cs_js_bytes(p, "hash", want, sizeof want);
    bool ok = cs_ct_equal(want, l->key, sizeof want);

    ok = cs_ct_equal(salt, l->params.salt, sizeof salt) && ok;
    cs_wipe(want, sizeof want);
    return ok && has;
}

bool cs_pw_is_weak(const struct cs_platform_core *core, const json_t *user)
{
    const json_t *p = json_object_get(user, "_password");

    return p != NULL && (cs_js_num(p, "ops") < (int64_t)core->pw_ops ||
                         cs_js_num(p, "kib") < (int64_t)core->pw_kib);
}

void cs_pw_put(json_t *o, const struct cs_later *l)
{
    json_t *p = cs_js_obj();

    cs_js_hex(p, "salt", l->params.salt, sizeof l->params.salt);
    cs_js_hex(p, "hash", l->key, 32);
    cs_js_int(p, "ops", l->params.ops);
    cs_js_int(p, "kib", l->params.kib);
    cs_js_set(o, "_password", p);
}

/* ---- the TOTP secret, sealed ------------------------------------------- */

static void seal(struct cs_platform_core *core, json_t *o, const char *name,
                 const uint8_t key[32], const char *user_id,
                 const uint8_t secret[CS_TOTP_SECRET])
{
    uint8_t nonce[CS_AEAD_NONCE], box[BOX];
    json_t *t = cs_js_obj();

    cs_pc_random(core, nonce, sizeof nonce);
    cs_chacha_seal(box, key, nonce, CS_SPAN(user_id, strlen(user_id)),
                   CS_SPAN(secret, CS_TOTP_SECRET));
    cs_js_hex(t, "nonce", nonce, sizeof nonce);
    cs_js_hex(t, "box", box, sizeof box);
    cs_js_int(t, "step", 0);
    cs_js_set(o, name, t);
}

static bool unseal(const json_t *o, const char *name, const uint8_t key[32],
                   const char *user_id, uint8_t secret[CS_TOTP_SECRET])
{
    const json_t *t = json_object_get(o, name);
    uint8_t nonce[CS_AEAD_NONCE], box[BOX];

    return t != NULL && cs_js_bytes(t, "nonce", nonce, sizeof nonce) &&
           cs_js_bytes(t, "box", box, sizeof box) &&
           cs_chacha_open(secret, key, nonce, CS_SPAN(user_id, strlen(user_id)),
                          CS_SPAN_OF(box)) == CS_OK;
}

bool cs_user_reseal(struct cs_platform_core *core, json_t *user,
                    const uint8_t from[CS_PASSWORD_OUT],
                    const uint8_t to[CS_PASSWORD_OUT])
{
    const char *id = cs_js_text(user, "id");
    int64_t step = cs_js_num(json_object_get(user, "_totp"), "step");
    uint8_t secret[CS_TOTP_SECRET];
    bool ok = unseal(user, "_totp", from + 32, id, secret);

    if (ok) {
        seal(core, user, "_totp", to + 32, id, secret);
        cs_js_int(json_object_get(user, "_totp"), "step", step);
    }
    cs_wipe(secret, sizeof secret);
    return ok;
}

static void token_key(uint8_t key[32], const char *token)
{
    cs_pc_digest(key, "enrol-key", CS_SPAN(token, strlen(token)), CS_SPAN(NULL, 0));
}

/* ---- shown once -------------------------------------------------------- */

static void say_totp(struct cs_api *a, const char *email,
                     const uint8_t secret[CS_TOTP_SECRET])
{
    char text[CS_TOTP_SECRET * 8 / 5 + 2];

    cs_base32(text, sizeof text, CS_BASE32_UPPER, CS_SPAN(secret, CS_TOTP_SECRET));
    cs_wr_printf(&a->extra,
                 ",\"totp\":{\"secret\":\"%s\",\"otpauthUrl\":\"otpauth://totp/"
                 "CloudSign:",
                 text);
    for (const char *p = email; *p != '\0'; p++) {
        cs_wr_printf(&a->extra, "%%%02X", (unsigned)(uint8_t)*p);
    }
    cs_wr_printf(&a->extra,
                 "?secret=%s&issuer=CloudSign&algorithm=SHA1&digits=6&period=30\"}",
                 text);
    cs_wipe(text, sizeof text);
}

/* Upper case, without the signs between groups. */
static bool recovery_plain(char out[17], const char *code)
{
    size_t n = 0;

    for (; *code != '\0'; code++) {
        char c = *code >= 'a' && *code <= 'z' ? (char)(*code - 'a' + 'A') : *code;

        if (c == '-' || c == ' ') {
            continue;
        }
        if (n == 16) {
            return false;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return n == 16;
}

static void recovery_digest(uint8_t d[32], const char *user_id, const char plain[17])
{
    cs_pc_digest(d, "recovery", CS_SPAN(user_id, strlen(user_id)), CS_SPAN(plain, 16));
}

static void recovery_make(struct cs_api *a, json_t *o, const char *user_id)
{
    json_t *list = cs_js_arr();

    cs_wr_str(&a->extra, ",\"recoveryCodes\":[");
    for (int i = 0; i < CS_USER_RECOVERY; i++) {
        uint8_t raw[RECOVERY_RAW], d[32];
        char text[17], hex[65];

        cs_pc_random(a->core, raw, sizeof raw);
        cs_base32(text, sizeof text, CS_BASE32_UPPER, CS_SPAN_OF(raw));
        recovery_digest(d, user_id, text);
        cs_js_push_text(list, cs_hex(hex, d, sizeof d));
        cs_wr_printf(&a->extra, "%s\"%.4s-%.4s-%.4s-%.4s\"", i == 0 ? "" : ",", text,
                     text + 4, text + 8, text + 12);
        cs_wipe(raw, sizeof raw);
        cs_wipe(text, sizeof text);
    }
    cs_wr_u8(&a->extra, ']');
    cs_js_set(o, "_recovery", list);
}

void cs_user_factors_make(struct cs_api *a, json_t *o, const struct cs_later *l,
                          const char *user_id, const char *email, const char *token)
{
    uint8_t secret[CS_TOTP_SECRET], key[32];

    cs_pc_random(a->core, secret, sizeof secret);
    seal(a->core, o, "_totp", l->key + 32, user_id, secret);
    if (token != NULL) {
        token_key(key, token);
        seal(a->core, o, "_byToken", key, user_id, secret);
        cs_wipe(key, sizeof key);
    }
    say_totp(a, email, secret);
    recovery_make(a, o, user_id);
    CS_ASSERT(a->extra.err == CS_OK);
    cs_wipe(secret, sizeof secret);
}

/* ---- codes ------------------------------------------------------------- */

static bool six_digits(const char *code, uint32_t *out)
{
    *out = 0;
    if (strlen(code) != CODE_DIGITS || strspn(code, "0123456789") != CODE_DIGITS) {
        return false;
    }
    for (; *code != '\0'; code++) {
        *out = 10 * *out + (uint32_t)(*code - '0');
    }
    return true;
}

/* Right and new: "_totp" of o remembers its step. */
static bool totp_ok(struct cs_platform_core *core, json_t *o, uint32_t code,
                    const uint8_t secret[CS_TOTP_SECRET])
{
    json_t *t = json_object_get(o, "_totp");
    uint64_t step;
    bool ok = cs_totp_check(&step, CS_SPAN(secret, CS_TOTP_SECRET), code,
                            (uint64_t)core->wall_ms / 1000,
                            (uint64_t)cs_js_num(t, "step"));

    if (ok) {
        cs_js_int(t, "step", (int64_t)step);
    }
    return ok;
}

/* Each is good once: it leaves the list. */
static bool recovery_ok(json_t *user, const char *code)
{
    json_t *list = json_object_get(user, "_recovery");
    uint8_t d[32], have[32];
    char plain[17];

    if (!recovery_plain(plain, code)) {
        return false;
    }
    recovery_digest(d, cs_js_text(user, "id"), plain);
    cs_wipe(plain, sizeof plain);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *hex = json_string_value(json_array_get(list, i));

        if (hex != NULL && cs_unhex(have, sizeof have, hex) == CS_OK &&
            cs_ct_equal(have, d, sizeof d)) {
            return json_array_remove(list, i) == 0;
        }
    }
    return false;
}

bool cs_user_code_ok(struct cs_platform_core *core, json_t *user, const char *code,
                     const uint8_t key[CS_PASSWORD_OUT])
{
    uint8_t secret[CS_TOTP_SECRET];
    uint32_t v;
    bool ok;

    if (!six_digits(code, &v)) {
        return recovery_ok(user, code);
    }
    ok = unseal(user, "_totp", key + 32, cs_js_text(user, "id"), secret) &&
         totp_ok(core, user, v, secret);
    cs_wipe(secret, sizeof secret);
    return ok;
}

void cs_user_factor_lend(struct cs_platform_core *core, const json_t *user,
                         const uint8_t from[CS_PASSWORD_OUT], json_t *session,
                         const uint8_t to[32])
{
    uint8_t secret[CS_TOTP_SECRET];

    if (unseal(user, "_totp", from + 32, cs_js_text(user, "id"), secret)) {
        seal(core, session, "_lent", to, cs_js_text(session, "id"), secret);
    }
    cs_wipe(secret, sizeof secret);
}

bool cs_user_factor_is_lent(const json_t *session)
{
    return json_object_get(session, "_lent") != NULL;
}

void cs_user_factor_move(struct cs_platform_core *core, json_t *session,
                         const uint8_t from[32], const uint8_t to[32])
{
    uint8_t secret[CS_TOTP_SECRET];
    const char *id = cs_js_text(session, "id");

    if (unseal(session, "_lent", from, id, secret)) {
        seal(core, session, "_lent", to, id, secret);
    } else {
        cs_js_del(session, "_lent");
    }
    cs_wipe(secret, sizeof secret);
}

bool cs_user_lent_code_ok(struct cs_platform_core *core, json_t *user,
                          const json_t *session, const char *code,
                          const uint8_t key[32])
{
    uint8_t secret[CS_TOTP_SECRET];
    uint32_t v;
    bool ok;

    if (!six_digits(code, &v)) {
        return recovery_ok(user, code);
    }
    ok = unseal(session, "_lent", key, cs_js_text(session, "id"), secret) &&
         totp_ok(core, user, v, secret);
    cs_wipe(secret, sizeof secret);
    return ok;
}

bool cs_user_first_code_ok(struct cs_platform_core *core, json_t *pending,
                           const char *user_id, const char *code, const char *token)
{
    uint8_t secret[CS_TOTP_SECRET], key[32];
    uint32_t v;
    bool ok;

    token_key(key, token);
    ok = six_digits(code, &v) && unseal(pending, "_byToken", key, user_id, secret) &&
         totp_ok(core, pending, v, secret);
    cs_wipe(key, sizeof key);
    cs_wipe(secret, sizeof secret);
    return ok;
}

void cs_user_code_dummy(struct cs_platform_core *core)
{
    uint8_t secret[CS_TOTP_SECRET] = {0};
    json_t *o = cs_js_obj();

    cs_js_set(o, "_totp", cs_js_obj());
    (void)totp_ok(core, o, CS_TOTP_MODULUS, secret); /* no code has seven digits */
    json_decref(o);
}
