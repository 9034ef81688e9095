/* What each subcommand is for, how it is called, and what can go wrong. */
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "cli/platform/cli.h"

static const char help[] =
    "cloudsign-platform - devices, quorums, keys and signing requests; console, REST,\n"
    "control channel and relay on one TLS port\n"
    "\n"
    "Usage: cloudsign-platform [serve] [OPTION]...   run it (the default)\n"
    "       cloudsign-platform user ...              who may sign in; a way back in\n"
    "       cloudsign-platform backup ...            copy store and TLS files; verify\n"
    "       cloudsign-platform audit ...             verify, head or export of the "
    "log\n"
    "       cloudsign-platform version               of the program and its libraries\n"
    "       cloudsign-platform help [WORD]           this, or more of one of these\n"
    "\n"
    "All take --data-dir DIR: store and files (or CLOUDSIGN_PLATFORM_DATA_DIR; "
    "default\n" CLI_DEFAULT_DIR ").  user list, backup, audit head and audit export\n"
    "work while the platform runs and while it is stopped.  Exit codes: README, "
    "\"Exit\n"
    "codes\".\n";

static const char serve[] =
    "Usage: cloudsign-platform [serve] [OPTION]...\n"
    "\n"
    "  --data-dir DIR        store and files (or CLOUDSIGN_PLATFORM_DATA_DIR;\n"
    "                        default " CLI_DEFAULT_DIR ")\n"
    "  --listen HOST:PORT    IP address; port 0 takes a free one (default "
    "127.0.0.1:8443)\n"
    "  --public-url URL      https://NAME[:PORT], as nodes and users reach it; goes "
    "into\n"
    "                        pairing keys and the certificate (default: as it "
    "listens)\n"
    "  --tls-cert FILE --tls-key FILE --tls-ca FILE\n"
    "                        PEM files; without them the platform makes its own CA "
    "and\n"
    "                        certificate in DIR/tls, and pairing keys carry that CA\n"
    "  --webhook-allow CIDR[:PORT]\n"
    "                        webhooks may call this network, too (port 443 unless "
    "given; "
    "up\n"
    "                        to 16 times); else only public addresses at port 443\n"
    "  --webhook-ca FILE     PEM: CAs that endpoints' certificates are checked by "
    "(default:\n"
    "                        the system's)\n"
    "  --join-minutes N      time for all members to join a quorum (default 60)\n"
    "  --sign-minutes N      life of a signing request (default 5)\n"
    "  --max-connections N   of all clients, 64 to 65536 (default 1024), and\n"
    "  --max-per-address N   of one of them (default 256): others get no answer\n"
    "\n"
    "When it is ready it writes DIR/platform.url, DIR/ca.pem and, until somebody has "
    "used\n"
    "it, DIR/setup-token.  First administrator: open the address in a browser, or\n"
    "\n"
    "  curl --cacert DIR/ca.pem $(cat DIR/platform.url)/v2/setup -d \\\n"
    "    '{\"setupToken\":\"...\",\"organizationName\":\"...\",\"firstName\":\"...\",\n"
    "      \"lastName\":\"...\",\"email\":\"...\"}'\n"
    "\n"
    "Environment: LOG_LEVEL (trace, debug, info, warn, error; by module: "
    "info,net=debug;\n"
    "net=debug also logs every read), LOG_FORMAT (text, json), LOG_LIMIT (lines of "
    "one\n"
    "kind in 10 s: 50; 0: no limit), METRICS_ADDR (unix:/path, 127.0.0.1:PORT or\n"
    "[::1]:PORT: /healthz, /readyz, /metrics), CLOUDSIGN_ALLOW_UNSAFE_FS=1 (also NFS,\n"
    "overlay and the like: tests only).\n"
    "SIGTERM or SIGINT: ends in order, exits 0; a second one ends at once.\n"
    "A store of an earlier version is brought up while it serves; a store of a later\n"
    "one is refused.\n";

