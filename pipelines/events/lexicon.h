/* lexicon: which terms of the patterns a word of a text is, told in one walk over its letters.
 *
 *     tw_lexicon_begin(&lexicon, letters, terms, arena, err);     // letters: of all words added, together
 *     tw_lexicon_add(&lexicon, word, stem, term);                 // as often as there are words
 *     tw_lexicon_close(&lexicon, err);                            // from now on it is only read
 *     while (tw_lexicon_next(&lexicon, text, &at, &word)) ...
 *
 * A term is what one place of a pattern asks for: a set of words ("file", "files") and stems ("bankrupt*":
 * every word that begins so), named by a number. Words stand in a trie over a-z and 0-9. A word of the text
 * falls out of it within a few letters unless a pattern knows it, so most of a text costs a nanosecond a
 * letter.
 *
 * Words. A run of ASCII letters and digits, case folded; apostrophes inside are left out ("didn't" is
 * "didnt"), a possessive 's is no part of its word; single letters joined by points or by & are one word
 * ("U.S." is "us", "S&P" is "sp"). A number is a run of digits with its points and commas; one that is added
 * as a word is any number too. Other letters than ASCII's are part of a run that is no term. Everything else
 * stands between words. */
#ifndef TW_LEXICON_H
#define TW_LEXICON_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum { TW_LEXICON_LETTERS = 36 };

struct tw_lexicon_node;
struct tw_lexicon_meaning;

/* What a word of a text is. */
struct tw_term_set {
    const uint64_t *terms;   /* one bit a term */
    const uint32_t *listed;  /* the same, one after the other */
    const uint32_t *anchors; /* those of them that the taxonomy looks patterns up by */
    uint32_t count, anchor_count;
};

struct tw_lexicon {
    struct tw_arena *arena;
    uint8_t letters[256]; /* by byte: 0-35, or what else it is */
    struct tw_lexicon_node *nodes;
    struct tw_lexicon_meaning *meanings; /* by node */
    uint32_t node_count, node_room;
    uint32_t term_words; /* 64-bit words of a set of terms */
    uint64_t *number_terms;
    const struct tw_term_set *numbers; /* what any number is; NULL: no term */
};

/* A word of a text. */
struct tw_event_word {
    uint32_t begin, end;           /* bytes of the text */
    const struct tw_term_set *set; /* NULL: no term */
};

/* An empty lexicon for `terms` terms and words of `letters` letters in all. TW_FULL. */
TW_MUST_USE bool tw_lexicon_begin(
    struct tw_lexicon *lexicon, size_t letters, uint32_t terms, struct tw_arena *arena, struct tw_error *err);

/* `word`: letters a-z and digits alone, at least one. With `stem` every word that begins so is the term.
 * TW_CONFIG beyond 65,535 different beginnings of words; TW_FULL. */
TW_MUST_USE bool tw_lexicon_add(
    struct tw_lexicon *lexicon, struct tw_text word, bool stem, uint32_t term, struct tw_error *err);

/* Every number is the term too. TW_FULL. */
TW_MUST_USE bool tw_lexicon_add_numbers(struct tw_lexicon *lexicon, uint32_t term, struct tw_error *err);

/* Brings the stems of each word's beginnings to the word itself. `anchors`: a set of term_words words.
 * TW_FULL. */
TW_MUST_USE bool tw_lexicon_close(struct tw_lexicon *lexicon, const uint64_t *anchors, struct tw_error *err);

/* The next word at or after *at, which moves to its end; false at the text's end. */
bool tw_lexicon_next(
    const struct tw_lexicon *lexicon, struct tw_text text, uint32_t *at, struct tw_event_word *word);

/* Is the term in the set? A set of NULL holds none. */
static inline bool tw_lexicon_has(const struct tw_term_set *set, uint32_t term)
{
    return set && (set->terms[term / 64] >> term % 64 & 1);
}

#endif
