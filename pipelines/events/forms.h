/* forms: a word of English in all its forms, so that a pattern names it once.
 *
 *     uint32_t count = tw_word_forms(tw_text_of("cancel"), forms);
 *     // cancel cancels canceled cancelled canceling cancelling
 *
 * A verb and a noun are treated alike: ending -s, -ed and -ing by the rules of spelling (-y to -ies, silent
 * e, consonant doubled), a verb of forms.c's table by that table, before which under-, over-, with-, mis-,
 * re- and the like may stand. Where both spellings are written (cancelled, canceled; -ise, -ize) both are
 * given. Some forms are no words of English ("sued" is, "lawsuited" is not): no text holds them, so they
 * cost nothing. */
#ifndef TW_FORMS_H
#define TW_FORMS_H

#include <stdint.h>

#include "base/text.h"

/* A form has at most TW_FORM_LETTERS letters; longer words have no forms but themselves. */
enum { TW_FORMS_MOST = 16, TW_FORM_LETTERS = 40 };

struct tw_word_form {
    char letters[TW_FORM_LETTERS];
    uint8_t length;
};

/* Writes the forms of `word` (small letters and digits, at most TW_FORM_LETTERS - 4 of them) into forms[],
 * itself first; returns how many there are, none of them twice. */
uint32_t tw_word_forms(struct tw_text word, struct tw_word_form forms[TW_FORMS_MOST]);

#endif
