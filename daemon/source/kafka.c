#include "source/kafka.h"

#include "config/secrets.h"
#include "files/problems.h"

#include "base/file.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECRET_BYTES = 64 * 1024, CONSUMER = 1 << TW_KAFKA_CONSUMER, PRODUCER = 1 << TW_KAFKA_PRODUCER };
enum { ALL = CONSUMER | PRODUCER | 1 << TW_KAFKA_ADMIN };

struct setting {
    int roles;
    const char *name;
    const char *value;
};

static const struct setting usual[] = {
    {ALL, "client.id", "tapewatch"}, {ALL, "bootstrap.servers", "localhost:9092"},
    {ALL, "socket.keepalive.enable", "true"},
    {ALL, "log.connection.close", "false"},               /* idle connections are closed by brokers all day */
    {ALL, "topic.metadata.refresh.interval.ms", "10000"}, /* new partitions and topics are found that soon */
    {ALL, "reconnect.backoff.max.ms", "1000"},            /* a broker that is back is not waited for */
    {ALL, "socket.connection.setup.timeout.ms", "10000"}, /* where packets were lost, not until TCP repeats */
    {CONSUMER, "session.timeout.ms", "10000"},   /* a killed daemon's partitions lie still for so long */
    {CONSUMER, "heartbeat.interval.ms", "1000"}, /* and so long, once the group knows */
    {CONSUMER, "partition.assignment.strategy", "range,roundrobin"},
    {CONSUMER, "isolation.level", "read_committed"},
    {CONSUMER, "statistics.interval.ms", "1000"}, /* answers.h */
    {CONSUMER, "queued.max.messages.kbytes",
        "4096"}, /* counts for each partition, since each has its queue */
    /* So does this. librdkafka weighs payloads alone: with large keys or headers this number is what bounds
     * its queue, and one fetch always brings more than that of short messages. */
    {CONSUMER, "queued.min.messages", "100"}, {CONSUMER, "fetch.message.max.bytes", "262144"},
    /* compressed, and on top of the two above; a larger batch comes whole */ {PRODUCER, "acks", "all"},
    {PRODUCER, "compression.type", "lz4"}, {PRODUCER, "linger.ms", "20"},
    {PRODUCER, "message.max.bytes", "104857600"}, /* the broker's own limit is the one that counts */
};

static const struct setting forced[] = {
    {CONSUMER, "enable.auto.commit", "false"}, {CONSUMER, "enable.auto.offset.store", "false"},
    {CONSUMER, "auto.offset.reset", "error"}, {CONSUMER, "enable.partition.eof", "true"},
    {CONSUMER, "check.crcs", "true"},
    {PRODUCER, "enable.idempotence", "false"}, /* 2.0.2: a timeout can end in a fatal sequence error */
};

static const char offsets_reason[] =
    "offsets are kept in PostgreSQL, in the transaction that stores the documents";
static const char refresh[] = "topic.metadata.refresh.interval.ms";
/* `only`: the one value that may stand; NULL: none may. */
static const struct {
    const char *name;
    const char *only;
    const char *reason;
    const char *cure;
} refused[] = {
    {"enable.auto.commit", "false", offsets_reason, "leave it out"},
    {"auto.commit.enable", "false", offsets_reason, "leave it out"},
    {"enable.auto.offset.store", "false", offsets_reason, "leave it out"},
    {"auto.offset.reset", "error", "an offset out of range is decided loudly, never skipped",
        "leave it out; kafka.out_of_range decides"},
    {"enable.partition.eof", "true", "the watermark needs to know when a partition is read to its end",
        "leave it out"},
    {"check.crcs", "true", "records that were damaged on a disk would be stored as if they were whole",
        "leave it out"},
    {"statistics.interval.ms", "1000", "whether a broker still answers is read from them", "leave it out"},
    {refresh, "10000",
        "what waits in a partition that was added to a topic would be found late, and told by nobody",
        "leave it out, or set 10 to 10000"},
    {"enable.idempotence", "false", "librdkafka before 2.3.0 can end in a fatal sequence error",
        "leave it out"},
    {"group.id", NULL, "it is a key of its own", "set kafka.group"},
    {"group.instance.id", NULL, "a killed static member's partitions lie still until its session ends",
        "leave it out"},
    {"partition.assignment.strategy", "range,roundrobin",
        "only the eager strategies keep each offset once with librdkafka 2.0.2",
        "leave it out, or set range, roundrobin or range,roundrobin"},
};

