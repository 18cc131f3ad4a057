#include "serve/daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "batch/cutting.h"
#include "observe/notify.h"
#include "observe/processors.h"
#include "score/classifier.h"
#include "serve/closing.h"
#include "serve/doors.h"
#include "serve/loaded.h"
#include "serve/milestones.h"
#include "serve/status.h"
#include "source/message.h"
#include "store/encode.h"

enum {
    HELD_MS = 30000,   /* beside watermark.idle_after: so long event time may wait for one partition untold */
    STUCK_MS = 300000, /* one step of one worker: the slowest model needs a tenth of it */
    START_MORE_MS = 60000,    /* asked of systemd each second that something is waited for at the start */
    PROBLEM_BYTES = 16 << 20, /* rules, and what is wrong with them */
};

static const char *const phase_names[] = {
    [TW_DAEMON_STARTING] = "starting",
    [TW_DAEMON_READY] = "ready",
    [TW_DAEMON_UNREADY] = "unready",
    [TW_DAEMON_DRAINING] = "draining",
    [TW_DAEMON_CLOSING] = "closing",
    [TW_DAEMON_CLOSED] = "closed",
    [TW_DAEMON_ABANDONED] = "abandoned",
};
_Static_assert(sizeof phase_names / sizeof phase_names[0] == TW_DAEMON_PHASES, "a word for each phase");

static const uint32_t moves[TW_DAEMON_PHASES] = {
    [TW_DAEMON_STARTING] =
        TW_MOVE(TW_DAEMON_READY) | TW_MOVE(TW_DAEMON_DRAINING) | TW_MOVE(TW_DAEMON_CLOSING),
    [TW_DAEMON_READY] = TW_MOVE(TW_DAEMON_UNREADY) | TW_MOVE(TW_DAEMON_DRAINING),
    [TW_DAEMON_UNREADY] = TW_MOVE(TW_DAEMON_READY) | TW_MOVE(TW_DAEMON_DRAINING),
    [TW_DAEMON_DRAINING] = TW_MOVE(TW_DAEMON_CLOSING),
    [TW_DAEMON_CLOSING] = TW_MOVE(TW_DAEMON_CLOSED) | TW_MOVE(TW_DAEMON_ABANDONED),
};
const struct tw_machine tw_daemon_machine = {"daemon", phase_names, moves, TW_DAEMON_PHASES};

void tw_daemon_move(struct tw_daemon *daemon, enum tw_daemon_phase phase, const char *why)
{
    enum tw_level level = phase == TW_DAEMON_UNREADY || phase == TW_DAEMON_ABANDONED ? TW_WARNING
                          : phase == TW_DAEMON_READY                                 ? TW_INFO
                                                                                     : TW_DEBUG;
    tw_machine_tell(&tw_daemon_machine, &daemon->log, level, daemon->phase, phase, why);
    daemon->phase = phase;
}

/* -- the river: source > batcher > pool > store ---------------------------------------------------------- */

static void fail(void *context, const struct tw_error *err);
static void check_drained(struct tw_daemon *daemon);

static void apply_edge(struct tw_daemon *daemon, enum tw_flow_edge edge)
{
    if (edge == TW_FLOW_STOP)
        tw_source_stop(daemon->source);
    else if (edge == TW_FLOW_GO && tw_daemon_is_open(daemon))
        tw_source_go(daemon->source);
}

static void hand_over(struct tw_daemon *daemon, struct tw_batch *batch)
{
    tw_source_cut(daemon->source, batch->partition);
    apply_edge(daemon, tw_flow_cut(&daemon->flow));
    tw_pool_give(daemon->pool, batch);
}

/* What is old already waits for a worker or for the store, and is cut when one of them gets on. */
static void arm_age(struct tw_daemon *daemon)
{
    uint64_t due_ms = tw_batcher_due_ms(daemon->batcher, tw_now_ms());
    if (due_ms > 0 && due_ms != UINT64_MAX)
        tw_timer_start(&daemon->loop, TW_TIMER_AGE, due_ms, 0);
}

