#include "base/stopwatch.h"

/* Classes are as fine as this many a doubling; below, each nanosecond has its own. */
enum { FINE = 16, FINE_BITS = 4 };

static size_t class_of(uint64_t ns)
{
    if (ns < FINE)
        return (size_t)ns;
    const unsigned doublings = 63 - (unsigned)__builtin_clzll(ns) - FINE_BITS;
    const size_t class = (size_t)(doublings + 1) * FINE + (size_t)((ns >> doublings) - FINE);
    return class < TW_LAP_CLASSES ? class : TW_LAP_CLASSES - 1;
}

/* The middle of a class. */
static double ns_of(size_t class)
{
    if (class < FINE)
        return (double)class;
    const size_t doublings = class / FINE - 1;
    return ((double)(class % FINE + FINE) + 0.5) * (double)(UINT64_C(1) << doublings);
}

void tw_stopwatch_lap(struct tw_stopwatch *watch, size_t step, uint64_t count)
{
    if (!watch)
        return;
    const uint64_t now_ns = watch->now_ns(), ns = now_ns - watch->began_ns;
    struct tw_laps *laps = &watch->steps[step];
    watch->began_ns = now_ns;
    if (count == 0)
        return;
    laps->counts[class_of(ns / count)] += count;
    laps->count += count;
    laps->ns += ns;
}

double tw_laps_quantile_ns(const struct tw_laps *laps, double share)
{
    const double wanted = share * (double)laps->count;
    double seen = 0.0;
    for (size_t class = 0; class < TW_LAP_CLASSES; class ++) {
        seen += (double)laps->counts[class];
        if (laps->counts[class] != 0 && seen >= wanted)
            return ns_of(class);
    }
    return 0.0;
}
