#include "crypto/audit_head.h"

#include "base/wr.h"
#include "crypto/hash.h"
#include "crypto/identity.h"

void cs_audit_head_hash(uint8_t out[32], const struct cs_audit_head *h)
{
    uint8_t seq[8], time[8];
    const struct cs_span items[] = {CS_SPAN_OF(h->organization), CS_SPAN_OF(seq),
                                    CS_SPAN_OF(h->hash), CS_SPAN_OF(time)};

    for (int i = 0; i < 8; i++) {
        seq[i] = (uint8_t)(h->seq >> (56 - 8 * i));
        time[i] = (uint8_t)(h->time >> (56 - 8 * i));
    }
    cs_th(out, CS_TAG_AUDIT_HEAD, items, CS_COUNTOF(items));
}

bool cs_audit_head_verify(const struct cs_audit_head *h, const uint8_t ik[32],
                          const uint8_t sig[64])
{
    uint8_t th[32];

    cs_audit_head_hash(th, h);
    return cs_sign_verify(sig, ik, CS_SPAN_OF(th));
}