/* What is open, as far as it gets on the sooner for being cut. Called whenever a batch came to be old enough,
 * or one that was out got on. */
static void cut_open(struct tw_daemon *daemon)
{
    while (tw_batcher_open(daemon->batcher) > 0) {
        enum tw_cutting which = tw_cutting_now(tw_pool_workers(daemon->pool),
            (uint32_t)daemon->config->store.sessions, tw_pool_unfinished(daemon->pool), daemon->flow.batches);
        struct tw_batch *batch =
            which != TW_CUT_NONE ? tw_batcher_cut(daemon->batcher, tw_now_ms(), which == TW_CUT_ANY) : NULL;
        if (!batch)
            break;
        hand_over(daemon, batch);
    }
    if (!tw_timer_is_running(&daemon->loop, TW_TIMER_AGE))
        arm_age(daemon);
}

/* No more is read: what is open goes now. */
static void cut_all(struct tw_daemon *daemon)
{
    for (struct tw_batch *batch; (batch = tw_batcher_cut(daemon->batcher, tw_now_ms(), true));)
        hand_over(daemon, batch);
}

static bool on_message(void *context, struct tw_partition *partition, rd_kafka_message_t *message)
{
    struct tw_daemon *daemon = context;
    struct tw_batch *full = NULL;
    struct tw_error err = {0};
    size_t bytes = tw_message_bytes(message);
    enum tw_flow_edge edge = tw_flow_read(&daemon->flow, bytes);
    if (!tw_batcher_add(daemon->batcher, partition, message, bytes, tw_now_ms(), &full, &err)) {
        fail(daemon, &err);
        return false;
    }
    if (full)
        hand_over(daemon, full);
    else if (!tw_timer_is_running(&daemon->loop, TW_TIMER_AGE))
        arm_age(daemon);
    apply_edge(daemon, edge);
    return !daemon->flow.stopped;
}

static void on_drained(void *context)
{
    cut_open(context);
}

static void on_age(void *context)
{
    cut_open(context);
}

/* A batch has ended, one way or another. */
static void finish(struct tw_daemon *daemon, struct tw_batch *batch, enum tw_batch_end end)
{
    struct tw_partition *partition = batch->partition;
    size_t bytes = batch->bytes + batch->made_bytes;
    tw_batcher_free(daemon->batcher, batch);
    enum tw_flow_edge edge = tw_flow_done(&daemon->flow, bytes);
    tw_source_done(daemon->source, partition, end);
    apply_edge(daemon, edge);
    if (tw_daemon_is_open(daemon))
        cut_open(daemon);
    else
        check_drained(daemon);
}

static void split(struct tw_daemon *daemon, struct tw_batch *batch)
{
    struct tw_batch *second = tw_batcher_split(daemon->batcher, batch);
    if (!second) {
        fail(daemon, &batch->failure);
        finish(daemon, batch, TW_BATCH_DROPPED);
        return;
    }
    tw_log(&daemon->log, TW_INFO, "daemon", "batch does not fit its memory: split",
        tw_string("topic", batch->partition->topic), tw_int("partition", batch->partition->number),
        tw_int("begin", batch->begin_offset), tw_int("documents", batch->count + second->count));
    tw_source_cut(daemon->source, batch->partition);
    apply_edge(daemon, tw_flow_cut(&daemon->flow));
    tw_pool_give_first(daemon->pool, batch, second);
}

