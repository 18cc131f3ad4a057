/* bench_river: what a document costs a worker, step by step, without the encoder.
 *
 *     bench_river [MODEL_FOLDER]      (default config/model of the source tree; its tokenizer is used)
 *
 * Reads the sets under $TW_DATA (default ../shared/data beside the source tree), repeats each for about a
 * second a step on one thread, and prints microseconds a document: each step alone, and the river whole (with
 * the constant model, bars included), with the events of config/events.yaml and without. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clean/clean.h"
#include "events/events.h"
#include "files/archive.h"
#include "link/link.h"
#include "names/entities.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "river.h"
#include "score/classify.h"

enum { MOST_MESSAGES = 20000, BATCH = 500 };

struct set {
    struct tw_arena arena; /* of the messages */
    struct tw_message *messages;
    uint32_t count;
    size_t bytes;
};

static bool load_set(const char *path, struct set *set)
{
    struct tw_error err;
    struct tw_archive *archive;
    struct tw_archive_line line;
    if (!tw_archive_open(path, 1 << 24, &archive, &err))
        return false;
    must(tw_arena_begin(&set->arena, (size_t)1 << 30, &err), &err);
    set->messages = tw_arena_array(&set->arena, MOST_MESSAGES, sizeof *set->messages);
    while (set->count < MOST_MESSAGES && tw_archive_next(archive, &line, &err) == TW_READ_ITEM) {
        struct tw_text text = tw_arena_copy(&set->arena, line.text);
        set->messages[set->count++] = (struct tw_message){
            .offset = set->count, .stamp_us = INT64_C(1700000000000000), .payload = text, .has_value = true};
        set->bytes += text.length;
    }
    tw_archive_close(archive);
    return set->count > 0;
}

enum step { DECODE, CLEAN, LINK, EVENTS, TOKENIZE, CLASSIFY, STEPS };
static const char *const step_names[STEPS] = {"decode", "clean", "link", "events", "tokenize", "classify"};

struct bench {
    struct tw_river river;
    struct tw_river_worker *worker;
    struct tw_arena arena, json;
    double seconds[STEPS];
    uint64_t documents, tokens;
};

/* One batch, each step over all its documents before the next. */
static void run_steps(struct bench *bench, const struct tw_message *messages, uint32_t count)
{
    struct tw_error err;
    const struct tw_river *river = &bench->river;
    struct tw_arena *arena = &bench->arena;
    tw_arena_reset(arena, (size_t)64 << 20);
    struct tw_document *documents = tw_arena_array(arena, count, sizeof *documents);
    double times[STEPS + 1];
    times[0] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    tw_json_memory_lend(&bench->json); /* as a worker does */
    for (uint32_t at = 0; at < count; at++) {
        must(tw_decode(river->decode, &messages[at], arena, &documents[at], &err), &err);
        tw_arena_reset(&bench->json, (size_t)1 << 20);
    }
    tw_json_memory_lend(NULL);
    times[1] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < count; at++)
        must(tw_clean(&documents[at], arena, &err), &err);
    times[2] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < count; at++)
        must(tw_link(river->entities, true, &documents[at], arena, &err), &err);
    times[3] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < count; at++)
        must(tw_events_find(river->events, &documents[at], arena, &err), &err);
    times[4] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < count; at++)
        must(tw_classifier_tokenize(river->classifier, &documents[at], arena, &err), &err);
    times[5] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must(tw_river_classify(river, bench->worker, documents, count, arena, NULL, &err), &err);
    times[6] = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t step = 0; step < STEPS; step++)
        bench->seconds[step] += times[step + 1] - times[step];
    for (uint32_t at = 0; at < count; at++)
        bench->tokens += documents[at].token_count;
    bench->documents += count;
}

static double run_whole(struct bench *bench, const struct set *set, uint64_t *documents)
{
    struct tw_error err;
    double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID), spent = 0;
    *documents = 0;
    for (uint32_t first = 0; spent < 2; first = first + BATCH < set->count ? first + BATCH : 0) {
        uint32_t count = set->count - first < BATCH ? set->count - first : BATCH;
        struct tw_rows rows;
        tw_arena_reset(&bench->arena, (size_t)64 << 20);
        must(tw_river_run(
                 &bench->river, bench->worker, set->messages + first, count, &bench->arena, &rows, &err),
            &err);
        *documents += count;
        spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun;
    }
    return spent;
}

