/* The devices of the peers, each once however many quorums it shares with this node:
 * quarantine, failed self-tests of OT setups, and how many setups it may still cost
 * (PROTOCOLS 4.2, 15.4 D3; RELIABILITY T14).
 *
 * Allowance, per device and role: 4 setups and one more for each quorum that needs OT,
 * refilled by one every 10 s.  It knows nothing of links, so a link that flaps gets no
 * more of them.  A setup that fails makes this node wait before it begins another: 5 s,
 * then twice as long each time, up to 640 s, until one succeeds. */
#include "node/core/core.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rd.h"
#include "crypto/hash.h"

enum { DEVICE_VERSION = 1, OT_BURST = 4, TESTS_TO_QUARANTINE = 3 };

/* ---- record
 * ------------------------------------------------------------------------------ */

void cs_nd_device_save(struct cs_node_core *n, const struct device *d)
{
    struct cs_wr w = {0};

    cs_wr_u8(&w, DEVICE_VERSION);
    cs_wr_u32(&w, d->setup_tests);
    cs_wr_u64(&w, (uint64_t)d->first_test_ms);
    cs_wr_u8(&w, d->quarantined);
    cs_wr_u64(&w, (uint64_t)d->quarantined_ms);
    cs_wr_lp(&w, CS_SPAN(d->reason, strlen(d->reason)));
    cs_wr_bytes(&w, d->evidence, sizeof d->evidence);
    cs_nd_put(n, TABLE_DEVICE, CS_SPAN_OF(d->id), cs_wr_get(&w));
    cs_wr_free(&w);
}

static enum cs_err decode(struct device *d, struct cs_span value)
{
    struct cs_rd r = CS_RD(value);
    uint8_t version = cs_rd_u8(&r), quarantined;
    struct cs_span reason;

    d->setup_tests = cs_rd_u32(&r);
    d->first_test_ms = (int64_t)cs_rd_u64(&r);
    quarantined = cs_rd_u8(&r);
    d->quarantined = quarantined == 1;
    d->quarantined_ms = (int64_t)cs_rd_u64(&r);
    reason = cs_rd_lp(&r, sizeof d->reason - 1);
    cs_rd_copy(&r, d->evidence, sizeof d->evidence);
    if (cs_rd_end(&r) != CS_OK || version != DEVICE_VERSION || quarantined > 1) {
        return CS_ERR_STORE_CORRUPT;
    }
    (void)snprintf(d->reason, sizeof d->reason, "%.*s", (int)reason.n,
                   reason.p == NULL ? "" : (const char *)reason.p);
    return CS_OK;
}

struct device *cs_nd_device_find(const struct cs_node_core *n, const uint8_t id[16])
{
    struct device *d = n->devices;

    while (d != NULL && memcmp(d->id, id, sizeof d->id) != 0) {
        d = d->next;
    }
    return d;
}

static enum cs_err load(struct cs_node_core *n, struct device *d)
{
    struct cs_wr w = {0};
    enum cs_err err = cs_safe_get(n->safe, TABLE_DEVICE, CS_SPAN_OF(d->id), &w);

