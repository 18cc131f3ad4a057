/* distill: a tiny student learns what a tiny teacher says; what was asked once is not asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "distill/distill.h"
#include "distill/prune_vocabulary.h"
#include "format/safetensors.h"
#include "learning.h"
#include "model/model.h"
#include "random_model.h"
#include "tokenizer/tokenizer.h"

static struct learning learning;

/* Half as wide as the teacher, with the same tokenizer. */
static void given_narrow_model(char *folder)
{
    struct random_shape narrow = tiny_bert;
    narrow.hidden = 8;
    narrow.heads = 2;
    given_folder(folder);
    given_random_model(folder, &narrow);
    static const char *const files[] = {"vocab.txt", "tokenizer_config.json"};
    for (size_t at = 0; at < 2; at++) {
        struct tw_text bytes = read_file(&learning, learning.base, files[at]);
        given_file(folder, files[at], bytes.bytes, bytes.length);
    }
}

static int begin(void **state)
{
    static const char archive[] = "{\"title\":\"outboard marine fell\",\"body\":\"the loss of 7\"}\n"
                                  "{\"text\":\"general motors rose\"}\n";
    (void)state;
    if (!learning_begin(&learning))
        return -1;
    given_file(learning.work, "archive.jsonl", archive, sizeof archive - 1);
    given_teacher(&learning, "teacher");
    return 0;
}

static int end(void **state)
{
    (void)state;
    return learning_end(&learning);
}

static struct tw_distill_settings settings_of(const char *output)
{
    struct tw_distill_settings settings;
    struct tw_error err;
    assert_true(tw_settings_defaults(&tw_distill_table, &learning.arena, &settings, &err));
    const char *const assignments[][2] = {{"teacher", in_work(&learning, "teacher")},
        {"student", learning.base}, {"output", in_work(&learning, output)},
        {"data", in_work(&learning, "texts.jsonl")}, {"data", in_work(&learning, "companies.jsonl")},
        {"unlabelled", in_work(&learning, "archive.jsonl")}, {"titles", in_work(&learning, "archive.jsonl")},
        {"epochs", "4"}, {"batch", "8"}, {"lr", "5e-3"}, {"threads", "2"}, {"validation_share", "0.2"},
        {"augment_copies", "1"}, {"splice_copies", "1"}, {"vocabulary", "100"}, {"vocabulary_margin", "2"},
        {"dtype", "f16"}, {"compare_seconds", "0.01"}};
    for (size_t at = 0; at < sizeof assignments / sizeof assignments[0]; at++)
        set_setting(&learning, &tw_distill_table, &settings, assignments[at][0], assignments[at][1]);
    return settings;
}

static void a_student_learns_and_is_compared_with_its_teacher(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("student");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_model *model;
    struct tw_error err;
    if (!tw_distill(&settings, &call, &result, &err))
        fail_msg("%s: %s", err.where, err.what);
    assert_true(seen.last_loss < seen.first_loss);
    assert_true(result.compared);
    assert_true(result.student.parameters < result.teacher.parameters);
    assert_true(result.student.file_bytes < result.teacher.file_bytes);
    assert_true(result.student.documents.n > 0 && result.student.entities.n > 0);
    assert_true(result.student.documents_per_s > 0 && result.teacher.tokens_per_s > 0);
    assert_true(is_there(settings.run.output, "distill_results.json"));
    const char *card = read_file(&learning, settings.run.output, "README.md").bytes;
    assert_non_null(strstr(card, "\n## Against its teacher\n"));
    assert_non_null(strstr(card, "\n| entities: macro F1 | "));
    assert_true(strstr(card, "\n## Limits\n") > strstr(card, "\n## Against its teacher\n"));
    assert_true(
        tw_model_open(settings.run.output, &(struct tw_model_options){.need_head = true}, &model, &err));
    assert_true(model->has_head && model->has_entity_head);
    assert_true(model->config.vocabulary < 101);
    tw_model_close(model);
    json_t *config = json_loads(read_file(&learning, settings.run.output, "config.json").bytes, 0, NULL);
    const json_t *lineage = json_object_get(json_object_get(config, "tapewatch"), "lineage");
    assert_true(json_is_string(json_object_get(json_object_get(lineage, "teacher"), "sha256")));
    assert_int_equal(json_array_size(json_object_get(lineage, "unlabelled")), 1);
    json_decref(config);
}

