/* loss: what is minimised, and its gradient.
 *
 * Every function adds nothing to memory but its results: for `rows` rows it returns the sum of weighted
 * losses (in double, rows in order), and writes d(sum)/d(input) times `scale` into `gradient`, which may be
 * the input itself. Callers divide by the sum of weights of the whole step through `scale`, so that a step's
 * loss does not depend on how it was cut.
 *
 * Formulas. p = softmax(z), C classes, label y, class weight w[y], smoothing e:
 *   cross entropy   w-weighted as torch.nn.CrossEntropyLoss(weight, label_smoothing):
 *                   -(1 - e) w[y] log p[y] - (e / C) sum_c w[c] log p[c]       (Szegedy et al. 2016)
 *   soft labels     T^2 KL(softmax(teacher / T) || softmax(z / T))             (Hinton et al. 2015)
 *   mean square     sum_i (x_i - t_i)^2 / width, a row                          (Jiao et al. 2020, TinyBERT)
 * All are computed from log-sum-exp in double, so that no logit is too large. */
#ifndef TW_LOSS_H
#define TW_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

enum { TW_NO_LABEL = -1 }; /* a row that is not counted: loss and gradient 0 */

struct tw_cross_entropy {
    const float *class_weights;       /* [classes], by column, or NULL: all 1 */
    float smoothing;                  /* [0, 1) */
    const struct tw_kernels *kernels; /* for wide rows (masked words): softmax in fp32; NULL: in double */
};

/* Sum over rows with a label of row_weights[row] times the loss (row_weights NULL: all 1). `right`, when not
 * NULL, counts up by the rows whose highest logit was the label's. `gradient` NULL: only the loss. */
double tw_loss_cross_entropy(const struct tw_cross_entropy *options, const float *logits,
    const int32_t *labels, const float *row_weights, size_t rows, size_t classes, float scale,
    float *gradient, size_t *right);

/* What the losses of those rows are divided by for the mean: the sum of row_weights times w[y]. */
double tw_loss_weight(
    const struct tw_cross_entropy *options, const int32_t *labels, const float *row_weights, size_t rows);

/* `teacher`: logits in the same order of columns. ADDS to `gradient`, which is not `logits`; NULL: only
 * the loss. */
double tw_loss_soft_labels(const float *logits, const float *teacher, const float *row_weights,
    float temperature, size_t rows, size_t classes, float scale, float *gradient);

/* ADDS to `gradient` (which holds what came from above); NULL: only the loss. */
double tw_loss_mean_square(
    const float *values, const float *targets, size_t rows, size_t width, float scale, float *gradient);

#endif
