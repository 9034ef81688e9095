/* cloudsign-platform audit verify FILE [--head HASH] [--devices FILE]: is this export
 * whole, and which nodes vouch for it?  Needs no platform and no store. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/platform/cli.h"
#include "platform/core/audit_witness.h"

enum { WITNESS_LINES = 10, DEVICES_MAX = 16 << 20 };

static int usage(const char *why)
{
    (void)fprintf(stderr,
                  "cloudsign-platform audit: %s; use: cloudsign-platform audit verify "
                  "FILE [--head HASH] [--devices FILE]   (FILE - is standard input)\n",
                  why);
    return cs_err_exit(CS_ERR_USAGE);
}

/* One line into buf; false at the end of the file.  What is longer than the buffer
 * comes as a line that is no record. */
static bool read_line(FILE *f, uint8_t *buf, size_t size, size_t *n)
{
    int c = getc(f);

    *n = 0;
    if (c == EOF) {
        return false;
    }
    for (; c != EOF && c != '\n'; c = getc(f)) {
        if (*n < size) {
            buf[(*n)++] = (uint8_t)c;
        }
    }
    if (*n > 0 && *n < size && buf[*n - 1] == '\r') {
        (*n)--;
    }
    return true;
}

static int read_all(struct cs_audit_check *check, FILE *f, const char *name)
{
    uint8_t *buf = cs_alloc(CS_AUDIT_LINE_MAX + 1);
    size_t n;

    if (buf == NULL) {
        (void)fprintf(stderr, "cloudsign-platform audit: out of memory\n");
        return cs_err_exit(CS_ERR_NOMEM);
    }
    while (read_line(f, buf, CS_AUDIT_LINE_MAX + 1, &n)) {
        cs_audit_check_line(check, CS_SPAN(buf, n));
    }
    cs_free(buf);
    if (ferror(f) != 0) {
        (void)fprintf(stderr,
                      "cloudsign-platform audit: %s cannot be read to its end\n", name);
        return cs_err_exit(CS_ERR_OS);
    }
    return 0;
}

/* Nodes by how far they go: "by 3 nodes up to record 118". */
static void report_witnesses(const struct cs_audit_witnesses *w)
{
    uint64_t shown = 0;
    int lines = 0;

    for (size_t k = w->n; k >= 1 && lines < WITNESS_LINES; k--) {
        uint64_t seq = cs_audit_witnesses_at(w, k);

        if (seq > shown) {
            (void)printf("countersigned by %zu node%s up to record %llu\n", k,
                         k == 1 ? "" : "s", (unsigned long long)seq);
            shown = seq;
            lines++;
        }
    }
    if (shown == 0) {
        (void)printf("note: no node has countersigned any of it\n");
    } else if (!w->is_closed) {
        (void)printf(
            "note: the keys of the nodes are those of the file: give them with "
            "--devices (`cloudsign status --json` of each node)\n");
    }
    if (w->strangers > 0) {
        (void)printf("note: %llu countersignatures are of devices that are not in the "
                     "list\n",
                     (unsigned long long)w->strangers);
    }
}

static int report(const struct cs_audit_check *c, bool has_head)
{
    char hex[2 * CS_AUDIT_HASH + 1];

    if (c->fault != CS_AUDIT_FINE) {
        (void)printf("NOT WHOLE (%s): %s\n", cs_audit_fault_word(c->fault), c->why);
        return cs_err_exit(CS_ERR_STORE_CORRUPT);
    }
    if (c->next == 0) {
        (void)printf("no records: this file is empty\n");
        return cs_err_exit(CS_ERR_NOT_FOUND); /* a failed download is no proof */
    }
    (void)printf("whole: records %llu to %llu\nhead %s\n", (unsigned long long)c->first,
                 (unsigned long long)(c->next - 1),
                 cs_hex(hex, c->head, CS_AUDIT_HASH));
    if (c->first > 1) {
        (void)printf("note: what came before record %llu is not in this file\n",
                     (unsigned long long)c->first);
    }
    report_witnesses(c->witnesses);
    if (!has_head) {
        (void)printf("note: compare the head with one that you kept: without it nobody "
                     "sees whether the end was cut off or all was made anew\n");
    }
    return 0;
}

/* The list of devices; 0 or an exit code. */
static int load_devices(struct cs_audit_witnesses *w, const char *name)
{
    FILE *f = fopen(name, "rbe");
    struct cs_wr text = {.max = DEVICES_MAX};
    uint8_t buf[4096];
    char why[128] = "cannot be read: is the name right?";
    bool ok = false;
    size_t n;

    if (f != NULL) {
        while ((n = fread(buf, 1, sizeof buf, f)) > 0) {
            cs_wr_bytes(&text, buf, n);
        }
        ok = ferror(f) == 0 && text.err == CS_OK &&
             cs_audit_witnesses_load(w, cs_wr_get(&text), why, sizeof why);
        (void)fclose(f);
    }
    cs_wr_free(&text);
    if (!ok) {
        (void)fprintf(stderr, "cloudsign-platform audit: %s: %s\n", name, why);
    }
    return ok ? 0 : cs_err_exit(CS_ERR_NOT_FOUND);
}

static int verify(const char *name, const uint8_t *head, struct cs_audit_witnesses *w)
{
    struct cs_audit_check check = {.witnesses = w};
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(name, "rbe");
    int code;

    if (f == NULL) {
        (void)fprintf(
            stderr,
            "cloudsign-platform audit: %s cannot be opened: is the name right, "
            "and may you read it?\n",
            name);
        return cs_err_exit(CS_ERR_NOT_FOUND);
    }
    code = read_all(&check, f, name);
    if (!is_stdin) {
        (void)fclose(f);
    }
    if (code != 0) {
        return code;
    }
    cs_audit_check_end(&check, head);
    return report(&check, head != NULL);
}

int cli_audit(int n, char **options)
{
    const char *file = NULL, *hex = NULL, *devices = NULL;
    struct cs_audit_witnesses witnesses = {.n = 0};
    uint8_t head[CS_AUDIT_HASH];
    int code = 0;

    if (n >= 1 &&
        (strcmp(options[0], "head") == 0 || strcmp(options[0], "export") == 0)) {
        return cli_audit_store(n, options);
    }
    if (n < 1 || strcmp(options[0], "verify") != 0) {
        return usage("what to do is missing");
    }
    for (int i = 1; i < n; i++) {
        if (strcmp(options[i], "--head") == 0 && i + 1 < n) {
            hex = options[++i];
        } else if (strncmp(options[i], "--head=", 7) == 0) {
            hex = options[i] + 7;
        } else if (strcmp(options[i], "--devices") == 0 && i + 1 < n) {
            devices = options[++i];
        } else if (strncmp(options[i], "--devices=", 10) == 0) {
            devices = options[i] + 10;
        } else if (file == NULL && (options[i][0] != '-' || options[i][1] == '\0')) {
            file = options[i];
        } else {
            return usage("an option is unknown or incomplete");
        }
    }
    if (file == NULL) {
        return usage("FILE is missing");
    }
    if (hex != NULL && cs_unhex(head, sizeof head, hex) != CS_OK) {
        return usage("HASH must be 64 hex digits, as GET /v2/audit/head says");
    }
    code = cs_err_exit(cs_audit_witnesses_begin());
    code = code != 0 || devices == NULL ? code : load_devices(&witnesses, devices);
    code = code != 0 ? code : verify(file, hex == NULL ? NULL : head, &witnesses);
    cs_audit_witnesses_free(&witnesses);
    return code;
}
