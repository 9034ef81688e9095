/* One REST request on its way through the route table (routes.c).
 *
 * A handler reads the request, either refuses it with cs_api_fail (nothing written) or
 * writes records and returns the answer.  api.c turns the outcome into one REPLY. */
#ifndef CS_PLATFORM_CORE_API_H
#define CS_PLATFORM_CORE_API_H

#include "platform/core/perm.h"
#include "platform/core/rec.h"

/* gRPC's numbers, as the vendor's errors carry them. */
enum cs_api_code {
    CS_API_OK = 0,
    CS_API_INVALID = 3,
    CS_API_NOT_FOUND = 5,
    CS_API_EXISTS = 6,
    CS_API_DENIED = 7,
    CS_API_LIMIT = 8,
    CS_API_STATE = 9, /* FAILED_PRECONDITION */
    CS_API_UNIMPLEMENTED = 12,
    CS_API_INTERNAL = 13,
    CS_API_UNAVAILABLE = 14,
    CS_API_UNAUTHENTICATED = 16,
};

enum {
    CS_API_BODY_MAX = 512 << 10,
    CS_API_PARAMS = 3,
    CS_API_NAME = 50,     /* characters of a name, as in the vendor's console */
    CS_API_TEXT = 500,    /* of a description */
    CS_API_EXT = 128,     /* of an external or correlation id */
    CS_API_PATH = 128,    /* bytes of a derivation path, with its NUL */
    CS_API_WAIT_MAX = 30, /* seconds of ?wait= */
    CS_API_PAGE = 50,     /* default page */
    CS_API_PAGE_MAX = 200,
};

enum cs_actor_kind { CS_ACTOR_NONE, CS_ACTOR_CREDENTIAL, CS_ACTOR_USER };

/* Who asks.  Nobody on open routes. */
struct cs_actor {
    enum cs_actor_kind kind;
    json_t *rec;      /* owned: the record of the credential or user */
    json_t *session;  /* owned: USER only (session.h) */
    const char *id;   /* of rec; "" for nobody */
    const char *name; /* of a credential, e-mail of a user; "" for nobody */
};

struct cs_api {
    struct cs_platform_core *core;
    const struct cs_http_req *http;
    const struct cs_route *route; /* NULL before it is found */
    struct cs_actor who;
    const char *actor;                      /* who.id: createdBy */
    uint8_t param[CS_API_PARAMS][CS_PC_ID]; /* {ids} of the path, in order */
    size_t n_params;
    json_t *body;    /* owned; {} when the method has none */
    struct cs_jr in; /* over body */
    /* outcome */
    enum cs_api_code code;
    int status;
    char message[512];
    char field[64];
    char reason[384];
    /* A secret of the answer: spliced in behind the other members, never in JSON. */
    const char *secret_name;
    size_t secret_depth; /* 0: in the answer itself; 1: in its last member */
    char secret[128];
    /* What a list's view() passes over: "" for no filter. */
    char want_chain[32], want_corr[4 * CS_API_EXT + 1], want_role[32];
    char want_q[2 * CS_API_NAME + 1]; /* text that the name must have */
    bool want_desc;                   /* the newest first */
    const struct cs_tx_want *want_tx; /* tx_list.c */
    /* ?wait=: how long, and for which record; 0: the answer goes out at once. */
    uint32_t wait_s;
    uint8_t wait_table, wait_id[CS_PC_ID];
    struct cs_wr extra; /* the same for more than one: text that starts with ',' */
    /* Lines of JSON that go out instead of the answer. */
    bool has_lines;
    struct cs_wr lines;
    const struct cs_asset *file; /* goes out instead of the answer (assets.h) */
    bool is_repeat;    /* the kept answer went out again: nothing has happened */
    char headers[256]; /* of the answer: lines of cs_emit_reply_with, may be secret */
    bool is_later;     /* a worker computes first: no answer yet (later.h) */
};

typedef json_t *cs_api_handler(struct cs_api *a);

struct cs_route {
    const char *method;
    const char *pattern; /* "/v2/devices/{id}": {..} is a UUID, but for words (api.c) */
    enum cs_pc_perm perm;
    cs_api_handler *run;
};
/* All routes; NULL behind the last.  Tests walk it. */
const struct cs_route *cs_route_at(size_t i);
/* Does it only read, whatever its method is?  Such requests are not in the audit log.
 */
