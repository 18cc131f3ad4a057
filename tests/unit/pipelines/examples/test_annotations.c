/* annotations: what people said of a record is read as they said it, or refused by the field's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "examples/annotations.h"
#include "test_arena.h"

static bool reading(const char *line, const char *numbers, bool needs_labels, struct tw_annotations *out,
    struct tw_error *why)
{
    struct tw_label_numbers given;
    struct tw_error err;
    struct tw_document document;
    const struct tw_decode_options options = tw_decode_defaults();
    const struct tw_message message = {.payload = tw_text_of(line), .has_value = true, .stamp_us = 1};
    assert_true(tw_label_numbers_read(numbers, &given, &err));
    struct tw_annotating annotating = {.numbers = &given, .needs_labels = needs_labels};
    const struct tw_decode_witness witness = tw_annotations_witness(&annotating);
    assert_true(tw_decode_witnessed(&options, &message, &witness, &arena, &document, &err));
    *out = annotating.out;
    if (document.fate != TW_FATE_STORED)
        *why = *document.refusal;
    return document.fate == TW_FATE_STORED;
}

static struct tw_annotations read_from(const char *line)
{
    struct tw_annotations annotations;
    struct tw_error err;
    if (!reading(line, NULL, true, &annotations, &err))
        fail_msg("%s: %s: %s", line, err.where, err.what);
    return annotations;
}

static void every_label_that_was_given_is_read(void **state)
{
    (void)state;
    struct tw_annotations annotations =
        read_from("{\"text\":\"x\",\"label\":\"Bearish\",\"agree\":66,\"entities\":"
                  "[{\"name\":\"AT&amp;T\",\"label\":\"positive\"},{\"name\":\"Marine\"}]}");
    assert_int_equal(annotations.label, 0);
    assert_int_equal(annotations.agreement, 66);
    assert_true(annotations.names_entities);
    assert_int_equal(annotations.entity_count, 2);
    assert_true(tw_text_equal(annotations.entities[0].name, tw_text_of("AT&amp;T")));
    assert_int_equal(annotations.entities[0].label, 2);
    assert_int_equal(annotations.entities[1].label, -1);
    assert_true(tw_annotations_has_label(&annotations));
}

/* Such a line is a message all the same (decode.h): its label counts too. */
static void a_label_beside_what_is_no_json_is_read(void **state)
{
    (void)state;
    struct tw_annotations annotations = read_from("{\"text\":\"x\",\"label\":\"neutral\",\"price\":NaN}");
    assert_int_equal(annotations.label, 1);
}

static void what_was_not_given_is_minus_one(void **state)
{
    (void)state;
    static const char *const lines[] = {"{\"text\":\"x\"}", "{\"text\":\"x\",\"label\":null}",
        "{\"text\":\"x\",\"label\":null,\"entities\":null,\"agree\":\"most\"}",
        "{\"text\":\"x\",\"entities\":[],\"agree\":101}",
        "{\"text\":\"x\",\"entities\":[{\"name\":\"Marine\",\"label\":null}],\"agree\":66.5}"};
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        struct tw_annotations annotations = read_from(lines[at]);
        assert_int_equal(annotations.label, -1);
        assert_int_equal(annotations.agreement, -1);
        assert_false(tw_annotations_has_label(&annotations));
        assert_int_equal(annotations.names_entities, at >= 3);
    }
}

static void what_is_none_of_ours_is_refused_by_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *line, *where, *what;
    } cases[] = {
        {"{\"text\":\"x\",\"label\":\"good\"}", "field label", "the label \"good\" is not one of ours"},
        {"{\"text\":\"x\",\"label\":1}", "field label", "the label is the number 1"},
        {"{\"text\":\"x\",\"sentiment\":\"-1\"}", "field sentiment", "the label is the number -1"},
        {"{\"text\":\"x\",\"label\":{\"a\":1}}", "field label", "the label is neither a word nor a number"},
        {"{\"text\":\"x\",\"entities\":[{\"label\":\"neutral\"}]}", "field entities",
            "an entity has no name"},
        {"{\"text\":\"x\",\"entities\":[{\"name\":\"x\",\"label\":\"LABEL_0\"}]}", "field entities",
            "the label \"LABEL_0\" is not one of ours"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_annotations annotations;
        struct tw_error err;
        assert_false(reading(cases[at].line, NULL, true, &annotations, &err));
        assert_int_equal(err.code, TW_REFUSED);
        assert_string_equal(err.where, cases[at].where);
        assert_string_equal(err.what, cases[at].what);
        assert_true(reading(cases[at].line, NULL, false, &annotations, &err)); /* a text all the same */
        assert_int_equal(annotations.label, -1);
    }
}

static void numbers_are_labels_once_somebody_says_which(void **state)
{
    (void)state;
    static const struct {
        const char *numbers, *line;
        int32_t label;
    } cases[] = {
        {"negative,neutral,positive", "{\"text\":\"x\",\"label\":0}", 0},
        {"negative,neutral,positive", "{\"text\":\"x\",\"label\":2.0}", 2},
        {"pos, neg, neu", "{\"text\":\"x\",\"label\":\"1\"}", 0},
        {"0:neutral,-1:negative,1:positive", "{\"text\":\"x\",\"label\":-1}", 0},
        {"0:neutral,-1:negative,1:positive", "{\"text\":\"x\",\"sentiment\":\"+1\"}", 2},
        {"0:neutral,-1:negative,1:positive", "{\"text\":\"x\",\"label\":[0]}", 1},
    };
    struct tw_annotations annotations;
    struct tw_error err;
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        assert_true(reading(cases[at].line, cases[at].numbers, true, &annotations, &err));
        assert_int_equal(annotations.label, cases[at].label);
    }
    assert_false(
        reading("{\"text\":\"x\",\"label\":3}", "negative,neutral,positive", true, &annotations, &err));
    assert_string_equal(err.what, "the label 3 is none of --record-labels");
    static const char *const wrong[] = {"negative,positive", "a,b,c", "negative,negative,positive",
        "1:negative,1:neutral,2:positive", "x:negative,0:neutral,1:positive", "negative,neutral,positive,"};
    struct tw_label_numbers numbers;
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        assert_false(tw_label_numbers_read(wrong[at], &numbers, &err));
}

