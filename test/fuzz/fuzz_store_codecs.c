/* The decoders of src/store that see bytes of a database which somebody may have
 * written to: the first byte picks one. */
#include "fuzz/fuzz.h"
#include "store/header.h"
#include "store/journal.h"
#include "store/journal_codec.h"
#include "store/kek.h"

static void header(struct cs_span in)
{
    static const struct cs_kek kek = {.key = {1}};
    struct cs_header h;
    struct cs_why why;
    uint8_t dek[32];

    if (cs_header_decode(&h, in, &why) == CS_OK) {
        FUZZ_HOLDS(cs_header_device_ok(h.device_id));
        FUZZ_HOLDS(cs_header_unwrap(dek, &h, &kek, &why) != CS_OK);
    }
}

static void journal_entry(struct cs_span in)
{
    struct cs_journal_entry e;
    struct cs_wr w = {0};

    if (cs_journal_decode(&e, in) == CS_OK) {
        cs_journal_encode(&w, &e);
        fuzz_same(&w, in);
    }
}

static void journal_request(struct cs_span in)
{
    struct cs_journal_request r;
    struct cs_wr w = {0};

    if (cs_journal_request_decode(&r, in) == CS_OK) {
        cs_journal_request_encode(&w, &r);
        fuzz_same(&w, in);
    }
}

static void journal_head(struct cs_span in)
{
    struct cs_journal_head head;
    struct cs_wr w = {0};

    if (cs_journal_head_decode(&head, in) == CS_OK) {
        cs_journal_head_encode(&w, &head);
        fuzz_same(&w, in);
    }
}

/* What an operator may have put into DB_ENCRYPTION_KEY_HEX. */
static void encryption_key(struct cs_span in)
{
    char text[200] = {0};
    struct cs_kek kek;
    struct cs_why why;

    if (in.n < sizeof text) {
        if (in.n > 0) {
            memcpy(text, in.p, in.n);
        }
        if (cs_kek_parse(&kek, text, "NAME", &why) == CS_OK) {
            FUZZ_HOLDS(strlen(text) == 64);
        } else {
            FUZZ_HOLDS(why.text[0] != '\0');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_span in = CS_SPAN(data + 1, size - 1);

    fuzz_start();
    if (size == 0) {
        return 0;
    }
    switch (data[0] % 5) {
    case 0:
        header(in);
        break;
    case 1:
        journal_entry(in);
        break;
    case 2:
        journal_request(in);
        break;
    case 3:
        journal_head(in);
        break;
    default:
        encryption_key(in);
    }
    return 0;
}
