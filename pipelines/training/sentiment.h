/* sentiment: what finetune and distill answer their run alike: a validation of both heads, and what is
 * written beside the weights.
 *   in    the model in training, what was held back; what was measured of it
 *   out   struct tw_run_validation, struct tw_run_publication (run.h)
 *
 * The details of the validation are the struct tw_validation given. */
#ifndef TW_SENTIMENT_H
#define TW_SENTIMENT_H

#include "examples/labelled.h"
#include "run/run.h"
#include "run/validation.h"

/* Tries the model on the records held back. */
TW_MUST_USE bool tw_sentiment_validate(struct tw_trainer *trainer, const struct tw_collator *collator,
    const struct tw_labelled *records, struct tw_validation *validation, struct tw_run_validation *out,
    struct tw_error *err);

/* `validation`, as `metrics`, is NULL when nothing was held back; `parts`: the heads that there are. */
TW_MUST_USE bool tw_sentiment_publish(const struct tw_run_settings *settings, uint64_t max_tokens,
    unsigned parts, const json_t *lineage, const json_t *metrics, const struct tw_validation *validation,
    struct tw_run_publication *out, struct tw_error *err);

#endif
