/* kafka_teller: what keeps alerts from being told is named with its cure. That they are told is shown by
 * tests/integration/test_tell_kafka. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "tell/kafka_teller.h"

static void expect(rd_kafka_resp_err_t code, const struct tw_kafka_word *said, enum tw_code means,
    const char *what, const char *cure)
{
    struct tw_error err = {0};
    tw_kafka_trouble("alerts", -1, code, said, &err);
    assert_int_equal(err.code, means);
    assert_true(err.passing);
    assert_string_equal(err.where, "alerts");
    assert_non_null(strstr(err.what, what));
    assert_non_null(strstr(err.cure, cure));
}

static void what_the_library_says_decides_what_is_to_be_done(void **state)
{
    static const struct tw_kafka_word nothing = {0};
    static const struct tw_kafka_word away = {RD_KAFKA_RESP_ERR__TRANSPORT, "Connection refused"};
    static const struct tw_kafka_word refused = {RD_KAFKA_RESP_ERR__AUTHENTICATION, "SASL log-in refused"};
    static const struct tw_kafka_word untrusted = {RD_KAFKA_RESP_ERR__SSL, "certificate verify failed"};
    (void)state;
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &nothing, TW_SERVER, "timed out", "start the broker");
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &away, TW_SERVER, "Connection refused", "start the broker");
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &refused, TW_PERMISSION, "SASL log-in", "correct the log-in");
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &untrusted, TW_PERMISSION, "certificate", "certificate");
    expect(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, &away, TW_SERVER, "topic", "make the topic");
    expect(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, &away, TW_PERMISSION, "uthoriz",
        "allow the daemon's user");
    expect(RD_KAFKA_RESP_ERR__FATAL, &nothing, TW_INTERNAL, "atal", "restart the daemon");
}

static void a_partition_that_keeps_its_alerts_is_named(void **state)
{
    static const struct tw_kafka_word nothing = {0};
    struct tw_error err = {0};
    (void)state;
    tw_kafka_trouble("alerts", 2, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &nothing, &err);
    assert_true(err.passing);
    assert_string_equal(err.where, "alerts partition 2");
    assert_non_null(strstr(err.cure, "start the broker that leads it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_library_says_decides_what_is_to_be_done),
        cmocka_unit_test(a_partition_that_keeps_its_alerts_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
