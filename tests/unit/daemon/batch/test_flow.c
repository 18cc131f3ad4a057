#include "batch/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tw_flow marks(void)
{
    return (struct tw_flow){.high_bytes = 1000, .low_bytes = 200, .most_batches = 4};
}

static void reading_stops_above_the_high_mark_and_goes_on_below_the_low_one(void **state)
{
    (void)state;
    struct tw_flow flow = marks();
    assert_int_equal(tw_flow_read(&flow, 1000), TW_FLOW_SAME);
    assert_int_equal(tw_flow_read(&flow, 1), TW_FLOW_STOP);
    assert_int_equal(tw_flow_done(&flow, 700), TW_FLOW_SAME);
    assert_int_equal(tw_flow_done(&flow, 102), TW_FLOW_GO);
    assert_int_equal(flow.stops, 1);
}

static void each_edge_is_told_once(void **state)
{
    (void)state;
    struct tw_flow flow = marks();
    assert_int_equal(tw_flow_read(&flow, 2000), TW_FLOW_STOP);
    assert_int_equal(tw_flow_read(&flow, 2000), TW_FLOW_SAME);
    assert_int_equal(tw_flow_drop(&flow, 3900), TW_FLOW_GO);
    assert_int_equal(tw_flow_drop(&flow, 50), TW_FLOW_SAME);
}

static void too_many_batches_stop_reading_too_and_half_of_them_let_it_go_on(void **state)
{
    (void)state;
    struct tw_flow flow = marks();
    for (int batch = 0; batch < 3; batch++)
        assert_int_equal(tw_flow_cut(&flow), TW_FLOW_SAME);
    assert_int_equal(tw_flow_cut(&flow), TW_FLOW_STOP);
    assert_int_equal(tw_flow_done(&flow, 0), TW_FLOW_SAME);
    assert_int_equal(tw_flow_done(&flow, 0), TW_FLOW_GO);
}

static void bytes_given_back_twice_never_wrap_round(void **state)
{
    (void)state;
    struct tw_flow flow = marks();
    tw_flow_read(&flow, 10);
    tw_flow_done(&flow, 20);
    tw_flow_done(&flow, 20);
    assert_int_equal(flow.bytes, 0);
    assert_int_equal(flow.batches, 0);
    assert_int_equal(tw_flow_read(&flow, 10), TW_FLOW_SAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_stops_above_the_high_mark_and_goes_on_below_the_low_one),
        cmocka_unit_test(each_edge_is_told_once),
        cmocka_unit_test(too_many_batches_stop_reading_too_and_half_of_them_let_it_go_on),
        cmocka_unit_test(bytes_given_back_twice_never_wrap_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
