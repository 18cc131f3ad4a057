/* unfiled: documents of one partition that wait to be filed with their stories, several in a row of the
 * table `unfiled`.
 *
 *     store         tw_unfiled_gather(documents, chosen, count, &arena, &runs, &run_count)
 *     evaluator     while (rest.length > 0)
 *                       tw_unfiled_next(&rest, &document, err)
 *
 * A row of its own for each document, put in, read and deleted, costs PostgreSQL as much as all else that it
 * does to file it. Documents in a row are of one bar, as event time passes them bar by bar, and stand in the
 * order in which they are filed; they are few, so that of many partitions which speak at once few are read
 * before their turn.
 *
 *     bytes   by document offset (8), event time (8), length (4), sketch (stories/sketch.h). Numbers as
 *             PostgreSQL sends them (postgres/wire.h): bring_back of sql/ writes it, too */
#ifndef TW_UNFILED_H
#define TW_UNFILED_H

#include "base/arena.h"
#include "document.h"

enum {
    TW_UNFILED_BYTES = 4000,  /* in a row, but for a document that is longer: two rows fit on a page */
    TW_UNFILED_DOCUMENTS = 32 /* in a row */
};

/* A row. */
struct tw_unfiled_run {
    int64_t first_us; /* of the first document */
    int64_t first_offset;
    uint32_t documents;
    struct tw_text bytes;
};

/* What it holds of a document. */
struct tw_unfiled_document {
    int64_t event_us;
    int64_t offset;
    struct tw_text sketch; /* points into the row's bytes */
};

/* Rows for documents[chosen[0]] to documents[chosen[count - 1]], which have messages and sketches; in the
 * arena. False only when that is full. */
TW_MUST_USE bool tw_unfiled_gather(const struct tw_document *documents, const uint32_t *chosen,
    uint32_t count, struct tw_arena *arena, struct tw_unfiled_run **runs, uint32_t *run_count);

/* Takes the next document off `rest`. TW_CONFIG for bytes that are none of this form. */
TW_MUST_USE bool tw_unfiled_next(
    struct tw_text *rest, struct tw_unfiled_document *document, struct tw_error *err);

/* Says so: TW_CONFIG. Returns false. */
bool tw_unfiled_refuse(struct tw_error *err);

#endif
