#include "mpc/round.h"

#include <string.h>

enum cs_err cs_roster_from_ds(struct cs_roster *out, const struct cs_device_set *ds,
                              uint8_t self)
{
    struct cs_roster r = {.n = ds->n, .t = ds->t, .self = self};
    size_t i;

    if (ds->n > CS_PARTIES_MAX || cs_ds_member(ds, self) == NULL) {
        return CS_ERR_USAGE;
    }
    cs_ds_hash(r.ds_hash, ds);
    for (i = 0; i < ds->n; i++) {
        memcpy(r.ik[i + 1], ds->members[i].id.ik, CS_IK_LEN);
    }
    *out = r;
    return CS_OK;
}

bool cs_roster_has(const struct cs_roster *r, unsigned index)
{
    return index >= 1 && index <= r->n;
}
