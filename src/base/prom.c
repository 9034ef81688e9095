#include "base/prom.h"

#include <string.h>

static const uint64_t bounds[CS_HIST_BOUNDS] = CS_HIST_BOUNDS_MS;

void cs_hist_add(struct cs_hist *h, uint64_t ms)
{
    size_t i = 0;

    while (i < CS_HIST_BOUNDS && ms > bounds[i]) {
        i++;
    }
    h->bucket[i]++;
    h->count++;
    h->sum_ms += ms;
}

void cs_hist_merge(struct cs_hist *to, const struct cs_hist *from)
{
    for (size_t i = 0; i <= CS_HIST_BOUNDS; i++) {
        to->bucket[i] += from->bucket[i];
    }
    to->count += from->count;
    to->sum_ms += from->sum_ms;
}

void cs_prom_family(struct cs_wr *w, const char *name, enum cs_prom_type type,
                    const char *help)
{
    static const char *const names[] = {"counter", "gauge", "histogram"};

    cs_wr_printf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, names[type]);
}

static void series(struct cs_wr *w, const char *name, const char *suffix,
                   const char *labels)
{
    bool has = labels != NULL && labels[0] != '\0';

    cs_wr_printf(w, "%s%s%s%s%s ", name, suffix, has ? "{" : "", has ? labels : "",
                 has ? "}" : "");
}

void cs_prom_u64(struct cs_wr *w, const char *name, const char *labels, uint64_t v)
{
    series(w, name, "", labels);
    cs_wr_printf(w, "%llu\n", (unsigned long long)v);
}

static void milli(struct cs_wr *w, uint64_t v)
{
    cs_wr_printf(w, "%llu.%03u\n", (unsigned long long)(v / 1000),
                 (unsigned)(v % 1000));
}

void cs_prom_milli(struct cs_wr *w, const char *name, const char *labels, uint64_t v)
{
    series(w, name, "", labels);
    milli(w, v);
}

void cs_prom_hist(struct cs_wr *w, const char *name, const char *labels,
                  const struct cs_hist *h)
{
    const char *own = labels != NULL ? labels : "", *comma = own[0] != '\0' ? "," : "";
    uint64_t n = 0;

    for (size_t i = 0; i < CS_HIST_BOUNDS; i++) {
        n += h->bucket[i];
        cs_wr_printf(w, "%s_bucket{%s%sle=\"%llu.%03u\"} %llu\n", name, own, comma,
                     (unsigned long long)(bounds[i] / 1000),
                     (unsigned)(bounds[i] % 1000), (unsigned long long)n);
    }
    cs_wr_printf(w, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, own, comma,
                 (unsigned long long)h->count);
    series(w, name, "_sum", labels);
    milli(w, h->sum_ms);
    series(w, name, "_count", labels);
    cs_wr_printf(w, "%llu\n", (unsigned long long)h->count);
}

void cs_prom_label(char *out, size_t cap, const char *value)
{
    size_t n = 0;

    for (; *value != '\0' && n + 2 < cap; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n') {
            out[n++] = '\\';
        }
        out[n++] = (char)(*value == '\n' ? 'n' : *value);
    }
    out[n] = '\0';
}
