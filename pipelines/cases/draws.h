/* draws: random numbers, one after another, for whoever draws as many as the text happens to ask for.
 *
 *     struct tw_draws draws = {.seed = 1, .stream = TW_DRAWS_WORDS, .step = 7};
 *     size_t which = tw_draws_below(&draws, count);
 *
 * A series is a function of (seed, stream, step): what another series draws moves nothing in this one. So the
 * same words can be told again of another company. */
#ifndef TW_DRAWS_H
#define TW_DRAWS_H

#include "base/random.h"

/* Streams of generated cases. */
enum { TW_DRAWS_WORDS = TW_RANDOM_FREE + 11, TW_DRAWS_NAMES, TW_DRAWS_FRAMES };

struct tw_draws {
    uint64_t seed;
    uint32_t stream, step;
    uint64_t index; /* of the next number */
};

/* A whole number in [0, limit), limit > 0. */
static inline size_t tw_draws_below(struct tw_draws *draws, size_t limit)
{
    return (size_t)tw_random_below(draws->seed, draws->stream, draws->step, draws->index++, limit);
}

/* A number in [0, 1). */
static inline double tw_draws_uniform(struct tw_draws *draws)
{
    return tw_random_uniform(draws->seed, draws->stream, draws->step, draws->index++);
}

#endif
