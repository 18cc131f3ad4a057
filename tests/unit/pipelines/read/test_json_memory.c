/* json_memory: a thread's JSON values live in the arena that it was lent, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "read/json_memory.h"

static struct tw_arena arena;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    tw_json_memory_install();
    return tw_arena_begin(&arena, (size_t)1 << 16, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

static void values_stand_in_the_lent_arena(void **state)
{
    (void)state;
    tw_json_memory_lend(&arena);
    json_t *value = json_loads("{\"title\":[\"fell\",1.5,null]}", 0, NULL);
    size_t used = tw_arena_mark(&arena);
    assert_in_range((uintptr_t)value, (uintptr_t)arena.base, (uintptr_t)arena.base + used);
    json_decref(value);
    assert_int_equal(tw_arena_mark(&arena), used); /* giving back is nothing */
    tw_json_memory_lend(NULL);
    tw_arena_reset(&arena, 0);
    value = json_loads("[1]", 0, NULL);
    assert_int_equal(tw_arena_mark(&arena), 0);
    json_decref(value);
}

static void an_older_value_may_be_given_back_during_a_loan(void **state)
{
    (void)state;
    json_t *older = json_loads("[\"made before\"]", 0, NULL);
    tw_json_memory_lend(&arena);
    json_decref(older);
    tw_json_memory_lend(NULL);
    assert_int_equal(tw_arena_mark(&arena), 0);
}

static void a_full_arena_is_no_failure(void **state)
{
    (void)state;
    json_t *array = NULL;
    tw_json_memory_lend(&arena);
    array = json_array();
    for (int at = 0; at < 10000; at++)
        assert_int_equal(json_array_append_new(array, json_integer(at)), 0);
    assert_true(arena.full);
    assert_int_equal(json_integer_value(json_array_get(array, 9999)), 9999);
    json_decref(array);
    tw_json_memory_lend(NULL);
    tw_arena_reset(&arena, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_in_the_lent_arena),
        cmocka_unit_test(an_older_value_may_be_given_back_during_a_loan),
        cmocka_unit_test(a_full_arena_is_no_failure),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
