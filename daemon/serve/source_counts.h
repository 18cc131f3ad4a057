/* source_counts: by which names of sources.weights documents come, so that a misspelt one does not stay
 * unseen.
 *   in    the list in force, and the documents of each batch that was committed
 *   out   series for metrics, the names that no document has come by yet; a line of the log, when so many
 *         documents have come that it is worth one
 *
 *     tw_source_counts_take(&counts, weights)             at the start, and when another list is in force
 *     tw_source_counts_add(&counts, &rows, kept, &log)    each committed batch
 *     tw_source_counts_unmatched(&counts, names, size)    for people
 *     tw_source_counts_show(&counts, &metrics)            for /metrics
 *
 * COUNTED is what came to stand, as for documents as a whole: what stood there already, read again after a
 * `reset`, is not counted twice, and neither is what became a dead letter. MET is a name by which anything
 * came. A name that stands in the next list too keeps its count. Batches that were made with an older list
 * are counted by its names, as far as they still stand. On the loop. */
#ifndef TW_SOURCE_COUNTS_H
#define TW_SOURCE_COUNTS_H

#include "link/source_weights.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "rows.h"

/* Names are told when this many documents have come without one of them; again at ten times as many. */
enum { TW_SOURCE_COUNTS_TELL = 10000, TW_SOURCE_COUNTS_NAMES_BYTES = 400 };

struct tw_source_counts {
    const struct tw_source_weights *weights;         /* lent; those in force */
    struct tw_source_series series[TW_SOURCE_NAMES]; /* one for each of their names, in their order */
    bool met[TW_SOURCE_NAMES]; /* a document has come by it, if only one that was stored before */
    uint32_t count;
    uint64_t others;    /* documents that no name stands for, where there are names */
    uint64_t documents; /* that came, by whatever name or none, since a name came that was not there before */
    uint64_t tell_at;
};

/* Takes a list into force, while that of before still stands; it is lent until the next one. Begin with
 * zeroed counts. */
void tw_source_counts_take(struct tw_source_counts *counts, const struct tw_source_weights *weights);

/* Adds what was committed; `kept` says of each document whether a row came of it (store/encode.h). Tells of
 * names that nothing comes by, when it is time. */
void tw_source_counts_add(struct tw_source_counts *counts, const struct tw_rows *rows, const uint8_t *kept,
    const struct tw_log *log);

/* How many names no document has come by; the first of them as a list, as far as there is room. */
uint32_t tw_source_counts_unmatched(const struct tw_source_counts *counts, char *names, size_t size);

/* Puts the counts where /metrics reads them. */
void tw_source_counts_show(const struct tw_source_counts *counts, struct tw_metrics *metrics);

#endif
