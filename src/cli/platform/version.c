/* cloudsign-platform version: which program is this, over which libraries? */
#include <elf.h>
#include <jansson.h>
#include <libwebsockets.h>
#include <link.h>
#include <lmdb.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "base/text.h"
#include "cli/platform/cli.h"

enum { ID_MAX = 32, NOTE_GNU_BUILD_ID = 3 };

struct build_id {
    uint8_t bytes[ID_MAX];
    size_t n;
};

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* The linker's digest of this very program, out of its own notes. */
static void read_notes(struct build_id *id, const uint8_t *p, size_t left)
{
    ElfW(Nhdr) h;

    while (left >= sizeof h) {
        size_t name, desc;

        memcpy(&h, p, sizeof h);
        name = padded(h.n_namesz);
        desc = padded(h.n_descsz);
        if (name > left || desc > left || sizeof h + name + desc > left) {
            return;
        }
        if (h.n_type == NOTE_GNU_BUILD_ID && h.n_namesz == 4 &&
            memcmp(p + sizeof h, "GNU", 4) == 0 && h.n_descsz <= ID_MAX) {
            memcpy(id->bytes, p + sizeof h + name, h.n_descsz);
            id->n = h.n_descsz;
            return;
        }
        p += sizeof h + name + desc;
        left -= sizeof h + name + desc;
    }
}

/* The program itself comes first. */
static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

        if (ph->p_type == PT_NOTE) {
            read_notes(ctx, (const uint8_t *)(info->dlpi_addr + ph->p_vaddr),
                       ph->p_memsz);
        }
    }
    return 1;
}

int cli_version(void)
{
    struct build_id id = {.n = 0};
    char hex[2 * ID_MAX + 1] = "unknown";

    (void)dl_iterate_phdr(look, &id);
    if (id.n > 0) {
        (void)cs_hex(hex, id.bytes, id.n);
    }
    (void)printf("cloudsign-platform %s\nbuild %s\n", CS_VERSION, hex);
    (void)printf("libwebsockets %s\nlibuv %s\n%s\n%s\nlibsodium %s\njansson %s\n",
                 lws_get_library_version(), uv_version_string(),
                 OpenSSL_version(OPENSSL_VERSION), mdb_version(NULL, NULL, NULL),
                 sodium_version_string(), jansson_version_str());
    return 0;
}
