/* After a key generation: tell the platform, then a check signature with every pair
 * (PROTOCOLS 3.5, DECISIONS 21). */
#include "node/core/core.h"

#include <string.h>

#include "base/log.h"
#include "mpc/cert_record.h"
#include "wire/jsonx.h"

enum { SAID_ACTIVE = 0x80 }; /* in work.proven, above the bits of the parties */

static void notify_key(struct cs_node_core *n, const struct work *w, const char *state)
{
    char id[CS_UUID_LEN];

    cs_nd_notify(n, "key", "{\"keyId\":\"%s\",\"state\":\"%s\"}",
                 cs_uuid_text(id, w->req.key_id), state);
}

static void say_active(struct cs_node_core *n, const struct work *w,
                       const struct cs_key *k)
{
    struct cs_ctl_frame f = {.kind = CS_EVT_KEY_ACTIVE};
    struct cs_ctl_key_active *b = &f.u.key_active;
    struct cs_wr cert = {0};

    cs_certificate_encode(&cert, &k->body, &k->sigs);
    if (cert.err != CS_OK) {
        cs_nd_fail(n, cert.err, "a certificate");
    }
    memcpy(b->request_id, w->req.request_id, 16);
    memcpy(b->key_id, w->req.key_id, 16);
    b->attempt = w->attempt;
    b->index = k->self;
    b->certificate = (struct cs_blob){cert.p, cert.n};
    cs_ack_sign(b->ack, n->id->ik_seed, k->cert_hash, k->self);
    cs_nd_outbox_put(n, &f);
    cs_wr_free(&cert);
}

/* ---- after the session: check signatures
 * ---------------------------------------------------- */

/* Seldom in the end: each try is two entries of the journal. */
static uint64_t retry_ms(struct work *w)
{
    uint64_t ms = (uint64_t)CHECK_RETRY_MS << (w->n_again < 8 ? w->n_again : 8);

    w->n_again++;
    return ms < CHECK_RETRY_MAX_MS ? ms : CHECK_RETRY_MAX_MS;
}

/* The lower index of each pair starts (DECISIONS 21).  The work ends when all are done
 * and the session has answered repeats for long enough. */
void cs_nd_prove(struct cs_node_core *n, struct work *w)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);
    bool all = c != NULL; /* without the key nothing is proven */

    for (uint8_t i = (uint8_t)(w->q->roster.self + 1); c != NULL && i <= w->q->roster.n;
         i++) {
        if (((unsigned)w->proven >> (i - 1) & 1U) == 0) {
            all = false;
            cs_nd_check_start(n, w->q, c->key, i);
        }
    }
    w->again = all ? UINT64_MAX : n->now + retry_ms(w);
    if (all && w->session == NULL) {
        cs_nd_work_end(n, w);
    }
}

void cs_nd_keygen_proven(struct cs_node_core *n, struct work *check)
{
    for (struct work *w = n->works; w != NULL; w = w->next) {
        if (w->kind == WORK_KEYGEN && w->phase == WORK_PROVING &&
            memcmp(w->req.key_id, check->req.key_id, 16) == 0) {
            w->proven |= (uint8_t)(1U << (check->signers[1] - 1));
            w->again = n->now; /* look, in this step, whether all are done */
            cs_nd_work_save(n, w);
            return;
        }
    }
}

/* The key is ACTIVE and stored.  The platform hears of it once: the event and the note
 * that it was said are in one batch. */
void cs_nd_keygen_activated(struct cs_node_core *n, struct work *w)
{
    enum cs_err err;
    struct cached_key *c = cs_nd_key_load(n, w->req.key_id, &err);

    if (c == NULL) {
        cs_nd_fail(n, err, "a key that was just stored");
        return;
    }
    if ((w->proven & SAID_ACTIVE) == 0) {
        cs_log(CS_LOG_INFO, "key", "key \"%s\" is active: certificate of all %u nodes",
               w->name, w->q->ds.n);
        n->counters.sessions_ok++;
        cs_nd_mx_session(n, w, CS_OK);
        cs_nd_journal_result(n, w, CS_OK);
        say_active(n, w, c->key);
        notify_key(n, w, "ACTIVE");
        w->proven |= SAID_ACTIVE;
    }
    w->phase = WORK_PROVING;
    w->deadline = UINT64_MAX;
    w->again = n->now;
    w->n_again = 0;
    cs_nd_work_save(n, w);
}
