/* bench_train: how fast is a training step, and how much memory does it take?
 *
 *     bench_train SHAPE [THREADS [SECONDS [BACKEND [LENGTHS]]]]
 *
 * SHAPE: minilm (6 layers of 384, vocabulary 30,522) or base (12 of 768). A batch is 16 sequences of 128
 * tokens; BACKEND: fixed (fp32), bf16, or another of gemm.h; with LENGTHS "mixed", 16 of many lengths up to
 * 128 (tests/bench/peer_train.py has the same ones, which PyTorch pads or packs). Weights are random; loss,
 * backward pass, clipping and AdamW are whole, dropout 0.1. After one step to warm up, steps for SECONDS
 * (10); one line of JSON: tokens/s over all of them, the best step's, tokens by second of processor time (all
 * threads; what else runs on the machine counts less), and the process's highest memory. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/random.h"
#include "train/trainer.h"

enum { SEQUENCES = 16, LONGEST = 128 };

struct shape {
    const char *name;
    size_t hidden, layers, heads, intermediate;
};

static const struct shape shapes[] = {{"minilm", 384, 6, 12, 1536}, {"base", 768, 12, 12, 3072}};

static double seconds_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

struct bench {
    struct tw_compute compute;
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct tw_arena arena;
    struct tw_packed batch;
    int32_t labels[SEQUENCES];
};

static bool make_batch(struct bench *bench, bool mixed, struct tw_error *err)
{
    static const size_t lengths[SEQUENCES] = {
        12, 21, 33, 17, 128, 26, 40, 19, 64, 23, 30, 15, 90, 28, 36, 22};
    struct tw_sequence sequences[SEQUENCES];
    int32_t *ids = tw_arena_array(&bench->arena, (size_t)SEQUENCES * LONGEST, sizeof *ids);
    if (!ids)
        return tw_arena_fail(&bench->arena, err);
    for (size_t at = 0; at < (size_t)SEQUENCES * LONGEST; at++)
        ids[at] = (int32_t)tw_random_below(1, TW_RANDOM_FREE, 0, at, 30000);
    for (size_t at = 0; at < SEQUENCES; at++) {
        sequences[at] = (struct tw_sequence){ids + at * LONGEST, NULL, mixed ? lengths[at] : LONGEST};
        bench->labels[at] = (int32_t)(at % 3);
    }
    return tw_packed_build(
        sequences, SEQUENCES, &bench->state->model->config, &bench->arena, &bench->batch, err);
}

static bool open_bench(struct bench *bench, const struct shape *shape, size_t threads, const char *backend,
    bool mixed, struct tw_error *err)
{
    struct tw_model_config config =
        tw_config_shape(30522, shape->hidden, shape->layers, shape->heads, shape->intermediate, 512);
    struct tw_state_options state = {.config = &config, .parts = TW_PART_DOCUMENT, .seed = 1};
    struct tw_trainer_options options = {.threads = threads,
        .max_sequence = LONGEST,
        .seed = 1,
        .compute = &bench->compute,
        .dropout = {.hidden = 0.1f, .attention = 0.1f, .head = 0.1f},
        .objective = {.document = 1.0}};
    return tw_compute_open(backend, &bench->compute, err) && tw_state_open(&state, &bench->state, err) &&
           tw_arena_begin(&bench->arena, 1 << 20, err) && make_batch(bench, mixed, err) &&
           tw_trainer_open(bench->state, &options, &bench->trainer, err);
}

static bool run(
    struct bench *bench, const struct shape *shape, size_t threads, double seconds, struct tw_error *err)
{
    struct tw_targets targets = {.documents = bench->labels};
    struct tw_adamw adamw = tw_adamw_defaults();
    struct tw_step_result result;
    adamw.rate = 1e-5;
    double best = 1e9, begun = 0.0, begun_cpu = 0.0;
    uint64_t steps = 0;
    do {
        double start = seconds_now();
        if (steps == 1) {
            begun = start;
            begun_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        }
        if (!tw_trainer_step(bench->trainer, &bench->batch, &targets, &adamw, steps, &result, err))
            return false;
        double taken = seconds_now() - start;
        best = steps > 0 && taken < best ? taken : best;
        steps++;
    } while (steps < 3 || seconds_now() - begun < seconds);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begun_cpu;
    double taken = seconds_now() - begun, tokens = (double)result.tokens;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf(
        "{\"shape\":\"%s\",\"threads\":%zu,\"backend\":\"%s\",\"tokens\":%zu,\"steps\":%llu,\"tokens_per_s\":%.0f,"
        "\"best_tokens_per_s\":%.0f,\"tokens_per_cpu_s\":%.0f,\"peak_mib\":%ld,\"loss\":%.4f}\n",
        shape->name, threads, tw_gemm_backend_name(bench->compute.gemm.backend), result.tokens,
        (unsigned long long)steps, tokens * (double)(steps - 1) / taken, tokens / best,
        tokens * (double)(steps - 1) / cpu, usage.ru_maxrss / 1024, result.loss);
    return true;
}

int main(int count, char **arguments)
{
    const char *name = count > 1 ? arguments[1] : "minilm";
    size_t threads = count > 2 ? strtoul(arguments[2], NULL, 10) : 2;
    double seconds = count > 3 ? strtod(arguments[3], NULL) : 10.0;
    const char *backend = count > 4 ? arguments[4] : "fixed";
    bool mixed = count > 5 && strcmp(arguments[5], "mixed") == 0;
    size_t shape = 0;
    while (shape < sizeof shapes / sizeof shapes[0] && strcmp(name, shapes[shape].name) != 0)
        shape++;
    if (shape == sizeof shapes / sizeof shapes[0] || threads == 0) {
        fprintf(stderr, "usage: bench_train minilm|base [THREADS [SECONDS [BACKEND [mixed]]]]\n");
        return 2;
    }
    struct bench bench = {0};
    struct tw_error err;
    bool done = open_bench(&bench, &shapes[shape], threads, backend, mixed, &err) &&
                run(&bench, &shapes[shape], threads, seconds, &err);
    if (!done) {
        char line[1200];
        tw_error_line(&err, line, sizeof line);
        fprintf(stderr, "%s\n", line);
    }
    tw_trainer_close(bench.trainer);
    tw_state_close(bench.state);
    tw_arena_end(&bench.arena);
    return done ? 0 : 70;
}
