/* cloudsign-platform user: who may sign in, and a way back in for those who cannot. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/platform/cli.h"
#include "cli/platform/offline.h"

struct wish {
    const char *dir, *what, *email, *first, *last;
    bool is_list;
};

static enum cs_err usage(const char *why)
{
    return off_say(CS_ERR_USAGE, "user", "%s; try: cloudsign-platform help user", why);
}

static const char *text(const json_t *o, const char *name)
{
    const char *v = json_string_value(json_object_get(o, name));

    return v == NULL ? "" : v;
}

/* Who is at the machine: it goes into the audit log. */
static const char *operator_name(void)
{
    static char name[48];
    const struct passwd *pw = getpwuid(getuid());

    (void)snprintf(name, sizeof name, "%.40s", pw == NULL ? "unknown" : pw->pw_name);
    return name;
}

static void print_user(const json_t *u)
{
    const json_t *roles = json_object_get(u, "roles");

    (void)printf("%s  %-10s ", text(u, "id"), text(u, "status"));
    for (size_t i = 0; i < json_array_size(roles); i++) {
        (void)printf("%s%s", i == 0 ? "" : ",",
                     json_string_value(json_array_get(roles, i)));
    }
    (void)printf("  %s  %s %s%s%s\n", text(u, "email"), text(u, "firstName"),
                 text(u, "lastName"),
                 json_is_true(json_object_get(u, "hasPassword")) ? ""
                                                                 : "  (no password)",
                 json_is_true(json_object_get(u, "isInvited")) ? "  (invited)" : "");
}

static enum cs_err list(struct off_store *s)
{
    enum cs_err err;
    json_t *o = off_ask(s, json_pack("{s:s}", "cmd", "user.list"), false, &err);
    const json_t *users = json_object_get(o, "users");

    if (o == NULL) {
        return err;
    }
    for (size_t i = 0; i < json_array_size(users); i++) {
        print_user(json_array_get(users, i));
    }
    if (json_array_size(users) == 0) {
        (void)printf("no users: the setup token is in %s/setup-token\n", s->dir);
    }
    json_decref(o);
    return off_same(s);
}

static enum cs_err invite(struct off_store *s, const struct wish *w)
{
    bool is_rescue = strcmp(w->what, "rescue") == 0;
    enum cs_err err;
    json_t *q = json_pack("{s:s,s:s,s:s}", "cmd",
                          is_rescue ? "user.rescue" : "user.invite", "operator",
                          operator_name(), "email", w->email);
    json_t *o;

    if (q != NULL && is_rescue) {
        (void)json_object_set_new(q, "firstName", json_string(w->first));
        (void)json_object_set_new(q, "lastName", json_string(w->last));
    }
    o = off_ask(s, q, true, &err);
    if (o == NULL) {
        return err;
    }
    (void)printf("%s\n", text(o, "enrolmentToken"));
    (void)fprintf(
        stderr,
        "This is the enrolment token of %s (until %s): whoever has it becomes "
        "that user.\nStart the platform, open its address with /enrol, and give "
        "token, a new password and the first code of an authenticator.\nThe "
        "audit log has a record of this.\n",
        text(o, "email"), text(o, "expiresAt"));
    json_decref(o);
    return CS_OK;
}

static enum cs_err parse(struct wish *w, int n, char **options)
{
    bool bad = false;

    for (int i = 0; i < n; i++) {
        const char *v;

        if ((v = off_option("--data-dir", n, options, &i, &bad)) != NULL) {
            w->dir = v;
        } else if ((v = off_option("--first-name", n, options, &i, &bad)) != NULL) {
            w->first = v;
        } else if ((v = off_option("--last-name", n, options, &i, &bad)) != NULL) {
            w->last = v;
        } else if (!bad && options[i][0] != '-' && w->what[0] == '\0') {
            w->what = options[i];
        } else if (!bad && options[i][0] != '-' && w->email[0] == '\0') {
            w->email = options[i];
        } else {
            return usage(bad ? "an option has no value" : "an option is not known");
        }
    }
    if (w->what[0] == '\0') {
        return usage("what to do is missing");
    }
    w->is_list = strcmp(w->what, "list") == 0;
    if (w->is_list) {
        return w->email[0] == '\0' ? CS_OK : usage("list takes no address");
    }
    if (strcmp(w->what, "invite") != 0 && strcmp(w->what, "rescue") != 0) {
        return usage("list, invite or rescue is expected");
    }
    return w->email[0] != '\0' ? CS_OK : usage("the e-mail address is missing");
}

int cli_user(int n, char **options)
{
    struct wish w = {.dir = cli_data_dir(),
                     .what = "",
                     .email = "",
                     .first = "Rescued",
                     .last = "Owner"};
    struct off_store s = {.word = "user"};
    enum cs_err err = parse(&w, n, options);

    s.dir = w.dir;
    if (err == CS_OK) {
        err = off_open(&s, w.is_list ? OFF_READ : OFF_WRITE);
    }
    if (err == CS_OK) {
        err = w.is_list ? list(&s) : invite(&s, &w);
        off_close(&s);
    }
    return cs_err_exit(err);
}
