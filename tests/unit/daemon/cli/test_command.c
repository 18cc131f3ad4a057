/* command: what all subcommands share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"

static void a_command_is_typed_as_a_shell_takes_it_again(void **state)
{
    (void)state;
    char *arguments[] = {(char[]){"evaluate"}, (char[]){"--labels"}, (char[]){"a,b,c"},
        (char[]){"it's $5 `x`"}, (char[]){""}, (char[]){"two\nlines"}};
    char text[200];
    tw_command_typed(6, arguments, text, sizeof text);
    assert_string_equal(text, "tapewatch evaluate --labels a,b,c 'it'\\''s $5 `x`' '' 'two\nlines'");
}

static void a_long_command_is_cut_to_its_room(void **state)
{
    (void)state;
    char *arguments[] = {(char[]){"finetune"}, (char[]){"a b"}};
    char text[24];
    for (size_t size = 1; size <= sizeof text; size++) {
        tw_command_typed(2, arguments, text, size);
        assert_true(strlen(text) == (size - 1 < 23 ? size - 1 : 23));
    }
    assert_string_equal(text, "tapewatch finetune 'a b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_typed_as_a_shell_takes_it_again),
        cmocka_unit_test(a_long_command_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
