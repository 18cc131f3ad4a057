/* table: rows on a terminal, or as JSON or CSV; what `--format table|json|csv` means everywhere.
 *
 *     struct tw_table *table = tw_table_new("alerts", columns, 3);
 *     tw_table_add(table, values);            as many texts as columns; NULL is an empty cell
 *     tw_table_print(table, TW_FORMAT_JSON, stdout, err);
 *     tw_table_free(table);
 *
 * JSON is one array of objects; a column marked as a number is written bare when it is one. CSV is RFC 4180
 * with a header line. */
#ifndef TW_TABLE_H
#define TW_TABLE_H

#include <stdio.h>

#include "base/error.h"

enum tw_format { TW_FORMAT_TABLE, TW_FORMAT_JSON, TW_FORMAT_CSV };

struct tw_column {
    const char *name;
    bool number; /* right-aligned, bare in JSON */
};

struct tw_table;

/* The words of `--format`, in the order of enum tw_format, ended by NULL. */
extern const char *const tw_format_names[];

/* `columns` must outlive the table. NULL when out of memory. */
struct tw_table *tw_table_new(const struct tw_column *columns, size_t count);
/* NULL is fine. */
void tw_table_free(struct tw_table *table);

/* Copies a row of `count` texts. TW_INTERNAL when out of memory. */
TW_MUST_USE bool tw_table_add(struct tw_table *table, const char *const *values, struct tw_error *err);

/* Prints it in this form. TW_IO when it cannot be written; TW_INTERNAL when out of memory. */
TW_MUST_USE bool tw_table_print(
    const struct tw_table *table, enum tw_format format, FILE *to, struct tw_error *err);

#endif
