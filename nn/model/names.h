/* names: the weights of a model in forward order, by the names that transformers gives them.
 *   in    the shape (shape.h), which heads there are
 *   out   one struct tw_named after another: role, name, rows and columns
 *
 *     unsigned sections = TW_SECTION_BIT(TW_SECTION_BODY) | TW_SECTION_BIT(TW_SECTION_POOLER);
 *     struct tw_names names = tw_names_of(&config, sections);
 *     for (struct tw_named named; tw_names_next(&names, &named);)
 *         ... named.prefix, named.rest, named.rows, named.columns ...
 *
 * A name is `prefix` and the rest: "bert." and "encoder.layer.3.output.dense.bias". The prefix stands before
 * the names of the body (and of BERT's pooler) in the folder of a whole model, and is left out in that of a
 * bare one. What a role is to a struct tw_model, model.c says; here are words and sizes alone. */
#ifndef TW_NAMES_H
#define TW_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "format/shape.h"

/* What a weight is to the model, in forward order. Of the roles of a layer each layer has one. */
enum tw_role {
    TW_ROLE_WORDS,
    TW_ROLE_POSITIONS,
    TW_ROLE_TYPES,
    TW_ROLE_EMBEDDING_NORM_SCALE,
    TW_ROLE_EMBEDDING_NORM_SHIFT,
    TW_ROLE_DISTANCE_BIAS,
    TW_ROLE_QUERY_WEIGHT,
    TW_ROLE_QUERY_BIAS,
    TW_ROLE_KEY_WEIGHT,
    TW_ROLE_KEY_BIAS,
    TW_ROLE_VALUE_WEIGHT,
    TW_ROLE_VALUE_BIAS,
    TW_ROLE_ATTENTION_OUTPUT_WEIGHT,
    TW_ROLE_ATTENTION_OUTPUT_BIAS,
    TW_ROLE_ATTENTION_NORM_SCALE,
    TW_ROLE_ATTENTION_NORM_SHIFT,
    TW_ROLE_UP_WEIGHT,
    TW_ROLE_UP_BIAS,
    TW_ROLE_DOWN_WEIGHT,
    TW_ROLE_DOWN_BIAS,
    TW_ROLE_OUTPUT_NORM_SCALE,
    TW_ROLE_OUTPUT_NORM_SHIFT,
    TW_ROLE_POOLER_WEIGHT,
    TW_ROLE_POOLER_BIAS,
    TW_ROLE_CLASSIFIER_WEIGHT,
    TW_ROLE_CLASSIFIER_BIAS,
    TW_ROLE_ENTITY_POOLER_WEIGHT,
    TW_ROLE_ENTITY_POOLER_BIAS,
    TW_ROLE_ENTITY_CLASSIFIER_WEIGHT,
    TW_ROLE_ENTITY_CLASSIFIER_BIAS,
    TW_ROLE_MASKED_BIAS,
    TW_ROLE_MASKED_TRANSFORM_WEIGHT,
    TW_ROLE_MASKED_TRANSFORM_BIAS,
    TW_ROLE_MASKED_NORM_SCALE,
    TW_ROLE_MASKED_NORM_SHIFT,
    TW_ROLE_PROJECTION_WEIGHT,
    TW_ROLES
};

/* Roles that a model has together or not at all. */
enum tw_section {
    TW_SECTION_BODY, /* embeddings and layers */
    TW_SECTION_POOLER,
    TW_SECTION_CLASSIFIER,
    TW_SECTION_ENTITY,
    TW_SECTION_MASKED,
    TW_SECTION_PROJECTION,
    TW_SECTIONS
};

#define TW_SECTION_BIT(section) (1u << (section))

enum { TW_NAME_BYTES = 256 };

/* One weight. */
struct tw_named {
    enum tw_role role;
    bool of_layer; /* each layer has one; this is that of `layer` */
    size_t layer;
    const char *prefix;       /* "bert." and the like, or "" where none belongs */
    char rest[TW_NAME_BYTES]; /* the name without it */
    size_t rows, columns;     /* a vector has rows = 1 */
    bool vector;              /* a bias, or of a norm */
    size_t depth;             /* 0: embeddings; 1 .. layers: an encoder layer; layers + 1: a head */
};

/* Fields are names.c's. */
struct tw_names {
    const struct tw_model_config *config;
    unsigned sections;
    size_t group, layer, role; /* of the next one */
};

/* A walk over the weights of these sections (TW_SECTION_BIT); `config` outlives it. */
struct tw_names tw_names_of(const struct tw_model_config *config, unsigned sections);
/* The next weight; false after the last. Roles that the family does not have are passed over. */
bool tw_names_next(struct tw_names *names, struct tw_named *out);

/* How many weights these sections have. */
size_t tw_names_count(const struct tw_model_config *config, unsigned sections);

/* The weight of a role that no layer has, whether the model has it or not; false when its family has none. */
bool tw_names_find(const struct tw_model_config *config, enum tw_role role, struct tw_named *out);

#endif
