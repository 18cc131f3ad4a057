#include "base/random.h"

#include <math.h>
#include <string.h>

#include <Random123/philox.h>

void tw_random_block(uint64_t seed, const uint32_t counter[4], uint32_t out[4])
{
    philox4x32_ctr_t place = {{counter[0], counter[1], counter[2], counter[3]}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t drawn = philox4x32(place, key);
    memcpy(out, drawn.v, sizeof drawn.v);
}

/* The counter: index, then stream and step. Streams are few; dropout's own layout stays apart by its
 * stream. */
uint64_t tw_random_bits(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index)
{
    const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), step, stream};
    uint32_t out[4];
    tw_random_block(seed, counter, out);
    return (uint64_t)out[1] << 32 | out[0];
}

double tw_random_uniform(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index)
{
    return (double)(tw_random_bits(seed, stream, step, index) >> 11) * 0x1p-53;
}

uint64_t tw_random_below(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index, uint64_t limit)
{
    return (uint64_t)((unsigned __int128)tw_random_bits(seed, stream, step, index) * limit >> 64);
}

double tw_random_normal(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index)
{
    const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), step, stream};
    uint32_t out[4];
    tw_random_block(seed, counter, out);
    double radius = ((double)out[0] + 1.0) * 0x1p-32, turn = (double)out[1] * 0x1p-32;
    return sqrt(-2.0 * log(radius)) * cos(6.283185307179586 * turn);
}

void tw_random_shuffle(uint64_t seed, uint32_t stream, uint32_t step, size_t *order, size_t count)
{
    for (size_t left = count; left > 1; left--) {
        size_t other = (size_t)tw_random_below(seed, stream, step, left, left), last = left - 1;
        size_t kept = order[other];
        order[other] = order[last];
        order[last] = kept;
    }
}
