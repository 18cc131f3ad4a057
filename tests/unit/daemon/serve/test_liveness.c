/* liveness: records that wait while nothing is committed are told by the time since the last commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "serve/liveness.h"

static void commits_that_go_on_are_progress_however_much_waits(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    for (uint64_t second = 0; second < 100; second++) {
        tw_liveness_note(&liveness, TW_BACKLOG_WAITS, second, second * 1000);
        assert_int_equal(
            tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, second, second * 1000 + 900), 900);
    }
}

static void without_a_commit_the_wait_grows_until_the_next_one(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    tw_liveness_note(&liveness, TW_BACKLOG_WAITS, 7, 1000);
    for (uint64_t second = 2; second < 30; second++)
        tw_liveness_note(&liveness, TW_BACKLOG_WAITS, 7, second * 1000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 7, 30000), 29000);
    /* Who asks between two seconds hears of a commit at once. */
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 8, 30000), 0);
    tw_liveness_note(&liveness, TW_BACKLOG_WAITS, 8, 30000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 8, 30500), 500);
}

static void nothing_that_waits_is_no_fault_and_waiting_counts_from_when_it_begins(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    for (uint64_t second = 1; second < 100; second++)
        tw_liveness_note(&liveness, TW_BACKLOG_NONE, 3, second * 1000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_NONE, 3, 99900), 0);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 3, 99900), 900);
    tw_liveness_note(&liveness, TW_BACKLOG_WAITS, 3, 100000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 3, 101000), 2000);
}

static void whoever_is_thrown_out_of_the_group_again_and_again_does_not_begin_anew(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    tw_liveness_note(&liveness, TW_BACKLOG_UNKNOWN, 0, 500000); /* joining, long after the machine started */
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 0, 501000), 1000);
    for (uint64_t second = 501; second < 520; second++)
        tw_liveness_note(&liveness, second % 5 ? TW_BACKLOG_WAITS : TW_BACKLOG_UNKNOWN, 0, second * 1000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_WAITS, 0, 520000), 20000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, TW_BACKLOG_UNKNOWN, 0, 520000), 0);
}

/* A stored batch, a letter a record: g is stored, s stood there already, d a dead letter, p refused by
 * PostgreSQL, t a tick; a is stored and u a tick, whose times are too far ahead. */
static void note(struct tw_partition *partition, const char *letters, uint64_t now_ms)
{
    static const struct tw_message message = {.stamp_us = INT64_C(1794990000000000)};
    static struct tw_error refusal = {.code = TW_REFUSED, .what = "no text", .cure = "send one"};
    struct tw_document documents[16];
    uint8_t kept[16];
    struct tw_rows rows = {.documents = documents, .document_count = (uint32_t)strlen(letters)};
    assert_true(rows.document_count <= 16);
    for (uint32_t at = 0; at < rows.document_count; at++) {
        const char letter = letters[at];
        documents[at] = (struct tw_document){.message = &message,
            .event_us = INT64_C(1795000000000000),
            .fate = letter == 'd'                    ? TW_FATE_DEAD_LETTER
                    : letter == 't' || letter == 'u' ? TW_FATE_TICK
                                                     : TW_FATE_STORED,
            .moves_watermark = letter == 'g' || letter == 's' || letter == 't',
            .refusal = letter == 'd' || letter == 'p' ? &refusal : NULL};
        kept[at] = letter == 'g' || letter == 'a';
    }
    tw_liveness_note_records(partition, &rows, kept, now_ms);
}

static void nothing_but_dead_letters_for_a_minute_is_a_fault(void **state)
{
    static const char *const letters[] = {"dddddddddd", "pppppppppp"};
    (void)state;
    for (size_t who = 0; who < 2; who++) {
        struct tw_partition partition = {.topic = "news"};
        for (uint64_t second = 1; second <= 60; second++) {
            note(&partition, letters[who], second * 1000);
            assert_false(tw_liveness_is_bad(&partition.refused)); /* 600 of them, and no minute yet */
        }
        note(&partition, letters[who], 61000);
        assert_true(tw_liveness_is_bad(&partition.refused));
        assert_string_equal(partition.refused.why, "no text; cure: send one");
        note(&partition, "ttss", 90000); /* ticks, and what stood there already, say nothing */
        assert_true(tw_liveness_is_bad(&partition.refused));
        assert_false(tw_liveness_is_bad(&partition.ahead));
        note(&partition, "dddddgdddd", 91000); /* one document is enough */
        assert_false(tw_liveness_is_bad(&partition.refused));
        assert_int_equal(partition.refused.records, 0);
    }
}

static void a_burst_of_dead_letters_or_a_few_of_them_are_none(void **state)
{
    (void)state;
    struct tw_partition partition = {.topic = "news"};
    for (int batch = 0; batch < 500; batch++)
        note(&partition, "dddddddddd", 1000);
    note(&partition, "ggg", 2000);
    assert_false(tw_liveness_is_bad(&partition.refused));
    for (uint64_t hour = 1; hour <= 24; hour++)
        note(&partition, "dddd", hour * 3600000);
    assert_false(tw_liveness_is_bad(&partition.refused)); /* 96 in a day */
    note(&partition, "dddd", UINT64_C(25) * 3600000);
    assert_true(tw_liveness_is_bad(&partition.refused));
}

