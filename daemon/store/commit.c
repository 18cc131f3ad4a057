#include "store/commit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "config/config.h"
#include "store/transaction.h"
#include "time/watermark.h"

enum { RETRY_LEAST_MS = 50, KEEP_BYTES = 1 << 20 };

/* -- the machine ------------------------------------------------------------------------------- */

static const char *const state_names[TW_COMMIT_STATES] = {[TW_COMMIT_IDLE] = "idle",
    [TW_COMMIT_COMPARE] = "compare",
    [TW_COMMIT_DAYS] = "days",
    [TW_COMMIT_MODEL] = "model",
    [TW_COMMIT_ENTITIES] = "entities",
    [TW_COMMIT_SENT] = "sent",
    [TW_COMMIT_SETTLE] = "settle",
    [TW_COMMIT_LEARN] = "learn",
    [TW_COMMIT_UNBLOCK] = "unblock",
    [TW_COMMIT_WAIT] = "wait"};

#define TO(state) TW_MOVE(TW_COMMIT_##state)
static const uint32_t moves[TW_COMMIT_STATES] = {[TW_COMMIT_IDLE] = TO(COMPARE),
    [TW_COMMIT_COMPARE] = TO(DAYS) | TO(WAIT) | TO(IDLE),
    [TW_COMMIT_DAYS] = TO(MODEL) | TO(WAIT) | TO(COMPARE) | TO(IDLE),
    [TW_COMMIT_MODEL] = TO(ENTITIES) | TO(WAIT) | TO(COMPARE) | TO(IDLE),
    [TW_COMMIT_ENTITIES] = TO(SENT) | TO(WAIT) | TO(COMPARE) | TO(IDLE),
    [TW_COMMIT_SENT] = TO(COMPARE) | TO(SETTLE) | TO(LEARN) | TO(UNBLOCK) | TO(WAIT) | TO(IDLE),
    [TW_COMMIT_SETTLE] = TO(COMPARE) | TO(UNBLOCK) | TO(WAIT) | TO(IDLE),
    [TW_COMMIT_LEARN] = TO(COMPARE) | TO(WAIT) | TO(IDLE),
    [TW_COMMIT_UNBLOCK] = TO(WAIT) | TO(IDLE),
    [TW_COMMIT_WAIT] = TO(COMPARE) | TO(SETTLE) | TO(IDLE)};
#undef TO

const struct tw_machine tw_commit_machine = {"commit", state_names, moves, TW_COMMIT_STATES};

/* The only place where the state changes. What each batch passes is for -v commit alone. */
static void move(struct tw_commit *commit, enum tw_commit_state state, const char *why)
{
    bool rare = state == TW_COMMIT_SETTLE || state == TW_COMMIT_UNBLOCK;
    tw_machine_tell(
        &tw_commit_machine, commit->options.log, rare ? TW_INFO : TW_DEBUG, commit->state, state, why);
    commit->state = state;
}

/* Moves, and does what the state says when it is this room's turn again. */
static void go_on(struct tw_commit *commit, enum tw_commit_state state, const char *why)
{
    move(commit, state, why);
    commit->options.again(commit->options.context);
}

/* Moves, and does what the state says at once: the connection is free. */
static void pass_on(struct tw_commit *commit, enum tw_commit_state state, const char *why)
{
    move(commit, state, why);
    tw_commit_go(commit);
}

/* -- waiting, finishing ------------------------------------------------------------------------ */

static void log_part(
    const struct tw_commit *commit, enum tw_level level, const char *event, const struct tw_error *err)
{
    tw_part_log(commit->options.log, level, event, &commit->part, err);
}

static void wait_for(struct tw_commit *commit, uint64_t milliseconds, const char *why)
{
    move(commit, TW_COMMIT_WAIT, why);
    commit->options.wait(commit->options.context, milliseconds);
}

