/* make_platform DIR DEVICES QUORUMS WALLETS TRANSACTIONS: fills the store of a platform
 * that never ran, as years of work would have left it, and prints the credential of its
 * first administrator: {"clientId","clientSecret"}.
 *
 * One device set, quorum, key and signed request are made by the platform itself with
 * three fake devices; the rest are copies of their records under new ids and numbers,
 * written by the core's own record code: indexes, counters, timelines, session sets and
 * audit records are the real ones.  A tenth of the requests are of one wallet.  Counts
 * include the first ones.  For figures (test/bench/platform_load.mjs) and for
 * test/e2e/operate.sh. */
#include "base/os/clock.h"
#include "base/os/random.h"
#include "platform/core/flows.h"
#include "platform/core/rec.h"
#include "platform/core/tx_make.h"
#include "store/lmdb/kv_lmdb.h"
#include "support/fake_sign.h"

enum {
    AT_ONCE = 5000, /* objects of one commit */
    VAULTS = 1000,
    SPREAD_DAYS = 90,
    SUBST_MAX = 12,
};

struct first { /* what the copies are made of */
    char *device[3], *quorum, *wallet, *tx;
    char device_id[3][37], quorum_id[37], wallet_id[37], vault_id[37], tx_id[37];
    char client[40], secret[80];
};

struct maker {
    struct cs_kv *kv;
    struct cs_platform_core *core;
    struct cs_step step;
    uint64_t batches;
    unsigned open; /* objects of this commit */
    long n_devices, n_quorums, n_wallets, n_txs;
    uint8_t (*devices)[CS_PC_ID], (*quorums)[CS_PC_ID], (*wallets)[CS_PC_ID];
    uint8_t vaults[VAULTS][CS_PC_ID];
    uint64_t rng;
};

static void must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "make_platform: %s\n", what);
        exit(1);
    }
}

static uint64_t roll(struct maker *m, uint64_t n)
{
    m->rng = m->rng * 6364136223846793005ULL + 1442695040888963407ULL;
    return (m->rng >> 20) % n;
}

/* ---- the first of each ---------------------------------------------------------- */

static enum cs_err copy_row(void *ctx, uint8_t table, struct cs_span key,
                            struct cs_span value)
{
    return cs_kv_batch_put(ctx, table, key, value);
}

static void copy_store(struct cs_kv *to, struct cs_kv *from)
{
    struct cs_kv_batch *b = cs_kv_batch_new();

    must(b != NULL && from->ops->scan(from, copy_row, b) == CS_OK, "scan");
    must(to->ops->commit(to, b) == CS_OK, "commit");
    cs_kv_batch_free(b);
}

static char *text_of(struct fake_platform *w, uint8_t table, const char *uuid)
{
    struct cs_wr v = {0};
    uint8_t id[CS_PC_ID];
    char *text;

    must(cs_uuid_parse(id, uuid) == CS_OK, "id");
    must(w->kv->ops->get(w->kv, table, CS_SPAN_OF(id), &v) == CS_OK, "first record");
    text = strndup((const char *)v.p, v.n);
    cs_wr_free(&v);
    return text;
}

static void make_first(struct first *f, struct cs_kv *kv)
{
    struct fake_trio *t = calloc(1, sizeof *t);
    struct fake_tx x;

    t->w = fake_platform_new();
    t->scheme = CS_SCHEME_FROST_ED25519;
    t->w->wall = cs_os_wall_ms() - SPREAD_DAYS * INT64_C(86400000) - 86400000;
    fake_setup(t->w, f->client, f->secret);
    for (int i = 0; i < 3; i++) {
        fake_device_new(t->w, &t->d[i]);
        fake_connect_ok(&t->d[i]);
        fake_approve(&t->d[i]);
        fake_status(&t->d[i], "READY");
    }
    fake_provisioned(t);
    must(fake_settings(t, true, true) == 200, "settings");
    fake_tx_new(t, &x, 5000);
    fake_both_done(t, &x, fake_sign_commands(t, &x));
    fake_wait(t->w, 1000);
    for (int i = 0; i < 3; i++) {
        f->device[i] = text_of(t->w, CS_PC_DEVICE, t->d[i].text);
        memcpy(f->device_id[i], t->d[i].text, sizeof f->device_id[i]);
    }
    f->quorum = text_of(t->w, CS_PC_QUORUM, t->quorum);
    f->wallet = text_of(t->w, CS_PC_WALLET, t->wallet);
    f->tx = text_of(t->w, CS_PC_TX, x.id);
    memcpy(f->quorum_id, t->quorum, sizeof f->quorum_id);
    memcpy(f->wallet_id, t->wallet, sizeof f->wallet_id);
    memcpy(f->vault_id, t->vault, sizeof f->vault_id);
    memcpy(f->tx_id, x.id, sizeof f->tx_id);
    copy_store(kv, t->w->kv);
    fake_tx_end(t, &x);
}

