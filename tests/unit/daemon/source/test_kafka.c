/* kafka: what is the library's own mistake is not told as a wrong password (tests/integration/test_security
 * asks a broker), and what librdkafka is told where nobody says otherwise. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/kafka.h"

static bool blames(const char *name, const char *mechanism, int version, struct tw_error *err)
{
    struct tw_property properties[] = {
        {.name = "bootstrap.servers", .value = "localhost:9092"}, {.name = name, .value = mechanism}};
    struct tw_config config = {.kafka = {.properties = {properties, 2}}};
    return tw_kafka_blame_library(&config, version, "2.0.2", err);
}

static void scram_by_a_library_before_2_6_1_is_its_own_mistake(void **state)
{
    (void)state;
    struct tw_error err = {0};
    assert_true(blames("sasl.mechanism", "SCRAM-SHA-256", 0x020002ff, &err));
    assert_int_equal(err.code, TW_PERMISSION);
    assert_string_equal(err.where, "kafka.properties.sasl.mechanism");
    assert_string_equal(err.what,
        "SCRAM-SHA-256 is refused: librdkafka 2.0.2 cannot log in by SCRAM to Kafka 4, whatever the password "
        "(librdkafka issue 4895, mended in 2.6.1)");
    assert_non_null(strstr(err.cure, "librdkafka 2.6.1 or later"));
    assert_true(blames("sasl.mechanisms", "scram-sha-512", 0x020600ff, &err));
}

static void a_mended_library_and_other_mechanisms_are_not_blamed(void **state)
{
    (void)state;
    struct tw_error err = {0};
    assert_false(blames("sasl.mechanism", "SCRAM-SHA-256", 0x020601ff, &err));
    assert_false(blames("sasl.mechanism", "SCRAM-SHA-256", 0x020800ff, &err));
    assert_false(blames("sasl.mechanism", "PLAIN", 0x020002ff, &err));
    assert_false(blames("client.id", "SCRAM-SHA-256", 0x020002ff, &err));
}

static void value_of(const rd_kafka_conf_t *settings, const char *name, char value[64])
{
    size_t size = 64;
    assert_int_equal(rd_kafka_conf_get(settings, name, value, &size), RD_KAFKA_CONF_OK);
}

/* librdkafka would wait up to ten seconds for a broker that is back, and for thirty where packets
 * were lost. */
static void a_broker_that_is_back_is_tried_within_a_second_unless_somebody_says_otherwise(void **state)
{
    (void)state;
    struct tw_property properties[] = {{.name = "heartbeat.interval.ms", .value = "2000"}};
    struct tw_config config = {.kafka = {.group = "desk", .properties = {properties, 1}}};
    struct tw_error err = {0};
    rd_kafka_conf_t *settings = NULL;
    char value[64];
    assert_true(tw_kafka_settings(&config, TW_KAFKA_CONSUMER, &settings, &err));
    value_of(settings, "reconnect.backoff.max.ms", value);
    assert_string_equal(value, "1000");
    value_of(settings, "socket.connection.setup.timeout.ms", value);
    assert_string_equal(value, "10000");
    value_of(settings, "heartbeat.interval.ms", value);
    assert_string_equal(value, "2000");
    rd_kafka_conf_destroy(settings);
}

static int option_of(int descriptor, int level, int option)
{
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(descriptor, level, option, &value, &size), 0);
    return value;
}

/* Else a fetch would be waited for for a minute, whoever is at the other end. */
static void a_consumers_way_to_a_broker_is_given_up_when_nothing_comes_back_for_seconds(void **state)
{
    (void)state;
    struct tw_config config = {.kafka = {.group = "desk"}};
    struct tw_error err = {0};
    rd_kafka_conf_t *settings = NULL;
    char given[64], wanted[64];
    static int (*const open_socket)(int, int, int, void *) = tw_kafka_open_socket;
    assert_true(tw_kafka_settings(&config, TW_KAFKA_CONSUMER, &settings, &err));
    value_of(settings, "socket_cb", given);
    snprintf(wanted, sizeof wanted, "%p", *(void *const *)(const void *)&open_socket);
    assert_string_equal(given, wanted);
    value_of(settings, "socket.keepalive.enable", given);
    assert_string_equal(given, "true");
    rd_kafka_conf_destroy(settings);
    assert_true(tw_kafka_settings(&config, TW_KAFKA_PRODUCER, &settings, &err));
    value_of(settings, "socket_cb", given);
    assert_string_not_equal(given, wanted);
    rd_kafka_conf_destroy(settings);
    int descriptor = tw_kafka_open_socket(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL);
    assert_true(descriptor >= 0);
    assert_int_equal(option_of(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT), 5000);
    assert_int_equal(option_of(descriptor, IPPROTO_TCP, TCP_KEEPIDLE), 3);
    assert_int_equal(option_of(descriptor, IPPROTO_TCP, TCP_KEEPINTVL), 1);
    assert_int_equal(fcntl(descriptor, F_GETFD), FD_CLOEXEC);
    close(descriptor);
    assert_int_equal(tw_kafka_open_socket(-1, SOCK_STREAM, 0, NULL), -1);
}

/* systemd does not restart what ends with 78: threads that do not start in time must not look like a mistake
 * in the configuration. */
static void threads_that_do_not_start_are_no_mistake_in_the_configuration(void **state)
{
    (void)state;
    char why[200];
    rd_kafka_t *kafka = NULL;
    struct tw_error err = {0};
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "max.poll.interval.ms", "1000", why, sizeof why); /* less than a session */
    assert_false(tw_kafka_new(TW_KAFKA_CONSUMER, settings, &kafka, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_false(tw_kafka_fail_new(RD_KAFKA_RESP_ERR__TIMED_OUT, "threads did not initialize", &err));
    assert_int_equal(err.code, TW_INTERNAL);
    assert_false(tw_kafka_fail_new(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "no thread", &err));
    assert_int_equal(err.code, TW_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scram_by_a_library_before_2_6_1_is_its_own_mistake),
        cmocka_unit_test(a_mended_library_and_other_mechanisms_are_not_blamed),
        cmocka_unit_test(a_consumers_way_to_a_broker_is_given_up_when_nothing_comes_back_for_seconds),
        cmocka_unit_test(threads_that_do_not_start_are_no_mistake_in_the_configuration),
        cmocka_unit_test(a_broker_that_is_back_is_tried_within_a_second_unless_somebody_says_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
