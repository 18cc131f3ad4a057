/* bench_stories: how well near-copies are told from stories of their own, and what that costs.
 *
 *     bench_stories edits STREAM EVERY         of each EVERYth title a light edit: is it found again?
 *     bench_stories pairs STREAM LEAST MOST PER_1000
 *                                              pairs of a likeness in [LEAST, MOST) 10,000ths, to be read
 *     bench_stories speed STREAM               nanoseconds a document
 *
 * Light edits, one of each kind in turn: a newswire's prefix, capitals, a word of the middle left out, one
 * put in, one exchanged, the source behind, two neighbours exchanged, a retweet. There titles come a second
 * apart; pairs come at their own times, for which the stream needs them (TW_ALIKE: another likeness). */
#include "bench.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clean/clean.h"
#include "files/archive.h"
#include "read/decode.h"
#include "stories/stories.h"

enum { MOST_WORDS = 200, KINDS = 8, TEXT_BYTES = 4096, SECOND_US = 1000000 };

static const char *const kind_names[KINDS] = {
    "prefix", "capitals", "left out", "put in", "exchanged", "source", "swapped", "retweet"};

struct bench {
    struct tw_decode_options decode;
    struct tw_stories stories;
    struct tw_archive *archive;
    struct tw_arena arena; /* titles stay: pairs are printed */
    struct tw_text *titles;
    int64_t *times_us; /* event times, which need a stream in that order */
    uint32_t count;
};

/* The cleaned titles of a stream. */
static void read_titles(struct bench *bench)
{
    enum { MOST = 1000000 };
    struct tw_archive_line line;
    struct tw_document document;
    struct tw_error err;
    bench->titles = tw_arena_array(&bench->arena, MOST, sizeof *bench->titles);
    bench->times_us = tw_arena_array(&bench->arena, MOST, sizeof *bench->times_us);
    while (bench->count < MOST && tw_archive_next(bench->archive, &line, &err) == TW_READ_ITEM) {
        struct tw_message message = {
            .stamp_us = INT64_C(1900000000000000), .payload = line.text, .has_value = true};
        size_t mark = tw_arena_mark(&bench->arena);
        must(tw_decode(&bench->decode, &message, &bench->arena, &document, &err), &err);
        if (document.fate != TW_FATE_STORED)
            continue;
        if (document.title.length)
            document.body = (struct tw_text){"", 0};
        must(tw_clean(&document, &bench->arena, &err), &err);
        char text[TEXT_BYTES];
        size_t length = document.text.length < sizeof text ? document.text.length : 0;
        memcpy(text, document.text.bytes, length);
        tw_arena_rewind(&bench->arena, mark);
        if (!length)
            continue;
        bench->times_us[bench->count] = document.event_us;
        bench->titles[bench->count++] = tw_arena_copy(&bench->arena, (struct tw_text){text, length});
    }
}

static struct tw_story_verdict file(struct bench *bench, struct tw_text text, int64_t time_us, int64_t number)
{
    struct tw_fingerprint_room room;
    struct tw_document document = {.text = text};
    struct tw_story_verdict verdict;
    struct tw_error err;
    struct tw_fingerprint print = tw_fingerprint_of(&document, &room);
    const struct tw_story_telling telling = {.print = &print, .time_us = time_us, .number = number};
    must(tw_stories_file(&bench->stories, &telling, &verdict, NULL, &err), &err);
    tw_stories_keep(&bench->stories);
    return verdict;
}

/* ---- edits ---- */

struct words {
    char text[TEXT_BYTES];
    char *word[MOST_WORDS];
    uint32_t count;
};

