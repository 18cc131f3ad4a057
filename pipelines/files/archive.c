#include "files/archive.h"

#include "files/foreign_bytes.h"
#include "files/json_records.h"
#include "files/table_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { PACKED_BYTES = 1 << 16, WINDOW_BYTES = 1 << 17 };

enum packing { PACKING_UNKNOWN, PACKING_PLAIN, PACKING_GZIP, PACKING_ZSTD };

struct tw_archive {
    char name[160];
    int fd; /* -1: memory */
    struct tw_text memory;
    size_t memory_at;
    enum packing packing;
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool inside;          /* a member or frame has begun and not ended */
    bool packed_end;      /* the file has no more bytes */
    bool spent;           /* the end or a failure has been told */
    uint64_t line_number; /* of the last line begun */
    char tail[16];        /* of the path: how it ends */
    bool asked_for_records, begun;
    bool of_records; /* the file is read record by record */
    struct tw_json_records records;
    struct tw_table_columns columns; /* of tables, none without a function */
    struct tw_table_rows *table;     /* the records are its rows; NULL: it is none */
    size_t packed_at, packed_used;
    size_t window_at, window_used;
    size_t max_line_bytes;
    char *line; /* a line that does not lie in one window */
    size_t line_used, line_room;
    char packed[PACKED_BYTES];
    char window[WINDOW_BYTES];
};

static bool fail_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory to read an archive");
}

static bool new_archive(
    const char *name, size_t max_line_bytes, struct tw_archive **out, struct tw_error *err)
{
    struct tw_archive *archive = calloc(1, sizeof *archive);
    if (!archive)
        return fail_memory(err);
    snprintf(archive->name, sizeof archive->name, "%s", name);
    size_t length = strlen(name), tail = sizeof archive->tail - 1;
    snprintf(archive->tail, sizeof archive->tail, "%s", name + (length > tail ? length - tail : 0));
    archive->fd = -1;
    archive->max_line_bytes = max_line_bytes;
    *out = archive;
    return true;
}

bool tw_archive_open(const char *path, size_t max_line_bytes, struct tw_archive **out, struct tw_error *err)
{
    *out = NULL;
    bool standard = strcmp(path, "-") == 0;
    struct tw_archive *archive = NULL;
    if (!new_archive(standard ? "standard input" : path, max_line_bytes, &archive, err))
        return false;
    archive->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (archive->fd < 0) {
        tw_fail_errno(err, TW_IO, path, "check the path", "cannot be opened");
        tw_archive_close(archive);
        return false;
    }
    *out = archive;
    return true;
}

bool tw_archive_open_memory(const char *name, struct tw_text bytes, size_t max_line_bytes,
    struct tw_archive **out, struct tw_error *err)
{
    *out = NULL;
    if (!new_archive(name, max_line_bytes, out, err))
        return false;
    (*out)->memory = bytes;
    return true;
}

void tw_archive_close(struct tw_archive *archive)
{
    if (!archive)
        return;
    if (archive->fd > STDIN_FILENO)
        close(archive->fd);
    if (archive->packing == PACKING_GZIP)
        inflateEnd(&archive->gzip);
    ZSTD_freeDStream(archive->zstd);
    tw_table_rows_close(archive->table);
    free(archive->line);
    free(archive);
}

const char *tw_archive_name(const struct tw_archive *archive)
{
    return archive->name;
}

/* ---- packed bytes ---- */

static bool fail_at(
    const struct tw_archive *archive, const char *cure, const char *what, struct tw_error *err)
{
    tw_fail(err, TW_IO, NULL, cure, "%s; %llu whole %s came before", what,
        (unsigned long long)archive->line_number, archive->of_records ? "records" : "lines");
    return tw_error_in(err, archive->name);
}

static ssize_t read_more(struct tw_archive *archive, char *to, size_t room)
{
    if (archive->fd >= 0) {
        ssize_t got;
        do
            got = read(archive->fd, to, room);
        while (got < 0 && errno == EINTR);
        return got;
    }
    size_t left = archive->memory.length - archive->memory_at;
    size_t take = left < room ? left : room;
    if (take)
        memcpy(to, archive->memory.bytes + archive->memory_at, take);
    archive->memory_at += take;
    return (ssize_t)take;
}

/* Adds packed bytes behind those not yet used; sets packed_end when there are none. */
static bool fill_packed(struct tw_archive *archive, struct tw_error *err)
{
    size_t left = archive->packed_used - archive->packed_at;
    memmove(archive->packed, archive->packed + archive->packed_at, left);
    archive->packed_at = 0;
    archive->packed_used = left;
    ssize_t got = read_more(archive, archive->packed + left, PACKED_BYTES - left);
    if (got < 0)
        return tw_fail_errno(err, TW_IO, archive->name,
            errno == EISDIR ? "name the files in it" : "check the disk", "cannot be read");
    archive->packed_used += (size_t)got;
    archive->packed_end = got == 0;
    return true;
}

