/* Rule by rule: does it fit? */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/facts.h"

struct judge {
    const struct facts *f;
    const struct rule *u;
    const struct cs_policy_past *past;
    char why[CS_POLICY_WHY];
};

/* The condition does not hold, and why. */
static bool no(struct judge *j, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool no(struct judge *j, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(j->why, sizeof j->why, fmt, ap);
    va_end(ap);
    return false;
}

static bool in(struct judge *j, const struct list *l, const char *text,
               const char *what)
{
    return l->items == NULL || cs_policy_has(l, text) ||
           no(j, "%s %.130s is not in its list", what, text[0] == '\0' ? "\"\"" : text);
}

/* ---- what the request says of itself ------------------------------------------ */

static bool fits_words(struct judge *j)
{
    const struct rule *u = j->u;
    const struct facts *f = j->f;

    if (f->ask->kind == CS_CHAIN_KIND_DIGEST && u->allow && u->kinds.items == NULL) {
        return no(j, "a blind signature needs a rule whose \"kinds\" names DIGEST");
    }
    return in(j, &u->keys, f->key, "key") && in(j, &u->quorums, f->quorum, "quorum") &&
           in(j, &u->paths, f->ask->path, "path") &&
           in(j, &u->blockchains, f->chain, "blockchain") &&
           in(j, &u->kinds, f->kind, "kind") &&
           in(j, &u->chain_ids, f->chain_id, "chain id") &&
           in(j, &u->types, f->ask->tx->kind, "type") &&
           in(j, &u->selectors, f->selector, "function");
}

static bool fits_hours(struct judge *j)
{
    enum { DAY_MS = 86400000 };
    const struct hours *h = &j->u->hours;
    int64_t local, day;
    int minute;
    bool within;

    if (!h->set) {
        return true;
    }
    local = j->f->ask->wall_ms + (int64_t)h->offset * 60000;
    day = local >= 0 ? local / DAY_MS : -((DAY_MS - 1 - local) / DAY_MS);
    minute = (int)((local - day * DAY_MS) / 60000);
    within = h->from < h->to ? minute >= h->from && minute < h->to
                             : minute >= h->from || minute < h->to;
    if (within && h->from > h->to && minute < h->to) {
        day--; /* the night belongs to the day on which it began */
    }
    day = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0: Monday */
    return (within && (h->days >> day & 1) != 0) ||
           no(j, "now is outside of its hours (local time %02d:%02d)", minute / 60,
              minute % 60);
}

/* ---- what it does with assets ------------------------------------------------- */

/* For a deny rule: it may be what the rule is about. */
static bool is_open(const struct judge *j)
{
    return !j->u->allow && !j->f->is_sure;
}

/* The same of one field.  Several transfers in one payload (of Cosmos, Stellar, Hedera,
 * NEAR) are clear, and yet none of them has a field of its own. */
static bool is_open_about(const struct judge *j, const char *field)
{
    const struct facts *f = j->f;

    return is_open(j) || (!j->u->allow && !f->moves_nothing && !f->ask->tx->has_pays &&
                          field[0] == '\0');
}

static bool fits_contracts(struct judge *j)
{
    const struct rule *u = j->u;

    if (u->contracts.items == NULL || cs_policy_has(&u->contracts, j->f->contract)) {
        return true;
    }
    return (is_open_about(j, j->f->asset) && j->f->contract[0] == '\0') ||
           no(j, "contract %.130s is not in its list",
              j->f->contract[0] == '\0' ? "\"\"" : j->f->contract);
}

static bool is_tagged(const struct judge *j, const char *payee)
{
    char tagged[CS_CHAIN_ADDRESS_MAX + 16];

    if (!j->f->ask->tx->has_tag) {
        return false;
    }
    (void)snprintf(tagged, sizeof tagged, "%s#%lu", payee,
                   (unsigned long)j->f->ask->tx->tag);
    return cs_policy_has(&j->u->destinations, tagged);
}

/* allow: all of them are listed; deny: one of them is. */
static bool fits_destinations(struct judge *j)
{
    const struct rule *u = j->u;
    char payee[CS_CHAIN_ADDRESS_MAX];
    size_t n = 0;

    if (u->destinations.items == NULL || is_open_about(j, j->f->to)) {
        return true;
    }
    for (; cs_policy_payee(payee, j->f, n); n++) {
        bool listed = cs_policy_has(&u->destinations, payee) || is_tagged(j, payee);

        if (listed && !u->allow) {
            return true;
        }
        if (!listed && u->allow) {
            return no(j, "destination %.110s is not in its list", payee);
        }
    }
    if (u->allow && n == 0 && !j->f->ask->tx->has_pays) {
        return no(j, "where it goes to is not known");
    }
    return u->allow || no(j, "no destination is in its list");
}

static bool is_limited(const struct rule *u)
{
    return u->n_amounts != 0 || u->n_windows != 0 || u->has_fee ||
           u->destinations.items != NULL;
}

static bool fits_approvals(struct judge *j)
{
    const struct rule *u = j->u;
    bool is_approval = j->f->ask->tx->is_approval;
    bool maybe = is_approval || (!j->f->is_sure && !j->f->moves_nothing);

    switch (u->approvals) {
    case APPROVALS_INCLUDE:
        return true;
    case APPROVALS_ONLY:
        return is_approval || (is_open(j) && maybe) ||
               no(j, "it lets nobody take assets later");
    case APPROVALS_EXCLUDE:
        return u->allow ? !maybe || no(j, "it lets others take assets later, or may")
                        : !is_approval || no(j, "it lets others take assets later");
    case APPROVALS_DEFAULT:
        break;
    }
    return !u->allow || !is_limited(u) || !is_approval ||
           no(j, "it lets others take assets later: such a rule says \"approvals\"");
}

static bool is_above(const struct judge *j, const struct limit *l, struct cs_num n,
                     bool *known)
{
    struct cs_num max;

    *known = cs_policy_limit_on(l, j->f->ask->tx->chain, &max);
    return !*known || cs_num_cmp(&n, &max) > 0;
}

/* allow: at most that much.  Needs one entry for the asset. */
static bool fits_at_most(struct judge *j)
{
    char have[CS_NUM_TEXT];
    bool listed = false, known;

    for (size_t i = 0; i < j->u->n_amounts; i++) {
        const struct limit *l = &j->u->amounts[i];

        if (strcmp(l->asset, j->f->asset) != 0) {
            continue;
        }
        listed = true;
        if (is_above(j, l, j->f->units, &known)) {
            return no(j, "%.80s units are more than %.80s%s",
                      cs_num_text(have, &j->f->units), l->text,
                      l->is_whole ? " (whole units)" : "");
        }
    }
    return listed || no(j, "asset %.120s has no limit in it",
                        j->f->asset[0] == '\0' ? "\"\"" : j->f->asset);
}

/* deny: more than that, or perhaps more. */
static bool fits_above(struct judge *j)
{
    bool known;

    if (is_open_about(j, j->f->asset)) {
        return true;
    }
    for (size_t i = 0; i < j->u->n_amounts; i++) {
        const struct limit *l = &j->u->amounts[i];

        if (strcmp(l->asset, j->f->asset) == 0 &&
            (!j->f->has_units || is_above(j, l, j->f->units, &known))) {
            return true;
        }
    }
    return no(j, "the amount is not above");
}

static bool fits_fee(struct judge *j)
{
    char have[CS_NUM_TEXT];
    bool known;

    if (!j->u->has_fee || j->f->moves_nothing) {
        return true;
    }
    if (!j->f->has_fee) {
        return no(j, "the fee is not known");
    }
    return !is_above(j, &j->u->fee, j->f->fee, &known) ||
           no(j, "a fee of %.80s units is more than %.80s (whole units)",
              cs_num_text(have, &j->f->fee), j->u->fee.text);
}

static bool fits_window(struct judge *j, const struct limit *l)
{
    char have[CS_NUM_TEXT];
    struct cs_num sum = {{0}};
    uint64_t requests = 0;
    bool known;

    j->past->sum(j->past->ctx, j->f->ask, l->per, j->f->spend.asset, l->minutes, &sum,
                 &requests);
    sum = cs_num_add(sum, j->f->units);
    return !is_above(j, l, sum, &known) ||
           no(j, "with it, %.80s units in %u minutes are more than %.80s%s",
              cs_num_text(have, &sum), (unsigned)l->minutes, l->text,
              l->is_whole ? " (whole units)" : "");
}

static bool fits_windows(struct judge *j)
{
    bool listed = j->u->n_windows == 0;

    for (size_t i = 0; i < j->u->n_windows; i++) {
        const struct limit *l = &j->u->windows[i];

        if (strcmp(l->asset, j->f->asset) == 0) {
            listed = true;
            if (!fits_window(j, l)) {
                return false;
            }
        }
    }
    return listed || no(j, "asset %.120s has no window in it",
                        j->f->asset[0] == '\0' ? "\"\"" : j->f->asset);
}

static bool fits_rates(struct judge *j)
{
    for (size_t i = 0; i < j->u->n_rates; i++) {
        const struct rate *r = &j->u->rates[i];
        struct cs_num sum = {{0}};
        uint64_t requests = 0;

        j->past->sum(j->past->ctx, j->f->ask, r->per, NULL, r->minutes, &sum,
                     &requests);
        if (requests >= r->max) {
            return no(j, "%llu requests were approved in %u minutes, the limit is %u",
                      (unsigned long long)requests, (unsigned)r->minutes,
                      (unsigned)r->max);
        }
    }
    return true;
}

/* Amounts, fee, destinations: of a payload of which nobody can say what it does, an
 * allow rule with such a limit knows nothing. */
static bool is_known_enough(struct judge *j)
{
    const struct rule *u = j->u;
    bool wants_amount = u->n_amounts != 0 || u->n_windows != 0;

    if (!u->allow || !is_limited(u)) {
        return true;
    }
    if (!j->f->is_sure) {
        return no(j, "it is not clear what the payload does with assets");
    }
    return !wants_amount || j->f->has_units || no(j, "the amount is not known");
}

static bool fits(struct judge *j)
{
    const struct rule *u = j->u;

    return fits_words(j) && fits_hours(j) && fits_contracts(j) && is_known_enough(j) &&
           fits_approvals(j) && fits_destinations(j) && fits_fee(j) &&
           (u->n_amounts == 0 || (u->allow ? fits_at_most(j) : fits_above(j))) &&
           fits_windows(j) && fits_rates(j);
}

/* ---- the verdict -------------------------------------------------------------- */

static void no_rule(const struct cs_policy *p, const struct facts *f, const char *near,
                    struct cs_policy_verdict *out)
{
    out->rule = -1;
    out->allowed = p->default_allow && f->ask->kind != CS_CHAIN_KIND_DIGEST;
    if (p->default_allow && !out->allowed) {
        (void)snprintf(out->why, sizeof out->why,
                       "no rule allows blind signatures, and the default never does");
    } else {
        (void)snprintf(
            out->why, sizeof out->why, "no rule fits, the default %s%s%.250s",
            p->default_allow ? "allows" : "denies", near[0] == '\0' ? "" : "; ", near);
    }
}

void cs_policy_judge(const struct cs_policy *p, const struct cs_policy_ask *ask,
                     const struct cs_policy_past *past, struct cs_policy_verdict *out,
                     cs_policy_told *told, void *told_ctx)
{
    char near[CS_POLICY_WHY] = ""; /* why the last allow rule for this does not fit */
    struct facts f;

    memset(out, 0, sizeof *out);
    cs_policy_facts(&f, ask);
    out->spend = f.spend;
    for (size_t i = 0; i < p->n_rules; i++) {
        struct judge j = {.f = &f, .u = &p->rules[i], .past = past};
        bool ok = fits(&j);

        if (told != NULL) {
            told(told_ctx, (int)i, j.u->name, j.u->allow, ok, j.why);
        }
        if (ok) {
            out->allowed = j.u->allow;
            out->rule = (int)i;
            (void)snprintf(out->why, sizeof out->why, "rule \"%s\" %s it", j.u->name,
                           j.u->allow ? "allows" : "denies");
            return;
        }
        if (j.u->allow) {
            (void)snprintf(near, sizeof near, "\"%.64s\": %.200s", j.u->name, j.why);
        }
    }
    no_rule(p, &f, near, out);
}
