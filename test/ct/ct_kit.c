/* Backup kits and recovery (PROTOCOLS 8.7, 8.8): no branch and no index depends on a
 * share, a key made of shares, an ephemeral key or a recovery key of X25519.  What a
 * kit says in public is let through when a box has been opened: all but its last 32
 * bytes (x_i). */
#include "support/ct_run.h"

#include "allowed.h"
#include "mpc/recover.h"
#include "support/kit_made.h"

int __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *m_len, unsigned char *nsec,
    const unsigned char *c, unsigned long long c_len, const unsigned char *ad,
    unsigned long long ad_len, const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *m_len, unsigned char *nsec,
    const unsigned char *c, unsigned long long c_len, const unsigned char *ad,
    unsigned long long ad_len, const unsigned char *npub, const unsigned char *k);

int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *m_len, unsigned char *nsec,
    const unsigned char *c, unsigned long long c_len, const unsigned char *ad,
    unsigned long long ad_len, const unsigned char *npub, const unsigned char *k)
{
    int err = __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
        m, m_len, nsec, c, c_len, ad, ad_len, npub, k);

    publish(&err, sizeof err);
    publish(m, (size_t)c_len - 16 - 32);
    return err;
}

/* Public halves: of the recovery key, and of the key that a box is sealed with. */
int __real_crypto_scalarmult_base(unsigned char *q, const unsigned char *n);
int __wrap_crypto_scalarmult_base(unsigned char *q, const unsigned char *n);

int __wrap_crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    int err = __real_crypto_scalarmult_base(q, n);

    publish(q, 32);
    return err;
}

/* A signature that is about to be checked, and released. */
bool __real_cs_sign_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t pub[CS_IK_LEN],
                           struct cs_span msg);
bool __wrap_cs_sign_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t pub[CS_IK_LEN],
                           struct cs_span msg);

bool __wrap_cs_sign_verify(const uint8_t sig[CS_SIG_LEN], const uint8_t pub[CS_IK_LEN],
                           struct cs_span msg)
{
    uint8_t copy[CS_SIG_LEN];

    memcpy(copy, sig, sizeof copy);
    publish(copy, sizeof copy);
    return __real_cs_sign_verify(copy, pub, msg);
}

#ifdef CT_RUNS

static struct {
    uint8_t recovery[32];
    uint8_t rnd[CS_RECOVERY_RANDOM];
    uint8_t prefix[32];
    uint8_t seed[32];
} s;

static struct made m;
static struct cs_recovery_key *key;
static struct cs_kit *kit[2];
static struct cs_wr bytes[2];
static struct cs_recovered *whole;
static uint8_t sig[64];
static bool done = true;

static void make_recovery(void)
{
    done = cs_recovery_key_new(&key, s.recovery) == CS_OK && done;
}

static void make_kits(void)
{
    const struct cs_recovery_key *to[1] = {key};

    for (uint8_t i = 0; i < 2; i++) {
        memcpy(s.seed, m.id[i + 1].ik_seed, 32);
        done = cs_kit_seal(&bytes[i], m.k[i + 1], &m.ds, to, 1, s.seed, s.rnd) ==
                   CS_OK &&
               done;
    }
}

static void open_kits(void)
{
    struct cs_kit_file f;

    for (size_t i = 0; i < 2; i++) {
        done = cs_kit_read(&f, cs_wr_get(&bytes[i])) == CS_OK &&
               cs_kit_open(kit[i], &f, key, NULL) == CS_OK && done;
    }
}

static void recover(void)
{
    const struct cs_kit *const both[2] = {kit[0], kit[1]};

    done = cs_recover(whole, both, 2, NULL) == CS_OK && done;
}

static void child(void)
{
    static const uint32_t path[] = {0, 5};

    done = cs_recover_child(whole, path, 2) == CS_OK && done;
}

static void sign(void)
{
    done = cs_recover_sign(sig, whole, s.prefix, CS_SPAN_LIT("message")) == CS_OK &&
           done;
}

static bool is_marked(const void *p, size_t n)
{
    return VALGRIND_CHECK_MEM_IS_DEFINED(p, n) != 0;
}

static bool run(enum cs_scheme scheme)
{
    bool ok;

    made_new(&m, 3, 2, scheme, 5);
    kit[0] = cs_kit_new();
    kit[1] = cs_kit_new();
    whole = cs_recovered_new();
    ok = ct_clean("making a recovery key", &s, sizeof s, make_recovery);
    for (uint8_t i = 1; i <= 2; i++) {
        (void)VALGRIND_MAKE_MEM_UNDEFINED(&m.k[i]->x, sizeof m.k[i]->x);
    }
    ok = ct_clean("sealing kits", &s, sizeof s, make_kits) && ok;
    publish(bytes[0].p, bytes[0].n); /* they leave the node */
    publish(bytes[1].p, bytes[1].n);
    ok = ct_clean("opening kits", &s, sizeof s, open_kits) && ok;
    ok = is_marked(&kit[0]->key.x, 32) && ok;
    ok = ct_clean("recovering", &s, sizeof s, recover) && ok;
    ok = is_marked(&whole->x, 32) && ok;
    ok = scheme == CS_SCHEME_ECDSA ? ct_clean("a child", &s, sizeof s, child) && ok
                                   : ct_clean("signing", &s, sizeof s, sign) && ok;
    ok = is_marked(&whole->x, 32) && ok;
    ok = (scheme == CS_SCHEME_ECDSA || is_marked(sig + 32, 32)) && ok;
    for (size_t i = 0; i < 2; i++) {
        cs_wr_free(&bytes[i]);
        bytes[i] = (struct cs_wr){0};
        cs_kit_free(kit[i]);
    }
    cs_recovery_key_free(key);
    cs_recovered_free(whole);
    made_free(&m);
    return ok;
}

static bool ct_inside(void)
{
    bool ok = cs_crypto_init() == CS_OK;

    ok = run(CS_SCHEME_ECDSA) && ok;
    ok = run(CS_SCHEME_FROST_ED25519) && ok;
    return ok && done;
}

#endif

CT_MAIN
