#include "store/lmdb/copy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "crypto/sha256.h"
#include "store/lmdb/kv_lmdb.h"

enum { CHUNK = 256 << 10 };

struct copy {
    const struct cs_lmdb_pin *pin;
    cs_lmdb_sink *sink;
    void *ctx;
    struct cs_sha256_state hash;
};

static enum cs_err give(struct copy *c, const uint8_t *p, size_t n)
{
    cs_sha256_update(&c->hash, p, n);
    return c->sink(c->ctx, CS_SPAN(p, n), c->pin->bytes);
}

/* Pages that no commit ever wrote may lie behind the end of the file: zeros. */
static enum cs_err read_at(int fd, uint8_t *p, size_t n, uint64_t at)
{
    while (n != 0) {
        ssize_t got = pread(fd, p, n, (off_t)at);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return CS_ERR_STORE_IO;
        }
        if (got == 0) {
            memset(p, 0, n);
            return CS_OK;
        }
        p += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return CS_OK;
}

static enum cs_err pages(struct copy *c)
{
    uint8_t *chunk = cs_alloc(CHUNK);
    uint64_t at = c->pin->metas.n;
    enum cs_err err = chunk == NULL ? CS_ERR_NOMEM : CS_OK;

    while (err == CS_OK && at < c->pin->bytes) {
        uint64_t left = c->pin->bytes - at;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;

        err = read_at(c->pin->fd, chunk, n, at);
        if (err == CS_OK) {
            err = give(c, chunk, n);
        }
        at += n;
    }
    cs_free(chunk);
    return err;
}

enum cs_err cs_lmdb_copy(struct cs_kv *kv, cs_lmdb_sink *sink, void *ctx,
                         uint8_t hash[32])
{
    struct cs_lmdb_pin pin;
    struct copy c = {.pin = &pin, .sink = sink, .ctx = ctx};
    enum cs_err err;

    CS_CHECK(cs_kv_lmdb_pin(kv, &pin));
    cs_sha256_start(&c.hash);
    err = give(&c, pin.metas.p, pin.metas.n);
    if (err == CS_OK) {
        err = pages(&c);
    }
    cs_kv_lmdb_unpin(kv, &pin);
    cs_sha256_final(&c.hash, hash);
    return err;
}
