/* bench_events: what the patterns of config/events.yaml find, and what finding costs.
 *
 *     bench_events recall CASES.jsonl            {"kind":"must","event":E,"text":T}: found as E means it?
 *     bench_events sample SEED COUNT STREAM...   COUNT random hits of each of the gravest types, to be read
 *     bench_events counts STREAM...              documents with each type
 *     bench_events speed STREAM                  nanoseconds a document and a byte
 *
 * Another file of patterns: the environment's TW_EVENTS; companies to find: a file named by TW_ENTITIES.
 * `recall` prints each case that was missed; a case may name a type of the taxonomy as its event too. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <xxhash.h>

#include "base/file.h"
#include "clean/clean.h"
#include "events/events.h"
#include "files/archive.h"
#include "link/link.h"
#include "names/entities.h"
#include "read/decode.h"

enum { MOST_TYPES = 4, MOST_EVENTS = 64, MOST_HITS = 1000 };

/* Which types answer a case's event. None: no event of the gravest may be told. */
static const struct {
    const char *event;
    const char *types[MOST_TYPES];
} answers[] = {{"bankruptcy", {"bankruptcy", "liquidity"}}, {"default", {"default", "liquidity"}},
    {"halt", {"halt"}}, {"guidance cut", {"guidance_cut"}}, {"guidance raise", {"guidance_raise"}},
    {"fraud, probe", {"probe", "litigation"}}, {"probe ends", {"probe_closed", "litigation_won"}},
    {"recall, accident", {"recall_accident", "cyber"}}, {"cyber", {"cyber"}},
    {"management", {"management_exit"}}, {"dividend cut", {"dividend_cut"}},
    {"dividend raise", {"dividend_raise"}}, {"rating cut", {"rating_cut"}},
    {"rating raise", {"rating_raise"}}, {"results miss", {"earnings_miss"}},
    {"results beat", {"earnings_beat"}}, {"arithmetic", {"earnings_miss", "earnings_beat"}},
    {"takeover", {"takeover_offer", "takeover_agreed"}}, {"takeover fails", {"takeover_failed"}},
    {"dilution", {"dilution"}}, {"approval, contract", {"approval", "contract_won"}},
    {"refusal, loss", {"refusal", "contract_lost"}}, {"calendar", {"calendar"}}, {"routine", {NULL}}};

static const char *const gravest[] = {
    "bankruptcy", "default", "halt", "guidance_cut", "probe", "recall_accident", "cyber", "management_exit"};

struct bench {
    struct tw_taxonomy *taxonomy;
    struct tw_automaton *entities;
    struct tw_decode_options decode;
    struct tw_arena arena;
};

static void load_taxonomy(struct bench *bench)
{
    const char *path = getenv("TW_EVENTS") ? getenv("TW_EVENTS") : TW_SOURCE_DIR "/config/events.yaml";
    struct tw_error err;
    struct tw_problems problems;
    struct tw_text_file file = {path, {NULL, 0}};
    struct tw_text shown;
    must(tw_file_read(path, (size_t)1 << 20, &bench->arena, &file.bytes, &err), &err);
    tw_problems_begin(&problems, &bench->arena);
    if (tw_taxonomy_load(&file, &problems, &bench->taxonomy, &err))
        return;
    if (problems.count && tw_problems_render(&problems, &bench->arena, &shown, &err))
        fputs(shown.bytes, stderr);
    must(false, &err);
}

static void load_entities(struct bench *bench)
{
    const char *path = getenv("TW_ENTITIES");
    struct tw_text bytes;
    struct tw_error err;
    if (path)
        must(tw_file_read(path, (size_t)1 << 26, &bench->arena, &bytes, &err) &&
                 tw_entities_parse(path, bytes, &bench->entities, &err),
            &err);
}

static bool is_told(const struct bench *bench, const struct tw_document *document, const char *type)
{
    for (uint32_t at = 0; type && at < document->event_count; at++)
        if (tw_text_equal(bench->taxonomy->types[document->events[at].type].name, tw_text_of(type)))
            return true;
    return false;
}

static bool read_document(struct bench *bench, struct tw_text line, struct tw_document *document)
{
    static struct tw_message message; /* the document refers to it */
    struct tw_error err;
    message = (struct tw_message){.stamp_us = INT64_C(1900000000000000), .payload = line, .has_value = true};
    must(tw_decode(&bench->decode, &message, &bench->arena, document, &err), &err);
    if (document->fate != TW_FATE_STORED)
        return false;
    must(tw_clean(document, &bench->arena, &err) &&
             tw_link(bench->entities, true, document, &bench->arena, &err),
        &err);
    return true;
}

/* ---- recall ---- */

struct tally {
    char event[40];
    uint32_t right, all;
};

