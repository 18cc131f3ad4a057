/* files: folders that are good, and folders that lie. Each bad one has its exact line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const file_names[] = {
    "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"};
enum { VOCAB, PIPELINE, CONFIG, MAP, FILE_COUNT };

#define VOCABULARY "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nprofit\n##s\n"

/* A folder of the files that are not NULL. */
static void make_folder(char folder[64], const char *const contents[FILE_COUNT])
{
    char path[PATH_MAX];
    struct tw_error err = {0};
    snprintf(folder, 64, "/tmp/tw-tokenizer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t file = 0; file < FILE_COUNT; file++) {
        if (!contents[file])
            continue;
        assert_true(tw_path_join(path, sizeof path, folder, file_names[file], &err));
        assert_true(tw_file_write(path, tw_text_of(contents[file]), &err));
    }
}

static void remove_folder(const char *folder)
{
    char path[PATH_MAX];
    for (size_t file = 0; file < FILE_COUNT; file++) {
        assert_true(tw_path_join(path, sizeof path, folder, file_names[file], NULL));
        unlink(path);
    }
    rmdir(folder);
}

/* Loads such a folder and expects the error line; `line` NULL: it loads. */
static struct tw_tokenizer *load(const char *const contents[FILE_COUNT], const char *line)
{
    char folder[64], shown[1024] = "";
    struct tw_error err = {0};
    struct tw_tokenizer *tokenizer = NULL;
    make_folder(folder, contents);
    bool loaded = tw_tokenizer_load(folder, &tokenizer, &err);
    remove_folder(folder);
    if (!loaded) {
        tw_error_line(&err, shown, sizeof shown);
        assert_null(tokenizer);
        assert_int_equal(err.code, TW_CONFIG);
        assert_int_equal(strncmp(shown, folder, strlen(folder)), 0);
    }
    const char *tail = loaded ? NULL : shown + strlen(folder);
    if (line && !loaded)
        assert_string_equal(tail, line);
    else if (!line && !loaded)
        fail_msg("%s", shown);
    else if (line)
        fail_msg("loaded, and should have said: %s", line);
    return tokenizer;
}

/* --- vocab.txt --- */

