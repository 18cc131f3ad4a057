/* reader: documents out of archives, decoded; and which archives a path stands for.
 *   in    a file of JSON Lines, one JSON array or a table with a header (table_rows.h), plain, gzip or zstd
 *         (archive.h); or a folder of such files
 *   out   documents as decode.h makes them, in the order of the file; refusals with file:line
 *
 *     struct tw_reader_paths paths;
 *     if (!tw_reader_list("archive/", arena, &paths, err)) return false;
 *     for each of them:
 *         struct tw_reader *reader;
 *         if (!tw_reader_open(path, decode, stamp_us, &reader, err)) return false;
 *         while ((read = tw_reader_next(reader, arena, &record, err)) ...)     // reset the arena between
 *         tw_reader_close(reader);
 *
 * Blank lines are skipped. Records without value never come out of an archive, so a document is stored or
 * refused. Errors: TW_REFUSED (file:line) for a record that cannot be used: go on if you like; TW_IO,
 * TW_PERMISSION for a file that cannot be read, is cut short or broken; TW_FULL for an arena too small. */
#ifndef TW_READER_H
#define TW_READER_H

#include <stdint.h>

#include "document.h"
#include "files/archive.h"
#include "files/intake.h"
#include "files/table_rows.h"

struct tw_arena;
struct tw_decode_options;
struct tw_decode_witness;

struct tw_reader_paths {
    const char **items;
    size_t count;
};

/* A folder: its archives (names that end in .jsonl, .ndjson, .json, .csv, .tsv, .gz or .zst and do not begin
 * with a dot) and those of the folders in it, no deeper, in the order of the bytes of their paths. Anything
 * else: itself. TW_CONFIG for a folder without an archive. */
TW_MUST_USE bool tw_reader_list(
    const char *path, struct tw_arena *arena, struct tw_reader_paths *out, struct tw_error *err);

/* What makes a column of a table one of ours: the name of a title or body, as `decode`, which outlives it, or
 * feeds have it. For whoever reads archives without a reader. */
struct tw_table_columns tw_reader_columns(const struct tw_decode_options *decode);

struct tw_reader;

/* A document with the line that it was decoded from. */
struct tw_reader_document {
    struct tw_document document; /* stored */
    struct tw_message message;
    struct tw_text line; /* until the next call */
    uint64_t number;     /* of the line, from 1 */
};

/* `stamp_us`: the time of reading (decode.h). `path`, `decode` and `intake` outlive the reader; what is read
 * is counted in `intake` unless that is NULL. */
TW_MUST_USE bool tw_reader_open(const char *path, const struct tw_decode_options *decode, int64_t stamp_us,
    struct tw_intake *intake, struct tw_reader **out, struct tw_error *err);
/* NULL is fine. */
void tw_reader_close(struct tw_reader *reader);

/* The next document; everything but `line` is placed in the arena. Refused is a line that cannot be used
 * (file:line). `witness` sees each record while it is decoded (decode.h), or is NULL. */
enum tw_read tw_reader_next(struct tw_reader *reader, const struct tw_decode_witness *witness,
    struct tw_arena *arena, struct tw_reader_document *out, struct tw_error *err);

/* Makes the refusal `why` that of a document: "file:line: ..", TW_REFUSED. `err` may be `why`. */
enum tw_read tw_reader_refuse(const struct tw_reader *reader, const struct tw_reader_document *read,
    const struct tw_error *why, struct tw_error *err);

#endif
