/* liveness: does what waits get on? Told by progress, never by what seems to work: a connection that stands
 * proves nothing about a database that refuses, is locked or is frozen.
 *
 *     records wait     read and not committed, or known to be in Kafka (partition lag)
 *     progress         a commit, of whatever partition or size; or nothing waits
 *
 *     tw_liveness_note(&liveness, waits, commits, now_ms);                  each second
 *     tw_liveness_waited_ms(&liveness, waits, commits, now_ms)              at any time, by who asks
 *
 * After TW_LIVENESS_LIMIT_MS without progress the daemon is not ready. The same limit holds for the
 * evaluator (tw_evaluator_behind_ms) and for a partition from which nothing comes (source/reasons.h). Pure,
 * on the loop. */
#ifndef TW_LIVENESS_H
#define TW_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

/* Fifteen seconds, as seen from outside, less the second in which waiting began unseen. */
enum { TW_LIVENESS_LIMIT_MS = 14000 };

struct tw_liveness {
    uint64_t commits;     /* known to be committed, when last noted */
    uint64_t progress_ms; /* monotonic: when there was one more, or nothing waited */
};

/* What is to be seen at this moment. */
void tw_liveness_note(struct tw_liveness *liveness, bool waits, uint64_t commits, uint64_t now_ms);
/* How long records have waited without any being committed; 0 when none waits, or one just was. */
uint64_t tw_liveness_waited_ms(
    const struct tw_liveness *liveness, bool waits, uint64_t commits, uint64_t now_ms);

#endif