static void a_vocabulary_that_lies_is_refused_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *vocabulary, *line;
    } cases[] = {
        {VOCABULARY "profit\n", "/vocab.txt:8: token \"profit\" stands there twice, as id 5 and as id 7; "
                                "cure: remove one of them, or copy the file again"},
        {VOCABULARY "caf\xE9\n", "/vocab.txt:8: the token is not valid UTF-8; cure: copy the file again"},
        {"[PAD]\n[CLS]\n[SEP]\nprofit\n",
            "/vocab.txt: unk_token \"[UNK]\" is not in the vocabulary; "
            "cure: add it to the vocabulary, or name another in tokenizer_config.json"},
        {"[PAD]\n[UNK]\n[SEP]\nprofit\n",
            "/vocab.txt: cls_token \"[CLS]\" is not in the vocabulary; "
            "cure: add it to the vocabulary, or name another in tokenizer_config.json"},
        {"[PAD]\n[UNK]\n[CLS]\nprofit\n",
            "/vocab.txt: sep_token \"[SEP]\" is not in the vocabulary; "
            "cure: add it to the vocabulary, or name another in tokenizer_config.json"},
        {"", "/vocab.txt: unk_token \"[UNK]\" is not in the vocabulary; "
             "cure: add it to the vocabulary, or name another in tokenizer_config.json"},
        {NULL, ": no tokenizer.json and no vocab.txt; cure: give the folder of a Hugging Face model"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        load((const char *const[FILE_COUNT]){cases[at].vocabulary}, cases[at].line);
}

static void line_ends_of_windows_and_a_missing_last_one_change_nothing(void **state)
{
    (void)state;
    static const char *const vocabularies[] = {
        "[UNK]\r\n[CLS]\r\n[SEP]\r\nprofit\r\n", "[UNK]\n[CLS]\n[SEP]\nprofit"};
    for (size_t at = 0; at < 2; at++) {
        struct tw_tokenizer *tokenizer = load((const char *const[FILE_COUNT]){vocabularies[at]}, NULL);
        assert_int_equal(tw_tokenizer_vocabulary_size(tokenizer), 4);
        assert_int_equal(tw_tokenizer_id(tokenizer, tw_text_of("profit")), 3);
        assert_int_equal(tw_tokenizer_special_ids(tokenizer).padding, -1);
        tw_tokenizer_free(tokenizer);
    }
}

/* --- tokenizer_config.json --- */

static void a_configuration_is_understood_or_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *config, *line;
    } cases[] = {
        {"{\"tokenizer_class\": \"BertTokenizerFast\", \"never_heard_of\": 1}", NULL},
        {"{\"tokenizer_class\": \"DistilBertTokenizer\"}", NULL},
        {"{\"model_max_length\": 1000000000000000019884624838656}", NULL},
        {"{\"cls_token\": {\"content\": \"profit\", \"lstrip\": false}}", NULL},
        {"{\"added_tokens_decoder\": {\"4\": {\"content\": \"[MASK]\", \"lstrip\": true, \"special\": true}}}",
            NULL},
        {"{\"tokenizer_class\": \"RobertaTokenizer\"}",
            "/tokenizer_config.json: tokenizer_class \"RobertaTokenizer\" is not supported; "
            "cure: use a BERT WordPiece tokenizer, as BertTokenizerFast saves it"},
        {"{\"tokenizer_class\": \"PreTrainedTokenizerFast\"}",
            "/tokenizer_config.json: tokenizer_class \"PreTrainedTokenizerFast\" is not supported; "
            "cure: use a BERT WordPiece tokenizer, as BertTokenizerFast saves it"},
        {"{\"do_lower_case\": \"yes\"}",
            "/tokenizer_config.json: do_lower_case is not true or false; cure: write true or false"},
        {"{\"model_max_length\": \"long\"}",
            "/tokenizer_config.json: model_max_length is not a number of tokens; "
            "cure: write a number of tokens"},
        {"{\"truncation_side\": \"left\"}",
            "/tokenizer_config.json: truncation_side other than \"right\" is not supported; "
            "cure: set it to \"right\""},
        {"{\"do_basic_tokenize\": false}",
            "/tokenizer_config.json: do_basic_tokenize false is not supported; "
            "cure: use a BERT WordPiece tokenizer, as BertTokenizerFast saves it"},
        {"{\"unk_token\": 7}",
            "/tokenizer_config.json: unk_token is not text; cure: write the token as text"},
        {"{\"unk_token\": \"<unk>\"}",
            "/vocab.txt: unk_token \"<unk>\" is not in the vocabulary; "
            "cure: add it to the vocabulary, or name another in tokenizer_config.json"},
        {"{\"additional_special_tokens\": [\"<ticker>\"]}",
            "/tokenizer_config.json: additional_special_tokens: \"<ticker>\" is not in the vocabulary; "
            "cure: remove it, or give the model and the vocabulary a row for it"},
        {"{\"added_tokens_decoder\": {\"5\": {\"content\": \"profit\", \"normalized\": true}}}", NULL},
        {"{\"added_tokens_decoder\": {\"9\": {\"content\": \"gain\"}}}",
            "/tokenizer_config.json: ids go up to 9, but no token has id 7; cure: copy the file again"},
        {"{\"added_tokens_decoder\": {\"5\": {\"content\": \"gain\"}}}",
            "/tokenizer_config.json: added token \"gain\" has id 5, which in the vocabulary is \"profit\"; "
            "cure: give it the id that the vocabulary gives it"},
        {"{\"added_tokens_decoder\": {\"5x\": {\"content\": \"profit\"}}}",
            "/tokenizer_config.json: added_tokens_decoder: \"5x\" is not an id; cure: copy the file again"},
        {"{\"do_lower_case\": true,\n \"do_lower_case\": false}",
            "/tokenizer_config.json:2:16: not JSON: duplicate object key near '\"do_lower_case\"'; "
            "cure: copy the file again"},
        {"[]", "/tokenizer_config.json: not a JSON object; cure: copy the file again"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *const files[FILE_COUNT] = {[VOCAB] = VOCABULARY, [CONFIG] = cases[at].config};
        tw_tokenizer_free(load(files, cases[at].line));
    }
}

static void the_special_tokens_map_names_what_the_configuration_does_not(void **state)
{
    (void)state;
    const char *const files[FILE_COUNT] = {[VOCAB] = "<pad>\n<s>\n</s>\n<unk>\n[CLS]\n",
        [CONFIG] = "{\"cls_token\": \"[CLS]\"}",
        [MAP] = "{\"cls_token\": \"<s>\", \"sep_token\": {\"content\": \"</s>\"}, \"unk_token\": \"<unk>\"}"};
    struct tw_tokenizer *tokenizer = load(files, NULL);
    struct tw_special_ids ids = tw_tokenizer_special_ids(tokenizer);
    assert_int_equal(ids.classify, 4);
    assert_int_equal(ids.separator, 2);
    assert_int_equal(ids.unknown, 3);
    assert_int_equal(tw_tokenizer_model_max_length(tokenizer), TW_MODEL_MAX_LENGTH_NONE);
    tw_tokenizer_free(tokenizer);
}

/* --- tokenizer.json --- */

