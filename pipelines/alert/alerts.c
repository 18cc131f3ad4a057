#include "alert/alerts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FAR_US (INT64_MAX / 4) /* no time of ours is further away than this; sums of two do not overflow */
#define NEVER_US INT64_MAX     /* no such edge */
#define MOST_DOCUMENTS (INT64_MAX / TW_SENTIMENT_ONE) /* whose count still fits in 10,000ths */
enum { NOBODY = UINT32_MAX };

const char *const tw_alert_step_names[] = {"opened", "updated", "resolved", NULL};

/* A headline row with the edge at which it is seen. */
struct seen_event {
    const struct tw_headline_event *event;
    int64_t edge_us;
};

/* One call's work: what came in, what has been made so far. */
struct evaluation {
    const struct tw_alerts_input *input;
    struct tw_arena *arena;
    struct seen_event *events; /* sorted by rule, edge, and then the worst first */
    size_t event_count;
    struct tw_alert *alerts;
    uint32_t alert_count, alert_capacity;
    struct tw_alert_change *changes;
    uint32_t change_count, change_capacity;
};

/* The part of the interval that one rule set governs: the edges in (after, until]. */
struct piece {
    const struct tw_rule_set *rules;
    int64_t after_us;
    int64_t until_us;
    bool begins; /* the set takes effect here: its first edge is looked at even if nothing happens there */
};

/* ---- making alerts and steps ---- */

/* Room for one element more in an array of the arena: grown by doubling, the old one left behind. */
static void *room_for_one(
    struct tw_arena *arena, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    uint32_t wanted = 8;
    if (*capacity && __builtin_mul_overflow(*capacity, 2, &wanted))
        return NULL;
    void *larger = tw_arena_array(arena, wanted, size);
    if (larger && count)
        memcpy(larger, array, count * size);
    if (larger)
        *capacity = wanted;
    return larger;
}

/* A reason in words, in the arena; bytes == NULL when it is full. */
static struct tw_text TW_PRINTF(2, 3) say(struct tw_arena *arena, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        length = 0;
    return tw_arena_copy(
        arena, (struct tw_text){text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1});
}

/* The one mover of an alert's state: each step goes through here. */
TW_MUST_USE static bool step(struct evaluation *work, uint32_t index, enum tw_alert_step step_kind,
    int64_t edge_us, int64_t value, int64_t documents, struct tw_text reason, struct tw_error *err)
{
    struct tw_alert_change *changes = room_for_one(
        work->arena, work->changes, work->change_count, &work->change_capacity, sizeof *work->changes);
    if (!changes || !reason.bytes)
        return tw_arena_fail(work->arena, err);
    work->changes = changes;
    changes[work->change_count++] =
        (struct tw_alert_change){step_kind, index, edge_us, value, documents, reason};
    struct tw_alert *alert = &work->alerts[index];
    alert->stepped_us = edge_us;
    alert->changed = true;
    if (step_kind == TW_ALERT_RESOLVED)
        alert->resolved_us = edge_us;
    else
        alert->reported = value;
    return true;
}

/* A new alert, not yet stepped; NOBODY when the arena is full. */
static uint32_t new_alert(struct evaluation *work, const struct tw_rule *rule, int64_t edge_us, int64_t value)
{
    struct tw_alert *alerts = room_for_one(
        work->arena, work->alerts, work->alert_count, &work->alert_capacity, sizeof *work->alerts);
    if (!alerts)
        return NOBODY;
    work->alerts = alerts;
    alerts[work->alert_count] = (struct tw_alert){
        .rule = rule->name,
        .symbol = work->input->symbol,
        .kind = rule->kind,
        .measure = rule->measure,
        .severity = rule->severity,
        .opened_us = edge_us,
        .resolved_us = TW_NO_TIME,
        .quiet_since_us = TW_NO_TIME,
        .worst = value,
        .changed = true,
    };
    return work->alert_count++;
}

static uint32_t find_open(const struct evaluation *work, struct tw_text rule)
{
    for (uint32_t at = 0; at < work->alert_count; at++)
        if (work->alerts[at].resolved_us == TW_NO_TIME && tw_text_equal(work->alerts[at].rule, rule))
            return at;
    return NOBODY;
}

