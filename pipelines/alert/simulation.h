/* simulation: the rules over a stream, turn after turn, with all that the evaluator keeps in tables kept in
 * memory: what a rule set would have said of it, without a database.
 *   in    bars and rows of alert_events, as they come; edges up to which event time has closed
 *   out   steps of alerts, and the alerts that they belong to
 *
 *     tw_simulation_begin(&simulation, rules, memory_bytes, err)
 *     tw_simulation_put_bar, tw_simulation_put_event          what is new, of any time, in any order
 *     tw_simulation_put_bars, tw_simulation_put_events        the same, of what a worker hands back (rows.h)
 *     tw_simulation_advance(&simulation, to_us, &sink, err)   all edges up to there
 *     tw_simulation_end(&simulation)
 *
 * It decides by alert/turn.h, as the evaluator does, and keeps what that wants: bars and days within reach of
 * the rules, open alerts, those that are resolved, events of edges that are yet to come. So the same rows
 * give the same steps, however they are cut into turns. What comes late, for an edge that is past, is
 * treated as the evaluator treats it: an event speaks at the next edge, a bar counts in windows that end
 * later.
 *
 * MEMORY. `memory_bytes` bound bars and days, and what one turn makes each; open alerts and waiting events
 * take about 200 bytes besides. TW_FULL beyond that.
 *
 * OWNERSHIP. Symbols are copied. All other texts of rows (rule, keyword, event type, topic) are referred to
 * and must outlive the simulation, as must the rule set; they do when they come from the set, the taxonomy
 * and the program. It must stay where it was begun. Not thread-safe. */
#ifndef TW_SIMULATION_H
#define TW_SIMULATION_H

#include "alert/recent_bars.h"
#include "alert/turn.h"

/* What is told of a turn, in the order of alert/turn.h: of each entity alerts, then steps. Each may be NULL.
 * `number` counts alerts from 1 in the order in which they were first told, and names one for good. False,
 * with err filled, ends the turn; the simulation must not be used any more. */
struct tw_simulation_sink {
    void *context;
    /* An alert that was opened or changed, as it stands at the end of the turn; documents count for it from
     * `first_us` on. */
    bool (*alert)(
        void *context, uint64_t number, const struct tw_alert *alert, int64_t first_us, struct tw_error *err);
    bool (*step)(void *context, uint64_t number, const struct tw_alert *alert,
        const struct tw_alert_change *change, struct tw_error *err);
};

/* Rows that wait for a turn, of one stream. */
struct tw_simulation_rows {
    struct tw_turn_row *items;
    uint64_t *numbers; /* of alerts */
    size_t count, capacity;
    size_t next; /* that a turn reads */
};

struct tw_simulation {
    struct tw_rule_span span;        /* the rules; how far back they look */
    const struct tw_rule_span *sets; /* in force: `span` alone, or what tw_simulation_watch gave */
    uint32_t set_count;
    struct tw_recent_memory memory;
    struct tw_recent_bars bars, days;
    struct tw_arena symbols[2]; /* of the rows below: those in use, and room for those that are kept */
    unsigned symbols_of;        /* which are in use */
    struct tw_arena arena;      /* of one turn */
    struct tw_simulation_rows events, open, past;
    struct tw_simulation_rows made; /* alerts that the turn opened */
    struct tw_recent_rows bar_rows, day_rows;
    struct tw_bar_row *added; /* what the turn adds to days, in `arena` */
    size_t added_count, added_capacity;
    const struct tw_simulation_sink *sink; /* of the turn */
    int64_t evaluated_us;                  /* all edges up to here are decided; 0: none */
    uint64_t alerts;                       /* told so far */
};

/* Nothing has happened yet, and time stands at 1970. `rules` is borrowed. TW_INTERNAL for want of memory;
 * safe to end afterwards either way. */
TW_MUST_USE bool tw_simulation_begin(struct tw_simulation *simulation, const struct tw_rule_set *rules,
    size_t memory_bytes, struct tw_error *err);
/* Before the first turn: the same rules as sets that follow each other in time, by their watch lists
 * (watched_rules.h). Borrowed. */
void tw_simulation_watch(
    struct tw_simulation *simulation, const struct tw_rule_span *sets, uint32_t set_count);
/* Frees all; a zeroed one is safe to end. */
void tw_simulation_end(struct tw_simulation *simulation);

/* Adds to the entity's bar of that time. TW_FULL; TW_INTERNAL for sums that do not fit. */
TW_MUST_USE bool tw_simulation_put_bar(
    struct tw_simulation *simulation, const struct tw_bar_row *bar, bool listed, struct tw_error *err);
/* Sums of a whole day that lies before all bars: what rules with a baseline look back on. Each once, before
 * the first turn. TW_FULL. */
TW_MUST_USE bool tw_simulation_put_day(
    struct tw_simulation *simulation, const struct tw_bar_row *day, struct tw_error *err);
/* A rule has spoken for a document of that entity. TW_FULL, TW_INTERNAL. */
TW_MUST_USE bool tw_simulation_put_event(struct tw_simulation *simulation, struct tw_text symbol, bool listed,
    const struct tw_headline_event *event, struct tw_error *err);
/* Bars of rows that the river made. As tw_simulation_put_bar. */
TW_MUST_USE bool tw_simulation_put_bars(
    struct tw_simulation *simulation, const struct tw_rows *rows, struct tw_error *err);
/* Events of rows that the river made with the same rules; `partition` names their source. As
 * tw_simulation_put_event. */
TW_MUST_USE bool tw_simulation_put_events(
    struct tw_simulation *simulation, const struct tw_rows *rows, int32_t partition, struct tw_error *err);

/* What a row of a worker becomes as a row of alert_events, whose `topic` and `id` are left empty. */
struct tw_headline_event tw_simulation_event_of(
    const struct tw_rows *rows, const struct tw_headline_row *row, int32_t partition);

/* Decides the edges after the last one up to `to_us`, a multiple of TW_BAR_US; nothing when it is not later.
 * As tw_turn_run. */
TW_MUST_USE bool tw_simulation_advance(struct tw_simulation *simulation, int64_t to_us,
    const struct tw_simulation_sink *sink, struct tw_error *err);

#endif
