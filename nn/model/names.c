#include "model/names.h"

#include <stdio.h>

/* A dimension of a weight, by name; the config gives the number. */
enum extent {
    ONE,
    HIDDEN,
    TWICE_HIDDEN,
    INTERMEDIATE,
    VOCABULARY,
    POSITIONS,
    TYPES,
    LABELS,
    BUCKETS,
    HEADS,
    PROJECTION,
    EXTENTS
};

static size_t extent_of(const struct tw_model_config *config, enum extent extent)
{
    const size_t extents[EXTENTS] = {
        [ONE] = 1,
        [HIDDEN] = config->hidden,
        [TWICE_HIDDEN] = 2 * config->hidden,
        [INTERMEDIATE] = config->intermediate,
        [VOCABULARY] = config->vocabulary,
        [POSITIONS] = config->max_positions + config->first_position,
        [TYPES] = config->type_vocabulary,
        [LABELS] = config->labels,
        [BUCKETS] = config->distance_buckets,
        [HEADS] = config->heads,
        [PROJECTION] = config->projection,
    };
    return extents[extent];
}

/* What the table of names cannot say of a family. */
static const struct {
    const char *prefix; /* of the body's names, as transformers writes them */
    const char *layers;
    bool pooler_in_body; /* its names carry the prefix too, and a bare model may have it */
} families[TW_FAMILIES] = {
    [TW_BERT] = {"bert.", "encoder.layer", true},
    [TW_DISTILBERT] = {"distilbert.", "transformer.layer", false},
    [TW_MPNET] = {"mpnet.", "encoder.layer", false},
};

