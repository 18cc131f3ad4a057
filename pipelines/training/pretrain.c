#include "training/pretrain.h"

#include "base/file.h"
#include "examples/masking.h"
#include "files/reader.h"
#include "format/config_json.h"
#include "read/decode.h"
#include "run/lineage.h"
#include "run/run_folder.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"
#include "training/card.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)4 << 30)
#define SCRATCH_BYTES ((size_t)512 << 20)
/* A payload's JSON with every quote escaped, and some. */
#define SPOOL_LINE_BYTES ((size_t)1 << 30)
#define KEEP_BYTES ((size_t)4 << 20)
enum { WINDOWS_AT_ONCE = 64 }; /* of a validation */

static const char *const spool_name = "topic.jsonl.zst", *const ranges_name = "topic.json";

struct learning {
    const struct tw_run_call *call;
    const struct tw_pretrain_settings *settings;
    const struct tw_pretrain_topic *topic;
    struct tw_run *run; /* NULL: only looking */
    struct tw_arena arena;
    struct tw_tokenizer *tokenizer;
    char vocabulary_folder[PATH_MAX]; /* from scratch */
    struct tw_model_config shape;     /* from scratch; else what the base says */
    uint32_t most_tokens;
    struct tw_reader_paths *archives; /* for each of settings->data */
    char spool[PATH_MAX];             /* "": no topic */
    struct tw_decode_options spool_decode;
    json_t *topic_ranges;
    struct tw_corpus *corpus;
    size_t *training, *held_back; /* indices of windows */
    size_t training_count, held_back_count;
    struct tw_masking masking;
    struct tw_arena scratch; /* of validations */
    struct tw_pretrain_validation validation;
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the run");
}

/* ---- what is read ---- */

static bool check_settings(const struct tw_pretrain_settings *settings, struct tw_error *err)
{
    if (settings->data.count == 0 && !settings->topic[0])
        return tw_fail(err, TW_USAGE, NULL, "tapewatch pretrain -m BASE -o FOLDER FILE..., or --topic NAME",
            "no archive and no topic is named");
    if (settings->model[0] && settings->vocab[0])
        return tw_fail(err, TW_USAGE, NULL, "give -m to go on from a model, or --vocab to begin from scratch",
            "a base model has its own vocabulary");
    if (!settings->model[0] && !settings->vocab[0])
        return tw_fail(err, TW_USAGE, NULL,
            "-m BASE to go on from a model, --vocab FOLDER (tapewatch vocab makes one) to begin from scratch",
            "neither a base model nor a vocabulary is named");
    return true;
}

static bool list_archives(struct learning *learning, struct tw_error *err)
{
    const struct tw_setting_texts *data = &learning->settings->data;
    learning->archives = tw_arena_array(&learning->arena, data->count, sizeof *learning->archives);
    if (!learning->archives)
        return tw_arena_fail(&learning->arena, err);
    for (size_t at = 0; at < data->count; at++)
        if (!tw_reader_list(data->items[at], &learning->arena, &learning->archives[at], err))
            return false;
    return true;
}

/* ---- vocabulary and shape ---- */

/* The folder of a vocabulary that is named as a folder or as its vocab.txt. */
static bool find_vocabulary(struct learning *learning, struct tw_error *err)
{
    const char *named = learning->settings->vocab;
    struct tw_text name = tw_lineage_name(named);
    struct stat status;
    size_t length = strlen(named);
    bool folder = stat(named, &status) == 0 && S_ISDIR(status.st_mode);
    if (!folder && !tw_text_equal(name, tw_text_of("vocab.txt")))
        return tw_fail(err, TW_CONFIG, named, "give a vocab.txt, one token a line, or the folder that has it",
            "no vocabulary");
    if (!folder)
        length = (size_t)(name.bytes - named);
    if (length >= sizeof learning->vocabulary_folder)
        return tw_fail(err, TW_USAGE, named, NULL, "the path is too long");
    memcpy(learning->vocabulary_folder, named, length);
    learning->vocabulary_folder[length] = '\0';
    if (length == 0)
        memcpy(learning->vocabulary_folder, ".", 2);
    return true;
}