static void on_batch(void *context, struct tw_batch *batch)
{
    struct tw_daemon *daemon = context;
    tw_observe(&daemon->metrics, TW_TIME_RIVER, (double)tw_batch_worker_us(batch) / 1e6);
    if (!batch->failed) {
        /* Copies whose scores were known cost nothing, and say nothing of those that will be read. */
        const uint64_t stored = batch->rows.stored_count, read = stored - batch->rows.cached;
        const uint64_t tokens = stored ? batch->tokens * read / stored : batch->tokens;
        tw_pace_learn(&daemon->pace, tokens, tw_batch_worker_us(batch), read * 2 >= batch->count);
        tw_batcher_limit_tokens(daemon->batcher, tw_pace_most_tokens(&daemon->pace));
    }
    if (daemon->phase >= TW_DAEMON_CLOSING) {
        finish(daemon, batch, TW_BATCH_DROPPED);
    } else if (!batch->failed) {
        batch->made_bytes = batch->arena.used;
        apply_edge(daemon, tw_flow_read(&daemon->flow, batch->made_bytes));
        tw_stores_commit(daemon->stores, batch);
    } else if (batch->failure.code == TW_FULL) {
        split(daemon, batch);
    } else {
        fail(daemon, &batch->failure);
        finish(daemon, batch, TW_BATCH_DROPPED);
    }
    if (tw_daemon_is_open(daemon))
        cut_open(daemon);
}

/* Of documents that a row came of: what stood there already, after a reset, was counted then. */
static void count_events(struct tw_daemon *daemon, const struct tw_rows *rows, const uint8_t *kept)
{
    for (uint32_t at = 0; at < rows->event_count; at++) {
        const struct tw_event_row *row = &rows->events[at];
        if (!kept[row->document])
            continue;
        uint32_t type = rows->documents[row->document].events[row->event].type;
        tw_count_events(&daemon->metrics, rows->taxonomy->types[type].name, 1);
    }
}

/* Of the same documents, those whose scores were known. */
static uint64_t count_cached(const struct tw_rows *rows, const uint8_t *kept)
{
    uint64_t cached = 0;
    for (uint32_t at = 0; rows->cached > 0 && at < rows->document_count; at++)
        cached += kept[at] && rows->documents[at].cached;
    return cached;
}

static void on_committed(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    struct tw_daemon *daemon = context;
    bool stored = end == TW_BATCH_STORED;
    if (stored) {
        tw_stages_note(&daemon->stages, &daemon->metrics, batch, tw_now_us(), tw_wall_us());
        tw_count(&daemon->metrics, TW_COUNT_TOKENS, batch->rows.tokens);
        tw_count(&daemon->metrics, TW_COUNT_CACHED, count_cached(&batch->rows, batch->encoded->kept));
        tw_count(&daemon->metrics, TW_COUNT_REPAIRS, batch->rows.repairs);
        tw_count(&daemon->metrics, TW_COUNT_LINKS_DROPPED, batch->rows.links_dropped);
        tw_count(&daemon->metrics, TW_COUNT_EVENTS_DROPPED, batch->rows.events_dropped);
        tw_count(&daemon->metrics, TW_COUNT_TOMBSTONES, batch->rows.tombstone_count);
        tw_count(&daemon->metrics, TW_COUNT_AHEAD, batch->rows.ahead_count);
        tw_count(&daemon->metrics, TW_COUNT_DOUBTFUL_TIMES, batch->rows.doubtful_times);
        tw_count(&daemon->metrics, TW_COUNT_SYMBOLS_UNKNOWN, batch->rows.symbols_unknown);
        for (size_t what = 0; what < TW_REPAIRS; what++)
            daemon->metrics.repairs[what] += batch->rows.repaired[what];
        count_events(daemon, &batch->rows, batch->encoded->kept);
        tw_source_counts_add(&daemon->sources, &batch->rows, batch->encoded->kept, &daemon->log);
        tw_notices_add(&daemon->notices, &daemon->log, tw_now_ms(), batch->arrived_us, &batch->rows,
            batch->partition->topic, batch->partition->number);
        tw_liveness_note_records(batch->partition, &batch->rows, batch->encoded->kept, tw_now_ms());
    }
    finish(daemon, batch, end);
}

/* -- partitions ------------------------------------------------------------------------------------------ */

static void on_take(void *context, struct tw_partition *partition)
{
    struct tw_daemon *daemon = context;
    tw_stores_take(daemon->stores, partition);
}

static void on_taken(
    void *context, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err)
{
    struct tw_daemon *daemon = context;
    tw_source_taken(daemon->source, partition, assignment, err);
}

