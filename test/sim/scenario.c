/* The seed's walk-through under faults, then a quiet end in which everything must work.
 */
#include "sim/world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { MAX_TX = 6, MAX_PAYLOAD = 2048, MAX_SIGS = 600 };

struct tx {
    char id[40];
    char kind[16];
    char payload[MAX_PAYLOAD];
    bool is_final;
    char signatures[MAX_SIGS]; /* hex, separated by blanks */
};

struct story {
    struct world *w;
    const struct flavor *flavor;
    char client[128], secret[128], token[128];
    char device[SIM_NODES][40];
    char quorum[40], vault[40], wallet[40];
    char public_key[80], address[64];
    struct tx tx[MAX_TX];
    size_t n_tx;
    unsigned keys; /* idempotency keys used */
};

/* ---- the API, with retries: an answer that was lost is asked for again
 * --------------------- */

static void login(struct story *s);

static json_t *call(struct story *s, const char *method, const char *path,
                    const char *body, int *status)
{
    char key[64];
    json_t *o;

    (void)snprintf(key, sizeof key, "sim-%u", ++s->keys); /* the same for all tries */
    for (int i = 0; i < 200 && s->w->violation[0] == '\0'; i++) {
        *status = http(s->w, method, path, s->token[0] == '\0' ? NULL : s->token,
                       strcmp(method, "POST") == 0 ? key : NULL, body);
        if (*status == 401 && s->token[0] != '\0') {
            login(s); /* tokens end with the platform's life */
        } else if (*status != 0 && *status < 500 && *status != 429) {
            break;
        }
        world_run(s->w, s->w->now + 500);
    }
    o = s->w->http_body == NULL ? NULL : json_loads(s->w->http_body, 0, NULL);
    return o == NULL ? json_object() : o;
}

static void copy(char *out, size_t size, const json_t *o, const char *name)
{
    const char *v = json_string_value(json_object_get(o, name));

    (void)snprintf(out, size, "%s", v == NULL ? "" : v);
}

/* A call that must succeed; its answer. */
static json_t *must(struct story *s, const char *method, const char *path,
                    const char *body)
{
    int status = 0;
    json_t *o = call(s, method, path, body, &status);

    if (status < 200 || status > 299) {
        violate(s->w, "%s %s answers %d: %.200s", method, path, status,
                s->w->http_body == NULL ? "" : s->w->http_body);
    }
    return o;
}

static void login(struct story *s)
{
    char body[400];
    json_t *o;

    (void)snprintf(body, sizeof body, "{\"clientId\":\"%s\",\"clientSecret\":\"%s\"}",
                   s->client, s->secret);
    s->token[0] = '\0';
    o = must(s, "POST", "/v2/credentials/oauth/token", body);
    copy(s->token, sizeof s->token, o, "accessToken");
    json_decref(o);
}

/* ---- faults while the story goes on
 * ------------------------------------------------------------ */

static void restart(struct world *w, void *ctx, uint64_t index, uint64_t ignored)
{
    (void)ctx;
    (void)ignored;
    if (!w->is_over && !w->actors[index].is_alive && w->actors[index].started) {
        actor_start(w, (int)index);
    }
}

/* Whoever has ended (crash, failed commit) is started again a while later. */
static void nurse(struct world *w, void *ctx, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    if (w->is_over) {
        return;
    }
    for (int i = 0; i < SIM_ACTORS; i++) {
        if (!w->actors[i].is_alive && w->actors[i].started) {
            world_at(w, w->now + (w->is_quiet ? 0 : rng_below(&w->rng, 8000)), restart,
                     NULL, (uint64_t)i, 0);
        }
    }
    world_at(w, w->now + 1000, nurse, ctx, 0, 0);
}

