#include "distill/distill.h"

#include "base/file.h"
#include "distill/comparison.h"
#include "distill/compatible.h"
#include "distill/own_answers.h"
#include "distill/prune_vocabulary.h"
#include "distill/teacher_states.h"
#include "distill/teachers.h"
#include "distill/transfer.h"
#include "format/config_json.h"
#include "run/lineage.h"
#include "run/precision.h"
#include "run/run_folder.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"
#include "training/sentiment.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)2 << 30)
enum { MOST_LAYERS = 256 };

struct distilling {
    const struct tw_run_call *call;
    const struct tw_distill_settings *settings;
    struct tw_run *run; /* NULL: only looking */
    struct tw_arena arena;
    struct tw_transfer transfer;
    size_t layers[MOST_LAYERS], layer_count; /* of the student's folder; 0: all */
    struct tw_tokenizer *tokenizer;          /* the student's, pruned */
    struct tw_pruned_vocabulary pruned;
    struct tw_teacher_logits answers;
    struct tw_teacher_states states; /* with hidden_loss */
    struct tw_collator collator, validation_collator;
    struct tw_validation validation; /* the last one */
    char vocabulary[PATH_MAX];
    const char *tokenizer_folder; /* where the student's tokenizer comes from */
};

static const char *student_of(const struct tw_distill_settings *settings)
{
    return settings->student[0] ? settings->student : settings->teacher;
}

/* ---- the models ---- */

/* "1,3,5". */
static bool read_layers(const char *text, size_t *layers, size_t *count, struct tw_error *err)
{
    *count = 0;
    for (const char *at = text; *at;) {
        char *end;
        unsigned long layer = strtoul(at, &end, 10);
        if (end == at || (*end && (*end != ',' || !end[1])) || *count == MOST_LAYERS || layer > INT_MAX)
            return tw_fail(err, TW_USAGE, NULL, "numbers from 0, such as 1,3,5",
                "layers: \"%s\" is not understood", text);
        layers[(*count)++] = layer;
        at = *end ? end + 1 : end;
    }
    return true;
}

static struct tw_teachers teachers_of(const struct distilling *distilling)
{
    const struct tw_distill_settings *settings = distilling->settings;
    return (struct tw_teachers){.teacher = settings->teacher,
        .folds = &settings->fold_teachers,
        .folder = settings->run.output,
        .precision = settings->run.precision,
        .gemm = tw_run_precision_gemm(&settings->run),
        .most_tokens = (uint32_t)settings->max_tokens,
        .threads = settings->run.threads,
        .watch = &distilling->call->watch};
}

/* Before anything is read or written. */
static bool check_models(struct distilling *distilling, struct tw_error *err)
{
    if (!read_layers(distilling->settings->layers, distilling->layers, &distilling->layer_count, err))
        return false;
    const struct tw_compatible_folders folders = {.teacher = distilling->settings->teacher,
        .student = student_of(distilling->settings),
        .layers = distilling->layers,
        .layer_count = distilling->layer_count};
    const struct tw_teachers teachers = teachers_of(distilling);
    return tw_compatible_check(&folders, err) && tw_teachers_check(&teachers, err);
}

static bool read_all(struct distilling *distilling, bool inspecting, struct tw_error *err)
{
    return tw_transfer_read(
        distilling->settings, distilling->call, inspecting, &distilling->arena, &distilling->transfer, err);
}

/* ---- the student ---- */

static bool prune(struct distilling *distilling, struct tw_error *err)
{
    const struct tw_distill_settings *settings = distilling->settings;
    if (!settings->vocabulary)
        return true;
    struct tw_tokenizer *whole = NULL;
    const struct tw_prune_vocabulary_options options = {.most = settings->vocabulary,
        .margin = settings->vocabulary_margin,
        .most_tokens = (uint32_t)settings->max_tokens};
    bool pruned = tw_tokenizer_load(student_of(settings), &whole, err) &&
                  tw_prune_vocabulary(whole, distilling->transfer.records.dataset,
                      distilling->transfer.records.training, distilling->transfer.records.training_count,
                      &options, &distilling->arena, &distilling->pruned, err);
    tw_tokenizer_free(whole);
    return pruned;
}

