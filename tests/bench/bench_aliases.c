/* bench_aliases: does a document cost more when the entities file has a million aliases than when it has a
 * thousand?
 *
 *     bench_aliases [-r ROUNDS] [-d DOCUMENTS] [-s SEED] [ALIASES...]
 *                       (default 11 rounds, 20000 documents, files of 1000, 100000 and 1000000 aliases;
 *                       $TW_DATA: ../shared/data beside the source tree)
 *
 * Companies are invented (bench_companies.h). Those of the first file stand in each other one, spread over
 * it, and texts name only them. Texts are stories and titles of Reuters where $TW_DATA has them, else
 * invented; a name of one of the few stands in them every 60 words, a quarter of them as a cashtag. Texts in
 * which another file finds something else are left out, so that all files find the same.
 *
 * Each round goes over all texts with each file in turn, forwards and backwards by turns. Prints medians of
 * processor time: "link" alone; "river" as tw_river_run does it, with the constant model. A ratio is that of
 * documents a second to the first file's in the same round; its quartiles stand in brackets. */
#include "bench.h"

#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "bench_companies.h"
#include "clean/clean.h"
#include "files/archive.h"
#include "link/link.h"
#include "names/entities.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "river.h"
#include "score/classify.h"

enum { MOST_FILES = 8, MOST_ROUNDS = 101, MOST_DISTINCT = 1 << 18, BATCH = 500, WORDS_APART = 60 };

enum what { LINK, RIVER, WHATS };

/* One entities file, and what it cost. */
struct file {
    uint32_t aliases;
    struct tw_automaton *entities;
    double load_seconds;
    double seconds[WHATS][MOST_ROUNDS];
};

/* What the bench reads. */
struct texts {
    struct tw_arena arena;
    struct tw_text *raw; /* JSON, before names are put in */
    struct tw_message *messages;
    struct tw_document *documents; /* cleaned */
    uint32_t count, most;
    uint64_t bytes, mentions;
};

struct bench {
    struct file files[MOST_FILES];
    uint32_t file_count, rounds;
    uint64_t seed;
    struct company_words words;
    struct texts texts;
    struct tw_arena work;
    struct tw_decode_options decode;
    struct tw_river river;
    struct tw_river_worker *worker;
};

/* ---- ordinary words ---- */

struct counted {
    char word[COMPANY_WORD_BYTES];
    uint32_t count;
};

static int by_count(const void *left, const void *right)
{
    uint32_t a = ((const struct counted *)left)->count, b = ((const struct counted *)right)->count;
    return a < b ? 1 : a > b ? -1 : 0;
}

static void count_word(struct counted *table, const char *bytes, size_t length)
{
    char word[COMPANY_WORD_BYTES] = "";
    uint32_t hash = 2166136261u;
    for (size_t at = 0; at < length; at++) {
        word[at] = (char)tolower((unsigned char)bytes[at]);
        hash = (hash ^ (unsigned char)word[at]) * 16777619u;
    }
    uint32_t slot = hash % MOST_DISTINCT;
    while (table[slot].count && strcmp(table[slot].word, word) != 0)
        slot = (slot + 1) % MOST_DISTINCT;
    memcpy(table[slot].word, word, sizeof word);
    table[slot].count++;
}

/* The commonest words of the texts. */
static void learn_words(struct bench *bench)
{
    struct counted *table = calloc(MOST_DISTINCT, sizeof *table);
    for (uint32_t nth = 0; table && nth < bench->texts.count && nth < 2000; nth++) {
        struct tw_text raw = bench->texts.raw[nth];
        for (size_t at = 0, begin = 0; at <= raw.length; at++) {
            if (at < raw.length && isalpha((unsigned char)raw.bytes[at]))
                continue;
            if (at - begin >= 2 && at - begin < COMPANY_WORD_BYTES)
                count_word(table, raw.bytes + begin, at - begin);
            begin = at + 1;
        }
    }
    if (!table)
        exit(70);
    qsort(table, MOST_DISTINCT, sizeof *table, by_count);
    for (uint32_t rank = 0; rank < COMPANY_WORDS && table[rank].count; rank++)
        memcpy(bench->words.words[bench->words.count++], table[rank].word, COMPANY_WORD_BYTES);
    free(table);
}

