/* columns: the tables agree with sql/, and what is asked of them by name is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postgres/wire.h"
#include "store/columns.h"

static const struct tw_sql_table *documents = &tw_sql_tables[TW_SQL_DOCUMENTS];

static void a_column_is_found_by_name_among_the_parameters(void **state)
{
    (void)state;
    assert_int_equal(tw_sql_parameter(documents, "topic_id"), 0);
    assert_int_equal(tw_sql_parameter(documents, "available_at"), -1); /* the server's own */
    assert_int_equal(tw_sql_parameter(documents, "kafka_offset"), 4);
    assert_int_equal(tw_sql_parameter(documents, "late"), 14);
    assert_int_equal(tw_sql_parameter(documents, "body"), 19);
    assert_int_equal(tw_sql_parameter(documents, "no such column"), -1);
}

static void what_tells_a_record_from_another_is_compared(void **state)
{
    (void)state;
    int from[TW_STATEMENT_PARAMETERS];
    const int of_documents[] = {0, 1, 4, 5, 15, 18, 19};
    const int of_dead_letters[] = {0, 1, 3, 10};
    assert_int_equal(tw_sql_compared(documents, from), 7);
    assert_memory_equal(from, of_documents, sizeof of_documents);
    assert_int_equal(tw_sql_compared(&tw_sql_tables[TW_SQL_DEAD_LETTERS], from), 4);
    assert_memory_equal(from, of_dead_letters, sizeof of_dead_letters);
    assert_int_equal(tw_sql_compared(&tw_sql_tables[TW_SQL_SCORES], from), 0);
}

static void every_column_says_where_its_value_comes_from(void **state)
{
    (void)state;
    for (int number = 0; number < TW_SQL_TABLES; number++) {
        const struct tw_sql_table *table = &tw_sql_tables[number];
        assert_true(table->column_count <= TW_STATEMENT_PARAMETERS);
        assert_non_null(tw_statements[table->insert].name);
        for (uint32_t at = 0; at < table->column_count; at++) {
            const struct tw_sql_column *column = &table->columns[at];
            assert_true(
                column->type ? !column->sql || strchr(column->sql, '?') : !column->read && column->sql);
            if (column->type && !(table->single && column->read))
                assert_int_not_equal(tw_array_type(column->type), 0);
            for (uint32_t other = 0; other < at; other++)
                assert_string_not_equal(column->name, table->columns[other].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_found_by_name_among_the_parameters),
        cmocka_unit_test(what_tells_a_record_from_another_is_compared),
        cmocka_unit_test(every_column_says_where_its_value_comes_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
