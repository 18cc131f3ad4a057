/* notices: what batches held that somebody should hear of, folded to a line a minute.
 *
 *     tw_notices_add(&notices, &log, now_ms, &rows, topic, partition);   // once for each batch stored
 *     tw_notices_flush(&notices, &log, now_ms);                          // each second: tells what waited
 *                                                                        // its minute
 *
 * Kinds, each with its own minute; the first of a kind is told at once:
 *   warning  dead letters          how many, and of the first: reason, topic, partition, offset
 *   warning  times before 1990     how many numbers lie there: most likely decode.time_unit is wrong
 *   warning  times not used        how many messages hold one, under a name of feeds, for which the record's
 *                                  stamp stands; of the first: why, and the cure
 *   warning  times too far ahead   how many times were later than their record's stamp, or the stamp than the
 *                                  clock, by more than may move the watermark; the first of them
 *   warning  event time leads      by how much the times that moved a watermark led the clock of this machine
 *            the clock             by, when by more than a minute
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
    TW_NOTICE_UNREAD_TIMES,
    TW_NOTICE_AHEAD,
    TW_NOTICE_LEAD,
    TW_NOTICE_REPAIRS,
    TW_NOTICE_SYMBOLS,
    TW_NOTICES
};

/* Whose record it was. */
struct tw_notice_place {
    char topic[256];
    int32_t partition;
};

/* Begin with zeros. */
struct tw_notices {
    uint64_t waiting[TW_NOTICES]; /* not yet told */
    uint64_t told_ms[TW_NOTICES]; /* when the last line was written; 0: never */
    uint64_t repaired[TW_REPAIRS];
    char reason[256];                          /* of the first dead letter that waits */
    char unread[TW_TIME_UNREAD_BYTES];         /* of the first time not used that waits: why */
    int64_t unread_offset;                     /* and its record's offset */
    int64_t ahead_offset;                      /* of the first time too far ahead that waits */
    int64_t ahead_us;                          /* and that time, */
    int64_t ahead_stamp_us;                    /* and its record's stamp */
    int64_t lead_us;                           /* the most by which event time led the clock */
    int64_t offset;                            /* of the first dead letter that waits */
    struct tw_notice_place places[TW_NOTICES]; /* of the first that waits; of the one that leads most */
};

/* Takes in what a stored batch held that was read when the wall clock said `clock_us`, and tells what may be
 * told now. */
void tw_notices_add(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms, int64_t clock_us,
    const struct tw_rows *rows, const char *topic, int32_t partition);

/* Tells what has waited for a minute. */
void tw_notices_flush(struct tw_notices *notices, const struct tw_log *log, uint64_t now_ms);

#endif
