#include "evaluate/evaluator.h"

#include "base/clock.h"
#include "config/config.h"
#include "evaluate/evaluator_machine.h"
#include "evaluate/shards.h"
#include "evaluate/standing.h"
#include "evaluate/stored_rules.h"
#include "evaluate/turn_exchange.h"
#include "postgres/session.h"

#include <stdlib.h>

enum { BEAT_MOST_MS = 1000, LEAVE_MS = 1000, RETRY_MS = 1000, OUTRUN_MS = 10 };

/* What became of the turn on its worker. */
enum outcome { NOT_RUN, FAILED, DECIDED };

struct tw_evaluator {
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_pool *pool;
    struct tw_evaluator_events events;
    struct tw_session session;
    enum tw_evaluator_state state;
    uint64_t beaten_ms; /* when this session gave its last sign of life; 0: none yet, and so no member */
    uint64_t look_ms;   /* when to look next; 0: at once */
    int64_t filed_us;   /* how far documents were filed when rules last waited for that */
    struct tw_standing standing;
    struct tw_shards shards;
    struct tw_stored_rules rules;

    struct tw_turn_exchange turn; /* the turn at hand, from LOOKING on; the worker's while that has it */
    struct tw_job job;
    enum outcome outcome;
    struct tw_error failure; /* of the job */

    void (*closed)(void *context);
    void *closed_context;
};

/* -- the machine ----------------------------------------------------------------------------------------- */

/* The only place where the state changes. */
static void move(struct tw_evaluator *evaluator, enum tw_evaluator_state state, const char *why)
{
    tw_machine_tell(&tw_evaluator_machine, evaluator->log, TW_DEBUG, evaluator->state, state, why);
    evaluator->state = state;
}

static bool has_session(const struct tw_evaluator *evaluator)
{
    return tw_connection_ready(evaluator->session.connection) &&
           !tw_connection_busy(evaluator->session.connection);
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct tw_evaluator *evaluator, uint64_t milliseconds, const char *why)
{
    move(evaluator, TW_EVALUATOR_WAITING, why);
    uv_timer_start(&evaluator->session.timer, on_timer, milliseconds, 0);
}

typedef void action(struct tw_evaluator *evaluator);
static action store_rules, beat, attend, take, look, cut, read_rows, work, write_turn, release;

/* Goes on with what the state is for. A session that broke unseen is told as lost next, by on_lost. */
static void go_on(struct tw_evaluator *evaluator, enum tw_evaluator_state state, const char *why)
{
    static action *const actions[TW_EVALUATOR_STATES] = {
        [TW_EVALUATOR_STORING] = store_rules,
        [TW_EVALUATOR_BEATING] = beat,
        [TW_EVALUATOR_TAKING] = take,
        [TW_EVALUATOR_LOOKING] = look,
        [TW_EVALUATOR_CUTTING] = cut,
        [TW_EVALUATOR_READING] = read_rows,
        [TW_EVALUATOR_WORKING] = work,
        [TW_EVALUATOR_WRITING] = write_turn,
        [TW_EVALUATOR_RELEASING] = release,
    };
    if (!has_session(evaluator)) {
        if (evaluator->state != TW_EVALUATOR_WAITING)
            move(evaluator, TW_EVALUATOR_WAITING, "the session broke");
        return;
    }
    move(evaluator, state, why);
    actions[state](evaluator);
}

/* Between two signs of life. */
static uint64_t beat_pause_ms(const struct tw_evaluator *evaluator)
{
    uint64_t third = (uint64_t)evaluator->config->evaluate.idle_session_ms / 3;
    return third < BEAT_MOST_MS ? third : BEAT_MOST_MS;
}

static bool beat_is_due(const struct tw_evaluator *evaluator)
{
    return evaluator->beaten_ms == 0 || tw_now_ms() >= evaluator->beaten_ms + beat_pause_ms(evaluator);
}

/* The interval may be longer than a session may be idle: signs of life come between. */
static uint64_t look_pause_ms(const struct tw_evaluator *evaluator)
{
    uint64_t now_ms = tw_now_ms(), beat_ms = beat_pause_ms(evaluator);
    uint64_t left_ms = evaluator->look_ms > now_ms ? evaluator->look_ms - now_ms : 0;
    return left_ms < beat_ms ? left_ms : beat_ms;
}

static bool look_is_due(const struct tw_evaluator *evaluator)
{
    return evaluator->rules.wanted || tw_now_ms() >= evaluator->look_ms;
}

