/* test: a file of cases: messages in, expected labels, events and alerts out, without a server
 * (scenario/scenario.h). What is not met is named on standard error with its line. */
#include "base/file.h"
#include "cli/command.h"
#include "cli/file_command.h"
#include "events/taxonomy.h"
#include "rules/rules.h"
#include "scenario/scenario.h"

#include <inttypes.h>

enum { MOST_RULES_BYTES = 4 << 20 };
#define ARENA_BYTES ((size_t)1 << 30) /* address space: a file of cases as a tree, and its messages as JSON */

struct test {
    struct tw_offline_run run;
    struct tw_arena arena;
    struct tw_problems problems;
    struct tw_rule_set *rules;
    struct tw_text_file source, rules_source;
    struct tw_scenario_file file;
    struct tw_expectations expectations;
};

static void tell_failure(void *context, const struct tw_error *why)
{
    char line[1200];
    (void)context;
    tw_error_line(why, line, sizeof line);
    fprintf(stderr, "%s\n", line);
}

/* All that is wrong with a file is shown, with its lines; one thing alone is told by main. */
static bool show(struct test *test, bool right)
{
    if (!right && test->problems.count > 1)
        tw_command_show_problems(&test->problems, &test->arena);
    return right;
}

static bool load_rules(struct test *test, struct tw_error *err)
{
    const char *path = test->run.arguments->rules ? test->run.arguments->rules : test->run.config.rules.path;
    const struct tw_rule_bounds bounds = {.events = test->run.events,
        .entities = test->run.entities,
        .weighed = true,
        .most_relevance = tw_source_list_most(&test->run.config.sources.weights),
        .stories = test->run.config.stories.enabled};
    if (!path[0])
        return true;
    test->rules_source.file = path;
    if (!tw_file_read(path, MOST_RULES_BYTES, &test->arena, &test->rules_source.bytes, err) ||
        !show(test, tw_rules_load(&test->rules_source, &bounds, &test->problems, &test->rules, err)))
        return false;
    test->run.river.rules = test->rules;
    return true;
}

static bool load_cases(struct test *test, struct tw_error *err)
{
    test->source.file = test->run.arguments->input;
    return tw_file_read(test->source.file, TW_YAML_MOST_BYTES, &test->arena, &test->source.bytes, err) &&
           show(test, tw_scenario_read(&test->source, &test->problems, &test->arena, &test->file, err));
}

static bool try_cases(struct test *test, struct tw_error *err)
{
    const struct tw_config *config = &test->run.config;
    const struct tw_scenario_options options = {.river = &test->run.river,
        .lateness_us = config->watermark.lateness_us,
        .memory_bytes = (size_t)config->evaluate.memory_bytes,
        .stories = config->stories.enabled,
        .most_documents = (uint32_t)config->stories.most_documents,
        .show = test->run.arguments->show ? stdout : NULL};
    test->expectations.failed_one = tell_failure;
    return tw_scenario_run(&test->file, &options, &test->expectations, err);
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct test test = {0};
    const struct tw_task_counts counts = {0};
    bool finished =
        tw_offline_open(line, false, &test.run, err) && tw_arena_begin(&test.arena, ARENA_BYTES, err);
    if (finished) {
        tw_problems_begin(&test.problems, &test.arena);
        finished = load_rules(&test, err) && load_cases(&test, err) && try_cases(&test, err);
    }
    if (finished)
        printf(
            "%" PRIu64 " passed, %" PRIu64 " failed\n", test.expectations.passed, test.expectations.failed);
    int status = tw_offline_close(&test.run, finished, &counts, err);
    tw_rules_free(test.rules);
    tw_arena_end(&test.arena);
    return status == 0 && test.expectations.failed > 0 ? tw_exit_status(TW_REFUSED) : status;
}

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATH(struct tw_offline_arguments, input),
        .required = true,
        .help = "cases: messages, and what is to come of them, as YAML"},
    {"rules", 0, "FILE", TW_INTO_PATH(struct tw_offline_arguments, rules),
        .help = "rules that are tried (default: rules.path)"},
    TW_FILE_MODEL_ROW,
    TW_FILE_PRECISION_ROW,
    TW_FILE_CONFIG_ROW,
    TW_FILE_ENTITIES_ROW,
    TW_FILE_EVENTS_ROW,
    TW_FILE_LABELS_ROW,
    {"show", 0, NULL, TW_INTO_FLAG(struct tw_offline_arguments, show),
        .help = "print all that is found, case by case, expected or not"},
    TW_FILE_VERBOSE_ROW,
};

const struct tw_command tw_command_test = {
    .name = "test",
    .group = "rules",
    .summary = "messages in, expected events and alerts out, without a server",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct tw_offline_arguments),
    .run = run,
};
