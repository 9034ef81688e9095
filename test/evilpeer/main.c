/* The evil peer: real node cores with real cryptography, one of them lies as table.h
 * says, each case in a process of its own, from one prepared world. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <sys/wait.h>
#include <unistd.h>

#include "evilpeer/table.h"
#include "node/core/ecdsa.h"
#include "support/dkls_fields.h"
#include "support/node_ecdsa.h"
#include "support/node_liar.h"

static struct bed b;

/* ---- one case
 * -------------------------------------------------------------------------- */

enum {
    HEAD_SID = 100,
    HEAD_ROUND,
    HEAD_KEY,
    HEAD_EPOCH,
    GROW,
    SHRINK,
    SET,
    COPY,
    LAST
};

struct evil_case {
    const struct message *m;
    const struct field *f; /* NULL: header or length */
    enum part part;
    size_t at; /* in that part */
    int how;   /* enum mutation, or one of the above */
    uint32_t value;
    struct outcome want;
};

static struct {
    struct evil_case c;
    int liar, honest;
    bool done;            /* the lie was told */
    uint8_t sid[32];      /* of the one session in which it lies */
    struct cs_wr said[2]; /* what was made of each part: repeats are the same */
    struct cs_wr log;     /* lines of the honest node */
    int acting;
} now;

static size_t start_of(const struct message *m, const struct field *f)
{
    size_t at = 0;

    for (const struct field *g = m->fields; g != f; g++) {
        at += g->part == f->part ? g->len * g->count : 0;
    }
    return at;
}

static void put_int(uint8_t *p, size_t n, uint32_t v)
{
    while (n-- > 0) {
        p[n] = (uint8_t)v;
        v >>= 8;
    }
}

static void lie_in(struct cs_wr *w)
{
    const struct evil_case *c = &now.c;
    uint8_t *p;

    if (c->how == GROW) {
        cs_wr_u8(w, 0);
        return;
    }
    if (c->how == SHRINK) {
        w->n--;
        return;
    }
    assert_true(c->at + c->f->len <= w->n);
    p = w->p + c->at;
    switch (c->how) {
    case SET:
        put_int(p, c->f->len, c->value);
        break;
    case COPY: /* another element that an honest sender has made */
        memcpy(p, c->at == 0 ? p + c->f->len : p - c->f->len, c->f->len);
        break;
    case LAST:
        p[c->f->len - 1] ^= 1;
        break;
    default:
        mutate(p, (enum mutation)c->how);
    }
}

static void lie_in_header(struct lie *l)
{
    switch (now.c.how) {
    case HEAD_SID:
        l->m.sid[31] ^= 1;
        break;
    case HEAD_ROUND:
        l->m.round ^= 1;
        break;
    case HEAD_KEY:
        l->m.key_id[3] ^= 1;
        break;
    default:
        l->m.key_epoch++;
    }
}

static bool is_of_certificate(enum scene scene)
{
    return scene == WANT || scene == HAVE || scene == NEVER;
}

static bool tell(struct lie *l)
{
    enum part part = now.c.part;
    struct cs_wr *w = part == BROADCAST ? &l->broadcast : &l->priv;

    if (l->from != now.liar || !lie_is(l, now.c.m->proto, now.c.m->type) ||
        (l->to != now.honest && (part == PRIVATE || l->broadcast.n == 0)) ||
        (now.done &&
         (is_of_certificate(now.c.m->scene) || memcmp(now.sid, l->m.sid, 32) != 0))) {
        return true;
    }
    now.done = true;
    memcpy(now.sid, l->m.sid, 32);
    if (now.c.how >= HEAD_SID && now.c.how <= HEAD_EPOCH) {
        lie_in_header(l);
        return true;
    }
    if (now.said[part].n == 0) {
        lie_in(w);
        cs_wr_span(&now.said[part], cs_wr_get(w));
    } else {
        cs_wr_reset(w);
        cs_wr_span(w, cs_wr_get(&now.said[part]));
    }
    return true;
}

/* ---- what the honest node says
 * ----------------------------------------------------------- */

