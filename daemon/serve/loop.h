/* loop: the one libuv loop, and every handle that the daemon itself puts on it.
 *
 *     handle      fires                    calls
 *     terminate   SIGTERM                  events.stop
 *     interrupt   SIGINT                   events.stop
 *     hangup      SIGHUP                   events.reload
 *     second      each second              events.second   (positions, gauges, readiness, advisory offsets)
 *     age         when a batch is due      events.age      (cuts what is old enough)
 *     watchdog    WATCHDOG_USEC / 2        events.watchdog (only if the pool is alive)
 *     drain       while stopping           events.drained  (limit reached)
 *
 * Rooms bring their own handles (source: async; pool: async; store: poll and timer; http, control), opened in
 * their begin and closed in their end. A callback calls one verb and returns. SIGPIPE is ignored. */
#ifndef TW_LOOP_H
#define TW_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"

enum tw_timer { TW_TIMER_SECOND, TW_TIMER_AGE, TW_TIMER_WATCHDOG, TW_TIMER_DRAIN, TW_TIMERS };
enum tw_signal { TW_SIGNAL_TERMINATE, TW_SIGNAL_INTERRUPT, TW_SIGNAL_HANGUP, TW_SIGNALS };

struct tw_loop_events {
    void *context;
    void (*timers[TW_TIMERS])(void *context);
    void (*signals[TW_SIGNALS])(void *context);
};

struct tw_loop {
    uv_loop_t uv;
    uv_timer_t timers[TW_TIMERS];
    uv_signal_t signals[TW_SIGNALS];
    struct tw_loop_events events;
};

/* Opens loop and handles; signals are caught from here on. TW_INTERNAL. */
TW_MUST_USE bool tw_loop_begin(
    struct tw_loop *loop, const struct tw_loop_events *events, struct tw_error *err);
/* Runs until no handle is left (every room ended and tw_loop_close was called). */
void tw_loop_run(struct tw_loop *loop);
/* Closes the handles of the table above. */
void tw_loop_close(struct tw_loop *loop);
/* Frees the loop; TW_INTERNAL when a room left a handle open. */
TW_MUST_USE bool tw_loop_end(struct tw_loop *loop, struct tw_error *err);

/* Starts (or moves) a timer: first after `first_ms`, then every `repeat_ms` (0: once). */
void tw_timer_start(struct tw_loop *loop, enum tw_timer timer, uint64_t first_ms, uint64_t repeat_ms);
/* Whether it is going to fire. */
bool tw_timer_is_running(const struct tw_loop *loop, enum tw_timer timer);

#endif
