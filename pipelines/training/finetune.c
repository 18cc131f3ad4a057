#include "training/finetune.h"

#include "examples/feedback.h"
#include "examples/labelled.h"
#include "format/config_json.h"
#include "read/decode.h"
#include "run/lineage.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"
#include "training/sentiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)256 << 20)

struct tuning {
    const struct tw_run_call *call;
    const struct tw_finetune_settings *settings;
    struct tw_run *run; /* NULL: only looking */
    struct tw_arena arena;
    struct tw_labelled records;
    struct tw_fold left_out;
    struct tw_tokenizer *tokenizer;
    struct tw_augment augment;
    struct tw_templates *templates; /* NULL: none */
    struct tw_collator collator, validation_collator;
    struct tw_validation validation; /* the last one */
};

static struct tw_labelled_sources sources_of(const struct tuning *tuning, bool inspecting)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    const struct tw_run_call *call = tuning->call;
    return (struct tw_labelled_sources){.data = &settings->data,
        .learn_only = &settings->learn_only,
        .feedback = settings->feedback,
        .validation = &settings->validation,
        .validation_share = settings->validation_share,
        .left_out = tuning->left_out,
        .agreed_labels = settings->agreed_labels,
        .record_labels = settings->record_labels,
        .raw = settings->raw,
        .decode = call->decode,
        .stamp_us = call->stamp_us,
        .intake = call->watch.intake,
        .skip_refused = settings->skip_refused || inspecting,
        .context = call->watch.context,
        .on_refused = call->watch.on_refused,
        .on_report_line = call->watch.on_report_line,
        .usage = "tapewatch finetune -m BASE -o FOLDER FILE..."};
}

/* ---- the model ---- */

static uint32_t most_tokens_of(const struct tuning *tuning, size_t positions)
{
    return tw_base_model_most_tokens(tuning->tokenizer, tuning->settings->max_tokens, positions);
}

static bool read_class_weights(const struct tuning *tuning, float weights[TW_CLASSES], struct tw_error *err)
{
    const char *text = tuning->settings->class_weights;
    const char *at = text;
    if (strcmp(text, "none") == 0)
        return true;
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        char *end;
        double weight = strtod(at, &end);
        if (end == at || !isfinite(weight) || weight <= 0 || *end != (class + 1 < TW_CLASSES ? ',' : '\0'))
            return tw_fail(err, TW_USAGE, NULL,
                "none, balanced, or NEGATIVE,NEUTRAL,POSITIVE such as 2,1,1.5",
                "class_weights: \"%s\" is not understood", text);
        weights[class] = (float)weight;
        at = end + 1;
    }
    return true;
}

/* As scikit-learn's "balanced": labels / (classes x labels of this class). */
static void balance_classes(const struct tuning *tuning, float weights[TW_CLASSES])
{
    size_t counts[TW_CLASSES] = {0}, all = 0;
    for (size_t at = 0; at < tuning->records.training_count; at++) {
        const struct tw_example *example = &tuning->records.dataset->examples[tuning->records.training[at]];
        if (example->label >= 0)
            counts[example->label]++;
        for (uint32_t entity = 0; entity < example->entity_count; entity++)
            if (example->entities[entity].label >= 0)
                counts[example->entities[entity].label]++;
    }
    for (size_t class = 0; class < TW_CLASSES; class ++)
        all += counts[class];
    for (size_t class = 0; class < TW_CLASSES; class ++)
        weights[class] = counts[class] ? (float)((double)all / (double)(TW_CLASSES * counts[class])) : 1.0F;
}

static bool open_trainer(struct tuning *tuning, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    struct tw_trainer_options options = {.max_sequence = tuning->collator.most_tokens,
        .objective = {.document = settings->document_loss,
            .entity = settings->entity_loss,
            .smoothing = (float)settings->label_smoothing}};
    if (strcmp(settings->class_weights, "balanced") == 0)
        balance_classes(tuning, options.objective.class_weights);
    else if (!read_class_weights(tuning, options.objective.class_weights, err))
        return false;
    return tw_run_open_trainer(tuning->run, &options, err);
}

