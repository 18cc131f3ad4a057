/* listing: the entities file on its way into the table tapewatch.entities, for whoever joins by exchange,
 * kind or sector.
 *
 *     tw_listing_set(&listing, shared, entities);           // at the start and at each reload
 *     while (tw_listing_waits(&listing)) {                  // a statement at a time, between two commits
 *         tw_listing_send(&listing, connection, &exchange, err);
 *         tw_listing_told(&listing);                        // or, when a row of it is refused for good:
 *         tw_listing_refused(&listing);                     // or, when it is refused for now: send again
 *     }
 *
 * First every entity of the file, TW_LISTING_ROWS a statement, in its order; then one statement that marks
 * whatever else was listed as listed no more. A row that is refused is given up alone (portion.h). Each
 * statement is a transaction of its own and says the same however often it is sent, so that a lost answer
 * costs nothing. The file is held (shared.h) until all is told. Daemons of one database should read the same
 * file: each tells what its own says.
 *
 * Begin with zeros. For the loop thread. */
#ifndef TW_LISTING_H
#define TW_LISTING_H

#include "base/arena.h"
#include "names/entities.h"
#include "postgres/connection.h"
#include "shared.h"
#include "store/portion.h"

enum { TW_LISTING_ROWS = 1000 };

struct tw_listing {
    struct tw_shared *shared; /* NULL: nothing is to be told */
    const struct tw_automaton *entities;
    uint32_t next; /* entity of the file; their number: the last statement is due */
    bool sent;     /* the statement that is due is under way, or has been refused for now */
    uint32_t rows; /* in it; 0: the last one */
    struct tw_portion portion;
    struct tw_arena arena;
};

/* A file to tell; one that was on its way is dropped. `entities` belongs to `shared`; NULL: a file that is no
 * more, of which nothing is listed. */
void tw_listing_set(
    struct tw_listing *listing, struct tw_shared *shared, const struct tw_automaton *entities);

/* Is there something to be sent? */
bool tw_listing_waits(const struct tw_listing *listing);
/* How many entities of the file are still to be told. */
uint32_t tw_listing_left(const struct tw_listing *listing);

/* Sends the statement that is due, as an exchange. The connection is ready and not busy. TW_FULL,
 * TW_INTERNAL: nothing was sent. */
TW_MUST_USE bool tw_listing_send(struct tw_listing *listing, struct tw_connection *connection,
    const struct tw_exchange *exchange, struct tw_error *err);

/* What was sent last is done with: the next statement is due. When another file has come since: nothing. */
void tw_listing_told(struct tw_listing *listing);
/* A row of what was sent last is refused for good. True: it was alone, is given up, and the next statement is
 * due. False: fewer rows are due; or another file has come since. */
bool tw_listing_refused(struct tw_listing *listing);

/* Nothing is to be told any more; gives memory and file back. */
void tw_listing_drop(struct tw_listing *listing);

#endif
