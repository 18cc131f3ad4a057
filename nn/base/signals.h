/* signals: none may interrupt this piece of code, nor a thread that is started in it.
 *
 *     struct tw_signals_held held = tw_signals_hold();
 *     ...                                  signals wait; a thread that starts here inherits that for good
 *     tw_signals_release(&held);           as it was before; what waited is delivered now
 *
 * Signals belong to the one thread that reads them (the daemon's loop). A worker that inherits an open mask
 * could be the one that is interrupted. Of the calling thread only; pairs may be nested. */
#ifndef TW_SIGNALS_H
#define TW_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* What the calling thread let through before. */
struct tw_signals_held {
    sigset_t before;
};

/* Holds back all that can be held. */
struct tw_signals_held tw_signals_hold(void);
/* The same thread lets through again what it did before. */
void tw_signals_release(const struct tw_signals_held *held);

/* Starts a thread that gets no signal and that nobody waits for. False: it was not started. */
bool tw_signals_start_detached(void *(*run)(void *argument), void *argument);

#endif
