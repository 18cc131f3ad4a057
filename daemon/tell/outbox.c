#include "tell/outbox.h"

#include "base/clock.h"
#include "config/config.h"
#include "observe/repeats.h"
#include "postgres/session.h"
#include "postgres/wire.h"
#include "tell/untold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ROWS = 100,
    TURN_MS = 400,         /* between two looks for rows: told within a second of their commit */
    OTHERS_TURN_MS = 1000, /* the same while another daemon tells */
    RETRY_LEAST_MS = 1000,
    RETRY_MOST_MS = 15000,
    LEAVE_MS = 1000,
    ARENA_BYTES = 1 << 20, /* of the marks of so many rows, answers included */
};

/* What is true in each, outbox.h says. */
enum state { AWAY, WAITING, READING, DELIVERING, MARKING, ORPHANED, LEAVING, CLOSING, STATES };

/* Kinds of lines that come again and again (repeats.h). */
enum line { LINE_TROUBLE, LINE_DATABASE, LINE_REFUSED };

struct tw_outbox {
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    enum tw_tell_target target;
    const struct tw_teller_kind *kind;
    void *teller;
    struct tw_session session;
    enum state state;
    struct tw_arena arena; /* of one exchange's parameters */
    struct tw_repeats repeats;
    struct tw_repeats losses; /* of the session */

    struct tw_outbox_row rows[MOST_ROWS]; /* being told; their texts lie in `result` */
    size_t count;
    PGresult *result;
    bool repeating;         /* they are open alerts, not rows of the outbox */
    uint64_t repeat_due_ms; /* when open alerts are told next */
    int64_t repeat_after;   /* up to which alert they have been told this time */

    bool held;             /* the lease, when last asked */
    char teller_name[128]; /* the daemon that tells, when it is another */
    struct tw_untold untold;
    struct tw_error unasked;  /* why it is not known what waits; TW_OK: no session yet */
    uint64_t retry_ms;        /* the next pause after a failure */
    uint64_t failed_since_ms; /* 0: the last delivery did not fail */
    struct tw_error trouble;  /* why it failed; TW_OK: it did not */
    struct tw_error refusal;  /* of the last row that was refused */

    void (*closed)(void *context);
    void *closed_context;
};

/* -- the machine ----------------------------------------------------------------------------------------- */

static const char *const names[STATES] = {
    [AWAY] = "away",
    [WAITING] = "waiting",
    [READING] = "reading",
    [DELIVERING] = "delivering",
    [MARKING] = "marking",
    [ORPHANED] = "orphaned",
    [LEAVING] = "leaving",
    [CLOSING] = "closing",
};

static const uint32_t moves[STATES] = {
    [AWAY] = TW_MOVE(WAITING) | TW_MOVE(CLOSING),
    [WAITING] = TW_MOVE(READING) | TW_MOVE(AWAY) | TW_MOVE(LEAVING) | TW_MOVE(CLOSING),
    [READING] = TW_MOVE(DELIVERING) | TW_MOVE(WAITING) | TW_MOVE(CLOSING),
    [DELIVERING] = TW_MOVE(MARKING) | TW_MOVE(WAITING) | TW_MOVE(ORPHANED) | TW_MOVE(CLOSING),
    [MARKING] = TW_MOVE(WAITING) | TW_MOVE(CLOSING),
    [ORPHANED] = TW_MOVE(AWAY) | TW_MOVE(WAITING) | TW_MOVE(CLOSING),
    [LEAVING] = TW_MOVE(CLOSING),
    [CLOSING] = 0,
};

const struct tw_machine tw_outbox_machine = {"tell", names, moves, STATES};

/* The only place where the state changes. */
static void move(struct tw_outbox *outbox, enum state state, const char *why)
{
    tw_machine_tell(&tw_outbox_machine, outbox->log, TW_DEBUG, outbox->state, state, why);
    outbox->state = state;
}

static const char *target_name(const struct tw_outbox *outbox)
{
    return tw_tell_target_names[outbox->target];
}

static bool has_session(const struct tw_outbox *outbox)
{
    return tw_connection_ready(outbox->session.connection) && !tw_connection_busy(outbox->session.connection);
}

