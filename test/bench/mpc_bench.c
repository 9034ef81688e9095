/* mpc_bench: what the protocols cost; see --help. */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "crypto/group.h"

enum { ROWS = 64, RUNS_MAX = 100000, RUNS_DEFAULT = 300 };

struct bench_row {
    const char *group, *name;
    double *us;
    int n;
    size_t bytes;
    unsigned long allocs, alloc_bytes; /* of all runs */
};

static struct bench_row rows[ROWS];
static int n_rows, capacity = RUNS_DEFAULT;

void bench_must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "mpc_bench: %s failed: nothing was measured\n", what);
        exit(70);
    }
}

/* ---- counters: the linker sends our own code's allocations here ------------------ */

static unsigned long allocs, alloc_bytes;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_sodium_malloc(size_t n);
void *__wrap_sodium_malloc(size_t n);

void *__wrap_calloc(size_t n, size_t size)
{
    allocs++;
    alloc_bytes += n * size;
    return __real_calloc(n, size);
}

void *__wrap_sodium_malloc(size_t n)
{
    allocs++;
    alloc_bytes += n;
    return __real_sodium_malloc(n);
}

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct bench_mark bench_begin(void)
{
    return (struct bench_mark){now_us(), allocs, alloc_bytes};
}

struct bench_mark bench_since(const struct bench_mark *m)
{
    return (struct bench_mark){now_us() - m->us, allocs - m->allocs,
                               alloc_bytes - m->alloc_bytes};
}

void bench_add(struct bench_mark *sum, const struct bench_mark *more)
{
    sum->us += more->us;
    sum->allocs += more->allocs;
    sum->alloc_bytes += more->alloc_bytes;
}

/* ---- rows ------------------------------------------------------------------------ */

