/* dropout: which elements of a row are dropped, from (seed, step, place) alone.
 *
 * out = in x 65536 / (65536 - t) where the element's 16 random bits are t or more, else 0 (Srivastava et al.
 * 2014, scaled in training). Nothing is stored: the backward pass asks again and gets the same mask. The
 * numbers are those of base/random.h (Philox4x32-10), 16 counters side by side so that a compiler makes
 * vectors of them; a row is numbered over the whole batch of a step, so that the mask does not depend on how
 * the batch was cut or on which thread a row runs.
 *
 *   element c of row r:   group g = c / 128; within it plane p = c % 128 / 16 and lane l = c % 16;
 *                         bits (p % 2) x 16 ... + 15 of word p / 2 of the block with the counter
 *                         {g x 16 + l, r, step, TW_RANDOM_DROPOUT + 256 x (layer x 8 + place)} */
#ifndef TW_DROPOUT_H
#define TW_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

/* Where in a model. Rows: a token; TW_DROP_ATTENTION: token x heads + head; document: the text's first token;
 * entity: the entity's number in its step. */
enum tw_drop_place {
    TW_DROP_EMBEDDED,
    TW_DROP_ATTENTION,
    TW_DROP_ATTENDED,
    TW_DROP_LOWERED,
    TW_DROP_DOCUMENT,
    TW_DROP_ENTITY,
};

/* A step's dropout: thresholds t by place, of 65,536. */
struct tw_dropout_plan {
    uint64_t seed;
    uint32_t step;
    uint32_t hidden, attention, head;
};

/* One layer's dropout at one place. threshold 0: nothing is dropped. */
struct tw_dropout {
    uint64_t seed;
    uint32_t step, stream, threshold;
    float scale;
};

/* A rate as the number that 16 random bits are compared with. */
static inline uint32_t tw_dropout_threshold(float rate)
{
    return (uint32_t)(rate * 65536.0f + 0.5f);
}

/* The draws of one place in one layer: what is dropped depends on the plan and on these alone. */
static inline struct tw_dropout tw_dropout_at(
    const struct tw_dropout_plan *plan, uint32_t threshold, enum tw_drop_place place, size_t layer)
{
    return (struct tw_dropout){
        .seed = plan->seed,
        .step = plan->step,
        .stream = TW_RANDOM_DROPOUT + 256u * (uint32_t)(layer * 8 + (size_t)place),
        .threshold = threshold,
        .scale = 65536.0f / (float)(65536u - threshold),
    };
}

enum { TW_DROP_LANES = 16, TW_DROP_GROUP = 128 };

/* Blocks first .. first + 15 of one row, word by word. */
static inline void tw_drop_words(
    const struct tw_dropout *dropout, uint32_t first, uint32_t row, uint32_t words[4][TW_DROP_LANES])
{
    uint32_t key0 = (uint32_t)dropout->seed, key1 = (uint32_t)(dropout->seed >> 32);
    for (uint32_t lane = 0; lane < TW_DROP_LANES; lane++) {
        words[0][lane] = first + lane;
        words[1][lane] = row;
        words[2][lane] = dropout->step;
        words[3][lane] = dropout->stream;
    }
    for (int round = 0; round < 10; round++) {
        for (size_t lane = 0; lane < TW_DROP_LANES; lane++) {
            uint64_t product0 = (uint64_t)0xD2511F53u * words[0][lane];
            uint64_t product1 = (uint64_t)0xCD9E8D57u * words[2][lane];
            words[0][lane] = (uint32_t)(product1 >> 32) ^ words[1][lane] ^ key0;
            words[1][lane] = (uint32_t)product1;
            words[2][lane] = (uint32_t)(product0 >> 32) ^ words[3][lane] ^ key1;
            words[3][lane] = (uint32_t)product0;
        }
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

/* One row; `in` and `out` may be the same. */
static inline void tw_drop_row(
    const struct tw_dropout *dropout, uint32_t row, const float *in, size_t width, float *out)
{
    for (size_t from = 0; from < width; from += TW_DROP_GROUP) {
        uint32_t words[4][TW_DROP_LANES];
        float factors[TW_DROP_GROUP];
        tw_drop_words(dropout, (uint32_t)(from / TW_DROP_GROUP * TW_DROP_LANES), row, words);
        for (size_t word = 0; word < 4; word++) {
            for (size_t lane = 0; lane < TW_DROP_LANES; lane++) {
                factors[word * 32 + lane] =
                    (words[word][lane] & 0xFFFFu) >= dropout->threshold ? dropout->scale : 0.0f;
                factors[word * 32 + 16 + lane] =
                    (words[word][lane] >> 16) >= dropout->threshold ? dropout->scale : 0.0f;
            }
        }
        size_t count = width - from < TW_DROP_GROUP ? width - from : TW_DROP_GROUP;
        for (size_t at = 0; at < count; at++)
            out[from + at] = in[from + at] * factors[at];
    }
}

#endif
