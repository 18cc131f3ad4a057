#include "evidence/evidence.h"

#include "base/clock.h"
#include "config/config.h"
#include "evaluate/statement_list.h"
#include "evidence/evidence_work.h"
#include "format/labels.h"
#include "observe/repeats.h"
#include "postgres/session.h"
#include "postgres/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_TEXTS = 10, /* evidence.stories is no greater */
    TURN_MS = 100,
    RECENT_MS = 10000, /* how far a look goes back */
    WHOLE_MS = 5000, /* so often one looks as far back as any step waits: for what failed, or was another's */
    RETRY_MS = 5000,
    GIVE_UP_MS = 10000,
    MINUTE_MS = 60000,
    LIST_BYTES = 1 << 20,
    TITLE_CHARACTERS = 300,
    LEAVE_MS = 1000,
};

/* What is true in each, evidence.h says. */
enum state { AWAY, WAITING, TAKING, WORKING, STORING, ORPHANED, RECALLING, RETURNING, CLOSING, STATES };

/* Kinds of lines that come again and again (repeats.h). */
enum line { LINE_DATABASE, LINE_FAILED, LINE_WAITS, LINE_GIVEN_UP };

/* Columns of TW_EVIDENCE_GIVE_UP. */
enum { GIVEN_UP_FAILED, GIVEN_UP_LATE, GIVEN_UP_STEP, GIVEN_UP_EVENT };

/* Columns of TW_EVIDENCE_TAKE. */
enum {
    STEP,
    EVENT,
    AGE,
    ENTITY,
    RANK,
    TOPIC,
    PARTITION,
    OFFSET,
    TIME,
    SENTIMENT,
    COPIES,
    BEGIN,
    END,
    TITLE,
    BODY,
    SOURCE_WEIGHT
};

struct tw_evidence {
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_pool *pool;
    struct tw_shared *shared; /* with which the next text is read */
    struct tw_session session;
    enum state state;
    struct tw_repeats repeats;
    struct tw_repeats losses; /* of the session */
    struct tw_arena arena;    /* of the list */
    struct tw_statement_list list;

    PGresult *rows;                /* the step at hand; NULL: none */
    uint64_t taken_ms;             /* when it was asked for */
    uint64_t whole_ms;             /* when nothing at all was last seen to wait; 0: never */
    int64_t owed_step, owed_event; /* whose try is to be given back; 0: none */
    int at;                        /* which of its texts is explained */
    struct tw_evidence_text texts[MOST_TEXTS];
    struct tw_evidence_work work; /* the worker's while it has a text */
    struct tw_shared *lent;       /* with which it reads that text */
    struct tw_job job;
    enum { NOT_RUN, FAILED, EXPLAINED } outcome;
    struct tw_error failure; /* of the job */

    uint64_t give_up_ms; /* when it is asked again what is to be given up; 0: now */
    uint64_t minute_ms;  /* when the minute began in which so many steps were taken */
    int64_t taken;

    void (*closed)(void *context);
    void *closed_context;
};

/* -- the machine ----------------------------------------------------------------------------------------- */

static const char *const names[STATES] = {
    [AWAY] = "away",
    [WAITING] = "waiting",
    [TAKING] = "taking",
    [WORKING] = "working",
    [STORING] = "storing",
    [ORPHANED] = "orphaned",
    [RECALLING] = "recalling",
    [RETURNING] = "returning",
    [CLOSING] = "closing",
};

static const uint32_t moves[STATES] = {
    [AWAY] = TW_MOVE(WAITING) | TW_MOVE(CLOSING),
    [WAITING] = TW_MOVE(TAKING) | TW_MOVE(AWAY) | TW_MOVE(RETURNING) | TW_MOVE(CLOSING),
    [TAKING] = TW_MOVE(WORKING) | TW_MOVE(WAITING) | TW_MOVE(RECALLING),
    [WORKING] =
        TW_MOVE(WORKING) | TW_MOVE(STORING) | TW_MOVE(WAITING) | TW_MOVE(ORPHANED) | TW_MOVE(RECALLING),
    [STORING] = TW_MOVE(WAITING) | TW_MOVE(CLOSING),
    [ORPHANED] = TW_MOVE(AWAY) | TW_MOVE(WAITING) | TW_MOVE(RECALLING),
    [RECALLING] = TW_MOVE(RETURNING) | TW_MOVE(CLOSING),
    [RETURNING] = TW_MOVE(CLOSING),
    [CLOSING] = 0,
};

