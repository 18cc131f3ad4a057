/* stored_labels: what people said of documents (tapewatch.labels), as records to learn from.
 *
 *     tw_stored_labels_source(text, &choice, err)             a configuration file, or service=NAME
 *     tw_stored_labels_write(connection, path, &counts, err)  one record a line, for examples/feedback.h
 *
 * A record is a document as it was stored, the right sentiment of the text or of entities in it, and under
 * "said" who said so, when, why, and the number of the label:
 *
 *     {"title":..,"body":..,"label":"negative","entities":[{"name":"Velquin","label":"positive"}],
 *      "said":[{"label_id":7,"by":"anna","at":"2031-01-01T12:00:00Z","reason":".."}]}
 *
 * Of several labels of a kind for one document and entity the last one holds. Only `wrong_sentiment` says
 * what is right of a sentiment; and not of a document that is no news, nor of an entity that is not meant.
 * An entity is named as the text names it: by its name, its first words, or its symbol. Read only. */
#ifndef TW_STORED_LABELS_H
#define TW_STORED_LABELS_H

#include "cli/database.h"

struct tw_stored_labels_counts {
    unsigned long long labels;  /* that hold, of all kinds */
    unsigned long long learned; /* that records were made of */
    unsigned long long gone;    /* whose documents were dropped */
    unsigned long long records;
};

/* Where the labels are: text "service=NAME" is a service of libpq's (pg_service.conf), any other a
 * configuration file. TW_USAGE for another conninfo: a password would stand on the command line. */
TW_MUST_USE bool tw_stored_labels_source(
    const char *text, struct tw_database_choice *choice, struct tw_error *err);

/* Writes the file, whole or not at all. TW_CONFIG when no label says what is right; errors of postgres.h and
 * file.h. */
TW_MUST_USE bool tw_stored_labels_write(
    PGconn *connection, const char *path, struct tw_stored_labels_counts *counts, struct tw_error *err);

#endif
