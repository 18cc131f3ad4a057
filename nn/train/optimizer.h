/* optimizer: gradients to new weights.
 *
 * AdamW, decay decoupled from the gradient (Loshchilov and Hutter 2019), as torch.optim.AdamW: with t the
 * update's number,
 *   w -= rate decay w
 *   m  = b1 m + (1 - b1) g          v = b2 v + (1 - b2) g^2
 *   w -= rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
 * rate = the step's rate times the factor of the parameter's depth; a frozen parameter keeps weight and
 * moments as they are.
 *
 * Clipping: g *= min(1, most / (norm + 1e-6)), norm over all gradients that learn (Pascanu et al. 2013;
 * torch.nn.utils.clip_grad_norm_). The norm is a sum in double over chunks of fixed size, added in order:
 * the same bits whatever the threads.
 *
 * Everything works on a range of the flat arrays, so that threads can share the work. */
#ifndef TW_OPTIMIZER_H
#define TW_OPTIMIZER_H

#include <stddef.h>

#include "kernels/backward_kernels.h"
#include "train/state.h"

struct tw_adamw {
    double rate;         /* of this step, schedule included */
    double beta1, beta2; /* 0.9, 0.999 */
    double epsilon;      /* 1e-8 */
    double decay;        /* 0.01; on matrices only */
    double most_norm;    /* clip to this; 0: never */
};

/* What BERT was fine-tuned with, rate left to the caller: betas 0.9 and 0.999, epsilon 1e-8, decay 0.01,
 * clip 1. */
struct tw_adamw tw_adamw_defaults(void);

/* Values in a chunk of the gradient norm, and of what a thread takes at a time. */
enum { TW_CHUNK = 16384 };

/* The sum of squares of gradients [begin, end) that belong to parameters that learn. `begin` is a
 * multiple of TW_CHUNK. */
double tw_gradient_squares(const struct tw_state *state, const float *gradients, size_t begin, size_t end);

/* Counts an update, of the state and of each depth that learns: once before the ranges of tw_adamw_update. */
void tw_adamw_begin(struct tw_state *state);

/* One update of values [begin, end), gradients multiplied by `factor` first. */
void tw_adamw_update(struct tw_state *state, const struct tw_adamw *adamw,
    const struct tw_backward_kernels *kernels, const float *gradients, double factor, size_t begin,
    size_t end);

/* The clipping factor for a gradient norm. */
double tw_clip_factor(const struct tw_adamw *adamw, double norm);

#endif
