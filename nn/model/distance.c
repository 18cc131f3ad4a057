#include "model/distance.h"

size_t tw_distance_bucket(size_t distance, bool after)
{
    static const size_t from[] = {12, 16, 23, 32, 46, 64, 91};
    size_t bucket = distance < 8 ? distance : 8;
    for (size_t step = 0; step < sizeof from / sizeof from[0] && distance >= from[step]; step++)
        bucket++;
    return after ? bucket + 16 : bucket;
}

struct tw_distance_bias tw_distance_bias_of(const struct tw_workspace *workspace)
{
    return (struct tw_distance_bias){.values = workspace->distance_bias,
        .middle = workspace->max_sequence - 1,
        .stride = 2 * workspace->max_sequence - 1};
}

void tw_distance_spread(
    const struct tw_model *model, const struct tw_packed *batch, struct tw_workspace *workspace)
{
    struct tw_distance_bias bias = tw_distance_bias_of(workspace);
    size_t longest = 0, heads = model->config.heads;
    for (size_t sequence = 0; sequence < batch->count; sequence++) {
        size_t length = tw_packed_length(batch, sequence);
        longest = length > longest ? length : longest;
    }
    for (size_t distance = 0; distance < longest; distance++) {
        const float *before = model->distance_bias + tw_distance_bucket(distance, false) * heads;
        const float *after = model->distance_bias + tw_distance_bucket(distance, distance > 0) * heads;
        for (size_t head = 0; head < heads; head++) {
            float *middle = workspace->distance_bias + head * bias.stride + bias.middle;
            middle[-(ptrdiff_t)distance] = before[head];
            middle[distance] = after[head];
        }
    }
}