static bool open_tokenizer(struct distilling *distilling, struct tw_error *err)
{
    const struct tw_distill_settings *settings = distilling->settings;
    distilling->tokenizer_folder = student_of(settings);
    if (settings->vocabulary) {
        if (!tw_prune_vocabulary_write(
                distilling->vocabulary, student_of(settings), &distilling->pruned, err))
            return false;
        distilling->tokenizer_folder = distilling->vocabulary;
        tw_run_report_line(&distilling->call->watch,
            "%zu word pieces stay, %.2f%% of what the texts are cut into", distilling->pruned.count,
            100 * distilling->pruned.covered);
    }
    return tw_tokenizer_load(distilling->tokenizer_folder, &distilling->tokenizer, err);
}

/* The teacher beside the student, and whether it needs a projection to its width. */
static bool open_states(struct distilling *distilling, bool *projects, struct tw_error *err)
{
    const struct tw_distill_settings *settings = distilling->settings;
    struct tw_model_config student;
    if (!tw_config_read(student_of(settings), NULL, &distilling->arena, &student, err) ||
        !tw_teacher_states_open(settings->teacher,
            distilling->layer_count ? distilling->layer_count : student.layers, &distilling->arena,
            &distilling->states, err))
        return false;
    *projects = student.hidden != distilling->states.model->config.hidden;
    double share = tw_teacher_states_matched_share(&distilling->states, distilling->tokenizer,
        distilling->transfer.records.dataset, distilling->transfer.records.training,
        distilling->transfer.records.training_count, (uint32_t)settings->max_tokens);
    tw_run_report_line(&distilling->call->watch,
        "hidden states are matched in %.1f%% of the texts: those that both tokenizers cut alike",
        100 * share);
    return true;
}

/* Heads of the student: those that labels or the teacher speak of. */
static unsigned choose_parts(const struct distilling *distilling)
{
    const struct {
        unsigned part;
        bool answered;
        const char *what;
    } heads[] = {{TW_PART_DOCUMENT, distilling->answers.has_documents, "texts"},
        {TW_PART_ENTITY, distilling->answers.has_entities, "entities"}};
    unsigned labelled = tw_labelled_parts(&distilling->transfer.records), parts = labelled;
    for (size_t at = 0; at < sizeof heads / sizeof heads[0]; at++) {
        parts |= heads[at].answered ? heads[at].part : 0;
        if (labelled & heads[at].part && !heads[at].answered)
            tw_run_report_line(&distilling->call->watch,
                "the teacher has no head for %s: they are learned from their labels alone", heads[at].what);
    }
    return parts;
}

static bool open_student(struct distilling *distilling, struct tw_error *err)
{
    const struct tw_distill_settings *settings = distilling->settings;
    unsigned parts = choose_parts(distilling);
    bool projects = false;
    if (settings->hidden_loss > 0 && !open_states(distilling, &projects, err))
        return false;
    const struct tw_state_options options = {.folder = student_of(settings),
        .parts = parts | (projects ? TW_PART_PROJECTION : 0U),
        .projection = projects ? distilling->states.model->config.hidden : 0,
        .layers = distilling->layer_count ? distilling->layers : NULL,
        .layer_count = distilling->layer_count,
        .words = distilling->pruned.words,
        .word_count = distilling->pruned.count};
    if (!tw_run_open_state(distilling->run, &options, err))
        return false;
    const struct tw_model_config *config = &tw_run_state(distilling->run)->model->config;
    uint32_t most =
        tw_base_model_most_tokens(distilling->tokenizer, settings->max_tokens, config->max_positions);
    if (distilling->states.model && distilling->states.model->config.max_positions < most)
        most = (uint32_t)distilling->states.model->config.max_positions;
    distilling->collator = (struct tw_collator){.dataset = distilling->transfer.records.dataset,
        .tokenizer = distilling->tokenizer,
        .config = config,
        .most_tokens = most,
        .parts = parts};
    distilling->validation_collator = distilling->collator;
    distilling->collator.all_entities = true;
    const struct tw_trainer_options trainer = {.max_sequence = most,
        .teacher = settings->hidden_loss > 0 ? &distilling->states.teacher : NULL,
        .objective = {.document = settings->document_loss,
            .entity = settings->entity_loss,
            .soft = settings->soft_loss,
            .hidden = settings->hidden_loss,
            .temperature = (float)settings->distill_temperature}};
    return tw_run_open_trainer(distilling->run, &trainer, err);
}

