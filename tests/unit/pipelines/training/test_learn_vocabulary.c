/* learn_vocabulary: archives to a folder that a tokenizer loads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "random_model.h"
#include "read/decode.h"
#include "tokenizer/tokenizer.h"
#include "training/learn_vocabulary.h"

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

static char folder[64];
static struct tw_arena arena;
static struct tw_decode_options decode;

/* Capitals, accents, markup, a literal special token, a word longer than any vocabulary may have. */
static const char one[] = "{\"title\":\"Velquin profits rise\",\"body\":\"Caf\\u00e9 Velquin &amp; Sons\"}\n"
                          "{\"text\":\"profits rise, profits fall [SEP] <b>rise</b>\"}\n";
static const char other[] = "{\"text\":\"Ordanelle rises; rising profits rose\"}\n"
                            "{\"text\":\"the profit of Ordanelle rose\"}\n";

static const char *in_folder(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return tw_arena_copy(&arena, tw_text_of(path)).bytes;
}

static void given_gzip(const char *name, const char *text)
{
    gzFile file = gzopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(gzputs(file, text), (int)strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
}

static void given_zstd(const char *name, const char *text)
{
    char packed[4096];
    size_t length = ZSTD_compress(packed, sizeof packed, text, strlen(text), 3);
    assert_false(ZSTD_isError(length));
    given_file(folder, name, packed, length);
}

static int begin(void **state)
{
    (void)state;
    decode = tw_decode_defaults();
    given_folder(folder);
    if (!tw_arena_begin(&arena, 64 << 20, NULL) || mkdir(in_folder("archive"), 0755) != 0)
        return -1;
    given_file(folder, "one.jsonl", one, sizeof one - 1);
    given_gzip("archive/1.jsonl.gz", other);
    given_zstd("archive/2.jsonl.zst", one);
    given_zstd("other.jsonl.zst", other);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    remove_folder(folder);
    return 0;
}

/* What is learned from, and where it goes. */
struct task {
    struct tw_learn_vocabulary_settings settings;
    const char *archives[2];
    size_t archive_count;
};

static struct task given_task(const char *output, const char *first, const char *second)
{
    struct task task = {
        .archives = {in_folder(first), second ? in_folder(second) : NULL}, .archive_count = second ? 2 : 1};
    assert_true(tw_settings_defaults(&tw_learn_vocabulary_table, &arena, &task.settings, NULL));
    task.settings.output = in_folder(output);
    return task;
}

static bool call(const struct task *task, struct tw_learn_vocabulary_result *result, struct tw_error *err)
{
    const struct tw_learn_vocabulary_call how = {
        .archives = task->archives, .archive_count = task->archive_count, .decode = &decode};
    *err = (struct tw_error){0};
    return tw_learn_vocabulary(&task->settings, &how, result, err);
}

static struct tw_learn_vocabulary_result learn(const struct task *task)
{
    struct tw_learn_vocabulary_result result;
    struct tw_error err;
    if (!call(task, &result, &err))
        fail_msg("%s: %s", err.where, err.what);
    return result;
}

static struct tw_text bytes_of(const char *output, const char *name)
{
    struct tw_text text;
    char path[64];
    snprintf(path, sizeof path, "%s/%s", output, name);
    assert_true(tw_file_read(in_folder(path), 1 << 20, &arena, &text, NULL));
    return text;
}

static void the_same_records_give_the_same_bytes_in_whatever_order_and_packing(void **state)
{
    (void)state;
    const struct task orders[] = {given_task("a", "archive", NULL),
        given_task("b", "one.jsonl", "other.jsonl.zst"), given_task("c", "other.jsonl.zst", "one.jsonl")};
    static const char *const outputs[] = {"a", "b", "c"};
    for (size_t at = 0; at < 3; at++) {
        struct tw_learn_vocabulary_result result = learn(&orders[at]);
        assert_int_equal(result.records, 4);
        assert_true(tw_text_equal(bytes_of("a", "vocab.txt"), bytes_of(outputs[at], "vocab.txt")));
    }
}

static void the_folder_tokenizes_every_learned_text_without_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = {"Velquin profits rise Caf\xC3\xA9 Velquin & Sons",
        "profits rise, profits fall rise", "Ordanelle rises; rising profits rose"};
    struct task task = given_task("loaded", "archive", NULL);
    struct tw_learn_vocabulary_result result = learn(&task);
    struct tw_tokenizer *tokenizer;
    struct tw_tokens tokens;
    assert_true(tw_tokenizer_load(in_folder("loaded"), &tokenizer, NULL));
    struct tw_special_ids special = tw_tokenizer_special_ids(tokenizer);
    assert_int_equal(special.padding, 0);
    assert_int_equal(special.unknown, 1);
    assert_int_equal(special.classify, 2);
    assert_int_equal(special.separator, 3);
    assert_int_equal(special.mask, 4);
    assert_int_equal(tw_tokenizer_vocabulary_size(tokenizer), result.pieces);
    assert_int_equal(tw_tokenizer_model_max_length(tokenizer), 512);
    for (size_t at = 0; at < 3; at++) {
        assert_true(
            tw_tokenize(tokenizer, tw_text_of(texts[at]), NULL, TW_TOKENS_UNLIMITED, &arena, &tokens, NULL));
        assert_int_equal(tokens.unknown, 0);
    }
    /* "profits" stands four times, "[SEP]" and markup nowhere. */
    assert_true(tw_tokenizer_id(tokenizer, tw_text_of("profits")) > 4);
    assert_int_equal(tw_tokenizer_id(tokenizer, tw_text_of("sep")), -1);
    assert_int_equal(tw_tokenizer_id(tokenizer, tw_text_of("<")), -1);
    tw_tokenizer_free(tokenizer);
}

