#include "examples/dataset.h"

#include "clean/clean.h"
#include "examples/annotations.h"
#include "files/reader.h"
#include "tokenizer/tokenizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <xxhash.h>

#define LIMIT_BYTES ((size_t)2 << 30)
#define SCRATCH_BYTES ((size_t)256 << 20)
#define KEEP_BYTES ((size_t)4 << 20)

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the records");
}

/* ---- a file of JSON Lines ---- */

struct file_source {
    struct tw_reader *reader;
    struct tw_label_numbers numbers;
    bool unlabelled, titles;
};

static bool take_entities(const struct tw_annotations *annotations, struct tw_arena *arena,
    struct tw_dataset_sample *out, struct tw_error *err)
{
    struct tw_dataset_entity *entities = tw_arena_array(arena, annotations->entity_count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < annotations->entity_count; at++)
        entities[at] = (struct tw_dataset_entity){
            .name = annotations->entities[at].name, .label = annotations->entities[at].label};
    out->entities = entities;
    out->entity_count = annotations->entity_count;
    return true;
}

/* A record of an archive without labels. */
static void take_text(
    const struct file_source *file, const struct tw_reader_document *read, struct tw_dataset_sample *out)
{
    const struct tw_document *document = &read->document;
    *out = (struct tw_dataset_sample){.title = document->title, .label = -1, .number = read->number};
    if (!file->titles || document->title.length == 0)
        out->body = document->body;
}

static enum tw_read take_record(const struct file_source *file, const struct tw_reader_document *read,
    const struct tw_annotations *annotations, struct tw_arena *arena, struct tw_dataset_sample *out,
    struct tw_error *err)
{
    if (!tw_annotations_has_label(annotations)) {
        tw_fail(err, TW_REFUSED, NULL, "give it label, or entities: [{\"name\":..., \"label\":...}]",
            "the record has no label");
        return tw_reader_refuse(file->reader, read, err, err);
    }
    *out = (struct tw_dataset_sample){.title = read->document.title,
        .body = read->document.body,
        .label = annotations->label,
        .number = read->number};
    return take_entities(annotations, arena, out, err) ? TW_READ_ITEM : TW_READ_FAILED;
}

static enum tw_read next_of_file(
    void *self, struct tw_arena *arena, struct tw_dataset_sample *out, struct tw_error *err)
{
    const struct file_source *file = self;
    struct tw_reader_document record;
    struct tw_annotating annotating = {.numbers = &file->numbers, .needs_labels = true};
    const struct tw_decode_witness witness = tw_annotations_witness(&annotating);
    enum tw_read read = tw_reader_next(file->reader, file->unlabelled ? NULL : &witness, arena, &record, err);
    if (read != TW_READ_ITEM)
        return read;
    if (!file->unlabelled)
        return take_record(file, &record, &annotating.out, arena, out, err);
    take_text(file, &record, out);
    return TW_READ_ITEM;
}

static void close_file(void *self)
{
    struct file_source *file = self;
    tw_reader_close(file->reader);
    free(file);
}

static bool open_file(const char *path, const struct tw_dataset_reading *reading,
    const struct file_source *how, struct tw_dataset_source *out, struct tw_error *err)
{
    struct file_source *file = calloc(1, sizeof *file);
    if (!file)
        return out_of_memory(err);
    *file = *how;
    file->numbers = reading->numbers;
    if (!tw_reader_open(path, reading->decode, reading->stamp_us, reading->intake, &file->reader, err)) {
        free(file);
        return false;
    }
    *out = (struct tw_dataset_source){
        .name = path, .unlabelled = how->unlabelled, .self = file, .next = next_of_file, .close = close_file};
    return true;
}

bool tw_dataset_file(const char *path, const struct tw_dataset_reading *reading,
    struct tw_dataset_source *out, struct tw_error *err)
{
    return open_file(path, reading, &(const struct file_source){0}, out, err);
}

