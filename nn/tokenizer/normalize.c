#include "tokenizer/normalize.h"

#include "tokenizer/unicode.h"

/* What class_of says of a byte. WORD is 0, so that the scan over a word compares with nothing. */
enum {
    CLASS_WORD = 0,
    CLASS_SPACE = 1,
    CLASS_PUNCTUATION = 2,
    CLASS_OTHER = 3,  /* begins a code point that is not ASCII, or is dropped: the long way */
    CLASS_TRIGGER = 4 /* a bit beside the others: an added token may begin here */
};

static uint8_t class_of_byte(unsigned byte)
{
    if (byte >= 0x80)
        return CLASS_OTHER;
    uint8_t flags = tw_unicode_kind(byte)->flags;
    if (flags & TW_UNICODE_DROPPED)
        return CLASS_OTHER;
    if (flags & TW_UNICODE_SPACE)
        return CLASS_SPACE;
    return flags & TW_UNICODE_PUNCTUATION ? CLASS_PUNCTUATION : CLASS_WORD;
}

void tw_normalizer_prepare(struct tw_normalizer *normalizer)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        normalizer->class_of[byte] = class_of_byte(byte);
        bool capital = byte >= 'A' && byte <= 'Z';
        normalizer->lower_of[byte] = (uint8_t)(normalizer->form.lower_case && capital ? byte | 0x20 : byte);
        if (normalizer->added.may_begin[byte])
            normalizer->class_of[byte] |= CLASS_TRIGGER;
    }
}

void tw_words_begin(struct tw_words *words, const struct tw_normalizer *normalizer, struct tw_text text)
{
    words->normalizer = normalizer;
    words->text = (const uint8_t *)text.bytes;
    words->length = (uint32_t)text.length;
    words->position = 0;
    words->scan =
        (struct tw_added_scan){.added = &normalizer->added, .text = words->text, .length = words->length};
    words->byte_count = words->character_count = 0;
    words->waiting_count = 0;
}

/* The added token that stands at the position, and its end; NULL when none does. */
static const struct tw_added_token *added_token_here(struct tw_words *words, uint32_t *end)
{
    return tw_added_at(&words->scan, words->position, end);
}

static bool give_added_token(
    struct tw_words *words, const struct tw_added_token *token, uint32_t end, struct tw_word *word)
{
    word->special = token->id;
    word->overlong = false;
    word->bytes = NULL;
    word->begins = word->ends = NULL;
    word->length = 0;
    word->begin = words->position;
    words->position = end;
    word->end = end;
    return true;
}

/* --- Words of ASCII --- */

static bool give_plain(struct tw_words *words, uint32_t begin, uint32_t length, struct tw_word *word)
{
    word->bytes = words->bytes;
    word->length = length;
    word->begin = begin;
    word->end = words->position;
    word->begins = word->ends = NULL;
    word->special = -1;
    word->overlong = length > words->normalizer->most_characters;
    return true;
}

static bool give_plain_punctuation(struct tw_words *words, struct tw_word *word)
{
    words->bytes[0] = words->text[words->position];
    words->position++;
    return give_plain(words, words->position - 1, 1, word);
}

/* Scans a word of ASCII letters and digits from the position. False, and the position as it was, when
 * something stands in it or at its end that needs the long way. */
