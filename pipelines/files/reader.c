#include "files/reader.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/growing.h"
#include "files/archive.h"
#include "files/json_records.h"
#include "read/decode.h"
#include "read/feed_names.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { ROOM_AT_FIRST = 64 };

struct tw_reader {
    struct tw_archive *archive;
    const struct tw_decode_options *decode;
    int64_t stamp_us;
    struct tw_intake *intake; /* or NULL */
};

/* ---- which archives ---- */

static bool ends_like_an_archive(const char *name)
{
    static const char *const ends[] = {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".gz", ".zst"};
    size_t length = strlen(name);
    for (size_t at = 0; at < sizeof ends / sizeof ends[0]; at++) {
        size_t end = strlen(ends[at]);
        if (length > end && strcmp(name + length - end, ends[at]) == 0)
            return true;
    }
    return false;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Paths found so far; the array grows in the arena, by copies. */
struct finding {
    struct tw_arena *arena;
    const char **items;
    size_t count, room;
};

static bool keep_path(struct finding *finding, const char *path, struct tw_error *err)
{
    if (finding->count == finding->room) {
        const char **items =
            tw_grow_arena(finding->arena, finding->items, &finding->room, sizeof *items, ROOM_AT_FIRST);
        if (!items)
            return tw_arena_fail(finding->arena, err);
        finding->items = items;
    }
    struct tw_text copy = tw_arena_copy(finding->arena, tw_text_of(path));
    if (!copy.bytes)
        return tw_arena_fail(finding->arena, err);
    finding->items[finding->count++] = copy.bytes;
    return true;
}

static bool walk_folder(struct finding *finding, const char *folder, bool folders_too, struct tw_error *err);

static bool walk_entry(
    struct finding *finding, const char *folder, const char *name, bool folders_too, struct tw_error *err)
{
    char path[PATH_MAX];
    if (name[0] == '.')
        return true;
    if (!tw_path_join(path, sizeof path, folder, name, err))
        return false;
    if (is_folder(path))
        return !folders_too || walk_folder(finding, path, false, err);
    return !ends_like_an_archive(name) || keep_path(finding, path, err);
}

/* One level down and no further: it calls itself once at most. */
static bool walk_folder(struct finding *finding, const char *folder, bool folders_too, struct tw_error *err)
{
    DIR *listing = opendir(folder);
    bool walked = listing != NULL;
    if (!listing)
        return tw_fail_errno(err, TW_IO, folder, "name a folder that can be read", "cannot be read");
    for (const struct dirent *entry; walked && (entry = readdir(listing)) != NULL;)
        walked = walk_entry(finding, folder, entry->d_name, folders_too, err);
    closedir(listing);
    return walked;
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

bool tw_reader_list(
    const char *path, struct tw_arena *arena, struct tw_reader_paths *out, struct tw_error *err)
{
    struct finding finding = {.arena = arena};
    bool folder = is_folder(path);
    if (folder ? !walk_folder(&finding, path, true, err) : !keep_path(&finding, path, err))
        return false;
    if (finding.count == 0)
        return tw_fail(err, TW_CONFIG, path,
            "archives end in .jsonl, .ndjson, .json, .csv, .tsv, .gz or .zst", "no archive in this folder");
    qsort(finding.items, finding.count, sizeof *finding.items, by_bytes);
    *out = (struct tw_reader_paths){finding.items, finding.count};
    return true;
}

/* ---- tables ---- */

/* A column alone is ours by the names of the configuration only: "Summary" may be a line of a text. */
static bool is_text_column(const void *self, const char *name, bool alone)
{
    const struct tw_decode_options *decode = self;
    const struct tw_name_list *const lists[] = {&decode->title, &decode->body};
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
        for (uint32_t at = 0; at < lists[list]->count; at++)
            if (strcasecmp(lists[list]->names[at], name) == 0)
                return true;
    return !alone && (tw_feed_has_name(TW_FEED_TITLE, name) || tw_feed_has_name(TW_FEED_BODY, name));
}

struct tw_table_columns tw_reader_columns(const struct tw_decode_options *decode)
{
    return (struct tw_table_columns){is_text_column, decode};
}

/* ---- documents ---- */

bool tw_reader_open(const char *path, const struct tw_decode_options *decode, int64_t stamp_us,
    struct tw_intake *intake, struct tw_reader **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return tw_fail(err, TW_INTERNAL, path, "give the process more memory", "out of memory");
    *reader = (struct tw_reader){.decode = decode, .stamp_us = stamp_us, .intake = intake};
    if (!tw_archive_open(path, decode->max_payload_bytes, &reader->archive, err)) {
        free(reader);
        return false;
    }
    const struct tw_table_columns columns = tw_reader_columns(decode);
    tw_archive_ask_for_records(reader->archive, &columns);
    *out = reader;
    return true;
}

void tw_reader_close(struct tw_reader *reader)
{
    if (!reader)
        return;
    tw_archive_close(reader->archive);
    free(reader);
}

static enum tw_read refuse_line(
    const struct tw_reader *reader, uint64_t line, const struct tw_error *why, struct tw_error *err)
{
    char where[200];
    snprintf(where, sizeof where, "%.160s:%llu", tw_archive_name(reader->archive), (unsigned long long)line);
    if (reader->intake)
        tw_intake_refuse(reader->intake, why);
    *err = *why;
    err->code = TW_REFUSED;
    tw_error_in(err, where);
    return TW_READ_REFUSED;
}

enum tw_read tw_reader_refuse(const struct tw_reader *reader, const struct tw_reader_document *read,
    const struct tw_error *why, struct tw_error *err)
{
    if (reader->intake)
        tw_intake_take_back(reader->intake, &read->document);
    return refuse_line(reader, read->number, why, err);
}

static enum tw_read read_line(const struct tw_reader *reader, const struct tw_archive_line *line,
    const struct tw_decode_witness *witness, struct tw_arena *arena, struct tw_reader_document *out,
    struct tw_error *err)
{
    *out = (struct tw_reader_document){.message = {.offset = (int64_t)line->number,
                                           .stamp_us = reader->stamp_us,
                                           .payload = line->text,
                                           .has_value = true},
        .line = line->text,
        .number = line->number};
    if (!tw_decode_witnessed(reader->decode, &out->message, witness, arena, &out->document, err))
        return TW_READ_FAILED;
    struct tw_error deletion;
    if (out->document.fate == TW_FATE_TOMBSTONE) {
        tw_fail(&deletion, TW_REFUSED, NULL, "leave it out",
            "the record says that something was deleted: no text");
        return refuse_line(reader, line->number, &deletion, err);
    }
    if (out->document.fate != TW_FATE_STORED) {
        struct tw_error why = tw_json_records_refusal(line->number, line->text, out->document.refusal);
        return refuse_line(reader, line->number, &why, err);
    }
    if (reader->intake)
        tw_intake_take(reader->intake, &out->document);
    return TW_READ_ITEM;
}

enum tw_read tw_reader_next(struct tw_reader *reader, const struct tw_decode_witness *witness,
    struct tw_arena *arena, struct tw_reader_document *out, struct tw_error *err)
{
    struct tw_archive_line line;
    enum tw_read read;
    do {
        read = tw_archive_next(reader->archive, &line, err);
    } while (read == TW_READ_ITEM && tw_text_is_blank(line.text));
    if (read == TW_READ_REFUSED && reader->intake)
        tw_intake_refuse_line(reader->intake, err);
    return read == TW_READ_ITEM ? read_line(reader, &line, witness, arena, out, err) : read;
}
