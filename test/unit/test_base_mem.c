/* Memory that a library keeps secrets in (base/mem.h).  That it is wiped is seen from
 * outside: test/e2e/kms.sh looks through the memory of a node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void what_was_in_it_moves_along(void **state)
{
    char *p = cs_realloc_wiping(NULL, 6);

    (void)state;
    assert_non_null(p);
    memcpy(p, "secret", 6);
    p = cs_realloc_wiping(p, 100000);
    assert_non_null(p);
    assert_memory_equal(p, "secret", 6);
    memset(p + 6, 'x', 100000 - 6);
    p = cs_realloc_wiping(p, 7);
    assert_non_null(p);
    assert_memory_equal(p, "secretx", 7);
    assert_null(cs_realloc_wiping(p, 0)); /* and no leak, says the sanitizer */
    assert_null(cs_realloc_wiping(NULL, 0));
}

static void memory_of_the_heap_s_own_may_be_given_to_it(void **state)
{
    char *p = cs_alloc(16);

    (void)state;
    assert_non_null(p);
    memcpy(p, "0123456789abcdef", 16);
    p = cs_realloc_wiping(p, 32);
    assert_non_null(p);
    assert_memory_equal(p, "0123456789abcdef", 16);
    cs_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_in_it_moves_along),
        cmocka_unit_test(memory_of_the_heap_s_own_may_be_given_to_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
