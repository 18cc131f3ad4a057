/* annotations: what people said of a record beside its text: its label, the entities that it speaks of, how
 * far they agree.
 *   in    the object that holds the fields of a document (decode.h), and the envelope around it
 *   out   struct tw_annotations, its names in the arena
 *
 *     label      of the text: a word (labels.h), or a number, when it was told what numbers mean
 *     entities   [{"name":..., "label":...}], a label as above or none; or {"NAME": label, ...}
 *     agree      how many per cent of those who labelled the record agree, a whole number
 *
 * A text is read for the number or the list that it holds, as a cell of a table does. A field that is absent
 * or null is not given. Other names under which the same is found: `sentiment`, `gold_label`, `polarity` and
 * `labels` for the label, `aspects`, `targets` and `companies` for the entities; in an entity `text`,
 * `entity`, `target`, `aspect`, `company`, `symbol` for its name, `sentiment`, `polarity` for its label.
 * Under those names something else may stand: what is no label of ours is none.
 *
 * Errors, but for whoever needs no labels: TW_REFUSED, where = the field, for a `label` that is none of ours
 * and for an entity without a name beside named ones; TW_FULL. A strange `agree` is no error: it is a fact
 * about the labels, not a label. */
#ifndef TW_ANNOTATIONS_H
#define TW_ANNOTATIONS_H

#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "read/decode.h"

/* What numbers mean that stand for labels: 0, 1, 2 are often negative, neutral, positive, and often not. */
struct tw_label_numbers {
    bool given;
    int64_t numbers[3]; /* of enum tw_class */
};

/* Reads "negative,neutral,positive", the classes of 0, 1 and 2, or "-1:negative,0:neutral,1:positive". Words
 * as in labels.h; each class once. Nothing is given by NULL and by "". TW_USAGE when it is neither. */
TW_MUST_USE bool tw_label_numbers_read(const char *text, struct tw_label_numbers *out, struct tw_error *err);

struct tw_annotated_entity {
    struct tw_text name; /* as it is spelled there, not cleaned */
    int32_t label;       /* 0 negative, 1 neutral, 2 positive; -1: none given */
};

struct tw_annotations {
    const struct tw_annotated_entity *entities;
    uint32_t entity_count;
    bool names_entities; /* the record has `entities`, be it an empty list */
    int32_t label;       /* of the text; -1: none given */
    int32_t agreement;   /* per cent; -1: none given */
};

/* Nothing given. */
struct tw_annotations tw_annotations_none(void);

/* How annotations are read while a message is decoded:
 *
 *     struct tw_annotating annotating = {.numbers = &numbers, .needs_labels = true};
 *     struct tw_decode_witness witness = tw_annotations_witness(&annotating);
 *     tw_decode_witnessed(options, message, &witness, arena, &document, err);    // fills annotating.out */
struct tw_annotating {
    const struct tw_label_numbers *numbers; /* NULL: a number is no label */
    bool needs_labels;                      /* a label that is none of ours is refused */
    struct tw_annotations out;
};

/* Sets `out` to nothing given; the witness reads into `annotating`. */
struct tw_decode_witness tw_annotations_witness(struct tw_annotating *annotating);

/* Is there a label at all, of the text or of an entity? */
bool tw_annotations_has_label(const struct tw_annotations *annotations);

#endif
