/* archive: lines out of a file, whatever it is packed in.
 *
 *   in    a path, or "-" for standard input: plain text, gzip or zstd, told by their first bytes (so that a
 *         pipe works too); several members or frames one after another are one stream
 *   out   lines without their end (LF or CRLF), numbered from 1; or, for whoever asks for records, the
 *         records of a file that is one JSON array or whose objects go over several lines (json_records.h),
 *         numbered from 1, or the rows of a table (table_rows.h), numbered by the lines that they begin in
 *
 *     tw_archive_open; tw_archive_next until it says TW_READ_END or TW_READ_FAILED; tw_archive_close
 *
 * Memory is bounded by `max_line_bytes` and one window, whatever the file. A longer line is refused by number
 * and skipped; the rest goes on. A file that is cut short or broken fails, naming the last whole line. */
#ifndef TW_ARCHIVE_H
#define TW_ARCHIVE_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct tw_archive;
struct tw_table_columns;

/* What comes out where things are read one after another: lines here, documents in reader.h, samples in
 * dataset.h. */
enum tw_read {
    TW_READ_ITEM,    /* the next one */
    TW_READ_REFUSED, /* one that cannot be used: err says which and why (TW_REFUSED); go on */
    TW_READ_END,     /* there is no more */
    TW_READ_FAILED   /* nothing more can be read: err */
};

struct tw_archive_line {
    struct tw_text text; /* until the next call */
    uint64_t number;
};

/* TW_IO or TW_PERMISSION with the path; TW_INTERNAL when memory is refused. */
TW_MUST_USE bool tw_archive_open(
    const char *path, size_t max_line_bytes, struct tw_archive **out, struct tw_error *err);
/* The same over bytes in memory, which must outlive it; `name` stands for the path in errors. */
TW_MUST_USE bool tw_archive_open_memory(const char *name, struct tw_text bytes, size_t max_line_bytes,
    struct tw_archive **out, struct tw_error *err);
/* Before the first line: give records, where the file is one of records and not of lines. With `columns`,
 * whose `self` outlives the archive, rows of tables are records, too, and pages of HTML and feeds of XML are
 * refused (TW_IO); NULL: such files are lines. */
void tw_archive_ask_for_records(struct tw_archive *archive, const struct tw_table_columns *columns);
/* Once something was read: are they records? */
bool tw_archive_gives_records(const struct tw_archive *archive);
/* NULL is fine. */
void tw_archive_close(struct tw_archive *archive);

/* The next line. Refused is one that is too long (`line` has its number then); failed, a file that cannot be
 * read or unpacked (TW_IO). */
enum tw_read tw_archive_next(struct tw_archive *archive, struct tw_archive_line *line, struct tw_error *err);

/* The path as shown in errors ("standard input" for "-"). */
const char *tw_archive_name(const struct tw_archive *archive);

#endif
