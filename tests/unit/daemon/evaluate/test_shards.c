/* shards: dealt out among those alive, held when the row is ours, those furthest behind first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document.h"
#include "evaluate/shards.h"
#include "postgres/wire.h"

/* ---- the vocabulary: answers as the server gives them ---- */

static PGresult *answer(int columns)
{
    PGresAttDesc attributes[3] = {{.name = (char[]){"a"}}, {.name = (char[]){"b"}}, {.name = (char[]){"c"}}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    assert_true(PQsetResultAttrs(result, columns, attributes));
    return result;
}

static void put(PGresult *result, int row, int column, const void *bytes, int length)
{
    char copy[16];
    memcpy(copy, bytes, (size_t)length);
    assert_true(PQsetvalue(result, row, column, copy, length));
}

static void take_in(struct tw_shards *shards, enum tw_statement statement, PGresult *result)
{
    tw_shards_row(shards, statement, result);
    PQclear(result);
}

/* Alive are `count` members; ours is the one at `place`, -1: not among them. */
static void alive(struct tw_shards *shards, int count, int place)
{
    PGresult *result = answer(1);
    for (int row = 0; row < count; row++) {
        unsigned char other[16] = {(unsigned char)(row + 1)};
        put(result, row, 0, row == place ? shards->member : other, 16);
    }
    take_in(shards, TW_MEMBERS_READ, result);
}

static void taken(struct tw_shards *shards, int16_t shard, int64_t epoch, int64_t evaluated_us)
{
    PGresult *result = answer(3);
    char number[2], count[8], time[8];
    tw_put_int16(number, shard);
    tw_put_int64(count, epoch);
    tw_put_time(time, evaluated_us);
    put(result, 0, 0, number, 2);
    put(result, 0, 1, count, 8);
    if (evaluated_us == TW_NO_TIME)
        assert_true(PQsetvalue(result, 0, 2, NULL, -1));
    else
        put(result, 0, 2, time, 8);
    take_in(shards, TW_SHARDS_TAKE, result);
}

static int wanted(const struct tw_shards *shards)
{
    int count = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        count += shards->shards[shard].wanted;
    return count;
}

static struct tw_shards begun(void)
{
    struct tw_shards shards;
    struct tw_error err;
    assert_true(tw_shards_begin(&shards, &err));
    return shards;
}

/* ---- the stories ---- */

static void every_shard_is_dealt_to_exactly_one_of_those_alive(void **state)
{
    (void)state;
    for (int count = 1; count <= 70; count++) {
        int owners[TW_SHARDS] = {0};
        for (int place = 0; place < count; place++) {
            struct tw_shards shards = begun();
            alive(&shards, count, place);
            for (int shard = 0; shard < TW_SHARDS; shard++)
                owners[shard] += shards.shards[shard].wanted;
        }
        for (int shard = 0; shard < TW_SHARDS; shard++)
            assert_int_equal(owners[shard], 1);
    }
}

static void who_is_not_among_those_alive_wants_nothing(void **state)
{
    (void)state;
    struct tw_shards shards = begun();
    alive(&shards, 1, 0);
    assert_int_equal(wanted(&shards), TW_SHARDS);
    alive(&shards, 2, -1);
    assert_int_equal(wanted(&shards), 0);
    alive(&shards, 0, -1);
    assert_int_equal(wanted(&shards), 0);
}

/* A trigger that keeps rows out of `members` would leave all shards to nobody, and every daemon content. */
static void whose_signs_of_life_are_not_heard_is_not_settled(void **state)
{
    (void)state;
    struct tw_shards shards = begun();
    alive(&shards, 0, -1);
    take_in(&shards, TW_SHARDS_TAKE, answer(3));
    tw_shards_taken(&shards);
    assert_true(tw_shards_unsettled(&shards));
    tw_shards_lose(&shards);
    assert_false(tw_shards_unsettled(&shards)); /* until it is heard of anew */
}

static void a_shard_is_held_when_its_row_is_ours(void **state)
{
    (void)state;
    struct tw_shards shards = begun();
    assert_false(tw_shards_unsettled(&shards));
    alive(&shards, 64, 5);
    assert_true(tw_shards_unsettled(&shards));
    take_in(&shards, TW_SHARDS_TAKE, answer(3)); /* another still has it */
    assert_true(tw_shards_unsettled(&shards));
    assert_int_equal(tw_shards_held(&shards), 0);
    taken(&shards, 5, 3, TW_NO_TIME);
    tw_shards_taken(&shards);
    assert_false(tw_shards_unsettled(&shards));
    assert_int_equal(tw_shards_held(&shards), 1);
    alive(&shards, 64, 6); /* dealt to others now */
    assert_true(tw_shards_unsettled(&shards));
    tw_shards_lose(&shards);
    assert_int_equal(tw_shards_held(&shards), 0);
    assert_false(tw_shards_unsettled(&shards));
}

/* What the books say is not what the rows say: a shard that is not ours any more must not stay in
 * our name. */
static void a_refused_take_or_release_is_made_up_for(void **state)
{
    (void)state;
    struct tw_shards shards = begun();
    alive(&shards, 64, 5);
    taken(&shards, 5, 3, TW_NO_TIME);
    tw_shards_not_taken(&shards); /* the transaction failed behind that answer */
    assert_int_equal(tw_shards_held(&shards), 0);
    alive(&shards, 70, 66); /* more members than shards */
    assert_true(tw_shards_unsettled(&shards));
    tw_shards_taken(&shards);
    assert_false(tw_shards_unsettled(&shards));
}

static void a_turn_is_of_the_shards_that_are_furthest_behind(void **state)
{
    (void)state;
    struct tw_shards shards = begun();
    struct tw_shards_chosen chosen;
    bool all[TW_SHARDS];
    memset(all, true, sizeof all);
    assert_false(tw_shards_choose(&shards, all, TW_SHARDS, &chosen));
    taken(&shards, 1, 11, 30000000);
    taken(&shards, 2, 12, 20000000);
    taken(&shards, 9, 19, 20000000);
    assert_true(tw_shards_choose(&shards, all, TW_SHARDS, &chosen));
    assert_int_equal(chosen.count, 2);
    assert_int_equal(chosen.from_us, 20000000);
    assert_int_equal(chosen.numbers[0], 2);
    assert_int_equal(chosen.epochs[1], 19);
    tw_shards_moved(&shards, &chosen, 30000000);
    assert_true(tw_shards_choose(&shards, all, TW_SHARDS, &chosen));
    assert_int_equal(chosen.count, 3);
    taken(&shards, 40, 1, TW_NO_TIME); /* never evaluated is furthest behind */
    assert_true(tw_shards_choose(&shards, all, TW_SHARDS, &chosen));
    assert_int_equal(chosen.count, 1);
    assert_true(chosen.from_us == TW_NO_TIME);
    all[40] = false; /* not to be evaluated yet */
    assert_true(tw_shards_choose(&shards, all, 2, &chosen));
    assert_int_equal(chosen.count, 2);
    assert_int_equal(chosen.from_us, 30000000);
    assert_int_equal(chosen.numbers[1], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shard_is_dealt_to_exactly_one_of_those_alive),
        cmocka_unit_test(who_is_not_among_those_alive_wants_nothing),
        cmocka_unit_test(whose_signs_of_life_are_not_heard_is_not_settled),
        cmocka_unit_test(a_shard_is_held_when_its_row_is_ours),
        cmocka_unit_test(a_refused_take_or_release_is_made_up_for),
        cmocka_unit_test(a_turn_is_of_the_shards_that_are_furthest_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
