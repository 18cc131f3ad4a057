#include "events/naming.h"

/* Words of a person's name, and of a reporter's: "Neue Zuercher Zeitung". */
enum { PERSON_WORDS = 3, REPORTER_WORDS = 4 };

bool tw_name_has_capital(struct tw_text text, const struct tw_event_word *word)
{
    for (uint32_t at = word->begin; at < word->end; at++)
        if (tw_text_is_capital(text.bytes[at]) || (unsigned char)text.bytes[at] >= 0x80)
            return true;
    return false;
}

static bool is_letter(char byte)
{
    return tw_text_is_capital(byte) || (byte >= 'a' && byte <= 'z') || (unsigned char)byte >= 0x80;
}

/* Does a sentence, or what stands behind "UPDATE 1-" or "Exclusive:", begin with the next word? Every such
 * word has a capital. */
static bool opens_between(struct tw_text text, uint32_t end, uint32_t next)
{
    for (uint32_t at = end; at < next; at++)
        if (text.bytes[at] != ' ' && text.bytes[at] != ',' && text.bytes[at] != '&')
            return true;
    return end == 0;
}

/* Jane, but not JANE: where all is written large, who the person is cannot be seen. */
static bool is_capitalised(struct tw_text text, const struct tw_event_word *word)
{
    return word->end - word->begin >= 2 && tw_text_is_capital(text.bytes[word->begin]) &&
           !tw_text_is_capital(text.bytes[word->begin + 1]);
}

static bool is_of(const struct tw_event_word *word, uint32_t term)
{
    return term != TW_TAXONOMY_NO_WORDS && tw_lexicon_has(word->set, term);
}

/* Does the next word stand right behind, parted by a blank, and by a title's point ("Sen. Roe") or the mark
 * of a nickname ("hacker 'Quorl'")? */
static bool follows(const struct tw_name_walk *walk, uint32_t next)
{
    enum { TITLE_LETTERS = 3 };
    const char *bytes = walk->text.bytes;
    uint32_t letters = 0, end = walk->end;
    while (letters < end && is_letter(bytes[end - 1 - letters]))
        letters++;
    bool title = letters > 1 && letters <= TITLE_LETTERS && tw_text_is_capital(bytes[end - letters]) &&
                 !tw_text_is_capital(bytes[end - 1]);
    end += title && bytes[end] == '.';
    next -= bytes[next - 1] == '"' || bytes[next - 1] == '\'';
    return next - end == 1 && bytes[end] == ' ';
}

/* How many words of a person's name may follow this one; *is_person: it is of one itself. */
static uint32_t person_behind(
    const struct tw_name_walk *walk, const struct tw_event_word *word, bool *is_person)
{
    bool goes_on =
        walk->person > 0 && !word->set && follows(walk, word->begin) && is_capitalised(walk->text, word);
    *is_person = is_of(word, walk->taxonomy->persons);
    if (*is_person)
        return PERSON_WORDS;
    *is_person = goes_on;
    return goes_on ? walk->person - 1 : 0;
}

/* A number with a letter is a name where a text or a sentence begins (3M), elsewhere, and behind a currency's
 * sign, an amount (1.2B, $120M). */
static bool is_amount(const struct tw_name_walk *walk, const struct tw_event_word *word)
{
    const char *bytes = walk->text.bytes;
    uint32_t at = word->begin;
    while (at < word->end && (unsigned char)bytes[at] >= 0x80) /* pounds and euros */
        at++;
    if (at == word->end || !tw_text_is_digit(bytes[at]))
        return false;
    return at > word->begin || !opens_between(walk->text, walk->end, at) || (at > 0 && bytes[at - 1] == '$');
}

