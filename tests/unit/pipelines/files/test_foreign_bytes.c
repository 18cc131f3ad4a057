/* foreign_bytes: files without lines are told as what they are, at once, packed by gzip or not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "files/archive.h"
#include "files/foreign_bytes.h"

static void each_mark_is_told_with_a_way_to_lines(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *what, *cure;
    } cases[] = {
        {"\xFD"
         "7zXZ\0\0\4",
            8, "packed by xz", "xz -dc"},
        {"BZh91AY&SY\x00", 11, "packed by bzip2", "bzip2 -dc"},
        {"PK\x03\x04\x14", 5, "a ZIP archive, or a workbook", "unzip"},
        {"PAR1\x15\x04", 6, "a table of Parquet", "read_parquet"},
        {"Obj\x01\x04", 5, "a file of Avro", "JSON Lines"},
        {"SQLite format 3\0", 16, "a database of SQLite", "sqlite3"},
        {"%PDF-1.7", 8, "a PDF", "its text"},
        {"version https://git-lfs.github.com/spec/v1", 42, "a Git LFS pointer", "git lfs pull"},
        {"\xFF\xFE{\0", 4, "in UTF-16", "iconv"},
        {"\xFF\xFE\0\0{\0\0\0", 8, "in UTF-32", "iconv -f UTF-32"},
        {"{\0\"\0t\0e\0", 8, "in UTF-16", "iconv -f UTF-16LE"},
        {"\0{\0\"\0t\0e", 8, "in UTF-16", "iconv -f UTF-16BE"},
        {"Velquin halts\rOrdanelle rises\r", 30, "end by CR alone", "tr '\\r' '\\n'"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_error err;
        assert_false(
            tw_foreign_bytes_check("data", (struct tw_text){cases[at].bytes, cases[at].length}, &err));
        assert_int_equal(err.code, TW_IO);
        if (!strstr(err.what, cases[at].what) || !strstr(err.cure, cases[at].cure))
            fail_msg("said \"%s; cure: %s\"", err.what, err.cure);
    }
}

static void texts_are_taken_whatever_they_begin_with(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "PK", "PAR technology rises", "Obj", "BZh", "%PDF",
        "version 3 of its drug fails", "<html>Velquin halts", "{\"text\":\"a\"}",
        "\xEF\xBB\xBF{\"text\":\"a\"}", "7z", "Velquin halts\r", "Velquin\r halts\nOrdanelle rises\r\n",
        "[{\"text\":\"a\"},\r{\"text\":\"b\"}]\r"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        struct tw_error err;
        assert_true(tw_foreign_bytes_check("data", tw_text_of(texts[at]), &err));
    }
}

/* Menus and headings of a page would be scored as news, a line each. */
static void pages_and_feeds_are_told_with_a_way_to_records(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text, *what; /* NULL: lines of texts */
    } cases[] = {
        {"-", "<!DOCTYPE html>\n<html>\n<p>Velquin halts</p>", "a page of HTML"},
        {"a.txt", "\xEF\xBB\xBF\r\n<HTML lang='en'><head>\n", NULL},
        {"a.txt", "<HTML lang='en'><head>\n<title>Velquin</title>", "a page of HTML"},
        {"a.html", "<div>Velquin halts</div>\n<div>Ordanelle rises</div>", "a page of HTML"},
        {"a.txt", "<div>Velquin halts</div>\n<div>Ordanelle rises</div>", NULL},
        {"a.txt", "<html>Velquin halts</html>\n<html>Ordanelle rises</html>\n", NULL},
        {"a.html", "Velquin halts\nOrdanelle rises\n", NULL},
        {"a.txt", "<?xml version='1.0'?><rss><channel/></rss>", "a feed of XML"},
        {"a.xml", "<news>\n<item>Velquin halts</item>", "a feed of XML"},
        {"a.txt", "<?xml version='1.0'?><n>a</n>\n<?xml version='1.0'?><n>b</n>\n", NULL},
        {"a.xml", "", NULL},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_error err = {.what = ""};
        bool lines = tw_foreign_page_check(cases[at].path, tw_text_of(cases[at].text), &err);
        if (lines != !cases[at].what || (!lines && !strstr(err.what, cases[at].what)))
            fail_msg("%s: %s", cases[at].text, err.what);
        assert_true(lines || strstr(err.cure, "python3 -c"));
    }
}

static void an_archive_gives_no_line_of_such_a_file(void **state)
{
    (void)state;
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_error err;
    assert_true(tw_archive_open_memory(
        "table.parquet", (struct tw_text){"PAR1\nPAR1\n", 10}, 1 << 20, &archive, &err));
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_FAILED);
    assert_string_equal(err.where, "table.parquet");
    assert_string_equal(err.what, "a table of Parquet");
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_END);
    tw_archive_close(archive);
}

/* news.tar.gz: what gzip packed is a tar archive. */
static void what_was_packed_is_looked_at_too(void **state)
{
    (void)state;
    char header[512] = "news.jsonl", packed[1024];
    memcpy(header + 257, "ustar", 5);
    z_stream stream = {.next_in = (Bytef *)header,
        .avail_in = sizeof header,
        .next_out = (Bytef *)packed,
        .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    struct tw_archive *archive;
    struct tw_archive_line line;
    struct tw_error err;
    assert_true(tw_archive_open_memory(
        "news.tar.gz", (struct tw_text){packed, stream.total_out}, 1 << 20, &archive, &err));
    assert_int_equal(tw_archive_next(archive, &line, &err), TW_READ_FAILED);
    assert_string_equal(err.what, "a tar archive");
    tw_archive_close(archive);
    deflateEnd(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mark_is_told_with_a_way_to_lines),
        cmocka_unit_test(texts_are_taken_whatever_they_begin_with),
        cmocka_unit_test(pages_and_feeds_are_told_with_a_way_to_records),
        cmocka_unit_test(an_archive_gives_no_line_of_such_a_file),
        cmocka_unit_test(what_was_packed_is_looked_at_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
