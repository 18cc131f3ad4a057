/* naming: which words of a text may be a company's name, where no entities file knows them.
 *
 *     struct tw_name_walk walk = {.taxonomy = taxonomy, .text = text};
 *     while (tw_lexicon_next(&taxonomy->lexicon, text, &at, &word))
 *         if (tw_name_walk_next(&walk, &word)) ...
 *
 * A name is a word with a capital that is not of the taxonomy's `nobody` (nations, days, newspapers), not of
 * its `openers` where a sentence begins with it ("Freight train derails"), and no person's. A person is a
 * word of the taxonomy's `persons` ("minister"), and up to three words right behind it that have a capital
 * and that no pattern knows: "former minister Jane Doe", "Mr. Doe". What stands right before a word of the
 * taxonomy's `others` ("supplier", "account") only says of what kind somebody else is: "a Quorlan supplier".
 *
 * Who reports a headline stands at its end, behind a colon or a dash: "SEC probes loan sales - Fortune". What
 * happened did not happen there. */
#ifndef TW_NAMING_H
#define TW_NAMING_H

#include "events/taxonomy.h"

struct tw_name_walk {
    const struct tw_taxonomy *taxonomy;
    struct tw_text text;
    uint32_t end;    /* of the word before; 0: there was none */
    uint32_t person; /* words behind which a person's name may still go on; 0: none */
};

/* Goes to the text's next word; may it be of a company's name? */
bool tw_name_walk_next(struct tw_name_walk *walk, const struct tw_event_word *word);

/* Are at least two longer words of the bytes [begin, end) written small? Else capitals say nothing. */
bool tw_name_is_written_small(struct tw_text text, uint32_t begin, uint32_t end);

/* Is a capital among the word's letters, or a letter that ASCII does not have? */
bool tw_name_has_capital(struct tw_text text, const struct tw_event_word *word);

/* Does a word of the taxonomy's `others`, written small, stand right behind the name that ends there? */
bool tw_name_is_of_others(const struct tw_taxonomy *taxonomy, struct tw_text text, uint32_t end);

/* The byte of a headline from which on stands who reports it; its length when nobody does, or when it is
 * written in capitals, so that a name looks like any word. */
uint32_t tw_name_reporter(struct tw_text headline);

#endif
