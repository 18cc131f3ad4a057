/* sentiment: what finetune and distill answer their course alike: a trial of both heads, and what is written beside the weights. For
 * the offline rooms only.
 *   in    the model in training, what was held back; what was measured of it
 *   out   struct tw_course_trial, struct tw_course_folder (run.h)
 *
 * The details of the trial are the struct tw_trial given. */
#ifndef TW_SENTIMENT_H
#define TW_SENTIMENT_H

#include "examples/labelled.h"
#include "training/run.h"
#include "training/validation.h"

/* Tries the model on the records held back. */
TW_MUST_USE bool tw_sentiment_try(struct tw_trainer *trainer, const struct tw_feed *feed,
    const struct tw_labelled *records, struct tw_trial *trial, struct tw_course_trial *out,
    struct tw_error *err);

/* `trial`, as `metrics`, is NULL when nothing was held back; `parts`: the heads that there are. */
TW_MUST_USE bool tw_sentiment_publish(const struct tw_course_settings *settings, uint64_t max_tokens,
    unsigned parts, const json_t *lineage, const json_t *metrics, const struct tw_trial *trial,
    struct tw_course_folder *out, struct tw_error *err);

#endif