/* ---- what the run asks ---- */

/* The teacher's answers to the examples of a batch, in its order. */
static bool add_answers(const struct distilling *distilling, const size_t *items, size_t count,
    struct tw_arena *arena, struct tw_targets *targets, struct tw_error *err)
{
    const struct tw_teacher_logits *answers = &distilling->answers;
    float *documents = tw_arena_array(arena, count * TW_CLASSES, sizeof *documents);
    float *entities = tw_arena_array(arena, targets->entity_count * TW_CLASSES, sizeof *entities);
    float *entity = entities;
    if (!documents || !entities)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < count; at++) {
        size_t first = answers->first_entity[items[at]], end = answers->first_entity[items[at] + 1];
        memcpy(documents + at * TW_CLASSES, answers->documents + items[at] * TW_CLASSES,
            TW_CLASSES * sizeof(float));
        if (targets->entity_count)
            memcpy(
                entity, answers->entities + first * TW_CLASSES, (end - first) * TW_CLASSES * sizeof(float));
        entity += (end - first) * TW_CLASSES;
    }
    targets->document_logits = answers->has_documents ? documents : NULL;
    targets->entity_logits = answers->has_entities && targets->entity_count ? entities : NULL;
    return true;
}

static bool collate(void *self, uint64_t epoch, const size_t *items, size_t count, struct tw_arena *arena,
    struct tw_packed *batch, struct tw_targets *targets, struct tw_error *err)
{
    const struct distilling *distilling = self;
    struct tw_collated collated;
    if (!tw_collate_batch(&distilling->collator, (uint32_t)epoch, items, count, arena, &collated, err))
        return false;
    *batch = collated.batch;
    *targets = collated.targets;
    return add_answers(distilling, items, count, arena, targets, err) &&
           (distilling->settings->hidden_loss <= 0 ||
               tw_teacher_states_add(&distilling->states, distilling->tokenizer, batch, arena, targets, err));
}

static bool validate_records(
    void *self, struct tw_trainer *trainer, struct tw_run_validation *out, struct tw_error *err)
{
    struct distilling *distilling = self;
    return tw_sentiment_validate(trainer, &distilling->validation_collator, &distilling->transfer.records,
        &distilling->validation, out, err);
}

static bool publish(void *self, const json_t *lineage, const json_t *metrics, const void *details,
    struct tw_run_publication *out, struct tw_error *err)
{
    const struct distilling *distilling = self;
    return tw_sentiment_publish(&distilling->settings->run, distilling->settings->max_tokens,
        distilling->collator.parts, lineage, metrics, details, out, err);
}

static void note_step(void *self, const struct tw_step_result *step, json_t *row)
{
    json_object_set_new(row, "soft_loss", json_real(step->soft));
    if (((const struct distilling *)self)->settings->hidden_loss > 0)
        json_object_set_new(row, "hidden_loss", json_real(step->hidden));
    json_object_set_new(row, "document_loss", json_real(step->document));
    json_object_set_new(row, "entity_loss", json_real(step->entity));
}

static const struct tw_run_pipeline pipeline = {.command = "distill",
    .table = &tw_distill_table,
    .collate = collate,
    .validate = validate_records,
    .publish = publish,
    .note = note_step};

/* ---- the run ---- */

