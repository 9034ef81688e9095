/* Members of a rule, each with its own sentence when it is wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "policy/impl.h"

void cs_policy_bad(struct reader *r, const char *fmt, ...)
{
    char text[320];
    va_list ap;

    if (r->err != CS_OK) {
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->err = cs_why(r->why, CS_ERR_BAD_FORMAT, "%s%s%s", r->where,
                    r->where[0] == '\0' ? "" : ": ", text);
}

char *cs_policy_copy(struct reader *r, const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = r->err == CS_OK ? cs_alloc(n) : NULL;

    if (p != NULL) {
        memcpy(p, text, n);
    } else if (r->err == CS_OK) {
        r->err = cs_why(r->why, CS_ERR_NOMEM, "out of memory");
    }
    return p;
}

/* ---- members ------------------------------------------------------------------ */

enum { WORD_MAX = 40 };

/* Edits from a to b; the words are short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n = strlen(b);

    if (n > WORD_MAX || strlen(a) > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

            diagonal = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[n];
}

void cs_policy_members(struct reader *r, const json_t *o, const char *const *words,
                       size_t n)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)o, key, v)
    {
        const char *near = NULL;
        size_t best = 4, d;

        for (size_t i = 0; i < n; i++) {
            d = distance(key, words[i]);
            if (d < best) {
                best = d;
                near = words[i];
            }
        }
        if (best != 0 && near != NULL) {
            cs_policy_bad(r, "\"%.40s\" is not known here; did you mean \"%s\"?", key,
                          near);
        } else if (best != 0) {
            cs_policy_bad(r, "\"%.40s\" is not known here; see the README, \"Policy\"",
                          key);
        }
    }
}

static const json_t *member(const json_t *o, const char *name)
{
    return json_object_get(o, name);
}

/* A text of the object; "" after an error. */
static const char *text_of(struct reader *r, const json_t *o, const char *name)
{
    const json_t *v = member(o, name);
    const char *s = json_string_value(v);

    if (s == NULL || json_string_length(v) != strlen(s)) {
        cs_policy_bad(r, "\"%s\" must be a text in quotes", name);
        return "";
    }
    return s;
}

static uint32_t count_of(struct reader *r, const json_t *o, const char *name,
                         uint32_t max)
{
    const json_t *v = member(o, name);
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;

    if (n < 1 || n > (json_int_t)max) {
        cs_policy_bad(r, "\"%s\" must be a whole number from 1 to %u", name,
                      (unsigned)max);
        return 1;
    }
    return (uint32_t)n;
}

/* ---- lists -------------------------------------------------------------------- */

size_t cs_policy_place(const struct list *l, const char *text)
{
    size_t from = 0, to = l->n;

    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (strcmp(l->items[mid], text) < 0) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    return from;
}

bool cs_policy_has(const struct list *l, const char *text)
{
    size_t at = cs_policy_place(l, text);

    return at < l->n && strcmp(l->items[at], text) == 0;
}

static void insert(struct reader *r, struct list *l, const char *text)
{
    size_t at = cs_policy_place(l, text);
    char *copy = cs_policy_copy(r, text);

    if (copy != NULL) {
        memmove(l->items + at + 1, l->items + at, (l->n - at) * sizeof *l->items);
        l->items[at] = copy;
        l->n++;
    }
}

void cs_policy_list(struct reader *r, struct list *out, const json_t *o,
                    const char *name, const struct rule *rule, cs_policy_entry *entry,
                    const char *expects)
{
    const json_t *a = member(o, name);
    size_t n = json_array_size(a);

    if (a == NULL || r->err != CS_OK) {
        return;
    }
    if (!json_is_array(a) || n < 1 || n > CS_POLICY_LIST_MAX) {
        cs_policy_bad(r, "\"%s\" must be a list of 1 to %d entries", name,
                      CS_POLICY_LIST_MAX);
        return;
    }
    out->items = cs_alloc_array(n, sizeof *out->items);
    if (out->items == NULL) {
        r->err = cs_why(r->why, CS_ERR_NOMEM, "out of memory");
        return;
    }
    for (size_t i = 0; i < n && r->err == CS_OK; i++) {
        const json_t *v = json_array_get(a, i);
        const char *s = json_string_value(v);
        char spelt[CS_CHAIN_ADDRESS_MAX];

        if (s == NULL || json_string_length(v) != strlen(s) || !entry(spelt, rule, s)) {
            cs_policy_bad(r, "%s[%zu] must be %s", name, i, expects);
        } else {
            insert(r, out, spelt);
        }
    }
}

/* ---- limits ------------------------------------------------------------------- */

bool cs_policy_limit_on(const struct limit *l, enum cs_chain chain, struct cs_num *out)
{
    const struct cs_chain_info *info = cs_chain_info(chain);

    if (!l->is_whole) {
        *out = l->units;
        return true;
    }
    return info != NULL && cs_num_parse_whole(out, l->text, info->decimals) == CS_OK;
}