static void forget_rows(struct tw_outbox *outbox)
{
    PQclear(outbox->result);
    outbox->result = NULL;
    outbox->count = 0;
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct tw_outbox *outbox, uint64_t milliseconds, const char *why)
{
    forget_rows(outbox);
    move(outbox, WAITING, why);
    uv_timer_start(&outbox->session.timer, on_timer, milliseconds, 0);
}

static void wait_longer(struct tw_outbox *outbox, const char *why)
{
    wait_for(outbox, outbox->retry_ms, why);
    outbox->retry_ms = outbox->retry_ms * 2 < RETRY_MOST_MS ? outbox->retry_ms * 2 : RETRY_MOST_MS;
}

/* -- what is said of it ---------------------------------------------------------------------------------- */

static struct tw_tell_metrics *numbers(struct tw_outbox *outbox)
{
    return &outbox->metrics->tell[outbox->target];
}

static void tell_failure(
    struct tw_outbox *outbox, enum line line, const char *what, const struct tw_error *err)
{
    uint64_t unsaid;
    if (!tw_repeats_tell(&outbox->repeats, line, tw_now_ms(), &unsaid))
        return;
    tw_log_error(outbox->log, "tell", what, err);
    tw_log(outbox->log, TW_WARNING, "tell", "alerts wait", tw_string("target", target_name(outbox)),
        tw_int("waiting", outbox->untold.rows),
        tw_int("oldest_seconds", tw_untold_age_ms(&outbox->untold, tw_now_ms()) / 1000),
        tw_int("repeated", (int64_t)unsaid));
}

/* The database does not let us read or mark: nothing is lost, and it is tried again. */
static void recover(struct tw_outbox *outbox, const char *what, const struct tw_refusal *refusal)
{
    if (refusal->lost) { /* on_lost comes next */
        forget_rows(outbox);
        move(outbox, WAITING, "the session was lost before the answer");
        return;
    }
    tell_failure(outbox, LINE_DATABASE, what, &refusal->error);
    outbox->unasked = refusal->error;
    tw_untold_unknown(&outbox->untold, tw_now_ms());
    wait_longer(outbox, what);
}

void tw_outbox_second(struct tw_outbox *outbox)
{
    numbers(outbox)->waiting = (double)outbox->untold.rows;
    numbers(outbox)->oldest_seconds = (double)tw_untold_age_ms(&outbox->untold, tw_now_ms()) / 1e3;
}

static void note_expired(struct tw_outbox *outbox, int64_t expired)
{
    if (expired == 0)
        return;
    numbers(outbox)->expired += (uint64_t)expired;
    tw_log(outbox->log, TW_ERROR, "tell", "alerts waited longer than tell.keep and are not told any more",
        tw_string("target", target_name(outbox)), tw_int("expired", expired),
        tw_string("cure", "see why it is away; the rows stand in tapewatch.outbox, outcome expired"));
}

/* -- reading --------------------------------------------------------------------------------------------- */

static void take_lease(struct tw_outbox *outbox, const PGresult *result)
{
    if (PQntuples(result) != 1)
        return;
    bool held = PQgetvalue(result, 0, 0)[0] != 0;
    if (held != outbox->held)
        tw_log(outbox->log, TW_INFO, "tell", held ? "tells" : "another daemon tells",
            tw_string("target", target_name(outbox)), tw_string("daemon", PQgetvalue(result, 0, 1)));
    outbox->held = held;
    if (!held) { /* what becomes of alerts is that one's to say */
        tw_untold_repeated(&outbox->untold, true, tw_now_ms());
        tw_untold_ended(&outbox->untold, true);
    }
    snprintf(outbox->teller_name, sizeof outbox->teller_name, "%s", PQgetvalue(result, 0, 1));
    const struct tw_untold_seen seen = {.rows = tw_get_int64(PQgetvalue(result, 0, 2)),
        .age_ms = tw_get_int64(PQgetvalue(result, 0, 3)),
        .keep_ms = outbox->config->tell.keep_ms};
    tw_untold_note(&outbox->untold, &seen, tw_now_ms());
    tw_outbox_second(outbox);
    note_expired(outbox, tw_get_int64(PQgetvalue(result, 0, 4)));
}

