/* loop: timers fire, signals arrive as verbs, and no handle is forgotten; also while other threads knock. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "serve/loop.h"

struct house {
    struct tw_loop loop;
    struct tw_error err;
    int seconds;
    int ages;
    int hangups;
    int terminations;
    uv_async_t knock;
    uint64_t knocks;       /* counted on the loop */
    uint64_t knocks_asked; /* written by the thread before it sends, read after it was joined */
};

static void on_second(void *context)
{
    struct house *house = context;
    house->seconds++;
    if (house->seconds == 3)
        tw_loop_close(&house->loop);
}

static void on_age(void *context)
{
    struct house *house = context;
    house->ages++;
}

static void on_hangup(void *context)
{
    struct house *house = context;
    house->hangups++;
    raise(SIGTERM);
}

static void on_terminate(void *context)
{
    struct house *house = context;
    house->terminations++;
    tw_loop_close(&house->loop);
}

static void nothing(void *context)
{
    (void)context;
}

static void open_house(struct house *house)
{
    struct tw_loop_events events = {
        .context = house,
        .timers = {[TW_TIMER_SECOND] = on_second,
            [TW_TIMER_AGE] = on_age,
            [TW_TIMER_WATCHDOG] = nothing,
            [TW_TIMER_DRAIN] = nothing},
        .signals = {[TW_SIGNAL_TERMINATE] = on_terminate,
            [TW_SIGNAL_INTERRUPT] = on_terminate,
            [TW_SIGNAL_HANGUP] = on_hangup},
    };
    assert_true(tw_loop_begin(&house->loop, &events, &house->err));
}

static void timers_repeat_or_fire_once_until_the_loop_is_closed(void **state)
{
    (void)state;
    struct house house = {0};
    open_house(&house);
    tw_timer_start(&house.loop, TW_TIMER_SECOND, 10, 10);
    tw_timer_start(&house.loop, TW_TIMER_AGE, 1, 0);
    tw_loop_run(&house.loop);
    assert_int_equal(house.seconds, 3);
    assert_int_equal(house.ages, 1);
    assert_true(tw_loop_end(&house.loop, &house.err));
}

static void signals_arrive_as_verbs_on_the_loop(void **state)
{
    (void)state;
    struct house house = {0};
    open_house(&house);
    raise(SIGHUP);
    tw_loop_run(&house.loop);
    assert_int_equal(house.hangups, 1);
    assert_int_equal(house.terminations, 1);
    assert_true(tw_loop_end(&house.loop, &house.err));
}

static void on_knock(uv_async_t *knock)
{
    struct house *house = knock->data;
    house->knocks++;
}

static void *knock_many_times(void *context)
{
    struct house *house = context;
    for (int time = 0; time < 1000; time++) {
        house->knocks_asked++;
        uv_async_send(&house->knock);
    }
    kill(getpid(), SIGTERM);
    return NULL;
}

static void threads_that_knock_do_not_disturb_timers_and_signals(void **state)
{
    (void)state;
    struct house house = {0};
    pthread_t thread;
    open_house(&house);
    assert_int_equal(uv_async_init(&house.loop.uv, &house.knock, on_knock), 0);
    house.knock.data = &house;
    uv_unref((uv_handle_t *)&house.knock);
    assert_int_equal(pthread_create(&thread, NULL, knock_many_times, &house), 0);
    tw_loop_run(&house.loop);
    pthread_join(thread, NULL);
    uv_close((uv_handle_t *)&house.knock, NULL);
    assert_int_equal(house.terminations, 1);
    assert_int_equal(house.knocks_asked, 1000);
    assert_in_range(house.knocks, 1, 1000);
    tw_loop_run(&house.loop);
    assert_true(tw_loop_end(&house.loop, &house.err));
}

static void a_handle_left_open_is_told(void **state)
{
    (void)state;
    struct house house = {0};
    uv_timer_t forgotten;
    open_house(&house);
    uv_timer_init(&house.loop.uv, &forgotten);
    tw_loop_close(&house.loop);
    tw_loop_run(&house.loop);
    assert_false(tw_loop_end(&house.loop, &house.err));
    assert_int_equal(house.err.code, TW_INTERNAL);
    uv_close((uv_handle_t *)&forgotten, NULL);
    tw_loop_run(&house.loop);
    assert_true(tw_loop_end(&house.loop, &house.err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_repeat_or_fire_once_until_the_loop_is_closed),
        cmocka_unit_test(signals_arrive_as_verbs_on_the_loop),
        cmocka_unit_test(threads_that_knock_do_not_disturb_timers_and_signals),
        cmocka_unit_test(a_handle_left_open_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
