/* encode: rows as PostgreSQL's binary parameters. What the server makes of them,
 * tests/integration/c/test_store.c sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/shard.h"
#include "batches.h"
#include "postgres/wire.h"
#include "store/keyset.h"

static const struct batch_shape five = {.documents = 5,
    .text_bytes = 40,
    .entities = 4,
    .scores_in_two = 3,
    .first_event_us = INT64_C(1795000000000000),
    .step_us = 4000000,
    .rows_per_statement = 2,
    .poison = UINT32_MAX,
    .dead = UINT32_MAX};

static struct tw_partition partition = {.number = 7, .topic = "t"};

static struct tw_batch *make(const struct batch_shape *shape)
{
    struct tw_error err;
    struct tw_batch *batch = batches_make(shape, &partition, 100, &err);
    assert_non_null(batch);
    return batch;
}

static const struct tw_call *call_of(const struct tw_encoded *encoded, enum tw_statement statement, int which)
{
    for (uint32_t at = 0; at < encoded->call_count; at++)
        if (encoded->calls[at].statement == statement && which-- == 0)
            return &encoded->calls[at];
    fail_msg("no such call");
    return NULL;
}

static uint32_t calls_of(const struct tw_encoded *encoded, enum tw_statement statement)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < encoded->call_count; at++)
        count += encoded->calls[at].statement == statement;
    return count;
}

static void an_array_has_its_dimension_type_and_length_before_its_elements(void **state)
{
    (void)state;
    struct tw_batch *batch = make(&five);
    const struct tw_call *call = call_of(batch->encoded, TW_DOCUMENTS_INSERT, 0);
    const char *offsets = call->values[4];
    assert_int_equal(call->rows, 2);
    assert_int_equal(call->lengths[4], 20 + 2 * 12);
    assert_int_equal(tw_get_int32(offsets), 1);
    assert_int_equal(tw_get_int32(offsets + 4), 0);
    assert_int_equal(tw_get_int32(offsets + 8), TW_OID_INT8);
    assert_int_equal(tw_get_int32(offsets + 12), 2);
    assert_int_equal(tw_get_int32(offsets + 16), 1);
    assert_int_equal(tw_get_int32(offsets + 20), 8);
    assert_int_equal(tw_get_int64(offsets + 24), 100);
    assert_int_equal(tw_get_int64(offsets + 36), 101);
    batches_free(batch);
}

static void title_and_body_are_the_two_sides_of_the_space(void **state)
{
    (void)state;
    struct tw_batch *batch = make(&five);
    const struct tw_call *call = call_of(batch->encoded, TW_DOCUMENTS_INSERT, 0);
    assert_int_equal(tw_get_int32(call->values[18] + 20), 20);
    assert_int_equal(tw_get_int32(call->values[19] + 20), 40 - 20 - 1);
    assert_memory_equal(call->values[19] + 24, batch->rows.documents[0].text.bytes + 21, 19);
    batches_free(batch);
}

static void a_document_without_id_has_none_in_the_table_either(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 60000000};
    batch->rows.documents[1].id = (struct tw_text){0};
    assert_true(tw_encode_rows(&options, batch, 0, 5, &batch->arena, &batch->encoded, &err));
    const char *ids = call_of(batch->encoded, TW_DOCUMENTS_INSERT, 0)->values[15];
    int32_t first = tw_get_int32(ids + 20);
    assert_int_equal(tw_get_int32(ids + 4), 1); /* holds NULLs */
    assert_int_equal(tw_get_int32(ids + 24 + first), -1);
    batches_free(batch);
}

static void rows_are_cut_into_statements_of_the_size_asked_for(void **state)
{
    (void)state;
    struct tw_batch *batch = make(&five);
    assert_int_equal(calls_of(batch->encoded, TW_DOCUMENTS_INSERT), 3);
    assert_int_equal(calls_of(batch->encoded, TW_SCORES_INSERT), 4); /* 2 + 1 + 2 + 1 + 2 scores */
    assert_int_equal(batch->encoded->score_count, 8);
    assert_int_equal(call_of(batch->encoded, TW_DOCUMENTS_INSERT, 2)->rows, 1);
    batches_free(batch);
}

