/* manual: every command has one page, each page has its prose, and says of an option what the table says. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/manual.h"
#include "cli/usage.h"

static char *page_of(const struct tw_manual_page *page, const char *prose)
{
    char *text = NULL;
    size_t length = 0;
    struct tw_error err = {0};
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    assert_true(tw_manual_print(page, tw_text_of(prose), stream, &err));
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void find_page(const char *name, struct tw_manual_page *page)
{
    for (size_t at = 0; tw_manual_page(at, page); at++)
        if (strcmp(page->name, name) == 0)
            return;
    fail_msg("no page %s", name);
}

/* A page without what makes text plain or bold for scdoc, so that it can be compared with what -h says. */
static void strip(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from == '\\')
            *to++ = *++from;
        else if (*from != '*' && *from != '_')
            *to++ = *from;
    *to = '\0';
}

static void every_command_has_one_page(void **state)
{
    (void)state;
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    for (size_t at = 0; at < count; at++) {
        struct tw_manual_page page;
        size_t pages = 0;
        for (size_t number = 0; tw_manual_page(number, &page); number++)
            if (page.command[0] && (strcmp(commands[at]->name, page.command) == 0 ||
                                       tw_command_in_family(commands[at], page.command)))
                pages++;
        if (pages != 1)
            fail_msg("%s has %zu pages", commands[at]->name, pages);
    }
}

static void check_options(const struct tw_command *command, const char *page)
{
    struct tw_option rows[TW_OPTIONS_MOST];
    size_t count = tw_command_options(command, rows);
    for (size_t at = 0; at < count; at++) {
        char spelt[TW_OPTION_SPELT], help[TW_USAGE_HELP_BYTES],
            wanted[TW_USAGE_HELP_BYTES + 2 * TW_OPTION_SPELT];
        tw_option_spell(&rows[at], spelt);
        tw_usage_help(&rows[at], help);
        bool has_value = rows[at].value && !tw_option_is_operand(&rows[at]);
        snprintf(wanted, sizeof wanted, "%s%s%s\n\t%s\n", spelt, has_value ? " " : "",
            has_value ? rows[at].value : "", help);
        if (!strstr(page, wanted))
            fail_msg("%s: the page does not say: %s", command->name, wanted);
    }
}

static void a_page_says_of_each_option_what_help_says(void **state)
{
    (void)state;
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    struct tw_manual_page page;
    for (size_t number = 2; tw_manual_page(number, &page); number++) {
        char *text = page_of(&page, "# DESCRIPTION\n\nprose\n");
        strip(text);
        for (size_t at = 0; at < count; at++)
            if (strcmp(commands[at]->name, page.command) == 0 ||
                tw_command_in_family(commands[at], page.command))
                check_options(commands[at], text);
        free(text);
    }
}

/* "--no-NAME" of a switch means the same option. */
static bool knows(const char *word, size_t length)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    for (size_t at = 0; at < count; at++) {
        struct tw_option rows[TW_OPTIONS_MOST];
        size_t options = tw_command_options(commands[at], rows);
        for (size_t row = 0; row < options; row++)
            if (rows[row].name && strlen(rows[row].name) == length &&
                strncmp(rows[row].name, word, length) == 0)
                return true;
    }
    return length == 4 && strncmp(word, "help", 4) == 0;
}

static void check_prose(const struct tw_manual_page *page, struct tw_arena *arena)
{
    char path[512];
    struct tw_text prose;
    struct tw_error err = {0};
    snprintf(path, sizeof path, "%s/deploy/man/%s.scd", TW_SOURCE_DIR, page->name);
    if (!tw_file_read(path, 1 << 20, arena, &prose, &err))
        fail_msg("%s: %s", path, err.what);
    if (prose.length < 40 || strncmp(prose.bytes, "# DESCRIPTION\n", 14) != 0)
        fail_msg("%s does not begin with a description", path);
    for (size_t at = 0; at + 2 < prose.length; at++) {
        size_t length = 0;
        if (strncmp(prose.bytes + at, "--", 2) != 0 || !isalpha((unsigned char)prose.bytes[at + 2]))
            continue;
        while (at + 2 + length < prose.length &&
               (isalnum((unsigned char)prose.bytes[at + 2 + length]) || prose.bytes[at + 2 + length] == '-'))
            length++;
        if (!knows(prose.bytes + at + 2, length))
            fail_msg(
                "%s speaks of an option that no command has: %.*s", path, (int)length + 2, prose.bytes + at);
    }
}

static void each_page_has_its_prose_which_names_no_option_that_is_not_there(void **state)
{
    (void)state;
    struct tw_arena arena;
    struct tw_error err = {0};
    struct tw_manual_page page;
    assert_true(tw_arena_begin(&arena, 8 << 20, &err));
    for (size_t at = 0; tw_manual_page(at, &page); at++)
        check_prose(&page, &arena);
    tw_arena_end(&arena);
}

static void a_page_reads_like_this(void **state)
{
    (void)state;
    struct tw_manual_page page;
    find_page("tapewatch-reload", &page);
    char *text = page_of(&page, "# DESCRIPTION\n\nBefore.\n\n@OPTIONS@\n# AFTER\n\nBehind.\n");
    char *body = strchr(text, '\n');
    assert_non_null(body);
    assert_memory_equal(text, "tapewatch-reload(1) \"Tapewatch ", 31);
    assert_string_equal(body,
        "\n\n# NAME\n\ntapewatch-reload - make a running daemon read its configuration, events, rules and entities anew\n"
        "\n# SYNOPSIS\n\n*tapewatch reload* \\[OPTION\\]...\n\n"
        "\n# DESCRIPTION\n\nBefore.\n\n"
        "\n# OPTIONS\n\n"
        "*-c*, *--config* _FILE_\n\tthe configuration (default /etc/tapewatch/tapewatch.yaml)\n\n"
        "*-h*, *--help*\n\tprint how it is used\n\n"
        "\n# AFTER\n\nBehind.\n"
        "\n# SEE ALSO\n\n*tapewatch*(1), *tapewatch.yaml*(5), *tapewatch-serve*(1), *tapewatch-migrate*(1), "
        "*tapewatch-check*(1), *tapewatch-status*(1)\n");
    free(text);
}

static void what_means_something_to_scdoc_is_made_plain(void **state)
{
    (void)state;
    struct tw_manual_page page;
    find_page("tapewatch-finetune", &page);
    char *text = page_of(&page, "");
    assert_non_null(strstr(text, "\n_FILE\\[:WEIGHT\\]_\n"));
    assert_non_null(strstr(text, "entities: \\[{name, label}\\]"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_one_page),
        cmocka_unit_test(a_page_says_of_each_option_what_help_says),
        cmocka_unit_test(each_page_has_its_prose_which_names_no_option_that_is_not_there),
        cmocka_unit_test(a_page_reads_like_this),
        cmocka_unit_test(what_means_something_to_scdoc_is_made_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
