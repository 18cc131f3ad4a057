/* encoder: what transformers answers, whatever shares the batch. Fixtures:
 * tests/interop/encoder_fixtures.py. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "infer/predict.h"
#include "kernels/choose.h"
#include "model/encoder.h"
#include "model/heads.h"
#include "random_model.h"

static const double tolerance = 1e-4;

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static json_t *fixture(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/unit/nn/fixtures/encoder_%s.json", TW_TESTS_DIR, name);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    return root;
}

static struct random_shape shape_of(json_t *config)
{
    static const char *const keys[TW_FAMILIES][6] = {
        {"bert", "bert.", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"},
        {"distilbert", "distilbert.", "dim", "n_layers", "n_heads", "hidden_dim"},
        {"mpnet", "mpnet.", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"}};
    const char *type = json_string_value(json_object_get(config, "model_type"));
    enum tw_family family = 0;
    while (strcmp(keys[family][0], type) != 0)
        assert_true(++family < TW_FAMILIES);
    size_t numbers[4];
    for (size_t at = 0; at < 4; at++)
        numbers[at] = (size_t)json_integer_value(json_object_get(config, keys[family][at + 2]));
    return (struct random_shape){.family = family,
        .hidden = numbers[0],
        .layers = numbers[1],
        .heads = numbers[2],
        .intermediate = numbers[3],
        .vocabulary = (size_t)json_integer_value(json_object_get(config, "vocab_size")),
        .positions = (size_t)json_integer_value(json_object_get(config, "max_position_embeddings")),
        .types = 2,
        .prefix = keys[family][1],
        .dtype = TW_F32};
}

/* One sequence of a fixture, and what is expected of it. */
struct expected {
    int32_t ids[512];
    uint8_t types[512];
    struct tw_sequence sequence;
    json_t *logits, *states;
};

static void read_expected(json_t *entry, struct expected *out)
{
    json_t *ids = json_object_get(entry, "ids"), *types = json_object_get(entry, "types");
    out->sequence = (struct tw_sequence){
        .ids = out->ids, .types = json_is_array(types) ? out->types : NULL, .count = json_array_size(ids)};
    assert_true(out->sequence.count <= 512);
    for (size_t at = 0; at < out->sequence.count; at++) {
        out->ids[at] = (int32_t)json_integer_value(json_array_get(ids, at));
        out->types[at] = (uint8_t)json_integer_value(json_array_get(types, at));
    }
    out->logits = json_object_get(entry, "logits");
    out->states = json_object_get(entry, "states");
}

struct worst {
    double logits, states;
};

static void compare(double *worst, json_t *number, float got)
{
    double away = fabs(json_real_value(number) - (double)got);
    *worst = away > *worst || isnan(away) ? away : *worst;
}

static void compare_states(const struct tw_model *model, const struct tw_packed *batch,
    const struct tw_workspace *workspace, size_t sequence, json_t *columns, json_t *states,
    struct worst *worst)
{
    size_t rows[2] = {tw_packed_row(batch, sequence),
        tw_packed_row(batch, sequence) + tw_packed_length(batch, sequence) - 1};
    assert_int_equal(json_array_size(states), model->config.layers + 1);
    for (size_t layer = 0; layer <= model->config.layers; layer++) {
        const float *hidden = layer ? workspace->layers[layer - 1].output : workspace->embedded;
        for (size_t end = 0; end < 2; end++) {
            json_t *values = json_array_get(json_array_get(states, layer), end);
            for (size_t at = 0; at < json_array_size(columns); at++)
                compare(&worst->states, json_array_get(values, at),
                    hidden[rows[end] * model->config.hidden +
                           (size_t)json_integer_value(json_array_get(columns, at))]);
        }
    }
}

/* All sequences of a fixture in one batch, as this compute does it. */
static struct worst run_fixture(json_t *root, const struct tw_model *model, const struct tw_compute *compute)
{
    struct tw_error err;
    json_t *entries = json_object_get(root, "sequences");
    size_t count = json_array_size(entries), tokens = 0;
    struct expected *expected = calloc(count, sizeof *expected);
    struct tw_sequence *sequences = calloc(count, sizeof *sequences);
    float *logits = calloc(count * 3, sizeof *logits);
    for (size_t at = 0; at < count; at++) {
        read_expected(json_array_get(entries, at), &expected[at]);
        sequences[at] = expected[at].sequence;
        tokens += sequences[at].count;
    }
    struct tw_arena arena;
    struct tw_packed batch;
    struct tw_workspace workspace;
    struct tw_workspace_options options = {.max_tokens = tokens, .compute = compute, .keep_layers = true};
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    must(tw_packed_build(sequences, count, &model->config, &arena, &batch, &err), &err);
    must(tw_workspace_open(model, &options, &workspace, &err), &err);
    must(tw_encode(model, &batch, &workspace, &err), &err);
    must(tw_document_logits(model, &batch, &workspace, logits, &err), &err);
    struct worst worst = {0};
    for (size_t at = 0; at < count; at++) {
        compare_states(
            model, &batch, &workspace, at, json_object_get(root, "columns"), expected[at].states, &worst);
        for (size_t label = 0; label < 3; label++)
            compare(&worst.logits, json_array_get(expected[at].logits, label), logits[at * 3 + label]);
    }
    tw_workspace_close(&workspace);
    tw_arena_end(&arena);
    free(logits);
    free(sequences);
    free(expected);
    return worst;
}