static bool begins_with(const struct tw_archive *archive, const char *magic, size_t length)
{
    return archive->packed_used >= length && memcmp(archive->packed, magic, length) == 0;
}

/* Is there a whole line of an object? One that stands over several lines shows no name in its first. */
static bool shows_json_line(const char *bytes, size_t length)
{
    const char *end = bytes[0] == '{' ? memchr(bytes, '\n', length) : NULL;
    return end && memchr(bytes, '"', (size_t)(end - bytes));
}

/* May reading begin with the bytes that are there? What is read record by record shows by its first
 * PACKED_BYTES what it is, however a pipe parts them; lines of JSON show it by their first one, and wait for
 * no others. */
static bool shows_what_it_is(const struct tw_archive *archive)
{
    return archive->packed_used >= 4 &&
           (!archive->asked_for_records || archive->packed_used == PACKED_BYTES ||
               shows_json_line(archive->packed, archive->packed_used));
}

/* Tells the packing by the first bytes (RFC 1952, RFC 8878; a zstd file may begin with a skippable frame). */
static bool recognise(struct tw_archive *archive, struct tw_error *err)
{
    while (!shows_what_it_is(archive) && !archive->packed_end)
        if (!fill_packed(archive, err))
            return false;
    archive->packing = PACKING_PLAIN;
    if (begins_with(archive, "\x1F\x8B", 2)) {
        if (inflateInit2(&archive->gzip, 16 + MAX_WBITS) != Z_OK)
            return fail_memory(err);
        archive->packing = PACKING_GZIP;
    }
    bool skippable = archive->packed_used >= 4 && (archive->packed[0] & 0xF0) == 0x50 &&
                     memcmp(archive->packed + 1, "\x2A\x4D\x18", 3) == 0;
    if (begins_with(archive, "\x28\xB5\x2F\xFD", 4) || skippable) {
        archive->zstd = ZSTD_createDStream();
        if (!archive->zstd)
            return fail_memory(err);
        archive->packing = PACKING_ZSTD;
    }
    return true;
}

/* ---- unpacking: each fills the window from packed bytes ---- */

static bool unpack_plain(struct tw_archive *archive, struct tw_error *err)
{
    (void)err;
    size_t take = archive->packed_used - archive->packed_at;
    memcpy(archive->window, archive->packed + archive->packed_at, take);
    archive->packed_at += take;
    archive->window_used = take;
    return true;
}

static bool unpack_gzip(struct tw_archive *archive, struct tw_error *err)
{
    z_stream *stream = &archive->gzip;
    stream->next_in = (Bytef *)archive->packed + archive->packed_at;
    stream->avail_in = (uInt)(archive->packed_used - archive->packed_at);
    stream->next_out = (Bytef *)archive->window;
    stream->avail_out = WINDOW_BYTES;
    archive->inside = true;
    int status = inflate(stream, Z_NO_FLUSH);
    archive->packed_at = archive->packed_used - stream->avail_in;
    archive->window_used = WINDOW_BYTES - stream->avail_out;
    if (status == Z_STREAM_END) {
        archive->inside = false;
        return inflateReset(stream) == Z_OK ? true : fail_memory(err);
    }
    if (status == Z_OK || status == Z_BUF_ERROR)
        return true;
    return fail_at(archive, "copy the file again", "the gzip data are broken", err);
}

static bool unpack_zstd(struct tw_archive *archive, struct tw_error *err)
{
    ZSTD_inBuffer in = {archive->packed + archive->packed_at, archive->packed_used - archive->packed_at, 0};
    ZSTD_outBuffer out = {archive->window, WINDOW_BYTES, 0};
    size_t status = ZSTD_decompressStream(archive->zstd, &out, &in);
    archive->packed_at += in.pos;
    archive->window_used = out.pos;
    archive->inside = status != 0;
    if (!ZSTD_isError(status))
        return true;
    char what[160];
    snprintf(what, sizeof what, "the zstd data are broken (%s)", ZSTD_getErrorName(status));
    bool too_long = ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge;
    return fail_at(
        archive, too_long ? "zstd -dc --long=31 FILE | tapewatch ... -" : "copy the file again", what, err);
}