static void note_step(struct bed *bed, int node)
{
    (void)bed;
    now.acting = node;
}

static void note_line(void *ctx, enum cs_log_level level, const char *module,
                      const char *line)
{
    bed_log(ctx, level, module, line);
    if (now.acting == now.honest) {
        cs_wr_str(&now.log, line);
        cs_wr_u8(&now.log, '\n');
    }
}

static bool said(const char *text)
{
    cs_wr_u8(&now.log, 0);
    now.log.n--;
    return strstr((const char *)now.log.p, text) != NULL;
}

/* ---- scenes
 * ------------------------------------------------------------------------------ */

static struct cs_ctl_frame sign;

static void sign_scene(uint8_t initiator)
{
    ec_sign_frame(&b, &sign, 1, 1, 2, initiator);
    trio_sign_send(&b, &sign);
    bed_advance(&b, 1500); /* and one repeat */
}

static void called_off_scene(void)
{
    b.node[now.liar].hold_jobs = true;
    ec_sign_frame(&b, &sign, 1, 1, 2, 1);
    trio_sign_send(&b, &sign);
    bed_device(&b, now.liar, "APPROVED", "DISABLED");
    bed_release_jobs(&b.node[now.liar]);
    bed_advance(&b, 500);
}

static void hearsay_scene(void)
{
    struct cs_node_core *n;
    struct device *d;

    bed_restart(&b, now.liar);
    n = b.node[now.liar].core;
    (void)snprintf(n->version, sizeof n->version, "1");
    d = n->quorums[0]->peers[3].device;
    d->quarantined = true;
    d->quarantined_ms = n->wall;
    (void)snprintf(d->reason, sizeof d->reason, "%s", cs_err_name(CS_ERR_EQUIVOCATION));
    bed_advance(&b, 2700);
}

static void keygen_scene(void)
{
    struct cs_ctl_frame f;

    ec_key_frame(&b, &f, 2, "ETHEREUM");
    trio_to_all(&b, &f);
    bed_advance(&b, 900); /* before any repeat */
}

/* What is lost of a key generation, and to whom. */
static struct {
    uint8_t first, last; /* types */
    int to, but;         /* -1: nobody */
} lost;

static bool lose(struct lie *l)
{
    return !(l->m.proto == CS_PROTO_DKG && l->m.type >= lost.first &&
             l->m.type <= lost.last && (lost.to < 0 || l->to == lost.to) &&
             l->to != lost.but);
}

static bool lose_all(struct lie *l)
{
    return lose(l) && !(l->m.proto == CS_PROTO_DKG && l->m.type >= CS_TYPE_CERT_WANT &&
                        l->m.type <= CS_TYPE_CERT_ABORTED);
}

static bool lose_and_tell(struct lie *l)
{
    return lose(l) && tell(l);
}

/* Until the one lie is told, and what follows of it. */
static void certificate_scene(enum scene scene)
{
    int lacks = scene == WANT ? now.liar : now.honest;

    lost.first = scene == NEVER ? CS_TYPE_DKG_REVEAL : CS_TYPE_DKG_CERT;
    lost.last = scene == NEVER ? CS_TYPE_DKG_REVEAL : CS_TYPE_DKG_ACK;
    lost.to = scene == NEVER ? -1 : lacks;
    lost.but = scene == NEVER ? lacks : -1;
    liar = lose_all;
    keygen_scene();
    bed_advance(&b, 30000);
    assert_int_equal(b.node[lacks].core->n_keys, 2); /* PENDING */
    liar = lose_and_tell;
    for (int i = 0; i < 200 && !now.done; i++) {
        bed_advance(&b, 1000);
    }
    bed_advance(&b, 70000); /* asked once more */
}