/* ---- numbers in words ---- */

static const struct tw_yaml_key a_number = {"", TW_YAML_FIXED, 0, 0, NULL, "", ""};
static const struct tw_yaml_key a_duration = {"", TW_YAML_DURATION, 0, 0, NULL, "", ""};

struct words {
    char text[48];
};

static struct words words_of(const struct tw_yaml_key *key, int64_t number)
{
    struct words words = {""};
    tw_yaml_print(key, number, words.text, sizeof words.text);
    return words;
}

static struct words words_of_documents(int64_t documents)
{
    struct words words = {""};
    snprintf(words.text, sizeof words.text, "%" PRId64 " document%s", documents, documents == 1 ? "" : "s");
    return words;
}

/* ---- threshold ---- */

/* The bars of [edge - width, edge), summed; `edge` only moves on. */
struct window {
    const struct tw_bar_row *bars;
    size_t bar_count;
    int64_t width_us;
    size_t enter; /* the next bar to enter */
    size_t leave; /* the next to leave: [leave, enter) are inside */
    int64_t documents;
    int64_t sum;
    int64_t negative_sum;
};

static int64_t enters_us(const struct window *window)
{
    return window->enter < window->bar_count ? window->bars[window->enter].bar_us + TW_BAR_US : NEVER_US;
}

static int64_t leaves_us(const struct window *window)
{
    return window->leave < window->enter ? window->bars[window->leave].bar_us + TW_BAR_US + window->width_us
                                         : NEVER_US;
}

TW_MUST_USE static bool move_window(struct window *window, int64_t edge_us, struct tw_error *err)
{
    bool large = false;
    while (enters_us(window) <= edge_us) {
        const struct tw_bar_row *bar = &window->bars[window->enter++];
        large |= __builtin_add_overflow(window->documents, bar->count, &window->documents);
        large |= __builtin_add_overflow(window->sum, bar->sum, &window->sum);
        large |= __builtin_add_overflow(window->negative_sum, bar->negative_sum, &window->negative_sum);
        large |= window->documents > MOST_DOCUMENTS;
    }
    while (leaves_us(window) <= edge_us && !large) {
        const struct tw_bar_row *bar = &window->bars[window->leave++];
        window->documents -= bar->count;
        window->sum -= bar->sum;
        window->negative_sum -= bar->negative_sum;
    }
    return large ? tw_fail(err, TW_INTERNAL, NULL, "compare the bars with the scores they were made from",
                       "the sums of a window do not fit into 64 bits")
                 : true;
}

/* Stands at `edge`, without walking through what lies before the window. */
TW_MUST_USE static bool window_at(struct window *window, const struct tw_alerts_input *input,
    int64_t width_us, int64_t edge_us, struct tw_error *err)
{
    size_t low = 0, high = input->bar_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (input->bars[middle].bar_us < edge_us - width_us)
            low = middle + 1;
        else
            high = middle;
    }
    *window = (struct window){input->bars, input->bar_count, width_us, low, low, 0, 0, 0};
    return move_window(window, edge_us, err);
}

static int64_t round_half_to_even(int64_t dividend, int64_t divisor)
{
    int64_t quotient = dividend / divisor;
    int64_t rest = dividend % divisor;
    if (rest < 0) {
        rest += divisor;
        quotient--;
    }
    if (rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0))
        quotient++;
    return quotient;
}

static int64_t measured(const struct tw_rule *rule, const struct window *window)
{
    if (rule->measure == TW_MEASURE_NEGATIVE_SUM)
        return window->negative_sum;
    if (rule->measure == TW_MEASURE_COUNT)
        return window->documents * TW_SENTIMENT_ONE;
    return window->documents ? round_half_to_even(window->sum, window->documents) : 0;
}

/* What is compared; for a mean its dividend. */
static int64_t left_side(const struct tw_rule *rule, const struct window *window)
{
    if (rule->measure == TW_MEASURE_COUNT)
        return window->documents * TW_SENTIMENT_ONE;
    return rule->measure == TW_MEASURE_MEAN ? window->sum : window->negative_sum;
}

