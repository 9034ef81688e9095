/* cloudsign recover: from backup kits to the key (PROTOCOLS 8.8).  Offline: no socket,
 * no node, no store.  The only program that ever holds a whole private key. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/node/cli.h"
#include "cli/node/offline.h"
#include "crypto/hash.h"
#include "mpc/recover.h"
#include "net/file.h"

#define FILE_WORD "cloudsign recovered key 1\n" /* before the box, and its AAD */

enum {
    FILES_MAX = 16,
    KEYS_MAX = 16,
    FILE_LEN = sizeof FILE_WORD - 1 + CS_RECOVERED_LEN + CS_PASS_EXTRA,
    MESSAGE_MAX = 1 << 20,
};

struct options {
    const char *files[FILES_MAX];
    size_t n_files;
    const char *keys[KEYS_MAX];
    size_t n_keys;
    const char *path, *out, *passphrase;
    bool show;
};

static const char usage_text[] =
    "use: cloudsign recover keygen FILE\n"
    "     cloudsign recover id FILE\n"
    "     cloudsign recover KIT KIT.. --key SECRET.. [--path 0/5] --out FILE | --show\n"
    "     cloudsign recover open FILE [--path 0/5]\n"
    "     cloudsign recover sign FILE MESSAGE\n"
    "  --passphrase-file FILE  instead of asking for the passphrase of --out, open, "
    "sign";

static enum cs_err usage(void)
{
    return off_say(CS_ERR_USAGE, "%s", usage_text);
}

/* ---- the command line ------------------------------------------------------------ */

static bool take_value(struct options *o, const char *name, const char *value)
{
    const char **slot = strcmp(name, "--path") == 0              ? &o->path
                        : strcmp(name, "--out") == 0             ? &o->out
                        : strcmp(name, "--passphrase-file") == 0 ? &o->passphrase
                                                                 : NULL;

    if (strcmp(name, "--key") == 0 && o->n_keys < KEYS_MAX) {
        o->keys[o->n_keys++] = value;
        return true;
    }
    if (slot == NULL || *slot != NULL) {
        return false;
    }
    *slot = value;
    return true;
}

static bool parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){0};
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--show") == 0) {
            o->show = true;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 >= argc || !take_value(o, argv[i], argv[i + 1])) {
                return false;
            }
            i++;
        } else if (o->n_files < FILES_MAX) {
            o->files[o->n_files++] = argv[i];
        } else {
            return false;
        }
    }
    return true;
}

static bool is_file_alone(const struct options *o)
{
    return o->n_files == 1 && o->n_keys == 0 && !o->show && o->path == NULL &&
           o->out == NULL && o->passphrase == NULL;
}

/* ---- keygen ---------------------------------------------------------------------- */

static enum cs_err keygen(const struct options *o)
{
    struct cs_recovery_key *k = NULL;
    struct cs_wr secret = {0}, public = {0};
    struct cs_why why = {""};
    uint8_t rnd[32];
    enum cs_err err;

    if (!is_file_alone(o)) {
        return usage();
    }
    cs_random(rnd, sizeof rnd);
    CS_TRY(cs_recovery_key_new(&k, rnd));
    CS_TRY(cs_recovery_secret_text(&secret, k));
    CS_TRY(cs_recovery_public_text(&public, k));
    err = cs_file_create(o->files[0], cs_wr_get(&secret), 0600, &why);
    if (err != CS_OK) {
        (void)off_say(err, "%s", why.text);
        goto out;
    }
    (void)printf("%.*s", (int)public.n, (const char *)public.p);
    (void)fprintf(stderr,
                  "The secret half is in %s: it opens every kit that is made for this "
                  "key. Keep it offline, apart from the others.\n",
                  o->files[0]);
out:
    cs_wipe(rnd, sizeof rnd);
    cs_recovery_key_free(k);
    cs_wr_free(&secret);
    cs_wr_free(&public);
    return err;
}

static enum cs_err print_id(const struct options *o)
{
    struct cs_recovery_key *k;
    uint8_t id[CS_RECOVERY_ID_LEN];
    char hex[2 * CS_RECOVERY_ID_LEN + 1];
    enum cs_err err;

    if (!is_file_alone(o)) {
        return usage();
    }
    k = off_key(o->files[0], false, &err);
    if (k != NULL) {
        cs_recovery_id(id, k);
        (void)printf("%s\n", cs_hex(hex, id, sizeof id));
    }
    cs_recovery_key_free(k);
    return err;
}

