/* Solana message parser; see solana.h.  Every length is checked before use; nothing is
 * allocated; one encoding per value (short-vec lengths must be minimal). */
#include <string.h>

#include "chain/impl.h"
#include "chain/solana.h"

static enum cs_err bad(const char **why, const char *text)
{
    return cs_chain_refuse(why, CS_ERR_CHAIN_TX, text);
}

/* "compact-u16": 7 bits a byte, low first, at most three bytes, no padding. */
static size_t rd_short(struct cs_rd *r)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 3; i++) {
        uint8_t b = cs_rd_u8(r);

        v |= (uint32_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            if ((i > 0 && b == 0) || v > UINT16_MAX) {
                break; /* padded or too big */
            }
            return v;
        }
    }
    cs_rd_fail(r, CS_ERR_BAD_FORMAT);
    return 0;
}

static enum cs_err parse_header(struct cs_sol_msg *m, struct cs_rd *r, const char **why)
{
    uint8_t ro_signed, ro_unsigned;

    if (r->left > 0 && (r->p[0] & 0x80) != 0) {
        if ((cs_rd_u8(r) & 0x7f) != 0) {
            return bad(why, "Solana message version is not known: only legacy and "
                            "version 0 messages are signed");
        }
        m->is_v0 = true;
    }
    m->n_signers = cs_rd_u8(r);
    ro_signed = cs_rd_u8(r);
    ro_unsigned = cs_rd_u8(r);
    m->n_keys = rd_short(r);
    if (r->err != CS_OK) {
        return bad(why, "Solana message ends in its header, or a length is malformed");
    }
    if (m->n_keys > CS_SOL_ACCOUNTS_MAX) {
        return bad(why, "Solana message lists more than 256 accounts");
    }
    if (m->n_signers == 0 || ro_signed >= m->n_signers) {
        return bad(why, "Solana message has no writable signer to pay the fee");
    }
    if ((size_t)m->n_signers + ro_unsigned > m->n_keys) {
        return bad(why,
                   "Solana message counts more signers and read-only accounts than "
                   "it lists");
    }
    return CS_OK;
}

static enum cs_err parse_keys(struct cs_sol_msg *m, struct cs_rd *r, const char **why)
{
    m->keys = cs_rd_span(r, m->n_keys * CS_SOL_KEY_LEN).p;
    m->blockhash = cs_rd_span(r, CS_SOL_KEY_LEN).p;
    if (r->err != CS_OK) {
        return bad(why, "Solana message ends in its account list or blockhash");
    }
    for (size_t i = 1; i < m->n_keys; i++) {
        for (size_t j = 0; j < i; j++) {
            if (memcmp(m->keys + 32 * i, m->keys + 32 * j, CS_SOL_KEY_LEN) == 0) {
                return bad(why, "Solana message lists an account twice");
            }
        }
    }
    return CS_OK;
}

static void rd_instr(struct cs_rd *r, uint8_t *program, struct cs_sol_instr *out)
{
    *program = cs_rd_u8(r);
    out->accounts = cs_rd_span(r, rd_short(r));
    out->data = cs_rd_span(r, rd_short(r));
}

/* First pass: lengths.  Indexes follow once the number of looked-up accounts is known.
 */
static enum cs_err skip_instructions(struct cs_sol_msg *m, struct cs_rd *r,
                                     const char **why)
{
    struct cs_sol_instr in;
    uint8_t program;

    m->n_instructions = rd_short(r);
    m->instructions = *r;
    for (size_t i = 0; i < m->n_instructions && r->err == CS_OK; i++) {
        rd_instr(r, &program, &in);
    }
    if (r->err != CS_OK) {
        return bad(why, "Solana message ends in its instructions, or a length is "
                        "malformed");
    }
    if (m->n_instructions == 0) {
        return bad(why, "Solana message has no instructions");
    }
    return CS_OK;
}

static enum cs_err parse_lookups(struct cs_sol_msg *m, struct cs_rd *r,
                                 const char **why)
{
    size_t n = rd_short(r);

    for (size_t i = 0; i < n && r->err == CS_OK; i++) {
        size_t writable, readonly;

        (void)cs_rd_span(r, CS_SOL_KEY_LEN);
        writable = rd_short(r);
        (void)cs_rd_span(r, writable);
        readonly = rd_short(r);
        (void)cs_rd_span(r, readonly);
        if (r->err == CS_OK && writable + readonly == 0) {
            return bad(why, "Solana address table lookup loads no account");
        }
        m->n_loaded += writable + readonly;
    }
    if (r->err != CS_OK) {
        return bad(why, "Solana message ends in its address table lookups, or a length "
                        "is malformed");
    }
    if (m->n_keys + m->n_loaded > CS_SOL_ACCOUNTS_MAX) {
        return bad(why, "Solana message loads more than 256 accounts");
    }
    return CS_OK;
}

