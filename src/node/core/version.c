/* 9.4 VERSION: each node tells its peers which program it runs, so that `status` and
 * `doctor` can show who was not updated.
 *
 *   private part: 1 to 31 printable characters of ASCII
 *
 * Nothing else is made of it: what two nodes may do with each other is decided by the
 * link's own version list (mpc/link/link.h). */
#include <string.h>

#include "node/core/core.h"

void cs_nd_version_send(struct cs_node_core *n, struct quorum *q, uint8_t to)
{
    struct cs_message m = {.proto = CS_PROTO_CONTROL, .type = CS_TYPE_VERSION};

    m.priv = CS_SPAN(n->version, strlen(n->version));
    (void)cs_nd_link_send(n, q, to, &m);
}

static bool is_version(struct cs_span s, size_t cap)
{
    if (s.n == 0 || s.n >= cap) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\') {
            return false;
        }
    }
    return true;
}

void cs_nd_version(struct cs_node_core *n, struct quorum *q, uint8_t from,
                   const struct cs_message *m)
{
    struct peer *p = &q->peers[from];

    if (m->broadcast.n != 0 || !is_version(m->priv, sizeof p->version)) {
        cs_nd_blame(n, q, from, CS_ERR_BAD_FORMAT);
        return;
    }
    memcpy(p->version, m->priv.p, m->priv.n);
    p->version[m->priv.n] = '\0';
}
