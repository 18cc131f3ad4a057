/* own_answers: labels in the place of a teacher's answers, and one answer for a record and its copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "distill/own_answers.h"

#include <math.h>

enum { EXAMPLES = 5, ENTITIES = 4 };

/* A headline with a company and a changed copy of it, a mixture made of it, a generated record with its two
 * companies, one of them without a label, and another headline. */
static const struct tw_dataset_entity headline_company[] = {{.label = 0}};
static const struct tw_dataset_entity generated_companies[] = {{.label = 2}, {.label = -1}};

struct story {
    struct tw_example examples[EXAMPLES];
    struct tw_dataset dataset;
    size_t training[EXAMPLES];
    struct tw_transfer transfer;
    float documents[EXAMPLES * TW_CLASSES], entities[ENTITIES * TW_CLASSES];
    size_t first_entity[EXAMPLES + 1];
    struct tw_teacher_logits answers;
};

static void tell(struct story *story)
{
    *story = (struct story){
        .examples = {{.label = 0, .entities = headline_company, .entity_count = 1, .origin = 7},
            {.label = 0, .entities = headline_company, .entity_count = 1, .origin = 7},
            {.label = -1, .origin = 7, .spliced = true},
            {.label = -1,
                .entities = generated_companies,
                .entity_count = 2,
                .origin = 9,
                .learn_only = true},
            {.label = 1, .origin = 8}},
        .training = {0, 1, 2, 3, 4},
        .documents = {2, 0, 0, 0, 2, 0, 5, 5, 6, 1, 1, 3, 0, 4, 0},
        .entities = {4, 0, 0, 2, 0, 0, 3, 1, 0, 1, 2, 0},
        .first_entity = {0, 1, 2, 2, 4, 4}};
    story->dataset = (struct tw_dataset){.examples = story->examples, .count = EXAMPLES};
    story->transfer.records = (struct tw_labelled){
        .dataset = &story->dataset, .training = story->training, .training_count = EXAMPLES};
    story->answers = (struct tw_teacher_logits){.has_documents = true,
        .has_entities = true,
        .documents = story->documents,
        .entities = story->entities,
        .first_entity = story->first_entity};
}

static double likelihood_of(const float *row, int class)
{
    double whole = 0;
    for (int at = 0; at < TW_CLASSES; at++)
        whole += exp((double)row[at]);
    return exp((double)row[class]) / whole;
}

static void a_label_made_with_its_text_stands_in_the_teachers_place(void **state)
{
    (void)state;
    struct story story, before;
    tell(&story);
    tell(&before);
    tw_own_answers_label(&story.transfer, 0.9, &story.answers);
    const float *labelled = story.entities + 2 * TW_CLASSES;
    assert_float_equal(likelihood_of(labelled, 2), 0.9, 1e-6);
    assert_float_equal(likelihood_of(labelled, 0), 0.05, 1e-6);
    /* The text and the second company have no label, the other records are somebody's: the teacher's word
     * stays. */
    assert_memory_equal(story.documents, before.documents, sizeof story.documents);
    assert_memory_equal(story.entities, before.entities, 2 * TW_CLASSES * sizeof(float));
    assert_memory_equal(
        story.entities + 3 * TW_CLASSES, before.entities + 3 * TW_CLASSES, TW_CLASSES * sizeof(float));
}

static void a_likelihood_of_nought_asks_the_teacher(void **state)
{
    (void)state;
    struct story story, before;
    tell(&story);
    tell(&before);
    tw_own_answers_label(&story.transfer, 0, &story.answers);
    assert_memory_equal(story.entities, before.entities, sizeof story.entities);
    assert_false(tw_own_answers_suffice(&story.examples[3], 0));
}

static void only_a_record_whose_labels_say_all_is_not_asked_about(void **state)
{
    (void)state;
    struct story story;
    tell(&story);
    assert_false(tw_own_answers_suffice(&story.examples[0], 0.9)); /* somebody's record */
    assert_false(tw_own_answers_suffice(&story.examples[3], 0.9)); /* a company without a label */
    story.examples[3].entity_count = 1;
    assert_false(tw_own_answers_suffice(&story.examples[3], 0.9)); /* a text without one */
    story.examples[3].label = 2;
    assert_true(tw_own_answers_suffice(&story.examples[3], 0.9));
}

static void a_record_and_its_copies_get_one_answer(void **state)
{
    (void)state;
    struct story story, before;
    struct tw_arena arena;
    struct tw_error err;
    tell(&story);
    tell(&before);
    assert_true(tw_arena_begin(&arena, 1 << 16, &err));
    assert_true(tw_own_answers_share(&story.transfer, &arena, &story.answers, &err));
    /* The two answers to the text are each other's mirror: what is left says that both classes are alike. */
    assert_memory_equal(story.documents, story.documents + TW_CLASSES, TW_CLASSES * sizeof(float));
    assert_float_equal(likelihood_of(story.documents, 0), likelihood_of(story.documents, 1), 1e-6);
    /* Company: the mean of 4 and 2 ahead of both others is 3 ahead, whatever is added to a row. */
    assert_memory_equal(story.entities, story.entities + TW_CLASSES, TW_CLASSES * sizeof(float));
    assert_float_equal(story.entities[0] - story.entities[1], 3, 1e-5);
    /* Mixtures and other records keep theirs. */
    assert_memory_equal(
        story.documents + 2 * TW_CLASSES, before.documents + 2 * TW_CLASSES, 3 * TW_CLASSES * sizeof(float));
    assert_memory_equal(
        story.entities + 2 * TW_CLASSES, before.entities + 2 * TW_CLASSES, 2 * TW_CLASSES * sizeof(float));
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_made_with_its_text_stands_in_the_teachers_place),
        cmocka_unit_test(a_likelihood_of_nought_asks_the_teacher),
        cmocka_unit_test(only_a_record_whose_labels_say_all_is_not_asked_about),
        cmocka_unit_test(a_record_and_its_copies_get_one_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
