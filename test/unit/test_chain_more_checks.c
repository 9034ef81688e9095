/* Cosmos, Stellar, Hedera, Algorand, NEAR: each check of the parsers, and the prefixes
 * of their messages. */
#include "chain/pb.h"
#include "support/chains_pieces.h"

#define TX  CS_ERR_CHAIN_TX
#define SIG CS_ERR_CHAIN_SIGNER
#define Z32 "0000000000000000000000000000000000000000000000000000000000000000"
#define E32 "e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1"

/* ---- Stellar
 * ------------------------------------------------------------------------- */

enum {
    S_TYPE,
    S_SOURCE,
    S_FEE,
    S_SEQ,
    S_COND,
    S_MEMO,
    S_N,
    S_OP,
    S_EXT,
    S_SIGS,
    S_ALL
};

#define S_TO     "00000000" E32
#define S_NATIVE "00000000"
#define S_PAY                                                                          \
    "00000000"                                                                         \
    "00000001" S_TO S_NATIVE "0000000000000009"

static const char *const stellar[S_ALL] = {
    [S_TYPE] = "00000002",        [S_SOURCE] = "00000000@", [S_FEE] = "00000064",
    [S_SEQ] = "0000000000000001", [S_COND] = "00000000",    [S_MEMO] = "00000000",
    [S_N] = "00000001",           [S_OP] = S_PAY,           [S_EXT] = "00000000",
    [S_SIGS] = "00000000",
};

static const struct piece_case stellar_cases[] = {
    {S_ALL, "", CS_OK, "transfer of 0.0000009 XLM to G"},
    {S_TYPE, "00000005", TX, "not a Stellar transaction envelope"}, /* fee bump */
    {S_TYPE, "00000000", TX, "not a Stellar transaction envelope"},
    {S_SOURCE, S_TO, SIG, "source of the Stellar"},
    {S_SOURCE, "00000001@", TX, "unknown type"},
    {S_SOURCE, "000001000000000000000007@", CS_OK, "transfer"}, /* own, with an id */
    {S_SEQ, "8000000000000001", TX, "sequence number is negative"},
    {S_COND,
     "00000001"
     "0000000000000000"
     "0000000000000005",
     CS_OK, "transfer"},
    {S_COND, "00000002", TX, "preconditions"},
    {S_MEMO,
     "00000001"
     "00000002"
     "68690000",
     CS_OK, "memo: hi"},
    {S_MEMO,
     "00000001"
     "00000002"
     "68690001",
     TX, "padded"},
    {S_MEMO,
     "00000001"
     "0000001d"
     "68690001",
     TX, "longer than 28"},
    {S_MEMO,
     "00000002"
     "0000000000000007",
     CS_OK, "memo: 7"},
    {S_MEMO, "00000005", TX, "memo is of an unknown type"},
    {S_N, "00000000", TX, "1 to 100 operations"},
    {S_N, "00000065", TX, "1 to 100 operations"},
    {S_OP,
     "00000002"
     "00000001" S_TO S_NATIVE "0000000000000009",
     TX, "malformed"},
    {S_OP,
     "00000001"
     "00000000@"
     "00000001" S_TO S_NATIVE "0000000000000009",
     CS_OK, "transfer"},
    {S_OP, "00000001" S_TO "00000001" S_TO S_NATIVE "0000000000000009", SIG,
     "another account"},
    {S_OP,
     "00000000"
     "00000008" S_TO,
     TX, "not supported"}, /* merge */
    {S_OP,
     "00000000"
     "00000001" S_TO S_NATIVE "0000000000000000",
     TX, "zero"},
    {S_OP,
     "00000000"
     "00000001" S_TO S_NATIVE "8000000000000000",
     TX, "negative"},
    {S_OP,
     "00000000"
     "00000001" S_TO "00000001"
     "55534400" S_TO "0000000000000009",
     CS_OK, "0.0000009 USD issued by G"},
    {S_OP,
     "00000000"
     "00000001" S_TO "00000001"
     "55004400" S_TO "0000000000000009",
     TX, "code is malformed"},
    {S_OP,
     "00000000"
     "00000001" S_TO "00000001"
     "00000000" S_TO "0000000000000009",
     TX, "code is malformed"},
    {S_OP,
     "00000000"
     "00000001" S_TO "00000001"
     "55205344" S_TO "0000000000000009",
     TX, "code is malformed"},
    {S_OP,
     "00000000"
     "00000001" S_TO "00000002"
     "555344440000000000000000" S_TO "0000000000000009",
     TX, "code is malformed"}, /* four letters in the long form */
    {S_OP,
     "00000000"
     "00000001" S_TO "00000003"
     "0000000000000009",
     TX, "asset is of a type"},
    {S_OP,
     "00000000"
     "00000000" S_TO "0000000000989680",
     CS_OK, "account creation of 1 XLM"},
    {S_OP,
     "00000000"
     "00000006"
     "00000001"
     "55534400" S_TO "7fffffffffffffff",
     CS_OK, "trust line up to"},
    {S_EXT, "00000001", TX, "extension"},
    {S_SIGS,
     "00000001"
     "00000000"
     "00000000",
     TX, "signed already"},
    {S_SIGS, "0000000000", TX, "does not end"},
};

