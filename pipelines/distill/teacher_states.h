/* teacher_states: a teacher that runs beside the student, and the ids that it reads for the student's.
 *   in    a teacher's folder; batches as the student reads them
 *   out   struct tw_teacher for the trainer; targets.teacher_ids and targets.matched of each batch
 *
 * A text is matched when the teacher's tokenizer would cut each of its words into the pieces that the
 * student's cut it into: longest piece first, from the teacher's vocabulary (wordpiece.h). A pruned
 * vocabulary spells some words from shorter pieces, and those texts are left out; so is one with an unknown
 * word. Special tokens stand for each other by their part, whatever their names. */
#ifndef TW_TEACHER_STATES_H
#define TW_TEACHER_STATES_H

#include "examples/dataset.h"
#include "train/trainer.h"

struct tw_tokenizer;

struct tw_teacher_states {
    struct tw_model *model;
    struct tw_tokenizer *tokenizer; /* the teacher's */
    struct tw_teacher teacher;
};

/* Pairs for a student of that many layers; their lists lie in the arena. */
TW_MUST_USE bool tw_teacher_states_open(const char *folder, size_t student_layers, struct tw_arena *arena,
    struct tw_teacher_states *out, struct tw_error *err);
/* A zeroed struct is safe to close. */
void tw_teacher_states_close(struct tw_teacher_states *states);

/* For a batch that the student's tokenizer made: teacher_ids and matched, in the arena. */
TW_MUST_USE bool tw_teacher_states_add(const struct tw_teacher_states *states,
    const struct tw_tokenizer *student, const struct tw_packed *batch, struct tw_arena *arena,
    struct tw_targets *targets, struct tw_error *err);

/* The share of these texts that are matched; of the first 2,000 of them. */
double tw_teacher_states_matched_share(const struct tw_teacher_states *states,
    const struct tw_tokenizer *student, const struct tw_dataset *dataset, const size_t *records, size_t count,
    uint32_t most_tokens);

#endif
