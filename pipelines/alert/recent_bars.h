/* recent_bars: the closed bars that rules still look back on, of many entities, kept from one turn to the
 * next.
 *   in    bars, merged over partitions: each once, in about the order of time, or again with other sums
 *   out   a stream of rows for a turn (alert/turn.h): by symbol, then by time
 *
 *     struct tw_recent_memory memory = {.most = 1 << 30};
 *     tw_recent_begin(&recent, &memory);
 *     tw_recent_cut(&recent, from_us)                 what was put for a turn that came to nothing
 *     tw_recent_put(&recent, &bar, listed, err)       each new bar
 *     tw_recent_rows_begin(&rows, sets, count, &arena, err); while (tw_recent_rows_next(&rows, &row)) ...
 *     tw_recent_trim(&recent, from_us)                when all rules have seen what lies before
 *     tw_recent_end(&recent)
 *
 * Sums of whole days (days.h) are kept in the same way: a row of a day is one of a bar.
 *
 * Who evaluates a stream in pieces need so read each bar once, and only the new ones. A set holds one shard's
 * entities, or all of them; several sets share one account of memory.
 *
 * MEMORY. 40 bytes a bar, in a ring for each entity that grows by a quarter and shrinks when three quarters
 * of it are empty; an entity takes about 100 bytes and its symbol. So it is bounded by the bars within the
 * longest window of the rules: 10,000 entities that are spoken of all the time, looked back on for 2 hours
 * (720 bars each), take 288 to 360 MB. Beyond `most` a put is refused.
 *
 * Not thread-safe: a set belongs to whoever has the turn. */
#ifndef TW_RECENT_BARS_H
#define TW_RECENT_BARS_H

#include "alert/turn.h"

/* An account that sets share. */
struct tw_recent_memory {
    size_t used; /* bytes */
    size_t most;
    uint64_t bars;
};

struct tw_recent_entity; /* its own */

struct tw_recent_bars {
    struct tw_recent_memory *memory;
    struct tw_recent_entity **entities; /* in no order */
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* open addressing by the hash of the symbol: place in `entities`, and one */
    uint32_t slot_count;
};

/* An empty set, on that account. Safe to end. */
void tw_recent_begin(struct tw_recent_bars *recent, struct tw_recent_memory *memory);
/* Frees all, and takes it off the account; the set is empty, and may be used on. */
void tw_recent_end(struct tw_recent_bars *recent);

/* A bar of an entity; where one of that time stands, it is replaced. The symbol is copied. TW_FULL when the
 * account's `most` would be passed, TW_INTERNAL for want of memory; then nothing changes. */
TW_MUST_USE bool tw_recent_put(
    struct tw_recent_bars *recent, const struct tw_bar_row *bar, bool listed, struct tw_error *err);

/* Adds to the entity's bar of that time, which may not be there yet. As tw_recent_put; TW_INTERNAL also when
 * a sum does not fit. */
TW_MUST_USE bool tw_recent_add(
    struct tw_recent_bars *recent, const struct tw_bar_row *more, bool listed, struct tw_error *err);

/* Whether the entity stands in the entities file is known better by now; nothing when it has no bars here. */
void tw_recent_list(struct tw_recent_bars *recent, struct tw_text symbol, bool listed);

/* Forgets the bars that begin at `from_us` or later. */
void tw_recent_cut(struct tw_recent_bars *recent, int64_t from_us);
/* Forgets the bars that begin before `from_us`, and entities without bars. */
void tw_recent_trim(struct tw_recent_bars *recent, int64_t from_us);

/* -- the rows of a turn ---------------------------------------------------------------------------------- */

struct tw_recent_rows {
    struct tw_recent_entity **entities; /* of all sets, by symbol */
    uint32_t count;
    uint32_t entity; /* whose bar comes next */
    uint32_t bar;
};

/* Prepares to go through the bars of several sets. TW_FULL when the arena is. The sets must not change
 * meanwhile; symbols of rows are theirs. */
TW_MUST_USE bool tw_recent_rows_begin(struct tw_recent_rows *rows, const struct tw_recent_bars *const *sets,
    size_t count, struct tw_arena *arena, struct tw_error *err);
/* The next row of TW_TURN_BARS, or of TW_TURN_DAYS; false when there is none. */
bool tw_recent_rows_next(struct tw_recent_rows *rows, struct tw_turn_row *row);

#endif
