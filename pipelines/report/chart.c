#include "report/chart.h"

#include "report/html.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 360, LEFT = 46, RIGHT = 350, TICK_BYTES = 32 };

/* A range of values laid on a range of units. */
struct axis {
    double low, high; /* values */
    double from, to;  /* units; `from` is where `low` stands */
    double step;      /* between ticks */
};

static double place(const struct axis *axis, double value)
{
    return axis->from + (value - axis->low) / (axis->high - axis->low) * (axis->to - axis->from);
}

/* 1, 2 or 5 times a power of ten, such that about `count` of them fill the range. */
static double round_step(double range, double count)
{
    double power = pow(10, floor(log10(range / count)));
    double parts = range / count / power;
    return power * (parts <= 1 ? 1 : parts <= 2 ? 2 : parts <= 5 ? 5 : 10);
}

static void widen(double *low, double *high)
{
    double room = fabs(*low) > 0 ? fabs(*low) / 2 : 1;
    if (*high > *low)
        return;
    *low -= room;
    *high += room;
}

/* ---- marks that both drawings have ---- */

static void begin_drawing(FILE *out, const char *label, int height)
{
    fprintf(out, "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, height);
    tw_html_string(out, label);
    fputs("\">\n", out);
}

static void end_drawing(FILE *out)
{
    fputs("</svg>\n", out);
}

static void draw_line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
    fprintf(out,
        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
        "y2=\"%.1f\"/>\n",
        class, x1, y1, x2, y2);
}

static void draw_box(FILE *out, const char *class, double x, double y, double width, double height)
{
    fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", class, x, y,
        width, height);
}

/* `anchor`: start, middle or end. */
static void draw_text(FILE *out, const char *class, const char *anchor, double x, double y, const char *text)
{
    fprintf(out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, anchor, x, y);
    tw_html_string(out, text);
    fputs("</text>\n", out);
}

static void draw_upright(FILE *out, const char *class, double x, double y, const char *text)
{
    fprintf(out, "<text class=\"%s\" text-anchor=\"middle\" transform=\"translate(%.1f %.1f) rotate(-90)\">",
        class, x, y);
    tw_html_string(out, text);
    fputs("</text>\n", out);
}

/* 950, 12k, 1.5M: what fits under a tick. */
static void write_short(char text[TICK_BYTES], double value)
{
    double size = fabs(value);
    if (size >= 999500)
        snprintf(text, TICK_BYTES, "%.3gM", value / 1e6);
    else if (size >= 10000)
        snprintf(text, TICK_BYTES, "%.3gk", value / 1e3);
    else
        snprintf(text, TICK_BYTES, "%.0f", value);
}

/* With as many digits as tell one tick from the next. */
static void write_tick(char text[TICK_BYTES], double value, double step)
{
    int digits = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    if (digits > 6)
        snprintf(text, TICK_BYTES, "%.2e", value);
    else if (digits > 0)
        snprintf(text, TICK_BYTES, "%.*f", digits, value);
    else
        write_short(text, value);
}

/* ---- lines ---- */

enum {
    LINES_HEIGHT = 242,
    LINES_TOP = 30,
    LINES_BOTTOM = 200,
    NAME_BELOW = 33,
    UNITS_A_LETTER = 7,
    KEY_SAMPLE = 24
};

static bool is_drawn(const struct tw_chart_point *point)
{
    return isfinite(point->x) && isfinite(point->y);
}

static bool find_ranges(const struct tw_chart *chart, struct axis *x, struct axis *y)
{
    bool any = false;
    for (size_t series = 0; series < chart->series_count; series++)
        for (size_t at = 0; at < chart->series[series].count; at++) {
            const struct tw_chart_point *point = &chart->series[series].points[at];
            if (!is_drawn(point))
                continue;
            x->low = any ? fmin(x->low, point->x) : point->x;
            x->high = any ? fmax(x->high, point->x) : point->x;
            y->low = any ? fmin(y->low, point->y) : point->y;
            y->high = any ? fmax(y->high, point->y) : point->y;
            any = true;
        }
    return any;
}

static void settle_axes(struct axis *x, struct axis *y)
{
    widen(&x->low, &x->high);
    widen(&y->low, &y->high);
    x->from = LEFT;
    x->to = RIGHT;
    x->step = fmax(1, round_step(x->high - x->low, 5));
    y->from = LINES_BOTTOM;
    y->to = LINES_TOP;
    y->step = round_step(y->high - y->low, 4);
    y->low = floor(y->low / y->step + 1e-9) * y->step;
    y->high = ceil(y->high / y->step - 1e-9) * y->step;
}