#define ADDED "\"added_tokens\":[{\"id\":2,\"content\":\"[CLS]\",\"normalized\":false,\"special\":true}]"
#define NORMALIZER                                                                                           \
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"         \
    "\"strip_accents\":null,\"lowercase\":true}"
#define PRE "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}"
#define SPECIAL(id, type) "{\"SpecialToken\":{\"id\":\"" id "\",\"type_id\":" type "}}"
#define SEQUENCE(id, type) "{\"Sequence\":{\"id\":\"" id "\",\"type_id\":" type "}}"
#define SINGLE "\"single\":[" SPECIAL("[CLS]", "0") "," SEQUENCE("A", "0") "," SPECIAL("[SEP]", "0") "]"
#define PAIR                                                                                                 \
    "\"pair\":[" SPECIAL("[CLS]", "0") "," SEQUENCE("A", "0") "," SPECIAL("[SEP]", "0") "," SEQUENCE(        \
        "B", "1") "," SPECIAL("[SEP]", "1") "]"
#define TOKENS_OF_TEMPLATE                                                                                   \
    "\"special_tokens\":{\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[2],\"tokens\":[\"[CLS]\"]},"                   \
    "\"[SEP]\":{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}"
#define POST "\"post_processor\":{\"type\":\"TemplateProcessing\"," SINGLE "," PAIR "," TOKENS_OF_TEMPLATE "}"
#define WORDS "\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"[MASK]\":4,\"profit\":5"
#define MODEL(words)                                                                                         \
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","        \
    "\"max_input_chars_per_word\":100,\"vocab\":{" words "}}"
#define GOOD "{" ADDED "," NORMALIZER "," PRE "," POST "," MODEL(WORDS) "}"
#define CURE "; cure: use a BERT WordPiece tokenizer, as BertTokenizerFast saves it"

static void a_pipeline_is_berts_or_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *pipeline, *line;
    } cases[] = {
        {GOOD, NULL},
        {"{" ADDED "," NORMALIZER "," PRE
         ",\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]}," MODEL(
             WORDS) "}",
            NULL},
        {"{" ADDED ",\"normalizer\":{\"type\":\"Lowercase\"}," PRE "," POST "," MODEL(WORDS) "}",
            "/tokenizer.json: normalizer \"Lowercase\" is not supported, only BertNormalizer" CURE},
        {"{" ADDED ",\"normalizer\":null," PRE "," POST "," MODEL(WORDS) "}",
            "/tokenizer.json: normalizer \"(none)\" is not supported, only BertNormalizer" CURE},
        {"{" ADDED ",\"normalizer\":{\"type\":\"BertNormalizer\",\"clean_text\":false,\"lowercase\":true,"
         "\"handle_chinese_chars\":true}," PRE "," POST "," MODEL(WORDS) "}",
            "/tokenizer.json: clean_text other than true is not supported" CURE},
        {"{" ADDED "," NORMALIZER ",\"pre_tokenizer\":{\"type\":\"Whitespace\"}," POST "," MODEL(WORDS) "}",
            "/tokenizer.json: pre_tokenizer \"Whitespace\" is not supported, only BertPreTokenizer" CURE},
        {"{" ADDED "," NORMALIZER "," PRE ",\"post_processor\":{\"type\":\"ByteLevel\"}," MODEL(WORDS) "}",
            "/tokenizer.json: post_processor \"ByteLevel\" is not supported, only TemplateProcessing" CURE},
        {"{" ADDED "," NORMALIZER "," PRE ",\"post_processor\":{\"type\":\"TemplateProcessing\"," SINGLE
         ",\"pair\":[" SPECIAL("[CLS]", "0") "," SEQUENCE("A", "0") "," SPECIAL("[SEP]", "0") "," SPECIAL(
             "[SEP]", "0") "," SEQUENCE("B", "0") "]," TOKENS_OF_TEMPLATE "}," MODEL(WORDS) "}",
            "/tokenizer.json: post_processor: only [CLS] A [SEP] and [CLS] A [SEP] B [SEP] with segments 0 and 1 "
            "are supported" CURE},
        {"{" ADDED "," NORMALIZER "," PRE "," POST ",\"model\":{\"type\":\"BPE\"}}",
            "/tokenizer.json: model \"BPE\" is not supported, only WordPiece" CURE},
        {"{" ADDED "," NORMALIZER "," PRE "," POST
         ",\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
         "\"continuing_subword_prefix\":\"@@\",\"max_input_chars_per_word\":100,\"vocab\":{" WORDS "}}}",
            "/tokenizer.json: continuing_subword_prefix other than \"##\" is not supported" CURE},
        {"{" ADDED "," NORMALIZER "," PRE "," POST
         ",\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
         "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100000,\"vocab\":{" WORDS "}}}",
            "/tokenizer.json: max_input_chars_per_word must be 1 to 256" CURE},
        {"{\"added_tokens\":[{\"id\":6,\"content\":\"profit\"}]," NORMALIZER "," PRE "," POST
         "," MODEL(WORDS) "}",
            "/tokenizer.json: added token \"profit\" has id 6, in the vocabulary 5; "
            "cure: give it the id that the vocabulary gives it"},
        {"{" ADDED "," NORMALIZER "," PRE "," POST "," MODEL(WORDS ",\"loss\":5") "}",
            "/tokenizer.json: vocab: \"profit\" and \"loss\" have one id; cure: copy the file again"},
        {"{" ADDED "," NORMALIZER "," PRE "," POST "," MODEL(WORDS ",\"loss\":-1") "}",
            "/tokenizer.json: vocab: token \"loss\" has no valid id; cure: copy the file again"},
        {"{" ADDED "," NORMALIZER "," PRE "," POST "," MODEL(WORDS ",\"loss\":16000000") "}",
            "/tokenizer.json: ids go up to 16000000, for 7 tokens; cure: copy the file again"},
        {"{" ADDED "," NORMALIZER "," PRE "," POST "," MODEL(WORDS ",\"loss\":\"6\"") "}",
            "/tokenizer.json: vocab: token \"loss\" has no valid id; cure: copy the file again"},
        {"{\"truncation\":{\"direction\":\"Left\"}," ADDED "," NORMALIZER "," PRE "," POST
         "," MODEL(WORDS) "}",
            "/tokenizer.json: truncation: direction other than \"Right\" is not supported; "
            "cure: set it to \"Right\""},
        {"{\"model\":",
            "/tokenizer.json:1:9: not JSON: unexpected token near end of file; cure: copy the file again"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *const files[FILE_COUNT] = {[PIPELINE] = cases[at].pipeline};
        tw_tokenizer_free(load(files, cases[at].line));
    }
}

