#include "files/texts.h"

#include "clean/clean.h"
#include "files/reader.h"

#define SCRATCH_BYTES ((size_t)8 << 30) /* address space: one record and what is made of it */
#define KEEP_BYTES ((size_t)4 << 20)
enum { RECORDS_BETWEEN_QUESTIONS = 1024 };

struct reading {
    const struct tw_texts_options *options;
    const char *path;
    struct tw_reader *reader;
    struct tw_arena scratch;
    tw_texts_take *take;
    void *self;
};

static bool give_text(struct reading *reading, struct tw_reader_document *record, struct tw_error *err)
{
    struct tw_document *document = &record->document;
    bool cleaned = reading->options->raw ? tw_clean_raw(document, &reading->scratch, err)
                                         : tw_clean(document, &reading->scratch, err);
    return cleaned && reading->take(reading->self, document->text, &reading->scratch, err);
}

/* Goes on after a refusal only when somebody is told of it. */
static bool report_refusal(const struct tw_texts_options *options, uint64_t *refused, struct tw_error *err)
{
    ++*refused;
    if (!options->on_refused)
        return false;
    options->on_refused(options->context, err);
    *err = (struct tw_error){0};
    return true;
}

static bool check_stopped(const struct reading *reading, uint64_t records, struct tw_error *err)
{
    const struct tw_texts_options *options = reading->options;
    if (records % RECORDS_BETWEEN_QUESTIONS != 0 || !options->stopped || !options->stopped(options->context))
        return true;
    return tw_fail(err, TW_INTERRUPTED, reading->path, "begin anew", "interrupted while the texts were read");
}

static bool read_records(struct reading *reading, uint64_t *refused, struct tw_error *err)
{
    for (uint64_t records = 1;; records++) {
        struct tw_reader_document record;
        if (!check_stopped(reading, records, err))
            return false;
        tw_arena_reset(&reading->scratch, KEEP_BYTES);
        switch (tw_reader_next(reading->reader, NULL, &reading->scratch, &record, err)) {
        case TW_READ_ITEM:
            if (!give_text(reading, &record, err))
                return false;
            break;
        case TW_READ_REFUSED:
            if (!report_refusal(reading->options, refused, err))
                return false;
            break;
        case TW_READ_END:
            return true;
        case TW_READ_FAILED:
            return false;
        }
    }
}

bool tw_texts_read(const char *path, const struct tw_texts_options *options, tw_texts_take *take, void *self,
    uint64_t *refused, struct tw_error *err)
{
    struct reading reading = {.options = options, .path = path, .take = take, .self = self};
    bool read =
        tw_reader_open(path, options->decode, options->stamp_us, options->intake, &reading.reader, err) &&
        tw_arena_begin(&reading.scratch, SCRATCH_BYTES, err) && read_records(&reading, refused, err);
    tw_arena_end(&reading.scratch);
    tw_reader_close(reading.reader);
    return read;
}