/* Whole units have to make sense on every chain of the rule. */
static void check_whole(struct reader *r, const struct limit *l,
                        const struct rule *rule, const char *name)
{
    struct cs_num n;

    if (rule->blockchains.n == 0) {
        cs_policy_bad(r,
                      "%s: an amount in whole units needs \"blockchains\": their "
                      "assets have different decimals",
                      name);
    }
    for (size_t i = 0; i < rule->blockchains.n; i++) {
        const char *chain = rule->blockchains.items[i];

        if (!cs_policy_limit_on(l, cs_chain_by_name(chain)->chain, &n)) {
            cs_policy_bad(r,
                          "%s: \"%.60s\" is no amount of %s: digits, at most %u "
                          "after the point",
                          name, l->text == NULL ? "" : l->text, chain,
                          cs_chain_by_name(chain)->decimals);
        }
    }
}

static char *copy_asset(struct reader *r, const struct rule *rule, const char *asset)
{
    char spelt[2 * CS_CHAIN_ADDRESS_MAX];

    if (strcmp(asset, "native") == 0) {
        return cs_policy_copy(r, asset);
    }
    if (rule->blockchains.n == 0) {
        cs_policy_bad(r, "asset \"%.60s\" needs \"blockchains\"", asset);
    } else if (!cs_policy_asset_name(spelt, &rule->blockchains, asset)) {
        cs_policy_bad(
            r,
            "asset \"%.60s\" must be \"native\", or a token of the rule's "
            "\"blockchains\": its contract or mint; on XRP_LEDGER and STELLAR "
            "\"CODE.issuer\", with 3 characters or 40 hex digits",
            asset);
    } else {
        return cs_policy_copy(r, spelt);
    }
    return NULL;
}

static void read_amount(struct reader *r, const json_t *o, const struct rule *rule,
                        struct limit *l, const char *name)
{
    bool whole = member(o, "amount") != NULL;

    if (whole == (member(o, "units") != NULL)) {
        cs_policy_bad(r,
                      "%s: give either \"amount\" (whole units) or \"units\" (the "
                      "smallest unit)",
                      name);
        return;
    }
    l->is_whole = whole;
    l->text = cs_policy_copy(r, text_of(r, o, whole ? "amount" : "units"));
    if (whole && r->err == CS_OK && strcmp(l->asset, "native") != 0) {
        cs_policy_bad(r,
                      "%s: a transaction does not say the decimals of %.60s: give "
                      "\"units\"",
                      name, l->asset);
    } else if (whole && r->err == CS_OK) {
        check_whole(r, l, rule, name);
    } else if (r->err == CS_OK && cs_num_parse(&l->units, l->text) != CS_OK) {
        cs_policy_bad(r, "%s: \"units\" must be decimal digits", name);
    }
}

static void read_per(struct reader *r, const json_t *o, enum cs_policy_per *per)
{
    const char *s = text_of(r, o, "per");

    if (strcmp(s, "key") == 0) {
        *per = CS_PER_KEY;
    } else if (strcmp(s, "quorum") == 0) {
        *per = CS_PER_QUORUM;
    } else if (strcmp(s, "node") == 0) {
        *per = CS_PER_NODE;
    } else {
        cs_policy_bad(r, "\"per\" must be \"key\", \"quorum\" or \"node\"");
    }
}

static void read_limit(struct reader *r, const json_t *o, const char *name,
                       const struct rule *rule, struct limit *l, bool is_window)
{
    static const char *const words[] = {"asset", "amount", "units", "minutes", "per"};

    if (!json_is_object(o)) {
        cs_policy_bad(r, "%s must hold objects", name);
        return;
    }
    cs_policy_members(r, o, words, is_window ? 5 : 3);
    l->asset = copy_asset(r, rule, text_of(r, o, "asset"));
    read_amount(r, o, rule, l, name);
    if (is_window) {
        l->minutes = count_of(r, o, "minutes", CS_POLICY_MINUTES_MAX);
        read_per(r, o, &l->per);
    }
}

/* How many entries the member has; 0 when it is not there, or wrong. */
static size_t entries(struct reader *r, const json_t *o, const char *name)
{
    const json_t *a = member(o, name);
    size_t n = json_array_size(a);

    if (a != NULL && (!json_is_array(a) || n < 1 || n > CS_POLICY_LIMITS_MAX)) {
        cs_policy_bad(r, "\"%s\" must be a list of 1 to %d entries", name,
                      CS_POLICY_LIMITS_MAX);
    }
    return r->err == CS_OK ? n : 0;
}

void cs_policy_limits(struct reader *r, const json_t *o, const char *name,
                      const struct rule *rule, struct limit *out, size_t *n,
                      bool is_window)
{
    size_t count = entries(r, o, name);

    for (size_t i = 0; i < count && r->err == CS_OK; i++) {
        *n = i + 1; /* so that it is freed whatever happens */
        read_limit(r, json_array_get(member(o, name), i), name, rule, &out[i],
                   is_window);
    }
}

void cs_policy_fee(struct reader *r, const json_t *o, struct rule *rule)
{
    if (member(o, "feeAtMost") == NULL) {
        return;
    }
    rule->has_fee = true;
    rule->fee.is_whole = true;
    rule->fee.text = cs_policy_copy(r, text_of(r, o, "feeAtMost"));
    if (r->err == CS_OK) {
        check_whole(r, &rule->fee, rule, "feeAtMost");
    }
}

