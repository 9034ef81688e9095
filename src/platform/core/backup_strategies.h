/* Backup strategies, for those who name one (backup_strategies.c).  Thread: loop. */
#ifndef CS_PLATFORM_CORE_BACKUP_STRATEGIES_H
#define CS_PLATFORM_CORE_BACKUP_STRATEGIES_H

#include "platform/core/api.h"

bool cs_strategy_exists(struct cs_platform_core *core, const char *id);

#endif
