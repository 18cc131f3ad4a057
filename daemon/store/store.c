#include "store/store.h"

#include "config/config.h"
#include "postgres/session.h"
#include "postgres/wire.h"
#include "store/commit.h"
#include "store/row_statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAKE_RETRY_LEAST_MS = 100 };

/* What was asked for and waits for its turn: a partition to take, or (partition NULL) a batch to commit. */
struct task {
    struct tw_partition *partition;
    uint64_t assignment;
    struct tw_batch *batch;
    struct task *next;
};

/* A partition's row as it is to be refreshed: a copy, for the partition may be gone when its turn comes. */
struct refresh {
    uint64_t assignment;
    int64_t epoch;
    int64_t end_offset;
    int64_t silent_ms;
    unsigned char token[TW_TOKEN_BYTES];
    int32_t number;
    int16_t topic_id;
    bool caught_up;
    bool fenced; /* answered: no row under this epoch and token */
};

struct tw_store {
    uv_loop_t *loop;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_store_events events;
    struct tw_session session;
    struct tw_row_statements statements;
    struct tw_commit commit;
    struct tw_known known;
    struct task *first;
    struct task *last;
    uint32_t pending; /* batches */
    bool learned;     /* what the database holds is known: ready */
    bool waiting;     /* the timer runs: the task at hand is in backoff */

    /* The take at hand. */
    struct task *taking;
    bool cancelled; /* forgotten while its answer was on the way */
    bool blocked;   /* 55P03: whoever holds the row is to be ended first */
    uint64_t take_retry_ms;
    struct tw_partition taken; /* its fence, as answered */
    bool answered;

    struct refresh *refreshes;
    size_t refresh_count;
    size_t refresh_answers; /* of them, in the order in which they were sent */
    bool refresh_due;
    bool refreshing; /* sent, and not all answered: `refreshes` stays as it is */

    void (*closed)(void *context);
};

static void advance(struct tw_store *store);

/* -- the line of tasks ---------------------------------------------------------------------------------------------- */

static bool push(struct tw_store *store, const struct task *wanted)
{
    struct task *task = malloc(sizeof *task);
    if (!task)
        return false;
    *task = *wanted;
    task->next = NULL;
    if (store->last)
        store->last->next = task;
    else
        store->first = task;
    store->last = task;
    return true;
}

static struct task *pop(struct tw_store *store)
{
    struct task *task = store->first;
    store->first = task->next;
    if (!store->first)
        store->last = NULL;
    return task;
}

static void on_timer(uv_timer_t *timer)
{
    struct tw_store *store = timer->data;
    store->waiting = false;
    advance(store);
}

/* Turns come on the loop, never inside a call of the owner's. */
static void advance_soon(struct tw_store *store)
{
    if (!store->session.ending && !store->waiting)
        uv_timer_start(&store->session.timer, on_timer, 0, 0);
}

static void hold(struct tw_store *store, uint64_t milliseconds)
{
    if (store->session.ending)
        return;
    store->waiting = true;
    uv_timer_start(&store->session.timer, on_timer, milliseconds, 0);
}

/* -- taking a partition ------------------------------------------------------------------------------------------------ */

static bool take_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_store *store = context;
    if (statement != TW_PARTITION_TAKE || PQntuples(result) != 1)
        return false;
    store->answered = true;
    store->taken.topic_id = tw_get_int16(PQgetvalue(result, 0, 0));
    store->taken.epoch = tw_get_int64(PQgetvalue(result, 0, 1));
    store->taken.row_offset = tw_get_int64(PQgetvalue(result, 0, 2));
    store->taken.highest_offset = tw_get_int64(PQgetvalue(result, 0, 3));
    store->taken.row_watermark_us =
        PQgetisnull(result, 0, 4) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, 4));
    return false;
}

static void finish_take(struct tw_store *store)
{
    struct task task = *store->taking;
    free(store->taking);
    store->taking = NULL;
    advance_soon(store);
    if (store->cancelled)
        return;
    task.partition->topic_id = store->taken.topic_id;
    task.partition->epoch = store->taken.epoch;
    task.partition->row_offset = store->taken.row_offset;
    task.partition->highest_offset = store->taken.highest_offset;
    task.partition->row_watermark_us = store->taken.row_watermark_us;
    memcpy(task.partition->token, store->session.token, TW_TOKEN_BYTES);
    tw_log(store->log, TW_INFO, "store", "partition taken", tw_string("topic", task.partition->topic),
        tw_int("partition", task.partition->number), tw_int("epoch", task.partition->epoch),
        tw_int("offset", task.partition->row_offset));
    store->events.taken(store->events.context, task.partition, task.assignment, NULL);
}

