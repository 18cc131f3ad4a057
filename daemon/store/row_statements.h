/* row_statements: the statements that carry rows, written from the tables of columns.h.
 *
 *     struct tw_row_statements statements;
 *     tw_row_statements_write(&statements, err)
 *     statements.rows[]       as tw_statements (statements.h), with SQL and types where those have none
 *
 *     INSERT INTO tapewatch.documents AS t (topic_id, ...) SELECT $1, ..., unnest($5), ...   arrays
 *     INSERT INTO tapewatch.bars AS t (...) SELECT ... ON CONFLICT (key) DO UPDATE SET ...
 *     INSERT INTO tapewatch.dead_letters AS t (...) VALUES ($1, ...)                              single rows
 *     SELECT t.kafka_offset, t.id IS NOT DISTINCT FROM u.id ... FROM unnest($3, ...) AS u (...) JOIN ...
 *
 * The last is the comparison after a reset: for each record that stands there already, its offset, and
 * whether it is the same one. It takes the INSERT's parameters of the columns that are compared
 * (tw_sql_compared), in their order.
 *
 * Texts live in the struct, which must stay where it is as long as a connection uses it. */
#ifndef TW_ROW_STATEMENTS_H
#define TW_ROW_STATEMENTS_H

#include "store/columns.h"

enum { TW_SQL_BYTES = 4096 };

struct tw_row_statements {
    struct tw_statement_row rows[TW_STATEMENTS];
    char sql[2 * TW_SQL_TABLES][TW_SQL_BYTES]; /* an INSERT and a comparison for each table */
};

/* Writes them. TW_INTERNAL when a table has more columns, or a statement more letters, than there is room
 * for. */
TW_MUST_USE bool tw_row_statements_write(struct tw_row_statements *out, struct tw_error *err);

#endif
