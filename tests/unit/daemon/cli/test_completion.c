/* completion: bash itself runs the script and is asked what it would offer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/completion.h"

enum { SCRIPT_BYTES = 64 };
static const char ask[] =
    "\nask() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _tapewatch; echo \"${COMPREPLY[*]}\"; }\n";

/* What the words after `ask` bring; the last word is the one being typed. */
static void expect(const char *typed, const char *wanted)
{
    char path[SCRIPT_BYTES] = "/tmp/tapewatch-completion-XXXXXX", command[SCRIPT_BYTES + 8], said[4096] = "";
    int descriptor = mkstemp(path);
    FILE *script = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    assert_non_null(script);
    tw_completion_print(script);
    fprintf(script, "%sask tapewatch %s\n", ask, typed);
    assert_int_equal(fclose(script), 0);
    snprintf(command, sizeof command, "bash %s", path);
    FILE *answer = popen(command, "r"); /* NOLINT(cert-env33-c): a fixed command of a test */
    assert_non_null(answer);
    said[fread(said, 1, sizeof said - 1, answer)] = '\0';
    assert_int_equal(pclose(answer), 0);
    unlink(path);
    said[strcspn(said, "\n")] = '\0';
    if (strcmp(said, wanted) != 0)
        fail_msg("tapewatch %s: \"%s\" instead of \"%s\"", typed, said, wanted);
}

static void commands_options_and_their_words_are_offered(void **state)
{
    (void)state;
    expect("cla", "classify");
    expect("dead", "deadletters");
    expect("deadletters ''", "list show requeue");
    expect("deadletters list --to", "--topic");
    expect("serve --c", "--config");
    expect("status --format ''", "table json csv");
    expect("finetune --unfreeze g", "gradual");
    expect("reset --to-", "--to-offset --to-beginning --to-end --to-time");
}

static void a_file_is_left_to_bash(void **state)
{
    (void)state;
    expect("serve -c ''", "");
    expect("classify ne", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_options_and_their_words_are_offered),
        cmocka_unit_test(a_file_is_left_to_bash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
