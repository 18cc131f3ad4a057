#include "quantise/quantise_folder.h"

#include "base/file.h"
#include "base/folder.h"
#include "files/texts.h"
#include "format/write.h"
#include "infer/predict.h"
#include "tokenizer/tokenizer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#define TEXTS_BYTES ((size_t)1 << 30)
#define CONFIG_BYTES ((size_t)4 << 20)
#define TOKENIZER_BYTES ((size_t)256 << 20)

/* What one call works with. */
struct work {
    const struct tw_quantise_call *call;
    struct tw_snapshot files;
    struct tw_model *model;
    struct tw_tokenizer *tokenizer;
    struct tw_compute compute;
    struct tw_sequence sequences[TW_QUANTISE_TEXTS];
    size_t count;
    uint32_t most_tokens;
    struct tw_packed texts;
    struct tw_quantised *quantised;
    struct tw_arena arena;
};

/* --- texts ---------------------------------------------------------------------------------------------- */

static bool take_text(void *self, struct tw_text text, struct tw_arena *scratch, struct tw_error *err)
{
    struct work *work = self;
    struct tw_tokens tokens;
    (void)scratch;
    if (work->count == TW_QUANTISE_TEXTS || text.length == 0)
        return true;
    if (!tw_tokenize(work->tokenizer, text, NULL, work->most_tokens, &work->arena, &tokens, err))
        return false;
    work->sequences[work->count++] = (struct tw_sequence){.ids = tokens.ids, .count = tokens.count};
    return true;
}

/* A record that cannot be used is told by somebody, or by nobody. */
static void tell_refused(void *context, const struct tw_error *why)
{
    const struct tw_quantise_call *call = context;
    if (call->on_refused)
        call->on_refused(call->context, why);
}

static bool read_texts(struct work *work, uint64_t *refused, struct tw_error *err)
{
    const struct tw_quantise_call *call = work->call;
    struct tw_quantise_call told = *call;
    const struct tw_texts_options options = {
        .decode = call->decode, .stamp_us = call->stamp_us, .on_refused = tell_refused, .context = &told};
    if (!call->calibration)
        return true;
    if (!tw_texts_read(call->calibration, &options, take_text, work, refused, err))
        return false;
    if (work->count == 0)
        return tw_fail(err, TW_CONFIG, call->calibration, "give an archive of texts of the model's kind",
            "there is no text in it to calibrate with");
    return tw_packed_build(
        work->sequences, work->count, &work->model->config, &work->arena, &work->texts, err);
}

/* --- the folder ----------------------------------------------------------------------------------------- */

/* Three digits: what a last bit of an fp32 product moves is not told. */
static json_t *short_real(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.3g", value);
    return json_real(strtod(text, NULL));
}

static json_t *fp32_maps(const struct tw_quantised_report *report)
{
    json_t *list = json_array();
    for (size_t at = 0; at < report->map_count; at++) {
        const struct tw_quantised_map *map = &report->maps[at];
        if (map->fp32)
            json_array_append_new(list, json_pack("{s:I, s:s, s:o}", "layer", (json_int_t)map->layer, "map",
                                            tw_layer_map_name(map->map), "loss", short_real(map->loss)));
    }
    return list;
}

/* Members for "tapewatch" of config.json, to be freed; NULL without memory. */
static char *facts_of(const struct work *work, const struct tw_quantised_report *report, const char *weights)
{
    json_t *facts = json_pack("{s:s, s:o}", "source", work->model->sha256_hex, "fp32", fp32_maps(report));
    if (report->measured) {
        json_object_set_new(facts, "texts", json_integer((json_int_t)report->texts));
        json_object_set_new(facts, "labels", json_integer((json_int_t)report->labels));
        json_object_set_new(facts, "loss", short_real(report->loss));
        json_object_set_new(facts, "agreement", json_real(report->agreement));
    }
    json_t *own = json_pack("{s:s, s:o}", "weights", weights, "quantisation", facts);
    char *text = own ? json_dumps(own, JSON_REAL_PRECISION(12)) : NULL;
    json_decref(own);
    return text;
}