/* Fills the empty window. It stays empty only at the end. */
static bool fill_next_window(struct tw_archive *archive, struct tw_error *err)
{
    static bool (*const unpack[])(struct tw_archive *, struct tw_error *) = {
        [PACKING_PLAIN] = unpack_plain, [PACKING_GZIP] = unpack_gzip, [PACKING_ZSTD] = unpack_zstd};
    archive->window_at = 0;
    archive->window_used = 0;
    if (archive->packing == PACKING_UNKNOWN && !recognise(archive, err))
        return false;
    while (archive->window_used == 0) {
        if (archive->packed_at == archive->packed_used) {
            if (!archive->packed_end && !fill_packed(archive, err))
                return false;
            /* What is still inside the unpacker comes out without new bytes. */
            if (archive->packed_end && archive->packed_at == archive->packed_used) {
                if (!archive->inside)
                    return true;
                if (!unpack[archive->packing](archive, err))
                    return false;
                if (archive->window_used == 0 && archive->inside)
                    return fail_at(
                        archive, "copy the file again", "the file ends in the middle of its data", err);
                continue;
            }
        }
        if (!unpack[archive->packing](archive, err))
            return false;
    }
    return true;
}

/* The first one shows what the file is. */
static bool fill_window(struct tw_archive *archive, struct tw_error *err)
{
    bool first = archive->packing == PACKING_UNKNOWN;
    return fill_next_window(archive, err) &&
           (!first || tw_foreign_bytes_check(
                          archive->name, (struct tw_text){archive->window, archive->window_used}, err));
}

/* ---- lines ---- */

static bool keep_part(struct tw_archive *archive, const char *bytes, size_t length, struct tw_error *err)
{
    if (length == 0)
        return true;
    if (archive->line_used + length > archive->line_room) {
        size_t room = (archive->line_used + length) * 2;
        char *grown = realloc(archive->line, room);
        if (!grown)
            return fail_memory(err);
        archive->line = grown;
        archive->line_room = room;
    }
    memcpy(archive->line + archive->line_used, bytes, length);
    archive->line_used += length;
    return true;
}

static struct tw_text without_carriage_return(struct tw_text text)
{
    if (text.length && text.bytes[text.length - 1] == '\r')
        text.length--;
    return text;
}

/* A line with an object as a record: without what sequences of JSON put before it (RFC 7464), and the comma
 * that stands behind it where an array was cut into lines. */
static struct tw_text without_marks(struct tw_text text)
{
    if (text.length && text.bytes[0] == '\x1E')
        text = (struct tw_text){text.bytes + 1, text.length - 1};
    if (text.length > 2 && text.bytes[0] == '{' && memcmp(text.bytes + text.length - 2, "},", 2) == 0)
        text.length--;
    return text;
}

/* A long line leaves no large buffer behind. */
static void begin_line(struct tw_archive *archive)
{
    archive->line_used = 0;
    if (archive->line_room > (size_t)16 * WINDOW_BYTES) {
        free(archive->line);
        archive->line = NULL;
        archive->line_room = 0;
    }
}

static bool fail_in_line(const struct tw_archive *archive, struct tw_error *err)
{
    char where[200];
    snprintf(where, sizeof where, "%s:%llu", archive->name, (unsigned long long)archive->line_number);
    return tw_error_in(err, where);
}

static enum tw_read refuse_line(const struct tw_archive *archive, uint64_t length, struct tw_error *err)
{
    tw_fail(err, TW_REFUSED, NULL, "split the record", "the line has %llu bytes, %zu are allowed",
        (unsigned long long)length, archive->max_line_bytes);
    fail_in_line(archive, err);
    return TW_READ_REFUSED;
}

/* Hands out a whole line: `part` is its last piece, in the window. */
static enum tw_read end_line(struct tw_archive *archive, struct tw_text part, uint64_t length,
    struct tw_archive_line *line, struct tw_error *err)
{
    line->number = ++archive->line_number;
    if (length > archive->max_line_bytes)
        return refuse_line(archive, length, err);
    if (archive->line_used) {
        if (!keep_part(archive, part.bytes, part.length, err))
            return TW_READ_FAILED;
        part = (struct tw_text){archive->line, archive->line_used};
    }
    line->text = without_carriage_return(part);
    if (archive->asked_for_records && !archive->of_records)
        line->text = without_marks(line->text);
    return TW_READ_ITEM;
}

static enum tw_read fail_spent(struct tw_archive *archive)
{
    archive->spent = true;
    return TW_READ_FAILED;
}

