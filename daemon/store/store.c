#include "store/store.h"

#include "base/clock.h"
#include "config/config.h"
#include "postgres/session.h"
#include "store/commit.h"
#include "store/listing.h"
#include "store/position.h"
#include "store/refresh.h"
#include "store/row_statements.h"

#include <stdlib.h>
#include <string.h>

enum {
    TAKE_RETRY_LEAST_MS = 100,
    LIST_RETRY_MS = 1000,
    LIST_RETRY_MOST_MS = 60000, /* of what somebody has to mend */
};

/* The take at hand. */
struct take {
    bool at_hand;
    struct tw_partition *partition; /* NULL: nobody wants to hear of it any more */
    uint64_t retry_ms;
    struct tw_partition taken; /* its fence, as answered; epoch 0: not yet */
    struct tw_error trouble;   /* why it was not taken the last time; TW_OK: nothing was refused */
};

struct tw_store {
    uv_loop_t *loop;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_store_events events;
    struct tw_session session;
    struct tw_row_statements statements;
    enum tw_store_state state;
    struct tw_known known;

    struct tw_store_task *first; /* the line */
    struct tw_store_task *last;
    uint32_t pending; /* batches, the one at hand included */

    struct take take; /* at hand, one of both at the most */
    struct tw_commit commit;
    struct tw_refresh refresh;
    bool refresh_due; /* gathered, and not yet sent */
    struct tw_listing listing;
    uint64_t list_at_ms;             /* what waits of it was refused for now: not before */
    bool listed_last;                /* the line has the next turn */
    struct tw_repeats unlisted_told; /* by SQLSTATE */
    struct tw_error unlisted;        /* why some of it is not stored, or not yet */
    uint64_t unlisted_ms;            /* since when; 0: nothing of it was refused */
    bool gave_up;                    /* a row of it */

    void (*closed)(void *context);
};

/* -- the machine ------------------------------------------------------------------------------- */

static const char *const state_names[TW_STORE_STATES] = {[TW_STORE_AWAY] = "away",
    [TW_STORE_LEARNING] = "learning",
    [TW_STORE_IDLE] = "idle",
    [TW_STORE_TAKING] = "taking",
    [TW_STORE_UNBLOCKING] = "unblocking",
    [TW_STORE_COMMITTING] = "committing",
    [TW_STORE_REFRESHING] = "refreshing",
    [TW_STORE_LISTING] = "listing",
    [TW_STORE_WAITING] = "waiting",
    [TW_STORE_ENDING] = "ending"};

#define TO(state) TW_MOVE(TW_STORE_##state)
static const uint32_t moves[TW_STORE_STATES] = {[TW_STORE_AWAY] = TO(LEARNING) | TO(ENDING),
    [TW_STORE_LEARNING] = TO(IDLE) | TO(AWAY) | TO(ENDING),
    [TW_STORE_IDLE] = TO(TAKING) | TO(COMMITTING) | TO(REFRESHING) | TO(LISTING) | TO(AWAY) | TO(ENDING),
    [TW_STORE_TAKING] = TO(IDLE) | TO(UNBLOCKING) | TO(WAITING) | TO(AWAY) | TO(ENDING),
    [TW_STORE_UNBLOCKING] = TO(IDLE) | TO(WAITING) | TO(AWAY) | TO(ENDING),
    [TW_STORE_COMMITTING] = TO(IDLE) | TO(REFRESHING) | TO(WAITING) | TO(AWAY) | TO(ENDING),
    [TW_STORE_REFRESHING] = TO(IDLE) | TO(AWAY) | TO(ENDING),
    [TW_STORE_LISTING] = TO(IDLE) | TO(AWAY) | TO(ENDING),
    [TW_STORE_WAITING] = TO(IDLE) | TO(AWAY) | TO(ENDING),
    [TW_STORE_ENDING] = 0};
#undef TO

const struct tw_machine tw_store_machine = {"store", state_names, moves, TW_STORE_STATES};

/* The only place where the state changes. */
static void move(struct tw_store *store, enum tw_store_state state, const char *why)
{
    tw_machine_tell(&tw_store_machine, store->log, TW_DEBUG, store->state, state, why);
    store->state = state;
}

