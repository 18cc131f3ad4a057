/* model: a Hugging Face folder to named, read-only weights.
 *   in    a folder with config.json and model.safetensors (BERT, DistilBERT or MPNet; F32, F16 or BF16), or
 *         model.int8.safetensors in its place, as compress/quantise.h makes it
 *   out   struct tw_model: shape, weights, label order, identity; const after opening, shared by all threads
 *
 *     struct tw_model *model;
 *     struct tw_model_options options = {.need_head = true};
 *     if (!tw_model_open("config/model", &options, &model, err)) return false;
 *     ... workspace.h, encoder.h, heads.h ...
 *     tw_model_close(model);                           // NULL is fine
 *
 * F32 is used where it lies in the file's bytes. F16 and BF16 are converted once, at load, into one aligned
 * block. Any other dtype is refused. A missing tensor is refused by name; one whose shape is not what
 * config.json says is refused naming both shapes. Tensor names may carry the family's prefix ("bert.") or
 * none (a bare model), and LayerNorm may say weight/bias or gamma/beta, as transformers' own loader allows.
 * Tensors that the forward pass does not use (position_ids, a language-model head) are ignored.
 *
 * In model.int8.safetensors the maps of layers and the embeddings may be I8, from -127 to 127, each with a
 * tensor of its name and "_scale" behind it, F32, a scale for each row; all else is as ever. Embeddings are
 * widened at load; maps are packed (int8_layers.h), and their `weight` is NULL. config.json must say
 * "tapewatch.quantisation", and name these weights. Such a model is not trained.
 *
 * `parameters` lists every weight once, in forward order, with an offset: gradients and optimiser moments are
 * flat arrays parallel to it. The structs of layers point to the same memory.
 *
 * Heads. Document: BERT's pooler and classifier, or what the family has in their place. Entity (our own;
 * transformers ignores its tensors): the hidden state of [CLS] joined with the mean over the entity's tokens,
 * through entity_pooler.dense [hidden, 2 hidden] and tanh, to entity_classifier [labels, hidden]. Masked
 * word: transform, activation of the config, norm, and the word embedding again (BertForMaskedLM's
 * cls.predictions, DistilBertForMaskedLM's vocab_*, MPNetForMaskedLM's lm_head), read only when asked for.
 *
 * All of it is read from one snapshot of the folder (format/model_files.h): a folder that a run replaces
 * meanwhile gives the one model or the other, never parts of both. A config.json that names its weights
 * (tapewatch.weights, SHA-256) is refused beside others, which somebody put together by hand: its
 * temperatures are not theirs.
 *
 * Errors: TW_CONFIG with where = "config.json" or "model.safetensors: ..." (a file that is not there
 * included: then where is its path), TW_PERMISSION, TW_INTERNAL. */
#ifndef TW_MODEL_H
#define TW_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "format/model_files.h"
#include "format/safetensors.h"
#include "format/shape.h"
#include "model/int8_layers.h"
#include "model/linear.h"

/* y = (x - mean(x)) / sqrt(var(x) + epsilon) * scale + shift */
struct tw_norm {
    const float *scale; /* [width] */
    const float *shift; /* [width] */
};

struct tw_layer {
    struct tw_linear query, key, value; /* [hidden, hidden] */
    struct tw_linear attention_output;  /* [hidden, hidden] */
    struct tw_norm attention_norm;
    struct tw_linear up;   /* [intermediate, hidden] */
    struct tw_linear down; /* [hidden, intermediate] */
    struct tw_norm output_norm;
};

struct tw_parameter {
    const char *name;     /* as transformers writes it for ...ForSequenceClassification */
    const float *values;  /* NULL: 8-bit weights, which struct tw_linear has */
    size_t rows, columns; /* a vector has rows = 1 */
    bool vector;          /* a bias, or of a norm */
    size_t offset;        /* of its first value in a flat array of all parameters */
    size_t depth;         /* 0: embeddings; 1 .. layers: an encoder layer; layers + 1: a head */
};