void cs_policy_rates(struct reader *r, const json_t *o, struct rule *rule)
{
    static const char *const words[] = {"requests", "minutes", "per"};
    size_t count = entries(r, o, "rates");

    for (size_t i = 0; i < count && r->err == CS_OK; i++) {
        const json_t *e = json_array_get(member(o, "rates"), i);
        struct rate *rate = &rule->rates[i];

        if (!json_is_object(e)) {
            cs_policy_bad(r, "rates must hold objects");
            return;
        }
        cs_policy_members(r, e, words, CS_COUNTOF(words));
        rate->max = count_of(r, e, "requests", 1000000);
        rate->minutes = count_of(r, e, "minutes", CS_POLICY_MINUTES_MAX);
        read_per(r, e, &rate->per);
        rule->n_rates = i + 1;
    }
}

/* ---- hours -------------------------------------------------------------------- */

/* "07:30" -> 450, "24:00" -> 1440; -1: it is none. */
static int minutes_of(const char *s)
{
    int h, m;

    if (strlen(s) != 5 || s[2] != ':' || strspn(s, "0123456789") != 2 ||
        strspn(s + 3, "0123456789") != 2) {
        return -1;
    }
    h = (s[0] - '0') * 10 + s[1] - '0';
    m = (s[3] - '0') * 10 + s[4] - '0';
    return m > 59 || h > 24 || (h == 24 && m != 0) ? -1 : h * 60 + m;
}

static void read_days(struct reader *r, const json_t *a, struct hours *h)
{
    static const char *const names[] = {"MON", "TUE", "WED", "THU",
                                        "FRI", "SAT", "SUN"};

    h->days = a == NULL ? 0x7f : 0;
    for (size_t i = 0; i < json_array_size(a); i++) {
        const char *s = json_string_value(json_array_get(a, i));
        bool known = false;

        for (unsigned d = 0; s != NULL && d < CS_COUNTOF(names); d++) {
            if (strcmp(s, names[d]) == 0) {
                h->days = (uint8_t)(h->days | 1U << d);
                known = true;
            }
        }
        if (!known) {
            h->days = 0;
            break;
        }
    }
    if (h->days == 0) {
        cs_policy_bad(r, "hours: \"days\" must be a list of MON, TUE, WED, THU, FRI, "
                         "SAT, SUN");
    }
}

static void read_offset(struct reader *r, const json_t *o, struct hours *h)
{
    const char *s = member(o, "utcOffset") == NULL ? "+00:00"
                                                   : text_of(r, o, "utcOffset");
    int m = s[0] == '+' || s[0] == '-' ? minutes_of(s + 1) : -1;

    if (m < 0 || m > 14 * 60) {
        cs_policy_bad(r, "hours: \"utcOffset\" must look like \"+01:00\", from -14:00 "
                         "to +14:00; there is no daylight saving");
        return;
    }
    h->offset = (int16_t)(s[0] == '-' ? -m : m);
}

void cs_policy_hours(struct reader *r, const json_t *o, struct rule *rule)
{
    static const char *const words[] = {"from", "to", "days", "utcOffset"};
    const json_t *e = member(o, "hours");
    struct hours *h = &rule->hours;
    int from, to;

    if (e == NULL || r->err != CS_OK) {
        return;
    }
    if (!json_is_object(e)) {
        cs_policy_bad(r, "\"hours\" must be an object");
        return;
    }
    cs_policy_members(r, e, words, CS_COUNTOF(words));
    from = minutes_of(text_of(r, e, "from"));
    to = minutes_of(text_of(r, e, "to"));
    if (from < 0 || to < 0 || from == to || from == 1440) {
        cs_policy_bad(r, "hours: \"from\" and \"to\" must be two times like \"07:30\"; "
                         "the whole day is \"00:00\" to \"24:00\"");
        return;
    }
    h->set = true;
    h->from = (uint16_t)from;
    h->to = (uint16_t)to;
    read_days(r, member(e, "days"), h);
    read_offset(r, e, h);
}

/* ---- end ---------------------------------------------------------------------- */

static void free_list(struct list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        cs_free(l->items[i]);
    }
    cs_free(l->items);
}

static void free_limits(struct limit *l, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        cs_free(l[i].asset);
        cs_free(l[i].text);
    }
}

void cs_policy_rule_free(struct rule *rule)
{
    struct list *lists[] = {&rule->keys,        &rule->quorums,   &rule->paths,
                            &rule->blockchains, &rule->chain_ids, &rule->kinds,
                            &rule->types,       &rule->contracts, &rule->selectors,
                            &rule->destinations};

    for (size_t i = 0; i < CS_COUNTOF(lists); i++) {
        free_list(lists[i]);
    }
    free_limits(rule->amounts, rule->n_amounts);
    free_limits(rule->windows, rule->n_windows);
    free_limits(&rule->fee, 1);
    cs_free(rule->name);
}
