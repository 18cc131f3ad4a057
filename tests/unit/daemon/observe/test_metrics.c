/* metrics: the page is what Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "observe/metrics.h"

static char *page_with(const struct tw_metrics *metrics, const struct tw_partition *first)
{
    size_t length;
    char *text = tw_metrics_text(metrics, first, &length);
    assert_non_null(text);
    assert_int_equal(strlen(text), length);
    return text;
}

static void every_counter_and_gauge_stands_on_the_page_with_help_and_type(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    char *text = page_with(&metrics, NULL);
    char line[256];
    for (enum tw_counter counter = 0; counter < TW_COUNTERS; counter++) {
        snprintf(line, sizeof line, "# TYPE %s counter\n%s 0\n", tw_counter_name(counter),
            tw_counter_name(counter));
        assert_non_null(strstr(text, line));
        assert_string_equal(tw_counter_name(counter) + strlen(tw_counter_name(counter)) - 6, "_total");
    }
    assert_non_null(strstr(text, "tapewatch_decode_repairs_total{field=\"source\"} 0\n"));
    for (enum tw_gauge gauge = 0; gauge < TW_GAUGES; gauge++) {
        snprintf(line, sizeof line, "# TYPE %s gauge\n%s 0\n", tw_gauge_name(gauge), tw_gauge_name(gauge));
        assert_non_null(strstr(text, line));
    }
    free(text);
}

static void events_are_counted_by_type_and_a_type_stands_at_zero_before_its_first(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    char *text = page_with(&metrics, NULL);
    assert_null(strstr(text, "tapewatch_events_total"));
    free(text);
    tw_count_events(&metrics, tw_text_of("halt"), 0);
    tw_count_events(&metrics, tw_text_of("probe"), 2);
    tw_count_events(&metrics, tw_text_of("probe"), 1);
    text = page_with(&metrics, NULL);
    assert_non_null(
        strstr(text, "# TYPE tapewatch_events_total counter\ntapewatch_events_total{type=\"halt\"} 0\n"
                     "tapewatch_events_total{type=\"probe\"} 3\n"));
    free(text);
    for (int type = 0; type < 2 * TW_EVENT_SERIES; type++) {
        char name[32];
        snprintf(name, sizeof name, "type_%d", type);
        tw_count_events(&metrics, tw_text_of(name), 1);
    }
    assert_int_equal(metrics.event_types, TW_EVENT_SERIES);
}

static void sources_are_counted_by_their_names_whatever_stands_in_them(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    static const struct tw_source_series series[] = {{"Reuters", 7}, {"a \"b\"\\\n*", 0}};
    char *text = page_with(&metrics, NULL);
    assert_null(strstr(text, "tapewatch_source_documents_total"));
    free(text);
    metrics.sources = series;
    metrics.source_count = 2;
    text = page_with(&metrics, NULL);
    assert_non_null(strstr(text, "# TYPE tapewatch_source_documents_total counter\n"
                                 "tapewatch_source_documents_total{source=\"Reuters\"} 7\n"
                                 "tapewatch_source_documents_total{source=\"a \\\"b\\\"\\\\\\n*\"} 0\n"));
    free(text);
}

static void a_histogram_counts_cumulatively_and_ends_in_infinity(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    tw_observe(&metrics, TW_TIME_COMMIT, 0.002);
    tw_observe(&metrics, TW_TIME_COMMIT, 0.002);
    tw_observe(&metrics, TW_TIME_COMMIT, 1000);
    char *text = page_with(&metrics, NULL);
    assert_non_null(strstr(text, "tapewatch_commit_seconds_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(text, "tapewatch_commit_seconds_bucket{le=\"0.0025\"} 2\n"));
    assert_non_null(strstr(text, "tapewatch_commit_seconds_bucket{le=\"300\"} 2\n"));
    assert_non_null(strstr(text, "tapewatch_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(text, "tapewatch_commit_seconds_count 3\n"));
    free(text);
}

static void a_partition_has_its_offset_lag_and_watermark_once_they_are_known(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    struct tw_partition fresh = {
        .topic = "news", .number = 1, .row_offset = -1, .end_offset = -1, .row_watermark_us = INT64_MIN};
    struct tw_partition known = {.topic = "news",
        .number = 0,
        .row_offset = 40,
        .end_offset = 42,
        .row_watermark_us = 1500000,
        .state = TW_PARTITION_STRANDED,
        .next = &fresh};
    char *text = page_with(&metrics, &known);
    assert_non_null(strstr(text, "tapewatch_partition_next_offset{topic=\"news\",partition=\"0\"} 40\n"));
    assert_non_null(strstr(text, "tapewatch_partition_lag_messages{topic=\"news\",partition=\"0\"} 2\n"));
    assert_non_null(
        strstr(text, "tapewatch_partition_watermark_seconds{topic=\"news\",partition=\"0\"} 1.5\n"));
    assert_non_null(strstr(text, "tapewatch_partition_stranded{topic=\"news\",partition=\"0\"} 1\n"));
    assert_non_null(strstr(text, "tapewatch_partition_stranded{topic=\"news\",partition=\"1\"} 0\n"));
    assert_null(strstr(text, "tapewatch_partition_lag_messages{topic=\"news\",partition=\"1\"}"));
    free(text);
}

static void a_partition_that_is_taken_anew_has_each_series_once(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    struct tw_partition oldest = {.topic = "news", .row_offset = 10, .state = TW_PARTITION_LEAVING};
    struct tw_partition old = {
        .topic = "news", .row_offset = 20, .state = TW_PARTITION_LEAVING, .next = &oldest};
    struct tw_partition other = {
        .topic = "posts", .row_offset = 30, .state = TW_PARTITION_LEAVING, .next = &old};
    struct tw_partition anew = {
        .topic = "news", .row_offset = 40, .state = TW_PARTITION_READING, .next = &other};
    char *text = page_with(&metrics, &anew);
    const char *offset = "tapewatch_partition_next_offset{topic=\"news\",partition=\"0\"}";
    const char *found = strstr(text, offset);
    assert_non_null(found);
    assert_memory_equal(found + strlen(offset), " 40\n", 4);
    assert_null(strstr(found + 1, offset));
    assert_non_null(strstr(text, "tapewatch_partition_next_offset{topic=\"posts\",partition=\"0\"} 30\n"));
    free(text);
}

/* A row of the reference for each "# HELP name help" and the "# TYPE name type" that follows. */
static void print_reference(FILE *to, const char *page)
{
    fputs(
        "# Metrics\n\nWhat `/metrics` shows, in its order. Series of a partition, of a type of events, of a name of\n"
        "`sources.weights` and of whom alerts are told to are there once there is one. What to watch, and what it means, stands in [operations](operations.md).\n\n"
        "A counter counts from the start of the daemon. What was stored (documents, dead letters, scores, events, documents by source) counts when it comes to stand:\n"
        "read again after a `reset`, it is compared with what stands there, and not counted again. What was read or made of it (messages, tokens, repairs, ticks, times ahead) counts each time.\n\n"
        "| metric | kind | what it says |\n| --- | --- | --- |\n",
        to);
    for (const char *at = strstr(page, "# HELP "); at; at = strstr(at + 1, "# HELP ")) {
        char name[128], help[512], kind[32];
        assert_int_equal(sscanf(at, "# HELP %127s %511[^\n]\n# TYPE %*s %31s", name, help, kind), 3);
        fprintf(to, "| `%s` | %s | %s |\n", name, kind, help);
    }
}

