/* What `cloudsign doctor` needs of the library when no node runs: nothing here changes
 * a store or begins anything.  Blocking; any thread that has the node. */
#ifndef CS_NODE_DOCTOR_H
#define CS_NODE_DOCTOR_H

#include <cloudsign/cs_node.h>

#include "base/why.h"
#include "base/wr.h"

/* {"ok","platformUrl","relayUrl","ca" hex}, of a node that was made (cs_node_new).
 * Public. */
void cs_node_doctor_facts(const cs_node *n, struct cs_wr *w);
/* The same of a pairing key, before there is a store. */
enum cs_err cs_node_doctor_pairing(struct cs_wr *w, const char *pairing_key,
                                   struct cs_why *why) CS_MUST_USE;
/* Where KMS is asked for the key `ref`: an http or https URL.  aws_env as in struct
 * cs_node_config. */
enum cs_err cs_node_doctor_kms_url(char *out, size_t cap, const char *ref,
                                   const char *const *aws_env, struct cs_why *why)
    CS_MUST_USE;
/* Reads every record of the store of a node that does not run, and holds the set
 * against the manifest.  STORE_CORRUPT says what was found; STATE: its key is not
 * there (KMS). */
enum cs_err cs_node_doctor_store(cs_node *n, uint64_t *records, struct cs_why *why)
    CS_MUST_USE;

#endif