static bool make_shape(struct learning *learning, struct tw_error *err)
{
    const struct tw_pretrain_settings *settings = learning->settings;
    uint64_t intermediate = settings->intermediate ? settings->intermediate : 4 * settings->hidden;
    if (settings->hidden % settings->heads != 0)
        return tw_fail(err, TW_USAGE, NULL, "choose heads that divide the width",
            "a width of %llu cannot be shared by %llu heads", (unsigned long long)settings->hidden,
            (unsigned long long)settings->heads);
    learning->shape = tw_config_shape(tw_tokenizer_vocabulary_size(learning->tokenizer), settings->hidden,
        settings->layers, settings->heads, intermediate, settings->max_positions);
    return true;
}

static bool open_tokenizer(struct learning *learning, struct tw_error *err)
{
    const struct tw_pretrain_settings *settings = learning->settings;
    bool opened;
    if (settings->model[0])
        opened = tw_base_model_tokenizer(settings->model, &learning->tokenizer, err) &&
                 tw_config_read(settings->model, NULL, &learning->arena, &learning->shape, err);
    else
        opened = find_vocabulary(learning, err) &&
                 tw_tokenizer_load(learning->vocabulary_folder, &learning->tokenizer, err) &&
                 make_shape(learning, err);
    if (!opened)
        return false;
    learning->most_tokens =
        tw_base_model_most_tokens(learning->tokenizer, settings->max_tokens, learning->shape.max_positions);
    const struct tw_masking_options options = {
        .share = settings->mask_share, .whole_words = settings->whole_word, .seed = settings->run.seed};
    return tw_masking_open(learning->tokenizer, &options, &learning->arena, &learning->masking, err) ||
           tw_error_in(err, settings->model[0] ? settings->model : settings->vocab);
}

/* ---- the topic ---- */

static bool read_ranges(struct learning *learning, const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    if (!tw_path_join(path, sizeof path, folder, ranges_name, err))
        return false;
    learning->topic_ranges = json_load_file(path, 0, NULL);
    return learning->topic_ranges ||
           tw_fail(err, TW_CONFIG, path, "begin anew in another folder", "the topic's ranges cannot be read");
}

/* A run in its own folder keeps what it read; run.yaml stands there first, so that a run that is killed can
 * be resumed. */
static bool spool_topic(struct learning *learning, const char *folder, struct tw_error *err)
{
    const struct tw_pretrain_topic *topic = learning->topic;
    struct tw_text run_yaml;
    if (!tw_path_join(learning->spool, sizeof learning->spool, folder, spool_name, err))
        return false;
    if (access(learning->spool, F_OK) == 0)
        return read_ranges(learning, folder, err);
    if (!topic)
        return tw_fail(err, TW_INTERNAL, learning->settings->topic, NULL, "nobody reads topics here");
    if (!topic->inspect(topic->self, err))
        return false;
    if (learning->run &&
        (!tw_settings_write(&tw_pretrain_table, learning->settings, &learning->arena, &run_yaml, err) ||
            !tw_run_folder_make(folder, run_yaml, err)))
        return false;
    return topic->spool(topic->self, folder, err) && read_ranges(learning, folder, err);
}

static uint64_t refused_of_topic(const struct learning *learning)
{
    return (uint64_t)json_integer_value(json_object_get(learning->topic_ranges, "refused"));
}

/* ---- the corpus ---- */