/* A weight's shape and its name in each family (NULL: the family has none). `rows` == ONE marks a vector. */
static const struct {
    const char *names[TW_FAMILIES]; /* by enum tw_family */
    enum extent rows, columns;
} weights[TW_ROLES] = {
#define WEIGHT(role, rows, columns, bert, distilbert, mpnet)                                                 \
    [TW_ROLE_##role] = {{bert, distilbert, mpnet}, rows, columns}
#define SHARED(role, rows, columns, name) WEIGHT(role, rows, columns, name, name, name)

    SHARED(WORDS, VOCABULARY, HIDDEN, "embeddings.word_embeddings.weight"),
    SHARED(POSITIONS, POSITIONS, HIDDEN, "embeddings.position_embeddings.weight"),
    WEIGHT(TYPES, TYPES, HIDDEN, "embeddings.token_type_embeddings.weight", NULL, NULL),
    SHARED(EMBEDDING_NORM_SCALE, ONE, HIDDEN, "embeddings.LayerNorm.weight"),
    SHARED(EMBEDDING_NORM_SHIFT, ONE, HIDDEN, "embeddings.LayerNorm.bias"),
    /* Of the encoder in transformers' module tree; here with the embeddings, on which all layers stand as
     * well. */
    WEIGHT(DISTANCE_BIAS, BUCKETS, HEADS, NULL, NULL, "encoder.relative_attention_bias.weight"),
    WEIGHT(QUERY_WEIGHT, HIDDEN, HIDDEN, "attention.self.query.weight", "attention.q_lin.weight",
        "attention.attn.q.weight"),
    WEIGHT(QUERY_BIAS, ONE, HIDDEN, "attention.self.query.bias", "attention.q_lin.bias",
        "attention.attn.q.bias"),
    WEIGHT(KEY_WEIGHT, HIDDEN, HIDDEN, "attention.self.key.weight", "attention.k_lin.weight",
        "attention.attn.k.weight"),
    WEIGHT(KEY_BIAS, ONE, HIDDEN, "attention.self.key.bias", "attention.k_lin.bias", "attention.attn.k.bias"),
    WEIGHT(VALUE_WEIGHT, HIDDEN, HIDDEN, "attention.self.value.weight", "attention.v_lin.weight",
        "attention.attn.v.weight"),
    WEIGHT(VALUE_BIAS, ONE, HIDDEN, "attention.self.value.bias", "attention.v_lin.bias",
        "attention.attn.v.bias"),
    WEIGHT(ATTENTION_OUTPUT_WEIGHT, HIDDEN, HIDDEN, "attention.output.dense.weight",
        "attention.out_lin.weight", "attention.attn.o.weight"),
    WEIGHT(ATTENTION_OUTPUT_BIAS, ONE, HIDDEN, "attention.output.dense.bias", "attention.out_lin.bias",
        "attention.attn.o.bias"),
    WEIGHT(ATTENTION_NORM_SCALE, ONE, HIDDEN, "attention.output.LayerNorm.weight", "sa_layer_norm.weight",
        "attention.LayerNorm.weight"),
    WEIGHT(ATTENTION_NORM_SHIFT, ONE, HIDDEN, "attention.output.LayerNorm.bias", "sa_layer_norm.bias",
        "attention.LayerNorm.bias"),
    WEIGHT(UP_WEIGHT, INTERMEDIATE, HIDDEN, "intermediate.dense.weight", "ffn.lin1.weight",
        "intermediate.dense.weight"),
    WEIGHT(UP_BIAS, ONE, INTERMEDIATE, "intermediate.dense.bias", "ffn.lin1.bias", "intermediate.dense.bias"),
    WEIGHT(
        DOWN_WEIGHT, HIDDEN, INTERMEDIATE, "output.dense.weight", "ffn.lin2.weight", "output.dense.weight"),
    WEIGHT(DOWN_BIAS, ONE, HIDDEN, "output.dense.bias", "ffn.lin2.bias", "output.dense.bias"),
    WEIGHT(OUTPUT_NORM_SCALE, ONE, HIDDEN, "output.LayerNorm.weight", "output_layer_norm.weight",
        "output.LayerNorm.weight"),
    WEIGHT(OUTPUT_NORM_SHIFT, ONE, HIDDEN, "output.LayerNorm.bias", "output_layer_norm.bias",
        "output.LayerNorm.bias"),
    /* Of the heads, BERT's pooler stands under the body's prefix, all else under none. */
    WEIGHT(POOLER_WEIGHT, HIDDEN, HIDDEN, "pooler.dense.weight", "pre_classifier.weight",
        "classifier.dense.weight"),
    WEIGHT(POOLER_BIAS, ONE, HIDDEN, "pooler.dense.bias", "pre_classifier.bias", "classifier.dense.bias"),
    WEIGHT(CLASSIFIER_WEIGHT, LABELS, HIDDEN, "classifier.weight", "classifier.weight",
        "classifier.out_proj.weight"),
    WEIGHT(CLASSIFIER_BIAS, ONE, LABELS, "classifier.bias", "classifier.bias", "classifier.out_proj.bias"),
    SHARED(ENTITY_POOLER_WEIGHT, HIDDEN, TWICE_HIDDEN, "entity_pooler.dense.weight"),
    SHARED(ENTITY_POOLER_BIAS, ONE, HIDDEN, "entity_pooler.dense.bias"),
    SHARED(ENTITY_CLASSIFIER_WEIGHT, LABELS, HIDDEN, "entity_classifier.weight"),
    SHARED(ENTITY_CLASSIFIER_BIAS, ONE, LABELS, "entity_classifier.bias"),
    /* The decoder's matrix is the word embedding. The bias stands first, as in transformers' module tree. */
    WEIGHT(MASKED_BIAS, ONE, VOCABULARY, "cls.predictions.bias", "vocab_projector.bias", "lm_head.bias"),
    WEIGHT(MASKED_TRANSFORM_WEIGHT, HIDDEN, HIDDEN, "cls.predictions.transform.dense.weight",
        "vocab_transform.weight", "lm_head.dense.weight"),
    WEIGHT(MASKED_TRANSFORM_BIAS, ONE, HIDDEN, "cls.predictions.transform.dense.bias", "vocab_transform.bias",
        "lm_head.dense.bias"),
    WEIGHT(MASKED_NORM_SCALE, ONE, HIDDEN, "cls.predictions.transform.LayerNorm.weight",
        "vocab_layer_norm.weight", "lm_head.layer_norm.weight"),
    WEIGHT(MASKED_NORM_SHIFT, ONE, HIDDEN, "cls.predictions.transform.LayerNorm.bias",
        "vocab_layer_norm.bias", "lm_head.layer_norm.bias"),
    SHARED(PROJECTION_WEIGHT, PROJECTION, HIDDEN, "distillation_projection.weight"),
};

/* Roles that follow each other, once or in each layer. */
static const struct {
    enum tw_section section;
    enum tw_role first, last;
    bool in_layers, under_prefix;
} groups[] = {
    {TW_SECTION_BODY, TW_ROLE_WORDS, TW_ROLE_DISTANCE_BIAS, false, true},
    {TW_SECTION_BODY, TW_ROLE_QUERY_WEIGHT, TW_ROLE_OUTPUT_NORM_SHIFT, true, true},
    {TW_SECTION_POOLER, TW_ROLE_POOLER_WEIGHT, TW_ROLE_POOLER_BIAS, false, false},
    {TW_SECTION_CLASSIFIER, TW_ROLE_CLASSIFIER_WEIGHT, TW_ROLE_CLASSIFIER_BIAS, false, false},
    {TW_SECTION_ENTITY, TW_ROLE_ENTITY_POOLER_WEIGHT, TW_ROLE_ENTITY_CLASSIFIER_BIAS, false, false},
    {TW_SECTION_MASKED, TW_ROLE_MASKED_BIAS, TW_ROLE_MASKED_NORM_SHIFT, false, false},
    {TW_SECTION_PROJECTION, TW_ROLE_PROJECTION_WEIGHT, TW_ROLE_PROJECTION_WEIGHT, false, false},
};

enum { GROUPS = sizeof groups / sizeof groups[0] };

static bool under_prefix(size_t group, enum tw_family family)
{
    return groups[group].under_prefix ||
           (groups[group].section == TW_SECTION_POOLER && families[family].pooler_in_body);
}

static void name_weight(
    const struct tw_model_config *config, size_t group, size_t layer, enum tw_role role, struct tw_named *out)
{
    const char *name = weights[role].names[config->family];
    *out = (struct tw_named){
        .role = role,
        .of_layer = groups[group].in_layers,
        .layer = layer,
        .prefix = under_prefix(group, config->family) ? families[config->family].prefix : "",
        .rows = extent_of(config, weights[role].rows),
        .columns = extent_of(config, weights[role].columns),
        .vector = weights[role].rows == ONE,
        .depth = groups[group].in_layers                    ? layer + 1
                 : groups[group].section == TW_SECTION_BODY ? 0
                                                            : config->layers + 1,
    };
    if (groups[group].in_layers)
        snprintf(out->rest, sizeof out->rest, "%s.%zu.%s", families[config->family].layers, layer, name);
    else
        snprintf(out->rest, sizeof out->rest, "%s", name);
}

struct tw_names tw_names_of(const struct tw_model_config *config, unsigned sections)
{
    return (struct tw_names){.config = config, .sections = sections, .role = groups[0].first};
}

/* To the role after the current one: within the group, to the group's next layer, or to the next group. */
static void step(struct tw_names *names)
{
    if (names->role++ < groups[names->group].last)
        return;
    const bool again = groups[names->group].in_layers && names->layer + 1 < names->config->layers;
    names->layer = again ? names->layer + 1 : 0;
    names->group += again ? 0 : 1;
    if (names->group < GROUPS)
        names->role = groups[names->group].first;
}

bool tw_names_next(struct tw_names *names, struct tw_named *out)
{
    for (bool found = false; !found;) {
        if (names->group == GROUPS)
            return false;
        const bool inside = !groups[names->group].in_layers || names->layer < names->config->layers;
        found = inside && (names->sections & TW_SECTION_BIT(groups[names->group].section)) &&
                weights[names->role].names[names->config->family];
        if (found)
            name_weight(names->config, names->group, names->layer, (enum tw_role)names->role, out);
        step(names);
    }
    return true;
}

size_t tw_names_count(const struct tw_model_config *config, unsigned sections)
{
    size_t count = 0;
    struct tw_names names = tw_names_of(config, sections);
    for (struct tw_named named; tw_names_next(&names, &named);)
        count++;
    return count;
}

bool tw_names_find(const struct tw_model_config *config, enum tw_role role, struct tw_named *out)
{
    size_t group = 0;
    while (role > groups[group].last)
        group++;
    if (!weights[role].names[config->family])
        return false;
    name_weight(config, group, 0, role, out);
    return true;
}