/* The same again, later and later; after a lost connection as soon as there is another. */
static void pause_commit(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    uint64_t most_ms = (uint64_t)commit->options.config->store.retry_most_ms;
    uint64_t pause_ms = commit->tries.retry_ms;
    if (refusal && refusal->lost) {
        move(commit, TW_COMMIT_WAIT, "the connection was lost");
        return;
    }
    commit->tries.retry_ms = 2 * pause_ms < most_ms ? 2 * pause_ms : most_ms;
    wait_for(commit, pause_ms, refusal ? refusal->error.what : "the row is free");
}

/* Weather. */
static void try_later(struct tw_commit *commit, const struct tw_refusal *refusal, enum tw_commit_state resume)
{
    bool loud = refusal->means != TW_SQLSTATE_PASSING;
    commit->resume = resume;
    commit->trouble = refusal->error;
    tw_count(commit->options.metrics, TW_COUNT_COMMIT_RETRIES, 1);
    log_part(commit, loud ? TW_ERROR : TW_WARNING, "commit will be tried again", &refusal->error);
    if (tw_position_is_held(refusal))
        go_on(commit, TW_COMMIT_UNBLOCK, "its row is held by another process");
    else
        pause_commit(commit, refusal);
}

static struct tw_batch *release(struct tw_commit *commit, const char *why)
{
    struct tw_batch *batch = commit->part.batch;
    move(commit, TW_COMMIT_IDLE, why);
    commit->part = (struct tw_batch_part){0};
    commit->trouble = (struct tw_error){0};
    tw_prepare_part(&commit->prepare, NULL);
    tw_arena_reset(&commit->arena, KEEP_BYTES);
    return batch;
}

static void finish(struct tw_commit *commit, enum tw_batch_end end, const char *why)
{
    if (end == TW_BATCH_FENCED)
        tw_count(commit->options.metrics, TW_COUNT_FENCED, 1);
    commit->options.finished(commit->options.context, release(commit, why), end);
}

static void fence_off(struct tw_commit *commit, const char *why)
{
    struct tw_error err;
    tw_fail(&err, TW_HELD, NULL, "the partition is taken again if it is still ours", "%s", why);
    log_part(commit, TW_WARNING, "fenced off", &err);
    finish(commit, TW_BATCH_FENCED, why);
}

/* -- parts ------------------------------------------------------------------------------------- */

static struct tw_commit_range *range_of(struct tw_commit *commit)
{
    return &commit->ranges[commit->range_count - 1];
}

/* As much as the batch has: a message that is larger than batch.memory came in an arena of its own. */
static bool make_room(struct tw_commit *commit, struct tw_error *err)
{
    size_t wanted = commit->part.batch->arena.limit;
    tw_arena_reset(&commit->arena, KEEP_BYTES);
    if (wanted <= commit->arena.limit)
        return true;
    tw_arena_end(&commit->arena);
    return tw_arena_begin(&commit->arena, wanted, err);
}

/* Encodes the part at hand anew. What does not fit the arena cannot happen: it did as part of the whole. */
static bool encode_again(struct tw_commit *commit)
{
    const struct tw_commit_range *range = range_of(commit);
    const struct tw_config *config = commit->options.config;
    struct tw_batch *batch = commit->part.batch;
    struct tw_encode_options options = {.rows_per_statement = (uint32_t)config->store.rows_per_statement,
        .model_sha256 = batch->encoded->model_sha256,
        .lateness_us = config->watermark.lateness_us};
    struct tw_encode_part wanted = {.first = range->first,
        .count = range->count,
        .skip = commit->prepare.skip,
        .refusal = commit->tries.poisoned ? &commit->tries.poison : NULL};
    struct tw_error err;
    if (make_room(commit, &err) &&
        tw_encode_part(&options, batch, &wanted, &commit->arena, &commit->part.encoded, &err))
        return true;
    log_part(commit, TW_ERROR, "part of a batch cannot be encoded", &err);
    finish(commit, TW_BATCH_FENCED, err.what);
    return false;
}

