#include "scenario/expectations.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "format/labels.h"
#include "score/score.h"
#include "timestamps/time_text.h"

enum { LIST_BYTES = 300, SHOWN_BYTES = 80 };

/* A text as far as it is shown. */
static struct tw_text shown(struct tw_text text)
{
    text.length = text.length < SHOWN_BYTES ? text.length : SHOWN_BYTES;
    return text;
}

#define SHOWN(text) (int)shown(text).length, (text).bytes

void tw_expect_failed(
    struct tw_expectations *expectations, const struct tw_yaml_node *node, const char *what, ...)
{
    struct tw_error why;
    char where[256], whole[512];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(whole, sizeof whole, what, arguments);
    va_end(arguments);
    snprintf(where, sizeof where, "%.200s:%u", node->source->file, node->line);
    tw_fail(&why, TW_REFUSED, where, NULL, "%s", whole);
    expectations->failed++;
    expectations->failed_one(expectations->context, &why);
}

/* Words of a list, as many as there is room for; "none" when there are none. */
struct list {
    char text[LIST_BYTES];
    size_t length;
};

static void TW_PRINTF(2, 3) add(struct list *list, const char *format, ...)
{
    if (list->length >= LIST_BYTES - 1)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(list->text + list->length, LIST_BYTES - list->length, format, arguments);
    va_end(arguments);
    list->length += length > 0 ? (size_t)length : 0;
}

/* ---- one message ---- */

static void expect_label(struct tw_expectations *expectations, const struct tw_expected_document *expected,
    const struct tw_document *document)
{
    uint32_t label = tw_label_of(&document->score);
    if ((int32_t)label == expected->label)
        expectations->passed++;
    else
        tw_expect_failed(expectations, expected->label_node, "expected %s; it is %s, at sentiment %.4f",
            tw_class_name((size_t)expected->label), tw_class_name(label),
            document->score.sentiment / (double)TW_SENTIMENT_ONE);
}

static const struct tw_score_row *find_score(const struct tw_found_document *found, struct tw_text entity)
{
    for (uint32_t at = 0; at < found->score_count; at++)
        if (tw_text_equal(found->scores[at].symbol, entity))
            return &found->scores[at];
    return NULL;
}

static void expect_entity(struct tw_expectations *expectations, const struct tw_expected_entity *expected,
    const struct tw_found_document *found)
{
    const struct tw_score_row *score = find_score(found, expected->entity);
    if (!score) {
        struct list list = {.text = "none"};
        for (uint32_t at = 0; at < found->score_count; at++)
            add(&list, "%s%.*s", at ? ", " : "", SHOWN(found->scores[at].symbol));
        tw_expect_failed(expectations, expected->node, "expected entity %.*s; found: %s",
            SHOWN(expected->entity), list.text);
        return;
    }
    uint32_t label = tw_label_of(&score->score);
    double sentiment = score->score.sentiment / (double)TW_SENTIMENT_ONE;
    if (expected->label >= 0 && (int32_t)label != expected->label)
        tw_expect_failed(expectations, expected->node, "expected %s for %.*s; it is %s, at sentiment %.4f",
            tw_class_name((size_t)expected->label), SHOWN(expected->entity), tw_class_name(label), sentiment);
    else if (score->score.sentiment < expected->at_least || score->score.sentiment > expected->at_most)
        tw_expect_failed(expectations, expected->node,
            "expected a sentiment of %.4g to %.4g for %.*s; it is %.4f",
            (double)expected->at_least / TW_SENTIMENT_ONE, (double)expected->at_most / TW_SENTIMENT_ONE,
            SHOWN(expected->entity), sentiment);
    else if (score->relevance.relevance < expected->relevance_at_least ||
             score->relevance.relevance > expected->relevance_at_most)
        tw_expect_failed(expectations, expected->node,
            "expected a relevance of %.4g to %.4g for %.*s; it is %.4f, by a source of weight %.4g",
            (double)expected->relevance_at_least / TW_RELEVANCE_WHOLE,
            (double)expected->relevance_at_most / TW_RELEVANCE_WHOLE, SHOWN(expected->entity),
            score->relevance.relevance / (double)TW_RELEVANCE_WHOLE,
            score->relevance.source / (double)TW_RELEVANCE_WHOLE);
    else
        expectations->passed++;
}

