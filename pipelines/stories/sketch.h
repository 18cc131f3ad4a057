/* sketch: what of a document is needed to file it with its story, as bytes that a database keeps.
 *
 *     worker      tw_sketch_write(&document, &arena, &bytes, err)      cleaned, linked and scored
 *     evaluator   tw_sketch_read(bytes, &arena, &sketch, err)          when event time has come so far
 *                 tw_sketch_tell(&sketch, time_us, number, &arena, &telling, err)       to file it
 *                 tw_sketch_bar(&sketch.entities[at], time_us)         what it brought into a bar
 *
 * Its fingerprint (fingerprint.h), and each of its entities with the sentiment of its score row.
 *
 *     bytes   version (1), whether the fingerprint is whole, counts of elements, names and entities (2 each),
 *             the entities' bits (8), elements and names (4 each); then by entity sentiment (2), length (2),
 *             symbol. Numbers are little-endian.
 *
 * A document without words and entities has a sketch too, of 16 bytes. */
#ifndef TW_SKETCH_H
#define TW_SKETCH_H

#include "base/arena.h"
#include "stories/stories.h"
#include "time/bars.h"

struct tw_sketch_entity {
    struct tw_text symbol;
    int32_t sentiment; /* 10,000ths */
};

struct tw_sketch {
    struct tw_fingerprint print;
    const struct tw_sketch_entity *entities; /* by symbol, each once */
    uint32_t entity_count;
};

/* The sketch of a document, in the arena. Only TW_FULL. */
TW_MUST_USE bool tw_sketch_write(
    const struct tw_document *document, struct tw_arena *arena, struct tw_text *bytes, struct tw_error *err);

/* Reads it back; symbols point into `bytes`. TW_CONFIG for bytes that are none of this version, TW_FULL. */
TW_MUST_USE bool tw_sketch_read(
    struct tw_text bytes, struct tw_arena *arena, struct tw_sketch *sketch, struct tw_error *err);

/* The document as stories.h files it; what it points to is in the arena, and the sketch's. TW_FULL. */
TW_MUST_USE bool tw_sketch_tell(const struct tw_sketch *sketch, int64_t time_us, int64_t number,
    struct tw_arena *arena, struct tw_story_telling *telling, struct tw_error *err);

/* What one of its entities brought into its bar. */
struct tw_bar_row tw_sketch_bar(const struct tw_sketch_entity *entity, int64_t time_us);

#endif