/* The part at hand is the last range; the row says `begin_offset`. */
static void begin_part(
    struct tw_commit *commit, struct tw_batch *batch, int64_t begin_offset, const char *why)
{
    const struct tw_commit_range *range = range_of(commit);
    uint32_t end = range->first + range->count;
    commit->tries = (struct tw_commit_tries){.retry_ms = RETRY_LEAST_MS};
    commit->trouble = (struct tw_error){0};
    commit->part = (struct tw_batch_part){.batch = batch,
        .encoded = batch->encoded,
        .begin_offset = begin_offset,
        .last = batch->held && end > 0 ? batch->held[end - 1] : NULL,
        .end_offset = end >= batch->count ? batch->end_offset : batch->messages[end - 1].offset + 1};
    tw_prepare_part(&commit->prepare, &commit->part);
    if (range->count == batch->count || encode_again(commit))
        go_on(commit, TW_COMMIT_COMPARE, why);
}

static void split(struct tw_commit *commit)
{
    struct tw_commit_range whole = *range_of(commit);
    uint32_t half = whole.count / 2;
    *range_of(commit) = (struct tw_commit_range){whole.first + half, whole.count - half};
    commit->ranges[commit->range_count++] = (struct tw_commit_range){whole.first, half};
    tw_count(commit->options.metrics, TW_COUNT_COMMIT_SPLITS, 1);
    begin_part(commit, commit->part.batch, commit->part.begin_offset, "the first half");
}

/* One line a minute for each SQLSTATE: a trigger that refuses much would fill the log. The rows themselves
 * stand in dead_letters, each with what PostgreSQL said. */
static void tell_refused(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    const struct tw_partition *partition = commit->part.batch->partition;
    uint64_t unsaid;
    if (!tw_repeats_tell(&commit->refused, tw_repeats_kind(refusal->code), tw_now_ms(), &unsaid))
        return;
    tw_log(commit->options.log, TW_WARNING, "commit", "document refused by PostgreSQL",
        tw_string("topic", partition->topic), tw_int("partition", partition->number),
        tw_int("offset", commit->part.end_offset - 1), tw_string("where", refusal->error.where),
        tw_string("what", refusal->error.what), tw_string("cure", refusal->error.cure),
        tw_int("repeated", (int64_t)unsaid));
}

/* A row is refused for good. Which one shows by halving; alone it goes to the dead letters with what
 * PostgreSQL said; and if that is refused too (its words cannot be stored), with the code alone. */
static void isolate_row(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    struct tw_commit_tries *tries = &commit->tries;
    if (range_of(commit)->count > 1 && commit->range_count < TW_COMMIT_RANGES) {
        log_part(commit, TW_DEBUG, "batch split to find a bad document", &refusal->error);
        split(commit);
        return;
    }
    if (tries->poisoned >= 2 || range_of(commit)->count == 0) {
        try_later(commit, refusal, TW_COMMIT_COMPARE);
        return;
    }
    if (tries->poisoned == 0)
        tell_refused(commit, refusal);
    tries->poison = refusal->error;
    if (tries->poisoned == 1)
        tw_fail(&tries->poison, TW_REFUSED, NULL, NULL, "refused by PostgreSQL: SQLSTATE %s", refusal->code);
    tries->poisoned++;
    commit->part.batch->rows.documents[range_of(commit)->first].moves_watermark = false;
    tw_rows_mark_times(&commit->part.batch->rows);
    if (encode_again(commit))
        go_on(commit, TW_COMMIT_COMPARE, "as a dead letter");
}

/* Whoever hears that the batch is committed hears why this document is none. Its fate stays what the river
 * made of it; where the arena is full, nothing is told of it. */
static void note_refused(struct tw_commit *commit)
{
    struct tw_batch *batch = commit->part.batch;
    struct tw_error *refusal = tw_arena_take(&batch->arena, sizeof *refusal);
    if (!refusal)
        return;
    *refusal = commit->tries.poison;
    batch->rows.documents[range_of(commit)->first].refusal = refusal;
}

