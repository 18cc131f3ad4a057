/* widen: a model with 8-bit weights as one in fp32, for those who need gradients.
 *   in    a model, only read
 *   out   the same model with maps in fp32: the scale of each row times its codes
 *
 * 8-bit kernels round what goes into a map as well; that has no gradient, and is left out: the logits of a
 * widened model are close to those of its 8-bit one, and are not the same. All that is not 8-bit is shared
 * with the model that it was made of. */
#ifndef TW_WIDEN_H
#define TW_WIDEN_H

#include "base/arena.h"
#include "base/error.h"
#include "model/model.h"

struct tw_widened {
    struct tw_model model; /* a view; never closed by tw_model_close */
    struct tw_arena arena;
};

/* `model` outlives it, and may be in fp32 already: then nothing is copied. TW_INTERNAL without memory. */
TW_MUST_USE bool tw_widen(const struct tw_model *model, struct tw_widened *out, struct tw_error *err);
/* A zeroed one is fine. */
void tw_widened_close(struct tw_widened *widened);

#endif
