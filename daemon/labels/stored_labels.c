#include "labels/stored_labels.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of labels of one kind for one document and entity the last one. */
#define HELD                                                                                                      \
    "WITH held AS (SELECT DISTINCT ON (topic_id, partition, kafka_offset, label, entity) * FROM tapewatch.labels" \
    " ORDER BY topic_id, partition, kafka_offset, label, entity, label_id DESC),"                                 \
    " right_ones AS (SELECT h.* FROM held h WHERE h.label = 'wrong_sentiment' AND NOT EXISTS (SELECT FROM held n" \
    " WHERE (n.topic_id, n.partition, n.kafka_offset) = (h.topic_id, h.partition, h.kafka_offset) AND"            \
    " (n.label = 'not_news' OR (n.label = 'wrong_entity' AND n.entity = h.entity))))"

/* An entity by the longest beginning of its name that stands in the text; by its symbol; else by its name. */
static const char records_sql[] = HELD
    ", named AS (SELECT r.*, d.title, d.body, CASE WHEN r.entity IS NOT NULL THEN coalesce((SELECT c.words FROM"
    " (SELECT array_to_string(w.words[1:n], ' ') AS words, n FROM (SELECT string_to_array(e.name, ' ') AS words) AS w,"
    " generate_series(cardinality(w.words), 1, -1) AS n UNION ALL SELECT r.entity, 0) AS c"
    " WHERE length(c.words) > 1 AND strpos(lower(d.title || ' ' || d.body), lower(c.words)) > 0 ORDER BY c.n DESC LIMIT 1),"
    " e.name, r.entity) END AS words FROM right_ones r JOIN tapewatch.documents d USING (topic_id, partition, kafka_offset,"
    " event_time) LEFT JOIN tapewatch.entities e ON e.symbol = r.entity)"
    " SELECT json_strip_nulls(json_build_object('title', nullif(title, ''), 'body', nullif(body, ''),"
    " 'label', max(right_value) FILTER (WHERE entity IS NULL), 'entities', json_agg(json_build_object('name', words,"
    " 'label', right_value) ORDER BY label_id) FILTER (WHERE entity IS NOT NULL),"
    " 'said', json_agg(json_build_object('label_id', label_id, 'by', actor,"
    " 'at', to_char(labelled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'reason', reason) ORDER BY label_id)))"
    " FROM named GROUP BY topic_id, partition, kafka_offset, title, body ORDER BY min(label_id)";

static const char counts_sql[] = HELD
    " SELECT (SELECT count(*) FROM held), count(d.topic_id), count(*) - count(d.topic_id) FROM right_ones r"
    " LEFT JOIN tapewatch.documents d USING (topic_id, partition, kafka_offset, event_time)";

bool tw_stored_labels_source(const char *text, struct tw_database_choice *choice, struct tw_error *err)
{
    static const char service[] = "service=";
    *choice = (struct tw_database_choice){0};
    if (strncmp(text, service, sizeof service - 1) == 0 && !strpbrk(text, " \t'\\")) {
        choice->conninfo = text;
        return true;
    }
    if (strncmp(text, "postgres", 8) == 0 || strstr(text, "host=") || strstr(text, "password=") ||
        strstr(text, service))
        return tw_fail(err, TW_USAGE, "--feedback",
            "name a configuration file, or service=NAME of pg_service.conf; a password stands in a file",
            "no connection is described on the command line");
    choice->config = text;
    return true;
}

static bool count(PGconn *connection, struct tw_stored_labels_counts *counts, struct tw_error *err)
{
    PGresult *row = tw_postgres_query(connection, "tapewatch.labels", counts_sql, 0, NULL, err);
    if (!row)
        return false;
    counts->labels = strtoull(PQgetvalue(row, 0, 0), NULL, 10);
    counts->learned = strtoull(PQgetvalue(row, 0, 1), NULL, 10);
    counts->gone = strtoull(PQgetvalue(row, 0, 2), NULL, 10);
    PQclear(row);
    return true;
}

static bool write_lines(const PGresult *rows, const char *path, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *lines = open_memstream(&bytes, &length);
    if (!lines)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot make a stream in memory");
    for (int row = 0; row < PQntuples(rows); row++)
        fprintf(lines, "%s\n", PQgetvalue(rows, row, 0));
    bool right = fclose(lines) == 0 && bytes
                     ? tw_file_write(path, (struct tw_text){bytes, length}, err)
                     : tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot write to memory");
    free(bytes);
    return right;
}

bool tw_stored_labels_write(
    PGconn *connection, const char *path, struct tw_stored_labels_counts *counts, struct tw_error *err)
{
    *counts = (struct tw_stored_labels_counts){0};
    if (!count(connection, counts, err))
        return false;
    PGresult *rows = tw_postgres_query(connection, "tapewatch.labels", records_sql, 0, NULL, err);
    if (!rows)
        return false;
    counts->records = (unsigned long long)PQntuples(rows);
    bool right = counts->records > 0
                     ? write_lines(rows, path, err)
                     : tw_fail(err, TW_CONFIG, "tapewatch.labels",
                           "label documents `wrong_sentiment` (analysts.md), or leave --feedback out",
                           "no label says what is right of a sentiment, of %llu in all; %llu of documents "
                           "that are gone",
                           counts->labels, counts->gone);
    PQclear(rows);
    return right;
}
