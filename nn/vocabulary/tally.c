#include "vocabulary/tally.h"

#include <stdlib.h>

#include <xxhash.h>

enum { SLOTS_AT_FIRST = 1 << 14 };

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the words");
}

bool tw_tally_begin(struct tw_tally *tally, const struct tw_normalizer *normalizer, struct tw_error *err)
{
    *tally = (struct tw_tally){.normalizer = normalizer, .slot_count = SLOTS_AT_FIRST};
    tally->slots = calloc(tally->slot_count, sizeof *tally->slots);
    if (!tally->slots)
        return out_of_memory(err);
    /* Each text takes its bytes, an end, alignment, under a sanitizer a gap: address space, not memory. */
    if (tw_arena_begin(&tally->texts, TW_TALLY_MOST_BYTES + 64 * TW_TALLY_MOST_WORDS, err))
        return true;
    tw_tally_end(tally);
    return false;
}

void tw_tally_end(struct tw_tally *tally)
{
    tw_arena_end(&tally->texts);
    free(tally->words);
    free(tally->slots);
    *tally = (struct tw_tally){0};
}

/* The slot of a word, or the free one where it belongs. */
static uint32_t *slot_of(const struct tw_tally *tally, struct tw_text text)
{
    size_t mask = tally->slot_count - 1, at = (size_t)XXH3_64bits(text.bytes, text.length) & mask;
    while (tally->slots[at] && !tw_text_equal(tally->words[tally->slots[at] - 1].text, text))
        at = (at + 1) & mask;
    return &tally->slots[at];
}

static bool grow_slots(struct tw_tally *tally, struct tw_error *err)
{
    uint32_t *before = tally->slots;
    uint32_t *slots = calloc(tally->slot_count * 2, sizeof *slots);
    if (!slots)
        return out_of_memory(err);
    tally->slots = slots;
    tally->slot_count *= 2;
    for (size_t word = 0; word < tally->word_count; word++)
        *slot_of(tally, tally->words[word].text) = (uint32_t)word + 1;
    free(before);
    return true;
}

static bool grow_words(struct tw_tally *tally, struct tw_error *err)
{
    size_t room = tally->word_room ? tally->word_room * 2 : SLOTS_AT_FIRST / 2;
    struct tw_tally_word *words = reallocarray(tally->words, room, sizeof *words);
    if (!words)
        return out_of_memory(err);
    tally->words = words;
    tally->word_room = room;
    return true;
}

static bool fail_full(struct tw_error *err)
{
    return tw_fail(err, TW_FULL, NULL, "give fewer files: a part of them teaches nearly the same pieces",
        "more than %zu different words, or more than %zu MiB of them", TW_TALLY_MOST_WORDS,
        TW_TALLY_MOST_BYTES >> 20);
}

static bool add_new(struct tw_tally *tally, struct tw_text text, uint32_t *slot, struct tw_error *err)
{
    if (tally->word_count == TW_TALLY_MOST_WORDS || tally->byte_count + text.length > TW_TALLY_MOST_BYTES)
        return fail_full(err);
    struct tw_text kept = tw_arena_copy(&tally->texts, text);
    if (!kept.bytes)
        return tw_arena_fail(&tally->texts, err);
    if (tally->word_count == tally->word_room && !grow_words(tally, err))
        return false;
    tally->byte_count += text.length;
    tally->words[tally->word_count++] = (struct tw_tally_word){kept, 1};
    *slot = (uint32_t)tally->word_count;
    return tally->word_count * 2 <= tally->slot_count || grow_slots(tally, err);
}

static bool add_word(struct tw_tally *tally, const struct tw_word *word, struct tw_error *err)
{
    struct tw_text text = {(const char *)word->bytes, word->length};
    tally->total++;
    uint32_t *slot = slot_of(tally, text);
    if (!*slot)
        return add_new(tally, text, slot, err);
    tally->words[*slot - 1].count++;
    return true;
}

bool tw_tally_add(struct tw_tally *tally, struct tw_text text, struct tw_error *err)
{
    struct tw_words words;
    struct tw_word word;
    tw_words_begin(&words, tally->normalizer, text);
    while (tw_words_next(&words, &word)) {
        tally->overlong += word.overlong;
        tally->special += word.special >= 0;
        if (!word.overlong && word.special < 0 && !add_word(tally, &word, err))
            return false;
    }
    return true;
}
