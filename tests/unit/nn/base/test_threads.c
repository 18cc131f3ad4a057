/* threads: every thread does its part of every job, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/threads.h"

enum { MOST = 7, JOBS = 500 };

struct ledger {
    size_t done[MOST]; /* by number: each thread writes its own */
};

static void count_one(void *self, size_t number)
{
    ((struct ledger *)self)->done[number]++;
}

static void every_number_does_every_job_once(void **state)
{
    (void)state;
    for (size_t count = 1; count <= MOST; count += 3) {
        struct ledger ledger = {{0}};
        struct tw_error err;
        struct tw_threads *threads;
        assert_true(tw_threads_open(count, &threads, &err));
        for (size_t job = 1; job <= JOBS; job++) {
            tw_threads_run(threads, count_one, &ledger);
            for (size_t number = 0; number < MOST; number++)
                assert_int_equal(ledger.done[number], number < count ? job : 0);
        }
        tw_threads_close(threads);
    }
}

static void threads_without_a_job_end(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_threads *threads;
    assert_true(tw_threads_open(MOST, &threads, &err));
    tw_threads_close(threads);
    tw_threads_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_does_every_job_once),
        cmocka_unit_test(threads_without_a_job_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
