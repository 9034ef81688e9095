/* OAuth2 client credentials: secret in, short-lived access token out.  Tokens are 256
 * random bits, kept as digests in memory only: a restart ends them all. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "platform/core/api.h"
#include "platform/core/credential_life.h"
#include "platform/core/feed.h"
#include "platform/core/ip_rule.h"

#define TOO_MANY "too many requests for tokens: wait a while"

enum { ADDRESS_BURST = 60, ADDRESS_PER_S = 10, WRONG_BURST = 10, WRONG_PER_S = 1 };

struct token {
    struct cs_pc_node node; /* digest of the token */
    uint8_t credential[CS_PC_ID];
    uint64_t expires_ms; /* monotonic */
    uint64_t made;       /* order, to drop the oldest */
};

static struct token *token_of(struct cs_pc_node *node)
{
    return (struct token *)(void *)node;
}

/* ---- dropping -------------------------------------------------------------------- */

struct sweep {
    struct cs_platform_core *core;
    const uint8_t *credential; /* count these, and find their oldest */
    bool revoke;
    size_t n;
    struct token *oldest;
};

static void drop(struct cs_platform_core *core, struct token *t)
{
    cs_pc_map_del(&core->tokens, &t->node);
    cs_free_wiped(t, sizeof *t);
}

static void sweep_one(void *ctx, struct cs_pc_node *node)
{
    struct sweep *s = ctx;
    struct token *t = token_of(node);
    bool own = memcmp(t->credential, s->credential, CS_PC_ID) == 0;

    if (t->expires_ms <= s->core->now_ms || (own && s->revoke)) {
        drop(s->core, t);
        return;
    }
    if (own) {
        s->n++;
        s->oldest = s->oldest == NULL || t->made < s->oldest->made ? t : s->oldest;
    }
}

void cs_token_revoke(struct cs_platform_core *core, const uint8_t credential[CS_PC_ID])
{
    struct sweep s = {.core = core, .credential = credential, .revoke = true};

    cs_pc_map_each(&core->tokens, sweep_one, &s);
    cs_feed_recheck(core);
}

static bool make_room(struct cs_platform_core *core, const uint8_t credential[CS_PC_ID])
{
    struct sweep s = {.core = core, .credential = credential};

    cs_pc_map_each(&core->tokens, sweep_one, &s);
    if (s.n >= CS_PC_TOKENS_CREDENTIAL) {
        drop(core, s.oldest);
    }
    return core->tokens.n < CS_PC_TOKENS_MAX;
}

static void free_one(void *ctx, struct cs_pc_node *node)
{
    (void)ctx;
    cs_free_wiped(token_of(node), sizeof(struct token));
}

void cs_token_free_all(struct cs_platform_core *core)
{
    cs_pc_map_each(&core->tokens, free_one, NULL);
    cs_pc_map_free(&core->tokens);
}

/* ---- using ------------------------------------------------------------- */

void cs_token_digest(uint8_t d[32], const char *authorization)
{
    cs_pc_digest(d, "token", CS_SPAN(authorization + 7, 64), CS_SPAN(NULL, 0));
}

json_t *cs_token_credential(struct cs_platform_core *core, const char *authorization)
{
    uint8_t d[32];

    if (strncasecmp(authorization, "Bearer ", 7) != 0 ||
        strlen(authorization) != 7 + 64) {
        return NULL;
    }
    cs_token_digest(d, authorization);
    return cs_token_again(core, d);
}

json_t *cs_token_again(struct cs_platform_core *core, const uint8_t d[32])
{
    struct token *t;
    json_t *rec;

    t = token_of(cs_pc_map_get(&core->tokens, d, 32));
    if (t == NULL || t->expires_ms <= core->now_ms) {
        return NULL;
    }
    rec = cs_pc_get(core, CS_PC_CREDENTIAL, t->credential);
    if (rec == NULL || cs_js_true(rec, "_deleted") || !cs_js_true(rec, "active") ||
        cs_credential_is_over(core, rec)) {
        json_decref(rec);
        return NULL;
    }
    return rec;
}

/* ---- giving ------------------------------------------------------------ */

/* The credential behind id and secret; the same refusal whatever is wrong.  Wrong ones
 * are limited by client id, a right one never is: a stranger who knows the id cannot
 * lock its owner out, and 256 bits cannot be guessed. */
