/* finetune: labelled records and a base model to a model of sentiment, of texts and of the entities in them.
 *   in    settings (one table, settings.h); a base model's folder; files of records (dataset.h)
 *   out   a folder that transformers and tapewatch read, with everything that tells how it came to be
 *
 *     read and look > base and heads > [ shuffle > augment > tokenize > pack > step ] by epochs > evaluate, keep the best,
 *     stop early > temperature > the best becomes the folder
 *
 * Both heads learn at once: a record with `label` teaches the document head, one with `entities` the entity head
 * (model.h), one with both, both; with `agreed_labels`, entities of one label teach the document head as well. A head for which there is no label is not made, and one that the base has is kept as it is.
 *
 * The folder:
 *   run.yaml metrics.jsonl trainer_state.json     runlog.h
 *   config.json model.safetensors vocab.txt ..    the best model so far, whole: it can be used as it is; README.md, its card
 *   checkpoint-<step>/                            the newest checkpoint (checkpoint.h): what --resume goes on from
 *   eval_results.json                             written when the run is through; checkpoints are gone then
 *
 * Which is best: macro-F1 on the validation records, of texts or of entities; with both, the mean of the two. Without any
 * validation record the last weights are taken.
 *
 * In config.json, under "tapewatch": "temperature" (of texts) and "entity_temperature", fitted on the validation records;
 * "lineage" (command, seed, data with SHA-256, base with SHA-256), "metrics", "entity_head" (how it reads).
 *
 * Same data, settings, base and threads, on the same processor: the same weights, to the bit, also when the run was stopped (by
 * a signal, by SIGKILL, by a full disk) and resumed.
 *
 * Errors: those of dataset.h, model.h, trainer.h, checkpoint.h. TW_OUTPUT for an output folder that is not empty.
 * TW_INTERRUPTED when the watch says stop: the checkpoint is saved. After any failure the newest checkpoint and the best model
 * are whole. */
#ifndef TW_OFFLINE_FINETUNE_H
#define TW_OFFLINE_FINETUNE_H

#include <stdint.h>

#include "dataset.h"
#include "measures.h"
#include "settings.h"

struct tw_finetune_settings {
    const char *model, *output;
    struct tw_setting_texts data, validation; /* FILE or FILE:WEIGHT */
    double validation_share;
    uint64_t epochs, batch, accumulate;
    double lr;
    const char *schedule;
    double warmup; /* below 1: a share of all steps; else steps */
    double weight_decay, clip;
    double dropout, label_smoothing;
    const char *class_weights; /* none, balanced, or three numbers */
    double document_loss, entity_loss;
    double layer_decay;
    const char *unfreeze;
    double unfreeze_every; /* epochs */
    uint64_t patience, eval_steps, save_steps, log_steps;
    unsigned augment; /* enum tw_augmentation */
    double augment_rate, token_dropout;
    uint64_t max_tokens, seed, threads;
    bool fresh_heads, agreed_labels, raw, skip_refused;
    const char *dtype, *gemm;
};

/* Its table: options, run.yaml, help. */
extern const struct tw_settings tw_finetune_table;

/* Where a run stands, after each step. */
struct tw_finetune_progress {
    uint64_t step, most_steps;
    double epoch, loss, rate, gradient_norm;
    double tokens_per_s, seconds, seconds_left; /* since this process began */
};

/* One evaluation on the validation records. */
struct tw_finetune_evaluation {
    uint64_t step;
    double epoch, train_loss, loss; /* mean over steps since the last one; mean negative log likelihood */
    struct tw_metric_report documents, entities; /* n = 0: none; calibrated */
    double temperature, entity_temperature;
    double metric; /* what "best" looks at */
    bool best;
    double seconds;
};

/* Who looks on. Any of these may be NULL. All are called on the caller's thread. */
struct tw_finetune_watch {
    void *context;
    bool (*stopped)(void *context); /* asked after each step */
    void (*progress)(void *context, const struct tw_finetune_progress *progress);
    void (*evaluated)(void *context, const struct tw_finetune_evaluation *evaluation);
    void (*told)(void *context, const char *line);              /* a line for people */
    void (*refused)(void *context, const struct tw_error *why); /* a record (skip_refused) */
};

struct tw_finetune_run {
    const struct tw_finetune_settings *settings; /* checked by the table; threads at least 1 */
    const struct tw_decode_options *decode;
    int64_t stamp_us;    /* time of reading */
    const char *command; /* as typed, for lineage */
    bool resume;         /* go on in a folder that a run left */
    struct tw_finetune_watch watch;
};

struct tw_finetune_result {
    uint64_t steps;
    bool stopped_early;
    bool was_finished; /* nothing was left to resume */
    uint64_t refused;  /* records */
    double best_metric;
    uint64_t best_step; /* 0: there were no validation records */
};

TW_MUST_USE bool tw_finetune(
    const struct tw_finetune_run *run, struct tw_finetune_result *result, struct tw_error *err);

/* --dry-run: reads the data as the run would and looks at it; nothing is written. */
TW_MUST_USE bool tw_finetune_look(
    const struct tw_finetune_run *run, struct tw_dataset_facts *facts, struct tw_error *err);

#endif
