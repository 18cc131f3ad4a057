#include "distill/transfer.h"

#include "examples/augment.h"
#include "examples/link_unlabelled.h"
#include "examples/splice.h"
#include "files/reader.h"

#include <string.h>

#define SCRATCH_BYTES ((size_t)64 << 20)

/* While it is read. */
struct reading {
    const struct tw_distill_settings *settings;
    const struct tw_run_call *call;
    struct tw_arena *arena;
    struct tw_transfer *out;
};

static struct tw_labelled_sources sources_of(const struct reading *reading, bool inspecting)
{
    const struct tw_distill_settings *settings = reading->settings;
    const struct tw_run_call *call = reading->call;
    return (struct tw_labelled_sources){.data = &settings->data,
        .learn_only = &settings->learn_only,
        .validation = &settings->validation,
        .validation_share = settings->validation_share,
        .agreed_labels = settings->agreed_labels,
        .record_labels = settings->record_labels,
        .raw = settings->raw,
        .decode = call->decode,
        .stamp_us = call->stamp_us,
        .intake = call->watch.intake,
        .skip_refused = settings->skip_refused || inspecting,
        .context = call->watch.context,
        .on_refused = call->watch.on_refused,
        .on_report_line = call->watch.on_report_line,
        .usage = "tapewatch distill --teacher MODEL -m STUDENT -o FOLDER FILE..."};
}

/* Files, and those of folders. */
static bool list_archives(struct reading *reading, const struct tw_setting_texts *paths,
    struct tw_setting_texts *out, struct tw_error *err)
{
    for (size_t at = 0; at < paths->count; at++) {
        struct tw_reader_paths files;
        if (!tw_reader_list(paths->items[at], reading->arena, &files, err))
            return false;
        const char **items = tw_arena_array(reading->arena, out->count + files.count, sizeof *out->items);
        if (!items)
            return tw_arena_fail(reading->arena, err);
        if (out->count)
            memcpy(items, out->items, out->count * sizeof *items);
        memcpy(items + out->count, files.items, files.count * sizeof *items);
        *out = (struct tw_setting_texts){items, out->count + files.count};
    }
    return true;
}

static bool read_archives(
    struct reading *reading, const struct tw_setting_texts *files, bool titles, struct tw_error *err)
{
    const struct tw_run_call *call = reading->call;
    const struct tw_dataset_reading how = {
        .decode = call->decode, .stamp_us = call->stamp_us, .intake = call->watch.intake};
    for (size_t at = 0; at < files->count; at++) {
        struct tw_dataset_source source;
        if (!tw_dataset_archive(files->items[at], &how, titles, &source, err) ||
            !tw_dataset_read(reading->out->records.dataset, &source, err))
            return false;
    }
    return true;
}

/* Takes out texts without labels beyond their share; [first, count) are theirs. */
static void thin_out(struct tw_dataset *dataset, size_t first, double share)
{
    size_t kept = first;
    for (size_t at = first; at < dataset->count; at++)
        if (share >= 1 || tw_dataset_holds_back(dataset->examples[at].text, share))
            dataset->examples[kept++] = dataset->examples[at];
    dataset->count = kept;
}

static bool read_texts(struct reading *reading, struct tw_error *err)
{
    const struct tw_distill_settings *settings = reading->settings;
    struct tw_dataset *dataset = reading->out->records.dataset;
    size_t first = dataset->count;
    if (!list_archives(reading, &settings->unlabelled, &reading->out->texts, err) ||
        !list_archives(reading, &settings->titles, &reading->out->titles, err) ||
        !read_archives(reading, &reading->out->texts, false, err) ||
        !read_archives(reading, &reading->out->titles, true, err))
        return false;
    thin_out(dataset, first, settings->unlabelled_share);
    return true;
}

/* Changed copies of the labelled records, behind all others. They differ from each other as epochs of
 * finetune do. Generated records need none: another seed makes more of them. */
