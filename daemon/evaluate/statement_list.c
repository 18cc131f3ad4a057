#include "evaluate/statement_list.h"

#include "document.h"
#include "postgres/wire.h"

enum { FIRST_STATEMENTS = 64, NUMBER_BYTES = 8 };

void tw_statement_list_begin(struct tw_statement_list *list, struct tw_arena *arena)
{
    *list = (struct tw_statement_list){.arena = arena};
}

/* Room is doubled, the old one left behind in the arena. */
static bool grow(struct tw_statement_list *list)
{
    uint32_t capacity = FIRST_STATEMENTS;
    if (list->capacity && __builtin_mul_overflow(list->capacity, 2, &capacity))
        return false;
    struct tw_listed_statement *larger = tw_arena_array(list->arena, capacity, sizeof *larger);
    if (!larger)
        return false;
    if (list->count > 0)
        memcpy(larger, list->statements, list->count * sizeof *larger);
    list->statements = larger;
    list->capacity = capacity;
    return true;
}

void tw_statement_add(struct tw_statement_list *list, enum tw_statement statement)
{
    size_t bytes = (size_t)tw_statements[statement].parameter_count * NUMBER_BYTES;
    list->at = 0;
    list->room = tw_arena_take(list->arena, bytes);
    if (!list->room || (list->count == list->capacity && !grow(list)))
        list->full = true;
    else
        list->statements[list->count++] = (struct tw_listed_statement){.statement = statement};
}

void tw_statement_list_send(const struct tw_statement_list *list, struct tw_connection *connection)
{
    for (uint32_t at = 0; at < list->count; at++) {
        const struct tw_listed_statement *statement = &list->statements[at];
        tw_connection_send(connection, statement->statement, statement->values, statement->lengths);
    }
}

static void put(struct tw_statement_list *list, const char *value, int length)
{
    if (list->full)
        return;
    struct tw_listed_statement *last = &list->statements[list->count - 1];
    last->values[list->at] = value;
    last->lengths[list->at++] = length;
}

/* The number at `room` is the next parameter. */
static void put_room(struct tw_statement_list *list, int length)
{
    put(list, list->room, length);
    list->room += length;
}

void tw_statement_put_null(struct tw_statement_list *list)
{
    put(list, NULL, 0);
}

void tw_statement_put_bytes(struct tw_statement_list *list, const void *bytes, size_t length)
{
    put(list, bytes, (int)length);
}

void tw_statement_put_text(struct tw_statement_list *list, struct tw_text text)
{
    put(list, text.length ? text.bytes : "", (int)text.length);
}

void tw_statement_put_name(struct tw_statement_list *list, const char *name)
{
    tw_statement_put_text(list, tw_text_of(name));
}

void tw_statement_put_int16(struct tw_statement_list *list, int16_t number)
{
    if (list->full)
        return;
    tw_put_int16(list->room, number);
    put_room(list, 2);
}

void tw_statement_put_int32(struct tw_statement_list *list, int32_t number)
{
    if (list->full)
        return;
    tw_put_int32(list->room, number);
    put_room(list, 4);
}

void tw_statement_put_int64(struct tw_statement_list *list, int64_t number)
{
    if (list->full)
        return;
    tw_put_int64(list->room, number);
    put_room(list, 8);
}

void tw_statement_put_time(struct tw_statement_list *list, int64_t us)
{
    if (us == TW_NO_TIME) {
        tw_statement_put_null(list);
        return;
    }
    if (list->full)
        return;
    tw_put_time(list->room, us);
    put_room(list, 8);
}

static void put_array(struct tw_statement_list *list, const char *array, int length)
{
    list->full = list->full || !array;
    put(list, array, length);
}

void tw_statement_put_int16s(struct tw_statement_list *list, const int16_t *numbers, uint32_t count)
{
    int length = 0;
    char *array = tw_array_int16(list->arena, numbers, count, &length);
    put_array(list, array, length);
}

void tw_statement_put_int32s(struct tw_statement_list *list, const int32_t *numbers, uint32_t count)
{
    int length = 0;
    char *array = tw_array_int32(list->arena, TW_OID_INT4, numbers, count, &length);
    put_array(list, array, length);
}

void tw_statement_put_int64s(struct tw_statement_list *list, const int64_t *numbers, uint32_t count)
{
    int length = 0;
    char *array = tw_array_int64(list->arena, numbers, count, &length);
    put_array(list, array, length);
}

void tw_statement_put_times(struct tw_statement_list *list, const int64_t *us, uint32_t count)
{
    size_t bytes = TW_ARRAY_HEADER_BYTES + (size_t)count * (TW_CELL_HEADER_BYTES + 8);
    char *array = tw_arena_take(list->arena, bytes);
    if (array)
        tw_put_array_header(array, TW_OID_TIMESTAMPTZ, count, false);
    for (uint32_t at = 0; array && at < count; at++) {
        char *cell = tw_array_cell(array, at, 8);
        tw_put_int32(cell - TW_CELL_HEADER_BYTES, 8);
        tw_put_time(cell, us[at]);
    }
    put_array(list, array, (int)bytes);
}

static void put_texts(
    struct tw_statement_list *list, int32_t type, const struct tw_text *texts, uint32_t count)
{
    int length = 0;
    char *array = tw_array_text(list->arena, type, texts, count, &length);
    put_array(list, array, length);
}

void tw_statement_put_texts(struct tw_statement_list *list, const struct tw_text *texts, uint32_t count)
{
    put_texts(list, TW_OID_TEXT, texts, count);
}

void tw_statement_put_byteas(struct tw_statement_list *list, const struct tw_text *bytes, uint32_t count)
{
    put_texts(list, TW_OID_BYTEA, bytes, count);
}
