/* EIP-712, typed data: what a text asks for, and what is signed for it.  The approvals
 * that wallets are most often robbed with (ERC-20 Permit, Permit2) are read in full, so
 * that people and policies see spender, token, amount and deadline. */
#include "chain/eip712.h"

#include <string.h>

#include "base/text.h"
#include "chain/evm.h"
#include "chain/impl.h"
#include "chain/text.h"
#include "crypto/keccak.h"

enum { WORD = CS_EVM_WORD };

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_MESSAGE, text);
}

/* ---- fields ------------------------------------------------------------------ */

/* Values here have been hashed before, so that they fit their types. */
static void get(uint8_t out[WORD], const json_t *object, const char *field,
                const char *type)
{
    CS_ASSERT(cs_td_word(out, type, json_object_get(object, field), NULL) == CS_OK);
}

static void get_address(char out[CS_CHAIN_ADDRESS_MAX], const json_t *object,
                        const char *field)
{
    uint8_t word[WORD];

    get(word, object, field, "address");
    cs_evm_address(out, word + WORD - CS_EVM_ADDRESS_LEN);
}

static void get_number(char *out, size_t cap, const json_t *object, const char *field,
                       const char *type)
{
    uint8_t word[WORD];

    get(word, object, field, type);
    (void)cs_text_big(out, cap, CS_SPAN_OF(word), 0);
}

/* Seconds since 1970; a time too far away to be written down is none. */
static void get_time(char out[32], const json_t *object, const char *field,
                     const char *type)
{
    get_number(out, 32, object, field, type);
    if (out[0] == '\0') {
        (void)cs_text_copy(out, 32, "never ends");
    }
}

/* ---- the domain -------------------------------------------------------------- */

/* Clear for the wallet's chain only.  The key has the same address on every EVM chain,
 * so a text for another one, or for none, is signed, but said aloud and never clear. */
static enum cs_err put_chain(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                             const struct cs_td *td, bool *is_own, const char **why)
{
    const json_t *id = json_object_get(td->domain, "chainId");
    uint8_t word[WORD];

    *is_own = false;
    if (id == NULL) {
        return CS_OK;
    }
    CS_CHECK(cs_td_word(word, "uint256", id, why));
    for (size_t i = 0; i < WORD; i++) {
        if (i < WORD - 8 && word[i] != 0) {
            return bad(why, "EIP-712 domain's chain id is too large");
        }
        tx->chain_id = tx->chain_id << 8 | word[i];
    }
    if (tx->chain_id == 0) {
        return bad(why, "EIP-712 domain's chain id is zero");
    }
    *is_own = cs_evm_chain_of(key, tx->chain_id) == CS_EVM_CHAIN_OWN;
    return CS_OK;
}

static void add_quoted(struct cs_text *t, const char *before, const json_t *string)
{
    char shown[80];
    bool is_cut;

    if (string == NULL) {
        return;
    }
    is_cut = !cs_text_show(
        shown, sizeof shown,
        CS_SPAN(json_string_value(string), json_string_length(string)));
    for (char *c = strchr(shown, '"'); c != NULL; c = strchr(c, '"')) {
        *c = '\''; /* or a name could end early and tell of another contract */
    }
    cs_text_add(t, before);
    cs_text_add(t, "\"");
    cs_text_add(t, shown);
    cs_text_add(t, is_cut ? "...\"" : "\"");
}

static void write_domain(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                         const struct cs_td *td, bool is_own)
{
    struct cs_text t = cs_text_begin(tx->text, sizeof tx->text);

    cs_text_add(&t, "typed data "); /* kind may be cut */
    cs_text_add(&t, td->structs[td->primary].name);
    cs_text_add(&t, " signed by ");
    cs_text_add(&t, tx->signer);
    add_quoted(&t, " for ", json_object_get(td->domain, "name"));
    add_quoted(&t, " version ", json_object_get(td->domain, "version"));
    if (tx->contract[0] != '\0') {
        cs_text_add(&t, ", contract ");
        cs_text_add(&t, tx->contract);
    }
    if (tx->chain_id == 0) {
        cs_text_add(&t, ", NO CHAIN ID: valid on every chain");
        return;
    }
    cs_text_add(&t, ", chain id ");
    cs_text_add_u64(&t, tx->chain_id);
    if (!is_own) {
        cs_text_add(&t, cs_evm_chain_of(key, tx->chain_id) == CS_EVM_CHAIN_OTHER
                            ? ", ANOTHER BLOCKCHAIN than "
                            : ", which is not known as one of ");
        cs_text_add(&t, cs_chain_name(key->chain));
    }
}

/* ---- approvals --------------------------------------------------------------- */

#define DETAILS                                                                        \
    "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
#define PERMISSIONS "TokenPermissions(address token,uint256 amount)"

