/* bench_explain: are the words that `explain` names the ones that count, do their weights add up, and what
 * does it cost?
 *
 *     bench_explain [-n TEXTS] [MODEL_FOLDER]      (default 500; config/model of the source tree)
 *
 * Reads TEXTS records, evenly over the file, of two sets under $TW_DATA (default ../shared/data beside the
 * source tree): Twitter Financial News, explained as documents, and SEntFiN, each record's first entity; and
 * a few stories of Reuters, for their length. For each text of at least MOST_DELETED + 3 words (an entity's
 * own apart, which stay):
 *
 *   moved     by how much sentiment, P(positive) - P(negative), and the label's log odds change when the
 *             three words of the largest weight are gone, against three words drawn at random (the mean of
 *             DRAWS draws, from a fixed seed). Gone: each token is [MASK]; or the tokens are left out
 *   adds up   |sum of weights - (logit - base)| over |logit - base|: the share of texts within 5%, and the
 *             worst
 *   time      of the calling thread's processor, and by the clock, which others share
 *
 * Intervals are of 95%: Wilson's for shares, the normal one for means. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "explain/explain.h"
#include "files/archive.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "score/classify.h"
#include "tasks/record.h"
#include "tokenizer/tokenizer.h"

enum { MOST_DELETED = 3, DRAWS = 10, STORIES = 12, MOST_TEXTS = 20000 };

struct bench {
    struct tw_river river;
    struct tw_classify_workspace *classify;
    struct tw_explainer *explainer;
    struct tw_explain_workspace *workspace;
    struct tw_arena arena;
    uint64_t drawn; /* numbers taken so far */
};

/* One way of taking words away, one thing that moves. */
struct moved {
    double top_sum, random_sum, difference_sum, square_sum;
    size_t more, count;
};

struct tally {
    struct moved sentiment[2], odds[2]; /* masked, left out */
    size_t texts, within, settled, short_texts;
    double worst, worst_absolute, *cpu_ms, *clock_ms;
};

/* --- texts without some
 * words ---------------------------------------------------------------------------- */

/* The document without the words of `order`, into `out`, with one reading at most: the one explained. */
static void take_away(struct bench *bench, const struct tw_document *document, uint32_t nth,
    const struct tw_explanation *explanation, const uint32_t *order, uint32_t count, bool masked,
    struct tw_document *out)
{
    const int32_t mask = tw_tokenizer_special_ids(tw_classifier_tokenizer(bench->river.classifier)).mask;
    int32_t *tokens = tw_arena_array(&bench->arena, document->token_count, sizeof *tokens);
    struct tw_reading *reading = tw_arena_array(&bench->arena, 1, sizeof *reading);
    uint32_t kept = 0;
    if (nth < document->reading_count)
        *reading = document->readings[nth];
    for (uint32_t token = 0; token < document->token_count; token++) {
        bool gone = false;
        for (uint32_t at = 0; at < count; at++) {
            const struct tw_explained_word *word = &explanation->words[order[at]];
            gone = gone || (document->token_ends[token] > document->token_begins[token] &&
                               document->token_begins[token] >= word->begin &&
                               document->token_begins[token] < word->end);
        }
        if (gone && !masked && nth < document->reading_count) {
            reading->begin -= token < document->readings[nth].begin;
            reading->end -= token < document->readings[nth].end;
        }
        if (!gone || masked)
            tokens[kept++] = gone ? mask : document->tokens[token];
    }
    *out = *document;
    out->tokens = tokens;
    out->token_count = kept;
    out->readings = reading;
    out->reading_count = nth < document->reading_count;
}

/* Words that may be taken away: all but those of the entity itself. Returns how many. */
static uint32_t list_candidates(const struct tw_document *document, uint32_t nth,
    const struct tw_explanation *explanation, uint32_t *candidates)
{
    uint32_t count = 0;
    uint32_t begin = 0, end = 0;
    if (nth < document->reading_count) {
        begin = document->token_begins[document->readings[nth].begin];
        end = document->token_ends[document->readings[nth].end - 1];
    }
    for (uint32_t at = 0; at < explanation->word_count; at++)
        if (explanation->words[at].end <= begin || explanation->words[at].begin >= end)
            candidates[count++] = at;
    return count;
}

