/* Who may do what: one table for API credentials and for users (RELIABILITY T35: deny
 * by default).
 *
 * X(NAME, "word", CATEGORY, roles, "what it allows").  A credential holds words of this
 * list, or "*" for all of them; a user holds the rights of each of his roles.  roles
 * are letters: O owner, A administrator, P proposer, V approver, U auditor; ALL:
 * viewers too.  | STEP: a user who changes something by it has proven within the last
 * minutes that he is there (step_up.c): for what gives power away, and for what cannot
 * be undone.  Words without it may still want it for some values: rest_wallets.c,
 * allow_list.c, rest_devices.c.
 * Nobody hands out or touches what he does not have himself.  The table is shown in
 * src/platform/README.md; test_platform_core_matrix holds page, table, routes and
 * answers against each other. */
#ifndef CS_PLATFORM_CORE_PERM_H
#define CS_PLATFORM_CORE_PERM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* clang-format off */
#define CS_PC_PERM_MAP(X) \
    X(ORGANIZATION_READ,  "organization.read",      CONTROLS,     ALL,  "read the organisation") \
    X(USERS_READ,         "users.read",             CONTROLS,     OAU,  "list users") \
    X(USERS_MANAGE,       "users.manage",           CONTROLS,     OA | STEP, "invite, change, block and delete users, and reset how they sign in") \
    X(OWNERS_MANAGE,      "owners.manage",          CONTROLS,     O | STEP, "the same for owners") \
    X(CREDENTIALS_READ,   "credentials.read",       CONTROLS,     OAU,  "list API credentials") \
    X(CREDENTIALS_MANAGE, "credentials.manage",     CONTROLS,     OA | STEP, "create, change and delete API credentials") \
    X(DEVICES_READ,       "devices.read",           CONTROLS,     ALL,  "list devices") \
    X(DEVICES_CREATE,     "devices.create",         CONTROLS,     OAPV, "create devices and take their pairing keys") \
    X(DEVICES_UPDATE,     "devices.update",         CONTROLS,     OA,   "rename, enable and disable devices") \
    X(DEVICES_APPROVE,    "devices.approve",        CONTROLS,     OA | STEP, "approve or reject devices") \
    X(DEVICES_DELETE,     "devices.delete",         CONTROLS,     OA | STEP, "delete devices") \
    X(QUORUMS_READ,       "quorums.read",           CONTROLS,     ALL,  "list quorums, memberships and sessions") \
    X(QUORUMS_CREATE,     "quorums.create",         CONTROLS,     OAP,  "create quorums") \
    X(QUORUMS_CONFIRM,    "quorums.confirm",        CONTROLS,     OA | STEP, "confirm the words of a quorum") \
    X(QUORUMS_DELETE,     "quorums.delete",         CONTROLS,     OA | STEP, "delete quorums that are not confirmed") \
    X(VAULTS_READ,        "vaults.read",            WALLETS,      ALL,  "list vaults") \
    X(VAULTS_WRITE,       "vaults.write",           WALLETS,      OAP,  "create and change vaults") \
    X(WALLETS_READ,       "wallets.read",           WALLETS,      ALL,  "list wallets") \
    X(WALLETS_CREATE,     "wallets.create",         WALLETS,      OAP,  "create wallets") \
    X(WALLETS_UPDATE,     "wallets.update",         WALLETS,      OAP,  "rename wallets") \
    X(WALLETS_SETTINGS,   "wallets.settings",       WALLETS,      OA,   "enable wallets, raw and blind signing") \
    X(TX_READ,            "transactions.read",      TRANSACTIONS, ALL,  "list transactions") \
    X(TX_RAW,             "transactions.raw",       TRANSACTIONS, OAP,  "request signatures of transactions") \
    X(TX_PLAINTEXT,       "transactions.plaintext", TRANSACTIONS, OAP,  "request signatures of messages") \
    X(TX_TYPED_DATA,      "transactions.typed-data", TRANSACTIONS, OAP,  "request signatures of EIP-712 documents, which may give assets away") \
    X(TX_DIGEST,          "transactions.digest",    TRANSACTIONS, OAP,  "request blind signatures of digests") \
    X(TX_FREEZE,          "transactions.freeze",    TRANSACTIONS, OAV,  "freeze and unfreeze requests") \
    X(APPROVALS_READ,     "approvals.read",         CONTROLS,     OAPVU, "list approvals, approval groups and eligible approvers") \
    X(APPROVALS_DECIDE,   "approvals.decide",       CONTROLS,     OAV | STEP, "be an approver: approve or reject what others ask for") \
    X(GROUPS_MANAGE,      "approval-groups.manage", CONTROLS,     OA | STEP, "change approval groups") \
    X(POLICIES_READ,      "policies.read",          CONTROLS,     ALL,  "list limits of wallets and where they may pay to") \
    X(POLICIES_MANAGE,    "policies.manage",        CONTROLS,     OA | STEP, "create and delete limits of wallets, and switch their allow list") \
    X(COUNTERPARTIES_READ, "counterparties.read",   CONTROLS,     ALL,  "read the address book") \
    X(COUNTERPARTIES_MANAGE, "counterparties.manage", CONTROLS,   OAP,  "change the address book") \
    X(STRATEGIES_READ,    "backup-strategies.read", CONTROLS,     ALL,  "list backup strategies") \
    X(STRATEGIES_MANAGE,  "backup-strategies.manage", CONTROLS,   O | STEP, "create backup strategies") \
    X(WEBHOOKS_READ,      "webhooks.read",          CONTROLS,     OAU,  "list webhooks and what was delivered") \
    X(WEBHOOKS_MANAGE,    "webhooks.manage",        CONTROLS,     OA | STEP, "create, change, test and delete webhooks, and deliver again") \
    X(AUDIT_READ,         "audit.read",             AUDIT,        OAU,  "read the audit log, timelines and receipts")
