#include "files/settings.h"

#include "base/file.h"
#include "files/yaml_tree.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 128, MOST_VALUE = 4096 };

static void *place_of(const struct tw_setting *row, void *values)
{
    return (char *)values + row->offset;
}

static const void *value_of(const struct tw_setting *row, const void *values)
{
    return (const char *)values + row->offset;
}

/* ---- names ---- */

static bool same_name(const char *name, struct tw_text asked)
{
    size_t length = strlen(name);
    if (length != asked.length)
        return false;
    for (size_t at = 0; at < length; at++)
        if (name[at] != (asked.bytes[at] == '-' ? '_' : asked.bytes[at]))
            return false;
    return true;
}

static const struct tw_setting *find_row(const struct tw_settings *table, struct tw_text name)
{
    for (size_t row = 0; row < table->count; row++)
        if (same_name(table->rows[row].name, name))
            return &table->rows[row];
    return NULL;
}

const struct tw_setting *tw_settings_find(const struct tw_settings *table, const char *name)
{
    return find_row(table, tw_text_of(name));
}

static const char *nearest_name(const struct tw_settings *table, struct tw_text name)
{
    const char *names[MOST_ROWS];
    size_t count = table->count < MOST_ROWS ? table->count : MOST_ROWS;
    for (size_t row = 0; row < count; row++)
        names[row] = table->rows[row].name;
    return tw_nearest(name, names, count);
}

/* ---- texts to values; `complaint` says what is wrong ---- */

struct complaint {
    char what[256], cure[256];
};

static bool complain(struct complaint *complaint, const char *cure, const char *what)
{
    snprintf(complaint->what, sizeof complaint->what, "%s", what);
    snprintf(complaint->cure, sizeof complaint->cure, "%s", cure);
    return false;
}

/* "linear, slanted or constant" */
static void list_choices(const char *const *choices, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t at = 0; choices[at] && used < size; at++) {
        const char *before = at == 0 ? "" : choices[at + 1] ? ", " : " or ";
        int printed = snprintf(text + used, size - used, "%s%s", before, choices[at]);
        used += printed > 0 ? (size_t)printed : 0;
    }
}

static int choice_of(const struct tw_setting *row, struct tw_text text)
{
    for (int at = 0; row->choices[at]; at++)
        if (tw_text_equal(tw_text_of(row->choices[at]), text))
            return at;
    return -1;
}

static bool refuse_range(const struct tw_setting *row, const char *text, struct complaint *complaint)
{
    char what[256], cure[256];
    snprintf(what, sizeof what, "%s: %.100s is out of its range", row->name, text);
    snprintf(cure, sizeof cure, "%s is between %.9g and %.9g", row->name, row->least, row->most);
    return complain(complaint, cure, what);
}

static bool parse_number(
    const struct tw_setting *row, const char *text, double *number, struct complaint *complaint)
{
    char *end;
    char what[256];
    *number = strtod(text, &end);
    if (end == text || *end || !isfinite(*number)) {
        snprintf(what, sizeof what, "%s: \"%.100s\" is not a number", row->name, text);
        return complain(complaint, row->prose, what);
    }
    if (*number < row->least || *number > row->most)
        return refuse_range(row, text, complaint);
    return true;
}

static bool set_real(const struct tw_setting *row, const char *text, void *place, struct complaint *complaint)
{
    return parse_number(row, text, place, complaint);
}

static bool set_count(
    const struct tw_setting *row, const char *text, void *place, struct complaint *complaint)
{
    char what[256], *end;
    double checked;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno) {
        snprintf(what, sizeof what, "%s: \"%.100s\" is not a whole number", row->name, text);
        return complain(complaint, row->prose, what);
    }
    if (!parse_number(row, text, &checked, complaint))
        return false;
    *(uint64_t *)place = number;
    return true;
}

static bool set_switch(
    const struct tw_setting *row, const char *text, void *place, struct complaint *complaint)
{
    char what[256];
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        snprintf(what, sizeof what, "%s: \"%.100s\" is neither true nor false", row->name, text);
        return complain(complaint, row->prose, what);
    }
    *(bool *)place = text[0] == 't';
    return true;
}

static bool refuse_word(const struct tw_setting *row, struct tw_text word, struct complaint *complaint)
{
    char what[256], cure[256];
    snprintf(what, sizeof what, "%s: no \"%.*s\"", row->name, (int)(word.length < 100 ? word.length : 100),
        word.bytes);
    list_choices(row->choices, cure, sizeof cure);
    return complain(complaint, cure, what);
}

static bool set_choice(
    const struct tw_setting *row, const char *text, void *place, struct complaint *complaint)
{
    int choice = choice_of(row, tw_text_of(text));
    if (choice < 0)
        return refuse_word(row, tw_text_of(text), complaint);
    *(const char **)place = row->choices[choice];
    return true;
}

static bool set_words(
    const struct tw_setting *row, const char *text, void *place, struct complaint *complaint)
{
    unsigned words = 0;
    for (const char *at = strcmp(text, "none") == 0 ? "" : text; *at;) {
        size_t length = strcspn(at, ",");
        int choice = choice_of(row, (struct tw_text){at, length});
        if (choice < 0)
            return refuse_word(row, (struct tw_text){at, length}, complaint);
        words |= 1U << choice;
        at += length + (at[length] == ',');
    }
    *(unsigned *)place = words;
    return true;
}

