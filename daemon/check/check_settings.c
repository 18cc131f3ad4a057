#include "check/check_settings.h"

#include "postgres/postgres.h"
#include "source/kafka.h"
#include "tell/http_post.h"
#include "tell/kafka_teller.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Kafka ---- */

/* A wrong value has its place in the file; a file that cannot be read has its own status. */
static void tell(struct tw_check *check, const char *key, const char *property, const struct tw_error *err)
{
    if (err->code == TW_CONFIG)
        tw_config_problem(
            &check->config, &check->problems, "kafka", key, property, err->cure, "%s", err->what);
    else
        tw_check_wrong(check, err);
}

/* The client that tells is another than the one that reads: properties that go together for one may not for
 * the other. */
static bool check_clients(const struct tw_config *config, struct tw_error *err)
{
    bool tells = config->tell.kafka_topic[0] && tw_config_section_sound(config, "tell");
    return tw_kafka_check_client(config, err) && (!tells || tw_kafka_teller_check(config, err));
}

static void check_kafka(struct tw_check *check)
{
    const struct tw_properties *properties = &check->config.kafka.properties;
    const struct tw_properties *secrets = &check->config.kafka.secrets;
    struct tw_error err = {0};
    bool right = tw_config_section_sound(&check->config, "kafka");
    for (uint32_t at = 0; at < properties->count; at++)
        if (!tw_kafka_check_property(&properties->items[at], &err)) {
            tell(check, "properties", properties->items[at].name, &err);
            right = false;
        }
    for (uint32_t at = 0; at < secrets->count; at++)
        if (!tw_kafka_check_secret(&secrets->items[at], &err)) {
            tell(check, "secrets", secrets->items[at].name, &err);
            right = false;
        }
    if (right && !check_clients(&check->config, &err))
        tw_config_problem(
            &check->config, &check->problems, "kafka", "properties", NULL, err.cure, "%s", err.what);
}

/* ---- PostgreSQL ---- */

/* libpq passes over some of these without a word when they are not there, and then connects in another way
 * than was meant. */
static const struct {
    const char *option;
    bool holds_secret; /* libpq refuses it, or passes over it, when others may read it */
} conninfo_files[] = {
    {"passfile", true},
    {"sslkey", true},
    {"sslcert", false},
    {"sslrootcert", false},
    {"sslcrl", false},
    {"sslcrldir", false},
};

static bool check_mode(const char *option, const char *path, struct tw_error *err)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return true;
    mode_t allowed = status.st_uid == 0 && strcmp(option, "sslkey") == 0 ? S_IRWXU | S_IRGRP : S_IRWXU;
    return (status.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO) & ~allowed) == 0 ||
           tw_fail(err, TW_PERMISSION, path, "chmod 600",
               "libpq does not use the file of %s: others than its owner may read it", option);
}

static bool check_file(const char *option, const char *path, bool holds_secret, struct tw_error *err)
{
    bool is_word = strcmp(option, "sslrootcert") == 0 && strcmp(path, "system") == 0;
    bool in_engine = strcmp(option, "sslkey") == 0 && strchr(path, ':'); /* engine:id, no file */
    if (is_word || in_engine)
        return true;
    if (access(path, R_OK) != 0)
        return tw_fail_errno(err, TW_CONFIG, path,
            "name a file that is there and that the daemon's user may read",
            "the file of %s in store.conninfo cannot be read", option);
    return !holds_secret || check_mode(option, path, err);
}

static void check_conninfo_files(struct tw_check *check, const struct tw_postgres_parameters *parameters)
{
    for (size_t at = 0; at < sizeof conninfo_files / sizeof conninfo_files[0]; at++) {
        struct tw_error err = {0};
        const char *path = tw_postgres_parameter(parameters, conninfo_files[at].option);
        if (path && path[0] &&
            !check_file(conninfo_files[at].option, path, conninfo_files[at].holds_secret, &err))
            tw_check_wrong(check, &err);
    }
}

