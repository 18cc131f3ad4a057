/* tiny_classifier: what stories of scoring share: the folder of a tiny model, an arena, classifiers of it.
 * Include it behind cmocka.h.
 *
 *     cmocka_run_group_tests(tests, open_tiny_model, close_tiny_model) */
#ifndef TW_TEST_TINY_CLASSIFIER_H
#define TW_TEST_TINY_CLASSIFIER_H

#include "random_model.h"
#include "score/classifier.h"
#include "test_arena.h"
#include "tiny_model.h"

static char folder[64];

/* Setup and teardown of a group of tests. */
static int open_tiny_model(void **state)
{
    given_tiny_model(folder);
    return open_arena(state);
}

static int close_tiny_model(void **state)
{
    remove_folder(folder);
    return close_arena(state);
}

/* The caller's to free. */
static struct tw_classifier *opened(struct tw_classifier_options options)
{
    struct tw_classifier *classifier;
    struct tw_error err;
    if (!tw_classifier_open(&options, &classifier, &err))
        fail_msg("%s: %s", err.where, err.what);
    return classifier;
}

/* A document of this text, cut into tokens. */
static struct tw_document tokenized(const struct tw_classifier *classifier, const char *text)
{
    struct tw_document document = {.text = tw_text_of(text)};
    struct tw_error err;
    assert_true(tw_classifier_tokenize(classifier, &document, &arena, &err));
    return document;
}

#endif
