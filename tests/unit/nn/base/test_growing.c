/* growing: what was appended stays when room is doubled; without memory nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/growing.h"

enum { ITEMS = 100, FIRST = 3 };

static void room_on_the_heap_is_doubled_and_items_stay(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    for (int at = 0; at < ITEMS; at++) {
        if ((size_t)at == capacity) {
            items = tw_grow_heap(items, &capacity, sizeof *items, FIRST);
            assert_non_null(items);
        }
        items[at] = at;
    }
    assert_int_equal(capacity, 192); /* 3 doubled six times */
    for (int at = 0; at < ITEMS; at++)
        assert_int_equal(items[at], at);
    free(items);
}

static void room_in_an_arena_is_doubled_and_items_stay(void **state)
{
    (void)state;
    struct tw_arena arena;
    struct tw_error err;
    int *items = NULL;
    size_t capacity = 0;
    assert_true(tw_arena_begin(&arena, 1 << 16, &err));
    for (int at = 0; at < ITEMS; at++) {
        if ((size_t)at == capacity) {
            items = tw_grow_arena(&arena, items, &capacity, sizeof *items, FIRST);
            assert_non_null(items);
        }
        items[at] = at;
    }
    for (int at = 0; at < ITEMS; at++)
        assert_int_equal(items[at], at);
    tw_arena_end(&arena);
}

static void what_cannot_grow_is_as_it_was(void **state)
{
    (void)state;
    struct tw_arena arena;
    struct tw_error err;
    int items[FIRST] = {1, 2, 3};
    size_t capacity = FIRST;
    assert_true(tw_arena_begin(&arena, 1, &err));
    assert_null(tw_grow_arena(&arena, items, &capacity, 1 << 20, FIRST));
    assert_int_equal(capacity, FIRST);
    assert_int_equal(items[2], 3);
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_on_the_heap_is_doubled_and_items_stay),
        cmocka_unit_test(room_in_an_arena_is_doubled_and_items_stay),
        cmocka_unit_test(what_cannot_grow_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
