/* gate: limits that hold, limits that are passed, limits that look at nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit/gate.h"

static struct tw_arena arena;
static struct tw_audit_rows rows;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    if (!tw_arena_begin(&arena, 32 << 20, &err) || !tw_audit_rows_begin(&rows, &arena, &err))
        return -1;
    tw_audit_add_share(&rows, (const char *const[4]){"cases", "must", "", "share"}, 80, 100);
    tw_audit_add_share(&rows, (const char *const[4]){"cases", "must", "fraud, probe", "share"}, 30, 40);
    tw_audit_add_mean(
        &rows, (const char *const[4]){"swaps", "country", "north", "mean_shift"}, 10, -0.5, 0.03);
    tw_audit_add(&rows, (const char *const[4]){"swaps", "country", "flips_per_1000", NULL}, 300, 12.5);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

/* How many limits are passed; all that is wrong with the file in *wrong. */
static uint32_t try_gate(const char *yaml, const char **wrong)
{
    struct tw_text_file *file = tw_arena_take(&arena, sizeof *file);
    struct tw_problems problems;
    struct tw_error err;
    struct tw_text text;
    uint32_t count = 0;
    assert_non_null(file);
    *file = (struct tw_text_file){"gate.yaml", tw_text_of(yaml)};
    tw_problems_begin(&problems, &arena);
    for (uint32_t at = 0; at < rows.count; at++)
        rows.items[at].broken = NULL;
    bool right = tw_audit_gate(file, &problems, &arena, &rows, &count, &err);
    assert_int_equal(right, problems.count == 0);
    assert_true(tw_problems_render(&problems, &arena, &text, &err));
    *wrong = text.bytes;
    return count;
}

static void rows_are_named_by_their_parts(void **state)
{
    (void)state;
    assert_string_equal(rows.items[0].name, "cases.must.share");
    assert_string_equal(rows.items[1].name, "cases.must.fraud_probe.share");
    assert_string_equal(rows.items[2].name, "swaps.country.north.mean_shift");
    assert_string_equal(rows.items[3].name, "swaps.country.flips_per_1000");
}

static void shares_have_wilson_s_interval(void **state)
{
    (void)state;
    /* 80 of 100: 0.7112 to 0.8666 (Wilson 1927, z = 1.96). */
    assert_true(rows.items[0].low > 0.7111 && rows.items[0].low < 0.7112);
    assert_true(rows.items[0].high > 0.8665 && rows.items[0].high < 0.8667);
}

static void limits_are_held_on_either_side(void **state)
{
    (void)state;
    const char *wrong;
    assert_int_equal(
        try_gate("version: 1\nlimits: [{measure: cases.must.share, at_least: 0.8}]\n", &wrong), 0);
    assert_int_equal(
        try_gate("version: 1\nlimits: [{measure: cases.must.share, at_least: 0.81}]\n", &wrong), 1);
    assert_string_equal(rows.items[0].broken, "at least 0.81");
    assert_int_equal(
        try_gate("version: 1\nlimits: [{measure: swaps.country.flips_per_1000, at_most: 12.4}]\n", &wrong),
        1);
    assert_string_equal(wrong, "");
}

static void a_star_stands_for_any_part_and_a_shift_counts_by_its_size(void **state)
{
    (void)state;
    const char *wrong;
    assert_int_equal(try_gate("version: 1\nlimits: [{measure: cases.*.share, at_least: 0.78}]\n", &wrong), 1);
    assert_string_equal(rows.items[1].broken, "at least 0.78");
    assert_int_equal(
        try_gate("version: 1\nlimits: [{measure: \"*.mean_shift\", at_most: 0.02}]\n", &wrong), 1);
    assert_int_equal(
        try_gate("version: 1\nlimits: [{measure: \"*.mean_shift\", at_most: 0.06}]\n", &wrong), 0);
}

static void a_limit_that_looks_at_nothing_is_an_error(void **state)
{
    (void)state;
    const char *wrong;
    try_gate("version: 1\nlimits: [{measure: cases.must.hlat.share, at_least: 0.9}]\n", &wrong);
    assert_non_null(
        strstr(wrong, "gate.yaml:2:20: nothing that was measured is called \"cases.must.hlat.share\""));
    try_gate("version: 1\nlimits: [{measure: cases.must.share}]\n", &wrong);
    assert_non_null(strstr(wrong, "a limit without a number"));
    try_gate("version: 1\nlimits: []\n", &wrong);
    assert_non_null(strstr(wrong, "\"limits\" is no list"));
    try_gate("", &wrong);
    assert_non_null(strstr(wrong, "holds no limits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_named_by_their_parts),
        cmocka_unit_test(shares_have_wilson_s_interval),
        cmocka_unit_test(limits_are_held_on_either_side),
        cmocka_unit_test(a_star_stands_for_any_part_and_a_shift_counts_by_its_size),
        cmocka_unit_test(a_limit_that_looks_at_nothing_is_an_error),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
