/* pieces: words and how often they stand, to the pieces that a WordPiece vocabulary spells them with.
 *
 *     struct tw_pieces pieces;
 *     if (!tw_pieces_learn(words, count, &options, arena, &pieces, err)) return false;
 *     ... pieces.items[0 .. pieces.count): the lines of vocab.txt, in order ...
 *
 * The way of Hugging Face's WordPieceTrainer (tokenizers, models/wordpiece/trainer.rs over
 * models/bpe/trainer.rs): byte pair encoding (Sennrich et al. 2016) over single characters, those that
 * continue a word written "##c". The most frequent pair of neighbours in all words becomes a piece, again and
 * again, until there are `size`. (Schuster and Nakajima 2012 take the pair that gains the most likelihood
 * instead; the peer does not.) Pairs stand within words: no piece ever spans two.
 *
 * In this order: the caller's first tokens; the alphabet, each character that begins a word or might, then
 * each that continues one, both by code point; merged pieces as they were made. Equally frequent pairs go by
 * the numbers of their pieces, the lower first; so the result depends on words and counts alone, not on their
 * order. (The peer numbers continuing characters as its hash table has them: it agrees but for ties.)
 *
 * The alphabet is the `most_characters` most frequent characters, of equals the lower code points. A word
 * with another one is [UNK] whole when it is cut, so it teaches nothing. (The peer takes the character out
 * and joins what stood around it.)
 *
 * Memory: 4 bytes a character of the words and what pairs.h takes; the pieces are placed in the arena. */
#ifndef TW_PIECES_H
#define TW_PIECES_H

#include <stdint.h>

#include "base/arena.h"
#include "vocabulary/tally.h"

/* No vocabulary may ask for more. */
#define TW_PIECES_MOST ((uint32_t)1 << 20)

struct tw_pieces_options {
    const struct tw_text *first; /* tokens that come before all, such as [PAD]; not looked for in words */
    uint32_t first_count;
    uint32_t size;                                /* pieces in all; at most TW_PIECES_MOST */
    uint64_t least_count;                         /* a pair that stands less often is not merged */
    uint32_t most_characters;                     /* of the alphabet */
    void (*made)(void *context, uint32_t pieces); /* told after each piece; may be NULL */
    void *context;
};

struct tw_pieces {
    struct tw_text *items; /* no two alike */
    uint32_t count;        /* fewer than `size` when no pair is left that stands least_count times */
    uint32_t characters;   /* of the alphabet; more pieces than that when they also continue words */
    uint32_t left_out;     /* characters that most_characters left out */
    uint64_t words_left_out;
};

/* Words are as tw_tally makes them. TW_USAGE when `size` has no room for first tokens and alphabet;
 * TW_INTERNAL, TW_FULL for memory. */
TW_MUST_USE bool tw_pieces_learn(const struct tw_tally_word *words, size_t count,
    const struct tw_pieces_options *options, struct tw_arena *arena, struct tw_pieces *out,
    struct tw_error *err);

#endif
