/* settings: one table, written and read back, told apart when wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "random_model.h"
#include "training/finetune.h"

static struct tw_arena arena;
static char folder[64];

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
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

static void settings_written_are_settings_read(void **state)
{
    (void)state;
    struct tw_finetune_settings one = {0}, other = {0};
    struct tw_error err;
    struct tw_text text, again;
    char path[128];
    const struct tw_settings *table = &tw_finetune_table;
    assert_true(tw_settings_defaults(table, &arena, &one, &err));
    assert_true(tw_settings_defaults(table, &arena, &other, &err));
    assert_true(tw_settings_set(table, &arena, &one, "weight-decay", "0.1", &err));
    assert_true(tw_settings_assign(table, &arena, &one, "lr=3.3333333333333e-5", &err));
    assert_true(tw_settings_set(table, &arena, &one, "data", "a \"b\\.jsonl:2", &err));
    assert_true(tw_settings_set(table, &arena, &one, "data", "c.jsonl", &err));
    assert_true(tw_settings_set(table, &arena, &one, "augment", "token-dropout,entity-swap", &err));
    assert_true(tw_settings_set(table, &arena, &one, "raw", "true", &err));
    assert_true(tw_settings_set(table, &arena, &one, "schedule", "slanted", &err));
    assert_true(tw_settings_write(table, &one, &arena, &text, &err));
    given_file(folder, "run.yaml", text.bytes, text.length);
    snprintf(path, sizeof path, "%s/run.yaml", folder);
    assert_true(tw_settings_read(table, path, &arena, &other, &err));
    assert_true(tw_settings_write(table, &other, &arena, &again, &err));
    assert_true(tw_text_equal(text, again));
    assert_true(other.run.lr == 3.3333333333333e-5);
    assert_int_equal(other.augment, 5);
    assert_int_equal(other.data.count, 2);
    assert_string_equal(other.data.items[0], "a \"b\\.jsonl:2");
}

static void check_assignment(const char *assignment, const char *words)
{
    struct tw_finetune_settings settings = {0};
    struct tw_error err;
    char line[1200];
    assert_true(tw_settings_defaults(&tw_finetune_table, &arena, &settings, &err));
    assert_false(tw_settings_assign(&tw_finetune_table, &arena, &settings, assignment, &err));
    tw_error_line(&err, line, sizeof line);
    assert_int_equal(err.code, TW_USAGE);
    if (!strstr(line, words))
        fail_msg("\"%s\" does not say \"%s\"", line, words);
}

static void what_is_wrong_is_told_with_its_cure(void **state)
{
    (void)state;
    check_assignment("epoch=3", "no key \"epoch\"; cure: did you mean epochs?");
    check_assignment("lr=fast", "lr: \"fast\" is not a number");
    check_assignment("lr=nan", "lr: \"nan\" is not a number");
    check_assignment("dropout=1", "dropout: 1 is out of its range; cure: dropout is between 0 and 0.9");
    check_assignment("epochs=2.5", "epochs: \"2.5\" is not a whole number");
    check_assignment("epochs=-1", "epochs: \"-1\" is not a whole number");
    check_assignment("schedule=step", "no \"step\"; cure: linear, slanted, cosine or constant");
    check_assignment("augment=entity-swap,noise",
        "no \"noise\"; cure: entity-swap, number-jitter, token-dropout or frames");
    check_assignment("raw=maybe", "raw: \"maybe\" is neither true nor false");
    check_assignment("lr", "--set lr has no value");
}

static void a_wrong_key_of_a_file_is_told_with_its_line(void **state)
{
    (void)state;
    struct tw_finetune_settings settings = {0};
    struct tw_error err;
    char path[128];
    given_file(folder, "wrong.yaml", "lr: 1e-4\nepocs: 2\n", 18);
    snprintf(path, sizeof path, "%s/wrong.yaml", folder);
    assert_true(tw_settings_defaults(&tw_finetune_table, &arena, &settings, &err));
    assert_false(tw_settings_read(&tw_finetune_table, path, &arena, &settings, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.where, "wrong.yaml:2:1"));
    assert_string_equal(err.cure, "did you mean epochs?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_written_are_settings_read),
        cmocka_unit_test(what_is_wrong_is_told_with_its_cure),
        cmocka_unit_test(a_wrong_key_of_a_file_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