static void a_pipeline_goes_before_the_vocabulary_file_and_agrees_with_the_configuration(void **state)
{
    (void)state;
    const char *const files[FILE_COUNT] = {
        [VOCAB] = VOCABULARY "and more\n", [PIPELINE] = GOOD, [CONFIG] = "{\"do_lower_case\": true}"};
    struct tw_tokenizer *tokenizer = load(files, NULL);
    assert_int_equal(tw_tokenizer_vocabulary_size(tokenizer), 6);
    assert_int_equal(tw_tokenizer_id(tokenizer, tw_text_of("profit")), 5);
    struct tw_arena arena;
    struct tw_error err = {0};
    struct tw_tokens tokens;
    assert_true(tw_arena_begin(&arena, 1 << 16, &err));
    assert_true(tw_tokenize(tokenizer, tw_text_of("Profit[CLS]"), NULL, 8, &arena, &tokens, &err));
    assert_int_equal(tokens.count, 4);
    assert_int_equal(tokens.ids[1], 5);
    assert_int_equal(tokens.ids[2], 2);
    tw_arena_end(&arena);
    tw_tokenizer_free(tokenizer);

    const char *const other[FILE_COUNT] = {[PIPELINE] = GOOD, [CONFIG] = "{\"do_lower_case\": false}"};
    load(other, "/tokenizer_config.json: do_lower_case is false, but lowercase in tokenizer.json is true; "
                "cure: make both files say the same");
}

static void a_file_that_cannot_be_read_is_an_error_of_reading(void **state)
{
    (void)state;
    char folder[64], path[PATH_MAX];
    struct tw_error err = {0};
    struct tw_tokenizer *tokenizer = NULL;
    make_folder(folder, (const char *const[FILE_COUNT]){NULL});
    assert_true(tw_path_join(path, sizeof path, folder, "vocab.txt", &err));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(tw_tokenizer_load(folder, &tokenizer, &err));
    assert_int_equal(err.code, TW_IO);
    assert_string_equal(err.where, path);
    rmdir(path);
    rmdir(folder);
    assert_null(tokenizer);
    tw_tokenizer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vocabulary_that_lies_is_refused_with_file_and_line),
        cmocka_unit_test(line_ends_of_windows_and_a_missing_last_one_change_nothing),
        cmocka_unit_test(a_configuration_is_understood_or_refused_by_name),
        cmocka_unit_test(the_special_tokens_map_names_what_the_configuration_does_not),
        cmocka_unit_test(a_pipeline_is_berts_or_refused_by_name),
        cmocka_unit_test(a_pipeline_goes_before_the_vocabulary_file_and_agrees_with_the_configuration),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error_of_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
