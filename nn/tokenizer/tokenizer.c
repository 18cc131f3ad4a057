#include "tokenizer/tokenizer.h"

#include "format/model_files.h"
#include "tokenizer/files.h"
#include "tokenizer/normalize.h"
#include "tokenizer/wordpiece.h"

#include <limits.h>
#include <stdlib.h>

struct tw_tokenizer {
    struct tw_arena arena; /* holds everything below */
    struct tw_tokenizer_facts facts;
    struct tw_normalizer normalizer;
    struct tw_wordpiece vocabulary;
};

/* --- Life --- */

/* Files, texts and the double array: a few times the files' bytes. Address space, not memory. */
#define ARENA_BYTES ((size_t)1 << 30)

/* The vocabulary's own tokens, by id: no word is cut into one that was added to it. */
static struct tw_text *without_added(const struct tw_tokenizer_facts *facts, struct tw_arena *arena)
{
    struct tw_text *pieces = tw_arena_array(arena, (size_t)facts->token_count + 1, sizeof *pieces);
    for (uint32_t id = 0; pieces && id < facts->token_count; id++)
        pieces[id] = facts->tokens[id];
    for (uint32_t token = 0; pieces && token < facts->added_count; token++)
        if (facts->added[token].outside)
            pieces[facts->added[token].id] = (struct tw_text){NULL, 0};
    return pieces;
}

static bool build(struct tw_tokenizer *tokenizer, const struct tw_snapshot *files, struct tw_error *err)
{
    struct tw_tokenizer_facts *facts = &tokenizer->facts;
    if (!tw_tokenizer_read(files, &tokenizer->arena, facts, err))
        return false;
    uint32_t twice = 0, first = 0;
    struct tw_text *pieces = without_added(facts, &tokenizer->arena);
    if (!pieces)
        return tw_arena_fail(&tokenizer->arena, err);
    if (!tw_wordpiece_build(
            pieces, facts->token_count, &tokenizer->arena, &tokenizer->vocabulary, &twice, &first, err)) {
        if (twice == first)
            return tw_error_in(err, files->folder);
        char where[PATH_MAX];
        tw_tokenizer_where(files, twice, where, sizeof where);
        struct tw_text token = facts->tokens[twice];
        return tw_fail(err, TW_CONFIG, where, "remove one of them, or copy the file again",
            "token \"%.*s\" stands there twice, as id %u and as id %u",
            (int)(token.length > 100 ? 100 : token.length), token.bytes, first, twice);
    }
    tokenizer->normalizer =
        (struct tw_normalizer){.form = facts->form, .most_characters = facts->most_characters};
    tw_added_index(facts->added, facts->added_count, &facts->form, &tokenizer->normalizer.added);
    tw_normalizer_prepare(&tokenizer->normalizer);
    return true;
}

bool tw_tokenizer_load_from(const struct tw_snapshot *files, struct tw_tokenizer **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_tokenizer *tokenizer = calloc(1, sizeof *tokenizer);
    if (!tokenizer)
        return tw_fail(err, TW_INTERNAL, files->folder, NULL, "no memory for a tokenizer");
    if (!tw_arena_begin(&tokenizer->arena, ARENA_BYTES, err) || !build(tokenizer, files, err)) {
        tw_tokenizer_free(tokenizer);
        return false;
    }
    *out = tokenizer;
    return true;
}

bool tw_tokenizer_load(const char *folder, struct tw_tokenizer **out, struct tw_error *err)
{
    struct tw_snapshot files;
    *out = NULL;
    bool done = tw_model_files_take(folder, &files, err) && tw_tokenizer_load_from(&files, out, err);
    tw_snapshot_drop(&files);
    return done;
}

void tw_tokenizer_free(struct tw_tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    tw_arena_end(&tokenizer->arena);
    free(tokenizer);
}

/* --- Tokenizing --- */

/* Where tokens go; the arrays have room for most_possible of them. */
struct sink {
    int32_t *ids;
    uint32_t *begins, *ends;
    uint32_t count;
};

