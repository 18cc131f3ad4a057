/* measure_folder: a model folder measured on held-back records, so that two can stand side by side.
 *   in    a folder; labelled examples
 *   out   size, speed, accuracy, F1 and calibration: what it does as it is on disk, with its own temperatures
 *
 * Accuracy is measured on all threads. Speed: fp32 on one thread, the same texts read again until `seconds`
 * are over. */
#ifndef TW_MEASURE_FOLDER_H
#define TW_MEASURE_FOLDER_H

#include "examples/dataset.h"
#include "measure/measures.h"

struct tw_folder_measures {
    uint64_t parameters, file_bytes;
    double documents_per_s, tokens_per_s;
    struct tw_metric_report documents, entities; /* n = 0: nothing to measure, or no such head */
};

/* Measures the folder on these records of the dataset; texts are cut to `most_tokens`. TW_INTERNAL without
 * memory. */
TW_MUST_USE bool tw_measure_folder(const char *folder, const struct tw_dataset *dataset,
    const size_t *records, size_t count, uint32_t most_tokens, size_t threads, double seconds,
    struct tw_folder_measures *out, struct tw_error *err);

#endif
