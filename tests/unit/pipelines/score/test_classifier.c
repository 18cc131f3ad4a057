/* classifier: what is opened, and where a text is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "score/classifier.h"
#include "tiny_classifier.h"

static const char *const long_text =
    "a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9 a b c d e f g h i";

static void a_long_text_is_cut_at_the_least_limit_and_says_so(void **state)
{
    (void)state;
    struct tw_classifier *classifier = opened((struct tw_classifier_options){.folder = folder});
    assert_int_equal(tw_classifier_max_tokens(classifier), 48); /* the tokenizer's; the weights have 64 */
    struct tw_document document = tokenized(classifier, long_text);
    assert_int_equal(document.token_count, 47);
    assert_false(document.truncated);
    tw_classifier_free(classifier);
    classifier = opened((struct tw_classifier_options){.folder = folder, .max_tokens = 8});
    document = tokenized(classifier, long_text);
    assert_int_equal(document.token_count, 8);
    assert_true(document.truncated);
    assert_int_equal(document.tokens[7], 3); /* [SEP] stays */
    tw_classifier_free(classifier);
}

static void with_windows_a_text_may_be_longer_than_what_the_model_takes_at_once(void **state)
{
    (void)state;
    char text[1200] = "";
    struct tw_classifier *classifier =
        opened((struct tw_classifier_options){.folder = folder, .max_windows = 4});
    for (size_t used = 0; used < 1100; used += 13)
        memcpy(text + used, "profit fell. ", 13);
    assert_int_equal(tw_classifier_max_tokens(classifier), 48);
    assert_int_equal(tw_classifier_text_tokens(classifier), 4 * 48);
    struct tw_document document = tokenized(classifier, text);
    assert_int_equal(document.window_count, 4);
    assert_true(document.truncated && document.token_count > 48 && document.token_count <= 4 * 48);
    assert_true(document.read_bytes > 300 && document.read_bytes < document.text.length);
    document = tokenized(classifier, long_text);
    assert_int_equal(document.window_count, 0);
    tw_classifier_free(classifier);
    /* A limit of tokens is one of all windows together. */
    classifier = opened((struct tw_classifier_options){.folder = folder, .max_windows = 4, .max_tokens = 60});
    document = tokenized(classifier, text);
    assert_true(document.truncated && document.token_count <= 60);
    tw_classifier_free(classifier);
    classifier = opened((struct tw_classifier_options){.folder = folder, .max_windows = 4, .max_tokens = 8});
    document = tokenized(classifier, long_text);
    assert_int_equal(document.token_count, 8);
    assert_true(document.truncated);
    tw_classifier_free(classifier);
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    struct tw_classifier *classifier;
    struct tw_error err;
    struct tw_classifier_options options = {.folder = folder, .max_tokens = 2};
    assert_false(tw_classifier_open(&options, &classifier, &err));
    assert_int_equal(err.code, TW_CONFIG);
    options = (struct tw_classifier_options){.folder = "/nonexistent"};
    assert_false(tw_classifier_open(&options, &classifier, &err));
    assert_null(classifier);
    options = (struct tw_classifier_options){0};
    assert_false(tw_classifier_open(&options, &classifier, &err));
    assert_int_equal(err.code, TW_USAGE);
}

static void the_constant_model_has_no_loop_of_inference(void **state)
{
    (void)state;
    struct tw_classifier *classifier = opened((struct tw_classifier_options){.constant = true});
    struct tw_predict *predict;
    struct tw_error err;
    assert_true(tw_classifier_is_constant(classifier));
    assert_null(tw_classifier_model(classifier));
    assert_true(tw_classifier_open_predict(classifier, &predict, &err));
    assert_null(predict);
    tw_classifier_free(classifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_text_is_cut_at_the_least_limit_and_says_so),
        cmocka_unit_test(with_windows_a_text_may_be_longer_than_what_the_model_takes_at_once),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(the_constant_model_has_no_loop_of_inference),
    };
    return cmocka_run_group_tests(tests, open_tiny_model, close_tiny_model);
}
