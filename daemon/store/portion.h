/* portion: how many of the rows that wait go into the next statement, so that one which is refused takes no
 * other with it.
 *
 *     count = tw_portion_of(&portion, waiting)            send the first so many
 *     tw_portion_taken(&portion)                          they stand: more the next time
 *     if (tw_portion_refused(&portion, count)) ...        a row alone: it is given up
 *     else ...                                            fewer of them are sent, from the same first one
 *
 * All at once at first; after a refusal by halves, until the row stands alone; then twice as many each time.
 * Begin with zeros. Pure. */
#ifndef TW_PORTION_H
#define TW_PORTION_H

#include <stdbool.h>
#include <stdint.h>

struct tw_portion {
    uint32_t most; /* 0: all */
};

uint32_t tw_portion_of(const struct tw_portion *portion, uint32_t waiting);
void tw_portion_taken(struct tw_portion *portion);
/* True: it was one alone, or none. */
bool tw_portion_refused(struct tw_portion *portion, uint32_t count);

#endif
