/* folder: whole or not at all, whatever stood there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/folder.h"
#include "random_model.h"

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

static int begin(void **state)
{
    (void)state;
    given_folder(scratch);
    return 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder(scratch);
    return 0;
}

static const char *in_scratch(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", scratch, name);
    return path;
}

static bool stands(const char *name, const char *contents)
{
    char path[128], text[64] = "";
    FILE *file = fopen(in_scratch(name, path), "rb");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    return file && length == strlen(contents) && memcmp(text, contents, length) == 0;
}

static bool is_there(const char *name)
{
    char path[128];
    return access(in_scratch(name, path), F_OK) == 0;
}

/* a = 1, b = 2 as folder `name`, finished or not. */
static void write_two(const char *name, char partial[TW_FOLDER_PATH])
{
    char path[128];
    assert_true(tw_folder_begin(in_scratch(name, path), partial, NULL));
    given_file(partial, "a", "1", 1);
    given_file(partial, "b", "2", 1);
}

static void it_has_no_name_before_it_is_finished(void **state)
{
    (void)state;
    char path[128], partial[TW_FOLDER_PATH];
    write_two("new", partial);
    assert_false(is_there("new"));
    assert_true(tw_folder_finish(partial, in_scratch("new", path), NULL));
    assert_true(stands("new/a", "1") && stands("new/b", "2"));
    assert_int_not_equal(access(partial, F_OK), 0);
}

static void an_empty_folder_becomes_it_and_slashes_at_the_end_are_fine(void **state)
{
    (void)state;
    char path[128], partial[TW_FOLDER_PATH];
    assert_int_equal(mkdir(in_scratch("empty", path), 0755), 0);
    write_two("empty//", partial);
    assert_true(tw_folder_finish(partial, in_scratch("empty//", path), NULL));
    assert_true(stands("empty/a", "1") && stands("empty/b", "2"));
}

static void files_that_stand_there_are_replaced_and_others_stay(void **state)
{
    (void)state;
    char path[128], partial[TW_FOLDER_PATH];
    assert_int_equal(mkdir(in_scratch("full", path), 0755), 0);
    given_file(path, "a", "old", 3);
    given_file(path, "run.yaml", "mine", 4);
    write_two("full", partial);
    assert_int_equal(strncmp(partial, path, strlen(path)), 0); /* within: gone with it */
    assert_true(stands("full/a", "old"));
    assert_true(tw_folder_finish(partial, in_scratch("full", path), NULL));
    assert_true(stands("full/a", "1") && stands("full/b", "2") && stands("full/run.yaml", "mine"));
    assert_int_not_equal(access(partial, F_OK), 0);
}

static void what_a_killed_process_left_is_cleaned_away_and_nothing_else(void **state)
{
    (void)state;
    char path[128], partial[TW_FOLDER_PATH];
    assert_int_equal(mkdir(in_scratch("killed", path), 0755), 0);
    given_file(path, "run.yaml", "mine", 4);
    given_file(path, "state.json.partial-8uB76A", "{", 1);
    write_two("killed", partial);
    tw_folder_clean(in_scratch("killed", path));
    assert_int_not_equal(access(partial, F_OK), 0);
    assert_false(is_there("killed/state.json.partial-8uB76A"));
    assert_true(stands("killed/run.yaml", "mine"));
}

/* A publication of a = 1, b = 2 into folder `name` that a kill ended after the step: `moved` of its files are
 * moved. */
static void given_killed_publication(const char *name, int moved)
{
    char path[128], partial[TW_FOLDER_PATH], incoming[192], from[256], to[256];
    assert_int_equal(mkdir(in_scratch(name, path), 0755), 0);
    given_file(path, "a", "old", 3);
    given_file(path, "b", "old", 3);
    write_two(name, partial);
    snprintf(incoming, sizeof incoming, "%s/%s", path, TW_FOLDER_INCOMING);
    assert_int_equal(rename(partial, incoming), 0);
    snprintf(from, sizeof from, "%s/a", incoming);
    snprintf(to, sizeof to, "%s/a", path);
    if (moved > 0)
        assert_int_equal(rename(from, to), 0);
}

static void a_publication_that_a_kill_ended_after_its_step_is_ended_by_the_next(void **state)
{
    (void)state;
    char path[128], partial[TW_FOLDER_PATH];
    for (int moved = 0; moved < 2; moved++) {
        const char *name = moved ? "torn1" : "torn0";
        given_killed_publication(name, moved);
        assert_true(tw_folder_begin(in_scratch(name, path), partial, NULL));
        given_file(partial, "a", "3", 1); /* and no b */
        assert_true(tw_folder_finish(partial, in_scratch(name, path), NULL));
        assert_true(stands(moved ? "torn1/a" : "torn0/a", "3"));
        assert_true(stands(moved ? "torn1/b" : "torn0/b", "2"));
        assert_false(is_there(moved ? "torn1/.incoming" : "torn0/.incoming"));
    }
}

static void or_by_a_clean_up(void **state)
{
    (void)state;
    char path[128];
    given_killed_publication("tidied", 1);
    tw_folder_clean(in_scratch("tidied", path));
    assert_true(stands("tidied/a", "1") && stands("tidied/b", "2"));
    assert_false(is_there("tidied/.incoming"));
}

static void a_place_where_no_folder_can_be_made_is_refused(void **state)
{
    (void)state;
    char partial[TW_FOLDER_PATH];
    struct tw_error err;
    assert_false(tw_folder_begin("/proc/nothing/model", partial, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    assert_string_equal(err.where, "/proc/nothing/model");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_no_name_before_it_is_finished),
        cmocka_unit_test(an_empty_folder_becomes_it_and_slashes_at_the_end_are_fine),
        cmocka_unit_test(files_that_stand_there_are_replaced_and_others_stay),
        cmocka_unit_test(what_a_killed_process_left_is_cleaned_away_and_nothing_else),
        cmocka_unit_test(a_publication_that_a_kill_ended_after_its_step_is_ended_by_the_next),
        cmocka_unit_test(or_by_a_clean_up),
        cmocka_unit_test(a_place_where_no_folder_can_be_made_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
