/* kafka: what is the library's own mistake is not told as a wrong password. tests/integration/test_security
 * asks a broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scram_by_a_library_before_2_6_1_is_its_own_mistake),
        cmocka_unit_test(a_mended_library_and_other_mechanisms_are_not_blamed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
