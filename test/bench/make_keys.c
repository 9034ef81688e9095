/* make_keys COUNT DIR HEXKEY DIR HEXKEY DIR HEXKEY: fills the store of the first of
 * three stopped nodes of one confirmed quorum with COUNT keys, as a key generation
 * would have left them: real shares, and certificates that all three nodes have signed.
 *
 * For figures of large stores (test/e2e/many-keys.sh); a platform knows nothing of
 * these keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/os/clock.h"
#include "base/os/random.h"
#include "node/core/core.h"
#include "store/lmdb/kv_lmdb.h"

enum { NODES = 3, AT_ONCE = 500 };

struct node {
    struct cs_kv *kv;
    struct cs_node_core *core;
    const struct quorum *q;
};

static void must(enum cs_err err, const struct cs_why *why, const char *what)
{
    if (err != CS_OK) {
        (void)fprintf(stderr, "make_keys: %s: %s\n", what,
                      why != NULL && why->text[0] != '\0' ? why->text
                                                          : cs_err_text(err));
        exit(1);
    }
}

static void open_node(struct node *n, const char *dir, const char *hex)
{
    struct cs_kv_lmdb_params p = {.dir = dir, .allow_any_fs = true};
    struct cs_node_core_config cfg = {.random = cs_os_random};
    struct cs_kek kek;
    struct cs_why why = {""};

    must(cs_kek_parse(&kek, hex, "key", &why), &why, dir);
    must(cs_kv_lmdb_open(&n->kv, &p, &why), &why, dir);
    cfg.kv = n->kv;
    cfg.kek = &kek;
    must(cs_node_core_new(&n->core, &cfg, &why), &why, dir);
    cs_kek_wipe(&kek);
    if (n->core->n_quorums == 0 || n->core->quorums[0]->state != QUORUM_CONFIRMED) {
        must(CS_ERR_STATE, NULL, "no confirmed quorum");
    }
    n->q = n->core->quorums[0];
}

/* f(i) = a + b i, in the exponent and out of it. */
static void make_shares(struct cs_key *k, uint8_t self)
{
    struct cs_scalar a, b, x, i;
    uint8_t wide[64];

    cs_os_random(NULL, wide, sizeof wide);
    cs_scalar_reduce64(k->body.curve, &a, wide);
    cs_os_random(NULL, wide, sizeof wide);
    cs_scalar_reduce64(k->body.curve, &b, wide);
    cs_point_base_mul(k->body.curve, &k->body.X, &a);
    for (uint8_t n = 1; n <= NODES; n++) {
        cs_scalar_from_u32(k->body.curve, &i, n);
        cs_scalar_muladd(k->body.curve, &x, &b, &i, &a);
        cs_point_base_mul(k->body.curve, &k->body.Xi[n], &x);
        if (n == self) {
            k->x.s = x;
        }
    }
}

static void sign_all(struct cs_key *k, const struct node *nodes)
{
    uint8_t sig[CS_SIG_LEN];

    cs_cert_content(k->C, &k->body);
    cs_cert_hash(k->cert_hash, k->C);
    for (size_t i = 0; i < NODES; i++) {
        const struct node *n = &nodes[i];
        uint8_t self = n->q->roster.self;

        cs_cert_sign(sig, n->core->id->ik_seed, k->C);
        cs_sig_set_put(&k->sigs, self, sig);
        cs_ack_sign(sig, n->core->id->ik_seed, k->cert_hash, self);
        cs_sig_set_put(&k->acks, self, sig);
    }
}

static void make_key(struct cs_key *k, const struct node *nodes)
{
    const struct quorum *q = nodes[0].q;

    memset(k, 0, sizeof *k);
    k->state = CS_KEY_ACTIVE;
    k->self = q->roster.self;
    k->body = (struct cs_cert_body){.curve = CS_CURVE_ED25519,
                                    .scheme = CS_SCHEME_FROST_ED25519,
                                    .n = q->ds.n,
                                    .t = q->ds.t};
    cs_os_random(NULL, k->request_id, sizeof k->request_id);
    cs_os_random(NULL, k->body.key_id, sizeof k->body.key_id);
    cs_os_random(NULL, k->body.sid, sizeof k->body.sid);
    cs_os_random(NULL, k->body.chain_code, sizeof k->body.chain_code);
    memcpy(k->body.ds_hash, q->roster.ds_hash, sizeof k->body.ds_hash);
    make_shares(k, k->self);
    sign_all(k, nodes);
}

static uint64_t commit(struct node *n, uint64_t seq)
{
    struct cs_kv_batch *batch;

    must(cs_safe_take_batch(n->core->safe, &batch), NULL, "batch");
    if (batch == NULL) {
        return seq;
    }
    must(n->kv->ops->commit(n->kv, batch), NULL, "commit");
    cs_kv_batch_free(batch);
    cs_db_durable(n->core->db, ++seq);
    return seq;
}

static void fill(struct node *nodes, long count)
{
    struct keyinfo info = {.blockchain = "SOLANA", .name = "one of many"};
    struct cs_key *k = cs_key_new();
    uint64_t seq = 0;

    must(k == NULL ? CS_ERR_NOMEM : CS_OK, NULL, "key");
    memcpy(info.quorum_id, nodes[0].q->id, sizeof info.quorum_id);
    for (long i = 1; i <= count; i++) {
        make_key(k, nodes);
        if (i == 1) {
            must(cs_key_check(k, &nodes[0].q->roster, NULL), NULL, "the first key");
        }
        cs_nd_key_store(nodes[0].core, k, &info);
        must(nodes[0].core->latched, NULL, "store");
        if (i % AT_ONCE == 0 || i == count) {
            seq = commit(&nodes[0], seq);
        }
    }
    cs_key_free(k);
}

int main(int argc, char **argv)
{
    struct node nodes[NODES] = {{NULL, NULL, NULL}};
    long count = argc == 2 + 2 * NODES ? strtol(argv[1], NULL, 10) : 0;
    uint64_t begin = cs_os_now_ms();

    if (count < 1 || count > 10000000) {
        (void)fprintf(stderr,
                      "use: make_keys COUNT DIR HEXKEY DIR HEXKEY DIR HEXKEY\n");
        return 64;
    }
    must(cs_crypto_init(), NULL, "crypto");
    for (int i = 0; i < NODES; i++) {
        open_node(&nodes[i], argv[2 + 2 * i], argv[3 + 2 * i]);
        if (memcmp(nodes[i].q->id, nodes[0].q->id, 16) != 0) {
            must(CS_ERR_STATE, NULL, "not of one quorum");
        }
    }
    fill(nodes, count);
    (void)printf("%ld keys in %.1f s\n", count,
                 (double)(cs_os_now_ms() - begin) / 1000.0);
    for (int i = 0; i < NODES; i++) {
        cs_node_core_free(nodes[i].core);
        cs_kv_close(nodes[i].kv);
    }
    return 0;
}
