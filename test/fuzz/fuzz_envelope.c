/* Frames of a link.  The first byte chooses:
 *   0  the bare decoders: what decodes encodes to the same bytes
 *   1  a frame from the relay to a live link: nothing may come out, nobody be blamed
 *   2  an authentic frame of a hostile peer, header fields and plaintext its choice:
 *      it may be blamed, and the link goes on
 *   3  an authentic plaintext to a link that awaits CONFIRM: never LIVE */
#include <stdlib.h>
#include <string.h>

#include "crypto/group.h"
#include "mpc/link/link.h"
#include "mpc/link/link_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cs_device_set ds;
static struct cs_identity_secret id[2];
static struct cs_link *ends[2];
static struct cs_link_out outs[2];
static uint64_t seed = 1;

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void some_bytes(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        out[i] = (uint8_t)(seed >> 56);
    }
}

static void make_set(void)
{
    uint8_t rnd[96];

    ds.t = ds.n = 2;
    some_bytes(NULL, ds.ds_id, sizeof ds.ds_id);
    some_bytes(NULL, ds.nonce, sizeof ds.nonce);
    for (uint8_t k = 0; k < 2; k++) {
        some_bytes(NULL, rnd, sizeof rnd);
        cs_identity_from_random(&id[k], rnd);
        ds.members[k].index = (uint8_t)(k + 1);
        some_bytes(NULL, ds.members[k].device_id, CS_DS_ID_LEN);
        ds.members[k].id = id[k].pub;
    }
}

/* Hands over what `from` wants to send, `left` messages at most. */
static void pass(int from, int *left)
{
    struct cs_link_out *in = &outs[from], *out = &outs[1 - from];

    cs_link_out_reset(out);
    for (size_t k = 0; k < in->n_frames && (*left)-- > 0; k++) {
        struct cs_span f = CS_SPAN(in->frames[k].p, in->frames[k].n);

        require(cs_link_receive(ends[1 - from], f, 1, out) == CS_OK);
    }
    in->n_frames = 0;
}

static void make_links(int messages)
{
    for (int e = 0; e < 2; e++) {
        struct cs_link_config cfg = {.ds = &ds,
                                     .self = (uint8_t)(1 + e),
                                     .peer = (uint8_t)(2 - e),
                                     .id = &id[e],
                                     .life = {.boot_counter = 1},
                                     .random = some_bytes};

        cs_link_free(ends[e]);
        require(cs_link_new(&ends[e], &cfg) == CS_OK);
    }
    cs_link_out_reset(&outs[1]);
    cs_link_start(ends[1], 1, &outs[1]);
    cs_link_out_reset(&outs[0]);
    cs_link_start(ends[0], 1, &outs[0]);
    for (int e = 0; messages > 0 && outs[e].n_frames != 0; e = 1 - e) {
        pass(e, &messages);
    }
}

static void bare_decoders(struct cs_span in)
{
    struct cs_frame_header h;
    struct cs_message m = {0};
    struct cs_signed_bc bc;
    struct cs_peer_seen seen;
    uint8_t head[CS_FRAME_HEADER];
    struct cs_wr w = {0};

    if (cs_frame_header_decode(&h, in) == CS_OK) {
        cs_frame_header_encode(head, &h);
        require(memcmp(head, in.p, sizeof head) == 0);
    }
    if (cs_plain_decode(&m, in) == CS_OK) {
        require(cs_plain_encode(&w, &m) == CS_OK);
        require(w.n == in.n && memcmp(w.p, in.p, in.n) == 0);
        cs_wr_reset(&w);
    }
    if (cs_signed_bc_decode(&bc, in) == CS_OK) {
        require(cs_signed_bc_encode(&w, &bc) == CS_OK);
        require(w.n == in.n && memcmp(w.p, in.p, in.n) == 0);
        cs_wr_reset(&w);
    }
    if (cs_peer_seen_decode(&seen, in) == CS_OK) {
        cs_peer_seen_encode(&w, &seen);
        require(w.n == in.n && memcmp(w.p, in.p, in.n) == 0);
    }
    cs_wr_free(&w);
}

static void from_the_relay(struct cs_span in)
{
    cs_link_out_reset(&outs[1]);
    require(cs_link_receive(ends[1], in, 1, &outs[1]) == CS_OK);
    require(!outs[1].has_msg && cs_link_is_live(ends[1]));
    require(outs[1].drop != CS_DROP_NONE || outs[1].n_frames <= 1);
}

/* Bytes 0..3: proto, type, round, to; then the plaintext. */
static enum cs_link_drop from_the_peer(struct cs_transport *t, struct cs_span in)
{
    struct cs_frame_header h = {.ver = 1, .from = 1, .ctr = t->tx_ctr++};
    struct cs_wr w = {0};

    if (in.n < 4 || in.n > CS_FRAME_PLAIN_MAX) {
        return CS_DROP_LENGTH;
    }
    h.proto = in.p[0];
    h.type = in.p[1];
    h.round = in.p[2];
    h.to = in.p[3] % 3;
    memcpy(h.ds_hash, cs_link_ds_hash(ends[0]), 32);
    memcpy(h.link_id, t->link_id, 16);
    require(cs_frame_seal(&w, &h, t->tx, CS_SPAN(in.p + 4, in.n - 4)) == CS_OK);
    cs_link_out_reset(&outs[1]);
    require((cs_link_receive(ends[1], cs_wr_get(&w), 1, &outs[1]) == CS_OK) ==
            (outs[1].drop != CS_DROP_BAD_FORMAT));
    cs_wr_free(&w);
    return outs[1].drop;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ds.n == 0) {
        require(cs_crypto_init() == CS_OK);
        make_set();
    }
    if (size == 0) {
        return 0;
    }
    switch (data[0]) {
    case 0:
        bare_decoders(CS_SPAN(data + 1, size - 1));
        break;
    case 1:
    case 2:
        if (ends[1] == NULL || !cs_link_is_live(ends[0])) {
            make_links(100);
        }
        if (data[0] == 1) {
            from_the_relay(CS_SPAN(data + 1, size - 1));
        } else {
            (void)from_the_peer(&ends[0]->live, CS_SPAN(data + 1, size - 1));
            require(cs_link_is_live(ends[1]));
        }
        break;
    case 3:
        make_links(2); /* HS1, HS2 */
        (void)from_the_peer(&ends[0]->pend.t, CS_SPAN(data + 1, size - 1));
        require(!cs_link_is_live(ends[1]));
        make_links(100);
        break;
    default:
        break;
    }
    return 0;
}
