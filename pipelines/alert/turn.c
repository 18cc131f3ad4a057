#include "alert/turn.h"

static const char *const stream_names[] = {"bars", "days", "events", "alerts", "past alerts"};
static const size_t row_bytes[] = {
    [TW_TURN_BARS] = sizeof(struct tw_bar_row),
    [TW_TURN_DAYS] = sizeof(struct tw_bar_row),
    [TW_TURN_EVENTS] = sizeof(struct tw_headline_event),
    [TW_TURN_ALERTS] = sizeof(struct tw_alert),
    [TW_TURN_PAST] = sizeof(struct tw_alert),
};

/* One stream: the row ahead, and the rows of the entity at hand. */
struct stream {
    struct tw_turn_row ahead;
    bool ended; /* there is no row ahead */
    void *rows; /* of the stream's own type, kept from entity to entity */
    uint32_t count;
    uint32_t capacity;
};

struct work {
    struct tw_turn *turn;
    struct tw_rule_span *spans; /* the sets that govern something */
    uint32_t span_count;
    struct stream streams[TW_TURN_STREAMS];
    struct tw_text symbol; /* of the entity at hand */
    bool listed;
    struct tw_alerts_output output;
};

/* -- rule sets ------------------------------------------------------------------------------------------- */

/* Of two sets that hold from the same edge the later one does; the other never governs anything. */
TW_MUST_USE static bool make_spans(struct work *work, struct tw_error *err)
{
    const struct tw_turn *turn = work->turn;
    work->spans = tw_arena_array(turn->arena, turn->set_count, sizeof *work->spans);
    if (!work->spans)
        return tw_arena_fail(turn->arena, err);
    for (uint32_t at = 0; at < turn->set_count; at++) {
        const struct tw_rule_span *set = &turn->sets[at];
        while (work->span_count > 0 && work->spans[work->span_count - 1].holds_from_us >= set->holds_from_us)
            work->span_count--;
        work->spans[work->span_count++] = *set;
    }
    return true;
}

/* The set that governs an edge; the first when none does. */
static const struct tw_rule_span *set_at(const struct work *work, int64_t edge_us)
{
    const struct tw_rule_span *found = &work->spans[0];
    for (uint32_t at = 1; at < work->span_count && work->spans[at].holds_from_us < edge_us; at++)
        found = &work->spans[at];
    return found;
}

/* -- merging --------------------------------------------------------------------------------------------- */

/* Asks for the row ahead. */
TW_MUST_USE static bool look_ahead(struct work *work, enum tw_turn_stream at, struct tw_error *err)
{
    const struct tw_turn_source *source = &work->turn->source;
    struct stream *stream = &work->streams[at];
    enum tw_read read = source->next(source->context, at, &stream->ahead, err);
    stream->ended = read != TW_READ_ITEM;
    return read == TW_READ_ITEM || read == TW_READ_END;
}

TW_MUST_USE static bool begin_streams(struct work *work, struct tw_error *err)
{
    for (int at = 0; at < TW_TURN_STREAMS; at++)
        if (!look_ahead(work, (enum tw_turn_stream)at, err))
            return false;
    return true;
}

/* The least symbol ahead; false when all streams have ended. Days alone give nothing (alerts.h). */
static bool find_next_entity(struct work *work)
{
    const struct stream *least = NULL;
    for (int at = 0; at < TW_TURN_STREAMS; at++) {
        const struct stream *stream = &work->streams[at];
        if (at != TW_TURN_DAYS && !stream->ended &&
            (!least || tw_text_compare(stream->ahead.symbol, least->ahead.symbol) < 0))
            least = stream;
    }
    if (least)
        work->symbol = least->ahead.symbol;
    return least;
}

/* Rows are kept behind each other in the union's place; room is doubled, the old one left behind in the
 * arena. */
TW_MUST_USE static bool keep_row(struct work *work, enum tw_turn_stream at, struct tw_error *err)
{
    struct tw_arena *arena = work->turn->arena;
    struct stream *stream = &work->streams[at];
    size_t bytes = row_bytes[at];
    if (stream->count == stream->capacity) {
        uint32_t capacity = 64;
        bool large = stream->capacity && __builtin_mul_overflow(stream->capacity, 2, &capacity);
        char *rows = large ? NULL : tw_arena_array(arena, capacity, bytes);
        if (!rows)
            return tw_arena_fail(arena, err);
        if (stream->count > 0)
            memcpy(rows, stream->rows, stream->count * bytes);
        stream->rows = rows;
        stream->capacity = capacity;
    }
    memcpy((char *)stream->rows + stream->count++ * bytes, &stream->ahead.bar, bytes);
    return true;
}

