#include "examples/masking.h"

#include "base/random.h"
#include "tokenizer/tokenizer.h"

#include <string.h>

/* Of the tokens chosen. */
static const double masked_share = 0.8, replaced_share = 0.1;

enum kind { WHOLE, CONTINUES, UNTOUCHED };

/* What a number is drawn for: the lowest bits of its index; above them position, then record. */
enum draw { CHOOSE, REPLACE, REPLACEMENT, ONE_OF_ALL, DRAWS };
enum { POSITION_SHIFT = 2, RECORD_SHIFT = 22 };
_Static_assert(DRAWS <= 1 << POSITION_SHIFT, "a draw has its own bits");

static bool begins_with(struct tw_text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && memcmp(text.bytes, prefix, length) == 0;
}

bool tw_masking_continues(const struct tw_tokenizer *tokenizer, int32_t id)
{
    struct tw_text token = tw_tokenizer_token(tokenizer, id);
    return token.bytes && token.length > 2 && begins_with(token, "##");
}

static bool is_special(const struct tw_special_ids *special, int32_t id)
{
    return id == special->unknown || id == special->classify || id == special->separator ||
           id == special->padding || id == special->mask;
}

static void sort_tokens(
    const struct tw_tokenizer *tokenizer, struct tw_masking *masking, uint8_t *kinds, int32_t *choices)
{
    struct tw_special_ids special = tw_tokenizer_special_ids(tokenizer);
    for (size_t at = 0; at < masking->vocabulary; at++) {
        int32_t id = (int32_t)at;
        struct tw_text token = tw_tokenizer_token(tokenizer, id);
        bool untouched = !token.bytes || is_special(&special, id);
        kinds[at] = untouched ? UNTOUCHED : tw_masking_continues(tokenizer, id) ? CONTINUES : WHOLE;
        if (!untouched && !begins_with(token, "[unused"))
            choices[masking->choice_count++] = id;
    }
}

bool tw_masking_open(const struct tw_tokenizer *tokenizer, const struct tw_masking_options *options,
    struct tw_arena *arena, struct tw_masking *out, struct tw_error *err)
{
    *out = (struct tw_masking){.options = *options,
        .mask = tw_tokenizer_special_ids(tokenizer).mask,
        .vocabulary = tw_tokenizer_vocabulary_size(tokenizer)};
    if (out->mask < 0)
        return tw_fail(err, TW_CONFIG, NULL, "add [MASK] to it, or take another vocabulary",
            "the vocabulary has no token that masks");
    uint8_t *kinds = tw_arena_array(arena, out->vocabulary, sizeof *kinds);
    int32_t *choices = tw_arena_array(arena, out->vocabulary, sizeof *choices);
    if (!kinds || !choices)
        return tw_arena_fail(arena, err);
    sort_tokens(tokenizer, out, kinds, choices);
    out->kinds = kinds;
    out->choices = choices;
    if (out->choice_count == 0)
        return tw_fail(err, TW_CONFIG, NULL, "take another vocabulary", "the vocabulary has no words");
    return true;
}

/* One text in work. */
struct text {
    const struct tw_masking *masking;
    uint32_t epoch;
    uint64_t record;
    int32_t *ids;
    uint32_t count, first_token;
    struct tw_masked *targets;
    size_t target_count;
};

static uint64_t index_of(const struct text *text, uint32_t position, enum draw draw)
{
    return text->record << RECORD_SHIFT | (uint64_t)position << POSITION_SHIFT | draw;
}

static double uniform(const struct text *text, uint32_t position, enum draw draw)
{
    return tw_random_uniform(
        text->masking->options.seed, TW_RANDOM_MASKING, text->epoch, index_of(text, position, draw));
}

static uint64_t below(const struct text *text, uint32_t position, enum draw draw, uint64_t limit)
{
    return tw_random_below(
        text->masking->options.seed, TW_RANDOM_MASKING, text->epoch, index_of(text, position, draw), limit);
}

static enum kind kind_of(const struct text *text, uint32_t position)
{
    int32_t id = text->ids[position];
    return id >= 0 && (size_t)id < text->masking->vocabulary ? text->masking->kinds[id] : UNTOUCHED;
}

/* One past the last token of what is chosen together with the one at `begin`. */
static uint32_t end_of(const struct text *text, uint32_t begin)
{
    uint32_t end = begin + 1;
    if (!text->masking->options.whole_words || kind_of(text, begin) == UNTOUCHED)
        return end;
    while (end < text->count && kind_of(text, end) == CONTINUES)
        end++;
    return end;
}

static void hide(struct text *text, uint32_t begin, uint32_t end)
{
    const struct tw_masking *masking = text->masking;
    for (uint32_t at = begin; at < end; at++) {
        double drawn = uniform(text, at, REPLACE);
        text->targets[text->target_count++] = (struct tw_masked){text->first_token + at, text->ids[at]};
        if (drawn < masked_share)
            text->ids[at] = masking->mask;
        else if (drawn < masked_share + replaced_share)
            text->ids[at] = masking->choices[below(text, at, REPLACEMENT, masking->choice_count)];
    }
}

/* Ends are looked for before anything is hidden: [MASK] would end a word. Returns how many could have been
 * chosen. */
static uint64_t choose(struct text *text)
{
    uint64_t candidates = 0;
    for (uint32_t begin = 0, end; begin < text->count; begin = end) {
        end = end_of(text, begin);
        if (kind_of(text, begin) == UNTOUCHED)
            continue;
        candidates++;
        if (uniform(text, begin, CHOOSE) < text->masking->options.share)
            hide(text, begin, end);
    }
    return candidates;
}

static void hide_one_of(struct text *text, uint64_t candidates)
{
    uint64_t chosen = below(text, 0, ONE_OF_ALL, candidates);
    for (uint32_t begin = 0, end; begin < text->count; begin = end) {
        end = end_of(text, begin);
        if (kind_of(text, begin) == UNTOUCHED)
            continue;
        if (chosen-- == 0) {
            hide(text, begin, end);
            return;
        }
    }
}

size_t tw_masking_apply(const struct tw_masking *masking, uint32_t epoch, uint64_t record, int32_t *ids,
    uint32_t count, uint32_t first_token, struct tw_masked *targets)
{
    struct text text = {masking, epoch, record, ids, count, first_token, targets, 0};
    uint64_t candidates = choose(&text);
    if (text.target_count == 0 && candidates > 0)
        hide_one_of(&text, candidates);
    return text.target_count;
}