static void on_fenced(void *context, uint64_t assignment)
{
    struct tw_daemon *daemon = context;
    if (daemon->source) /* at the end it is gone before the store's last answer */
        tw_source_fenced(daemon->source, assignment);
}

static void on_leaving(void *context, struct tw_partition *partition)
{
    struct tw_daemon *daemon = context;
    apply_edge(daemon, tw_flow_drop(&daemon->flow, tw_batcher_drop(daemon->batcher, partition)));
}

static void on_gone(void *context, struct tw_partition *partition)
{
    struct tw_daemon *daemon = context;
    if (daemon->stores) /* at the end it has forgotten everything already */
        tw_stores_forget(daemon->stores, partition);
}

/* -- what the loop and the doors ask --------------------------------------------------------------------- */

/* Readiness is a phase: systemd hears of the first time, the log of each. */
static void note_ready(struct tw_daemon *daemon, bool ready, const char *why)
{
    if (!tw_daemon_is_open(daemon) || ready == (daemon->phase == TW_DAEMON_READY))
        return;
    if (!ready && daemon->phase == TW_DAEMON_STARTING)
        return;
    if (daemon->phase == TW_DAEMON_STARTING)
        tw_notify_ready();
    tw_daemon_move(daemon, ready ? TW_DAEMON_READY : TW_DAEMON_UNREADY, ready ? "every part is able" : why);
}

static void note_held(struct tw_daemon *daemon)
{
    uint64_t now_ms = tw_now_ms();
    struct tw_held *held = &daemon->held;
    held->limit_ms = HELD_MS + (uint64_t)daemon->config->watermark.idle_after_us / 1000;
    tw_held_note(held, tw_evaluator_holder(daemon->evaluator), now_ms);
    tw_held_tell(held, tw_source_topic_size(daemon->source, held->holder.topic), &daemon->log, now_ms);
    daemon->metrics.held_seconds = (double)tw_held_ms(held, now_ms) / 1e3;
    daemon->metrics.held_partition = held->holder.number;
    snprintf(daemon->metrics.held_topic, sizeof daemon->metrics.held_topic, "%s", held->holder.topic);
}

/* Between two looks nothing of it is known: time passes with them. */
static void note_unowned(struct tw_daemon *daemon)
{
    const struct tw_unowned *unowned = tw_evaluator_unowned(daemon->evaluator);
    daemon->unowned.limit_ms = TW_LIVENESS_LIMIT_MS;
    tw_held_note(&daemon->unowned, &unowned->partition, unowned->looked_ms);
}

static void on_second(void *context)
{
    struct tw_daemon *daemon = context;
    char why[TW_STATUS_WHY_BYTES];
    if (daemon->phase >= TW_DAEMON_CLOSING)
        return;
    tw_reloading_second(daemon);
    tw_source_second(daemon->source);
    tw_stores_refresh(daemon->stores, tw_source_partitions(daemon->source));
    note_held(daemon);
    note_unowned(daemon);
    tw_tell_second(&daemon->tell);
    bool ready = tw_status_ready(daemon, why, sizeof why);
    why[strcspn(why, "\n")] = '\0';
    tw_notices_flush(&daemon->notices, &daemon->log, tw_now_ms());
    tw_status_second(daemon, ready, why);
    if (!ready && daemon->phase == TW_DAEMON_STARTING)
        tw_notify_starting(START_MORE_MS);
    note_ready(daemon, ready, why);
}

/* The loop turns, or this would not run; the workers move, or systemd hears nothing and restarts us.
 * PostgreSQL's absence has no part in it: a restart would not bring it back. */
static void on_watchdog(void *context)
{
    struct tw_daemon *daemon = context;
    if (!daemon->pool || tw_pool_stuck_ms(daemon->pool) < STUCK_MS)
        tw_notify_alive();
}

/* Each loss of a connection that stood is told, also while another is away; tries that fail alike afterwards,
 * once a minute. */
