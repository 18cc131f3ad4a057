/* tokenizer: readable cases over a vocabulary small enough to see. The proof against the peer is
 * test_tokenizer_peer.c; bad files are in test_files.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/file.h"
#include "tokenizer/tokenizer.h"

#include <cmocka.h>

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ids are places in this list. */
static const char vocabulary[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                                 "profit\n##s\n##able\nun\n##profit\ncafe\n,\n.\n#\n"
                                 "\xE4\xB8\xAD\n\xE5\x9B\xBD\na\n##a\n##b\n=\nCafe\ncaf\n##\xC3\xA9\ni\n";

struct story {
    char folder[64];
    struct tw_tokenizer *tokenizer;
    struct tw_arena arena;
};

static void write_file(const char *folder, const char *name, const char *contents)
{
    char path[PATH_MAX];
    struct tw_error err = {0};
    assert_true(tw_path_join(path, sizeof path, folder, name, &err));
    assert_true(tw_file_write(path, tw_text_of(contents), &err));
}

static struct story given_tokenizer(const char *config)
{
    struct story story = {.folder = "/tmp/tw-tokenizer-XXXXXX"};
    struct tw_error err = {0};
    assert_non_null(mkdtemp(story.folder));
    write_file(story.folder, "vocab.txt", vocabulary);
    if (config)
        write_file(story.folder, "tokenizer_config.json", config);
    if (!tw_tokenizer_load(story.folder, &story.tokenizer, &err))
        fail_msg("%s: %s", err.where, err.what);
    assert_true(tw_arena_begin(&story.arena, (size_t)64 << 20, &err));
    return story;
}

static void end_story(struct story *story)
{
    static const char *const names[] = {"vocab.txt", "tokenizer_config.json"};
    char path[PATH_MAX];
    for (size_t name = 0; name < 2; name++) {
        assert_true(tw_path_join(path, sizeof path, story->folder, names[name], NULL));
        unlink(path);
    }
    rmdir(story->folder);
    tw_tokenizer_free(story->tokenizer);
    tw_arena_end(&story->arena);
}

/* Tokens as one line of their texts. */
static const char *shown(const struct story *story, const struct tw_tokens *tokens, char *line, size_t size)
{
    size_t length = 0;
    line[0] = '\0';
    for (uint32_t token = 0; token < tokens->count; token++) {
        struct tw_text text = tw_tokenizer_token(story->tokenizer, tokens->ids[token]);
        int wrote =
            snprintf(line + length, size - length, "%s%.*s", token ? " " : "", (int)text.length, text.bytes);
        assert_true(wrote >= 0 && (size_t)wrote < size - length);
        length += (size_t)wrote;
    }
    return line;
}

static struct tw_tokens tokenize(struct story *story, const char *text, const char *pair, uint32_t most)
{
    struct tw_tokens tokens;
    struct tw_error err = {0};
    struct tw_text second = tw_text_of(pair);
    if (!tw_tokenize(
            story->tokenizer, tw_text_of(text), pair ? &second : NULL, most, &story->arena, &tokens, &err))
        fail_msg("%s", err.what);
    return tokens;
}

struct readable {
    const char *text, *tokens;
};

static void expect_all(const char *config, const struct readable *cases, size_t count)
{
    struct story story = given_tokenizer(config);
    char line[4096];
    for (size_t at = 0; at < count; at++) {
        struct tw_tokens tokens = tokenize(&story, cases[at].text, NULL, TW_TOKENS_UNLIMITED);
        assert_string_equal(shown(&story, &tokens, line, sizeof line), cases[at].tokens);
    }
    end_story(&story);
}
#define EXPECT_ALL(config, cases) expect_all(config, cases, sizeof(cases) / sizeof(cases)[0])

static void words_are_cut_into_the_longest_pieces_that_the_vocabulary_has(void **state)
{
    (void)state;
    static const struct readable cases[] = {
        {"", "[CLS] [SEP]"},
        {" \t\r\n", "[CLS] [SEP]"},
        {"Profit", "[CLS] profit [SEP]"},
        {"unprofitable, PROFITS.", "[CLS] un ##profit ##able , profit ##s . [SEP]"},
        {"aab", "[CLS] a ##a ##b [SEP]"},
        {"aac", "[CLS] [UNK] [SEP]"},
        {"stock", "[CLS] [UNK] [SEP]"},
        {"##s", "[CLS] # # [UNK] [SEP]"},
    };
    EXPECT_ALL(NULL, cases);
}

static void accents_case_and_control_characters_are_taken_off(void **state)
{
    (void)state;
    static const struct readable cases[] = {
        {"caf\u00e9", "[CLS] cafe [SEP]"}, {"CAF\u00c9", "[CLS] cafe [SEP]"},
        {"cafe\u0301", "[CLS] cafe [SEP]"}, {"ca\001f\u200de", "[CLS] cafe [SEP]"},
        {"cafe\ufffd", "[CLS] cafe [SEP]"}, {"\u0130", "[CLS] i [SEP]"},
        {"cafe\u00a0cafe\u3000cafe\u2028cafe", "[CLS] cafe cafe cafe cafe [SEP]"},
        {"a\u2260a", "[CLS] a = a [SEP]"}, /* not equal: decomposes to = and a mark */
    };
    EXPECT_ALL(NULL, cases);
}

static void a_cased_folder_keeps_case_and_accents(void **state)
{
    (void)state;
    static const struct readable cases[] = {
        {"Cafe", "[CLS] Cafe [SEP]"},
        {"CAFE", "[CLS] [UNK] [SEP]"},
        {"caf\u00e9", "[CLS] caf ##\u00e9 [SEP]"},
    };
    EXPECT_ALL("{\"do_lower_case\": false}", cases);
    static const struct readable kept[] = {{"CAF\u00c9", "[CLS] caf ##\u00e9 [SEP]"}};
    EXPECT_ALL("{\"do_lower_case\": true, \"strip_accents\": false}", kept);
    static const struct readable stripped[] = {{"Caf\u00e9", "[CLS] Cafe [SEP]"}};
    EXPECT_ALL("{\"do_lower_case\": false, \"strip_accents\": true}", stripped);
}

static void ideographs_are_words_of_their_own_unless_the_folder_says_no(void **state)
{
    (void)state;
    static const struct readable split[] = {{"a\u4e2d\u56fda", "[CLS] a \u4e2d \u56fd a [SEP]"}};
    EXPECT_ALL(NULL, split);
    static const struct readable whole[] = {
        {"\u4e2d\u56fd", "[CLS] [UNK] [SEP]"}, {"\u4e2d", "[CLS] \u4e2d [SEP]"}};
    EXPECT_ALL("{\"tokenize_chinese_chars\": false}", whole);
}

static void special_tokens_in_the_text_are_taken_literally_before_anything_else(void **state)
{
    (void)state;
    static const struct readable cases[] = {
        {"profit[SEP]profit", "[CLS] profit [SEP] profit [SEP]"},
        {"profit[MASK]s", "[CLS] profit [MASK] [UNK] [SEP]"},
        {"caf\u00e9[PAD]caf\u00e9", "[CLS] cafe [PAD] cafe [SEP]"},
        {"[sep]", "[CLS] [UNK] [UNK] [UNK] [SEP]"},
        {"[SE\001P]", "[CLS] [UNK] [UNK] [UNK] [SEP]"},
        {"[SE", "[CLS] [UNK] [UNK] [SEP]"},
    };
    EXPECT_ALL(NULL, cases);
}

static void a_special_token_may_be_a_word_of_letters(void **state)
{
    (void)state;
    static const struct readable cases[] = {
        {"un", "[CLS] un [SEP]"},
        {"aunab", "[CLS] a un a ##b [SEP]"},
        {"profun", "[CLS] [UNK] un [SEP]"},
        {"auab", "[CLS] [UNK] [SEP]"},
    };
    EXPECT_ALL("{\"mask_token\": \"un\"}", cases);
}

static void a_word_of_more_than_a_hundred_characters_is_unknown(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    static const struct {
        const char *unit; /* one character */
        size_t repeats;
        uint32_t tokens, unknown;
    } cases[] = {
        {"a", 100, 102, 0}, {"a", 101, 3, 1}, {"a", 5000, 3, 1},
        {"\u00e1", 100, 102, 0}, /* characters, not bytes */
        {"\u00e1", 101, 3, 1}, {"\u00e1", 5000, 3, 1},
        {"\u302e", 5000, 3, 1}, /* marks that stay, and wait for their order */
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char text[20000] = "";
        size_t unit = strlen(cases[at].unit);
        for (size_t repeat = 0; repeat < cases[at].repeats; repeat++)
            memcpy(text + repeat * unit, cases[at].unit, unit + 1);
        struct tw_tokens tokens = tokenize(&story, text, NULL, TW_TOKENS_UNLIMITED);
        assert_int_equal(tokens.count, cases[at].tokens);
        assert_int_equal(tokens.unknown, cases[at].unknown);
        if (cases[at].unknown) {
            assert_int_equal(tokens.begins[1], 0);
            assert_int_equal(tokens.ends[1], unit * cases[at].repeats);
        }
    }
    end_story(&story);
}

static void offsets_are_bytes_of_the_source(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    /*                   0123 4 5      6..8      9 0        1.. */
    const char *text = "caf\xC3\xA9, \xE4\xB8\xAD unprofitable[SEP]";
    struct tw_tokens tokens = tokenize(&story, text, NULL, TW_TOKENS_UNLIMITED);
    static const uint32_t expected[][2] = {
        {0, 0}, {0, 5}, {5, 6}, {7, 10}, {11, 13}, {13, 19}, {19, 23}, {23, 28}, {0, 0}};
    assert_int_equal(tokens.count, 9);
    for (uint32_t token = 0; token < tokens.count; token++) {
        assert_int_equal(tokens.begins[token], expected[token][0]);
        assert_int_equal(tokens.ends[token], expected[token][1]);
    }
    end_story(&story);
}

static void a_cut_keeps_the_last_separator_and_says_so(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    static const struct {
        const char *text;
        uint32_t most;
        const char *tokens;
        bool truncated;
    } cases[] = {
        {"a a a", 5, "[CLS] a a a [SEP]", false},
        {"a a a", 4, "[CLS] a a [SEP]", true},
        {"profits", 3, "[CLS] profit [SEP]", true},                /* in the middle of a word */
        {"a a a  \t \u0301\u200d", 5, "[CLS] a a a [SEP]", false}, /* what is left is nothing */
        {"a a a \u4e2d", 5, "[CLS] a a a [SEP]", true},
        {"a", 2, "[CLS] [SEP]", true},
        {"", 2, "[CLS] [SEP]", false},
    };
    char line[256];
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_tokens tokens = tokenize(&story, cases[at].text, NULL, cases[at].most);
        assert_string_equal(shown(&story, &tokens, line, sizeof line), cases[at].tokens);
        assert_int_equal(tokens.truncated, cases[at].truncated);
        assert_int_equal(tokens.first_length, tokens.count);
    }
    end_story(&story);
}

