/* reasons: what keeps the source from being ready is named, partition by partition, the gravest first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "config/config.h"
#include "source/reasons.h"

static const struct tw_config config = {.kafka = {.group = "desk"}};

static void a_member_with_partitions_that_are_read_is_ready(void **state)
{
    (void)state;
    char why[1024];
    struct tw_group group = {.config = &config, .state = TW_GROUP_ASSIGNED};
    struct tw_partition paused = {.topic = "news", .state = TW_PARTITION_PAUSED};
    struct tw_partition leaving = {.topic = "news", .state = TW_PARTITION_LEAVING, .next = &paused};
    struct tw_partitions partitions = {.first = &leaving};
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_string_equal(why, "");
}

static void every_partition_that_is_not_read_is_named_the_gravest_first(void **state)
{
    (void)state;
    char why[1024];
    struct tw_group group = {.config = &config, .state = TW_GROUP_OUTSIDE};
    struct tw_partition taking = {.topic = "news", .number = 1, .state = TW_PARTITION_TAKING};
    struct tw_partition fenced = {
        .topic = "news", .number = 2, .state = TW_PARTITION_FENCED, .next = &taking};
    struct tw_partition stranded = {
        .topic = "news", .number = 3, .row_offset = 5000, .state = TW_PARTITION_STRANDED, .next = &fenced};
    struct tw_partitions partitions = {.first = &stranded};
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_string_equal(why, "topic news partition 3 is stranded at offset 5000\n"
                             "topic news partition 2 is fenced off: its row is another's, it is taken again\n"
                             "topic news partition 1 is being taken\n"
                             "joining group desk\n");
}

static void a_refusal_by_the_broker_is_told_apart_from_patience(void **state)
{
    (void)state;
    char why[1024];
    struct tw_group group = {
        .config = &config, .state = TW_GROUP_OUTSIDE, .refusal = TW_GROUP_LOG_IN_REFUSED};
    struct tw_partitions partitions = {0};
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_string_equal(why, "refused by the broker, group desk\n");
    group.refusal = TW_GROUP_MIXED;
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(
        strstr(why, "members of group desk share no partition.assignment.strategy with this daemon"));
}

static void a_partition_that_is_read_and_from_which_nothing_comes_is_named(void **state)
{
    (void)state;
    char why[1024];
    uint64_t now = tw_now_ms();
    struct tw_group group = {.config = &config, .state = TW_GROUP_ASSIGNED};
    struct tw_owned_partition silent = {.base = {.topic = "news",
                                            .number = 4,
                                            .state = TW_PARTITION_READING,
                                            .expected_offset = 100,
                                            .end_offset = 350,
                                            .last_message_ms = now - 60000,
                                            .moved_ms = now - 20500},
        .taken_at_ms = now - 20500};
    struct tw_partitions partitions = {.first = &silent.base};
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_string_equal(why,
        "topic news partition 4: 250 records wait in Kafka and none has come for 20 s; cure: see that its "
        "leader answers, and what the log says of it\n");
    /* Not those that may not be read, that were read a moment ago, or have nothing left. */
    silent.base.state = TW_PARTITION_PAUSED;
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
    silent.base.state = TW_PARTITION_READING;
    silent.base.moved_ms = now - 1000;
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
    silent.base.moved_ms = now - 5000; /* after a pause: what was silent before it is silent still */
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(strstr(why, "none has come for 20 s"));
    silent.base.moved_ms = now - 20500;
    silent.at_end = true;
    silent.end_event_offset = 350;
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
    /* librdkafka calls it the end, and Kafka holds more. */
    silent.end_event_offset = 100;
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(strstr(why, "a transaction is open before them: end it"));
}