static bool open_model(struct tuning *tuning, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    unsigned parts = tw_labelled_parts(&tuning->records);
    struct tw_state_options options = {
        .folder = settings->model, .parts = parts, .fresh_heads = settings->fresh_heads};
    if (!tw_run_open_state(tuning->run, &options, err))
        return false;
    const struct tw_model_config *config = &tw_run_state(tuning->run)->model->config;
    tuning->collator = (struct tw_collator){.dataset = tuning->records.dataset,
        .tokenizer = tuning->tokenizer,
        .config = config,
        .most_tokens = most_tokens_of(tuning, config->max_positions),
        .parts = parts};
    tuning->validation_collator = tuning->collator;
    tuning->augment = (struct tw_augment){.kinds = settings->augment,
        .text_rate = settings->augment_rate,
        .token_rate = settings->token_dropout,
        .templates = tuning->templates,
        .seed = settings->run.seed};
    if (settings->augment)
        tuning->collator.augment = &tuning->augment;
    return tw_augment_names(tuning->records.dataset, &tuning->arena, &tuning->augment, err) &&
           open_trainer(tuning, err);
}

/* ---- what the run asks ---- */

static bool collate(void *self, uint64_t epoch, const size_t *items, size_t count, struct tw_arena *arena,
    struct tw_packed *batch, struct tw_targets *targets, struct tw_error *err)
{
    const struct tuning *tuning = self;
    struct tw_collated collated;
    if (!tw_collate_batch(&tuning->collator, (uint32_t)epoch, items, count, arena, &collated, err))
        return false;
    *batch = collated.batch;
    *targets = collated.targets;
    return true;
}

static bool validate_records(
    void *self, struct tw_trainer *trainer, struct tw_run_validation *out, struct tw_error *err)
{
    struct tuning *tuning = self;
    return tw_sentiment_validate(
        trainer, &tuning->validation_collator, &tuning->records, &tuning->validation, out, err);
}

static bool publish(void *self, const json_t *lineage, const json_t *metrics, const void *details,
    struct tw_run_publication *out, struct tw_error *err)
{
    const struct tuning *tuning = self;
    return tw_sentiment_publish(&tuning->settings->run, tuning->settings->max_tokens, tuning->collator.parts,
        lineage, metrics, details, out, err);
}

static void note_step(void *self, const struct tw_step_result *step, json_t *row)
{
    (void)self;
    json_object_set_new(row, "document_loss", json_real(step->document));
    json_object_set_new(row, "entity_loss", json_real(step->entity));
}

/* FinBERT's recipe (Araci 2019; Howard and Ruder 2018): heads alone first, then one more layer from the top
 * each third of an epoch, embeddings last. */
static size_t lowest_at(void *self, uint64_t step)
{
    const struct tuning *tuning = self;
    double epoch_steps = (double)tw_run_epoch_steps(tuning->run);
    double wait = tuning->settings->unfreeze_every * epoch_steps;
    uint64_t heads = tw_run_state(tuning->run)->depth_count - 1;
    uint64_t thawed = step / (wait < 1 ? 1 : (uint64_t)llround(wait));
    if (strcmp(tuning->settings->unfreeze, "gradual") != 0 || thawed >= heads)
        return 0;
    return (size_t)(heads - thawed);
}

static const struct tw_run_pipeline pipeline = {.command = "finetune",
    .table = &tw_finetune_table,
    .collate = collate,
    .validate = validate_records,
    .publish = publish,
    .note = note_step,
    .lowest = lowest_at};

/* ---- the run ---- */

/* Adds "feedback": who labelled, and when. */
static bool add_feedback(json_t *lineage, const char *path, struct tw_error *err)
{
    json_t *said = path[0] ? tw_feedback_summary(path, err) : NULL;
    return !path[0] || (said && json_object_set_new(lineage, "feedback", said) == 0);
}

