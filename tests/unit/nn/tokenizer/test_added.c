/* added: tokens added to a vocabulary, found in texts as transformers finds them. What is expected was made
 * by AutoTokenizer of transformers 5.24 with tokenizers 0.23, from the same folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tokenizer/tokenizer.h"

static const char vocabulary[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n##a\n##b\n##c\nprofit\nfalls\nthe\n"
    "$\n.\n-\n_\n<\n>\ngain\n";

static const char *const file_names[] = {"vocab.txt", "tokenizer_config.json", "added_tokens.json"};
enum { FILES = 3 };

/* Loads a folder of these files; those that are NULL are not in it. */
static struct tw_tokenizer *load(const char *config, const char *added, struct tw_error *err)
{
    const char *const contents[FILES] = {vocabulary, config, added};
    char folder[] = "/tmp/tw-added-XXXXXX", path[128];
    struct tw_tokenizer *tokenizer = NULL;
    assert_non_null(mkdtemp(folder));
    for (size_t file = 0; file < FILES; file++) {
        snprintf(path, sizeof path, "%s/%s", folder, file_names[file]);
        assert_true(!contents[file] || tw_file_write(path, tw_text_of(contents[file]), err));
    }
    bool loaded = tw_tokenizer_load(folder, &tokenizer, err);
    assert_true(loaded == (tokenizer != NULL));
    for (size_t file = 0; file < FILES; file++) {
        snprintf(path, sizeof path, "%s/%s", folder, file_names[file]);
        unlink(path);
    }
    rmdir(folder);
    return tokenizer;
}

struct expected {
    const char *text, *tokens;
};

static void assert_all(const char *config, const char *added, const struct expected *cases, size_t count)
{
    struct tw_error err = {0};
    struct tw_arena arena;
    struct tw_tokenizer *tokenizer = load(config, added, &err);
    if (!tokenizer)
        fail_msg("%s: %s", err.where, err.what);
    assert_true(tw_arena_begin(&arena, (size_t)1 << 20, &err));
    for (size_t at = 0; at < count; at++) {
        struct tw_tokens tokens;
        char line[512];
        size_t used = 0;
        assert_true(tw_tokenize(
            tokenizer, tw_text_of(cases[at].text), NULL, TW_TOKENS_UNLIMITED, &arena, &tokens, &err));
        for (uint32_t token = 0; token < tokens.count; token++) {
            struct tw_text text = tw_tokenizer_token(tokenizer, tokens.ids[token]);
            used += (size_t)snprintf(
                line + used, sizeof line - used, "%s%.*s", token ? " " : "", (int)text.length, text.bytes);
        }
        assert_string_equal(line, cases[at].tokens);
    }
    tw_arena_end(&arena);
    tw_tokenizer_free(tokenizer);
}

#define ASSERT_ALL(config, added, cases) assert_all(config, added, cases, sizeof cases / sizeof cases[0])

static void tokens_of_added_tokens_json_are_found_after_normalisation(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"the $velq Profit falls", "[CLS] the $velq profit falls [SEP]"},
        {"a$VELQb", "[CLS] a $velq b [SEP]"},
        {"$v\u00E9lq $velq.", "[CLS] $velq $velq . [SEP]"},
        {"new york, New York NEW  YORK", "[CLS] New York [UNK] New York [UNK] [UNK] [SEP]"},
        {"newyork New Yorka", "[CLS] [UNK] New York a [SEP]"},
        {"$vel q $ velq", "[CLS] $ [UNK] [UNK] $ [UNK] [SEP]"},
        {"$ve\u00ADlq", "[CLS] $velq [SEP]"},
    };
    ASSERT_ALL("{\"do_lower_case\":true}", "{\"$velq\":21,\"New York\":22}", cases);
}

static void tokens_of_the_configuration_are_found_by_their_flags(void **state)
{
    (void)state;
    static const char config[] =
        "{\"do_lower_case\":true,\"added_tokens_decoder\":{"
        "\"21\":{\"content\":\"VELQ\",\"normalized\":false},"
        "\"22\":{\"content\":\"abc\",\"normalized\":true,\"single_word\":true},"
        "\"23\":{\"content\":\"<Tick>\",\"lstrip\":true,\"rstrip\":true,\"normalized\":false,"
        "\"single_word\":true,\"special\":true},"
        "\"24\":{\"content\":\"VELQ.B\",\"normalized\":false},"
        "\"25\":{\"content\":\"\u4E2D\u6587\",\"normalized\":true}}}";
    static const struct expected cases[] = {
        {"VELQ VELQ.B velq VELQ.b", "[CLS] VELQ VELQ.B [UNK] VELQ . b [SEP]"},
        {"aVELQb", "[CLS] a VELQ b [SEP]"},
        {"abc ABC cabc abc_ abc- \u00E1bc", "[CLS] abc abc c ##a ##b ##c a ##b ##c _ abc - abc [SEP]"},
        {"abcVELQ VELQabc", "[CLS] abc VELQ VELQ abc [SEP]"},
        {"a <Tick> b <Tick>b b<Tick> -<Tick>- <tick>",
            "[CLS] a <Tick> b < [UNK] > b b < [UNK] > - <Tick> - < [UNK] > [SEP]"},
        {"a\u4E2D\u6587b \u4E2D \u6587", "[CLS] a \u4E2D\u6587 b [UNK] [UNK] [SEP]"},
        {"gain", "[CLS] gain [SEP]"},
    };
    /* A configuration that tells of added tokens is the one that counts. */
    ASSERT_ALL(config, "{\"gain\":26}", cases);
}

static void a_token_without_its_place_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *config, *added, *what;
    } cases[] = {
        {"{}", "{\"$velq\":22}", "ids go up to 22, but no token has id 21"},
        {"{}", "{\"$velq\":20}", "added token \"$velq\" has id 20, which in the vocabulary is \"gain\""},
        {"{}", "{\"gain\":21}", "added token \"gain\" has id 21, in the vocabulary 20"},
        {"{}", "{\"$velq\":-1}", "added token \"$velq\" has no place in the vocabulary"},
        {"{}", "{\"$velq\":\"21\"}", "\"$velq\" is not a token with its id"},
        {"{}", "{\" velq\":21}", "added token with id 21: white space at its end"},
        {"{}", "{\"\u200D\":21}", "added token with id 21 is nothing once normalized"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_error err = {0};
        struct tw_tokenizer *tokenizer = load(cases[at].config, cases[at].added, &err);
        assert_null(tokenizer);
        assert_string_equal(err.what, cases[at].what);
        assert_non_null(strstr(err.where, "added_tokens.json"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_added_tokens_json_are_found_after_normalisation),
        cmocka_unit_test(tokens_of_the_configuration_are_found_by_their_flags),
        cmocka_unit_test(a_token_without_its_place_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
