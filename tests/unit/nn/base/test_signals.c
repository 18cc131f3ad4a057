/* signals: what is held waits and is delivered afterwards; a thread that is started meanwhile gets none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/signals.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t heard;

static void hear(int signal)
{
    (void)signal;
    heard++;
}

static void listen_to(int signal)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = hear;
    heard = 0;
    assert_int_equal(sigaction(signal, &action, NULL), 0);
}

static void what_is_held_is_delivered_when_it_is_released(void **state)
{
    (void)state;
    listen_to(SIGUSR1);
    struct tw_signals_held held = tw_signals_hold();
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(heard, 0);
    tw_signals_release(&held);
    assert_int_equal(heard, 1);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(heard, 2);
}

static void held_twice_it_is_released_with_the_first(void **state)
{
    (void)state;
    listen_to(SIGUSR1);
    struct tw_signals_held outer = tw_signals_hold();
    struct tw_signals_held inner = tw_signals_hold();
    assert_int_equal(raise(SIGUSR1), 0);
    tw_signals_release(&inner);
    assert_int_equal(heard, 0);
    tw_signals_release(&outer);
    assert_int_equal(heard, 1);
}

static void *look_at_mask(void *argument)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    bool held = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGUSR1) == 1;
    atomic_store((atomic_int *)argument, held ? 1 : 2);
    return NULL;
}

static void a_detached_thread_gets_none_and_leaves_ours_as_it_was(void **state)
{
    (void)state;
    static atomic_int seen; /* outlives the test, should the thread be late */
    sigset_t mask;
    assert_true(tw_signals_start_detached(look_at_mask, &seen));
    for (int turn = 0; turn < 1000 && atomic_load(&seen) == 0; turn++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(atomic_load(&seen), 1);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_held_is_delivered_when_it_is_released),
        cmocka_unit_test(held_twice_it_is_released_with_the_first),
        cmocka_unit_test(a_detached_thread_gets_none_and_leaves_ours_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
