/* chart: points where they belong, and nothing that is no number. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/chart.h"

static char *lines_of(const struct tw_chart_series *series, size_t count)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    tw_chart_lines(out, &(struct tw_chart){"Loss", "step", series, count});
    fclose(out);
    return text;
}

static char *reliability_of(const struct tw_measures *measures)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    tw_chart_reliability(out, "texts", measures);
    fclose(out);
    return text;
}

static void a_line_runs_from_corner_to_corner_of_its_axes(void **state)
{
    (void)state;
    const struct tw_chart_point points[] = {{0, 0}, {50, 0.5}, {100, 1}};
    const struct tw_chart_series series = {"training & more", points, 3, false};
    char *text = lines_of(&series, 1);
    assert_non_null(
        strstr(text, "<polyline class=\"line c0\" points=\"46.0,200.0 198.0,115.0 350.0,30.0\"/>"));
    assert_non_null(strstr(text, ">training &amp; more</text>"));
    assert_non_null(strstr(text, ">0.5</text>"));
    assert_non_null(strstr(text, ">100</text>"));
    assert_null(strstr(text, "<circle"));
    free(text);
}

static void what_is_no_number_is_left_out(void **state)
{
    (void)state;
    const struct tw_chart_point points[] = {{1, NAN}, {2, 3}, {3, INFINITY}, {4, 3}};
    const struct tw_chart_series series = {"loss", points, 4, true};
    char *text = lines_of(&series, 1);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    free(text);
    const struct tw_chart_series nothing = {"loss", points, 1, true};
    text = lines_of(&nothing, 1);
    assert_string_equal(text, "");
    free(text);
}

static void one_point_is_a_dot(void **state)
{
    (void)state;
    const struct tw_chart_point point = {100, 2.5};
    const struct tw_chart_series series = {"loss", &point, 1, false};
    char *text = lines_of(&series, 1);
    assert_non_null(strstr(text, "<circle class=\"dot c0\""));
    assert_null(strstr(text, "nan"));
    free(text);
}

static void many_points_become_means_of_neighbours(void **state)
{
    (void)state;
    struct tw_chart_point points[7];
    for (int at = 0; at < 7; at++)
        points[at] = (struct tw_chart_point){at, 10 * at};
    assert_int_equal(tw_chart_thin(points, 7, 7), 7);
    assert_float_equal(points[6].y, 60, 0);
    assert_int_equal(tw_chart_thin(points, 7, 3), 3); /* threes: 0-2, 3-5, 6 */
    assert_float_equal(points[0].x, 1, 1e-12);
    assert_float_equal(points[1].y, 40, 1e-12);
    assert_float_equal(points[2].y, 60, 1e-12);
}

static void a_bin_shows_what_is_right_and_how_many(void **state)
{
    (void)state;
    struct tw_measures measures = {0};
    measures.counted[14] = 12000;
    measures.right[14] = 6000;
    measures.confidence[14] = 12000 * 0.95;
    measures.counted[10] = TW_CHART_FEW - 1;
    char *text = reliability_of(&measures);
    /* Ten bins of 30.4 units; half of 176 units high. */
    assert_non_null(
        strstr(text, "<rect class=\"bar\" x=\"321.1\" y=\"118.0\" width=\"27.4\" height=\"88.0\"/>"));
    assert_non_null(strstr(text, "<rect class=\"bar few\" x=\"199.5\""));
    assert_non_null(strstr(text, ">12k</text>"));
    assert_non_null(strstr(text, ">29</text>"));
    free(text);
    measures = (struct tw_measures){0};
    text = reliability_of(&measures);
    assert_string_equal(text, "");
    free(text);
}

static void a_bin_below_a_third_is_shown_when_something_is_there(void **state)
{
    (void)state;
    struct tw_measures measures = {0};
    measures.counted[4] = 100; /* three equal probabilities, rounded down */
    measures.confidence[4] = 33.333;
    char *text = reliability_of(&measures);
    assert_non_null(strstr(text, "<rect class=\"bar\" x=\"47.5\""));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_runs_from_corner_to_corner_of_its_axes),
        cmocka_unit_test(what_is_no_number_is_left_out),
        cmocka_unit_test(one_point_is_a_dot),
        cmocka_unit_test(many_points_become_means_of_neighbours),
        cmocka_unit_test(a_bin_shows_what_is_right_and_how_many),
        cmocka_unit_test(a_bin_below_a_third_is_shown_when_something_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
