/* What the running node says of itself, and the way to its peers and back. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/node/ask.h"
#include "cli/node/doctor.h"

enum { PING_WAIT_MS = 3000, POLL_MS = 100, DAY_MS = 86400000, KIT_DAYS = 30 };

static json_int_t get_int(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static void say_state(struct doctor *d)
{
    static const char waiting[] =
        "see the other findings; it goes on by itself as soon "
        "as they are mended";
    const char *state = ask_str(d->status, "state");

    if (strcmp(state, "READY") == 0) {
        doc_say(d, DOC_OK, "state", "", "the node is READY");
    } else if (strcmp(state, "WAITING_APPROVAL") == 0) {
        doc_say(d, DOC_FAIL, "state",
                "compare the fingerprint and approve the device in the console",
                "the node waits for the approval of an administrator; fingerprint %s",
                ask_str(d->status, "fingerprint"));
    } else {
        doc_say(d, DOC_FAIL, "state", waiting, "the node is %s", state);
    }
}

static void say_version(struct doctor *d)
{
    const char *theirs = ask_str(d->status, "version");

    doc_say(d, strcmp(theirs, CS_VERSION) == 0 ? DOC_OK : DOC_WARN, "version",
            "restart the node: it runs an older program than the one installed",
            "the node runs version %s, this program is %s", theirs, CS_VERSION);
}

static void say_kms(struct doctor *d)
{
    const json_t *kms = json_object_get(d->status, "kms");

    if (json_is_object(kms) && ask_str(kms, "text")[0] != '\0') {
        doc_say(d, DOC_FAIL, "kms",
                "see what it says: network, credentials, the key's state and policy",
                "the node waits for its store's key: %s", ask_str(kms, "text"));
    }
}

static void say_channel(struct doctor *d, const char *name, const char *error_name,
                        const char *check)
{
    const char *state = ask_str(d->status, name),
               *error = ask_str(d->status, error_name);

    doc_say(d, strcmp(state, "UP") == 0 ? DOC_OK : DOC_FAIL, check,
            "see the findings on platform and relay", "the %s channel is %s%s%s", name,
            state, error[0] != '\0' ? ": " : "", error);
}

static void say_store(struct doctor *d)
{
    const json_t *s = json_object_get(d->status, "store");

    if (s == NULL || json_object_get(s, "latched") == NULL) {
        return;
    }
    if (json_is_true(json_object_get(s, "latched")) ||
        get_int(s, "commitsFailed") != 0) {
        doc_say(d, DOC_FAIL, "store",
                "look at the kernel's log and the disk; restart the node when it is "
                "mended",
                "a write of the store failed: nothing more is signed");
    } else {
        doc_say(d, DOC_OK, "store", "",
                "%lld records, %lld commits, %lld ms on average",
                (long long)get_int(s, "entries"), (long long)get_int(s, "commits"),
                (long long)get_int(s, "commitMeanMs"));
    }
}

static void say_backup(struct doctor *d)
{
    const json_t *b = json_object_get(d->status, "backup");
    json_int_t without = get_int(b, "keysWithoutKit"), time_ms = get_int(b, "time");
    json_int_t days = time_ms == 0 ? 0
                                   : ((json_int_t)time(NULL) * 1000 - time_ms) / DAY_MS;

    if (b == NULL || get_int(d->status, "keys") == 0) {
        return;
    }
    if (time_ms == 0 || without != 0) {
        doc_say(d, DOC_WARN, "backup", "cloudsign backup (README, \"Backup\")",
                "%lld keys are in no backup kit", (long long)without);
    } else {
        doc_say(d, days > KIT_DAYS ? DOC_WARN : DOC_OK, "backup",
                "cloudsign backup verify, and make new ones",
                "every key has a kit; the last were made %lld days ago",
                (long long)days);
    }
}

static void say_audit(struct doctor *d)
{
    const json_t *a = json_object_get(d->status, "audit");
    const char *refused = ask_str(a, "refused");

    if (refused[0] != '\0') {
        doc_say(
            d, DOC_FAIL, "audit",
            "was the platform restored from a backup, or updated after "
            "AUDIT_UNPROVEN? then: cloudsign audit accept; else somebody has changed "
            "its log: look for an older export of it",
            "the platform's audit log is not the one that this node has "
            "countersigned: %s, record %lld is shown, %lld was seen",
            refused, (long long)get_int(a, "shownSeq"), (long long)get_int(a, "seq"));
    } else if (get_int(a, "seq") != 0) {
        doc_say(d, DOC_OK, "audit", "",
                "the platform's audit log is countersigned up to record %lld",
                (long long)get_int(a, "seq"));
    }
}

/* ---- peers
 * ---------------------------------------------------------------------------------- */

