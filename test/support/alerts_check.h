/* Alert rules (src/ops) against what a program exports: every metric that an expression
 * names is there, and each rule is whole. */
#ifndef CS_TEST_ALERTS_CHECK_H
#define CS_TEST_ALERTS_CHECK_H

#include "support/prom_check.h"

#define ALERTS static __attribute__((unused))

/* The next name of ours or of the process in an expression, or NULL. */
ALERTS const char *alerts_next(char name[96], const char *p)
{
    for (;; p++) {
        const char *a = strstr(p, "cloudsign_"), *b = strstr(p, "process_");
        size_t n;

        p = a == NULL || (b != NULL && b < a) ? b : a;
        if (p == NULL) {
            return NULL;
        }
        n = strspn(p, "abcdefghijklmnopqrstuvwxyz_0123456789");
        if (n < 96) {
            memcpy(name, p, n);
            name[n] = '\0';
            return p + n;
        }
    }
}

ALERTS bool alerts_exported(const char *body, const char *name)
{
    static const char *const ends[] = {"", "_bucket", "_sum", "_count"};
    char type[160], family[96];

    for (size_t i = 0; i < 4; i++) {
        size_t n = strlen(name), k = strlen(ends[i]);

        if (n <= k || strcmp(name + n - k, ends[i]) != 0) {
            continue;
        }
        (void)snprintf(family, sizeof family, "%.*s", (int)(n - k), name);
        (void)snprintf(type, sizeof type, "# TYPE %s %s", family,
                       i == 0 ? "" : "histogram\n");
        if (strstr(body, type) != NULL) {
            return true;
        }
    }
    return false;
}

/* A gauge with a label of a closed list: the very series must be there. */
ALERTS void alerts_selector(const char *body, const char *name, const char *at)
{
    char series[200], gauge[160];

    (void)snprintf(gauge, sizeof gauge, "# TYPE %s gauge\n", name);
    if (*at != '{' || strstr(body, gauge) == NULL) {
        return;
    }
    (void)snprintf(series, sizeof series, "%s%.*s", name, (int)(strcspn(at, "}") + 1),
                   at);
    (void)prom_value(body, series); /* fails when there is none */
}

/* A counter whose series come with the first event: increase() does not see that one.
 */
ALERTS void alerts_first(const char *body, const char *name, const char *line)
{
    char series[160], increase[160];

    (void)snprintf(series, sizeof series, "\n%s{", name);
    (void)snprintf(increase, sizeof increase, "expr: increase(%s", name);
    if (strstr(line, increase) != NULL && strstr(body, series) == NULL) {
        (void)snprintf(series, sizeof series, "\n%s ", name);
        if (strstr(body, series) == NULL && strstr(line, " offset ") == NULL) {
            fail_msg("the first event is missed: %s", line);
        }
    }
}

ALERTS size_t alerts_expr(const char *body, const char *line)
{
    const char *at = line;
    char name[96];
    size_t n = 0;
    int depth = 0;

    while ((at = alerts_next(name, at)) != NULL) {
        if (!alerts_exported(body, name)) {
            fail_msg("the alert rules name %s, which is not exported", name);
        }
        alerts_selector(body, name, at);
        alerts_first(body, name, line);
        n++;
    }
    for (const char *c = line; *c != '\0'; c++) {
        depth += *c == '(' || *c == '{' || *c == '[';
        depth -= *c == ')' || *c == '}' || *c == ']';
        assert_true(depth >= 0);
    }
    assert_int_equal(depth, 0);
    return n;
}

/* Counts lines that begin with word; checks each line of an expression. */
ALERTS size_t alerts_check(const char *body, const char *file, size_t n_of[5])
{
    static const char *const words[5] = {"- alert: CloudSign",
                                         "expr:", "labels: {severity:", "summary: \"",
                                         "remedy: \""};
    char line[512], path[512];
    FILE *f;
    bool in_expr = false;
    size_t metrics = 0;

    (void)snprintf(path, sizeof path, CS_TEST_VECTORS "/../../src/ops/%s", file);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        const char *p = line + strspn(line, " ");

        for (size_t i = 0; i < 5; i++) {
            n_of[i] += strncmp(p, words[i], strlen(words[i])) == 0;
        }
        assert_null(strchr(line, '\t')); /* YAML */
        in_expr = strncmp(p, "expr:", 5) == 0 || (in_expr && p - line > 8);
        metrics += in_expr ? alerts_expr(body, p) : 0;
    }
    (void)fclose(f);
    return metrics;
}

#endif
