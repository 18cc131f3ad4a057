/* columns: which columns each SQL table has that a batch is stored in. One table here for each of
 * PostgreSQL's: the INSERT, its parameters' types and what is compared after a reset are written from it
 * (row_statements.h), and encode.h fills the parameters by it. What a column means stands where it is made:
 * in sql/.
 *
 *     tw_sql_tables[]              documents, scores, bars, events, alert_events, dead_letters,
 *                                  unfiled
 *       .columns[]                 name, type, and where its value comes from:
 *                                    read()     each row has its own: an array, unnest($n)
 *                                    shared     one value for the batch, a scalar of struct tw_shared_values
 *                                    sql alone  the server knows: no parameter
 *
 * To add a column: a row here, the function that reads it, and a migration of sql/ that makes it. Nothing
 * else counts columns; the prepared statement is refused by the server when the two differ.
 *
 * A table of `single` rows takes one row a statement, VALUES instead of arrays: few rows, whose values may
 * be arrays themselves. A table with a `key` is added to where a row stands already: columns that say so
 * are summed. */
#ifndef TW_COLUMNS_H
#define TW_COLUMNS_H

#include "batch.h"
#include "postgres/statements.h"
#include "store/unfiled.h"

/* Values that all rows of a batch share, as parameters point to them: big-endian (wire.h). */
struct tw_shared_values {
    char topic_id[2];
    char partition[4];
    char model_id[2];
    char arrived_at[8];
};

/* What cells are read from: the rows of a batch that were chosen for one part of it (encode.h). */
struct tw_chosen_rows {
    const struct tw_batch *batch;
    const struct tw_error
        *refusal; /* documents become dead letters for this reason; NULL: each for its own */
    int64_t lateness_us;
    struct tw_arena *arena;    /* for cells that are made of several values */
    const uint32_t *documents; /* by row of documents: index in the batch */
    const uint32_t *scores;    /* by row of scores: index in rows.scores */
    const struct tw_bar_row *bars;
    const uint32_t *events;       /* by row of events: index in rows.events */
    const uint32_t *headlines;    /* by row of alert_events: index in rows.headlines */
    const uint32_t *dead_letters; /* by row of dead_letters: index in the batch */
    const uint32_t *ahead_ticks;  /* by row of ahead_ticks: index in the batch */
    const struct tw_unfiled_run *unfiled;
};

/* The value of one column in one row. */
struct tw_sql_cell {
    int64_t integer; /* also of booleans and times (microseconds since 1970) */
    float number;
    struct tw_text text; /* text or bytes */
    const struct tw_text *list;
    uint32_t list_count; /* of arrays of bytes; `list` NULL: the arena is full */
    bool null;
};

typedef void tw_read_cell(const struct tw_chosen_rows *rows, uint32_t row, struct tw_sql_cell *cell);

enum tw_compare {
    TW_COMPARE_NOT,
    TW_COMPARE_KEY,   /* tells which row it is */
    TW_COMPARE_VALUE, /* must be the same, else another record stands there */
};

struct tw_sql_column {
    const char *name;
    int32_t type;       /* of one value: TW_OID_... (wire.h); 0 without a parameter */
    tw_read_cell *read; /* NULL: not a row's own */
    uint16_t shared;    /* `read` NULL and `type` set: offset in struct tw_shared_values */
    enum tw_compare compare;
    bool recall;     /* read back where the same record stands already (one column of a table at most) */
    bool sum;        /* added to what stands under the table's key */
    const char *sql; /* what is inserted, `?` standing for the parameter; NULL: the parameter itself */
};

enum tw_sql_table_number {
    TW_SQL_DOCUMENTS,
    TW_SQL_SCORES,
    TW_SQL_BARS,
    TW_SQL_EVENTS,
    TW_SQL_ALERT_EVENTS,
    TW_SQL_DEAD_LETTERS,
    TW_SQL_AHEAD_TICKS,
    TW_SQL_UNFILED,
    TW_SQL_TABLES
};

struct tw_sql_table {
    const char *name; /* in the schema tapewatch */
    enum tw_statement insert;
    enum tw_statement compare; /* TW_STATEMENTS: never compared */
    bool single;
    const char *key; /* NULL: a row that stands there already is an error (23505) */
    const struct tw_sql_column *columns;
    uint32_t column_count;
};

extern const struct tw_sql_table tw_sql_tables[TW_SQL_TABLES];

/* The place among the INSERT's parameters of the column of that name; -1 when there is none, or it has no
 * parameter. */
int tw_sql_parameter(const struct tw_sql_table *table, const char *column);

/* Which of the INSERT's parameters the comparison takes, in its own order; returns how many. `from` has
 * room for TW_STATEMENT_PARAMETERS. */
int tw_sql_compared(const struct tw_sql_table *table, int *from);

#endif
