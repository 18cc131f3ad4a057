#include "serve/closing.h"

#include "serve/daemon.h"
#include "serve/doors.h"

enum { CLOSE_LIMIT_MS = 5000 }; /* for leaving the group */

static void loop_closes(struct tw_daemon *daemon)
{
    tw_doors_close(daemon);
    tw_loop_close(&daemon->loop);
    if (daemon->phase == TW_DAEMON_ABANDONED)
        uv_stop(&daemon->loop.uv); /* librdkafka's last work may never come back */
    else
        tw_daemon_move(daemon, TW_DAEMON_CLOSED, "every room has ended");
}

static void source_closed(void *context, bool cleanly)
{
    struct tw_daemon *daemon = context;
    daemon->source = NULL;
    if (!cleanly)
        tw_daemon_move(daemon, TW_DAEMON_ABANDONED, "librdkafka still runs");
    loop_closes(daemon);
}

static void store_closed(void *context)
{
    struct tw_daemon *daemon = context;
    daemon->stores = NULL;
    if (daemon->source)
        tw_source_end(daemon->source, CLOSE_LIMIT_MS, source_closed, daemon);
    else
        loop_closes(daemon);
}

static void pool_closed(void *context)
{
    struct tw_daemon *daemon = context;
    daemon->pool = NULL;
    if (daemon->stores)
        tw_stores_end(daemon->stores, store_closed);
    else
        store_closed(daemon);
}

static void evaluator_closed(void *context)
{
    struct tw_daemon *daemon = context;
    daemon->evaluator = NULL;
    if (daemon->pool)
        tw_pool_end(daemon->pool, pool_closed, daemon);
    else
        pool_closed(daemon);
}

static void evidence_closed(void *context)
{
    struct tw_daemon *daemon = context;
    daemon->evidence = NULL;
    if (daemon->evaluator)
        tw_evaluator_end(daemon->evaluator, evaluator_closed, daemon);
    else
        evaluator_closed(daemon);
}

static void tell_closed(void *context)
{
    struct tw_daemon *daemon = context;
    if (daemon->evidence)
        tw_evidence_end(daemon->evidence, evidence_closed, daemon);
    else
        evidence_closed(daemon);
}

void tw_closing_begin(struct tw_daemon *daemon, const char *why)
{
    if (daemon->phase >= TW_DAEMON_CLOSING)
        return;
    tw_daemon_move(daemon, TW_DAEMON_CLOSING, why);
    tw_reloading_end(daemon);
    tw_tell_end(&daemon->tell, tell_closed, daemon);
}

void tw_closing_abandon(struct tw_daemon *daemon, const char *why)
{
    tw_daemon_move(daemon, TW_DAEMON_ABANDONED, why);
    loop_closes(daemon);
}