static void on_store_state(void *context, bool ready, const struct tw_error *err)
{
    struct tw_daemon *daemon = context;
    if (tw_repeats_loss(&daemon->losses, err, tw_now_ms()))
        tw_log_error(&daemon->log, "store", "connection lost", err);
    if (ready)
        tw_log(&daemon->log, TW_INFO, "store", "connected", tw_string("schema", "ready"));
    if (err && !err->passing && (err->code == TW_CONFIG || err->code == TW_PERMISSION))
        fail(daemon, err);
}

static void on_evaluate_state(void *context, bool ready, const struct tw_error *err)
{
    struct tw_daemon *daemon = context;
    bool told = err && !(daemon->stores && tw_stores_ready(daemon->stores)); /* the same, by the store */
    if (!told && tw_repeats_loss(&daemon->evaluator_losses, err, tw_now_ms()))
        tw_log_error(&daemon->log, "evaluate", "connection lost", err);
    if (ready)
        tw_log(&daemon->log, TW_INFO, "evaluate", "connected", tw_string("rules", "are evaluated"));
}

/* Another daemon's to read, or nobody's yet. How many partitions a topic has is not known where this daemon
 * has none of them: those that somebody had once are taken to be there. */
static bool on_is_there(void *context, const char *topic, const struct tw_unowned_partition *partition)
{
    struct tw_daemon *daemon = context;
    int32_t size = daemon->source ? tw_source_topic_size(daemon->source, topic) : 0;
    if (!daemon->source || (size > 0 ? partition->number >= size : !partition->has_row))
        return false;
    for (const struct tw_partition *at = tw_source_partitions(daemon->source); at; at = at->next)
        if (at->number == partition->number && strcmp(at->topic, topic) == 0)
            return false;
    return true;
}

/* -- reload ---------------------------------------------------------------------------------------------- */

static void on_hangup(void *context)
{
    struct tw_daemon *daemon = context;
    if (tw_daemon_is_open(daemon))
        tw_reloading_run(daemon, NULL);
}

/* -- stop: closing.h ends the rooms when all is stored -------------------------------------------------- */

static void check_drained(struct tw_daemon *daemon)
{
    if (daemon->phase == TW_DAEMON_DRAINING && daemon->flow.batches == 0)
        tw_timer_start(&daemon->loop, TW_TIMER_DRAIN, 0, 0); /* not from inside a room's callback */
}

static void on_drain(void *context)
{
    struct tw_daemon *daemon = context;
    if (daemon->flow.batches > 0)
        tw_log(&daemon->log, TW_WARNING, "daemon", "not all was stored within shutdown.drain",
            tw_int("batches", daemon->flow.batches),
            tw_string("what", "they are read again at the next start: nothing is lost"));
    tw_closing_begin(daemon, daemon->flow.batches > 0 ? "time is over" : "all is stored");
}

static void stop(struct tw_daemon *daemon, const char *why)
{
    if (daemon->phase == TW_DAEMON_DRAINING) { /* asked twice: no more waiting */
        tw_timer_start(&daemon->loop, TW_TIMER_DRAIN, 0, 0);
        return;
    }
    if (daemon->phase >= TW_DAEMON_CLOSING)
        return;
    snprintf(daemon->ending_why, sizeof daemon->ending_why, "%s", why);
    tw_daemon_move(daemon, TW_DAEMON_DRAINING, why);
    tw_notify_stopping();
    tw_timer_start(&daemon->loop, TW_TIMER_DRAIN, (uint64_t)daemon->config->shutdown.drain_ms, 0);
    tw_source_stop(daemon->source);
    cut_all(daemon);
    check_drained(daemon);
}

static void on_stop_signal(void *context)
{
    struct tw_daemon *daemon = context;
    tw_log(&daemon->log, TW_INFO, "daemon", "stopping", tw_int("batches_out", daemon->flow.batches));
    if (daemon->phase == TW_DAEMON_CLOSING) {
        tw_closing_abandon(daemon, "asked to stop again");
        return;
    }
    stop(daemon, "asked to by a signal");
}

