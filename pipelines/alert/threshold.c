#include "alert/threshold.h"

#include "alert/steps.h"
#include "alert/window.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define MOST_SUM INT64_C(10000000000) /* 1,000,000.0 */
#define MOST_RESOLVE INT64_C(10000000000000)

static const char *const measure_names[] = {"negative_sum", "mean", "count", NULL};

/* Its own keys, behind the common ones. */
enum { MEASURE, WINDOW, BELOW, AT_LEAST, MIN_STORIES, RESOLVE, UPDATE_STEP, OWN_KEYS };
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("30m"),
    {"measure", TW_YAML_CHOICE, 0, 0, measure_names, "negative_sum",
        "what is compared: the sum of negative sentiments, the mean sentiment, or the count of documents"},
    {"window", TW_YAML_DURATION, TW_BAR_US, TW_RULE_LONGEST_US, NULL, NULL,
        "event time looked back over from a closed bar's end; a multiple of 10s"},
    {"below", TW_YAML_FIXED, -MOST_SUM, -1, NULL, "",
        "opens when the measure is below this; needed, unless documents are counted"},
    {"at_least", TW_YAML_COUNT, 1, 1000000000, NULL, "1",
        "documents in the window without which it never opens; for `count` the condition itself, and needed"},
    {"min_stories", TW_YAML_COUNT, 1, 1000000000, NULL, "",
        "stories in the window without which it never opens; needs `stories.enabled`, where documents count once a story"},
    {"resolve", TW_YAML_FIXED, -MOST_RESOLVE, MOST_RESOLVE, NULL, "",
        "quiet is from this value on (`count`: down from it); left out, half of `below`, or of `at_least`"},
    {"update_step", TW_YAML_PERCENT, 1, 1000, NULL, "50%",
        "an open alert is updated when its value is worse than the last one reported by this much"},
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

static const struct tw_yaml_key *const own_keys = keys + TW_RULE_COMMON_KEYS;

/* -- reading and writing --------------------------------------------------------------------------------- */

/* What opens: `below` for sums and means, `at_least` for a count. */
static bool check_condition(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, const struct tw_yaml_value *values)
{
    int64_t measure = values[MEASURE].number;
    const struct tw_yaml_value *below = &values[BELOW];
    if (measure == TW_MEASURE_COUNT && !values[AT_LEAST].node)
        return tw_yaml_problem(reader->problems, node, "add `at_least:`, a whole number without a unit",
            "a threshold rule that counts needs \"at_least\"");
    if (measure == TW_MEASURE_COUNT && below->node)
        return tw_yaml_problem(reader->problems, below->node,
            "take it out, or measure negative_sum or mean instead", "a count is never \"below\"");
    if (measure != TW_MEASURE_COUNT && !below->node)
        return tw_yaml_problem(reader->problems, node, "add `below:`, a number of at most 4 decimal places",
            "a threshold rule needs \"below\"");
    if (measure == TW_MEASURE_MEAN && below->has_value && below->number <= -TW_SENTIMENT_ONE)
        return tw_yaml_problem(reader->problems, below->node, "write a value from -0.9999 to -0.0001",
            "no mean can be \"below\" %.*s", (int)below->node->text.length, below->node->text.bytes);
    return true;
}

/* `resolve` must not lie where the condition holds, or an alert could open and be quiet at once. */
static bool read_resolve(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_threshold *threshold)
{
    static const int64_t highest[] = {
        [TW_MEASURE_NEGATIVE_SUM] = 0, [TW_MEASURE_MEAN] = TW_SENTIMENT_ONE, [TW_MEASURE_COUNT] = 0};
    bool counts = threshold->measure == TW_MEASURE_COUNT;
    int64_t condition = counts ? threshold->at_least * TW_SENTIMENT_ONE : threshold->below;
    int64_t least = counts ? 0 : condition;
    int64_t most = counts ? condition - 1 : highest[threshold->measure];
    threshold->resolve = value->node ? value->number : condition / 2;
    if (!value->node || (threshold->resolve >= least && threshold->resolve <= most))
        return true; /* half of the condition's number is always in range */
    char cure[128], from[32], to[32];
    tw_yaml_print(&own_keys[RESOLVE], least, from, sizeof from);
    tw_yaml_print(&own_keys[RESOLVE], most, to, sizeof to);
    snprintf(cure, sizeof cure, "write a value from %s to %s", from, to);
    return tw_yaml_problem(reader->problems, value->node, cure,
        "\"resolve\" is out of range for this rule: %.*s", (int)value->node->text.length,
        value->node->text.bytes);
}

