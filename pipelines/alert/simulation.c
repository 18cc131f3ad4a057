#include "alert/simulation.h"

#include "base/growing.h"

#include <stdlib.h>

enum { KEPT_BYTES = 1 << 20, FIRST_ROWS = 64, FIRST_DAYS = 1000 };

bool tw_simulation_begin(struct tw_simulation *simulation, const struct tw_rule_set *rules,
    size_t memory_bytes, struct tw_error *err)
{
    *simulation = (struct tw_simulation){
        .span = {.rules = rules, .holds_from_us = TW_NO_TIME}, .memory = {.most = memory_bytes}};
    tw_simulation_watch(simulation, &simulation->span, 1);
    tw_recent_begin(&simulation->bars, &simulation->memory);
    tw_recent_begin(&simulation->days, &simulation->memory);
    return tw_arena_begin(&simulation->symbols[0], memory_bytes, err) &&
           tw_arena_begin(&simulation->symbols[1], memory_bytes, err) &&
           tw_arena_begin(&simulation->arena, memory_bytes, err);
}

void tw_simulation_watch(
    struct tw_simulation *simulation, const struct tw_rule_span *sets, uint32_t set_count)
{
    simulation->sets = sets;
    simulation->set_count = set_count;
}

static void free_rows(struct tw_simulation_rows *rows)
{
    free(rows->items);
    free(rows->numbers);
    *rows = (struct tw_simulation_rows){0};
}

void tw_simulation_end(struct tw_simulation *simulation)
{
    tw_recent_end(&simulation->bars);
    tw_recent_end(&simulation->days);
    tw_arena_end(&simulation->symbols[0]);
    tw_arena_end(&simulation->symbols[1]);
    tw_arena_end(&simulation->arena);
    free_rows(&simulation->events);
    free_rows(&simulation->open);
    free_rows(&simulation->past);
    free_rows(&simulation->made);
}

/* -- rows ------------------------------------------------------------------------------------------------ */

static bool fail_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, "alerts", NULL, "out of memory");
}

static bool grow(struct tw_simulation_rows *rows, struct tw_error *err)
{
    if (rows->count < rows->capacity)
        return true;
    size_t capacity = rows->capacity ? rows->capacity * 2 : FIRST_ROWS;
    struct tw_turn_row *items = reallocarray(rows->items, capacity, sizeof *items);
    if (!items)
        return fail_memory(err);
    rows->items = items;
    uint64_t *numbers = reallocarray(rows->numbers, capacity, sizeof *numbers);
    if (!numbers)
        return fail_memory(err);
    rows->numbers = numbers;
    rows->capacity = capacity;
    return true;
}

/* Puts a copy of the row behind the others; its symbol goes into the arena. */
static bool keep(struct tw_simulation_rows *rows, const struct tw_turn_row *row, uint64_t number,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_text symbol = tw_arena_copy(arena, row->symbol);
    if (!symbol.bytes)
        return tw_arena_fail(arena, err);
    if (!grow(rows, err))
        return false;
    rows->items[rows->count] = *row;
    rows->items[rows->count].symbol = symbol;
    rows->numbers[rows->count++] = number;
    return true;
}

bool tw_simulation_put_bar(
    struct tw_simulation *simulation, const struct tw_bar_row *bar, bool listed, struct tw_error *err)
{
    const struct tw_rule_set *rules = simulation->span.rules;
    bool past = bar->bar_us < simulation->evaluated_us;
    struct tw_bar_row day = *bar;
    day.bar_us = tw_day_start(bar->bar_us);
    if (past && rules->longest_days_us > 0 && !tw_recent_add(&simulation->days, &day, false, err))
        return false;
    return bar->bar_us < simulation->evaluated_us - rules->longest_window_us ||
           tw_recent_add(&simulation->bars, bar, listed, err);
}

bool tw_simulation_put_day(
    struct tw_simulation *simulation, const struct tw_bar_row *day, struct tw_error *err)
{
    return simulation->span.rules->longest_days_us == 0 || tw_recent_add(&simulation->days, day, false, err);
}

bool tw_simulation_put_event(struct tw_simulation *simulation, struct tw_text symbol, bool listed,
    const struct tw_headline_event *event, struct tw_error *err)
{
    const struct tw_turn_row row = {.symbol = symbol, .listed = listed, .event = *event};
    tw_recent_list(&simulation->bars, symbol, listed);
    return keep(&simulation->events, &row, 0, &simulation->symbols[simulation->symbols_of], err);
}

