/* bench_tokenizer: how fast is the tokenizer on one core?
 *
 *     bench_tokenizer VOCABULARY_FOLDER TEXT_FILE [MOST_TOKENS]
 *
 * TEXT_FILE has one text a line. All texts are tokenized, with offsets, five times, on one thread; the best
 * pass is printed, in time of the processor, so that what else runs on the machine counts less.
 * tests/bench/peer_tokenizer.py times the peer in the same way on the same text and runs this. */
#include "bench.h"

#include "base/arena.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PASSES = 5 };

static bool tokenize_lines(const struct tw_tokenizer *tokenizer, struct tw_text lines, uint32_t most,
    struct tw_arena *arena, uint64_t *tokens, struct tw_error *err)
{
    const char *begin = lines.bytes, *end = lines.bytes + lines.length;
    *tokens = 0;
    while (begin < end) {
        const char *newline = memchr(begin, '\n', (size_t)(end - begin));
        const char *line_end = newline ? newline : end;
        struct tw_tokens out;
        size_t mark = tw_arena_mark(arena);
        struct tw_text text = {begin, (size_t)(line_end - begin)};
        if (!tw_tokenize(tokenizer, text, NULL, most, arena, &out, err))
            return false;
        *tokens += out.count;
        tw_arena_rewind(arena, mark);
        begin = newline ? newline + 1 : end;
    }
    return true;
}

static bool measure(const char *folder, const char *path, uint32_t most, struct tw_error *err)
{
    struct tw_tokenizer *tokenizer = NULL;
    struct tw_arena arena = {0};
    struct tw_loaded_file file = {0};
    double loading = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    bool good = tw_tokenizer_load(folder, &tokenizer, err);
    loading = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - loading;
    good = good && tw_arena_begin(&arena, (size_t)1 << 30, err) && tw_file_load(path, &file, err);
    double best = 1e9;
    uint64_t tokens = 0;
    struct tw_text lines = {file.bytes, file.length};
    for (int pass = 0; good && pass < PASSES; pass++) {
        double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        good = tokenize_lines(tokenizer, lines, most, &arena, &tokens, err);
        double taken = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
        best = taken < best ? taken : best;
    }
    if (good)
        printf("tapewatch: %.1f MB/s, %.2f million tokens/s (%" PRIu64 " tokens, %.1f ms), loading %.1f ms\n",
            (double)file.length / best / 1e6, (double)tokens / best / 1e6, tokens, best * 1e3, loading * 1e3);
    tw_file_unload(&file);
    tw_arena_end(&arena);
    tw_tokenizer_free(tokenizer);
    return good;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_tokenizer VOCABULARY_FOLDER TEXT_FILE [MOST_TOKENS]\n");
        return 2;
    }
    struct tw_error err = {0};
    unsigned long most = argc > 3 ? strtoul(argv[3], NULL, 10) : 512;
    if (measure(argv[1], argv[2], most ? (uint32_t)most : TW_TOKENS_UNLIMITED, &err))
        return 0;
    char line[1024];
    tw_error_line(&err, line, sizeof line);
    fprintf(stderr, "%s\n", line);
    return tw_exit_status(err.code);
}