static bool read_threshold(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    struct tw_threshold *threshold = tw_arena_array(reader->arena, 1, sizeof *threshold);
    if (!threshold)
        return tw_rule_no_memory(reader, node);
    rule->settings = threshold;
    bool right = tw_rule_whole_bars(reader, &values[WINDOW], &own_keys[WINDOW]);
    if (!values[MEASURE].has_value)
        return false;
    right = check_condition(reader, node, values) && right;
    right = tw_rule_has_stories(reader, &values[MIN_STORIES]) && right;
    rule->measure = measure_names[values[MEASURE].number];
    rule->window_us = values[WINDOW].number;
    threshold->measure = (enum tw_measure)values[MEASURE].number;
    threshold->at_least = values[AT_LEAST].number;
    threshold->min_stories = values[MIN_STORIES].has_value ? values[MIN_STORIES].number : 0;
    threshold->below = values[BELOW].number;
    threshold->step = values[UPDATE_STEP].number;
    /* Without a sound condition there is nothing to hold `resolve` against. */
    bool sound = right && values[AT_LEAST].has_value &&
                 (threshold->measure == TW_MEASURE_COUNT || values[BELOW].has_value);
    bool resolve_read = values[RESOLVE].has_value || !values[RESOLVE].node;
    return sound && resolve_read ? read_resolve(reader, &values[RESOLVE], threshold) : right;
}

static bool write_threshold(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_threshold *threshold = tw_threshold_of(rule);
    const int64_t numbers[OWN_KEYS] = {
        [MEASURE] = threshold->measure,
        [WINDOW] = rule->window_us,
        [BELOW] = threshold->below,
        [AT_LEAST] = threshold->at_least,
        [MIN_STORIES] = threshold->min_stories,
        [RESOLVE] = threshold->resolve,
        [UPDATE_STEP] = threshold->step,
    };
    value->number = numbers[key];
    if (key == MIN_STORIES)
        return threshold->min_stories > 0;
    return key != BELOW || threshold->measure != TW_MEASURE_COUNT;
}

/* -- the measure, compared ------------------------------------------------------------------------------- */

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

static int64_t measured(const struct tw_threshold *threshold, const struct tw_window *window)
{
    if (threshold->measure == TW_MEASURE_NEGATIVE_SUM)
        return window->negative_sum;
    if (threshold->measure == TW_MEASURE_COUNT)
        return window->documents * TW_SENTIMENT_ONE;
    return window->documents ? round_half_to_even(window->sum, window->documents) : 0;
}

/* What is compared; for a mean its dividend. */
static int64_t left_side(const struct tw_threshold *threshold, const struct tw_window *window)
{
    if (threshold->measure == TW_MEASURE_COUNT)
        return window->documents * TW_SENTIMENT_ONE;
    return threshold->measure == TW_MEASURE_MEAN ? window->sum : window->negative_sum;
}

/* The measure against a number of the rule, exactly: -1, 0 or 1 as it is less, equal or greater. A mean is
 * compared by cross-multiplication. */
static int compare_measure(
    const struct tw_threshold *threshold, const struct tw_window *window, __int128 number)
{
    __int128 left = left_side(threshold, window);
    __int128 right = threshold->measure == TW_MEASURE_MEAN ? number * window->documents : number;
    return (left > right) - (left < right);
}

static bool holds(const struct tw_threshold *threshold, const struct tw_window *window)
{
    if (window->documents < threshold->at_least || window->documents < threshold->min_stories)
        return false;
    return threshold->measure == TW_MEASURE_COUNT || compare_measure(threshold, window, threshold->below) < 0;
}

static bool is_past_resolve(const struct tw_threshold *threshold, const struct tw_window *window)
{
    if (window->documents == 0)
        return true;
    int order = compare_measure(threshold, window, threshold->resolve);
    return threshold->measure == TW_MEASURE_COUNT ? order <= 0 : order >= 0;
}

/* Has the measure come to the reported value times (100 + step)%, or worse? 100 x measure is compared, so the
 * number is 128 bits wide. */
static bool grew_worse(const struct tw_threshold *threshold, const struct tw_window *window, int64_t reported)
{
    __int128 number = (__int128)reported * (100 + threshold->step);
    __int128 left = left_side(threshold, window);
    if (threshold->measure == TW_MEASURE_MEAN)
        number *= window->documents;
    return threshold->measure == TW_MEASURE_COUNT ? left * 100 >= number : left * 100 <= number;
}

static bool is_worse(const struct tw_threshold *threshold, int64_t value, int64_t than)
{
    return threshold->measure == TW_MEASURE_COUNT ? value > than : value < than;
}

/* -- one edge -------------------------------------------------------------------------------------------- */

/* One rule over one entity, at one edge. */
struct edge {
    const struct tw_rule *rule;
    const struct tw_threshold *threshold;
    struct tw_steps *steps;
    struct tw_window window;
    int64_t edge_us;
};

