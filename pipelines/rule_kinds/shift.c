#include "rule_kinds/shift.h"

#include "rule_kinds/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ONE_WEIGHT (INT64_C(1) << 32)
#define MAD_SQUARED INT64_C(219810276) /* 1.4826^2, in 100,000,000ths */
#define MAD_SQUARED_ONE INT64_C(100000000)
#define LEAST_DEVIATION INT64_C(500) /* 0.05, in 10,000ths */
#define MOST_DOCUMENTS (INT64_C(1) << 30)
#define MOST_Z INT64_C(400000) /* no mean is further than 2 away, and 2 / 0.05 is 40 */

/* Its own keys, behind the common ones. */
enum {
    WINDOW,
    DAYS,
    HALF_LIFE,
    AT_LEAST,
    MIN_STORIES,
    AT_LEAST_DAYS,
    Z_BELOW,
    RESOLVE,
    UPDATE_STEP,
    OWN_KEYS
};
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("1h"),
    {"window", TW_YAML_DURATION, TW_BAR_US, TW_RULE_LONGEST_US, NULL, NULL,
        "event time looked back over from a closed bar's end; a multiple of 10s"},
    {"days", TW_YAML_COUNT, 1, TW_BASELINE_MOST_DAYS, NULL, "30",
        "whole days (UTC) before the window that make the baseline"},
    {"half_life", TW_YAML_COUNT, 1, 365, NULL, "10", "days after which a day of the baseline counts half"},
    {"at_least", TW_YAML_COUNT, 1, 1000000000, NULL, "5",
        "documents in the window without which it never opens"},
    {"min_stories", TW_YAML_COUNT, 1, 1000000000, NULL, "",
        "stories in the window without which it never opens; needs `stories.enabled`, where documents count once a story"},
    {"at_least_days", TW_YAML_COUNT, 1, TW_BASELINE_MOST_DAYS, NULL, "10",
        "days with documents in the baseline without which it says nothing"},
    {"z_below", TW_YAML_FIXED, -MOST_Z, -1, NULL, "-4.0",
        "opens when the mean lies below the baseline's by more than this many deviations"},
    {"resolve", TW_YAML_FIXED, -MOST_Z, MOST_Z, NULL, "",
        "quiet is from this many deviations on; left out, half of `z_below`"},
    {"update_step", TW_YAML_PERCENT, 1, 1000, NULL, "25%",
        "an open alert is updated when z is worse than the last one reported by this much"},
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

/* -- reading and writing --------------------------------------------------------------------------------- */