static void run_scene(enum scene scene)
{
    now.liar = scene == KEYGEN_BY_LIAR ? 0 : 1;
    now.honest = 1 - now.liar;
    liar = tell;
    b.carry = lie_carry;
    b.before_step = note_step;
    cs_log_set(note_line, &b, CS_LOG_TRACE);
    switch (scene) {
    case SIGN_BY_LIAR:
        sign_scene(2);
        break;
    case SIGN_BY_HONEST:
        sign_scene(1);
        break;
    case CALLED_OFF:
        called_off_scene();
        break;
    case SETUP:
        bed_restart(&b, now.liar);
        bed_advance(&b, 2700); /* the link is there after 2 s; no repeat yet */
        break;
    case HEARSAY:
        hearsay_scene();
        break;
    case KEYGEN:
    case KEYGEN_BY_LIAR:
        keygen_scene();
        break;
    case WANT:
    case HAVE:
    case NEVER:
        certificate_scene(scene);
        break;
    }
}

static bool succeeded(enum scene scene)
{
    const struct cs_link *l = lie_link(&b, now.honest, now.liar);
    const struct cs_ot_pair *ot =
        b.node[now.honest].core->quorums[0]->peers[now.liar + 1].ot;

    switch (scene) {
    case SIGN_BY_LIAR:
    case SIGN_BY_HONEST:
    case CALLED_OFF:
        return bed_count(&b, 0, CS_EVT_SIGN_DONE) + bed_count(&b, 1, CS_EVT_SIGN_DONE) >
               0;
    case SETUP:
    case HEARSAY:
        return cs_link_is_live(l) && ot != NULL && cs_ot_pair_state(ot) == CS_OT_TESTED;
    case NEVER: /* erased by agreement */
        return b.node[now.honest].core->n_keys == 1;
    case KEYGEN:
    case KEYGEN_BY_LIAR:
    case WANT:
    case HAVE:
        break;
    }
    return bed_count(&b, now.honest, CS_EVT_KEY_ACTIVE) == 2;
}

/* ---- judging
 * ------------------------------------------------------------------------------- */

static const struct peer *peer_of(int node, int peer)
{
    return &b.node[node].core->quorums[0]->peers[peer + 1];
}

static bool is_clean(int node, int peer)
{
    const struct peer *p = peer_of(node, peer);

    return p->rec.blames == 0 && p->device->setup_tests == 0 && !p->device->quarantined;
}

static bool is_tested(const struct peer *p)
{
    return p->ot != NULL && cs_ot_pair_state(p->ot) == CS_OT_TESTED;
}

static bool did(const struct peer *p, enum reaction does, enum scene scene)
{
    bool is_sign = scene != SETUP && scene != HEARSAY;
    bool ot_lives = !is_sign || is_tested(p);

    switch (does) {
    case MISSING:
        break;
    case FINE:
        return succeeded(scene) && ot_lives && is_clean(now.honest, now.liar);
    case DROP:
        return !succeeded(scene) && ot_lives && is_clean(now.honest, now.liar) &&
               !said(" ended: ") && !said(" is refused: ") && !said(" failed in ");
    case UNSEEN:
    case NOBODY:
        return ot_lives && is_clean(now.honest, now.liar);
    case BLAME:
        return ot_lives && p->rec.blames == 1 && !p->device->quarantined;
    case COUNT:
        return p->device->setup_tests == 1 && !p->device->quarantined;
    case BURN:
        return p->device->quarantined && p->ot != NULL &&
               cs_ot_pair_state(p->ot) == CS_OT_BURNED;
    case PROVEN:
        return p->device->quarantined;
    }
    return false;
}

/* NULL: as the table says. */
static const char *judge(void)
{
    const struct outcome *want = &now.c.want;
    enum scene scene = now.c.m->scene;
    bool ends = want->does != FINE;

    if (!now.done) {
        return "the lie was never told";
    }
    if (want->code != CS_OK && !said(cs_err_text(want->code))) {
        return "the honest node does not say the code";
    }
    if (want->code == CS_OK && said("misbehaved")) {
        return "somebody is blamed";
    }
    if (!did(peer_of(now.honest, now.liar), want->does, scene)) {
        return "the honest node does something else about it";
    }
    if (!is_clean(now.honest, 2) || !is_clean(2, now.honest)) {
        return "honest nodes hold something against each other";
    }
    if (scene != KEYGEN && scene != KEYGEN_BY_LIAR && !is_clean(2, now.liar)) {
        return "a node that was not there holds something against the liar";
    }
    if (ends && scene <= CALLED_OFF && succeeded(scene)) {
        return "there is a signature";
    }
    for (int i = 0; i < 2 && scene <= CALLED_OFF; i++) {
        if (bed_count(&b, i, CS_EVT_SIGN_DONE) > 0) {
            ec_check_done(&b, i, 1, &sign); /* what is released, verifies */
        }
    }
    return NULL;
}

