/* Tables of a node's sealed store; formats in src/store/README.md and this folder. */
#ifndef CS_NODE_CORE_TABLES_H
#define CS_NODE_CORE_TABLES_H

enum {
    TABLE_SELF = 0x20,      /* "identity", "boot", "platform", counts */
    TABLE_QUORUM = 0x21,    /* quorum id */
    TABLE_SEEN = 0x22,      /* quorum id, index: struct cs_peer_seen */
    TABLE_BLAME = 0x23,     /* quorum id, index: struct peer_record */
    TABLE_KEY = 0x24,       /* key id: public part and KEYINFO */
    TABLE_SHARE = 0x25,     /* key id: the share */
    TABLE_WORK = 0x26,      /* request id: an open request */
    TABLE_OUTBOX = 0x27,    /* event id */
    TABLE_GONE = 0x28,      /* key id: C of a key that this node aborted for ever */
    TABLE_SIGS = 0x29,      /* request id: a result with more than one signature */
    TABLE_SIGS_RING = 0x2a, /* u32 slot: request id of one of the newest of them */
    TABLE_DEVICE = 0x2b,    /* device id of a peer: struct device */
    TABLE_OT = 0x2c,        /* quorum id: its pairs need OT setups */
    TABLE_NO_KIT = 0x2d,    /* key id: no backup kit of its epoch exists */
    TABLE_SPENT = 0x2e,     /* key id, asset, minute: policy/ledger.h */
};

#endif
