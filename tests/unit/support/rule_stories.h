/* rule_stories: what stories of rules share: an arena for all that one makes, and rules from their YAML.
 * Include it behind cmocka.h. */
#ifndef TW_TEST_RULE_STORIES_H
#define TW_TEST_RULE_STORIES_H

#include "alert/rules.h"

static struct tw_arena arena;

/* Setup and teardown of a group of tests. */
static int open_arena(void **state)
{
    (void)state;
    struct tw_error err;
    return tw_arena_begin(&arena, 64 << 20, &err) ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

/* The set; a test that gives wrong rules fails with what is wrong. */
static struct tw_rule_set *rules_of(const char *yaml)
{
    struct tw_text_file source = {"rules.yaml", tw_text_of(yaml)};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    if (!tw_rules_load(&source, NULL, &problems, &set, &err))
        fail_msg("%s: %s", err.where, err.what);
    return set;
}

#endif
