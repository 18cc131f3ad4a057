#include "rule_kinds/headline.h"

#include "rule_kinds/keywords.h"
#include "rule_kinds/spoken.h"

enum { MOST_KEYWORDS = 1000 };

/* Its own keys, behind the common ones. */
enum { AT_MOST, KEYWORDS, SPOKEN, OWN_KEYS = SPOKEN + TW_SPOKEN_KEYS };
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("1h"),
    {"at_most", TW_YAML_FIXED, -TW_SENTIMENT_ONE, 0, NULL, "-0.9",
        "speaks for a document whose sentiment for the entity is this or lower"},
    {"keywords", TW_YAML_TEXTS, 1, MOST_KEYWORDS, NULL, "",
        "words of which one must stand in the text, whole, in any case; left out, none is needed"},
    TW_SPOKEN_ROWS,
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
    bool right = tw_spoken_read_keys(reader, &values[SPOKEN], &keys[TW_RULE_COMMON_KEYS + SPOKEN], rule);
    return read_keywords(reader, &values[KEYWORDS], headline) && right;
}

static bool write_headline(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_headline *headline = tw_headline_of(rule);
    if (key >= SPOKEN)
        return tw_spoken_write_key(rule, key - SPOKEN, value);
    value->number = headline->at_most;
    value->texts = headline->keywords;
    value->text_count = headline->keyword_count;
    return key != KEYWORDS || headline->keyword_count > 0;
}

/* -- speaking for a document ----------------------------------------------------------------------------- */

static bool is_negative_enough(const struct tw_rule *rule, const struct tw_score_row *score)
{
    return score->score.sentiment <= tw_headline_of(rule)->at_most && tw_spoken_may_be_of(rule, score);
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
        const struct tw_headline_row row = {.document = score->document,
            .score = at,
            .rule = rule->name,
            .kind = rule->kind->name,
            .severity = rule->severity,
            .value = score->score.sentiment,
            .keyword = keyword,
            .stories = tw_spoken_stories(rule),
            .watch = rule->watch};
        if (!tw_spoken_add(list, &row, arena, err))
            return false;
    }
    return true;
}

/* -- its alerts ------------------------------------------------------------------------------------------ */

static struct tw_text say_headline(
    struct tw_steps *steps, const struct tw_headline_event *worst, int64_t headlines)
{
    struct tw_text keyword = tw_phrase_shortened(worst->keyword);
    struct tw_phrase sentiment = tw_phrase_of_number(worst->sentiment);
    struct tw_phrase of = tw_spoken_of(headlines);
    return keyword.length ? tw_steps_say(steps, "sentiment %s %s, keyword \"%.*s\"", sentiment.text, of.text,
                                (int)keyword.length, keyword.bytes)
                          : tw_steps_say(steps, "sentiment %s %s", sentiment.text, of.text);
}

static bool run_headline(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    const struct tw_spoken spoken = {"headline", tw_headline_of(run->rule)->at_most, say_headline};
    return tw_spoken_run(run, &spoken, steps, err);
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
