/* arguments: a command line by a table, and the words for a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/arguments.h"

enum { MOST_WORDS = 16, ARENA_BYTES = 1 << 20 };

enum form { TABLE, JSON, CSV };

struct options {
    const char *config, *partition, *source;
    struct tw_setting_texts rooms, files;
    int64_t limit, since_us;
    double share;
    int doubled;
    bool all, raw, beginning, end;
    enum form format;
};

struct settings {
    double lr;
    bool cased;
    struct tw_setting_texts data;
};

static const struct tw_setting setting_rows[] = {
    {"lr", TW_SETTING_REAL, offsetof(struct settings, lr), 0, 1, NULL, "0.5", "rate", 0},
    {"keep_case", TW_SETTING_SWITCH, offsetof(struct settings, cased), 0, 0, NULL, "false", "keep case", 0},
    {"data", TW_SETTING_TEXTS, offsetof(struct settings, data), 0, 0, NULL, "", "files", 'd'},
};
static const struct tw_settings settings_table = {"list", setting_rows, 3};

static bool take_doubled(const char *text, void *place)
{
    if (strlen(text) != 1 || text[0] < '0' || text[0] > '9')
        return false;
    *(int *)place = 2 * (text[0] - '0');
    return true;
}

static const char *const forms[] = {"table", "json", "csv", NULL};

static const struct tw_option rows[] = {
    {.value = "SOURCE", TW_INTO_TEXT(struct options, source), .help = "from where"},
    {.value = "FILE", TW_INTO_PATHS(struct options, files), .help = "files"},
    {"config", 'c', "FILE", TW_INTO_PATH(struct options, config), .help = "the configuration"},
    {"limit", 0, "N", TW_INTO_COUNT(struct options, limit), .least = 1, .most = 1000, .fallback = "100",
        .help = "newest"},
    {"partition", 0, "N", TW_INTO_DIGITS(struct options, partition), .most = INT32_MAX, .help = "partition"},
    {"share", 's', "X", TW_INTO_REAL(struct options, share), .most = 1, .help = "share"},
    {"since", 0, "TIME", TW_INTO_TIME(struct options, since_us), .help = "since"},
    {"format", 0, "FORM", TW_INTO_CHOICE(struct options, format, forms), .fallback = "table", .help = "form"},
    {"doubled", 0, "N", TW_INTO_CUSTOM(struct options, doubled, take_doubled), .wanted = "one digit",
        .help = "d"},
    {"verbose", 'v', "ROOM", TW_INTO_TEXTS(struct options, rooms), .help = "rooms"},
    {"all", 'a', NULL, TW_INTO_FLAG(struct options, all), .help = "all"},
    {"raw", 'r', NULL, TW_INTO_FLAG(struct options, raw), .needs = "limit", .help = "raw"},
    {"to-beginning", 0, NULL, TW_INTO_FLAG(struct options, beginning), .group = "to",
        .help = "to its beginning"},
    {"to-end", 0, NULL, TW_INTO_FLAG(struct options, end), .group = "to", .help = "to its end"},
    {"set", 0, "KEY=VALUE", .kind = TW_OPTION_ASSIGN, .help = "one setting"},
    {"lr", 0, "X", .kind = TW_OPTION_SETTING, .setting = &setting_rows[0], .help = "rate"},
    {"keep_case", 0, NULL, .kind = TW_OPTION_SETTING, .setting = &setting_rows[1], .help = "keep case"},
    {"data", 'd', "FILE", .kind = TW_OPTION_SETTING, .setting = &setting_rows[2], .help = "files"},
};

struct told {
    struct options options;
    struct tw_assignments assigned;
    struct tw_error err;
    struct tw_arena arena;
    char line[300];
    char *words[MOST_WORDS];
};

/* Parses the words of `line`, which are separated by one blank each; two blanks make an empty one. */
static int parse_by(struct told *told, const struct tw_option_table *table, const char *line)
{
    int count = 0;
    tw_arena_end(&told->arena);
    *told = (struct told){0};
    assert_true(tw_arena_begin(&told->arena, ARENA_BYTES, &told->err));
    snprintf(told->line, sizeof told->line, "%s", line);
    for (char *at = told->line[0] ? told->line : NULL; at; count++) {
        assert_true(count < MOST_WORDS);
        told->words[count] = at;
        at = strchr(at, ' ');
        if (at)
            *at++ = '\0';
    }
    return tw_arguments_parse(
        table, count, told->words, &told->arena, &told->options, &told->assigned, &told->err);
}

