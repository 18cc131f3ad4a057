#include "config/config_print.h"

#include "config/config_rows.h"
#include "read/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 64 << 10 };

/* Where a text of the configuration is written, bounded; `full` instead of growing. */
struct page {
    char *bytes;
    size_t used;
    size_t size;
};

static TW_PRINTF(2, 3) void page_print(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int wrote = vsnprintf(page->bytes + page->used, page->size - page->used, format, arguments);
    va_end(arguments);
    size_t room = page->size - page->used - 1;
    page->used += wrote < 0 ? 0 : (size_t)wrote < room ? (size_t)wrote : room;
}

static bool page_begin(struct page *page, struct tw_arena *arena, struct tw_error *err)
{
    page->bytes = tw_arena_take(arena, TEXT_BYTES);
    page->used = 0;
    page->size = TEXT_BYTES;
    return page->bytes ? true : tw_arena_fail(arena, err);
}

/* Prose as comment lines of at most 100 columns. */
static void print_comment(struct page *page, const char *indent, const char *prose)
{
    size_t column = 0;
    for (const char *word = prose; *word;) {
        size_t length = strcspn(word, " ");
        if (column > 0 && column + 1 + length > 98) {
            page_print(page, "\n");
            column = 0;
        }
        if (column == 0) {
            page_print(page, "%s#", indent);
            column = strlen(indent) + 1;
        }
        page_print(page, " %.*s", (int)length, word);
        column += 1 + length;
        word += length + (word[length] == ' ');
    }
    page_print(page, "\n");
}

/* `text` as a YAML scalar: plain where that is safe, else in double quotes. */
static void print_scalar(struct page *page, const char *text)
{
    static const char unsafe[] = "#:{}[],&*?|<>=!%@`'\"\\\n\t";
    bool plain = text[0] != '\0' && text[0] != '-' && text[0] != ' ' && !strpbrk(text, unsafe) &&
                 text[strlen(text) - 1] != ' ' && strcmp(text, "null") != 0 && strcmp(text, "~") != 0;
    if (plain) {
        page_print(page, "%s", text);
        return;
    }
    page_print(page, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            page_print(page, "\\%c", *text);
        else if (*text == '\n')
            page_print(page, "\\n");
        else
            page_print(page, "%c", *text);
    }
    page_print(page, "\"");
}

static void print_list(struct page *page, const char *const *items, uint32_t count)
{
    page_print(page, "[");
    for (uint32_t at = 0; at < count; at++) {
        page_print(page, at ? ", " : "");
        print_scalar(page, items[at]);
    }
    page_print(page, "]");
}

static void print_weights(struct page *page, const struct tw_source_list *list)
{
    static const struct tw_yaml_key weight = {.type = TW_YAML_FIXED};
    char number[64];
    page_print(page, "{");
    for (uint32_t at = 0; at < list->count; at++) {
        page_print(page, at ? ", " : "");
        print_scalar(page, list->names[at].name);
        tw_yaml_print(&weight, list->names[at].weight, number, sizeof number);
        page_print(page, ": %s", number);
    }
    page_print(page, "}");
}

/* The value that a configuration has, as a file would write it. */
static void print_value(struct page *page, const struct tw_config *config, const struct tw_config_row *row)
{
    struct tw_config *unqualified = (struct tw_config *)(uintptr_t)config;
    const void *field = tw_config_field(unqualified, row);
    char number[64];
    switch (row->field) {
    case TW_FIELD_BOOL:
        page_print(page, *(const bool *)field ? "true" : "false");
        return;
    case TW_FIELD_INT:
        tw_yaml_print(&row->key, *(const int64_t *)field * row->divide, number, sizeof number);
        page_print(page, "%s", number);
        return;
    case TW_FIELD_SIZE:
        tw_yaml_print(&row->key, (int64_t) * (const size_t *)field, number, sizeof number);
        page_print(page, "%s", number);
        return;
    case TW_FIELD_CHOICE:
        page_print(page, "%s", row->key.choices[*(const unsigned *)field]);
        return;
    case TW_FIELD_STRING:
    case TW_FIELD_PATH:
        print_scalar(page, *(const char *const *)field);
        return;
    case TW_FIELD_STRINGS: {
        const struct tw_strings *strings = field;
        print_list(page, strings->items, strings->count);
        return;
    }
    case TW_FIELD_NAMES: {
        const struct tw_name_list *names = field;
        print_list(page, names->names, names->count);
        return;
    }
    case TW_FIELD_WEIGHTS:
        print_weights(page, field);
        return;
    case TW_FIELD_PROPERTIES:
    case TW_FIELD_SECRETS: {
        const struct tw_properties *properties = field;
        page_print(page, "{");
        for (uint32_t at = 0; at < properties->count; at++) {
            page_print(page, at ? ", " : "");
            print_scalar(page, properties->items[at].name);
            page_print(page, ": ");
            print_scalar(page, properties->items[at].value);
        }
        page_print(page, "}");
        return;
    }
    }
}