static void crash(struct world *w, void *ctx, uint64_t a, uint64_t b)
{
    uint64_t mean = w->faults.crash_every_ms;

    (void)a;
    (void)b;
    if (!w->is_quiet && !w->is_over) {
        actor_crash(w, rng_below(&w->rng, 100) < w->faults.platform_crashes
                           ? SIM_PLATFORM
                           : (int)rng_below(&w->rng, SIM_NODES));
        world_at(w, w->now + rng_below(&w->rng, 2 * mean), crash, ctx, 0, 0);
    }
}

static void begin_faults(struct world *w)
{
    w->is_quiet = false;
    if (w->faults.crash_every_ms != 0) {
        world_at(w, w->now + rng_below(&w->rng, w->faults.crash_every_ms), crash, NULL,
                 0, 0);
    }
}

/* ---- steps ----------------------------------------------------------------------- */

static void set_up(struct story *s)
{
    char body[400];
    json_t *o, *c;

    actor_start(s->w, SIM_PLATFORM);
    world_run(s->w, s->w->now + 100);
    (void)snprintf(
        body, sizeof body,
        "{\"setupToken\":\"%s\",\"organizationName\":\"Sim\",\"firstName\":\"Ada\","
        "\"lastName\":\"L\",\"email\":\"ada@example.com\"}",
        s->w->setup_token);
    o = must(s, "POST", "/v2/setup", body);
    c = json_object_get(o, "credential");
    copy(s->client, sizeof s->client, c, "clientId");
    copy(s->secret, sizeof s->secret, c, "clientSecret");
    json_decref(o);
    login(s);
}

static void add_device(struct story *s, int i)
{
    char body[128], path[128];
    json_t *o;

    (void)snprintf(body, sizeof body,
                   "{\"displayName\":\"node %d\",\"deviceType\":\"CLOUD\"}", i + 1);
    o = must(s, "POST", "/v2/devices", body);
    copy(s->device[i], sizeof s->device[i], o, "id");
    json_decref(o);
    (void)snprintf(path, sizeof path, "/v2/devices/%s/pairing-credentials",
                   s->device[i]);
    o = must(s, "GET", path, NULL);
    copy(s->w->actors[i].pairing, sizeof s->w->actors[i].pairing, o, "pairingKey");
    json_decref(o);
    actor_start(s->w, i);
}

/* Polls an object until `name` has one of the values; false when time is over. */
static bool wait_for(struct story *s, const char *path, const char *name,
                     const char *want, const char *or_want, uint64_t ms, char *got,
                     size_t got_size)
{
    uint64_t until = s->w->now + ms;

    while (s->w->now < until && s->w->violation[0] == '\0') {
        json_t *o = must(s, "GET", path, NULL);

        copy(got, got_size, o, name);
        json_decref(o);
        if (strcmp(got, want) == 0 || (or_want != NULL && strcmp(got, or_want) == 0)) {
            return true;
        }
        world_run(s->w, s->w->now + 700);
    }
    return false;
}

static void approve(struct story *s, int i)
{
    char path[128], got[64] = "";

    (void)snprintf(path, sizeof path, "/v2/devices/%s", s->device[i]);
    if (!wait_for(s, path, "statusText", "Waiting for approval", "Paired", 600000, got,
                  64)) {
        violate(s->w, "device %d is \"%s\", not waiting for approval", i, got);
        return;
    }
    (void)snprintf(path, sizeof path, "/v2/devices/%s/approval-status", s->device[i]);
    json_decref(must(s, "PUT", path, "{\"approvalStatus\":\"APPROVED\"}"));
}

/* A quorum may fail under faults (a rejection, an expiry): then another is made. */
static void make_quorum(struct story *s)
{
    char body[400], path[128], got[64] = "";
    json_t *o;

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"Q\",\"deviceIds\":[\"%s\",\"%s\",\"%s\"],"
                   "\"requiredSigners\":2,\"quorumType\":\"QUORUM_TYPE_CLOUD\"}",
                   s->device[0], s->device[1], s->device[2]);
    o = must(s, "POST", "/v2/mpc/quorums", body);
    copy(s->quorum, sizeof s->quorum, o, "id");
    json_decref(o);
    (void)snprintf(path, sizeof path, "/v2/mpc/quorums/%s", s->quorum);
    if (!wait_for(s, path, "state", "QUORUM_STATE_CONFIRMED", NULL, 1200000, got, 64)) {
        violate(s->w, "the quorum is %s after 20 minutes", got);
    }
}