struct tw_headline_event tw_simulation_event_of(
    const struct tw_rows *rows, const struct tw_headline_row *row, int32_t partition)
{
    const struct tw_document *document = &rows->documents[row->document];
    return (struct tw_headline_event){
        .rule = row->rule,
        .event_us = document->event_us,
        .sentiment = rows->scores[row->score].score.sentiment,
        .value = row->value,
        .severity = row->severity,
        .keyword = row->keyword,
        .event_type = row->event_type,
        .partition = partition,
        .offset = document->message->offset,
    };
}

/* Whether a worker's rows have the entity as one of the entities file. */
static bool is_listed(const struct tw_rows *rows, struct tw_text symbol)
{
    for (uint32_t at = 0; at < rows->score_count; at++)
        if (tw_text_equal(rows->scores[at].symbol, symbol))
            return rows->scores[at].listed;
    return false;
}

bool tw_simulation_put_bars(
    struct tw_simulation *simulation, const struct tw_rows *rows, struct tw_error *err)
{
    for (uint32_t at = 0; at < rows->bar_count; at++)
        if (!tw_simulation_put_bar(simulation, &rows->bars[at], is_listed(rows, rows->bars[at].symbol), err))
            return false;
    return true;
}

bool tw_simulation_put_events(
    struct tw_simulation *simulation, const struct tw_rows *rows, int32_t partition, struct tw_error *err)
{
    for (uint32_t at = 0; at < rows->headline_count; at++) {
        const struct tw_headline_row *row = &rows->headlines[at];
        const struct tw_score_row *score = &rows->scores[row->score];
        struct tw_headline_event event = tw_simulation_event_of(rows, row, partition);
        if (!tw_simulation_put_event(simulation, score->symbol, score->listed, &event, err))
            return false;
    }
    return true;
}

/* -- what a turn reads ----------------------------------------------------------------------------------- */

static enum tw_read next_row(
    void *context, enum tw_turn_stream stream, struct tw_turn_row *row, struct tw_error *err)
{
    struct tw_simulation *simulation = context;
    struct tw_simulation_rows *rows = NULL;
    (void)err;
    switch (stream) {
    case TW_TURN_BARS:
        return tw_recent_rows_next(&simulation->bar_rows, row) ? TW_READ_ITEM : TW_READ_END;
    case TW_TURN_DAYS:
        return tw_recent_rows_next(&simulation->day_rows, row) ? TW_READ_ITEM : TW_READ_END;
    case TW_TURN_EVENTS:
        rows = &simulation->events;
        break;
    case TW_TURN_ALERTS:
        rows = &simulation->open;
        break;
    case TW_TURN_PAST:
        rows = &simulation->past;
        break;
    case TW_TURN_STREAMS:
        return TW_READ_END;
    }
    if (rows->next == rows->count)
        return TW_READ_END;
    *row = rows->items[rows->next++];
    return TW_READ_ITEM;
}

static int compare_rows(const void *left, const void *right)
{
    const struct tw_turn_row *one = left;
    const struct tw_turn_row *other = right;
    return tw_text_compare(one->symbol, other->symbol);
}

static void begin_rows(struct tw_simulation_rows *rows)
{
    rows->next = 0;
    if (rows->count > 1)
        qsort(rows->items, rows->count, sizeof *rows->items, compare_rows);
}

/* Open alerts come back from the turn by `id`: their place, and one. Their numbers stand beside them, so they
 * are sorted when they are kept, by the order in which turns tell them. */
static bool begin_streams(struct tw_simulation *simulation, struct tw_error *err)
{
    const struct tw_recent_bars *bars = &simulation->bars, *days = &simulation->days;
    begin_rows(&simulation->events);
    begin_rows(&simulation->past);
    simulation->open.next = 0;
    for (size_t at = 0; at < simulation->open.count; at++)
        simulation->open.items[at].alert.id = (int64_t)at + 1;
    simulation->made.count = 0;
    simulation->added = NULL;
    simulation->added_count = simulation->added_capacity = 0;
    return tw_recent_rows_begin(&simulation->bar_rows, &bars, 1, &simulation->arena, err) &&
           tw_recent_rows_begin(&simulation->day_rows, &days, 1, &simulation->arena, err);
}