/* Rules that are wanted are stored before anything is evaluated. */
static void go_to_rules(struct tw_evaluator *evaluator, const char *why)
{
    if (evaluator->rules.wanted)
        go_on(evaluator, TW_EVALUATOR_STORING, "rules are wanted");
    else
        go_on(evaluator, TW_EVALUATOR_LOOKING, why);
}

static void on_timer(uv_timer_t *timer)
{
    struct tw_evaluator *evaluator = timer->data;
    if (evaluator->state == TW_EVALUATOR_WORKING)
        attend(evaluator);
    if (evaluator->state != TW_EVALUATOR_WAITING)
        return;
    if (beat_is_due(evaluator)) /* first of all: whatever else cannot be done, this daemon lives */
        go_on(evaluator, TW_EVALUATOR_BEATING, "a sign of life is due");
    else if (look_is_due(evaluator))
        go_to_rules(evaluator, "the interval is over");
    else
        uv_timer_start(timer, on_timer, look_pause_ms(evaluator), 0);
}

/* -- exchanges ------------------------------------------------------------------------------------------- */

/* Evaluated as far as can be, or further than before. Shards that another keeps from us are not: their bars
 * may wait. */
static void note_progress(struct tw_evaluator *evaluator)
{
    if (tw_shards_unsettled(&evaluator->shards))
        return;
    tw_standing_even(&evaluator->standing);
}

/* Its exchange failed. Fenced, all shards are given back and taken anew; outrun, the turn is repeated. */
static void recover(struct tw_evaluator *evaluator, const char *what, const struct tw_refusal *refusal)
{
    tw_turn_exchange_clear(&evaluator->turn);
    if (refusal->lost) { /* on_lost comes next */
        move(evaluator, TW_EVALUATOR_WAITING, "the session was lost before the answer");
        return;
    }
    if (refusal->means == TW_SQLSTATE_OUTRUN) {
        wait_for(evaluator, OUTRUN_MS, "outrun: the turn is repeated");
        return;
    }
    tw_standing_refused(&evaluator->standing, what, &refusal->error);
    if (refusal->means == TW_SQLSTATE_FENCED)
        go_on(evaluator, TW_EVALUATOR_RELEASING, "fenced");
    else
        wait_for(evaluator, RETRY_MS, what);
}

/* What was read or decided is of no use. */
static void give_up_turn(struct tw_evaluator *evaluator, const struct tw_error *err)
{
    tw_standing_refused(&evaluator->standing, "rules are not evaluated", err);
    tw_turn_exchange_clear(&evaluator->turn);
    wait_for(evaluator, RETRY_MS, "rules are not evaluated");
}

/* A result of any exchange: each room takes its own. */
static bool on_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    if (statement == TW_SILENT_END)
        tw_standing_ended(&evaluator->standing, result);
    tw_shards_row(&evaluator->shards, statement, result);
    return tw_turn_exchange_row(&evaluator->turn, statement, result);
}

static void begin_exchange(
    struct tw_evaluator *evaluator, void (*done)(void *context, const struct tw_refusal *refusal))
{
    struct tw_exchange exchange = {evaluator, on_row, done};
    tw_connection_begin_exchange(evaluator->session.connection, &exchange);
}

static void end_exchange(struct tw_evaluator *evaluator)
{
    tw_connection_sync(evaluator->session.connection);
}

/* The turn does not fit its arena: the next one is smaller, if it can be. */
static void shrink_turn(struct tw_evaluator *evaluator, const struct tw_error *err)
{
    if (!tw_turn_exchange_is_smaller(&evaluator->turn)) {
        give_up_turn(evaluator, err);
        return;
    }
    tw_turn_exchange_clear(&evaluator->turn);
    wait_for(evaluator, OUTRUN_MS, "it did not fit: the next one is smaller");
}

/* Sends the list as one exchange, or nothing of it. */
static void exchange_list(
    struct tw_evaluator *evaluator, void (*done)(void *context, const struct tw_refusal *refusal))
{
    struct tw_error err;
    if (evaluator->turn.list.full) {
        tw_arena_fail(&evaluator->turn.arena, &err);
        shrink_turn(evaluator, &err);
        return;
    }
    begin_exchange(evaluator, done);
    tw_statement_list_send(&evaluator->turn.list, evaluator->session.connection);
    end_exchange(evaluator);
}

/* -- rules, a sign of life, shards ----------------------------------------------------------------------- */

