/* pattern: one pattern of events.yaml, words in order with bounded gaps between them.
 *
 *     file* .. chapter 7|11            a stem, up to three words between, a word, one of two words
 *     <cuts> its? ..2 dividend         a named set of words, a word that may be left out, at most two between
 *     probe|investigation into @       the company that is meant stands behind
 *     deni* ..5 ^                      in exceptions: ^ is the event
 *
 *     word  stem*  a|b|c   one word: letters and digits; no * but at an end, two letters before it at least
 *     ~cut                 the word in all its forms: cuts, cutting (forms.h); may be one of several
 *     <name>               the words of a named set; may be one of several: <cuts>|halves
 *     <number>             any number
 *     item?                may be left out
 *     ..  ..N              up to 3, up to N (1 to 8) words that are anything
 *     &  &N                the same, and what stands on its two sides may come in either order; once
 *     @                    the company, up to 8 words; not needed for a match: it says which one is meant
 *     ^                    the event; only where exceptions are read, once, with words on one side or on both
 *     !                    at the end: nothing else stands in the sentence but companies of the entities file
 *
 * Read, a pattern is a list of steps: a term (lexicon.h) and how many words may stand before it. An item
 * that may be left out makes two patterns of one, three such items at most; so does &. Texts are matched
 * without their capitals. */
#ifndef TW_PATTERN_H
#define TW_PATTERN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

enum { TW_PATTERN_STEPS = 12, TW_PATTERN_GAP = 8, TW_PATTERN_PLACE_NONE = 255 };

/* One word of a pattern. */
struct tw_pattern_step {
    struct tw_text item; /* as written, without `?` */
    uint32_t term;       /* filled by the taxonomy, which numbers items */
    uint8_t gap;         /* words that may stand between the step before and this one */
};

struct tw_pattern {
    struct tw_pattern_step steps[TW_PATTERN_STEPS];
    uint8_t count;
    uint8_t company; /* the company is looked for before the step of this number (count: behind the last), or
                        TW_PATTERN_PLACE_NONE: where companies usually stand */
    uint8_t event;   /* of an exception: the steps before this one stand before the event, or NONE */
    uint8_t event_gap_before, event_gap_behind; /* words that may stand between them and the event */
    bool alone;                                 /* nothing else stands in the sentence but companies */
};

enum { TW_PATTERN_READINGS = 16 }; /* patterns that one text may stand for */

/* Reads a text into readings[], *count of them. `exception`: ^ is allowed. False with the fact in what[] and
 * the cure in cure[]; items point into `text`. */
TW_MUST_USE bool tw_pattern_read(struct tw_text text, bool exception,
    struct tw_pattern readings[TW_PATTERN_READINGS], uint32_t *count, char what[256], char cure[256]);

/* What one of an item's words stands for. */
enum tw_pattern_word {
    TW_PATTERN_WORD,  /* itself */
    TW_PATTERN_STEM,  /* every word that begins so: bankrupt* */
    TW_PATTERN_FORMS, /* all its forms: ~cut */
    TW_PATTERN_SET    /* the words of the set of that name: <cuts> */
};

/* The next word of an item, from *at on, which moves, without its mark: "file", "bankrupt" of bankrupt*,
 * "cut" of ~cut, "cuts" of <cuts>. False at its end. */
bool tw_pattern_next_word(
    struct tw_text item, size_t *at, struct tw_text *word, enum tw_pattern_word *stands_for);

#endif