/* Second pass: every index points at an account; programs are never looked up and are
 * not the fee payer. */
static enum cs_err check_indexes(const struct cs_sol_msg *m, const char **why)
{
    struct cs_rd r = m->instructions;
    size_t total = m->n_keys + m->n_loaded;
    struct cs_sol_instr in;
    uint8_t program;

    for (size_t i = 0; i < m->n_instructions; i++) {
        rd_instr(&r, &program, &in);
        if (program == 0 || program >= m->n_keys) {
            return bad(why, "Solana instruction names a program that is not in the "
                            "message's account list");
        }
        for (size_t j = 0; j < in.accounts.n; j++) {
            if (in.accounts.p[j] >= total) {
                return bad(why, "Solana instruction names an account that the message "
                                "does not have");
            }
        }
    }
    return CS_OK;
}

static enum cs_err parse_message(struct cs_sol_msg *m, struct cs_span bytes,
                                 const char **why)
{
    struct cs_rd r = CS_RD(bytes);

    memset(m, 0, sizeof *m);
    m->bytes = bytes;
    CS_CHECK(parse_header(m, &r, why));
    CS_CHECK(parse_keys(m, &r, why));
    CS_CHECK(skip_instructions(m, &r, why));
    if (m->is_v0) {
        CS_CHECK(parse_lookups(m, &r, why));
    }
    if (r.left != 0) {
        return bad(why, "bytes are left after the end of the Solana message");
    }
    CS_CHECK(check_indexes(m, why));
    if (1 + (size_t)m->n_signers * CS_SOL_SIG_LEN + bytes.n > CS_SOL_PACKET_MAX) {
        return bad(why, "Solana transaction is larger than the 1232 bytes that the "
                        "network takes");
    }
    return CS_OK;
}

/* Signature count, signatures and, if that may be, the message's offset; 0 otherwise.
 * The count stands again in the message's header. */
static size_t transaction_message_at(struct cs_span p)
{
    size_t at, signers_at;

    if (p.n == 0 || p.p[0] == 0 || p.p[0] >= 0x80) {
        return 0;
    }
    at = 1 + (size_t)p.p[0] * CS_SOL_SIG_LEN;
    if (p.n < at + 2) {
        return 0;
    }
    signers_at = (p.p[at] & 0x80) != 0 ? at + 1 : at;
    return p.p[signers_at] == p.p[0] ? at : 0;
}

enum cs_err cs_sol_parse(struct cs_sol_msg *out, struct cs_span payload,
                         const char **why)
{
    size_t at = transaction_message_at(payload);
    struct cs_sol_msg m, t;
    const char *t_why = NULL;
    enum cs_err m_err = parse_message(&m, payload, why);
    enum cs_err t_err = CS_ERR_CHAIN_TX;

    if (at != 0) {
        t_err = parse_message(&t, CS_SPAN(payload.p + at, payload.n - at), &t_why);
    }
    if (m_err == CS_OK && t_err == CS_OK) {
        return bad(why, "payload can be read both as a Solana message and as a Solana "
                        "transaction");
    }
    if (t_err == CS_OK) {
        *out = t;
        out->sigs = CS_SPAN(payload.p + 1, at - 1);
        return CS_OK;
    }
    if (m_err == CS_OK) {
        *out = m;
        return CS_OK;
    }
    return at == 0 ? m_err : bad(why, t_why);
}

struct cs_sol_iter cs_sol_iter(const struct cs_sol_msg *m)
{
    return (struct cs_sol_iter){
        .m = m, .r = m->instructions, .left = m->n_instructions};
}

bool cs_sol_next(struct cs_sol_iter *it, struct cs_sol_instr *out)
{
    uint8_t program;

    if (it->left == 0) {
        return false;
    }
    it->left--;
    rd_instr(&it->r, &program, out);
    out->program = it->m->keys + (size_t)program * CS_SOL_KEY_LEN;
    return true;
}

const uint8_t *cs_sol_account(const struct cs_sol_msg *m, const struct cs_sol_instr *in,
                              size_t i)
{
    if (i >= in->accounts.n || in->accounts.p[i] >= m->n_keys) {
        return NULL;
    }
    return m->keys + (size_t)in->accounts.p[i] * CS_SOL_KEY_LEN;
}
