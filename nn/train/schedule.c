#include "train/schedule.h"

#include <math.h>
#include <string.h>

/* How much smaller the lowest rate of a slanted triangle is than the highest. */
static const double slanted_ratio = 32.0;

static double rest(const struct tw_schedule *schedule, double t)
{
    double total = (double)schedule->total_steps, warmup = (double)schedule->warmup_steps;
    return total > warmup ? (t - warmup) / (total - warmup) : 1.0;
}

static double constant(const struct tw_schedule *schedule, double t)
{
    (void)schedule;
    (void)t;
    return 1.0;
}

/* One more than N keeps the last step from learning nothing. */
static double linear(const struct tw_schedule *schedule, double t)
{
    double total = (double)schedule->total_steps, warmup = (double)schedule->warmup_steps;
    return (total + 1.0 - t) / (total + 1.0 - warmup);
}

static double cosine(const struct tw_schedule *schedule, double t)
{
    return 0.5 * (1.0 + cos(3.14159265358979323846 * rest(schedule, t)));
}

static double slanted(const struct tw_schedule *schedule, double t)
{
    double warmup = (double)schedule->warmup_steps;
    double share = t <= warmup && warmup > 0.0 ? t / warmup : 1.0 - rest(schedule, t);
    return (1.0 + share * (slanted_ratio - 1.0)) / slanted_ratio;
}

/* `whole`: the formula covers the warm-up too. */
static const struct {
    const char *name;
    double (*factor)(const struct tw_schedule *schedule, double t);
    bool whole;
} schedules[] = {
    [TW_SCHEDULE_CONSTANT] = {"constant", constant, false},
    [TW_SCHEDULE_LINEAR] = {"linear", linear, false},
    [TW_SCHEDULE_COSINE] = {"cosine", cosine, false},
    [TW_SCHEDULE_SLANTED] = {"slanted", slanted, true},
};
_Static_assert(sizeof schedules / sizeof schedules[0] == TW_SCHEDULES, "one row a schedule");

bool tw_schedule_make(const char *name, uint64_t total_steps, uint64_t warmup_steps, struct tw_schedule *out,
    struct tw_error *err)
{
    size_t kind = 0;
    while (kind < TW_SCHEDULES && strcmp(name, schedules[kind].name) != 0)
        kind++;
    if (kind == TW_SCHEDULES)
        return tw_fail(err, TW_USAGE, "schedule", "give constant, linear, cosine or slanted",
            "no schedule is called \"%.64s\"", name);
    if (warmup_steps > total_steps)
        return tw_fail(err, TW_USAGE, "schedule", "warm up for fewer steps",
            "%llu steps of warm-up in a run of %llu", (unsigned long long)warmup_steps,
            (unsigned long long)total_steps);
    *out = (struct tw_schedule){
        .kind = (enum tw_schedule_kind)kind, .total_steps = total_steps, .warmup_steps = warmup_steps};
    return true;
}

double tw_schedule_factor(const struct tw_schedule *schedule, uint64_t step)
{
    uint64_t last = schedule->total_steps > 0 ? schedule->total_steps - 1 : 0;
    double t = (double)(step < last ? step : last) + 1.0, warmup = (double)schedule->warmup_steps;
    if (!schedules[schedule->kind].whole && t <= warmup)
        return t / warmup;
    return schedules[schedule->kind].factor(schedule, t);
}
