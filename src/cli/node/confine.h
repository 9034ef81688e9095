/* What a running node may still do (base/os/sandbox.h): its own paths, by its settings.
 */
#ifndef CS_CLI_NODE_CONFINE_H
#define CS_CLI_NODE_CONFINE_H

#include <cloudsign/cs_node.h>

#include "base/os/sandbox.h"

/* After cs_node_new, before cs_node_start: the store is open, nothing else is. */
enum cs_err cli_confine(enum cs_os_sandbox_mode mode, const struct cs_node_config *cfg,
                        struct cs_why *why) CS_MUST_USE;

#endif
