/* bench_int8: what the kernels with 8-bit weights reach, against what this processor's registers could.
 *
 *     ninja -C build/release bench_int8 && build/release/tests/bench_int8 [FOLDER]
 *
 * FOLDER is a model in fp32 (config/model without it); its weights are quantised here. For each instruction
 * set: the limit (products of bytes in registers alone), the four maps of a layer with all that follows
 * them, in Gop/s and as a share of the limit; what attention takes a token in all layers, by the length of
 * the text; the whole encoder by the length of the text, beside fp32's, and its maps' operations as a share
 * of the limit. All in one run, in the thread's own time, best of several rounds. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compress/quantise.h"
#include "kernels/choose.h"
#include "model/encoder.h"
#include "random_model.h"

enum { TOKENS = 256, ROUNDS = 7, LENGTHS = 6 };
static const size_t lengths[LENGTHS] = {16, 32, 64, 128, 256, 512};

static void *room(size_t bytes)
{
    void *made = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!made)
        exit(70);
    memset(made, 0, (bytes + 127) / 64 * 64);
    return made;
}

static float *numbers(size_t count)
{
    float *made = room(count * sizeof *made);
    for (size_t at = 0; at < count; at++)
        made[at] = random_uniform(at);
    return made;
}

static struct tw_int8_rows rows_of(const struct tw_int8_kernels *kernels, size_t width)
{
    struct tw_int8_rows rows = {.values = room((TOKENS + TW_INT8_BLOCK) * tw_int8_stride(width)),
        .scales = room(TOKENS * sizeof(float)),
        .zeros = room(TOKENS * sizeof(int32_t)),
        .width = width};
    float *from = numbers(TOKENS * width);
    kernels->quantise(from, TOKENS, 0, &rows);
    free(from);
    return rows;
}

static void free_rows(struct tw_int8_rows *rows)
{
    free(rows->values);
    free(rows->scales);
    free(rows->zeros);
}

/* Gop/s. */
static double limit_of(const struct tw_int8_kernels *kernels)
{
    double best = 0.0;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID), work = (double)kernels->limit(2000000);
        double rate = 1e-9 * work / (seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin);
        best = rate > best ? rate : best;
    }
    return best;
}

/* Gop/s of one map of the first layer, with what follows it. */
static double rate_of_map(
    const struct tw_int8_kernels *kernels, const struct tw_model *model, enum tw_layer_map map)
{
    const struct tw_int8_weights *weights = &model->int8[0].maps[map];
    const struct tw_layer *layer = &model->layers[0];
    const bool normed = map == TW_MAP_ATTENTION_OUTPUT || map == TW_MAP_DOWN,
               quantises = map != TW_MAP_ATTENTION_INPUT;
    struct tw_int8_rows in = rows_of(kernels, weights->in), out = rows_of(kernels, weights->out);
    float *y = numbers(TOKENS * weights->out), *residual = numbers(TOKENS * weights->out);
    const struct tw_int8_product call = {.in = &in,
        .weights = weights,
        .rows = TOKENS,
        .after = normed             ? TW_INT8_NORM
                 : map == TW_MAP_UP ? (enum tw_int8_after)model->config.activation
                                    : TW_INT8_NOTHING,
        .residual = residual,
        .scale = layer->attention_norm.scale,
        .shift = layer->attention_norm.shift,
        .epsilon = model->config.norm_epsilon,
        .out = map == TW_MAP_UP ? NULL : y,
        .quantised = quantises ? &out : NULL,
        .scratch = y};
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        kernels->multiply(&call);
        double spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
        best = spent < best ? spent : best;
    }
    free_rows(&in);
    free_rows(&out);
    free(y);
    free(residual);
    return 2e-9 * TOKENS * (double)weights->in * (double)weights->out / best;
}

