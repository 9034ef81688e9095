/* A supervisor of three CloudSign nodes on one loop, written from the installed headers
 * alone: it hosts them, restarts them one by one, answers for an operator and approves
 * what they sign.
 *
 *   supervisor DIR TRANSCRIPT <commands
 *
 * DIR holds node1/ .. node3/ (their stores) and config1 .. config3: a line with the
 * pairing key, a line with the store's key, and three with the approval callback's URL,
 * secret and CA file, if there is one.  What happens goes to TRANSCRIPT, a line
 * each: standard output and error stay empty, unless the supervisor itself is used
 * wrongly.
 *
 *   policy allow|refuse|later   what the approval hook says from now on, of all nodes
 *   restart N                   stops node N, frees it, makes it anew, starts it
 *   status N                    writes its status
 *   ask N JSON                  writes its answer
 *   late N                      a verdict for a question that nobody asked
 *   stop                        stops all nodes and ends; so does the end of the input
 */
#include <cloudsign/cs_node.h>

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { N_NODES = 3, LINE_MAX_LEN = 8192, LATER_MS = 700 };

struct host { /* one node and what belongs to it */
    int index;
    cs_node *node;
    char dir[512];
    char pairing_key[4096];
    char db_key[80];
    char approval[3][512]; /* URL, secret, CA file */
    int restart;           /* when it has stopped, make it anew */
    uv_timer_t late;       /* the answer to the question that was left open */
    uint64_t question;
};

static struct {
    uv_loop_t loop;
    uv_pipe_t input;
    struct host hosts[N_NODES];
    FILE *transcript;
    enum cs_node_decision policy;
    char line[LINE_MAX_LEN];
    size_t line_len;
    int n_running, ending, failed;
} s;

static void say(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vfprintf(s.transcript, format, ap);
    va_end(ap);
    fputc('\n', s.transcript);
    fflush(s.transcript);
}

/* ---- what a node tells ----------------------------------------------------------- */

static void on_event(void *ctx, const char *word, const char *json, size_t json_len)
{
    struct host *h = ctx;

    say("node%d event %s %.*s", h->index, word, (int)json_len, json);
}

static void on_log(void *ctx, enum cloudsign_log_level level, const char *module,
                   const char *line)
{
    struct host *h = ctx; /* any thread: stdio locks the file */

    fprintf(s.transcript, "node%d log%d %s: %s\n", h->index, (int)level, module, line);
}

static void on_late(uv_timer_t *timer)
{
    struct host *h = timer->data;
    int rc = cs_node_verdict(h->node, h->question, CS_NODE_ALLOW, NULL);

    say("node%d verdict %d, again %d", h->index, rc,
        cs_node_verdict(h->node, h->question, CS_NODE_ALLOW, NULL));
}

static enum cs_node_decision on_approve(void *ctx, cs_node *node, uint64_t id,
                                        const char *json, size_t json_len, char *reason,
                                        size_t reason_cap)
{
    struct host *h = ctx;

    say("node%d approve %s %.*s", h->index, node == h->node ? "own" : "other",
        (int)json_len, json);
    if (s.policy == CS_NODE_REFUSE) {
        snprintf(reason, reason_cap, "not on a Sunday");
    } else if (s.policy == CS_NODE_LATER) {
        h->question = id;
        uv_timer_start(&h->late, on_late, LATER_MS, 0);
    }
    return s.policy;
}

static void start(struct host *h);
static void end_input(void);

static void on_stopped(void *ctx, int exit_code, const char *reason, const char *text)
{
    struct host *h = ctx;

    say("node%d stopped %d %s %s", h->index, exit_code, reason, text);
    uv_timer_stop(&h->late);
    cs_node_free(h->node);
    h->node = NULL;
    s.n_running--;
    s.failed |= exit_code != 0;
    if (h->restart && !s.ending) {
        h->restart = 0;
        start(h);
    } else if (s.n_running == 0) {
        end_input();
    }
}

/* ---- life of a node -------------------------------------------------------------- */

static void start(struct host *h)
{
    char message[512];
    struct cs_node_config config = {
        .size = sizeof config,
        .data_dir = h->dir,
        .pairing_key = h->pairing_key[0] != '\0' ? h->pairing_key : NULL,
        .db_key_hex = h->db_key,
        .n_workers = 1,
        .event = on_event,
        .stopped = on_stopped,
        .ctx = h,
        .approve = on_approve,
        .approve_ctx = h,
        .approval_url = h->approval[0],
        .approval_secret = h->approval[1],
        .approval_ca_file = h->approval[2],
        .log = on_log,
        .log_least = CLOUDSIGN_LOG_INFO,
    };
    int rc = cs_node_new(&h->node, &s.loop, &config, message, sizeof message);

    if (rc == 0) {
        rc = cs_node_start(h->node, message, sizeof message);
    }
    if (rc != 0) {
        say("node%d failed %d %s", h->index, rc, message);
        cs_node_free(h->node);
        h->node = NULL;
        s.failed = 1;
        return;
    }
    memset(h->pairing_key, 0, sizeof h->pairing_key); /* its store knows the platform */
    s.n_running++;
    say("node%d started", h->index);
}

static int read_line(FILE *file, char *out, size_t cap)
{
    if (fgets(out, (int)cap, file) == NULL) {
        return 0;
    }
    out[strcspn(out, "\n")] = '\0';
    return 1;
}

