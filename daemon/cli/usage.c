#include "cli/usage.h"

#include "cli/command.h"

#include <string.h>

enum { UNTOLD = 1000000000 }; /* a bound from here up only keeps arithmetic safe */
enum { INDENT = 2, WIDEST_LEFT = 30, SYNOPSIS_INDENT = 11, LEFT_BYTES = 160, TEXT_BYTES = 1024 };

/* ---- words in lines ---- */

/* A line that is being filled: where it stands, and where the next one begins. */
struct line {
    FILE *to;
    size_t column, indent;
};

static void put_word(struct line *line, const char *word, size_t length)
{
    if (line->column > line->indent && line->column + 1 + length > TW_USAGE_COLUMNS) {
        fprintf(line->to, "\n%*s", (int)line->indent, "");
        line->column = line->indent;
    } else if (line->column > line->indent) {
        fputc(' ', line->to);
        line->column++;
    }
    fprintf(line->to, "%.*s", (int)length, word);
    line->column += length;
}

static void put_text(struct line *line, const char *text)
{
    for (const char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        put_word(line, at, length);
        at += length;
    }
}

/* Two columns; a left one that is too wide has a line of its own. */
static void put_pair(FILE *to, const char *left, size_t left_width, const char *right)
{
    struct line line = {to, INDENT + left_width + 2, INDENT + left_width + 2};
    size_t length = strlen(left);
    fprintf(to, "%*s%s", INDENT, "", left);
    if (length > left_width)
        fprintf(to, "\n%*s", (int)line.indent, "");
    else
        fprintf(to, "%*s", (int)(left_width - length + 2), "");
    put_text(&line, right);
    fputc('\n', to);
}

/* ---- how a command is used ---- */

/* A line that is being put together, one space between its parts. */
struct form {
    char *text;
    size_t size, used;
};

static void add_part(struct form *form, const char *part)
{
    if (form->used < form->size)
        form->used += (size_t)snprintf(
            form->text + form->used, form->size - form->used, "%s%s", form->used ? " " : "", part);
}

static bool is_list(const struct tw_option *row)
{
    return row->kind == TW_OPTION_TEXTS || row->kind == TW_OPTION_PATHS;
}

/* "-o PATH", "--topic NAME", "ARCHIVE" */
static void print_form(const struct tw_option *row, char *text, size_t size)
{
    char spelt[TW_OPTION_SPELT];
    tw_option_spell(row, spelt);
    if (row->letter)
        snprintf(spelt, sizeof spelt, "-%c", row->letter);
    bool has_value = row->value && !tw_option_is_operand(row);
    snprintf(text, size, "%s%s%s", spelt, has_value ? " " : "", has_value ? row->value : "");
}

static bool is_first_of_group(const struct tw_option *rows, size_t at)
{
    for (size_t before = 0; before < at; before++)
        if (rows[before].group && strcmp(rows[before].group, rows[at].group) == 0)
            return false;
    return true;
}

/* "(--dry-run | --execute)", or in square brackets when none of them must be. */
static void add_group(struct form *form, const struct tw_option *rows, size_t count, size_t first)
{
    char text[TEXT_BYTES];
    size_t used = 0;
    const char *group = rows[first].group ? rows[first].group : "";
    for (size_t at = first; at < count && used < sizeof text; at++) {
        char member[LEFT_BYTES];
        if (!rows[at].group || strcmp(rows[at].group, group) != 0)
            continue;
        print_form(&rows[at], member, sizeof member);
        const char *before = used ? " | " : rows[first].required ? "(" : "[";
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", before, member);
    }
    if (used < sizeof text)
        snprintf(text + used, sizeof text - used, "%s", rows[first].required ? ")" : "]");
    add_part(form, text);
}

static void add_operand(struct form *form, const struct tw_option *row)
{
    char text[LEFT_BYTES];
    snprintf(text, sizeof text, "%s%s%s%s", row->required ? "" : "[", row->value, row->required ? "" : "]",
        is_list(row) ? "..." : "");
    add_part(form, text);
}

/* What must be given, what excludes each other, the rest as [OPTION]..., operands. */
static void add_options(struct form *form, const struct tw_option *rows, size_t count)
{
    bool has_rest = false;
    for (size_t at = 0; at < count; at++) {
        const struct tw_option *row = &rows[at];
        char text[LEFT_BYTES];
        if (row->group) {
            if (is_first_of_group(rows, at))
                add_group(form, rows, count, at);
        } else if (tw_option_is_operand(row)) {
            continue;
        } else if (row->required) {
            print_form(row, text, sizeof text);
            add_part(form, text);
        } else {
            has_rest = true;
        }
    }
    if (has_rest)
        add_part(form, "[OPTION]...");
    for (size_t at = 0; at < count; at++)
        if (tw_option_is_operand(&rows[at]) && !rows[at].group)
            add_operand(form, &rows[at]);
}

