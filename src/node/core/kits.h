/* Backup kits, asked for on the local socket (PROTOCOLS 8.7): private to node/core.
 *
 * A question on the socket must not be a way to carry shares away, so kits are made for
 * recovery keys that the node's own configuration names (RECOVERY_KEYS) and for no
 * other; without any there are no kits. */
#ifndef CS_NODE_CORE_KITS_H
#define CS_NODE_CORE_KITS_H

#include <jansson.h>

#include "node/core/core.h"
#include "wire/jsonx.h"

/* {"ok":false,"reason":..,"text":..} (local.c) */
json_t *cs_nd_refusal(enum cs_err err, const char *text);

/* backup.keys {from}: {"ok":true,"keys":[id..],"next":N|absent,"total":N}, at most 4096
 * ids a page; the walk has no order but keeps the one it has.  NULL: r has failed. */
json_t *cs_nd_backup_keys(struct cs_node_core *n, struct cs_jr *r);
/* backup.kit {keyId, to:[text of a public recovery key, 1..8]}: {"ok":true, "epoch",
 * "index", "scheme", "kit": hex}.  NULL: r has failed. */
json_t *cs_nd_backup_kit(struct cs_node_core *n, struct cs_jr *r);

#endif