enum approval { NONE, ERC2612, DAI, ALLOWANCE, ALLOWANCES, TRANSFER, TRANSFERS };

static const struct known {
    enum approval kind;
    const char *type;
} known[] = {
    {ERC2612, "Permit(address owner,address spender,uint256 value,uint256 nonce,"
              "uint256 deadline)"},
    {DAI, "Permit(address holder,address spender,uint256 nonce,uint256 expiry,"
          "bool allowed)"},
    {ALLOWANCE, "PermitSingle(PermitDetails details,address spender,"
                "uint256 sigDeadline)" DETAILS},
    {ALLOWANCES, "PermitBatch(PermitDetails[] details,address spender,"
                 "uint256 sigDeadline)" DETAILS},
    {TRANSFER, "PermitTransferFrom(TokenPermissions permitted,address spender,"
               "uint256 nonce,uint256 deadline)" PERMISSIONS},
    {TRANSFERS, "PermitBatchTransferFrom(TokenPermissions[] permitted,address spender,"
                "uint256 nonce,uint256 deadline)" PERMISSIONS},
};

static enum approval approval_of(const struct cs_td *td)
{
    uint8_t hash[32];

    for (size_t i = 0; i < CS_COUNTOF(known); i++) {
        cs_keccak256(hash, CS_SPAN(known[i].type, strlen(known[i].type)));
        if (memcmp(hash, td->structs[td->primary].hash, sizeof hash) == 0) {
            return known[i].kind;
        }
    }
    return NONE;
}

/* Uniswap's Permit2: at the same address on every chain. */
static bool is_permit2(const struct cs_chain_tx *tx)
{
    return strcmp(tx->contract, "0x000000000022D473030F116dDEE9F6B43aC78BA3") == 0;
}

/* Whose tokens: a permit of somebody else's is no use to anybody. */
static enum cs_err check_owner(const struct cs_chain_tx *tx, const json_t *message,
                               const char *field, const char **why)
{
    char owner[CS_CHAIN_ADDRESS_MAX];

    get_address(owner, message, field);
    return strcmp(owner, tx->signer) == 0
               ? CS_OK
               : cs_chain_refuse(why, CS_ERR_CHAIN_SIGNER,
                                 "EIP-712 permit's owner is not the wallet");
}

static void put_erc2612(struct cs_chain_tx *tx, const json_t *m)
{
    get_number(tx->units, sizeof tx->units, m, "value", "uint256");
    get_number(tx->sequence, sizeof tx->sequence, m, "nonce", "uint256");
    get_time(tx->valid_until, m, "deadline", "uint256");
}

/* All or nothing, and 0 as the expiry means that there is none. */
static void put_dai(struct cs_chain_tx *tx, const json_t *m)
{
    uint8_t all[WORD];
    bool is_allowed = json_is_true(json_object_get(m, "allowed"));

    memset(all, is_allowed ? 0xff : 0, sizeof all);
    (void)cs_text_big(tx->units, sizeof tx->units, CS_SPAN_OF(all), 0);
    get_number(tx->sequence, sizeof tx->sequence, m, "nonce", "uint256");
    get_time(tx->valid_until, m, "expiry", "uint256");
    if (strcmp(tx->valid_until, "0") == 0) {
        (void)cs_text_copy(tx->valid_until, sizeof tx->valid_until, "never ends");
    }
}

/* One token of Permit2; several only in the text. */
static void put_token(struct cs_chain_tx *tx, const json_t *details, bool is_allowance)
{
    struct cs_text t = cs_text_resume(tx->text, sizeof tx->text);
    char end[32];

    get_address(tx->contract, details, "token");
    get_number(tx->units, sizeof tx->units, details, "amount",
               is_allowance ? "uint160" : "uint256");
    cs_text_add(&t, "; lets ");
    cs_text_add(&t, tx->to);
    cs_text_add(&t, is_allowance ? " move up to " : " move once up to ");
    cs_text_add(&t, tx->units);
    cs_text_add(&t, " units of ");
    cs_text_add(&t, tx->contract);
    if (is_allowance) {
        get_time(end, details, "expiration", "uint48");
        cs_text_add(&t, " until ");
        cs_text_add(&t, end);
    }
}

static void put_permit2(struct cs_chain_tx *tx, const json_t *m, enum approval kind)
{
    bool is_allowance = kind == ALLOWANCE || kind == ALLOWANCES;
    bool is_one = kind == ALLOWANCE || kind == TRANSFER;
    const json_t *list = json_object_get(m, is_allowance ? "details" : "permitted");

    if (is_one) {
        put_token(tx, list, is_allowance);
    }
    for (size_t i = 0; !is_one && i < json_array_size(list); i++) {
        put_token(tx, json_array_get(list, i), is_allowance);
    }
    if (!is_one) {
        memset(tx->contract, 0, sizeof tx->contract);
        memset(tx->units, 0, sizeof tx->units);
    }
    get_time(tx->valid_until, m, is_allowance ? "sigDeadline" : "deadline", "uint256");
    if (kind == ALLOWANCE) {
        get_number(tx->sequence, sizeof tx->sequence, list, "nonce", "uint48");
    } else if (!is_allowance) {
        get_number(tx->sequence, sizeof tx->sequence, m, "nonce", "uint256");
    }
}

