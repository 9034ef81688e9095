/* What concerns the library as a whole: cloudsign.h. */
#include <cloudsign/cloudsign.h>

#include "base/log.h"
#include "net/ws.h"

static cloudsign_log_cb *the_cb;
static void *the_ctx;

const char *cloudsign_version(void)
{
    return CS_VERSION;
}

static void sink(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    char text[1024];
    size_t n = 0;

    (void)ctx;
    for (; line[n] != '\0' && n + 1 < sizeof text; n++) { /* fields: " name=value" */
        text[n] = (char)(line[n] == CS_LOG_SEP[0] ? ' ' : line[n]);
    }
    text[n] = '\0';
    the_cb(the_ctx, (enum cloudsign_log_level)level, module, text);
}

void cloudsign_log_set(cloudsign_log_cb *cb, void *ctx, enum cloudsign_log_level least)
{
    the_cb = cb;
    the_ctx = ctx;
    cs_log_set(cb != NULL ? sink : NULL, NULL, (enum cs_log_level)least);
    cs_ws_process_init();
}
