/* classify: scores that depend on their own text alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "score/classify.h"
#include "score/join.h"
#include "tiny_classifier.h"

static void the_constant_model_needs_nothing_and_is_constant(void **state)
{
    (void)state;
    struct tw_classifier *classifier = opened((struct tw_classifier_options){.constant = true});
    struct tw_document documents[] = {tokenized(classifier, "profit fell"),
        tokenized(classifier, "profit rose"), tokenized(classifier, "profit fell"),
        tokenized(classifier, "")};
    struct tw_error err;
    float logits[12];
    assert_true(tw_classify(classifier, NULL, documents, 4, &arena, logits, &err));
    assert_memory_equal(&documents[0].score, &documents[2].score, sizeof documents[0].score);
    assert_int_not_equal(documents[0].score.sentiment, documents[1].score.sentiment);
    for (size_t at = 0; at < 4; at++) {
        const struct tw_score *score = &documents[at].score;
        assert_float_equal(score->negative + score->neutral + score->positive, 1, 1e-6);
    }
    tw_classifier_free(classifier);
}

static const char *const texts[] = {"Outboard Marine shares fell 5.1 pct", "profit", "",
    "general motors rose",
    "the loss of the shares of general motors fell to the loss of outboard marine, the profit rose to 1987",
    "x y z", "a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9 a b c d e f g h i"};
enum { TEXTS = sizeof texts / sizeof texts[0] };

static void a_score_has_the_same_bits_whatever_shares_its_batch(void **state)
{
    (void)state;
    struct tw_classifier *classifier = opened((struct tw_classifier_options){.folder = folder});
    struct tw_classify_workspace *workspace;
    struct tw_error err;
    assert_true(tw_classify_workspace_new(classifier, &workspace, &err));
    struct tw_document alone[TEXTS];
    float alone_logits[TEXTS * 3];
    for (size_t at = 0; at < TEXTS; at++) {
        alone[at] = tokenized(classifier, texts[at]);
        assert_true(tw_classify(classifier, workspace, &alone[at], 1, &arena, alone_logits + at * 3, &err));
    }
    assert_int_not_equal(alone[0].score.sentiment, alone[3].score.sentiment);
    enum { MANY = 1000 };
    static struct tw_document many[MANY];
    static float many_logits[MANY * 3];
    for (size_t at = 0; at < MANY; at++)
        many[at] = tokenized(classifier, texts[at * 31 % TEXTS]);
    assert_true(tw_classify(classifier, workspace, many, MANY, &arena, many_logits, &err));
    for (size_t at = 0; at < MANY; at++) {
        assert_memory_equal(&many[at].score, &alone[at * 31 % TEXTS].score, sizeof many[at].score);
        assert_memory_equal(many_logits + at * 3, alone_logits + at * 31 % TEXTS * 3, 3 * sizeof(float));
    }
    tw_classify_workspace_free(workspace);
    tw_classifier_free(classifier);
}

static void only_stored_documents_are_scored(void **state)
{
    (void)state;
    struct tw_classifier *classifier = opened((struct tw_classifier_options){.constant = true});
    struct tw_document documents[] = {{.fate = TW_FATE_DEAD_LETTER}, tokenized(classifier, "profit")};
    struct tw_error err;
    assert_true(tw_classify(classifier, NULL, documents, 2, &arena, NULL, &err));
    assert_true(documents[0].score.neutral == 0);
    assert_true(documents[1].score.neutral > 0);
    tw_classifier_free(classifier);
}

static void the_arena_has_its_room_back_and_says_when_it_is_too_small(void **state)
{
    (void)state;
    struct tw_classifier *classifier = opened((struct tw_classifier_options){.folder = folder});
    struct tw_classify_workspace *workspace;
    struct tw_arena small;
    struct tw_error err;
    assert_true(tw_classify_workspace_new(classifier, &workspace, &err));
    struct tw_document document = tokenized(classifier, texts[0]);
    const size_t mark = tw_arena_mark(&arena);
    assert_true(tw_classify(classifier, workspace, &document, 1, &arena, NULL, &err));
    assert_int_equal(tw_arena_mark(&arena), mark);
    assert_true(tw_arena_begin(&small, 64, &err));
    while (tw_arena_take(&small, 16))
        ;
    assert_false(tw_classify(classifier, workspace, &document, 1, &small, NULL, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_end(&small);
    tw_classify_workspace_free(workspace);
    tw_classifier_free(classifier);
}

static void a_text_that_comes_again_is_not_read_and_has_the_same_bits(void **state)
{
    (void)state;
    struct tw_classifier *plain = opened((struct tw_classifier_options){.folder = folder});
    struct tw_classifier *keeps =
        opened((struct tw_classifier_options){.folder = folder, .cache_bytes = 1 << 20});
    static const char *const again[] = {"profit fell", "profit rose", "profit fell", ""};
    struct tw_classify_workspace *of_plain, *of_keeps;
    struct tw_error err;
    float logits[12];
    assert_null(tw_classifier_cache(plain));
    assert_true(tw_classify_workspace_new(plain, &of_plain, &err));
    assert_true(tw_classify_workspace_new(keeps, &of_keeps, &err));
    for (int turn = 0; turn < 3; turn++) {
        struct tw_document wanted[4], got[4];
        for (size_t at = 0; at < 4; at++)
            wanted[at] = got[at] = tokenized(plain, again[at]);
        wanted[3].fate = got[3].fate = TW_FATE_DEAD_LETTER;
        assert_true(tw_classify(plain, of_plain, wanted, 4, &arena, NULL, &err));
        /* Who wants logits is not told what is kept: the third turn. */
        assert_true(tw_classify(keeps, of_keeps, got, 4, &arena, turn == 2 ? logits : NULL, &err));
        for (size_t at = 0; at < 3; at++) {
            assert_int_equal(got[at].cached, turn == 1);
            assert_memory_equal(&got[at].score, &wanted[at].score, sizeof wanted[at].score);
        }
        assert_false(got[3].cached);
    }
    tw_classify_workspace_free(of_plain);
    tw_classify_workspace_free(of_keeps);
    tw_classifier_free(plain);
    tw_classifier_free(keeps);
}

