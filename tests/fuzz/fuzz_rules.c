/* fuzz_rules: any bytes as rules.yaml: refused with at least one problem, or a set whose canonical text gives
 * the same set. */
#include "promise.h"

#include "rules/rules.h"

static struct tw_rule_set *load(struct tw_text bytes, struct tw_arena *arena)
{
    struct tw_text_file source = {"rules.yaml", bytes};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    struct tw_text text;
    tw_problems_begin(&problems, arena);
    bool loaded = tw_rules_load(&source, NULL, &problems, &set, &err);
    promise(loaded == (problems.count == 0), "a set is loaded, or something is wrong");
    promise(tw_problems_render(&problems, arena, &text, &err), "problems can be shown");
    promise(is_utf8_without_nul(text) || !is_utf8_without_nul(bytes), "problems are shown in UTF-8");
    return set;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct tw_arena arena;
    struct tw_error err;
    promise(tw_arena_begin(&arena, (size_t)16 << 20, &err), "address space is there");
    struct tw_rule_set *set = load((struct tw_text){(const char *)bytes, length}, &arena);
    if (set) {
        struct tw_rule_set *again = load(set->canonical, &arena);
        promise(again && strcmp(again->hash, set->hash) == 0, "a canonical text is the same set");
        tw_rules_free(again);
    }
    tw_rules_free(set);
    tw_arena_end(&arena);
    return 0;
}
