/* positions: which partition of a topic nobody owns, by the rows of those that are owned. How event
 * time comes of the rows, tests/unit/pipelines/test_watermark.c shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evaluate/standing.h"
#include "postgres/wire.h"

enum { COLUMNS = 9, STALE_US = 5000000 };

struct row {
    const char *topic;
    int32_t number;
    int64_t unseen_us;
};

static void put(PGresult *result, int row, int column, const char *bytes, int length)
{
    char copy[16];
    memcpy(copy, bytes, (size_t)length);
    assert_true(PQsetvalue(result, row, column, copy, length));
}

/* As the server answers TW_POSITIONS_READ. */
static PGresult *answer(const struct row *rows, int count)
{
    char name[] = "c";
    PGresAttDesc attributes[COLUMNS] = {0};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    for (int column = 0; column < COLUMNS; column++)
        attributes[column].name = name;
    assert_true(PQsetResultAttrs(result, COLUMNS, attributes));
    for (int row = 0; row < count; row++) {
        char number[4], unseen[8];
        tw_put_int32(number, rows[row].number);
        tw_put_int64(unseen, rows[row].unseen_us);
        put(result, row, 0, "\0\1", 2);
        put(result, row, 1, number, 4);
        put(result, row, 2, "\0\0\0\0\0\0\0\7", 8);
        assert_true(PQsetvalue(result, row, 3, NULL, -1));
        put(result, row, 4, "\0", 1);
        put(result, row, 5, "\0\0\0\0\0\0\0\0", 8);
        put(result, row, 6, unseen, 8);
        put(result, row, 7, "\0\0\0\0\0\0\0\0", 8);
        assert_true(
            PQsetvalue(result, row, 8, (char *)(uintptr_t)rows[row].topic, (int)strlen(rows[row].topic)));
    }
    return result;
}

/* In Kafka `news` has four partitions; of `posts` nobody says how many. None is this daemon's. */
static bool is_there(void *context, const char *topic, const struct tw_unowned_partition *partition)
{
    (void)context;
    return strcmp(topic, "news") == 0 ? partition->number < 4 : partition->has_row;
}

static const char *const names[] = {"news", "posts"};
static const struct tw_strings topics = {names, 2};

/* Who is found, with rows as these; an empty topic: nobody. */
static struct tw_holder look(const struct row *rows, int count)
{
    const struct tw_watermark_options options = {.stale_after_us = STALE_US};
    struct tw_arena arena = {0};
    struct tw_standing standing = {0};
    struct tw_positions positions;
    struct tw_error err;
    PGresult *result = answer(rows, count);
    assert_true(tw_arena_begin(&arena, 1 << 20, &err));
    assert_true(tw_positions_row(&positions, &topics, result, &options, &arena, &err));
    PQclear(result);
    tw_standing_unowned(&standing, &positions, &topics, is_there, NULL);
    assert_true(standing.unowned.looked_ms > 0);
    tw_arena_end(&arena);
    return standing.unowned.partition;
}

static void where_each_has_a_row_that_is_told_of_nobody_is_missed(void **state)
{
    static const struct row rows[] = {{"posts", 1, 900000}, {"news", 2, 0}, {"news", 0, 0}, {"news", 3, 0},
        {"posts", 0, STALE_US}, {"news", 1, 0}};
    (void)state;
    assert_string_equal(look(rows, 6).topic, "");
}

static void a_partition_that_was_added_and_that_nobody_took_is_found(void **state)
{
    static const struct row rows[] = {
        {"news", 0, 0}, {"news", 1, 0}, {"news", 2, 0}, {"posts", 0, 0}, {"posts", 1, 0}};
    struct tw_holder found = look(rows, 5);
    (void)state;
    assert_string_equal(found.topic, "news");
    assert_int_equal(found.number, 3);
    found = look(rows, 0);
    assert_string_equal(found.topic, "news");
    assert_int_equal(found.number, 0);
}

static void a_partition_whose_owner_is_silent_is_found(void **state)
{
    static const struct row rows[] = {{"news", 0, 0}, {"news", 1, 0}, {"news", 2, 0}, {"news", 3, 0},
        {"posts", 0, 0}, {"posts", 1, STALE_US + 1}};
    struct tw_holder found = look(rows, 6);
    (void)state;
    assert_string_equal(found.topic, "posts");
    assert_int_equal(found.number, 1);
}

/* What Kafka does not have is another matter: `reset --forget`. */
static void rows_of_partitions_that_are_gone_are_nobodys_business(void **state)
{
    static const struct row rows[] = {{"news", 0, 0}, {"news", 1, 0}, {"news", 2, 0}, {"news", 3, 0},
        {"news", 4, 99 * STALE_US}, {"posts", 0, 0}};
    (void)state;
    assert_string_equal(look(rows, 6).topic, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_each_has_a_row_that_is_told_of_nobody_is_missed),
        cmocka_unit_test(a_partition_that_was_added_and_that_nobody_took_is_found),
        cmocka_unit_test(a_partition_whose_owner_is_silent_is_found),
        cmocka_unit_test(rows_of_partitions_that_are_gone_are_nobodys_business),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
