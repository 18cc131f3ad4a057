#include "postgres/cancel.h"

#include "base/signals.h"

#include <stddef.h>

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
    if (cancel && !tw_signals_start_detached(send_cancel, cancel))
        PQfreeCancel(cancel);
}