static void say_peer(struct doctor *d, const json_t *q, const json_t *p)
{
    const char *link = ask_str(p, "link"), *version = ask_str(p, "version");
    const json_t *bad = json_object_get(p, "quarantine");
    int index = (int)get_int(p, "index");

    if (bad != NULL) {
        doc_say(d, DOC_FAIL, "peer",
                "find out whether that node is compromised; then: cloudsign peer "
                "release ID INDEX",
                "party %d of \"%s\" is quarantined: %s", index, ask_str(q, "name"),
                ask_str(bad, "reason"));
    } else if (strcmp(link, "FENCED") == 0) {
        doc_say(d, DOC_FAIL, "peer",
                "was it restored from a backup, or does it run twice? stop the wrong "
                "one; then: cloudsign peer accept ID INDEX",
                "party %d of \"%s\" shows an older or forked state", index,
                ask_str(q, "name"));
    } else if (strcmp(link, "LIVE") != 0) {
        doc_say(d, DOC_WARN, "peer",
                "is that node running, and is its relay channel up? run doctor there",
                "no link to party %d of \"%s\": %s", index, ask_str(q, "name"), link);
    } else {
        doc_say(d,
                version[0] != '\0' &&
                        strcmp(version, ask_str(d->status, "version")) != 0
                    ? DOC_WARN
                    : DOC_OK,
                "peer", "run the same version on all nodes",
                "party %d of \"%s\" is linked and runs version %s", index,
                ask_str(q, "name"), version[0] != '\0' ? version : "not known");
    }
}

static void say_quorum(struct doctor *d, const json_t *q)
{
    const json_t *peers = json_object_get(q, "peers");
    size_t live = 0;

    for (size_t i = 0; i < json_array_size(peers); i++) {
        const json_t *p = json_array_get(peers, i);

        live += strcmp(ask_str(p, "link"), "LIVE") == 0 &&
                json_object_get(p, "quarantine") == NULL;
        say_peer(d, q, p);
    }
    if (strcmp(ask_str(q, "state"), "CONFIRMED") == 0) {
        doc_say(d,
                (json_int_t)live + 1 >= get_int(q, "requiredSigners") ? DOC_OK
                                                                      : DOC_FAIL,
                "quorum", "bring more of its nodes up",
                "\"%s\": this node and %zu others are there, %lld are needed to sign",
                ask_str(q, "name"), live, (long long)get_int(q, "requiredSigners"));
    }
    if (!json_is_true(json_object_get(q, "operatorVerified"))) {
        doc_say(d, DOC_WARN, "words",
                "compare them on all nodes, then: cloudsign quorum confirm WORDS",
                "nobody has compared the words of \"%s\": %s", ask_str(q, "name"),
                ask_str(q, "words"));
    }
}

/* ---- the way there and back
 * ---------------------------------------------------------------- */

static void wait_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

    (void)nanosleep(&t, NULL);
}

/* Calls fn for every live peer of a status; how many have not answered yet. */
static size_t each_live(struct doctor *d, const json_t *status,
                        void (*fn)(struct doctor *, const json_t *, const json_t *))
{
    const json_t *quorums = json_object_get(status, "quorums");
    size_t open = 0;

    for (size_t i = 0; i < json_array_size(quorums); i++) {
        const json_t *q = json_array_get(quorums, i),
                     *peers = json_object_get(q, "peers");

        for (size_t k = 0; k < json_array_size(peers); k++) {
            const json_t *p = json_array_get(peers, k);

            if (strcmp(ask_str(p, "link"), "LIVE") == 0) {
                open += json_is_true(json_object_get(p, "pingOpen"));
                if (fn != NULL) {
                    fn(d, q, p);
                }
            }
        }
    }
    return open;
}

static void say_way(struct doctor *d, const json_t *q, const json_t *p)
{
    bool open = json_is_true(json_object_get(p, "pingOpen"));

    doc_say(d, open ? DOC_FAIL : DOC_OK, "relay-way",
            "the relay, or the other node's network, loses messages: run doctor there",
            open ? "party %d of \"%s\" does not answer through the relay within %lld ms"
                 : "party %d of \"%s\" answers through the relay in %lld ms",
            (int)get_int(p, "index"), ask_str(q, "name"),
            open ? (long long)PING_WAIT_MS
                 : (long long)strtoll(ask_str(p, "rttMs"), NULL, 10));
}

static void ping_peers(struct doctor *d)
{
    json_t *answer = doc_ask(d, "{\"cmd\":\"peers.ping\"}"), *status = NULL;
    bool asked = json_is_true(json_object_get(answer, "ok"));

    json_decref(answer);
    for (int waited = 0; waited <= PING_WAIT_MS; waited += POLL_MS) {
        json_decref(status);
        status = doc_ask(d, "{\"cmd\":\"status\"}");
        if (status == NULL || each_live(d, status, NULL) == 0) {
            break;
        }
        wait_ms(POLL_MS);
    }
    if (!asked || status == NULL) { /* nothing is known of any way then */
        doc_say(d, DOC_FAIL, "relay-way", "run it again; see the node's log",
                "the node did not answer when its peers were to be asked");
    } else {
        (void)each_live(d, status, say_way);
    }
    json_decref(status);
}

void doc_node(struct doctor *d)
{
    const json_t *quorums = json_object_get(d->status, "quorums");

    say_version(d);
    say_state(d);
    say_kms(d);
    if (json_object_get(d->status, "control") != NULL) {
        say_channel(d, "control", "lastError", "control");
        say_channel(d, "relay", "relayError", "relay-channel");
    }
    if (json_object_get(d->status, "clockSkewMs") != NULL) {
        doc_skew(d, "the platform (at the last sign-in)",
                 get_int(d->status, "clockSkewMs"), 1000);
    }
    say_store(d);
    say_backup(d);
    say_audit(d);
    for (size_t i = 0; i < json_array_size(quorums); i++) {
        say_quorum(d, json_array_get(quorums, i));
    }
    ping_peers(d);
}
