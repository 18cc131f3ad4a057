#include "names/variants.h"

#include <string.h>

enum { SPELLINGS = 8 };

/* A legal form in each of its spellings, as words in the one form. */
struct form {
    const char *spellings[SPELLINGS];
    bool comma; /* may stand before it */
};

/* Those of more words before those that they end with. */
static const struct form forms[] = {
    {{"co ltd", "co . ltd", "co . , ltd", "co , ltd", "co limited", "company limited", "company ltd"}, false},
    {{"corp", "corporation"}, true},
    {{"inc", "incorporated"}, true},
    {{"ltd", "limited"}, true},
    {{"co", "company"}, false},
    {{"plc", "p . l . c"}, true},
    {{"llc", "l . l . c"}, true},
    {{"lp", "l . p"}, true},
    {{"spa", "s . p . a"}, true},
    {{"sa", "s . a"}, true},
    {{"nv", "n . v"}, true},
};

static const char *const conjunctions[] = {"&", "and", "+"};

/* Ways to write apostrophes and hyphens: as they are; without apostrophes and with blanks for hyphens;
 * without both. */
enum { AS_LISTED, PARTED, FUSED, MARKS };

enum {
    FORMS = sizeof forms / sizeof forms[0],
    CONJUNCTIONS = sizeof conjunctions / sizeof conjunctions[0],
};

static bool is_word(struct tw_text word, const char *wanted)
{
    return tw_text_equal(word, tw_text_of(wanted));
}

/* A word of letters or digits, and no mark. */
static bool is_letters(struct tw_text word)
{
    return word.length > 0 &&
           ((unsigned char)word.bytes[0] >= 0x80 || tw_text_is_alphanumeric(word.bytes[0]));
}

/* The words of a spelling, behind those that are there. */
static bool append_words(struct tw_name_variant *out, const char *spelling)
{
    while (*spelling) {
        size_t length = strcspn(spelling, " ");
        if (out->count == TW_NAME_WORDS)
            return false;
        out->words[out->count++] = (struct tw_text){spelling, length};
        spelling += length + (spelling[length] == ' ');
    }
    return true;
}

/* Do the words end with the spelling, with another word before it? How many of them it takes, or 0. Most
 * differ in their last byte. */
static uint32_t tail_of(const struct tw_text *words, uint32_t count, const char *spelling)
{
    struct tw_text last = words[count - 1];
    struct tw_name_variant tail;
    if (last.length == 0 || last.bytes[last.length - 1] != spelling[strlen(spelling) - 1])
        return 0;
    tail.count = 0;
    if (!append_words(&tail, spelling) || tail.count >= count)
        return 0;
    for (uint32_t at = 0; at < tail.count; at++)
        if (!tw_text_equal(words[count - tail.count + at], tail.words[at]))
            return 0;
    return tail.count;
}

static bool is_apostrophe(const struct tw_text *words, uint32_t count, uint32_t at)
{
    return at > 0 && at + 1 < count && is_word(words[at], "'") && is_letters(words[at - 1]) &&
           is_letters(words[at + 1]);
}

/* Short parts are left alone: "Snap-on" is no "Snap on". */
static bool is_hyphen(const struct tw_text *words, uint32_t count, uint32_t at)
{
    enum { LEAST = 3 };
    return at > 0 && at + 1 < count && is_word(words[at], "-") && is_letters(words[at - 1]) &&
           is_letters(words[at + 1]) && words[at - 1].length >= LEAST && words[at + 1].length >= LEAST;
}

static bool is_conjunction(const struct tw_text *words, uint32_t count, uint32_t at)
{
    if (at == 0 || at + 1 >= count || !is_letters(words[at - 1]) || !is_letters(words[at + 1]))
        return false;
    for (size_t nth = 0; nth < CONJUNCTIONS; nth++)
        if (is_word(words[at], conjunctions[nth]))
            return true;
    return false;
}

static uint32_t count_spellings(int form)
{
    uint32_t count = 1; /* the first is always there */
    while (form >= 0 && count < SPELLINGS && forms[form].spellings[count])
        count++;
    return count;
}

/* Does anything stand before the form that is a name: not "The Limited", "& Co"? */
static bool is_name(const struct tw_text *words, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        if (is_letters(words[at]) && !is_word(words[at], "the"))
            return true;
    return false;
}

/* Finds the form at the name's end. */
static void find_form(struct tw_name_variants *variants)
{
    uint32_t taken = 0;
    variants->stem = variants->count;
    variants->form = -1;
    for (int form = 0; form < FORMS && !taken; form++) {
        for (int nth = 0; nth < SPELLINGS && forms[form].spellings[nth] && !taken; nth++)
            taken = tail_of(variants->words, variants->count, forms[form].spellings[nth]);
        variants->form = taken ? form : -1;
    }
    if (!is_name(variants->words, variants->count - taken)) {
        variants->form = -1;
        return;
    }
    variants->stem -= taken;
    if (taken && variants->stem > 1 && is_word(variants->words[variants->stem - 1], ","))
        variants->stem--;
}

/* Leaves out "/DE/", "/The", "/" behind the form. */
static void leave_out_register(struct tw_name_variants *variants)
{
    const struct tw_text *words = variants->words;
    uint32_t count = variants->count;
    count -= is_word(words[count - 1], "/");
    if (count > 2 && is_letters(words[count - 1]) && is_word(words[count - 2], "/"))
        count -= 2;
    struct tw_name_variants without = {.words = words, .listed = variants->listed, .count = count};
    if (count == variants->count || count < 2)
        return;
    find_form(&without);
    if (without.form >= 0)
        *variants = without;
}