static bool scan_plain_word(struct tw_words *words, struct tw_word *word)
{
    const struct tw_normalizer *normalizer = words->normalizer;
    const uint8_t *text = words->text;
    const uint8_t *class_of = normalizer->class_of, *lower_of = normalizer->lower_of;
    uint32_t begin = words->position;
    uint32_t end = begin;
    for (;;) {
        uint32_t most =
            words->length - begin < TW_WORD_MOST_BYTES ? words->length : begin + TW_WORD_MOST_BYTES;
        while (end < most && class_of[text[end]] == CLASS_WORD) {
            words->bytes[end - begin] = lower_of[text[end]];
            end++;
        }
        while (end < words->length && end >= most && class_of[text[end]] == CLASS_WORD)
            end++; /* longer than any limit: only measured */
        if (end == words->length || !(class_of[text[end]] & CLASS_TRIGGER))
            break;
        uint32_t added_end;
        words->position = end;
        if (added_token_here(words, &added_end))
            return give_plain(words, begin, end - begin, word);
        if (class_of[text[end]] != (CLASS_WORD | CLASS_TRIGGER))
            break;
        if (end - begin < TW_WORD_MOST_BYTES)
            words->bytes[end - begin] = lower_of[text[end]];
        end++;
    }
    words->position = begin;
    if (end < words->length && (class_of[text[end]] & ~CLASS_TRIGGER) == CLASS_OTHER)
        return false;
    words->position = end;
    return give_plain(words, begin, end - begin, word);
}

/* --- Words with anything else in them --- */

static void keep_code_point(struct tw_words *words, uint32_t code_point, uint32_t begin, uint32_t end)
{
    if (words->character_count++ == 0)
        words->word_begin = begin;
    words->word_end = end;
    if (words->character_count > words->normalizer->most_characters)
        return;
    uint32_t size = tw_unicode_encode(code_point, words->bytes + words->byte_count);
    for (uint32_t byte = words->byte_count; byte < words->byte_count + size; byte++) {
        words->begins[byte] = begin;
        words->ends[byte] = end;
    }
    words->byte_count += size;
}

static void keep_lowered(struct tw_words *words, uint32_t code_point, uint32_t begin, uint32_t end)
{
    uint32_t parts[2] = {code_point, 0};
    uint32_t count = words->normalizer->form.lower_case ? tw_unicode_lower(code_point, parts) : 1;
    for (uint32_t part = 0; part < count; part++)
        keep_code_point(words, parts[part], begin, end);
}

static void release_waiting(struct tw_words *words)
{
    for (uint32_t mark = 0; mark < words->waiting_count; mark++) {
        const struct tw_waiting_mark *waiting = &words->waiting[mark];
        keep_lowered(words, waiting->code_point, waiting->begin, waiting->end);
    }
    words->waiting_count = 0;
}

/* Canonical ordering (Unicode 3.11, D109): marks between two starters are sorted by class, equals stay in
 * order. Marks beyond the limit of a word make it [UNK] wherever they stand, so they are only counted. */
static void hold_mark(struct tw_words *words, struct tw_waiting_mark mark)
{
    if (words->waiting_count == TW_WORD_MOST_CHARACTERS) {
        release_waiting(words);
        words->character_count = TW_WORD_MOST_CHARACTERS + 1;
    }
    uint32_t place = words->waiting_count++;
    while (place > 0 && words->waiting[place - 1].rank > mark.rank) {
        words->waiting[place] = words->waiting[place - 1];
        place--;
    }
    words->waiting[place] = mark;
}

/* Accents off a code point: decomposed, marks left out. Returns how many parts are left. */
static uint32_t strip_code_point(uint32_t code_point, uint32_t parts[4])
{
    uint32_t decomposed[4];
    uint32_t count = tw_unicode_decompose(code_point, decomposed), kept = 0;
    for (uint32_t part = 0; part < count; part++)
        if (!(tw_unicode_kind(decomposed[part])->flags & TW_UNICODE_MARK))
            parts[kept++] = decomposed[part];
    return kept;
}

static void keep_parts(
    struct tw_words *words, const uint32_t *parts, uint32_t count, uint32_t begin, uint32_t end)
{
    for (uint32_t part = 0; part < count; part++) {
        uint8_t rank = tw_unicode_kind(parts[part])->rank;
        if (rank > 0 && words->normalizer->form.strip_accents) {
            hold_mark(words, (struct tw_waiting_mark){parts[part], begin, end, rank});
            continue;
        }
        release_waiting(words);
        keep_lowered(words, parts[part], begin, end);
    }
}

static bool word_under_way(const struct tw_words *words)
{
    return words->character_count > 0 || words->waiting_count > 0;
}

