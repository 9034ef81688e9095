#include "platform/core/credential_life.h"

#include <stdio.h>
#include <string.h>

/* ---- times ------------------------------------------------------------- */

/* Days since 1970-01-01; the month in which a leap day may be is the year's last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t number(const char *text, size_t at, size_t n)
{
    int64_t v = 0;

    for (size_t i = at; i < at + n; i++) {
        v = 10 * v + (text[i] - '0');
    }
    return v;
}

/* Digits and signs stand where they do in the pattern. */
static bool has_form(const char *text, const char *pattern)
{
    size_t n = strlen(pattern);

    if (strlen(text) != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';

        if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

bool cs_pc_time_parse(int64_t *wall_ms, const char *text)
{
    bool with_ms = has_form(text, "0000-00-00T00:00:00.000Z");
    char again[CS_PC_TIME_LEN];
    int64_t s;

    if (!with_ms && !has_form(text, "0000-00-00T00:00:00Z")) {
        return false;
    }
    s = days_of(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2)) * 86400 +
        number(text, 11, 2) * 3600 + number(text, 14, 2) * 60 + number(text, 17, 2);
    *wall_ms = s * 1000 + (with_ms ? number(text, 20, 3) : 0);
    /* 31 February and 25 o'clock come out as another time than they went in. */
    return *wall_ms >= 0 && strncmp(cs_pc_time(again, *wall_ms), text, 19) == 0;
}

/* ---- the end ----------------------------------------------------------- */

int64_t cs_credential_expiry(struct cs_api *a)
{
    static const int64_t most = (int64_t)CS_CREDENTIAL_YEARS * 366 * 86400 * 1000;
    int64_t at = 0;

    if (!cs_jr_has(&a->in, "expiresAt")) {
        return 0;
    }
    if (!cs_pc_time_parse(&at, cs_jr_str(&a->in, "expiresAt", CS_PC_TIME_LEN, false)) ||
        at <= a->core->wall_ms || at - a->core->wall_ms > most) {
        cs_jr_fail(&a->in, "expiresAt",
                   "must be a time that comes, within ten years, such as "
                   "2027-01-31T12:34:56Z");
    }
    return at;
}

void cs_credential_set_expiry(json_t *rec, int64_t at_ms)
{
    if (at_ms != 0) {
        cs_js_int(rec, "_expires", at_ms);
        cs_js_time(rec, "expiresAt", at_ms);
    }
}

bool cs_credential_is_over(const struct cs_platform_core *core, const json_t *rec)
{
    int64_t at = cs_js_num(rec, "_expires");

    return at != 0 && at <= core->wall_ms;
}

/* ---- the last use ------------------------------------------------------ */

void cs_credential_used(struct cs_platform_core *core, json_t *rec)
{
    struct cs_wr w = {0};
    uint8_t id[CS_PC_ID];

    if (core->wall_ms - cs_js_num(rec, "_used") <
            CS_CREDENTIAL_NOTE_S * INT64_C(1000) ||
        !cs_js_id(rec, "id", id)) {
        return;
    }
    cs_js_int(rec, "_used", core->wall_ms);
    cs_js_time(rec, "lastUsedAt", core->wall_ms);
    cs_json_write(&w, rec);
    CS_ASSERT(w.err == CS_OK);
    /* Not cs_pc_put: reading with it is no change of it. */
    cs_pc_raw_put(core, CS_PC_CREDENTIAL, CS_SPAN_OF(id), cs_wr_get(&w));
    cs_wr_free(&w);
}