static void bench_set(struct bench *bench, const char *name, const struct set *set)
{
    memset(bench->seconds, 0, sizeof bench->seconds);
    bench->documents = bench->tokens = 0;
    double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t first = 0; seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun < 3;
         first = first + BATCH < set->count ? first + BATCH : 0)
        run_steps(bench, set->messages + first, set->count - first < BATCH ? set->count - first : BATCH);
    printf("%s: %u documents, %.0f bytes and %.1f tokens each\n", name, set->count,
        (double)set->bytes / set->count, (double)bench->tokens / (double)bench->documents);
    for (uint32_t step = 0; step < STEPS; step++)
        printf("  %-10s %8.2f us\n", step_names[step], bench->seconds[step] / (double)bench->documents * 1e6);
    const struct tw_taxonomy *events = bench->river.events;
    for (int with = 1; with >= 0; with--) {
        uint64_t documents;
        bench->river.events = with ? events : NULL;
        double spent = run_whole(bench, set, &documents);
        printf("  %-10s %8.2f us a document%s, rows and bars included: %.0f documents/s on one core\n",
            "river", spent / (double)documents * 1e6, with ? "" : " without events",
            (double)documents / spent);
    }
    bench->river.events = events;
}

static struct tw_taxonomy *load_events(struct tw_arena *arena)
{
    struct tw_problems problems;
    struct tw_taxonomy *events = NULL;
    struct tw_error err;
    tw_problems_begin(&problems, arena);
    must(tw_taxonomy_read(TW_SOURCE_DIR "/config/events.yaml", &problems, &events, &err), &err);
    return events;
}

int main(int argc, char **argv)
{
    static const char *const sets[] = {"twitter-financial-news/train.jsonl", "reuters-21578/stream.jsonl.gz"};
    const char *data = getenv("TW_DATA") ? getenv("TW_DATA") : TW_SOURCE_DIR "/../shared/data";
    struct tw_error err;
    struct bench bench = {0};
    tw_json_memory_install();
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_classifier_options options = {
        .constant = true, .folder = argc > 1 ? argv[1] : TW_SOURCE_DIR "/config/model", .max_tokens = 512};
    struct tw_classifier *classifier;
    struct tw_automaton *entities;
    char path[4096];
    must(tw_classifier_open(&options, &classifier, &err), &err);
    snprintf(path, sizeof path, "%s/sentfin/entities.jsonl", data);
    double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must(tw_entities_load(path, &entities, &err), &err);
    printf("%llu names of %u entities loaded in %.3f s\n",
        (unsigned long long)tw_entities_name_count(entities), tw_entities_count(entities),
        seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun);
    must(tw_arena_begin(&bench.arena, (size_t)1 << 30, &err), &err);
    struct tw_taxonomy *events = load_events(&bench.arena);
    bench.river = (struct tw_river){.decode = &decode,
        .entities = entities,
        .classifier = classifier,
        .events = events,
        .link_unlisted = true};
    must(tw_river_worker_new(&bench.river, &bench.worker, &err), &err);
    must(tw_arena_begin(&bench.json, (size_t)1 << 30, &err), &err);
    for (size_t at = 0; at < sizeof sets / sizeof sets[0]; at++) {
        struct set set = {0};
        snprintf(path, sizeof path, "%s/%s", data, sets[at]);
        if (load_set(path, &set))
            bench_set(&bench, sets[at], &set);
        else
            printf("%s: SKIPPED, not there\n", path);
        tw_arena_end(&set.arena);
    }
    tw_arena_end(&bench.json);
    tw_arena_end(&bench.arena);
    tw_river_worker_free(bench.worker);
    tw_taxonomy_free(events);
    tw_entities_free(entities);
    tw_classifier_free(classifier);
    return 0;
}
