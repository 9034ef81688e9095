/* 9.1 ABORT: sid and a code of the closed public list (PROTOCOLS 2.8, appendix A).
 *
 * The list is frozen: numbers are on the wire.  It holds public words only, so an ABORT
 * tells a peer no more than "CHEAT" about which check failed (4.6). */
#include <string.h>

#include "base/rd.h"
#include "mpc/session.h"

static const struct {
    uint16_t code;
    const char *reason;
} codes[] = {
    {1, "PEER_TIMEOUT"},   {2, "DEADLINE"},      {3, "LINK_LOST"},
    {4, "SID_MISMATCH"},   {5, "VERSION"},       {6, "POLICY_REFUSED"},
    {7, "BAD_FORMAT"},     {8, "BAD_POINT"},     {9, "ZERO_OR_RANGE"},
    {10, "EQUIVOCATION"},  {11, "CHEAT"},        {12, "SIG_INVALID"},
    {13, "NONCE_UNKNOWN"}, {14, "PEER_ABORTED"}, {15, "REQUEST_EXPIRED"},
    {16, "UNKNOWN_KEY"},   {17, "KEY_EXISTS"},   {18, "QUEUE_FULL"},
    {19, "STORAGE_IO"},    {20, "INTERNAL"},     {21, "SETUP_MISSING"},
    {22, "LIMIT"},
};
enum { CODE_INTERNAL = 20 };

uint16_t cs_abort_code(enum cs_err why)
{
    const char *reason = cs_err_reason(why);

    for (size_t i = 0; i < CS_COUNTOF(codes); i++) {
        if (strcmp(codes[i].reason, reason) == 0) {
            return codes[i].code;
        }
    }
    return CODE_INTERNAL; /* what is not public stays at home */
}

enum cs_err cs_abort_of_code(uint16_t code)
{
    for (size_t i = 0; i < CS_COUNTOF(codes); i++) {
        if (codes[i].code == code) {
            return cs_err_from_reason(codes[i].reason);
        }
    }
    return CS_OK;
}

void cs_abort_encode(struct cs_wr *w, const uint8_t sid[32], enum cs_err why)
{
    cs_wr_bytes(w, sid, 32);
    cs_wr_u16(w, cs_abort_code(why));
}

enum cs_err cs_abort_decode(uint8_t sid[32], enum cs_err *why, struct cs_span body)
{
    struct cs_rd r = CS_RD(body);
    uint8_t id[32];
    enum cs_err found;

    cs_rd_copy(&r, id, sizeof id);
    found = cs_abort_of_code(cs_rd_u16(&r));
    if (cs_rd_end(&r) != CS_OK || found == CS_OK) {
        return CS_ERR_BAD_FORMAT;
    }
    memcpy(sid, id, sizeof id);
    *why = found;
    return CS_OK;
}