static struct tw_document with_title(
    const struct tw_classifier *classifier, const char *text, uint32_t title_length)
{
    struct tw_document document = {.text = tw_text_of(text), .title_length = title_length};
    struct tw_error err;
    assert_true(tw_classifier_tokenize(classifier, &document, &arena, &err));
    return document;
}

static void a_text_of_one_window_has_the_bits_that_it_has_without_windows(void **state)
{
    (void)state;
    struct tw_classifier *whole = opened((struct tw_classifier_options){.folder = folder});
    struct tw_classifier *cuts = opened((struct tw_classifier_options){.folder = folder, .max_windows = 8});
    struct tw_classify_workspace *workspace;
    struct tw_error err;
    float wanted_logits[3], logits[3];
    assert_true(tw_classify_workspace_new(cuts, &workspace, &err));
    for (size_t at = 0; at < TEXTS; at++) { /* the longest has 47 tokens, and a window here 48 */
        struct tw_document wanted = with_title(whole, texts[at], 0), got = with_title(cuts, texts[at], 6);
        assert_int_equal(got.window_count, 0);
        assert_int_equal(got.read_bytes, got.text.length);
        assert_true(tw_classify(whole, workspace, &wanted, 1, &arena, wanted_logits, &err));
        assert_true(tw_classify(cuts, workspace, &got, 1, &arena, logits, &err));
        assert_memory_equal(&got.score, &wanted.score, sizeof got.score);
        assert_memory_equal(logits, wanted_logits, sizeof logits);
    }
    tw_classify_workspace_free(workspace);
    tw_classifier_free(whole);
    tw_classifier_free(cuts);
}

static const char *const story =
    "Marine shares fell The profit of general motors rose to 1987, the loss of outboard marine fell to 1986. "
    "The shares of general motors rose. The loss of the shares of outboard marine fell to the loss of 1985, the "
    "profit of general motors rose to the profit of 1984.";

static void a_longer_text_has_the_joined_scores_of_its_windows(void **state)
{
    (void)state;
    struct tw_classifier *cuts =
        opened((struct tw_classifier_options){.folder = folder, .max_windows = 8, .cache_bytes = 1 << 20});
    struct tw_classify_workspace *workspace;
    struct tw_error err;
    float logits[3];
    struct tw_join join = {{0.0}, 0.0};
    assert_true(tw_classify_workspace_new(cuts, &workspace, &err));
    struct tw_document whole = with_title(cuts, story, 18), again = whole, other = with_title(cuts, story, 0);
    assert_true(whole.window_count > 2);
    assert_int_equal(whole.windows[0].end, 18);
    for (uint32_t at = 0; at < whole.window_count; at++) {
        const struct tw_text_window *window = &whole.windows[at];
        struct tw_document part = {.text = {story + window->begin, window->end - window->begin}};
        assert_true(tw_classifier_tokenize(cuts, &part, &arena, &err));
        assert_true(tw_classify(cuts, workspace, &part, 1, &arena, logits, &err));
        tw_join_add(&join, &part.score, at == 0 ? TW_JOIN_TITLE : 1.0);
    }
    const struct tw_score wanted = tw_join_score(&join);
    assert_true(tw_classify(cuts, workspace, &whole, 1, &arena, NULL, &err));
    assert_memory_equal(&whole.score, &wanted, sizeof wanted);
    assert_true(tw_classify(cuts, workspace, &again, 1, &arena, logits, &err));
    assert_memory_equal(&again.score, &wanted, sizeof wanted);
    assert_true(logits[TW_NEUTRAL] == logf(wanted.neutral));
    /* The cache knows it again, and takes no other title for it. */
    assert_true(tw_classify(cuts, workspace, &again, 1, &arena, NULL, &err));
    assert_true(again.cached);
    assert_memory_equal(&again.score, &wanted, sizeof wanted);
    assert_true(tw_classify(cuts, workspace, &other, 1, &arena, NULL, &err));
    assert_false(other.cached);
    tw_classify_workspace_free(workspace);
    tw_classifier_free(cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_constant_model_needs_nothing_and_is_constant),
        cmocka_unit_test(a_score_has_the_same_bits_whatever_shares_its_batch),
        cmocka_unit_test(only_stored_documents_are_scored),
        cmocka_unit_test(the_arena_has_its_room_back_and_says_when_it_is_too_small),
        cmocka_unit_test(a_text_that_comes_again_is_not_read_and_has_the_same_bits),
        cmocka_unit_test(a_text_of_one_window_has_the_bits_that_it_has_without_windows),
        cmocka_unit_test(a_longer_text_has_the_joined_scores_of_its_windows),
    };
    return cmocka_run_group_tests(tests, open_tiny_model, close_tiny_model);
}