/* Each of them is stored, and none moves event time: no bar closes. */
static void nothing_but_times_too_far_ahead_is_a_fault(void **state)
{
    (void)state;
    struct tw_partition partition = {.topic = "news"};
    for (uint64_t second = 1; second <= 60; second++)
        note(&partition, "aauaa", second * 1000);
    assert_false(tw_liveness_is_bad(&partition.ahead));
    note(&partition, "aadda", 61000); /* what is refused says nothing of times */
    assert_true(tw_liveness_is_bad(&partition.ahead));
    assert_false(tw_liveness_is_bad(&partition.refused));
    assert_string_equal(partition.ahead.why,
        "2026-11-18T11:06:40Z with a record's stamp of 2026-11-18T08:20:00Z; cure: check the sender's clock, "
        "decode.time_zone and decode.time_unit, or raise watermark.max_ahead");
    note(&partition, "dddss", 90000);
    assert_true(tw_liveness_is_bad(&partition.ahead));
    note(&partition, "t", 91000); /* a tick moves it */
    assert_false(tw_liveness_is_bad(&partition.ahead));
}

static const struct tw_partition waiting = {.topic = "news",
    .state = TW_PARTITION_READING,
    .row_offset = 100,
    .expected_offset = 180,
    .end_offset = 400};

static void a_partition_whose_records_stand_while_others_have_their_turns_is_left_behind(void **state)
{
    (void)state;
    struct tw_partition partition = waiting;
    tw_liveness_note_partition(&partition, 1000, 50000);
    for (uint64_t second = 51; second < 65; second++)
        tw_liveness_note_partition(&partition, 1100, second * 1000);
    assert_false(tw_liveness_is_left_behind(&partition, 1100, 4, 63999));
    assert_true(tw_liveness_is_left_behind(&partition, 1100, 4, 64000));
    assert_false(tw_liveness_is_left_behind(&partition, 1011, 4, 64000)); /* a slow model: not thrice yet */
    assert_true(tw_liveness_is_left_behind(&partition, 1012, 4, 64000));
    partition.expected_offset = 100; /* nothing has come: another reason (source/reasons.h) */
    assert_false(tw_liveness_is_left_behind(&partition, 1100, 4, 64000));
    partition.expected_offset = 180;
    partition.row_offset = 120;
    assert_false(tw_liveness_is_left_behind(&partition, 1100, 4, 64000)); /* at once, before the next look */
    tw_liveness_note_partition(&partition, 1100, 65000);
    assert_false(tw_liveness_is_left_behind(&partition, 1300, 4, 78999));
    assert_true(tw_liveness_is_left_behind(&partition, 1300, 4, 79000));
    partition.caught_up = true;
    assert_false(tw_liveness_is_left_behind(&partition, 1300, 4, 79000));
}

static void a_new_owner_goes_on_from_where_the_row_had_stood(void **state)
{
    (void)state;
    struct tw_partition taken = waiting;
    taken.stood_ms = 12000;
    taken.state = TW_PARTITION_TAKING;
    tw_liveness_note_partition(&taken, 7, 100000);
    taken.state = TW_PARTITION_READING;
    taken.end_offset = -1; /* how much waits is not known yet */
    tw_liveness_note_partition(&taken, 7, 100000);
    taken.end_offset = 400;
    tw_liveness_note_partition(&taken, 7, 101000);
    assert_false(tw_liveness_is_left_behind(&taken, 30, 2, 102999));
    assert_true(tw_liveness_is_left_behind(&taken, 30, 2, 103000));
    struct tw_partition idle = waiting; /* nothing had waited all night */
    idle.stood_ms = 36000000;
    idle.end_offset = idle.expected_offset = 100;
    tw_liveness_note_partition(&idle, 7, 101000);
    idle.end_offset = idle.expected_offset = 101;
    tw_liveness_note_partition(&idle, 7, 102000);
    assert_false(tw_liveness_is_left_behind(&idle, 30, 2, 103000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_that_go_on_are_progress_however_much_waits),
        cmocka_unit_test(without_a_commit_the_wait_grows_until_the_next_one),
        cmocka_unit_test(nothing_but_dead_letters_for_a_minute_is_a_fault),
        cmocka_unit_test(a_burst_of_dead_letters_or_a_few_of_them_are_none),
        cmocka_unit_test(nothing_but_times_too_far_ahead_is_a_fault),
        cmocka_unit_test(nothing_that_waits_is_no_fault_and_waiting_counts_from_when_it_begins),
        cmocka_unit_test(whoever_is_thrown_out_of_the_group_again_and_again_does_not_begin_anew),
        cmocka_unit_test(a_partition_whose_records_stand_while_others_have_their_turns_is_left_behind),
        cmocka_unit_test(a_new_owner_goes_on_from_where_the_row_had_stood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