/* ---- texts ---- */

static void read_archive(struct bench *bench, const char *path, uint32_t most)
{
    struct tw_error err;
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct texts *texts = &bench->texts;
    if (!tw_archive_open(path, 1 << 24, &archive, &err))
        return;
    while (texts->count < most && tw_archive_next(archive, &line, &err) == TW_READ_ITEM)
        texts->raw[texts->count++] = tw_arena_copy(&texts->arena, line.text);
    tw_archive_close(archive);
}

/* Titles of ordinary words, for whoever has no texts. */
static void invent_texts(struct bench *bench)
{
    static const char words[] =
        "the of to in said and a mln for it its on dlrs from is by at with that year be was will billion company "
        "has have an as pct would not shares which but this market were bank last stock are had up price share "
        "new also about one trade been would they their sales first net after who oil per more its prices loss "
        "two other group than some common rate march profit quarter interest government corp foreign against "
        "international american general national united";
    struct tw_text list = tw_text_of(words);
    struct texts *texts = &bench->texts;
    for (; texts->count < texts->most; texts->count++) {
        char title[1200] = "{\"ts\": \"2024-05-14T13:00:05Z\", \"title\": \"";
        size_t length = strlen(title);
        for (uint32_t nth = 0; nth < 100; nth++) {
            size_t at = (size_t)company_draw(bench->seed, texts->count, nth, list.length);
            while (at > 0 && list.bytes[at - 1] != ' ')
                at--;
            while (at < list.length && list.bytes[at] != ' ' && length < sizeof title - 8)
                title[length++] = list.bytes[at++];
            title[length++] = ' ';
        }
        memcpy(title + length, "\"}", 3);
        texts->raw[texts->count] = tw_arena_copy(&texts->arena, tw_text_of(title));
    }
}

/* A text with names of the few put between its words. */
static json_t *spliced(const struct bench *bench, uint32_t document, const char *text)
{
    char *out = NULL, name[COMPANY_NAME_BYTES];
    size_t length = 0;
    FILE *stream = open_memstream(&out, &length);
    uint32_t words = 0, draw = 1000, few = bench->files[0].aliases / 2;
    uint32_t next = 1 + (uint32_t)company_draw(bench->seed, document, draw++, WORDS_APART);
    for (const char *at = text; *at; at++) {
        fputc(*at, stream);
        if (*at != ' ' || ++words < next)
            continue;
        uint32_t company = company_rank(bench->seed, document, draw++, few);
        bool cashtag = company_draw(bench->seed, document, draw++, 4) == 0;
        if (cashtag)
            company_symbol(company, name);
        else
            company_name(&bench->words, bench->seed, company, name);
        fprintf(stream, cashtag ? "$%s " : "%s ", name);
        next = words + WORDS_APART / 2 + (uint32_t)company_draw(bench->seed, document, draw++, WORDS_APART);
    }
    fclose(stream);
    json_t *value = json_stringn(out, length);
    free(out);
    return value;
}

/* A message with names in its texts, decoded and cleaned; false when there is nothing to link in it. */
static bool make_document(
    struct bench *bench, uint32_t nth, struct tw_message *message, struct tw_document *document)
{
    static const char *const fields[] = {"title", "body"};
    struct tw_error err;
    struct texts *texts = &bench->texts;
    json_t *object = json_loadb(texts->raw[nth].bytes, texts->raw[nth].length, 0, NULL);
    for (size_t at = 0; at < 2; at++)
        if (json_is_string(json_object_get(object, fields[at])))
            json_object_set_new(object, fields[at],
                spliced(bench, nth, json_string_value(json_object_get(object, fields[at]))));
    char *payload = json_dumps(object, JSON_COMPACT);
    *message = (struct tw_message){.offset = nth, .stamp_us = INT64_C(1700000000000000), .has_value = true};
    message->payload = tw_arena_copy(&texts->arena, tw_text_of(payload ? payload : ""));
    free(payload);
    json_decref(object);
    must(tw_decode(&bench->decode, message, &texts->arena, document, &err), &err);
    if (document->fate != TW_FATE_STORED)
        return false;
    must(tw_clean(document, &texts->arena, &err), &err);
    return document->text.length > 0;
}

