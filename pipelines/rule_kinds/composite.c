#include "rule_kinds/composite.h"

#include "rule_kinds/judge.h"

#include <stdio.h>
#include <stdlib.h>

/* Its own keys, behind the common ones. */
enum { RULES, WINDOW, OWN_KEYS };
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("30m"),
    {"rules", TW_YAML_TEXTS, 2, TW_COMPOSITE_MOST, NULL, NULL,
        "names of rules of this file, none of kind `all` or `any`"},
    {"window", TW_YAML_DURATION, TW_BAR_US, TW_RULE_LONGEST_US, NULL, "1h",
        "event time for which a rule counts from where its alert opened; longer while that is open; a multiple "
        "of 10s"},
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

/* -- reading and writing --------------------------------------------------------------------------------- */

static bool read_composite(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    struct tw_composite *composite = tw_arena_array(reader->arena, 1, sizeof *composite);
    const struct tw_yaml_value *named = &values[RULES];
    if (!composite)
        return tw_rule_no_memory(reader, node);
    rule->settings = composite;
    rule->measure = "rules";
    rule->window_us = values[WINDOW].number;
    bool right = tw_rule_whole_bars(reader, &values[WINDOW], &keys[TW_RULE_COMMON_KEYS + WINDOW]);
    if (!named->has_value)
        return false;
    struct tw_text *rules = tw_arena_array(reader->arena, named->text_count, sizeof *rules);
    if (!rules)
        return tw_rule_no_memory(reader, node);
    for (uint32_t at = 0; at < named->text_count; at++) {
        rules[at] = tw_arena_copy(reader->arena, named->texts[at]);
        if (!rules[at].bytes)
            return tw_rule_no_memory(reader, node);
    }
    qsort(rules, named->text_count, sizeof *rules, tw_rule_compare_texts);
    composite->rules = rules;
    composite->rule_count = named->text_count;
    return right;
}

static bool write_composite(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    value->texts = tw_composite_of(rule)->rules;
    value->text_count = tw_composite_of(rule)->rule_count;
    value->number = rule->window_us;
    return key < OWN_KEYS;
}

static const struct tw_rule *find_named(const struct tw_rule *rules, uint32_t count, struct tw_text name)
{
    for (uint32_t at = 0; at < count; at++)
        if (rules[at].name.length > 0 && tw_text_equal(rules[at].name, name))
            return &rules[at];
    return NULL;
}

static bool is_repeated(const struct tw_yaml_node *list, uint32_t at)
{
    for (uint32_t before = 0; before < at; before++)
        if (tw_text_equal(list->items[before]->text, list->items[at]->text))
            return true;
    return false;
}

/* The name nearest to one that no rule has, of those that may be named: "did you mean "bad-news"?", or how
 * to go on without. */
static void say_nearest(char *cure, size_t size, const struct tw_rule *rule, const struct tw_rule *rules,
    uint32_t count, struct tw_text name)
{
    const char *near = NULL;
    struct tw_text found = {0};
    for (uint32_t at = 0; at < count && !near; at++) {
        char candidate[TW_RULE_LONGEST_NAME + 1] = "";
        const char *const one[] = {candidate};
        if (rules[at].name.length == 0 || rules[at].name.length > TW_RULE_LONGEST_NAME ||
            &rules[at] == rule || (rules[at].kind && rules[at].kind->of_others))
            continue;
        memcpy(candidate, rules[at].name.bytes, rules[at].name.length);
        near = tw_nearest(name, one, 1);
        found = rules[at].name;
    }
    if (near)
        snprintf(cure, size, "did you mean \"%.*s\"?", (int)found.length, found.bytes);
    else
        snprintf(cure, size, "name rules of this file");
}

/* One name of the list. */
static bool settle_name(const struct tw_rule_reader *reader, const struct tw_yaml_node *item,
    const struct tw_rule *rule, const struct tw_rule *rules, uint32_t count)
{
    struct tw_text name = item->text;
    struct tw_text shown = {
        name.bytes, name.length < TW_RULE_LONGEST_NAME ? name.length : TW_RULE_LONGEST_NAME};
    char cure[160];
    if (tw_text_equal(name, rule->name))
        return tw_yaml_problem(reader->problems, item, "name other rules", "the rule names itself");
    const struct tw_rule *found = find_named(rules, count, name);
    if (!found) {
        say_nearest(cure, sizeof cure, rule, rules, count, name);
        return tw_yaml_problem(
            reader->problems, item, cure, "there is no rule \"%.*s\"", (int)shown.length, shown.bytes);
    }
    if (found->kind && found->kind->of_others)
        return tw_yaml_problem(reader->problems, item, "name the rules that it names instead",
            "\"%.*s\" is of kind \"%s\" itself", (int)shown.length, shown.bytes, found->kind->name);
    return true;
}

static bool settle_composite(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_rule *rule, const struct tw_rule *rules, uint32_t count)
{
    const struct tw_yaml_node *list = tw_yaml_find(node, "rules");
    const struct tw_composite *composite = tw_composite_of(rule);
    bool right = true;
    if (!list || list->kind != TW_YAML_LIST || !composite || composite->rule_count != list->count)
        return true; /* what is wrong with it has been said */
    for (uint32_t at = 0; at < list->count; at++) {
        if (is_repeated(list, at))
            right = tw_yaml_problem(
                reader->problems, list->items[at], "name each rule once", "a rule is named twice");
        else
            right = settle_name(reader, list->items[at], rule, rules, count) && right;
    }
    return right;
}