static bool may_stand(const char *name, const char *only, const char *value)
{
    if (!only)
        return false;
    if (strcmp(value, only) == 0)
        return true;
    if (strcmp(name, refresh) == 0) /* more often */
        return strtol(value, NULL, 10) > 0 && strtol(value, NULL, 10) < strtol(only, NULL, 10);
    return strcmp(name, "partition.assignment.strategy") == 0 &&
           (strcmp(value, "range") == 0 || strcmp(value, "roundrobin") == 0 ||
               strcmp(value, "roundrobin,range") == 0);
}

const char *tw_kafka_refuses(const char *property, const char *value, const char **cure)
{
    if (tw_secret_property(tw_text_of(property), cure))
        return "passwords do not stand in the configuration";
    for (size_t at = 0; at < sizeof refused / sizeof refused[0]; at++) {
        if (strcmp(property, refused[at].name) != 0 || may_stand(property, refused[at].only, value))
            continue;
        *cure = refused[at].cure;
        return refused[at].reason;
    }
    return NULL;
}

static bool set(rd_kafka_conf_t *settings, const char *name, const char *value, struct tw_error *err)
{
    char why[512];
    if (rd_kafka_conf_set(settings, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return true;
    char where[160];
    snprintf(where, sizeof where, "kafka.properties.%s", name);
    return tw_fail(
        err, TW_CONFIG, where, "see librdkafka's CONFIGURATION.md for names and ranges", "%s", why);
}

/* As set, but librdkafka's words are not passed on: they may hold the value. */
static bool set_hidden(rd_kafka_conf_t *settings, const char *name, const char *value, struct tw_error *err)
{
    char why[512];
    rd_kafka_conf_res_t answer = rd_kafka_conf_set(settings, name, value, why, sizeof why);
    explicit_bzero(why, sizeof why);
    if (answer == RD_KAFKA_CONF_OK)
        return true;
    char where[160];
    snprintf(where, sizeof where, "kafka.secrets.%s", name);
    return tw_fail(err, TW_CONFIG, where, "see librdkafka's CONFIGURATION.md for names and ranges",
        answer == RD_KAFKA_CONF_UNKNOWN ? "No such configuration property: \"%s\""
                                        : "librdkafka does not take the content of the file for %s",
        name);
}

static bool set_table(rd_kafka_conf_t *settings, const struct setting *table, size_t count,
    enum tw_kafka_role role, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++)
        if ((table[at].roles & 1 << role) && !set(settings, table[at].name, table[at].value, err))
            return false;
    return true;
}

static bool set_properties(
    rd_kafka_conf_t *settings, const struct tw_properties *properties, struct tw_error *err)
{
    for (uint32_t at = 0; at < properties->count; at++) {
        const struct tw_property *property = &properties->items[at];
        const char *cure = NULL;
        const char *reason = tw_kafka_refuses(property->name, property->value, &cure);
        if (reason) {
            char where[160];
            snprintf(where, sizeof where, "kafka.properties.%s", property->name);
            return tw_fail(err, TW_CONFIG, where, cure, "cannot be set: %s", reason);
        }
        if (!set(settings, property->name, property->value, err))
            return false;
    }
    return true;
}

/* The value stands in memory for as long as it takes to hand it on. */
static bool set_secret(rd_kafka_conf_t *settings, const struct tw_property *secret, struct tw_error *err)
{
    struct tw_arena arena = {0};
    struct tw_text value = {0};
    char path[PATH_MAX];
    if (!tw_secret_path(secret->value, path, sizeof path, err) ||
        !tw_arena_begin(&arena, SECRET_BYTES * 3, err))
        return false;
    bool done = tw_file_read(path, SECRET_BYTES, &arena, &value, err);
    if (done) {
        if (value.length > 0 && value.bytes[value.length - 1] == '\n')
            value.length--;
        struct tw_text line = tw_arena_copy(&arena, value); /* ends in NUL */
        done = line.bytes ? set_hidden(settings, secret->name, line.bytes, err) : tw_arena_fail(&arena, err);
        explicit_bzero(arena.base, arena.used);
    } else {
        char where[160];
        snprintf(where, sizeof where, "kafka.secrets.%s", secret->name);
        tw_error_in(err, where);
    }
    tw_arena_end(&arena);
    return done;
}

static bool set_secrets(rd_kafka_conf_t *settings, const struct tw_properties *secrets, struct tw_error *err)
{
    for (uint32_t at = 0; at < secrets->count; at++)
        if (!set_secret(settings, &secrets->items[at], err))
            return false;
    return true;
}

int tw_kafka_open_socket(int domain, int type, int protocol, void *context)
{
    static const struct {
        int option;
        int value;
    } patience[] = {
        {TCP_KEEPIDLE, 3},        /* seconds without a byte, until the other side is asked */
        {TCP_KEEPINTVL, 1},       /* and between two questions */
        {TCP_USER_TIMEOUT, 5000}, /* milliseconds without an answer of the other side's kernel */
    };
    (void)context;
    int descriptor = socket(domain, type | SOCK_CLOEXEC, protocol);
    for (size_t at = 0; descriptor >= 0 && at < sizeof patience / sizeof patience[0]; at++)
        (void)!setsockopt(descriptor, IPPROTO_TCP, patience[at].option, &patience[at].value,
            sizeof patience[at].value); /* refused: it waits as the system does */
    return descriptor;
}

bool tw_kafka_settings(
    const struct tw_config *config, enum tw_kafka_role role, rd_kafka_conf_t **out, struct tw_error *err)
{
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    bool done = set_table(settings, usual, sizeof usual / sizeof usual[0], role, err) &&
                set_properties(settings, &config->kafka.properties, err) &&
                set_secrets(settings, &config->kafka.secrets, err) &&
                set_table(settings, forced, sizeof forced / sizeof forced[0], role, err);
    if (done && role == TW_KAFKA_CONSUMER) {
        rd_kafka_conf_set_socket_cb(settings, tw_kafka_open_socket);
        done = set(settings, "group.id", config->kafka.group, err);
    }
    if (!done) {
        rd_kafka_conf_destroy(settings);
        return false;
    }
    *out = settings;
    return true;
}

/* ---- a mistake of the library ---- */

static const char *property_of(const struct tw_config *config, const char *name)
{
    for (uint32_t at = 0; at < config->kafka.properties.count; at++)
        if (strcmp(config->kafka.properties.items[at].name, name) == 0)
            return config->kafka.properties.items[at].value;
    return NULL;
}

bool tw_kafka_blame_library(
    const struct tw_config *config, int version, const char *name, struct tw_error *err)
{
    enum { MENDED = 0x020601 }; /* 2.6.1, as the upper three bytes of a version */
    const char *mechanism = property_of(config, "sasl.mechanism");
    if (!mechanism)
        mechanism = property_of(config, "sasl.mechanisms");
    if (!mechanism || strncasecmp(mechanism, "SCRAM-", 6) != 0 || (unsigned)version >> 8 >= MENDED)
        return false;
    tw_fail(err, TW_PERMISSION, "kafka.properties.sasl.mechanism",
        "run with librdkafka 2.6.1 or later (Debian 13 has 2.8), or log in by PLAIN over TLS or by a client "
        "certificate; only if the brokers are Kafka 3, correct sasl.username and sasl.password",
        "%.40s is refused: librdkafka %.20s cannot log in by SCRAM to Kafka 4, whatever the password "
        "(librdkafka issue 4895, mended in 2.6.1)",
        mechanism, name);
    return true;
}

bool tw_kafka_fail_new(rd_kafka_resp_err_t code, const char *why, struct tw_error *err)
{
    if (code == RD_KAFKA_RESP_ERR__INVALID_ARG)
        return tw_fail(err, TW_CONFIG, "kafka.properties", "see librdkafka's CONFIGURATION.md", "%s", why);
    return tw_fail(
        err, TW_INTERNAL, "kafka", "start it again; see the load, and the limit of threads", "%s", why);
}

bool tw_kafka_new(enum tw_kafka_role role, rd_kafka_conf_t *settings, rd_kafka_t **out, struct tw_error *err)
{
    char why[512];
    rd_kafka_type_t type = role == TW_KAFKA_CONSUMER ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
    *out = rd_kafka_new(type, settings, why, sizeof why);
    if (*out)
        return true;
    rd_kafka_resp_err_t code = rd_kafka_last_error();
    rd_kafka_conf_destroy(settings);
    return tw_kafka_fail_new(code, why, err);
}

/* ---- what check asks ---- */

/* What Java's clients know and librdkafka does not. */
static const struct {
    const char *name;
    const char *cure;
} java_names[] = {
    {"max.poll.records",
        "leave it out: batch.most_documents and batch.most_bytes say how much is taken at once"},
    {"key.deserializer", "leave it out: keys are taken as bytes"},
    {"value.deserializer", "leave it out: values are decoded by the keys of decode"},
    {"key.serializer", "leave it out"},
    {"value.serializer", "leave it out"},
    {"ssl.truststore.location", "set ssl.ca.location to a PEM file"},
    {"ssl.truststore.type", "leave it out, and set ssl.ca.location to a PEM file"},
    {"ssl.truststore.certificates", "set ssl.ca.pem"},
    {"ssl.keystore.type", "leave it out: ssl.keystore.location is PKCS#12"},
    {"ssl.keystore.certificate.chain", "set ssl.certificate.pem"},
    {"ssl.protocol", "leave it out"},
    {"ssl.enabled.protocols", "leave it out"},
    {"default.api.timeout.ms", "leave it out"},
    {"request.timeout.ms", "set socket.timeout.ms"},
    {"metrics.recording.level", "leave it out"},
    {"interceptor.classes", "leave it out"},
};

/* Known to librdkafka, and not in its dump because they have no default. */
static const char *const without_default[] = {"bootstrap.servers", "sasl.username", "sasl.mechanism",
    "ssl.ca.location", "ssl.ca.pem", "ssl.certificate.location", "ssl.certificate.pem", "ssl.key.location",
    "ssl.keystore.location", "ssl.crl.location", "ssl.cipher.suites", "ssl.curves.list", "sasl.password",
    "ssl.key.password", "ssl.keystore.password", "ssl.key.pem", "sasl.kerberos.keytab",
    "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.id", "sasl.oauthbearer.scope",
    "client.id", "compression.type", "acks", "linger.ms"};

/* Properties that name a file, or a folder. */
static const char *const file_properties[] = {"ssl.ca.location", "ssl.certificate.location",
    "ssl.key.location", "ssl.keystore.location", "ssl.crl.location", "ssl.engine.location",
    "sasl.kerberos.keytab"};

static void cure_unknown(const char *name, char *cure, size_t size)
{
    enum { MOST_NAMES = 512 };
    const char *names[MOST_NAMES];
    size_t count = 0;
    for (size_t at = 0; at < sizeof java_names / sizeof java_names[0]; at++)
        if (strcmp(name, java_names[at].name) == 0) {
            snprintf(cure, size, "%s", java_names[at].cure);
            return;
        }
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    size_t dumped = 0;
    const char **dump = rd_kafka_conf_dump(settings, &dumped);
    for (size_t at = 0; at < sizeof without_default / sizeof without_default[0]; at++)
        names[count++] = without_default[at];
    for (size_t at = 0; at < dumped && count < MOST_NAMES; at += 2)
        names[count++] = dump[at];
    const char *nearest = tw_nearest(tw_text_of(name), names, count);
    if (nearest)
        snprintf(cure, size, "did you mean \"%s\"?", nearest);
    else
        snprintf(cure, size, "see librdkafka's CONFIGURATION.md for names and ranges");
    rd_kafka_conf_dump_free(dump, dumped);
    rd_kafka_conf_destroy(settings);
}

/* "probe" lets librdkafka look for the system's certificates. */
static bool check_file(const struct tw_property *property, struct tw_error *err)
{
    char where[160];
    bool names_file = false;
    for (size_t at = 0; at < sizeof file_properties / sizeof file_properties[0]; at++)
        names_file = names_file || strcmp(property->name, file_properties[at]) == 0;
    if (!names_file || property->value[0] == '\0' || strcmp(property->value, "probe") == 0 ||
        access(property->value, R_OK) == 0)
        return true;
    snprintf(where, sizeof where, "kafka.properties.%s", property->name);
    return tw_fail_errno(err, TW_CONFIG, where,
        "name a file that is there and that the daemon's user may read", "%s cannot be read",
        property->value);
}

bool tw_kafka_check_property(const struct tw_property *property, struct tw_error *err)
{
    const char *cure = NULL;
    const char *reason = tw_kafka_refuses(property->name, property->value, &cure);
    char where[160];
    snprintf(where, sizeof where, "kafka.properties.%s", property->name);
    if (reason)
        return tw_fail(err, TW_CONFIG, where, cure, "%s cannot be set: %s", property->name, reason);
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    char why[400];
    rd_kafka_conf_res_t answer =
        rd_kafka_conf_set(settings, property->name, property->value, why, sizeof why);
    rd_kafka_conf_destroy(settings);
    if (answer == RD_KAFKA_CONF_OK)
        return check_file(property, err);
    char nearer[256] = "see librdkafka's CONFIGURATION.md for names and ranges";
    if (answer == RD_KAFKA_CONF_UNKNOWN)
        cure_unknown(property->name, nearer, sizeof nearer);
    return tw_fail(err, TW_CONFIG, where, nearer, "%s", why);
}

bool tw_kafka_check_secret(const struct tw_property *secret, struct tw_error *err)
{
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    bool done = set_secret(settings, secret, err);
    bool unknown = rd_kafka_conf_set(settings, secret->name, "", NULL, 0) == RD_KAFKA_CONF_UNKNOWN;
    rd_kafka_conf_destroy(settings);
    if (!unknown)
        return done;
    char cure[256];
    cure_unknown(secret->name, cure, sizeof cure);
    return tw_fail(
        err, TW_CONFIG, secret->name, cure, "No such configuration property: \"%s\"", secret->name);
}

bool tw_kafka_check_client(const struct tw_config *config, struct tw_error *err)
{
    rd_kafka_conf_t *settings;
    rd_kafka_t *client;
    if (!tw_kafka_settings(config, TW_KAFKA_CONSUMER, &settings, err))
        return false;
    if (!set(settings, "bootstrap.servers", "", err)) {
        rd_kafka_conf_destroy(settings);
        return false;
    }
    rd_kafka_conf_set_log_cb(settings, NULL);
    if (!tw_kafka_new(TW_KAFKA_CONSUMER, settings, &client, err))
        return false;
    rd_kafka_destroy(client);
    return true;
}
