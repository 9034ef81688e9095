/* cloudsign-platform: one file a subcommand.  Each returns the exit code (README). */
#ifndef CS_CLI_PLATFORM_CLI_H
#define CS_CLI_PLATFORM_CLI_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define CLI_DEFAULT_DIR "/var/cloudsign-platform"

int cli_serve(int n_options, char **options);
int cli_audit(int n_options, char **options);
int cli_audit_store(int n_options, char **options); /* head, export */
int cli_user(int n_options, char **options);
int cli_backup(int n_options, char **options);
int cli_version(void);
void cli_help(const char *word); /* of a subcommand; NULL: of all */
/* CLOUDSIGN_PLATFORM_DATA_DIR or the default. */
const char *cli_data_dir(void);

#endif
