/* cloudsign: a node.  Which subcommand? */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/node/cli.h"

static const char help[] =
    "cloudsign - a CloudSign node: holds one shard of each key, signs with one other\n"
    "\n"
    "Usage: cloudsign [run]                   run the node in the foreground\n"
    "       cloudsign status [--json]         ask the running node how it is\n"
    "       cloudsign doctor [--json] [--deep]  what is wrong here, and its remedy: "
    "disk,\n"
    "                                         limits, clock, network, platform, "
    "relay, peers,\n"
    "                                         store (--deep: every record); exit 1 if "
    "a check fails\n"
    "       cloudsign quorum confirm WORDS    the six words of a quorum are the same "
    "on\n"
    "                                         this node, in the console, and "
    "elsewhere\n"
    "       cloudsign peer release ID INDEX   work again with a party that this node "
    "refuses\n"
    "                                         since it cheated (status shows ID and "
    "INDEX)\n"
    "       cloudsign peer accept ID INDEX    accept the state of a party that was "
    "restored\n"
    "                                         from a backup (E_ROLLBACK, E_CLONE)\n"
    "       cloudsign audit accept            the platform's audit log is the right "
    "one "
    "again\n"
    "                                         (after its restore: AUDIT_ROLLBACK, "
    "AUDIT_FORK;\n"
    "                                         after an update of an old one: "
    "AUDIT_UNPROVEN)\n"
    "       cloudsign policy check FILE [--request FILE | --tx HEX --chain WORD ..]\n"
    "                                         is the policy valid, and what would it "
    "say\n"
    "       cloudsign policy reload           the running node reads POLICY_FILE again "
    "(SIGHUP, too)\n"
    "       cloudsign backup DIR [--to PUBLIC..]   a new folder with a copy of the "
    "store, and a\n"
    "                                         kit of each key for recovery keys (also "
    "named in\n"
    "                                         RECOVERY_KEYS); of a running or stopped "
    "node\n"
    "       cloudsign backup verify DIR [--key SECRET..]   the folder is whole, the "
    "store opens\n"
    "                                         (with DB_ENCRYPTION_KEY_HEX), each kit "
    "opens\n"
    "       cloudsign backup verify KIT.. --key SECRET   each kit opens to a share "
    "that "
    "fits\n"
    "                                         the public key; shows no secret\n"
    "       cloudsign restore DIR             the store of a backup onto an empty "
    "volume; the\n"
    "                                         peers then ask for `peer accept`\n"
    "       cloudsign rekey                   another key for the store, running or "
    "not:\n"
    "                                         NEW_DB_ENCRYPTION_KEY_HEX, .._HEX_FILE "
    "or .._REF\n"
    "       cloudsign recover id FILE         the id of a recovery key, for "
    "RECOVERY_KEYS\n"
    "       cloudsign recover keygen FILE     make a recovery key: the secret goes "
    "into "
    "FILE, the\n"
    "                                         public half is printed\n"
    "       cloudsign recover KIT.. --key SECRET.. [--path 0/5] --out FILE | --show\n"
    "                                         the private key from the backup kits of "
    "enough\n"
    "                                         nodes, without any node\n"
    "       cloudsign recover open FILE       show what --out saved\n"
    "       cloudsign recover sign FILE MESSAGE   sign with the scalar of an Ed25519 "
    "key\n"
    "       cloudsign version\n"
    "       cloudsign help\n"
    "\n"
    "Start a node with what the console shows for its device:\n"
    "\n"
    "  export PAIRING_KEY=eyJkZXZpY2VJZCI6...          # from the console, once\n"
    "  export DB_ENCRYPTION_KEY_HEX=$(openssl rand -hex 32)   # keep it: no key, no "
    "shard\n"
    "  export CLOUDSIGN_DATA_DIR=/var/cloudsign        # its own volume, mode 0700\n"
    "  cloudsign\n"
    "\n"
    "then approve the device in the console: its fingerprint must be the one that\n"
    "`cloudsign status` shows here.\n"
    "\n";

