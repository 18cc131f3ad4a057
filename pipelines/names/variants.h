/* variants: other spellings of a name of the entities file that mean the same company.
 *
 *   in    the words of a listed name in the one form (words.h); a listed symbol
 *   out   its other spellings, one call after another
 *
 * A name is also spelled
 *   - with its legal form at the end in another spelling: Corp, Corporation; Inc, Incorporated; Ltd, Limited;
 *     Co, Company; Co Ltd, Co., Ltd, Company Limited; PLC, LLC, LP, SA, NV, SpA with stops or without; and
 *     but for Co with a comma before it or without
 *   - without what tables put behind a slash and the form: CORP /DE/, Co/The
 *   - with "&", "and" and "+" between its words for one another
 *   - without "The" at its head, where two words stay
 *   - without its apostrophes; with its hyphens between parts of three letters and more left out, or a blank
 *     in their place: "Bram-Wickel's" is "Bram Wickels", too
 * and a number of Shanghai, Shenzhen or Hong Kong (600999.SS, 0700.HK) with the exchange before it: SH600999,
 * HK00700.
 *
 * Never without its legal form, and by no form of another meaning: Velquin Corp is neither Velquin nor
 * Velquin Ltd. Who looks them up lets the names that the file lists come first, and takes a spelling of
 * words only where a text has capitals as in names (tw_word_is_titled): "a national company" is no National
 * Co. */
#ifndef TW_VARIANTS_H
#define TW_VARIANTS_H

#include "names/entities.h"
#include "names/words.h"

struct tw_name_variants {
    const struct tw_text *words; /* the caller's */
    uint32_t listed, count;      /* words of the name, and of it without what stands behind a slash */
    uint32_t stem;               /* words before its form and the comma there */
    int form;                    /* of the table; none: -1 */
    bool article, joined;        /* "The" may go; "&" or the like stands between words */
    uint32_t marks;              /* ways to write apostrophes and hyphens */
    uint32_t next, most;
};

struct tw_name_variant {
    struct tw_text words[TW_NAME_WORDS];
    uint32_t count;
    char fused[4 * TW_WORD_BYTES]; /* words that a mark has parted */
    size_t used;
};

/* Begins the spellings of a name of `count` words, which must outlive them. */
void tw_name_variants_begin(struct tw_name_variants *variants, const struct tw_text *words, uint32_t count);

/* The next spelling, which is not the name's own; its words point into the name's and into *out, or
 * are constant. False behind the last. */
bool tw_name_variants_next(struct tw_name_variants *variants, struct tw_name_variant *out);

enum { TW_NUMBER_NAME_BYTES = 16 };

/* The nth spelling of a symbol with its exchange before it, in small letters; length 0: there is none. */
struct tw_text tw_number_name(struct tw_text symbol, uint32_t nth, char bytes[TW_NUMBER_NAME_BYTES]);

#endif