/* The measure against a number of the rule, exactly: -1, 0 or 1 as it is less, equal or greater. A mean is
 * compared by cross-multiplication. */
static int compare_measure(const struct tw_rule *rule, const struct window *window, __int128 number)
{
    __int128 left = left_side(rule, window);
    __int128 right = rule->measure == TW_MEASURE_MEAN ? number * window->documents : number;
    return (left > right) - (left < right);
}

static bool holds(const struct tw_rule *rule, const struct window *window)
{
    if (window->documents < rule->at_least)
        return false;
    return rule->measure == TW_MEASURE_COUNT || compare_measure(rule, window, rule->below) < 0;
}

static bool is_past_resolve(const struct tw_rule *rule, const struct window *window)
{
    if (window->documents == 0)
        return true;
    int order = compare_measure(rule, window, rule->resolve);
    return rule->measure == TW_MEASURE_COUNT ? order <= 0 : order >= 0;
}

/* Has the measure come to the reported value times (100 + step)%, or worse? 100 x measure is compared, so the
 * number is 128 bits wide. */
static bool grew_worse(const struct tw_rule *rule, const struct window *window, int64_t reported)
{
    __int128 number = (__int128)reported * (100 + rule->step);
    __int128 left = left_side(rule, window);
    if (rule->measure == TW_MEASURE_MEAN)
        number *= window->documents;
    return rule->measure == TW_MEASURE_COUNT ? left * 100 >= number : left * 100 <= number;
}

static bool is_worse(const struct tw_rule *rule, int64_t value, int64_t than)
{
    return rule->measure == TW_MEASURE_COUNT ? value > than : value < than;
}

/* "negative sum -3.2 over 10m", "42 documents over 5m" */
static struct tw_text TW_PRINTF(4, 5) say_measure(
    struct tw_arena *arena, const struct tw_rule *rule, const struct window *window, const char *format, ...)
{
    static const char *const names[] = {"negative sum ", "mean ", ""};
    char rest[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rest, sizeof rest, format, arguments);
    va_end(arguments);
    struct words value = rule->measure == TW_MEASURE_COUNT ? words_of_documents(window->documents)
                                                           : words_of(&a_number, measured(rule, window));
    struct words of = words_of_documents(window->documents);
    bool counts = rule->measure == TW_MEASURE_COUNT;
    return say(arena, "%s%s over %s%s%s%s", names[rule->measure], value.text,
        words_of(&a_duration, rule->window_us).text, rest, counts ? "" : ", ", counts ? "" : of.text);
}

TW_MUST_USE static bool open_threshold(struct evaluation *work, const struct tw_rule *rule,
    const struct window *window, int64_t edge_us, struct tw_error *err)
{
    int64_t value = measured(rule, window);
    uint32_t index = new_alert(work, rule, edge_us, value);
    if (index == NOBODY)
        return tw_arena_fail(work->arena, err);
    struct tw_text reason =
        rule->measure == TW_MEASURE_COUNT
            ? say_measure(work->arena, rule, window, ", at least %" PRId64, rule->at_least)
            : say_measure(work->arena, rule, window, " is below %s", words_of(&a_number, rule->below).text);
    work->alerts[index].documents = window->documents;
    return step(work, index, TW_ALERT_OPENED, edge_us, value, window->documents, reason, err);
}

TW_MUST_USE static bool update_threshold(struct evaluation *work, uint32_t index, const struct tw_rule *rule,
    const struct window *window, int64_t edge_us, struct tw_error *err)
{
    struct tw_alert *alert = &work->alerts[index];
    struct words before = rule->measure == TW_MEASURE_COUNT
                              ? words_of_documents(alert->reported / TW_SENTIMENT_ONE)
                              : words_of(&a_number, alert->reported);
    alert->severity = rule->severity;
    alert->documents = window->documents;
    return step(work, index, TW_ALERT_UPDATED, edge_us, measured(rule, window), window->documents,
        say_measure(work->arena, rule, window, ", after %s", before.text), err);
}