static void check_fixture(const char *name, json_t *root, const char *folder, bool all_tables)
{
    struct tw_error err;
    struct tw_model *model;
    struct tw_compute compute;
    must(tw_model_open(folder, &(struct tw_model_options){.need_head = true}, &model, &err), &err);
    must(tw_compute_open(NULL, &compute, &err), &err);
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t last = tw_kernels_all(tables);
    for (size_t table = all_tables ? 0 : last - 1; table < last; table++) {
        for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
            if (!compute.gemm.probes[backend].works || (!all_tables && backend > TW_GEMM_ONEDNN))
                continue;
            compute.gemm.backend = (enum tw_gemm_backend)backend;
            tw_compute_use(&compute, tables[table]);
            struct worst worst = run_fixture(root, model, &compute);
            print_message("%s, %s, %s: logits within %.2g, states within %.2g\n", name, tables[table]->name,
                tw_gemm_backend_name(compute.gemm.backend), worst.logits, worst.states);
            assert_true(worst.logits < tolerance);
            assert_true(worst.states < tolerance);
        }
    }
    tw_model_close(model);
}

static void check_random_fixture(const char *name, bool all_tables)
{
    json_t *root = fixture(name);
    json_t *config = json_object_get(root, "config");
    char *text = json_dumps(config, 0);
    struct random_shape shape = shape_of(config);
    shape.config = text;
    char folder[64];
    given_folder(folder);
    given_random_model(folder, &shape);
    check_fixture(name, root, folder, all_tables);
    remove_folder(folder);
    free(text);
    json_decref(root);
}

static void a_tiny_bert_answers_as_transformers_does(void **state)
{
    (void)state;
    check_random_fixture("tiny_bert_gelu", true);
    check_random_fixture("tiny_bert_gelu_new", true);
    check_random_fixture("tiny_bert_relu", true);
}

static void a_tiny_distilbert_answers_as_transformers_does(void **state)
{
    (void)state;
    check_random_fixture("tiny_distilbert_gelu", true);
    check_random_fixture("tiny_distilbert_relu", true);
}

static void a_tiny_mpnet_answers_as_transformers_does(void **state)
{
    (void)state;
    check_random_fixture("tiny_mpnet_gelu", true);
    check_random_fixture("tiny_mpnet_relu", true);
}

static void bert_base_answers_as_transformers_does(void **state)
{
    (void)state;
    if (SANITIZED) /* a minute to make 110 million weights; the models above go the same ways */
        return;
    check_random_fixture("base_bert", false);
}

static void the_default_model_answers_as_transformers_does(void **state)
{
    (void)state;
    const char *folder = TW_SOURCE_DIR "/config/model";
    json_t *root = fixture("default_model");
    struct tw_error err;
    struct tw_model *model;
    must(tw_model_open(folder, NULL, &model, &err), &err);
    bool same = strcmp(model->sha256_hex, json_string_value(json_object_get(root, "sha256"))) == 0;
    tw_model_close(model);
    if (same)
        check_fixture("default model", root, folder, true);
    else
        print_message(
            "SKIPPED: config/model is not the one of its fixture; tests/interop/run makes it anew\n");
    json_decref(root);
}

/* Only tests/interop/run has the checkpoint, and sets TW_MINILM to its folder. */
static void minilm_answers_as_transformers_does(void **state)
{
    (void)state;
    json_t *root = fixture("minilm");
    char *text = json_dumps(json_object_get(root, "config"), 0);
    char folder[64];
    given_folder(folder);
    given_model_with_head(folder, getenv("TW_MINILM"), text,
        (uint64_t)json_integer_value(json_object_get(root, "head_offset")));
    check_fixture("all-MiniLM-L6-v2", root, folder, true);
    remove_folder(folder);
    free(text);
    json_decref(root);
}

/* --- bits ----------------------------------------------------------------------------------------------- */

enum { COUNT = SANITIZED ? 11 : 40, LABELS = 3 };