/* True when the field holds nothing that a file could write: an empty path or list, a number that follows
 * another key's. */
static bool is_empty(const struct tw_config *config, const struct tw_config_row *row)
{
    struct tw_config *unqualified = (struct tw_config *)(uintptr_t)config;
    const void *field = tw_config_field(unqualified, row);
    if (row->field == TW_FIELD_STRING || row->field == TW_FIELD_PATH)
        return (*(const char *const *)field)[0] == '\0';
    if (row->field == TW_FIELD_INT)
        return *(const int64_t *)field < 0;
    if (row->field == TW_FIELD_WEIGHTS)
        return ((const struct tw_source_list *)field)->count == 0;
    return row->field == TW_FIELD_STRINGS && ((const struct tw_strings *)field)->count == 0;
}

/* One key. A template shows keys without a value commented out, with an example: taking the # away gives a
 * file that loads. */
static void print_row(
    struct page *page, const struct tw_config *config, const struct tw_config_row *row, bool template)
{
    const char *indent = row->section[0] ? "  " : "";
    bool commented = template && is_empty(config, row) && row->example[0];
    if (template)
        print_comment(page, indent, row->key.prose);
    page_print(page, "%s%s%s: ", indent, commented ? "#" : "", row->key.name);
    if (commented)
        page_print(page, "%s", row->example);
    else
        print_value(page, config, row);
    page_print(page, "\n");
}

bool tw_config_print(const struct tw_config *config, bool template, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++) {
        if (tw_config_starts_section(at) && tw_config_rows[at].section[0])
            page_print(&page, "%s%s:\n", template ? "\n" : "", tw_config_rows[at].section);
        print_row(&page, config, &tw_config_rows[at], template);
    }
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

bool tw_config_print_value(const struct tw_config *config, const struct tw_config_row *row,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    print_value(&page, config, row);
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

static void print_range(struct page *page, const struct tw_yaml_key *key)
{
    char least[64];
    char most[64];
    if (key->type == TW_YAML_CHOICE) {
        for (size_t at = 0; key->choices[at]; at++)
            page_print(page, "%s`%s`", at ? ", " : "", key->choices[at]);
        return;
    }
    if (key->type != TW_YAML_COUNT && key->type != TW_YAML_FIXED && key->type != TW_YAML_DURATION &&
        key->type != TW_YAML_SIZE) {
        page_print(page, " ");
        return;
    }
    tw_yaml_print(key, key->least, least, sizeof least);
    tw_yaml_print(key, key->most, most, sizeof most);
    page_print(page, "%s to %s", least, most);
}

bool tw_config_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    page_print(&page,
        "# Configuration: every key\n\nMade by `tapewatch config --reference`. Keys marked *reload* take "
        "effect on `tapewatch reload` or SIGHUP; the others at the next start.\n");
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++) {
        const struct tw_config_row *row = &tw_config_rows[at];
        if (tw_config_starts_section(at))
            page_print(&page,
                "\n## %s\n\n| key | value | range | default | |\n| --- | --- | --- | --- | --- |\n",
                row->section[0] ? row->section : "at the top");
        page_print(&page, "| `%s` | %s | ", row->key.name,
            row->key.type == TW_YAML_NODE ? "name: value pairs" : tw_yaml_type_prose(row->key.type));
        print_range(&page, &row->key);
        page_print(&page, " | %s%s%s | %s%s |\n", row->standard[0] ? "`" : "",
            row->standard[0] ? row->standard : "none", row->standard[0] ? "`" : "", row->key.prose,
            row->reloadable ? " *reload*" : "");
    }
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}

bool tw_config_standard(struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, arena, err))
        return false;
    const char *section = "";
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++) {
        const struct tw_config_row *row = &tw_config_rows[at];
        if (!row->standard[0])
            continue;
        if (strcmp(section, row->section) != 0)
            page_print(&page, "%s:\n", row->section);
        section = row->section;
        page_print(&page, "%s%s: %s\n", section[0] ? "  " : "", row->key.name, row->standard);
    }
    *out = (struct tw_text){page.bytes, page.used};
    return true;
}
