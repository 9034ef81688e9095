/* Writes metrics in Prometheus' text format, version 0.0.4.  Pure; any thread.
 *
 *   cs_prom_family(w, "cloudsign_sessions_total", CS_PROM_COUNTER, "Sessions ended.");
 *   cs_prom_u64(w, "cloudsign_sessions_total", "kind=\"sign\",outcome=\"OK\"", 3);
 *
 * Label values come from closed lists of this program only (names of states, reasons,
 * schemes, slots), never from a peer, a path or an id, so that the number of series is
 * bounded; for the few texts that are not literals there is cs_prom_label. */
#ifndef CS_BASE_PROM_H
#define CS_BASE_PROM_H

#include "base/wr.h"

enum cs_prom_type { CS_PROM_COUNTER, CS_PROM_GAUGE, CS_PROM_HISTOGRAM };

#define CS_PROM_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Upper bounds of the buckets in milliseconds, rising; the last bucket (+Inf) has no
 * entry.  One set for everything that takes time, from a sync of the disk to a DKG. */
#define CS_HIST_BOUNDS_MS                                                              \
    {                                                                                  \
        1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 15000, 60000                \
    }
enum { CS_HIST_BOUNDS = 13 };

struct cs_hist {                         /* zero: empty */
    uint64_t bucket[CS_HIST_BOUNDS + 1]; /* not cumulative */
    uint64_t count, sum_ms;
};

void cs_hist_add(struct cs_hist *h, uint64_t ms);
void cs_hist_merge(struct cs_hist *to, const struct cs_hist *from);

void cs_prom_family(struct cs_wr *w, const char *name, enum cs_prom_type type,
                    const char *help);
/* labels: NULL or "a=\"b\",c=\"d\"". */
void cs_prom_u64(struct cs_wr *w, const char *name, const char *labels, uint64_t v);
/* v / 1000, exactly: seconds of milliseconds. */
void cs_prom_milli(struct cs_wr *w, const char *name, const char *labels, uint64_t v);
/* _bucket, _sum and _count, in seconds. */
void cs_prom_hist(struct cs_wr *w, const char *name, const char *labels,
                  const struct cs_hist *h);
/* Escapes backslash, quote and line break; cut to cap - 1. */
void cs_prom_label(char *out, size_t cap, const char *value);

#endif
