#include "evaluate/standing.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

/* Windows that are read sooner than this are not worth a line. */
enum { READING_MS = 2000 };

void tw_standing_begin(struct tw_standing *standing, const struct tw_log *log, struct tw_metrics *metrics)
{
    *standing = (struct tw_standing){.log = log, .metrics = metrics, .even_ms = tw_now_ms()};
}

void tw_standing_looked(struct tw_standing *standing, const struct tw_positions *positions)
{
    standing->holder = positions->holder;
    tw_gauge_set(standing->metrics, TW_GAUGE_STREAM_WATERMARK,
        positions->watermark_us == TW_NO_TIME ? 0 : (double)positions->watermark_us / 1e6);
}

void tw_standing_unowned(struct tw_standing *standing, const struct tw_positions *positions,
    const struct tw_strings *topics, tw_is_there *is_there, void *context)
{
    struct tw_holder *found = &standing->unowned.partition;
    *found = (struct tw_holder){.watermark_us = TW_NO_TIME, .orphan = true};
    standing->unowned.looked_ms = tw_now_ms();
    for (uint32_t at = 0; is_there && found->topic[0] == '\0' && at < topics->count; at++) {
        found->number = positions->unowned[at].number;
        if (is_there(context, topics->items[at], &positions->unowned[at]))
            snprintf(found->topic, sizeof found->topic, "%s", topics->items[at]);
    }
}

/* In the middle of a reload of several daemons it is so for a moment. */
void tw_standing_rules(struct tw_standing *standing, bool are_others)
{
    bool were_others = standing->metrics->gauges[TW_GAUGE_RULES_OTHERS] != 0;
    tw_gauge_set(standing->metrics, TW_GAUGE_RULES_OTHERS, are_others);
    if (are_others && !were_others)
        tw_log(standing->log, TW_WARNING, "evaluate", "other rules are in force than those of this daemon",
            tw_string("what", "another daemon has stored its own since: they hold for all"),
            tw_string("cure", "give all daemons of a database one rules file, then `tapewatch reload` each"));
    else if (were_others && !are_others)
        tw_log(standing->log, TW_INFO, "evaluate", "the rules of this daemon are in force");
}

void tw_standing_even(struct tw_standing *standing)
{
    standing->even_ms = tw_now_ms();
    standing->trouble = (struct tw_error){0};
}

void tw_standing_refused(struct tw_standing *standing, const char *what, const struct tw_error *err)
{
    tw_log_error(standing->log, "evaluate", what, err);
    standing->trouble = *err;
}

/* Whoever waits for alerts should know what for. */
void tw_standing_reading(struct tw_standing *standing, uint32_t shards)
{
    tw_fail_passing(&standing->trouble, TW_SERVER, "evaluate", "none needed: it ends by itself",
        "the bars that rules look back on are being read: shards to go: %" PRIu32, shards);
    if (standing->reading_ms == 0)
        standing->reading_ms = tw_now_ms();
    if (standing->reading_told || tw_now_ms() < standing->reading_ms + READING_MS)
        return;
    standing->reading_told = true;
    tw_log(standing->log, TW_INFO, "evaluate", "windows are being read", tw_int("shards", shards));
}

void tw_standing_read(struct tw_standing *standing, uint64_t bars)
{
    if (standing->reading_told)
        tw_log(standing->log, TW_INFO, "evaluate", "windows are read", tw_int("bars", (int64_t)bars),
            tw_int("milliseconds", (int64_t)(tw_now_ms() - standing->reading_ms)));
    standing->reading_ms = 0;
    standing->reading_told = false;
}

void tw_standing_recalling(struct tw_standing *standing, uint64_t documents, bool whole)
{
    tw_fail_passing(&standing->trouble, TW_SERVER, "evaluate", "none needed: it ends by itself",
        "documents that were filed with stories are being read: %" PRIu64 " so far", documents);
    if (whole)
        tw_log(
            standing->log, TW_INFO, "evaluate", "stories are read", tw_int("documents", (int64_t)documents));
}

/* What was refused to rules is a better reason than this. */
void tw_standing_filing(struct tw_standing *standing)
{
    if (standing->trouble.code == TW_OK)
        tw_fail_passing(&standing->trouble, TW_SERVER, "evaluate", "none needed: it ends by itself",
            "documents are being filed with their stories, before rules see them");
}

void tw_standing_unfiled(struct tw_standing *standing)
{
    tw_fail_passing(&standing->trouble, TW_SERVER, "evaluate",
        "see the log of the daemon that has shard 0 (tapewatch.shards), and that stories.enabled is the same for all",
        "rules wait for documents to be filed with their stories, and nobody files them");
}

void tw_standing_shards(struct tw_standing *standing, int held)
{
    bool changed = held != (int)standing->metrics->gauges[TW_GAUGE_SHARDS];
    tw_gauge_set(standing->metrics, TW_GAUGE_SHARDS, held);
    if (changed)
        tw_log(standing->log, TW_INFO, "evaluate", "shards held", tw_int("shards", held));
}

void tw_standing_memory(struct tw_standing *standing, uint64_t bytes)
{
    tw_gauge_set(standing->metrics, TW_GAUGE_WINDOWS, (double)bytes);
}

void tw_standing_written(struct tw_standing *standing, const struct tw_turn *done)
{
    tw_count(standing->metrics, TW_COUNT_ALERTS_OPENED, done->opened);
    tw_count(standing->metrics, TW_COUNT_ALERTS_UPDATED, done->updated);
    tw_count(standing->metrics, TW_COUNT_ALERTS_RESOLVED, done->resolved);
    tw_count(standing->metrics, TW_COUNT_BARS_EVALUATED, done->bars);
    if (done->opened + done->updated + done->resolved > 0)
        tw_log(standing->log, TW_INFO, "evaluate", "alerts", tw_int("opened", (int64_t)done->opened),
            tw_int("updated", (int64_t)done->updated), tw_int("resolved", (int64_t)done->resolved));
}

void tw_standing_ended(const struct tw_standing *standing, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++)
        tw_log(standing->log, TW_WARNING, "evaluate", "a daemon gave no sign of life: its session is ended",
            tw_string("daemon", PQgetvalue(result, row, 0)));
}

uint64_t tw_standing_behind_ms(const struct tw_standing *standing)
{
    return tw_now_ms() - standing->even_ms;
}

const struct tw_error *tw_standing_trouble(const struct tw_standing *standing)
{
    return standing->trouble.code != TW_OK ? &standing->trouble : NULL;
}
