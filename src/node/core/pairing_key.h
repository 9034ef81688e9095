/* The pairing key a person copies from the console (DECISIONS 16):
 *   base64({"deviceId","platformUrl","relayUrl","ca","seed","v":1})
 * Pure; any thread. */
#ifndef CS_NODE_CORE_PAIRING_KEY_H
#define CS_NODE_CORE_PAIRING_KEY_H

#include "base/err.h"
#include "base/span.h"
#include "base/why.h"

enum { CS_PAIRING_URL_MAX = 256, CS_PAIRING_CA_MAX = 2048, CS_PAIRING_TEXT_MAX = 8192 };

/* seed is secret: wipe after use. */
struct cs_pairing_key {
    char device_id[37]; /* UUID text, lower case */
    uint8_t device_raw[16];
    char platform_url[CS_PAIRING_URL_MAX]; /* wss://host:port/control */
    char relay_url[CS_PAIRING_URL_MAX];
    uint8_t ca[CS_PAIRING_CA_MAX]; /* DER */
    size_t ca_len;
    uint8_t seed[32]; /* Ed25519: proves that the key is in our hands, once */
};

/* PAIRING_KEY, with a sentence that says which part is wrong. */
enum cs_err cs_pairing_key_parse(struct cs_pairing_key *out, const char *text,
                                 struct cs_why *why) CS_MUST_USE;
void cs_pairing_key_wipe(struct cs_pairing_key *k);
/* wss:// (or ws:// for development), a host, no user info, no fragment. */
bool cs_pairing_url_ok(const char *url);

#endif
