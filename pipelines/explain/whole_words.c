#include "explain/whole_words.h"

#include "names/words.h"

/* A part of a word: a run of letters and digits, or one mark. */
struct part {
    uint32_t begin, end;
    bool letters;
    char mark; /* in ASCII, where it is a mark that has one; else 0 */
    bool money;
};

/* A dash as long as a word is a pause between two, no hyphen inside of one: U+2013 to U+2015. */
static bool is_pause(struct tw_text text, const struct part *part)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes + part->begin;
    return part->end - part->begin == 3 && bytes[0] == 0xE2 && bytes[1] == 0x80 && bytes[2] >= 0x93 &&
           bytes[2] <= 0x95;
}

/* The signs of pound, yen and cent, U+00A2 to U+00A5, and those of U+20A0 to U+20BF: euro, rupee, won. */
static bool is_money(struct tw_text text, const struct part *part)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes + part->begin;
    const uint32_t length = part->end - part->begin;
    return (length == 2 && bytes[0] == 0xC2 && bytes[1] >= 0xA2 && bytes[1] <= 0xA5) ||
           (length == 3 && bytes[0] == 0xE2 && bytes[1] == 0x82 && bytes[2] >= 0xA0 && bytes[2] <= 0xBF);
}

/* The part at or after `at`; false at the end of the text. */
static bool part_at(struct tw_text text, uint32_t at, struct part *part)
{
    struct tw_name_word word;
    if (!tw_word_next(text, &at, &word))
        return false;
    *part = (struct part){.begin = word.begin, .end = word.end, .letters = word.letters};
    if (part->letters)
        return true;
    part->mark = word.length == 1 ? word.folded[0] : '\0';
    if (is_pause(text, part))
        part->mark = '\0';
    part->money = part->mark == '$' || is_money(text, part);
    return true;
}

/* The part behind `part`, when nothing that shows space stands between. */
static bool touching(struct tw_text text, const struct part *part, struct part *next)
{
    if (!part_at(text, part->end, next))
        return false;
    for (size_t at = part->end; at < next->begin; at++)
        if (tw_word_space(text, at))
            return false;
    return true;
}

static bool begins_with_digit(struct tw_text text, const struct part *part)
{
    return tw_text_is_digit(text.bytes[part->begin]);
}

/* Does the mark begin the word whose letters touch it? */
static bool opens(struct tw_text text, const struct part *mark, const struct part *letters)
{
    if (mark->money || mark->mark == '#' || mark->mark == '@')
        return true;
    return (mark->mark == '+' || mark->mark == '-') && begins_with_digit(text, letters);
}

/* Does the mark hold both sides together? */
static bool joins(
    struct tw_text text, const struct part *left, const struct part *mark, const struct part *right)
{
    const char before = text.bytes[left->end - 1], after = text.bytes[right->begin];
    switch (mark->mark) {
    case '\'':
    case '&':
    case '-':
    case '/':
    case '_':
        return true;
    case '.':
        return tw_text_is_digit(after) || tw_text_is_small(after) || left->end - left->begin == 1;
    case ',':
    case ':':
        return tw_text_is_digit(before) && tw_text_is_digit(after);
    default:
        return false;
    }
}

/* From its first letters on: all that belongs to the word. */
static uint32_t end_of_letters(struct tw_text text, struct part last)
{
    struct part mark, right;
    while (touching(text, &last, &mark) && !mark.letters) {
        if (mark.mark == '%')
            return mark.end;
        if (!touching(text, &mark, &right) || !right.letters || !joins(text, &last, &mark, &right))
            break;
        last = right;
    }
    return last.end;
}

/* Marks that touch, up to one that begins a word. */
static uint32_t end_of_marks(struct tw_text text, struct part last)
{
    struct part next, behind;
    while (touching(text, &last, &next) && !next.letters &&
           !(touching(text, &next, &behind) && behind.letters && opens(text, &next, &behind)))
        last = next;
    return last.end;
}

bool tw_whole_word_next(struct tw_text text, uint32_t *at, struct tw_whole_word *word)
{
    struct part first, letters;
    if (!part_at(text, *at, &first))
        return false;
    word->begin = first.begin;
    if (first.letters)
        word->end = end_of_letters(text, first);
    else if (touching(text, &first, &letters) && letters.letters && opens(text, &first, &letters))
        word->end = end_of_letters(text, letters);
    else
        word->end = end_of_marks(text, first);
    *at = word->end;
    return true;
}