static void on_taken(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    if (!refusal && store->answered) {
        finish_take(store);
        return;
    }
    if (!refusal) { /* the blockers are ended, or there was nobody: the row next */
        store->blocked = false;
        advance_soon(store);
        return;
    }
    store->blocked = strcmp(refusal->code, "55P03") == 0 && refusal->statement == TW_PARTITION_TAKE;
    tw_log_error(store->log, "store",
        store->blocked ? "partition held: its holder is ended" : "partition not taken, tried again",
        &refusal->error);
    if (refusal->lost)
        return;
    if (store->blocked) {
        advance_soon(store);
        return;
    }
    hold(store, store->take_retry_ms);
    store->take_retry_ms *= 2;
    if (store->take_retry_ms > (uint64_t)store->config->store.retry_most_ms)
        store->take_retry_ms = (uint64_t)store->config->store.retry_most_ms;
}

static void end_blockers(struct tw_store *store)
{
    struct tw_exchange exchange = {store, NULL, on_taken};
    char number[4];
    const struct tw_partition *partition = &store->taken;
    const char *values[] = {partition->topic, number};
    const int lengths[] = {(int)strlen(partition->topic), 4};
    tw_put_int32(number, partition->number);
    store->answered = false;
    tw_connection_begin_exchange(store->session.connection, &exchange);
    tw_connection_send(store->session.connection, TW_BLOCKERS_END, values, lengths);
    tw_connection_sync(store->session.connection);
}

/* A fresh token for each attempt: nobody can mistake one whose answer was lost for this one. */
static void send_take(struct tw_store *store)
{
    struct tw_exchange exchange = {store, take_row, on_taken};
    char number[4];
    const struct tw_partition *partition = &store->taken;
    const char *values[] = {
        partition->topic, number, (const char *)store->session.token, store->session.owner};
    const int lengths[] = {
        (int)strlen(partition->topic), 4, TW_TOKEN_BYTES, (int)strlen(store->session.owner)};
    struct tw_error err;
    if (!tw_session_new_token(&store->session, &err)) {
        tw_log_error(store->log, "store", "partition not taken, tried again", &err);
        hold(store, TAKE_RETRY_LEAST_MS);
        return;
    }
    tw_put_int32(number, partition->number);
    store->answered = false;
    tw_connection_begin_exchange(store->session.connection, &exchange);
    tw_connection_send(store->session.connection, TW_PARTITION_TAKE, values, lengths);
    tw_connection_sync(store->session.connection);
}

static void begin_take(struct tw_store *store, struct task *task)
{
    store->taking = task;
    store->cancelled = false;
    store->blocked = false;
    store->take_retry_ms = TAKE_RETRY_LEAST_MS;
    store->taken = *task->partition;
    send_take(store);
}

/* -- refreshing positions ------------------------------------------------------------------------------------------------ */

/* An owner whose row was not found under its epoch and token is fenced off, whoever did it: another daemon, or a
 * `reset`. On a silent partition nothing else would ever tell it. */
static void on_refreshed(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    store->refreshing = false;
    if (refusal && !refusal->lost)
        tw_log_error(store->log, "store", "positions not refreshed", &refusal->error);
    advance_soon(store);
    if (refusal)
        return;
    for (size_t at = 0; at < store->refresh_answers; at++)
        if (store->refreshes[at].fenced)
            store->events.fenced(store->events.context, store->refreshes[at].assignment);
}

static bool refreshed_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_store *store = context;
    if (statement != TW_POSITION_REFRESH)
        tw_known_learn(&store->known, statement, result);
    else if (store->refresh_answers < store->refresh_count)
        store->refreshes[store->refresh_answers++].fenced = strcmp(PQcmdTuples(result), "0") == 0;
    return false;
}

static void send_one_refresh(struct tw_store *store, const struct refresh *refresh)
{
    char numbers[2 + 4 + 8 + 8 + 8 + 1];
    const char *values[] = {numbers, numbers + 2, numbers + 6, (const char *)refresh->token, numbers + 30,
        refresh->end_offset < 0 ? NULL : numbers + 14, numbers + 22};
    const int lengths[] = {2, 4, 8, TW_TOKEN_BYTES, 1, 8, 8};
    tw_put_int16(numbers, refresh->topic_id);
    tw_put_int32(numbers + 2, refresh->number);
    tw_put_int64(numbers + 6, refresh->epoch);
    tw_put_int64(numbers + 14, refresh->end_offset);
    tw_put_int64(numbers + 22, refresh->silent_ms);
    numbers[30] = refresh->caught_up;
    tw_connection_send(store->session.connection, TW_POSITION_REFRESH, values, lengths);
}