static bool is_right(const struct bench *bench, const struct tw_document *document, const char *event)
{
    for (size_t at = 0; at < sizeof answers / sizeof answers[0]; at++) {
        if (strcmp(answers[at].event, event) != 0)
            continue;
        for (size_t type = 0; type < MOST_TYPES; type++)
            if (is_told(bench, document, answers[at].types[type]))
                return true;
        if (answers[at].types[0])
            return false;
    }
    if (tw_taxonomy_find(bench->taxonomy, tw_text_of(event)) != TW_EVENT_ANY_TYPE)
        return is_told(bench, document, event);
    for (size_t at = 0; at < sizeof gravest / sizeof gravest[0]; at++)
        if (is_told(bench, document, gravest[at]))
            return false;
    return true;
}

static void print_types(const struct bench *bench, const struct tw_document *document)
{
    for (uint32_t at = 0; at < document->event_count; at++) {
        struct tw_text name = bench->taxonomy->types[document->events[at].type].name;
        printf(" %.*s", (int)name.length, name.bytes);
    }
}

static void count_case(
    struct bench *bench, struct tw_text line, struct tally tallies[MOST_EVENTS], uint32_t *count)
{
    json_t *record = json_loadb(line.bytes, line.length, 0, NULL);
    const char *kind = json_string_value(json_object_get(record, "kind"));
    const char *event = json_string_value(json_object_get(record, "event"));
    struct tw_document document;
    struct tw_error err;
    if (kind && event && strcmp(kind, "must") == 0 && read_document(bench, line, &document)) {
        uint32_t at = 0;
        while (at < *count && strcmp(tallies[at].event, event) != 0)
            at++;
        if (at == MOST_EVENTS)
            exit(70);
        if (at == *count)
            snprintf(tallies[(*count)++].event, sizeof tallies[at].event, "%s", event);
        must(tw_events_find(bench->taxonomy, &document, &bench->arena, &err), &err);
        bool right = is_right(bench, &document, event);
        tallies[at].right += right;
        tallies[at].all++;
        if (!right) {
            printf("missed  %-18s %.*s  >", event, (int)document.text.length, document.text.bytes);
            print_types(bench, &document);
            puts("");
        }
    }
    json_decref(record);
}

static int run_recall(struct bench *bench, struct tw_archive *archive)
{
    struct tally tallies[MOST_EVENTS] = {0};
    uint32_t count = 0;
    struct tw_archive_line line;
    struct tw_error err;
    size_t mark = tw_arena_mark(&bench->arena);
    while (tw_archive_next(archive, &line, &err) == TW_READ_ITEM) {
        count_case(bench, line.text, tallies, &count);
        tw_arena_rewind(&bench->arena, mark);
    }
    for (uint32_t at = 0; at < count; at++)
        printf("%-20s %4u of %4u  %.3f\n", tallies[at].event, tallies[at].right, tallies[at].all,
            (double)tallies[at].right / tallies[at].all);
    return 0;
}

/* ---- streams ---- */

/* A hit, and the hash of seed and text that chooses it: those with the smallest ones stand for all. The same
 * text is chosen once, and where it stands among others says nothing. */
struct sampled {
    uint64_t key;
    char line[600];
};

struct sample {
    uint64_t seed;
    uint32_t wanted;
    uint32_t counts[sizeof gravest / sizeof gravest[0]];
    struct sampled hits[sizeof gravest / sizeof gravest[0]][MOST_HITS]; /* by type, in order of their keys */
};

static void write_hit(
    const struct tw_document *document, const struct tw_event *event, char *line, size_t room)
{
    struct tw_text text = document->text, symbol = tw_text_of("-");
    size_t from = event->begin > 150 ? event->begin - 150 : 0;
    size_t until = text.length - event->end > 100 ? event->end + 100 : text.length;
    if (event->entity != TW_EVENT_OF_NOBODY)
        symbol = document->entities[event->entity].symbol;
    snprintf(line, room, "%.*s\t%.*s[%.*s]%.*s", (int)symbol.length, symbol.bytes, (int)(event->begin - from),
        text.bytes + from, (int)(event->end - event->begin), text.bytes + event->begin,
        (int)(until - event->end), text.bytes + event->end);
    for (char *byte = line; *byte; byte++)
        *byte = *byte == '\n' ? ' ' : *byte;
}

static void draw_hit(
    struct sample *sample, size_t type, const struct tw_document *document, const struct tw_event *event)
{
    uint64_t key = XXH3_64bits_withSeed(document->text.bytes, document->text.length, sample->seed);
    struct sampled *hits = sample->hits[type];
    uint32_t place = 0, count = sample->counts[type];
    while (place < count && hits[place].key < key)
        place++;
    if (place == sample->wanted || (place < count && hits[place].key == key))
        return;
    sample->counts[type] = count += count < sample->wanted;
    memmove(hits + place + 1, hits + place, (count - place - 1) * sizeof *hits);
    hits[place].key = key;
    write_hit(document, event, hits[place].line, sizeof hits[place].line);
}

static void draw_hits(const struct bench *bench, struct sample *sample, const struct tw_document *document)
{
    for (uint32_t at = 0; at < document->event_count; at++)
        for (size_t type = 0; type < sizeof gravest / sizeof gravest[0]; type++)
            if (tw_text_equal(
                    bench->taxonomy->types[document->events[at].type].name, tw_text_of(gravest[type])))
                draw_hit(sample, type, document, &document->events[at]);
}