static void a_pair_is_cut_longest_first(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    static const struct {
        const char *first, *second;
        uint32_t most;
        const char *tokens;
        uint32_t first_length;
        bool truncated;
    } cases[] = {
        {"a", ", .", 9, "[CLS] a [SEP] , . [SEP]", 3, false},
        {"", "", 3, "[CLS] [SEP] [SEP]", 2, false},
        {"a", ". . . . . .", 7, "[CLS] a [SEP] . . . [SEP]", 3, true},
        {"a a a a a", ".", 7, "[CLS] a a a [SEP] . [SEP]", 5, true},
        {"a a a a a", ". . . .", 7, "[CLS] a a [SEP] . . [SEP]", 4, true},
        {"a a a a a a a", ". . . . . .", 8, "[CLS] a a a [SEP] . . [SEP]", 5,
            true}, /* the longer gets the odd */
        {"a a a a a a", ". . . . . . .", 8, "[CLS] a a [SEP] . . . [SEP]", 4, true},
        {"a a a a a a", ". . . . . .", 8, "[CLS] a a [SEP] . . . [SEP]", 4, true},
        {"a a", ". .", 3, "[CLS] [SEP] [SEP]", 2, true},
    };
    char line[256];
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_tokens tokens = tokenize(&story, cases[at].first, cases[at].second, cases[at].most);
        assert_string_equal(shown(&story, &tokens, line, sizeof line), cases[at].tokens);
        assert_int_equal(tokens.first_length, cases[at].first_length);
        assert_int_equal(tokens.truncated, cases[at].truncated);
    }
    end_story(&story);
}

