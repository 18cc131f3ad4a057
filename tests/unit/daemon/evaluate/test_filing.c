/* filing: the table of its moves is the drawing in its header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drawing.h"
#include "evaluate/filing.h"

static void the_table_of_moves_is_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/evaluate/filing.h", &tw_filing_machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_the_drawing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
