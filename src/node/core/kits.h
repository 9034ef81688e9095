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

/* All: NULL when r has failed. */

/* backup.keys {after: "" or the last page's next}: {"ok":true,"keys":[id..],
 * "next":"..","total":N}, at most 512 ids a page; no "next": that was the last.  In no
 * order; keys that are made or removed meanwhile may be there or not. */
json_t *cs_nd_backup_keys(struct cs_node_core *n, struct cs_jr *r);
/* backup.kit {keyIds:[1..8], to:[text of a public recovery key, 1..8]}: {"ok":true,
 * "kits":[..]}, one for each key: {"keyId","epoch","index","scheme","kit": hex} or
 * {"keyId","reason","text"}. */
json_t *cs_nd_backup_kit(struct cs_node_core *n, struct cs_jr *r);
/* backup.saved {keys:[{keyId,epoch}, 1..256]}: their kits are durable somewhere else.
 * Answers the number that were missing: {"ok":true,"news":N}. */
json_t *cs_nd_backup_saved(struct cs_node_core *n, struct cs_jr *r);
/* backup.done {kits, epoch, copy, to?: [ids of recovery keys]}: all of one backup is
 * durable. */
json_t *cs_nd_backup_done(struct cs_node_core *n, struct cs_jr *r);
/* For status: {"time" (Unix ms, 0: none),"keys","kits","epoch","copyTime",
 * "restoreTime","keysWithoutKit","withoutKit":[first 16]}. */
json_t *cs_nd_backup_json(const struct cs_node_core *n);
/* For the platform. */
void cs_nd_backup_tell(const struct cs_node_core *n, struct cs_ctl_backup *out);
/* store.restored: this store is a copy that `cloudsign restore` puts in place (STATE in
 * a running node).  The boot counter begins anew in a range of its own, so that every
 * peer that knows this node fences it until an operator has said there that the old
 * instance is gone, and the old instance from then on (8.9).
 */
json_t *cs_nd_store_restored(struct cs_node_core *n);
/* store.check (node_core.h) */
json_t *cs_nd_store_check(struct cs_node_core *n, struct cs_jr *r);

#endif