static const char *how_name(int how)
{
    static const char *const low[] = {"flip",
                                      "zero",
                                      "order",
                                      "order+1",
                                      "ones",
                                      "hybrid",
                                      "not on the curve",
                                      "x >= p",
                                      "another point"};
    static const char *const high[] = {"sid",   "round",           "key id",
                                       "epoch", "a byte more",     "a byte less",
                                       "value", "another element", "last bit"};

    return how < HEAD_SID ? low[how] : high[how - HEAD_SID];
}

static void complain(const char *why)
{
    const struct evil_case *c = &now.c;

    print_error(
        "%s (scene %d) %s, byte %zu, %s %u: %s; blames %u, tests %u, "
        "quarantine %d, success %d\n",
        c->m->name, c->m->scene, c->f == NULL ? "-" : c->f->name, c->at,
        how_name(c->how), c->value, why, peer_of(now.honest, now.liar)->rec.blames,
        peer_of(now.honest, now.liar)->device->setup_tests,
        peer_of(now.honest, now.liar)->device->quarantined, succeeded(c->m->scene));
    if (getenv("EVIL_LOG") != NULL) {
        print_error("%.*s\n", (int)now.log.n, (const char *)now.log.p);
    }
}

/* In the child. */
static int run_case(const struct evil_case *c)
{
    const char *why;

    now.c = *c;
    run_scene(c->m->scene);
    why = judge();
    if (why != NULL) {
        complain(why);
    }
    return why == NULL ? 0 : 1;
}

static size_t n_cases, n_bad;

static void fork_case(const struct evil_case *c)
{
    const char *only = getenv("EVIL_ONLY"); /* name of a message */
    pid_t pid;
    int status = 0;

    if (only != NULL && strcmp(only, c->m->name) != 0) {
        return;
    }
    n_cases++;
    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run_case(c));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        n_bad++;
        if (!WIFEXITED(status)) {
            print_error("%s %s byte %zu %s: the process died\n", c->m->name,
                        c->f == NULL ? "-" : c->f->name, c->at, how_name(c->how));
        }
    }
}

/* ---- all cases
 * ------------------------------------------------------------------------------ */

typedef void case_fn(const struct evil_case *c);

static void with(const struct message *m, const struct field *f, size_t element,
                 const int *how, size_t n, struct outcome want, case_fn *fn)
{
    for (size_t i = 0; i < n; i++) {
        struct evil_case c = {
            .m = m, .f = f, .part = f->part, .how = how[i], .want = want};

        c.at = start_of(m, f) + element * f->len;
        fn(&c);
    }
}

static void each_of_element(const struct message *m, const struct field *f, size_t k,
                            case_fn *fn)
{
    static const int bits[] = {FLIP, LAST};
    static const int flip[] = {FLIP}, ranges[] = {ZERO, ORDER, ORDER_1, ALL_ONES};
    static const int other[] = {OTHER_POINT};
    static const int no_points[] = {HYBRID, NOT_ON_CURVE, X_TOO_LARGE, ZERO};
    static const int copy[] = {COPY}, no_rist[] = {ALL_ONES, ZERO};

    switch (f->kind) {
    case BYTES:
        with(m, f, k, bits, CS_COUNTOF(bits), f->wrong, fn);
        break;
    case SCALAR:
        with(m, f, k, flip, CS_COUNTOF(flip), f->wrong, fn);
        with(m, f, k, ranges, CS_COUNTOF(ranges), f->bad, fn);
        break;
    case POINT:
        with(m, f, k, other, CS_COUNTOF(other), f->wrong, fn);
        with(m, f, k, no_points, CS_COUNTOF(no_points), f->bad, fn);
        break;
    case RIST:
        with(m, f, k, copy, CS_COUNTOF(copy), f->wrong, fn);
        with(m, f, k, no_rist, CS_COUNTOF(no_rist), f->bad, fn);
        break;
    case INT:
        break; /* below */
    }
}

