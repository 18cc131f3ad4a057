/* pace: how much a batch may hold, so that a worker is done with it in a second or two.
 *
 * A batch is committed, given up at the end, and waited for, as a whole; with a real model a megabyte of
 * text is minutes of work. What a record will cost is guessed before it is read (tw_pace_guess: tokens by
 * its bytes, at most what the model reads of a text), what a guessed token takes is measured on every batch
 * that comes back, the newest of them counting most. Until the first is back a token is taken for a slow
 * one.
 *
 *     tw_pace_learn(&pace, batch->tokens, tw_batch_worker_us(batch), scored);   a batch is back
 *     tw_pace_most_tokens(&pace)                                               cut the next ones there
 *
 * How batches are cut changes no score (infer/predict.h). Pure. */
#ifndef TW_PACE_H
#define TW_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums over batches, each counting less as newer ones come. */
struct tw_pace {
    double us;
    double tokens;
    bool scored; /* they are of batches that the model has read */
};

/* Tokens of a record with so many bytes of payload, for a model that reads `most` of a text. */
uint64_t tw_pace_guess(size_t bytes, uint32_t most);
/* A batch of so many guessed tokens took a worker so long. One that the model has hardly read (ticks, dead
 * letters) says nothing of the model's speed: it counts only until the first that was `scored` is back. */
void tw_pace_learn(struct tw_pace *pace, uint64_t tokens, uint64_t worker_us, bool scored);
/* Guessed tokens that a worker does in about a second and a half; at least 1. */
uint64_t tw_pace_most_tokens(const struct tw_pace *pace);

#endif
