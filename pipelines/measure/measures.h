/* measures: how well predictions agree with labels.
 *
 * Confusion counts rows of labels and columns of predictions, in the order negative, neutral, positive.
 *   accuracy   right / n
 *   F1         2 tp / (2 tp + fp + fn) for each class; macro_f1 is the mean over the classes that occur among
 *              labels or predictions (as scikit-learn does)
 *   ece        expected calibration error over 15 bins of equal width of the confidence (the largest
 *              probability): sum over bins of |right - sum of confidences| / n (Guo et al., 2017, "On
 *              Calibration of Modern Neural Networks", equation 3)
 * Adding in the same order gives the same bits. With n = 0 there is no accuracy, F1 or ece. */
#ifndef TW_MEASURES_H
#define TW_MEASURES_H

#include <stdint.h>

#include "document.h"
#include "format/labels.h"

enum { TW_METRIC_BINS = 15 };

/* A zeroed one is ready to be added to. */
struct tw_measures {
    uint64_t confusion[TW_CLASSES][TW_CLASSES]; /* [label][prediction] */
    double confidence[TW_METRIC_BINS];          /* sum */
    uint64_t counted[TW_METRIC_BINS], right[TW_METRIC_BINS];
};

struct tw_class_report {
    double precision, recall, f1; /* 0 when there is nothing to divide by: there is none then */
    uint64_t support, predicted;  /* labels of this class, predictions of it */
};

enum { TW_CLASS_RATES = 3 };

/* One of the three. */
struct tw_class_rate {
    const char *name; /* "precision", "recall", "f1" */
    double value;
    uint64_t n; /* what it is divided by; 0: there is no such number */
};

struct tw_metric_report {
    uint64_t n;
    double accuracy, macro_f1, ece;
    struct tw_class_report classes[TW_CLASSES];
};

/* A bin of the reliability diagram: what is said, what is true; both 0 when it is empty. */
struct tw_metric_bin {
    uint64_t n;
    double confidence, accuracy; /* means */
};

/* One prediction; `label` is 0 negative, 1 neutral, 2 positive. */
void tw_measures_add(struct tw_measures *metrics, uint32_t label, const struct tw_score *score);
/* All that was added, as rates. */
struct tw_metric_report tw_measures_report(const struct tw_measures *metrics);
/* The rates of a class, each with what it is divided by: for whoever prints them. */
void tw_measures_rates(const struct tw_class_report *report, struct tw_class_rate rates[TW_CLASS_RATES]);
/* One bin of the reliability diagram, `bin` below TW_METRIC_BINS. */
struct tw_metric_bin tw_measures_bin(const struct tw_measures *metrics, uint32_t bin);

#endif
