#include "config/config_changes.h"

#include "config/config_print.h"
#include "config/config_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 16 << 10 };

/* A list that grows to its end and no further. */
struct list {
    char *bytes;
    size_t used;
};

static bool list_begin(struct list *list, struct tw_arena *arena, struct tw_error *err)
{
    *list = (struct list){.bytes = tw_arena_take(arena, TEXT_BYTES)};
    if (list->bytes)
        list->bytes[0] = '\0';
    return list->bytes || tw_arena_fail(arena, err);
}

static TW_PRINTF(2, 3) void list_add(struct list *list, const char *format, ...)
{
    va_list arguments;
    if (list->used > 0 && list->used + 3 < TEXT_BYTES) {
        memcpy(list->bytes + list->used, ", ", 3);
        list->used += 2;
    }
    va_start(arguments, format);
    int wrote = vsnprintf(list->bytes + list->used, TEXT_BYTES - list->used, format, arguments);
    va_end(arguments);
    size_t room = TEXT_BYTES - list->used - 1;
    list->used += wrote < 0 ? 0 : (size_t)wrote < room ? (size_t)wrote : room;
}

/* Rows that may change have their values in struct tw_config itself. */
static void take(const struct tw_config *file, const struct tw_config_row *row, struct tw_config *out)
{
    const void *from = tw_config_field((struct tw_config *)(uintptr_t)file, row);
    void *to = tw_config_field(out, row);
    switch (row->field) {
    case TW_FIELD_BOOL:
        memcpy(to, from, sizeof(bool));
        return;
    case TW_FIELD_INT:
        memcpy(to, from, sizeof(int64_t));
        return;
    case TW_FIELD_CHOICE:
        memcpy(to, from, sizeof(unsigned));
        return;
    case TW_FIELD_STRING:
    case TW_FIELD_PATH:
        memcpy(to, from, sizeof(const char *));
        return;
    case TW_FIELD_STRINGS:
        memcpy(to, from, sizeof(struct tw_strings));
        return;
    case TW_FIELD_WEIGHTS: {
        const struct tw_source_list *list = from;
        struct tw_source_list *taken = to;
        taken->names = list->names;
        taken->count = list->count;
        return;
    }
    case TW_FIELD_SIZE:
    case TW_FIELD_NAMES:
    case TW_FIELD_PROPERTIES:
    case TW_FIELD_SECRETS:
        return; /* none of them may */
    }
}

bool tw_config_take_changes(const struct tw_config *running, const struct tw_config *file,
    struct tw_arena *arena, struct tw_config *out, struct tw_config_changes *changes, struct tw_error *err)
{
    struct list taken, restart;
    *out = *running;
    *changes = (struct tw_config_changes){{NULL, 0}, {NULL, 0}, 0};
    if (!list_begin(&taken, arena, err) || !list_begin(&restart, arena, err))
        return false;
    for (size_t at = 0; at < TW_CONFIG_ROWS; at++) {
        const struct tw_config_row *row = &tw_config_rows[at];
        const char *dot = row->section[0] ? "." : "";
        struct tw_text before, after;
        if (!tw_config_print_value(running, row, arena, &before, err) ||
            !tw_config_print_value(file, row, arena, &after, err))
            return false;
        if (row->reloadable)
            take(file, row, out); /* also what is equal: its text then lies where that of the others does */
        if (tw_text_equal(before, after))
            continue;
        if (row->reloadable) {
            list_add(&taken, "%s%s%s %.*s → %.*s", row->section, dot, row->key.name, (int)before.length,
                before.bytes, (int)after.length, after.bytes);
        } else {
            list_add(&restart, "%s%s%s", row->section, dot, row->key.name);
            changes->restart_count++;
        }
    }
    changes->taken = (struct tw_text){taken.bytes, taken.used};
    changes->restart = (struct tw_text){restart.bytes, restart.used};
    return true;
}
