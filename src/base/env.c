#include "base/env.h"

#include <string.h>

#include "base/mem.h"

static struct cs_action *emit(struct cs_step *out, enum cs_action_type type)
{
    struct cs_action *a = cs_alloc(sizeof *a);

    CS_ASSERT(a != NULL);
    a->type = type;
    if (out->last == NULL) {
        out->first = a;
    } else {
        out->last->next = a;
    }
    out->last = a;
    return a;
}

static void set_data(struct cs_action *a, struct cs_span data)
{
    a->data = cs_alloc(data.n);
    CS_ASSERT(a->data != NULL);
    if (data.n != 0) {
        memcpy(a->data, data.p, data.n);
    }
    a->data_len = data.n;
}

static char *dup_text(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = cs_alloc(n);

    CS_ASSERT(copy != NULL);
    memcpy(copy, text, n);
    return copy;
}

static void set_text(struct cs_action *a, const char *text)
{
    a->text = dup_text(text);
}

void cs_emit_connect(struct cs_step *out, uint64_t conn, enum cs_channel ch,
                     const char *url)
{
    struct cs_action *a = emit(out, CS_ACT_CONNECT);

    a->conn = conn;
    a->channel = ch;
    set_text(a, url);
}

void cs_emit_send(struct cs_step *out, uint64_t conn, struct cs_span data)
{
    struct cs_action *a = emit(out, CS_ACT_SEND);

    a->conn = conn;
    set_data(a, data);
}

void cs_emit_close(struct cs_step *out, uint64_t conn, enum cs_err err)
{
    struct cs_action *a = emit(out, CS_ACT_CLOSE);

    a->conn = conn;
    a->err = err;
}

void cs_emit_reply(struct cs_step *out, uint64_t http_id, int status,
                   const char *content_type, struct cs_span body)
{
    struct cs_action *a = emit(out, CS_ACT_REPLY);

    a->conn = http_id;
    a->status = status;
    set_text(a, content_type);
    set_data(a, body);
}

void cs_emit_reply_with(struct cs_step *out, uint64_t http_id, int status,
                        const char *content_type, const char *headers,
                        struct cs_span body)
{
    CS_ASSERT(strlen(headers) <= CS_HTTP_HEADERS_MAX);
    cs_emit_reply(out, http_id, status, content_type, body);
    out->last->headers = dup_text(headers);
}

void cs_emit_answer(struct cs_step *out, uint64_t request, struct cs_span data)
{
    struct cs_action *a = emit(out, CS_ACT_ANSWER);

    a->conn = request;
    set_data(a, data);
}

void cs_emit_job(struct cs_step *out, struct cs_job *job)
{
    emit(out, CS_ACT_JOB)->job = job;
}

void cs_emit_ask(struct cs_step *out, uint64_t id, struct cs_span json)
{
    struct cs_action *a = emit(out, CS_ACT_ASK);

    a->conn = id;
    set_data(a, json);
}

void cs_emit_call(struct cs_step *out, uint64_t id, const char *url,
                  const char *headers, struct cs_span body)
{
    struct cs_action *a = emit(out, CS_ACT_CALL);

    CS_ASSERT(strlen(headers) <= CS_HTTP_HEADERS_MAX);
    a->conn = id;
    set_text(a, url);
    set_data(a, body);
    a->headers = dup_text(headers);
}

void cs_emit_notify(struct cs_step *out, const char *word, struct cs_span json)
{
    struct cs_action *a = emit(out, CS_ACT_NOTIFY);

    set_text(a, word);
    set_data(a, json);
}

void cs_emit_exit(struct cs_step *out, enum cs_err err)
{
    emit(out, CS_ACT_EXIT)->err = err;
}

void cs_action_free(struct cs_action *a)
{
    if (a->job != NULL) {
        a->job->free(a->job);
    }
    cs_free(a->text);
    cs_free_wiped(a->headers, a->headers == NULL ? 0 : strlen(a->headers));
    cs_free_wiped(a->data, a->data_len);
    cs_free(a);
}

void cs_step_clear(struct cs_step *out)
{
    struct cs_action *a = out->first;

    while (a != NULL) {
        struct cs_action *next = a->next;

        cs_action_free(a);
        a = next;
    }
    out->first = out->last = NULL;
}
