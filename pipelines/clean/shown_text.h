/* shown_text: text from outside, made harmless for a terminal.
 *   in    UTF-8 of anybody's
 *   out   what may be written to a terminal in its place, character by character, and the columns it takes
 *
 * Controls and separators of lines would move the cursor or send it a command: each is a blank. What only
 * formats (joiners, marks that turn the direction of writing) is left out. */
#ifndef TW_SHOWN_TEXT_H
#define TW_SHOWN_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/text.h"

/* A character of a text, and what is shown of it: itself, a blank, or nothing. */
struct tw_shown_character {
    size_t bytes; /* of the text */
    struct tw_text shown;
    uint32_t columns;
};

/* The character at `at`, which is below the text's length. */
struct tw_shown_character tw_shown_character_at(struct tw_text text, size_t at);

/* Writes bytes [begin, end) of the text, made harmless. */
void tw_shown_write(FILE *out, struct tw_text text, size_t begin, size_t end);

#endif