static int parse(struct told *told, const char *line)
{
    static const struct tw_option_table table = {"list", rows, sizeof rows / sizeof rows[0]};
    return parse_by(told, &table, line);
}

static void each_kind_goes_to_its_place(void **state)
{
    struct told *told = *state;
    assert_int_equal(parse(told, "here -c file --limit=12 a --partition 007 --share 0.25 b"), 0);
    assert_string_equal(told->options.source, "here");
    assert_string_equal(told->options.config, "file");
    assert_int_equal(told->options.limit, 12);
    assert_string_equal(told->options.partition, "007");
    assert_true(told->options.share == 0.25);
    assert_int_equal(told->options.files.count, 2);
    assert_string_equal(told->options.files.items[0], "a");
    assert_string_equal(told->options.files.items[1], "b");
    assert_int_equal(parse(told, "--since 1970-01-01T00:00:01Z --format csv --doubled 4 --all --to-end"), 0);
    assert_int_equal(told->options.since_us, 1000000);
    assert_int_equal(told->options.format, CSV);
    assert_int_equal(told->options.doubled, 8);
    assert_true(told->options.all);
    assert_true(told->options.end);
    assert_false(told->options.raw);
}

static void what_is_not_given_has_its_fallback_or_nothing(void **state)
{
    struct told *told = *state;
    assert_int_equal(parse(told, ""), 0);
    assert_int_equal(told->options.limit, 100);
    assert_int_equal(told->options.format, TABLE);
    assert_null(told->options.config);
    assert_null(told->options.source);
    assert_int_equal(told->options.files.count, 0);
    assert_int_equal(told->assigned.count, 0);
}

static void a_line_is_read_as_getopt_reads_it(void **state)
{
    struct told *told = *state;
    assert_int_equal(parse(told, "-arcfile --limit 3 -s.5"), 0);
    assert_true(told->options.all);
    assert_true(told->options.raw);
    assert_string_equal(told->options.config, "file");
    assert_true(told->options.share == 0.5);
    assert_int_equal(parse(told, "-- --all -c"), 0);
    assert_false(told->options.all);
    assert_string_equal(told->options.source, "--all");
    assert_string_equal(told->options.files.items[0], "-c");
    assert_int_equal(parse(told, "- -c -x"), 0);
    assert_string_equal(told->options.source, "-");
    assert_string_equal(told->options.config, "-x");
    assert_int_equal(parse(told, "--conf=a=b --lim 7"), 0);
    assert_string_equal(told->options.config, "a=b");
    assert_int_equal(told->options.limit, 7);
}

static void given_twice_the_last_holds_and_lists_take_each(void **state)
{
    struct told *told = *state;
    assert_int_equal(parse(told, "--limit 1 --limit 2 -c a --config b -v x -vy --verbose=z --all --all"), 0);
    assert_int_equal(told->options.limit, 2);
    assert_string_equal(told->options.config, "b");
    assert_int_equal(told->options.rooms.count, 3);
    assert_string_equal(told->options.rooms.items[0], "x");
    assert_string_equal(told->options.rooms.items[1], "y");
    assert_string_equal(told->options.rooms.items[2], "z");
}

static void settings_wait_in_the_order_in_which_they_were_typed(void **state)
{
    struct told *told = *state;
    struct settings settings;
    struct tw_error err;
    assert_int_equal(
        parse(told, "--lr 0.1 --set lr=0.2 --keep-case -d a --data b --no-keep-case --set data="), 0);
    assert_int_equal(told->assigned.count, 7);
    assert_true(tw_settings_defaults(&settings_table, &told->arena, &settings, &err));
    assert_true(tw_assignments_apply(&told->assigned, &settings_table, &told->arena, &settings, &err));
    assert_true(settings.lr == 0.2);
    assert_false(settings.cased);
    assert_int_equal(settings.data.count, 1);
    assert_string_equal(settings.data.items[0], "");
    assert_int_equal(parse(told, "--keep_case --lr 2"), 0);
    assert_true(tw_settings_defaults(&settings_table, &told->arena, &settings, &err));
    assert_false(tw_assignments_apply(&told->assigned, &settings_table, &told->arena, &settings, &err));
    assert_int_equal(err.code, TW_USAGE);
    assert_true(settings.cased);
}

