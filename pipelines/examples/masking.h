/* masking: which words a model must guess, and what stands in their place while it does.
 *   in    token ids of a text without [CLS] and [SEP]; whose words these are: (epoch, record)
 *   out   the ids as the model sees them; the targets, in order
 *
 *     struct tw_masking masking;
 *     if (!tw_masking_open(tokenizer, &options, arena, &masking, err)) return false;
 *     count = tw_masking_apply(&masking, epoch, record, ids, length, first_token, targets);
 *
 * Devlin et al. (2018): a share of the tokens is chosen; of these 80% become [MASK], 10% another token of the
 * vocabulary, each as likely as any other, and 10% stay. Each token is chosen by itself, or, with
 * `whole_words`, each word with all its pieces. A text in which none is chosen gives one of its tokens
 * (words), so that every text teaches something. Special tokens, the unknown one included, are never chosen,
 * and never take another's place; nor does [unusedN].
 *
 * Masking is dynamic (Liu et al. 2019, RoBERTa): each epoch chooses anew. All of it depends on (seed, epoch,
 * record, position) alone: TW_MASKING_FIXED is the epoch for what must stay the same: validations. */
#ifndef TW_MASKING_H
#define TW_MASKING_H

#include <stdint.h>

#include "base/arena.h"
#include "train/trainer.h"

struct tw_tokenizer;

#define TW_MASKING_FIXED UINT32_MAX

struct tw_masking_options {
    double share; /* of the tokens: 0.15 in BERT */
    bool whole_words;
    uint64_t seed;
};

struct tw_masking {
    struct tw_masking_options options;
    int32_t mask;
    const uint8_t *kinds; /* [vocabulary] what may be done with a token */
    size_t vocabulary;
    const int32_t *choices; /* what may stand for another token */
    size_t choice_count;
};

/* TW_CONFIG for a vocabulary without [MASK]; TW_FULL. The tables stay in the arena. */
TW_MUST_USE bool tw_masking_open(const struct tw_tokenizer *tokenizer,
    const struct tw_masking_options *options, struct tw_arena *arena, struct tw_masking *out,
    struct tw_error *err);

/* Changes `ids` [count] and fills `targets`, which has room for count; returns how many. A target's token is
 * `first_token` + its position here. `record` below 2^42, count below 2^20. */
size_t tw_masking_apply(const struct tw_masking *masking, uint32_t epoch, uint64_t record, int32_t *ids,
    uint32_t count, uint32_t first_token, struct tw_masked *targets);

/* Does this token continue a word ("##ing")? */
bool tw_masking_continues(const struct tw_tokenizer *tokenizer, int32_t id);

#endif
