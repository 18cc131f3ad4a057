/* findings: slices, conflicting headlines and the worst errors, of records made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tasks/findings.h"
#include "tasks/record.h"

enum { NEGATIVE, NEUTRAL, POSITIVE, NONE = -1 };

static struct tw_score sure_of(uint32_t class, float confidence)
{
    float rest = (1 - confidence) / 2, p[3] = {rest, rest, rest};
    p[class] = confidence;
    return (struct tw_score){p[0], p[1], p[2], 0};
}

static struct tw_findings *begin(uint32_t worst)
{
    struct tw_findings *findings;
    struct tw_error err;
    assert_true(tw_findings_new(worst, &findings, &err));
    return findings;
}

/* A text with a label, read as `predicted`. */
struct story {
    const char *text, *source;
    uint32_t tokens;
    int32_t agreement, label;
    uint32_t predicted;
    float confidence;
};

static void add(struct tw_findings *findings, struct story story)
{
    const struct tw_message message = {.offset = (int64_t)findings->records + 1};
    struct tw_record record = {.document = {.message = &message,
                                   .text = tw_text_of(story.text),
                                   .source = tw_text_of(story.source),
                                   .token_count = story.tokens,
                                   .score = sure_of(story.predicted, story.confidence)},
        .annotations = {.label = story.label, .agreement = story.agreement}};
    tw_findings_add(findings, &record);
}

/* A headline with entities: labels, and how each is read. */
static void add_headline(
    struct tw_findings *findings, uint32_t count, const int32_t *labels, const uint32_t *predicted)
{
    const struct tw_message message = {.offset = (int64_t)findings->records + 1};
    struct tw_annotated_entity entities[4];
    struct tw_reading readings[4];
    for (uint32_t at = 0; at < count; at++) {
        entities[at] = (struct tw_annotated_entity){tw_text_of("Velquin"), labels[at]};
        readings[at] = (struct tw_reading){.score = sure_of(predicted[at], 0.8f)};
    }
    struct tw_record record = {
        .document = {.message = &message, .readings = readings, .reading_count = count},
        .annotations = {.names_entities = true,
            .entities = entities,
            .entity_count = count,
            .label = NONE,
            .agreement = NONE}};
    tw_findings_add(findings, &record);
}

static char *json_of(const struct tw_findings *findings)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    tw_findings_json(findings, out);
    fclose(out);
    return text;
}

static void slices_of_each_kind_sum_to_the_whole(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(0);
    for (uint32_t at = 0; at < 1000; at++) {
        char source[16];
        snprintf(source, sizeof source, "wire %u", at % 100); /* more than have a slice of their own */
        add(findings, (struct story){"x", at % 7 ? source : "", at % 700, at % 3 ? (int32_t)(at % 101) : NONE,
                          (int32_t)(at % 3), at % 5 % 3, 0.4f + (float)(at % 50) / 100});
        const int32_t labels[] = {(int32_t)(at % 3), NONE, POSITIVE};
        const uint32_t predicted[] = {at % 2, 0, 2};
        add_headline(findings, 3, labels, predicted);
    }
    for (int kind = 0; kind < TW_SLICE_KINDS; kind++) {
        struct tw_measures documents = {0}, entities = {0};
        for (uint32_t at = 0; at < findings->slices[kind].count; at++)
            for (int label = 0; label < 3; label++)
                for (int predicted = 0; predicted < 3; predicted++) {
                    const struct tw_slice *slice = &findings->slices[kind].items[at];
                    documents.confusion[label][predicted] += slice->documents.confusion[label][predicted];
                    entities.confusion[label][predicted] += slice->entities.confusion[label][predicted];
                }
        assert_memory_equal(documents.confusion, findings->documents.confusion, sizeof documents.confusion);
        assert_memory_equal(entities.confusion, findings->entities.confusion, sizeof entities.confusion);
    }
    tw_findings_free(findings);
}

static void assert_titles(const struct tw_findings *findings, enum tw_slice_kind kind, const char *expected)
{
    char titles[4000] = "", title[TW_SLICE_NAME_BYTES + 16];
    for (uint32_t at = 0; at < findings->slices[kind].count; at++) {
        size_t used = strlen(titles);
        tw_findings_slice_title(kind, &findings->slices[kind].items[at], title, sizeof title);
        snprintf(titles + used, sizeof titles - used, "%s%s", at ? "; " : "", title);
    }
    assert_string_equal(titles, expected);
}

