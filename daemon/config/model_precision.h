/* model_precision: which of two folders scores: the model in fp32, or the same with 8-bit weights beside it.
 *   in    model.precision, the folder that is configured or came with the program
 *   out   that folder, or the one of its name with "-int8" behind it, as `tapewatch quantize` makes it
 *
 *     fp32   the folder; refused when its own weights have 8 bits
 *     int8   the folder when its own weights have 8 bits, else the one beside it; refused without
 *     auto   as int8 where the one beside it was made from these very weights, and gave the label that fp32
 *            gives for TW_QUANTISE_AGREEMENT of its calibration texts at least; else the folder
 *
 * A folder beside it that was made from other weights is never taken: its config.json names their SHA-256. */
#ifndef TW_MODEL_PRECISION_H
#define TW_MODEL_PRECISION_H

#include "config/config.h"

/* TW_CONFIG when what is asked for is not there; TW_FULL. *out is `folder`, or lives in `arena`. */
TW_MUST_USE bool tw_model_precision_choose(enum tw_model_precision precision, const char *folder,
    struct tw_arena *arena, const char **out, struct tw_error *err);

#endif
