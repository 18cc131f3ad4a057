/* partitions: entries come and go; the table of moves is the drawing; what a message's offset means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drawing.h"
#include "source/partitions.h"

static void the_table_of_moves_is_what_is_drawn(void **state)
{
    (void)state;
    drawing_agrees("daemon/partition.h", &tw_partition_machine);
}

static void an_entry_is_found_by_its_assignment_which_is_never_used_twice(void **state)
{
    (void)state;
    struct tw_partitions partitions = {0};
    struct tw_partition *old = &tw_partitions_add(&partitions, "news", 3, TW_PARTITION_TAKING)->base;
    struct tw_partition *anew = &tw_partitions_add(&partitions, "news", 3, TW_PARTITION_FENCED)->base;
    uint64_t first = old->assignment;
    assert_ptr_equal(partitions.first, anew);
    assert_ptr_equal(tw_partitions_find(&partitions, first), old);
    assert_int_equal(tw_partitions_count(&partitions, TW_PARTITION_FENCED), 1);
    tw_partitions_remove(&partitions, old);
    assert_null(tw_partitions_find(&partitions, first));
    struct tw_partition *third = &tw_partitions_add(&partitions, "news", 3, TW_PARTITION_TAKING)->base;
    assert_true(third->assignment > anew->assignment && anew->assignment > first);
    tw_partitions_remove(&partitions, anew);
    tw_partitions_remove(&partitions, third);
    assert_null(partitions.first);
}

static void a_new_entry_knows_no_offset(void **state)
{
    (void)state;
    struct tw_partitions partitions = {0};
    struct tw_partition *partition = &tw_partitions_add(&partitions, "news", 0, TW_PARTITION_TAKING)->base;
    assert_int_equal(partition->row_offset, -1);
    assert_int_equal(partition->expected_offset, -1);
    assert_int_equal(partition->cut_offset, -1);
    assert_int_equal(tw_partition_lag(partition), -1);
    assert_false(tw_partition_is_readable(partition));
    tw_partitions_remove(&partitions, partition);
}

static void offsets_below_the_expected_one_are_repeats_and_jumps_are_gaps(void **state)
{
    (void)state;
    struct tw_partition partition = {.expected_offset = 100};
    int64_t missing = 0;
    assert_int_equal(tw_partition_guard(&partition, 100, &missing), TW_GUARD_NEXT);
    assert_int_equal(tw_partition_guard(&partition, 99, &missing), TW_GUARD_REPEAT);
    assert_int_equal(tw_partition_guard(&partition, 0, &missing), TW_GUARD_REPEAT);
    assert_int_equal(tw_partition_guard(&partition, 103, &missing), TW_GUARD_GAP);
    assert_int_equal(missing, 3);
    partition.expected_offset = -1;
    assert_int_equal(tw_partition_guard(&partition, 42, &missing), TW_GUARD_NEXT);
}

static void lag_is_what_lies_between_row_and_end_and_nothing_when_caught_up(void **state)
{
    (void)state;
    struct tw_partition partition = {.row_offset = 40, .end_offset = 42};
    assert_int_equal(tw_partition_lag(&partition), 2);
    partition.caught_up = true; /* markers of a transaction stand at the end */
    assert_int_equal(tw_partition_lag(&partition), 0);
    partition = (struct tw_partition){.row_offset = -1, .end_offset = 42};
    assert_int_equal(tw_partition_lag(&partition), 42);
    partition.end_offset = -1;
    assert_int_equal(tw_partition_lag(&partition), -1);
    partition = (struct tw_partition){.row_offset = 50, .end_offset = 42};
    assert_int_equal(tw_partition_lag(&partition), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_what_is_drawn),
        cmocka_unit_test(an_entry_is_found_by_its_assignment_which_is_never_used_twice),
        cmocka_unit_test(a_new_entry_knows_no_offset),
        cmocka_unit_test(offsets_below_the_expected_one_are_repeats_and_jumps_are_gaps),
        cmocka_unit_test(lag_is_what_lies_between_row_and_end_and_nothing_when_caught_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