/* Does a name in the list of hosts have white space in it? A socket's folder may. */
static bool has_blank_host(const char *hosts)
{
    for (const char *host = hosts; *host; host += strcspn(host, ","), host += *host == ',') {
        bool folder = *host == '/' || *host == '@';
        if (!folder && strcspn(host, " \t") < strcspn(host, ","))
            return true;
    }
    return false;
}

/* As many folders without a socket as there are hosts: libpq looks at all of its options before it finds
 * out. */
static void name_nowhere(const char *hosts, char *list, size_t size)
{
    static const char nowhere[] = "/nowhere/at/all";
    size_t used = (size_t)snprintf(list, size, "%s", nowhere);
    for (; *hosts; hosts++)
        if (*hosts == ',' && used + sizeof nowhere < size)
            used += (size_t)snprintf(list + used, size - used, ",%s", nowhere);
}

/* What libpq says of values only when it connects: ports, sslmode and other words. Nothing is asked of a
 * server. */
static bool check_values(struct tw_postgres_parameters *parameters, struct tw_error *err)
{
    static const char would_connect[] = "connection to server";
    char nowhere[1024], why[200];
    const char *hosts = tw_postgres_parameter(parameters, "host");
    const char *addresses = tw_postgres_parameter(parameters, "hostaddr");
    if (hosts && has_blank_host(hosts))
        return tw_fail(err, TW_CONFIG, "store.conninfo", "write host=name, several with commas between",
            "\"%.100s\" is no host's name", hosts);
    name_nowhere(addresses ? addresses : hosts ? hosts : "", nowhere, sizeof nowhere);
    if (!tw_postgres_parameter_set(parameters, "host", nowhere) ||
        (addresses && !tw_postgres_parameter_set(parameters, "hostaddr", "")))
        return true;
    PGconn *tried = PQconnectStartParams(parameters->keywords, parameters->values, 0);
    snprintf(why, sizeof why, "%s", tried ? PQerrorMessage(tried) : "");
    PQfinish(tried);
    why[strcspn(why, "\n")] = '\0';
    return why[0] == '\0' || strncmp(why, would_connect, sizeof would_connect - 1) == 0 ||
           tw_fail(err, TW_CONFIG, "store.conninfo", "correct it there", "%s", why);
}

static void check_postgres(struct tw_check *check)
{
    const struct tw_config *config = &check->config;
    struct tw_postgres_options options = {config->store.conninfo, NULL, "tapewatch check"};
    struct tw_postgres_parameters parameters;
    struct tw_error err = {0};
    if (!tw_config_section_sound(config, "store"))
        return;
    if (tw_postgres_parameters_begin(&options, &parameters, &err)) {
        check_conninfo_files(check, &parameters);
        if (!check_values(&parameters, &err))
            tw_config_problem(
                config, &check->problems, "store", "conninfo", NULL, err.cure, "conninfo: %s", err.what);
        tw_postgres_parameters_end(&parameters);
    } else {
        tw_check_wrong(check, &err);
    }
    options.password_file = config->store.password_file;
    if (options.password_file[0] && !tw_postgres_parameters_begin(&options, &parameters, &err))
        tw_check_wrong(check, &err);
    else if (options.password_file[0])
        tw_postgres_parameters_end(&parameters);
}

static void check_tell(struct tw_check *check)
{
    const char *url = check->config.tell.alertmanager;
    struct tw_error err = {0};
    if (url[0] && !tw_http_url_check(url, "tell.alertmanager", &err))
        tw_config_problem(
            &check->config, &check->problems, "tell", "alertmanager", NULL, err.cure, "%s", err.what);
}

void tw_check_settings(struct tw_check *check)
{
    check_kafka(check);
    check_postgres(check);
    check_tell(check);
    check->partly = !tw_config_section_sound(&check->config, "kafka") ||
                    !tw_config_section_sound(&check->config, "store");
    snprintf(check->detail, sizeof check->detail, "%u Kafka properties, %u secrets%s",
        check->config.kafka.properties.count, check->config.kafka.secrets.count,
        check->partly ? " could be read" : ", conninfo");
}