static void an_event_of_nobody_has_no_entity_and_one_of_a_skipped_document_no_row(void **state)
{
    (void)state;
    struct tw_error err;
    struct batch_shape shape = five;
    shape.events = 2;
    shape.rows_per_statement = 100;
    struct tw_batch *batch = make(&shape);
    const struct tw_call *call = call_of(batch->encoded, TW_EVENTS_INSERT, 0);
    assert_int_equal(call->rows, 4);
    int entity = tw_sql_parameter(&tw_sql_tables[TW_SQL_EVENTS], "entity");
    const char *entities = call->values[entity];
    int32_t first = tw_get_int32(entities + 20);
    assert_int_equal(tw_get_int32(entities + 4), 1); /* holds NULLs */
    assert_int_equal(first, batch->rows.documents[0].entities[0].symbol.length);
    assert_int_equal(tw_get_int32(entities + 24 + first), -1);
    const uint8_t skip[5] = {1};
    const struct tw_encode_part part = {.first = 0, .count = 5, .skip = skip};
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 60000000};
    assert_true(tw_encode_part(&options, batch, &part, &batch->arena, &batch->encoded, &err));
    assert_int_equal(call_of(batch->encoded, TW_EVENTS_INSERT, 0)->rows, 2);
    batches_free(batch);
}

static void a_part_has_bars_of_its_own_scores_alone(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 60000000};
    struct tw_encoded *part;
    assert_true(tw_encode_rows(&options, batch, 2, 1, &batch->arena, &part, &err));
    assert_int_equal(part->document_count, 1);
    assert_int_equal(part->score_count, 2);
    const struct tw_call *bars = call_of(part, TW_BARS_ADD, 0);
    assert_int_equal(bars->rows, 2); /* two entities, one score each */
    assert_int_equal(tw_get_int64(bars->values[5] + 24), 1);
    assert_int_equal(tw_get_int64(bars->values[6] + 24), batch->rows.documents[2].score.sentiment);
    assert_int_equal(part->highest_us, batch->rows.documents[2].event_us);
    batches_free(batch);
}

static void what_is_skipped_leaves_no_row_and_no_sum(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 60000000};
    const uint8_t skip[] = {1, 1, 0, 1, 1};
    struct tw_encode_part part = {.first = 0, .count = 5, .skip = skip};
    struct tw_encoded *encoded;
    assert_true(tw_encode_part(&options, batch, &part, &batch->arena, &encoded, &err));
    assert_int_equal(encoded->document_count, 1);
    assert_int_equal(encoded->score_count, 2);
    assert_int_equal(tw_get_int64(call_of(encoded, TW_DOCUMENTS_INSERT, 0)->values[4] + 24), 102);
    batches_free(batch);
}

/* What is counted as stored: once, whatever is read again or refused. */
static void what_came_to_stand_is_noted_by_document(void **state)
{
    (void)state;
    struct tw_error err, why = {.code = TW_REFUSED, .what = "invalid byte sequence"};
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 2, .model_sha256 = batches_model, .lateness_us = 60000000};
    const uint8_t skip[] = {0, 1, 0, 0, 0};
    const struct tw_encode_part parts[] = {{.first = 0, .count = 3, .skip = skip},
        {.first = 3, .count = 1, .refusal = &why}, {.first = 4, .count = 1}};
    for (size_t at = 0; at < 3; at++) {
        struct tw_encoded *part;
        assert_true(tw_encode_part(&options, batch, &parts[at], &batch->arena, &part, &err));
        assert_int_equal(batch->encoded->kept[4], 0);
        tw_encoded_note_kept(batch->encoded, part);
    }
    static const uint8_t kept[] = {1, 0, 1, 0, 1};
    assert_memory_equal(batch->encoded->kept, kept, sizeof kept);
    batches_free(batch);
}

static void a_refused_document_becomes_a_dead_letter_with_its_bytes(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_error why = {.code = TW_REFUSED, .what = "invalid byte sequence"};
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 60000000};
    struct tw_encode_part part = {.first = 3, .count = 1, .refusal = &why};
    struct tw_encoded *encoded;
    assert_true(tw_encode_part(&options, batch, &part, &batch->arena, &encoded, &err));
    assert_int_equal(encoded->call_count, 1);
    const struct tw_call *call = call_of(encoded, TW_DEAD_LETTER_INSERT, 0);
    assert_int_equal(tw_get_int64(call->values[3]), 103);
    assert_string_equal(call->values[5], "store");
    assert_string_equal(call->values[7], "invalid byte sequence");
    assert_memory_equal(call->values[10], "{\"text\":\"raw\"}", 14);
    assert_null(call->values[9]); /* no key: NULL */
    batches_free(batch);
}

