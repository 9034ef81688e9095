#include "store/lmdb/resident.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

struct map_line {
    void *from, *to;
    unsigned major, minor;
    unsigned long inode;
};

/* proc(5): "address perms offset dev inode path" */
static int parse(struct map_line *m, const char *line)
{
    return sscanf(line, "%p-%p %*s %*s %x:%x %lu", &m->from, &m->to, &m->major,
                  &m->minor, &m->inode);
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
        if (parse(&m, line) == 5 && m.inode == st.st_ino &&
            makedev(m.major, m.minor) == st.st_dev) {
            /* A shared read-only file map: nothing is lost, and failing is harmless. */
            (void)madvise(m.from, (size_t)((uintptr_t)m.to - (uintptr_t)m.from),
                          MADV_DONTNEED);
        }
    }
    (void)fclose(f);
}
