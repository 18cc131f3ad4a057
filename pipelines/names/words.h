/* words: how names, keywords and texts are cut into words and brought into one form, so that all are cut and
 * spelled alike.
 *
 * One form. Each character is its compatibility decomposition (Unicode's NFKD), its case folded: full-width
 * and half-width letters, ligatures, and letters whose accents stand apart are what they look like. Accents
 * (combining diacritical marks) are left out: "Nestlé" and "Nestle" are the same, written either way; so
 * are the vowel points of Hebrew and Arabic, hamza and madda on an alef, and the stroke that stretches Arabic
 * words. All
 * hyphens, dashes and the minus sign are "-", all apostrophes and single quotes "'", all double quotes '"',
 * all dollar signs "$", all slashes "/", all dots at half height "·". Letters with a stroke are plain, two in
 * one are two: "Ørsted" is "Orsted", "Æ" "AE". Joiners, fillers, variation selectors, other characters that
 * nobody sees and the signs of trade marks are skipped.
 *
 * Words. A run of letters, marks and digits is one word; any other character but white space is one of its
 * own. Scripts that put no space between words give each character a word: Han, Hiragana, Katakana, Hangul,
 * Thai, Lao, Khmer, Myanmar. So names are found inside of sentences, and tw_word_edges says where a name may
 * begin and end there:
 *   Hangul      at the beginning of a run of Hangul; behind it the run ends, or goes on with particles alone
 *               (가, 는, 에서)
 *   Katakana    not inside a run of Katakana, but before a word that companies' names take on (グループ)
 *   Thai, ...   not before a mark or vowel that belongs to the letter before it, nor behind a vowel that is
 *               written before its consonant
 *   Han         anywhere; a single ideograph not inside a run of Han, and two not where a common word of two
 *               (han_words.h) reaches over an edge of theirs, unless another such word takes its other half:
 *               in 不同方面 stands no 同方, in 京东方 no 京东, but one in 京东方面 */
#ifndef TW_WORDS_H
#define TW_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { TW_WORD_BYTES = 96 }; /* a longer word is in no name */

struct tw_name_word {
    uint32_t begin, end; /* bytes into the text */
    uint32_t length;     /* of `folded`; 0 for a word that is too long to be in a name */
    bool letters;        /* made of letters, marks or digits; false for any other character */
    char folded[TW_WORD_BYTES + 8];
};

/* The next word at or after *at, which moves to its end; false at the end of the text. */
bool tw_word_next(struct tw_text text, uint32_t *at, struct tw_name_word *word);

/* Does the stretch of words [begin, end) begin and end where a name may? Only in scripts without spaces it
 * may not. */
bool tw_word_edges(struct tw_text text, size_t begin, size_t end);

/* Are two stretches the same in all but what the one form takes away, case excepted: "AT&T" and "AT & T", not
 * "at&t"? */
bool tw_word_spelled_alike(struct tw_text left, struct tw_text right);

/* Is the text written as names are: with a capital in its first word, and in each of four letters and more? A
 * word of a script without capitals has one. */
bool tw_word_is_titled(struct tw_text text);

/* True when the character at `at` is a letter, mark or digit that a word before it would go on with: none of
 * a script whose characters are words of their own. */
bool tw_word_joins(struct tw_text text, size_t at);

/* True when the character that ends before `at` is a letter, mark or digit. */
bool tw_word_before(struct tw_text text, size_t at);

/* White space that words skip: ASCII's and that of Unicode. Bytes of the one at `at`, 0 when none. */
size_t tw_word_space(struct tw_text text, size_t at);

/* Bytes of the characters at `at` that nobody sees: joiners, fillers, marks of direction. 0 when none. */
size_t tw_word_unseen(struct tw_text text, size_t at);

/* One ASCII character that the one at `at` is in the one form, case kept, and its bytes in *length; 0 when it
 * is no such. */
char tw_word_ascii(struct tw_text text, size_t at, size_t *length);

#endif
