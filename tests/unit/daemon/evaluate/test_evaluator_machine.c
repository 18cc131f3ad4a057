/* evaluator_machine: the table of its moves is the drawing in its header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drawing.h"
#include "evaluate/evaluator_machine.h"

static void the_table_of_moves_is_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/evaluate/evaluator_machine.h", &tw_evaluator_machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_the_drawing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