void tw_name_variants_begin(struct tw_name_variants *variants, const struct tw_text *words, uint32_t count)
{
    uint32_t letters = 0;
    bool apostrophe = false, hyphen = false;
    *variants = (struct tw_name_variants){.words = words, .listed = count, .count = count};
    if (count < 2)
        return;
    find_form(variants);
    leave_out_register(variants);
    count = variants->count;
    for (uint32_t at = 0; at < count; at++) {
        letters += is_letters(words[at]);
        variants->joined = variants->joined || is_conjunction(words, count, at);
        apostrophe = apostrophe || is_apostrophe(words, count, at);
        hyphen = hyphen || is_hyphen(words, count, at);
    }
    variants->marks = hyphen ? MARKS : 1 + apostrophe;
    variants->article = is_word(words[0], "the") && letters > 2 && variants->stem > 1;
    bool comma = variants->form >= 0 && forms[variants->form].comma;
    variants->most = count_spellings(variants->form) * (1 + comma) * (1 + variants->article) *
                     (variants->joined ? CONJUNCTIONS : 1) * variants->marks;
}

/* One word of the last one and the next. */
static bool fuse_words(struct tw_name_variant *out, struct tw_text next)
{
    struct tw_text *last = &out->words[out->count - 1];
    size_t length = last->length + next.length;
    if (length > TW_WORD_BYTES || length > sizeof out->fused - out->used)
        return false;
    char *bytes = out->fused + out->used;
    memcpy(bytes, last->bytes, last->length);
    memcpy(bytes + last->length, next.bytes, next.length);
    *last = (struct tw_text){bytes, length};
    out->used += length;
    return true;
}

/* Writes apostrophes and hyphens another way; false where a word becomes too long. */
static bool write_marks(uint32_t way, struct tw_name_variant *out)
{
    struct tw_text words[TW_NAME_WORDS];
    uint32_t count = out->count;
    memcpy(words, out->words, count * sizeof *words);
    out->count = 0;
    for (uint32_t at = 0; at < count; at++) {
        bool hyphen = is_hyphen(words, count, at);
        if (!hyphen && !is_apostrophe(words, count, at))
            out->words[out->count++] = words[at];
        else if ((!hyphen || way == FUSED) && !fuse_words(out, words[++at]))
            return false;
    }
    return true;
}

/* The nth of all ways to put the name together; false where it has too many words. */
static bool put_together(const struct tw_name_variants *variants, uint32_t nth, struct tw_name_variant *out)
{
    uint32_t spellings = count_spellings(variants->form), spelling = nth % spellings;
    nth /= spellings;
    bool article = variants->article && nth % 2 == 0; /* stays */
    nth /= 1 + variants->article;
    uint32_t conjunction = variants->joined ? nth % CONJUNCTIONS : 0;
    nth /= variants->joined ? CONJUNCTIONS : 1;
    uint32_t marks = nth % variants->marks;
    bool comma = nth / variants->marks != 0;
    out->count = 0;
    out->used = 0;
    for (uint32_t at = variants->article && !article; at < variants->stem; at++)
        out->words[out->count++] = variants->words[at];
    if (variants->form >= 0 &&
        ((comma && !append_words(out, ",")) || !append_words(out, forms[variants->form].spellings[spelling])))
        return false;
    for (uint32_t at = 0; variants->joined && at < out->count; at++)
        if (is_conjunction(out->words, out->count, at))
            out->words[at] = tw_text_of(conjunctions[conjunction]);
    return marks == AS_LISTED || write_marks(marks, out);
}

static bool is_own(const struct tw_name_variants *variants, const struct tw_name_variant *variant)
{
    if (variant->count != variants->listed)
        return false;
    for (uint32_t at = 0; at < variant->count; at++)
        if (!tw_text_equal(variant->words[at], variants->words[at]))
            return false;
    return true;
}

bool tw_name_variants_next(struct tw_name_variants *variants, struct tw_name_variant *out)
{
    while (variants->next < variants->most)
        if (put_together(variants, variants->next++, out) && !is_own(variants, out))
            return true;
    return false;
}

/* ---- numbers ---- */

/* Suffixes of exchanges whose numbers are written with letters before them; Hong Kong's with zeros or not. */
static const struct {
    const char *suffix, *prefix;
    size_t digits;
} numbered[] = {{".SS", "sh", 6}, {".SH", "sh", 6}, {".SZ", "sz", 6}, {".HK", "hk", 4}, {".HK", "hk", 5}};

struct tw_text tw_number_name(struct tw_text symbol, uint32_t nth, char bytes[TW_NUMBER_NAME_BYTES])
{
    enum { SUFFIX = 3, PREFIX = 2 };
    struct tw_text none = {bytes, 0};
    size_t digits = 0;
    while (tw_text_is_digit(tw_text_byte(symbol, digits)))
        digits++;
    for (size_t at = 0; at < sizeof numbered / sizeof numbered[0]; at++) {
        size_t zeros = numbered[at].digits - digits;
        if (digits == 0 || digits > numbered[at].digits || symbol.length != digits + SUFFIX ||
            !tw_text_goes_on(symbol, digits, numbered[at].suffix) || (zeros && numbered[at].digits == 6) ||
            nth-- > 0)
            continue;
        memcpy(bytes, numbered[at].prefix, PREFIX);
        memset(bytes + PREFIX, '0', zeros);
        memcpy(bytes + PREFIX + zeros, symbol.bytes, digits);
        return (struct tw_text){bytes, PREFIX + zeros + digits};
    }
    return none;
}
