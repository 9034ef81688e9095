/* main() of a fuzz target in builds without libFuzzer: offers every file of the given
 * folders, each file cut at every byte and with every byte changed, and some thousand
 * inputs from a fixed generator.  Finds nothing new; keeps what was found from coming
 * back, with any compiler and any sanitizer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 16, MADE = 4096, MADE_MAX = 300, MUTATE_MAX = 2048 };

static unsigned long offered;

/* A heap copy of the exact size, so that a sanitizer sees one byte too many. */
static void offer(const uint8_t *data, size_t size)
{
    uint8_t *copy = cs_alloc(size + 1);

    if (copy == NULL) {
        abort();
    }
    copy[size] = 0xa5;
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    cs_free(copy);
    offered++;
}

static void offer_changed(uint8_t *data, size_t size)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};

    for (size_t i = 0; i < size; i++) {
        offer(data, i);
        for (size_t m = 0; m < sizeof masks; m++) {
            data[i] ^= masks[m];
            offer(data, size);
            data[i] ^= masks[m];
        }
    }
}

static int replay_file(const char *path)
{
    static uint8_t data[FILE_MAX];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        return 1;
    }
    n = fread(data, 1, sizeof data, f);
    fclose(f);
    offer(data, n);
    if (n <= MUTATE_MAX) {
        offer_changed(data, n);
    }
    return 0;
}

static int replay_folder(const char *folder)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    int bad = 0;

    if (d == NULL) {
        fprintf(stderr, "replay: cannot open %s\n", folder);
        return 1;
    }
    while ((e = readdir(d)) != NULL) {
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);

        if (e->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof path) {
            continue;
        }
        bad |= replay_file(path);
    }
    closedir(d);
    return bad;
}

/* xorshift64: the same inputs on every machine. */
static void offer_made(void)
{
    uint64_t x = 0x9e3779b97f4a7c15u;
    uint8_t data[MADE_MAX];

    for (unsigned i = 0; i < MADE; i++) {
        size_t size = i % MADE_MAX;

        for (size_t j = 0; j < size; j++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            data[j] = (uint8_t)x;
        }
        offer(data, size);
    }
}

int main(int argc, char **argv)
{
    int bad = 0;

    offer_made();
    for (int i = 1; i < argc; i++) {
        bad |= replay_folder(argv[i]);
    }
    printf("%lu inputs\n", offered);
    return bad;
}
