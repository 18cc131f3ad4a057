#include "vocabulary/pieces.h"

#include "tokenizer/unicode.h"
#include "vocabulary/pairs.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <xxhash.h>

enum { CODE_POINTS = 0x110000, MARK_LENGTH = 2 };
static const char *const mark = "##"; /* before a piece that continues a word */

/* A character, until the alphabet is chosen and then. */
struct sign {
    uint64_t count;
    bool chosen, continues;
    uint32_t begin_id, continue_id;
};

/* A word as pieces. */
struct spelled {
    uint64_t count;
    uint32_t begin, length; /* among the symbols */
};

struct making {
    const struct tw_pieces_options *options;
    struct tw_pieces *out;
    struct tw_arena *arena;
    struct sign *signs; /* [CODE_POINTS] */
    struct spelled *words;
    size_t word_count;
    uint32_t *symbols; /* ids of pieces, word after word */
    size_t symbol_count;
    uint32_t *slots; /* id of a piece + 1, by its text; 0: free */
    size_t slot_count;
    struct tw_pairs pairs;
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for pieces");
}

/* ---- pieces by their text ---- */

static uint32_t *slot_of(const struct making *making, struct tw_text text)
{
    size_t mask = making->slot_count - 1, at = (size_t)XXH3_64bits(text.bytes, text.length) & mask;
    while (making->slots[at] && !tw_text_equal(making->out->items[making->slots[at] - 1], text))
        at = (at + 1) & mask;
    return &making->slots[at];
}

/* The id of a piece of that text, made new when there is none. The text is in the arena. */
static uint32_t id_of(struct making *making, struct tw_text text)
{
    uint32_t *slot = slot_of(making, text);
    if (*slot)
        return *slot - 1;
    assert(making->out->count < making->options->size);
    making->out->items[making->out->count++] = text;
    *slot = making->out->count;
    return *slot - 1;
}

/* ---- the alphabet ---- */

/* The next character of a word. */
static uint32_t next_sign(struct tw_text text, size_t *at)
{
    uint32_t code_point;
    *at += tw_unicode_decode((const uint8_t *)text.bytes + *at, text.length - *at, &code_point);
    return code_point;
}

static void count_signs(struct making *making, const struct tw_tally_word *words, size_t count)
{
    for (size_t word = 0; word < count; word++)
        for (size_t at = 0; at < words[word].text.length;)
            making->signs[next_sign(words[word].text, &at)].count += words[word].count;
}

struct ranked {
    uint64_t count;
    uint32_t code_point;
};

static int by_rank(const void *left, const void *right)
{
    const struct ranked *one = left, *other = right;
    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return (one->code_point > other->code_point) - (one->code_point < other->code_point);
}

static bool choose_alphabet(struct making *making, struct tw_error *err)
{
    size_t found = 0, listed = 0;
    for (uint32_t code_point = 0; code_point < CODE_POINTS; code_point++)
        found += making->signs[code_point].count > 0;
    struct ranked *list = calloc(found + 1, sizeof *list);
    if (!list)
        return out_of_memory(err);
    for (uint32_t code_point = 0; code_point < CODE_POINTS; code_point++)
        if (making->signs[code_point].count > 0)
            list[listed++] = (struct ranked){making->signs[code_point].count, code_point};
    qsort(list, listed, sizeof *list, by_rank);
    size_t chosen = listed < making->options->most_characters ? listed : making->options->most_characters;
    for (size_t at = 0; at < chosen; at++)
        making->signs[list[at].code_point].chosen = true;
    making->out->characters = (uint32_t)chosen;
    making->out->left_out = (uint32_t)(listed - chosen);
    free(list);
    return true;
}

static bool is_spellable(const struct making *making, struct tw_text text)
{
    for (size_t at = 0; at < text.length;)
        if (!making->signs[next_sign(text, &at)].chosen)
            return false;
    return true;
}

/* Which characters continue words that can be spelled; how many symbols all of these take. */
static void look_at_words(struct making *making, const struct tw_tally_word *words, size_t count)
{
    for (size_t word = 0; word < count; word++) {
        struct tw_text text = words[word].text;
        if (!is_spellable(making, text)) {
            making->out->words_left_out += words[word].count;
            continue;
        }
        making->word_count++;
        for (size_t at = 0; at < text.length; making->symbol_count++) {
            bool first = at == 0;
            struct sign *sign = &making->signs[next_sign(text, &at)];
            sign->continues = sign->continues || !first;
        }
    }
}