static void advance(struct tw_store *store);

static void on_timer(uv_timer_t *timer)
{
    struct tw_store *store = timer->data;
    if (store->state == TW_STORE_WAITING)
        move(store, TW_STORE_IDLE, "the pause is over");
    advance(store);
}

/* Turns come on the loop, never inside a call of the owner's. */
static void advance_soon(struct tw_store *store)
{
    if (store->state != TW_STORE_WAITING && store->state != TW_STORE_ENDING)
        uv_timer_start(&store->session.timer, on_timer, 0, 0);
}

static void wait_for(struct tw_store *store, uint64_t milliseconds, const char *why)
{
    move(store, TW_STORE_WAITING, why);
    uv_timer_start(&store->session.timer, on_timer, milliseconds, 0);
}

/* -- the line of tasks ------------------------------------------------------------------------- */

static void push(struct tw_store *store, struct tw_store_task *task)
{
    task->next = NULL;
    if (store->last)
        store->last->next = task;
    else
        store->first = task;
    store->last = task;
    advance_soon(store);
}

static struct tw_store_task *pop(struct tw_store *store)
{
    struct tw_store_task *task = store->first;
    store->first = task->next;
    if (!store->first)
        store->last = NULL;
    return task;
}

/* -- taking a partition ------------------------------------------------------------------------ */

static bool take_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_store *store = context;
    (void)statement;
    tw_position_taken(result, &store->take.taken);
    return false;
}

static void tell_taken(struct tw_store *store, struct tw_partition *partition)
{
    const struct tw_partition *taken = &store->take.taken;
    partition->topic_id = taken->topic_id;
    partition->epoch = taken->epoch;
    partition->row_offset = taken->row_offset;
    partition->highest_offset = taken->highest_offset;
    partition->row_watermark_us = taken->row_watermark_us;
    partition->row_mark = taken->row_mark;
    partition->stood_ms = taken->stood_ms;
    memcpy(partition->token, store->session.token, TW_TOKEN_BYTES);
    tw_log(store->log, TW_DEBUG, "store", "partition taken", tw_string("topic", partition->topic),
        tw_int("partition", partition->number), tw_int("epoch", partition->epoch),
        tw_int("offset", partition->row_offset));
    store->events.taken(store->events.context, partition, partition->assignment, NULL);
}

/* The take at hand is over. */
static void finish_take(struct tw_store *store, const char *why)
{
    store->take.at_hand = false;
    move(store, TW_STORE_IDLE, why);
    advance_soon(store);
    if (store->take.partition)
        tell_taken(store, store->take.partition);
}

static void take_later(struct tw_store *store, const struct tw_error *err)
{
    uint64_t most_ms = (uint64_t)store->config->store.retry_most_ms;
    uint64_t pause_ms = store->take.retry_ms;
    tw_log_error(store->log, "store", "partition not taken, tried again", err);
    store->take.trouble = *err;
    store->take.retry_ms = 2 * pause_ms < most_ms ? 2 * pause_ms : most_ms;
    wait_for(store, pause_ms, err->what);
}

static void on_taken(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    struct tw_error err;
    if (!refusal && store->take.taken.epoch > 0) {
        finish_take(store, "taken");
    } else if (!refusal) {
        tw_fail(&err, TW_INTERNAL, "take_partition", "see the schema's version", "it gave no row");
        take_later(store, &err);
    } else if (refusal->lost) {
        tw_log_error(store->log, "store", "partition not taken, tried again", &refusal->error);
    } else if (tw_position_is_held(refusal)) {
        tw_log_error(store->log, "store", "partition held: its holder is ended", &refusal->error);
        move(store, TW_STORE_UNBLOCKING, "its row is held by another process");
        advance_soon(store);
    } else {
        take_later(store, &refusal->error);
    }
}

/* A fresh token for each attempt: nobody can mistake one whose answer was lost for this one. */
static void send_take(struct tw_store *store)
{
    struct tw_exchange exchange = {store, take_row, on_taken};
    struct tw_session *session = &store->session;
    struct tw_error err;
    move(store, TW_STORE_TAKING, "a partition");
    store->take.taken.epoch = 0;
    if (tw_session_new_token(session, &err))
        tw_position_take(session->connection, &store->take.taken, session->token, session->owner, &exchange);
    else
        take_later(store, &err);
}

