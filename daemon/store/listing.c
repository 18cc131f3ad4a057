#include "store/listing.h"

#include "alert/shard.h"
#include "postgres/wire.h"

enum { ARENA_BYTES = 256 << 20 }; /* address space: all symbols of a large file go in one statement */

static uint32_t count_of(const struct tw_listing *listing)
{
    return listing->entities ? tw_entities_count(listing->entities) : 0;
}

void tw_listing_set(struct tw_listing *listing, struct tw_shared *shared, const struct tw_automaton *entities)
{
    tw_listing_drop(listing);
    listing->shared = tw_shared_use(shared);
    listing->entities = entities;
}

bool tw_listing_waits(const struct tw_listing *listing)
{
    return listing->shared != NULL;
}

void tw_listing_drop(struct tw_listing *listing)
{
    tw_shared_leave(listing->shared);
    tw_arena_end(&listing->arena);
    *listing = (struct tw_listing){0};
}

uint32_t tw_listing_left(const struct tw_listing *listing)
{
    return count_of(listing) - listing->next;
}

static uint32_t rows_of(const struct tw_listing *listing)
{
    uint32_t left = tw_listing_left(listing);
    return tw_portion_of(&listing->portion, left < TW_LISTING_ROWS ? left : TW_LISTING_ROWS);
}

/* What was sent is done with. */
static void go_on(struct tw_listing *listing)
{
    listing->sent = false;
    listing->next += listing->rows;
    if (listing->rows == 0)
        tw_listing_drop(listing);
}

void tw_listing_told(struct tw_listing *listing)
{
    if (!listing->sent)
        return;
    tw_portion_taken(&listing->portion);
    go_on(listing);
}

bool tw_listing_refused(struct tw_listing *listing)
{
    if (!listing->sent || !tw_portion_refused(&listing->portion, listing->rows))
        return false;
    go_on(listing);
    return true;
}

/* ---- parameters ---- */

enum column { SYMBOL, NAME, SHARD, EXCHANGE, KIND, SECTOR, COLUMNS };

static struct tw_text field_of(const struct tw_entity *entity, enum column column)
{
    switch (column) {
    case SYMBOL:
        return entity->symbol;
    case NAME:
        return entity->name;
    case EXCHANGE:
        return entity->exchange;
    case KIND:
        return entity->kind;
    default:
        return entity->sector;
    }
}

/* The array of one column of `count` entities from `first`; NULL when the arena is full. */
static const char *texts_of(
    struct tw_listing *listing, uint32_t first, uint32_t count, enum column column, int *length)
{
    struct tw_text *texts = tw_arena_array(&listing->arena, count + 1, sizeof *texts);
    if (!texts)
        return NULL;
    for (uint32_t at = 0; at < count; at++)
        texts[at] = field_of(tw_entities_at(listing->entities, first + at), column);
    return tw_array_text(&listing->arena, TW_OID_TEXT, texts, count, length);
}

static const char *shards_of(struct tw_listing *listing, uint32_t first, uint32_t count, int *length)
{
    int16_t *shards = tw_arena_array(&listing->arena, count + 1, sizeof *shards);
    if (!shards)
        return NULL;
    for (uint32_t at = 0; at < count; at++)
        shards[at] = tw_shard_of(tw_entities_at(listing->entities, first + at)->symbol);
    return tw_array_int16(&listing->arena, shards, count, length);
}

static bool send_rows(struct tw_listing *listing, struct tw_connection *connection,
    const struct tw_exchange *exchange, struct tw_error *err)
{
    const char *values[COLUMNS];
    int lengths[COLUMNS];
    const uint32_t count = listing->rows;
    for (enum column column = SYMBOL; column < COLUMNS; column++) {
        values[column] = column == SHARD ? shards_of(listing, listing->next, count, &lengths[column])
                                         : texts_of(listing, listing->next, count, column, &lengths[column]);
        if (!values[column])
            return tw_arena_fail(&listing->arena, err);
    }
    tw_connection_begin_exchange(connection, exchange);
    tw_connection_send(connection, TW_ENTITIES_LIST, values, lengths);
    tw_connection_sync(connection);
    return true;
}

static bool send_last(struct tw_listing *listing, struct tw_connection *connection,
    const struct tw_exchange *exchange, struct tw_error *err)
{
    int length;
    const char *symbols = texts_of(listing, 0, count_of(listing), SYMBOL, &length);
    if (!symbols)
        return tw_arena_fail(&listing->arena, err);
    tw_connection_begin_exchange(connection, exchange);
    tw_connection_send(connection, TW_ENTITIES_UNLIST, &symbols, &length);
    tw_connection_sync(connection);
    return true;
}

bool tw_listing_send(struct tw_listing *listing, struct tw_connection *connection,
    const struct tw_exchange *exchange, struct tw_error *err)
{
    if (!listing->arena.base && !tw_arena_begin(&listing->arena, ARENA_BYTES, err))
        return false;
    listing->rows = rows_of(listing);
    listing->sent = listing->rows > 0 ? send_rows(listing, connection, exchange, err)
                                      : send_last(listing, connection, exchange, err);
    tw_arena_reset(&listing->arena, 0); /* libpq has copied the parameters */
    return listing->sent;
}
