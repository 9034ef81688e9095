#include "store/lmdb/resident.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct map_line {
    uintptr_t from, to;
    dev_t dev;
    ino_t inode;
};

/* The number at *p and the character after it; moves *p behind both. */
static unsigned long long number(char **p, int base, char after, bool *ok)
{
    char *end = *p;
    unsigned long long v = strtoull(*p, &end, base);

    *ok = *ok && end != *p && *end == after;
    *p = *ok ? end + 1 : end;
    return v;
}

/* proc(5): "from-to perms offset major:minor inode path" */
static bool parse(struct map_line *m, char *line)
{
    char *p = line;
    bool ok = true;
    unsigned major, minor;

    m->from = (uintptr_t)number(&p, 16, '-', &ok);
    m->to = (uintptr_t)number(&p, 16, ' ', &ok);
    if (!ok || strlen(p) < 5) {
        return false;
    }
    p += 5; /* "r--s " */
    (void)number(&p, 16, ' ', &ok);
    major = (unsigned)number(&p, 16, ':', &ok);
    minor = (unsigned)number(&p, 16, ' ', &ok);
    m->dev = makedev(major, minor);
    m->inode = (ino_t)number(&p, 10, ' ', &ok);
    return ok;
}

static void *address(uintptr_t a)
{
    void *p;

    memcpy(&p, &a, sizeof p);
    return p;
}

void cs_resident_drop(int fd)
{
    FILE *f = fopen("/proc/self/maps", "re");
    struct map_line m;
    struct stat st;
    char line[512];

    if (f == NULL) {
        return;
    }
    while (fstat(fd, &st) == 0 && fgets(line, sizeof line, f) != NULL) {
        if (parse(&m, line) && m.inode == st.st_ino && m.dev == st.st_dev) {
            /* A shared read-only file map: nothing is lost, and failing is harmless. */
            (void)madvise(address(m.from), m.to - m.from, MADV_DONTNEED);
        }
    }
    (void)fclose(f);
}
