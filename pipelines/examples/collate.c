#include "examples/collate.h"

#include "model/packed.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

/* A batch in the making. */
struct filling {
    const struct tw_collator *collator;
    struct tw_arena *arena;
    uint32_t epoch;
    struct tw_sequence *sequences;
    int32_t *labels, *entity_labels;
    float *weights, *entity_weights;
    struct tw_entity_span *spans;
    size_t entity_count;
};

static void add_entities(struct filling *filling, const struct tw_example *example,
    const struct tw_tokens *tokens, uint32_t sequence, struct tw_token_range *ranges)
{
    for (uint32_t at = 0; at < example->entity_count; at++) {
        uint32_t first, end;
        bool found = tw_locate_tokens(tokens, example->entities[at].place, &first, &end);
        ranges[at] = found ? (struct tw_token_range){first, end} : (struct tw_token_range){0, 0};
        bool wanted = filling->collator->all_entities || example->entities[at].label >= 0;
        if (!wanted || !(filling->collator->parts & TW_PART_ENTITY))
            continue;
        size_t entity = filling->entity_count++;
        filling->spans[entity] = (struct tw_entity_span){sequence, first, end};
        filling->entity_labels[entity] = example->entities[at].label;
        filling->entity_weights[entity] = example->weight;
    }
}

static bool add_record(struct filling *filling, size_t record, uint32_t sequence, struct tw_error *err)
{
    const struct tw_collator *collator = filling->collator;
    struct tw_example example = collator->dataset->examples[record];
    struct tw_tokens tokens;
    if (collator->augment && !tw_augment_text(collator->augment, filling->epoch, record,
                                 &collator->dataset->examples[record], filling->arena, &example, err))
        return false;
    if (!tw_tokenize(
            collator->tokenizer, example.text, NULL, collator->most_tokens, filling->arena, &tokens, err))
        return false;
    struct tw_token_range *ranges = tw_arena_array(filling->arena, example.entity_count, sizeof *ranges);
    if (!ranges)
        return tw_arena_fail(filling->arena, err);
    add_entities(filling, &example, &tokens, sequence, ranges);
    struct tw_special_ids special = tw_tokenizer_special_ids(collator->tokenizer);
    if (collator->augment)
        tw_augment_tokens(collator->augment, filling->epoch, record,
            special.mask >= 0 ? special.mask : special.unknown, ranges, example.entity_count, tokens.ids,
            tokens.count);
    filling->sequences[sequence] = (struct tw_sequence){.ids = tokens.ids, .count = tokens.count};
    filling->labels[sequence] = collator->parts & TW_PART_DOCUMENT ? example.label : TW_NO_LABEL;
    filling->weights[sequence] = example.weight;
    return true;
}

static bool take_room(struct filling *filling, const size_t *records, size_t count, struct tw_error *err)
{
    size_t entities = 0;
    for (size_t at = 0; at < count; at++)
        entities += filling->collator->dataset->examples[records[at]].entity_count;
    struct tw_arena *arena = filling->arena;
    filling->sequences = tw_arena_array(arena, count, sizeof *filling->sequences);
    filling->labels = tw_arena_array(arena, count, sizeof *filling->labels);
    filling->weights = tw_arena_array(arena, count, sizeof *filling->weights);
    filling->spans = tw_arena_array(arena, entities, sizeof *filling->spans);
    filling->entity_labels = tw_arena_array(arena, entities, sizeof *filling->entity_labels);
    filling->entity_weights = tw_arena_array(arena, entities, sizeof *filling->entity_weights);
    return arena->full ? tw_arena_fail(arena, err) : true;
}

bool tw_collate_batch(const struct tw_collator *collator, uint32_t epoch, const size_t *records, size_t count,
    struct tw_arena *arena, struct tw_collated *out, struct tw_error *err)
{
    struct filling filling = {.collator = collator, .arena = arena, .epoch = epoch};
    if (!take_room(&filling, records, count, err))
        return false;
    for (size_t at = 0; at < count; at++)
        if (!add_record(&filling, records[at], (uint32_t)at, err))
            return false;
    *out = (struct tw_collated){.targets = {.documents = filling.labels,
                                    .document_weights = filling.weights,
                                    .entities = filling.spans,
                                    .entity_labels = filling.entity_labels,
                                    .entity_weights = filling.entity_weights,
                                    .entity_count = filling.entity_count}};
    return tw_packed_build(filling.sequences, count, collator->config, arena, &out->batch, err);
}
