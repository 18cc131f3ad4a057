/* unfiled_queue: documents of rows that lie over each other are filed in one order, wherever reading ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evaluate/unfiled_queue.h"
#include "postgres/wire.h"
#include "store/unfiled.h"
#include "test_arena.h"

#define BAR_US (INT64_C(1795000000) * 1000000)
enum { UNFILED_ID, TOPIC_ID, TOPIC, PARTITION, DOCUMENTS, OFFSET, TIME, SKETCHES, COLUMNS };

/* ---- the vocabulary: rows as the server gives them ---- */

static PGresult *answer(void)
{
    static char name[] = "a";
    PGresAttDesc attributes[COLUMNS];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    memset(attributes, 0, sizeof attributes);
    for (int column = 0; column < COLUMNS; column++)
        attributes[column].name = name;
    assert_true(PQsetResultAttrs(result, COLUMNS, attributes));
    return result;
}

static void put(PGresult *result, int row, int column, int64_t value, int width)
{
    char bytes[8];
    if (width == 8)
        tw_put_int64(bytes, value);
    else if (width == 4)
        tw_put_int32(bytes, (int32_t)value);
    else
        tw_put_int16(bytes, (int16_t)value);
    assert_true(PQsetvalue(result, row, column, bytes, width));
}

/* A row of one partition, documents of which came at these microseconds of the bar; the first `filed` of
 * them do not wait any more. A topic's number is its name's letter. */
static void add_row(PGresult *result, const char *topic, int32_t partition, int64_t offset, uint32_t filed,
    uint32_t count, const int64_t *microseconds)
{
    struct tw_message messages[8];
    struct tw_document documents[8];
    uint32_t chosen[8], run_count;
    struct tw_unfiled_run *runs;
    char time[8];
    int row = PQntuples(result);
    for (uint32_t at = 0; at < count; at++) {
        messages[at] = (struct tw_message){.offset = offset + at};
        documents[at] = (struct tw_document){.message = &messages[at],
            .event_us = BAR_US + microseconds[at],
            .sketch = tw_text_of("0123456789abcdef")};
        chosen[at] = at;
    }
    assert_true(tw_unfiled_gather(documents, chosen, count, &arena, &runs, &run_count));
    assert_int_equal(run_count, 1);
    put(result, row, UNFILED_ID, 100 + row, 8);
    put(result, row, TOPIC_ID, topic[0], 2);
    assert_true(PQsetvalue(result, row, TOPIC, (char *)(uintptr_t)topic, 1));
    put(result, row, PARTITION, partition, 4);
    put(result, row, DOCUMENTS, count - filed, 4);
    put(result, row, OFFSET, offset + filed, 8);
    tw_put_time(time, BAR_US + microseconds[filed]);
    assert_true(PQsetvalue(result, row, TIME, time, 8));
    assert_true(
        PQsetvalue(result, row, SKETCHES, (char *)(uintptr_t)runs[0].bytes.bytes, (int)runs[0].bytes.length));
}

static struct tw_unfiled_queue read_rows(const PGresult *result, uint32_t most)
{
    struct tw_error err;
    struct tw_unfiled_queue queue;
    assert_true(tw_unfiled_queue_read(&queue, result, most, &arena, &err));
    return queue;
}

static void expect_documents(const struct tw_unfiled_queue *queue, uint32_t count, const int64_t *offsets)
{
    assert_int_equal(queue->count, count);
    for (uint32_t at = 0; at < count; at++)
        assert_int_equal(queue->documents[at].offset, offsets[at]);
}

static int64_t number_of(const char *array, uint32_t at)
{
    return tw_get_int64(array + TW_ARRAY_HEADER_BYTES + TW_CELL_HEADER_BYTES + at * 12);
}

/* ---- the stories ---- */

static void rows_of_several_partitions_are_one_queue_by_event_time(void **state)
{
    (void)state;
    PGresult *result = answer();
    add_row(result, "n", 0, 10, 0, 3, (int64_t[]){1, 4, 6});
    add_row(result, "n", 1, 20, 0, 3, (int64_t[]){2, 4, 5});
    struct tw_unfiled_queue queue = read_rows(result, 10);
    expect_documents(
        &queue, 6, (int64_t[]){10, 20, 11, 21, 22, 12}); /* at one time the lower partition first */
    assert_false(queue.more);
    assert_int_equal(queue.filed, 6);
    assert_int_equal(queue.documents[1].partition, 1);
    assert_int_equal(queue.documents[1].topic_id, 'n');
    assert_int_equal(queue.documents[1].sketch.length, 16);
    PQclear(result);
}

