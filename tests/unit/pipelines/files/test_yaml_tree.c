/* yaml_tree: nodes with their places, and values read by a table of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files/yaml_tree.h"
#include "test_arena.h"

static const char *const colours[] = {"red", "green", "blue", NULL};
static const struct tw_yaml_key keys[] = {
    {"name", TW_YAML_TEXT, 1, 20, NULL, NULL, "what it is called"},
    {"wait", TW_YAML_DURATION, 1000, INT64_C(86400000000), NULL, "30s", "how long"},
    {"room", TW_YAML_SIZE, 1, 1 << 30, NULL, "8MiB", "how much"},
    {"loud", TW_YAML_BOOL, 0, 1, NULL, "false", "whether"},
    {"times", TW_YAML_COUNT, 1, 100, NULL, "3", "how often"},
    {"level", TW_YAML_FIXED, -10000, 10000, NULL, "-0.5", "how far"},
    {"share", TW_YAML_PERCENT, 0, 100, NULL, "50%", "how much of it"},
    {"colour", TW_YAML_CHOICE, 0, 0, colours, "green", "which"},
    {"words", TW_YAML_TEXTS, 1, 3, NULL, "", "which words"},
    {"rest", TW_YAML_NODE, 0, 0, NULL, "", "what else"},
};
enum { NAME, WAIT, ROOM, LOUD, TIMES, LEVEL, SHARE, COLOUR, WORDS, REST, KEYS };

/* Reads a map by the table; returns what is wrong as text, "" when nothing is. */
static const char *read_text(const char *yaml, struct tw_yaml_value *values)
{
    struct tw_text_file *source = tw_arena_take(&arena, sizeof *source);
    assert_non_null(source);
    *source = (struct tw_text_file){"t.yaml", tw_text_of(yaml)};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    const struct tw_yaml_node *root = NULL;
    bool right = tw_yaml_load(source, &arena, &problems, &root);
    if (root && !tw_yaml_read_map(root, keys, KEYS, "a thing", &arena, &problems, values))
        right = false;
    assert_int_equal(right, problems.count == 0);
    struct tw_text text;
    struct tw_error err;
    assert_true(tw_problems_render(&problems, &arena, &text, &err));
    return text.bytes;
}

static void every_type_is_read_into_its_unit(void **state)
{
    (void)state;
    struct tw_yaml_value values[KEYS];
    const char *wrong = read_text("name: 'a b'\nwait: 5m\nroom: 64KiB\nloud: true\ntimes: 7\nlevel: -0.0312\n"
                                  "share: 12%\ncolour: blue\nwords: [x, \"y z\"]\nrest: {a: [1]}\n",
        values);
    assert_string_equal(wrong, "");
    assert_memory_equal(values[NAME].text.bytes, "a b", 3);
    assert_int_equal(values[WAIT].number, 300000000);
    assert_int_equal(values[ROOM].number, 65536);
    assert_int_equal(values[LOUD].number, 1);
    assert_int_equal(values[TIMES].number, 7);
    assert_int_equal(values[LEVEL].number, -312);
    assert_int_equal(values[SHARE].number, 12);
    assert_int_equal(values[COLOUR].number, 2);
    assert_int_equal(values[WORDS].text_count, 2);
    assert_true(tw_text_equal(values[WORDS].texts[1], tw_text_of("y z")));
    const struct tw_yaml_node *a = tw_yaml_find(values[REST].node, "a");
    assert_int_equal(a->kind, TW_YAML_LIST);
    assert_int_equal(a->line, 10);
    assert_int_equal(a->column, 11);
    assert_null(tw_yaml_find(values[REST].node, "b"));
}

static void keys_left_out_have_their_defaults(void **state)
{
    (void)state;
    struct tw_yaml_value values[KEYS];
    assert_string_equal(read_text("name: x\nwords: one\n", values), "");
    assert_int_equal(values[WAIT].number, 30000000);
    assert_int_equal(values[ROOM].number, 8 << 20);
    assert_int_equal(values[LEVEL].number, -5000);
    assert_int_equal(values[COLOUR].number, 1);
    assert_int_equal(values[WORDS].text_count, 1);
    assert_false(values[REST].has_value);
    assert_null(values[WAIT].node);
}

