/* cutting: when an open batch is cut that is neither full nor to be waited for any longer.
 *
 *     open --cut--> unfinished (waits for a worker, or is with one) --> done (waits for the store) --> stored
 *
 *     a worker has nothing to do, and little is done    the oldest open batch goes at once
 *     each worker has at most one more waiting          one that is old enough goes (batch.age)
 *     else                                              it gathers on
 *
 * A batch that is cut while all are busy would only wait elsewhere: left open it takes along what comes
 * meanwhile, and the transaction, which costs much the same for one record as for ten, is made once. So
 * batches grow with the load just as far as is needed to keep up with it, and under little load each record
 * goes alone. Pure. */
#ifndef TW_CUTTING_H
#define TW_CUTTING_H

#include <stdint.h>

/* Of one worker, and of one session that stores. */
enum {
    TW_UNFINISHED_MOST = 2, /* one under way, one waiting, so that no worker waits for the loop */
    TW_DONE_ENOUGH = 2,     /* one being committed, one to follow it: the session does not wait either */
    TW_DONE_MOST = 4,       /* PostgreSQL is slower than the workers are */
};

enum tw_cutting {
    TW_CUT_NONE,
    TW_CUT_OLD, /* those that are old enough */
    TW_CUT_ANY  /* the oldest, whatever its age */
};

/* Which open batches are to be cut, one at a time, where `out` batches are cut and not stored, workers are
 * not done with `unfinished` of them, and so many sessions store. */
enum tw_cutting tw_cutting_now(uint32_t workers, uint32_t sessions, uint32_t unfinished, uint32_t out);

#endif