static const char help_settings[] =
    "Environment (NAME_FILE=path works for the first two and keeps them out of "
    "sight):\n"
    "  PAIRING_KEY             identity of the device; not needed once it is paired\n"
    "  DB_ENCRYPTION_KEY_HEX   64 hex digits that encrypt the store\n"
    "  DB_ENCRYPTION_KEY_REF   instead: the ARN of a key in AWS KMS that seals the "
    "store, with\n"
    "                          AWS's usual variables (credentials, "
    "AWS_ENDPOINT_URL_KMS, AWS_CA_BUNDLE)\n"
    "  CLOUDSIGN_DATA_DIR      store and socket (default " CLI_DEFAULT_DIR ")\n"
    "  LOG_LEVEL               trace, debug, info (default), warn, error; also by "
    "module:\n"
    "                          info,net=debug,session=trace\n"
    "  LOG_FORMAT              text (default) or json\n"
    "  LOG_LIMIT               lines of one kind in 10 seconds (default 50; 0: no "
    "limit)\n"
    "  METRICS_ADDR            serve /healthz, /readyz, /metrics: unix:/path, "
    "127.0.0.1:PORT\n"
    "                          or [::1]:PORT (default: nowhere)\n"
    "  PEER_IDENTITIES         only these fingerprints may be peers (strict mode)\n"
    "  RECOVERY_KEYS           ids of the recovery keys that backup kits are made for\n"
    "  ALLOW_BLIND_SIGNING=true  signs bare digests, unseen (default false: refused, "
    "whatever\n"
    "                          the platform allows)\n"
    "  POLICY_FILE             rules that a request must pass (README, \"Policy\"); "
    "SIGHUP\n"
    "                          reads it again\n"
    "  APPROVAL_CALLBACK_URL   https endpoint that must allow each request; with\n"
    "                          APPROVAL_CALLBACK_SECRET or _CERT_FILE and _KEY_FILE, "
    "and\n"
    "                          _PUBLIC_KEY, _CA_FILE (README, \"Approval callback\")\n"
    "  PLATFORM_URL RELAY_URL  instead of the pairing key's (wss://; its CA still "
    "counts)\n"
    "  CLOUDSIGN_SANDBOX       on (default: locked in after the start), require, off\n"
    "  CLOUDSIGN_ALLOW_UNSAFE_FS=1  also NFS, overlay and the like: never for real "
    "keys\n"
    "\n"
    "SIGTERM or SIGINT: takes no new work, lets running sessions end, exits 0; a "
    "second\n"
    "one ends at once.  Other exit codes: see README, \"Exit codes\".\n";

static int usage(const char *word)
{
    (void)fprintf(stderr, "cloudsign: unknown word \"%s\"; try: cloudsign help\n",
                  word);
    return cs_err_exit(CS_ERR_USAGE);
}

static bool is(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || (b != NULL && strcmp(word, b) == 0);
}

static int quorum(int argc, char **argv)
{
    if (argc == 4 && is(argv[2], "confirm", NULL)) {
        return cli_quorum_confirm(argv[3]);
    }
    (void)fprintf(stderr, "cloudsign: use: cloudsign quorum confirm WORDS (six words, "
                          "joined by dashes)\n");
    return cs_err_exit(CS_ERR_USAGE);
}

static int peer(int argc, char **argv)
{
    const char *index = argc == 5 ? argv[4] : "";

    if (argc == 5 && (is(argv[2], "release", "accept")) && index[0] >= '1' &&
        index[0] <= '7' && index[1] == '\0') {
        return cli_peer(argv[2], argv[3], index[0] - '0');
    }
    (void)fprintf(stderr,
                  "cloudsign: use: cloudsign peer release ID INDEX, or cloudsign peer "
                  "accept ID INDEX (quorum and party as `cloudsign status` shows "
                  "them)\n");
    return cs_err_exit(CS_ERR_USAGE);
}

static int audit(int argc, char **argv)
{
    if (argc == 3 && is(argv[2], "accept", NULL)) {
        return cli_audit_accept();
    }
    (void)fprintf(stderr, "cloudsign: use: cloudsign audit accept\n");
    return cs_err_exit(CS_ERR_USAGE);
}

static int status(int argc, char **argv)
{
    if (argc == 2) {
        return cli_status(0);
    }
    if (argc == 3 && is(argv[2], "--json", NULL)) {
        return cli_status(1);
    }
    return usage(argv[2]);
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return cli_run();
    }
    if (is(argv[1], "status", NULL)) {
        return status(argc, argv);
    }
    if (is(argv[1], "doctor", NULL)) {
        return cli_doctor(argc - 2, argv + 2);
    }
    if (is(argv[1], "quorum", NULL)) {
        return quorum(argc, argv);
    }
    if (is(argv[1], "peer", NULL)) {
        return peer(argc, argv);
    }
    if (is(argv[1], "audit", NULL)) {
        return audit(argc, argv);
    }
    if (is(argv[1], "backup", NULL)) {
        return cli_backup(argc - 2, argv + 2);
    }
    if (is(argv[1], "restore", NULL)) {
        return cli_restore(argc - 2, argv + 2);
    }
    if (is(argv[1], "rekey", NULL)) {
        return cli_rekey(argc - 2);
    }
    if (is(argv[1], "policy", NULL)) {
        return cli_policy(argc - 2, argv + 2);
    }
    if (is(argv[1], "recover", NULL)) {
        return cli_recover(argc - 2, argv + 2);
    }
    if (argc != 2) {
        return usage(argv[2]);
    }
    if (is(argv[1], "run", NULL)) {
        return cli_run();
    }
    if (is(argv[1], "version", "--version")) {
        (void)printf("cloudsign %s\n", CS_VERSION);
        return 0;
    }
    if (is(argv[1], "help", "--help") || is(argv[1], "-h", NULL)) {
        (void)printf("%s%s", help, help_settings);
        return 0;
    }
    return usage(argv[1]);
}
