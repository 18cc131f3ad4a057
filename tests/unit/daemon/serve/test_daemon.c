/* daemon: the table of moves is the drawing; one that cannot start ends with the reason, all rooms closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drawing.h"
#include "serve/daemon.h"

static void the_table_of_moves_is_what_is_drawn(void **state)
{
    (void)state;
    drawing_agrees("daemon/serve/daemon.h", &tw_daemon_machine);
}

static void a_daemon_that_cannot_start_ends_with_the_status_of_its_error(void **state)
{
    (void)state;
    struct tw_arena arena = {0};
    struct tw_config config;
    struct tw_error err = {0};
    assert_true(tw_arena_begin(&arena, 8 << 20, &err));
    assert_true(tw_config_defaults(&arena, &config, &err));
    config.model.path = "/nonexistent/model";
    assert_int_equal(tw_daemon_run(&config, NULL, &err), 78);
    assert_int_equal(err.code, TW_CONFIG);
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_what_is_drawn),
        cmocka_unit_test(a_daemon_that_cannot_start_ends_with_the_status_of_its_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
