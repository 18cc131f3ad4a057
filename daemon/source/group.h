/* group: our membership in Kafka's consumer group, as a state machine, with the topics that we subscribed to.
 *
 *     OUTSIDE --assignment received--> TAKING --every row answered--> ASSIGNED
 *     ASSIGNED --a change of our own--> SETTLING
 *     SETTLING --fetchers have stopped--> ASSIGNED            TAKING --librdkafka refused--> SETTLING
 *     TAKING --revoked, or replaced--> OUTSIDE                ASSIGNED --revoked, or replaced--> OUTSIDE
 *     SETTLING --revoked, or replaced--> OUTSIDE
 *     OUTSIDE --goodbye--> CLOSING       TAKING --goodbye--> CLOSING
 *     ASSIGNED --goodbye--> CLOSING      SETTLING --goodbye--> CLOSING
 *     CLOSING --the group knows--> FREEING --librdkafka's threads have ended--> FREED
 *     CLOSING --not in time--> ABANDONED                      FREEING --not in time--> ABANDONED
 *
 * The protocol is eager: librdkafka hears of the whole assignment at once (tw_group_assign), and what is
 * not in it is not read. A change of our own, such as a partition that was fenced off and taken again, is
 * made in two steps: first nothing is assigned, then all anew, because librdkafka 2.0.2 aborts the process
 * (rdkafka_assignment.c, "rktp_started") when a partition is taken out of an assignment a second time
 * before its fetcher has stopped.
 *
 * The log has a line a rebalance: which partitions are read from now on. Errors that come again and again are
 * folded (repeats.h).
 *
 * Order of calls: tw_group_begin, tw_group_watch, then tw_group_poll whenever it was woken and each second
 * (who does not poll is thrown out). At the end tw_group_leave; tw_group_poll until tw_group_has_left;
 * tw_group_free_consumer; tw_group_end when that is FREED. One that was ABANDONED may still call `wake`
 * and the log: then all of it stays. */
#ifndef TW_GROUP_H
#define TW_GROUP_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "observe/log.h"
#include "observe/machine.h"
#include "observe/metrics.h"
#include "observe/repeats.h"

struct tw_config;
struct tw_group_topic;

enum tw_group_state {
    TW_GROUP_OUTSIDE,   /* nothing is ours: joining, thrown out, or between two assignments */
    TW_GROUP_TAKING,    /* librdkafka waits for our answer to an assignment; rows are being taken */
    TW_GROUP_ASSIGNED,  /* what tw_group_assign said is being fetched */
    TW_GROUP_SETTLING,  /* ours, and nothing is fetched: the next assignment must wait a moment */
    TW_GROUP_CLOSING,   /* saying goodbye; rebalances come by a queue of their own */
    TW_GROUP_FREEING,   /* the group knows that we left; a thread of libuv frees the consumer */
    TW_GROUP_FREED,     /* nothing of librdkafka is left */
    TW_GROUP_ABANDONED, /* librdkafka did not end in time: it still runs */
    TW_GROUP_STATES
};

enum { TW_GROUP_LIST_BYTES = 1024 };
/* "news 0-3, 7; posts 0": the partitions of an assignment for people, cut to the room. The list is sorted. */
void tw_group_print_list(rd_kafka_topic_partition_list_t *list, char text[TW_GROUP_LIST_BYTES]);

/* What the owner hears, on the loop, from inside tw_group_poll. */
struct tw_group_events {
    void *context;
    /* Kafka calls these partitions ours, and no others: take their rows, then tw_group_assign. Never twice
     * without revoked() between, whatever librdkafka does. */
    void (*assigned)(void *context, const rd_kafka_topic_partition_list_t *list);
    /* None is ours any more. */
    void (*revoked)(void *context, bool lost);
    /* A message that came by the group's queue instead of its partition's; the callee's from here. */
    void (*message)(void *context, rd_kafka_message_t *message);
    /* Each second: librdkafka's statistics, as JSON. */
    void (*statistics)(void *context, const char *json, size_t length);
    /* librdkafka has given up. */
    void (*fatal)(void *context, const struct tw_error *err);
};

