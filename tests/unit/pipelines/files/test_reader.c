/* reader: which archives a folder stands for, and what is said of lines that cannot be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/arena.h"
#include "files/reader.h"
#include "random_model.h"
#include "read/decode.h"

static char folder[64];
static struct tw_arena arena;
static struct tw_decode_options decode;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    decode = tw_decode_defaults();
    given_folder(folder);
    return tw_arena_begin(&arena, 16 << 20, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    remove_folder(folder);
    return 0;
}

static const char *in_folder(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return tw_arena_copy(&arena, tw_text_of(path)).bytes;
}

static void given_line(const char *name)
{
    given_file(folder, name, "{\"text\":\"x\"}\n", 13);
}

static void a_folder_stands_for_its_archives_and_those_one_level_down_in_order(void **state)
{
    (void)state;
    static const char *const wanted[] = {"1988/b.jsonl.gz", "a.jsonl", "m.csv", "z.zst"};
    struct tw_reader_paths paths;
    struct tw_error err;
    assert_int_equal(mkdir(in_folder("1988"), 0755), 0);
    assert_int_equal(mkdir(in_folder("1988/deep"), 0755), 0);
    static const char *const files[] = {"z.zst", ".hidden.jsonl", "m.csv", "notes.txt", "1988/b.jsonl.gz",
        "1988/deep/c.jsonl", "a.jsonl", ".zst"};
    for (size_t at = 0; at < sizeof files / sizeof files[0]; at++)
        given_line(files[at]);
    assert_true(tw_reader_list(folder, &arena, &paths, &err));
    assert_int_equal(paths.count, 4);
    for (size_t at = 0; at < paths.count; at++)
        assert_string_equal(paths.items[at], in_folder(wanted[at]));
}

static void a_file_stands_for_itself_whatever_its_name(void **state)
{
    (void)state;
    struct tw_reader_paths paths;
    struct tw_error err;
    given_line("notes.txt");
    assert_true(tw_reader_list(in_folder("notes.txt"), &arena, &paths, &err));
    assert_int_equal(paths.count, 1);
}

static void a_folder_without_archives_is_refused(void **state)
{
    (void)state;
    struct tw_reader_paths paths;
    struct tw_error err;
    assert_int_equal(mkdir(in_folder("empty"), 0755), 0);
    assert_false(tw_reader_list(in_folder("empty"), &arena, &paths, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "no archive in this folder");
}

static void a_line_that_cannot_be_used_is_named_and_the_next_one_read(void **state)
{
    (void)state;
    static const char lines[] = "{\"text\":\"one\"}\n\n{\"title\":\"\"}\nnot json\n{\"headline\":\"two\"}\n";
    static const enum tw_read wanted[] = {
        TW_READ_ITEM, TW_READ_REFUSED, TW_READ_REFUSED, TW_READ_ITEM, TW_READ_END};
    struct tw_reader *reader;
    struct tw_reader_document record;
    struct tw_error err;
    given_file(folder, "mixed.jsonl", lines, sizeof lines - 1);
    assert_true(tw_reader_open(in_folder("mixed.jsonl"), &decode, 0, NULL, &reader, &err));
    for (size_t at = 0; at < sizeof wanted / sizeof wanted[0]; at++) {
        assert_int_equal(tw_reader_next(reader, NULL, &arena, &record, &err), wanted[at]);
        if (at == 1)
            assert_non_null(strstr(err.where, "mixed.jsonl:3"));
    }
    assert_int_equal(record.number, 5);
    assert_memory_equal(record.document.title.bytes, "two", 3);
    tw_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_stands_for_its_archives_and_those_one_level_down_in_order),
        cmocka_unit_test(a_file_stands_for_itself_whatever_its_name),
        cmocka_unit_test(a_folder_without_archives_is_refused),
        cmocka_unit_test(a_line_that_cannot_be_used_is_named_and_the_next_one_read),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
