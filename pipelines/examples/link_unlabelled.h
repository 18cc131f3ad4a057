/* link_unlabelled: the companies that texts without labels speak of, so that a teacher can be asked about
 * each.
 *   in    examples of a dataset; an entities file (entities.h), or symbols as they stand ($AAPL, <OM>), or
 *         both
 *   out   their entities, without labels, each where it is mentioned first: as `serve` would read it
 *
 * Errors: those of entities.h; TW_FULL. */
#ifndef TW_LINK_UNLABELLED_H
#define TW_LINK_UNLABELLED_H

#include "examples/dataset.h"

struct tw_link_unlabelled_options {
    const char *entities; /* path; "": none */
    bool symbols;         /* one that the file does not list is an entity too */
};

/* Examples [first, end); what is new lies in the arena. *named: how many entities were found. */
TW_MUST_USE bool tw_link_unlabelled(const struct tw_link_unlabelled_options *options,
    struct tw_dataset *dataset, size_t first, size_t end, struct tw_arena *arena, uint64_t *named,
    struct tw_error *err);

#endif