/* NULL on failure. */
static json_t *lineage_of(const struct distilling *distilling, struct tw_error *err)
{
    const struct tw_distill_settings *settings = distilling->settings;
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"base", tw_lineage_base(student_of(settings), err)},
        {"teacher", tw_lineage_base(settings->teacher, err)},
        {"fold_teachers", tw_lineage_bases(&settings->fold_teachers, err)},
        {"data", tw_lineage_data(&settings->data, err)},
        {"learn_only", tw_lineage_data(&settings->learn_only, err)},
        {"unlabelled", tw_lineage_data(&distilling->transfer.texts, err)},
        {"titles", tw_lineage_data(&distilling->transfer.titles, err)},
        {"validation", tw_lineage_data(&settings->validation, err)},
        {"records", json_pack("{s:I, s:I, s:I, s:I, s:I}", "training",
                        (json_int_t)distilling->transfer.records.training_count, "copies",
                        (json_int_t)distilling->transfer.copies, "unlabelled",
                        (json_int_t)distilling->transfer.unlabelled, "validation",
                        (json_int_t)distilling->transfer.records.validation_count, "refused",
                        (json_int_t)distilling->transfer.records.dataset->refused)},
    };
    json_t *lineage = json_object();
    bool whole = true;
    for (size_t at = 0; at < sizeof members / sizeof members[0]; at++)
        whole = json_object_set_new(lineage, members[at].name, members[at].value) == 0 && whole;
    if (whole && tw_lineage_add_file(lineage, "entities", settings->entities, err) &&
        tw_lineage_add_file(lineage, "templates", settings->templates, err))
        return lineage;
    json_decref(lineage);
    return NULL;
}

static bool name_vocabulary(struct distilling *distilling, struct tw_error *err)
{
    const char *output = distilling->settings->run.output;
    return tw_path_join(distilling->vocabulary, sizeof distilling->vocabulary, output, "vocabulary", err);
}

/* The folder comes before the first step: the teacher's answers are kept in it. */
static bool make_folder(struct distilling *distilling, struct tw_error *err)
{
    struct tw_text text = {"", 0};
    if (!distilling->call->resume &&
        !tw_settings_write(&tw_distill_table, distilling->settings, &distilling->arena, &text, err))
        return false;
    return tw_run_folder_make(distilling->settings->run.output, text, err);
}

static bool ask_teachers(struct distilling *distilling, struct tw_error *err)
{
    const struct tw_teachers teachers = teachers_of(distilling);
    const struct tw_labelled *records = &distilling->transfer.records;
    double likelihood = distilling->settings->learn_only_answer;
    size_t *asked = tw_arena_array(&distilling->arena, records->training_count, sizeof *asked), count = 0;
    if (!asked)
        return tw_arena_fail(&distilling->arena, err);
    for (size_t at = 0; at < records->training_count; at++)
        if (!tw_own_answers_suffice(&records->dataset->examples[records->training[at]], likelihood))
            asked[count++] = records->training[at];
    if (!tw_teachers_predict(
            &teachers, records->dataset, asked, count, &distilling->arena, &distilling->answers, err))
        return false;
    tw_own_answers_label(&distilling->transfer, likelihood, &distilling->answers);
    return !distilling->settings->shared_answers ||
           tw_own_answers_share(&distilling->transfer, &distilling->arena, &distilling->answers, err);
}

static bool learn(struct distilling *distilling, struct tw_error *err)
{
    if (!name_vocabulary(distilling, err) || !check_models(distilling, err) ||
        !read_all(distilling, false, err) || !prune(distilling, err) || !make_folder(distilling, err) ||
        !open_tokenizer(distilling, err) || !ask_teachers(distilling, err) ||
        !tw_run_plan(distilling->run, distilling->transfer.records.training,
            distilling->transfer.records.training_count, distilling->transfer.records.validation_count > 0,
            err) ||
        !open_student(distilling, err))
        return false;
    const struct tw_run_origin origin = {
        .tokenizer_folder = distilling->tokenizer_folder, .vocabulary = distilling->pruned.vocabulary};
    return tw_run_train(distilling->run, lineage_of(distilling, err), &origin, err);
}

