/* targets: are a step's targets such as the trainer can learn them?
 *   in    a batch, its targets, the model that learns; the teacher, or NULL
 *   out   yes, or the target that is not, by its number (TW_INTERNAL; TW_CONFIG for words that the teacher
 *         does not have)
 *
 * Entities and masked words stand in the order of their sequences and tokens, and there are heads for them;
 * labels are classes. */
#ifndef TW_TARGETS_H
#define TW_TARGETS_H

#include "train/trainer.h"

/* `teacher` may be NULL. */
TW_MUST_USE bool tw_targets_check(const struct tw_targets *targets, const struct tw_packed *batch,
    const struct tw_model *model, const struct tw_teacher *teacher, struct tw_error *err);

#endif