/* clang-format on */

enum cs_pc_perm {
#define CS_PC_PERM_ENUM(name, word, category, roles, text) CS_PERM_##name,
    CS_PC_PERM_MAP(CS_PC_PERM_ENUM)
#undef CS_PC_PERM_ENUM
        CS_PERM_COUNT,
    CS_PERM_ANY = CS_PERM_COUNT, /* any active credential or signed-in user */
    CS_PERM_USER,                /* any signed-in user: what is his own */
    CS_PERM_OPEN,                /* nobody yet: a secret of the body is the key */
    CS_PERM_SIGN_IN,             /* the same for browsers: not from foreign pages */
};

/* The vendor's V2Role. */
enum cs_role {
    CS_ROLE_OWNER,
    CS_ROLE_ADMINISTRATOR,
    CS_ROLE_PROPOSER,
    CS_ROLE_APPROVER,
    CS_ROLE_AUDITOR,
    CS_ROLE_VIEWER,
    CS_ROLE_COUNT,
};

const char *cs_role_word(enum cs_role role);
bool cs_role_parse(enum cs_role *role, const char *word);
/* One cell of the table; also for ANY and USER. */
bool cs_role_has(enum cs_role role, enum cs_pc_perm p);
/* Does one of the roles (words) have it? */
bool cs_roles_have(const json_t *roles, enum cs_pc_perm p);

/* Do writes by this word want a step-up of a user's session? */
bool cs_perm_wants_step_up(enum cs_pc_perm p);

/* Does the array of words have "*"? */
bool cs_pc_perm_all(const json_t *words);
const char *cs_pc_perm_word(enum cs_pc_perm p);
bool cs_pc_perm_known(const char *word);                     /* also "*" */
bool cs_pc_perm_parse(enum cs_pc_perm *p, const char *word); /* "*" is none */
/* Does the array of words allow p? */
bool cs_pc_perm_in(const json_t *words, enum cs_pc_perm p);
/* V2ListVariantsResponse: {wallets, transactions, controls, audit}: word -> text; ours:
 * roles: {OWNER: [words] ..}, what each role may. */
json_t *cs_pc_perm_variants(void);

#endif