struct wrong_case {
    const char *yaml;
    const char *message;
};

/* Each bad file and exactly what is said of it. */
static const struct wrong_case wrong_cases[] = {
    {"nam: x", "t.yaml:1:1: \"nam\" is no key of a thing; cure: did you mean \"name\"?\n"
               "    1 | nam: x\n"
               "      | ^\n"},
    {"loud: true", "t.yaml:1:1: a thing needs \"name\"; cure: add `name:`, a text\n"
                   "    1 | loud: true\n"
                   "      | ^\n"},
    {"name: x\nfrobnicate: 1",
        "t.yaml:2:1: \"frobnicate\" is no key of a thing; cure: its keys are name, wait, room, "
        "loud, times, level, share, colour, words, rest\n"
        "    2 | frobnicate: 1\n"
        "      | ^\n"},
    {"name: x\nwait: 600",
        "t.yaml:2:7: \"wait\" is a number without its unit: 600; cure: write a duration such as 10s, "
        "5m or 1h\n"
        "    2 | wait: 600\n"
        "      |       ^\n"},
    {"name: x\nwait: 0",
        "t.yaml:2:7: \"wait\" is a number without its unit: 0; cure: write a duration such as 10s, 5m "
        "or 1h\n"
        "    2 | wait: 0\n"
        "      |       ^\n"},
    {"name: x\nwait: 10 minutes",
        "t.yaml:2:7: \"wait\" has a unit that does not belong here: \" minutes\" in \"10 minutes\"; cure: write a "
        "duration such as 10s, 5m or 1h\n"
        "    2 | wait: 10 minutes\n"
        "      |       ^\n"},
    {"name: x\nwait: soon",
        "t.yaml:2:7: \"wait\" is no duration: \"soon\"; cure: write a duration such as 10s, 5m or "
        "1h\n"
        "    2 | wait: soon\n"
        "      |       ^\n"},
    {"name: x\nwait: 1.5h",
        "t.yaml:2:7: \"wait\" has too many decimal places: 1.5h; cure: write a whole number, in a "
        "smaller unit\n"
        "    2 | wait: 1.5h\n"
        "      |       ^\n"},
    {"name: x\nwait: 2d", "t.yaml:2:7: \"wait\" is out of range: 2d; cure: write a value from 1ms to 1d\n"
                          "    2 | wait: 2d\n"
                          "      |       ^\n"},
    {"name: x\nwait: 99999999999999999999d",
        "t.yaml:2:7: \"wait\" is out of range: 99999999999999999999d; cure: write a value from 1ms to 1d\n"
        "    2 | wait: 99999999999999999999d\n"
        "      |       ^\n"},
    {"name: x\nroom: 4096k",
        "t.yaml:2:7: \"room\" has a unit that does not belong here: \"k\" in \"4096k\"; cure: write "
        "a size such as 512B, 64KiB or 8MiB\n"
        "    2 | room: 4096k\n"
        "      |       ^\n"},
    {"name: x\nlevel: 0.12345",
        "t.yaml:2:8: \"level\" has too many decimal places: 0.12345; cure: write a number of at "
        "most 4 decimal places\n"
        "    2 | level: 0.12345\n"
        "      |        ^\n"},
    {"name: x\nlevel: 2", "t.yaml:2:8: \"level\" is out of range: 2; cure: write a value from -1.0 to 1.0\n"
                          "    2 | level: 2\n"
                          "      |        ^\n"},
    {"name: x\ntimes: 5s",
        "t.yaml:2:8: \"times\" has a unit that does not belong here: \"s\" in \"5s\"; cure: write a whole number "
        "without a unit\n"
        "    2 | times: 5s\n"
        "      |        ^\n"},
    {"name: x\nloud: yes",
        "t.yaml:2:7: \"loud\" is neither true nor false: \"yes\"; cure: write true or false\n"
        "    2 | loud: yes\n"
        "      |       ^\n"},
    {"name: x\ncolour: gren", "t.yaml:2:9: \"colour\" cannot be \"gren\"; cure: did you mean \"green\"?\n"
                              "    2 | colour: gren\n"
                              "      |         ^\n"},
    {"name: x\ncolour: puce",
        "t.yaml:2:9: \"colour\" cannot be \"puce\"; cure: write one of red, green, blue\n"
        "    2 | colour: puce\n"
        "      |         ^\n"},
    {"name:\nwords: []", "t.yaml:1:6: \"name\" has no value; cure: write a text, or take the key out\n"
                         "    1 | name:\n"
                         "      |      ^\n"
                         "t.yaml:2:8: \"words\" has 0 items; cure: write 1 to 3 items\n"
                         "    2 | words: []\n"
                         "      |        ^\n"},
    {"name: [x]\nwords: [a, [b], '']",
        "t.yaml:1:7: \"name\" is a list; cure: write a text\n"
        "    1 | name: [x]\n"
        "      |       ^\n"
        "t.yaml:2:12: an item of \"words\" is no text; cure: write a text, or take the "
        "item out\n"
        "    2 | words: [a, [b], '']\n"
        "      |            ^\n"
        "t.yaml:2:17: an item of \"words\" is no text; cure: write a text, or take the "
        "item out\n"
        "    2 | words: [a, [b], '']\n"
        "      |                 ^\n"},
    {"name: x\nname: y", "t.yaml:2:1: \"name\" stands here twice, first in line 1; cure: keep one of them\n"
                         "    2 | name: y\n"
                         "      | ^\n"},
    {"name: \"a\\0b\"", "t.yaml:1:7: \"name\" holds a NUL byte; cure: take the \\0 out\n"
                        "    1 | name: \"a\\0b\"\n"
                        "      |       ^\n"},
    {"- x", "t.yaml:1:1: a thing is no map; cure: write its keys, one a line, as `name: value`\n"
            "    1 | - x\n"
            "      | ^\n"},
    {"name: x\n---\nname: y",
        "t.yaml:2:1: a second document begins here; cure: keep one document, without `---` "
        "between\n"
        "    2 | ---\n"
        "      | ^\n"},
    {"name: [x",
        "t.yaml:2:1: no YAML: while parsing a flow sequence: did not find expected ',' or ']'; cure: look at "
        "the indentation, the colons and the quotes around here\n"
        "    2 | \n"
        "      | ^\n"},
    {"name: x\nb\xFF: 1", "t.yaml:2:2: no YAML: invalid leading UTF-8 octet; cure: write the file in UTF-8\n"
                          "    2 | b\xFF: 1\n"
                          "      |  ^\n"},
    {"name: x\n? [a]\n: b", "t.yaml:2:3: a key must be a single word; cure: write `name: value`\n"
                            "    2 | ? [a]\n"
                            "      |   ^\n"},
};

