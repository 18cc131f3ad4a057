/* pretrain: a tiny model learns which words go together; stopped and resumed, it ends in the same bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "learning.h"
#include "model/model.h"
#include "random_model.h"
#include "training/finetune.h"
#include "training/pretrain.h"

static struct learning learning;

/* The verb tells the noun, and the noun the verb. */
static void given_texts(void)
{
    static const char *const nouns[] = {"profit", "loss", "marine"}, *const verbs[] = {"rose", "fell", "to"};
    char lines[24000];
    size_t used = 0;
    for (int at = 0; at < 160; at++)
        used += (size_t)snprintf(lines + used, sizeof lines - used,
            "{\"title\":\"the %s of general motors\",\"body\":\"%s, shares %s %s %d\"}\n", nouns[at % 3],
            verbs[at % 3], verbs[at % 3], nouns[at % 3], at);
    given_file(learning.work, "texts.jsonl", lines, used);
}

static int begin(void **state)
{
    (void)state;
    if (!learning_begin(&learning))
        return -1;
    given_texts();
    return 0;
}

static int end(void **state)
{
    (void)state;
    return learning_end(&learning);
}

static void set(struct tw_pretrain_settings *settings, const char *name, const char *value)
{
    set_setting(&learning, &tw_pretrain_table, settings, name, value);
}

static struct tw_pretrain_settings settings_of(const char *output)
{
    struct tw_pretrain_settings settings;
    struct tw_error err;
    const char *const assignments[][2] = {{"model", learning.base}, {"output", in_work(&learning, output)},
        {"data", in_work(&learning, "texts.jsonl")}, {"epochs", "6"}, {"batch", "8"}, {"lr", "5e-3"},
        {"threads", "2"}, {"validation_share", "0.2"}, {"max_tokens", "12"}, {"log_steps", "5"}};
    assert_true(tw_settings_defaults(&tw_pretrain_table, &learning.arena, &settings, &err));
    for (size_t at = 0; at < sizeof assignments / sizeof assignments[0]; at++)
        set(&settings, assignments[at][0], assignments[at][1]);
    return settings;
}

static void check_config(const char *folder, double perplexity)
{
    json_t *config = json_loads(read_file(&learning, folder, "config.json").bytes, 0, NULL);
    const json_t *own = json_object_get(config, "tapewatch");
    const json_t *lineage = json_object_get(own, "lineage"), *metrics = json_object_get(own, "metrics");
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(config, "architectures"), 0)), "BertForMaskedLM");
    assert_true(json_is_object(json_object_get(lineage, "base")));
    assert_int_equal(json_array_size(json_object_get(lineage, "data")), 1);
    assert_float_equal(json_real_value(json_object_get(metrics, "perplexity")), perplexity, 1e-6);
    json_decref(config);
}