bool tw_name_is_of_others(const struct tw_taxonomy *taxonomy, struct tw_text text, uint32_t end)
{
    enum { POSSESSIVE = 4, CURLED = 0xe2 }; /* bytes of 's, the apostrophe may be a curled one */
    struct tw_event_word word;
    uint32_t at = end;
    if (end < text.length && (text.bytes[end] == '\'' || (unsigned char)text.bytes[end] == CURLED))
        while (at < text.length && at - end < POSSESSIVE && text.bytes[at] != ' ')
            at++;
    if (at >= text.length || text.bytes[at] != ' ')
        return false;
    uint32_t begin = at + 1;
    return tw_lexicon_next(&taxonomy->lexicon, text, &at, &word) && word.begin == begin &&
           !tw_text_is_capital(text.bytes[begin]) && is_of(&word, taxonomy->others);
}

bool tw_name_walk_next(struct tw_name_walk *walk, const struct tw_event_word *word)
{
    struct tw_text text = walk->text;
    bool is_person, amount = is_amount(walk, word);
    bool opener = is_of(word, walk->taxonomy->openers) && opens_between(text, walk->end, word->begin);
    walk->person = person_behind(walk, word, &is_person);
    walk->end = word->end;
    if (opener)
        return false;
    return !is_person && !amount && word->end - word->begin >= 2 && tw_name_has_capital(text, word) &&
           !is_of(word, walk->taxonomy->nobody) && !tw_name_is_of_others(walk->taxonomy, text, word->end);
}

/* ---- who reports ---- */

bool tw_name_is_written_small(struct tw_text text, uint32_t begin, uint32_t end)
{
    uint32_t small = 0, letters = 0;
    for (uint32_t at = begin; at <= end; at++) {
        if (at < end && is_letter(text.bytes[at])) {
            letters++;
            continue;
        }
        small += letters >= 4 && !tw_text_is_capital(text.bytes[at - letters]);
        letters = 0;
    }
    return small >= 2;
}

/* Do the bytes [begin, end) bear at most REPORTER_WORDS words, each with a capital? */
static bool is_reporter(struct tw_text text, uint32_t begin, uint32_t end)
{
    uint32_t words = 0;
    bool inside = false;
    for (uint32_t at = begin; at < end; at++) {
        char byte = text.bytes[at];
        if (byte == ' ') {
            inside = false;
            continue;
        }
        if (!inside && !tw_text_is_capital(byte) && !tw_text_is_digit(byte))
            return false;
        words += !inside;
        inside = true;
    }
    return words > 0 && words <= REPORTER_WORDS;
}

/* Does a hyphen at the byte part a headline from its reporter ("bank's books-Fortune", " - "), and not two
 * halves of a name ("Ostrand-Velquin", "ex-Velquin")? */
static bool parts(struct tw_text text, uint32_t at)
{
    enum { SHORTEST = 5 };
    uint32_t letters = 0;
    if (at + 1 < text.length && (text.bytes[at + 1] == ' ' || text.bytes[at - 1] == '-'))
        return true;
    if (text.bytes[at - 1] == ' ')
        return true;
    while (letters < at && is_letter(text.bytes[at - 1 - letters]))
        letters++;
    return letters >= SHORTEST && !tw_text_is_capital(text.bytes[at - letters]);
}

/* A long dash that ends before the byte. */
static bool is_dash(struct tw_text text, uint32_t end)
{
    return end >= 3 && text.bytes[end - 3] == '\xe2' && text.bytes[end - 2] == '\x80' &&
           (text.bytes[end - 1] == '\x93' || text.bytes[end - 1] == '\x94');
}

uint32_t tw_name_reporter(struct tw_text headline)
{
    uint32_t length = (uint32_t)headline.length;
    for (uint32_t at = length; at > 1; at--) {
        bool blank_behind = at < length && headline.bytes[at] == ' ';
        bool colon = blank_behind && (headline.bytes[at - 1] == ':' || is_dash(headline, at));
        if (!colon && (headline.bytes[at - 1] != '-' || !parts(headline, at - 1)))
            continue; /* no mark, or a hyphen of the reporter's own name */
        return is_reporter(headline, at, length) && tw_name_is_written_small(headline, 0, at - 1) ? at
                                                                                                  : length;
    }
    return length;
}
