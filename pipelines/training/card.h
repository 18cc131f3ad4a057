/* card: README.md of a model that pretrain made (lineage.h tells of cards). */
#ifndef TW_CARD_H
#define TW_CARD_H

#include "training/pretrain.h"

/* For free(); NULL without memory. `validation` may be NULL: nothing was measured. */
char *tw_card_pretrained(const struct tw_pretrain_settings *settings, const json_t *lineage,
    const struct tw_pretrain_validation *validation);

#endif
