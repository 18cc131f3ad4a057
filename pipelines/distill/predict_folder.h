/* predict_folder: what the model of a folder says of texts and of the entities in them, on all threads.
 *   in    a model folder; examples of a dataset
 *   out   logits by enum tw_class: of each text, of each of its entities
 *
 *     struct tw_folder_model teacher = {0};
 *     if (!tw_folder_model_open("teacher", "auto", 128, threads, &teacher, err)) ...
 *     tw_folder_model_predict(&teacher, dataset, records, count, documents, entities, NULL, err)
 *     tw_folder_model_close(&teacher)
 *
 * fp32, but for products with weights when another backend is asked for (gemm.h). What a text gets does not
 * depend on its neighbours or on threads (infer/predict.h). A head that the model does not have leaves its
 * logits as they were. Errors: those of model.h and tokenizer.h. */
#ifndef TW_PREDICT_FOLDER_H
#define TW_PREDICT_FOLDER_H

#include "examples/dataset.h"
#include "model/compute.h"
#include "model/model.h"

struct tw_predict;
struct tw_tokenizer;

struct tw_folder_model {
    struct tw_model *model;
    struct tw_tokenizer *tokenizer;
    struct tw_compute compute;
    uint32_t most_tokens; /* texts are cut to this */
    struct tw_predict *predict;
    struct tw_arena arena; /* of one group of examples */
};

/* most_tokens is lowered to what the model reads. What is opened must not move. */
TW_MUST_USE bool tw_folder_model_open(const char *folder, const char *backend, uint32_t most_tokens,
    size_t threads, struct tw_folder_model *out, struct tw_error *err);
/* A zeroed struct is safe to close. */
void tw_folder_model_close(struct tw_folder_model *folder);

/* documents [count, TW_CLASSES]; entities: of all entities of these examples, in order. `tokens` counts up;
 * or NULL. */
TW_MUST_USE bool tw_folder_model_predict(struct tw_folder_model *folder, const struct tw_dataset *dataset,
    const size_t *records, size_t count, float *documents, float *entities, uint64_t *tokens,
    struct tw_error *err);

#endif
