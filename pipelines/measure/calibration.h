/* calibration: a bias for each class, and a temperature, by which logits come to mean what they say.
 *
 *     p = softmax(z / T(z)),   z = logits + class_biases,   T(z) = base x h(z)^exponent (model/temperature.h)
 *
 * Bias-corrected temperature scaling (Alexandari, Kundaje and Shrikumar 2020, "Maximum Likelihood with
 * Bias-Corrected Calibration is Hard-To-Beat at Label Shift Adaptation", section 3): a temperature alone
 * cannot help a head that finds a class too often, as one does that learned from sets with other shares of
 * classes than those of the records it is tried on.
 *
 * Class biases, with one T for all logits, minimise the negative log likelihood of the labels, where each
 * label is doubted a little as in temperature_fit.h, plus |class_biases / T|^2 / 2 once: of few records
 * nothing is made of chance. The function is convex in 1 / T and class_biases / T; Newton's steps with
 * halving find it. Base and exponent are then fitted to what the class biases made of the logits
 * (temperature_fit.h). They can be added to a classifier's bias: the model then is calibrated by its
 * temperature alone. The same order of rows gives the same bits. */
#ifndef TW_CALIBRATION_H
#define TW_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document.h"
#include "format/shape.h"

struct tw_calibration {
    struct tw_temperature temperature;
    float class_biases[TW_CLASSES]; /* by enum tw_class, in units of logits */
};

/* `logits` [rows, TW_CLASSES] by enum tw_class; labels below 0 are passed over. Base 1, exponent 0 and no
 * class biases when there is nothing to fit. False without memory (TW_INTERNAL). */
TW_MUST_USE bool tw_calibration_fit(const float *logits, const int32_t *labels, size_t rows,
    struct tw_calibration *out, struct tw_error *err);

/* Probabilities of logits by enum tw_class, biases and temperature applied. */
struct tw_score tw_calibration_score(
    const float logits[TW_CLASSES], const struct tw_calibration *calibration);

#endif