/* Temperature and offsets are in the folder: whoever opens it finds what the run found. */
static void what_was_measured_in_the_run_is_what_the_folder_does(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("measured");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_error err;
    set_setting(&learning, &tw_distill_table, &settings, "dtype", "f32");
    set_setting(&learning, &tw_distill_table, &settings, "average", "0.9");
    assert_true(tw_distill(&settings, &call, &result, &err));
    json_t *metrics =
        json_loads(read_file(&learning, settings.run.output, "eval_results.json").bytes, 0, NULL);
    const struct {
        const char *name;
        double value;
    } wanted[] = {{"eval_ece", result.student.documents.ece}, {"eval_f1", result.student.documents.macro_f1},
        {"eval_entity_ece", result.student.entities.ece},
        {"eval_entity_f1", result.student.entities.macro_f1}};
    for (size_t at = 0; at < sizeof wanted / sizeof wanted[0]; at++)
        assert_float_equal(
            json_real_value(json_object_get(metrics, wanted[at].name)), wanted[at].value, 1e-6);
    json_decref(metrics);
}

static void a_stopped_run_asks_the_teacher_once_and_ends_in_the_same_weights(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("stopped");
    struct seen seen = {.stop_at = 3};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_error err;
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    assert_true(is_there(settings.run.output, "teacher-logits.safetensors"));
    int lines = seen.lines;
    seen = (struct seen){0};
    call.resume = true;
    assert_true(tw_distill(&settings, &call, &result, &err));
    assert_true(seen.lines < lines + 1);
    assert_true(tw_text_equal(read_file(&learning, settings.run.output, "model.safetensors"),
        read_file(&learning, in_work(&learning, "student"), "model.safetensors")));
}

/* The rows of answers in a file of a run. */
static size_t answers_in(const char *folder, const char *name)
{
    char path[256];
    struct tw_safetensors file;
    struct tw_error err;
    size_t rows = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(tw_safetensors_open(path, &file, &err));
    for (size_t at = 0; at < file.count; at++)
        if (strstr(file.tensors[at].name, ".documents"))
            rows = file.tensors[at].elements / TW_CLASSES;
    tw_safetensors_close(&file);
    return rows;
}

static void each_labelled_text_is_answered_for_by_who_never_learned_it(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("folds");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_distill_facts facts;
    struct tw_error err;
    given_fold_teacher(&learning, "fold-1", "1/2");
    given_fold_teacher(&learning, "fold-2", "2/2");
    set_setting(&learning, &tw_distill_table, &settings, "fold_teachers", in_work(&learning, "fold-2"));
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "left out fold 2 of 2, but 1 fold teachers are named");
    assert_false(is_there(settings.run.output, "run.yaml"));
    set_setting(&learning, &tw_distill_table, &settings, "fold_teachers", in_work(&learning, "fold-1"));
    if (!tw_distill(&settings, &call, &result, &err))
        fail_msg("%s: %s", err.where, err.what);
    assert_true(tw_distill_inspect(&settings, &call, &facts, &err));
    assert_int_equal(answers_in(settings.run.output, "teacher-logits.safetensors"), facts.unlabelled);
    assert_int_equal(answers_in(settings.run.output, "fold-1-logits.safetensors") +
                         answers_in(settings.run.output, "fold-2-logits.safetensors"),
        facts.labelled + facts.copies);
    json_t *config = json_loads(read_file(&learning, settings.run.output, "config.json").bytes, 0, NULL);
    const json_t *lineage = json_object_get(json_object_get(config, "tapewatch"), "lineage");
    assert_int_equal(json_array_size(json_object_get(lineage, "fold_teachers")), 2);
    json_decref(config);
}

static void fold_teachers_must_be_one_a_fold(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("no-folds");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_error err;
    set_setting(&learning, &tw_distill_table, &settings, "fold_teachers", in_work(&learning, "fold-2"));
    set_setting(&learning, &tw_distill_table, &settings, "fold_teachers", in_work(&learning, "fold-2"));
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_non_null(strstr(err.what, "left out fold 2, as "));
    settings.fold_teachers.count = 1;
    settings.fold_teachers.items[0] = in_work(&learning, "teacher");
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_string_equal(err.what, "left no fold out");
}

static void a_teacher_without_a_head_is_refused(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("headless");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct random_shape bare = tiny_bert;
    struct tw_error err;
    char folder[64];
    bare.without_head = true;
    given_folder(folder);
    given_random_model(folder, &bare);
    struct tw_text vocabulary = read_file(&learning, learning.base, "vocab.txt");
    given_file(folder, "vocab.txt", vocabulary.bytes, vocabulary.length);
    settings.teacher = folder;
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_CONFIG);
    remove_folder(folder);
    settings.teacher = "";
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_USAGE);
}

static void a_head_that_nothing_teaches_is_not_made(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("texts");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_model *model;
    struct tw_error err;
    settings.data.count = 1; /* texts.jsonl: no entities */
    settings.run.epochs = 1;
    if (!tw_distill(&settings, &call, &result, &err))
        fail_msg("%s: %s", err.where, err.what);
    assert_true(
        tw_model_open(settings.run.output, &(struct tw_model_options){.need_head = true}, &model, &err));
    assert_true(model->has_head && !model->has_entity_head);
    tw_model_close(model);
}

