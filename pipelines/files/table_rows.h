/* table_rows: the rows of a table of CSV or TSV as records, by its header.
 *
 *   in    the bytes of a file, in pieces of any size; which names make a column one of ours
 *   out   a JSON object a row, its members called as the header calls the columns, their values texts
 *
 *     if (!tw_table_rows_open(path, first, columns, most_bytes, &rows, err)) ...   // rows is NULL: no table
 *     used = tw_table_rows_take(rows, bytes, length, &ended);                      // until all are used
 *     read = tw_table_rows_get(rows, &line, err);                                  // whenever one has ended
 *
 * A file is a table when its first line parts into names by commas, tabs, semicolons or bars, and one of
 * them is of ours ("text", "headline"): no news begins so. One column alone is a table, too, when that is
 * its name and lines follow. Rows are read as RFC 4180 has them and as Python and pandas read them: quotes
 * around a cell, two for one within, separators and lines' ends between them; what stands behind a closing
 * quote belongs to the cell. Excel's first line "sep=;" is obeyed; where names stand behind blanks, cells
 * do; a file that shows quotes behind backslashes where RFC 4180 allows none (Spark, MySQL) escapes by
 * backslashes. An empty cell is no member, and a column without a name (an index) is none.
 *
 * Refused, with the line that the row begins in: a row of fewer cells than the header has names, or of more,
 * lest an unquoted comma or line's end makes half a text of one. */
#ifndef TW_TABLE_ROWS_H
#define TW_TABLE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "files/archive.h"

struct tw_table_rows;

/* Whose columns: may a name, which ends with NUL, be the one that makes a table? `alone`: it is the only
 * one. */
struct tw_table_columns {
    bool (*is_ours)(const void *self, const char *name, bool alone);
    const void *self;
};

/* Looks at the first bytes of a file. *out is NULL when it is no table. TW_IO for what plainly is one, by its
 * path (.csv, .tsv) or because all of its first line stands in quotes, and has no column of ours; and for a
 * header that has a name twice. TW_INTERNAL without memory. A record has `most_bytes` at the most. */
TW_MUST_USE bool tw_table_rows_open(const char *path, struct tw_text first,
    const struct tw_table_columns *columns, size_t most_bytes, struct tw_table_rows **out,
    struct tw_error *err);
/* NULL is fine. */
void tw_table_rows_close(struct tw_table_rows *rows);

/* Takes bytes up to the end of one row, or all of them; *ended: it ends there. Returns how many were taken.
 * Header and mark are passed over. */
size_t tw_table_rows_take(struct tw_table_rows *rows, const char *bytes, size_t length, bool *ended);
/* The file is at its end: does a row end there? */
bool tw_table_rows_finish(struct tw_table_rows *rows);

/* The row that has ended: an item, until the next call of take; refused, `err` without the file's name; or
 * TW_READ_END: nothing stands in it. Its line is in `out` in any case. Failed: TW_IO for quotes that do not
 * close, TW_INTERNAL for memory. */
enum tw_read tw_table_rows_get(struct tw_table_rows *rows, struct tw_archive_line *out, struct tw_error *err);

#endif