static void slices_stand_in_order_with_those_without_value_last(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(0);
    add(findings, (struct story){"x", "wire", 513, 100, 0, 0, 0.9f});
    add(findings, (struct story){"x", "", 16, 66, 0, 0, 0.9f});
    add(findings, (struct story){"x", "Tape", 17, NONE, 0, 0, 0.9f});
    add(findings, (struct story){"x", "wire", 128, 66, 0, 0, 0.9f});
    assert_titles(findings, TW_SLICE_SOURCE, "Tape; wire; not given");
    assert_titles(findings, TW_SLICE_LENGTH, "1-16 tokens; 17-32 tokens; 65-128 tokens; over 512 tokens");
    assert_titles(findings, TW_SLICE_AGREEMENT, "66%; 100%; not given");
    tw_findings_free(findings);
}

static void sources_without_end_do_not_take_memory_without_end(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(0);
    char source[200];
    for (uint32_t at = 0; at < 5000; at++) {
        snprintf(source, sizeof source, "%u", at);
        add(findings, (struct story){"x", source, 3, NONE, 0, 0, 0.9f});
    }
    memset(source, 'x', sizeof source - 1);
    source[sizeof source - 1] = '\0';
    add(findings, (struct story){"x", source, 3, NONE, 0, 0, 0.9f});
    const struct tw_slices *slices = &findings->slices[TW_SLICE_SOURCE];
    assert_int_equal(slices->count, TW_FINDINGS_SOURCES + 1);
    assert_int_equal(slices->items[TW_FINDINGS_SOURCES].what, TW_SLICE_OTHERS);
    assert_int_equal(
        tw_measures_report(&slices->items[TW_FINDINGS_SOURCES].documents).n, 5001 - TW_FINDINGS_SOURCES);
    tw_findings_free(findings);
}

static void conflicting_headlines_have_a_positive_and_a_negative_entity(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(0);
    const struct {
        uint32_t count;
        int32_t labels[3];
        uint32_t predicted[3];
    } headlines[] = {
        {2, {POSITIVE, NEGATIVE}, {POSITIVE, NEGATIVE}},                  /* conflicting, wholly right */
        {3, {NEGATIVE, NEUTRAL, POSITIVE}, {NEGATIVE, NEUTRAL, NEUTRAL}}, /* conflicting */
        {2, {POSITIVE, NEUTRAL}, {POSITIVE, POSITIVE}}, {2, {NEGATIVE, NEGATIVE}, {NEGATIVE, POSITIVE}},
        {2, {NEGATIVE, NONE}, {NEGATIVE, POSITIVE}}, /* an entity without label says nothing */
    };
    for (size_t at = 0; at < sizeof headlines / sizeof headlines[0]; at++)
        add_headline(findings, headlines[at].count, headlines[at].labels, headlines[at].predicted);
    const struct tw_conflicts *found = &findings->conflicts;
    assert_int_equal(found->records, 2);
    assert_int_equal(found->wholly_right, 1);
    struct tw_metric_report conflicting = tw_measures_report(&found->entities);
    struct tw_metric_report others = tw_measures_report(&found->other_entities);
    assert_int_equal(conflicting.n, 5);
    assert_float_equal(conflicting.accuracy, 4.0 / 5, 1e-12);
    assert_int_equal(others.n, 5);
    assert_float_equal(others.accuracy, 3.0 / 5, 1e-12);
    assert_int_equal(tw_measures_report(&findings->entities).n, 10);
    tw_findings_free(findings);
}

static void the_worst_are_wrong_with_the_highest_confidence(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(3);
    add(findings, (struct story){"sure and right", "", 3, NONE, NEGATIVE, NEGATIVE, 0.99f});
    add(findings, (struct story){"half sure", "", 3, NONE, NEGATIVE, NEUTRAL, 0.5f});
    add(findings, (struct story){"sure", "", 3, NONE, NEGATIVE, POSITIVE, 0.9f});
    add(findings, (struct story){"surest", "", 3, NONE, NEUTRAL, POSITIVE, 0.95f});
    add(findings, (struct story){"sure too", "", 3, NONE, NEGATIVE, POSITIVE, 0.9f});
    add(findings, (struct story){"doubtful", "", 3, NONE, NEGATIVE, POSITIVE, 0.4f});
    const struct tw_worst *worst = &findings->worst_documents;
    assert_int_equal(worst->count, 3);
    assert_string_equal(worst->items[0].text, "surest");
    assert_string_equal(worst->items[1].text, "sure"); /* the earlier of equals */
    assert_string_equal(worst->items[2].text, "sure too");
    assert_int_equal(worst->items[0].line, 4);
    assert_int_equal(worst->items[0].label, NEUTRAL);
    assert_int_equal(worst->items[0].predicted, POSITIVE);
    assert_int_equal(findings->worst_entities.count, 0);
    tw_findings_free(findings);
}

