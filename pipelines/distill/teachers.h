/* teachers: who is asked about which text.
 *   in    a teacher; or besides it one teacher a fold (fold.h), each of which left that fold out
 *   out   the answers (teacher_logits.h)
 *
 * With fold teachers, a labelled text and its changed copies are answered for by the one that left it out,
 * and so has not learned its label by heart: what it says is soft where the text is hard. A mixture goes by
 * the text that it begins with. Texts without labels are the teacher's own.
 *
 * Answers are kept in FOLDER/teacher-logits.safetensors and FOLDER/fold-N-logits.safetensors. Errors:
 * those of teacher_logits.h; TW_CONFIG for fold teachers that are not one a fold, or have other heads
 * than the teacher. */
#ifndef TW_TEACHERS_H
#define TW_TEACHERS_H

#include "distill/teacher_logits.h"

struct tw_teachers {
    const char *teacher;
    const struct tw_setting_texts *folds; /* folders, in any order; none: the teacher answers for all */
    const char *folder;                   /* where answers are kept */
    const char *precision;                /* of their products with weights: f32 or bf16 (run_settings.h) */
    const char *gemm;                     /* library of those in f32, as that of the run's steps */
    uint32_t most_tokens;
    size_t threads;
    const struct tw_run_watch *watch;
};

/* Asked before anything is read or written; the teacher itself is checked by compatible.h. */
TW_MUST_USE bool tw_teachers_check(const struct tw_teachers *teachers, struct tw_error *err);

/* All in the arena. */
TW_MUST_USE bool tw_teachers_predict(const struct tw_teachers *teachers, const struct tw_dataset *dataset,
    const size_t *records, size_t count, struct tw_arena *arena, struct tw_teacher_logits *out,
    struct tw_error *err);

#endif
