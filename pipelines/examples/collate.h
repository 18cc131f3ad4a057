/* collate: records of a dataset to one packed batch with its targets, as the trainer takes them.
 *   in    indices of examples; tokenizer; augmentation, or none
 *   out   struct tw_packed, struct tw_targets; all in the arena
 *
 * Each entity has a span (locate.h), so that no label is lost; an entity without label is left out,
 * unless all are wanted. Texts are cut at `most_tokens`. What a record is read as depends on (seed,
 * epoch, index) alone. */
#ifndef TW_COLLATE_H
#define TW_COLLATE_H

#include "examples/augment.h"
#include "examples/dataset.h"
#include "train/trainer.h"

struct tw_collator {
    const struct tw_dataset *dataset;
    const struct tw_tokenizer *tokenizer;
    const struct tw_model_config *config;
    const struct tw_augment *augment; /* NULL: records as they are */
    uint32_t most_tokens;
    unsigned parts;    /* TW_PART_*: targets of which heads are wanted */
    bool all_entities; /* those without label too: somebody else has an answer for them */
};

struct tw_collated {
    struct tw_packed batch;
    struct tw_targets targets;
};

/* One batch of these records, as they are read in this epoch. TW_FULL. */
TW_MUST_USE bool tw_collate_batch(const struct tw_collator *collator, uint32_t epoch, const size_t *records,
    size_t count, struct tw_arena *arena, struct tw_collated *out, struct tw_error *err);

#endif