/* Why a broker keeps us out. */
enum tw_group_refusal {
    TW_GROUP_NOT_REFUSED,
    TW_GROUP_LOG_IN_REFUSED, /* password, certificate, rights */
    TW_GROUP_MIXED,          /* other members assign partitions by no strategy of ours */
};

struct tw_group {
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_group_events events;
    rd_kafka_t *kafka;
    enum tw_group_state state;
    uint64_t settled_ms;           /* SETTLING: until then */
    uint64_t assigned_ms;          /* when the assignment came */
    enum tw_group_refusal refusal; /* since the last assignment */
    struct tw_group_topic *topics;
    uint32_t topic_count;
    void (*wake)(rd_kafka_t *kafka, void *context); /* on librdkafka's threads */
    void *wake_context;
    rd_kafka_queue_t *goodbyes; /* CLOSING: rebalances */
    struct tw_repeats repeats;  /* errors, by code */
    uv_work_t freeing;
    void (*freed)(void *context);
    void *freed_context;
};

/* Creates the consumer and subscribes. Brokers that do not answer are no error. TW_CONFIG for a property
 * that librdkafka refuses or that would break the promise (kafka.h), TW_IO and TW_PERMISSION for a
 * secret's file; then there is nothing to destroy. `config`, `log` and `metrics` must outlive the group. */
TW_MUST_USE bool tw_group_begin(struct tw_group *group, const struct tw_config *config,
    const struct tw_log *log, struct tw_metrics *metrics, const struct tw_group_events *events,
    struct tw_error *err);
/* From here on `wake` is called when there is something to poll, on librdkafka's threads. */
void tw_group_watch(struct tw_group *group, void (*wake)(rd_kafka_t *kafka, void *context), void *context);

/* Takes all that has come. */
void tw_group_poll(struct tw_group *group);

/* An error that came in a message's place: logged and counted. The message stays the caller's. */
void tw_group_tell_error(struct tw_group *group, const rd_kafka_message_t *message);

/* Reads these partitions from these offsets, and no others: the answer to `assigned`, or the end of
 * SETTLING. False when librdkafka refuses: it is said, and the group settles, so that it can be tried
 * again. */
TW_MUST_USE bool tw_group_assign(struct tw_group *group, const rd_kafka_topic_partition_list_t *list);
/* A change of our own: nothing is fetched until the next tw_group_assign. Without effect unless ASSIGNED. */
void tw_group_settle(struct tw_group *group);
/* Whether tw_group_assign may be called: librdkafka waits for it, or fetchers have had time to stop. */
bool tw_group_takes_assignment(const struct tw_group *group);
/* Ours by Kafka, be it nothing: TAKING, ASSIGNED or SETTLING. */
bool tw_group_is_member(const struct tw_group *group);

/* The first topic of the configuration, from *at on, that the brokers do not have; *at receives the number
 * after it. NULL when there is none. */
const char *tw_group_missing_topic(const struct tw_group *group, uint32_t *at);

/* Begins to leave: CLOSING. */
void tw_group_leave(struct tw_group *group);
/* CLOSING, and the group knows: the consumer may be freed. */
bool tw_group_has_left(const struct tw_group *group);
/* FREEING, on a thread of libuv since it waits for librdkafka's threads; then FREED and `freed`, on the
 * loop, unless it was abandoned meanwhile. Nobody may use group->kafka any more. */
void tw_group_free_consumer(
    struct tw_group *group, uv_loop_t *loop, void (*freed)(void *context), void *context);
/* Gives up on leaving: ABANDONED. */
void tw_group_abandon(struct tw_group *group);
/* Frees what is left of one that is FREED. */
void tw_group_end(struct tw_group *group);

/* The moves that are allowed, and the names of the states. */
extern const struct tw_machine tw_group_machine;

#endif
