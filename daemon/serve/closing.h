/* closing: how the rooms of `serve` end, each step when the one before has ended.
 *
 *     tellers give back their leases > evidence ends > evaluator lets shards go > pool ends > store closes >
 *     source leaves the group > doors are shut > the loop's handles close
 *
 * A step passes over a room that was never opened, so that a start which failed half-way ends the same way.
 * What librdkafka does not give up within five seconds is left behind: the daemon is ABANDONED, and its
 * process ends with all of it. When and why is the daemon's (daemon.h). */
#ifndef TW_CLOSING_H
#define TW_CLOSING_H

struct tw_daemon;

/* Begins the first step; the phase is CLOSING from here on, and CLOSED or ABANDONED when the loop returns.
 * Nothing when it has begun. */
void tw_closing_begin(struct tw_daemon *daemon, const char *why);

/* CLOSING: waits for nobody any more. */
void tw_closing_abandon(struct tw_daemon *daemon, const char *why);

#endif
