/* dataset: labelled records in memory, cleaned as `classify` cleans them, with their entities found in the
 * text.
 *   in    sources of records (files of JSON Lines, plain, gzip or zstd; other sources by the same four
 *         functions), each with a weight
 *   out   struct tw_example by example, in the order of sources and records; which of them are for validation
 *
 *     struct tw_dataset *dataset;
 *     if (!tw_dataset_new(&options, &dataset, err)) return false;
 *     struct tw_dataset_source source;
 *     if (!tw_dataset_file("sets/tweets.jsonl", &reading, &source, err)) ...
 *     if (!tw_dataset_read(dataset, &source, err)) ...        // closes the source, whatever happens
 *     ... dataset->examples[0 .. count) ...
 *     tw_dataset_free(dataset);
 *
 * A record has `text` (or `title` and `body`: decode.h) and `label` (negative|bearish, neutral,
 * positive|bullish) and/or `entities: [{"name":..., "label":...}]`. One that cannot be used (no text, no
 * label, a label that is not one of ours) is refused with file:line. Either the first refusal ends the
 * reading (TW_REFUSED), or, with `on_refused` set, each is told there, counted, and the rest goes on.
 *
 * Split. Hash = XXH3 (64 bits) of the cleaned text; a record is for validation when hash / 2^64 <
 * validation_share. It depends on the text alone: the same text is never on both sides, whatever else is
 * read, in whatever order. A source may be for validation as a whole instead.
 *
 * Errors: TW_REFUSED (file:line) as said; TW_CONFIG for a source without a usable record; TW_IO for an
 * archive that is cut short or broken (archive.h); TW_FULL when the texts need more than `limit_bytes`. */
#ifndef TW_DATASET_H
#define TW_DATASET_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "examples/annotations.h"
#include "files/archive.h"
#include "link/locate.h"

struct tw_decode_options;

struct tw_dataset_entity {
    struct tw_text name;
    struct tw_place place; /* in the example's text */
    int32_t label;         /* 0 negative, 1 neutral, 2 positive; -1: none */
};

struct tw_example {
    struct tw_text text; /* cleaned */
    const struct tw_dataset_entity *entities;
    uint32_t entity_count;
    int32_t label; /* of the text; -1: none */
    float weight;  /* of its source */
    uint32_t source;
    uint64_t number; /* of the record in its source, from 1: for messages */
    uint64_t hash;   /* XXH3 of text */
    /* hash of the record that it was made from: its own, if it was read; 0 in an archive without labels */
    uint64_t origin;
    bool validation;
    bool learn_only; /* of such a source, or made from one of it */
    bool spliced;    /* a mixture of two records (splice.h) */
};

/* One record as a source hands it over, before it is cleaned; texts live until the next call. */
struct tw_dataset_sample {
    struct tw_text title, body; /* as decoded, not cleaned */
    const struct tw_dataset_entity *entities;
    uint32_t entity_count;
    int32_t label;
    uint64_t number;
};

/* Where records come from. A table of a database is one more of these. */
struct tw_dataset_source {
    const char *name; /* for people; lives as long as the dataset */
    double weight;    /* of its examples in the loss; 0: 1 */
    bool validation;  /* all of it is for validation */
    bool learn_only;  /* none of it is: it measures nothing, and calibrates nothing */
    bool unlabelled;  /* likewise: its texts carry no label, and measure nothing */
    void *self;
    /* Places what `out` points to in the arena. Refused: err is TW_REFUSED, where = source:number. */
    enum tw_read (*next)(
        void *self, struct tw_arena *arena, struct tw_dataset_sample *out, struct tw_error *err);
    void (*close)(void *self);
};

struct tw_dataset_options {
    double validation_share; /* [0, 1) */
    bool raw;                /* take texts as they are */
    bool agreed_labels;      /* a text to learn from without label takes the one that all its entities have */
    size_t limit_bytes;      /* 0: 2 GiB */
    /* Told of each refused record; NULL: the first one ends the reading. */
    void (*on_refused)(void *context, const struct tw_error *why);
    void *on_refused_context;
};

