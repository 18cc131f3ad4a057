/* card: README.md of a model that was made here, as model hubs read it: a header with model-index, and
 * sections that each say something.
 *   in    settings of the run, its lineage (lineage.h), what was measured of the model
 *   out   the text of the card, for free(); NULL without memory */
#ifndef TW_CARD_H
#define TW_CARD_H

#include "run/validation.h"
#include "training/pretrain.h"

/* Of what pretrain makes. `validation` may be NULL: nothing was measured. */
char *tw_card_language(const struct tw_pretrain_settings *settings, const json_t *lineage,
    const struct tw_pretrain_validation *validation);

/* Of what finetune and distill make. `documents`, `entities`: the heads that it has. `validation` may be
 * NULL: nothing was measured. */
char *tw_card_sentiment(const struct tw_run_settings *settings, uint64_t max_tokens, const json_t *lineage,
    const struct tw_validation *validation, bool documents, bool entities);

#endif