static void on_rules_stored(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal && !refusal->lost && refusal->means == TW_SQLSTATE_OUTRUN) {
        go_on(evaluator, TW_EVALUATOR_LOOKING, "watch lists have changed meanwhile");
        return;
    }
    if (refusal) {
        recover(evaluator, "rules not stored", refusal);
        return;
    }
    tw_stored_rules_sent(&evaluator->rules);
    go_to_rules(evaluator, "stored");
}

static void store_rules(struct tw_evaluator *evaluator)
{
    begin_exchange(evaluator, on_rules_stored);
    tw_stored_rules_send_wanted(&evaluator->rules, &evaluator->session);
    end_exchange(evaluator);
}

static void on_beaten(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        recover(evaluator, "sign of life not stored", refusal);
        return;
    }
    bool first = evaluator->beaten_ms == 0;
    evaluator->beaten_ms = tw_now_ms();
    if (first)
        evaluator->events.state(evaluator->events.context, true, NULL);
    if (tw_shards_unsettled(&evaluator->shards))
        go_on(evaluator, TW_EVALUATOR_TAKING, "shards to take or to give back");
    else if (look_is_due(evaluator))
        go_to_rules(evaluator, "settled");
    else
        wait_for(evaluator, look_pause_ms(evaluator), "settled, and it is not time to look");
}

static void beat(struct tw_evaluator *evaluator)
{
    begin_exchange(evaluator, on_beaten);
    tw_shards_send_beat(&evaluator->shards, &evaluator->session, evaluator->config->evaluate.idle_session_ms);
    end_exchange(evaluator);
}

static void on_taken(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        tw_shards_not_taken(&evaluator->shards);
        recover(evaluator, "shards not taken", refusal);
        return;
    }
    tw_shards_taken(&evaluator->shards);
    tw_standing_shards(&evaluator->standing, tw_shards_held(&evaluator->shards));
    go_to_rules(evaluator, "taken");
}

static void take(struct tw_evaluator *evaluator)
{
    begin_exchange(evaluator, on_taken);
    tw_shards_send_takes(
        &evaluator->shards, &evaluator->session, evaluator->config->evaluate.idle_session_ms);
    end_exchange(evaluator);
}

static void on_released(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        tw_shards_not_taken(&evaluator->shards);
        recover(evaluator, "shards not given back", refusal);
        return;
    }
    tw_shards_taken(&evaluator->shards);
    tw_standing_shards(&evaluator->standing, tw_shards_held(&evaluator->shards));
    wait_for(evaluator, RETRY_MS, "given back");
}

static void release(struct tw_evaluator *evaluator)
{
    begin_exchange(evaluator, on_released);
    tw_shards_send_release(&evaluator->shards, &evaluator->session);
    end_exchange(evaluator);
}

/* -- a turn ---------------------------------------------------------------------------------------------- */

/* Bars may have closed all the same, when another files documents: that one is red if it cannot, and so are
 * we, whose rules stand still. */
static void note_nothing_to_do(struct tw_evaluator *evaluator)
{
    int64_t filed_us = evaluator->turn.filing.filed_to_us;
    bool stands = tw_turn_exchange_is_unfiled(&evaluator->turn) && filed_us == evaluator->filed_us;
    evaluator->filed_us = filed_us;
    if (stands)
        tw_standing_unfiled(&evaluator->standing);
    else
        note_progress(evaluator);
}

static void on_looked(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    struct tw_error trouble = evaluator->turn.trouble;
    if (refusal) {
        recover(evaluator, "positions not read", refusal);
        return;
    }
    if (trouble.code != TW_OK) {
        give_up_turn(evaluator, &trouble);
        return;
    }
    tw_stored_rules_tell(&evaluator->rules, evaluator->log);
    if (evaluator->rules.wanted) { /* before anything more is evaluated */
        tw_turn_exchange_clear(&evaluator->turn);
        go_on(evaluator, TW_EVALUATOR_STORING, "rules are wanted");
        return;
    }
    tw_standing_looked(&evaluator->standing, &evaluator->turn.positions);
    tw_standing_unowned(&evaluator->standing, &evaluator->turn.positions, &evaluator->config->kafka.topics,
        evaluator->events.is_there, evaluator->events.context);
    tw_standing_rules(&evaluator->standing, tw_stored_rules_are_others(&evaluator->rules));
    bool chosen = tw_turn_exchange_choose(&evaluator->turn, &evaluator->shards, tw_now_ms());
    if (evaluator->turn.unread == 0)
        tw_standing_read(&evaluator->standing, evaluator->turn.windows.memory.bars);
    if (chosen) {
        if (tw_turn_exchange_may_be_cut(&evaluator->turn))
            go_on(evaluator, TW_EVALUATOR_CUTTING, "bars have closed");
        else
            go_on(evaluator, TW_EVALUATOR_READING, "no cut is needed");
        return;
    }
    note_nothing_to_do(evaluator);
    tw_turn_exchange_clear(&evaluator->turn);
    evaluator->look_ms = tw_now_ms() + (uint64_t)evaluator->config->evaluate.interval_ms;
    wait_for(evaluator, look_pause_ms(evaluator), "nothing has closed");
}

