/* judge: what a finding makes of an alert at each edge, in every state that it can be in. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rule_kinds/judge.h"
#include "test_arena.h"

#define S INT64_C(1000000)

/* A kind that finds what it was told to, bar after bar; the last of it for ever. */
struct script {
    const struct tw_finding *findings;
    size_t count;
    size_t found;
};

static int64_t next_us(const void *context, int64_t after_us)
{
    const struct script *script = context;
    return script->found < script->count ? after_us + TW_BAR_US : TW_NEVER_US;
}

static bool find(void *context, int64_t edge_us, struct tw_finding *finding, struct tw_error *err)
{
    struct script *script = context;
    (void)edge_us, (void)err;
    assert_true(finding->is_past && !finding->holds && finding->value == 0);
    if (script->found < script->count)
        script->found++;
    *finding = script->findings[script->found - 1];
    return true;
}

static struct tw_text say(const void *context, const char *tail, struct tw_steps *steps)
{
    (void)context;
    return tw_steps_say(steps, "found%s", tail);
}

static struct tw_phrase say_condition(const void *context)
{
    (void)context;
    return (struct tw_phrase){" at last"};
}

/* The steps over these findings of a rule that is quiet for 20 s and updated at 50 percent more: "10 opened
 * -1: found at last\n". Edges are told up to 60 s behind the last finding. */
static const char *told_of(bool rises, const struct tw_finding findings[], size_t count)
{
    static const struct tw_judge_kind kind = {next_us, find, say, say_condition, tw_judge_say_number};
    static char told[1024];
    struct script script = {findings, count, 0};
    struct tw_rule rule = {.name = tw_text_of("r"), .measure = "", .quiet_us = 20 * S};
    struct tw_rule_run run = {.rule = &rule, .until_us = (int64_t)count * TW_BAR_US + 60 * S};
    struct tw_steps steps;
    struct tw_error err;
    size_t length = 0;
    assert_true(tw_steps_begin(&steps, tw_text_of("OM"), NULL, 0, &arena, &err));
    const struct tw_judge judge = {
        .kind = &kind, .context = &script, .steps = &steps, .rises = rises, .step = 50};
    assert_true(tw_judge_run(&judge, &run, &err));
    told[0] = '\0';
    for (uint32_t at = 0; at < steps.change_count; at++)
        length += (size_t)snprintf(told + length, sizeof told - length, "%" PRId64 " %s %s: %.*s\n",
            steps.changes[at].at_us / S, tw_alert_step_names[steps.changes[at].step],
            tw_phrase_of_number(steps.changes[at].value).text, (int)steps.changes[at].reason.length,
            steps.changes[at].reason.bytes);
    return told;
}

#define HOLDS(v)                                                                                             \
    {                                                                                                        \
        .value = (v), .documents = 1, .holds = true                                                          \
    }
#define BETWEEN(v)                                                                                           \
    {                                                                                                        \
        .value = (v), .documents = 1                                                                         \
    }
#define PAST(v)                                                                                              \
    {                                                                                                        \
        .value = (v), .documents = 1, .is_past = true                                                        \
    }
#define TOLD(rises, ...)                                                                                     \
    told_of(rises, (const struct tw_finding[]){__VA_ARGS__},                                                 \
        sizeof((const struct tw_finding[]){__VA_ARGS__}) / sizeof(struct tw_finding))

static void nothing_opens_but_where_the_rule_holds(void **state)
{
    (void)state;
    assert_string_equal(TOLD(false, BETWEEN(-9000), PAST(0), BETWEEN(-9000)), "");
    assert_string_equal(TOLD(false, PAST(0), HOLDS(-10000)), "20 opened -1.0: found at last\n");
}

static void an_update_needs_the_step_and_that_it_holds(void **state)
{
    (void)state;
    assert_string_equal(
        TOLD(false, HOLDS(-10000), HOLDS(-14999), BETWEEN(-20000), HOLDS(-15000), HOLDS(-22499)),
        "10 opened -1.0: found at last\n40 updated -1.5: found, after -1.0\n");
    assert_string_equal(TOLD(true, HOLDS(20000), HOLDS(29999), HOLDS(10000), HOLDS(30000)),
        "10 opened 2.0: found at last\n40 updated 3.0: found, after 2.0\n");
}

/* -1.49996 is told as -1.5, and has not come to it. */
static void a_rounded_value_is_compared_as_the_quotient_that_it_was(void **state)
{
    (void)state;
    const struct tw_finding short_of = {
        .value = -15000, .dividend = -1499960, .divisor = 100, .documents = 1, .holds = true};
    const struct tw_finding at_it = {
        .value = -15000, .dividend = -1500000, .divisor = 100, .documents = 1, .holds = true};
    assert_string_equal(TOLD(false, HOLDS(-10000), short_of, short_of), "10 opened -1.0: found at last\n");
    assert_string_equal(TOLD(false, HOLDS(-10000), short_of, at_it),
        "10 opened -1.0: found at last\n30 updated -1.5: found, after -1.0\n");
}

static void it_is_resolved_when_past_for_long_enough_and_begins_anew_when_not(void **state)
{
    (void)state;
    /* past from 20 s on; nothing changes any more, and the end of quiet is an edge of its own */
    assert_string_equal(TOLD(false, HOLDS(-10000), PAST(-10)),
        "10 opened -1.0: found at last\n40 resolved -0.001: found, quiet for 20s\n");
    /* between is not past: quiet begins again at 50 s */
    assert_string_equal(TOLD(false, HOLDS(-10000), PAST(0), PAST(0), BETWEEN(-1), PAST(0)),
        "10 opened -1.0: found at last\n70 resolved 0.0: found, quiet for 20s\n");
    /* the value is judged before the clock */
    assert_string_equal(
        TOLD(false, HOLDS(-10000), PAST(0), PAST(0), HOLDS(-10000)), "10 opened -1.0: found at last\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_opens_but_where_the_rule_holds),
        cmocka_unit_test(an_update_needs_the_step_and_that_it_holds),
        cmocka_unit_test(a_rounded_value_is_compared_as_the_quotient_that_it_was),
        cmocka_unit_test(it_is_resolved_when_past_for_long_enough_and_begins_anew_when_not),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