static void each_mistake_is_named_with_its_place_and_cure(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof wrong_cases / sizeof wrong_cases[0]; at++) {
        struct tw_yaml_value values[KEYS];
        assert_string_equal(read_text(wrong_cases[at].yaml, values), wrong_cases[at].message);
    }
}

static void a_file_of_brackets_is_refused_before_it_costs_minutes(void **state)
{
    (void)state;
    char *bytes = tw_arena_take(&arena, 1 << 20);
    assert_non_null(bytes);
    memset(bytes, '[', 1 << 20);
    struct tw_text_file source = {"t.yaml", {bytes, 1 << 20}};
    struct tw_problems problems;
    const struct tw_yaml_node *root;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_false(tw_yaml_load(&source, &arena, &problems, &root));
    assert_false(tw_problems_fail(&problems, &err));
    assert_string_equal(err.where, "t.yaml:1:1001");
    assert_string_equal(err.what, "more than 1000 brackets are open here");
}

static void an_empty_file_has_no_root(void **state)
{
    (void)state;
    struct tw_text_file source = {"t.yaml", tw_text_of("# nothing\n")};
    struct tw_problems problems;
    const struct tw_yaml_node *root = (const struct tw_yaml_node *)&source;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_yaml_load(&source, &arena, &problems, &root));
    assert_null(root);
}