struct tw_dataset {
    struct tw_dataset_options options;
    struct tw_arena arena;
    struct tw_example *examples;
    size_t count, room;
    const char **names; /* of sources */
    size_t source_count;
    uint64_t refused;
};

/* An empty dataset. TW_INTERNAL without memory. */
TW_MUST_USE bool tw_dataset_new(
    const struct tw_dataset_options *options, struct tw_dataset **out, struct tw_error *err);
/* NULL is fine. */
void tw_dataset_free(struct tw_dataset *dataset);

/* How files are read. */
struct tw_dataset_reading {
    const struct tw_decode_options *decode;
    int64_t stamp_us;                /* time of reading (decode.h) */
    struct tw_label_numbers numbers; /* what numbers mean that stand for labels */
    struct tw_intake *intake;        /* counts what is read, or NULL */
};

/* Opens a file of records. */
TW_MUST_USE bool tw_dataset_file(const char *path, const struct tw_dataset_reading *reading,
    struct tw_dataset_source *out, struct tw_error *err);

/* Opens an archive whose records need no label; those that they have, and their entities, are not looked at.
 * `titles`: a record that has a title is its title alone. */
TW_MUST_USE bool tw_dataset_archive(const char *path, const struct tw_dataset_reading *reading, bool titles,
    struct tw_dataset_source *out, struct tw_error *err);

/* Adds a copy of an example (its text, names and places), with its own hash: a record that was made of
 * another one. */
TW_MUST_USE bool tw_dataset_add(
    struct tw_dataset *dataset, const struct tw_example *example, struct tw_error *err);

/* Reads a source to its end and closes it. */
TW_MUST_USE bool tw_dataset_read(
    struct tw_dataset *dataset, struct tw_dataset_source *source, struct tw_error *err);

/* "FILE" or "FILE:WEIGHT" (a number above 0; a file whose whole name is there wins) to path, of at most size
 * - 1 bytes, and weight. TW_USAGE. */
TW_MUST_USE bool tw_dataset_argument(
    const char *argument, char *path, size_t size, double *weight, struct tw_error *err);

/* Is a text of this cleaned form held back from learning, with this share? The split's rule, for whoever
 * measures. */
bool tw_dataset_holds_back(struct tw_text text, double share);

/* What is to be known before anything is learned from it. */
struct tw_dataset_facts {
    size_t records, training, validation;
    uint64_t refused;
    size_t labels[3], validation_labels[3];               /* of texts, by class */
    size_t entity_labels[3], validation_entity_labels[3]; /* of entities */
    size_t entities, lost_entities;                       /* lost: never found in their text */
    size_t repeated;                                      /* records whose text stood before */
    size_t contradicting;                                 /* of these, with another label */
    size_t across;        /* records for training whose text stands among those for validation, to the byte */
    size_t nearly_across; /* the same once case, digits and punctuation are left out */
    size_t tokens, unknown; /* of all texts, special tokens not counted */
    size_t cut;             /* texts longer than the model reads */
    size_t longest;         /* tokens */
};

struct tw_tokenizer;

/* Counts them. `tokenizer` may be NULL (no tokens are counted then). TW_INTERNAL without memory. */
TW_MUST_USE bool tw_dataset_inspect(const struct tw_dataset *dataset, const struct tw_tokenizer *tokenizer,
    uint32_t most_tokens, struct tw_dataset_facts *out, struct tw_error *err);

/* Takes examples out of training whose text, to the byte, is for validation; returns how many. (Happens only
 * with a source that is for validation as a whole.) TW_INTERNAL without memory. */
TW_MUST_USE bool tw_dataset_keep_apart(struct tw_dataset *dataset, size_t *dropped, struct tw_error *err);

#endif
