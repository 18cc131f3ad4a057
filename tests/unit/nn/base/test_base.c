/* base: what everything stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/size.h"

static void an_error_is_one_line_with_place_fact_and_cure(void **state)
{
    (void)state;
    struct tw_error err;
    assert_false(
        tw_fail(&err, TW_CONFIG, "offset 81920", "copy the file again", "tensor \"%s\" ends\npast", "w"));
    tw_error_in(&err, "model.safetensors");
    char line[256];
    tw_error_line(&err, line, sizeof line);
    assert_string_equal(
        line, "model.safetensors: offset 81920: tensor \"w\" ends\\npast; cure: copy the file again");
    assert_int_equal(tw_exit_status(err.code), 78);
}

static void an_error_names_the_folder_it_is_about_once(void **state)
{
    (void)state;
    static const struct {
        const char *where, *outer, *wanted;
    } cases[] = {{"model.safetensors", "model", "model: model.safetensors"}, {"model", "model", "model"},
        {"model/config.json", "model", "model/config.json"},
        {"model/config.json", "model/", "model/config.json"}, {"model: offset 3", "model", "model: offset 3"},
        {"models", "model", "model: models"}, {"", "model", "model"}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_error err;
        tw_fail(&err, TW_CONFIG, cases[at].where, NULL, "broken");
        assert_false(tw_error_in(&err, cases[at].outer));
        assert_string_equal(err.where, cases[at].wanted);
    }
}

static void an_error_is_utf8_whatever_it_quotes(void **state)
{
    (void)state;
    struct tw_error err;
    tw_fail(
        &err, TW_REFUSED, "caf\xE9.jsonl", "set decode.root: \xC3\xA9\xCE", "field %.3s does", "ab\xC3\xA9");
    assert_string_equal(err.where, "caf\\xE9.jsonl");
    assert_string_equal(err.cure, "set decode.root: \xC3\xA9\\xCE");
    assert_string_equal(err.what, "field ab\\xC3 does");
    tw_error_in(&err, "\xFF");
    assert_string_equal(err.where, "\\xFF: caf\\xE9.jsonl");
    char many[600];
    memset(many, 0xCE, sizeof many - 1);
    many[sizeof many - 1] = '\0';
    tw_fail(&err, TW_REFUSED, many, NULL, "%s", many);
    assert_true(strlen(err.what) < sizeof err.what && strlen(err.what) > sizeof err.what - 10);
    assert_int_equal(strspn(err.what, "\\xCE"), strlen(err.what));
    assert_int_equal(strspn(err.where, "\\xCE"), strlen(err.where));
}

static void a_long_error_is_never_cut_inside_a_character(void **state)
{
    (void)state;
    struct tw_error err;
    char accents[2001];
    for (size_t at = 0; at < 1000; at++)
        memcpy(accents + 2 * at, "\xC3\xA9", 2);
    accents[2000] = '\0';
    tw_fail(&err, TW_REFUSED, accents, accents, "x%s", accents);
    assert_int_equal((strlen(err.what) - 1) % 2, 0);
    assert_int_equal(strlen(err.where) % 2, 0);
    assert_int_equal(strlen(err.cure) % 2, 0);
}

static void a_text_is_found_among_sorted_strings(void **state)
{
    (void)state;
    static const char *const sorted[] = {"Z", "a", "ab", "abc", "b", "\xC3\xA9"};
    enum { COUNT = sizeof sorted / sizeof sorted[0] };
    for (size_t at = 0; at < COUNT; at++) {
        assert_true(tw_text_is_one_of(tw_text_of(sorted[at]), sorted, COUNT));
        assert_false(tw_text_is_one_of(tw_text_of(sorted[at]), sorted, at));
    }
    const struct tw_text others[] = {tw_text_of(""), {NULL, 0}, tw_text_of("A"), tw_text_of("aa"),
        tw_text_of("abcd"), tw_text_of("\xC3"), {"ab\0c", 4}, {"ab", 3}, tw_text_of("\xFF")};
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++) {
        assert_false(tw_text_is_one_of(others[at], sorted, COUNT));
        for (size_t entry = 0; entry < COUNT; entry++) {
            int order = tw_text_compare_string(others[at], sorted[entry]);
            int wanted = tw_text_compare(others[at], tw_text_of(sorted[entry]));
            assert_true((order < 0) == (wanted < 0) && order != 0);
        }
    }
}

static void a_text_ends_where_its_length_says(void **state)
{
    (void)state;
    const struct tw_text text = {"abc", 2};
    assert_int_equal(tw_text_byte(text, 1), 'b');
    assert_int_equal(tw_text_byte(text, 2), '\0');
    assert_true(tw_text_goes_on(text, 1, "b"));
    assert_true(tw_text_goes_on(text, 2, ""));
    assert_false(tw_text_goes_on(text, 1, "bc"));
    assert_false(tw_text_goes_on(text, 3, ""));
    for (int byte = 0; byte < 256; byte++) {
        bool letter = byte && byte < 0x80 &&
                      strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", byte) != NULL;
        assert_int_equal(tw_text_is_letter((char)byte), letter);
    }
}

static void a_full_arena_says_so_until_it_is_rewound(void **state)
{
    (void)state;
    struct tw_arena arena;
    struct tw_error err;
    assert_true(tw_arena_begin(&arena, 4096, &err));
    assert_non_null(tw_arena_take(&arena, 1000));
    size_t mark = tw_arena_mark(&arena);
    assert_null(tw_arena_take(&arena, 1 << 20));
    assert_null(tw_arena_array(&arena, SIZE_MAX / 2, 16));
    assert_true(arena.full);
    assert_false(tw_arena_fail(&arena, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_rewind(&arena, mark);
    assert_false(arena.full);
    int *numbers = tw_arena_array(&arena, 10, sizeof *numbers);
    assert_non_null(numbers);
    assert_int_equal(numbers[9], 0);
    assert_int_equal((uintptr_t)tw_arena_aligned(&arena, 64) % 64, 0);
    tw_arena_end(&arena);
}

static void a_file_is_written_whole_and_read_back(void **state)
{
    (void)state;
    char folder[] = "/tmp/tw_base_XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[4096];
    struct tw_error err;
    assert_true(tw_path_join(path, sizeof path, folder, "a.txt", &err));
    assert_true(tw_file_write(path, tw_text_of("first"), &err));
    assert_true(tw_file_write(path, tw_text_of("second"), &err));
    struct tw_loaded_file mapped;
    assert_true(tw_file_load(path, &mapped, &err));
    assert_true(tw_text_equal((struct tw_text){mapped.bytes, mapped.length}, tw_text_of("second")));
    tw_file_unload(&mapped);
    struct tw_arena arena;
    assert_true(tw_arena_begin(&arena, 1 << 16, &err));
    struct tw_text text;
    assert_false(tw_file_read(path, 3, &arena, &text, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_true(tw_file_read(path, 100, &arena, &text, &err));
    assert_int_equal(text.length, 6);
    tw_arena_end(&arena);
    unlink(path);
    assert_false(tw_file_load(path, &mapped, &err));
    assert_int_equal(err.code, TW_IO);
    rmdir(folder);
}

/* `cp` writes over a file in place, and whoever has it open reads on: a model that is loaded must not. */
static void a_file_that_is_written_over_or_cut_off_changes_nothing_that_was_read(void **state)
{
    (void)state;
    char path[] = "/tmp/tw_base_XXXXXX";
    enum { LENGTH = 3 * 4096 };
    char contents[LENGTH];
    memset(contents, 'a', sizeof contents);
    int descriptor = mkstemp(path);
    assert_int_equal(write(descriptor, contents, sizeof contents), LENGTH);
    struct tw_loaded_file mapped;
    struct tw_error err;
    assert_true(tw_file_load(path, &mapped, &err));
    assert_int_equal(pwrite(descriptor, "other", 5, 0), 5);
    assert_int_equal(ftruncate(descriptor, 5), 0);
    assert_int_equal(mapped.length, LENGTH);
    assert_memory_equal(mapped.bytes, contents, LENGTH);
    tw_file_unload(&mapped);
    close(descriptor);
    unlink(path);
}

