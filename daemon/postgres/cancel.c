#include "postgres/cancel.h"

#include <pthread.h>
#include <signal.h>

static void *send_cancel(void *argument)
{
    char why[256];
    PQcancel(argument, why, sizeof why);
    PQfreeCancel(argument);
    return NULL;
}

void tw_postgres_cancel(PGconn *pg)
{
    PGcancel *cancel = PQgetCancel(pg);
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (!cancel)
        return;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    if (pthread_create(&thread, &attributes, send_cancel, cancel) != 0)
        PQfreeCancel(cancel);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}