static const char user[] =
    "Usage: cloudsign-platform user list [--data-dir DIR]\n"
    "       cloudsign-platform user invite EMAIL [--data-dir DIR]\n"
    "       cloudsign-platform user rescue EMAIL [--first-name A] [--last-name B]\n"
    "                                            [--data-dir DIR]\n"
    "\n"
    "list    who there is, with roles and status.\n"
    "invite  a new enrolment token for a user who is there: the old password, the\n"
    "        authenticator and all sessions end, a block is lifted.\n"
    "rescue  a new owner, when nobody can sign in any more.\n"
    "\n"
    "invite and rescue need the platform stopped (exit 81 while it runs: in its "
    "console\n"
    "an administrator does the same).  The token goes to the standard output, good "
    "for\n"
    "72 hours; whoever has it becomes that user.  The audit log gets a record with "
    "the\n"
    "name of the account that ran this, which everybody with audit.read sees.\n"
    "\n"
    "  systemctl stop cloudsign-platform\n"
    "  sudo -u cloudsign-platform cloudsign-platform user invite ada@example.org \\\n"
    "      --data-dir /var/lib/cloudsign-platform\n"
    "  systemctl start cloudsign-platform\n";

static const char backup[] =
    "Usage: cloudsign-platform backup DIR [--data-dir STORE]\n"
    "       cloudsign-platform backup verify DIR\n"
    "\n"
    "Makes DIR, which must be new: data.mdb (one moment of the store), seal.key, "
    "tls/,\n"
    "backup.json (when, size, SHA-256, head of the audit log) and RESTORE.txt.  It is\n"
    "written as DIR.partial, made durable, opened and checked, and then named: DIR is\n"
    "a whole backup or none.  The platform may run; run this as its user.  While it\n"
    "copies, the running store does not reuse the pages that it gives free.\n"
    "\n"
    "It holds SECRETS: TLS keys, TOTP secrets under the users' passwords, digests of\n"
    "passwords and API secrets, all requests.  No shard: those are with the nodes, "
    "who\n"
    "have backups of their own.  Encrypt it, e.g. tar c DIR | age -r RECIPIENT.\n"
    "\n"
    "verify  the file is the one that was written, its structure is whole, and its\n"
    "        audit log is an unbroken chain up to its head (exit 83 if not).\n"
    "\n"
    "To restore: stop the old platform for good, copy data.mdb, seal.key, tls/ into an "
    "empty\n"
    "directory that is the platform's (0700), start it with the --public-url of\n"
    "before.  What happened after the backup is gone; look through users and\n"
    "credentials.  Nodes that have countersigned later records of the audit log "
    "refuse\n"
    "the older one until an operator says on each: cloudsign audit accept.\n";

static const char audit[] =
    "Usage: cloudsign-platform audit verify FILE [--head HASH] [--devices FILE]\n"
    "       cloudsign-platform audit head [--data-dir DIR]\n"
    "       cloudsign-platform audit export [--from N] [--data-dir DIR] >FILE\n"
    "\n"
    "verify  is an export whole, and does it end in this head?  Needs no platform; "
    "FILE\n"
    "        - is standard input; exits 83 and names the record if not.  It says how\n"
    "        many nodes have countersigned it up to where; --devices holds\n"
    "        `cloudsign status --json` of each node, which finds a cut end and a log\n"
    "        that was made anew, too.\n"
    "head    number of records and hash of the newest one, out of the store.  Keep it\n"
    "        elsewhere now and then: who rewrites the whole store rewrites the chain.\n"
    "export  the log from record N (1) on as lines of JSON, as GET /v2/audit/export\n"
    "        gives them.\n";

void cli_help(const char *word)
{
    static const struct {
        const char *word, *text;
    } pages[] = {
        {"serve", serve}, {"user", user}, {"backup", backup}, {"audit", audit}};

    for (size_t i = 0; i < CS_COUNTOF(pages); i++) {
        if (word != NULL && strcmp(pages[i].word, word) == 0) {
            (void)fputs(pages[i].text, stdout);
            return;
        }
    }
    (void)fputs(help, stdout);
}
