/* snapshot: files as they stood together, whatever happens to the folder afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/snapshot.h"

#include "base/folder.h"
#include "random_model.h"

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {"a", "b", "c", "none"};
enum { NAMES = sizeof names / sizeof names[0] };

static char scratch[64];

static int begin(void **state)
{
    (void)state;
    given_folder(scratch);
    given_file(scratch, "mine", "", 0); /* so that publications go into it */
    return 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder(scratch);
    return 0;
}

static void publish(const char *contents)
{
    char partial[TW_FOLDER_PATH];
    struct tw_error err;
    assert_true(tw_folder_begin(scratch, partial, &err));
    for (size_t name = 0; name + 1 < NAMES; name++)
        given_file(partial, names[name], contents, strlen(contents));
    assert_true(tw_folder_finish(partial, scratch, &err));
}

static struct tw_snapshot taken(void)
{
    struct tw_snapshot files;
    struct tw_error err;
    assert_true(tw_snapshot_take(scratch, names, NAMES, &files, &err));
    return files;
}

/* What a file of the snapshot holds, as a number. */
static long number_of(const struct tw_snapshot *files, const char *name)
{
    struct tw_arena arena;
    struct tw_text text;
    struct tw_error err;
    assert_true(tw_arena_begin(&arena, 4096, &err));
    assert_true(tw_snapshot_read(files, name, 100, &arena, &text, &err));
    long number = strtol(text.bytes, NULL, 10);
    tw_arena_end(&arena);
    return number;
}

static void what_was_taken_stays_whatever_is_published(void **state)
{
    (void)state;
    publish("1");
    struct tw_snapshot files = taken();
    publish("2");
    publish("3");
    for (int again = 0; again < 2; again++)
        for (size_t name = 0; name + 1 < NAMES; name++)
            assert_int_equal(number_of(&files, names[name]), 1);
    struct tw_loaded_file mapped;
    struct tw_error err;
    assert_true(tw_snapshot_load(&files, "b", &mapped, &err));
    tw_snapshot_drop(&files);
    assert_memory_equal(mapped.bytes, "1", 1);
    tw_file_unload(&mapped);
}

static void so_it_does_when_the_folder_itself_is_replaced(void **state)
{
    (void)state;
    char old[80];
    publish("1");
    struct tw_snapshot files = taken();
    snprintf(old, sizeof old, "%s-old", scratch);
    assert_int_equal(rename(scratch, old), 0);
    assert_int_equal(mkdir(scratch, 0755), 0);
    publish("2");
    assert_int_equal(number_of(&files, "a"), 1);
    tw_snapshot_drop(&files);
    remove_folder(old);
}

static void what_is_published_and_not_yet_moved_counts(void **state)
{
    (void)state;
    char incoming[80];
    publish("1");
    snprintf(incoming, sizeof incoming, "%s/%s", scratch, TW_FOLDER_INCOMING);
    assert_int_equal(mkdir(incoming, 0755), 0);
    given_file(incoming, "b", "2", 1);
    struct tw_snapshot files = taken();
    assert_int_equal(number_of(&files, "a"), 1);
    assert_int_equal(number_of(&files, "b"), 2);
    tw_snapshot_drop(&files);
    remove_folder(incoming);
}

static void a_file_that_is_not_there_is_told_to_whoever_asks(void **state)
{
    (void)state;
    struct tw_loaded_file mapped;
    struct tw_error err;
    char path[80];
    publish("1");
    struct tw_snapshot files = taken();
    assert_true(tw_snapshot_has(&files, "a"));
    assert_false(tw_snapshot_has(&files, "none"));
    assert_false(tw_snapshot_load(&files, "none", &mapped, &err));
    assert_int_equal(err.code, TW_IO);
    snprintf(path, sizeof path, "%s/none", scratch);
    assert_string_equal(err.where, path);
    assert_string_equal(err.what, "cannot open the file: No such file or directory");
    tw_snapshot_drop(&files);
    assert_true(tw_snapshot_take("/nowhere", names, NAMES, &files, &err));
    assert_false(tw_snapshot_load(&files, "a", &mapped, &err));
    assert_string_equal(err.where, "/nowhere/a");
    tw_snapshot_drop(&files);
}

static void a_pipe_in_place_of_a_file_is_refused_without_waiting_for_its_writer(void **state)
{
    (void)state;
    struct tw_loaded_file mapped;
    struct tw_error err;
    char path[80];
    snprintf(path, sizeof path, "%s/none", scratch);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct tw_snapshot files = taken();
    assert_false(tw_snapshot_load(&files, "none", &mapped, &err));
    assert_string_equal(err.what, "not a regular file");
    tw_snapshot_drop(&files);
    assert_int_equal(unlink(path), 0);
}

/* One publication after the other until it is told to stop. */
static void publish_without_end(const atomic_bool *stop)
{
    for (int time = 1; !atomic_load(stop); time++) {
        char text[16];
        snprintf(text, sizeof text, "%d", time);
        publish(text);
    }
}

/* A publisher as fast as it can, and a reader that is slower at times. */
static void all_files_are_of_one_publication_whatever_the_pace(void **state)
{
    (void)state;
    enum { READS = 60 };
    atomic_bool *stop = mmap(NULL, sizeof *stop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(stop != MAP_FAILED);
    publish("0");
    for (size_t repeat = wanted_repeats(); repeat > 0; repeat--) {
        int status, seen = 0; /* publications of this writer */
        atomic_store(stop, false);
        pid_t writer = fork();
        assert_true(writer >= 0);
        if (writer == 0) {
            publish_without_end(stop);
            _exit(0);
        }
        for (int reads = 0; reads < READS || seen == 0; reads++) {
            struct tw_snapshot files = taken();
            usleep(reads % 3 == 2 ? 2000 : 0);
            long number = number_of(&files, "a");
            assert_int_equal(number_of(&files, "b"), number);
            assert_int_equal(number_of(&files, "c"), number);
            seen += number > 0;
            tw_snapshot_drop(&files);
        }
        atomic_store(stop, true);
        assert_true(waitpid(writer, &status, 0) == writer && status == 0);
    }
    munmap(stop, sizeof *stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_taken_stays_whatever_is_published),
        cmocka_unit_test(so_it_does_when_the_folder_itself_is_replaced),
        cmocka_unit_test(what_is_published_and_not_yet_moved_counts),
        cmocka_unit_test(a_file_that_is_not_there_is_told_to_whoever_asks),
        cmocka_unit_test(a_pipe_in_place_of_a_file_is_refused_without_waiting_for_its_writer),
        cmocka_unit_test(all_files_are_of_one_publication_whatever_the_pace),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
