#include "serve/liveness.h"

void tw_liveness_note(struct tw_liveness *liveness, bool waits, uint64_t commits, uint64_t now_ms)
{
    if (waits && commits == liveness->commits)
        return;
    liveness->commits = commits;
    liveness->progress_ms = now_ms;
}

uint64_t tw_liveness_waited_ms(
    const struct tw_liveness *liveness, bool waits, uint64_t commits, uint64_t now_ms)
{
    if (!waits || commits != liveness->commits || now_ms < liveness->progress_ms)
        return 0;
    return now_ms - liveness->progress_ms;
}