struct bench_row *bench_row(const char *group, const char *name)
{
    for (int i = 0; i < n_rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    bench_must(n_rows < ROWS, "finding room for a row");
    rows[n_rows].group = group;
    rows[n_rows].name = name;
    rows[n_rows].us = __real_calloc((size_t)capacity, sizeof *rows[0].us);
    bench_must(rows[n_rows].us != NULL, "finding memory");
    return &rows[n_rows++];
}

void bench_put(struct bench_row *r, const struct bench_mark *spent, unsigned share)
{
    if (r->n < capacity) {
        r->us[r->n++] = spent->us / share;
        r->allocs += spent->allocs / share;
        r->alloc_bytes += spent->alloc_bytes / share;
    }
}

void bench_end(struct bench_row *r, const struct bench_mark *m, unsigned share)
{
    struct bench_mark spent = bench_since(m);

    bench_put(r, &spent, share);
}

void bench_bytes(struct bench_row *r, size_t sent)
{
    r->bytes = sent;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* After sorting. */
static double quantile(const struct bench_row *r, double q)
{
    return r->us[(size_t)((double)(r->n - 1) * q)];
}

static double plain(void)
{
    return rows[0].n > 0 ? quantile(&rows[0], 0.5) : 1;
}

static void print_table(void)
{
    (void)printf("%-46s %10s %10s %8s %8s %7s %9s\n", "operation, per party",
                 "median us", "p99 us", "x plain", "bytes", "allocs", "alloc B");
    for (int i = 0; i < n_rows; i++) {
        const struct bench_row *r = &rows[i];

        if (i > 0 && strcmp(r->group, rows[i - 1].group) != 0) {
            (void)printf("\n");
        }
        (void)printf("%-46s %10.2f %10.2f %8.2f %8zu %7lu %9lu\n", r->name,
                     quantile(r, 0.5), quantile(r, 0.99), quantile(r, 0.5) / plain(),
                     r->bytes, r->allocs / (unsigned long)r->n,
                     r->alloc_bytes / (unsigned long)r->n);
    }
}

/* Names are ours: no quote or backslash in them. */
static void print_json(void)
{
    (void)printf("[");
    for (int i = 0; i < n_rows; i++) {
        const struct bench_row *r = &rows[i];

        (void)printf("%s\n {\"group\": \"%s\", \"operation\": \"%s\", \"runs\": %d, "
                     "\"medianUs\": %.3f, \"p99Us\": %.3f, \"timesPlain\": %.3f, "
                     "\"bytesSent\": %zu, \"allocs\": %lu, \"allocBytes\": %lu}",
                     i == 0 ? "" : ",", r->group, r->name, r->n, quantile(r, 0.5),
                     quantile(r, 0.99), quantile(r, 0.5) / plain(), r->bytes,
                     r->allocs / (unsigned long)r->n,
                     r->alloc_bytes / (unsigned long)r->n);
    }
    (void)printf("\n]\n");
}

/* ---- program --------------------------------------------------------------------- */

static const char help[] =
    "usage: mpc_bench [--runs N] [--only GROUP] [--json]\n"
    "\n"
    "What each protocol costs one party, on one core, without network or disk: median\n"
    "and 99th percentile of thread CPU time, bytes sent, allocations.\n"
    "\n"
    "  --runs N      how often each operation is measured (default 300; key "
    "generation\n"
    "                and OT setup a tenth of it)\n"
    "  --only GROUP  plain | scalars | ristretto | dkg | ot | dkls | frost; plain "
    "always runs\n"
    "  --json        an array of objects instead of the table\n"
    "\n"
    "Columns: 'x plain' is the median over that of the first row, one libsecp256k1 "
    "sign\n"
    "and verify in this same run: machines and their load differ, this ratio holds.\n"
    "'bytes' is what the party sends, without envelope (118 + 16) and TCP. 'allocs' "
    "and\n"
    "'alloc B' count our own code's heap and guarded memory, libraries not.\n"
    "Rows that end in 'initiator' or 'responder' are that party's sum over its "
    "rounds.\n"
    "\n"
    "Examples:\n"
    "  mpc_bench                           everything, about 20 seconds\n"
    "  mpc_bench --only dkls --runs 2000   one ECDSA signature, closely\n"
    "  mpc_bench --json >before.json       to compare with after a change\n"
    "\n"
    "Build with CMAKE_BUILD_TYPE=Release: a debug build says nothing about cost.\n";

static int usage(const char *what)
{
    (void)fprintf(stderr, "mpc_bench: %s\n%s", what, help);
    return 64;
}

static const struct {
    const char *group;
    void (*run)(int runs);
    int divide;
} parts[] = {
    {"plain", bench_plain, 1},
    {"scalars", bench_scalars, 1},
    {"ristretto", bench_ristretto, 1},
    {"dkg", bench_dkg, 10},
    {"ot", bench_ot, 1},
    {"dkls", bench_dkls, 1},
    {"frost", bench_frost, 1},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static bool read_runs(const char *text)
{
    char *end;
    long n;

    errno = 0;
    n = strtol(text, &end, 10);
    if (errno != 0 || *text == '\0' || *end != '\0' || n < 1 || n > RUNS_MAX) {
        return false;
    }
    capacity = (int)n;
    return true;
}

static bool is_group(const char *word)
{
    for (int i = 0; i < PARTS; i++) {
        if (strcmp(word, parts[i].group) == 0) {
            return true;
        }
    }
    return false;
}

struct options {
    const char *only;
    bool json, help;
};

/* NULL, or what is wrong. */
static const char *read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            o->help = true;
        } else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc) {
            if (!read_runs(argv[++i])) {
                return "--runs takes a number from 1 to 100000";
            }
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            o->only = argv[++i];
            if (!is_group(o->only)) {
                return "--only takes one of the groups below";
            }
        } else {
            return "unknown or incomplete option";
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    const char *wrong = read_options(&o, argc, argv);

    if (wrong != NULL) {
        return usage(wrong);
    }
    if (o.help) {
        (void)fputs(help, stdout);
        return 0;
    }
#ifdef M_TRIM_THRESHOLD
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 20); /* as the programs: base/os/harden.c */
#endif
    bench_must(cs_crypto_init() == CS_OK, "starting the libraries");
    for (int i = 0; i < PARTS; i++) {
        if (i == 0 || o.only == NULL || strcmp(o.only, parts[i].group) == 0) {
            parts[i].run(capacity / parts[i].divide > 0 ? capacity / parts[i].divide
                                                        : 1);
        }
    }
    for (int i = 0; i < n_rows; i++) {
        qsort(rows[i].us, (size_t)rows[i].n, sizeof *rows[i].us, by_value);
    }
    if (o.json) {
        print_json();
    } else {
        print_table();
    }
    for (int i = 0; i < n_rows; i++) {
        free(rows[i].us);
    }
    cs_crypto_thread_end();
    return 0;
}