static bool take_rows(struct tw_outbox *outbox, PGresult *result)
{
    outbox->count = 0;
    for (int row = 0; row < PQntuples(result) && outbox->count < MOST_ROWS; row++)
        outbox->rows[outbox->count++] = (struct tw_outbox_row){.id = tw_get_int64(PQgetvalue(result, row, 0)),
            .alert = PQgetisnull(result, row, 1) ? 0 : tw_get_int64(PQgetvalue(result, row, 1)),
            .key = tw_get_text(result, row, 2),
            .partition_by = tw_get_text(result, row, 3),
            .message = tw_get_text(result, row, 4)};
    outbox->result = result;
    return true;
}

static bool on_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_outbox *outbox = context;
    if (statement == TW_TELL_LEASE)
        take_lease(outbox, result);
    return (statement == TW_OUTBOX_READ || statement == TW_OPEN_READ) && !outbox->result &&
           take_rows(outbox, result);
}

/* An answer that comes after the end was asked for: while the teller closes, the session still stands. */
static bool is_over(const struct tw_outbox *outbox)
{
    return outbox->state == CLOSING;
}

static void on_read(void *context, const struct tw_refusal *refusal)
{
    struct tw_outbox *outbox = context;
    if (is_over(outbox))
        return;
    if (refusal) {
        recover(outbox, "what is to be told cannot be read", refusal);
    } else if (outbox->count > 0) {
        move(outbox, DELIVERING, "rows wait");
        outbox->kind->deliver(outbox->teller, outbox->rows, outbox->count);
    } else if (!outbox->held) {
        wait_for(outbox, OTHERS_TURN_MS, "another tells");
    } else if (outbox->repeating) { /* all of them have been repeated */
        tw_untold_repeated(&outbox->untold, true, tw_now_ms());
        outbox->repeat_after = 0;
        outbox->repeat_due_ms = tw_now_ms() + (uint64_t)outbox->config->tell.repeat_ms;
        wait_for(outbox, 0, "nothing to repeat");
    } else {
        wait_for(outbox, TURN_MS, "nothing to tell");
    }
}

static void send_lease(struct tw_outbox *outbox)
{
    char lease[8];
    char keep[8];
    const char *name = target_name(outbox);
    const char *values[] = {name, (const char *)outbox->session.token, outbox->session.owner, lease, keep};
    const int lengths[] = {(int)strlen(name), TW_TOKEN_BYTES, (int)strlen(outbox->session.owner), 8, 8};
    tw_put_int64(lease, TW_OUTBOX_LEASE_MS);
    tw_put_int64(keep, outbox->config->tell.keep_ms);
    tw_connection_send(outbox->session.connection, TW_TELL_LEASE, values, lengths);
}

static void send_read(struct tw_outbox *outbox)
{
    char most[4];
    const char *name = target_name(outbox);
    const char *values[] = {name, (const char *)outbox->session.token, most};
    const int lengths[] = {(int)strlen(name), TW_TOKEN_BYTES, 4};
    tw_put_int32(most, MOST_ROWS);
    tw_connection_send(outbox->session.connection, TW_OUTBOX_READ, values, lengths);
}

static void send_read_open(struct tw_outbox *outbox)
{
    char after[8];
    char most[4];
    const char *name = target_name(outbox);
    const char *values[] = {name, (const char *)outbox->session.token, after, most};
    const int lengths[] = {(int)strlen(name), TW_TOKEN_BYTES, 8, 4};
    tw_put_int64(after, outbox->repeat_after);
    tw_put_int32(most, MOST_ROWS);
    tw_connection_send(outbox->session.connection, TW_OPEN_READ, values, lengths);
}

static void on_timer(uv_timer_t *timer)
{
    struct tw_outbox *outbox = timer->data;
    struct tw_exchange exchange = {outbox, on_row, on_read};
    if (outbox->state != WAITING ||
        !has_session(outbox)) /* a session that broke unseen is told as lost next */
        return;
    move(outbox, READING, "the pause is over");
    outbox->repeating = outbox->kind->repeats && outbox->held && tw_now_ms() >= outbox->repeat_due_ms;
    tw_connection_begin_exchange(outbox->session.connection, &exchange);
    send_lease(outbox);
    if (outbox->repeating)
        send_read_open(outbox);
    else
        send_read(outbox);
    tw_connection_sync(outbox->session.connection);
}

