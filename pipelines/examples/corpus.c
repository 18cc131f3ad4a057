#include "examples/corpus.h"

#include "base/size.h"
#include "examples/dataset.h"
#include "examples/masking.h"
#include "files/texts.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the corpus");
}

bool tw_corpus_new(const struct tw_corpus_options *options, struct tw_corpus **out, struct tw_error *err)
{
    struct tw_corpus *corpus = calloc(1, sizeof *corpus);
    size_t bytes;
    *out = NULL;
    if (!corpus)
        return out_of_memory(err);
    corpus->options = *options;
    /* A window of one token takes 16 bytes: the worst there is. Address space, not memory. */
    if (!tw_size_multiply(options->limit_tokens, 16, &bytes) || !tw_size_add(bytes, 4096, &bytes) ||
        !tw_arena_begin(&corpus->arena, bytes, NULL)) {
        free(corpus);
        return tw_fail(err, TW_USAGE, "max_corpus", "ask for less", "more tokens than can be addressed");
    }
    *out = corpus;
    return true;
}

void tw_corpus_free(struct tw_corpus *corpus)
{
    if (!corpus)
        return;
    tw_arena_end(&corpus->arena);
    free(corpus->windows);
    free(corpus->hashes);
    free(corpus);
}

/* Room for one more in an array that doubles; NULL: no memory, the old one stands. */
static void *grown(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    size_t wanted = *room ? *room * 2 : 4096;
    void *larger = reallocarray(array, wanted, size);
    if (larger)
        *room = wanted;
    return larger;
}

static bool add_window(
    struct tw_corpus *corpus, const int32_t *ids, uint32_t count, bool held_back, struct tw_error *err)
{
    struct tw_corpus_window *windows =
        grown(corpus->windows, corpus->count, &corpus->room, sizeof *corpus->windows);
    if (!windows)
        return out_of_memory(err);
    corpus->windows = windows;
    int32_t *kept = tw_arena_take(&corpus->arena, count * sizeof *kept);
    if (!kept)
        return tw_arena_fail(&corpus->arena, err);
    memcpy(kept, ids, count * sizeof *kept);
    windows[corpus->count++] = (struct tw_corpus_window){kept, count, held_back};
    corpus->facts.windows++;
    corpus->facts.windows_held_back += held_back;
    return true;
}

/* Where a window of at most `room` tokens that begins at `begin` ends: equal shares of what is left, between
 * words if it can be. */
static uint32_t window_end(
    const struct tw_tokenizer *tokenizer, const int32_t *ids, uint32_t begin, uint32_t count, uint32_t room)
{
    uint32_t left = count - begin, parts = (left + room - 1) / room;
    uint32_t end = begin + (left + parts - 1) / parts, whole = end;
    while (whole > begin && whole < count && tw_masking_continues(tokenizer, ids[whole]))
        whole--;
    return whole > begin ? whole : end;
}

static bool cut(
    struct tw_corpus *corpus, const int32_t *ids, uint32_t count, bool held_back, struct tw_error *err)
{
    uint32_t room = corpus->options.most_tokens - 2;
    for (uint32_t begin = 0, end; begin < count; begin = end) {
        end = window_end(corpus->options.tokenizer, ids, begin, count, room);
        if (!add_window(corpus, ids + begin, end - begin, held_back, err))
            return false;
    }
    corpus->facts.long_records += count > room;
    return true;
}

static bool check_limit(const struct tw_corpus *corpus, uint64_t more, struct tw_error *err)
{
    uint64_t limit = corpus->options.limit_tokens;
    if (more <= limit && corpus->facts.tokens <= limit - more)
        return true;
    return tw_fail(err, TW_FULL, "max_corpus",
        "raise --max-corpus (4 bytes of memory a token), or give fewer files",
        "the corpus has more than %llu tokens", (unsigned long long)limit);
}

static bool keep_hash(struct tw_corpus *corpus, struct tw_text text, struct tw_error *err)
{
    if (!corpus->options.count_repeated)
        return true;
    uint64_t *hashes = grown(corpus->hashes, corpus->hash_count, &corpus->hash_room, sizeof *corpus->hashes);
    if (!hashes)
        return out_of_memory(err);
    corpus->hashes = hashes;
    hashes[corpus->hash_count++] = XXH3_64bits(text.bytes, text.length);
    return true;
}

static bool keep_text(void *self, struct tw_text text, struct tw_arena *scratch, struct tw_error *err)
{
    struct tw_corpus *corpus = self;
    struct tw_corpus_facts *facts = &corpus->facts;
    struct tw_tokens tokens;
    if (!tw_tokenize(corpus->options.tokenizer, text, NULL, TW_TOKENS_UNLIMITED, scratch, &tokens, err))
        return false;
    uint32_t count = tokens.count - 2; /* without [CLS] and [SEP] */
    if (count == 0) {
        facts->wordless++;
        return true;
    }
    bool held_back = tw_dataset_holds_back(text, corpus->options.share_held_back);
    if (!check_limit(corpus, count, err) || !keep_hash(corpus, text, err) ||
        !cut(corpus, tokens.ids + 1, count, held_back, err))
        return false;
    facts->records++;
    facts->tokens += count;
    facts->tokens_held_back += held_back ? count : 0;
    facts->unknown += tokens.unknown;
    facts->longest = count > facts->longest ? count : facts->longest;
    return true;
}

bool tw_corpus_read(struct tw_corpus *corpus, const char *path, struct tw_error *err)
{
    const struct tw_corpus_options *options = &corpus->options;
    const struct tw_texts_options texts = {.decode = options->decode,
        .stamp_us = options->stamp_us,
        .raw = options->raw,
        .intake = options->intake,
        .on_refused = options->on_refused,
        .stopped = options->stopped,
        .context = options->context};
    uint64_t before = corpus->facts.records;
    if (!tw_texts_read(path, &texts, keep_text, corpus, &corpus->facts.refused, err))
        return false;
    if (corpus->facts.records == before)
        return tw_fail(err, TW_CONFIG, path, "give records with text, one a line", "no usable record");
    return true;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void tw_corpus_count_repeated(struct tw_corpus *corpus)
{
    corpus->facts.repeated = 0;
    if (corpus->hash_count == 0)
        return;
    qsort(corpus->hashes, corpus->hash_count, sizeof *corpus->hashes, by_number);
    for (size_t at = 1; at < corpus->hash_count; at++)
        corpus->facts.repeated += corpus->hashes[at] == corpus->hashes[at - 1];
}
