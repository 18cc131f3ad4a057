#include "serve/liveness.h"

#include "timestamps/time_text.h"

#include <stdio.h>

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

/* What the records of a batch are, in one way. */
struct records {
    uint32_t good, bad;
    const struct tw_document *first; /* that is bad */
};

static void count(struct records *records, const struct tw_document *document, bool bad)
{
    records->first = bad && !records->first ? document : records->first;
    records->bad += bad;
    records->good += !bad;
}

/* Refused is what has a reason and no row of its own: PostgreSQL's reason is added when it has refused a
 * document (store/commit.h). A tick has no row either, and moves event time. */
static void sort(
    const struct tw_rows *rows, const uint8_t *kept, struct records *refused, struct records *ahead)
{
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        if (kept[at] || document->refusal)
            count(refused, document, !kept[at]);
        if (kept[at] || document->fate == TW_FATE_TICK)
            count(ahead, document, !document->moves_watermark);
    }
}

/* Is there one whose reason is to be kept? */
static bool take(struct tw_bad_run *run, const struct records *records, uint64_t now_ms)
{
    if (records->good > 0)
        *run = (struct tw_bad_run){0};
    if (records->good > 0 || records->bad == 0)
        return false;
    if (run->records == 0)
        run->first_ms = now_ms;
    run->records += records->bad;
    run->last_ms = now_ms;
    return true;
}

static void explain_ahead(struct tw_bad_run *run, const struct tw_document *document)
{
    char event[TW_TIME_TEXT_BYTES];
    char stamp[TW_TIME_TEXT_BYTES] = "none";
    tw_time_text(document->event_us, event);
    if (document->message && document->message->stamp_us != TW_NO_TIME)
        tw_time_text(document->message->stamp_us, stamp);
    snprintf(run->why, sizeof run->why,
        "%s with a record's stamp of %s; cure: check the sender's clock, decode.time_zone and decode.time_unit, "
        "or raise watermark.max_ahead",
        event, stamp);
}

void tw_liveness_note_records(
    struct tw_partition *partition, const struct tw_rows *rows, const uint8_t *kept, uint64_t now_ms)
{
    struct records refused = {0}, ahead = {0};
    sort(rows, kept, &refused, &ahead);
    if (take(&partition->refused, &refused, now_ms))
        tw_error_line(refused.first->refusal, partition->refused.why, sizeof partition->refused.why);
    if (take(&partition->ahead, &ahead, now_ms))
        explain_ahead(&partition->ahead, ahead.first);
}

bool tw_liveness_is_bad(const struct tw_bad_run *run)
{
    return run->records >= TW_BAD_RECORDS && run->last_ms - run->first_ms >= TW_BAD_MS;
}