/* -- what a turn tells ----------------------------------------------------------------------------------- */

/* The number of an alert that came in, or that this turn has opened. */
static uint64_t number_of(const struct tw_simulation *simulation, const struct tw_alert *alert)
{
    const struct tw_simulation_rows *made = &simulation->made;
    if (alert->id)
        return simulation->open.numbers[alert->id - 1];
    for (size_t at = made->count; at-- > 0;)
        if (made->items[at].alert.opened_us == alert->opened_us &&
            tw_text_equal(made->items[at].alert.rule, alert->rule) &&
            tw_text_equal(made->items[at].symbol, alert->symbol))
            return made->numbers[at];
    return 0;
}

static bool take_alert(void *context, const struct tw_alert *alert, int64_t first_us,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tw_simulation *simulation = context;
    const struct tw_simulation_sink *sink = simulation->sink;
    const struct tw_turn_row row = {.symbol = alert->symbol, .alert = *alert};
    (void)rules;
    if (alert->id)
        simulation->open.items[alert->id - 1].alert = *alert;
    else if (!keep(&simulation->made, &row, ++simulation->alerts, &simulation->arena, err))
        return false;
    return !sink->alert || sink->alert(sink->context, number_of(simulation, alert), alert, first_us, err);
}

static bool take_step(void *context, const struct tw_alert *alert, const struct tw_alert_change *change,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tw_simulation *simulation = context;
    const struct tw_simulation_sink *sink = simulation->sink;
    (void)rules;
    return !sink->step || sink->step(sink->context, number_of(simulation, alert), alert, change, err);
}

/* Kept until the turn is over: days must not change while it reads them. */
static bool take_day(void *context, const struct tw_bar_row *day, struct tw_error *err)
{
    struct tw_simulation *simulation = context;
    if (simulation->added_count == simulation->added_capacity) {
        struct tw_bar_row *larger = tw_grow_arena(
            &simulation->arena, simulation->added, &simulation->added_capacity, sizeof *larger, FIRST_DAYS);
        if (!larger)
            return tw_arena_fail(&simulation->arena, err);
        simulation->added = larger;
    }
    simulation->added[simulation->added_count++] = *day;
    return true;
}

/* -- what is kept for the next turn ---------------------------------------------------------------------- */

static int compare_open(const void *left, const void *right)
{
    const struct tw_turn_row *one = left;
    const struct tw_turn_row *other = right;
    int order = tw_text_compare(one->symbol, other->symbol);
    return order != 0 ? order : tw_text_compare(one->alert.rule, other->alert.rule);
}

/* By symbol, each with its number, which rides along in `id`. */
static void sort_open(struct tw_simulation_rows *open)
{
    for (size_t at = 0; at < open->count; at++)
        open->items[at].alert.id = (int64_t)open->numbers[at];
    if (open->count > 1)
        qsort(open->items, open->count, sizeof *open->items, compare_open);
    for (size_t at = 0; at < open->count; at++)
        open->numbers[at] = (uint64_t)open->items[at].alert.id;
}

/* The rows of which `wanted` says so, from now on with their symbols in the other arena. */
static bool sift(struct tw_simulation *simulation, struct tw_simulation_rows *rows,
    bool (*wanted)(const struct tw_turn_row *row, int64_t since_us), int64_t since_us, struct tw_error *err)
{
    struct tw_arena *arena = &simulation->symbols[!simulation->symbols_of];
    size_t count = rows->count;
    rows->count = 0;
    for (size_t at = 0; at < count; at++)
        if (wanted(&rows->items[at], since_us) &&
            !keep(rows, &rows->items[at], rows->numbers[at], arena, err))
            return false;
    return true;
}

static bool was_spoken_since(const struct tw_turn_row *row, int64_t since_us)
{
    return tw_bar_end(row->event.event_us) > since_us;
}

/* Those that no turn has seen, and those on which a rule may look back. */
static bool keep_events(struct tw_simulation *simulation, int64_t to_us, struct tw_error *err)
{
    struct tw_simulation_rows *events = &simulation->events;
    int64_t since_us = to_us - simulation->span.rules->longest_spoken_us;
    for (size_t at = 0; at < events->count; at++)
        events->items[at].event.is_past |= tw_bar_end(events->items[at].event.event_us) <= to_us;
    return sift(simulation, events, was_spoken_since, since_us, err);
}

