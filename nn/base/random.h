/* random: (seed, stream, step, index) to a number, without state.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), a
 * counter-based generator: a key of 64 bits and a counter of 128 give 128 random bits. Nothing has to be
 * stored, skipped or handed from thread to thread: whoever knows the place of a number has the number, so
 * that a dropout mask is computed anew in the backward pass, and a run that is resumed at step n draws what
 * the unbroken run drew.
 *
 *     uint32_t four[4];
 *     tw_random_block(seed, counter, four);   // counter: 4 words of the caller's own choice
 *     tw_random_uniform(seed, stream, step, index);              // [0, 1)
 *     tw_random_shuffle(seed, stream, epoch, order, count);   // the same order for an epoch, always
 *
 * `stream` keeps users of one seed apart (enum tw_random_stream). Bits are the same on every processor. */
#ifndef TW_RANDOM_H
#define TW_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Who draws. Streams below TW_RANDOM_FREE are nn's own. */
enum tw_random_stream {
    TW_RANDOM_WEIGHTS, /* what a new head or a new model starts from */
    TW_RANDOM_DROPOUT, /* dropout masks; the index is laid out in kernels/dropout.h */
    TW_RANDOM_ORDER,   /* the order of records within an epoch */
    TW_RANDOM_MASKING, /* which words a masked language model must guess */
    TW_RANDOM_AUGMENT, /* augmentation */
    TW_RANDOM_FREE
};

/* The bare function: 4 words of counter to 4 random words. */
void tw_random_block(uint64_t seed, const uint32_t counter[4], uint32_t out[4]);

/* 64 random bits, number `index` of (seed, stream, step). */
uint64_t tw_random_bits(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index);

/* A number in [0, 1), a multiple of 2^-53. */
double tw_random_uniform(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index);

/* A whole number in [0, limit), limit > 0; without bias worth the name (64 bits by multiplication). */
uint64_t tw_random_below(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index, uint64_t limit);

/* A number of the standard normal distribution (Box and Muller 1958). */
double tw_random_normal(uint64_t seed, uint32_t stream, uint32_t step, uint64_t index);

/* Puts `count` numbers into a random order (Fisher and Yates). */
void tw_random_shuffle(uint64_t seed, uint32_t stream, uint32_t step, size_t *order, size_t count);

#endif