static bool new_corpus(struct learning *learning, bool inspecting, struct tw_error *err)
{
    const struct tw_pretrain_settings *settings = learning->settings;
    const struct tw_run_watch *watch = &learning->call->watch;
    bool tells = settings->skip_refused || inspecting;
    const struct tw_corpus_options options = {.decode = learning->call->decode,
        .stamp_us = learning->call->stamp_us,
        .tokenizer = learning->tokenizer,
        .most_tokens = learning->most_tokens,
        .share_held_back = settings->validation_share,
        .limit_tokens = settings->max_corpus,
        .raw = settings->raw,
        .count_repeated = inspecting,
        .intake = watch->intake,
        .on_refused = tells ? watch->on_refused : NULL,
        .stopped = watch->stopped,
        .context = watch->context};
    return tw_corpus_new(&options, &learning->corpus, err);
}

static bool read_corpus(struct learning *learning, bool inspecting, struct tw_error *err)
{
    if (!new_corpus(learning, inspecting, err))
        return false;
    for (size_t at = 0; at < learning->settings->data.count; at++)
        for (size_t file = 0; file < learning->archives[at].count; file++)
            if (!tw_corpus_read(learning->corpus, learning->archives[at].items[file], err))
                return false;
    if (!learning->spool[0])
        return true;
    learning->spool_decode = tw_decode_defaults();
    learning->spool_decode.max_payload_bytes = SPOOL_LINE_BYTES;
    learning->corpus->options.decode = &learning->spool_decode;
    return tw_corpus_read(learning->corpus, learning->spool, err);
}

/* All that are held back, or so many of them evenly from all. */
static void choose_held_back(struct learning *learning)
{
    size_t all = learning->held_back_count, most = (size_t)learning->settings->eval_windows;
    if (most == 0 || all <= most)
        return;
    for (size_t at = 0; at < most; at++)
        learning->held_back[at] = learning->held_back[(size_t)((double)at * (double)all / (double)most)];
    learning->held_back_count = most;
}

static bool split_corpus(struct learning *learning, struct tw_error *err)
{
    const struct tw_corpus *corpus = learning->corpus;
    learning->training = tw_arena_array(&learning->arena, corpus->count, sizeof *learning->training);
    learning->held_back = tw_arena_array(&learning->arena, corpus->count, sizeof *learning->held_back);
    if (!learning->training || !learning->held_back)
        return tw_arena_fail(&learning->arena, err);
    for (size_t at = 0; at < corpus->count; at++) {
        if (corpus->windows[at].held_back)
            learning->held_back[learning->held_back_count++] = at;
        else
            learning->training[learning->training_count++] = at;
    }
    choose_held_back(learning);
    if (learning->training_count == 0)
        return tw_fail(err, TW_CONFIG, NULL, "give more records, or a smaller --validation-share",
            "no text is left to learn from");
    return true;
}

/* ---- batches ---- */

static bool fill_sequence(const struct learning *learning, uint32_t epoch, size_t window,
    struct tw_arena *arena, uint32_t first_token, struct tw_sequence *sequence, struct tw_masked *targets,
    size_t *target_count, struct tw_error *err)
{
    const struct tw_corpus_window *from = &learning->corpus->windows[window];
    struct tw_special_ids special = tw_tokenizer_special_ids(learning->tokenizer);
    int32_t *ids = tw_arena_array(arena, (size_t)from->count + 2, sizeof *ids);
    if (!ids)
        return tw_arena_fail(arena, err);
    ids[0] = special.classify;
    memcpy(ids + 1, from->ids, from->count * sizeof *ids);
    ids[from->count + 1] = special.separator;
    *target_count += tw_masking_apply(
        &learning->masking, epoch, window, ids + 1, from->count, first_token + 1, targets + *target_count);
    *sequence = (struct tw_sequence){.ids = ids, .count = (size_t)from->count + 2};
    return true;
}