static void coverage_is_told_of_the_words_as_they_stand(void **state)
{
    (void)state;
    static const char line[] = "{\"text\":\"aa aa aa ab b ac\"}\n";
    given_file(folder, "counted.jsonl", line, sizeof line - 1);
    struct task task = given_task("counted", "counted.jsonl", NULL);
    task.settings.most_characters = 2; /* c is left out: "ac" is unknown */
    struct tw_learn_vocabulary_result result = learn(&task);
    assert_int_equal(result.words, 6);
    assert_int_equal(result.different, 4);
    assert_int_equal(result.characters, 2);
    assert_int_equal(result.pieces, 5 + 2 + 2 + 1); /* a b ##a ##b aa */
    assert_int_equal(result.whole, 3 + 1);          /* aa, b */
    assert_int_equal(result.unknown, 1);
    assert_int_equal(result.cut, 3 + 2 + 1 + 1); /* "ab" is two */
}

static void cased_keeps_capitals_and_accents(void **state)
{
    (void)state;
    struct task task = given_task("cased", "archive", NULL);
    task.settings.cased = true;
    learn(&task);
    struct tw_tokenizer *tokenizer;
    assert_true(tw_tokenizer_load(in_folder("cased"), &tokenizer, NULL));
    assert_false(tw_tokenizer_lower_case(tokenizer));
    assert_true(tw_tokenizer_id(tokenizer, tw_text_of("Velquin")) > 4);
    assert_true(tw_tokenizer_id(tokenizer, tw_text_of("##\xC3\xA9")) > 4);
    tw_tokenizer_free(tokenizer);
}

static void nothing_is_written_when_there_is_nothing_to_learn(void **state)
{
    (void)state;
    static const char wordless[] = "{\"text\":\"<p>\"}\n";
    struct stat status;
    struct tw_learn_vocabulary_result result;
    struct tw_error err;
    given_file(folder, "empty.jsonl", "", 0);
    given_file(folder, "wordless.jsonl", wordless, sizeof wordless - 1);
    static const char *const files[] = {"empty.jsonl", "wordless.jsonl"};
    for (size_t at = 0; at < 2; at++) {
        struct task task = given_task("never", files[at], NULL);
        assert_false(call(&task, &result, &err));
        assert_int_equal(err.code, TW_CONFIG);
        assert_string_equal(err.what, "no usable record");
        assert_int_not_equal(stat(in_folder("never"), &status), 0);
    }
}

static void a_folder_that_is_not_empty_is_left_alone(void **state)
{
    (void)state;
    struct tw_learn_vocabulary_result result;
    struct tw_error err;
    struct task task = given_task("archive", "one.jsonl", NULL);
    assert_false(call(&task, &result, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    assert_string_equal(err.cure, "name another folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_records_give_the_same_bytes_in_whatever_order_and_packing),
        cmocka_unit_test(the_folder_tokenizes_every_learned_text_without_unknown),
        cmocka_unit_test(coverage_is_told_of_the_words_as_they_stand),
        cmocka_unit_test(cased_keeps_capitals_and_accents),
        cmocka_unit_test(nothing_is_written_when_there_is_nothing_to_learn),
        cmocka_unit_test(a_folder_that_is_not_empty_is_left_alone),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
