/* run_standing: what a checkpoint keeps of the counts is all that a resumed run needs to tell the same
 * numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run/run_standing.h"

static const struct tw_run_plan plan = {.step_items = 8, .epoch_steps = 10, .most_steps = 40};

static void take_steps(struct tw_run_standing *standing, uint64_t until)
{
    while (standing->progress.step < until) {
        const struct tw_step_result result = {
            .loss = 1.0 / (double)(standing->progress.step + 3), .tokens = 100};
        standing->progress.step++;
        tw_run_standing_count(standing, &result);
    }
}

static void assert_same_rows(const struct tw_run_standing *one, const struct tw_run_standing *other)
{
    json_t *left = tw_run_standing_row(one), *right = tw_run_standing_row(other);
    assert_true(json_equal(left, right));
    json_decref(left);
    json_decref(right);
}

static void a_resumed_run_tells_the_numbers_of_one_that_was_not_interrupted(void **state)
{
    (void)state;
    struct tw_run_standing whole = {.plan = &plan}, resumed = {.plan = &plan};
    tw_run_standing_begin(&whole);
    take_steps(&whole, 7);
    json_t *kept = tw_run_standing_json(&whole);
    resumed.progress = whole.progress;
    tw_run_standing_restore(&resumed, kept);
    json_decref(kept);
    tw_run_standing_begin(&resumed);
    take_steps(&whole, 15);
    take_steps(&resumed, 15);
    assert_same_rows(&whole, &resumed);
    assert_true(tw_run_standing_train_loss(&whole) == tw_run_standing_train_loss(&resumed));
    assert_int_equal(resumed.tokens, 1500);
    assert_int_equal(resumed.tokens_here, 800); /* speed is of this process alone */
}

/* Their names do not change with ours: the folders of runs that were interrupted have them. */
static void checkpoints_of_earlier_versions_are_read(void **state)
{
    (void)state;
    json_t *kept =
        json_loads("{\"worse_evaluations\":2,\"ended_early\":true,\"tokens\":4096,\"seconds\":12.5,"
                   "\"loss_sum\":3.5,\"loss_steps\":7,\"trial_loss_sum\":5.25,\"trial_loss_steps\":21}",
            0, NULL);
    struct tw_run_standing standing = {.plan = &plan};
    tw_run_standing_restore(&standing, kept);
    assert_int_equal(standing.worse_validations, 2);
    assert_true(standing.ended_early);
    assert_int_equal(standing.tokens, 4096);
    assert_true(standing.seconds_before == 12.5);
    assert_true(standing.loss_sum == 3.5 && standing.loss_steps == 7);
    assert_true(tw_run_standing_train_loss(&standing) == 0.25);
    tw_run_standing_begin(&standing);
    json_t *written = tw_run_standing_json(&standing);
    const char *key;
    json_t *value;
    json_object_foreach(kept, key, value) assert_non_null(json_object_get(written, key));
    json_decref(written);
    json_decref(kept);
}

static void epochs_are_counted_in_fractions(void **state)
{
    (void)state;
    struct tw_run_standing standing = {.plan = &plan};
    tw_run_standing_begin(&standing);
    take_steps(&standing, 25);
    const struct tw_run_progress progress = tw_run_standing_progress(&standing, 1e-3, 0.5);
    assert_true(progress.epoch == 2.5);
    assert_int_equal(progress.step, 25);
    assert_int_equal(progress.most_steps, 40);
    assert_true(tw_run_standing_facts(&standing, &(const struct tw_run_settings){0}).epochs == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_run_tells_the_numbers_of_one_that_was_not_interrupted),
        cmocka_unit_test(checkpoints_of_earlier_versions_are_read),
        cmocka_unit_test(epochs_are_counted_in_fractions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
