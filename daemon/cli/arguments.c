#include "cli/arguments.h"

#include "files/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SHOWN = 6 }; /* options in one sentence */

/* One walk along one command line. */
struct walk {
    const struct tw_option_table *table;
    char *const *argv;
    int argc, at; /* the word that is read now */
    struct tw_option_room room;
    void *options;
    struct tw_assignment *assigned;
    size_t assigned_count;
    size_t operand; /* the row that the next operand goes to */
    bool given[TW_OPTIONS_MOST];
    struct tw_error *err;
};

int tw_arguments_refuse(const char *command, const char *cure, struct tw_error *err, const char *what, ...)
{
    char text[sizeof err->what], help[128];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    snprintf(help, sizeof help, "tapewatch %s --help tells the options", command);
    tw_fail(err, TW_USAGE, NULL, cure ? cure : help, "%s", text);
    return tw_exit_status(TW_USAGE);
}

/* ---- values ---- */

static bool is_assigned(const struct tw_option *row)
{
    return row->kind == TW_OPTION_SETTING || row->kind == TW_OPTION_ASSIGN;
}

/* `spelt`: the option as it was typed. */
static int store(struct walk *walk, const struct tw_option *row, const char *spelt, const char *text)
{
    char wanted[256];
    const char *command = walk->table->command;
    walk->given[row - walk->table->rows] = true;
    if (is_assigned(row)) {
        walk->assigned[walk->assigned_count++] = (struct tw_assignment){row->setting, text};
        return 0;
    }
    if (text && !text[0])
        return tw_arguments_refuse(command, NULL, walk->err, "%s needs a value", spelt);
    if (tw_option_take(row, text, &walk->room, walk->options))
        return 0;
    if (walk->room.arena->full)
        return tw_arena_fail(walk->room.arena, walk->err), tw_exit_status(TW_FULL);
    tw_option_wants(row, wanted, sizeof wanted);
    return tw_arguments_refuse(command, NULL, walk->err, "%s is %s, not \"%.100s\"", spelt, wanted, text);
}

/* ---- names ---- */

static bool is_switch(const struct tw_option *row)
{
    return row->setting && row->setting->type == TW_SETTING_SWITCH;
}

/* Does `name` begin with the `length` bytes of `typed`? Hyphen and underscore are the same. */
static bool begins(const char *name, const char *typed, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (!name[at] || (name[at] == '_' ? '-' : name[at]) != (typed[at] == '_' ? '-' : typed[at]))
            return false;
    return true;
}

/* The rows whose name begins as typed, or the one whose name is just that; returns how many, at most
 * MOST_SHOWN are kept. */
static size_t find_names(const struct tw_option_table *table, const char *typed, size_t length,
    bool switches_only, const struct tw_option *found[MOST_SHOWN])
{
    size_t count = 0;
    for (size_t at = 0; at < table->count; at++) {
        const struct tw_option *row = &table->rows[at];
        if (!row->name || (switches_only && !is_switch(row)) || !begins(row->name, typed, length))
            continue;
        if (row->name[length] == '\0') {
            found[0] = row;
            return 1;
        }
        if (count < MOST_SHOWN)
            found[count] = row;
        count++;
    }
    return count;
}

/* "did you mean --a, --b or --c?" */
static void suggest(const struct tw_option *const *rows, size_t count, char *cure, size_t size)
{
    char spelt[MOST_SHOWN][TW_OPTION_SPELT], list[MOST_SHOWN * TW_OPTION_SPELT];
    const char *words[MOST_SHOWN];
    for (size_t at = 0; at < count; at++) {
        tw_option_spell(rows[at], spelt[at]);
        words[at] = spelt[at];
    }
    tw_option_list(words, count, list, sizeof list);
    snprintf(cure, size, "did you mean %.200s?", list);
}

/* The option that was probably meant; NULL: none is near. */
static const struct tw_option *nearest(const struct tw_option_table *table, const char *typed, size_t length)
{
    char spelt[TW_OPTIONS_MOST][TW_OPTION_SPELT];
    const char *names[TW_OPTIONS_MOST] = {NULL};
    const struct tw_option *rows[TW_OPTIONS_MOST] = {NULL};
    size_t count = 0;
    for (size_t at = 0; at < table->count; at++) {
        if (!table->rows[at].name)
            continue;
        tw_option_spell(&table->rows[at], spelt[count]);
        names[count] = spelt[count] + 2; /* behind the dashes */
        rows[count++] = &table->rows[at];
    }
    const char *name = tw_nearest((struct tw_text){typed, length}, names, count);
    for (size_t at = 0; name && at < count; at++)
        if (names[at] == name)
            return rows[at];
    return NULL;
}