static void send_refreshes(struct tw_store *store)
{
    struct tw_exchange exchange = {store, refreshed_row, on_refreshed};
    store->refresh_due = false;
    store->refreshing = true;
    store->refresh_answers = 0;
    tw_connection_begin_exchange(store->session.connection, &exchange);
    tw_connection_send(store->session.connection, TW_EVALUATED_READ, NULL, NULL);
    for (size_t at = 0; at < store->refresh_count; at++)
        send_one_refresh(store, &store->refreshes[at]);
    tw_connection_sync(store->session.connection);
}

static bool is_refreshed(const struct tw_partition *partition)
{
    return partition->epoch > 0 && partition->state != TW_PARTITION_LEAVING &&
           partition->state != TW_PARTITION_TAKING;
}

static struct refresh refresh_of(const struct tw_partition *partition)
{
    uint64_t now = uv_hrtime() / 1000000;
    struct refresh refresh = {.assignment = partition->assignment,
        .epoch = partition->epoch,
        .end_offset = partition->end_offset,
        .silent_ms = now > partition->last_message_ms ? (int64_t)(now - partition->last_message_ms) : 0,
        .number = partition->number,
        .topic_id = partition->topic_id,
        .caught_up = partition->caught_up && partition->batches_out == 0};
    memcpy(refresh.token, partition->token, TW_TOKEN_BYTES);
    return refresh;
}

void tw_store_refresh(struct tw_store *store, struct tw_partition *first)
{
    size_t count = 0;
    if (store->refresh_due || store->refreshing || store->session.ending || !tw_store_ready(store))
        return;
    for (const struct tw_partition *at = first; at; at = at->next)
        count += is_refreshed(at);
    struct refresh *refreshes = realloc(store->refreshes, (count + 1) * sizeof *refreshes);
    if (!refreshes)
        return;
    store->refreshes = refreshes;
    store->refresh_count = 0;
    for (const struct tw_partition *at = first; at; at = at->next)
        if (is_refreshed(at))
            refreshes[store->refresh_count++] = refresh_of(at);
    store->refresh_due = true;
    advance_soon(store);
}

/* -- whose turn it is --------------------------------------------------------------------------------------------------------- */

static void next_task(struct tw_store *store)
{
    struct task *task = pop(store);
    if (task->partition) {
        begin_take(store, task);
        return;
    }
    struct tw_batch *batch = task->batch;
    free(task);
    tw_commit_batch(&store->commit, batch);
}

/* One thing at a time on one connection: what is at hand, then positions, then the line. */
static void advance(struct tw_store *store)
{
    if (store->session.ending || store->waiting || !tw_store_ready(store) ||
        tw_connection_busy(store->session.connection))
        return;
    if (store->refresh_due)
        send_refreshes(store);
    else if (store->commit.step != TW_COMMIT_IDLE)
        tw_commit_go(&store->commit);
    else if (store->taking && store->blocked)
        end_blockers(store);
    else if (store->taking)
        send_take(store);
    else if (store->first)
        next_task(store);
}

static void on_commit_wait(void *context, uint64_t milliseconds)
{
    hold(context, milliseconds);
}

static void on_commit_again(void *context)
{
    advance(context);
}

static void on_commit_finished(void *context, struct tw_batch *batch, enum tw_commit_outcome outcome)
{
    struct tw_store *store = context;
    store->pending--;
    /* The next one is on its way before the owner hears of this one. */
    advance_soon(store);
    store->events.committed(store->events.context, batch, outcome);
}

/* -- the connection -------------------------------------------------------------------------------------------------------------- */

static bool learn_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_store *store = context;
    tw_known_learn(&store->known, statement, result);
    return false;
}

static void on_learned(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    if (refusal && refusal->lost)
        return;
    if (refusal)
        tw_log_error(store->log, "store", "days not known", &refusal->error);
    store->learned = true;
    store->events.state(store->events.context, true, NULL);
    advance_soon(store);
}

static void on_ready(void *context)
{
    struct tw_store *store = context;
    struct tw_exchange exchange = {store, learn_row, on_learned};
    tw_known_clear(&store->known);
    store->waiting = false;
    uv_timer_stop(&store->session.timer);
    tw_connection_begin_exchange(store->session.connection, &exchange);
    tw_connection_send(store->session.connection, TW_DAYS_KNOWN, NULL, NULL);
    tw_connection_send(store->session.connection, TW_EVALUATED_READ, NULL, NULL);
    tw_connection_sync(store->session.connection);
}

