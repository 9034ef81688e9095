/* What nodes say of their backups (src/wire/README.md 2.3): in the device record
 * ("backup"), and GET /v2/backups, which keys have no backup on which device.
 *
 * backup: {at, copyAt, complete, keys, keysWithoutKit, recipients: [id of a recovery
 * key]}; at and copyAt are null when there was none.  Thread: loop. */
#ifndef CS_PLATFORM_CORE_BACKUPS_H
#define CS_PLATFORM_CORE_BACKUPS_H

#include "platform/core/rec.h"

enum { CS_BACKUP_NOTE_MS = 10000 }; /* a node's record changes no more often */

/* Of a status frame.  What a device tells before it is approved counts for nothing: a
 * new backup is a record of the audit log, and those stay. */
void cs_backup_told(struct cs_platform_core *core, struct cs_pc_live *l,
                    const struct cs_ctl_backup *b);

#endif
