#include "serve/loop.h"

#include <signal.h>

static const int signal_numbers[TW_SIGNALS] = {
    [TW_SIGNAL_TERMINATE] = SIGTERM,
    [TW_SIGNAL_INTERRUPT] = SIGINT,
    [TW_SIGNAL_HANGUP] = SIGHUP,
};

static void timer_fired(uv_timer_t *handle)
{
    struct tw_loop *loop = handle->data;
    loop->events.timers[handle - loop->timers](loop->events.context);
}

static void signal_came(uv_signal_t *handle, int number)
{
    (void)number;
    struct tw_loop *loop = handle->data;
    loop->events.signals[handle - loop->signals](loop->events.context);
}

static bool open_handles(struct tw_loop *loop)
{
    bool open = true;
    for (size_t at = 0; at < TW_TIMERS; at++) {
        open = open && uv_timer_init(&loop->uv, &loop->timers[at]) == 0;
        loop->timers[at].data = loop;
    }
    for (size_t at = 0; at < TW_SIGNALS; at++) {
        open = open && uv_signal_init(&loop->uv, &loop->signals[at]) == 0 &&
               uv_signal_start(&loop->signals[at], signal_came, signal_numbers[at]) == 0;
        loop->signals[at].data = loop;
    }
    return open;
}

bool tw_loop_begin(struct tw_loop *loop, const struct tw_loop_events *events, struct tw_error *err)
{
    signal(SIGPIPE, SIG_IGN); /* a peer that hangs up is an error of that write, not the end of the daemon */
    loop->events = *events;
    if (uv_loop_init(&loop->uv) != 0 || !open_handles(loop))
        return tw_fail(err, TW_INTERNAL, "loop", "raise the limit of open files (ulimit -n)",
            "cannot open the event loop");
    return true;
}

void tw_loop_run(struct tw_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void tw_loop_close(struct tw_loop *loop)
{
    for (size_t at = 0; at < TW_TIMERS; at++)
        uv_close((uv_handle_t *)&loop->timers[at], NULL);
    for (size_t at = 0; at < TW_SIGNALS; at++)
        uv_close((uv_handle_t *)&loop->signals[at], NULL);
}

bool tw_loop_end(struct tw_loop *loop, struct tw_error *err)
{
    if (uv_loop_close(&loop->uv) != 0)
        return tw_fail(err, TW_INTERNAL, "loop", "report it", "a handle was left open at the end");
    return true;
}

void tw_timer_start(struct tw_loop *loop, enum tw_timer timer, uint64_t first_ms, uint64_t repeat_ms)
{
    uv_update_time(&loop->uv);
    uv_timer_start(&loop->timers[timer], timer_fired, first_ms, repeat_ms);
}

bool tw_timer_is_running(const struct tw_loop *loop, enum tw_timer timer)
{
    return uv_is_active((const uv_handle_t *)&loop->timers[timer]) != 0;
}