static void what_is_no_file_is_not_replaced_by_one(void **state)
{
    (void)state;
    char folder[] = "/tmp/tw_base_XXXXXX", path[4096];
    struct tw_error err;
    struct stat status;
    assert_non_null(mkdtemp(folder));
    assert_true(tw_path_join(path, sizeof path, folder, "pipe", &err));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(tw_file_write(path, tw_text_of("x"), &err));
    assert_int_equal(err.code, TW_OUTPUT);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    unlink(path);
    rmdir(folder);
}

static void sizes_from_outside_do_not_wrap(void **state)
{
    (void)state;
    size_t result = 7;
    assert_false(tw_size_add(SIZE_MAX, 1, &result));
    assert_false(tw_size_multiply(SIZE_MAX, 2, &result));
    assert_int_equal(result, 7);
    assert_true(tw_size_multiply(6, 7, &result));
    assert_int_equal(result, 42);
    assert_false(tw_range_within(5, 4, 10));
    assert_false(tw_range_within(5, 11, 10));
    assert_true(tw_range_within(0, 10, 10));
}

static void sha256_is_the_standard_one(void **state)
{
    (void)state;
    char hex[65];
    struct tw_error err;
    assert_true(tw_sha256_hex(tw_text_of("abc"), hex, &err));
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void the_sha256_of_a_file_is_that_of_its_bytes(void **state)
{
    (void)state;
    char path[] = "/tmp/tw_base_XXXXXX", of_file[65], of_bytes[65];
    struct tw_error err;
    static char contents[200001]; /* some pieces and a bit */
    for (size_t at = 0; at < sizeof contents; at++)
        contents[at] = (char)(at * 7 + at / 251);
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    for (size_t length = 0; length <= sizeof contents; length += sizeof contents) {
        uint64_t bytes;
        struct tw_text text = {contents, length};
        assert_true(tw_file_write(path, text, &err));
        assert_true(tw_file_sha256_hex(path, of_file, &bytes, &err));
        assert_true(tw_sha256_hex(text, of_bytes, &err));
        assert_string_equal(of_file, of_bytes);
        assert_int_equal(bytes, length);
    }
    unlink(path);
    uint64_t bytes;
    assert_false(tw_file_sha256_hex(path, of_file, &bytes, &err));
    assert_int_equal(err.code, TW_IO);
    assert_false(tw_file_sha256_hex("/tmp", of_file, &bytes, &err));
    assert_string_equal(err.what, "not a regular file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_one_line_with_place_fact_and_cure),
        cmocka_unit_test(an_error_names_the_folder_it_is_about_once),
        cmocka_unit_test(an_error_is_utf8_whatever_it_quotes),
        cmocka_unit_test(a_long_error_is_never_cut_inside_a_character),
        cmocka_unit_test(a_text_is_found_among_sorted_strings),
        cmocka_unit_test(a_text_ends_where_its_length_says),
        cmocka_unit_test(a_full_arena_says_so_until_it_is_rewound),
        cmocka_unit_test(a_file_is_written_whole_and_read_back),
        cmocka_unit_test(a_file_that_is_written_over_or_cut_off_changes_nothing_that_was_read),
        cmocka_unit_test(what_is_no_file_is_not_replaced_by_one),
        cmocka_unit_test(sizes_from_outside_do_not_wrap),
        cmocka_unit_test(sha256_is_the_standard_one),
        cmocka_unit_test(the_sha256_of_a_file_is_that_of_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
