#include "check/check_servers.h"

#include "postgres/migrate.h"
#include "postgres/pooler.h"
#include "postgres/postgres.h"
#include "source/kafka.h"
#include "tell/alertmanager_teller.h"
#include "tell/http_post.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 10000 };

/* ---- Kafka ---- */

/* librdkafka tells by callback why no broker answers; the last word of it is kept for the error. */
struct kafka_view {
    char reason[256];
    bool refused; /* authentication or certificate: waiting does not help */
    bool unauthenticated;
};

static void on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
    (void)client;
    struct kafka_view *view = opaque;
    bool refused = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
    if (view->refused && !refused)
        return;
    view->refused = refused;
    view->unauthenticated = code == RD_KAFKA_RESP_ERR__AUTHENTICATION;
    snprintf(view->reason, sizeof view->reason, "%s", reason);
}

static bool topic_is_there(
    const struct rd_kafka_metadata *metadata, const char *topic, int *partitions, rd_kafka_resp_err_t *why)
{
    *why = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    for (int at = 0; at < metadata->topic_cnt; at++) {
        if (strcmp(metadata->topics[at].topic, topic) != 0)
            continue;
        *why = metadata->topics[at].err;
        *partitions += metadata->topics[at].partition_cnt;
        return *why == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    return false;
}

static void check_topics(struct tw_check *check, const struct rd_kafka_metadata *metadata)
{
    const struct tw_config *config = &check->config;
    int partitions = 0;
    for (uint32_t at = 0; at < config->kafka.topics.count; at++) {
        const char *topic = config->kafka.topics.items[at];
        struct tw_error err = {0};
        rd_kafka_resp_err_t why;
        if (topic_is_there(metadata, topic, &partitions, &why))
            continue;
        enum tw_code code = why == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ? TW_PERMISSION : TW_SERVER;
        tw_fail(&err, code, topic, "make the topic, or name another under kafka.topics", "topic: %s",
            rd_kafka_err2str(why));
        tw_check_wrong(check, &err);
    }
    snprintf(check->detail, sizeof check->detail, "%d broker%s, %u topic%s, %d partitions",
        metadata->broker_cnt, metadata->broker_cnt == 1 ? "" : "s", config->kafka.topics.count,
        config->kafka.topics.count == 1 ? "" : "s", partitions);
}

/* Whoever may not see a topic is told that there is none. */
static void check_told_topic(struct tw_check *check, const struct rd_kafka_metadata *metadata)
{
    const char *topic = check->config.tell.kafka_topic;
    struct tw_error err = {0};
    rd_kafka_resp_err_t why;
    int partitions = 0;
    if (topic[0] == '\0' || topic_is_there(metadata, topic, &partitions, &why))
        return;
    tw_fail(&err, why == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ? TW_PERMISSION : TW_SERVER, topic,
        "make the topic, or name another as tell.kafka_topic", "topic: %s", rd_kafka_err2str(why));
    tw_check_wrong(check, &err);
}

static const char *brokers_of(const struct tw_config *config)
{
    const char *brokers = "kafka";
    for (uint32_t at = 0; at < config->kafka.properties.count; at++)
        if (strcmp(config->kafka.properties.items[at].name, "bootstrap.servers") == 0)
            brokers = config->kafka.properties.items[at].value;
    return brokers;
}

static void ask_brokers(struct tw_check *check, rd_kafka_t *client, const struct kafka_view *view)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t answer = rd_kafka_metadata(client, 1, NULL, &metadata, TIMEOUT_MS);
    rd_kafka_poll(client, 0); /* the reasons wait there */
    struct tw_error err = {0};
    if (answer != RD_KAFKA_RESP_ERR_NO_ERROR && view->unauthenticated &&
        tw_kafka_blame_library(&check->config, rd_kafka_version(), rd_kafka_version_str(), &err)) {
        tw_check_wrong(check, &err);
        return;
    }
    if (answer != RD_KAFKA_RESP_ERR_NO_ERROR) {
        tw_fail(&err, view->refused ? TW_PERMISSION : TW_SERVER, brokers_of(&check->config),
            view->refused ? "set credentials and certificates under kafka.properties and kafka.secrets"
                          : "start the broker, or set bootstrap.servers under kafka.properties",
            "no broker answers: %s", view->reason[0] ? view->reason : rd_kafka_err2str(answer));
        tw_check_wrong(check, &err);
        return;
    }
    check_topics(check, metadata);
    check_told_topic(check, metadata);
    rd_kafka_metadata_destroy(metadata);
}