static void fail(void *context, const struct tw_error *err)
{
    struct tw_daemon *daemon = context;
    if (daemon->failure.code == TW_OK) {
        daemon->failure = *err;
        tw_log_error(&daemon->log, "daemon", "fatal", err);
    }
    if (daemon->source && daemon->stores && daemon->pool)
        stop(daemon, err->what);
}

/* -- start ----------------------------------------------------------------------------------------------- */

static bool open_pool(struct tw_daemon *daemon, struct tw_error *err)
{
    char why[128];
    uint32_t processors = tw_processors(why, sizeof why);
    uint32_t workers =
        daemon->config->workers.count > 0 ? (uint32_t)daemon->config->workers.count : processors;
    struct tw_pool_events events = {.context = daemon, .batch = on_batch};
    daemon->flow = (struct tw_flow){
        .high_bytes = (uint64_t)daemon->config->flow.high_bytes,
        .low_bytes = (uint64_t)daemon->config->flow.low_bytes,
        .most_batches =
            workers * TW_UNFINISHED_MOST + (uint32_t)daemon->config->store.sessions * TW_DONE_MOST,
    };
    tw_log(&daemon->log, TW_DEBUG, "daemon", "workers", tw_int("count", workers),
        tw_int("processors", processors), tw_string("limited_by", why));
    tw_gauge_set(&daemon->metrics, TW_GAUGE_WORKERS, workers);
    return tw_pool_begin(
        &daemon->loop.uv, workers, &tw_work_table, daemon->shared, &events, &daemon->pool, err);
}

static bool open_batcher(struct tw_daemon *daemon, struct tw_error *err)
{
    struct tw_batcher_options options = {
        .most_bytes = (size_t)daemon->config->batch.most_bytes,
        .most_documents = (uint32_t)daemon->config->batch.most_documents,
        .age_ms = (uint64_t)daemon->config->batch.age_ms,
        .memory_bytes = (size_t)daemon->config->batch.memory_bytes,
        .tokens_of_a_text = tw_classifier_text_tokens(daemon->model->content),
    };
    if (!tw_batcher_begin(&options, &daemon->batcher, err))
        return false;
    tw_batcher_limit_tokens(daemon->batcher, tw_pace_most_tokens(&daemon->pace));
    return true;
}

static bool open_store(struct tw_daemon *daemon, struct tw_error *err)
{
    struct tw_store_events events = {.context = daemon,
        .committed = on_committed,
        .taken = on_taken,
        .state = on_store_state,
        .fenced = on_fenced};
    const struct tw_automaton *entities = tw_load_entities(daemon->shared);
    if (!tw_stores_begin(
            &daemon->loop.uv, daemon->config, &daemon->log, &daemon->metrics, &events, &daemon->stores, err))
        return false;
    if (entities)
        tw_stores_list(daemon->stores, daemon->shared, entities);
    return true;
}

static bool open_evaluator(struct tw_daemon *daemon, struct tw_error *err)
{
    struct tw_evaluator_events events = {
        .context = daemon, .state = on_evaluate_state, .is_there = on_is_there};
    return tw_evaluator_begin(&daemon->loop.uv, daemon->config, &daemon->log, &daemon->metrics, daemon->pool,
        tw_load_rules(daemon->shared), &events, &daemon->evaluator, err);
}

static bool open_evidence(struct tw_daemon *daemon, struct tw_error *err)
{
    return !daemon->config->evidence.enabled ||
           tw_evidence_begin(&daemon->loop.uv, daemon->config, &daemon->log, &daemon->metrics, daemon->pool,
               daemon->shared, &daemon->evidence, err);
}

static bool open_source(struct tw_daemon *daemon, struct tw_error *err)
{
    struct tw_source_events events = {
        .context = daemon,
        .message = on_message,
        .drained = on_drained,
        .take = on_take,
        .leaving = on_leaving,
        .gone = on_gone,
        .fatal = fail,
    };
    return tw_source_begin(
        &daemon->loop.uv, daemon->config, &daemon->log, &daemon->metrics, &events, &daemon->source, err);
}

