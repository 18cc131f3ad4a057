/* held: which partition holds event time back, when one does for long: told in log, metric and status.
 *
 *     tw_held_note(&held, tw_evaluator_holder(evaluator), now_ms)   each second
 *     tw_held_ms(&held, now_ms)                                     how long by now, when it is long
 *     tw_held_tell(&held, there, &log, now_ms)                      a line at once, then one a minute
 *
 * The stream's event time is the lowest of partitions that are not idle (watermark.h). While it moves,
 * somebody is always last, and nobody is to be named. When it stands still though others are further, alerts
 * wait for the last one: it lags, its broker is away, or nobody reads it any more. */
#ifndef TW_HELD_H
#define TW_HELD_H

#include "evaluate/positions.h"
#include "observe/log.h"

struct tw_held {
    uint64_t limit_ms;       /* event time that stands still for less is none of anybody's business */
    struct tw_holder holder; /* as last noted */
    uint64_t since_ms; /* monotonic: from when on it has been the same one at the same place; 0: none is */
    uint64_t told_ms;  /* when the last line was written */
};

/* Takes in who is last now; NULL or an empty topic: nobody. */
void tw_held_note(struct tw_held *held, const struct tw_holder *holder, uint64_t now_ms);

/* How long event time has been held back by it; 0 while that is shorter than the limit. */
uint64_t tw_held_ms(const struct tw_held *held, uint64_t now_ms);

/* Writes what is wrong with the holder and what to do about it, in one line. `there`: how many partitions
 * its topic has; 0: not known. */
void tw_held_why(
    const struct tw_held *held, int32_t there, char *why, size_t why_size, char *cure, size_t cure_size);

/* Logs it, if it is time to. */
void tw_held_tell(struct tw_held *held, int32_t there, const struct tw_log *log, uint64_t now_ms);

#endif
