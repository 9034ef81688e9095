/* cloudsign status: how the running node is, for people or (--json) as it says it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/node/ask.h"
#include "cli/node/cli.h"

enum { TEXT_CAP = 320 };

static json_int_t get_int(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* Of a number, or of one that is written as a string (64 bits). */
static unsigned long long get_u64(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    return json_is_string(v) ? strtoull(json_string_value(v), NULL, 10)
                             : (unsigned long long)json_integer_value(v);
}

static void say(const char *label, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const char *label, const char *fmt, ...)
{
    char text[TEXT_CAP];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ask_print(label, text);
}

/* ---- words for figures
 * --------------------------------------------------------------------- */

static const char *date(char text[32], json_int_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;

    if (ms <= 0 || gmtime_r(&t, &tm) == NULL ||
        strftime(text, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0) {
        (void)snprintf(text, 32, "an unknown time");
    }
    return text;
}

static const char *span_of(char text[32], unsigned long long ms)
{
    unsigned long long s = ms / 1000;

    if (s < 120) {
        (void)snprintf(text, 32, "%llu s", s);
    } else if (s < 7200) {
        (void)snprintf(text, 32, "%llu min", s / 60);
    } else if (s < 172800) {
        (void)snprintf(text, 32, "%llu h", s / 3600);
    } else {
        (void)snprintf(text, 32, "%llu days", s / 86400);
    }
    return text;
}

static const char *size_of(char text[32], unsigned long long bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t u = 0;

    while (bytes >= 10240 && u < 4) {
        bytes /= 1024;
        u++;
    }
    (void)snprintf(text, 32, "%llu %s", bytes, units[u]);
    return text;
}

/* ---- peers and quorums
 * --------------------------------------------------------------------- */

static void print_link(const json_t *p)
{
    char label[32], heard[32] = "", rtt[48] = "";
    const char *version = ask_str(p, "version");

    if (json_object_get(p, "heardMsAgo") != NULL) {
        (void)span_of(heard, get_u64(p, "heardMsAgo"));
    }
    if (json_object_get(p, "rttMs") != NULL) {
        (void)snprintf(rtt, sizeof rtt, ", answers in %llu ms", get_u64(p, "rttMs"));
    }
    (void)snprintf(label, sizeof label, "  party %d", (int)get_int(p, "index"));
    say(label, "%s%s%s%s%s, version %s, OT %s (setups %d, failed %d)",
        ask_str(p, "link"), heard[0] != '\0' ? ", heard " : "", heard,
        heard[0] != '\0' ? " ago" : "", rtt, version[0] != '\0' ? version : "not known",
        ask_str(p, "ot"), (int)get_int(p, "otSetups"), (int)get_int(p, "otFailed"));
}

/* "LIVE, OT TESTED", and why nothing more is done with it. */
static void print_peer(const json_t *p)
{
    const json_t *bad = json_object_get(p, "quarantine");
    char since[32];

    print_link(p);
    if (get_int(p, "blames") != 0) {
        say("    misbehaved", "%d times in 24 h", (int)get_int(p, "blames"));
    }
    if (bad != NULL) {
        say("    refused",
            "%s since %s; if you trust it again: cloudsign peer release ID %d",
            ask_str(bad, "reason"), date(since, get_int(bad, "since")),
            (int)get_int(p, "index"));
    }
}

static void print_notice(const json_t *e)
{
    char since[32];

    say("  notice",
        "party %d says that it refuses party %d: %s, since %s (this node does not act "
        "on it)",
        (int)get_int(e, "index"), (int)get_int(e, "peer"), ask_str(e, "reason"),
        date(since, get_int(e, "since")));
}

static void print_quorum(const json_t *q)
{
    const json_t *peers = json_object_get(q, "peers");
    const json_t *notices = json_object_get(q, "notices");

    (void)putchar('\n');
    ask_print("quorum", ask_str(q, "name"));
    ask_print("  id", ask_str(q, "quorumId"));
    say("  state", "%s, %d of %d sign, this node is party %d", ask_str(q, "state"),
        (int)get_int(q, "requiredSigners"), (int)get_int(q, "members"),
        (int)get_int(q, "index"));
    ask_print("  words", ask_str(q, "words"));
    ask_print("  compared", json_is_true(json_object_get(q, "operatorVerified"))
                                ? "yes, by an operator"
                                : "no: compare the words on all nodes, then run: "
                                  "cloudsign quorum confirm WORDS");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        print_peer(json_array_get(peers, i));
    }
    for (size_t i = 0; i < json_array_size(notices); i++) {
        print_notice(json_array_get(notices, i));
    }
}