static void stellar_checks(void **state)
{
    struct cs_chain_key key = pieces_key(CS_CHAIN_STELLAR, CS_CURVE_ED25519);
    struct cs_wr w;

    (void)state;
    pieces_check(&key, stellar, S_ALL, stellar_cases, CS_COUNTOF(stellar_cases));
    pieces_join(&w, stellar, S_ALL, S_ALL, "", &key);
    pieces_finish(&key, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- Algorand
 * ---------------------------------------------------------------------------- */

enum {
    A_MAP,
    A_AMT,
    A_FEE,
    A_FV,
    A_GH,
    A_LV,
    A_NOTE,
    A_RCV,
    A_SND,
    A_TYPE,
    A_END,
    A_ALL
};

#define GENESIS "c061c4d8fc1dbdded2d7604be4568e3f6d041987ac37bde4b620b5ab39248adf"

static const char *const algo[A_ALL] = {
    [A_MAP] = "88",
    [A_AMT] = "a3616d74"
              "09",
    [A_FEE] = "a3666565"
              "cd03e8",
    [A_FV] = "a26676"
             "01",
    [A_GH] = "a26768"
             "c420" GENESIS,
    [A_LV] = "a26c76"
             "02",
    [A_NOTE] = "",
    [A_RCV] = "a3726376"
              "c420" E32,
    [A_SND] = "a3736e64"
              "c420@",
    [A_TYPE] = "a474797065"
               "a3706179",
    [A_END] = "",
};

static const struct piece_case algo_cases[] = {
    {A_ALL, "", CS_OK, "transfer of 0.000009 ALGO"},
    {A_MAP, "87", TX, "behind its end"},
    {A_MAP, "89", TX, "cut or not canonical"},
    {A_MAP, "98", TX, "MessagePack map"},
    {A_AMT,
     "a3616d74"
     "00",
     TX, "cut or not canonical"}, /* zero is left out */
    {A_AMT,
     "a3616d74"
     "cc7f",
     TX, "cut or not canonical"},
    {A_AMT,
     "a3616d74"
     "cc80",
     CS_OK, "0.000128 ALGO"},
    {A_AMT,
     "a3616d74"
     "cd00ff",
     TX, "cut or not canonical"},
    {A_AMT,
     "a3616d74"
     "ce0000ffff",
     TX, "cut or not canonical"},
    {A_AMT,
     "a3616d74"
     "cf00000000ffffffff",
     TX, "cut or not canonical"},
    {A_AMT,
     "a3616d74"
     "cf0000000100000000",
     CS_OK, "4294.967296 ALGO"},
    {A_AMT,
     "a3616d74"
     "c0",
     TX, "cut or not canonical"},
    {A_AMT,
     "a3616d74"
     "a139",
     TX, "cut or not canonical"}, /* a text */
    {A_AMT,
     "a3616d75"
     "09",
     TX, "not understood"},
    {A_FEE,
     "a3616d74"
     "09",
     TX, "not understood"}, /* twice: out of order */
    {A_GH,
     "a26768"
     "c420" Z32,
     TX, "another network"},
    {A_GH,
     "a26768"
     "c41f" Z32,
     TX, "cut or not canonical"},
    {A_GH,
     "a26768"
     "a320202020",
     TX, "cut or not canonical"},
    {A_SND,
     "a3736e64"
     "c420" E32,
     SIG, "sender of the Algorand"},
    {A_TYPE,
     "a474797065"
     "a46170706c",
     TX, "neither a payment"}, /* appl */
    {A_TYPE,
     "a474797065"
     "a56178666572",
     TX, "fields of another type"},
    {A_END, "00", TX, "behind its end"},
};

/* One more field than eight. */
static const struct piece_case algo_cases_of_nine[] = {
    {A_NOTE,
     "a46e6f7465"
     "c402"
     "6869",
     CS_OK, "note: hi"},
    {A_NOTE,
     "a46e6f7465"
     "c400",
     TX, "cut or not canonical"},
    {A_NOTE,
     "a46e6f7465"
     "c50002"
     "6869",
     TX, "cut or not canonical"},
    {A_NOTE,
     "a3677270"
     "c420" E32,
     TX, "not understood"}, /* grp, out of order */
    {A_RCV,
     "a3726376"
     "c420" E32 "a572656b6579"
     "c420" E32,
     TX, "rekey"},
    {A_AMT,
     "a3616d74"
     "09"
     "a5636c6f7365"
     "c420" E32,
     CS_OK, "all that is left to"},
    {A_GH,
     "a26768"
     "c420" GENESIS "a3677270"
     "c420" E32,
     CS_OK, "one of a group"},
    {A_TYPE,
     "a474797065"
     "a3706179"
     "a478616964"
     "07",
     TX, "fields of another type"},
};

static void algorand_checks(void **state)
{
    const char *nine[A_ALL];
    struct cs_chain_key key = pieces_key(CS_CHAIN_ALGORAND, CS_CURVE_ED25519);
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    memcpy(nine, algo, sizeof nine);
    nine[A_MAP] = "89";
    pieces_check(&key, algo, A_ALL, algo_cases, CS_COUNTOF(algo_cases));
    pieces_check(&key, nine, A_ALL, algo_cases_of_nine, CS_COUNTOF(algo_cases_of_nine));
    pieces_join(&w, algo, A_ALL, A_ALL, "", &key);
    pieces_finish(&key, cs_wr_get(&w));
    cs_wr_free(&w);
    pieces_join(&w, nine, A_ALL, A_AMT,
                "a3616d74"
                "09"
                "a5636c6f7365"
                "c420" E32,
                &key);
    assert_int_equal(cs_chain_decode(&tx, &key, cs_wr_get(&w), NULL), CS_OK);
    assert_false(tx.is_clear); /* closes the account */
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

/* ---- NEAR
 * ---------------------------------------------------------------------------------- */

enum { N_SIGNER, N_KEY, N_NONCE, N_TO, N_HASH, N_COUNT, N_ACTION, N_END, N_ALL };

#define ALICE                                                                          \
    "0a000000"                                                                         \
    "616c6963652e6e656172" /* alice.near */
#define YOCTO "09000000000000000000000000000000"

static const char *const near_pieces[N_ALL] = {
    [N_SIGNER] = ALICE,
    [N_KEY] = "00@",
    [N_NONCE] = "0100000000000000",
    [N_TO] = "08000000"
             "626f622e6e656172",
    [N_HASH] = E32,
    [N_COUNT] = "01000000",
    [N_ACTION] = "03" YOCTO,
    [N_END] = "",
};

static const struct piece_case near_cases[] = {
    {N_ALL, "", CS_OK, "transfer of 0.000000000000000000000009 NEAR from alice.near"},
    {N_SIGNER,
     "01000000"
     "61",
     TX, "not an account"},
    {N_SIGNER,
     "03000000"
     "616141",
     TX, "not an account"}, /* upper case */
    {N_SIGNER,
     "04000000"
     "612e2e61",
     TX, "not an account"}, /* two separators */
    {N_SIGNER,
     "03000000"
     "61612e",
     TX, "not an account"},
    {N_SIGNER,
     "ffffffff"
     "61612e",
     TX, "ends early"},
    {N_KEY, "00" E32, SIG, "public key of the NEAR"},
    {N_KEY, "01@", SIG, "public key of the NEAR"},
    {N_COUNT, "00000000", TX, "1 to 100 actions"},
    {N_COUNT, "65000000", TX, "1 to 100 actions"},
    {N_COUNT, "02000000", TX, "ends early"},
    {N_ACTION, "05" YOCTO, TX, "not supported"}, /* add key */
    {N_ACTION, "07" ALICE, TX, "not supported"}, /* delete account */
    {N_ACTION,
     "02"
     "02000000"
     "6869"
     "00000000"
     "0000000000000001" YOCTO,
     CS_OK, "call of hi with"},
    {N_END, "00", TX, "behind its last action"},
};

static void near_checks(void **state)
{
    struct cs_chain_key key = pieces_key(CS_CHAIN_NEAR, CS_CURVE_ED25519);
    struct cs_wr w;

    (void)state;
    pieces_check(&key, near_pieces, N_ALL, near_cases, CS_COUNTOF(near_cases));
    pieces_join(&w, near_pieces, N_ALL, N_ALL, "", &key);
    pieces_finish(&key, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- Hedera
 * ---------------------------------------------------------------------------------- */

enum { H_ID, H_NODE, H_FEE, H_DURATION, H_MEMO, H_TRANSFER, H_ALL };

#define H_ACC(n) "18" n
#define H_MOVE                                                                         \
    "0a06"                                                                             \
    "0a02" H_ACC("05") "1011" /* -9 */
#define H_GET                                                                          \
    "0a06"                                                                             \
    "0a02" H_ACC("07") "1012" /* +9 */

static const char *const hedera[H_ALL] = {
    [H_ID] = "0a08"
             "0a020805"
             "1202" H_ACC("05"),
    [H_NODE] = "1202" H_ACC("03"),
    [H_FEE] = "1864",
    [H_DURATION] = "22020878",
    [H_MEMO] = "",
    [H_TRANSFER] = "7212"
                   "0a10" H_MOVE H_GET,
};

static const struct piece_case hedera_cases[] = {
    {H_ALL, "", CS_OK, "-0.00000009 0.0.5 +0.00000009 0.0.7; paid by 0.0.5"},
    {H_ID, "", TX, "id is malformed"},
    {H_ID,
     "0a0a"
     "0a020805"
     "1202" H_ACC("05") "1801",
     TX, "scheduled"},
    {H_ID,
     "0a08"
     "0a020800"
     "1202" H_ACC("05"),
     TX, "id is malformed"},
    {H_ID,
     "0a08"
     "0a020805"
     "1202" H_ACC("00"),
     TX, "id is malformed"},
    {H_NODE, "", TX, "names no node"},
    {H_FEE, "18ffffffffffffffffff01", TX, "fee or memo"},
    {H_FEE, "18e400", TX, "malformed"},
    {H_DURATION, "", TX, "180 seconds"},
    {H_DURATION, "220308b501", TX, "180 seconds"},
    {H_MEMO, "32026869", CS_OK, "memo: hi"},
    {H_MEMO, "3202ff69", TX, "fee or memo"},
    {H_MEMO, "3a020000", TX, "not supported"}, /* another kind of body */
    {H_TRANSFER, "", TX, "not a Hedera transaction body"},
    {H_TRANSFER,
     "7214"
     "0a10" H_MOVE H_GET "1200",
     TX, "moves tokens"},
    {H_TRANSFER, "7200", TX, "moves tokens"},
    {H_TRANSFER,
     "720a"
     "0a08" H_MOVE,
     TX, "add up to zero"},
    {H_TRANSFER,
     "7212"
     "0a10" H_MOVE H_MOVE,
     TX, "add up to zero"},
    {H_TRANSFER,
     "7212"
     "0a10" H_MOVE "0a06"
     "0a02" H_ACC("07") "1000",
     TX, "entries are malformed"},
    {H_TRANSFER,
     "7214"
     "0a12"
     "0a08"
     "0a02" H_ACC("05") "1011"
                        "1801" H_GET,
     CS_OK, "(by allowance)"},
    {H_TRANSFER,
     "7214"
     "0a12"
     "0a08"
     "0a02" H_ACC("05") "1011"
                        "1802" H_GET,
     TX, "entries are malformed"},
};

static void hedera_checks(void **state)
{
    struct cs_chain_key ed = pieces_key(CS_CHAIN_HEDERA, CS_CURVE_ED25519);
    struct cs_chain_key k1 = pieces_key(CS_CHAIN_HEDERA, CS_CURVE_SECP256K1);
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    pieces_check(&ed, hedera, H_ALL, hedera_cases, CS_COUNTOF(hedera_cases));
    pieces_join(&w, hedera, H_ALL, H_ALL, "", &ed);
    pieces_finish(&ed, cs_wr_get(&w));
    pieces_finish(&k1, cs_wr_get(&w));
    cs_wr_free(&w);
    /* somebody else's HBAR: not clear */
    pieces_join(&w, hedera, H_ALL, H_ID,
                "0a08"
                "0a020805"
                "1202" H_ACC("06"),
                &ed);
    assert_int_equal(cs_chain_decode(&tx, &ed, cs_wr_get(&w), NULL), CS_OK);
    assert_false(tx.is_clear);
    cs_chain_tx_free(&tx);
    cs_wr_free(&w);
}

/* ---- Cosmos ---------------------------------------------------------------------- */

struct made {
    const char *from, *to, *denom, *amount, *url, *pub_url, *chain_id;
    unsigned mode;                       /* 0: direct */
    const char *body, *auth, *fee, *doc; /* hex behind what is usual */
    size_t n_messages, n_signers;
    bool other_key, no_coin;
};

static void put_text(struct cs_wr *w, uint32_t field, const char *text)
{
    cs_pb_put_bytes(w, field, CS_SPAN(text, strlen(text)));
}

static void wrap(struct cs_wr *w, uint32_t field, struct cs_wr *inner)
{
    cs_pb_put_bytes(w, field, cs_wr_get(inner));
    cs_wr_free(inner);
}

static void put_coin(struct cs_wr *w, uint32_t field, const char *denom,
                     const char *amount)
{
    struct cs_wr coin = {0};

    put_text(&coin, 1, denom);
    put_text(&coin, 2, amount);
    wrap(w, field, &coin);
}

#define OR(a, usual) ((a) == NULL ? (usual) : (a))

static void put_body(struct cs_wr *w, const struct made *m, const char *own,
                     const struct cs_chain_key *key)
{
    struct cs_wr body = {0};

    for (size_t i = 0; i < m->n_messages; i++) {
        struct cs_wr send = {0}, any = {0};

        put_text(&send, 1, OR(m->from, own));
        put_text(&send, 2, OR(m->to, "cosmos1nq6e554g8ny73gmgk8saymjml5ufvfequmu8ez"));
        if (!m->no_coin) {
            put_coin(&send, 3, OR(m->denom, "uatom"), OR(m->amount, "9"));
        }
        put_text(&any, 1, OR(m->url, "/cosmos.bank.v1beta1.MsgSend"));
        wrap(&any, 2, &send);
        wrap(&body, 1, &any);
    }
    pieces_put(&body, OR(m->body, ""), key);
    wrap(w, 1, &body);
}

static void put_auth(struct cs_wr *w, const struct made *m,
                     const struct cs_chain_key *key)
{
    struct cs_wr auth = {0}, fee = {0};

    for (size_t i = 0; i < m->n_signers; i++) {
        struct cs_wr info = {0}, any = {0}, pub = {0}, mode = {0}, single = {0};
        uint8_t bytes[33];

        memcpy(bytes, key->pub, sizeof bytes);
        bytes[32] ^= m->other_key ? 1 : 0;
        cs_pb_put_bytes(&pub, 1, CS_SPAN_OF(bytes));
        put_text(&any, 1, OR(m->pub_url, "/cosmos.crypto.secp256k1.PubKey"));
        wrap(&any, 2, &pub);
        wrap(&info, 1, &any);
        cs_wr_u8(&single, 0x08);
        cs_wr_u8(&single, m->mode == 0 ? 1 : (uint8_t)m->mode);
        wrap(&mode, 1, &single);
        wrap(&info, 2, &mode);
        wrap(&auth, 1, &info);
    }
    put_coin(&fee, 1, "uatom", "5000");
    pieces_put(&fee, OR(m->fee, ""), key);
    wrap(&auth, 2, &fee);
    pieces_put(&auth, OR(m->auth, ""), key);
    wrap(w, 2, &auth);
}

static void make(struct cs_wr *w, struct made m, const struct cs_chain_key *key)
{
    char own[CS_CHAIN_ADDRESS_MAX];

    assert_int_equal(cs_chain_address(own, key, NULL), CS_OK);
    m.n_messages = m.n_messages == 0 ? 1 : m.n_messages - 1;
    m.n_signers = m.n_signers == 0 ? 1 : m.n_signers - 1;
    *w = (struct cs_wr){0};
    put_body(w, &m, own, key);
    put_auth(w, &m, key);
    put_text(w, 3, OR(m.chain_id, "cosmoshub-4"));
    pieces_put(w, OR(m.doc, "2001"), key);
}

static const struct {
    struct made m;
    enum cs_err code;
    const char *part;
} cosmos_cases[] = {
    {{0}, CS_OK, "transfer of 0.000009 ATOM to cosmos1nq6"},
    {{.denom = "uosmo"}, CS_OK, "transfer of 9 units of uosmo"},
    {{.denom = ""}, TX, "amount is malformed"},
    {{.denom = "u atom"}, TX, "amount is malformed"},
    {{.amount = "09"}, TX, "amount is malformed"},
    {{.amount = "-9"}, TX, "amount is malformed"},
    {{.amount = ""}, TX, "amount is malformed"},
    {{.no_coin = true}, TX, "MsgSend is malformed"},
    {{.from = "cosmos1nq6e554g8ny73gmgk8saymjml5ufvfequmu8ez"}, SIG, "sender"},
    {{.to = "osmo1tnvqg888d93l5lsgku8upspxql2mc7zeemy8xq"}, TX, "recipient"},
    {{.to = "cosmos1nq6e554g8ny73gmgk8saymjml5ufvfequmu8ex"}, TX, "recipient"},
    {{.url = "/cosmos.staking.v1beta1.MsgDelegate"},
     CS_OK,
     "message /cosmos.staking.v1beta1.MsgDelegate"},
    {{.url = ""}, TX, "message is malformed"},
    {{.n_messages = 1}, TX, "no message"},
    {{.n_messages = 3}, CS_OK, "; transfer of"},
    {{.body = "1202ffff"}, TX, "memo is not a text"},
    {{.body = "12026869"}, CS_OK, "memo: hi"},
    {{.body = "fa3f00"}, TX, "extensions"},
    {{.n_signers = 1}, TX, "exactly one signer"},
    {{.n_signers = 3}, TX, "exactly one signer"},
    {{.other_key = true}, SIG, "public key of the Cosmos"},
    {{.pub_url = "/cosmos.crypto.ed25519.PubKey"}, SIG, "public key of the Cosmos"},
    {{.mode = 127}, TX, "SIGN_MODE_DIRECT"},
    {{.fee = "1a0161"}, TX, "another account pays"}, /* payer */
    {{.fee = "220161"}, TX, "another account pays"}, /* granter */
    {{.auth = "1a00"}, TX, "exactly one signer"},    /* tip */
    {{.chain_id = ""}, TX, "no chain id"},
    {{.doc = "2001"
             "2802"},
     TX,
     "not a Cosmos SignDoc"},
};

static void cosmos_checks(void **state)
{
    struct cs_chain_key key = pieces_key(CS_CHAIN_COSMOS_HUB, CS_CURVE_SECP256K1);
    const char *why = NULL;
    struct cs_chain_tx tx;
    struct cs_wr w;

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cosmos_cases); i++) {
        enum cs_err err;

        make(&w, cosmos_cases[i].m, &key);
        err = cs_chain_decode(&tx, &key, cs_wr_get(&w), &why);
        why = err == CS_OK ? tx.text : why;
        if (err != cosmos_cases[i].code || strstr(why, cosmos_cases[i].part) == NULL) {
            fail_msg("case %zu: %s, %s", i, cs_err_name(err), why);
        }
        assert_int_equal(tx.is_clear, err == CS_OK && cosmos_cases[i].m.url == NULL);
        cs_chain_tx_free(&tx);
        cs_wr_free(&w);
    }
    make(&w, (struct made){0}, &key);
    pieces_finish(&key, cs_wr_get(&w));
    cs_wr_free(&w);
}

/* ---- messages -------------------------------------------------------------------- */

static void messages_have_their_prefix(void **state)
{
    static const struct {
        enum cs_chain chain;
        enum cs_curve curve;
        const char *start;
        size_t sealed;
    } cases[] = {
        {CS_CHAIN_STELLAR, CS_CURVE_ED25519, "Stellar Signed Message:\nhello", 64},
        {CS_CHAIN_ALGORAND, CS_CURVE_ED25519, "MXhello", 64},
        {CS_CHAIN_HEDERA, CS_CURVE_ED25519, "\x19Hedera Signed Message:\n5hello", 64},
        {CS_CHAIN_HEDERA, CS_CURVE_SECP256K1, "\x19Hedera Signed Message:\n5hello", 0},
        {CS_CHAIN_NEAR, CS_CURVE_ED25519, "\x9d\x01", 64},
        {CS_CHAIN_COSMOS_HUB, CS_CURVE_SECP256K1, "{\"account_number\":\"0\",", 64},
    };

    (void)state;
    for (size_t i = 0; i < CS_COUNTOF(cases); i++) {
        struct cs_chain_key key = pieces_key(cases[i].chain, cases[i].curve);
        struct cs_chain_sig sig = {0};
        struct cs_chain_tx tx;
        struct cs_wr w;

        assert_int_equal(cs_chain_plaintext(&tx, &key, CS_SPAN_LIT("hello"), NULL),
                         CS_OK);
        assert_true(tx.data_len >= strlen(cases[i].start));
        assert_memory_equal(tx.data, cases[i].start, strlen(cases[i].start));
        if (cases[i].curve == CS_CURVE_ED25519) {
            cs_sign(sig.rs, pieces_secret, tx.items[0].message);
        } else {
            chains_k1_sign(sig.rs, pieces_secret, tx.items[0].message.p);
        }
        assert_int_equal(
            cs_chain_finish_message(&w, &key, CS_SPAN_LIT("hello"), &sig, NULL), CS_OK);
        assert_true(cases[i].sealed == 0 ? w.n >= 68 : w.n == cases[i].sealed);
        cs_wr_free(&w);
        cs_chain_tx_free(&tx);
    }
}

static void amino_json_is_no_message(void **state)
{
    struct cs_chain_key key = pieces_key(CS_CHAIN_COSMOS_HUB, CS_CURVE_SECP256K1);
    struct cs_chain_tx tx;

    (void)state;
    assert_int_equal(cs_chain_plaintext(&tx, &key,
                                        CS_SPAN_LIT("{\"chain_id\":\"x\",\"msgs\":[]}"),
                                        NULL),
                     CS_ERR_CHAIN_MESSAGE);
}

static void chains_with_addresses_only_sign_nothing(void **state)
{
    size_t n = 0;

    (void)state;
    for (size_t i = 0; cs_chain_at(i) != NULL; i++) {
        const struct cs_chain_info *info = cs_chain_at(i);
        struct cs_chain_key key;
        struct cs_chain_tx tx;
        const char *why = NULL;

        if (info->can_sign) {
            continue;
        }
        key = pieces_key(info->chain, info->default_curve);
        assert_int_equal(cs_chain_decode(&tx, &key, CS_SPAN_LIT("x"), &why),
                         CS_ERR_CHAIN_UNKNOWN);
        assert_non_null(strstr(why, "only addresses"));
        assert_int_equal(cs_chain_plaintext(&tx, &key, CS_SPAN_LIT("x"), &why),
                         CS_ERR_CHAIN_UNKNOWN);
        n++;
    }
    assert_int_equal(n, 10);
}

static int setup(void **state)
{
    (void)state;
    return cs_crypto_init() == CS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stellar_checks),
        cmocka_unit_test(algorand_checks),
        cmocka_unit_test(near_checks),
        cmocka_unit_test(hedera_checks),
        cmocka_unit_test(cosmos_checks),
        cmocka_unit_test(messages_have_their_prefix),
        cmocka_unit_test(amino_json_is_no_message),
        cmocka_unit_test(chains_with_addresses_only_sign_nothing),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
