/* statement_list: statements with their parameters, written one after the other into an arena, to be sent
 * together.
 *
 *     tw_statement_list_begin(&list, &arena);
 *     tw_statement_add(&list, TW_BARS_CUT);            then its parameters, in their order
 *     tw_statement_put_time(&list, from_us);
 *     tw_statement_put_int16s(&list, shards, count);
 *     if (list.full)                                   sticky: looked at once, before anything is sent
 *         return tw_arena_fail(&arena, err);
 *     tw_connection_begin_exchange(...);
 *     tw_statement_list_send(&list, connection);
 *
 * For what is sent of a whole or not at all: what has been sent will be committed, whatever is missing behind
 * it. Texts and bytes are referred to, numbers copied; both must stay until the list is sent. */
#ifndef TW_STATEMENT_LIST_H
#define TW_STATEMENT_LIST_H

#include "base/arena.h"
#include "postgres/connection.h"

/* One statement, as tw_connection_send takes it. */
struct tw_listed_statement {
    enum tw_statement statement;
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
};

struct tw_statement_list {
    struct tw_arena *arena;
    struct tw_listed_statement *statements;
    uint32_t count;
    uint32_t capacity;
    int at;     /* parameter of the last statement that is written next */
    char *room; /* where its numbers go */
    bool full;  /* the arena is: the list must not be sent */
};

/* An empty list. */
void tw_statement_list_begin(struct tw_statement_list *list, struct tw_arena *arena);
/* A statement more, at the end. */
void tw_statement_add(struct tw_statement_list *list, enum tw_statement statement);
/* Sends all of them, in order, in an exchange that has been begun. */
void tw_statement_list_send(const struct tw_statement_list *list, struct tw_connection *connection);

/* -- the next parameter of the last statement ------------------------------------------------------------ */

/* NULL. */
void tw_statement_put_null(struct tw_statement_list *list);
/* A text. */
void tw_statement_put_text(struct tw_statement_list *list, struct tw_text text);
/* A text that is ended by NUL. */
void tw_statement_put_name(struct tw_statement_list *list, const char *name);
/* Bytes as they are: a uuid. */
void tw_statement_put_bytes(struct tw_statement_list *list, const void *bytes, size_t length);
/* An int2. */
void tw_statement_put_int16(struct tw_statement_list *list, int16_t number);
/* An int4. */
void tw_statement_put_int32(struct tw_statement_list *list, int32_t number);
/* An int8. */
void tw_statement_put_int64(struct tw_statement_list *list, int64_t number);
/* A timestamptz; TW_NO_TIME becomes NULL. */
void tw_statement_put_time(struct tw_statement_list *list, int64_t us);
/* An array of int2. */
void tw_statement_put_int16s(struct tw_statement_list *list, const int16_t *numbers, uint32_t count);
/* An array of int4. */
void tw_statement_put_int32s(struct tw_statement_list *list, const int32_t *numbers, uint32_t count);
/* An array of int8. */
void tw_statement_put_int64s(struct tw_statement_list *list, const int64_t *numbers, uint32_t count);
/* An array of timestamptz. */
void tw_statement_put_times(struct tw_statement_list *list, const int64_t *us, uint32_t count);
/* An array of texts. */
void tw_statement_put_texts(struct tw_statement_list *list, const struct tw_text *texts, uint32_t count);
/* An array of bytea. */
void tw_statement_put_byteas(struct tw_statement_list *list, const struct tw_text *bytes, uint32_t count);

#endif
