/* trainer: one training step over a batch of any size, on all threads.
 *   in    a state, a packed batch (packed.h) with its targets, the step's number and rate
 *   out   new weights; the step's losses
 *
 *     struct tw_trainer *trainer;
 *     struct tw_trainer_options options = {.threads = 2, .seed = 1, .compute = &compute, ...};
 *     if (!tw_trainer_open(state, &options, &trainer, err)) return false;
 *     for (step = 0; step < total; step++) {
 *         ... tw_packed_build(...), targets ...
 *         adamw.rate = highest * tw_schedule_factor(&schedule, step);
 *         if (!tw_trainer_step(trainer, &batch, &targets, &adamw, step, &result, err)) break;
 *     }
 *     tw_trainer_loss(trainer, &batch, &targets, &result, err);     // no dropout, no gradients: validation
 *     tw_trainer_open_predict(trainer, &predict, err);              // logits of the model as it is now
 *     tw_trainer_close(trainer);
 *
 * A batch is cut into one part of sequences a thread (by tokens), a part into micro-batches of at most
 * `max_tokens` tokens, whose gradients accumulate: a large batch needs no more memory than a small one, and
 * no accumulation by hand. Each thread has its own workspace and gradients; they are added up in the order of
 * threads, chunk by chunk.
 *
 * The loss is   document x mean(cross entropy of labelled documents) + entity x mean(... entities) + masked x
 * mean(... masked words) + soft x mean(soft-label loss of documents and entities) + hidden x mean over pairs
 * of layers and tokens (mean square of hidden states), means taken over the whole step; a part without
 * targets is 0.
 *
 * Mixed precision: with `gemm` opened as "bf16" the products of a step with weights have factors rounded to
 * bfloat16, the teacher's too; what is summed, kept and updated (weights, moments, gradients, activations,
 * attention within a head, norms, losses) stays fp32.
 *
 * Same state, batch, step, seed and number of threads: the same bits afterwards. Dropout depends on (seed,
 * step, token, layer) alone, not on threads.
 *
 * Errors: TW_CONFIG "loss is not a number ..." when the loss or the gradients' norm is NaN or infinite, or
 * the loss exceeds `most_loss_growth` times its own running mean: `where` names the step, the weights are
 * those before the step. TW_INTERNAL for a contradiction in the targets. After a failure the state is
 * unchanged. */
#ifndef TW_TRAINER_H
#define TW_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "gemm/gemm.h"
#include "infer/predict.h"
#include "model/heads.h"
#include "model/packed.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/state.h"

struct tw_dropout_rates {
    float hidden;    /* embeddings and after each linear map back to hidden: 0.1 in BERT */
    float attention; /* attention probabilities: 0.1 */
    float head;      /* before a classifier: 0.1 */
};

/* Weights of the parts of the loss; a zeroed struct asks for nothing. */
struct tw_objective {
    double document, entity, masked, soft, hidden;
    float smoothing;                 /* of document and entity labels */
    float class_weights[TW_CLASSES]; /* by enum tw_class; all 0: all 1 */
    float temperature;               /* of soft labels; 0: 1 */
};

/* A teacher that runs beside the student on the same tokens. When it is wider or narrower, and hidden states
 * are to be matched, the student's are first projected to its width by one matrix for all pairs (state.h,
 * TW_PART_PROJECTION), which learns along (Jiao et al. 2020, TinyBERT, equation 8). */
struct tw_teacher {
    const struct tw_model *model;
    /* Hidden states to match: teacher's layer for the student's, 0 = embeddings, n = after layer n. */
    const size_t *student_layers, *teacher_layers; /* [pairs] */
    size_t pairs;
};