static bool make_wallet(struct story *s, uint64_t ms)
{
    char body[400], path[160], got[64] = "";
    json_t *o;

    (void)snprintf(body, sizeof body,
                   "{\"name\":\"K\",\"quorumId\":\"%s\",\"blockchain\":\"%s\","
                   "\"keystore\":\"MPC\"%s}",
                   s->quorum, s->flavor->chain, s->flavor->wallet);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets", s->vault);
    o = must(s, "POST", path, body);
    copy(s->wallet, sizeof s->wallet, o, "id");
    json_decref(o);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s", s->vault, s->wallet);
    if (!wait_for(s, path, "status", "PROVISIONED", "PROVISIONING_FAILED", ms, got,
                  64)) {
        violate(s->w, "the wallet is still %s after %u s", got, (unsigned)(ms / 1000));
        return false;
    }
    if (strcmp(got, "PROVISIONED") != 0) {
        return false;
    }
    o = must(s, "GET", path, NULL);
    copy(s->public_key, sizeof s->public_key, o, "publicKey");
    copy(s->address, sizeof s->address, o, "address");
    json_decref(o);
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/receipts", s->vault,
                   s->wallet);
    o = must(s, "GET", path, NULL);
    copy(got, sizeof got, o, "keyId");
    json_decref(o);
    if (s->w->violation[0] == '\0') {
        check_shares(s->w, got);
    }
    return true;
}

static void make_vault(struct story *s)
{
    json_t *o = must(s, "POST", "/v2/vaults", "{\"name\":\"V\"}");

    copy(s->vault, sizeof s->vault, o, "id");
    json_decref(o);
}

static void enable(struct story *s)
{
    char path[200];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/settings", s->vault,
                   s->wallet);
    json_decref(must(s, "PUT", path,
                     "{\"settings\":{\"enabled\":true,\"rawSigningEnabled\":true,"
                     "\"sweepingEnabled\":false,\"defaultFreezeEnabled\":false}}"));
}

static struct tx *request(struct story *s, bool plain)
{
    struct tx *t = &s->tx[s->n_tx++];
    char body[MAX_PAYLOAD + 100], path[200];
    json_t *o;

    memset(t, 0, sizeof *t);
    (void)snprintf(t->kind, sizeof t->kind, "%s", plain ? "PLAINTEXT" : "RAW");
    if (plain) {
        (void)snprintf(t->payload, sizeof t->payload, "hello %llu",
                       (unsigned long long)rng_u64(&s->w->rng));
        (void)snprintf(body, sizeof body, "{\"message\":\"%s\"}", t->payload);
    } else {
        flavor_transfer(s->w, s->flavor, s->public_key, t->payload, sizeof t->payload);
        (void)snprintf(body, sizeof body,
                       "{\"encodedTransaction\":\"%s\",\"signOnly\":true}", t->payload);
    }
    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/transactions/%s",
                   s->vault, s->wallet, plain ? "sign-plaintext" : "raw");
    o = must(s, "POST", path, body);
    copy(t->id, sizeof t->id, o, "id");
    json_decref(o);
    return t;
}

/* Of every item, in order. */
static void copy_signatures(char out[MAX_SIGS], const json_t *o)
{
    const json_t *list = json_object_get(o, "signingPayloads");
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *sig = json_string_value(
            json_object_get(json_array_get(list, i), "signature"));

        if (sig != NULL && n < MAX_SIGS) {
            n += (size_t)snprintf(out + n, MAX_SIGS - n, "%s%s", n == 0 ? "" : " ",
                                  sig);
        }
    }
}

