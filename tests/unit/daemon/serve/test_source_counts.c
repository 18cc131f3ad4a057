/* source_counts: a name that no document comes by is told, whatever else comes; a reload loses no count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/source_counts.h"

static struct tw_source_counts counts;
static struct tw_metrics metrics;
static char names[TW_SOURCE_COUNTS_NAMES_BYTES];

static struct tw_source_weights *weights_of(const char *const *list, uint32_t count)
{
    struct tw_named_weight named[8];
    const struct tw_source_list given = {named, count, TW_SOURCE_WHOLE};
    struct tw_source_weights *weights;
    struct tw_error err;
    for (uint32_t at = 0; at < count; at++)
        named[at] = (struct tw_named_weight){list[at], 5000};
    if (!tw_source_weights_new(&given, &weights, &err))
        fail_msg("%s", err.what);
    return weights;
}

/* What the log gets of `came` documents of the names, and of others behind them, of each of which a row came
 * unless they stood there already. */
static bool is_told_of(
    const struct tw_source_weights *weights, uint32_t *came, bool stood_there, const char *wanted)
{
    static char written[4096];
    static struct tw_document documents[100000];
    static uint8_t kept[100000];
    struct tw_rows rows = {.sources = weights, .source_counts = came, .documents = documents};
    for (uint32_t name = 0; name <= tw_source_weights_list(weights).count; name++)
        for (uint32_t at = 0; at < came[name]; at++)
            documents[rows.document_count++].source_name = name;
    memset(kept, !stood_there, rows.document_count);
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    const int stderr_before = dup(STDERR_FILENO);
    assert_true(stderr_before >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    const struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    tw_source_counts_add(&counts, &rows, kept, &log);
    fflush(stderr);
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    rewind(file);
    written[fread(written, 1, sizeof written - 1, file)] = '\0';
    fclose(file);
    return strstr(written, wanted) != NULL;
}

static bool is_told(const struct tw_source_weights *weights, uint32_t *came, const char *wanted)
{
    return is_told_of(weights, came, false, wanted);
}

static void a_name_that_nothing_comes_by_is_told_once_there_is_enough(void **unused)
{
    (void)unused;
    static const char *const list[] = {"Reuters", "Reutters", "blogs*"};
    struct tw_source_weights *weights = weights_of(list, 3);
    counts = (struct tw_source_counts){0};
    tw_source_counts_take(&counts, weights);
    assert_int_equal(tw_source_counts_unmatched(&counts, names, sizeof names), 3);
    assert_string_equal(names, "Reuters, Reutters, blogs*");
    uint32_t few[] = {5000, 0, 1000, 3999}, one[] = {0, 0, 0, 1}, many[] = {90000, 0, 0, 0};
    assert_false(is_told(weights, few, "event"));
    assert_int_equal(tw_source_counts_unmatched(&counts, names, sizeof names), 1);
    assert_string_equal(names, "Reutters");
    assert_true(is_told(weights, one,
        "event=\"no document came by names of sources.weights\" names=Reutters unmatched=1 documents=10000"));
    assert_false(is_told(weights, one, "event")); /* not each time */
    assert_true(is_told(weights, many, "documents=100001"));
    tw_source_counts_show(&counts, &metrics);
    assert_int_equal(metrics.counters[TW_COUNT_SOURCES_OTHER], 4001);
    assert_int_equal((int)metrics.gauges[TW_GAUGE_SOURCES_UNMATCHED], 1);
    assert_int_equal(metrics.source_count, 3);
    assert_int_equal(metrics.sources[0].documents, 95000);
    assert_string_equal(metrics.sources[2].name, "blogs*");
    tw_source_weights_free(weights);
}

static void another_list_keeps_the_counts_of_names_that_stay(void **unused)
{
    (void)unused;
    static const char *const first[] = {"Reuters", "TASS"}, *const second[] = {"dpa", "REUTERS"};
    struct tw_source_weights *before = weights_of(first, 2), *after = weights_of(second, 2);
    counts = (struct tw_source_counts){0};
    tw_source_counts_take(&counts, before);
    uint32_t some[] = {3, 4, 5}, late[] = {1, 1, 1};
    assert_false(is_told(before, some, "event"));
    tw_source_counts_take(&counts, after);
    assert_int_equal(counts.series[1].documents, 3);
    assert_int_equal(tw_source_counts_unmatched(&counts, names, sizeof names), 1);
    assert_string_equal(names, "dpa");
    assert_false(is_told(before, late, "event")); /* a batch that was under way: its second name is gone */
    assert_int_equal(counts.series[1].documents, 4);
    assert_int_equal(counts.others, 5 + 2);
    tw_source_counts_take(&counts, NULL); /* none any more */
    assert_int_equal(counts.count, 0);
    assert_int_equal(tw_source_counts_unmatched(&counts, names, sizeof names), 0);
    const struct tw_rows without = {0};
    const struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    tw_source_counts_add(&counts, &without, NULL, &log);
    tw_source_weights_free(before);
    tw_source_weights_free(after);
}

/* After a `reset` everything is read again, and compared with what stands there. */
static void what_stood_there_already_is_not_counted_again_but_its_names_are_known(void **unused)
{
    (void)unused;
    static const char *const list[] = {"Reuters", "TASS"};
    struct tw_source_weights *weights = weights_of(list, 2);
    counts = (struct tw_source_counts){0};
    tw_source_counts_take(&counts, weights);
    uint32_t some[] = {3, 0, 5};
    assert_false(is_told(weights, some, "event"));
    assert_false(is_told_of(weights, some, true, "event"));
    assert_int_equal(counts.series[0].documents, 3);
    assert_int_equal(counts.others, 5);
    uint32_t other[] = {0, 2, 0};
    assert_false(is_told_of(weights, other, true, "event"));
    assert_int_equal(counts.series[1].documents, 0);
    assert_int_equal(tw_source_counts_unmatched(&counts, names, sizeof names), 0);
    tw_source_weights_free(weights);
}

static void names_that_do_not_fit_are_left_out_whole(void **unused)
{
    (void)unused;
    static const char *const list[] = {"first", "second", "3"};
    struct tw_source_weights *weights = weights_of(list, 3);
    char few[12];
    counts = (struct tw_source_counts){0};
    tw_source_counts_take(&counts, weights);
    assert_int_equal(tw_source_counts_unmatched(&counts, few, sizeof few), 3);
    assert_string_equal(few, "first, 3");
    tw_source_weights_free(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_nothing_comes_by_is_told_once_there_is_enough),
        cmocka_unit_test(another_list_keeps_the_counts_of_names_that_stay),
        cmocka_unit_test(what_stood_there_already_is_not_counted_again_but_its_names_are_known),
        cmocka_unit_test(names_that_do_not_fit_are_left_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
