/* intake: what became of the records that a command has read, told at its end in one line.
 *
 *     struct tw_intake intake = {0};
 *     tw_intake_take(&intake, &document);            // a record that could be used
 *     tw_intake_refuse(&intake, &why);               // one that could not; `why` without the file's name
 *     if (tw_intake_line(&intake, line, sizeof line)) ...
 *
 *     81 records; 60 refused: no text: neither title nor body holds any (40), field ts: "…" is not a time
 *     (20); 12 mended: source (10), json (2); times not used: 4, as "2026-11-30 14:31" is not a time: …
 *
 * Refusals are of one kind when they differ in numbers and in what is quoted alone. The first TW_INTAKE_KINDS
 * kinds are told apart, those after them together. What was mended is named as in metrics (decode.h). */
#ifndef TW_INTAKE_H
#define TW_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "document.h"

enum { TW_INTAKE_KINDS = 12, TW_INTAKE_KIND_BYTES = 120, TW_INTAKE_LINE_BYTES = 2048 };

struct tw_intake_kind {
    char what[TW_INTAKE_KIND_BYTES];
    uint64_t count;
};

struct tw_intake {
    uint64_t records, refused, mended;
    uint64_t repairs[TW_REPAIRS]; /* records in which this was mended */
    struct tw_intake_kind kinds[TW_INTAKE_KINDS];
    uint32_t kind_count;
    uint64_t others;                   /* refused, of no kind above */
    uint64_t unread_times;             /* records in which a time stands that is not theirs (document.h) */
    char unread[TW_TIME_UNREAD_BYTES]; /* why, of the first of them */
};

/* Counts a record that could be used. */
void tw_intake_take(struct tw_intake *intake, const struct tw_document *document);

/* Counts one that could not. */
void tw_intake_refuse(struct tw_intake *intake, const struct tw_error *why);

/* The same for one that the archive refused: where says which line, no part of it is a kind. */
void tw_intake_refuse_line(struct tw_intake *intake, const struct tw_error *why);

/* A record that was counted as taken turns out to be refused: it counts once. */
void tw_intake_take_back(struct tw_intake *intake, const struct tw_document *document);

/* Writes the line, kinds in order of their counts, and returns its length; 0 when all went well. */
size_t tw_intake_line(const struct tw_intake *intake, char *line, size_t size);

#endif