/* ---- what was lost ---- */

/* Both as they are on disk: the student with its weights as they were rounded. */
static bool compare(struct distilling *distilling, struct tw_distill_result *result, struct tw_error *err)
{
    const struct tw_distill_settings *settings = distilling->settings;
    const struct tw_labelled *records = &distilling->transfer.records;
    if (records->validation_count == 0)
        return true;
    result->compared = tw_measure_folder(settings->teacher, records->dataset, records->validation,
                           records->validation_count, (uint32_t)settings->max_tokens, settings->run.threads,
                           settings->compare_seconds, &result->teacher, err) &&
                       tw_measure_folder(settings->run.output, records->dataset, records->validation,
                           records->validation_count, (uint32_t)settings->max_tokens, settings->run.threads,
                           settings->compare_seconds, &result->student, err);
    return result->compared &&
           tw_comparison_write(settings->run.output, &result->teacher, &result->student, err);
}

static void end_distilling(struct distilling *distilling)
{
    tw_run_close(distilling->run);
    tw_teacher_states_close(&distilling->states);
    tw_tokenizer_free(distilling->tokenizer);
    tw_transfer_end(&distilling->transfer);
    tw_arena_end(&distilling->arena);
}

static bool check(const struct tw_distill_settings *settings, struct tw_error *err)
{
    if (!settings->teacher[0])
        return tw_fail(err, TW_USAGE, NULL, "tapewatch distill --teacher MODEL -m STUDENT -o FOLDER FILE...",
            "no teacher is named");
    if (settings->soft_loss + settings->document_loss + settings->entity_loss + settings->hidden_loss > 0)
        return true;
    return tw_fail(err, TW_USAGE, NULL, "leave --soft-loss above 0",
        "all weights of the loss are 0: nothing would be learned");
}

bool tw_distill(const struct tw_distill_settings *settings, const struct tw_run_call *call,
    struct tw_distill_result *result, struct tw_error *err)
{
    struct distilling distilling = {.call = call, .settings = settings};
    *result = (struct tw_distill_result){0};
    if (!check(settings, err) || !tw_run_open(&pipeline, &distilling, settings, call, &distilling.run, err))
        return false;
    /* A run that was killed between its end and the comparison has that left to do. */
    bool finished = tw_run_is_finished(distilling.run);
    bool written = finished && tw_comparison_is_written(settings->run.output);
    bool done = written || (tw_arena_begin(&distilling.arena, ARENA_BYTES, err) &&
                               (finished ? read_all(&distilling, false, err) : learn(&distilling, err)));
    tw_run_fill_result(distilling.run, &result->run);
    result->run.refused =
        distilling.transfer.records.dataset ? distilling.transfer.records.dataset->refused : 0;
    done = done && (written || compare(&distilling, result, err));
    end_distilling(&distilling);
    return done;
}

bool tw_distill_inspect(const struct tw_distill_settings *settings, const struct tw_run_call *call,
    struct tw_distill_facts *facts, struct tw_error *err)
{
    struct distilling distilling = {.call = call, .settings = settings};
    *facts = (struct tw_distill_facts){0};
    bool inspected = check(settings, err) && tw_arena_begin(&distilling.arena, ARENA_BYTES, err) &&
                     check_models(&distilling, err) && read_all(&distilling, true, err) &&
                     prune(&distilling, err);
    if (inspected)
        *facts = (struct tw_distill_facts){.labelled = distilling.transfer.labelled,
            .copies = distilling.transfer.copies,
            .unlabelled = distilling.transfer.unlabelled,
            .named = distilling.transfer.named,
            .validation = distilling.transfer.records.validation_count,
            .refused = distilling.transfer.records.dataset->refused,
            .vocabulary = distilling.pruned.count,
            .covered = distilling.pruned.covered};
    end_distilling(&distilling);
    return inspected;
}
