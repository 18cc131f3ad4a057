#include "rule_kinds/burst.h"

#include "rule_kinds/baseline.h"
#include "rule_kinds/judge.h"
#include "rule_kinds/poisson.h"

#include <inttypes.h>

static const char *const probability_names[] = {
    "1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-11", "1e-12", NULL};
static const double probabilities[] = {
    1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12};
_Static_assert(sizeof probability_names / sizeof probability_names[0] ==
                   sizeof probabilities / sizeof probabilities[0] + 1,
    "a number for each name");

/* Its own keys, behind the common ones. */
enum { WINDOW, DAYS, AT_LEAST, MIN_STORIES, AT_LEAST_DAYS, PROBABILITY, RESOLVE, UPDATE_STEP, OWN_KEYS };
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("30m"),
    {"window", TW_YAML_DURATION, TW_BAR_US, TW_RULE_LONGEST_US, NULL, NULL,
        "event time looked back over from a closed bar's end; a multiple of 10s"},
    {"days", TW_YAML_COUNT, 1, TW_BASELINE_MOST_DAYS, NULL, "30",
        "whole days (UTC) before the window that make the baseline"},
    {"at_least", TW_YAML_COUNT, 1, 1000000000, NULL, "5",
        "documents in the window without which it never opens"},
    {"min_stories", TW_YAML_COUNT, 1, 1000000000, NULL, "",
        "stories in the window without which it never opens; needs `stories.enabled`, where documents count once a story"},
    {"at_least_days", TW_YAML_COUNT, 0, TW_BASELINE_MOST_DAYS, NULL, "7",
        "days of the baseline, from the first on which the entity was spoken of, without which it says nothing"},
    {"probability", TW_YAML_CHOICE, 0, 0, probability_names, "1e-6",
        "opens when so many documents, or more, come with this probability or less"},
    {"resolve", TW_YAML_CHOICE, 0, 0, probability_names, "1e-2",
        "quiet is when so many come with a greater probability than this"},
    {"update_step", TW_YAML_PERCENT, 1, 1000, NULL, "100%",
        "an open alert is updated when its documents are more than those last reported by this much"},
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

/* -- reading and writing --------------------------------------------------------------------------------- */

static bool read_burst(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    struct tw_burst *burst = tw_arena_array(reader->arena, 1, sizeof *burst);
    if (!burst)
        return tw_rule_no_memory(reader, node);
    *burst = (struct tw_burst){.days = values[DAYS].number,
        .at_least = values[AT_LEAST].number,
        .min_stories = values[MIN_STORIES].has_value ? values[MIN_STORIES].number : 0,
        .at_least_days = values[AT_LEAST_DAYS].number,
        .probability = values[PROBABILITY].number,
        .resolve = values[RESOLVE].number,
        .step = values[UPDATE_STEP].number};
    rule->settings = burst;
    rule->measure = "count";
    rule->window_us = values[WINDOW].number;
    rule->days_us = tw_baseline_back_us(rule->window_us, burst->days);
    bool right = tw_rule_whole_bars(reader, &values[WINDOW], &keys[TW_RULE_COMMON_KEYS + WINDOW]);
    right = tw_rule_has_stories(reader, &values[MIN_STORIES]) && right;
    right = tw_baseline_check(reader, node, &values[WINDOW], &values[DAYS], &values[AT_LEAST_DAYS]) && right;
    if (values[PROBABILITY].has_value && values[RESOLVE].has_value && burst->resolve > burst->probability) {
        const struct tw_yaml_node *place =
            values[RESOLVE].node ? values[RESOLVE].node : values[PROBABILITY].node;
        return tw_yaml_problem(reader->problems, place, "write one that is not below `probability`",
            "an alert could be quiet where it opens: \"resolve\" %s, \"probability\" %s",
            probability_names[burst->resolve], probability_names[burst->probability]);
    }
    return right;
}

static bool write_burst(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_burst *burst = tw_burst_of(rule);
    const int64_t numbers[OWN_KEYS] = {
        [WINDOW] = rule->window_us,
        [DAYS] = burst->days,
        [AT_LEAST] = burst->at_least,
        [MIN_STORIES] = burst->min_stories,
        [AT_LEAST_DAYS] = burst->at_least_days,
        [PROBABILITY] = burst->probability,
        [RESOLVE] = burst->resolve,
        [UPDATE_STEP] = burst->step,
    };
    value->number = numbers[key];
    return key != MIN_STORIES || burst->min_stories > 0;
}

