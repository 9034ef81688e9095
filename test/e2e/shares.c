/* The secrets in a store, for test/e2e/hardening.sh, which looks for them elsewhere:
 *   shares DATA.MDB DEVICE_ID < 64 hex digits
 * prints "share HEX" for each share of the copy of a node's store. */
#include <stdio.h>
#include <string.h>

#include "base/os/random.h"
#include "crypto/group.h"
#include "node/core/tables.h"
#include "store/lmdb/kv_lmdb.h"
#include "store/safe.h"

static enum cs_err print(void *ctx, struct cs_span key, struct cs_span value)
{
    (void)ctx;
    (void)key;
    (void)printf("share ");
    for (size_t i = 0; i < value.n; i++) {
        (void)printf("%02x", value.p[i]);
    }
    (void)putchar('\n');
    return CS_OK;
}

static enum cs_err run(const char *path, const char *device, const char *hex,
                       struct cs_why *why)
{
    struct cs_kek kek;
    struct cs_safe_params params = {
        .device_id = device, .kek = &kek, .random = cs_os_random};
    struct cs_kv *kv = NULL;
    struct cs_db *db;
    struct cs_safe *safe = NULL;
    enum cs_err err;

    CS_CHECK(cs_crypto_init());
    CS_CHECK(cs_kek_parse(&kek, hex, "stdin", why));
    CS_CHECK(cs_kv_lmdb_open_copy(&kv, path, why));
    db = cs_db_new(kv);
    err = db == NULL ? CS_ERR_NOMEM : cs_safe_open(&safe, db, &params, why);
    if (err == CS_OK) {
        err = cs_safe_each(safe, TABLE_SHARE, print, NULL);
    }
    cs_safe_free(safe);
    cs_db_free(db);
    kv->ops->close(kv);
    return err;
}

int main(int argc, char **argv)
{
    struct cs_why why = {""};
    char hex[80] = "";
    enum cs_err err;

    if (argc != 3 || fgets(hex, sizeof hex, stdin) == NULL) {
        return 64;
    }
    hex[strcspn(hex, "\n")] = '\0';
    err = run(argv[1], argv[2], hex, &why);
    if (err != CS_OK) {
        (void)fprintf(stderr, "shares: %s %s\n", cs_err_text(err), why.text);
    }
    return err != CS_OK;
}