static int refuse_name(struct walk *walk, const char *word, size_t length)
{
    char cure[256];
    const struct tw_option *near[MOST_SHOWN];
    size_t count = find_names(walk->table, word, length, false, near);
    if (count == 0 && (near[0] = nearest(walk->table, word, length)) != NULL)
        count = 1;
    suggest(near, count < MOST_SHOWN ? count : MOST_SHOWN, cure, sizeof cure);
    return tw_arguments_refuse(walk->table->command, count ? cure : NULL, walk->err, "no option --%.*s",
        (int)(length < 100 ? length : 100), word);
}

/* ---- words ---- */

/* The value of an option whose word ends here: the next word. */
static const char *next_word(struct walk *walk)
{
    return walk->at + 1 < walk->argc ? walk->argv[++walk->at] : NULL;
}

/* --name, --name=value, --no-switch */
static int walk_name(struct walk *walk, const char *word)
{
    const char *command = walk->table->command;
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const struct tw_option *found[MOST_SHOWN];
    bool off = false;
    size_t count = find_names(walk->table, word, length, false, found);
    if (count == 0 && length > 3 && strncmp(word, "no-", 3) == 0) {
        count = find_names(walk->table, word + 3, length - 3, true, found);
        off = count == 1;
    }
    if (count != 1)
        return refuse_name(walk, word, length);
    char spelt[TW_OPTION_SPELT];
    const struct tw_option *row = found[0];
    tw_option_spell(row, spelt);
    if (!row->value && equals)
        return tw_arguments_refuse(command, NULL, walk->err, "%s takes no value", spelt);
    const char *value = row->value ? (equals ? equals + 1 : next_word(walk)) : NULL;
    if (row->value && !value)
        return tw_arguments_refuse(command, NULL, walk->err, "%s needs a value", spelt);
    if (is_switch(row))
        value = off ? "false" : "true";
    return store(walk, row, spelt, value);
}

static const struct tw_option *find_letter(const struct tw_option_table *table, char letter)
{
    for (size_t at = 0; at < table->count; at++)
        if (table->rows[at].letter == letter)
            return &table->rows[at];
    return NULL;
}

/* A name behind one dash is likely a name that lost the other. */
static int refuse_letter(struct walk *walk, const char *word, char letter)
{
    char cure[256];
    const struct tw_option *found[MOST_SHOWN];
    size_t length = strcspn(word, "=");
    bool is_name = length > 2 && find_names(walk->table, word, length, false, found) == 1;
    if (is_name)
        suggest(found, 1, cure, sizeof cure);
    return tw_arguments_refuse(walk->table->command, is_name ? cure : NULL, walk->err,
        "no option -%c%s%.100s%s", letter, word[1] ? " in \"-" : "", word[1] ? word : "",
        word[1] ? "\"" : "");
}

/* -a, -ab, -nvalue, -n value */
static int walk_letters(struct walk *walk, const char *word)
{
    for (const char *at = word; *at; at++) {
        const struct tw_option *row = find_letter(walk->table, *at);
        const char spelt[] = {'-', *at, '\0'};
        if (!row)
            return refuse_letter(walk, word, *at);
        const char *value = row->value ? (at[1] ? at + 1 : next_word(walk)) : NULL;
        if (row->value && !value)
            return tw_arguments_refuse(walk->table->command, NULL, walk->err, "%s needs a value", spelt);
        int status = store(walk, row, spelt, is_switch(row) ? "true" : value);
        if (status || row->value)
            return status;
    }
    return 0;
}

static int walk_operand(struct walk *walk, const char *word)
{
    const struct tw_option_table *table = walk->table;
    while (walk->operand < table->count && !tw_option_is_operand(&table->rows[walk->operand]))
        walk->operand++;
    if (walk->operand == table->count)
        return tw_arguments_refuse(table->command, NULL, walk->err, "one operand too many: \"%.100s\"", word);
    const struct tw_option *row = &table->rows[walk->operand];
    if (row->kind != TW_OPTION_TEXTS && row->kind != TW_OPTION_PATHS)
        walk->operand++;
    return store(walk, row, row->value, word);
}

static int walk_words(struct walk *walk)
{
    bool only_operands = false;
    for (; walk->at < walk->argc; walk->at++) {
        const char *word = walk->argv[walk->at];
        int status = 0;
        if (only_operands || word[0] != '-' || !word[1])
            status = walk_operand(walk, word);
        else if (word[1] != '-')
            status = walk_letters(walk, word + 1);
        else if (word[2])
            status = walk_name(walk, word + 2);
        else
            only_operands = true;
        if (status)
            return status;
    }
    return 0;
}