/* "negative sum -3.2 over 10m", "42 documents over 5m" */
static struct tw_text TW_PRINTF(2, 3) say_measure(const struct edge *edge, const char *format, ...)
{
    static const char *const names[] = {"negative sum ", "mean ", ""};
    const struct tw_threshold *threshold = edge->threshold;
    char rest[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rest, sizeof rest, format, arguments);
    va_end(arguments);
    bool counts = threshold->measure == TW_MEASURE_COUNT;
    struct tw_phrase of = tw_phrase_of_documents(edge->window.documents);
    struct tw_phrase value = counts ? of : tw_phrase_of_number(measured(threshold, &edge->window));
    return tw_steps_say(edge->steps, "%s%s over %s%s%s%s", names[threshold->measure], value.text,
        tw_phrase_of_duration(edge->rule->window_us).text, rest, counts ? "" : ", ", counts ? "" : of.text);
}

TW_MUST_USE static bool open_alert(const struct edge *edge, struct tw_error *err)
{
    const struct tw_threshold *threshold = edge->threshold;
    int64_t value = measured(threshold, &edge->window);
    uint32_t index = tw_steps_open(edge->steps, edge->rule, edge->edge_us, value);
    if (index == TW_NO_ALERT)
        return tw_arena_fail(edge->steps->arena, err);
    struct tw_text reason =
        threshold->measure == TW_MEASURE_COUNT
            ? say_measure(edge, ", at least %" PRId64, threshold->at_least)
            : say_measure(edge, " is below %s", tw_phrase_of_number(threshold->below).text);
    edge->steps->alerts[index].documents = edge->window.documents;
    return tw_steps_take(
        edge->steps, index, TW_ALERT_OPENED, edge->edge_us, value, edge->window.documents, reason, err);
}

/* An open alert is updated or resolved; its rule's severity and its documents are those of this edge from now
 * on. */
TW_MUST_USE static bool step_alert(const struct edge *edge, uint32_t index, enum tw_alert_step step,
    struct tw_text reason, struct tw_error *err)
{
    struct tw_alert *alert = &edge->steps->alerts[index];
    alert->severity = edge->rule->severity;
    alert->documents = edge->window.documents;
    return tw_steps_take(edge->steps, index, step, edge->edge_us, measured(edge->threshold, &edge->window),
        edge->window.documents, reason, err);
}

TW_MUST_USE static bool update_alert(const struct edge *edge, uint32_t index, struct tw_error *err)
{
    int64_t reported = edge->steps->alerts[index].reported;
    struct tw_phrase before = edge->threshold->measure == TW_MEASURE_COUNT
                                  ? tw_phrase_of_documents(reported / TW_SENTIMENT_ONE)
                                  : tw_phrase_of_number(reported);
    return step_alert(edge, index, TW_ALERT_UPDATED, say_measure(edge, ", after %s", before.text), err);
}

/* What the rule says at one edge. The value first, then the clock. */
TW_MUST_USE static bool judge(const struct edge *edge, uint32_t index, struct tw_error *err)
{
    const struct tw_threshold *threshold = edge->threshold;
    if (index == TW_NO_ALERT)
        return holds(threshold, &edge->window) ? open_alert(edge, err) : true;
    struct tw_alert *alert = &edge->steps->alerts[index];
    int64_t value = measured(threshold, &edge->window);
    if (is_worse(threshold, value, alert->worst)) {
        alert->worst = value;
        alert->changed = true;
    }
    if (!is_past_resolve(threshold, &edge->window)) {
        tw_steps_quiet(edge->steps, index, TW_NO_TIME);
        if (holds(threshold, &edge->window) && grew_worse(threshold, &edge->window, alert->reported))
            return update_alert(edge, index, err);
        return true;
    }
    if (alert->quiet_since_us == TW_NO_TIME)
        tw_steps_quiet(edge->steps, index, edge->edge_us);
    if (edge->edge_us - alert->quiet_since_us < edge->rule->quiet_us)
        return true;
    return step_alert(edge, index, TW_ALERT_RESOLVED,
        say_measure(edge, ", quiet for %s", tw_phrase_of_duration(edge->rule->quiet_us).text), err);
}

/* From one edge at which something can change to the next: where a bar enters or leaves, and where quiet
 * ends. */
static bool run_threshold(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    struct edge edge = {.rule = run->rule, .threshold = tw_threshold_of(run->rule), .steps = steps};
    bool first = run->begins;
    if (!tw_window_begin(&edge.window, run->bars, run->bar_count, run->rule->window_us, run->after_us, err))
        return false;
    for (;;) {
        uint32_t index = tw_steps_find(steps, run->rule->name);
        int64_t moves_us = tw_window_next_us(&edge.window);
        int64_t over_us = tw_steps_quiet_over_us(steps, index, run->rule, run->after_us);
        edge.edge_us = moves_us < over_us ? moves_us : over_us;
        if (first)
            edge.edge_us = run->after_us + TW_BAR_US;
        if (edge.edge_us > run->until_us)
            return true;
        first = false;
        if (!tw_window_move(&edge.window, edge.edge_us, err) || !judge(&edge, index, err))
            return false;
    }
}

const struct tw_rule_kind tw_threshold_kind = {
    .name = "threshold",
    .prose = "many documents: a measure over a window of closed bars",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_threshold,
    .write = write_threshold,
    .run = run_threshold,
};
