/* finetune: labelled records and a base model to a model of sentiment, of texts and of the entities in them.
 *   in    settings (one table, settings.h); a base model's folder; files of records (dataset.h)
 *   out   a folder that transformers and tapewatch read, with everything that tells how it came to be
 *
 *     read and look > base and heads > [ shuffle > augment > tokenize > pack > step ] by epochs > evaluate,
 *     keep the best, stop early > calibration > the best becomes the folder
 *
 * Both heads learn at once: a record with `label` teaches the document head, one with `entities` the entity
 * head (model.h), one with both, both; with `agreed_labels`, entities of one label teach the document head as
 * well. A head for which there is no label is not made, and one that the base has is kept as it is.
 *
 * The folder, checkpoints, resuming: run.h.
 *
 * Which is best: macro-F1 on the validation records, of texts or of entities; with both, the mean of the two.
 * Without any validation record the last weights are taken.
 *
 * In config.json, under "tapewatch": "temperature", "temperature_exponent" (of texts),
 * "entity_temperature" and "entity_temperature_exponent", fitted on the validation records as the class
 * biases are that were added to the heads' biases (calibration.h); "lineage" (command, seed, data with
 * SHA-256, base with SHA-256), "metrics", "entity_head" (how it reads).
 *
 * Errors: those of run.h, dataset.h and model.h. */
#ifndef TW_FINETUNE_H
#define TW_FINETUNE_H

#include "examples/dataset.h"
#include "measure/measures.h"
#include "run/run.h"

struct tw_finetune_settings {
    struct tw_run_settings run;
    const char *model;
    struct tw_setting_texts data, learn_only, validation; /* FILE or FILE:WEIGHT */
    const char *feedback; /* a file of records that people's labels made (examples/feedback.h); "": none */
    double validation_share;
    double label_smoothing;
    const char *leave_out;     /* "": nothing; else a fold (fold.h) */
    const char *class_weights; /* none, balanced, or three numbers */
    double document_loss, entity_loss;
    const char *unfreeze;
    double unfreeze_every; /* epochs */
    unsigned augment;      /* enum tw_augmentation */
    double augment_rate, token_dropout;
    const char *templates; /* "": none */
    uint64_t max_tokens;
    bool fresh_heads, agreed_labels, raw, skip_refused;
    const char *record_labels;
};

/* Its table: options, run.yaml, help. */
extern const struct tw_settings tw_finetune_table;

/* `settings` as its table checks them. The details of an evaluation (run.h) are a struct tw_validation
 * (validation.h). */
TW_MUST_USE bool tw_finetune(const struct tw_finetune_settings *settings, const struct tw_run_call *call,
    struct tw_run_result *result, struct tw_error *err);

/* --dry-run: reads the data as the run would and tells what is in it; nothing is written. */
TW_MUST_USE bool tw_finetune_inspect(const struct tw_finetune_settings *settings,
    const struct tw_run_call *call, struct tw_dataset_facts *facts, struct tw_error *err);

#endif