static int by_weight(const void *left, const void *right, void *context)
{
    const struct tw_explanation *explanation = context;
    const double one = fabs(explanation->words[*(const uint32_t *)left].weight);
    const double other = fabs(explanation->words[*(const uint32_t *)right].weight);
    return (one < other) - (one > other);
}

/* The first MOST_DELETED of `all` become a draw without repetition. */
static void draw(struct bench *bench, uint32_t *all, uint32_t count)
{
    for (uint32_t at = 0; at < MOST_DELETED; at++) {
        const uint32_t other = at + (uint32_t)tw_random_below(1, 0, 0, bench->drawn++, count - at);
        const uint32_t held = all[at];
        all[at] = all[other];
        all[other] = held;
    }
}

static void add_moved(struct moved *moved, double top, double random)
{
    moved->top_sum += top;
    moved->random_sum += random;
    moved->difference_sum += top - random;
    moved->square_sum += (top - random) * (top - random);
    moved->more += top > random;
    moved->count++;
}

/* Document 0 as it is, 1 without the top words, the others without random ones. */
static void measure_deletion(struct bench *bench, struct tally *tally, const struct tw_document *document,
    uint32_t nth, const struct tw_explanation *explanation)
{
    struct tw_error err;
    struct tw_explanation own = *explanation; /* qsort_r takes no const */
    uint32_t *words = tw_arena_array(&bench->arena, explanation->word_count + 1, sizeof *words);
    const uint32_t count = list_candidates(document, nth, explanation, words);
    if (count < MOST_DELETED + 3) {
        tally->short_texts++;
        return;
    }
    for (uint32_t masked = 0; masked < 2; masked++) {
        enum { ALL = DRAWS + 2 };
        struct tw_document documents[ALL];
        double sentiment[ALL], odds[ALL];
        take_away(bench, document, nth, explanation, words, 0, true, &documents[0]);
        qsort_r(words, count, sizeof *words, by_weight, &own);
        take_away(bench, document, nth, explanation, words, MOST_DELETED, masked, &documents[1]);
        for (uint32_t at = 2; at < ALL; at++) {
            draw(bench, words, count);
            take_away(bench, document, nth, explanation, words, MOST_DELETED, masked, &documents[at]);
        }
        must(tw_classify(bench->river.classifier, bench->classify, documents, ALL, &bench->arena, NULL, &err),
            &err);
        for (uint32_t at = 0; at < ALL; at++) {
            const struct tw_score *score =
                documents[at].reading_count ? &documents[at].readings[0].score : &documents[at].score;
            const float probabilities[] = {score->negative, score->neutral, score->positive};
            const double p = fmin(fmax((double)probabilities[explanation->label], 1e-6), 1.0 - 1e-6);
            sentiment[at] = (double)(score->positive - score->negative);
            odds[at] = log(p / (1.0 - p));
        }
        double random_sentiment = 0.0, random_odds = 0.0;
        for (uint32_t at = 2; at < ALL; at++) {
            random_sentiment += fabs(sentiment[at] - sentiment[0]) / DRAWS;
            random_odds += fabs(odds[at] - odds[0]) / DRAWS;
        }
        add_moved(&tally->sentiment[!masked], fabs(sentiment[1] - sentiment[0]), random_sentiment);
        add_moved(&tally->odds[!masked], fabs(odds[1] - odds[0]), random_odds);
    }
}

/* --- one text
 * -------------------------------------------------------------------------------------------- */

