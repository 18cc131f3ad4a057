/* corpus: every token of every text in exactly one window. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "examples/corpus.h"
#include "examples/masking.h"
#include "random_model.h"
#include "read/decode.h"
#include "tiny_model.h"
#include "tokenizer/tokenizer.h"

static char folder[64], model[64];
static struct tw_arena arena;
static struct tw_tokenizer *tokenizer;
static struct tw_decode_options decode;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    decode = tw_decode_defaults();
    given_folder(folder);
    given_tiny_model(model);
    return tw_arena_begin(&arena, 16 << 20, &err) && tw_tokenizer_load(model, &tokenizer, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_tokenizer_free(tokenizer);
    tw_arena_end(&arena);
    remove_folder(model);
    remove_folder(folder);
    return 0;
}

static struct tw_corpus *given_corpus(uint32_t most_tokens, double share, uint64_t limit)
{
    struct tw_corpus *corpus;
    struct tw_error err;
    const struct tw_corpus_options options = {.decode = &decode,
        .tokenizer = tokenizer,
        .most_tokens = most_tokens,
        .share_held_back = share,
        .limit_tokens = limit,
        .count_repeated = true};
    assert_true(tw_corpus_new(&options, &corpus, &err));
    return corpus;
}

static const char *in_folder(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return tw_arena_copy(&arena, tw_text_of(path)).bytes;
}

/* Texts of many lengths whose words have one to six pieces. */
static size_t write_texts(char *lines, size_t size, size_t texts)
{
    static const char letters[] = "zyxwvutsrqponmlkjihgfedcba";
    size_t used = 0;
    for (size_t text = 0; text < texts; text++) {
        used += (size_t)snprintf(lines + used, size - used, "{\"title\":\"profit\",\"body\":\"");
        for (size_t word = 0; word < text; word++)
            used += (size_t)snprintf(lines + used, size - used, " %.*s", (int)(1 + (word * 5 + text) % 6),
                letters + (word + text) % 20);
        used += (size_t)snprintf(lines + used, size - used, " x\"}\n");
    }
    return used;
}

static void windows_hold_every_token_once_and_are_cut_between_words(void **state)
{
    (void)state;
    enum { TEXTS = 60, MOST = 20 };
    static char lines[64000];
    size_t length = write_texts(lines, sizeof lines, TEXTS);
    given_file(folder, "texts.jsonl", lines, length);
    struct tw_corpus *whole = given_corpus(4096, 0, 1000000), *cut = given_corpus(MOST, 0, 1000000);
    struct tw_error err;
    assert_true(tw_corpus_read(whole, in_folder("texts.jsonl"), &err));
    assert_true(tw_corpus_read(cut, in_folder("texts.jsonl"), &err));
    assert_int_equal(whole->count, TEXTS);
    assert_int_equal(whole->facts.tokens, cut->facts.tokens);
    size_t window = 0;
    for (size_t text = 0; text < TEXTS; text++) {
        const struct tw_corpus_window *all = &whole->windows[text];
        size_t windows = 0, fewest = (all->count + MOST - 3) / (MOST - 2);
        for (uint32_t seen = 0; seen < all->count; window++, windows++) {
            const struct tw_corpus_window *part = &cut->windows[window];
            assert_true(window < cut->count && part->count <= MOST - 2);
            assert_memory_equal(part->ids, all->ids + seen, part->count * sizeof *part->ids);
            assert_false(tw_masking_continues(tokenizer, part->ids[0]));
            seen += part->count;
        }
        assert_true(windows >= fewest && windows <= fewest + 1 + fewest / 2);
    }
    assert_int_equal(window, cut->count);
    tw_corpus_free(whole);
    tw_corpus_free(cut);
}

