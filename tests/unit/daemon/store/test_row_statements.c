/* row_statements: the SQL that is written from the columns, letter by letter, and the types of its
 * parameters. That the server takes it, every run of tests/integration/test_store shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postgres/wire.h"
#include "store/row_statements.h"

static int begin(void **state)
{
    struct tw_error err;
    struct tw_row_statements *statements = calloc(1, sizeof *statements);
    *state = statements;
    return statements && tw_row_statements_write(statements, &err) ? 0 : 1;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

static void expect(void **state, enum tw_statement statement, const char *sql, int count, const Oid *types)
{
    const struct tw_row_statements *written = *state;
    const struct tw_statement_row *row = &written->rows[statement];
    assert_string_equal(row->sql, sql);
    assert_int_equal(row->parameter_count, count);
    for (int at = 0; at < count; at++)
        assert_int_equal(row->types[at], types[at]);
    assert_string_equal(row->name, tw_statements[statement].name);
}

#define TYPES(...)                                                                                           \
    (int)(sizeof((Oid[]){__VA_ARGS__}) / sizeof(Oid)), (const Oid[])                                         \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
enum {
    I2 = TW_OID_INT2,
    I4 = TW_OID_INT4,
    I8 = TW_OID_INT8,
    TX = TW_OID_TEXT,
    TZ = TW_OID_TIMESTAMPTZ,
    BY = TW_OID_BYTEA,
    AI2 = TW_OID_INT2_ARRAY,
    AI4 = TW_OID_INT4_ARRAY,
    AI8 = TW_OID_INT8_ARRAY,
    AF4 = TW_OID_FLOAT4_ARRAY,
    ATX = TW_OID_TEXT_ARRAY,
    ATZ = TW_OID_TIMESTAMPTZ_ARRAY,
    ABO = TW_OID_BOOL_ARRAY,
    ABY = TW_OID_BYTEA_ARRAY,
};

static void documents_are_inserted_from_arrays(void **state)
{
    expect(state, TW_DOCUMENTS_INSERT,
        "INSERT INTO tapewatch.documents AS t (topic_id, partition, model_id, arrived_at, available_at,"
        " kafka_offset, event_time, time_source, negative, neutral, positive, sentiment, tokens, repairs, truncated,"
        " late, id, source, language, title, body, ahead)"
        " SELECT $1, $2, $3, $4, now(), unnest($5), unnest($6),"
        " ('{payload,header,kafka}'::tapewatch.time_source[])[1 + unnest($7)], unnest($8), unnest($9), unnest($10),"
        " unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16), unnest($17), unnest($18),"
        " unnest($19), unnest($20), unnest($21)",
        TYPES(I2, I4, I2, TZ, AI8, ATZ, AI2, AF4, AF4, AF4, AI2, AI4, AI4, ABO, ABO, ATX, ATX, ATX, ATX, ATX,
            ABO));
}

static void scores_are_inserted_from_arrays(void **state)
{
    expect(state, TW_SCORES_INSERT,
        "INSERT INTO tapewatch.scores AS t (topic_id, partition, model_id, arrived_at, available_at, kafka_offset,"
        " event_time, entity, mentions, relevance, share, others, first_byte, in_title, negative, neutral, positive,"
        " sentiment, from_document, source_weight)"
        " SELECT $1, $2, $3, $4, now(), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9), unnest($10),"
        " unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16), unnest($17), unnest($18),"
        " unnest($19)",
        TYPES(I2, I4, I2, TZ, AI8, ATZ, ATX, AI4, AI2, AI2, AI2, AI4, ABO, AF4, AF4, AF4, AI2, ABO, AI2));
}

static void bars_are_added_to_those_that_stand_there(void **state)
{
    expect(state, TW_BARS_ADD,
        "INSERT INTO tapewatch.bars AS t (topic_id, partition, bar_start, entity, shard, scores, sum, sum_of_squares,"
        " negative_sum)"
        " SELECT $1, $2, unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9)"
        " ON CONFLICT (bar_start, entity, topic_id, partition) DO UPDATE SET scores = t.scores + excluded.scores,"
        " sum = t.sum + excluded.sum, sum_of_squares = t.sum_of_squares + excluded.sum_of_squares,"
        " negative_sum = t.negative_sum + excluded.negative_sum",
        TYPES(I2, I4, ATZ, ATX, AI2, AI8, AI8, AI8, AI8));
}

static void events_are_inserted_from_arrays(void **state)
{
    expect(state, TW_EVENTS_INSERT,
        "INSERT INTO tapewatch.events AS t (topic_id, partition, available_at, kafka_offset, event_time, number, type,"
        " entity, polarity, severity, begin_byte, end_byte, in_title, events_version)"
        " SELECT $1, $2, now(), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),"
        " unnest($10), unnest($11), unnest($12), unnest($13)",
        TYPES(I2, I4, AI8, ATZ, AI2, ATX, ATX, AI2, ATX, AI4, AI4, ABO, AI4));
}

static void headlines_are_inserted_as_alert_events(void **state)
{
    expect(state, TW_HEADLINES_INSERT,
        "INSERT INTO tapewatch.alert_events AS t (topic_id, partition, available_at, kafka_offset, event_time, rule,"
        " entity, shard, sentiment, keyword, kind, severity, value, event_type, stories, watch, relevance,"
        " source_weight)"
        " SELECT $1, $2, now(), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8), unnest($9),"
        " unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16), unnest($17)",
        TYPES(I2, I4, AI8, ATZ, ATX, ATX, AI2, AI2, ATX, ATX, ATX, AI2, ATX, AI2, ATX, AI2, AI2));
}

static void a_dead_letter_is_inserted_alone(void **state)
{
    expect(state, TW_DEAD_LETTER_INSERT,
        "INSERT INTO tapewatch.dead_letters AS t (topic_id, partition, arrived_at, available_at, kafka_offset,"
        " stamp_time, stage, error_where, error_what, error_cure, key, payload, header_names, header_values)"
        " VALUES ($1, $2, $3, now(), $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        TYPES(I2, I4, TZ, I8, TZ, TX, TX, TX, TX, BY, BY, ABY, ABY));
}

static void sketches_wait_to_be_filed_several_in_a_row(void **state)
{
    expect(state, TW_UNFILED_INSERT,
        "INSERT INTO tapewatch.unfiled AS t (topic_id, partition, kafka_offset, event_time, documents, sketches)"
        " SELECT $1, $2, unnest($3), unnest($4), unnest($5), unnest($6)",
        TYPES(I2, I4, AI8, ATZ, AI4, ABY));
}

static void documents_are_compared_by_what_was_written(void **state)
{
    expect(state, TW_DOCUMENTS_COMPARE,
        "SELECT t.kafka_offset, t.id IS NOT DISTINCT FROM u.id AND t.title IS NOT DISTINCT FROM u.title"
        " AND t.body IS NOT DISTINCT FROM u.body, t.ahead"
        " FROM unnest($3, $4, $5, $6, $7) AS u (kafka_offset, event_time, id, title, body)"
        " JOIN tapewatch.documents AS t ON t.topic_id = $1 AND t.partition = $2 AND t.kafka_offset = u.kafka_offset"
        " AND t.event_time = u.event_time",
        TYPES(I2, I4, AI8, ATZ, ATX, ATX, ATX));
}

static void a_dead_letter_is_looked_for_by_its_bytes(void **state)
{
    expect(state, TW_DEAD_LETTER_COMPARE,
        "SELECT t.kafka_offset, true FROM tapewatch.dead_letters AS t WHERE t.topic_id = $1 AND t.partition = $2"
        " AND t.kafka_offset = $3 AND t.payload IS NOT DISTINCT FROM $4 LIMIT 1",
        TYPES(I2, I4, I8, BY));
}

static void statements_without_rows_stay_as_they_are(void **state)
{
    const struct tw_row_statements *written = *state;
    for (int at = 0; at < TW_STATEMENTS; at++) {
        assert_non_null(written->rows[at].sql);
        if (tw_statements[at].sql)
            assert_memory_equal(&written->rows[at], &tw_statements[at], sizeof tw_statements[at]);
    }
}

#define WRITTEN(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITTEN(documents_are_inserted_from_arrays),
        WRITTEN(scores_are_inserted_from_arrays),
        WRITTEN(bars_are_added_to_those_that_stand_there),
        WRITTEN(events_are_inserted_from_arrays),
        WRITTEN(headlines_are_inserted_as_alert_events),
        WRITTEN(a_dead_letter_is_inserted_alone),
        WRITTEN(sketches_wait_to_be_filed_several_in_a_row),
        WRITTEN(documents_are_compared_by_what_was_written),
        WRITTEN(a_dead_letter_is_looked_for_by_its_bytes),
        WRITTEN(statements_without_rows_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
