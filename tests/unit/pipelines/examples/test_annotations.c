/* annotations: what people said of a record is read as they said it, or refused by the field's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "examples/annotations.h"

static struct tw_arena arena;

static int begin(void **state)
{
    struct tw_error err;
    (void)state;
    return tw_arena_begin(&arena, 1 << 20, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

static struct tw_annotations read_from(const char *line)
{
    struct tw_annotations annotations;
    struct tw_error err;
    if (!tw_annotations_read(tw_text_of(line), &arena, &annotations, &err))
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
        {"{\"label\":\"good\"}", "field label", "the label \"good\" is not one of ours"},
        {"{\"label\":1}", "field label", "the label is not a text"},
        {"{\"entities\":[{\"label\":\"neutral\"}]}", "field entities", "an entity has no name"},
        {"{\"entities\":[{\"name\":\"x\",\"label\":\"LABEL_0\"}]}", "field entities",
            "the label \"LABEL_0\" is not one of ours"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_annotations annotations;
        struct tw_error err;
        assert_false(tw_annotations_read(tw_text_of(cases[at].line), &arena, &annotations, &err));
        assert_int_equal(err.code, TW_REFUSED);
        assert_string_equal(err.where, cases[at].where);
        assert_string_equal(err.what, cases[at].what);
    }
}

static void entities_of_others_are_left_alone(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"entities\":{\"hashtags\":[],\"symbols\":[{\"text\":\"VELQ\"}]},\"text\":\"x\"}",
        "{\"entities\":[\"VELQ\"],\"text\":\"x\"}", "{\"entities\":7}",
        "{\"entities\":[{\"text\":\"VELQ\"}]}"};
    struct tw_error err;
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        struct tw_annotations read;
        assert_true(tw_annotations_read(tw_text_of(lines[at]), &arena, &read, &err));
        assert_false(read.names_entities);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entities_of_others_are_left_alone),
        cmocka_unit_test(every_label_that_was_given_is_read),
        cmocka_unit_test(a_label_beside_what_is_no_json_is_read),
        cmocka_unit_test(what_was_not_given_is_minus_one),
        cmocka_unit_test(what_is_none_of_ours_is_refused_by_its_field),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