/* Microseconds a token, in all layers. */
static double attention_of(
    const struct tw_int8_kernels *kernels, const struct tw_model_config *config, size_t length)
{
    enum { ALL = 512 };
    const size_t hidden = config->hidden, width = hidden / config->heads, sequences = ALL / length;
    uint32_t starts[ALL / 16 + 1];
    for (size_t at = 0; at <= sequences; at++)
        starts[at] = (uint32_t)(at * length);
    float *qkv = numbers(ALL * 3 * hidden), *context = numbers(ALL * hidden);
    float *scratch = numbers(tw_int8_attention_floats(length, width));
    const struct tw_int8_attention call = {.query = qkv,
        .key = qkv + hidden,
        .value = qkv + 2 * hidden,
        .stride = 3 * hidden,
        .context = context,
        .starts = starts,
        .sequences = sequences,
        .heads = config->heads,
        .width = width,
        .scratch = scratch};
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        kernels->attention(&call);
        double spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
        best = spent < best ? spent : best;
    }
    free(qkv);
    free(context);
    free(scratch);
    return 1e6 * best * (double)config->layers / ALL;
}

/* Tokens a second through all layers. */
static double rate_of_encoder(const struct tw_model *model, const struct tw_compute *compute, size_t length)
{
    enum { MOST = 1024 };
    static int32_t ids[MOST];
    struct tw_sequence sequences[MOST / 16];
    const size_t count = MOST / length;
    struct tw_arena arena;
    struct tw_packed batch;
    struct tw_workspace workspace;
    struct tw_error err;
    random_ids(1, model->config.vocabulary, MOST, ids);
    for (size_t at = 0; at < count; at++)
        sequences[at] = (struct tw_sequence){.ids = ids + at * length, .count = length};
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    must(tw_packed_build(sequences, count, &model->config, &arena, &batch, &err), &err);
    must(tw_workspace_open(
             model, &(struct tw_workspace_options){.max_tokens = MOST, .compute = compute}, &workspace, &err),
        &err);
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        must(tw_encode(model, &batch, &workspace, &err), &err);
        double spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
        best = spent < best ? spent : best;
    }
    tw_workspace_close(&workspace);
    tw_arena_end(&arena);
    return MOST / best;
}

static void table_of(const struct tw_int8_kernels *kernels, const struct tw_model *model,
    const struct tw_model *fp32, struct tw_compute *compute)
{
    const struct tw_model_config *config = &model->config;
    const double limit = limit_of(kernels),
                 work = 4e-9 * (double)(config->layers * config->hidden) *
                        (2.0 * (double)config->hidden + (double)config->intermediate);
    compute->int8 = kernels;
    printf("\n%s: %.0f Gop/s in registers\n%-18s %8s %8s\n", kernels->name, limit, "map", "Gop/s", "share");
    for (enum tw_layer_map map = 0; map < TW_LAYER_MAPS; map++) {
        double rate = rate_of_map(kernels, model, map);
        printf("%-18s %8.0f %7.0f%%\n", tw_layer_map_name(map), rate, 100.0 * rate / limit);
    }
    printf("%8s %14s %12s %12s %8s %8s\n", "tokens", "attention us", "int8 tok/s", "fp32 tok/s", "ratio",
        "share");
    for (size_t at = 0; at < LENGTHS; at++) {
        double rate = rate_of_encoder(model, compute, lengths[at]);
        double beside = rate_of_encoder(fp32, compute, lengths[at]);
        printf("%8zu %14.2f %12.0f %12.0f %8.2f %7.0f%%\n", lengths[at],
            attention_of(kernels, config, lengths[at]), rate, beside, rate / beside,
            100.0 * rate * work / limit);
    }
}

int main(int argc, char **argv)
{
    const struct tw_int8_kernels *tables[4];
    const size_t count = tw_int8_all(tables);
    struct tw_model *fp32;
    struct tw_compute compute;
    struct tw_quantised *quantised;
    struct tw_error err;
    must(tw_model_open(argc > 1 ? argv[1] : TW_SOURCE_DIR "/config/model", NULL, &fp32, &err), &err);
    must(tw_compute_open("auto", &compute, &err), &err);
    must(tw_quantise(fp32, &(struct tw_quantise_options){.compute = &compute}, &quantised, &err), &err);
    printf(
        "one core; shares count the operations of linear maps alone; attention in microseconds a token, all "
        "layers\n");
    /* Not the definition: it is there to be read. */
    for (size_t table = count - 1; table > 0; table--)
        table_of(tables[table], tw_quantised_model(quantised), fp32, &compute);
    tw_quantised_free(quantised);
    tw_model_close(fp32);
    return 0;
}
