/* bench_gemm: what the GEMM door and the fp32 encoder reach, against the libraries' own products.
 *
 *     ninja -C build/release bench_gemm && build/release/tests/bench_gemm
 *
 * First table: one core, shapes of MiniLM-L6 (H384) and BERT-base (H768); raw dnnl_sgemm, raw cblas_sgemm,
 * our door, and the door against the faster of the two. Second table: the whole encoder with random weights;
 * its products' arithmetic over the time of everything, and that against the time the faster raw library
 * would need for the products alone ("share"). Third table, where the processor has bf16 products: those of a
 * training step, fp32 as "fixed" takes it and bf16, rounding and packing included. All in one run, in the
 * thread's own time, best of several rounds. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cblas.h>
#include <dnnl.h>

#include "gemm/gemm.h"
#include "infer/predict.h"
#include "random_model.h"

extern void omp_set_num_threads(int threads);

static float *numbers(size_t count)
{
    float *made = aligned_alloc(64, (count * sizeof *made + 63) / 64 * 64);
    if (!made)
        exit(70);
    for (size_t at = 0; at < count; at++)
        made[at] = random_uniform(at);
    return made;
}

struct rates {
    double onednn, openblas, door; /* GFLOP/s */
};

static double faster(const struct rates *rates)
{
    return rates->onednn > rates->openblas ? rates->onednn : rates->openblas;
}

static double once(int who, const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *a,
    const float *b, float *c)
{
    struct tw_error err;
    double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    dnnl_dim_t m = (dnnl_dim_t)rows, n = (dnnl_dim_t)out, k = (dnnl_dim_t)in;
    if (who == 0 && dnnl_sgemm('N', 'T', m, n, k, 1.0f, a, k, b, k, 0.0f, c, n) != dnnl_success)
        exit(70);
    if (who == 1)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)m, (blasint)n, (blasint)k, 1.0f, a,
            (blasint)k, b, (blasint)k, 0.0f, c, (blasint)n);
    if (who == 2)
        must(tw_gemm(gemm, rows, out, in, a, b, c, &err), &err);
    return seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
}

static struct rates measure(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in)
{
    size_t padded = tw_gemm_rows(rows);
    float *a = numbers(padded * in), *b = numbers(out * in), *c = numbers(padded * out);
    double work = 2.0 * (double)rows * (double)out * (double)in, best[3] = {1e9, 1e9, 1e9};
    int rounds = (int)(1.2e10 / work) + 12;
    omp_set_num_threads(1);
    for (int round = 0; round < rounds; round++) {
        for (int who = 0; who < 3; who++) {
            double spent = once(who, gemm, rows, out, in, a, b, c);
            best[who] = spent < best[who] ? spent : best[who];
        }
    }
    free(a);
    free(b);
    free(c);
    return (struct rates){1e-9 * work / best[0], 1e-9 * work / best[1], 1e-9 * work / best[2]};
}

static void table_of_products(const struct tw_gemm *gemm)
{
    static const struct {
        const char *what;
        size_t out, in;
    } shapes[] = {{"H384 square", 384, 384}, {"H384 up", 1536, 384}, {"H384 down", 384, 1536},
        {"H768 square", 768, 768}, {"H768 up", 3072, 768}, {"H768 down", 768, 3072}};
    static const size_t rows[] = {128, 512, 2048};
    printf("%-12s %6s %12s %12s %12s %8s\n", "product", "M", "dnnl_sgemm", "cblas_sgemm", "door", "ratio");
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
        for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
            struct rates rates = measure(gemm, rows[at], shapes[shape].out, shapes[shape].in);
            printf("%-12s %6zu %12.1f %12.1f %12.1f %7.0f%%\n", shapes[shape].what, rows[at], rates.onednn,
                rates.openblas, rates.door, 100.0 * rates.door / faster(&rates));
        }
    }
}

/* --- a training step's products ------------------------------------------------------------------------- */

