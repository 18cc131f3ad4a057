/* ask: a model's logits for texts and for the entities in them, on all threads.
 *   in    a model folder; examples of a dataset
 *   out   logits by enum tw_class: of each text, of each of its entities
 *
 *     struct tw_ask ask = {0};
 *     if (!tw_ask_open("teacher", "auto", 128, threads, &ask, err)) ...
 *     tw_ask_run(&ask, dataset, records, count, documents, entities, err)
 *     tw_ask_close(&ask)
 *
 * Without dropout; fp32, but for products with weights when another backend is asked for (gemm.h). What a text gets does not depend on its neighbours or on threads. A head that the model does not have
 * leaves its logits as they were. Errors: those of model.h and tokenizer.h. */
#ifndef TW_ASK_H
#define TW_ASK_H

#include "examples/dataset.h"
#include "model/compute.h"
#include "model/model.h"

struct tw_tokenizer;
struct tw_asker; /* one thread's space */

struct tw_ask {
    struct tw_model *model;
    struct tw_tokenizer *tokenizer;
    struct tw_compute compute;
    uint32_t most_tokens; /* texts are cut to this */
    size_t threads;
    struct tw_asker *askers; /* [threads] */
};

/* most_tokens is lowered to what the model reads. */
TW_MUST_USE bool tw_ask_open(const char *folder, const char *backend, uint32_t most_tokens, size_t threads,
    struct tw_ask *out, struct tw_error *err);
/* A zeroed struct is safe to close. */
void tw_ask_close(struct tw_ask *ask);

/* documents [count, TW_CLASSES]; entities: of all entities of these examples, in order. `tokens` counts up; or NULL. */
TW_MUST_USE bool tw_ask_run(struct tw_ask *ask, const struct tw_dataset *dataset, const size_t *records,
    size_t count, float *documents, float *entities, uint64_t *tokens, struct tw_error *err);

#endif