static void write_permit(struct cs_chain_tx *tx)
{
    struct cs_text t = cs_text_resume(tx->text, sizeof tx->text);

    cs_text_add(&t, "; lets ");
    cs_text_add(&t, tx->to);
    cs_text_add(&t, " move up to ");
    cs_text_add(&t, tx->units);
    cs_text_add(&t, " units of ");
    cs_text_add(&t, tx->contract);
}

/* is_own: the domain names the wallet's chain. */
static enum cs_err put_approval(struct cs_chain_tx *tx, const struct cs_td *td,
                                bool is_own, const char **why)
{
    struct cs_text t;
    const json_t *m = td->message;
    enum approval kind = approval_of(td);
    bool is_token = kind == ERC2612 || kind == DAI; /* the contract is the token */
    bool at_permit2 = is_permit2(tx);

    tx->is_approval = kind != NONE || at_permit2;
    if (kind == NONE) {
        return CS_OK;
    }
    (void)cs_text_copy(tx->asset, sizeof tx->asset, "ERC20");
    get_address(tx->to, m, "spender");
    tx->is_clear = is_own && tx->contract[0] != '\0' && (is_token || at_permit2);
    if (is_token) {
        CS_CHECK(check_owner(tx, m, kind == DAI ? "holder" : "owner", why));
        if (kind == DAI) {
            put_dai(tx, m);
        } else {
            put_erc2612(tx, m);
        }
        write_permit(tx);
    } else {
        tx->is_clear = tx->is_clear && kind != ALLOWANCES && kind != TRANSFERS;
        put_permit2(tx, m, kind);
    }
    t = cs_text_resume(tx->text, sizeof tx->text);
    cs_text_add(&t, "; this signature can be used until ");
    cs_text_add(&t, tx->valid_until);
    return CS_OK;
}

/* ---- the whole --------------------------------------------------------------- */

static int dump(const char *text, size_t n, void *w)
{
    cs_wr_bytes(w, text, n);
    return 0;
}

/* The message itself, as compact JSON. */
static enum cs_err put_memo(struct cs_chain_tx *tx, const struct cs_td *td)
{
    struct cs_wr w = {0};
    enum cs_err err = CS_OK;

    if (json_dump_callback(td->message, dump, &w, JSON_COMPACT) != 0) {
        err = CS_ERR_NOMEM;
    }
    err = w.err != CS_OK ? w.err : err;
    if (err == CS_OK) {
        tx->is_memo_cut = !cs_text_show(tx->memo, sizeof tx->memo, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err;
}

static enum cs_err put_summary(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                               const struct cs_td *td, const char **why)
{
    struct cs_text kind = cs_text_begin(tx->kind, sizeof tx->kind);
    bool is_own;

    tx->n_instructions = 1;
    cs_text_add(&kind, "typed data ");
    cs_text_add(&kind, td->structs[td->primary].name);
    (void)cs_text_copy(tx->from, sizeof tx->from, tx->signer);
    if (json_object_get(td->domain, "verifyingContract") != NULL) {
        get_address(tx->contract, td->domain, "verifyingContract");
    }
    CS_CHECK(put_chain(tx, key, td, &is_own, why));
    write_domain(tx, key, td, is_own);
    CS_CHECK(put_approval(tx, td, is_own, why));
    return put_memo(tx, td);
}

enum cs_err cs_evm_typed_data(struct cs_chain_tx *tx, const struct cs_chain_key *key,
                              struct cs_span json, const char **why)
{
    struct cs_wr w = {.max = 128};
    uint8_t word[WORD];
    struct cs_td td;
    enum cs_err err;

    CS_TRY(cs_td_open(&td, json, why));
    cs_wr_bytes(&w, "\x19\x01", 2);
    CS_TRY(cs_td_hash_struct(word, &td, td.domain_at, td.domain, why));
    cs_wr_bytes(&w, word, sizeof word);
    CS_TRY(cs_td_hash_struct(word, &td, td.primary, td.message, why));
    cs_wr_bytes(&w, word, sizeof word);
    CS_TRY(put_summary(tx, key, &td, why));
    err = cs_chain_one_item(tx, key, CS_CHAIN_HASH_KECCAK256, &w);
out:
    cs_wr_free(&w);
    cs_td_close(&td);
    return err;
}