static bool make_batch(const struct learning *learning, uint32_t epoch, const size_t *windows, size_t count,
    struct tw_arena *arena, struct tw_packed *batch, struct tw_targets *targets, struct tw_error *err)
{
    size_t tokens = 0, masked = 0;
    for (size_t at = 0; at < count; at++)
        tokens += (size_t)learning->corpus->windows[windows[at]].count + 2;
    struct tw_sequence *sequences = tw_arena_array(arena, count, sizeof *sequences);
    struct tw_masked *words = tw_arena_array(arena, tokens, sizeof *words);
    if (!sequences || !words)
        return tw_arena_fail(arena, err);
    tokens = 0;
    for (size_t at = 0; at < count; at++) {
        if (!fill_sequence(
                learning, epoch, windows[at], arena, (uint32_t)tokens, &sequences[at], words, &masked, err))
            return false;
        tokens += sequences[at].count;
    }
    *targets = (struct tw_targets){.masked = words, .masked_count = masked};
    return tw_packed_build(sequences, count, &tw_run_state(learning->run)->model->config, arena, batch, err);
}

/* ---- what the run asks ---- */

static bool collate(void *self, uint64_t epoch, const size_t *items, size_t count, struct tw_arena *arena,
    struct tw_packed *batch, struct tw_targets *targets, struct tw_error *err)
{
    return make_batch(self, (uint32_t)epoch, items, count, arena, batch, targets, err);
}

static bool validate_some(struct learning *learning, struct tw_trainer *trainer, const size_t *windows,
    size_t count, struct tw_pretrain_validation *sums, struct tw_error *err)
{
    struct tw_packed batch;
    struct tw_targets targets;
    struct tw_step_result result;
    tw_arena_reset(&learning->scratch, KEEP_BYTES);
    if (!make_batch(learning, TW_MASKING_FIXED, windows, count, &learning->scratch, &batch, &targets, err) ||
        !tw_trainer_loss(trainer, &batch, &targets, &result, err))
        return false;
    sums->loss += result.masked * (double)result.masked_count;
    sums->accuracy += (double)result.masked_right;
    sums->masked += result.masked_count;
    sums->tokens += result.tokens;
    sums->windows += count;
    return true;
}

static json_t *row_of(const struct tw_pretrain_validation *validation)
{
    return json_pack("{s:f, s:f, s:I, s:I}", "perplexity", validation->perplexity, "eval_accuracy",
        validation->accuracy, "eval_masked", (json_int_t)validation->masked, "eval_samples",
        (json_int_t)validation->windows);
}

static bool validate_windows(
    void *self, struct tw_trainer *trainer, struct tw_run_validation *out, struct tw_error *err)
{
    struct learning *learning = self;
    struct tw_pretrain_validation *validation = &learning->validation;
    *validation = (struct tw_pretrain_validation){0};
    for (size_t at = 0, count; at < learning->held_back_count; at += count) {
        count = learning->held_back_count - at;
        count = count < WINDOWS_AT_ONCE ? count : WINDOWS_AT_ONCE;
        if (!validate_some(learning, trainer, learning->held_back + at, count, validation, err))
            return false;
    }
    double masked = validation->masked ? (double)validation->masked : 1;
    validation->loss /= masked;
    validation->accuracy /= masked;
    validation->perplexity = exp(validation->loss);
    *out = (struct tw_run_validation){.loss = validation->loss,
        .metric = validation->perplexity,
        .row = row_of(validation),
        .details = validation};
    return true;
}

static bool publish(void *self, const json_t *lineage, const json_t *metrics, const void *details,
    struct tw_run_publication *out, struct tw_error *err)
{
    const struct learning *learning = self;
    out->own_json = tw_lineage_own(lineage, metrics, NULL, false);
    out->card = tw_card_language(learning->settings, lineage, details);
    return (out->own_json && out->card) || out_of_memory(err);
}

static const struct tw_run_pipeline pipeline = {.command = "pretrain",
    .table = &tw_pretrain_table,
    .lower_is_better = true,
    .validate_at_start = true,
    .collate = collate,
    .validate = validate_windows,
    .publish = publish};

/* ---- lineage ---- */

