#include "training/pretrain.h"

#include "base/file.h"
#include "examples/masking.h"
#include "files/reader.h"
#include "read/decode.h"
#include "tokenizer/tokenizer.h"
#include "training/base_model.h"
#include "training/card.h"
#include "training/lineage.h"
#include "training/run_folder.h"
#include "training/run_log.h"

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
enum { WINDOWS_AT_ONCE = 64 }; /* of a trial */

static const char *const spool_name = "topic.jsonl.zst", *const ranges_name = "topic.json";

struct learning {
    const struct tw_course_run *run;
    const struct tw_pretrain_settings *settings;
    const struct tw_pretrain_topic *topic;
    struct tw_course *course; /* NULL: only looking */
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
    size_t *training, *tried; /* indices of windows */
    size_t training_count, tried_count;
    struct tw_masking masking;
    struct tw_arena scratch; /* of trials */
    struct tw_pretrain_trial trial;
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
        opened = tw_base_tokenizer(settings->model, &learning->tokenizer, err) &&
                 tw_config_read(settings->model, NULL, &learning->arena, &learning->shape, err);
    else
        opened = find_vocabulary(learning, err) &&
                 tw_tokenizer_load(learning->vocabulary_folder, &learning->tokenizer, err) &&
                 make_shape(learning, err);
    if (!opened)
        return false;
    learning->most_tokens =
        tw_base_most_tokens(learning->tokenizer, settings->max_tokens, learning->shape.max_positions);
    const struct tw_masking_options options = {
        .share = settings->mask_share, .whole_words = settings->whole_word, .seed = settings->course.seed};
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

/* A run in its own folder keeps what it read; run.yaml stands there first, so that a run that is killed can be resumed. */
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
    if (!topic->look(topic->self, err))
        return false;
    if (learning->course &&
        (!tw_settings_write(&tw_pretrain_table, learning->settings, &learning->arena, &run_yaml, err) ||
            !tw_runfolder_make(folder, run_yaml, err)))
        return false;
    return topic->spool(topic->self, folder, err) && read_ranges(learning, folder, err);
}

static uint64_t refused_of_topic(const struct learning *learning)
{
    return (uint64_t)json_integer_value(json_object_get(learning->topic_ranges, "refused"));
}

/* ---- the corpus ---- */

static bool new_corpus(struct learning *learning, bool looking, struct tw_error *err)
{
    const struct tw_pretrain_settings *settings = learning->settings;
    const struct tw_course_watch *watch = &learning->run->watch;
    bool tells = settings->skip_refused || looking;
    const struct tw_corpus_options options = {.decode = learning->run->decode,
        .stamp_us = learning->run->stamp_us,
        .tokenizer = learning->tokenizer,
        .most_tokens = learning->most_tokens,
        .share_held_back = settings->validation_share,
        .limit_tokens = settings->max_corpus,
        .raw = settings->raw,
        .count_repeated = looking,
        .refused = tells ? watch->refused : NULL,
        .stopped = watch->stopped,
        .context = watch->context};
    return tw_corpus_new(&options, &learning->corpus, err);
}

