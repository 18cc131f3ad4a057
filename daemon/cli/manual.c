#include "cli/manual.h"

#include "cli/command.h"
#include "cli/usage.h"
#include "config/config.h"
#include "config/config_print.h"
#include "version.h"

#include <string.h>

enum { ARENA_BYTES = 8 << 20 };

static const char program[] = "tapewatch", configuration[] = "tapewatch.yaml", options_mark[] = "@OPTIONS@\n";

/* ---- which pages there are ---- */

static bool is_of(const struct tw_command *command, const char *word)
{
    return strcmp(command->name, word) == 0 || tw_command_in_family(command, word);
}

/* The first word of a command, if no command before it has the same. */
static bool begins_page(const struct tw_command *const *commands, size_t at, char word[32])
{
    snprintf(word, 32, "%.*s", (int)strcspn(commands[at]->name, " "), commands[at]->name);
    for (size_t before = 0; before < at; before++)
        if (is_of(commands[before], word))
            return false;
    return true;
}

bool tw_manual_page(size_t at, struct tw_manual_page *page)
{
    size_t count, found = 2;
    const struct tw_command *const *commands = tw_commands(&count);
    *page = (struct tw_manual_page){.section = at == 1 ? 5 : 1};
    if (at < 2) {
        snprintf(page->name, sizeof page->name, "%s", at == 0 ? program : configuration);
        return true;
    }
    for (size_t command = 0; command < count; command++)
        if (begins_page(commands, command, page->command) && found++ == at) {
            snprintf(page->name, sizeof page->name, "%s-%s", program, page->command);
            return true;
        }
    return false;
}

/* ---- what a page is made of ---- */