struct tw_model_options {
    const char *labels;    /* "a,b,c" in the model's order, or NULL: what config.json says */
    bool need_head;        /* refuse a folder without a usable head, of texts or of entities */
    bool with_masked_head; /* read a masked-word head, if the folder has one */
};

/* Heads of a model that is made instead of opened. */
enum tw_model_part { TW_PART_DOCUMENT = 1, TW_PART_ENTITY = 2, TW_PART_MASKED = 4, TW_PART_PROJECTION = 8 };

struct tw_model {
    struct tw_model_config config;
    const char *name;       /* for people: _name_or_path, else the folder's own name */
    const char *file_name;  /* of the weights, model.safetensors or model.int8.safetensors */
    char sha256_hex[65];    /* of that file */
    enum tw_dtype dtype;    /* of the word embedding in the file */
    const float *words;     /* [vocabulary, hidden] */
    const float *positions; /* [first_position + max_positions, hidden] */
    const float *types;     /* [type_vocabulary, hidden], or NULL (all but BERT) */
    struct tw_norm embedding_norm;
    const float *distance_bias;       /* [distance_buckets, heads], or NULL (all but MPNet); encoder.h */
    const struct tw_layer *layers;    /* [config.layers] */
    const struct tw_int8_layer *int8; /* [config.layers], or NULL: no map has 8-bit weights */
    /* The document head, when has_head: classifier(activation(pooler(hidden of [CLS]))). */
    bool has_head;
    bool has_pooler; /* a bare BERT folder may carry a pooler without classifier */
    struct tw_linear
        pooler; /* BERT: bert.pooler.dense; DistilBERT: pre_classifier; MPNet: classifier.dense */
    enum tw_activation pooler_activation; /* tanh; DistilBERT: relu */
    struct tw_linear classifier;          /* [labels, hidden] */
    /* The entity head, when has_entity_head: classifier(tanh(pooler(hidden of [CLS], mean hidden of the
     * entity))). */
    bool has_entity_head;
    struct tw_linear entity_pooler;     /* [hidden, 2 hidden] */
    struct tw_linear entity_classifier; /* [labels, hidden] */
    /* The masked-word head, when has_masked_head: words x norm(activation(transform(hidden))) + bias. */
    bool has_masked_head;
    struct tw_linear masked_transform;    /* [hidden, hidden] */
    enum tw_activation masked_activation; /* the config's; MPNet: gelu */
    struct tw_norm masked_norm;
    const float *masked_bias; /* [vocabulary] */
    /* Made for training alone, when has_projection: a student's hidden states as wide as its teacher's
     * (trainer.h). */
    bool has_projection;
    struct tw_linear projection; /* [config.projection, hidden], no bias */
    const struct tw_parameter *parameters;
    size_t parameter_count;
    size_t value_count; /* of all parameters together */
    /* Owned. */
    struct tw_arena weights; /* what was converted at load */
    struct tw_arena arena;
    struct tw_safetensors file;
};

/* Opens a folder. `options` may be NULL (no override, no head needed). */
TW_MUST_USE bool tw_model_open(
    const char *folder, const struct tw_model_options *options, struct tw_model **out, struct tw_error *err);
/* The same from files that were taken with the tokenizer's (model_files.h), so that both are of one
 * version. */
TW_MUST_USE bool tw_model_open_from(const struct tw_snapshot *files, const struct tw_model_options *options,
    struct tw_model **out, struct tw_error *err);
/* Frees the weights and all else. NULL is fine. */
void tw_model_close(struct tw_model *model);

/* The sections that it has (names.h), by TW_SECTION_BIT: walking them gives its parameters in their order. */
unsigned tw_model_sections(const struct tw_model *model);

/* Makes a model of this shape with these heads (TW_PART_*), all values 0 and in memory that may be written:
 * `*values`, [value_count], every parameter at a multiple of 16 values. What training works on
 * (train/state.h). */
TW_MUST_USE bool tw_model_blank(const struct tw_model_config *config, unsigned parts, struct tw_model **out,
    float **values, struct tw_error *err);

#endif