enum { MOST_TICKS = 12 }; /* settle_axes asks for about five */

static int steps_between(double low, double high, double step)
{
    double steps = floor((high - low) / step + 1e-6);
    return steps < MOST_TICKS ? (int)steps : MOST_TICKS;
}

static void draw_axes(FILE *out, const struct axis *x, const struct axis *y, const char *x_name)
{
    char text[TICK_BYTES];
    for (int nth = 0; nth <= steps_between(y->low, y->high, y->step); nth++) {
        double value = y->low + nth * y->step, unit = place(y, value);
        draw_line(out, "grid", LEFT, unit, RIGHT, unit);
        write_tick(text, fabs(value) < y->step / 2 ? 0 : value, y->step);
        draw_text(out, "tick", "end", LEFT - 6, unit + 3.5, text);
    }
    double first = ceil(x->low / x->step) * x->step;
    for (int nth = 0; nth <= steps_between(first, x->high, x->step); nth++) {
        double value = first + nth * x->step, unit = place(x, value);
        draw_line(out, "axis", unit, LINES_BOTTOM, unit, LINES_BOTTOM + 4);
        write_tick(text, value, x->step);
        draw_text(out, "tick", "middle", unit, LINES_BOTTOM + 16, text);
    }
    draw_line(out, "axis", LEFT, LINES_BOTTOM, RIGHT, LINES_BOTTOM);
    draw_text(out, "name", "middle", (LEFT + RIGHT) / 2.0, LINES_BOTTOM + NAME_BELOW, x_name);
}

static void draw_series(
    FILE *out, const struct tw_chart_series *series, size_t nth, const struct axis *x, const struct axis *y)
{
    fprintf(out, "<polyline class=\"line c%zu\" points=\"", nth);
    for (size_t at = 0; at < series->count; at++)
        if (is_drawn(&series->points[at]))
            fprintf(out, "%s%.1f,%.1f", at ? " " : "", place(x, series->points[at].x),
                place(y, series->points[at].y));
    fputs("\"/>\n", out);
    for (size_t at = 0; (series->dots || series->count == 1) && at < series->count; at++)
        if (is_drawn(&series->points[at]))
            fprintf(out, "<circle class=\"dot c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", nth,
                place(x, series->points[at].x), place(y, series->points[at].y));
}

static void draw_key(FILE *out, const struct tw_chart *chart)
{
    double unit = LEFT;
    for (size_t series = 0; series < chart->series_count; series++) {
        const char *name = chart->series[series].name;
        fprintf(out, "<line class=\"line c%zu\" x1=\"%.1f\" y1=\"12\" x2=\"%.1f\" y2=\"12\"/>\n", series,
            unit, unit + KEY_SAMPLE - 6);
        if (chart->series[series].dots)
            fprintf(out, "<circle class=\"dot c%zu\" cx=\"%.1f\" cy=\"12\" r=\"3\"/>\n", series,
                unit + (KEY_SAMPLE - 6) / 2.0);
        draw_text(out, "key", "start", unit + KEY_SAMPLE, 16, name);
        unit += KEY_SAMPLE + UNITS_A_LETTER * (double)strlen(name) + 12;
    }
}

void tw_chart_lines(FILE *out, const struct tw_chart *chart)
{
    struct axis x = {0}, y = {0};
    if (!find_ranges(chart, &x, &y))
        return;
    settle_axes(&x, &y);
    begin_drawing(out, chart->label, LINES_HEIGHT);
    draw_axes(out, &x, &y, chart->x_name);
    for (size_t series = 0; series < chart->series_count; series++)
        draw_series(out, &chart->series[series], series, &x, &y);
    draw_key(out, chart);
    end_drawing(out);
}

size_t tw_chart_thin(struct tw_chart_point *points, size_t count, size_t most)
{
    size_t group = (count + most - 1) / most;
    size_t made = 0;
    if (group <= 1)
        return count;
    for (size_t first = 0; first < count; first += group) {
        size_t here = count - first < group ? count - first : group;
        struct tw_chart_point sum = {0, 0};
        for (size_t at = first; at < first + here; at++) {
            sum.x += points[at].x;
            sum.y += points[at].y;
        }
        points[made++] = (struct tw_chart_point){sum.x / (double)here, sum.y / (double)here};
    }
    return made;
}

/* ---- reliability ---- */

enum { RELIABILITY_HEIGHT = 312, TRUE_TOP = 30, TRUE_BOTTOM = 206, TALL_TOP = 230, TALL_BOTTOM = 268 };

