/* outbox: the table of its moves is the drawing in its header, and what waits is not passed over. What it
 * does with a server, the stories tests/integration/test_tell_kafka and test_tell_alertmanager show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drawing.h"
#include "tell/outbox.h"

static void the_table_of_moves_is_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/tell/outbox.h", &tw_outbox_machine);
}

/* The deadline was over before the third was sent: it is told next, and not when all are told again. */
static void what_waits_is_not_passed_over(void **state)
{
    struct tw_outbox_row rows[4] = {{.outcome = TW_TELLING_TOLD}, {.outcome = TW_TELLING_REFUSED},
        {.outcome = TW_TELLING_WAITS}, {.outcome = TW_TELLING_TOLD}};
    (void)state;
    assert_int_equal(tw_outbox_settled(rows, 4), 2);
    assert_int_equal(tw_outbox_settled(rows, 2), 2);
    assert_int_equal(tw_outbox_settled(rows, 0), 0);
    rows[0].outcome = TW_TELLING_WAITS;
    assert_int_equal(tw_outbox_settled(rows, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_the_drawing),
        cmocka_unit_test(what_waits_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