/* -- deciding -------------------------------------------------------------------------------------------- */

/* One rule that is named speaks at the edges in [from, until). */
struct span {
    uint32_t rule; /* place in the settings */
    int64_t from_us;
    int64_t until_us;
};

struct work {
    const struct tw_rule *rule;
    struct span *spans;
    size_t span_count;
    bool speaks[TW_COMPOSITE_MOST]; /* at the edge at hand */
    uint32_t speaking;
    uint32_t needed; /* rules that must speak */
};

static uint32_t place_of(const struct tw_composite *composite, struct tw_text rule)
{
    const struct tw_text *found =
        bsearch(&rule, composite->rules, composite->rule_count, sizeof rule, tw_rule_compare_texts);
    return found ? (uint32_t)(found - composite->rules) : TW_COMPOSITE_MOST;
}

static void add_span(struct work *work, const struct tw_alert *alert)
{
    uint32_t place = place_of(tw_composite_of(work->rule), alert->rule);
    if (place == TW_COMPOSITE_MOST)
        return;
    int64_t until_us = alert->opened_us + work->rule->window_us;
    if (alert->resolved_us == TW_NO_TIME)
        until_us = TW_NEVER_US;
    else if (alert->resolved_us > until_us)
        until_us = alert->resolved_us;
    work->spans[work->span_count++] = (struct span){place, alert->opened_us, until_us};
}

TW_MUST_USE static bool gather_spans(
    struct work *work, const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    work->spans = tw_arena_array(steps->arena, run->past_count + steps->alert_count, sizeof *work->spans);
    if (!work->spans)
        return tw_arena_fail(steps->arena, err);
    for (size_t at = 0; at < run->past_count; at++)
        add_span(work, &run->past[at]);
    for (uint32_t at = 0; at < steps->alert_count; at++)
        add_span(work, &steps->alerts[at]);
    return true;
}

/* The next edge at which a rule begins or ceases to speak. */
static int64_t changes_us(const void *context, int64_t after_us)
{
    const struct work *work = context;
    int64_t next_us = TW_NEVER_US;
    for (size_t at = 0; at < work->span_count; at++) {
        const struct span *span = &work->spans[at];
        if (span->from_us > after_us && span->from_us < next_us)
            next_us = span->from_us;
        if (span->until_us > after_us && span->until_us < next_us)
            next_us = span->until_us;
    }
    return next_us;
}

static bool listen(void *context, int64_t edge_us, struct tw_finding *finding, struct tw_error *err)
{
    struct work *work = context;
    (void)err;
    memset(work->speaks, 0, sizeof work->speaks);
    work->speaking = 0;
    for (size_t at = 0; at < work->span_count; at++) {
        const struct span *span = &work->spans[at];
        if (edge_us < span->from_us || edge_us >= span->until_us || work->speaks[span->rule])
            continue;
        work->speaks[span->rule] = true;
        work->speaking++;
    }
    finding->documents = work->speaking;
    finding->value = (int64_t)work->speaking * TW_SENTIMENT_ONE;
    finding->numbers.opens = (int64_t)work->needed * TW_SENTIMENT_ONE;
    finding->numbers.resolves = finding->numbers.opens - TW_SENTIMENT_ONE;
    finding->holds = work->speaking >= work->needed;
    finding->is_past = !finding->holds;
    return true;
}

/* "2 of 3 rules within 1h: bad-news, flood" */
static struct tw_text say_speaking(const void *context, const char *tail, struct tw_steps *steps)
{
    const struct work *work = context;
    const struct tw_composite *composite = tw_composite_of(work->rule);
    char names[360] = "";
    size_t length = 0;
    for (uint32_t at = 0; at < composite->rule_count && length < sizeof names; at++)
        if (work->speaks[at])
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%.*s", length ? ", " : ": ",
                (int)composite->rules[at].length, composite->rules[at].bytes);
    return tw_steps_say(steps, "%u of %u rules within %s%s%s", work->speaking, composite->rule_count,
        tw_phrase_of_duration(work->rule->window_us).text, names, tail);
}

static bool run_composite(
    const struct tw_rule_run *run, uint32_t needed, struct tw_steps *steps, struct tw_error *err)
{
    static const struct tw_judge_kind kind = {changes_us, listen, say_speaking, NULL, tw_judge_say_count};
    struct work work = {.rule = run->rule, .needed = needed};
    const struct tw_judge judge = {.kind = &kind, .context = &work, .steps = steps, .rises = true, .step = 1};
    return gather_spans(&work, run, steps, err) && tw_judge_run(&judge, run, err);
}

static bool run_all(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    return run_composite(run, tw_composite_of(run->rule)->rule_count, steps, err);
}

static bool run_any(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    return run_composite(run, 1, steps, err);
}

const struct tw_rule_kind tw_all_kind = {
    .name = "all",
    .prose = "other rules: each of them has, or had within a window, an alert of the same entity",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_composite,
    .write = write_composite,
    .settle = settle_composite,
    .run = run_all,
    .of_others = true,
};

const struct tw_rule_kind tw_any_kind = {
    .name = "any",
    .prose = "other rules: one of them has, or had within a window, an alert of the same entity",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_composite,
    .write = write_composite,
    .settle = settle_composite,
    .run = run_any,
    .of_others = true,
};
