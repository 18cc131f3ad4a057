#include "rule_kinds/threshold.h"

#include "rule_kinds/judge.h"
#include "time/window.h"

#include <inttypes.h>
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

/* The measure against a number of the rule, exactly: -1, 0 or 1 as it is less, equal or greater. A mean is
 * compared by cross-multiplication. */
static int compare_measure(
    const struct tw_threshold *threshold, const struct tw_window *window, __int128 number)
{
    bool divides = threshold->measure == TW_MEASURE_MEAN;
    __int128 left = divides ? window->sum : measured(threshold, window);
    __int128 right = divides ? number * window->documents : number;
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

/* -- one edge -------------------------------------------------------------------------------------------- */

/* One rule over one entity. */
struct work {
    const struct tw_rule *rule;
    const struct tw_threshold *threshold;
    struct tw_window window;
};

static int64_t changes_us(const void *context, int64_t after_us)
{
    const struct work *work = context;
    (void)after_us; /* where the window stands */
    return tw_window_next_us(&work->window);
}

/* The value that opens; that of a count takes `min_stories` in. */
static int64_t opens_at(const struct tw_threshold *threshold)
{
    int64_t least =
        threshold->at_least > threshold->min_stories ? threshold->at_least : threshold->min_stories;
    return threshold->measure == TW_MEASURE_COUNT ? least * TW_SENTIMENT_ONE : threshold->below;
}

static bool find_measure(void *context, int64_t edge_us, struct tw_finding *finding, struct tw_error *err)
{
    struct work *work = context;
    const struct tw_window *window = &work->window;
    if (!tw_window_move(&work->window, edge_us, err))
        return false;
    finding->value = measured(work->threshold, window);
    if (work->threshold->measure == TW_MEASURE_MEAN) {
        finding->dividend = window->sum;
        finding->divisor = window->documents;
    }
    finding->documents = window->documents;
    finding->numbers.opens = opens_at(work->threshold);
    finding->numbers.resolves = work->threshold->resolve;
    finding->holds = holds(work->threshold, window);
    finding->is_past = is_past_resolve(work->threshold, window);
    return true;
}

/* Why it opens: " is below -3.0", ", at least 40". */
static struct tw_phrase say_condition(const void *context)
{
    const struct tw_threshold *threshold = ((const struct work *)context)->threshold;
    struct tw_phrase words = {""};
    if (threshold->measure == TW_MEASURE_COUNT)
        snprintf(words.text, sizeof words.text, ", at least %" PRId64, threshold->at_least);
    else
        snprintf(
            words.text, sizeof words.text, " is below %.24s", tw_phrase_of_number(threshold->below).text);
    return words;
}

/* "negative sum -3.2 over 10m is below -3.0, 12 documents", "42 documents over 5m, quiet for 30m" */
static struct tw_text say_measure(const void *context, const char *tail, struct tw_steps *steps)
{
    static const char *const names[] = {"negative sum ", "mean ", ""};
    const struct work *work = context;
    const struct tw_threshold *threshold = work->threshold;
    bool counts = threshold->measure == TW_MEASURE_COUNT;
    struct tw_phrase of = tw_phrase_of_documents(work->window.documents);
    struct tw_phrase value = counts ? of : tw_phrase_of_number(measured(threshold, &work->window));
    return tw_steps_say(steps, "%s%s over %s%s%s%s", names[threshold->measure], value.text,
        tw_phrase_of_duration(work->rule->window_us).text, tail, counts ? "" : ", ", counts ? "" : of.text);
}

static struct tw_phrase say_value(const void *context, int64_t value)
{
    const struct work *work = context;
    return work->threshold->measure == TW_MEASURE_COUNT ? tw_phrase_of_documents(value / TW_SENTIMENT_ONE)
                                                        : tw_phrase_of_number(value);
}

static bool run_threshold(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    static const struct tw_judge_kind kind = {
        changes_us, find_measure, say_measure, say_condition, say_value};
    struct work work = {.rule = run->rule, .threshold = tw_threshold_of(run->rule)};
    const struct tw_judge judge = {.kind = &kind,
        .context = &work,
        .steps = steps,
        .rises = work.threshold->measure == TW_MEASURE_COUNT,
        .step = work.threshold->step};
    return tw_window_begin(
               &work.window, run->bars, run->bar_count, run->rule->window_us, run->after_us, err) &&
           tw_judge_run(&judge, run, err);
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
