/* check_servers: what `check --connect` asks Kafka and PostgreSQL, blocking, with a time limit. */
#ifndef TW_CHECK_SERVERS_H
#define TW_CHECK_SERVERS_H

#include "config/config.h"

/* Broker reached, every topic there, the group's right to it. `detail` tells brokers and partitions.
 * TW_SERVER when no broker answers or a topic is missing; TW_PERMISSION for refused credentials. */
TW_MUST_USE bool tw_check_kafka(
    const struct tw_config *config, char *detail, size_t size, struct tw_error *err);

/* PostgreSQL reached, schema of this program's version, the role's rights on what it writes. */
TW_MUST_USE bool tw_check_store(
    const struct tw_config *config, char *detail, size_t size, struct tw_error *err);

#endif
