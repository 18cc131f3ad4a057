#include "serve/milestones.h"

#include "base/clock.h"
#include "names/entities.h"
#include "serve/daemon.h"
#include "serve/loaded.h"
#include "version.h"

#include <stdio.h>

enum { TOPICS_BYTES = 512 };

static void join_topics(const struct tw_strings *topics, char text[TOPICS_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t at = 0; at < topics->count && used < TOPICS_BYTES; at++)
        used += (size_t)snprintf(text + used, TOPICS_BYTES - used, "%s%s", at ? ", " : "", topics->items[at]);
}

void tw_milestones_started(struct tw_daemon *daemon)
{
    const struct tw_config *config = daemon->config;
    const struct tw_rule_set *rules = tw_load_rules(daemon->shared);
    const struct tw_automaton *entities = tw_load_entities(daemon->shared);
    char topics[TOPICS_BYTES];
    char events[TW_EVENTS_NAME_BYTES];
    join_topics(&config->kafka.topics, topics);
    tw_load_events_name(daemon->shared, events);
    daemon->started_ms = tw_now_ms();
    tw_log(&daemon->log, TW_INFO, "daemon", "started", tw_string("version", tw_version()),
        tw_string("config", config->path ? config->path : "none: defaults"),
        tw_string("model", daemon->model_facts.folder), tw_string("sha256", daemon->model_facts.sha256),
        tw_string("precision", daemon->model_facts.precision), tw_string("because", daemon->model_facts.why),
        tw_string("gemm", daemon->model_facts.gemm), tw_int("rules", rules ? rules->count : 0),
        tw_int("entities", tw_load_entity_count(daemon->shared)),
        tw_int("names", entities ? (int64_t)tw_entities_name_count(entities) : 0),
        tw_int("entities_bytes", entities ? (int64_t)tw_entities_bytes(entities) : 0),
        tw_string("events", events), tw_int("workers", (int64_t)daemon->metrics.gauges[TW_GAUGE_WORKERS]),
        tw_string("topics", topics), tw_string("group", config->kafka.group),
        tw_string("settings", "tapewatch status --config"));
}

void tw_milestones_ended(const struct tw_daemon *daemon, int status)
{
    const uint64_t *counters = daemon->metrics.counters;
    if (daemon->started_ms == 0)
        return;
    tw_log(&daemon->log, status ? TW_ERROR : TW_INFO, "daemon", "ended", tw_string("why", daemon->ending_why),
        tw_int("status", status), tw_int("seconds", (int64_t)((tw_now_ms() - daemon->started_ms) / 1000)),
        tw_int("documents", (int64_t)counters[TW_COUNT_DOCUMENTS]),
        tw_int("dead_letters", (int64_t)counters[TW_COUNT_DEAD_LETTERS]),
        tw_int("alerts_opened", (int64_t)counters[TW_COUNT_ALERTS_OPENED]));
}