struct counts {
    uint32_t types[TW_EVENT_TYPES], documents, with_event;
};

/* Reads a stream; `sample` NULL: hits are counted and not drawn. */
static void read_stream(struct bench *bench, const char *path, struct counts *counts, struct sample *sample)
{
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_error err;
    struct tw_document document;
    size_t mark = tw_arena_mark(&bench->arena);
    must(tw_archive_open(path, (size_t)1 << 24, &archive, &err), &err);
    for (; tw_archive_next(archive, &line, &err) == TW_READ_ITEM; tw_arena_rewind(&bench->arena, mark)) {
        if (!read_document(bench, line.text, &document))
            continue;
        must(tw_events_find(bench->taxonomy, &document, &bench->arena, &err), &err);
        counts->documents++;
        counts->with_event += document.event_count > 0;
        for (uint32_t at = 0; at < document.event_count; at++)
            counts->types[document.events[at].type]++;
        if (sample)
            draw_hits(bench, sample, &document);
    }
    tw_archive_close(archive);
}

static int run_counts(struct bench *bench, int count, char *const paths[])
{
    struct counts counts = {0};
    for (int at = 0; at < count; at++)
        read_stream(bench, paths[at], &counts, NULL);
    printf("%u documents, %u with an event\n", counts.documents, counts.with_event);
    for (uint32_t at = 0; at < bench->taxonomy->type_count; at++)
        printf("%-20.*s %7u\n", (int)bench->taxonomy->types[at].name.length,
            bench->taxonomy->types[at].name.bytes, counts.types[at]);
    return 0;
}

static int run_sample(
    struct bench *bench, uint64_t seed, unsigned long wanted, int count, char *const paths[])
{
    struct counts counts = {0};
    struct sample *sample = calloc(1, sizeof *sample);
    if (!sample || wanted == 0 || wanted > MOST_HITS)
        return 2;
    sample->seed = seed;
    sample->wanted = (uint32_t)wanted;
    for (int at = 0; at < count; at++)
        read_stream(bench, paths[at], &counts, sample);
    for (size_t type = 0; type < sizeof gravest / sizeof gravest[0]; type++)
        for (uint32_t at = 0; at < sample->counts[type]; at++)
            printf("%s\t%s\n", gravest[type], sample->hits[type][at].line);
    free(sample);
    return 0;
}

static int run_speed(struct bench *bench, struct tw_archive *archive)
{
    enum { MOST = 20000 };
    struct tw_archive_line line;
    struct tw_error err;
    struct tw_document *documents = tw_arena_array(&bench->arena, MOST, sizeof *documents);
    uint32_t count = 0;
    size_t bytes = 0;
    while (count < MOST && tw_archive_next(archive, &line, &err) == TW_READ_ITEM) {
        struct tw_text copy = tw_arena_copy(&bench->arena, line.text);
        if (read_document(bench, copy, &documents[count]))
            bytes += documents[count++].text.length;
    }
    size_t mark = tw_arena_mark(&bench->arena);
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
        for (uint32_t at = 0; at < count; at++) {
            must(tw_events_find(bench->taxonomy, &documents[at], &bench->arena, &err), &err);
            tw_arena_rewind(&bench->arena, mark);
        }
        double spent = seconds_of(CLOCK_THREAD_CPUTIME_ID) - begun;
        best = spent < best ? spent : best;
    }
    printf("%u documents of %.0f bytes: %.0f ns a document, %.2f ns a byte (best of 5)\n", count,
        (double)bytes / count, best / count * 1e9, best / (double)bytes * 1e9);
    return 0;
}

static int run(struct bench *bench, int argc, char **argv)
{
    struct tw_archive *archive;
    struct tw_error err;
    if (strcmp(argv[1], "sample") == 0 && argc > 4)
        return run_sample(bench, strtoull(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), argc - 4, argv + 4);
    if (strcmp(argv[1], "counts") == 0)
        return run_counts(bench, argc - 2, argv + 2);
    must(tw_archive_open(argv[2], (size_t)1 << 24, &archive, &err), &err);
    int status = strcmp(argv[1], "recall") == 0 ? run_recall(bench, archive) : run_speed(bench, archive);
    tw_archive_close(archive);
    return status;
}

int main(int argc, char **argv)
{
    struct bench bench = {.decode = tw_decode_defaults()};
    bench.decode.time.count = 0; /* streams whose times are days alone are read too */
    struct tw_error err;
    if (argc < 3) {
        fputs(
            "usage: bench_events recall CASES | counts STREAM... | sample SEED COUNT STREAM... | speed STREAM\n",
            stderr);
        return 2;
    }
    must(tw_arena_begin(&bench.arena, (size_t)4 << 30, &err), &err);
    load_taxonomy(&bench);
    load_entities(&bench);
    int status = run(&bench, argc, argv);
    tw_entities_free(bench.entities);
    tw_taxonomy_free(bench.taxonomy);
    tw_arena_end(&bench.arena);
    return status;
}
