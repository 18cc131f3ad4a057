/* fold: texts dealt into equal parts by their hash, so that each has a teacher that never learned from it.
 *   in    "2/3": the second of three; an example's hash
 *   out   whether the example falls into it
 *
 * A teacher's answers to what it learned from are hardly more than the labels: it knows them by heart.
 * finetune with `leave_out` learns from all folds but one; distill asks that model about the texts of the
 * fold that it left out (cross-fitting: Dao et al. 2021, Knowledge Distillation as Semiparametric Inference,
 * section 4). The fold is hash modulo parts; the split into learned and held back (dataset.h) goes by the
 * hash's other end, so one says nothing of the other. */
#ifndef TW_FOLD_H
#define TW_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

enum { TW_FOLDS_MOST = 16 };

struct tw_fold {
    uint32_t number, of; /* number from 1; of = 0: no fold at all */
};

/* "NUMBER/OF", or "" for none. TW_USAGE with what is wrong; `name` is the setting. */
TW_MUST_USE bool tw_fold_read(const char *name, const char *text, struct tw_fold *out, struct tw_error *err);

/* Does a text with this hash fall into it? Never when there is no fold. */
bool tw_fold_holds(struct tw_fold fold, uint64_t hash);

/* The member "left_out" of a model's lineage: {"fold":2,"of":3}. NULL without memory. */
json_t *tw_fold_json(struct tw_fold fold);
/* What the lineage of a model's folder says was left out; of = 0 when it says nothing. TW_CONFIG for a
 * config.json that cannot be read. */
TW_MUST_USE bool tw_fold_of_model(const char *folder, struct tw_fold *out, struct tw_error *err);

#endif
