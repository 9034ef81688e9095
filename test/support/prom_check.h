/* A strict reader of Prometheus' text format 0.0.4, for tests: every line is a HELP, a
 * TYPE or a sample of the family that was announced last; names and label syntax are
 * right; no series comes twice; histograms are cumulative, end in +Inf and agree with
 * their _count.  Fails the test with the line. */
#ifndef CS_TEST_PROM_CHECK_H
#define CS_TEST_PROM_CHECK_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PROM static __attribute__((unused))

enum { PROM_LINES = 4096, PROM_NAME = 96 };

struct prom {
    char family[PROM_NAME], type[16];
    char *series[PROM_LINES]; /* "name{labels}" */
    size_t n, n_families;
    char **families;
    double last_bucket;
    char bucket_labels[256];
};

PROM size_t prom_name_len(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == ':') {
        n++;
    }
    return isdigit((unsigned char)s[0]) ? 0 : n;
}

/* {a="b",c="d"}: returns its length, 0 when there are none; fails when malformed. */
PROM size_t prom_labels_len(const char *line, const char *s)
{
    const char *p = s;

    if (*p != '{') {
        return 0;
    }
    do {
        size_t n = prom_name_len(++p);

        if (n == 0 || p[n] != '=' || p[n + 1] != '"') {
            fail_msg("label: %s", line);
        }
        for (p += n + 2; *p != '"'; p++) {
            if (*p == '\0' || (*p == '\\' && strchr("\\\"n", *++p) == NULL)) {
                fail_msg("label value: %s", line);
            }
        }
    } while (*++p == ',');
    if (*p != '}') {
        fail_msg("labels: %s", line);
    }
    return (size_t)(p + 1 - s);
}

PROM bool prom_is_of(const struct prom *p, const char *name, size_t n)
{
    static const char *const ends[] = {"_bucket", "_sum", "_count"};
    size_t f = strlen(p->family);

    if (strncmp(name, p->family, f) != 0) {
        return false;
    }
    if (strcmp(p->type, "histogram") != 0) {
        return n == f;
    }
    for (size_t i = 0; i < 3; i++) {
        if (n == f + strlen(ends[i]) && strncmp(name + f, ends[i], n - f) == 0) {
            return true;
        }
    }
    return false;
}

PROM void prom_histogram(struct prom *p, const char *line, const char *name, size_t n,
                         const char *labels, double v)
{
    const char *le = strstr(labels, "le=\"");
    bool is_bucket = strncmp(name + n - 7, "_bucket", 7) == 0;

    if (is_bucket) {
        assert_non_null(le);
        if (v < p->last_bucket) {
            fail_msg("buckets fall: %s", line);
        }
        p->last_bucket = strncmp(le, "le=\"+Inf\"", 9) == 0 ? -v - 1 : v;
    } else if (strncmp(name + n - 6, "_count", 6) == 0) {
        if (p->last_bucket != -v - 1) { /* of +Inf */
            fail_msg("no +Inf bucket, or another count: %s", line);
        }
        p->last_bucket = 0;
    }
}

PROM void prom_sample(struct prom *p, const char *line)
{
    size_t n = prom_name_len(line), k;
    char *end, *key;
    double v;

    if (n == 0 || !prom_is_of(p, line, n)) {
        fail_msg("not of %s: %s", p->family, line);
    }
    k = prom_labels_len(line, line + n);
    if (line[n + k] != ' ') {
        fail_msg("no value: %s", line);
    }
    v = strtod(line + n + k + 1, &end);
    if (*end != '\0' || end == line + n + k + 1) {
        fail_msg("value: %s", line);
    }
    if (strcmp(p->type, "gauge") != 0 && v < 0) {
        fail_msg("negative: %s", line);
    }
    if (strcmp(p->type, "histogram") == 0) {
        prom_histogram(p, line, line, n, line + n, v);
    }
    key = strndup(line, n + k);
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->series[i], key) == 0) {
            fail_msg("twice: %s", key);
        }
    }
    assert_true(p->n < PROM_LINES);
    p->series[p->n++] = key;
}

PROM void prom_comment(struct prom *p, const char *line)
{
    char name[PROM_NAME], type[16], probe[8];

    if (sscanf(line, "# HELP %95s %7s", name, probe) == 2) {
        (void)snprintf(p->family, sizeof p->family, "%s", name);
        p->type[0] = '\0';
    } else if (sscanf(line, "# TYPE %95s %15s", name, type) == 2) {
        if (strcmp(name, p->family) != 0 || p->type[0] != '\0') {
            fail_msg("TYPE without its HELP: %s", line);
        }
        if (strcmp(type, "counter") != 0 && strcmp(type, "gauge") != 0 &&
            strcmp(type, "histogram") != 0) {
            fail_msg("type: %s", line);
        }
        if (strcmp(type, "counter") == 0 &&
            strcmp(name + strlen(name) - 6, "_total") != 0) {
            fail_msg("a counter's name ends in _total: %s", line);
        }
        (void)snprintf(p->type, sizeof p->type, "%s", type);
        p->n_families++;
    } else {
        fail_msg("comment: %s", line);
    }
}

PROM void prom_free(struct prom *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->series[i]);
    }
    p->n = 0;
}

/* Checks text (n bytes); p holds the series afterwards: prom_free. */
PROM void prom_check(struct prom *p, const void *text, size_t n)
{
    char *copy = strndup(text, n), *line = copy;

    *p = (struct prom){.n = 0};
    assert_true(n != 0 && copy[n - 1] == '\n' && strlen(copy) == n);
    while (*line != '\0') {
        char *end = strchr(line, '\n');

        *end = '\0';
        if (line[0] == '#') {
            prom_comment(p, line);
        } else {
            prom_sample(p, line);
        }
        line = end + 1;
    }
    free(copy);
}

PROM bool prom_has(const struct prom *p, const char *series)
{
    for (size_t i = 0; i < p->n; i++) {
        if (strcmp(p->series[i], series) == 0) {
            return true;
        }
    }
    return false;
}

/* The value of a series ("name" or "name{labels}"); fails when there is none. */
PROM double prom_value(const char *text, const char *series)
{
    size_t n = strlen(series);

    for (const char *at = strstr(text, series); at != NULL;
         at = strstr(at + 1, series)) {
        if ((at == text || at[-1] == '\n') && at[n] == ' ') {
            return strtod(at + n, NULL);
        }
    }
    fail_msg("no series %s", series);
    return -1;
}

#endif
