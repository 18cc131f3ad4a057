/* statement_list: parameters in their places and in PostgreSQL's format; a full arena is noticed, and stays
 * so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document.h"
#include "evaluate/statement_list.h"
#include "postgres/wire.h"

static void parameters_stand_in_the_order_in_which_they_were_put(void **state)
{
    (void)state;
    struct tw_arena arena;
    struct tw_error err;
    struct tw_statement_list list;
    const int16_t shards[] = {3, 4};
    assert_true(tw_arena_begin(&arena, 1 << 20, &err));
    tw_statement_list_begin(&list, &arena);
    tw_statement_add(&list, TW_ALERT_STORE);
    tw_statement_put_null(&list);
    tw_statement_put_text(&list, (struct tw_text){NULL, 0});
    tw_statement_put_name(&list, "ACME");
    tw_statement_put_int16(&list, 7);
    tw_statement_put_int32(&list, -2);
    tw_statement_put_int64(&list, INT64_MIN);
    tw_statement_put_time(&list, 5);
    tw_statement_put_time(&list, TW_NO_TIME);
    tw_statement_put_bytes(&list, "\0\1", 2);
    tw_statement_put_int16s(&list, shards, 2);
    for (int more = 0; more < 200; more++) {
        tw_statement_add(&list, TW_EVENT_DONE);
        tw_statement_put_int64(&list, more);
    }
    assert_false(list.full);
    assert_int_equal(list.count, 201);
    const struct tw_listed_statement *first = &list.statements[0];
    assert_int_equal(first->statement, TW_ALERT_STORE);
    assert_null(first->values[0]);
    assert_non_null(first->values[1]); /* empty, not NULL */
    assert_int_equal(first->lengths[1], 0);
    assert_memory_equal(first->values[2], "ACME", 4);
    assert_int_equal(tw_get_int16(first->values[3]), 7);
    assert_int_equal(tw_get_int32(first->values[4]), -2);
    assert_true(tw_get_int64(first->values[5]) == INT64_MIN);
    assert_int_equal(tw_get_time(first->values[6]), 5);
    assert_null(first->values[7]);
    assert_int_equal(first->lengths[8], 2);
    assert_int_equal(first->lengths[9], TW_ARRAY_HEADER_BYTES + 2 * (TW_CELL_HEADER_BYTES + 2));
    for (int more = 0; more < 200; more++)
        assert_int_equal(tw_get_int64(list.statements[1 + more].values[0]), more);
    tw_arena_end(&arena);
}

static void a_full_arena_is_noticed_whatever_is_put_then(void **state)
{
    (void)state;
    struct tw_arena arena;
    struct tw_error err;
    struct tw_statement_list list;
    int64_t numbers[4096] = {0};
    assert_true(tw_arena_begin(&arena, 4096, &err));
    tw_statement_list_begin(&list, &arena);
    tw_statement_add(&list, TW_BARS_CUT); /* 64 of them do not fit */
    assert_true(list.full);
    tw_statement_put_time(&list, 1);
    tw_statement_put_int16(&list, 1);
    tw_statement_put_int32(&list, 1);
    tw_statement_put_int64(&list, 1);
    tw_statement_put_null(&list);
    tw_statement_put_int64s(&list, numbers, 4096);
    tw_arena_end(&arena);
    assert_true(tw_arena_begin(&arena, 1 << 16, &err));
    tw_statement_list_begin(&list, &arena);
    tw_statement_add(&list, TW_IDLE_CHECK);
    assert_false(list.full);
    tw_statement_put_int64s(&list, numbers, 4096);
    assert_true(list.full);
    tw_statement_put_int64(&list, 1);
    assert_true(list.full);
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_stand_in_the_order_in_which_they_were_put),
        cmocka_unit_test(a_full_arena_is_noticed_whatever_is_put_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