static void look(struct tw_evaluator *evaluator)
{
    evaluator->look_ms = 0;
    tw_turn_exchange_look(&evaluator->turn);
    exchange_list(evaluator, on_looked);
}

static void on_cut(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal)
        recover(evaluator, "bars not counted", refusal);
    else
        go_on(evaluator, TW_EVALUATOR_READING, "counted");
}

static void cut(struct tw_evaluator *evaluator)
{
    tw_turn_exchange_cut(&evaluator->turn);
    exchange_list(evaluator, on_cut);
}

static void on_read(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal)
        recover(evaluator, "bars not read", refusal);
    else
        go_on(evaluator, TW_EVALUATOR_WORKING, "read");
}

static void read_rows(struct tw_evaluator *evaluator)
{
    tw_turn_exchange_read(&evaluator->turn);
    exchange_list(evaluator, on_read);
}

static void close_handles(struct tw_evaluator *evaluator, const char *why);

static void run_job(struct tw_job *job)
{
    struct tw_evaluator *evaluator = job->context;
    bool decided = tw_turn_exchange_run(&evaluator->turn, &evaluator->failure);
    evaluator->outcome = decided ? DECIDED : FAILED;
}

/* The session is gone, or the pool ended before the job began. */
static void throw_away(struct tw_evaluator *evaluator)
{
    tw_turn_exchange_lose(&evaluator->turn);
    if (tw_connection_ready(evaluator->session.connection))
        wait_for(evaluator, 0, "the job is back, there is another session");
    else
        move(evaluator, TW_EVALUATOR_AWAY, "the job is back");
}

/* Nothing of it is to be written. */
static void finish_piece(struct tw_evaluator *evaluator)
{
    const struct tw_filing *filing = &evaluator->turn.filing;
    tw_turn_exchange_done(&evaluator->turn, &evaluator->shards);
    tw_standing_memory(&evaluator->standing, evaluator->turn.windows.memory.used);
    if (evaluator->turn.work == TW_TURN_FILING)
        tw_standing_recalling(&evaluator->standing, filing->stories.behind - filing->stories.first,
            filing->state == TW_FILING_WHOLE);
    else
        tw_standing_reading(&evaluator->standing, evaluator->turn.unread);
    tw_turn_exchange_clear(&evaluator->turn);
    wait_for(evaluator, 0, "a piece of windows is read");
}

static void take_outcome(struct tw_evaluator *evaluator)
{
    if (evaluator->outcome == DECIDED && !tw_turn_exchange_is_to_be_written(&evaluator->turn))
        finish_piece(evaluator);
    else if (evaluator->outcome == DECIDED)
        go_on(evaluator, TW_EVALUATOR_WRITING, "decided");
    else if (evaluator->outcome == FAILED)
        shrink_turn(evaluator, &evaluator->failure);
    else {
        tw_turn_exchange_clear(&evaluator->turn);
        wait_for(evaluator, RETRY_MS, "not run");
    }
}

static void job_back(struct tw_job *job)
{
    struct tw_evaluator *evaluator = job->context;
    if (evaluator->state == TW_EVALUATOR_RECALLING)
        close_handles(evaluator, "the job is back");
    else if (evaluator->state == TW_EVALUATOR_ORPHANED)
        throw_away(evaluator);
    else if (evaluator->state == TW_EVALUATOR_ATTENDING)
        move(evaluator, TW_EVALUATOR_RETURNED, "the job is back");
    else
        take_outcome(evaluator);
}

/* What the turn holds is the worker's meanwhile. */
static bool on_attended_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    if (statement == TW_SILENT_END)
        tw_standing_ended(&evaluator->standing, result);
    tw_shards_row(&evaluator->shards, statement, result);
    return false;
}

static void attend_later(struct tw_evaluator *evaluator)
{
    uv_timer_start(&evaluator->session.timer, on_timer, beat_pause_ms(evaluator), 0);
}