struct stream {
    char folder[64];
    struct tw_model *model;
    struct tw_compute compute;
    struct tw_arena arena;
    int32_t ids[COUNT][128];
    struct tw_sequence sequences[COUNT];
    float alone[COUNT][LABELS]; /* each sequence in a batch of its own */
};

static void classify(
    struct stream *stream, const size_t *order, size_t count, size_t max_tokens, float (*logits)[LABELS])
{
    struct tw_error err;
    struct tw_predict *predict;
    struct tw_predict_options options = {
        .max_tokens = max_tokens, .max_sequence = 128, .compute = &stream->compute};
    must(tw_predict_open(stream->model, &options, &predict, &err), &err);
    struct tw_sequence sequences[COUNT];
    for (size_t at = 0; at < count; at++)
        sequences[at] = stream->sequences[order[at]];
    struct tw_arena arena;
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    struct tw_packed batch;
    must(tw_packed_build(sequences, count, &stream->model->config, &arena, &batch, &err), &err);
    must(tw_predict_run(predict, &batch, NULL, 0, logits[0], NULL, &err), &err);
    tw_arena_end(&arena);
    tw_predict_close(predict);
}

static void given_stream_of(struct stream *stream, struct random_shape shape, const char *backend)
{
    struct tw_error err;
    given_folder(stream->folder);
    given_random_model(stream->folder, &shape);
    must(tw_model_open(stream->folder, NULL, &stream->model, &err), &err);
    must(tw_compute_open(backend, &stream->compute, &err), &err);
    for (size_t at = 0; at < COUNT; at++) {
        size_t length = at == 0 ? 1 : at == 1 ? 128 : 2 + (at * 37) % 90;
        random_ids(5000 + 128 * at, shape.vocabulary, length, stream->ids[at]);
        stream->sequences[at] = (struct tw_sequence){.ids = stream->ids[at], .count = length};
        classify(stream, &at, 1, 128, &stream->alone[at]);
    }
}

/* Its rows of words are most of it: a sanitizer learns nothing from 30,522 of them. */
static struct random_shape small_minilm(void)
{
    struct random_shape shape = minilm_shape;
    shape.layers = 2;
    if (SANITIZED)
        shape.vocabulary = 1000;
    return shape;
}

static void given_stream(struct stream *stream, const char *backend)
{
    struct random_shape shape = small_minilm();
    given_stream_of(stream, shape, backend);
}

static void end_stream(struct stream *stream)
{
    tw_model_close(stream->model);
    remove_folder(stream->folder);
}

static void expect_same_bits(
    const struct stream *stream, const size_t *order, size_t count, float (*logits)[LABELS])
{
    for (size_t at = 0; at < count; at++)
        assert_memory_equal(logits[at], stream->alone[order[at]], sizeof logits[at]);
}

static void check_packings(struct random_shape shape, const char *backend)
{
    static struct stream stream;
    given_stream_of(&stream, shape, backend);
    static const size_t budgets[] = {128, 200, 333, 1024, 4096};
    for (size_t turn = 0; turn < sizeof budgets / sizeof budgets[0]; turn++) {
        size_t order[COUNT];
        /* 7 and COUNT have no common divisor: another order of all sequences each time. */
        for (size_t at = 0; at < COUNT; at++)
            order[at] = (at * 7 + turn * 11) % COUNT;
        float logits[COUNT][LABELS];
        classify(&stream, order, COUNT, budgets[turn], logits);
        expect_same_bits(&stream, order, COUNT, logits);
        classify(&stream, order + 3, 5, budgets[turn], logits);
        expect_same_bits(&stream, order + 3, 5, logits);
    }
    /* Different texts do have different scores: the comparison compares something. */
    assert_memory_not_equal(stream.alone[3], stream.alone[4], sizeof stream.alone[3]);
    end_stream(&stream);
}

static void a_score_has_the_same_bits_whatever_shares_its_batch(void **state)
{
    (void)state;
    struct tw_compute compute;
    struct tw_error err;
    must(tw_compute_open(NULL, &compute, &err), &err);
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        const char *name = tw_gemm_backend_name((enum tw_gemm_backend)backend);
        struct random_shape shape = small_minilm();
        if (compute.gemm.probes[backend].works && compute.gemm.probes[backend].stable) {
            check_packings(shape, name);
            check_packings(tiny_mpnet, name);
        } else
            print_message("%s does not keep the promise on this processor\n", name);
    }
}