static void measure_text(
    struct bench *bench, struct tally *tally, const struct tw_document *document, uint32_t nth, bool deletes)
{
    struct tw_error err;
    struct tw_explanation explanation;
    const double cpu = 1e3 * seconds_of(CLOCK_THREAD_CPUTIME_ID), clock = 1e3 * seconds_of(CLOCK_MONOTONIC);
    must(tw_explain(bench->explainer, bench->workspace, document, nth, &bench->arena, &explanation, &err),
        &err);
    tally->cpu_ms[tally->texts] = 1e3 * seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    tally->clock_ms[tally->texts] = 1e3 * seconds_of(CLOCK_MONOTONIC) - clock;
    tally->texts++;
    const double gain = (double)explanation.logit - (double)explanation.base;
    const double share = fabs(explanation.error) / fmax(fabs(gain), 1e-9);
    tally->within += share <= 0.05;
    tally->worst = fmax(tally->worst, share);
    tally->worst_absolute = fmax(tally->worst_absolute, fabs(explanation.error));
    tally->settled += explanation.settled;
    if (deletes)
        measure_deletion(bench, tally, document, nth, &explanation);
}

/* --- a set
 * ----------------------------------------------------------------------------------------------- */

static struct tw_chunk read_lines(struct bench *bench, const char *path, size_t wanted)
{
    struct tw_error err;
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_chunk chunk = {.json = true, .name = path};
    must(tw_archive_open(path, 1 << 24, &archive, &err), &err);
    chunk.lines = tw_arena_array(&bench->arena, MOST_TEXTS, sizeof *chunk.lines);
    while (chunk.count < MOST_TEXTS && tw_archive_next(archive, &line, &err) == TW_READ_ITEM)
        chunk.lines[chunk.count++] =
            (struct tw_line){.text = tw_arena_copy(&bench->arena, line.text), .number = chunk.count};
    tw_archive_close(archive);
    const uint32_t all = chunk.count;
    chunk.count = wanted < all ? (uint32_t)wanted : all;
    for (uint32_t at = 0; at < chunk.count; at++)
        chunk.lines[at] = chunk.lines[(uint64_t)at * all / chunk.count];
    return chunk;
}

static int by_size(const void *left, const void *right)
{
    const double one = *(const double *)left, other = *(const double *)right;
    return (one > other) - (one < other);
}

static void print_moved(const char *how, const char *what, const struct moved *moved)
{
    const double count = (double)moved->count, share = (double)moved->more / count, z = 1.96;
    const double middle = (share + z * z / (2 * count)) / (1 + z * z / count);
    const double half =
        z / (1 + z * z / count) * sqrt(share * (1 - share) / count + z * z / (4 * count * count));
    const double mean = moved->difference_sum / count;
    const double deviation = sqrt(fmax(moved->square_sum / count - mean * mean, 0.0) / count);
    printf("  %-9s %-10s top %.3f, random %.3f; difference %.3f (%.3f to %.3f); more in %.1f%% of %zu (%.1f "
           "to %.1f)\n",
        how, what, moved->top_sum / count, moved->random_sum / count, mean, mean - z * deviation,
        mean + z * deviation, 100 * share, moved->count, 100 * (middle - half), 100 * (middle + half));
}

static void print_times(const char *what, double *ms, size_t count)
{
    qsort(ms, count, sizeof *ms, by_size);
    printf("  %s ms a text: median %.0f, 95%% within %.0f, worst %.0f\n", what, ms[count / 2],
        ms[count * 95 / 100], ms[count - 1]);
}