static void every_metric_stands_in_the_documentation_in_the_words_of_the_page(void **state)
{
    (void)state;
    static struct tw_metrics metrics = {.held_seconds = 1, .held_topic = "news"};
    struct tw_partition known = {.topic = "news", .row_offset = 40, .end_offset = 42, .answered_ms = 1};
    for (size_t target = 0; target < TW_TELL_TARGETS; target++)
        metrics.tell[target].on = true;
    tw_count_events(&metrics, tw_text_of("halt"), 0);
    static const struct tw_source_series series = {"Reuters", 0};
    metrics.sources = &series;
    metrics.source_count = 1;
    char *page = page_with(&metrics, &known), *wanted = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&wanted, &length);
    assert_non_null(to);
    print_reference(to, page);
    assert_int_equal(fclose(to), 0);

    struct tw_arena arena;
    struct tw_error err;
    struct tw_text file;
    assert_true(tw_arena_begin(&arena, 1 << 20, &err));
    assert_true(tw_file_read(TW_SOURCE_DIR "/deploy/docs/metrics.md", 1 << 19, &arena, &file, &err));
    if (!tw_text_equal(file, (struct tw_text){wanted, length})) {
        fputs(wanted, stdout);
        fail_msg("deploy/docs/metrics.md is not what the table says; cure: what stands above is");
    }
    tw_arena_end(&arena);
    free(wanted);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_and_gauge_stands_on_the_page_with_help_and_type),
        cmocka_unit_test(events_are_counted_by_type_and_a_type_stands_at_zero_before_its_first),
        cmocka_unit_test(sources_are_counted_by_their_names_whatever_stands_in_them),
        cmocka_unit_test(a_histogram_counts_cumulatively_and_ends_in_infinity),
        cmocka_unit_test(a_partition_has_its_offset_lag_and_watermark_once_they_are_known),
        cmocka_unit_test(a_partition_that_is_taken_anew_has_each_series_once),
        cmocka_unit_test(every_metric_stands_in_the_documentation_in_the_words_of_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
