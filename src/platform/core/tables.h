/* Where the platform's records are: tables of the kv, kinds of index and timer.
 *
 * A record is compact JSON under its 16-byte id.  Members with the API's names are
 * what the API shows; members that start with '_' are ours and never leave.
 * Numbers are on disk: append only. */
#ifndef CS_PLATFORM_CORE_TABLES_H
#define CS_PLATFORM_CORE_TABLES_H

enum {
    CS_PC_SCHEMA = 2, /* migrate.h has a step for each */

    CS_PC_META = 0x20,       /* text key: "head" */
    CS_PC_CREDENTIAL = 0x21, /* id -> V2Credential, _hash */
    CS_PC_USER = 0x22,       /* id -> V2User, _password, _totp, _recovery, _enrol */
    CS_PC_DEVICE = 0x23,     /* id -> V2Device, _ik, _sk, _pairing */
    CS_PC_QUORUM = 0x24,     /* id -> V2Quorum, _members, _ds */
    CS_PC_SET = 0x25,        /* id -> session set: type, quorum, what it is for */
    CS_PC_VAULT = 0x26,      /* id -> V2Vault */
    CS_PC_WALLET = 0x27,     /* id -> Vaultv2Wallet, _key */
    CS_PC_TX = 0x28,         /* id -> Transactionsv2Transaction, _sign */
    CS_PC_STEP = 0x29,       /* tx id, u32 -> timeline entry */
    CS_PC_OUTBOX = 0x2a,     /* device id, u64 -> u64 expiry, command frame */
    CS_PC_INBOX = 0x2b,      /* device id -> boot 32, u64 last event */
    CS_PC_INDEX = 0x2c,      /* kind, scope 16, u64 order -> id */
    CS_PC_COUNT = 0x2d,      /* kind, scope 16 -> u64 entries of that index */
    CS_PC_TIMER = 0x2e,      /* u64 wall ms, kind, id -> nothing */
    CS_PC_IDEM = 0x2f,       /* digest 16 -> answer of a POST */
    CS_PC_UNIQUE = 0x30,     /* kind, digest 16 -> id: external ids, client ids */
    CS_PC_SESSION = 0x31,    /* id -> session of a user, _hash */
    CS_PC_AUDIT = 0x32,      /* u64 number -> hash 32, record (audit.h) */
    CS_PC_WEBHOOK = 0x33,    /* id -> V2Webhook, subscriptions, _key */
    CS_PC_DELIVERY = 0x34,   /* id -> one event on its way to one webhook */
    CS_PC_HOOKQ = 0x35,      /* webhook, object, u64 order -> delivery, u64 due ms */
    CS_PC_GROUP = 0x37,      /* id -> approval group (approvals.h) */
    CS_PC_APPROVAL = 0x38,   /* id -> approval set, _votes */
    CS_PC_LIMIT = 0x3a,      /* id -> V2WalletLimit */
    CS_PC_SPENT = 0x3b,      /* limit id, u64 slot -> amount (limit_spent.h) */
    CS_PC_PARTY = 0x3c,      /* id -> V2Counterparty */
    CS_PC_ADDRESS = 0x3d,    /* id -> Counterpartyv2Address, _keys */
    CS_PC_STRATEGY = 0x43,   /* id -> V2BackupStrategy */
    CS_PC_VOUCH = 0x40,      /* u64 seq, device id -> countersignature */
    CS_PC_VOUCHED = 0x41,    /* device id -> u64 seq of its newest */
    CS_PC_VOUCH_KEPT = 0x42, /* u64 thousand -> u8 kept for ever (countersign.h) */
    CS_PC_STAT = 0x3f,       /* counters and who is counted (overview.h) */
};

