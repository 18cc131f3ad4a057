/* standing: how far behind the rules are, and why, is true at each moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "evaluate/standing.h"
#include "time/watermark.h"

struct scene {
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_standing standing;
};

static void begin(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL);
    tw_standing_begin(&scene->standing, &scene->log, &scene->metrics);
}

static void what_was_refused_stands_in_the_way_until_it_is_even_again(void **state)
{
    struct scene scene;
    struct tw_error err;
    (void)state;
    begin(&scene);
    assert_null(tw_standing_trouble(&scene.standing));
    tw_fail_passing(&err, TW_SERVER, "alerts_write", "it is tried again", "fenced");
    tw_standing_refused(&scene.standing, "alerts not stored", &err);
    usleep(20000);
    assert_true(tw_standing_behind_ms(&scene.standing) >= 20);
    assert_string_equal(tw_standing_trouble(&scene.standing)->what, "fenced");
    tw_standing_even(&scene.standing);
    assert_null(tw_standing_trouble(&scene.standing));
    assert_true(tw_standing_behind_ms(&scene.standing) < 20);
}

static void windows_and_stories_that_are_being_read_are_told_with_how_far_they_are(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_standing_reading(&scene.standing, 17);
    assert_string_equal(tw_standing_trouble(&scene.standing)->what,
        "the bars that rules look back on are being read: shards to go: 17");
    assert_true(tw_standing_trouble(&scene.standing)->passing);
    assert_true(scene.standing.reading_ms > 0);
    tw_standing_read(&scene.standing, 1000);
    assert_int_equal(scene.standing.reading_ms, 0);
    tw_standing_recalling(&scene.standing, 2000, false);
    assert_string_equal(tw_standing_trouble(&scene.standing)->what,
        "documents that were filed with stories are being read: 2000 so far");
}

static void gauges_and_counters_are_what_was_done(void **state)
{
    struct scene scene;
    struct tw_positions positions = {.watermark_us = 1700000000500000, .holder = {.topic = "news"}};
    const struct tw_turn done = {.bars = 7, .opened = 3, .updated = 2, .resolved = 1};
    (void)state;
    begin(&scene);
    tw_standing_looked(&scene.standing, &positions);
    assert_float_equal(scene.metrics.gauges[TW_GAUGE_STREAM_WATERMARK], 1700000000.5, 1e-6);
    assert_string_equal(scene.standing.holder.topic, "news");
    positions.watermark_us = TW_NO_TIME;
    tw_standing_looked(&scene.standing, &positions);
    assert_float_equal(scene.metrics.gauges[TW_GAUGE_STREAM_WATERMARK], 0, 0);
    tw_standing_shards(&scene.standing, 64);
    tw_standing_memory(&scene.standing, 4096);
    assert_float_equal(scene.metrics.gauges[TW_GAUGE_SHARDS], 64, 0);
    assert_float_equal(scene.metrics.gauges[TW_GAUGE_WINDOWS], 4096, 0);
    tw_standing_written(&scene.standing, &done);
    assert_int_equal(scene.metrics.counters[TW_COUNT_ALERTS_OPENED], 3);
    assert_int_equal(scene.metrics.counters[TW_COUNT_ALERTS_UPDATED], 2);
    assert_int_equal(scene.metrics.counters[TW_COUNT_ALERTS_RESOLVED], 1);
    assert_int_equal(scene.metrics.counters[TW_COUNT_BARS_EVALUATED], 7);
}

static void documents_that_are_filed_do_not_hide_what_rules_were_refused(void **state)
{
    struct scene scene;
    struct tw_error err;
    (void)state;
    begin(&scene);
    tw_standing_filing(&scene.standing);
    assert_string_equal(tw_standing_trouble(&scene.standing)->what,
        "documents are being filed with their stories, before rules see them");
    tw_fail_passing(&err, TW_SERVER, "alert_store", "it is tried again", "a trigger says no");
    tw_standing_refused(&scene.standing, "alerts not stored", &err);
    usleep(20000);
    tw_standing_filing(&scene.standing);
    assert_string_equal(tw_standing_trouble(&scene.standing)->what, "a trigger says no");
    assert_true(tw_standing_behind_ms(&scene.standing) >= 20);
}

static void rules_that_wait_for_another_to_file_documents_are_behind(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    usleep(20000);
    tw_standing_unfiled(&scene.standing);
    assert_true(tw_standing_behind_ms(&scene.standing) >= 20);
    assert_string_equal(tw_standing_trouble(&scene.standing)->what,
        "rules wait for documents to be filed with their stories, and nobody files them");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_refused_stands_in_the_way_until_it_is_even_again),
        cmocka_unit_test(windows_and_stories_that_are_being_read_are_told_with_how_far_they_are),
        cmocka_unit_test(documents_that_are_filed_do_not_hide_what_rules_were_refused),
        cmocka_unit_test(rules_that_wait_for_another_to_file_documents_are_behind),
        cmocka_unit_test(gauges_and_counters_are_what_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
