/* turn: the rules over many entities and one interval of event time: rows in, what became of alerts out.
 *
 *     source   streams of rows: bars, days, headline events, open alerts, past alerts; each in the order of
 *              symbols (byte by byte), bars and days of one symbol in the order of time
 *       |
 *     turn     merges them by symbol, and gives each entity's rows to tw_alerts_evaluate (alerts.h)
 *       |
 *     sink     for each entity, in the order of symbols: alerts that were opened or changed; then their
 *              steps, in the order of time; then each of its events, with the alert that it opened or
 *              updated; then what its bars add to its days
 *
 * An entity of which nothing but days is known is not asked.
 *
 * Where rows come from and where answers go is the caller's: the evaluator reads and writes tables
 * (daemon/evaluate/turn_rows.h), a test gives arrays. A row is asked for once, in its place, and forgotten
 * when its entity is done: memory is that of the largest entity, and of all steps. The same rows give the
 * same answers.
 *
 *     struct tw_turn turn = {.sets = sets, .set_count = 2, .from_us = ..., .to_us = ...,
 *                            .source = ..., .sink = ..., .arena = &arena};
 *     if (!tw_turn_run(&turn, err)) ...
 *
 * Which entities' rows to give, and how far back, alerts.h says ("WHOM TO ASK"). */
#ifndef TW_TURN_H
#define TW_TURN_H

#include "alert/alerts.h"
#include "files/archive.h"

enum tw_turn_stream {
    TW_TURN_BARS,
    TW_TURN_DAYS,
    TW_TURN_EVENTS,
    TW_TURN_ALERTS,
    TW_TURN_PAST,
    TW_TURN_STREAMS
};

/* A row of any stream. Its texts must outlive the turn. */
struct tw_turn_row {
    struct tw_text symbol;
    bool listed; /* the entity stands in the entities file; its rows should agree */
    union {
        struct tw_bar_row bar; /* TW_TURN_BARS: merged over partitions (tw_bars_merge); TW_TURN_DAYS: of a day
                                  (days.h), its bars before the interval */
        struct tw_headline_event event;
        struct tw_alert alert; /* TW_TURN_ALERTS: not resolved; TW_TURN_PAST: resolved (alerts.h) */
    };
};

/* The next row of a stream. After TW_READ_END a stream is not asked again; a row that is refused ends the
 * turn as a failure does: err is filled, and nothing is passed over. */
struct tw_turn_source {
    void *context;
    enum tw_read (*next)(
        void *context, enum tw_turn_stream stream, struct tw_turn_row *row, struct tw_error *err);
};

/* What became of an entity. Each may be NULL: then it is not wanted. False, with err filled, ends the turn.
 * What is pointed to dies with the call, texts do not. `rules` is the set that governs the edge of the
 * alert's last step, or of the step. */
struct tw_turn_sink {
    void *context;
    /* An alert that was opened, or differs from the row that came in; documents count for it from `first_us`
     * on. */
    bool (*alert)(void *context, const struct tw_alert *alert, int64_t first_us,
        const struct tw_rule_span *rules, struct tw_error *err);
    bool (*step)(void *context, const struct tw_alert *alert, const struct tw_alert_change *change,
        const struct tw_rule_span *rules, struct tw_error *err);
    /* An event that was seen; `alert` is NULL when no rule wanted it. One that is seen only after the
     * interval is not given: it waits for a later turn. It is given once more for each further alert that it
     * helped to open at a later edge (`min_stories`), be it a past one or not. */
    bool (*event)(void *context, struct tw_text symbol, const struct tw_headline_event *event,
        const struct tw_alert *alert, struct tw_error *err);
    /* What the bars of the interval add to a day of the entity, `bar_us` its beginning. */
    bool (*day)(void *context, const struct tw_bar_row *day, struct tw_error *err);
};

struct tw_turn {
    /* in */
    const struct tw_rule_span
        *sets;          /* in the order of holds_from; of two that hold from the same edge the later
                                        one does */
    uint32_t set_count; /* 0: nothing is read, nothing comes out */
    int64_t from_us;    /* both multiples of TW_BAR_US */
    int64_t to_us;
    struct tw_turn_source source;
    struct tw_turn_sink sink;
    struct tw_arena *arena; /* takes all that the turn makes */

    /* out */
    uint64_t bars; /* within the interval itself */
    uint64_t opened;
    uint64_t updated;
    uint64_t resolved;
};

/* Runs the turn to the end of all streams. TW_FULL when the arena is; TW_INTERNAL when rows are out of order
 * or contradict alerts.h; whatever source and sink say. What was given to the sink before a failure is not to
 * be used. */
TW_MUST_USE bool tw_turn_run(struct tw_turn *turn, struct tw_error *err);

#endif
