/* A pairing key as somebody may have pasted it: even first byte: the text itself; odd:
 * the JSON inside, wrapped in base64 here. */
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "node/core/pairing_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cs_pairing_key key;
    struct cs_why why;
    struct cs_wr w = {0};

    if (size == 0) {
        return 0;
    }
    if ((data[0] & 1) != 0) {
        cs_wr_b64(&w, CS_SPAN(data + 1, size - 1));
    } else {
        cs_wr_bytes(&w, data + 1, size - 1);
    }
    cs_wr_u8(&w, 0);
    FUZZ_HOLDS(w.err == CS_OK);
    if (cs_pairing_key_parse(&key, (const char *)w.p, &why) == CS_OK) {
        FUZZ_HOLDS(strlen(key.device_id) == 36);
        FUZZ_HOLDS(cs_pairing_url_ok(key.platform_url) && key.ca_len > 0);
    } else {
        FUZZ_HOLDS(why.text[0] != '\0');
    }
    cs_pairing_key_wipe(&key);
    cs_wr_free(&w);
    return 0;
}
