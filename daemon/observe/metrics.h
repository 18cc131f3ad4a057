/* metrics: every number the daemon tells about itself, in one table (metrics.c: name, type, unit, help).
 *
 * Counted on the loop thread only; workers hand their counts back with the batch. /metrics prints them as
 * Prometheus text (exposition format 0.0.4) that passes `promtool check metrics`; `status` reads the same
 * table. */
#ifndef TW_METRICS_H
#define TW_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "document.h"
#include "partition.h"

enum tw_counter {
    TW_COUNT_MESSAGES,         /* received from Kafka */
    TW_COUNT_BYTES,            /* payload bytes received */
    TW_COUNT_REPEATS,          /* below the expected offset: dropped */
    TW_COUNT_GAPS,             /* offsets skipped without a message */
    TW_COUNT_DOCUMENTS,        /* stored, known to be committed */
    TW_COUNT_DEAD_LETTERS,     /* stored as dead letters, known to be committed */
    TW_COUNT_TICKS,            /* records without value that moved the watermark */
    TW_COUNT_TOMBSTONES,       /* records that say that something was deleted */
    TW_COUNT_LATE,             /* documents below the watermark */
    TW_COUNT_AHEAD,            /* documents and ticks too far ahead to move the watermark */
    TW_COUNT_SCORES,           /* score rows stored */
    TW_COUNT_TOKENS,           /* tokens the model read */
    TW_COUNT_CACHED,           /* documents whose scores were known from an equal text */
    TW_COUNT_REPAIRS,          /* byte sequences mended in decode */
    TW_COUNT_DOUBTFUL_TIMES,   /* times that are numbers and lie before 1990 */
    TW_COUNT_SYMBOLS_UNKNOWN,  /* symbols of messages that name nobody */
    TW_COUNT_SOURCES_OTHER,    /* documents by sources that sources.weights does not name */
    TW_COUNT_LINKS_DROPPED,    /* mentions beyond what one document may hold */
    TW_COUNT_EVENTS_DROPPED,   /* matches and events beyond what a sentence or document may hold */
    TW_COUNT_COMMITS,          /* transactions known to be committed */
    TW_COUNT_COMMIT_RETRIES,   /* transactions tried again */
    TW_COUNT_ROWS_MISSING,     /* sent, committed with the offset, and not kept by PostgreSQL */
    TW_COUNT_ENTITIES_REFUSED, /* of documents and of the file, for good */
    TW_COUNT_COMMIT_SPLITS,    /* transactions split to find a bad document */
    TW_COUNT_FENCED,           /* batches and refreshes that found the partition's row another's */
    TW_COUNT_CONNECTIONS_LOST, /* to PostgreSQL */
    TW_COUNT_PAUSES,           /* times reading stopped because too much was in flight */
    TW_COUNT_RELOADS,          /* reloads that took effect */
    TW_COUNT_RELOADS_REFUSED,  /* reloads refused as a whole */
    TW_COUNT_ALERTS_OPENED,
    TW_COUNT_ALERTS_UPDATED,
    TW_COUNT_ALERTS_RESOLVED,
    TW_COUNT_BARS_EVALUATED,
    TW_COUNT_STORIES_FILED,
    TW_COUNT_STORIES_COPIES,
    TW_COUNT_STORIES_FORGOTTEN,
    TW_COUNT_EVIDENCE_MADE,     /* steps, headlines and events */
    TW_COUNT_EVIDENCE_FAILED,   /* tries of them */
    TW_COUNT_EVIDENCE_GIVEN_UP, /* steps, headlines and events left without */
    TW_COUNT_KAFKA_ERRORS,      /* errors reported by librdkafka */
    TW_COUNTERS
};

enum tw_gauge {
    TW_GAUGE_UP_SINCE,          /* Unix seconds of the start */
    TW_GAUGE_RELOAD_SUCCESS,    /* 1 when the configuration was taken the last time that it was read */
    TW_GAUGE_RELOAD_SUCCESS_AT, /* Unix seconds of the last time that it was taken */
    TW_GAUGE_READY,             /* 1 when /readyz says yes */
    TW_GAUGE_IN_FLIGHT_BYTES,   /* bytes read and not yet committed, with all that was made of them */
    TW_GAUGE_BATCHES_OUT,       /* batches cut and not yet committed */
    TW_GAUGE_PARTITIONS,        /* partitions owned and readable */
    TW_GAUGE_STRANDED,          /* partitions that cannot be read on from their stored offset */
    TW_GAUGE_UNANSWERED,        /* partitions that are read and whose broker does not answer */
    TW_GAUGE_SHARDS,            /* evaluator shards held */
    TW_GAUGE_WINDOWS,           /* bytes of the bars that rules look back on */
    TW_GAUGE_WORKERS,
    TW_GAUGE_WORKERS_BUSY,
    TW_GAUGE_LAG,               /* messages not yet committed, over owned partitions */
    TW_GAUGE_STREAM_WATERMARK,  /* Unix seconds; 0 when none */
    TW_GAUGE_UNCOMMITTED,       /* seconds that records wait without any being committed; 0: none waits */
    TW_GAUGE_EVALUATION,        /* seconds since rules were evaluated as far as they could be, or further */
    TW_GAUGE_SOURCES_UNMATCHED, /* names of sources.weights that no document has come by */
    TW_GAUGE_ENTITIES_WAITING,  /* of the file, still to be told to PostgreSQL */
    TW_GAUGE_RULES_OTHERS,      /* 1 when another daemon's rules are in force */
    TW_GAUGE_TIME_AHEAD,        /* seconds by which event time leads the daemon's clock; 0 when it does not */
    TW_GAUGES
};

