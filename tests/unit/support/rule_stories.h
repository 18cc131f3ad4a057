/* rule_stories: what stories of rules share: an arena for all that one makes (test_arena.h), and rules from
 * their YAML. Include it behind cmocka.h. */
#ifndef TW_TEST_RULE_STORIES_H
#define TW_TEST_RULE_STORIES_H

#include "rules/rules.h"
#include "test_arena.h"

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