/* Passes over the days of entities that are not asked. */
TW_MUST_USE static bool skip_days(struct work *work, struct tw_error *err)
{
    struct stream *days = &work->streams[TW_TURN_DAYS];
    while (!days->ended && tw_text_compare(days->ahead.symbol, work->symbol) < 0)
        if (!look_ahead(work, TW_TURN_DAYS, err))
            return false;
    return true;
}

/* Takes the rows of the entity at hand out of one stream. */
TW_MUST_USE static bool gather(struct work *work, enum tw_turn_stream at, struct tw_error *err)
{
    struct stream *stream = &work->streams[at];
    stream->count = 0;
    while (!stream->ended && tw_text_equal(stream->ahead.symbol, work->symbol)) {
        work->listed = work->listed || stream->ahead.listed;
        if (at == TW_TURN_BARS)
            work->turn->bars += stream->ahead.bar.bar_us >= work->turn->from_us &&
                                stream->ahead.bar.bar_us < work->turn->to_us;
        if (!keep_row(work, at, err) || !look_ahead(work, at, err))
            return false;
    }
    if (!stream->ended && tw_text_compare(stream->ahead.symbol, work->symbol) < 0)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "the %s of %.*s come after those of %.*s",
            stream_names[at], (int)tw_phrase_shortened(stream->ahead.symbol).length,
            stream->ahead.symbol.bytes, (int)tw_phrase_shortened(work->symbol).length, work->symbol.bytes);
    return true;
}

/* -- one entity ------------------------------------------------------------------------------------------ */

TW_MUST_USE static bool evaluate(struct work *work, struct tw_error *err)
{
    const struct stream *bars = &work->streams[TW_TURN_BARS];
    const struct stream *days = &work->streams[TW_TURN_DAYS];
    const struct stream *events = &work->streams[TW_TURN_EVENTS];
    const struct stream *alerts = &work->streams[TW_TURN_ALERTS];
    const struct stream *past = &work->streams[TW_TURN_PAST];
    const struct tw_alerts_input input = {
        .spans = work->spans,
        .span_count = work->span_count,
        .symbol = work->symbol,
        .listed = work->listed,
        .bars = bars->rows,
        .bar_count = bars->count,
        .days = {days->rows, days->count},
        .events = events->rows,
        .event_count = events->count,
        .open = alerts->rows,
        .open_count = alerts->count,
        .past = past->rows,
        .past_count = past->count,
        .from_us = work->turn->from_us,
        .to_us = work->turn->to_us,
    };
    return tw_alerts_evaluate(&input, work->turn->arena, &work->output, err);
}

/* Documents count from its rule's window before it opened; without a window, from the bar that opened it. */
static int64_t first_us(const struct work *work, const struct tw_alert *alert)
{
    const struct tw_rule *rule = tw_rules_find(set_at(work, alert->opened_us)->rules, alert->rule);
    int64_t back_us = !rule ? 0 : rule->spoken_us ? rule->spoken_us : rule->window_us;
    return alert->opened_us - (back_us ? back_us : TW_BAR_US);
}

TW_MUST_USE static bool give_alerts(struct work *work, struct tw_error *err)
{
    const struct tw_turn_sink *sink = &work->turn->sink;
    for (uint32_t at = 0; sink->alert && at < work->output.alert_count; at++) {
        const struct tw_alert *alert = &work->output.alerts[at];
        if (alert->changed &&
            !sink->alert(sink->context, alert, first_us(work, alert), set_at(work, alert->stepped_us), err))
            return false;
    }
    return true;
}

TW_MUST_USE static bool give_steps(struct work *work, struct tw_error *err)
{
    struct tw_turn *turn = work->turn;
    for (uint32_t at = 0; at < work->output.change_count; at++) {
        const struct tw_alert_change *change = &work->output.changes[at];
        turn->opened += change->step == TW_ALERT_OPENED;
        turn->updated += change->step == TW_ALERT_UPDATED;
        turn->resolved += change->step == TW_ALERT_RESOLVED;
        if (turn->sink.step && !turn->sink.step(turn->sink.context, &work->output.alerts[change->alert],
                                   change, set_at(work, change->at_us), err))
            return false;
    }
    return true;
}

