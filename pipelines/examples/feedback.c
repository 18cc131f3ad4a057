#include "examples/feedback.h"

#include "base/file.h"
#include "files/archive.h"

#include <string.h>

enum { MOST_LINE_BYTES = 64 << 20 };

/* What was counted so far. */
struct said {
    json_int_t records, labels;
    json_t *by;
    char first[32], last[32]; /* of "at", which sorts as time does; empty: none */
};

static bool note_label(struct said *said, const json_t *label)
{
    const char *by = json_string_value(json_object_get(label, "by"));
    const char *at = json_string_value(json_object_get(label, "at"));
    if (!by || !at || strlen(at) >= sizeof said->first)
        return false;
    if (!said->first[0] || strcmp(at, said->first) < 0)
        snprintf(said->first, sizeof said->first, "%s", at);
    if (strcmp(at, said->last) > 0)
        snprintf(said->last, sizeof said->last, "%s", at);
    json_int_t before = json_integer_value(json_object_get(said->by, by));
    said->labels++;
    return json_object_set_new(said->by, by, json_integer(before + 1)) == 0;
}

static bool note_record(struct said *said, struct tw_text line)
{
    json_t *record = json_loadb(line.bytes, line.length, 0, NULL);
    const json_t *labels = json_object_get(record, "said");
    bool right = json_array_size(labels) > 0;
    for (size_t at = 0; right && at < json_array_size(labels); at++)
        right = note_label(said, json_array_get(labels, at));
    json_decref(record);
    said->records++;
    return right;
}

static bool read_records(const char *path, struct said *said, struct tw_error *err)
{
    struct tw_archive *archive;
    struct tw_archive_line line;
    enum tw_read read;
    bool right = true;
    if (!tw_archive_open(path, MOST_LINE_BYTES, &archive, err))
        return false;
    while (right && (read = tw_archive_next(archive, &line, err)) == TW_READ_ITEM)
        if (!tw_text_is_blank(line.text) && !note_record(said, line.text))
            right = tw_fail(err, TW_CONFIG, path, "give the file that --feedback wrote",
                "record %lld does not tell who said so", (long long)said->records);
    right = right && read == TW_READ_END;
    tw_archive_close(archive);
    return right;
}

json_t *tw_feedback_summary(const char *path, struct tw_error *err)
{
    char hex[65];
    uint64_t bytes;
    struct said said = {.by = json_object()};
    json_t *summary = NULL;
    if (said.by && tw_file_sha256_hex(path, hex, &bytes, err) && read_records(path, &said, err)) {
        summary = json_pack("{s:s, s:I, s:s, s:I, s:I, s:O, s:s, s:s}", "path", path, "bytes",
            (json_int_t)bytes, "sha256", hex, "records", said.records, "labels", said.labels, "by", said.by,
            "first", said.first, "last", said.last);
        if (!summary)
            tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for lineage");
    }
    json_decref(said.by);
    return summary;
}
