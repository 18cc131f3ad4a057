/* wordpiece: a clean word to the ids of its pieces, longest first.
 *
 * The vocabulary is a double array over the bytes of its tokens (Aoe, 1989; with XOR for the step, as
 * darts-clone does): 8 bytes a node, one load a byte. A step from `node` by `byte` goes to node.base ^ byte
 * and is good when the label there is that byte; no two nodes share a base, so the label alone decides.
 * Tokens that continue a word are stored as they are written, "##ing": their root is the node behind "##".
 *
 * Cutting is greedy (Wu et al. 2016, as BERT does it): the longest token that begins the word, then the
 * longest "##" token that begins the rest, and so on; when nothing fits, the whole word is unknown. Tokens
 * are valid UTF-8 and so is the word, so a match of bytes ends where a character ends.
 *
 * Read-only after tw_wordpiece_build, shared by threads. */
#ifndef TW_WORDPIECE_H
#define TW_WORDPIECE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct tw_wordpiece_node {
    uint32_t
        base_and_label; /* base in the upper 24 bits, the byte that leads here in the lower 8; 0 = free */
    int32_t id;         /* of the token that ends here, else -1 */
};

struct tw_wordpiece {
    const struct tw_wordpiece_node *nodes;
    uint32_t node_count;   /* a multiple of 256 */
    uint32_t continuation; /* the root of "##" tokens; 0 when there are none */
};

/* The vocabulary must fit in 24 bits of nodes: about 100 MB of tokens. */
#define TW_WORDPIECE_MOST_NODES (1U << 24)

/* Builds the double array of `count` tokens, token i with id i; tokens with bytes == NULL are gaps. The nodes
 * are placed in `arena`. TW_FULL when the arena or the 24 bits are full, TW_CONFIG for a token that stands
 * there twice: *twice and *first are then its two ids (the caller knows the lines). */
TW_MUST_USE bool tw_wordpiece_build(const struct tw_text *tokens, uint32_t count, struct tw_arena *arena,
    struct tw_wordpiece *out, uint32_t *twice, uint32_t *first, struct tw_error *err);

/* Cuts a word of `length` > 0 bytes. Piece i is ids[i] and ends at byte ends[i] of the word. Returns the
 * number of pieces, 0 when the word is unknown. Both arrays have room for a piece a byte. */
uint32_t tw_wordpiece_cut(const struct tw_wordpiece *vocabulary, const uint8_t *word, uint32_t length,
    int32_t *ids, uint32_t *ends);

/* The id of a token as it is written, -1 when there is none. */
int32_t tw_wordpiece_find(const struct tw_wordpiece *vocabulary, struct tw_text token);

#endif
