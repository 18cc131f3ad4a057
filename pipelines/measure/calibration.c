#include "measure/calibration.h"

#include "measure/temperature_fit.h"
#include "score/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is fitted: 1 / T, then class biases / T. */
enum { WEIGHTS = TW_CLASSES + 1, MOST_TURNS = 100, MOST_HALVINGS = 40 };
#define LEAST_INVERSE 0.05
#define MOST_INVERSE 20.0

struct fitting {
    const float *logits;
    const int32_t *labels;
    size_t rows;
    double doubt;
};

/* The loss at some weights, its slope and its bend. */
struct surface {
    double loss, slope[WEIGHTS], bend[WEIGHTS][WEIGHTS];
};

/* How much class `class` of a row weighs each weight: its logit, and 1 for its own class bias. */
static double feature(const float *row, size_t class, size_t weight)
{
    return weight == 0 ? (double)row[class] : weight == class + 1 ? 1.0 : 0.0;
}

/* softmax(logits / T + class_biases / T); returns the logarithm of its sum. */
static double shares_of(const double weights[WEIGHTS], const float *row, double shares[TW_CLASSES])
{
    double highest = -INFINITY, sum = 0;
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        shares[class] = weights[0] * (double)row[class] + weights[class + 1];
        highest = fmax(highest, shares[class]);
    }
    for (size_t class = 0; class < TW_CLASSES; class ++)
        sum += shares[class] = exp(shares[class] - highest);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        shares[class] /= sum;
    return highest + log(sum);
}

static void add_row(struct surface *surface, const struct fitting *fitting, const double weights[WEIGHTS],
    const float *row, int32_t label)
{
    double shares[TW_CLASSES], means[WEIGHTS] = {0};
    surface->loss += shares_of(weights, row, shares);
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        double wanted = class == (size_t)label ? 1 - fitting->doubt : fitting->doubt / (TW_CLASSES - 1);
        surface->loss -= wanted * (weights[0] * (double)row[class] + weights[class + 1]);
        for (size_t weight = 0; weight < WEIGHTS; weight++) {
            surface->slope[weight] += (shares[class] - wanted) * feature(row, class, weight);
            means[weight] += shares[class] * feature(row, class, weight);
        }
    }
    for (size_t left = 0; left < WEIGHTS; left++)
        for (size_t right = 0; right < WEIGHTS; right++) {
            double mean = 0;
            for (size_t class = 0; class < TW_CLASSES; class ++)
                mean += shares[class] * feature(row, class, left) * feature(row, class, right);
            surface->bend[left][right] += mean - means[left] * means[right];
        }
}

static struct surface surface_at(const struct fitting *fitting, const double weights[WEIGHTS])
{
    struct surface surface = {0};
    for (size_t row = 0; row < fitting->rows; row++)
        if (fitting->labels[row] >= 0)
            add_row(&surface, fitting, weights, fitting->logits + row * TW_CLASSES, fitting->labels[row]);
    for (size_t weight = 1; weight < WEIGHTS; weight++) {
        surface.loss += weights[weight] * weights[weight] / 2;
        surface.slope[weight] += weights[weight];
        surface.bend[weight][weight] += 1;
    }
    return surface;
}

/* bend x step = slope, by elimination: the bend is positive definite but for logits that are all alike, which
 * the first pivot tells. */
static bool solve(const struct surface *surface, double step[WEIGHTS])
{
    double bend[WEIGHTS][WEIGHTS];
    memcpy(bend, surface->bend, sizeof bend);
    memcpy(step, surface->slope, WEIGHTS * sizeof *step);
    for (size_t pivot = 0; pivot < WEIGHTS; pivot++) {
        if (!(bend[pivot][pivot] > 1e-12))
            return false;
        for (size_t row = pivot + 1; row < WEIGHTS; row++) {
            double factor = bend[row][pivot] / bend[pivot][pivot];
            for (size_t column = pivot; column < WEIGHTS; column++)
                bend[row][column] -= factor * bend[pivot][column];
            step[row] -= factor * step[pivot];
        }
    }
    for (size_t pivot = WEIGHTS; pivot-- > 0;) {
        for (size_t column = pivot + 1; column < WEIGHTS; column++)
            step[pivot] -= bend[pivot][column] * step[column];
        step[pivot] /= bend[pivot][pivot];
    }
    return true;
}

/* Goes down by the step, or by half of it, and so on; false when nothing is gained any more. */
static bool descend(const struct fitting *fitting, double weights[WEIGHTS], struct surface *here)
{
    double step[WEIGHTS], length = 1;
    if (!solve(here, step))
        return false;
    for (int halving = 0; halving < MOST_HALVINGS; halving++) {
        double next[WEIGHTS];
        for (size_t weight = 0; weight < WEIGHTS; weight++)
            next[weight] = weights[weight] - length * step[weight];
        length /= 2;
        if (!(next[0] >= LEAST_INVERSE && next[0] <= MOST_INVERSE))
            continue;
        struct surface there = surface_at(fitting, next);
        if (!(there.loss < here->loss))
            continue;
        bool worthwhile = here->loss - there.loss > 1e-12 * (1 + fabs(here->loss));
        memcpy(weights, next, sizeof next);
        *here = there;
        return worthwhile;
    }
    return false;
}

static void fit_class_biases(
    const float *logits, const int32_t *labels, size_t rows, float class_biases[TW_CLASSES])
{
    const struct fitting fitting = {logits, labels, rows, 1 / ((double)rows + 2)};
    double weights[WEIGHTS] = {1 / tw_temperature_fit_base(logits, labels, rows)};
    struct surface here = surface_at(&fitting, weights);
    for (int turn = 0; turn < MOST_TURNS; turn++)
        if (!descend(&fitting, weights, &here))
            break;
    for (size_t class = 0; class < TW_CLASSES; class ++)
        class_biases[class] = (float)(weights[class + 1] / weights[0]);
}

static void move(const float *logits, const float class_biases[TW_CLASSES], float moved[TW_CLASSES])
{
    for (size_t class = 0; class < TW_CLASSES; class ++)
        moved[class] = logits[class] + class_biases[class];
}

bool tw_calibration_fit(
    const float *logits, const int32_t *labels, size_t rows, struct tw_calibration *out, struct tw_error *err)
{
    float *moved = calloc(rows ? rows : 1, TW_CLASSES * sizeof *moved);
    if (!moved)
        return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for calibration");
    fit_class_biases(logits, labels, rows, out->class_biases);
    for (size_t row = 0; row < rows; row++)
        move(logits + row * TW_CLASSES, out->class_biases, moved + row * TW_CLASSES);
    out->temperature = tw_temperature_fit(moved, labels, rows);
    free(moved);
    return true;
}

struct tw_score tw_calibration_score(const float logits[TW_CLASSES], const struct tw_calibration *calibration)
{
    float moved[TW_CLASSES];
    move(logits, calibration->class_biases, moved);
    return tw_score_of(moved, calibration->temperature);
}
