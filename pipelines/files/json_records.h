/* json_records: where one record ends and the next begins in a file of JSON that is no JSON Lines: one array
 * of records, or records written over several lines.
 *
 *   in    the file's bytes, in pieces of any size
 *   out   which of them are a record's
 *
 *     struct tw_json_records records = {0};
 *     used = tw_json_records_take(&records, bytes, length, &begin, &ended);   // until all are used
 *
 * Brackets around records, commas and white space between them are nobody's. Nothing is judged: what is no
 * JSON comes out as it stands, and is refused by whoever reads the record. A record that does not end takes
 * the rest of the file. */
#ifndef TW_JSON_RECORDS_H
#define TW_JSON_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

/* Begins with zeros. */
struct tw_json_records {
    uint32_t depth;
    bool in_array; /* within the array around records */
    bool begun;    /* within a record */
    bool bare;     /* within one that is no object, array or text */
    bool in_text, escaped;
};

/* Do the first bytes of a file say that it holds such records? An array whose first element is an object or a
 * text (or that is empty), or an object whose first line is its brace. Texts of people begin so never. */
bool tw_json_records_begin(struct tw_text first);

/* Takes bytes up to the end of one record, or all of them. Those from *begin on belong to the record;
 * *ended: it ends there. Returns how many were taken. */
size_t tw_json_records_take(
    struct tw_json_records *records, const char *bytes, size_t length, size_t *begin, bool *ended);

/* How records are made of what people have, a table above all: a cure. */
extern const char tw_json_records_cure[];

/* Why a line of a file was refused. The first line of a table or of plain text is refused as no JSON: that
 * gets the way to records as its cure, in place of what a sender of messages is told; a text of an array of
 * texts that to objects. */
struct tw_error tw_json_records_refusal(
    uint64_t line_number, struct tw_text line, const struct tw_error *why);

#endif
