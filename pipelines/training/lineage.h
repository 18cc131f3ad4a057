/* lineage: how a model came to be, and its card.
 *
 *     "lineage": {"command":..,"seed":..,"base":{"name":..,"sha256":..},"data":[{"path":..,"bytes":..,"sha256":..,
 *                 "weight":..}],"validation":[...],"records":{"training":..,"validation":..}}
 *     "metrics": {"step":..,"eval_loss":..,"eval_accuracy":..,"eval_f1":..,...}
 *
 * The card is README.md as model hubs read it: a header with model-index, and sections that each say something. */
#ifndef TW_LINEAGE_H
#define TW_LINEAGE_H

#include <stdio.h>

#include <jansson.h>

#include "training/run_settings.h"
#include "training/validation.h"

/* {"name":..,"sha256":..} of a model folder. NULL on failure. */
json_t *tw_lineage_base(const char *folder, struct tw_error *err);
/* An array of these. NULL on failure. */
json_t *tw_lineage_bases(const struct tw_setting_texts *folders, struct tw_error *err);
/* An array, one object a FILE:WEIGHT. NULL on failure. */
json_t *tw_lineage_data(const struct tw_setting_texts *files, struct tw_error *err);

/* What an evaluation measured, as metrics.jsonl, trainer_state.json and eval_results.json have it: eval_metric, eval_f1, .. */
json_t *tw_lineage_metrics(const struct tw_validation *validation);

/* The last part of a path, whatever slashes end it: what a folder is called. */
struct tw_text tw_lineage_name(const char *path);

/* A table of files, as tw_lineage_data lists them, under a title; nothing when there are none. */
void tw_lineage_write_data(FILE *card, const char *title, const json_t *files);

/* What goes under "tapewatch" in config.json, as text for free(); NULL without memory. */
char *tw_lineage_own(
    const json_t *lineage, const json_t *metrics, const struct tw_validation *validation, bool entity_head);

/* README.md, for free(); NULL without memory. `metrics` may be NULL: nothing was measured. */
char *tw_card_finetuned(const struct tw_run_settings *settings, uint64_t max_tokens, const json_t *lineage,
    const struct tw_validation *validation, bool documents, bool entities);

#endif