/* Text of ours, with what means something to scdoc made plain. */
static void put_plain(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\*_`<>[]|#~", *text))
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void put_bold(FILE *to, const char *text)
{
    fputc('*', to);
    put_plain(to, text);
    fputc('*', to);
}

static void put_heading(FILE *to, const char *heading)
{
    fprintf(to, "\n# %s\n\n", heading);
}

/* The name in bold letters, then how it is used. */
static void put_forms(FILE *to, const struct tw_command *command)
{
    char form[TW_USAGE_FORM_BYTES], name[64];
    int length = snprintf(name, sizeof name, "%s %s", program, command->name);
    for (size_t at = 0; tw_usage_form(command, at, form); at++) {
        bool begins_so = strncmp(form, name, (size_t)length) == 0;
        fputs(at ? "++\n" : "", to);
        put_bold(to, begins_so ? name : program);
        put_plain(to, form + (begins_so ? (size_t)length : strlen(program)));
    }
    fputs("\n\n", to);
}

/* *-c*, *--config* _FILE_, and its help one step to the right. */
static void put_option(FILE *to, const struct tw_option *row)
{
    char spelt[TW_OPTION_SPELT], letter[3] = {'-', row->letter, '\0'}, help[TW_USAGE_HELP_BYTES];
    bool is_operand = tw_option_is_operand(row);
    tw_option_spell(row, spelt);
    if (row->letter && row->name) {
        put_bold(to, letter);
        fputs(", ", to);
    }
    if (!is_operand)
        put_bold(to, spelt);
    if (row->value) {
        fputs(is_operand ? "_" : " _", to);
        put_plain(to, row->value);
        fputs("_", to);
    }
    tw_usage_help(row, help);
    fputs("\n\t", to);
    put_plain(to, help);
    fputs("\n\n", to);
}

static void put_options(FILE *to, const struct tw_command *command)
{
    static const struct tw_option help = {.name = "help", .letter = 'h', .help = "print how it is used"};
    struct tw_option rows[TW_OPTIONS_MOST];
    size_t count = tw_command_options(command, rows);
    bool has_switches = false;
    for (int operands = 1; operands >= 0; operands--)
        for (size_t at = 0; at < count; at++)
            if (tw_option_is_operand(&rows[at]) == (operands == 1))
                put_option(to, &rows[at]);
    put_option(to, &help);
    for (size_t at = 0; at < count; at++)
        has_switches = has_switches || (rows[at].setting && rows[at].setting->type == TW_SETTING_SWITCH);
    if (has_switches)
        fputs("A setting without value has an opposite: *--no-NAME*.\n\n", to);
}

static void put_all_options(FILE *to, const char *word)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    put_heading(to, "OPTIONS");
    for (size_t at = 0; at < count; at++) {
        if (!is_of(commands[at], word))
            continue;
        if (tw_command_is_family(word)) {
            fputs("## ", to);
            put_plain(to, commands[at]->name);
            fputs("\n\n", to);
        }
        put_options(to, commands[at]);
    }
}

/* All commands, under the headings that --help has. */
static void put_commands(FILE *to)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    const char *group = "";
    put_heading(to, "COMMANDS");
    for (size_t at = 0; at < count; at++) {
        if (strcmp(group, commands[at]->group) != 0)
            fprintf(to, "## %s\n\n", commands[at]->group);
        group = commands[at]->group;
        put_bold(to, commands[at]->name);
        fputs("\n\t", to);
        put_plain(to, commands[at]->summary);
        fputs("\n\n", to);
    }
}

/* The file that `config --defaults` prints, as it is. */
static bool put_keys(FILE *to, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_config config;
    struct tw_text text;
    bool done = tw_arena_begin(&arena, ARENA_BYTES, err) && tw_config_defaults(&arena, &config, err) &&
                tw_config_print(&config, true, &arena, &text, err);
    if (done) {
        put_heading(to, "KEYS AND THEIR DEFAULTS");
        fprintf(to, "```\n%.*s```\n", (int)text.length, text.bytes);
    }
    tw_arena_end(&arena);
    return done;
}

/* ---- a page ---- */

static bool put_table(const struct tw_manual_page *page, FILE *to, struct tw_error *err)
{
    if (page->section == 5)
        return put_keys(to, err);
    if (page->command[0])
        put_all_options(to, page->command);
    else
        put_commands(to);
    return true;
}

static void put_name(const struct tw_manual_page *page, FILE *to)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    const char *before = " - ";
    put_heading(to, "NAME");
    put_plain(to, page->name);
    if (page->section == 5)
        fputs(" - the configuration of Tapewatch", to);
    else if (!page->command[0])
        fputs(" - reads the tape of news and tells a trading desk in time", to);
    for (size_t at = 0; page->command[0] && at < count; at++)
        if (is_of(commands[at], page->command)) {
            fputs(before, to);
            put_plain(to, commands[at]->summary);
            before = "; ";
        }
    fputc('\n', to);
}

static void put_synopsis(const struct tw_manual_page *page, FILE *to)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    put_heading(to, "SYNOPSIS");
    if (page->section == 5)
        fputs("_/etc/tapewatch/tapewatch.yaml_\n", to);
    else if (!page->command[0])
        fputs("*tapewatch* _COMMAND_ \\[_OPTION_\\]...\n", to);
    for (size_t at = 0; page->command[0] && at < count; at++)
        if (is_of(commands[at], page->command))
            put_forms(to, commands[at]);
}

static const char *group_of(const char *word)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    for (size_t at = 0; at < count; at++)
        if (is_of(commands[at], word))
            return commands[at]->group;
    return "";
}

/* The two pages that are no command's, and those of the same group; of those two, all. */
static void put_see_also(const struct tw_manual_page *page, FILE *to)
{
    struct tw_manual_page other;
    const char *before = "";
    put_heading(to, "SEE ALSO");
    for (size_t at = 0; tw_manual_page(at, &other); at++) {
        bool is_near = !other.command[0] || !page->command[0] ||
                       strcmp(group_of(other.command), group_of(page->command)) == 0;
        if (!is_near || strcmp(other.name, page->name) == 0)
            continue;
        fputs(before, to);
        put_bold(to, other.name);
        fprintf(to, "(%d)", other.section);
        before = ", ";
    }
    fputc('\n', to);
}

/* Where the prose says where the table goes; its end when it does not. */
static size_t find_mark(struct tw_text prose)
{
    const size_t length = sizeof options_mark - 1;
    for (size_t at = 0; at + length <= prose.length; at++)
        if ((at == 0 || prose.bytes[at - 1] == '\n') && memcmp(prose.bytes + at, options_mark, length) == 0)
            return at;
    return prose.length;
}

bool tw_manual_print(const struct tw_manual_page *page, struct tw_text prose, FILE *to, struct tw_error *err)
{
    size_t mark = find_mark(prose);
    size_t rest = mark == prose.length ? mark : mark + sizeof options_mark - 1;
    fprintf(to, "%s(%d) \"Tapewatch %s\" \"Tapewatch\"\n", page->name, page->section, tw_version());
    put_name(page, to);
    put_synopsis(page, to);
    fprintf(to, "\n%.*s", (int)mark, prose.bytes);
    if (!put_table(page, to, err))
        return false;
    fprintf(to, "\n%.*s", (int)(prose.length - rest), prose.bytes + rest);
    put_see_also(page, to);
    return true;
}
