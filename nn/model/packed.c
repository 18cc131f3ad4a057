#include "model/packed.h"

#include <string.h>

#include "base/size.h"

static bool check_sequence(
    const struct tw_sequence *sequence, const struct tw_model_config *config, struct tw_error *err)
{
    if (sequence->count == 0 || sequence->count > config->max_positions)
        return tw_fail(err, TW_INTERNAL, "batch", NULL,
            "a sequence of %zu tokens for a model of %zu positions", sequence->count, config->max_positions);
    for (size_t at = 0; at < sequence->count; at++) {
        if (sequence->ids[at] < 0 || (size_t)sequence->ids[at] >= config->vocabulary)
            return tw_fail(err, TW_CONFIG, "batch", "take vocabulary and weights from the same checkpoint",
                "token id %d, but the model's vocabulary has %zu entries", (int)sequence->ids[at],
                config->vocabulary);
        if (sequence->types && config->type_vocabulary > 0 && sequence->types[at] >= config->type_vocabulary)
            return tw_fail(err, TW_CONFIG, "batch", "give single texts, not pairs",
                "token type %d, but the model knows %zu", (int)sequence->types[at], config->type_vocabulary);
    }
    return true;
}

static bool any_types(const struct tw_sequence *sequences, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        if (sequences[at].types)
            return true;
    }
    return false;
}

bool tw_packed_build(const struct tw_sequence *sequences, size_t count, const struct tw_model_config *config,
    struct tw_arena *arena, struct tw_packed *out, struct tw_error *err)
{
    size_t tokens = 0;
    for (size_t at = 0; at < count; at++) {
        if (!check_sequence(&sequences[at], config, err))
            return false;
        tokens += sequences[at].count;
    }
    if (tokens > UINT32_MAX)
        return tw_fail(err, TW_INTERNAL, "batch", NULL, "a batch of %zu tokens", tokens);
    bool typed = config->type_vocabulary > 0 && any_types(sequences, count);
    uint32_t *starts = tw_arena_array(arena, count + 1, sizeof *starts);
    int32_t *ids = tw_arena_array(arena, tokens, sizeof *ids);
    uint8_t *types = typed ? tw_arena_array(arena, tokens, sizeof *types) : NULL;
    if (!starts || !ids || (typed && !types))
        return tw_arena_fail(arena, err);
    size_t token = 0;
    for (size_t at = 0; at < count; at++) {
        starts[at] = (uint32_t)token;
        memcpy(ids + token, sequences[at].ids, sequences[at].count * sizeof *ids);
        if (typed && sequences[at].types)
            memcpy(types + token, sequences[at].types, sequences[at].count);
        token += sequences[at].count;
    }
    starts[count] = (uint32_t)token;
    *out = (struct tw_packed){.ids = ids, .types = types, .starts = starts, .count = count};
    return true;
}

struct tw_packed tw_packed_cut(const struct tw_packed *batch, size_t first, size_t token_budget)
{
    struct tw_packed part = *batch;
    part.starts = batch->starts + first;
    part.count = 0;
    while (first + part.count < batch->count) {
        size_t tokens = (size_t)(part.starts[part.count + 1] - part.starts[0]);
        if (part.count > 0 && tokens > token_budget)
            break;
        part.count++;
    }
    return part;
}
