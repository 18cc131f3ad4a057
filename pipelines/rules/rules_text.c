#include "rules/rules_text.h"

#include "rule_kinds/kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <utf8proc.h>

/* A stream in memory whose bytes end in an arena. */
struct page {
    FILE *stream;
    char *bytes;
    size_t length;
};

static bool page_begin(struct page *page, struct tw_error *err)
{
    *page = (struct page){0};
    page->stream = open_memstream(&page->bytes, &page->length);
    return page->stream ? true
                        : tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot make a stream in memory");
}

static bool page_end(struct page *page, struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    bool written = fclose(page->stream) == 0 && page->bytes;
    *out = (struct tw_text){NULL, 0};
    if (written)
        *out = tw_arena_copy(arena, (struct tw_text){page->bytes, page->length});
    free(page->bytes);
    if (!written)
        return tw_fail_errno(err, TW_INTERNAL, NULL, NULL, "cannot write to memory");
    return out->bytes ? true : tw_arena_fail(arena, err);
}

/* -- canonical text -------------------------------------------------------------------------------------- */

/* In double quotes, all but printable ASCII escaped: no reader can see two things in it. */
static void write_quoted(FILE *out, struct tw_text text)
{
    fputc('"', out);
    for (size_t at = 0; at < text.length;) {
        int32_t character = 0xFFFD;
        utf8proc_ssize_t length = utf8proc_iterate(
            (const utf8proc_uint8_t *)text.bytes + at, (utf8proc_ssize_t)(text.length - at), &character);
        at += length > 0 ? (size_t)length : 1;
        if (character == '"' || character == '\\')
            fprintf(out, "\\%c", (char)character);
        else if (character >= 0x20 && character < 0x7F)
            fputc((char)character, out);
        else
            fprintf(out, "\\U%08" PRIX32, (uint32_t)character);
    }
    fputc('"', out);
}

static void write_list(FILE *out, const struct tw_text *texts, uint32_t count)
{
    fputc('[', out);
    for (uint32_t at = 0; at < count; at++) {
        fputs(at ? ", " : "", out);
        write_quoted(out, texts[at]);
    }
    fputc(']', out);
}

static void write_texts(FILE *out, const char *key, const struct tw_text *texts, uint32_t count)
{
    fprintf(out, "    %s: ", key);
    write_list(out, texts, count);
    fputc('\n', out);
}

/* Who stands on the lists belongs to the set, once it is known. */
static void write_watch(FILE *out, const struct tw_rule *rule)
{
    fputs("    entities: {watch: ", out);
    write_list(out, rule->lists, rule->list_count);
    if (rule->symbols) {
        fputs(", symbols: ", out);
        write_list(out, rule->symbols, rule->symbol_count);
    }
    fputs("}\n", out);
}

static void write_number(FILE *out, const struct tw_yaml_key *key, int64_t number)
{
    char text[64];
    tw_yaml_print(key, number, text, sizeof text);
    fprintf(out, "    %s: %s\n", key->name, text);
}

/* What the kind alone knows, by its own table of keys. */
static void write_own_keys(FILE *out, const struct tw_rule *rule)
{
    for (size_t at = TW_RULE_COMMON_KEYS; at < rule->kind->key_count; at++) {
        const struct tw_yaml_key *key = &rule->kind->keys[at];
        struct tw_yaml_value value = {0};
        if (!rule->kind->write(rule, at - TW_RULE_COMMON_KEYS, &value))
            continue;
        if (key->type == TW_YAML_TEXTS)
            write_texts(out, key->name, value.texts, value.text_count);
        else
            write_number(out, key, value.number);
    }
}

static void write_rule(FILE *out, const struct tw_rule *rule)
{
    const struct tw_yaml_key *keys = rule->kind->keys;
    fputs("  - name: ", out);
    write_quoted(out, rule->name);
    fprintf(out, "\n    kind: %s\n", rule->kind->name);
    write_number(out, &keys[TW_RULE_SEVERITY], rule->severity);
    if (rule->coverage == TW_COVERS_SYMBOLS)
        write_texts(out, "entities", rule->symbols, rule->symbol_count);
    else if (rule->coverage == TW_COVERS_WATCHED)
        write_watch(out, rule);
    else
        fprintf(out, "    entities: %s\n", rule->coverage == TW_COVERS_ALL ? "all" : "listed");
    write_number(out, &keys[TW_RULE_QUIET], rule->quiet_us);
    write_own_keys(out, rule);
}

bool tw_rules_text_canonical(const struct tw_rule *rules, uint32_t count, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, err))
        return false;
    fputs(count ? "rules:\n" : "rules: []\n", page.stream);
    for (uint32_t at = 0; at < count; at++)
        write_rule(page.stream, &rules[at]);
    return page_end(&page, arena, out, err);
}

/* -- the reference --------------------------------------------------------------------------------------- */

static void write_range(FILE *out, const struct tw_yaml_key *key)
{
    char from[64], to[64];
    if (key->type == TW_YAML_BOOL)
        return; /* its type says it */
    if (key->type == TW_YAML_CHOICE) {
        for (size_t at = 0; key->choices[at]; at++)
            fprintf(out, "%s`%s`", at ? ", " : "", key->choices[at]);
        return;
    }
    tw_yaml_print(key, key->least, from, sizeof from);
    tw_yaml_print(key, key->most, to, sizeof to);
    bool items = key->type == TW_YAML_TEXTS || key->type == TW_YAML_NODE;
    const char *unit = key->type == TW_YAML_TEXT ? " bytes" : items ? " items" : "";
    fprintf(out, "%s to %s%s", from, to, unit);
}

static void write_key(FILE *out, const struct tw_yaml_key *key)
{
    bool node = key->type == TW_YAML_NODE; /* `entities` */
    fprintf(
        out, "| `%s` | %s | ", key->name, node ? "a word, a list or a map" : tw_yaml_type_prose(key->type));
    write_range(out, key);
    if (!key->fallback)
        fputs(" | must be given", out);
    else if (key->fallback[0])
        fprintf(out, " | `%s`", key->fallback);
    else
        fputs(" | none", out);
    fprintf(out, " | %s |\n", key->prose);
}

bool tw_rules_text_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    struct page page;
    if (!page_begin(&page, err))
        return false;
    for (size_t at = 0; tw_rule_kinds[at]; at++) {
        const struct tw_rule_kind *kind = tw_rule_kinds[at];
        fprintf(page.stream, "%s### `kind: %s`\n\nLooks at %s.\n\n", at ? "\n" : "", kind->name, kind->prose);
        fputs("| key | is | range | default | |\n| --- | --- | --- | --- | --- |\n", page.stream);
        for (size_t key = 0; key < kind->key_count; key++)
            write_key(page.stream, &kind->keys[key]);
    }
    return page_end(&page, arena, out, err);
}