static bool check_size(const struct making *making, struct tw_error *err)
{
    size_t needed = making->options->first_count;
    for (uint32_t code_point = 0; code_point < CODE_POINTS; code_point++)
        needed += (size_t)making->signs[code_point].chosen + making->signs[code_point].continues;
    if (needed <= making->options->size)
        return true;
    char cure[128];
    snprintf(cure, sizeof cure, "ask for %zu at least, or for fewer characters", needed);
    return tw_fail(err, TW_USAGE, "size", cure,
        "%u pieces have no room for special tokens and single characters, which are %zu",
        making->options->size, needed);
}

static bool add_sign(
    struct making *making, uint32_t code_point, bool continues, uint32_t *id, struct tw_error *err)
{
    uint8_t bytes[MARK_LENGTH + 4];
    size_t begin = continues ? MARK_LENGTH : 0;
    memcpy(bytes, mark, begin);
    size_t length = begin + tw_unicode_encode(code_point, bytes + begin);
    struct tw_text text = tw_arena_copy(making->arena, (struct tw_text){(const char *)bytes, length});
    if (!text.bytes)
        return tw_arena_fail(making->arena, err);
    *id = id_of(making, text);
    return true;
}

static bool add_alphabet(struct making *making, struct tw_error *err)
{
    for (uint32_t code_point = 0; code_point < CODE_POINTS; code_point++) {
        struct sign *sign = &making->signs[code_point];
        if (sign->chosen && !add_sign(making, code_point, false, &sign->begin_id, err))
            return false;
    }
    for (uint32_t code_point = 0; code_point < CODE_POINTS; code_point++) {
        struct sign *sign = &making->signs[code_point];
        if (sign->continues && !add_sign(making, code_point, true, &sign->continue_id, err))
            return false;
    }
    return true;
}

/* ---- words as pieces ---- */

static void spell_word(struct making *making, const struct tw_tally_word *word)
{
    struct spelled *spelled = &making->words[making->word_count++];
    *spelled = (struct spelled){.count = word->count, .begin = (uint32_t)making->symbol_count};
    for (size_t at = 0; at < word->text.length;) {
        bool first = at == 0;
        const struct sign *sign = &making->signs[next_sign(word->text, &at)];
        making->symbols[making->symbol_count++] = first ? sign->begin_id : sign->continue_id;
    }
    spelled->length = (uint32_t)making->symbol_count - spelled->begin;
}

static bool spell_words(
    struct making *making, const struct tw_tally_word *words, size_t count, struct tw_error *err)
{
    if (making->symbol_count > UINT32_MAX || making->word_count > UINT32_MAX)
        return tw_fail(err, TW_FULL, NULL, "give fewer words", "more characters than can be numbered");
    making->words = calloc(making->word_count + 1, sizeof *making->words);
    making->symbols = calloc(making->symbol_count + 1, sizeof *making->symbols);
    if (!making->words || !making->symbols)
        return out_of_memory(err);
    making->word_count = making->symbol_count = 0;
    for (size_t word = 0; word < count; word++)
        if (is_spellable(making, words[word].text))
            spell_word(making, &words[word]);
    return true;
}

static bool add_pairs(struct making *making, struct tw_error *err)
{
    for (size_t number = 0; number < making->word_count; number++) {
        const struct spelled *word = &making->words[number];
        const uint32_t *symbols = making->symbols + word->begin;
        for (uint32_t at = 0; at + 1 < word->length; at++)
            if (!tw_pairs_add(
                    &making->pairs, symbols[at], symbols[at + 1], word->count, (uint32_t)number, err))
                return false;
    }
    return tw_pairs_settle(&making->pairs, err);
}

/* ---- merging ---- */

static bool make_piece(struct making *making, const struct tw_pair *pair, uint32_t *id, struct tw_error *err)
{
    struct tw_text left = making->out->items[pair->left], right = making->out->items[pair->right];
    right.bytes += MARK_LENGTH; /* what stands on the right continues */
    right.length -= MARK_LENGTH;
    char *bytes = tw_arena_take(making->arena, left.length + right.length);
    if (!bytes)
        return tw_arena_fail(making->arena, err);
    memcpy(bytes, left.bytes, left.length);
    memcpy(bytes + left.length, right.bytes, right.length);
    /* A piece of that text may stand there: "ab" + "##c" and "a" + "##bc" are the same. */
    *id = id_of(making, (struct tw_text){bytes, left.length + right.length});
    return true;
}