static void free_first(struct first *f)
{
    for (int i = 0; i < 3; i++) {
        free(f->device[i]);
    }
    free(f->quorum);
    free(f->wallet);
    free(f->tx);
}

/* ---- commits -------------------------------------------------------------------- */

static void flush(struct maker *m)
{
    struct cs_kv_batch *b = NULL;

    must(m->core->broken == CS_OK, "the core's store failed");
    must(cs_db_take_batch(m->core->db, &b) == CS_OK, "batch");
    if (b != NULL) {
        must(m->kv->ops->commit(m->kv, b) == CS_OK, "commit");
        cs_kv_batch_free(b);
        cs_db_durable(m->core->db, ++m->batches);
    }
    cs_step_clear(&m->step);
    m->open = 0;
}

static void one_more(struct maker *m)
{
    if (++m->open >= AT_ONCE) {
        flush(m);
    }
}

static void open_core(struct maker *m)
{
    static const uint8_t ca[] = {0x30, 0x00};
    const struct cs_platform_config cfg = {.kv = m->kv,
                                           .random = cs_os_random,
                                           .platform_url = "wss://127.0.0.1/control",
                                           .relay_url = "wss://127.0.0.1/relay",
                                           .ca_der = CS_SPAN_OF(ca)};
    static const struct cs_event ev = {.type = CS_EV_TIME, .remote = ""};
    char message[256];

    if (cs_platform_core_new(&m->core, &cfg, message, sizeof message) != CS_OK) {
        must(false, message);
    }
    m->core->out = &m->step; /* from here on it is within one long step */
    m->core->ev = &ev;
}

/* The moment of object i of n: spread over the days before now. */
static void at_time(struct maker *m, long i, long n)
{
    int64_t back = SPREAD_DAYS * INT64_C(86400000) / n * (n - i);

    m->core->wall_ms = cs_os_wall_ms() - back;
}

/* ---- copies --------------------------------------------------------------------- */

struct subst {
    char from[SUBST_MAX][65], to[SUBST_MAX][65]; /* of equal length */
    size_t n;
};

static void subst_id(struct subst *s, const char *from_uuid, const uint8_t to[CS_PC_ID])
{
    uint8_t from[CS_PC_ID];

    must(s->n + 2 <= SUBST_MAX && cs_uuid_parse(from, from_uuid) == CS_OK, "subst");
    (void)cs_uuid_text(s->from[s->n], from);
    (void)cs_uuid_text(s->to[s->n], to);
    (void)cs_hex(s->from[s->n + 1], from, CS_PC_ID);
    (void)cs_hex(s->to[s->n + 1], to, CS_PC_ID);
    s->n += 2;
}

static json_t *copy_of(const char *text, const struct subst *s)
{
    char *t = strdup(text);
    json_error_t e;
    json_t *o;

    for (size_t i = 0; i < s->n; i++) {
        size_t n = strlen(s->from[i]);

        for (char *p = strstr(t, s->from[i]); p != NULL;
             p = strstr(p + n, s->from[i])) {
            memcpy(p, s->to[i], n);
        }
    }
    o = json_loads(t, 0, &e);
    must(o != NULL, "copy");
    free(t);
    return o;
}

/* Number, times, name: what each object has of its own. */
static void dress(struct maker *m, json_t *rec, const char *member, const char *word,
                  long i)
{
    char name[64];

    cs_js_int(rec, "_seq", (int64_t)cs_pc_next_seq(m->core));
    cs_js_time(rec, "createdAt", m->core->wall_ms);
    if (member != NULL) {
        (void)snprintf(name, sizeof name, "%s %06ld", word, i);
        cs_js_str(rec, member, name);
    }
}

static void index_add(struct maker *m, enum cs_pc_index kind, const char *a,
                      const char *b, const json_t *rec, const uint8_t id[CS_PC_ID])
{
    cs_pc_index_add(m->core, kind, cs_pc_scope(a, b), (uint64_t)cs_js_num(rec, "_seq"),
                    id);
}

