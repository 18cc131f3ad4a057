#include "examples/splice.h"

#include "base/random.h"

#include <string.h>

enum { SPLICE_STREAM = TW_RANDOM_FREE + 7, DRAWS = 4 };
enum draw { PARTNER, BEGINNING, END };

static double draw(uint64_t seed, uint32_t copy, uint64_t record, enum draw what)
{
    return tw_random_uniform(seed, SPLICE_STREAM, copy, record * DRAWS + what);
}

uint64_t tw_splice_partner(uint64_t seed, uint32_t copy, uint64_t record, uint64_t count)
{
    return tw_random_below(seed, SPLICE_STREAM, copy, record * DRAWS + PARTNER, count);
}

/* Cleaned texts have single spaces between words. */
static size_t count_words(struct tw_text text)
{
    size_t words = text.length > 0;
    for (size_t at = 0; at < text.length; at++)
        words += text.bytes[at] == ' ';
    return words;
}

/* The byte at which word number `word` begins; the text's length past the last. */
static size_t word_begin(struct tw_text text, size_t word)
{
    size_t at = 0;
    for (; word > 0 && at < text.length; at++)
        word -= text.bytes[at] == ' ';
    return at;
}

/* Three to seven tenths of the words, one at least. */
static size_t take_words(size_t words, double chance)
{
    size_t taken = (size_t)((0.3 + 0.4 * chance) * (double)words + 0.5);
    return taken == 0 ? 1 : taken;
}

bool tw_splice(uint64_t seed, uint32_t copy, uint64_t record, struct tw_text beginning, struct tw_text end,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    size_t first = count_words(beginning), second = count_words(end);
    *out = (struct tw_text){"", 0};
    if (first < 2 || second < 2)
        return true;
    size_t left = word_begin(beginning, take_words(first, draw(seed, copy, record, BEGINNING)));
    size_t right = word_begin(end, second - take_words(second, draw(seed, copy, record, END)));
    while (left > 0 && beginning.bytes[left - 1] == ' ')
        left--;
    char *text = tw_arena_take(arena, left + 1 + end.length - right);
    if (!text)
        return tw_arena_fail(arena, err);
    memcpy(text, beginning.bytes, left);
    text[left] = ' ';
    memcpy(text + left + 1, end.bytes + right, end.length - right);
    *out = (struct tw_text){text, left + 1 + end.length - right};
    return true;
}
