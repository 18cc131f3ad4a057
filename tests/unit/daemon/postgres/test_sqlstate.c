/* sqlstate: what a refusal by PostgreSQL means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "postgres/postgres.h"

static void weather_passes(void **state)
{
    (void)state;
    static const char *const passing[] = {"08000", "08003", "08006", "40001", "40P01", "55P03", "57P01",
        "57P02", "57P03", "57P05", "57014", "53000", "53100", "53200", "53300", "25006", "25P03", "58030"};
    for (size_t at = 0; at < sizeof passing / sizeof passing[0]; at++)
        assert_int_equal(tw_sqlstate_of(passing[at]), TW_SQLSTATE_PASSING);
    assert_int_equal(tw_sqlstate_of(NULL), TW_SQLSTATE_PASSING);
}

static void a_row_that_is_refused_stays_refused(void **state)
{
    (void)state;
    static const char *const lasting[] = {
        "22021", "22P05", "22008", "22003", "22001", "23502", "23503", "54000", "22000", "23000"};
    for (size_t at = 0; at < sizeof lasting / sizeof lasting[0]; at++)
        assert_int_equal(tw_sqlstate_of(lasting[at]), TW_SQLSTATE_ROW);
}

static void codes_with_a_treatment_of_their_own_are_told_from_their_class(void **state)
{
    (void)state;
    assert_int_equal(tw_sqlstate_of("23505"), TW_SQLSTATE_DOUBLED);
    assert_int_equal(tw_sqlstate_of("23514"), TW_SQLSTATE_DAY);
    assert_int_equal(tw_sqlstate_of("TWF01"), TW_SQLSTATE_FENCED);
    assert_int_equal(tw_sqlstate_of("TWE01"), TW_SQLSTATE_OUTRUN);
    assert_int_equal(tw_sqlstate_of("28P01"), TW_SQLSTATE_PASSWORD);
    assert_int_equal(tw_sqlstate_of("28000"), TW_SQLSTATE_PASSWORD);
    assert_int_equal(tw_sqlstate_of("26000"), TW_SQLSTATE_POOLED);
    assert_int_equal(tw_sqlstate_of("42501"), TW_SQLSTATE_PERMISSION);
    assert_int_equal(tw_sqlstate_of("3F000"), TW_SQLSTATE_SCHEMA);
    assert_int_equal(tw_sqlstate_of("42P01"), TW_SQLSTATE_SCHEMA);
}

static void what_nobody_thought_of_is_no_documents_fault(void **state)
{
    (void)state;
    assert_int_equal(tw_sqlstate_of("XX000"), TW_SQLSTATE_UNKNOWN);
    assert_int_equal(tw_sqlstate_of("0A000"), TW_SQLSTATE_UNKNOWN);
    assert_int_equal(tw_sqlstate_of("42601"), TW_SQLSTATE_UNKNOWN);
}

static void every_meaning_has_a_cure_and_every_code_stands_once(void **state)
{
    (void)state;
    for (size_t row = 0; row < tw_sqlstate_count; row++) {
        assert_true(strlen(tw_sqlstates[row].code) == 5 || strlen(tw_sqlstates[row].code) == 2);
        assert_non_null(tw_sqlstate_cure(tw_sqlstates[row].means));
        for (size_t other = 0; other < row; other++)
            assert_string_not_equal(tw_sqlstates[row].code, tw_sqlstates[other].code);
    }
}

static void a_conninfo_that_libpq_refuses_is_told_with_its_word(void **state)
{
    (void)state;
    struct tw_postgres_options options = {"host=localhost nonsense=1", NULL, "test"};
    struct tw_postgres_parameters parameters;
    struct tw_error err;
    assert_false(tw_postgres_parameters_begin(&options, &parameters, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.what, "nonsense"));
}

static void the_users_words_win_over_our_defaults(void **state)
{
    (void)state;
    struct tw_postgres_options options = {"host=localhost connect_timeout=3", NULL, "test"};
    struct tw_postgres_parameters parameters;
    struct tw_error err;
    assert_true(tw_postgres_parameters_begin(&options, &parameters, &err));
    assert_string_equal(tw_postgres_parameter(&parameters, "connect_timeout"), "3");
    assert_string_equal(tw_postgres_parameter(&parameters, "keepalives_idle"), "3");
    assert_string_equal(tw_postgres_parameter(&parameters, "application_name"), "test");
    tw_postgres_parameters_end(&parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weather_passes),
        cmocka_unit_test(a_row_that_is_refused_stays_refused),
        cmocka_unit_test(codes_with_a_treatment_of_their_own_are_told_from_their_class),
        cmocka_unit_test(what_nobody_thought_of_is_no_documents_fault),
        cmocka_unit_test(every_meaning_has_a_cure_and_every_code_stands_once),
        cmocka_unit_test(a_conninfo_that_libpq_refuses_is_told_with_its_word),
        cmocka_unit_test(the_users_words_win_over_our_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
