/* quantise_folder: a model folder to one with 8-bit weights.
 *   in    a folder (model.h, tokenizer.h); an archive of texts of its kind, to measure what is lost
 *   out   a folder: model.int8.safetensors, config.json, the tokenizer's files; a report
 *
 *     open > read texts > cut into tokens > quantise (compress/quantise.h) > write > open what was written
 *     and compare its logits to the bit > the folder gets its name
 *
 * config.json is the model's own, and says under "tapewatch": "weights", the SHA-256 of the new ones, and
 * "quantisation": the SHA-256 of those they were made from, which maps stay fp32 and what each of them would
 * cost, the loss of the whole and its agreement with fp32 ("agreement", read by model.precision: auto).
 *
 * The first TW_QUANTISE_TEXTS texts are taken. The folder appears whole or not at all; the same folder and
 * texts give the same bytes.
 *
 * A record that cannot be used is told, counted and left out. Errors: TW_CONFIG for an archive without
 * texts, a model that is in 8 bits already or has no head; TW_OUTPUT for a folder with a model in fp32;
 * those of the rooms above. */
#ifndef TW_QUANTISE_FOLDER_H
#define TW_QUANTISE_FOLDER_H

#include <stdint.h>

#include "compress/quantise.h"

struct tw_decode_options;

enum { TW_QUANTISE_TEXTS = 1000 };

/* What is asked, and who looks on. */
struct tw_quantise_call {
    const char *model, *output;
    const char *calibration; /* an archive; NULL: nothing is measured */
    const struct tw_decode_options *decode;
    int64_t stamp_us; /* time of reading */
    size_t threads;
    const char *gemm;                                              /* gemm.backend, or NULL */
    void (*on_refused)(void *context, const struct tw_error *why); /* a record; may be NULL */
    /* As in struct tw_quantise_options. */
    void (*on_measuring)(void *context, size_t done, size_t all);
    void *context;
};

/* What a command prints. */
struct tw_quantise_summary {
    bool measured;
    size_t texts, labels, maps, fp32_maps;
    double agreement, loss;
    uint64_t refused;                   /* records */
    uint64_t bytes_before, bytes_after; /* of the weights' files */
};

/* Quantises `call->model` into the folder `call->output`. */
TW_MUST_USE bool tw_quantise_folder(
    const struct tw_quantise_call *call, struct tw_quantise_summary *summary, struct tw_error *err);

#endif