static void count_stored(const struct tw_commit *commit)
{
    struct tw_metrics *metrics = commit->options.metrics;
    const struct tw_encoded *encoded = commit->part.encoded;
    const struct tw_batch *batch = commit->part.batch;
    tw_encoded_note_kept(batch->encoded, encoded);
    tw_count(metrics, TW_COUNT_COMMITS, 1);
    tw_count(metrics, TW_COUNT_DOCUMENTS, encoded->document_count);
    tw_count(metrics, TW_COUNT_DEAD_LETTERS, encoded->dead_count);
    tw_count(metrics, TW_COUNT_TICKS, encoded->tick_count);
    tw_count(metrics, TW_COUNT_SCORES, encoded->score_count);
    tw_count(metrics, TW_COUNT_LATE, encoded->late_count);
    tw_observe(metrics, TW_TIME_COMMIT, (double)(tw_now_ms() - commit->sent_ms) / 1e3);
    if (batch->count > 0 && batch->messages[0].stamp_us > 0)
        tw_observe(metrics, TW_TIME_STORED, (double)(tw_wall_us() - batch->messages[0].stamp_us) / 1e6);
}

/* The part at hand is known to be committed. */
static void part_stored(struct tw_commit *commit)
{
    struct tw_partition *partition = commit->part.batch->partition;
    int64_t end_offset = commit->part.end_offset;
    partition->row_offset = end_offset;
    if (partition->highest_offset < end_offset)
        partition->highest_offset = end_offset;
    partition->row_watermark_us = tw_watermark_of_partition(partition->row_watermark_us,
        commit->part.encoded->highest_us, commit->options.config->watermark.lateness_us);
    count_stored(commit);
    if (commit->tries.poisoned > 0)
        note_refused(commit);
    if (--commit->range_count == 0)
        finish(commit, TW_BATCH_STORED, "stored");
    else
        begin_part(commit, commit->part.batch, end_offset, "the next part");
}

/* -- COMPARE, DAYS, MODEL, ENTITIES, LEARN: prepare.h ------------------------------------------ */

static void on_prepared(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (refusal) {
        try_later(commit, refusal, TW_COMMIT_COMPARE);
        return;
    }
    if (commit->state == TW_COMMIT_LEARN)
        go_on(commit, TW_COMMIT_COMPARE, "how far is known");
    else if (commit->state != TW_COMMIT_COMPARE || encode_again(commit)) /* without what stands there */
        commit->options.again(commit->options.context);
}

static void follow(struct tw_commit *commit, enum tw_prepare_answer answer, enum tw_commit_state next,
    const char *ready, const char *refused)
{
    const struct tw_error *why = &commit->prepare.why;
    if (answer == TW_PREPARE_READY)
        pass_on(commit, next, ready);
    if (answer != TW_PREPARE_REFUSED)
        return;
    log_part(commit, why->passing ? TW_WARNING : TW_ERROR, refused, why);
    commit->trouble = *why;
    if (why->passing) {
        commit->resume = TW_COMMIT_COMPARE;
        wait_for(commit, commit->prepare.wait_ms, why->what);
    } else {
        finish(commit, TW_BATCH_FENCED, why->what);
    }
}

static void compare(struct tw_commit *commit)
{
    follow(commit, tw_prepare_compare(&commit->prepare), TW_COMMIT_DAYS, "no other record stands there",
        "stopped: would overwrite a document");
}

static void make_days(struct tw_commit *commit)
{
    follow(commit, tw_prepare_days(&commit->prepare), TW_COMMIT_MODEL, "its days stand",
        "commits wait for days");
}

static void register_model(struct tw_commit *commit)
{
    follow(commit, tw_prepare_model(&commit->prepare), TW_COMMIT_ENTITIES, "its model has a number", "");
}

static void store_entities(struct tw_commit *commit)
{
    follow(commit, tw_prepare_entities(&commit->prepare), TW_COMMIT_SENT, "its entities stand",
        "commits wait for entities");
}

static void learn(struct tw_commit *commit)
{
    tw_prepare_learn(&commit->prepare);
}

/* -- SENT: transaction.h ----------------------------------------------------------------------- */

/* Somebody dropped a day: what is known of days is forgotten. Once: the second time the row itself is to
 * blame. */