/* A database that refuses for a while stops all reading; what nobody could read before it did is told on. */
static void no_pause_hides_a_transaction_that_is_open(void **state)
{
    (void)state;
    char why[1024];
    uint64_t now = tw_now_ms();
    struct tw_group group = {.config = &config, .state = TW_GROUP_ASSIGNED};
    struct tw_owned_partition held_up = {.base = {.topic = "news",
                                             .state = TW_PARTITION_PAUSED,
                                             .expected_offset = 100,
                                             .end_offset = 350,
                                             .last_message_ms = now - 20500,
                                             .moved_ms = now - 500},
        .taken_at_ms = now - 60000,
        .at_end = true,
        .end_event_offset = 100,
        .stable_offset = 100};
    struct tw_partitions partitions = {.first = &held_up.base};
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(strstr(why, "none has come for 20 s; cure: a transaction is open before them"));
    held_up.base.state = TW_PARTITION_READING; /* it goes on and stops again, and again */
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    held_up.base.state = TW_PARTITION_PAUSED;
    held_up.stable_offset = 200; /* it has ended: what waits now, waits for the pause to be over */
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
    held_up.stable_offset = -1; /* nobody has said */
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
}

/* Nothing is asked for, so no broker is silent and no record known to wait: only the log would tell. */
static void a_partition_that_is_taken_and_never_assigned_is_named(void **state)
{
    (void)state;
    char why[1024];
    uint64_t now = tw_now_ms();
    struct tw_group group = {.config = &config, .state = TW_GROUP_SETTLING};
    struct tw_partition taken = {
        .topic = "news", .number = 4, .state = TW_PARTITION_TAKEN, .moved_ms = now - 1000};
    struct tw_partitions partitions = {.first = &taken};
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why)); /* as at each rebalance */
    taken.moved_ms = now - 20500;
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(strstr(why, "topic news partition 4 is taken, and has not been read for 20 s"));
}

static void owners_who_take_a_partition_from_each_other_do_not_begin_to_wait_anew(void **state)
{
    (void)state;
    char why[1024];
    uint64_t now = tw_now_ms();
    struct tw_group group = {.config = &config, .state = TW_GROUP_ASSIGNED};
    struct tw_owned_partition taken = {.base = {.topic = "news",
                                           .state = TW_PARTITION_READING,
                                           .expected_offset = 100,
                                           .end_offset = 350,
                                           .stood_ms = 13000,
                                           .last_message_ms = now - 3000,
                                           .moved_ms = now - 2500},
        .taken_at_ms = now - 2900};
    struct tw_partitions partitions = {.first = &taken.base};
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(strstr(why, "none has come for 15 s"));
    taken.base.moved_ms = now - 1500; /* what stood in Kafka has not had the time to come */
    assert_true(tw_reasons_write(&group, &partitions, why, sizeof why));
}

static void what_is_too_much_to_name_is_counted_and_nothing_is_written_beyond_the_end(void **state)
{
    (void)state;
    enum { MANY = 100 };
    static struct tw_partition all[MANY];
    char why[4096];
    struct tw_group group = {.config = &config, .state = TW_GROUP_ASSIGNED};
    for (int at = 0; at < MANY; at++)
        all[at] = (struct tw_partition){.topic = "news",
            .number = at,
            .state = TW_PARTITION_FENCED,
            .next = at + 1 < MANY ? &all[at + 1] : NULL};
    struct tw_partitions partitions = {.first = all};
    assert_false(tw_reasons_write(&group, &partitions, why, sizeof why));
    assert_non_null(strstr(why, "partition 15 is fenced off"));
    assert_null(strstr(why, "partition 16 "));
    assert_non_null(strstr(why, "\nand 84 more\n"));
    memset(why, 'x', sizeof why);
    assert_false(tw_reasons_write(&group, &partitions, why, 100));
    assert_true(memchr(why, '\0', 100) != NULL);
    assert_int_equal(why[100], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_with_partitions_that_are_read_is_ready),
        cmocka_unit_test(every_partition_that_is_not_read_is_named_the_gravest_first),
        cmocka_unit_test(a_refusal_by_the_broker_is_told_apart_from_patience),
        cmocka_unit_test(a_partition_that_is_read_and_from_which_nothing_comes_is_named),
        cmocka_unit_test(no_pause_hides_a_transaction_that_is_open),
        cmocka_unit_test(a_partition_that_is_taken_and_never_assigned_is_named),
        cmocka_unit_test(owners_who_take_a_partition_from_each_other_do_not_begin_to_wait_anew),
        cmocka_unit_test(what_is_too_much_to_name_is_counted_and_nothing_is_written_beyond_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
