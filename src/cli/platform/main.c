/* cloudsign-platform: which subcommand, which options? */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/platform/cli.h"

static const char help[] =
    "cloudsign-platform - devices, quorums, keys and signing requests; REST, control\n"
    "channel and relay on one TLS port\n"
    "\n"
    "Usage: cloudsign-platform [serve] [OPTION]...\n"
    "       cloudsign-platform audit verify FILE [--head HASH]\n"
    "       cloudsign-platform version\n"
    "       cloudsign-platform help\n"
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
    "  --join-minutes N      time for all members to join a quorum (default 60)\n"
    "  --sign-minutes N      life of a signing request (default 5)\n"
    "\n"
    "When it is ready it writes DIR/platform.url, DIR/ca.pem and, until somebody has "
    "used\n"
    "it, DIR/setup-token.  First administrator:\n"
    "\n"
    "  curl --cacert DIR/ca.pem $(cat DIR/platform.url)/v2/setup -d \\\n"
    "    '{\"setupToken\":\"...\",\"organizationName\":\"...\",\"firstName\":\"...\",\n"
    "      \"lastName\":\"...\",\"email\":\"...\"}'\n"
    "\n"
    "audit verify: is an export (GET /v2/audit/export) whole, and does it end in this\n"
    "head (GET /v2/audit/head)?  Offline; exits 83 and names the record if not.\n"
    "\n"
    "Environment: LOG_LEVEL (trace, debug, info, warn, error; by module: "
    "info,net=debug),\n"
    "LOG_FORMAT (text, json), LOG_LIMIT (lines of one kind in 10 s: 50; 0: no limit),\n"
    "CLOUDSIGN_ALLOW_UNSAFE_FS=1 (also NFS, overlay and the like: tests only).\n"
    "SIGTERM or SIGINT: ends in order, exits 0; a second one ends at once.  Other "
    "exit\n"
    "codes: see README, \"Exit codes\".\n";

static bool is(const char *word, const char *a)
{
    return strcmp(word, a) == 0;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "serve";

    if (is(word, "help") || is(word, "--help") || is(word, "-h")) {
        (void)fputs(help, stdout);
        return 0;
    }
    if (is(word, "version") || is(word, "--version")) {
        (void)printf("cloudsign-platform %s\n", CS_VERSION);
        return 0;
    }
    if (is(word, "audit")) {
        return cli_audit(argc - 2, argv + 2);
    }
    if (is(word, "serve")) {
        return argc > 1 ? cli_serve(argc - 2, argv + 2) : cli_serve(0, NULL);
    }
    if (strncmp(word, "--", 2) == 0) {
        return cli_serve(argc - 1, argv + 1);
    }
    (void)fprintf(
        stderr,
        "cloudsign-platform: unknown word \"%s\"; try: cloudsign-platform help\n",
        word);
    return cs_err_exit(CS_ERR_USAGE);
}
