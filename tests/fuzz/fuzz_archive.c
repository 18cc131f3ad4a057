/* fuzz_archive: any bytes as an archive, plain or packed: lines as they stand, numbered from 1, the same
 * whatever they are packed in; and through the reader of tapes, each line a document or a refusal.
 *
 * The first byte chooses how the rest is packed besides (0: as it is). */
#include "promise.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "files/archive.h"
#include "files/reader.h"
#include "read/decode.h"

enum { MOST_LINE = 256, MOST_LINES = 1 << 16 };

static struct tw_arena arena;
static struct tw_decode_options decode;
static int descriptor;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct tw_error err;
    promise(tw_arena_begin(&arena, (size_t)64 << 20, &err), "address space is there");
    decode = tw_decode_defaults();
    decode.max_payload_bytes = MOST_LINE;
    descriptor = memfd_create("tape.jsonl", MFD_CLOEXEC);
    promise(descriptor >= 0, "a file in memory can be made");
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    return 0;
}

static void check_refusal(const struct tw_error *err)
{
    promise(err->what[0] && is_utf8_without_nul(tw_text_of(err->what)) &&
                is_utf8_without_nul(tw_text_of(err->where)),
        "a refusal says what, in UTF-8");
}

/* What came out of an archive: how it ended, how many lines, and their bytes. */
struct told {
    enum tw_read end;
    uint64_t lines, refused;
    uint64_t hash;
};

/* Lines; or `records`, where the file is an array of them, a table, or they go over several lines. */
static struct told read_lines(struct tw_text bytes, bool records)
{
    struct tw_archive *archive = NULL;
    struct tw_archive_line line = {0};
    struct tw_error err = {0};
    struct told told = {.hash = 0xCBF29CE484222325u};
    promise(tw_archive_open_memory("tape", bytes, MOST_LINE, &archive, &err), "memory is opened");
    const struct tw_table_columns columns = tw_reader_columns(&decode);
    if (records)
        tw_archive_ask_for_records(archive, &columns);
    uint64_t last = 0;
    for (;;) {
        enum tw_read got = tw_archive_next(archive, &line, &err);
        told.end = got;
        if (got == TW_READ_END || got == TW_READ_FAILED)
            break;
        promise(
            records ? line.number > last : line.number == last + 1, "lines are numbered one after another");
        last = line.number;
        if (got == TW_READ_REFUSED) {
            check_refusal(&err);
            told.refused++;
            continue;
        }
        told.lines++;
        promise(line.text.length <= MOST_LINE, "a line is within its limit");
        promise(records || !line.text.length || !memchr(line.text.bytes, '\n', line.text.length),
            "a line is one");
        for (size_t at = 0; at < line.text.length; at++)
            told.hash = (told.hash ^ (unsigned char)line.text.bytes[at]) * 0x100000001B3u;
        told.hash = (told.hash ^ '\n') * 0x100000001B3u;
    }
    if (told.end == TW_READ_FAILED)
        check_refusal(&err);
    promise(tw_archive_next(archive, &line, &err) == TW_READ_END || told.end == TW_READ_FAILED,
        "an end that was told stays");
    tw_archive_close(archive);
    return told;
}

/* The bytes packed anew; the caller frees them. */
static struct tw_text pack(bool gzip, struct tw_text bytes)
{
    size_t room = 2 * bytes.length + 1024, used;
    char *to = malloc(room);
    promise(to != NULL, "there is memory");
    if (gzip) {
        z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)bytes.bytes,
            .avail_in = (uInt)bytes.length,
            .next_out = (Bytef *)to,
            .avail_out = (uInt)room};
        promise(deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
                    deflate(&stream, Z_FINISH) == Z_STREAM_END,
            "zlib compresses");
        used = room - stream.avail_out;
        deflateEnd(&stream);
    } else {
        used = ZSTD_compress(to, room, bytes.bytes, bytes.length, 1);
        promise(!ZSTD_isError(used), "zstd compresses");
    }
    return (struct tw_text){to, used};
}

/* Do the bytes begin as an archive that is packed already: gzip, zstd, or one of zstd's frames to skip? */
static bool is_packed(struct tw_text bytes)
{
    unsigned char first = bytes.length ? (unsigned char)bytes.bytes[0] : 0;
    return first == 0x1F || first == 0x28 || (first & 0xF0) == 0x50;
}

static void compare_packed(bool gzip, struct tw_text bytes, const struct told *plain)
{
    struct tw_text packed = pack(gzip, bytes);
    struct told told = read_lines(packed, false);
    promise(told.end == plain->end && told.lines == plain->lines && told.refused == plain->refused &&
                told.hash == plain->hash,
        "packed lines are the same");
    if (packed.length > 8) { /* cut short: never an end as if nothing were missing */
        struct tw_text cut = {packed.bytes, packed.length - 1 - packed.length / 3};
        told = read_lines(cut, false);
        promise(told.end == TW_READ_FAILED || cut.length < 4, "an archive that was cut short fails");
        promise(told.lines <= plain->lines, "and gives no line that was not there");
    }
    free((void *)(uintptr_t)packed.bytes);
}

static void read_tape(struct tw_text bytes, const struct told *records)
{
    struct tw_reader *reader = NULL;
    struct tw_reader_document record;
    struct tw_error err = {0};
    if (ftruncate(descriptor, 0) != 0 ||
        pwrite(descriptor, bytes.bytes, bytes.length, 0) != (ssize_t)bytes.length)
        return;
    promise(
        tw_reader_open(path, &decode, INT64_C(1700000000000000), NULL, &reader, &err), "a file is opened");
    enum tw_read got;
    uint64_t seen = 0;
    for (;;) {
        tw_arena_reset(&arena, (size_t)1 << 20);
        got = tw_reader_next(reader, NULL, &arena, &record, &err);
        if (got == TW_READ_END || got == TW_READ_FAILED)
            break;
        seen++;
        if (got == TW_READ_REFUSED)
            check_refusal(&err);
        else
            promise(record.document.fate == TW_FATE_STORED, "a document of a tape is stored");
    }
    promise(got == records->end && seen <= records->lines + records->refused,
        "a tape's records are the archive's");
    tw_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    unsigned choice = take_byte(&input);
    struct tw_text bytes = own_copy((struct tw_text){(const char *)input.bytes, input.length});
    struct told plain = read_lines(bytes, false);
    if (choice % 3 && !is_packed(bytes))
        compare_packed(choice % 3 == 1, bytes, &plain);
    struct told records = read_lines(bytes, true);
    read_tape(bytes, &records);
    free((void *)(uintptr_t)bytes.bytes);
    return 0;
}