enum cs_pc_index {
    CS_IX_DEVICES = 1,
    CS_IX_QUORUMS = 2,
    CS_IX_CREDENTIALS = 3,
    CS_IX_SETS = 4, /* scope: quorum */
    CS_IX_VAULTS = 5,
    CS_IX_VAULTS_CORR = 6, /* scope: correlation id */
    CS_IX_WALLETS = 7,
    CS_IX_WALLETS_VAULT = 8,
    CS_IX_WALLETS_ADDR = 9,
    CS_IX_WALLETS_CORR = 10,
    CS_IX_WALLETS_CHAIN = 11,
    CS_IX_TXS = 12,      /* scope: wallet */
    CS_IX_TXS_CORR = 13, /* scope: wallet, correlation id */
    CS_IX_DEVICE_QUORUMS = 14,
    CS_IX_ACTIVE = 15, /* scope: quorum; transactions that wait for a signature */
    CS_IX_USERS = 16,
    CS_IX_OWNERS = 17,   /* users that are active owners: one always stays */
    CS_IX_SESSIONS = 18, /* scope: user */
    CS_IX_WEBHOOKS = 20,
    CS_IX_DELIVERIES = 21,      /* scope: webhook */
    CS_IX_DELIVERIES_DONE = 22, /* scope: webhook; finished ones */
    CS_IX_DELIVERIES_ALL = 23,  /* finished ones of all webhooks */
    CS_IX_GROUPS = 30,
    CS_IX_APPROVALS = 31,       /* scope: status, or "" for all */
    CS_IX_APPROVALS_GROUP = 32, /* scope: group; open ones */
    CS_IX_LIMITS = 40,
    CS_IX_LIMITS_WALLET = 41,
    CS_IX_PARTIES = 42,
    CS_IX_ADDRESSES = 43,
    CS_IX_ADDRESSES_PARTY = 44,
    CS_IX_ADDRESSES_TEXT = 45,  /* scope: the address in its one spelling */
    CS_IX_ADDRESSES_CHAIN = 46, /* scope: blockchain; only enabled ones */
    CS_IX_TAGGED_VAULTS = 47,
    CS_IX_TAGGED_WALLETS = 48, /* scope: vault, or "" for all */
    CS_IX_STRATEGIES = 49,
    CS_IX_TXS_ALL = 50,       /* of all wallets */
    CS_IX_TXS_ALL_CORR = 51,  /* scope: correlation id */
    CS_IX_OV_DEVICES = 60,    /* what the overview names: wait for approval */
    CS_IX_OV_QUORUMS = 61,    /* members still join */
    CS_IX_OV_CHEATS = 62,     /* quorums with a quarantined pair */
    CS_IX_AUDIT_REFUSED = 70, /* devices that refuse the audit log */
};

enum cs_pc_timer {
    CS_TIMER_QUORUM = 1,      /* join time is over */
    CS_TIMER_KEY = 2,         /* attempt or life of a key creation */
    CS_TIMER_TX = 3,          /* attempt, pause or life of a signing request */
    CS_TIMER_IDEM = 4,        /* forget an idempotency key */
    CS_TIMER_SESSION = 5,     /* idle or old */
    CS_TIMER_HOOK_PURGE = 10, /* what a deleted webhook leaves goes in pieces */
    CS_TIMER_APPROVAL = 15,   /* time to decide is over */
    CS_TIMER_RECOUNT = 16,    /* open sets of a group are counted anew */
    CS_TIMER_HELD = 17,       /* a frozen request has waited long enough */
};

enum cs_pc_unique {
    CS_UNIQUE_CLIENT = 1,
    CS_UNIQUE_VAULT = 2,  /* external id */
    CS_UNIQUE_WALLET = 3, /* external id */
    CS_UNIQUE_TX = 4,     /* wallet id, external id */
    CS_UNIQUE_KEY = 5,    /* key id -> wallet id */
    CS_UNIQUE_EMAIL = 6,
    CS_UNIQUE_SESSION = 7,   /* digest of a cookie */
    CS_UNIQUE_ENROL = 8,     /* digest of an invitation's token */
    CS_UNIQUE_GROUP = 20,    /* source, wallet id or "" -> group */
    CS_UNIQUE_APPROVAL = 21, /* source, object id -> its open set */
    CS_UNIQUE_ADDRESS = 30,  /* blockchain, address in its one spelling */
};

#endif