static void on_attended(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (!refusal)
        evaluator->beaten_ms = tw_now_ms();
    else if (!refusal->lost)
        tw_log_error(evaluator->log, "evaluate", "sign of life not stored", &refusal->error);
    if (evaluator->state == TW_EVALUATOR_ATTENDING) {
        move(evaluator, TW_EVALUATOR_WORKING, refusal ? "refused, or lost" : "answered");
        attend_later(evaluator);
    } else if (evaluator->state == TW_EVALUATOR_RETURNED && refusal && refusal->lost) {
        recover(evaluator, "sign of life not stored", refusal);
    } else if (evaluator->state == TW_EVALUATOR_RETURNED) {
        take_outcome(evaluator);
    }
}

/* However long the worker needs, the session is not idle and others know that we live. */
static void attend(struct tw_evaluator *evaluator)
{
    struct tw_exchange exchange = {evaluator, on_attended_row, on_attended};
    if (!has_session(evaluator)) { /* it broke unseen, on_lost is to come */
        attend_later(evaluator);
        return;
    }
    move(evaluator, TW_EVALUATOR_ATTENDING, "a sign of life is due");
    tw_connection_begin_exchange(evaluator->session.connection, &exchange);
    tw_shards_send_beat(&evaluator->shards, &evaluator->session, evaluator->config->evaluate.idle_session_ms);
    end_exchange(evaluator);
}

static void work(struct tw_evaluator *evaluator)
{
    tw_turn_exchange_prepare(&evaluator->turn);
    evaluator->outcome = NOT_RUN;
    evaluator->job = (struct tw_job){.run = run_job, .done = job_back, .context = evaluator};
    tw_pool_job(evaluator->pool, &evaluator->job);
    attend_later(evaluator);
}

static void on_written(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        recover(evaluator, "alerts not stored", refusal);
        return;
    }
    tw_filing_note(&evaluator->turn.filing, evaluator->metrics);
    tw_turn_exchange_done(&evaluator->turn, &evaluator->shards);
    tw_standing_memory(&evaluator->standing, evaluator->turn.windows.memory.used);
    /* Documents that are filed evaluate nothing yet: turns that fail between are not to be covered up. */
    if (evaluator->turn.work == TW_TURN_TURN)
        note_progress(evaluator);
    else
        tw_standing_filing(&evaluator->standing);
    tw_standing_written(&evaluator->standing, &evaluator->turn.turn);
    tw_turn_exchange_clear(&evaluator->turn);
    /* There may be more: other shards, or the rest of an interval that was cut. A sign of life goes before
     * it. */
    wait_for(evaluator, 0, "written");
}

static void write_turn(struct tw_evaluator *evaluator)
{
    tw_turn_exchange_write(&evaluator->turn);
    exchange_list(evaluator, on_written);
}

/* -- the session ----------------------------------------------------------------------------------------- */

static void on_ready(void *context)
{
    struct tw_evaluator *evaluator = context;
    struct tw_error err;
    if (!tw_session_new_token(&evaluator->session, &err))
        tw_log_error(evaluator->log, "evaluate", "no token", &err);
    if (evaluator->state == TW_EVALUATOR_AWAY)
        wait_for(evaluator, 0, "connected");
}

/* With the session its locks are gone: nothing is held any more. */
static void on_lost(void *context, const struct tw_error *err)
{
    struct tw_evaluator *evaluator = context;
    tw_shards_lose(&evaluator->shards);
    tw_gauge_set(evaluator->metrics, TW_GAUGE_SHARDS, 0);
    evaluator->beaten_ms = 0;
    uv_timer_stop(&evaluator->session.timer);
    if (evaluator->state == TW_EVALUATOR_WORKING)
        move(evaluator, TW_EVALUATOR_ORPHANED, "session lost");
    if (evaluator->state == TW_EVALUATOR_WAITING) {
        tw_turn_exchange_lose(&evaluator->turn);
        move(evaluator, TW_EVALUATOR_AWAY, "session lost");
    }
    evaluator->events.state(evaluator->events.context, false, err);
}

/* -- begin and end --------------------------------------------------------------------------------------- */

bool tw_evaluator_set_rules(
    struct tw_evaluator *evaluator, const struct tw_rule_set *rules, struct tw_error *err)
{
    return tw_stored_rules_want(&evaluator->rules, rules, err);
}

const struct tw_error *tw_evaluator_rules_refused(const struct tw_evaluator *evaluator)
{
    const struct tw_error *refused = &evaluator->rules.refused;
    return refused->code != TW_OK ? refused : NULL;
}