/* The titles name General Motors and a symbol: two more for the teacher to answer for; labelled texts stay as
 * they are. */
static void companies_in_texts_without_labels_are_found(void **state)
{
    (void)state;
    static const char entities[] = "{\"symbol\":\"GM\",\"names\":[\"General Motors\"]}\n";
    static const char archive[] = "{\"title\":\"general motors rose\",\"body\":\"the loss of <OM>\"}\n";
    struct tw_distill_settings settings = settings_of("linked");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_facts facts;
    struct tw_distill_result result;
    struct tw_error err;
    given_file(learning.work, "entities.jsonl", entities, sizeof entities - 1);
    given_file(learning.work, "linked.jsonl", archive, sizeof archive - 1);
    settings.titles.count = 0;
    settings.unlabelled.items[0] = in_work(&learning, "linked.jsonl");
    settings.data.count = 1; /* texts.jsonl: no entities */
    settings.entities = in_work(&learning, "entities.jsonl");
    assert_true(tw_distill_inspect(&settings, &call, &facts, &err));
    assert_int_equal(facts.named, 1);
    settings.link_symbols = true;
    assert_true(tw_distill_inspect(&settings, &call, &facts, &err));
    assert_int_equal(facts.named, 2);
    settings.run.epochs = 1;
    assert_true(tw_distill(&settings, &call, &result, &err));
    struct tw_model *model;
    assert_true(tw_model_open(settings.run.output, NULL, &model, &err));
    assert_true(model->has_entity_head);
    tw_model_close(model);
    assert_non_null(strstr(read_file(&learning, settings.run.output, "README.md").bytes, "entities.jsonl"));
}

/* A text that is held back is in the data and in the archive too: neither it nor a changed copy of it is
 * learned. */
static void what_is_held_back_is_learned_in_no_form(void **state)
{
    (void)state;
    static const char held[] = "{\"text\":\"shares fell to 45\",\"label\":\"negative\"}\n";
    struct tw_distill_settings settings = settings_of("held");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_facts before, after;
    struct tw_error err;
    settings.data.count = 1; /* texts.jsonl */
    settings.titles.count = 0;
    settings.validation_share = 0;
    settings.splice_copies = 0;
    assert_true(tw_distill_inspect(&settings, &call, &before, &err));
    assert_int_equal(before.labelled, 48);
    assert_true(before.copies > 30);
    given_file(learning.work, "held.jsonl", held, sizeof held - 1);
    set_setting(&learning, &tw_distill_table, &settings, "validation", in_work(&learning, "held.jsonl"));
    settings.unlabelled.items[0] = settings.validation.items[0];
    assert_true(tw_distill_inspect(&settings, &call, &after, &err));
    assert_int_equal(after.labelled, 47);
    assert_int_equal(after.copies, before.copies - 1);
    assert_int_equal(after.unlabelled, 0);
    assert_int_equal(after.validation, 1);
}

/* Generated records are learned whole, their labels answer for the teacher, copies draw names and frames from
 * templates; and the model says of which files it was made. */
static void generated_records_and_templates_are_learned_and_told(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("generated");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_distill_facts before, after;
    struct tw_error err;
    settings.splice_copies = 0;
    assert_true(tw_distill_inspect(&settings, &call, &before, &err));
    set_setting(&learning, &tw_distill_table, &settings, "learn_only", in_work(&learning, "texts.jsonl"));
    set_setting(&learning, &tw_distill_table, &settings, "learn_only_answer", "0.9");
    set_setting(&learning, &tw_distill_table, &settings, "shared_answers", "true");
    set_setting(&learning, &tw_distill_table, &settings, "templates", TW_SOURCE_DIR "/config/cases.yaml");
    settings.data.items[0] = settings.data.items[1]; /* companies.jsonl alone */
    settings.data.count = 1;
    if (!tw_distill(&settings, &call, &result, &err))
        fail_msg("%s: %s", err.where, err.what);
    assert_true(tw_distill_inspect(&settings, &call, &after, &err));
    /* What is learned only holds nothing back, and is not copied. */
    assert_true(after.validation < before.validation);
    assert_true(after.labelled > before.labelled);
    assert_true(seen.last_loss < seen.first_loss);
    json_t *config = json_loads(read_file(&learning, settings.run.output, "config.json").bytes, 0, NULL);
    const json_t *lineage = json_object_get(json_object_get(config, "tapewatch"), "lineage");
    const char *const told[] = {"learn_only", "templates"};
    for (size_t at = 0; at < 2; at++) {
        const json_t *file = json_array_get(json_object_get(lineage, told[at]), 0);
        assert_true(json_is_string(json_object_get(file, "sha256")));
    }
    json_decref(config);
}

