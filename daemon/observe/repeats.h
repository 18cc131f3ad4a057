/* repeats: events that come again and again, folded to a line a minute of each.
 *
 *     uint64_t unsaid;
 *     if (tw_repeats_tell(&repeats, code, tw_now_ms(), &unsaid))
 *         tw_log(log, TW_WARNING, "source", "kafka error", ..., tw_int("repeated", (int64_t)unsaid));
 *
 * The first of a kind is told at once; then, while they go on, one a minute, with how many came between. A
 * kind that has been silent for ten minutes is new again. There is room for TW_REPEATS_KINDS at a time; one
 * more takes the place of the one told longest ago. Begin with zeros. For one thread.
 *
 * Of a connection that is made anew again and again, or of several that do the same (a room each its own):
 *
 *     tw_repeats_loss(&losses, NULL, now_ms)                 one stands again
 *     if (tw_repeats_loss(&losses, err, now_ms))             one was lost, or a try has failed
 *         tw_log_error(log, room, "connection lost", err);
 *
 * That one is lost after it stood is news each time, also while another is still away; tries that fail alike
 * are folded. */
#ifndef TW_REPEATS_H
#define TW_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { TW_REPEATS_KINDS = 16, TW_REPEATS_MS = 60000, TW_REPEATS_FORGET_MS = 600000 };

struct tw_repeats {
    struct {
        int64_t kind;
        uint64_t told_ms; /* 0: the place is free */
        uint64_t last_ms; /* when it came last */
        uint64_t unsaid;
    } kinds[TW_REPEATS_KINDS];
};

/* The kind of events that are told apart by these words: an error's, an SQLSTATE. */
int64_t tw_repeats_kind(const char *words);

/* An event of this kind has come. True: tell it; *unsaid receives how many came since one was told. */
bool tw_repeats_tell(struct tw_repeats *repeats, int64_t kind, uint64_t now_ms, uint64_t *unsaid);

/* What has become of a connection, `err` NULL: it stands. True: tell that it does not. `losses` holds nothing
 * else. */
bool tw_repeats_loss(struct tw_repeats *losses, const struct tw_error *err, uint64_t now_ms);

#endif