/* ---- kits ------------------------------------------------------------------------ */

struct opened {
    struct cs_recovery_key *keys[KEYS_MAX];
    struct cs_kit *kits[FILES_MAX];
};

static enum cs_err load_keys(struct opened *a, const struct options *o)
{
    enum cs_err err = CS_OK;

    for (size_t i = 0; i < o->n_keys && err == CS_OK; i++) {
        a->keys[i] = off_key(o->keys[i], true, &err);
    }
    return err;
}

static enum cs_err kit_problem(enum cs_err err, const char *path, const char *why)
{
    switch (err) {
    case CS_ERR_NOT_FOUND:
        return off_say(err, "%s is encrypted to none of the given recovery keys", path);
    case CS_ERR_AEAD:
        return off_say(err, "%s does not open: it was altered", path);
    case CS_ERR_KEY_CORRUPT:
        return off_say(err, "%s is not used: %s", path, why != NULL ? why : "");
    default:
        return off_say(err, "%s is no usable kit: %s", path, cs_err_text(err));
    }
}

/* With whichever key it was made for. */
static enum cs_err try_keys(struct cs_kit *kit, const struct opened *a, size_t n_keys,
                            const struct cs_kit_file *f, const char **why)
{
    enum cs_err err = CS_ERR_NOT_FOUND;

    for (size_t i = 0; i < n_keys && err == CS_ERR_NOT_FOUND; i++) {
        err = cs_kit_open(kit, f, a->keys[i], why);
    }
    return err;
}

static enum cs_err open_kit(struct opened *a, size_t at, const struct options *o)
{
    struct cs_wr bytes = {0};
    struct cs_kit_file f;
    const char *why = NULL;
    enum cs_err err;

    CS_TRY(off_read(&bytes, o->files[at], CS_KIT_MAX, false));
    a->kits[at] = cs_kit_new();
    err = a->kits[at] == NULL ? CS_ERR_NOMEM : cs_kit_read(&f, cs_wr_get(&bytes));
    if (err == CS_OK) {
        err = try_keys(a->kits[at], a, o->n_keys, &f, &why);
    }
    if (err != CS_OK) {
        (void)kit_problem(err, o->files[at], why);
    }
out:
    cs_wr_free(&bytes);
    return err;
}

static void close_all(struct opened *a)
{
    for (size_t i = 0; i < KEYS_MAX; i++) {
        cs_recovery_key_free(a->keys[i]);
    }
    for (size_t i = 0; i < FILES_MAX; i++) {
        cs_kit_free(a->kits[i]);
    }
}

static enum cs_err open_all(struct opened *a, const struct options *o)
{
    CS_CHECK(load_keys(a, o));
    for (size_t i = 0; i < o->n_files; i++) {
        CS_CHECK(open_kit(a, i, o));
    }
    return CS_OK;
}

/* ---- the key --------------------------------------------------------------------- */

static enum cs_err go_down(struct cs_recovered *r, const char *text)
{
    uint32_t path[CS_PATH_MAX];
    uint8_t n;
    enum cs_err err;

    if (text == NULL) {
        return CS_OK;
    }
    err = cs_path_parse(path, &n, text);
    if (err == CS_OK) {
        err = cs_recover_child(r, path, n);
    }
    if (err == CS_ERR_BAD_FORMAT) {
        err = CS_ERR_PATH_FORMAT;
    }
    if (err == CS_ERR_USAGE) {
        return off_say(err, "--path %s: an Ed25519 key has no children", text);
    }
    return err == CS_OK ? err : off_say(err, "--path %s: %s", text, cs_err_text(err));
}

static void describe(struct cs_wr *w, const struct cs_recovered *r)
{
    uint8_t point[CS_POINT_MAX];
    size_t n = cs_point_encode(&r->X, point);

    cs_wr_str(w, "key id      ");
    cs_wr_hex(w, CS_SPAN_OF(r->key_id));
    cs_wr_str(w, "\nscheme      ");
    cs_wr_str(w, cs_scheme_name(r->scheme));
    cs_wr_str(w, "\npublic key  ");
    cs_wr_hex(w, CS_SPAN(point, n));
    cs_wr_str(w, "\n");
}

static const char *note(enum cs_scheme scheme)
{
    switch (scheme) {
    case CS_SCHEME_FROST_ED25519:
        return "This is a scalar (little endian), not an RFC 8032 seed: no ordinary "
               "wallet can import it. Sign with: cloudsign recover sign\n";
    case CS_SCHEME_BIP340:
        return "This is the internal key: wallets apply the BIP 341 tweak themselves "
               "(descriptor tr(KEY)).\n";
    case CS_SCHEME_ECDSA:
        return "";
    }
    return "";
}