static bool add_file(json_t *list, const char *path, const char *listed_as, struct tw_error *err)
{
    json_t *file = tw_lineage_file(path, err);
    if (!file)
        return false;
    if ((listed_as && json_object_set_new(file, "path", json_string(listed_as)) != 0) ||
        json_array_append_new(list, file) != 0)
        return out_of_memory(err);
    return true;
}

static bool add_data(const struct learning *learning, json_t *lineage, struct tw_error *err)
{
    json_t *list = json_array();
    if (!list || json_object_set_new(lineage, "data", list) != 0)
        return out_of_memory(err);
    for (size_t at = 0; at < learning->settings->data.count; at++)
        for (size_t file = 0; file < learning->archives[at].count; file++)
            if (!add_file(list, learning->archives[at].items[file], NULL, err))
                return false;
    if (!learning->spool[0])
        return true;
    if (json_object_set(lineage, "topic", learning->topic_ranges) != 0)
        return out_of_memory(err);
    return add_file(list, learning->spool, spool_name, err);
}

/* The vocabulary, with what says how its words are cut; NULL on failure. */
static json_t *vocabulary_of(const struct learning *learning, struct tw_error *err)
{
    char path[PATH_MAX];
    const char *folder = learning->vocabulary_folder;
    if (!tw_path_join(path, sizeof path, folder, "vocab.txt", err))
        return NULL;
    json_t *vocabulary = tw_lineage_file(path, err);
    json_t *files = vocabulary ? tw_lineage_files(folder, err) : NULL;
    if (files && json_object_set_new(vocabulary, "files", files) == 0)
        return vocabulary;
    json_decref(vocabulary);
    return NULL;
}

static bool add_origin(const struct learning *learning, json_t *lineage, struct tw_error *err)
{
    bool scratch = !learning->settings->model[0];
    json_t *origin = scratch ? vocabulary_of(learning, err) : tw_lineage_base(learning->settings->model, err);
    return origin &&
           (json_object_set_new(lineage, scratch ? "vocabulary" : "base", origin) == 0 || out_of_memory(err));
}

static bool add_corpus(const struct learning *learning, json_t *lineage, struct tw_error *err)
{
    const struct tw_corpus_facts *facts = &learning->corpus->facts;
    json_t *corpus = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "records", (json_int_t)facts->records,
        "refused", (json_int_t)facts->refused, "tokens", (json_int_t)facts->tokens, "windows",
        (json_int_t)facts->windows, "windows_held_back", (json_int_t)facts->windows_held_back, "most_tokens",
        (json_int_t)learning->most_tokens);
    return (corpus && json_object_set_new(lineage, "corpus", corpus) == 0) || out_of_memory(err);
}

/* NULL on failure. */
static json_t *lineage_of(const struct learning *learning, struct tw_error *err)
{
    json_t *lineage = json_object();
    if (!lineage) {
        out_of_memory(err);
        return NULL;
    }
    if (add_origin(learning, lineage, err) && add_data(learning, lineage, err) &&
        add_corpus(learning, lineage, err))
        return lineage;
    json_decref(lineage);
    return NULL;
}

/* ---- the run ---- */

static bool open_model(struct learning *learning, struct tw_error *err)
{
    const char *base = learning->settings->model;
    const struct tw_state_options state = {.folder = base[0] ? base : NULL,
        .config = base[0] ? NULL : &learning->shape,
        .parts = TW_PART_MASKED};
    const struct tw_trainer_options trainer = {
        .max_sequence = learning->most_tokens, .objective = {.masked = 1}};
    if (!tw_run_open_state(learning->run, &state, err))
        return false;
    if (base[0] && tw_run_state(learning->run)->fresh_parts & TW_PART_MASKED)
        tw_run_report_line(&learning->call->watch,
            "%s: has no head for masked words; a new one begins, tied to the word embedding", base);
    return tw_run_open_trainer(learning->run, &trainer, err);
}

