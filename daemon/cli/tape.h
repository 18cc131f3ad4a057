/* tape: an archive in memory, in the order of event time, for replay.
 *
 *   in    an archive (archive.h), the decode options that give each line its event time
 *   out   records in the order in which life would have brought them
 *
 * Lines are kept as they are, broken ones too: what the daemon makes of them is the daemon's to say. A line
 * without an event time of its own stays behind the line it follows. Sorting is stable. Memory: the archive's
 * text. */
#ifndef TW_TAPE_H
#define TW_TAPE_H

#include "files/intake.h"
#include "read/decode.h"

struct tw_tape_line {
    struct tw_text line;
    uint64_t number;  /* line in the archive, from 1 */
    int64_t event_us; /* TW_NO_TIME: neither this line nor one before it has a time */
    struct tw_text id;
    struct tw_text symbol; /* the first of its symbols; empty when it names none */
};

struct tw_tape {
    struct tw_tape_line *records;
    size_t count;
    size_t capacity;
    uint64_t refused;        /* lines too long */
    struct tw_intake intake; /* what the daemon will make of all of them */
    uint64_t timeless;       /* lines without an event time */
    uint64_t moved;          /* lines that stood later in the file than in time */
    int64_t first_us;
    int64_t last_us;
    struct tw_arena arena;
};

/* Called for each line that is too long. */
typedef void tw_tape_refused(void *context, const char *archive, const struct tw_error *err);

/* TW_IO, TW_PERMISSION; TW_FULL when the archive is larger than `most_bytes` of text. */
TW_MUST_USE bool tw_tape_load(const char *path, const struct tw_decode_options *decode, size_t most_bytes,
    tw_tape_refused *refused, void *context, struct tw_tape *out, struct tw_error *err);
/* A zeroed tape may be freed. */
void tw_tape_free(struct tw_tape *tape);

/* The line with another id: `<id>-<round>`, or `<line number>-<round>` when it has none. malloc'ed, for the
 * caller to free; NULL when the line is no JSON object (then it has no id to change) or memory is refused. */
char *tw_tape_rename(const struct tw_tape_line *record, const struct tw_decode_options *decode,
    uint64_t round, size_t *length);

#endif
