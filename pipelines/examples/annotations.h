/* annotations: what people said of a record beside its text: its label, the entities that it speaks of, how
 * far they agree.
 *   in    a line of JSON that decode (decode.h) has read: it takes the text and does not know of these fields
 *   out   struct tw_annotations, its names in the arena
 *
 *     label      of the text: negative|bearish, neutral, positive|bullish, case ignored
 *     entities   [{"name":..., "label":...}], a label as above or none
 *     agree      how many per cent of those who labelled the record agree, a whole number
 *
 * A field that is absent or null is not given. Errors: TW_REFUSED, where = the field, for a label that is
 * none of ours and for an entity without a name beside named ones; TW_FULL. A strange `agree` is no error:
 * it is a fact about the labels, not a label. */
#ifndef TW_ANNOTATIONS_H
#define TW_ANNOTATIONS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

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

/* Reads those of one line, which decode has accepted. */
TW_MUST_USE bool tw_annotations_read(
    struct tw_text line, struct tw_arena *arena, struct tw_annotations *out, struct tw_error *err);

/* Is there a label at all, of the text or of an entity? */
bool tw_annotations_has_label(const struct tw_annotations *annotations);

#endif
