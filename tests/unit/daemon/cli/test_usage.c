/* usage: every subcommand's table is whole, and -h prints all of it. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/usage.h"

typedef void visitor(const struct tw_command *command, const struct tw_option *rows, size_t count);

static void for_each_command(visitor *visit)
{
    size_t commands;
    const struct tw_command *const *table = tw_commands(&commands);
    assert_true(commands > 15);
    for (size_t at = 0; at < commands; at++) {
        struct tw_option rows[TW_OPTIONS_MOST];
        size_t count = tw_command_options(table[at], rows);
        visit(table[at], rows, count);
    }
}

static char *usage_of(const struct tw_command *command)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    tw_usage_print(command, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

/* A line for people: not empty, beginning in lower case or with a word in capitals, no full stop. */
static bool is_line(const char *text)
{
    return text && text[0] && text[strlen(text) - 1] != '.' && !strchr(text, '\n') &&
           !(isupper((unsigned char)text[0]) && islower((unsigned char)text[1]));
}

static const struct tw_option *find(const struct tw_option *rows, size_t count, const char *name)
{
    for (size_t at = 0; at < count; at++)
        if (rows[at].name && strcmp(rows[at].name, name) == 0)
            return &rows[at];
    return NULL;
}

static void check_command(const struct tw_command *command, const struct tw_option *rows, size_t count)
{
    static const char groups[] = " run data rules models make dev ";
    char group[32];
    snprintf(group, sizeof group, " %s ", command->group);
    if (!strstr(groups, group) || !is_line(command->summary) || !command->run || !command->bytes)
        fail_msg("%s: group, summary, run and bytes are needed", command->name);
    if (count != command->count + (command->settings ? command->settings->count : 0))
        fail_msg("%s: more than %d options", command->name, TW_OPTIONS_MOST);
    for (size_t at = 0; at < count; at++)
        if (!is_line(rows[at].help))
            fail_msg("%s: row %zu has no line of help: %s", command->name, at, rows[at].help);
}

static void a_command_and_each_option_has_its_line(void **state)
{
    (void)state;
    for_each_command(check_command);
}

static void check_names(const struct tw_command *command, const struct tw_option *rows, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        char spelt[TW_OPTION_SPELT], other[TW_OPTION_SPELT];
        tw_option_spell(&rows[at], spelt);
        if (rows[at].letter == 'h' || strcmp(spelt, "--help") == 0)
            fail_msg("%s: -h and --help are help's own", command->name);
        for (size_t before = 0; before < at; before++) {
            tw_option_spell(&rows[before], other);
            if (strcmp(spelt, other) == 0 || (rows[at].letter && rows[at].letter == rows[before].letter))
                fail_msg("%s: %s and %s have one name", command->name, spelt, other);
        }
    }
}

static void no_two_options_have_one_name(void **state)
{
    (void)state;
    for_each_command(check_names);
}

static bool is_flag(const struct tw_option *row)
{
    return row->kind == TW_OPTION_FLAG || (row->setting && row->setting->type == TW_SETTING_SWITCH);
}

static bool is_list(const struct tw_option *row)
{
    return row->kind == TW_OPTION_TEXTS || row->kind == TW_OPTION_PATHS;
}

static void check_rows(const struct tw_command *command, const struct tw_option *rows, size_t count)
{
    bool had_list = false;
    for (size_t at = 0; at < count; at++) {
        const struct tw_option *row = &rows[at];
        bool is_operand = tw_option_is_operand(row);
        bool is_noted = row->kind == TW_OPTION_SETTING || row->kind == TW_OPTION_ASSIGN;
        bool right = is_flag(row) == (row->value == NULL) && (is_noted || row->offset < command->bytes) &&
                     (row->kind != TW_OPTION_CHOICE || row->choices) &&
                     (row->kind != TW_OPTION_CUSTOM || (row->take && row->wanted)) &&
                     (!row->most || row->most > row->least) &&
                     (!row->needs || find(rows, count, row->needs)) && !(is_operand && had_list);
        if (!right)
            fail_msg("%s: row %zu (%s) contradicts itself", command->name, at, row->help);
        had_list = had_list || (is_operand && is_list(row));
    }
}

static void no_row_contradicts_itself(void **state)
{
    (void)state;
    for_each_command(check_rows);
}