const struct tw_machine tw_evidence_machine = {"evidence", names, moves, STATES};

/* The only place where the state changes. */
static void move(struct tw_evidence *evidence, enum state state, const char *why)
{
    tw_machine_tell(&tw_evidence_machine, evidence->log, TW_DEBUG, evidence->state, state, why);
    evidence->state = state;
}

static bool has_session(const struct tw_evidence *evidence)
{
    return tw_connection_ready(evidence->session.connection) &&
           !tw_connection_busy(evidence->session.connection);
}

static void forget(struct tw_evidence *evidence)
{
    PQclear(evidence->rows);
    evidence->rows = NULL;
    tw_evidence_work_forget(&evidence->work);
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct tw_evidence *evidence, uint64_t milliseconds, const char *why)
{
    forget(evidence);
    move(evidence, WAITING, why);
    uv_timer_start(&evidence->session.timer, on_timer, milliseconds, 0);
}

/* The database refused. */
static void wait_or_lose(struct tw_evidence *evidence, const char *why, const struct tw_refusal *refusal)
{
    if (!refusal->lost) {
        wait_for(evidence, RETRY_MS, why);
        return;
    }
    forget(evidence);
    move(evidence, WAITING, "the session was lost before the answer"); /* on_lost comes next */
}

/* The database does not let us read: nothing is lost, and it is tried again. */
static void recover(struct tw_evidence *evidence, const struct tw_refusal *refusal)
{
    static const char what[] = "steps without evidence cannot be read";
    uint64_t unsaid;
    if (!refusal->lost && tw_repeats_tell(&evidence->repeats, LINE_DATABASE, tw_now_ms(), &unsaid))
        tw_log_error(evidence->log, "evidence", what, &refusal->error);
    wait_or_lose(evidence, what, refusal);
}

/* -- taking ---------------------------------------------------------------------------------------------- */

static struct tw_evidence_text read_text(const PGresult *rows, int row)
{
    struct tw_evidence_text text = {.stored = {.title = tw_get_text(rows, row, TITLE),
                                        .body = tw_get_text(rows, row, BODY),
                                        .symbol = tw_get_text(rows, row, ENTITY),
                                        .source_weight = TW_SOURCE_WHOLE},
        .has_event = !PQgetisnull(rows, row, BEGIN)};
    if (text.has_event) {
        text.event_begin = (uint32_t)tw_get_int32(PQgetvalue(rows, row, BEGIN));
        text.event_end = (uint32_t)tw_get_int32(PQgetvalue(rows, row, END));
    }
    if (!PQgetisnull(rows, row, SOURCE_WEIGHT))
        text.stored.source_weight = (uint32_t)tw_get_int16(PQgetvalue(rows, row, SOURCE_WEIGHT));
    return text;
}

/* A number of a row, for people; 0 where there is none. */
static int64_t number_of(const PGresult *rows, int column)
{
    return PQgetisnull(rows, 0, column) ? 0 : tw_get_int64(PQgetvalue(rows, 0, column));
}

/* The try at hand came to nothing, and its step is not to blame. The database hears of it with the next
 * question. */
static void give_back(struct tw_evidence *evidence)
{
    evidence->owed_step = number_of(evidence->rows, STEP);
    evidence->owed_event = number_of(evidence->rows, EVENT);
}

static bool is_owed(const struct tw_evidence *evidence)
{
    return evidence->owed_step != 0 || evidence->owed_event != 0;
}

static void send_owed(struct tw_evidence *evidence)
{
    char step[8], event[8];
    const char *values[] = {evidence->owed_step ? step : NULL, evidence->owed_event ? event : NULL};
    const int lengths[] = {8, 8};
    if (!is_owed(evidence))
        return;
    tw_put_int64(step, evidence->owed_step);
    tw_put_int64(event, evidence->owed_event);
    tw_connection_send(evidence->session.connection, TW_EVIDENCE_GIVE_BACK, values, lengths);
}

static void note_given_up(struct tw_evidence *evidence, const PGresult *result)
{
    uint64_t unsaid;
    int64_t failed = number_of(result, GIVEN_UP_FAILED), late = number_of(result, GIVEN_UP_LATE);
    if (failed + late == 0)
        return;
    tw_count(evidence->metrics, TW_COUNT_EVIDENCE_GIVEN_UP, (uint64_t)(failed + late));
    if (tw_repeats_tell(&evidence->repeats, LINE_GIVEN_UP, tw_now_ms(), &unsaid))
        tw_log(evidence->log, TW_WARNING, "evidence", "alerts are left without evidence",
            tw_int("failed", failed), tw_int("late", late),
            tw_int("alert_step", number_of(result, GIVEN_UP_STEP)),
            tw_int("alert_event", number_of(result, GIVEN_UP_EVENT)), tw_int("repeated", (int64_t)unsaid),
            tw_string("cure", "see the lines before; tapewatch.alert_evidence_tries names them, by outcome"));
}

