/* shape: what a model's folder says of the model besides its weights: family, sizes, labels, temperatures.
 *
 * config_json.h reads it, checks every number once and keeps it within sane limits; write.h writes it. What
 * stands here is trusted by everybody else. */
#ifndef TW_SHAPE_H
#define TW_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "format/labels.h"
#include "kernels/activation.h"

enum tw_family { TW_BERT, TW_DISTILBERT, TW_MPNET, TW_FAMILIES };

enum { TW_LABELS_MOST = 1024, TW_IGNORED_MOST = 256 };

/* How logits become probabilities (model/temperature.h). */
struct tw_temperature {
    float base;     /* > 0; 1: as they are */
    float exponent; /* 0 to 1; 0: the same for all logits */
};

/* What a folder with 8-bit weights says of them ("tapewatch.quantisation", compress/quantise.h). */
struct tw_quantisation {
    char source[65];  /* SHA-256 of the weights that they were made from; "": the folder has none */
    bool measured;    /* on calibration text, with the result: */
    double agreement; /* share of its texts and entities with the label that fp32 gives */
};

struct tw_model_config {
    enum tw_family family;
    enum tw_activation activation;
    size_t hidden;        /* width of a hidden state */
    size_t layers;        /* encoder layers */
    size_t heads;         /* attention heads; hidden is a multiple of it */
    size_t intermediate;  /* width between the two linear maps of a layer */
    size_t vocabulary;    /* rows of the word embedding */
    size_t max_positions; /* longest sequence, [CLS] and [SEP] included; the file counts first_position too */
    size_t type_vocabulary; /* rows of the token type embedding; 0: the family has none (all but BERT) */
    size_t first_position;  /* row of the position embedding that a first token takes: MPNet's 2, else 0 */
    /* Rows of the bias by distance (encoder.h); 0: the family has none (all but MPNet). */
    size_t distance_buckets;
    float norm_epsilon;
    /* Width to which hidden states are projected while a student is taught; 0: none. It is in no file. */
    size_t projection;
    size_t labels; /* outputs of the classifier that the file declares; 3 when usable */
    /* Which output is negative, neutral, positive; valid when labels_fault == NULL. */
    size_t class_at[TW_CLASSES];
    const char *labels_fault;          /* why the labels cannot be used, or NULL */
    bool other_problem;                /* labels_fault is that its outputs are no choice of one */
    bool other_head;                   /* "architectures" names a head that is not the document's */
    struct tw_temperature temperature; /* of texts */
    char weights[65]; /* SHA-256 of the weights it belongs to, in hexadecimal; "": it does not say */
    struct tw_quantisation quantisation;
    /* Of entities: "entity_temperature", "entity_temperature_exponent", else the texts'. */
    struct tw_temperature entity_temperature;
    const char *name;                     /* "_name_or_path" when it says something, else NULL */
    const char *ignored[TW_IGNORED_MOST]; /* keys that were not looked at (the first so many) */
    size_t ignored_count;
};

#endif