    if (err == CS_OK) {
        err = decode(d, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return err == CS_ERR_NOT_FOUND ? CS_OK : err;
}

enum cs_err cs_nd_device_load(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    const uint8_t *id = q->ds.members[peer - 1].device_id;
    struct device *d = cs_nd_device_find(n, id);
    enum cs_err err;

    if (d == NULL) {
        d = cs_alloc(sizeof *d);
        if (d == NULL) {
            return CS_ERR_NOMEM;
        }
        memcpy(d->id, id, sizeof d->id);
        err = load(n, d);
        if (err != CS_OK) {
            cs_free(d);
            return err;
        }
        d->next = n->devices;
        n->devices = d;
    }
    q->peers[peer].device = d;
    return CS_OK;
}

void cs_nd_devices_free(struct cs_node_core *n)
{
    while (n->devices != NULL) {
        struct device *d = n->devices;

        n->devices = d->next;
        cs_free(d);
    }
}

void cs_nd_evidence(const struct cs_node_core *n, const struct quorum *q, uint8_t peer,
                    enum cs_err err, uint8_t out[32])
{
    struct cs_journal_head head = cs_journal_head(n->journal);
    const char *name = cs_err_name(err);
    uint8_t when[8];
    const struct cs_span items[] = {CS_SPAN_OF(q->roster.ds_hash),
                                    CS_SPAN(&q->roster.self, 1),
                                    CS_SPAN(&peer, 1),
                                    CS_SPAN(name, strlen(name)),
                                    CS_SPAN_OF(when),
                                    CS_SPAN_OF(head.hash)};

    for (size_t i = 0; i < sizeof when; i++) { /* big endian, as everywhere */
        when[i] = (uint8_t)((uint64_t)n->wall >> (56 - 8 * i));
    }
    cs_th(out, CS_TAG_QUARANTINE, items, CS_COUNTOF(items));
}

/* ---- how many setups
 * ----------------------------------------------------------------------------- */

static unsigned burst(const struct cs_node_core *n, const struct device *d)
{
    unsigned b = OT_BURST;

    for (size_t i = 0; i < n->n_quorums; i++) {
        b += n->quorums[i]->needs_ot && cs_nd_device_index(n->quorums[i], d->id) != 0
                 ? 1
                 : 0;
    }
    return b;
}

/* As if it had been refilled until now. */
static struct ot_bucket refilled(const struct cs_node_core *n, struct ot_bucket b)
{
    uint64_t more = (n->now - b.since) / OT_TOKEN_MS;

    if (more >= b.used) {
        return (struct ot_bucket){0, n->now};
    }
    b.used -= (unsigned)more;
    b.since += more * OT_TOKEN_MS;
    return b;
}

uint64_t cs_nd_ot_allowed_at(const struct cs_node_core *n, const struct device *d,
                             const struct ot_bucket *b)
{
    struct ot_bucket now = refilled(n, *b);
    unsigned max = burst(n, d);

    return now.used < max ? n->now
                          : now.since + (uint64_t)(now.used - max + 1) * OT_TOKEN_MS;
}

bool cs_nd_ot_take(struct cs_node_core *n, struct device *d, struct ot_bucket *b)
{
    *b = refilled(n, *b);
    if (b->used >= burst(n, d)) {
        return false;
    }
    b->used++;
    return true;
}

/* ---- failures
 * ----------------------------------------------------------------------------- */

static void count_test(struct cs_node_core *n, struct quorum *q, uint8_t peer)
{
    struct device *d = q->peers[peer].device;

    if (d->setup_tests == 0 || n->wall - d->first_test_ms > BLAME_WINDOW_MS) {
        d->first_test_ms = n->wall;
        d->setup_tests = 0;
    }
    d->setup_tests++;
    cs_log(CS_LOG_WARN, "ot",
           "the setup with party %u of \"%s\" failed its self-test (%u of %d in 24 h): "
           "that node computes wrongly or cheats",
           peer, q->name, d->setup_tests, TESTS_TO_QUARANTINE);
    cs_nd_device_save(n, d);
    if (d->setup_tests >= TESTS_TO_QUARANTINE) {
        cs_nd_quarantine(n, q, peer, CS_ERR_SETUP_TEST);
    }
}

void cs_nd_ot_failed(struct cs_node_core *n, struct quorum *q, uint8_t peer,
                     enum cs_err err)
{
    struct device *d = q->peers[peer].device;

    d->n_failed++;
    n->metrics->ot_setups[CS_MX_OT_FAILED]++;
    d->pause_ms = d->pause_ms == 0 ? OT_PAUSE_FIRST_MS : 2 * d->pause_ms;
    d->pause_ms = d->pause_ms > OT_PAUSE_MAX_MS ? OT_PAUSE_MAX_MS : d->pause_ms;
    d->not_before = n->now + d->pause_ms;
    if (err == CS_ERR_SETUP_TEST) {
        count_test(n, q, peer); /* D3: of the device, in a counter of its own */
    } else {
        cs_nd_blame(n, q, peer, err); /* a timeout and the like blame nobody */
    }
}