static bool on_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evidence *evidence = context;
    if (statement == TW_EVIDENCE_GIVE_UP && PQntuples(result) == 1)
        note_given_up(evidence, result);
    if (statement != TW_EVIDENCE_TAKE || evidence->rows || PQntuples(result) == 0 ||
        PQntuples(result) > MOST_TEXTS)
        return false;
    evidence->rows = result;
    for (int row = 0; row < PQntuples(result); row++)
        evidence->texts[row] = read_text(result, row);
    return true;
}

/* An answer that comes after the end was asked for. */
static bool is_over(const struct tw_evidence *evidence)
{
    return evidence->state == CLOSING;
}

static void explain_next(struct tw_evidence *evidence, const char *why);
static void leave(struct tw_evidence *evidence, const char *why);

/* It is enough to look for what is new. */
static bool is_recent(const struct tw_evidence *evidence)
{
    return evidence->whole_ms != 0 && evidence->taken_ms < evidence->whole_ms + WHOLE_MS;
}

static void on_taken(void *context, const struct tw_refusal *refusal)
{
    struct tw_evidence *evidence = context;
    if (is_over(evidence))
        return;
    if (!refusal)
        evidence->owed_step = evidence->owed_event = 0;
    if (evidence->state == RECALLING) {
        if (!refusal && evidence->rows)
            give_back(evidence);
        leave(evidence, "the answer is back");
    } else if (refusal) {
        recover(evidence, refusal);
    } else if (!evidence->rows) {
        if (!is_recent(evidence))
            evidence->whole_ms = evidence->taken_ms;
        wait_for(evidence, TURN_MS, "there is none");
    } else {
        evidence->at = 0;
        evidence->taken++;
        explain_next(evidence, "there is one");
    }
}

/* Milliseconds until another step may be taken; 0: now. */
static uint64_t pause_ms(struct tw_evidence *evidence)
{
    uint64_t now_ms = tw_now_ms();
    uint64_t unsaid;
    if (now_ms >= evidence->minute_ms + MINUTE_MS) {
        evidence->minute_ms = now_ms;
        evidence->taken = 0;
    }
    if (evidence->taken < evidence->config->evidence.per_minute)
        return 0;
    if (tw_repeats_tell(&evidence->repeats, LINE_WAITS, now_ms, &unsaid))
        tw_log(evidence->log, TW_WARNING, "evidence", "more alerts than evidence.per_minute",
            tw_int("per_minute", evidence->config->evidence.per_minute),
            tw_string("what", "the newest have their words; what waits for ten minutes gets none"));
    return evidence->minute_ms + MINUTE_MS - now_ms;
}

/* What other daemons left behind is found when a session begins; else now and then is enough. */
static void send_give_up(struct tw_evidence *evidence, const char *const *values, const int *lengths)
{
    uint64_t now_ms = tw_now_ms();
    if (now_ms < evidence->give_up_ms)
        return;
    evidence->give_up_ms = now_ms + GIVE_UP_MS;
    tw_connection_send(evidence->session.connection, TW_EVIDENCE_GIVE_UP, values, lengths);
}

/* Each look passes over the steps that have their evidence, one by one: ten times a second that is cheap
 * only for those of the last seconds. Where something older waits, one looks back until nothing does. */
static int64_t within_ms(const struct tw_evidence *evidence)
{
    return is_recent(evidence) ? RECENT_MS : TW_EVIDENCE_WITHIN_MS;
}

static void take(struct tw_evidence *evidence)
{
    struct tw_connection *connection = evidence->session.connection;
    struct tw_exchange exchange = {evidence, on_row, on_taken};
    char within[8], all[8], tries[4], most[4];
    const char *owner = evidence->session.owner;
    const char *values[] = {owner, within, tries, most};
    const char *given_up[] = {owner, all, tries};
    const int lengths[] = {(int)strlen(owner), 8, 4, 4}; /* of both */
    move(evidence, TAKING, "the pause is over");
    evidence->taken_ms = tw_now_ms();
    tw_put_int64(within, within_ms(evidence));
    tw_put_int64(all, TW_EVIDENCE_WITHIN_MS);
    tw_put_int32(tries, TW_EVIDENCE_TRIES);
    tw_put_int32(most, (int32_t)evidence->config->evidence.stories);
    tw_connection_begin_exchange(connection, &exchange);
    send_owed(evidence);
    send_give_up(evidence, given_up, lengths);
    tw_connection_send(connection, TW_EVIDENCE_TAKE, values, lengths);
    tw_connection_sync(connection);
}

