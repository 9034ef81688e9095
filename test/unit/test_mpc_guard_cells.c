/* Guarded cells: zeroed, apart from each other, any number, from any thread. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "mpc/guard_cells.h"

enum { MANY = 64 * 32 + 40, THREADS = 4, EACH = 200 }; /* more than the pages hold */

static void cells_are_zeroed_and_apart(void **state)
{
    static uint8_t *cell[MANY];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            cell[i] = cs_guard_cell_new();
            assert_non_null(cell[i]);
            assert_true(cs_ct_is_zero(cell[i], CS_GUARD_CELL));
            memset(cell[i], (int)(i % 255) + 1, CS_GUARD_CELL);
        }
        for (size_t i = 0; i < MANY; i++) { /* nobody wrote into another's */
            for (size_t k = 0; k < CS_GUARD_CELL; k++) {
                assert_int_equal(cell[i][k], i % 255 + 1);
            }
        }
        for (size_t i = 0; i < MANY; i++) {
            cs_guard_cell_free(cell[(i * 7) % MANY]);
        }
    }
    cs_guard_cell_free(NULL);
}

static void a_freed_cell_is_wiped(void **state)
{
    uint8_t *cell = cs_guard_cell_new();

    (void)state;
    memset(cell, 5, CS_GUARD_CELL);
    cs_guard_cell_free(cell); /* its page stays, so it can be looked at */
    assert_true(cs_ct_is_zero(cell, CS_GUARD_CELL));
}

static jmp_buf fatal_jump;

static void jump(const char *file, int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    longjmp(fatal_jump, 1);
}

static bool is_fatal(void (*act)(void *p), void *p)
{
    volatile bool fatal = false;

    cs_fatal_hook = jump;
    if (setjmp(fatal_jump) == 0) {
        act(p);
    } else {
        fatal = true;
    }
    cs_fatal_hook = NULL;
    return fatal;
}

static void take(void *p)
{
    *(void **)p = cs_guard_cell_new();
}

/* Its next owner would share it. */
static void a_cell_is_given_back_once(void **state)
{
    uint8_t *cell = cs_guard_cell_new(), *other = cs_guard_cell_new();

    (void)state;
    memset(other, 9, CS_GUARD_CELL);
    assert_true(is_fatal(cs_guard_cell_free, other + 1)); /* not its beginning */
    assert_int_equal(other[1], 9);                        /* and it is whole */
    cs_guard_cell_free(cell);
    assert_true(is_fatal(cs_guard_cell_free, cell));
    cs_guard_cell_free(other);
}

static void a_cell_written_to_after_that_is_not_given_out(void **state)
{
    uint8_t *cell = cs_guard_cell_new();
    void *next = NULL;

    (void)state;
    cs_guard_cell_free(cell);
    cell[CS_GUARD_CELL - 1] = 1; /* it is the lowest free one: the next */
    assert_true(is_fatal(take, &next));
    cell[CS_GUARD_CELL - 1] = 0;
}

/* Takes and gives back; a cell that two threads hold shows. */
static void *worker(void *arg)
{
    uint8_t mark = *(const uint8_t *)arg, *cell[16];
    size_t bad = 0;

    for (int n = 0; n < EACH; n++) {
        for (size_t i = 0; i < 16; i++) {
            cell[i] = cs_guard_cell_new();
            bad += cell[i] == NULL || !cs_ct_is_zero(cell[i], CS_GUARD_CELL);
            memset(cell[i], mark, CS_GUARD_CELL);
        }
        for (size_t i = 0; i < 16; i++) {
            bad += cell[i][0] != mark || cell[i][CS_GUARD_CELL - 1] != mark;
            cs_guard_cell_free(cell[i]);
        }
    }
    return bad == 0 ? NULL : arg;
}

static void threads_do_not_share_a_cell(void **state)
{
    static uint8_t mark[THREADS] = {1, 2, 3, 4};
    pthread_t t[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&t[i], NULL, worker, &mark[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *bad;

        assert_int_equal(pthread_join(t[i], &bad), 0);
        assert_null(bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_share_a_cell),
        cmocka_unit_test(cells_are_zeroed_and_apart),
        cmocka_unit_test(a_freed_cell_is_wiped),
        cmocka_unit_test(a_cell_is_given_back_once),
        cmocka_unit_test(a_cell_written_to_after_that_is_not_given_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
