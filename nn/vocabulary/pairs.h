/* pairs: neighbouring pieces of words, how often each pair stands, and in which words.
 *
 *     tw_pairs_begin; tw_pairs_add for every pair of every word; tw_pairs_settle
 *     while (tw_pairs_take(pairs, &pair)) {                // the most frequent one
 *         while (tw_pairs_next_word(pairs, &word))         // each word that holds it
 *             ... in it the two become one: tw_pairs_add and tw_pairs_remove of what their neighbours make
 *         tw_pairs_settle(pairs);
 *     }
 *     tw_pairs_end
 *
 * A word may be named twice, or though it holds the pair no longer. A pair that was taken is gone. Of
 * pairs that are equally frequent the one with the lower left piece comes first, then the one with the
 * lower right piece (tokenizers, models/bpe/trainer.rs, orders them so): the order in which pairs were
 * added plays no part.
 *
 * A table finds a pair, a heap the most frequent one; the heap is put right once a round. About 64 bytes a
 * pair, 8 a word that holds it; places of taken pairs are used again. TW_INTERNAL when memory is refused. */
#ifndef TW_PAIRS_H
#define TW_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct tw_pair {
    uint32_t left, right; /* pieces */
    uint64_t count;
};

/* Fields are pairs.c's. */
struct tw_pairs {
    struct tw_pairs_entry *entries;
    size_t entry_count, entry_room;
    uint32_t *slots; /* number of the entry + 1; 0: free */
    size_t slot_count;
    uint32_t *heap; /* numbers of entries, the most frequent first */
    size_t heap_count, heap_room;
    uint32_t *changed; /* entries since the last settling */
    size_t changed_count, changed_room;
    struct tw_pairs_place *places;
    size_t place_count, place_room;
    uint32_t free_place;  /* number + 1 */
    uint32_t taken;       /* entry + 1 that is being merged: its count changes no more */
    uint32_t taken_place; /* the next of its words, + 1 */
};

/* An empty table. TW_INTERNAL without memory. */
TW_MUST_USE bool tw_pairs_begin(struct tw_pairs *pairs, struct tw_error *err);
/* Zeroed pairs are safe to end. */
void tw_pairs_end(struct tw_pairs *pairs);

/* The pair stands `count` times more, in word number `word`. */
TW_MUST_USE bool tw_pairs_add(struct tw_pairs *pairs, uint32_t left, uint32_t right, uint64_t count,
    uint32_t word, struct tw_error *err);
/* It stands so many times less. It was added before. */
TW_MUST_USE bool tw_pairs_remove(
    struct tw_pairs *pairs, uint32_t left, uint32_t right, uint64_t count, struct tw_error *err);
/* After changes, before the next one is taken. */
TW_MUST_USE bool tw_pairs_settle(struct tw_pairs *pairs, struct tw_error *err);

/* Takes the most frequent pair; false when none is left. */
bool tw_pairs_take(struct tw_pairs *pairs, struct tw_pair *out);
/* The next word that holds, or once held, the pair that was taken; false after the last. */
bool tw_pairs_next_word(struct tw_pairs *pairs, uint32_t *word);

#endif