static int read_config(struct host *h, const char *dir)
{
    char name[600];
    FILE *file;
    int ok;

    snprintf(h->dir, sizeof h->dir, "%s/node%d", dir, h->index);
    snprintf(name, sizeof name, "%s/config%d", dir, h->index);
    file = fopen(name, "r");
    if (file == NULL) {
        return 0;
    }
    ok = read_line(file, h->pairing_key, sizeof h->pairing_key) &&
         read_line(file, h->db_key, sizeof h->db_key);
    for (int i = 0; i < 3; i++) {
        (void)read_line(file, h->approval[i], sizeof h->approval[i]);
    }
    fclose(file);
    return ok;
}

/* ---- commands
 * ------------------------------------------------------------------------ */

static void stop_all(void)
{
    s.ending = 1;
    for (int i = 0; i < N_NODES; i++) {
        if (s.hosts[i].node != NULL) {
            cs_node_stop(s.hosts[i].node);
        }
    }
    if (s.n_running == 0) {
        end_input();
    }
}

static void say_status(const struct host *h)
{
    size_t len = cs_node_status(h->node, NULL, 0);
    char *text = malloc(len + 1);

    if (text != NULL) {
        cs_node_status(h->node, text, len + 1);
        say("node%d status %s", h->index, text);
    }
    free(text);
}

static void on_answer(void *ctx, const char *json, size_t json_len)
{
    struct host *h = ctx;

    say("node%d answer %.*s", h->index, (int)json_len, json);
}

/* "WORD N REST": the host, and REST. */
static struct host *host_of(const char *line, const char *word, const char **rest)
{
    size_t n = strlen(word);

    if (strncmp(line, word, n) != 0 || line[n] != ' ' || line[n + 1] < '1' ||
        line[n + 1] > '0' + N_NODES) {
        return NULL;
    }
    *rest = line[n + 2] == ' ' ? line + n + 3 : "";
    return s.hosts[line[n + 1] - '1'].node != NULL ? &s.hosts[line[n + 1] - '1'] : NULL;
}

static void set_policy(const char *word)
{
    s.policy = strcmp(word, "allow") == 0   ? CS_NODE_ALLOW
               : strcmp(word, "later") == 0 ? CS_NODE_LATER
                                            : CS_NODE_REFUSE;
    say("policy %s", word);
}

static void command(const char *line)
{
    const char *rest = "";
    struct host *h;

    if (strcmp(line, "stop") == 0) {
        stop_all();
    } else if (strncmp(line, "policy ", 7) == 0) {
        set_policy(line + 7);
    } else if ((h = host_of(line, "restart", &rest)) != NULL) {
        h->restart = 1;
        cs_node_stop(h->node);
    } else if ((h = host_of(line, "status", &rest)) != NULL) {
        say_status(h);
    } else if ((h = host_of(line, "ask", &rest)) != NULL) {
        int rc = cs_node_ask(h->node, rest, strlen(rest), on_answer, h);

        say("node%d ask %d", h->index, rc);
    } else if ((h = host_of(line, "late", &rest)) != NULL) {
        say("node%d verdict %d", h->index,
            cs_node_verdict(h->node, 12345678, CS_NODE_ALLOW, NULL));
    } else {
        say("unknown %s", line);
        s.failed = 1;
    }
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    (void)handle;
    (void)wanted;
    *buf = uv_buf_init(s.line + s.line_len, (unsigned)(sizeof s.line - s.line_len));
}

static void on_input(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    char *end;

    (void)stream;
    (void)buf;
    if (n < 0) {
        stop_all();
        return;
    }
    s.line_len += (size_t)n;
    while ((end = memchr(s.line, '\n', s.line_len)) != NULL) {
        size_t used = (size_t)(end - s.line) + 1;

        *end = '\0';
        command(s.line);
        s.line_len -= used;
        memmove(s.line, end + 1, s.line_len);
    }
}

static void end_input(void)
{
    if (!uv_is_closing((uv_handle_t *)&s.input)) {
        uv_close((uv_handle_t *)&s.input, NULL);
        for (int i = 0; i < N_NODES; i++) {
            uv_close((uv_handle_t *)&s.hosts[i].late, NULL);
        }
    }
}

/* ---- what is left
 * -------------------------------------------------------------------- */

static int count(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    while (dir != NULL && readdir(dir) != NULL) {
        n++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return n;
}

int main(int argc, char **argv)
{
    int fds, threads;

    if (argc != 3 || (s.transcript = fopen(argv[2], "w")) == NULL) {
        fprintf(stderr, "use: supervisor DIR TRANSCRIPT\n");
        return 64;
    }
    fds = count("/proc/self/fd");
    threads = count("/proc/self/task");
    s.policy = CS_NODE_ALLOW;
    uv_loop_init(&s.loop);
    uv_pipe_init(&s.loop, &s.input, 0);
    uv_pipe_open(&s.input, 0);
    uv_read_start((uv_stream_t *)&s.input, on_alloc, on_input);
    say("libcloudsign %s", cloudsign_version());
    for (int i = 0; i < N_NODES; i++) {
        struct host *h = &s.hosts[i];

        h->index = i + 1;
        uv_timer_init(&s.loop, &h->late);
        h->late.data = h;
        if (read_config(h, argv[1])) {
            start(h);
        } else {
            say("node%d has no config", h->index);
            s.failed = 1;
        }
    }
    if (s.failed) {
        stop_all();
    }
    uv_run(&s.loop, UV_RUN_DEFAULT);
    say("loop %s", uv_loop_close(&s.loop) == 0 ? "closed" : "busy");
    uv_library_shutdown(); /* libuv's own threads, which resolved names */
    say("descriptors %+d threads %+d", count("/proc/self/fd") - fds,
        count("/proc/self/task") - threads);
    fclose(s.transcript);
    return s.failed;
}
