/* card: README.md of a model that pretrain made (lineage.h tells of cards). For the offline rooms only. */
#ifndef TW_CARD_H
#define TW_CARD_H

#include "training/pretrain.h"

/* For free(); NULL without memory. `validation` may be NULL: nothing was measured. */
char *tw_pretrain_card(const struct tw_pretrain_settings *settings, const json_t *lineage,
    const struct tw_pretrain_validation *validation);

#endif