static bool was_opened_since(const struct tw_turn_row *row, int64_t since_us)
{
    return row->alert.opened_us > since_us;
}

static bool is_open(const struct tw_turn_row *row, int64_t ignored)
{
    (void)ignored;
    return row->alert.resolved_us == TW_NO_TIME;
}

/* Alerts that are resolved, and were opened after `since_us`, go to the past. */
static bool bury(struct tw_simulation *simulation, const struct tw_simulation_rows *rows, int64_t since_us,
    struct tw_error *err)
{
    struct tw_arena *arena = &simulation->symbols[!simulation->symbols_of];
    for (size_t at = 0; at < rows->count; at++)
        if (!is_open(&rows->items[at], 0) && was_opened_since(&rows->items[at], since_us) &&
            !keep(&simulation->past, &rows->items[at], rows->numbers[at], arena, err))
            return false;
    return true;
}

/* An alert's own symbol is that of its row, wherever the row has gone. */
static void name_alerts(struct tw_simulation_rows *rows)
{
    for (size_t at = 0; at < rows->count; at++)
        rows->items[at].alert.symbol = rows->items[at].symbol;
}

static bool keep_alerts(struct tw_simulation *simulation, int64_t to_us, struct tw_error *err)
{
    struct tw_arena *arena = &simulation->symbols[!simulation->symbols_of];
    const struct tw_simulation_rows *made = &simulation->made;
    int64_t past_us = simulation->span.rules->longest_past_us;
    if (!sift(simulation, &simulation->past, was_opened_since, to_us - past_us, err))
        return false;
    if (past_us > 0 && (!bury(simulation, &simulation->open, to_us - past_us, err) ||
                           !bury(simulation, made, to_us - past_us, err)))
        return false;
    if (!sift(simulation, &simulation->open, is_open, 0, err))
        return false;
    for (size_t at = 0; at < made->count; at++)
        if (is_open(&made->items[at], 0) &&
            !keep(&simulation->open, &made->items[at], made->numbers[at], arena, err))
            return false;
    name_alerts(&simulation->open);
    name_alerts(&simulation->past);
    sort_open(&simulation->open);
    return true;
}

static bool keep_days(struct tw_simulation *simulation, int64_t to_us, struct tw_error *err)
{
    int64_t days_us = simulation->span.rules->longest_days_us;
    for (size_t at = 0; days_us > 0 && at < simulation->added_count; at++)
        if (!tw_recent_add(&simulation->days, &simulation->added[at], false, err))
            return false;
    tw_recent_trim(&simulation->days, tw_day_start(to_us - days_us));
    return true;
}

static bool carry(struct tw_simulation *simulation, int64_t to_us, struct tw_error *err)
{
    if (!keep_events(simulation, to_us, err) || !keep_alerts(simulation, to_us, err) ||
        !keep_days(simulation, to_us, err))
        return false;
    tw_recent_trim(&simulation->bars, to_us - simulation->span.rules->longest_window_us);
    tw_arena_reset(&simulation->symbols[simulation->symbols_of], KEPT_BYTES);
    tw_arena_reset(&simulation->arena, KEPT_BYTES);
    simulation->symbols_of = !simulation->symbols_of;
    simulation->evaluated_us = to_us;
    return true;
}

bool tw_simulation_advance(struct tw_simulation *simulation, int64_t to_us,
    const struct tw_simulation_sink *sink, struct tw_error *err)
{
    if (to_us <= simulation->evaluated_us)
        return true;
    bool sums_days = simulation->span.rules->longest_days_us > 0;
    struct tw_turn turn = {
        .sets = simulation->sets,
        .set_count = simulation->set_count,
        .from_us = simulation->evaluated_us,
        .to_us = to_us,
        .source = {simulation, next_row},
        .sink = {simulation, take_alert, take_step, NULL, sums_days ? take_day : NULL},
        .arena = &simulation->arena,
    };
    simulation->sink = sink;
    return begin_streams(simulation, err) && tw_turn_run(&turn, err) && carry(simulation, to_us, err);
}
