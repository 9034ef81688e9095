/* Permissions of API credentials: one table (RELIABILITY T35: deny by default).
 *
 * X(NAME, "word", CATEGORY, "what it allows").  A credential holds words of this list,
 * or "*" for all of them; it can hand out only what it has itself. */
#ifndef CS_PLATFORM_CORE_PERM_H
#define CS_PLATFORM_CORE_PERM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define CS_PC_PERM_MAP(X)                                                                \
    X(ORGANIZATION_READ,  "organization.read",      CONTROLS,     "read the organisation")          \
    X(CREDENTIALS_READ,   "credentials.read",       CONTROLS,     "list API credentials")           \
    X(CREDENTIALS_MANAGE, "credentials.manage",     CONTROLS,     "create, change and delete API credentials") \
    X(DEVICES_READ,       "devices.read",           CONTROLS,     "list devices")                   \
    X(DEVICES_CREATE,     "devices.create",         CONTROLS,     "create devices and take their pairing keys") \
    X(DEVICES_UPDATE,     "devices.update",         CONTROLS,     "rename, enable and disable devices") \
    X(DEVICES_APPROVE,    "devices.approve",        CONTROLS,     "approve or reject devices")      \
    X(DEVICES_DELETE,     "devices.delete",         CONTROLS,     "delete devices")                 \
    X(QUORUMS_READ,       "quorums.read",           CONTROLS,     "list quorums, memberships and sessions") \
    X(QUORUMS_CREATE,     "quorums.create",         CONTROLS,     "create quorums")                 \
    X(QUORUMS_CONFIRM,    "quorums.confirm",        CONTROLS,     "confirm the words of a quorum")  \
    X(QUORUMS_DELETE,     "quorums.delete",         CONTROLS,     "delete quorums that are not confirmed") \
    X(VAULTS_READ,        "vaults.read",            WALLETS,      "list vaults")                    \
    X(VAULTS_WRITE,       "vaults.write",           WALLETS,      "create and change vaults")       \
    X(WALLETS_READ,       "wallets.read",           WALLETS,      "list wallets")                   \
    X(WALLETS_CREATE,     "wallets.create",         WALLETS,      "create wallets")                 \
    X(WALLETS_UPDATE,     "wallets.update",         WALLETS,      "rename wallets")                 \
    X(WALLETS_SETTINGS,   "wallets.settings",       WALLETS,      "enable wallets, raw and blind signing") \
    X(TX_READ,            "transactions.read",      TRANSACTIONS, "list transactions")              \
    X(TX_RAW,             "transactions.raw",       TRANSACTIONS, "request signatures of transactions") \
    X(TX_PLAINTEXT,       "transactions.plaintext", TRANSACTIONS, "request signatures of messages") \
    X(TX_TYPED_DATA,      "transactions.typed-data", TRANSACTIONS, "request signatures of EIP-712 documents, which may give assets away") \
    X(TX_DIGEST,          "transactions.digest",    TRANSACTIONS, "request blind signatures of digests") \
    X(AUDIT_READ,         "audit.read",             AUDIT,        "read timelines and receipts")
/* clang-format on */

enum cs_pc_perm {
#define CS_PC_PERM_ENUM(name, word, category, text) CS_PERM_##name,
    CS_PC_PERM_MAP(CS_PC_PERM_ENUM)
#undef CS_PC_PERM_ENUM
        CS_PERM_COUNT,
    CS_PERM_ANY = CS_PERM_COUNT, /* any active credential */
    CS_PERM_OPEN,                /* no credential: token, setup */
};

const char *cs_pc_perm_word(enum cs_pc_perm p);
bool cs_pc_perm_known(const char *word); /* also "*" */
/* Does the array of words allow p? */
bool cs_pc_perm_in(const json_t *words, enum cs_pc_perm p);
/* Is every word of `asked` allowed by `held`?  *missing is the first that is not. */
bool cs_pc_perm_covers(const json_t *held, const json_t *asked, const char **missing);
/* V2ListVariantsResponse: {wallets, transactions, controls, audit}: word -> text. */
json_t *cs_pc_perm_variants(void);

#endif