/* Tokens of one text that are kept, and whether there were more. */
struct share {
    uint32_t begin, count;
    bool more;
};

static void add_token(struct sink *sink, int32_t id, uint32_t begin, uint32_t end)
{
    sink->ids[sink->count] = id;
    sink->begins[sink->count] = begin;
    sink->ends[sink->count] = end;
    sink->count++;
}

/* The pieces of a word, as wordpiece.h gives them; a piece takes a byte at least. */
struct pieces {
    uint32_t count; /* 0: the word is one token, special or unknown */
    int32_t ids[TW_WORD_MOST_BYTES];
    uint32_t ends[TW_WORD_MOST_BYTES];
};

static void cut_word(const struct tw_tokenizer *tokenizer, const struct tw_word *word, struct pieces *pieces)
{
    pieces->count = 0;
    if (word->special < 0 && !word->overlong)
        pieces->count =
            tw_wordpiece_cut(&tokenizer->vocabulary, word->bytes, word->length, pieces->ids, pieces->ends);
}

/* Adds a word's tokens while there is room before `limit`. False when one did not find any. */
static bool add_word(const struct tw_tokenizer *tokenizer, const struct tw_word *word, uint32_t limit,
    struct pieces *pieces, struct sink *sink)
{
    cut_word(tokenizer, word, pieces);
    if (pieces->count == 0) {
        if (sink->count == limit)
            return false;
        int32_t id = word->special >= 0 ? word->special : tokenizer->facts.special.unknown;
        add_token(sink, id, word->begin, word->end);
        return true;
    }
    uint32_t begin = 0;
    for (uint32_t piece = 0; piece < pieces->count; piece++) {
        if (sink->count == limit)
            return false;
        uint32_t end = pieces->ends[piece];
        uint32_t source_begin = word->begins ? word->begins[begin] : word->begin + begin;
        uint32_t source_end = word->ends ? word->ends[end - 1] : word->begin + end;
        add_token(sink, pieces->ids[piece], source_begin, source_end);
        begin = end;
    }
    return true;
}

static struct share add_text(
    const struct tw_tokenizer *tokenizer, struct tw_text text, uint32_t most, struct sink *sink)
{
    struct share share = {.begin = sink->count};
    struct tw_words words;
    struct tw_word word;
    struct pieces pieces;
    tw_words_begin(&words, &tokenizer->normalizer, text);
    while (!share.more && tw_words_next(&words, &word))
        share.more = !add_word(tokenizer, &word, share.begin + most, &pieces, sink);
    share.count = sink->count - share.begin;
    return share;
}

/* How many tokens the text has in all, kept or not. */
static uint32_t count_text(const struct tw_tokenizer *tokenizer, struct tw_text text)
{
    uint32_t total = 0;
    struct tw_words words;
    struct tw_word word;
    struct pieces pieces;
    tw_words_begin(&words, &tokenizer->normalizer, text);
    while (tw_words_next(&words, &word)) {
        cut_word(tokenizer, &word, &pieces);
        total += pieces.count > 0 ? pieces.count : 1;
    }
    return total;
}

/* "longest_first" (tokenizers, utils/truncation.rs): `shorter` and `longer` tokens, of which `room` may
 * stay. */
static void share_room(uint64_t room, uint64_t *shorter, uint64_t *longer)
{
    if (*shorter > room)
        *longer = *shorter;
    else
        *longer = *shorter > room - *shorter ? *shorter : room - *shorter;
    if (*shorter + *longer > room) {
        *shorter = room / 2;
        *longer = *shorter + room % 2;
    }
}

