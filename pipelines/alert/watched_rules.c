#include "alert/watched_rules.h"

#include <stdlib.h>

/* The first edge at or after a time. */
static int64_t edge_of(int64_t time_us)
{
    bool unbounded = time_us == TW_NO_TIME || time_us == TW_NEVER_US;
    return unbounded || time_us == tw_bar_start(time_us) ? time_us : tw_bar_end(time_us);
}

static int compare_edges(const void *left, const void *right)
{
    int64_t one = *(const int64_t *)left, other = *(const int64_t *)right;
    return (one > other) - (one < other);
}

/* Every edge at which a list changes, and the beginning of time before them, in order, each once; NULL
 * without memory. */
static int64_t *make_edges(const struct tw_watched_time *times, uint32_t count, uint32_t *edge_count)
{
    int64_t *edges = calloc((size_t)count * 2 + 1, sizeof *edges);
    uint32_t found = 0, kept = 1;
    if (!edges)
        return NULL;
    edges[found++] = TW_NO_TIME;
    for (uint32_t at = 0; at < count; at++) {
        edges[found++] = edge_of(times[at].from_us);
        edges[found++] = edge_of(times[at].to_us);
    }
    qsort(edges, found, sizeof *edges, compare_edges);
    for (uint32_t at = 1; at < found && edges[at] != TW_NEVER_US; at++)
        if (edges[at] != edges[kept - 1])
            edges[kept++] = edges[at];
    *edge_count = kept;
    return edges;
}

/* The rules with the lists as they stand from an edge on; `items` is room for all of them. */
static struct tw_rule_set *set_from(int64_t edge_us, const struct tw_rule_set *rules,
    const struct tw_watched_time *times, uint32_t count, struct tw_watched *items, struct tw_error *err)
{
    struct tw_watch_lists lists = {items, 0};
    struct tw_rule_set *set = NULL;
    for (uint32_t at = 0; at < count; at++)
        if (edge_of(times[at].from_us) <= edge_us && edge_us < edge_of(times[at].to_us))
            items[lists.count++] = times[at].watched;
    return tw_rules_watch(rules, &lists, &set, err) ? set : NULL;
}

static bool fail_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, "watch lists", NULL, "out of memory");
}

static bool make_sets(struct tw_watched_rules *watched, const struct tw_rule_set *rules,
    const struct tw_watched_time *times, uint32_t count, struct tw_error *err)
{
    uint32_t edge_count = 0;
    struct tw_watched *items = calloc((size_t)count + 1, sizeof *items);
    int64_t *edges = make_edges(times, count, &edge_count);
    watched->spans = edges ? calloc(edge_count, sizeof *watched->spans) : NULL;
    watched->owned = edges ? calloc(edge_count, sizeof *watched->owned) : NULL;
    bool made = (items && edges && watched->spans && watched->owned) || fail_memory(err);
    for (uint32_t at = 0; made && at < edge_count; at++) {
        struct tw_rule_set *set = set_from(edges[at], rules, times, count, items, err);
        watched->owned[at] = set;
        watched->spans[at] = (struct tw_rule_span){.rules = set, .holds_from_us = edges[at]};
        watched->count += set != NULL;
        made = set != NULL;
    }
    free(edges);
    free(items);
    return made;
}

bool tw_watched_rules_make(struct tw_watched_rules *watched, const struct tw_rule_set *rules,
    const struct tw_watched_time *times, uint32_t count, struct tw_error *err)
{
    *watched = (struct tw_watched_rules){0};
    if (rules->watches)
        return make_sets(watched, rules, times, count, err);
    watched->spans = calloc(1, sizeof *watched->spans);
    if (!watched->spans)
        return fail_memory(err);
    watched->spans[0] = (struct tw_rule_span){.rules = rules, .holds_from_us = TW_NO_TIME};
    watched->count = 1;
    return true;
}

void tw_watched_rules_end(struct tw_watched_rules *watched)
{
    for (uint32_t at = 0; watched->owned && at < watched->count; at++)
        tw_rules_free(watched->owned[at]);
    free(watched->owned);
    free(watched->spans);
    *watched = (struct tw_watched_rules){0};
}

bool tw_watched_times_have(const struct tw_watched_time *times, uint32_t count, struct tw_text list)
{
    for (uint32_t at = 0; at < count; at++)
        if (tw_text_equal(times[at].watched.list, list))
            return true;
    return false;
}
