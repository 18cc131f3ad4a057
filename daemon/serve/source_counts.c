#include "serve/source_counts.h"

#include <stdio.h>

#define NOT_THERE UINT32_MAX

/* Which of the names stands for the same sources; NOT_THERE: none. */
static uint32_t find(const struct tw_source_counts *counts, const char *name)
{
    struct tw_source_name wanted, one;
    struct tw_source_fault ignored;
    if (!tw_source_name_read(tw_text_of(name), &wanted, &ignored))
        return NOT_THERE;
    for (uint32_t at = 0; at < counts->count; at++)
        if (tw_source_name_read(tw_text_of(counts->series[at].name), &one, &ignored) &&
            tw_source_name_equal(&one, &wanted))
            return at;
    return NOT_THERE;
}

void tw_source_counts_take(struct tw_source_counts *counts, const struct tw_source_weights *weights)
{
    const struct tw_source_list list = tw_source_weights_list(weights);
    struct tw_source_series series[TW_SOURCE_NAMES] = {0};
    bool met[TW_SOURCE_NAMES] = {0};
    bool has_new = false;
    for (uint32_t at = 0; at < list.count; at++) {
        const uint32_t before = find(counts, list.names[at].name);
        has_new = has_new || before == NOT_THERE;
        series[at] = (struct tw_source_series){
            list.names[at].name, before == NOT_THERE ? 0 : counts->series[before].documents};
        met[at] = before != NOT_THERE && counts->met[before];
    }
    memcpy(counts->series, series, list.count * sizeof *series);
    memcpy(counts->met, met, sizeof met);
    counts->weights = weights;
    counts->count = list.count;
    if (has_new) {
        counts->documents = 0;
        counts->tell_at = TW_SOURCE_COUNTS_TELL;
    }
}

uint32_t tw_source_counts_unmatched(const struct tw_source_counts *counts, char *names, size_t size)
{
    uint32_t count = 0;
    size_t used = 0;
    names[0] = '\0';
    for (uint32_t at = 0; at < counts->count; at++) {
        const size_t length = strlen(counts->series[at].name);
        if (counts->met[at])
            continue;
        count++;
        if (used + length + 3 > size) /* a name is told whole, or not at all */
            continue;
        used +=
            (size_t)snprintf(names + used, size - used, "%s%s", used ? ", " : "", counts->series[at].name);
    }
    return count;
}

static void tell(struct tw_source_counts *counts, const struct tw_log *log)
{
    char names[TW_SOURCE_COUNTS_NAMES_BYTES];
    if (counts->count == 0 || counts->documents < counts->tell_at)
        return;
    while (counts->tell_at <= counts->documents)
        counts->tell_at *= 10;
    const uint32_t unmatched = tw_source_counts_unmatched(counts, names, sizeof names);
    if (unmatched > 0)
        tw_log(log, TW_WARNING, "daemon", "no document came by names of sources.weights",
            tw_string("names", names), tw_int("unmatched", unmatched),
            tw_int("documents", (int64_t)counts->documents),
            tw_string("cure", "write them as documents.source has them, or take them out"));
}

/* Those that a row came of, by name of their list; then all others. */
static void count_kept(
    const struct tw_rows *rows, const uint8_t *kept, uint32_t names, uint64_t by_name[TW_SOURCE_NAMES + 1])
{
    memset(by_name, 0, (names + (size_t)1) * sizeof *by_name);
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const uint32_t name = rows->documents[at].source_name;
        by_name[name < names ? name : names] += kept[at];
    }
}

void tw_source_counts_add(struct tw_source_counts *counts, const struct tw_rows *rows, const uint8_t *kept,
    const struct tw_log *log)
{
    const struct tw_source_list list = tw_source_weights_list(rows->sources);
    uint64_t by_name[TW_SOURCE_NAMES + 1];
    if (!rows->source_counts || counts->count == 0)
        return;
    count_kept(rows, kept, list.count, by_name);
    for (uint32_t at = 0; at <= list.count; at++) {
        uint32_t name = at < list.count ? at : NOT_THERE;
        if (rows->source_counts[at] == 0)
            continue;
        if (name != NOT_THERE && rows->sources != counts->weights)
            name = find(counts, list.names[at].name);
        if (name == NOT_THERE) {
            counts->others += by_name[at];
        } else {
            counts->series[name].documents += by_name[at];
            counts->met[name] = true;
        }
        counts->documents += rows->source_counts[at];
    }
    tell(counts, log);
}

void tw_source_counts_show(const struct tw_source_counts *counts, struct tw_metrics *metrics)
{
    char ignored[TW_SOURCE_COUNTS_NAMES_BYTES];
    metrics->sources = counts->series;
    metrics->source_count = counts->count;
    metrics->counters[TW_COUNT_SOURCES_OTHER] = counts->others;
    tw_gauge_set(
        metrics, TW_GAUGE_SOURCES_UNMATCHED, tw_source_counts_unmatched(counts, ignored, sizeof ignored));
}