static bool give_kept(struct tw_words *words, struct tw_word *word)
{
    release_waiting(words);
    word->bytes = words->bytes;
    word->length = words->byte_count;
    word->begin = words->word_begin;
    word->end = words->word_end;
    word->begins = words->begins;
    word->ends = words->ends;
    word->special = -1;
    word->overlong = words->character_count > words->normalizer->most_characters;
    words->byte_count = words->character_count = 0;
    return true;
}

/* What one code point of the source means for the word under way. */
enum meaning { MEANS_NOTHING, MEANS_CHARACTERS, MEANS_SPACE, MEANS_ALONE };

static enum meaning take_meaning(
    const struct tw_normalizer *normalizer, uint32_t code_point, uint32_t parts[4], uint32_t *count)
{
    uint8_t flags = tw_unicode_kind(code_point)->flags;
    if (flags & TW_UNICODE_DROPPED)
        return MEANS_NOTHING;
    parts[0] = code_point;
    *count = 1;
    if (normalizer->form.strip_accents && flags & (TW_UNICODE_DECOMPOSES | TW_UNICODE_MARK))
        *count = strip_code_point(code_point, parts);
    if (*count == 0)
        return MEANS_NOTHING;
    if (flags & TW_UNICODE_CJK && normalizer->form.split_chinese)
        return MEANS_ALONE;
    /* Of several parts none is space or punctuation: the maker of the tables made sure. */
    uint8_t part_flags = tw_unicode_kind(parts[0])->flags;
    if (part_flags & TW_UNICODE_SPACE)
        return MEANS_SPACE;
    return part_flags & TW_UNICODE_PUNCTUATION ? MEANS_ALONE : MEANS_CHARACTERS;
}

/* Takes code points until a word is whole. False when none came: at the end, or at white space, from where
 * the short way may go on. */
static bool take_long_way(struct tw_words *words, struct tw_word *word)
{
    while (words->position < words->length) {
        uint8_t byte = words->text[words->position];
        if (words->normalizer->class_of[byte] & CLASS_TRIGGER) {
            uint32_t token_end;
            const struct tw_added_token *token = added_token_here(words, &token_end);
            if (token)
                return word_under_way(words) ? give_kept(words, word)
                                             : give_added_token(words, token, token_end, word);
        }
        uint32_t code_point, parts[4], count;
        uint32_t begin = words->position;
        uint32_t end = begin + tw_unicode_decode(words->text + begin, words->length - begin, &code_point);
        enum meaning meaning = take_meaning(words->normalizer, code_point, parts, &count);
        if (meaning == MEANS_ALONE && word_under_way(words))
            return give_kept(words, word); /* and this one at the next call */
        words->position = end;
        if (meaning == MEANS_SPACE)
            return word_under_way(words) && give_kept(words, word);
        if (meaning == MEANS_NOTHING)
            continue;
        keep_parts(words, parts, count, begin, end);
        if (meaning == MEANS_ALONE)
            return give_kept(words, word);
    }
    return word_under_way(words) && give_kept(words, word);
}

bool tw_words_next(struct tw_words *words, struct tw_word *word)
{
    const uint8_t *text = words->text, *class_of = words->normalizer->class_of;
    for (;;) {
        while (words->position < words->length && class_of[text[words->position]] == CLASS_SPACE)
            words->position++;
        if (words->position == words->length)
            return false;
        uint8_t class = class_of[text[words->position]];
        if (class & CLASS_TRIGGER) {
            uint32_t end;
            const struct tw_added_token *token = added_token_here(words, &end);
            if (token)
                return give_added_token(words, token, end, word);
            class &= (uint8_t)~CLASS_TRIGGER;
        }
        if (class == CLASS_PUNCTUATION)
            return give_plain_punctuation(words, word);
        if (class == CLASS_SPACE) /* an added token might have begun with it, and did not */
            words->position++;
        else if (class == CLASS_WORD && scan_plain_word(words, word))
            return true;
        else if (take_long_way(words, word))
            return true;
    }
}