bool tw_usage_form(const struct tw_command *command, size_t at, char text[TW_USAGE_FORM_BYTES])
{
    struct tw_option rows[TW_OPTIONS_MOST];
    struct form form = {text, TW_USAGE_FORM_BYTES, 0};
    if (command->forms ? !command->forms[at] : at > 0)
        return false;
    add_part(&form, "tapewatch");
    add_part(&form, command->forms ? command->forms[at] : command->name);
    if (!command->forms)
        add_options(&form, rows, tw_command_options(command, rows));
    return true;
}

static void print_synopsis(const struct tw_command *command, FILE *to)
{
    char form[TW_USAGE_FORM_BYTES];
    for (size_t at = 0; tw_usage_form(command, at, form); at++) {
        struct line line = {to, sizeof "usage: " - 1, sizeof "usage: " - 1};
        size_t name = strcspn(form, " ");
        fputs(at ? "       " : "usage: ", to);
        put_word(&line, form, name);
        line.indent = SYNOPSIS_INDENT;
        put_text(&line, form + name);
        fputc('\n', to);
    }
}

/* ---- options ---- */

/* "-c, --config FILE" */
static void print_left(const struct tw_option *row, char *text, size_t size)
{
    char spelt[TW_OPTION_SPELT], letter[8] = "    ";
    tw_option_spell(row, spelt);
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c%s", row->letter, row->name ? ", " : "");
    if (tw_option_is_operand(row))
        snprintf(text, size, "%s", spelt);
    else
        snprintf(text, size, "%s%s%s%s", letter, row->name ? spelt : "", row->value ? " " : "",
            row->value ? row->value : "");
}

void tw_usage_help(const struct tw_option *row, char text[TW_USAGE_HELP_BYTES])
{
    char wants[300] = "", fallback[100] = "";
    bool is_bounded = row->least || (row->most && row->most < UNTOLD) || row->choices || row->wanted ||
                      row->setting || row->kind == TW_OPTION_TIME;
    if (is_bounded)
        tw_option_wants(row, wants, sizeof wants);
    if (row->fallback)
        snprintf(fallback, sizeof fallback, "%sdefault %s", wants[0] ? "; " : "", row->fallback);
    bool has_more = wants[0] || fallback[0];
    snprintf(text, TW_USAGE_HELP_BYTES, "%s%s%s%s%s", row->help, has_more ? " (" : "", wants, fallback,
        has_more ? ")" : "");
}

static size_t left_width(const struct tw_option *rows, size_t count)
{
    size_t widest = 0;
    for (size_t at = 0; at < count; at++) {
        char left[LEFT_BYTES];
        print_left(&rows[at], left, sizeof left);
        size_t length = strlen(left);
        if (length > widest && length <= WIDEST_LEFT)
            widest = length;
    }
    return widest;
}

static bool has_switches(const struct tw_option *rows, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (rows[at].setting && rows[at].setting->type == TW_SETTING_SWITCH)
            return true;
    return false;
}

static void print_options(const struct tw_option *rows, size_t count, bool operands, size_t width, FILE *to)
{
    for (size_t at = 0; at < count; at++) {
        char left[LEFT_BYTES], right[TW_USAGE_HELP_BYTES];
        if (tw_option_is_operand(&rows[at]) != operands)
            continue;
        print_left(&rows[at], left, sizeof left);
        tw_usage_help(&rows[at], right);
        put_pair(to, left, width, right);
    }
}

void tw_usage_print(const struct tw_command *command, FILE *to)
{
    static const struct tw_option help = {.name = "help", .letter = 'h', .help = "print this"};
    struct tw_option rows[TW_OPTIONS_MOST];
    size_t count = tw_command_options(command, rows);
    print_synopsis(command, to);
    fprintf(to, "%s\n\n", command->summary);
    size_t width = left_width(rows, count);
    size_t least = left_width(&help, 1);
    if (width < least)
        width = least;
    print_options(rows, count, true, width, to);
    print_options(rows, count, false, width, to);
    print_options(&help, 1, false, width, to);
    if (has_switches(rows, count))
        fputs("\nA setting without value has an opposite: --no-NAME.\n", to);
}

void tw_usage_print_family(const char *name, FILE *to)
{
    size_t count;
    const struct tw_command *const *commands = tw_commands(&count);
    const char *before = "";
    for (size_t at = 0; at < count; at++) {
        if (!tw_command_in_family(commands[at], name))
            continue;
        fputs(before, to);
        tw_usage_print(commands[at], to);
        before = "\n";
    }
}

void tw_usage_print_commands(FILE *to)
{
    size_t count, width = 0;
    const struct tw_command *const *commands = tw_commands(&count);
    for (size_t at = 0; at < count; at++)
        if (strlen(commands[at]->name) > width)
            width = strlen(commands[at]->name);
    fprintf(to, "usage: tapewatch COMMAND [OPTION]... (tapewatch COMMAND --help tells its options)\n");
    const char *group = "";
    for (size_t at = 0; at < count; at++) {
        if (strcmp(group, commands[at]->group) != 0)
            fprintf(to, "\n%s\n", commands[at]->group);
        group = commands[at]->group;
        put_pair(to, commands[at]->name, width, commands[at]->summary);
    }
}