/* Of a group that must be given, the first row says so, and it has at least two. */
static void check_groups(const struct tw_command *command, const struct tw_option *rows, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        size_t members = 0, first = count;
        for (size_t other = 0; rows[at].group && other < count; other++)
            if (rows[other].group && strcmp(rows[other].group, rows[at].group) == 0) {
                members++;
                first = first < count ? first : other;
            }
        if (rows[at].group && (members < 2 || (rows[at].required && !rows[first].required)))
            fail_msg("%s: the group \"%s\" is not one", command->name, rows[at].group);
    }
}

static void a_group_is_a_choice(void **state)
{
    (void)state;
    for_each_command(check_groups);
}

/* Defaults are values of their own options: a line without words is read, or misses what is required. */
static void check_fallbacks(const struct tw_command *command, const struct tw_option *rows, size_t count)
{
    struct tw_arena arena;
    struct tw_error err = {0};
    struct tw_assignments assigned;
    const struct tw_option_table table = {command->name, rows, count};
    assert_true(tw_arena_begin(&arena, 1 << 20, &err));
    void *options = tw_arena_array(&arena, 1, command->bytes);
    assert_non_null(options);
    int status = tw_arguments_parse(&table, 0, NULL, &arena, options, &assigned, &err);
    if (status != 0 && status != 2)
        fail_msg("%s: %s", command->name, err.what);
    tw_arena_end(&arena);
}

static void every_default_is_a_value(void **state)
{
    (void)state;
    for_each_command(check_fallbacks);
}

/* What stands in the left column: "  -c, --config FILE  ". */
static bool prints(const char *usage, const struct tw_option *row)
{
    char spelt[TW_OPTION_SPELT], left[2 * TW_OPTION_SPELT], letter[8] = "    ";
    tw_option_spell(row, spelt);
    if (row->letter && !row->name)
        letter[0] = '\0'; /* its letter is its name */
    else if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    if (tw_option_is_operand(row))
        snprintf(left, sizeof left, "\n  %s", spelt);
    else
        snprintf(left, sizeof left, "\n  %s%s%s%s", letter, spelt, row->value ? " " : "",
            row->value ? row->value : "");
    return strstr(usage, left) != NULL;
}

static void check_usage(const struct tw_command *command, const struct tw_option *rows, size_t count)
{
    char begin[100];
    char *usage = usage_of(command);
    snprintf(begin, sizeof begin, "usage: tapewatch %s ", command->name);
    if (strncmp(usage, begin, strlen(begin)) != 0 || !strstr(usage, command->summary) ||
        !strstr(usage, "  -h, --help"))
        fail_msg("%s: usage begins otherwise:\n%s", command->name, usage);
    for (size_t at = 0; at < count; at++)
        if (!prints(usage, &rows[at]))
            fail_msg("%s: row %zu (%s) is not printed:\n%s", command->name, at, rows[at].help, usage);
    for (const char *line = usage; *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > TW_USAGE_COLUMNS)
            fail_msg("%s: too wide: %.*s", command->name, (int)strcspn(line, "\n"), line);
    free(usage);
}

static void help_prints_every_option_within_its_columns(void **state)
{
    (void)state;
    for_each_command(check_usage);
}

static void a_usage_reads_like_this(void **state)
{
    (void)state;
    char *usage = usage_of(&tw_command_config);
    assert_string_equal(usage,
        "usage: tapewatch config (--defaults | --effective | --reference) [OPTION]...\n"
        "show every key with its default, or what a file makes of them\n"
        "\n"
        "  -c, --config FILE  the configuration (default /etc/tapewatch/tapewatch.yaml)\n"
        "      --defaults     every key with its default, as a file to start from\n"
        "      --effective    every key with the value it has after FILE\n"
        "      --reference    every key with type, unit, range and prose, as a page\n"
        "  -h, --help         print this\n");
    free(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_and_each_option_has_its_line),
        cmocka_unit_test(no_two_options_have_one_name),
        cmocka_unit_test(no_row_contradicts_itself),
        cmocka_unit_test(a_group_is_a_choice),
        cmocka_unit_test(every_default_is_a_value),
        cmocka_unit_test(help_prints_every_option_within_its_columns),
        cmocka_unit_test(a_usage_reads_like_this),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
