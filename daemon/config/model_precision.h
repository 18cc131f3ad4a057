/* model_precision: which of two folders scores: the model in fp32, or the same with 8-bit weights beside it.
 *   in    model.precision, the folder that is configured or came with the program
 *   out   that folder, or the one beside it, as `tapewatch quantize` makes it; and why, in a line for people
 *
 *     fp32   the folder; refused when its own weights have 8 bits
 *     int8   the folder when its own weights have 8 bits, else the one beside it; refused without
 *     auto   as int8 where the one beside it was made from these very weights, and gave the label that fp32
 *            gives for TW_QUANTISE_AGREEMENT of the labels of its calibration text at least (its config.json
 *            says both, compress/quantise.h); else the folder
 *
 * Beside a folder stands the one of its name with "-int8" behind it, unless the caller names another. One
 * that was made from other weights is never taken: its config.json names their SHA-256. */
#ifndef TW_MODEL_PRECISION_H
#define TW_MODEL_PRECISION_H

#include "config/config.h"

struct tw_model_choice {
    const char *folder; /* as it was given, or in the arena */
    const char *why;    /* "auto: 99.85% of its labels of calibration text are those of fp32" */
};

/* `beside`: the folder with 8-bit weights; NULL: by the name. TW_CONFIG when what is asked for is not there;
 * TW_FULL. What is chosen lives in `arena`, or is what was given. */
TW_MUST_USE bool tw_model_precision_choose(enum tw_model_precision precision, const char *folder,
    const char *beside, struct tw_arena *arena, struct tw_model_choice *out, struct tw_error *err);

#endif
