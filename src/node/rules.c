#include "node/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "node/node_impl.h"
#include "policy/policy.h"
#include "wire/jsonx.h"

/* ---- the file ----------------------------------------------------------------- */

static enum cs_err check_file(int fd, const char *file, struct cs_why *why)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return cs_why(why, CS_ERR_CONFIG, "%s is no regular file", file);
    }
    if ((st.st_mode & S_IWOTH) != 0) {
        return cs_why(
            why, CS_ERR_CONFIG,
            "%s may be written by everybody: chmod o-w, for it decides what is "
            "signed",
            file);
    }
    return st.st_size <= CS_POLICY_FILE_MAX
               ? CS_OK
               : cs_why(why, CS_ERR_CONFIG, "%s has more than %d bytes", file,
                        CS_POLICY_FILE_MAX);
}

static enum cs_err read_all(int fd, struct cs_wr *out)
{
    uint8_t buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof buf)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || out->n > CS_POLICY_FILE_MAX) {
            return CS_ERR_OS;
        }
        cs_wr_bytes(out, buf, (size_t)n);
    }
    return out->err;
}

enum cs_err cs_rules_read(struct cs_policy **out, const char *file, struct cs_why *why)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct cs_why reason = {""};
    struct cs_wr text = {0};
    enum cs_err err;

    *out = NULL;
    if (fd < 0) {
        return cs_why(why, CS_ERR_CONFIG, "the policy %s cannot be opened: %s", file,
                      strerror(errno));
    }
    err = check_file(fd, file, why);
    if (err == CS_OK && read_all(fd, &text) != CS_OK) {
        err = cs_why(why, CS_ERR_CONFIG, "%s cannot be read", file);
    }
    (void)close(fd);
    if (err == CS_OK && cs_policy_load(out, cs_wr_get(&text), &reason) != CS_OK) {
        err = cs_why(why, CS_ERR_CONFIG, "the policy %s is not valid: %s", file,
                     reason.text);
    }
    cs_wr_free(&text);
    return err;
}

/* ---- the node's --------------------------------------------------------------- */

static void hash_of(char hex[65], const struct cs_policy *p)
{
    (void)cs_hex(hex, cs_policy_hash(p), 32);
}

enum cs_err cs_rules_open(struct cs_rules *r, const char *file, struct cs_why *why)
{
    char hex[65];

    *r = (struct cs_rules){0};
    if (file[0] == '\0') {
        return CS_OK;
    }
    (void)snprintf(r->file, sizeof r->file, "%s", file);
    CS_CHECK(cs_rules_read(&r->policy, file, why));
    hash_of(hex, r->policy);
    cs_log(CS_LOG_INFO, "policy", "policy %s: %zu rules, SHA-256 %s", file,
           cs_policy_rules(r->policy), hex);
    for (size_t i = 0; cs_policy_remark(r->policy, i) != NULL; i++) {
        cs_log(CS_LOG_WARN, "policy", "%s", cs_policy_remark(r->policy, i));
    }
    return CS_OK;
}

void cs_rules_close(struct cs_rules *r)
{
    cs_policy_free(r->policy);
    r->policy = NULL;
}

static json_t *refusal(enum cs_err err, const char *text)
{
    cs_log(CS_LOG_ERROR, "policy", "policy not reloaded: %s; the old one stays", text);
    return json_pack("{s:b,s:s,s:s}", "ok", 0, "reason", cs_err_reason(err), "text",
                     text);
}

static json_t *reload(struct cs_node *n)
{
    struct cs_policy *p, *old = n->rules.policy;
    char before[65], after[65];
    struct cs_why why = {""};

    if (old == NULL) {
        return refusal(CS_ERR_STATE, "this node runs without POLICY_FILE: set it and "
                                     "start the node again");
    }
    if (cs_rules_read(&p, n->rules.file, &why) != CS_OK) {
        return refusal(CS_ERR_CONFIG, why.text);
    }
    hash_of(before, old);
    hash_of(after, p);
    n->rules.policy = p;
    if (n->core != NULL) { /* else the next life's core gets it */
        cs_node_core_policy(n->core, p);
    }
    cs_policy_free(old);
    cs_log(CS_LOG_INFO, "policy", "policy reloaded: SHA-256 was %s, is %s, %zu rules",
           before, after, cs_policy_rules(p));
    return json_pack("{s:b,s:s,s:s,s:i}", "ok", 1, "policyHash", after, "before",
                     before, "rules", (int)cs_policy_rules(p));
}

static bool is_reload(struct cs_span line)
{
    const char *why = "", *cmd;
    json_t *j = NULL;
    bool is;

    if (cs_json_parse(&j, line, 4096, &why) != CS_OK) {
        return false; /* the core says what is wrong with it */
    }
    cmd = json_string_value(json_object_get(j, "cmd"));
    is = cmd != NULL && strcmp(cmd, "policy.reload") == 0;
    json_decref(j);
    return is;
}

bool cs_rules_answer(struct cs_node *n, struct cs_wr *w, struct cs_span line)
{
    json_t *o;

    if (!is_reload(line)) {
        return false;
    }
    o = reload(n);
    cs_json_write(w, o);
    json_decref(o);
    return true;
}

bool cs_rules_question(struct cs_node *n, uint64_t id, struct cs_span line)
{
    struct cs_wr w = {0};
    bool mine = cs_rules_answer(n, &w, line);

    if (mine) {
        cs_host_answer(n->keeper.host, id, cs_wr_get(&w));
    }
    cs_wr_free(&w);
    return mine;
}
