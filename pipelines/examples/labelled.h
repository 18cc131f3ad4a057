/* labelled: the records that a model learns labels from, and those that are held back of them.
 *   in    files of settings, FILE or FILE:WEIGHT
 *   out   a dataset (dataset.h); indices of what is learned, of what is held back
 *
 *     tw_labelled_read(&sources, &labelled, err)
 *     ... more sources into labelled.dataset ...
 *     tw_labelled_split(&labelled, &sources, arena, err)
 *     tw_labelled_end(&labelled)
 *
 * A text that is held back is not learned, from whatever source it comes again. Errors: those of dataset.h;
 * TW_USAGE when no file is named, TW_CONFIG when nothing is left to learn from. */
#ifndef TW_LABELLED_H
#define TW_LABELLED_H

#include "examples/dataset.h"
#include "examples/fold.h"
#include "files/settings.h"

/* What is read, and how. */
struct tw_labelled_sources {
    const struct tw_setting_texts *data, *learn_only, *validation; /* learn_only: nothing is held back */
    const char *feedback;    /* a file more of the data (feedback.h); NULL or "": none */
    double validation_share; /* of the data, when there are no files for validation */
    struct tw_fold left_out; /* of the data: dropped, but for what is held back */
    bool agreed_labels, raw;
    const char *record_labels; /* what numbers mean that stand for labels (annotations.h) */
    const char *usage;         /* the cure when no file is named */
    const struct tw_decode_options *decode;
    int64_t stamp_us;         /* time of reading */
    struct tw_intake *intake; /* counts what is read, or NULL */
    bool skip_refused;        /* tell on_refused of records that cannot be used, count them, and go on */
    void *context;
    /* Either may be NULL. */
    void (*on_refused)(void *context, const struct tw_error *why);
    void (*on_report_line)(void *context, const char *line); /* a line for people */
};

struct tw_labelled {
    struct tw_dataset *dataset;
    size_t *training, *validation; /* indices of examples; in the arena */
    size_t training_count, validation_count;
};

/* Reads all files; the fold that is left out is gone then. What was read is ended by tw_labelled_end, on
 * failure too. */
TW_MUST_USE bool tw_labelled_read(
    const struct tw_labelled_sources *sources, struct tw_labelled *out, struct tw_error *err);
/* Drops what is not for validation, but stands there too; a line says how many. A part of tw_labelled_split;
 * before it for whoever makes new records of those that were read. */
TW_MUST_USE bool tw_labelled_keep_apart(
    struct tw_labelled *labelled, const struct tw_labelled_sources *sources, struct tw_error *err);
/* Fills the indices of what is learned and of what is held back. */
TW_MUST_USE bool tw_labelled_split(struct tw_labelled *labelled, const struct tw_labelled_sources *sources,
    struct tw_arena *arena, struct tw_error *err);
/* A zeroed struct is safe to end. */
void tw_labelled_end(struct tw_labelled *labelled);

/* Heads for which there is a label among the examples to learn from: TW_PART_*. */
unsigned tw_labelled_parts(const struct tw_labelled *labelled);

#endif