enum tw_histogram {
    TW_TIME_COMMIT,   /* one transaction, seconds */
    TW_TIME_RIVER,    /* one batch in a worker, seconds */
    TW_TIME_STORED,   /* from a record's Kafka stamp to its commit, oldest of a batch, seconds */
    TW_TIME_EVIDENCE, /* from a step to its evidence, seconds */
    TW_HISTOGRAMS
};

enum { TW_HISTOGRAM_BUCKETS = 16, TW_EVENT_SERIES = 256, TW_EVENT_NAME_BYTES = 41 };

/* Whom alerts are told to (tell/tell.h). */
enum tw_tell_target { TW_TELL_KAFKA, TW_TELL_ALERTMANAGER, TW_TELL_TARGETS };
/* Their names, as tables, metrics and log have them. */
extern const char *const tw_tell_target_names[TW_TELL_TARGETS];

struct tw_tell_metrics {
    bool on;               /* configured */
    uint64_t told;         /* rows it has taken, repetitions of open alerts included */
    uint64_t refused;      /* rows it will not have */
    uint64_t expired;      /* rows that waited longer than tell.keep */
    uint64_t failures;     /* deliveries that failed, to be tried again */
    double waiting;        /* rows that wait, whichever daemon tells; 10,000: or more */
    double oldest_seconds; /* age of the oldest of them; 0: none waits */
};

/* Observations, by the bounds that all histograms have. */
struct tw_histogram_counts {
    uint64_t buckets[TW_HISTOGRAM_BUCKETS + 1]; /* the last is +Inf; not cumulative here */
    uint64_t count;
    double sum;
};

/* Documents of one name of sources.weights. */
struct tw_source_series {
    const char *name; /* lent */
    uint64_t documents;
};

struct tw_metrics {
    uint64_t counters[TW_COUNTERS];
    uint64_t repairs[TW_REPAIRS]; /* documents in which something of this kind was mended */
    struct {
        char type[TW_EVENT_NAME_BYTES];
        uint64_t count; /* stored since the start */
    } events
        [TW_EVENT_SERIES]; /* of the types of every events file since the start; further ones are not told */
    uint32_t event_types;
    const struct tw_source_series *sources; /* lent by serve/source_counts */
    uint32_t source_count;
    double gauges[TW_GAUGES];
    double held_seconds; /* for how long one partition has held event time back; 0: none does */
    char held_topic[256];
    int32_t held_partition;
    struct tw_tell_metrics tell[TW_TELL_TARGETS];
    struct tw_histogram_counts histograms[TW_HISTOGRAMS];
    struct tw_histogram_counts stages[TW_STAGES]; /* of each batch's oldest record, seconds */
};

/* Adds to a counter. */
static inline void tw_count(struct tw_metrics *metrics, enum tw_counter counter, uint64_t by)
{
    metrics->counters[counter] += by;
}

/* Adds to the events of a type, whose name has TW_EVENT_NAME_BYTES - 1 bytes at most; 0: that there is such
 * a type. */
void tw_count_events(struct tw_metrics *metrics, struct tw_text type, uint64_t by);

/* Sets a gauge. */
static inline void tw_gauge_set(struct tw_metrics *metrics, enum tw_gauge gauge, double value)
{
    metrics->gauges[gauge] = value;
}

/* Adds one observation to a histogram. */
void tw_observe(struct tw_metrics *metrics, enum tw_histogram histogram, double seconds);
/* Adds how long the oldest record of a batch was in that stage. */
void tw_observe_stage(struct tw_metrics *metrics, enum tw_stage stage, double seconds);

/* The stages' names, as /metrics and `status` have them. */
extern const char *const tw_stage_names[TW_STAGES];

/* The counter's name, as /metrics prints it. */
const char *tw_counter_name(enum tw_counter counter);
/* The gauge's name, as /metrics prints it. */
const char *tw_gauge_name(enum tw_gauge gauge);

/* Prints everything, and a series for each partition of the list (lag, offset, state), as malloc'ed text that
 * the caller frees; NULL when out of memory. */
char *tw_metrics_text(const struct tw_metrics *metrics, const struct tw_partition *first, size_t *length);

#endif
