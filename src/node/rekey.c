#include "node/rekey.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "kms/fields.h"
#include "store/safe.h"

/* The three members, read without a heap (kms/fields.h): one is the store's key. */
struct question {
    char cmd[32], key[65], seal[2 * CS_SEAL_RECORD_MAX + 1];
    uint8_t kek[32], record[CS_SEAL_RECORD_MAX];
    size_t record_len;
};

static bool is_ours(struct cs_span line)
{
    char cmd[32];
    struct cs_field f[] = {{"cmd", cmd, sizeof cmd, false}};

    return cs_fields_read(f, CS_COUNTOF(f), line) == CS_OK && f[0].is_found &&
           strcmp(cmd, "rekey") == 0;
}

static enum cs_err read_question(struct question *q, struct cs_span line)
{
    struct cs_field f[] = {{"key", q->key, sizeof q->key, false},
                           {"seal", q->seal, sizeof q->seal, false}};
    struct cs_kms_arn arn;
    struct cs_span blob;

    CS_CHECK(cs_fields_read(f, CS_COUNTOF(f), line));
    CS_CHECK(cs_unhex(q->kek, sizeof q->kek, q->key));
    q->record_len = strlen(q->seal) / 2;
    CS_CHECK(cs_unhex(q->record, q->record_len, q->seal));
    if (q->record_len == 0) { /* the refusals of any hex key */
        struct cs_kek kek = {.seal = {NULL, 0}};
        enum cs_err err = cs_kek_parse(&kek, q->key, "key", NULL);

        cs_kek_wipe(&kek);
        return err;
    }
    return cs_seal_record_read(&arn, &blob, CS_SPAN(q->record, q->record_len));
}

static bool is_next(const struct cs_node_settings *s, const struct question *q)
{
    return s->has_next && s->next_kek.seal.n == q->record_len &&
           cs_ct_equal(s->next_kek.key, q->kek, sizeof q->kek);
}

static void refuse(struct cs_node *n, uint64_t id, enum cs_err err, const char *text)
{
    struct cs_wr w = {0};

    cs_wr_printf(&w, "{\"ok\":false,\"reason\":\"%s\",\"text\":\"%s\"}",
                 cs_err_reason(err), text);
    cs_host_answer(n->keeper.host, id, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* What the disk says of the last one. */
static bool is_settled(struct cs_node *n)
{
    struct cs_node_settings *s = n->settings;

    if (s->has_next && cs_safe_peek_opens(n->kv, &s->next_kek)) {
        (void)cs_node_settings_next(s);
    }
    return !s->has_next;
}

static void take(struct cs_node *n, uint64_t id, const struct question *q)
{
    struct cs_node_settings *s = n->settings;
    bool again = is_next(s, q);

    if (!is_settled(n)) {
        refuse(n, id, CS_ERR_STATE, "a rekey is under way: ask again");
    } else if (again) {
        cs_host_answer(n->keeper.host, id, CS_SPAN_LIT("{\"ok\":true}"));
    } else if (cs_node_settings_offer(s, q->kek, CS_SPAN(q->record, q->record_len)) !=
               CS_OK) {
        refuse(n, id, CS_ERR_USAGE, "the KMS record is too long");
    } else {
        cs_node_core_offer(n->core, &s->next_kek);
        cs_host_pass(n->keeper.host, id, CS_SPAN_LIT("{\"cmd\":\"rekey\"}"));
        if (!cs_node_core_took_offer(n->core)) { /* the core has told the asker why */
            cs_node_core_offer(n->core, NULL);
            cs_node_settings_withdraw(s);
        }
    }
}

bool cs_node_rekey_question(struct cs_node *n, uint64_t id, struct cs_span line)
{
    struct question *q;

    if (!is_ours(line)) {
        return false;
    }
    if (n->core == NULL || n->keeper.host == NULL) {
        return false; /* the core's place, which is empty, refuses */
    }
    q = cs_guard_new(sizeof *q);
    if (q == NULL) {
        refuse(n, id, CS_ERR_NOMEM, "no memory that can be locked");
        return true;
    }
    if (read_question(q, line) == CS_OK) {
        take(n, id, q);
    } else {
        refuse(n, id, CS_ERR_BAD_FORMAT, "key and seal are not what a rekey needs");
    }
    cs_guard_free(q);
    return true;
}
