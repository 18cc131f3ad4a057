/* bench_int8: what the kernels with 8-bit weights reach, against what this processor's registers could.
 *
 *     ninja -C build/release bench_int8 && build/release/tests/bench_int8 [FOLDER [KERNELS [TOKENS]]]
 *
 * FOLDER is a model in fp32 (config/model without it); its weights are quantised here. KERNELS is one
 * instruction set by name; without it each has its turn; TOKENS one length of text. For each: the limit
 * (products of bytes in registers alone); the four maps of a layer with all that follows them, in Gop/s and
 * as a share of the limit, with weights that stand in the caches; the whole encoder by the length of the
 * text: what each step takes a token, in all layers, tokens a second, and the maps' operations as a share of
 * the limit. Then fp32's tokens a second. All in one run, in the thread's own time, best of
 * several rounds. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compress/quantise.h"
#include "kernels/choose.h"
#include "model/encoder.h"
#include "random_model.h"

enum { TOKENS = 256, ROUNDS = 15, LENGTHS = 6 };
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

/* --- the encoder, step by step ------------------------------------------------------------------------- */

enum step { EMBED, ATTENTION_INPUT, ATTENTION, ATTENTION_OUTPUT, UP, DOWN, STEPS };
static const char *const step_names[STEPS] = {"embed", "qkv", "attention", "output", "up", "down"};

/* Kernels know no caller, so what their steps took stands here. */
static struct {
    const struct tw_int8_kernels *kernels;
    double seconds[STEPS]; /* of the present round */
} timed;

static double timed_seconds(void)
{
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

static void timed_embed_norm(const struct tw_int8_embedding *call)
{
    const double begin = timed_seconds();
    timed.kernels->embed_norm(call);
    timed.seconds[EMBED] += timed_seconds() - begin;
}

static void timed_quantise(const float *in, size_t rows, size_t first, const struct tw_int8_rows *out)
{
    const double begin = timed_seconds();
    timed.kernels->quantise(in, rows, first, out);
    timed.seconds[EMBED] += timed_seconds() - begin;
}

static void timed_multiply(const struct tw_int8_product *call)
{
    const size_t in = call->weights->in, out = call->weights->out;
    const enum step step = call->after == TW_INT8_NOTHING ? ATTENTION_INPUT
                           : call->after != TW_INT8_NORM  ? UP
                           : in == out                    ? ATTENTION_OUTPUT
                                                          : DOWN;
    const double begin = timed_seconds();
    timed.kernels->multiply(call);
    timed.seconds[step] += timed_seconds() - begin;
}

static void timed_attention(const struct tw_int8_attention *call)
{
    const double begin = timed_seconds();
    timed.kernels->attention(call);
    timed.seconds[ATTENTION] += timed_seconds() - begin;
}

static const struct tw_int8_kernels timed_kernels = {.name = "timed",
    .embed_norm = timed_embed_norm,
    .quantise = timed_quantise,
    .multiply = timed_multiply,
    .attention = timed_attention};

/* Tokens a second through all layers. `steps`, when given: seconds of each for MOST tokens. */
static double rate_of_encoder(
    const struct tw_model *model, const struct tw_compute *compute, size_t length, double steps[STEPS])
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
        memset(timed.seconds, 0, sizeof timed.seconds);
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        must(tw_encode(model, &batch, &workspace, &err), &err);
        double spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
        best = spent < best ? spent : best;
        for (size_t step = 0; steps && step < STEPS; step++)
            steps[step] = round == 0 || timed.seconds[step] < steps[step] ? timed.seconds[step] : steps[step];
    }
    const double tokens = (double)(count * length);
    for (size_t step = 0; steps && step < STEPS; step++)
        steps[step] = 1e6 * steps[step] / tokens;
    tw_workspace_close(&workspace);
    tw_arena_end(&arena);
    return tokens / best;
}

/* `only`: the one length that is wanted, or 0. */
static void steps_of(const struct tw_model *model, struct tw_compute *compute, double limit, size_t only)
{
    const struct tw_model_config *config = &model->config;
    const double work = 4e-9 * (double)(config->layers * config->hidden) *
                        (2.0 * (double)config->hidden + (double)config->intermediate);
    printf("%8s", "tokens");
    for (size_t step = 0; step < STEPS; step++)
        printf(" %9s", step_names[step]);
    printf(" %9s %6s\n", "tokens/s", "share");
    for (size_t at = 0; at < LENGTHS; at++) {
        double steps[STEPS];
        if (only && lengths[at] != only)
            continue;
        const double rate = rate_of_encoder(model, compute, lengths[at], steps);
        printf("%8zu", lengths[at]);
        for (size_t step = 0; step < STEPS; step++)
            printf(" %9.2f", steps[step]);
        printf(" %9.0f %5.0f%%\n", rate, 100.0 * rate * work / limit);
    }
}

static void table_of(const struct tw_int8_kernels *kernels, const struct tw_model *model,
    struct tw_compute *compute, size_t only)
{
    const double limit = limit_of(kernels);
    timed.kernels = kernels;
    compute->int8 = &timed_kernels;
    printf("\n%s: %.0f Gop/s in registers\n%-18s %8s %8s\n", kernels->name, limit, "map", "Gop/s", "share");
    for (enum tw_layer_map map = 0; map < TW_LAYER_MAPS; map++) {
        double rate = rate_of_map(kernels, model, map);
        printf("%-18s %8.0f %7.0f%%\n", tw_layer_map_name(map), rate, 100.0 * rate / limit);
    }
    steps_of(model, compute, limit, only);
}

int main(int argc, char **argv)
{
    const struct tw_int8_kernels *tables[TW_INT8_TABLES];
    const size_t count = tw_int8_all(tables);
    struct tw_model *fp32;
    struct tw_compute compute;
    struct tw_quantised *quantised;
    struct tw_error err;
    must(tw_model_open(argc > 1 ? argv[1] : TW_SOURCE_DIR "/config/model", NULL, &fp32, &err), &err);
    must(tw_compute_open("auto", &compute, &err), &err);
    must(tw_quantise(fp32, &(struct tw_quantise_options){.compute = &compute}, &quantised, &err), &err);
    printf("one core; shares count the operations of linear maps alone; steps in microseconds a token, all "
           "layers\n");
    /* Not the definition: it is there to be read. */
    for (size_t table = count - 1; table > 0; table--)
        if (argc < 3 || strcmp(argv[2], tables[table]->name) == 0)
            table_of(tables[table], tw_quantised_model(quantised), &compute,
                argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
    printf("\n%8s %9s\n", "tokens", "fp32");
    for (size_t at = 0; at < LENGTHS && argc < 3; at++)
        printf("%8zu %9.0f\n", lengths[at], rate_of_encoder(fp32, &compute, lengths[at], NULL));
    tw_quantised_free(quantised);
    tw_model_close(fp32);
    return 0;
}