/* x, weight, d_y of one linear map; what a product of them writes. */
struct linear {
    size_t rows, out, in;
    float *x, *weight, *d_y, *made;
};

static double one_form(const struct tw_gemm *gemm, const struct linear *l, int form)
{
    struct tw_error err;
    double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    if (form == 0)
        must(tw_gemm(gemm, l->rows, l->out, l->in, l->x, l->weight, l->made, &err), &err);
    if (form == 1)
        must(tw_gemm_input(gemm, l->rows, l->out, l->in, l->d_y, l->weight, false, l->made, &err), &err);
    if (form == 2)
        must(tw_gemm_weight(gemm, l->rows, l->out, l->in, l->d_y, l->x, true, l->made, &err), &err);
    return seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
}

static void row_of_training(const struct tw_gemm gemms[2], const struct linear *linear)
{
    double work = 2e-9 * (double)linear->rows * (double)linear->out * (double)linear->in;
    printf("%6zu %6zu %6zu", linear->rows, linear->out, linear->in);
    for (int form = 0; form < 3; form++) {
        double best[2] = {1e9, 1e9};
        for (int round = 0; round < (int)(6.0 / work) + 6; round++) {
            for (int who = 0; who < 2; who++) {
                double spent = one_form(&gemms[who], linear, form);
                best[who] = spent < best[who] ? spent : best[who];
            }
        }
        printf(" %9.0f %6.0f %5.2f", work / best[0], work / best[1], best[0] / best[1]);
    }
    printf("\n");
}

static void table_of_training(void)
{
    static const size_t shapes[][2] = {
        {384, 384}, {1536, 384}, {384, 1536}, {768, 768}, {3072, 768}, {768, 3072}};
    static const size_t rows[] = {240, 1024};
    struct tw_gemm gemms[2];
    struct tw_error err;
    must(tw_gemm_open("fixed", &gemms[0], &err), &err);
    if (!tw_gemm_open("bf16", &gemms[1], &err))
        return;
    printf(
        "\n%6s %6s %6s %23s %23s %23s\n", "rows", "out", "in", "forward fp32 bf16 ratio", "input", "weight");
    for (size_t at = 0; at < 2 * sizeof shapes / sizeof shapes[0]; at++) {
        const size_t *shape = shapes[at / 2];
        struct linear linear = {.rows = rows[at % 2], .out = shape[0], .in = shape[1]};
        size_t high = tw_gemm_rows(linear.rows), wide = linear.in > linear.out ? linear.in : linear.out;
        linear.x = numbers(high * linear.in);
        linear.weight = numbers(linear.out * linear.in);
        linear.d_y = numbers(high * linear.out);
        linear.made = numbers((high > linear.out ? high : linear.out) * wide);
        row_of_training(gemms, &linear);
        free(linear.x);
        free(linear.weight);
        free(linear.d_y);
        free(linear.made);
    }
}

/* --- the whole encoder ---------------------------------------------------------------------------------- */

enum { SEQUENCES = 96, LONGEST = 128 };

static size_t short_length(size_t at)
{
    return 20 + (at * 17) % 41; /* 20 to 60, all alike often */
}

static size_t full_length(size_t at)
{
    (void)at;
    return LONGEST;
}

static double seconds_per_pass(
    const struct tw_model *model, const struct tw_compute *compute, const struct tw_packed *batch)
{
    struct tw_error err;
    struct tw_predict *predict;
    struct tw_predict_options options = {.max_sequence = LONGEST, .compute = compute};
    must(tw_predict_open(model, &options, &predict, &err), &err);
    float *logits = calloc(batch->count * TW_CLASSES, sizeof *logits);
    double best = 1e9;
    for (int round = 0; logits && round < 5; round++) {
        double begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        must(tw_predict_run(predict, batch, NULL, 0, logits, NULL, &err), &err);
        double spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begin;
        best = spent < best ? spent : best;
    }
    free(logits);
    tw_predict_close(predict);
    return best;
}

