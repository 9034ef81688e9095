/* What the parts of mpc_bench share: a clock, counters, rows.  A row is one operation
 * of one party; each run of it is a mark between bench_begin and bench_end. */
#ifndef CS_TEST_BENCH_BENCH_H
#define CS_TEST_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_mark {
    double us;
    unsigned long allocs, alloc_bytes;
};
struct bench_row;

/* The row of this name, made when first asked for; group: one word, for --only. */
struct bench_row *bench_row(const char *group, const char *name);
struct bench_mark bench_begin(void);
struct bench_mark bench_since(const struct bench_mark *m); /* spent since then */
void bench_add(struct bench_mark *sum, const struct bench_mark *more);
void bench_put(struct bench_row *r, const struct bench_mark *spent, unsigned share);
/* One run: what was spent since *m, for one of `share` parties. */
void bench_end(struct bench_row *r, const struct bench_mark *m, unsigned share);
void bench_bytes(struct bench_row *r, size_t sent);
/* Ends the program unless ok. */
void bench_must(bool ok, const char *what);

/* The parts; runs: how often. */
void bench_plain(int runs);
void bench_scalars(int runs);
void bench_ristretto(int runs);
void bench_dkg(int runs);
void bench_frost(int runs);
void bench_ot(int runs);
void bench_dkls(int runs);

#endif