static void link_document(const struct bench *bench, const struct file *file, uint32_t nth,
    struct tw_arena *arena, struct tw_document *out)
{
    struct tw_error err;
    *out = bench->texts.documents[nth];
    out->message = &bench->texts.messages[nth];
    must(tw_link(file->entities, true, out, arena, &err), &err);
}

/* Do all files find in a text what the first one does? */
static bool agree(struct bench *bench, uint32_t nth)
{
    struct tw_document first, other;
    tw_arena_reset(&bench->work, (size_t)16 << 20);
    link_document(bench, &bench->files[0], nth, &bench->work, &first);
    for (uint32_t file = 1; file < bench->file_count; file++) {
        link_document(bench, &bench->files[file], nth, &bench->work, &other);
        if (other.mention_count != first.mention_count)
            return false;
        for (uint32_t at = 0; at < first.mention_count; at++)
            if (first.mentions[at].begin != other.mentions[at].begin ||
                first.mentions[at].end != other.mentions[at].end)
                return false;
    }
    bench->texts.mentions += first.mention_count;
    return true;
}

static void make_documents(struct bench *bench)
{
    struct texts *texts = &bench->texts;
    uint32_t read = texts->count, differ = 0;
    texts->messages = tw_arena_array(&texts->arena, read, sizeof *texts->messages);
    texts->documents = tw_arena_array(&texts->arena, read, sizeof *texts->documents);
    texts->count = 0;
    for (uint32_t nth = 0; nth < read; nth++) {
        uint32_t at = texts->count;
        if (!make_document(bench, nth, &texts->messages[at], &texts->documents[at]))
            continue;
        if (!agree(bench, at)) {
            differ++;
            continue;
        }
        texts->bytes += texts->documents[at].text.length;
        texts->count++;
    }
    printf("%u texts of %.0f bytes, %.2f mentions each; %u left out: larger files find more in them\n",
        texts->count, (double)texts->bytes / texts->count, (double)texts->mentions / texts->count, differ);
}

/* ---- files ---- */

static void load_file(struct bench *bench, struct file *file)
{
    struct tw_error err;
    char *lines = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&lines, &length);
    companies_write(&bench->words, bench->seed, bench->files[0].aliases / 2, file->aliases / 2, stream);
    fclose(stream);
    double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    must(tw_entities_parse("entities.jsonl", (struct tw_text){lines, length}, &file->entities, &err), &err);
    file->load_seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID) - began;
    free(lines);
}

/* ---- rounds ---- */

static double measure(struct bench *bench, const struct file *file, enum what what)
{
    struct tw_error err;
    const struct texts *texts = &bench->texts;
    bench->river.entities = file->entities;
    double began = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t first = 0; first < texts->count; first += BATCH) {
        uint32_t count = texts->count - first < BATCH ? texts->count - first : BATCH;
        struct tw_document document;
        struct tw_rows rows;
        tw_arena_reset(&bench->work, (size_t)64 << 20);
        if (what == RIVER)
            must(tw_river_run(
                     &bench->river, bench->worker, texts->messages + first, count, &bench->work, &rows, &err),
                &err);
        for (uint32_t at = 0; what == LINK && at < count; at++)
            link_document(bench, file, first + at, &bench->work, &document);
    }
    return seconds_of(CLOCK_THREAD_CPUTIME_ID) - began;
}

