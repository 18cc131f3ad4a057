#include "cli/option.h"

#include "timestamps/time_text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words for people ---- */

bool tw_option_is_operand(const struct tw_option *row)
{
    return !row->name && !row->letter;
}

void tw_option_spell(const struct tw_option *row, char text[TW_OPTION_SPELT])
{
    if (tw_option_is_operand(row))
        snprintf(text, TW_OPTION_SPELT, "%s", row->value);
    else if (row->name)
        snprintf(text, TW_OPTION_SPELT, "--%s", row->name);
    else
        snprintf(text, TW_OPTION_SPELT, "-%c", row->letter);
    for (char *at = text; row->name && *at; at++)
        if (*at == '_')
            *at = '-';
}

void tw_option_list(const char *const *words, size_t count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t at = 0; at < count && used < size; at++) {
        const char *before = at == 0 ? "" : at + 1 < count ? ", " : " or ";
        int printed = snprintf(text + used, size - used, "%s%s", before, words[at]);
        used += printed > 0 ? (size_t)printed : 0;
    }
}

static void list_choices(const char *const *choices, char *text, size_t size)
{
    size_t count = 0;
    while (choices[count])
        count++;
    tw_option_list(choices, count, text, size);
}

/* ---- kinds: how a value is read, and what it is in words ---- */

/* The row, the text, the room for lists, the place. False: it is no such value, or the arena is full. */
typedef bool take_value(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place);

static bool take_flag(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)row;
    (void)text;
    (void)room;
    *(bool *)place = true;
    return true;
}

static bool take_text(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)row;
    (void)room;
    *(const char **)place = text;
    return true;
}

static bool take_texts(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)row;
    struct tw_setting_texts *texts = place;
    if (!texts->items)
        texts->items = tw_arena_array(room->arena, room->most, sizeof *texts->items);
    if (!texts->items || texts->count == room->most)
        return false;
    texts->items[texts->count++] = text;
    return true;
}

static bool read_digits(const struct tw_option *row, const char *text, int64_t *number)
{
    if (!text[0] || text[strspn(text, "0123456789")] != '\0')
        return false;
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return errno == 0 && *number >= row->least && (!row->most || *number <= row->most);
}

static bool take_count(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)room;
    int64_t number;
    if (!read_digits(row, text, &number))
        return false;
    *(int64_t *)place = number;
    return true;
}

static bool take_digits(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    int64_t number;
    return read_digits(row, text, &number) && take_text(row, text, room, place);
}

static void count_in_words(const struct tw_option *row, char *text, size_t size)
{
    if (row->most)
        snprintf(text, size, "a number from %" PRId64 " to %" PRId64, row->least, row->most);
    else if (row->least)
        snprintf(text, size, "a number from %" PRId64 " up", row->least);
    else
        snprintf(text, size, "a number");
}

static bool take_real(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)room;
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number) || !(number > (double)row->least) ||
        (row->most && !(number < (double)row->most)))
        return false;
    *(double *)place = number;
    return true;
}

static void real_in_words(const struct tw_option *row, char *text, size_t size)
{
    if (row->most)
        snprintf(text, size, "a number between %" PRId64 " and %" PRId64, row->least, row->most);
    else
        snprintf(text, size, "a number above %" PRId64, row->least);
}

static bool take_time(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)row;
    (void)room;
    return tw_time_parse(tw_text_of(text), NULL, place, NULL);
}

static void time_in_words(const struct tw_option *row, char *text, size_t size)
{
    (void)row;
    snprintf(text, size, "a time such as 2026-01-31T14:30:00Z");
}

static bool take_choice(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)room;
    for (unsigned at = 0; row->choices[at]; at++)
        if (strcmp(row->choices[at], text) == 0) {
            *(unsigned *)place = at;
            return true;
        }
    return false;
}

static void choice_in_words(const struct tw_option *row, char *text, size_t size)
{
    list_choices(row->choices, text, size);
}

static bool take_custom(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)room;
    return row->take(text, place);
}

static void custom_in_words(const struct tw_option *row, char *text, size_t size)
{
    snprintf(text, size, "%s", row->wanted);
}

static bool take_nothing(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *place)
{
    (void)row;
    (void)text;
    (void)room;
    (void)place;
    return true;
}

/* Bounds that only keep arithmetic safe are not worth a reader's time. */
static void setting_in_words(const struct tw_option *row, char *text, size_t size)
{
    const struct tw_setting *setting = row->setting;
    bool is_number = setting->type == TW_SETTING_COUNT || setting->type == TW_SETTING_REAL;
    if (setting->choices)
        list_choices(setting->choices, text, size);
    else if (is_number && setting->most < 1e9)
        snprintf(text, size, "a number from %.9g to %.9g", setting->least, setting->most);
    else if (is_number && setting->least > 0)
        snprintf(text, size, "a number from %.9g up", setting->least);
}

static const struct {
    take_value *take;
    void (*in_words)(const struct tw_option *row, char *text, size_t size); /* NULL: any text will do */
} kinds[] = {
    [TW_OPTION_FLAG] = {take_flag, NULL},
    [TW_OPTION_TEXT] = {take_text, NULL},
    [TW_OPTION_PATH] = {take_text, NULL},
    [TW_OPTION_TEXTS] = {take_texts, NULL},
    [TW_OPTION_PATHS] = {take_texts, NULL},
    [TW_OPTION_COUNT] = {take_count, count_in_words},
    [TW_OPTION_DIGITS] = {take_digits, count_in_words},
    [TW_OPTION_REAL] = {take_real, real_in_words},
    [TW_OPTION_TIME] = {take_time, time_in_words},
    [TW_OPTION_CHOICE] = {take_choice, choice_in_words},
    [TW_OPTION_CUSTOM] = {take_custom, custom_in_words},
    [TW_OPTION_SETTING] = {take_nothing, setting_in_words},
    [TW_OPTION_ASSIGN] = {take_nothing, NULL},
};

bool tw_option_take(
    const struct tw_option *row, const char *text, const struct tw_option_room *room, void *options)
{
    return kinds[row->kind].take(row, text, room, (char *)options + row->offset);
}

void tw_option_wants(const struct tw_option *row, char *text, size_t size)
{
    text[0] = '\0';
    if (kinds[row->kind].in_words)
        kinds[row->kind].in_words(row, text, size);
}
