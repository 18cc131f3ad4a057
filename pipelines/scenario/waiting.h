/* waiting: documents of a case that wait to be filed with their stories, as they do in the table `unfiled`.
 *   in    documents as the river hands them on, in any order of event time
 *   out   once event time has passed them, in its order: which story each tells, to whoever expects it, and
 *         what rules are to know of it, to their simulation
 *
 *     tw_waiting_begin(&waiting, &options, &arena, err)
 *     tw_waiting_add(&waiting, &rows, number, err)           each document
 *     tw_waiting_file(&waiting, edge_us, &sink, err)         before the simulation is advanced to that edge
 *     tw_waiting_end(&waiting)
 *
 * Where stories are COUNTED, a document speaks to rules as it does in `serve`: its bars come at once and are
 * taken off again for entities of which the story told before; events wait with it, so that it is known
 * whether they are copies. Else stories are found all the same, and rules know nothing of them.
 *
 * Not thread-safe. Documents live in the arena that was given, until it ends. */
#ifndef TW_WAITING_H
#define TW_WAITING_H

#include "alert/simulation.h"
#include "stories/stories.h"

struct tw_waiting_options {
    uint32_t most_documents;          /* that a new one is compared with (stories.h) */
    bool counted;                     /* rules count stories */
    struct tw_simulation *simulation; /* of the rules; NULL: there are none */
};

/* Gets the story of each document that is filed. */
struct tw_waiting_sink {
    void *context;
    void (*filed)(void *context, uint64_t number, uint64_t story);
};

struct tw_waiting_document; /* its own */

struct tw_waiting {
    struct tw_waiting_options options;
    struct tw_arena *arena;
    struct tw_stories stories;
    struct tw_waiting_document *documents; /* that wait */
    size_t count, capacity;
    int64_t filed_to_us; /* TW_NO_TIME: nothing was filed yet */
};

/* Nothing waits yet. TW_CONFIG for no documents at all, TW_INTERNAL. Safe to end afterwards either way. */
TW_MUST_USE bool tw_waiting_begin(struct tw_waiting *waiting, const struct tw_waiting_options *options,
    struct tw_arena *arena, struct tw_error *err);
/* Frees all; a zeroed one is safe to end. */
void tw_waiting_end(struct tw_waiting *waiting);

/* Rows of one document that is stored. Its bars, and what rules spoke for it, go to the simulation, as far as
 * they need not wait. `number` is the caller's own, each higher than the one before. TW_FULL, TW_INTERNAL. */
TW_MUST_USE bool tw_waiting_add(
    struct tw_waiting *waiting, const struct tw_rows *rows, uint64_t number, struct tw_error *err);

/* Files those before `edge_us`, late ones too; nothing when it is not later than the last one. */
TW_MUST_USE bool tw_waiting_file(
    struct tw_waiting *waiting, int64_t edge_us, const struct tw_waiting_sink *sink, struct tw_error *err);

#endif
