#include "base/signals.h"

#include <pthread.h>

struct tw_signals_held tw_signals_hold(void)
{
    struct tw_signals_held held;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &held.before);
    return held;
}

void tw_signals_release(const struct tw_signals_held *held)
{
    pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}

bool tw_signals_start_detached(void *(*run)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    struct tw_signals_held held = tw_signals_hold();
    bool started = pthread_create(&thread, &attributes, run, argument) == 0;
    tw_signals_release(&held);
    pthread_attr_destroy(&attributes);
    return started;
}