static void a_long_text_is_cut_where_a_character_begins(void **state)
{
    (void)state;
    char text[2 * TW_WORST_TEXT_BYTES + 2];
    for (size_t shift = 0; shift < 2; shift++) {
        struct tw_findings *findings = begin(1);
        memset(text, 'x', shift);
        for (size_t at = shift; at + 1 < sizeof text; at += 2)
            memcpy(text + at, "\xC3\xA4", 2);
        text[sizeof text - 1 - shift % 2] = '\0';
        text[sizeof text - 1] = '\0';
        add(findings, (struct story){text, "", 3, NONE, NEGATIVE, POSITIVE, 0.9f});
        const char *kept = findings->worst_documents.items[0].text;
        size_t length = strlen(kept);
        assert_true(length < TW_WORST_TEXT_BYTES && length > TW_WORST_TEXT_BYTES - 8);
        assert_string_equal(kept + length - 5, "\xC3\xA4\xE2\x80\xA6");
        tw_findings_free(findings);
    }
}

/* What stood in the object from the beginning stays, byte for byte; what is new comes behind it. */
static void json_keeps_its_contract(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(0);
    add(findings, (struct story){"x", "A \"wire\"", 20, 75, POSITIVE, POSITIVE, 1});
    add(findings, (struct story){"x", "", 20, NONE, NEGATIVE, POSITIVE, 1});
    char *text = json_of(findings);
    static const char classes[] =
        "\"per_class\":{\"negative\":{\"precision\":null,\"recall\":null,\"f1\":null,\"n\":0},"
        "\"neutral\":{\"precision\":null,\"recall\":null,\"f1\":null,\"n\":0},"
        "\"positive\":{\"precision\":null,\"recall\":null,\"f1\":null,\"n\":0}},\"confusion\":[[0,0,0],[0,0,0],[0,0,0]]}";
    static const char none[] = "{\"n\":0,\"accuracy\":null,\"macro_f1\":null,\"ece\":null";
    char expected[4000];
    snprintf(expected, sizeof expected,
        "{\"documents\":{\"n\":2,\"accuracy\":0.5,\"macro_f1\":0.333333333,\"ece\":0.5,"
        "\"per_class\":{\"negative\":{\"precision\":null,\"recall\":0,\"f1\":0,\"n\":1},"
        "\"neutral\":{\"precision\":null,\"recall\":null,\"f1\":null,\"n\":0},"
        "\"positive\":{\"precision\":0.5,\"recall\":1,\"f1\":0.666666667,\"n\":1}},"
        "\"confusion\":[[0,0,1],[0,0,0],[0,0,1]]},\"entities\":%s,%s,"
        "\"conflicting\":{\"records\":0,\"wholly_right\":0,\"entities\":%s,%s,\"other_entities\":%s,%s},"
        "\"slices\":{\"source\":[{\"value\":\"A \\\"wire\\\"\",\"documents\":{\"n\":1,\"accuracy\":1,\"macro_f1\":1,"
        "\"ece\":0},\"entities\":%s}},{\"value\":null,\"documents\":{\"n\":1,\"accuracy\":0,\"macro_f1\":0,\"ece\":1},"
        "\"entities\":%s}}],\"length\":[{\"value\":\"17-32\",\"documents\":{\"n\":2,\"accuracy\":0.5,"
        "\"macro_f1\":0.333333333,\"ece\":0.5},\"entities\":%s}}],\"agreement\":[{\"value\":\"75\",",
        none, classes, none, classes, none, classes, none, none, none);
    text[strlen(expected)] = '\0';
    assert_string_equal(text, expected);
    free(text);
    tw_findings_free(findings);
}

static void what_no_record_tells_is_no_slice(void **state)
{
    (void)state;
    struct tw_findings *findings = begin(0);
    add(findings, (struct story){"x", "", 20, NONE, POSITIVE, POSITIVE, 1});
    char *text = json_of(findings);
    assert_non_null(strstr(text, "\"slices\":{\"source\":[],\"length\":[{\"value\":\"17-32\","));
    assert_non_null(strstr(text, "\"agreement\":[]}}\n"));
    free(text);
    tw_findings_free(findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_of_each_kind_sum_to_the_whole),
        cmocka_unit_test(slices_stand_in_order_with_those_without_value_last),
        cmocka_unit_test(sources_without_end_do_not_take_memory_without_end),
        cmocka_unit_test(conflicting_headlines_have_a_positive_and_a_negative_entity),
        cmocka_unit_test(the_worst_are_wrong_with_the_highest_confidence),
        cmocka_unit_test(a_long_text_is_cut_where_a_character_begins),
        cmocka_unit_test(json_keeps_its_contract),
        cmocka_unit_test(what_no_record_tells_is_no_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