/* ---- the node
 * ------------------------------------------------------------------------------ */

static void print_channel(const json_t *o, const char *name, const char *since_name,
                          const char *error_name)
{
    char since[32];
    const char *error = ask_str(o, error_name);

    say(name, "%s since %s%s%s%s", ask_str(o, name),
        date(since, get_int(o, since_name)), error[0] != '\0' ? " (" : "", error,
        error[0] != '\0' ? ")" : "");
}

static void print_clock(const json_t *o)
{
    json_int_t skew = get_int(o, "clockSkewMs");
    json_int_t size = skew < 0 ? -skew : skew;
    char seen[32];

    if (json_object_get(o, "clockSkewMs") != NULL) {
        say("clock", "%lld ms %s the platform's, at the sign-in of %s%s",
            (long long)size, skew < 0 ? "ahead of" : "behind",
            date(seen, get_int(o, "clockSeen")),
            size > 60000 ? ": CORRECT IT, requests will be refused" : "");
    }
}

static void print_store(const json_t *s)
{
    char used[32], left[32];

    if (s == NULL) {
        return;
    }
    ask_print("store", ask_str(s, "dir"));
    say("  size", "%s, %llu records, %s free%s", size_of(used, get_u64(s, "fileBytes")),
        get_u64(s, "entries"), size_of(left, get_u64(s, "freeBytes")),
        json_is_true(json_object_get(s, "latched"))
            ? "; LATCHED: a write failed, nothing is signed"
            : "");
    say("  commits", "%llu, %llu failed, %llu ms on average", get_u64(s, "commits"),
        get_u64(s, "commitsFailed"), get_u64(s, "commitMeanMs"));
}

/* No backup could bring them back. */
static void print_without_kit(const json_t *b)
{
    const json_t *ids = json_object_get(b, "withoutKit");
    unsigned long long n = get_u64(b, "keysWithoutKit");

    if (n == 0) {
        return;
    }
    say("  without kit", "%llu keys: cloudsign backup DIR --to PUBLIC..", n);
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));

        ask_print("", id != NULL ? id : "");
    }
    if (n > json_array_size(ids)) {
        ask_print("", "..");
    }
}

static void print_backup(const json_t *b)
{
    char at[32], copy[32], restored[32];

    if (!json_is_object(b)) {
        return;
    }
    if (get_int(b, "time") == 0) {
        ask_print("backup", "none yet: cloudsign backup DIR --to PUBLIC..");
    } else {
        say("backup", "%s, of %llu keys, %llu kits of epoch %llu",
            date(at, get_int(b, "time")), get_u64(b, "keys"), get_u64(b, "kits"),
            get_u64(b, "epoch"));
    }
    if (get_int(b, "copyTime") != 0) {
        say("  copy", "of the store, last at %s", date(copy, get_int(b, "copyTime")));
    }
    print_without_kit(b);
    if (get_int(b, "restoreTime") != 0) {
        say("restored",
            "at %s from a backup; a peer that refuses this node waits for "
            "`peer accept`",
            date(restored, get_int(b, "restoreTime")));
    }
}

