/* kafka_names: are topics and brokers, as the configuration writes them, names that Kafka can have?
 *
 *   in    the value of kafka.topics, of tell.kafka_topic, or of kafka.properties
 *   out   a problem, with its place, for each that is none
 *
 * librdkafka would take a pattern for a topic's name, and looks for a broker named "broker 1" for ever: both
 * are told when the file is read, not by silence afterwards. */
#ifndef TW_KAFKA_NAMES_H
#define TW_KAFKA_NAMES_H

#include <stdbool.h>

struct tw_problems;
struct tw_yaml_node;

/* One topic or a list of them. Adds all that is wrong; false when something was. */
bool tw_kafka_names_topics(const struct tw_yaml_node *node, struct tw_problems *problems);

/* bootstrap.servers among the properties, by either of its names: host, host:port or protocol://host:port,
 * with commas between. A host has letters, digits, '.', '-' and '_', or is an IPv6 address in brackets; a
 * port is 1 to 65535. Adds the first that is wrong; false when one was. */
bool tw_kafka_names_brokers(const struct tw_yaml_node *node, struct tw_problems *problems);

#endif