static void on_unblocked(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    if (refusal && refusal->lost)
        return;
    if (refusal) {
        take_later(store, &refusal->error);
        return;
    }
    move(store, TW_STORE_IDLE, "whoever can be is ended");
    advance_soon(store);
}

static void unblock(struct tw_store *store)
{
    struct tw_exchange exchange = {store, NULL, on_unblocked};
    tw_position_free(store->session.connection, &store->take.taken, &exchange);
}

/* -- refreshing positions ---------------------------------------------------------------------- */

static void on_refreshed(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    size_t at = 0;
    uint64_t assignment;
    if (refusal && refusal->lost)
        return;
    if (refusal)
        tw_log_error(store->log, "store", "positions not refreshed", &refusal->error);
    move(store, TW_STORE_IDLE, "positions told");
    advance_soon(store);
    while (!refusal && (assignment = tw_refresh_fenced(&store->refresh, &at)) != 0)
        store->events.fenced(store->events.context, assignment);
}

static bool refreshed_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_store *store = context;
    if (statement == TW_POSITION_REFRESH)
        tw_refresh_answer(&store->refresh, result);
    else
        tw_known_learn(&store->known, statement, result);
    return false;
}

static void send_refresh(struct tw_store *store)
{
    struct tw_exchange exchange = {store, refreshed_row, on_refreshed};
    move(store, TW_STORE_REFRESHING, "positions are due");
    store->refresh_due = false;
    tw_refresh_send(&store->refresh, store->session.connection, &exchange);
}

void tw_store_refresh(struct tw_store *store, struct tw_partition *first)
{
    struct tw_error err;
    if (store->state == TW_STORE_REFRESHING || !tw_store_ready(store))
        return;
    store->refresh_due = tw_refresh_gather(&store->refresh, store, first, &err);
    if (!store->refresh_due)
        tw_log_error(store->log, "store", "positions not refreshed", &err);
    advance_soon(store);
}

/* -- the entities file -------------------------------------------------------------------------- */

static void count_unlisted(struct tw_store *store)
{
    tw_gauge_set(store->metrics, TW_GAUGE_ENTITIES_WAITING, tw_listing_left(&store->listing));
}

/* Commits go on meanwhile: it is looked at again when the positions are told. */
static void list_later(
    struct tw_store *store, uint64_t pause_ms, const char *kind, const struct tw_error *err)
{
    uint64_t unsaid;
    store->list_at_ms = tw_now_ms() + pause_ms;
    store->unlisted = *err;
    if (store->unlisted_ms == 0)
        store->unlisted_ms = tw_now_ms();
    if (tw_repeats_tell(&store->unlisted_told, tw_repeats_kind(kind), tw_now_ms(), &unsaid))
        tw_log_error(store->log, "store", "entities not stored", err);
}

/* A row that is refused for good is found, and the others go on; all else is tried again. */
static void note_unlisted(struct tw_store *store, const struct tw_refusal *refusal)
{
    bool one = refusal->means == TW_SQLSTATE_ROW;
    if (one && !tw_listing_refused(&store->listing))
        return;
    tw_count(store->metrics, TW_COUNT_ENTITIES_REFUSED, one);
    store->gave_up = store->gave_up || one;
    uint64_t pause_ms = one ? 0 : refusal->error.passing ? LIST_RETRY_MS : LIST_RETRY_MOST_MS;
    list_later(store, pause_ms, refusal->code, &refusal->error);
}

static void on_listed(void *context, const struct tw_refusal *refusal)
{
    struct tw_store *store = context;
    if (refusal && refusal->lost)
        return;
    if (refusal) {
        note_unlisted(store, refusal);
    } else {
        tw_listing_told(&store->listing);
        store->unlisted_ms = store->gave_up ? store->unlisted_ms : 0;
    }
    count_unlisted(store);
    move(store, TW_STORE_IDLE, refusal ? "entities are refused" : "a part of the entities file is told");
    advance_soon(store);
}