static void a_wrong_line_is_told_in_words(void **state)
{
    struct told *told = *state;
    static const char help[] = "tapewatch list --help tells the options";
    static const struct {
        const char *line, *what, *cure;
    } cases[] = {
        {"--limti 3", "no option --limti", "did you mean --limit?"},
        {"--keepcase", "no option --keepcase", "did you mean --keep-case?"},
        {"--colour", "no option --colour", help},
        {"--to", "no option --to", "did you mean --to-beginning or --to-end?"},
        {"--no-all", "no option --no-all", help},
        {"-x", "no option -x", help},
        {"-ax", "no option -x in \"-ax\"", help},
        {"-limit=3", "no option -l in \"-limit=3\"", "did you mean --limit?"},
        {"--limit", "--limit needs a value", help},
        {"--limit ", "--limit needs a value", help},
        {"--limit=", "--limit needs a value", help},
        {"-c", "-c needs a value", help},
        {"-ac", "-c needs a value", help},
        {"--all=yes", "--all takes no value", help},
        {"--limit 3x", "--limit is a number from 1 to 1000, not \"3x\"", help},
        {"--limit -3", "--limit is a number from 1 to 1000, not \"-3\"", help},
        {"--limit +3", "--limit is a number from 1 to 1000, not \"+3\"", help},
        {"--limit 0", "--limit is a number from 1 to 1000, not \"0\"", help},
        {"--limit 1001", "--limit is a number from 1 to 1000, not \"1001\"", help},
        {"--limit 9223372036854775808", "--limit is a number from 1 to 1000, not \"9223372036854775808\"",
            help},
        {"--partition 2147483648", "--partition is a number from 0 to 2147483647, not \"2147483648\"", help},
        {"-s 1", "-s is a number between 0 and 1, not \"1\"", help},
        {"--share 0", "--share is a number between 0 and 1, not \"0\"", help},
        {"--share nan", "--share is a number between 0 and 1, not \"nan\"", help},
        {"--share 0.5x", "--share is a number between 0 and 1, not \"0.5x\"", help},
        {"--since yesterday", "--since is a time such as 2026-01-31T14:30:00Z, not \"yesterday\"", help},
        {"--format xml", "--format is table, json or csv, not \"xml\"", help},
        {"--doubled 10", "--doubled is one digit, not \"10\"", help},
        {"--raw", "--raw needs --limit", help},
        {"--to-end --to-beginning", "--to-beginning or --to-end, not both", help},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        assert_int_equal(parse(told, cases[at].line), 2);
        assert_int_equal(told->err.code, TW_USAGE);
        assert_string_equal(told->err.what, cases[at].what);
        assert_string_equal(told->err.cure, cases[at].cure);
    }
}

static void what_must_be_given_is_missed_by_name(void **state)
{
    struct told *told = *state;
    static const struct tw_option strict[] = {
        {.value = "SOURCE", TW_INTO_TEXT(struct options, source), .required = true, .help = "from where"},
        {"config", 'c', "FILE", TW_INTO_PATH(struct options, config), .required = true,
            .help = "configuration"},
        {"to-beginning", 0, NULL, TW_INTO_FLAG(struct options, beginning), .group = "to", .required = true,
            .help = "b"},
        {"to-end", 0, NULL, TW_INTO_FLAG(struct options, end), .group = "to", .help = "to its end"},
    };
    static const struct tw_option_table table = {"list", strict, 4};
    static const struct {
        const char *line, *what;
    } cases[] = {
        {"", "SOURCE is missing"},
        {"here", "--config FILE is missing"},
        {"here -c file", "say --to-beginning or --to-end"},
        {"here there -c file --to-end", "one operand too many: \"there\""},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        assert_int_equal(parse_by(told, &table, cases[at].line), 2);
        assert_string_equal(told->err.what, cases[at].what);
    }
    assert_int_equal(parse_by(told, &table, "here -c file --to-end"), 0);
}

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct told));
    return *state ? 0 : -1;
}

static int end(void **state)
{
    struct told *told = *state;
    tw_arena_end(&told->arena);
    free(told);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_goes_to_its_place, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_given_has_its_fallback_or_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_line_is_read_as_getopt_reads_it, begin, end),
        cmocka_unit_test_setup_teardown(given_twice_the_last_holds_and_lists_take_each, begin, end),
        cmocka_unit_test_setup_teardown(settings_wait_in_the_order_in_which_they_were_typed, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_line_is_told_in_words, begin, end),
        cmocka_unit_test_setup_teardown(what_must_be_given_is_missed_by_name, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