TW_MUST_USE static bool resolve_threshold(struct evaluation *work, uint32_t index, const struct tw_rule *rule,
    const struct window *window, int64_t edge_us, struct tw_error *err)
{
    work->alerts[index].severity = rule->severity;
    work->alerts[index].documents = window->documents;
    return step(work, index, TW_ALERT_RESOLVED, edge_us, measured(rule, window), window->documents,
        say_measure(work->arena, rule, window, ", quiet for %s", words_of(&a_duration, rule->quiet_us).text),
        err);
}

/* OPEN and QUIET: going there and back is no step, but must be stored. */
static void set_quiet_since(struct tw_alert *alert, int64_t since_us)
{
    alert->changed = alert->changed || alert->quiet_since_us != since_us;
    alert->quiet_since_us = since_us;
}

/* What a threshold rule says at one edge. The value first, then the clock. */
TW_MUST_USE static bool judge(struct evaluation *work, uint32_t index, const struct tw_rule *rule,
    const struct window *window, int64_t edge_us, struct tw_error *err)
{
    if (index == NOBODY)
        return holds(rule, window) ? open_threshold(work, rule, window, edge_us, err) : true;
    struct tw_alert *alert = &work->alerts[index];
    int64_t value = measured(rule, window);
    if (is_worse(rule, value, alert->worst)) {
        alert->worst = value;
        alert->changed = true;
    }
    if (!is_past_resolve(rule, window)) {
        set_quiet_since(alert, TW_NO_TIME);
        if (holds(rule, window) && grew_worse(rule, window, alert->reported))
            return update_threshold(work, index, rule, window, edge_us, err);
        return true;
    }
    if (alert->quiet_since_us == TW_NO_TIME)
        set_quiet_since(alert, edge_us);
    if (edge_us - alert->quiet_since_us >= rule->quiet_us)
        return resolve_threshold(work, index, rule, window, edge_us, err);
    return true;
}