static bool (*const setters[])(const struct tw_setting *, const char *, void *, struct complaint *) = {
    [TW_SETTING_COUNT] = set_count,
    [TW_SETTING_REAL] = set_real,
    [TW_SETTING_SWITCH] = set_switch,
    [TW_SETTING_CHOICE] = set_choice,
    [TW_SETTING_WORDS] = set_words};

static bool add_text(struct tw_arena *arena, const char *text, struct tw_setting_texts *texts)
{
    const char **items = tw_arena_array(arena, texts->count + 1, sizeof *items);
    struct tw_text copy = tw_arena_copy(arena, tw_text_of(text));
    if (!items || !copy.bytes)
        return false;
    if (texts->count)
        memcpy(items, texts->items, texts->count * sizeof *items);
    items[texts->count] = copy.bytes;
    *texts = (struct tw_setting_texts){items, texts->count + 1};
    return true;
}

/* False with an empty complaint: the arena is full. */
static bool set_value(const struct tw_setting *row, struct tw_arena *arena, void *values, const char *text,
    struct complaint *complaint)
{
    complaint->what[0] = '\0';
    if (row->type == TW_SETTING_TEXTS)
        return add_text(arena, text, place_of(row, values));
    if (row->type == TW_SETTING_TEXT) {
        struct tw_text copy = tw_arena_copy(arena, tw_text_of(text));
        *(const char **)place_of(row, values) = copy.bytes;
        return copy.bytes != NULL;
    }
    return setters[row->type](row, text, place_of(row, values), complaint);
}

/* ---- from the command line ---- */

bool tw_settings_defaults(
    const struct tw_settings *table, struct tw_arena *arena, void *values, struct tw_error *err)
{
    struct complaint complaint;
    for (size_t at = 0; at < table->count; at++) {
        const struct tw_setting *row = &table->rows[at];
        if (row->type == TW_SETTING_TEXTS) {
            tw_settings_clear(table, values, row->name);
            continue;
        }
        if (!set_value(row, arena, values, row->fallback, &complaint))
            return complaint.what[0] ? tw_fail(err, TW_INTERNAL, table->command, NULL, "%s", complaint.what)
                                     : tw_arena_fail(arena, err);
    }
    return true;
}

static bool refuse_name(const struct tw_settings *table, struct tw_text name, struct tw_error *err)
{
    char cure[128];
    const char *nearest = nearest_name(table, name);
    if (nearest)
        snprintf(cure, sizeof cure, "did you mean %s?", nearest);
    else
        snprintf(cure, sizeof cure, "tapewatch %s --help tells the keys", table->command);
    return tw_fail(err, TW_USAGE, NULL, cure, "no key \"%.*s\"", (int)(name.length < 100 ? name.length : 100),
        name.bytes);
}

static bool set_row(const struct tw_setting *row, struct tw_arena *arena, void *values, const char *text,
    struct tw_error *err)
{
    struct complaint complaint;
    if (set_value(row, arena, values, text, &complaint))
        return true;
    if (!complaint.what[0])
        return tw_arena_fail(arena, err);
    return tw_fail(err, TW_USAGE, NULL, complaint.cure, "%s", complaint.what);
}

bool tw_settings_set(const struct tw_settings *table, struct tw_arena *arena, void *values, const char *name,
    const char *text, struct tw_error *err)
{
    const struct tw_setting *row = tw_settings_find(table, name);
    return row ? set_row(row, arena, values, text, err) : refuse_name(table, tw_text_of(name), err);
}

bool tw_settings_assign(const struct tw_settings *table, struct tw_arena *arena, void *values,
    const char *assignment, struct tw_error *err)
{
    const char *equals = strchr(assignment, '=');
    if (!equals)
        return tw_fail(
            err, TW_USAGE, NULL, "key=value, such as lr=5e-5", "--set %s has no value", assignment);
    struct tw_text name = {assignment, (size_t)(equals - assignment)};
    const struct tw_setting *row = find_row(table, name);
    if (!row)
        return refuse_name(table, name, err);
    if (row->type == TW_SETTING_TEXTS)
        tw_settings_clear(table, values, row->name);
    return set_row(row, arena, values, equals + 1, err);
}

void tw_settings_clear(const struct tw_settings *table, void *values, const char *name)
{
    const struct tw_setting *row = tw_settings_find(table, name);
    if (row && row->type == TW_SETTING_TEXTS)
        *(struct tw_setting_texts *)place_of(row, values) = (struct tw_setting_texts){NULL, 0};
}

/* ---- from a file ---- */

static bool set_node(const struct tw_setting *row, const struct tw_yaml_node *node, struct tw_arena *arena,
    void *values, struct tw_problems *problems)
{
    struct complaint complaint;
    char text[MOST_VALUE];
    if (node->kind != TW_YAML_SCALAR || node->text.length >= sizeof text)
        return tw_yaml_problem(problems, node, row->prose, "%s is one value", row->name);
    memcpy(text, node->text.bytes, node->text.length);
    text[node->text.length] = '\0';
    if (set_value(row, arena, values, text, &complaint))
        return true;
    return tw_yaml_problem(problems, node, complaint.cure, "%s",
        complaint.what[0] ? complaint.what : "there is no memory for it");
}

