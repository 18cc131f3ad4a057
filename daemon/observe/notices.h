/* notices: what batches held that somebody should hear of, folded to a line a minute.
 *
 *     tw_notices_add(&notices, &log, now_ms, &rows, topic, partition);   // once for each batch that was
 *                                                                        stored
 *     tw_notices_flush(&notices, &log, now_ms);                          // each second: what waits is told
 *                                                                        when its minute is over
 *
 * Kinds, each with its own minute; the first of a kind is told at once:
 *   warning  dead letters          how many, and of the first: reason, topic, partition, offset
 *   warning  times before 1990     how many numbers in a unit that was set lie there: most likely
 *            decode.time_unit is wrong
 *   info     messages mended       how many documents, and in which fields
 *   info     symbols of nobody     how many of the messages' own symbols name no entity
 * Metrics count the same things without folding. For the loop thread. */
#ifndef TW_NOTICES_H
#define TW_NOTICES_H

#include <stdint.h>

#include "observe/log.h"
#include "rows.h"

enum tw_notice {
    TW_NOTICE_DEAD_LETTERS,
    TW_NOTICE_DOUBTFUL_TIMES,
    TW_NOTICE_REPAIRS,
    TW_NOTICE_SYMBOLS,
    TW_NOTICES
};

/* Begin with zeros. */
struct tw_notices {
    uint64_t waiting[TW_NOTICES]; /* not yet told */
    uint64_t told_ms[TW_NOTICES]; /* when the last line was written; 0: never */
    uint64_t repaired[TW_REPAIRS];
    char reason[256]; /* of the first dead letter that waits */
    char topic[256];
    int32_t partition;
    int64_t offset;
};

/* Takes in what a stored batch held, and tells what may be told now. */
void tw_notices_add(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms,
    const struct tw_rows *rows, const char *topic, int32_t partition);

/* Tells what has waited for a minute. */
void tw_notices_flush(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms);

#endif
