/* clock: what time it is, said once for the whole tree.
 *
 * Durations and deadlines are counted on the monotonic clock, which no administrator sets; the wall clock
 * is for columns and for lines that people read. pipelines takes no clock by itself: a time comes to it
 * with the messages or from its caller. */
#ifndef TW_CLOCK_H
#define TW_CLOCK_H

#include <stdint.h>

/* Monotonic milliseconds; never 0, so that 0 can stand for "not yet". */
uint64_t tw_now_ms(void);
/* The same clock in microseconds (without the one that keeps tw_now_ms from 0), for durations. */
uint64_t tw_now_us(void);
/* And in nanoseconds, for the laps of a stopwatch. */
uint64_t tw_now_ns(void);
/* Wall clock, microseconds since 1970-01-01 00:00 UTC. */
int64_t tw_wall_us(void);
/* Nanoseconds of processor time that the calling thread has used: what else runs on the machine does not
 * count. */
uint64_t tw_thread_ns(void);

#endif
