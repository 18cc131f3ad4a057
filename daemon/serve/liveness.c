#include "serve/liveness.h"

/* Each partition has its turn within as many commits as there are partitions; thrice, for batches differ. */
enum { TURNS = 3 };

void tw_liveness_note(
    struct tw_liveness *liveness, enum tw_backlog backlog, uint64_t commits, uint64_t now_ms)
{
    bool began = liveness->progress_ms > 0;
    if (began && backlog != TW_BACKLOG_NONE && commits == liveness->commits)
        return;
    liveness->commits = commits;
    liveness->progress_ms = now_ms;
}

uint64_t tw_liveness_waited_ms(
    const struct tw_liveness *liveness, enum tw_backlog backlog, uint64_t commits, uint64_t now_ms)
{
    if (backlog != TW_BACKLOG_WAITS || commits != liveness->commits || now_ms < liveness->progress_ms)
        return 0;
    return now_ms - liveness->progress_ms;
}

void tw_liveness_note_partition(struct tw_partition *partition, uint64_t commits, uint64_t now_ms)
{
    struct tw_partition_progress *progress = &partition->progress;
    int64_t lag = tw_partition_lag(partition);
    if (!tw_partition_is_read(partition) || lag < 0)
        return; /* whether anything waits is not known yet */
    bool first = progress->since_ms == 0;
    if (!first && lag > 0 && partition->row_offset == progress->offset)
        return;
    uint64_t stood_ms = first && lag > 0 ? partition->stood_ms : 0;
    *progress = (struct tw_partition_progress){.since_ms = now_ms > stood_ms ? now_ms - stood_ms : 1,
        .offset = partition->row_offset,
        .commits = commits};
}

bool tw_liveness_is_left_behind(
    const struct tw_partition *partition, uint64_t commits, uint32_t partitions, uint64_t now_ms)
{
    const struct tw_partition_progress *progress = &partition->progress;
    bool waits = tw_partition_is_read(partition) && tw_partition_lag(partition) > 0 &&
                 partition->expected_offset > partition->row_offset; /* what has come; see source/reasons.h */
    return waits && progress->since_ms > 0 && partition->row_offset == progress->offset &&
           now_ms >= progress->since_ms + TW_LIVENESS_LIMIT_MS &&
           commits >= progress->commits + (uint64_t)TURNS * partitions;
}

void tw_liveness_note_refused(
    struct tw_partition *partition, uint32_t refused, uint32_t stored, uint64_t now_ms)
{
    struct tw_partition_refused *run = &partition->refused;
    if (stored > 0)
        *run = (struct tw_partition_refused){0};
    if (stored > 0 || refused == 0)
        return;
    if (run->records == 0)
        run->first_ms = now_ms;
    run->records += refused;
    run->last_ms = now_ms;
}

bool tw_liveness_is_refused(const struct tw_partition *partition)
{
    const struct tw_partition_refused *run = &partition->refused;
    return run->records >= TW_REFUSED_RECORDS && run->last_ms - run->first_ms >= TW_REFUSED_MS;
}