/* All that is wrong with rules and entities goes into the log; err has the first. */
static bool load_shared(struct tw_daemon *daemon, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_problems problems;
    if (!tw_arena_begin(&arena, PROBLEM_BYTES, err))
        return false;
    tw_problems_begin(&problems, &arena);
    bool done = tw_load_shared(daemon->config, daemon->model, &problems, &daemon->shared, err);
    tw_reloading_log(&daemon->log, &problems);
    tw_arena_end(&arena);
    return done;
}

static bool start(struct tw_daemon *daemon, struct tw_error *err)
{
    if (!tw_load_model(daemon->config, &daemon->model_facts, &daemon->model, err) ||
        !load_shared(daemon, err))
        return false;
    tw_reloading_begin(daemon);
    if (!open_batcher(daemon, err))
        return false;
    if (!open_pool(daemon, err) || !open_store(daemon, err) || !open_evaluator(daemon, err) ||
        !open_evidence(daemon, err) ||
        !tw_tell_begin(
            &daemon->tell, &daemon->loop.uv, daemon->config, &daemon->log, &daemon->metrics, err) ||
        !open_source(daemon, err) || !tw_doors_open(daemon, err))
        return false;
    tw_milestones_started(daemon);
    return true;
}

static void run(struct tw_daemon *daemon)
{
    if (daemon->phase >= TW_DAEMON_CLOSING) {
        tw_loop_run(&daemon->loop);
        return;
    }
    uint64_t watchdog_ms = tw_notify_watchdog_ms();
    tw_timer_start(&daemon->loop, TW_TIMER_SECOND, 100, 1000);
    if (watchdog_ms > 0)
        tw_timer_start(&daemon->loop, TW_TIMER_WATCHDOG, 0, watchdog_ms);
    tw_loop_run(&daemon->loop);
}

static const struct tw_loop_events loop_events = {
    .timers = {[TW_TIMER_SECOND] = on_second,
        [TW_TIMER_AGE] = on_age,
        [TW_TIMER_WATCHDOG] = on_watchdog,
        [TW_TIMER_DRAIN] = on_drain},
    .signals = {[TW_SIGNAL_TERMINATE] = on_stop_signal,
        [TW_SIGNAL_INTERRUPT] = on_stop_signal,
        [TW_SIGNAL_HANGUP] = on_hangup},
};

static void free_daemon(struct tw_daemon *daemon)
{
    tw_batcher_end(daemon->batcher);
    tw_reloading_free(daemon);
    tw_shared_leave(daemon->shared);
    tw_shared_leave(daemon->model);
    free(daemon);
}

int tw_daemon_run(const struct tw_config *config, const char *verbose, struct tw_error *err)
{
    struct tw_daemon *daemon = calloc(1, sizeof *daemon);
    if (!daemon) {
        tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
        return tw_exit_status(TW_INTERNAL);
    }
    struct tw_loop_events events = loop_events;
    events.context = daemon;
    daemon->config = config;
    daemon->log = tw_log_open(config->log.level, config->log.format, verbose);
    tw_gauge_set(&daemon->metrics, TW_GAUGE_UP_SINCE, (double)tw_wall_us() / 1e6);
    if (!tw_loop_begin(&daemon->loop, &events, err)) {
        free(daemon);
        return tw_exit_status(TW_INTERNAL);
    }
    if (!start(daemon, &daemon->failure))
        tw_closing_begin(daemon, "a room cannot be opened"); /* each step passes over one that never was */
    run(daemon);
    int status = tw_exit_status(daemon->failure.code);
    *err = daemon->failure;
    tw_milestones_ended(daemon, status);
    if (daemon->phase == TW_DAEMON_ABANDONED)
        _exit(
            status); /* librdkafka still runs and may touch all of it; an exit() would wait for its threads */
    if (!tw_loop_end(&daemon->loop, err))
        status = tw_exit_status(TW_INTERNAL);
    free_daemon(daemon);
    return status;
}
