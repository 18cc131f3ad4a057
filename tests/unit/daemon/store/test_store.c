/* store: its machine is the one that its header draws. What it does, tests/integration/c/test_store.c
 * shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drawing.h"
#include "store/store.h"

static void the_moves_are_those_of_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/store/store.h", &tw_store_machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_moves_are_those_of_the_drawing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