static void on_timer(uv_timer_t *timer)
{
    struct tw_evidence *evidence = timer->data;
    if (evidence->state != WAITING || !has_session(evidence)) /* one that broke unseen is told as lost next */
        return;
    uint64_t milliseconds = pause_ms(evidence);
    if (milliseconds > 0)
        uv_timer_start(timer, on_timer, milliseconds, 0);
    else
        take(evidence);
}

/* -- storing --------------------------------------------------------------------------------------------- */

/* A value of the row as the server gave it, in binary. */
static void put_again(struct tw_evidence *evidence, int row, int column)
{
    if (PQgetisnull(evidence->rows, row, column))
        tw_statement_put_null(&evidence->list);
    else
        tw_statement_put_bytes(&evidence->list, PQgetvalue(evidence->rows, row, column),
            (size_t)PQgetlength(evidence->rows, row, column));
}

/* The first characters of a text: a title may be as long as a record. */
static struct tw_text beginning_of(struct tw_text text)
{
    size_t at = 0;
    for (size_t characters = 0; at < text.length; at++) {
        characters += ((unsigned char)text.bytes[at] & 0xC0) != 0x80;
        if (characters > TITLE_CHARACTERS)
            break;
    }
    return (struct tw_text){text.bytes, at};
}

static void put_number(struct tw_evidence *evidence, float number)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%.9g", (double)number);
    struct tw_text text = tw_arena_copy(&evidence->arena, (struct tw_text){digits, (size_t)length});
    evidence->list.full = evidence->list.full || !text.bytes;
    tw_statement_put_text(&evidence->list, text);
}

/* What only integrated gradients have. */
static void put_logit(struct tw_evidence *evidence, const struct tw_evidence_text *text)
{
    if (text->method != TW_EVIDENCE_GRADIENTS) {
        for (int column = 0; column < 4; column++)
            tw_statement_put_null(&evidence->list);
        return;
    }
    tw_statement_put_name(&evidence->list, text->of_entity ? "entity" : "document");
    tw_statement_put_name(&evidence->list, tw_class_name(text->label));
    put_number(evidence, text->base);
    put_number(evidence, text->logit);
}

static void list_row(struct tw_evidence *evidence, int row)
{
    static const int as_they_are[] = {STEP, EVENT, RANK, TOPIC, PARTITION, OFFSET, TIME, SENTIMENT, COPIES};
    const struct tw_evidence_text *text = &evidence->texts[row];
    struct tw_statement_list *list = &evidence->list;
    tw_statement_add(list, TW_EVIDENCE_STORE);
    for (size_t at = 0; at < sizeof as_they_are / sizeof as_they_are[0]; at++)
        put_again(evidence, row, as_they_are[at]);
    if (text->relevance < 0)
        tw_statement_put_null(list);
    else
        tw_statement_put_int16(list, (int16_t)text->relevance);
    put_again(evidence, row, SOURCE_WEIGHT);
    tw_statement_put_name(list, tw_evidence_method_names[text->method]);
    put_logit(evidence, text);
    tw_statement_put_name(list, text->sha256);
    tw_statement_put_text(
        list, beginning_of(text->stored.title.length ? text->stored.title : text->stored.body));
    if (text->words.bytes)
        tw_statement_put_text(list, text->words);
    else
        tw_statement_put_null(list);
}

static void list_end(struct tw_evidence *evidence)
{
    tw_statement_add(&evidence->list, TW_EVIDENCE_END);
    put_again(evidence, 0, STEP);
    put_again(evidence, 0, EVENT);
}

/* This try has come to nothing. */
static void tell_failure(struct tw_evidence *evidence, const char *what, const struct tw_error *why)
{
    uint64_t unsaid;
    const PGresult *rows = evidence->rows;
    tw_count(evidence->metrics, TW_COUNT_EVIDENCE_FAILED, 1);
    evidence->give_up_ms = 0; /* it may have been the last */
    if (!tw_repeats_tell(&evidence->repeats, LINE_FAILED, tw_now_ms(), &unsaid))
        return;
    tw_log_error(evidence->log, "evidence", what, why);
    tw_log(evidence->log, TW_WARNING, "evidence", "an alert has no evidence yet",
        tw_int("alert_step", number_of(rows, STEP)), tw_int("alert_event", number_of(rows, EVENT)),
        tw_int("tries", TW_EVIDENCE_TRIES), tw_int("repeated", (int64_t)unsaid));
}