/* Tokens of each text were taken up to `room`; cuts both to fit into it together. */
static bool fit_pair(const struct tw_tokenizer *tokenizer, const struct tw_text texts[2], uint32_t room,
    struct share shares[2])
{
    uint64_t counts[2] = {
        (uint64_t)shares[0].count + shares[0].more, (uint64_t)shares[1].count + shares[1].more};
    if (counts[0] + counts[1] <= room)
        return false;
    if (shares[0].more && shares[1].more && room % 2 == 1) {
        /* Only now does it matter which is the longer one: it gets the odd token. */
        counts[0] = count_text(tokenizer, texts[0]);
        counts[1] = count_text(tokenizer, texts[1]);
    }
    bool swap = counts[0] > counts[1];
    share_room(room, &counts[swap ? 1 : 0], &counts[swap ? 0 : 1]);
    for (size_t text = 0; text < 2; text++)
        if (counts[text] < shares[text].count)
            shares[text].count = (uint32_t)counts[text];
    return true;
}

/* Moves the tokens of the second text down to `place`. */
static void move_share(struct sink *sink, const struct share *share, uint32_t place)
{
    memmove(sink->ids + place, sink->ids + share->begin, share->count * sizeof *sink->ids);
    memmove(sink->begins + place, sink->begins + share->begin, share->count * sizeof *sink->begins);
    memmove(sink->ends + place, sink->ends + share->begin, share->count * sizeof *sink->ends);
}

static uint32_t least(size_t left, size_t right)
{
    return (uint32_t)(left < right ? left : right);
}

/* After the first text. */
static uint32_t separators_between(const struct tw_tokenizer *tokenizer, uint32_t text_count)
{
    return text_count == 2 && tokenizer->facts.two_between ? 2 : 1;
}

/* [CLS], and what stands after each text. */
static uint32_t special_count(const struct tw_tokenizer *tokenizer, uint32_t text_count)
{
    return text_count + separators_between(tokenizer, text_count);
}

static void fill_sink(const struct tw_tokenizer *tokenizer, const struct tw_text *texts, uint32_t text_count,
    uint32_t room, struct sink *sink, struct tw_tokens *out)
{
    struct tw_special_ids special = tokenizer->facts.special;
    struct share shares[2] = {{0}};
    add_token(sink, special.classify, 0, 0);
    for (uint32_t text = 0; text < text_count; text++)
        shares[text] = add_text(tokenizer, texts[text], least(room, texts[text].length), sink);
    out->truncated = shares[0].more;
    if (text_count == 2)
        out->truncated = fit_pair(tokenizer, texts, room, shares);
    sink->count = 1 + shares[0].count;
    uint32_t between = separators_between(tokenizer, text_count);
    if (text_count == 2)
        move_share(sink, &shares[1], sink->count + between);
    for (uint32_t separator = 0; separator < between; separator++)
        add_token(sink, special.separator, 0, 0);
    out->first_length = sink->count;
    if (text_count == 2) {
        sink->count += shares[1].count;
        add_token(sink, special.separator, 0, 0);
    }
}

static bool take_arrays(uint32_t count, struct tw_arena *arena, struct tw_tokens *out, struct tw_error *err)
{
    size_t bytes = (size_t)count * sizeof(uint32_t);
    out->ids = tw_arena_take(arena, bytes);
    out->begins = tw_arena_take(arena, bytes);
    out->ends = tw_arena_take(arena, bytes);
    if (out->ids && out->begins && out->ends)
        return true;
    tw_arena_fail(arena, err);
    return false;
}

/* How many tokens there can be: a token takes a byte at least. */
static uint64_t most_possible(
    const struct tw_text *texts, uint32_t text_count, uint32_t special, uint32_t room)
{
    uint64_t most = special;
    for (uint32_t text = 0; text < text_count; text++)
        most += least(room, texts[text].length);
    return most;
}

/* Up to this many are collected on the stack first, so that what stays in the arena has the exact size. */
#define STACK_TOKENS 1100

