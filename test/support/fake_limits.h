/* Limits and allow lists of a fake_platform's wallet. */
#ifndef CS_TEST_FAKE_LIMITS_H
#define CS_TEST_FAKE_LIMITS_H

#include "support/fake_sign.h"

/* fake_signers, whose world may start again and again. */
static char fake_client[40], fake_secret[80];

FAKE struct fake_trio *fake_limited(void)
{
    struct fake_trio *t = calloc(1, sizeof *t);

    assert_non_null(t);
    t->w = fake_platform_new();
    t->scheme = CS_SCHEME_FROST_ED25519;
    fake_setup(t->w, fake_client, fake_secret);
    for (int i = 0; i < 3; i++) {
        fake_device_new(t->w, &t->d[i]);
        fake_connect_ok(&t->d[i]);
        fake_approve(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
    fake_provisioned(t);
    assert_int_equal(fake_settings(t, true, true), 200);
    return t;
}

FAKE void fake_relogin(struct fake_trio *t)
{
    fake_login(t->w, fake_client, fake_secret);
}

FAKE void fake_reboot(struct fake_trio *t)
{
    fake_restart(t->w);
    fake_relogin(t);
}

FAKE void fake_nodes_come(struct fake_trio *t)
{
    for (int i = 0; i < 3; i++) {
        fake_connect_ok(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
}

FAKE void fake_reboot_nodes(struct fake_trio *t)
{
    fake_reboot(t);
    fake_nodes_come(t);
}

FAKE const char *fake_limits_path(const struct fake_trio *t, const char *rest)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "/v2/vaults/%s/wallets/%s/policy-rules/limits%s",
                   t->vault, t->wallet, rest);
    return path;
}

FAKE int fake_limit_try(struct fake_trio *t, const char *body)
{
    return fake_api(t->w, "PUT", fake_limits_path(t, ""), body);
}

/* Its id stands in id. */
FAKE void fake_limit(struct fake_trio *t, const char *body, char id[40])
{
    if (fake_limit_try(t, body) != 200) {
        fail_msg("limit: %s", t->w->reply_text);
    }
    assert_string_equal(fake_text(t->w, "status"), "LIMIT_ENABLED");
    (void)snprintf(id, 40, "%s", fake_text(t->w, "id"));
}

FAKE void fake_limit_get(struct fake_trio *t, const char *id)
{
    char rest[64];

    (void)snprintf(rest, sizeof rest, "/%s", id);
    fake_ok(t->w, "GET", fake_limits_path(t, rest), NULL);
}

FAKE void fake_limit_used(struct fake_trio *t, const char *id, const char *qty)
{
    fake_limit_get(t, id);
    assert_string_equal(fake_text(t->w, "usedQty"), qty);
}

FAKE void fake_limit_delete(struct fake_trio *t, const char *id)
{
    char rest[64];

    (void)snprintf(rest, sizeof rest, "/%s", id);
    fake_ok(t->w, "DELETE", fake_limits_path(t, rest), NULL);
}

/* The last reply is a request that was taken, and was not refused by a policy. */
FAKE void fake_passed(struct fake_trio *t)
{
    if (t->w->status != 200 || strcmp(fake_text(t->w, "status"), "REJECTED") == 0) {
        fail_msg("refused: %s", t->w->reply_text);
    }
}

FAKE void fake_stopped(struct fake_trio *t, const char *why)
{
    if (t->w->status != 200 || strcmp(fake_text(t->w, "status"), "REJECTED") != 0 ||
        strstr(t->w->reply_text, why) == NULL) {
        fail_msg("not refused with %s: %s", why, t->w->reply_text);
    }
}

/* A SOLANA transfer to the address of 42s: passes, or is REJECTED. */
FAKE void fake_pay(struct fake_trio *t, uint64_t lamports)
{
    struct fake_tx x;

    fake_tx_payload(t, &x, lamports);
    (void)fake_raw_post(t, x.hex, "\"signOnly\":true");
    cs_wr_free(&x.message);
}

FAKE void fake_pay_ok(struct fake_trio *t, uint64_t lamports)
{
    fake_pay(t, lamports);
    fake_passed(t);
}

FAKE void fake_pay_no(struct fake_trio *t, uint64_t lamports, const char *why)
{
    fake_pay(t, lamports);
    fake_stopped(t, why);
}

/* Time passes, and nodes stay there. */
FAKE void fake_beat(struct fake_trio *t, uint64_t ms)
{
    for (uint64_t left = ms; left > 0; left -= left < 10000 ? left : 10000) {
        fake_wait(t->w, left < 10000 ? left : 10000);
        for (int i = 0; i < 3; i++) {
            fake_status(&t->d[i], "READY");
        }
    }
}

#endif