static void at_one_time_topics_come_by_name(void **state)
{
    (void)state;
    PGresult *result = answer();
    add_row(result, "b", 0, 10, 0, 2, (int64_t[]){1, 2});
    add_row(result, "a", 7, 20, 0, 1, (int64_t[]){2});
    struct tw_unfiled_queue queue = read_rows(result, 2);
    expect_documents(&queue, 3, (int64_t[]){10, 20, 11});
    PQclear(result);
}

static void documents_behind_the_first_of_a_row_that_was_not_read_wait_on(void **state)
{
    (void)state;
    PGresult *result = answer();
    struct tw_statement_list list;
    add_row(result, "n", 0, 10, 0, 2, (int64_t[]){1, 3});
    add_row(result, "n", 1, 20, 0, 3, (int64_t[]){2, 4, 8});
    add_row(result, "n", 2, 30, 0, 2, (int64_t[]){4, 9});
    struct tw_unfiled_queue queue = read_rows(result, 2);
    assert_true(queue.more);
    expect_documents(&queue, 5, (int64_t[]){10, 20, 11, 21, 22});
    assert_int_equal(queue.filed, 4); /* 21 comes before 30, which was not read; 22 may not */
    tw_statement_list_begin(&list, &arena);
    tw_statement_add(&list, TW_STORIES_FILE);
    tw_unfiled_queue_put(&queue, &list);
    const char *const *values = list.statements[0].values;
    assert_false(list.full);
    assert_int_equal(tw_get_time(values[0]), BAR_US + 1);
    assert_int_equal(tw_get_time(values[1]), BAR_US + 2);
    assert_int_equal(tw_get_int32(values[2] + 12), 1);
    assert_int_equal(number_of(values[2], 0), 100); /* done with */
    assert_int_equal(tw_get_int32(values[3] + 12), 1);
    assert_int_equal(number_of(values[3], 0), 101); /* of which one waits on: 22 */
    assert_int_equal(tw_get_int32(values[4] + TW_ARRAY_HEADER_BYTES + TW_CELL_HEADER_BYTES), 1);
    assert_int_equal(number_of(values[5], 0), 22);
    assert_int_equal(tw_get_time(values[6] + TW_ARRAY_HEADER_BYTES + TW_CELL_HEADER_BYTES), BAR_US + 8);
    PQclear(result);
}

static void what_is_filed_of_a_row_is_not_filed_again(void **state)
{
    (void)state;
    PGresult *result = answer();
    add_row(result, "n", 0, 10, 2, 4, (int64_t[]){1, 3, 3, 5});
    struct tw_unfiled_queue queue = read_rows(result, 1);
    expect_documents(&queue, 2, (int64_t[]){12, 13});
    assert_int_equal(queue.filed, 2);
    PQclear(result);
}

static void of_a_document_that_waits_twice_neither_holds_up_the_other(void **state)
{
    (void)state;
    PGresult *result = answer();
    add_row(result, "n", 0, 10, 0, 1, (int64_t[]){1});
    add_row(result, "n", 0, 10, 0, 1, (int64_t[]){1});
    struct tw_unfiled_queue queue = read_rows(result, 1);
    assert_true(queue.more);
    assert_int_equal(queue.filed, 1);
    queue = read_rows(result, 2);
    expect_documents(&queue, 2, (int64_t[]){10, 10});
    assert_int_equal(queue.filed, 2);
    PQclear(result);
}

static void a_row_that_holds_other_than_it_says_is_refused(void **state)
{
    (void)state;
    static const int32_t counts[] = {0, 2, 4};
    for (size_t at = 0; at < sizeof counts / sizeof counts[0]; at++) {
        PGresult *result = answer();
        struct tw_error err;
        struct tw_unfiled_queue queue;
        add_row(result, "n", 0, 10, 0, 3, (int64_t[]){1, 2, 3});
        put(result, 0, DOCUMENTS, counts[at], 4);
        assert_false(tw_unfiled_queue_read(&queue, result, 1, &arena, &err));
        assert_int_equal(err.code, TW_CONFIG);
        PQclear(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_several_partitions_are_one_queue_by_event_time),
        cmocka_unit_test(at_one_time_topics_come_by_name),
        cmocka_unit_test(documents_behind_the_first_of_a_row_that_was_not_read_wait_on),
        cmocka_unit_test(what_is_filed_of_a_row_is_not_filed_again),
        cmocka_unit_test(of_a_document_that_waits_twice_neither_holds_up_the_other),
        cmocka_unit_test(a_row_that_holds_other_than_it_says_is_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
