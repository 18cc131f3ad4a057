/* lineage: how a model came to be.
 *
 *     "lineage":
 *     {"command":..,"seed":..,"base":{"name":..,"sha256":..,"files":{"vocab.txt":..}},
 *         "data":[{"path":..,"bytes":..,"sha256":..,"weight":..}],"validation":[...],
 *         "records":{"training":..,"validation":..},"decode":{..}}
 *     "metrics": {"step":..,"eval_loss":..,"eval_accuracy":..,"eval_f1":..,...}
 *
 * "decode" says how records were read where that is not the default's way (decode_changes.h). It stands in
 * config.json under "tapewatch", in each checkpoint, and in words in the card (card.h). Two runs with the
 * same lineage and settings, the command aside, end in the same weights. Functions that give an object give
 * it away; NULL means failure, err says which. */
#ifndef TW_LINEAGE_H
#define TW_LINEAGE_H

#include <jansson.h>

#include "read/decode.h"
#include "run/run_settings.h"
#include "run/validation.h"

/* {"path":..,"bytes":..,"sha256":..} of a file. */
json_t *tw_lineage_file(const char *path, struct tw_error *err);
/* Adds `name`: [the file] to a lineage; nothing where `path` is empty. */
TW_MUST_USE bool tw_lineage_add_file(
    json_t *lineage, const char *name, const char *path, struct tw_error *err);
/* SHA-256 by name of what a model is besides its weights: what cuts texts, and what says how it computes. */
json_t *tw_lineage_files(const char *folder, struct tw_error *err);
/* {"name":..,"sha256":..,"files":{"vocab.txt":..}} of a model folder: with the SHA-256 of its weights. */
json_t *tw_lineage_base(const char *folder, struct tw_error *err);
/* An array of these. */
json_t *tw_lineage_bases(const struct tw_setting_texts *folders, struct tw_error *err);
/* An array, one object a FILE:WEIGHT. */
json_t *tw_lineage_data(const struct tw_setting_texts *files, struct tw_error *err);

/* The lineage of a run: `command` and `seed` before the pipeline's own members, and `decode` behind them.
 * `own` is taken over, even on failure; NULL fails with the error that is there. */
json_t *tw_lineage_of_run(const char *command, uint64_t seed, const struct tw_decode_options *decode,
    json_t *own, struct tw_error *err);
/* Was it made of the same things? The command may differ. TW_CONFIG names the first member that does, or that
 * only one of them has; `folder` is the run's. "files" count where both know of them, "decode" where records
 * are read again. */
TW_MUST_USE bool tw_lineage_check_same(
    json_t *lineage, json_t *before, const char *folder, struct tw_error *err);

/* What an evaluation measured, as metrics.jsonl, trainer_state.json and eval_results.json have it:
 * eval_metric, eval_f1, .. */
json_t *tw_lineage_metrics(const struct tw_validation *validation);

/* The last part of a path, whatever slashes end it: what a folder is called. */
struct tw_text tw_lineage_name(const char *path);

/* What goes under "tapewatch" in config.json, as text for free(); NULL without memory. */
char *tw_lineage_own(
    const json_t *lineage, const json_t *metrics, const struct tw_validation *validation, bool entity_head);

#endif
