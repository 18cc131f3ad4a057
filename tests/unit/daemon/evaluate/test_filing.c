/* filing: the table of its moves is the drawing in its header; a statement files few documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drawing.h"
#include "evaluate/filing.h"
#include "postgres/wire.h"
#include "store/unfiled.h"
#include "stories/sketch.h"
#include "test_arena.h"

#define BAR_US (INT64_C(1795000000) * 1000000)

static void the_table_of_moves_is_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/evaluate/filing.h", &tw_filing_machine);
}

/* -- what is filed --------------------------------------------------------------------------------------- */

enum { UNFILED_ID, TOPIC_ID, TOPIC, PARTITION, DOCUMENTS, OFFSET, TIME, SKETCHES, COLUMNS };
enum { FIRST, LAST, WHOLE_ROWS, CUT_ROWS, OFFSETS = 9, NUMBERS = 11, FILED_SKETCHES = 19, TOLD_ROWS, TOLD };

static struct tw_text sketch_of_one_story(void)
{
    struct tw_linked_entity velquin = {.symbol = tw_text_of("VELQ")};
    struct tw_document document = {.text = tw_text_of("Velquin Chemicals to close its Tarmond plant"),
        .entities = &velquin,
        .entity_count = 1};
    struct tw_text sketch;
    struct tw_error err;
    assert_true(tw_sketch_write(&document, &arena, &sketch, &err));
    return sketch;
}

static void put(PGresult *result, int row, int column, const char *value, int length)
{
    assert_true(PQsetvalue(result, row, column, (char *)(uintptr_t)value, length));
}

static void add_row(PGresult *result, const struct tw_unfiled_run *run)
{
    int row = PQntuples(result);
    char id[8], topic[2], partition[4], documents[4], offset[8], time[8];
    tw_put_int64(id, 100 + row);
    tw_put_int16(topic, 1);
    tw_put_int32(partition, 0);
    tw_put_int32(documents, (int32_t)run->documents);
    tw_put_int64(offset, run->first_offset);
    tw_put_time(time, run->first_us);
    put(result, row, UNFILED_ID, id, 8);
    put(result, row, TOPIC_ID, topic, 2);
    put(result, row, TOPIC, "t", 1);
    put(result, row, PARTITION, partition, 4);
    put(result, row, DOCUMENTS, documents, 4);
    put(result, row, OFFSET, offset, 8);
    put(result, row, TIME, time, 8);
    put(result, row, SKETCHES, run->bytes.bytes, (int)run->bytes.length);
}

/* Documents of one story, a microsecond apart, as they wait; offsets from 0. */
static PGresult *waiting(uint32_t count)
{
    static char name[] = "a";
    PGresAttDesc attributes[COLUMNS];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    struct tw_message *messages = tw_arena_array(&arena, count, sizeof *messages);
    struct tw_document *documents = tw_arena_array(&arena, count, sizeof *documents);
    uint32_t *chosen = tw_arena_array(&arena, count, sizeof *chosen), run_count;
    struct tw_unfiled_run *runs;
    struct tw_text sketch = sketch_of_one_story();
    memset(attributes, 0, sizeof attributes);
    for (int column = 0; column < COLUMNS; column++)
        attributes[column].name = name;
    assert_true(PQsetResultAttrs(result, COLUMNS, attributes));
    for (uint32_t at = 0; at < count; at++) {
        messages[at] = (struct tw_message){.offset = at};
        documents[at] =
            (struct tw_document){.message = &messages[at], .event_us = BAR_US + at, .sketch = sketch};
        chosen[at] = at;
    }
    assert_true(tw_unfiled_gather(documents, chosen, count, &arena, &runs, &run_count));
    for (uint32_t at = 0; at < run_count; at++)
        add_row(result, &runs[at]);
    return result;
}

static uint32_t length_of(const struct tw_listed_statement *statement, int parameter)
{
    return (uint32_t)tw_get_int32(statement->values[parameter] + 12);
}

static int64_t first_int64(const struct tw_listed_statement *statement, int parameter)
{
    return tw_get_int64(statement->values[parameter] + TW_ARRAY_HEADER_BYTES + TW_CELL_HEADER_BYTES);
}

static int32_t int32_at(const struct tw_listed_statement *statement, int parameter, uint32_t at)
{
    return tw_get_int32(statement->values[parameter] + TW_ARRAY_HEADER_BYTES + TW_CELL_HEADER_BYTES + at * 8);
}

/* Places of entities that the story told of before count from the statement's own first document. */
static void a_turn_of_many_documents_is_filed_in_several_statements(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1000, 1000, 500};
    struct tw_statement_list list;
    struct tw_error err;
    struct tw_stories_options options = tw_stories_defaults();
    struct tw_filing filing = {.enabled = true,
        .state = TW_FILING_WHOLE,
        .work = TW_FILE_DOCUMENTS,
        .filed_to_us = TW_NO_TIME,
        .filed = 7,
        .most = 5000,
        .a_row = 1,
        .rows = waiting(2500)};
    assert_true(tw_stories_begin(&filing.stories, &options, &err));
    tw_statement_list_begin(&list, &arena);
    assert_true(tw_filing_run(&filing, &list, &err));
    assert_int_equal(filing.row_count, 2500);
    assert_int_equal(filing.copies, 2499);
    assert_int_equal(list.count, 4); /* the last one: bars of copies */
    for (uint32_t at = 0; at < 3; at++) {
        const struct tw_listed_statement *statement = &list.statements[at];
        uint32_t told = counts[at] - (at == 0); /* the first document was news */
        assert_int_equal(statement->statement, TW_STORIES_FILE);
        assert_int_equal(length_of(statement, OFFSETS), counts[at]);
        assert_int_equal(first_int64(statement, OFFSETS), at * 1000);
        assert_int_equal(first_int64(statement, NUMBERS), 8 + at * 1000);
        assert_int_equal(length_of(statement, FILED_SKETCHES), counts[at]);
        assert_int_equal(length_of(statement, TOLD_ROWS), told);
        assert_int_equal(length_of(statement, TOLD), told);
        assert_int_equal(int32_at(statement, TOLD_ROWS, 0), at == 0 ? 2 : 1);
        assert_int_equal(int32_at(statement, TOLD_ROWS, told - 1), counts[at]);
        assert_int_equal(length_of(statement, WHOLE_ROWS), at == 0 ? (uint32_t)PQntuples(filing.rows) : 0);
        assert_int_equal(length_of(statement, CUT_ROWS), 0);
        assert_true((statement->values[FIRST] != NULL) == (at == 0));
    }
    assert_int_equal(list.statements[3].statement, TW_COPY_BARS_ADD);
    tw_filing_end(&filing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_the_drawing),
        cmocka_unit_test(a_turn_of_many_documents_is_filed_in_several_statements),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
