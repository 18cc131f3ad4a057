/* archive: the same lines whatever they are packed in, and an honest end when they are cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "files/archive.h"

enum { MOST = 1 << 16 };

/* All lines, each followed by '|'; a refused one by '#', a failure ends in '!'. */
static void read_all(
    const char *bytes, size_t length, size_t most_line_bytes, char *out, struct tw_error *err)
{
    struct tw_archive *archive;
    struct tw_archive_line line;
    size_t used = 0;
    assert_true(
        tw_archive_open_memory("a.jsonl", (struct tw_text){bytes, length}, most_line_bytes, &archive, err));
    for (uint64_t number = 1;; number++) {
        enum tw_read step = tw_archive_next(archive, &line, err);
        if (step == TW_READ_END || step == TW_READ_FAILED) {
            out[used++] = step == TW_READ_FAILED ? '!' : '.';
            break;
        }
        if (step == TW_READ_REFUSED) {
            out[used++] = '#';
            continue;
        }
        assert_int_equal(line.number, number);
        memcpy(out + used, line.text.bytes, line.text.length);
        used += line.text.length;
        out[used++] = '|';
    }
    out[used] = '\0';
    assert_int_equal(tw_archive_next(archive, &line, err), TW_READ_END);
    tw_archive_close(archive);
}

static size_t pack_gzip(const char *from, size_t length, char *to)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    unsigned char *in = malloc(length + 1);
    memcpy(in, from, length);
    stream.next_in = in;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)to;
    stream.avail_out = MOST;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    free(in);
    return MOST - stream.avail_out;
}

static size_t pack_zstd(const char *from, size_t length, char *to)
{
    size_t packed = ZSTD_compress(to, MOST, from, length, 3);
    assert_false(ZSTD_isError(packed));
    return packed;
}

static size_t pack_plain(const char *from, size_t length, char *to)
{
    memcpy(to, from, length);
    return length;
}

static size_t (*const packers[])(const char *, size_t, char *) = {pack_plain, pack_gzip, pack_zstd};

static void every_packing_gives_the_same_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *lines;
    } cases[] = {{"", "."}, {"\n", "|."}, {"a", "a|."}, {"a\nb\r\n\nc", "a|b||c|."}, {"a\n\n", "a||."}};
    for (size_t packer = 0; packer < 3; packer++)
        for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
            char packed[MOST], lines[MOST];
            struct tw_error err;
            size_t length = packers[packer](cases[at].text, strlen(cases[at].text), packed);
            read_all(packed, length, 100, lines, &err);
            assert_string_equal(lines, cases[at].lines);
        }
}

static void members_one_after_another_are_one_stream(void **state)
{
    (void)state;
    for (size_t packer = 0; packer < 3; packer++) {
        char packed[MOST], lines[MOST];
        struct tw_error err;
        size_t length = packers[packer]("a\nhal", 5, packed);
        length += packers[packer]("f\nc\n", 4, packed + length);
        read_all(packed, length, 100, lines, &err);
        assert_string_equal(lines, "a|half|c|.");
    }
}

static void a_long_line_is_refused_by_number_and_the_rest_goes_on(void **state)
{
    (void)state;
    char lines[MOST];
    struct tw_error err;
    read_all("ok\n0123456789\nlast", 18, 9, lines, &err);
    assert_string_equal(lines, "ok|#last|.");
    char line[600];
    tw_error_line(&err, line, sizeof line);
    assert_string_equal(line, "a.jsonl:2: the line has 10 bytes, 9 are allowed; cure: split the record");
    assert_int_equal(err.code, TW_REFUSED);
}

/* Longer than any buffer in between, so that it is put together from pieces. */
static void a_line_of_megabytes_comes_whole(void **state)
{
    (void)state;
    size_t length = (size_t)3 << 20;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, 'x', length);
    text[length - 2] = '\n';
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_error err;
    assert_true(tw_archive_open_memory("a", (struct tw_text){text, length}, length, &archive, &err));
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_int_equal(line.text.length, length - 2);
    assert_memory_equal(line.text.bytes, text, length - 2);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_ITEM);
    assert_int_equal(line.text.length, 1);
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    tw_archive_close(archive);
    free(text);
}

static void a_file_cut_short_says_where(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";
    for (size_t packer = 1; packer < 3; packer++) {
        char packed[MOST], lines[MOST], line[600];
        struct tw_error err;
        size_t length = packers[packer](text, strlen(text), packed);
        for (size_t cut = 4; cut < length; cut++) {
            read_all(packed, cut, 100, lines, &err);
            assert_int_equal(lines[strlen(lines) - 1], '!');
            assert_int_equal(err.code, TW_IO);
            tw_error_line(&err, line, sizeof line);
            assert_non_null(strstr(line, "a.jsonl: the file ends in the middle of its data; "));
        }
        memset(packed + 4, 0xFF, 12);
        read_all(packed, length, 100, lines, &err);
        assert_int_equal(lines[strlen(lines) - 1], '!');
    }
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct tw_archive *archive;
    struct tw_error err;
    assert_false(tw_archive_open("/nonexistent/a.jsonl", 100, &archive, &err));
    assert_null(archive);
    char line[600];
    tw_error_line(&err, line, sizeof line);
    assert_string_equal(
        line, "/nonexistent/a.jsonl: cannot be opened: No such file or directory; cure: check the path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing_gives_the_same_lines),
        cmocka_unit_test(members_one_after_another_are_one_stream),
        cmocka_unit_test(a_long_line_is_refused_by_number_and_the_rest_goes_on),
        cmocka_unit_test(a_line_of_megabytes_comes_whole),
        cmocka_unit_test(a_file_cut_short_says_where),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