static void bench_set(struct bench *bench, const char *path, size_t wanted, bool deletes)
{
    struct tw_error err;
    struct tw_record *records;
    struct tw_task_options options = {.river = &bench->river, .stamp_us = INT64_C(1900000000000000)};
    struct tally tally = {0};
    tw_arena_reset(&bench->arena, (size_t)64 << 20);
    struct tw_chunk chunk = read_lines(bench, path, wanted);
    must(tw_arena_begin(&chunk.arena, (size_t)1 << 30, &err), &err);
    must(tw_record_read_chunk(&options, &chunk, false, &records, &err), &err);
    tally.cpu_ms = tw_arena_array(&chunk.arena, chunk.count, sizeof *tally.cpu_ms);
    tally.clock_ms = tw_arena_array(&chunk.arena, chunk.count, sizeof *tally.clock_ms);
    uint64_t tokens = 0;
    for (uint32_t at = 0; at < chunk.count; at++) {
        const struct tw_document *document = &records[at].document;
        const bool of_entity = records[at].annotations.entity_count > 0;
        const size_t mark = tw_arena_mark(&bench->arena);
        if (document->fate != TW_FATE_STORED)
            continue;
        tokens += document->token_count;
        measure_text(bench, &tally, document, of_entity ? 0 : TW_EXPLAIN_DOCUMENT, deletes);
        tw_arena_rewind(&bench->arena, mark);
    }
    printf("%s: %zu texts of %.0f tokens\n", path, tally.texts, (double)tokens / (double)tally.texts);
    for (size_t way = 0; deletes && way < 2; way++) {
        print_moved(way ? "left out:" : "masked:", "sentiment", &tally.sentiment[way]);
        print_moved(way ? "left out:" : "masked:", "log odds", &tally.odds[way]);
    }
    if (deletes)
        printf("  %zu texts were too short to take words away\n", tally.short_texts);
    printf("  adds up: within 5%% in %.1f%% of texts, worst %.1f%%, worst by itself %.4f; settled %zu\n",
        100.0 * (double)tally.within / (double)tally.texts, 100 * tally.worst, tally.worst_absolute,
        tally.settled);
    print_times("processor", tally.cpu_ms, tally.texts);
    print_times("clock", tally.clock_ms, tally.texts);
    tw_arena_end(&chunk.arena);
}

static size_t read_arguments(int argc, char **argv)
{
    size_t texts = 500;
    int letter;
    while ((letter = getopt(argc, argv, "n:")) == 'n')
        texts = strtoul(optarg, NULL, 10);
    if (letter == -1 && texts > 0 && texts <= MOST_TEXTS)
        return texts;
    fprintf(stderr, "usage: bench_explain [-n TEXTS] [MODEL_FOLDER]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        bool stories;
    } sets[] = {{"twitter-financial-news/train.jsonl", false}, {"sentfin/train.jsonl", false},
        {"reuters-21578/stream.jsonl.gz", true}};
    const size_t texts = read_arguments(argc, argv);
    const char *data = getenv("TW_DATA") ? getenv("TW_DATA") : TW_SOURCE_DIR "/../shared/data";
    const struct tw_classifier_options options = {
        .folder = optind < argc ? argv[optind] : TW_SOURCE_DIR "/config/model"};
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_classifier *classifier;
    struct bench bench = {0};
    struct tw_error err;
    tw_json_memory_install();
    must(tw_classifier_open(&options, &classifier, &err), &err);
    bench.river = (struct tw_river){.decode = &decode, .classifier = classifier, .link_unlisted = true};
    must(tw_classify_workspace_new(classifier, &bench.classify, &err), &err);
    must(tw_explainer_open(classifier, &bench.explainer, &err), &err);
    must(tw_explain_workspace_new(bench.explainer, &bench.workspace, &err), &err);
    must(tw_arena_begin(&bench.arena, (size_t)1 << 30, &err), &err);
    for (size_t at = 0; at < sizeof sets / sizeof sets[0]; at++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", data, sets[at].path);
        if (access(path, R_OK) == 0)
            bench_set(&bench, path, sets[at].stories && texts > STORIES ? STORIES : texts, !sets[at].stories);
        else
            printf("%s: SKIPPED, not there\n", path);
    }
    tw_arena_end(&bench.arena);
    tw_explain_workspace_free(bench.workspace);
    tw_explainer_close(bench.explainer);
    tw_classify_workspace_free(bench.classify);
    tw_classifier_free(classifier);
    return 0;
}
