/* wire: values in PostgreSQL's binary format, put into parameters and got out of results. For whoever
 * speaks through a connection (connection.h): all its parameters and results are binary.
 *
 *     char epoch[8];
 *     tw_put_int64(epoch, partition->epoch);                        a scalar is its bytes, big-endian
 *     values[0] = tw_array_int16(arena, shards, count, &lengths[0]);   a header, then cells
 *     partition->epoch = tw_get_int64(PQgetvalue(result, 0, 1));
 *
 * Arrays made here are of one dimension. They are placed in an arena and die with it; NULL says that it
 * is full. Nothing here fails otherwise: whether a result has the type that is got out of it is the
 * business of who wrote the statement.
 *
 * Formats: src/backend/utils/adt/{arrayfuncs,timestamp,uuid}.c of PostgreSQL. An array is the number of
 * its dimensions (1), a flag (it holds NULLs), the element's type, its length and lower bound (1); then
 * each element behind its own length, -1 for NULL. A timestamp is microseconds since 2000-01-01 UTC. */
#ifndef TW_WIRE_H
#define TW_WIRE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

#define TW_POSTGRES_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 in microseconds since 1970 */
enum { TW_POSTGRES_EPOCH_DAYS = 10957 };              /* the same in days */

enum { TW_ARRAY_HEADER_BYTES = 20, TW_CELL_HEADER_BYTES = 4 };

/* Types by their numbers in PostgreSQL's catalogue, which never change (src/include/catalog/pg_type.dat). */
enum {
    TW_OID_BOOL = 16,
    TW_OID_BYTEA = 17,
    TW_OID_INT8 = 20,
    TW_OID_INT2 = 21,
    TW_OID_INT4 = 23,
    TW_OID_TEXT = 25,
    TW_OID_FLOAT4 = 700,
    TW_OID_TIMESTAMPTZ = 1184,
    TW_OID_UUID = 2950,
    TW_OID_DATE = 1082,
    TW_OID_BOOL_ARRAY = 1000,
    TW_OID_BYTEA_ARRAY = 1001,
    TW_OID_INT2_ARRAY = 1005,
    TW_OID_INT4_ARRAY = 1007,
    TW_OID_TEXT_ARRAY = 1009,
    TW_OID_INT8_ARRAY = 1016,
    TW_OID_FLOAT4_ARRAY = 1021,
    TW_OID_TIMESTAMPTZ_ARRAY = 1185,
    TW_OID_DATE_ARRAY = 1182,
};

/* The type of arrays of a type; 0 for one that we have no arrays of. */
int32_t tw_array_type(int32_t element);
/* The bytes of a value of a type: 8, 4, 2 or 1; 0 for texts, bytes and arrays, whose values differ. */
int tw_type_width(int32_t type);

/* -- scalars: big-endian into `to`, out of `from`, which need not be aligned ------------------- */

/* Puts 2 bytes: int2. */
void tw_put_int16(char *to, int16_t value);
/* Puts 4 bytes: int4. */
void tw_put_int32(char *to, int32_t value);
/* Puts 8 bytes: int8. */
void tw_put_int64(char *to, int64_t value);
/* Puts 4 bytes: float4. */
void tw_put_float(char *to, float value);
/* Puts 8 bytes: microseconds since 1970 as timestamptz; TW_NO_TIME becomes -infinity, what no calendar of
 * PostgreSQL holds becomes the nearest time that it does. */
void tw_put_time(char *to, int64_t us);
/* Gets the int2 at `from`. */
int16_t tw_get_int16(const char *from);
/* Gets the int4 at `from`. */
int32_t tw_get_int32(const char *from);
/* Gets the int8 at `from`. */
int64_t tw_get_int64(const char *from);
/* Gets a text, as it stands in the result: it lives no longer. Of a NULL it is empty. */
struct tw_text tw_get_text(const PGresult *result, int row, int column);
/* Gets a timestamptz as microseconds since 1970; -infinity becomes TW_NO_TIME. */
int64_t tw_get_time(const char *from);

/* -- arrays, value by value: for whoever has rows and wants no copy of a column (store/encode.c) --- */

/* Puts TW_ARRAY_HEADER_BYTES: `count` elements of type `element`; `nulls`: some of them are NULL. */
void tw_put_array_header(char *to, int32_t element, uint32_t count, bool nulls);
/* Puts a cell with a text or bytes, or NULL; returns where the next one goes. */
char *tw_put_text_cell(char *to, struct tw_text text, bool null);
/* The value of cell `at` in an array of cells of `width` bytes, none of them NULL. */
char *tw_array_cell(char *array, uint32_t at, size_t width);

/* -- arrays, whole: for statements that are sent now and then ---------------------------------- */

/* An array of `count` int2; *length receives its bytes. */
char *tw_array_int16(struct tw_arena *arena, const int16_t *values, uint32_t count, int *length);
/* The same of int4, or of another `type` that has its form (TW_OID_DATE). */
char *tw_array_int32(
    struct tw_arena *arena, int32_t type, const int32_t *values, uint32_t count, int *length);
/* The same of int8. */
char *tw_array_int64(struct tw_arena *arena, const int64_t *values, uint32_t count, int *length);
/* The same of bool. */
char *tw_array_bool(struct tw_arena *arena, const bool *values, uint32_t count, int *length);
/* The same of texts or bytes (TW_OID_TEXT, TW_OID_BYTEA). NULL also when it would not fit a message to the
 * server: from a gigabyte on. */
char *tw_array_text(
    struct tw_arena *arena, int32_t type, const struct tw_text *values, uint32_t count, int *length);

#endif
