/* cloudsign-platform: which subcommand, which options? */
#include <stdio.h>
#include <string.h>

#include "base/os/secret.h"
#include "cli/platform/cli.h"

static bool is(const char *word, const char *a)
{
    return strcmp(word, a) == 0;
}

/* --help behind any word. */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (is(argv[i], "--help") || is(argv[i], "-h")) {
            return true;
        }
    }
    return false;
}

const char *cli_data_dir(void)
{
    return cs_os_setting("CLOUDSIGN_PLATFORM_DATA_DIR", CLI_DEFAULT_DIR);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "serve";

    if (is(word, "help") || wants_help(argc, argv)) {
        cli_help(is(word, "help") ? (argc > 2 ? argv[2] : NULL) : word);
        return 0;
    }
    if (is(word, "version") || is(word, "--version")) {
        return cli_version();
    }
    if (is(word, "audit")) {
        return cli_audit(argc - 2, argv + 2);
    }
    if (is(word, "user")) {
        return cli_user(argc - 2, argv + 2);
    }
    if (is(word, "backup")) {
        return cli_backup(argc - 2, argv + 2);
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
