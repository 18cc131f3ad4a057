/* finetune: a tiny model learns invented sentences; stopped and resumed, it ends in the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "gemm/bf16.h"
#include "learning.h"
#include "model/model.h"
#include "random_model.h"
#include "score/classify.h"
#include "training/finetune.h"

static struct learning learning;

static int begin(void **state)
{
    (void)state;
    return learning_begin(&learning) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return learning_end(&learning);
}

static struct tw_finetune_settings settings_of(const char *output)
{
    struct tw_finetune_settings settings;
    struct tw_error err;
    const char *const assignments[][2] = {{"model", learning.base}, {"output", in_work(&learning, output)},
        {"data", in_work(&learning, "texts.jsonl")}, {"data", in_work(&learning, "companies.jsonl:0.5")},
        {"epochs", "4"}, {"batch", "8"}, {"lr", "5e-3"}, {"threads", "2"}, {"validation_share", "0.2"},
        {"augment", "number-jitter"}, {"patience", "0"}, {"log_steps", "3"}};
    assert_true(tw_settings_defaults(&tw_finetune_table, &learning.arena, &settings, &err));
    for (size_t at = 0; at < sizeof assignments / sizeof assignments[0]; at++)
        assert_true(tw_settings_set(
            &tw_finetune_table, &learning.arena, &settings, assignments[at][0], assignments[at][1], &err));
    return settings;
}

static void a_run_learns_and_leaves_the_folder_that_people_expect(void **state)
{
    (void)state;
    static const char *const files[] = {"config.json", "model.safetensors", "vocab.txt",
        "tokenizer_config.json", "README.md", "run.yaml", "metrics.jsonl", "trainer_state.json",
        "eval_results.json"};
    struct tw_finetune_settings settings = settings_of("learned");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_model *model;
    struct tw_error err;
    assert_true(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(seen.evaluations, 4);
    assert_true(seen.last_loss < seen.first_loss * 0.9);
    for (size_t at = 0; at < sizeof files / sizeof files[0]; at++)
        assert_true(is_there(settings.run.output, files[at]));
    json_t *results =
        json_loads(read_file(&learning, settings.run.output, "eval_results.json").bytes, 0, NULL);
    assert_true(json_is_real(json_object_get(results, "eval_accuracy")));
    assert_true(json_is_real(json_object_get(results, "eval_f1")));
    json_decref(results);
    json_t *config = json_loads(read_file(&learning, settings.run.output, "config.json").bytes, 0, NULL);
    const json_t *own = json_object_get(config, "tapewatch"), *lineage = json_object_get(own, "lineage");
    assert_int_equal(json_array_size(json_object_get(lineage, "data")), 2);
    assert_true(json_is_number(json_object_get(own, "temperature")));
    assert_true(json_is_object(json_object_get(own, "entity_head")));
    json_decref(config);
    assert_true(
        tw_model_open(settings.run.output, &(struct tw_model_options){.need_head = true}, &model, &err));
    assert_true(model->has_head && model->has_entity_head);
    tw_model_close(model);
}

/* Two companies of one text, each read at its own tokens; one that the text does not name, in the whole of
 * it. */
static void a_model_with_an_entity_head_scores_each_company_by_itself(void **state)
{
    (void)state;
    struct tw_classifier *classifier;
    struct tw_classify_workspace *workspace;
    struct tw_error err;
    struct tw_document document = {
        .fate = TW_FATE_STORED, .text = tw_text_of("marine fell 7, general motors rose")};
    const struct tw_mention items[] = {{0, 0, 6}, {1, 15, 29}};
    const struct tw_text_mentions mentions = {items, 2, 3};
    const struct tw_classifier_options options = {.folder = in_work(&learning, "learned")};
    assert_true(tw_classifier_open(&options, &classifier, &err));
    assert_true(tw_classify_workspace_new(classifier, &workspace, &err));
    assert_true(tw_classifier_tokenize(classifier, &document, &learning.arena, &err));
    assert_true(tw_classifier_read_entities(classifier, &document, mentions, &learning.arena, &err));
    assert_int_equal(document.reading_count, 3);
    assert_int_equal(document.readings[0].begin, 1);
    assert_int_equal(document.readings[0].end, 2);
    assert_int_equal(document.readings[2].begin, 1);
    assert_int_equal(document.readings[2].end, document.token_count - 1);
    assert_true(tw_classify(classifier, workspace, &document, 1, &learning.arena, NULL, &err));
    assert_true(document.readings[0].score.sentiment != document.readings[1].score.sentiment);
    assert_true(document.readings[0].score.sentiment != document.score.sentiment);
    tw_classify_workspace_free(workspace);
    tw_classifier_free(classifier);
}