/* Of two alerts of a rule, the one that was open at the edge; of two that opened later, the first. */
static bool is_nearer(const struct tw_alert *alert, const struct tw_alert *than, int64_t edge_us)
{
    if (alert->opened_us <= edge_us)
        return than->opened_us > edge_us || alert->opened_us > than->opened_us;
    return than->opened_us > edge_us && alert->opened_us < than->opened_us;
}

/* Where the event was seen, or is. */
static int64_t edge_of(const struct work *work, const struct tw_headline_event *event)
{
    int64_t edge_us = tw_bar_end(event->event_us);
    bool is_late = edge_us <= work->turn->from_us && !event->is_past;
    return is_late ? work->turn->from_us + TW_BAR_US : edge_us;
}

/* The alert that was open, or opened, at the edge where the event spoke, or else the first that it helped to
 * open later; NULL when its rule did not want it. */
static const struct tw_alert *alert_of(const struct work *work, const struct tw_headline_event *event)
{
    int64_t edge_us = edge_of(work, event);
    const struct tw_alert *found = NULL;
    for (uint32_t at = 0; at < work->output.alert_count; at++) {
        const struct tw_alert *alert = &work->output.alerts[at];
        if (!tw_text_equal(alert->rule, event->rule) || first_us(work, alert) >= edge_us ||
            (alert->resolved_us != TW_NO_TIME && alert->resolved_us < edge_us))
            continue;
        if (!found || is_nearer(alert, found, edge_us))
            found = alert;
    }
    return found;
}

/* Whether the event helped to open that alert, in this turn, at a later edge than its own: of a rule that
 * asks for several stories. It may have spoken for another alert before, which is over. */
static bool helped_to_open(
    const struct work *work, const struct tw_headline_event *event, const struct tw_alert *alert)
{
    int64_t edge_us = edge_of(work, event);
    return !event->is_copy && alert->opened_us > edge_us && alert->opened_us > work->turn->from_us &&
           tw_text_equal(alert->rule, event->rule) && first_us(work, alert) < edge_us;
}

TW_MUST_USE static bool give_event(
    struct work *work, const struct tw_headline_event *event, struct tw_error *err)
{
    const struct tw_turn_sink *sink = &work->turn->sink;
    bool is_seen = !event->is_past && tw_bar_end(event->event_us) <= work->turn->to_us;
    const struct tw_alert *first = is_seen ? alert_of(work, event) : NULL;
    if (is_seen && !sink->event(sink->context, work->symbol, event, first, err))
        return false;
    for (uint32_t at = 0; at < work->output.alert_count; at++) {
        const struct tw_alert *alert = &work->output.alerts[at];
        if (alert != first && helped_to_open(work, event, alert) &&
            !sink->event(sink->context, work->symbol, event, alert, err))
            return false;
    }
    return true;
}

TW_MUST_USE static bool give_events(struct work *work, struct tw_error *err)
{
    const struct tw_headline_event *events = work->streams[TW_TURN_EVENTS].rows;
    for (uint32_t at = 0; work->turn->sink.event && at < work->streams[TW_TURN_EVENTS].count; at++)
        if (!give_event(work, &events[at], err))
            return false;
    return true;
}

TW_MUST_USE static bool give_days(struct work *work, struct tw_error *err)
{
    const struct tw_turn *turn = work->turn;
    const struct stream *bars = &work->streams[TW_TURN_BARS];
    struct tw_days days = {0};
    if (!turn->sink.day)
        return true;
    if (!tw_days_sum(bars->rows, bars->count, turn->from_us, turn->to_us, turn->arena, &days, err))
        return false;
    for (size_t at = 0; at < days.count; at++)
        if (!turn->sink.day(turn->sink.context, &days.rows[at], err))
            return false;
    return true;
}

TW_MUST_USE static bool run_entity(struct work *work, struct tw_error *err)
{
    work->listed = false;
    if (!skip_days(work, err))
        return false;
    for (int at = 0; at < TW_TURN_STREAMS; at++)
        if (!gather(work, (enum tw_turn_stream)at, err))
            return false;
    return evaluate(work, err) && give_alerts(work, err) && give_steps(work, err) && give_events(work, err) &&
           give_days(work, err);
}

bool tw_turn_run(struct tw_turn *turn, struct tw_error *err)
{
    struct work work = {.turn = turn};
    turn->bars = turn->opened = turn->updated = turn->resolved = 0;
    if (turn->set_count == 0)
        return true;
    if (!make_spans(&work, err) || !begin_streams(&work, err))
        return false;
    while (find_next_entity(&work))
        if (!run_entity(&work, err))
            return false;
    return true;
}