static void expect_entities(struct tw_expectations *expectations, const struct tw_expected_document *expected,
    const struct tw_found_document *found)
{
    for (uint32_t at = 0; at < expected->entity_count; at++)
        expect_entity(expectations, &expected->entities[at], found);
    for (uint32_t at = 0; at < found->score_count; at++) {
        bool wanted = false;
        for (uint32_t one = 0; one < expected->entity_count; one++)
            wanted = wanted || tw_text_equal(expected->entities[one].entity, found->scores[at].symbol);
        if (!wanted)
            tw_expect_failed(expectations, expected->entities_node, "entity %.*s is not expected",
                SHOWN(found->scores[at].symbol));
    }
    if (expected->entity_count == 0 && found->score_count == 0)
        expectations->passed++;
}

static struct tw_text type_of(const struct tw_found_document *found, const struct tw_event *event)
{
    return found->taxonomy->types[event->type].name;
}

static struct tw_text entity_of(const struct tw_found_document *found, const struct tw_event *event)
{
    return event->entity == TW_EVENT_OF_NOBODY ? tw_text_of("")
                                               : found->document->entities[event->entity].symbol;
}

static bool is_event(const struct tw_found_document *found, const struct tw_event *event,
    const struct tw_expected_event *expected)
{
    return tw_text_equal(type_of(found, event), expected->type) &&
           tw_text_equal(entity_of(found, event), expected->entity);
}

static void name_event(struct list *list, struct tw_text type, struct tw_text entity)
{
    add(list, "%.*s of %.*s", SHOWN(type), SHOWN(entity.length ? entity : tw_text_of("nobody")));
}

static void expect_event(struct tw_expectations *expectations, const struct tw_expected_event *expected,
    const struct tw_found_document *found, uint32_t count)
{
    const struct tw_document *document = found->document;
    struct list wanted = {{0}, 0}, list = {.text = "none"};
    for (uint32_t at = 0; at < count; at++) {
        if (is_event(found, &document->events[at], expected)) {
            expectations->passed++;
            return;
        }
        if (at > 0)
            add(&list, ", ");
        name_event(&list, type_of(found, &document->events[at]), entity_of(found, &document->events[at]));
    }
    name_event(&wanted, expected->type, expected->entity);
    tw_expect_failed(
        expectations, expected->node, "expected event %.140s; found: %s", wanted.text, list.text);
}

static void expect_events(struct tw_expectations *expectations, const struct tw_expected_document *expected,
    const struct tw_found_document *found)
{
    uint32_t count = found->taxonomy ? found->document->event_count : 0;
    for (uint32_t at = 0; at < expected->event_count; at++)
        expect_event(expectations, &expected->events[at], found, count);
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_event *event = &found->document->events[at];
        bool wanted = false;
        struct list named = {{0}, 0};
        for (uint32_t one = 0; one < expected->event_count; one++)
            wanted = wanted || is_event(found, event, &expected->events[one]);
        name_event(&named, type_of(found, event), entity_of(found, event));
        if (!wanted)
            tw_expect_failed(expectations, expected->events_node,
                "event %.140s is not expected; the words are \"%.*s\"", named.text,
                SHOWN(((struct tw_text){
                    found->document->text.bytes + event->begin, event->end - event->begin})));
    }
    if (expected->event_count == 0 && count == 0)
        expectations->passed++;
}

void tw_expect_document(struct tw_expectations *expectations, const struct tw_expected_document *expected,
    const struct tw_found_document *found)
{
    if (expected->label_node)
        expect_label(expectations, expected, found->document);
    if (expected->entities_node)
        expect_entities(expectations, expected, found);
    if (expected->events_node)
        expect_events(expectations, expected, found);
}

void tw_expect_story(
    struct tw_expectations *expectations, const struct tw_expected_document *expected, struct tw_text copy_of)
{
    struct tw_text of = expected->copy_of.length ? expected->copy_of : tw_text_of("none");
    struct tw_text is = copy_of.length ? copy_of : tw_text_of("none");
    if (!expected->copy_node)
        return;
    if (tw_text_equal(of, is))
        expectations->passed++;
    else
        tw_expect_failed(expectations, expected->copy_node, "expected a copy of %.*s; it is one of %.*s",
            SHOWN(of), SHOWN(is));
}

