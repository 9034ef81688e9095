/* Hash-chained journal of every request a node works on (PROTOCOLS 6.3,
 * DECISIONS 12): INTENT before a share leaves, RESULT before release.
 *
 * Final format in src/store/README.md.  Entry n holds the hash of entry n-1, and
 * head = (seq, hash) is what IK signs for peers, so a restored or forked volume shows.
 * A request id stands for one (reqh, digest) for ever.  Writes go through the safe:
 * they are durable when the step's batch is.  Thread: loop. */
#ifndef CS_STORE_JOURNAL_H
#define CS_STORE_JOURNAL_H

#include "store/safe.h"

enum {
    CS_TABLE_JOURNAL = 0x10,       /* entries, key = u64 seq */
    CS_TABLE_JOURNAL_INDEX = 0x11, /* key = request id */
    CS_TABLE_JOURNAL_HEAD = 0x12,  /* key = "head" */
    CS_JOURNAL_PATH_MAX = 10,
    CS_JOURNAL_SIGNERS_MAX = 7,
    CS_JOURNAL_SIG_MAX = 96,
    CS_JOURNAL_WORD_MAX = 40,
};

enum cs_journal_kind {
    CS_JOURNAL_INTENT = 1,
    CS_JOURNAL_RESULT = 2,
};

enum cs_journal_op {
    CS_JOURNAL_SIGN = 1,
    CS_JOURNAL_KEYGEN = 2,
    CS_JOURNAL_CHECK = 3, /* the pair's check signature of a new key */
};

/* Plain data, no secrets.  What does not apply stays zero. */
struct cs_journal_entry {
    uint64_t seq;     /* set by append: 1, 2, .. */
    uint8_t prev[32]; /* set by append: hash of the entry before, zero for the first */
    enum cs_journal_kind kind; /* set by append */
    enum cs_journal_op op;
    int64_t wall_ms;
    uint8_t request_id[16];
    uint32_t attempt;
    uint8_t reqh[32];
    uint8_t digest[32]; /* h, or TH/SHA-256 of the message where the scheme hashes */
    uint8_t key_id[16];
    uint32_t epoch;
    uint32_t path[CS_JOURNAL_PATH_MAX];
    uint8_t n_path;
    uint8_t scheme; /* the caller's number for curve and scheme */
    uint8_t signers[CS_JOURNAL_SIGNERS_MAX];
    uint8_t n_signers;
    uint8_t use_id[32];                     /* sid, presid or hash of the pool id */
    uint8_t peer;                           /* index of the other signer, 0: none */
    char outcome[CS_JOURNAL_WORD_MAX + 1];  /* RESULT: public reason, "OK" */
    char decision[CS_JOURNAL_WORD_MAX + 1]; /* policy decision id */
    uint8_t signature[CS_JOURNAL_SIG_MAX];
    uint8_t signature_len;
};

struct cs_journal_head {
    uint64_t seq; /* 0: empty */
    uint8_t hash[32];
};

/* What is known of a request id. */
struct cs_journal_request {
    uint8_t reqh[32], digest[32];
    uint64_t first_seq, last_seq; /* first and last entry of this request */
    uint64_t intent_seq;          /* last INTENT, 0: none */
    uint64_t ok_seq;              /* the RESULT "OK", 0: none yet */
    uint32_t n_intents, n_results;
};

struct cs_journal;

/* Loads the head (an absent one is an empty journal).  Borrows s.  STORE_CORRUPT when
 * head and last entry do not agree. */
enum cs_err cs_journal_open(struct cs_journal **out, struct cs_safe *s) CS_MUST_USE;
void cs_journal_free(struct cs_journal *j); /* NULL allowed */
struct cs_journal_head cs_journal_head(const struct cs_journal *j);

/* Append an entry, O(1).  Only fields of the request are read from e; seq, prev and
 * kind are filled in.
 *   REQUEST_CONFLICT  the id stands for another reqh or digest
 *   EXISTS            the request has its OK result: answer with that one
 *   STATE             RESULT "OK" without an INTENT
 *   USAGE             a field out of range */
enum cs_err cs_journal_intent(struct cs_journal *j, struct cs_journal_entry *e)
    CS_MUST_USE;
enum cs_err cs_journal_result(struct cs_journal *j, struct cs_journal_entry *e)
    CS_MUST_USE;
/* The same check without writing: CS_OK also when the id is new. */
enum cs_err cs_journal_check(struct cs_journal *j, const uint8_t request_id[16],
                             const uint8_t reqh[32], const uint8_t digest[32])
    CS_MUST_USE;

/* NOT_FOUND when the id was never seen. */
enum cs_err cs_journal_find(struct cs_journal *j, const uint8_t request_id[16],
                            struct cs_journal_request *out) CS_MUST_USE;
/* The stored OK result; NOT_FOUND when there is none (yet). */
enum cs_err cs_journal_stored(struct cs_journal *j, const uint8_t request_id[16],
                              struct cs_journal_entry *out) CS_MUST_USE;
enum cs_err cs_journal_read(struct cs_journal *j, uint64_t seq,
                            struct cs_journal_entry *out) CS_MUST_USE;

/* Follows the chain over entries [from, head] (1: all of it); STORE_CORRUPT, and
 * *bad the entry, when it breaks. */
enum cs_err cs_journal_verify(struct cs_journal *j, uint64_t from, uint64_t *bad)
    CS_MUST_USE;

/* TH("journal/head"; device id, u64 seq, hash): what IK signs. */
void cs_journal_head_hash(uint8_t out[32], const char *device_id,
                          const struct cs_journal_head *head);

/* The entry's bytes and their hash TH("journal"; bytes): for tests and auditors. */
void cs_journal_encode(struct cs_wr *w, const struct cs_journal_entry *e);
enum cs_err cs_journal_decode(struct cs_journal_entry *out, struct cs_span in)
    CS_MUST_USE;

#endif
