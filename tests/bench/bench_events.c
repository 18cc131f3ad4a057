/* bench_events: what the patterns of config/events.yaml find, and what finding costs.
 *
 *     bench_events recall CASES.jsonl            {"kind":"must","event":E,"text":T}: found as E means it?
 *     bench_events hits STREAM TYPE COUNT        COUNT hits of a type, evenly over the stream, to be read
 *     bench_events counts STREAM                 documents with each type
 *     bench_events speed STREAM                  nanoseconds a document and a byte
 *
 * Another file of patterns: the environment's TW_EVENTS. `recall` prints each case that was missed. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/file.h"
#include "clean/clean.h"
#include "events/events.h"
#include "files/archive.h"
#include "link/link.h"
#include "read/decode.h"

enum { MOST_TYPES = 4, MOST_EVENTS = 64 };

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
    must(tw_clean(document, &bench->arena, &err) && tw_link(NULL, true, document, &bench->arena, &err), &err);
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

/* ---- a stream ---- */

static void print_hit(const struct tw_document *document, const struct tw_event *event)
{
    struct tw_text text = document->text;
    size_t from = event->begin > 150 ? event->begin - 150 : 0;
    size_t until = text.length - event->end > 100 ? event->end + 100 : text.length;
    printf("%.*s[%.*s]%.*s\n", (int)(event->begin - from), text.bytes + from,
        (int)(event->end - event->begin), text.bytes + event->begin, (int)(until - event->end),
        text.bytes + event->end);
}

static int run_stream(struct bench *bench, struct tw_archive *archive, const char *type, uint32_t wanted)
{
    uint32_t counts[TW_EVENT_TYPES] = {0}, documents = 0, with_event = 0, seen = 0;
    struct tw_archive_line line;
    struct tw_error err;
    struct tw_document document;
    size_t mark = tw_arena_mark(&bench->arena);
    uint32_t number = type ? tw_taxonomy_find(bench->taxonomy, tw_text_of(type)) : TW_EVENT_ANY_TYPE;
    for (; tw_archive_next(archive, &line, &err) == TW_READ_ITEM; tw_arena_rewind(&bench->arena, mark)) {
        if (!read_document(bench, line.text, &document))
            continue;
        must(tw_events_find(bench->taxonomy, &document, &bench->arena, &err), &err);
        documents++;
        with_event += document.event_count > 0;
        for (uint32_t at = 0; at < document.event_count; at++) {
            counts[document.events[at].type]++;
            /* The hash of its place chooses a hit, so that every run shows the same ones. */
            if (document.events[at].type == number && (seen++ * UINT32_C(2654435761) >> 16) % 1000 < wanted)
                print_hit(&document, &document.events[at]);
        }
    }
    if (type)
        return 0;
    printf("%u documents, %u with an event\n", documents, with_event);
    for (uint32_t at = 0; at < bench->taxonomy->type_count; at++)
        printf("%-20.*s %7u\n", (int)bench->taxonomy->types[at].name.length,
            bench->taxonomy->types[at].name.bytes, counts[at]);
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

int main(int argc, char **argv)
{
    struct bench bench = {.decode = tw_decode_defaults()};
    bench.decode.time.count = 0; /* streams whose times are days alone are read too */
    struct tw_archive *archive;
    struct tw_error err;
    if (argc < 3) {
        fputs("usage: bench_events recall CASES | counts STREAM | hits STREAM TYPE PER_1000 | speed STREAM\n",
            stderr);
        return 2;
    }
    must(tw_arena_begin(&bench.arena, (size_t)4 << 30, &err), &err);
    load_taxonomy(&bench);
    must(tw_archive_open(argv[2], (size_t)1 << 24, &archive, &err), &err);
    int status = strcmp(argv[1], "recall") == 0  ? run_recall(&bench, archive)
                 : strcmp(argv[1], "speed") == 0 ? run_speed(&bench, archive)
                 : argc > 4 ? run_stream(&bench, archive, argv[3], (uint32_t)strtoul(argv[4], NULL, 10))
                            : run_stream(&bench, archive, NULL, 0);
    tw_archive_close(archive);
    tw_taxonomy_free(bench.taxonomy);
    tw_arena_end(&bench.arena);
    return status;
}