bool tw_dataset_archive(const char *path, const struct tw_dataset_reading *reading, bool titles,
    struct tw_dataset_source *out, struct tw_error *err)
{
    const struct file_source how = {.unlabelled = true, .titles = titles};
    return open_file(path, reading, &how, out, err);
}

/* ---- reading ---- */

bool tw_dataset_new(const struct tw_dataset_options *options, struct tw_dataset **out, struct tw_error *err)
{
    struct tw_dataset *dataset = calloc(1, sizeof *dataset);
    *out = NULL;
    if (!dataset)
        return out_of_memory(err);
    dataset->options = *options;
    if (!tw_arena_begin(&dataset->arena, options->limit_bytes ? options->limit_bytes : LIMIT_BYTES, err)) {
        free(dataset);
        return false;
    }
    *out = dataset;
    return true;
}

void tw_dataset_free(struct tw_dataset *dataset)
{
    if (!dataset)
        return;
    tw_arena_end(&dataset->arena);
    free(dataset->examples);
    free(dataset->names);
    free(dataset);
}

static bool name_source(struct tw_dataset *dataset, const char *name, struct tw_error *err)
{
    const char **names =
        reallocarray(dataset->names, dataset->source_count + 1, sizeof *names); /* sources are few */
    if (!names)
        return out_of_memory(err);
    dataset->names = names;
    struct tw_text copy = tw_arena_copy(&dataset->arena, tw_text_of(name));
    if (!copy.bytes)
        return tw_arena_fail(&dataset->arena, err);
    names[dataset->source_count++] = copy.bytes;
    return true;
}

static struct tw_example *new_example(struct tw_dataset *dataset)
{
    if (dataset->count == dataset->room) {
        size_t room = dataset->room ? dataset->room * 2 : 1024;
        struct tw_example *examples = reallocarray(dataset->examples, room, sizeof *examples);
        if (!examples)
            return NULL;
        dataset->examples = examples;
        dataset->room = room;
    }
    return &dataset->examples[dataset->count++];
}

static bool clean_text(const struct tw_dataset *dataset, const struct tw_dataset_sample *record,
    struct tw_arena *scratch, struct tw_text *out, struct tw_error *err)
{
    struct tw_document document = {.title = record->title, .body = record->body};
    if (!(dataset->options.raw ? tw_clean_raw(&document, scratch, err) : tw_clean(&document, scratch, err)))
        return false;
    *out = document.text;
    return true;
}

/* Names are cleaned as the text is ("AT&amp;T" is inspected for as "AT&T"); their places are found. */
static bool keep_entities(struct tw_dataset *dataset, const struct tw_dataset_sample *record,
    struct tw_arena *scratch, struct tw_example *example, struct tw_error *err)
{
    uint32_t count = record->entity_count;
    struct tw_dataset_entity *kept = tw_arena_array(&dataset->arena, count, sizeof *kept);
    struct tw_text *names = tw_arena_array(scratch, count, sizeof *names);
    struct tw_place *places = tw_arena_array(scratch, count, sizeof *places);
    if (!kept)
        return tw_arena_fail(&dataset->arena, err);
    if (!names || !places)
        return tw_arena_fail(scratch, err);
    for (uint32_t at = 0; at < count; at++) {
        names[at] = record->entities[at].name;
        if (!dataset->options.raw)
            names[at] = tw_clean_text(names[at], scratch);
        if (!names[at].bytes)
            return tw_arena_fail(scratch, err);
    }
    tw_locate_names(example->text, names, count, places);
    for (uint32_t at = 0; at < count; at++) {
        kept[at] = (struct tw_dataset_entity){.name = tw_arena_copy(&dataset->arena, names[at]),
            .place = places[at],
            .label = record->entities[at].label};
        if (!kept[at].name.bytes)
            return tw_arena_fail(&dataset->arena, err);
    }
    example->entities = kept;
    example->entity_count = count;
    return true;
}

