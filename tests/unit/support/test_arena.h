/* test_arena: one arena for all that the stories of a file make. Include it behind cmocka.h.
 *
 *     cmocka_run_group_tests(tests, open_arena, close_arena) */
#ifndef TW_TEST_ARENA_H
#define TW_TEST_ARENA_H

#include "base/arena.h"

static struct tw_arena arena;

/* Setup and teardown of a group of tests: address space, of which little is touched. */
static int open_arena(void **state)
{
    (void)state;
    struct tw_error err;
    return tw_arena_begin(&arena, (size_t)256 << 20, &err) ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

#endif
