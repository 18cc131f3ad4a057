#include "rules/rules_difference.h"

#include "rules/rules_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line `    key: value` of a rule's canonical text. */
struct key_line {
    struct tw_text key, value;
};

/* Takes the next of them off `text`; false at its end. The lines before a rule's first key (`rules:`, its
 * name) have less indentation. */
static bool next_key(struct tw_text *text, struct key_line *line)
{
    while (text->length > 0) {
        const char *end = memchr(text->bytes, '\n', text->length);
        struct tw_text whole = {text->bytes, end ? (size_t)(end - text->bytes) : text->length};
        size_t taken = whole.length + (end ? 1 : 0);
        text->bytes += taken;
        text->length -= taken;
        const char *colon = whole.length > 4 ? memchr(whole.bytes, ':', whole.length) : NULL;
        if (!colon || strncmp(whole.bytes, "    ", 4) != 0)
            continue;
        line->key = (struct tw_text){whole.bytes + 4, (size_t)(colon - whole.bytes) - 4};
        line->value = (struct tw_text){colon + 2, whole.length - (size_t)(colon + 2 - whole.bytes)};
        return true;
    }
    return false;
}

static bool find_key(struct tw_text text, struct tw_text key, struct tw_text *value)
{
    for (struct key_line line; next_key(&text, &line);)
        if (tw_text_equal(line.key, key)) {
            *value = line.value;
            return true;
        }
    return false;
}

struct writer {
    FILE *out;
    bool begun; /* something stands there already */
};

static void write_change(struct writer *writer, const struct tw_rule *rule, struct tw_text key,
    struct tw_text before, struct tw_text after)
{
    fprintf(writer->out, "%s%.*s.%.*s %.*s → %.*s", writer->begun ? ", " : "", (int)rule->name.length,
        rule->name.bytes, (int)key.length, key.bytes, (int)before.length, before.bytes, (int)after.length,
        after.bytes);
    writer->begun = true;
}

static void write_whole(struct writer *writer, const struct tw_rule *rule, const char *what)
{
    fprintf(
        writer->out, "%s%.*s %s", writer->begun ? ", " : "", (int)rule->name.length, rule->name.bytes, what);
    writer->begun = true;
}

/* The same rule before and after, by its canonical texts. */
static bool compare_rule(struct writer *writer, const struct tw_rule *before, const struct tw_rule *after,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_text old, new;
    struct tw_text none = tw_text_of("none");
    if (!tw_rules_text_canonical(before, 1, arena, &old, err) ||
        !tw_rules_text_canonical(after, 1, arena, &new, err))
        return false;
    struct tw_text rest = new;
    for (struct key_line line; next_key(&rest, &line);) {
        struct tw_text value = none;
        find_key(old, line.key, &value);
        if (!tw_text_equal(value, line.value))
            write_change(writer, after, line.key, value, line.value);
    }
    rest = old;
    for (struct key_line line; next_key(&rest, &line);) {
        struct tw_text ignored;
        if (!find_key(new, line.key, &ignored))
            write_change(writer, after, line.key, line.value, none);
    }
    return true;
}

static bool write_all(struct writer *writer, const struct tw_rule_set *before,
    const struct tw_rule_set *after, struct tw_arena *arena, struct tw_error *err)
{
    uint32_t old = 0, new = 0;
    uint32_t old_count = before ? before->count : 0;
    uint32_t new_count = after ? after->count : 0;
    while (old < old_count || new < new_count) {
        int order = old == old_count ? 1
                    : new == new_count
                        ? -1
                        : tw_rule_compare_texts(&before->rules[old].name, &after->rules[new].name);
        if (order < 0)
            write_whole(writer, &before->rules[old++], "removed");
        else if (order > 0)
            write_whole(writer, &after->rules[new ++], "added");
        else if (!compare_rule(writer, &before->rules[old++], &after->rules[new ++], arena, err))
            return false;
    }
    return true;
}

bool tw_rules_difference(const struct tw_rule_set *before, const struct tw_rule_set *after,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    struct writer writer = {.out = open_memstream(&bytes, &length)};
    if (!writer.out)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot make a stream in memory");
    bool done = write_all(&writer, before, after, arena, err);
    bool written = fclose(writer.out) == 0 && bytes;
    *out =
        done && written ? tw_arena_copy(arena, (struct tw_text){bytes, length}) : (struct tw_text){NULL, 0};
    free(bytes);
    if (done && !written)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot write to memory");
    return done && (out->bytes || tw_arena_fail(arena, err));
}