/* The one label of all entities; -1 when they differ, or one has none. */
static int32_t agreed_label(const struct tw_example *example)
{
    for (uint32_t at = 1; at < example->entity_count; at++)
        if (example->entities[at].label != example->entities[0].label)
            return -1;
    return example->entity_count ? example->entities[0].label : -1;
}

static bool below_share(uint64_t hash, double share)
{
    return (double)(hash >> 11) * 0x1p-53 < share;
}

bool tw_dataset_holds_back(struct tw_text text, double share)
{
    return below_share(XXH3_64bits(text.bytes, text.length), share);
}

static bool keep_record(struct tw_dataset *dataset, const struct tw_dataset_source *source,
    const struct tw_dataset_sample *record, struct tw_arena *scratch, struct tw_error *err)
{
    struct tw_example example = {.label = record->label,
        .weight = source->weight > 0 ? (float)source->weight : 1.0F,
        .source = (uint32_t)(dataset->source_count - 1),
        .number = record->number,
        .learn_only = source->learn_only};
    struct tw_text cleaned;
    if (!clean_text(dataset, record, scratch, &cleaned, err))
        return false;
    example.text = tw_arena_copy(&dataset->arena, cleaned);
    if (!example.text.bytes)
        return tw_arena_fail(&dataset->arena, err);
    example.hash = XXH3_64bits(example.text.bytes, example.text.length);
    example.origin = source->unlabelled ? 0 : example.hash;
    example.validation =
        source->validation || (!source->unlabelled && !source->learn_only &&
                                  below_share(example.hash, dataset->options.validation_share));
    if (!keep_entities(dataset, record, scratch, &example, err))
        return false;
    /* Validation measures labels that somebody gave, none that were made from others. */
    if (dataset->options.agreed_labels && example.label < 0 && !example.validation)
        example.label = agreed_label(&example);
    struct tw_example *kept = new_example(dataset);
    if (!kept)
        return out_of_memory(err);
    *kept = example;
    return true;
}

bool tw_dataset_add(struct tw_dataset *dataset, const struct tw_example *example, struct tw_error *err)
{
    struct tw_example added = *example;
    struct tw_dataset_entity *entities =
        tw_arena_array(&dataset->arena, example->entity_count, sizeof *entities);
    added.text = tw_arena_copy(&dataset->arena, example->text);
    if (!entities || !added.text.bytes)
        return tw_arena_fail(&dataset->arena, err);
    for (uint32_t at = 0; at < example->entity_count; at++) {
        entities[at] = example->entities[at];
        entities[at].name = tw_arena_copy(&dataset->arena, example->entities[at].name);
        if (!entities[at].name.bytes)
            return tw_arena_fail(&dataset->arena, err);
    }
    added.entities = entities;
    added.hash = XXH3_64bits(added.text.bytes, added.text.length);
    struct tw_example *kept = new_example(dataset);
    if (!kept)
        return out_of_memory(err);
    *kept = added;
    return true;
}

/* Goes on after a refusal only when somebody is told of it. */
static bool report_refusal(struct tw_dataset *dataset, struct tw_error *err)
{
    dataset->refused++;
    if (!dataset->options.on_refused)
        return false;
    dataset->options.on_refused(dataset->options.on_refused_context, err);
    *err = (struct tw_error){0};
    return true;
}

static bool read_records(struct tw_dataset *dataset, struct tw_dataset_source *source,
    struct tw_arena *scratch, struct tw_error *err)
{
    for (;;) {
        struct tw_dataset_sample record = {.label = -1};
        tw_arena_reset(scratch, KEEP_BYTES);
        switch (source->next(source->self, scratch, &record, err)) {
        case TW_READ_ITEM:
            if (!keep_record(dataset, source, &record, scratch, err))
                return false;
            break;
        case TW_READ_REFUSED:
            if (!report_refusal(dataset, err))
                return false;
            break;
        case TW_READ_END:
            return true;
        case TW_READ_FAILED:
            return false;
        }
    }
}

