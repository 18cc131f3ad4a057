/* fuzz_tokenizer: any bytes as the files of a tokenizer, then any text through it: refused by name, or
 * every id is one of the vocabulary and every offset lies in its text.
 *
 * The files stand one after another, each ended by a byte 0xFF: tokenizer.json, vocab.txt,
 * tokenizer_config.json, special_tokens_map.json, added_tokens.json; an empty one is not there. What is
 * left is the text. */
#include "promise.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/model_files.h"
#include "tokenizer/tokenizer.h"

static const char *const names[] = {TW_FILE_TOKENIZER, TW_FILE_VOCABULARY, TW_FILE_TOKENIZER_CONFIG,
    TW_FILE_SPECIAL_TOKENS, TW_FILE_ADDED_TOKENS};
enum { FILES = sizeof names / sizeof names[0], MOST_TOKENS = 24 };

static struct tw_arena arena;
static int descriptors[FILES];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct tw_error err;
    promise(tw_arena_begin(&arena, (size_t)64 << 20, &err), "address space is there");
    for (size_t file = 0; file < FILES; file++) {
        descriptors[file] = memfd_create(names[file], MFD_CLOEXEC);
        promise(descriptors[file] >= 0, "a file in memory can be made");
    }
    return 0;
}

static void check_tokens(
    const struct tw_tokenizer *tokenizer, struct tw_text text, uint32_t most, const struct tw_tokens *tokens)
{
    promise(tokens->count <= most, "tokens are within their limit");
    promise(tokens->first_length <= tokens->count, "the first text is part of all");
    for (uint32_t at = 0; at < tokens->count; at++) {
        promise(tokens->ids[at] >= 0 && (uint32_t)tokens->ids[at] < tw_tokenizer_vocabulary_size(tokenizer) &&
                    tw_tokenizer_token(tokenizer, tokens->ids[at]).bytes,
            "an id is one of the vocabulary");
        promise(tokens->begins[at] <= tokens->ends[at] && tokens->ends[at] <= text.length,
            "a token stands in the text");
    }
}

static void use(const struct tw_tokenizer *tokenizer, struct tw_text text)
{
    struct tw_error err;
    struct tw_tokens whole, cut, pair;
    tw_arena_reset(&arena, (size_t)1 << 20);
    promise(tw_tokenize(tokenizer, text, NULL, TW_TOKENS_UNLIMITED, &arena, &whole, &err), "a text is cut");
    check_tokens(tokenizer, text, TW_TOKENS_UNLIMITED, &whole);
    promise(!whole.truncated, "nothing is cut off without a limit");
    promise(
        tw_tokenize(tokenizer, text, NULL, MOST_TOKENS, &arena, &cut, &err), "a text is cut to its limit");
    check_tokens(tokenizer, text, MOST_TOKENS, &cut);
    promise(cut.truncated == (whole.count > MOST_TOKENS), "what is cut off is told");
    for (uint32_t at = 0; at + 1 < cut.count; at++)
        promise(cut.ids[at] == whole.ids[at], "a limit cuts the end off alone");
    promise(tw_tokenize(tokenizer, text, &text, MOST_TOKENS, &arena, &pair, &err), "a pair is cut");
    check_tokens(tokenizer, text, MOST_TOKENS, &pair);
    for (uint32_t id = 0; id < tw_tokenizer_vocabulary_size(tokenizer) && id < 64; id++) {
        struct tw_text token = tw_tokenizer_token(tokenizer, (int32_t)id);
        /* A token that no word can hold has none (wordpiece.h). */
        bool holds = token.length > 0 && !memchr(token.bytes, 0, token.length);
        promise(!holds || tw_tokenizer_id(tokenizer, token) == (int32_t)id, "a token has one id");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct tw_snapshot files = {.folder = "model", .names = names, .count = FILES};
    for (size_t file = 0; file < FILES; file++) {
        struct tw_text bytes = take_until(&input, '\xFF');
        files.descriptors[file] = bytes.length ? descriptors[file] : -ENOENT;
        if (bytes.length &&
            (ftruncate(descriptors[file], 0) != 0 ||
                pwrite(descriptors[file], bytes.bytes, bytes.length, 0) != (ssize_t)bytes.length))
            return 0;
    }
    struct tw_text text = own_copy((struct tw_text){(const char *)input.bytes, input.length});
    struct tw_tokenizer *tokenizer = NULL;
    struct tw_error err = {0};
    if (tw_tokenizer_load_from(&files, &tokenizer, &err))
        use(tokenizer, text);
    else
        promise((err.code == TW_CONFIG || err.code == TW_IO) && !tokenizer && err.what[0] &&
                    is_utf8_without_nul(tw_text_of(err.what)) && is_utf8_without_nul(tw_text_of(err.where)),
            "a refusal says what, in UTF-8");
    tw_tokenizer_free(tokenizer);
    free((void *)(uintptr_t)text.bytes);
    return 0;
}
