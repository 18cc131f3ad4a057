/* work: once warm, a worker allocates nothing: what a batch needs lies in its arena, and what a message needs
 * in the one that its worker lends (read/json_memory.h). Every malloc of the process is counted, those of
 * libraries too. */
#include "pool/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/file.h"
#include "events/taxonomy.h"
#include "names/entities.h"
#include "quantise/quantise_folder.h"
#include "random_model.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "rules/rules.h"
#include "score/classify.h"
#include "tiny_model.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0 /* a sanitizer keeps malloc for itself */
#else
#define COUNTS 1
#endif

enum { MESSAGES = 60, WARM_BATCHES = 2, BATCHES = 3 };

/* --- every malloc, counted ------------------------------------------------------------------------------ */

static _Thread_local bool counting;
static _Thread_local uint64_t allocations;

#if COUNTS
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *piece, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
#define EXPORTED __attribute__((visibility("default"), used))

EXPORTED void *malloc(size_t bytes)
{
    allocations += counting;
    return __libc_malloc(bytes);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    allocations += counting;
    return __libc_calloc(count, size);
}

EXPORTED void *realloc(void *piece, size_t bytes)
{
    allocations += counting;
    return __libc_realloc(piece, bytes);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t bytes)
{
    allocations += counting;
    return __libc_memalign(alignment, bytes);
}

EXPORTED int posix_memalign(void **piece, size_t alignment, size_t bytes)
{
    allocations += counting;
    *piece = __libc_memalign(alignment, bytes);
    return *piece ? 0 : 12; /* ENOMEM */
}
#endif

/* --- what a worker is given ----------------------------------------------------------------------------- */

struct scene {
    char folder[64], int8[80], calibration[80];
    struct tw_decode_options decode;
    struct tw_classifier *classifier;
    struct tw_automaton *entities;
    struct tw_rule_set *rules;
    struct tw_taxonomy *taxonomy;
    struct tw_arena loaded;
    struct tw_work_shared shared;
    struct tw_river_worker *worker;
    struct tw_partition partition;
    struct tw_batch batch;
    struct tw_message messages[MESSAGES];
    struct tw_header header;
    char bytes[MESSAGES][4096];
    struct tw_error err;
};

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static void load_texts(struct scene *scene)
{
    static const char rules[] = "rules:\n  - name: strong\n    kind: headline\n    at_most: 0.0\n"
                                "    quiet: 1h\n    keywords: [profit, halt]\n";
    struct tw_text_file rules_file = {"rules.yaml", tw_text_of(rules)},
                        taxonomy_file = {TW_SOURCE_DIR "/config/events.yaml", {NULL, 0}};
    struct tw_problems problems;
    must(tw_arena_begin(&scene->loaded, 16 << 20, &scene->err), &scene->err);
    tw_problems_begin(&problems, &scene->loaded);
    must(tw_rules_load(&rules_file, NULL, &problems, &scene->rules, &scene->err), &scene->err);
    must(tw_file_read(taxonomy_file.file, 1 << 20, &scene->loaded, &taxonomy_file.bytes, &scene->err),
        &scene->err);
    must(tw_taxonomy_load(&taxonomy_file, &problems, &scene->taxonomy, &scene->err), &scene->err);
    must(tw_entities_parse("e",
             tw_text_of("{\"symbol\":\"OM\",\"names\":[\"Outboard Marine\",\"Outboard\"]}\n"
                        "{\"symbol\":\"VELQ\",\"names\":[\"Velquin Chemicals\"]}"),
             &scene->entities, &scene->err),
        &scene->err);
}

/* The tiny model, or what `quantize` makes of it. */
static void load_model(struct scene *scene, bool int8, size_t cache_bytes)
{
    given_tiny_model(scene->folder);
    snprintf(scene->int8, sizeof scene->int8, "%s-int8", scene->folder);
    const struct tw_quantise_call call = {
        .model = scene->folder, .output = scene->int8, .decode = &scene->decode, .threads = 1};
    struct tw_quantise_summary summary;
    if (int8)
        must(tw_quantise_folder(&call, &summary, &scene->err), &scene->err);
    const struct tw_classifier_options options = {
        .folder = int8 ? scene->int8 : scene->folder, .gemm = "portable", .cache_bytes = cache_bytes};
    must(tw_classifier_open(&options, &scene->classifier, &scene->err), &scene->err);
}

/* Plain, in an envelope, mended, refused, compressed by either; with numbers, symbols and a header. */
static void write_message(struct scene *scene, size_t at)
{
    static const char plain[] =
        "{\"id\":\"n%zu\",\"ts\":1700000000%03zu,\"title\":\"Velquin Chemicals halts trading\","
        "\"body\":\"<p>Outboard Marine &amp; others: profit rises %zu%%</p>\",\"symbols\":[\"VELQ\"]}";
    static const char change[] = "{\"schema\":{},\"payload\":{\"op\":\"c\",\"source\":{},"
                                 "\"after\":{\"id\":%zu,\"text\":\"$AAPL falls %zu, %zu\"}}}";
    static const char *const forms[] = {plain, change,
        "{\"id\":%zu,\"text\":\"a loss \\ud800 of %zu\",\"extra\":{\"deep\":[[NaN,1e999,%zu]]}}",
        "{\"id\":%zu,\"text\":\"broken %zu %zu", "{\"id\":%zu,\"ts\":\"no time %zu\",\"text\":\"late %zu\"}",
        "{\"id\":%zu,\"title\":\"quiet \xe2\x82\xac %zu\",\"ts\":\"2024-05-14T13:00:05Z\",\"body\":\"%zu\"}"};
    char text[1024];
    char *to = scene->bytes[at];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, forms[at % 6], at, at, at);