static void retry_days(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    if (commit->tries.day_retried) {
        isolate_row(commit, refusal);
        return;
    }
    commit->tries.day_retried = true;
    tw_keyset_clear(&commit->options.known->days);
    tw_keyset_clear(&commit->options.known->arrivals);
    go_on(commit, TW_COMMIT_COMPARE, "a day is gone");
}

static void decide(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    switch (refusal->means) {
    case TW_SQLSTATE_FENCED:
        if (!commit->tries.uncertain) {
            fence_off(commit, refusal->error.what);
            return;
        }
        commit->tries.uncertain = false;
        go_on(commit, TW_COMMIT_SETTLE, "fenced, perhaps by an attempt of ours that was still on its way");
        return;
    case TW_SQLSTATE_OUTRUN:
        go_on(commit, TW_COMMIT_LEARN, "rules were evaluated past a document");
        return;
    case TW_SQLSTATE_DOUBLED:
        commit->tries.doubled = true;
        go_on(commit, TW_COMMIT_SETTLE, "a row with a key of ours stands there");
        return;
    case TW_SQLSTATE_DAY:
        retry_days(commit, refusal);
        return;
    case TW_SQLSTATE_ROW:
        isolate_row(commit, refusal);
        return;
    default:
        try_later(commit, refusal, TW_COMMIT_COMPARE);
    }
}

/* A trigger or a rule that somebody has put on a table may leave rows out without an error: the server says
 * so in the number of rows alone. Results come in the order of the pipeline: the fence, the calls,
 * the move. */
static bool count_kept(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    const struct tw_encoded *encoded = commit->part.encoded;
    uint32_t at = commit->answered++;
    if (at == 0 || at > encoded->call_count)
        return false;
    uint64_t kept = strtoull(PQcmdTuples(result), NULL, 10);
    if (kept >= encoded->calls[at - 1].rows)
        return false;
    if (commit->missing == 0)
        commit->missing_of = statement;
    commit->missing += encoded->calls[at - 1].rows - kept;
    return false;
}

/* It is committed, and cannot be taken back from here: so it must not pass unseen. */
static void tell_missing(const struct tw_commit *commit)
{
    const struct tw_batch_part *part = &commit->part;
    if (commit->missing == 0)
        return;
    tw_count(commit->options.metrics, TW_COUNT_ROWS_MISSING, commit->missing);
    tw_log(commit->options.log, TW_ERROR, "commit", "PostgreSQL kept fewer rows than it was sent",
        tw_string("topic", part->batch->partition->topic),
        tw_int("partition", part->batch->partition->number), tw_int("begin", part->begin_offset),
        tw_int("end", part->end_offset), tw_int("missing", (int64_t)commit->missing),
        tw_string("where", tw_statements[commit->missing_of].name),
        tw_string("cure",
            "take the trigger or rule off the table that leaves them out, then `tapewatch reset` "
            "to where it begins, and restart"));
}

static void on_sent(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (!refusal) {
        tell_missing(commit);
        part_stored(commit);
        return;
    }
    if (refusal->lost) {
        /* Committed or not: only the row knows. */
        commit->tries.doubled = false;
        commit->tries.uncertain = true;
        try_later(commit, refusal, TW_COMMIT_SETTLE);
        return;
    }
    decide(commit, refusal);
}

static void send_part(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, count_kept, on_sent};
    struct tw_transaction_options options = {.model_id = commit->prepare.model_id,
        .lateness_us = commit->options.config->watermark.lateness_us,
        .evaluated_us = commit->options.known->evaluated_us};
    commit->sent_ms = tw_now_ms();
    commit->answered = 0;
    commit->missing = 0;
    tw_transaction_send(commit->options.connection, &commit->part, &options, &exchange);
}

/* -- SETTLE: what does the row say? ------------------------------------------------------------ */

static bool settle_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    const struct tw_batch_part *part = &commit->part;
    (void)statement;
    commit->row = tw_position_says(result, part->batch->partition, part->begin_offset, part->end_offset);
    return false;
}

