/* message_text: messages written by hand, as the JSON that they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/message_text.h"
#include "test_arena.h"

/* The JSON of a message, or all that is wrong with it. */
static const char *json_of(const char *yaml)
{
    struct tw_text_file *file = tw_arena_take(&arena, sizeof *file);
    struct tw_problems problems;
    const struct tw_yaml_node *root;
    struct tw_error err;
    struct tw_text text;
    assert_non_null(file);
    *file = (struct tw_text_file){"m.yaml", tw_text_of(yaml)};
    tw_problems_begin(&problems, &arena);
    if (!tw_yaml_load(file, &arena, &problems, &root))
        fail_msg("%s is no YAML", yaml);
    if (tw_message_text(root, "expect", &arena, &problems, &text))
        return text.bytes;
    assert_true(problems.count > 0);
    assert_true(tw_problems_render(&problems, &arena, &text, &err));
    return text.bytes;
}

static void keys_keep_their_order_and_the_one_that_is_no_message_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(json_of("ts: 2024-05-14T13:00:05Z\nexpect: {label: negative}\ntext: Profit rises.\n"),
        "{\"ts\":\"2024-05-14T13:00:05Z\",\"text\":\"Profit rises.\"}");
    assert_string_equal(json_of("payload: {expect: 1, symbols: [A, \"B\"]}\n"),
        "{\"payload\":{\"expect\":1,\"symbols\":[\"A\",\"B\"]}}");
    assert_string_equal(json_of("{}\n"), "{}");
}

static void a_value_is_what_json_would_take_it_for_unless_it_is_quoted(void **state)
{
    (void)state;
    assert_string_equal(json_of("a: 1715691605\nb: -1.5e3\nc: true\nd: null\ne: 1e999\nf: 007\n"),
        "{\"a\":1715691605,\"b\":-1.5e3,\"c\":true,\"d\":null,\"e\":\"1e999\",\"f\":\"007\"}");
    assert_string_equal(json_of("a: \"12\"\nb: 'true'\nc: trueish\nd: -x\n"),
        "{\"a\":\"12\",\"b\":\"true\",\"c\":\"trueish\",\"d\":\"-x\"}");
    assert_string_equal(json_of("a: \"a \\\"b\\\" \\t\"\n"), "{\"a\":\"a \\\"b\\\" \\t\"}");
    assert_string_equal(json_of("a: |\n  two\n  lines\n"), "{\"a\":\"two\\nlines\\n\"}");
}

static void a_text_that_a_comma_has_cut_is_seen(void **state)
{
    (void)state;
    assert_string_equal(json_of("{id: a, text: Profit of 40,000 crowns}\n"),
        "m.yaml:1:28: \"000 crowns\" has no value; cure: put a text that holds a comma or a colon in quotes\n"
        "    1 | {id: a, text: Profit of 40,000 crowns}\n"
        "      |                            ^\n");
    assert_string_equal(json_of("{id: \"\"}\n"), "{\"id\":\"\"}");
}

static void a_message_has_bounds(void **state)
{
    (void)state;
    char deep[200] = "a: ";
    memset(deep + 3, '[', 40);
    memset(deep + 43, ']', 40);
    assert_non_null(strstr(json_of(deep), "the message is nested deeper than 32"));
    /* Ten lists, each of ten times the one before: 10^9 texts. */
    char laughs[1000] = "a0: &a0 ha\n";
    size_t length = strlen(laughs);
    for (int level = 1; level < 10; level++) {
        length += (size_t)snprintf(laughs + length, sizeof laughs - length, "a%d: &a%d [", level, level);
        for (int time = 0; time < 10; time++)
            length += (size_t)snprintf(
                laughs + length, sizeof laughs - length, "%s*a%d", time ? "," : "", level - 1);
        length += (size_t)snprintf(laughs + length, sizeof laughs - length, "]\n");
    }
    assert_non_null(strstr(json_of(laughs), "the message is longer than"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_keep_their_order_and_the_one_that_is_no_message_is_left_out),
        cmocka_unit_test(a_value_is_what_json_would_take_it_for_unless_it_is_quoted),
        cmocka_unit_test(a_text_that_a_comma_has_cut_is_seen),
        cmocka_unit_test(a_message_has_bounds),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