void tw_check_kafka(struct tw_check *check)
{
    rd_kafka_conf_t *settings;
    rd_kafka_t *client;
    struct tw_error err = {0};
    struct kafka_view view = {.reason = ""};
    if (!tw_kafka_settings(&check->config, TW_KAFKA_ADMIN, &settings, &err)) {
        tw_check_wrong(check, &err);
        return;
    }
    rd_kafka_conf_set_error_cb(settings, on_error);
    rd_kafka_conf_set_log_cb(settings, NULL);
    rd_kafka_conf_set_opaque(settings, &view);
    if (!tw_kafka_new(TW_KAFKA_ADMIN, settings, &client, &err)) {
        tw_check_wrong(check, &err);
        return;
    }
    ask_brokers(check, client, &view);
    rd_kafka_destroy(client);
}

/* ---- PostgreSQL ---- */

/* What the writer does all day; has_*_privilege asks for the role that is logged in. */
static const char rights_sql[] = "SELECT current_user, current_setting('server_version'),"
                                 " has_table_privilege('tapewatch.documents', 'INSERT')"
                                 " AND has_table_privilege('tapewatch.scores', 'INSERT')"
                                 " AND has_table_privilege('tapewatch.bars', 'INSERT, UPDATE')"
                                 " AND has_table_privilege('tapewatch.dead_letters', 'INSERT')"
                                 " AND has_table_privilege('tapewatch.alerts', 'INSERT, UPDATE')";

static bool check_schema(PGconn *connection, struct tw_error *err)
{
    PGresult *result = tw_postgres_query(connection, "schema version", TW_SCHEMA_VERSION_SQL, 0, NULL, err);
    if (!result) /* no such table: nothing was ever installed */
        return err->code == TW_CONFIG ? tw_schema_check(0, err) : false;
    int found = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return tw_schema_check(found, err);
}

static bool check_rights(struct tw_check *check, PGconn *connection, struct tw_error *err)
{
    PGresult *result = tw_postgres_query(connection, "rights", rights_sql, 0, NULL, err);
    if (!result)
        return false;
    bool granted = strcmp(PQgetvalue(result, 0, 2), "t") == 0;
    snprintf(check->detail, sizeof check->detail, "PostgreSQL %s, schema %d, role %s",
        PQgetvalue(result, 0, 1), tw_schema_wanted(), PQgetvalue(result, 0, 0));
    if (!granted)
        tw_fail(err, TW_PERMISSION, PQgetvalue(result, 0, 0), "GRANT tapewatch_writer to this role",
            "the role may not write Tapewatch's tables");
    PQclear(result);
    return granted;
}

/* ---- the database ---- */

void tw_check_store(struct tw_check *check)
{
    const struct tw_config *config = &check->config;
    struct tw_postgres_options options = {
        config->store.conninfo, config->store.password_file, "tapewatch check"};
    struct tw_error err = {0};
    PGconn *connection;
    if (!tw_postgres_connect(&options, &connection, &err)) {
        tw_check_wrong(check, &err);
        return;
    }
    if (!tw_postgres_check_encoding(connection, &err))
        tw_check_wrong(check, &err);
    if (!check_schema(connection, &err) || !check_rights(check, connection, &err))
        tw_check_wrong(check, &err);
    if (!tw_pooler_check(&options, &err))
        tw_check_wrong(check, &err);
    PQfinish(connection);
}

/* ---- whom alerts are told to ---- */

void tw_check_alertmanager(struct tw_check *check)
{
    const char *server = check->config.tell.alertmanager;
    struct tw_error err = {0};
    if (server[0] == '\0') {
        snprintf(check->detail, sizeof check->detail, "none (tell.alertmanager is not set)");
        return;
    }
    char *url = tw_alertmanager_url(server, "/api/v2/status");
    if (!url)
        tw_fail(&err, TW_INTERNAL, server, NULL, "out of memory");
    else if (tw_http_url_check(server, "tell.alertmanager", &err) && tw_http_get_once(url, TIMEOUT_MS, &err))
        snprintf(check->detail, sizeof check->detail, "%s answers", server);
    if (err.code != TW_OK)
        tw_check_wrong(check, &err);
    free(url);
}