static void send_listing(struct tw_store *store)
{
    struct tw_exchange exchange = {store, NULL, on_listed};
    struct tw_error err;
    store->listed_last = true;
    if (!tw_listing_send(&store->listing, store->session.connection, &exchange, &err)) {
        list_later(store, LIST_RETRY_MOST_MS, err.what, &err);
        advance_soon(store);
        return;
    }
    move(store, TW_STORE_LISTING, "entities");
}

void tw_store_list(struct tw_store *store, struct tw_shared *shared, const struct tw_automaton *entities)
{
    tw_listing_set(&store->listing, shared, entities);
    store->list_at_ms = 0;
    store->unlisted_ms = 0;
    store->gave_up = false;
    count_unlisted(store);
    advance_soon(store);
}

const struct tw_error *tw_store_unlisted(const struct tw_store *store)
{
    bool late = store->unlisted_ms > 0 && tw_now_ms() >= store->unlisted_ms + TW_LIVENESS_LIMIT_MS;
    return late ? &store->unlisted : NULL;
}

/* -- whose turn it is -------------------------------------------------------------------------- */

static void next_task(struct tw_store *store)
{
    struct tw_store_task *task = pop(store);
    if (task->partition) {
        store->take = (struct take){.at_hand = true,
            .partition = task->partition,
            .retry_ms = TAKE_RETRY_LEAST_MS,
            .taken = *task->partition};
        send_take(store);
        return;
    }
    move(store, TW_STORE_COMMITTING, "a batch");
    task->batch->left_us[TW_STAGE_LINE] = tw_now_us();
    tw_commit_batch(&store->commit, task->batch);
}

static bool may_list(const struct tw_store *store)
{
    return tw_listing_waits(&store->listing) && tw_now_ms() >= store->list_at_ms &&
           !(store->first && store->listed_last);
}

/* What is at hand goes on, or else the first of the line begins; an entities file that is to be told has
 * every other turn. */
static void begin_turn(struct tw_store *store)
{
    if (store->commit.state != TW_COMMIT_IDLE) {
        move(store, TW_STORE_COMMITTING, "the batch at hand");
        tw_commit_go(&store->commit);
    } else if (store->take.at_hand && !store->take.partition) {
        store->take.at_hand = false; /* taken by now, it would be taken from whoever has it */
        advance_soon(store);
    } else if (store->take.at_hand) {
        send_take(store);
    } else if (may_list(store)) {
        send_listing(store);
    } else if (store->first) {
        store->listed_last = false;
        next_task(store);
    }
}

/* One thing at a time on one connection; positions go between two exchanges. */
static void advance(struct tw_store *store)
{
    bool between = store->state == TW_STORE_IDLE || store->state == TW_STORE_COMMITTING;
    if (!tw_store_ready(store) || tw_connection_busy(store->session.connection))
        return;
    if (between && store->refresh_due)
        send_refresh(store);
    else if (store->state == TW_STORE_IDLE)
        begin_turn(store);
    else if (store->state == TW_STORE_COMMITTING)
        tw_commit_go(&store->commit);
    else if (store->state == TW_STORE_UNBLOCKING)
        unblock(store);
}

static void on_commit_wait(void *context, uint64_t milliseconds)
{
    wait_for(context, milliseconds, "the batch at hand pauses");
}

static void on_commit_again(void *context)
{
    advance(context);
}

static void on_commit_finished(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    struct tw_store *store = context;
    store->pending--;
    move(store, TW_STORE_IDLE, end == TW_BATCH_STORED ? "stored" : "fenced off");
    batch->left_us[TW_STAGE_STORE] = tw_now_us();
    /* The next one is on its way before the owner hears of this one. */
    advance_soon(store);
    store->events.committed(store->events.context, batch, end);
}

/* -- the connection ---------------------------------------------------------------------------- */

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
    move(store, TW_STORE_IDLE, "what stands is known");
    store->events.state(store->events.context, true, NULL);
    advance_soon(store);
}