/* The unbroken run of the same settings, by the bytes of its weights. */
static struct tw_text weights_of_unbroken(const struct tw_finetune_settings *like, const char *name)
{
    struct tw_finetune_settings settings = *like;
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    settings.run.output = in_work(&learning, name);
    assert_true(tw_finetune(&settings, &call, &result, &err));
    return read_file(&learning, settings.run.output, "model.safetensors");
}

static void a_run_that_is_stopped_twice_ends_in_the_same_weights(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("stopped");
    struct seen seen = {.stop_at = 3};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    assert_true(is_there(settings.run.output, "checkpoint-3"));
    call.resume = true;
    seen.stop_at = 13;
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    assert_true(is_there(settings.run.output, "checkpoint-13"));
    assert_false(is_there(settings.run.output, "checkpoint-3"));
    seen.stop_at = 0;
    assert_true(tw_finetune(&settings, &call, &result, &err));
    assert_false(is_there(settings.run.output, "checkpoint-13"));
    assert_true(tw_text_equal(read_file(&learning, settings.run.output, "model.safetensors"),
        weights_of_unbroken(&settings, "unbroken")));
    assert_true(tw_finetune(&settings, &call, &result, &err));
    assert_true(result.was_finished);
}

/* Steps by bf16 products, validations in fp32: the checkpoint names both. */
static void so_does_one_whose_steps_are_bf16(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("rounded");
    struct seen seen = {.stop_at = 7};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    assert_true(tw_settings_set(&tw_finetune_table, &learning.arena, &settings, "precision", "bf16", &err));
    if (!tw_bf16_fast()) {
        assert_false(tw_finetune(&settings, &call, &result, &err));
        assert_string_equal(err.cure, "give precision f32");
        return;
    }
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    assert_non_null(strstr(read_file(&learning, settings.run.output, "run.yaml").bytes, "precision: bf16"));
    assert_non_null(strstr(
        read_file(&learning, in_work(&learning, "rounded/checkpoint-7"), "training.json").bytes, "\"bf16+"));
    call.resume = true;
    seen.stop_at = 0;
    assert_true(tw_finetune(&settings, &call, &result, &err));
    struct tw_text resumed = read_file(&learning, settings.run.output, "model.safetensors");
    assert_true(tw_text_equal(resumed, weights_of_unbroken(&settings, "unbroken-rounded")));
}

static void what_is_measured_is_never_rounded(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("rounded-validations");
    struct tw_run_call call = run_of(&learning, NULL);
    struct tw_run_result result;
    struct tw_error err;
    settings.run.gemm = "bf16";
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_USAGE);
    assert_string_equal(err.what, "gemm: \"bf16\" is not for what is measured");
}

/* The average is part of what a checkpoint keeps, and it is what the folder gets. */
static void so_does_one_that_averages_its_weights(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("averaged"), plain = settings_of("not-averaged");
    struct seen seen = {.stop_at = 11};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    set_setting(&learning, &tw_finetune_table, &settings, "average", "0.9");
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    call.resume = true;
    seen.stop_at = 0;
    assert_true(tw_finetune(&settings, &call, &result, &err));
    struct tw_text resumed = read_file(&learning, settings.run.output, "model.safetensors");
    assert_true(tw_text_equal(resumed, weights_of_unbroken(&settings, "unbroken-averaged")));
    assert_false(tw_text_equal(resumed, weights_of_unbroken(&plain, "unbroken-not-averaged")));
}

