/* untold: how many rows wait to be told to one target, since when, and whether that gets on; by what the
 * database answers when it is asked for the target's lease, whichever daemon tells.
 *
 *     tw_untold_begin(&untold, now_ms)              nothing is known yet
 *     tw_untold_note(&untold, &seen, now_ms)        it has answered
 *     tw_untold_told(&untold, oldest, now_ms)       rows were told, or refused, by this daemon, and marked
 *     tw_untold_ended(&untold, told)                a row was told, or refused
 *     tw_untold_repeated(&untold, told, now_ms)     open alerts were told again, or could not be
 *     tw_untold_unknown(&untold, now_ms)            it cannot be asked: no session, or it refuses
 *     tw_untold_behind_ms, tw_untold_unknown_ms, tw_untold_refused      for whoever shows a light
 *
 * PROGRESS is that the oldest row was told, by whomever: what is told while it waits hides that it is not, as
 * when one partition of a topic has no leader. Another one is the oldest then; but so it is when the oldest
 * has waited for tell.keep and was given up: a target that is away for longer than that would seem to take
 * rows, one by one, just when they begin to be lost. Ages come rounded, from another machine's clock: what
 * moves by less than a second has not moved. Open alerts that cannot be told again are taken for over by the
 * target: as bad as rows that wait, though none may, and a session that is lost and had again ends nothing of
 * it. Pure; times are monotonic milliseconds. */
#ifndef TW_UNTOLD_H
#define TW_UNTOLD_H

#include <stdbool.h>
#include <stdint.h>

struct tw_untold {
    int64_t rows; /* that wait, when last heard */
    int64_t
        oldest_ms; /* when the oldest of them was made, by this machine's clock; below 0: before it began */
    uint64_t progress_ms; /* when nothing waited, or the oldest row was told */
    uint64_t unknown_ms;  /* since when the database has not been heard of it; 0: it has */
    uint32_t refused;     /* rows in a row */
    uint64_t
        unrepeated_ms; /* since when open alerts could not be told again; 0: they were, or another's it is */
};

/* What the database says. */
struct tw_untold_seen {
    int64_t rows;
    int64_t age_ms;  /* of the oldest */
    int64_t keep_ms; /* tell.keep */
};

void tw_untold_begin(struct tw_untold *untold, uint64_t now_ms);
void tw_untold_note(struct tw_untold *untold, const struct tw_untold_seen *seen, uint64_t now_ms);
/* `oldest`: was the oldest of all that wait among those that were told? */
void tw_untold_told(struct tw_untold *untold, bool oldest, uint64_t now_ms);
/* The target has taken it (`told`), or will not have it, however often it is asked. */
void tw_untold_ended(struct tw_untold *untold, bool told);
/* Open alerts were told again, there are none, or another daemon does it (`told`); or they could not be. */
void tw_untold_repeated(struct tw_untold *untold, bool told, uint64_t now_ms);
/* The first time counts; what was known last stays. */
void tw_untold_unknown(struct tw_untold *untold, uint64_t now_ms);

/* For how long the oldest row has waited without being told, or open alerts were not told again, whichever is
 * longer; 0: neither. */
uint64_t tw_untold_behind_ms(const struct tw_untold *untold, uint64_t now_ms);
/* How many rows were refused since the last that was told; 0 while they may be to blame themselves: the first
 * two. None of them waits, and yet nobody hears of anything. */
uint32_t tw_untold_refused(const struct tw_untold *untold);
/* For how long it has not been known what waits; 0: it is known. */
uint64_t tw_untold_unknown_ms(const struct tw_untold *untold, uint64_t now_ms);
/* Age of the oldest row that waits; 0: none does. */
int64_t tw_untold_age_ms(const struct tw_untold *untold, uint64_t now_ms);

#endif