static bool tokenize_short(const struct tw_tokenizer *tokenizer, const struct tw_text *texts,
    uint32_t text_count, uint32_t room, struct tw_arena *arena, struct tw_tokens *out, struct tw_error *err)
{
    int32_t ids[STACK_TOKENS];
    uint32_t begins[STACK_TOKENS], ends[STACK_TOKENS];
    struct sink sink = {ids, begins, ends, 0};
    fill_sink(tokenizer, texts, text_count, room, &sink, out);
    out->count = sink.count;
    if (!take_arrays(sink.count, arena, out, err))
        return false;
    memcpy(out->ids, ids, sink.count * sizeof *ids);
    memcpy(out->begins, begins, sink.count * sizeof *begins);
    memcpy(out->ends, ends, sink.count * sizeof *ends);
    return true;
}

static bool tokenize_long(const struct tw_tokenizer *tokenizer, const struct tw_text *texts,
    uint32_t text_count, uint32_t room, uint32_t most, struct tw_arena *arena, struct tw_tokens *out,
    struct tw_error *err)
{
    if (!take_arrays(most, arena, out, err))
        return false;
    struct sink sink = {out->ids, out->begins, out->ends, 0};
    fill_sink(tokenizer, texts, text_count, room, &sink, out);
    out->count = sink.count;
    return true;
}

static uint32_t count_unknown(const struct tw_tokens *tokens, int32_t unknown)
{
    uint32_t count = 0;
    for (uint32_t token = 0; token < tokens->count; token++)
        count += tokens->ids[token] == unknown;
    return count;
}

bool tw_tokenize(const struct tw_tokenizer *tokenizer, struct tw_text text, const struct tw_text *pair,
    uint32_t most_tokens, struct tw_arena *arena, struct tw_tokens *out, struct tw_error *err)
{
    *out = (struct tw_tokens){0};
    struct tw_text texts[2] = {text, pair ? *pair : tw_text_of("")};
    uint32_t text_count = pair ? 2 : 1;
    uint32_t added = special_count(tokenizer, text_count);
    if (most_tokens < added)
        return tw_fail(err, TW_USAGE, NULL, "allow more tokens",
            "%u tokens leave no room for the %u special ones", most_tokens, added);
    uint64_t most = most_possible(texts, text_count, added, most_tokens - added);
    if (texts[0].length >= UINT32_MAX || texts[1].length >= UINT32_MAX || most > UINT32_MAX)
        return tw_fail(err, TW_REFUSED, NULL, "cut the text", "a text of 4 GiB or more cannot be tokenized");
    bool done = most <= STACK_TOKENS
                    ? tokenize_short(tokenizer, texts, text_count, most_tokens - added, arena, out, err)
                    : tokenize_long(
                          tokenizer, texts, text_count, most_tokens - added, (uint32_t)most, arena, out, err);
    if (!done)
        return false;
    out->unknown = count_unknown(out, tokenizer->facts.special.unknown);
    return true;
}

/* --- Asking --- */

uint32_t tw_tokenizer_vocabulary_size(const struct tw_tokenizer *tokenizer)
{
    return tokenizer->facts.token_count;
}

struct tw_text tw_tokenizer_token(const struct tw_tokenizer *tokenizer, int32_t id)
{
    if (id < 0 || (uint32_t)id >= tokenizer->facts.token_count)
        return (struct tw_text){NULL, 0};
    return tokenizer->facts.tokens[id];
}

int32_t tw_tokenizer_id(const struct tw_tokenizer *tokenizer, struct tw_text token)
{
    const struct tw_tokenizer_facts *facts = &tokenizer->facts;
    for (uint32_t added = 0; added < facts->added_count; added++)
        if (facts->added[added].outside && tw_text_equal(facts->added[added].text, token))
            return facts->added[added].id;
    return tw_wordpiece_find(&tokenizer->vocabulary, token);
}

struct tw_special_ids tw_tokenizer_special_ids(const struct tw_tokenizer *tokenizer)
{
    return tokenizer->facts.special;
}

uint32_t tw_tokenizer_model_max_length(const struct tw_tokenizer *tokenizer)
{
    return tokenizer->facts.model_max_length;
}

bool tw_tokenizer_lower_case(const struct tw_tokenizer *tokenizer)
{
    return tokenizer->facts.form.lower_case;
}