static void split(struct tw_text title, struct words *words)
{
    snprintf(words->text, sizeof words->text, "%.*s", (int)title.length, title.bytes);
    words->count = 0;
    for (char *at = words->text; *at && words->count < MOST_WORDS;) {
        words->word[words->count++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = 0;
    }
}

static void edit(struct tw_text title, uint32_t kind, char out[TEXT_BYTES + 64])
{
    static struct words words;
    size_t used = 0, room = TEXT_BYTES + 64;
    split(title, &words);
    uint32_t middle = words.count / 2;
    if (kind == 6 && middle + 1 < words.count) {
        char *first = words.word[middle];
        words.word[middle] = words.word[middle + 1];
        words.word[middle + 1] = first;
    }
    used += (size_t)snprintf(out, room, "%s", kind == 0 ? "UPDATE 2-" : kind == 7 ? "RT @desk: " : "");
    for (uint32_t at = 0; at < words.count; at++) {
        const char *word = kind == 4 && at == middle ? "reportedly" : words.word[at];
        if (kind == 2 && at == middle)
            continue;
        used += (size_t)snprintf(
            out + used, room - used, "%s%s%s", at ? " " : "", word, kind == 3 && at == middle ? " now" : "");
    }
    used += (size_t)snprintf(out + used, room - used, "%s", kind == 5 ? " - Reuters" : kind == 7 ? "!" : "");
    for (size_t at = 0; kind == 1 && at < used; at++)
        out[at] = (char)toupper((unsigned char)out[at]);
}

static int run_edits(struct bench *bench, uint32_t every)
{
    uint32_t found[KINDS] = {0}, all[KINDS] = {0}, edits = 0;
    char text[TEXT_BYTES + 64];
    for (uint32_t at = 0; at < bench->count; at++) {
        int64_t time_us = (int64_t)at * SECOND_US;
        struct tw_story_verdict first = file(bench, bench->titles[at], time_us, at);
        if (at % every)
            continue;
        uint32_t kind = edits++ % KINDS;
        edit(bench->titles[at], kind, text);
        struct tw_story_verdict again = file(bench, tw_text_of(text), time_us, (int64_t)at + bench->count);
        all[kind]++;
        found[kind] += again.story == first.story;
    }
    for (uint32_t kind = 0; kind < KINDS; kind++)
        printf("%-10s %6u of %6u  %.4f\n", kind_names[kind], found[kind], all[kind],
            all[kind] ? (double)found[kind] / all[kind] : 0);
    return 0;
}

/* ---- pairs, speed ---- */

static int run_pairs(struct bench *bench, int32_t least, int32_t most, uint32_t per_1000)
{
    uint32_t seen = 0, copies = 0;
    for (uint32_t at = 0; at < bench->count; at++) {
        struct tw_story_verdict verdict = file(bench, bench->titles[at], bench->times_us[at], at);
        int32_t alike = 10000 - verdict.novelty;
        copies += verdict.story != at;
        /* The hash of its place chooses a pair, so that every run shows the same ones. */
        if (verdict.nearest == at || alike < least || alike >= most ||
            (seen++ * UINT32_C(2654435761) >> 16) % 1000 >= per_1000)
            continue;
        struct tw_text before = bench->titles[verdict.nearest], text = bench->titles[at];
        printf("%5d  %.*s\n       %.*s\n", alike, (int)before.length, before.bytes, (int)text.length,
            text.bytes);
    }
    printf("%u titles, %u of them copies, %u pairs of that likeness\n", bench->count, copies, seen);
    return 0;
}

static int run_speed(struct bench *bench)
{
    struct tw_fingerprint_room room;
    uint64_t elements = 0;
    double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < bench->count; at++) {
        struct tw_document document = {.text = bench->titles[at]};
        elements += tw_fingerprint_of(&document, &room).count;
    }
    double printed = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t at = 0; at < bench->count; at++)
        file(bench, bench->titles[at], (int64_t)at * SECOND_US, at);
    double filed = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    printf("%u titles, %.1f elements each: fingerprint %.0f ns, with filing %.0f ns a title\n", bench->count,
        (double)elements / bench->count, (printed - begun) / bench->count * 1e9,
        (filed - printed) / bench->count * 1e9);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = {.decode = tw_decode_defaults()};
    struct tw_stories_options options = tw_stories_defaults();
    struct tw_error err;
    if (argc < 3) {
        fputs("usage: bench_stories edits STREAM EVERY | pairs STREAM LEAST MOST PER_1000 | speed STREAM\n",
            stderr);
        return 2;
    }
    if (strcmp(argv[1], "pairs") != 0)
        bench.decode.time.count = 0; /* streams whose times are days alone are read too */
    if (getenv("TW_ALIKE"))
        options.alike = (int32_t)strtol(getenv("TW_ALIKE"), NULL, 10);
    must(tw_arena_begin(&bench.arena, (size_t)8 << 30, &err), &err);
    must(tw_archive_open(argv[2], (size_t)1 << 24, &bench.archive, &err), &err);
    must(tw_stories_begin(&bench.stories, &options, &err), &err);
    read_titles(&bench);
    long numbers[3] = {10, 0, 0};
    for (int at = 3; at < argc && at < 6; at++)
        numbers[at - 3] = strtol(argv[at], NULL, 10);
    int status = strcmp(argv[1], "edits") == 0 ? run_edits(&bench, (uint32_t)numbers[0])
                 : argc > 5
                     ? run_pairs(&bench, (int32_t)numbers[0], (int32_t)numbers[1], (uint32_t)numbers[2])
                     : run_speed(&bench);
    tw_stories_end(&bench.stories);
    tw_archive_close(bench.archive);
    tw_arena_end(&bench.arena);
    return status;
}
