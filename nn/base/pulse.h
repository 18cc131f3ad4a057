/* pulse: between a thread with long work and whoever watches it: signs of life one way, "stop" the other.
 *
 *     worker     if (!tw_pulse_beat(pulse)) return tw_pulse_stopped(err);     between two steps
 *     watcher    tw_pulse_rested_ms(&pulse, now_ms)                           how long there was no step
 *                tw_pulse_stop(&pulse)                                        at the next step it stops
 *
 * A step is what cannot be stopped half-way: a text that is read, a pass through the encoder. NULL stands for
 * nobody who watches. */
#ifndef TW_PULSE_H
#define TW_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

struct tw_pulse {
    atomic_bool stop;
    _Atomic uint64_t beat_ms; /* monotonic: the last step; 0: at rest */
};

/* A step is done, or work begins. False when asked to stop. */
static inline bool tw_pulse_beat(struct tw_pulse *pulse)
{
    if (!pulse)
        return true;
    atomic_store_explicit(&pulse->beat_ms, tw_now_ms(), memory_order_relaxed);
    return !atomic_load_explicit(&pulse->stop, memory_order_relaxed);
}

/* The work is over: no step is owed. */
static inline void tw_pulse_rest(struct tw_pulse *pulse)
{
    atomic_store_explicit(&pulse->beat_ms, 0, memory_order_relaxed);
}

/* Asks it to stop at the next step; for good. */
static inline void tw_pulse_stop(struct tw_pulse *pulse)
{
    atomic_store_explicit(&pulse->stop, true, memory_order_relaxed);
}

/* For how long no step was done; 0 when it is at rest. */
static inline uint64_t tw_pulse_rested_ms(const struct tw_pulse *pulse, uint64_t now_ms)
{
    uint64_t beat_ms = atomic_load_explicit(&pulse->beat_ms, memory_order_relaxed);
    return beat_ms != 0 && now_ms > beat_ms ? now_ms - beat_ms : 0;
}

/* Is it at work? */
static inline bool tw_pulse_beats(const struct tw_pulse *pulse)
{
    return atomic_load_explicit(&pulse->beat_ms, memory_order_relaxed) != 0;
}

/* The error of work that was stopped. Returns false. */
static inline bool tw_pulse_stopped(struct tw_error *err)
{
    return tw_fail(err, TW_INTERRUPTED, NULL, NULL, "stopped between two steps");
}

#endif
