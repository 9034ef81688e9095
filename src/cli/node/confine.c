#include "cli/node/confine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

struct paths {
    struct cs_os_path list[CS_OS_SANDBOX_PATHS_MAX];
    size_t n;
    char aws[PATH_MAX];
};

static void add(struct paths *p, const char *path, enum cs_os_access access)
{
    CS_ASSERT(p->n < CS_OS_SANDBOX_PATHS_MAX);
    p->list[p->n++] = (struct cs_os_path){path, access};
}

static const char *aws(const struct cs_node_config *cfg, const char *name)
{
    size_t n = strlen(name);

    for (const char *const *v = cfg->aws_env; v != NULL && *v != NULL; v++) {
        if (strncmp(*v, name, n) == 0 && (*v)[n] == '=') {
            return *v + n + 1;
        }
    }
    return NULL;
}

/* Where credentials for the KMS come from when they are in files. */
static void add_aws(struct paths *p, const struct cs_node_config *cfg)
{
    const char *home = aws(cfg, "HOME");

    if (home != NULL) {
        (void)snprintf(p->aws, sizeof p->aws, "%s/.aws", home);
    }
    add(p, p->aws, CS_OS_READ);
    add(p, aws(cfg, "AWS_SHARED_CREDENTIALS_FILE"), CS_OS_FILE);
    add(p, aws(cfg, "AWS_WEB_IDENTITY_TOKEN_FILE"), CS_OS_FILE);
    add(p, aws(cfg, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), CS_OS_FILE);
    add(p, aws(cfg, "AWS_CA_BUNDLE"), CS_OS_FILE);
}

/* "unix:/path": the socket; "127.0.0.1:9464": the one port that may be bound.
 */
static int add_metrics(struct paths *p, const char *addr)
{
    const char *colon = addr == NULL ? NULL : strrchr(addr, ':');

    if (colon == NULL) {
        return -1;
    }
    if (strncmp(addr, "unix:", 5) == 0) {
        add(p, addr + 5, CS_OS_SOCKET);
        return -1;
    }
    return (int)(strtoul(colon + 1, NULL, 10) & 0xffff);
}

enum cs_err cli_confine(enum cs_os_sandbox_mode mode, const struct cs_node_config *cfg,
                        struct cs_why *why)
{
    static struct paths p; /* too large for a stack */
    int port;

    memset(&p, 0, sizeof p);
    add(&p, cfg->data_dir, CS_OS_WRITE);
    add(&p, cfg->policy_file, CS_OS_FILE);
    add(&p, cfg->approval_ca_file, CS_OS_FILE);
    add(&p, cfg->approval_cert_file, CS_OS_FILE);
    add(&p, cfg->approval_key_file, CS_OS_FILE);
    if (cfg->db_key_ref != NULL) {
        add_aws(&p, cfg);
    }
    port = add_metrics(&p, cfg->metrics_addr);
    return cs_os_sandbox(mode, p.list, p.n, port, why);
}