static void bytes_that_are_not_utf8_and_nul_vanish(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    static const struct {
        const char *bytes;
        size_t length;
        const char *tokens;
    } cases[] = {
        {"ca\xFF"
         "fe",
            5, "[CLS] cafe [SEP]"},
        {"ca\0fe", 5, "[CLS] cafe [SEP]"},
        {"cafe\xE4\xB8", 6, "[CLS] cafe [SEP]"},                 /* ends in the middle */
        {"\xE4\xB8\xE4\xB8\xAD", 5, "[CLS] \xE4\xB8\xAD [SEP]"}, /* maximal subpart, then a good one */
        {"ca\xED\xA0\x80"
         "fe",
            7, "[CLS] cafe [SEP]"}, /* a surrogate */
        {"ca\xC0\x80\xF5\x80"
         "fe",
            8, "[CLS] cafe [SEP]"},
        {"ca\xF0\x9F\x92,", 6, "[CLS] [UNK] , [SEP]"}, /* the comma is not part of it */
        {"\xFF\xFE\xFD", 3, "[CLS] [SEP]"},
    };
    char line[256];
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char *exact = malloc(cases[at].length); /* so that the address sanitizer sees a byte too far */
        assert_non_null(exact);
        memcpy(exact, cases[at].bytes, cases[at].length);
        struct tw_tokens tokens;
        struct tw_error err = {0};
        struct tw_text text = {exact, cases[at].length};
        assert_true(tw_tokenize(story.tokenizer, text, NULL, 64, &story.arena, &tokens, &err));
        assert_string_equal(shown(&story, &tokens, line, sizeof line), cases[at].tokens);
        free(exact);
    }
    end_story(&story);
}

