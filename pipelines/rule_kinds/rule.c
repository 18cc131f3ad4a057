#include "rule_kinds/rule.h"

#include <stdio.h>
#include <stdlib.h>

int tw_rule_compare_texts(const void *left, const void *right)
{
    return tw_text_compare(*(const struct tw_text *)left, *(const struct tw_text *)right);
}

bool tw_rule_covers(const struct tw_rule *rule, struct tw_text symbol, bool listed)
{
    if (rule->coverage == TW_COVERS_ALL)
        return true;
    if (rule->coverage == TW_COVERS_LISTED)
        return listed;
    return rule->symbol_count > 0 &&
           bsearch(&symbol, rule->symbols, rule->symbol_count, sizeof *rule->symbols, tw_rule_compare_texts);
}

bool tw_rule_may_cover(const struct tw_rule *rule, struct tw_text symbol, bool listed)
{
    return rule->coverage == TW_COVERS_WATCHED || tw_rule_covers(rule, symbol, listed);
}

bool tw_rule_no_memory(const struct tw_rule_reader *reader, const struct tw_yaml_node *node)
{
    return tw_yaml_problem(
        reader->problems, node, "make the rules file smaller", "no memory left for this rule");
}

bool tw_rule_whole_bars(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, const struct tw_yaml_key *key)
{
    if (!value->has_value || !value->node || value->number % TW_BAR_US == 0)
        return true;
    char cure[64], near[32];
    tw_yaml_print(key, tw_bar_end(value->number), near, sizeof near);
    snprintf(cure, sizeof cure, "write %s", near);
    return tw_yaml_problem(reader->problems, value->node, cure, "\"%s\" is no multiple of 10s: %.*s",
        key->name, (int)value->node->text.length, value->node->text.bytes);
}

bool tw_rule_has_stories(const struct tw_rule_reader *reader, const struct tw_yaml_value *value)
{
    if (!value->node || !reader->bounds || reader->bounds->stories)
        return true;
    return tw_yaml_problem(reader->problems, value->node,
        "set stories.enabled to true (tapewatch.yaml), or ask for documents by `at_least`",
        "\"min_stories\" counts stories, and stories.enabled is not set");
}

bool tw_rule_items_are_visible(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, const char *key)
{
    bool right = true;
    for (uint32_t item = 0; item < value->text_count; item++) {
        for (size_t at = 0; at < value->texts[item].length; at++) {
            unsigned char byte = (unsigned char)value->texts[item].bytes[at];
            if (byte >= 0x20 && byte != 0x7F)
                continue;
            right = tw_yaml_problem(reader->problems, value->node, "take it out",
                "item %u of \"%s\" holds a control character", item + 1, key);
            break;
        }
    }
    return right;
}