static bool is_for(const struct int_row *r, const struct message *m,
                   const struct field *f)
{
    return r->scene == m->scene && strcmp(r->message, m->name) == 0 &&
           strcmp(r->field, f->name) == 0;
}

static void each_of_field(const struct message *m, const struct field *f, case_fn *fn)
{
    each_of_element(m, f, 0, fn);
    if (f->count > 2) {
        each_of_element(m, f, f->count / 2, fn);
    }
    if (f->count > 1) {
        each_of_element(m, f, f->count - 1, fn);
    }
    for (size_t i = 0; i < n_ints; i++) {
        if (is_for(&ints[i], m, f)) {
            struct evil_case c = {.m = m,
                                  .f = f,
                                  .part = f->part,
                                  .at = start_of(m, f),
                                  .how = SET,
                                  .value = ints[i].value,
                                  .want = ints[i].is};

            fn(&c);
        }
    }
}

static void each_of_message(const struct message *m, case_fn *fn)
{
    const struct outcome *const head[] = {&m->sid, &m->round, &m->key_id, &m->epoch};
    enum part parts[] = {BROADCAST, PRIVATE};

    for (int i = 0; i < 4; i++) {
        struct evil_case c = {.m = m,
                              .part = m->private_len > 0 ? PRIVATE : BROADCAST,
                              .how = HEAD_SID + i,
                              .want = *head[i]};

        fn(&c);
    }
    for (size_t k = 0; k < 2; k++) {
        struct evil_case c = {.m = m, .part = parts[k], .how = GROW, .want = m->length};

        fn(&c); /* also a byte in a part that ought to be empty */
        if ((parts[k] == BROADCAST ? m->broadcast_len : m->private_len) > 1) {
            c.how = SHRINK; /* a message of nothing cannot be sealed */
            fn(&c);
        }
    }
    for (size_t i = 0; i < m->n_fields; i++) {
        each_of_field(m, &m->fields[i], fn);
    }
}

/* ---- the table is whole
 * ------------------------------------------------------------------ */

static void the_fields_fill_every_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_messages; i++) {
        const struct message *m = &messages[i];
        size_t len[2] = {0, 0};

        for (size_t k = 0; k < m->n_fields; k++) {
            len[m->fields[k].part] += m->fields[k].len * m->fields[k].count;
        }
        assert_int_equal(len[BROADCAST], m->broadcast_len);
        assert_int_equal(len[PRIVATE], m->private_len);
    }
}

static size_t n_rows;

static void row_is_there(const struct evil_case *c)
{
    n_rows++;
    if (c->want.does == MISSING) {
        fail_msg("%s, %s, %s: no row", c->m->name, c->f == NULL ? "-" : c->f->name,
                 how_name(c->how));
    }
}

static void no_field_is_without_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_messages; i++) {
        for (size_t k = 0; k < messages[i].n_fields; k++) {
            n_rows = 0;
            each_of_field(&messages[i], &messages[i].fields[k], row_is_there);
            if (n_rows == 0) {
                fail_msg("%s, %s: no row", messages[i].name,
                         messages[i].fields[k].name);
            }
        }
        each_of_message(&messages[i], row_is_there);
    }
}

static bool has_row(uint8_t proto, uint8_t type)
{
    for (size_t i = 0; i < n_messages; i++) {
        if (messages[i].proto == proto && messages[i].type == type) {
            return true;
        }
    }
    return false;
}

static struct lie_types {
    bool seen[16][256];
} types;

static bool note_type(struct lie *l)
{
    types.seen[l->m.proto & 15][l->m.type] = true;
    return true;
}

/* Whatever the nodes say to each other from the keys to the signature is in the table.
 */