/* -- telling, and marking -------------------------------------------------------------------------------- */

static void on_marked(void *context, const struct tw_refusal *refusal)
{
    struct tw_outbox *outbox = context;
    if (is_over(outbox))
        return;
    if (refusal) {
        recover(outbox, "what was told cannot be marked, and is told again", refusal);
        return;
    }
    size_t settled = tw_outbox_settled(outbox->rows, outbox->count);
    if (outbox->repeating && settled > 0)
        outbox->repeat_after = outbox->rows[settled - 1].alert;
    if (!outbox->repeating) /* they were read in the order in which they were made */
        tw_untold_told(&outbox->untold, settled > 0, tw_now_ms());
    if (outbox->trouble.code != TW_OK)
        wait_longer(outbox, "marked; not all of it was told");
    else
        wait_for(outbox, 0, "marked");
}

static void tell_refused(struct tw_outbox *outbox, const struct tw_outbox_row *row)
{
    uint64_t unsaid;
    numbers(outbox)->refused++;
    tw_fail(&outbox->refusal, TW_REFUSED, NULL, "see the answers in tapewatch.outbox", "%s", row->answer);
    if (tw_repeats_tell(&outbox->repeats, LINE_REFUSED, tw_now_ms(), &unsaid))
        tw_log(outbox->log, TW_ERROR, "tell", "an alert was refused, and is not told again",
            tw_string("target", target_name(outbox)), tw_bytes("key", row->key),
            tw_string("answer", row->answer), tw_int("repeated", (int64_t)unsaid));
}

/* The rows that have an outcome. Returns how many. */
static uint32_t list_ended(struct tw_outbox *outbox, int64_t *rows, int64_t *alerts, struct tw_text *outcomes,
    struct tw_text *answers)
{
    uint32_t ended = 0;
    for (size_t at = 0; at < outbox->count; at++) {
        const struct tw_outbox_row *row = &outbox->rows[at];
        if (row->outcome == TW_TELLING_WAITS)
            continue;
        if (row->outcome == TW_TELLING_REFUSED)
            tell_refused(outbox, row);
        else
            numbers(outbox)->told++;
        tw_untold_ended(&outbox->untold, row->outcome == TW_TELLING_TOLD);
        rows[ended] = row->id;
        alerts[ended] = row->alert;
        outcomes[ended] = tw_text_of(row->outcome == TW_TELLING_TOLD ? "told" : "refused");
        answers[ended++] = tw_text_of(row->answer);
    }
    return ended;
}

size_t tw_outbox_settled(const struct tw_outbox_row *rows, size_t count)
{
    size_t settled = 0;
    while (settled < count && rows[settled].outcome != TW_TELLING_WAITS)
        settled++;
    return settled;
}

/* Returns false when nothing has an outcome. */
static bool mark(struct tw_outbox *outbox)
{
    int64_t rows[MOST_ROWS], alerts[MOST_ROWS];
    struct tw_text outcomes[MOST_ROWS], answers[MOST_ROWS];
    struct tw_exchange exchange = {outbox, NULL, on_marked};
    uint32_t ended = list_ended(outbox, rows, alerts, outcomes, answers);
    if (ended == 0)
        return false;
    const char *name = target_name(outbox);
    int lengths[6] = {(int)strlen(name), TW_TOKEN_BYTES};
    tw_arena_reset(&outbox->arena, ARENA_BYTES);
    const char *values[6] = {name, (const char *)outbox->session.token,
        tw_array_int64(&outbox->arena, rows, ended, &lengths[2]),
        tw_array_int64(&outbox->arena, alerts, ended, &lengths[3]),
        tw_array_text(&outbox->arena, TW_OID_TEXT, outcomes, ended, &lengths[4]),
        tw_array_text(&outbox->arena, TW_OID_TEXT, answers, ended, &lengths[5])};
    move(outbox, MARKING, "told");
    tw_connection_ask(outbox->session.connection, &exchange, TW_OUTBOX_DONE, values, lengths);
    return true;
}