static bool make_copies(struct reading *reading, struct tw_error *err)
{
    struct tw_dataset *dataset = reading->out->records.dataset;
    const struct tw_templates *templates = reading->out->templates;
    struct tw_augment augment = {
        .kinds = TW_AUGMENT_ENTITY_SWAP | TW_AUGMENT_NUMBER_JITTER | (templates ? TW_AUGMENT_FRAMES : 0U),
        .text_rate = 1,
        .templates = templates,
        .seed = reading->settings->run.seed};
    struct tw_arena scratch;
    size_t originals = dataset->count;
    if (!tw_augment_names(dataset, reading->arena, &augment, err) ||
        !tw_arena_begin(&scratch, SCRATCH_BYTES, err))
        return false;
    bool made = true;
    for (uint64_t copy = 0; copy < reading->settings->augment_copies; copy++)
        for (size_t at = 0; made && at < originals; at++) {
            struct tw_example example = dataset->examples[at], changed;
            if (example.validation || example.learn_only || (example.label < 0 && example.entity_count == 0))
                continue;
            tw_arena_reset(&scratch, SCRATCH_BYTES);
            made = tw_augment_text(&augment, (uint32_t)copy, at, &example, &scratch, &changed, err);
            if (!made || (changed.text.length == example.text.length &&
                             memcmp(changed.text.bytes, example.text.bytes, example.text.length) == 0))
                continue;
            made = tw_dataset_add(dataset, &changed, err);
        }
    tw_arena_end(&scratch);
    return made;
}

/* Mixtures of two labelled texts of one file; the teacher alone says what they mean. */
static bool splice_texts(struct reading *reading, size_t labelled, struct tw_error *err)
{
    struct tw_dataset *dataset = reading->out->records.dataset;
    uint64_t seed = reading->settings->run.seed;
    struct tw_arena scratch;
    if (!tw_arena_begin(&scratch, SCRATCH_BYTES, err))
        return false;
    bool made = true;
    for (uint32_t copy = 0; copy < reading->settings->splice_copies; copy++)
        for (size_t at = 0; made && at < labelled; at++) {
            size_t partner = (size_t)tw_splice_partner(seed, copy, at, labelled);
            struct tw_example mixed = dataset->examples[at], other = dataset->examples[partner];
            if (mixed.validation || other.validation || mixed.source != other.source || mixed.learn_only)
                continue;
            mixed.spliced = true;
            mixed.label = -1;
            mixed.entity_count = 0;
            tw_arena_reset(&scratch, SCRATCH_BYTES);
            made =
                tw_splice(seed, copy, at, dataset->examples[at].text, other.text, &scratch, &mixed.text, err);
            if (!made || mixed.text.length == 0)
                continue;
            made = tw_dataset_add(dataset, &mixed, err);
        }
    tw_arena_end(&scratch);
    return made;
}

static bool read_all(struct reading *reading, bool inspecting, struct tw_error *err)
{
    const struct tw_labelled_sources sources = sources_of(reading, inspecting);
    struct tw_labelled *records = &reading->out->records;
    if (!tw_labelled_read(&sources, records, err) || !tw_labelled_keep_apart(records, &sources, err))
        return false;
    size_t labelled = records->dataset->count;
    if (!read_texts(reading, err) || !tw_labelled_keep_apart(records, &sources, err))
        return false;
    size_t read = records->dataset->count;
    /* Copies come before links: a labelled record takes the names of others like it, not symbols out of an
     * archive. */
    const struct tw_link_unlabelled_options links = {
        .entities = reading->settings->entities, .symbols = reading->settings->link_symbols};
    if (!make_copies(reading, err) || !splice_texts(reading, labelled, err) ||
        !tw_link_unlabelled(
            &links, records->dataset, labelled, read, reading->arena, &reading->out->named, err) ||
        !tw_labelled_split(records, &sources, reading->arena, err))
        return false;
    for (size_t at = 0; at < records->training_count; at++) {
        reading->out->labelled += records->training[at] < labelled;
        reading->out->unlabelled += records->training[at] >= labelled && records->training[at] < read;
        reading->out->copies += records->training[at] >= read;
    }
    return true;
}

bool tw_transfer_read(const struct tw_distill_settings *settings, const struct tw_run_call *call,
    bool inspecting, struct tw_arena *arena, struct tw_transfer *out, struct tw_error *err)
{
    struct reading reading = {.settings = settings, .call = call, .arena = arena, .out = out};
    return (!settings->templates[0] || tw_templates_read(settings->templates, arena, &out->templates, err)) &&
           read_all(&reading, inspecting, err);
}

void tw_transfer_end(struct tw_transfer *transfer)
{
    tw_labelled_end(&transfer->records);
    tw_templates_free(transfer->templates);
    transfer->templates = NULL;
}
