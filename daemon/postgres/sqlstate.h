/* sqlstate: what a refusal by PostgreSQL means for whoever sent the statement, by its five letters.
 *
 *     passing    try the same again, with backoff (a connection, a deadlock, a full disk)
 *     row        a row was refused and always will be: split the batch until it is found
 *     day        a row lies outside all partitions: make the day, try again
 *     doubled    a row with this key stands already: read the partition's offset before blaming anybody
 *     fenced     ours: the partition or shard is somebody else's, or not where we left it
 *     outrun     ours: rules were evaluated past a document of the batch meanwhile: decide anew what is late
 *     password   who we say we are is not believed (exit 77)
 *     permission we may not do that (exit 77)
 *     schema     tables or functions are not those of this program (exit 78)
 *     pooled     our prepared statements are not where we made them: a pooler lends sessions by transaction
 *                (tried again; exit 78 when it is met at the first connection)
 *     unknown    none of these: treated as passing, and loud
 *
 * One const table, most specific first: a whole code, else its class (PostgreSQL 15, appendix A). */
#ifndef TW_SQLSTATE_H
#define TW_SQLSTATE_H

#include "base/error.h"

enum tw_sqlstate {
    TW_SQLSTATE_PASSING,
    TW_SQLSTATE_ROW,
    TW_SQLSTATE_DAY,
    TW_SQLSTATE_DOUBLED,
    TW_SQLSTATE_FENCED,
    TW_SQLSTATE_OUTRUN,
    TW_SQLSTATE_PASSWORD,
    TW_SQLSTATE_PERMISSION,
    TW_SQLSTATE_SCHEMA,
    TW_SQLSTATE_POOLED,
    TW_SQLSTATE_UNKNOWN,
};

struct tw_sqlstate_row {
    const char *code; /* five letters, or the two of a class */
    enum tw_sqlstate means;
    const char *name; /* PostgreSQL's own name */
};

extern const struct tw_sqlstate_row tw_sqlstates[];
extern const size_t tw_sqlstate_count;

/* `code` is five letters, or NULL for a connection that broke without any: passing. */
enum tw_sqlstate tw_sqlstate_of(const char *code);

/* The same for a statement, whose refusal may name a constraint (NULL: it does not). A row that no partition
 * takes and one that breaks a CHECK have one code: the latter names it, and no day that is made helps. */
enum tw_sqlstate tw_sqlstate_of_statement(const char *code, const char *constraint);

#endif
