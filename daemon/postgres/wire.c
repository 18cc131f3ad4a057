#include "postgres/wire.h"

#include "document.h"

#include <endian.h>

/* A message to the server holds a gigabyte at most; what is larger does not fit any arena either. */
#define MESSAGE_BYTES (UINT64_C(1) << 30)

static const struct {
    int32_t type;
    int32_t array;
    int width;
} types[] = {
    {TW_OID_BOOL, TW_OID_BOOL_ARRAY, 1},
    {TW_OID_INT2, TW_OID_INT2_ARRAY, 2},
    {TW_OID_INT4, TW_OID_INT4_ARRAY, 4},
    {TW_OID_INT8, TW_OID_INT8_ARRAY, 8},
    {TW_OID_FLOAT4, TW_OID_FLOAT4_ARRAY, 4},
    {TW_OID_DATE, TW_OID_DATE_ARRAY, 4},
    {TW_OID_TIMESTAMPTZ, TW_OID_TIMESTAMPTZ_ARRAY, 8},
    {TW_OID_TEXT, TW_OID_TEXT_ARRAY, 0},
    {TW_OID_BYTEA, TW_OID_BYTEA_ARRAY, 0},
};

int32_t tw_array_type(int32_t element)
{
    for (size_t at = 0; at < sizeof types / sizeof types[0]; at++)
        if (types[at].type == element)
            return types[at].array;
    return 0;
}

int tw_type_width(int32_t type)
{
    for (size_t at = 0; at < sizeof types / sizeof types[0]; at++)
        if (types[at].type == type)
            return types[at].width;
    return 0;
}

/* -- scalars ----------------------------------------------------------------------------------- */

void tw_put_int16(char *to, int16_t value)
{
    uint16_t big = htobe16((uint16_t)value);
    memcpy(to, &big, sizeof big);
}

void tw_put_int32(char *to, int32_t value)
{
    uint32_t big = htobe32((uint32_t)value);
    memcpy(to, &big, sizeof big);
}

void tw_put_int64(char *to, int64_t value)
{
    uint64_t big = htobe64((uint64_t)value);
    memcpy(to, &big, sizeof big);
}

void tw_put_float(char *to, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    tw_put_int32(to, (int32_t)bits);
}

/* PostgreSQL ends at 294276 AD; INT64_MAX and INT64_MIN would be its infinities. */
void tw_put_time(char *to, int64_t us)
{
    const int64_t most = INT64_C(9223371331200000000) - 1;
    const int64_t least = INT64_C(-211813488000000000);
    if (us == TW_NO_TIME)
        tw_put_int64(to, INT64_MIN);
    else if (us < least + TW_POSTGRES_EPOCH_US)
        tw_put_int64(to, least);
    else
        tw_put_int64(to, us - TW_POSTGRES_EPOCH_US < most ? us - TW_POSTGRES_EPOCH_US : most);
}

int16_t tw_get_int16(const char *from)
{
    uint16_t big;
    memcpy(&big, from, sizeof big);
    return (int16_t)be16toh(big);
}

int32_t tw_get_int32(const char *from)
{
    uint32_t big;
    memcpy(&big, from, sizeof big);
    return (int32_t)be32toh(big);
}

int64_t tw_get_int64(const char *from)
{
    uint64_t big;
    memcpy(&big, from, sizeof big);
    return (int64_t)be64toh(big);
}

struct tw_text tw_get_text(const PGresult *result, int row, int column)
{
    return (struct tw_text){PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column)};
}

int64_t tw_get_time(const char *from)
{
    int64_t value = tw_get_int64(from);
    return value == INT64_MIN ? TW_NO_TIME : value + TW_POSTGRES_EPOCH_US;
}

/* -- arrays, value by value -------------------------------------------------------------------- */

void tw_put_array_header(char *to, int32_t element, uint32_t count, bool nulls)
{
    tw_put_int32(to, 1);
    tw_put_int32(to + 4, nulls);
    tw_put_int32(to + 8, element);
    tw_put_int32(to + 12, (int32_t)count);
    tw_put_int32(to + 16, 1);
}

char *tw_put_text_cell(char *to, struct tw_text text, bool null)
{
    tw_put_int32(to, null ? -1 : (int32_t)text.length);
    to += TW_CELL_HEADER_BYTES;
    if (null || text.length == 0)
        return to;
    memcpy(to, text.bytes, text.length);
    return to + text.length;
}

char *tw_array_cell(char *array, uint32_t at, size_t width)
{
    return array + TW_ARRAY_HEADER_BYTES + at * (TW_CELL_HEADER_BYTES + width) + TW_CELL_HEADER_BYTES;
}

/* -- arrays, whole ----------------------------------------------------------------------------- */

static char *begin_array(struct tw_arena *arena, int32_t element, uint32_t count, size_t width, int *length)
{
    size_t bytes = TW_ARRAY_HEADER_BYTES + count * (TW_CELL_HEADER_BYTES + width);
    char *array = tw_arena_take(arena, bytes);
    if (!array)
        return NULL;
    tw_put_array_header(array, element, count, false);
    for (uint32_t at = 0; at < count; at++)
        tw_put_int32(tw_array_cell(array, at, width) - TW_CELL_HEADER_BYTES, (int32_t)width);
    *length = (int)bytes;
    return array;
}

char *tw_array_int16(struct tw_arena *arena, const int16_t *values, uint32_t count, int *length)
{
    char *array = begin_array(arena, TW_OID_INT2, count, 2, length);
    for (uint32_t at = 0; array && at < count; at++)
        tw_put_int16(tw_array_cell(array, at, 2), values[at]);
    return array;
}

char *tw_array_int32(struct tw_arena *arena, int32_t type, const int32_t *values, uint32_t count, int *length)
{
    char *array = begin_array(arena, type, count, 4, length);
    for (uint32_t at = 0; array && at < count; at++)
        tw_put_int32(tw_array_cell(array, at, 4), values[at]);
    return array;
}

char *tw_array_int64(struct tw_arena *arena, const int64_t *values, uint32_t count, int *length)
{
    char *array = begin_array(arena, TW_OID_INT8, count, 8, length);
    for (uint32_t at = 0; array && at < count; at++)
        tw_put_int64(tw_array_cell(array, at, 8), values[at]);
    return array;
}

char *tw_array_bool(struct tw_arena *arena, const bool *values, uint32_t count, int *length)
{
    char *array = begin_array(arena, TW_OID_BOOL, count, 1, length);
    for (uint32_t at = 0; array && at < count; at++)
        *tw_array_cell(array, at, 1) = values[at];
    return array;
}

char *tw_array_text(
    struct tw_arena *arena, int32_t type, const struct tw_text *values, uint32_t count, int *length)
{
    size_t bytes = TW_ARRAY_HEADER_BYTES + (size_t)count * TW_CELL_HEADER_BYTES;
    for (uint32_t at = 0; at < count; at++)
        bytes += values[at].length;
    char *array = bytes < MESSAGE_BYTES ? tw_arena_take(arena, bytes) : NULL;
    if (!array)
        return NULL;
    tw_put_array_header(array, type, count, false);
    char *to = array + TW_ARRAY_HEADER_BYTES;
    for (uint32_t at = 0; at < count; at++)
        to = tw_put_text_cell(to, values[at], false);
    *length = (int)bytes;
    return array;
}