static bool read_pair(const struct tw_settings *table, const struct tw_yaml_pair *pair,
    struct tw_arena *arena, void *values, struct tw_problems *problems)
{
    const struct tw_setting *row = find_row(table, pair->key->text);
    if (!row) {
        char cure[128] = "";
        const char *nearest = nearest_name(table, pair->key->text);
        if (nearest)
            snprintf(cure, sizeof cure, "did you mean %s?", nearest);
        return tw_yaml_problem(
            problems, pair->key, cure, "no key \"%.*s\"", (int)pair->key->text.length, pair->key->text.bytes);
    }
    if (row->type != TW_SETTING_TEXTS)
        return set_node(row, pair->value, arena, values, problems);
    tw_settings_clear(table, values, row->name);
    if (pair->value->kind == TW_YAML_SCALAR)
        return set_node(row, pair->value, arena, values, problems);
    if (pair->value->kind != TW_YAML_LIST)
        return tw_yaml_problem(problems, pair->value, "a list", "%s is a list", row->name);
    for (uint32_t item = 0; item < pair->value->count; item++)
        if (!set_node(row, pair->value->items[item], arena, values, problems))
            return false;
    return true;
}

bool tw_settings_read(const struct tw_settings *table, const char *path, struct tw_arena *arena, void *values,
    struct tw_error *err)
{
    struct tw_text_file source = {.file = path};
    struct tw_problems problems;
    const struct tw_yaml_node *root = NULL;
    if (!tw_file_read(path, TW_YAML_MOST_BYTES, arena, &source.bytes, err))
        return false;
    tw_problems_begin(&problems, arena);
    bool read = tw_yaml_load(&source, arena, &problems, &root);
    if (read && root && root->kind != TW_YAML_MAP)
        read = tw_yaml_problem(&problems, root, "key: value, one a line", "it is not a map");
    for (uint32_t pair = 0; read && root && pair < root->count; pair++)
        if (!read_pair(table, &root->pairs[pair], arena, values, &problems))
            read = problems.count < 100; /* all are told, within reason */
    return problems.count > 0 ? tw_problems_fail(&problems, err) : true;
}

/* ---- to a file ---- */

/* As few digits as bring the number back. */
static void print_real(double number, char *text, size_t size)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, number);
        if (strtod(text, NULL) == number) /* NOLINT: to the bit is what is meant */
            return;
    }
}

/* In double quotes, as YAML and JSON agree on them. */
static void write_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        if ((unsigned char)*text < ' ')
            fprintf(out, "\\x%02X", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
    }
    fputc('"', out);
}

static void write_words(FILE *out, const struct tw_setting *row, unsigned words)
{
    const char *before = "";
    if (words == 0)
        fputs("none", out);
    for (unsigned at = 0; row->choices[at]; at++)
        if (words >> at & 1U) {
            fprintf(out, "%s%s", before, row->choices[at]);
            before = ",";
        }
}

static void write_value(FILE *out, const struct tw_setting *row, const void *value)
{
    char number[64];
    switch (row->type) {
    case TW_SETTING_COUNT:
        fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)value);
        break;
    case TW_SETTING_REAL:
        print_real(*(const double *)value, number, sizeof number);
        fputs(number, out);
        break;
    case TW_SETTING_SWITCH:
        fputs(*(const bool *)value ? "true" : "false", out);
        break;
    case TW_SETTING_CHOICE:
        fputs(*(const char *const *)value, out);
        break;
    case TW_SETTING_WORDS:
        write_words(out, row, *(const unsigned *)value);
        break;
    case TW_SETTING_TEXT:
        write_text(out, *(const char *const *)value);
        break;
    case TW_SETTING_TEXTS: {
        const struct tw_setting_texts *texts = value;
        fputs(texts->count ? "" : "[]", out);
        for (size_t at = 0; at < texts->count; at++) {
            fputs("\n  - ", out);
            write_text(out, texts->items[at]);
        }
        break;
    }
    }
}

bool tw_settings_write(const struct tw_settings *table, const void *values, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&bytes, &length);
    if (!file)
        return tw_fail_errno(
            err, TW_INTERNAL, NULL, "give the process more memory", "no memory for settings");
    fprintf(file, "# settings of tapewatch %s; --from this file repeats the run\n", table->command);
    for (size_t row = 0; row < table->count; row++) {
        fprintf(file, "# %s\n%s: ", table->rows[row].prose, table->rows[row].name);
        write_value(file, &table->rows[row], value_of(&table->rows[row], values));
        fputc('\n', file);
    }
    bool written = fclose(file) == 0;
    *out = written ? tw_arena_copy(arena, (struct tw_text){bytes, length}) : (struct tw_text){NULL, 0};
    free(bytes);
    return out->bytes ? true : tw_arena_fail(arena, err);
}