/* The student of the first test, as if it had been killed just before the last thing it does. */
static void a_comparison_that_was_not_written_is_made_by_resuming(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("student");
    struct seen seen = {0};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_error err;
    size_t before = read_file(&learning, settings.run.output, "README.md").length;
    assert_int_equal(remove(in_work(&learning, "student/distill_results.json")), 0);
    call.resume = true;
    assert_true(tw_distill(&settings, &call, &result, &err));
    assert_true(result.run.was_finished && result.compared);
    assert_true(is_there(settings.run.output, "distill_results.json"));
    size_t after = read_file(&learning, settings.run.output, "README.md").length;
    assert_in_range(after, before - 32, before + 32); /* one section, other speeds */
    assert_true(tw_distill(&settings, &call, &result, &err));
    assert_false(result.compared);
}

/* The same pieces, under other numbers, for texts whose pieces are all there. */
static void a_pruned_vocabulary_cuts_texts_into_the_same_pieces(void **state)
{
    (void)state;
    struct tw_tokenizer *whole, *small;
    struct tw_tokens before, after;
    struct tw_error err;
    assert_true(tw_tokenizer_load(learning.base, &whole, &err));
    assert_true(tw_tokenizer_load(in_work(&learning, "student/vocabulary"), &small, &err));
    assert_true(tw_tokenizer_vocabulary_size(small) < tw_tokenizer_vocabulary_size(whole));
    struct tw_text text = tw_text_of("shares fell to 41, general motors rose; z");
    assert_true(tw_tokenize(whole, text, NULL, 48, &learning.arena, &before, &err));
    assert_true(tw_tokenize(small, text, NULL, 48, &learning.arena, &after, &err));
    assert_int_equal(before.count, after.count);
    for (uint32_t at = 0; at < before.count; at++)
        assert_true(tw_text_equal(
            tw_tokenizer_token(whole, before.ids[at]), tw_tokenizer_token(small, after.ids[at])));
    tw_tokenizer_free(whole);
    tw_tokenizer_free(small);
}

/* The teacher beside the student; its projection stays with the run. */
static void hidden_states_are_matched_and_a_resumed_run_keeps_its_projection(void **state)
{
    (void)state;
    struct tw_distill_settings settings = settings_of("hidden"), unbroken = settings_of("unbroken");
    struct seen seen = {.stop_at = 3};
    struct tw_run_call call = run_of(&learning, &seen);
    struct tw_distill_result result;
    struct tw_model *model;
    struct tw_error err;
    char narrow[64];
    given_narrow_model(narrow);
    settings.student = unbroken.student = narrow;
    settings.hidden_loss = unbroken.hidden_loss = 0.5;
    settings.run.epochs = unbroken.run.epochs = 1;
    assert_false(tw_distill(&settings, &call, &result, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    seen.stop_at = 0;
    call.resume = true;
    assert_true(tw_distill(&settings, &call, &result, &err));
    call.resume = false;
    assert_true(tw_distill(&unbroken, &call, &result, &err));
    assert_true(tw_text_equal(read_file(&learning, settings.run.output, "model.safetensors"),
        read_file(&learning, unbroken.run.output, "model.safetensors")));
    assert_non_null(strstr(read_file(&learning, settings.run.output, "metrics.jsonl").bytes, "hidden_loss"));
    assert_true(tw_model_open(settings.run.output, NULL, &model, &err));
    assert_int_equal(model->config.hidden, 8);
    assert_null(tw_safetensors_find(&model->file, "distillation_projection.weight"));
    tw_model_close(model);
    remove_folder(narrow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_student_learns_and_is_compared_with_its_teacher),
        cmocka_unit_test(a_stopped_run_asks_the_teacher_once_and_ends_in_the_same_weights),
        cmocka_unit_test(what_was_measured_in_the_run_is_what_the_folder_does),
        cmocka_unit_test(each_labelled_text_is_answered_for_by_who_never_learned_it),
        cmocka_unit_test(fold_teachers_must_be_one_a_fold),
        cmocka_unit_test(a_teacher_without_a_head_is_refused),
        cmocka_unit_test(hidden_states_are_matched_and_a_resumed_run_keeps_its_projection),
        cmocka_unit_test(a_head_that_nothing_teaches_is_not_made),
        cmocka_unit_test(companies_in_texts_without_labels_are_found),
        cmocka_unit_test(what_is_held_back_is_learned_in_no_form),
        cmocka_unit_test(generated_records_and_templates_are_learned_and_told),
        cmocka_unit_test(a_comparison_that_was_not_written_is_made_by_resuming),
        cmocka_unit_test(a_pruned_vocabulary_cuts_texts_into_the_same_pieces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
