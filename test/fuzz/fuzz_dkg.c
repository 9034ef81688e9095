/* A whole key generation of two in which the second party's messages are changed by the
 * input: which message, which part, then bytes that replace its beginning, or its
 * length. Must hold: no crash, the honest party blames only the liar, and a key that it
 * ends with passes its load checks. */
#include <stdint.h>
#include <stdlib.h>

#include "support/mpc_party.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIAR = 2, MODES = 4 };

struct input {
    uint8_t type, mode;
    const uint8_t *p;
    size_t n;
};

static void change(struct cs_wr *w, const struct input *in)
{
    switch (in->mode) {
    case 0: /* replaced */
        cs_wr_reset(w);
        cs_wr_bytes(w, in->p, in->n);
        break;
    case 1: /* same length, beginning replaced */
        for (size_t i = 0; i < w->n && i < in->n; i++) {
            w->p[i] = in->p[i];
        }
        break;
    case 2: /* xor, end first: sid and tr stay right for long */
        for (size_t i = 0; i < w->n && i < in->n; i++) {
            w->p[w->n - 1 - i] ^= in->p[i];
        }
        break;
    default: /* cut */
        w->n = in->n < w->n ? w->n - in->n : 0;
        break;
    }
}

static bool lie(struct net *w, struct net_msg *m)
{
    const struct input *in = w->hook_ctx;
    bool session = m->m.proto == CS_PROTO_DKG;

    if (m->m.from == LIAR && m->m.type == (in->type & 15) &&
        session == ((in->type & 16) == 0)) {
        change((in->type & 32) == 0 ? &m->bcast : &m->priv, in);
    }
    return m->bcast.n + m->priv.n > 0; /* the link refuses empty messages */
}

static void check(const struct net *w)
{
    enum cs_reaction r = cs_err_reaction(w->err[1]);

    if (net_done(w, 1)) {
        if (cs_key_check(w->stored[1], &w->roster[1], NULL) != CS_OK) {
            abort();
        }
    } else if ((r == CS_REACT_BLAME || r == CS_REACT_QUARANTINE) &&
               w->blame[1].party == 1) {
        abort(); /* never itself */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in;
    struct net *w;

    if (size < 2 || size > 2000) {
        return 0;
    }
    in = (struct input){data[0], data[1] % MODES, data + 2, size - 2};
    w = net_new(2, 2, (data[0] & 64) == 0 ? CS_CURVE_ED25519 : CS_CURVE_SECP256K1, 5);
    w->liar = LIAR;
    w->hook = lie;
    w->hook_ctx = &in;
    net_start(w);
    net_run(w);
    check(w);
    net_free(w);
    return 0;
}
