/* signals: one that comes in the middle of a product finds the thread's own stack.
 *
 * oneDNN's kernels move the stack pointer onto a piece of the heap while they work; a handler that runs then
 * writes its frame over whatever lies below, and the heap is found spoiled much later: a training run that
 * was told to stop died of it instead of saving. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "gemm/gemm.h"
#include "random_model.h"

/* The thread sanitizer hands signals over between calls: one a turn of three slow products. */
enum {
    ROWS = 160,
    OUT = 384,
    IN = 1536,
    EVERY_US = 300,
    ENOUGH = THREAD_SANITIZED ? 10 : 60,
    MOST_MS = 20000
};

static uintptr_t stack_low, stack_high;
static volatile sig_atomic_t came, elsewhere;

static void on_alarm(int number)
{
    /* Not a local's address: the address sanitizer may keep locals elsewhere
     * (detect_stack_use_after_return). */
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    (void)number;
    came = came + 1;
    if (here < stack_low || here >= stack_high)
        elsewhere = elsewhere + 1;
}

static void find_own_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    assert_int_equal(pthread_getattr_np(pthread_self(), &attributes), 0);
    assert_int_equal(pthread_attr_getstack(&attributes, &low, &size), 0);
    pthread_attr_destroy(&attributes);
    stack_low = (uintptr_t)low;
    stack_high = stack_low + size;
}

/* To this thread alone: a library's idle threads would take those that wait here. */
struct ringer {
    pthread_t thread, rung;
    atomic_bool ended;
};

static void *ring(void *context)
{
    struct ringer *ringer = context;
    while (!atomic_load(&ringer->ended)) {
        usleep(EVERY_US);
        pthread_kill(ringer->rung, SIGALRM);
    }
    return NULL;
}

static void multiply_under_signals(const char *backend)
{
    struct tw_gemm gemm;
    struct tw_error err;
    assert_true(tw_gemm_open(backend, &gemm, &err));
    float *x = calloc((size_t)ROWS * IN, sizeof *x), *w = calloc((size_t)OUT * IN, sizeof *w),
          *y = calloc((size_t)ROWS * OUT, sizeof *y);
    assert_true(x && w && y);
    came = elsewhere = 0;
    struct ringer ringer = {.rung = pthread_self()};
    assert_int_equal(pthread_create(&ringer.thread, NULL, ring, &ringer), 0);
    for (uint64_t began = tw_now_ms(); came < ENOUGH && elsewhere == 0 && tw_now_ms() - began < MOST_MS;) {
        assert_true(tw_gemm(&gemm, ROWS, OUT, IN, x, w, y, &err));
        assert_true(tw_gemm_input(&gemm, ROWS, OUT, IN, y, w, false, x, &err));
        assert_true(tw_gemm_weight(&gemm, ROWS, OUT, IN, y, x, false, w, &err));
    }
    atomic_store(&ringer.ended, true);
    pthread_join(ringer.thread, NULL);
    free(x);
    free(w);
    free(y);
    assert_int_equal(elsewhere, 0);
    assert_true(came >= ENOUGH);
}

static void a_signal_finds_the_own_stack_whatever_the_backend(void **unused)
{
    (void)unused;
    struct tw_gemm found;
    struct tw_error err;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    find_own_stack();
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_true(tw_gemm_open(NULL, &found, &err));
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++)
        if (found.probes[backend].works && found.probes[backend].stable)
            multiply_under_signals(tw_gemm_backend_name((enum tw_gemm_backend)backend));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_finds_the_own_stack_whatever_the_backend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