static bool read_corpus(struct learning *learning, bool looking, struct tw_error *err)
{
    if (!new_corpus(learning, looking, err))
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
static void choose_tried(struct learning *learning)
{
    size_t all = learning->tried_count, most = (size_t)learning->settings->eval_windows;
    if (most == 0 || all <= most)
        return;
    for (size_t at = 0; at < most; at++)
        learning->tried[at] = learning->tried[(size_t)((double)at * (double)all / (double)most)];
    learning->tried_count = most;
}

static bool split_corpus(struct learning *learning, struct tw_error *err)
{
    const struct tw_corpus *corpus = learning->corpus;
    learning->training = tw_arena_array(&learning->arena, corpus->count, sizeof *learning->training);
    learning->tried = tw_arena_array(&learning->arena, corpus->count, sizeof *learning->tried);
    if (!learning->training || !learning->tried)
        return tw_arena_fail(&learning->arena, err);
    for (size_t at = 0; at < corpus->count; at++) {
        if (corpus->windows[at].held_back)
            learning->tried[learning->tried_count++] = at;
        else
            learning->training[learning->training_count++] = at;
    }
    choose_tried(learning);
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
    return tw_packed_build(
        sequences, count, &tw_course_state(learning->course)->model->config, arena, batch, err);
}

/* ---- what the course asks ---- */

static bool feed(void *self, uint64_t epoch, const size_t *items, size_t count, struct tw_arena *arena,
    struct tw_packed *batch, struct tw_targets *targets, struct tw_error *err)
{
    return make_batch(self, (uint32_t)epoch, items, count, arena, batch, targets, err);
}

static bool try_some(struct learning *learning, struct tw_trainer *trainer, const size_t *windows,
    size_t count, struct tw_pretrain_trial *sums, struct tw_error *err)
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

static json_t *row_of(const struct tw_pretrain_trial *trial)
{
    return json_pack("{s:f, s:f, s:I, s:I}", "perplexity", trial->perplexity, "eval_accuracy",
        trial->accuracy, "eval_masked", (json_int_t)trial->masked, "eval_samples",
        (json_int_t)trial->windows);
}

static bool try_windows(
    void *self, struct tw_trainer *trainer, struct tw_course_trial *out, struct tw_error *err)
{
    struct learning *learning = self;
    struct tw_pretrain_trial *trial = &learning->trial;
    *trial = (struct tw_pretrain_trial){0};
    for (size_t at = 0, count; at < learning->tried_count; at += count) {
        count = learning->tried_count - at;
        count = count < WINDOWS_AT_ONCE ? count : WINDOWS_AT_ONCE;
        if (!try_some(learning, trainer, learning->tried + at, count, trial, err))
            return false;
    }
    double masked = trial->masked ? (double)trial->masked : 1;
    trial->loss /= masked;
    trial->accuracy /= masked;
    trial->perplexity = exp(trial->loss);
    *out = (struct tw_course_trial){
        .loss = trial->loss, .metric = trial->perplexity, .row = row_of(trial), .details = trial};
    return true;
}

static bool publish(void *self, const json_t *lineage, const json_t *metrics, const void *details,
    struct tw_course_folder *out, struct tw_error *err)
{
    const struct learning *learning = self;
    out->own_json = tw_lineage_own(lineage, metrics, NULL, false);
    out->card = tw_pretrain_card(learning->settings, lineage, details);
    return (out->own_json && out->card) || out_of_memory(err);
}

static const struct tw_course_kind kind = {.command = "pretrain",
    .table = &tw_pretrain_table,
    .lower_is_better = true,
    .trial_at_start = true,
    .feed = feed,
    .trial = try_windows,
    .publish = publish};

/* ---- lineage ---- */

static bool add_file(json_t *list, const char *path, const char *told_as, struct tw_error *err)
{
    json_t *file = tw_lineage_file(path, err);
    if (!file)
        return false;
    if ((told_as && json_object_set_new(file, "path", json_string(told_as)) != 0) ||
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

static bool add_origin(const struct learning *learning, json_t *lineage, struct tw_error *err)
{
    char path[PATH_MAX];
    bool scratch = !learning->settings->model[0];
    json_t *origin = NULL;
    if (!scratch)
        origin = tw_lineage_base(learning->settings->model, err);
    else if (tw_path_join(path, sizeof path, learning->vocabulary_folder, "vocab.txt", err))
        origin = tw_lineage_file(path, err);
    if (!origin)
        return false;
    return json_object_set_new(lineage, scratch ? "vocabulary" : "base", origin) == 0 || out_of_memory(err);
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
    if (!tw_course_open_state(learning->course, &state, err))
        return false;
    if (base[0] && tw_course_state(learning->course)->fresh_parts & TW_PART_MASKED)
        tw_course_tell(&learning->run->watch,
            "%s: has no head for masked words; a new one begins, tied to the word embedding", base);
    return tw_course_open_trainer(learning->course, &trainer, err);
}

static bool read_all(struct learning *learning, const char *folder, bool looking, struct tw_error *err)
{
    if (!tw_arena_begin(&learning->arena, ARENA_BYTES, err) || !check_settings(learning->settings, err) ||
        !list_archives(learning, err) || !open_tokenizer(learning, err))
        return false;
    if (learning->settings->topic[0] && !spool_topic(learning, folder, err))
        return false;
    return read_corpus(learning, looking, err) && split_corpus(learning, err);
}

static bool learn(struct learning *learning, struct tw_error *err)
{
    const struct tw_pretrain_settings *settings = learning->settings;
    const struct tw_course_origin origin = {
        .tokenizer_folder = settings->model[0] ? settings->model : learning->vocabulary_folder};
    return tw_arena_begin(&learning->scratch, SCRATCH_BYTES, err) &&
           read_all(learning, settings->course.output, false, err) &&
           tw_course_plan(learning->course, learning->training, learning->training_count,
               learning->tried_count > 0, err) &&
           open_model(learning, err) &&
           tw_course_learn(learning->course, lineage_of(learning, err), &origin, err);
}

static void end_learning(struct learning *learning)
{
    tw_course_close(learning->course);
    tw_corpus_free(learning->corpus);
    tw_tokenizer_free(learning->tokenizer);
    json_decref(learning->topic_ranges);
    tw_arena_end(&learning->scratch);
    tw_arena_end(&learning->arena);
}

bool tw_pretrain(const struct tw_pretrain_settings *settings, const struct tw_course_run *run,
    const struct tw_pretrain_topic *topic, struct tw_course_result *result, struct tw_error *err)
{
    struct learning learning = {.run = run, .settings = settings, .topic = topic};
    *result = (struct tw_course_result){0};
    if (!tw_course_open(&kind, &learning, settings, run, &learning.course, err))
        return false;
    bool learned = tw_course_is_finished(learning.course) || learn(&learning, err);
    tw_course_tell_result(learning.course, result);
    result->refused = (learning.corpus ? learning.corpus->facts.refused : 0) + refused_of_topic(&learning);
    end_learning(&learning);
    return learned;
}

/* ---- the look before the run ---- */

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
    const struct tw_course_settings *course = &learning->settings->course;
    uint64_t windows = course->batch * course->accumulate;
    tw_corpus_count_repeated(learning->corpus);
    *facts = (struct tw_pretrain_facts){.corpus = learning->corpus->facts,
        .most_tokens = learning->most_tokens,
        .epoch_steps = (learning->training_count + windows - 1) / windows,
        .topic_refused = refused_of_topic(learning)};
    facts->steps = course->steps ? course->steps : facts->epoch_steps * course->epochs;
}

bool tw_pretrain_look(const struct tw_pretrain_settings *settings, const struct tw_course_run *run,
    const struct tw_pretrain_topic *topic, struct tw_pretrain_facts *facts, struct tw_error *err)
{
    struct learning learning = {.run = run, .settings = settings, .topic = topic};
    char folder[PATH_MAX] = "";
    bool looked =
        (!settings->topic[0] || make_temporary(folder, err)) && read_all(&learning, folder, true, err);
    if (looked)
        conclude(&learning, facts);
    if (folder[0])
        remove_spool(folder);
    end_learning(&learning);
    return looked;
}