static void note_outcome(struct tw_outbox *outbox, const struct tw_error *trouble)
{
    if (trouble) {
        numbers(outbox)->failures++;
        outbox->trouble = *trouble;
        if (outbox->failed_since_ms == 0)
            outbox->failed_since_ms = tw_now_ms();
        tell_failure(outbox, LINE_TROUBLE, "alerts are not told", trouble);
        return;
    }
    if (outbox->failed_since_ms != 0)
        tw_log(outbox->log, TW_NOTICE, "tell", "alerts are told again",
            tw_string("target", target_name(outbox)),
            tw_int("after_seconds", (int64_t)(tw_now_ms() - outbox->failed_since_ms) / 1000));
    outbox->failed_since_ms = 0;
    outbox->trouble = (struct tw_error){0};
    outbox->retry_ms = RETRY_LEAST_MS;
    outbox->repeats = (struct tw_repeats){0};
}

/* What was told while the session was lost cannot be marked: it is told again. */
static void leave_orphaned(struct tw_outbox *outbox)
{
    bool another = tw_connection_ready(outbox->session.connection);
    forget_rows(outbox);
    if (another)
        wait_for(outbox, 0, "the delivery is over, there is another session");
    else
        move(outbox, AWAY, "the delivery is over");
}

static void on_delivered(void *context, const struct tw_error *trouble)
{
    struct tw_outbox *outbox = context;
    if (is_over(outbox))
        return;
    note_outcome(outbox, trouble);
    if (outbox->repeating)
        tw_untold_repeated(&outbox->untold, !trouble, tw_now_ms());
    if (outbox->state == ORPHANED)
        leave_orphaned(outbox);
    else if (!has_session(outbox)) /* it broke unseen, and is told as lost next */
        wait_for(outbox, RETRY_LEAST_MS, "the session broke");
    else if (!mark(outbox))
        wait_longer(outbox, "none was told");
}

/* -- the session ----------------------------------------------------------------------------------------- */

static void on_ready(void *context)
{
    struct tw_outbox *outbox = context;
    struct tw_error err;
    if (!tw_session_new_token(&outbox->session, &err))
        tw_log_error(outbox->log, "tell", "no token", &err);
    (void)tw_repeats_loss(&outbox->losses, NULL, tw_now_ms());
    if (outbox->state == AWAY)
        wait_for(outbox, 0, "connected");
}

/* The store's own session may be well meanwhile, and nobody else tells why nothing is told. */
static void on_lost(void *context, const struct tw_error *err)
{
    struct tw_outbox *outbox = context;
    if (tw_repeats_loss(&outbox->losses, err, tw_now_ms()))
        tw_log_error(outbox->log, "tell", "connection lost", err);
    outbox->held = false;
    outbox->unasked = *err;
    tw_untold_unknown(&outbox->untold, tw_now_ms());
    uv_timer_stop(&outbox->session.timer);
    if (outbox->state == DELIVERING)
        move(outbox, ORPHANED, "session lost");
    else if (outbox->state == WAITING)
        move(outbox, AWAY, "session lost");
}

uint64_t tw_outbox_behind_ms(const struct tw_outbox *outbox)
{
    return tw_untold_behind_ms(&outbox->untold, tw_now_ms());
}

uint64_t tw_outbox_unknown_ms(const struct tw_outbox *outbox)
{
    return tw_untold_unknown_ms(&outbox->untold, tw_now_ms());
}

uint32_t tw_outbox_refused(const struct tw_outbox *outbox, char *line, size_t size)
{
    tw_error_line(&outbox->refusal, line, size);
    return tw_untold_refused(&outbox->untold);
}

void tw_outbox_obstacle(const struct tw_outbox *outbox, char *line, size_t size)
{
    bool unknown = tw_outbox_unknown_ms(outbox) > 0;
    if (unknown && outbox->unasked.code != TW_OK)
        tw_error_line(&outbox->unasked, line, size);
    else if (unknown)
        snprintf(line, size, "PostgreSQL does not answer; cure: see pg_stat_activity");
    else if (outbox->trouble.code != TW_OK)
        tw_error_line(&outbox->trouble, line, size);
    else if (!outbox->held)
        snprintf(line, size, "daemon %s has its lease; cure: see that daemon's log", outbox->teller_name);
    else
        snprintf(line, size, "cure: see the log");
}