static void a_base_without_a_masked_head_learns_the_texts(void **state)
{
    (void)state;
    static const char *const files[] = {"config.json", "model.safetensors", "vocab.txt",
        "tokenizer_config.json", "README.md", "run.yaml", "metrics.jsonl", "trainer_state.json",
        "eval_results.json"};
    struct tw_pretrain_settings settings = settings_of("learned");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_model *model;
    struct tw_error err;
    assert_true(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_int_equal(seen.evaluations, 7);
    assert_int_equal(seen.first_step, 0);
    assert_int_equal(seen.lines, 1); /* the head is new */
    assert_true(seen.last_loss < seen.first_loss * 0.6);
    assert_float_equal(result.best_metric, exp(seen.last_loss), 1e-9);
    for (size_t at = 0; at < sizeof files / sizeof files[0]; at++)
        assert_true(is_there(settings.run.output, files[at]));
    check_config(settings.run.output, result.best_metric);
    assert_true(tw_model_open(
        settings.run.output, &(struct tw_model_options){.with_masked_head = true}, &model, &err));
    assert_true(model->has_masked_head && !model->has_head);
    tw_model_close(model);
}

static void what_was_learned_is_a_base_to_go_on_from(void **state)
{
    (void)state;
    struct tw_pretrain_settings settings = settings_of("further");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    settings.model = in_work(&learning, "learned");
    settings.run.steps = 1;
    settings.run.lr = 0;
    assert_true(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_int_equal(seen.lines, 0);
    assert_true(seen.first_loss == seen.last_loss); /* a rate of 0 leaves it as it is, masking is fixed */
    json_t *results =
        json_loads(read_file(&learning, in_work(&learning, "learned"), "eval_results.json").bytes, 0, NULL);
    assert_float_equal(json_real_value(json_object_get(results, "eval_loss")), seen.first_loss, 1e-8);
    json_decref(results);
}

static void finetune_takes_what_was_learned(void **state)
{
    (void)state;
    struct tw_finetune_settings settings;
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_model *model;
    struct tw_error err;
    static const char lines[] = "{\"text\":\"profit rose\",\"label\":\"positive\"}\n"
                                "{\"text\":\"loss fell\",\"label\":\"negative\"}\n";
    given_file(learning.work, "labelled.jsonl", lines, sizeof lines - 1);
    const char *const assignments[][2] = {{"model", in_work(&learning, "learned")},
        {"output", in_work(&learning, "tuned")}, {"data", in_work(&learning, "labelled.jsonl")},
        {"epochs", "1"}, {"threads", "1"}, {"validation_share", "0"}};
    assert_true(tw_settings_defaults(&tw_finetune_table, &learning.arena, &settings, &err));
    for (size_t at = 0; at < sizeof assignments / sizeof assignments[0]; at++)
        set_setting(&learning, &tw_finetune_table, &settings, assignments[at][0], assignments[at][1]);
    assert_true(tw_finetune(&settings, &call, &result, &err));
    assert_true(tw_model_open(settings.run.output,
        &(struct tw_model_options){.need_head = true, .with_masked_head = true}, &model, &err));
    assert_true(model->has_head && !model->has_masked_head);
    tw_model_close(model);
}

static void from_scratch_a_vocabulary_and_a_shape_are_enough(void **state)
{
    (void)state;
    struct tw_pretrain_settings settings = settings_of("scratch");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_model *model;
    struct tw_error err;
    char vocabulary[128];
    snprintf(vocabulary, sizeof vocabulary, "%s/vocab.txt", learning.base);
    settings.model = "";
    set(&settings, "vocab", vocabulary);
    set(&settings, "hidden", "16");
    set(&settings, "layers", "1");
    set(&settings, "heads", "2");
    set(&settings, "max_positions", "32");
    set(&settings, "whole_word", "true");
    assert_true(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_true(seen.last_loss < seen.first_loss);
    assert_true(is_there(settings.run.output, "vocab.txt"));
    assert_true(tw_model_open(settings.run.output, NULL, &model, &err));
    assert_int_equal(model->config.hidden, 16);
    assert_int_equal(model->config.intermediate, 64);
    assert_int_equal(model->config.vocabulary, 101);
    tw_model_close(model);
}

static void a_run_that_is_stopped_twice_ends_in_the_same_weights(void **state)
{
    (void)state;
    struct tw_pretrain_settings settings = settings_of("stopped"), unbroken = settings_of("unbroken");
    struct seen seen = {.stop_at = 3}, other = {0};
    struct tw_run_call call = run_of(&learning, &seen), whole = run_of(&learning, &other);
    struct tw_run_result result;
    struct tw_error err;
    assert_false(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    assert_true(is_there(settings.run.output, "checkpoint-3"));
    call.resume = true;
    seen.stop_at = 40;
    assert_false(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    seen.stop_at = 0;
    assert_true(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_true(tw_pretrain(&unbroken, &whole, NULL, &result, &err));
    assert_true(tw_text_equal(read_file(&learning, settings.run.output, "model.safetensors"),
        read_file(&learning, unbroken.run.output, "model.safetensors")));
    assert_true(tw_pretrain(&settings, &call, NULL, &result, &err));
    assert_true(result.was_finished);
}

/* ---- a topic, as the daemon would read it ---- */

struct pretended {
    int looks, spools;
};

static bool look_at_topic(void *self, struct tw_error *err)
{
    struct pretended *topic = self;
    (void)err;
    topic->looks++;
    return true;
}

static bool spool_topic(void *self, const char *folder, struct tw_error *err)
{
    struct pretended *topic = self;
    static const char ranges[] = "{\"topic\":\"tape\",\"refused\":0,\"partitions\":[]}";
    struct tw_text text = read_file(&learning, learning.work, "texts.jsonl");
    (void)err;
    topic->spools++;
    assert_true(is_there(folder, "run.yaml"));
    given_file(folder, "topic.json", ranges, sizeof ranges - 1);
    given_file(folder, "topic.jsonl.zst", text.bytes, text.length);
    return true;
}

static void a_topic_is_read_once_however_often_the_run_is_resumed(void **state)
{
    (void)state;
    struct tw_pretrain_settings settings = settings_of("topic");
    struct pretended pretended = {0};
    const struct tw_pretrain_topic topic = {&pretended, look_at_topic, spool_topic};
    struct seen seen = {.stop_at = 3};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_run_result result;
    struct tw_error err;
    tw_settings_clear(&tw_pretrain_table, &settings, "data");
    settings.topic = "tape";
    assert_false(tw_pretrain(&settings, &call, &topic, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    call.resume = true;
    seen.stop_at = 0;
    assert_true(tw_pretrain(&settings, &call, &topic, &result, &err));
    assert_int_equal(pretended.looks, 1);
    assert_int_equal(pretended.spools, 1);
    json_t *config = json_loads(read_file(&learning, settings.run.output, "config.json").bytes, 0, NULL);
    const json_t *lineage = json_object_get(json_object_get(config, "tapewatch"), "lineage");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(lineage, "topic"), "topic")), "tape");
    json_decref(config);
}

static void a_look_counts_and_leaves_nothing_behind(void **state)
{
    (void)state;
    struct tw_pretrain_settings settings = settings_of("looked");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_pretrain_facts facts;
    struct tw_error err;
    assert_true(tw_pretrain_inspect(&settings, &call, NULL, &facts, &err));
    assert_int_equal(facts.corpus.records, 160);
    assert_int_equal(facts.most_tokens, 12);
    assert_true(facts.corpus.windows > 160 && facts.corpus.windows_held_back > 0);
    assert_int_equal(facts.steps, 6 * facts.epoch_steps);
    assert_false(is_there(learning.work, "looked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_base_without_a_masked_head_learns_the_texts),
        cmocka_unit_test(what_was_learned_is_a_base_to_go_on_from),
        cmocka_unit_test(finetune_takes_what_was_learned),
        cmocka_unit_test(from_scratch_a_vocabulary_and_a_shape_are_enough),
        cmocka_unit_test(a_run_that_is_stopped_twice_ends_in_the_same_weights),
        cmocka_unit_test(a_topic_is_read_once_however_often_the_run_is_resumed),
        cmocka_unit_test(a_look_counts_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
