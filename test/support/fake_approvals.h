/* Approval groups and people who decide, on a fake platform with three devices. */
#ifndef CS_TEST_FAKE_APPROVALS_H
#define CS_TEST_FAKE_APPROVALS_H

#include "support/fake_audit.h"
#include "support/fake_people.h"
#include "support/fake_sign.h"

struct fake_board {
    struct fake_trio *t;
    struct person olga, oscar; /* owners */
    struct person ann, bob;    /* approvers */
    struct person paul;        /* proposer */
    char root[80]; /* token of the first credential: made by nobody of these */
    char set[40];  /* the set that was opened last */
};

/* Nodes say something twice a minute, or they are thought dead. */
FAKE void board_alive(struct fake_board *b)
{
    for (int i = 0; i < 3; i++) {
        fake_status(&b->t->d[i], "READY");
    }
}

FAKE void board_join(struct fake_board *b, struct person *p, const char *email,
                     const char *role)
{
    char token[80];

    if (people_invite(b->t->w, p, email, role, token) != 200) {
        fail_msg("invite: %s", b->t->w->reply_text);
    }
    people_enrol(b->t->w, p, token);
    board_alive(b);
    people_sign_in(b->t->w, p);
    board_alive(b);
}

FAKE void board_people(struct fake_board *b)
{
    board_join(b, &b->olga, "olga@example.org", "OWNER");
    board_join(b, &b->oscar, "oscar@example.org", "OWNER");
    board_join(b, &b->ann, "ann@example.org", "APPROVER");
    board_join(b, &b->bob, "bob@example.org", "APPROVER");
    board_join(b, &b->paul, "paul@example.org", "PROPOSER");
}

FAKE void board_new(struct fake_board *b)
{
    memset(b, 0, sizeof *b);
    b->t = fake_trio_new();
    (void)snprintf(b->root, sizeof b->root, "%s", b->t->w->token);
    board_people(b);
}

/* With an enabled wallet. */
FAKE void board_signers(struct fake_board *b)
{
    memset(b, 0, sizeof *b);
    b->t = fake_signers();
    (void)snprintf(b->root, sizeof b->root, "%s", b->t->w->token);
    board_people(b);
}

FAKE void board_free(struct fake_board *b)
{
    fake_trio_free(b->t);
}

/* As this person; who has to show a code does so, or signs in anew. */
FAKE int board_call(struct fake_board *b, struct person *p, const char *method,
                    const char *path, const char *body)
{
    struct fake_platform *w = b->t->w;
    int status = people_call(w, p, method, path, body);

    if (status == 401) {
        people_sign_in(w, p);
        board_alive(b);
        status = people_call(w, p, method, path, body);
    } else if (status == 403 &&
               strcmp(fake_text(w, "details.0.field"), "stepUp") == 0) {
        w->now += 30000;
        w->wall += 30000;
        assert_int_equal(people_step_up(w, p), 200);
        board_alive(b);
        status = people_call(w, p, method, path, body);
    }
    return status;
}

FAKE void board_ok(struct fake_board *b, struct person *p, const char *method,
                   const char *path, const char *body)
{
    if (board_call(b, p, method, path, body) != 200) {
        fail_msg("%s %s %s: %s", p->email, method, path, b->t->w->reply_text);
    }
}

/* Of two people (second NULL: of one), by the first credential. */
FAKE int board_group_at(struct fake_board *b, const char *path, const char *source,
                        int required, const struct person *one,
                        const struct person *two, const char *more)
{
    char body[512];

    (void)snprintf(body, sizeof body,
                   "{\"sourceType\":\"%s\",\"requiredApproverCount\":%d,\"approvers\":["
                   "\"%s\"%s%s%s]%s}",
                   source, required, one->id, two == NULL ? "" : ",\"",
                   two == NULL ? "" : two->id, two == NULL ? "" : "\"", more);
    return fake_api(b->t->w, "PUT", path, body);
}

FAKE void board_group(struct fake_board *b, const char *source, int required,
                      const struct person *one, const struct person *two)
{
    if (board_group_at(b, "/v2/approvers", source, required, one, two,
                       ",\"timeoutSeconds\":600") != 200) {
        fail_msg("group: %s", b->t->w->reply_text);
    }
}

FAKE void board_no_group(struct fake_board *b, const char *source)
{
    char body[128];

    (void)snprintf(
        body, sizeof body,
        "{\"sourceType\":\"%s\",\"requiredApproverCount\":0,\"approvers\":[]}", source);
    fake_ok(b->t->w, "PUT", "/v2/approvers", body);
}

/* Takes "approvalId" of the last answer. */
FAKE void board_take(struct fake_board *b)
{
    (void)snprintf(b->set, sizeof b->set, "%s", fake_text(b->t->w, "approvalId"));
    if (strlen(b->set) != 36) {
        fail_msg("nothing waits: %s", b->t->w->reply_text);
    }
}

FAKE int board_vote(struct fake_board *b, struct person *p, const char *status)
{
    char path[80], body[96];

    (void)snprintf(path, sizeof path, "/v2/approvals/%s", b->set);
    (void)snprintf(body, sizeof body, "{\"status\":\"%s\",\"reasons\":[\"so\"]}",
                   status);
    return board_call(b, p, "PUT", path, body);
}

FAKE void board_yes(struct fake_board *b, struct person *p)
{
    if (board_vote(b, p, "APPROVED") != 200) {
        fail_msg("%s: %s", p->email, b->t->w->reply_text);
    }
}

FAKE void board_no(struct fake_board *b, struct person *p)
{
    if (board_vote(b, p, "REJECTED") != 200) {
        fail_msg("%s: %s", p->email, b->t->w->reply_text);
    }
}

FAKE void board_get(struct fake_board *b)
{
    char path[80];

    (void)snprintf(path, sizeof path, "/v2/approvals/%s", b->set);
    fake_ok(b->t->w, "GET", path, NULL);
}

FAKE void board_set_is(struct fake_board *b, const char *status)
{
    board_get(b);
    if (strcmp(fake_text(b->t->w, "summary.status"), status) != 0) {
        fail_msg("set: want %s, got %s", status, b->t->w->reply_text);
    }
}

FAKE int64_t board_num(struct fake_board *b, const char *name)
{
    return cs_js_num(json_object_get(b->t->w->reply, "summary"), name);
}

#endif
