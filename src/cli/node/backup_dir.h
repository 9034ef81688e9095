/* The folder of a backup.
 *
 *   backup.json   what it is a backup of, and the hash of SHA256SUMS
 *   SHA256SUMS    every other file, as sha256sum(1) has it
 *   store.mdb     the copy of the store, sealed as the store is
 *   *.kit         a kit of each key: <key id>-e<epoch>-<party>.kit
 *
 * Written as DIR.partial, made durable, then renamed: DIR is a whole backup or none. */
#ifndef CS_CLI_NODE_BACKUP_DIR_H
#define CS_CLI_NODE_BACKUP_DIR_H

#include <jansson.h>
#include <stdio.h>

#include "base/why.h"
#include "base/wr.h"
#include "crypto/sha256.h"
#include "mpc/kit.h"

enum { BD_PATH_CAP = 1024, BD_NAME_CAP = 96 };

#define BD_HEAD  "backup.json"
#define BD_SUMS  "SHA256SUMS"
#define BD_STORE "store.mdb"

/* ---- writing: failures are told */

struct bd_out {
    char dir[BD_PATH_CAP], part[BD_PATH_CAP];
    int fd;                      /* of part, locked; -1: none */
    FILE *sums;                  /* part/SHA256SUMS */
    struct cs_sha256_state hash; /* of it */
    uint64_t files;
};

/* EXISTS when DIR holds anything, or DIR.partial is not this user's alone; LIMIT when
 * another backup is writing it. */
enum cs_err bd_begin(struct bd_out *o, const char *dir) CS_MUST_USE;
enum cs_err bd_put(struct bd_out *o, const char *name, struct cs_span data) CS_MUST_USE;
/* A file that the caller writes and closes, then its line. */
int bd_create(struct bd_out *o, const char *name);
enum cs_err bd_created(struct bd_out *o, const char *name, const uint8_t hash[32])
    CS_MUST_USE;
/* Adds "files" and "sums" to head, which stays the caller's; then all is durable and
 * DIR is there. */
enum cs_err bd_finish(struct bd_out *o, json_t *head) CS_MUST_USE;
void bd_drop(struct bd_out *o); /* removes what is not finished; always the last call */

/* ---- reading: failures are told */

struct bd_in {
    const char *dir;
    json_t *head;
    bool has_store;
    uint8_t store_hash[32];
    uint64_t files, bytes;
    /* NULL, or called for each kit, by its path. */
    enum cs_err (*kit)(void *ctx, const char *path);
    void *ctx;
};

bool bd_is_one(const char *dir); /* has a backup.json */
/* Reads backup.json and SHA256SUMS and hashes every file that it names; kits are
 * handed to in->kit too.  all: else only the store's copy is hashed.  NOT_FOUND,
 * STORE_VERSION, STORE_CORRUPT with the name of the file. */
enum cs_err bd_check(struct bd_in *in, const char *dir, bool all) CS_MUST_USE;
void bd_free(struct bd_in *in);

/* The file's name for this kit. */
const char *bd_kit_name(char out[BD_NAME_CAP], const struct cs_kit_head *h);
/* "dir/name" or "" when it does not fit. */
const char *bd_path(char out[BD_PATH_CAP], const char *dir, const char *name);
enum cs_err bd_hash_fd(uint8_t out[32], int fd, uint64_t *bytes) CS_MUST_USE;
/* One line on stderr, renewed on a terminal, else at each tenth. */
void bd_progress(const char *what, uint64_t done, uint64_t total, const char *unit);

#endif