#pragma GCC diagnostic pop
    size_t length = strlen(text), room = sizeof scene->bytes[at];
    if (at % 5 == 3) {
        length = ZSTD_compress(to, room, text, length, 3);
        assert_false(ZSTD_isError(length));
    } else if (at % 5 == 4) {
        z_stream stream = {.next_in = (Bytef *)text,
            .avail_in = (uInt)length,
            .next_out = (Bytef *)to,
            .avail_out = (uInt)room};
        assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
        length = stream.total_out;
        deflateEnd(&stream);
    } else {
        memcpy(to, text, length + 1);
    }
    scene->messages[at] = (struct tw_message){.offset = (int64_t)at,
        .stamp_us = INT64_C(1715700000000000),
        .payload = {to, length},
        .headers = &scene->header,
        .header_count = 1,
        .has_value = at != 7};
}

static void open_worker(struct scene *scene)
{
    scene->header = (struct tw_header){tw_text_of("source"), tw_text_of("wire")};
    for (size_t at = 0; at < MESSAGES; at++)
        write_message(scene, at);
    scene->shared.river = (struct tw_river){.decode = &scene->decode,
        .entities = scene->entities,
        .classifier = scene->classifier,
        .rules = scene->rules,
        .events = scene->taxonomy,
        .link_unlisted = true};
    scene->shared.encode = (struct tw_encode_options){.rows_per_statement = 7,
        .model_sha256 = tw_classifier_sha256(scene->classifier),
        .lateness_us = 60000000};
    must(tw_arena_begin(&scene->batch.arena, 64 << 20, &scene->err), &scene->err);
    scene->batch.partition = &scene->partition;
    scene->batch.count = MESSAGES;
    scene->batch.messages = scene->messages;
    scene->batch.arrived_us = INT64_C(1715700000000000);
    must(tw_river_worker_new(&scene->shared.river, &scene->worker, &scene->err), &scene->err);
}

static struct scene *open_scene(bool int8, size_t cache_bytes)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    tw_json_memory_install();
    scene->decode = tw_decode_defaults();
    load_texts(scene);
    load_model(scene, int8, cache_bytes);
    open_worker(scene);
    return scene;
}

static void close_scene(struct scene *scene)
{
    const bool int8 = strcmp(tw_classifier_precision(scene->classifier), "int8") == 0;
    tw_river_worker_free(scene->worker);
    tw_arena_end(&scene->batch.arena);
    tw_classifier_free(scene->classifier);
    tw_rules_free(scene->rules);
    tw_taxonomy_free(scene->taxonomy);
    tw_entities_free(scene->entities);
    tw_arena_end(&scene->loaded);
    remove_folder(scene->folder);
    if (int8)
        remove_folder(scene->int8);
    free(scene);
}

/* What a worker does to a batch, from its messages on (pool/work.c). */
static void work_on_batch(struct scene *scene)
{
    struct tw_batch *batch = &scene->batch;
    tw_arena_reset(&batch->arena, 4 << 20);
    bool done = tw_river_run(&scene->shared.river, scene->worker, batch->messages, batch->count,
                    &batch->arena, &batch->rows, &scene->err) &&
                tw_encode_rows(&scene->shared.encode, batch, 0, batch->count, &batch->arena, &batch->encoded,
                    &scene->err);
    must(done, &scene->err);
}

static void a_warm_worker_allocates_nothing(bool int8, size_t cache_bytes)
{
    struct scene *scene = open_scene(int8, cache_bytes);
    for (int turn = 0; turn < WARM_BATCHES; turn++)
        work_on_batch(scene);
    /* All that can happen to a message happens in these. */
    assert_true(scene->batch.rows.stored_count > 30 && scene->batch.rows.dead_count > 9);
    assert_true(scene->batch.rows.score_count > 10 && scene->batch.rows.event_count > 0);
    assert_true(scene->batch.rows.headline_count > 0 && scene->batch.rows.tombstone_count > 0);
    allocations = 0;
    for (int turn = 0; turn < BATCHES; turn++) {
        counting = true;
        work_on_batch(scene);
        counting = false;
    }
    assert_int_equal(allocations, 0);
    assert_int_equal(scene->batch.rows.cached, cache_bytes ? scene->batch.rows.stored_count : 0);
    close_scene(scene);
}

static void a_warm_worker_allocates_nothing_in_fp32(void **state)
{
    (void)state;
    a_warm_worker_allocates_nothing(false, 0);
}

static void a_warm_worker_allocates_nothing_with_8_bit_weights(void **state)
{
    (void)state;
    a_warm_worker_allocates_nothing(true, 0);
}

static void a_warm_worker_that_keeps_scores_allocates_nothing(void **state)
{
    (void)state;
    a_warm_worker_allocates_nothing(true, 1 << 20);
}

/* A counter that counts nothing would find nothing. */
static void the_counter_counts_what_libraries_take_too(void **state)
{
    (void)state;
#if COUNTS
    allocations = 0;
    counting = true;
    ZSTD_DCtx *context = ZSTD_createDCtx();
    counting = false;
    assert_true(allocations > 0);
    ZSTD_freeDCtx(context);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts_what_libraries_take_too),
        cmocka_unit_test(a_warm_worker_allocates_nothing_in_fp32),
        cmocka_unit_test(a_warm_worker_allocates_nothing_with_8_bit_weights),
        cmocka_unit_test(a_warm_worker_that_keeps_scores_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