static void a_word_longer_than_a_window_is_cut_all_the_same(void **state)
{
    (void)state;
    static const char line[] = "{\"text\":\"abcdefghijklmnop\"}\n";
    struct tw_corpus *corpus = given_corpus(7, 0, 1000);
    struct tw_error err;
    uint32_t tokens = 0;
    given_file(folder, "word.jsonl", line, sizeof line - 1);
    assert_true(tw_corpus_read(corpus, in_folder("word.jsonl"), &err));
    for (size_t at = 0; at < corpus->count; at++)
        tokens += corpus->windows[at].count;
    assert_int_equal(tokens, 16);
    assert_int_equal(corpus->count, 4);
    tw_corpus_free(corpus);
}

static void a_text_is_held_back_with_all_its_windows_and_every_copy_of_it(void **state)
{
    (void)state;
    static char lines[64000];
    size_t length = write_texts(lines, sizeof lines / 2, 60);
    memcpy(lines + length, lines, length);
    given_file(folder, "twice.jsonl", lines, 2 * length);
    struct tw_corpus *corpus = given_corpus(20, 0.3, 1000000);
    struct tw_error err;
    assert_true(tw_corpus_read(corpus, in_folder("twice.jsonl"), &err));
    tw_corpus_count_repeated(corpus);
    size_t half = corpus->count / 2;
    for (size_t at = 0; at < half; at++)
        assert_int_equal(corpus->windows[at].held_back, corpus->windows[at + half].held_back);
    assert_true(corpus->facts.windows_held_back > 0 && corpus->facts.windows_held_back < corpus->count);
    assert_int_equal(corpus->facts.repeated, 60);
    tw_corpus_free(corpus);
}

static void texts_without_a_word_are_passed_over_and_counted(void **state)
{
    (void)state;
    static const char lines[] = "{\"text\":\"https://example.com/a\"}\n{\"text\":\"profit\"}\n";
    struct tw_corpus *corpus = given_corpus(20, 0, 1000);
    struct tw_error err;
    given_file(folder, "wordless.jsonl", lines, sizeof lines - 1);
    assert_true(tw_corpus_read(corpus, in_folder("wordless.jsonl"), &err));
    assert_int_equal(corpus->facts.wordless, 1);
    assert_int_equal(corpus->count, 1);
    tw_corpus_free(corpus);
}

static void a_corpus_past_its_limit_is_refused_with_a_cure(void **state)
{
    (void)state;
    static char lines[64000];
    size_t length = write_texts(lines, sizeof lines, 60);
    given_file(folder, "large.jsonl", lines, length);
    struct tw_corpus *corpus = given_corpus(20, 0, 100);
    struct tw_error err;
    assert_false(tw_corpus_read(corpus, in_folder("large.jsonl"), &err));
    assert_int_equal(err.code, TW_FULL);
    assert_string_equal(err.what, "the corpus has more than 100 tokens");
    assert_non_null(strstr(err.cure, "--max-corpus"));
    tw_corpus_free(corpus);
}

static void a_frame_cut_short_is_named_with_the_last_whole_line(void **state)
{
    (void)state;
    static char lines[64000], packed[64000];
    struct tw_corpus *corpus = given_corpus(20, 0, 1000000);
    struct tw_error err;
    size_t length = write_texts(lines, sizeof lines, 60);
    size_t size = ZSTD_compress(packed, sizeof packed, lines, length, 1);
    assert_false(ZSTD_isError(size));
    given_file(folder, "cut.jsonl.zst", packed, size / 2);
    assert_false(tw_corpus_read(corpus, in_folder("cut.jsonl.zst"), &err));
    assert_int_equal(err.code, TW_IO);
    assert_non_null(strstr(err.where, "cut.jsonl.zst"));
    assert_non_null(strstr(err.what, "in the middle of its data"));
    tw_corpus_free(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_hold_every_token_once_and_are_cut_between_words),
        cmocka_unit_test(a_word_longer_than_a_window_is_cut_all_the_same),
        cmocka_unit_test(a_text_is_held_back_with_all_its_windows_and_every_copy_of_it),
        cmocka_unit_test(texts_without_a_word_are_passed_over_and_counted),
        cmocka_unit_test(a_corpus_past_its_limit_is_refused_with_a_cure),
        cmocka_unit_test(a_frame_cut_short_is_named_with_the_last_whole_line),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
