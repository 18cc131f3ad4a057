/* archive: lines out of a file, whatever it is packed in.
 *
 *   in    a path, or "-" for standard input: plain text, gzip or zstd, told by their first bytes (so that a pipe
 *         works too); several members or frames one after another are one stream
 *   out   lines without their end (LF or CRLF), numbered from 1
 *
 *     tw_archive_open; tw_archive_next until it says TW_ARCHIVE_END or TW_ARCHIVE_FAILED; tw_archive_close
 *
 * Memory is bounded by `max_line_bytes` and one window, whatever the file. A longer line is refused by number
 * and skipped; the rest goes on. A file that is cut short or broken fails, naming the last whole line. */
#ifndef TW_ARCHIVE_H
#define TW_ARCHIVE_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct tw_archive;

enum tw_archive_step {
    TW_ARCHIVE_LINE,    /* `line` is filled */
    TW_ARCHIVE_REFUSED, /* that line is too long: err says so (TW_REFUSED), `line` its number; go on */
    TW_ARCHIVE_END,
    TW_ARCHIVE_FAILED, /* reading or unpacking failed: err (TW_IO) */
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
void tw_archive_close(struct tw_archive *archive);

enum tw_archive_step tw_archive_next(
    struct tw_archive *archive, struct tw_archive_line *line, struct tw_error *err);

/* The path as shown in errors ("standard input" for "-"). */
const char *tw_archive_name(const struct tw_archive *archive);
/* Bytes read from the file so far, packed as they are: for progress. */
uint64_t tw_archive_bytes_read(const struct tw_archive *archive);

#endif