/* NULL on failure. */
static json_t *lineage_of(const struct tuning *tuning, struct tw_error *err)
{
    json_t *base = tw_lineage_base(tuning->settings->model, err);
    json_t *data = base ? tw_lineage_data(&tuning->settings->data, err) : NULL;
    json_t *learn_only = data ? tw_lineage_data(&tuning->settings->learn_only, err) : NULL;
    json_t *validation = learn_only ? tw_lineage_data(&tuning->settings->validation, err) : NULL;
    if (!validation) {
        json_decref(base);
        json_decref(data);
        json_decref(learn_only);
        return NULL;
    }
    json_t *lineage = json_pack("{s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I}}", "base", base, "data", data,
        "learn_only", learn_only, "validation", validation, "records", "training",
        (json_int_t)tuning->records.training_count, "validation",
        (json_int_t)tuning->records.validation_count, "refused",
        (json_int_t)tuning->records.dataset->refused);
    bool whole = lineage && (!tuning->left_out.of || json_object_set_new(lineage, "left_out",
                                                         tw_fold_json(tuning->left_out)) == 0);
    if (!whole)
        tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for lineage");
    if (whole && tw_lineage_add_file(lineage, "templates", tuning->settings->templates, err) &&
        add_feedback(lineage, tuning->settings->feedback, err))
        return lineage;
    json_decref(lineage);
    return NULL;
}

static bool read_templates(struct tuning *tuning, struct tw_error *err)
{
    const char *path = tuning->settings->templates;
    if (path[0])
        return tw_templates_read(path, &tuning->arena, &tuning->templates, err);
    return !(tuning->settings->augment & TW_AUGMENT_FRAMES) ||
           tw_fail(err, TW_USAGE, NULL, "name them, as --templates config/cases.yaml",
               "frames come from templates");
}

static void end_tuning(struct tuning *tuning)
{
    tw_run_close(tuning->run);
    tw_tokenizer_free(tuning->tokenizer);
    tw_labelled_end(&tuning->records);
    tw_templates_free(tuning->templates);
    tw_arena_end(&tuning->arena);
}

static bool tune(struct tuning *tuning, struct tw_error *err)
{
    const struct tw_run_origin origin = {.tokenizer_folder = tuning->settings->model};
    const struct tw_labelled_sources sources = sources_of(tuning, false);
    return read_templates(tuning, err) &&
           tw_base_model_tokenizer(tuning->settings->model, &tuning->tokenizer, err) &&
           tw_labelled_read(&sources, &tuning->records, err) &&
           tw_labelled_split(&tuning->records, &sources, &tuning->arena, err) &&
           tw_run_plan(tuning->run, tuning->records.training, tuning->records.training_count,
               tuning->records.validation_count > 0, err) &&
           open_model(tuning, err) && tw_run_train(tuning->run, lineage_of(tuning, err), &origin, err);
}

bool tw_finetune(const struct tw_finetune_settings *settings, const struct tw_run_call *call,
    struct tw_run_result *result, struct tw_error *err)
{
    struct tuning tuning = {.call = call, .settings = settings};
    *result = (struct tw_run_result){0};
    if (!tw_fold_read("leave_out", settings->leave_out, &tuning.left_out, err) ||
        !tw_run_open(&pipeline, &tuning, settings, call, &tuning.run, err))
        return false;
    bool tuned = tw_run_is_finished(tuning.run) ||
                 (tw_arena_begin(&tuning.arena, ARENA_BYTES, err) && tune(&tuning, err));
    tw_run_fill_result(tuning.run, result);
    result->refused = tuning.records.dataset ? tuning.records.dataset->refused : 0;
    end_tuning(&tuning);
    return tuned;
}

bool tw_finetune_inspect(const struct tw_finetune_settings *settings, const struct tw_run_call *call,
    struct tw_dataset_facts *facts, struct tw_error *err)
{
    struct tuning tuning = {.call = call, .settings = settings};
    struct tw_model_config config;
    if (!tw_fold_read("leave_out", settings->leave_out, &tuning.left_out, err))
        return false;
    const struct tw_labelled_sources sources = sources_of(&tuning, true);
    bool inspected = tw_arena_begin(&tuning.arena, ARENA_BYTES, err) &&
                     tw_base_model_tokenizer(settings->model, &tuning.tokenizer, err) &&
                     tw_config_read(settings->model, NULL, &tuning.arena, &config, err) &&
                     tw_labelled_read(&sources, &tuning.records, err) &&
                     tw_dataset_inspect(tuning.records.dataset, tuning.tokenizer,
                         most_tokens_of(&tuning, config.max_positions), facts, err);
    end_tuning(&tuning);
    return inspected;
}
