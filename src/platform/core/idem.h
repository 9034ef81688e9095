/* Idempotency-Key of POSTs (DECISIONS 25): the first answer is kept and given again.
 * A key is bound to credential, method, path and body. */
#ifndef CS_PLATFORM_CORE_IDEM_H
#define CS_PLATFORM_CORE_IDEM_H

#include "platform/core/api.h"

enum { CS_IDEM_KEY_MAX = 128 };

struct cs_idem {
    bool used;
    uint8_t key[CS_PC_ID];
    uint8_t bound[32]; /* digest of method, path and body */
};

/* Fills *i from the header.  True: go on and run the handler.  False: answered already
 * (the kept answer was sent, or a refusal is set in a). */
bool cs_idem_begin(struct cs_idem *i, struct cs_api *a, bool *replied);
/* Keeps the answer of a POST that took effect.  Secrets are not in it. */
void cs_idem_keep(struct cs_idem *i, struct cs_api *a, struct cs_span body);
void cs_pc_idem_forget(struct cs_platform_core *core, const uint8_t key[CS_PC_ID]);

#endif
