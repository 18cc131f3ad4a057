/* chart: drawings for a page, as inline SVG; no script, nothing from elsewhere.
 *
 *   tw_chart_lines         up to four series over one axis: losses by step
 *   tw_chart_reliability   what is said against what is true: the bins of measures.h
 *
 * A drawing is 360 units wide and made to be shown at about that many pixels. It brings no colours and no
 * font: the page's style does, by these classes:
 *   chart           the svg            grid, axis      lines           tick, name, key, count   texts
 *   c0 .. c3        a series, in that order (`line`, `dot`)
 *   bar, few        share that is right; of a bin with fewer than TW_CHART_FEW      said   mean confidence
 *                    ideal   said = true
 *   tall            the histogram's bars
 * Names and labels are escaped. Points that are not finite are left out. Same input, same bytes. */
#ifndef TW_CHART_H
#define TW_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "measure/measures.h"

enum { TW_CHART_MOST_POINTS = 240, TW_CHART_FEW = 30 };

struct tw_chart_point {
    double x, y;
};

struct tw_chart_series {
    const char *name;
    const struct tw_chart_point *points; /* in the order of x */
    size_t count;
    bool dots; /* mark each point: for few */
};

struct tw_chart {
    const char *label; /* what it shows, for those who hear the page */
    const char *x_name;
    const struct tw_chart_series *series;
    size_t series_count;
};

/* Nothing is drawn when there is no point. */
void tw_chart_lines(FILE *out, const struct tw_chart *chart);
/* Nothing is drawn when nothing was counted. */
void tw_chart_reliability(FILE *out, const char *label, const struct tw_measures *measures);

/* Brings `count` points in place down to at most `most` (at least 1): means of as many neighbours each.
 * Returns how many there are. */
size_t tw_chart_thin(struct tw_chart_point *points, size_t count, size_t most);

#endif
