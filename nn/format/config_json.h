/* config_json: config.json of a model folder to checked options.
 *   in    the folder of a Hugging Face checkpoint (its config.json), optionally labels by position
 *   out   struct tw_model_config: every number that the forward pass needs, within sane limits
 *
 * One table in config.c names the keys that change logits, with the values supported. A key of that table with
 * another value is refused by name (TW_CONFIG), never guessed. Keys known to be inert, and keys that nobody here
 * knows, are ignored; each is listed in `ignored`, so that a verbose run can name them.
 *
 * Labels are mapped by name, case ignored: negative|bearish, neutral, positive|bullish. `LABEL_n`, a missing
 * class or a fourth label is remembered as a fault (`labels_fault`) and refused by whoever needs the head: a
 * folder without a head has no labels to be wrong. `labels` ("a,b,c" in the model's order) overrides the file.
 *
 * Our own facts stand under the key "tapewatch"; read here: "temperature" and "temperature_exponent" (0.001 to 1000, default 1; 0 to 1,
 * default 0), by which logits become probabilities (model/temper.h).
 *
 * Memory: strings live in the arena given. Errors: TW_IO/TW_PERMISSION (no file), TW_CONFIG with where =
 * "config.json" or "config.json: line L column C". */
#ifndef TW_CONFIG_JSON_H
#define TW_CONFIG_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/snapshot.h"

/* The classes of a document, in the order in which probabilities are handed out. */
enum tw_class { TW_NEGATIVE, TW_NEUTRAL, TW_POSITIVE, TW_CLASSES };

enum tw_family { TW_BERT, TW_DISTILBERT, TW_MPNET, TW_FAMILIES };

/* What stands between the two linear maps of a layer (kernels.h gives the formulas). */
enum tw_activation { TW_GELU_ERF, TW_GELU_TANH, TW_RELU, TW_TANH, TW_ACTIVATIONS };

enum { TW_LABELS_MOST = 1024, TW_IGNORED_MOST = 256 };

/* How logits become probabilities (model/temper.h). */
struct tw_temperature {
    float base;     /* > 0; 1: as they are */
    float exponent; /* 0 to 1; 0: the same for all logits */
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
    size_t
        distance_buckets; /* rows of the bias by distance (encoder.h); 0: the family has none (all but MPNet) */
    float norm_epsilon;
    size_t
        projection; /* width to which hidden states are projected while a student is taught; 0: none. In no file */
    size_t labels; /* outputs of the classifier that the file declares; 3 when usable */
    size_t class_at
        [TW_CLASSES]; /* which output is negative, neutral, positive; valid when labels_fault == NULL */
    const char *labels_fault;          /* why the labels cannot be used, or NULL */
    bool other_head;                   /* "architectures" names a head that is not the document's */
    struct tw_temperature temperature; /* of texts */
    char weights[65]; /* SHA-256 of the weights it belongs to, in hexadecimal; "": it does not say */
    struct tw_temperature
        entity_temperature; /* of entities: "entity_temperature", "entity_temperature_exponent", else the texts' */
    const char *name;       /* "_name_or_path" when it says something, else NULL */
    const char *ignored[TW_IGNORED_MOST]; /* keys that were not looked at (the first so many) */
    size_t ignored_count;
};

/* Reads `folder`/config.json. `labels` may be NULL. */
TW_MUST_USE bool tw_config_read(const char *folder, const char *labels, struct tw_arena *arena,
    struct tw_model_config *out, struct tw_error *err);
/* The same from files that were taken together (model_files.h). */
TW_MUST_USE bool tw_config_read_from(const struct tw_snapshot *files, const char *labels,
    struct tw_arena *arena, struct tw_model_config *out, struct tw_error *err);

/* "negative", "neutral", "positive". */
const char *tw_class_name(enum tw_class class_index);

#endif