static void no_message_is_without_its_fields(void **state)
{
    (void)state;
    bed_free(&b);
    trio_up(&b);
    liar = note_type;
    b.carry = lie_carry;
    ec_key(&b, "ETHEREUM");
    ec_sign(&b, 1, 1, 2, 1);
    ec_sign(&b, 2, 1, 2, 2);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
    now.liar = 1;
    hearsay_scene(); /* new links, too */
    for (unsigned proto = 2; proto < 16; proto++) {
        for (unsigned type = 0; type < 256; type++) {
            if (types.seen[proto][type] && !has_row((uint8_t)proto, (uint8_t)type)) {
                fail_msg("message %u.%u is not in the table", proto, type);
            }
        }
    }
    liar = NULL;
    b.carry = NULL;
}

/* ---- the table is right
 * ------------------------------------------------------------------- */

static void every_lie_has_the_end_that_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_messages; i++) {
        each_of_message(&messages[i], fork_case);
    }
    print_message("%zu lies, %zu with another end\n", n_cases, n_bad);
    assert_int_equal(n_bad, 0);
}

/* ---- many sessions, one cheating Bob (4.6, row 5 and 13 of PROTOCOLS 10)
 * -------------------- */

static size_t answers; /* SIG_R2 of the honest node */

static bool guess(struct lie *l)
{
    if (l->from == 1 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R1)) {
        l->priv.p[R1_X] ^= 1; /* one bit of x: fails for every row with Delta_i = 1 */
    }
    answers += l->from == 0 && lie_is(l, CS_PROTO_ECDSA, CS_TYPE_SIG_R2) ? 1 : 0;
    return true;
}

static size_t open_sessions(void)
{
    size_t n = 0;

    for (const struct ecdsa_run *r = b.node[0].core->ecdsa; r != NULL; r = r->next) {
        n++;
    }
    return n;
}

static void a_bob_who_guesses_in_sixteen_sessions_gets_no_answer(void **state)
{
    (void)state;
    answers = 0;
    liar = guess;
    b.carry = lie_carry;
    b.node[0].hold_jobs = true;
    for (uint8_t k = 1; k <= CS_OT_SESSIONS_MAX; k++) { /* half by each of the two */
        ec_sign(&b, k, 1, 2, (uint8_t)(1 + k % 2));
    }
    assert_int_equal(open_sessions(), CS_OT_SESSIONS_MAX);
    bed_release_jobs(&b.node[0]); /* round 1 of all; the first checks are out now */
    bed_advance(&b, 3000);
    assert_int_equal(answers, 0);
    assert_int_equal(open_sessions(), 0);
    assert_int_equal(cs_ot_pair_state(peer_of(0, 1)->ot), CS_OT_BURNED);
    assert_true(peer_of(0, 1)->device->quarantined);
    bed_restart(&b, 0); /* neither a restart nor a new link helps */
    bed_advance(&b, 30000);
    liar = NULL;
    ec_sign(&b, 40, 1, 2, 1);
    ec_sign(&b, 41, 1, 2, 2);
    bed_advance(&b, 16000);
    BED_FAILED(&b, 0, CS_EVT_SIGN_FAILED, "PEER_QUARANTINED");
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 0);
    assert_int_equal(bed_count(&b, 1, CS_EVT_SIGN_DONE), 0);
    ec_sign(&b, 42, 1, 3, 1); /* with the third all is well */
    bed_advance(&b, 5000);
    assert_int_equal(bed_count(&b, 0, CS_EVT_SIGN_DONE), 1);
}

static int up(void **state)
{
    (void)state;
    ec_up(&b, "ETHEREUM");
    return 0;
}

static int down(void **state)
{
    (void)state;
    bed_free(&b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fields_fill_every_message),
        cmocka_unit_test(no_field_is_without_a_row),
        cmocka_unit_test_setup_teardown(no_message_is_without_its_fields, up, down),
        cmocka_unit_test_setup_teardown(every_lie_has_the_end_that_the_table_says, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            a_bob_who_guesses_in_sixteen_sessions_gets_no_answer, up, down),
    };

    cmocka_set_test_filter(getenv("CASE"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
