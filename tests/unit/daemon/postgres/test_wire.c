/* wire: bytes as PostgreSQL wants them. That it agrees, tests/integration/c/test_store.c shows with each
 * row it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "document.h"
#include "postgres/wire.h"

static int begin(void **state)
{
    static struct tw_arena arena;
    struct tw_error err;
    *state = &arena;
    return tw_arena_begin(&arena, 1 << 20, &err) ? 0 : 1;
}

static int end(void **state)
{
    tw_arena_end(*state);
    return 0;
}

static void scalars_are_big_endian_wherever_they_stand(void **state)
{
    (void)state;
    char bytes[9] = {0};
    tw_put_int16(bytes + 1, -2);
    assert_memory_equal(bytes + 1, "\xFF\xFE", 2);
    assert_int_equal(tw_get_int16(bytes + 1), -2);
    tw_put_int32(bytes + 1, 0x01020304);
    assert_memory_equal(bytes + 1, "\1\2\3\4", 4);
    assert_int_equal(tw_get_int32(bytes + 1), 0x01020304);
    tw_put_int64(bytes + 1, INT64_MIN + 5);
    assert_memory_equal(bytes + 1, "\x80\0\0\0\0\0\0\5", 8);
    assert_int_equal(tw_get_int64(bytes + 1), INT64_MIN + 5);
    tw_put_float(bytes + 1, 1.5F);
    assert_memory_equal(bytes + 1, "\x3F\xC0\0\0", 4);
}

static void times_are_microseconds_since_2000_and_never_infinite_by_chance(void **state)
{
    (void)state;
    char bytes[8];
    tw_put_time(bytes, TW_POSTGRES_EPOCH_US + 1);
    assert_int_equal(tw_get_int64(bytes), 1);
    tw_put_time(bytes, INT64_MAX);
    assert_true(tw_get_int64(bytes) < INT64_C(9223371331200000000));
    tw_put_time(bytes, INT64_MIN + 1);
    assert_int_equal(tw_get_int64(bytes), INT64_C(-211813488000000000));
    tw_put_time(bytes, TW_NO_TIME);
    assert_int_equal(tw_get_int64(bytes), INT64_MIN);
    assert_int_equal(tw_get_time(bytes), TW_NO_TIME);
    tw_put_time(bytes, INT64_C(561600000000000)); /* 1987 */
    assert_int_equal(tw_get_time(bytes), INT64_C(561600000000000));
}

static void an_array_says_its_dimension_type_and_length_before_its_cells(void **state)
{
    const int32_t values[] = {7, -1};
    int length = 0;
    const char *array = tw_array_int32(*state, TW_OID_DATE, values, 2, &length);
    assert_int_equal(length, 36);
    assert_memory_equal(array, "\0\0\0\1\0\0\0\0\0\0\x04\x3A\0\0\0\2\0\0\0\1", 20); /* date is 1082 */
    assert_memory_equal(array + 20, "\0\0\0\4\0\0\0\7\0\0\0\4\xFF\xFF\xFF\xFF", 16);
}

static void each_element_stands_behind_its_own_length(void **state)
{
    const int16_t shorts[] = {1, 2};
    const int64_t longs[] = {3};
    const bool flags[] = {true, false, true};
    int length = 0;
    char *array = tw_array_int16(*state, shorts, 2, &length);
    assert_int_equal(length, 20 + 2 * 6);
    assert_int_equal(tw_get_int16(tw_array_cell(array, 1, 2)), 2);
    assert_int_equal(tw_get_int32(tw_array_cell(array, 1, 2) - 4), 2);
    array = tw_array_int64(*state, longs, 1, &length);
    assert_int_equal(length, 20 + 12);
    assert_int_equal(tw_get_int64(tw_array_cell(array, 0, 8)), 3);
    array = tw_array_bool(*state, flags, 3, &length);
    assert_int_equal(length, 20 + 3 * 5);
    assert_int_equal(*tw_array_cell(array, 1, 1), 0);
    assert_int_equal(*tw_array_cell(array, 2, 1), 1);
}

static void texts_have_the_length_that_they_have_and_null_has_none(void **state)
{
    const struct tw_text texts[] = {tw_text_of("ab"), tw_text_of(""), {"c\0d", 3}};
    char cells[16];
    int length = 0;
    const char *array = tw_array_text(*state, TW_OID_TEXT, texts, 3, &length);
    assert_int_equal(length, 20 + 3 * 4 + 5);
    assert_memory_equal(array + 20, "\0\0\0\2ab\0\0\0\0\0\0\0\3c\0d", 17);
    assert_ptr_equal(tw_put_text_cell(cells, tw_text_of("xyz"), false), cells + 7);
    assert_ptr_equal(tw_put_text_cell(cells, tw_text_of("xyz"), true), cells + 4);
    assert_int_equal(tw_get_int32(cells), -1);
}

static void an_empty_array_is_a_header(void **state)
{
    int length = 0;
    assert_non_null(tw_array_int64(*state, NULL, 0, &length));
    assert_int_equal(length, 20);
    assert_non_null(tw_array_text(*state, TW_OID_BYTEA, NULL, 0, &length));
    assert_int_equal(length, 20);
}

static void an_arena_without_room_gives_no_array(void **state)
{
    static int64_t many[1 << 18];
    struct tw_text huge = {"", SIZE_MAX / 4};
    int length = 0;
    assert_null(tw_array_text(*state, TW_OID_TEXT, &huge, 1, &length));
    assert_null(tw_array_int64(*state, many, 1 << 18, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_are_big_endian_wherever_they_stand),
        cmocka_unit_test(times_are_microseconds_since_2000_and_never_infinite_by_chance),
        cmocka_unit_test_setup_teardown(
            an_array_says_its_dimension_type_and_length_before_its_cells, begin, end),
        cmocka_unit_test_setup_teardown(each_element_stands_behind_its_own_length, begin, end),
        cmocka_unit_test_setup_teardown(texts_have_the_length_that_they_have_and_null_has_none, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_array_is_a_header, begin, end),
        cmocka_unit_test_setup_teardown(an_arena_without_room_gives_no_array, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