/* SIGNED or FAILED within the request's life; what is final stays as it is. */
static bool settle(struct story *s, struct tx *t)
{
    char path[240], got[64] = "", sigs[MAX_SIGS];
    json_t *o;

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/transactions/%s",
                   s->vault, s->wallet, t->id);
    if (!wait_for(s, path, "status", "SIGNED", "FAILED", 420000, got, 64)) {
        violate(s->w, "request %s is still %s after 7 minutes", t->id, got);
        return false;
    }
    o = must(s, "GET", path, NULL);
    copy_signatures(sigs, o);
    if (strcmp(got, "FAILED") == 0 &&
        json_array_size(json_object_get(o, "reasons")) == 0) {
        violate(s->w, "request %s failed without a reason", t->id);
    }
    json_decref(o);
    if (t->is_final && strcmp(t->signatures, sigs) != 0) {
        violate(s->w, "request %s changed after it was final", t->id);
    }
    t->is_final = true;
    (void)snprintf(t->signatures, sizeof t->signatures, "%s", sigs);
    if (strcmp(got, "SIGNED") == 0) {
        check_signatures(s->w, s->flavor, t->kind, t->payload, s->public_key, sigs);
    }
    check_blames(s->w);
    check_audit(s->w);
    return strcmp(got, "SIGNED") == 0;
}

static void sign_some(struct story *s, size_t n)
{
    size_t first = s->n_tx;

    for (size_t i = 0; i < n && s->w->violation[0] == '\0'; i++) {
        (void)request(s, s->flavor->has_texts && (i & 1U) == 0);
        world_run(s->w, s->w->now + rng_below(&s->w->rng, 3000));
    }
    for (size_t i = first; i < s->n_tx && s->w->violation[0] == '\0'; i++) {
        (void)settle(s, &s->tx[i]);
    }
}

/* ---- the end --------------------------------------------------------------------- */

static void quiet_end(struct story *s)
{
    struct world *w = s->w;
    size_t n = s->n_tx;

    w->is_quiet = true;
    world_run(w, w->now + 120000); /* back-offs, links, leftovers */
    for (size_t i = 0; i < n && w->violation[0] == '\0'; i++) {
        (void)settle(s, &s->tx[i]); /* nothing that was final has changed */
    }
    if (w->violation[0] == '\0' && w->faults.evil_node < 0) {
        enable(s);
        if (!settle(s, request(s, false))) {
            violate(w, "with all faults over, a request still fails: %.300s",
                    strstr(w->http_body, "\"reasons\""));
        }
    }
}

bool scenario_run(struct world *w)
{
    struct story s = {.w = w, .flavor = flavor_of(w->seed)};
    bool made = false;

    evil_set(w);
    w->is_quiet = true; /* the first administrator sets up in peace */
    world_at(w, w->now + 1000, nurse, NULL, 0, 0);
    set_up(&s);
    for (int i = 0; i < SIM_NODES && w->violation[0] == '\0'; i++) {
        add_device(&s, i);
    }
    if (w->violation[0] == '\0') {
        begin_faults(w);
    }
    for (int i = 0; i < SIM_NODES && w->violation[0] == '\0'; i++) {
        approve(&s, i);
    }
    if (w->violation[0] == '\0') {
        make_quorum(&s);
        make_vault(&s);
    }
    made = w->violation[0] == '\0' && make_wallet(&s, 900000);
    if (w->violation[0] == '\0' && !made) {
        w->is_quiet = true; /* faults hindered it: without them it must come to be */
        world_run(w, w->now + 120000);
        if (w->faults.evil_node < 0 && !make_wallet(&s, 900000)) {
            violate(w, "with all faults over, a wallet still fails: %.300s",
                    w->http_body == NULL ? "" : w->http_body);
        }
        made = w->faults.evil_node < 0;
        w->is_quiet = false;
    }
    if (w->violation[0] == '\0' && made) {
        enable(&s);
        sign_some(&s, 3);
        quiet_end(&s);
    }
    check_blames(w);
    check_audit(w);
    return w->violation[0] == '\0';
}