static bool write_config(
    const struct work *work, const char *folder, const char *weights, struct tw_error *err)
{
    char path[PATH_MAX];
    struct tw_text config;
    struct tw_arena arena;
    const struct tw_quantised_report report = tw_quantised_report(work->quantised);
    if (!tw_path_join(path, sizeof path, folder, TW_FILE_CONFIG, err) ||
        !tw_arena_begin(&arena, 2 * CONFIG_BYTES, err))
        return false;
    char *facts = facts_of(work, &report, weights);
    bool done = facts ? tw_snapshot_read(&work->files, TW_FILE_CONFIG, CONFIG_BYTES, &arena, &config, err) &&
                            tw_config_amend(path, config, facts, err)
                      : tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    free(facts);
    tw_arena_end(&arena);
    return done;
}

static bool copy_file(const struct work *work, const char *folder, const char *name, struct tw_error *err)
{
    char path[PATH_MAX];
    struct tw_text bytes;
    struct tw_arena arena;
    if (!tw_snapshot_has(&work->files, name))
        return true;
    if (!tw_path_join(path, sizeof path, folder, name, err) ||
        !tw_arena_begin(&arena, TOKENIZER_BYTES + 4096, err))
        return false;
    bool done = tw_snapshot_read(&work->files, name, TOKENIZER_BYTES, &arena, &bytes, err) &&
                tw_bytes_write(path, bytes, err);
    tw_arena_end(&arena);
    return done;
}

static bool copy_tokenizer(const struct work *work, const char *folder, struct tw_error *err)
{
    static const char *const names[] = {TW_FILE_VOCABULARY, TW_FILE_TOKENIZER, TW_FILE_ADDED_TOKENS,
        TW_FILE_TOKENIZER_CONFIG, TW_FILE_SPECIAL_TOKENS};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        if (!copy_file(work, folder, names[at], err))
            return false;
    }
    return true;
}

static bool fill_folder(
    const struct work *work, const char *folder, struct tw_quantise_summary *summary, struct tw_error *err)
{
    char weights[PATH_MAX], sha256[65];
    return tw_path_join(weights, sizeof weights, folder, TW_FILE_INT8_WEIGHTS, err) &&
           tw_quantised_write(work->quantised, weights, err) &&
           tw_file_sha256_hex(weights, sha256, &summary->bytes_after, err) &&
           write_config(work, folder, sha256, err) && copy_tokenizer(work, folder, err);
}

/* --- what was written is what was measured -------------------------------------------------------------- */

static bool logits_of(
    const struct work *work, const struct tw_model *model, float *logits, struct tw_error *err)
{
    struct tw_predict *predict;
    const struct tw_predict_options options = {.compute = &work->compute, .threads = work->call->threads};
    if (!tw_predict_open(model, &options, &predict, err))
        return false;
    bool done = tw_predict_run(predict, &work->texts, NULL, 0, logits, NULL, err);
    tw_predict_close(predict);
    return done;
}

static bool same_bits(const float *one, const float *two, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        uint32_t bits[2];
        memcpy(&bits[0], &one[at], sizeof bits[0]);
        memcpy(&bits[1], &two[at], sizeof bits[1]);
        if (bits[0] != bits[1])
            return false;
    }
    return true;
}

/* Opens the folder as everybody will. Without texts, opening it is all that can be tried. */
static bool check_folder(const struct work *work, const char *folder, struct tw_error *err)
{
    struct tw_model *written = NULL;
    const struct tw_model_options options = {.need_head = true};
    size_t count = work->texts.count * TW_CLASSES;
    float *logits = calloc(2 * count + 1, sizeof *logits);
    if (!logits)
        return tw_fail(err, TW_INTERNAL, folder, NULL, "out of memory");
    bool done = tw_model_open(folder, &options, &written, err) &&
                (count == 0 || (logits_of(work, tw_quantised_model(work->quantised), logits, err) &&
                                   logits_of(work, written, logits + count, err)));
    if (done && !same_bits(logits, logits + count, count))
        done = tw_fail(err, TW_INTERNAL, folder, "tell the makers of tapewatch",
            "the folder that was written gives other logits than the weights that were measured");
    tw_model_close(written);
    free(logits);
    return done;
}