/* ---- what is missing, what excludes each other ---- */

static bool same_group(const struct tw_option *left, const struct tw_option *right)
{
    return left == right || (left->group && right->group && strcmp(left->group, right->group) == 0);
}

/* "--to-offset or --to-beginning": a row with its group, as far as `only_given` lets. Returns how many. */
static size_t list_group(
    const struct walk *walk, const struct tw_option *of, bool only_given, char *text, size_t size)
{
    char spelt[MOST_SHOWN][TW_OPTION_SPELT];
    const char *words[MOST_SHOWN];
    size_t count = 0;
    for (size_t at = 0; at < walk->table->count && count < MOST_SHOWN; at++) {
        const struct tw_option *row = &walk->table->rows[at];
        if (!same_group(row, of) || (only_given && !walk->given[at]))
            continue;
        tw_option_spell(row, spelt[count]);
        words[count] = spelt[count];
        count++;
    }
    tw_option_list(words, count, text, size);
    return count;
}

static const struct tw_option *find_name(const struct tw_option_table *table, const char *name)
{
    for (size_t at = 0; at < table->count; at++)
        if (table->rows[at].name && strcmp(table->rows[at].name, name) == 0)
            return &table->rows[at];
    return NULL;
}

static int check_row(struct walk *walk, size_t at)
{
    const struct tw_option_table *table = walk->table;
    const struct tw_option *row = &table->rows[at];
    char list[MOST_SHOWN * TW_OPTION_SPELT], spelt[TW_OPTION_SPELT];
    size_t given = list_group(walk, row, true, list, sizeof list);
    if (given > 1)
        return tw_arguments_refuse(
            table->command, NULL, walk->err, "%s, not %s", list, given > 2 ? "all" : "both");
    if (given == 0 && row->required && !row->group) {
        tw_option_spell(row, spelt);
        return tw_arguments_refuse(table->command, NULL, walk->err, "%s%s%s is missing", spelt,
            tw_option_is_operand(row) || !row->value ? "" : " ",
            tw_option_is_operand(row) || !row->value ? "" : row->value);
    }
    if (given == 0 && row->required) {
        list_group(walk, row, false, list, sizeof list);
        return tw_arguments_refuse(table->command, NULL, walk->err, "say %s", list);
    }
    const struct tw_option *needed = row->needs && walk->given[at] ? find_name(table, row->needs) : NULL;
    if (!needed || walk->given[needed - table->rows])
        return 0;
    char other[TW_OPTION_SPELT];
    tw_option_spell(row, spelt);
    tw_option_spell(needed, other);
    return tw_arguments_refuse(table->command, NULL, walk->err, "%s needs %s", spelt, other);
}

/* Before the line is read, so that what is typed takes its place. */
static bool take_fallbacks(struct walk *walk)
{
    for (size_t at = 0; at < walk->table->count; at++) {
        const struct tw_option *row = &walk->table->rows[at];
        if (row->fallback && !is_assigned(row) &&
            !tw_option_take(row, row->fallback, &walk->room, walk->options))
            return tw_fail(walk->err, TW_INTERNAL, row->name, NULL,
                "the fallback \"%s\" is no value of its own kind", row->fallback);
    }
    return true;
}

int tw_arguments_parse(const struct tw_option_table *table, int argc, char *const *argv,
    struct tw_arena *arena, void *options, struct tw_assignments *assigned, struct tw_error *err)
{
    const size_t most = (size_t)argc + 1; /* a list takes no more than there are words */
    struct walk walk = {.table = table,
        .argv = argv,
        .argc = argc,
        .room = {arena, most},
        .options = options,
        .assigned = tw_arena_array(arena, most, sizeof *walk.assigned),
        .err = err};
    if (!walk.assigned)
        return tw_arena_fail(arena, err), tw_exit_status(TW_FULL);
    if (!take_fallbacks(&walk))
        return tw_exit_status(err->code);
    int status = walk_words(&walk);
    for (size_t at = 0; status == 0 && at < table->count; at++)
        status = check_row(&walk, at);
    if (assigned)
        *assigned = (struct tw_assignments){walk.assigned, walk.assigned_count};
    return status;
}

bool tw_assignments_apply(const struct tw_assignments *assigned, const struct tw_settings *table,
    struct tw_arena *arena, void *values, struct tw_error *err)
{
    for (size_t at = 0; at < assigned->count; at++) {
        const struct tw_assignment *item = &assigned->items[at];
        bool set = item->row ? tw_settings_set(table, arena, values, item->row->name, item->text, err)
                             : tw_settings_assign(table, arena, values, item->text, err);
        if (!set)
            return false;
    }
    return true;
}