static void random_hex(struct maker *m, json_t *rec, const char *member)
{
    uint8_t raw[32];

    cs_pc_random(m->core, raw, sizeof raw);
    cs_js_hex(rec, member, raw, sizeof raw);
}

static void make_device(struct maker *m, const struct first *f, long i)
{
    struct subst s = {.n = 0};
    uint8_t *id = m->devices[i];
    json_t *rec;

    cs_pc_new_id(m->core, id);
    subst_id(&s, f->device_id[0], id);
    rec = copy_of(f->device[0], &s);
    dress(m, rec, "displayName", "Device", i);
    random_hex(m, rec, "_ik");
    random_hex(m, rec, "_sk");
    random_hex(m, rec, "publicKeyHash");
    if (i % 100 == 99) { /* some wait, some are disabled */
        cs_js_str(rec, "approvalStatus", i % 200 == 199 ? "PENDING" : "APPROVED");
        cs_js_str(rec, "enabledStatus",
                  i % 200 == 199 ? "ENABLED_STATUS_PENDING" : "DISABLED");
    }
    cs_pc_save(m->core, CS_PC_DEVICE, rec);
    index_add(m, CS_IX_DEVICES, "", "", rec, id);
    json_decref(rec);
}

static void make_quorum(struct maker *m, const struct first *f, long i)
{
    struct subst s = {.n = 0};
    uint8_t *id = m->quorums[i];
    char text[CS_UUID_LEN];
    json_t *rec;

    cs_pc_new_id(m->core, id);
    subst_id(&s, f->quorum_id, id);
    for (long k = 0; k < 3; k++) {
        subst_id(&s, f->device_id[k], m->devices[(3 * i + k) % m->n_devices]);
    }
    rec = copy_of(f->quorum, &s);
    dress(m, rec, "name", "Quorum", i);
    index_add(m, CS_IX_QUORUMS, "", "", rec, id);
    for (long k = 0; k < 3; k++) {
        index_add(m, CS_IX_DEVICE_QUORUMS,
                  cs_uuid_text(text, m->devices[(3 * i + k) % m->n_devices]), "", rec,
                  id);
    }
    cs_pc_save(m->core, CS_PC_QUORUM, rec);
    json_decref(rec);
}

static void make_vault(struct maker *m, long i)
{
    json_t *rec;

    cs_pc_new_id(m->core, m->vaults[i]);
    rec = cs_pc_make(m->core, m->vaults[i], "");
    dress(m, rec, "name", "Vault", i);
    index_add(m, CS_IX_VAULTS, "", "", rec, m->vaults[i]);
    cs_pc_save(m->core, CS_PC_VAULT, rec);
    json_decref(rec);
}

static void make_wallet(struct maker *m, const struct first *f, long i)
{
    struct subst s = {.n = 0};
    uint8_t *id = m->wallets[i];
    char vault[37];
    json_t *rec;

    cs_pc_new_id(m->core, id);
    subst_id(&s, f->wallet_id, id);
    subst_id(&s, f->vault_id, m->vaults[i % VAULTS]);
    subst_id(&s, f->quorum_id, m->quorums[i % m->n_quorums]);
    rec = copy_of(f->wallet, &s);
    dress(m, rec, "name", "Key", i);
    (void)snprintf(vault, sizeof vault, "%s", cs_js_text(rec, "vaultId"));
    index_add(m, CS_IX_WALLETS, "", "", rec, id);
    index_add(m, CS_IX_WALLETS_VAULT, vault, "", rec, id);
    index_add(m, CS_IX_WALLETS_VAULT, vault, "SOLANA", rec, id);
    index_add(m, CS_IX_WALLETS_CHAIN, "SOLANA", "", rec, id);
    cs_pc_save(m->core, CS_PC_WALLET, rec);
    json_decref(rec);
}

/* A tenth of all are of one wallet: its list is long, too. */
static long wallet_of(struct maker *m, long i)
{
    return i % 10 == 0 ? 0 : (long)roll(m, (uint64_t)m->n_wallets);
}

