/* random_model: model folders made on the spot, with weights that a few lines of Python make as well.
 *
 * Value i of the parameters, laid end to end in forward order, is uniform(i) times a factor that depends on
 * the parameter's kind (random_model.c; tests/interop/encoder_fixtures.py has the same lines). */
#ifndef TW_TESTS_RANDOM_MODEL_H
#define TW_TESTS_RANDOM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/safetensors.h"
#include "format/shape.h"
#include "sanitized.h"

struct random_shape {
    enum tw_family family;
    size_t hidden, layers, heads, intermediate, vocabulary, positions, types; /* as the files have them */
    const char *prefix;  /* of the body's names: "bert.", "distilbert.", "mpnet.", "" */
    bool old_norm_names; /* gamma and beta */
    bool without_head;
    enum tw_dtype dtype; /* TW_F32, TW_F16, TW_BF16; others are written with F32's bytes */
    const char *config;  /* config.json, or NULL: made from the shape */
};

extern const struct random_shape tiny_bert;
extern const struct random_shape tiny_mpnet;
extern const struct random_shape minilm_shape;
extern const struct random_shape bert_base_shape;

/* A number in [-1, 1), a multiple of 2^-23. */
float random_uniform(uint64_t counter);
/* `count` ids below `vocabulary`, from numbers `counter` on. */
void random_ids(uint64_t counter, size_t vocabulary, size_t count, int32_t *ids);

/* How often a test that is a matter of chance is done: TW_REPEAT of the environment, 1 without it. */
size_t wanted_repeats(void);

/* A new empty folder, its path into `path` of 64 bytes. */
void given_folder(char *path);
void remove_folder(const char *path);
/* One file of a folder. */
void given_file(const char *folder, const char *name, const void *bytes, size_t length);
/* A folder with config.json and model.safetensors. */
void given_random_model(const char *folder, const struct random_shape *shape);
/* A copy of `source` (a folder) with a classifier of 3 labels, its values uniform(head_offset + i). */
void given_model_with_head(const char *folder, const char *source, const char *config, uint64_t head_offset);

#endif
