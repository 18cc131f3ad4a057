/* fingerprint: what a text says, as a small set of numbers by which near-copies are found.
 *
 *     words        those of names/words, once each, in one form; signs of punctuation are none
 *     left out     what a newswire puts before a title that it sends again ("UPDATE 2-", "CORRECTED-",
 *                  "RT @name:"), and links
 *     weight       1 for a word that any business text may hold ("shares", "quarter", "the"), 3 for others:
 *                  names, numbers and rare words tell one story from another, the words around them do not
 *     elements     a number for each word and each unit of its weight
 *     kept         the TW_FINGERPRINT_MOST smallest of them (a bottom-k sketch: Cohen and Kaplan 2007)
 *     names        of the words that are not common: those with a capital or a digit
 *
 * The share of elements that two texts have in common (Jaccard's index over both) says how alike they are:
 * exact for texts of few words, estimated for longer ones with a standard error of at most 0.05. Two things
 * make them not alike at all, however many words they share: each names an entity, and they name none in
 * common; or they are short, and each has a name or number that the other lacks ("Fitch maintains Abbott on
 * watch negative", "Fitch maintains Ladbrokes on watch negative").
 *
 * Pure: the same text and entities give the same fingerprint on every machine. */
#ifndef TW_FINGERPRINT_H
#define TW_FINGERPRINT_H

#include "document.h"

enum {
    TW_FINGERPRINT_MOST = 96,
    TW_FINGERPRINT_NAMES = 32,
    TW_FINGERPRINT_BYTES = 16384, /* of a text that are read */
};

/* Where the elements of a fingerprint go. */
struct tw_fingerprint_room {
    uint32_t elements[TW_FINGERPRINT_MOST];
    uint32_t names[TW_FINGERPRINT_NAMES];
};

struct tw_fingerprint {
    uint64_t entities;        /* one bit of 64 for each entity named */
    uint64_t rare, named;     /* one bit of 64 for each odd element, and for each of `names` */
    const uint32_t *elements; /* ascending, each once; odd: the first of a word that is not common */
    const uint32_t *names;    /* of `elements`; none where those are not whole */
    uint16_t count, name_count;
    bool whole; /* `elements` are all there are */
};

/* Of a document that is cleaned and linked; `room` is where its elements go. A text without words has none
 * and is like no other. */
struct tw_fingerprint tw_fingerprint_of(const struct tw_document *document, struct tw_fingerprint_room *room);

/* Fills in `rare` and `named` of one that was stored, from the others. */
void tw_fingerprint_complete(struct tw_fingerprint *print);

/* How alike two texts are, in 10,000ths: 10,000 for the same words. */
int32_t tw_fingerprint_alike(const struct tw_fingerprint *left, const struct tw_fingerprint *right);

/* Is it a word that any business text may hold? `word` in the one form of names/words. */
bool tw_fingerprint_is_common(struct tw_text word);

#endif