/* A model in fp32 of that name would stay in the folder, and nobody could tell which one is meant. */
static bool check_output(const struct tw_quantise_call *call, struct tw_error *err)
{
    char path[PATH_MAX];
    if (!tw_path_join(path, sizeof path, call->output, TW_FILE_WEIGHTS, err))
        return false;
    return access(path, F_OK) != 0 || tw_fail(err, TW_OUTPUT, call->output, "name another folder with -o",
                                          "there is a " TW_FILE_WEIGHTS " in it");
}

static bool write_folder(const struct work *work, struct tw_quantise_summary *summary, struct tw_error *err)
{
    char partial[TW_FOLDER_PATH];
    if (!tw_folder_begin(work->call->output, partial, err))
        return false;
    if (fill_folder(work, partial, summary, err) && check_folder(work, partial, err) &&
        tw_folder_finish(partial, work->call->output, err))
        return true;
    tw_folder_remove(partial);
    return false;
}

/* --- all of it ------------------------------------------------------------------------------------------ */

static bool open_model(struct work *work, struct tw_error *err)
{
    const struct tw_quantise_call *call = work->call;
    const struct tw_model_options options = {.need_head = true};
    if (!tw_model_files_take(call->model, &work->files, err) ||
        !tw_tokenizer_load_from(&work->files, &work->tokenizer, err) ||
        !tw_model_open_from(&work->files, &options, &work->model, err) ||
        !tw_compute_open(call->gemm, &work->compute, err))
        return false;
    uint32_t most = tw_tokenizer_model_max_length(work->tokenizer);
    work->most_tokens =
        work->model->config.max_positions < most ? (uint32_t)work->model->config.max_positions : most;
    return tw_arena_begin(&work->arena, TEXTS_BYTES, err);
}

static void summarise(const struct work *work, struct tw_quantise_summary *summary)
{
    const struct tw_quantised_report report = tw_quantised_report(work->quantised);
    summary->measured = report.measured;
    summary->texts = report.texts;
    summary->labels = report.labels;
    summary->maps = report.map_count;
    summary->fp32_maps = report.fp32_count;
    summary->agreement = report.agreement;
    summary->loss = report.loss;
    summary->bytes_before = work->model->file.file.length;
}

static bool run(struct work *work, struct tw_quantise_summary *summary, struct tw_error *err)
{
    const struct tw_quantise_call *call = work->call;
    if (!check_output(call, err) || !open_model(work, err) || !read_texts(work, &summary->refused, err))
        return false;
    const struct tw_quantise_options options = {.compute = &work->compute,
        .threads = call->threads,
        .calibration = call->calibration ? &work->texts : NULL,
        .on_measuring = call->on_measuring,
        .context = call->context};
    if (!tw_quantise(work->model, &options, &work->quantised, err))
        return false;
    summarise(work, summary);
    return write_folder(work, summary, err);
}

bool tw_quantise_folder(
    const struct tw_quantise_call *call, struct tw_quantise_summary *summary, struct tw_error *err)
{
    *summary = (struct tw_quantise_summary){0};
    struct work *work = calloc(1, sizeof *work);
    if (!work)
        return tw_fail(err, TW_INTERNAL, call->model, NULL, "out of memory");
    work->call = call;
    bool done = run(work, summary, err);
    tw_quantised_free(work->quantised);
    tw_arena_end(&work->arena);
    tw_model_close(work->model);
    tw_tokenizer_free(work->tokenizer);
    tw_snapshot_drop(&work->files);
    free(work);
    return done;
}