static uint32_t first_bin(const struct tw_measures *measures)
{
    /* The largest of three probabilities is a third at least: the bins below say nothing, unless something is
     * there. */
    uint32_t first = TW_METRIC_BINS / TW_CLASSES;
    for (uint32_t bin = 0; bin < first; bin++)
        if (measures->counted[bin])
            return bin;
    return first;
}

static double bin_edge(uint32_t bin)
{
    return (double)bin / TW_METRIC_BINS;
}

static void draw_scales(FILE *out, const struct axis *x, const struct axis *y)
{
    char text[TICK_BYTES];
    for (int quarter = 0; quarter <= 4; quarter++) {
        double unit = place(y, quarter / 4.0);
        draw_line(out, "grid", LEFT, unit, RIGHT, unit);
        write_tick(text, quarter / 4.0, quarter % 4 ? 0.01 : 1);
        draw_text(out, "tick", "end", LEFT - 6, unit + 3.5, text);
    }
    for (int tenth = 0; tenth <= 10; tenth++) {
        double unit = place(x, tenth / 10.0);
        if (unit < LEFT - 0.5)
            continue;
        draw_line(out, "axis", unit, TALL_BOTTOM, unit, TALL_BOTTOM + 4);
        write_tick(text, tenth / 10.0, tenth % 10 ? 0.1 : 1);
        draw_text(out, "tick", "middle", unit, TALL_BOTTOM + 16, text);
    }
    draw_line(out, "axis", LEFT, TRUE_BOTTOM, RIGHT, TRUE_BOTTOM);
    draw_line(out, "axis", LEFT, TALL_BOTTOM, RIGHT, TALL_BOTTOM);
    draw_upright(out, "name", 11, (TRUE_TOP + TRUE_BOTTOM) / 2.0, "share that is right");
    draw_upright(out, "name", 11, (TALL_TOP + TALL_BOTTOM) / 2.0, "count");
    draw_text(out, "name", "middle", (LEFT + RIGHT) / 2.0, TALL_BOTTOM + NAME_BELOW,
        "confidence: the largest of the three probabilities");
}

static void draw_bin(FILE *out, const struct tw_metric_bin *bin, double left, double right,
    const struct axis *y, uint64_t highest)
{
    char text[TICK_BYTES];
    double tall = (double)bin->n / (double)highest * (TALL_BOTTOM - TALL_TOP);
    if (bin->n == 0)
        return;
    draw_box(out, bin->n < TW_CHART_FEW ? "bar few" : "bar", left + 1.5, place(y, bin->accuracy),
        right - left - 3, TRUE_BOTTOM - place(y, bin->accuracy));
    if (isfinite(bin->confidence))
        draw_line(out, "said", left + 1.5, place(y, bin->confidence), right - 1.5, place(y, bin->confidence));
    draw_box(out, "tall", left + 1.5, TALL_BOTTOM - tall, right - left - 3, tall);
    write_short(text, (double)bin->n);
    draw_text(out, "count", "middle", (left + right) / 2, TALL_BOTTOM - tall - 3, text);
}

static void draw_reliability_key(FILE *out)
{
    draw_box(out, "bar", LEFT, 6, 16, 12);
    draw_text(out, "key", "start", LEFT + 21, 16, "right");
    draw_line(out, "said", LEFT + 66, 12, LEFT + 84, 12);
    draw_text(out, "key", "start", LEFT + 89, 16, "mean confidence");
    draw_line(out, "ideal", LEFT + 203, 12, LEFT + 221, 12);
    draw_text(out, "key", "start", LEFT + 226, 16, "ideal");
}

void tw_chart_reliability(FILE *out, const char *label, const struct tw_measures *measures)
{
    uint32_t first = first_bin(measures);
    uint64_t highest = 0;
    const struct axis x = {.low = bin_edge(first), .high = 1, .from = LEFT, .to = RIGHT};
    const struct axis y = {.low = 0, .high = 1, .from = TRUE_BOTTOM, .to = TRUE_TOP};
    for (uint32_t bin = first; bin < TW_METRIC_BINS; bin++)
        highest = measures->counted[bin] > highest ? measures->counted[bin] : highest;
    if (highest == 0)
        return;
    begin_drawing(out, label, RELIABILITY_HEIGHT);
    draw_scales(out, &x, &y);
    for (uint32_t bin = first; bin < TW_METRIC_BINS; bin++) {
        const struct tw_metric_bin counted = tw_measures_bin(measures, bin);
        draw_bin(out, &counted, place(&x, bin_edge(bin)), place(&x, bin_edge(bin + 1)), &y, highest);
    }
    draw_line(out, "ideal", LEFT, place(&y, x.low), RIGHT, place(&y, 1));
    draw_reliability_key(out);
    end_drawing(out);
}
