/* distill: a large teacher to a small student, over labelled records and texts without labels.
 *   in    a teacher (a folder with heads), a student (a folder, or chosen layers of the teacher), records,
 *         archives
 *   out   a folder as finetune makes it, small and fast; what it lost against its teacher
 *
 *     read > make copies > prune the vocabulary > ask the teacher once > [ student learns by epochs ] >
 *     calibration > compare
 *
 * Every text that is learned from (labelled, its augmented copies, without labels) is read by the teacher, by
 * its own tokenizer; its logits of the text and of each entity in it are what the student learns: `soft_loss`
 * x T^2 KL(teacher || student) at `distill_temperature` T (Hinton et al. 2015), beside the labels where there
 * are some (`document_loss`, `entity_loss`). Texts that are held back are learned in no form. `fold_teachers`
 * answer for what the teacher knows by heart (teachers.h).
 *
 * `hidden_loss` adds the mean square between the student's hidden states, projected to the teacher's width
 * when they differ, and the teacher's: embeddings to embeddings, layer n of N to layer n M / N of the
 * teacher's M (Jiao et al. 2020). The teacher then runs beside the student in every step. It needs texts that
 * both tokenizers cut into the same pieces; others are left out of this loss, and their share is told.
 *
 * In texts without labels the teacher is asked about companies too that `entities` (a file, entities.h)
 * or `link_symbols` (as they stand: $AAPL, <OM>) find.
 *
 * `augment_copies`: each labelled record that entity-swap or number-jitter (augment.h) can change is there
 * again so often, changed differently; the teacher says what the changed text means.
 *
 * `templates`: those copies draw half of their names from them, and what may stand around a text.
 * `learn_only_answer`, `shared_answers`: own_answers.h.
 *
 * `splice_copies`: so many times each labelled text is there once more as the beginning of a mixture with
 * another of its file (splice.h), without a label.
 *
 * In the folder, beside those of run.h: teacher-logits.safetensors (teacher_logits.h), vocabulary/ (the
 * pruned tokenizer), distill_results.json (the comparison). Errors: those of run.h, dataset.h, model.h;
 * TW_CONFIG when the teacher has no head. */
#ifndef TW_DISTILL_H
#define TW_DISTILL_H

#include "distill/distill_settings.h"
#include "distill/measure_folder.h"
#include "run/run.h"

struct tw_distill_result {
    struct tw_run_result run;
    bool compared; /* there were held-back records */
    struct tw_folder_measures teacher, student;
};

/* The details of an evaluation (run.h) are a struct tw_validation (validation.h). */
TW_MUST_USE bool tw_distill(const struct tw_distill_settings *settings, const struct tw_run_call *call,
    struct tw_distill_result *result, struct tw_error *err);

/* --dry-run: what would be learned from. */
struct tw_distill_facts {
    uint64_t labelled, copies, unlabelled, named, validation, refused;
    uint64_t vocabulary;
    double covered; /* share of all pieces that the pruned vocabulary still has */
};
/* Reads all as the run would, and asks no teacher. Nothing is written. */
TW_MUST_USE bool tw_distill_inspect(const struct tw_distill_settings *settings,
    const struct tw_run_call *call, struct tw_distill_facts *facts, struct tw_error *err);

#endif