static void what_is_left_out_is_not_learned(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("folded");
    struct tw_run_call call = run_of(&learning, NULL);
    struct tw_dataset_facts all, first, second;
    struct tw_error err;
    assert_true(tw_finetune_inspect(&settings, &call, &all, &err));
    settings.leave_out = "1/2";
    assert_true(tw_finetune_inspect(&settings, &call, &first, &err));
    settings.leave_out = "2/2";
    assert_true(tw_finetune_inspect(&settings, &call, &second, &err));
    assert_true(first.training > 0 && second.training > 0);
    assert_int_equal(first.training + second.training, all.training);
    assert_int_equal(first.validation, all.validation);
    assert_int_equal(second.validation, all.validation);
    static const char *const wrong[] = {"3/2", "0/2", "1/1", "1", "1/", "a/2", "1/2x", "1/99"};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        settings.leave_out = wrong[at];
        assert_false(tw_finetune_inspect(&settings, &call, &first, &err));
        assert_int_equal(err.code, TW_USAGE);
    }
}

static void a_folder_that_is_not_empty_is_refused_and_kept(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    settings.run.output = learning.work;
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    assert_string_equal(err.what, "the output folder is not empty");
    assert_false(is_there(learning.work, "run.yaml"));
}

static void data_that_changed_are_no_run_to_resume(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("changed");
    struct seen seen = {.stop_at = 2};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    assert_false(tw_finetune(&settings, &call, &result, &err));
    static const char other[] = "{\"text\":\"loss\",\"label\":\"negative\"}\n";
    given_file(learning.work, "texts.jsonl", other, sizeof other - 1);
    call.resume = true;
    assert_false(tw_finetune(&settings, &call, &result, &err));
    given_records(&learning);
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "data changed since the run began");
}

static void patience_ends_a_run_that_no_longer_improves(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("patient");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    settings.run.lr = 0;
    settings.run.epochs = 50;
    settings.run.patience = 2;
    assert_true(tw_finetune(&settings, &call, &result, &err));
    assert_true(result.stopped_early);
    assert_int_equal(seen.evaluations, 3);
}

static void a_loss_that_explodes_ends_the_run_with_step_and_cure(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = settings_of("exploded");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_model *model;
    struct tw_error err;
    settings.run.lr = 1e6; /* more than the table allows */
    settings.run.clip = 0;
    settings.run.warmup = 20;
    settings.run.epochs = 40;
    settings.run.eval_steps = 1;
    assert_false(tw_finetune(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.where, "exploded: step "));
    assert_non_null(strstr(err.cure, "half the learning rate"));
    assert_non_null(strstr(err.cure, "the best model so far stands in the folder"));
    assert_true(tw_model_open(settings.run.output, NULL, &model, &err));
    tw_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_learns_and_leaves_the_folder_that_people_expect),
        cmocka_unit_test(a_model_with_an_entity_head_scores_each_company_by_itself),
        cmocka_unit_test(a_run_that_is_stopped_twice_ends_in_the_same_weights),
        cmocka_unit_test(so_does_one_whose_steps_are_bf16),
        cmocka_unit_test(a_folder_that_is_not_empty_is_refused_and_kept),
        cmocka_unit_test(what_is_measured_is_never_rounded),
        cmocka_unit_test(so_does_one_that_averages_its_weights),
        cmocka_unit_test(what_is_left_out_is_not_learned),
        cmocka_unit_test(data_that_changed_are_no_run_to_resume),
        cmocka_unit_test(a_loss_that_explodes_ends_the_run_with_step_and_cure),
        cmocka_unit_test(patience_ends_a_run_that_no_longer_improves),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