bool cs_route_reads(const struct cs_route *r);
/* Does it want a user who has shown a code lately (step_up.c)?  Programs are not asked:
 * they have no authenticator. */
bool cs_route_wants_step_up(const struct cs_route *r);

/* ---- for handlers ---------------------------------------------------------------- */

/* May the one who asks do that?  Routes have been asked already. */
bool cs_actor_may(const struct cs_actor *who, enum cs_pc_perm p);
bool cs_api_may(const struct cs_api *a, enum cs_pc_perm p);
/* Has he every word of the list (permissions)?  "*" is all there are and will be: for
 * owners and for credentials with it.  *missing is the first that he has not. */
bool cs_actor_covers(const struct cs_actor *who, const json_t *words,
                     const char **missing);
/* Has he all rights of this role? */
bool cs_actor_covers_role(const struct cs_actor *who, enum cs_role role);

/* Refuses.  field names the member, parameter or header ("" when there is none);
 * message is a sentence with the remedy.  Always returns NULL.  The first one counts.
 */
json_t *cs_api_fail(struct cs_api *a, enum cs_api_code code, const char *field,
                    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* {code, message, details}: what an error is in an answer.  Owned. */
json_t *cs_api_error_view(const struct cs_api *a);
/* True when the typed reads of a->in failed: the refusal is set then. */
bool cs_api_bad_body(struct cs_api *a);
/* A record made earlier with this external id, for a request that repeats it: *rec is
 * it (owned) or NULL.  false: it was made from something else, refusal set. */
bool cs_api_external(struct cs_api *a, enum cs_pc_unique kind, uint8_t table,
                     const char *scope, const json_t *wanted, json_t **rec);
void cs_api_external_put(struct cs_api *a, enum cs_pc_unique kind, const char *scope,
                         const json_t *rec);
/* The record named by path parameter i; NULL with NOT_FOUND set ("what": "device"). */
json_t *cs_api_record(struct cs_api *a, uint8_t table, size_t i, const char *what);
/* name: 1..max characters, no control characters and none that reorder text.  A text of
 * CS_API_TEXT characters (a description) may have line breaks and tabs. */
const char *cs_api_name(struct cs_api *a, const char *member, size_t max);
const char *cs_api_name_opt(struct cs_api *a, const char *member,
                            size_t max); /* or NULL */
/* Is part in text?  Letters of ASCII count the same in both cases. */
bool cs_text_has(const char *text, const char *part);
/* Query parameter, percent-decoded into out ("" when absent).  false: malformed or too
 * long, refusal set. */
bool cs_api_query(struct cs_api *a, const char *name, char *out, size_t size);
/* The same for one of a few words ("RAW, PLAINTEXT"), and for a blockchain's: a filter
 * with a word that does not exist must not look like an empty list. */
bool cs_api_query_word(struct cs_api *a, const char *name, char *out, size_t size,
                       const char *words);
bool cs_api_query_chain(struct cs_api *a, char *out, size_t size);
/* Percent- and plus-decoding; false when malformed or too long. */
bool cs_api_percent(char *out, size_t size, const char *text, size_t n);

/* "derivationPath" of the body into the wire's form: "m/0/5" and "0/5" give "0/5",
 * "m", "" and none give "".  Failures are those of a->in. */
void cs_api_path(struct cs_api *a, char out[CS_API_PATH]);
/* The same for a text of the query. */
enum cs_err cs_api_path_parse(char out[CS_API_PATH], const char *text) CS_MUST_USE;

/* One page of an index: fills {"filter", name: [...]} through view(rec).  Entries for
 * which keep() says no are passed over; at most 1000 are looked at for a page, and it
 * ends early when its views cost too much. */
struct cs_api_page {
    uint8_t table;
    enum cs_pc_index kind;
    struct cs_pc_scope scope;
    const char *name;
    json_t *(*view)(struct cs_api *a, const json_t *rec); /* NULL: leave out */
    size_t (*cost)(const json_t *rec); /* of that view, NULL: next to nothing */
    bool (*keep)(struct cs_api *a, const json_t *rec); /* asked first; NULL: all */
    /* Asked before that, of the record's text as it is stored: parsing it is most of
     * the work.  false only when keep says no for certain; NULL: always yes. */
    bool (*may_keep)(struct cs_api *a, struct cs_span stored);
    const char *search; /* the member that ?q= looks into; NULL: no such filter */
    uint64_t min_seq, end_seq; /* entries from the one to below the other; 0: all */
};
/* For may_keep: could the stored text have this member with this value?  true when the
 * value is empty, or not plain enough to say. */
bool cs_api_stored_may_have(struct cs_span stored, const char *member,
                            const char *value);
/* In order of creation, or the newest first with ?order=desc. */
json_t *cs_api_page(struct cs_api *a, const struct cs_api_page *p);
/* The order number from which on entries were made at this time (cs_pc_time) or later,
 * found by halving: records of the index must have "createdAt". */
uint64_t cs_api_seek(struct cs_api *a, const struct cs_api_page *p, const char *at);
/* "pageSize" and "pageToken" (0: none).  false: malformed, refusal set. */
bool cs_api_page_args(struct cs_api *a, size_t *size, uint64_t *after);
/* The page of a short list that is there as a whole: up to size items behind the first
 * after ones.  *filter gets "total" and, when there are more, "nextPageToken". */
json_t *cs_api_slice(const json_t *all, size_t size, uint64_t after, json_t *filter);
/* false: no token that a list returned. */
bool cs_api_page_token(const char *text, uint64_t *after);
/* Of the newest max records those that are shown, as a JSON array, oldest of them
 * first; fewer when they are large.  What is older: ?pageToken= with the token of the
 * header "next-page-token".  NULL: malformed, refusal set. */
json_t *cs_api_list_last(struct cs_api *a, const struct cs_api_page *p, size_t max);
/* All records as a JSON array, at most max: for what is small, and few. */
json_t *cs_api_list(struct cs_api *a, const struct cs_api_page *p, size_t max);
/* For the vendor's lists that are bare arrays: paging, order and search of cs_api_page
 * for those who ask for it, else the first max or 500; the token of the next page is in
 * the header "next-page-token" of the answer.  NULL: malformed, refusal set. */
json_t *cs_api_array(struct cs_api *a, const struct cs_api_page *p, size_t max);

/* ---- entry ------------------------------------------------------------- */

void cs_api_run(struct cs_platform_core *core, const struct cs_http_req *http);
struct cs_later;
/* The worker has computed what the request waited for: its answer goes out. */
void cs_api_resume(struct cs_platform_core *core, struct cs_later *l);
void cs_api_body_free(json_t *body); /* wipes the secrets in it; NULL allowed */

/* Token bucket: takes one of `burst` that refill at per_s a second.  kind and text name
 * the bucket; text is of ours (an id).  false: empty. */
bool cs_api_take(struct cs_platform_core *core, const char *kind, const char *text,
                 uint32_t burst, uint32_t per_s);
/* The same for what strangers send, mostly their address: one bucket for a whole IPv6
 * /64, which is one customer, and a table apart, so that strangers with many addresses
 * do not drain the buckets of ids. */
bool cs_api_take_from(struct cs_platform_core *core, const char *kind,
                      const char *remote, uint32_t burst, uint32_t per_s);
/* Are these limited together: one IPv4 address, or the /64 of an IPv6 one? */
bool cs_api_same_site(const char *a, const char *b);
/* Guesses at a password: CS_TRIES in CS_TRIES_S, for this address and for this name.
 * Who has signed in from here before (known) has tries of their own, so that strangers
 * cannot lock anybody out.  cs_api_try_back: it was right. */
enum { CS_TRIES = 10, CS_TRIES_SITE = 30, CS_TRIES_S = 900 };
bool cs_api_try(struct cs_platform_core *core, const char *remote, const char *name,
                bool known);
void cs_api_try_back(struct cs_platform_core *core, const char *remote,
                     const char *name, bool known);

/* Work that a credential may cause (cs_tx_cost); false: it has to slow down, nothing is
 * set.  cs_api_work_or_fail sets the refusal. */
bool cs_api_work(struct cs_api *a, size_t n);
bool cs_api_work_or_fail(struct cs_api *a, size_t n);

/* ---- handlers, by file ------------------------------------------------- */

/* credentials.c, token.c, setup.c */
json_t *cs_api_setup(struct cs_api *a);
json_t *cs_api_organization(struct cs_api *a);
json_t *cs_api_overview(struct cs_api *a); /* overview.h */
/* sign_in.c, enrol.c, session.c, users.c */
json_t *cs_api_sign_in(struct cs_api *a);
json_t *cs_api_enrol(struct cs_api *a);
json_t *cs_api_enrol_confirm(struct cs_api *a);
json_t *cs_api_session_get(struct cs_api *a);
json_t *cs_api_session_password(struct cs_api *a); /* new_password.c */
json_t *cs_api_session_step_up(struct cs_api *a);  /* step_up.c */
json_t *cs_api_session_end(struct cs_api *a);
json_t *cs_api_session_list(struct cs_api *a);
json_t *cs_api_session_revoke(struct cs_api *a);
json_t *cs_api_user_create(struct cs_api *a);
json_t *cs_api_user_list(struct cs_api *a);
json_t *cs_api_user_info_list(struct cs_api *a);
json_t *cs_api_user_get(struct cs_api *a);
json_t *cs_api_user_info(struct cs_api *a);
json_t *cs_api_user_mfa(struct cs_api *a);
json_t *cs_api_user_update(struct cs_api *a);
json_t *cs_api_user_role(struct cs_api *a);
json_t *cs_api_user_status(struct cs_api *a);
json_t *cs_api_user_delete(struct cs_api *a);
json_t *cs_api_user_password_reset(struct cs_api *a);
json_t *cs_api_user_mfa_reset(struct cs_api *a);
json_t *cs_api_token(struct cs_api *a);
json_t *cs_api_credential_create(struct cs_api *a);
json_t *cs_api_credential_list(struct cs_api *a);
json_t *cs_api_credential_info_list(struct cs_api *a);
json_t *cs_api_credential_get(struct cs_api *a);
json_t *cs_api_credential_info(struct cs_api *a);
json_t *cs_api_credential_permissions(struct cs_api *a);
json_t *cs_api_credential_set_permissions(struct cs_api *a);
json_t *cs_api_credential_set_active(struct cs_api *a);
json_t *cs_api_credential_delete(struct cs_api *a);
/* rest_devices.c */
json_t *cs_api_device_create(struct cs_api *a);
json_t *cs_api_device_list(struct cs_api *a);
json_t *cs_api_device_get(struct cs_api *a);
json_t *cs_api_device_pairing(struct cs_api *a);
json_t *cs_api_device_approval(struct cs_api *a);
json_t *cs_api_device_enabled(struct cs_api *a);
json_t *cs_api_device_name(struct cs_api *a);
json_t *cs_api_device_delete(struct cs_api *a);
json_t *
cs_api_device_side(struct cs_api *a); /* calls that only the vendor's app makes */
/* rest_mpc.c */
json_t *cs_api_eligible(struct cs_api *a);
json_t *cs_api_quorum_create(struct cs_api *a);
json_t *cs_api_quorum_list(struct cs_api *a);
json_t *cs_api_quorum_get(struct cs_api *a);
json_t *cs_api_quorum_status(struct cs_api *a);
json_t *cs_api_quorum_confirm(struct cs_api *a);
json_t *cs_api_quorum_delete(struct cs_api *a);
json_t *cs_api_quorum_modify(struct cs_api *a);
json_t *cs_api_memberships(struct cs_api *a);
json_t *cs_api_session_sets(struct cs_api *a);
json_t *cs_api_session_set_status(struct cs_api *a);
/* rest_vaults.c, rest_wallets.c, rest_wallet_new.c */
json_t *cs_api_vault_create(struct cs_api *a);
json_t *cs_api_vault_get(struct cs_api *a);
json_t *cs_api_vault_list(struct cs_api *a);
json_t *cs_api_vault_update(struct cs_api *a);
json_t *cs_api_wallet_create(struct cs_api *a);
json_t *cs_api_wallet_get(struct cs_api *a);
json_t *cs_api_wallet_get_global(struct cs_api *a);
json_t *cs_api_wallet_list(struct cs_api *a);
json_t *cs_api_wallet_list_global(struct cs_api *a);
json_t *cs_api_wallet_update(struct cs_api *a);
json_t *cs_api_wallet_settings(struct cs_api *a);
json_t *cs_api_wallet_delete(struct cs_api *a);
json_t *cs_api_wallet_address(struct cs_api *a);
json_t *cs_api_wallet_receipts(struct cs_api *a);
/* rest_transactions.c */
json_t *cs_api_tx_raw(struct cs_api *a);
json_t *cs_api_tx_plaintext(struct cs_api *a);
json_t *cs_api_tx_typed_data(struct cs_api *a);
json_t *cs_api_tx_digest(struct cs_api *a);
json_t *cs_api_tx_get(struct cs_api *a);
json_t *cs_api_tx_list(struct cs_api *a);
json_t *cs_api_tx_timeline(struct cs_api *a);
/* tx_list.c, tx_preview.c, tx_batch.c */
json_t *cs_api_tx_list_all(struct cs_api *a);
json_t *cs_api_tx_preview(struct cs_api *a);
json_t *cs_api_tx_batch(struct cs_api *a);
/* vendor.c, registry.c */
json_t *cs_api_instead(struct cs_api *a); /* 501 with what to use in its place */
json_t *cs_api_auth_method_list(struct cs_api *a);
json_t *cs_api_auth_method_get(struct cs_api *a);
json_t *cs_api_blockchain_list(struct cs_api *a);
json_t *cs_api_blockchain_get(struct cs_api *a);
json_t *cs_api_asset_list(struct cs_api *a);
json_t *cs_api_asset_get(struct cs_api *a);
json_t *cs_api_asset_array(struct cs_api *a);
json_t *cs_api_openapi(struct cs_api *a);

/* wallet_limits.c, permitted.c */
json_t *cs_api_limit_put(struct cs_api *a);
json_t *cs_api_limit_get(struct cs_api *a);
json_t *cs_api_limit_delete(struct cs_api *a);
json_t *cs_api_limit_list(struct cs_api *a);
json_t *cs_api_limit_list_all(struct cs_api *a);
json_t *cs_api_permitted(struct cs_api *a);
/* counterparties.c, addresses.c */
json_t *cs_api_party_create(struct cs_api *a);
json_t *cs_api_party_get(struct cs_api *a);
json_t *cs_api_party_list(struct cs_api *a);
json_t *cs_api_party_update(struct cs_api *a);
json_t *cs_api_party_delete(struct cs_api *a);
json_t *cs_api_address_create(struct cs_api *a);
json_t *cs_api_address_get(struct cs_api *a);
json_t *cs_api_address_list(struct cs_api *a);
json_t *cs_api_address_list_all(struct cs_api *a);
json_t *cs_api_address_delete(struct cs_api *a);
/* tags.c */
json_t *cs_api_tag_list(struct cs_api *a);
json_t *cs_api_vault_tag_add(struct cs_api *a);
json_t *cs_api_vault_tag_delete(struct cs_api *a);
json_t *cs_api_vault_tags(struct cs_api *a);
json_t *cs_api_vault_tag_list(struct cs_api *a);
json_t *cs_api_wallet_tag_add(struct cs_api *a);
json_t *cs_api_wallet_tag_delete(struct cs_api *a);
json_t *cs_api_wallet_tags(struct cs_api *a);
json_t *cs_api_wallet_tag_list(struct cs_api *a);
/* backup_strategies.c */
json_t *cs_api_strategy_create(struct cs_api *a);
json_t *cs_api_strategy_get(struct cs_api *a);
json_t *cs_api_strategy_list(struct cs_api *a);

/* token.c: the credential behind "Bearer ..", NULL when the token is not good.  Owned.
 */
json_t *cs_token_credential(struct cs_platform_core *core, const char *authorization);
/* The digest of a token that was good, and the credential behind it now: for who goes
 * on after the request.  NULL: it is not good any more.  Owned. */
void cs_token_digest(uint8_t d[32], const char *authorization);
json_t *cs_token_again(struct cs_platform_core *core, const uint8_t d[32]);
/* feed_conn.c, rest_webhooks.c */
json_t *cs_api_events(struct cs_api *a);
json_t *cs_api_webhook_create(struct cs_api *a);
json_t *cs_api_webhook_list(struct cs_api *a);
json_t *cs_api_webhook_get(struct cs_api *a);
json_t *cs_api_webhook_update(struct cs_api *a);
json_t *cs_api_webhook_delete(struct cs_api *a);
json_t *cs_api_webhook_test(struct cs_api *a);
json_t *cs_api_subscription_create(struct cs_api *a);
json_t *cs_api_subscription_list(struct cs_api *a);
json_t *cs_api_subscription_get(struct cs_api *a);
json_t *cs_api_subscription_delete(struct cs_api *a);
json_t *cs_api_delivery_list(struct cs_api *a);
json_t *cs_api_delivery_replay(struct cs_api *a);
void cs_token_revoke(struct cs_platform_core *core, const uint8_t credential[CS_PC_ID]);
void cs_token_free_all(struct cs_platform_core *core);
/* credentials.c: a new credential with its secret in a->secret.  Owned. */
json_t *cs_credential_make(struct cs_api *a, const char *created_by, const char *name,
                           const char *category, json_t *permissions);
/* The view without what is ours. */
json_t *cs_credential_view(struct cs_api *a, const json_t *rec);
/* setup.c */
void cs_setup_start(struct cs_platform_core *core);
/* rest_mpc.c */
json_t *cs_quorum_view(struct cs_api *a, const json_t *rec);
json_t *cs_set_view(struct cs_api *a, const json_t *rec);
/* rest_devices.c */
json_t *cs_device_view(struct cs_api *a, const json_t *rec);
/* rest_wallets.c: the wallet of params 0 (vault) and 1; NULL with the refusal set. */
json_t *cs_api_wallet_record(struct cs_api *a);
json_t *cs_wallet_view(const json_t *rec);
/* Text of an optional member (name, description ..) of create and update. */
void cs_wallet_text(struct cs_api *a, json_t *o, const char *member, size_t max);
/* By correlation id, for wallets: put in or taken out of the index. */
void cs_wallet_index_corr(struct cs_api *a, const json_t *rec, bool add);
/* tx_view.c.  In a list, what follows from many signatures or a long payload
 * is left out. */
json_t *cs_tx_view(const json_t *rec, bool in_list);
/* What that costs, in verifications of a signature (some 50 us). */
size_t cs_tx_cost(const json_t *rec, bool in_list);
json_t *cs_tx_asset(const char *chain, const char *symbol, const char *contract);

/* approval_rest.c, groups.c */
json_t *cs_api_approval_list(struct cs_api *a);
json_t *cs_api_approval_get(struct cs_api *a);
json_t *cs_api_approval_decide(struct cs_api *a);
json_t *cs_api_group_list(struct cs_api *a);
json_t *cs_api_group_list_wallet(struct cs_api *a);
json_t *cs_api_group_put(struct cs_api *a);
json_t *cs_api_group_put_wallet(struct cs_api *a);
json_t *cs_api_approvers_eligible(struct cs_api *a);
/* freeze.c */
json_t *cs_api_tx_freeze(struct cs_api *a);
json_t *cs_api_tx_unfreeze(struct cs_api *a);
json_t *cs_api_tx_freeze_history(struct cs_api *a);

json_t *cs_api_backups(struct cs_api *a); /* backups.c */
/* audit_view.c */
json_t *cs_api_audit_list(struct cs_api *a);
json_t *cs_api_audit_head(struct cs_api *a);
json_t *cs_api_audit_export(struct cs_api *a);

/* wait.c: the parameter "wait", 0 to 30 s.  false: malformed, refusal set. */
bool cs_api_wait_read(struct cs_api *a);
/* Asks for the answer to be held back until rec has reached its final state, when the
 * request has a "wait". */
void cs_api_wait_for(struct cs_api *a, uint8_t table, const json_t *rec);

#endif
