/* parallel_lines: however many workers there are and whichever is slow, the caller sees every line once, in
 * the order of the file; and a failure on either side ends the run, without a thread left waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "files/parallel_lines.h"
#include "read/decode.h"

enum { LINES = 5000, MOST = 1 << 20, LINE_MOST = 40 };

/* What the workers share. Where a failure is wanted, its line or worker is named; 0: nowhere. */
struct telling {
    uint64_t work_fails_at;
    uint64_t emit_fails_at;
    uint32_t begin_fails_at;
    char *told; /* of the caller's thread alone */
    size_t told_length;
    atomic_uint begun;
    atomic_uint ended;
};

static char *path_of_lines(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/tapewatch-parallel-lines.XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *to = fdopen(file, "w");
    for (int line = 1; line <= LINES; line++)
        fprintf(
            to, "%s%d\n", line % 1000 == 0 ? "longer than what a line of this test may be: " : "line ", line);
    assert_int_equal(fclose(to), 0);
    return path;
}

static bool begin(void *context, void **worker, struct tw_error *err)
{
    struct telling *telling = context;
    if (atomic_fetch_add(&telling->begun, 1) + 1 == telling->begin_fails_at)
        return tw_fail(err, TW_INTERNAL, "a worker", NULL, "no room");
    *worker = telling;
    return true;
}

static void end(void *worker)
{
    struct telling *telling = worker;
    atomic_fetch_add(&telling->ended, 1);
}

/* Every third chunk is slow, so that later ones are done before it. */
static void dawdle(uint64_t number)
{
    if (number / 128 % 3 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static bool work(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct telling *telling = context;
    (void)worker;
    dawdle(chunk->lines[0].number);
    for (uint32_t at = 0; at < chunk->count; at++) {
        const struct tw_line *line = &chunk->lines[at];
        if (line->number == telling->work_fails_at)
            return tw_fail(err, TW_REFUSED, "a line", NULL, "number %d is not liked", (int)line->number);
        fprintf(chunk->out, "%d:%.*s\n", (int)line->number, (int)line->text.length,
            line->refusal ? "" : line->text.bytes);
    }
    chunk->results = chunk->lines;
    return true;
}

static bool emit(void *context, struct tw_chunk *chunk, struct tw_error *err)
{
    struct telling *telling = context;
    assert_ptr_equal(chunk->results, chunk->lines);
    if (telling->emit_fails_at && chunk->lines[0].number >= telling->emit_fails_at)
        return tw_fail(err, TW_IO, "standard output", NULL, "the reader has gone");
    assert_true(telling->told_length + chunk->out_length < MOST);
    memcpy(telling->told + telling->told_length, chunk->out_bytes, chunk->out_length);
    telling->told_length += chunk->out_length;
    return true;
}

static bool tell(struct telling *telling, uint32_t workers, struct tw_error *err)
{
    struct tw_parallel_lines_job job = {telling, begin, end, work, emit};
    const struct tw_decode_options decode = {.max_payload_bytes = LINE_MOST};
    struct tw_parallel_lines_options options = {
        .path = path_of_lines(), .form = TW_INPUT_TEXT, .decode = &decode, .workers = workers};
    telling->told = malloc(MOST);
    assert_non_null(telling->told);
    bool done = tw_parallel_lines_run(&options, &job, err);
    telling->told[telling->told_length] = '\0';
    unlink(options.path);
    return done;
}

/* Whole lines, the first `most` of them or fewer, in order, each once; a refused one without its text. */
static uint64_t count_in_order(const struct telling *telling)
{
    uint64_t number = 0;
    const char *at = telling->told;
    while (*at) {
        char wanted[LINE_MOST];
        number++;
        snprintf(
            wanted, sizeof wanted, number % 1000 == 0 ? "%d:\n" : "%d:line %d\n", (int)number, (int)number);
        assert_memory_equal(at, wanted, strlen(wanted));
        at += strlen(wanted);
    }
    return number;
}

static void every_line_comes_once_and_in_order(void **state)
{
    (void)state;
    static const uint32_t workers[] = {1, 2, 7};
    for (size_t at = 0; at < sizeof workers / sizeof workers[0]; at++) {
        struct telling telling = {0};
        struct tw_error err;
        assert_true(tell(&telling, workers[at], &err));
        assert_int_equal(count_in_order(&telling), LINES);
        assert_int_equal(telling.begun, workers[at]);
        assert_int_equal(telling.ended, workers[at]);
        free(telling.told);
    }
}

static void a_worker_that_fails_ends_the_run(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers += 3) {
        struct telling telling = {.work_fails_at = 3001};
        struct tw_error err;
        assert_false(tell(&telling, workers, &err));
        assert_string_equal(err.what, "number 3001 is not liked");
        assert_true(count_in_order(&telling) <= 3000);
        assert_int_equal(telling.ended, telling.begun);
        free(telling.told);
    }
}

static void a_worker_that_cannot_begin_ends_the_run(void **state)
{
    (void)state;
    for (uint32_t failing = 1; failing <= 3; failing += 2) {
        struct telling telling = {.begin_fails_at = failing};
        struct tw_error err;
        assert_false(tell(&telling, 3, &err));
        assert_string_equal(err.what, "no room");
        (void)count_in_order(&telling);
        assert_int_equal(telling.ended, telling.begun - 1);
        free(telling.told);
    }
}

static void a_caller_that_fails_ends_the_run(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers += 3) {
        struct telling telling = {.emit_fails_at = 1000};
        struct tw_error err;
        assert_false(tell(&telling, workers, &err));
        assert_string_equal(err.what, "the reader has gone");
        assert_in_range(count_in_order(&telling), 900, 1100);
        assert_int_equal(telling.ended, telling.begun);
        free(telling.told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_comes_once_and_in_order),
        cmocka_unit_test(a_worker_that_fails_ends_the_run),
        cmocka_unit_test(a_worker_that_cannot_begin_ends_the_run),
        cmocka_unit_test(a_caller_that_fails_ends_the_run),
    };
    return cmocka_run_group_tests_name("files/parallel_lines", tests, NULL, NULL);
}
