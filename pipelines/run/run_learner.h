/* run_learner: what learns in a run: the model in training, the steps that it takes and in which order, and
 * how it is written.
 *   in    the run's settings; how many items there are to learn from; state and trainer as the pipeline wants
 *         them
 *   out   the items and rates of each step; a moving average of the weights; the folder's model and
 *         checkpoints
 *
 *     struct tw_run_learner learner = {.settings = settings};
 *     tw_run_learner_plan(&learner, items, count, &arena, err)
 *     tw_run_learner_open_state(&learner, &options, err)
 *     tw_run_learner_open_trainer(&learner, &options, err)
 *     ... each step: tw_run_learner_set_rates, tw_run_learner_items, tw_trainer_step, tw_run_learner_average
 *     tw_run_learner_close(&learner)
 *
 * Order and rates of a step are functions of its number, the settings and the seed: a resumed run takes the
 * same steps.
 *
 * The average is taken every TW_RUN_AVERAGE_STEPS steps. It is the model that is validated and kept,
 * between two calls of tw_run_learner_try and tw_run_learner_go_on; a checkpoint has both. The class
 * biases of a calibration (calibration.h) are in the heads of the model that is written, not in the one
 * that goes on learning.
 *
 * Errors: those of state.h, trainer.h, schedule.h, checkpoint.h; TW_USAGE for a backend that is not for what
 * is measured. */
#ifndef TW_RUN_LEARNER_H
#define TW_RUN_LEARNER_H

#include "document.h"
#include "model/compute.h"
#include "run/precision.h"
#include "run/run_settings.h"
#include "train/checkpoint.h"
#include "train/schedule.h"
#include "train/trainer.h"

/* An average is not worth a pass over all weights a step. */
enum { TW_RUN_AVERAGE_STEPS = 8 };

/* How many steps there are. */
struct tw_run_plan {
    uint64_t step_items; /* of a step, but the last of an epoch */
    uint64_t epoch_steps, most_steps;
};

/* Where the tokenizer of the model comes from. */
struct tw_run_origin {
    const char *tokenizer_folder; /* whose files are copied */
    struct tw_text vocabulary;    /* another vocab.txt instead of the folder's, or empty */
};

/* What is written beside the weights; texts for free(). */
struct tw_run_publication {
    char *own_json; /* members under "tapewatch" of config.json */
    char *card;     /* README.md */
    /* Calibration: of texts, base 0 as the model has it; what is added to the biases of the heads, by enum
     * tw_class. */
    struct tw_temperature temperature;
    float document_class_biases[TW_CLASSES], entity_class_biases[TW_CLASSES];
};

struct tw_run_learner {
    const struct tw_run_settings *settings;
    struct tw_run_origin origin; /* of what is written */
    size_t *items, *order;       /* order: items as this epoch reads them */
    size_t count;
    uint64_t ordered_epoch; /* 1 more than the epoch `order` is of; 0: of none */
    struct tw_run_plan plan;
    struct tw_compute compute;      /* fp32: validations, and steps unless.. */
    struct tw_compute step_compute; /* .. precision is another */
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct tw_adamw adamw; /* of the next step */
    struct tw_schedule schedule;
    size_t lowest; /* depth that learns now */
};

/* `items` are copied into the arena, which outlives the learner. */
TW_MUST_USE bool tw_run_learner_plan(struct tw_run_learner *learner, const size_t *items, size_t count,
    struct tw_arena *arena, struct tw_error *err);
/* Opens what computes, unless it was opened when the precision was settled (NULL: it was not), then the
 * state; seed and average are filled in. */
TW_MUST_USE bool tw_run_learner_open_state(struct tw_run_learner *learner,
    const struct tw_run_precision *settled, const struct tw_state_options *options, struct tw_error *err);
/* Threads, seed, products and dropout are filled in. */
TW_MUST_USE bool tw_run_learner_open_trainer(
    struct tw_run_learner *learner, const struct tw_trainer_options *options, struct tw_error *err);
/* A learner that was opened in part may be closed. */
void tw_run_learner_close(struct tw_run_learner *learner);

/* The rates of a step, with depths below `lowest` frozen (state.h); true when that is another depth than that
 * of the step before. */
bool tw_run_learner_set_rates(struct tw_run_learner *learner, uint64_t step, size_t lowest);
/* The items of a step, in the order of its epoch; the learner's own, until the next call. */
const size_t *tw_run_learner_items(struct tw_run_learner *learner, uint64_t step, size_t *count);

/* After `steps` steps: adds to the average when it is due. */
void tw_run_learner_average(struct tw_run_learner *learner, uint64_t steps);
/* Puts the model that is tried and kept in the place of the weights (tw_state_try), and the weights back. */
void tw_run_learner_try(struct tw_run_learner *learner);
void tw_run_learner_go_on(struct tw_run_learner *learner);

/* Which products and kernels it learns by: the last digits depend on them. */
void tw_run_learner_name_machine(const struct tw_run_learner *learner, struct tw_progress *progress);

/* The model as it is now becomes the folder's. */
TW_MUST_USE bool tw_run_learner_save_model(
    const struct tw_run_learner *learner, const struct tw_run_publication *publication, struct tw_error *err);
/* A checkpoint in place of the one before; `run_json` comes back with it when it is loaded. */
TW_MUST_USE bool tw_run_learner_save_checkpoint(const struct tw_run_learner *learner,
    const struct tw_progress *progress, const char *run_json, struct tw_error *err);

#endif
