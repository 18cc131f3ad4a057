/* calibration: a temperature, and an offset a class, by which logits come to mean what they say.
 *
 *     p = softmax((logits + offsets) / T)
 *
 * Bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020, "Maximum Likelihood with Bias-Corrected Calibration is
 * Hard-To-Beat at Label Shift Adaptation", section 3): a temperature alone cannot help a head that finds a class too often, as one
 * does that learned from sets with other shares of classes than those of the records it is tried on.
 *
 * T and offsets minimise the negative log likelihood of the labels, where each label is doubted a little as in temperature.h, plus
 * |offsets / T|^2 / 2 once: of few records nothing is made of chance. The function is convex in 1 / T and offsets / T; Newton's steps
 * with halving find it. Offsets can be added to a classifier's bias: the model then is calibrated by its temperature alone. The same
 * order of rows gives the same bits. */
#ifndef TW_CALIBRATION_H
#define TW_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "document.h"
#include "format/config.h"

struct tw_calibration {
    double temperature;
    float offsets[TW_CLASSES]; /* by enum tw_class, in units of logits */
};

/* `logits` [rows, TW_CLASSES] by enum tw_class; labels below 0 are passed over. T = 1 and no offsets when there is nothing to fit. */
struct tw_calibration tw_calibration_fit(const float *logits, const int32_t *labels, size_t rows);

struct tw_score tw_calibration_score(
    const float logits[TW_CLASSES], const struct tw_calibration *calibration);

#endif
