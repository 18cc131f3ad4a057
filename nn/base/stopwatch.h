/* stopwatch: how long the steps of a thread's work take, one beside the other; for benches.
 *
 *     struct tw_stopwatch watch = {.now_ns = tw_now_ns};          about 11 kB a step: not on the stack
 *     tw_stopwatch_begin(&watch);
 *     ... decode ...  tw_stopwatch_lap(&watch, STEP_DECODE, 1);         the time since the last lap
 *     ... encode ...  tw_stopwatch_lap(&watch, STEP_ENCODE, texts);     shared evenly by so many
 *     tw_laps_quantile_ns(&watch.steps[STEP_DECODE], 0.99)
 *
 * Laps are counted in classes of time a sixteenth of their size apart, so a quantile is right to 6%, and
 * nothing is allocated however many there are. NULL stands for nobody who wants to know. What the steps are
 * is the caller's affair. One thread at a time. */
#ifndef TW_STOPWATCH_H
#define TW_STOPWATCH_H

#include <stddef.h>
#include <stdint.h>

enum { TW_STOPWATCH_STEPS = 8, TW_LAP_CLASSES = 45 * 16 };

struct tw_laps {
    uint64_t counts[TW_LAP_CLASSES];
    uint64_t count; /* of laps */
    uint64_t ns;    /* all of them together */
};

struct tw_stopwatch {
    uint64_t (*now_ns)(void); /* a clock that never goes back */
    uint64_t began_ns;        /* of the lap under way */
    struct tw_laps steps[TW_STOPWATCH_STEPS];
};

/* A lap begins: what was done since the last one is counted nowhere. */
static inline void tw_stopwatch_begin(struct tw_stopwatch *watch)
{
    if (watch)
        watch->began_ns = watch->now_ns();
}

/* The lap is over: `count` laps of equal length are added to `step`, and the next one begins. */
void tw_stopwatch_lap(struct tw_stopwatch *watch, size_t step, uint64_t count);

/* The shortest time that `share` (0 to 1) of the laps did not exceed; 0 without laps. */
double tw_laps_quantile_ns(const struct tw_laps *laps, double share);

#endif