/* The rates of a model's products in micro-batches of 1,024 tokens. */
struct model_rates {
    struct rates square, up, down;
};

static struct model_rates rates_of(const struct tw_model_config *config, const struct tw_gemm *gemm)
{
    return (struct model_rates){
        .square = measure(gemm, 1024, config->hidden, config->hidden),
        .up = measure(gemm, 1024, config->intermediate, config->hidden),
        .down = measure(gemm, 1024, config->hidden, config->intermediate),
    };
}

/* Seconds that the products of `tokens` tokens take at those rates: the door's, or the faster library's. */
static double seconds_of_products(
    const struct tw_model_config *config, size_t tokens, const struct model_rates *rates, bool door)
{
    const struct rates *square = &rates->square, *up = &rates->up, *down = &rates->down;
    double each = 2e-9 * (double)tokens * (double)config->hidden * (double)config->layers;
    return each * (4.0 * (double)config->hidden / (door ? square->door : faster(square)) +
                      (double)config->intermediate / (door ? up->door : faster(up)) +
                      (double)config->intermediate / (door ? down->door : faster(down)));
}

static void row_of_encoder(const char *name, const struct tw_model *model, const struct tw_compute *compute,
    const struct model_rates *rates, const char *lengths, size_t (*length)(size_t))
{
    static int32_t ids[SEQUENCES][LONGEST];
    struct tw_sequence sequences[SEQUENCES];
    size_t tokens = 0;
    for (size_t at = 0; at < SEQUENCES; at++) {
        sequences[at] = (struct tw_sequence){.ids = ids[at], .count = length(at)};
        random_ids(LONGEST * at, model->config.vocabulary, sequences[at].count, ids[at]);
        tokens += sequences[at].count;
    }
    struct tw_arena arena;
    struct tw_packed batch;
    struct tw_error err;
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    must(tw_packed_build(sequences, SEQUENCES, &model->config, &arena, &batch, &err), &err);
    double spent = seconds_per_pass(model, compute, &batch);
    double ideal = seconds_of_products(&model->config, tokens, rates, false);
    double products = seconds_of_products(&model->config, tokens, rates, true);
    const struct tw_model_config *config = &model->config;
    double work = 2e-9 * (double)tokens * (double)config->layers * (double)config->hidden *
                  (4.0 * (double)config->hidden + 2.0 * (double)config->intermediate);
    printf("%-10s %8s %10.0f %10.0f %10.1f %9.0f%% %9.0f%%\n", name, lengths, (double)tokens / spent,
        SEQUENCES / spent, work / spent, 100.0 * products / spent, 100.0 * ideal / spent);
    tw_arena_end(&arena);
}

static void rows_of_model(
    const char *name, const struct random_shape *shape, const struct tw_compute *compute)
{
    char folder[64];
    struct tw_model *model;
    struct tw_error err;
    given_folder(folder);
    given_random_model(folder, shape);
    must(tw_model_open(folder, NULL, &model, &err), &err);
    struct model_rates rates = rates_of(&model->config, &compute->gemm);
    row_of_encoder(name, model, compute, &rates, "20-60", short_length);
    row_of_encoder(name, model, compute, &rates, "128", full_length);
    tw_model_close(model);
    remove_folder(folder);
}

int main(void)
{
    struct tw_compute compute;
    struct tw_error err;
    char line[512];
    must(tw_compute_open("auto", &compute, &err), &err);
    tw_gemm_report(&compute.gemm, line, sizeof line);
    printf("one core, GFLOP/s, best of several; the door %s\n\n", line);
    table_of_products(&compute.gemm);
    printf("\n%-10s %8s %10s %10s %10s %10s %10s\n", "encoder", "tokens", "tokens/s", "texts/s", "GFLOP/s",
        "in gemm", "share");
    rows_of_model("MiniLM-L6", &minilm_shape, &compute);
    rows_of_model("BERT-base", &bert_base_shape, &compute);
    table_of_training();
    return 0;
}
