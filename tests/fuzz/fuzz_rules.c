/* Any bytes as rules.yaml: refused with at least one problem, or a set whose canonical text gives the same
 * set. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static struct tw_rule_set *load(struct tw_text bytes, struct tw_arena *arena)
{
    struct tw_text_file source = {"rules.yaml", bytes};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    struct tw_text text;
    tw_problems_begin(&problems, arena);
    bool loaded = tw_rules_load(&source, &problems, &set, &err);
    if (loaded != (problems.count == 0) || !tw_problems_render(&problems, arena, &text, &err))
        abort();
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct tw_arena arena;
    struct tw_error err;
    if (!tw_arena_begin(&arena, (size_t)16 << 20, &err))
        abort();
    struct tw_rule_set *set = load((struct tw_text){(const char *)bytes, length}, &arena);
    if (set) {
        struct tw_rule_set *again = load(set->canonical, &arena);
        if (!again || strcmp(again->hash, set->hash) != 0)
            abort();
        tw_rules_free(again);
    }
    tw_rules_free(set);
    tw_arena_end(&arena);
    return 0;
}
