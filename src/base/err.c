#include "base/err.h"

#include <stdlib.h>
#include <string.h>

struct err_row {
    const char *name, *reason, *text;
    enum cs_err_class class;
    enum cs_reaction reaction;
    int exit;
};

static const struct err_row rows[CS_ERR_COUNT] = {
    [CS_OK] = {"OK", "OK", "success", CS_CLASS_NONE, CS_REACT_NONE, 0},
#define CS_ERR_ROW(n, c, r, e, reason, text)                                           \
    [CS_ERR_##n] = {#n, reason, text, CS_CLASS_##c, CS_REACT_##r, e},
    CS_ERR_MAP(CS_ERR_ROW)
#undef CS_ERR_ROW
};

static const struct err_row *row_of(enum cs_err err)
{
    if ((unsigned)err >= (unsigned)CS_ERR_COUNT) {
        err = CS_ERR_INTERNAL;
    }
    return &rows[err];
}

const char *cs_err_name(enum cs_err err)
{
    return row_of(err)->name;
}

const char *cs_err_reason(enum cs_err err)
{
    return row_of(err)->reason;
}

const char *cs_err_text(enum cs_err err)
{
    return row_of(err)->text;
}

enum cs_err_class cs_err_class(enum cs_err err)
{
    return row_of(err)->class;
}

enum cs_reaction cs_err_reaction(enum cs_err err)
{
    return row_of(err)->reaction;
}

int cs_err_exit(enum cs_err err)
{
    return row_of(err)->exit;
}

enum cs_err cs_err_from_reason(const char *reason)
{
    enum cs_err first = CS_ERR_INTERNAL;

    for (int i = CS_ERR_COUNT - 1; i >= 0; i--) {
        if (strcmp(rows[i].reason, reason) != 0) {
            continue;
        }
        first = (enum cs_err)i;
        if (strcmp(rows[i].name, reason) == 0) {
            return first; /* LINK_LOST, not NO_LINK that says the same */
        }
    }
    return first;
}

cs_fatal_fn *cs_fatal_hook;

_Noreturn void cs_fatal(const char *file, int line, const char *what)
{
    if (cs_fatal_hook != NULL) {
        cs_fatal_hook(file, line, what);
    }
    abort();
}
