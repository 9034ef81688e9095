/* POLICY_FILE, and the answer of the approval callback.  The first byte chooses. */
#include "fuzz/fuzz.h"
#include "node/approval_msg.h"
#include "policy/policy.h"

static void past(void *ctx, const struct cs_policy_ask *ask, enum cs_policy_per per,
                 const uint8_t *asset, uint32_t minutes, struct cs_num *units,
                 uint64_t *requests)
{
    (void)ctx;
    (void)ask;
    (void)asset;
    FUZZ_HOLDS(per >= CS_PER_KEY && per <= CS_PER_NODE);
    FUZZ_HOLDS(minutes >= 1 && minutes <= CS_POLICY_MINUTES_MAX);
    *units = cs_num_max();
    *requests = 3;
}

static void judge(const struct cs_policy *p, enum cs_chain_kind kind, bool is_clear)
{
    struct cs_chain_tx tx = {.chain = CS_CHAIN_ETHEREUM,
                             .is_clear = is_clear,
                             .is_blind = kind == CS_CHAIN_KIND_DIGEST,
                             .kind = "transfer",
                             .to = "0x000000000000000000000000000000000000dEaD",
                             .units = "1000",
                             .asset = "ETH",
                             .fee_units = "7"};
    struct cs_policy_ask ask = {
        .path = "0/5", .kind = kind, .tx = &tx, .wall_ms = 1795689000000};
    struct cs_policy_past before = {NULL, past};
    struct cs_policy_verdict v;

    cs_policy_judge(p, &ask, &before, &v, NULL, NULL);
    FUZZ_HOLDS(v.why[0] != '\0');
    FUZZ_HOLDS(v.rule >= -1 && v.rule < (int)cs_policy_rules(p));
    FUZZ_HOLDS(kind != CS_CHAIN_KIND_DIGEST || !v.allowed || v.rule >= 0);
}

static void policy(struct cs_span in)
{
    struct cs_policy *p = NULL;
    struct cs_why why = {""};
    enum cs_err err = cs_policy_load(&p, in, &why);

    FUZZ_HOLDS((err == CS_OK) == (p != NULL));
    FUZZ_HOLDS((err == CS_OK) == (why.text[0] == '\0'));
    if (p != NULL) {
        judge(p, CS_CHAIN_KIND_RAW, true);
        judge(p, CS_CHAIN_KIND_RAW, false);
        judge(p, CS_CHAIN_KIND_DIGEST, false);
        FUZZ_HOLDS(cs_policy_longest(p) <= CS_POLICY_MINUTES_MAX);
    }
    cs_policy_free(p);
}

/* Nobody without the key makes it allow. */
static void answer(struct cs_span in, bool has_public_key)
{
    struct cs_approval_keys k = {.has_secret = true, .has_public_key = has_public_key};
    struct cs_approval_sent sent = {
        .nonce = "00", .request_id = "id", .request_hash = "h"};
    char reason[CS_APPROVAL_REASON] = "";
    enum cs_err err;

    memset(k.secret, 7, sizeof k.secret);
    memset(k.public_key, 9, sizeof k.public_key);
    err = cs_approval_judge(&k, &sent, in, reason);
    FUZZ_HOLDS(err == CS_ERR_APPROVAL_FAILED);
    FUZZ_HOLDS(memchr(reason, 0, sizeof reason) != NULL && reason[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_span in = CS_SPAN(data + 1, size - 1);

    if (size < 1) {
        return 0;
    }
    fuzz_start();
    switch (data[0]) {
    case 'a':
    case 'b':
        answer(in, data[0] == 'a');
        break;
    default:
        policy(in);
    }
    return 0;
}