static void no_room_is_an_error_and_not_a_cut(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    struct tw_tokens tokens;
    struct tw_error err = {0};
    struct tw_text text = tw_text_of("a"), pair = tw_text_of("a");
    assert_false(tw_tokenize(story.tokenizer, text, NULL, 1, &story.arena, &tokens, &err));
    assert_int_equal(err.code, TW_USAGE);
    assert_false(tw_tokenize(story.tokenizer, text, &pair, 2, &story.arena, &tokens, &err));
    assert_string_equal(err.what, "2 tokens leave no room for the 3 special ones");
    struct tw_arena small;
    assert_true(tw_arena_begin(&small, 4096, &err));
    char *many = malloc(8000);
    assert_non_null(many);
    memset(many, '.', 8000);
    struct tw_text long_text = {many, 8000};
    assert_false(tw_tokenize(story.tokenizer, long_text, NULL, TW_TOKENS_UNLIMITED, &small, &tokens, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_reset(&small, 0);
    assert_true(tw_tokenize(story.tokenizer, long_text, NULL, 128, &small, &tokens, &err));
    assert_true(tokens.truncated);
    free(many);
    tw_arena_end(&small);
    end_story(&story);
}

static void the_vocabulary_can_be_asked(void **state)
{
    (void)state;
    struct story story = given_tokenizer("{\"model_max_length\": 128}");
    assert_int_equal(tw_tokenizer_vocabulary_size(story.tokenizer), 24);
    assert_int_equal(tw_tokenizer_id(story.tokenizer, tw_text_of("profit")), 5);
    assert_int_equal(tw_tokenizer_id(story.tokenizer, tw_text_of("##profit")), 9);
    assert_int_equal(tw_tokenizer_id(story.tokenizer, tw_text_of("profi")), -1);
    assert_int_equal(tw_tokenizer_id(story.tokenizer, tw_text_of("")), -1);
    assert_null(tw_tokenizer_token(story.tokenizer, 24).bytes);
    assert_null(tw_tokenizer_token(story.tokenizer, -1).bytes);
    struct tw_special_ids ids = tw_tokenizer_special_ids(story.tokenizer);
    assert_int_equal(ids.unknown, 1);
    assert_int_equal(ids.classify, 2);
    assert_int_equal(ids.separator, 3);
    assert_int_equal(ids.padding, 0);
    assert_int_equal(ids.mask, 4);
    assert_int_equal(tw_tokenizer_model_max_length(story.tokenizer), 128);
    assert_true(tw_tokenizer_lower_case(story.tokenizer));
    end_story(&story);
}

/* The thread sanitizer watches this one. */
static void *tokenize_in_thread(void *context)
{
    const struct tw_tokenizer *tokenizer = context;
    struct tw_arena arena;
    struct tw_error err = {0};
    uintptr_t sum = 0;
    if (!tw_arena_begin(&arena, 1 << 20, &err))
        return NULL;
    for (int round = 0; round < 200; round++) {
        struct tw_tokens tokens;
        tw_arena_reset(&arena, 1 << 20);
        if (tw_tokenize(
                tokenizer, tw_text_of("unprofitable caf\u00e9 [SEP]"), NULL, 16, &arena, &tokens, &err))
            sum += tokens.count;
    }
    tw_arena_end(&arena);
    return (void *)sum;
}

static void threads_share_one_tokenizer(void **state)
{
    (void)state;
    struct story story = given_tokenizer(NULL);
    pthread_t threads[4];
    for (size_t thread = 0; thread < 4; thread++)
        assert_int_equal(pthread_create(&threads[thread], NULL, tokenize_in_thread, story.tokenizer), 0);
    for (size_t thread = 0; thread < 4; thread++) {
        void *sum = NULL;
        pthread_join(threads[thread], &sum);
        assert_int_equal((uintptr_t)sum, 200 * 7);
    }
    end_story(&story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_cut_into_the_longest_pieces_that_the_vocabulary_has),
        cmocka_unit_test(accents_case_and_control_characters_are_taken_off),
        cmocka_unit_test(a_cased_folder_keeps_case_and_accents),
        cmocka_unit_test(ideographs_are_words_of_their_own_unless_the_folder_says_no),
        cmocka_unit_test(special_tokens_in_the_text_are_taken_literally_before_anything_else),
        cmocka_unit_test(a_special_token_may_be_a_word_of_letters),
        cmocka_unit_test(a_word_of_more_than_a_hundred_characters_is_unknown),
        cmocka_unit_test(offsets_are_bytes_of_the_source),
        cmocka_unit_test(a_cut_keeps_the_last_separator_and_says_so),
        cmocka_unit_test(a_pair_is_cut_longest_first),
        cmocka_unit_test(bytes_that_are_not_utf8_and_nul_vanish),
        cmocka_unit_test(no_room_is_an_error_and_not_a_cut),
        cmocka_unit_test(the_vocabulary_can_be_asked),
        cmocka_unit_test(threads_share_one_tokenizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
