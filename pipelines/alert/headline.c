#include "alert/headline.h"

#include "alert/keywords.h"
#include "alert/steps.h"

#include <inttypes.h>
#include <stdio.h>

enum { MOST_KEYWORDS = 1000 };

/* Its own keys, behind the common ones. */
enum { AT_MOST, KEYWORDS, OWN_KEYS };
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("1h"),
    {"at_most", TW_YAML_FIXED, -TW_SENTIMENT_ONE, 0, NULL, "-0.9",
        "speaks for a document whose sentiment for the entity is this or lower"},
    {"keywords", TW_YAML_TEXTS, 1, MOST_KEYWORDS, NULL, "",
        "words of which one must stand in the text, whole, in any case; left out, none is needed"},
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

/* -- reading and writing --------------------------------------------------------------------------------- */

static bool read_keywords(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_headline *headline)
{
    if (!value->has_value)
        return true;
    if (!tw_rule_items_are_visible(reader, value, "keywords"))
        return false;
    struct tw_text *keywords = tw_arena_array(reader->arena, value->text_count, sizeof *keywords);
    if (!keywords)
        return tw_rule_no_memory(reader, value->node);
    for (uint32_t at = 0; at < value->text_count; at++) {
        keywords[at] = tw_keywords_fold(value->texts[at], reader->arena);
        if (!keywords[at].bytes)
            return tw_rule_no_memory(reader, value->node);
    }
    headline->keywords = keywords;
    headline->keyword_count = value->text_count;
    return true;
}

static bool read_headline(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    struct tw_headline *headline = tw_arena_array(reader->arena, 1, sizeof *headline);
    if (!headline)
        return tw_rule_no_memory(reader, node);
    headline->at_most = values[AT_MOST].number;
    rule->settings = headline;
    rule->measure = "sentiment";
    return read_keywords(reader, &values[KEYWORDS], headline);
}

static bool write_headline(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_headline *headline = tw_headline_of(rule);
    value->number = headline->at_most;
    value->texts = headline->keywords;
    value->text_count = headline->keyword_count;
    return key != KEYWORDS || headline->keyword_count > 0;
}

/* -- speaking for a document ----------------------------------------------------------------------------- */

static bool grow(struct tw_headline_list *list, struct tw_arena *arena, struct tw_error *err)
{
    if (list->count < list->capacity)
        return true;
    uint32_t capacity = list->capacity ? list->capacity : 8;
    if (list->capacity && __builtin_mul_overflow(list->capacity, 2, &capacity))
        return tw_arena_fail(arena, err);
    struct tw_headline_row *rows = tw_arena_array(arena, capacity, sizeof *rows);
    if (!rows)
        return tw_arena_fail(arena, err);
    if (list->count)
        memcpy(rows, list->rows, list->count * sizeof *rows);
    list->rows = rows;
    list->capacity = capacity;
    return true;
}

static bool is_negative_enough(const struct tw_rule *rule, const struct tw_score_row *score)
{
    return score->score.sentiment <= tw_headline_of(rule)->at_most &&
           tw_rule_covers(rule, score->symbol, score->listed);
}

/* The text is searched once, and only when a score asks for it. */
static bool speak_headline(const struct tw_rule *rule, const struct tw_rule_hearing *hearing,
    struct tw_arena *arena, struct tw_headline_list *list, struct tw_error *err)
{
    const struct tw_headline *headline = tw_headline_of(rule);
    bool searched = false;
    struct tw_text keyword = tw_text_of("");
    for (uint32_t at = hearing->first_score; at < hearing->first_score + hearing->score_count; at++) {
        const struct tw_score_row *score = &hearing->scores[at];
        if (!is_negative_enough(rule, score))
            continue;
        if (!searched)
            keyword = tw_keywords_find(headline->keywords, headline->keyword_count, hearing->document->text);
        searched = true;
        if (headline->keyword_count > 0 && keyword.length == 0)
            return true;
        if (!grow(list, arena, err))
            return false;
        list->rows[list->count++] = (struct tw_headline_row){score->document, at, rule->name, keyword};
    }
    return true;
}

/* -- its alerts ------------------------------------------------------------------------------------------ */

static struct tw_text say_headline(
    struct tw_steps *steps, const struct tw_headline_event *worst, int64_t headlines)
{
    struct tw_text keyword = tw_phrase_shortened(worst->keyword);
    struct tw_phrase sentiment = tw_phrase_of_number(worst->sentiment);
    char of[64] = "of one document";
    if (headlines > 1)
        snprintf(of, sizeof of, "the worst of %" PRId64 " documents", headlines);
    return keyword.length ? tw_steps_say(steps, "sentiment %s %s, keyword \"%.*s\"", sentiment.text, of,
                                (int)keyword.length, keyword.bytes)
                          : tw_steps_say(steps, "sentiment %s %s", sentiment.text, of);
}

/* All headlines of one edge are one step; `seen` is the worst of them. */
TW_MUST_USE static bool step_headline(const struct tw_rule *rule, struct tw_steps *steps, uint32_t index,
    const struct tw_seen_event *seen, int64_t headlines, struct tw_error *err)
{
    const struct tw_headline_event *worst = seen->event;
    enum tw_alert_step step = index == TW_NO_ALERT ? TW_ALERT_OPENED : TW_ALERT_UPDATED;
    if (index == TW_NO_ALERT)
        index = tw_steps_open(steps, rule, seen->edge_us, worst->sentiment);
    if (index == TW_NO_ALERT)
        return tw_arena_fail(steps->arena, err);
    struct tw_alert *alert = &steps->alerts[index];
    alert->severity = rule->severity;
    alert->documents += headlines;
    alert->worst = alert->worst < worst->sentiment ? alert->worst : worst->sentiment;
    tw_steps_quiet(steps, index, seen->edge_us);
    return tw_steps_take(steps, index, step, seen->edge_us, worst->sentiment, headlines,
        say_headline(steps, worst, headlines), err);
}

TW_MUST_USE static bool resolve_headline(
    const struct tw_rule *rule, struct tw_steps *steps, uint32_t index, int64_t edge_us, struct tw_error *err)
{
    struct tw_alert *alert = &steps->alerts[index];
    alert->severity = rule->severity;
    return tw_steps_take(steps, index, TW_ALERT_RESOLVED, edge_us, alert->reported, 0,
        tw_steps_say(steps, "no further headline for %s", tw_phrase_of_duration(rule->quiet_us).text), err);
}

static bool run_headline(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    size_t at = 0;
    for (;;) {
        uint32_t index = tw_steps_find(steps, run->rule->name);
        int64_t over_us = tw_steps_quiet_over_us(steps, index, run->rule, run->after_us);
        int64_t heard_us = at < run->event_count ? run->events[at].edge_us : TW_NEVER_US;
        if (over_us > run->until_us && heard_us > run->until_us)
            return true;
        if (over_us < heard_us) {
            if (!resolve_headline(run->rule, steps, index, over_us, err))
                return false;
            continue;
        }
        size_t begin = at;
        while (at < run->event_count && run->events[at].edge_us == heard_us)
            at++;
        if (!step_headline(run->rule, steps, index, &run->events[begin], (int64_t)(at - begin), err))
            return false;
    }
}

const struct tw_rule_kind tw_headline_kind = {
    .name = "headline",
    .prose = "one document: strongly negative, with a keyword",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_headline,
    .write = write_headline,
    .run = run_headline,
    .speak = speak_headline,
};