static int64_t lower(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* The edge at which an alert's quiet time is over; never one that lies behind us. */
static int64_t deadline_us(
    const struct evaluation *work, uint32_t index, const struct tw_rule *rule, const struct piece *piece)
{
    if (index == NOBODY || work->alerts[index].quiet_since_us == TW_NO_TIME)
        return NEVER_US;
    int64_t over_us = work->alerts[index].quiet_since_us + rule->quiet_us;
    return over_us > piece->after_us ? over_us : piece->after_us + TW_BAR_US;
}

/* From one edge at which something can change to the next. */
TW_MUST_USE static bool run_threshold(
    struct evaluation *work, const struct piece *piece, const struct tw_rule *rule, struct tw_error *err)
{
    struct window window;
    if (!window_at(&window, work->input, rule->window_us, piece->after_us, err))
        return false;
    bool first = piece->begins;
    for (;;) {
        uint32_t index = find_open(work, rule->name);
        int64_t edge_us = lower(enters_us(&window), leaves_us(&window));
        edge_us = lower(edge_us, deadline_us(work, index, rule, piece));
        edge_us = first ? piece->after_us + TW_BAR_US : edge_us;
        if (edge_us > piece->until_us)
            return true;
        first = false;
        if (!move_window(&window, edge_us, err) || !judge(work, index, rule, &window, edge_us, err))
            return false;
    }
}

/* ---- headline ---- */

/* Worst first; then the order of event time; then where it stood. */
static int compare_worst(const struct tw_headline_event *left, const struct tw_headline_event *right)
{
    if (left->sentiment != right->sentiment)
        return left->sentiment < right->sentiment ? -1 : 1;
    if (left->event_us != right->event_us)
        return left->event_us < right->event_us ? -1 : 1;
    int order = tw_text_compare(left->topic, right->topic);
    if (order != 0)
        return order;
    if (left->partition != right->partition)
        return left->partition < right->partition ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

static int compare_seen(const void *left, const void *right)
{
    const struct seen_event *one = left;
    const struct seen_event *other = right;
    int order = tw_text_compare(one->event->rule, other->event->rule);
    if (order != 0)
        return order;
    if (one->edge_us != other->edge_us)
        return one->edge_us < other->edge_us ? -1 : 1;
    return compare_worst(one->event, other->event);
}

/* Those that this interval sees, sorted. A late one is seen at the first edge. */
TW_MUST_USE static bool see_events(struct evaluation *work, struct tw_error *err)
{
    const struct tw_alerts_input *input = work->input;
    work->events = tw_arena_array(work->arena, input->event_count, sizeof *work->events);
    if (!work->events)
        return tw_arena_fail(work->arena, err);
    for (size_t at = 0; at < input->event_count; at++) {
        int64_t edge_us = tw_bar_end(input->events[at].event_us);
        if (edge_us <= input->from_us)
            edge_us = input->from_us + TW_BAR_US;
        if (edge_us <= input->to_us)
            work->events[work->event_count++] = (struct seen_event){&input->events[at], edge_us};
    }
    if (work->event_count > 1)
        qsort(work->events, work->event_count, sizeof *work->events, compare_seen);
    return true;
}

/* The first event of the rule at an edge after `after_us`; event_count when there is none. */
static size_t first_event(const struct evaluation *work, struct tw_text rule, int64_t after_us)
{
    const struct tw_headline_event wanted = {.rule = rule};
    size_t low = 0, high = work->event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tw_text_compare(work->events[middle].event->rule, wanted.rule);
        if (order < 0 || (order == 0 && work->events[middle].edge_us <= after_us))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_event_of(const struct evaluation *work, size_t at, struct tw_text rule)
{
    return at < work->event_count && tw_text_equal(work->events[at].event->rule, rule);
}

/* A keyword may be long: cut where a character begins. */
static struct tw_text shortened(struct tw_text text)
{
    size_t length = text.length < 100 ? text.length : 100;
    while (length < text.length && length > 0 && ((unsigned char)text.bytes[length] & 0xC0) == 0x80)
        length--;
    return (struct tw_text){text.bytes, length};
}

static struct tw_text say_headline(
    struct tw_arena *arena, const struct tw_headline_event *worst, int64_t headlines)
{
    struct tw_text keyword = shortened(worst->keyword);
    struct words sentiment = words_of(&a_number, worst->sentiment);
    char of[64] = "of one document";
    if (headlines > 1)
        snprintf(of, sizeof of, "the worst of %" PRId64 " documents", headlines);
    return keyword.length ? say(arena, "sentiment %s %s, keyword \"%.*s\"", sentiment.text, of,
                                (int)keyword.length, keyword.bytes)
                          : say(arena, "sentiment %s %s", sentiment.text, of);
}

/* All headlines of one edge are one step. */
TW_MUST_USE static bool hear_headlines(struct evaluation *work, uint32_t index, const struct tw_rule *rule,
    const struct seen_event *seen, int64_t headlines, struct tw_error *err)
{
    const struct tw_headline_event *worst = seen->event;
    enum tw_alert_step kind = index == NOBODY ? TW_ALERT_OPENED : TW_ALERT_UPDATED;
    if (index == NOBODY)
        index = new_alert(work, rule, seen->edge_us, worst->sentiment);
    if (index == NOBODY)
        return tw_arena_fail(work->arena, err);
    struct tw_alert *alert = &work->alerts[index];
    alert->severity = rule->severity;
    alert->documents += headlines;
    alert->worst = lower(alert->worst, worst->sentiment);
    set_quiet_since(alert, seen->edge_us);
    return step(work, index, kind, seen->edge_us, worst->sentiment, headlines,
        say_headline(work->arena, worst, headlines), err);
}

TW_MUST_USE static bool run_headline(
    struct evaluation *work, const struct piece *piece, const struct tw_rule *rule, struct tw_error *err)
{
    size_t at = first_event(work, rule->name, piece->after_us);
    for (;;) {
        uint32_t index = find_open(work, rule->name);
        int64_t over_us = deadline_us(work, index, rule, piece);
        int64_t heard_us = is_event_of(work, at, rule->name) ? work->events[at].edge_us : NEVER_US;
        if (lower(over_us, heard_us) > piece->until_us)
            return true;
        if (heard_us <= over_us) {
            size_t begin = at;
            while (is_event_of(work, at, rule->name) && work->events[at].edge_us == heard_us)
                at++;
            if (!hear_headlines(work, index, rule, &work->events[begin], (int64_t)(at - begin), err))
                return false;
            continue;
        }
        work->alerts[index].severity = rule->severity;
        if (!step(work, index, TW_ALERT_RESOLVED, over_us, work->alerts[index].reported, 0,
                say(work->arena, "no further headline for %s", words_of(&a_duration, rule->quiet_us).text),
                err))
            return false;
    }
}

/* ---- rule sets ---- */

/* Why an open alert cannot go on under this set; NULL when it can. */
static const char *orphaned(
    const struct tw_alerts_input *input, const struct tw_rule_set *rules, const struct tw_alert *alert)
{
    const struct tw_rule *rule = tw_rules_find(rules, alert->rule);
    if (!rule)
        return "the rule is gone";
    if (rule->kind != alert->kind)
        return "the rule is of another kind now";
    if (rule->kind == TW_RULE_THRESHOLD && rule->measure != alert->measure)
        return "the rule measures something else now";
    if (!tw_rule_covers(rule, input->symbol, input->listed))
        return "the rule does not cover the entity any more";
    return NULL;
}

TW_MUST_USE static bool resolve_orphans(
    struct evaluation *work, const struct piece *piece, struct tw_error *err)
{
    for (uint32_t at = 0; at < work->alert_count; at++) {
        const struct tw_alert *alert = &work->alerts[at];
        const char *reason =
            alert->resolved_us == TW_NO_TIME ? orphaned(work->input, piece->rules, alert) : NULL;
        if (reason && !step(work, at, TW_ALERT_RESOLVED, piece->after_us + TW_BAR_US, alert->reported,
                          alert->documents, say(work->arena, "%s", reason), err))
            return false;
    }
    return true;
}

static int compare_changes(const void *left, const void *right, void *context)
{
    const struct tw_alert_change *one = left;
    const struct tw_alert_change *other = right;
    const struct evaluation *work = context;
    if (one->at_us != other->at_us)
        return one->at_us < other->at_us ? -1 : 1;
    int order = tw_text_compare(work->alerts[one->alert].rule, work->alerts[other->alert].rule);
    if (order != 0)
        return order;
    return (one->alert > other->alert) - (one->alert < other->alert);
}

TW_MUST_USE static bool run_piece(struct evaluation *work, const struct piece *piece, struct tw_error *err)
{
    typedef bool runner(struct evaluation *, const struct piece *, const struct tw_rule *, struct tw_error *);
    static runner *const runners[] = {[TW_RULE_THRESHOLD] = run_threshold, [TW_RULE_HEADLINE] = run_headline};
    uint32_t before = work->change_count;
    if (!resolve_orphans(work, piece, err))
        return false;
    for (uint32_t at = 0; at < piece->rules->count; at++) {
        const struct tw_rule *rule = &piece->rules->rules[at];
        if (tw_rule_covers(rule, work->input->symbol, work->input->listed) &&
            !runners[rule->kind](work, piece, rule, err))
            return false;
    }
    /* Made rule by rule, told edge by edge. */
    if (work->change_count - before > 1)
        qsort_r(work->changes + before, work->change_count - before, sizeof *work->changes, compare_changes,
            work);
    return true;
}

/* ---- the whole ---- */

static bool is_edge(int64_t time_us)
{
    return time_us % TW_BAR_US == 0 && time_us > -FAR_US && time_us < FAR_US;
}

static bool check_bars(const struct tw_alerts_input *input, struct tw_error *err)
{
    for (size_t at = 0; at < input->bar_count; at++) {
        if (!is_edge(input->bars[at].bar_us) ||
            (at > 0 && input->bars[at - 1].bar_us >= input->bars[at].bar_us))
            return tw_fail(err, TW_INTERNAL, NULL, NULL,
                "bar %zu, of %" PRId64 ", is out of order or off the grid", at, input->bars[at].bar_us);
    }
    return true;
}

static bool check_spans(const struct tw_alerts_input *input, struct tw_error *err)
{
    for (uint32_t at = 0; at < input->span_count; at++) {
        int64_t holds_from = input->spans[at].holds_from_us;
        bool first = at == 0 && holds_from == TW_NO_TIME;
        if ((!first && !is_edge(holds_from)) || (at > 0 && input->spans[at - 1].holds_from_us >= holds_from))
            return tw_fail(err, TW_INTERNAL, NULL, NULL,
                "rule set %u, from %" PRId64 ", is out of order or off the grid", at, holds_from);
    }
    return true;
}

/* What is wrong with one alert of those that came in; NULL when nothing is. */
static const char *broken_alert(const struct tw_alerts_input *input, uint32_t at)
{
    const struct tw_alert *alert = &input->open[at];
    bool quiet = alert->quiet_since_us != TW_NO_TIME;
    if (alert->resolved_us != TW_NO_TIME)
        return "is resolved";
    if (quiet && (!is_edge(alert->quiet_since_us) || alert->quiet_since_us > input->from_us))
        return "is quiet since no edge of the past";
    if (!quiet && alert->kind == TW_RULE_HEADLINE)
        return "is a headline's and not quiet";
    for (uint32_t before = 0; before < at; before++)
        if (tw_text_equal(input->open[before].rule, alert->rule))
            return "is the second of its rule";
    return NULL;
}

static bool check_open(const struct tw_alerts_input *input, struct tw_error *err)
{
    for (uint32_t at = 0; at < input->open_count; at++) {
        const char *broken = broken_alert(input, at);
        struct tw_text rule = shortened(input->open[at].rule);
        if (broken)
            return tw_fail(err, TW_INTERNAL, NULL, NULL, "open alert %u, of rule %.*s, %s", at,
                (int)rule.length, rule.bytes, broken);
    }
    return true;
}

static bool check_input(const struct tw_alerts_input *input, struct tw_error *err)
{
    if (!is_edge(input->from_us) || !is_edge(input->to_us) || input->from_us > input->to_us)
        return tw_fail(err, TW_INTERNAL, NULL, NULL,
            "interval (%" PRId64 ", %" PRId64 "] does not go from one bar's edge to a later one",
            input->from_us, input->to_us);
    return check_bars(input, err) && check_spans(input, err) && check_open(input, err);
}

TW_MUST_USE static bool begin(struct evaluation *work, struct tw_error *err)
{
    const struct tw_alerts_input *input = work->input;
    work->alert_capacity = input->open_count;
    work->alert_count = input->open_count;
    work->alerts = tw_arena_array(work->arena, input->open_count, sizeof *work->alerts);
    if (!work->alerts)
        return tw_arena_fail(work->arena, err);
    for (uint32_t at = 0; at < input->open_count; at++) {
        work->alerts[at] = input->open[at];
        work->alerts[at].changed = false;
    }
    return see_events(work, err);
}

/* The edges in (from, to] that span `at` governs. */
static struct piece piece_of(const struct tw_alerts_input *input, uint32_t at)
{
    int64_t from = input->spans[at].holds_from_us;
    int64_t next = at + 1 < input->span_count ? input->spans[at + 1].holds_from_us : NEVER_US;
    bool begins = from >= input->from_us;
    return (struct piece){
        .rules = input->spans[at].rules,
        .after_us = begins ? from : input->from_us,
        .until_us = lower(next, input->to_us),
        .begins = begins,
    };
}

bool tw_alerts_evaluate(const struct tw_alerts_input *input, struct tw_arena *arena,
    struct tw_alerts_output *output, struct tw_error *err)
{
    struct evaluation work = {.input = input, .arena = arena};
    *output = (struct tw_alerts_output){0};
    if (!check_input(input, err) || !begin(&work, err))
        return false;
    for (uint32_t at = 0; at < input->span_count; at++) {
        struct piece piece = piece_of(input, at);
        if (piece.after_us < piece.until_us && !run_piece(&work, &piece, err))
            return false;
    }
    *output = (struct tw_alerts_output){work.alerts, work.alert_count, work.changes, work.change_count};
    return true;
}
