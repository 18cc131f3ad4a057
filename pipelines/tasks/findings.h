/* findings: what an evaluation found, in counters: the whole, slices of it, conflicting headlines apart, the
 * worst errors.
 *   in    records with labels and scores, one after another (record.h)
 *   out   measures (measures.h) of each part
 *
 *     struct tw_findings *findings;
 *     if (!tw_findings_new(20, &findings, err)) return false;
 *     tw_findings_add(findings, record);              // for each record that carries a label
 *     ... tw_measures_report(&findings->documents) ...
 *     tw_findings_free(findings);
 *
 * Slices. Every record stands in exactly one slice of each kind, so those of a kind sum to the whole:
 *   source      the record's `source`, as it is spelled
 *   length      tokens that the model read, [CLS] and [SEP] included
 *   agreement   the record's `agree`: how many per cent of those who labelled it agree
 * Records that do not say it share a slice of their own, `not given`. The first TW_FINDINGS_SOURCES sources
 * of a file have their own; those that come later, and names of TW_SLICE_NAME_BYTES and more, share `others`.
 * Slices are in order: of lengths and per cents, of the bytes of names; not given and others last.
 *
 * Conflicting. A headline in which one entity is labelled positive and another negative: no single label can
 * be right for it, so its entities are measured apart from those of all other records.
 *
 * Worst. Wrong, with the highest confidence; the earlier of equals. Texts are kept cut to
 * TW_WORST_TEXT_BYTES.
 *
 * Memory is bounded (0.2 MB and 3 KB for each of the worst) whatever the file. Adding in the same order gives
 * the same bits. */
#ifndef TW_FINDINGS_H
#define TW_FINDINGS_H

#include <stdio.h>

#include "measure/measures.h"

enum { TW_FINDINGS_SOURCES = 64, TW_SLICE_NAME_BYTES = 128, TW_WORST_TEXT_BYTES = 1024 };

enum tw_slice_kind { TW_SLICE_SOURCE, TW_SLICE_LENGTH, TW_SLICE_AGREEMENT, TW_SLICE_KINDS };
/* "source", "length", "agreement". */
extern const char *const tw_slice_kind_names[TW_SLICE_KINDS];

enum tw_slice_what { TW_SLICE_VALUE, TW_SLICE_NOT_GIVEN, TW_SLICE_OTHERS };

struct tw_slice {
    enum tw_slice_what what;
    uint32_t rank;                  /* of a value: its order before that of names */
    char name[TW_SLICE_NAME_BYTES]; /* "Reuters"; "17-32"; "66"; empty unless a value */
    struct tw_measures documents, entities;
};

struct tw_slices {
    struct tw_slice *items;
    uint32_t count;
    bool given; /* some record says it: with false they are no news */
};

struct tw_conflicts {
    uint64_t records;      /* with a positive and a negative entity */
    uint64_t wholly_right; /* of these: with every label met */
    struct tw_measures entities, other_entities;
};

struct tw_worst_error {
    uint64_t line;
    char text[TW_WORST_TEXT_BYTES]; /* as the model read it */
    char id[TW_SLICE_NAME_BYTES];
    char entity[TW_SLICE_NAME_BYTES]; /* empty: the error is about the text */
    uint32_t label, predicted;
    struct tw_score score;
};

struct tw_worst {
    struct tw_worst_error *items; /* the worst first */
    uint32_t count, most;
};

struct tw_findings {
    uint64_t records; /* added */
    struct tw_measures documents, entities;
    struct tw_slices slices[TW_SLICE_KINDS];
    struct tw_conflicts conflicts;
    struct tw_worst worst_documents, worst_entities;
};

struct tw_record;

/* Keeps the `most_worst` worst of texts, and as many of entities; 0: none. TW_INTERNAL without memory. */
TW_MUST_USE bool tw_findings_new(uint32_t most_worst, struct tw_findings **out, struct tw_error *err);
/* NULL is fine. */
void tw_findings_free(struct tw_findings *findings);

/* Counts a record that was scored. Its label and those of its entities are -1 where none was given. */
void tw_findings_add(struct tw_findings *findings, const struct tw_record *record);

/* What people call a slice: "Reuters", "17-32 tokens", "66%", "not given", "others". */
void tw_findings_slice_title(enum tw_slice_kind kind, const struct tw_slice *slice, char *title, size_t size);

/* One object on one line. First what stood there from the beginning, {"documents":{..},"entities":{..}}, each
 * {"n":..,"accuracy":..,"macro_f1":..,"ece":..,"per_class":{..},"confusion":[[..]]}; then
 * "conflicting":{"records":..,"wholly_right":..,"entities":{as above},"other_entities":{as above}},
 * "slices":{"source":[{"value":..,"documents":{"n":..,"accuracy":..,"macro_f1":..,"ece":..},
 * "entities":{..}}],
 * "length":[..],
 * "agreement":[..]}. A kind that no record tells of is an empty array; "value" is null for records that do
 * not tell it, and "others":true stands with it for sources beyond the first TW_FINDINGS_SOURCES. */
void tw_findings_json(const struct tw_findings *findings, FILE *out);

#endif