static void labels_have_short_and_other_names(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int32_t label;
    } cases[] = {
        {"{\"text\":\"x\",\"label\":\"pos\"}", 2},
        {"{\"text\":\"x\",\"label\":\" NEG \"}", 0},
        {"{\"text\":\"x\",\"label\":\"neu\"}", 1},
        {"{\"text\":\"x\",\"sentiment\":\"bullish\"}", 2},
        {"{\"text\":\"x\",\"gold_label\":\"bear\"}", 0},
        {"{\"text\":\"x\",\"labels\":[\"neutral\"]}", 1},
        {"{\"text\":\"x\",\"sentiment\":0.35}", -1},
        {"{\"text\":\"x\",\"sentiment\":{\"score\":1}}", -1},
        {"{\"text\":\"x\",\"labels\":[\"finance\",\"news\"]}", -1},
        {"{\"schema\":{},\"payload\":{\"text\":\"x\",\"label\":\"positive\"}}", 2},
        {"{\"specversion\":\"1.0\",\"type\":\"n\",\"source\":\"/w\",\"id\":\"1\",\"label\":\"neg\","
         "\"data\":{\"text\":\"x\"}}",
            0},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_annotations annotations = read_from(cases[at].line);
        if (annotations.label != cases[at].label)
            fail_msg("%s: %d", cases[at].line, annotations.label);
    }
}

static void entities_have_other_names(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"text\":\"x\",\"entities\":{\"Marine\":\"negative\"}}",
        "{\"text\":\"x\",\"entities\":[{\"text\":\"Marine\",\"label\":\"neg\"}]}",
        "{\"text\":\"x\",\"aspects\":[{\"aspect\":\"Marine\",\"polarity\":\"negative\"}]}",
        "{\"text\":\"x\",\"targets\":[{\"target\":\"Marine\",\"sentiment\":\"bearish\"}]}",
        "{\"text\":\"x\",\"entities\":[{\"entity\":\"Marine\",\"sentiment\":\"negative\"}]}",
    };
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        struct tw_annotations annotations = read_from(lines[at]);
        assert_int_equal(annotations.entity_count, 1);
        assert_true(tw_text_equal(annotations.entities[0].name, tw_text_of("Marine")));
        assert_int_equal(annotations.entities[0].label, 0);
    }
}

/* All cells of a table are texts. */
static void cells_of_a_table_are_read_as_what_they_say(void **state)
{
    (void)state;
    static const char *const lists[] = {"[{\\\"name\\\":\\\"Marine\\\",\\\"label\\\":\\\"negative\\\"}]",
        "{\\\"Marine\\\": \\\"negative\\\"}", "[{'name': 'Marine', 'label': 'negative'}]"};
    for (size_t at = 0; at < sizeof lists / sizeof lists[0]; at++) {
        char line[200];
        struct tw_annotations annotations;
        struct tw_error why;
        snprintf(line, sizeof line, "{\"text\":\"x\",\"label\":\"2.0\",\"agree\":\"75\",\"entities\":\"%s\"}",
            lists[at]);
        if (!reading(line, "negative,neutral,positive", true, &annotations, &why))
            fail_msg("%s: %s", line, why.what);
        assert_int_equal(annotations.label, 2);
        assert_int_equal(annotations.agreement, 75);
        assert_int_equal(annotations.entity_count, 1);
        assert_true(tw_text_equal(annotations.entities[0].name, tw_text_of("Marine")));
        assert_int_equal(annotations.entities[0].label, 0);
    }
    assert_false(read_from("{\"text\":\"x\",\"entities\":\"[sic] Marine\"}").names_entities);
}

static void entities_of_others_are_left_alone(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"entities\":{\"hashtags\":[],\"symbols\":[{\"text\":\"VELQ\"}]},\"text\":\"x\"}",
        "{\"entities\":[\"VELQ\"],\"text\":\"x\"}", "{\"entities\":7,\"text\":\"x\"}",
        "{\"entities\":[{\"text\":\"VELQ\"}],\"text\":\"x\"}",
        "{\"entities\":[{\"text\":\"VELQ\",\"label\":\"ORG\"}],\"text\":\"x\"}",
        "{\"companies\":[],\"text\":\"x\"}"};
    struct tw_error err;
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        struct tw_annotations read;
        assert_true(reading(lines[at], NULL, true, &read, &err));
        assert_false(read.names_entities);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_labels_once_somebody_says_which),
        cmocka_unit_test(labels_have_short_and_other_names),
        cmocka_unit_test(entities_have_other_names),
        cmocka_unit_test(cells_of_a_table_are_read_as_what_they_say),
        cmocka_unit_test(entities_of_others_are_left_alone),
        cmocka_unit_test(every_label_that_was_given_is_read),
        cmocka_unit_test(a_label_beside_what_is_no_json_is_read),
        cmocka_unit_test(what_was_not_given_is_minus_one),
        cmocka_unit_test(what_is_none_of_ours_is_refused_by_its_field),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
