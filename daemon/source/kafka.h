/* kafka: librdkafka settings, one way for every client (serve, replay, reset, check).
 *
 *     ours, which the configuration may change   (table `usual` in kafka.c)
 *     kafka.properties                           librdkafka's own names, untouched
 *     kafka.secrets                              the same, values from files (less one newline at the end)
 *     ours, on which the promise rests           (table `forced`): a property against it is refused by name
 *
 * Passwords in kafka.properties are refused: whoever may read the configuration would read them too. */
#ifndef TW_KAFKA_H
#define TW_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "config/config.h"

enum tw_kafka_role {
    TW_KAFKA_CONSUMER, /* of kafka.group */
    TW_KAFKA_PRODUCER, /* acks=all, lz4 */
    TW_KAFKA_ADMIN,
};

/* A new librdkafka configuration; the caller owns *out (rd_kafka_new takes it over). TW_CONFIG names the
 * property and says why it cannot be; TW_IO or TW_PERMISSION a secret's file. */
TW_MUST_USE bool tw_kafka_settings(
    const struct tw_config *config, enum tw_kafka_role role, rd_kafka_conf_t **out, struct tw_error *err);

/* A consumer's socket, as librdkafka asks for it (rd_kafka_conf_set_socket_cb): the descriptor, or -1 with
 * errno. A way to a broker that swallows everything is given up after five seconds, and tried anew each
 * second. Else librdkafka waits for an answer for a minute, and what the kernels send again comes with pauses
 * that double: a network that is back after half a minute would be found out half a minute later. A broker
 * that is slow, or whose process stands still, is not meant: its kernel answers. A producer's could be, once
 * its records fill the broker's buffers, so producers keep the system's patience. Any thread; exposed for
 * tests. */
int tw_kafka_open_socket(int domain, int type, int protocol, void *context);

/* Why a configuration may not set this librdkafka property to this value; NULL when it may. *cure is filled
 * with the reason. Pure; `check` uses it too. */
const char *tw_kafka_refuses(const char *property, const char *value, const char **cure);

/* Would this property be taken? One at a time, so that `check` can tell all that would not: the error's
 * cure knows Java's names and the nearest of librdkafka's. Files that a property names must be readable.
 * TW_CONFIG, TW_PERMISSION. */
TW_MUST_USE bool tw_kafka_check_property(const struct tw_property *property, struct tw_error *err);
/* The same for one of kafka.secrets; the error does not show the file's content. */
TW_MUST_USE bool tw_kafka_check_secret(const struct tw_property *secret, struct tw_error *err);
/* Do all of them fit together? A client is made and ended; no broker is asked. TW_CONFIG. */
TW_MUST_USE bool tw_kafka_check_client(const struct tw_config *config, struct tw_error *err);

/* A broker has refused our log-in: is that the library's own mistake? librdkafka before 2.6.1 cannot log in
 * by SCRAM to Kafka 4 (its issue 4895), and the broker calls that invalid credentials. True: err
 * (TW_PERMISSION) says so, with the cure. `version` and `name` are rd_kafka_version() and its
 * words. Pure. */
bool tw_kafka_blame_library(
    const struct tw_config *config, int version, const char *name, struct tw_error *err);

/* rd_kafka_new with our error: takes the configuration over whether it succeeds or not. TW_CONFIG for
 * settings that do not go together; TW_INTERNAL, which a restart may cure, when its threads did not start
 * (in time). */
TW_MUST_USE bool tw_kafka_new(
    enum tw_kafka_role role, rd_kafka_conf_t *settings, rd_kafka_t **out, struct tw_error *err);
/* Why rd_kafka_new failed, as told there; false. Pure. */
bool tw_kafka_fail_new(rd_kafka_resp_err_t code, const char *why, struct tw_error *err);

#endif
