#include "net/preload.h"

#include <dlfcn.h>
#include <openssl/crypto.h>

#include "base/log.h"

/* libwebsockets opens its module for libuv with each context; one that is loaded for
 * good is found again without mapping it.  OpenSSL's settings may name providers. */
void cs_net_preload(void)
{
    if (dlopen("libwebsockets-evlib_uv.so", RTLD_NOW | RTLD_NODELETE) == NULL) {
        cs_log(CS_LOG_DEBUG, "net", "libwebsockets' libuv module: %s", dlerror());
    }
    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1) {
        cs_log(CS_LOG_WARN, "net", "OpenSSL does not take its settings file");
    }
}