static void on_ready(void *context)
{
    struct tw_store *store = context;
    struct tw_exchange exchange = {store, learn_row, on_learned};
    move(store, TW_STORE_LEARNING, "connected");
    uv_timer_stop(&store->session.timer);
    tw_known_clear(&store->known);
    tw_commit_connected(&store->commit);
    tw_connection_begin_exchange(store->session.connection, &exchange);
    tw_connection_send(store->session.connection, TW_DAYS_KNOWN, NULL, NULL);
    tw_connection_send(store->session.connection, TW_EVALUATED_READ, NULL, NULL);
    tw_connection_sync(store->session.connection);
}

static void on_lost(void *context, const struct tw_error *err)
{
    struct tw_store *store = context;
    if (store->state != TW_STORE_AWAY && store->state != TW_STORE_LEARNING)
        tw_count(store->metrics, TW_COUNT_CONNECTIONS_LOST, 1);
    if (store->state != TW_STORE_AWAY)
        move(store, TW_STORE_AWAY, err->what);
    store->refresh_due = false;
    store->events.state(store->events.context, false, err);
}

bool tw_store_ready(const struct tw_store *store)
{
    return store->state != TW_STORE_AWAY && store->state != TW_STORE_LEARNING &&
           store->state != TW_STORE_ENDING && tw_connection_ready(store->session.connection);
}

const struct tw_error *tw_store_trouble(const struct tw_store *store)
{
    if (store->commit.trouble.code != TW_OK)
        return &store->commit.trouble;
    return store->take.at_hand && store->take.trouble.code != TW_OK ? &store->take.trouble : NULL;
}

uint64_t tw_store_unanswered_ms(const struct tw_store *store)
{
    return tw_connection_unanswered_ms(store->session.connection);
}

uint32_t tw_store_pending(const struct tw_store *store)
{
    return store->pending;
}

/* -- what the owner asks for ------------------------------------------------------------------- */

void tw_store_take(struct tw_store *store, struct tw_partition *partition)
{
    partition->store = store;
    partition->task = (struct tw_store_task){.partition = partition};
    push(store, &partition->task);
}

void tw_store_forget(struct tw_store *store, struct tw_partition *partition)
{
    struct tw_store_task **link = &store->first;
    store->last = NULL;
    while (*link) {
        struct tw_store_task *task = *link;
        if (task->partition == partition) {
            *link = task->next;
            continue;
        }
        store->last = task;
        link = &task->next;
    }
    if (store->take.partition == partition)
        store->take.partition = NULL;
}

void tw_store_commit(struct tw_store *store, struct tw_batch *batch)
{
    store->pending++;
    batch->left_us[TW_STAGE_ORDER] = tw_now_us();
    batch->task = (struct tw_store_task){.batch = batch};
    push(store, &batch->task);
}

void tw_store_share_days(struct tw_store *store, struct tw_days_made *days)
{
    store->commit.prepare.days = days;
}

/* -- begin and end ----------------------------------------------------------------------------- */

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

void tw_store_hold(struct tw_store *store)
{
    tw_connection_hold(store->session.connection);
}

void tw_store_start(struct tw_store *store)
{
    tw_connection_start(store->session.connection);
}

static void hand_back(struct tw_store *store, struct tw_batch *batch)
{
    store->pending--;
    store->events.committed(store->events.context, batch, TW_BATCH_DROPPED);
}

static void on_session_closed(void *context)
{
    struct tw_store *store = context;
    struct tw_batch *batch = tw_commit_drop(&store->commit);
    if (batch)
        hand_back(store, batch);
    while (store->first) {
        struct tw_store_task *task = pop(store);
        if (task->batch)
            hand_back(store, task->batch);
    }
    void (*closed)(void *context) = store->closed;
    void *owner = store->events.context;
    tw_commit_end(&store->commit);
    tw_known_end(&store->known);
    tw_refresh_end(&store->refresh);
    tw_listing_drop(&store->listing);
    free(store);
    if (closed)
        closed(owner);
}

void tw_store_end(struct tw_store *store, void (*closed)(void *context))
{
    store->closed = closed;
    move(store, TW_STORE_ENDING, "the end");
    tw_session_end(&store->session, on_session_closed, store);
}
