/* window: the bars of one entity in [edge - width, edge), summed, while the edge moves on.
 *
 *     tw_window_begin(&window, bars, count, width_us, edge_us, err)
 *     tw_window_move(&window, edge_us, err)       as often as wanted, to later edges
 *
 * The sums change only where a bar enters (at its end) or leaves (its end + width): between those edges there
 * is nothing to look at, and tw_window_next_us names the next one. So the cost is that of the bars, never of
 * the edges passed. */
#ifndef TW_WINDOW_H
#define TW_WINDOW_H

#include "time/bars.h"

struct tw_window {
    const struct tw_bar_row *bars; /* the caller's, sorted by bar */
    size_t bar_count;
    int64_t width_us;
    size_t enter; /* the next bar to enter */
    size_t leave; /* the next to leave: [leave, enter) are inside */
    int64_t documents;
    int64_t sum;
    int64_t negative_sum;
};

/* Stands at `edge`, without walking through what lies before the window. TW_INTERNAL when the sums do not
 * fit. */
TW_MUST_USE bool tw_window_begin(struct tw_window *window, const struct tw_bar_row *bars, size_t bar_count,
    int64_t width_us, int64_t edge_us, struct tw_error *err);

/* Moves on to an edge not before the one it stands at. TW_INTERNAL when the sums do not fit. */
TW_MUST_USE bool tw_window_move(struct tw_window *window, int64_t edge_us, struct tw_error *err);

/* The next edge at which a bar enters or leaves; INT64_MAX when none does any more. */
int64_t tw_window_next_us(const struct tw_window *window);

#endif