static enum tw_read next_line(struct tw_archive *archive, struct tw_archive_line *line, struct tw_error *err)
{
    uint64_t length = 0;
    bool begun = false;
    for (;;) {
        if (archive->window_at == archive->window_used && !fill_window(archive, err))
            return fail_spent(archive);
        if (archive->window_used == 0) {
            archive->spent = true;
            return begun ? end_line(archive, (struct tw_text){"", 0}, length, line, err) : TW_READ_END;
        }
        const char *here = archive->window + archive->window_at;
        size_t left = archive->window_used - archive->window_at;
        const char *end = memchr(here, '\n', left);
        size_t take = end ? (size_t)(end - here) : left;
        length += take;
        begun = true;
        archive->window_at += take + (end != NULL);
        if (end)
            return end_line(archive, (struct tw_text){here, take}, length, line, err);
        if (length <= archive->max_line_bytes && !keep_part(archive, here, take, err))
            return fail_spent(archive);
    }
}

/* ---- records ---- */

void tw_archive_ask_for_records(struct tw_archive *archive, const struct tw_table_columns *columns)
{
    archive->asked_for_records = true;
    if (columns)
        archive->columns = *columns;
}

bool tw_archive_gives_records(const struct tw_archive *archive)
{
    return archive->of_records;
}

/* Some text is no line of its own: a page, or a table's row. */
static bool begin_texts(struct tw_archive *archive, struct tw_text first, struct tw_error *err)
{
    struct tw_error why = {0};
    if (tw_foreign_page_check(archive->tail, first, &why) &&
        tw_table_rows_open(
            archive->tail, first, &archive->columns, archive->max_line_bytes, &archive->table, &why)) {
        archive->of_records = archive->table != NULL;
        return true;
    }
    *err = why;
    snprintf(err->where, sizeof err->where, "%s", archive->name);
    return false;
}

/* The first bytes tell whether the file is one of records. */
static bool begin_reading(struct tw_archive *archive, struct tw_error *err)
{
    archive->begun = true;
    if (!archive->asked_for_records)
        return true;
    if (!fill_window(archive, err))
        return false;
    struct tw_text first = {archive->window, archive->window_used};
    archive->of_records = tw_json_records_begin(first);
    return archive->of_records || !archive->columns.is_ours || begin_texts(archive, first, err);
}

/* At the end of the file: of an array that does not end, records may be missing. */
static enum tw_read end_records(
    struct tw_archive *archive, uint64_t length, struct tw_archive_line *line, struct tw_error *err)
{
    archive->spent = true;
    if (archive->records.begun && archive->records.bare && !archive->records.in_array)
        return end_line(archive, (struct tw_text){"", 0}, length, line, err);
    if (!archive->records.begun && !archive->records.in_array)
        return TW_READ_END;
    fail_at(archive, "copy the file again", "the file ends in the middle of its JSON", err);
    return TW_READ_FAILED;
}

static enum tw_read next_record(
    struct tw_archive *archive, struct tw_archive_line *line, struct tw_error *err)
{
    uint64_t length = 0;
    for (;;) {
        size_t begin;
        bool ended;
        if (archive->window_at == archive->window_used && !fill_window(archive, err))
            return fail_spent(archive);
        if (archive->window_used == 0)
            return end_records(archive, length, line, err);
        const char *here = archive->window + archive->window_at;
        size_t take = tw_json_records_take(
            &archive->records, here, archive->window_used - archive->window_at, &begin, &ended);
        archive->window_at += take;
        length += take - begin;
        if (ended)
            return end_line(archive, (struct tw_text){here + begin, take - begin}, length, line, err);
        if (length <= archive->max_line_bytes && !keep_part(archive, here + begin, take - begin, err))
            return fail_spent(archive);
    }
}

static enum tw_read next_row(struct tw_archive *archive, struct tw_archive_line *line, struct tw_error *err)
{
    while (!archive->spent) {
        bool ended;
        if (archive->window_at == archive->window_used && !fill_window(archive, err))
            return fail_spent(archive);
        archive->spent = archive->window_used == 0;
        if (archive->spent)
            ended = tw_table_rows_finish(archive->table);
        else
            archive->window_at += tw_table_rows_take(archive->table, archive->window + archive->window_at,
                archive->window_used - archive->window_at, &ended);
        enum tw_read read = ended ? tw_table_rows_get(archive->table, line, err) : TW_READ_END;
        if (read == TW_READ_END)
            continue;
        archive->line_number = line->number;
        archive->spent = archive->spent || read == TW_READ_FAILED;
        if (read != TW_READ_ITEM)
            fail_in_line(archive, err);
        return read;
    }
    return TW_READ_END;
}

enum tw_read tw_archive_next(struct tw_archive *archive, struct tw_archive_line *line, struct tw_error *err)
{
    begin_line(archive);
    if (archive->spent)
        return TW_READ_END;
    if (!archive->begun && !begin_reading(archive, err))
        return fail_spent(archive);
    if (archive->table)
        return next_row(archive, line, err);
    return archive->of_records ? next_record(archive, line, err) : next_line(archive, line, err);
}