/* One day's weight by the day before's: the largest number of which the half_life-th power is a half. */
static int64_t decay_of(int64_t half_life)
{
    int64_t low = 0, high = ONE_WEIGHT;
    while (low + 1 < high) {
        int64_t middle = (low + high) / 2;
        uint64_t power = (uint64_t)ONE_WEIGHT;
        for (int64_t day = 0; day < half_life; day++)
            power = (uint64_t)(((unsigned __int128)power * (uint64_t)middle) >> 32);
        if (power <= (uint64_t)ONE_WEIGHT / 2)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void fill_weights(struct tw_shift *shift)
{
    int64_t decay = decay_of(shift->half_life);
    uint64_t weight = (uint64_t)ONE_WEIGHT;
    for (int age = 0; age < TW_BASELINE_MOST_DAYS; age++) {
        shift->weights[age] = weight > 0 ? (int64_t)weight : 1;
        weight = (uint64_t)(((unsigned __int128)weight * (uint64_t)decay) >> 32);
    }
}

/* `resolve` must not lie where the condition holds. */
static bool read_resolve(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_shift *shift)
{
    shift->resolve = value->node ? value->number : shift->z_below / 2;
    if (!value->node || !value->has_value || shift->resolve >= shift->z_below)
        return true;
    char cure[96], from[32];
    tw_yaml_print(&keys[TW_RULE_COMMON_KEYS + Z_BELOW], shift->z_below, from, sizeof from);
    snprintf(cure, sizeof cure, "write a value from %s on", from);
    return tw_yaml_problem(reader->problems, value->node, cure,
        "\"resolve\" is out of range for this rule: %.*s", (int)value->node->text.length,
        value->node->text.bytes);
}

static bool read_shift(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    struct tw_shift *shift = tw_arena_array(reader->arena, 1, sizeof *shift);
    if (!shift)
        return tw_rule_no_memory(reader, node);
    *shift = (struct tw_shift){.days = values[DAYS].number,
        .half_life = values[HALF_LIFE].number,
        .at_least = values[AT_LEAST].number,
        .min_stories = values[MIN_STORIES].has_value ? values[MIN_STORIES].number : 0,
        .at_least_days = values[AT_LEAST_DAYS].number,
        .z_below = values[Z_BELOW].number,
        .step = values[UPDATE_STEP].number};
    if (values[HALF_LIFE].has_value)
        fill_weights(shift);
    rule->settings = shift;
    rule->measure = "z";
    rule->window_us = values[WINDOW].number;
    rule->days_us = tw_baseline_back_us(rule->window_us, shift->days);
    bool right = tw_rule_whole_bars(reader, &values[WINDOW], &keys[TW_RULE_COMMON_KEYS + WINDOW]);
    right = tw_rule_has_stories(reader, &values[MIN_STORIES]) && right;
    right = tw_baseline_check(reader, node, &values[WINDOW], &values[DAYS], &values[AT_LEAST_DAYS]) && right;
    return (!values[Z_BELOW].has_value || read_resolve(reader, &values[RESOLVE], shift)) && right;
}

static bool write_shift(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_shift *shift = tw_shift_of(rule);
    const int64_t numbers[OWN_KEYS] = {
        [WINDOW] = rule->window_us,
        [DAYS] = shift->days,
        [HALF_LIFE] = shift->half_life,
        [AT_LEAST] = shift->at_least,
        [MIN_STORIES] = shift->min_stories,
        [AT_LEAST_DAYS] = shift->at_least_days,
        [Z_BELOW] = shift->z_below,
        [RESOLVE] = shift->resolve,
        [UPDATE_STEP] = shift->step,
    };
    value->number = numbers[key];
    return key != MIN_STORIES || shift->min_stories > 0;
}

/* -- the baseline ---------------------------------------------------------------------------------------- */

struct weighted {
    int64_t value; /* 10,000ths */
    int64_t weight;
};

/* What is usual, and how far from it a mean may lie. */
struct work {
    const struct tw_rule_run *run;
    const struct tw_rule *rule;
    struct tw_window window;
    int64_t end_us;  /* of the baseline that the next four are of */
    int64_t days;    /* with documents */
    int64_t median;  /* 10,000ths */
    int64_t between; /* variances, in 100,000,000ths */
    int64_t within;
    int64_t mean; /* of the window, as is the rest */
    int64_t z;
};

static int compare_weighted(const void *left, const void *right)
{
    const struct weighted *one = left;
    const struct weighted *other = right;
    return (one->value > other->value) - (one->value < other->value);
}

/* The least value that has half of the weight at or below it. Sorts. */
static int64_t weighted_median(struct weighted *values, size_t count)
{
    int64_t total = 0, below = 0;
    qsort(values, count, sizeof *values, compare_weighted);
    for (size_t at = 0; at < count; at++)
        total += values[at].weight;
    for (size_t at = 0; at < count; at++) {
        below += values[at].weight;
        if (below * 2 >= total)
            return values[at].value;
    }
    return 0;
}

/* Towards the lower number when it lies between two. */
static int64_t floor_of(__int128 dividend, int64_t divisor)
{
    __int128 quotient = dividend / divisor;
    return (int64_t)(quotient - (dividend % divisor < 0));
}

/* n times the variance of a day's documents. */
static __int128 squares_within(const struct tw_bar_row *day)
{
    __int128 squares = (__int128)day->sum_of_squares * day->count - (__int128)day->sum * day->sum;
    return squares > 0 ? squares / day->count : 0;
}

static void learn(struct work *work, const struct tw_baseline *baseline)
{
    const struct tw_shift *shift = tw_shift_of(work->rule);
    struct weighted means[TW_BASELINE_MOST_DAYS] = {{0, 0}};
    __int128 squares = 0, degrees = 0;
    size_t count = 0;
    for (size_t at = 0; at < baseline->day_count && count < TW_BASELINE_MOST_DAYS; at++) {
        const struct tw_bar_row *day = &baseline->days[at];
        if (day->count <= 0)
            continue;
        int64_t weight = shift->weights[(baseline->end_us - day->bar_us) / TW_DAY_US - 1];
        means[count++] = (struct weighted){floor_of(day->sum, day->count), weight};
        squares += squares_within(day) * weight;
        degrees += (__int128)(day->count - 1) * weight;
    }
    work->end_us = baseline->end_us;
    work->days = (int64_t)count;
    work->median = weighted_median(means, count);
    for (size_t at = 0; at < count; at++)
        means[at].value = llabs(means[at].value - work->median);
    int64_t mad = weighted_median(means, count);
    work->between = mad * mad * MAD_SQUARED / MAD_SQUARED_ONE;
    if (work->between < LEAST_DEVIATION * LEAST_DEVIATION)
        work->between = LEAST_DEVIATION * LEAST_DEVIATION;
    work->within = degrees > 0 ? (int64_t)(squares / degrees) : 0;
}

/* -- deciding -------------------------------------------------------------------------------------------- */

/* The largest number whose square is not greater. */
static int64_t root_of(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1)
        if ((root | bit) * (root | bit) <= square)
            root |= bit;
    return (int64_t)root;
}

/* z^2 = (sum - n median)^2 / (n (n between + within)); the number of documents is halved where that would not
 * fit, and their sum with it. */
static int64_t deviations(const struct work *work, int64_t documents, int64_t sum)
{
    while (documents > MOST_DOCUMENTS) {
        documents /= 2;
        sum /= 2;
    }
    __int128 distance = (__int128)sum - (__int128)work->median * documents;
    __int128 variance = ((__int128)work->between * documents + work->within) * documents;
    __int128 square = distance * distance * (TW_SENTIMENT_ONE * TW_SENTIMENT_ONE) / variance;
    int64_t z = root_of((uint64_t)square);
    return distance < 0 ? -z : z;
}

static int64_t changes_us(const void *context, int64_t after_us)
{
    const struct work *work = context;
    return tw_baseline_changes_us(&work->window, after_us);
}

/* How far a mean of so many documents strays. */
static int64_t deviation_of(const struct work *work)
{
    return root_of((uint64_t)(work->between + work->within / work->window.documents));
}

static bool find_mean(void *context, int64_t edge_us, struct tw_finding *finding, struct tw_error *err)
{
    struct work *work = context;
    const struct tw_window *window = &work->window;
    const struct tw_shift *shift = tw_shift_of(work->rule);
    if (!tw_window_move(&work->window, edge_us, err))
        return false;
    finding->documents = window->documents;
    finding->numbers.opens = shift->z_below;
    finding->numbers.resolves = shift->resolve;
    if (window->documents == 0)
        return true;
    struct tw_baseline baseline = tw_baseline_at(work->run, shift->days, edge_us);
    if (work->end_us != baseline.end_us)
        learn(work, &baseline);
    work->mean = floor_of(window->sum, window->documents);
    if (work->days < shift->at_least_days)
        return true;
    work->z = finding->value = deviations(work, window->documents, window->sum);
    finding->numbers.baseline = work->median;
    finding->numbers.deviation = deviation_of(work);
    finding->numbers.baseline_days = work->days;
    finding->holds = window->documents >= shift->at_least && window->documents >= shift->min_stories &&
                     work->z < shift->z_below;
    finding->is_past = work->z >= shift->resolve;
    return true;
}

/* "z -5.2: mean -0.61 of 12 documents over 1h, against 0.12 with deviation 0.14 of 28 days" */
static struct tw_text say_mean(const void *context, const char *tail, struct tw_steps *steps)
{
    const struct work *work = context;
    int64_t count = work->window.documents;
    struct tw_phrase documents = tw_phrase_of_documents(count);
    struct tw_phrase window = tw_phrase_of_duration(work->rule->window_us);
    if (count == 0 || work->days < tw_shift_of(work->rule)->at_least_days)
        return tw_steps_say(steps, "%s over %s%s", documents.text, window.text, tail);
    return tw_steps_say(steps,
        "z %s: mean %s of %s over %s, against %s with deviation %s of %" PRId64 " days%s",
        tw_phrase_of_number(work->z).text, tw_phrase_of_number(work->mean).text, documents.text, window.text,
        tw_phrase_of_number(work->median).text, tw_phrase_of_number(deviation_of(work)).text, work->days,
        tail);
}

static bool run_shift(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    static const struct tw_judge_kind kind = {changes_us, find_mean, say_mean, NULL, tw_judge_say_number};
    struct work work = {.run = run, .rule = run->rule, .end_us = TW_NEVER_US};
    const struct tw_judge judge = {
        .kind = &kind, .context = &work, .steps = steps, .step = tw_shift_of(run->rule)->step};
    return tw_window_begin(
               &work.window, run->bars, run->bar_count, run->rule->window_us, run->after_us, err) &&
           tw_judge_run(&judge, run, err);
}

const struct tw_rule_kind tw_shift_kind = {
    .name = "shift",
    .prose = "many documents: a mean over a window that is far below that of the entity's own days",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_shift,
    .write = write_shift,
    .run = run_shift,
};