static void on_lost(void *context, const struct tw_error *err)
{
    struct tw_store *store = context;
    if (store->learned)
        tw_count(store->metrics, TW_COUNT_CONNECTIONS_LOST, 1);
    store->learned = false;
    store->refresh_due = false;
    store->refreshing = false;
    store->events.state(store->events.context, false, err);
}

bool tw_store_ready(const struct tw_store *store)
{
    return store->learned && tw_connection_ready(store->session.connection);
}

uint32_t tw_store_pending(const struct tw_store *store)
{
    return store->pending;
}

/* -- what the owner asks for ------------------------------------------------------------------------------------------------------ */

void tw_store_take(struct tw_store *store, struct tw_partition *partition)
{
    struct task task = {.partition = partition, .assignment = partition->assignment};
    struct tw_error err;
    if (push(store, &task)) {
        advance_soon(store);
        return;
    }
    tw_fail(&err, TW_INTERNAL, "store", NULL, "out of memory");
    tw_log_error(store->log, "store", "partition not taken", &err);
}

void tw_store_forget(struct tw_store *store, struct tw_partition *partition)
{
    struct task **link = &store->first;
    store->last = NULL;
    while (*link) {
        struct task *task = *link;
        if (task->partition == partition) {
            *link = task->next;
            free(task);
            continue;
        }
        store->last = task;
        link = &task->next;
    }
    if (store->taking && store->taking->partition == partition)
        store->cancelled = true;
}

void tw_store_commit(struct tw_store *store, struct tw_batch *batch)
{
    struct task task = {.batch = batch};
    store->pending++;
    if (push(store, &task)) {
        advance_soon(store);
        return;
    }
    /* No memory for sixteen bytes: the partition is taken again and the batch read again. */
    store->pending--;
    store->events.committed(store->events.context, batch, TW_COMMIT_FENCED);
}

/* -- begin and end -------------------------------------------------------------------------------------------------------------------- */

bool tw_store_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_store_events *events, struct tw_store **out,
    struct tw_error *err)
{
    struct tw_store *store = calloc(1, sizeof *store);
    struct tw_connection_events heard = {store, on_ready, on_lost};
    if (!store)
        return tw_fail(err, TW_INTERNAL, "store", NULL, "out of memory");
    store->loop = loop;
    store->config = config;
    store->log = log;
    store->metrics = metrics;
    store->events = *events;
    store->known.evaluated_us = TW_NO_TIME;
    tw_session_set(&store->session, "lock_timeout", config->store.lock_timeout_ms);
    struct tw_session_options options = {.config = config,
        .application = "tapewatch store",
        .room = "store",
        .statements = TW_FOR_STORE,
        .rows = store->statements.rows};
    if (!tw_row_statements_write(&store->statements, err) ||
        !tw_session_begin(&store->session, loop, &options, log, &heard, err)) {
        free(store);
        return false;
    }
    struct tw_commit_options lent = {.connection = store->session.connection,
        .config = config,
        .log = log,
        .metrics = metrics,
        .known = &store->known,
        .context = store,
        .wait = on_commit_wait,
        .again = on_commit_again,
        .finished = on_commit_finished};
    *out = store;
    if (tw_commit_begin(&store->commit, &lent, err))
        return true;
    *out = NULL;
    tw_store_end(store, NULL); /* its handles close on the loop */
    return false;
}

static void hand_back(struct tw_store *store, struct tw_batch *batch)
{
    store->pending--;
    store->events.committed(store->events.context, batch, TW_COMMIT_FENCED);
}

static void on_session_closed(void *context)
{
    struct tw_store *store = context;
    struct tw_batch *batch = tw_commit_drop(&store->commit);
    if (batch)
        hand_back(store, batch);
    while (store->first) {
        struct task *task = pop(store);
        if (task->batch)
            hand_back(store, task->batch);
        free(task);
    }
    void (*closed)(void *context) = store->closed;
    void *owner = store->events.context;
    tw_commit_end(&store->commit);
    tw_known_end(&store->known);
    free(store->taking);
    free(store->refreshes);
    free(store);
    if (closed)
        closed(owner);
}

void tw_store_end(struct tw_store *store, void (*closed)(void *context))
{
    store->closed = closed;
    tw_session_end(&store->session, on_session_closed, store);
}