/* -- begin and end --------------------------------------------------------------------------------------- */

static void dispose(struct tw_outbox *outbox)
{
    forget_rows(outbox);
    tw_arena_end(&outbox->arena);
    free(outbox);
}

static bool open_rooms(struct tw_outbox *outbox, uv_loop_t *loop, struct tw_error *err)
{
    struct tw_connection_events heard = {outbox, on_ready, on_lost};
    struct tw_teller_events events = {outbox, on_delivered};
    struct tw_session_options options = {.config = outbox->config,
        .application =
            outbox->target == TW_TELL_KAFKA ? "tapewatch tell kafka" : "tapewatch tell alertmanager",
        .room = "tell",
        .statements = TW_FOR_TELL};
    if (!tw_arena_begin(&outbox->arena, ARENA_BYTES, err) ||
        !outbox->kind->begin(loop, outbox->config, outbox->log, &events, &outbox->teller, err))
        return false;
    if (tw_session_begin(&outbox->session, loop, &options, outbox->log, &heard, err))
        return true;
    outbox->kind->end(outbox->teller, NULL, NULL);
    return false;
}

bool tw_outbox_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, enum tw_tell_target target, const struct tw_teller_kind *kind,
    struct tw_outbox **out, struct tw_error *err)
{
    struct tw_outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return tw_fail(err, TW_INTERNAL, "tell", NULL, "out of memory");
    outbox->config = config;
    outbox->log = log;
    outbox->metrics = metrics;
    outbox->target = target;
    outbox->kind = kind;
    outbox->retry_ms = RETRY_LEAST_MS;
    tw_untold_begin(&outbox->untold, tw_now_ms());
    tw_session_set(&outbox->session, "lock_timeout", config->store.lock_timeout_ms);
    if (!open_rooms(outbox, loop, err)) {
        dispose(outbox);
        return false;
    }
    numbers(outbox)->on = true;
    *out = outbox;
    return true;
}

static void on_session_closed(void *context)
{
    struct tw_outbox *outbox = context;
    void (*closed)(void *context) = outbox->closed;
    void *closed_context = outbox->closed_context;
    dispose(outbox);
    if (closed)
        closed(closed_context);
}

static void on_teller_closed(void *context)
{
    struct tw_outbox *outbox = context;
    tw_session_end(&outbox->session, on_session_closed, outbox);
}

static void close_rooms(struct tw_outbox *outbox, const char *why)
{
    if (outbox->state == CLOSING)
        return;
    move(outbox, CLOSING, why);
    uv_timer_stop(&outbox->session.timer);
    outbox->kind->end(outbox->teller, on_teller_closed, outbox);
}

static void on_left(void *context, const struct tw_refusal *refusal)
{
    close_rooms(context, refusal ? "the lease could not be given back" : "said");
}

static void on_leave_over(uv_timer_t *timer)
{
    close_rooms(timer->data, "not answered");
}

/* Another daemon has the lease at once when told, else when this session has ended. */
static void leave(struct tw_outbox *outbox)
{
    struct tw_exchange exchange = {outbox, NULL, on_left};
    const char *name = target_name(outbox);
    const char *values[] = {name, (const char *)outbox->session.token};
    const int lengths[] = {(int)strlen(name), TW_TOKEN_BYTES};
    move(outbox, LEAVING, "asked to end");
    uv_timer_start(&outbox->session.timer, on_leave_over, LEAVE_MS, 0);
    tw_connection_ask(outbox->session.connection, &exchange, TW_TELL_LEAVE, values, lengths);
}

void tw_outbox_end(struct tw_outbox *outbox, void (*closed)(void *context), void *context)
{
    outbox->closed = closed;
    outbox->closed_context = context;
    if (outbox->state == WAITING && has_session(outbox))
        leave(outbox);
    else
        close_rooms(outbox, "asked to end");
}