bool tw_evaluator_rules_hold(const struct tw_evaluator *evaluator, int64_t *from_us)
{
    return tw_stored_rules_hold(&evaluator->rules, from_us);
}

bool tw_evaluator_ready(const struct tw_evaluator *evaluator)
{
    return evaluator->beaten_ms != 0;
}

uint64_t tw_evaluator_behind_ms(const struct tw_evaluator *evaluator)
{
    return tw_standing_behind_ms(&evaluator->standing);
}

const struct tw_error *tw_evaluator_trouble(const struct tw_evaluator *evaluator)
{
    return tw_standing_trouble(&evaluator->standing);
}

const struct tw_holder *tw_evaluator_holder(const struct tw_evaluator *evaluator)
{
    return &evaluator->standing.holder;
}

const struct tw_unowned *tw_evaluator_unowned(const struct tw_evaluator *evaluator)
{
    return &evaluator->standing.unowned;
}

static void dispose(struct tw_evaluator *evaluator)
{
    tw_turn_exchange_end(&evaluator->turn);
    tw_stored_rules_end(&evaluator->rules);
    free(evaluator);
}

bool tw_evaluator_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, struct tw_pool *pool, const struct tw_rule_set *rules,
    const struct tw_evaluator_events *events, struct tw_evaluator **out, struct tw_error *err)
{
    struct tw_evaluator *evaluator = calloc(1, sizeof *evaluator);
    struct tw_connection_events heard = {evaluator, on_ready, on_lost};
    struct tw_session_options options = {.config = config,
        .application = "tapewatch evaluate",
        .room = "evaluate",
        .statements = TW_FOR_EVALUATOR};
    if (!evaluator)
        return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
    evaluator->config = config;
    evaluator->log = log;
    evaluator->metrics = metrics;
    evaluator->pool = pool;
    evaluator->events = *events;
    tw_standing_begin(&evaluator->standing, log, metrics);
    tw_session_set(&evaluator->session, "idle_session_timeout", config->evaluate.idle_session_ms);
    tw_session_set(&evaluator->session, "lock_timeout", config->store.lock_timeout_ms);
    if (tw_turn_exchange_begin(&evaluator->turn, config, log, &evaluator->session, &evaluator->rules, err) &&
        tw_shards_begin(&evaluator->shards, err) && tw_stored_rules_want(&evaluator->rules, rules, err) &&
        tw_session_begin(&evaluator->session, loop, &options, log, &heard, err)) {
        *out = evaluator;
        return true;
    }
    dispose(evaluator);
    return false;
}

static void on_session_closed(void *context)
{
    struct tw_evaluator *evaluator = context;
    void (*closed)(void *context) = evaluator->closed;
    void *closed_context = evaluator->closed_context;
    dispose(evaluator);
    if (closed)
        closed(closed_context);
}

static void close_handles(struct tw_evaluator *evaluator, const char *why)
{
    move(evaluator, TW_EVALUATOR_CLOSING, why);
    tw_session_end(&evaluator->session, on_session_closed, evaluator);
}

static void on_left(void *context, const struct tw_refusal *refusal)
{
    close_handles(context, refusal ? "good-bye was refused" : "said");
}

static void on_leave_over(uv_timer_t *timer)
{
    close_handles(timer->data, "good-bye was not answered");
}

/* Others get the shards at once when told, else when the sign of life is old. */
static void leave(struct tw_evaluator *evaluator)
{
    move(evaluator, TW_EVALUATOR_LEAVING, "asked to end");
    uv_timer_start(&evaluator->session.timer, on_leave_over, LEAVE_MS, 0);
    begin_exchange(evaluator, on_left);
    tw_shards_send_leave(&evaluator->shards, &evaluator->session);
    end_exchange(evaluator);
}

void tw_evaluator_end(struct tw_evaluator *evaluator, void (*closed)(void *context), void *context)
{
    evaluator->closed = closed;
    evaluator->closed_context = context;
    if (evaluator->state == TW_EVALUATOR_WORKING || evaluator->state == TW_EVALUATOR_ATTENDING ||
        evaluator->state == TW_EVALUATOR_ORPHANED)
        move(evaluator, TW_EVALUATOR_RECALLING, "asked to end");
    else if (evaluator->state == TW_EVALUATOR_WAITING && has_session(evaluator))
        leave(evaluator);
    else
        close_handles(evaluator, "asked to end");
}
