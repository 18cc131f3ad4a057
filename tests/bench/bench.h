/* bench: what every bench program does alike.
 *   in    an outcome with its error; a clock
 *   out   the end of the program with that error in one line, and its exit status; seconds */
#ifndef TW_BENCH_H
#define TW_BENCH_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"

/* Ends the program unless this was done. */
static inline void must(bool done, const struct tw_error *err)
{
    char line[1200];
    if (done)
        return;
    tw_error_line(err, line, sizeof line);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
    exit(tw_exit_status(err->code));
}

/* Of CLOCK_MONOTONIC, or of the processor: CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID. */
static inline double seconds_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