static void documents_below_what_was_known_before_are_marked_late_once(void **state)
{
    (void)state;
    struct tw_batch *batch = make(&five);
    int64_t third_us = batch->rows.documents[2].event_us;
    assert_int_equal(batch->encoded->late_count, 0);
    tw_encoded_mark_late(batch->encoded, batch->rows.documents, TW_NO_TIME);
    assert_int_equal(batch->encoded->late_count, 0);
    tw_encoded_mark_late(batch->encoded, batch->rows.documents, third_us);
    assert_int_equal(batch->encoded->late_count, 2);
    tw_encoded_mark_late(batch->encoded, batch->rows.documents, third_us);
    assert_int_equal(batch->encoded->late_count, 2);
    const char *flags = call_of(batch->encoded, TW_DOCUMENTS_INSERT, 0)->values[14];
    assert_int_equal(flags[24], 1);
    assert_int_equal(flags[29], 1);
    assert_int_equal(call_of(batch->encoded, TW_DOCUMENTS_INSERT, 1)->values[14][24], 0);
    batches_free(batch);
}

static void a_document_overtaken_within_its_batch_by_more_than_the_lateness_is_late(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 3000000};
    struct tw_encoded *encoded;
    batch->rows.documents[4].event_us = batch->rows.documents[3].event_us - 3000001;
    assert_true(tw_encode_rows(&options, batch, 0, 5, &batch->arena, &encoded, &err));
    assert_int_equal(encoded->late_count, 1);
    batches_free(batch);
}

static void an_arena_without_room_says_so(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_arena small = {0};
    struct tw_batch *batch = make(&five);
    struct tw_encode_options options = {
        .rows_per_statement = 100, .model_sha256 = batches_model, .lateness_us = 60000000};
    struct tw_encoded *encoded;
    assert_true(tw_arena_begin(&small, 4096, &err));
    assert_false(tw_encode_rows(&options, batch, 0, 5, &small, &encoded, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_end(&small);
    batches_free(batch);
}

/* The numbers stand in bars of every database there is. */
static void shards_stay_where_the_first_migration_put_them(void **state)
{
    (void)state;
    int16_t first = tw_shard_of(tw_text_of("AAPL"));
    assert_in_range(first, 0, TW_SHARDS - 1);
    assert_int_equal(first, (int16_t)(XXH3_64bits("AAPL", 4) & 63));
    assert_int_equal(
        tw_shard_of(tw_text_of("")), (int16_t)(UINT64_C(0x2D06800538D394C2) & 63)); /* XXH3 of nothing */
}

static void a_keyset_holds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    struct tw_keyset set = {0};
    struct tw_error err;
    assert_false(tw_keyset_has(&set, 0));
    for (uint64_t key = 0; key < 5000; key += 2)
        assert_true(tw_keyset_add(&set, key, &err));
    for (uint64_t key = 0; key < 5000; key++)
        assert_int_equal(tw_keyset_has(&set, key), key % 2 == 0);
    tw_keyset_clear(&set);
    assert_false(tw_keyset_has(&set, 4));
    tw_keyset_end(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_has_its_dimension_type_and_length_before_its_elements),
        cmocka_unit_test(title_and_body_are_the_two_sides_of_the_space),
        cmocka_unit_test(a_document_without_id_has_none_in_the_table_either),
        cmocka_unit_test(rows_are_cut_into_statements_of_the_size_asked_for),
        cmocka_unit_test(an_event_of_nobody_has_no_entity_and_one_of_a_skipped_document_no_row),
        cmocka_unit_test(a_part_has_bars_of_its_own_scores_alone),
        cmocka_unit_test(what_is_skipped_leaves_no_row_and_no_sum),
        cmocka_unit_test(what_came_to_stand_is_noted_by_document),
        cmocka_unit_test(a_refused_document_becomes_a_dead_letter_with_its_bytes),
        cmocka_unit_test(documents_below_what_was_known_before_are_marked_late_once),
        cmocka_unit_test(a_document_overtaken_within_its_batch_by_more_than_the_lateness_is_late),
        cmocka_unit_test(an_arena_without_room_says_so),
        cmocka_unit_test(shards_stay_where_the_first_migration_put_them),
        cmocka_unit_test(a_keyset_holds_what_was_added_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