void tw_expect_refused(
    struct tw_expectations *expectations, const struct tw_scenario_case *one, uint64_t refused)
{
    if (!one->refused_node)
        return;
    if ((uint64_t)one->refused == refused)
        expectations->passed++;
    else
        tw_expect_failed(expectations, one->refused_node,
            "expected %" PRId64 " refused messages; %" PRIu64 " were refused", one->refused, refused);
}

/* ---- alerts ---- */

static bool is_step(const struct tw_found_step *step, const struct tw_expected_alert *expected)
{
    return tw_text_equal(step->rule, expected->rule) && tw_text_equal(step->entity, expected->entity);
}

/* The first step that nobody has expected yet; NULL: there is none. */
static struct tw_found_step *find_step(
    const struct tw_expected_alert *expected, struct tw_found_step *steps, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (!steps[at].expected && steps[at].step == expected->step && is_step(&steps[at], expected) &&
            (expected->time_us == TW_NO_TIME || expected->time_us == steps[at].at_us))
            return &steps[at];
    return NULL;
}

static void miss_alert(struct tw_expectations *expectations, const struct tw_expected_alert *expected,
    const struct tw_found_step *steps, size_t count)
{
    char time[TW_TIME_TEXT_BYTES], at_time[TW_TIME_TEXT_BYTES + 4] = "";
    struct list list = {.text = "none"};
    for (size_t at = 0; at < count; at++) {
        if (!is_step(&steps[at], expected))
            continue;
        tw_time_text(steps[at].at_us, time);
        add(&list, "%s%s at %s", list.length ? ", " : "", tw_alert_step_names[steps[at].step], time);
    }
    if (expected->time_us != TW_NO_TIME) {
        tw_time_text(expected->time_us, time);
        snprintf(at_time, sizeof at_time, " at %s", time);
    }
    tw_expect_failed(expectations, expected->node, "expected %.*s of %.*s %s%s; found: %s",
        SHOWN(expected->rule), SHOWN(expected->entity), tw_alert_step_names[expected->step], at_time,
        list.text);
}

/* An exact time takes its own step first, so that one without a time takes another. */
static void expect_steps(struct tw_expectations *expectations, const struct tw_scenario_case *one,
    struct tw_found_step *steps, size_t count, bool timed)
{
    for (uint32_t at = 0; at < one->alert_count; at++) {
        if ((one->alerts[at].time_us != TW_NO_TIME) != timed)
            continue;
        struct tw_found_step *step = find_step(&one->alerts[at], steps, count);
        if (step) {
            step->expected = true;
            expectations->passed++;
        } else {
            miss_alert(expectations, &one->alerts[at], steps, count);
        }
    }
}

static bool is_looked_at(const struct tw_scenario_case *one, const struct tw_found_step *step)
{
    for (uint32_t at = 0; at < one->rule_count; at++)
        if (tw_text_equal(one->rules[at], step->rule))
            return true;
    return one->rule_count == 0;
}

void tw_expect_alerts(struct tw_expectations *expectations, const struct tw_scenario_case *one,
    struct tw_found_step *steps, size_t count)
{
    size_t opened = 0;
    if (!one->alerts_node)
        return;
    expect_steps(expectations, one, steps, count, true);
    expect_steps(expectations, one, steps, count, false);
    for (size_t at = 0; at < count; at++) {
        char time[TW_TIME_TEXT_BYTES];
        if (steps[at].step != TW_ALERT_OPENED || !is_looked_at(one, &steps[at]))
            continue;
        opened++;
        if (steps[at].expected)
            continue;
        tw_time_text(steps[at].at_us, time);
        tw_expect_failed(expectations, one->alerts_node, "%.*s of %.*s, opened at %s, is not expected (%.*s)",
            SHOWN(steps[at].rule), SHOWN(steps[at].entity), time, SHOWN(steps[at].reason));
    }
    if (one->alert_count == 0 && opened == 0)
        expectations->passed++;
}