static void run_rounds(struct bench *bench)
{
    for (uint32_t round = 0; round < bench->rounds; round++)
        for (enum what what = 0; what < WHATS; what++)
            for (uint32_t nth = 0; nth < bench->file_count; nth++) {
                struct file *file = &bench->files[round % 2 ? bench->file_count - 1 - nth : nth];
                file->seconds[what][round] = measure(bench, file, what);
            }
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* The value below which `share` of them lie. */
static double quantile(const double *values, uint32_t count, double share)
{
    double sorted[MOST_ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, by_size);
    return sorted[(uint32_t)(share * (double)(count - 1) + 0.5)];
}

static void show(const struct bench *bench, const struct file *file)
{
    const struct texts *texts = &bench->texts;
    printf("%9u %7.2f s %7.1f MB", file->aliases, file->load_seconds,
        (double)tw_entities_bytes(file->entities) / 1e6);
    for (enum what what = 0; what < WHATS; what++) {
        double ratios[MOST_ROUNDS], seconds = quantile(file->seconds[what], bench->rounds, 0.5);
        for (uint32_t round = 0; round < bench->rounds; round++)
            ratios[round] = bench->files[0].seconds[what][round] / file->seconds[what][round];
        printf(" %9.0f %6.2f %6.3f [%.3f %.3f]", texts->count / seconds, 1e9 * seconds / (double)texts->bytes,
            quantile(ratios, bench->rounds, 0.5), quantile(ratios, bench->rounds, 0.25),
            quantile(ratios, bench->rounds, 0.75));
    }
    printf("\n");
}

static void open_river(struct bench *bench)
{
    struct tw_error err;
    struct tw_classifier *classifier;
    struct tw_classifier_options options = {
        .constant = true, .folder = TW_SOURCE_DIR "/config/model", .max_tokens = 512};
    must(tw_classifier_open(&options, &classifier, &err), &err);
    bench->river =
        (struct tw_river){.decode = &bench->decode, .classifier = classifier, .link_unlisted = true};
    must(tw_river_worker_new(&bench->river, &bench->worker, &err), &err);
}

static void read_options(struct bench *bench, int argc, char **argv)
{
    static const char *const defaults[] = {"1000", "100000", "1000000"};
    int option;
    while ((option = getopt(argc, argv, "r:d:s:")) != -1) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        if (option == 'r' && number > 0 && number <= MOST_ROUNDS)
            bench->rounds = (uint32_t)number;
        else if (option == 'd' && number > 0 && number <= 1 << 20)
            bench->texts.most = (uint32_t)number;
        else if (option == 's')
            bench->seed = number;
        else
            exit(2);
    }
    int count = argc - optind;
    for (int nth = 0; nth < (count ? count : 3) && nth < MOST_FILES; nth++)
        bench->files[bench->file_count++].aliases =
            (uint32_t)strtoul(count ? argv[optind + nth] : defaults[nth], NULL, 10);
}

int main(int argc, char **argv)
{
    static struct bench bench = {.rounds = 11, .seed = 1, .texts.most = 20000};
    const char *data = getenv("TW_DATA") ? getenv("TW_DATA") : TW_SOURCE_DIR "/../shared/data";
    struct tw_error err;
    char path[4096];
    tw_json_memory_install();
    read_options(&bench, argc, argv);
    bench.decode = tw_decode_defaults();
    must(tw_arena_begin(&bench.texts.arena, (size_t)4 << 30, &err) &&
             tw_arena_begin(&bench.work, (size_t)1 << 30, &err),
        &err);
    bench.texts.raw = tw_arena_array(&bench.texts.arena, bench.texts.most, sizeof *bench.texts.raw);
    snprintf(path, sizeof path, "%s/reuters-titles/stream.jsonl.gz", data);
    read_archive(&bench, path, bench.texts.most / 2);
    snprintf(path, sizeof path, "%s/reuters-21578/stream.jsonl.gz", data);
    read_archive(&bench, path, bench.texts.most);
    if (bench.texts.count == 0)
        invent_texts(&bench);
    learn_words(&bench);
    for (uint32_t file = 0; file < bench.file_count; file++)
        load_file(&bench, &bench.files[file]);
    make_documents(&bench);
    open_river(&bench);
    run_rounds(&bench);
    printf("%9s %9s %10s %9s %6s %22s %9s %6s %22s\n", "aliases", "load", "memory", "link/s", "ns/B", "ratio",
        "river/s", "ns/B", "ratio");
    for (uint32_t file = 0; file < bench.file_count; file++) {
        show(&bench, &bench.files[file]);
        tw_entities_free(bench.files[file].entities);
    }
    tw_river_worker_free(bench.worker);
    tw_classifier_free((struct tw_classifier *)(uintptr_t)bench.river.classifier);
    tw_arena_end(&bench.texts.arena);
    tw_arena_end(&bench.work);
    return 0;
}
