/* reader: which archives a folder stands for, what is said of lines that cannot be used, and files that come
 * in pieces. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

/* What a pipe gives in pieces, the next one when the last has been read. */
struct pieces {
    const char *path, *texts[3];
};

static void *write_pieces(void *argument)
{
    const struct pieces *pieces = argument;
    int pipe = open(pieces->path, O_WRONLY | O_CLOEXEC);
    for (size_t piece = 0; piece < 3 && pieces->texts[piece]; piece++) {
        size_t length = strlen(pieces->texts[piece]);
        int unread = 1;
        if (write(pipe, pieces->texts[piece], length) != (ssize_t)length)
            break;
        for (int patience = 5000; patience > 0 && unread > 0; patience--) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            if (ioctl(pipe, FIONREAD, &unread) != 0)
                break;
        }
    }
    close(pipe);
    return NULL;
}

static void what_a_pipe_gives_in_pieces_is_read_as_if_it_came_at_once(void **state)
{
    (void)state;
    static const struct pieces cases[] = {
        {"", {"ti", "tle,ts\nVelquin", " falls,2026-11-30T14:31:00Z\n"}},
        {"", {"title,ts\n", "Velquin falls,2026-11-30T14:31:00Z\n", NULL}},
        {"", {"title\n", "Velquin falls\n", NULL}},
        {"", {"sep=;\n", "id;title\n1;", "Velquin falls\n"}},
        {"", {"[", "{\"title\":\"Velquin", " falls\"}]"}},
        {"", {"{ \n", "\"title\":\n", "\"Velquin falls\"}\n"}},
        {"", {"{\"title\":\"Velq", "uin falls\"}\n", NULL}},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct pieces pieces = cases[at];
        struct tw_reader *reader;
        struct tw_reader_document read;
        struct tw_error err = {0};
        pthread_t writer;
        pieces.path = in_folder("pipe");
        assert_int_equal(mkfifo(pieces.path, 0600), 0);
        assert_int_equal(pthread_create(&writer, NULL, write_pieces, &pieces), 0);
        assert_true(tw_reader_open(pieces.path, &decode, INT64_C(1796083200000000), NULL, &reader, &err));
        enum tw_read first = tw_reader_next(reader, NULL, &arena, &read, &err);
        if (first != TW_READ_ITEM)
            fail_msg("%s%s: %s", pieces.texts[0], pieces.texts[1], err.what);
        assert_int_equal(read.document.title.length, strlen("Velquin falls"));
        assert_memory_equal(read.document.title.bytes, "Velquin falls", strlen("Velquin falls"));
        assert_int_equal(tw_reader_next(reader, NULL, &arena, &read, &err), TW_READ_END);
        tw_reader_close(reader);
        pthread_join(writer, NULL);
        unlink(pieces.path);
    }
}

static void marks_around_an_object_on_a_line_are_no_part_of_it(void **state)
{
    (void)state;
    static const char lines[] = "\x1E{\"title\":\"A\"}\n{\"title\":\"A\"},\r\n\x1E{\"title\":\"A\"}\n"
                                "{\"title\":\"A\"}";
    struct tw_reader *reader;
    struct tw_reader_document read;
    struct tw_error err;
    given_file(folder, "marks.jsonl", lines, sizeof lines - 1);
    assert_true(
        tw_reader_open(in_folder("marks.jsonl"), &decode, INT64_C(1796083200000000), NULL, &reader, &err));
    for (int line = 0; line < 4; line++) {
        assert_int_equal(tw_reader_next(reader, NULL, &arena, &read, &err), TW_READ_ITEM);
        assert_int_equal(read.document.title.length, 1);
    }
    assert_int_equal(tw_reader_next(reader, NULL, &arena, &read, &err), TW_READ_END);
    tw_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_pipe_gives_in_pieces_is_read_as_if_it_came_at_once),
        cmocka_unit_test(a_folder_stands_for_its_archives_and_those_one_level_down_in_order),
        cmocka_unit_test(a_file_stands_for_itself_whatever_its_name),
        cmocka_unit_test(a_folder_without_archives_is_refused),
        cmocka_unit_test(a_line_that_cannot_be_used_is_named_and_the_next_one_read),
        cmocka_unit_test(marks_around_an_object_on_a_line_are_no_part_of_it),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