static bool read_all(struct learning *learning, const char *folder, bool inspecting, struct tw_error *err)
{
    if (!tw_arena_begin(&learning->arena, ARENA_BYTES, err) || !check_settings(learning->settings, err) ||
        !list_archives(learning, err) || !open_tokenizer(learning, err))
        return false;
    if (learning->settings->topic[0] && !spool_topic(learning, folder, err))
        return false;
    return read_corpus(learning, inspecting, err) && split_corpus(learning, err);
}

static bool learn(struct learning *learning, struct tw_error *err)
{
    const struct tw_pretrain_settings *settings = learning->settings;
    const struct tw_run_origin origin = {
        .tokenizer_folder = settings->model[0] ? settings->model : learning->vocabulary_folder};
    return tw_arena_begin(&learning->scratch, SCRATCH_BYTES, err) &&
           read_all(learning, settings->run.output, false, err) &&
           tw_run_plan(learning->run, learning->training, learning->training_count,
               learning->held_back_count > 0, err) &&
           open_model(learning, err) && tw_run_train(learning->run, lineage_of(learning, err), &origin, err);
}

static void end_learning(struct learning *learning)
{
    tw_run_close(learning->run);
    tw_corpus_free(learning->corpus);
    tw_tokenizer_free(learning->tokenizer);
    json_decref(learning->topic_ranges);
    tw_arena_end(&learning->scratch);
    tw_arena_end(&learning->arena);
}

bool tw_pretrain(const struct tw_pretrain_settings *settings, const struct tw_run_call *call,
    const struct tw_pretrain_topic *topic, struct tw_run_result *result, struct tw_error *err)
{
    struct learning learning = {.call = call, .settings = settings, .topic = topic};
    *result = (struct tw_run_result){0};
    if (!tw_run_open(&pipeline, &learning, settings, call, &learning.run, err))
        return false;
    bool learned = tw_run_is_finished(learning.run) || learn(&learning, err);
    tw_run_fill_result(learning.run, result);
    result->refused = (learning.corpus ? learning.corpus->facts.refused : 0) + refused_of_topic(&learning);
    end_learning(&learning);
    return learned;
}

/* ---- the dry run ---- */

static void remove_spool(const char *folder)
{
    static const char *const *const names[] = {&spool_name, &ranges_name};
    char path[PATH_MAX];
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (tw_path_join(path, sizeof path, folder, *names[at], NULL))
            unlink(path);
    rmdir(folder);
}

static bool make_temporary(char folder[PATH_MAX], struct tw_error *err)
{
    const char *named = getenv("TMPDIR");
    if (!tw_path_join(folder, PATH_MAX, named && named[0] ? named : "/tmp", "tapewatch-look-XXXXXX", err))
        return false;
    return mkdtemp(folder) ||
           tw_fail_errno(err, TW_OUTPUT, folder, "set TMPDIR to a folder with room", "no temporary folder");
}

static void conclude(const struct learning *learning, struct tw_pretrain_facts *facts)
{
    const struct tw_run_settings *run = &learning->settings->run;
    uint64_t windows = run->batch * run->accumulate;
    tw_corpus_count_repeated(learning->corpus);
    *facts = (struct tw_pretrain_facts){.corpus = learning->corpus->facts,
        .most_tokens = learning->most_tokens,
        .epoch_steps = (learning->training_count + windows - 1) / windows,
        .topic_refused = refused_of_topic(learning)};
    facts->steps = run->steps ? run->steps : facts->epoch_steps * run->epochs;
}

bool tw_pretrain_inspect(const struct tw_pretrain_settings *settings, const struct tw_run_call *call,
    const struct tw_pretrain_topic *topic, struct tw_pretrain_facts *facts, struct tw_error *err)
{
    struct learning learning = {.call = call, .settings = settings, .topic = topic};
    char folder[PATH_MAX] = "";
    bool inspected =
        (!settings->topic[0] || make_temporary(folder, err)) && read_all(&learning, folder, true, err);
    if (inspected)
        conclude(&learning, facts);
    if (folder[0])
        remove_spool(folder);
    end_learning(&learning);
    return inspected;
}