static enum cs_err show(const struct cs_recovered *r)
{
    struct cs_wr w = {0};
    enum cs_err err = CS_ERR_USAGE;

    if (!off_confirm("Whoever sees the private key owns what it holds.\n"
                     "To show it on this terminal, type: show the private key\n> ",
                     "show the private key")) {
        return off_say(err, "not confirmed: nothing is shown");
    }
    describe(&w, r);
    cs_wr_str(&w,
              r->scheme == CS_SCHEME_FROST_ED25519 ? "scalar      " : "private key ");
    cs_wr_hex(&w, CS_SPAN_OF(r->x.s.b));
    cs_wr_str(&w, "\n");
    cs_wr_str(&w, note(r->scheme));
    err = w.err == CS_OK ? off_show(cs_wr_get(&w)) : w.err;
    cs_wr_free(&w);
    return err;
}

static enum cs_err seal(struct cs_wr *w, const struct cs_recovered *r,
                        const char *passphrase_file)
{
    uint8_t record[CS_RECOVERED_LEN], rnd[CS_PASS_RANDOM];
    struct cs_wr pass = {0};
    enum cs_err err = off_passphrase(&pass, passphrase_file, true);

    if (err == CS_OK) {
        cs_recovered_encode(record, r);
        cs_random(rnd, sizeof rnd);
        cs_wr_str(w, FILE_WORD);
        err = cs_pass_seal(w, cs_wr_get(&pass), rnd, CS_SPAN_LIT(FILE_WORD),
                           CS_SPAN_OF(record));
        if (err != CS_OK) {
            (void)off_say(err, "cannot encrypt: %s", cs_err_text(err));
        }
    }
    cs_wipe(record, sizeof record);
    cs_wr_free(&pass);
    return err;
}

static enum cs_err save(const struct cs_recovered *r, const struct options *o)
{
    struct cs_why why = {""};
    struct cs_wr file = {0};
    enum cs_err err = seal(&file, r, o->passphrase);

    if (err == CS_OK) {
        err = cs_file_create(o->out, cs_wr_get(&file), 0600, &why);
        if (err != CS_OK) {
            (void)off_say(err, "%s", why.text);
        }
    }
    cs_wr_free(&file);
    return err;
}

static void print_public(const struct cs_recovered *r)
{
    struct cs_wr w = {0};

    describe(&w, r);
    (void)printf("%.*s", (int)w.n, w.p == NULL ? "" : (const char *)w.p);
    cs_wr_free(&w);
}

static enum cs_err hand_out(const struct cs_recovered *r, const struct options *o)
{
    if (o->show) {
        return show(r);
    }
    CS_CHECK(save(r, o));
    print_public(r);
    (void)printf("saved       %s (cloudsign recover open, cloudsign recover sign)\n",
                 o->out);
    return CS_OK;
}

static enum cs_err combine(struct cs_recovered *r, const struct opened *a,
                           const struct options *o)
{
    const struct cs_kit *kits[FILES_MAX];
    const char *why = "";
    enum cs_err err;

    for (size_t i = 0; i < o->n_files; i++) {
        kits[i] = a->kits[i];
    }
    err = cs_recover(r, kits, o->n_files, &why);
    if (err == CS_ERR_NOT_ENOUGH) {
        return off_say(err, "%s: %zu given, %u needed", why, o->n_files,
                       kits[0]->key.body.t);
    }
    return err == CS_OK ? err : off_say(err, "%s", why);
}

static enum cs_err from_kits(const struct options *o)
{
    struct cs_recovered *r;
    struct opened a = {0};
    enum cs_err err;

    if (o->n_files == 0 || o->n_keys == 0 || (o->out == NULL) == !o->show) {
        return usage();
    }
    r = cs_recovered_new();
    if (r == NULL) {
        return off_say(CS_ERR_NOMEM, "out of memory");
    }
    err = open_all(&a, o);
    if (err == CS_OK) {
        err = combine(r, &a, o);
    }
    close_all(&a);
    if (err == CS_OK) {
        err = go_down(r, o->path);
    }
    if (err == CS_OK) {
        err = hand_out(r, o);
    }
    cs_recovered_free(r);
    return err;
}

