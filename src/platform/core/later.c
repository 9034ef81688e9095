#include "platform/core/later.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct cs_pw_job {
    struct cs_job job; /* first */
    char password[CS_PASSWORD_MAX];
    size_t n;
    struct cs_pw_params params;
    enum cs_err err;
    uint8_t key[CS_PASSWORD_OUT];
};

/* ---- the job (worker) ------------------------------------------------------------ */

static void job_run(struct cs_job *job)
{
    struct cs_pw_job *j = (struct cs_pw_job *)(void *)job;

    j->err = cs_password_hash(j->key, CS_SPAN(j->password, j->n), j->params.salt,
                              j->params.ops, j->params.kib);
    cs_wipe(j->password, sizeof j->password);
}

static void job_free(struct cs_job *job)
{
    cs_free_wiped(job, sizeof(struct cs_pw_job));
}

static struct cs_pw_job *job_new(struct cs_platform_core *core, const char *password,
                                 const struct cs_pw_params *params)
{
    struct cs_pw_job *j = cs_alloc(sizeof *j);

    CS_ASSERT(j != NULL && strlen(password) <= CS_PASSWORD_MAX);
    j->job = (struct cs_job){.run = job_run, .free = job_free, .id = ++core->later_job};
    j->n = strlen(password);
    memcpy(j->password, password, j->n);
    j->params = *params;
    return j;
}

/* ---- rows -------------------------------------------------------------- */

static void row_free(struct cs_later *l)
{
    cs_api_body_free(l->body);
    if (l->job != NULL) {
        job_free(&l->job->job);
    }
    cs_free_wiped(l, sizeof *l);
}

/* Gives out what waits, the oldest first. */
static void pump(struct cs_platform_core *core)
{
    struct cs_later *l = core->later;

    for (; l != NULL && core->n_later_running < CS_LATER_RUNNING; l = l->next) {
        if (l->job != NULL) {
            cs_emit_job(core->out, &l->job->job);
            l->job = NULL;
            core->n_later_running++;
        }
    }
}

static struct cs_later **tail(struct cs_platform_core *core)
{
    struct cs_later **at = &core->later;

    while (*at != NULL) {
        at = &(*at)->next;
    }
    return at;
}

bool cs_later_has_room(struct cs_api *a, bool is_stranger)
{
    if (a->core->n_later < CS_LATER_MAX - (is_stranger ? CS_LATER_KEPT : 0)) {
        return true;
    }
    (void)cs_api_fail(a, CS_API_UNAVAILABLE, "",
                      "too many people sign in at this moment: try again in a few "
                      "seconds");
    return false;
}

struct cs_later *cs_later_begin(struct cs_api *a, const char *password,
                                const struct cs_pw_params *params, cs_later_fn *then)
{
    struct cs_platform_core *core = a->core;
    struct cs_later *l;

    if (!cs_later_has_room(a, false)) {
        return NULL;
    }
    l = cs_alloc(sizeof *l);
    CS_ASSERT(l != NULL);
    l->http_id = a->http->id;
    l->route = a->route;
    (void)snprintf(l->remote, sizeof l->remote, "%s", a->http->remote);
    l->job = job_new(core, password, params);
    l->job_id = l->job->job.id;
    l->params = *params;
    l->then = then;
    l->body = a->body;
    a->body = NULL;
    a->is_later = true;
    l->has_session = a->who.session != NULL &&
                     cs_js_id(a->who.session, "id", l->session);
    *tail(core) = l;
    core->n_later++;
    pump(core);
    return l;
}

static struct cs_later *take(struct cs_platform_core *core, uint64_t job_id)
{
    for (struct cs_later **at = &core->later; *at != NULL; at = &(*at)->next) {
        struct cs_later *l = *at;

        if (l->job_id == job_id && l->job == NULL) {
            *at = l->next;
            core->n_later--;
            return l;
        }
    }
    return NULL;
}

static json_t *no_memory(struct cs_api *a, const struct cs_later *l)
{
    (void)l;
    return cs_api_fail(a, CS_API_UNAVAILABLE, "",
                       "there is no memory to check a password: try again later");
}

void cs_later_done(struct cs_platform_core *core, struct cs_job *job)
{
    struct cs_pw_job *j = (struct cs_pw_job *)(void *)job;
    struct cs_later *l = take(core, job->id);

    core->n_later_running--;
    if (l != NULL) {
        memcpy(l->key, j->key, sizeof l->key);
        l->then = j->err == CS_OK ? l->then : no_memory;
        cs_api_resume(core, l);
        row_free(l);
    }
    job_free(job);
    pump(core);
}

void cs_later_free(struct cs_platform_core *core)
{
    while (core->later != NULL) {
        struct cs_later *l = core->later;

        core->later = l->next;
        row_free(l);
    }
    core->n_later = 0;
}

static json_t *stopping(struct cs_api *a, const struct cs_later *l)
{
    (void)l;
    return cs_api_fail(a, CS_API_UNAVAILABLE, "",
                       "the platform is stopping: repeat the request later");
}

void cs_later_end(struct cs_platform_core *core)
{
    for (struct cs_later *l = core->later; l != NULL; l = l->next) {
        l->then = stopping;
        cs_api_resume(core, l);
    }
    cs_later_free(core);
}