static void *work(void *argument)
{
    struct stream *stream = argument;
    size_t order[COUNT];
    for (size_t at = 0; at < COUNT; at++)
        order[at] = (at * 3) % COUNT;
    for (size_t turn = 0; turn < 3; turn++) {
        float logits[COUNT][LABELS];
        classify(stream, order, COUNT, 256, logits);
        for (size_t at = 0; at < COUNT; at++) {
            if (memcmp(logits[at], stream->alone[order[at]], sizeof logits[at]) != 0)
                return argument;
        }
    }
    return NULL;
}

static void a_score_has_the_same_bits_however_many_workers_run(void **state)
{
    (void)state;
    static struct stream stream;
    given_stream(&stream, "auto");
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        if (!stream.compute.gemm.probes[backend].works || !stream.compute.gemm.probes[backend].stable)
            continue;
        stream.compute.gemm.backend = (enum tw_gemm_backend)backend;
        for (size_t at = 0; at < COUNT; at++)
            classify(&stream, &at, 1, 128, &stream.alone[at]);
        pthread_t threads[4];
        for (size_t at = 0; at < 4; at++)
            assert_int_equal(pthread_create(&threads[at], NULL, work, &stream), 0);
        for (size_t at = 0; at < 4; at++) {
            void *failed;
            assert_int_equal(pthread_join(threads[at], &failed), 0);
            assert_null(failed);
        }
    }
    end_stream(&stream);
}

static void a_batch_larger_than_the_workspace_is_refused(void **state)
{
    (void)state;
    static struct stream stream;
    given_stream(&stream, "portable");
    struct tw_error err;
    struct tw_workspace workspace;
    struct tw_packed batch;
    struct tw_arena arena;
    struct tw_workspace_options options = {
        .max_tokens = 100, .max_sequence = 100, .compute = &stream.compute};
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    must(tw_workspace_open(stream.model, &options, &workspace, &err), &err);
    must(tw_packed_build(stream.sequences, 2, &stream.model->config, &arena, &batch, &err), &err);
    assert_false(tw_encode(stream.model, &batch, &workspace, &err));
    assert_int_equal(err.code, TW_INTERNAL);
    tw_workspace_close(&workspace);
    tw_arena_end(&arena);
    end_stream(&stream);
}

static void ids_outside_the_vocabulary_never_reach_the_encoder(void **state)
{
    (void)state;
    struct tw_model_config config = {.vocabulary = 10, .max_positions = 4, .type_vocabulary = 2};
    struct tw_error err;
    struct tw_arena arena;
    struct tw_packed batch;
    must(tw_arena_begin(&arena, 1 << 16, &err), &err);
    const int32_t good[] = {1, 2, 9}, large[] = {1, 10}, negative[] = {-1}, longer[] = {1, 1, 1, 1, 1};
    const uint8_t types[] = {0, 1, 2};
    const struct tw_sequence wrong[] = {
        {large, NULL, 2}, {negative, NULL, 1}, {longer, NULL, 5}, {good, NULL, 0}, {good, types, 3}};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        assert_false(tw_packed_build(&wrong[at], 1, &config, &arena, &batch, &err));
    const struct tw_sequence right[] = {{good, types, 2}, {good, NULL, 3}};
    must(tw_packed_build(right, 2, &config, &arena, &batch, &err), &err);
    assert_int_equal(tw_packed_tokens(&batch), 5);
    assert_int_equal(batch.types[1], 1);
    assert_int_equal(batch.types[4], 0);
    struct tw_packed part = tw_packed_cut(&batch, 1, 1);
    assert_int_equal(part.count, 1);
    assert_int_equal(tw_packed_row(&part, 0), 0);
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tiny_bert_answers_as_transformers_does),
        cmocka_unit_test(a_tiny_distilbert_answers_as_transformers_does),
        cmocka_unit_test(a_tiny_mpnet_answers_as_transformers_does),
        cmocka_unit_test(bert_base_answers_as_transformers_does),
        cmocka_unit_test(the_default_model_answers_as_transformers_does),
        cmocka_unit_test(a_score_has_the_same_bits_whatever_shares_its_batch),
        cmocka_unit_test(a_score_has_the_same_bits_however_many_workers_run),
        cmocka_unit_test(a_batch_larger_than_the_workspace_is_refused),
        cmocka_unit_test(ids_outside_the_vocabulary_never_reach_the_encoder),
    };
    const struct CMUnitTest threaded[] = {
        cmocka_unit_test(a_score_has_the_same_bits_however_many_workers_run)};
    const struct CMUnitTest interop[] = {cmocka_unit_test(minilm_answers_as_transformers_does)};
    if (getenv("TW_MINILM"))
        return cmocka_run_group_tests(interop, NULL, NULL);
    if (THREAD_SANITIZED) /* the others have one thread: the other builds show them */
        return cmocka_run_group_tests(threaded, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