static void on_stored(void *context, const struct tw_refusal *refusal)
{
    struct tw_evidence *evidence = context;
    if (is_over(evidence))
        return;
    if (refusal && !refusal->lost) {
        tell_failure(evidence, "evidence cannot be stored", &refusal->error);
        if (refusal->error.passing)
            give_back(evidence);
    }
    if (refusal) {
        wait_or_lose(evidence, "not stored", refusal);
        return;
    }
    double waited_ms =
        (double)tw_get_int64(PQgetvalue(evidence->rows, 0, AGE)) + (double)(tw_now_ms() - evidence->taken_ms);
    tw_count(evidence->metrics, TW_COUNT_EVIDENCE_MADE, 1);
    tw_observe(evidence->metrics, TW_TIME_EVIDENCE, waited_ms / 1e3);
    wait_for(evidence, 0, "stored");
}

/* All of the step, or nothing. */
static void store(struct tw_evidence *evidence)
{
    struct tw_exchange exchange = {evidence, NULL, on_stored};
    struct tw_error err;
    if (!has_session(evidence)) { /* on_lost comes next */
        give_back(evidence);
        wait_for(evidence, RETRY_MS, "the session broke");
        return;
    }
    tw_arena_reset(&evidence->arena, LIST_BYTES);
    tw_statement_list_begin(&evidence->list, &evidence->arena);
    for (int row = 0; row < PQntuples(evidence->rows); row++)
        list_row(evidence, row);
    list_end(evidence);
    if (evidence->list.full) {
        (void)tw_arena_fail(&evidence->arena, &err);
        tell_failure(evidence, "evidence cannot be stored", &err);
        wait_for(evidence, RETRY_MS, "its rows do not fit");
        return;
    }
    move(evidence, STORING, "all are explained");
    tw_connection_begin_exchange(evidence->session.connection, &exchange);
    tw_statement_list_send(&evidence->list, evidence->session.connection);
    tw_connection_sync(evidence->session.connection);
}

/* -- explaining ------------------------------------------------------------------------------------------ */

static void run_job(struct tw_job *job)
{
    struct tw_evidence *evidence = job->context;
    bool done = tw_evidence_work_run(
        &evidence->work, evidence->lent, job->pulse, &evidence->texts[evidence->at], &evidence->failure);
    evidence->outcome = done ? EXPLAINED : FAILED;
}

static void take_outcome(struct tw_evidence *evidence)
{
    if (evidence->outcome == EXPLAINED && ++evidence->at < PQntuples(evidence->rows)) {
        explain_next(evidence, "there are more texts");
        return;
    }
    if (evidence->outcome == EXPLAINED) {
        store(evidence);
        return;
    }
    if (evidence->outcome == FAILED)
        tell_failure(evidence, "a text is not explained", &evidence->failure);
    else
        give_back(evidence);
    wait_for(evidence, RETRY_MS, evidence->outcome == FAILED ? "failed" : "not run");
}

static void leave_orphaned(struct tw_evidence *evidence)
{
    give_back(evidence);
    if (tw_connection_ready(evidence->session.connection)) {
        wait_for(evidence, 0, "the text is back, there is another session");
        return;
    }
    forget(evidence);
    move(evidence, AWAY, "the text is back");
}

static void job_back(struct tw_job *job)
{
    struct tw_evidence *evidence = job->context;
    tw_shared_leave(evidence->lent);
    evidence->lent = NULL;
    if (evidence->state == RECALLING) {
        give_back(evidence);
        leave(evidence, "the text is back");
    } else if (evidence->state == ORPHANED) {
        leave_orphaned(evidence);
    } else {
        take_outcome(evidence);
    }
}

static void explain_next(struct tw_evidence *evidence, const char *why)
{
    move(evidence, WORKING, why);
    evidence->outcome = NOT_RUN;
    evidence->lent = tw_shared_use(evidence->shared);
    evidence->job =
        (struct tw_job){.run = run_job, .done = job_back, .context = evidence, .lane = TW_LANE_EVIDENCE};
    tw_pool_job(evidence->pool, &evidence->job);
}

/* -- the session ----------------------------------------------------------------------------------------- */