static json_t *exchange(struct cs_api *a, const char *client_id, const char *secret)
{
    uint8_t id[CS_PC_ID] = {0}, want[32] = {0}, got[32];
    json_t *rec = cs_pc_unique_get(a->core, CS_UNIQUE_CLIENT, client_id, id)
                      ? cs_pc_get(a->core, CS_PC_CREDENTIAL, id)
                      : NULL;
    bool ok = rec != NULL && cs_js_bytes(rec, "_hash", want, sizeof want);

    cs_pc_digest(got, "secret", CS_SPAN(client_id, strlen(client_id)),
                 CS_SPAN(secret, strlen(secret)));
    ok = cs_ct_equal(want, got, sizeof want) && ok;
    cs_wipe(got, sizeof got);
    if (!ok || cs_js_true(rec, "_deleted")) {
        json_decref(rec);
        if (!cs_api_take_from(a->core, "wrong-secret", client_id, WRONG_BURST,
                              WRONG_PER_S)) {
            return cs_api_fail(a, CS_API_LIMIT, "clientSecret", TOO_MANY);
        }
        (void)cs_api_fail(a, CS_API_UNAUTHENTICATED, "clientSecret",
                          "clientId or clientSecret is wrong");
        return NULL;
    }
    if (cs_credential_is_over(a->core, rec)) {
        json_decref(rec);
        return cs_api_fail(a, CS_API_DENIED, "clientId",
                           "this credential has expired: make a new one");
    }
    if (!cs_js_true(rec, "active") ||
        !cs_ip_allowed(json_object_get(rec, "allowedIps"), a->http->remote)) {
        json_decref(rec);
        (void)cs_api_fail(
            a, CS_API_DENIED, "clientId",
            "this credential is disabled or not allowed from this address");
        return NULL;
    }
    return rec;
}

static void issue(struct cs_api *a, const json_t *credential)
{
    struct token *t = cs_alloc(sizeof *t);
    uint8_t raw[32], d[32];

    CS_ASSERT(t != NULL && cs_js_id(credential, "id", t->credential));
    cs_pc_random(a->core, raw, sizeof raw);
    (void)cs_hex(a->secret, raw, sizeof raw);
    cs_wipe(raw, sizeof raw);
    a->secret_name = "accessToken";
    cs_pc_digest(d, "token", CS_SPAN(a->secret, 64), CS_SPAN(NULL, 0));
    t->expires_ms = a->core->now_ms + (uint64_t)a->core->cfg.limits.token_s * 1000;
    t->made = ++a->core->turn;
    cs_pc_map_put(&a->core->tokens, &t->node, d, sizeof d);
}

static json_t *answer(const struct cs_api *a, const json_t *credential)
{
    const json_t *words = json_object_get(credential, "permissions");
    json_t *o = cs_js_obj();
    struct cs_wr scope = {0};

    for (size_t i = 0; i < json_array_size(words); i++) {
        cs_wr_printf(&scope, "%s%s", i == 0 ? "" : " ",
                     json_string_value(json_array_get(words, i)));
    }
    cs_wr_u8(&scope, 0);
    CS_ASSERT(scope.err == CS_OK);
    cs_js_str(o, "scope", (const char *)scope.p);
    cs_js_int(o, "expiresIn", a->core->cfg.limits.token_s);
    cs_js_str(o, "tokenType", "Bearer");
    cs_wr_free(&scope);
    return o;
}

json_t *cs_api_token(struct cs_api *a)
{
    const char *client_id = cs_jr_str(&a->in, "clientId", 64, false);
    const char *secret = cs_jr_str(&a->in, "clientSecret", 128, false);
    uint8_t id[CS_PC_ID];
    json_t *rec, *o = NULL;

    if (cs_api_bad_body(a)) {
        return NULL;
    }
    if (!cs_api_take_from(a->core, "token", a->http->remote, ADDRESS_BURST,
                          ADDRESS_PER_S)) {
        return cs_api_fail(a, CS_API_LIMIT, "", TOO_MANY);
    }
    rec = exchange(a, client_id, secret);
    if (rec == NULL) {
        return NULL;
    }
    CS_ASSERT(cs_js_id(rec, "id", id));
    if (make_room(a->core, id)) {
        issue(a, rec);
        o = answer(a, rec);
    } else {
        (void)cs_api_fail(a, CS_API_LIMIT, "", "too many access tokens are live: wait");
    }
    json_decref(rec);
    return o;
}
