/* cloudsign-platform: one file a subcommand.  Each returns the exit code (README). */
#ifndef CS_CLI_PLATFORM_CLI_H
#define CS_CLI_PLATFORM_CLI_H

#define CLI_DEFAULT_DIR "/var/cloudsign-platform"

int cli_serve(int n_options, char **options);
int cli_audit(int n_options, char **options);

#endif
