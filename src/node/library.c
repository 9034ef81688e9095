/* What concerns the library as a whole: cloudsign.h. */
#include <cloudsign/cloudsign.h>

#include "node/node_impl.h"

static cloudsign_log_cb *the_cb;
static void *the_ctx;

const char *cloudsign_version(void)
{
    return CS_VERSION;
}

void cs_node_log_text(char out[CS_NODE_LINE_CAP], const char *line)
{
    size_t n = 0;

    for (; line[n] != '\0' && n + 1 < CS_NODE_LINE_CAP; n++) {
        out[n] = (char)(line[n] == CS_LOG_SEP[0] ? ' ' : line[n]);
    }
    out[n] = '\0';
}

static void sink(void *ctx, enum cs_log_level level, const char *module,
                 const char *line)
{
    char text[CS_NODE_LINE_CAP];

    (void)ctx;
    cs_node_log_text(text, line);
    the_cb(the_ctx, (enum cloudsign_log_level)level, module, text);
}

void cloudsign_log_set(cloudsign_log_cb *cb, void *ctx, enum cloudsign_log_level least)
{
    the_cb = cb;
    the_ctx = ctx;
    cs_log_set(cb != NULL ? sink : NULL, NULL, (enum cs_log_level)least);
}