struct tw_trainer_options {
    size_t threads;      /* 0: 1 */
    size_t max_tokens;   /* of a micro-batch; 0: 2,048 over the threads, at least the longest sequence */
    size_t max_sequence; /* longest sequence that will come; 0: the model's */
    uint64_t seed;       /* of dropout */
    const struct tw_compute
        *compute; /* of steps; outlives the trainer; open it as "fixed" or "bf16" (gemm.h) */
    /* Of tw_trainer_loss and predictions: fp32 as the model is used; NULL: the steps'. */
    const struct tw_compute *validation_compute;
    struct tw_dropout_rates dropout;
    struct tw_objective objective;
    const struct tw_teacher *teacher; /* or NULL; outlives the trainer */
    double most_loss_growth;          /* 0: 20 */
};

struct tw_trainer;

/* A masked word: the model must say `id` at `token` (counted over the batch, from its first). */
struct tw_masked {
    uint32_t token;
    int32_t id;
};

/* What a batch should come out as. Parts without targets are NULL or 0. */
struct tw_targets {
    const int32_t *documents;              /* [batch.count] enum tw_class, or TW_NO_LABEL */
    const float *document_weights;         /* [batch.count] or NULL: 1 */
    const struct tw_entity_span *entities; /* [entity_count], by sequence (heads.h) */
    const int32_t *entity_labels;          /* [entity_count] enum tw_class, or TW_NO_LABEL */
    const float *entity_weights;           /* or NULL */
    size_t entity_count;
    const struct tw_masked *masked; /* [masked_count], by token */
    size_t masked_count;
    /* For the soft part: a teacher's logits by enum tw_class, made before ... */
    const float *document_logits; /* [batch.count, TW_CLASSES] or NULL: the trainer's teacher is asked */
    const float *entity_logits;   /* [entity_count, TW_CLASSES] or NULL */
    /* ... or the ids that the teacher of this trainer reads instead of the student's (a pruned vocabulary);
     * NULL: the same. */
    const int32_t *teacher_ids; /* parallel to batch.ids */
    /* [batch.count] sequences whose hidden states are matched: those that the teacher's tokenizer cuts alike;
     * NULL: all. */
    const bool *matched;
};

struct tw_step_result {
    double loss;                                   /* the weighted sum */
    double document, entity, masked, soft, hidden; /* each part's mean, unweighted */
    double gradient_norm;                          /* before clipping */
    size_t tokens;
    size_t document_count, entity_count, masked_count; /* targets that counted */
    size_t document_right, entity_right, masked_right; /* of these, the highest logit was the label's */
};

/* Takes threads, scratch and gradients for batches as the options say. The state outlives the trainer. */
TW_MUST_USE bool tw_trainer_open(struct tw_state *state, const struct tw_trainer_options *options,
    struct tw_trainer **out, struct tw_error *err);
/* NULL is fine. */
void tw_trainer_close(struct tw_trainer *trainer);

/* One step: forward, backward, clip, update. `step` numbers dropout and messages; it need not be
 * contiguous. */
TW_MUST_USE bool tw_trainer_step(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, const struct tw_adamw *adamw, uint64_t step,
    struct tw_step_result *result, struct tw_error *err);

/* Forward and backward only: the summed gradients (state.h's layout) stay in the trainer until its next
 * call. */
TW_MUST_USE bool tw_trainer_gradients(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, uint64_t step, const float **gradients, struct tw_step_result *result,
    struct tw_error *err);

/* The losses without dropout, without gradients. */
TW_MUST_USE bool tw_trainer_loss(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, struct tw_step_result *result, struct tw_error *err);

/* The loop of inference (infer/predict.h) over the model in training, as it is at each call, on as many
 * threads: for validation, between steps. Closed before the trainer. */
TW_MUST_USE bool tw_trainer_open_predict(
    const struct tw_trainer *trainer, struct tw_predict **out, struct tw_error *err);

/* Changes what may change between epochs. */
void tw_trainer_set_objective(struct tw_trainer *trainer, const struct tw_objective *objective);

/* The running mean of the loss that the guard compares with; stored by a checkpoint, so that a resumed run
 * stops where the unbroken one would. */
double tw_trainer_loss_mean(const struct tw_trainer *trainer);
/* What a checkpoint had stored. */
void tw_trainer_set_loss_mean(struct tw_trainer *trainer, double mean);

#endif