bool tw_dataset_read(struct tw_dataset *dataset, struct tw_dataset_source *source, struct tw_error *err)
{
    struct tw_arena scratch = {0};
    size_t before = dataset->count;
    bool read = name_source(dataset, source->name, err) && tw_arena_begin(&scratch, SCRATCH_BYTES, err) &&
                read_records(dataset, source, &scratch, err);
    if (read && dataset->count == before)
        read = tw_fail(err, TW_CONFIG, source->name,
            source->unlabelled ? "give records with text, one a line"
                               : "give records with text and label, one a line",
            "no usable record");
    tw_arena_end(&scratch);
    source->close(source->self);
    source->self = NULL;
    return read;
}

/* ---- FILE:WEIGHT ---- */

static bool is_there(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool tw_dataset_argument(const char *argument, char *path, size_t size, double *weight, struct tw_error *err)
{
    const char *colon = strrchr(argument, ':');
    size_t length = strlen(argument);
    *weight = 1;
    if (colon && !is_there(argument)) {
        char *end;
        double number = strtod(colon + 1, &end);
        if (end != colon + 1 && !*end) {
            if (!isfinite(number) || number <= 0)
                return tw_fail(err, TW_USAGE, argument, "FILE:WEIGHT with a number above 0",
                    "the weight %s is none", colon + 1);
            *weight = number;
            length = (size_t)(colon - argument);
        }
    }
    if (length >= size)
        return tw_fail(err, TW_USAGE, argument, "give a shorter path", "path too long");
    memcpy(path, argument, length);
    path[length] = '\0';
    return true;
}

/* ---- inspecting ---- */

/* What two records are compared by. */
struct print {
    uint64_t hash, near_hash;
    uint64_t labels; /* hash of all labels */
    bool validation;
};

static int by_hash(const void *left, const void *right)
{
    const struct print *a = left, *b = right;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

static int by_near_hash(const void *left, const void *right)
{
    const struct print *a = left, *b = right;
    return (a->near_hash > b->near_hash) - (a->near_hash < b->near_hash);
}

/* The text without case (ASCII), digits, punctuation and spaces. */
static uint64_t near_hash(struct tw_text text, struct tw_arena *scratch)
{
    char *letters = tw_arena_take(scratch, text.length);
    size_t count = 0;
    for (size_t at = 0; letters && at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        if (byte >= 'A' && byte <= 'Z')
            byte = (unsigned char)(byte + ('a' - 'A'));
        if ((byte >= 'a' && byte <= 'z') || byte >= 0x80)
            letters[count++] = (char)byte;
    }
    return letters && count ? XXH3_64bits(letters, count) : XXH3_64bits(text.bytes, text.length);
}

static uint64_t hash_labels(const struct tw_example *example)
{
    uint64_t hash = (uint64_t)(uint32_t)example->label;
    for (uint32_t at = 0; at < example->entity_count; at++)
        hash = XXH3_64bits_withSeed(example->entities[at].name.bytes, example->entities[at].name.length,
            hash * 4 + (uint64_t)(example->entities[at].label + 1));
    return hash;
}

/* The end of the run of prints that agree with the first one. */
static size_t run_end(const struct print *prints, size_t begin, size_t count, bool nearly)
{
    size_t end = begin + 1;
    while (end < count && (nearly ? prints[end].near_hash == prints[begin].near_hash
                                  : prints[end].hash == prints[begin].hash))
        end++;
    return end;
}

/* Records for training in a run that also holds one for validation. */
static size_t count_across(const struct print *run, size_t count)
{
    size_t validation = 0;
    for (size_t at = 0; at < count; at++)
        validation += run[at].validation;
    return validation ? count - validation : 0;
}

static void compare_prints(struct print *prints, size_t count, struct tw_dataset_facts *out)
{
    qsort(prints, count, sizeof *prints, by_hash);
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = run_end(prints, begin, count, false);
        out->repeated += end - begin - 1;
        out->across += count_across(prints + begin, end - begin);
        for (size_t at = begin + 1; at < end; at++)
            out->contradicting += prints[at].labels != prints[begin].labels;
    }
    qsort(prints, count, sizeof *prints, by_near_hash);
    for (size_t begin = 0, end; begin < count; begin = end) {
        end = run_end(prints, begin, count, true);
        out->nearly_across += count_across(prints + begin, end - begin);
    }
}

static bool count_tokens(const struct tw_tokenizer *tokenizer, uint32_t most_tokens, struct tw_text text,
    struct tw_arena *scratch, struct tw_dataset_facts *out, struct tw_error *err)
{
    struct tw_tokens tokens;
    if (!tw_tokenize(tokenizer, text, NULL, TW_TOKENS_UNLIMITED, scratch, &tokens, err))
        return false;
    out->tokens += tokens.count > 2 ? tokens.count - 2 : 0;
    out->unknown += tokens.unknown;
    out->cut += tokens.count > most_tokens;
    if (tokens.count > out->longest)
        out->longest = tokens.count;
    return true;
}

static void count_labels(const struct tw_example *example, struct tw_dataset_facts *out)
{
    size_t *labels = example->validation ? out->validation_labels : out->labels;
    size_t *entity_labels = example->validation ? out->validation_entity_labels : out->entity_labels;
    if (example->label >= 0)
        labels[example->label]++;
    for (uint32_t at = 0; at < example->entity_count; at++) {
        const struct tw_dataset_entity *entity = &example->entities[at];
        if (entity->label >= 0)
            entity_labels[entity->label]++;
        out->lost_entities += entity->place.begin == entity->place.end;
    }
    out->entities += example->entity_count;
    out->validation += example->validation;
    out->training += !example->validation;
}

static bool inspect_examples(const struct tw_dataset *dataset, const struct tw_tokenizer *tokenizer,
    uint32_t most_tokens, struct tw_arena *scratch, struct print *prints, struct tw_dataset_facts *out,
    struct tw_error *err)
{
    for (size_t at = 0; at < dataset->count; at++) {
        const struct tw_example *example = &dataset->examples[at];
        tw_arena_reset(scratch, KEEP_BYTES);
        count_labels(example, out);
        prints[at] = (struct print){
            example->hash, near_hash(example->text, scratch), hash_labels(example), example->validation};
        if (tokenizer && !count_tokens(tokenizer, most_tokens, example->text, scratch, out, err))
            return false;
    }
    compare_prints(prints, dataset->count, out);
    return true;
}

bool tw_dataset_inspect(const struct tw_dataset *dataset, const struct tw_tokenizer *tokenizer,
    uint32_t most_tokens, struct tw_dataset_facts *out, struct tw_error *err)
{
    struct tw_arena scratch;
    *out = (struct tw_dataset_facts){.records = dataset->count, .refused = dataset->refused};
    if (!tw_arena_begin(&scratch, SCRATCH_BYTES, err))
        return false;
    struct print *prints = calloc(dataset->count ? dataset->count : 1, sizeof *prints);
    bool inspected = prints ? inspect_examples(dataset, tokenizer, most_tokens, &scratch, prints, out, err)
                            : out_of_memory(err);
    free(prints);
    tw_arena_end(&scratch);
    return inspected;
}

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

bool tw_dataset_keep_apart(struct tw_dataset *dataset, size_t *dropped, struct tw_error *err)
{
    uint64_t *held = calloc(dataset->count ? dataset->count : 1, sizeof *held);
    size_t held_count = 0, kept = 0;
    if (!held)
        return out_of_memory(err);
    for (size_t at = 0; at < dataset->count; at++)
        if (dataset->examples[at].validation)
            held[held_count++] = dataset->examples[at].hash;
    qsort(held, held_count, sizeof *held, by_number);
    for (size_t at = 0; at < dataset->count; at++) {
        const struct tw_example *example = &dataset->examples[at];
        if (example->validation || !bsearch(&example->hash, held, held_count, sizeof *held, by_number))
            dataset->examples[kept++] = *example;
    }
    *dropped = dataset->count - kept;
    dataset->count = kept;
    free(held);
    return true;
}