/* -- deciding -------------------------------------------------------------------------------------------- */

/* What one baseline lets expect in the window. */
struct work {
    const struct tw_rule_run *run;
    const struct tw_rule *rule;
    struct tw_window window;
    int64_t end_us; /* of the baseline that the rest is of */
    bool known;
    int64_t days; /* from the first with documents on */
    double rate;
    int64_t opens;  /* documents that make it hold */
    int64_t passes; /* fewer than these are past */
};

static void learn(struct work *work, const struct tw_baseline *baseline)
{
    const struct tw_burst *burst = tw_burst_of(work->rule);
    int64_t documents = 0, days = 0;
    for (size_t at = 0; at < baseline->day_count; at++) {
        if (baseline->days[at].count > 0 && days == 0)
            days = (baseline->end_us - baseline->days[at].bar_us) / TW_DAY_US;
        documents += baseline->days[at].count;
    }
    work->end_us = baseline->end_us;
    work->known = days >= burst->at_least_days;
    work->days = days;
    if (!work->known)
        return;
    /* Each step exact or rounded once, in this order. */
    double over_us = (double)(days > 0 ? days : baseline->length) * (double)TW_DAY_US;
    double rate = (double)(documents > 0 ? documents : 1) * (double)work->rule->window_us;
    work->rate = rate / over_us;
    work->opens = tw_poisson_critical(work->rate, probabilities[burst->probability]);
    work->passes = tw_poisson_critical(work->rate, probabilities[burst->resolve]);
}

static int64_t changes_us(const void *context, int64_t after_us)
{
    const struct work *work = context;
    return tw_baseline_changes_us(&work->window, after_us);
}

static int64_t larger(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

/* Documents in the window, in 10,000ths. */
static int64_t expected(const struct work *work)
{
    return (int64_t)(work->rate * (double)TW_SENTIMENT_ONE);
}

static bool find_documents(void *context, int64_t edge_us, struct tw_finding *finding, struct tw_error *err)
{
    struct work *work = context;
    const struct tw_burst *burst = tw_burst_of(work->rule);
    if (!tw_window_move(&work->window, edge_us, err))
        return false;
    int64_t documents = finding->documents = work->window.documents;
    finding->value = documents * TW_SENTIMENT_ONE;
    if (documents == 0)
        return true;
    struct tw_baseline baseline = tw_baseline_at(work->run, burst->days, edge_us);
    if (work->end_us != baseline.end_us)
        learn(work, &baseline);
    if (!work->known)
        return true;
    int64_t least = larger(work->opens, larger(burst->at_least, burst->min_stories));
    finding->numbers.opens = least * TW_SENTIMENT_ONE;
    finding->numbers.resolves = (work->passes - 1) * TW_SENTIMENT_ONE;
    finding->numbers.baseline = expected(work);
    finding->numbers.baseline_days = work->days;
    finding->holds = documents >= least;
    finding->is_past = documents < work->passes;
    return true;
}

/* "20 documents over 10m, 3.1 are to be expected, 15 have probability 1e-6" */
static struct tw_text say_documents(const void *context, const char *tail, struct tw_steps *steps)
{
    const struct work *work = context;
    struct tw_phrase documents = tw_phrase_of_documents(work->window.documents);
    struct tw_phrase window = tw_phrase_of_duration(work->rule->window_us);
    if (work->window.documents == 0 || !work->known)
        return tw_steps_say(steps, "%s over %s%s", documents.text, window.text, tail);
    return tw_steps_say(steps, "%s over %s where %s are expected and %" PRId64 " have probability %s%s",
        documents.text, window.text, tw_phrase_of_number(expected(work)).text, work->opens,
        probability_names[tw_burst_of(work->rule)->probability], tail);
}

static bool run_burst(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    static const struct tw_judge_kind kind = {
        changes_us, find_documents, say_documents, NULL, tw_judge_say_count};
    struct work work = {.run = run, .rule = run->rule, .end_us = TW_NEVER_US};
    const struct tw_judge judge = {
        .kind = &kind, .context = &work, .steps = steps, .rises = true, .step = tw_burst_of(run->rule)->step};
    return tw_window_begin(
               &work.window, run->bars, run->bar_count, run->rule->window_us, run->after_us, err) &&
           tw_judge_run(&judge, run, err);
}

const struct tw_rule_kind tw_burst_kind = {
    .name = "burst",
    .prose = "many documents: more over a window than the entity's own days let expect",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_burst,
    .write = write_burst,
    .run = run_burst,
};
