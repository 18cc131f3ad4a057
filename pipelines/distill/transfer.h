/* transfer: the transfer set of a distillation: all texts over which a student learns from its teachers
 * (Hinton et al. 2015, section 2).
 *   in    settings of distill: labelled files, archives, how many copies
 *   out   examples: labelled records, texts without labels, changed copies and mixtures of the labelled ones,
 *         in this order; which are learned, which are held back
 *
 * Texts that are held back are in it in no other form. A text without a label never measures anything.
 * Companies that such texts name are found as `entities` and `link_symbols` say (link_unlabelled.h). Errors:
 * those of labelled.h, dataset.h, reader.h, link_unlabelled.h. */
#ifndef TW_TRANSFER_H
#define TW_TRANSFER_H

#include "cases/templates.h"
#include "distill/distill_settings.h"
#include "examples/labelled.h"
#include "run/run_watch.h"

struct tw_transfer {
    struct tw_labelled records;
    struct tw_templates *templates;        /* of names and frames in copies; NULL: none */
    struct tw_setting_texts texts, titles; /* the archives, folders opened up; in the arena */
    uint64_t labelled, unlabelled, copies; /* examples to learn from, by how they came */
    uint64_t named;                        /* companies in texts without labels */
};

/* Reads all of it. `inspecting`: for a dry run, in which every refused record is told of and counted, as with
 * skip_refused. */
TW_MUST_USE bool tw_transfer_read(const struct tw_distill_settings *settings, const struct tw_run_call *call,
    bool inspecting, struct tw_arena *arena, struct tw_transfer *out, struct tw_error *err);
/* A zeroed struct is safe to end. */
void tw_transfer_end(struct tw_transfer *transfer);

#endif
