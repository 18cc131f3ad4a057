/* source_weights: how much the source of a document counts: names of sources, each with a weight.
 *
 *     tw_source_name_read(written, &name, &fault)                   may a file name sources so?
 *     tw_source_weights_new(&list, &weights, err)                   read-only from then on, shared by threads
 *     tw_source_weights_of(weights, document.source)                for each document
 *     tw_source_weights_free(weights)
 *
 * A weight is an integer from 0 to TW_SOURCE_WHOLE (ten-thousandths), so that what is made with it
 * (relevance.h) is the same wherever it is computed. It is decided once for a document, when it is read, and
 * stored with what was made of it: a list that is changed later changes nothing that stands.
 *
 * Names are compared as words are elsewhere (words.h): case, accents, width, kinds of hyphens and the length
 * of white space do not tell two of them apart. A name that ends in `*` stands for all that begin as it does.
 * The whole name goes before a beginning, the longer beginning before the shorter; who is not named, and a
 * document without a source, has the weight of all others. A `*` within a source's own name is no mark. */
#ifndef TW_SOURCE_WEIGHTS_H
#define TW_SOURCE_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define TW_SOURCE_OTHER UINT32_MAX /* none of the names */
enum {
    TW_SOURCE_WHOLE = 10000,     /* the weight 1 */
    TW_SOURCE_NAMES = 256,       /* most names of a list */
    TW_SOURCE_NAME_BYTES = 100,  /* of a name as it is written */
    TW_SOURCE_FOLDED_BYTES = 400 /* and as it is compared */
};

/* A name as it is written, and its weight. */
struct tw_named_weight {
    const char *name;
    int64_t weight;
};

struct tw_source_list {
    const struct tw_named_weight *names;
    uint32_t count;
    int64_t others; /* the weight of all that are not named */
};

/* A name as it is compared. */
struct tw_source_name {
    char bytes[TW_SOURCE_FOLDED_BYTES];
    uint32_t length;
    bool is_beginning; /* it ends in `*` */
};

/* What is wrong with a name; NULL: nothing. */
struct tw_source_fault {
    const char *what, *cure;
};

struct tw_source_weights;

/* The weight of one source, and the name that it has it by. */
struct tw_source_weight {
    uint32_t weight;
    uint32_t name; /* index into the list; TW_SOURCE_OTHER */
};

/* Reads a name of a list; false when it is none, with the reason in words. */
TW_MUST_USE bool tw_source_name_read(
    struct tw_text written, struct tw_source_name *name, struct tw_source_fault *fault);
/* Do both stand for the same sources? */
bool tw_source_name_equal(const struct tw_source_name *left, const struct tw_source_name *right);

/* Keeps a copy of the list. TW_CONFIG for a name that is none or stands there twice, and for a weight beyond
 * its bounds: whoever read the list from a file has told before, with places. TW_INTERNAL without memory. */
TW_MUST_USE bool tw_source_weights_new(
    const struct tw_source_list *list, struct tw_source_weights **out, struct tw_error *err);
/* NULL is fine. */
void tw_source_weights_free(struct tw_source_weights *weights);

/* The weight of a source; of `weights` NULL the whole, by no name. */
struct tw_source_weight tw_source_weights_of(const struct tw_source_weights *weights, struct tw_text source);

/* The most that any source counts by a list: no relevance is higher. */
uint32_t tw_source_list_most(const struct tw_source_list *list);

/* The list that they were made of; of `weights` NULL an empty one with the whole for all. It lives as long as
 * they do. */
struct tw_source_list tw_source_weights_list(const struct tw_source_weights *weights);

#endif