/* One neighbour of a merged pair: it stood beside `before` and stands beside `piece` now. */
static bool change_left(struct making *making, uint32_t neighbour, uint32_t before, uint32_t piece,
    uint32_t number, struct tw_error *err)
{
    uint64_t count = making->words[number].count;
    return tw_pairs_remove(&making->pairs, neighbour, before, count, err) &&
           tw_pairs_add(&making->pairs, neighbour, piece, count, number, err);
}

static bool change_right(struct making *making, uint32_t before, uint32_t piece, uint32_t neighbour,
    uint32_t number, struct tw_error *err)
{
    uint64_t count = making->words[number].count;
    return tw_pairs_remove(&making->pairs, before, neighbour, count, err) &&
           tw_pairs_add(&making->pairs, piece, neighbour, count, number, err);
}

/* From left to right: of "aaa" the first two become one. */
static bool merge_in_word(
    struct making *making, const struct tw_pair *pair, uint32_t piece, uint32_t number, struct tw_error *err)
{
    struct spelled *word = &making->words[number];
    uint32_t *symbols = making->symbols + word->begin, kept = 0;
    for (uint32_t at = 0; at < word->length; at++) {
        if (at + 1 == word->length || symbols[at] != pair->left || symbols[at + 1] != pair->right) {
            symbols[kept++] = symbols[at];
            continue;
        }
        if (kept > 0 && !change_left(making, symbols[kept - 1], pair->left, piece, number, err))
            return false;
        if (at + 2 < word->length && !change_right(making, pair->right, piece, symbols[at + 2], number, err))
            return false;
        symbols[kept++] = piece;
        at++;
    }
    word->length = kept;
    return true;
}

static bool merge(struct making *making, const struct tw_pair *pair, struct tw_error *err)
{
    uint32_t piece = 0, number;
    if (!make_piece(making, pair, &piece, err))
        return false;
    while (tw_pairs_next_word(&making->pairs, &number))
        if (!merge_in_word(making, pair, piece, number, err))
            return false;
    return tw_pairs_settle(&making->pairs, err);
}

static bool merge_pairs(struct making *making, struct tw_error *err)
{
    const struct tw_pieces_options *options = making->options;
    struct tw_pair pair;
    while (making->out->count < options->size && tw_pairs_take(&making->pairs, &pair)) {
        if (pair.count < options->least_count)
            return true;
        if (!merge(making, &pair, err))
            return false;
        if (options->made)
            options->made(options->context, making->out->count);
    }
    return true;
}

/* ---- all of it ---- */

static bool begin(struct making *making, struct tw_error *err)
{
    const struct tw_pieces_options *options = making->options;
    making->signs = calloc(CODE_POINTS, sizeof *making->signs);
    making->slot_count = 1024;
    while (making->slot_count < (size_t)options->size * 2)
        making->slot_count *= 2;
    making->slots = calloc(making->slot_count, sizeof *making->slots);
    if (!making->signs || !making->slots)
        return out_of_memory(err);
    making->out->items = tw_arena_array(making->arena, options->size, sizeof *making->out->items);
    return making->out->items || tw_arena_fail(making->arena, err);
}

static void end(struct making *making)
{
    tw_pairs_end(&making->pairs);
    free(making->signs);
    free(making->words);
    free(making->symbols);
    free(making->slots);
}

static bool learn(
    struct making *making, const struct tw_tally_word *words, size_t count, struct tw_error *err)
{
    count_signs(making, words, count);
    if (!choose_alphabet(making, err))
        return false;
    look_at_words(making, words, count);
    if (!check_size(making, err))
        return false;
    for (uint32_t token = 0; token < making->options->first_count; token++)
        id_of(making, making->options->first[token]);
    return add_alphabet(making, err) && spell_words(making, words, count, err) &&
           tw_pairs_begin(&making->pairs, err) && add_pairs(making, err) && merge_pairs(making, err);
}

bool tw_pieces_learn(const struct tw_tally_word *words, size_t count, const struct tw_pieces_options *options,
    struct tw_arena *arena, struct tw_pieces *out, struct tw_error *err)
{
    struct making making = {.options = options, .out = out, .arena = arena};
    *out = (struct tw_pieces){0};
    bool learned = begin(&making, err) && learn(&making, words, count, err);
    end(&making);
    return learned;
}
