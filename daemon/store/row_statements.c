#include "store/row_statements.h"

#include "postgres/wire.h"

#include <stdarg.h>
#include <stdio.h>

struct sql {
    char *text;
    size_t length;
    int parameters;
};

TW_PRINTF(2, 3) static void add(struct sql *sql, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sql->text + sql->length, TW_SQL_BYTES - sql->length, format, arguments);
    va_end(arguments);
    sql->length += length > 0 ? (size_t)length : 0;
    if (sql->length >= TW_SQL_BYTES)
        sql->length = TW_SQL_BYTES; /* told at the end */
}

/* `, ` between items. */
static const char *comma(uint32_t before)
{
    return before > 0 ? ", " : "";
}

static int32_t parameter_type(const struct tw_sql_table *table, const struct tw_sql_column *column)
{
    return column->read && !table->single ? tw_array_type(column->type) : column->type;
}

/* What stands in the list of values for a column: its parameter, or what is made of it. */
static void add_value(struct sql *sql, const struct tw_sql_table *table, const struct tw_sql_column *column)
{
    const char *mark = column->sql ? strchr(column->sql, '?') : NULL;
    if (!column->type) {
        add(sql, "%s", column->sql);
        return;
    }
    if (mark)
        add(sql, "%.*s", (int)(mark - column->sql), column->sql);
    add(sql, column->read && !table->single ? "unnest($%d)" : "$%d", ++sql->parameters);
    if (mark)
        add(sql, "%s", mark + 1);
}

/* What stands under the same key already is added to. */
static void add_conflict(struct sql *sql, const struct tw_sql_table *table)
{
    uint32_t sums = 0;
    add(sql, " ON CONFLICT (%s) DO UPDATE SET ", table->key);
    for (uint32_t at = 0; at < table->column_count; at++) {
        const char *name = table->columns[at].name;
        if (table->columns[at].sum)
            add(sql, "%s%s = t.%s + excluded.%s", comma(sums++), name, name, name);
    }
}

static void write_insert(const struct tw_sql_table *table, struct sql *sql)
{
    add(sql, "INSERT INTO tapewatch.%s AS t (", table->name);
    for (uint32_t at = 0; at < table->column_count; at++)
        add(sql, "%s%s", comma(at), table->columns[at].name);
    add(sql, table->single ? ") VALUES (" : ") SELECT ");
    for (uint32_t at = 0; at < table->column_count; at++) {
        add(sql, "%s", comma(at));
        add_value(sql, table, &table->columns[at]);
    }
    if (table->single)
        add(sql, ")");
    if (table->key)
        add_conflict(sql, table);
}

/* Rows of arrays: u; what the batch shares: a parameter. */
static void add_compared(
    struct sql *sql, const struct tw_sql_table *table, enum tw_compare compare, const char *before)
{
    int parameter = 0;
    uint32_t count = 0;
    for (uint32_t at = 0; at < table->column_count; at++) {
        const struct tw_sql_column *column = &table->columns[at];
        parameter += column->compare != TW_COMPARE_NOT;
        if (column->compare != compare)
            continue;
        const char *same = compare == TW_COMPARE_KEY ? "=" : "IS NOT DISTINCT FROM";
        add(sql, "%st.%s %s ", count++ > 0 ? " AND " : before, column->name, same);
        if (column->read && !table->single)
            add(sql, "u.%s", column->name);
        else
            add(sql, "$%d", parameter);
    }
    sql->parameters = parameter;
}

/* The arrays that are compared, as rows of u. */
static void add_rows(struct sql *sql, const struct tw_sql_table *table)
{
    int parameter = 0;
    uint32_t count = 0;
    for (uint32_t at = 0; at < table->column_count; at++) {
        parameter += table->columns[at].compare != TW_COMPARE_NOT;
        if (table->columns[at].compare != TW_COMPARE_NOT && table->columns[at].read)
            add(sql, "%s$%d", count++ > 0 ? ", " : " FROM unnest(", parameter);
    }
    add(sql, ") AS u (");
    count = 0;
    for (uint32_t at = 0; at < table->column_count; at++)
        if (table->columns[at].compare != TW_COMPARE_NOT && table->columns[at].read)
            add(sql, "%s%s", comma(count++), table->columns[at].name);
    add(sql, ") JOIN tapewatch.%s AS t", table->name);
}

/* Offset, whether the record that stands there is the same one, and what is recalled of it. Of single rows
 * only the same are found: the key of a dead letter is not its offset, several may stand under one. */
static void write_compare(const struct tw_sql_table *table, struct sql *sql)
{
    add(sql, "SELECT t.kafka_offset, ");
    if (table->single) {
        add(sql, "true FROM tapewatch.%s AS t", table->name);
        add_compared(sql, table, TW_COMPARE_KEY, " WHERE ");
        add_compared(sql, table, TW_COMPARE_VALUE, " AND ");
        add(sql, " LIMIT 1");
        return;
    }
    add_compared(sql, table, TW_COMPARE_VALUE, "");
    for (uint32_t at = 0; at < table->column_count; at++)
        if (table->columns[at].recall)
            add(sql, ", t.%s", table->columns[at].name);
    add_rows(sql, table);
    add_compared(sql, table, TW_COMPARE_KEY, " ON ");
}

static void set_types(const struct tw_sql_table *table, bool compared, struct tw_statement_row *row)
{
    int count = 0;
    for (uint32_t at = 0; at < table->column_count; at++) {
        const struct tw_sql_column *column = &table->columns[at];
        if (column->type && (!compared || column->compare != TW_COMPARE_NOT))
            row->types[count++] = (Oid)parameter_type(table, column);
    }
    row->parameter_count = count;
}

bool tw_row_statements_write(struct tw_row_statements *out, struct tw_error *err)
{
    memcpy(out->rows, tw_statements, sizeof out->rows);
    for (int number = 0; number < TW_SQL_TABLES; number++) {
        const struct tw_sql_table *table = &tw_sql_tables[number];
        struct sql insert = {.text = out->sql[2 * number]};
        struct sql compare = {.text = out->sql[2 * number + 1]};
        if (table->column_count > TW_STATEMENT_PARAMETERS)
            return tw_fail(err, TW_INTERNAL, table->name, "raise TW_STATEMENT_PARAMETERS",
                "more columns than a statement has room for");
        write_insert(table, &insert);
        set_types(table, false, &out->rows[table->insert]);
        out->rows[table->insert].sql = insert.text;
        if (table->compare != TW_STATEMENTS) {
            write_compare(table, &compare);
            set_types(table, true, &out->rows[table->compare]);
            out->rows[table->compare].sql = compare.text;
        }
        if (insert.length >= TW_SQL_BYTES || compare.length >= TW_SQL_BYTES)
            return tw_fail(err, TW_INTERNAL, table->name, "raise TW_SQL_BYTES",
                "its statement is too long to be written");
    }
    return true;
}
