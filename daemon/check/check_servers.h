/* check_servers: what `check --connect` asks Kafka, PostgreSQL and an Alertmanager, blocking, with a time
 * limit. Each server is asked for all that can be asked of it, whatever is wrong. */
#ifndef TW_CHECK_SERVERS_H
#define TW_CHECK_SERVERS_H

#include "check/check.h"

/* Broker reached, every topic there, the group's right to it. The detail tells brokers and partitions.
 * TW_SERVER when no broker answers or a topic is missing; TW_PERMISSION for refused credentials. */
void tw_check_kafka(struct tw_check *check);

/* PostgreSQL reached, by a session of our own and not one transaction at a time; a database in UTF-8; schema
 * of this program's version, the role's rights on what it writes. */
void tw_check_store(struct tw_check *check);

/* tell.alertmanager reached, and an Alertmanager of API v2. TW_SERVER when it does not answer. (The topic of
 * tell.kafka_topic is tw_check_kafka's.) */
void tw_check_alertmanager(struct tw_check *check);

#endif
