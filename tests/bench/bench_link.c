/* bench_link: is the linker right on real text, and how fast beside a matcher that tries every name at every
 * word?
 *
 *     bench_link [-n TEXTS] [ENTITIES]      (default all texts of each set; $TW_DATA/sentfin/entities.jsonl;
 *                                           $TW_DATA: ../shared/data)
 *
 * Links every text of the sets under $TW_DATA, cleaned, with symbols that are not listed and without, and
 * compares with slow_link.h. Prints a line a set: texts, mentions, differences, microseconds a text of both.
 * The first difference of each set is shown. Ends with 1 when there is any, with 2 when there is no text. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "clean/clean.h"
#include "files/archive.h"
#include "link/link.h"
#include "names/entities.h"
#include "read/decode.h"
#include "slow_link.h"
#include "timestamps/time_zone.h"

enum { ARENA_BYTES = 256 << 20, MOST_LINE = 1 << 24 };

static const char *const sets[] = {"reuters-21578/stream.jsonl.gz", "reuters-titles/stream.jsonl.gz",
    "headlines-2017-2020/stream.jsonl.gz", "sp500-headlines/stream.jsonl.gz", "benzinga-part/stream.jsonl.gz",
    "yahoo-finance/stream.jsonl.gz", "sentfin/train.jsonl", "twitter-financial-news/train.jsonl",
    "twitter-financial-topic/train.jsonl", "financial-phrasebank/train.jsonl", "finentity/train.jsonl",
    "fomc/train.jsonl", "gold/train.jsonl", "sentivent/train.jsonl", "sentifm/train.jsonl",
    "stockemotions/train.jsonl"};

struct both {
    struct tw_automaton *entities;
    struct slow_companies *companies;
    struct tw_decode_options decode;
    struct tw_arena arena;
};

struct tally {
    uint64_t texts, mentions, differences;
    double link_seconds, slow_seconds;
};

/* Links a text by both, and counts. */
static void link_both(struct both *both, struct tw_document *document, bool unlisted, struct tally *tally)
{
    struct tw_error err;
    char what[300];
    double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must(tw_link(both->entities, unlisted, document, &both->arena, &err), &err);
    double linked = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    bool same = slow_link_agrees(
        both->companies, both->entities, unlisted, document, &both->arena, what, sizeof what);
    tally->slow_seconds += seconds_of(CLOCK_THREAD_CPUTIME_ID) - linked;
    tally->link_seconds += linked - began;
    tally->mentions += document->mention_count;
    if (!same && tally->differences++ == 0)
        printf("    %s\n    in: %.*s\n", what,
            (int)(document->text.length < 300 ? document->text.length : 300), document->text.bytes);
}

static bool link_set(struct both *both, const char *path, uint64_t most, struct tally *tally)
{
    struct tw_error err;
    struct tw_archive *archive;
    struct tw_archive_line line;
    enum tw_read got;
    if (!tw_archive_open(path, MOST_LINE, &archive, &err))
        return false;
    while ((got = tw_archive_next(archive, &line, &err)) == TW_READ_ITEM && tally->texts < most) {
        struct tw_message message = {
            .payload = line.text, .stamp_us = INT64_C(1700000000000000), .has_value = true};
        struct tw_document document;
        tw_arena_reset(&both->arena, (size_t)16 << 20);
        must(tw_decode(&both->decode, &message, &both->arena, &document, &err), &err);
        if (document.fate != TW_FATE_STORED)
            continue;
        must(tw_clean(&document, &both->arena, &err), &err);
        tally->texts++;
        link_both(both, &document, false, tally);
        link_both(both, &document, true, tally);
    }
    must(got != TW_READ_FAILED, &err);
    tw_archive_close(archive);
    return true;
}

int main(int argc, char **argv)
{
    const char *data = getenv("TW_DATA");
    data = data ? data : TW_SOURCE_DIR "/../shared/data";
    char path[4096];
    static const struct tw_time_zone utc = {.count = 0}; /* of sets whose times are days */
    struct both both = {.decode = tw_decode_defaults()};
    struct tw_arena kept;
    struct tw_text lines;
    struct tw_error err;
    uint64_t texts = 0, differences = 0, most = UINT64_MAX;
    int option;
    while ((option = getopt(argc, argv, "n:")) != -1) {
        if (option != 'n')
            return 2;
        most = strtoull(optarg, NULL, 10);
    }
    both.decode.clocks.naive = &utc;
    snprintf(path, sizeof path, "%s/sentfin/entities.jsonl", data);
    const char *entities = optind < argc ? argv[optind] : path;
    must(tw_arena_begin(&both.arena, ARENA_BYTES, &err) && tw_arena_begin(&kept, ARENA_BYTES, &err) &&
             tw_file_read(entities, ARENA_BYTES / 2, &kept, &lines, &err) &&
             tw_entities_parse(entities, lines, &both.entities, &err),
        &err);
    both.companies = slow_companies_new(lines);
    printf("%-40s %8s %9s %11s %9s %9s\n", "set", "texts", "mentions", "differences", "us/text", "slow us");
    for (size_t set = 0; set < sizeof sets / sizeof sets[0]; set++) {
        struct tally tally = {0};
        snprintf(path, sizeof path, "%s/%s", data, sets[set]);
        if (!link_set(&both, path, most, &tally) || tally.texts == 0)
            continue;
        printf("%-40s %8llu %9llu %11llu %9.2f %9.1f\n", sets[set], (unsigned long long)tally.texts,
            (unsigned long long)tally.mentions, (unsigned long long)tally.differences,
            1e6 * tally.link_seconds / (double)(2 * tally.texts),
            1e6 * tally.slow_seconds / (double)(2 * tally.texts));
        fflush(stdout);
        texts += tally.texts;
        differences += tally.differences;
    }
    printf("%llu texts, %llu differences\n", (unsigned long long)texts, (unsigned long long)differences);
    slow_companies_free(both.companies);
    tw_entities_free(both.entities);
    tw_arena_end(&both.arena);
    tw_arena_end(&kept);
    return texts == 0 ? 2 : differences > 0;
}