/* ---- open, sign ------------------------------------------------------------------ */

static enum cs_err unseal(struct cs_recovered *r, struct cs_span file,
                          struct cs_span pass)
{
    uint8_t record[CS_RECOVERED_LEN];
    const size_t n = sizeof FILE_WORD - 1;
    enum cs_err err;

    if (file.n != FILE_LEN || memcmp(file.p, FILE_WORD, n) != 0) {
        return CS_ERR_BAD_FORMAT;
    }
    err = cs_pass_open(record, pass, CS_SPAN_LIT(FILE_WORD),
                       CS_SPAN(file.p + n, file.n - n));
    if (err == CS_OK) {
        err = cs_recovered_decode(r, record);
    }
    cs_wipe(record, sizeof record);
    return err;
}

static enum cs_err load(struct cs_recovered *r, const struct options *o)
{
    struct cs_wr file = {0}, pass = {0};
    enum cs_err err;

    CS_TRY(off_read(&file, o->files[0], FILE_LEN, true));
    CS_TRY(off_passphrase(&pass, o->passphrase, false));
    err = unseal(r, cs_wr_get(&file), cs_wr_get(&pass));
    if (err == CS_ERR_AEAD) {
        (void)off_say(err, "%s does not open: wrong passphrase, or it was altered",
                      o->files[0]);
    } else if (err != CS_OK) {
        (void)off_say(err, "%s is not a file of cloudsign recover --out: %s",
                      o->files[0], cs_err_text(err));
    }
out:
    cs_wr_free(&file);
    cs_wr_free(&pass);
    return err;
}

static enum cs_err open_file(const struct options *o)
{
    struct cs_recovered *r;
    enum cs_err err;

    if (o->n_files != 1 || o->n_keys != 0 || o->out != NULL || o->show) {
        return usage();
    }
    r = cs_recovered_new();
    if (r == NULL) {
        return off_say(CS_ERR_NOMEM, "out of memory");
    }
    err = load(r, o);
    if (err == CS_OK) {
        err = go_down(r, o->path);
    }
    if (err == CS_OK) {
        err = show(r);
    }
    cs_recovered_free(r);
    return err;
}

static enum cs_err sign_message(const struct cs_recovered *r, const char *path)
{
    uint8_t prefix[32], sig[64];
    struct cs_wr message = {0};
    char hex[129];
    enum cs_err err = off_read(&message, path, MESSAGE_MAX, false);

    if (err == CS_OK) {
        cs_random(prefix, sizeof prefix);
        err = cs_recover_sign(sig, r, prefix, cs_wr_get(&message));
        if (err != CS_OK) {
            (void)off_say(err, "%s",
                          err == CS_ERR_USAGE
                              ? "only Ed25519 keys sign here: import the private key "
                                "of `cloudsign recover open` into a wallet"
                              : cs_err_text(err));
        }
    }
    if (err == CS_OK) {
        (void)printf("%s\n", cs_hex(hex, sig, sizeof sig));
    }
    cs_wipe(prefix, sizeof prefix);
    cs_wr_free(&message);
    return err;
}

static enum cs_err sign(const struct options *o)
{
    struct cs_recovered *r;
    enum cs_err err;

    if (o->n_files != 2 || o->n_keys != 0 || o->path != NULL || o->out != NULL ||
        o->show) {
        return usage();
    }
    r = cs_recovered_new();
    if (r == NULL) {
        return off_say(CS_ERR_NOMEM, "out of memory");
    }
    err = load(r, o);
    if (err == CS_OK) {
        err = sign_message(r, o->files[1]);
    }
    cs_recovered_free(r);
    return err;
}

int cli_recover(int argc, char **argv)
{
    static const struct {
        const char *word;
        enum cs_err (*run)(const struct options *o);
    } words[] = {
        {"keygen", keygen}, {"id", print_id}, {"open", open_file}, {"sign", sign}};
    enum cs_err (*run)(const struct options *o) = from_kits;
    struct options o;
    enum cs_err err;

    for (size_t i = 0; argc > 0 && i < CS_COUNTOF(words); i++) {
        if (strcmp(argv[0], words[i].word) == 0) {
            run = words[i].run;
            argc--;
            argv++;
            break;
        }
    }
    if (!parse(&o, argc, argv)) {
        return cs_err_exit(usage());
    }
    err = off_start();
    if (err == CS_OK) {
        err = off_printed(run(&o));
    }
    cs_crypto_thread_end();
    return cs_err_exit(err);
}
