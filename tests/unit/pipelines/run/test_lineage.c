/* lineage: a run goes on with what it began with, and with nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/lineage.h"

/* What check_same says of two lineages, the new one first; "" when they are of the same things. */
static void expect(const char *now, const char *before, const char *what)
{
    struct tw_error err = {0};
    json_t *left = json_loads(now, 0, NULL), *right = json_loads(before, 0, NULL);
    assert_non_null(left);
    assert_non_null(right);
    assert_int_equal(tw_lineage_check_same(left, right, "out", &err), what[0] == '\0');
    assert_string_equal(err.what, what);
    json_decref(left);
    json_decref(right);
}

static void the_command_alone_may_differ(void **state)
{
    (void)state;
    expect("{\"command\":\"a\",\"seed\":1}", "{\"command\":\"b\",\"seed\":1}", "");
    expect("{\"command\":\"a\",\"seed\":1}", "{\"command\":\"a\",\"seed\":2}",
        "seed changed since the run began");
}

static void a_member_that_only_one_has_is_a_change(void **state)
{
    (void)state;
    expect("{\"seed\":1}", "{\"seed\":1,\"templates\":[]}", "templates changed since the run began");
    expect("{\"seed\":1,\"templates\":[]}", "{\"seed\":1}", "templates changed since the run began");
    expect("{\"seed\":1}", "{\"seed\":1,\"decode\":{\"root\":\"a\"}}",
        "the section decode of the configuration is not what it was when the run began");
}

/* A run that an older program began knows of no files: its weights must do. */
static void files_of_a_model_count_where_both_know_of_them(void **state)
{
    (void)state;
    static const char plain[] = "{\"base\":{\"sha256\":\"1\"}}", other[] = "{\"base\":{\"sha256\":\"2\"}}";
    static const char old[] = "{\"base\":{\"sha256\":\"1\",\"files\":{\"vocab.txt\":\"3\"}}}";
    static const char new[] = "{\"base\":{\"sha256\":\"1\",\"files\":{\"vocab.txt\":\"4\"}}}";
    expect(old, old, "");
    expect(new, old, "base changed since the run began");
    expect(new, plain, "");
    expect(new, other, "base changed since the run began");
    expect("{\"fold_teachers\":[{\"sha256\":\"1\",\"files\":{}}]}",
        "{\"fold_teachers\":[{\"sha256\":\"1\"}]}", "");
    expect("{\"fold_teachers\":[{\"sha256\":\"1\",\"files\":{}}]}", "{\"fold_teachers\":[]}",
        "fold_teachers changed since the run began");
}

/* They stand in the folder as they were decoded; those of a file besides them are read once more. */
static void records_of_a_topic_are_not_decoded_again(void **state)
{
    (void)state;
    static const char changed[] =
        "the section decode of the configuration is not what it was when the run began";
    expect("{\"topic\":{},\"data\":[1]}", "{\"topic\":{},\"data\":[1],\"decode\":{\"root\":\"a\"}}", "");
    expect("{\"topic\":{},\"data\":[1,2]}", "{\"topic\":{},\"data\":[1,2],\"decode\":{\"root\":\"a\"}}",
        changed);
    expect("{\"data\":[1]}", "{\"data\":[1],\"decode\":{\"root\":\"a\"}}", changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_alone_may_differ),
        cmocka_unit_test(a_member_that_only_one_has_is_a_change),
        cmocka_unit_test(files_of_a_model_count_where_both_know_of_them),
        cmocka_unit_test(records_of_a_topic_are_not_decoded_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