static void make_tx(struct maker *m, const struct first *f, long i)
{
    long w = wallet_of(m, i);
    struct subst s = {.n = 0};
    uint8_t id[CS_PC_ID];
    char corr[32];
    json_t *rec;

    cs_pc_new_id(m->core, id);
    subst_id(&s, f->tx_id, id);
    subst_id(&s, f->wallet_id, m->wallets[w]);
    subst_id(&s, f->vault_id, m->vaults[w % VAULTS]);
    subst_id(&s, f->quorum_id, m->quorums[w % m->n_quorums]);
    rec = copy_of(f->tx, &s);
    dress(m, rec, NULL, "", i);
    (void)snprintf(corr, sizeof corr, "order-%ld", i / 10);
    cs_js_str(rec, "correlationId", corr);
    if (i % 20 == 19) {
        cs_js_str(rec, "status", "FAILED");
        cs_js_set(rec, "reasons", json_pack("[s]", "TIMEOUT"));
        cs_js_del(rec, "_signatures");
    }
    index_add(m, CS_IX_TXS, cs_js_text(rec, "walletId"), "", rec, id);
    index_add(m, CS_IX_TXS_CORR, cs_js_text(rec, "walletId"), corr, rec, id);
    cs_tx_index_all(m->core, rec, id);
    cs_pc_set_make(m->core, id, "SESSION_SET_TYPE_TX_SIGN_REQUEST",
                   m->quorums[w % m->n_quorums], id, cs_js_text(rec, "createdBy"),
                   m->core->wall_ms + 300000);
    cs_pc_timeline(m->core, id, 0, "REQUESTED", "checked");
    cs_pc_timeline(m->core, id, 0, "SIGNATURE_PENDING", "attempt 1: players 1 and 3");
    cs_pc_timeline(m->core, id, 1, "SIGNED", "signatures and receipt verified");
    cs_pc_save(m->core, CS_PC_TX, rec);
    json_decref(rec);
}

/* ---- all of it ------------------------------------------------------------------ */

static void many(struct maker *m, const struct first *f, long n, const char *what,
                 void (*make)(struct maker *m, const struct first *f, long i))
{
    uint64_t begin = cs_os_now_ms();

    for (long i = 0; i < n; i++) {
        at_time(m, i, n);
        make(m, f, i);
        one_more(m);
        if (i % 100000 == 99999) {
            (void)fprintf(stderr, "%ld %s, %llu s\n", i + 1, what,
                          (unsigned long long)(cs_os_now_ms() - begin) / 1000);
        }
    }
    flush(m);
}

static void vault_too(struct maker *m, const struct first *f, long i)
{
    (void)f;
    make_vault(m, i);
}

static long number(const char *text, long min)
{
    long v = strtol(text, NULL, 10);

    must(v >= min && v <= 10000000, "a number is wrong");
    return v;
}

int main(int argc, char **argv)
{
    static struct maker m = {.rng = 1};
    struct cs_kv_lmdb_params p = {.allow_any_fs = true};
    struct first f = {.quorum = NULL};
    struct cs_why why = {""};

    must(argc == 6, "use: make_platform DIR DEVICES QUORUMS WALLETS TRANSACTIONS");
    p.dir = argv[1];
    m.n_devices = number(argv[2], 6) - 3;
    m.n_quorums = number(argv[3], 2) - 1;
    m.n_wallets = number(argv[4], 2) - 1;
    m.n_txs = number(argv[5], 2) - 1;
    m.devices = calloc((size_t)m.n_devices, sizeof *m.devices);
    m.quorums = calloc((size_t)m.n_quorums, sizeof *m.quorums);
    m.wallets = calloc((size_t)m.n_wallets, sizeof *m.wallets);
    must(m.devices != NULL && m.quorums != NULL && m.wallets != NULL, "memory");
    if (cs_kv_lmdb_open(&m.kv, &p, &why) != CS_OK) {
        must(false, why.text);
    }
    make_first(&f, m.kv);
    open_core(&m);
    many(&m, &f, m.n_devices, "devices", make_device);
    many(&m, &f, m.n_quorums, "quorums", make_quorum);
    many(&m, &f, VAULTS, "vaults", vault_too);
    many(&m, &f, m.n_wallets, "wallets", make_wallet);
    many(&m, &f, m.n_txs, "transactions", make_tx);
    cs_platform_core_free(m.core);
    cs_kv_close(m.kv);
    free_first(&f);
    free(m.devices);
    free(m.quorums);
    free(m.wallets);
    (void)printf("{\"clientId\":\"%s\",\"clientSecret\":\"%s\"}\n", f.client, f.secret);
    return 0;
}