static void numbers_are_printed_as_they_would_be_written(void **state)
{
    (void)state;
    static const struct {
        size_t key;
        int64_t number;
        const char *text;
    } cases[] = {
        {WAIT, 600000000, "10m"},
        {WAIT, 90000000, "90s"},
        {WAIT, 0, "0s"},
        {WAIT, 1500, "1500us"},
        {WAIT, INT64_C(172800000000), "2d"},
        {ROOM, 8 << 20, "8MiB"},
        {ROOM, 1000, "1kB"},
        {ROOM, 0, "0B"},
        {LEVEL, -30000, "-3.0"},
        {LEVEL, -312, "-0.0312"},
        {LEVEL, 0, "0.0"},
        {LEVEL, INT64_MIN, "-922337203685477.5808"},
        {SHARE, 50, "50%"},
        {LOUD, 1, "true"},
        {COLOUR, 2, "blue"},
        {TIMES, 12, "12"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char text[64];
        size_t length = tw_yaml_print(&keys[cases[at].key], cases[at].number, text, sizeof text);
        assert_string_equal(text, cases[at].text);
        assert_int_equal(length, strlen(cases[at].text));
    }
}

static void what_is_printed_is_read_back_as_the_same_number(void **state)
{
    (void)state;
    static const size_t numeric[] = {WAIT, ROOM, LEVEL, SHARE, TIMES};
    uint64_t random = 7;
    for (int round = 0; round < 20000; round++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        struct tw_yaml_key key = keys[numeric[round % 5]];
        key.least = INT64_MIN / 2;
        key.most = INT64_MAX / 2;
        int64_t number = (int64_t)(random >> (random & 31)) / 4;
        char text[64], what[256], cure[256];
        struct tw_yaml_value value;
        tw_yaml_print(&key, number, text, sizeof text);
        assert_true(tw_yaml_parse(&key, tw_text_of(text), &value, what, cure));
        assert_true(value.number == number);
    }
}

/* Any bytes: never a crash, and a failure always says something. */
static void no_bytes_make_the_reader_fall(void **state)
{
    (void)state;
    static const char alphabet[] = "nw:[]{}-,&*!|>'\" \n\t#?%@0s\xC3\xFF~<";
    uint64_t random = 11;
    for (int round = 0; round < 20000; round++) {
        char bytes[40];
        size_t length = 0;
        for (; length < sizeof bytes - 1; length++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            bytes[length] = alphabet[(random >> 33) % (sizeof alphabet - 1)];
            if ((random >> 60) == 0)
                break;
        }
        size_t mark = tw_arena_mark(&arena);
        struct tw_text_file source = {"t", {bytes, length}};
        struct tw_problems problems;
        struct tw_yaml_value values[KEYS];
        const struct tw_yaml_node *root;
        tw_problems_begin(&problems, &arena);
        bool right = tw_yaml_load(&source, &arena, &problems, &root);
        if (root && !tw_yaml_read_map(root, keys, KEYS, "a thing", &arena, &problems, values))
            right = false;
        assert_int_equal(right, problems.count == 0);
        tw_arena_rewind(&arena, mark);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_is_read_into_its_unit),
        cmocka_unit_test(keys_left_out_have_their_defaults),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_cure),
        cmocka_unit_test(a_file_of_brackets_is_refused_before_it_costs_minutes),
        cmocka_unit_test(an_empty_file_has_no_root),
        cmocka_unit_test(numbers_are_printed_as_they_would_be_written),
        cmocka_unit_test(what_is_printed_is_read_back_as_the_same_number),
        cmocka_unit_test(no_bytes_make_the_reader_fall),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
