/* generate: templates to records of labelled cases, one JSON object a line.
 *   in    templates (templates.h), a seed, how many, which
 *   out   lines that finetune learns from (a text, its label, its companies with theirs) and that audit
 *         measures with (their kind and event)
 *
 *     {"id":"1-17","source":"generated","kind":"must","event":"halt","form":212,"text":...,
 *      "label":"negative","entities":[{"name":...,"label":"negative"}]}
 *
 *     must      the text has a label
 *     entity    only its companies have one
 *     same      `texts`, which differ in what must not matter alone: names, frame or capitals, says the event
 *
 * The same seed, templates and options give the same bytes. No text comes twice. A group is drawn by its
 * weight times the square root of its forms, a form evenly within it, a frame by its weight.
 *
 * Errors: TW_USAGE for an event that is not in the file; TW_CONFIG when there are not so many different
 * texts, or a form grows too long; TW_IO; TW_FULL. */
#ifndef TW_GENERATE_H
#define TW_GENERATE_H

#include <stdio.h>

#include "cases/templates.h"
#include "files/settings.h"

enum tw_generate_kind { TW_GENERATE_MUST, TW_GENERATE_ENTITY, TW_GENERATE_SAME, TW_GENERATE_KINDS };
/* Their names, ended by NULL. */
extern const char *const tw_generate_kind_names[];

enum tw_generate_part { TW_GENERATE_ALL, TW_GENERATE_LEARN, TW_GENERATE_HELD };
/* Their names, ended by NULL. */
extern const char *const tw_generate_part_names[];

struct tw_generate_options {
    const struct tw_templates *templates;
    uint64_t seed, count;
    unsigned kinds;                        /* a bit for each of enum tw_generate_kind */
    enum tw_generate_part part;            /* which phrasings */
    const struct tw_setting_texts *events; /* only these; none: all */
    bool plain;                            /* no frames */
    FILE *out;
};

/* Writes them. */
TW_MUST_USE bool tw_generate(const struct tw_generate_options *options, struct tw_error *err);

#endif