/* The platform's log, of which this node is a witness. */
static void print_audit(const json_t *a)
{
    const char *refused = ask_str(a, "refused");
    char since[32];

    if (get_int(a, "seq") != 0) {
        say("audit log", "countersigned up to record %lld, hash %.16s..",
            (long long)get_int(a, "seq"), ask_str(a, "hash"));
    }
    if (refused[0] != '\0') {
        say("  REFUSED",
            "%s since %s: the platform shows record %lld now. Was it %s? then: "
            "cloudsign audit accept",
            refused, date(since, get_int(a, "since")),
            (long long)get_int(a, "shownSeq"),
            strcmp(refused, "AUDIT_UNPROVEN") == 0 ? "of an older version, and updated"
                                                   : "restored from a backup");
    }
}

static void print_process(const json_t *o)
{
    const json_t *p = json_object_get(o, "process");
    char up[32], rss[32];

    say("version", "%s, up for %s, start %llu of this store", ask_str(o, "version"),
        span_of(up, get_u64(o, "uptimeMs")), get_u64(o, "bootCounter"));
    if (p != NULL) {
        say("process", "%llu, %s resident, %llu of %llu files open", get_u64(p, "pid"),
            size_of(rss, get_u64(p, "rssBytes")), get_u64(p, "openFiles"),
            get_u64(p, "maxFiles"));
    }
    if (ask_str(o, "metricsAddr")[0] != '\0') {
        ask_print("metrics", ask_str(o, "metricsAddr"));
    }
}

static void print_rules(const json_t *o)
{
    if (json_is_true(json_object_get(o, "blindSigning"))) {
        ask_print("blind signing", "allowed: bare digests are signed unseen");
    }
    if (json_object_get(o, "policyHash") != NULL) {
        say("policy", "%lld rules, SHA-256 %s", (long long)get_int(o, "policyRules"),
            ask_str(o, "policyHash"));
    }
    ask_print("approver", json_is_true(json_object_get(o, "approver"))
                              ? "is asked before this node signs"
                              : "none");
}

static void print_core(const json_t *o)
{
    ask_print("pairing", ask_str(o, "pairing"));
    ask_print("device", ask_str(o, "deviceId"));
    ask_print("fingerprint", ask_str(o, "fingerprint"));
    ask_print("words", ask_str(o, "words"));
    ask_print("platform", ask_str(o, "platformUrl"));
    print_channel(o, "control", "controlSince", "lastError");
    print_channel(o, "relay", "relaySince", "relayError");
    print_clock(o);
    say("keys", "%llu", get_u64(o, "keys"));
    say("sessions", "%llu under way, %llu signatures", get_u64(o, "sessions"),
        get_u64(o, "signatures"));
    say("events", "%llu not acknowledged by the platform",
        get_u64(o, "unacknowledgedEvents"));
    print_rules(o);
    print_backup(json_object_get(o, "backup"));
    print_audit(json_object_get(o, "audit"));
}

static void print_status(const json_t *o)
{
    const json_t *quorums = json_object_get(o, "quorums");

    ask_print("state", ask_str(o, "state"));
    if (json_object_get(o, "kms") != NULL) { /* the store is not open yet */
        ask_print("device", ask_str(o, "deviceId"));
        ask_print("waits for", ask_str(json_object_get(o, "kms"), "text"));
    } else if (json_object_get(o, "deviceId") != NULL) {
        print_core(o);
    }
    print_store(json_object_get(o, "store"));
    print_process(o);
    for (size_t i = 0; i < json_array_size(quorums); i++) {
        print_quorum(json_array_get(quorums, i));
    }
}

int cli_status(int json)
{
    struct cs_wr text = {.max = 2 * ASK_ANSWER_MAX};
    int code = 0;
    json_t *o = ask_node(CS_SPAN_LIT("{\"cmd\":\"status\"}"), &text, &code);

    if (o != NULL && json) {
        (void)printf("%.*s\n", (int)text.n, (const char *)text.p);
    } else if (o != NULL) {
        print_status(o);
    }
    json_decref(o);
    cs_wr_free(&text);
    return code;
}
