/* cloudsign: one file a subcommand.  Each returns the exit code (README). */
#ifndef CS_CLI_NODE_CLI_H
#define CS_CLI_NODE_CLI_H

#include "base/err.h"

#define CLI_DEFAULT_DIR "/var/cloudsign"

int cli_run(void);
int cli_status(int json);
/* argv: what stands behind "doctor". */
int cli_doctor(int argc, char **argv);
int cli_quorum_confirm(const char *words);
/* what: "release" or "accept"; index 1..7. */
int cli_peer(const char *what, const char *quorum_id, int index);
int cli_audit_accept(void);
/* argv: what stands behind "recover". */
int cli_recover(int argc, char **argv);
/* The same for "backup" and "restore". */
int cli_backup(int argc, char **argv);
/* .. and "policy". */
int cli_policy(int argc, char **argv);
enum cs_err cli_backup_verify(int argc, char **argv);
int cli_restore(int argc, char **argv);
/* argc: how many words stand behind "rekey". */
int cli_rekey(int argc);
const char *cli_data_dir(void);

#endif
