/* teacher_logits: what a teacher says of each text and of each entity in it, asked once.
 *   in    a teacher's folder (predict_folder.h); examples of a dataset
 *   out   logits by enum tw_class, for targets of the trainer (trainer.h)
 *
 * The answers are kept in a file as they come (safetensors; the tensors' names carry a hash of the teacher's
 * weights, of the backend, of the texts and of where entities stand), whole or not at all: whoever asks again
 * goes on after what is there. A file that fits something else, or is broken, is written anew. Telling how
 * far it is, and stopping, through the watch. Errors: those of predict_folder.h; TW_INTERRUPTED; TW_OUTPUT,
 * TW_IO. */
#ifndef TW_TEACHER_LOGITS_H
#define TW_TEACHER_LOGITS_H

#include "examples/dataset.h"
#include "run/run.h"

struct tw_teacher_logits {
    bool has_documents, has_entities; /* a teacher has that head, and was asked about one at least */
    float *documents;                 /* [dataset count, TW_CLASSES]; of examples that were asked about */
    float *entities;                  /* [entities, TW_CLASSES] */
    size_t *first_entity;             /* [dataset count + 1]: rows of an example's entities */
};

struct tw_teacher_logits_options {
    const char *teacher;
    const char
        *backend; /* of products with weights, by its name (gemm.h); with "auto" a clock decides bits */
    uint32_t most_tokens;
    size_t threads;
    const char *cache; /* path of the file */
    const struct tw_run_watch *watch;
};

/* Room for answers about each example; in the arena. */
TW_MUST_USE bool tw_teacher_logits_begin(const struct tw_dataset *dataset, struct tw_arena *arena,
    struct tw_teacher_logits *out, struct tw_error *err);

/* Adds the answers to these examples to `out`. */
TW_MUST_USE bool tw_teacher_logits_predict(const struct tw_teacher_logits_options *options,
    const struct tw_dataset *dataset, const size_t *records, size_t count, struct tw_arena *arena,
    struct tw_teacher_logits *out, struct tw_error *err);

#endif