/* The row says the begin: nothing of ours is stored. What doubled is compared before anybody is blamed. */
static void settle_again(struct tw_commit *commit)
{
    const struct tw_batch_part *part = &commit->part;
    if (commit->tries.doubled && commit->prepare.of_part.compared) {
        fence_off(commit, "a row stands there already that is none of these documents'");
        return;
    }
    if (commit->tries.doubled)
        part->batch->partition->highest_offset = part->end_offset;
    commit->tries.doubled = false;
    go_on(commit, TW_COMMIT_COMPARE, "the row says the begin: again");
}

static void on_settled(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (refusal) {
        try_later(commit, refusal, TW_COMMIT_SETTLE);
        return;
    }
    switch (commit->row) {
    case TW_POSITION_IS_END: /* under our token: an attempt of ours got there */
        part_stored(commit);
        return;
    case TW_POSITION_IS_BEGIN:
        settle_again(commit);
        return;
    case TW_POSITION_IS_ELSEWHERE:
        fence_off(commit, "the stored offset is not where this daemon left it");
        return;
    default:
        fence_off(commit, "the partition has another owner");
    }
}

static void settle(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, settle_row, on_settled};
    commit->row = TW_POSITION_IS_ANOTHERS;
    tw_position_read(commit->options.connection, commit->part.batch->partition, &exchange);
}

/* -- UNBLOCK: whoever holds the row ------------------------------------------------------------ */

static void on_unblocked(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (refusal)
        log_part(commit, TW_WARNING, "whoever holds the row is not ended", &refusal->error);
    pause_commit(commit, refusal);
}

static void unblock(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, NULL, on_unblocked};
    tw_position_free(commit->options.connection, commit->part.batch->partition, &exchange);
}

/* -- the room ---------------------------------------------------------------------------------- */

static void resume(struct tw_commit *commit)
{
    pass_on(commit, commit->resume, "the pause is over");
}

void tw_commit_go(struct tw_commit *commit)
{
    static void (*const does[TW_COMMIT_STATES])(struct tw_commit *) = {[TW_COMMIT_COMPARE] = compare,
        [TW_COMMIT_DAYS] = make_days,
        [TW_COMMIT_MODEL] = register_model,
        [TW_COMMIT_ENTITIES] = store_entities,
        [TW_COMMIT_SENT] = send_part,
        [TW_COMMIT_SETTLE] = settle,
        [TW_COMMIT_LEARN] = learn,
        [TW_COMMIT_UNBLOCK] = unblock,
        [TW_COMMIT_WAIT] = resume};
    if (does[commit->state])
        does[commit->state](commit);
}

bool tw_commit_begin(struct tw_commit *commit, const struct tw_commit_options *options, struct tw_error *err)
{
    struct tw_prepare_options lent = {.connection = options->connection,
        .config = options->config,
        .log = options->log,
        .metrics = options->metrics,
        .known = options->known,
        .context = commit,
        .answered = on_prepared};
    *commit = (struct tw_commit){.options = *options};
    if (!tw_arena_begin(&commit->arena, (size_t)options->config->batch.memory_bytes, err))
        return false;
    if (tw_prepare_begin(&commit->prepare, &lent, err))
        return true;
    tw_arena_end(&commit->arena);
    return false;
}

void tw_commit_end(struct tw_commit *commit)
{
    tw_prepare_end(&commit->prepare);
    tw_arena_end(&commit->arena);
}

void tw_commit_batch(struct tw_commit *commit, struct tw_batch *batch)
{
    commit->ranges[0] = (struct tw_commit_range){0, batch->count};
    commit->range_count = 1;
    begin_part(commit, batch, batch->begin_offset, "a batch");
}

void tw_commit_connected(struct tw_commit *commit)
{
    if (commit->state == TW_COMMIT_DAYS || commit->state == TW_COMMIT_MODEL ||
        commit->state == TW_COMMIT_ENTITIES)
        move(commit, TW_COMMIT_COMPARE, "connected anew");
}

struct tw_batch *tw_commit_drop(struct tw_commit *commit)
{
    return commit->part.batch ? release(commit, "dropped") : NULL;
}
