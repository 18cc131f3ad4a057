/* liveness: does what waits get on? Told by progress, never by what seems to work: a connection that stands
 * proves nothing about a database that refuses, is locked or is frozen.
 *
 *     records wait     read and not committed, or known to be in Kafka (partition lag)
 *     progress         a commit, of whatever partition or size; or nothing waits
 *     unknown          while this daemon is no member of its group: what it was before goes on, lest one that
 *                      is thrown out again and again seem to begin anew each time
 *
 *     tw_liveness_note(&liveness, waits, commits, now_ms);                  each second
 *     tw_liveness_waited_ms(&liveness, waits, commits, now_ms)              at any time, by who asks
 *
 * After TW_LIVENESS_LIMIT_MS without progress the daemon is not ready. Neither is it when one partition is
 * left behind: what was read of it stands for that long, under whatever owners, while others had their turn:
 *
 *     tw_liveness_note_partition(partition, commits, now_ms);               each second
 *     tw_liveness_is_left_behind(partition, commits, partitions, now_ms)
 *
 * Nor when all records of a partition are bad in one way: a sender, a configuration or a trigger that is
 * wrong as a whole stores rows, and looks like progress. A few bad ones, or many at one moment, are no such
 * thing:
 *
 *     refused          nothing but dead letters comes of it, whether the river or PostgreSQL refused them
 *     ahead            each time is too far ahead to move event time: it stands still, and no bar closes
 *
 *     tw_liveness_note_records(partition, &rows, kept, now_ms);             each batch that is stored
 *     tw_liveness_is_bad(&partition->refused)                               and of `ahead` alike
 *
 * The same limit holds for the evaluator (tw_evaluator_behind_ms) and for a partition from which nothing
 * comes (source/reasons.h). Pure, on the loop. */
#ifndef TW_LIVENESS_H
#define TW_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "partition.h"
#include "rows.h"

enum { TW_BAD_RECORDS = 100, TW_BAD_MS = 60000 };

struct tw_liveness {
    uint64_t commits;     /* known to be committed, when last noted */
    uint64_t progress_ms; /* monotonic: when there was one more, or nothing waited */
};

/* What records do, as far as it is known. */
enum tw_backlog { TW_BACKLOG_NONE, TW_BACKLOG_WAITS, TW_BACKLOG_UNKNOWN };

/* What is to be seen at this moment. */
void tw_liveness_note(
    struct tw_liveness *liveness, enum tw_backlog backlog, uint64_t commits, uint64_t now_ms);
/* How long records have waited without any being committed; 0 when none waits, or one just was. */
uint64_t tw_liveness_waited_ms(
    const struct tw_liveness *liveness, enum tw_backlog backlog, uint64_t commits, uint64_t now_ms);

/* What is to be seen of one partition at this moment. The first look of an owner begins where its row had
 * stood (stood_ms). */
void tw_liveness_note_partition(struct tw_partition *partition, uint64_t commits, uint64_t now_ms);
/* Whether records of it were read, and its row has stood for TW_LIVENESS_LIMIT_MS, though the daemon has
 * committed three times as often since as it has partitions (`partitions`): each had its turn, however slow
 * the model is. */
bool tw_liveness_is_left_behind(
    const struct tw_partition *partition, uint64_t commits, uint32_t partitions, uint64_t now_ms);

/* A batch is stored; `kept` says of each document whether a row came of it (store/encode.h). Records that are
 * neither good nor bad say nothing: without a value, or what stood there already after a `reset`. */
void tw_liveness_note_records(
    struct tw_partition *partition, const struct tw_rows *rows, const uint8_t *kept, uint64_t now_ms);
/* Whether the last TW_BAD_RECORDS or more were all bad, over TW_BAD_MS or longer. It stays so until a good
 * one is stored: silence after them proves nothing. */
bool tw_liveness_is_bad(const struct tw_bad_run *run);

#endif
