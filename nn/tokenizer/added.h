/* added: tokens that were added to a vocabulary, and where they stand in a text, as AddedVocabulary of
 * tokenizers has it.
 *
 *     tw_added_index(tokens, count, &form, &added);        // once; tokens in any order, sorted in place
 *     struct tw_added_scan scan = {.added = &added, .text = text, .length = length};
 *     token = tw_added_at(&scan, position, &end);          // positions in growing order
 *
 * A token whose `normalized` is false is looked for in the raw text; one whose `normalized` is true in what
 * the normalizer makes of the text between those, and as what the normalizer makes of the token itself:
 * "$VELQ" finds "$velq" where case is folded. At each place the longest wins. With `single_word` it must not
 * stand beside a letter, digit, mark or underscore; where it does, nothing is found inside it either.
 * `lstrip` and `rstrip` take white space that the words do not keep: they change no id, and are not needed.
 *
 * Limits: a match that would end inside of one character of the source (a syllable of Hangul taken apart)
 * is none. */
#ifndef TW_ADDED_H
#define TW_ADDED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/* What the normalizer does to a character. */
struct tw_normal_form {
    bool lower_case;
    bool strip_accents;
    bool split_chinese;
};

struct tw_added_token {
    struct tw_text text; /* not empty, valid UTF-8 */
    struct tw_text form; /* what is looked for: the text, or what the normalizer makes of it; may be empty */
    int32_t id;
    bool normalized;
    bool single_word;
    bool outside;  /* not a token of the vocabulary itself: no word is cut into it */
    uint32_t next; /* index + 1 of the next, shorter or equal, of its first byte; 0: the last */
};

struct tw_added {
    const struct tw_added_token *tokens;
    struct tw_normal_form form;
    uint32_t raw[256];    /* index + 1 of the longest by first byte, 0: none */
    uint32_t normal[256]; /* the same of normalized ones, by the first byte of their form */
    bool any_normal;      /* is any token normalized? */
    bool may_begin[256];  /* a token may begin with this byte of the source */
};

/* Fills `form` of a normalized token from its text. False when the arena is full. */
bool tw_added_normalize(
    const struct tw_normal_form *form, struct tw_added_token *token, struct tw_arena *arena);

/* Sorts and links the tokens, which `out` points to afterwards. */
void tw_added_index(
    struct tw_added_token *tokens, uint32_t count, const struct tw_normal_form *form, struct tw_added *out);

/* A text being looked through. */
struct tw_added_scan {
    const struct tw_added *added;
    const uint8_t *text;
    uint32_t length;
    uint32_t piece;                 /* where the last token of the raw text ended */
    uint32_t raw_from, normal_from; /* before these, a token was found and refused */
};

/* The token that stands at `position`, and its end; NULL when none does. */
const struct tw_added_token *tw_added_at(struct tw_added_scan *scan, uint32_t position, uint32_t *end);

#endif