static void on_ready(void *context)
{
    struct tw_evidence *evidence = context;
    evidence->give_up_ms = 0;
    (void)tw_repeats_loss(&evidence->losses, NULL, tw_now_ms());
    if (evidence->state == AWAY)
        wait_for(evidence, 0, "connected");
}

/* The store's own session may be well meanwhile, and nobody else tells why alerts are left without words. */
static void on_lost(void *context, const struct tw_error *err)
{
    struct tw_evidence *evidence = context;
    if (tw_repeats_loss(&evidence->losses, err, tw_now_ms()))
        tw_log_error(evidence->log, "evidence", "connection lost", err);
    uv_timer_stop(&evidence->session.timer);
    if (evidence->state == WORKING)
        move(evidence, ORPHANED, "session lost");
    else if (evidence->state == WAITING)
        move(evidence, AWAY, "session lost");
}

/* -- begin and end --------------------------------------------------------------------------------------- */

static void dispose(struct tw_evidence *evidence)
{
    PQclear(evidence->rows);
    tw_evidence_work_end(&evidence->work);
    tw_arena_end(&evidence->arena);
    tw_shared_leave(evidence->shared);
    free(evidence);
}

bool tw_evidence_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, struct tw_pool *pool, struct tw_shared *shared, struct tw_evidence **out,
    struct tw_error *err)
{
    struct tw_evidence *evidence = calloc(1, sizeof *evidence);
    struct tw_connection_events heard = {evidence, on_ready, on_lost};
    struct tw_session_options options = {.config = config,
        .application = "tapewatch evidence",
        .room = "evidence",
        .statements = TW_FOR_EVIDENCE};
    if (!evidence)
        return tw_fail(err, TW_INTERNAL, "evidence", NULL, "out of memory");
    evidence->config = config;
    evidence->log = log;
    evidence->metrics = metrics;
    evidence->pool = pool;
    evidence->shared = tw_shared_use(shared);
    tw_session_set(&evidence->session, "lock_timeout", config->store.lock_timeout_ms);
    if (tw_arena_begin(&evidence->arena, LIST_BYTES, err) && tw_evidence_work_begin(&evidence->work, err) &&
        tw_session_begin(&evidence->session, loop, &options, log, &heard, err)) {
        *out = evidence;
        return true;
    }
    dispose(evidence);
    return false;
}

void tw_evidence_swap(struct tw_evidence *evidence, struct tw_shared *shared)
{
    tw_shared_leave(evidence->shared);
    evidence->shared = tw_shared_use(shared);
}

static void on_session_closed(void *context)
{
    struct tw_evidence *evidence = context;
    void (*closed)(void *context) = evidence->closed;
    void *closed_context = evidence->closed_context;
    dispose(evidence);
    if (closed)
        closed(closed_context);
}

static void close_session(struct tw_evidence *evidence, const char *why)
{
    move(evidence, CLOSING, why);
    tw_session_end(&evidence->session, on_session_closed, evidence);
}

static void on_given_back(void *context, const struct tw_refusal *refusal)
{
    close_session(context, refusal ? "a try could not be given back" : "given back");
}

static void on_leave_over(uv_timer_t *timer)
{
    close_session(timer->data, "not answered");
}

/* Asked to end, and nothing is under way: the session closes, but for what is owed. */
static void leave(struct tw_evidence *evidence, const char *why)
{
    struct tw_exchange exchange = {evidence, NULL, on_given_back};
    if (!is_owed(evidence) || !has_session(evidence)) {
        close_session(evidence, why);
        return;
    }
    move(evidence, RETURNING, why);
    uv_timer_start(&evidence->session.timer, on_leave_over, LEAVE_MS, 0);
    tw_connection_begin_exchange(evidence->session.connection, &exchange);
    send_owed(evidence);
    tw_connection_sync(evidence->session.connection);
}

void tw_evidence_end(struct tw_evidence *evidence, void (*closed)(void *context), void *context)
{
    bool asks = evidence->state == TAKING;
    evidence->closed = closed;
    evidence->closed_context = context;
    tw_pool_stop_lane(evidence->pool, TW_LANE_EVIDENCE); /* a text takes seconds on a busy machine */
    if (asks || evidence->state == WORKING || evidence->state == ORPHANED)
        move(evidence, RECALLING, "asked to end");
    else
        leave(evidence, "asked to end");
    if (asks)
        uv_timer_start(&evidence->session.timer, on_leave_over, LEAVE_MS, 0);
}
